//! The outbox: pages that wait to be read, who has published them, who is reading them now, and what changed of late.
//!
//! Leases only. None of them survives a power cut, and none needs to: the page is still `received`, so it is read again.

use crate::db::{args, damaged};
use crate::dialect::TAKE_UNPUBLISHED;
use crate::error::Result;
use crate::pages;
use crate::rows::{Begun, OutboxStats};
use crate::store::Store;
use jiff::Timestamp;
use rcoi_model::{ExamId, Page, PageId};
use std::time::Duration;

impl Store {
    /// Takes up to `limit` pages that wait to be read, that nobody published within their lease and that nobody reads:
    /// the most urgent first, then the oldest. They come again when `lease` has passed and they are still not read.
    pub async fn take_unpublished(&self, lease: Duration, limit: u32) -> Result<Vec<PageId>> {
        let mut tx = self.db.begin_light().await?;
        let rows = tx.all(TAKE_UNPUBLISHED, args![self.lease_end(lease), self.micros(), limit]).await?;
        tx.commit().await?;
        let key = |row: &crate::db::Row| Ok((row.int("urgency")?, row.int("received_at")?, row.id("id")?));
        let mut taken = rows.iter().map(key).collect::<Result<Vec<_>>>()?;
        taken.sort_unstable();
        Ok(taken.into_iter().map(|(_, _, id)| id).collect())
    }

    /// Ends every lease of publishing: for the start of a process whose queue lived in its memory and died with it.
    /// How many pages wait again.
    pub async fn reset_outbox(&self) -> Result<u64> {
        let mut tx = self.db.begin_light().await?;
        let sql = "UPDATE pages SET published_until = NULL WHERE state = 'received' AND published_until IS NOT NULL";
        let waiting = tx.run(sql, vec![]).await?;
        tx.commit().await?;
        Ok(waiting)
    }

    /// Makes the page `reader`'s for a while, if it waits to be read and nobody else reads it.
    pub async fn begin_reading(&self, page: PageId, reader: &str, lease: Duration) -> Result<Begun> {
        let mut tx = self.db.begin_light().await?;
        let row = tx
            .one(
                "UPDATE pages SET reader = $2, reader_until = $3, attempts = attempts + 1, published_until = NULL
                 WHERE id = $1 AND state = 'received' AND (reader_until IS NULL OR reader_until <= $4 OR reader = $2)
                 RETURNING *",
                args![page, reader, self.lease_end(lease), self.micros()],
            )
            .await?;
        tx.commit().await?;
        let Some(row) = row else { return Ok(Begun::NotNow) };
        Ok(Begun::Yours { page: pages::read(&row)?, attempt: row.small("attempts")?, fault: row.opt_text("fault")? })
    }

    /// Lengthens the lease of a page that `reader` is still reading.
    pub async fn keep_reading(&self, page: PageId, reader: &str, lease: Duration) -> Result<()> {
        let mut tx = self.db.begin_light().await?;
        tx.run("UPDATE pages SET reader_until = $3 WHERE id = $1 AND reader = $2", args![page, reader, self.lease_end(lease)]).await?;
        tx.commit().await
    }

    /// `reader` could not read the page for a reason that is no fault of the page. It waits again, at once.
    pub async fn stop_reading(&self, page: PageId, reader: &str, fault: &str) -> Result<()> {
        let mut tx = self.db.begin_light().await?;
        tx.run(
            "UPDATE pages SET reader = NULL, reader_until = NULL, fault = $3 WHERE id = $1 AND reader = $2 AND state = 'received'",
            args![page, reader, fault],
        )
        .await?;
        tx.commit().await
    }

    /// How the pages stand that wait to be read.
    pub async fn outbox_stats(&self) -> Result<OutboxStats> {
        let sql = "SELECT COUNT(*) AS waiting, COUNT(*) FILTER (WHERE published_until > $1) AS published,
                          COUNT(*) FILTER (WHERE reader_until > $1) AS in_work, COUNT(*) FILTER (WHERE fault IS NOT NULL) AS failed,
                          MIN(received_at) AS oldest
                   FROM pages WHERE state = 'received'";
        let row = self.db.one(sql, args![self.micros()]).await?.ok_or_else(|| damaged("counts", "no row"))?;
        Ok(OutboxStats {
            waiting: row.count("waiting")?,
            published: row.count("published")?,
            in_work: row.count("in_work")?,
            failed: row.count("failed")?,
            oldest: row.opt_moment("oldest")?,
        })
    }

    /// Pages that were set aside, by exam and file name.
    pub async fn pages_set_aside(&self) -> Result<Vec<Page>> {
        let sql = "SELECT * FROM pages WHERE state = 'set-aside' ORDER BY exam, source, page_index, id";
        self.db.all(sql, vec![]).await?.iter().map(pages::read).collect()
    }

    /// Exams of which pages came, were read or left at `since` or later, how many those are, and when the last one did.
    /// Clocks of machines differ and commits take their time: ask with some seconds of overlap.
    pub async fn changed_exams(&self, since: Timestamp) -> Result<Vec<(ExamId, u64, Timestamp)>> {
        let sql = "SELECT exam, COUNT(*) AS pages, MAX(changed_at) AS last FROM pages WHERE changed_at >= $1 GROUP BY exam ORDER BY exam";
        let rows = self.db.all(sql, args![since.as_microsecond()]).await?;
        rows.iter().map(|row| Ok((row.id("exam")?, row.count("pages")?, row.moment("last")?))).collect()
    }
}
