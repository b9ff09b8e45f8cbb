//! Policies of exams, and the tasks of pages that were read before a change.

use crate::bed::{Bed, MINUTE, field_task, reading, value, verdict};
use rcoi_model::{ExamState, Page, Role, Task, TaskState};
use rcoi_store::{AuditReport, RecordOptions, Revised, StoreError};

pub(crate) async fn each_change_is_a_row_and_the_last_one_holds(bed: Bed) {
    let exam = bed.exam(1).await.0.id();
    let head = bed.user("head", Role::Head).await.id;
    assert_eq!(bed.store.policy(exam).await.unwrap(), None);
    let first = bed.store.set_policy(exam, Some("{\"a\":1}"), head).await.unwrap();
    let second = bed.store.set_policy(exam, None, head).await.unwrap();
    assert_eq!((first.seq, second.seq), (1, 2));
    let holds = bed.store.policy(exam).await.unwrap().unwrap();
    assert_eq!((holds.seq, holds.document.as_deref(), holds.user, holds.applied), (2, None, head, false));
    // The first is applied never, the second once.
    let pending = bed.store.pending_policies().await.unwrap();
    assert_eq!(pending.iter().map(|(e, p)| (*e, p.seq)).collect::<Vec<_>>(), [(exam, 2)]);
    bed.store.policy_applied(exam, 1).await.unwrap();
    assert_eq!(bed.store.pending_policies().await.unwrap().len(), 1);
    bed.store.policy_applied(exam, 2).await.unwrap();
    assert_eq!(bed.store.pending_policies().await.unwrap().len(), 0);
    assert!(matches!(bed.store.verify_audit().await.unwrap(), AuditReport::Whole { .. }));
}

pub(crate) async fn a_closed_exam_keeps_its_policy(bed: Bed) {
    let (plan, pages) = bed.exam(1).await;
    let exam = plan.id();
    let head = bed.user("head", Role::Head).await.id;
    bed.store.save_reading(pages[0].id, &reading("e1"), &[]).await.unwrap();
    bed.store.advance_exam(exam, ExamState::Open, ExamState::Closed, None).await.unwrap();
    assert!(matches!(bed.store.set_policy(exam, None, head).await, Err(StoreError::Closed(_))));
}

async fn state_of(bed: &Bed, task: &Task) -> Option<TaskState> {
    bed.store.task(task.id).await.ok().map(|row| row.task.state)
}

fn fields(page: &Page) -> [Task; 4] {
    ["answer-1", "answer-2", "answer-3", "answer-4"].map(|name| field_task(page, "answer", name))
}

pub(crate) async fn a_page_looked_at_again_keeps_what_people_did(bed: Bed) {
    let (plan, pages) = bed.exam(1).await;
    let exam = plan.id();
    let page = &pages[0];
    let [settled, held, dropped, new] = fields(page);
    let before = [settled.clone(), held.clone(), dropped.clone()];
    bed.store.save_reading(page.id, &reading("e1"), &before).await.unwrap();
    let ann = bed.user("ann", Role::Verifier).await;
    let hers = bed.store.claim(ann.id, Role::Verifier, None, 2, MINUTE).await.unwrap();
    assert_eq!(hers.iter().map(|t| t.id).collect::<Vec<_>>(), [settled.id, held.id]);
    bed.store.record(&verdict(&ann, &settled, value("1")), &RecordOptions::default()).await.unwrap();
    let revised = bed.store.revise_tasks(exam, &[(page.id, vec![new.clone()])]).await.unwrap();
    assert_eq!(revised, Revised { added: 1, withdrawn: 1 });
    let states = [&settled, &held, &dropped, &new].map(|t| t.id);
    let mut seen = Vec::new();
    for id in states {
        seen.push(bed.store.task(id).await.unwrap().task.state);
    }
    assert_eq!(seen, [TaskState::Done, TaskState::Open, TaskState::Obsolete, TaskState::Open]);
    // The other way round: the withdrawn one comes back, the settled one is not asked again.
    let revised = bed.store.revise_tasks(exam, &[(page.id, before.to_vec())]).await.unwrap();
    assert_eq!(revised, Revised { added: 1, withdrawn: 1 });
    assert_eq!(state_of(&bed, &settled).await, Some(TaskState::Done));
    assert_eq!(state_of(&bed, &dropped).await, Some(TaskState::Open));
    // The same again changes nothing.
    assert_eq!(bed.store.revise_tasks(exam, &[(page.id, before.to_vec())]).await.unwrap(), Revised::default());
}

pub(crate) async fn a_field_that_nobody_has_goes_to_the_other_station(bed: Bed) {
    let (plan, pages) = bed.exam(1).await;
    let exam = plan.id();
    let [free, ..] = fields(&pages[0]);
    bed.store.save_reading(pages[0].id, &reading("e1"), std::slice::from_ref(&free)).await.unwrap();
    let to_senior = Task { station: Role::Senior, ..free.clone() };
    bed.store.revise_tasks(exam, &[(pages[0].id, vec![to_senior])]).await.unwrap();
    let row = bed.store.task(free.id).await.unwrap();
    assert_eq!((row.task.station, row.task.state), (Role::Senior, TaskState::Open));
}
