//! Users, sessions, packages, settings.

use crate::bed::{Bed, MINUTE};
use rcoi_model::{BlobHash, Role};
use rcoi_store::{AuditReport, Moved, NewPackage, NewUser, RecordOptions, Session, Store, StoreError, User};
use std::time::Duration;

pub(crate) async fn a_login_is_taken_once(bed: Bed) {
    let ann = bed.user("ann", Role::Head).await;
    let twin = NewUser { login: "ann".to_owned(), title: String::new(), role: Role::Admin, password_hash: String::new() };
    assert!(matches!(bed.store.create_user(&twin, None).await, Err(StoreError::Conflict(_))));
    assert_eq!(bed.store.user_by_login("ann").await.unwrap(), Some(ann.clone()));
    assert_eq!(bed.store.user_by_login("Ann").await.unwrap(), None);
    assert_eq!(bed.store.user(ann.id).await.unwrap(), ann);
    bed.store.set_password_hash(ann.id, "$new$", Some(ann.id)).await.unwrap();
    bed.store.set_user_disabled(ann.id, true, None).await.unwrap();
    let listed = bed.store.users().await.unwrap();
    assert_eq!((listed.len(), listed[0].disabled, listed[0].password_hash.as_str()), (1, true, "$new$"));
}

const HOUR: Duration = Duration::from_secs(3600);

fn session(bed: &Bed, user: &User, token: &str, minutes: i64) -> Session {
    let now = bed.store.now().round(jiff::Unit::Microsecond).unwrap();
    let expires_at = now + jiff::SignedDuration::from_mins(minutes);
    Session { token_hash: token.to_owned(), user: user.id, csrf: "c".to_owned(), expires_at }
}

pub(crate) async fn a_session_ends_with_its_time_or_its_user(bed: Bed) {
    let ann = bed.user("ann", Role::Head).await;
    let (short, long) = (session(&bed, &ann, "short", 1), session(&bed, &ann, "long", 60));
    bed.store.create_session(&short).await.unwrap();
    bed.store.create_session(&long).await.unwrap();
    assert_eq!(bed.store.session("short", HOUR, true).await.unwrap(), Some((short, ann.clone())));
    bed.wait(MINUTE * 2);
    assert_eq!(bed.store.session("short", HOUR, true).await.unwrap(), None);
    assert_eq!(bed.store.purge_sessions(HOUR).await.unwrap(), 1);
    assert!(bed.store.session("long", HOUR, true).await.unwrap().is_some());
    bed.store.set_user_disabled(ann.id, true, None).await.unwrap();
    assert_eq!(bed.store.session("long", HOUR, true).await.unwrap(), None);
    bed.store.set_user_disabled(ann.id, false, None).await.unwrap();
    assert_eq!(bed.store.session("long", HOUR, true).await.unwrap(), None, "a let-in user logs in anew");
    bed.store.create_session(&session(&bed, &ann, "third", 5)).await.unwrap();
    bed.store.delete_session("third").await.unwrap();
    assert_eq!(bed.store.session("third", HOUR, true).await.unwrap(), None);
    for token in ["fourth", "fifth"] {
        bed.store.create_session(&session(&bed, &ann, token, 5)).await.unwrap();
    }
    assert_eq!(bed.store.delete_sessions_of(ann.id).await.unwrap(), 2);
    assert_eq!(bed.store.session("fourth", HOUR, true).await.unwrap(), None);
}

