//! What printed marks look like: small pictures of them as they lie in a scan, and where a scan shows something alike.

use super::correlate::{self, Worth};
use crate::cv;
use image::{GrayImage, Luma};
use rcoi_model::{Homography, Point};
use rcoi_template::{Anchor, AnchorShape};

/// Linear part of a map: x' = xx · x + xy · y, y' = yx · x + yy · y.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Linear {
    pub(super) xx: f32,
    pub(super) xy: f32,
    pub(super) yx: f32,
    pub(super) yy: f32,
}

impl Linear {
    /// What `map` does near a point, its result made `shrink` times smaller.
    pub(super) fn near(map: &Homography, at: Point, shrink: f32) -> Self {
        let origin = map.apply(at);
        let (right, down) = (map.apply(Point::new(at.x + 1.0, at.y)), map.apply(Point::new(at.x, at.y + 1.0)));
        Self {
            xx: (right.x - origin.x) / shrink,
            xy: (down.x - origin.x) / shrink,
            yx: (right.y - origin.y) / shrink,
            yy: (down.y - origin.y) / shrink,
        }
    }

    pub(super) fn determinant(&self) -> f32 {
        self.xx * self.yy - self.xy * self.yx
    }

    /// Clockwise angle of what ran across, degrees.
    pub(super) fn angle(&self) -> f32 {
        self.yx.atan2(self.xx).to_degrees()
    }

    /// How much longer lengths become, on average.
    pub(super) fn scale(&self) -> f32 {
        self.determinant().abs().sqrt()
    }

    fn apply(&self, p: Point) -> Point {
        Point::new(self.xx * p.x + self.xy * p.y, self.yx * p.x + self.yy * p.y)
    }

    fn inverse(&self) -> Self {
        let d = self.determinant();
        Self { xx: self.yy / d, xy: -self.xy / d, yx: -self.yx / d, yy: self.xx / d }
    }

    /// Largest stretch over smallest stretch, less 1: 0 for a similarity. From the singular values.
    pub(super) fn strain(&self) -> f32 {
        let sum = self.xx.powi(2) + self.xy.powi(2) + self.yx.powi(2) + self.yy.powi(2);
        let det = self.determinant().abs();
        let apart = (sum * sum - 4.0 * det * det).max(0.0).sqrt();
        ((sum + apart) / (sum - apart).max(1e-9)).sqrt() - 1.0
    }
}

/// Thickness of what is dark in the mark, form units.
fn thickness(shape: &AnchorShape) -> f32 {
    match *shape {
        AnchorShape::Ring { width, .. } | AnchorShape::Corner { width, .. } | AnchorShape::Cross { width, .. } => width,
        AnchorShape::Bar { width, height } => width.min(height),
        _ => shape.extent(),
    }
}

/// The halving of the picture (0 = none) at which the mark is still about `extent` pixels wide and its lines `line` thick.
/// `scale` = picture pixels per form unit.
pub(super) fn level(shape: &AnchorShape, scale: f32, extent: f32, line: f32, most: usize) -> usize {
    let factor = (shape.extent() * scale / extent).min(thickness(shape) * scale / line);
    (factor.max(1.0).log2().floor() as usize).min(most)
}

/// Darkness 0..1 of the mark at a place relative to the anchor's point, form units.
fn darkness(shape: &AnchorShape, p: Point) -> f32 {
    let within = match *shape {
        AnchorShape::Square { side } => p.x.abs().max(p.y.abs()) <= side / 2.0,
        AnchorShape::Bar { width, height } => p.x.abs() <= width / 2.0 && p.y.abs() <= height / 2.0,
        AnchorShape::Disc { diameter } => p.x.hypot(p.y) <= diameter / 2.0,
        AnchorShape::Ring { diameter, width } => (diameter / 2.0 - width..=diameter / 2.0).contains(&p.x.hypot(p.y)),
        AnchorShape::Corner { arm, width, corner } => {
            let (right, down) = corner.arms();
            let (u, v) = (p.x * right, p.y * down);
            u >= 0.0 && v >= 0.0 && u.max(v) <= arm && u.min(v) <= width
        }
        AnchorShape::Cross { arm, width } => {
            let (u, v) = (p.x.abs(), p.y.abs());
            u.max(v) <= arm / 2.0 && u.min(v) <= width / 2.0
        }
        AnchorShape::Picture { width, height, ref pixels, side } => {
            let (x, y) = (p.x / side * width as f32 + width as f32 / 2.0, p.y / side * width as f32 + height as f32 / 2.0);
            if x < 0.0 || y < 0.0 || x >= width as f32 || y >= height as f32 {
                return 0.0;
            }
            let at = y as usize * width as usize + x as usize;
            return pixels.get(at).map_or(0.0, |v| 1.0 - f32::from(*v) / 255.0);
        }
    };
    if within { 1.0 } else { 0.0 }
}

