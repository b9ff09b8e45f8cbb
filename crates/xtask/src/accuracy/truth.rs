//! Truth in the form that `rcoi eval` reads: a CSV with `image`, `template` and one column per field.

use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Pages with what they really say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Truth {
    pub(crate) pages: Vec<Page>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Page {
    /// File below the folder of the pictures; `scan.tif#2` is its second page.
    pub(crate) image: String,
    /// The form that the reader is told; empty: it must find out.
    pub(crate) template: String,
    /// Field or join → value; several marks are joined by `|`.
    pub(crate) values: BTreeMap<String, String>,
}

impl Truth {
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let columns: BTreeSet<&str> = self.pages.iter().flat_map(|p| p.values.keys()).map(String::as_str).collect();
        let mut out = csv::Writer::from_path(file).with_context(|| format!("cannot write {}", file.display()))?;
        out.write_record(["image", "template"].into_iter().chain(columns.iter().copied()))?;
        for page in &self.pages {
            let values = columns.iter().map(|c| page.values.get(*c).map_or("", String::as_str));
            out.write_record([page.image.as_str(), &page.template].into_iter().chain(values))?;
        }
        out.flush().with_context(|| format!("cannot write {}", file.display()))
    }
}

/// A JSON document.
pub(crate) fn json(file: &Path) -> Result<serde_json::Value> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{}", file.display()))
}

/// The rows of a CSV file as column → value.
pub(crate) fn rows(file: &Path) -> Result<Vec<BTreeMap<String, String>>> {
    let read = || -> Result<Vec<BTreeMap<String, String>>, csv::Error> {
        let mut reader = csv::Reader::from_path(file)?;
        let columns: Vec<String> = reader.headers()?.iter().map(|c| c.trim_start_matches('\u{feff}').trim().to_owned()).collect();
        reader.records().map(|r| Ok(columns.iter().cloned().zip(r?.iter().map(|v| v.trim().to_owned())).collect())).collect()
    };
    read().with_context(|| format!("{}", file.display()))
}
