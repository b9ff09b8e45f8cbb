//! What the policy would show of drawn sheets, and what slips through: counts by class of field, by defect, by cause.

use super::compare::{FieldScore, PageScore};
use super::reliability::Reliability;
use rcoi_model::{Doubt, FieldReading, PageReading};
use std::collections::{BTreeMap, BTreeSet};

/// Counts of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Group {
    pub(crate) fields: u64,
    /// Something is written there in truth.
    pub(crate) filled: u64,
    /// The value read is the one of the truth.
    pub(crate) right: u64,
    /// Wrong, and nobody would look.
    pub(crate) silent: u64,
    /// A person would look; also those of pages that were not read.
    pub(crate) shown: u64,
    pub(crate) shown_filled: u64,
    /// Shown although the value is right.
    pub(crate) shown_right: u64,
}

impl Group {
    fn add(&mut self, field: &FieldScore, shown: bool) {
        let filled = !field.expected.is_empty();
        self.fields += 1;
        self.filled += u64::from(filled);
        self.right += u64::from(field.value_right);
        self.silent += u64::from(!shown && is_wrong(field));
        self.shown += u64::from(shown);
        self.shown_filled += u64::from(shown && filled);
        self.shown_right += u64::from(shown && field.value_right);
    }

    fn and(&mut self, o: &Self) {
        self.fields += o.fields;
        self.filled += o.filled;
        self.right += o.right;
        self.silent += o.silent;
        self.shown += o.shown;
        self.shown_filled += o.shown_filled;
        self.shown_right += o.shown_right;
    }
}

/// A value that must not pass: another one than the truth's, or one that was read for sure where only a person can tell.
fn is_wrong(field: &FieldScore) -> bool {
    !field.value_right || field.open && field.doubts.is_empty()
}

/// One field worth naming.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Named {
    pub(crate) page: String,
    pub(crate) field: FieldScore,
    /// Why it is shown; `None` = a silent error.
    pub(crate) cause: Option<String>,
    pub(crate) defects: Vec<&'static str>,
}

/// What is known about one drawn page beside its score.
pub(crate) struct PageFacts<'a> {
    pub(crate) name: String,
    pub(crate) defects: Vec<&'static str>,
    pub(crate) reading: Option<&'a PageReading>,
    /// Names of the fields that people would see.
    pub(crate) shown: BTreeSet<&'a str>,
}

/// Counts over many pages; small whatever their number, but for the list of names when that is wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) pages: u64,
    pub(crate) unread: u64,
    pub(crate) all: Group,
    pub(crate) classes: BTreeMap<String, Group>,
    pub(crate) defects: BTreeMap<&'static str, (u64, Group)>,
    /// By class and cause: shown fields, and those of them that are right.
    pub(crate) causes: BTreeMap<(String, String), (u64, u64)>,
    pub(crate) reliability: Reliability,
    pub(crate) named: Vec<Named>,
}

impl Tally {
    /// Counts a page. `score` has every field of its form; of a page that was not read each field is shown. `list` keeps names.
    pub(crate) fn page(score: &PageScore, facts: &PageFacts<'_>, list: bool) -> Self {
        let mut out = Self { pages: 1, unread: u64::from(score.template.is_none()), ..Self::default() };
        let mut here = Group::default();
        for field in &score.fields {
            let reading = facts.reading.and_then(|r| r.field(&field.name));
            let unread = score.template.is_none();
            let shown = unread || facts.shown.contains(field.name.as_str());
            here.add(field, shown);
            out.classes.entry(field.class.clone()).or_default().add(field, shown);
            let cause = shown.then(|| reading.map_or_else(|| "page not read".to_owned(), cause));
            if let Some(cause) = &cause {
                let (count, right) = out.causes.entry((field.class.clone(), cause.clone())).or_default();
                *count += 1;
                *right += u64::from(field.value_right);
            }
            if list && (shown || is_wrong(field)) {
                out.named.push(Named { page: facts.name.clone(), field: field.clone(), cause, defects: facts.defects.clone() });
            }
            if let (Some(kind), false) = (field.kind, field.open) {
                let kind = super::reliability::kind_name(kind);
                out.reliability.add(kind, !field.expected.is_empty(), field.confidence, field.value_right);
            }
        }
        for defect in &facts.defects {
            out.defects.insert(defect, (1, here));
        }
        out.all = here;
        out
    }

    pub(crate) fn and(mut self, other: Self) -> Self {
        self.pages += other.pages;
        self.unread += other.unread;
        self.all.and(&other.all);
        for (name, group) in &other.classes {
            self.classes.entry(name.clone()).or_default().and(group);
        }
        for (name, (pages, group)) in &other.defects {
            let mine = self.defects.entry(name).or_default();
            mine.0 += pages;
            mine.1.and(group);
        }
        for (name, (count, right)) in &other.causes {
            let mine = self.causes.entry(name.clone()).or_default();
            *mine = (mine.0 + count, mine.1 + right);
        }
        self.reliability.and(&other.reliability);
        self.named.extend(other.named);
        self
    }
}

/// Why a field is shown: its doubts, else its confidence or the rule of its class.
fn cause(reading: &FieldReading) -> String {
    let words: BTreeSet<&str> = reading.doubts.iter().map(word).collect();
    if !words.is_empty() {
        return words.into_iter().collect::<Vec<_>>().join("+");
    }
    match reading.confidence.get() {
        p if p < 0.9 => "confidence below 0.9",
        p if p < 0.95 => "confidence 0.9 to 0.95",
        p if p < 0.99 => "confidence 0.95 to 0.99",
        _ => "rule of the class, or another value than expected",
    }
    .to_owned()
}

fn word(doubt: &Doubt) -> &'static str {
    match doubt {
        Doubt::Ambiguous { .. } => "ambiguous",
        Doubt::MultipleMarks => "multiple-marks",
        Doubt::Cancelled => "cancelled",
        Doubt::Overflow => "overflow",
        Doubt::NotPermitted { .. } => "not-permitted",
        Doubt::PatternFailed { .. } => "pattern-failed",
        Doubt::ChecksumFailed => "checksum-failed",
        Doubt::CodeUnreadable => "code-unreadable",
        Doubt::OffsetInk => "offset-ink",
        Doubt::CrossedOut { .. } => "crossed-out",
        Doubt::Gap { .. } => "gap",
        Doubt::Faint => "faint",
        Doubt::Missing => "missing",
        Doubt::Damaged => "damaged",
        Doubt::Disagrees { .. } => "disagrees",
    }
}
