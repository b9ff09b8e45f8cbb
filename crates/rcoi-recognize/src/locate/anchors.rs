//! Printed squares and discs: dark compact regions whose arrangement fits the template's, in any of four rotations.
//!
//! Two regions and two anchors fix a similarity; the one that most other anchors confirm wins (the idea of RANSAC,
//! Fischler and Bolles 1981, but every pair is tried, so the outcome does not depend on chance).

use super::{Scene, placed};
use crate::cv::Blob;
use crate::params::Params;
use image::GrayImage;
use rcoi_model::{Placement, Point};
use rcoi_template::{Anchor, AnchorShape, Template};

/// A region that may be an anchor. Pixels of the reduced copy.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    centre: Point,
    side: f32,
}

/// A similarity: x' = a·x − b·y + dx, y' = b·x + a·y + dy.
#[derive(Debug, Clone, Copy)]
struct Similarity {
    a: f32,
    b: f32,
    dx: f32,
    dy: f32,
}

impl Similarity {
    fn through(p: [Point; 2], q: [Point; 2]) -> Option<Self> {
        let (px, py) = (p[1].x - p[0].x, p[1].y - p[0].y);
        let (qx, qy) = (q[1].x - q[0].x, q[1].y - q[0].y);
        let n = px * px + py * py;
        if n < 1.0 {
            return None;
        }
        let (a, b) = ((px * qx + py * qy) / n, (px * qy - py * qx) / n);
        Some(Self { a, b, dx: q[0].x - a * p[0].x + b * p[0].y, dy: q[0].y - b * p[0].x - a * p[0].y })
    }

    fn apply(&self, p: Point) -> Point {
        Point::new(self.a * p.x - self.b * p.y + self.dx, self.b * p.x + self.a * p.y + self.dy)
    }

    fn scale(&self) -> f32 {
        self.a.hypot(self.b)
    }

    /// Distance of the rotation from the nearest quarter turn, degrees.
    fn tilt(&self) -> f32 {
        let angle = self.b.atan2(self.a).to_degrees();
        (angle - (angle / 90.0).round() * 90.0).abs()
    }
}

/// Steepest skew that is searched, degrees: scanners stay within 5.
const STEEPEST: f32 = 12.0;

fn side_of(anchor: &Anchor) -> f32 {
    match anchor.shape {
        AnchorShape::Square { side } | AnchorShape::Picture { side, .. } => side,
        AnchorShape::Disc { diameter } | AnchorShape::Ring { diameter, .. } => diameter,
        AnchorShape::Corner { arm, .. } | AnchorShape::Cross { arm, .. } => arm,
    }
}

pub(super) fn find(scene: &Scene<'_>, template: &Template, anchors: &[Anchor], params: &Params) -> Option<Placement> {
    // The sheet fills the picture or most of it: its long side gives the scale within a factor.
    let (long_form, long_small) = (template.width.max(template.height), scene.small.width().max(scene.small.height()) as f32);
    let scale = long_small / long_form;
    let (least, most) = (scale * 0.55, scale * 1.25);
    let sides: Vec<f32> = anchors.iter().map(side_of).collect();
    let (smallest, largest) = (sides.iter().copied().fold(f32::INFINITY, f32::min), sides.iter().copied().fold(0.0, f32::max));
    let mut candidates: Vec<Candidate> =
        scene.blobs.iter().filter_map(|b| compact(b, smallest * least * 0.7, largest * most * 1.4)).collect();
    // The darkest pages have many regions; anchors are among the largest compact ones.
    candidates.sort_by(|a, b| b.side.total_cmp(&a.side));
    candidates.truncate(60);
    let (pairs, _) = best_match(anchors, &sides, &candidates, (least, most), params, template)?;
    let (mut from, mut to) = (Vec::new(), Vec::new());
    for (anchor, candidate) in pairs {
        let rough = Point::new(candidates[candidate].centre.x * scene.factor, candidates[candidate].centre.y * scene.factor);
        from.push(anchors[anchor].centre);
        to.push(sharpen(scene, rough, candidates[candidate].side * scene.factor));
    }
    placed(&from, &to, anchors.len(), template, Some(params))
}

