//! Sides of a bright sheet: drawn to where the brightness falls, or sought between their neighbours.

use image::GrayImage;
use rcoi_model::Point;

/// A side along which the brightness falls by less than this share of what it falls at its neighbours is not one: figures end
/// there because the ground is as bright as the sheet.
const WEAK: f32 = 0.3;
/// Ends of a side that is sought: every so many pixels of the coarse copy.
const STEP: f32 = 3.0;
/// Places along a line at which it is tried, and how many of the best lines are drawn.
const PLACES: usize = 40;
const DRAWN: usize = 6;

/// One side of a sheet, drawn in the finer copy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side {
    pub(super) from: Point,
    pub(super) to: Point,
    /// Fall of the brightness from inside to outside that most of the side's length has.
    pub(super) fall: f32,
}

/// Seeks sides that no bright region has: every line from one neighbour to the other is tried in the coarse copy (`shrink` times
/// smaller), the best are drawn. `sides` = top, right, bottom, left, clockwise on the screen.
pub(super) fn sought(gray: &GrayImage, coarse: &GrayImage, shrink: f32, mut sides: [Side; 4]) -> [Side; 4] {
    for i in 0..4 {
        let (before, own, after, facing) = (sides[(i + 3) % 4], sides[i], sides[(i + 1) % 4], sides[(i + 2) % 4]);
        let least = WEAK * before.fall.min(after.fall);
        if own.fall >= least || least <= 0.0 {
            continue;
        }
        // Ends lie on the neighbours' lines, beyond the corners at the facing side.
        let corner = |side: &Side| meet(side.from, side.to, facing.from, facing.to);
        let (Some(first), Some(second)) = (corner(&before), corner(&after)) else { continue };
        let ends = |corner: Point, from: Point, to: Point| -> Vec<Point> {
            let length = from.distance(to).max(1.0);
            let (ux, uy) = ((to.x - from.x) / length, (to.y - from.y) / length);
            let inside = |p: &Point| p.x >= 0.0 && p.y >= 0.0 && p.x < gray.width() as f32 && p.y < gray.height() as f32;
            let steps = 1..((gray.width() + gray.height()) as f32 / (STEP * shrink)) as i32;
            let place = |k: i32| Point::new(corner.x + ux * STEP * shrink * k as f32, corner.y + uy * STEP * shrink * k as f32);
            steps.map(place).skip_while(|p| !inside(p)).take_while(inside).collect()
        };
        let (starts, stops) = (ends(first, before.from, before.to), ends(second, after.to, after.from));
        let mut lines: Vec<(f32, Point, Point)> = Vec::new();
        for a in &starts {
            for b in &stops {
                lines.push((steady(coarse, shrink, *a, *b), *a, *b));
            }
        }
        let count = DRAWN.min(lines.len());
        if count == 0 {
            continue;
        }
        lines.select_nth_unstable_by(count - 1, |a, b| b.0.total_cmp(&a.0));
        let best = lines[..count].iter().map(|(_, a, b)| drawn(gray, *a, *b)).max_by(|a, b| a.fall.total_cmp(&b.fall));
        if let Some(best) = best.filter(|b| b.fall > own.fall.max(least)) {
            sides[i] = best;
        }
    }
    sides
}

/// Fall of the brightness across a line that three quarters of it have; the line is told in pixels of the finer copy.
fn steady(coarse: &GrayImage, shrink: f32, a: Point, b: Point) -> f32 {
    let length = a.distance(b).max(1.0);
    // Clockwise on the screen, so the outside is to the left of the way.
    let (nx, ny) = ((b.y - a.y) / length, (a.x - b.x) / length);
    let at = |x: f32, y: f32| {
        let (x, y) = (x.clamp(0.0, coarse.width() as f32 - 1.0), y.clamp(0.0, coarse.height() as f32 - 1.0));
        f32::from(coarse.get_pixel(x as u32, y as u32).0[0])
    };
    let mut falls = [0.0; PLACES];
    for (k, fall) in falls.iter_mut().enumerate() {
        let t = 0.06 + 0.88 * k as f32 / (PLACES - 1) as f32;
        let (x, y) = ((a.x + (b.x - a.x) * t) / shrink, (a.y + (b.y - a.y) * t) / shrink);
        *fall = at(x - 2.0 * nx, y - 2.0 * ny) + at(x - 3.0 * nx, y - 3.0 * ny)
            - at(x + 2.0 * nx, y + 2.0 * ny)
            - at(x + 3.0 * nx, y + 3.0 * ny);
    }
    *falls.select_nth_unstable_by(PLACES / 4, f32::total_cmp).1
}

/// Where the lines a–b and c–d meet; `None` when they hardly do.
pub(super) fn meet(a: Point, b: Point, c: Point, d: Point) -> Option<Point> {
    let (ux, uy, vx, vy) = (b.x - a.x, b.y - a.y, d.x - c.x, d.y - c.y);
    let turn = ux * vy - uy * vx;
    if turn.abs() < 1e-3 * ux.hypot(uy) * vx.hypot(vy) {
        return None;
    }
    let t = ((c.x - a.x) * vy - (c.y - a.y) * vx) / turn;
    Some(Point::new(a.x + t * ux, a.y + t * uy))
}

