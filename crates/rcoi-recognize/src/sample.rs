//! Cutting upright patches out of a picture through a map, without ever warping the page.

use image::GrayImage;
use rcoi_model::{Homography, Point, Rect};

/// A small grey picture: row-major, 0 = black.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Patch {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<u8>,
    /// Share of the patch that lies outside the picture.
    pub(crate) outside: f32,
}

impl Patch {
    pub(crate) fn row(&self, y: usize) -> &[u8] {
        &self.pixels[y * self.width..(y + 1) * self.width]
    }
}

/// Bilinear value at (x, y) in pixel coordinates (pixel centres at .5); `None` outside.
fn bilinear(gray: &GrayImage, x: f32, y: f32) -> Option<f32> {
    let (w, h) = (gray.width() as i32, gray.height() as i32);
    let (fx, fy) = (x - 0.5, y - 0.5);
    if !(fx > -1.0 && fy > -1.0 && fx < w as f32 && fy < h as f32) {
        return None;
    }
    // Both are above −1: cutting off the fraction of what is shifted by one is the floor, without a call.
    let (x0, y0) = ((fx + 1.0) as i32 - 1, (fy + 1.0) as i32 - 1);
    let (ax, ay) = (fx - x0 as f32, fy - y0 as f32);
    let raw = gray.as_raw();
    let get = |x: i32, y: i32| f32::from(raw[(y.clamp(0, h - 1) * w + x.clamp(0, w - 1)) as usize]);
    let top = get(x0, y0) * (1.0 - ax) + get(x0 + 1, y0) * ax;
    let bottom = get(x0, y0 + 1) * (1.0 - ax) + get(x0 + 1, y0 + 1) * ax;
    Some(top * (1.0 - ay) + bottom * ay)
}

/// The pixel that holds (x, y); `None` outside.
fn nearest(gray: &GrayImage, x: f32, y: f32) -> Option<f32> {
    let inside = x >= 0.0 && y >= 0.0 && x < gray.width() as f32 && y < gray.height() as f32;
    inside.then(|| f32::from(gray.as_raw()[y as usize * gray.width() as usize + x as usize]))
}

/// Points of one line between two exactly mapped ends; on a sheet so short a line is straight also through a projective map.
const STRAIGHT: usize = 48;

/// Cuts `area` (form units) as a patch of `width` × `height` pixels. Where the picture is finer than the patch,
/// several pixels are averaged per pixel, at most 3 × 3. Outside the picture is white.
pub(crate) fn cut(gray: &GrayImage, map: &Homography, area: &Rect, width: usize, height: usize) -> Patch {
    let (width, height) = (width.max(1), height.max(1));
    let quad = map.apply_rect(area);
    let step = quad.0[0].distance(quad.0[1]) / width as f32;
    let fine = (step.round() as usize).clamp(1, 3);
    let points = width * fine;
    let mut pixels = Vec::with_capacity(width * height);
    let mut outside = 0_usize;
    let mut line = vec![(0.0_f32, 0_u32); width];
    for row in 0..height {
        line.fill((0.0, 0));
        for sub in 0..fine {
            let v = (row as f32 + (sub as f32 + 0.5) / fine as f32) / height as f32;
            let place = |k: usize| map.apply(Point::new(area.x + (k as f32 + 0.5) / points as f32 * area.w, area.y + v * area.h));
            for first in (0..points).step_by(STRAIGHT) {
                let last = (first + STRAIGHT).min(points);
                let (a, b) = (place(first), place(last));
                let n = (last - first) as f32;
                let (dx, dy) = ((b.x - a.x) / n, (b.y - a.y) / n);
                for k in first..last {
                    let t = (k - first) as f32;
                    let (x, y) = (a.x + t * dx, a.y + t * dy);
                    // An average of many pixels needs no finer look at each.
                    if let Some(value) = if fine > 1 { nearest(gray, x, y) } else { bilinear(gray, x, y) } {
                        let (sum, seen) = &mut line[k / fine];
                        *sum += value;
                        *seen += 1;
                    }
                }
            }
        }
        for (sum, seen) in &line {
            outside += usize::from(*seen == 0);
            pixels.push(if *seen == 0 { 255 } else { (sum / *seen as f32 + 0.5) as u8 });
        }
    }
    Patch { width, height, outside: outside as f32 / pixels.len() as f32, pixels }
}

/// The value below which `share` (0..1) of the pixels lie.
pub(crate) fn percentile(pixels: &[u8], share: f32) -> u8 {
    let mut counts = [0_u32; 256];
    for p in pixels {
        counts[usize::from(*p)] += 1;
    }
    let wanted = (share.clamp(0.0, 1.0) * pixels.len() as f32) as u32;
    let mut sum = 0;
    for (value, count) in counts.iter().enumerate() {
        sum += count;
        if sum > wanted {
            return value as u8;
        }
    }
    255
}

/// Darkness of each pixel, 0 = paper .. 1 = ink, against the paper of this patch. `black` = the darkest ink of the page.
/// Pale ink is stretched to at most twice its contrast, so that faint pens count and paper grain does not.
pub(crate) fn darkness(patch: &Patch, black: u8) -> Vec<f32> {
    darkness_on(patch, percentile(&patch.pixels, 0.85), black)
}

/// The same against a ground of known brightness.
pub(crate) fn darkness_on(patch: &Patch, ground: u8, black: u8) -> Vec<f32> {
    let paper = f32::from(ground);
    let darkest = f32::from(percentile(&patch.pixels, 0.01));
    let full = (paper - f32::from(black)).max(20.0);
    let span = (paper - darkest).clamp(full * 0.45, full);
    patch.pixels.iter().map(|p| ((paper - f32::from(*p)) / span).clamp(0.0, 1.0)).collect()
}
