//! Known fields shown again: given to one person, answered like any task, followed by nothing.

use crate::audit::{self, event};
use crate::columns::to_json;
use crate::db::{Row, Tx, args};
use crate::error::{Result, StoreError, task_name};
use crate::exams::must_be_open;
use crate::rows::{ControlAnswer, KnownField, Saved, TaskRow, Undone};
use crate::store::Store;
use crate::tasks::NOT_PERSONS;
use crate::undo::UNDO_LEASE;
use crate::{tasks, verdicts};
use rcoi_model::{ExamId, Role, Task, TaskId, TaskState, UserId, Verdict};
use std::time::Duration;

/// Begins the key of a known field in somebody's hands.
const KEY: &str = "control/";
/// The act in the audit chain.
pub(crate) const ANSWERED: &str = "control.answer";

/// Controls, each with the task that it shows again, and its answer if there is one.
macro_rules! controls {
    ($which:literal) => {
        concat!(
            "SELECT c.id AS control, c.user_id AS given_to, c.lease_until AS given_until, a.verdict, t.*
             FROM field_controls c JOIN tasks t ON t.id = c.task
             LEFT JOIN control_answers a ON a.control = c.id AND a.undone_at IS NULL ",
            $which
        )
    };
}
const BY_ID: &str = controls!("WHERE c.id = $1");

impl Store {
    /// Settled fields of an open exam that the senior decided or a second person read, and that this one has neither read nor
    /// been shown; at most `most`.
    pub async fn known_fields(&self, exam: ExamId, user: UserId, most: u32) -> Result<Vec<KnownField>> {
        // Without the index on the person's verdicts, of which there may be thousands: those of one page are few.
        let sql = "SELECT s.*, v.act, fv.act AS other FROM tasks s JOIN exams e ON e.id = s.exam AND e.state = 'open'
                   JOIN verdicts v ON v.id = s.closed_by
                   LEFT JOIN tasks f ON f.exam = s.exam AND f.key = substr(s.key, 1, length(s.key) - 2) AND f.state = 'done'
                   LEFT JOIN verdicts fv ON fv.id = f.closed_by
                   WHERE s.exam = $1 AND s.state = 'done'
                     AND (substr(s.key, 1, 7) = 'senior/' OR substr(s.key, length(s.key) - 1) = '/2')
                     AND v.user_id <> $2 AND substr(s.sort_key, 1, 1) IN ('1', '3')
                     AND EXISTS (SELECT 1 FROM pages p WHERE p.id = s.page AND p.state = 'read')
                     AND NOT EXISTS (SELECT 1 FROM field_controls c WHERE c.task = s.id AND c.user_id = $2)
                     AND NOT EXISTS (SELECT 1 FROM tasks r JOIN verdicts o ON o.task = r.id
                                     WHERE r.page = s.page AND substr(r.sort_key, 2) = substr(s.sort_key, 2) AND o.user_id || '' = $2)
                   ORDER BY s.id LIMIT $3";
        let read = |row: &Row| -> Result<KnownField> {
            let other = row.opt_text("other")?.map(|_| row.json("other")).transpose()?;
            Ok(KnownField { task: tasks::read(row)?, said: row.json("act")?, other })
        };
        self.db.all(sql, args![exam, user, most]).await?.iter().map(read).collect()
    }

    /// Gives a known field to a person, under the id `id`. The same again changes nothing.
    pub async fn give_control(&self, id: TaskId, of: TaskId, user: UserId, truth: &str, lease: Duration) -> Result<()> {
        let (now, until) = (self.micros(), self.lease_end(lease));
        let mut tx = self.db.begin_light().await?;
        let sql = "INSERT INTO field_controls (id, task, user_id, truth, given_at, lease_until) VALUES ($1, $2, $3, $4, $5, $6)
                   ON CONFLICT DO NOTHING";
        tx.run(sql, args![id, of, user, truth, now, until]).await?;
        tx.commit().await
    }

