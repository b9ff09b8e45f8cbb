//! The closing gate and the closing itself.

use crate::error::{PipelineError, Result};
use crate::pipeline::Pipeline;
use rcoi_model::{ExamId, ExamState, TaskSubject, UserId};
use rcoi_rules::{Block, Clock, GateFacts, clock, gate};
use rcoi_store::ExamStats;

/// Where an exam stands before its gate.
#[derive(Debug, Clone)]
pub struct ExamGate {
    pub state: ExamState,
    pub stats: ExamStats,
    pub clock: Clock,
    /// Empty: the exam may be closed.
    pub blocks: Vec<Block>,
}

impl Pipeline {
    /// Reconciles the exam and lists what blocks its closing. `now` is civil time of the region.
    pub async fn gate(&self, exam: ExamId, now: jiff::civil::DateTime) -> Result<ExamGate> {
        self.reconcile(exam).await?;
        let row = self.inner.store.exam(exam).await?;
        let missing = || PipelineError::Internal(format!("no figures for exam {exam}"));
        let stats = self.inner.store.exam_stats().await?.into_iter().find(|s| s.exam == exam).ok_or_else(missing)?;
        let (mut fields, mut sheets, mut rooms, mut persons) = (0, 0, 0, 0);
        for task in self.inner.store.open_tasks(exam).await? {
            match task.subject {
                TaskSubject::Field { .. } => fields += 1,
                TaskSubject::Sheet { .. } => sheets += 1,
                TaskSubject::Room { .. } => rooms += 1,
                TaskSubject::Person { .. } => persons += 1,
            }
        }
        let facts = GateFacts {
            state: row.state,
            pages: stats.scanned - stats.excluded,
            received: stats.received,
            set_aside: stats.set_aside,
            open_fields: fields,
            open_sheets: sheets,
            open_rooms: rooms,
            open_persons: persons,
            policy_pending: self.inner.store.policy(exam).await?.is_some_and(|p| !p.applied),
            reconciled: true,
        };
        Ok(ExamGate { state: row.state, clock: clock(row.plan.date, row.plan.limit_days, now), stats, blocks: gate(&facts) })
    }

    /// Closes the exam, or refuses with the list of what is still open. A closed exam never opens again.
    pub async fn close(&self, exam: ExamId, by: Option<UserId>, now: jiff::civil::DateTime) -> Result<()> {
        let gate = self.gate(exam, now).await?;
        if !gate.blocks.is_empty() {
            return Err(PipelineError::Blocked(gate.blocks));
        }
        self.inner.store.advance_exam(exam, ExamState::Open, ExamState::Closed, by).await?;
        tracing::info!(%exam, "exam closed");
        Ok(())
    }
}
