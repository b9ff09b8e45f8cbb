//! Characters judged apart from their fields, many at once.

use crate::bed::{Bed, MINUTE, drawn_pages, field_task, plan, reading, value, verdict};
use rcoi_model::{BoardId, ExamState, Page, Role, Task, TaskState, TaskSubject, UserId, VerdictAct};
use rcoi_store::{Board, BoardItem, Cuts, NewSymbol, StoreError, SymbolRow};
use uuid::Uuid;

fn symbol(task: &Task, cell: u32, symbol: char, rival: char, doubt: f32) -> NewSymbol {
    NewSymbol { task: task.id, cell, symbol, rival: Some(rival), doubt, picture: "iVBORw0KGgo=".to_owned() }
}

fn cuts<const N: usize>(symbols: [NewSymbol; N]) -> Cuts {
    Cuts { symbols: symbols.into(), ..Cuts::default() }
}

/// Fields that read "12", each with a doubtful '2' in its second cell.
async fn doubts(bed: &Bed, pages: &[Page]) -> Vec<Task> {
    let mut all = Vec::new();
    for (n, page) in pages.iter().enumerate() {
        let task = field_task(page, "answer", "answer-1");
        let symbols = [symbol(&task, 1, '2', '7', 0.1 + n as f32 / 100.0)];
        bed.store.save_reading_with(page.id, &reading("e1"), std::slice::from_ref(&task), &cuts(symbols)).await.unwrap();
        all.push(task);
    }
    all
}

async fn claimed(bed: &Bed, user: UserId, like: Option<char>) -> Vec<SymbolRow> {
    bed.store.claim_symbols(user, like, 60, MINUTE).await.unwrap()
}

/// Twos that wait, with the known ones among them.
async fn mixed(bed: &Bed, user: UserId) -> Vec<SymbolRow> {
    let mut rows = claimed(bed, user, Some('2')).await;
    rows.extend(bed.store.known_symbols(user, '2', 60).await.unwrap());
    rows
}

fn board(user: UserId, items: &[(&Task, u32, Option<char>)]) -> Board {
    let items = items.iter().map(|(task, cell, said)| BoardItem { task: task.id, cell: *cell, said: *said }).collect();
    Board { id: BoardId(Uuid::new_v4()), user, items }
}

async fn stored_value(bed: &Bed, task: &Task) -> Option<String> {
    match bed.store.verdicts_of_task(task.id).await.unwrap().pop()?.verdict.act {
        VerdictAct::Value { value } => Some(value),
        other => panic!("{other:?}"),
    }
}

fn any(_: &TaskSubject, _: char) -> bool {
    true
}

pub(crate) async fn a_board_confirms_corrects_and_leaves_in_one_go(bed: Bed) {
    let (_, pages) = bed.exam(3).await;
    let tasks = doubts(&bed, &pages).await;
    let ann = bed.user("ann", Role::Verifier).await.id;
    let rows = claimed(&bed, ann, None).await;
    let order: Vec<_> = rows.iter().map(|r| r.symbol.task).collect();
    assert_eq!(order, [tasks[2].id, tasks[1].id, tasks[0].id], "the most doubtful first");
    let said = board(ann, &[(&tasks[0], 1, Some('2')), (&tasks[1], 1, Some('7')), (&tasks[2], 1, None)]);
    let done = bed.store.record_board(&said, &any).await.unwrap();
    assert_eq!((done.settled, done.gone, done.already), (2, 0, false));
    assert_eq!(stored_value(&bed, &tasks[0]).await.as_deref(), Some("12"));
    assert_eq!(stored_value(&bed, &tasks[1]).await.as_deref(), Some("17"));
    let left = bed.store.task(tasks[2].id).await.unwrap();
    assert_eq!((left.task.state, left.claimed_by), (TaskState::Open, None), "the fields station may have it");
    assert_eq!(bed.store.open_symbols().await.unwrap(), 0);
    // A double click.
    assert!(bed.store.record_board(&said, &any).await.unwrap().already);
    let other = Board { items: vec![], ..said };
    assert!(matches!(bed.store.record_board(&other, &any).await, Err(StoreError::Conflict(_))));
    assert!(matches!(bed.store.verify_audit().await.unwrap(), rcoi_store::AuditReport::Whole { .. }));
}

