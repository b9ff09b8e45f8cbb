//! Undo: a row that says a verdict does not count any more. Nothing is deleted.

use crate::audit::{self, event};
use crate::db::{Tx, args};
use crate::dialect::TASK_LOCKED;
use crate::error::{Result, StoreError, task_name};
use crate::exams::must_be_open;
use crate::rows::Undone;
use crate::store::Store;
use crate::tasks::{NOT_PERSONS, ONLY_PERSONS, Span};
use crate::{pages, tasks, verdicts};
use rcoi_model::{ExamId, PageId, TaskId, UserId, VerdictId};
use std::time::Duration;

/// How long the re-opened task stays with the person who undid.
pub(crate) const UNDO_LEASE: Duration = Duration::from_secs(600);

impl Store {
    /// Takes back the last verdict of a user that still counts: its task is open again and claimed by the user,
    /// a page it excluded is back in the work with its tasks, tasks it made are obsolete. `None`: nothing to undo.
    /// Refused with [`StoreError::Conflict`] when somebody acted on what followed from it, with
    /// [`StoreError::Closed`] when the exam is closed. Decisions about personal data are taken back apart:
    /// [`Store::undo_person`].
    pub async fn undo(&self, user: UserId) -> Result<Option<Undone>> {
        match self.undo_control(user).await? {
            None => self.undo_between(user, NOT_PERSONS).await,
            undone => Ok(undone),
        }
    }

    /// Takes back the last decision of a user about personal data, as [`Store::undo`] does with all others.
    pub async fn undo_person(&self, user: UserId) -> Result<Option<Undone>> {
        self.undo_between(user, ONLY_PERSONS).await
    }

    async fn undo_between(&self, user: UserId, [from, to]: Span) -> Result<Option<Undone>> {
        let now = self.micros();
        let mut tx = self.db.begin().await?;
        let last = tx
            .one(
                "SELECT v.*, t.exam, t.page FROM verdicts v JOIN tasks t ON t.id = v.task
                 WHERE v.user_id = $1 AND t.sort_key >= $2 AND t.sort_key < $3 AND NOT EXISTS (SELECT 1 FROM verdict_undos u WHERE u.verdict = v.id)
                 ORDER BY v.seq DESC LIMIT 1",
                args![user, from, to],
            )
            .await?;
        let Some(last) = last else { return Ok(None) };
        let (verdict, seq) = (verdicts::read(&last)?, last.int("seq")?);
        must_be_open(&mut tx, last.id("exam")?).await?;

        let excluded = tx.all("SELECT id FROM pages WHERE excluded_by = $1 AND state = 'excluded' ORDER BY id", args![verdict.id]).await?;
        let mut held = excluded.iter().map(|row| row.id("id")).collect::<Result<Vec<PageId>>>()?;
        held.extend(last.opt_id::<PageId>("page")?);
        held.sort_unstable();
        for page in &held {
            pages::locked(&mut tx, *page).await?;
        }
        let task = tx.one(TASK_LOCKED, args![verdict.task]).await?.ok_or_else(|| tasks::missing(verdict.task))?;

        let later = "SELECT 1 AS later FROM verdicts v WHERE v.task = $1 AND v.seq > $2
                     AND NOT EXISTS (SELECT 1 FROM verdict_undos u WHERE u.verdict = v.id)";
        if tx.one(later, args![verdict.task, seq]).await?.is_some() {
            return Err(StoreError::Conflict(format!("{} has a later verdict", task_name(verdict.task))));
        }
        if task.opt_id::<UserId>("claimed_by")?.is_some_and(|holder| holder != user)
            && task.opt_int("lease_until")?.is_some_and(|until| until > now)
        {
            return Err(StoreError::Conflict(format!("{} is in somebody else's hands", task_name(verdict.task))));
        }
        let acted = "SELECT 1 AS acted FROM tasks t WHERE t.created_by = $1 AND t.state <> 'obsolete' AND
                     (t.state = 'done' OR (t.claimed_by <> $2 AND t.lease_until > $3))";
        if tx.one(acted, args![verdict.id, user, now]).await?.is_some() {
            return Err(StoreError::Conflict("somebody already works on what followed from the verdict".to_owned()));
        }

        // Only a verdict that left its task open has sent it to another station.
        let settled = task.opt_id::<VerdictId>("closed_by")? == Some(verdict.id);
        put_back(&mut tx, now, user, verdict.id).await?;
        for row in tx.all("SELECT id FROM tasks WHERE created_by = $1 AND state = 'open' ORDER BY id", args![verdict.id]).await? {
            tasks::obsolete(&mut tx, row.id::<TaskId>("id")?).await?;
        }
        // A page that comes back may have missed a change of the policy: it is looked at again with all others.
        tx.run(
            "UPDATE policies SET applied_at = NULL, applied_to = NULL, carried_until = NULL WHERE exam = $1
             AND seq = (SELECT MAX(p.seq) FROM policies p WHERE p.exam = $1)
             AND EXISTS (SELECT 1 FROM pages WHERE excluded_by = $2 AND state = 'excluded')",
            args![task.id::<ExamId>("exam")?, verdict.id],
        )
        .await?;
        tx.run(
            "UPDATE pages SET state = state_before, reason = reason_before, state_before = NULL, reason_before = NULL, excluded_by = NULL,
                    changed_at = $2
             WHERE excluded_by = $1 AND state = 'excluded'",
            args![verdict.id, now],
        )
        .await?;
        tx.run("UPDATE tasks SET state = 'open', closed_by = NULL WHERE closed_by = $1 AND state <> 'open'", args![verdict.id]).await?;
        tx.run(
            "UPDATE tasks SET state = 'open', closed_by = NULL, claimed_by = $2, lease_until = $3 WHERE id = $1",
            args![verdict.task, user, self.lease_end(UNDO_LEASE)],
        )
        .await?;
        if !settled {
            let sql = "UPDATE tasks SET station = COALESCE(station_before, station), station_before = NULL WHERE id = $1";
            tx.run(sql, args![verdict.task]).await?;
        }
        let task = tx.one(TASK_LOCKED, args![verdict.task]).await?.ok_or_else(|| tasks::missing(verdict.task))?;
        let task = tasks::read(&task)?;
        tx.commit().await?;
        Ok(Some(Undone { verdict, task }))
    }
}

/// Notes that a verdict does not count any more, in the chain too.
pub(crate) async fn put_back(tx: &mut Tx, now: i64, user: UserId, verdict: VerdictId) -> Result<()> {
    let sql = "INSERT INTO verdict_undos (verdict, user_id, at) VALUES ($1, $2, $3) ON CONFLICT (verdict) DO NOTHING";
    if tx.run(sql, args![verdict, user, now]).await? == 0 {
        return Err(StoreError::Conflict(format!("verdict {verdict} was just undone")));
    }
    let row = tx.one("SELECT task FROM verdicts WHERE id = $1", args![verdict]).await?;
    let task = row.map(|row| row.text("task")).transpose()?.unwrap_or_default();
    let detail = serde_json::json!({ "task": task });
    audit::append(tx, now, &event(Some(user), "verdict.undo", &verdict.to_string(), &detail)).await
}
