//! What can go wrong in the store, in the cases that callers treat differently.

use rcoi_model::{BlobHash, ExamState};

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
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("database migration: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

/// Result of store methods.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;
