//! Local correction after the global map: where the printed boxes and cells really stand.
//!
//! Paper stretches, photocopies shrink, photographs bend. Fields are gathered into tiles of some dozen boxes; for each tile
//! the contrast between boxes and the gaps round them is measured for every shift up to most of a pitch. One affine
//! correction that suits all tiles best is sought first (so that a shift by a whole pitch cannot win by chance); round what
//! it foretells each tile then takes its own best place.

use crate::levels::Levels;
use crate::params::Params;
use crate::sample::{InkScale, Patch, cut};
use rcoi_model::{Homography, Point, Rect};
use rcoi_template::{AnchorShape, Field, FieldSpec, Locate, Outline, Template};

/// A box or cell is sampled at so many pixels of its shorter side.
const SIDE: f32 = 10.0;
/// Fields and boxes of a tile, at most: enough for one clear peak, few enough to follow a bent sheet.
const BOXES: usize = 40;
/// Darkness counts at most so much: print is compared, marks must not pull.
const CLIP: f32 = 0.5;

/// How far off the boxes may be, in pitches: printed anchors are exact, the edges of a sheet are cut anew by every copier.
fn reach(template: &Template) -> f32 {
    match &template.locate {
        Locate::Anchors(anchors) if anchors.iter().all(|a| !matches!(a.shape, AnchorShape::Picture { .. })) => 0.2,
        _ => 0.9,
    }
}

/// Boxes that lie together and are corrected together. Lengths in form units.
struct Tile {
    fields: Vec<usize>,
    boxes: Vec<Rect>,
    bounds: Rect,
    /// Middle distance between neighbours: the correction is known but for whole multiples of it.
    pitch: (f32, f32),
    look: Look,
}

/// What print looks like round a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// A frame on the edge of the box.
    Framed,
    /// Something within the box, paper round it.
    Filled,
}

/// Contrast of a tile for every shift within reach.
struct Peaks {
    centre: Point,
    /// Form units per step.
    step: f32,
    reach: (i32, i32),
    scores: Vec<f32>,
    pitch: (f32, f32),
    /// Contrast at the best place, and how much that stands out from the mean of all.
    best: f32,
    /// Contrast of the middle box at the best place.
    usual: f32,
    weight: f32,
}

/// How a form's boxes stand on the paper.
pub(crate) struct Standing {
    /// For every field of the template the map by which it is to be read.
    pub(crate) maps: Vec<Homography>,
    /// Share of the form's boxes that print confirms less the share it denies, −1..1; forms with few boxes stay near 0.
    pub(crate) print: f32,
    /// False when print does not stand where the boxes are expected: what is read there may be anything.
    pub(crate) sure: bool,
}

/// Measures where the boxes stand.
pub(crate) fn stand(page: &Levels<'_>, map: &Homography, template: &Template, black: u8, params: &Params) -> Standing {
    let tiles = tiles(template);
    let peaks: Vec<Option<Peaks>> = tiles.iter().map(|tile| measure(page, map, tile, reach(template), black)).collect();
    let known: Vec<&Peaks> = peaks.iter().flatten().filter(|p| p.weight >= params.tile_contrast).collect();
    let mut maps = vec![*map; template.fields.len()];
    let boxes: f32 = tiles.iter().map(|t| t.boxes.len() as f32).sum();
    // Three anchors that agree prove the place; the edges of a sheet or a picture do not.
    let proved = matches!(template.locate, Locate::Anchors(_));
    let (trend, score) = if known.is_empty() { (Trend::NONE, 0.0) } else { Trend::seek(&known, reach(template)) };
    let evidence = score * known.len() as f32 / tiles.len().max(1) as f32;
    let mut confirmed = 0.0;
    for (tile, own) in tiles.iter().zip(&peaks) {
        let centre = tile.bounds.centre();
        let expected = trend.at(centre);
        confirmed += tile.boxes.len() as f32 * own.as_ref().map_or(-1.0, |own| own.confirms(expected, params.box_contrast));
        let own = own.as_ref().filter(|own| own.weight >= params.tile_contrast);
        let shift = own.map_or(expected, |own| own.near(expected, if proved { 0.3 } else { 0.1 }));
        for field in &tile.fields {
            maps[*field] = shifted(map, shift);
        }
    }
    // Fields without boxes follow the trend where they stand.
    let tiled: Vec<usize> = tiles.iter().flat_map(|t| t.fields.iter().copied()).collect();
    for (index, field) in template.fields.iter().enumerate().filter(|(i, _)| !tiled.contains(i)) {
        if !matches!(field.spec, FieldSpec::Code(_)) {
            maps[index] = shifted(map, trend.at(field.spec.bounds().centre()));
        }
    }
    // Few boxes may meet print by chance; without anchors a layout that needs much correction is the worse witness.
    let print = confirmed / (boxes + 40.0) * if proved { 1.0 } else { evidence };
    Standing { maps, print, sure: proved || tiles.is_empty() || evidence >= params.standing }
}

