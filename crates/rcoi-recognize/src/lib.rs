//! From the pixels of a page to values with honest doubts. No clock, disk, network or database.

pub mod glyph;
pub mod handprint;
pub mod picture;
pub mod source;

pub use glyph::{Glyph, GlyphClassifier};
pub use picture::Picture;
