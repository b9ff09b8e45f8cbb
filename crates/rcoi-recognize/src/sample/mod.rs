//! Cutting upright patches out of a picture through a map, without ever warping the page.

mod ink;
mod lattice;

pub(crate) use ink::{InkScale, darkness, darkness_on, percentile};

use crate::levels::Levels;
use image::GrayImage;
use lattice::Lattice;
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

    /// Fills the patch with `area` (form units) as `width` × `height` pixels, keeping its memory.
    /// Outside the picture is white.
    ///
    /// The copy of the picture whose pixels are as large as those of the patch, or up to twice as fine, is looked at once
    /// per pixel: four neighbours are weighed by nearness, or alike where the copy is much finer.
    pub(crate) fn cut(&mut self, page: &Levels<'_>, map: &Homography, area: &Rect, width: usize, height: usize) {
        let (width, height) = (width.max(1), height.max(1));
        (self.width, self.height) = (width, height);
        // Whoever fills it fills all of it.
        self.pixels.resize(width * height, 255);
        let [a, b, c, d] = map.apply_rect(area).0;
        let step = (a.distance(b) / width as f32).min(a.distance(d) / height as f32);
        let (gray, level) = page.reduced(if step >= 2.0 { step.log2() as usize } else { 0 });
        let scale = 0.5_f32.powi(level as i32);
        let look = if step * scale >= FLAT_FROM { Look::Flat } else { Look::Near };
        // A map that shifts, turns and stretches is known by its corners, and so is any map on a small patch.
        let by_corners = (map.0[6] == 0.0 && map.0[7] == 0.0) || width.max(height) <= STRAIGHT;
        let (w, h) = (width as f32, height as f32);
        let outside = if by_corners {
            let corners = [a, b, c, d].map(|p| Point::new(p.x * scale - 0.5, p.y * scale - 0.5));
            match Lattice::of(&corners, (width, height)).filter(|lattice| lattice.level(gray, look, self)) {
                Some(_) => 0,
                None => {
                    let [a, b, c, d] = corners;
                    self.askew(gray, look, width, |u, v| {
                        let mix = |a: f32, b: f32, c: f32, d: f32| (a + u / w * (b - a)) * (1.0 - v / h) + (d + u / w * (c - d)) * v / h;
                        Point::new(mix(a.x, b.x, c.x, d.x), mix(a.y, b.y, c.y, d.y))
                    })
                }
            }
        } else {
            self.askew(gray, look, STRAIGHT, |u, v| {
                let p = map.apply(Point::new(area.x + u / w * area.w, area.y + v / h * area.h));
                Point::new(p.x * scale - 0.5, p.y * scale - 0.5)
            })
        };
        self.outside = outside as f32 / self.pixels.len() as f32;
    }

    /// Fills the patch line by line in runs whose ends `place` tells; returns how many pixels lie outside the picture.
    fn askew(&mut self, gray: &GrayImage, look: Look, run: usize, place: impl Fn(f32, f32) -> Point) -> usize {
        let mut outside = 0;
        for (row, line) in self.pixels.chunks_exact_mut(self.width).enumerate() {
            let v = row as f32 + 0.5;
            for (index, out) in line.chunks_mut(run).enumerate() {
                let first = (index * run) as f32 + 0.5;
                let n = out.len() as f32;
                let (from, to) = (place(first, v), place(first + n, v));
                outside += along(gray, (from.x, from.y), ((to.x - from.x) / n, (to.y - from.y) / n), look, out);
            }
        }
        outside
    }
}

/// Points of one line between two exactly mapped ends; on a sheet so short a line is straight also through a projective map.
const STRAIGHT: usize = 48;
/// From so many pixels of the picture per pixel of the patch its four neighbours count alike, so that no pixel is passed over.
const FLAT_FROM: f32 = 1.5;

/// How the four neighbours of a place are weighed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// By nearness (bilinear).
    Near,
    /// Alike.
    Flat,
}

/// A patch of its own; see [`Patch::cut`].
pub(crate) fn cut(page: &Levels<'_>, map: &Homography, area: &Rect, width: usize, height: usize) -> Patch {
    let mut patch = Patch::default();
    patch.cut(page, map, area, width, height);
    patch
}

