//! Cases of open-mcr: each folder has `input/`, `output/results.csv` (and `keys.csv`), and perhaps `args.txt` that names the sheet.

use super::lab::{Lab, Unit};
use super::table::Row;
use super::truth::{self, Page, Truth};
use anyhow::{Context, Result};
use std::path::Path;

pub(crate) fn measure(lab: &Lab) -> Result<Vec<Row>> {
    let templates = lab.folder("open-mcr/templates")?;
    lab.import("open-mcr", &lab.data("open-mcr/layout.json"), &[], &templates)?;
    let mut rows = Vec::new();
    for case in lab.subfolders("open-mcr", "output/results.csv")? {
        for table in ["results", "keys"] {
            let file = case.join(format!("output/{table}.csv"));
            if file.is_file() {
                rows.push(one(lab, &case, table, &file, &templates)?);
            }
        }
    }
    Ok(rows)
}

fn one(lab: &Lab, case: &Path, table: &str, file: &Path, templates: &Path) -> Result<Row> {
    let name = case.file_name().context("a case has a name")?.to_string_lossy();
    let arguments = std::fs::read_to_string(case.join("args.txt")).unwrap_or_default();
    let sheet = if arguments.contains("150") { "150q" } else { "75q" };
    let mut told = Truth::default();
    for row in truth::rows(file)? {
        let image = row.get("Source File").with_context(|| format!("{}: no column Source File", file.display()))?.clone();
        // `Last Name` is the grid LAST_NAME; questions keep their names.
        let column = |name: &str| name.to_uppercase().replace(' ', "_");
        let values = row.iter().filter(|(c, _)| *c != "Source File").map(|(c, v)| (column(c), v.clone()));
        told.pages.push(Page { image, template: sheet.to_owned(), values: values.collect() });
    }
    lab.measure(&format!("open-mcr/{name} {table}"), &told, templates, &case.join("input"), Unit::Fields)
}
