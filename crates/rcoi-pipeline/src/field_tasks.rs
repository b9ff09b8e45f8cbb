//! Which fields of a fresh reading become tasks.

use crate::pictures::{CellPicture, FieldPicture, Pictures};
use rcoi_model::{Doubt, ExamId, FieldKind, FieldReading, Page, PageReading, Role, Task, TaskState, TaskSubject};
use rcoi_rules::{Expectations, KnownSheet, PacketFacts, Policy, lot, needs};
use rcoi_store::{Cutout, Cuts, NewSymbol};
use rcoi_template::{Field, FieldSpec, Template};

/// Key of the task about a field; `/2` is its twin for a second person.
pub(crate) fn key(page: &Page, field: &str) -> String {
    format!("field/{}/{field}", page.id)
}

/// Key of the task that a verifier passed on.
pub(crate) fn senior_key(page: &Page, field: &str) -> String {
    format!("senior/{}/{field}", page.id)
}

/// Key of the second, independent task of a field that two people read.
pub(crate) fn twin_of(key: &str) -> String {
    key.strip_suffix("/2").map_or_else(|| format!("{key}/2"), str::to_owned)
}

/// The field that a task's key is about; `None` for tasks about sheets and rooms.
pub(crate) fn field_of(key: &str) -> Option<&str> {
    let parts = ["field/", "senior/", "sample/"].into_iter().find_map(|kind| key.strip_prefix(kind))?;
    let (_page, field) = parts.split_once('/')?;
    Some(field.strip_suffix("/2").unwrap_or(field))
}

/// Key of the task about a confident field of the blind sample.
pub(crate) fn sample_key(page: &Page, field: &str) -> String {
    format!("sample/{}/{field}", page.id)
}

/// Is the task one of the blind sample?
pub(crate) fn is_sample(key: &str) -> bool {
    key.starts_with("sample/")
}

/// May characters of the field of this task be judged apart from it?
pub(crate) fn is_apart(task: &Task) -> bool {
    task.station == Role::Verifier && task.key.starts_with("field/")
}

/// The tasks for one page.
pub(crate) fn field_tasks(
    policy: &Policy,
    expect: &Expectations<'_>,
    packet: &PacketFacts,
    page: &Page,
    template: &Template,
    reading: &PageReading,
) -> Vec<Task> {
    let sheet = KnownSheet::new(expect, &template.form, reading.sheet_code.as_deref(), &packet.ppe, &packet.room);
    let mut tasks = Vec::new();
    let about =
        |field: &FieldReading| subject(policy, &expect.plan.subject, sheet.symbols(&field.name), field, template.field(&field.name));
    let needed = needs(policy, &sheet, reading);
    for field in reading.fields.iter().filter(|f| !needed.iter().any(|(n, _)| n.name == f.name)) {
        let key = sample_key(page, &field.name);
        if sheet.at_home() && policy.samples(field, lot(&Task::id_for(page.exam, &key).0)) {
            tasks.push(task(page, key, Role::Verifier, as_doubtful(about(field), field)));
        }
    }
    for (field, need) in needed {
        let subject = about(field);
        let key = key(page, &field.name);
        if need.double {
            tasks.push(task(page, twin_of(&key), need.station, subject.clone()));
        }
        tasks.push(task(page, key, need.station, subject));
    }
    tasks
}

/// A field of the sample looks like any other: its least sure character is the doubtful one.
fn as_doubtful(mut subject: TaskSubject, field: &FieldReading) -> TaskSubject {
    let weakest =
        field.chars.iter().enumerate().filter(|(_, c)| !c.empty).min_by(|a, b| a.1.confidence.get().total_cmp(&b.1.confidence.get()));
    if let (TaskSubject::Field { doubts, .. }, Some((cell, _))) = (&mut subject, weakest) {
        *doubts = vec![Doubt::Ambiguous { cells: vec![cell as u32] }];
    }
    subject
}

