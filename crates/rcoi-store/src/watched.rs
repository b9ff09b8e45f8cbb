//! Files of the watched folder that were looked at, so that none is looked at twice.

use crate::db::{Row, args, damaged};
use crate::error::Result;
use crate::rows::{WatchedFile, WatchedOutcome};
use crate::store::Store;

impl WatchedOutcome {
    const ALL: [(Self, &str); 3] = [(Self::Taken, "taken"), (Self::SetAside, "set-aside"), (Self::Refused, "refused")];

    fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(one, _)| *one == self).map_or("refused", |(_, text)| text)
    }
}

impl Store {
    /// Remembers what became of a file. Looked at once more, the later outcome counts.
    pub async fn put_watched(&self, file: &WatchedFile) -> Result<()> {
        let now = self.micros();
        let mut tx = self.db.begin().await?;
        tx.run(
            "INSERT INTO watched_files (path, size, modified, outcome, reason, pages, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (path, size, modified) DO UPDATE SET outcome = excluded.outcome, reason = excluded.reason,
                 pages = excluded.pages, at = excluded.at",
            args![&file.path, whole(file.size), file.modified, file.outcome.as_str(), file.reason.as_deref(), whole(file.pages), now],
        )
        .await?;
        tx.commit().await
    }

    /// Every file that was looked at in a folder or deeper.
    pub async fn watched(&self, folder: &str) -> Result<Vec<WatchedFile>> {
        // '0' is the sign after '/'.
        let (from, to) = (format!("{folder}/"), format!("{folder}0"));
        let rows = self.db.all("SELECT * FROM watched_files WHERE path > $1 AND path < $2 ORDER BY path, at", args![&from, &to]).await?;
        rows.iter().map(read).collect()
    }
}

fn whole(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn read(row: &Row) -> Result<WatchedFile> {
    let text = row.text("outcome")?;
    let outcome = WatchedOutcome::ALL.iter().find(|(_, known)| *known == text).ok_or_else(|| damaged("outcome", &text))?.0;
    Ok(WatchedFile {
        path: row.text("path")?,
        size: row.count("size")?,
        modified: row.int("modified")?,
        outcome,
        reason: row.opt_text("reason")?,
        pages: row.count("pages")?,
    })
}
