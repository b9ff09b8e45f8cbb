//! The federal name of a packet: `RRDDSSTE-FF-PPPPPP-AAA-YYYYMMDD` (domain notes 7.4).

use super::model::{ExamFacts, PackagedPacket};

/// A part of the name that the convention cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part} is '{value}': expected {expected}")]
pub struct NameError {
    pub part: &'static str,
    pub value: String,
    pub expected: &'static str,
}

/// The name without ending. The importer's rule: `^(\d{8})-(\d{2})-(\d{6})-(\d{3}|\d{3}(.*))-(\d{8})$`.
pub fn packet_name(exam: &ExamFacts, packet: &PackagedPacket) -> Result<String, NameError> {
    let region = digits("region", &exam.region, 2, "two digits")?;
    let department = digits("department", &exam.department, 2, "two digits")?;
    let subject = digits("subject", &exam.subject, 2, "two digits")?;
    let test_type = digits("test type", &exam.test_type, 1, "one digit")?;
    let stage = digits("stage", &exam.stage, 1, "one digit")?;
    let form_kind = digits("form kind", &exam.form_kind, 2, "two digits")?;
    let ppe = ppe(&packet.ppe)?;
    let room = room(&packet.room)?;
    let date = exam.date;
    let (year, month, day) = (date.year(), date.month(), date.day());
    Ok(format!("{region}{department}{subject}{test_type}{stage}-{form_kind}-{ppe}-{room}-{year:04}{month:02}{day:02}"))
}

fn digits<'a>(part: &'static str, value: &'a str, len: usize, expected: &'static str) -> Result<&'a str, NameError> {
    if value.len() == len && value.bytes().all(|b| b.is_ascii_digit()) {
        Ok(value)
    } else {
        Err(NameError { part, value: value.to_owned(), expected })
    }
}

fn ppe(value: &str) -> Result<String, NameError> {
    if value.is_empty() || value.len() > 6 || !value.bytes().all(|b| b.is_ascii_digit()) {
        return Err(NameError { part: "ppe", value: value.to_owned(), expected: "one to six digits" });
    }
    Ok(format!("{value:0>6}"))
}

/// Room numbers have up to four characters, leading zeros count, a letter may follow: `7` → `007`, `0101`, `12А` → `012А`.
fn room(value: &str) -> Result<String, NameError> {
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    let (number, tail) = value.split_at(digits);
    if digits == 0 || value.chars().count() > 4 || !tail.chars().all(char::is_alphanumeric) {
        return Err(NameError { part: "room", value: value.to_owned(), expected: "up to four characters that begin with a digit" });
    }
    Ok(format!("{number:0>3}{tail}"))
}

/// True for a text of the convention's shape.
pub(super) fn is_packet_name(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    match parts.as_slice() {
        [head, form, ppe, room, date] => {
            [head, form, ppe, date].iter().all(|p| all_digits(p))
                && (head.len(), form.len(), ppe.len(), date.len()) == (8, 2, 6, 8)
                && room.len() >= 3
                && room.as_bytes()[..3].iter().all(u8::is_ascii_digit)
                && (3..=5).contains(&room.chars().count())
                && room.chars().all(char::is_alphanumeric)
        }
        _ => false,
    }
}
