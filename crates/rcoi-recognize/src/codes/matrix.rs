//! QR codes and Data Matrix in a known place, by rxing.

use super::{CodeRead, PageCode};
use crate::levels::Levels;
use crate::sample::{cut, percentile};
use image::{GrayImage, imageops};
use rcoi_model::{Homography, Quad, Rect};
use rcoi_template::{CodeField, Symbology};
use rxing::{BarcodeFormat, DecodeHints};

/// Margins that are added round the area one after another, as shares of its smaller side.
const MARGINS: [f32; 2] = [0.06, 0.24];
/// Share of the pixels that are taken for the darkest print, and the palest paper.
const DARKEST: f32 = 0.02;
/// Between them is at least so much; less is grain.
const LEAST_SPAN: i32 = 16;

pub(super) fn read(page: &Levels<'_>, map: &Homography, field: &CodeField) -> Option<CodeRead> {
    let format = if field.symbology == Symbology::DataMatrix { BarcodeFormat::DATA_MATRIX } else { BarcodeFormat::QR_CODE };
    MARGINS.into_iter().find_map(|margin| {
        let area = field.area.grown(field.area.w.min(field.area.h) * margin);
        let quad = map.apply_rect(&area);
        let wide = quad.0[0].distance(quad.0[1]).max(1.0);
        let high = quad.0[0].distance(quad.0[3]).max(1.0);
        let zoom = (300.0 / wide.min(high)).max(1.0).min(900.0 / wide.max(high)).max(0.5);
        let mut patch = cut(page, map, &area, (wide * zoom) as usize, (high * zoom) as usize);
        stretch(&mut patch.pixels);
        let mut hints = DecodeHints { TryHarder: Some(true), ..DecodeHints::default() };
        let (w, h) = (patch.width as u32, patch.height as u32);
        let found = rxing::helpers::detect_in_luma_with_hints(patch.pixels, w, h, Some(format), &mut hints).ok()?;
        let text = found.getText().to_owned();
        Some(CodeRead { text, confidence: 0.999 })
    })
}

/// Makes a pale print black on white: the decoder takes little contrast for none.
fn stretch(pixels: &mut [u8]) {
    let (low, high) = (percentile(pixels, DARKEST), percentile(pixels, 1.0 - DARKEST));
    let span = i32::from(high.saturating_sub(low)).max(LEAST_SPAN);
    let greys: [u8; 256] = std::array::from_fn(|grey| ((grey as i32 - i32::from(low)) * 255 / span).clamp(0, 255) as u8);
    pixels.iter_mut().for_each(|p| *p = greys[usize::from(*p)]);
}

/// How a page is shrunk across and down, one after another: large codes are found on small copies, and codes that a careless
/// layout squeezed on copies that are squeezed the other way.
const SHRUNK: [(u32, u32); 5] = [(1, 1), (2, 2), (4, 4), (1, 2), (2, 1)];

/// Every QR code and Data Matrix of a page.
pub(super) fn on_page(gray: &GrayImage) -> Vec<PageCode> {
    let mut found: Vec<PageCode> = Vec::new();
    for by in SHRUNK {
        let copy;
        let picture = if by == (1, 1) {
            gray
        } else {
            copy = imageops::thumbnail(gray, (gray.width() / by.0).max(1), (gray.height() / by.1).max(1));
            &copy
        };
        for code in on_copy(picture, (by.0 as f32, by.1 as f32)) {
            if found.iter().all(|known| !is_same(known, &code)) {
                found.push(code);
            }
        }
    }
    found
}

/// The codes of a copy that was shrunk by `by`.
fn on_copy(gray: &GrayImage, by: (f32, f32)) -> Vec<PageCode> {
    let (w, h) = gray.dimensions();
    let mut found = Vec::new();
    for (format, symbology) in [(BarcodeFormat::QR_CODE, Symbology::Qr), (BarcodeFormat::DATA_MATRIX, Symbology::DataMatrix)] {
        let mut hints = DecodeHints { TryHarder: Some(true), PossibleFormats: Some([format].into()), ..DecodeHints::default() };
        let results = rxing::helpers::detect_multiple_in_luma_with_hints(gray.as_raw().clone(), w, h, &mut hints).unwrap_or_default();
        for result in results {
            let points = result.getPoints();
            let bound = |get: fn(&rxing::Point) -> f32, pick: fn(f32, f32) -> f32, from: f32| points.iter().map(get).fold(from, pick);
            let (x0, y0) = (bound(|p| p.x, f32::min, f32::INFINITY), bound(|p| p.y, f32::min, f32::INFINITY));
            let (x1, y1) = (bound(|p| p.x, f32::max, 0.0), bound(|p| p.y, f32::max, 0.0));
            let area = Rect::new(x0 * by.0, y0 * by.1, (x1 - x0).max(0.0) * by.0, (y1 - y0).max(0.0) * by.1);
            found.push(PageCode { symbology, text: result.getText().to_owned(), area: Quad(area.corners()) });
        }
    }
    found
}

/// Found on two copies: the same text in the same place.
fn is_same(a: &PageCode, b: &PageCode) -> bool {
    let (x, y) = (a.area.bounds(), b.area.bounds());
    let near = x.centre().distance(y.centre()) < 0.5 * x.w.max(x.h).max(y.w).max(y.h);
    a.symbology == b.symbology && a.text == b.text && near
}
