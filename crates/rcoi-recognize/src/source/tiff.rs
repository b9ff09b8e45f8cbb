//! Multi-page TIFF: page list and sizes by our own directory reader, CCITT by `fax`, the rest by the `tiff` crate.

use super::ifd::{Directory, Tiff, tag};
use super::{Limits, SourceError, fax, gray};
use crate::picture::Picture;
use ::tiff::decoder::{Decoder, DecodingResult};
use ::tiff::{ColorType, TiffError};
use image::{GrayImage, imageops};
use std::io::Cursor;

const KIND: &str = "tiff";
/// Fax machines scan 204 × 98 or 204 × 196 dpi: pixels are made square when the two differ by more than this.
const SQUARE_WITHIN: f32 = 1.02;
/// Beyond this ratio the tags are nonsense.
const SQUARE_UP_TO: f32 = 4.0;

/// Pages without thumbnails and masks.
pub(super) fn page_count(bytes: &[u8], limits: &Limits) -> Result<u32, SourceError> {
    let tiff = Tiff::open(bytes)?;
    let pages = pages(&tiff)?;
    for page in &pages {
        size(&tiff, page, limits)?;
    }
    Ok(pages.len() as u32)
}

fn pages(tiff: &Tiff<'_>) -> Result<Vec<Directory>, SourceError> {
    let mut all = tiff.directories()?;
    // Bit 0: a smaller copy of another page; bit 2: a mask.
    all.retain(|d| tiff.uint(d, tag::NEW_SUBFILE_TYPE).unwrap_or(0) & 0b101 == 0);
    Ok(all)
}

fn size(tiff: &Tiff<'_>, page: &Directory, limits: &Limits) -> Result<(u32, u32), SourceError> {
    let (Some(width), Some(height)) = (tiff.uint(page, tag::WIDTH), tiff.uint(page, tag::LENGTH)) else {
        return Err(SourceError::damaged(KIND, format!("page {} does not state its size", page.raw_index + 1)));
    };
    limits.check_size(width, height)?;
    match (u32::try_from(width), u32::try_from(height)) {
        (Ok(width), Ok(height)) => Ok((width, height)),
        _ => Err(SourceError::TooManyPixels { width, height, limit: limits.max_pixels }),
    }
}

pub(super) fn decode(bytes: &[u8], index: u32, limits: &Limits) -> Result<Picture, SourceError> {
    let tiff = Tiff::open(bytes)?;
    let pages = pages(&tiff)?;
    let page = pages.get(index as usize).ok_or(SourceError::NoSuchPage { index, pages: pages.len() as u32 })?;
    let (width, height) = size(&tiff, page, limits)?;

    let bits = tiff.uint(page, tag::BITS_PER_SAMPLE).unwrap_or(1);
    let samples = tiff.uint(page, tag::SAMPLES_PER_PIXEL).unwrap_or(1);
    let compression = tiff.uint(page, tag::COMPRESSION).unwrap_or(1);
    let photometric = tiff.uint(page, tag::PHOTOMETRIC);
    let strips = tiff.uint(page, tag::STRIP_OFFSETS).is_some();
    let stored = if (2..=4).contains(&compression) && bits == 1 && samples == 1 && strips {
        fax::decode(&tiff, page, compression, width, height)?
    } else if photometric == Some(3) {
        palette(&tiff, page, bits, limits)?
    } else {
        samples_to_gray(bytes, page, limits)?
    };
    let dpi = tiff.dpi(page);
    let (squared, dpi) = square(stored, dpi, limits)?;
    let orientation = tiff.uint(page, tag::ORIENTATION).unwrap_or(1);
    Ok(Picture { gray: gray::upright(squared, orientation as u32), dpi })
}

/// Decodes one page by the `tiff` crate: samples in their order, photometric 0 already turned.
fn read(bytes: &[u8], page: &Directory, limits: &Limits) -> Result<(u32, u32, ColorType, DecodingResult, usize), SourceError> {
    let mut own = ::tiff::decoder::Limits::default();
    own.decoding_buffer_size = usize::try_from(limits.max_pixels.saturating_mul(8)).unwrap_or(usize::MAX);
    own.intermediate_buffer_size = own.decoding_buffer_size;
    let mut decoder = Decoder::new(Cursor::new(bytes)).map_err(|e| damage(&e))?.with_limits(own);
    decoder.seek_to_image(page.raw_index).map_err(|e| damage(&e))?;
    let (width, height) = decoder.dimensions().map_err(|e| damage(&e))?;
    limits.check_size(u64::from(width), u64::from(height))?;
    let color = decoder.colortype().map_err(|e| damage(&e))?;
    let mut result = DecodingResult::U8(Vec::new());
    let layout = decoder.read_image_to_buffer(&mut result).map_err(|e| damage(&e))?;
    let planes = layout.planes.max(1);
    Ok((width, height, color, result, planes))
}

