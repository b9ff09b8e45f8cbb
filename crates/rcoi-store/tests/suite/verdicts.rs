//! Verdicts, undo, and the audit chain.

use crate::bed::{Bed, MINUTE, field_task, reading, room_task, sheet_task, value, verdict};
use rcoi_model::{Page, PageState, Role, SheetTrouble, Task, TaskState, VerdictAct};
use rcoi_store::{AfterVerdict, AuditReport, RecordOptions, Saved, StoreError, User};

/// A read page with one doubtful field, and the verifier who holds it.
async fn held(bed: &Bed) -> (Page, Task, User) {
    let (_, pages) = bed.exam(2).await;
    let task = field_task(&pages[0], "answer", "answer-1");
    bed.store.save_reading(pages[0].id, &reading("e1"), std::slice::from_ref(&task)).await.unwrap();
    let ann = bed.user("ann", Role::Verifier).await;
    assert_eq!(bed.store.claim(ann.id, Role::Verifier, None, 1, MINUTE).await.unwrap(), std::slice::from_ref(&task));
    (pages[0].clone(), task, ann)
}

async fn state(bed: &Bed, task: &Task) -> TaskState {
    bed.store.task(task.id).await.unwrap().task.state
}

pub(crate) async fn a_double_click_records_one_verdict(bed: Bed) {
    let (_, task, ann) = held(&bed).await;
    let click = verdict(&ann, &task, value("17"));
    let none = RecordOptions::default();
    let (one, two) = tokio::join!(bed.store.record(&click, &none), bed.store.record(&click, &none));
    let mut saved = [one.unwrap(), two.unwrap()];
    saved.sort_by_key(|s| *s == Saved::Already);
    assert_eq!(saved, [Saved::New, Saved::Already]);
    let stored = bed.store.verdicts(task.exam).await.unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!((&stored[0].verdict, stored[0].page, &stored[0].subject), (&click, task.page, &task.subject));
    assert_eq!(state(&bed, &task).await, TaskState::Done);
    let mut other = click.clone();
    other.act = value("18");
    assert!(matches!(bed.store.record(&other, &none).await, Err(StoreError::Conflict(_))));
    let second = verdict(&ann, &task, value("18"));
    assert!(matches!(bed.store.record(&second, &none).await, Err(StoreError::Closed(_))));
}

pub(crate) async fn a_verdict_needs_the_task_in_hand(bed: Bed) {
    let (_, task, ann) = held(&bed).await;
    let none = RecordOptions::default();
    let (bob, senior) = (bed.user("bob", Role::Verifier).await, bed.user("senior", Role::Senior).await);
    for user in [&bob, &senior] {
        let refused = bed.store.record(&verdict(user, &task, value("1")), &none).await;
        assert!(matches!(refused, Err(StoreError::NotYours(_))), "{refused:?}");
    }
    bed.wait(MINUTE * 2);
    let lapsed = bed.store.record(&verdict(&bob, &task, value("1")), &none).await;
    assert!(matches!(lapsed, Err(StoreError::NotYours(_))), "a verifier must claim first");
    bed.store.set_user_disabled(ann.id, true, None).await.unwrap();
    assert!(matches!(bed.store.record(&verdict(&ann, &task, value("1")), &none).await, Err(StoreError::NotYours(_))));
    assert_eq!(bed.store.record(&verdict(&senior, &task, value("1")), &none).await.unwrap(), Saved::New);
}

pub(crate) async fn a_verdict_that_fails_half_way_leaves_nothing(bed: Bed) {
    let (page, task, ann) = held(&bed).await;
    let mut foreign = room_task(task.exam, "room/1", "x");
    foreign.id = task.id;
    let options =
        RecordOptions { exclude: Some((page.id, "лишний".to_owned())), new_tasks: vec![foreign], after: AfterVerdict::Done };
    let failed = bed.store.record(&verdict(&ann, &task, value("1")), &options).await;
    assert!(matches!(failed, Err(StoreError::Conflict(_))));
    assert_eq!(state(&bed, &task).await, TaskState::Open);
    assert_eq!(bed.store.page(page.id).await.unwrap().state, PageState::Read);
    assert!(bed.store.verdicts(task.exam).await.unwrap().is_empty());
    assert!(matches!(bed.store.verify_audit().await.unwrap(), AuditReport::Whole { .. }));
}

pub(crate) async fn undo_reopens_the_task_and_keeps_the_verdict(bed: Bed) {
    let (_, task, ann) = held(&bed).await;
    assert_eq!(bed.store.undo(ann.id).await.unwrap(), None);
    let wrong = verdict(&ann, &task, value("17"));
    bed.store.record(&wrong, &RecordOptions::default()).await.unwrap();
    let undone = bed.store.undo(ann.id).await.unwrap().unwrap();
    assert_eq!((undone.verdict, &undone.task), (wrong.clone(), &task));
    assert_eq!(bed.store.undo(ann.id).await.unwrap(), None);
    assert!(bed.store.verdicts(task.exam).await.unwrap().is_empty(), "it does not count");
    assert_eq!(bed.store.record(&wrong, &RecordOptions::default()).await.unwrap(), Saved::Already, "but it is still there");
    assert_eq!(state(&bed, &task).await, TaskState::Open);
    assert_eq!(bed.store.claim(ann.id, Role::Verifier, None, 1, MINUTE).await.unwrap(), std::slice::from_ref(&task));
    let right = verdict(&ann, &task, value("19"));
    bed.store.record(&right, &RecordOptions::default()).await.unwrap();
    let counted: Vec<_> = bed.store.verdicts_of_task(task.id).await.unwrap().into_iter().map(|v| v.verdict).collect();
    assert_eq!(counted, [right]);
}

