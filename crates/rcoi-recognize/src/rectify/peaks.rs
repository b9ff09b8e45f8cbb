//! The contrast of one tile for every shift within reach, and what follows from it.

use super::contrast::{Kernel, Rings, Sums, darkness, plane};
use super::tiles::{Look, Tile};
use crate::levels::Levels;
use crate::sample::cut;
use rcoi_model::{Homography, Point, Rect};
use rcoi_template::Template;

/// A box or cell is sampled at so many pixels of its shorter side.
const SIDE: f32 = 10.0;

/// Contrast of a tile for every shift within reach.
pub(super) struct Peaks {
    pub(super) centre: Point,
    /// Form units per step.
    step: f32,
    reach: (i32, i32),
    scores: Vec<f32>,
    pub(super) pitch: (f32, f32),
    /// Contrast at the best place, and how much that stands out from the mean of all.
    pub(super) best: f32,
    /// Contrast of the middle box at the best place.
    usual: f32,
    pub(super) weight: f32,
}

/// How a tile is measured on every page.
pub(super) struct Measure {
    /// Form units per step.
    step: f32,
    /// Furthest shift, steps.
    reach: (i32, i32),
    /// What is cut from the page, form units and steps.
    area: Rect,
    width: usize,
    height: usize,
    by: By,
}

enum By {
    /// One for each box.
    Rings(Vec<Rings>),
    /// One for each box whose print shows anything.
    Print(Vec<Kernel>),
}

impl Measure {
    /// `None` for a tile that is too large to be laid anew. `reach` = how far off the boxes may be, in pitches.
    pub(super) fn of(tile: &Tile, reach: f32, template: &Template, blank: Option<&Levels<'_>>) -> Option<Self> {
        let first = tile.boxes.first()?;
        let step = first.w.min(first.h) / SIDE;
        let across = if tile.look == Look::Row { 0 } else { (tile.pitch.0 * reach / step) as i32 };
        let reach = (across, (tile.pitch.1 * reach / step) as i32);
        let margin = |size: f32, pitch: f32| (0.3 * size).min(0.5 * (pitch - size).max(0.12 * size)).max(step);
        let steps = |size: f32, pitch: f32| (margin(size, pitch) / step).round().max(1.0) as i32;
        let (mx, my) = (steps(first.w, tile.pitch.0), steps(first.h, tile.pitch.1));
        // So that every rectangle stays within the patch wherever it is moved.
        let rim = step * (reach.0.max(reach.1) as f32 + (SIDE * 0.5).max(mx.max(my) as f32 + 1.0));
        let area = tile.bounds.grown(rim);
        let (width, height) = ((area.w / step).ceil() as usize, (area.h / step).ceil() as usize);
        if width * height > 1_000_000 {
            return None;
        }
        let area = Rect::new(area.x, area.y, width as f32 * step, height as f32 * step);
        let place = |b: &Rect| [b.x - area.x, b.y - area.y, b.right() - area.x, b.bottom() - area.y].map(|v| (v / step).round() as i32);
        let by = match blank {
            None => By::Rings(tile.boxes.iter().map(|b| Rings::of(place(b), tile.look, (mx, my))).collect()),
            Some(blank) => {
                let (wide, high) = blank.size();
                let scale = (f64::from(wide) / f64::from(template.width), f64::from(high) / f64::from(template.height));
                let map = Homography([scale.0, 0.0, 0.0, 0.0, scale.1, 0.0, 0.0, 0.0, 1.0]);
                let dark = darkness(&cut(blank, &map, &area, width, height), 0);
                let kernel = |b: &Rect| {
                    let [x0, y0, x1, y1] = place(b);
                    let (x0, y0, x1, y1) = (x0 - mx, y0 - my, x1 + mx, y1 + my);
                    let window =
                        Rect::new(area.x + x0 as f32 * step, area.y + y0 as f32 * step, (x1 - x0) as f32 * step, (y1 - y0) as f32 * step);
                    Kernel::of(&cut(blank, &map, &window, (x1 - x0) as usize, (y1 - y0) as usize), (x0, y0), &dark)
                };
                By::Print(tile.boxes.iter().filter_map(kernel).collect())
            }
        };
        Some(Self { step, reach, area, width, height, by })
    }