fn samples_to_gray(bytes: &[u8], page: &Directory, limits: &Limits) -> Result<GrayImage, SourceError> {
    let (width, height, color, result, planes) = read(bytes, page, limits)?;
    let bits = u32::from(color.bit_depth());
    let samples = match result {
        DecodingResult::U8(samples) if bits == 8 => samples,
        DecodingResult::U8(packed) if matches!(color, ColorType::Gray(1 | 2 | 4)) => {
            let top = (1u32 << bits) - 1;
            let levels = unpack(&packed, width, height, bits)?;
            return gray::image(KIND, width, height, levels.into_iter().map(|v| (u32::from(v) * 255 / top) as u8).collect());
        }
        DecodingResult::U16(wide) if bits == 16 => wide.into_iter().map(|v| (v >> 8) as u8).collect(),
        _ => return Err(SourceError::unsupported(KIND, format!("samples of {bits} bits"))),
    };
    let per_pixel = usize::from(color.num_samples());
    let pixels = width as usize * height as usize;
    // Planes follow one another or the samples of a pixel stand together.
    let (step, stride) = if planes > 1 { (1, samples.len() / planes) } else { (per_pixel, 1) };
    let at = |pixel: usize, sample: usize| samples.get(pixel * step + sample * stride).copied().unwrap_or(255);
    if samples.len() < pixels * per_pixel {
        return Err(SourceError::cut_short(KIND, "the pixels end too early"));
    }
    let turn: Box<dyn Fn(usize) -> u8> = match color {
        ColorType::Gray(_) => return gray::image(KIND, width, height, samples),
        ColorType::GrayA(_) => Box::new(|p| gray::over_white(at(p, 0), at(p, 1))),
        ColorType::RGB(_) => Box::new(|p| gray::luma(at(p, 0), at(p, 1), at(p, 2))),
        ColorType::RGBA(_) => Box::new(|p| gray::over_white(gray::luma(at(p, 0), at(p, 1), at(p, 2)), at(p, 3))),
        ColorType::YCbCr(_) | ColorType::Lab(_) | ColorType::Multiband { .. } => Box::new(|p| at(p, 0)),
        ColorType::CMYK(_) | ColorType::CMYKA(_) => Box::new(|p| {
            let key = 255 - at(p, 3);
            let ink = |s| gray::over_white(0, at(p, s));
            gray::over_white(0, 255 - (u16::from(gray::luma(ink(0), ink(1), ink(2))) * u16::from(key) / 255) as u8)
        }),
        other => return Err(SourceError::unsupported(KIND, format!("{other:?} pixels"))),
    };
    gray::image(KIND, width, height, (0..pixels).map(turn).collect())
}

/// Palette pages: read as plain indices, then looked up. The crate does not know palettes.
fn palette(tiff: &Tiff<'_>, page: &Directory, bits: u64, limits: &Limits) -> Result<GrayImage, SourceError> {
    let map = tiff.uints(page, tag::COLOR_MAP).unwrap_or_default();
    let colours = map.len() / 3;
    if !matches!(bits, 1 | 2 | 4 | 8) || colours < 1 << bits {
        return Err(SourceError::damaged(KIND, format!("a palette of {colours} colours for {bits} bits")));
    }
    let greys: Vec<u8> =
        (0..colours).map(|i| gray::luma((map[i] >> 8) as u8, (map[i + colours] >> 8) as u8, (map[i + 2 * colours] >> 8) as u8)).collect();
    let plain =
        tiff.with_short(page, tag::PHOTOMETRIC, 1).ok_or_else(|| SourceError::damaged(KIND, "the photometric tag is not one short"))?;
    let (width, height, _, result, _) = read(&plain, page, limits)?;
    let DecodingResult::U8(packed) = result else { return Err(SourceError::unsupported(KIND, "a palette of wide samples")) };
    let indices = unpack(&packed, width, height, bits as u32)?;
    gray::image(KIND, width, height, indices.into_iter().map(|i| greys[usize::from(i)]).collect())
}

/// Spreads 1-, 2-, 4- or 8-bit samples, rows padded to whole bytes, to one byte each.
fn unpack(packed: &[u8], width: u32, height: u32, bits: u32) -> Result<Vec<u8>, SourceError> {
    let row_bytes = (width as usize * bits as usize).div_ceil(8);
    if packed.len() < row_bytes * height as usize {
        return Err(SourceError::cut_short(KIND, "the pixels end too early"));
    }
    if bits == 8 {
        return Ok(packed.to_vec());
    }
    let (per_byte, mask) = (8 / bits, (1u16 << bits) as u8 - 1);
    let mut out = Vec::with_capacity(width as usize * height as usize);
    for row in packed.chunks_exact(row_bytes).take(height as usize) {
        out.extend((0..width).map(|x| (row[(x / per_byte) as usize] >> (8 - bits - bits * (x % per_byte))) & mask));
    }
    Ok(out)
}

/// Makes the pixels of fax pages square by stretching the coarser axis.
fn square(gray: GrayImage, dpi: Option<(f32, f32)>, limits: &Limits) -> Result<(GrayImage, Option<f32>), SourceError> {
    let Some((x, y)) = dpi else { return Ok((gray, None)) };
    let ratio = x.max(y) / x.min(y);
    if !ratio.is_finite() || ratio <= SQUARE_WITHIN || ratio > SQUARE_UP_TO {
        return Ok((gray, x.is_finite().then_some(x)));
    }
    let (w, h) = gray.dimensions();
    let (to_w, to_h) = if x < y { ((w as f32 * ratio).round() as u32, h) } else { (w, (h as f32 * ratio).round() as u32) };
    limits.check_size(u64::from(to_w), u64::from(to_h))?;
    Ok((imageops::resize(&gray, to_w, to_h, imageops::FilterType::Triangle), Some(x.max(y))))
}

fn damage(error: &TiffError) -> SourceError {
    match error {
        TiffError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => SourceError::cut_short(KIND, "the pixels end too early"),
        TiffError::UnsupportedError(e) => SourceError::unsupported(KIND, super::one_line(&e.to_string())),
        other => SourceError::damaged(KIND, other),
    }
}
