//! Verification policies of exams: each change is a row, the last one holds; and the tasks of pages that were read before it.

use crate::audit::{self, event, sha256};
use crate::db::{Row, Tx, args};
use crate::dialect::EXAM_LOCKED;
use crate::error::{Result, StoreError};
use crate::exams::must_be_open;
use crate::pages::{locked, state};
use crate::rows::{PolicyRow, Revised};
use crate::store::Store;
use crate::tasks::{self, ORIGIN_READING};
use rcoi_model::{ExamId, ExamState, PageId, PageState, Role, Task, TaskId, TaskState, UserId};
use std::time::Duration;

impl Store {
    /// Sets the policy of an open exam; `None` = as the installation has it. It waits to be applied to what was read before.
    pub async fn set_policy(&self, exam: ExamId, document: Option<&str>, by: UserId) -> Result<PolicyRow> {
        let now = self.micros();
        let mut tx = self.db.begin().await?;
        let missing = || StoreError::NotFound(format!("exam {exam}"));
        let row = tx.one(EXAM_LOCKED, args![exam]).await?.ok_or_else(missing)?;
        match row.exam_state("state")? {
            ExamState::Open => {}
            state => return Err(StoreError::Closed(format!("exam {exam} is {}", state.as_str()))),
        }
        let last = tx.one("SELECT MAX(seq) AS seq FROM policies WHERE exam = $1", args![exam]).await?;
        let seq = last.map_or(Ok(None), |row| row.opt_int("seq"))?.unwrap_or(0) + 1;
        // Only the last one is ever applied.
        tx.run("UPDATE policies SET applied_at = $2 WHERE exam = $1 AND applied_at IS NULL", args![exam, now]).await?;
        let sql = "INSERT INTO policies (exam, seq, document, user_id, at) VALUES ($1, $2, $3, $4, $5)";
        tx.run(sql, args![exam, seq, document, by, now]).await?;
        let detail = serde_json::json!({ "seq": seq, "sha256": document.map(sha256) });
        audit::append(&mut tx, now, &event(Some(by), "exam.policy", &exam.to_string(), &detail)).await?;
        tx.commit().await?;
        Ok(PolicyRow { seq, document: document.map(str::to_owned), user: by, at: self.now(), applied: false })
    }

    /// The policy of an exam that holds; `None` when none was ever set.
    pub async fn policy(&self, exam: ExamId) -> Result<Option<PolicyRow>> {
        let sql = "SELECT * FROM policies WHERE exam = $1 ORDER BY seq DESC LIMIT 1";
        self.db.one(sql, args![exam]).await?.map(|row| read(&row)).transpose()
    }

    /// Policies of open exams that wait to be applied.
    pub async fn pending_policies(&self) -> Result<Vec<(ExamId, PolicyRow)>> {
        let sql =
            "SELECT p.* FROM policies p JOIN exams e ON e.id = p.exam WHERE p.applied_at IS NULL AND e.state = 'open' ORDER BY p.exam";
        self.db.all(sql, vec![]).await?.iter().map(|row| Ok((row.id("exam")?, read(row)?))).collect()
    }

    /// Makes the way of a policy through the pages `carrier`'s for a while, unless another process carries it. `Some`: go on
    /// behind this page (`None` = from the first one).
    pub async fn carry_policy(&self, exam: ExamId, seq: i64, carrier: &str, lease: Duration) -> Result<Option<Option<PageId>>> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE policies SET carrier = $3, carried_until = $4 WHERE exam = $1 AND seq = $2 AND applied_at IS NULL
                   AND (carried_until IS NULL OR carried_until <= $5 OR carrier = $3) RETURNING applied_to";
        let row = tx.one(sql, args![exam, seq, carrier, self.lease_end(lease), self.micros()]).await?;
        tx.commit().await?;
        row.map(|row| row.opt_id("applied_to")).transpose()
    }

    /// A policy has reached every page; nothing when another one was set meanwhile.
    pub async fn policy_applied(&self, exam: ExamId, seq: i64) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE policies SET applied_at = $3 WHERE exam = $1 AND seq = $2 AND applied_at IS NULL";
        tx.run(sql, args![exam, seq, self.micros()]).await?;
        tx.commit().await
    }

    /// Makes the tasks of pages those that their readings ask for by the policy `seq` (0 = none was ever set), in one
    /// transaction. What people settled, began or have in hand stays as it is. `reached`: the policy has come so far with it.
    ///
    /// # Errors
    /// [`StoreError::OtherPolicy`]: another one holds by now; nothing was changed.
    pub async fn revise_tasks(&self, exam: ExamId, seq: i64, pages: &[(PageId, Vec<Task>)], reached: Option<PageId>) -> Result<Revised> {
        let now = self.micros();
        let mut order: Vec<&(PageId, Vec<Task>)> = pages.iter().collect();
        order.sort_by_key(|(page, _)| *page);
        let mut tx = self.db.begin().await?;
        must_be_open(&mut tx, exam).await?;
        must_hold(&mut tx, exam, seq).await?;
        let mut revised = Revised::default();
        for (page, wanted) in order {
            if state(&locked(&mut tx, *page).await?)? == PageState::Read {
                revise(&mut tx, now, exam, *page, wanted, &mut revised).await?;
            }
        }
        if let Some(reached) = reached {
            let sql = "UPDATE policies SET applied_to = $3 WHERE exam = $1 AND seq = $2 AND applied_at IS NULL";
            tx.run(sql, args![exam, seq, reached]).await?;
        }
        tx.commit().await?;
        Ok(revised)
    }
}