/// A small picture of a mark.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pattern {
    pub(super) picture: GrayImage,
    /// Where the anchor's point lies in it, pixels.
    at: Point,
    /// Standard deviation of its grey.
    contrast: f32,
    /// Of a solid mark the dark part: left, top, right, bottom, pixels.
    core: Option<[usize; 4]>,
}

/// Each pixel of a pattern is looked at in so many rows and columns.
const FINE: u32 = 3;
/// Paper round a mark belongs to its look: so much of its width.
const QUIET: f32 = 0.22;

/// Draws a mark as it lies under `map` (pattern pixels per form unit). Of long lines only `most` pixels from the anchor's point are drawn.
pub(super) fn draw(shape: &AnchorShape, map: &Linear, most: f32) -> Option<Pattern> {
    let scale = map.scale();
    if !scale.is_finite() || scale <= 0.0 {
        return None;
    }
    let half = shape.extent() / 2.0;
    // Left, top, right, bottom of what is drawn, form units.
    let [x0, y0, x1, y1] = match *shape {
        AnchorShape::Corner { arm, width, corner } => {
            let long = arm.min((most / scale).max(2.0 * width));
            let quiet = (QUIET * long).max(width.min(long / 2.0));
            let (right, down) = corner.arms();
            let side = |sign: f32| if sign > 0.0 { (-quiet, long) } else { (-long, quiet) };
            let ((x0, x1), (y0, y1)) = (side(right), side(down));
            [x0, y0, x1, y1]
        }
        AnchorShape::Cross { .. } => {
            let reach = half.min(most / scale / 2.0);
            [-reach, -reach, reach, reach]
        }
        AnchorShape::Bar { width, height } => {
            // Timing marks stand close together: the gap belongs to the next one.
            let quiet = width.min(height) / 2.0;
            let (wide, high) = (width / 2.0 + quiet, height / 2.0 + quiet);
            [-wide, -high, wide, high]
        }
        AnchorShape::Picture { width, height, .. } => {
            let high = half * height as f32 / width.max(1) as f32;
            [-half, -high, half, high]
        }
        _ => {
            let reach = half * (1.0 + 2.0 * QUIET);
            [-reach, -reach, reach, reach]
        }
    };
    let corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)].map(|(x, y)| map.apply(Point::new(x, y)));
    let bound = |get: fn(&Point) -> f32, pick: fn(f32, f32) -> f32, from| corners.iter().map(get).fold(from, pick);
    let (left, top) = (bound(|p| p.x, f32::min, f32::INFINITY).floor(), bound(|p| p.y, f32::min, f32::INFINITY).floor());
    let (right, bottom) = (bound(|p| p.x, f32::max, f32::NEG_INFINITY).ceil(), bound(|p| p.y, f32::max, f32::NEG_INFINITY).ceil());
    let (width, height) = ((right - left) as u32, (bottom - top) as u32);
    if width < 4 || height < 4 || width > 400 || height > 400 {
        return None;
    }
    let back = map.inverse();
    let picture = GrayImage::from_fn(width, height, |x, y| {
        let mut dark = 0.0;
        for k in 0..FINE * FINE {
            let part = |at: u32, k: u32| at as f32 + (k as f32 + 0.5) / FINE as f32;
            dark += darkness(shape, back.apply(Point::new(left + part(x, k % FINE), top + part(y, k / FINE))));
        }
        Luma([(255.0 - 255.0 * dark / (FINE * FINE) as f32) as u8])
    });
    let pattern = Pattern::of(picture, Point::new(-left, -top), 1.0)?;
    Some(Pattern { core: core(shape, map, &pattern), ..pattern })
}

/// Marks as they were drawn: those of a sheet mostly are alike and lie alike.
#[derive(Debug, Default)]
pub(super) struct Drawings<'t> {
    all: Vec<(&'t AnchorShape, Linear, Option<Pattern>)>,
}

/// Pixels by which a drawing may be off at its rim.
const SAME: f32 = 0.02;

