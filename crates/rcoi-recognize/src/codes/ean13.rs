//! EAN-13 (ISO/IEC 15420) from the widths along one line.

use super::runs::{Hit, Runs, distance, nearest};
use rcoi_model::CheckDigit;
use rcoi_template::bars::{EAN_MODULES, EAN_ODD, EAN_PARITY};

/// Runs of a whole symbol: guards 3 + 5 + 3, twelve digits of four runs.
const RUNS: usize = 59;
/// Largest sum of width errors over a digit, modules: half of the smallest difference of two digits and a little more.
const TOLERANCE: f32 = 1.6;
/// No other digit may fit nearly as well, modules: bars that are painted over in part are told by a line as another digit, but
/// hardly better than as a third one. Digits differ by two modules and more, so clean bars leave nearly as much.
const MARGIN: f32 = 0.4;
/// Largest mean of these sums over the twelve digits: what stands in a row by accident is near `TOLERANCE` as often as far from it.
const MEAN: f32 = 0.85;
/// White that is asked for on both sides, modules: the standard has 11 and 7.
const QUIET: f32 = 2.5;
/// A guard's bars and spaces are one module wide, give or take so much.
const GUARD: f32 = 0.75;
/// Bars of the guards and spaces of the guards: ink spreads alike over all of them.
const GUARD_BARS: [usize; 6] = [0, 2, 28, 30, 56, 58];
const GUARD_SPACES: [usize; 5] = [1, 27, 29, 31, 57];

/// Every code whose check digit holds.
pub(super) fn find(runs: &Runs) -> Vec<Hit> {
    let widths = &runs.widths;
    // A symbol begins with a bar; bars stand at odd places.
    let starts = (1..(widths.len() + 1).saturating_sub(RUNS)).step_by(2);
    starts
        .filter_map(|start| {
            // What lies beyond the line is not known.
            let module = widths[start..start + RUNS].iter().sum::<f32>() / EAN_MODULES as f32;
            let quiet = |i: usize| i == 0 || i == widths.len() - 1 || widths[i] >= QUIET * module;
            if !quiet(start - 1) || !quiet(start + RUNS) {
                return None;
            }
            let text = decode(&widths[start..start + RUNS], module).filter(|c| CheckDigit::Gs1.accepts(c))?;
            Some(Hit { text, from: runs.edge(start), to: runs.edge(start + RUNS) })
        })
        .collect()
}

fn decode(widths: &[f32], module: f32) -> Option<String> {
    let near_one = |i: &usize| (widths[*i] / module - 1.0).abs() < GUARD;
    if !GUARD_BARS.iter().chain(&GUARD_SPACES).all(near_one) {
        return None;
    }
    let mean = |which: &[usize]| which.iter().map(|i| widths[*i] / module).sum::<f32>() / which.len() as f32;
    let spread = (mean(&GUARD_BARS) - mean(&GUARD_SPACES)) / 2.0;
    // The four widths of a digit in modules, as they were before the ink spread; `first` = a bar or a space.
    let four = |at: usize| -> [f32; 4] {
        let total: f32 = widths[at..at + 4].iter().sum();
        std::array::from_fn(|i| widths[at + i] / total * 7.0 - if (at + i).is_multiple_of(2) { spread } else { -spread })
    };
    let (mut digits, mut parity, mut errors) = (vec![0], 0_u8, 0.0);
    for i in 0..12 {
        let four = four(if i < 6 { 3 + 4 * i } else { 8 + 4 * i });
        let odd = nearest(&four, EAN_ODD.iter().map(|p| p.as_slice()));
        let back = [four[3], four[2], four[1], four[0]];
        let even = if i < 6 { nearest(&back, EAN_ODD.iter().map(|p| p.as_slice())) } else { (f32::INFINITY, 0) };
        let best = if even.0 < odd.0 { even } else { odd };
        let near = |widths: &[f32; 4]| EAN_ODD.iter().filter(|p| distance(widths, p.as_slice()) < best.0 + MARGIN).count();
        let rivals = near(&four) + if i < 6 { near(&back) } else { 0 };
        if best.0 > TOLERANCE || rivals > 1 {
            return None;
        }
        if i < 6 {
            parity = parity << 1 | u8::from(even.0 < odd.0);
        }
        digits.push(best.1 as u8);
        errors += best.0;
    }
    if errors > 12.0 * MEAN {
        return None;
    }
    digits[0] = EAN_PARITY.iter().position(|p| *p == parity)? as u8;
    Some(digits.into_iter().map(|d| char::from(b'0' + d)).collect())
}