/// The map that first moves the form by `by`.
fn shifted(map: &Homography, by: Point) -> Homography {
    Homography([1.0, 0.0, f64::from(by.x), 0.0, 1.0, f64::from(by.y), 0.0, 0.0, 1.0]).then(map)
}

/// Boxes of a field and how they look; `None` for fields without boxes.
fn boxes_of(field: &Field) -> Option<(Vec<Rect>, Look)> {
    let look = |outline: Outline| match outline {
        Outline::Square | Outline::Dotted => Look::Framed,
        Outline::Circle | Outline::None | Outline::Unknown => Look::Filled,
    };
    match &field.spec {
        FieldSpec::Marks(marks) => Some((marks.boxes.iter().map(|b| b.area).collect(), look(marks.outline))),
        FieldSpec::Cells(cells) if cells.shade > 0.0 => Some((cells.cells.clone(), Look::Filled)),
        FieldSpec::Cells(cells) if cells.outline != Outline::None => Some((cells.cells.clone(), look(cells.outline))),
        _ => None,
    }
}

/// Neighbouring fields with equal boxes, gathered.
fn tiles(template: &Template) -> Vec<Tile> {
    let mut tiles: Vec<Tile> = Vec::new();
    for (index, field) in template.fields.iter().enumerate() {
        let Some((boxes, look)) = boxes_of(field) else { continue };
        let bounds = field.spec.bounds();
        let Some(first) = boxes.first().copied() else { continue };
        let near = |tile: &Tile| {
            let gap = (tile.bounds.x - bounds.right()).max(bounds.x - tile.bounds.right()).max(0.0)
                + (tile.bounds.y - bounds.bottom()).max(bounds.y - tile.bounds.bottom()).max(0.0);
            let alike = tile.boxes.first().is_some_and(|b| (b.w - first.w).abs() < 0.1 * b.w && (b.h - first.h).abs() < 0.1 * b.h);
            tile.look == look && alike && gap < 1.5 * first.w.max(first.h) && tile.boxes.len() + boxes.len() <= BOXES
        };
        match tiles.iter_mut().rev().take(12).find(|t| near(t)) {
            Some(tile) => {
                tile.fields.push(index);
                tile.bounds = tile.bounds.union(&bounds);
                tile.boxes.extend(boxes);
            }
            None => tiles.push(Tile { fields: vec![index], boxes, bounds, pitch: (0.0, 0.0), look }),
        }
    }
    for tile in &mut tiles {
        tile.pitch = pitch(&tile.boxes);
    }
    tiles
}

/// Smallest distance between neighbours in x and in y; one and a half sizes where there is none.
fn pitch(boxes: &[Rect]) -> (f32, f32) {
    let Some(first) = boxes.first() else { return (1.0, 1.0) };
    let (mut px, mut py) = (1.5 * first.w, 1.5 * first.h);
    for (i, a) in boxes.iter().enumerate() {
        for b in &boxes[i + 1..] {
            let (dx, dy) = ((a.x - b.x).abs(), (a.y - b.y).abs());
            if dy < 0.3 * a.h && dx > 0.5 * a.w {
                px = px.min(dx);
            }
            if dx < 0.3 * a.w && dy > 0.5 * a.h {
                py = py.min(dy);
            }
        }
    }
    (px, py)
}

/// Sums of darkness (255ths) over upright rectangles in constant time: a summed-area table (Crow, "Summed-area tables for
/// texture mapping", 1984).
struct Sums {
    stride: usize,
    sums: Vec<u32>,
}

