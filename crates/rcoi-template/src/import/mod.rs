//! Layouts of other programs, turned into our template language.

mod omrchecker;

pub use omrchecker::omrchecker;

use crate::TemplateError;
use image::{GrayImage, ImageEncoder};

/// A layout in our language, and what of it has no counterpart here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Text of a template file.
    pub toml: String,
    /// One line for each setting that was left out, with the reason.
    pub not_mapped: Vec<String>,
}

/// Why a layout could not be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("not valid JSON: {0}")]
    Json(String),
    #[error("`{place}`: expected {expected}")]
    Expected { place: String, expected: String },
    #[error("marker picture `{0}` cannot be read")]
    Marker(String),
    #[error("the imported template has faults: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Faults(Vec<TemplateError>),
}

/// A grey picture as PNG; `None` when it has no area.
pub(crate) fn png(picture: &GrayImage) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    encoder.write_image(picture.as_raw(), picture.width(), picture.height(), image::ExtendedColorType::L8).ok()?;
    Some(bytes)
}
