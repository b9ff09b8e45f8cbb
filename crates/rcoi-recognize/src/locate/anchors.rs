//! Printed marks, found the quick way: each is looked for round the place where a sheet that fills the picture has it.
//!
//! Few small windows of reduced copies are compared with the look of the marks. Two places and two anchors fix a similarity;
//! the one that most other anchors confirm wins (the idea of RANSAC, Fischler and Bolles 1981, but every pair is tried, so the
//! outcome does not depend on chance). Round what the map foretells every mark is then looked for once more, finer, as it lies.

use super::shape::{self, Demand, Drawings, Hit, Linear};
use super::{Scene, UNEVEN, fit, general, lying, placed};
use crate::params::Params;
use rcoi_model::{Homography, Placement, Point};
use rcoi_template::{Anchor, AnchorShape, Template, alike_turned};

/// A mark's width on the copy where it is sought, and the thickness of its lines, pixels: enough to tell it from letters.
const COARSE: (f32, f32) = (6.5, 0.75);
/// The same where its place is measured: a tenth of a pixel of these is 0.02 mm for a mark of 5 mm.
const FINE: (f32, f32) = (20.0, 2.0);
/// Long lines are compared over so many pixels from the anchor's point, on the coarse and the fine copy.
const COARSE_ARM: f32 = 14.0;
const FINE_ARM: f32 = 40.0;
/// Places that are kept for each mark: print may look alike.
const RIVALS: usize = 4;
/// The same where there are so many marks that they must be timing marks, each with its neighbours for rivals.
const MANY: usize = 8;
const NEIGHBOURS: usize = 12;
/// Pairs of marks that are tried, the farthest apart: all of six marks.
const PAIRS: usize = 15;
/// A map may shrink or stretch the sheet by this share against what the picture's size tells.
const RESIZED: f32 = 0.15;
/// Steepest skew that is sought the quick way, degrees: scanners stay within 5.
const STEEPEST: f32 = 9.0;
/// Anchors lie on a similarity but for stretch and shear: within this share of the page's width.
const LOOSE: f32 = 0.024;
/// Stretch of one direction against the other, shear included, that three anchors alone may claim.
const MOST_STRAIN: f32 = 0.06;

/// Anchors farther off an affine map, as a share of the page's width, may be something else: 0.5 mm on A4.
const STRANGER: f32 = 0.0025;

/// An anchor that was found: its number, its place in the picture, how much it looks like the mark.
pub(super) type Seen = (usize, Point, f32);

/// Ways the form may lie, best first; several when its marks look alike turned.
pub(super) fn find(scene: &Scene<'_>, template: &Template, anchors: &[Anchor], params: &Params) -> Vec<Placement> {
    let mut found: Vec<Placement> = Vec::new();
    for turn in 0..4 {
        let Some(expected) = expected(scene, template, turn) else { continue };
        if let Some(placement) = quick(scene, template, anchors, &expected, params) {
            let sure = placement.anchors_found == placement.anchors_total && alike_turned(anchors).is_none();
            if sure {
                return vec![placement];
            }
            found.push(placement);
        }
    }
    // Where marks seem lost, perhaps the sheet lies otherwise.
    if found.iter().all(|p| p.anchors_found < p.anchors_total) {
        found.extend(general::find(scene, template, anchors, params));
    }
    most_confirmed(found)
}

/// Looks at a page that were taken already: forms of one family have marks in common.
#[derive(Default)]
pub(crate) struct Sights<'t> {
    looks: Vec<Sight<'t>>,
    drawings: Drawings<'t>,
}

struct Sight<'t> {
    anchor: &'t Anchor,
    /// Where the form was expected, and how many places were wanted.
    expected: Homography,
    count: usize,
    hits: Vec<Hit>,
}

