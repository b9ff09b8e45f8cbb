//! Handprint from our own stroke models: how letters are built, how people differ, how a pen marks paper.

pub(crate) mod cells;
mod glyphs;
mod pen;
mod writer;

pub use glyphs::{Glyph, glyph, known};
pub use pen::Pen;
pub use writer::Writer;
