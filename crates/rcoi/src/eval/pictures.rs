//! Cuts mismatching fields out of the page for the report.

use super::compare::{Outcome, PageScore};
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, GrayImage, ImageEncoder, imageops};
use rcoi_model::Rect;

/// White and neighbours around the field, share of its shorter side: a shifted field must be seen as shifted.
const MARGIN: f32 = 0.6;
/// Wider pictures are made smaller: the report shows fields, not pages.
const MAX_WIDTH: u32 = 700;

/// Puts a picture to every field of the page that is wrong. `gray` is the page that was read.
pub(crate) fn attach(score: &mut PageScore, gray: &GrayImage) {
    for field in &mut score.fields {
        let wrong = matches!(field.outcome, Outcome::WrongSure | Outcome::DoubtfulWrong);
        if let Some(area) = field.area.filter(|_| wrong) {
            field.picture = cut(gray, &area);
        }
    }
}

/// PNG of an area of the page with a margin; `None` when it lies outside.
fn cut(gray: &GrayImage, area: &Rect) -> Option<Vec<u8>> {
    let grown = area.grown(area.w.min(area.h) * MARGIN);
    let (width, height) = (gray.width() as f32, gray.height() as f32);
    let (x0, y0) = (grown.x.clamp(0.0, width), grown.y.clamp(0.0, height));
    let (x1, y1) = (grown.right().clamp(0.0, width), grown.bottom().clamp(0.0, height));
    let (w, h) = ((x1 - x0) as u32, (y1 - y0) as u32);
    if w == 0 || h == 0 {
        return None;
    }
    let mut part = imageops::crop_imm(gray, x0 as u32, y0 as u32, w, h).to_image();
    if w > MAX_WIDTH {
        part = imageops::resize(&part, MAX_WIDTH, (h * MAX_WIDTH / w).max(1), imageops::FilterType::Triangle);
    }
    let mut png = Vec::new();
    PngEncoder::new(&mut png).write_image(part.as_raw(), part.width(), part.height(), ExtendedColorType::L8).ok()?;
    Some(png)
}
