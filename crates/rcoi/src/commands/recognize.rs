//! `rcoi recognize`: read pictures of forms and print what they say; nothing is stored.

use super::files::{self, PageSource};
use super::{Done, files::pages_of, servant};
use crate::args::RecognizeArgs;
use crate::config::Config;
use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use rcoi_model::{Doubt, PageReading};
use rcoi_pipeline::{Answer, Question, Servants};
use rcoi_recognize::annotate;
use rcoi_recognize::source::{self, Limits};
use std::fs;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Pages that are read before the next files are opened: bounds memory whatever the pile.
const PAGES_AT_ONCE: usize = 32;
/// Bytes of files that are held for them.
const BYTES_AT_ONCE: usize = 64 << 20;

pub(crate) fn run(args: &RecognizeArgs, config: &Config) -> Result<Done> {
    if args.codes {
        return super::codes::run(args);
    }
    // Faulty templates are told here, once; the pages are read apart, where one that never ends can be ended.
    files::templates(args.templates.as_deref(), config)?;
    let limit = Duration::from_secs(config.page_seconds.max(1));
    let paths = files::walk(&args.files)?;
    if paths.is_empty() {
        bail!("no files found");
    }
    let mut job = Job {
        servants: Servants::new(servant::of(config, args.templates.as_deref())?, limit),
        painter: args.annotate.as_deref().map(Painter::new).transpose()?,
        bar: progress(paths.len()),
        out: Printer::new(args)?,
        faults: 0,
        pages_read: 0,
    };
    let mut waiting: Vec<PageSource> = Vec::new();
    for path in paths {
        let (pages, bad) = pages_of(&path, &Limits::default());
        for line in &bad {
            job.bar.suspend(|| eprintln!("{line}"));
        }
        job.faults += bad.len();
        for page in pages {
            waiting.push(page);
            if waiting.len() == PAGES_AT_ONCE {
                job.read(std::mem::take(&mut waiting))?;
            }
        }
        let held: usize = waiting.iter().filter(|page| page.index == 0).map(|page| page.bytes.len()).sum();
        if held > BYTES_AT_ONCE {
            job.read(std::mem::take(&mut waiting))?;
        }
        job.bar.inc(1);
    }
    job.read(waiting)?;
    job.bar.finish_and_clear();
    if job.faults > 0 {
        eprintln!("{} pages read, {} could not be", job.pages_read, job.faults);
    }
    Ok(Done::unless(job.faults > 0))
}

/// What goes on while a list of files is read.
struct Job {
    servants: Servants,
    painter: Option<Painter>,
    bar: ProgressBar,
    out: Printer,
    faults: usize,
    pages_read: usize,
}

impl Job {
    /// Reads and paints pages on all cores and tells what they say in their order. No picture outlives its page.
    fn read(&mut self, pages: Vec<PageSource>) -> Result<()> {
        let (servants, painter) = (&self.servants, self.painter.as_ref());
        let ask = |page: &PageSource| {
            let said = servants.ask(&Question::Page(page.index, None), &page.bytes).context("no process to read in")?;
            if let (Ok(Answer::Page(reading)), Some(painter)) = (&said, painter) {
                painter.paint(page, reading)?;
            }
            anyhow::Ok(said)
        };
        let asked: Vec<_> = pages.par_iter().map(ask).collect();
        for (page, said) in pages.iter().zip(asked) {
            match said? {
                Ok(Answer::Page(reading)) => {
                    self.pages_read += 1;
                    let out = &mut self.out;
                    self.bar.suspend(|| out.print(page, &reading))?;
                }
                Ok(other) => bail!("{}: an answer came that was not asked for: {other:?}", page.label()),
                Err(why) => {
                    self.faults += 1;
                    self.bar.suspend(|| eprintln!("{}: {why}", page.label()));
                }
            }
        }
        Ok(())
    }
}

fn progress(files: usize) -> ProgressBar {
    if files < 4 || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{bar:30} {pos}/{len} files, {per_sec}, {eta} left").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(files as u64).with_style(style)
}

enum Printer {
    Text,
    Json,
    Csv(Box<csv::Writer<std::io::Stdout>>),
}

impl Printer {
    fn new(args: &RecognizeArgs) -> Result<Self> {
        if args.json {
            return Ok(Self::Json);
        }
        if args.csv {
            let mut writer = csv::Writer::from_writer(std::io::stdout());
            writer.write_record(["page", "template", "sheet_code", "field", "value", "confidence", "doubts"])?;
            return Ok(Self::Csv(Box::new(writer)));
        }
        Ok(Self::Text)
    }

    fn print(&mut self, page: &PageSource, reading: &PageReading) -> Result<()> {
        let template = reading.template.as_ref().map(ToString::to_string).unwrap_or_default();
        let code = reading.sheet_code.clone().unwrap_or_default();
        match self {
            Self::Json => {
                let mut document = serde_json::to_value(reading)?;
                if let Some(map) = document.as_object_mut() {
                    map.insert("page".to_owned(), page.label().into());
                }
                let mut out = std::io::stdout().lock();
                writeln!(out, "{document}")?;
            }
            Self::Csv(writer) => {
                for field in &reading.fields {
                    let confidence = format!("{:.4}", field.confidence.get());
                    writer.write_record([
                        &page.label(),
                        &template,
                        &code,
                        &field.name,
                        &field.value,
                        &confidence,
                        &doubts(&field.doubts),
                    ])?;
                }
                writer.flush()?;
            }
            Self::Text => {
                let mut out = std::io::stdout().lock();
                writeln!(out, "{}: {} {code}", page.label(), if template.is_empty() { "unknown form" } else { &template })?;
                for finding in &reading.findings {
                    writeln!(out, "  ! {:?}: {}", finding.kind, finding.detail)?;
                }
                for field in reading.fields.iter().filter(|f| !f.value.is_empty() || !f.doubts.is_empty()) {
                    let doubt = doubts(&field.doubts);
                    let doubt = if doubt.is_empty() { String::new() } else { format!("   ? {doubt}") };
                    writeln!(out, "  {:<24} {:<24} {:.3}{doubt}", field.name, field.value, field.confidence.get())?;
                }
            }
        }
        Ok(())
    }
}

fn doubts(doubts: &[Doubt]) -> String {
    let names: Vec<String> = doubts
        .iter()
        .filter_map(|d| serde_json::to_value(d).ok().and_then(|v| v.get("why").and_then(|w| w.as_str()).map(str::to_owned)))
        .collect();
    names.join(" ")
}

/// Where annotated pictures go.
struct Painter {
    out: PathBuf,
    folder: bool,
}

impl Painter {
    fn new(out: &Path) -> Result<Self> {
        let folder = out.extension().is_none() || out.is_dir();
        if folder {
            fs::create_dir_all(out).with_context(|| format!("cannot make the folder {}", out.display()))?;
        }
        Ok(Self { out: out.to_owned(), folder })
    }

    fn paint(&self, page: &PageSource, reading: &PageReading) -> Result<()> {
        // It was decoded a moment ago, so it can be again.
        let picture = source::decode(&page.bytes, page.index, &Limits::default()).with_context(|| page.label())?;
        let path = if self.folder {
            let flat: String = page.label().chars().map(|c| if c.is_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
            self.out.join(format!("{flat}.png"))
        } else {
            self.out.clone()
        };
        annotate(&picture.gray, reading).save(&path).with_context(|| format!("cannot write {}", path.display()))
    }
}
