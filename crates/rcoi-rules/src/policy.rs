//! Which readings a person must see. The table is data (`data/policy.toml`); this is its reader and its one decision.

use crate::expect::same_value;
use crate::persons::{Alike, AlikeRow};
use rcoi_model::{FieldReading, Role};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Shipped policy.
pub const DEFAULT_POLICY: &str = include_str!("../data/policy.toml");

/// When a person looks at a field. Meanings stand at the head of `data/policy.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum See {
    Never,
    Doubt,
    WhenSet,
    Always,
    Mismatch,
    Sheet,
}

impl See {
    pub const ALL: [Self; 6] = [Self::Never, Self::Doubt, Self::WhenSet, Self::Always, Self::Mismatch, Self::Sheet];

    /// As the table writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Doubt => "doubt",
            Self::WhenSet => "when-set",
            Self::Always => "always",
            Self::Mismatch => "mismatch",
            Self::Sheet => "sheet",
        }
    }
}

/// What one reading asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    pub station: Role,
    /// Two people, independently.
    pub double: bool,
}

/// The policy of one installation.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    table: PolicyTable,
    default: Rule,
    classes: BTreeMap<String, Rule>,
    fields: BTreeMap<String, Rule>,
    permitted: Vec<Permitted>,
    pub(crate) symbols: Symbols,
    pub(crate) sampling: Sampling,
    alike: Alike,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rule {
    pub(crate) see: See,
    pub(crate) threshold: f32,
    pub(crate) station: Role,
    pub(crate) double: bool,
    pub(crate) symbols: bool,
}

/// When characters are judged apart from their field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Symbols {
    /// A field with more doubtful characters than this is read as a whole.
    pub most: u32,
}

impl Default for Symbols {
    fn default() -> Self {
        Self { most: 3 }
    }
}

/// Which confident readings people see all the same, without knowing which. Shares, 0..=1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sampling {
    /// Of the fields with something in them.
    pub filled: f64,
    /// Of the empty ones.
    pub empty: f64,
    /// Known answers among the characters of a board, and known fields among those of a verifier.
    pub known: f64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { filled: 0.002, empty: 0.0002, known: 0.02 }
    }
}

/// How long a person takes, seconds. From it the person-hours of an exam are foretold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pace {
    /// A field at the fields station.
    pub field: f64,
    /// A character on a board.
    pub symbol: f64,
    /// A person whose form and register differ.
    pub person: f64,
    /// A sheet or a room at the senior station.
    pub sheet: f64,
    /// A whole form from beginning to end, without this program: what everything else is held against.
    pub form: f64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { field: 6.0, symbol: 0.8, person: 20.0, sheet: 45.0, form: 24.0 }
    }
}

/// Symbols that people may type, by class and subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permitted {
    pub class: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    pub symbols: String,
}

/// The table as it is written, row by row. [`Policy::of`] checks it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyTable {
    pub default: DefaultRow,
    #[serde(default)]
    pub symbols: Symbols,
    #[serde(default)]
    pub sampling: Sampling,
    #[serde(default)]
    pub pace: Pace,
    #[serde(default)]
    pub persons: AlikeRow,
    #[serde(default)]
    pub class: Vec<Row>,
    #[serde(default)]
    pub field: Vec<Row>,
    #[serde(default)]
    pub permitted: Vec<Permitted>,
}

