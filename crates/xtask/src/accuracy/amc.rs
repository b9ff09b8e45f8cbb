//! Cases of Auto Multiple Choice: each folder has `truth.json`, which is the layout too; counted box by box.

use super::lab::{Lab, Unit};
use super::table::Row;
use super::truth::{self, Page, Truth};
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub(crate) fn measure(lab: &Lab) -> Result<Vec<Row>> {
    lab.subfolders("amc", "truth.json")?.iter().map(|case| one(lab, case)).collect()
}

fn one(lab: &Lab, case: &Path) -> Result<Row> {
    let name = case.file_name().context("a case has a name")?.to_string_lossy();
    let part = format!("amc/{name}");
    let layout = case.join("truth.json");
    let templates = lab.folder(&format!("{part}/templates"))?;
    lab.import("boxes", &layout, &[], &templates)?;
    let document = truth::json(&layout)?;
    let mut told = Truth::default();
    for page in document["pages"].as_array().context("truth.json: expected `pages`")? {
        told.pages.push(Page {
            image: page["image"].as_str().context("truth.json: expected `image` in each page")?.to_owned(),
            template: format!("s{}-p{}", page["student"], page["page"]),
            values: values(page),
        });
    }
    lab.measure(&part, &told, &templates, case, Unit::Boxes)
}

/// Question → ticked values: the printed characters when they tell the boxes apart, else the answers' numbers
/// (the rule of `rcoi template import boxes`).
fn values(page: &Value) -> BTreeMap<String, String> {
    let mut questions: BTreeMap<String, Vec<(u64, &str, bool)>> = BTreeMap::new();
    for answer in page["boxes"].as_array().into_iter().flatten() {
        let shown = answer["char"].as_str().unwrap_or_default().trim();
        let ticked = answer["ticked"].as_bool().unwrap_or(false);
        let name = answer["name"].as_str().unwrap_or_default().to_owned();
        questions.entry(name).or_default().push((answer["answer"].as_u64().unwrap_or(0), shown, ticked));
    }
    let value = |boxes: Vec<(u64, &str, bool)>| {
        let shown: BTreeSet<&str> = boxes.iter().map(|b| b.1).collect();
        let apart = shown.len() == boxes.len() && !shown.contains("");
        let ticked = boxes.iter().filter(|b| b.2).map(|(n, shown, _)| if apart { (*shown).to_owned() } else { n.to_string() });
        ticked.collect::<Vec<_>>().join("|")
    };
    questions.into_iter().map(|(name, boxes)| (name, value(boxes))).collect()
}
