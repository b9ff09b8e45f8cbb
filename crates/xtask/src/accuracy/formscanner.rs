//! The test form of FormScanner: bubbles, a number of six columns, two Code 128.

use super::lab::{Lab, Unit};
use super::table::Row;
use super::truth::{self, Page, Truth};
use anyhow::{Context, Result};

/// The corner marks of the test form, which its layout does not describe: rings of 136 pixels.
const MARKS: [&str; 4] = ["--anchor", "ring", "--anchor-size", "136"];

pub(crate) fn measure(lab: &Lab) -> Result<Vec<Row>> {
    let folder = lab.data("formscanner/Test");
    let templates = lab.folder("formscanner/templates")?;
    lab.import("formscanner", &folder.join("test_template.xtmpl"), &MARKS.map(AsRef::as_ref), &templates.join("test.toml"))?;
    let mut told = Truth::default();
    for mut values in truth::rows(&folder.join("truth.csv"))? {
        let image = values.remove("image").context("truth.csv has no column image")?;
        // The number in handwriting has no field in the layout.
        values.remove("handwritten_id");
        told.pages.push(Page { image, template: "test".to_owned(), values });
    }
    Ok(vec![lab.measure("formscanner/Test", &told, &templates, &folder, Unit::Fields)?])
}
