//! WebP, which browsers and telephones save under the name of a JPEG.

use super::{Limits, SourceError, gray, jpeg};
use crate::picture::Picture;
use image_webp::{DecodingError, WebPDecoder};
use std::io::{Cursor, ErrorKind};

const KIND: &str = "webp";

/// Pixel size from the header; checks limits, decodes nothing.
pub(super) fn size(bytes: &[u8], limits: &Limits) -> Result<(u32, u32), SourceError> {
    let decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(|e| damage(&e))?;
    let (width, height) = decoder.dimensions();
    limits.check_size(u64::from(width), u64::from(height))?;
    Ok((width, height))
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Picture, SourceError> {
    let (width, height) = size(bytes, limits)?;
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(|e| damage(&e))?;
    let pixels = width as usize * height as usize;
    let channels = if decoder.has_alpha() { 4 } else { 3 };
    decoder.set_memory_limit(pixels.saturating_mul(8));
    let mut samples = vec![0; pixels * channels];
    decoder.read_image(&mut samples).map_err(|e| damage(&e))?;
    let grays = samples.chunks_exact(channels).map(|p| {
        let luma = gray::luma(p[0], p[1], p[2]);
        p.get(3).map_or(luma, |alpha| gray::over_white(luma, *alpha))
    });
    let stored = gray::image(KIND, width, height, grays.collect())?;
    // A broken EXIF block is no reason to lose the page.
    let exif = decoder.exif_metadata().ok().flatten().and_then(|raw| jpeg::exif(&raw));
    let (orientation, dpi) = exif.unwrap_or((1, None));
    Ok(Picture { gray: gray::upright(stored, orientation), dpi })
}

fn damage(error: &DecodingError) -> SourceError {
    match error {
        DecodingError::IoError(e) if e.kind() == ErrorKind::UnexpectedEof => SourceError::cut_short(KIND, "the pixels end too early"),
        other => SourceError::damaged(KIND, other),
    }
}
