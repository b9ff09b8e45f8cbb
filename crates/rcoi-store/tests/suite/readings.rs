//! Readings and pages that could not be read.

use crate::bed::{Bed, field_task, reading, sheet_task, value, verdict};
use futures::StreamExt;
use rcoi_model::{ExamState, Page, PageState, Role, SheetTrouble, TaskState};
use rcoi_store::{Cutout, Cuts, RecordOptions, Saved, StoreError, TaskFilter};
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

pub(crate) async fn a_reading_saved_twice_changes_nothing(bed: Bed) {
    let (_, pages) = bed.exam(1).await;
    let tasks = [field_task(&pages[0], "answer", "answer-1")];
    assert_eq!(bed.store.save_reading(pages[0].id, &reading("e1"), &tasks).await.unwrap(), Saved::New);
    let mut other = reading("e1");
    other.sheet_code = None;
    let more = [field_task(&pages[0], "answer", "answer-2")];
    assert_eq!(bed.store.save_reading(pages[0].id, &other, &more).await.unwrap(), Saved::Already);
    assert_eq!(bed.store.reading(pages[0].id).await.unwrap(), Some(reading("e1")));
    assert_eq!(bed.store.open_tasks(pages[0].exam).await.unwrap(), tasks);
    assert_eq!(bed.store.page(pages[0].id).await.unwrap().state, PageState::Read);
    let nobody = rcoi_model::PageId::derived(&["nobody"]);
    assert!(matches!(bed.store.save_reading(nobody, &reading("e1"), &[]).await, Err(StoreError::NotFound(_))));
}

/// Whether the reading is there, the state of its page, how many tasks it has.
async fn look(bed: &Bed, page: &Page) -> (bool, PageState, usize) {
    let filter = TaskFilter { page: Some(page.id), ..TaskFilter::default() };
    (
        bed.store.reading(page.id).await.unwrap().is_some(),
        bed.store.page(page.id).await.unwrap().state,
        bed.store.tasks(&filter).await.unwrap().len(),
    )
}

/// As when the process dies: the future stops being polled at some step and its transaction is never committed.
pub(crate) async fn a_reading_cut_off_half_way_leaves_nothing(bed: Bed) {
    let (_, pages) = bed.exam(40).await;
    let mut cut = 0;
    for (steps, page) in pages.iter().enumerate() {
        let tasks = [field_task(page, "answer", "answer-1"), field_task(page, "answer", "answer-2")];
        let document = reading("e1");
        let finished = {
            let mut saving = pin!(bed.store.save_reading(page.id, &document, &tasks));
            let mut left = steps + 1;
            poll_fn(|context| match saving.as_mut().poll(context) {
                Poll::Ready(saved) => Poll::Ready(Some(saved.unwrap())),
                Poll::Pending if left == 0 => Poll::Ready(None),
                Poll::Pending => {
                    left -= 1;
                    Poll::Pending
                }
            })
            .await
        };
        let (nothing, all) = ((false, PageState::Received, 0), (true, PageState::Read, 2));
        let mut seen = look(&bed, page).await;
        if finished.is_none() && seen != nothing && seen != all {
            // The commit was on its way and landed between the looks; what is seen now is what stays.
            seen = look(&bed, page).await;
        }
        assert!(seen == all || (finished.is_none() && seen == nothing), "{seen:?} after {steps} steps");
        cut += u32::from(finished.is_none());
        bed.store.save_reading(page.id, &document, &tasks).await.unwrap();
        assert_eq!(bed.store.reading(page.id).await.unwrap(), Some(document));
    }
    assert!(cut > 0, "only {cut} calls were cut off: the test does not test");
}

