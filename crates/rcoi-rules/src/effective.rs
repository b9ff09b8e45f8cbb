//! The value that counts: the machine's, or the latest a person gave. Neither destroys the other.

use rcoi_model::{FieldReading, VerdictAct};
use serde::{Deserialize, Serialize};

/// Where a final value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueSource {
    Machine,
    Person,
}

/// The value of a field that counts now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldValue {
    /// Policy class of the field.
    pub class: String,
    pub value: String,
    pub source: ValueSource,
    /// A person is still to look at it: what depends on it waits.
    pub waiting: bool,
}

/// Combines the reading with the acts of people about this field, oldest first. `waiting` = an open task is about it.
#[must_use]
pub fn effective_field(reading: &FieldReading, acts: &[&VerdictAct], waiting: bool) -> FieldValue {
    let by_person = acts.iter().rev().find_map(|act| match act {
        VerdictAct::Value { value } => Some(value.clone()),
        _ => None,
    });
    let source = if by_person.is_some() { ValueSource::Person } else { ValueSource::Machine };
    FieldValue { class: reading.class.clone(), value: by_person.unwrap_or_else(|| reading.value.clone()), source, waiting }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcoi_model::{Confidence, FieldKind, Quad};

    fn reading(value: &str) -> FieldReading {
        FieldReading {
            name: "answer-1".into(),
            kind: FieldKind::Cells,
            class: "answer".into(),
            value: value.into(),
            confidence: Confidence::new(0.5),
            doubts: vec![],
            area: Quad::default(),
            chars: vec![],
            marks: vec![],
        }
    }

    #[test]
    fn the_latest_value_of_a_person_counts_and_a_pass_does_not_erase_it() {
        let (a, b) = (VerdictAct::Value { value: "1".into() }, VerdictAct::Value { value: "7".into() });
        let pass = VerdictAct::Pass { reason: "?".into() };
        let field = effective_field(&reading("4"), &[&a, &b, &pass], true);
        assert_eq!((field.value.as_str(), field.source, field.waiting), ("7", ValueSource::Person, true));
        let machine = effective_field(&reading("4"), &[&pass], false);
        assert_eq!((machine.value.as_str(), machine.source), ("4", ValueSource::Machine));
    }
}
