//! Moving an installation: every row of an SQLite file into an empty database, and a mark in the file that it has moved.
//!
//! One transaction on each side. The file's one lets nobody else write meanwhile; the target's one makes the rows appear all
//! together. Killed between the two commits, the next run finds the same chain of acts there and only sets the mark.

use crate::db::{Arg, Db, Tx, args, damaged};
use crate::error::{Result, StoreError};
use crate::store::Store;
use rcoi_model::BlobHash;

/// Setting that says where an installation has gone.
pub(crate) const MOVED: &str = "moved-to";
/// Rows that are in memory at a time: readings have some 50 KB each.
const STEP: usize = 200;

#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Int,
}
use Kind::{Int, Text};

/// A table: its first `keys` columns are the key that its rows are taken by.
struct Table {
    name: &'static str,
    keys: usize,
    columns: &'static [(&'static str, Kind)],
}

/// In an order in which references find what they name. Sessions stay behind: people sign in again. So do leases, and cut-outs,
/// which are cut again from their pages.
const TABLES: [Table; 19] = [
    Table {
        name: "users",
        keys: 1,
        columns: &[
            ("id", Text),
            ("login", Text),
            ("title", Text),
            ("role", Text),
            ("password_hash", Text),
            ("disabled", Int),
            ("created_at", Int),
            ("auditor", Int),
        ],
    },
    Table {
        name: "exams",
        keys: 1,
        columns: &[("id", Text), ("plan", Text), ("state", Text), ("imported_at", Int), ("closed_at", Int), ("packaged_at", Int)],
    },
    Table {
        name: "packets",
        keys: 1,
        columns: &[("id", Text), ("exam", Text), ("ppe", Text), ("room", Text), ("declared", Int), ("urgency", Int)],
    },
    Table {
        name: "pages",
        keys: 1,
        columns: &[
            ("id", Text),
            ("exam", Text),
            ("packet", Text),
            ("blob", Text),
            ("page_index", Int),
            ("source", Text),
            ("state", Text),
            ("reason", Text),
            ("reason_before", Text),
            ("state_before", Text),
            ("excluded_by", Text),
            ("current_engine", Text),
            ("received_at", Int),
            ("attempts", Int),
            ("fault", Text),
            ("urgency", Int),
            ("changed_at", Int),
        ],
    },
    Table { name: "readings", keys: 2, columns: &[("page", Text), ("engine", Text), ("document", Text), ("saved_at", Int)] },
    Table {
        name: "page_findings",
        keys: 2,
        columns: &[("page", Text), ("engine", Text), ("form", Text), ("turns", Int), ("findings", Text), ("many", Int)],
    },
    Table {
        name: "watched_files",
        keys: 3,
        columns: &[("path", Text), ("size", Int), ("modified", Int), ("outcome", Text), ("reason", Text), ("pages", Int), ("at", Int)],
    },
    Table {
        name: "tasks",
        keys: 1,
        columns: &[
            ("id", Text),
            ("exam", Text),
            ("key", Text),
            ("station", Text),
            ("station_before", Text),
            ("state", Text),
            ("page", Text),
            ("packet", Text),
            ("subject", Text),
            ("sort_key", Text),
            ("origin", Text),
            ("created_by", Text),
            ("closed_by", Text),
            ("created_at", Int),
        ],
    },
    Table {
        name: "verdicts",
        keys: 1,
        columns: &[("seq", Int), ("id", Text), ("task", Text), ("user_id", Text), ("act", Text), ("at", Int)],
    },
    Table { name: "boards", keys: 1, columns: &[("id", Text), ("user_id", Text), ("items", Text), ("at", Int), ("undone_at", Int)] },
    Table {
        name: "symbols",
        keys: 2,
        columns: &[
            ("task", Text),
            ("cell", Int),
            ("symbol", Text),
            ("rival", Text),
            ("doubt", Int),
            ("picture", Text),
            ("said", Text),
            ("board", Text),
        ],
    },
    Table { name: "controls", keys: 3, columns: &[("board", Text), ("task", Text), ("cell", Int), ("truth", Text), ("said", Text)] },
    Table {
        name: "field_controls",
        keys: 1,
        columns: &[("id", Text), ("task", Text), ("user_id", Text), ("truth", Text), ("given_at", Int), ("lease_until", Int)],
    },
    Table {
        name: "control_answers",
        keys: 1,
        columns: &[
            ("verdict", Text),
            ("control", Text),
            ("user_id", Text),
            ("act", Text),
            ("at", Int),
            ("after_seq", Int),
            ("undone_at", Int),
        ],
    },
    Table { name: "verdict_undos", keys: 1, columns: &[("verdict", Text), ("user_id", Text), ("at", Int)] },
    Table {
        name: "audit",
        keys: 1,
        columns: &[
            ("seq", Int),
            ("at", Int),
            ("user_id", Text),
            ("act", Text),
            ("target", Text),
            ("detail", Text),
            ("prev", Text),
            ("hash", Text),
        ],
    },
    Table {
        name: "packages",
        keys: 1,
        columns: &[
            ("id", Text),
            ("exam", Text),
            ("packet", Text),
            ("version", Int),
            ("name", Text),
            ("blob", Text),
            ("size", Int),
            ("made_at", Int),
        ],
    },
    Table {
        name: "policies",
        keys: 2,
        columns: &[("exam", Text), ("seq", Int), ("document", Text), ("user_id", Text), ("at", Int), ("applied_at", Int)],
    },
    Table { name: "settings", keys: 1, columns: &[("key", Text), ("value", Text)] },
];

