//! Codes that stand anywhere on real pages: what a person can see must be read, and nothing else.

use super::lab::Lab;
use super::table::{Mismatch, Row};
use super::truth;
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::BTreeMap;

/// Files of one page each, with the texts that stand on it.
type Told = BTreeMap<String, Vec<String>>;

/// A set, a file of it, and the codes that a person sees on its pages: what is printed below them, or in words beside them.
const SEEN: [(&str, &str, &[&str]); 4] = [
    ("sdaps", "example.tif", &["28292339400002"; 3]),
    ("sdaps", "example-2.tif", &["41999975830002"; 5]),
    ("omrchecker", "community-DomBrzezinski/photos/omr_survey_1.jpg", &["7VAE0001"]),
    ("omrchecker", "community-DomBrzezinski/photos/omr_survey_2.jpg", &["7VAE0001"]),
];
/// A document as it was printed, and how many codes a person counts on its pages; its scans show the same.
const PRINTED: [(&str, usize, &[&str]); 3] = [
    ("01_qr_six_6page.pdf", 6, &["01_qr_six_6page_scan.pdf"]),
    ("02_qr_prefix_small_errors.pdf", 6, &["02_qr_prefix_small_errors_scan.pdf"]),
    ("03_qr_stress_test.pdf", 11, &["03_qr_stress_test_scan.pdf", "03_qr_stress_test_colorscan.pdf"]),
];

pub(crate) fn measure(lab: &Lab) -> Result<Vec<Row>> {
    let mut rows = vec![formscanner(lab)?, quexf(lab)?];
    for set in ["sdaps", "omrchecker"].into_iter().filter(|set| lab.data(set).is_dir()) {
        let texts = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect();
        let told = SEEN.iter().filter(|(of, ..)| *of == set).map(|(_, file, seen)| ((*file).to_owned(), texts(seen))).collect();
        rows.push(count(lab, &format!("codes/{set}"), set, &told)?);
    }
    if lab.data(SUBMITTY).is_dir() {
        rows.push(submitty(lab)?);
    }
    Ok(rows)
}

const SUBMITTY: &str = "submitty-handwritten-ids";

/// QR codes that are small, huge, turned or squeezed: what is read of the printed document must be read of its scans.
fn submitty(lab: &Lab) -> Result<Row> {
    let mut row = Row { set: "codes/submitty".to_owned(), ..Row::default() };
    for (printed, codes, scans) in PRINTED {
        let texts: Vec<String> = read(lab, SUBMITTY, printed)?.concat();
        row.total += codes as u64;
        row.right += texts.len().min(codes) as u64;
        row.doubts += codes.saturating_sub(texts.len()) as u64;
        row.silent += texts.len().saturating_sub(codes) as u64;
        for scan in scans {
            let read: Vec<Vec<String>> = read(lab, SUBMITTY, scan)?;
            row.pages += read.len() as u64;
            tally(&mut row, scan, &texts, &read.concat());
        }
    }
    Ok(row)
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
