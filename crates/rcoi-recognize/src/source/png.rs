//! PNG of any depth and colour to grey; transparent parts are white paper.

use super::{Limits, SourceError, gray};
use crate::picture::Picture;
use image::codecs::png::PngDecoder;
use image::{DynamicImage, GrayImage, ImageError, Luma, LumaA, Rgb, Rgba};
use std::io::Cursor;

const KIND: &str = "png";

/// Pixel size from the header chunk; checks limits, decodes nothing.
pub(super) fn size(bytes: &[u8], limits: &Limits) -> Result<(u32, u32), SourceError> {
    let Some(&[_, _, _, _, b'I', b'H', b'D', b'R', w3, w2, w1, w0, h3, h2, h1, h0]) = bytes.get(8..24) else {
        return Err(if bytes.len() < 24 {
            SourceError::cut_short(KIND, "no header")
        } else {
            SourceError::damaged(KIND, "the first chunk is not the header")
        });
    };
    let (width, height) = (u32::from_be_bytes([w3, w2, w1, w0]), u32::from_be_bytes([h3, h2, h1, h0]));
    limits.check_size(u64::from(width), u64::from(height))?;
    Ok((width, height))
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Picture, SourceError> {
    size(bytes, limits)?;
    let mut image_limits = image::Limits::default();
    // 16-bit RGBA is the widest pixel.
    image_limits.max_alloc = Some(limits.max_pixels.saturating_mul(8));
    let decoder = PngDecoder::with_limits(Cursor::new(bytes), image_limits).map_err(|e| damage(&e))?;
    let picture = DynamicImage::from_decoder(decoder).map_err(|e| damage(&e))?;
    Ok(Picture { gray: to_gray(picture), dpi: density(bytes) })
}

fn to_gray(picture: DynamicImage) -> GrayImage {
    let (width, height) = (picture.width(), picture.height());
    let high = |v: u16| (v >> 8) as u8;
    let mut out = GrayImage::new(width, height);
    macro_rules! fill {
        ($from:expr, $turn:expr) => {
            for (to, from) in out.pixels_mut().zip($from.pixels()) {
                to.0 = [$turn(from)];
            }
        };
    }
    match picture {
        DynamicImage::ImageLuma8(gray) => return gray,
        DynamicImage::ImageLumaA8(p) => fill!(p, |&LumaA([v, a])| gray::over_white(v, a)),
        DynamicImage::ImageRgb8(p) => fill!(p, |&Rgb([r, g, b])| gray::luma(r, g, b)),
        DynamicImage::ImageRgba8(p) => fill!(p, |&Rgba([r, g, b, a])| gray::over_white(gray::luma(r, g, b), a)),
        DynamicImage::ImageLuma16(p) => fill!(p, |&Luma([v])| high(v)),
        DynamicImage::ImageLumaA16(p) => fill!(p, |&LumaA([v, a])| gray::over_white(high(v), high(a))),
        other => {
            let p = other.to_rgba8();
            fill!(p, |&Rgba([r, g, b, a])| gray::over_white(gray::luma(r, g, b), a));
        }
    }
    out
}

/// Dots per inch from the `pHYs` chunk, which stands before the pixels.
fn density(bytes: &[u8]) -> Option<f32> {
    let mut at = 8usize;
    loop {
        let head = bytes.get(at..at + 8)?;
        let len = u32::from_be_bytes(head[..4].try_into().ok()?) as usize;
        match &head[4..] {
            b"pHYs" => {
                let &[x3, x2, x1, x0, _, _, _, _, 1] = bytes.get(at + 8..at + 17)? else { return None };
                return Some(u32::from_be_bytes([x3, x2, x1, x0]) as f32 * 0.0254);
            }
            b"IDAT" | b"IEND" => return None,
            _ => at = at.checked_add(len)?.checked_add(12)?,
        }
    }
}

fn damage(error: &ImageError) -> SourceError {
    use std::error::Error;
    // The cause chain ends in an I/O error when the data simply stop.
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(inner) = cause {
        if inner.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::UnexpectedEof) {
            return SourceError::cut_short(KIND, "the pixels end too early");
        }
        cause = inner.source();
    }
    match error {
        ImageError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => SourceError::cut_short(KIND, "the pixels end too early"),
        ImageError::Unsupported(e) => SourceError::unsupported(KIND, super::one_line(&e.to_string())),
        other => SourceError::damaged(KIND, other),
    }
}