async fn revise(tx: &mut Tx, now: i64, exam: ExamId, page: PageId, wanted: &[Task], revised: &mut Revised) -> Result<()> {
    let sql = "SELECT id, key, station, state, station_before, claimed_by, lease_until,
                      (SELECT COUNT(*) FROM symbols s WHERE s.task = tasks.id AND s.said IS NOT NULL) +
                      (SELECT COUNT(*) FROM verdicts v WHERE v.task = tasks.id
                       AND NOT EXISTS (SELECT 1 FROM verdict_undos u WHERE u.verdict = v.id)) AS begun
               FROM tasks WHERE page = $1 AND (origin = $2 OR state = 'done') ORDER BY id";
    let there = tx.all(sql, args![page, ORIGIN_READING]).await?;
    let mut settled_by_senior = Vec::new();
    for row in &there {
        let key = row.text("key")?;
        if key.starts_with("senior/") && row.task_state("state")? == TaskState::Done {
            settled_by_senior.push(key.replacen("senior/", "field/", 1));
        }
    }
    for task in wanted {
        tasks::must_belong(task, exam)?;
        // The senior has said what stands there: no verifier is asked again, or he would overrule the senior.
        if settled_by_senior.iter().any(|key| *key == task.key || format!("{key}/2") == task.key) {
            continue;
        }
        let row = there.iter().find(|row| row.id::<TaskId>("id").ok() == Some(task.id));
        let open = row.map(|row| row.task_state("state")).transpose()?.is_some_and(|state| state == TaskState::Open);
        match row {
            // Somebody has it, or it was sent on: it goes its way.
            Some(row) if open => {
                if row.role("station")? != task.station && row.opt_text("station_before")?.is_none() && !in_hand(row, now)? {
                    if task.station != Role::Verifier {
                        crate::symbols::drop_open(tx, task.id).await?;
                    }
                    tx.run("UPDATE tasks SET station = $2 WHERE id = $1", args![task.id, task.station.as_str()]).await?;
                }
            }
            _ => match tasks::put(tx, now, task, ORIGIN_READING, None).await? {
                tasks::Put::Inserted | tasks::Put::Reopened => revised.added += 1,
                tasks::Put::Kept => {}
            },
        }
    }
    for row in &there {
        let id = row.id::<TaskId>("id")?;
        let untouched = row.opt_text("station_before")?.is_none() && row.count("begun")? == 0 && !in_hand(row, now)?;
        if row.task_state("state")? == TaskState::Open && untouched && !wanted.iter().any(|t| t.id == id) {
            revised.withdrawn += tasks::obsolete(tx, id).await?;
        }
    }
    Ok(())
}

/// Fails unless the policy `seq` is the one that holds. The caller holds the exam open, and setting a policy waits for that.
pub(crate) async fn must_hold(tx: &mut Tx, exam: ExamId, seq: i64) -> Result<()> {
    let last = tx.one("SELECT MAX(seq) AS seq FROM policies WHERE exam = $1", args![exam]).await?;
    let last = last.map_or(Ok(None), |row| row.opt_int("seq"))?.unwrap_or(0);
    if last == seq { Ok(()) } else { Err(StoreError::OtherPolicy) }
}

fn in_hand(row: &Row, now: i64) -> Result<bool> {
    Ok(row.opt_text("claimed_by")?.is_some() && row.opt_int("lease_until")?.is_some_and(|until| until > now))
}

fn read(row: &Row) -> Result<PolicyRow> {
    Ok(PolicyRow {
        seq: row.int("seq")?,
        document: row.opt_text("document")?,
        user: row.id("user_id")?,
        at: row.moment("at")?,
        applied: row.opt_int("applied_at")?.is_some(),
    })
}
