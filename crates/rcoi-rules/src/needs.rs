//! Which fields of a page go to people: the policy, held against what the exam knows of the sheet.

use crate::expect::{Expectations, expected};
use crate::policy::{Need, Policy};
use crate::reconcile::{EXTRA_FORM, LEDGER_FORM};
use rcoi_model::{ExamPlan, FieldReading, KitSheet, PageReading, Participant};

/// A sheet of a form, with what the exam knows about it.
#[derive(Debug, Clone, Copy)]
pub struct KnownSheet<'a> {
    plan: &'a ExamPlan,
    form: &'a str,
    ppe: &'a str,
    room: &'a str,
    owner: Option<&'a Participant>,
}

impl<'a> KnownSheet<'a> {
    /// `form` = letter of the recognised form, `code` = the sheet's code if it was read; point and room are those of its packet.
    #[must_use]
    pub fn new(expect: &Expectations<'a>, form: &'a str, code: Option<&str>, ppe: &'a str, room: &'a str) -> Self {
        Self::owned(expect.plan, form, code.and_then(|c| expect.owner(c)), ppe, room)
    }

    /// The same without an index, for one sheet.
    #[must_use]
    pub fn find(plan: &'a ExamPlan, form: &'a str, code: Option<&str>, ppe: &'a str, room: &'a str) -> Self {
        let mut kits = plan.participants.iter().flat_map(|p| p.kit.iter().map(move |k| (p, k)));
        Self::owned(plan, form, code.and_then(|c| kits.find(|(_, k)| k.code == c)), ppe, room)
    }

    fn owned(plan: &'a ExamPlan, form: &'a str, owner: Option<(&'a Participant, &'a KitSheet)>, ppe: &'a str, room: &'a str) -> Self {
        let owner = owner.filter(|(_, kit)| kit.form == form).map(|(person, _)| person);
        Self { plan, form, ppe, room, owner }
    }

    /// On a sheet that is not of this exam nothing is expected: the senior sees the whole sheet first.
    #[must_use]
    pub fn at_home(&self) -> bool {
        self.owner.is_some() || self.form == EXTRA_FORM || self.form == LEDGER_FORM
    }

    /// What a field should say; `None` when nothing is known.
    #[must_use]
    pub fn value(&self, field: &str) -> Option<String> {
        if self.at_home() { expected(self.plan, field, self.form, self.ppe, self.room, self.owner) } else { None }
    }

    /// Symbols that the exam permits in a field; `None` where it leaves the form's alphabet.
    #[must_use]
    pub fn symbols(&self, field: &str) -> Option<&'a str> {
        if self.at_home() { self.plan.symbols_of(task_of(field)?) } else { None }
    }
}

/// The task whose answer stands in a field.
fn task_of(field: &str) -> Option<u32> {
    field.strip_prefix("answer-")?.parse().ok()
}

/// The fields of a page that need a person, in the order of the form.
#[must_use]
pub fn needs<'r>(policy: &Policy, sheet: &KnownSheet<'_>, reading: &'r PageReading) -> Vec<(&'r FieldReading, Need)> {
    let expected = |field: &FieldReading| match field.name.as_str() {
        "replacement-count" => Some(expected_replacements(reading, &field.value)),
        name => sheet.value(name),
    };
    reading.fields.iter().filter_map(|field| Some((field, policy.need(field, expected(field).as_deref())?))).collect()
}

