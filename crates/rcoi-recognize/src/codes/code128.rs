//! Code 128 (ISO/IEC 15417) from the widths along one line.

use super::runs::{Hit, Runs, nearest};
use rcoi_template::bars::{CODE128, CODE128_STOP, START_A, START_B, START_C, code128_check};

/// Largest sum of width errors over one value, modules: neighbouring values differ by two.
const TOLERANCE: f32 = 1.7;
/// Of start and stop, which nothing but themselves may stand for.
const END_TOLERANCE: f32 = 1.4;
/// White that is asked for on both sides, modules: the standard has ten.
const QUIET: f32 = 2.5;
/// Neighbouring values are equally wide, give or take so much.
const DRIFT: f32 = 0.12;
/// Longest code that is followed, values.
const LONGEST: usize = 80;

/// Every code whose check value holds.
pub(super) fn find(runs: &Runs) -> Vec<Hit> {
    let widths = &runs.widths;
    // Start, one value, check and stop are the least.
    let starts = (1..widths.len().saturating_sub(3 * 6 + 6)).step_by(2);
    starts
        .filter_map(|start| {
            let (values, end) = values(&widths[start..])?;
            // What lies beyond the line is not known.
            let module = widths[start..start + 6].iter().sum::<f32>() / 11.0;
            let quiet = |i: usize| i == 0 || i == widths.len() - 1 || widths[i] >= QUIET * module;
            if !quiet(start - 1) || !quiet(start + end) {
                return None;
            }
            let text = text(&values)?;
            Some(Hit { text, from: runs.edge(start), to: runs.edge(start + end) })
        })
        .collect()
}

/// Values from the start on and the number of runs up to the end of the stop; the check value is proven.
fn values(widths: &[f32]) -> Option<(Vec<u8>, usize)> {
    // Bars that spread widen at the cost of spaces; the start is known and tells by how much.
    let mut spread = 0.0;
    let mut module = widths[..6].iter().sum::<f32>() / 11.0;
    let in_modules = |at: usize, count: usize, module: f32, spread: f32| -> Vec<f32> {
        (0..count).map(|i| widths[at + i] / module - if i % 2 == 0 { spread } else { -spread }).collect()
    };
    let bars = |w: &[f32]| w.iter().step_by(2).sum::<f32>();
    let start = [START_A, START_B, START_C]
        .into_iter()
        .map(|s| {
            let pattern = CODE128[usize::from(s)];
            let own = (bars(&in_modules(0, 6, module, 0.0)) - bars(&pattern.map(|b| f32::from(b & 0x0F)))) / 3.0;
            (nearest(&in_modules(0, 6, module, own), std::iter::once(pattern.as_slice())).0, s, own)
        })
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(error, _, own)| *error < END_TOLERANCE && own.abs() < 0.6)?;
    let mut values = vec![start.1];
    spread += start.2;
    let mut at = 6;
    while values.len() <= LONGEST && at + 7 <= widths.len() {
        let stop: f32 = widths[at..at + 7].iter().sum::<f32>() / 13.0;
        if (stop / module - 1.0).abs() < DRIFT
            && nearest(&in_modules(at, 7, stop, spread), std::iter::once(CODE128_STOP.as_slice())).0 < END_TOLERANCE
        {
            let check = values.pop()?;
            return (values.len() >= 2 && code128_check(&values) == check).then_some((values, at + 7));
        }
        let own = widths[at..at + 6].iter().sum::<f32>() / 11.0;
        if (own / module - 1.0).abs() > DRIFT {
            return None;
        }
        let six = in_modules(at, 6, own, spread);
        let (error, value) = nearest(&six, CODE128[..103].iter().map(|p| p.as_slice()));
        if error > TOLERANCE {
            return None;
        }
        let off = (bars(&six) - bars(&CODE128[value].map(|b| f32::from(b & 0x0F)))) / 3.0;
        // The page may be stretched and the toner uneven: both are followed slowly.
        (module, spread) = (0.7 * module + 0.3 * own, spread + 0.2 * off);
        values.push(value as u8);
        at += 6;
    }
    None
}

/// The text of start and values; `None` when there is none or it uses characters beyond ASCII. FNC1 to FNC3 stand for no
/// character.
pub(super) fn text(values: &[u8]) -> Option<String> {
    let (first, rest) = values.split_first()?;
    let mut set = *first;
    let mut shifted = false;
    let mut out = String::new();
    for value in rest {
        let now = if shifted { if set == START_A { START_B } else { START_A } } else { set };
        shifted = false;
        match (now, *value) {
            (START_C, 0..=99) => {
                out.push(char::from(b'0' + value / 10));
                out.push(char::from(b'0' + value % 10));
            }
            (START_A, 0..=63) | (START_B, 0..=95) => out.push(char::from(value + 32)),
            (START_A, 64..=95) => out.push(char::from(value - 64)),
            (START_A | START_B, 98) => shifted = true,
            (START_A | START_B, 99) => set = START_C,
            (START_A | START_C, 100) => set = START_B,
            (START_B | START_C, 101) => set = START_A,
            (_, 102) | (START_A | START_B, 96 | 97) => {}
            _ => return None,
        }
    }
    (!out.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::text;
    use rcoi_template::bars::{START_A, START_B, START_C};

    #[test]
    fn sets_and_shifts_are_followed() {
        assert_eq!(text(&[START_C, 12, 34, 100, 33, 99, 5]).as_deref(), Some("1234A05"));
        assert_eq!(text(&[START_A, 33, 98, 65, 34, 65]).as_deref(), Some("AaB\u{1}"));
        assert_eq!(text(&[START_C, 102, 1]).as_deref(), Some("01"));
        assert_eq!(text(&[START_B, 100, 33]), None);
        assert_eq!(text(&[START_B]), None);
    }
}