    /// Known fields in a person's hands; their lease begins anew.
    pub async fn controls_in_hand(&self, user: UserId, lease: Duration) -> Result<Vec<Task>> {
        let now = self.micros();
        let sql = controls!(
            "WHERE c.user_id = $1 AND c.lease_until > $2 AND a.verdict IS NULL
             AND t.exam IN (SELECT id FROM exams WHERE state = 'open') ORDER BY c.id"
        );
        let held = self.db.all(sql, args![user, now]).await?.iter().map(read).collect::<Result<Vec<_>>>()?;
        if !held.is_empty() {
            let mut tx = self.db.begin_light().await?;
            for row in &held {
                let sql = "UPDATE field_controls SET lease_until = $2 WHERE id = $1";
                tx.run(sql, args![row.task.id, self.lease_end(lease)]).await?;
            }
            tx.commit().await?;
        }
        Ok(held.into_iter().map(|row| row.task).collect())
    }

    /// The known field given under this id, as a task of the person it was given to.
    pub async fn control(&self, id: TaskId) -> Result<Option<TaskRow>> {
        self.db.one(BY_ID, args![id]).await?.as_ref().map(read).transpose()
    }

    /// What people made of known fields, in one exam or in all. Sheets that left the work are not in it.
    pub async fn control_answers(&self, exam: Option<ExamId>) -> Result<Vec<ControlAnswer>> {
        let sql = "SELECT a.user_id, c.truth, a.act FROM control_answers a JOIN field_controls c ON c.id = a.control
                   JOIN tasks t ON t.id = c.task JOIN pages p ON p.id = t.page AND p.state <> 'excluded'
                   WHERE a.undone_at IS NULL AND ($1 = '' OR t.exam = $1) ORDER BY a.at, a.verdict";
        let exam = exam.map(|e| e.to_string()).unwrap_or_default();
        let read = |row: &Row| Ok(ControlAnswer { user: row.id("user_id")?, truth: row.text("truth")?, act: row.json("act")? });
        self.db.all(sql, args![exam]).await?.iter().map(read).collect()
    }

    /// Stores the answer to a known field. As [`Store::record`], but nothing follows.
    pub(crate) async fn answer_control(&self, verdict: &Verdict, control: &Task) -> Result<Saved> {
        let (now, act) = (self.micros(), to_json("verdict", &verdict.act)?);
        let mut tx = self.db.begin().await?;
        if stored(&mut tx, verdict, &act).await? {
            return Ok(Saved::Already);
        }
        must_be_open(&mut tx, control.exam).await?;
        verdicts::must_work(&mut tx, verdict.user).await?;
        let given = tx.one("SELECT user_id FROM field_controls WHERE id = $1", args![verdict.task]).await?;
        let given = given.ok_or_else(|| tasks::missing(verdict.task))?;
        if given.id::<UserId>("user_id")? != verdict.user {
            return Err(StoreError::NotYours(format!("{} is not claimed by user {}", task_name(verdict.task), verdict.user)));
        }
        let sql = "INSERT INTO control_answers (verdict, control, user_id, act, at, after_seq)
                   SELECT $1, $2, $3, $4, $5, COALESCE(MAX(seq), 0) FROM verdicts WHERE user_id = $3 ON CONFLICT DO NOTHING";
        if tx.run(sql, args![verdict.id, verdict.task, verdict.user, &act, now]).await? == 0 {
            // The first of two clicks may have been a moment ahead.
            if stored(&mut tx, verdict, &act).await? {
                return Ok(Saved::Already);
            }
            return Err(StoreError::Closed(format!("{} is done", task_name(verdict.task))));
        }
        let sql = "SELECT verdict AS id, control AS task, user_id, act, at FROM control_answers WHERE verdict = $1";
        let answer = tx.one(sql, args![verdict.id]).await?.ok_or_else(|| tasks::missing(verdict.task))?;
        let detail = serde_json::json!({ "control": verdict.task.to_string(), "sha256": verdicts::fingerprint(&answer)? });
        audit::append(&mut tx, now, &event(Some(verdict.user), ANSWERED, &verdict.id.to_string(), &detail)).await?;
        tx.commit().await?;
        Ok(Saved::New)
    }

