//! Verification policies of exams: which holds, what another one would cost people, and the way of a new one to the pages
//! that were read before it.

use crate::error::{PipelineError, Result};
use crate::field_tasks::{field_of, field_tasks};
use crate::pipeline::{Pipeline, lock};
use rcoi_model::{ExamId, PacketId, Page, PageReading, PageState, Role, Task, UserId};
use rcoi_rules::{Expectations, PacketFacts, Policy, PolicyTable};
use rcoi_store::{PolicyRow, StoreError};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How often changes are looked for that another process left half done.
const LOOK: Duration = Duration::from_secs(30);
/// A process carries a change for so long at a time. Dead, it holds the others up for no longer.
const CARRIED: Duration = Duration::from_secs(20);
/// Pages whose tasks are made anew in one transaction.
const STEP: u32 = 50;
/// Pages that a forecast looks at: ids are hashes, so the first ones are a fair sample of the exam.
const SAMPLE: u32 = 600;

/// What a policy asks of people, on the pages that were looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Load {
    /// Fields with something in them.
    pub filled: u64,
    /// Fields that people see, the empty ones among them included.
    pub shown: u64,
    /// Of them, those with something in them.
    pub shown_filled: u64,
    /// Of all shown: judged character by character on boards.
    pub on_boards: u64,
    /// Characters on those boards.
    pub symbols: u64,
    /// Second, independent readings.
    pub second: u64,
    /// Tasks for the senior.
    pub senior: u64,
    /// Seconds of people's time.
    pub seconds: f64,
}

/// What a policy would ask, beside what the present one asks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Preview {
    /// Pages that were looked at; 0 = nothing has been read yet.
    pub looked_at: u64,
    /// Pages of the exam that the figures are foretold for.
    pub pages: u64,
    pub now: Load,
    pub then: Load,
}

impl Preview {
    /// Hours of people's time for all pages, foretold from those that were looked at.
    #[must_use]
    pub fn hours(&self, load: &Load) -> f64 {
        if self.looked_at == 0 { 0.0 } else { load.seconds / 3600.0 * self.pages as f64 / self.looked_at as f64 }
    }
}

/// The policy that holds for an exam, and the number of the change that brought it (0 = the installation's ever since).
#[derive(Debug, Clone)]
pub(crate) struct Holds {
    pub(crate) seq: i64,
    pub(crate) policy: Arc<Policy>,
}

