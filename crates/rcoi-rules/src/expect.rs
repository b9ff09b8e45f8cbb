//! What the exam already knows about a field before anybody reads it: printed data, the roster, the kit.

use rcoi_model::{ExamPlan, KitSheet, Participant};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Equal for people: letter case, outer spaces and leading zeros of numbers do not count.
#[must_use]
pub fn same_value(a: &str, b: &str) -> bool {
    let (a, b) = (a.trim(), b.trim());
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|c| c.is_ascii_digit());
    if digits(a) && digits(b) {
        return a.trim_start_matches('0') == b.trim_start_matches('0');
    }
    a == b || a.to_uppercase() == b.to_uppercase()
}

/// Where in a plan participants and their sheets stand. It takes a moment for a large exam: make it once.
#[derive(Debug, Clone, Default)]
pub struct PlanIndex {
    /// By sheet code: the participant's place in the plan, and the sheet's in the kit.
    by_code: BTreeMap<String, (usize, usize)>,
    by_participant: BTreeMap<String, usize>,
}

impl PlanIndex {
    #[must_use]
    pub fn of(plan: &ExamPlan) -> Self {
        let people = || plan.participants.iter().enumerate();
        let sheets = |(at, person): (usize, &Participant)| {
            let kit = person.kit.iter().enumerate();
            kit.map(|(line, sheet)| (sheet.code.clone(), (at, line))).collect::<Vec<_>>()
        };
        Self { by_code: people().flat_map(sheets).collect(), by_participant: people().map(|(at, p)| (p.code.clone(), at)).collect() }
    }
}

/// What the plan of one exam says of its sheets.
#[derive(Debug, Clone)]
pub struct Expectations<'a> {
    pub plan: &'a ExamPlan,
    index: Cow<'a, PlanIndex>,
}

impl<'a> Expectations<'a> {
    #[must_use]
    pub fn new(plan: &'a ExamPlan) -> Self {
        Self { plan, index: Cow::Owned(PlanIndex::of(plan)) }
    }

    /// As [`Expectations::new`] with the index made before, of this very plan.
    #[must_use]
    pub fn with(plan: &'a ExamPlan, index: &'a PlanIndex) -> Self {
        Self { plan, index: Cow::Borrowed(index) }
    }

    /// Owner and kit line of a sheet code.
    #[must_use]
    pub fn owner(&self, code: &str) -> Option<(&'a Participant, &'a KitSheet)> {
        let (at, line) = self.index.by_code.get(code).copied()?;
        let person = self.plan.participants.get(at)?;
        Some((person, person.kit.get(line)?))
    }

    #[must_use]
    pub fn participant(&self, code: &str) -> Option<&'a Participant> {
        self.plan.participants.get(*self.index.by_participant.get(code)?)
    }
}

/// What `field` of a sheet should say. `ppe` and `room` are those of its packet; `owner` comes from its code.
/// `None`: nothing is known, the reading stands alone.
#[must_use]
pub fn expected(plan: &ExamPlan, field: &str, form: &str, ppe: &str, room: &str, owner: Option<&Participant>) -> Option<String> {
    let of_owner = |get: fn(&Participant) -> String| owner.map(get);
    match field {
        "region" => Some(plan.region.clone()),
        "subject" => Some(plan.subject.clone()),
        "date" => Some(plan.date.strftime("%d%m%y").to_string()),
        "ppe" => Some(owner.map_or_else(|| ppe.to_owned(), |p| p.ppe.clone())),
        "room" => Some(owner.map_or_else(|| room.to_owned(), |p| p.room.clone())),
        "school" => of_owner(|p| p.school.clone()),
        "class-number" => of_owner(|p| p.class.chars().take_while(char::is_ascii_digit).collect()),
        "class-letter" => of_owner(|p| p.class.chars().skip_while(char::is_ascii_digit).collect()),
        "surname" => of_owner(|p| p.surname.clone()),
        "name" => of_owner(|p| p.name.clone()),
        "patronymic" => of_owner(|p| p.patronymic.clone()),
        "document-series" => of_owner(|p| p.document_series.clone()),
        "document-number" => of_owner(|p| p.document_number.clone()),
        "sheet-number" if form == "C1" => Some("1".to_owned()),
        "sheet-number" if form == "C2" => Some("2".to_owned()),
        "link" if form == "C1" => owner?.kit.iter().find(|k| k.form == "C2").map(|k| k.code.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_and_zero_three_are_the_same_number_but_words_are_compared_whole() {
        assert!(same_value("3", "03"));
        assert!(same_value("000", "0"));
        assert!(!same_value("30", "3"));
        assert!(same_value("иванов ", "ИВАНОВ"));
        assert!(!same_value("", "0"));
    }
}
