//! The watched folder: files that somebody puts down are taken in when they are whole, each once, and stay where they are.
//!
//! The folder is looked through again and again: shares of a network tell nobody about changes. What became of a file stands in
//! the store under its path, size and time; killed between taking in and writing that down, the file is taken in again, which
//! adds nothing. A file that cannot be taken in now is tried again later; one that was refused, when it has changed.

use crate::arrival::{Place, place_of};
use crate::error::{PipelineError, Result};
use crate::intake::{AT_ONCE, FileOutcome, OneFile};
use crate::packet_name::PacketName;
use crate::pipeline::{Pipeline, lock};
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use rcoi_model::{ExamId, ExamState};
use rcoi_store::{ExamRow, WatchedFile, WatchedOutcome};
use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, UNIX_EPOCH};
use tokio_util::sync::CancellationToken;

/// Troubles that are told; more is nothing to read.
const TOLD: usize = 50;
/// Files taken in between two looks at the folder, so that what is told stays fresh.
const AT_A_LOOK: usize = 200;
/// A file that could not be taken in through no fault of its own is tried again after this time.
const AGAIN: Duration = Duration::from_secs(20);
/// The shortest beginning of an exam's id that a folder may be called by.
const SHORTEST_EXAM: usize = 4;
/// Beginnings and endings of names under which programs write before they rename.
const UNFINISHED: [&str; 6] = [".tmp", ".part", ".partial", ".crdownload", ".filepart", "~"];

/// What is watched.
#[derive(Debug, Clone)]
pub struct WatchParams {
    pub folder: PathBuf,
    /// A file is whole when it has not changed for so long.
    pub settle: Duration,
    /// Pause between two looks.
    pub poll: Duration,
}

/// How the watched folder stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WatchState {
    pub folder: String,
    /// When it was looked through last.
    pub looked: Option<Timestamp>,
    /// Files that are still being written, or wait for their turn.
    pub waiting: u64,
    /// Files in the folder that were taken in.
    pub taken: u64,
    /// The folder itself cannot be read, or nothing can be stored; the reason.
    pub fault: Option<String>,
    /// Files in the folder that were not taken in, the first ones of them.
    pub troubles: Vec<WatchTrouble>,
}

/// A file that was not taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchTrouble {
    /// Path below the folder, with `/`.
    pub file: String,
    pub why: WatchWhy,
}

/// Why a file of the watched folder was not taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchWhy {
    /// No exam is open.
    NoExam,
    /// A folder of the path begins as the id of an exam that is closed.
    ClosedExam,
    /// More than one exam is open, or was when the file came, and no folder of the path begins as the id of one.
    WhichExam,
    /// The reason that the intake gave.
    Said(String),
}

/// A file as it lies there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Lying {
    /// Below the folder, with `/`.
    name: String,
    size: u64,
    /// Microseconds since 1970.
    modified: i64,
}

/// What is remembered from look to look.
struct Watch {
    params: WatchParams,
    root: String,
    /// What became of files, from the store; `None` until it was read.
    done: Option<BTreeMap<Lying, (WatchedOutcome, Option<String>)>>,
    /// Files that were not done yet: how they lay, and since when.
    seen: BTreeMap<String, (Lying, Instant)>,
    /// Not before this moment again, and why.
    later: BTreeMap<String, (Instant, WatchWhy)>,
}

/// What one look found.
struct Look {
    files: Vec<Lying>,
    faults: Vec<String>,
}

impl Pipeline {
    /// How the watched folder stands; `None` when none is watched.
    #[must_use]
    pub fn watch_state(&self) -> Option<WatchState> {
        lock(&self.inner.watched).clone()
    }

