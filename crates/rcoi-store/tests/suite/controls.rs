//! Known fields shown again.

use crate::bed::{Bed, MINUTE, field_task, reading, value, verdict};
use rcoi_model::{ExamState, Page, Role, Task, TaskId, TaskState, VerdictAct};
use rcoi_store::{AuditReport, RecordOptions, Saved, StoreError, User};

/// A field that Ann passed on and the senior settled as "17".
struct Known {
    page: Page,
    task: Task,
    ann: User,
    bob: User,
}

async fn known(bed: &Bed) -> Known {
    let (_, pages) = bed.exam(1).await;
    let page = pages[0].clone();
    let first = field_task(&page, "answer", "answer-1");
    let key = format!("senior/{}/answer-1", page.id);
    let task = Task { id: Task::id_for(page.exam, &key), key, station: Role::Senior, ..first.clone() };
    bed.store.save_reading(page.id, &reading("e1"), std::slice::from_ref(&first)).await.unwrap();
    let (ann, bob, senior) =
        (bed.user("ann", Role::Verifier).await, bed.user("bob", Role::Verifier).await, bed.user("senior", Role::Senior).await);
    bed.store.claim(ann.id, Role::Verifier, None, 1, MINUTE).await.unwrap();
    let passed = RecordOptions { new_tasks: vec![task.clone()], ..RecordOptions::default() };
    bed.store.record(&verdict(&ann, &first, VerdictAct::Pass { reason: "не видно".into() }), &passed).await.unwrap();
    bed.store.record(&verdict(&senior, &task, value("17")), &RecordOptions::default()).await.unwrap();
    Known { page, task, ann, bob }
}

/// Gives the known field to Bob.
async fn given(bed: &Bed, known: &Known) -> Task {
    let id = TaskId::derived(&["control"]);
    bed.store.give_control(id, known.task.id, known.bob.id, "17", MINUTE).await.unwrap();
    bed.store.task(id).await.unwrap().task
}

pub(crate) async fn a_known_field_is_shown_once_to_whom_has_not_read_it_and_nothing_follows(bed: Bed) {
    let known = known(&bed).await;
    let exam = known.page.exam;
    assert!(bed.store.known_fields(exam, known.ann.id, 9).await.unwrap().is_empty(), "Ann has seen it");
    let found = bed.store.known_fields(exam, known.bob.id, 9).await.unwrap();
    assert_eq!(found.iter().map(|k| (k.task.id, &k.said, &k.other)).collect::<Vec<_>>(), [(known.task.id, &value("17"), &None)]);
    let before = bed.store.verdicts(exam).await.unwrap();
    let counts = bed.store.task_counts(Some(exam)).await.unwrap();
    let shown = given(&bed, &known).await;
    assert_eq!(
        (shown.station, shown.state, shown.page, &shown.subject),
        (Role::Verifier, TaskState::Open, Some(known.page.id), &known.task.subject)
    );
    assert!(bed.store.known_fields(exam, known.bob.id, 9).await.unwrap().is_empty(), "once is enough");
    assert_eq!(bed.store.controls_in_hand(known.bob.id, MINUTE).await.unwrap(), std::slice::from_ref(&shown));
    assert_eq!(bed.store.record(&verdict(&known.bob, &shown, value("12")), &RecordOptions::default()).await.unwrap(), Saved::New);
    assert!(bed.store.controls_in_hand(known.bob.id, MINUTE).await.unwrap().is_empty());
    let said = bed.store.control_answers(Some(exam)).await.unwrap();
    assert_eq!(said.iter().map(|a| (a.user, a.truth.as_str(), &a.act)).collect::<Vec<_>>(), [(known.bob.id, "17", &value("12"))]);
    assert_eq!(bed.store.verdicts(exam).await.unwrap(), before, "what the senior settled stays");
    assert_eq!(bed.store.task_counts(Some(exam)).await.unwrap(), counts);
    // Nobody waits for one that was never answered.
    bed.store.advance_exam(exam, ExamState::Open, ExamState::Closed, None).await.unwrap();
    assert!(bed.store.known_fields(exam, known.bob.id, 9).await.unwrap().is_empty());
    assert!(matches!(bed.store.verify_audit().await.unwrap(), AuditReport::Whole { .. }));
}

