//! Personal data on the registration form against the register, field by field: what differs is a task of the persons station.

use crate::reconcile::{KEY_PREFIX, SheetFacts, Trouble};
use rcoi_model::{PacketId, Participant, PersonLine, TaskId, TaskSubject};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is no difference in personal data, as it is written in the policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlikeRow {
    /// Groups of characters; those of one group count as one.
    pub alike: Vec<String>,
    /// Characters that do not count.
    pub ignored: String,
    /// Do capitals differ from small letters?
    pub case: bool,
}

impl Default for AlikeRow {
    fn default() -> Self {
        Self { alike: vec!["её".to_owned()], ignored: " -‐‑–—".to_owned(), case: false }
    }
}

/// The same, checked and ready for use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Alike {
    /// Character → the first one of its group.
    first: BTreeMap<char, char>,
    ignored: String,
    case: bool,
}

impl Alike {
    /// Checks the groups; refuses with the one that is wrong.
    pub(crate) fn of(row: &AlikeRow) -> Result<Self, String> {
        let mut first = BTreeMap::new();
        for group in &row.alike {
            let mut chars = group.chars();
            let (Some(head), true) = (chars.next(), group.chars().count() > 1) else { return Err(group.clone()) };
            let heads = [(head, head)].into_iter().chain(chars.map(|c| (c, head)));
            // A group speaks of letters: of the small ones and of the capitals.
            let both = heads.flat_map(|(c, head)| [(lower(c), lower(head)), (upper(c), upper(head))]);
            let mut own = BTreeMap::new();
            for (c, head) in both {
                if first.contains_key(&c) || own.insert(c, head).is_some_and(|before| before != head) {
                    return Err(group.clone());
                }
            }
            first.extend(own);
        }
        Ok(Self { first, ignored: row.ignored.clone(), case: row.case })
    }

    /// A value without what does not count.
    #[must_use]
    pub fn bare(&self, value: &str) -> String {
        let counts = value.chars().filter(|c| !self.ignored.contains(*c));
        counts.map(|c| if self.case { c } else { lower(c) }).map(|c| self.first.get(&c).copied().unwrap_or(c)).collect()
    }

    /// Do two values say the same about a person?
    #[must_use]
    pub fn same(&self, a: &str, b: &str) -> bool {
        self.bare(a) == self.bare(b)
    }
}

fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

fn upper(c: char) -> char {
    c.to_uppercase().next().unwrap_or(c)
}

/// What a registration form and the register both say of a person, in the order of the form.
fn fields(person: &Participant) -> [(&'static str, &str); 5] {
    [
        ("surname", &person.surname),
        ("name", &person.name),
        ("patronymic", &person.patronymic),
        ("document-series", &person.document_series),
        ("document-number", &person.document_number),
    ]
}

/// Holds the registration form of a person against the register. `None`: they agree, or a character of the form is still
/// to be settled at the fields station.
pub(crate) fn compare(alike: &Alike, person: &Participant, home: PacketId, sheet: &SheetFacts) -> Option<Trouble> {
    let known = fields(person);
    if known.iter().any(|(field, _)| sheet.fields.get(*field).is_some_and(|f| f.waiting)) {
        return None;
    }
    let line = |(field, register): (&str, &str)| {
        let form = sheet.fields.get(field)?.value.trim().to_owned();
        let differs = !alike.same(&form, register);
        Some(PersonLine { field: field.to_owned(), form, register: register.trim().to_owned(), differs })
    };
    let lines: Vec<PersonLine> = known.into_iter().filter_map(line).collect();
    let differing: Vec<&str> =
        lines.iter().filter(|l| l.differs).flat_map(|l| [l.field.as_str(), l.form.as_str(), l.register.as_str()]).collect();
    if differing.is_empty() {
        return None;
    }
    // What differs enters the key only as a digest: keys are written to logs, names never are. Another difference of the
    // same person, or another register, is another question.
    let digest = TaskId::derived(&differing);
    let subject = TaskSubject::Person { participant: person.code.clone(), lines };
    Some(Trouble { key: format!("{KEY_PREFIX}person/{}/{digest}", person.code), page: Some(sheet.page), packet: Some(home), subject })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shipped() -> Alike {
        Alike::of(&AlikeRow::default()).unwrap()
    }

    #[test]
    fn case_spaces_hyphens_and_the_dots_of_yo_are_no_difference() {
        let alike = shipped();
        for (form, register) in [
            ("АРТЕМ", "Артём"),
            ("ТИХОМИРОВ ГУСЕВ", "Тихомиров-Гусев"),
            ("ТИХОМИРОВ-ГУСЕВ", "Тихомиров – Гусев"),
            ("80 21", "8021"),
            ("", "-"),
            ("ЁЛКИНА", "елкина"),
        ] {
            assert!(alike.same(form, register), "{form} / {register}");
        }
        for (form, register) in [("ОРЛОВ", "Орлова"), ("НАТАЛИЯ", "Наталья"), ("0412", "412"), ("ИВАН", "")] {
            assert!(!alike.same(form, register), "{form} / {register}");
        }
    }

    #[test]
    fn the_policy_says_what_counts() {
        let strict = Alike::of(&AlikeRow { alike: vec![], ignored: String::new(), case: true }).unwrap();
        for (form, register) in [("АРТЕМ", "АРТЁМ"), ("ОРЛОВ", "Орлов"), ("А-Б", "АБ"), ("А Б", "АБ")] {
            assert!(!strict.same(form, register), "{form} / {register}");
        }
        let of = |groups: &[&str]| Alike::of(&AlikeRow { alike: groups.iter().map(|g| (*g).to_owned()).collect(), ..AlikeRow::default() });
        assert!(of(&["иЙ", "её"]).unwrap().same("АНДРЕИ", "андрей"));
        assert_eq!(of(&["е"]), Err("е".to_owned()));
        assert_eq!(of(&["её", "оЁ"]), Err("оЁ".to_owned()));
    }

    proptest! {
        #[test]
        fn likeness_is_an_equality(a in "[а-яА-ЯёЁ -]{0,8}", b in "[а-яА-ЯёЁ -]{0,8}") {
            let alike = shipped();
            prop_assert!(alike.same(&a, &a));
            prop_assert_eq!(alike.same(&a, &b), alike.same(&b, &a));
            prop_assert_eq!(alike.bare(&alike.bare(&a)), alike.bare(&a));
        }
    }
}
