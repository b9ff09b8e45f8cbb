//! How good an exam is: the remaining error rate out of the blind sample, and each verifier's own rate of slips.

use crate::controls::slipped;
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
    /// Slips of each verifier: in the sample, and among known answers on boards and at the fields station.
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
        let known = self.known_rates(Some(exam)).await?;
        for (who, shown, wrong) in sample.people.into_iter().chain(known) {
            let sum = people.entry(who).or_default();
            *sum = (sum.0 + shown, sum.1 + wrong);
        }
        let people = people.into_iter().map(|(who, (shown, wrong))| (who, Rate::of(shown, wrong))).collect();
        Ok(Quality { filled: sample.filled, empty: sample.empty, waiting: sample.waiting, people })
    }

    /// A person's own slips among known answers, in all exams.
    pub async fn own_rate(&self, user: UserId) -> Result<Rate> {
        let rates = self.known_rates(None).await?;
        let (shown, wrong) = rates.iter().filter(|r| r.0 == user).fold((0, 0), |sum, r| (sum.0 + r.1, sum.1 + r.2));
        Ok(Rate::of(shown, wrong))
    }

    /// Known answers that people saw again, and slips among them: characters on boards, and fields.
    async fn known_rates(&self, exam: Option<ExamId>) -> Result<Vec<(UserId, u64, u64)>> {
        let mut rates: Vec<_> = self.inner.store.controls(exam).await?.into_iter().map(|c| (c.user, c.shown, c.wrong)).collect();
        let fields = self.inner.store.control_answers(exam).await?;
        rates.extend(fields.iter().filter_map(|a| Some((a.user, 1, u64::from(slipped(a)?)))));
        Ok(rates)
    }
}

/// What an act says the field holds.
fn value(act: &VerdictAct) -> Option<&str> {
    match act {
        VerdictAct::Value { value } => Some(value),
        _ => None,
    }
}
