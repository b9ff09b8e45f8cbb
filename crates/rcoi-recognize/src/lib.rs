//! From the pixels of a page to values with honest doubts. No clock, disk, network or database.

mod annotate;
mod cells;
mod codes;
mod cv;
pub mod glyph;
pub mod handprint;
mod known;
mod levels;
mod locate;
mod marks;
mod params;
pub mod picture;
mod presence;
mod quality;
mod reader;
mod rectify;
mod sample;
pub mod source;
mod wide;
mod witness;

pub use annotate::annotate;
pub use codes::{PageCode, find_codes};
pub use glyph::{Glyph, GlyphClassifier};
pub use known::{Known, Nothing, OfField, Prior};
pub use params::Params;
pub use picture::Picture;
pub use reader::{FormReader, ReaderError};