/// Draws each side of a sheet to where the brightness falls most from inside to outside.
pub(super) fn sharpen(gray: &GrayImage, quad: [Point; 4]) -> [Side; 4] {
    std::array::from_fn(|i| drawn(gray, quad[i], quad[(i + 1) % 4]))
}

fn drawn(gray: &GrayImage, a: Point, b: Point) -> Side {
    let length = a.distance(b).max(1.0);
    let (ux, uy) = ((b.x - a.x) / length, (b.y - a.y) / length);
    // Clockwise on the screen, so the outside is to the left of the way.
    let (nx, ny) = (uy, -ux);
    let at = |t: f32, d: f32| {
        let (x, y) = (a.x + ux * t + nx * d, a.y + uy * t + ny * d);
        let inside = x >= 0.0 && y >= 0.0 && x < gray.width() as f32 && y < gray.height() as f32;
        inside.then(|| f32::from(gray.get_pixel(x as u32, y as u32).0[0]))
    };
    // Means over some pixels beside the edge itself: a printed line has paper on both sides and falls little.
    let fall = |t: f32, d: f32| {
        let mean = |from: i32, to: i32| {
            let seen: Vec<f32> = (from..to).filter_map(|k| at(t, d + k as f32)).collect();
            (seen.len() >= 2).then(|| seen.iter().sum::<f32>() / seen.len() as f32)
        };
        Some(mean(-7, -1)? - mean(2, 8)?)
    };
    let reach = (length * 0.015).clamp(4.0, 14.0) as i32;
    let places: Vec<f32> = (0..60).map(|k| length * (0.06 + 0.88 * k as f32 / 59.0)).collect();
    let found: Vec<(f32, f32, f32)> = places
        .iter()
        .filter_map(|t| {
            let best = (-reach..=reach).filter_map(|d| Some((fall(*t, d as f32)?, d))).max_by(|x, y| x.0.total_cmp(&y.0));
            best.map(|(fall, d)| (*t, d as f32, fall.max(0.0)))
        })
        .collect();
    let (offset, slope) = straight(&found);
    let mut falls: Vec<f32> = places.iter().map(|t| fall(*t, offset + slope * t).unwrap_or(0.0)).collect();
    falls.sort_by(f32::total_cmp);
    let point = |t: f32| {
        let d = offset + slope * t;
        Point::new(a.x + ux * t + nx * d, a.y + uy * t + ny * d)
    };
    Side { from: point(0.0), to: point(length), fall: falls[falls.len() / 4] }
}

/// A line d = offset + slope · t through points (t, d, weight), far ones losing their say in three rounds.
fn straight(points: &[(f32, f32, f32)]) -> (f32, f32) {
    let (mut offset, mut slope) = (0.0, 0.0);
    for round in 0..4 {
        let (mut sw, mut st, mut sd, mut stt, mut std) = (1e-6, 0.0, 0.0, 0.0, 0.0);
        for (t, d, weight) in points {
            let off = d - offset - slope * t;
            let w = if round == 0 { *weight } else { weight / (1.0 + off * off) };
            sw += w;
            st += w * t;
            sd += w * d;
            stt += w * t * t;
            std += w * t * d;
        }
        let det = sw * stt - st * st;
        if det.abs() < 1e-6 {
            break;
        }
        slope = (sw * std - st * sd) / det;
        offset = (sd - slope * st) / sw;
    }
    (offset, slope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;

    #[test]
    fn a_side_where_the_ground_is_nearly_as_bright_is_found_between_its_neighbours() {
        let corners = [(80.0, 80.0), (480.0, 100.0), (510.0, 720.0), (60.0, 740.0)].map(|(x, y)| Point::new(x, y));
        let beyond = |p: Point, a: Point, b: Point| (p.x - a.x) * (b.y - a.y) - (p.y - a.y) * (b.x - a.x) > 0.0;
        let gray = GrayImage::from_fn(600, 800, |x, y| {
            let p = Point::new(x as f32 + 0.5, y as f32 + 0.5);
            let out = (0..4).find(|i| beyond(p, corners[*i], corners[(i + 1) % 4]));
            // To the right the ground grows brighter downwards.
            Luma([match out {
                None => 200,
                Some(1) => 60 + (y / 8).min(115) as u8,
                Some(_) => 60,
            }])
        });
        let coarse = image::imageops::resize(&gray, 300, 400, image::imageops::FilterType::Triangle);
        let mut sides = sharpen(&gray, corners);
        let right = sides[1];
        sides[1] = Side { from: Point::new(470.0, 95.0), to: Point::new(599.0, 760.0), fall: 0.0 };
        let found = sought(&gray, &coarse, 2.0, sides)[1];
        for (found, wanted) in [(found.from, right.from), (found.to, right.to)] {
            let off = (found.x - wanted.x).abs();
            assert!(off < 3.0, "{found:?} {wanted:?}");
        }
    }
}
