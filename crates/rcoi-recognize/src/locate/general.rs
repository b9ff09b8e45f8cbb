//! Printed marks, found the slow way when the sheet does not fill the picture or lies far askew: dark regions of the whole picture
//! whose arrangement fits the template's, at any angle.

use super::anchors::{Similarity, settle};
use super::{Scene, placed};
use crate::cv::Blob;
use crate::params::Params;
use rcoi_model::{Placement, Point};
use rcoi_template::{Anchor, AnchorShape, PageCorner, Template};

/// A region that may be an anchor. Pixels of the picture.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    /// Where the anchor's point would lie.
    at: Point,
    extent: f32,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Solid,
    /// As wide as high and hollow: a ring.
    Hollow,
    Cross,
    Corner(PageCorner),
}

/// The darkest pages have many regions; anchors are among the largest.
const MOST_CANDIDATES: usize = 60;
/// The sheet's longer side against the picture's: it fills the picture or most of it.
const SCALES: (f32, f32) = (0.45, 1.25);
/// Size of a region against that of the anchor.
const SIZES: (f32, f32) = (0.65, 1.5);
/// The same where the look of the marks may be a guess, as in layouts that tell only their middles.
const GUESSED: (f32, f32) = (0.3, 3.0);
/// A region that fills more of its frame is solid: a square on its corner fills half, a disc 0.79 whichever way, a ring less than 0.6.
const HOLLOW: f32 = 0.62;
/// Marks whose look is guessed are at least as alike as this: smallest against largest.
const ALIKE: f32 = 0.85;

/// The best way in one of four directions.
struct Best {
    sum: f32,
    map: Similarity,
    /// Anchors and their regions.
    pairs: Vec<(usize, Candidate)>,
}

pub(super) fn find(scene: &Scene<'_>, template: &Template, anchors: &[Anchor], params: &Params) -> Vec<Placement> {
    let found: Vec<Placement> = arrange(scene, template, anchors, SIZES, params)
        .iter()
        .filter_map(|best| settle(scene, template, anchors, &best.map.map(), &[], params))
        .collect();
    if !found.is_empty() {
        return found;
    }
    // Perhaps they look otherwise than the template says. Then all of them must be there, and alike.
    let all = arrange(scene, template, anchors, GUESSED, params).into_iter().filter(|best| best.pairs.len() == anchors.len());
    all.filter_map(|best| {
        let extent = |pick: fn(f32, f32) -> f32, from: f32| best.pairs.iter().map(|(_, c)| c.extent).fold(from, pick);
        let alike = extent(f32::min, f32::INFINITY) >= ALIKE * extent(f32::max, 0.0);
        let (from, to): (Vec<Point>, Vec<Point>) = best.pairs.iter().map(|(i, c)| (anchors[*i].centre, c.at)).unzip();
        if alike { placed(&from, &to, anchors.len(), template, Some(params)) } else { None }
    })
    .collect()
}

/// For each of four directions the similarity that most regions confirm.
fn arrange(scene: &Scene<'_>, template: &Template, anchors: &[Anchor], sizes: (f32, f32), params: &Params) -> Vec<Best> {
    let longest = scene.gray.width().max(scene.gray.height()) as f32;
    let usual = longest / template.width.max(template.height);
    let range = (usual * SCALES.0, usual * SCALES.1);
    let extent = |pick: fn(f32, f32) -> f32, from: f32| anchors.iter().map(|a| a.shape.extent()).fold(from, pick);
    let (least, most) = (extent(f32::min, f32::INFINITY) * range.0 * sizes.0, extent(f32::max, 0.0) * range.1 * sizes.1);
    let mut candidates: Vec<Candidate> = scene
        .blobs()
        .iter()
        .flat_map(|blob| kinds(blob, scene.small_factor()))
        .filter(|c| {
            c.extent >= least && c.extent <= most && anchors.iter().any(|a| (0..4).any(|q| may_be(&a.shape, q, c.kind, sizes == GUESSED)))
        })
        .collect();
    candidates.sort_by(|a, b| b.extent.total_cmp(&a.extent));
    candidates.truncate(MOST_CANDIDATES);
    let mut best: [Option<Best>; 4] = [const { None }; 4];
    for i in 0..anchors.len() {
        for j in i + 1..anchors.len() {
            for first in &candidates {
                for second in &candidates {
                    let Some(map) = Similarity::through([anchors[i].centre, anchors[j].centre], [first.at, second.at]) else { continue };
                    if map.scale() < range.0 || map.scale() > range.1 {
                        continue;
                    }
                    let tolerance = params.anchor_tolerance * template.width * map.scale();
                    let Some((pairs, sum)) = confirm(&map, anchors, &candidates, sizes, tolerance) else { continue };
                    let own = &mut best[quarters(map.angle())];
                    if own.as_ref().is_none_or(|b| pairs.len() > b.pairs.len() || (pairs.len() == b.pairs.len() && sum < b.sum)) {
                        *own = Some(Best { sum, map, pairs });
                    }
                }
            }
        }
    }
    best.into_iter().flatten().collect()
}

