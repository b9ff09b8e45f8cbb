//! The two databases behind one small face: one query text, values in, rows out.
//!
//! Column types are chosen so that one text serves both: ids, JSON and states are text, moments are
//! 64-bit microseconds since 1970 in UTC. Native uuid/jsonb/timestamptz would need a cast around every
//! bind in one of the dialects and bring nothing here: nobody queries inside the documents.

use crate::error::{Result, StoreError};
use sqlx::postgres::{PgPool, PgRow, Postgres};
use sqlx::sqlite::{Sqlite, SqlitePool, SqliteRow};
use sqlx::{Row as _, Transaction};

/// The database: a file, or a server.
#[derive(Debug, Clone)]
pub(crate) enum Db {
    /// SQLite takes one writer at a time, so there is exactly one writing connection: writers queue in
    /// the pool (fair, no busy loops) and readers beside them see the last commit (WAL).
    Sqlite {
        write: SqlitePool,
        read: SqlitePool,
    },
    Postgres(PgPool),
}

/// A statement that the dialects spell differently.
#[derive(Clone, Copy)]
pub(crate) struct Both {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

impl From<&'static str> for Both {
    fn from(one: &'static str) -> Self {
        Self { sqlite: one, postgres: one }
    }
}

/// A bound value.
#[derive(Debug, Clone)]
pub(crate) enum Arg {
    Text(Option<String>),
    Int(Option<i64>),
}

/// Makes `Vec<Arg>` from anything that has `Into<Arg>`.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Arg::from($value)),*] };
}
pub(crate) use args;

/// PostgreSQL cannot store NUL in text; it can only come from the member names of hostile archives.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

impl From<&str> for Arg {
    fn from(v: &str) -> Self {
        Self::Text(Some(storable(v)))
    }
}

impl From<String> for Arg {
    fn from(v: String) -> Self {
        Self::from(v.as_str())
    }
}

impl From<&String> for Arg {
    fn from(v: &String) -> Self {
        Self::from(v.as_str())
    }
}

impl From<Option<&str>> for Arg {
    fn from(v: Option<&str>) -> Self {
        v.map_or(Self::Text(None), Self::from)
    }
}

impl From<Option<String>> for Arg {
    fn from(v: Option<String>) -> Self {
        Self::from(v.as_deref())
    }
}

impl From<i64> for Arg {
    fn from(v: i64) -> Self {
        Self::Int(Some(v))
    }
}

impl From<u32> for Arg {
    fn from(v: u32) -> Self {
        Self::Int(Some(i64::from(v)))
    }
}

impl From<bool> for Arg {
    fn from(v: bool) -> Self {
        Self::Int(Some(i64::from(v)))
    }
}

macro_rules! id_args {
    ($($id:ident),+) => { $(
        impl From<rcoi_model::$id> for Arg {
            fn from(v: rcoi_model::$id) -> Self {
                Self::Text(Some(v.to_string()))
            }
        }
        impl From<Option<rcoi_model::$id>> for Arg {
            fn from(v: Option<rcoi_model::$id>) -> Self {
                Self::Text(v.map(|v| v.to_string()))
            }
        }
    )+ };
}
id_args!(PageId, PacketId, ExamId, TaskId, VerdictId, BoardId, UserId, PackageId);

/// A row of either database.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    pub(crate) fn opt_text(&self, column: &'static str) -> Result<Option<String>> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn opt_int(&self, column: &'static str) -> Result<Option<i64>> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }
}

/// Binds the arguments to a query and calls `$method` on it; the same text for both databases.
macro_rules! bound {
    ($sql:expr, $args:expr, $executor:expr, $method:ident) => {{
        let mut query = sqlx::query($sql);
        for arg in $args {
            query = match arg {
                Arg::Text(v) => query.bind(v),
                Arg::Int(v) => query.bind(v),
            };
        }
        query.$method($executor).await
    }};
}

impl Db {
    /// Rows of a query outside a transaction.
    pub(crate) async fn all(&self, sql: impl Into<Both>, args: Vec<Arg>) -> Result<Vec<Row>> {
        let sql = sql.into();
        Ok(match self {
            Self::Sqlite { read, .. } => bound!(sql.sqlite, args, read, fetch_all)?.into_iter().map(Row::Sqlite).collect(),
            Self::Postgres(pool) => bound!(sql.postgres, args, pool, fetch_all)?.into_iter().map(Row::Postgres).collect(),
        })
    }