/// Squares and discs are as wide as high and mostly full, also when they lie askew.
fn compact(blob: &Blob, least: f32, most: f32) -> Option<Candidate> {
    let (w, h) = (blob.width as f32, blob.height as f32);
    let full = blob.area as f32 / (w * h);
    let fits = w >= least && h >= least && w <= most && h <= most && w / h > 0.72 && w / h < 1.39 && full > 0.68;
    fits.then_some(Candidate { centre: Point::new(blob.cx + 0.5, blob.cy + 0.5), side: (blob.area as f32).sqrt() })
}

type Pairs = Vec<(usize, usize)>;

/// The similarity that most anchors confirm; ties go to the smaller sum of distances.
fn best_match(
    anchors: &[Anchor],
    sides: &[f32],
    candidates: &[Candidate],
    (least, most): (f32, f32),
    params: &Params,
    template: &Template,
) -> Option<(Pairs, f32)> {
    let mut best: Option<(Pairs, f32)> = None;
    for i in 0..anchors.len() {
        for j in i + 1..anchors.len() {
            let p = [anchors[i].centre, anchors[j].centre];
            for (k, first) in candidates.iter().enumerate() {
                for (l, second) in candidates.iter().enumerate() {
                    if k == l {
                        continue;
                    }
                    let Some(map) = Similarity::through(p, [first.centre, second.centre]) else { continue };
                    let scale = map.scale();
                    if scale < least || scale > most || map.tilt() > STEEPEST {
                        continue;
                    }
                    let Some((pairs, sum)) = confirm(&map, anchors, sides, candidates, params.anchor_tolerance * template.width * scale)
                    else {
                        continue;
                    };
                    let better = best.as_ref().is_none_or(|(b, s)| pairs.len() > b.len() || (pairs.len() == b.len() && sum < *s));
                    if pairs.len() >= params.least_anchors && better {
                        best = Some((pairs, sum));
                    }
                }
            }
        }
    }
    best
}

/// Which candidate stands for which anchor under a map.
fn confirm(map: &Similarity, anchors: &[Anchor], sides: &[f32], candidates: &[Candidate], tolerance: f32) -> Option<(Pairs, f32)> {
    let (mut pairs, mut sum) = (Vec::with_capacity(anchors.len()), 0.0);
    for (index, anchor) in anchors.iter().enumerate() {
        let place = map.apply(anchor.centre);
        let side = sides[index] * map.scale();
        let near = candidates
            .iter()
            .enumerate()
            .filter(|(_, c)| c.side > 0.65 * side && c.side < 1.4 * side)
            .map(|(i, c)| (i, c.centre.distance(place)))
            .filter(|(_, d)| *d <= tolerance)
            .min_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((candidate, distance)) = near {
            pairs.push((index, candidate));
            sum += distance;
        }
        // Even if all that are left agree, two would be missing from a proof.
        if pairs.len() + (anchors.len() - index - 1) < 3 {
            return None;
        }
    }
    Some((pairs, sum))
}

/// Centre of mass of the dark pixels round `rough` in the full picture.
fn sharpen(scene: &Scene<'_>, rough: Point, side: f32) -> Point {
    let gray: &GrayImage = scene.gray;
    let reach = side * 0.75 + 2.0;
    let range = |middle: f32, end: u32| ((middle - reach).max(0.0) as u32, ((middle + reach).ceil().max(0.0) as u32).min(end));
    let ((x0, x1), (y0, y1)) = (range(rough.x, gray.width()), range(rough.y, gray.height()));
    let cut = (f32::from(scene.paper) + f32::from(scene.black)) / 2.0;
    let (mut n, mut sx, mut sy) = (0.0_f64, 0.0_f64, 0.0_f64);
    for y in y0..y1 {
        let row = &gray.as_raw()[(y * gray.width()) as usize..((y + 1) * gray.width()) as usize];
        for x in x0..x1 {
            if f32::from(row[x as usize]) < cut {
                n += 1.0;
                sx += f64::from(x) + 0.5;
                sy += f64::from(y) + 0.5;
            }
        }
    }
    let found = Point::new((sx / n.max(1.0)) as f32, (sy / n.max(1.0)) as f32);
    // Print that touches the window would pull the centre away; then the rough place is the better one.
    if n < 4.0 || found.distance(rough) > side * 0.2 { rough } else { found }
}