pub(crate) async fn a_field_in_hand_at_one_station_is_not_at_the_other(bed: Bed) {
    let (_, pages) = bed.exam(4).await;
    let tasks = doubts(&bed, &pages).await;
    let (ann, bob) = (bed.user("ann", Role::Verifier).await.id, bed.user("bob", Role::Verifier).await.id);
    let fields = bed.store.claim(ann, Role::Verifier, None, 2, MINUTE).await.unwrap();
    let rows = claimed(&bed, bob, Some('2')).await;
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|r| fields.iter().all(|f| f.id != r.symbol.task)));
    // A reloaded page shows the same characters; somebody else gets none of them.
    assert_eq!(claimed(&bed, bob, Some('2')).await, rows);
    let cid = bed.user("cid", Role::Verifier).await.id;
    assert_eq!(claimed(&bed, cid, None).await, []);
    // Said after the lease went to somebody else: nothing of it counts.
    bed.wait(MINUTE * 2);
    assert_eq!(bed.store.claim(cid, Role::Verifier, None, 4, MINUTE).await.unwrap().len(), 4);
    let items: Vec<_> = tasks.iter().filter(|t| rows.iter().any(|r| r.symbol.task == t.id)).map(|t| (t, 1, Some('2'))).collect();
    let done = bed.store.record_board(&board(bob, &items), &any).await.unwrap();
    assert_eq!((done.settled, done.gone), (0, 2));
}

pub(crate) async fn a_field_waits_for_all_its_characters(bed: Bed) {
    let (_, pages) = bed.exam(1).await;
    let task = field_task(&pages[0], "answer", "answer-1");
    let symbols = [symbol(&task, 0, '1', '7', 0.2), symbol(&task, 1, '2', '7', 0.1)];
    bed.store.save_reading_with(pages[0].id, &reading("e1"), std::slice::from_ref(&task), &cuts(symbols)).await.unwrap();
    let (ann, bob) = (bed.user("ann", Role::Verifier).await.id, bed.user("bob", Role::Verifier).await.id);
    assert_eq!(claimed(&bed, ann, Some('1')).await.len(), 2, "the backlog ends: the next kind comes along");
    let first = board(ann, &[(&task, 0, Some('7'))]);
    assert_eq!(bed.store.record_board(&first, &any).await.unwrap().settled, 0);
    assert_eq!(bed.store.symbols_said(task.id).await.unwrap(), [(0, '7')]);
    // The other kind is free for somebody else.
    assert_eq!(claimed(&bed, bob, Some('2')).await.len(), 1);
    assert_eq!(bed.store.record_board(&board(bob, &[(&task, 1, Some('2'))]), &any).await.unwrap().settled, 1);
    assert_eq!(stored_value(&bed, &task).await.as_deref(), Some("72"));
    // What somebody else built on stays.
    let undone = bed.store.undo_board(ann).await.unwrap().unwrap();
    assert_eq!((undone.back, undone.kept), (0, 1));
}

pub(crate) async fn an_undone_board_waits_again_in_the_same_hands(bed: Bed) {
    let (_, pages) = bed.exam(3).await;
    let tasks = doubts(&bed, &pages).await;
    let ann = bed.user("ann", Role::Verifier).await.id;
    let rows = claimed(&bed, ann, None).await;
    let said = board(ann, &[(&tasks[0], 1, Some('7')), (&tasks[1], 1, Some('2')), (&tasks[2], 1, None)]);
    bed.store.record_board(&said, &any).await.unwrap();
    let undone = bed.store.undo_board(ann).await.unwrap().unwrap();
    assert_eq!((undone.id, undone.back, undone.kept), (said.id, 3, 0));
    assert!(stored_value(&bed, &tasks[0]).await.is_none(), "the verdict does not count");
    assert_eq!(claimed(&bed, ann, None).await.len(), rows.len());
    assert_eq!(bed.store.undo_board(ann).await.unwrap(), None);
    assert!(matches!(bed.store.verify_audit().await.unwrap(), rcoi_store::AuditReport::Whole { .. }));
}

