//! How right the package is against the known truth of a drawn exam.

use anyhow::{Context, Result};
use rcoi_model::{BlobHash, ExamId, ExamTruth, PageTruth, TaskSubject};
use rcoi_pipeline::Pipeline;
use rcoi_pipeline::package::SettledBy;
use rcoi_store::TaskFilter;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Counts over the sheets of a package.
#[derive(Debug, Default)]
pub(crate) struct Score {
    pub(crate) sheets: u64,
    pub(crate) fields: u64,
    /// Fields that hold something in the truth.
    pub(crate) filled: u64,
    /// Fields that became a task for people.
    pub(crate) shown: u64,
    pub(crate) wrong_by_people: u64,
    pub(crate) wrong_by_machine: u64,
    wrong: Vec<Wrong>,
}

#[derive(Debug)]
struct Wrong {
    source: String,
    field: String,
    truth: String,
    machine: String,
    value: String,
    confidence: f32,
    by_people: bool,
}

impl Score {
    /// One line per wrong field.
    pub(crate) fn write_wrong(&self, file: &Path) -> Result<()> {
        let mut out = csv::Writer::from_path(file).with_context(|| format!("cannot write {}", file.display()))?;
        out.write_record(["source", "field", "truth", "machine", "value", "confidence", "by_people"])?;
        for w in &self.wrong {
            let (confidence, by) = (format!("{:.4}", w.confidence), w.by_people.to_string());
            out.write_record([&w.source, &w.field, &w.truth, &w.machine, &w.value, &confidence, &by])?;
        }
        out.flush()?;
        Ok(())
    }
}

/// Compares what would be packaged with the truth, field by field.
pub(crate) async fn of_exam(pipeline: &Pipeline, exam: ExamId, truth: &ExamTruth) -> Result<Score> {
    let sources: BTreeMap<(BlobHash, u32), String> =
        pipeline.store().pages_of_exam(exam).await?.into_iter().map(|p| ((p.blob, p.index), p.source)).collect();
    let truths: BTreeMap<(&str, u32), &PageTruth> = truth.pages.iter().map(|p| ((p.source.as_str(), p.index), p)).collect();
    let mut score = Score { shown: shown(pipeline, exam).await?, ..Score::default() };
    for sheet in pipeline.package_facts(exam, 1).await?.packets.into_iter().flat_map(|p| p.sheets) {
        let source = sources.get(&(sheet.image.clone(), sheet.page)).cloned().unwrap_or_default();
        score.sheets += 1;
        let Some(page) = truths.get(&(source.as_str(), sheet.page)) else {
            anyhow::bail!("{source}: the package holds a sheet that the truth does not know");
        };
        for field in sheet.fields {
            let expected = page.fields.get(&field.name).map_or("", String::as_str);
            score.fields += 1;
            score.filled += u64::from(!expected.is_empty());
            if field.value == expected {
                continue;
            }
            let by_people = matches!(field.settled, SettledBy::Person(_));
            if by_people {
                score.wrong_by_people += 1;
            } else {
                score.wrong_by_machine += 1;
            }
            score.wrong.push(Wrong {
                source: source.clone(),
                field: field.name,
                truth: expected.to_owned(),
                machine: field.machine,
                value: field.value,
                confidence: field.confidence,
                by_people,
            });
        }
    }
    Ok(score)
}

/// Distinct fields that anybody was asked about.
async fn shown(pipeline: &Pipeline, exam: ExamId) -> Result<u64> {
    let all = pipeline.store().tasks(&TaskFilter { exam: Some(exam), ..TaskFilter::default() }).await?;
    let fields: BTreeSet<_> = all
        .into_iter()
        .filter_map(|row| match (row.task.page, row.task.subject) {
            (Some(page), TaskSubject::Field { field, .. }) => Some((page, field)),
            _ => None,
        })
        .collect();
    Ok(fields.len() as u64)
}
