//! Opening the database: address, pools, migrations that are safe when several processes start at once.

use crate::db::Db;
use crate::error::{Result, StoreError};
use crate::moving::MOVED;
use jiff::Timestamp;
use sqlx::Postgres;
use sqlx::SqlSafeStr;
use sqlx::migrate::{MigrateDatabase, Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// Gives "now"; a test hands in its own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How long a statement waits for another process that is writing the same SQLite file.
const BUSY: Duration = Duration::from_secs(30);
/// Pages of the file that each connection to SQLite keeps, as it wants to be told: KiB, negative. Its own 2 MiB do not hold the
/// upper levels of the indexes of a large exam.
const CACHE: &str = "-16384";

/// PostgreSQL ends a statement after so long, and a connection that does nothing within a transaction.
const STATEMENT: &str = "120s";
const IDLE: &str = "60s";

/// The texts of one dialect, each with the name of its file. The list grows here and in both folders.
macro_rules! migrations {
    ($dialect:literal) => {
        migrations!($dialect: "0001_first", "0002_people", "0003_workers", "0004_boards", "0005_cutouts", "0006_policies", "0007_findings",
            "0008_controls")
    };
    ($dialect:literal: $($file:literal),+) => {
        [$(($file, include_str!(concat!("../../../migrations/", $dialect, "/", $file, ".sql")))),+]
    };
}

/// The database. Cheap to clone: all clones share the connections.
#[derive(Clone)]
pub struct Store {
    pub(crate) db: Db,
    clock: Clock,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("db", &self.db).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens `sqlite:<file>` (made when it is not there; its folder must be) or `postgres://…`, and brings
    /// the schema up to date.
    pub async fn open(url: &str) -> Result<Self> {
        Self::open_with(url, 8, Arc::new(Timestamp::now)).await
    }

    /// As [`Store::open`] with the number of connections and the clock chosen.
    pub async fn open_with(url: &str, connections: u32, clock: Clock) -> Result<Self> {
        let db = if url.starts_with("sqlite:") {
            open_sqlite(url, connections).await?
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            open_postgres(url, connections).await?
        } else {
            return Err(StoreError::BadAddress("unknown kind of database".to_owned()));
        };
        let store = Self { db, clock };
        match store.setting(MOVED).await? {
            None => Ok(store),
            Some(label) => Err(StoreError::Moved(label)),
        }
    }

    /// Makes the database itself when a PostgreSQL server has none of that name; true when it did. (An SQLite file is made
    /// by [`Store::open`].)
    ///
    /// # Errors
    /// The server cannot be reached, or the role may not make databases.
    pub async fn create(url: &str) -> Result<bool> {
        if url.starts_with("sqlite:") || Postgres::database_exists(url).await? {
            return Ok(false);
        }
        Postgres::create_database(url).await?;
        Ok(true)
    }

    /// The time of the store's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Microseconds since 1970.
    pub(crate) fn micros(&self) -> i64 {
        self.now().as_microsecond()
    }

    /// Microseconds since 1970 at the end of a lease that begins now.
    pub(crate) fn lease_end(&self, lease: Duration) -> i64 {
        self.micros().saturating_add(i64::try_from(lease.as_micros()).unwrap_or(i64::MAX))
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> Result<()> {
        self.db.one("SELECT 1 AS alive", vec![]).await.map(|_| ())
    }

    /// Waits for running statements and closes every connection.
    pub async fn close(&self) {
        match &self.db {
            Db::Sqlite { write, read } => {
                read.close().await;
                // The last connection folds the write-ahead log back into the file.
                write.close().await;
            }
            Db::Postgres(pool) => pool.close().await,
        }
    }
}

async fn open_sqlite(url: &str, connections: u32) -> Result<Db> {
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|e| StoreError::BadAddress(e.to_string()))?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(BUSY)
        .foreign_keys(true)
        // Every writing transaction sets it for itself.
        .synchronous(SqliteSynchronous::Full)
        .pragma("cache_size", CACHE);
    let file = options.get_filename().to_owned();
    if url.contains(":memory:") || file.as_os_str().is_empty() {
        return Err(StoreError::BadAddress("a file is needed: work must survive the process".to_owned()));
    }
    let held = lock_beside(file).await?;
    let write = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
    migrator(&migrations!("sqlite")).run(&write).await?;
    drop(held);
    let read = SqlitePoolOptions::new().max_connections(connections.max(1)).connect_with(options.pragma("query_only", "on")).await?;
    Ok(Db::Sqlite { write, read })
}

async fn open_postgres(url: &str, connections: u32) -> Result<Db> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|e| StoreError::BadAddress(e.to_string()))?
        .application_name("rcoi")
        // A commit that was acknowledged is on disk, whatever the server's default.
        .options([("synchronous_commit", "on")]);
    // A connection of its own, without limits: a new index on millions of rows takes its time.
    let setting_up = PgPoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
    let encoding: String = sqlx::query_scalar("SHOW server_encoding").fetch_one(&setting_up).await?;
    if encoding != "UTF8" {
        return Err(StoreError::BadAddress(format!("the database has the encoding {encoding}, UTF8 is needed")));
    }
    // sqlx takes an advisory lock of the database, so processes that start together wait for one another.
    migrator(&migrations!("postgres")).run(&setting_up).await?;
    setting_up.close().await;
    // What takes longer holds others up, and whoever holds a lock and sleeps is dead.
    let options = options.options([("statement_timeout", STATEMENT), ("idle_in_transaction_session_timeout", IDLE)]);
    Ok(Db::Postgres(PgPoolOptions::new().max_connections(connections.max(2)).connect_with(options).await?))
}

/// The embedded migrations, numbered in their order.
fn migrator(texts: &[(&'static str, &'static str)]) -> Migrator {
    let migrations = (1..).zip(texts).map(|(number, (file, sql))| {
        let name = file.split_once('_').map_or(*file, |(_, name)| name);
        Migration::new(number, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}

/// Holds `<file>.lock` until dropped: sqlx has no lock for SQLite, and two processes that create the
/// schema together would both fail. The system frees the lock when a process dies.
async fn lock_beside(database: PathBuf) -> Result<File> {
    let mut name = database.into_os_string();
    name.push(".lock");
    let path = PathBuf::from(name);
    let what = format!("cannot lock {}", path.display());
    let lock = move |path: &Path| -> std::io::Result<File> {
        let file = File::options().create(true).truncate(false).write(true).open(path)?;
        file.lock()?;
        Ok(file)
    };
    match tokio::task::spawn_blocking(move || lock(&path)).await {
        Ok(result) => result.map_err(|source| StoreError::Blob { what, source }),
        Err(e) => Err(StoreError::Blob { what, source: std::io::Error::other(e) }),
    }
}
