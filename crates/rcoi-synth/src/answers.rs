//! Short answers of one form: numbers and words, replacements, corrections, answers that run over, none at all.

use crate::entry::Entry;
use crate::people::pick;
use crate::sheet::Sheet;
use crate::words::{ANSWERS, LONG_ANSWERS};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// How a person fills the forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// As the instruction says.
    Plain,
    /// One answer is longer than its cells.
    Overrun,
    /// Strikes out a character, and a whole answer that is replaced below.
    Corrected,
    /// Hands everything in empty.
    Empty,
}

/// Fills the answers of the first `rows` rows.
pub(crate) fn fill(sheet: &mut Sheet, rows: u32, style: Style, rng: &mut ChaCha8Rng) {
    let rows = rows.max(2);
    if style != Style::Empty {
        for row in 1..=rows {
            if rng.random_bool(0.93) {
                sheet.write(&row_name(row), &answer(rng));
            }
        }
    }
    // About one person in ten takes an answer back, one in thirty two of them.
    let replaced = match (style, rng.random_range(0..30)) {
        (Style::Empty, _) => 0,
        (Style::Corrected, _) => 1,
        (_, 0) => 2,
        (_, 1 | 2) => 1,
        _ => 0,
    };
    let first = rng.random_range(1..rows);
    for place in 1..=replaced {
        sheet.write(&format!("replacement-{place}-number"), &(first + place - 1).to_string());
        sheet.write(&format!("replacement-{place}-answer"), &answer(rng));
    }
    // A row that is not replaced.
    let other = if first == 1 { rows } else { first - 1 };
    match style {
        Style::Plain | Style::Empty => {}
        Style::Overrun => sheet.write(&row_name(other), pick(&LONG_ANSWERS, rng)),
        Style::Corrected => {
            sheet.put(&row_name(first), Entry::CrossedOut(answer(rng)));
            let text = pick(&ANSWERS, rng).to_owned();
            let at = rng.random_range(0..text.chars().count());
            let wrong = pick(&ANSWERS, rng).chars().next().unwrap_or('А');
            sheet.put(&row_name(other), Entry::Corrected { text, at, wrong });
        }
    }
    let count = if replaced == 0 { "Х".to_owned() } else { replaced.to_string() };
    sheet.write("replacement-count", &count);
    sheet.write("signature", "1");
    sheet.write("organiser-signature", "1");
}

fn row_name(row: u32) -> String {
    format!("answer-{row}")
}

fn answer(rng: &mut ChaCha8Rng) -> String {
    if rng.random_bool(0.55) {
        let length = rng.random_range(1..=5);
        (0..length).map(|_| char::from(b'0' + rng.random_range(0..=9u8))).collect()
    } else {
        pick(&ANSWERS, rng).to_owned()
    }
}