impl Sums {
    fn of(patch: &Patch, scale: InkScale) -> Self {
        let stride = patch.width + 1;
        let dark: [u8; 256] = std::array::from_fn(|v| (scale.darkness(v as u8).min(CLIP) * 255.0 + 0.5) as u8);
        let mut sums = vec![0; stride * (patch.height + 1)];
        for y in 0..patch.height {
            let (above, below) = sums.split_at_mut((y + 1) * stride);
            let mut line = 0;
            for ((sum, above), pixel) in below[1..stride].iter_mut().zip(&above[y * stride + 1..]).zip(patch.row(y)) {
                line += u32::from(dark[usize::from(*pixel)]);
                *sum = above + line;
            }
        }
        Self { stride, sums }
    }

    /// Sums over a rectangle `[x0, y0, x1, y1)` that is moved to the right by 0, 1, 2 …; all within the patch.
    fn moved(&self, [x0, y0, x1, y1]: [i32; 4], sums: &mut [f32]) {
        let n = sums.len();
        let from = |x: i32, y: i32| &self.sums[y as usize * self.stride + x as usize..][..n];
        let (a, b, c, d) = (from(x0, y0), from(x1, y0), from(x0, y1), from(x1, y1));
        for (k, sum) in sums.iter_mut().enumerate() {
            *sum = (d[k] + a[k] - b[k] - c[k]) as f32;
        }
    }
}

/// A rectangle of a box and one round it whose mean darkness is compared.
struct Rings {
    inner: [i32; 4],
    whole: [i32; 4],
    /// What a 255th of darkness adds to the contrast, in the inner and in the whole rectangle.
    weights: (f32, f32),
}

impl Rings {
    /// Steps of the sampling; `margin` = how far the whole reaches beyond the box.
    fn of([x0, y0, x1, y1]: [i32; 4], look: Look, (mx, my): (i32, i32)) -> Self {
        let (inner, whole) = match look {
            Look::Filled => ([x0, y0, x1, y1], [x0 - mx, y0 - my, x1 + mx, y1 + my]),
            Look::Framed => ([x0 + 1, y0 + 1, x1 - 1, y1 - 1], [x0 - 1, y0 - 1, x1 + 1, y1 + 1]),
        };
        let area = |[x0, y0, x1, y1]: [i32; 4]| ((x1 - x0) * (y1 - y0)).max(1) as f32;
        let (own, rest) = (area(inner), (area(whole) - area(inner)).max(1.0));
        // The mean of the inner less that of the rest; of frames the other way round.
        let sign = if look == Look::Filled { 1.0 / 255.0 } else { -1.0 / 255.0 };
        Self { inner, whole, weights: (sign * (1.0 / own + 1.0 / rest), -sign / rest) }
    }

    /// Contrast for every shift within reach, row by row.
    fn contrasts(&self, sums: &Sums, reach: (i32, i32), out: &mut [f32], work: &mut [f32]) {
        let moved = |[x0, y0, x1, y1]: [i32; 4], dy: i32| [x0 - reach.0, y0 + dy, x1 - reach.0, y1 + dy];
        for (row, dy) in out.chunks_exact_mut(work.len()).zip(-reach.1..) {
            sums.moved(moved(self.inner, dy), row);
            sums.moved(moved(self.whole, dy), work);
            for (inner, whole) in row.iter_mut().zip(work.iter()) {
                *inner = *inner * self.weights.0 + whole * self.weights.1;
            }
        }
    }
}

