//! Pages: intake, the outbox, and leaving the work.

use crate::audit::{self, event};
use crate::db::{Row, Tx, args};
use crate::dialect::{PAGE_LOCKED, TAKE_UNPUBLISHED};
use crate::error::{Result, StoreError};
use crate::exams::must_be_open;
use crate::rows::Saved;
use crate::store::Store;
use rcoi_model::{ExamId, PacketId, Page, PageId, PageState, UserId, VerdictId};
use std::time::Duration;

impl Store {
    /// Stores pages in state `received`, whatever state they carry; how many of them are new. Pages that are
    /// there already stay as they are. New pages of an exam that is not open are refused as a whole.
    pub async fn insert_pages(&self, pages: &[Page]) -> Result<u64> {
        let now = self.micros();
        let mut tx = self.db.begin().await?;
        let mut new = 0;
        let mut checked: Option<ExamId> = None;
        for (page, at) in pages.iter().zip(now..) {
            // `at` grows with the place in the list, so the outbox keeps the order of scanning.
            let inserted = tx
                .run(
                    "INSERT INTO pages (id, exam, packet, blob, page_index, source, state, received_at)
                     VALUES ($1, $2, $3, $4, $5, $6, 'received', $7) ON CONFLICT (id) DO NOTHING",
                    args![page.id, page.exam, page.packet, page.blob.as_str(), page.index, &page.source, at],
                )
                .await?;
            if inserted == 1 && checked != Some(page.exam) {
                must_be_open(&mut tx, page.exam).await?;
                checked = Some(page.exam);
            }
            new += inserted;
        }
        tx.commit().await?;
        Ok(new)
    }

    /// Takes up to `limit` pages that wait to be read and that nobody published within their lease;
    /// oldest first. They come again when `lease` has passed and they are still not read.
    pub async fn take_unpublished(&self, lease: Duration, limit: u32) -> Result<Vec<PageId>> {
        let mut tx = self.db.begin().await?;
        let rows = tx.all(TAKE_UNPUBLISHED, args![self.lease_end(lease), self.micros(), limit]).await?;
        tx.commit().await?;
        let mut taken = rows.iter().map(|row| Ok((row.int("received_at")?, row.id("id")?))).collect::<Result<Vec<_>>>()?;
        taken.sort_unstable();
        Ok(taken.into_iter().map(|(_, id)| id).collect())
    }

    /// Ends every lease of the outbox: for the start of a process whose queue lived in its memory and died with it.
    /// How many pages wait again.
    pub async fn reset_outbox(&self) -> Result<u64> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE pages SET published_until = NULL WHERE state = 'received' AND published_until IS NOT NULL";
        let waiting = tx.run(sql, vec![]).await?;
        tx.commit().await?;
        Ok(waiting)
    }

    /// One page, or [`StoreError::NotFound`].
    pub async fn page(&self, id: PageId) -> Result<Page> {
        let row = self.db.one("SELECT * FROM pages WHERE id = $1", args![id]).await?;
        read(&row.ok_or_else(|| missing(id))?)
    }

    /// Pages of a packet by file name and place in the file.
    pub async fn pages_of_packet(&self, packet: PacketId) -> Result<Vec<Page>> {
        let rows = self.db.all("SELECT * FROM pages WHERE packet = $1 ORDER BY source, page_index, id", args![packet]).await?;
        rows.iter().map(read).collect()
    }

    /// Pages of an exam by packet, file name and place in the file.
    pub async fn pages_of_exam(&self, exam: ExamId) -> Result<Vec<Page>> {
        let sql = "SELECT * FROM pages WHERE exam = $1 ORDER BY packet, source, page_index, id";
        self.db.all(sql, args![exam]).await?.iter().map(read).collect()
    }

    /// Takes a page out of the work; its open tasks become obsolete. Nothing is deleted.
    pub async fn exclude_page(&self, page: PageId, by: Option<UserId>, reason: &str) -> Result<Saved> {
        let now = self.micros();
        let exam = self.page(page).await?.exam;
        let mut tx = self.db.begin().await?;
        must_be_open(&mut tx, exam).await?;
        if !exclude(&mut tx, page, reason, None).await? {
            return Ok(Saved::Already);
        }
        let detail = serde_json::json!({ "reason": reason });
        audit::append(&mut tx, now, &event(by, "page.exclude", &page.to_string(), &detail)).await?;
        tx.commit().await?;
        Ok(Saved::New)
    }

    /// Puts a page that was set aside back into the outbox, to be read again.
    pub async fn requeue_page(&self, page: PageId, by: Option<UserId>) -> Result<()> {
        let now = self.micros();
        let exam = self.page(page).await?.exam;
        let mut tx = self.db.begin().await?;
        must_be_open(&mut tx, exam).await?;
        let done = tx
            .run(
                "UPDATE pages SET state = 'received', reason = NULL, published_until = NULL WHERE id = $1 AND state = 'set-aside'",
                args![page],
            )
            .await?;
        if done == 0 {
            return Err(StoreError::Conflict(format!("page {page} is not set aside")));
        }
        crate::tasks::obsolete_readings_tasks(&mut tx, page, &[]).await?;
        audit::append(&mut tx, now, &event(by, "page.requeue", &page.to_string(), &serde_json::json!({}))).await?;
        tx.commit().await
    }
}

/// Locks a page until the end of the transaction and returns its row.
pub(crate) async fn locked(tx: &mut Tx, page: PageId) -> Result<Row> {
    tx.one(PAGE_LOCKED, args![page]).await?.ok_or_else(|| missing(page))
}

/// Takes a page out; false when it was out already. Remembers what an undo must put back.
pub(crate) async fn exclude(tx: &mut Tx, page: PageId, reason: &str, verdict: Option<VerdictId>) -> Result<bool> {
    locked(tx, page).await?;
    let done = tx
        .run(
            "UPDATE pages SET state_before = state, reason_before = reason, state = 'excluded', reason = $2, excluded_by = $3
             WHERE id = $1 AND state <> 'excluded'",
            args![page, reason, verdict],
        )
        .await?;
    if done == 0 {
        return Ok(false);
    }
    tx.run(
        "UPDATE tasks SET state = 'obsolete', closed_by = $2, claimed_by = NULL, lease_until = NULL WHERE page = $1 AND state = 'open'",
        args![page, verdict],
    )
    .await?;
    Ok(true)
}

pub(crate) fn state(row: &Row) -> Result<PageState> {
    row.page_state("state")
}

fn missing(id: PageId) -> StoreError {
    StoreError::NotFound(format!("page {id}"))
}

fn read(row: &Row) -> Result<Page> {
    Ok(Page {
        id: row.id("id")?,
        exam: row.id("exam")?,
        packet: row.id("packet")?,
        blob: row.blob("blob")?,
        index: row.small("page_index")?,
        source: row.text("source")?,
        state: state(row)?,
        reason: row.opt_text("reason")?,
    })
}
