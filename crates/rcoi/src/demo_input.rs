//! The demo's input on disk: plan, truth and packets, drawn once; drawing goes on where it was cut off.

use anyhow::{Context, Result, bail};
use indicatif::{ParallelProgressIterator, ProgressBar, ProgressStyle};
use rayon::prelude::*;
use rcoi_model::ExamTruth;
use rcoi_synth::demo_exam;
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
pub(crate) fn ensure(folder: &Path, seed: u64) -> Result<Input> {
    let (plan, packets, truth_file) = (folder.join("exam.json"), folder.join("packets"), folder.join("truth.json"));
    if truth_file.exists() {
        let text = fs::read_to_string(&truth_file).with_context(|| format!("cannot read {}", truth_file.display()))?;
        let truth: ExamTruth = serde_json::from_str(&text).with_context(|| format!("{} is damaged; use --fresh", truth_file.display()))?;
        if truth.seed != seed {
            bail!(
                "{} holds the exam of seed {}; use --seed {} to go on with it or --fresh to begin anew",
                folder.display(),
                truth.seed,
                truth.seed
            );
        }
        return Ok(Input { plan, packets, truth });
    }
    let exam = demo_exam(seed);
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
