//! Is a typed value allowed? The message says what was expected, in the language of the person who typed it.

use rcoi_model::{CheckDigit, FieldKind};

/// Longest answer the federal level stores, in characters (an answer may overrun its cells).
pub const LONGEST_VALUE: usize = 100;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ValueError {
    #[error("символ «{found}» на месте {place} не допускается; ожидались: {permitted}")]
    Symbol { found: char, place: usize, permitted: String },
    #[error("значение длиной {length} не помещается: ожидалось не более {most} символов")]
    TooLong { length: usize, most: usize },
    #[error("отметки «{found}» нет в поле; ожидались: {options}")]
    Option { found: String, options: String },
    #[error("код «{0}»: ожидалось 13 цифр")]
    CodeDigits(String),
    #[error("код «{code}»: контрольная цифра {found}, ожидалась {expected}")]
    CheckDigit { code: String, found: char, expected: char },
}

/// Checks a typed field value. `permitted` empty = any symbol; `cells` 0 = no limit but [`LONGEST_VALUE`].
/// `overrun` allows more characters than cells (the text really goes beyond them on paper).
pub fn check_value(kind: FieldKind, value: &str, permitted: &str, cells: u32, overrun: bool, options: &[String]) -> Result<(), ValueError> {
    match kind {
        FieldKind::Marks => {
            for mark in value.split('|').filter(|m| !m.is_empty()) {
                if !options.iter().any(|o| o == mark) {
                    return Err(ValueError::Option { found: mark.to_owned(), options: options.join(" ") });
                }
            }
            Ok(())
        }
        FieldKind::Ink | FieldKind::Image => {
            if value.is_empty() || value == "1" {
                Ok(())
            } else {
                Err(ValueError::Option { found: value.to_owned(), options: "пусто или 1".to_owned() })
            }
        }
        FieldKind::Cells | FieldKind::Code => {
            let length = value.chars().count();
            let most = if cells == 0 || overrun { LONGEST_VALUE } else { cells as usize };
            if length > most {
                return Err(ValueError::TooLong { length, most });
            }
            if permitted.is_empty() {
                return Ok(());
            }
            match value.chars().enumerate().find(|(_, c)| *c != ' ' && !permitted.contains(*c)) {
                Some((at, found)) => Err(ValueError::Symbol { found, place: at + 1, permitted: permitted.to_owned() }),
                None => Ok(()),
            }
        }
    }
}

/// Checks a sheet code typed by hand: thirteen digits, GS1 check digit.
pub fn check_sheet_code(code: &str) -> Result<(), ValueError> {
    if code.len() != 13 || !code.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ValueError::CodeDigits(code.to_owned()));
    }
    if CheckDigit::Gs1.accepts(code) {
        return Ok(());
    }
    let (body, last) = code.split_at(12);
    Err(ValueError::CheckDigit {
        code: code.to_owned(),
        found: last.chars().next().unwrap_or(' '),
        expected: rcoi_model::ean13_check_digit(body),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forbidden_symbol_is_named_with_its_place() {
        let error = check_value(FieldKind::Cells, "12a", "0123456789", 17, false, &[]).unwrap_err();
        assert_eq!(error, ValueError::Symbol { found: 'a', place: 3, permitted: "0123456789".into() });
        assert!(error.to_string().contains("ожидались: 0123456789"));
    }

    #[test]
    fn an_answer_may_overrun_its_cells_only_when_the_paper_does() {
        let long = "1".repeat(20);
        assert!(check_value(FieldKind::Cells, &long, "1", 17, false, &[]).is_err());
        assert!(check_value(FieldKind::Cells, &long, "1", 17, true, &[]).is_ok());
        assert!(check_value(FieldKind::Cells, &"1".repeat(101), "1", 17, true, &[]).is_err());
    }

    #[test]
    fn a_wrong_check_digit_is_told_with_the_right_one() {
        let error = check_sheet_code("2232090000002").unwrap_err();
        assert!(error.to_string().ends_with("контрольная цифра 2, ожидалась 6"), "{error}");
        assert!(check_sheet_code("223209000000").is_err());
        assert!(check_sheet_code("2232090000006").is_ok());
    }

    #[test]
    fn a_mark_must_be_one_of_the_boxes() {
        let options = ["A".to_owned(), "B".to_owned()];
        assert!(check_value(FieldKind::Marks, "A|B", "", 0, false, &options).is_ok());
        assert!(check_value(FieldKind::Marks, "", "", 0, false, &options).is_ok());
        assert!(check_value(FieldKind::Marks, "C", "", 0, false, &options).is_err());
    }
}
