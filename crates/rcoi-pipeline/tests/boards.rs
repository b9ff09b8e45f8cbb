//! Characters judged apart and the blind sample, through the whole chain with a drawn engine.

mod common;

use common::*;
use rcoi_model::*;
use rcoi_pipeline::{Params, Pipeline, PipelineError};
use rcoi_rules::{Policy, policy::DEFAULT_POLICY};
use rcoi_store::{Board, BoardItem};
use uuid::Uuid;

/// The drawn engine with characters in its doubtful answer "12": the one is in doubt.
fn with_characters() -> Fake {
    let mut fake = engine();
    let sheet = fake.pages.get_mut(&3).unwrap();
    let cell = |ch, confidence, left: f32| CharReading {
        ch: Some(ch),
        empty: false,
        confidence: Confidence::new(confidence),
        rivals: vec![('7', 0.3)],
        area: Quad(Rect::new(left, 4.0, 8.0, 8.0).corners()),
    };
    sheet.fields[0].chars = vec![cell('1', 0.6, 4.0), cell('2', 0.9999, 12.0)];
    fake
}

async fn read(root: &std::path::Path, fake: Fake, policy: Policy) -> Pipeline {
    let packets = scans(root);
    let (p, _) = chain_of(root, fake, Params::default(), policy).await;
    p.import_exam(&plan()).await.unwrap();
    p.ingest(plan().id(), &packets, None, &|_| {}).await.unwrap();
    p.run_until_quiet().await.unwrap();
    p
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doubtful_character_comes_with_its_picture_and_settles_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let p = read(folder.path(), with_characters(), Policy::parse(DEFAULT_POLICY).unwrap()).await;
    let verifier = user(&p, "v", Role::Verifier).await;
    let given = p.claim_symbols(verifier, None, 60).await.unwrap();
    assert_eq!(given.len(), 1);
    let one = &given[0];
    assert_eq!((one.cell, one.symbol, one.rival, one.permitted.as_str()), (0, '1', Some('7'), "0123456789-,"));
    assert!(one.picture.starts_with("iVBOR"), "a PNG as base64");
    let board =
        |said| Board { id: BoardId(Uuid::now_v7()), user: verifier, items: vec![BoardItem { task: one.task, cell: 0, said: Some(said) }] };
    let refused = p.record_board(&board('Ж')).await;
    assert!(matches!(refused, Err(PipelineError::Refused(text)) if text.contains("«Ж»")));
    assert_eq!(p.record_board(&board('7')).await.unwrap().settled, 1);
    let said = p.store().verdicts_of_task(one.task).await.unwrap();
    assert_eq!(said[0].verdict.act, VerdictAct::Value { value: "72".into() });
    // Taken back, it waits again.
    assert_eq!(p.undo_board(verifier).await.unwrap().unwrap().back, 1);
    assert_eq!(p.claim_symbols(verifier, Some('1'), 60).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blind_sample_that_a_person_reads_otherwise_is_settled_by_the_senior_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let all = DEFAULT_POLICY.replace("filled = 0.002", "filled = 1.0");
    let p = read(folder.path(), engine(), Policy::parse(&all).unwrap()).await;
    let exam = plan().id();
    let (verifier, senior) = (user(&p, "v", Role::Verifier).await, user(&p, "s", Role::Senior).await);
    let is_sample = |t: &Task| t.key.starts_with("sample/");
    let tasks = p.claim(verifier, Role::Verifier, None, 20).await.unwrap();
    let sampled: Vec<&Task> = tasks.iter().filter(|t| is_sample(t)).collect();
    // "002" of the ledger; the sheet without a code is not known to be of the exam, so nothing on it is sampled.
    assert_eq!(sampled.len(), 1);
    let value = |text: &str| VerdictAct::Value { value: text.into() };
    p.verdict(verifier, Role::Verifier, VerdictId(Uuid::now_v7()), sampled[0].id, value("003")).await.unwrap();
    let known = p.quality(exam).await.unwrap();
    assert_eq!((known.filled.shown, known.waiting), (0, 1), "the senior has not said who is right");
    let hers = p.claim(senior, Role::Senior, None, 20).await.unwrap();
    let passed = hers.iter().find(|t| t.key.starts_with("senior/")).unwrap();
    p.verdict(senior, Role::Senior, VerdictId(Uuid::now_v7()), passed.id, value("002")).await.unwrap();
    let known = p.quality(exam).await.unwrap();
    assert_eq!((known.filled.shown, known.filled.wrong, known.waiting), (1, 0, 0));
    assert_eq!(known.people.iter().map(|(who, rate)| (*who, rate.shown, rate.wrong)).collect::<Vec<_>>(), [(verifier, 1, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_the_senior_settled_tests_another_verifier_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let all = DEFAULT_POLICY.replace("known = 0.02", "known = 1.0");
    let mut fake = engine();
    let sheet = fake.pages.get_mut(&3).unwrap();
    let other = FieldReading { name: "answer-2".into(), ..sheet.fields[0].clone() };
    sheet.fields.push(other);
    let p = read(folder.path(), fake, Policy::parse(&all).unwrap()).await;
    let exam = plan().id();
    let (ann, bob) = (user(&p, "ann", Role::Verifier).await, user(&p, "bob", Role::Verifier).await);
    let senior = user(&p, "s", Role::Senior).await;
    let value = |text: &str| VerdictAct::Value { value: text.into() };
    let id = || VerdictId(Uuid::now_v7());
    let hers = p.claim(ann, Role::Verifier, None, 1).await.unwrap().remove(0);
    p.verdict(ann, Role::Verifier, id(), hers.id, VerdictAct::Pass { reason: "не видно".into() }).await.unwrap();
    let passed = p.claim(senior, Role::Senior, None, 20).await.unwrap().into_iter().find(|t| t.key.starts_with("senior/")).unwrap();
    p.verdict(senior, Role::Senior, id(), passed.id, value("7")).await.unwrap();
    let (settled, open) = (p.store().verdicts(exam).await.unwrap(), p.store().open_tasks(exam).await.unwrap());
    let his = p.claim(bob, Role::Verifier, None, 20).await.unwrap();
    let known: Vec<&Task> = his.iter().filter(|t| t.subject == passed.subject).collect();
    assert_eq!((known.len(), his.len()), (1, 2), "one that waits, and the known one");
    assert_eq!(p.claim(bob, Role::Verifier, None, 20).await.unwrap().len(), 2, "a page that is loaded again shows the same");
    assert!(!p.task_picture(known[0].id).await.unwrap().is_empty());
    p.verdict(bob, Role::Verifier, id(), known[0].id, value("1")).await.unwrap();
    assert_eq!(p.store().verdicts(exam).await.unwrap(), settled);
    assert_eq!(p.store().open_tasks(exam).await.unwrap(), open);
    let rates = p.quality(exam).await.unwrap().people;
    assert_eq!(rates.iter().map(|(who, rate)| (*who, rate.shown, rate.wrong)).collect::<Vec<_>>(), [(bob, 1, 1)]);
    assert_eq!((p.own_rate(bob).await.unwrap().wrong, p.own_rate(ann).await.unwrap().shown), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_a_newer_program_wrote_keeps_nobody_from_his_work() {
    let folder = tempfile::tempdir().unwrap();
    let packets = scans(folder.path());
    let params = Params { policy_kept: std::time::Duration::ZERO, ..Params::default() };
    let (p, _) = chain_of(folder.path(), with_characters(), params, Policy::parse(DEFAULT_POLICY).unwrap()).await;
    p.import_exam(&plan()).await.unwrap();
    p.ingest(plan().id(), &packets, None, &|_| {}).await.unwrap();
    p.run_until_quiet().await.unwrap();
    let (head, verifier) = (user(&p, "h", Role::Head).await, user(&p, "v", Role::Verifier).await);
    p.store().set_policy(plan().id(), Some("{\"newer\": 1}"), head).await.unwrap();
    assert!(matches!(p.policy_of(plan().id()).await, Err(PipelineError::UnknownPolicy(_))));
    assert_eq!(p.claim(verifier, Role::Verifier, None, 20).await.unwrap().len(), 1);
    assert_eq!(p.claim_symbols(verifier, None, 60).await.unwrap().len(), 1);
}