    /// Takes back the last answer of a person when it was to a known field: no verdict of this person that
    /// counts came after it.
    pub(crate) async fn undo_control(&self, user: UserId) -> Result<Option<Undone>> {
        let now = self.micros();
        let mut tx = self.db.begin().await?;
        let sql = "SELECT verdict, control AS task, user_id, act, at FROM control_answers
                   WHERE user_id = $1 AND undone_at IS NULL AND after_seq >= COALESCE(
                       (SELECT MAX(v.seq) FROM verdicts v JOIN tasks t ON t.id = v.task
                        WHERE v.user_id = $1 AND t.sort_key < $2
                          AND NOT EXISTS (SELECT 1 FROM verdict_undos u WHERE u.verdict = v.id)), 0)
                   ORDER BY at DESC, verdict LIMIT 1";
        let Some(row) = tx.one(sql, args![user, NOT_PERSONS[1]]).await? else { return Ok(None) };
        let verdict =
            Verdict { id: row.id("verdict")?, task: row.id("task")?, user, act: row.json("act")?, at: row.moment("at")?.to_string() };
        let control = tx.one(BY_ID, args![verdict.task]).await?;
        let control = control.as_ref().map(read).transpose()?.ok_or_else(|| tasks::missing(verdict.task))?;
        must_be_open(&mut tx, control.task.exam).await?;
        tx.run("UPDATE control_answers SET undone_at = $2 WHERE verdict = $1", args![verdict.id, now]).await?;
        tx.run("UPDATE field_controls SET lease_until = $2 WHERE id = $1", args![verdict.task, self.lease_end(UNDO_LEASE)]).await?;
        let detail = serde_json::json!({ "control": verdict.task.to_string() });
        audit::append(&mut tx, now, &event(Some(user), "control.undo", &verdict.id.to_string(), &detail)).await?;
        tx.commit().await?;
        Ok(Some(Undone { verdict, task: Task { state: TaskState::Open, ..control.task } }))
    }

    /// Gives a known field back; false when there is none under this id.
    pub(crate) async fn release_control(&self, user: UserId, id: TaskId) -> Result<bool> {
        let mut tx = self.db.begin_light().await?;
        let sql = "UPDATE field_controls SET lease_until = $3 WHERE id = $1 AND user_id = $2";
        let done = tx.run(sql, args![id, user, self.micros()]).await? > 0;
        tx.commit().await?;
        Ok(done)
    }
}

/// Is this very answer stored? Another one under its id is refused.
async fn stored(tx: &mut Tx, verdict: &Verdict, act: &str) -> Result<bool> {
    let row = tx.one("SELECT control, user_id, act FROM control_answers WHERE verdict = $1", args![verdict.id]).await?;
    let Some(row) = row else { return Ok(false) };
    if (row.id::<TaskId>("control")?, row.id::<UserId>("user_id")?, row.text("act")?.as_str()) == (verdict.task, verdict.user, act) {
        return Ok(true);
    }
    Err(StoreError::Conflict(format!("verdict {} is stored with another content", verdict.id)))
}

/// Is the task a known field that is shown again?
pub(crate) fn is_control(task: &Task) -> bool {
    task.key.starts_with(KEY)
}

/// It looks like the doubtful field that it was.
fn read(row: &Row) -> Result<TaskRow> {
    let shown = tasks::read(row)?;
    let state = if row.opt_text("verdict")?.is_some() { TaskState::Done } else { TaskState::Open };
    let key = format!("{KEY}{}", shown.id);
    let task = Task { id: row.id("control")?, key, station: Role::Verifier, state, ..shown };
    Ok(TaskRow { task, claimed_by: Some(row.id("given_to")?), lease_until: row.opt_moment("given_until")? })
}
