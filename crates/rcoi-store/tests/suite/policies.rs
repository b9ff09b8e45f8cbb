//! Policies of exams, and the tasks of pages that were read before a change.

use crate::bed::{Bed, MINUTE, field_task, reading, sheet_task, value, verdict};
use rcoi_model::{BoardId, ExamState, Page, Role, SheetTrouble, Task, TaskState, VerdictAct};
use rcoi_store::{AfterVerdict, AuditReport, Board, BoardItem, Cuts, NewSymbol, RecordOptions, Revised, StoreError};

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
    let revised = bed.store.revise_tasks(exam, 0, &[(page.id, vec![new.clone()])], None).await.unwrap();
    assert_eq!(revised, Revised { added: 1, withdrawn: 1 });
    let states = [&settled, &held, &dropped, &new].map(|t| t.id);
    let mut seen = Vec::new();
    for id in states {
        seen.push(bed.store.task(id).await.unwrap().task.state);
    }
    assert_eq!(seen, [TaskState::Done, TaskState::Open, TaskState::Obsolete, TaskState::Open]);
    // The other way round: the withdrawn one comes back, the settled one is not asked again.
    let revised = bed.store.revise_tasks(exam, 0, &[(page.id, before.to_vec())], None).await.unwrap();
    assert_eq!(revised, Revised { added: 1, withdrawn: 1 });
    assert_eq!(state_of(&bed, &settled).await, Some(TaskState::Done));
    assert_eq!(state_of(&bed, &dropped).await, Some(TaskState::Open));
    // The same again changes nothing.
    assert_eq!(bed.store.revise_tasks(exam, 0, &[(page.id, before.to_vec())], None).await.unwrap(), Revised::default());
}

pub(crate) async fn a_field_that_nobody_has_goes_to_the_other_station(bed: Bed) {
    let (plan, pages) = bed.exam(1).await;
    let exam = plan.id();
    let [free, ..] = fields(&pages[0]);
    bed.store.save_reading(pages[0].id, &reading("e1"), std::slice::from_ref(&free)).await.unwrap();
    let to_senior = Task { station: Role::Senior, ..free.clone() };
    bed.store.revise_tasks(exam, 0, &[(pages[0].id, vec![to_senior])], None).await.unwrap();
    let row = bed.store.task(free.id).await.unwrap();
    assert_eq!((row.task.station, row.task.state), (Role::Senior, TaskState::Open));
}

pub(crate) async fn work_that_somebody_began_is_not_withdrawn(bed: Bed) {
    let (plan, pages) = bed.exam(1).await;
    let (exam, page) = (plan.id(), &pages[0]);
    let [begun, asked, untouched, _] = fields(page);
    let symbol = |cell, symbol| NewSymbol { task: begun.id, cell, symbol, rival: None, doubt: 0.2, picture: String::new() };
    let cuts = Cuts { symbols: vec![symbol(0, '1'), symbol(1, '2')], ..Cuts::default() };
    let all = [begun.clone(), asked.clone(), untouched.clone()];
    bed.store.save_reading_with(page.id, &reading("e1"), &all, &cuts).await.unwrap();
    let ann = bed.user("ann", Role::Verifier).await;
    // One of two characters was judged; the field waits for somebody who judges the other kind.
    assert_eq!(bed.store.claim_symbols(ann.id, Some('1'), 1, MINUTE).await.unwrap().len(), 1);
    let said = BoardItem { task: begun.id, cell: 0, said: Some('7') };
    let board = Board { id: BoardId(uuid::Uuid::new_v4()), user: ann.id, items: vec![said] };
    bed.store.record_board(&board, &|_, _| true).await.unwrap();
    // A rescan was asked for: the field waits for the senior.
    bed.store.claim(ann.id, Role::Verifier, None, 3, MINUTE).await.unwrap();
    let rescan = verdict(&ann, &asked, VerdictAct::Rescan { reason: "бледно".into() });
    let stays = RecordOptions { after: AfterVerdict::StaysOpen(Role::Senior), ..RecordOptions::default() };
    bed.store.record(&rescan, &stays).await.unwrap();
    bed.wait(MINUTE * 2);
    let revised = bed.store.revise_tasks(exam, 0, &[(page.id, vec![])], None).await.unwrap();
    assert_eq!(revised, Revised { added: 0, withdrawn: 1 });
    assert_eq!(state_of(&bed, &begun).await, Some(TaskState::Open));
    assert_eq!(state_of(&bed, &asked).await, Some(TaskState::Open));
    assert_eq!(state_of(&bed, &untouched).await, Some(TaskState::Obsolete));
}