pub(crate) async fn a_session_lapses_when_idle_and_lives_while_it_is_used(bed: Bed) {
    let ann = bed.user("ann", Role::Verifier).await;
    bed.store.create_session(&session(&bed, &ann, "t", 24 * 60)).await.unwrap();
    let idle = MINUTE * 30;
    for _ in 0..5 {
        bed.wait(MINUTE * 28);
        assert!(bed.store.session("t", idle, true).await.unwrap().is_some(), "used every 28 minutes");
    }
    bed.wait(MINUTE * 31);
    assert_eq!(bed.store.session("t", idle, true).await.unwrap(), None);
    assert_eq!(bed.store.purge_sessions(idle).await.unwrap(), 1);
    // A page that looks by itself keeps nothing alive.
    bed.store.create_session(&session(&bed, &ann, "w", 24 * 60)).await.unwrap();
    bed.wait(MINUTE * 20);
    assert!(bed.store.session("w", idle, false).await.unwrap().is_some());
    assert!(bed.store.session_lives("w", idle).await.unwrap());
    bed.wait(MINUTE * 20);
    assert!(!bed.store.session_lives("w", idle).await.unwrap());
}

pub(crate) async fn an_auditor_is_a_user_whose_verdicts_are_refused(bed: Bed) {
    let (plan, pages) = bed.exam(1).await;
    let auditor = bed.store.create_auditor("eva", "$argon2id$", None).await.unwrap();
    assert!(auditor.auditor && bed.store.user_by_login("eva").await.unwrap() == Some(auditor.clone()));
    let task = crate::bed::field_task(&pages[0], "answer", "answer-1");
    bed.store.sync_tasks(plan.id(), "", std::slice::from_ref(&task)).await.unwrap();
    let held = bed.store.claim(auditor.id, Role::Verifier, None, 1, MINUTE).await.unwrap();
    assert_eq!(held.len(), 1);
    let verdict = crate::bed::verdict(&auditor, &task, crate::bed::value("12"));
    assert!(matches!(bed.store.record(&verdict, &RecordOptions::default()).await, Err(StoreError::NotYours(_))));
}

pub(crate) async fn a_package_name_is_given_to_one_file(bed: Bed) {
    let (plan, pages) = bed.exam(1).await;
    let mut package = NewPackage {
        exam: plan.id(),
        packet: Some(pages[0].packet),
        version: 1,
        name: "77000103-1.zip".to_owned(),
        blob: BlobHash::from_bytes(&[1; 32]),
        size: 5_000_000_000,
    };
    let first = bed.store.insert_package(&package).await.unwrap();
    assert_eq!(bed.store.insert_package(&package).await.unwrap(), first);
    package.blob = BlobHash::from_bytes(&[2; 32]);
    assert!(matches!(bed.store.insert_package(&package).await, Err(StoreError::Conflict(_))));
    package.version = 2;
    let second = bed.store.insert_package(&package).await.unwrap();
    assert_eq!(bed.store.packages(plan.id()).await.unwrap(), [first, second]);
}

