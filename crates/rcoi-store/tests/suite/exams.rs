//! Exams, packets, pages, the outbox, counts.

use crate::bed::{Bed, MINUTE, drawn_pages, field_task, plan, reading, room_task, value, verdict};
use rcoi_model::{ExamState, Packet, PageState, Role, TaskState};
use rcoi_store::{Begun, Imported, RecordOptions, Saved, Store, StoreError};

pub(crate) async fn an_exam_imported_twice_is_the_same_exam(bed: Bed) {
    let mut plan = plan("01");
    assert_eq!(bed.store.import_exam(&plan).await.unwrap(), Imported::New);
    assert_eq!(bed.store.import_exam(&plan).await.unwrap(), Imported::Same);
    plan.rooms[0].declared_sheets = 13;
    assert_eq!(bed.store.import_exam(&plan).await.unwrap(), Imported::Replaced);

    let row = bed.store.exam(plan.id()).await.unwrap();
    assert_eq!((row.state, &row.plan), (ExamState::Open, &plan));
    let declared: Vec<_> = bed.store.packets(plan.id()).await.unwrap().iter().map(|p| (p.room.clone(), p.declared)).collect();
    assert_eq!(declared, [("0101".to_owned(), 13), ("0102".to_owned(), 12)]);
    assert_eq!(bed.store.exams().await.unwrap().len(), 1);
}

pub(crate) async fn a_closed_exam_refuses_another_plan_and_new_pages(bed: Bed) {
    let (mut plan, pages) = bed.exam(1).await;
    bed.store.save_reading(pages[0].id, &reading("e1"), &[]).await.unwrap();
    bed.store.advance_exam(plan.id(), ExamState::Open, ExamState::Closed, None).await.unwrap();
    let again = bed.store.advance_exam(plan.id(), ExamState::Open, ExamState::Closed, None).await;
    assert!(matches!(again, Err(StoreError::WrongState { actual: ExamState::Closed, .. })));
    bed.store.advance_exam(plan.id(), ExamState::Closed, ExamState::Packaged, None).await.unwrap();

    assert_eq!(bed.store.import_exam(&plan).await.unwrap(), Imported::Same);
    plan.answers += 1;
    assert!(matches!(bed.store.import_exam(&plan).await, Err(StoreError::Closed(_))));
    assert_eq!(bed.store.insert_pages(&pages).await.unwrap(), 0, "known pages are no news");
    assert!(matches!(bed.store.insert_pages(&drawn_pages(&plan, 2)).await, Err(StoreError::Closed(_))));
    assert_eq!(bed.store.pages_of_exam(plan.id()).await.unwrap().len(), 1);
    assert!(matches!(bed.store.sync_tasks(plan.id(), "room/", &[]).await, Err(StoreError::Closed(_))));
    let backwards = bed.store.advance_exam(plan.id(), ExamState::Closed, ExamState::Open, None).await;
    assert!(matches!(backwards, Err(StoreError::Conflict(_))));
}

pub(crate) async fn an_exam_with_open_work_does_not_close(bed: Bed) {
    let (plan, pages) = bed.exam(2).await;
    bed.store.save_reading(pages[0].id, &reading("e1"), &[field_task(&pages[0], "answer", "answer-1")]).await.unwrap();
    let refused = bed.store.advance_exam(plan.id(), ExamState::Open, ExamState::Closed, None).await;
    assert!(matches!(refused, Err(StoreError::StillOpen { tasks: 1, pages: 1 })), "{refused:?}");
    assert_eq!(bed.store.exam(plan.id()).await.unwrap().state, ExamState::Open);
}

pub(crate) async fn pages_taken_in_twice_add_nothing(bed: Bed) {
    let (plan, pages) = bed.exam(3).await;
    assert_eq!(bed.store.insert_pages(&pages).await.unwrap(), 0);
    assert_eq!(bed.store.insert_pages(&drawn_pages(&plan, 4)).await.unwrap(), 1);
    let stored = bed.store.pages_of_packet(pages[0].packet).await.unwrap();
    assert_eq!(stored.len(), 4);
    assert_eq!(stored[..3], pages[..]);
    assert_eq!(bed.store.page(pages[1].id).await.unwrap(), pages[1]);
    let mut lost = pages[0].clone();
    lost.id = rcoi_model::PageId::derived(&["nowhere"]);
    lost.packet = Packet::id_for(plan.id(), "9999", "0101");
    assert!(bed.store.insert_pages(&[lost]).await.is_err(), "a page needs its packet");
}

