//! A box as a small square of tones: how it is cut, where its inside and margin lie, how much ink is new in it.

use super::print::Print;
use super::{BoxInk, Sample};
use crate::levels::Levels;
use crate::sample::{Patch, percentile};
use rcoi_model::{Homography, Rect};

/// Side of a sampled box with its margin.
pub(super) const SIDE: usize = 28;
pub(super) const AREA: usize = SIDE * SIDE;
/// Paper beside the box that is sampled too, as a share of its shorter side.
const MARGIN: f32 = 0.25;
/// Part of the box at each edge that is not looked at: there frames stand, and ink of marks next door ends.
const INSET: f32 = 0.08;
/// Share of a box and its margin below whose brightness everything but paper lies.
pub(super) const PAPER: f32 = 0.85;
/// Ink is at least so much darker than paper; less is noise.
pub(super) const LEAST_SPAN: u8 = 20;
/// Darkness below which a pixel is paper grain, and from which it is ink in full: pale pencil reaches a third of print.
const GRAIN: f32 = 0.08;
const FULL: f32 = 0.36;

/// What print leaves of a pixel must be more than this to show new ink, and of a box so much must be free to show marks.
const HIDDEN: f32 = 0.1;
const LEAST_FREE: f32 = 0.2;
/// Picture pixels per sample below which the picture is coarser than the samples.
const COARSE: f32 = 0.5;

/// Darkness from which a sample of a print is a line.
const CLEAR: u8 = 80;

/// Row-major; first brightness, then darkness from 0 = paper to 255 = the darkest ink of the page.
pub(super) type Tones = [u8; AREA];

pub(super) struct CutBox {
    pub(super) pixels: Tones,
    /// Picture pixels per sample.
    pub(super) step: f32,
    pub(super) outside: bool,
}

/// Cuts a box with its margin; `patch` only lends its memory.
pub(super) fn cut_box(page: &Levels<'_>, map: &Homography, area: &Rect, patch: &mut Patch) -> CutBox {
    let grown = area.grown(area.w.min(area.h) * MARGIN);
    patch.cut(page, map, &grown, SIDE, SIDE);
    let mut pixels = [255; AREA];
    pixels.copy_from_slice(&patch.pixels);
    let quad = map.apply_rect(&grown);
    let step = quad.0[0].distance(quad.0[1]).min(quad.0[0].distance(quad.0[3])) / SIDE as f32;
    CutBox { pixels, step, outside: patch.outside > 0.3 }
}

/// Turns the brightness of neighbouring boxes into darkness, each against its own paper; a box that ink covers together
/// with its margin borrows the paper of the others.
pub(super) fn against_paper(boxes: &mut [Sample], black: u8) {
    let mut papers: Vec<u8> = boxes.iter().map(|b| percentile(&b.tones, PAPER)).collect();
    let own = papers.clone();
    let middle = papers.len() / 2;
    let usual = if papers.is_empty() { 255 } else { *papers.select_nth_unstable(middle).1 };
    for (b, own) in boxes.iter_mut().zip(own) {
        let covered = f32::from(usual) - f32::from(own) > (f32::from(usual) - f32::from(black)) / 6.0;
        darken(&mut b.tones, if covered { usual } else { own }, black);
    }
}

/// Brightness to darkness.
pub(super) fn darken(tones: &mut Tones, paper: u8, black: u8) {
    let span = (f32::from(paper) - f32::from(black)).max(f32::from(LEAST_SPAN));
    let mut table = [0_u8; 256];
    for (value, dark) in table.iter_mut().enumerate() {
        *dark = ((f32::from(paper) - value as f32) / span * 255.0).clamp(0.0, 255.0) as u8;
    }
    tones.iter_mut().for_each(|t| *t = table[usize::from(*t)]);
}

/// Where the box lies among its samples: `[x0, x1, y0, y1)` of its inside, and of the box with its frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    inside: [usize; 4],
    whole: [usize; 4],
}