/// What [`Store::move_to`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// So many rows.
    Rows(u64),
    /// A run that was cut off had brought all rows over; only the mark was missing.
    Already,
}

impl Store {
    /// Every blob that rows name, each once, in order.
    pub async fn blobs_named(&self) -> Result<Vec<BlobHash>> {
        let rows = self.db.all("SELECT blob FROM pages UNION SELECT blob FROM packages ORDER BY blob", vec![]).await?;
        rows.iter().map(|row| row.blob("blob")).collect()
    }

    /// Brings every row of this SQLite file over into the empty database `target`, and marks the file as moved to `label`
    /// (no password in it): it does not open any more. Nobody can write to the file meanwhile. `told` hears of every table.
    ///
    /// # Errors
    /// This is no SQLite file; the target is not empty.
    pub async fn move_to(&self, target: &Self, label: &str, told: &(dyn Fn(&str, u64) + Sync)) -> Result<Moved> {
        if !matches!(self.db, Db::Sqlite { .. }) {
            return Err(StoreError::BadAddress("only an SQLite file can be moved from".to_owned()));
        }
        let mut from = self.db.begin().await?;
        let mut to = target.db.begin().await?;
        let here = head(&mut from).await?;
        let done = if !is_empty(&mut to).await? {
            if head(&mut to).await? != here {
                return Err(StoreError::Conflict("the target is not empty: rows are only brought into a new database".to_owned()));
            }
            Moved::Already
        } else {
            let mut rows = 0;
            for table in &TABLES {
                let n = bring(&mut from, &mut to, table, matches!(target.db, Db::Postgres(_))).await?;
                told(table.name, n);
                rows += n;
            }
            to.run("UPDATE audit_head SET seq = $1, hash = $2 WHERE id = 1", args![here.0, &here.1]).await?;
            if matches!(target.db, Db::Postgres(_)) {
                let sql = "SELECT setval(pg_get_serial_sequence('verdicts', 'seq'), GREATEST((SELECT MAX(seq) FROM verdicts), 1)) AS seq";
                to.all(sql, vec![]).await?;
                // Until the server counts by itself it plans for empty tables, and everybody waits.
                to.run("ANALYZE", vec![]).await?;
            }
            to.commit().await?;
            Moved::Rows(rows)
        };
        from.run("INSERT INTO settings (key, value) VALUES ($1, $2)", args![MOVED, label]).await?;
        close_for_good(&mut from).await?;
        from.commit().await?;
        Ok(done)
    }
}