    /// `None` where the tile lies outside the picture, or shows nothing.
    pub(super) fn peaks(&self, tile: &Tile, page: &Levels<'_>, map: &Homography, black: u8) -> Option<Peaks> {
        let patch = cut(page, map, &self.area, self.width, self.height);
        if patch.outside > 0.6 {
            return None;
        }
        let dark = darkness(&patch, black);
        let (across, down) = ((2 * self.reach.0 + 1) as usize, (2 * self.reach.1 + 1) as usize);
        let (shifts, reach) = (across * down, self.reach);
        let boxes = match &self.by {
            By::Rings(rings) => rings.len(),
            By::Print(kernels) => kernels.len(),
        };
        let mut contrasts = vec![0.0_f32; boxes * shifts];
        let rows = contrasts.chunks_exact_mut(shifts);
        match &self.by {
            By::Rings(rings) => {
                let (sums, mut work) = (Sums::of(&patch, &dark), vec![0.0; across]);
                rows.zip(rings).for_each(|(row, rings)| rings.contrasts(&sums, reach, row, &mut work));
            }
            By::Print(kernels) => {
                let plane = plane(&patch, &dark);
                rows.zip(kernels).for_each(|(row, kernel)| kernel.contrasts(&plane, patch.width, reach, row));
            }
        }
        let mut each = Vec::with_capacity(boxes);
        let mut of_boxes = |shift: usize, rank: usize| {
            each.clear();
            each.extend(contrasts.iter().skip(shift).step_by(shifts));
            *each.select_nth_unstable_by(rank, f32::total_cmp).1
        };
        if boxes == 0 {
            return None;
        }
        // Marks and words in frames would push the boxes away from them: of frames and of known print the usual one counts, of bubbles
        // their mean.
        let scores: Vec<f32> = if tile.look != Look::Filled || matches!(self.by, By::Print(_)) {
            (0..shifts).map(|shift| of_boxes(shift, boxes * 6 / 10)).collect()
        } else {
            let mut sum = vec![0.0; shifts];
            for row in contrasts.chunks_exact(shifts) {
                sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            }
            sum.iter_mut().for_each(|sum| *sum /= boxes as f32);
            sum
        };
        // Most boxes are not written in: the middle one tells whether print is there at all.
        let (at, best) = scores.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
        let usual = of_boxes(at, boxes / 2);
        let middle = scores.iter().sum::<f32>() / scores.len() as f32;
        Some(Peaks { centre: tile.bounds.centre(), step: self.step, reach, scores, pitch: tile.pitch, best, usual, weight: best - middle })
    }
}

impl Peaks {
    fn score(&self, dx: i32, dy: i32) -> Option<f32> {
        let inside = dx.abs() <= self.reach.0 && dy.abs() <= self.reach.1;
        inside.then(|| self.scores[((dy + self.reach.1) * (2 * self.reach.0 + 1) + dx + self.reach.0) as usize])
    }

    /// −1 nothing is printed there, 1 print stands where `expected` says. `clear` = contrast that print surely has.
    pub(super) fn confirms(&self, expected: Point, clear: f32) -> f32 {
        let there = (self.usual / clear).clamp(-1.0, 1.0);
        if there > 0.0 { there * (2.0 * self.at(expected) - 1.0).clamp(-1.0, 1.0) } else { there }
    }

    /// Agreement with a shift in form units: 1 at the best place, 0 where the contrast is the mean one.
    pub(super) fn at(&self, shift: Point) -> f32 {
        let (dx, dy) = ((shift.x / self.step).round() as i32, (shift.y / self.step).round() as i32);
        let score = self.score(dx.clamp(-self.reach.0, self.reach.0), dy.clamp(-self.reach.1, self.reach.1)).unwrap_or(0.0);
        1.0 + (score - self.best) / self.weight.max(1e-4)
    }

    /// The best place within a third of a pitch of the expected one; a small lead does not outweigh nearness (`pull`).
    pub(super) fn near(&self, expected: Point, pull: f32) -> Point {
        let (ex, ey) = (expected.x / self.step, expected.y / self.step);
        let (rx, ry) = (self.pitch.0 / self.step / 3.0, self.pitch.1 / self.step / 3.0);
        let mut best = (f32::NEG_INFINITY, expected);
        // Of some tiles only the height is known; across they stand as expected.
        let level = self.reach.0 == 0;
        let columns = if level { 0..=0 } else { (ex - rx).ceil() as i32..=(ex + rx).floor() as i32 };
        for dy in (ey - ry).ceil() as i32..=(ey + ry).floor() as i32 {
            for dx in columns.clone() {
                let Some(score) = self.score(dx, dy) else { continue };
                let x = if level { ex } else { dx as f32 };
                let away = ((x - ex) / rx).powi(2) + ((dy as f32 - ey) / ry).powi(2);
                let score = score - pull * self.weight * away;
                if score > best.0 {
                    best = (score, Point::new(x * self.step, dy as f32 * self.step));
                }
            }
        }
        best.1
    }
}
