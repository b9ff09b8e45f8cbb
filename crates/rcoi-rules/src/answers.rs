//! Final answers of one short-answer sheet: a replacement beats the row, the last replacement beats earlier ones.

use crate::effective::FieldValue;
use std::collections::BTreeMap;

/// One task's answer as written and as it counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FinalAnswer {
    /// What stands in the row of the task.
    pub written: String,
    /// What the last replacement of the task says; `None` when it was not replaced.
    pub replaced: Option<String>,
}

impl FinalAnswer {
    /// The answer that counts.
    #[must_use]
    pub fn value(&self) -> &str {
        self.replaced.as_deref().unwrap_or(&self.written)
    }
}

/// Replacement rows in their order: row number, task number as written, answer. Rows with neither are left out.
#[must_use]
pub fn replacements(fields: &BTreeMap<String, FieldValue>) -> Vec<(u32, String, String)> {
    let text = |name: String| fields.get(&name).map(|f| f.value.trim().to_owned()).unwrap_or_default();
    let mut rows: Vec<u32> = fields.keys().filter_map(|k| k.strip_prefix("replacement-")?.strip_suffix("-number")?.parse().ok()).collect();
    rows.sort_unstable();
    rows.into_iter()
        .map(|row| (row, text(format!("replacement-{row}-number")), text(format!("replacement-{row}-answer"))))
        .filter(|(_, number, answer)| !number.is_empty() || !answer.is_empty())
        .collect()
}

/// Answers 1..=`count` of a sheet. A replacement of a task outside that range changes nothing (the reconciliation reports it).
#[must_use]
pub fn final_answers(fields: &BTreeMap<String, FieldValue>, count: u32) -> BTreeMap<u32, FinalAnswer> {
    let mut answers: BTreeMap<u32, FinalAnswer> = (1..=count)
        .map(|n| {
            let written = fields.get(&format!("answer-{n}")).map(|f| f.value.clone()).unwrap_or_default();
            (n, FinalAnswer { written, replaced: None })
        })
        .collect();
    for (_, number, answer) in replacements(fields) {
        if let Some(entry) = number.parse::<u32>().ok().and_then(|n| answers.get_mut(&n)) {
            entry.replaced = Some(answer);
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effective::ValueSource;

    fn fields(pairs: &[(&str, &str)]) -> BTreeMap<String, FieldValue> {
        pairs
            .iter()
            .map(|(k, v)| {
                let value = FieldValue { class: String::new(), value: (*v).to_owned(), source: ValueSource::Machine, waiting: false };
                ((*k).to_owned(), value)
            })
            .collect()
    }

    #[test]
    fn the_last_replacement_of_a_task_counts_and_the_row_is_kept() {
        let fields = fields(&[
            ("answer-1", "12"),
            ("answer-2", "5"),
            ("replacement-1-number", "1"),
            ("replacement-1-answer", "13"),
            ("replacement-2-number", "01"),
            ("replacement-2-answer", "14"),
            ("replacement-3-number", "39"),
            ("replacement-3-answer", "9"),
        ]);
        let answers = final_answers(&fields, 2);
        assert_eq!(answers[&1].value(), "14");
        assert_eq!(answers[&1].written, "12");
        assert_eq!(answers[&2].value(), "5");
        assert_eq!(answers.len(), 2);
    }
}
