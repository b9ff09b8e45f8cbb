//! A form without marks, or whose marks are lost: the print of its blank is laid on the page, first as a whole, then patch by patch.

use super::likeness::Look;
use super::shape::{self, Demand, Linear, Pattern};
use super::{Scene, fit, turns};
use crate::cv;
use crate::params::Params;
use image::{GrayImage, Luma};
use rcoi_model::{Homography, Placement, Point};
use rcoi_template::Template;

/// Longer side of the copy on which the whole print is laid, pixels.
const COARSE: u32 = 128;
/// The print is laid without this share at each edge, so that it can be moved by as much.
const MOVED: f32 = 0.12;
/// Skews that are tried, degrees: between them the print of a whole sheet still agrees.
const SKEWS: [f32; 5] = [0.0, -2.2, 2.2, -4.4, 4.4];
/// Agreement of the whole print from which it is worth while to look closer.
const LEAST_AGREEMENT: f32 = 0.3;
/// Patches across and along the sheet's shorter and longer side.
const PATCHES: (usize, usize) = (6, 8);
/// Side of a patch against the distance between two; they overlap.
const SIDE: f32 = 1.2;
/// Rounds: how far a patch is sought, as a share of the sheet's longer side (5 mm and 2 mm of A4), and how many pixels its side is cut into.
const ROUNDS: [(f32, f32); 2] = [(0.017, 56.0), (0.007, 112.0)];
/// Correlation of a patch with the page from which it is the same print.
const LEAST_SCORE: f32 = 0.5;
/// A patch with less contrast has nothing to be known by, grey levels.
const LEAST_CONTRAST: f32 = 12.0;
/// Patches that must agree on a map: so many, and such a share of all that have something to be known by.
const LEAST_PATCHES: usize = 6;
const LEAST_SHARE: f32 = 0.4;
/// Patches farther from the map are mistaken, as a share of the sheet's longer side: 1 mm of A4.
const STRAY: f32 = 0.0035;

/// Where the form's print lies in the picture, best of the given ways to start from; `None` when it is not there.
/// `starts` = maps that are right but for some skew and shift.
pub(super) fn find(scene: &Scene<'_>, template: &Template, look: &Look, starts: &[Homography], params: &Params) -> Option<Placement> {
    let laid = starts.iter().flat_map(|start| SKEWS.map(|skew| lay(scene, template, look, &skewed(start, template, skew))));
    let (_, mut map) = laid.flatten().filter(|(score, _)| *score >= LEAST_AGREEMENT).max_by(|a, b| a.0.total_cmp(&b.0))?;
    let mut residual = 0.0;
    for (reach, pixels) in ROUNDS {
        (map, residual) = closer(scene, template, look, &map, (reach, pixels), params)?;
    }
    Some(Placement { quarter_turns: turns(&map, template), form_to_picture: map, anchors_found: 0, anchors_total: 0, residual })
}

/// The map after a turn about the middle of the sheet.
fn skewed(map: &Homography, template: &Template, degrees: f32) -> Homography {
    let middle = map.apply(Point::new(template.width / 2.0, template.height / 2.0));
    let (sin, cos) = f64::from(degrees).to_radians().sin_cos();
    let (x, y) = (f64::from(middle.x), f64::from(middle.y));
    map.then(&Homography([cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y, 0.0, 0.0, 1.0]))
}

/// The print as the map lays it: a picture of `width` × `height` pixels whose left top corner is at `corner`, `shrink` picture pixels per pixel.
fn laid_down(
    look: &Look,
    template: &Template,
    map: &Homography,
    corner: Point,
    shrink: f32,
    (width, height): (u32, u32),
) -> Option<GrayImage> {
    let back = map.inverse()?;
    let (sx, sy) = (look.fine.width() as f32 / template.width, look.fine.height() as f32 / template.height);
    // Of a much finer print so many points are averaged in a pixel.
    let linear = Linear::near(&back, map.apply(Point::default()), 1.0 / shrink);
    let parts = ((linear.scale() * sx).round() as u32).clamp(1, 6);
    Some(GrayImage::from_fn(width, height, |x, y| {
        let mut sum = 0;
        for k in 0..parts * parts {
            let part = |v: u32, k: u32| (v as f32 + (k as f32 + 0.5) / parts as f32) * shrink;
            let p = back.apply(Point::new(corner.x + part(x, k % parts), corner.y + part(y, k / parts)));
            let (fx, fy) = (p.x * sx, p.y * sy);
            let inside = fx >= 0.0 && fy >= 0.0 && fx < look.fine.width() as f32 && fy < look.fine.height() as f32;
            sum += if inside { u32::from(look.fine.get_pixel(fx as u32, fy as u32).0[0]) } else { 255 };
        }
        Luma([(sum / (parts * parts)) as u8])
    }))
}

