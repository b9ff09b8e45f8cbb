//! Which answer a task takes: permitted symbols, lengths, reasons, acts by role. The texts are for people.

use crate::said::Said;
use rcoi_model::{CheckDigit, Doubt, FieldKind, Ground, Role, RoomTrouble, SheetTrouble, Task, TaskSubject, VerdictAct};

/// Shortest reason, characters: «да» explains nothing.
const SHORTEST_REASON: usize = 3;
/// Longest reason or free value, characters.
const LONGEST_TEXT: usize = 500;

/// How many characters a field of `cells` may hold, 0 = no limit. A field whose ink goes on beyond the last cell may
/// be transcribed with what stands there, up to twice the cells.
#[must_use]
pub fn longest(cells: u32, doubts: &[Doubt]) -> u32 {
    if doubts.contains(&Doubt::Overflow) { cells * 2 } else { cells }
}

/// Acts that a task takes, the usual one first: of the senior, and of both stations where personal data are compared.
#[must_use]
pub fn acts(task: &Task) -> &'static [&'static str] {
    match &task.subject {
        TaskSubject::Person { .. } if task.station == Role::Verifier => &["accept-form", "keep-register", "pass"],
        TaskSubject::Person { .. } => &["accept-form", "keep-register"],
        TaskSubject::Field { .. } => &["value", "exclude", "rescan"],
        TaskSubject::Room { trouble: RoomTrouble::WrongRoom, .. } if task.page.is_some() => &["explain", "exclude", "bind", "rescan"],
        TaskSubject::Room { .. } if task.page.is_some() => &["explain", "exclude", "rescan"],
        TaskSubject::Room { .. } => &["explain"],
        TaskSubject::Sheet { trouble, .. } => match trouble {
            SheetTrouble::Undecodable | SheetTrouble::BlankPage | SheetTrouble::UnknownForm => &["exclude", "rescan"],
            SheetTrouble::DuplicateCode => &["exclude", "sheet-code", "bind", "rescan"],
            SheetTrouble::ForeignSheet => &["exclude", "explain", "bind", "sheet-code", "rescan"],
            SheetTrouble::CodeUnreadable | SheetTrouble::UnknownCode | SheetTrouble::Unlinked => {
                &["sheet-code", "bind", "exclude", "rescan"]
            }
            SheetTrouble::Passed => &["explain", "exclude", "sheet-code", "bind", "rescan"],
        },
    }
}

/// Checks and tidies an act, or says why it is not taken.
///
/// # Errors
/// A sentence for the person.
pub fn act(task: &Task, role: Role, act: VerdictAct) -> Result<VerdictAct, Said> {
    let by_senior = role == Role::Senior;
    let is_field = matches!(task.subject, TaskSubject::Field { .. });
    if matches!(task.subject, TaskSubject::Person { .. }) {
        return person(task, act);
    }
    match act {
        VerdictAct::AcceptForm { .. } | VerdictAct::KeepRegister { .. } => Err(Said::text(|t| t.no_person)),
        VerdictAct::Value { value } => field_value(&task.subject, &value).map(|value| VerdictAct::Value { value }),
        VerdictAct::Pass { reason } => {
            if is_field {
                reason_of(&reason).map(|reason| VerdictAct::Pass { reason })
            } else {
                Err(Said::text(|t| t.no_pass_field))
            }
        }
        VerdictAct::Rescan { reason } => on_page(task).and_then(|()| reason_of(&reason)).map(|reason| VerdictAct::Rescan { reason }),
        _ if !by_senior => Err(Said::text(|t| t.no_senior_only)),
        VerdictAct::SheetCode { code } => sheet_code(task, &code).map(|code| VerdictAct::SheetCode { code }),
        VerdictAct::Bind { participant, reason } => {
            let participant = participant.trim().to_owned();
            if participant.is_empty() || participant.chars().count() > 64 {
                return Err(Said::text(|t| t.no_participant));
            }
            on_page(task)?;
            Ok(VerdictAct::Bind { participant, reason: reason_of(&reason)? })
        }
        VerdictAct::Exclude { reason } => {
            on_page(task)?;
            reason_of(&reason).map(|reason| VerdictAct::Exclude { reason })
        }
        VerdictAct::Explain { reason } => reason_of(&reason).map(|reason| VerdictAct::Explain { reason }),
    }
}

