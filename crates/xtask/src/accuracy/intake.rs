//! Files of many pages: every page must come out.

use super::lab::Lab;
use super::table::{Mismatch, Row};
use anyhow::Result;

/// Pages in each file.
type Files = [(&'static str, u64)];

const SDAPS: &Files = &[("debug.tif", 20), ("example-2.tif", 10), ("example.tif", 6)];
const SUBMITTY: &Files = &[
    ("01_qr_six_6page.pdf", 36),
    ("01_qr_six_6page_scan.pdf", 36),
    ("02_qr_prefix_small_errors.pdf", 36),
    ("02_qr_prefix_small_errors_scan.pdf", 36),
    ("03_qr_stress_test.pdf", 32),
    ("03_qr_stress_test_scan.pdf", 32),
    ("03_qr_stress_test_colorscan.pdf", 32),
];

pub(crate) fn sdaps(lab: &Lab) -> Result<Vec<Row>> {
    Ok(vec![count(lab, "sdaps", SDAPS)?])
}

pub(crate) fn submitty(lab: &Lab) -> Result<Vec<Row>> {
    Ok(vec![count(lab, "submitty-handwritten-ids", SUBMITTY)?])
}

/// Counts files; a page that is missing or too many is a silent error.
fn count(lab: &Lab, set: &str, files: &Files) -> Result<Row> {
    let mut row = Row { set: format!("{set}/pages"), notes: vec!["files whose pages all came out".to_owned()], ..Row::default() };
    for (name, pages) in files {
        let path = lab.data(set).join(name);
        if !path.is_file() {
            row.notes.push(format!("{name} is not there"));
            continue;
        }
        let printed = lab.rcoi(&["recognize".as_ref(), "--json".as_ref(), path.as_ref()])?;
        let found = printed.lines().count() as u64;
        row.pages += found;
        row.total += 1;
        if found == *pages {
            row.right += 1;
        } else {
            row.silent += 1;
            let (truth, reading) = (pages.to_string(), found.to_string());
            row.mismatches.push(Mismatch { file: (*name).to_owned(), field: "pages".to_owned(), truth, reading });
        }
    }
    Ok(row)
}
