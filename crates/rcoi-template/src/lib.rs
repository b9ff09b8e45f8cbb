//! Templates: parse and check `templates-omr/*.toml`, draw the blank, import layouts of other programs. No I/O.

pub mod types;

pub use types::*;
