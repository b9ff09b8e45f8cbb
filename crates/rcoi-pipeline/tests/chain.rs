//! The whole chain on SQLite in a temporary folder, with a drawn engine.

mod common;

use common::*;
use rcoi_model::*;
use rcoi_pipeline::{FileOutcome, PacketName, Pipeline, PipelineError};
use rcoi_queue::Task as Job;
use std::io::Write;
use std::sync::atomic::Ordering;
use std::time::Duration;
use uuid::Uuid;

const NOON: jiff::civil::DateTime = jiff::civil::date(2026, 5, 29).at(12, 0, 0, 0);

fn fresh() -> VerdictId {
    VerdictId(Uuid::now_v7())
}

async fn open_keys(pipeline: &Pipeline) -> Vec<(Role, String)> {
    let mut keys: Vec<_> = pipeline.store().open_tasks(plan().id()).await.unwrap().into_iter().map(|t| (t.station, t.key)).collect();
    keys.sort_by(|a, b| a.1.cmp(&b.1));
    keys
}

async fn ingest(pipeline: &Pipeline, folder: &std::path::Path) -> rcoi_pipeline::IntakeReport {
    pipeline.ingest(plan().id(), folder, None, &|_| {}).await.unwrap()
}

fn refused(outcome: Result<rcoi_store::Saved, PipelineError>) -> String {
    match outcome {
        Err(PipelineError::Refused(text)) => text,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exam_goes_from_files_to_a_package_and_closing_refuses_until_all_is_settled() {
    let folder = tempfile::tempdir().unwrap();
    let packets = scans(folder.path());
    std::fs::write(packets.join("0001-0101/broken.tif"), "this is no picture").unwrap();
    let (p, engine) = chain(folder.path(), engine()).await;
    let exam = plan().id();
    p.import_exam(&plan()).await.unwrap();

    let first = ingest(&p, &packets).await;
    assert_eq!((first.pages, first.new_pages, first.set_aside.len()), (6, 5, 1));
    let again = ingest(&p, &packets).await;
    assert_eq!((again.pages, again.new_pages), (6, 0));
    assert_eq!(p.store().pages_of_exam(exam).await.unwrap().len(), 6);

    p.run_until_quiet().await.unwrap();
    assert_eq!(engine.read.load(Ordering::SeqCst), 5);
    let keys = open_keys(&p).await;
    let begins: Vec<_> = keys.iter().map(|(role, key)| (*role, key.split('/').take(2).collect::<Vec<_>>()[..].join("/"))).collect();
    assert_eq!(begins.len(), 3, "{keys:?}");
    assert_eq!((begins[0].0, begins[0].1.as_str()), (Role::Senior, "check/code"));
    assert_eq!((begins[1].0, begins[1].1.as_str()), (Role::Senior, "check/undecodable"));
    assert_eq!(begins[2].0, Role::Verifier, "the names equal the roster, so only the answer is left");

    let Err(PipelineError::Blocked(blocks)) = p.close(exam, None, NOON).await else { panic!("closing must refuse") };
    assert_eq!(blocks.len(), 3, "{blocks:?}");

    let verifier = user(&p, "v", Role::Verifier).await;
    let senior = user(&p, "s", Role::Senior).await;
    let task = p.claim(verifier, Role::Verifier, Some(exam), 5).await.unwrap().remove(0);
    assert!(!p.task_picture(task.id).await.unwrap().is_empty());
    let value = |text: &str| VerdictAct::Value { value: text.into() };
    let text = refused(p.verdict(verifier, Role::Verifier, fresh(), task.id, value("1Я")).await);
    assert!(text.contains("«Я»") && text.contains("0123456789-,"), "{text}");
    let click = fresh();
    p.verdict(verifier, Role::Verifier, click, task.id, value("13")).await.unwrap();
    let twice = p.verdict(verifier, Role::Verifier, click, task.id, value("13")).await.unwrap();
    assert_eq!(twice, rcoi_store::Saved::Already);

    for task in p.claim(senior, Role::Senior, Some(exam), 5).await.unwrap() {
        if task.key.starts_with("check/code/") {
            let code_of = |code: String| VerdictAct::SheetCode { code };
            let text = refused(p.verdict(verifier, Role::Verifier, fresh(), task.id, code_of(code("231", 2))).await);
            assert!(text.contains("роль"));
            let mut typo = code("231", 2);
            typo.replace_range(12..13, if typo.ends_with('0') { "1" } else { "0" });
            assert!(refused(p.verdict(senior, Role::Senior, fresh(), task.id, code_of(typo)).await).contains("контрольная цифра"));
            let text = refused(p.verdict(senior, Role::Senior, fresh(), task.id, code_of(code("231", 77))).await);
            assert!(text.contains("нет ни в одном комплекте"));
            p.verdict(senior, Role::Senior, fresh(), task.id, code_of(code("231", 2))).await.unwrap();
        } else {
            let explain = VerdictAct::Explain { reason: "так и было".into() };
            refused(p.verdict(senior, Role::Senior, fresh(), task.id, explain).await);
            let act = VerdictAct::Exclude { reason: "не изображение".into() };
            p.verdict(senior, Role::Senior, fresh(), task.id, act).await.unwrap();
        }
    }
    let gate = p.gate(exam, NOON).await.unwrap();
    assert_eq!(gate.blocks, vec![], "{:?}", open_keys(&p).await);
    p.close(exam, None, NOON).await.unwrap();
    assert!(p.close(exam, None, NOON).await.is_err(), "a closed exam is not closed again");

    let key = rcoi_pipeline::package::generate().unwrap();
    let made = p.package(exam, &key, None).await.unwrap();
    let (restarted, _) = chain(folder.path(), common::engine()).await;
    assert_eq!(restarted.package(exam, &key, None).await.unwrap(), made, "what is there is not made again");
    std::fs::remove_file(p.blobs().path(&made.package.blob).unwrap()).unwrap();
    let remade = restarted.package(exam, &key, None).await.unwrap();
    assert_eq!(made.package, remade.package, "the same state gives the same bytes, also after a restart");
    let bytes = p.blobs().get(&made.package.blob).await.unwrap();
    rcoi_pipeline::package::verify(std::io::Cursor::new(bytes), &key.verifying_key()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_published_before_a_crash_is_read_after_it_and_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let packets = scans(folder.path());
    let exam = plan().id();
    {
        let (p, _) = chain(folder.path(), engine()).await;
        p.import_exam(&plan()).await.unwrap();
        ingest(&p, &packets).await;
        // The relay of the dying process had taken everything and its queue is gone with it.
        assert_eq!(p.store().take_unpublished(Duration::from_millis(200), 100).await.unwrap().len(), 5);
    }
    let (p, engine) = chain(folder.path(), engine()).await;
    p.run_until_quiet().await.unwrap();
    assert_eq!(engine.read.load(Ordering::SeqCst), 5);
    let before = open_keys(&p).await;

    // Saved but not acknowledged: the message comes once more.
    for page in p.store().pages_of_exam(exam).await.unwrap() {
        p.queue().publish(Job::Read { page: page.id }).await.unwrap();
    }
    p.run_until_quiet().await.unwrap();
    while p.queue().depth().await.unwrap().ready > 0 {
        p.run_until_quiet().await.unwrap();
    }
    assert_eq!(engine.read.load(Ordering::SeqCst), 5);
    assert_eq!(open_keys(&p).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_panics_or_hangs_is_set_aside_and_the_pile_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let packets = scans(folder.path());
    std::fs::write(packets.join("0001-0101/a-cursed.png"), png(PANICS)).unwrap();
    std::fs::write(packets.join("0001-0101/b-endless.png"), png(SLEEPS)).unwrap();
    let (p, _) = chain(folder.path(), engine()).await;
    p.import_exam(&plan()).await.unwrap();
    ingest(&p, &packets).await;
    p.run_until_quiet().await.unwrap();
    let pages = p.store().pages_of_exam(plan().id()).await.unwrap();
    assert_eq!(pages.iter().filter(|page| page.state == PageState::Read).count(), 5);
    let reason = |name: &str| pages.iter().find(|p| p.source.ends_with(name)).and_then(|p| p.reason.clone()).unwrap_or_default();
    assert!(reason("a-cursed.png").contains("this page is cursed"));
    assert!(reason("b-endless.png").contains("прервано"));
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_members_of_an_archive_are_reported_one_by_one_and_the_rest_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let (p, _) = chain(folder.path(), engine()).await;
    p.import_exam(&plan()).await.unwrap();
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in [("0001-0101/good.png", png(1)), ("../0001-0101/evil.png", png(2)), ("0001-0101/empty.png", vec![])] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    let outcomes = p.ingest_bytes(plan().id(), None, "pile.zip", bytes.clone()).await.unwrap();
    let of = |name: &str| outcomes.iter().find(|(source, ..)| source.ends_with(name)).map(|(.., outcome)| outcome.clone());
    assert_eq!(of("good.png"), Some(FileOutcome::Taken { pages: 1, new: 1 }));
    assert!(matches!(of("evil.png"), Some(FileOutcome::SetAside { .. })), "{outcomes:?}");
    assert!(matches!(of("empty.png"), Some(FileOutcome::SetAside { .. })), "{outcomes:?}");
    let mut aside: Vec<_> = p.store().pages_of_exam(plan().id()).await.unwrap();
    aside.retain(|page| page.state == PageState::SetAside);
    let told: Vec<_> = aside.iter().map(|page| page.reason.clone().unwrap_or_default()).collect();
    assert_eq!(aside.len(), 2, "a refused member is a page that a person sees: {aside:?}");
    assert!(told.iter().any(|r| r.contains("leads out of the archive; rename the file")), "{told:?}");
    assert!(told.iter().any(|r| r.contains("the file is empty; scan the sheet again")), "{told:?}");
    let kept = p.blobs().get(&aside[0].blob).await.unwrap();
    assert_eq!(kept, bytes, "the archive itself is kept");

    let loose = p.ingest_bytes(plan().id(), None, "somewhere/x.png", png(1)).await.unwrap();
    assert!(matches!(&loose[0].2, FileOutcome::Refused { reason } if reason.contains("PPPP-RRRR")));
    let named = PacketName::parse("0001-0101").unwrap();
    let told = p.ingest_bytes(plan().id(), Some(&named), "somewhere/x.png", png(1)).await.unwrap();
    assert_eq!(told[0].2, FileOutcome::Taken { pages: 1, new: 1 });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passed_field_goes_to_the_senior_and_undo_brings_it_back() {
    let folder = tempfile::tempdir().unwrap();
    let packets = scans(folder.path());
    let (p, _) = chain(folder.path(), engine()).await;
    p.import_exam(&plan()).await.unwrap();
    ingest(&p, &packets).await;
    p.run_until_quiet().await.unwrap();
    let verifier = user(&p, "v", Role::Verifier).await;
    let task = p.claim(verifier, Role::Verifier, None, 1).await.unwrap().remove(0);
    assert!(
        refused(p.verdict(verifier, Role::Verifier, fresh(), task.id, VerdictAct::Pass { reason: " ".into() }).await).contains("причина")
    );
    p.verdict(verifier, Role::Verifier, fresh(), task.id, VerdictAct::Pass { reason: "зачёркнуто".into() }).await.unwrap();
    assert!(open_keys(&p).await.iter().any(|(role, key)| *role == Role::Senior && key.starts_with("senior/")));
    let undone = p.undo(verifier).await.unwrap().unwrap();
    assert_eq!(undone.task.id, task.id);
    assert!(!open_keys(&p).await.iter().any(|(_, key)| key.starts_with("senior/")));
}

/// Nobody waits for a decoder: the picture of a field was cut while its page was read.
#[tokio::test(flavor = "multi_thread")]
async fn a_field_in_doubt_is_shown_without_its_page() {
    let folder = tempfile::tempdir().unwrap();
    let packets = scans(folder.path());
    let (p, _) = chain(folder.path(), engine()).await;
    p.import_exam(&plan()).await.unwrap();
    ingest(&p, &packets).await;
    p.run_until_quiet().await.unwrap();
    let verifier = user(&p, "v", Role::Verifier).await;
    let task = p.claim(verifier, Role::Verifier, None, 1).await.unwrap().remove(0);
    let TaskSubject::Field { area, .. } = &task.subject else { panic!("{task:?}") };
    let again = p.cutout(task.page.unwrap(), area).await.unwrap();
    let size = |png: &[u8]| image::load_from_memory(png).unwrap().into_luma8().dimensions();
    // Cut by another chain over the same folder, which has decoded nothing yet, when the pictures are out of reach.
    let (cold, _) = chain(folder.path(), engine()).await;
    std::fs::rename(folder.path().join("blobs"), folder.path().join("away")).unwrap();
    let kept = cold.task_picture(task.id).await.unwrap();
    assert!(cold.cutout(task.page.unwrap(), area).await.is_err());
    assert_eq!(size(&kept), size(&again));
}

/// A change of the policy reaches what was read before it, and until then the exam does not close.
#[tokio::test(flavor = "multi_thread")]
async fn another_policy_reaches_the_pages_that_were_read_before() {
    let folder = tempfile::tempdir().unwrap();
    let packets = scans(folder.path());
    let (p, _) = chain(folder.path(), engine()).await;
    p.import_exam(&plan()).await.unwrap();
    ingest(&p, &packets).await;
    p.run_until_quiet().await.unwrap();
    let (exam, head) = (plan().id(), user(&p, "h", Role::Head).await);
    let fields = |keys: &[(Role, String)]| keys.iter().filter(|(_, key)| key.starts_with("field/")).count();
    let before = fields(&open_keys(&p).await);
    let mut table = p.installed_policy().table().clone();
    for row in &mut table.class {
        if row.name == "answer" {
            row.see = rcoi_rules::See::Always;
        }
    }
    let preview = p.preview(exam, &table).await.unwrap();
    assert_eq!(preview.now.shown, before as u64);
    assert!(preview.then.shown > preview.now.shown && preview.then.seconds > preview.now.seconds && preview.looked_at > 0);
    p.set_policy(exam, Some(&table), head).await.unwrap();
    let blocks = p.gate(exam, NOON).await.unwrap().blocks;
    assert!(blocks.iter().any(|b| b.kind == rcoi_rules::BlockKind::Policy), "{blocks:?}");
    let cancel = tokio_util::sync::CancellationToken::new();
    let running = p.start(rcoi_pipeline::Duty::Centre, &cancel);
    while !p.store().policy(exam).await.unwrap().unwrap().applied {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(fields(&open_keys(&p).await) as u64, preview.then.shown);
    // Back again: what was only asked because of it is withdrawn.
    p.set_policy(exam, None, head).await.unwrap();
    while !p.store().policy(exam).await.unwrap().unwrap().applied {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(fields(&open_keys(&p).await), before);
    cancel.cancel();
    running.stopped().await.unwrap();
    let mut wrong = table;
    wrong.class[0].threshold = Some(9.0);
    assert!(matches!(p.set_policy(exam, Some(&wrong), head).await, Err(PipelineError::Refused(_))));
}

/// The warm chain keeps what it made of each sheet; a cold one over the same folder must find nothing to correct.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_between_reconciliations_never_differs_from_what_a_fresh_start_finds() {
    let folder = tempfile::tempdir().unwrap();
    let packets = scans(folder.path());
    let (p, _) = chain(folder.path(), engine()).await;
    let exam = plan().id();
    p.import_exam(&plan()).await.unwrap();
    ingest(&p, &packets).await;
    p.run_until_quiet().await.unwrap();
    let (verifier, senior) = (user(&p, "v", Role::Verifier).await, user(&p, "s", Role::Senior).await);
    let same = async |what: &str| {
        p.reconcile(exam).await.unwrap();
        let (cold, _) = chain(folder.path(), engine()).await;
        assert_eq!(cold.reconcile(exam).await.unwrap(), rcoi_store::Synced::default(), "{what}");
        open_keys(&p).await.into_iter().map(|(_, key)| key).collect::<Vec<_>>()
    };
    let value = |text: &str| VerdictAct::Value { value: text.into() };
    let field = p.claim(verifier, Role::Verifier, None, 1).await.unwrap().remove(0);
    p.verdict(verifier, Role::Verifier, fresh(), field.id, value("13")).await.unwrap();
    same("a value").await;
    p.undo(verifier).await.unwrap().unwrap();
    same("a value taken back").await;
    p.verdict(verifier, Role::Verifier, fresh(), field.id, value("14")).await.unwrap();
    let before = same("another value").await;
    let unread = p.claim(senior, Role::Senior, None, 1).await.unwrap().remove(0);
    assert!(before.contains(&unread.key) && unread.key.starts_with("check/code/"), "{before:?}");
    let code_of = || VerdictAct::SheetCode { code: code("231", 2) };
    p.verdict(senior, Role::Senior, fresh(), unread.id, code_of()).await.unwrap();
    assert!(same("a code").await.is_empty());
    p.undo(senior).await.unwrap().unwrap();
    assert_eq!(same("a code taken back").await, before);
    p.verdict(senior, Role::Senior, fresh(), unread.id, VerdictAct::Exclude { reason: "испорчен".into() }).await.unwrap();
    let after = same("a sheet taken out").await;
    assert!(
        after.iter().any(|key| key.starts_with("check/count/")) && after.iter().any(|key| key.starts_with("check/missing/")),
        "{after:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_without_a_code_for_the_exam_is_refused_when_the_plan_comes() {
    let folder = tempfile::tempdir().unwrap();
    let row = |test_type| format!("[[form-kind]]\ntest-type = '{test_type}'\nsubject = '*'\ncode = '17'\n");
    let with = async |test_type| {
        let profile = Some(rcoi_rules::Profile::parse(&row(test_type)).unwrap());
        chain_with(folder.path(), engine(), rcoi_pipeline::Params { profile, ..Default::default() }).await.0
    };
    let told = with("9").await.import_exam(&plan()).await.unwrap_err().to_string();
    assert!(told.contains("вида испытания 4, предмета 01"), "{told}");
    let p = with("4").await;
    p.import_exam(&plan()).await.unwrap();
    let facts = p.package_facts(plan().id(), 1).await.unwrap();
    assert_eq!(rcoi_pipeline::package::packet_name(&facts.exam, &facts.packets[0]).unwrap(), "90000141-17-000001-0101-20260528");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_contradicts_itself_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (p, _) = chain(folder.path(), engine()).await;
    let mut long = plan();
    long.limit_days = 7;
    assert!(p.import_exam(&long).await.unwrap_err().to_string().contains("не больше 6"));
    let mut lost = plan();
    lost.participants[0].room = "0999".into();
    assert!(p.import_exam(&lost).await.unwrap_err().to_string().contains("0001-0999"));
    let mut twice = plan();
    twice.participants[1].kit = twice.participants[0].kit.clone();
    assert!(p.import_exam(&twice).await.unwrap_err().to_string().contains("уже есть"));
}