pub(crate) async fn a_verdict_on_the_whole_field_takes_its_characters_off_the_boards(bed: Bed) {
    let (_, pages) = bed.exam(2).await;
    let tasks = doubts(&bed, &pages).await;
    let ann = bed.user("ann", Role::Verifier).await;
    bed.store.claim(ann.id, Role::Verifier, None, 1, MINUTE).await.unwrap();
    let held = bed.store.claim(ann.id, Role::Verifier, None, 1, MINUTE).await.unwrap();
    bed.store.record(&verdict(&ann, &held[0], value("15")), &rcoi_store::RecordOptions::default()).await.unwrap();
    assert_eq!(bed.store.open_symbols().await.unwrap(), 1);
    // So does a sheet that leaves the work.
    for page in &pages {
        bed.store.exclude_page(page.id, None, "второй скан").await.unwrap();
    }
    assert_eq!(bed.store.open_symbols().await.unwrap(), 0);
    assert_eq!(tasks.len(), 2);
}

pub(crate) async fn a_known_answer_is_shown_to_another_person_once_and_compared(bed: Bed) {
    let (_, pages) = bed.exam(4).await;
    let tasks = doubts(&bed, &pages).await;
    let (ann, bob) = (bed.user("ann", Role::Verifier).await.id, bed.user("bob", Role::Verifier).await.id);
    let hers = bed.store.claim_symbols(ann, None, 2, MINUTE).await.unwrap();
    let of = |row: &SymbolRow| tasks.iter().find(|t| t.id == row.symbol.task).unwrap();
    bed.store.record_board(&board(ann, &[(of(&hers[0]), 1, Some('7')), (of(&hers[1]), 1, Some('2'))]), &any).await.unwrap();
    assert_eq!(mixed(&bed, ann).await.len(), 2, "her own answer is no test for her");
    bed.wait(MINUTE * 2);
    let his = mixed(&bed, bob).await;
    assert_eq!(his.len(), 3, "two that wait, and the one that Ann corrected");
    let items: Vec<_> = his.iter().map(|row| (of(row), 1, Some('2'))).collect();
    let done = bed.store.record_board(&board(bob, &items), &any).await.unwrap();
    assert_eq!((done.settled, done.gone), (2, 0));
    assert_eq!(stored_value(&bed, of(&hers[0])).await.as_deref(), Some("17"), "a test changes nothing");
    let seen = bed.store.controls(None).await.unwrap();
    assert_eq!(seen.iter().map(|c| (c.user, c.shown, c.wrong)).collect::<Vec<_>>(), [(bob, 1, 1)]);
}

pub(crate) async fn a_character_that_may_not_stand_there_stops_the_whole_board(bed: Bed) {
    let (_, pages) = bed.exam(2).await;
    let tasks = doubts(&bed, &pages).await;
    let ann = bed.user("ann", Role::Verifier).await.id;
    claimed(&bed, ann, None).await;
    let said = board(ann, &[(&tasks[0], 1, Some('2')), (&tasks[1], 1, Some('Ж'))]);
    let done = bed.store.record_board(&said, &|_, c| c.is_ascii_digit()).await.unwrap();
    assert_eq!(done.refused.map(|item| item.task), Some(tasks[1].id));
    assert_eq!(bed.store.open_symbols().await.unwrap(), 2, "nothing of it stays");
}

pub(crate) async fn a_known_answer_of_an_exam_that_was_closed_does_not_cost_the_board(bed: Bed) {
    let (first, pages) = bed.exam(1).await;
    let known = doubts(&bed, &pages).await.remove(0);
    let (ann, bob) = (bed.user("ann", Role::Verifier).await.id, bed.user("bob", Role::Verifier).await.id);
    claimed(&bed, ann, None).await;
    bed.store.record_board(&board(ann, &[(&known, 1, Some('7'))]), &any).await.unwrap();
    let second = plan("02");
    bed.store.import_exam(&second).await.unwrap();
    let more = drawn_pages(&second, 1);
    bed.store.insert_pages(&more).await.unwrap();
    let own = doubts(&bed, &more).await.remove(0);
    assert_eq!(mixed(&bed, bob).await.len(), 2);
    bed.store.advance_exam(first.id(), ExamState::Open, ExamState::Closed, None).await.unwrap();
    let done = bed.store.record_board(&board(bob, &[(&own, 1, Some('2')), (&known, 1, Some('7'))]), &any).await.unwrap();
    assert_eq!((done.settled, done.gone), (1, 0));
    assert_eq!(bed.store.controls(None).await.unwrap().iter().map(|c| (c.user, c.shown, c.wrong)).collect::<Vec<_>>(), [(bob, 1, 0)]);
    // What was said in the closed exam cannot be taken back any more.
    let undone = bed.store.undo_board(ann).await.unwrap().unwrap();
    assert_eq!((undone.back, undone.kept), (0, 1));
}
