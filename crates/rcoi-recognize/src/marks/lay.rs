//! Lays the print of the boxes on the scan: each box together with those that lie nearest, then a small step alone.

use super::Sample;
use super::fresh::RIM;
use super::print::Print;
use super::tones::{AREA, SIDE, Tones};
use crate::wide;
use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch, u8x32, u16x16};
use rcoi_model::Point;

/// Samples by which a box may be off, after the tiles were corrected to a tenth of a box.
const REACH: i32 = RIM;
/// A box may lie so far from where its neighbours lie; where only the page tells what print is, layouts are often drawn by
/// hand, and each box may stand as far off as the search goes.
const ALONE: [i32; 2] = [1, REACH];
/// Part of its misfit that a box must win by a step away from its neighbours, and four times that by two.
const EARNED: f32 = 0.02;
/// A box and its nearest: marks are few among so many, and even a bent sheet is flat over so little.
const NEAR: usize = 9;
const WIDTH: usize = SIDE - 2 * REACH as usize;
const SHIFTS: usize = (2 * REACH as usize + 1) * (2 * REACH as usize + 1);

/// For each of the places the numbers of those that lie nearest, itself among them.
pub(super) fn nearest(places: &[Point]) -> Vec<Vec<usize>> {
    let mut order: Vec<(f32, usize)> = Vec::with_capacity(places.len());
    let near = |at: &Point| {
        order.clear();
        order.extend(places.iter().enumerate().map(|(i, p)| ((p.x - at.x).abs().max((p.y - at.y).abs()), i)));
        let count = NEAR.min(order.len());
        if count < order.len() {
            order.select_nth_unstable_by(count, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        }
        order[..count].iter().map(|(_, i)| *i).collect()
    };
    places.iter().map(near).collect()
}

/// Samples that go at once.
const LANES: usize = 32;
/// The rows of a scan that any shift leaves in the box, whole registers, and the longest way to where the print of the first of them
/// begins.
const OF_SCAN: usize = (WIDTH * SIDE).next_multiple_of(LANES);
const OF_PRINT: usize = OF_SCAN + 2 * REACH as usize * (SIDE + 1);

/// A print as it is laid on scans.
pub(super) struct Stencil {
    /// Its darkness, row-major, and zeros.
    tones: [u8; OF_PRINT],
    /// The sum of what of it is laid on a scan, in the order of [`shifts`].
    sums: [u32; SHIFTS],
}

impl Stencil {
    pub(super) fn of(tones: &Tones) -> Self {
        let mut own = [0; OF_PRINT];
        own[..AREA].copy_from_slice(tones);
        let mut sums = [0; SHIFTS];
        for (sum, shift) in sums.iter_mut().zip(shifts()) {
            let rows = own[start(shift)..].chunks(SIDE).take(WIDTH);
            *sum = rows.flat_map(|row| &row[..WIDTH]).map(|dark| u32::from(*dark)).sum();
        }
        Self { tones: own, sums }
    }
}

/// Where in a print lies what is laid on the first sample of a scan.
fn start((dx, dy): (i32, i32)) -> usize {
    ((REACH - dy) * SIDE as i32 + REACH - dx) as usize
}

/// Sums of the differences between a scan and a print that is moved, in the order of [`shifts`].
fn misfits(scan: &Tones, print: &Stencil) -> [u32; SHIFTS] {
    let reach = REACH as usize;
    // Beside the box the scan is 0, so that whatever of the print lies there has nothing in common with it.
    let mut own = [0; OF_SCAN];
    for (own, row) in own.chunks_exact_mut(SIDE).zip(scan.chunks_exact(SIDE).skip(reach).take(WIDTH)) {
        own[..WIDTH].copy_from_slice(&row[reach..reach + WIDTH]);
    }
    let all: u32 = own.iter().map(|dark| u32::from(*dark)).sum();
    let mut out = [0; SHIFTS];
    let level = Level::new();
    dispatch!(level, simd => common(simd, &own, &print.tones, &mut out));
    // |a - b| = a + b - 2 min(a, b)
    for (out, sum) in out.iter_mut().zip(&print.sums) {
        *out = all + sum - 2 * *out;
    }
    out
}

/// Sums of what a scan and a moved print have in common.
#[inline(always)]
fn common<S: Simd>(simd: S, scan: &[u8; OF_SCAN], print: &[u8; OF_PRINT], out: &mut [u32; SHIFTS]) {
    for (out, shift) in out.iter_mut().zip(shifts()) {
        let Some(print) = print[start(shift)..].first_chunk::<OF_SCAN>() else { continue };
        // Two bytes are added twenty times: sixteen bits hold that.
        let mut sum = u16x16::splat(simd, 0);
        for (a, b) in scan.as_chunks::<LANES>().0.iter().zip(print.as_chunks::<LANES>().0) {
            sum += u8x32::from_slice(simd, a).min(u8x32::from_slice(simd, b)).pairwise_widening_add();
        }
        *out = sum.pairwise_widening_add().as_slice().iter().sum();
    }
}

fn shifts() -> impl Iterator<Item = (i32, i32)> {
    (-REACH..=REACH).flat_map(|dy| (-REACH..=REACH).map(move |dx| (dx, dy)))
}

/// Finds for each sample where its print lies. `near` comes from [`nearest`]; `loose`: boxes may stand each for itself.
pub(super) fn lay<'p>(samples: &mut [Sample], near: &[Vec<usize>], loose: bool, print: impl Fn(&Sample) -> Option<&'p Print>) {
    let of = |sample: &Sample| Some(misfits(&sample.tones, &print(sample).filter(|p| p.marked)?.stencil));
    let all: Vec<Option<[u32; SHIFTS]>> = samples.iter().map(of).collect();
    for (i, sample) in samples.iter_mut().enumerate() {
        let mut sums = [0_u32; SHIFTS];
        wide::run(
            #[inline(always)]
            || {
                for other in near[i].iter().filter_map(|n| all[*n].as_ref()) {
                    sums.iter_mut().zip(other).for_each(|(sum, one)| *sum += one);
                }
            },
        );
        let length = |s: (i32, i32)| s.0 * s.0 + s.1 * s.1;
        let least = sums.iter().copied().fold(u32::MAX, u32::min);
        let mut common = None;
        for (s, _) in shifts().zip(sums).filter(|(_, sum)| *sum == least) {
            if common.is_none_or(|common| length(s) < length(common)) {
                common = Some(s);
            }
        }
        let common = common.unwrap_or((0, 0));
        sample.shift = common;
        let Some(own) = &all[i] else { continue };
        // A step away must earn its place: a mark may look a little more like a moved frame.
        let alone = ALONE[usize::from(loose)];
        let price = |by: (i32, i32)| 1.0 + EARNED * if loose { length(by) as f32 } else { length(by).min(1) as f32 };
        let around = |at: i32| (at - alone).max(-REACH)..=(at + alone).min(REACH);
        let mut best = f32::INFINITY;
        for s in around(common.1).flat_map(|dy| around(common.0).map(move |dx| (dx, dy))) {
            let misfit = own[place(s)] as f32 * price((s.0 - common.0, s.1 - common.1));
            if misfit < best {
                (best, sample.shift) = (misfit, s);
            }
        }
        // Marks pull at a box alone, hardly at all that lie together.
        sample.part = between(if loose { own } else { &sums }, sample.shift);
    }
}

/// The number of a shift among [`shifts`].
fn place((x, y): (i32, i32)) -> usize {
    ((y + REACH) * (2 * REACH + 1) + x + REACH) as usize
}

/// How far beyond a whole shift the least misfit lies, to each side at most half a sample: sums of differences rise like a V, so its
/// tip follows from the misfits at both sides.
fn between(own: &[u32; SHIFTS], (x, y): (i32, i32)) -> (f32, f32) {
    let at = |x: i32, y: i32| {
        let inside = x.abs() <= REACH && y.abs() <= REACH;
        inside.then(|| own[place((x, y))] as f32)
    };
    let tip = |before: Option<f32>, here: Option<f32>, after: Option<f32>| match (before, here, after) {
        (Some(before), Some(here), Some(after)) if before.max(after) > here => {
            (0.5 * (before - after) / (before.max(after) - here)).clamp(-0.5, 0.5)
        }
        _ => 0.0,
    };
    (tip(at(x - 1, y), at(x, y), at(x + 1, y)), tip(at(x, y - 1), at(x, y), at(x, y + 1)))
}
