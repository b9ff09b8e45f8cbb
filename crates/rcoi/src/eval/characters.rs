//! Cell by cell: each character of a row of cells against the truth.

use super::compare::{Counts, Outcome};
use rcoi_model::{CharReading, Doubt, FieldKind, FieldReading};
use rcoi_template::{Field, FieldSpec};

/// How the characters of one field came out: those that are told, and those that were read where none is told. One is in doubt
/// when its cell is, and a wrong one also when anything of its field is.
pub(super) fn count(field: &FieldReading, expected: &str) -> Counts {
    if field.kind != FieldKind::Cells {
        return Counts::default();
    }
    let told: Vec<char> = expected.chars().collect();
    let read = |at: usize| field.chars.get(at).and_then(character);
    // Where a value begins is told by nobody: it stands where most of it is found.
    let last = field.chars.len().saturating_sub(told.len());
    let found = |from: usize| told.iter().enumerate().filter(|(i, c)| read(from + i) == written(**c)).count();
    let from = (0..=last).rev().max_by_key(|from| found(*from)).unwrap_or(0);
    let cells = doubtful_cells(&field.doubts);
    (0..field.chars.len().max(from + told.len())).fold(Counts::default(), |counts, at| {
        let wanted = at.checked_sub(from).and_then(|i| told.get(i)).copied().and_then(written);
        if wanted.is_none() && read(at).is_none() {
            return counts;
        }
        let right = wanted == read(at);
        let doubtful = cells.contains(&(at as u32)) || !right && !field.doubts.is_empty();
        counts.plus(match (right, doubtful) {
            (true, false) => Outcome::Right,
            (false, false) => Outcome::WrongSure,
            (true, true) => Outcome::DoubtfulRight,
            (false, true) => Outcome::DoubtfulWrong,
        })
    })
}

/// The characters of a field on a page that was not read.
pub(super) fn unread(field: &Field, expected: &str) -> Counts {
    let told = if matches!(field.spec, FieldSpec::Cells(_)) { expected.chars().filter_map(written).count() } else { 0 };
    Counts { not_read: told as u64, ..Counts::default() }
}

/// A space in the truth is an empty cell.
fn written(c: char) -> Option<char> {
    (c != ' ').then_some(c)
}

fn character(read: &CharReading) -> Option<char> {
    if read.empty { None } else { Some(read.ch.unwrap_or('?')) }
}

fn doubtful_cells(doubts: &[Doubt]) -> Vec<u32> {
    let mut cells = Vec::new();
    for doubt in doubts {
        match doubt {
            Doubt::Ambiguous { cells: some } | Doubt::NotPermitted { cells: some } | Doubt::CrossedOut { cells: some } => {
                cells.extend(some);
            }
            _ => {}
        }
    }
    cells
}
