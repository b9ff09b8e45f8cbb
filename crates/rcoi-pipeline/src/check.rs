//! The reconciliation of an exam: facts out of the store, the pure rules, and the tasks that follow.

use crate::error::Result;
use crate::facts::ExamFacts;
use crate::pipeline::Pipeline;
use jiff::{SignedDuration, Timestamp};
use rcoi_model::{ExamId, ExamState};
use rcoi_rules::reconcile;
use rcoi_rules::reconcile::{KEY_PREFIX, Reconciled};
use rcoi_store::Synced;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// The automatic reconciliation rests so many times as long as it worked: it never takes more than a fifth of a core.
const REST: u32 = 4;

/// How often other processes' changes are looked for.
const LOOK: Duration = Duration::from_secs(1);
/// Clocks of machines may differ by so much, and a commit may take so long.
const OVERLAP: SignedDuration = SignedDuration::from_secs(30);

/// Reconciles exams by themselves: after the last change, when no page of the exam waits to be read.
pub(crate) async fn run(pipeline: Pipeline, cancel: CancellationToken) {
    let mut worked = Duration::ZERO;
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            () = pipeline.inner.nudge_check.notified() => {}
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(pipeline.inner.params.settle.max(worked * REST)) => {}
        }
        let begun = Instant::now();
        for exam in pipeline.take_changed() {
            match pipeline.reconcile_when_quiet(exam).await {
                Ok(()) => {}
                Err(error) => tracing::warn!(%exam, %error, "reconciliation failed"),
            }
        }
        worked = begun.elapsed();
    }
}

/// Sees what other processes did to pages, and has their exams reconciled. Runs until cancelled.
pub(crate) async fn watch(pipeline: Pipeline, cancel: CancellationToken) {
    let mut seen: BTreeMap<ExamId, (u64, Timestamp)> = BTreeMap::new();
    let mut since = Timestamp::UNIX_EPOCH;
    loop {
        match pipeline.inner.store.changed_exams(since).await {
            Ok(changed) => {
                for (exam, pages, last) in changed {
                    since = since.max(last.saturating_sub(OVERLAP).unwrap_or(last));
                    if seen.insert(exam, (pages, last)) != Some((pages, last)) {
                        pipeline.touched(exam);
                    }
                }
            }
            Err(error) => tracing::debug!(%error, "what other processes did is not known; asking again"),
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

impl Pipeline {
    async fn reconcile_when_quiet(&self, exam: ExamId) -> Result<()> {
        let busy = self.inner.store.exam_stats().await?.iter().any(|s| s.exam == exam && s.received > 0);
        // The last page read brings the exam here again.
        if !busy {
            self.reconcile(exam).await?;
        }
        Ok(())
    }

    /// Compares everything known about the exam and makes the senior's tasks equal to what does not agree.
    /// Idempotent. Does nothing for an exam that is closed.
    pub async fn reconcile(&self, exam: ExamId) -> Result<Synced> {
        let _one = self.inner.checking.lock().await;
        if self.inner.store.exam(exam).await?.state != ExamState::Open {
            return Ok(Synced::default());
        }
        let begun = Instant::now();
        let facts = self.facts(exam).await?;
        let found = compare(&facts);
        let tasks: Vec<_> = found.troubles.into_iter().map(|t| t.into_task(exam)).collect();
        let synced = self.inner.store.sync_tasks(exam, KEY_PREFIX, &tasks).await?;
        tracing::info!(
            %exam,
            troubles = tasks.len(),
            unplaced = found.unplaced.len(),
            new = synced.inserted + synced.reopened,
            obsolete = synced.obsolete,
            ms = begun.elapsed().as_millis() as u64,
            "reconciled"
        );
        Ok(synced)
    }
}

/// The pure comparison, without writing anything.
pub(crate) fn compare(facts: &ExamFacts) -> Reconciled {
    reconcile(&facts.plan, &facts.packets, &facts.sheets, &facts.settled, facts.policy.alike())
}