fn measure(page: &Levels<'_>, map: &Homography, tile: &Tile, reach: f32, black: u8) -> Option<Peaks> {
    let first = tile.boxes.first()?;
    let step = first.w.min(first.h) / SIDE;
    let reach = ((tile.pitch.0 * reach / step) as i32, (tile.pitch.1 * reach / step) as i32);
    let margin = |size: f32, pitch: f32| (0.3 * size).min(0.5 * (pitch - size).max(0.12 * size)).max(step);
    let (mx, my) =
        ((margin(first.w, tile.pitch.0) / step).round().max(1.0) as i32, (margin(first.h, tile.pitch.1) / step).round().max(1.0) as i32);
    // So that every rectangle stays within the patch wherever it is moved.
    let rim = step * (reach.0.max(reach.1) as f32 + (SIDE * 0.5).max(mx.max(my) as f32 + 1.0));
    let area = tile.bounds.grown(rim);
    let (width, height) = ((area.w / step).ceil() as usize, (area.h / step).ceil() as usize);
    if width * height > 1_000_000 {
        return None;
    }
    let area = Rect::new(area.x, area.y, width as f32 * step, height as f32 * step);
    let patch = cut(page, map, &area, width, height);
    if patch.outside > 0.6 {
        return None;
    }
    let sums = Sums::of(&patch, InkScale::of(&patch.pixels, black));
    let (across, down) = ((2 * reach.0 + 1) as usize, (2 * reach.1 + 1) as usize);
    let shifts = across * down;
    let mut contrasts = vec![0.0_f32; tile.boxes.len() * shifts];
    let mut work = vec![0.0; across];
    for (row, b) in contrasts.chunks_exact_mut(shifts).zip(&tile.boxes) {
        let place = [b.x - area.x, b.y - area.y, b.right() - area.x, b.bottom() - area.y].map(|v| (v / step).round() as i32);
        Rings::of(place, tile.look, (mx, my)).contrasts(&sums, reach, row, &mut work);
    }
    let mut each = Vec::with_capacity(tile.boxes.len());
    let mut of_boxes = |shift: usize, rank: usize| {
        each.clear();
        each.extend(contrasts.iter().skip(shift).step_by(shifts));
        *each.select_nth_unstable_by(rank, f32::total_cmp).1
    };
    let boxes = tile.boxes.len();
    // Marks and words in frames would push the boxes away from them: of frames the usual one counts, of bubbles their mean.
    let scores: Vec<f32> = match tile.look {
        Look::Framed => (0..shifts).map(|shift| of_boxes(shift, boxes * 6 / 10)).collect(),
        Look::Filled => {
            let mut sum = vec![0.0; shifts];
            for row in contrasts.chunks_exact(shifts) {
                sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            }
            sum.iter_mut().for_each(|sum| *sum /= boxes as f32);
            sum
        }
    };
    // Most boxes are not written in: the middle one tells whether print is there at all.
    let (at, best) = scores.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let usual = of_boxes(at, boxes / 2);
    let middle = scores.iter().sum::<f32>() / scores.len() as f32;
    Some(Peaks { centre: tile.bounds.centre(), step, reach, scores, pitch: tile.pitch, best, usual, weight: best - middle })
}

impl Peaks {
    fn score(&self, dx: i32, dy: i32) -> Option<f32> {
        let inside = dx.abs() <= self.reach.0 && dy.abs() <= self.reach.1;
        inside.then(|| self.scores[((dy + self.reach.1) * (2 * self.reach.0 + 1) + dx + self.reach.0) as usize])
    }

    /// −1 nothing is printed there, 1 print stands where `expected` says. `clear` = contrast that print surely has.
    fn confirms(&self, expected: Point, clear: f32) -> f32 {
        let there = (self.usual / clear).clamp(-1.0, 1.0);
        if there > 0.0 { there * (2.0 * self.at(expected) - 1.0).clamp(-1.0, 1.0) } else { there }
    }

    /// Agreement with a shift in form units: 1 at the best place, 0 where the contrast is the mean one.
    fn at(&self, shift: Point) -> f32 {
        let (dx, dy) = ((shift.x / self.step).round() as i32, (shift.y / self.step).round() as i32);
        let score = self.score(dx.clamp(-self.reach.0, self.reach.0), dy.clamp(-self.reach.1, self.reach.1)).unwrap_or(0.0);
        1.0 + (score - self.best) / self.weight.max(1e-4)
    }

    /// The best place within a third of a pitch of the expected one; a small lead does not outweigh nearness (`pull`).
    fn near(&self, expected: Point, pull: f32) -> Point {
        let (ex, ey) = (expected.x / self.step, expected.y / self.step);
        let (rx, ry) = (self.pitch.0 / self.step / 3.0, self.pitch.1 / self.step / 3.0);
        let mut best = (f32::NEG_INFINITY, expected);
        for dy in (ey - ry).ceil() as i32..=(ey + ry).floor() as i32 {
            for dx in (ex - rx).ceil() as i32..=(ex + rx).floor() as i32 {
                let Some(score) = self.score(dx, dy) else { continue };
                let away = ((dx as f32 - ex) / rx).powi(2) + ((dy as f32 - ey) / ry).powi(2);
                let score = score - pull * self.weight * away;
                if score > best.0 {
                    best = (score, Point::new(dx as f32 * self.step, dy as f32 * self.step));
                }
            }
        }
        best.1
    }
}