impl<'t> Sights<'t> {
    /// See [`look`].
    fn of(&mut self, scene: &Scene<'_>, anchor: &'t Anchor, expected: &Homography, count: usize, params: &Params) -> &[Hit] {
        let same = |s: &Sight<'_>| s.anchor == anchor && s.expected == *expected && s.count == count;
        let at = self.looks.iter().position(same).unwrap_or_else(|| {
            let hits = look(scene, anchor, expected, count, &mut self.drawings, params);
            self.looks.push(Sight { anchor, expected: *expected, count, hits });
            self.looks.len() - 1
        });
        &self.looks[at].hits
    }
}

/// The way the form lies when it was turned by `turn` quarters and all its marks are seen.
pub(super) fn at_first_sight<'t>(
    scene: &Scene<'_>,
    (template, anchors): (&Template, &'t [Anchor]),
    turn: u8,
    sights: &mut Sights<'t>,
    params: &Params,
) -> Option<Placement> {
    let expected = expected(scene, template, turn)?;
    let count = if anchors.len() > MANY { NEIGHBOURS } else { RIVALS };
    let mut hits: Vec<Vec<Hit>> = Vec::with_capacity(anchors.len());
    for anchor in anchors {
        let one = sights.of(scene, anchor, &expected, count, params);
        if one.is_empty() {
            return None;
        }
        hits.push(one.to_vec());
    }
    let pairs = arranged(template, anchors, &expected, &hits).filter(|pairs| pairs.len() == anchors.len())?;
    let placement = through(scene, template, anchors, &pairs, params)?;
    (placement.anchors_found == placement.anchors_total).then_some(placement)
}

/// Those that no other has two anchors more than, best first. Two ways that are the same count once.
fn most_confirmed(mut found: Vec<Placement>) -> Vec<Placement> {
    found.sort_by(|a, b| b.anchors_found.cmp(&a.anchors_found).then(a.residual.total_cmp(&b.residual)));
    let most = found.first().map_or(0, |p| p.anchors_found);
    found.retain(|p| p.anchors_found + 1 >= most);
    let mut kept: Vec<Placement> = Vec::new();
    for one in found {
        if kept.iter().all(|k| k.quarter_turns != one.quarter_turns) {
            kept.push(one);
        }
    }
    kept
}

/// Where the form lies when its sheet was turned clockwise by `turn` quarters and fills the picture; `None` when it would be too long or too short.
fn expected(scene: &Scene<'_>, template: &Template, turn: u8) -> Option<Homography> {
    let map = lying(scene, template, turn);
    let linear = Linear::near(&map, Point::default(), 1.0);
    (linear.strain() <= UNEVEN).then_some(map)
}

fn quick(scene: &Scene<'_>, template: &Template, anchors: &[Anchor], expected: &Homography, params: &Params) -> Option<Placement> {
    let mut drawings = Drawings::default();
    let count = if anchors.len() > MANY { NEIGHBOURS } else { RIVALS };
    let hits: Vec<Vec<Hit>> = anchors.iter().map(|anchor| look(scene, anchor, expected, count, &mut drawings, params)).collect();
    through(scene, template, anchors, &arranged(template, anchors, expected, &hits)?, params)
}

/// The placement through marks that were seen, measured.
fn through(scene: &Scene<'_>, template: &Template, anchors: &[Anchor], pairs: &Pairs, params: &Params) -> Option<Placement> {
    let (from, to): (Vec<Point>, Vec<Point>) = pairs.iter().map(|(i, hit)| (anchors[*i].centre, hit.at)).unzip();
    settle(scene, template, anchors, &fit::affine(&from, &to)?, pairs, params)
}

