//! How good an exam is: the remaining error rate out of the blind sample, and each verifier's own rate of slips.

use crate::error::Result;
use crate::pipeline::Pipeline;
use rcoi_model::{ExamId, TaskSubject, UserId, VerdictAct};
use rcoi_rules::{Rate, Sampled, sum_up};
use std::collections::BTreeMap;

/// What is known of the quality of an exam.
#[derive(Debug, Clone, PartialEq)]
pub struct Quality {
    /// Confident fields with something in them that people saw blindly.
    pub filled: Rate,
    /// Confident empty fields.
    pub empty: Rate,
    /// Fields of the sample without an answer yet.
    pub waiting: u64,
    /// Slips of each verifier: in the sample and among known answers.
    pub people: Vec<(UserId, Rate)>,
}

impl Pipeline {
    /// The quality of an exam, as far as it is known.
    pub async fn quality(&self, exam: ExamId) -> Result<Quality> {
        let rows = self.inner.store.samples(exam).await?;
        let sampled = rows.iter().filter_map(|row| {
            let TaskSubject::Field { value: machine, .. } = &row.subject else { return None };
            let said = row.said.as_ref().and_then(|(who, act)| Some((*who, value(act)?)));
            Some(Sampled { machine, said, settled: row.settled.as_ref().and_then(value) })
        });
        let sample = sum_up(sampled);
        let mut people: BTreeMap<UserId, (u64, u64)> = BTreeMap::new();
        let known = self.inner.store.controls(Some(exam)).await?.into_iter().map(|c| (c.user, c.shown, c.wrong));
        for (who, shown, wrong) in sample.people.into_iter().chain(known) {
            let sum = people.entry(who).or_default();
            *sum = (sum.0 + shown, sum.1 + wrong);
        }
        let people = people.into_iter().map(|(who, (shown, wrong))| (who, Rate::of(shown, wrong))).collect();
        Ok(Quality { filled: sample.filled, empty: sample.empty, waiting: sample.waiting, people })
    }
}

/// What an act says the field holds.
fn value(act: &VerdictAct) -> Option<&str> {
    match act {
        VerdictAct::Value { value } => Some(value),
        _ => None,
    }
}
