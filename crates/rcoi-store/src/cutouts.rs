//! Cut-outs of fields that people are asked about: kept so that nobody waits for a decoder, and made again when they are gone.

use crate::db::{Tx, args, damaged};
use crate::error::Result;
use crate::rows::Cutout;
use crate::store::Store;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcoi_model::{ExamId, PageId};

/// Pages whose cut-outs go in one transaction.
const PART: u32 = 500;

impl Store {
    /// PNG of a field as it was cut while its page was read; `None` when none is kept.
    pub async fn cutout(&self, page: PageId, field: &str) -> Result<Option<Vec<u8>>> {
        let row = self.db.one("SELECT picture FROM cutouts WHERE page = $1 AND field = $2", args![page, field]).await?;
        let Some(row) = row else { return Ok(None) };
        STANDARD.decode(row.text("picture")?).map(Some).map_err(|e| damaged("cut-out", e))
    }

    /// An exam is closed: nobody looks at its fields any more. In parts, so that no transaction is long; what a crash leaves
    /// costs space and nothing else.
    pub(crate) async fn forget_cutouts(&self, exam: ExamId) -> Result<()> {
        let mut after = String::new();
        loop {
            let sql = "SELECT id FROM pages WHERE exam = $1 AND id > $2 ORDER BY id LIMIT $3";
            let pages = self.db.all(sql, args![exam, &after, PART]).await?;
            let Some(last) = pages.last() else { return Ok(()) };
            let last = last.text("id")?;
            let mut tx = self.db.begin_light().await?;
            let sql = "DELETE FROM cutouts WHERE page IN (SELECT id FROM pages WHERE exam = $1 AND id > $2 AND id <= $3)";
            tx.run(sql, args![exam, &after, &last]).await?;
            tx.commit().await?;
            after = last;
        }
    }
}

/// Makes the cut-outs of a page these.
pub(crate) async fn replace(tx: &mut Tx, page: PageId, cutouts: &[Cutout]) -> Result<()> {
    tx.run("DELETE FROM cutouts WHERE page = $1", args![page]).await?;
    for cutout in cutouts {
        let sql = "INSERT INTO cutouts (page, field, picture) VALUES ($1, $2, $3) ON CONFLICT (page, field) DO NOTHING";
        tx.run(sql, args![page, &cutout.field, &cutout.picture]).await?;
    }
    Ok(())
}
