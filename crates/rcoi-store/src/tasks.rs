//! Tasks: writing them without doubles, and listing them.

use crate::columns::to_json;
use crate::db::{Row, Tx, args};
use crate::error::{Result, StoreError, task_name};
use crate::exams::must_be_open;
use crate::rows::{OpenCount, Synced, TaskCount, TaskFilter, TaskRow};
use crate::store::Store;
use crate::symbols;
use rcoi_model::{ExamId, PageId, Task, TaskId, TaskState, TaskSubject, VerdictId};
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;

/// Beginnings of sort keys: `0` sheets, `1` fields, `2` rooms, `3` fields whose characters stand on boards, `4` personal data.
/// The index of open tasks gives each station its own.
pub(crate) const PERSONS: &str = "4/";
const AFTER_PERSONS: &str = "5/";

/// From which sort key to which.
pub(crate) type Span = [&'static str; 2];
/// Fields, sheets and rooms.
pub(crate) const NOT_PERSONS: Span = ["", PERSONS];
/// Personal data.
pub(crate) const ONLY_PERSONS: Span = [PERSONS, AFTER_PERSONS];

/// A doubt of the engine or a page it could not read.
pub(crate) const ORIGIN_READING: &str = "reading";
/// Found by binding or reconciling, see [`Store::sync_tasks`].
const ORIGIN_SYNC: &str = "sync";
/// Follows from a verdict.
pub(crate) const ORIGIN_VERDICT: &str = "verdict";

impl Store {
    /// Makes the open tasks whose keys begin with `key_prefix` equal to `tasks`: new ones are inserted, open ones
    /// that are not in the list become obsolete, obsolete ones that are in the list open again, open ones take the
    /// new subject (their station and claim stay), done ones are never touched. Tasks of excluded pages are left out.
    pub async fn sync_tasks(&self, exam: ExamId, key_prefix: &str, tasks: &[Task]) -> Result<Synced> {
        if let Some(task) = tasks.iter().find(|t| !t.key.starts_with(key_prefix)) {
            return Err(StoreError::Conflict(format!("task key '{}' does not begin with '{key_prefix}'", task.key)));
        }
        let now = self.micros();
        let mut tx = self.db.begin().await?;
        // One sync of an exam at a time, or two lists would mix.
        tx.one(crate::dialect::EXAM_LOCKED, args![exam]).await?;
        must_be_open(&mut tx, exam).await?;
        let rows = tx.all("SELECT id FROM pages WHERE exam = $1 AND state = 'excluded'", args![exam]).await?;
        let excluded = rows.iter().map(|row| row.id("id")).collect::<Result<HashSet<PageId>>>()?;
        let rows = tx
            .all(
                "SELECT id, key, state, subject FROM tasks WHERE exam = $1 AND key >= $2 AND substr(key, 1, length($2)) = $2 ORDER BY id",
                args![exam, key_prefix],
            )
            .await?;
        let mut stored = BTreeMap::new();
        for row in &rows {
            stored.insert(row.id::<TaskId>("id")?, (row.task_state("state")?, row.text("subject")?));
        }
        let mut done = Synced::default();
        let mut wanted = HashSet::new();
        for task in tasks.iter().filter(|t| t.page.is_none_or(|p| !excluded.contains(&p))) {
            must_belong(task, exam)?;
            if !wanted.insert(task.id) {
                continue;
            }
            let settled = match stored.get(&task.id) {
                Some((TaskState::Done, _)) => true,
                Some((TaskState::Open, subject)) => *subject == to_json("task", &task.subject)?,
                _ => false,
            };
            if !settled {
                match put(&mut tx, now, task, ORIGIN_SYNC, None).await? {
                    Put::Inserted => done.inserted += 1,
                    Put::Reopened => done.reopened += 1,
                    Put::Kept => {}
                }
            }
        }
        for (id, _) in stored.iter().filter(|(id, (state, _))| *state == TaskState::Open && !wanted.contains(id)) {
            done.obsolete += obsolete(&mut tx, *id).await?;
        }
        tx.commit().await?;
        Ok(done)
    }

    /// One task, or a known field that somebody was given as one ([`Store::control`]), or [`StoreError::NotFound`].
    pub async fn task(&self, id: TaskId) -> Result<TaskRow> {
        match self.db.one("SELECT * FROM tasks WHERE id = $1", args![id]).await? {
            Some(row) => read_row(&row),
            None => self.control(id).await?.ok_or_else(|| missing(id)),
        }
    }

    /// Tasks in the order in which people get them.
    pub async fn tasks(&self, filter: &TaskFilter) -> Result<Vec<TaskRow>> {
        let rows = self
            .db
            .all(
                "SELECT * FROM tasks
                 WHERE ($1 = '' OR exam = $1) AND ($2 = '' OR station = $2) AND ($3 = '' OR state = $3)
                   AND ($4 = '' OR page = $4) AND ($5 = '' OR packet = $5) AND substr(key, 1, length($6)) = $6
                 ORDER BY sort_key, id LIMIT $7",
                args![
                    filter.exam.map(|v| v.to_string()).unwrap_or_default(),
                    filter.station.map_or("", |v| v.as_str()),
                    filter.state.map_or("", |v| v.as_str()),
                    filter.page.map(|v| v.to_string()).unwrap_or_default(),
                    filter.packet.map(|v| v.to_string()).unwrap_or_default(),
                    filter.key_prefix.as_deref().unwrap_or_default(),
                    filter.limit.map_or(i64::MAX, i64::from),
                ],
            )
            .await?;
        rows.iter().map(read_row).collect()
    }

    /// All open tasks of an exam: what blocks its closing.
    pub async fn open_tasks(&self, exam: ExamId) -> Result<Vec<Task>> {
        let filter = TaskFilter { exam: Some(exam), state: Some(TaskState::Open), ..TaskFilter::default() };
        Ok(self.tasks(&filter).await?.into_iter().map(|row| row.task).collect())
    }

    /// Open tasks by station, in all exams. Asked after every verdict: only the index of open tasks is read.
    pub async fn open_counts(&self) -> Result<Vec<OpenCount>> {
        let sql = "SELECT station, COUNT(*) AS n, COUNT(*) FILTER (WHERE sort_key >= $1) AS persons
                   FROM tasks WHERE state = 'open' GROUP BY station";
        let read = |row: &Row| {
            let persons = row.count("persons")?;
            Ok(OpenCount { station: row.role("station")?, others: row.count("n")?.saturating_sub(persons), persons })
        };
        self.db.all(sql, args![PERSONS]).await?.iter().map(read).collect()
    }

    /// Counts by station and state; of one exam or of all.
    pub async fn task_counts(&self, exam: Option<ExamId>) -> Result<Vec<TaskCount>> {
        let rows = self
            .db
            .all(
                "SELECT station, state, COUNT(*) AS n, COUNT(*) FILTER (WHERE claimed_by IS NOT NULL AND lease_until > $2) AS claimed
                 FROM tasks WHERE ($1 = '' OR exam = $1) GROUP BY station, state ORDER BY station, state",
                args![exam.map(|v| v.to_string()).unwrap_or_default(), self.micros()],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(TaskCount {
                    station: row.role("station")?,
                    state: row.task_state("state")?,
                    count: row.count("n")?,
                    claimed: row.count("claimed")?,
                })
            })
            .collect()
    }
}

