//! A decoded page: grey pixels and what is known about their size.

use image::GrayImage;

/// One page picture.
#[derive(Debug, Clone)]
pub struct Picture {
    /// 0 = black, 255 = white.
    pub gray: GrayImage,
    /// Dots per inch as the file states it; `None` when it does not, or states nonsense.
    pub dpi: Option<f32>,
}
