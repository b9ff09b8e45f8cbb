//! One-bit pages as a scanner's fax mode writes them: CCITT Group 4 strips (ITU-T T.6) in a TIFF of one or many pages.

use crate::SynthError;
use fax::encoder::Encoder;
use fax::{Color, VecWriter};
use image::GrayImage;

/// A page as black runs, ready to be put into a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaxPage {
    width: u16,
    height: u16,
    strip: Vec<u8>,
}

impl FaxPage {
    /// Pixels darker than `threshold` become black.
    ///
    /// # Errors
    /// A picture without area, or with a side above 65,535.
    pub fn new(page: &GrayImage, threshold: u8) -> Result<Self, SynthError> {
        let size = |side: u32| u16::try_from(side).ok().filter(|s| *s > 0);
        let (w, h) = page.dimensions();
        let (Some(width), Some(height)) = (size(w), size(h)) else { return Err(SynthError::PictureSize { width: w, height: h }) };
        let mut encoder = Encoder::new(VecWriter::with_capacity(page.len()));
        for row in page.chunks_exact(usize::from(width)) {
            let pels = row.iter().map(|p| if *p < threshold { Color::Black } else { Color::White });
            let Ok(()) = encoder.encode_line(pels, width);
        }
        let Ok(writer) = encoder.finish();
        Ok(Self { width, height, strip: writer.finish() })
    }
}

/// Types of TIFF values.
const SHORT: u16 = 3;
const LONG: u16 = 4;
const RATIONAL: u16 = 5;

/// A TIFF with all `pages`, each with its number; little-endian, white is zero.
#[must_use]
pub fn fax_tiff(pages: &[FaxPage], dpi: u16) -> Vec<u8> {
    let mut out = vec![b'I', b'I', 42, 0];
    // Where the offset of the next directory must be written.
    let mut link = out.len();
    out.extend([0; 4]);
    for (number, page) in pages.iter().enumerate() {
        let strip = out.len() as u32;
        out.extend(&page.strip);
        out.resize(out.len().next_multiple_of(4), 0);
        let resolution = out.len() as u32;
        out.extend(u32::from(dpi).to_le_bytes());
        out.extend(1u32.to_le_bytes());
        let directory = out.len() as u32;
        out[link..link + 4].copy_from_slice(&directory.to_le_bytes());
        let numbering = (number as u32 & 0xFFFF) | (pages.len() as u32) << 16;
        let entries: [(u16, u16, u32, u32); 15] = [
            (254, LONG, 1, 2),
            (256, SHORT, 1, page.width.into()),
            (257, SHORT, 1, page.height.into()),
            (258, SHORT, 1, 1),
            (259, SHORT, 1, 4),
            (262, SHORT, 1, 0),
            (273, LONG, 1, strip),
            (277, SHORT, 1, 1),
            (278, SHORT, 1, page.height.into()),
            (279, LONG, 1, page.strip.len() as u32),
            (282, RATIONAL, 1, resolution),
            (283, RATIONAL, 1, resolution),
            (293, LONG, 1, 0),
            (296, SHORT, 1, 2),
            (297, SHORT, 2, numbering),
        ];
        out.extend((entries.len() as u16).to_le_bytes());
        for (tag, kind, count, value) in entries {
            out.extend(tag.to_le_bytes());
            out.extend(kind.to_le_bytes());
            out.extend(count.to_le_bytes());
            out.extend(value.to_le_bytes());
        }
        link = out.len();
        out.extend([0; 4]);
    }
    out
}
