//! A marker picture near each corner: searched at several sizes by normalised correlation, one marker per quarter.

use super::{Scene, placed};
use crate::cv;
use image::{GrayImage, imageops};
use rcoi_model::{Placement, Point};
use rcoi_template::{Anchor, AnchorShape, Template};

/// Longest side of the copy that is searched, pixels.
const DETAIL: u32 = 1400;
/// Correlation below which a place is not the marker.
const LEAST_SCORE: f32 = 0.3;

pub(super) fn find(scene: &Scene<'_>, template: &Template, anchors: &[Anchor]) -> Option<Placement> {
    let AnchorShape::Picture { width, height, pixels, side } = &anchors.first()?.shape else { return None };
    let marker = GrayImage::from_raw(*width, *height, pixels.clone())?;
    let (small, factor) = scene.reduced(DETAIL);
    let small = &small;
    let expected = side / template.width * small.width() as f32;
    let mut best: Option<(f32, Vec<Point>)> = None;
    for step in 0..16 {
        let wide = expected * (0.45 + 0.07 * step as f32);
        let high = wide * *height as f32 / *width as f32;
        if wide < 6.0 || wide > small.width() as f32 / 4.0 {
            continue;
        }
        let pattern = imageops::resize(&marker, wide as u32, high as u32, imageops::FilterType::Triangle);
        let found: Option<Vec<(Point, f32)>> = anchors.iter().map(|a| in_quarter(small, &pattern, a, template)).collect();
        let Some(found) = found else { continue };
        let worst = found.iter().map(|f| f.1).fold(f32::INFINITY, f32::min);
        let sum: f32 = found.iter().map(|f| f.1).sum();
        if worst >= LEAST_SCORE && best.as_ref().is_none_or(|(s, _)| sum > *s) {
            best = Some((sum, found.into_iter().map(|f| f.0).collect()));
        }
    }
    let (_, places) = best?;
    let to: Vec<Point> = places.iter().map(|p| Point::new(p.x * factor, p.y * factor)).collect();
    let from: Vec<Point> = anchors.iter().map(|a| a.centre).collect();
    placed(&from, &to, anchors.len(), template, None)
}

/// The marker's centre in the quarter of the picture where the anchor belongs.
fn in_quarter(small: &GrayImage, pattern: &GrayImage, anchor: &Anchor, template: &Template) -> Option<(Point, f32)> {
    let (half_w, half_h) = (small.width() / 2, small.height() / 2);
    let x = if anchor.centre.x > template.width / 2.0 { half_w } else { 0 };
    let y = if anchor.centre.y > template.height / 2.0 { half_h } else { 0 };
    let quarter = imageops::crop_imm(small, x, y, half_w, half_h).to_image();
    let (left, top, score) = cv::find(&quarter, pattern)?;
    let centre = Point::new(x as f32 + left + pattern.width() as f32 / 2.0, y as f32 + top + pattern.height() as f32 / 2.0);
    Some((centre, score))
}
