//! Local correction after the global map: where the printed boxes and cells really stand.
//!
//! Paper stretches, photocopies shrink, photographs bend. Fields are gathered into tiles of some dozen boxes; for each tile
//! the contrast between boxes and the gaps round them is measured for every shift up to most of a pitch. One affine
//! correction that suits all tiles best is sought first (so that a shift by a whole pitch cannot win by chance); round what
//! it foretells each tile then takes its own best place.

use crate::params::Params;
use crate::sample::{cut, darkness};
use image::GrayImage;
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
pub(crate) fn stand(gray: &GrayImage, map: &Homography, template: &Template, black: u8, params: &Params) -> Standing {
    let tiles = tiles(template);
    let peaks: Vec<Option<Peaks>> = tiles.iter().map(|tile| measure(gray, map, tile, reach(template), black)).collect();
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

/// Sums of darkness over upright rectangles in constant time.
struct Sums {
    width: usize,
    height: usize,
    sums: Vec<f32>,
}

impl Sums {
    fn of(dark: &[f32], width: usize, height: usize) -> Self {
        let mut sums = vec![0.0; (width + 1) * (height + 1)];
        for y in 0..height {
            let mut line = 0.0;
            for x in 0..width {
                line += dark[y * width + x].min(CLIP);
                sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + line;
            }
        }
        Self { width, height, sums }
    }

    /// Sum and area of [x0, x1) × [y0, y1), clamped to the patch.
    fn over(&self, x0: i32, y0: i32, x1: i32, y1: i32) -> (f32, f32) {
        let (x0, x1) = (x0.clamp(0, self.width as i32) as usize, x1.clamp(0, self.width as i32) as usize);
        let (y0, y1) = (y0.clamp(0, self.height as i32) as usize, y1.clamp(0, self.height as i32) as usize);
        if x1 <= x0 || y1 <= y0 {
            return (0.0, 0.0);
        }
        let at = |x: usize, y: usize| self.sums[y * (self.width + 1) + x];
        (at(x1, y1) - at(x0, y1) - at(x1, y0) + at(x0, y0), ((x1 - x0) * (y1 - y0)) as f32)
    }
}

fn measure(gray: &GrayImage, map: &Homography, tile: &Tile, reach: f32, black: u8) -> Option<Peaks> {
    let first = tile.boxes.first()?;
    let step = first.w.min(first.h) / SIDE;
    let reach = ((tile.pitch.0 * reach / step) as i32, (tile.pitch.1 * reach / step) as i32);
    let rim = step * (reach.0.max(reach.1) as f32 + SIDE * 0.5);
    let area = tile.bounds.grown(rim);
    let (width, height) = ((area.w / step).ceil() as usize, (area.h / step).ceil() as usize);
    if width * height > 1_000_000 {
        return None;
    }
    let area = Rect::new(area.x, area.y, width as f32 * step, height as f32 * step);
    let patch = cut(gray, map, &area, width, height);
    if patch.outside > 0.6 {
        return None;
    }
    let sums = Sums::of(&darkness(&patch, black), width, height);
    // The same few rectangles are looked up for every shift.
    let margin = |size: f32, pitch: f32| (0.3 * size).min(0.5 * (pitch - size).max(0.12 * size)).max(step);
    let boxes: Vec<[i32; 4]> = tile
        .boxes
        .iter()
        .map(|b| [b.x - area.x, b.y - area.y, b.right() - area.x, b.bottom() - area.y].map(|v| (v / step).round() as i32))
        .collect();
    let (mx, my) =
        ((margin(first.w, tile.pitch.0) / step).round().max(1.0) as i32, (margin(first.h, tile.pitch.1) / step).round().max(1.0) as i32);
    let one = |[x0, y0, x1, y1]: &[i32; 4], dx: i32, dy: i32| {
        let (x0, y0, x1, y1) = (x0 + dx, y0 + dy, x1 + dx, y1 + dy);
        match tile.look {
            Look::Filled => contrast(sums.over(x0, y0, x1, y1), sums.over(x0 - mx, y0 - my, x1 + mx, y1 + my)),
            Look::Framed => -contrast(sums.over(x0 + 1, y0 + 1, x1 - 1, y1 - 1), sums.over(x0 - 1, y0 - 1, x1 + 1, y1 + 1)),
        }
    };
    // Marks and words in frames would push the boxes away from them: of frames the usual one counts, of bubbles their mean.
    let mut each = vec![0.0_f32; boxes.len()];
    let mut together = |(dx, dy): (i32, i32)| {
        for (value, b) in each.iter_mut().zip(&boxes) {
            *value = one(b, dx, dy);
        }
        match tile.look {
            Look::Filled => each.iter().sum::<f32>() / each.len() as f32,
            Look::Framed => *each.select_nth_unstable_by(boxes.len() * 6 / 10, f32::total_cmp).1,
        }
    };
    let shifts = || (-reach.1..=reach.1).flat_map(|dy| (-reach.0..=reach.0).map(move |dx| (dx, dy)));
    let scores: Vec<f32> = shifts().map(&mut together).collect();
    // Most boxes are not written in: the middle one tells whether print is there at all.
    let (bx, by) = shifts().zip(&scores).max_by(|a, b| a.1.total_cmp(b.1))?.0;
    let mut contrasts: Vec<f32> = boxes.iter().map(|b| one(b, bx, by)).collect();
    let middle_box = contrasts.len() / 2;
    let usual = *contrasts.select_nth_unstable_by(middle_box, f32::total_cmp).1;
    let best = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let middle = scores.iter().sum::<f32>() / scores.len() as f32;
    Some(Peaks { centre: tile.bounds.centre(), step, reach, scores, pitch: tile.pitch, best, usual, weight: best - middle })
}

/// Mean darkness within minus mean darkness of the rest of the whole.
fn contrast(inner: (f32, f32), whole: (f32, f32)) -> f32 {
    let rest = (whole.0 - inner.0, whole.1 - inner.1);
    inner.0 / inner.1.max(1.0) - rest.0 / rest.1.max(1.0)
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