impl<'t> Drawings<'t> {
    /// See [`draw`]; of one that was drawn already `most` is the same.
    pub(super) fn of(&mut self, shape: &'t AnchorShape, map: &Linear, most: f32) -> Option<&Pattern> {
        let near = |a: f32, b: f32| (a - b).abs() * shape.extent() < SAME;
        let alike = |m: &Linear| near(m.xx, map.xx) && near(m.xy, map.xy) && near(m.yx, map.yx) && near(m.yy, map.yy);
        let at = self.all.iter().position(|(s, m, _)| *s == shape && alike(m)).unwrap_or_else(|| {
            self.all.push((shape, *map, draw(shape, map, most)));
            self.all.len() - 1
        });
        self.all[at].2.as_ref()
    }
}

/// The rectangle that a solid mark fills in its pattern, whole pixels.
fn core(shape: &AnchorShape, map: &Linear, pattern: &Pattern) -> Option<[usize; 4]> {
    let (w, h) = match *shape {
        AnchorShape::Square { side } => (side, side),
        AnchorShape::Disc { diameter } => (diameter, diameter),
        AnchorShape::Bar { width, height } => (width, height),
        _ => return None,
    };
    let (wide, high) = ((map.xx * w).abs().max((map.xy * h).abs()) / 2.0, (map.yx * w).abs().max((map.yy * h).abs()) / 2.0);
    let ends = |middle: f32, half: f32, most: u32| {
        let from = (middle - half).round().max(0.0) as usize;
        (from, ((middle + half).round() as usize).min(most as usize).max(from + 1))
    };
    let (x0, x1) = ends(pattern.at.x, wide, pattern.picture.width());
    let (y0, y1) = ends(pattern.at.y, high, pattern.picture.height());
    let all = (pattern.picture.width() * pattern.picture.height()) as usize;
    ((x1 - x0) * (y1 - y0) < all).then_some([x0, y0, x1, y1])
}

impl Pattern {
    /// A pattern of any look; `at` = the place in it that is asked for. `None` when nothing is to be seen in it.
    pub(super) fn of(picture: GrayImage, at: Point, least: f32) -> Option<Self> {
        let contrast = deviation(picture.as_raw());
        (contrast >= least).then_some(Self { picture, at, contrast, core: None })
    }
}

fn deviation(pixels: &[u8]) -> f32 {
    let n = pixels.len().max(1) as f32;
    let (sum, squares) = pixels.iter().fold((0_u64, 0_u64), |(s, q), p| (s + u64::from(*p), q + u64::from(*p) * u64::from(*p)));
    let mean = sum as f32 / n;
    (squares as f32 / n - mean * mean).max(0.0).sqrt()
}

/// A place that looks like a mark.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hit {
    /// Where the anchor's point lies, in pixels of the picture that was searched.
    pub(super) at: Point,
    /// Correlation with the mark's look, 0..1.
    pub(super) score: f32,
}

/// What is asked of a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Demand {
    /// Least correlation.
    pub(super) score: f32,
    /// Least contrast between the mark and the paper round it, grey levels.
    pub(super) contrast: f32,
    /// Most places that are wanted.
    pub(super) count: usize,
}

/// The places within `reach` pixels of `middle` that look most like the pattern, best first. Beyond the picture lies paper.
pub(super) fn seek(gray: &GrayImage, paper: u8, pattern: &Pattern, middle: Point, reach: f32, demand: Demand) -> Vec<Hit> {
    let (pw, ph) = (pattern.picture.width(), pattern.picture.height());
    let (left, top) = ((middle.x - pattern.at.x - reach).floor() as i32, (middle.y - pattern.at.y - reach).floor() as i32);
    let side = (2.0 * reach).ceil() as u32 + 2;
    let window = window(gray, paper, left, top, side + pw, side + ph);
    // A perfect likeness of less contrast would be refused.
    let worth = Worth { deviation: demand.contrast * pattern.contrast / 255.0, core: pattern.core, score: demand.score };
    let Some(mut scores) = correlate::scores(&window, &pattern.picture, &worth) else { return Vec::new() };
    let good: Vec<usize> = (0..scores.values.len()).filter(|i| scores.values[*i] >= demand.score).collect();
    let mut found = Vec::new();
    // Places that are refused are blotted out too, so the number of looks is limited.
    for _ in 0..2 * demand.count {
        let peak = good.iter().map(|i| (*i, scores.values[*i])).filter(|(_, s)| s.is_finite()).max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((place, score)) = peak.filter(|(_, s)| *s >= demand.score) else { break };
        let (x, y) = (place % scores.width, place / scores.width);
        let under = self::window(&window, paper, x as i32, y as i32, pw, ph);
        if score * deviation(under.as_raw()) / pattern.contrast * 255.0 >= demand.contrast {
            let (dx, dy) = summit(&scores, x, y);
            let at = Point::new(left as f32 + x as f32 + dx + pattern.at.x, top as f32 + y as f32 + dy + pattern.at.y);
            found.push(Hit { at, score });
            if found.len() == demand.count {
                break;
            }
        }
        let (near_x, near_y) = (pw as usize / 2, ph as usize / 2);
        for row in y.saturating_sub(near_y)..(y + near_y + 1).min(scores.height) {
            let line = row * scores.width;
            scores.values[line + x.saturating_sub(near_x)..line + (x + near_x + 1).min(scores.width)].fill(-1.0);
        }
    }
    found
}

