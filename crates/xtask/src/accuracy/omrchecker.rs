//! Designs of OMRChecker: each folder has `truth.csv`; a picture is read with the nearest `template.json` above it.

use super::lab::{Lab, Unit};
use super::table::Row;
use super::truth::{self, Page, Truth};
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub(crate) fn measure(lab: &Lab) -> Result<Vec<Row>> {
    lab.subfolders("omrchecker", "truth.csv")?.iter().map(|design| one(lab, design)).collect()
}

fn one(lab: &Lab, design: &Path) -> Result<Row> {
    let name = design.file_name().context("a design has a name")?.to_string_lossy();
    let part = format!("omrchecker/{name}");
    let templates = lab.folder(&format!("{part}/templates"))?;
    let (mut truth, mut imported) = (Truth::default(), BTreeSet::new());
    for mut values in truth::rows(&design.join("truth.csv"))? {
        let image = values.remove("image").with_context(|| format!("{part}: truth.csv has no column image"))?;
        let layout = nearest(design, Path::new(&image)).with_context(|| format!("{part}: no template.json above {image}"))?;
        let below = layout.parent().and_then(|p| p.strip_prefix(design).ok()).unwrap_or(Path::new(""));
        let id = if below.as_os_str().is_empty() { "design".to_owned() } else { below.to_string_lossy().replace('/', "-") };
        if imported.insert(id.clone()) {
            lab.import("omrchecker", &layout, &[], &templates.join(format!("{id}.toml")))?;
        }
        truth.pages.push(Page { image, template: id, values });
    }
    if truth.pages.is_empty() {
        bail!("{part}: truth.csv names no pages");
    }
    lab.measure(&part, &truth, &templates, design, Unit::Fields)
}

/// The `template.json` in the folder of the picture or the next one above it, within the design.
fn nearest(design: &Path, image: &Path) -> Option<PathBuf> {
    image.ancestors().skip(1).map(|folder| design.join(folder).join("template.json")).find(|file| file.is_file())
}
