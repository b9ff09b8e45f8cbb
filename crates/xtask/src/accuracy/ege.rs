//! Real forms № 1 of the federal exam, read with the template that is shipped.

use super::lab::{Lab, Unit};
use super::table::Row;
use super::truth::{self, Page, Truth};
use crate::machine;
use anyhow::{Context, Result};

/// Rows for answers and for replacements on the form.
const ANSWERS: u32 = 40;
const REPLACEMENTS: u32 = 6;

pub(crate) fn measure(lab: &Lab) -> Result<Vec<Row>> {
    count(lab, Unit::Fields)
}

pub(crate) fn count(lab: &Lab, unit: Unit) -> Result<Vec<Row>> {
    let folder = lab.data("ege");
    let document = truth::json(&folder.join("truth.json"))?;
    let mut told = Truth::default();
    for (image, form) in document.as_object().context("truth.json: expected pictures by name")? {
        let mut page = Page { image: image.clone(), template: "ege-ab".to_owned(), ..Page::default() };
        let text = |key: &str| form[key].as_str().unwrap_or_default().to_owned();
        for (field, key) in [("region", "region"), ("subject", "subject_code"), ("subject-name", "subject_name")] {
            page.values.insert(field.to_owned(), text(key));
        }
        let signed = form["signature"].as_bool().unwrap_or(false);
        page.values.insert("signature".to_owned(), if signed { "1" } else { "" }.to_owned());
        // Rows that the truth does not name were left empty.
        for n in 1..=ANSWERS {
            let answer = form["answers"][n.to_string()].as_str().unwrap_or_default();
            page.values.insert(format!("answer-{n}"), answer.to_owned());
        }
        for n in 1..=REPLACEMENTS {
            let replacement = &form["replacements"][n as usize - 1];
            for (field, key) in [("number", "task"), ("answer", "answer")] {
                page.values.insert(format!("replacement-{n}-{field}"), replacement[key].as_str().unwrap_or_default().to_owned());
            }
        }
        told.pages.push(page);
    }
    let template = machine::root().join("templates-omr/ege-ab.toml");
    Ok(vec![lab.measure("ege/form-1", &told, &template, &folder, unit)?])
}
