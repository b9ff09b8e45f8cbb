//! Is a field that is read with confidence p right in a share p of cases? The reliability of confidences, by kind of field.
//!
//! Reliability diagram and expected calibration error after Guo et al., "On calibration of modern neural networks" (2017),
//! with bins that are narrower where the policy decides.

use super::Evaluation;
use std::collections::BTreeMap;

/// Lower edges of the bins; the last one ends at 1.
pub(crate) const EDGES: [f32; 16] = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.9995];

/// Fields of one range of confidence.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Bin {
    pub(crate) fields: u64,
    pub(crate) right: u64,
    /// Sum of the confidences.
    pub(crate) told: f64,
}

impl Bin {
    /// Mean confidence; 0 of no fields.
    pub(crate) fn confidence(&self) -> f64 {
        self.told / self.fields.max(1) as f64
    }

    /// Share of right fields; 0 of no fields.
    pub(crate) fn accuracy(&self) -> f64 {
        self.right as f64 / self.fields.max(1) as f64
    }
}

/// The reliability of one group of fields.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Curve {
    pub(crate) bins: [Bin; EDGES.len()],
}

impl Curve {
    pub(crate) fn add(&mut self, confidence: f32, right: bool) {
        let confidence = if confidence.is_nan() { 0.0 } else { confidence.clamp(0.0, 1.0) };
        let place = EDGES.iter().rposition(|edge| confidence >= *edge).unwrap_or(0);
        let bin = &mut self.bins[place];
        bin.fields += 1;
        bin.right += u64::from(right);
        bin.told += f64::from(confidence);
    }

    pub(crate) fn all(&self) -> Bin {
        self.bins.iter().fold(Bin::default(), |sum, bin| Bin {
            fields: sum.fields + bin.fields,
            right: sum.right + bin.right,
            told: sum.told + bin.told,
        })
    }

    /// Expected calibration error, 0..=1: how far confidence and share of right fields lie apart, bin by bin, weighed by fields.
    pub(crate) fn error(&self) -> f64 {
        let apart: f64 = self.bins.iter().map(|bin| (bin.told - bin.right as f64).abs()).sum();
        apart / self.all().fields.max(1) as f64
    }

    fn and(&mut self, other: &Self) {
        for (bin, more) in self.bins.iter_mut().zip(&other.bins) {
            bin.fields += more.fields;
            bin.right += more.right;
            bin.told += more.told;
        }
    }
}

/// Curves by group: `all`, each kind of field, and the same `filled` (something is written there in truth).
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Reliability {
    pub(crate) curves: BTreeMap<String, Curve>,
}

impl Reliability {
    /// Counts one field in all its groups.
    pub(crate) fn add(&mut self, kind: &str, filled: bool, confidence: f32, right: bool) {
        let filled = ["", ", filled"].into_iter().take(1 + usize::from(filled));
        for name in filled.flat_map(|suffix| [format!("all{suffix}"), format!("{kind}{suffix}")]) {
            self.curves.entry(name).or_default().add(confidence, right);
        }
    }

    /// All fields of an evaluation that were read and whose truth is not a matter of opinion.
    pub(crate) fn of(evaluation: &Evaluation) -> Self {
        let mut out = Self::default();
        for field in evaluation.pages.iter().flat_map(|p| &p.fields).filter(|f| !f.open) {
            if let Some(kind) = field.kind {
                out.add(kind_name(kind), !field.expected.is_empty(), field.confidence, field.value_right);
            }
        }
        out
    }

    pub(crate) fn and(&mut self, other: &Self) {
        for (name, curve) in &other.curves {
            self.curves.entry(name.clone()).or_default().and(curve);
        }
    }
}

pub(crate) fn kind_name(kind: rcoi_model::FieldKind) -> &'static str {
    use rcoi_model::FieldKind::{Cells, Code, Image, Ink, Marks};
    match kind {
        Code => "code",
        Marks => "marks",
        Cells => "cells",
        Ink => "ink",
        Image => "image",
    }
}

#[cfg(test)]
mod tests {
    use super::{Curve, EDGES, Reliability};
    use proptest::prelude::*;

    #[test]
    fn ninety_right_of_a_hundred_at_nine_tenths_is_no_error_and_all_wrong_is_nine_tenths() {
        let (mut honest, mut liar) = (Curve::default(), Curve::default());
        for n in 0..100 {
            honest.add(0.9, n >= 10);
            liar.add(0.9, false);
        }
        assert!(honest.error() < 1e-6, "{}", honest.error());
        assert!((liar.error() - 0.9).abs() < 1e-6, "{}", liar.error());
        assert_eq!(Curve::default().error(), 0.0);
    }

    #[test]
    fn errors_of_different_bins_do_not_cancel() {
        let mut curve = Curve::default();
        (0..10).for_each(|_| curve.add(0.55, true));
        (0..10).for_each(|_| curve.add(0.45, false));
        assert!((curve.error() - 0.45).abs() < 1e-6);
    }

    #[test]
    fn a_field_counts_in_its_kind_and_an_empty_one_not_among_the_filled() {
        let mut all = Reliability::default();
        all.add("cells", true, 0.7, true);
        all.add("marks", false, 1.0, true);
        let fields = |name: &str| all.curves.get(name).map(|c| c.all().fields);
        assert_eq!([fields("all"), fields("all, filled"), fields("cells, filled"), fields("marks")], [Some(2), Some(1), Some(1), Some(1)]);
        assert_eq!(fields("marks, filled"), None);
    }

    proptest! {
        #[test]
        fn the_error_lies_between_nothing_and_one_and_counts_are_kept(fields in proptest::collection::vec((any::<f32>(), any::<bool>()), 0..200)) {
            let mut curve = Curve::default();
            fields.iter().for_each(|(confidence, right)| curve.add(*confidence, *right));
            prop_assert!((0.0..=1.0).contains(&curve.error()));
            prop_assert_eq!(curve.all().fields as usize, fields.len());
            prop_assert_eq!(curve.all().right as usize, fields.iter().filter(|f| f.1).count());
            // No finer division tells less: the error is at least the gap of the whole.
            let whole = curve.all();
            prop_assert!(curve.error() + 1e-9 >= (whole.confidence() - whole.accuracy()).abs());
            for (bin, edges) in curve.bins.iter().zip(EDGES.windows(2)).filter(|(bin, _)| bin.fields > 0) {
                prop_assert!(bin.confidence() >= f64::from(edges[0]) - 1e-6 && bin.confidence() <= f64::from(edges[1]) + 1e-6);
            }
        }

        #[test]
        fn two_halves_together_are_the_whole(fields in proptest::collection::vec((0.0..=1.0f32, any::<bool>()), 1..100), cut in 0..100usize) {
            let add = |part: &[(f32, bool)]| {
                let mut out = Reliability::default();
                part.iter().for_each(|(confidence, right)| out.add("cells", true, *confidence, *right));
                out
            };
            let cut = cut.min(fields.len());
            let (mut sum, whole) = (add(&fields[..cut]), add(&fields));
            sum.and(&add(&fields[cut..]));
            for (name, curve) in &whole.curves {
                prop_assert!((sum.curves[name].error() - curve.error()).abs() < 1e-9);
            }
        }
    }
}