pub(crate) async fn nobody_is_asked_again_about_what_the_senior_settled(bed: Bed) {
    let (plan, pages) = bed.exam(1).await;
    let (exam, page) = (plan.id(), &pages[0]);
    let [field, other, ..] = fields(page);
    bed.store.save_reading(page.id, &reading("e1"), std::slice::from_ref(&field)).await.unwrap();
    let (ann, sue) = (bed.user("ann", Role::Verifier).await, bed.user("sue", Role::Senior).await);
    bed.store.claim(ann.id, Role::Verifier, None, 1, MINUTE).await.unwrap();
    let named = |key: String| Task { id: Task::id_for(exam, &key), key, ..field.clone() };
    let passed = Task { station: Role::Senior, ..named(format!("senior/{}/answer-1", page.id)) };
    let to_senior = RecordOptions { new_tasks: vec![passed.clone()], ..RecordOptions::default() };
    bed.store.record(&verdict(&ann, &field, VerdictAct::Pass { reason: "?".into() }), &to_senior).await.unwrap();
    bed.store.claim(sue.id, Role::Senior, None, 1, MINUTE).await.unwrap();
    bed.store.record(&verdict(&sue, &passed, value("1")), &RecordOptions::default()).await.unwrap();
    // The head wants two readings of everything.
    let twin = |task: &Task| named(format!("{}/2", task.key));
    let twin_of_other = Task { subject: other.subject.clone(), ..twin(&other) };
    let wanted = vec![field.clone(), twin(&field), other.clone(), twin_of_other];
    let revised = bed.store.revise_tasks(exam, 0, &[(page.id, wanted)], None).await.unwrap();
    assert_eq!(revised.added, 2, "only the field that nobody settled");
    assert_eq!(state_of(&bed, &twin(&field)).await, None);
}

pub(crate) async fn tasks_of_an_older_policy_are_refused_and_a_pending_one_keeps_the_exam_open(bed: Bed) {
    let (plan, pages) = bed.exam(2).await;
    let exam = plan.id();
    let head = bed.user("head", Role::Head).await.id;
    for page in &pages {
        bed.store.save_reading(page.id, &reading("e1"), &[]).await.unwrap();
    }
    let set = bed.store.set_policy(exam, Some("{}"), head).await.unwrap();
    let old = Cuts { policy: Some(0), ..Cuts::default() };
    let [field, ..] = fields(&pages[0]);
    let late = bed.store.save_reading_with(pages[0].id, &reading("e2"), std::slice::from_ref(&field), &old).await;
    assert!(matches!(late, Err(StoreError::OtherPolicy)));
    assert_eq!(bed.store.reading(pages[0].id).await.unwrap().unwrap().engine, "e1");
    assert!(matches!(bed.store.revise_tasks(exam, 0, &[(pages[0].id, vec![])], None).await, Err(StoreError::OtherPolicy)));
    bed.store.revise_tasks(exam, set.seq, &[(pages[0].id, vec![])], None).await.unwrap();
    assert!(bed.store.advance_exam(exam, ExamState::Open, ExamState::Closed, None).await.is_err());
    bed.store.policy_applied(exam, set.seq).await.unwrap();
    // A page that comes back into the work may have missed the change: all are looked at again.
    let sheet = sheet_task(&pages[1], SheetTrouble::BlankPage);
    bed.store.save_reading(pages[1].id, &reading("e2"), std::slice::from_ref(&sheet)).await.unwrap();
    let sue = bed.user("sue", Role::Senior).await;
    bed.store.claim(sue.id, Role::Senior, None, 1, MINUTE).await.unwrap();
    let out = RecordOptions { exclude: Some((pages[1].id, "лишний".into())), ..RecordOptions::default() };
    bed.store.record(&verdict(&sue, &sheet, VerdictAct::Exclude { reason: "лишний".into() }), &out).await.unwrap();
    assert_eq!(bed.store.pending_policies().await.unwrap().len(), 0);
    bed.store.undo(sue.id).await.unwrap().unwrap();
    assert_eq!(bed.store.pending_policies().await.unwrap().len(), 1);
}

pub(crate) async fn a_change_is_carried_by_one_process_and_goes_on_where_a_dead_one_stopped(bed: Bed) {
    let (plan, pages) = bed.exam(3).await;
    let exam = plan.id();
    let head = bed.user("head", Role::Head).await.id;
    for page in &pages {
        bed.store.save_reading(page.id, &reading("e1"), &[]).await.unwrap();
    }
    let seq = bed.store.set_policy(exam, Some("{}"), head).await.unwrap().seq;
    assert_eq!(bed.store.carry_policy(exam, seq, "one", MINUTE).await.unwrap(), Some(None));
    assert_eq!(bed.store.carry_policy(exam, seq, "two", MINUTE).await.unwrap(), None, "one carries it");
    let first = bed.store.readings(exam, None, 1).await.unwrap()[0].0;
    bed.store.revise_tasks(exam, seq, &[(first, vec![])], Some(first)).await.unwrap();
    assert_eq!(bed.store.carry_policy(exam, seq, "one", MINUTE).await.unwrap(), Some(Some(first)));
    bed.wait(MINUTE * 2);
    assert_eq!(bed.store.carry_policy(exam, seq, "two", MINUTE).await.unwrap(), Some(Some(first)), "dead, it holds nobody up");
    bed.store.policy_applied(exam, seq).await.unwrap();
    assert_eq!(bed.store.carry_policy(exam, seq, "two", MINUTE).await.unwrap(), None);
    let next = bed.store.set_policy(exam, None, head).await.unwrap().seq;
    assert_eq!(bed.store.carry_policy(exam, next, "two", MINUTE).await.unwrap(), Some(None), "another change begins anew");
}