/// One affine correction of the whole sheet: shift = offset + slope · (place − middle).
#[derive(Debug, Clone, Copy)]
struct Trend {
    middle: Point,
    offset: Point,
    /// Rows: what x and y of the place add to the shift in x, in y.
    slope: [[f32; 2]; 2],
}

impl Trend {
    const NONE: Self = Self { middle: Point::new(0.0, 0.0), offset: Point::new(0.0, 0.0), slope: [[0.0; 2]; 2] };

    fn at(&self, p: Point) -> Point {
        let (x, y) = (p.x - self.middle.x, p.y - self.middle.y);
        Point::new(self.offset.x + self.slope[0][0] * x + self.slope[0][1] * y, self.offset.y + self.slope[1][0] * x + self.slope[1][1] * y)
    }

    fn score(&self, tiles: &[&Peaks]) -> f32 {
        tiles.iter().map(|t| t.at(self.at(t.centre))).sum::<f32>() / tiles.len() as f32
    }

    /// Coarse search over shifts and stretches, then downhill in all six numbers. A large correction must earn its place.
    fn seek(tiles: &[&Peaks], reach: f32) -> (Self, f32) {
        let n = tiles.len() as f32;
        let middle = Point::new(tiles.iter().map(|t| t.centre.x).sum::<f32>() / n, tiles.iter().map(|t| t.centre.y).sum::<f32>() / n);
        let spread = |f: fn(Point) -> f32| tiles.iter().map(|t| (f(t.centre) - f(middle)).abs()).fold(0.0, f32::max);
        let (wide, high) = (spread(|p| p.x), spread(|p| p.y));
        let pitch = tiles.iter().map(|t| (t.pitch.0, t.pitch.1)).fold((f32::INFINITY, f32::INFINITY), |a, b| (a.0.min(b.0), a.1.min(b.1)));
        let zero = Self { middle, offset: Point::default(), slope: [[0.0; 2]; 2] };
        let cost = |t: &Self| {
            let ends = ((t.slope[0][0] * wide).abs() + (t.slope[0][1] * high).abs() + t.offset.x.abs()) / pitch.0
                + ((t.slope[1][0] * wide).abs() + (t.slope[1][1] * high).abs() + t.offset.y.abs()) / pitch.1;
            t.score(tiles) - 0.05 * ends - 0.1 * ends * ends
        };
        let mut best = (cost(&zero), zero);
        // Stretch by up to most of a pitch at the ends; with one or two tiles across there is nothing to stretch.
        let stretch = |ends: f32, pitch: f32, tiles: f32| -> Vec<f32> {
            if tiles < 2.0 * pitch { vec![0.0] } else { (-3..=3).map(|i| i as f32 * 0.25 * pitch / ends.max(1e-3)).collect() }
        };
        for sx in stretch(wide, pitch.0, wide) {
            for sy in stretch(high, pitch.1, high) {
                let steps = (reach / 0.18) as i32;
                for ox in -steps..=steps {
                    for oy in -steps..=steps {
                        let offset = Point::new(ox as f32 * 0.18 * pitch.0, oy as f32 * 0.18 * pitch.1);
                        let trend = Self { middle, offset, slope: [[sx, 0.0], [0.0, sy]] };
                        let score = cost(&trend);
                        if score > best.0 {
                            best = (score, trend);
                        }
                    }
                }
            }
        }
        for round in 0..4 {
            let part = 0.12 * 0.5_f32.powi(round);
            let steps = [part * pitch.0, part * pitch.1];
            for _ in 0..6 {
                let before = best.0;
                for number in (0..6).filter(|n| matches!(n, 0 | 1) || if matches!(n, 2 | 4) { wide > pitch.0 } else { high > pitch.1 }) {
                    for sign in [-1.0, 1.0] {
                        let mut trend = best.1;
                        match number {
                            0 => trend.offset.x += sign * steps[0],
                            1 => trend.offset.y += sign * steps[1],
                            2 => trend.slope[0][0] += sign * steps[0] / wide.max(1e-3),
                            3 => trend.slope[0][1] += sign * steps[0] / high.max(1e-3),
                            4 => trend.slope[1][0] += sign * steps[1] / wide.max(1e-3),
                            _ => trend.slope[1][1] += sign * steps[1] / high.max(1e-3),
                        }
                        let score = cost(&trend);
                        if score > best.0 {
                            best = (score, trend);
                        }
                    }
                }
                if best.0 <= before {
                    break;
                }
            }
        }
        (best.1, best.0)
    }
}
