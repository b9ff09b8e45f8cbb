//! Truth files: a CSV with a column `image` (and perhaps `template`) and one per field, or the `truth.json` of a drawn exam.

use rcoi_model::{ExamTruth, Oddity};
use std::collections::{BTreeMap, BTreeSet};

/// What the pages of a pile really say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Truth {
    pub(crate) pages: Vec<TruthPage>,
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TruthPage {
    /// File, relative to the folder of the truth, with `/`.
    pub(crate) image: String,
    /// Zero-based page inside the file.
    pub(crate) index: u32,
    /// Template the page is drawn on, when the truth tells it: the reader must find out.
    pub(crate) template: Option<String>,
    /// Template that the reader is told: the form is known beforehand, and only its fields count.
    pub(crate) told: Option<String>,
    /// Field or join → value; several marks of one field as letters in a row or joined by `|`.
    pub(crate) values: BTreeMap<String, String>,
    /// Fields that are not named are empty (otherwise nothing is known about them).
    pub(crate) complete: bool,
    /// Fields that only a person can settle: torn away, struck out, marked twice. A doubt is right there and being sure is not.
    pub(crate) open: BTreeSet<String>,
    /// The page cannot be decoded at all, on purpose.
    pub(crate) undecodable: bool,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum TruthError {
    #[error("truth: no column 'image' in the first line; found: {0}")]
    NoImageColumn(String),
    #[error("truth: column '{0}' stands twice")]
    ColumnTwice(String),
    #[error("truth, line {line}: the image is not named")]
    NoImage { line: u64 },
    #[error("truth: not a csv: {0}")]
    Csv(#[from] csv::Error),
    #[error("truth: not the truth of an exam: {0}")]
    Json(#[from] serde_json::Error),
    #[error("truth: no pages in it")]
    Empty,
}

impl Truth {
    /// Reads either format; a JSON document begins with `{`.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, TruthError> {
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let json = text.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{');
        let truth = if json { Self::from_json(text)? } else { Self::from_csv(text)? };
        if truth.pages.is_empty() { Err(TruthError::Empty) } else { Ok(truth) }
    }

    fn from_csv(text: &[u8]) -> Result<Self, TruthError> {
        let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(text);
        let columns: Vec<String> = reader.headers()?.iter().map(|c| c.trim().to_owned()).collect();
        if let Some((i, twice)) = columns.iter().enumerate().find(|(i, c)| columns[..*i].contains(c)) {
            debug_assert!(i > 0);
            return Err(TruthError::ColumnTwice(twice.clone()));
        }
        let image = columns.iter().position(|c| c == "image").ok_or_else(|| TruthError::NoImageColumn(columns.join(", ")))?;
        let form = columns.iter().position(|c| c == "template");
        let mut pages = Vec::new();
        for record in reader.records() {
            let record = record?;
            let line = record.position().map_or(0, csv::Position::line);
            let name = record.get(image).map(str::trim).unwrap_or_default();
            if name.is_empty() {
                return Err(TruthError::NoImage { line });
            }
            // `scan.tif#2` is the second page of scan.tif, as `rcoi recognize` names it.
            let numbered = name.rsplit_once('#').and_then(|(file, page)| Some((file, page.parse::<u32>().ok()?.checked_sub(1)?)));
            let (file, index) = numbered.unwrap_or((name, 0));
            let told = form.and_then(|i| record.get(i)).map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned);
            let values = columns.iter().zip(record.iter()).enumerate().filter(|(i, _)| *i != image && Some(*i) != form);
            pages.push(TruthPage {
                image: file.replace('\\', "/"),
                index,
                template: None,
                told,
                values: values.map(|(_, (column, value))| (column.clone(), value.trim().to_owned())).collect(),
                complete: false,
                open: BTreeSet::new(),
                undecodable: false,
            });
        }
        Ok(Self { pages })
    }

    fn from_json(text: &[u8]) -> Result<Self, TruthError> {
        Ok(Self::of_exam(serde_json::from_slice(text)?))
    }

    /// The truth of a drawn exam.
    pub(crate) fn of_exam(exam: ExamTruth) -> Self {
        let mut open: BTreeMap<(String, u32), BTreeSet<String>> = BTreeMap::new();
        for doubt in exam.doubtful {
            open.entry((doubt.source, doubt.index)).or_default().insert(doubt.field);
        }
        let pages = exam.pages.into_iter().map(|page| TruthPage {
            open: open.remove(&(page.source.clone(), page.index)).unwrap_or_default(),
            image: page.source,
            index: page.index,
            template: Some(page.template),
            told: None,
            values: page.fields,
            complete: true,
            undecodable: page.oddity == Some(Oddity::Undecodable),
        });
        Self { pages: pages.collect() }
    }
}