/// Personal data: the form or the register, each with its ground, or a question to the senior.
fn person(task: &Task, act: VerdictAct) -> Result<VerdictAct, Said> {
    let stated = |ground| match ground {
        Ground::Stated { reason } => reason_of(&reason).map(|reason| Ground::Stated { reason }),
        ready => Ok(ready),
    };
    match act {
        VerdictAct::AcceptForm { ground: Ground::WritingSlip } => Err(Said::text(|t| t.no_slip_ground)),
        VerdictAct::KeepRegister { ground: Ground::CorrectionList } => Err(Said::text(|t| t.no_list_ground)),
        VerdictAct::AcceptForm { ground } => stated(ground).map(|ground| VerdictAct::AcceptForm { ground }),
        VerdictAct::KeepRegister { ground } => stated(ground).map(|ground| VerdictAct::KeepRegister { ground }),
        VerdictAct::Pass { reason } if task.station == Role::Verifier => reason_of(&reason).map(|reason| VerdictAct::Pass { reason }),
        _ => Err(Said::text(|t| t.no_person_act)),
    }
}

fn on_page(task: &Task) -> Result<(), Said> {
    if task.page.is_some() { Ok(()) } else { Err(Said::text(|t| t.no_sheet_here)) }
}

fn reason_of(reason: &str) -> Result<String, Said> {
    let reason = reason.trim();
    let length = reason.chars().count();
    if length < SHORTEST_REASON {
        Err(Said::text(|t| t.no_reason).with("n", SHORTEST_REASON))
    } else if length > LONGEST_TEXT {
        Err(Said::text(|t| t.no_long_reason).with("n", LONGEST_TEXT))
    } else {
        Ok(reason.to_owned())
    }
}

fn sheet_code(task: &Task, code: &str) -> Result<String, Said> {
    on_page(task)?;
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if code.len() != 13 || !code.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Said::text(|t| t.no_sheet_code).with("code", code));
    }
    // Both rules of forms in use: which one a form has is the template's knowledge, a typing slip breaks both.
    if CheckDigit::Gs1.accepts(&code) || CheckDigit::Swapped.accepts(&code) { Ok(code) } else { Err(Said::text(|t| t.no_check_digit)) }
}