fn quarters(angle: f32) -> usize {
    (angle / 90.0).round().rem_euclid(4.0) as usize
}

/// True when a mark looks so after so many clockwise quarter turns. Where the look is a guess, a ring may be a disc and a disc a square.
fn may_be(shape: &AnchorShape, quarter: usize, kind: Kind, guessed: bool) -> bool {
    match shape {
        AnchorShape::Corner { corner, .. } => kind == Kind::Corner(corner.turned(quarter as u32)),
        AnchorShape::Cross { .. } => kind == Kind::Cross,
        AnchorShape::Ring { .. } => kind == Kind::Hollow || (guessed && kind == Kind::Solid),
        _ => kind == Kind::Solid || (guessed && kind == Kind::Hollow),
    }
}

/// Everything a region may be.
fn kinds(blob: &Blob, factor: f32) -> Vec<Candidate> {
    let (w, h) = (blob.width as f32, blob.height as f32);
    if w / h < 0.72 || w / h > 1.39 {
        return Vec::new();
    }
    let full = blob.area as f32 / (w * h);
    let (x, y) = (blob.left as f32, blob.top as f32);
    // Where the mass lies in the frame, −0.5..0.5.
    let (off_x, off_y) = ((blob.cx + 0.5 - x) / w - 0.5, (blob.cy + 0.5 - y) / h - 0.5);
    let one = |px: f32, py: f32, extent: f32, kind| Candidate { at: Point::new(px * factor, py * factor), extent: extent * factor, kind };
    let mut all = Vec::new();
    if off_x.abs() < 0.06 && off_y.abs() < 0.06 {
        let middle = (blob.cx + 0.5, blob.cy + 0.5);
        if full > HOLLOW {
            all.push(one(middle.0, middle.1, (blob.area as f32).sqrt(), Kind::Solid));
        } else {
            all.push(one(middle.0, middle.1, w.max(h), Kind::Hollow));
            all.push(one(middle.0, middle.1, w.max(h), Kind::Cross));
        }
    }
    if off_x.abs() > 0.08 && off_y.abs() > 0.08 && full < 0.85 {
        let (left, top) = (off_x < 0.0, off_y < 0.0);
        let corner = match (left, top) {
            (true, true) => PageCorner::TopLeft,
            (false, true) => PageCorner::TopRight,
            (false, false) => PageCorner::BottomRight,
            (true, false) => PageCorner::BottomLeft,
        };
        all.push(one(if left { x } else { x + w }, if top { y } else { y + h }, w.max(h), Kind::Corner(corner)));
    }
    all
}

/// The candidates that stand where the map puts the anchors, and the sum of their distances.
fn confirm(
    map: &Similarity,
    anchors: &[Anchor],
    candidates: &[Candidate],
    sizes: (f32, f32),
    tolerance: f32,
) -> Option<(Vec<(usize, Candidate)>, f32)> {
    let (mut pairs, mut sum) = (Vec::new(), 0.0);
    let quarter = quarters(map.angle());
    for (index, anchor) in anchors.iter().enumerate() {
        let place = map.apply(anchor.centre);
        let extent = anchor.shape.extent() * map.scale();
        let near = candidates
            .iter()
            .filter(|c| may_be(&anchor.shape, quarter, c.kind, sizes == GUESSED))
            .filter(|c| c.extent > sizes.0 * extent && c.extent < sizes.1 * extent)
            .map(|c| (c, c.at.distance(place)))
            .filter(|(_, d)| *d <= tolerance)
            .min_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((candidate, distance)) = near {
            pairs.push((index, *candidate));
            sum += distance;
        }
        // Even if all that are left agree, two would be missing from a proof.
        if pairs.len() + (anchors.len() - index - 1) < 3 {
            return None;
        }
    }
    Some((pairs, sum))
}