/// What is kept of the pictures: of the fields that are tasks, and of their characters that can be judged apart.
pub(crate) fn cuts(policy: &Policy, tasks: &[Task], reading: &PageReading, pictures: &Pictures) -> Cuts {
    let symbols = symbols(policy, tasks, reading, &pictures.cells);
    let wanted = |name: &str| tasks.iter().any(|t| field_of(&t.key) == Some(name));
    let cutout = |p: &FieldPicture| Cutout { field: p.field.clone(), picture: p.png.clone() };
    let fields = pictures.fields.iter().filter(|p| wanted(&p.field)).map(cutout).collect();
    Cuts { policy: None, symbols, fields }
}

/// The characters of these tasks that can be judged apart from their field.
fn symbols(policy: &Policy, tasks: &[Task], reading: &PageReading, pictures: &[CellPicture]) -> Vec<NewSymbol> {
    let mut symbols = Vec::new();
    for task in tasks.iter().filter(|t| is_apart(t)) {
        let field = field_of(&task.key).and_then(|name| reading.fields.iter().find(|f| f.name == name));
        let Some(field) = field else { continue };
        let cells = policy.apart(field);
        let all: Option<Vec<NewSymbol>> = cells
            .iter()
            .map(|cell| {
                let read = field.chars.get(*cell as usize)?;
                let picture = pictures.iter().find(|p| p.field == field.name && p.cell == *cell)?;
                let rival = read.rivals.iter().map(|r| r.0).find(|c| Some(*c) != read.ch);
                let doubt = 1.0 - read.confidence.get();
                Some(NewSymbol { task: task.id, cell: *cell, symbol: read.ch?, rival, doubt, picture: picture.png.clone() })
            })
            .collect();
        // One of them without a picture: the field is seen whole.
        symbols.extend(all.unwrap_or_default());
    }
    symbols
}

pub(crate) fn task(page: &Page, key: String, station: Role, subject: TaskSubject) -> Task {
    let exam: ExamId = page.exam;
    Task {
        id: Task::id_for(exam, &key),
        exam,
        key,
        station,
        state: TaskState::Open,
        page: Some(page.id),
        packet: Some(page.packet),
        subject,
    }
}

fn subject(policy: &Policy, exam_subject: &str, permitted: Option<&str>, reading: &FieldReading, spec: Option<&Field>) -> TaskSubject {
    let (alphabet, cells, options) = match spec.map(|f| &f.spec) {
        Some(FieldSpec::Cells(c)) => (c.alphabet.as_str(), c.cells.len() as u32, vec![]),
        Some(FieldSpec::Marks(m)) => ("", 0, m.boxes.iter().map(|b| b.value.clone()).collect()),
        Some(FieldSpec::Code(c)) => ("", c.digits, vec![]),
        Some(FieldSpec::Ink(_) | FieldSpec::Image(_)) | None => ("", 0, vec![]),
    };
    // The exam's own list is the narrowest, then the policy's, then the alphabet of the form.
    let permitted = match (reading.kind, permitted) {
        (FieldKind::Cells, Some(of_exam)) => of_exam,
        (FieldKind::Cells, None) => policy.permitted(&reading.class, exam_subject, alphabet),
        _ => "",
    };
    TaskSubject::Field {
        field: reading.name.clone(),
        kind: reading.kind,
        class: reading.class.clone(),
        value: reading.value.clone(),
        confidence: reading.confidence.get(),
        doubts: reading.doubts.clone(),
        area: reading.area,
        permitted: permitted.to_owned(),
        cells,
        options,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcoi_model::{BlobHash, PacketId, PageId, PageState};

    #[test]
    fn a_key_gives_back_its_field() {
        let id = PageId::derived(&["a page"]);
        let exam = ExamId::derived(&["an exam"]);
        let packet = PacketId::derived(&["a packet"]);
        let blob = BlobHash::parse(&"0".repeat(64)).unwrap();
        let page = Page { id, exam, packet, blob, index: 0, source: "a.png".into(), state: PageState::Read, reason: None };
        let key = key(&page, "answer-2");
        assert_eq!(field_of(&key), Some("answer-2"));
        assert_eq!(field_of(&twin_of(&key)), Some("answer-2"));
        assert_eq!(field_of(&senior_key(&page, "link")), Some("link"));
        assert_eq!(field_of(&sample_key(&page, "link")), Some("link"));
        assert!(is_sample(&sample_key(&page, "link")) && !is_sample(&key));
        assert_eq!(field_of(&format!("check/code/{id}")), None);
    }
}