fn field_value(subject: &TaskSubject, value: &str) -> Result<String, Said> {
    let TaskSubject::Field { kind, doubts, permitted, cells, options, .. } = subject else {
        return Err(Said::text(|t| t.no_field));
    };
    let value = value.trim_end();
    if value.chars().count() > LONGEST_TEXT || value.chars().any(char::is_control) {
        return Err(Said::text(|t| t.no_clean_value));
    }
    match kind {
        FieldKind::Marks => {
            let chosen: Vec<&str> = value.split('|').filter(|v| !v.is_empty()).collect();
            if let Some(odd) = chosen.iter().find(|v| !options.iter().any(|o| o == *v)) {
                return Err(Said::text(|t| t.no_mark).with("mark", odd).with("options", options.join(" ")));
            }
            // In the order of the boxes, each once.
            let ordered: Vec<&str> = options.iter().map(String::as_str).filter(|o| chosen.contains(o)).collect();
            Ok(ordered.join("|"))
        }
        FieldKind::Ink | FieldKind::Image => {
            if value.is_empty() || value == "1" {
                Ok(value.to_owned())
            } else {
                Err(Said::text(|t| t.no_ink_value))
            }
        }
        FieldKind::Cells | FieldKind::Code => {
            if !permitted.is_empty()
                && let Some(odd) = value.chars().find(|c| *c != ' ' && !permitted.contains(*c))
            {
                return Err(Said::text(|t| t.no_symbol).with("c", odd).with("permitted", permitted));
            }
            let most = longest(*cells, doubts);
            if most > 0 && value.chars().count() > most as usize {
                return Err(Said::text(|t| t.no_room).with("cells", cells));
            }
            Ok(value.to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcoi_model::{ExamId, PageId, Quad, TaskState};

    fn field(kind: FieldKind, permitted: &str, cells: u32, options: &[&str], doubts: Vec<Doubt>) -> Task {
        let exam = ExamId::derived(&["e"]);
        Task {
            id: Task::id_for(exam, "k"),
            exam,
            key: "k".into(),
            station: Role::Verifier,
            state: TaskState::Open,
            page: Some(PageId::derived(&["p"])),
            packet: None,
            subject: TaskSubject::Field {
                field: "answer-1".into(),
                kind,
                class: "answer".into(),
                value: String::new(),
                confidence: 0.5,
                doubts,
                area: Quad::default(),
                permitted: permitted.into(),
                cells,
                options: options.iter().map(|s| (*s).to_owned()).collect(),
            },
        }
    }

    fn value(task: &Task, text: &str) -> Result<VerdictAct, Said> {
        act(task, Role::Verifier, VerdictAct::Value { value: text.into() })
    }

    #[test]
    fn a_forbidden_symbol_is_refused_and_named() {
        let task = field(FieldKind::Cells, "0123456789,-", 4, &[], vec![]);
        assert_eq!(value(&task, "-1,5"), Ok(VerdictAct::Value { value: "-1,5".into() }));
        assert!(value(&task, "1.5").is_err_and(|why| why.to_string().contains("«.»")));
    }

    #[test]
    fn more_characters_than_cells_are_taken_only_when_the_ink_overflows() {
        let task = field(FieldKind::Cells, "0123456789", 4, &[], vec![]);
        assert!(value(&task, "12345").is_err());
        let task = field(FieldKind::Cells, "0123456789", 4, &[], vec![Doubt::Overflow]);
        assert!(value(&task, "12345").is_ok());
        assert!(value(&task, "123456789").is_err());
    }

    #[test]
    fn marks_come_back_in_the_order_of_the_boxes() {
        let task = field(FieldKind::Marks, "", 0, &["A", "B", "C"], vec![]);
        assert_eq!(value(&task, "C|A"), Ok(VerdictAct::Value { value: "A|C".into() }));
        assert!(value(&task, "D").is_err());
    }

    #[test]
    fn a_verifier_cannot_exclude_and_a_senior_needs_a_reason() {
        let task = field(FieldKind::Cells, "", 4, &[], vec![]);
        let exclude = |reason: &str| VerdictAct::Exclude { reason: reason.into() };
        assert!(act(&task, Role::Verifier, exclude("второй скан")).is_err());
        assert!(act(&task, Role::Senior, exclude(" ")).is_err());
        assert!(act(&task, Role::Senior, exclude("второй скан")).is_ok());
    }

    #[test]
    fn personal_data_are_settled_with_a_ground_that_fits() {
        let lines = vec![rcoi_model::PersonLine { field: "surname".into(), form: "А".into(), register: "Б".into(), differs: true }];
        let subject = TaskSubject::Person { participant: "1".into(), lines };
        let task = Task { subject, ..field(FieldKind::Cells, "", 4, &[], vec![]) };
        let accept = |ground| act(&task, Role::Verifier, VerdictAct::AcceptForm { ground });
        let keep = |ground| act(&task, Role::Verifier, VerdictAct::KeepRegister { ground });
        let stated = |reason: &str| Ground::Stated { reason: reason.into() };
        assert!(accept(Ground::CorrectionList).is_ok() && keep(Ground::WritingSlip).is_ok());
        assert!(accept(Ground::WritingSlip).is_err() && keep(Ground::CorrectionList).is_err());
        assert_eq!(accept(stated(" справка о браке ")), Ok(VerdictAct::AcceptForm { ground: stated("справка о браке") }));
        assert!(accept(stated("да")).is_err() && keep(stated("")).is_err());
        let ask = VerdictAct::Pass { reason: "нет ведомости".into() };
        assert!(act(&task, Role::Verifier, ask.clone()).is_ok());
        let asked = Task { station: Role::Senior, ..task.clone() };
        assert!(act(&asked, Role::Senior, ask).is_err(), "there is nobody above the senior");
        assert!(act(&asked, Role::Senior, VerdictAct::Exclude { reason: "лишний лист".into() }).is_err());
        let field = field(FieldKind::Cells, "", 4, &[], vec![]);
        assert!(act(&field, Role::Senior, VerdictAct::AcceptForm { ground: Ground::CorrectionList }).is_err());
    }

    #[test]
    fn a_typed_sheet_code_with_a_slip_is_refused() {
        let task = field(FieldKind::Code, "", 0, &[], vec![]);
        let code = |text: &str| act(&task, Role::Senior, VerdictAct::SheetCode { code: text.into() });
        assert!(code("2232090000006").is_ok());
        assert!(code("223 2090 000 006").is_ok());
        assert!(code("2232090000016").is_err());
        assert!(code("223209000000").is_err());
    }
}
