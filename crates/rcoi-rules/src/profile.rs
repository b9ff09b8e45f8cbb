//! The export profile: parts of federal packet names that no plan holds. The table is data (`data/profile.toml`).

use serde::Deserialize;

/// Shipped profile.
pub const DEFAULT_PROFILE: &str = include_str!("../data/profile.toml");

/// Codes of form kinds by test type and subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    kinds: Vec<KindRow>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct KindRow {
    test_type: String,
    subject: String,
    code: String,
    #[serde(default, rename = "note")]
    _note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ProfileFile {
    form_kind: Vec<KindRow>,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ProfileError {
    #[error("profile: {0}")]
    Syntax(String),
    #[error("profile: row {row}: {part} '{value}': expected {expected}")]
    Part { row: usize, part: &'static str, value: String, expected: &'static str },
    #[error("profile: row {row} repeats test type '{test_type}', subject '{subject}'")]
    Repeated { row: usize, test_type: String, subject: String },
}

impl Profile {
    /// Parses and checks a profile; the first fault is reported with its row, counted from 1.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let file: ProfileFile = toml::from_str(text).map_err(|e| ProfileError::Syntax(e.to_string().trim().to_owned()))?;
        for (i, kind) in file.form_kind.iter().enumerate() {
            let row = i + 1;
            let wrong = |part, value: &str, expected| Err(ProfileError::Part { row, part, value: value.to_owned(), expected });
            if kind.test_type != "*" && !is_digits(&kind.test_type, 1) {
                return wrong("test type", &kind.test_type, "one digit or *");
            }
            if kind.subject != "*" && !is_digits(&kind.subject, 2) {
                return wrong("subject", &kind.subject, "two digits or *");
            }
            if !is_digits(&kind.code, 2) {
                return wrong("code", &kind.code, "two digits");
            }
            if file.form_kind[..i].iter().any(|other| (&other.test_type, &other.subject) == (&kind.test_type, &kind.subject)) {
                return Err(ProfileError::Repeated { row, test_type: kind.test_type.clone(), subject: kind.subject.clone() });
            }
        }
        Ok(Self { kinds: file.form_kind })
    }

    /// Code of the form kind, the part `FF` of a packet name; `None` when no row fits.
    #[must_use]
    pub fn form_kind(&self, test_type: &str, subject: &str) -> Option<&str> {
        self.kinds
            .iter()
            .filter(|k| (k.test_type == test_type || k.test_type == "*") && (k.subject == subject || k.subject == "*"))
            .max_by_key(|k| (k.subject != "*", k.test_type != "*"))
            .map(|k| k.code.as_str())
    }
}

fn is_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(test_type: &str, subject: &str, code: &str) -> String {
        format!("[[form-kind]]\ntest-type = '{test_type}'\nsubject = '{subject}'\ncode = '{code}'\n")
    }

    #[test]
    fn the_shipped_profile_names_every_exam_with_two_digits() {
        let profile = Profile::parse(DEFAULT_PROFILE).unwrap();
        assert_eq!(profile.form_kind("1", "01"), Some("06"));
        assert_eq!(profile.form_kind("9", "20"), Some("06"));
    }

    #[test]
    fn the_most_exact_row_wins_in_whatever_order() {
        let rows = [row("*", "*", "01"), row("9", "*", "02"), row("*", "20", "03"), row("9", "20", "04")];
        for text in [rows.concat(), rows.iter().rev().cloned().collect()] {
            let profile = Profile::parse(&text).unwrap();
            let codes = [("1", "01"), ("9", "01"), ("1", "20"), ("9", "20")].map(|(t, s)| profile.form_kind(t, s).unwrap().to_owned());
            assert_eq!(codes, ["01", "02", "03", "04"]);
        }
        assert_eq!(Profile::parse(&row("9", "*", "02")).unwrap().form_kind("1", "01"), None);
    }

    #[test]
    fn a_bad_row_is_refused_with_its_number_and_what_was_expected() {
        let said = |text: String| Profile::parse(&text).unwrap_err().to_string();
        assert_eq!(said(row("*", "*", "6")), "profile: row 1: code '6': expected two digits");
        assert_eq!(said(row("*", "*", "06") + &row("*", "1", "06")), "profile: row 2: subject '1': expected two digits or *");
        assert_eq!(said(row("19", "*", "06")), "profile: row 1: test type '19': expected one digit or *");
        assert_eq!(said(row("*", "*", "06") + &row("*", "*", "07")), "profile: row 2 repeats test type '*', subject '*'");
        assert!(said(row("*", "*", "06").replace("code", "cod")).contains("cod"));
    }
}
