//! `cargo xtask accuracy`: real scans with known truth, read by the binary; one table of what is right, silently wrong, doubtful.

mod amc;
mod characters;
mod codes;
mod ege;
mod formscanner;
mod intake;
mod lab;
mod omrchecker;
mod open_mcr;
mod quexf;
mod submitty;
mod table;
mod truth;

use crate::machine::{self, Need};
use anyhow::{Context, Result, bail};
use lab::Lab;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use table::Row;

const HELP: &str = "\
cargo xtask accuracy [--data DIR] [--set NAME]... [--mismatches] [--keep DIR] [--rcoi FILE]
cargo xtask accuracy --synthetic [--seeds 10] [--participants 25] [--mismatches] [--keep DIR] [--rcoi FILE]

  --data DIR    the sets, one folder each; else RCOI_REAL, else ../shared/real beside the project
  --set NAME    only this set (may be repeated)
  --synthetic   no scans: exams drawn with every kind of defect; what is silently wrong, what people would see and why
  --seeds S     which exams are drawn: 10 = the first ten, 11-20 = these
  --participants N  how many people sit each of them
  --mismatches  list every silent error: file, field, truth, reading (of drawn exams also what is shown)
  --keep DIR    leave truth, templates and HTML reports there (otherwise they go when the run ends)
  --rcoi FILE   measure this binary instead of building one";

/// How a set is turned into truth of our form and measured; one row for each of its parts.
type Measure = fn(&Lab) -> Result<Vec<Row>>;

/// Name of a set, folder of its data, its adapter.
const SETS: [(&str, &str, Measure); 11] = [
    ("omrchecker", "omrchecker", omrchecker::measure),
    ("amc", "amc", amc::measure),
    ("open-mcr", "open-mcr", open_mcr::measure),
    ("formscanner", "formscanner", formscanner::measure),
    ("quexf", "quexf", quexf::measure),
    ("ege", "ege", ege::measure),
    ("submitty", "submitty-handwritten-ids", submitty::measure),
    ("characters", "quexf", characters::measure),
    ("codes", "quexf", codes::measure),
    ("submitty-pages", "submitty-handwritten-ids", intake::submitty),
    ("sdaps-pages", "sdaps", intake::sdaps),
];

struct Options {
    data: Option<PathBuf>,
    sets: Vec<String>,
    mismatches: bool,
    keep: Option<PathBuf>,
    rcoi: Option<PathBuf>,
    synthetic: bool,
    seeds: String,
    participants: String,
}

pub(crate) fn run(args: impl Iterator<Item = String>) -> Result<()> {
    let Some(options) = parse(args)? else {
        println!("{HELP}");
        return Ok(());
    };
    if options.synthetic {
        return synthetic(options);
    }
    let data = data(options.data)?;
    let names: Vec<&str> = SETS.iter().map(|(name, ..)| *name).collect();
    if let Some(odd) = options.sets.iter().find(|s| !names.contains(&s.as_str())) {
        bail!("--set {odd}: expected one of {}", names.join(", "));
    }
    let binary = match options.rcoi {
        Some(file) => file,
        None => build()?,
    };
    let lab = Lab::new(data, &binary, options.keep)?;
    let mut rows = Vec::new();
    for (name, folder, measure) in SETS {
        if !options.sets.is_empty() && !options.sets.iter().any(|s| s == name) {
            continue;
        }
        if !lab.data(folder).is_dir() {
            rows.push(Row::absent(name));
            continue;
        }
        eprintln!("== {name}");
        let parts = measure(&lab).with_context(|| format!("set {name}"))?;
        rows.push(Row::sum(name, &parts));
        if parts.len() > 1 {
            rows.extend(parts.into_iter().map(Row::indented));
        } else if let (Some(sum), Some(part)) = (rows.last_mut(), parts.into_iter().next()) {
            sum.mismatches = part.mismatches;
        }
    }
    print!("{}", table::text(&rows));
    if options.mismatches {
        print!("{}", table::mismatches(&rows));
    }
    if let Some(folder) = lab.kept() {
        println!("kept: {}", folder.display());
    }
    Ok(())
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Option<Options>> {
    let mut options = Options {
        data: None,
        sets: Vec::new(),
        mismatches: false,
        keep: None,
        rcoi: None,
        synthetic: false,
        seeds: "10".to_owned(),
        participants: "25".to_owned(),
    };
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg}: expected a value after it\n\n{HELP}"));
        match arg.as_str() {
            "--data" => options.data = Some(value()?.into()),
            "--set" => options.sets.push(value()?),
            "--keep" => options.keep = Some(value()?.into()),
            "--rcoi" => options.rcoi = Some(value()?.into()),
            "--synthetic" => options.synthetic = true,
            "--seeds" => options.seeds = value()?,
            "--participants" => options.participants = value()?,
            "--mismatches" => options.mismatches = true,
            "--help" | "-h" => return Ok(None),
            other => bail!("unknown option '{other}'\n\n{HELP}"),
        }
    }
    Ok(Some(options))
}

/// Drawn exams: the binary draws, reads and counts in one process, so that nothing is left behind but the reliability, if kept.
fn synthetic(options: Options) -> Result<()> {
    let binary = match options.rcoi {
        Some(file) => file,
        None => build()?,
    };
    let begun = Instant::now();
    let mut command = Command::new(&binary);
    command.args(["eval", "--synthetic", &options.seeds, "--participants", &options.participants]).env_remove("RCOI_REAL");
    if options.mismatches {
        command.arg("--list");
    }
    if let Some(folder) = &options.keep {
        command.arg("--calibration").arg(folder);
    }
    let status = command.status().with_context(|| format!("cannot start {}", binary.display()))?;
    if !status.success() {
        bail!("rcoi eval --synthetic ended with {status}");
    }
    println!("{:.0} s", begun.elapsed().as_secs_f32());
    Ok(())
}

fn data(given: Option<PathBuf>) -> Result<PathBuf> {
    let beside = || machine::root().parent().unwrap_or_else(|| Path::new("..")).join("shared/real");
    let folder = given.or_else(|| std::env::var_os("RCOI_REAL").map(PathBuf::from)).unwrap_or_else(beside);
    if !folder.is_dir() {
        bail!(
            "no scans at {}: give the folder of the sets with --data DIR or RCOI_REAL=DIR; \
             their licences differ, so they are no part of the project",
            folder.display()
        );
    }
    folder.canonicalize().with_context(|| format!("{}", folder.display()))
}

/// The binary of this tree; it stands where this program stands.
fn build() -> Result<PathBuf> {
    machine::ensure(&Need::BUILD)?;
    machine::cargo(&["build", "--quiet", "--workspace", "--bins"], &[])?;
    let here = std::env::current_exe().context("cannot tell where this program is")?;
    Ok(here.with_file_name("rcoi"))
}
