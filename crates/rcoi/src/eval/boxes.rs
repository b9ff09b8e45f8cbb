//! Marked or not: each box of a marks field against the truth.

use super::compare::{Counts, Outcome};
use rcoi_model::{FieldKind, FieldReading, MarkState};
use rcoi_template::{Field, FieldSpec};
use std::collections::BTreeSet;

/// The values that the truth says are marked: `A|B`, `[A|B]`, or `AB` when no box of the field has that name.
pub(super) fn told<'a>(field: &FieldReading, expected: &'a str) -> BTreeSet<&'a str> {
    let is_box = |name: &str| field.marks.iter().any(|m| m.value == name);
    if is_box(expected) {
        return BTreeSet::from([expected]);
    }
    let inner = expected.strip_prefix('[').and_then(|e| e.strip_suffix(']')).unwrap_or(expected);
    let several: Vec<&str> = if inner.contains('|') || is_box(inner) {
        inner.split('|').collect()
    } else {
        inner.char_indices().map(|(at, c)| &inner[at..at + c.len_utf8()]).collect()
    };
    several.into_iter().map(str::trim).filter(|p| !p.is_empty()).collect()
}

/// How the boxes of one field came out. A box is silently wrong when neither it nor its field is in doubt.
pub(super) fn count(field: &FieldReading, expected: &str) -> Counts {
    if field.kind != FieldKind::Marks {
        return Counts::default();
    }
    let told = told(field, expected);
    field.marks.iter().fold(Counts::default(), |counts, mark| {
        let right = told.contains(mark.value.as_str()) == (mark.state == MarkState::Marked);
        let doubtful = mark.state == MarkState::Doubtful || !right && !field.doubts.is_empty();
        counts.plus(match (right, doubtful) {
            (true, false) => Outcome::Right,
            (false, false) => Outcome::WrongSure,
            (true, true) => Outcome::DoubtfulRight,
            (false, true) => Outcome::DoubtfulWrong,
        })
    })
}

/// The boxes of a field on a page that was not read.
pub(super) fn unread(field: &Field) -> Counts {
    let boxes = if let FieldSpec::Marks(marks) = &field.spec { marks.boxes.len() } else { 0 };
    Counts { not_read: boxes as u64, ..Counts::default() }
}
