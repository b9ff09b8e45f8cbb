//! Short answers of one form: words, sequences and numbers as each task asks, replacements, corrections, overruns, none.

use crate::entry::Entry;
use crate::people::pick;
use crate::sheet::Sheet;
use crate::words::{ANSWERS, LONG_ANSWERS};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rcoi_model::TaskSymbols;

/// How a person fills the forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// As the instruction says.
    Plain,
    /// One answer is longer than its cells.
    Overrun,
    /// Strikes out a character, and a whole answer that is replaced below.
    Corrected,
    /// One answer is of a kind that its task does not permit.
    Astray,
    /// Hands everything in empty.
    Empty,
}

/// What a task asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Word,
    /// Digits in a row.
    Sequence,
    /// May be negative or have a fraction.
    Number,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Word, Self::Sequence, Self::Number];

    /// Of 27 tasks 12 ask for a word, 12 for a sequence, 3 for a number.
    fn of(task: u32) -> Self {
        match task % 9 {
            0 => Self::Number,
            1 | 4 | 6 | 7 => Self::Word,
            _ => Self::Sequence,
        }
    }

    /// As the lists of permitted symbols say it.
    fn symbols(self) -> &'static str {
        match self {
            Self::Word => "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ-",
            Self::Sequence => "0123456789",
            Self::Number => "0123456789,-",
        }
    }

    fn answer(self, rng: &mut ChaCha8Rng) -> String {
        let digits =
            |count: usize, rng: &mut ChaCha8Rng| -> String { (0..count).map(|_| char::from(b'0' + rng.random_range(0..=9u8))).collect() };
        match self {
            Self::Word => pick(&ANSWERS, rng).to_owned(),
            Self::Sequence => {
                let length = rng.random_range(1..=5);
                digits(length, rng)
            }
            Self::Number => {
                let sign = if rng.random_bool(0.3) { "-" } else { "" };
                let whole = rng.random_range(0..200u32);
                let rest = if rng.random_bool(0.5) { format!(",{}", rng.random_range(1..10u32)) } else { String::new() };
                format!("{sign}{whole}{rest}")
            }
        }
    }
}

/// The list of permitted symbols for the first `rows` tasks.
pub(crate) fn symbols(rows: u32) -> Vec<TaskSymbols> {
    let of = |kind: Kind| (1..=rows).filter(|task| Kind::of(*task) == kind).collect();
    let lines = Kind::ALL.map(|kind| TaskSymbols { tasks: of(kind), symbols: kind.symbols().to_owned() });
    lines.into_iter().filter(|line| !line.tasks.is_empty()).collect()
}

/// Fills the answers of the first `rows` rows.
pub(crate) fn fill(sheet: &mut Sheet, rows: u32, style: Style, rng: &mut ChaCha8Rng) {
    let rows = rows.max(2);
    if style != Style::Empty {
        for row in 1..=rows {
            if rng.random_bool(0.93) {
                sheet.write(&row_name(row), &Kind::of(row).answer(rng));
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
        let task = first + place - 1;
        sheet.write(&format!("replacement-{place}-number"), &task.to_string());
        sheet.write(&format!("replacement-{place}-answer"), &Kind::of(task).answer(rng));
    }
    // A row that is not replaced; the odd things happen to words.
    let words: Vec<u32> = (1..=rows).filter(|row| Kind::of(*row) == Kind::Word && !(first..first + 2).contains(row)).collect();
    let other = if words.is_empty() { rows } else { words[rng.random_range(0..words.len())] };
    match style {
        Style::Plain | Style::Empty => {}
        Style::Overrun => sheet.write(&row_name(other), pick(&LONG_ANSWERS, rng)),
        Style::Astray => {
            let kind = if rng.random_bool(0.5) { Kind::Sequence } else { Kind::Word };
            let task = (1..=rows).filter(|row| (Kind::of(*row) == Kind::Word) != (kind == Kind::Word)).nth(first as usize / 3).unwrap_or(1);
            sheet.write(&row_name(task), &kind.answer(rng));
        }
        Style::Corrected => {
            sheet.put(&row_name(first), Entry::CrossedOut(Kind::of(first).answer(rng)));
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
