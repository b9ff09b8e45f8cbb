//! The one thing the chain needs from the recognition engine, so that the chain is tested without it.

use rcoi_model::PageReading;
use rcoi_recognize::{Known, Picture};

/// Reads one decoded page. Never fails: doubt is data. Must be quick to share between threads.
pub trait PageReader: Send + Sync + 'static {
    /// Engine version, as it stands in [`PageReading::engine`].
    fn engine_version(&self) -> &str;
    fn read_page(&self, picture: &Picture, known: &dyn Known) -> PageReading;
}
