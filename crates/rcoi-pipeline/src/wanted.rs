//! Which pictures the tasks of a page need: of fields that are seen whole, and of characters that are judged apart from theirs.

use crate::cutout::seen;
use crate::field_tasks::{field_of, is_apart, is_sample};
use crate::pictures::Wanted;
use rcoi_model::{FieldKind, FieldReading, PageReading, Task};
use rcoi_rules::Policy;
use std::collections::BTreeSet;

/// Surer fields without a doubt are shown where a policy shows everything; then most of a page would be kept as pictures. They are cut
/// when somebody looks, but for the blind sample, which must not be told by its waiting.
const SURE: f32 = 0.9985;
/// Pictures of fields of one page, the least sure first: the others are cut when somebody looks.
const MOST_FIELDS: usize = 24;
/// Characters of one page, the least sure first: a page with more is a page of doubts, and is read field by field.
const MOST_CELLS: usize = 64;

/// What is to be cut out of a page for its tasks.
pub(crate) fn wanted(policy: &Policy, tasks: &[Task], reading: &PageReading) -> Wanted {
    let (mut fields, mut cells, mut known) = (Vec::new(), Vec::new(), BTreeSet::new());
    for task in tasks {
        let field = field_of(&task.key).and_then(|name| reading.fields.iter().find(|f| f.name == name));
        // A field that two people read has two tasks and one picture.
        let Some(field) = field.filter(|f| known.insert(&f.name)) else { continue };
        if field.kind != FieldKind::Image && (is_sample(&task.key) || is_doubtful(field)) {
            fields.push((field.confidence.get(), (field.name.clone(), seen(&field.area, &field.doubts))));
        }
        if is_apart(task) {
            let cell = |at: &u32| {
                let read = field.chars.get(*at as usize)?;
                Some((read.confidence.get(), (field.name.clone(), *at, read.area)))
            };
            cells.extend(policy.apart(field).iter().filter_map(cell));
        }
    }
    Wanted { fields: least_sure(fields, MOST_FIELDS), cells: least_sure(cells, MOST_CELLS) }
}

fn is_doubtful(field: &FieldReading) -> bool {
    field.confidence.get() < SURE || !field.doubts.is_empty()
}

fn least_sure<T>(mut all: Vec<(f32, T)>, most: usize) -> Vec<T> {
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all.into_iter().take(most).map(|(_, wanted)| wanted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcoi_model::{CharReading, Confidence, Doubt, ExamId, Point, Quad, Role, TaskId, TaskState, TaskSubject};
    use rcoi_rules::policy::DEFAULT_POLICY;

    fn quad(left: f32, right: f32) -> Quad {
        Quad([(left, 20.0), (right, 20.0), (right, 60.0), (left, 60.0)].map(|(x, y)| Point::new(x, y)))
    }

    fn field(name: &str, chars: &[(char, f32)], doubts: Vec<Doubt>) -> FieldReading {
        let cell = |(at, (ch, sure)): (usize, &(char, f32))| {
            let (confidence, area) = (Confidence::new(*sure), quad(at as f32 * 40.0, at as f32 * 40.0 + 40.0));
            CharReading { ch: Some(*ch), empty: false, confidence, rivals: vec![], area }
        };
        FieldReading {
            name: name.into(),
            kind: FieldKind::Cells,
            class: "answer".into(),
            value: chars.iter().map(|c| c.0).collect(),
            confidence: Confidence::new(chars.iter().map(|c| c.1).product()),
            doubts,
            area: quad(0.0, 200.0),
            chars: chars.iter().enumerate().map(cell).collect(),
            marks: vec![],
        }
    }

    fn task(key: &str) -> Task {
        let exam = ExamId::derived(&["exam"]);
        Task {
            id: TaskId::derived(&[key]),
            exam,
            key: key.into(),
            station: Role::Verifier,
            state: TaskState::Open,
            page: None,
            packet: None,
            subject: TaskSubject::Person { participant: String::new(), lines: vec![] },
        }
    }

    #[test]
    fn only_what_somebody_will_look_at_is_cut() {
        let sure = 0.9999;
        let fields = vec![
            field("nobody-asks", &[('1', 0.5)], vec![]),
            field("sure", &[('1', sure)], vec![]),
            field("sampled", &[('1', sure)], vec![]),
            field("doubtful", &[('1', sure), ('7', 0.8)], vec![]),
            field("beyond", &[('1', sure)], vec![Doubt::Overflow]),
        ];
        let reading = PageReading {
            engine: String::new(),
            template: None,
            placement: None,
            sheet_code: None,
            fields,
            findings: vec![],
            width: 400,
            height: 120,
        };
        let keys = ["field/p/sure", "sample/p/sampled", "field/p/doubtful", "field/p/doubtful/2", "field/p/beyond"];
        let tasks: Vec<Task> = keys.iter().map(|key| task(key)).collect();
        let wanted = wanted(&Policy::parse(DEFAULT_POLICY).unwrap(), &tasks, &reading);
        assert_eq!(wanted.fields.iter().map(|f| f.0.as_str()).collect::<Vec<_>>(), ["doubtful", "sampled", "beyond"]);
        assert_eq!(wanted.cells, [("doubtful".to_owned(), 1, quad(40.0, 80.0))]);
        let width = |at: usize| wanted.fields[at].1.0[1].x;
        assert!(width(2) > width(0), "what overflows is shown with what is written behind its end");
    }
}