/// Brings the rows of one table over, some at a time; how many.
async fn bring(from: &mut Tx, to: &mut Tx, table: &Table, to_postgres: bool) -> Result<u64> {
    let names = table.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let keys = table.columns[..table.keys].iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let places = |first: usize, n: usize| (first..first + n).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ");
    let name = table.name;
    let first = format!("SELECT {names} FROM {name} ORDER BY {keys} LIMIT {STEP}");
    let next = format!("SELECT {names} FROM {name} WHERE ({keys}) > ({}) ORDER BY {keys} LIMIT {STEP}", places(1, table.keys));
    // The order of verdicts is theirs, not the target's.
    let own = if to_postgres && name == "verdicts" { "OVERRIDING SYSTEM VALUE " } else { "" };
    let insert = format!("INSERT INTO {name} ({names}) {own}VALUES ({})", places(1, table.columns.len()));
    let (mut rows, mut last) = (0, None::<Vec<Arg>>);
    loop {
        let part = match last.take() {
            None => from.all_made(first.clone(), vec![]).await?,
            Some(key) => from.all_made(next.clone(), key).await?,
        };
        for row in &part {
            let value = |(column, kind): &(&'static str, Kind)| {
                Ok(match kind {
                    Text => Arg::Text(row.opt_text(column)?),
                    Int => Arg::Int(row.opt_int(column)?),
                })
            };
            let values = table.columns.iter().map(value).collect::<Result<Vec<_>>>()?;
            last = Some(values[..table.keys].to_vec());
            to.run_made(insert.clone(), values).await?;
        }
        rows += part.len() as u64;
        if part.len() < STEP {
            return Ok(rows);
        }
    }
}

/// A process that has the file open already would go on writing what nobody sees any more: the file itself refuses.
async fn close_for_good(tx: &mut Tx) -> Result<()> {
    for name in TABLES.iter().map(|table| table.name).chain(["sessions", "audit_head", "cutouts"]) {
        for act in ["INSERT", "UPDATE"] {
            let refuse = "SELECT RAISE(ABORT, 'this installation was moved')";
            tx.run_made(format!("CREATE TRIGGER moved_{name}_{act} BEFORE {act} ON {name} BEGIN {refuse}; END"), vec![]).await?;
        }
    }
    Ok(())
}

/// The last link of the chain of acts.
async fn head(tx: &mut Tx) -> Result<(i64, String)> {
    let row = tx.one("SELECT seq, hash FROM audit_head WHERE id = 1", vec![]).await?;
    let row = row.ok_or_else(|| damaged("chain of acts", "its head is gone"))?;
    Ok((row.int("seq")?, row.text("hash")?))
}

async fn is_empty(tx: &mut Tx) -> Result<bool> {
    let sql = "SELECT (SELECT COUNT(*) FROM users) + (SELECT COUNT(*) FROM exams) + (SELECT COUNT(*) FROM audit) AS n";
    Ok(tx.one(sql, vec![]).await?.map_or(Ok(0), |row| row.count("n"))? == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left behind on purpose.
    const LEFT: [(&str, &str); 10] = [
        ("cutouts", ""),
        ("pages", "published_until"),
        ("pages", "reader"),
        ("pages", "reader_until"),
        ("tasks", "claimed_by"),
        ("tasks", "lease_until"),
        ("audit_head", ""),
        ("policies", "applied_to"),
        ("policies", "carrier"),
        ("policies", "carried_until"),
    ];

    #[tokio::test]
    async fn no_column_of_any_table_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}", folder.path().join("rcoi.db").display())).await.unwrap();
        let sql = "SELECT m.name AS t, c.name AS c FROM sqlite_master m, pragma_table_info(m.name) c
                   WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '\\_sqlx%' ESCAPE '\\' AND m.name <> 'sessions'";
        let rows = store.db.all(sql, vec![]).await.unwrap();
        assert!(rows.len() > 70, "{} columns", rows.len());
        for row in rows {
            let (table, column) = (row.text("t").unwrap(), row.text("c").unwrap());
            let moved = TABLES.iter().any(|t| t.name == table && t.columns.iter().any(|(name, _)| *name == column));
            let left = LEFT.iter().any(|(t, c)| *t == table && (c.is_empty() || *c == column));
            assert!(moved != left, "{table}.{column} is {}", if moved { "in both lists" } else { "forgotten" });
        }
    }
}
