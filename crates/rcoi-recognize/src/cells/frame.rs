//! The solid frame of a row of cells: found from all its cells together, wiped where no stroke crosses it.
//!
//! A printed line runs through every cell of the row at the same place, writing does not: what at least three of four cells have
//! nearly all along a side is the frame. So a frame is found without knowing how it looks, and a layout that lies beside the
//! print is no matter.

use super::window::Window;
use rcoi_template::Outline;
use std::ops::Range;

/// How far from its place a line is sought, share of the cell's height: the outline is known, or only that there is one.
const NEAR: f32 = 0.1;
const FAR: f32 = 0.2;
/// Share of a side that must be dark in a cell, in a row with others and alone.
const ALONG: f32 = 0.6;
const ALONE: f32 = 0.9;
/// The same of the first line at a side of a row: a thin one breaks in a scan of one bit. In the palest quarter of the cells of such
/// rows 0.50 to 0.53 were left (queXF), in rows without a line there 0 to 0.08.
const BROKEN: f32 = 0.45;
/// A line alone goes on to the ends of its cell, shares of its height.
const END: f32 = 0.15;
/// Cells from which a row is one.
const ROW: usize = 4;
/// A line is no thicker, share of the cell's height.
const THICK: f32 = 0.12;
/// Pixels beside a line that belong to it.
const RIM: usize = 2;
/// Lines at a side: its own and the neighbour's.
const LINES: usize = 2;
/// A line of another cell of the row lies at most so far off, pixels.
const ASKEW: usize = 2;

/// Wipes the printed lines round the cells of a row from their windows.
pub(super) fn wipe(windows: &mut [Option<Window>], outline: Outline) {
    let reach = match outline {
        // On a dark scan of one bit the dots of a frame run together.
        Outline::Square | Outline::Dotted => NEAR,
        Outline::Unknown => FAR,
        Outline::Circle | Outline::None => return,
    };
    let Some((cell, places)) = windows.iter().flatten().next().map(|w| (w.cell, SIDES.map(|side| side.place(w)))) else { return };
    let ends = if outline == Outline::Unknown { ends(windows, places, reach * cell) } else { Vec::new() };
    let mut any = false;
    for (side, place) in SIDES.into_iter().zip(places) {
        // Dots that do not run together above and below do not at the sides.
        if outline == Outline::Dotted && !any && matches!(side, Side::Left | Side::Right) {
            return;
        }
        // The frame of the neighbour is as good a line.
        for count in 0..LINES {
            let seen = side.profiles(windows);
            let needed = match (seen.len() < ROW || outline == Outline::Dotted, count) {
                (true, _) => ALONE,
                (false, 0) => BROKEN,
                (false, _) => ALONG,
            };
            let Some(at) = line(&seen, place, reach * cell, needed) else { break };
            any = true;
            // A stroke close to the line makes it no thicker than it is in the other cells.
            let mut thick: Vec<usize> = seen.iter().map(|seen| own(seen, at, (THICK * cell) as usize).len()).collect();
            let middle = thick.len() / 2;
            let thick = *thick.select_nth_unstable(middle).1;
            for (window, seen) in windows.iter_mut().flatten().zip(&seen) {
                side.clear(window, &own(seen, at, thick.saturating_sub(1)));
            }
        }
    }
    for (index, side, lines) in ends {
        if let Some(window) = &mut windows[index] {
            side.clear(window, &lines);
        }
    }
}

/// The lines at the ends of a row that is divided by nothing, or by dots: whole from the line above to the line below.
fn ends(windows: &[Option<Window>], places: [f32; 4], reach: f32) -> Vec<(usize, Side, Range<usize>)> {
    let across = |side: Side, place: f32| line(&side.profiles(windows), place, reach, ALONG);
    // One of the lines across tells where the other is.
    let high = (places[1] - places[0]) as usize;
    let (top, bottom) = match (across(Side::Top, places[0]), across(Side::Bottom, places[1])) {
        (Some(top), Some(bottom)) => (top, bottom),
        (Some(top), None) => (top, top + high),
        (None, Some(bottom)) => (bottom.saturating_sub(high), bottom),
        (None, None) => return Vec::new(),
    };
    let found = |(index, side, place): (usize, Side, f32)| {
        let window = windows[index].as_ref()?;
        let seen = side.profile(window);
        let at = line(std::slice::from_ref(&seen), place, reach, ALONG)?;
        let end = (END * window.cell) as usize;
        let dark = |y: usize| y < window.h && window.ink[y * window.w..][..window.w][near(&seen, at)].contains(&1);
        // The lines across are dark as well; it must be there before them.
        let whole = (top + RIM + 1..top + end).any(dark) && ((bottom + 1).saturating_sub(end)..bottom.saturating_sub(RIM)).any(dark);
        whole.then(|| (index, side, own(&seen, at, (THICK * window.cell) as usize)))
    };
    [(0, Side::Left, places[2]), (windows.len() - 1, Side::Right, places[3])].into_iter().filter_map(found).collect()
}

