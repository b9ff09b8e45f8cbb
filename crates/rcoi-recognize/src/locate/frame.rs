//! A bright sheet on a darker ground: its four corners are the page.

use super::{Scene, placed};
use crate::cv;
use image::GrayImage;
use rcoi_model::{Placement, Point};
use rcoi_template::Template;

/// A sheet covers at least this share of the picture, else the bright region is something else.
const LEAST_SHARE: f32 = 0.25;

pub(super) fn find(scene: &Scene<'_>, template: &Template) -> Option<Placement> {
    let small = &scene.small;
    let (w, h) = (small.width() as f32, small.height() as f32);
    let cut = otsu(small);
    let mask: Vec<u8> = small.as_raw().iter().map(|p| if *p > cut { 255 } else { 0 }).collect();
    let mask = GrayImage::from_raw(small.width(), small.height(), mask)?;
    let page = cv::blobs(&mask, (w * h * LEAST_SHARE) as i32).into_iter().max_by_key(|b| b.area)?;
    let corners = corners(&mask, &page);
    // When the sheet fills the picture there is no ground to see: the picture is the page.
    let area = shoelace(&corners);
    if area > 0.97 * w * h || area < LEAST_SHARE * w * h {
        return None;
    }
    let to: Vec<Point> = corners.iter().map(|p| Point::new(p.x * scene.factor, p.y * scene.factor)).collect();
    let (tw, th) = (template.width, template.height);
    let from = [Point::new(0.0, 0.0), Point::new(tw, 0.0), Point::new(tw, th), Point::new(0.0, th)];
    placed(&from, &to, 4, template, None)
}

/// Extreme points along the diagonals inside the blob's box: left top, right top, right bottom, left bottom.
fn corners(mask: &GrayImage, page: &cv::Blob) -> [Point; 4] {
    let mut best = [(f32::INFINITY, Point::default()); 4];
    for y in page.top..page.top + page.height {
        for x in page.left..page.left + page.width {
            if mask.get_pixel(x as u32, y as u32).0[0] == 0 {
                continue;
            }
            let (fx, fy) = (x as f32 + 0.5, y as f32 + 0.5);
            for (slot, key) in best.iter_mut().zip([fx + fy, fy - fx, -fx - fy, fx - fy]) {
                if key < slot.0 {
                    *slot = (key, Point::new(fx, fy));
                }
            }
        }
    }
    best.map(|(_, p)| p)
}

fn shoelace(p: &[Point; 4]) -> f32 {
    (0..4).map(|i| p[i].x * p[(i + 1) % 4].y - p[(i + 1) % 4].x * p[i].y).sum::<f32>().abs() / 2.0
}

/// The cut that separates two classes of grey best (Otsu 1979).
fn otsu(gray: &GrayImage) -> u8 {
    let mut counts = [0_f64; 256];
    for p in gray.as_raw() {
        counts[usize::from(*p)] += 1.0;
    }
    let total: f64 = counts.iter().sum();
    let all: f64 = counts.iter().enumerate().map(|(v, n)| v as f64 * n).sum();
    let (mut below, mut sum, mut best, mut cut) = (0.0, 0.0, -1.0, 127);
    for (value, count) in counts.iter().enumerate() {
        below += count;
        sum += value as f64 * count;
        let above = total - below;
        if below < 1.0 || above < 1.0 {
            continue;
        }
        let gap = sum / below - (all - sum) / above;
        let between = below * above * gap * gap;
        if between > best {
            (best, cut) = (between, value);
        }
    }
    cut as u8
}
