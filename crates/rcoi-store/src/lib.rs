//! Everything that is kept: exams, pages, readings, tasks, verdicts, users, audit, packages; and the blob folder.
//!
//! The only crate that says SQL. One query text serves SQLite and PostgreSQL (see `db.rs`); the few that differ
//! stand side by side in `dialect.rs`. Every writing method is one transaction: when its future is dropped or
//! fails half-way, nothing of it stays. No update destroys a machine value, a verdict or an audit row.

mod audit;
mod blobs;
mod boards;
mod claims;
mod columns;
mod cutouts;
mod db;
mod dialect;
mod error;
mod exams;
mod field_controls;
mod light;
mod looks;
mod moving;
mod outbox;
mod packages;
mod packets;
mod pages;
mod policies;
mod readings;
mod rows;
mod sessions;
mod settings;
mod stats;
mod store;
mod symbols;
mod tasks;
mod undo;
mod users;
mod verdicts;
mod watched;

pub use blobs::{BlobReader, BlobWriter, Blobs, BucketSettings, Pieces};
pub use boards::Fits;
pub use error::{Result, StoreError};
pub use light::VerdictMark;
pub use moving::Moved;
pub use rows::*;
pub use store::{Clock, Store};