/// Applies policies that wait for it. Runs until cancelled.
pub(crate) async fn run(pipeline: Pipeline, cancel: CancellationToken) {
    let carrier = uuid::Uuid::now_v7().to_string();
    loop {
        match pipeline.inner.store.pending_policies().await {
            Ok(pending) => {
                for (exam, row) in pending {
                    if let Err(error) = pipeline.apply(exam, &row, &carrier, &cancel).await {
                        tracing::warn!(%exam, %error, "policy not applied yet");
                    }
                }
            }
            Err(error) => tracing::debug!(%error, "changed policies are not known; asking again"),
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = pipeline.inner.nudge_policy.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

impl Pipeline {
    /// The installation's policy.
    #[must_use]
    pub fn installed_policy(&self) -> &Policy {
        &self.inner.policy
    }

    /// The policy that holds for an exam.
    pub async fn policy_of(&self, exam: ExamId) -> Result<Arc<Policy>> {
        Ok(self.holding(exam).await?.policy)
    }

    /// As [`Pipeline::policy_of`], with its number, as it was a moment ago at most.
    pub(crate) async fn holding(&self, exam: ExamId) -> Result<Holds> {
        if let Some((at, holds)) = lock(&self.inner.policies).get(&exam)
            && at.elapsed() < self.inner.params.policy_kept
        {
            return Ok(holds.clone());
        }
        let row = self.inner.store.policy(exam).await?;
        let seq = row.as_ref().map_or(0, |row| row.seq);
        let policy = match row.and_then(|row| row.document) {
            None => self.inner.policy.clone(),
            Some(text) => Arc::new(parsed(&text)?),
        };
        let holds = Holds { seq, policy };
        lock(&self.inner.policies).insert(exam, (Instant::now(), holds.clone()));
        Ok(holds)
    }

    /// What is remembered of an exam's policy is out of date.
    pub(crate) fn forget_policy(&self, exam: ExamId) {
        lock(&self.inner.policies).remove(&exam);
    }

    /// Sets the policy of an open exam, `None` = the installation's. Pages that were read before follow within seconds to
    /// minutes; until then the exam does not close.
    ///
    /// # Errors
    /// A row of the table is wrong; the exam is closed.
    pub async fn set_policy(&self, exam: ExamId, table: Option<&PolicyTable>, by: UserId) -> Result<()> {
        let document = table.map(|table| checked(table).and_then(|_| written(table))).transpose()?;
        self.inner.store.set_policy(exam, document.as_deref(), by).await?;
        self.forget_policy(exam);
        self.inner.nudge_policy.notify_one();
        Ok(())
    }

    /// What another policy would ask of people.
    ///
    /// # Errors
    /// A row of the table is wrong.
    pub async fn preview(&self, exam: ExamId, table: &PolicyTable) -> Result<Preview> {
        let (now, then) = (self.policy_of(exam).await?, checked(table)?);
        let (looked_at, loads) = self.loads(exam, &[&*now, &then]).await?;
        let [now, then] = [0, 1].map(|at| loads.get(at).copied().unwrap_or_default());
        Ok(Preview { looked_at, pages: self.pages_in_work(exam).await?, now, then })
    }

    /// Pages of an exam that are not excluded.
    pub(crate) async fn pages_in_work(&self, exam: ExamId) -> Result<u64> {
        let stats = self.inner.store.exam_stats().await?.into_iter().find(|s| s.exam == exam);
        Ok(stats.map_or(0, |s| s.scanned - s.excluded))
    }

    /// How many pages were looked at, and what each of these policies asks of people on them.
    pub(crate) async fn loads(&self, exam: ExamId, policies: &[&Policy]) -> Result<(u64, Vec<Load>)> {
        let plan = self.indexed(exam).await?;
        let packets = self.packet_facts(exam).await?;
        let readings = self.inner.store.readings(exam, None, SAMPLE).await?;
        let expect = plan.expect();
        let mut loads = vec![Load::default(); policies.len()];
        for (page, reading) in &readings {
            let page = self.inner.store.page(*page).await?;
            for (policy, load) in policies.iter().zip(&mut loads) {
                let tasks = self.tasks_of(policy, &expect, &packets, &page, reading);
                add(load, policy, reading, &tasks.unwrap_or_default());
            }
        }
        Ok((readings.len() as u64, loads))
    }

    /// Looks again at every page that was read before the policy changed: from where a process that is no more had come to.
    async fn apply(&self, exam: ExamId, row: &PolicyRow, carrier: &str, cancel: &CancellationToken) -> Result<()> {
        // A page that is read meanwhile by an older one is refused by the store and thought about again.
        self.forget_policy(exam);
        let (holds, plan) = (self.holding(exam).await?, self.indexed(exam).await?);
        if holds.seq != row.seq {
            return Ok(());
        }
        let packets = self.packet_facts(exam).await?;
        let expect = plan.expect();
        let (mut added, mut withdrawn, mut passed_over) = (0, 0, 0);
        loop {
            if cancel.is_cancelled() {
                return Ok(());
            }
            // Another process has it, or another change holds by now.
            let Some(after) = self.inner.store.carry_policy(exam, row.seq, carrier, CARRIED).await? else { return Ok(()) };
            let readings = self.inner.store.readings(exam, after, STEP).await?;
            let Some((last, _)) = readings.last() else { break };
            let mut pages = Vec::with_capacity(readings.len());
            for (page, reading) in &readings {
                let page = self.inner.store.page(*page).await?;
                match self.tasks_of(&holds.policy, &expect, &packets, &page, reading) {
                    Some(tasks) => pages.push((page.id, tasks)),
                    None => passed_over += 1,
                }
            }
            let revised = match self.inner.store.revise_tasks(exam, holds.seq, &pages, Some(*last)).await {
                // Another change came: it waits to be applied itself.
                Err(StoreError::OtherPolicy) => return Ok(()),
                revised => revised?,
            };
            (added, withdrawn) = (added + revised.added, withdrawn + revised.withdrawn);
        }
        self.inner.store.policy_applied(exam, row.seq).await?;
        self.touched(exam);
        tracing::info!(%exam, seq = row.seq, added, withdrawn, passed_over, "policy applied");
        Ok(())
    }

    async fn packet_facts(&self, exam: ExamId) -> Result<BTreeMap<PacketId, PacketFacts>> {
        let packets = self.inner.store.packets(exam).await?;
        let facts = packets.into_iter().map(|p| (p.id, PacketFacts { id: p.id, ppe: p.ppe, room: p.room, declared: p.declared }));
        Ok(facts.collect())
    }

    /// The tasks that a policy makes of a stored reading; `None` when that cannot be told (its form is not known here, or
    /// another process has just taken the page out of the work): such a page keeps the tasks it has.
    fn tasks_of(
        &self,
        policy: &Policy,
        expect: &Expectations<'_>,
        packets: &BTreeMap<PacketId, PacketFacts>,
        page: &Page,
        reading: &PageReading,
    ) -> Option<Vec<Task>> {
        let template = reading.template.as_ref().and_then(|id| self.inner.templates.get(id));
        let (Some(template), Some(packet), PageState::Read) = (template, packets.get(&page.packet), page.state) else {
            return None;
        };
        Some(field_tasks(policy, expect, packet, page, template, reading))
    }
}

/// Adds what the tasks of one page ask of people.
fn add(load: &mut Load, policy: &Policy, reading: &PageReading, tasks: &[Task]) {
    load.filled += reading.fields.iter().filter(|f| !f.value.is_empty()).count() as u64;
    let pace = policy.pace();
    for task in tasks {
        let Some(field) = field_of(&task.key).and_then(|name| reading.field(name)) else { continue };
        if task.key.ends_with("/2") {
            load.second += 1;
            load.seconds += pace.field;
            continue;
        }
        load.shown += 1;
        load.shown_filled += u64::from(!field.value.is_empty());
        load.senior += u64::from(task.station == Role::Senior);
        let apart = if task.station == Role::Verifier && task.key.starts_with("field/") { policy.apart(field).len() } else { 0 };
        if apart == 0 {
            load.seconds += pace.field;
        } else {
            load.on_boards += 1;
            load.symbols += apart as u64;
            load.seconds += pace.symbol * apart as f64;
        }
    }
}

fn parsed(document: &str) -> Result<Policy> {
    let broken = PipelineError::UnknownPolicy;
    let table: PolicyTable = serde_json::from_str(document).map_err(|e| broken(e.to_string()))?;
    Policy::of(table).map_err(|e| broken(e.to_string()))
}

pub(crate) fn checked(table: &PolicyTable) -> Result<Policy> {
    Policy::of(table.clone()).map_err(|e| PipelineError::Refused(e.to_string()))
}

fn written(table: &PolicyTable) -> Result<String> {
    serde_json::to_string(table).map_err(|e| PipelineError::Internal(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_foretold_for_all_pages() {
        let load = Load { seconds: 3600.0, ..Load::default() };
        let preview = Preview { looked_at: 100, pages: 250, now: load, then: load };
        assert!((preview.hours(&load) - 2.5).abs() < 1e-9);
        assert_eq!(Preview { looked_at: 0, ..preview }.hours(&load), 0.0);
    }
}
