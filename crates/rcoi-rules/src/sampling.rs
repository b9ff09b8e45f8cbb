//! The blind sample: which confident fields people see all the same, and what the sample says about all others.

use crate::expect::same_value;
use crate::policy::{Policy, See};
use rcoi_model::FieldReading;
use serde::Serialize;
use statrs::distribution::{Beta, ContinuousCDF};

impl Policy {
    /// Does a confident field belong to the sample? `lot`: a number drawn once for the field, 0..1; the same field always
    /// draws the same.
    #[must_use]
    pub fn samples(&self, field: &FieldReading, lot: f64) -> bool {
        let rule = self.rule(&field.class, &field.name);
        let share = if field.value.is_empty() { self.sampling.empty } else { self.sampling.filled };
        matches!(rule.see, See::Doubt | See::WhenSet) && lot < share
    }
}

/// A lot in 0..1 out of an id: ids are hashes of names, so their bits are as good as drawn.
#[must_use]
pub fn lot(id: &uuid::Uuid) -> f64 {
    let high = id.as_u128() >> 64;
    // The version bits of the id are fixed: the first 48 bits are not among them.
    (high >> 16) as f64 / (1u64 << 48) as f64
}

/// Slips found in a sample.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rate {
    pub shown: u64,
    pub wrong: u64,
    /// Wrong among shown; 0 when nothing was shown.
    pub rate: f64,
    /// Exact interval that holds the true rate with 95 % (Clopper and Pearson, 1934); 0 and 1 when nothing was shown.
    pub low: f64,
    pub high: f64,
}

impl Rate {
    #[must_use]
    pub fn of(shown: u64, wrong: u64) -> Self {
        let wrong = wrong.min(shown);
        if shown == 0 {
            return Self { shown, wrong, rate: 0.0, low: 0.0, high: 1.0 };
        }
        let (n, k) = (shown as f64, wrong as f64);
        // Both parameters are positive, so there is a distribution.
        let quantile = |a: f64, b: f64, p: f64| Beta::new(a, b).map(|beta| beta.inverse_cdf(p));
        let low = if wrong == 0 { 0.0 } else { quantile(k, n - k + 1.0, 0.025).unwrap_or(0.0) };
        let high = if wrong == shown { 1.0 } else { quantile(k + 1.0, n - k, 0.975).unwrap_or(1.0) };
        Self { shown, wrong, rate: k / n, low, high }
    }
}

/// One field of the sample with what was said about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampled<'a, P> {
    pub machine: &'a str,
    /// Who saw it first, and what he read.
    pub said: Option<(P, &'a str)>,
    /// What the senior decided when the two differ, or when the first one passed it on.
    pub settled: Option<&'a str>,
}

/// What a sample says about the readings that nobody saw, and about the people who saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample<P> {
    /// Confident fields with something in them.
    pub filled: Rate,
    /// Confident fields that were read as empty.
    pub empty: Rate,
    /// Seen by nobody yet, or waiting for the senior.
    pub waiting: u64,
    /// For each person: fields that he read, and slips among them.
    pub people: Vec<(P, u64, u64)>,
}

