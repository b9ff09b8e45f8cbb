//! Verdicts: append-only; the latest of a task that nobody undid counts.

use crate::audit::{self, event, sha256};
use crate::columns::to_json;
use crate::db::{Row, Tx, args, damaged};
use crate::dialect::TASK_LOCKED;
use crate::error::{Result, StoreError, task_name};
use crate::exams::must_be_open;
use crate::field_controls::is_control;
use crate::pages;
use crate::rows::{AfterVerdict, RecordOptions, Saved, VerdictRow};
use crate::store::Store;
use crate::symbols;
use crate::tasks::{self, ORIGIN_VERDICT};
use jiff::Timestamp;
use rcoi_model::{ExamId, PageId, Role, TaskId, TaskState, UserId, Verdict, VerdictId};

/// The act of audit rows that stand for verdicts.
pub(crate) const RECORDED: &str = "verdict.record";

impl Store {
    /// Stores a verdict, settles its task and does what follows (`options`), in one transaction.
    ///
    /// The task must be open and held by this user (a lapsed lease that nobody else took counts as held);
    /// a senior or head may also settle a task that nobody holds. The same verdict again (a double click, a retried
    /// request) changes nothing and says [`Saved::Already`]. From the answer to a known field ([`Store::give_control`]) nothing follows.
    pub async fn record(&self, verdict: &Verdict, options: &RecordOptions) -> Result<Saved> {
        let now = self.micros();
        let act = to_json("verdict", &verdict.act)?;
        let task = self.task(verdict.task).await?.task;
        if is_control(&task) {
            return self.answer_control(verdict, &task).await;
        }
        let mut tx = self.db.begin().await?;
        if let Some(row) = tx.one("SELECT * FROM verdicts WHERE id = $1", args![verdict.id]).await? {
            return same(&row, verdict, &act);
        }
        must_be_open(&mut tx, task.exam).await?;
        // Pages before tasks: the order in which every method locks.
        let mut held = [task.page, options.exclude.as_ref().map(|(page, _)| *page)];
        held.sort_unstable();
        for page in held.into_iter().flatten() {
            pages::locked(&mut tx, page).await?;
        }
        let row = tx.one(TASK_LOCKED, args![verdict.task]).await?.ok_or_else(|| tasks::missing(verdict.task))?;
        // Looked at again under the lock: the first click may have been a moment ahead.
        if let Some(row) = tx.one("SELECT * FROM verdicts WHERE id = $1", args![verdict.id]).await? {
            return same(&row, verdict, &act);
        }
        let state = row.task_state("state")?;
        if state != TaskState::Open {
            return Err(StoreError::Closed(format!("{} is {}", task_name(verdict.task), state.as_str())));
        }
        self.must_hold(&mut tx, &row, verdict).await?;

        write(&mut tx, now, verdict).await?;
        symbols::drop_open(&mut tx, verdict.task).await?;
        match options.after {
            AfterVerdict::Done => done(&mut tx, verdict).await?,
            AfterVerdict::StaysOpen(station) => {
                let sql = "UPDATE tasks SET station_before = station, station = $2, claimed_by = NULL, lease_until = NULL WHERE id = $1";
                tx.run(sql, args![verdict.task, station.as_str()]).await?;
            }
        }
        if let Some((page, reason)) = &options.exclude {
            must_be_of(&mut tx, *page, task.exam).await?;
            pages::exclude(&mut tx, now, *page, reason, Some(verdict.id)).await?;
        }
        for task_after in &options.new_tasks {
            tasks::must_belong(task_after, task.exam)?;
            tasks::put(&mut tx, now, task_after, ORIGIN_VERDICT, Some(verdict.id)).await?;
        }
        tx.commit().await?;
        Ok(Saved::New)
    }

    async fn must_hold(&self, tx: &mut Tx, task: &Row, verdict: &Verdict) -> Result<()> {
        let role = must_work(tx, verdict.user).await?;
        let name = || task_name(verdict.task);
        let leased = task.opt_int("lease_until")?.is_some_and(|until| until > self.micros());
        match task.opt_id::<UserId>("claimed_by")? {
            Some(holder) if holder == verdict.user => Ok(()),
            Some(_) if leased => Err(StoreError::NotYours(format!("{} is held by somebody else", name()))),
            _ if matches!(role, Role::Senior | Role::Head) => Ok(()),
            _ => Err(StoreError::NotYours(format!("{} is not claimed by user {}", name(), verdict.user))),
        }
    }

    /// Verdicts of an exam that count (not undone), in the order of storing, each with its task.
    pub async fn verdicts(&self, exam: ExamId) -> Result<Vec<VerdictRow>> {
        let rows = self
            .db
            .all(
                "SELECT v.*, t.key, t.station, t.state, t.page, t.packet, t.subject FROM verdicts v JOIN tasks t ON t.id = v.task
                 WHERE t.exam = $1 AND NOT EXISTS (SELECT 1 FROM verdict_undos u WHERE u.verdict = v.id) ORDER BY v.seq",
                args![exam],
            )
            .await?;
        rows.iter().map(read_row).collect()
    }