pub(crate) async fn a_moved_installation_has_every_row_and_opens_no_more(bed: Bed) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("laptop.db").display());
    let (laptop, clock) = (Store::open(&url).await.unwrap(), bed.store.now());
    let plan = crate::bed::plan("01");
    laptop.import_exam(&plan).await.unwrap();
    let pages = crate::bed::drawn_pages(&plan, 450);
    laptop.insert_pages(&pages).await.unwrap();
    let task = crate::bed::field_task(&pages[0], "answer", "answer-1");
    laptop.save_reading(pages[0].id, &crate::bed::reading("e1"), std::slice::from_ref(&task)).await.unwrap();
    let person = NewUser { login: "ivanova".into(), title: String::new(), role: Role::Verifier, password_hash: "x".into() };
    let person = laptop.create_user(&person, None).await.unwrap();
    laptop.claim(person.id, Role::Verifier, None, 1, MINUTE).await.unwrap();
    laptop.record(&crate::bed::verdict(&person, &task, crate::bed::value("7")), &RecordOptions::default()).await.unwrap();
    laptop.take_unpublished(MINUTE, 9).await.unwrap();

    let told = std::sync::Mutex::new(Vec::new());
    let moved = laptop.move_to(&bed.store, "the server", &|table, rows| told.lock().unwrap().push((table.to_owned(), rows))).await.unwrap();
    let told = told.into_inner().unwrap();
    assert_eq!(moved, Moved::Rows(told.iter().map(|(_, rows)| rows).sum()));
    assert!(told.contains(&("pages".to_owned(), 450)), "{told:?}");
    assert_eq!(bed.store.pages_of_exam(plan.id()).await.unwrap(), laptop.pages_of_exam(plan.id()).await.unwrap());
    assert_eq!(bed.store.reading(pages[0].id).await.unwrap(), laptop.reading(pages[0].id).await.unwrap());
    assert_eq!(bed.store.exams().await.unwrap(), laptop.exams().await.unwrap());
    assert_eq!(bed.store.verdicts(plan.id()).await.unwrap(), laptop.verdicts(plan.id()).await.unwrap());
    assert_eq!(bed.store.user_by_login("ivanova").await.unwrap(), laptop.user_by_login("ivanova").await.unwrap());
    assert_eq!(bed.store.verify_audit().await.unwrap(), laptop.verify_audit().await.unwrap());
    // Work goes on where it was: pages wait again, verdicts are numbered on.
    assert_eq!(bed.store.take_unpublished(MINUTE, 1000).await.unwrap().len(), 449);
    let next = crate::bed::field_task(&pages[1], "answer", "answer-1");
    bed.store.save_reading(pages[1].id, &crate::bed::reading("e1"), std::slice::from_ref(&next)).await.unwrap();
    bed.store.claim(person.id, Role::Verifier, None, 1, MINUTE).await.unwrap();
    bed.store.record(&crate::bed::verdict(&person, &next, crate::bed::value("8")), &RecordOptions::default()).await.unwrap();
    assert!(matches!(bed.store.verify_audit().await.unwrap(), AuditReport::Whole { .. }));
    assert!(clock < bed.store.now());

    // Who still has the file open is refused, and nothing is written that nobody would see.
    let late = laptop.insert_pages(&crate::bed::drawn_pages(&plan, 451)).await.unwrap_err();
    assert!(late.to_string().contains("was moved") && !late.is_transient(), "{late}");
    assert!(laptop.take_unpublished(MINUTE, 9).await.is_err());
    laptop.close().await;
    let closed = Store::open(&url).await.unwrap_err();
    assert!(matches!(&closed, StoreError::Moved(label) if label == "the server"), "{closed}");
}

pub(crate) async fn an_installation_is_moved_only_into_an_empty_database_and_a_cut_off_move_ends_well(bed: Bed) {
    let folder = tempfile::tempdir().unwrap();
    let open = async |name: &str| Store::open(&format!("sqlite:{}", folder.path().join(name).display())).await;
    let (first, other) = (open("a.db").await.unwrap(), open("b.db").await.unwrap());
    first.import_exam(&crate::bed::plan("01")).await.unwrap();
    other.import_exam(&crate::bed::plan("02")).await.unwrap();
    // As if it was killed between the two commits: the rows are there, the mark is not.
    first.close().await;
    std::fs::copy(folder.path().join("a.db"), folder.path().join("copy.db")).unwrap();
    let (first, copy) = (open("a.db").await.unwrap(), open("copy.db").await.unwrap());
    assert!(matches!(copy.move_to(&bed.store, "x", &|_, _| {}).await.unwrap(), Moved::Rows(_)));
    assert!(matches!(other.move_to(&bed.store, "x", &|_, _| {}).await.unwrap_err(), StoreError::Conflict(_)));
    assert_eq!(other.setting("moved-to").await.unwrap(), None);
    assert_eq!(first.move_to(&bed.store, "x", &|_, _| {}).await.unwrap(), Moved::Already);
    assert_eq!(first.setting("moved-to").await.unwrap().as_deref(), Some("x"));
}

pub(crate) async fn a_setting_keeps_its_last_value(bed: Bed) {
    assert_eq!(bed.store.setting("key").await.unwrap(), None);
    bed.store.set_setting("key", "раз").await.unwrap();
    bed.store.set_setting("key", "два \0").await.unwrap();
    assert_eq!(bed.store.setting("key").await.unwrap().as_deref(), Some("два \u{fffd}"));
    bed.store.ping().await.unwrap();
}