/// What holds where a row says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefaultRow {
    pub see: See,
    pub threshold: f32,
    pub station: Role,
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    pub name: String,
    pub see: See,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub station: Option<Role>,
    #[serde(default)]
    pub double: bool,
    #[serde(default)]
    pub symbols: bool,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PolicyError {
    #[error("policy: {0}")]
    Syntax(String),
    #[error("policy: '{name}': threshold {value}: expected 0 to 1")]
    Threshold { name: String, value: String },
    #[error("policy: '{name}': station '{value}': expected verifier or senior")]
    Station { name: String, value: &'static str },
    #[error("policy: sampling: {name} = {value}: expected 0 to 1")]
    Share { name: &'static str, value: String },
    #[error("policy: pace: {name} = {value}: expected seconds, 0 to 3600")]
    Pace { name: &'static str, value: String },
    #[error("policy: '{0}' has two rows")]
    Repeated(String),
    #[error("policy: persons: '{0}': expected groups of two or more characters, each character in one group")]
    Alike(String),
}

impl Policy {
    /// Parses and checks a policy.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        Self::of(PolicyTable::parse(text)?)
    }

    /// Checks a table.
    pub fn of(table: PolicyTable) -> Result<Self, PolicyError> {
        let DefaultRow { see, threshold, station } = table.default;
        let default = checked("default", Rule { see, threshold, station, double: false, symbols: false })?;
        let Sampling { filled, empty, known } = table.sampling;
        for (name, share) in [("filled", filled), ("empty", empty), ("known", known)] {
            if !(0.0..=1.0).contains(&share) {
                return Err(PolicyError::Share { name, value: share.to_string() });
            }
        }
        let Pace { field, symbol, person, sheet, form } = table.pace;
        for (name, seconds) in [("field", field), ("symbol", symbol), ("person", person), ("sheet", sheet), ("form", form)] {
            if !(0.0..=3600.0).contains(&seconds) {
                return Err(PolicyError::Pace { name, value: seconds.to_string() });
            }
        }
        Ok(Self {
            classes: rules(&table.class, default)?,
            fields: rules(&table.field, default)?,
            default,
            permitted: table.permitted.clone(),
            symbols: table.symbols,
            sampling: table.sampling,
            alike: Alike::of(&table.persons).map_err(PolicyError::Alike)?,
            table,
        })
    }

    /// The table it was made of.
    #[must_use]
    pub fn table(&self) -> &PolicyTable {
        &self.table
    }

    /// How long people take.
    #[must_use]
    pub fn pace(&self) -> Pace {
        self.table.pace
    }

    /// What counts as the same in personal data.
    #[must_use]
    pub fn alike(&self) -> &Alike {
        &self.alike
    }

    /// The share of known answers on a board.
    #[must_use]
    pub fn known_share(&self) -> f64 {
        self.sampling.known
    }

    pub(crate) fn rule(&self, class: &str, field: &str) -> Rule {
        *self.fields.get(field).or_else(|| self.classes.get(class)).unwrap_or(&self.default)
    }

    /// Does this reading need a person? `expected` is what the exam already knows about the field, if anything.
    #[must_use]
    pub fn need(&self, reading: &FieldReading, expected: Option<&str>) -> Option<Need> {
        let rule = self.rule(&reading.class, &reading.name);
        let doubtful = reading.confidence.get() < rule.threshold || !reading.doubts.is_empty();
        let seen = match rule.see {
            See::Never | See::Sheet => false,
            See::Doubt => doubtful,
            See::WhenSet => doubtful || !reading.value.is_empty(),
            See::Always => true,
            See::Mismatch => expected.map_or(doubtful, |e| !self.same(&reading.class, e, &reading.value)),
        };
        seen.then_some(Need { station: rule.station, double: rule.double })
    }

    /// Is this what the exam knows? Personal data are held against the register here as they are at their own station.
    fn same(&self, class: &str, known: &str, read: &str) -> bool {
        match class {
            "person" | "document" => self.alike.same(known, read),
            _ => same_value(known, read),
        }
    }

    /// Symbols a person may type: the policy's row for class and subject, else `alphabet` of the template.
    #[must_use]
    pub fn permitted<'a>(&'a self, class: &str, subject: &str, alphabet: &'a str) -> &'a str {
        self.permitted
            .iter()
            .filter(|p| p.class == class && p.subject.as_deref().is_none_or(|s| s == subject))
            .max_by_key(|p| p.subject.is_some())
            .map_or(alphabet, |p| p.symbols.as_str())
    }
}

impl PolicyTable {
    /// Reads a table; its rows are checked by [`Policy::of`].
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        toml::from_str(text).map_err(|e| PolicyError::Syntax(e.to_string().trim().to_owned()))
    }
}

fn rules(rows: &[Row], default: Rule) -> Result<BTreeMap<String, Rule>, PolicyError> {
    let mut out = BTreeMap::new();
    for row in rows {
        let rule = Rule {
            see: row.see,
            threshold: row.threshold.unwrap_or(default.threshold),
            station: row.station.unwrap_or(default.station),
            double: row.double,
            symbols: row.symbols,
        };
        let rule = checked(&row.name, rule)?;
        if out.insert(row.name.clone(), rule).is_some() {
            return Err(PolicyError::Repeated(row.name.clone()));
        }
    }
    Ok(out)
}

fn checked(name: &str, rule: Rule) -> Result<Rule, PolicyError> {
    if !(0.0..=1.0).contains(&rule.threshold) {
        return Err(PolicyError::Threshold { name: name.to_owned(), value: rule.threshold.to_string() });
    }
    if !matches!(rule.station, Role::Verifier | Role::Senior) {
        return Err(PolicyError::Station { name: name.to_owned(), value: rule.station.as_str() });
    }
    Ok(rule)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcoi_model::{Confidence, Doubt, FieldKind, Quad};

    fn policy() -> Policy {
        Policy::parse(DEFAULT_POLICY).unwrap()
    }

    fn reading(class: &str, value: &str, confidence: f32, doubts: Vec<Doubt>) -> FieldReading {
        FieldReading {
            name: format!("{class}-1"),
            kind: FieldKind::Cells,
            class: class.into(),
            value: value.into(),
            confidence: Confidence::new(confidence),
            doubts,
            area: Quad::default(),
            chars: vec![],
            marks: vec![],
        }
    }

    #[test]
    fn a_double_mark_waits_for_a_verifier_and_a_sure_answer_does_not() {
        let p = policy();
        let need = p.need(&reading("answer", "2", 1.0, vec![Doubt::MultipleMarks]), None).unwrap();
        assert_eq!(need.station, Role::Verifier);
        assert!(p.need(&reading("answer", "2", 0.9, vec![]), None).is_some());
        assert!(p.need(&reading("answer", "2", 0.999, vec![]), None).is_none());
    }

    #[test]
    fn a_set_event_mark_is_always_seen_and_a_signature_never() {
        let p = policy();
        assert!(p.need(&reading("event", "1", 1.0, vec![]), None).is_some());
        assert!(p.need(&reading("event", "", 1.0, vec![]), None).is_none());
        assert!(p.need(&reading("replacement-number", "7", 1.0, vec![]), None).is_some());
        assert!(p.need(&reading("signature", "", 0.0, vec![Doubt::Missing]), None).is_none());
    }

    #[test]
    fn a_faint_name_that_equals_the_roster_needs_nobody() {
        let p = policy();
        assert!(p.need(&reading("person", "ИВАНОВ", 0.3, vec![Doubt::Ambiguous { cells: vec![0] }]), Some("Иванов")).is_none());
        assert!(p.need(&reading("person", "ИВАНОВ", 1.0, vec![]), Some("Петров")).is_some());
        assert!(p.need(&reading("person", "ИВАНОВ", 0.3, vec![]), None).is_some());
    }

    #[test]
    fn permitted_symbols_of_the_subject_beat_the_alphabet() {
        let text = "[default]\nsee='doubt'\nthreshold=0.9\nstation='verifier'\n[[permitted]]\nclass='answer'\nsubject='22'\nsymbols='0123456789-,'\n";
        let p = Policy::parse(text).unwrap();
        assert_eq!(p.permitted("answer", "22", "АБВ"), "0123456789-,");
        assert_eq!(p.permitted("answer", "01", "АБВ"), "АБВ");
    }

    #[test]
    fn a_bad_policy_is_refused_with_the_row() {
        let head = "[default]\nsee='doubt'\nthreshold=0.9\nstation='verifier'\n";
        let station = format!("{head}[[class]]\nname='answer'\nsee='doubt'\nstation='head'\n");
        assert_eq!(Policy::parse(&station).unwrap_err().to_string(), "policy: 'answer': station 'head': expected verifier or senior");
        let level = format!("{head}[[class]]\nname='answer'\nsee='doubt'\nthreshold=9.0\n");
        assert!(matches!(Policy::parse(&level), Err(PolicyError::Threshold { .. })));
        assert!(Policy::parse(&format!("{head}[[class]]\nname='answer'\nsee='sometimes'\n")).is_err());
        let alike = Policy::parse(&format!("{head}[persons]\nalike=['её', 'ёо']\n")).unwrap_err();
        assert_eq!(alike, PolicyError::Alike("ёо".to_owned()));
        let share = Policy::parse(&format!("{head}[sampling]\nfilled=2.0\n")).unwrap_err();
        assert_eq!(share.to_string(), "policy: sampling: filled = 2: expected 0 to 1");
        let pace = Policy::parse(&format!("{head}[pace]\nfield=-1.0\n")).unwrap_err();
        assert_eq!(pace.to_string(), "policy: pace: field = -1: expected seconds, 0 to 3600");
    }

    #[test]
    fn the_table_writes_what_it_names() {
        for see in See::ALL {
            assert_eq!(serde_json::to_string(&see).unwrap(), format!("\"{}\"", see.as_str()));
        }
    }

    #[test]
    fn a_table_written_again_is_the_same_policy() {
        let table = PolicyTable::parse(DEFAULT_POLICY).unwrap();
        let again = PolicyTable::parse(&toml::to_string(&table).unwrap()).unwrap();
        assert_eq!(Policy::of(again).unwrap(), policy());
    }
}
