//! `rcoi exam …`: import a plan, see the state, close, make the package.

use super::Done;
use crate::args::ExamVerb;
use crate::config::Config;
use crate::wiring;
use anyhow::{Context, Result};
use rcoi_model::{ExamId, ExamPlan, RoomTrouble, TaskSubject};
use rcoi_pipeline::{Pipeline, PipelineError, Way};
use rcoi_rules::Pace;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(crate) fn run(verb: ExamVerb, config: &Config) -> Result<Done> {
    wiring::block_on(async {
        let pipeline = wiring::open_pipeline(config).await?;
        let done = match verb {
            ExamVerb::Import { file } => import(&pipeline, &file).await,
            ExamVerb::List { json } => list(&pipeline, json).await,
            ExamVerb::Status { exam } => status(&pipeline, wiring::find_exam(&pipeline, exam.as_deref()).await?).await,
            ExamVerb::Estimate { exam, json } => estimate(&pipeline, wiring::find_exam(&pipeline, exam.as_deref()).await?, json).await,
            ExamVerb::Close { exam } => close(&pipeline, wiring::find_exam(&pipeline, exam.as_deref()).await?).await,
            ExamVerb::Package { exam, output } => {
                let exam = wiring::find_exam(&pipeline, exam.as_deref()).await?;
                package(&pipeline, exam, output, config).await
            }
        };
        pipeline.store().close().await;
        done
    })
}

/// Reads and stores a plan; gives its id.
pub(crate) async fn import_plan(pipeline: &Pipeline, file: &Path) -> Result<ExamId> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let plan: ExamPlan = serde_json::from_str(&text).with_context(|| format!("{} is not an exam plan", file.display()))?;
    pipeline.import_exam(&plan).await?;
    Ok(plan.id())
}

async fn import(pipeline: &Pipeline, file: &Path) -> Result<Done> {
    println!("{}", import_plan(pipeline, file).await?);
    Ok(Done::Well)
}

async fn list(pipeline: &Pipeline, json: bool) -> Result<Done> {
    let stats = pipeline.store().exam_stats().await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&stats)?);
        return Ok(Done::Well);
    }
    for exam in pipeline.store().exams().await? {
        let plan = &exam.plan;
        let state = exam.state.as_str();
        println!("{}  {} {} {}  {state}  {} days", exam.id, plan.date, plan.subject, plan.subject_name, plan.limit_days);
    }
    Ok(Done::Well)
}

async fn status(pipeline: &Pipeline, exam: ExamId) -> Result<Done> {
    println!("{:<11} {:>8} {:>8} {:>6} {:>9} {:>8} {:>6}", "packet", "declared", "scanned", "read", "set aside", "excluded", "open");
    for p in pipeline.store().packet_stats(exam).await? {
        let name = format!("{}-{}", p.ppe, p.room);
        println!("{name:<11} {:>8} {:>8} {:>6} {:>9} {:>8} {:>6}", p.declared, p.scanned, p.read, p.set_aside, p.excluded, p.open_tasks);
    }
    let gate = pipeline.gate(exam, now()).await?;
    println!("state {}, last day {}, {} hours left", gate.state.as_str(), gate.clock.last_day, gate.clock.hours_left);
    for block in &gate.blocks {
        println!("  blocks closing: {}", block.text);
    }
    for line in oddities(pipeline, exam).await? {
        println!("    {line}");
    }
    Ok(Done::Well)
}