    /// Verdicts of one task that count, in the order of storing.
    pub async fn verdicts_of_task(&self, task: TaskId) -> Result<Vec<VerdictRow>> {
        let rows = self
            .db
            .all(
                "SELECT v.*, t.key, t.station, t.state, t.page, t.packet, t.subject FROM verdicts v JOIN tasks t ON t.id = v.task
                 WHERE v.task = $1 AND NOT EXISTS (SELECT 1 FROM verdict_undos u WHERE u.verdict = v.id) ORDER BY v.seq",
                args![task],
            )
            .await?;
        rows.iter().map(read_row).collect()
    }
}

/// The role of a person who may give verdicts.
pub(crate) async fn must_work(tx: &mut Tx, id: UserId) -> Result<Role> {
    let user = tx.one("SELECT role, disabled, auditor FROM users WHERE id = $1", args![id]).await?;
    let user = user.ok_or_else(|| StoreError::NotFound(format!("user {id}")))?;
    if user.int("disabled")? != 0 {
        return Err(StoreError::NotYours(format!("user {id} is disabled")));
    }
    if user.int("auditor")? != 0 {
        return Err(StoreError::NotYours(format!("user {id} only looks")));
    }
    user.role("role")
}

/// Writes a verdict and its link in the chain of acts. The caller has made sure that it may be given.
pub(crate) async fn write(tx: &mut Tx, now: i64, verdict: &Verdict) -> Result<()> {
    tx.run(
        "INSERT INTO verdicts (id, task, user_id, act, at) VALUES ($1, $2, $3, $4, $5)",
        args![verdict.id, verdict.task, verdict.user, to_json("verdict", &verdict.act)?, moment(&verdict.at)?],
    )
    .await?;
    let stored = tx.one("SELECT * FROM verdicts WHERE id = $1", args![verdict.id]).await?;
    let stored = stored.ok_or_else(|| damaged("verdict", "it was not stored"))?;
    let detail = serde_json::json!({ "task": verdict.task.to_string(), "sha256": fingerprint(&stored)? });
    audit::append(tx, now, &event(Some(verdict.user), RECORDED, &verdict.id.to_string(), &detail)).await
}

/// A verdict settles its task.
pub(crate) async fn done(tx: &mut Tx, verdict: &Verdict) -> Result<()> {
    let sql = "UPDATE tasks SET state = 'done', closed_by = $2, claimed_by = NULL, lease_until = NULL WHERE id = $1";
    tx.run(sql, args![verdict.task, verdict.id]).await.map(|_| ())
}

/// SHA-256 of everything a verdict says; the audit chain remembers it.
pub(crate) fn fingerprint(row: &Row) -> Result<String> {
    let parts = (row.text("id")?, row.text("task")?, row.text("user_id")?, row.text("act")?, row.int("at")?);
    Ok(sha256(&to_json("verdict", &parts)?))
}

/// A verdict out of a row of `verdicts`.
pub(crate) fn read(row: &Row) -> Result<Verdict> {
    Ok(Verdict {
        id: row.id::<VerdictId>("id")?,
        task: row.id("task")?,
        user: row.id("user_id")?,
        act: row.json("act")?,
        at: row.moment("at")?.to_string(),
    })
}

pub(crate) fn read_row(row: &Row) -> Result<VerdictRow> {
    Ok(VerdictRow {
        seq: row.int("seq")?,
        verdict: read(row)?,
        task_key: row.text("key")?,
        station: row.role("station")?,
        task_state: row.task_state("state")?,
        page: row.opt_id("page")?,
        packet: row.opt_id("packet")?,
        subject: row.json("subject")?,
    })
}

/// The answer to a verdict whose id is stored already.
fn same(row: &Row, verdict: &Verdict, act: &str) -> Result<Saved> {
    let stored = (row.id::<TaskId>("task")?, row.id::<UserId>("user_id")?, row.text("act")?);
    if stored == (verdict.task, verdict.user, act.to_owned()) {
        Ok(Saved::Already)
    } else {
        Err(StoreError::Conflict(format!("verdict {} is stored with another content", verdict.id)))
    }
}

async fn must_be_of(tx: &mut Tx, page: PageId, exam: ExamId) -> Result<()> {
    let row = tx.one("SELECT exam FROM pages WHERE id = $1", args![page]).await?;
    match row {
        Some(row) if row.id::<ExamId>("exam")? == exam => Ok(()),
        _ => Err(StoreError::Conflict(format!("page {page} is not of exam {exam}"))),
    }
}

fn moment(text: &str) -> Result<i64> {
    match text.parse::<Timestamp>() {
        Ok(at) => Ok(at.as_microsecond()),
        Err(_) => Err(StoreError::Conflict(format!("'{text}' is not a moment, expected RFC 3339"))),
    }
}