impl Frame {
    pub(super) fn of(area: &Rect) -> Self {
        let short = area.w.min(area.h);
        let range = |size: f32, inset: f32| {
            let all = size + 2.0 * short * MARGIN;
            let from = (short * (MARGIN + inset) / all * SIDE as f32).round() as usize;
            (from.min(SIDE / 2 - 1), SIDE - from.min(SIDE / 2 - 1))
        };
        let around = |inset: f32| {
            let ((x0, x1), (y0, y1)) = (range(area.w, inset), range(area.h, inset));
            [x0, x1, y0, y1]
        };
        Self { inside: around(INSET), whole: around(-INSET) }
    }

    /// Samples well inside the box, where no frame shows even when it lies a little beside its place.
    pub(super) fn core(&self) -> impl Iterator<Item = usize> {
        let [x0, x1, y0, y1] = self.inside;
        let (dx, dy) = ((x1 - x0) / 8, (y1 - y0) / 8);
        (y0 + dy..y1 - dy).flat_map(move |y| (x0 + dx..x1 - dx).map(move |x| y * SIDE + x))
    }

    /// `area` moved by so many samples.
    pub(super) fn moved(area: &Rect, by: (f32, f32)) -> Rect {
        let unit = |size: f32| (size + 2.0 * area.w.min(area.h) * MARGIN) / SIDE as f32;
        Rect::new(area.x + by.0 * unit(area.w), area.y + by.1 * unit(area.h), area.w, area.h)
    }

    /// Mean of tones within the inside, 0..1.
    pub(super) fn darkness(&self, tones: &Tones) -> f32 {
        let [x0, x1, y0, y1] = self.inside;
        let sum: u32 = (y0..y1).flat_map(|y| &tones[y * SIDE + x0..y * SIDE + x1]).map(|t| u32::from(*t)).sum();
        sum as f32 / 255.0 / ((x1 - x0) * (y1 - y0)) as f32
    }

    /// Ink that print does not explain, as a share of what print leaves free. `shift` = where the print lies, samples.
    pub(super) fn new_ink(&self, tones: &Tones, print: Option<&Print>, shift: (i32, i32), step: f32, ink: &mut BoxInk) {
        // Where the picture has fewer pixels than samples, a line is spread over its neighbours.
        let spread;
        let explained = match print {
            None => &[0; AREA],
            Some(print) if print.sharp && step < COARSE => {
                spread = widened(&print.explained);
                &spread
            }
            Some(print) => &print.explained,
        };
        let [x0, x1, y0, y1] = self.inside;
        let [wx0, wx1, wy0, wy1] = self.whole;
        let (mut within, mut free, mut covered, mut dark, mut extent) = (0.0, 0.0, 0.0, 0.0, 0.0);
        let (mut beside, mut margin) = ([0.0; 4], [0.0_f32; 4]);
        for y in 0..SIDE {
            let py = (y as i32 - shift.1).clamp(0, SIDE as i32 - 1) as usize;
            let row = Row::of(&tones[y * SIDE..], &explained[py * SIDE..], shift.0);
            if (y0..y1).contains(&y) {
                for x in x0..x1 {
                    let (left, counted) = (row.left[x], row.counted[x]);
                    within += counted * left;
                    extent += if row.new[x] > GRAIN { left } else { 0.0 };
                    free += left;
                    covered += counted;
                    dark += counted * row.tone[x];
                }
            }
            // Corners belong to no side: there ink of diagonal neighbours ends; at the rim begins what is printed further off.
            if y == 0 || y == SIDE - 1 {
                continue;
            }
            let sides = if (wy0..wy1).contains(&y) {
                [Some((0, 1..wx0)), Some((1, wx1..SIDE - 1))]
            } else {
                [Some((2 + usize::from(y >= wy1), wx0.max(1)..wx1.min(SIDE - 1))), None]
            };
            for (side, columns) in sides.into_iter().flatten() {
                for x in columns {
                    beside[side] += row.counted[x] * row.left[x];
                    margin[side] += row.left[x];
                }
            }
        }
        let least = LEAST_FREE * ((x1 - x0) * (y1 - y0)) as f32;
        ink.cover = within / f32::max(free, least);
        ink.extent = extent / f32::max(free, least);
        ink.tone = if covered > 0.0 { dark / covered } else { 0.0 };
        ink.missing = print.filter(|p| p.sharp).map_or(0.0, |print| missing(tones, print, shift));
        ink.black = self.darkness(tones);
        ink.beside = std::array::from_fn(|side| beside[side] / margin[side].max(1.0));
    }
}

