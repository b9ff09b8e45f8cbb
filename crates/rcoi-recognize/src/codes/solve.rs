//! The best code under its check, and its chance among all codes that fulfil it: sums over paths with the remainder as state.

use super::code128;
use rcoi_model::CheckDigit;
use rcoi_template::bars::{EAN_PARITY, START_A};

/// Log chances by place and value; a constant per place does not matter.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chances(pub(super) Vec<Vec<f32>>);

/// Log chances of the ten digits.
pub(super) type Digits = [f32; 10];

/// Sums and the best path over the remainder of a weighted sum.
struct Sums {
    /// Log of the summed chances by remainder.
    all: Vec<f32>,
    /// Log chance of the best path by remainder, and the path.
    best: Vec<(f32, Vec<u8>)>,
}

impl Sums {
    fn begin(modulus: usize, remainder: usize) -> Self {
        let mut all = vec![f32::NEG_INFINITY; modulus];
        let mut best = vec![(f32::NEG_INFINITY, Vec::new()); modulus];
        (all[remainder], best[remainder].0) = (0.0, 0.0);
        Self { all, best }
    }

    /// One more value of this weight, with its log chances.
    fn step(&self, weight: usize, chances: &[f32]) -> Self {
        let modulus = self.all.len();
        let mut next = Self { all: vec![f32::NEG_INFINITY; modulus], best: vec![(f32::NEG_INFINITY, Vec::new()); modulus] };
        let mut from = vec![(0, 0_u8); modulus];
        for (before, all) in self.all.iter().enumerate().filter(|(_, a)| a.is_finite()) {
            for (value, chance) in chances.iter().enumerate() {
                let after = (before + weight * value) % modulus;
                next.all[after] = log_sum(next.all[after], all + chance);
                let best = self.best[before].0 + chance;
                if best > next.best[after].0 {
                    (next.best[after].0, from[after]) = (best, (before, value as u8));
                }
            }
        }
        for (best, (before, value)) in next.best.iter_mut().zip(from).filter(|(best, _)| best.0.is_finite()) {
            best.1.clone_from(&self.best[before].1);
            best.1.push(value);
        }
        next
    }
}

fn log_sum(a: f32, b: f32) -> f32 {
    let (high, low) = (a.max(b), a.min(b));
    if low == f32::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
}

fn text(digits: &[u8]) -> String {
    digits.iter().map(|d| char::from(b'0' + d)).collect()
}

/// Bars: six places of twenty shapes, six of ten. Printed digits: thirteen places.
pub(super) fn ean13(bars: Option<&Chances>, printed: Option<&[Digits]>) -> Option<(String, f32)> {
    if bars.is_none() && printed.is_none() {
        return None;
    }
    let mut total = f32::NEG_INFINITY;
    let mut best: (f32, Vec<u8>) = (f32::NEG_INFINITY, Vec::new());
    for (lead, parity) in EAN_PARITY.iter().enumerate() {
        let mut sums = Sums::begin(10, lead);
        let lead_chance = printed.map_or(0.0, |p| p[0][lead]);
        for i in 1..13 {
            let even = i <= 6 && parity >> (6 - i) & 1 == 1;
            let row: Digits =
                std::array::from_fn(|d| bars.map_or(0.0, |b| b.0[i - 1][if even { d + 10 } else { d }]) + printed.map_or(0.0, |p| p[i][d]));
            sums = sums.step(if i % 2 == 1 { 3 } else { 1 }, &row);
        }
        total = log_sum(total, sums.all[0] + lead_chance);
        if sums.best[0].0 + lead_chance > best.0 {
            best = (sums.best[0].0 + lead_chance, sums.best[0].1.clone());
            best.1.insert(0, lead as u8);
        }
    }
    (best.1.len() == 13).then(|| (text(&best.1), (best.0 - total).exp()))
}

/// Start (three shapes), then values with the check value as the last.
pub(super) fn code128(bars: &Chances) -> Option<(String, f32)> {
    let (start, values) = bars.0.split_first()?;
    let (check, data) = values.split_last()?;
    let mut total = f32::NEG_INFINITY;
    let mut best: (f32, Vec<u8>) = (f32::NEG_INFINITY, Vec::new());
    for (which, start_chance) in start.iter().enumerate() {
        let first = START_A + which as u8;
        let mut sums = Sums::begin(103, usize::from(first) % 103);
        for (i, row) in data.iter().enumerate() {
            sums = sums.step(i + 1, row);
        }
        for (remainder, check) in check.iter().enumerate() {
            total = log_sum(total, sums.all[remainder] + check + start_chance);
            let chance = sums.best[remainder].0 + check + start_chance;
            if chance > best.0 {
                best = (chance, sums.best[remainder].1.clone());
                best.1.insert(0, first);
            }
        }
    }
    Some((code128::text(&best.1)?, (best.0 - total).exp()))
}

