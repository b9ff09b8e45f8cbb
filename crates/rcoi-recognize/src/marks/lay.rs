//! Lays the print of the boxes on the scan: each box together with those that lie nearest, then a small step alone.

use super::Sample;
use super::fresh::RIM;
use super::print::Print;
use super::tones::{SIDE, Tones};
use crate::wide;
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

/// What stays in the box at any shift, rows one behind the other; the second has all rows.
const OF_SCAN: usize = WIDTH * WIDTH;
const OF_PRINT: usize = WIDTH * SIDE;
/// Samples whose differences the processor sums at once.
const LANES: usize = 32;

/// `tones` from row `top` and column `left` on, as much as `out` holds.
fn rows(tones: &Tones, (left, top): (usize, usize), out: &mut [u8]) {
    for (out, row) in out.chunks_exact_mut(WIDTH).zip(tones.chunks_exact(SIDE).skip(top)) {
        out.copy_from_slice(&row[left..left + WIDTH]);
    }
}

/// Sums of the differences between a scan and a print that is moved, in the order of [`shifts`].
fn misfits(scan: &Tones, print: &Tones) -> [u32; SHIFTS] {
    let reach = REACH as usize;
    let (mut scan_rows, mut print_rows) = ([0; OF_SCAN], [0; OF_PRINT]);
    rows(scan, (reach, reach), &mut scan_rows);
    let mut out = [0; SHIFTS];
    for across in 0..=2 * reach {
        rows(print, (2 * reach - across, 0), &mut print_rows);
        wide::run(
            #[inline(always)]
            || {
                for down in 0..=2 * reach {
                    if let Some(part) = print_rows[(2 * reach - down) * WIDTH..].first_chunk() {
                        out[down * (2 * reach + 1) + across] = difference(&scan_rows, part);
                    }
                }
            },
        );
    }
    out
}

#[inline(always)]
fn difference(a: &[u8; OF_SCAN], b: &[u8; OF_SCAN]) -> u32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sum: u32 = a_rest.iter().zip(b_rest).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
    for (a, b) in a.iter().zip(b) {
        // In this shape it becomes the one instruction that sums differences.
        let mut part = 0;
        for k in 0..LANES {
            part += u16::from(a[k].abs_diff(b[k]));
        }
        sum += u32::from(part);
    }
    sum
}

fn shifts() -> impl Iterator<Item = (i32, i32)> {
    (-REACH..=REACH).flat_map(|dy| (-REACH..=REACH).map(move |dx| (dx, dy)))
}

/// Finds for each sample where its print lies. `near` comes from [`nearest`]; `loose`: boxes may stand each for itself.
pub(super) fn lay<'p>(samples: &mut [Sample], near: &[Vec<usize>], loose: bool, print: impl Fn(&Sample) -> Option<&'p Print>) {
    let of = |sample: &Sample| Some(misfits(&sample.tones, &print(sample).filter(|p| p.marked)?.tones));
    let all: Vec<Option<[u32; SHIFTS]>> = samples.iter().map(of).collect();
    for (i, sample) in samples.iter_mut().enumerate() {
        let mut sums = [0_u32; SHIFTS];
        for other in near[i].iter().filter_map(|n| all[*n].as_ref()) {
            sums.iter_mut().zip(other).for_each(|(sum, one)| *sum += one);
        }
        let length = |s: (i32, i32)| s.0 * s.0 + s.1 * s.1;
        let least = sums.iter().copied().min().unwrap_or(0);
        let common = shifts().zip(sums).filter(|(_, sum)| *sum == least).map(|(s, _)| s).min_by_key(|s| length(*s)).unwrap_or((0, 0));
        sample.shift = common;
        let Some(own) = &all[i] else { continue };
        // A step away must earn its place: a mark may look a little more like a moved frame.
        let alone = ALONE[usize::from(loose)];
        let beside = shifts().zip(own).map(|(s, misfit)| (s, (s.0 - common.0, s.1 - common.1), *misfit as f32));
        let beside = beside.filter(|(_, by, _)| by.0.abs() <= alone && by.1.abs() <= alone);
        let price = |by: (i32, i32)| 1.0 + EARNED * if loose { length(by) as f32 } else { length(by).min(1) as f32 };
        let best = beside.map(|(s, by, misfit)| (s, misfit * price(by))).min_by(|a, b| a.1.total_cmp(&b.1));
        sample.shift = best.map_or(common, |(s, _)| s);
        // Marks pull at a box alone, hardly at all that lie together.
        sample.part = between(if loose { own } else { &sums }, sample.shift);
    }
}

/// How far beyond a whole shift the least misfit lies, to each side at most half a sample: sums of differences rise like a V, so its
/// tip follows from the misfits at both sides.
fn between(own: &[u32; SHIFTS], (x, y): (i32, i32)) -> (f32, f32) {
    let at = |x: i32, y: i32| {
        let inside = x.abs() <= REACH && y.abs() <= REACH;
        inside.then(|| own[((y + REACH) * (2 * REACH + 1) + x + REACH) as usize] as f32)
    };
    let tip = |before: Option<f32>, here: Option<f32>, after: Option<f32>| match (before, here, after) {
        (Some(before), Some(here), Some(after)) if before.max(after) > here => {
            (0.5 * (before - after) / (before.max(after) - here)).clamp(-0.5, 0.5)
        }
        _ => 0.0,
    };
    (tip(at(x - 1, y), at(x, y), at(x + 1, y)), tip(at(x, y - 1), at(x, y), at(x, y + 1)))
}
