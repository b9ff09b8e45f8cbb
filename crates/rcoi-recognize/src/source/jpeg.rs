//! JPEG straight to luma: chroma is never converted. EXIF rotation and resolution are honoured.

use super::ifd::{Tiff, tag};
use super::{Limits, SourceError, gray};
use crate::picture::Picture;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

const KIND: &str = "jpeg";

/// What the markers before the pixels say.
struct Head {
    width: u32,
    height: u32,
    /// Where the entropy-coded data begins.
    scan_at: usize,
    /// Dots per inch along x as the JFIF segment states it.
    dpi: Option<f32>,
}

/// Pixel size from the frame header; checks limits, decodes nothing.
pub(super) fn size(bytes: &[u8], limits: &Limits) -> Result<(u32, u32), SourceError> {
    let head = head(bytes)?;
    limits.check_size(u64::from(head.width), u64::from(head.height))?;
    Ok((head.width, head.height))
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Picture, SourceError> {
    let head = head(bytes)?;
    limits.check_size(u64::from(head.width), u64::from(head.height))?;
    // The decoder paints what is missing grey and says nothing, so a cut file must be seen here.
    if !ends_properly(&bytes[head.scan_at..]) {
        return Err(SourceError::cut_short(KIND, format!("no end mark in {} bytes", bytes.len())));
    }
    let options = DecoderOptions::new_fast()
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .set_strict_mode(false)
        .jpeg_set_out_colorspace(ColorSpace::Luma);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|e| damage(&e))?;
    // A file with two frame headers: the decoder must mean the one that was checked.
    if decoder.dimensions() != Some((head.width as usize, head.height as usize)) {
        return Err(SourceError::damaged(KIND, "its frame headers differ"));
    }
    let direct = matches!(decoder.input_colorspace(), Some(ColorSpace::YCbCr | ColorSpace::Luma));
    if !direct {
        decoder.set_options(options.jpeg_set_out_colorspace(ColorSpace::RGB));
    }
    let samples = decoder.decode().map_err(|e| damage(&e))?;
    let samples = if direct { samples } else { samples.chunks_exact(3).map(|p| gray::luma(p[0], p[1], p[2])).collect() };
    let stored = gray::image(KIND, head.width, head.height, samples)?;

    let exif = decoder.exif().and_then(|raw| exif(raw));
    let (orientation, exif_dpi) = exif.unwrap_or((1, None));
    Ok(Picture { gray: gray::upright(stored, orientation), dpi: head.dpi.or(exif_dpi) })
}

/// Walks the marker segments up to the first scan (ITU-T T.81, annex B).
fn head(bytes: &[u8]) -> Result<Head, SourceError> {
    let short = || SourceError::cut_short(KIND, "no pixels after the header");
    let mut at = 2;
    let (mut size, mut dpi) = (None, None);
    loop {
        while bytes.get(at) == Some(&0xff) && bytes.get(at + 1) == Some(&0xff) {
            at += 1;
        }
        let (Some(0xff), Some(&marker)) = (bytes.get(at), bytes.get(at + 1)) else {
            return Err(if at + 1 >= bytes.len() { short() } else { SourceError::damaged(KIND, "marker expected") });
        };
        at += 2;
        if marker == 0xd9 {
            return Err(short());
        }
        if marker == 0x01 || (0xd0..=0xd8).contains(&marker) {
            continue;
        }
        let len = match (bytes.get(at), bytes.get(at + 1)) {
            (Some(&hi), Some(&lo)) => usize::from(u16::from_be_bytes([hi, lo])),
            _ => return Err(short()),
        };
        let body = bytes.get(at + 2..at + len.max(2)).ok_or_else(short)?;
        at += len.max(2);
        match marker {
            // All frame headers but DHT (c4), JPG (c8) and DAC (cc).
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                let &[_, h1, h0, w1, w0, ..] = body else { return Err(short()) };
                size = Some((u32::from(u16::from_be_bytes([w1, w0])), u32::from(u16::from_be_bytes([h1, h0]))));
            }
            0xe0 => {
                if let &[b'J', b'F', b'I', b'F', 0, _, _, unit, hi, lo, ..] = body {
                    let density = f32::from(u16::from_be_bytes([hi, lo]));
                    dpi = [None, Some(density), Some(density * 2.54)].get(usize::from(unit)).copied().flatten();
                }
            }
            0xda => {
                let (width, height) = size.ok_or_else(|| SourceError::damaged(KIND, "pixels before the frame header"))?;
                return Ok(Head { width, height, scan_at: at, dpi });
            }
            _ => {}
        }
    }
}

/// True when an end-of-image marker follows the scans.
fn ends_properly(scan: &[u8]) -> bool {
    // Inside entropy-coded data 0xff is always followed by 0x00 or a restart marker, so FF D9 is the end.
    scan.windows(2).rev().any(|w| w == [0xff, 0xd9])
}

/// Orientation and resolution from the EXIF block (a small TIFF).
pub(super) fn exif(raw: &[u8]) -> Option<(u32, Option<f32>)> {
    let raw = raw.strip_prefix(b"Exif\0\0").unwrap_or(raw);
    let tiff = Tiff::open(raw).ok()?;
    let directory = tiff.first_directory()?;
    let orientation = tiff.uint(&directory, tag::ORIENTATION).unwrap_or(1);
    Some((u32::try_from(orientation).ok()?, tiff.dpi(&directory).map(|(x, _)| x)))
}

fn damage(error: &DecodeErrors) -> SourceError {
    let text = error.to_string();
    match error {
        DecodeErrors::Unsupported(_) => SourceError::unsupported(KIND, super::one_line(&text)),
        DecodeErrors::ExhaustedData => SourceError::cut_short(KIND, "the data ends"),
        _ => SourceError::damaged(KIND, text),
    }
}
