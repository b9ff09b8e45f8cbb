//! `rcoi eval`: read pictures whose truth is known; count what is right, wrong without doubt, doubtful.

use super::{Done, files, synthetic};
use crate::args::EvalArgs;
use crate::config::Config;
use crate::eval::{
    Evaluation, PageScore, Reliability, Truth, TruthPage, attach, compare_page, contents, html, json, names, reliability_summary, summary,
    unread_page,
};
use anyhow::{Context, Result};
use rayon::prelude::*;
use rcoi_model::TemplateId;
use rcoi_recognize::source::{self, Limits};
use rcoi_recognize::{FormReader, Params};
use rcoi_template::TemplateSet;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

pub(crate) fn run(args: &EvalArgs, config: &Config) -> Result<Done> {
    let Some(file) = &args.truth else { return synthetic::run(args, config) };
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut truth = Truth::parse(&bytes).with_context(|| format!("{}", file.display()))?;
    if let Some(id) = &args.template {
        truth.pages.iter_mut().for_each(|page| page.told = Some(id.clone()));
    }
    let folder = args.images.as_deref().or_else(|| file.parent()).unwrap_or_else(|| Path::new("."));
    let templates = files::templates(args.templates.as_deref(), config)?;
    let readers = Readers::new(&truth, &templates)?;
    let pages = truth.pages.par_iter().map(|page| score(page, folder, &readers, &templates, args.report.is_some())).collect();
    let evaluation = Evaluation { pages };
    if args.json {
        println!("{}", json(&evaluation));
    } else {
        print!("{}", summary(&evaluation));
    }
    if let Some(report) = &args.report {
        let title = format!("rcoi eval: {}", file.display());
        fs::write(report, html(&evaluation, &title)).with_context(|| format!("cannot write {}", report.display()))?;
        eprintln!("{}", report.display());
    }
    if let Some(out) = &args.calibration {
        let reliability = Reliability::of(&evaluation);
        eprint!("{}", reliability_summary(&reliability));
        write_calibration(&reliability, out, &format!("rcoi eval --calibration: {}", file.display()))?;
    }
    Ok(Done::unless(evaluation.pages.iter().any(|p| p.failure.is_some())))
}

/// The four files of a reliability.
pub(super) fn write_calibration(reliability: &Reliability, out: &Path, title: &str) -> Result<()> {
    for (file, text) in names(out).iter().zip(contents(reliability, title)) {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
        eprintln!("{}", file.display());
    }
    Ok(())
}

/// One reader for pages whose form must be found out, and one for each form that is told.
struct Readers {
    any: Option<FormReader>,
    told: BTreeMap<String, FormReader>,
}

impl Readers {
    fn new(truth: &Truth, templates: &TemplateSet) -> Result<Self> {
        let mut told = BTreeMap::new();
        for id in truth.pages.iter().filter_map(|p| p.told.as_ref()) {
            if told.contains_key(id) {
                continue;
            }
            let template = templates.get(&TemplateId(id.clone())).with_context(|| {
                let known: Vec<String> = templates.templates.iter().map(|t| t.id.to_string()).collect();
                format!("there is no template '{id}' (there are: {})", known.join(", "))
            })?;
            let alone = TemplateSet { templates: vec![template.clone()] };
            told.insert(id.clone(), FormReader::new(alone, Params::default())?);
        }
        let unsaid = truth.pages.iter().any(|p| p.told.is_none());
        let any = if unsaid { Some(FormReader::new(templates.clone(), Params::default())?) } else { None };
        Ok(Self { any, told })
    }

    fn of(&self, page: &TruthPage) -> Option<&FormReader> {
        page.told.as_ref().map_or(self.any.as_ref(), |id| self.told.get(id))
    }
}

/// One page: a picture that cannot be opened or decoded is counted as not read.
fn score(page: &TruthPage, folder: &Path, readers: &Readers, templates: &TemplateSet, pictures: bool) -> PageScore {
    let path = folder.join(&page.image);
    let picture = fs::read(&path)
        .map_err(|e| format!("cannot be read: {e}"))
        .and_then(|bytes| source::decode(&bytes, page.index, &Limits::default()).map_err(|e| e.to_string()));
    match (picture, readers.of(page)) {
        (Ok(picture), Some(reader)) => {
            let mut score = compare_page(page, &reader.read_page(&picture), templates);
            if pictures {
                attach(&mut score, &picture.gray);
            }
            score
        }
        (Err(why), _) => unread_page(page, templates, &why),
        (Ok(_), None) => unread_page(page, templates, "no reader for this form"),
    }
}