/// A part of a picture; what lies outside is paper.
fn window(gray: &GrayImage, paper: u8, left: i32, top: i32, width: u32, height: u32) -> GrayImage {
    let mut out = vec![paper; (width * height) as usize];
    let (w, h) = (gray.width() as i32, gray.height() as i32);
    let (from, to) = (left.clamp(0, w), (left + width as i32).clamp(0, w));
    if from < to {
        for y in top.clamp(0, h)..(top + height as i32).clamp(0, h) {
            let source = &gray.as_raw()[(y * w + from) as usize..(y * w + to) as usize];
            let start = ((y - top) * width as i32 + from - left) as usize;
            out[start..start + source.len()].copy_from_slice(source);
        }
    }
    GrayImage::from_raw(width, height, out).unwrap_or_default()
}

/// How far the top of the parabola through a peak and its neighbours lies beside the peak, at most half a pixel each way.
fn summit(scores: &cv::Scores, x: usize, y: usize) -> (f32, f32) {
    let at = |x: usize, y: usize| scores.values[y * scores.width + x];
    let beside = |before: f32, here: f32, after: f32| {
        let bend = before - 2.0 * here + after;
        if bend < -1e-6 && before.is_finite() && after.is_finite() { (0.5 * (before - after) / bend).clamp(-0.5, 0.5) } else { 0.0 }
    };
    let dx = if x > 0 && x + 1 < scores.width { beside(at(x - 1, y), at(x, y), at(x + 1, y)) } else { 0.0 };
    let dy = if y > 0 && y + 1 < scores.height { beside(at(x, y - 1), at(x, y), at(x, y + 1)) } else { 0.0 };
    (dx, dy)
}

/// Rows and columns of a mark that are looked at.
const LOOKS: usize = 16;
/// Of the dark parts the third darkest tenth counts: thin lines may lie a little beside their place.
const DARK_TENTH: usize = 3;

/// Grey of the picture where the mark's dark parts should be; `None` outside the picture and for marks that are pictures.
pub(super) fn grey(gray: &GrayImage, anchor: &Anchor, map: &Homography) -> Option<f32> {
    if matches!(anchor.shape, AnchorShape::Picture { .. }) {
        return None;
    }
    let (extent, arms) = match anchor.shape {
        AnchorShape::Corner { arm, corner, .. } => (arm, corner.arms()),
        _ => (anchor.shape.extent(), (0.0, 0.0)),
    };
    let mut seen: Vec<f32> = Vec::new();
    for k in 0..LOOKS * LOOKS {
        let part = |k: usize, arm: f32| ((k as f32 + 0.5) / LOOKS as f32 - 0.5 + 0.5 * arm) * extent;
        let p = Point::new(part(k % LOOKS, arms.0), part(k / LOOKS, arms.1));
        if darkness(&anchor.shape, p) > 0.5 {
            let q = map.apply(Point::new(anchor.centre.x + p.x, anchor.centre.y + p.y));
            if q.x >= 0.0 && q.y >= 0.0 && q.x < gray.width() as f32 && q.y < gray.height() as f32 {
                seen.push(f32::from(gray.get_pixel(q.x as u32, q.y as u32).0[0]));
            }
        }
    }
    let at = seen.len() * DARK_TENTH / 10;
    (!seen.is_empty()).then(|| *seen.select_nth_unstable_by(at, f32::total_cmp).1)
}
