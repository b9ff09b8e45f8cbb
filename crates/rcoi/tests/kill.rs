//! `kill -9` at many moments of an exam's life; afterwards nothing is lost, nothing is there twice, everything verifies.

mod common;

use common::{Seeded, demo_package, run, start, verify};
use futures::TryStreamExt;
use rcoi_model::{ExamPlan, ExamTruth, PageId, PageState, TaskState, VerdictId};
use rcoi_store::{Store, TaskFilter};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

const DEMO: [&str; 6] = ["demo", "--robot", "--participants", "40", "--seed", "5"];

/// What the program says when a part of its work begins, and within how many milliseconds after it the axe falls.
const MOMENTS: [(&str, u64, u64); 10] = [
    ("", 100, 900),                    // drawing
    ("exam: ", 0, 300),                // opening the store, importing the plan, making people
    ("stations: ", 0, 60),             // intake
    ("stations: ", 60, 250),           // intake and the first pages
    ("stations: ", 250, 900),          // reading
    ("stations: ", 900, 1600),         // reading
    ("intake and reading", 0, 200),    // people sign in, the first verdicts
    ("intake and reading", 200, 900),  // verdicts
    ("intake and reading", 900, 1800), // verdicts, closing, package
    ("robot: ", 0, 60),                // the package is copied out, the score is counted
];

/// What may only grow from one kill to the next.
#[derive(Default)]
struct Kept {
    pages: BTreeSet<PageId>,
    read: BTreeSet<PageId>,
    verdicts: BTreeSet<VerdictId>,
}

#[test]
fn an_exam_killed_at_any_moment_loses_no_sheet_and_no_verdict_and_has_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (data, demo) = (folder.path(), folder.path().join("demo"));
    let mut seeded = Seeded(20_260_604);
    let (mut kills, mut kept) = (0, Kept::default());
    for (sign, from, to) in MOMENTS {
        let mut running = start(data, &DEMO);
        if running.wait_for(|r| r.has_said(sign)) {
            std::thread::sleep(Duration::from_millis(from + seeded.below(to - from)));
            let (alive, _) = running.kill();
            kills += u32::from(alive);
        }
        kept = nothing_went_back(&demo, kept);
    }
    assert!(kills >= 7, "only {kills} runs were killed: the exam is over too soon for these moments");
    run(data, &DEMO).ended(0);
    nothing_went_back(&demo, kept);
    nothing_is_lost_or_double(&demo);

    let package = demo_package(&demo);
    verify(&demo, &package).ended(0);
    run(&demo, &["audit", "verify"]).ended(0);
    package_moments(&demo, &package, &mut seeded);
}

/// Killed while the package is made: there is the whole file or none, and the next run makes the same bytes.
fn package_moments(demo: &Path, package: &Path, seeded: &mut Seeded) {
    let whole = std::fs::read(package).unwrap();
    let copy = demo.join("again.zip");
    let args = ["exam", "package", "-o", &copy.to_string_lossy()].map(str::to_owned);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut caught = 0;
    for _ in 0..12 {
        for (path, _) in parts_and_blobs(demo).into_iter().filter(|(_, size)| *size == whole.len() as u64) {
            std::fs::remove_file(path).unwrap();
        }
        let mut running = start(demo, &args);
        let begun = running.wait_for(|_| parts_and_blobs(demo).iter().any(|(path, _)| path.contains("/part-")));
        std::thread::sleep(Duration::from_millis(seeded.below(30)));
        let (alive, _) = running.kill();
        caught += u32::from(begun && alive);
        assert!(!copy.exists() || std::fs::read(&copy).unwrap() == whole, "half a package stands under its name");
        for (path, _) in parts_and_blobs(demo)
            .into_iter()
            .filter(|(path, _)| !path.contains("/part-") && !path.ends_with("/door") && !path.ends_with("/.rcoi-blobs"))
        {
            let bytes = std::fs::read(&path).unwrap();
            assert!(path.ends_with(rcoi_store::Blobs::hash(&bytes).as_str()), "{path} is not what its name says");
        }
        if caught == 3 {
            break;
        }
    }
    assert!(caught > 0, "no run was killed while it made the package");
    run(demo, &args).ended(0);
    assert_eq!(std::fs::read(&copy).unwrap(), whole, "the same exam gives the same bytes");
    let left: Vec<_> = parts_and_blobs(demo).into_iter().filter(|(path, _)| path.contains("part-")).collect();
    assert!(left.is_empty(), "the dead left parts: {left:?}");
}

