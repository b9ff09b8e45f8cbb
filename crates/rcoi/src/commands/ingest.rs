//! `rcoi ingest`: takes packets of scans into an exam and reads them. Each file that cannot be used gets one line.

use super::Done;
use crate::args::IngestArgs;
use crate::config::Config;
use crate::wiring;
use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use rcoi_model::{ExamId, PageState};
use rcoi_pipeline::{FileOutcome, IntakeReport, Pipeline};
use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::Path;

pub(crate) fn run(args: &IngestArgs, config: &Config) -> Result<Done> {
    wiring::block_on(async {
        let pipeline = wiring::open_pipeline(config).await?;
        let exam = wiring::find_exam(&pipeline, args.exam.as_deref()).await?;
        let mut faults = 0;
        let mut touched = IntakeReport::default();
        for folder in &args.folders {
            let report = take_in(&pipeline, exam, folder).await?;
            println!("{}: {} files, {} pages, {} of them new", folder.display(), report.files, report.pages, report.new_pages);
            faults += report.set_aside.len() + report.refused.len();
            touched.set_aside.extend(report.set_aside);
            touched.packets.extend(report.packets);
        }
        if args.no_wait {
            pipeline.store().close().await;
            return Ok(Done::unless(faults > 0));
        }
        println!("reading …");
        pipeline.run_until_quiet().await?;
        faults += tell_unread(&pipeline, &touched).await?;
        match faults {
            0 => println!("all pages are read; see `rcoi exam status`"),
            n => println!("all other pages are read; {n} named on stderr could not be; see `rcoi exam status`"),
        }
        pipeline.store().close().await;
        Ok(Done::unless(faults > 0))
    })
}

/// Names the pages that looked well at intake and could not be read: cut-off pictures, mostly. How many they are.
async fn tell_unread(pipeline: &Pipeline, report: &IntakeReport) -> Result<usize> {
    let told: BTreeSet<&str> = report.set_aside.iter().map(|(source, _)| source.as_str()).collect();
    let mut found = 0;
    for packet in &report.packets {
        for page in pipeline.store().pages_of_packet(*packet).await? {
            if page.state == PageState::SetAside && !told.contains(page.source.as_str()) {
                let number = if page.index > 0 { format!("#{}", page.index + 1) } else { String::new() };
                eprintln!("{}{number}: set aside: {}", page.source, page.reason.unwrap_or_default());
                found += 1;
            }
        }
    }
    Ok(found)
}

/// Takes a folder in with a progress bar; what was set aside or refused is named at once.
pub(crate) async fn take_in(pipeline: &Pipeline, exam: ExamId, folder: &Path) -> Result<IntakeReport> {
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("intake {bar:30} {pos}/{len} files, {eta} left") {
        bar.set_style(style);
    }
    let report = pipeline
        .ingest(exam, folder, None, &|step| {
            bar.set_length(step.total as u64);
            bar.set_position(step.done as u64);
            match step.outcome {
                FileOutcome::Taken { .. } => {}
                FileOutcome::SetAside { reason } => bar.suspend(|| eprintln!("{}: set aside: {reason}", step.source)),
                FileOutcome::Refused { reason } => bar.suspend(|| eprintln!("{}: refused: {reason}", step.source)),
            }
        })
        .await?;
    bar.finish_and_clear();
    Ok(report)
}
