//! What the reconciliation asks of the whole exam again and again: keys and counts, without the documents beside them.

use crate::db::args;
use crate::error::Result;
use crate::rows::VerdictRow;
use crate::store::Store;
use crate::verdicts::read_row;
use rcoi_model::{ExamId, PageId};
use std::collections::{BTreeMap, BTreeSet};

/// Which verdicts of a page count. As long as the mark stays the same, so do the verdicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VerdictMark {
    pub count: u64,
    /// Sum and greatest of their places in the order of storing: an undone one changes the sum.
    pub sum: u64,
    pub last: u64,
}

impl Store {
    /// Marks of the pages of an exam that have verdicts.
    pub async fn verdict_marks(&self, exam: ExamId) -> Result<BTreeMap<PageId, VerdictMark>> {
        let rows = self
            .db
            .all(
                "SELECT t.page, COUNT(*) AS n, CAST(SUM(v.seq) AS BIGINT) AS total, MAX(v.seq) AS newest
                 FROM verdicts v JOIN tasks t ON t.id = v.task
                 WHERE t.exam = $1 AND t.page IS NOT NULL AND NOT EXISTS (SELECT 1 FROM verdict_undos u WHERE u.verdict = v.id)
                 GROUP BY t.page",
                args![exam],
            )
            .await?;
        rows.iter()
            .map(|row| Ok((row.id("page")?, VerdictMark { count: row.count("n")?, sum: row.count("total")?, last: row.count("newest")? })))
            .collect()
    }

    /// Verdicts about one page that count, in the order of storing, each with its task.
    pub async fn verdicts_of_page(&self, page: PageId) -> Result<Vec<VerdictRow>> {
        let rows = self
            .db
            .all(
                "SELECT v.*, t.key, t.station, t.state, t.page, t.packet, t.subject FROM verdicts v JOIN tasks t ON t.id = v.task
                 WHERE t.page = $1 AND NOT EXISTS (SELECT 1 FROM verdict_undos u WHERE u.verdict = v.id) ORDER BY v.seq",
                args![page],
            )
            .await?;
        rows.iter().map(read_row).collect()
    }

    /// Keys of the open tasks of every page of an exam.
    pub async fn open_keys_of_pages(&self, exam: ExamId) -> Result<BTreeMap<PageId, Vec<String>>> {
        let sql = "SELECT page, key FROM tasks WHERE exam = $1 AND state = 'open' AND page IS NOT NULL ORDER BY key";
        let mut out: BTreeMap<PageId, Vec<String>> = BTreeMap::new();
        for row in self.db.all(sql, args![exam]).await? {
            out.entry(row.id("page")?).or_default().push(row.text("key")?);
        }
        Ok(out)
    }

    /// Keys of the done tasks of an exam that begin with `prefix`.
    pub async fn done_keys(&self, exam: ExamId, prefix: &str) -> Result<BTreeSet<String>> {
        let sql = "SELECT key FROM tasks WHERE exam = $1 AND state = 'done' AND key >= $2 AND substr(key, 1, length($2)) = $2";
        self.db.all(sql, args![exam, prefix]).await?.iter().map(|row| row.text("key")).collect()
    }
}
