//! One page against its truth, field by field.

use super::truth::TruthPage;
use super::{boxes, characters, has, is_known};
use rcoi_model::{Doubt, FieldKind, FieldReading, PageReading, Quad, Rect};
use rcoi_template::{Field, Template, TemplateSet};
use std::collections::{BTreeMap, BTreeSet};

/// How a field came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Right,
    /// The worst: nobody would have looked.
    WrongSure,
    DoubtfulRight,
    DoubtfulWrong,
    /// The page was set aside: no form found in it, or not decoded. A person sees it.
    NotRead,
}

/// How many fields came out how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub(crate) right: u64,
    pub(crate) wrong_sure: u64,
    pub(crate) doubtful_right: u64,
    pub(crate) doubtful_wrong: u64,
    pub(crate) not_read: u64,
}

impl Counts {
    pub(crate) fn with(self, field: &FieldScore) -> Self {
        self.plus(field.outcome)
    }

    pub(crate) fn plus(mut self, outcome: Outcome) -> Self {
        match outcome {
            Outcome::Right => self.right += 1,
            Outcome::WrongSure => self.wrong_sure += 1,
            Outcome::DoubtfulRight => self.doubtful_right += 1,
            Outcome::DoubtfulWrong => self.doubtful_wrong += 1,
            Outcome::NotRead => self.not_read += 1,
        }
        self
    }

    pub(crate) fn fields(&self) -> u64 {
        self.right + self.wrong_sure + self.doubtful_right + self.doubtful_wrong + self.not_read
    }

    pub(crate) fn and(self, other: &Self) -> Self {
        Self {
            right: self.right + other.right,
            wrong_sure: self.wrong_sure + other.wrong_sure,
            doubtful_right: self.doubtful_right + other.doubtful_right,
            doubtful_wrong: self.doubtful_wrong + other.doubtful_wrong,
            not_read: self.not_read + other.not_read,
        }
    }

    pub(crate) fn doubtful(&self) -> u64 {
        self.doubtful_right + self.doubtful_wrong
    }
}

/// One field of one page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldScore {
    pub(crate) name: String,
    pub(crate) class: String,
    pub(crate) expected: String,
    pub(crate) value: String,
    pub(crate) confidence: f32,
    /// Words for the doubts, such as `multiple-marks`.
    pub(crate) doubts: Vec<String>,
    pub(crate) outcome: Outcome,
    /// Kind of the field, when it was read.
    pub(crate) kind: Option<FieldKind>,
    /// The value is the one of the truth, doubt or not.
    pub(crate) value_right: bool,
    /// Only a person can settle it: being sure is wrong here, whatever the value.
    pub(crate) open: bool,
    /// Area in picture pixels, when the field lies on the page that was read.
    pub(crate) area: Option<Rect>,
    /// PNG of the field, put in by [`super::attach`] for mismatches.
    pub(crate) picture: Option<Vec<u8>>,
}

/// One page.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct PageScore {
    pub(crate) image: String,
    pub(crate) index: u32,
    /// Template that was recognised.
    pub(crate) template: Option<String>,
    pub(crate) fields: Vec<FieldScore>,
    /// Marked or not, box by box, of the fields of kind marks.
    pub(crate) boxes: Counts,
    /// Cell by cell, of the fields of kind cells.
    pub(crate) characters: Counts,
    /// Columns of the truth that no template has.
    pub(crate) unknown: Vec<String>,
    /// Why nothing was read.
    pub(crate) failure: Option<String>,
}

/// Columns that count for the page, and columns that no template has. Of a form that is told only its own count.
fn columns<'a>(truth: &'a TruthPage, templates: &TemplateSet) -> (Vec<(&'a str, &'a str)>, Vec<String>) {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    let told = truth.told.as_ref().and_then(|id| templates.templates.iter().find(|t| t.id.0 == *id));
    for (name, expected) in &truth.values {
        if told.map_or_else(|| is_known(templates, name), |t| has(t, name)) {
            known.push((name.as_str(), expected.as_str()));
        } else if !is_known(templates, name) {
            unknown.push(name.clone());
        }
    }
    (known, unknown)
}

/// A page that could not be decoded or opened. Expected to fail = nothing to count.
pub(crate) fn unread_page(truth: &TruthPage, templates: &TemplateSet, why: &str) -> PageScore {
    let (known, unknown) = columns(truth, templates);
    let known = if truth.undecodable { Vec::new() } else { known };
    let told = |t: &&Template| truth.told.as_ref().is_none_or(|id| *id == t.id.0);
    let fields: Vec<(&Field, &str)> = known
        .iter()
        .filter_map(|(name, expected)| Some((templates.templates.iter().filter(told).find_map(|t| t.field(name))?, *expected)))
        .collect();
    let sum = |sum: Counts, c: Counts| sum.and(&c);
    PageScore {
        image: truth.image.clone(),
        index: truth.index,
        template: None,
        boxes: fields.iter().map(|(field, _)| boxes::unread(field)).fold(Counts::default(), sum),
        characters: fields.iter().map(|(field, expected)| characters::unread(field, expected)).fold(Counts::default(), sum),
        fields: known.into_iter().map(|(name, expected)| absent(name, expected, Outcome::NotRead)).collect(),
        unknown,
        failure: Some(why.to_owned()),
    }
}

