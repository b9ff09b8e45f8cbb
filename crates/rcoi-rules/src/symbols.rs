//! Which characters of a doubtful field can be judged apart from it: the eye needs the one cell, not the whole answer.

use crate::policy::Policy;
use rcoi_model::{CharReading, Doubt, FieldKind, FieldReading};
use std::collections::BTreeSet;

impl Policy {
    /// Places (from 0) of the characters that make a field doubtful, when each can be judged by itself; empty: the field
    /// must be seen whole. The characters left out are together as sure as the field must be.
    #[must_use]
    pub fn apart(&self, field: &FieldReading) -> Vec<u32> {
        let rule = self.rule(&field.class, &field.name);
        if !rule.symbols || rule.double || field.kind != FieldKind::Cells {
            return Vec::new();
        }
        let mut doubtful = BTreeSet::new();
        for doubt in &field.doubts {
            match doubt {
                Doubt::Ambiguous { cells } => doubtful.extend(cells.iter().copied()),
                _ => return Vec::new(),
            }
        }
        let written: Vec<char> = field.value.chars().collect();
        // The value is the cells, one by one; else a place in it would name another cell.
        if written.len() > field.chars.len() || !written.iter().zip(&field.chars).all(|(c, cell)| *c == as_written(cell)) {
            return Vec::new();
        }
        weakest(&field.chars[..written.len()], rule.threshold, &mut doubtful);
        let fine =
            |cell: &u32| field.chars.get(*cell as usize).is_some_and(|c| !c.empty && c.ch.is_some() && (*cell as usize) < written.len());
        if doubtful.len() > self.symbols.most as usize || !doubtful.iter().all(fine) {
            return Vec::new();
        }
        doubtful.into_iter().collect()
    }
}

/// A cell as it stands in the value of its field.
fn as_written(cell: &CharReading) -> char {
    if cell.empty { ' ' } else { cell.ch.unwrap_or('?') }
}

/// Adds the least sure characters until the rest is together at least as sure as `threshold`.
fn weakest(cells: &[CharReading], threshold: f32, doubtful: &mut BTreeSet<u32>) {
    let sure = |doubtful: &BTreeSet<u32>| -> f32 {
        let rest = cells.iter().enumerate().filter(|(i, _)| !doubtful.contains(&(*i as u32)));
        rest.map(|(_, cell)| cell.confidence.get()).product()
    };
    while sure(doubtful) < threshold {
        let rest = cells.iter().enumerate().filter(|(i, _)| !doubtful.contains(&(*i as u32)));
        let Some((i, _)) = rest.min_by(|a, b| a.1.confidence.get().total_cmp(&b.1.confidence.get())) else { return };
        doubtful.insert(i as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::DEFAULT_POLICY;
    use rcoi_model::{Confidence, Quad};

    /// An answer of cells with their confidences; a space is an empty cell.
    fn answer(cells: &[(char, f32)], doubts: Vec<Doubt>) -> FieldReading {
        let cell = |(c, confidence): &(char, f32)| CharReading {
            ch: (*c != ' ').then_some(*c),
            empty: *c == ' ',
            confidence: Confidence::new(*confidence),
            rivals: vec![],
            area: Quad::default(),
        };
        let value: String = cells.iter().map(|c| c.0).collect();
        FieldReading {
            name: "answer-1".into(),
            kind: FieldKind::Cells,
            class: "answer".into(),
            value: value.trim_end().into(),
            confidence: Confidence::new(0.5),
            doubts,
            area: Quad::default(),
            chars: cells.iter().map(cell).collect(),
            marks: vec![],
        }
    }

    fn apart(field: &FieldReading) -> Vec<u32> {
        Policy::parse(DEFAULT_POLICY).unwrap().apart(field)
    }

    #[test]
    fn the_characters_in_doubt_and_the_weakest_ones_are_judged_apart() {
        let sure = 0.9999;
        assert_eq!(apart(&answer(&[('1', 0.6), ('2', sure), (' ', sure)], vec![])), [0]);
        let named = answer(&[('1', 0.9), ('2', sure), ('3', 0.97)], vec![Doubt::Ambiguous { cells: vec![0] }]);
        assert_eq!(apart(&named), [0, 2], "0.97 alone is below the threshold of an answer");
        let enough = answer(&[('1', 0.9), ('2', 0.995), ('3', 0.995)], vec![]);
        assert_eq!(apart(&enough), [0], "the rest is 0.99 together");
    }

    #[test]
    fn a_field_with_another_doubt_or_too_many_is_seen_whole() {
        assert!(apart(&answer(&[('1', 0.6)], vec![Doubt::Overflow])).is_empty());
        assert!(apart(&answer(&[('1', 0.6), ('2', 0.6), ('3', 0.6), ('4', 0.6)], vec![])).is_empty());
        let empty = answer(&[('1', 0.99), (' ', 0.5), ('3', 0.99)], vec![Doubt::Ambiguous { cells: vec![1] }]);
        assert!(apart(&empty).is_empty(), "an empty cell in doubt may hold a character");
        let beyond = answer(&[('1', 0.99), (' ', 0.5)], vec![Doubt::Ambiguous { cells: vec![1] }]);
        assert!(apart(&beyond).is_empty());
    }

    #[test]
    fn a_value_that_is_not_its_cells_is_seen_whole() {
        let mut odd = answer(&[('1', 0.6), ('2', 0.9)], vec![]);
        odd.value = "17".into();
        assert!(apart(&odd).is_empty());
        odd.class = "person".into();
        odd.value = "12".into();
        assert!(apart(&odd).is_empty(), "the row of names does not ask for it");
    }
}