    /// First row of a query outside a transaction.
    pub(crate) async fn one(&self, sql: impl Into<Both>, args: Vec<Arg>) -> Result<Option<Row>> {
        let sql = sql.into();
        Ok(match self {
            Self::Sqlite { read, .. } => bound!(sql.sqlite, args, read, fetch_optional)?.map(Row::Sqlite),
            Self::Postgres(pool) => bound!(sql.postgres, args, pool, fetch_optional)?.map(Row::Postgres),
        })
    }

    /// Starts a writing transaction that survives a power cut. Dropping it without [`Tx::commit`] rolls back.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        Ok(match self {
            // FULL, not NORMAL: in WAL mode NORMAL may lose the last commits at a power cut. A lost reading would be
            // read again, but a lost verdict is a person's work that was already shown as done.
            // IMMEDIATE: wait for other processes now, not in the middle (a lock upgrade cannot wait).
            Self::Sqlite { write, .. } => Tx::Sqlite(write.begin_with("PRAGMA synchronous = FULL; BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Starts a writing transaction that a power cut may undo, without waiting for the disk: for leases, which mean nothing
    /// after one.
    pub(crate) async fn begin_light(&self) -> Result<Tx> {
        Ok(match self {
            Self::Sqlite { write, .. } => Tx::Sqlite(write.begin_with("PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin_with("BEGIN; SET LOCAL synchronous_commit TO OFF").await?),
        })
    }
}

/// A writing transaction.
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// Runs a statement; the number of rows it touched.
    pub(crate) async fn run(&mut self, sql: impl Into<Both>, args: Vec<Arg>) -> Result<u64> {
        let sql = sql.into();
        Ok(match self {
            Self::Sqlite(tx) => bound!(sql.sqlite, args, &mut **tx, execute)?.rows_affected(),
            Self::Postgres(tx) => bound!(sql.postgres, args, &mut **tx, execute)?.rows_affected(),
        })
    }

    pub(crate) async fn all(&mut self, sql: impl Into<Both>, args: Vec<Arg>) -> Result<Vec<Row>> {
        let sql = sql.into();
        Ok(match self {
            Self::Sqlite(tx) => bound!(sql.sqlite, args, &mut **tx, fetch_all)?.into_iter().map(Row::Sqlite).collect(),
            Self::Postgres(tx) => bound!(sql.postgres, args, &mut **tx, fetch_all)?.into_iter().map(Row::Postgres).collect(),
        })
    }

    /// As [`Tx::run`], for a statement made of the names of our own tables and columns.
    pub(crate) async fn run_made(&mut self, sql: String, args: Vec<Arg>) -> Result<u64> {
        let sql = sqlx::AssertSqlSafe(sql);
        Ok(match self {
            Self::Sqlite(tx) => bound!(sql, args, &mut **tx, execute)?.rows_affected(),
            Self::Postgres(tx) => bound!(sql, args, &mut **tx, execute)?.rows_affected(),
        })
    }

    /// As [`Tx::all`], for a query made of the names of our own tables and columns.
    pub(crate) async fn all_made(&mut self, sql: String, args: Vec<Arg>) -> Result<Vec<Row>> {
        let sql = sqlx::AssertSqlSafe(sql);
        Ok(match self {
            Self::Sqlite(tx) => bound!(sql, args, &mut **tx, fetch_all)?.into_iter().map(Row::Sqlite).collect(),
            Self::Postgres(tx) => bound!(sql, args, &mut **tx, fetch_all)?.into_iter().map(Row::Postgres).collect(),
        })
    }

    /// The one row of a query. Reads to the end, so that `RETURNING` statements finish their work.
    pub(crate) async fn one(&mut self, sql: impl Into<Both>, args: Vec<Arg>) -> Result<Option<Row>> {
        Ok(self.all(sql, args).await?.into_iter().next())
    }

    pub(crate) async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

/// A stored value that the program cannot understand.
pub(crate) fn damaged(what: &str, why: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged { what: what.to_owned(), why: why.to_string() }
}
