//! Packages that were made for the federal level. Nothing is deleted: a new sending is a new version.

use crate::audit::{self, event};
use crate::db::{Row, args};
use crate::error::{Result, StoreError};
use crate::rows::{NewPackage, PackageRow};
use crate::store::Store;
use rcoi_model::{ExamId, PackageId};

impl Store {
    /// Remembers a package. The same file again gives the stored row; another file under the same exam, version
    /// and name is refused with [`StoreError::Conflict`].
    pub async fn insert_package(&self, package: &NewPackage) -> Result<PackageRow> {
        let now = self.micros();
        let id = PackageId::derived(&[&package.exam.to_string(), &package.version.to_string(), &package.name]);
        let size = i64::try_from(package.size).unwrap_or(i64::MAX);
        let mut tx = self.db.begin().await?;
        let new = tx
            .run(
                "INSERT INTO packages (id, exam, packet, version, name, blob, size, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                 ON CONFLICT (id) DO NOTHING",
                args![id, package.exam, package.packet, package.version, &package.name, package.blob.as_str(), size, now],
            )
            .await?;
        let row = tx.one("SELECT * FROM packages WHERE id = $1", args![id]).await?;
        let stored = read(&row.ok_or_else(|| StoreError::NotFound(format!("package {id}")))?)?;
        if stored.package != *package {
            return Err(StoreError::Conflict(format!(
                "package '{}' version {} is stored with another content (SHA-256 {})",
                package.name, package.version, stored.package.blob
            )));
        }
        if new == 1 {
            let detail = serde_json::json!({ "name": package.name, "version": package.version, "sha256": package.blob.as_str() });
            audit::append(&mut tx, now, &event(None, "package.made", &id.to_string(), &detail)).await?;
        }
        tx.commit().await?;
        Ok(stored)
    }

    /// Packages of an exam by version and name.
    pub async fn packages(&self, exam: ExamId) -> Result<Vec<PackageRow>> {
        let rows = self.db.all("SELECT * FROM packages WHERE exam = $1 ORDER BY version, name", args![exam]).await?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<PackageRow> {
    Ok(PackageRow {
        id: row.id("id")?,
        package: NewPackage {
            exam: row.id("exam")?,
            packet: row.opt_id("packet")?,
            version: row.small("version")?,
            name: row.text("name")?,
            blob: row.blob("blob")?,
            size: row.count("size")?,
        },
        made_at: row.moment("made_at")?,
    })
}
