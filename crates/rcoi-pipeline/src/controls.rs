//! Known answers among a person's work: fields and characters whose value two witnesses settled, in the share that the
//! exam's policy wants. Nobody can tell them from the others, and nothing follows from what is said about them.

use crate::error::{PipelineError, Result};
use crate::pipeline::Pipeline;
use rcoi_model::{Doubt, ExamId, Task, TaskId, TaskSubject, UserId, VerdictAct};
use rcoi_rules::{check_value, lot, same_value};
use rcoi_store::{ControlAnswer, KnownField, SymbolRow};
use std::collections::{BTreeMap, BTreeSet};

/// Known fields that are looked through for one that tells most.
const LOOKED_AT: u32 = 40;

impl Pipeline {
    /// Mixes known fields into the tasks that a verifier was given: those he has in hand, and new ones where the lot of a
    /// task falls. The lot is drawn once for a task and a person, so a page that is loaded again brings the same.
    pub(crate) async fn mix_in(&self, user: UserId, tasks: &mut Vec<Task>) -> Result<()> {
        let (store, lease) = (&self.inner.store, self.inner.params.claim_lease);
        let held = store.controls_in_hand(user, lease).await?;
        let mut mixed = Vec::with_capacity(tasks.len() + held.len());
        for task in tasks.drain(..) {
            let (exam, id) = (task.exam, TaskId::derived(&["control", &task.id.to_string(), &user.to_string()]));
            mixed.push(task);
            let share = self.known_share(exam).await?;
            if lot(&id.0) >= share || held.iter().any(|t| t.id == id) || store.control(id).await?.is_some() {
                continue;
            }
            if let Some((of, truth)) = telling(store.known_fields(exam, user, LOOKED_AT).await?) {
                store.give_control(id, of, user, &truth, lease).await?;
                mixed.extend(store.control(id).await?.map(|row| row.task));
            }
        }
        mixed.extend(held);
        *tasks = mixed;
        Ok(())
    }

    /// Mixes known answers into characters that a verifier was given, kind by kind.
    pub(crate) async fn mix_in_symbols(&self, user: UserId, rows: Vec<SymbolRow>) -> Result<Vec<SymbolRow>> {
        let exams: BTreeSet<ExamId> = rows.iter().map(|row| row.exam).collect();
        let mut shares = BTreeMap::new();
        for exam in exams {
            shares.insert(exam, self.known_share(exam).await?);
        }
        let mut mixed = Vec::with_capacity(rows.len());
        for part in rows.chunk_by(|a, b| a.symbol.symbol == b.symbol.symbol) {
            let wanted = part.iter().filter_map(|row| shares.get(&row.exam)).sum::<f64>().round() as u32;
            let mut part = part.to_vec();
            if let (Some(first), 1..) = (part.first(), wanted) {
                part.extend(self.inner.store.known_symbols(user, first.symbol.symbol, wanted).await?);
                part.sort_by(board_order);
            }
            mixed.extend(part);
        }
        Ok(mixed)
    }

    /// The share of known answers in an exam. A policy that a newer program wrote stops nobody's work: then there are none.
    async fn known_share(&self, exam: ExamId) -> Result<f64> {
        match self.policy_of(exam).await {
            Ok(policy) => Ok(policy.known_share()),
            Err(PipelineError::UnknownPolicy(_)) => Ok(0.0),
            Err(error) => Err(error),
        }
    }
}

/// Look-alikes of one rival together, the most doubtful first: so known answers stand among their like.
fn board_order(a: &SymbolRow, b: &SymbolRow) -> std::cmp::Ordering {
    let (a, b) = (&a.symbol, &b.symbol);
    a.rival.cmp(&b.rival).then(b.doubt.total_cmp(&a.doubt)).then(a.task.cmp(&b.task)).then(a.cell.cmp(&b.cell))
}

/// The one that tells most about a reader, with its value: first those that the machine had wrong, which nobody may confirm
/// unread.
fn telling(known: Vec<KnownField>) -> Option<(TaskId, String)> {
    let mut found: Vec<(bool, TaskId, String)> = known.into_iter().filter_map(judged).collect();
    found.sort();
    found.into_iter().next().map(|(_, id, truth)| (id, truth))
}

/// Did the machine read it right, and what stands there; `None` when that is not known, or no verifier could type it.
fn judged(known: KnownField) -> Option<(bool, TaskId, String)> {
    let VerdictAct::Value { value: truth } = known.said else { return None };
    if let Some(other) = known.other {
        let VerdictAct::Value { value } = other else { return None };
        if !same_value(&value, &truth) {
            return None;
        }
    }
    let TaskSubject::Field { kind, value, permitted, cells, options, doubts, .. } = &known.task.subject else { return None };
    let overrun = doubts.iter().any(|d| matches!(d, Doubt::Overflow));
    check_value(*kind, &truth, permitted, *cells, overrun, options).ok()?;
    Some((same_value(value, &truth), known.task.id, truth))
}

/// Was the answer a slip? `None`: the field was sent on, which is none and proves nothing.
pub(crate) fn slipped(answer: &ControlAnswer) -> Option<bool> {
    match &answer.act {
        VerdictAct::Value { value } => Some(!same_value(value, &answer.truth)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcoi_model::{FieldKind, Quad, Role, TaskState};

    fn known(machine: &str, said: &str, other: Option<&str>) -> KnownField {
        let exam = ExamId::derived(&["an exam"]);
        let key = format!("senior/page/{machine}/{said}");
        let subject = TaskSubject::Field {
            field: "answer-1".into(),
            kind: FieldKind::Cells,
            class: "answer".into(),
            value: machine.into(),
            confidence: 0.5,
            doubts: vec![],
            area: Quad::default(),
            permitted: "0123456789".into(),
            cells: 3,
            options: vec![],
        };
        let task = Task {
            id: Task::id_for(exam, &key),
            exam,
            key,
            station: Role::Senior,
            state: TaskState::Done,
            page: None,
            packet: None,
            subject,
        };
        let value = |text: &str| VerdictAct::Value { value: text.into() };
        KnownField { task, said: value(said), other: other.map(value) }
    }

    #[test]
    fn what_the_machine_had_wrong_tells_most() {
        let picked = telling(vec![known("12", "12", None), known("12", "17", None)]);
        assert_eq!(picked.map(|(_, truth)| truth).as_deref(), Some("17"));
    }

    #[test]
    fn a_value_that_is_not_settled_or_that_no_verifier_can_type_is_no_test() {
        assert_eq!(telling(vec![known("12", "17", Some("11")), known("12", "1234", None), known("12", "Ж", None)]), None);
        assert_eq!(telling(vec![known("12", "17", Some("17"))]).map(|(_, truth)| truth).as_deref(), Some("17"));
    }

    #[test]
    fn a_field_that_was_sent_on_is_no_slip() {
        let answer = |act| ControlAnswer { user: UserId::derived(&["ann"]), truth: "17".into(), act };
        assert_eq!(slipped(&answer(VerdictAct::Value { value: "12".into() })), Some(true));
        assert_eq!(slipped(&answer(VerdictAct::Value { value: "17".into() })), Some(false));
        assert_eq!(slipped(&answer(VerdictAct::Pass { reason: "не видно".into() })), None);
    }
}