pub(crate) async fn a_page_set_aside_can_be_read_again(bed: Bed) {
    let (_, pages) = bed.exam(2).await;
    let task = sheet_task(&pages[0], SheetTrouble::Undecodable);
    assert_eq!(bed.store.set_aside(pages[0].id, "обрезан", &task).await.unwrap(), Saved::New);
    assert_eq!(bed.store.set_aside(pages[0].id, "иначе", &task).await.unwrap(), Saved::Already);
    let page = bed.store.page(pages[0].id).await.unwrap();
    assert_eq!((page.state, page.reason.as_deref()), (PageState::SetAside, Some("обрезан")));
    assert_eq!(bed.store.take_unpublished(Duration::from_secs(1), 9).await.unwrap(), [pages[1].id]);

    bed.store.requeue_page(pages[0].id, None).await.unwrap();
    assert_eq!(bed.store.task(task.id).await.unwrap().task.state, TaskState::Obsolete);
    assert_eq!(bed.store.take_unpublished(Duration::from_secs(1), 9).await.unwrap(), [pages[0].id]);
    assert_eq!(bed.store.set_aside(pages[0].id, "снова", &task).await.unwrap(), Saved::New);
    assert_eq!(bed.store.task(task.id).await.unwrap().task.state, TaskState::Open);

    assert_eq!(bed.store.save_reading(pages[0].id, &reading("e1"), &[]).await.unwrap(), Saved::New);
    assert_eq!(bed.store.set_aside(pages[0].id, "поздно", &task).await.unwrap(), Saved::Already);
    assert_eq!(bed.store.page(pages[0].id).await.unwrap().state, PageState::Read);
    assert_eq!(bed.store.open_tasks(pages[0].exam).await.unwrap(), []);
    assert!(matches!(bed.store.requeue_page(pages[0].id, None).await, Err(StoreError::Conflict(_))));
}

pub(crate) async fn another_engine_replaces_the_doubts_nobody_settled(bed: Bed) {
    let (_, pages) = bed.exam(1).await;
    let [a, b, c] = ["answer-1", "answer-2", "answer-3"].map(|field| field_task(&pages[0], "answer", field));
    bed.store.save_reading(pages[0].id, &reading("e1"), &[a.clone(), b.clone()]).await.unwrap();
    let senior = bed.user("senior", Role::Senior).await;
    bed.store.record(&verdict(&senior, &a, value("7")), &RecordOptions::default()).await.unwrap();
    assert_eq!(bed.store.save_reading(pages[0].id, &reading("e2"), std::slice::from_ref(&c)).await.unwrap(), Saved::New);
    assert_eq!(bed.store.reading(pages[0].id).await.unwrap(), Some(reading("e2")));
    let mut states = Vec::new();
    for task in [&a, &b, &c] {
        states.push(bed.store.task(task.id).await.unwrap().task.state);
    }
    assert_eq!(states, [TaskState::Done, TaskState::Obsolete, TaskState::Open]);
}

pub(crate) async fn readings_come_in_parts_without_holes(bed: Bed) {
    let (plan, pages) = bed.exam(120).await;
    for page in &pages {
        bed.store.save_reading(page.id, &reading("e1"), &[]).await.unwrap();
    }
    bed.store.exclude_page(pages[5].id, None, "лишний").await.unwrap();
    let mut expected: Vec<_> = pages.iter().map(|p| p.id).filter(|id| *id != pages[5].id).collect();
    expected.sort_unstable();
    let streamed: Vec<_> = bed.store.readings_stream(plan.id()).map(|item| item.unwrap().0).collect().await;
    assert_eq!(streamed, expected);
    let part = bed.store.readings(plan.id(), Some(expected[10]), 3).await.unwrap();
    assert_eq!(part.iter().map(|(id, _)| *id).collect::<Vec<_>>(), expected[11..14]);
}

pub(crate) async fn cut_outs_come_with_the_reading_and_go_when_the_exam_closes(bed: Bed) {
    let (_, pages) = bed.exam(1).await;
    let page = &pages[0];
    let cut = |field: &str, picture: &str| Cutout { field: field.to_owned(), picture: picture.to_owned() };
    let with = |fields: Vec<Cutout>| Cuts { fields, ..Cuts::default() };
    bed.store.save_reading_with(page.id, &reading("e1"), &[], &with(vec![cut("a", "iVBO"), cut("b", "iVBP")])).await.unwrap();
    assert_eq!(bed.store.cutout(page.id, "a").await.unwrap().unwrap(), [0x89, b'P', b'N']);
    assert_eq!(bed.store.cutout(page.id, "c").await.unwrap(), None);
    // Another engine asks about other fields.
    bed.store.save_reading_with(page.id, &reading("e2"), &[], &with(vec![cut("b", "iVBO")])).await.unwrap();
    assert_eq!(bed.store.cutout(page.id, "a").await.unwrap(), None);
    assert_eq!(bed.store.cutout(page.id, "b").await.unwrap().unwrap(), [0x89, b'P', b'N']);
    bed.store.advance_exam(page.exam, ExamState::Open, ExamState::Closed, None).await.unwrap();
    assert_eq!(bed.store.cutout(page.id, "b").await.unwrap(), None);
}