/// Which of the places that were seen are the marks of a sheet.
fn arranged(template: &Template, anchors: &[Anchor], expected: &Homography, hits: &[Vec<Hit>]) -> Option<Pairs> {
    // The sheet lies there as it is, perhaps with paper or glass beside it; or stretched to the picture, when one direction was scanned finer.
    let usual = Linear::near(expected, Point::default(), 1.0).scale();
    let as_is: Vec<Point> = anchors.iter().map(|a| a.centre).collect();
    let stretched: Vec<Point> = as_is.iter().map(|p| expected.apply(*p)).collect();
    let short = template.width.min(template.height);
    let turn = Linear::near(expected, Point::default(), 1.0).angle();
    let lies = agree(&as_is, hits, (usual, turn), LOOSE * short);
    if lies.as_ref().is_some_and(|p| p.len() == anchors.len()) {
        return lies;
    }
    let other = agree(&stretched, hits, (1.0, 0.0), LOOSE * short * usual);
    if other.as_ref().map_or(0, Vec::len) > lies.as_ref().map_or(0, Vec::len) { other } else { lies }
}

/// How often the picture is halved where an anchor is sought.
fn coarse(scene: &Scene<'_>, anchor: &Anchor, map: &Homography) -> usize {
    shape::level(&anchor.shape, Linear::near(map, anchor.centre, 1.0).scale(), COARSE.0, COARSE.1, scene.most_level())
}

/// Places in the picture that look like an anchor, round the place where it is expected.
fn look<'t>(
    scene: &Scene<'_>,
    anchor: &'t Anchor,
    expected: &Homography,
    count: usize,
    drawings: &mut Drawings<'t>,
    params: &Params,
) -> Vec<Hit> {
    let level = coarse(scene, anchor, expected);
    let shrink = (1_u32 << level) as f32;
    let Some(pattern) = drawings.of(&anchor.shape, &Linear::near(expected, anchor.centre, shrink), COARSE_ARM) else { return Vec::new() };
    let place = expected.apply(anchor.centre);
    let middle = Point::new(place.x / shrink, place.y / shrink);
    let longest = scene.gray.width().max(scene.gray.height()) as f32;
    let demand = Demand { score: params.anchor_score, contrast: scene.least_contrast(params), count };
    let mut hits = shape::seek(scene.level(level), scene.paper, pattern, middle, params.anchor_reach * longest / shrink, demand);
    for hit in &mut hits {
        hit.at = Point::new(hit.at.x * shrink, hit.at.y * shrink);
    }
    hits
}

/// Anchors and the places taken for them.
type Pairs = Vec<(usize, Hit)>;

/// The similarity that most anchors confirm, and by which places; ties go to the better looking ones.
///
/// `places` = the anchors in any units; `usual` = scale and angle (degrees) that are expected; `loose` = how far off a similarity they
/// may lie, in those units.
fn agree(places: &[Point], hits: &[Vec<Hit>], usual: (f32, f32), loose: f32) -> Option<Pairs> {
    let mut best: Option<(Pairs, f32)> = None;
    for (i, j) in far_pairs(places, hits) {
        for first in &hits[i] {
            for second in &hits[j] {
                let Some(map) = Similarity::through([places[i], places[j]], [first.at, second.at]) else { continue };
                let ratio = map.scale() / usual.0;
                if (ratio - 1.0).abs() > RESIZED || map.away_from(usual.1) > STEEPEST {
                    continue;
                }
                let tolerance = loose * map.scale();
                let (mut pairs, mut worth) = (Vec::with_capacity(places.len()), 0.0);
                for (k, place) in places.iter().enumerate() {
                    let place = map.apply(*place);
                    let value = |h: &Hit| h.score - h.at.distance(place) / tolerance;
                    let near = hits[k].iter().filter(|h| h.at.distance(place) <= tolerance);
                    if let Some(hit) = near.max_by(|a, b| value(a).total_cmp(&value(b))) {
                        pairs.push((k, *hit));
                        worth += value(hit);
                    }
                }
                let better = best.as_ref().is_none_or(|(p, w)| pairs.len() > p.len() || (pairs.len() == p.len() && worth > *w));
                if pairs.len() >= 3 && better {
                    best = Some((pairs, worth));
                }
            }
        }
    }
    best.map(|(pairs, _)| pairs)
}