/// Bars: places of a hundred pairs. Printed digits: two for each pair. The check digit counts when the field has one.
pub(super) fn itf(bars: Option<&Chances>, printed: Option<&[Digits]>, check: CheckDigit) -> Option<(String, f32)> {
    let pairs = bars.map(|b| b.0.len()).or(printed.map(|p| p.len() / 2))?;
    if printed.is_some_and(|p| p.len() != 2 * pairs) {
        return itf(bars, None, check);
    }
    let weight = |i: usize| match check {
        CheckDigit::None => 0,
        _ if i == 2 * pairs - 1 => 1,
        CheckDigit::Gs1 => 1 + 2 * (i % 2),
        CheckDigit::Swapped => 3 - 2 * (i % 2),
    };
    let mut sums = Sums::begin(10, 0);
    for pair in 0..pairs {
        let (a, b) = (2 * pair, 2 * pair + 1);
        // A pair is one step of a hundred values, each worth its own weighted sum: sorted by the remainder that it adds.
        let chance = |n: usize| bars.map_or(0.0, |c| c.0[pair][n]) + printed.map_or(0.0, |p| p[a][n / 10] + p[b][n % 10]);
        sums = sums.pair(weight(a), weight(b), &(0..100).map(chance).collect::<Vec<f32>>());
    }
    let digits: Vec<u8> = sums.best[0].1.iter().flat_map(|n| [n / 10, n % 10]).collect();
    (digits.len() == 2 * pairs).then(|| (text(&digits), (sums.best[0].0 - sums.all[0]).exp()))
}

impl Sums {
    /// Two digits at once, each of its own weight; `chances` of 00 to 99.
    fn pair(&self, first: usize, second: usize, chances: &[f32]) -> Self {
        let mut next = Self { all: vec![f32::NEG_INFINITY; 10], best: vec![(f32::NEG_INFINITY, Vec::new()); 10] };
        for (before, all) in self.all.iter().enumerate().filter(|(_, a)| a.is_finite()) {
            for (n, chance) in chances.iter().enumerate() {
                let after = (before + first * (n / 10) + second * (n % 10)) % 10;
                next.all[after] = log_sum(next.all[after], all + chance);
                if self.best[before].0 + chance > next.best[after].0 {
                    next.best[after].0 = self.best[before].0 + chance;
                    next.best[after].1.clone_from(&self.best[before].1);
                    next.best[after].1.push(n as u8);
                }
            }
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::{Chances, Digits, code128, ean13, itf};
    use rcoi_model::CheckDigit;

    /// Sure of `digit`, or of nothing.
    fn row(digit: Option<u8>) -> Digits {
        std::array::from_fn(|d| if digit.is_none_or(|x| usize::from(x) == d) { 0.0 } else { -20.0 })
    }

    #[test]
    fn the_check_digit_restores_one_lost_digit_and_no_more() {
        let code: Vec<u8> = "2310000000015".bytes().map(|b| b - b'0').collect();
        let lost = |which: &[usize]| -> Vec<Digits> { (0..13).map(|i| row((!which.contains(&i)).then_some(code[i]))).collect() };
        let (text, chance) = ean13(None, Some(&lost(&[4]))).expect("a code");
        assert!(text == "2310000000015" && chance > 0.999, "{text} {chance}");
        let (_, chance) = ean13(None, Some(&lost(&[4, 9]))).expect("a code");
        assert!((chance - 0.1).abs() < 0.01, "{chance}");
        assert!(ean13(None, None).is_none());
    }

    #[test]
    fn the_parity_of_the_bars_tells_the_first_digit() {
        // 4003994155486: odd even odd odd even even.
        let code: Vec<u8> = "4003994155486".bytes().map(|b| b - b'0').collect();
        let sets = [0, 1, 0, 0, 1, 1];
        let rows = (1..13).map(|i| {
            let place = if i <= 6 { usize::from(code[i]) + 10 * sets[i - 1] } else { usize::from(code[i]) };
            (0..if i <= 6 { 20 } else { 10 }).map(|d| if d == place { 0.0 } else { -20.0 }).collect()
        });
        let (text, chance) = ean13(Some(&Chances(rows.collect())), None).expect("a code");
        assert!(text == "4003994155486" && chance > 0.999, "{text} {chance}");
    }

    #[test]
    fn the_check_value_of_code_128_restores_one_lost_value() {
        // Start B, A = 33, B = 34, C = 35: 104 + 33 + 68 + 105 = 310, remainder 1.
        let sure = |value: usize, of: usize| -> Vec<f32> { (0..of).map(|v| if v == value { 0.0 } else { -20.0 }).collect() };
        let chances = Chances(vec![sure(1, 3), sure(33, 103), vec![0.0; 103], sure(35, 103), sure(1, 103)]);
        let (text, chance) = code128(&chances).expect("a code");
        assert!(text == "ABC" && chance > 0.99, "{text} {chance}");
    }

    #[test]
    fn an_interleaved_code_without_check_digit_stays_as_unsure_as_its_digits() {
        let printed = [row(Some(1)), row(None), row(Some(3)), row(Some(7))];
        let (_, chance) = itf(None, Some(&printed), CheckDigit::None).expect("a code");
        assert!((chance - 0.1).abs() < 0.01, "{chance}");
        // 1 + 3x + 3 + 7 = 0 mod 10: x = 3.
        let (text, chance) = itf(None, Some(&printed), CheckDigit::Gs1).expect("a code");
        assert!(text == "1337" && chance > 0.999, "{text} {chance}");
    }
}
