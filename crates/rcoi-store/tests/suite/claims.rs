//! Tasks in people's hands.

use crate::bed::{Bed, MINUTE, drawn_pages, field_task, plan, reading, sheet_task};
use rcoi_model::{Page, Role, SheetTrouble, Task, TaskSubject};
use rcoi_store::StoreError;
use std::collections::HashSet;

async fn doubts(bed: &Bed, pages: &[Page], fields: usize) -> Vec<Task> {
    let mut all = Vec::new();
    for page in pages {
        let tasks: Vec<_> = (1..=fields).map(|n| field_task(page, "answer", &format!("answer-{n}"))).collect();
        bed.store.save_reading(page.id, &reading("e1"), &tasks).await.unwrap();
        all.extend(tasks);
    }
    all
}

pub(crate) async fn twenty_people_claiming_at_once_never_share_a_task(bed: Bed) {
    let (_, pages) = bed.exam(10).await;
    let all = doubts(&bed, &pages, 7).await;
    let mut people = Vec::new();
    for n in 0..20 {
        people.push(bed.user(&format!("v{n}"), Role::Verifier).await.id);
    }
    let claims = people.iter().map(|user| {
        let (store, user) = (bed.store.clone(), *user);
        tokio::spawn(async move { store.claim(user, Role::Verifier, None, 4, MINUTE).await.unwrap() })
    });
    let mut seen = HashSet::new();
    let mut given = 0;
    for claimed in futures::future::join_all(claims).await {
        let claimed = claimed.unwrap();
        given += claimed.len();
        seen.extend(claimed.into_iter().map(|task| task.id));
    }
    assert_eq!((given, seen.len()), (all.len(), all.len()), "70 tasks, 80 wanted: each is given once");
}

pub(crate) async fn a_lapsed_lease_comes_back_and_a_renewed_one_does_not(bed: Bed) {
    let (_, pages) = bed.exam(1).await;
    doubts(&bed, &pages, 2).await;
    let (ann, bob) = (bed.user("ann", Role::Verifier).await.id, bed.user("bob", Role::Verifier).await.id);
    let hers = bed.store.claim(ann, Role::Verifier, None, 2, MINUTE).await.unwrap();
    assert_eq!(hers.len(), 2);
    assert_eq!(bed.store.claim(bob, Role::Verifier, None, 2, MINUTE).await.unwrap(), []);
    assert!(matches!(bed.store.release(bob, hers[0].id).await, Err(StoreError::NotYours(_))));
    assert_eq!(bed.store.renew(bob, &[hers[0].id], MINUTE).await.unwrap(), 0);
    bed.wait(MINUTE / 2);
    assert_eq!(bed.store.renew(ann, &[hers[0].id], MINUTE).await.unwrap(), 1);
    bed.wait(MINUTE * 3 / 4);
    let his = bed.store.claim(bob, Role::Verifier, None, 2, MINUTE).await.unwrap();
    assert_eq!(his, hers[1..], "only the lease that was not renewed has lapsed");
    bed.store.release(ann, hers[0].id).await.unwrap();
    assert_eq!(bed.store.claim(bob, Role::Verifier, None, 2, MINUTE).await.unwrap(), hers);
}

pub(crate) async fn a_reloaded_page_shows_the_same_tasks(bed: Bed) {
    let (_, pages) = bed.exam(3).await;
    doubts(&bed, &pages, 4).await;
    let ann = bed.user("ann", Role::Verifier).await.id;
    let first = bed.store.claim(ann, Role::Verifier, None, 3, MINUTE).await.unwrap();
    let again = bed.store.claim(ann, Role::Verifier, None, 5, MINUTE).await.unwrap();
    assert_eq!(again[..3], first[..]);
    assert_eq!(again.len(), 5);
    let row = bed.store.task(first[0].id).await.unwrap();
    assert_eq!(row.claimed_by, Some(ann));
    assert!(row.lease_until.unwrap() > bed.store.now());
}

pub(crate) async fn fields_of_one_class_and_page_come_together(bed: Bed) {
    let (_, pages) = bed.exam(2).await;
    for page in &pages {
        let tasks = ["answer-10", "answer-2", "surname"].map(|f| field_task(page, if f == "surname" { "name" } else { "answer" }, f));
        bed.store.save_reading(page.id, &reading("e1"), &tasks).await.unwrap();
    }
    let ann = bed.user("ann", Role::Verifier).await.id;
    let claimed = bed.store.claim(ann, Role::Verifier, None, 9, MINUTE).await.unwrap();
    let fields: Vec<_> = claimed
        .iter()
        .map(|task| match &task.subject {
            TaskSubject::Field { field, .. } => field.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(fields, ["answer-2", "answer-10", "answer-2", "answer-10", "surname", "surname"]);
    assert_eq!(claimed[0].page, claimed[1].page);
    assert_ne!(claimed[1].page, claimed[2].page);
}

pub(crate) async fn a_claim_sees_only_its_station_and_exam(bed: Bed) {
    let (first, pages) = bed.exam(2).await;
    doubts(&bed, &pages[..1], 1).await;
    bed.store.set_aside(pages[1].id, "не картинка", &sheet_task(&pages[1], SheetTrouble::Undecodable)).await.unwrap();
    let second = plan("02");
    bed.store.import_exam(&second).await.unwrap();
    let more = drawn_pages(&second, 1);
    bed.store.insert_pages(&more).await.unwrap();
    doubts(&bed, &more, 1).await;

    let ann = bed.user("ann", Role::Senior).await.id;
    assert_eq!(bed.store.claim(ann, Role::Verifier, Some(second.id()), 9, MINUTE).await.unwrap().len(), 1);
    assert_eq!(bed.store.claim(ann, Role::Senior, Some(second.id()), 9, MINUTE).await.unwrap().len(), 0);
    assert_eq!(bed.store.claim(ann, Role::Senior, Some(first.id()), 9, MINUTE).await.unwrap().len(), 1);
    assert_eq!(bed.store.claim(ann, Role::Verifier, None, 9, MINUTE).await.unwrap().len(), 2);
}
