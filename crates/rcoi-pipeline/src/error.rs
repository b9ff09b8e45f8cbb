//! What can go wrong in the chain, in the cases that callers treat differently.

use rcoi_queue::QueueError;
use rcoi_rules::Block;
use rcoi_store::StoreError;

/// Error of any pipeline method.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The rules say no; the text is for people (Russian).
    #[error("{0}")]
    Refused(String),
    /// Closing is blocked; each line says what is still open.
    #[error("экзамен нельзя закрыть: {}", .0.iter().map(|b| b.text.as_str()).collect::<Vec<_>>().join("; "))]
    Blocked(Vec<Block>),
    #[error("cannot read {path}: {source}")]
    Io { path: String, source: std::io::Error },
    /// The exam's policy was written by a newer program.
    #[error("the exam's policy cannot be understood: {0}")]
    UnknownPolicy(String),
    /// A stored picture that cannot be shown.
    #[error("picture: {0}")]
    Picture(String),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error("package: {0}")]
    Package(String),
    /// The disk of the blob folder became full; the half-written package is gone again.
    #[error("package: the disk is full after {written} bytes; nothing half-made was left: free some space and make it again")]
    PackageDiskFull { written: u64 },
    /// A blocking task of the runtime died; the text is its panic.
    #[error("internal: {0}")]
    Internal(String),
}

/// Result of pipeline methods.
pub type Result<T, E = PipelineError> = std::result::Result<T, E>;

impl From<tokio::task::JoinError> for PipelineError {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Internal(error.to_string())
    }
}
