//! The demo's input on disk: plan, truth and packets, drawn once; drawing goes on where it was cut off.

use anyhow::{Context, Result, bail};
use indicatif::{ParallelProgressIterator, ProgressBar, ProgressStyle};
use rayon::prelude::*;
use rcoi_model::{ExamPlan, ExamTruth};
use rcoi_synth::{ExamSpec, exam};
use serde::Serialize;
use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// Where things lie, and the truth.
pub(crate) struct Input {
    pub(crate) plan: PathBuf,
    pub(crate) packets: PathBuf,
    pub(crate) truth: ExamTruth,
}

/// Draws what is missing. `truth.json` is written last: its presence says that everything is there.
pub(crate) fn ensure(folder: &Path, seed: u64, participants: u32) -> Result<Input> {
    let (plan, packets, truth_file) = (folder.join("exam.json"), folder.join("packets"), folder.join("truth.json"));
    if truth_file.exists() {
        let text = fs::read_to_string(&truth_file).with_context(|| format!("cannot read {}", truth_file.display()))?;
        let truth: ExamTruth = serde_json::from_str(&text).with_context(|| format!("{} is damaged; use --fresh", truth_file.display()))?;
        let text = fs::read_to_string(&plan).with_context(|| format!("cannot read {}", plan.display()))?;
        let planned: ExamPlan = serde_json::from_str(&text).with_context(|| format!("{} is damaged; use --fresh", plan.display()))?;
        let people = planned.participants.len();
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
    let exam = exam(&spec(seed, participants));
    let jobs = exam.jobs();
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new(jobs.len() as u64) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("drawing {bar:30} {pos}/{len} files, {eta} left") {
        bar.set_style(style);
    }
    jobs.par_iter().progress_with(bar).try_for_each(|job| {
        let file = packets.join(&job.source);
        if file.exists() { Ok(()) } else { write_whole(&file, &exam.draw(job)?) }
    })?;
    write_whole(&plan, &json(&exam.plan)?)?;
    write_whole(&truth_file, &json(&exam.truth)?)?;
    Ok(Input { plan, packets, truth: exam.truth })
}

/// The demo's exam shrunk or grown: of each trouble that it has there stays at least one.
fn spec(seed: u64, participants: u32) -> ExamSpec {
    let demo = ExamSpec::demo(seed);
    let part = |count: u32| (u64::from(count) * u64::from(participants)).div_ceil(u64::from(demo.participants)) as u32;
    ExamSpec {
        seed,
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
        miscounted: part(demo.miscounted),
    }
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
        assert_eq!(spec(7, 100), ExamSpec::demo(7));
        let small = spec(7, 6);
        assert_eq!((small.points, small.rooms, small.absent, small.duplicates, small.unreadable, small.miscounted), (1, 1, 1, 1, 1, 1));
        let odd = small.extras + small.removed + small.not_finished + small.absent + small.duplicates + small.unreadable;
        assert!(odd <= small.participants, "each trouble needs a person of its own");
    }
}