async fn estimate(pipeline: &Pipeline, exam: ExamId, json: bool) -> Result<Done> {
    let estimate = pipeline.estimate(exam).await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&estimate)?);
        return Ok(Done::Well);
    }
    let Pace { field, symbol, person, sheet, form } = estimate.pace;
    println!(
        "looked at {} of {} sheets; seconds (of the exam's policy): {field} a field, {symbol} a character,",
        estimate.looked_at, estimate.sheets
    );
    println!("{person} a person, {sheet} a sheet or room at the senior station, {form} a whole form by hand");
    println!();
    println!("{:<52} {:>7} {:>13} {:>13}", "", "shown", "seconds/sheet", "sheets/hour");
    let line = |name: &str, shown: String, seconds: f64| {
        let hourly = if seconds > 0.0 { format!("{:.0}", 3600.0 / seconds) } else { "-".to_owned() };
        println!("{name:<52} {shown:>7} {seconds:>13.2} {hourly:>13}");
    };
    line("whole forms by hand", String::new(), form);
    for (way, load) in estimate.ways.iter().rev() {
        let name = match way {
            Way::EveryField => "every field at the fields station",
            Way::Twice => "doubtful fields and boards, everything twice",
            Way::NoSample => "doubtful fields and boards, no blind sample",
            Way::NoBoards => "doubtful fields at the fields station, no boards",
            Way::AsItIs => "as the policy says",
        };
        let share = if load.filled == 0 { 0.0 } else { 100.0 * load.shown_filled as f64 / load.filled as f64 };
        line(name, format!("{share:.2} %"), estimate.of_sheet(load));
    }
    let (persons, senior) = estimate.of_sheet_apart();
    line("personal data, besides", format!("{}", estimate.persons), persons);
    line("senior station, besides", format!("{}", estimate.troubles), senior);
    Ok(Done::Well)
}

async fn close(pipeline: &Pipeline, exam: ExamId) -> Result<Done> {
    match pipeline.close(exam, None, now()).await {
        Ok(()) => {
            println!("the exam is closed");
            Ok(Done::Well)
        }
        Err(PipelineError::Blocked(blocks)) => {
            for block in blocks {
                eprintln!("blocks closing: {}", block.text);
            }
            for line in oddities(pipeline, exam).await? {
                eprintln!("  {line}");
            }
            Ok(Done::WithFaults)
        }
        Err(error) => Err(error.into()),
    }
}

/// Every sheet and room that waits for the senior, one line each: where and what. Doubtful fields are counted only.
async fn oddities(pipeline: &Pipeline, exam: ExamId) -> Result<Vec<String>> {
    let sources: BTreeMap<_, _> = pipeline.store().pages_of_exam(exam).await?.into_iter().map(|p| (p.id, (p.source, p.index))).collect();
    let rooms: BTreeMap<_, _> =
        pipeline.store().packets(exam).await?.into_iter().map(|p| (p.id, format!("{}-{}", p.ppe, p.room))).collect();
    let names_stay_out = "the registration form and the register differ".to_owned();
    let mut lines = Vec::new();
    for task in pipeline.store().open_tasks(exam).await? {
        let (what, detail) = match &task.subject {
            TaskSubject::Sheet { trouble, detail } => (format!("{trouble:?}"), detail),
            TaskSubject::Person { .. } | TaskSubject::Room { trouble: RoomTrouble::PersonDiffers, .. } => {
                ("PersonDiffers".to_owned(), &names_stay_out)
            }
            TaskSubject::Room { trouble, detail } => (format!("{trouble:?}"), detail),
            TaskSubject::Field { .. } => continue,
        };
        let sheet = task.page.and_then(|page| sources.get(&page)).map(|(source, index)| match index {
            0 => source.clone(),
            page => format!("{source}#{}", page + 1),
        });
        let place = sheet.or_else(|| task.packet.and_then(|packet| rooms.get(&packet).cloned())).unwrap_or_default();
        lines.push(format!("{place}: {what}: {detail}"));
    }
    lines.sort();
    Ok(lines)
}

async fn package(pipeline: &Pipeline, exam: ExamId, output: Option<PathBuf>, config: &Config) -> Result<Done> {
    let row = pipeline.package(exam, &wiring::signing_key(config)?, None).await?;
    let output = output.unwrap_or_else(|| PathBuf::from(&row.package.name));
    pipeline.blobs().copy_out(&row.package.blob, &output).await?;
    println!("{} ({} bytes, SHA-256 {})", output.display(), row.package.size, row.package.blob);
    Ok(Done::Well)
}

fn now() -> jiff::civil::DateTime {
    jiff::Zoned::now().datetime()
}
