//! What is known about a sheet before it is read, as chances beforehand for the characters of its cells (Bayes).

use crate::params::Params;

/// What is known about one field beforehand. Both may be wrong on a given sheet: people write what they like.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prior {
    /// Symbols that the exam permits here; a part of the form's alphabet. Others are read too and are a doubt.
    pub symbols: Option<String>,
    /// The value that most likely stands here, as it would be written: printed data, the roster.
    pub value: Option<String>,
}

/// What is known about a field of a sheet, by the field's name in the template.
pub type OfField<'k> = Box<dyn Fn(&str) -> Prior + 'k>;

/// Tells what is known about sheets. Pure: the same question has the same answer.
pub trait Known: Sync {
    /// `form` = letter of the recognised form, `code` = the sheet's code when it was read.
    fn sheet<'k>(&'k self, form: &'k str, code: Option<&str>) -> OfField<'k>;
}

/// Nothing is known: every page stands for itself.
#[derive(Debug, Clone, Copy)]
pub struct Nothing;

impl Known for Nothing {
    fn sheet<'k>(&'k self, _: &'k str, _: Option<&str>) -> OfField<'k> {
        Box::new(|_| Prior::default())
    }
}

impl Prior {
    /// Weighs the classifier's rows of a field (chances of `classes`, then of "none of these") with what is known. `places` =
    /// the cell of each row, counted from the first cell. Rows keep their sum.
    pub(crate) fn weigh(&self, rows: &mut [Vec<f32>], places: &[usize], classes: &[char], params: &Params) {
        if let Some(symbols) = self.symbols.as_deref().filter(|s| !s.is_empty()) {
            for row in rows.iter_mut() {
                for (chance, _) in row.iter_mut().zip(classes).filter(|(_, class)| !symbols.contains(**class)) {
                    *chance *= params.other_symbol;
                }
                scale(row);
            }
        }
        if let Some(value) = &self.value {
            let value: Vec<char> = value.chars().collect();
            let expected = |place: usize| value.get(place).and_then(|e| classes.iter().position(|class| class == e));
            let share = params.other_value / classes.len().max(1) as f32;
            let mut weighed = rows.to_vec();
            for (row, place) in weighed.iter_mut().zip(places) {
                let Some(at) = expected(*place) else { return };
                for (class, chance) in row.iter_mut().enumerate() {
                    *chance *= if class == at { 1.0 - params.other_value } else { share };
                }
                scale(row);
                // One character that is clearly another, and the sheet is not the one that was expected.
                if row.get(at).is_none_or(|chance| *chance < params.sure_char) {
                    return;
                }
            }
            if weighed.len() == value.iter().filter(|c| **c != ' ').count() {
                rows.clone_from_slice(&weighed);
            }
        }
    }

    /// Places (from 0) of characters that the exam does not permit here.
    pub(crate) fn forbidden(&self, chars: impl Iterator<Item = Option<char>>) -> Vec<u32> {
        let Some(symbols) = self.symbols.as_deref().filter(|s| !s.is_empty()) else { return Vec::new() };
        (0..).zip(chars).filter(|(_, c)| c.is_some_and(|c| !symbols.contains(c))).map(|(place, _)| place).collect()
    }
}

fn scale(row: &mut [f32]) {
    let sum: f32 = row.iter().sum();
    if sum > 0.0 {
        row.iter_mut().for_each(|chance| *chance /= sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    const CLASSES: [char; 4] = ['0', 'О', 'Ж', '8'];

    fn weighed(prior: &Prior, rows: &[[f32; 5]]) -> Vec<Vec<f32>> {
        let mut rows: Vec<Vec<f32>> = rows.iter().map(|r| r.to_vec()).collect();
        let places: Vec<usize> = (0..rows.len()).collect();
        prior.weigh(&mut rows, &places, &CLASSES, &Params::default());
        for row in &rows {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-4, "{row:?}");
        }
        rows
    }

    fn numbers() -> Prior {
        Prior { symbols: Some("08".to_owned()), value: None }
    }

    #[test]
    fn a_round_character_alone_is_a_zero_where_only_digits_are_permitted() {
        let rows = weighed(&numbers(), &[[0.48, 0.51, 0.0, 0.0, 0.01]]);
        assert!(rows[0][0] > 0.95, "{rows:?}");
    }

    #[test]
    fn a_letter_that_is_clearly_one_stays_a_letter_and_is_forbidden() {
        let rows = weighed(&numbers(), &[[0.0, 0.0, 0.999, 0.001, 0.0]]);
        assert!(rows[0][2] > 0.7, "{rows:?}");
        assert_eq!(numbers().forbidden([Some('0'), None, Some('Ж')].into_iter()), [2]);
        assert!(Prior::default().forbidden([Some('Ж')].into_iter()).is_empty());
    }

    #[test]
    fn a_hardly_legible_value_that_is_expected_is_read_so_and_a_clearly_other_one_as_it_stands() {
        let prior = Prior { symbols: None, value: Some("О8".to_owned()) };
        let near = [[0.55, 0.44, 0.0, 0.0, 0.01], [0.0, 0.0, 0.0, 0.99, 0.01]];
        let rows = weighed(&prior, &near);
        assert!(rows[0][1] > 0.95, "{rows:?}");
        let other = [near[0], [0.0001, 0.0, 0.9998, 0.0001, 0.0]];
        assert_eq!(weighed(&prior, &other)[0], other[0], "another value: nothing is expected any more");
        let longer = [near[0], near[1], near[1]];
        assert_eq!(weighed(&prior, &longer)[0], longer[0]);
        assert_eq!(weighed(&prior, &near[..1])[0], near[0], "a part of the value is another value");
    }
}
