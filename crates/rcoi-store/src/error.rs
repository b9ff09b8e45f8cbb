//! What can go wrong in the store, in the cases that callers treat differently.

use rcoi_model::{BlobHash, ExamState, TaskId};

/// Error of any store method.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No such row.
    #[error("{0} not found")]
    NotFound(String),
    /// What is stored contradicts what was asked.
    #[error("{0}")]
    Conflict(String),
    /// The task is in somebody else's hands, or the user may not act.
    #[error("{0}")]
    NotYours(String),
    /// The exam or the task is closed for this change.
    #[error("{0}")]
    Closed(String),
    /// The verification policy of the exam is another one by now.
    #[error("the policy of the exam has changed")]
    OtherPolicy,
    /// The exam cannot be closed yet.
    #[error("the exam cannot be closed: {tasks} open tasks, {pages} pages not read")]
    StillOpen { tasks: u64, pages: u64 },
    /// An exam was to move from a state in which it is not.
    #[error("the exam is {actual:?}, expected {expected:?}")]
    WrongState { expected: ExamState, actual: ExamState },
    /// A stored row cannot be understood (damaged, or written by a newer program).
    #[error("stored {what} cannot be understood: {why}")]
    Damaged { what: String, why: String },
    /// A stored file is not what its name says.
    #[error("blob {hash} is damaged: its bytes have the hash {actual}")]
    DamagedBlob { hash: BlobHash, actual: BlobHash },
    /// The disk of the blob folder is full; nothing half-written was left.
    #[error("no space left for a blob of {size} bytes in {folder}")]
    DiskFull { folder: String, size: u64 },
    #[error("blob folder: {what}: {source}")]
    Blob { what: String, source: std::io::Error },
    /// The address of the database cannot be used.
    #[error("database address: {0}; expected sqlite:<file> or postgres://<user>@<host>/<database>")]
    BadAddress(String),
    /// All rows of this database were brought into another one.
    #[error("this installation was moved to {0}: set `database` to that")]
    Moved(String),
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("database migration: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

impl StoreError {
    /// True when the same call may well succeed in a moment: the database was locked, restarted or out of reach, or the
    /// pictures are (a network folder, an object store). Every method is one transaction, so calling again is safe.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        let error = match self {
            Self::Database(error) => error,
            Self::Blob { .. } => return true,
            _ => return false,
        };
        match error {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => true,
            sqlx::Error::Database(told) => {
                let code = told.code().unwrap_or_default();
                match code.parse::<u32>() {
                    // SQLite, the low byte is the primary code: busy, locked.
                    Ok(number) if code.len() < 5 => matches!(number & 0xff, 5 | 6),
                    // PostgreSQL: serialization failure, deadlock, connection and operator trouble.
                    _ => code == "40001" || code == "40P01" || code.starts_with("08") || code.starts_with("57P"),
                }
            }
            _ => false,
        }
    }
}

/// Result of store methods.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Names a task by id in errors and logs.
pub(crate) fn task_name(id: TaskId) -> String {
    format!("task {id}")
}
