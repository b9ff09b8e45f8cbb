//! A box as a small square of tones: how it is cut, how its greys become darkness, where its inside and margin lie.

use super::Sample;
use crate::levels::Levels;
use crate::sample::{Patch, percentile};
use crate::wide;
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

/// Row-major; first brightness, then darkness from 0 = paper to 255 = the darkest ink of the page.
pub(super) type Tones = [u8; AREA];

/// How a box was cut.
pub(super) struct CutBox {
    /// Picture pixels per sample.
    pub(super) step: f32,
    pub(super) outside: bool,
}

/// Cuts a box with its margin into `tones`; `patch` only lends its memory.
pub(super) fn cut_box(page: &Levels<'_>, map: &Homography, area: &Rect, tones: &mut Tones, patch: &mut Patch) -> CutBox {
    let grown = area.grown(area.w.min(area.h) * MARGIN);
    patch.cut(page, map, &grown, SIDE, SIDE);
    tones.copy_from_slice(&patch.pixels);
    let quad = map.apply_rect(&grown);
    let step = quad.0[0].distance(quad.0[1]).min(quad.0[0].distance(quad.0[3])) / SIDE as f32;
    CutBox { step, outside: patch.outside > 0.3 }
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
    let span = paper.saturating_sub(black).max(LEAST_SPAN);
    // 256ths of darkness for each grey.
    let share = (255 * 256_u32).div_ceil(u32::from(span)) as u16;
    wide::run(
        #[inline(always)]
        || {
            for tone in tones.iter_mut() {
                let below = u16::from(paper.saturating_sub(*tone)) << 8;
                *tone = ((u32::from(below) * u32::from(share)) >> 16).min(255) as u8;
            }
        },
    );
}

/// Where the box lies among its samples: `[x0, x1, y0, y1)` of its inside, and of the box with its frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) inside: [usize; 4],
    pub(super) whole: [usize; 4],
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
