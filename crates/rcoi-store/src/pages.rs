//! Pages: intake, and leaving the work.

use crate::audit::{self, event};
use crate::db::{Row, Tx, args};
use crate::dialect::PAGE_LOCKED;
use crate::error::{Result, StoreError};
use crate::exams::must_be_open;
use crate::rows::Saved;
use crate::store::Store;
use crate::symbols;
use rcoi_model::{ExamId, PacketId, Page, PageId, PageState, UserId, VerdictId};

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
                    "INSERT INTO pages (id, exam, packet, blob, page_index, source, state, received_at, changed_at, urgency)
                     VALUES ($1, $2, $3, $4, $5, $6, 'received', $7, $7, COALESCE((SELECT urgency FROM packets WHERE id = $3), 100000))
                     ON CONFLICT (id) DO NOTHING",
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
        if !exclude(&mut tx, now, page, reason, None).await? {
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
                "UPDATE pages SET state = 'received', reason = NULL, published_until = NULL, attempts = 0, fault = NULL, changed_at = $2
                 WHERE id = $1 AND state = 'set-aside'",
                args![page, now],
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
pub(crate) async fn exclude(tx: &mut Tx, now: i64, page: PageId, reason: &str, verdict: Option<VerdictId>) -> Result<bool> {
    locked(tx, page).await?;
    let done = tx
        .run(
            "UPDATE pages SET state_before = state, reason_before = reason, state = 'excluded', reason = $2, excluded_by = $3,
                    changed_at = $4
             WHERE id = $1 AND state <> 'excluded'",
            args![page, reason, verdict, now],
        )
        .await?;
    if done == 0 {
        return Ok(false);
    }
    symbols::replace(tx, page, &[]).await?;
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

pub(crate) fn read(row: &Row) -> Result<Page> {
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
