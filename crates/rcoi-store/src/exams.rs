//! Exams: the plan, and the state that moves only forwards.

use crate::audit::{self, event};
use crate::columns::to_json;
use crate::db::{Row, Tx, args, damaged};
use crate::dialect::{EXAM_LOCKED, EXAM_STATE_HELD};
use crate::error::{Result, StoreError};
use crate::rows::{ExamRow, Imported};
use crate::store::Store;
use rcoi_model::{ExamId, ExamPlan, ExamState, Packet, UserId};

const COLUMNS: &str = "SELECT id, plan, state, imported_at, closed_at, packaged_at FROM exams WHERE id = $1";

impl Store {
    /// Stores a plan and a packet for each of its rooms. The same plan again changes nothing; another plan
    /// replaces the one of an open exam and is refused for a closed or packaged one.
    pub async fn import_exam(&self, plan: &ExamPlan) -> Result<Imported> {
        let (id, text, now) = (plan.id(), to_json("plan", plan)?, self.micros());
        let mut tx = self.db.begin().await?;
        let new = tx
            .run(
                "INSERT INTO exams (id, plan, state, imported_at) VALUES ($1, $2, 'open', $3) ON CONFLICT (id) DO NOTHING",
                args![id, &text, now],
            )
            .await?;
        let done = if new == 1 {
            Imported::New
        } else {
            let row = tx.one(EXAM_LOCKED, args![id]).await?.ok_or_else(|| missing(id))?;
            if row.json::<ExamPlan>("plan")? == *plan {
                return Ok(Imported::Same);
            }
            let state = row.exam_state("state")?;
            if state != ExamState::Open {
                return Err(StoreError::Closed(format!("exam {id} is {}: its plan cannot be replaced by another", state.as_str())));
            }
            tx.run("UPDATE exams SET plan = $2 WHERE id = $1", args![id, &text]).await?;
            Imported::Replaced
        };
        for room in &plan.rooms {
            let packet = Packet {
                id: Packet::id_for(id, &room.ppe, &room.room),
                exam: id,
                ppe: room.ppe.clone(),
                room: room.room.clone(),
                declared: room.declared_sheets,
            };
            crate::packets::upsert(&mut tx, &packet, Some(plan.limit_day())).await?;
        }
        let entry = event(None, "exam.import", &id.to_string(), &serde_json::json!({ "replaced": done == Imported::Replaced }));
        audit::append(&mut tx, now, &entry).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// All exams, latest day first.
    pub async fn exams(&self) -> Result<Vec<ExamRow>> {
        let rows =
            self.db.all("SELECT id, plan, state, imported_at, closed_at, packaged_at FROM exams ORDER BY imported_at, id", vec![]).await?;
        let mut exams = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
        exams.sort_by(|a, b| b.plan.date.cmp(&a.plan.date).then_with(|| a.plan.subject.cmp(&b.plan.subject)));
        Ok(exams)
    }

    /// One exam, or [`StoreError::NotFound`].
    pub async fn exam(&self, id: ExamId) -> Result<ExamRow> {
        read(&self.db.one(COLUMNS, args![id]).await?.ok_or_else(|| missing(id))?)
    }

    /// Moves an exam from the state the caller saw to another. Closing is refused with
    /// [`StoreError::StillOpen`] while there are open tasks or unread pages, whatever the caller's gate said
    /// a moment ago. `Packaged` → `Closed` re-opens sending; a closed exam never opens again.
    pub async fn advance_exam(&self, id: ExamId, from: ExamState, to: ExamState, by: Option<UserId>) -> Result<()> {
        use ExamState::{Closed, Open, Packaged};
        if !matches!((from, to), (Open, Closed) | (Closed, Packaged) | (Packaged, Closed)) {
            return Err(StoreError::Conflict(format!("an exam cannot go from {} to {}", from.as_str(), to.as_str())));
        }
        let now = self.micros();
        let mut tx = self.db.begin().await?;
        let row = tx.one(EXAM_LOCKED, args![id]).await?.ok_or_else(|| missing(id))?;
        let actual = row.exam_state("state")?;
        if actual != from {
            return Err(StoreError::WrongState { expected: from, actual });
        }
        if to == Closed && from == Open {
            let left = tx
                .one(
                    "SELECT (SELECT COUNT(*) FROM tasks WHERE exam = $1 AND state = 'open') AS tasks,
                            (SELECT COUNT(*) FROM pages WHERE exam = $1 AND state = 'received') AS pages,
                            (SELECT COUNT(*) FROM policies WHERE exam = $1 AND applied_at IS NULL) AS policies",
                    args![id],
                )
                .await?
                .ok_or_else(|| damaged("counts", "no row"))?;
            let (tasks, pages) = (left.count("tasks")?, left.count("pages")?);
            if left.count("policies")? > 0 {
                return Err(StoreError::Conflict("a change of the policy has not reached every page".to_owned()));
            }
            if tasks + pages > 0 {
                return Err(StoreError::StillOpen { tasks, pages });
            }
        }
        let sql = match to {
            Packaged => "UPDATE exams SET state = $2, packaged_at = $3 WHERE id = $1",
            _ if from == Open => "UPDATE exams SET state = $2, closed_at = $3 WHERE id = $1",
            // The moment of closing stays the first one.
            _ => "UPDATE exams SET state = $2, closed_at = COALESCE(closed_at, $3) WHERE id = $1",
        };
        tx.run(sql, args![id, to.as_str(), now]).await?;
        let change = serde_json::json!({ "from": from.as_str(), "to": to.as_str() });
        audit::append(&mut tx, now, &event(by, "exam.advance", &id.to_string(), &change)).await?;
        tx.commit().await?;
        if to == Closed {
            self.forget_cutouts(id).await?;
        }
        Ok(())
    }
}

/// Fails unless the exam is open; holds it open until the transaction ends.
pub(crate) async fn must_be_open(tx: &mut Tx, id: ExamId) -> Result<()> {
    let row = tx.one(EXAM_STATE_HELD, args![id]).await?.ok_or_else(|| missing(id))?;
    match row.exam_state("state")? {
        ExamState::Open => Ok(()),
        state => Err(StoreError::Closed(format!("exam {id} is {}", state.as_str()))),
    }
}

fn missing(id: ExamId) -> StoreError {
    StoreError::NotFound(format!("exam {id}"))
}

fn read(row: &Row) -> Result<ExamRow> {
    Ok(ExamRow {
        id: row.id("id")?,
        plan: row.json("plan")?,
        state: row.exam_state("state")?,
        imported_at: row.moment("imported_at")?,
        closed_at: row.opt_moment("closed_at")?,
        packaged_at: row.opt_moment("packaged_at")?,
    })
}