pub(crate) async fn undo_puts_an_excluded_page_back(bed: Bed) {
    let (page, field, _) = held(&bed).await;
    let twin = sheet_task(&page, SheetTrouble::DuplicateCode);
    bed.store.sync_tasks(page.exam, "sheet/", std::slice::from_ref(&twin)).await.unwrap();
    let senior = bed.user("senior", Role::Senior).await;
    let options = RecordOptions { exclude: Some((page.id, "дубль".to_owned())), ..RecordOptions::default() };
    let out = verdict(&senior, &twin, VerdictAct::Exclude { reason: "дубль".to_owned() });
    bed.store.record(&out, &options).await.unwrap();
    assert_eq!(bed.store.page(page.id).await.unwrap().state, PageState::Excluded);
    assert_eq!((state(&bed, &twin).await, state(&bed, &field).await), (TaskState::Done, TaskState::Obsolete));
    bed.store.undo(senior.id).await.unwrap().unwrap();
    let back = bed.store.page(page.id).await.unwrap();
    assert_eq!((back.state, back.reason), (PageState::Read, None));
    assert_eq!((state(&bed, &twin).await, state(&bed, &field).await), (TaskState::Open, TaskState::Open));
}

pub(crate) async fn undo_stops_where_somebody_acted_on_it(bed: Bed) {
    let (page, task, ann) = held(&bed).await;
    let passed = sheet_task(&page, SheetTrouble::Passed);
    let options = RecordOptions { new_tasks: vec![passed.clone()], ..RecordOptions::default() };
    bed.store.record(&verdict(&ann, &task, VerdictAct::Pass { reason: "грязь".to_owned() }), &options).await.unwrap();
    bed.store.undo(ann.id).await.unwrap().unwrap();
    assert_eq!(state(&bed, &passed).await, TaskState::Obsolete);

    bed.store.record(&verdict(&ann, &task, VerdictAct::Pass { reason: "грязь".to_owned() }), &options).await.unwrap();
    let senior = bed.user("senior", Role::Senior).await;
    bed.store.record(&verdict(&senior, &passed, value("5")), &RecordOptions::default()).await.unwrap();
    assert!(matches!(bed.store.undo(ann.id).await, Err(StoreError::Conflict(_))));
    assert_eq!(bed.store.verdicts(page.exam).await.unwrap().len(), 2);
}

pub(crate) async fn a_rescan_stays_open_for_the_senior(bed: Bed) {
    let (_, task, ann) = held(&bed).await;
    let options = RecordOptions { after: AfterVerdict::StaysOpen(Role::Senior), ..RecordOptions::default() };
    bed.store.record(&verdict(&ann, &task, VerdictAct::Rescan { reason: "полоса".to_owned() }), &options).await.unwrap();
    let row = bed.store.task(task.id).await.unwrap();
    assert_eq!((row.task.state, row.task.station, row.claimed_by), (TaskState::Open, Role::Senior, None));
    assert_eq!(bed.store.claim(ann.id, Role::Verifier, None, 1, MINUTE).await.unwrap(), []);
    assert_eq!(bed.store.verdicts(task.exam).await.unwrap().len(), 1);
    let undone = bed.store.undo(ann.id).await.unwrap().unwrap();
    assert_eq!(undone.task, task, "back at the station it came from");
}

pub(crate) async fn the_audit_chain_shows_a_changed_row(bed: Bed) {
    let (_, task, ann) = held(&bed).await;
    bed.store.record(&verdict(&ann, &task, value("17")), &RecordOptions::default()).await.unwrap();
    let AuditReport::Whole { rows, .. } = bed.store.verify_audit().await.unwrap() else { panic!("the chain is whole") };
    assert_eq!(rows, 3, "import, user, verdict");
    let broken = |report: AuditReport| match report {
        AuditReport::Broken { seq, .. } => seq,
        AuditReport::Whole { .. } => 0,
    };
    bed.tamper("UPDATE audit SET act = act || '!' WHERE seq = 2").await;
    assert_eq!(broken(bed.store.verify_audit().await.unwrap()), 2);
    bed.tamper("UPDATE audit SET act = 'user.create' WHERE seq = 2").await;
    assert_eq!(broken(bed.store.verify_audit().await.unwrap()), 0, "put right again");
    bed.tamper("UPDATE verdicts SET act = replace(act, '17', '71')").await;
    assert_eq!(broken(bed.store.verify_audit().await.unwrap()), 3, "a verdict behind the chain's back");
    bed.tamper("DELETE FROM audit WHERE seq = 3").await;
    assert_eq!(broken(bed.store.verify_audit().await.unwrap()), 3, "a row cut off the end");
    let listed = bed.store.audit_rows(1, 9).await.unwrap();
    assert_eq!((listed.len(), listed[0].entry.act.as_str()), (1, "user.create"));
}

pub(crate) async fn twenty_verdicts_at_once_make_one_chain(bed: Bed) {
    let (_, pages) = bed.exam(1).await;
    let tasks: Vec<_> = (1..=20).map(|n| field_task(&pages[0], "answer", &format!("answer-{n}"))).collect();
    bed.store.save_reading(pages[0].id, &reading("e1"), &tasks).await.unwrap();
    let senior = bed.user("senior", Role::Senior).await;
    let recorded = tasks.iter().map(|task| {
        let (store, verdict) = (bed.store.clone(), verdict(&senior, task, value("1")));
        tokio::spawn(async move { store.record(&verdict, &RecordOptions::default()).await })
    });
    for saved in futures::future::join_all(recorded).await {
        assert_eq!(saved.unwrap().unwrap(), Saved::New);
    }
    let report = bed.store.verify_audit().await.unwrap();
    assert!(matches!(report, AuditReport::Whole { rows: 22, .. }), "{report:?}");
}
