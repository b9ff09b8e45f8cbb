//! CCITT strips of bilevel TIFF pages: modified Huffman (2), Group 3 (3), Group 4 (4). ITU-T T.4 and T.6.

use super::SourceError;
use super::ifd::{Directory, Tiff, tag};
use hayro_ccitt::{DecodeSettings, Decoder, DecoderContext, EncodingMode};
use image::GrayImage;

/// Decodes the strips of a page; `compression` is the TIFF tag 259.
pub(super) fn decode(tiff: &Tiff<'_>, page: &Directory, compression: u64, width: u32, height: u32) -> Result<GrayImage, SourceError> {
    let offsets = tiff.uints(page, tag::STRIP_OFFSETS).unwrap_or_default();
    let rows_per_strip = tiff.uint(page, tag::ROWS_PER_STRIP).unwrap_or(u64::from(height)).clamp(1, u64::from(height)) as u32;
    let expected = height.div_ceil(rows_per_strip) as usize;
    if offsets.len() != expected {
        return Err(SourceError::damaged("tiff", format!("{} strips, expected {expected}", offsets.len())));
    }
    // Old fax writers leave the byte count out when there is one strip.
    let counts = match tiff.uints(page, tag::STRIP_BYTE_COUNTS) {
        Some(counts) if counts.len() == expected => counts,
        None if expected == 1 => vec![tiff.len().saturating_sub(offsets[0])],
        _ => return Err(SourceError::damaged("tiff", "strip offsets and byte counts do not match")),
    };
    let options = tiff.uint(page, tag::T4_OPTIONS).unwrap_or(0);
    let encoding = match compression {
        4 => EncodingMode::Group4,
        3 if options & 1 == 1 => EncodingMode::Group3_2D,
        _ => EncodingMode::Group3_1D,
    };
    let reversed = tiff.uint(page, tag::FILL_ORDER) == Some(2);
    // In fax data a black run is 1; photometric 0 (the rule for fax) calls 1 black.
    let black = if tiff.uint(page, tag::PHOTOMETRIC) == Some(1) { 255 } else { 0 };

    let mut sink = Rows { samples: vec![!black; width as usize * height as usize], width: width as usize, row: 0, black };
    for (i, (&at, &len)) in offsets.iter().zip(&counts).enumerate() {
        let first_row = i as u32 * rows_per_strip;
        let rows = rows_per_strip.min(height - first_row);
        let data = tiff
            .slice(at, len)
            .ok_or_else(|| SourceError::cut_short("tiff", format!("strip {} of {expected} lies beyond the end of the file", i + 1)))?;
        let turned: Vec<u8>;
        let data = if reversed {
            turned = data.iter().map(|b| b.reverse_bits()).collect();
            &turned
        } else {
            data
        };
        let mut context = DecoderContext::new(DecodeSettings {
            columns: width,
            rows,
            end_of_block: true,
            end_of_line: false,
            rows_are_byte_aligned: compression == 2,
            encoding,
            strict: false,
        });
        sink.row = first_row as usize;
        let outcome = hayro_ccitt::decode(data, &mut sink, &mut context);
        let got = sink.row - first_row as usize;
        if got < rows as usize {
            let why = outcome.err().map_or_else(|| "the data ends".to_owned(), |e| e.to_string());
            return Err(SourceError::cut_short("tiff", format!("{} of {height} rows: {why}", first_row as usize + got)));
        }
    }
    super::gray::image("tiff", width, height, sink.samples)
}

struct Rows {
    samples: Vec<u8>,
    width: usize,
    row: usize,
    black: u8,
}

impl Decoder for Rows {
    fn push_row(&mut self, changes: &[u32]) {
        let start = self.row * self.width;
        self.row += 1;
        let Some(row) = self.samples.get_mut(start..start + self.width) else { return };
        for run in changes.chunks(2) {
            let from = (run[0] as usize).min(row.len());
            let to = run.get(1).map_or(row.len(), |c| (*c as usize).min(row.len()));
            if from < to {
                row[from..to].fill(self.black);
            }
        }
    }
}
