//! Rows of a short-answer sheet that belong together: an answer, and the replacements at the foot that name its task.
//! Of several replacements of one task the last one counts (`rcoi_rules::answers`).

use crate::text::Lang;
use rcoi_model::{Doubt, FieldReading, PageReading, Quad, TaskSubject, VerdictAct};
use rcoi_store::VerdictRow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

/// Numbers that a number's cells may spell: two cells with three rivals each give sixteen.
const MOST_SPELLINGS: usize = 64;

/// A row of a sheet with short answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Row {
    /// The answer to a task, by the task's number.
    Answer(u32),
    /// A replacement, by its place at the foot of the sheet.
    Replacement(u32),
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(n) => write!(f, "answer-{n}"),
            Self::Replacement(k) => write!(f, "replacement-{k}"),
        }
    }
}

impl FromStr for Row {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if let Some(n) = text.strip_prefix("answer-") {
            return n.parse().map(Self::Answer).map_err(drop);
        }
        text.strip_prefix("replacement-").and_then(|k| k.parse().ok()).map(Self::Replacement).ok_or(())
    }
}

/// What a row is to the field that a person has before him.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tie {
    /// It replaces the answer, and no later one does: it counts.
    Counts,
    /// It replaces the answer, but a later one does, too.
    Outdone,
    /// Its number may be read as that of the answer's task.
    MayReplace,
    /// The other half of the very row: its task number.
    OwnNumber,
    /// The other half of the very row: its answer.
    OwnAnswer,
    /// The answer that is replaced.
    Replaced,
    /// The answer that is replaced if the number is read as that of its task.
    MayBeReplaced,
}

/// A row that belongs to the field before a person: how, and what stands in it. To look at, not to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    pub row: Row,
    pub tie: Tie,
    /// Task number of the row as it counts now; empty: none could be read.
    pub number: String,
    /// Answer of the row as it counts now.
    pub value: String,
}

impl Beside {
    /// The row in a sentence.
    #[must_use]
    pub fn words(&self, lang: Lang) -> String {
        let place = match self.row {
            Row::Answer(n) | Row::Replacement(n) => n,
        };
        let quoted = |text: &str| match (text.is_empty(), lang) {
            (true, Lang::Ru) => "пусто".to_owned(),
            (true, Lang::En) => "nothing".to_owned(),
            (false, Lang::Ru) => format!("«{text}»"),
            (false, Lang::En) => format!("“{text}”"),
        };
        let (value, number) = (quoted(&self.value), quoted(&self.number));
        match (lang, self.tie) {
            (Lang::Ru, Tie::Counts) => format!("Заменён ниже, засчитывается замена {place}: {value}"),
            (Lang::En, Tie::Counts) => format!("Replaced below, replacement {place} counts: {value}"),
            (Lang::Ru, Tie::Outdone) => format!("Замена {place}, но есть и более поздняя: {value}"),
            (Lang::En, Tie::Outdone) => format!("Replacement {place}, but there is a later one: {value}"),
            (Lang::Ru, Tie::MayReplace) => format!("Возможно, заменён ниже. Замена {place}, номер прочитан как {number}: {value}"),
            (Lang::En, Tie::MayReplace) => format!("Perhaps replaced below. Replacement {place}, its number was read as {number}: {value}"),
            (Lang::Ru, Tie::OwnNumber) => format!("Номер задания в этой строке: {number}"),
            (Lang::En, Tie::OwnNumber) => format!("Number of the task in this row: {number}"),
            (Lang::Ru, Tie::OwnAnswer) => format!("Ответ в этой строке: {value}"),
            (Lang::En, Tie::OwnAnswer) => format!("Answer in this row: {value}"),
            (Lang::Ru, Tie::Replaced) => format!("Ответ на задание {place}, который заменяют: {value}"),
            (Lang::En, Tie::Replaced) => format!("Answer to task {place}, which is replaced: {value}"),
            (Lang::Ru, Tie::MayBeReplaced) => format!("Ответ на задание {place}, если номер — {place}: {value}"),
            (Lang::En, Tie::MayBeReplaced) => format!("Answer to task {place}, if the number is {place}: {value}"),
        }
    }
}

/// Values that people gave to fields of a page, the latest of each.
pub(crate) type Said = BTreeMap<String, String>;