/// The count of replacements as it should be written, in the way it is written when that is right.
fn expected_replacements(reading: &PageReading, written: &str) -> String {
    let filled = |n: u32, what: &str| reading.field(&format!("replacement-{n}-{what}")).is_some_and(|f| !f.value.is_empty());
    let found = (1..=99).filter(|n| filled(*n, "number") || filled(*n, "answer")).count();
    let none = matches!(written.trim(), "" | "Х" | "X");
    if found == 0 && none { written.to_owned() } else { found.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::DEFAULT_POLICY;
    use rcoi_model::{Confidence, FieldKind, Quad, TaskSymbols};

    fn plan() -> ExamPlan {
        let person = Participant {
            code: "1".into(),
            surname: "Орлова".into(),
            name: "Анна".into(),
            patronymic: String::new(),
            document_series: String::new(),
            document_number: "123456".into(),
            school: "000001".into(),
            class: "11А".into(),
            ppe: "0001".into(),
            room: "0101".into(),
            seat: "1А".into(),
            kit: vec![KitSheet { form: "R".into(), code: "230".into() }, KitSheet { form: "AB".into(), code: "231".into() }],
        };
        ExamPlan {
            region: "90".into(),
            department: "00".into(),
            subject: "01".into(),
            subject_name: "Русский язык".into(),
            test_type: "4".into(),
            stage: "1".into(),
            period: "main".into(),
            date: jiff::civil::date(2026, 5, 28),
            limit_days: 6,
            forms: vec!["R".into(), "AB".into()],
            answers: 26,
            symbols: vec![TaskSymbols { tasks: vec![2, 3], symbols: "0123456789".into() }],
            rooms: vec![],
            participants: vec![person],
            acts: vec![],
        }
    }

    fn field(name: &str, class: &str, value: &str, confidence: f32) -> FieldReading {
        FieldReading {
            name: name.into(),
            kind: FieldKind::Cells,
            class: class.into(),
            value: value.into(),
            confidence: Confidence::new(confidence),
            doubts: vec![],
            area: Quad::default(),
            chars: vec![],
            marks: vec![],
        }
    }

    fn page(fields: Vec<FieldReading>) -> PageReading {
        PageReading {
            engine: String::new(),
            template: None,
            placement: None,
            sheet_code: None,
            fields,
            findings: vec![],
            width: 1,
            height: 1,
        }
    }

    #[test]
    fn the_exam_narrows_the_tasks_it_names_on_its_own_sheets_only() {
        let plan = plan();
        let sheet = |code: &str| KnownSheet::find(&plan, "AB", Some(code), "0001", "0101").symbols("answer-3");
        assert_eq!((sheet("231"), sheet("999")), (Some("0123456789"), None));
        let ours = KnownSheet::find(&plan, "AB", Some("231"), "0001", "0101");
        assert!(["answer-4", "answer-x", "surname"].iter().all(|field| ours.symbols(field).is_none()));
        // The code of another form of the kit does not make this sheet ours.
        assert!(!KnownSheet::find(&plan, "AB", Some("230"), "0001", "0101").at_home());
    }

    #[test]
    fn only_what_is_unsure_or_unlike_the_roster_goes_to_people() {
        let (plan, policy) = (plan(), Policy::parse(DEFAULT_POLICY).unwrap());
        let expect = Expectations::new(&plan);
        let sheet = KnownSheet::new(&expect, "R", Some("230"), "0001", "0101");
        let reading = page(vec![
            field("surname", "person", "ОРЛОВА", 0.5),
            field("name", "person", "АЛЛА", 0.9999),
            field("answer-1", "answer", "7", 0.9999),
            field("answer-2", "answer", "7", 0.5),
        ]);
        let names: Vec<&str> = needs(&policy, &sheet, &reading).iter().map(|(f, _)| f.name.as_str()).collect();
        assert_eq!(names, ["name", "answer-2"]);
    }

    #[test]
    fn the_count_of_replacements_is_held_against_those_that_are_there() {
        let (plan, policy) = (plan(), Policy::parse(DEFAULT_POLICY).unwrap());
        let expect = Expectations::new(&plan);
        let sheet = KnownSheet::new(&expect, "AB", Some("231"), "0001", "0101");
        let counted = |count: &str, answer: &str| {
            let fields = vec![
                field("replacement-count", "replacement-count", count, 0.6),
                field("replacement-1-answer", "replacement-answer", answer, 0.9999),
            ];
            needs(&policy, &sheet, &page(fields)).len()
        };
        assert_eq!([counted("1", "12"), counted("Х", ""), counted("2", "12"), counted("Х", "12")], [0, 0, 1, 1]);
    }
}
