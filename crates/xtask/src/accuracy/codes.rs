//! Codes that stand anywhere on real pages: what a person can see must be read, and nothing else.

use super::lab::Lab;
use super::table::{Mismatch, Row};
use super::truth;
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::BTreeMap;

/// Files of one page each, with the texts that stand on it.
type Told = BTreeMap<String, Vec<String>>;

pub(crate) fn measure(lab: &Lab) -> Result<Vec<Row>> {
    [formscanner as fn(&Lab) -> Result<Row>, quexf].into_iter().map(|part| part(lab)).collect()
}

fn formscanner(lab: &Lab) -> Result<Row> {
    let folder = "formscanner/Test";
    let mut told = Told::new();
    for row in truth::rows(&lab.data(folder).join("truth.csv"))? {
        let texts = row.iter().filter(|(column, _)| column.starts_with("i.")).map(|(_, text)| text.clone()).collect();
        told.insert(row.get("image").context("truth.csv has no column image")?.clone(), texts);
    }
    count(lab, "codes/formscanner", folder, &told)
}

fn quexf(lab: &Lab) -> Result<Row> {
    let document = truth::json(&lab.data("quexf/truth.json"))?;
    let mut told = Told::new();
    for form in document.as_array().context("truth.json: expected a list of forms")? {
        for (i, code) in form["page_codes"].as_array().into_iter().flatten().enumerate() {
            told.insert(format!("filled_{}_p{}.png", form["form"], i + 1), vec![code.as_str().unwrap_or_default().to_owned()]);
        }
    }
    count(lab, "codes/quexf", "quexf", &told)
}

/// The texts of the codes of each page.
fn read(lab: &Lab, folder: &str, file: &str) -> Result<Vec<Vec<String>>> {
    let path = lab.data(folder).join(file);
    let printed = lab.rcoi(&["recognize".as_ref(), "--codes".as_ref(), "--json".as_ref(), path.as_os_str()])?;
    let page = |line: &str| {
        let page: Value = serde_json::from_str(line).with_context(|| format!("{file}: rcoi recognize --codes printed no JSON"))?;
        Ok(page["codes"].as_array().into_iter().flatten().filter_map(|c| c["text"].as_str()).map(str::to_owned).collect())
    };
    printed.lines().map(page).collect()
}

/// A code that is not read is a doubt; one that stands nowhere on its page is a silent error.
fn count(lab: &Lab, part: &str, folder: &str, told: &Told) -> Result<Row> {
    let mut row = Row { set: part.to_owned(), ..Row::default() };
    for (file, texts) in told {
        let read: Vec<String> = read(lab, folder, file)?.concat();
        row.pages += 1;
        tally(&mut row, file, texts, &read);
    }
    Ok(row)
}

fn tally(row: &mut Row, file: &str, told: &[String], read: &[String]) {
    row.total += told.len() as u64;
    let mut left = read.to_vec();
    for text in told {
        match left.iter().position(|r| r == text) {
            Some(at) => {
                left.remove(at);
                row.right += 1;
            }
            None => row.doubts += 1,
        }
    }
    row.silent += left.len() as u64;
    row.mismatches.extend(left.into_iter().map(|reading| Mismatch {
        file: file.to_owned(),
        field: "code".to_owned(),
        truth: told.join(" "),
        reading,
    }));
}
