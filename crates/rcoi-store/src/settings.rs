//! Settings: small named texts.

use crate::db::args;
use crate::error::Result;
use crate::store::Store;

impl Store {
    /// The value of a setting; `None` when it was never set.
    pub async fn setting(&self, key: &str) -> Result<Option<String>> {
        let row = self.db.one("SELECT value FROM settings WHERE key = $1", args![key]).await?;
        row.map(|row| row.text("value")).transpose()
    }

    /// Sets or replaces a setting.
    pub async fn set_setting(&self, key: &str, value: &str) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        tx.run(sql, args![key, value]).await?;
        tx.commit().await
    }
}
