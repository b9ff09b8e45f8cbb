//! A bright sheet on a darker ground: its four edges are the page.
//!
//! The bright regions of a coarse copy are outlined at many cuts of brightness; the convex hull of each is reduced to
//! the four-sided figure that holds it with the least added area, whose sides are then drawn to the strongest change of
//! brightness in the finer copy. Glare joins a sheet to its ground on one side and shadow eats it on another, so each side
//! is chosen from all figures by itself: the one along which the brightness falls most steadily. A side that no figure has is
//! sought between its neighbours.

use super::sides::{Side, meet, sharpen, sought};
use super::{Scene, placed};
use crate::cv;
use crate::sample::percentile;
use rcoi_model::{Placement, Point};
use rcoi_template::Template;

/// Longest side of the copy in which sides are drawn, pixels.
const DETAIL: u32 = 1400;
/// Longest side of the coarse copy, pixels.
const COARSE: f32 = 420.0;
/// A sheet covers at least this share of the picture, else the bright region is something else.
const LEAST_SHARE: f32 = 0.10;
/// Beyond this share the sheet fills the picture: there is no ground to see and the picture is the page.
const MOST_SHARE: f32 = 0.97;
/// The hull fills at least so much of a sheet's four-sided figure: a round plate fills 0.79.
const LEAST_FULL: f32 = 0.88;

/// Cuts of brightness that are tried.
const CUTS: u8 = 24;

pub(super) fn find(scene: &Scene<'_>, template: &Template) -> Option<Placement> {
    let (small, factor) = scene.reduced(DETAIL);
    let small = &small;
    let shrink = (small.width().max(small.height()) as f32 / COARSE).max(1.0);
    let coarse = cv::shrink(small, (small.width() as f32 / shrink) as u32, (small.height() as f32 / shrink) as u32)?;
    // Print must not cut the sheet into pieces.
    let coarse = cv::close(&coarse, 7)?;
    let picture = (coarse.width() * coarse.height()) as f32;
    let mut sides: [Vec<Side>; 4] = Default::default();
    let (darkest, brightest) = (percentile(coarse.as_raw(), 0.01), percentile(coarse.as_raw(), 0.99));
    for step in 1..CUTS {
        let cut = darkest + ((u16::from(brightest.saturating_sub(darkest)) * u16::from(step)) / u16::from(CUTS)) as u8;
        let mask: Vec<bool> = coarse.as_raw().iter().map(|p| *p > cut).collect();
        for outline in regions(&mask, coarse.width() as usize, coarse.height() as usize, (picture * LEAST_SHARE) as usize) {
            let hull = hull(outline);
            let Some(quad) = four_sided(&hull) else { continue };
            if sheet_like(&quad, picture) && area(&hull) > LEAST_FULL * area(&quad) {
                let quad = quad.map(|p| Point::new(p.x * shrink, p.y * shrink));
                for (i, side) in sharpen(small, quad).into_iter().enumerate() {
                    sides[i].push(side);
                }
            }
        }
    }
    let best = sides.map(|all| all.into_iter().max_by(|a, b| a.fall.total_cmp(&b.fall)));
    let [Some(top), Some(right), Some(bottom), Some(left)] = best else { return None };
    let [top, right, bottom, left] = sought(small, &coarse, shrink, [top, right, bottom, left]);
    let corner = |a: &Side, b: &Side| meet(a.from, a.to, b.from, b.to);
    let quad = [corner(&left, &top)?, corner(&top, &right)?, corner(&right, &bottom)?, corner(&bottom, &left)?];
    if !sheet_like(&quad, (small.width() * small.height()) as f32) {
        return None;
    }
    let to: Vec<Point> = quad.iter().map(|p| Point::new(p.x * factor, p.y * factor)).collect();
    let (tw, th) = (template.width, template.height);
    let from = [Point::new(0.0, 0.0), Point::new(tw, 0.0), Point::new(tw, th), Point::new(0.0, th)];
    placed(&from, &to, 4, template, None)
}

/// Large enough, not the whole picture, corners not too far from right angles.
fn sheet_like(quad: &[Point; 4], picture: f32) -> bool {
    let area = area(quad);
    area >= LEAST_SHARE * picture && area <= MOST_SHARE * picture && square_enough(quad)
}

/// Left and right ends of every row of each connected region (4 neighbours) of at least `least` pixels.
fn regions(mask: &[bool], w: usize, h: usize, least: usize) -> Vec<Vec<Point>> {
    let mut seen = vec![false; w * h];
    let mut stack = Vec::new();
    let mut found = Vec::new();
    for seed in 0..w * h {
        if !mask[seed] || seen[seed] {
            continue;
        }
        let mut ends = vec![(usize::MAX, 0_usize); h];
        let mut count = 0;
        seen[seed] = true;
        stack.push(seed);
        while let Some(at) = stack.pop() {
            let (x, y) = (at % w, at / w);
            count += 1;
            ends[y] = (ends[y].0.min(x), ends[y].1.max(x));
            let mut visit = |n: usize| {
                if mask[n] && !seen[n] {
                    seen[n] = true;
                    stack.push(n);
                }
            };
            if x > 0 {
                visit(at - 1);
            }
            if x + 1 < w {
                visit(at + 1);
            }
            if y > 0 {
                visit(at - w);
            }
            if y + 1 < h {
                visit(at + w);
            }
        }
        if count >= least {
            let rows = ends.iter().enumerate().filter(|(_, e)| e.0 <= e.1);
            found.push(
                rows.flat_map(|(y, (a, b))| {
                    let (top, bottom) = (y as f32, y as f32 + 1.0);
                    [(*a as f32, top), (*a as f32, bottom), (*b as f32 + 1.0, top), (*b as f32 + 1.0, bottom)]
                })
                .map(|(x, y)| Point::new(x, y))
                .collect(),
            );
        }
    }
    found
}