/// The latest values of people among the verdicts on a page, oldest first.
pub(crate) fn said(rows: Vec<VerdictRow>) -> Said {
    let value = |row: VerdictRow| match (row.subject, row.verdict.act) {
        (TaskSubject::Field { field, .. }, VerdictAct::Value { value }) => Some((field, value)),
        _ => None,
    };
    rows.into_iter().filter_map(value).collect()
}

/// A field as the machine read it.
#[derive(Debug, Clone)]
struct Read {
    value: String,
    area: Quad,
}

/// A replacement as the machine read it.
#[derive(Debug, Clone)]
struct Foot {
    number: Read,
    answer: Read,
    /// Other task numbers that the number may be.
    rivals: Vec<u32>,
}

/// Short answers and replacements of a sheet as the machine read them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    answers: BTreeMap<u32, Read>,
    feet: BTreeMap<u32, Foot>,
}

/// The half of a replacement that a field is: its place and whether it is the number.
fn half(field: &str) -> Option<(u32, bool)> {
    let (place, part) = field.strip_prefix("replacement-")?.split_once('-')?;
    let number = match part {
        "number" => true,
        "answer" => false,
        _ => return None,
    };
    Some((place.parse().ok()?, number))
}

fn answer_number(field: &str) -> Option<u32> {
    field.strip_prefix("answer-")?.parse().ok()
}

/// May the field have something beside it at all?
pub(crate) fn has_rows(field: &str) -> bool {
    answer_number(field).is_some() || half(field).is_some()
}

/// What the number may be read as instead, in tasks.
fn rivals(number: &FieldReading) -> Vec<u32> {
    let doubtful = |i: usize| number.doubts.iter().any(|d| matches!(d, Doubt::Ambiguous { cells } if cells.contains(&(i as u32))));
    let mut spelled = vec![String::new()];
    for (i, cell) in number.chars.iter().enumerate() {
        let mut may: Vec<char> = cell.ch.into_iter().collect();
        if doubtful(i) {
            may.extend(cell.rivals.iter().map(|(c, _)| *c));
        }
        if may.is_empty() {
            continue;
        }
        spelled = spelled.iter().flat_map(|begun| may.iter().map(move |c| format!("{begun}{c}"))).take(MOST_SPELLINGS).collect();
    }
    let read: Option<u32> = number.value.trim().parse().ok();
    let numbers: BTreeSet<u32> = spelled.iter().filter_map(|s| s.parse().ok()).filter(|n| Some(*n) != read).collect();
    numbers.into_iter().collect()
}

impl Rows {
    pub(crate) fn of(reading: &PageReading) -> Self {
        let read = |f: &FieldReading| Read { value: f.value.clone(), area: f.area };
        let mut rows = Self::default();
        for field in &reading.fields {
            if let Some(n) = answer_number(&field.name) {
                rows.answers.insert(n, read(field));
            } else if let Some((place, true)) = half(&field.name)
                && let Some(answer) = reading.field(&format!("replacement-{place}-answer"))
            {
                rows.feet.insert(place, Foot { number: read(field), answer: read(answer), rivals: rivals(field) });
            }
        }
        if rows.feet.is_empty() {
            // A form without replacements: nothing ever stands beside its answers.
            rows.answers.clear();
        }
        rows
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.feet.is_empty()
    }

    /// Where a row lies on the page, corners in picture pixels; a replacement with its number.
    pub(crate) fn area(&self, row: Row) -> Option<Quad> {
        match row {
            Row::Answer(n) => Some(self.answers.get(&n)?.area),
            Row::Replacement(k) => {
                let foot = self.feet.get(&k)?;
                let ([left_top, _, _, left_bottom], [_, right_top, right_bottom, _]) = (foot.number.area.0, foot.answer.area.0);
                Some(Quad([left_top, right_top, right_bottom, left_bottom]))
            }
        }
    }

    /// The rows that belong to a field, replacements in their order; what people said counts before what was read.
    pub(crate) fn beside(&self, field: &str, said: &Said) -> Vec<Beside> {
        match (answer_number(field), half(field)) {
            (Some(n), _) => self.of_answer(n, said),
            (_, Some((place, number))) => self.of_replacement(place, number, said),
            _ => Vec::new(),
        }
    }

    fn number(&self, place: u32, said: &Said) -> String {
        let read = || self.feet.get(&place).map(|foot| foot.number.value.clone()).unwrap_or_default();
        said.get(&format!("replacement-{place}-number")).cloned().unwrap_or_else(read).trim().to_owned()
    }

