//! Small steps between samples and grey pixels that every format shares.

use super::SourceError;
use image::{GrayImage, imageops};

/// Rec. 601 luma, the one JPEG's Y uses, in 1/65536 parts: all decoders then agree on one grey.
#[inline]
#[must_use]
pub(super) fn luma(r: u8, g: u8, b: u8) -> u8 {
    ((u32::from(r) * 19_595 + u32::from(g) * 38_470 + u32::from(b) * 7_471 + 32_768) >> 16) as u8
}

/// Lays a sample of the given opacity on white paper.
#[inline]
#[must_use]
pub(super) fn over_white(value: u8, alpha: u8) -> u8 {
    let (v, a) = (u32::from(value), u32::from(alpha));
    ((v * a + 255 * (255 - a) + 127) / 255) as u8
}

/// Wraps samples, one byte a pixel, row by row.
pub(super) fn image(kind: &'static str, width: u32, height: u32, samples: Vec<u8>) -> Result<GrayImage, SourceError> {
    let found = samples.len();
    GrayImage::from_raw(width, height, samples)
        .ok_or_else(|| SourceError::damaged(kind, format!("{found} samples for {width} x {height} pixels")))
}

/// Turns the stored pixels upright. `orientation` is the TIFF/EXIF tag 274, 1..=8; anything else leaves them.
#[must_use]
pub(super) fn upright(gray: GrayImage, orientation: u32) -> GrayImage {
    match orientation {
        2 => imageops::flip_horizontal(&gray),
        3 => imageops::rotate180(&gray),
        4 => imageops::flip_vertical(&gray),
        5 => imageops::flip_horizontal(&imageops::rotate90(&gray)),
        6 => imageops::rotate90(&gray),
        7 => imageops::flip_horizontal(&imageops::rotate270(&gray)),
        8 => imageops::rotate270(&gray),
        _ => gray,
    }
}
