//! Readings: one JSON document per page and engine; saved together with the tasks that follow from it.

use crate::columns::to_json;
use crate::db::{Row, Tx, args};
use crate::error::{Result, StoreError};
use crate::exams::must_be_open;
use crate::looks;
use crate::pages::{locked, state};
use crate::rows::{Cuts, Saved};
use crate::store::Store;
use crate::tasks::{self, ORIGIN_READING};
use crate::{cutouts, policies, symbols};
use futures::stream::{self, BoxStream, StreamExt};
use rcoi_model::{ExamId, PageId, PageReading, PageState, Task};

/// Readings fetched at a time by the stream: some megabytes.
const STEP: u32 = 50;

impl Store {
    /// Saves what an engine read, with the tasks for its doubts, in one transaction.
    ///
    /// Idempotent per (page, engine): the second call changes nothing and says [`Saved::Already`]. The reading of
    /// another engine becomes the current one; open tasks of the earlier one that it does not repeat become obsolete,
    /// settled ones stay. The reading of an excluded page is kept, but the page stays out and gets no tasks.
    pub async fn save_reading(&self, page: PageId, reading: &PageReading, tasks: &[Task]) -> Result<Saved> {
        self.save_reading_with(page, reading, tasks, &Cuts::default()).await
    }

    /// As [`Store::save_reading`], with pictures of the fields of those tasks and of the characters that can be judged apart
    /// from their field. A field with such characters is given to people as a whole after those without.
    ///
    /// # Errors
    /// [`StoreError::OtherPolicy`]: the tasks follow from a policy that does not hold any more; nothing was saved.
    pub async fn save_reading_with(&self, page: PageId, reading: &PageReading, tasks: &[Task], cuts: &Cuts) -> Result<Saved> {
        let (now, document) = (self.micros(), to_json("reading", reading)?);
        let exam = self.page(page).await?.exam;
        let mut tx = self.db.begin().await?;
        let known = tx.one("SELECT page FROM readings WHERE page = $1 AND engine = $2", args![page, &reading.engine]).await?;
        if known.is_some() {
            return Ok(Saved::Already);
        }
        must_be_open(&mut tx, exam).await?;
        if let Some(seq) = cuts.policy {
            policies::must_hold(&mut tx, exam, seq).await?;
        }
        let row = locked(&mut tx, page).await?;
        let new = tx
            .run(
                "INSERT INTO readings (page, engine, document, saved_at) VALUES ($1, $2, $3, $4) ON CONFLICT (page, engine) DO NOTHING",
                args![page, &reading.engine, &document, now],
            )
            .await?;
        if new == 0 {
            return Ok(Saved::Already);
        }
        looks::put(&mut tx, page, reading).await?;
        if state(&row)? == PageState::Excluded {
            // What an undone exclusion puts back is a page that has been read.
            tx.run(
                "UPDATE pages SET current_engine = $2, state_before = 'read', reason_before = NULL WHERE id = $1",
                args![page, &reading.engine],
            )
            .await?;
        } else {
            tx.run(
                "UPDATE pages SET state = 'read', reason = NULL, current_engine = $2, published_until = NULL, reader = NULL,
                        reader_until = NULL, fault = NULL, changed_at = $3 WHERE id = $1",
                args![page, &reading.engine, now],
            )
            .await?;
            replace_tasks(&mut tx, now, exam, page, tasks).await?;
            symbols::replace(&mut tx, page, &cuts.symbols).await?;
            cutouts::replace(&mut tx, page, &cuts.fields).await?;
        }
        tx.commit().await?;
        Ok(Saved::New)
    }

    /// Sets aside a page that could not be read, with its reason and the task for a person, in one transaction.
    /// A page that is read, excluded or set aside already stays as it is.
    pub async fn set_aside(&self, page: PageId, reason: &str, task: &Task) -> Result<Saved> {
        let now = self.micros();
        let exam = self.page(page).await?.exam;
        let mut tx = self.db.begin().await?;
        must_be_open(&mut tx, exam).await?;
        let row = locked(&mut tx, page).await?;
        if state(&row)? != PageState::Received {
            return Ok(Saved::Already);
        }
        tx.run(
            "UPDATE pages SET state = 'set-aside', reason = $2, published_until = NULL, reader = NULL, reader_until = NULL, changed_at = $3
             WHERE id = $1",
            args![page, reason, now],
        )
        .await?;
        replace_tasks(&mut tx, now, exam, page, std::slice::from_ref(task)).await?;
        tx.commit().await?;
        Ok(Saved::New)
    }

    /// The current reading of a page; `None` when it was not read.
    pub async fn reading(&self, page: PageId) -> Result<Option<PageReading>> {
        let sql = "SELECT r.document FROM pages p JOIN readings r ON r.page = p.id AND r.engine = p.current_engine WHERE p.id = $1";
        self.db.one(sql, args![page]).await?.map(|row| row.json("document")).transpose()
    }

    /// Current readings of pages of an exam that are in the work (state `read`), in the order of page ids,
    /// beginning after `after`; at most `limit`.
    pub async fn readings(&self, exam: ExamId, after: Option<PageId>, limit: u32) -> Result<Vec<(PageId, PageReading)>> {
        // Every id is greater than the empty text.
        let after = after.map_or(String::new(), |id| id.to_string());
        let rows = self
            .db
            .all(
                "SELECT p.id, r.document FROM pages p JOIN readings r ON r.page = p.id AND r.engine = p.current_engine
                 WHERE p.exam = $1 AND p.id > $2 AND p.state = 'read' ORDER BY p.id LIMIT $3",
                args![exam, &after, limit],
            )
            .await?;
        rows.iter().map(|row: &Row| Ok((row.id("id")?, row.json("document")?))).collect()
    }

    /// All of [`Store::readings`] as a stream that holds one part at a time in memory.
    pub fn readings_stream(&self, exam: ExamId) -> BoxStream<'_, Result<(PageId, PageReading)>> {
        let parts = stream::try_unfold((None, false), move |(after, finished)| async move {
            if finished {
                return Ok::<_, StoreError>(None);
            }
            let part = self.readings(exam, after, STEP).await?;
            let finished = part.len() < STEP as usize;
            let after = part.last().map(|(id, _)| *id).or(after);
            Ok(Some((stream::iter(part.into_iter().map(Ok)), (after, finished))))
        });
        futures::TryStreamExt::try_flatten(parts).boxed()
    }
}

/// Makes `tasks` the tasks that follow from the reading of a page.
async fn replace_tasks(tx: &mut Tx, now: i64, exam: ExamId, page: PageId, tasks: &[Task]) -> Result<()> {
    for task in tasks {
        tasks::must_belong(task, exam)?;
        tasks::put(tx, now, task, ORIGIN_READING, None).await?;
    }
    tasks::obsolete_readings_tasks(tx, page, tasks).await?;
    Ok(())
}