    /// What a replacement's number may be instead; nothing when a person has read it.
    fn rivals(&self, place: u32, said: &Said) -> &[u32] {
        let settled = said.contains_key(&format!("replacement-{place}-number"));
        self.feet.get(&place).filter(|_| !settled).map(|foot| foot.rivals.as_slice()).unwrap_or_default()
    }

    fn foot(&self, place: u32, tie: Tie, said: &Said) -> Beside {
        let read = || self.feet.get(&place).map(|foot| foot.answer.value.clone()).unwrap_or_default();
        let value = said.get(&format!("replacement-{place}-answer")).cloned().unwrap_or_else(read).trim().to_owned();
        Beside { row: Row::Replacement(place), tie, number: self.number(place, said), value }
    }

    fn written(&self, n: u32, tie: Tie, said: &Said) -> Option<Beside> {
        let read = self.answers.get(&n)?;
        let value = said.get(&format!("answer-{n}")).unwrap_or(&read.value).trim().to_owned();
        Some(Beside { row: Row::Answer(n), tie, number: n.to_string(), value })
    }

    /// Replacements of a task, the last one counts.
    fn replacing(&self, n: u32, said: &Said) -> Vec<u32> {
        self.feet.keys().copied().filter(|place| self.number(*place, said).parse::<u32>() == Ok(n)).collect()
    }

    fn of_answer(&self, n: u32, said: &Said) -> Vec<Beside> {
        let replacing = self.replacing(n, said);
        let tie = |place: u32| match replacing.contains(&place) {
            true if replacing.last() == Some(&place) => Some(Tie::Counts),
            true => Some(Tie::Outdone),
            false => self.rivals(place, said).contains(&n).then_some(Tie::MayReplace),
        };
        self.feet.keys().filter_map(|place| Some(self.foot(*place, tie(*place)?, said))).collect()
    }

