//! The demo's input on disk: plan, truth and packets, drawn once; drawing goes on where it was cut off.

use anyhow::{Context, Result, bail};
use indicatif::{ParallelProgressIterator, ProgressBar, ProgressStyle};
use jiff::civil::Date;
use rayon::prelude::*;
use rcoi_model::{ExamPlan, ExamTruth};
use rcoi_synth::{ExamSpec, exam};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// Where things lie, and the truth.
pub(crate) struct Input {
    pub(crate) plan: PathBuf,
    pub(crate) packets: PathBuf,
    pub(crate) truth: ExamTruth,
}

/// Draws what is missing. `truth.json` is written last: its presence says that everything is there. An exam that was begun
/// keeps its day; `today` counts for a new one, which was sat yesterday so that its limit is running.
pub(crate) fn ensure(folder: &Path, seed: u64, participants: u32, today: Date) -> Result<Input> {
    let (plan, packets, truth_file) = (folder.join("exam.json"), folder.join("packets"), folder.join("truth.json"));
    if truth_file.exists() {
        let truth: ExamTruth = read(&truth_file)?;
        let people = read::<ExamPlan>(&plan)?.participants.len();
        if truth.seed != seed || people != participants as usize {
            bail!(
                "{} holds the exam of seed {} with {people} people; use --seed {} --participants {people} to go on with it \
                 or --fresh to begin anew",
                folder.display(),
                truth.seed,
                truth.seed
            );
        }
        return Ok(Input { plan, packets, truth });
    }
    let begun: Option<ExamPlan> = if plan.exists() { Some(read(&plan)?) } else { None };
    let exam = exam(&spec(seed, participants, begun.as_ref().map_or(today.yesterday()?, |plan| plan.date)));
    if begun.is_some_and(|plan| plan != exam.plan) {
        bail!("{} holds the beginnings of another exam; use its --seed to go on with it or --fresh to begin anew", folder.display());
    }
    write_whole(&plan, &json(&exam.plan)?)?;
    let jobs = exam.jobs();
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new(jobs.len() as u64) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("drawing {bar:30} {pos}/{len} files, {eta} left") {
        bar.set_style(style);
    }
    jobs.par_iter().progress_with(bar).try_for_each(|job| {
        let file = packets.join(&job.source);
        if file.exists() { Ok(()) } else { write_whole(&file, &exam.draw(job)?) }
    })?;
    write_whole(&truth_file, &json(&exam.truth)?)?;
    Ok(Input { plan, packets, truth: exam.truth })
}

/// The demo's exam shrunk or grown: of each trouble that it has there stays at least one.
fn spec(seed: u64, participants: u32, date: Date) -> ExamSpec {
    let demo = ExamSpec::demo(seed, date);
    let part = |count: u32| (u64::from(count) * u64::from(participants)).div_ceil(u64::from(demo.participants)) as u32;
    ExamSpec {
        seed,
        date,
        points: part(demo.points),
        rooms: part(demo.rooms),
        participants,
        extras: part(demo.extras),
        removed: part(demo.removed),
        not_finished: part(demo.not_finished),
        absent: part(demo.absent),
        duplicates: part(demo.duplicates),
        foreign: part(demo.foreign),
        unreadable: part(demo.unreadable),
        overruns: part(demo.overruns),
        corrected: part(demo.corrected),
        astray: part(demo.astray),
        empty: part(demo.empty),
        cancelled: part(demo.cancelled),
        renamed: part(demo.renamed),
        slips: part(demo.slips),
        faxed: part(demo.faxed),
        fax_rooms: part(demo.fax_rooms),
        miscounted: part(demo.miscounted),
    }
}

fn read<T: DeserializeOwned>(file: &Path) -> Result<T> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is damaged; use --fresh", file.display()))
}

fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    Ok(serde_json::to_vec_pretty(value)?)
}

/// A file is there whole or not at all.
fn write_whole(file: &Path, bytes: &[u8]) -> Result<()> {
    let folder = file.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut temporary = tempfile::NamedTempFile::new_in(folder).with_context(|| format!("cannot write into {}", folder.display()))?;
    std::io::Write::write_all(&mut temporary, bytes)?;
    temporary.persist(file).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_people_are_the_demo_and_six_still_have_one_of_every_trouble() {
        let date = jiff::civil::date(2027, 6, 3);
        assert_eq!(spec(7, 100, date), ExamSpec::demo(7, date));
        let small = spec(7, 6, date);
        assert_eq!((small.points, small.rooms, small.absent, small.duplicates, small.unreadable, small.miscounted), (1, 1, 1, 1, 1, 1));
    }

    #[test]
    fn an_exam_that_was_begun_keeps_its_day_and_its_seed() {
        let folder = tempfile::tempdir().expect("a folder");
        let (first, later) = (jiff::civil::date(2027, 6, 4), jiff::civil::date(2027, 6, 6));
        let exam = exam(&spec(3, 12, jiff::civil::date(2027, 6, 3)));
        for job in exam.jobs() {
            // What is there is not drawn again.
            write_whole(&folder.path().join("packets").join(&job.source), b"drawn").expect("a file");
        }
        ensure(folder.path(), 3, 12, first).expect("the exam");
        fs::remove_file(folder.path().join("truth.json")).expect("a truth");
        let error = ensure(folder.path(), 4, 12, later).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains("--fresh"), "{error}");
        let input = ensure(folder.path(), 3, 12, later).expect("the exam");
        assert_eq!(read::<ExamPlan>(&input.plan).expect("a plan"), exam.plan);
        assert_eq!(input.truth, exam.truth);
    }
}