/// Sums a sample up. A slip of the machine is one that the senior confirmed: a person may be wrong, too.
pub fn sum_up<'a, P: Copy + Eq>(fields: impl IntoIterator<Item = Sampled<'a, P>>) -> Sample<P> {
    let (mut filled, mut empty, mut waiting) = ((0, 0), (0, 0), 0);
    let mut people: Vec<(P, u64, u64)> = Vec::new();
    for field in fields {
        let truth = match (field.settled, field.said) {
            (Some(settled), _) => settled,
            (None, Some((_, said))) if same_value(said, field.machine) => field.machine,
            (None, _) => {
                waiting += 1;
                continue;
            }
        };
        let of = if field.machine.is_empty() { &mut empty } else { &mut filled };
        of.0 += 1;
        of.1 += u64::from(!same_value(truth, field.machine));
        let Some((who, said)) = field.said else { continue };
        let slip = u64::from(!same_value(truth, said));
        match people.iter_mut().find(|p| p.0 == who) {
            Some(person) => (person.1, person.2) = (person.1 + 1, person.2 + slip),
            None => people.push((who, 1, slip)),
        }
    }
    Sample { filled: Rate::of(filled.0, filled.1), empty: Rate::of(empty.0, empty.1), waiting, people }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::DEFAULT_POLICY;
    use proptest::prelude::*;
    use rcoi_model::{Confidence, FieldKind, Quad};

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 2e-4
    }

    #[test]
    fn the_interval_is_the_one_of_the_tables() {
        // Known values of the exact binomial interval.
        let none = Rate::of(100, 0);
        assert!(near(none.low, 0.0) && near(none.high, 0.0362), "{none:?}");
        let five = Rate::of(100, 5);
        assert!(near(five.low, 0.0164) && near(five.high, 0.1128), "{five:?}");
        let all = Rate::of(10, 10);
        assert!(near(all.low, 0.6915) && near(all.high, 1.0), "{all:?}");
        let nothing = Rate::of(0, 0);
        assert_eq!((nothing.low, nothing.high), (0.0, 1.0));
    }

    #[test]
    fn only_what_nobody_else_vouches_for_is_sampled() {
        let policy = Policy::parse(DEFAULT_POLICY).unwrap();
        let field = |class: &str, value: &str| FieldReading {
            name: "f".into(),
            kind: FieldKind::Cells,
            class: class.into(),
            value: value.into(),
            confidence: Confidence::new(1.0),
            doubts: vec![],
            area: Quad::default(),
            chars: vec![],
            marks: vec![],
        };
        assert!(policy.samples(&field("answer", "7"), 0.0015) && !policy.samples(&field("answer", "7"), 0.5));
        assert!(!policy.samples(&field("answer", ""), 0.0015) && policy.samples(&field("answer", ""), 0.0001));
        assert!(!policy.samples(&field("person", "ИВАНОВ"), 0.0) && !policy.samples(&field("signature", ""), 0.0));
    }

    #[test]
    fn lots_are_spread_evenly() {
        let lots: Vec<f64> = (0..4000u32).map(|n| lot(&uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, &n.to_le_bytes()))).collect();
        let below = lots.iter().filter(|l| **l < 0.25).count();
        assert!((900..1100).contains(&below) && lots.iter().all(|l| (0.0..1.0).contains(l)), "{below} of 4000 below a quarter");
    }

    #[test]
    fn a_slip_of_the_machine_is_one_that_the_senior_confirmed() {
        let of = |machine, said, settled| Sampled { machine, said, settled };
        let sample = sum_up([
            of("12", Some(("ann", "12")), None),
            of("12", Some(("ann", "17")), Some("17")),
            of("12", Some(("bob", "17")), Some("12")),
            of("", Some(("bob", "")), None),
            of("12", Some(("bob", "17")), None),
            of("12", None, None),
            // Passed on unread, and settled by the senior.
            of("12", None, Some("12")),
        ]);
        assert_eq!((sample.filled.shown, sample.filled.wrong), (4, 1));
        assert_eq!((sample.empty.shown, sample.empty.wrong, sample.waiting), (1, 0, 2));
        assert_eq!(sample.people, [("ann", 2, 0), ("bob", 2, 1)]);
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_rate_and_narrows_with_the_sample(shown in 1u64..5000, share in 0.0f64..=1.0) {
            let wrong = (shown as f64 * share) as u64;
            let rate = Rate::of(shown, wrong);
            prop_assert!(0.0 <= rate.low && rate.low <= rate.rate && rate.rate <= rate.high && rate.high <= 1.0);
            let tenfold = Rate::of(shown * 10, wrong * 10);
            prop_assert!(tenfold.high - tenfold.low <= rate.high - rate.low + 1e-9);
        }
    }
}