    /// The field itself is not among them: a second reader must not see what the first one said.
    fn of_replacement(&self, place: u32, number: bool, said: &Said) -> Vec<Beside> {
        if !self.feet.contains_key(&place) {
            return Vec::new();
        }
        let own = if number { Tie::OwnAnswer } else { Tie::OwnNumber };
        let named = self.number(place, said).parse::<u32>().ok();
        let may = self.rivals(place, said).iter().filter_map(|n| self.written(*n, Tie::MayBeReplaced, said));
        let mut rows = vec![self.foot(place, own, said)];
        if let Some(n) = named {
            rows.extend(self.written(n, Tie::Replaced, said));
            let others = self.replacing(n, said);
            let tie = |other: u32| if others.last() == Some(&other) { Tie::Counts } else { Tie::Outdone };
            rows.extend(others.iter().filter(|other| **other != place).map(|other| self.foot(*other, tie(*other), said)));
        }
        rows.extend(may);
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcoi_model::{CharReading, Confidence, FieldKind, Point};

    fn field(name: &str, value: &str, left: f32) -> FieldReading {
        FieldReading {
            name: name.into(),
            kind: FieldKind::Cells,
            class: String::new(),
            value: value.into(),
            confidence: Confidence::new(0.9),
            doubts: vec![],
            area: Quad([(left, 10.0), (left + 20.0, 10.0), (left + 20.0, 30.0), (left, 30.0)].map(|(x, y)| Point::new(x, y))),
            chars: vec![],
            marks: vec![],
        }
    }

    /// The number with its last digit in doubt.
    fn doubtful(name: &str, value: &str, rival: char) -> FieldReading {
        let cell = |ch| CharReading {
            ch: Some(ch),
            empty: false,
            confidence: Confidence::new(0.5),
            rivals: vec![(rival, 0.4)],
            area: Quad::default(),
        };
        let last = value.chars().count() as u32 - 1;
        FieldReading {
            chars: value.chars().map(cell).collect(),
            doubts: vec![Doubt::Ambiguous { cells: vec![last] }],
            ..field(name, value, 0.0)
        }
    }

    fn rows(fields: Vec<FieldReading>) -> Rows {
        Rows::of(&PageReading {
            engine: String::new(),
            template: None,
            placement: None,
            sheet_code: None,
            fields,
            findings: vec![],
            width: 100,
            height: 100,
        })
    }

    fn sheet() -> Rows {
        rows(vec![
            field("answer-1", "12", 0.0),
            field("answer-7", "ЛЕС", 0.0),
            field("answer-11", "5", 0.0),
            field("replacement-1-number", "1", 0.0),
            field("replacement-1-answer", "13", 40.0),
            doubtful("replacement-2-number", "11", '7'),
            field("replacement-2-answer", "6", 40.0),
            field("replacement-3-number", "1", 0.0),
            field("replacement-3-answer", "14", 40.0),
        ])
    }

    fn shown(rows: Vec<Beside>) -> Vec<(Row, Tie, String)> {
        rows.into_iter().map(|b| (b.row, b.tie, b.value)).collect()
    }

    #[test]
    fn beside_an_answer_stand_its_replacements_and_the_last_one_counts() {
        let beside = shown(sheet().beside("answer-1", &Said::new()));
        let expected = [(Row::Replacement(1), Tie::Outdone, "13".to_owned()), (Row::Replacement(3), Tie::Counts, "14".to_owned())];
        assert_eq!(beside, expected);
        assert!(sheet().beside("answer-7", &Said::new()).is_empty());
        assert!(sheet().beside("surname", &Said::new()).is_empty());
    }

    #[test]
    fn a_doubtful_number_stands_beside_every_answer_it_may_name_until_a_person_has_read_it() {
        let rows = rows(vec![
            field("answer-11", "5", 0.0),
            field("answer-17", "8", 0.0),
            doubtful("replacement-1-number", "11", '7'),
            field("replacement-1-answer", "6", 40.0),
        ]);
        let ties = |field: &str, said: &Said| rows.beside(field, said).into_iter().map(|b| b.tie).collect::<Vec<_>>();
        assert_eq!((ties("answer-11", &Said::new()), ties("answer-17", &Said::new())), (vec![Tie::Counts], vec![Tie::MayReplace]));
        let number = ties("replacement-1-number", &Said::new());
        assert_eq!(number, [Tie::OwnAnswer, Tie::Replaced, Tie::MayBeReplaced]);
        let said = Said::from([("replacement-1-number".to_owned(), "17".to_owned())]);
        assert_eq!((ties("answer-11", &said), ties("answer-17", &said)), (vec![], vec![Tie::Counts]));
        assert_eq!(ties("replacement-1-answer", &said), [Tie::OwnNumber, Tie::Replaced]);
    }

    #[test]
    fn beside_a_replacement_stand_its_other_half_the_answer_above_and_later_replacements() {
        let beside = shown(sheet().beside("replacement-1-answer", &Said::new()));
        let expected = [
            (Row::Replacement(1), Tie::OwnNumber, "13".to_owned()),
            (Row::Answer(1), Tie::Replaced, "12".to_owned()),
            (Row::Replacement(3), Tie::Counts, "14".to_owned()),
        ];
        assert_eq!(beside, expected);
    }

    #[test]
    fn what_people_said_counts_before_what_was_read() {
        let said: Said = [("answer-1", "120"), ("replacement-3-answer", "140")].map(|(f, v)| (f.to_owned(), v.to_owned())).into();
        assert_eq!(shown(sheet().beside("answer-1", &said))[1].2, "140");
        assert_eq!(shown(sheet().beside("replacement-1-number", &said))[1].2, "120");
    }

    #[test]
    fn the_picture_of_a_replacement_reaches_from_its_number_to_the_end_of_its_answer() {
        let Quad([lt, rt, rb, lb]) = sheet().area(Row::Replacement(1)).unwrap();
        assert_eq!([lt.x, rt.x, rb.x, lb.x], [0.0, 60.0, 60.0, 0.0]);
        assert!(sheet().area(Row::Replacement(9)).is_none() && sheet().area(Row::Answer(40)).is_none());
    }

    #[test]
    fn names_of_rows_are_read_as_they_are_written() {
        for row in [Row::Answer(7), Row::Replacement(2)] {
            assert_eq!(row.to_string().parse::<Row>(), Ok(row));
        }
        for odd in ["answer-", "answer-x", "replacement-1-answer", "surname", ""] {
            assert_eq!(odd.parse::<Row>(), Err(()), "{odd}");
        }
    }

    #[test]
    fn an_empty_row_is_called_so_in_both_languages() {
        let row = Beside { row: Row::Answer(3), tie: Tie::Replaced, number: "3".into(), value: String::new() };
        assert_eq!(row.words(Lang::Ru), "Ответ на задание 3, который заменяют: пусто");
        assert_eq!(row.words(Lang::En), "Answer to task 3, which is replaced: nothing");
    }
}