/// A row of samples beside the print that explains it; 0..1.
struct Row {
    tone: [f32; SIDE],
    /// What the print has left bright.
    left: [f32; SIDE],
    /// New ink as a share of that, and what of it counts: grain does not, pale ink in full.
    new: [f32; SIDE],
    counted: [f32; SIDE],
}

impl Row {
    /// The first samples of each; the print lies `shift` samples to the right.
    fn of(tones: &[u8], explained: &[u8], shift: i32) -> Self {
        let mut known = [0_u8; SIDE];
        for (x, known) in known.iter_mut().enumerate() {
            *known = explained[(x as i32 - shift).clamp(0, SIDE as i32 - 1) as usize];
        }
        let mut row = Self { tone: [0.0; SIDE], left: [0.0; SIDE], new: [0.0; SIDE], counted: [0.0; SIDE] };
        for (x, tone) in tones[..SIDE].iter().enumerate() {
            let (tone, known) = (f32::from(*tone) / 255.0, f32::from(known[x]) / 255.0);
            // Ink on print darkens what the print has left bright.
            let left = 1.0 - known;
            let new = if left > HIDDEN { (tone - known) / left } else { 0.0 };
            (row.tone[x], row.left[x], row.new[x]) = (tone, left, new);
            row.counted[x] = ((new - GRAIN) / (FULL - GRAIN)).clamp(0.0, 1.0);
        }
        row
    }
}

/// Share of the lines of a print that a scan does not show at all, not even beside them. Ink on a line hides nothing.
pub(super) fn missing(tones: &Tones, print: &Print, shift: (i32, i32)) -> f32 {
    let (mut all, mut lost) = (0.0, 0.0);
    for (at, line) in print.tones.iter().enumerate().filter(|(_, t)| **t >= CLEAR) {
        let (x, y) = ((at % SIDE) as i32 + shift.0, (at / SIDE) as i32 + shift.1);
        if !(1..SIDE as i32 - 1).contains(&x) || !(1..SIDE as i32 - 1).contains(&y) {
            continue;
        }
        let at = y as usize * SIDE + x as usize;
        all += 1.0;
        if [at, at - 1, at + 1, at - SIDE, at + SIDE].iter().all(|at| tones[*at] < line / 4) {
            lost += 1.0;
        }
    }
    if all > 0.0 { lost / all } else { 0.0 }
}

/// Each sample takes the darkest of its neighbourhood of three by three.
pub(super) fn widened(tones: &Tones) -> Tones {
    let mut across = *tones;
    for y in 0..SIDE {
        for x in 0..SIDE {
            let (a, b) = (x.saturating_sub(1), (x + 1).min(SIDE - 1));
            across[y * SIDE + x] = tones[y * SIDE + a].max(tones[y * SIDE + x]).max(tones[y * SIDE + b]);
        }
    }
    let mut out = across;
    for y in 0..SIDE {
        let (a, b) = (y.saturating_sub(1), (y + 1).min(SIDE - 1));
        for x in 0..SIDE {
            out[y * SIDE + x] = across[a * SIDE + x].max(across[y * SIDE + x]).max(across[b * SIDE + x]);
        }
    }
    out
}