/// Every file of the blob folder with its size.
fn parts_and_blobs(demo: &Path) -> Vec<(String, u64)> {
    let files = walkdir::WalkDir::new(demo.join("blobs")).into_iter().flatten().filter(|e| e.file_type().is_file());
    files.filter_map(|e| Some((e.path().to_string_lossy().into_owned(), e.metadata().ok()?.len()))).collect()
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(work)
}

async fn open(demo: &Path) -> Store {
    Store::open(&format!("sqlite:{}", demo.join("rcoi.db").display())).await.unwrap()
}

/// Compares with what was there after the kill before.
fn nothing_went_back(demo: &Path, before: Kept) -> Kept {
    if !demo.join("rcoi.db").exists() {
        return before;
    }
    let now = block_on(async {
        let store = open(demo).await;
        let mut now = Kept::default();
        for exam in store.exams().await.unwrap() {
            for page in store.pages_of_exam(exam.id).await.unwrap() {
                now.pages.insert(page.id);
                if page.state != PageState::Received {
                    now.read.insert(page.id);
                }
            }
            now.verdicts.extend(store.verdicts(exam.id).await.unwrap().into_iter().map(|row| row.verdict.id));
        }
        store.close().await;
        now
    });
    assert!(now.pages.is_superset(&before.pages), "a page was lost");
    assert!(now.read.is_superset(&before.read), "a page that was read is unread again");
    assert!(now.verdicts.is_superset(&before.verdicts), "a verdict was lost");
    now
}

fn nothing_is_lost_or_double(demo: &Path) {
    let read = |name: &str| std::fs::read_to_string(demo.join("input").join(name)).unwrap();
    let truth: ExamTruth = serde_json::from_str(&read("truth.json")).unwrap();
    let plan: ExamPlan = serde_json::from_str(&read("exam.json")).unwrap();
    block_on(async {
        let store = open(demo).await;
        let exam = plan.id();
        let pages = store.pages_of_exam(exam).await.unwrap();
        let mut found: Vec<_> = pages.iter().map(|p| (p.source.clone(), p.index)).collect();
        let mut given: Vec<_> = truth.pages.iter().map(|p| (p.source.clone(), p.index)).collect();
        found.sort();
        given.sort();
        assert_eq!(found, given, "every sheet once");
        assert!(pages.iter().all(|p| matches!(p.state, PageState::Read | PageState::Excluded)), "{pages:?}");

        let readings: Vec<_> = store.readings_stream(exam).try_collect().await.unwrap();
        let current: BTreeSet<PageId> = readings.iter().map(|(page, _)| *page).collect();
        let in_work: BTreeSet<PageId> = pages.iter().filter(|p| p.state == PageState::Read).map(|p| p.id).collect();
        assert_eq!(readings.len(), current.len(), "one current reading of a page");
        assert_eq!(current, in_work, "of each page in the work");
        for page in &pages {
            assert!(store.reading(page.id).await.unwrap().is_some(), "{} has no reading", page.source);
        }

        let mut verdicts: BTreeMap<_, u32> = BTreeMap::new();
        for row in store.verdicts(exam).await.unwrap() {
            *verdicts.entry(row.verdict.task).or_default() += 1;
        }
        assert!(verdicts.values().all(|n| *n == 1), "a task was settled twice");
        let done = TaskFilter { exam: Some(exam), state: Some(TaskState::Done), ..TaskFilter::default() };
        let done: BTreeSet<_> = store.tasks(&done).await.unwrap().into_iter().map(|row| row.task.id).collect();
        assert_eq!(done, verdicts.keys().copied().collect(), "done tasks are those with a verdict");
        assert_eq!(store.packages(exam).await.unwrap().len(), 1, "one package");
        store.close().await;

        let mut zip = zip::ZipArchive::new(std::fs::File::open(demo_package(demo)).unwrap()).unwrap();
        let manifest: serde_json::Value = serde_json::from_reader(zip.by_name("manifest.json").unwrap()).unwrap();
        assert_eq!(manifest["sheets"].as_u64(), Some(in_work.len() as u64), "the package holds every sheet in the work");
    });
}
