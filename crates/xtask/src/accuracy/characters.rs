//! Handprint character by character, of all sets that have any.

use super::lab::{Lab, Unit};
use super::table::Row;
use super::{ege, quexf, submitty};
use anyhow::Result;

/// A set that is counted in a unit.
type Count = fn(&Lab, Unit) -> Result<Vec<Row>>;

pub(crate) fn measure(lab: &Lab) -> Result<Vec<Row>> {
    let sets: [(&str, Count); 3] = [("quexf", quexf::count), ("ege", ege::count), ("submitty-handwritten-ids", submitty::count)];
    let mut rows = Vec::new();
    for (set, count) in sets {
        if lab.data(set).is_dir() {
            rows.push(Row::sum(&format!("characters/{set}"), &count(lab, Unit::Characters)?));
        }
    }
    Ok(rows)
}
