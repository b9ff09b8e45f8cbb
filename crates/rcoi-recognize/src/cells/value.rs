//! From the rows of the classifier to the value of a field: number or word, each cell's character, what follows from all of them.

use crate::params::Params;
use rcoi_model::{CharReading, Confidence, Doubt};

/// Chance beforehand that a value mixes digits and letters: answers are numbers or words.
const MIXED: f32 = 0.01;

/// A value is a number or a word: the characters of a field that can only be one kind decide about the others
/// (`О` beside `8` is a zero). Bayes over the two kinds and the rare mixture, every row re-weighted; rows keep their sum.
pub(crate) fn one_kind(rows: &mut [Vec<f32>], classes: &[char]) {
    let kind = |c: char| if c.is_ascii_digit() || c == ',' { 1 } else { 2 * u8::from(c != '-') };
    let mass = |row: &[f32], wanted: u8| -> f32 {
        classes.iter().zip(row).filter(|(c, _)| kind(**c) == wanted || kind(**c) == 0).map(|(_, p)| p).sum()
    };
    let (mut number, mut word) = (1.0_f64, 1.0_f64);
    for row in rows.iter() {
        // A crossed-out cell says nothing about the kind.
        let total = f64::from(mass(row, 1)) + f64::from(mass(row, 2));
        if total > 0.1 {
            number *= f64::from(mass(row, 1)) / total;
            word *= f64::from(mass(row, 2)) / total;
        }
    }
    let mixed = f64::from(MIXED);
    let sum = (1.0 - mixed) / 2.0 * (number + word) + mixed * 0.5_f64.powi(rows.len() as i32);
    let (number, word) = ((1.0 - mixed) / 2.0 * number / sum, (1.0 - mixed) / 2.0 * word / sum);
    let rest = (1.0 - number - word).max(0.0);
    for row in rows.iter_mut() {
        let (numbers, words) = (mass(row, 1), mass(row, 2));
        let all: f32 = row[..classes.len()].iter().sum();
        if all <= 0.0 {
            continue;
        }
        let of_kind = |share: f64, part: f32| if part > 0.0 { share as f32 * all / part } else { 0.0 };
        let (n, w) = (of_kind(number, numbers), of_kind(word, words));
        for (chance, class) in row.iter_mut().zip(classes) {
            *chance *= match kind(*class) {
                0 => n + w + rest as f32,
                1 => n + rest as f32,
                _ => w + rest as f32,
            };
        }
        let now: f32 = row[..classes.len()].iter().sum();
        if now > 0.0 {
            row.iter_mut().take(classes.len()).for_each(|chance| *chance *= all / now);
        }
    }
}

/// One cell's answer: the classifier's row cut down to what the field permits.
pub(crate) fn name(row: &[f32], classes: &[char], params: &Params) -> (Option<char>, Confidence, Vec<(char, f32)>, bool) {
    let mut ranked: Vec<(char, f32)> = classes.iter().copied().zip(row.iter().copied()).filter(|(_, p)| *p > 0.0).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    let reject = row.get(classes.len()).copied().unwrap_or(0.0);
    let Some((best, chance)) = ranked.first().copied() else { return (None, Confidence::NONE, Vec::new(), true) };
    let rivals = ranked.into_iter().skip(1).take(3).filter(|(_, p)| *p > 0.001).collect();
    let crossed = reject > chance && reject > 1.0 - params.sure_char;
    (Some(best), Confidence::new(chance), rivals, crossed)
}

/// Joins the characters of a field and collects the doubts that follow from them.
pub(crate) fn join(chars: &[CharReading], crossed: &[bool], params: &Params) -> (String, Confidence, Vec<Doubt>) {
    let last = chars.iter().rposition(|c| !c.empty);
    let used = last.map_or(0, |l| l + 1);
    let value: String = chars[..used].iter().map(|c| if c.empty { ' ' } else { c.ch.unwrap_or('?') }).collect();
    let mut doubts = Vec::new();
    let places = |want: &dyn Fn(usize, &CharReading) -> bool| -> Vec<u32> {
        chars[..used].iter().enumerate().filter(|(i, c)| want(*i, c)).map(|(i, _)| i as u32).collect()
    };
    let crossed_cells = places(&|i, _| crossed.get(i).copied().unwrap_or(false));
    // A minus or a comma alone is no value: it is what is left of a frame, or of a character.
    let says_nothing = chars[..used].iter().all(|c| c.empty || matches!(c.ch, Some('-' | ',')));
    let doubtful = |c: &CharReading| says_nothing || c.confidence.get() < params.sure_char;
    let unsure = places(&|i, c| !c.empty && doubtful(c) && !crossed.get(i).copied().unwrap_or(false));
    let gaps = places(&|_, c| c.empty);
    if !crossed_cells.is_empty() {
        doubts.push(Doubt::CrossedOut { cells: crossed_cells });
    }
    if !unsure.is_empty() {
        doubts.push(Doubt::Ambiguous { cells: unsure });
    }
    if !gaps.is_empty() {
        doubts.push(Doubt::Gap { cells: gaps });
    }
    // The field is right when all its characters are: independent chances multiply.
    let chance = chars[..used].iter().map(|c| c.confidence.get()).product();
    (value, Confidence::new(chance), doubts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcoi_model::Quad;

    const CLASSES: [char; 4] = ['0', 'О', '8', '-'];

    #[test]
    fn a_round_character_beside_a_digit_is_a_zero() {
        let mut rows = vec![vec![0.45, 0.54, 0.0, 0.0, 0.01], vec![0.0, 0.0, 0.99, 0.0, 0.01]];
        one_kind(&mut rows, &CLASSES);
        assert!(rows[0][0] > 0.95, "{rows:?}");
        assert!((rows[0].iter().sum::<f32>() - 1.0).abs() < 1e-4);
    }

    #[test]
    fn a_dash_alone_is_no_value() {
        let cell = |ch| CharReading { ch: Some(ch), empty: false, confidence: Confidence::SURE, rivals: Vec::new(), area: Quad::default() };
        let doubts = |text: &str| join(&text.chars().map(cell).collect::<Vec<_>>(), &[], &Params::default()).2;
        assert_eq!(doubts("-"), [Doubt::Ambiguous { cells: vec![0] }]);
        assert!(doubts("-5").is_empty());
    }

    #[test]
    fn a_round_character_alone_stays_doubtful() {
        let mut rows = vec![vec![0.5, 0.49, 0.0, 0.0, 0.01]];
        one_kind(&mut rows, &CLASSES);
        assert!(rows[0][0] < 0.6 && rows[0][1] < 0.6, "{rows:?}");
    }
}
