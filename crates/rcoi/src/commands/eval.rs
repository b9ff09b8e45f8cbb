//! `rcoi eval`: read pictures whose truth is known; count what is right, wrong without doubt, doubtful.

use super::{Done, files};
use crate::args::EvalArgs;
use crate::config::Config;
use crate::eval::{Evaluation, PageScore, Truth, TruthPage, attach, compare_page, html, summary, unread_page};
use anyhow::{Context, Result};
use rayon::prelude::*;
use rcoi_recognize::source::{self, Limits};
use rcoi_recognize::{FormReader, Params};
use rcoi_template::TemplateSet;
use std::fs;
use std::path::Path;

pub(crate) fn run(args: &EvalArgs, config: &Config) -> Result<Done> {
    let bytes = fs::read(&args.truth).with_context(|| format!("cannot read {}", args.truth.display()))?;
    let truth = Truth::parse(&bytes).with_context(|| format!("{}", args.truth.display()))?;
    let folder = args.images.as_deref().or_else(|| args.truth.parent()).unwrap_or_else(|| Path::new("."));
    let templates = files::templates(args.templates.as_deref(), config)?;
    let reader = FormReader::new(templates.clone(), Params::default())?;
    let pages = truth.pages.par_iter().map(|page| score(page, folder, &reader, &templates)).collect();
    let evaluation = Evaluation { pages };
    print!("{}", summary(&evaluation));
    if let Some(report) = &args.report {
        let title = format!("rcoi eval: {}", args.truth.display());
        fs::write(report, html(&evaluation, &title)).with_context(|| format!("cannot write {}", report.display()))?;
        println!("{}", report.display());
    }
    Ok(Done::unless(evaluation.pages.iter().any(|p| p.failure.is_some())))
}

/// One page: a picture that cannot be opened or decoded is counted as not read.
fn score(page: &TruthPage, folder: &Path, reader: &FormReader, templates: &TemplateSet) -> PageScore {
    let path = folder.join(&page.image);
    let picture = fs::read(&path)
        .map_err(|e| format!("cannot be read: {e}"))
        .and_then(|bytes| source::decode(&bytes, page.index, &Limits::default()).map_err(|e| e.to_string()));
    match picture {
        Ok(picture) => {
            let mut score = compare_page(page, &reader.read_page(&picture), templates);
            attach(&mut score, &picture.gray);
            score
        }
        Err(why) => unread_page(page, templates, &why),
    }
}