fn cross(o: Point, a: Point, b: Point) -> f32 {
    (a.x - o.x) * (b.y - o.y) - (a.y - o.y) * (b.x - o.x)
}

/// Convex hull, clockwise on the screen (Andrew's monotone chain, 1979).
fn hull(mut points: Vec<Point>) -> Vec<Point> {
    points.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    let mut chain: Vec<Point> = Vec::with_capacity(points.len());
    for pass in 0..2 {
        let start = chain.len();
        let line: Box<dyn Iterator<Item = &Point>> = if pass == 0 { Box::new(points.iter()) } else { Box::new(points.iter().rev()) };
        for p in line {
            while chain.len() >= start + 2 && cross(chain[chain.len() - 2], chain[chain.len() - 1], *p) <= 0.0 {
                chain.pop();
            }
            chain.push(*p);
        }
        chain.pop();
    }
    chain
}

fn area(p: &[Point]) -> f32 {
    (0..p.len()).map(|i| p[i].x * p[(i + 1) % p.len()].y - p[(i + 1) % p.len()].x * p[i].y).sum::<f32>().abs() / 2.0
}

/// Takes away side after side, each time the one whose neighbours meet with the least added area, until four are left:
/// rounded and folded corners do not matter. The first corner is the one nearest to the left top.
fn four_sided(hull: &[Point]) -> Option<[Point; 4]> {
    let mut p = hull.to_vec();
    while p.len() > 4 {
        let n = p.len();
        let (mut least, mut choice) = (f32::INFINITY, None);
        for i in 0..n {
            let (before, a, b, after) = (p[(i + n - 1) % n], p[i], p[(i + 1) % n], p[(i + 2) % n]);
            let Some(q) = meet(before, a, after, b) else { continue };
            // The neighbours must meet beyond the side, not behind it.
            let beyond = (q.x - a.x) * (a.x - before.x) + (q.y - a.y) * (a.y - before.y) >= 0.0
                && (q.x - b.x) * (b.x - after.x) + (q.y - b.y) * (b.y - after.y) >= 0.0;
            let added = cross(a, q, b).abs() / 2.0;
            if beyond && added < least {
                (least, choice) = (added, Some((i, q)));
            }
        }
        let (i, q) = choice?;
        p[i] = q;
        p.remove((i + 1) % n);
    }
    let mut quad: [Point; 4] = p.try_into().ok()?;
    let first = (0..4).min_by(|a, b| (quad[*a].x + quad[*a].y).total_cmp(&(quad[*b].x + quad[*b].y)))?;
    quad.rotate_left(first);
    // The hull runs clockwise on the screen: left top, right top, right bottom, left bottom.
    Some(quad)
}

/// All corners between 55° and 125°: a sheet seen not too much from the side.
fn square_enough(quad: &[Point; 4]) -> bool {
    (0..4).all(|i| {
        let (a, o, b) = (quad[(i + 3) % 4], quad[i], quad[(i + 1) % 4]);
        let cosine = ((a.x - o.x) * (b.x - o.x) + (a.y - o.y) * (b.y - o.y)) / (o.distance(a) * o.distance(b)).max(1e-6);
        cosine.abs() < 0.57
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folded_corner_does_not_move_the_other_three() {
        let folded = [(10.0, 10.0), (80.0, 10.0), (100.0, 30.0), (100.0, 150.0), (10.0, 150.0)].map(|(x, y)| Point::new(x, y)).to_vec();
        let quad = four_sided(&hull(folded)).expect("four sides");
        for (found, wanted) in quad.iter().zip([(10.0, 10.0), (100.0, 10.0), (100.0, 150.0), (10.0, 150.0)]) {
            assert!(found.distance(Point::new(wanted.0, wanted.1)) < 0.5, "{quad:?}");
        }
    }

    #[test]
    fn a_round_plate_is_not_a_sheet() {
        let plate: Vec<Point> =
            (0..90).map(|i| (i as f32 * 4.0).to_radians()).map(|a| Point::new(50.0 + 40.0 * a.cos(), 50.0 + 40.0 * a.sin())).collect();
        let hull = hull(plate);
        let full = four_sided(&hull).map_or(0.0, |quad| area(&hull) / area(&quad));
        assert!(full < LEAST_FULL, "{full}");
    }
}
