//! The files of a drawn pile: which sheets lie in which file, and the bytes of each, made when asked for.

use crate::draw::{self, DPI};
use crate::fax::{FaxPage, fax_tiff};
use crate::jpeg::jpeg;
use crate::scan::{Pass, ScanParams, scan};
use crate::sheet::Sheet;
use crate::stamps::Stamps;
use crate::{Job, SynthError};
use image::GrayImage;
use rayon::prelude::*;
use rcoi_model::{DoubtfulField, ExamTruth, Oddity, TemplateId};
use rcoi_template::TemplateSet;
use std::collections::BTreeMap;

/// Sheets by file.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    sheets: BTreeMap<String, Vec<Sheet>>,
    templates: TemplateSet,
    stamps: Stamps,
    params: ScanParams,
}

impl Files {
    pub(crate) fn new(params: ScanParams) -> Self {
        Self { sheets: BTreeMap::new(), templates: rcoi_template::builtin(), stamps: Stamps::default(), params }
    }

    /// Puts sheets into one file and writes down what they say. A name that ends in `.tif` is a one-bit file, else a JPEG
    /// (which holds one sheet).
    pub(crate) fn put(&mut self, truth: &mut ExamTruth, source: &str, sheets: Vec<Sheet>) {
        for (index, sheet) in (0..).zip(&sheets) {
            let template = self.templates.get(&TemplateId(sheet.template.to_owned()));
            let (page, doubtful) = sheet.truth(source, index, template, &Pass::choose(&self.params, sheet.scan));
            truth.pages.push(page);
            let named = |field| DoubtfulField { source: source.to_owned(), index, field };
            truth.doubtful.extend(doubtful.into_iter().map(named));
        }
        self.sheets.insert(source.to_owned(), sheets);
    }

    /// All files in the order of the truth.
    pub(crate) fn jobs(truth: &ExamTruth) -> Vec<Job> {
        truth.pages.iter().filter(|page| page.index == 0).map(|page| Job { source: page.source.clone() }).collect()
    }

    /// The bytes of one file. The sheets of a file are drawn on all threads.
    pub(crate) fn draw(&self, job: &Job) -> Result<Vec<u8>, SynthError> {
        let unknown = || SynthError::UnknownFile(job.source.clone());
        let sheets = self.sheets.get(&job.source).ok_or_else(unknown)?;
        if job.source.ends_with(".tif") {
            let fax = |sheet: &Sheet| self.scanned(sheet).and_then(|(page, pass)| FaxPage::new(&page, pass.threshold()));
            let pages = sheets.par_iter().map(fax).collect::<Result<Vec<_>, _>>()?;
            return Ok(fax_tiff(&pages, DPI as u16));
        }
        let (page, pass) = self.scanned(sheets.first().ok_or_else(unknown)?)?;
        jpeg(&page, pass.quality, DPI as u16)
    }

    /// What is out of the ordinary about a page and about its pass through the scanner; empty for a page that is not here.
    pub(crate) fn defects(&self, source: &str, index: u32) -> Vec<&'static str> {
        let Some(sheet) = self.sheets.get(source).and_then(|sheets| sheets.get(index as usize)) else { return Vec::new() };
        let mut all = Pass::choose(&self.params, sheet.scan).defects();
        let more = [
            ("one bit (G4)", source.ends_with(".tif")),
            ("faint pen", draw::is_faint(sheet.writer)),
            ("bars destroyed", sheet.oddity == Some(Oddity::UnreadableBarcode)),
            ("another subject", sheet.oddity == Some(Oddity::ForeignSubject)),
        ];
        all.extend(more.into_iter().filter(|(_, is)| *is).map(|(name, _)| name));
        if all.is_empty() { vec!["none of these"] } else { all }
    }

    fn scanned(&self, sheet: &Sheet) -> Result<(GrayImage, Pass), SynthError> {
        let pass = Pass::choose(&self.params, sheet.scan);
        Ok((scan(&draw::page(&self.templates, &self.stamps, sheet)?, &pass), pass))
    }
}