/// Compares what was read with the truth. Joins of the template are compared as one value.
pub(crate) fn compare_page(truth: &TruthPage, reading: &PageReading, templates: &TemplateSet) -> PageScore {
    let template = reading.template.as_ref().and_then(|id| templates.get(id));
    let Some(template) = template.filter(|_| !reading.findings.iter().any(|f| f.kind.blocks())) else {
        return unread_page(truth, templates, "форма не найдена");
    };
    let (known, unknown) = columns(truth, templates);
    let mut score = PageScore {
        image: truth.image.clone(),
        index: truth.index,
        template: Some(template.id.0.clone()),
        unknown,
        ..PageScore::default()
    };
    let mistaken = truth.template.as_ref().is_some_and(|expected| *expected != template.id.0);

    let mut values: BTreeMap<&str, &str> = known.into_iter().collect();
    if truth.complete && !mistaken {
        for field in &template.fields {
            values.entry(&field.name).or_default();
        }
    }
    for (name, expected) in values {
        match Seen::find(name, template, reading) {
            Some(seen) if !mistaken => {
                score.fields.push(seen.score(name, expected, truth.open.contains(name)));
                if let [one] = seen.parts.as_slice() {
                    score.boxes = score.boxes.and(&boxes::count(one, expected));
                    score.characters = score.characters.and(&characters::count(one, expected));
                }
            }
            // Read as another form, and nobody would have known.
            _ => score.fields.push(absent(name, expected, Outcome::WrongSure)),
        }
    }
    score
}

fn absent(name: &str, expected: &str, outcome: Outcome) -> FieldScore {
    FieldScore {
        name: name.to_owned(),
        class: String::new(),
        expected: expected.to_owned(),
        value: String::new(),
        confidence: 0.0,
        doubts: Vec::new(),
        outcome,
        kind: None,
        value_right: false,
        open: false,
        area: None,
        picture: None,
    }
}

/// A column of the truth as it was read: one field, or several joined.
struct Seen<'a> {
    parts: Vec<&'a FieldReading>,
}

impl<'a> Seen<'a> {
    fn find(name: &str, template: &Template, reading: &'a PageReading) -> Option<Self> {
        let join = template.joins.iter().find(|j| j.name == name);
        let parts: Option<Vec<&FieldReading>> = match join {
            Some(join) => join.fields.iter().map(|f| reading.field(f)).collect(),
            None => reading.field(name).map(|f| vec![f]),
        };
        parts.filter(|p| !p.is_empty()).map(|parts| Self { parts })
    }

    fn score(&self, name: &str, expected: &str, open: bool) -> FieldScore {
        let value: String = self.parts.iter().map(|p| p.value.as_str()).collect();
        let doubts: BTreeSet<String> = self.parts.iter().flat_map(|p| &p.doubts).map(word).collect();
        let right = match self.parts.as_slice() {
            [one] => same(one, expected),
            // A blank column inside a number may be written as a space.
            parts => value == expected || spaced(parts) == expected,
        };
        let outcome = match (right, doubts.is_empty()) {
            (true, true) if !open => Outcome::Right,
            (_, true) => Outcome::WrongSure,
            (true, false) => Outcome::DoubtfulRight,
            (false, false) => Outcome::DoubtfulWrong,
        };
        let area = self.parts.iter().map(|p| Quad::bounds(&p.area)).reduce(|a, b| a.union(&b));
        FieldScore {
            name: name.to_owned(),
            class: self.parts.first().map(|p| p.class.clone()).unwrap_or_default(),
            expected: expected.to_owned(),
            value,
            // A joined value is right only when all its parts are.
            confidence: self.parts.iter().map(|p| p.confidence.get()).product(),
            doubts: doubts.into_iter().collect(),
            outcome,
            kind: self.parts.first().map(|p| p.kind),
            value_right: right,
            open,
            area,
            picture: None,
        }
    }
}

/// The parts one after another, a space for an empty one.
fn spaced(parts: &[&FieldReading]) -> String {
    let text: String = parts.iter().map(|p| if p.value.is_empty() { " " } else { p.value.as_str() }).collect();
    text.trim().to_owned()
}

/// Equal as read, or, for marks, the same set of marks in whatever writing.
fn same(field: &FieldReading, expected: &str) -> bool {
    // Right-aligned numbers begin with empty cells, which count for nothing.
    if field.value.trim() == expected {
        return true;
    }
    let read: BTreeSet<&str> = field.value.split('|').filter(|p| !p.is_empty()).collect();
    field.kind == FieldKind::Marks && read == boxes::told(field, expected)
}

/// The name of a doubt as it is stored.
fn word(doubt: &Doubt) -> String {
    serde_json::to_value(doubt).ok().and_then(|v| v.get("why").and_then(|w| w.as_str()).map(str::to_owned)).unwrap_or_default()
}