/// Pairs of anchors of which something was found, from those that stand far apart.
fn far_pairs(places: &[Point], hits: &[Vec<Hit>]) -> Vec<(usize, usize)> {
    let seen: Vec<usize> = (0..places.len()).filter(|i| !hits[*i].is_empty()).collect();
    let apart = |(i, j): &(usize, usize)| places[*i].distance(places[*j]);
    let mut pairs: Vec<(usize, usize)> = seen.iter().enumerate().flat_map(|(n, i)| seen[n + 1..].iter().map(|j| (*i, *j))).collect();
    pairs.sort_by(|a, b| apart(b).total_cmp(&apart(a)));
    // Of many, some from the farther half: one mark that is not what it seems must not stand in all of them.
    let step = (pairs.len() / 2 / PAIRS).max(1);
    pairs.into_iter().step_by(step).take(PAIRS).collect()
}

/// A mark that was seen on the coarse copy lies within so many of its pixels from there.
const SEEN_WITHIN: f32 = 1.0;

/// Measures every anchor round the place where `rough` has it, and the placement that suits them best. `known` = anchors that were
/// seen on the coarse copy.
pub(super) fn settle(
    scene: &Scene<'_>,
    template: &Template,
    anchors: &[Anchor],
    rough: &Homography,
    known: &[(usize, Hit)],
    params: &Params,
) -> Option<Placement> {
    let mut seen: Vec<Seen> = Vec::with_capacity(anchors.len());
    let mut drawings = Drawings::default();
    for (index, anchor) in anchors.iter().enumerate() {
        let linear = Linear::near(rough, anchor.centre, 1.0);
        let level = shape::level(&anchor.shape, linear.scale(), FINE.0, FINE.1, scene.most_level());
        let shrink = (1_u32 << level) as f32;
        let Some(pattern) = drawings.of(&anchor.shape, &Linear::near(rough, anchor.centre, shrink), FINE_ARM) else { continue };
        let place = rough.apply(anchor.centre);
        let reach = params.anchor_tolerance * template.width * linear.scale();
        // Where it was seen and may be, the look need not be wide.
        let seen_at = known.iter().find(|(k, hit)| *k == index && hit.at.distance(place) <= reach).map(|(_, hit)| hit.at);
        let within = SEEN_WITHIN * (1_u32 << coarse(scene, anchor, rough)) as f32;
        let (place, reach) = seen_at.map_or((place, reach), |at| (at, within.min(reach)));
        let reach = reach / shrink;
        let demand = Demand { score: params.anchor_score, contrast: scene.least_contrast(params), count: 1 };
        let middle = Point::new(place.x / shrink, place.y / shrink);
        if let Some(hit) = shape::seek(scene.level(level), scene.paper, pattern, middle, reach, demand).first() {
            seen.push((index, Point::new(hit.at.x * shrink, hit.at.y * shrink), hit.score));
        }
    }
    // Of a mark that the edge of the picture cuts only a part is seen, and its middle is not where it seems.
    let cut = |(index, at, _): &Seen| {
        let half = match anchors[*index].shape {
            AnchorShape::Square { side } => side / 2.0,
            AnchorShape::Disc { diameter } | AnchorShape::Ring { diameter, .. } => diameter / 2.0,
            _ => return false,
        };
        let half = half * Linear::near(rough, anchors[*index].centre, 1.0).scale();
        let (width, height) = (scene.gray.width() as f32, scene.gray.height() as f32);
        at.x.min(at.y).min(width - at.x).min(height - at.y) < half
    };
    let whole = seen.iter().filter(|one| !cut(one)).count();
    if whole >= params.least_anchors {
        seen.retain(|one| !cut(one));
    }
    if seen.len() < params.least_anchors {
        return None;
    }
    let seen = without_stranger(seen, anchors, template);
    let (from, to): (Vec<Point>, Vec<Point>) = seen.iter().map(|(i, at, _)| (anchors[*i].centre, *at)).unzip();
    let affine = fit::affine(&from, &to)?;
    let linear = Linear::near(&affine, anchors[0].centre, 1.0);
    if linear.determinant() <= 0.0 || (seen.len() == 3 && linear.strain() > MOST_STRAIN) {
        return None;
    }
    placed(&from, &to, anchors.len(), template, Some(params))
}