pub(crate) async fn a_second_reading_is_known_with_what_the_first_one_said(bed: Bed) {
    let (_, pages) = bed.exam(1).await;
    let first = field_task(&pages[0], "answer", "answer-1");
    let key = format!("{}/2", first.key);
    let second = Task { id: Task::id_for(first.exam, &key), key, ..first.clone() };
    bed.store.save_reading(pages[0].id, &reading("e1"), &[first.clone(), second.clone()]).await.unwrap();
    let people = [bed.user("ann", Role::Verifier).await, bed.user("bob", Role::Verifier).await];
    for (user, said) in people.iter().zip(["17", "18"]) {
        let task = bed.store.claim(user.id, Role::Verifier, None, 1, MINUTE).await.unwrap().remove(0);
        bed.store.record(&verdict(user, &task, value(said)), &RecordOptions::default()).await.unwrap();
    }
    let eve = bed.user("eve", Role::Verifier).await;
    let found = bed.store.known_fields(first.exam, eve.id, 9).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].task.id, second.id);
    let mut both = vec![format!("{:?}", found[0].said), format!("{:?}", found[0].other.as_ref().unwrap())];
    both.sort();
    assert_eq!(both, [format!("{:?}", value("17")), format!("{:?}", value("18"))]);
    for user in &people {
        assert!(bed.store.known_fields(first.exam, user.id, 9).await.unwrap().is_empty());
    }
}

pub(crate) async fn the_answer_taken_back_first_is_the_last_one_given(bed: Bed) {
    let known = known(&bed).await;
    let other = field_task(&known.page, "answer", "answer-2");
    bed.store.sync_tasks(known.page.exam, "field/", std::slice::from_ref(&other)).await.unwrap();
    bed.store.claim(known.bob.id, Role::Verifier, None, 1, MINUTE).await.unwrap();
    bed.store.record(&verdict(&known.bob, &other, value("5")), &RecordOptions::default()).await.unwrap();
    let shown = given(&bed, &known).await;
    bed.store.record(&verdict(&known.bob, &shown, value("12")), &RecordOptions::default()).await.unwrap();
    let undone = bed.store.undo(known.bob.id).await.unwrap().unwrap();
    assert_eq!((undone.task.id, undone.task.state, undone.verdict.act), (shown.id, TaskState::Open, value("12")));
    assert!(bed.store.control_answers(None).await.unwrap().is_empty());
    assert_eq!(bed.store.controls_in_hand(known.bob.id, MINUTE).await.unwrap().len(), 1);
    let undone = bed.store.undo(known.bob.id).await.unwrap().unwrap();
    assert_eq!(undone.task.id, other.id);
    assert_eq!(bed.store.undo(known.bob.id).await.unwrap(), None);
    // Answered anew, it counts as that.
    bed.store.record(&verdict(&known.bob, &shown, value("17")), &RecordOptions::default()).await.unwrap();
    assert_eq!(bed.store.control_answers(None).await.unwrap()[0].act, value("17"));
    assert!(matches!(bed.store.verify_audit().await.unwrap(), AuditReport::Whole { .. }));
}

pub(crate) async fn an_answer_to_a_known_field_needs_it_in_hand_and_is_stored_once(bed: Bed) {
    let known = known(&bed).await;
    let shown = given(&bed, &known).await;
    let none = RecordOptions::default();
    let stranger = bed.store.record(&verdict(&known.ann, &shown, value("17")), &none).await;
    assert!(matches!(stranger, Err(StoreError::NotYours(_))), "{stranger:?}");
    let click = verdict(&known.bob, &shown, value("17"));
    let (one, two) = tokio::join!(bed.store.record(&click, &none), bed.store.record(&click, &none));
    let mut saved = [one.unwrap(), two.unwrap()];
    saved.sort_by_key(|s| *s == Saved::Already);
    assert_eq!(saved, [Saved::New, Saved::Already]);
    let again = bed.store.record(&verdict(&known.bob, &shown, value("18")), &none).await;
    assert!(matches!(again, Err(StoreError::Closed(_))), "{again:?}");
    assert_eq!(bed.store.task(shown.id).await.unwrap().task.state, TaskState::Done);
    // Given back, it is in nobody's hands; a lapsed one comes to nobody else.
    bed.store.release(known.bob.id, shown.id).await.unwrap();
    assert!(matches!(bed.store.release(known.ann.id, shown.id).await, Err(StoreError::NotFound(_))));
    assert!(bed.store.claim(known.ann.id, Role::Verifier, None, 5, MINUTE).await.unwrap().is_empty());
    bed.tamper("UPDATE control_answers SET act = replace(act, '17', '71')").await;
    assert!(matches!(bed.store.verify_audit().await.unwrap(), AuditReport::Broken { .. }), "an answer behind the chain's back");
}