pub(crate) async fn the_outbox_gives_a_page_again_when_its_lease_has_lapsed(bed: Bed) {
    let (_, pages) = bed.exam(5).await;
    let ids: Vec<_> = pages.iter().map(|p| p.id).collect();
    assert_eq!(bed.store.take_unpublished(MINUTE, 3).await.unwrap(), ids[..3]);
    assert_eq!(bed.store.take_unpublished(MINUTE, 9).await.unwrap(), ids[3..]);
    assert_eq!(bed.store.take_unpublished(MINUTE, 9).await.unwrap(), []);
    assert_eq!(bed.store.reset_outbox().await.unwrap(), 5);
    assert_eq!(bed.store.take_unpublished(MINUTE, 9).await.unwrap(), ids);
    bed.store.save_reading(ids[1], &reading("e1"), &[]).await.unwrap();
    bed.wait(MINUTE * 2);
    let again = bed.store.take_unpublished(MINUTE, 9).await.unwrap();
    assert_eq!(again, [ids[0], ids[2], ids[3], ids[4]], "all but the one that was read");
}

pub(crate) async fn a_page_is_read_by_one_process_at_a_time(bed: Bed) {
    let (_, pages) = bed.exam(1).await;
    let id = pages[0].id;
    let attempt = |begun| match begun {
        Begun::Yours { page, attempt, fault } => Some((page.id, attempt, fault)),
        Begun::NotNow => None,
    };
    assert_eq!(attempt(bed.store.begin_reading(id, "a", MINUTE).await.unwrap()), Some((id, 1, None)));
    assert_eq!(bed.store.begin_reading(id, "b", MINUTE).await.unwrap(), Begun::NotNow);
    assert_eq!(bed.store.take_unpublished(MINUTE, 9).await.unwrap(), [], "nobody publishes what is being read");
    bed.wait(MINUTE / 2);
    bed.store.keep_reading(id, "a", MINUTE).await.unwrap();
    bed.wait(MINUTE * 3 / 4);
    assert_eq!(bed.store.begin_reading(id, "b", MINUTE).await.unwrap(), Begun::NotNow, "the lease was lengthened");
    bed.store.stop_reading(id, "b", "not its own").await.unwrap();
    bed.store.stop_reading(id, "a", "no pictures").await.unwrap();
    let fault = Some("no pictures".to_owned());
    assert_eq!(attempt(bed.store.begin_reading(id, "b", MINUTE).await.unwrap()), Some((id, 2, fault.clone())));
    bed.wait(MINUTE * 2);
    assert_eq!(bed.store.take_unpublished(MINUTE, 9).await.unwrap(), [id], "the reader died");
    assert_eq!(attempt(bed.store.begin_reading(id, "c", MINUTE).await.unwrap()), Some((id, 3, fault)));
    bed.store.save_reading(id, &reading("e1"), &[]).await.unwrap();
    bed.wait(MINUTE * 2);
    assert_eq!(bed.store.begin_reading(id, "d", MINUTE).await.unwrap(), Begun::NotNow, "it is read");
}

pub(crate) async fn the_exam_whose_limit_ends_first_is_read_first_and_a_raised_packet_before_it(bed: Bed) {
    let (late, pages) = bed.exam(2).await;
    let soon = rcoi_model::ExamPlan { limit_days: late.limit_days - 2, ..crate::bed::plan("02") };
    bed.store.import_exam(&soon).await.unwrap();
    let others = crate::bed::drawn_pages(&soon, 2);
    bed.store.insert_pages(&others).await.unwrap();
    let ids = |pages: &[rcoi_model::Page]| pages.iter().map(|p| p.id).collect::<Vec<_>>();
    assert_eq!(bed.store.take_unpublished(MINUTE, 9).await.unwrap(), [ids(&others), ids(&pages)].concat());
    bed.store.reset_outbox().await.unwrap();
    bed.store.set_urgency(pages[0].packet, 0, None).await.unwrap();
    // Planning sends the plan once more, with another limit: what the head raised stays raised.
    bed.store.import_exam(&rcoi_model::ExamPlan { limit_days: late.limit_days - 1, ..late.clone() }).await.unwrap();
    assert!(bed.store.packet_stats(late.id()).await.unwrap()[0].raised);
    assert_eq!(bed.store.take_unpublished(MINUTE, 9).await.unwrap(), [ids(&pages), ids(&others)].concat());
    let audit = bed.store.verify_audit().await.unwrap();
    assert!(matches!(audit, rcoi_store::AuditReport::Whole { .. }));
}