/// Leaves out the anchor that lies where no sheet has it, when all others agree without it. Scanners stretch and shear, which an affine
/// map follows; a dirty spot or a letter in the place of a lost mark does not lie on it.
fn without_stranger(seen: Vec<Seen>, anchors: &[Anchor], template: &Template) -> Vec<Seen> {
    let rest = |left_out: usize| -> (Vec<Point>, Vec<Point>) {
        seen.iter().enumerate().filter(|(k, _)| *k != left_out).map(|(_, (i, at, _))| (anchors[*i].centre, *at)).unzip()
    };
    let off = |left_out: usize| -> Option<(f32, f32)> {
        let (from, to) = rest(left_out);
        let map = fit::affine(&from, &to)?;
        let linear = Linear::near(&map, Point::default(), 1.0);
        Some((fit::misfit(&map, &from, &to) / linear.scale() / template.width, linear.strain()))
    };
    let Some((all, _)) = off(usize::MAX) else { return seen };
    if seen.len() < 4 || all <= STRANGER {
        return seen;
    }
    // Of four, any three lie on some map: there the one must go whose absence leaves a nearly undistorted sheet.
    let cost = |k: usize| off(k).map_or(f32::INFINITY, |(misfit, strain)| if seen.len() == 4 { strain } else { misfit });
    let allowed = if seen.len() == 4 { 0.25 * MOST_STRAIN } else { STRANGER };
    let worst = (0..seen.len()).min_by(|a, b| cost(*a).total_cmp(&cost(*b))).filter(|k| cost(*k) <= allowed);
    let weakest = (0..seen.len()).min_by(|a, b| seen[*a].2.total_cmp(&seen[*b].2));
    match worst {
        Some(k) if seen.len() > 4 || weakest == Some(k) => seen.iter().enumerate().filter(|(n, _)| *n != k).map(|(_, s)| *s).collect(),
        _ => seen,
    }
}

/// A similarity: x' = a·x − b·y + dx, y' = b·x + a·y + dy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Similarity {
    a: f32,
    b: f32,
    dx: f32,
    dy: f32,
}

impl Similarity {
    pub(super) fn through(p: [Point; 2], q: [Point; 2]) -> Option<Self> {
        let (px, py) = (p[1].x - p[0].x, p[1].y - p[0].y);
        let (qx, qy) = (q[1].x - q[0].x, q[1].y - q[0].y);
        let n = px * px + py * py;
        if n < 1.0 {
            return None;
        }
        let (a, b) = ((px * qx + py * qy) / n, (px * qy - py * qx) / n);
        Some(Self { a, b, dx: q[0].x - a * p[0].x + b * p[0].y, dy: q[0].y - b * p[0].x - a * p[0].y })
    }

    pub(super) fn apply(&self, p: Point) -> Point {
        Point::new(self.a * p.x - self.b * p.y + self.dx, self.b * p.x + self.a * p.y + self.dy)
    }

    pub(super) fn scale(&self) -> f32 {
        self.a.hypot(self.b)
    }

    /// Clockwise angle on the screen, degrees.
    pub(super) fn angle(&self) -> f32 {
        self.b.atan2(self.a).to_degrees()
    }

    /// The map as a projective one.
    pub(super) fn map(&self) -> Homography {
        Homography([self.a, -self.b, self.dx, self.b, self.a, self.dy, 0.0, 0.0, 1.0].map(f64::from))
    }

    /// Angle between this turn and another, degrees.
    fn away_from(&self, degrees: f32) -> f32 {
        let angle = self.angle() - degrees;
        (angle - (angle / 360.0).round() * 360.0).abs()
    }
}
