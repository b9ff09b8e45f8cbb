//! Sheet codes: prefix of the form, a running number, the GS1 check digit.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rcoi_model::ean13_check_digit;

/// Gives out codes; every one differs from those before it.
#[derive(Debug)]
pub(crate) struct Codes {
    next: u32,
}

/// First number of codes that belong to other exams; kits stay below it.
const FOREIGN_FROM: u32 = 900_000_000;

impl Codes {
    /// Numbers of this exam's kits.
    pub(crate) fn new(rng: &mut ChaCha8Rng) -> Self {
        Self { next: rng.random_range(100_000_000..500_000_000) }
    }

    /// Numbers of another exam's kits.
    pub(crate) fn foreign(rng: &mut ChaCha8Rng) -> Self {
        Self { next: FOREIGN_FROM + rng.random_range(0..10_000_000) }
    }

    /// Thirteen digits; `prefix` has three.
    pub(crate) fn take(&mut self, prefix: &str, rng: &mut ChaCha8Rng) -> String {
        self.next += rng.random_range(1..700);
        let twelve = format!("{prefix}{:09}", self.next);
        let check = ean13_check_digit(&twelve);
        format!("{twelve}{check}")
    }
}

/// Prefix of a form's codes; the shipped templates name the same.
pub(crate) fn prefix(form: &str) -> &'static str {
    match form {
        "R" => "230",
        "AB" => "231",
        "C1" => "232",
        "C2" => "233",
        "CX" => "234",
        "TEST" => "236",
        _ => "235",
    }
}
