//! Claims: tasks in people's hands under a lease.

use crate::db::args;
use crate::dialect::CLAIM;
use crate::error::{Result, StoreError, task_name};
use crate::store::Store;
use crate::tasks::{NOT_PERSONS, ONLY_PERSONS, Span, missing, read};
use rcoi_model::{ExamId, Role, Task, TaskId, UserId};
use std::time::Duration;

impl Store {
    /// Up to `n` tasks of a station for a user: first the ones the user holds (their lease begins anew, so a
    /// reloaded page shows the same tasks), then free ones and ones whose lease has lapsed. No two users ever
    /// hold the same task. `exam`: only of this exam. Personal data are claimed apart: [`Store::claim_persons`].
    pub async fn claim(&self, user: UserId, station: Role, exam: Option<ExamId>, n: u32, lease: Duration) -> Result<Vec<Task>> {
        self.claim_between(user, station, exam, n, lease, NOT_PERSONS).await
    }

    /// The same for tasks about personal data, in all exams: `station` = senior for those that verifiers asked about.
    pub async fn claim_persons(&self, user: UserId, station: Role, n: u32, lease: Duration) -> Result<Vec<Task>> {
        self.claim_between(user, station, None, n, lease, ONLY_PERSONS).await
    }

    async fn claim_between(
        &self,
        user: UserId,
        station: Role,
        exam: Option<ExamId>,
        n: u32,
        lease: Duration,
        [from, to]: Span,
    ) -> Result<Vec<Task>> {
        let (now, until) = (self.micros(), self.lease_end(lease));
        let values = |limit: i64| args![user, until, now, station.as_str(), exam, limit, from, to];
        let mut tx = self.db.begin_light().await?;
        // Without the index on the station's open tasks, of which there may be millions: those in one person's hands are few.
        let mut rows = tx
            .all(
                "UPDATE tasks SET lease_until = $2 WHERE id IN (
                     SELECT id FROM tasks
                     WHERE state = 'open' AND claimed_by = $1 AND lease_until > $3
                       AND station || '' = $4 AND ($5 IS NULL OR exam = $5) AND sort_key >= $7 AND sort_key < $8
                     ORDER BY sort_key, id LIMIT $6)
                 RETURNING *",
                values(i64::from(n)),
            )
            .await?;
        let rest = i64::from(n) - i64::try_from(rows.len()).unwrap_or(i64::MAX);
        if rest > 0 {
            rows.extend(tx.all(CLAIM, values(rest)).await?);
        }
        tx.commit().await?;
        // RETURNING promises no order.
        let mut tasks = rows.iter().map(|row| Ok((row.text("sort_key")?, read(row)?))).collect::<Result<Vec<_>>>()?;
        tasks.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.id.to_string().cmp(&b.1.id.to_string())));
        Ok(tasks.into_iter().map(|(_, task)| task).collect())
    }

    /// Gives a task back. A task the user does not hold any more is left as it is.
    pub async fn release(&self, user: UserId, task: TaskId) -> Result<()> {
        let mut tx = self.db.begin_light().await?;
        let sql = "UPDATE tasks SET claimed_by = NULL, lease_until = NULL WHERE id = $1 AND claimed_by = $2 AND state = 'open'";
        if tx.run(sql, args![task, user]).await? == 0 {
            let row = tx.one("SELECT claimed_by FROM tasks WHERE id = $1 AND state = 'open'", args![task]).await?;
            if row.map(|row| row.opt_id::<UserId>("claimed_by")).transpose()?.flatten().is_some() {
                return Err(StoreError::NotYours(format!("{} is held by somebody else", task_name(task))));
            }
            if tx.one("SELECT id FROM tasks WHERE id = $1", args![task]).await?.is_none() {
                drop(tx);
                return if self.release_control(user, task).await? { Ok(()) } else { Err(missing(task)) };
            }
        }
        tx.commit().await
    }

    /// Begins the lease of these tasks anew; how many of them the user still holds.
    pub async fn renew(&self, user: UserId, tasks: &[TaskId], lease: Duration) -> Result<u64> {
        let until = self.lease_end(lease);
        let mut tx = self.db.begin_light().await?;
        let mut held = 0;
        for task in tasks {
            let sql = "UPDATE tasks SET lease_until = $3 WHERE id = $1 AND claimed_by = $2 AND state = 'open'";
            held += tx.run(sql, args![*task, user, until]).await?;
        }
        tx.commit().await?;
        Ok(held)
    }
}
