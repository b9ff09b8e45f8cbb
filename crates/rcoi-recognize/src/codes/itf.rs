//! Interleaved 2 of 5 (ISO/IEC 16390) from the widths along one line. Nothing in it but the count of wide bars checks itself,
//! so quiet zones are asked for, and callers ask for several lines and for the length or a check digit.

use super::one_print;
use super::runs::{Hit, Runs};
use rcoi_template::bars::ITF_WIDE;

/// A wide bar is at least so many times as wide as the widest narrow one.
const WIDER: f32 = 1.35;
/// Narrow bars differ at most so much from one another: in one digit, and from the mean of the start.
const EVEN: f32 = 2.2;
/// Quiet zone that is asked for, narrow bars. The standard has ten; cut edges and frames leave less.
const QUIET: f32 = 4.0;
/// Longest code that is followed, digits.
const LONGEST: usize = 80;

/// Every code with a quiet zone on both sides and at least four digits.
pub(super) fn find(runs: &Runs) -> Vec<Hit> {
    let widths = &runs.widths;
    let starts = (1..widths.len().saturating_sub(4 + 20 + 3)).step_by(2);
    starts
        .filter_map(|start| {
            let (text, end) = digits(widths, start)?;
            one_print::holds(runs, start, &wide(&text)).then_some(())?;
            Some(Hit { text, from: runs.edge(start), to: runs.edge(end) })
        })
        .collect()
}

/// Which runs of a code are wide, from its start to its stop, a bar first.
fn wide(text: &str) -> Vec<bool> {
    let bits: Vec<u8> = text.bytes().map(|digit| ITF_WIDE[usize::from(digit - b'0')]).collect();
    let pairs = bits.chunks_exact(2).flat_map(|pair| (0..10).map(move |i| pair[i % 2] >> (4 - i / 2) & 1 == 1));
    [false; 4].into_iter().chain(pairs).chain([true, false, false]).collect()
}

/// The digits and the run after the stop.
fn digits(widths: &[f32], start: usize) -> Option<(String, usize)> {
    let first = &widths[start..start + 4];
    let (bar, space) = ((first[0] + first[2]) / 2.0, (first[1] + first[3]) / 2.0);
    let narrow = (bar + space) / 2.0;
    let even = |w: f32, mean: f32| w < mean * 1.5 && w * 1.5 > mean;
    if !(even(first[0], bar) && even(first[2], bar) && even(first[1], space) && even(first[3], space)) {
        return None;
    }
    if bar > EVEN * space || space > EVEN * bar || widths[start - 1] < QUIET * narrow {
        return None;
    }
    let (mut text, mut at) = (String::new(), start + 4);
    while text.len() < LONGEST && at + 3 < widths.len() {
        // The stop: wide bar, narrow space, narrow bar, paper.
        let stop = &widths[at..at + 4];
        if stop[0] > WIDER * stop[2] && stop[1] < EVEN * space && stop[2] < EVEN * bar && stop[3] >= QUIET * narrow {
            return (text.len() >= 4).then_some((text, at + 3));
        }
        let ten = widths.get(at..at + 10)?;
        for (first, mean) in [(0, bar), (1, space)] {
            let five: [f32; 5] = std::array::from_fn(|i| ten[first + 2 * i]);
            text.push(digit(&five, mean)?);
        }
        at += 10;
    }
    None
}

/// Two of the five are clearly wider than the rest, and those are of one width.
fn digit(five: &[f32; 5], mean: f32) -> Option<char> {
    let mut order = [0, 1, 2, 3, 4];
    order.sort_by(|a, b| five[*b].total_cmp(&five[*a]));
    let (wide, narrow) = (five[order[1]], five[order[2]]);
    let least = five[order[4]];
    if wide < WIDER * narrow || narrow > EVEN * least || narrow > EVEN * mean || five[order[0]] > EVEN * wide {
        return None;
    }
    let bits = 1_u8 << (4 - order[0]) | 1 << (4 - order[1]);
    ITF_WIDE.iter().position(|w| *w == bits).map(|d| char::from(b'0' + d as u8))
}
