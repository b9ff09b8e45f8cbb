//! Cut-outs of fields that people are asked about: kept so that nobody waits for a decoder, and made again when they are gone.

use crate::db::{Tx, args, damaged};
use crate::error::Result;
use crate::rows::Cutout;
use crate::store::Store;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcoi_model::{ExamId, PageId};

impl Store {
    /// PNG of a field as it was cut while its page was read; `None` when none is kept.
    pub async fn cutout(&self, page: PageId, field: &str) -> Result<Option<Vec<u8>>> {
        let row = self.db.one("SELECT picture FROM cutouts WHERE page = $1 AND field = $2", args![page, field]).await?;
        let Some(row) = row else { return Ok(None) };
        STANDARD.decode(row.text("picture")?).map(Some).map_err(|e| damaged("cut-out", e))
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

/// An exam is closed: nobody looks at its fields any more.
pub(crate) async fn forget(tx: &mut Tx, exam: ExamId) -> Result<()> {
    tx.run("DELETE FROM cutouts WHERE page IN (SELECT id FROM pages WHERE exam = $1)", args![exam]).await.map(|_| ())
}
