//! Boards: what a person said about many characters at once; a field whose characters are all judged gets its verdict.

use crate::audit::{self, event, sha256};
use crate::columns::to_json;
use crate::db::{Tx, args, damaged};
use crate::dialect::TASK_LOCKED;
use crate::error::{Result, StoreError};
use crate::exams::must_be_open;
use crate::rows::{Board, BoardDone, BoardItem, UndoneBoard};
use crate::store::Store;
use crate::symbols::first;
use crate::undo::{UNDO_LEASE, put_back};
use crate::{pages, tasks, verdicts};
use rcoi_model::{BoardId, ExamId, PageId, Role, Task, TaskId, TaskState, TaskSubject, UserId, Verdict, VerdictAct, VerdictId};
use std::collections::{BTreeMap, BTreeSet};

/// May this character stand in that field?
pub type Fits<'a> = &'a (dyn Fn(&TaskSubject, char) -> bool + Send + Sync);

/// A field of a board, locked.
struct Held {
    task: Task,
    /// Its exam takes verdicts.
    exam_open: bool,
    /// In this person's hands and open.
    mine: bool,
}

impl Store {
    /// Stores what a person said about the characters of a board, in one transaction. The same board again changes nothing.
    ///
    /// A field of which no character is open any more gets its verdict, made of the machine's value and what was said; when
    /// one of them was left undecided, the whole field goes to the fields station. A character that somebody else judged
    /// before (a known answer, see [`Store::known_symbols`]) is compared with that and changes nothing.
    /// `fits` says whether a character may stand in a field; the first that may not is told and nothing is stored.
    pub async fn record_board(&self, board: &Board, fits: Fits<'_>) -> Result<BoardDone> {
        let (now, at) = (self.micros(), self.now().to_string());
        let items = to_json("board", &board.items)?;
        let mut tx = self.db.begin().await?;
        let mut done = BoardDone::default();
        if let Some(row) = tx.one("SELECT user_id, items FROM boards WHERE id = $1", args![board.id]).await? {
            if (row.id::<UserId>("user_id")?, row.text("items")?) != (board.user, items) {
                return Err(StoreError::Conflict(format!("board {} is stored with another content", board.id)));
            }
            done.already = true;
            return Ok(done);
        }
        if !matches!(verdicts::must_work(&mut tx, board.user).await?, Role::Verifier | Role::Senior | Role::Head) {
            return Err(StoreError::NotYours(format!("user {} does not verify", board.user)));
        }
        let fields = locked(&mut tx, board).await?;
        tx.run("INSERT INTO boards (id, user_id, items, at) VALUES ($1, $2, $3, $4)", args![board.id, board.user, &items, now]).await?;
        let mut touched = BTreeSet::new();
        for item in &board.items {
            let Some(field) = fields.get(&item.task) else {
                done.gone += 1;
                continue;
            };
            if item.said.is_some_and(|c| !fits(&field.task.subject, c)) {
                return Ok(BoardDone { refused: Some(item.clone()), ..BoardDone::default() });
            }
            if field.mine && say(&mut tx, board.id, item).await? {
                touched.insert(item.task);
            } else if !control(&mut tx, board, item).await? {
                done.gone += 1;
            }
        }
        for id in touched {
            let Some(field) = fields.get(&id) else { continue };
            if let Some(exam) = self.finish(&mut tx, now, &at, board, &field.task).await? {
                done.settled += 1;
                if !done.exams.contains(&exam) {
                    done.exams.push(exam);
                }
            }
        }
        let detail = serde_json::json!({ "items": board.items.len(), "sha256": sha256(&items) });
        audit::append(&mut tx, now, &event(Some(board.user), "board.record", &board.id.to_string(), &detail)).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// What follows for a field of which a character was judged; its exam when it is settled now.
    async fn finish(&self, tx: &mut Tx, now: i64, at: &str, board: &Board, task: &Task) -> Result<Option<ExamId>> {
        let rows = tx.all("SELECT cell, symbol, said FROM symbols WHERE task = $1 ORDER BY cell", args![task.id]).await?;
        let (mut said, mut open, mut whole) = (Vec::new(), Vec::new(), false);
        for row in &rows {
            match row.opt_text("said")? {
                None => open.push(row.text("symbol")?),
                Some(text) => match first(&text) {
                    None => whole = true,
                    Some(c) => said.push((row.small("cell")?, c)),
                },
            }
        }
        if whole {
            crate::symbols::drop_open(tx, task.id).await?;
            let sql = "UPDATE tasks SET sort_key = '1' || substr(sort_key, 2), claimed_by = NULL, lease_until = NULL WHERE id = $1";
            tx.run(sql, args![task.id]).await?;
            return Ok(None);
        }
        if !open.is_empty() {
            // The rest is of another kind, for whoever has that before him; or of this one, on the next board of this person.
            let kind = board.items.iter().find(|i| i.task == task.id).map(|i| i.cell);
            let kind = rows.iter().find(|r| r.small("cell").ok() == kind).map(|r| r.text("symbol")).transpose()?;
            if !kind.is_some_and(|kind| open.contains(&kind)) {
                tx.run("UPDATE tasks SET claimed_by = NULL, lease_until = NULL WHERE id = $1", args![task.id]).await?;
            }
            return Ok(None);
        }
        let TaskSubject::Field { value, .. } = &task.subject else {
            return Err(damaged("symbol", "its task is about no field"));
        };
        let value = joined(value, &said).ok_or_else(|| damaged("symbol", "it lies outside its field"))?;
        let id = verdict_of(board.id, task.id);
        let verdict = Verdict { id, task: task.id, user: board.user, act: VerdictAct::Value { value }, at: at.to_owned() };
        verdicts::write(tx, now, &verdict).await?;
        verdicts::done(tx, &verdict).await?;
        Ok(Some(task.exam))
    }

    /// Takes back the last board of a user: its characters wait again, in the user's hands, and the verdicts that followed do
    /// not count any more. Fields on which somebody else has built meanwhile stay as they are. `None`: nothing to take back.
    pub async fn undo_board(&self, user: UserId) -> Result<Option<UndoneBoard>> {
        let now = self.micros();
        let mut tx = self.db.begin().await?;
        let last = "SELECT id FROM boards WHERE user_id = $1 AND undone_at IS NULL ORDER BY at DESC, id LIMIT 1";
        let Some(row) = tx.one(last, args![user]).await? else { return Ok(None) };
        let id = row.id::<BoardId>("id")?;
        let rows = tx.all("SELECT task, cell FROM symbols WHERE board = $1 ORDER BY task, cell", args![id]).await?;
        let items = rows
            .iter()
            .map(|row| Ok(BoardItem { task: row.id("task")?, cell: row.small("cell")?, said: None }))
            .collect::<Result<Vec<_>>>()?;
        let fields = locked(&mut tx, &Board { id, user, items: items.clone() }).await?;
        let mut undone = UndoneBoard { id, back: 0, kept: 0, exams: Vec::new() };
        let until = self.lease_end(UNDO_LEASE);
        for (task, field) in &fields {
            let mine = items.iter().filter(|i| i.task == *task).count() as u64;
            let verdict = verdict_of(id, *task);
            let settled = tx.one("SELECT closed_by, claimed_by, lease_until FROM tasks WHERE id = $1", args![*task]).await?;
            let Some(settled) = settled else { continue };
            let elsewhere = settled.opt_id::<UserId>("claimed_by")?.is_some_and(|holder| holder != user)
                && settled.opt_int("lease_until")?.is_some_and(|until| until > now);
            let free = match field.task.state {
                TaskState::Open => !elsewhere && field.task.station == Role::Verifier,
                TaskState::Done => settled.opt_id::<VerdictId>("closed_by")? == Some(verdict),
                TaskState::Obsolete => false,
            };
            if !free || !field.exam_open {
                undone.kept += mine;
                continue;
            }
            if field.task.state == TaskState::Done {
                put_back(&mut tx, now, user, verdict).await?;
                if !undone.exams.contains(&field.task.exam) {
                    undone.exams.push(field.task.exam);
                }
            }
            tx.run("UPDATE symbols SET said = NULL, board = NULL WHERE board = $1 AND task = $2", args![id, *task]).await?;
            tx.run(
                "UPDATE tasks SET state = 'open', closed_by = NULL, claimed_by = $2, lease_until = $3,
                        sort_key = '3' || substr(sort_key, 2) WHERE id = $1",
                args![*task, user, until],
            )
            .await?;
            undone.back += mine;
        }
        tx.run("UPDATE boards SET undone_at = $2 WHERE id = $1", args![id, now]).await?;
        let detail = serde_json::json!({ "back": undone.back, "kept": undone.kept });
        audit::append(&mut tx, now, &event(Some(user), "board.undo", &id.to_string(), &detail)).await?;
        tx.commit().await?;
        Ok(Some(undone))
    }
}

/// The fields of a board, locked: pages before tasks, each kind in order, as every method does. A known answer may be of
/// an exam that was closed meanwhile: it still tells what the person made of it.
async fn locked(tx: &mut Tx, board: &Board) -> Result<BTreeMap<TaskId, Held>> {
    let ids: BTreeSet<TaskId> = board.items.iter().map(|i| i.task).collect();
    let (mut exams, mut at_pages, mut there) = (BTreeMap::new(), BTreeSet::new(), Vec::new());
    for id in ids {
        if let Some(row) = tx.one("SELECT exam, page FROM tasks WHERE id = $1", args![id]).await? {
            exams.insert(row.id::<ExamId>("exam")?, false);
            at_pages.extend(row.opt_id::<PageId>("page")?);
            there.push(id);
        }
    }
    for (exam, open) in &mut exams {
        *open = match must_be_open(tx, *exam).await {
            Ok(()) => true,
            Err(StoreError::Closed(_)) => false,
            Err(error) => return Err(error),
        };
    }
    for page in at_pages {
        pages::locked(tx, page).await?;
    }
    let mut held = BTreeMap::new();
    for id in there {
        let row = tx.one(TASK_LOCKED, args![id]).await?.ok_or_else(|| tasks::missing(id))?;
        let task = tasks::read(&row)?;
        let by_me = row.opt_id::<UserId>("claimed_by")? == Some(board.user);
        let exam_open = exams.get(&task.exam).copied().unwrap_or_default();
        let mine = by_me && exam_open && task.state == TaskState::Open && task.station == Role::Verifier;
        held.insert(id, Held { task, exam_open, mine });
    }
    Ok(held)
}

/// Notes what a person said about an open character; false when it is not open.
async fn say(tx: &mut Tx, board: BoardId, item: &BoardItem) -> Result<bool> {
    let said = item.said.map(String::from).unwrap_or_default();
    let sql = "UPDATE symbols SET said = $3, board = $4 WHERE task = $1 AND cell = $2 AND said IS NULL";
    Ok(tx.run(sql, args![item.task, item.cell, said, board]).await? > 0)
}

/// Compares with what another person said before; false when nobody did.
async fn control(tx: &mut Tx, board: &Board, item: &BoardItem) -> Result<bool> {
    let sql = "SELECT s.said FROM symbols s JOIN boards b ON b.id = s.board
               WHERE s.task = $1 AND s.cell = $2 AND s.said <> '' AND b.user_id <> $3";
    let Some(row) = tx.one(sql, args![item.task, item.cell, board.user]).await? else { return Ok(false) };
    let said = item.said.map(String::from).unwrap_or_default();
    tx.run(
        "INSERT INTO controls (board, task, cell, truth, said) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (board, task, cell) DO NOTHING",
        args![board.id, item.task, item.cell, row.text("said")?, said],
    )
    .await?;
    Ok(true)
}

fn verdict_of(board: BoardId, task: TaskId) -> VerdictId {
    VerdictId::derived(&[&board.to_string(), &task.to_string()])
}

/// The value with some of its characters replaced; `None` when one lies outside.
fn joined(value: &str, said: &[(u32, char)]) -> Option<String> {
    let mut chars: Vec<char> = value.chars().collect();
    for (cell, c) in said {
        *chars.get_mut(*cell as usize)? = *c;
    }
    Some(chars.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_stands_at_its_place_and_nowhere_else() {
        assert_eq!(joined("-1 5", &[(1, '7'), (3, 'б')]).as_deref(), Some("-7 б"));
        assert_eq!(joined("12", &[(2, '3')]), None);
    }
}
