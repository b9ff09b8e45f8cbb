//! `rcoi recognize`: read pictures of forms and print what they say; nothing is stored.

use super::files::{self, PageSource};
use super::{Done, files::pages_of};
use crate::args::RecognizeArgs;
use crate::config::Config;
use anyhow::{Context, Result, bail};
use image::GrayImage;
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use rcoi_model::{Doubt, PageReading};
use rcoi_pipeline::refusal;
use rcoi_recognize::source::{self, Limits};
use rcoi_recognize::{FormReader, Params, annotate};
use std::fs;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Pages whose files are in memory at once: enough for every core, few enough for any pile.
const PAGES_AT_ONCE: usize = 32;

pub(crate) fn run(args: &RecognizeArgs, config: &Config) -> Result<Done> {
    let reader = FormReader::new(files::templates(args.templates.as_deref(), config)?, Params::default())?;
    let paths = files::walk(&args.files)?;
    if paths.is_empty() {
        bail!("no files found");
    }
    let painter = args.annotate.as_deref().map(Painter::new).transpose()?;
    let bar = progress(paths.len());
    let mut out = Printer::new(args)?;
    let (mut faults, mut pages_read) = (0_usize, 0_usize);
    let mut waiting: Vec<PageSource> = Vec::new();
    for (at, path) in paths.iter().enumerate() {
        let (pages, bad) = pages_of(path, &Limits::default());
        for line in &bad {
            bar.suspend(|| eprintln!("{line}"));
        }
        faults += bad.len();
        waiting.extend(pages);
        let last = at + 1 == paths.len();
        while waiting.len() >= PAGES_AT_ONCE || last && !waiting.is_empty() {
            let some: Vec<PageSource> = waiting.drain(..waiting.len().min(PAGES_AT_ONCE)).collect();
            for (page, result) in read(&reader, some, painter.as_ref()) {
                match result {
                    Ok(reading) => {
                        pages_read += 1;
                        let reading = reading?;
                        bar.suspend(|| out.print(&page, &reading))?;
                    }
                    Err(error) => {
                        faults += 1;
                        bar.suspend(|| eprintln!("{}: {}", page.label(), refusal(&error)));
                    }
                }
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if faults > 0 {
        eprintln!("{pages_read} pages read, {faults} could not be");
    }
    Ok(Done::unless(faults > 0))
}

/// What became of one page: it cannot be decoded, or it was read and perhaps painted, which may fail.
type PageResult = Result<Result<PageReading>, source::SourceError>;

/// Decodes, reads and paints pages on all cores; results come in the order of the pages. No picture outlives its page.
fn read(reader: &FormReader, pages: Vec<PageSource>, painter: Option<&Painter>) -> Vec<(PageSource, PageResult)> {
    pages
        .into_par_iter()
        .map(|page| {
            let result = source::decode(&page.bytes, page.index, &Limits::default()).map(|picture| {
                let reading = reader.read_page(&picture);
                painter.map_or(Ok(()), |painter| painter.paint(&page, &picture.gray, &reading)).map(|()| reading)
            });
            (page, result)
        })
        .collect()
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

    fn paint(&self, page: &PageSource, gray: &GrayImage, reading: &PageReading) -> Result<()> {
        let path = if self.folder {
            let flat: String = page.label().chars().map(|c| if c.is_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
            self.out.join(format!("{flat}.png"))
        } else {
            self.out.clone()
        };
        annotate(gray, reading).save(&path).with_context(|| format!("cannot write {}", path.display()))
    }
}
