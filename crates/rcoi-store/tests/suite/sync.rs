//! Tasks found by binding and reconciling.

use crate::bed::{Bed, room_task};
use rcoi_model::{ExamId, Role, TaskState, VerdictAct};
use rcoi_store::{RecordOptions, StoreError, Synced, TaskFilter};

async fn open_keys(bed: &Bed, exam: ExamId) -> Vec<String> {
    let mut keys: Vec<_> = bed.store.open_tasks(exam).await.unwrap().into_iter().map(|t| t.key).collect();
    keys.sort();
    keys
}

pub(crate) async fn syncing_inserts_obsoletes_and_reopens_but_leaves_settled_tasks(bed: Bed) {
    let (plan, _) = bed.exam(0).await;
    let exam = plan.id();
    let [a, b, c] = ["room/a", "room/b", "room/c"].map(|key| room_task(exam, key, "12 и 11"));
    let sync = |tasks: Vec<rcoi_model::Task>| {
        let store = bed.store.clone();
        async move { store.sync_tasks(exam, "room/", &tasks).await.unwrap() }
    };
    let all = || vec![a.clone(), b.clone(), c.clone()];
    assert_eq!(sync(all()).await, Synced { inserted: 3, ..Synced::default() });
    assert_eq!(sync(all()).await, Synced::default());
    let senior = bed.user("senior", Role::Senior).await;
    let explained = crate::bed::verdict(&senior, &a, VerdictAct::Explain { reason: "лист испорчен".to_owned() });
    bed.store.record(&explained, &RecordOptions::default()).await.unwrap();

    assert_eq!(sync(vec![b.clone()]).await, Synced { obsolete: 1, ..Synced::default() });
    assert_eq!(open_keys(&bed, exam).await, ["room/b"]);
    assert_eq!(sync(all()).await, Synced { reopened: 1, ..Synced::default() });
    assert_eq!(open_keys(&bed, exam).await, ["room/b", "room/c"]);
    assert_eq!(bed.store.task(a.id).await.unwrap().task.state, TaskState::Done);

    let changed = room_task(exam, "room/b", "12 и 10");
    assert_eq!(sync(vec![changed.clone(), c.clone()]).await, Synced::default());
    assert_eq!(bed.store.task(b.id).await.unwrap().task.subject, changed.subject);
}

pub(crate) async fn a_prefix_does_not_touch_its_neighbours(bed: Bed) {
    let (plan, _) = bed.exam(0).await;
    let exam = plan.id();
    bed.store.sync_tasks(exam, "room/1", &[room_task(exam, "room/1%", "x")]).await.unwrap();
    bed.store.sync_tasks(exam, "room_", &[room_task(exam, "room_2", "x")]).await.unwrap();
    bed.store.sync_tasks(exam, "комната/", &[room_task(exam, "комната/3", "x")]).await.unwrap();
    assert_eq!(bed.store.sync_tasks(exam, "room_", &[]).await.unwrap().obsolete, 1);
    assert_eq!(bed.store.sync_tasks(exam, "room/1%", &[]).await.unwrap().obsolete, 1);
    assert_eq!(open_keys(&bed, exam).await, ["комната/3"]);
    let filter = TaskFilter { exam: Some(exam), key_prefix: Some("комната/".to_owned()), ..TaskFilter::default() };
    assert_eq!(bed.store.tasks(&filter).await.unwrap().len(), 1);
    let stray = bed.store.sync_tasks(exam, "room/", &[room_task(exam, "hall/1", "x")]).await;
    assert!(matches!(stray, Err(StoreError::Conflict(_))));
}

pub(crate) async fn two_syncs_at_once_leave_one_of_the_lists(bed: Bed) {
    let (plan, _) = bed.exam(0).await;
    let exam = plan.id();
    let list = |name: &str| (0..20).map(|n| room_task(exam, &format!("room/{name}{n}"), "x")).collect::<Vec<_>>();
    let (one, two) = (list("a"), list("b"));
    let (a, b) = tokio::join!(bed.store.sync_tasks(exam, "room/", &one), bed.store.sync_tasks(exam, "room/", &two));
    assert_eq!(a.unwrap().obsolete + b.unwrap().obsolete, 20);
    assert_eq!(open_keys(&bed, exam).await.len(), 20);
}