/// What [`put`] did.
pub(crate) enum Put {
    Inserted,
    Reopened,
    /// It was open (its subject is now the given one) or done.
    Kept,
}

/// Writes a task so that it is open, unless somebody settled it.
pub(crate) async fn put(tx: &mut Tx, now: i64, task: &Task, origin: &str, verdict: Option<VerdictId>) -> Result<Put> {
    let (subject, sort) = (to_json("task", &task.subject)?, sort_key(task));
    let values =
        || args![task.id, task.exam, &task.key, task.station.as_str(), task.page, task.packet, &subject, &sort, origin, verdict, now];
    let inserted = tx
        .run(
            "INSERT INTO tasks (id, exam, key, station, state, page, packet, subject, sort_key, origin, created_by, created_at)
             VALUES ($1, $2, $3, $4, 'open', $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
            values(),
        )
        .await?;
    if inserted == 1 {
        return Ok(Put::Inserted);
    }
    let reopened = tx
        .run(
            "UPDATE tasks SET state = 'open', station = $2, page = $3, packet = $4, subject = $5, sort_key = $6, origin = $7,
                    created_by = $8, closed_by = NULL, claimed_by = NULL, lease_until = NULL
             WHERE id = $1 AND state = 'obsolete'",
            args![task.id, task.station.as_str(), task.page, task.packet, &subject, &sort, origin, verdict],
        )
        .await?;
    if reopened == 1 {
        return Ok(Put::Reopened);
    }
    tx.run("UPDATE tasks SET subject = $2, sort_key = $3 WHERE id = $1 AND state = 'open'", args![task.id, &subject, &sort]).await?;
    Ok(Put::Kept)
}

/// Open tasks from readings of this page that are not in `keep` become obsolete.
pub(crate) async fn obsolete_readings_tasks(tx: &mut Tx, page: PageId, keep: &[Task]) -> Result<()> {
    let sql = "SELECT id FROM tasks WHERE page = $1 AND state = 'open' AND origin = $2 ORDER BY id";
    for row in tx.all(sql, args![page, ORIGIN_READING]).await? {
        let id = row.id::<TaskId>("id")?;
        if !keep.iter().any(|task| task.id == id) {
            obsolete(tx, id).await?;
        }
    }
    Ok(())
}

/// Closes an open task whose reason has gone.
pub(crate) async fn obsolete(tx: &mut Tx, id: TaskId) -> Result<u64> {
    symbols::drop_open(tx, id).await?;
    let sql = "UPDATE tasks SET state = 'obsolete', claimed_by = NULL, lease_until = NULL WHERE id = $1 AND state = 'open'";
    tx.run(sql, args![id]).await
}

pub(crate) fn must_belong(task: &Task, exam: ExamId) -> Result<()> {
    if task.exam == exam && task.id == Task::id_for(exam, &task.key) {
        return Ok(());
    }
    Err(StoreError::Conflict(format!("task '{}' is not of exam {exam}, or its id is not derived from its key", task.key)))
}

/// Fields of one class together, of one page together (its picture is loaded once), in the order of the form.
/// Sheets come before fields, rooms after: what a sheet is decides what its fields mean. Personal data have a station of their own.
fn sort_key(task: &Task) -> String {
    let page = task.page.map(|p| p.to_string()).unwrap_or_default();
    match &task.subject {
        TaskSubject::Sheet { trouble, .. } => format!("0/{trouble:?}/{page}"),
        TaskSubject::Field { class, field, .. } => format!("1/{class}/{page}/{}", padded(field)),
        TaskSubject::Room { trouble, .. } => format!("2/{trouble:?}/{}", task.key),
        TaskSubject::Person { .. } => format!("{PERSONS}{}", task.key),
    }
}

/// `answer-7` → `answer-0007`, so that 7 comes before 10.
fn padded(name: &str) -> String {
    let (mut out, mut digits) = (String::new(), String::new());
    for c in name.chars().chain(std::iter::once('/')) {
        if c.is_ascii_digit() {
            digits.push(c);
        } else {
            if !digits.is_empty() {
                let _ = write!(out, "{digits:0>4}");
                digits.clear();
            }
            out.push(c);
        }
    }
    out
}

pub(crate) fn missing(id: TaskId) -> StoreError {
    StoreError::NotFound(task_name(id))
}

pub(crate) fn read_row(row: &Row) -> Result<TaskRow> {
    Ok(TaskRow { task: read(row)?, claimed_by: row.opt_id("claimed_by")?, lease_until: row.opt_moment("lease_until")? })
}

pub(crate) fn read(row: &Row) -> Result<Task> {
    Ok(Task {
        id: row.id("id")?,
        exam: row.id("exam")?,
        key: row.text("key")?,
        station: row.role("station")?,
        state: row.task_state("state")?,
        page: row.opt_id("page")?,
        packet: row.opt_id("packet")?,
        subject: row.json("subject")?,
    })
}
