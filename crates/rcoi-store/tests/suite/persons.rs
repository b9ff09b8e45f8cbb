//! Personal data: a station of its own over the same tasks.

use crate::bed::{Bed, MINUTE, field_task, person_task, reading, verdict};
use rcoi_model::{ExamId, Ground, Role, Task, TaskState, VerdictAct};
use rcoi_store::{AfterVerdict, OpenCount, RecordOptions, Saved, StoreError};
use std::collections::HashSet;

fn accept() -> VerdictAct {
    VerdictAct::AcceptForm { ground: Ground::CorrectionList }
}

/// `persons` differences found, and one doubtful field.
async fn found(bed: &Bed, persons: usize) -> (ExamId, Vec<Task>, Task) {
    let (plan, pages) = bed.exam(1).await;
    let exam = plan.id();
    let field = field_task(&pages[0], "person", "surname");
    bed.store.save_reading(pages[0].id, &reading("e1"), std::slice::from_ref(&field)).await.unwrap();
    let tasks: Vec<Task> = (0..persons).map(|n| person_task(&pages[0], &format!("{n:04}"))).collect();
    bed.store.sync_tasks(exam, "check/", &tasks).await.unwrap();
    (exam, tasks, field)
}

async fn counts(bed: &Bed) -> Vec<OpenCount> {
    let mut counts = bed.store.open_counts().await.unwrap();
    counts.sort_by_key(|c| c.station.as_str());
    counts
}

pub(crate) async fn persons_and_fields_are_claimed_and_counted_apart(bed: Bed) {
    let (_, tasks, field) = found(&bed, 3).await;
    assert_eq!(counts(&bed).await, [OpenCount { station: Role::Verifier, persons: 3, others: 1 }]);
    let ann = bed.user("ann", Role::Verifier).await.id;
    assert_eq!(bed.store.claim(ann, Role::Verifier, None, 9, MINUTE).await.unwrap(), [field]);
    let hers = bed.store.claim_persons(ann, Role::Verifier, 2, MINUTE).await.unwrap();
    assert_eq!(hers.len(), 2);
    let again = bed.store.claim_persons(ann, Role::Verifier, 9, MINUTE).await.unwrap();
    assert_eq!((again.len(), &again[..2]), (3, &hers[..]), "a reloaded page shows the same, then the rest");
    assert_eq!(again.iter().map(|t| t.id).collect::<HashSet<_>>(), tasks.iter().map(|t| t.id).collect());
    assert_eq!(bed.store.claim_persons(ann, Role::Senior, 9, MINUTE).await.unwrap(), []);
}

pub(crate) async fn people_claiming_at_once_never_share_a_person(bed: Bed) {
    let (_, tasks, _) = found(&bed, 12).await;
    let mut claims = Vec::new();
    for n in 0..6 {
        let (store, user) = (bed.store.clone(), bed.user(&format!("v{n}"), Role::Verifier).await.id);
        claims.push(tokio::spawn(async move { store.claim_persons(user, Role::Verifier, 3, MINUTE).await.unwrap() }));
    }
    let mut given = Vec::new();
    for claim in claims {
        given.extend(claim.await.unwrap());
    }
    let ids: HashSet<_> = given.iter().map(|t| t.id).collect();
    assert_eq!((given.len(), ids.len()), (tasks.len(), tasks.len()), "12 persons, 18 wanted: each is given once");
}

pub(crate) async fn an_asked_person_waits_for_the_senior_and_is_the_same_question(bed: Bed) {
    let (exam, tasks, _) = found(&bed, 1).await;
    let (ann, boss) = (bed.user("ann", Role::Verifier).await, bed.user("boss", Role::Senior).await);
    bed.store.claim_persons(ann.id, Role::Verifier, 1, MINUTE).await.unwrap();
    let ask = verdict(&ann, &tasks[0], VerdictAct::Pass { reason: "паспорт другой, записи не видно".to_owned() });
    let options = RecordOptions { after: AfterVerdict::StaysOpen(Role::Senior), ..RecordOptions::default() };
    assert_eq!(bed.store.record(&ask, &options).await.unwrap(), Saved::New);
    assert_eq!(bed.store.record(&ask, &options).await.unwrap(), Saved::Already);
    let waits = [OpenCount { station: Role::Senior, persons: 1, others: 0 }, OpenCount { station: Role::Verifier, persons: 0, others: 1 }];
    assert_eq!(counts(&bed).await, waits);
    // Found again, it stays where it is; when form and register agree it goes away.
    bed.store.sync_tasks(exam, "check/", &tasks).await.unwrap();
    assert_eq!(counts(&bed).await, waits);
    let his = bed.store.claim_persons(boss.id, Role::Senior, 9, MINUTE).await.unwrap();
    assert_eq!((his.len(), his[0].id), (1, tasks[0].id));
    bed.store.record(&verdict(&boss, &tasks[0], accept()), &RecordOptions::default()).await.unwrap();
    assert_eq!(bed.store.task(tasks[0].id).await.unwrap().task.state, TaskState::Done);
    let late = bed.store.undo_person(ann.id).await;
    assert!(matches!(late, Err(StoreError::Conflict(_))), "the senior has answered: {late:?}");
    let undone = bed.store.undo_person(boss.id).await.unwrap().unwrap();
    assert_eq!((undone.verdict.act, undone.task.station), (accept(), Role::Senior));
    bed.store.sync_tasks(exam, "check/", &[]).await.unwrap();
    assert_eq!(bed.store.task(tasks[0].id).await.unwrap().task.state, TaskState::Obsolete);
}

pub(crate) async fn each_station_takes_back_its_own_last_verdict(bed: Bed) {
    let (_, tasks, field) = found(&bed, 1).await;
    let ann = bed.user("ann", Role::Verifier).await;
    bed.store.claim_persons(ann.id, Role::Verifier, 1, MINUTE).await.unwrap();
    bed.store.claim(ann.id, Role::Verifier, None, 1, MINUTE).await.unwrap();
    bed.store.record(&verdict(&ann, &tasks[0], accept()), &RecordOptions::default()).await.unwrap();
    bed.store.record(&verdict(&ann, &field, crate::bed::value("7")), &RecordOptions::default()).await.unwrap();
    let undone = bed.store.undo_person(ann.id).await.unwrap().unwrap();
    assert_eq!((undone.task.id, undone.verdict.act), (tasks[0].id, accept()), "the field was said later and stays");
    assert_eq!(bed.store.undo_person(ann.id).await.unwrap(), None);
    assert_eq!(bed.store.undo(ann.id).await.unwrap().unwrap().task.id, field.id);
    assert_eq!(bed.store.undo(ann.id).await.unwrap(), None);
    let said = bed.store.verdicts_of_task(tasks[0].id).await.unwrap();
    assert!(said.is_empty(), "an undone decision does not count");
}