/// Moves the whole print to where the page agrees most: how much it agrees there, and the map.
fn lay(scene: &Scene<'_>, template: &Template, look: &Look, map: &Homography) -> Option<(f32, Homography)> {
    let longest = scene.gray.width().max(scene.gray.height());
    let level = ((longest as f32 / COARSE as f32).max(1.0).log2().round() as usize).min(scene.most_level());
    let (copy, shrink) = (scene.level(level), (1_u32 << level) as f32);
    let (mx, my) = ((copy.width() as f32 * MOVED) as u32, (copy.height() as f32 * MOVED) as u32);
    let corner = Point::new(mx as f32 * shrink, my as f32 * shrink);
    let print = laid_down(look, template, map, corner, shrink, (copy.width() - 2 * mx, copy.height() - 2 * my))?;
    let scores = cv::scores(copy, &print)?;
    let (place, score) = scores.values.iter().enumerate().filter(|s| s.1.is_finite()).max_by(|a, b| a.1.total_cmp(b.1))?;
    let (dx, dy) = ((place % scores.width) as f32 - mx as f32, (place / scores.width) as f32 - my as f32);
    let moved = Homography([1.0, 0.0, f64::from(dx * shrink), 0.0, 1.0, f64::from(dy * shrink), 0.0, 0.0, 1.0]);
    Some((*score, map.then(&moved)))
}

/// One affine map through the patches that are found near where `map` has them, and how far they lie from it, form units.
fn closer(
    scene: &Scene<'_>,
    template: &Template,
    look: &Look,
    map: &Homography,
    (reach, pixels): (f32, f32),
    params: &Params,
) -> Option<(Homography, f32)> {
    let (across, along) = if template.width > template.height { (PATCHES.1, PATCHES.0) } else { PATCHES };
    let step = Point::new(template.width / across as f32, template.height / along as f32);
    let side = step.x.min(step.y) * SIDE;
    let scale = Linear::near(map, Point::new(template.width / 2.0, template.height / 2.0), 1.0).scale();
    let level = ((side * scale / pixels).max(1.0).log2().round() as usize).min(scene.most_level());
    let (copy, shrink) = (scene.level(level), (1_u32 << level) as f32);
    let cut = (side * scale / shrink).ceil().max(8.0) as u32;
    let longest = template.width.max(template.height);
    let demand = Demand { score: LEAST_SCORE, contrast: scene.least_contrast(params), count: 1 };
    let (mut from, mut to, mut sought) = (Vec::new(), Vec::new(), 0);
    for k in 0..across * along {
        let centre = Point::new(((k % across) as f32 + 0.5) * step.x, ((k / across) as f32 + 0.5) * step.y);
        let place = map.apply(centre);
        let half = cut as f32 / 2.0;
        let corner = Point::new(place.x - half * shrink, place.y - half * shrink);
        let print = laid_down(look, template, map, corner, shrink, (cut, cut))?;
        let Some(pattern) = Pattern::of(print, Point::new(half, half), LEAST_CONTRAST) else { continue };
        sought += 1;
        let middle = Point::new(place.x / shrink, place.y / shrink);
        if let Some(hit) = shape::seek(copy, scene.paper, &pattern, middle, reach * longest * scale / shrink, demand).first() {
            from.push(centre);
            to.push(Point::new(hit.at.x * shrink, hit.at.y * shrink));
        }
    }
    let least = LEAST_PATCHES.max((sought as f32 * LEAST_SHARE) as usize);
    agreed(from, to, least, STRAY * longest * scale).map(|(map, off)| (map, off / scale))
}

/// The affine map that most patches follow and how far they lie from it: the farthest are left out one by one.
fn agreed(mut from: Vec<Point>, mut to: Vec<Point>, least: usize, stray: f32) -> Option<(Homography, f32)> {
    while from.len() >= least {
        let map = fit::affine(&from, &to)?;
        let off = |k: usize| map.apply(from[k]).distance(to[k]);
        let worst = (0..from.len()).max_by(|a, b| off(*a).total_cmp(&off(*b)))?;
        if off(worst) <= stray {
            return Some((map, fit::misfit(&map, &from, &to)));
        }
        from.swap_remove(worst);
        to.swap_remove(worst);
    }
    None
}
