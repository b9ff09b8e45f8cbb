//! EAN-13 from a straightened patch: many scan lines vote digit by digit (symbology: ISO/IEC 15420).

use crate::sample::Patch;
use rcoi_model::CheckDigit;

/// Widths of space, bar, space, bar of the left odd (A) digits, modules; B is C mirrored, C has A's widths as bars.
const ODD: [[u8; 4]; 10] = [
    [3, 2, 1, 1],
    [2, 2, 2, 1],
    [2, 1, 2, 2],
    [1, 4, 1, 1],
    [1, 1, 3, 2],
    [1, 2, 3, 1],
    [1, 1, 1, 4],
    [1, 3, 1, 2],
    [1, 2, 1, 3],
    [3, 1, 1, 2],
];
/// Which of the six left digits are even (B), as bits from the first, for the leading digit 0..9.
const LEADING: [u8; 10] = [0b000000, 0b001011, 0b001101, 0b001110, 0b010011, 0b011001, 0b011100, 0b010101, 0b010110, 0b011010];
/// Runs of a whole symbol: guards 3 + 5 + 3, twelve digits of four runs.
const RUNS: usize = 59;
/// Largest sum of width errors over a digit, modules: half of the smallest difference of two digits and a little more.
const TOLERANCE: f32 = 1.6;

/// A code and the share of readable lines that agree on it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Voted {
    pub(crate) code: String,
    pub(crate) agreement: f32,
}

/// Reads bars that run from top to bottom of the patch, in either direction. A lone line proves nothing unless its
/// check digit holds; lines whose check digit holds vote for whole codes.
pub(crate) fn read(patch: &Patch) -> Option<Voted> {
    let mut votes: Vec<(String, u32)> = Vec::new();
    let mut readable = 0;
    // Bands of three rows hold less noise than single rows.
    for top in (0..patch.height.saturating_sub(2)).step_by(2) {
        let line: Vec<f32> = (0..patch.width).map(|x| (0..3).map(|d| f32::from(patch.row(top + d)[x])).sum::<f32>() / 3.0).collect();
        let Some(code) = read_line(&line) else { continue };
        readable += 1;
        match votes.iter_mut().find(|(c, _)| *c == code) {
            Some((_, n)) => *n += 1,
            None => votes.push((code, 1)),
        }
    }
    let (code, count) = votes.into_iter().max_by_key(|(_, n)| *n)?;
    // One accidental line in ten fits the check digit; two equal ones do not come about by accident.
    (count >= 2).then(|| Voted { code, agreement: count as f32 / readable as f32 })
}

fn read_line(line: &[f32]) -> Option<String> {
    let runs = runs(line)?;
    let mut found = None;
    for start in 0..=runs.len().checked_sub(RUNS)? {
        // Runs begin with a space; a symbol begins with a bar.
        if start % 2 == 0 {
            continue;
        }
        let symbol = &runs[start..start + RUNS];
        let mirrored: Vec<f32> = symbol.iter().rev().copied().collect();
        for widths in [symbol, mirrored.as_slice()] {
            if let Some(code) = decode(widths).filter(|c| CheckDigit::Gs1.accepts(c)) {
                found = Some(code);
            }
        }
    }
    found
}

/// Run lengths with sub-pixel edges, first a space. The cut between bar and space follows the local extremes.
fn runs(line: &[f32]) -> Option<Vec<f32>> {
    let reach = (line.len() / 12).max(8);
    let cut: Vec<f32> = (0..line.len())
        .map(|x| {
            let near = &line[x.saturating_sub(reach)..(x + reach).min(line.len())];
            let (low, high) = near.iter().fold((f32::INFINITY, 0.0_f32), |(l, h), v| (l.min(*v), h.max(*v)));
            // Flat paper must not break into bars.
            if high - low < 40.0 { low - 1.0 } else { (low + high) / 2.0 }
        })
        .collect();
    let (mut runs, mut last, mut dark) = (Vec::new(), 0.0, false);
    for x in 1..line.len() {
        let now = line[x] < cut[x];
        if now != dark {
            let (a, b) = (line[x - 1] - cut[x - 1], line[x] - cut[x]);
            let share = if (a - b).abs() < 1e-3 { 0.5 } else { (a / (a - b)).clamp(0.0, 1.0) };
            let edge = (x - 1) as f32 + share;
            runs.push(edge - last);
            (last, dark) = (edge, now);
        }
    }
    runs.push(line.len() as f32 - last);
    (runs.len() >= RUNS).then_some(runs)
}

fn decode(widths: &[f32]) -> Option<String> {
    let module = widths.iter().sum::<f32>() / 95.0;
    let near_one = |w: &f32| (*w / module - 1.0).abs() < 0.75;
    if !(widths[..3].iter().all(near_one) && widths[27..32].iter().all(near_one) && widths[56..].iter().all(near_one)) {
        return None;
    }
    let (mut left, mut even) = (Vec::with_capacity(6), 0_u8);
    for i in 0..6 {
        let (digit, is_even) = digit(&widths[3 + 4 * i..7 + 4 * i], true)?;
        left.push(digit);
        even = even << 1 | u8::from(is_even);
    }
    let lead = LEADING.iter().position(|p| *p == even)? as u8;
    let mut code = vec![lead];
    code.extend(left);
    for i in 0..6 {
        code.push(digit(&widths[32 + 4 * i..36 + 4 * i], false)?.0);
    }
    Some(code.into_iter().map(|d| char::from(b'0' + d)).collect())
}

/// The digit whose widths are nearest, and whether it is of the even set.
fn digit(widths: &[f32], left: bool) -> Option<(u8, bool)> {
    let total: f32 = widths.iter().sum();
    let modules: Vec<f32> = widths.iter().map(|w| w / total * 7.0).collect();
    let mut best = (f32::INFINITY, 0, false);
    for (value, pattern) in ODD.iter().enumerate() {
        let error =
            |reverse: bool| -> f32 { (0..4).map(|i| (modules[i] - f32::from(pattern[if reverse { 3 - i } else { i }])).abs()).sum() };
        for even in [false, true] {
            if even && !left {
                continue;
            }
            let e = error(even);
            if e < best.0 {
                best = (e, value as u8, even);
            }
        }
    }
    (best.0 <= TOLERANCE).then_some((best.1, best.2))
}