/// Where the line of a row lies: the place near `from` that most cells have dark along, by the share `needed`.
fn line(seen: &[Vec<f32>], from: f32, reach: f32, needed: f32) -> Option<usize> {
    let length = seen.iter().map(Vec::len).min()?;
    let low = |at: usize| {
        let mut all: Vec<f32> = seen.iter().map(|s| best(s, at)).collect();
        let quarter = if all.len() < ROW { 0 } else { all.len() / 4 };
        *all.select_nth_unstable_by(quarter, f32::total_cmp).1
    };
    let near = ((from - reach).max(0.0) as usize)..((from + reach).ceil() as usize + 1).min(length);
    let all: Vec<(usize, f32)> = near.map(|at| (at, low(at))).collect();
    let most = all.iter().map(|(_, dark)| *dark).fold(0.0, f32::max);
    // Of equals the one nearest to its place, and then where it runs in all the cells.
    let found =
        all.iter().filter(|(_, dark)| *dark >= needed.max(most - 0.05)).map(|(at, _)| *at).min_by_key(|at| at.abs_diff(from as usize))?;
    let sum = |at: usize| seen.iter().map(|s| best(s, at) + 0.1 * s[at]).sum::<f32>();
    (found.saturating_sub(2 * ASKEW)..(found + 2 * ASKEW + 1).min(length)).max_by(|a, b| sum(*a).total_cmp(&sum(*b)))
}

/// The darkest of a profile close to `at`.
fn best(seen: &[f32], at: usize) -> f32 {
    seen[near(seen, at)].iter().copied().fold(0.0, f32::max)
}

/// Where a line lies that lies at `at` in other cells.
fn near(seen: &[f32], at: usize) -> Range<usize> {
    at.saturating_sub(ASKEW)..(at + ASKEW + 1).min(seen.len())
}

/// The pixels across the line of one cell: dark along at least half of the side, at most `thick` of them.
fn own(seen: &[f32], at: usize, thick: usize) -> Range<usize> {
    let Some(middle) = near(seen, at).max_by(|a, b| seen[*a].total_cmp(&seen[*b]).then(b.abs_diff(at).cmp(&a.abs_diff(at)))) else {
        return at..at;
    };
    if seen[middle] < ALONG / 2.0 {
        return at..at;
    }
    let half = seen[middle] / 2.0;
    let (mut from, mut to) = (middle, middle + 1);
    while to - from < thick {
        let dark = |at: Option<usize>| at.and_then(|at| seen.get(at)).copied().filter(|dark| *dark >= half).unwrap_or(0.0);
        match (dark(from.checked_sub(1)), dark(Some(to))) {
            (0.0, 0.0) => break,
            (before, behind) if before > behind => from -= 1,
            _ => to += 1,
        }
    }
    // Each stands for itself and the next.
    from..(to + 1).min(seen.len())
}

#[derive(Debug, Clone, Copy)]
enum Side {
    Top,
    Bottom,
    Left,
    Right,
}

const SIDES: [Side; 4] = [Side::Top, Side::Bottom, Side::Left, Side::Right];

impl Side {
    fn place(self, window: &Window) -> f32 {
        match self {
            Self::Top => window.top,
            Self::Bottom => window.bottom,
            Self::Left => window.left,
            Self::Right => window.right,
        }
    }

    /// The same of every cell.
    fn profiles(self, windows: &[Option<Window>]) -> Vec<Vec<f32>> {
        windows.iter().flatten().map(|window| self.profile(window)).collect()
    }

    /// How much of the side of the cell is dark, for each line of pixels parallel to it together with the next: a thin line that is
    /// a little askew steps from one to the other.
    fn profile(self, window: &Window) -> Vec<f32> {
        let (x, y) = (window.left as usize..window.right as usize, window.top as usize..window.bottom as usize);
        let row = |y: usize| &window.ink[y * window.w..(y + 1) * window.w];
        match self {
            Self::Top | Self::Bottom => {
                let both = |at: usize| row(at)[x.clone()].iter().zip(&row((at + 1).min(window.h - 1))[x.clone()]);
                let share = |at: usize| both(at).map(|(a, b)| u32::from(a | b)).sum::<u32>() as f32 / x.len().max(1) as f32;
                (0..window.h).map(share).collect()
            }
            Self::Left | Self::Right => {
                let mut counts = vec![0_u16; window.w];
                for row in y.clone().map(row) {
                    counts.iter_mut().zip(row.iter().zip(&row[1..])).for_each(|(count, (a, b))| *count += u16::from(a | b));
                }
                counts.into_iter().map(|count| f32::from(count) / y.len().max(1) as f32).collect()
            }
        }
    }

    /// Wipes `lines` and their rim in the whole window, except where ink goes on at both sides.
    fn clear(self, window: &mut Window, lines: &Range<usize>) {
        if lines.is_empty() {
            return;
        }
        let flat = matches!(self, Self::Top | Self::Bottom);
        let (along, across) = if flat { (window.w, window.h) } else { (window.h, window.w) };
        let (w, old) = (window.w, window.ink.clone());
        let index = |at: usize, off: usize| if flat { off * w + at } else { at * w + off };
        let goes_on = |at: usize, off: Option<usize>| {
            let Some(off) = off.filter(|off| *off < across) else { return false };
            (at.saturating_sub(1)..(at + 2).min(along)).any(|at| old[index(at, off)] == 1)
        };
        // A line that is a little askew reaches into its rim; beyond it only strokes go on.
        let (from, to) = (lines.start.saturating_sub(RIM), (lines.end + RIM).min(across));
        for at in 0..along {
            let (before, behind) = (goes_on(at, from.checked_sub(1)), goes_on(at, Some(to)));
            if before && behind {
                continue;
            }
            let from = if before { lines.start } else { from };
            let to = if behind { lines.end } else { to };
            (from..to).map(|off| index(at, off)).for_each(|at| (window.dark[at], window.ink[at]) = (0.0, 0));
        }
    }
}
