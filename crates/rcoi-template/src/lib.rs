//! Templates: parse and check `templates-omr/*.toml`, draw the blank, import layouts of other programs. No I/O.

pub mod bars;
mod builtin;
mod check;
pub mod draw;
mod error;
pub mod import;
mod parse;
pub mod pattern;
pub mod types;

pub use builtin::{SOURCES, builtin};
pub use check::alike_turned;
pub use error::TemplateError;
pub use parse::{Pictures, parse, parse_with};
pub use pattern::Pattern;
pub use types::*;
