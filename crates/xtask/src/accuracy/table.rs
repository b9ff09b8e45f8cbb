//! The table of a measurement.

use std::fmt::Write;

/// One line of the table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    pub(crate) set: String,
    pub(crate) pages: u64,
    pub(crate) total: u64,
    pub(crate) right: u64,
    /// Wrong, and nobody would have looked.
    pub(crate) silent: u64,
    /// A person would look; pages that were set aside are among them.
    pub(crate) doubts: u64,
    /// Those among the doubts that were right all the same.
    pub(crate) in_vain: u64,
    pub(crate) notes: Vec<String>,
    pub(crate) mismatches: Vec<Mismatch>,
}

/// A silent error.
#[derive(Debug, Clone)]
pub(crate) struct Mismatch {
    pub(crate) file: String,
    pub(crate) field: String,
    pub(crate) truth: String,
    pub(crate) reading: String,
}

impl Row {
    /// A set that is not among the data.
    pub(crate) fn absent(set: &str) -> Self {
        Self { set: set.to_owned(), notes: vec!["not among the data".to_owned()], ..Self::default() }
    }

    /// All parts of a set together. Mismatches stay with the parts.
    pub(crate) fn sum(set: &str, parts: &[Self]) -> Self {
        let add = |get: fn(&Self) -> u64| parts.iter().map(get).sum();
        // What all parts have in common: the unit.
        let first = parts.first().map(|p| p.notes.as_slice()).unwrap_or_default();
        let notes = first.iter().filter(|note| parts.iter().all(|p| p.notes.contains(note))).cloned().collect();
        Self {
            set: set.to_owned(),
            pages: add(|p| p.pages),
            total: add(|p| p.total),
            right: add(|p| p.right),
            silent: add(|p| p.silent),
            doubts: add(|p| p.doubts),
            in_vain: add(|p| p.in_vain),
            notes,
            mismatches: Vec::new(),
        }
    }

    /// As a part of the set above it.
    pub(crate) fn indented(mut self) -> Self {
        self.set = format!("  {}", self.set.split_once('/').map_or(self.set.as_str(), |(_, part)| part));
        self
    }
}

fn share(part: u64, all: u64) -> String {
    if all == 0 { "-".to_owned() } else { format!("{:.1} %", part as f64 * 100.0 / all as f64) }
}

/// All rows under one head; "right all" counts also what is right in spite of a doubt.
pub(crate) fn text(rows: &[Row]) -> String {
    let wide = rows.iter().map(|r| r.set.chars().count()).max().unwrap_or(0).max(3);
    let mut out = format!(
        "{:<wide$} | {:>5} | {:>6} | {:>15} | {:>13} | {:>15} | {:>9} | note\n",
        "set", "pages", "fields", "right", "silent errors", "doubts", "right all"
    );
    let _ = writeln!(out, "{}", "-".repeat(wide + 88));
    for r in rows {
        let _ = writeln!(
            out,
            "{:<wide$} | {:>5} | {:>6} | {:>6} {:>8} | {:>4} {:>8} | {:>6} {:>8} | {:>9} | {}",
            r.set,
            r.pages,
            r.total,
            r.right,
            share(r.right, r.total),
            r.silent,
            share(r.silent, r.total),
            r.doubts,
            share(r.doubts, r.total),
            share(r.right + r.in_vain, r.total),
            r.notes.join("; ")
        );
    }
    out
}

/// Every silent error.
pub(crate) fn mismatches(rows: &[Row]) -> String {
    let mut out = String::new();
    let shown = |t: &str| if t.is_empty() { "(empty)".to_owned() } else { format!("\"{t}\"") };
    for row in rows.iter().filter(|r| !r.mismatches.is_empty()) {
        let _ = writeln!(out, "\n{}: {} silent errors", row.set.trim(), row.mismatches.len());
        for m in &row.mismatches {
            let _ = writeln!(out, "  {}  {}  truth {}  read {}", m.file, m.field, shown(&m.truth), shown(&m.reading));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Mismatch, Row, mismatches, text};

    #[test]
    fn parts_are_summed_and_mismatches_listed() {
        let wrong = Mismatch { file: "a.png".into(), field: "q1".into(), truth: String::new(), reading: "A".into() };
        let part = |set: &str, right| Row {
            set: set.to_owned(),
            pages: 1,
            total: 10,
            right,
            silent: 1,
            doubts: 9 - right,
            mismatches: vec![wrong.clone()],
            ..Row::default()
        };
        let parts = [part("x/one", 5), part("x/two", 9)];
        let sum = Row::sum("x", &parts);
        assert_eq!((sum.pages, sum.total, sum.right, sum.silent, sum.doubts), (2, 20, 14, 2, 4));
        let rows: Vec<Row> = std::iter::once(sum).chain(parts.into_iter().map(Row::indented)).collect();
        let shown = text(&rows);
        assert!(shown.lines().count() == 5 && shown.contains("70.0 %") && shown.contains("  one"), "{shown}");
        assert_eq!(mismatches(&rows).matches("truth (empty)  read \"A\"").count(), 2);
    }
}