    /// Watches a folder until cancelled. Only one process may.
    pub async fn watch(&self, params: WatchParams, cancel: CancellationToken) {
        let root = params.folder.display().to_string().trim_end_matches('/').to_owned();
        *lock(&self.inner.watched) = Some(WatchState { folder: root.clone(), ..WatchState::default() });
        let poll = params.poll;
        let mut watch = Watch { params, root, done: None, seen: BTreeMap::new(), later: BTreeMap::new() };
        loop {
            let more = match self.look(&mut watch, &cancel).await {
                Ok(more) => more,
                Err(error) => {
                    tracing::warn!(%error, folder = watch.root, "the watched folder waits");
                    if let Some(state) = lock(&self.inner.watched).as_mut() {
                        state.fault = Some(error.to_string());
                    }
                    false
                }
            };
            let pause = if more { Duration::ZERO } else { poll };
            tokio::select! {
                () = cancel.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Looks through the folder once and takes in what is whole; true when more is whole than was taken in.
    async fn look(&self, watch: &mut Watch, cancel: &CancellationToken) -> Result<bool> {
        if watch.done.is_none() {
            watch.done = Some(self.remembered(&watch.root).await?);
        }
        let folder = watch.params.folder.clone();
        let found = tokio::task::spawn_blocking(move || look_through(&folder)).await?;
        let mut whole = watch.whole(&found.files);
        let more = whole.len() > AT_A_LOOK;
        whole.truncate(AT_A_LOOK);
        if !whole.is_empty() {
            let outcomes = self.take_whole(watch, whole, cancel).await?;
            outcomes.into_iter().for_each(|(file, outcome)| watch.learn(file, outcome));
        }
        *lock(&self.inner.watched) = Some(watch.state(&found, self.inner.store.now()));
        Ok(more && !cancel.is_cancelled())
    }

    async fn take_whole(&self, watch: &Watch, whole: Vec<Lying>, cancel: &CancellationToken) -> Result<Vec<(Lying, Outcome)>> {
        let exams = self.known_exams().await?;
        // Written down where it is taken in: a future that nobody drives may hold the only connection that writes.
        let take = |file: Lying| {
            let exams = &exams;
            async move {
                if cancel.is_cancelled() {
                    return Ok((file, Outcome::Later(None)));
                }
                let outcome = self.take_lying(&watch.params.folder.join(&file.name), &file, exams).await;
                if let Outcome::Done(outcome, reason, pages) = &outcome {
                    let path = format!("{}/{}", watch.root, file.name);
                    let (size, modified) = (file.size, file.modified);
                    let row = WatchedFile { path, size, modified, outcome: *outcome, reason: reason.clone(), pages: *pages };
                    self.inner.store.put_watched(&row).await?;
                }
                Ok((file, outcome))
            }
        };
        futures::stream::iter(whole).map(take).buffered(AT_ONCE).try_collect().await
    }

    /// What the store knows of files below a folder.
    async fn remembered(&self, root: &str) -> Result<BTreeMap<Lying, (WatchedOutcome, Option<String>)>> {
        let known = self.inner.store.watched(root).await?;
        let of = |row: WatchedFile| {
            let name = row.path.get(root.len() + 1..)?.to_owned();
            Some((Lying { name, size: row.size, modified: row.modified }, (row.outcome, row.reason)))
        };
        Ok(known.into_iter().filter_map(of).collect())
    }

    async fn known_exams(&self) -> Result<Vec<Known>> {
        let known = |e: ExamRow| Known { id: e.id, open: e.state == ExamState::Open, closed_at: e.closed_at.map(|at| at.as_microsecond()) };
        Ok(self.inner.store.exams().await?.into_iter().map(known).collect())
    }

    async fn take_lying(&self, at: &Path, file: &Lying, exams: &[Known]) -> Outcome {
        let (exam, path) = match exam_of(&file.name, file.modified, exams) {
            Ok(found) => found,
            Err(why) => return Outcome::Later(Some(why)),
        };
        let place = match place_of(path, None) {
            Ok(place) => place,
            Err(bad) => return Outcome::Done(WatchedOutcome::Refused, Some(bad.to_string()), 0),
        };
        match self.take_at(at, file, exam, &place).await {
            Ok(Some(outcomes)) => sum_up(&outcomes),
            // It has changed meanwhile: the next look sees it as another file.
            Ok(None) => Outcome::Later(None),
            Err(error) => {
                tracing::warn!(%error, "a file of the watched folder waits");
                Outcome::Later(Some(WatchWhy::Said(error.to_string())))
            }
        }
    }

    async fn take_at(&self, at: &Path, file: &Lying, exam: ExamId, place: &Place) -> Result<Option<Vec<OneFile>>> {
        let failed = |source| PipelineError::Io { path: file.name.clone(), source };
        let open = tokio::fs::File::open(at).await.map_err(failed)?.into_std().await;
        let same = |found: &Metadata| (found.len(), modified(found)) == (file.size, file.modified);
        if !open.metadata().is_ok_and(|found| same(&found)) {
            return Ok(None);
        }
        let watched: File = open.try_clone().map_err(failed)?;
        let outcomes = self.take_file(exam, place, open, None).await?;
        Ok(watched.metadata().is_ok_and(|found| same(&found)).then_some(outcomes))
    }
}

/// What became of a file at this look.
enum Outcome {
    Done(WatchedOutcome, Option<String>, u64),
    /// Tried again; the reason if there is one to tell.
    Later(Option<WatchWhy>),
}

/// One outcome of a file and its members: the worst one.
fn sum_up(outcomes: &[OneFile]) -> Outcome {
    let (mut pages, mut aside, mut refused) = (0, None, None);
    for (_, _, outcome) in outcomes {
        match outcome {
            FileOutcome::Taken { pages: n, .. } => pages += u64::from(*n),
            FileOutcome::SetAside { reason } => {
                pages += 1;
                aside.get_or_insert_with(|| reason.clone());
            }
            FileOutcome::Refused { reason } => {
                refused.get_or_insert_with(|| reason.clone());
            }
        }
    }
    match (refused, aside) {
        (Some(reason), _) => Outcome::Done(WatchedOutcome::Refused, Some(reason), pages),
        (None, Some(reason)) => Outcome::Done(WatchedOutcome::SetAside, Some(reason), pages),
        (None, None) => Outcome::Done(WatchedOutcome::Taken, None, pages),
    }
}

/// An exam as far as the choice of one needs it.
struct Known {
    id: ExamId,
    open: bool,
    /// Microseconds since 1970.
    closed_at: Option<i64>,
}

/// The exam of a file and the rest of its path: a folder that is called by the beginning of an exam's id, else the only exam
/// that was open since the file came to lie there (`modified`, microseconds since 1970).
fn exam_of<'n>(name: &'n str, modified: i64, exams: &[Known]) -> Result<(ExamId, &'n str), WatchWhy> {
    let mut rest = name;
    while let Some((folder, below)) = rest.split_once('/') {
        if PacketName::parse(folder).is_some() {
            break;
        }
        let named = folder.to_ascii_lowercase();
        let mut fitting = exams.iter().filter(|e| named.len() >= SHORTEST_EXAM && e.id.to_string().starts_with(&named));
        if let (Some(exam), None) = (fitting.next(), fitting.next()) {
            return if exam.open { Ok((exam.id, below)) } else { Err(WatchWhy::ClosedExam) };
        }
        rest = below;
    }
    if exams.iter().all(|e| !e.open) {
        return Err(WatchWhy::NoExam);
    }
    let mut then = exams.iter().filter(|e| e.open || e.closed_at.is_some_and(|at| at >= modified));
    match (then.next(), then.next()) {
        (Some(only), None) => Ok((only.id, name)),
        _ => Err(WatchWhy::WhichExam),
    }
}

impl Watch {
    /// Files that are whole, were not done and are not to wait, in the order of their names.
    fn whole(&mut self, files: &[Lying]) -> Vec<Lying> {
        let (now, settle) = (Instant::now(), self.params.settle);
        self.seen.retain(|name, _| files.binary_search_by(|f| f.name.cmp(name)).is_ok());
        self.later.retain(|name, _| files.binary_search_by(|f| f.name.cmp(name)).is_ok());
        let mut whole = Vec::new();
        for file in files {
            if self.done.as_ref().is_some_and(|done| done.contains_key(file)) {
                self.seen.remove(&file.name);
                self.later.remove(&file.name);
                continue;
            }
            let lay = self.seen.entry(file.name.clone()).or_insert_with(|| (file.clone(), now));
            if lay.0 != *file {
                *lay = (file.clone(), now);
                self.later.remove(&file.name);
            }
            let waits = self.later.get(&file.name).is_some_and(|(until, _)| *until > now);
            // An empty file is one that somebody is about to write.
            if now.duration_since(lay.1) >= settle && file.size > 0 && !waits {
                whole.push(file.clone());
            }
        }
        whole
    }

    fn learn(&mut self, file: Lying, outcome: Outcome) {
        match outcome {
            Outcome::Done(outcome, reason, _) => {
                self.seen.remove(&file.name);
                self.later.remove(&file.name);
                if let Some(done) = &mut self.done {
                    done.insert(file, (outcome, reason));
                }
            }
            Outcome::Later(Some(why)) => {
                self.later.insert(file.name, (Instant::now() + AGAIN.min(self.params.poll * 10), why));
            }
            Outcome::Later(None) => {}
        }
    }

    fn state(&self, found: &Look, now: Timestamp) -> WatchState {
        let mut state =
            WatchState { folder: self.root.clone(), looked: Some(now), fault: found.faults.first().cloned(), ..WatchState::default() };
        let mut tell = |file: &Lying, why| {
            if state.troubles.len() < TOLD {
                state.troubles.push(WatchTrouble { file: file.name.clone(), why });
            }
        };
        for file in &found.files {
            match self.done.as_ref().and_then(|done| done.get(file)) {
                Some((WatchedOutcome::Refused, reason)) => tell(file, WatchWhy::Said(reason.clone().unwrap_or_default())),
                Some(_) => state.taken += 1,
                None => match self.later.get(&file.name) {
                    Some((_, why)) => tell(file, why.clone()),
                    None => state.waiting += 1,
                },
            }
        }
        state
    }
}

/// Every file below a folder, by name. Links, hidden files and such as are being written under another name are passed over.
fn look_through(root: &Path) -> Look {
    let mut look = Look { files: Vec::new(), faults: Vec::new() };
    let mut folders = vec![(root.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                look.faults.push(format!("{}: {error}", folder.display()));
                continue;
            }
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let lower = name.to_lowercase();
            if name.starts_with(['.', '~']) || UNFINISHED.iter().any(|ending| lower.ends_with(ending)) {
                continue;
            }
            // Gone again: somebody is at work here.
            let (Ok(kind), Ok(found)) = (entry.file_type(), entry.metadata()) else { continue };
            if kind.is_dir() {
                folders.push((entry.path(), format!("{prefix}{name}/")));
            } else if kind.is_file() {
                look.files.push(Lying { name: format!("{prefix}{name}"), size: found.len(), modified: modified(&found) });
            }
        }
    }
    look.files.sort();
    look
}

fn modified(found: &Metadata) -> i64 {
    let since = found.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| i64::try_from(since.as_micros()).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exam(text: &str) -> ExamId {
        text.parse().unwrap()
    }

    #[test]
    fn the_exam_is_the_only_one_or_the_one_whose_id_a_folder_begins() {
        let (one, two) = (exam("4f1c0000-0000-4000-8000-000000000001"), exam("4f1d0000-0000-4000-8000-000000000002"));
        let open = |id| Known { id, open: true, closed_at: None };
        let closed = |id, at| Known { id, open: false, closed_at: Some(at) };
        let of = |name: &'static str, exams: &[Known]| exam_of(name, 100, exams);
        assert_eq!(of("0001-0101/a.png", &[]), Err(WatchWhy::NoExam));
        assert_eq!(of("0001-0101/a.png", &[closed(one, 50)]), Err(WatchWhy::NoExam));
        assert_eq!(of("0001-0101/a.png", &[open(one)]), Ok((one, "0001-0101/a.png")));
        assert_eq!(of("0001-0101/a.png", &[open(one), open(two)]), Err(WatchWhy::WhichExam));
        assert_eq!(of("evening/4F1D/0001-0101/a.png", &[open(one), open(two)]), Ok((two, "0001-0101/a.png")));
        assert_eq!(of("4f1/0001-0101/a.png", &[open(one), open(two)]), Err(WatchWhy::WhichExam), "two begin so");
        // A late sheet of a closed exam goes to no other one.
        assert_eq!(of("4f1c/0001-0101/a.png", &[closed(one, 50), open(two)]), Err(WatchWhy::ClosedExam));
        assert_eq!(of("0001-0101/a.png", &[closed(one, 150), open(two)]), Err(WatchWhy::WhichExam), "both were open when it came");
        assert_eq!(of("0001-0101/a.png", &[closed(one, 50), open(two)]), Ok((two, "0001-0101/a.png")));
    }

    #[test]
    fn what_is_hidden_unfinished_or_a_link_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("0001-0101/.thumbs")).unwrap();
        for name in ["0001-0101/b.png", "0001-0101/a.png", "0001-0101/c.png.part", "0001-0101/.thumbs/d.png", "~$e.png"] {
            std::fs::write(root.join(name), "x").unwrap();
        }
        std::os::unix::fs::symlink("/etc/passwd", root.join("0001-0101/link.png")).unwrap();
        let look = look_through(root);
        assert_eq!(look.files.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["0001-0101/a.png", "0001-0101/b.png"]);
        assert!(look.faults.is_empty());
        assert_eq!(look_through(&root.join("gone")).faults.len(), 1);
    }
}