/// Samples a straight line of places (pixel centres at whole numbers); returns how many lie outside the picture, which are white.
fn along(gray: &GrayImage, start: (f32, f32), step: (f32, f32), look: Look, out: &mut [u8]) -> usize {
    let last = out.len().saturating_sub(1) as f32;
    let (right, bottom) = (gray.width() as f32 - 1.01, gray.height() as f32 - 1.01);
    let inside = |x: f32, y: f32| x >= 0.01 && y >= 0.01 && x <= right && y <= bottom;
    if inside(start.0, start.1) && inside(start.0 + last * step.0, start.1 + last * step.1) {
        within(gray.as_raw(), gray.width() as usize, start, step, look, out);
        return 0;
    }
    let mut outside = 0;
    for (k, value) in out.iter_mut().enumerate() {
        // Places with pixel centres at halves.
        let seen = bilinear(gray, start.0 + k as f32 * step.0 + 0.5, start.1 + k as f32 * step.1 + 0.5);
        outside += usize::from(seen.is_none());
        *value = seen.map_or(255, |v| (v + 0.5) as u8);
    }
    outside
}

/// Places gathered at once.
const GATHER: usize = 64;

/// Samples places that all have four neighbours. First the neighbours are gathered, then weighed, several at a time.
fn within(raw: &[u8], stride: usize, start: (f32, f32), step: (f32, f32), look: Look, out: &mut [u8]) {
    let fixed = |v: f32| (f64::from(v) * f64::from(1_u32 << 31) * 2.0) as i64;
    let (mut x, mut y, dx, dy) = (fixed(start.0), fixed(start.1), fixed(step.0), fixed(step.1));
    let (mut upper, mut lower) = ([0_u16; GATHER], [0_u16; GATHER]);
    let (mut right, mut below) = ([64_u16; GATHER], [64_u16; GATHER]);
    for out in out.chunks_mut(GATHER) {
        for i in 0..out.len() {
            let at = (y >> 32) as usize * stride + (x >> 32) as usize;
            let four = &raw[at..at + stride + 2];
            upper[i] = u16::from_le_bytes([four[0], four[1]]);
            lower[i] = u16::from_le_bytes([four[stride], four[stride + 1]]);
            if look == Look::Near {
                // The first seven bits behind the point.
                (right[i], below[i]) = ((x >> 25 & 127) as u16, (y >> 25 & 127) as u16);
            }
            (x, y) = (x + dx, y + dy);
        }
        for (i, value) in out.iter_mut().enumerate() {
            let across = |two: u16| ((two & 255) * (128 - right[i]) + (two >> 8) * right[i] + 64) >> 7;
            *value = ((across(upper[i]) * (128 - below[i]) + across(lower[i]) * below[i] + 64) >> 7) as u8;
        }
    }
}

