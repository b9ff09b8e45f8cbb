//! queXF questionnaires: three of two pages each; which page a scan is, its bar code must tell.

use super::lab::{Lab, Unit};
use super::table::Row;
use super::truth::{self, Page, Truth};
use anyhow::{Context, Result};
use std::fs;

pub(crate) fn measure(lab: &Lab) -> Result<Vec<Row>> {
    count(lab, Unit::Fields)
}

pub(crate) fn count(lab: &Lab, unit: Unit) -> Result<Vec<Row>> {
    let folder = lab.data("quexf");
    let templates = lab.folder("quexf/templates")?;
    lab.import("quexf", &folder.join("template_boxes.xml"), &[], &templates)?;
    let document = truth::json(&folder.join("truth.json"))?;
    let forms = document.as_array().context("truth.json: expected a list of forms")?;
    let codes = forms.first().and_then(|f| f["page_codes"].as_array()).context("truth.json: expected `page_codes`")?;
    let mut rows = Vec::new();
    for (i, code) in codes.iter().filter_map(|c| c.as_str()).enumerate() {
        // A column belongs to the page whose template has a field of that name.
        let template =
            fs::read_to_string(templates.join(format!("{code}.toml"))).with_context(|| format!("page {code} was not imported"))?;
        let mut told = Truth::default();
        for form in forms {
            let mut page = Page { image: format!("filled_{}_p{}.png", form["form"], i + 1), ..Page::default() };
            for (name, value) in form.as_object().into_iter().flatten() {
                if template.contains(&format!("name = \"{name}\"\n")) {
                    page.values.insert(name.clone(), value.as_str().unwrap_or_default().to_owned());
                }
            }
            page.values.insert("page-code".to_owned(), code.to_owned());
            told.pages.push(page);
        }
        rows.push(lab.measure(&format!("quexf/page {}", i + 1), &told, &templates, &folder, unit)?);
    }
    Ok(rows)
}
