//! Files that people send and files of the watched folder, through the chain with a drawn engine.

mod common;

use common::*;
use rcoi_model::*;
use rcoi_pipeline::{FileOutcome, PacketName, Params, Pipeline, Place, THUMBNAIL, WatchParams, WatchState, WatchWhy, place_of};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

fn open(bytes: &[u8]) -> std::fs::File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn place(path: &str) -> Place {
    place_of(path, None).unwrap()
}

async fn pages(p: &Pipeline) -> Vec<Page> {
    p.store().pages_of_exam(plan().id()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_twice_are_the_same_pages_under_whatever_name() {
    let folder = tempfile::tempdir().unwrap();
    let (p, _) = chain(folder.path(), engine()).await;
    let exam = p.import_exam(&plan()).await.map(|_| plan().id()).unwrap();
    let operator = user(&p, "o", Role::Operator).await;
    let take = |path: &'static str, bytes: Vec<u8>| {
        let p = p.clone();
        async move { p.take_file(exam, &place(path), open(&bytes), Some(operator)).await.unwrap().remove(0) }
    };
    assert_eq!(take("0001-0101/a.png", png(2)).await.2, FileOutcome::Taken { pages: 1, new: 1 });
    assert_eq!(take("0001-0101/a.png", png(2)).await.2, FileOutcome::Taken { pages: 1, new: 0 });
    let (source, _, again) = take("0001-0101/a (1).png", png(2)).await;
    assert_eq!((source.as_str(), again), ("0001-0101/a.png", FileOutcome::Taken { pages: 1, new: 0 }));
    // A rescan under the same name is another page beside the first one, and so is the sheet in another packet.
    assert_eq!(take("0001-0101/a.png", png(3)).await.2, FileOutcome::Taken { pages: 1, new: 1 });
    assert_eq!(take("0001-0102/a.png", png(2)).await.2, FileOutcome::Taken { pages: 1, new: 1 });
    assert_eq!(pages(&p).await.len(), 3);
    // Two windows send the same sheet at once.
    let both = tokio::join!(take("0001-0102/x.png", png(7)), take("0001-0102/y.png", png(7)));
    assert_eq!((both.0.0, pages(&p).await.len()), (both.1.0, 4));
    assert!(matches!(take("0001-0101/b.png", vec![]).await.2, FileOutcome::Refused { reason } if reason.contains("empty")));
    assert!(matches!(take("b.png", png(4)).await.2, FileOutcome::Refused { .. }), "no packet");
    assert!(matches!(take("0001-0101/letter.txt", b"dear sirs".to_vec()).await.2, FileOutcome::SetAside { .. }));
    assert_eq!(pages(&p).await.len(), 5);
    let rows = p.store().audit_rows(0, 100).await.unwrap();
    let acts: Vec<_> = rows.iter().filter(|r| r.entry.act == "packet.file").collect();
    assert_eq!(acts.len(), 5, "what brought nothing new is no act");
    assert!(acts.iter().all(|r| r.entry.user == Some(operator) && !r.entry.detail.contains("png")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_that_nobody_planned_is_made_by_its_first_file() {
    let folder = tempfile::tempdir().unwrap();
    let (p, _) = chain(folder.path(), engine()).await;
    p.import_exam(&plan()).await.unwrap();
    let chosen = PacketName::parse("0009-0301").unwrap();
    let place = place_of("pile/a.png", Some(&chosen)).unwrap();
    p.take_file(plan().id(), &place, open(&png(9)), None).await.unwrap();
    let rows = p.store().packet_progress(plan().id()).await.unwrap();
    let made = rows.iter().find(|k| (k.ppe.as_str(), k.room.as_str()) == ("0009", "0301")).unwrap();
    assert_eq!((made.declared, made.scanned), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thumbnail_is_small_upright_and_only_of_pages_that_were_read() {
    let folder = tempfile::tempdir().unwrap();
    let (p, _) = chain(folder.path(), engine()).await;
    p.import_exam(&plan()).await.unwrap();
    let mut large = Vec::new();
    // Black above; strokes below as those of a hand, two millimetres apart.
    let stroke = |x: u32, y: u32| (900..1400).contains(&y) && x % 12 < 4;
    let sheet = image::GrayImage::from_fn(1240, 1754, |x, y| image::Luma([if y < 300 || stroke(x, y) { 2 } else { 255 }]));
    sheet.write_to(&mut std::io::Cursor::new(&mut large), image::ImageFormat::Png).unwrap();
    p.take_file(plan().id(), &place("0001-0101/a.png"), open(&large), None).await.unwrap();
    p.take_file(plan().id(), &place("0001-0101/bad.png"), open(b"\x89PNG\r\n\x1a\nno more"), None).await.unwrap();
    let all = pages(&p).await;
    assert!(p.thumbnail(all[0].id, None).await.is_err(), "not read yet");
    p.run_until_quiet().await.unwrap();
    let shown = p.thumbnail(all[0].id, None).await.unwrap();
    let picture = image::load_from_memory(&shown.png.clone().unwrap()).unwrap().to_luma8();
    assert!(picture.width() <= THUMBNAIL.0 && picture.height() == THUMBNAIL.1, "{:?}", picture.dimensions());
    assert!(picture.get_pixel(28, 4).0[0] < 20 && picture.get_pixel(28, 70).0[0] > 240);
    let strokes: Vec<u8> =
        (2..picture.width() - 2).flat_map(|x| (44..60).map(move |y| (x, y))).map(|(x, y)| picture.get_pixel(x, y).0[0]).collect();
    let (least, most) = (strokes.iter().min().unwrap(), strokes.iter().max().unwrap());
    assert!(most - least < 60 && *most < 220, "there is writing, and nobody can tell which: {least} to {most}");
    let same = p.thumbnail(all[0].id, Some(&shown.tag)).await.unwrap();
    assert_eq!((same.tag, same.png), (shown.tag, None));
    let bad = all.iter().find(|page| page.source.ends_with("bad.png")).unwrap();
    assert!(p.thumbnail(bad.id, None).await.is_err());
}

/// A chain that watches a folder, until it is dropped.
struct Watching {
    p: Pipeline,
    cancel: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Watching {
    async fn start(data: &Path, folder: &Path) -> Self {
        let (p, _) = chain_with(data, engine(), Params::default()).await;
        let cancel = CancellationToken::new();
        let params = WatchParams { folder: folder.to_owned(), settle: Duration::from_millis(150), poll: Duration::from_millis(30) };
        let (chain, stop) = (p.clone(), cancel.clone());
        let task = tokio::spawn(async move { chain.watch(params, stop).await });
        Self { p, cancel, task }
    }

    async fn until(&self, what: &str, fits: impl Fn(&WatchState) -> bool) -> WatchState {
        let begun = Instant::now();
        loop {
            let state = self.p.watch_state().unwrap_or_default();
            if fits(&state) {
                return state;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{what}: {state:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn stop(self) {
        self.cancel.cancel();
        self.task.await.unwrap();
        self.p.store().close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watched_file_is_taken_in_when_it_is_whole_once_and_stays_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let scans = folder.path().join("scans");
    std::fs::create_dir_all(scans.join("0001-0101")).unwrap();
    std::fs::write(scans.join("0001-0101/a.png"), png(2)).unwrap();
    std::fs::write(scans.join("stray.png"), png(3)).unwrap();
    let watching = Watching::start(folder.path(), &scans).await;
    let state = watching.until("no exam", |s| s.troubles.len() == 2).await;
    assert!(state.troubles.iter().all(|t| t.why == WatchWhy::NoExam));
    watching.p.import_exam(&plan()).await.unwrap();
    let state = watching.until("one is taken", |s| s.taken == 1 && s.troubles.len() == 1).await;
    assert!(matches!(&state.troubles[0].why, WatchWhy::Said(why) if why.contains("PPPP-RRRR")), "{state:?}");
    assert_eq!(state.troubles[0].file, "stray.png");

    // A scanner that writes slowly: never taken before it is done.
    let whole = png(4);
    let mut slow = std::fs::File::create(scans.join("0001-0101/b.png")).unwrap();
    for piece in whole.chunks(whole.len().div_ceil(8)) {
        slow.write_all(piece).unwrap();
        tokio::time::sleep(Duration::from_millis(60)).await;
        assert_eq!(pages(&watching.p).await.len(), 1);
    }
    drop(slow);
    watching.until("the slow one is taken", |s| s.taken == 2).await;
    assert!(pages(&watching.p).await.iter().all(|page| page.state == PageState::Received));
    watching.stop().await;

    // A restart knows what was done; a file that was written anew is another one.
    let watching = Watching::start(folder.path(), &scans).await;
    let state = watching.until("known again", |s| s.taken == 2).await;
    assert_eq!((state.troubles.len(), state.waiting), (1, 0), "{state:?}");
    std::fs::rename(scans.join("stray.png"), scans.join("0001-0101/c.png")).unwrap();
    std::fs::write(scans.join("0001-0101/a.png"), png(5)).unwrap();
    watching.until("three files", |s| s.taken == 3 && s.troubles.is_empty()).await;
    let sources: Vec<_> = pages(&watching.p).await.into_iter().map(|page| page.source).collect();
    assert_eq!(sources, ["0001-0101/a.png", "0001-0101/a.png", "0001-0101/b.png", "0001-0101/c.png"], "the rescan stands beside");
    assert!(scans.join("0001-0101/a.png").exists(), "files stay");
    std::fs::rename(&scans, folder.path().join("elsewhere")).unwrap();
    watching.until("the folder is gone", |s| s.fault.is_some()).await;
    watching.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_whose_taking_in_was_not_written_down_is_taken_in_again_and_adds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let scans = scans(folder.path());
    let (p, fake) = chain(folder.path(), engine()).await;
    p.import_exam(&plan()).await.unwrap();
    // As after kill -9 between the two: the pages are there, the record is not.
    p.ingest(plan().id(), &scans, None, &|_| {}).await.unwrap();
    p.run_until_quiet().await.unwrap();
    p.store().close().await;
    let watching = Watching::start(folder.path(), &scans).await;
    watching.until("five files", |s| s.taken == 5).await;
    assert_eq!(pages(&watching.p).await.len(), 5);
    assert!(pages(&watching.p).await.iter().all(|page| page.state == PageState::Read));
    assert_eq!(fake.read.load(Ordering::SeqCst), 5);
    watching.stop().await;
}