pub(crate) async fn what_another_process_did_is_seen(bed: Bed) {
    let (plan, pages) = bed.exam(3).await;
    bed.wait(MINUTE);
    let since = bed.store.now();
    assert_eq!(bed.store.changed_exams(since).await.unwrap(), []);
    bed.store.save_reading(pages[0].id, &reading("e1"), &[]).await.unwrap();
    bed.store.exclude_page(pages[1].id, None, "дубль").await.unwrap();
    let changed = bed.store.changed_exams(since).await.unwrap();
    assert_eq!(changed.iter().map(|(exam, pages, _)| (*exam, *pages)).collect::<Vec<_>>(), [(plan.id(), 2)]);
}

pub(crate) async fn an_excluded_page_leaves_the_work_with_its_tasks(bed: Bed) {
    let (_, pages) = bed.exam(1).await;
    let task = field_task(&pages[0], "answer", "answer-1");
    bed.store.save_reading(pages[0].id, &reading("e1"), std::slice::from_ref(&task)).await.unwrap();
    assert_eq!(bed.store.exclude_page(pages[0].id, None, "лишний скан").await.unwrap(), Saved::New);
    assert_eq!(bed.store.exclude_page(pages[0].id, None, "ещё раз").await.unwrap(), Saved::Already);
    let page = bed.store.page(pages[0].id).await.unwrap();
    assert_eq!((page.state, page.reason.as_deref()), (PageState::Excluded, Some("лишний скан")));
    assert_eq!(bed.store.task(task.id).await.unwrap().task.state, TaskState::Obsolete);
    bed.store.save_reading(pages[0].id, &reading("e2"), std::slice::from_ref(&task)).await.unwrap();
    assert_eq!(bed.store.page(pages[0].id).await.unwrap().state, PageState::Excluded);
    assert_eq!(bed.store.open_tasks(pages[0].exam).await.unwrap(), []);
}

pub(crate) async fn stats_count_every_page_and_task_once(bed: Bed) {
    let (plan, pages) = bed.exam(4).await;
    let tasks = [field_task(&pages[0], "answer", "answer-1"), field_task(&pages[0], "answer", "answer-2")];
    bed.store.save_reading(pages[0].id, &reading("e1"), &tasks).await.unwrap();
    bed.store
        .set_aside(pages[1].id, "не картинка", &crate::bed::sheet_task(&pages[1], rcoi_model::SheetTrouble::Undecodable))
        .await
        .unwrap();
    bed.store.exclude_page(pages[2].id, None, "дубль").await.unwrap();
    bed.store.sync_tasks(plan.id(), "room/", &[room_task(plan.id(), "room/0101", "12 и 4")]).await.unwrap();
    let senior = bed.user("senior", Role::Senior).await;
    bed.store.record(&verdict(&senior, &tasks[0], value("7")), &RecordOptions::default()).await.unwrap();
    bed.store.claim(senior.id, Role::Verifier, None, 5, MINUTE).await.unwrap();

    let rooms = bed.store.packet_stats(plan.id()).await.unwrap();
    let first = &rooms[0];
    assert_eq!((first.room.as_str(), first.declared, first.scanned), ("0101", 12, 4));
    assert_eq!((first.received, first.read, first.set_aside, first.excluded), (1, 1, 1, 1));
    assert_eq!((first.open_tasks, first.done_tasks), (2, 1));
    assert_eq!((rooms[1].room.as_str(), rooms[1].scanned, rooms[1].open_tasks), ("0102", 0, 0));
    let all = bed.store.exam_stats().await.unwrap();
    assert_eq!((all[0].packets, all[0].packets_started, all[0].declared, all[0].scanned), (2, 1, 24, 4));
    assert_eq!((all[0].open_tasks, all[0].claimed_tasks, all[0].done_tasks), (3, 1, 1));
    let counts = bed.store.task_counts(Some(plan.id())).await.unwrap();
    let open: u64 = counts.iter().filter(|c| c.state == TaskState::Open).map(|c| c.count).sum();
    assert_eq!(open, 3);
}

pub(crate) async fn several_processes_may_open_a_new_database_at_once(bed: Bed) {
    // A second database beside the one of the bed: another file, or the same server with the schema taken away.
    let url = if bed.url.starts_with("sqlite") {
        bed.url.replace("store.db", "second.db")
    } else {
        bed.store.close().await;
        bed.tamper("DROP SCHEMA public CASCADE").await;
        bed.tamper("CREATE SCHEMA public").await;
        bed.url.clone()
    };
    let opened = futures::future::join_all((0..5).map(|_| Store::open(&url))).await;
    for store in opened {
        let store = store.unwrap();
        assert!(store.exams().await.unwrap().is_empty());
        store.close().await;
    }
}