/// Bilinear value at (x, y) in pixel coordinates (pixel centres at .5); `None` more than half a pixel outside.
pub(crate) fn bilinear(gray: &GrayImage, x: f32, y: f32) -> Option<f32> {
    let (w, h) = (gray.width() as i32, gray.height() as i32);
    let (fx, fy) = (x - 0.5, y - 0.5);
    if !(fx > -1.0 && fy > -1.0 && fx < w as f32 && fy < h as f32) {
        return None;
    }
    // Both are above −1: cutting off the fraction of what is shifted by one is the floor, without a call.
    let (x0, y0) = ((fx + 1.0) as i32 - 1, (fy + 1.0) as i32 - 1);
    let (ax, ay) = (fx - x0 as f32, fy - y0 as f32);
    let get = |x: i32, y: i32| f32::from(gray.as_raw()[(y.clamp(0, h - 1) * w + x.clamp(0, w - 1)) as usize]);
    let upper = get(x0, y0) * (1.0 - ax) + get(x0 + 1, y0) * ax;
    let lower = get(x0, y0 + 1) * (1.0 - ax) + get(x0 + 1, y0 + 1) * ax;
    Some(upper * (1.0 - ay) + lower * ay)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Grey grows evenly to the right and down: whatever is averaged, the value tells the place.
    fn slope() -> GrayImage {
        GrayImage::from_fn(400, 300, |x, y| image::Luma([((x + y) as f32 * 0.3) as u8]))
    }

    fn expected(map: &Homography, area: &Rect, (x, y): (usize, usize), (w, h): (usize, usize)) -> f32 {
        let p = map.apply(Point::new(area.x + (x as f32 + 0.5) / w as f32 * area.w, area.y + (y as f32 + 0.5) / h as f32 * area.h));
        (p.x + p.y - 1.0) * 0.3 - 0.5
    }

    #[test]
    fn every_pixel_of_a_patch_shows_its_place_at_any_scale_and_turn() {
        let gray = slope();
        let levels = Levels::of(&gray);
        let turned = Homography([0.9, -0.4, 120.0, 0.4, 0.9, 20.0, 0.0, 0.0, 1.0]);
        let bent = Homography([1.1, 0.02, 60.0, 0.05, 1.0, 50.0, 4e-4, 2e-4, 1.0]);
        let (skew, down) = (
            Homography([1.1, 0.05, 60.0, -0.06, 1.1, 50.0, 0.0, 0.0, 1.0]),
            Homography([-1.2, 0.0, 300.0, 0.02, -1.1, 250.0, 0.0, 0.0, 1.0]),
        );
        for map in [turned, bent, skew, down] {
            for (width, height) in [(200, 150), (90, 70), (55, 40), (30, 20), (13, 11)] {
                let area = Rect::new(10.0, 12.0, 150.0, 110.0);
                let patch = cut(&levels, &map, &area, width, height);
                assert!(patch.outside < 1e-6);
                for (x, y) in [(0, 0), (width - 1, height - 1), (width / 2, height / 3)] {
                    let wanted = expected(&map, &area, (x, y), (width, height));
                    let seen = f32::from(patch.row(y)[x]);
                    // Means are rounded once more at every halving.
                    let allowed = 1.1 + 0.4 * (150.0 / width as f32).max(1.0).log2();
                    assert!((seen - wanted).abs() < allowed, "{width} x {height} at {x}, {y}: {seen}, not {wanted}");
                }
            }
        }
    }

    #[test]
    fn a_patch_that_is_cut_the_quick_way_shows_the_same_in_every_pixel() {
        let gray = GrayImage::from_fn(700, 500, |x, y| image::Luma([((x * 37) ^ (y * 11)) as u8 & 63]));
        // Samples and the step across; wide patches go in strips, steps of more than two pixels are picked one by one.
        for ((width, height), step) in [((28, 28), 1.45), ((150, 41), 1.3), ((150, 9), -1.9), ((20, 30), 2.6), ((17, 7), -0.7)] {
            for (look, rise) in [(Look::Near, 0.03), (Look::Near, -0.05), (Look::Flat, 0.01)] {
                let place = |u: f32, v: f32| Point::new(350.3 + (u - width as f32 / 2.0) * step, 200.7 + 1.4 * v + rise * step * u);
                let (w, h) = (width as f32, height as f32);
                let corners = [place(0.0, 0.0), place(w, 0.0), place(w, h), place(0.0, h)];
                let empty = || Patch { width, height, pixels: vec![0; width * height], outside: 0.0 };
                let (mut quick, mut slow) = (empty(), empty());
                assert!(Lattice::of(&corners, (width, height)).is_some_and(|lattice| lattice.level(&gray, look, &mut quick)));
                assert_eq!(slow.askew(&gray, look, width, place), 0);
                // Places are told to a 128th of a pixel, across and down; where neighbours count alike, that may be a pixel beside.
                let far = quick.pixels.iter().zip(&slow.pixels).filter(|(a, b)| a.abs_diff(**b) > 3).count();
                let allowed = if look == Look::Near { 0 } else { width * height / 25 };
                assert!(far <= allowed && quick.pixels.len() == width * height, "{width} x {height}, {step}, {look:?}: {far} differ");
            }
        }
    }

    #[test]
    fn what_lies_outside_the_picture_is_white_and_counted() {
        let gray = GrayImage::from_pixel(100, 100, image::Luma([10]));
        let patch = cut(&Levels::of(&gray), &Homography::IDENTITY, &Rect::new(-50.0, 0.0, 100.0, 100.0), 50, 50);
        assert!((patch.outside - 0.5).abs() < 0.03, "{}", patch.outside);
        assert_eq!((patch.row(20)[3], patch.row(20)[45]), (255, 10));
    }

    #[test]
    fn a_patch_that_is_cut_again_keeps_nothing_of_the_last() {
        let gray = slope();
        let page = Levels::of(&gray);
        let mut patch = Patch::default();
        patch.cut(&page, &Homography::IDENTITY, &Rect::new(-30.0, -30.0, 200.0, 200.0), 40, 40);
        let area = Rect::new(20.0, 20.0, 40.0, 30.0);
        patch.cut(&page, &Homography::IDENTITY, &area, 20, 15);
        assert_eq!(patch, cut(&page, &Homography::IDENTITY, &area, 20, 15));
    }
}
