//! Check-digit rules of sheet codes. Which rule a form uses is template data.

use serde::{Deserialize, Serialize};

/// How the last digit of a code is derived from the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum CheckDigit {
    /// No check digit.
    #[default]
    None,
    /// GS1 EAN-13: weights 1, 3, 1, 3 … from the left over twelve digits.
    Gs1,
    /// Weights 3, 1, 3, 1 … from the left; seen in a public generator of interview codes.
    Swapped,
}

impl CheckDigit {
    /// True when `code` is digits only and its last digit obeys the rule.
    #[must_use]
    pub fn accepts(self, code: &str) -> bool {
        if !code.bytes().all(|b| b.is_ascii_digit()) || code.is_empty() {
            return false;
        }
        let (body, last) = code.split_at(code.len() - 1);
        match self {
            Self::None => true,
            Self::Gs1 => last.as_bytes().first() == Some(&weighted(body, 1)),
            Self::Swapped => last.as_bytes().first() == Some(&weighted(body, 3)),
        }
    }
}

/// The GS1 check digit ('0'..='9') of twelve digits.
#[must_use]
pub fn ean13_check_digit(twelve: &str) -> char {
    char::from(weighted(twelve, 1))
}

fn weighted(body: &str, first: u32) -> u8 {
    let other = 4 - first;
    let sum: u32 = body.bytes().enumerate().map(|(i, b)| u32::from(b.wrapping_sub(b'0')) * if i % 2 == 0 { first } else { other }).sum();
    b'0' + ((10 - sum % 10) % 10) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_rules_give_the_digits_named_in_the_domain_notes() {
        assert_eq!(ean13_check_digit("223209000000"), '6');
        assert!(CheckDigit::Gs1.accepts("2232090000006"));
        assert!(CheckDigit::Swapped.accepts("2232090000002"));
        assert!(!CheckDigit::Gs1.accepts("2232090000002"));
        assert!(!CheckDigit::Gs1.accepts("22320900000O6"));
    }
}
