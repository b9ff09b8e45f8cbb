//! What a hand puts into one field, and what the truth says about it.

use crate::marks::{self, MarkShape};
use rcoi_template::FieldSpec;

/// One field as it was filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Text for cells (beyond the last one when there is too much of it), the value of a box, `1` for ink and image fields.
    Plain(String),
    /// A character written wrongly in cell `at` (from 0) and struck out; the text goes on in the next cell.
    Corrected { text: String, at: usize, wrong: char },
    /// All of it struck out: counts as empty.
    CrossedOut(String),
    /// Boxes by value, each marked in a way of its own.
    Marked(Vec<(String, MarkShape)>),
}

impl Entry {
    /// The value as a person reads it, and whether only a person can settle it: a reader that is sure there is wrong.
    pub(crate) fn meaning(&self, spec: Option<&FieldSpec>) -> (String, bool) {
        match (self, spec) {
            (Self::Plain(text), Some(FieldSpec::Cells(cells))) => (text.clone(), text.chars().count() > cells.cells.len()),
            (Self::Plain(text), _) => (text.clone(), false),
            (Self::Corrected { text, .. }, _) => (text.clone(), true),
            (Self::CrossedOut(_), _) => (String::new(), true),
            (Self::Marked(marks), Some(FieldSpec::Marks(field))) => marks::meaning(field, marks),
            (Self::Marked(_), _) => (String::new(), true),
        }
    }
}
