//! Everything known about an exam at one moment. What was made of a sheet is kept and made anew only when the sheet,
//! its reading, its verdicts or its open tasks have changed.

use crate::error::Result;
use crate::field_tasks::field_of;
use crate::pipeline::{Pipeline, lock};
use futures::TryStreamExt;
use rcoi_model::{
    Doubt, ExamId, ExamPlan, FieldReading, Finding, Page, PageId, PageReading, PageState, TaskSubject, TemplateId, UserId, VerdictAct,
};
use rcoi_rules::reconcile::KEY_PREFIX;
use rcoi_rules::{Expectations, FieldValue, PacketFacts, Policy, SheetFacts, effective_field, is_compared};
use rcoi_store::{VerdictMark, VerdictRow};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// More sheets than this that changed at once (after a restart: all) are loaded with one query.
const FEW: usize = 16;

/// What is needed of one reading: small enough to keep for every page of an exam.
#[derive(Debug)]
pub(crate) struct ReadFacts {
    pub(crate) engine: String,
    pub(crate) template: Option<TemplateId>,
    form: Option<String>,
    pub(crate) code: Option<String>,
    code_doubt: Option<String>,
    /// Without characters and boxes.
    pub(crate) fields: Vec<FieldReading>,
    findings: Vec<Finding>,
}

/// Everything known about an exam at one moment.
pub(crate) struct ExamFacts {
    pub(crate) plan: Arc<ExamPlan>,
    pub(crate) pages: Vec<Page>,
    pub(crate) packets: Vec<PacketFacts>,
    pub(crate) sheets: Vec<Arc<SheetFacts>>,
    /// Keys of reconciliation tasks that are done.
    pub(crate) settled: BTreeSet<String>,
    /// What is no difference in personal data is a matter of the exam's policy.
    pub(crate) policy: Arc<Policy>,
}

/// The sheets of one exam as they were made last.
#[derive(Default)]
pub(crate) struct MadeSheets {
    plan: Option<Arc<ExamPlan>>,
    sheets: BTreeMap<PageId, Made>,
}

struct Made {
    state: PageState,
    reason: Option<String>,
    read: Option<Arc<ReadFacts>>,
    mark: VerdictMark,
    waiting: Vec<String>,
    facts: Arc<SheetFacts>,
}

impl Made {
    /// Is everything the facts were made of still the same?
    fn holds(&self, page: &Page, read: Option<&Arc<ReadFacts>>, mark: VerdictMark, waiting: &[String]) -> bool {
        let same_reading = match (&self.read, read) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        same_reading && self.state == page.state && self.reason == page.reason && self.mark == mark && self.waiting == waiting
    }
}

impl Pipeline {
    /// The facts of an exam for its reconciliation: fields that nothing is compared with are left out.
    pub(crate) async fn facts(&self, exam: ExamId) -> Result<ExamFacts> {
        let store = &self.inner.store;
        let indexed = self.indexed(exam).await?;
        let plan = Arc::clone(&indexed.plan);
        let pages = store.pages_of_exam(exam).await?;
        self.load_readings(exam, &pages).await?;
        let packets = store.packets(exam).await?;
        let packets = packets.into_iter().map(|p| PacketFacts { id: p.id, ppe: p.ppe, room: p.room, declared: p.declared }).collect();
        let marks = store.verdict_marks(exam).await?;
        let waiting = store.open_keys_of_pages(exam).await?;
        let settled = store.done_keys(exam, KEY_PREFIX).await?;
        let mut made = lock(&self.inner.made_sheets).remove(&exam).unwrap_or_default();
        if !made.plan.as_ref().is_some_and(|of| Arc::ptr_eq(of, &plan)) {
            made = MadeSheets { plan: Some(plan.clone()), sheets: BTreeMap::new() };
        }
        let known = self.known(&pages);
        let none = Vec::new();
        let changed: Vec<&Page> = pages
            .iter()
            .filter(|page| {
                let (mark, keys) = (marks.get(&page.id).copied().unwrap_or_default(), waiting.get(&page.id).unwrap_or(&none));
                !made.sheets.get(&page.id).is_some_and(|old| old.holds(page, known.get(&page.id), mark, keys))
            })
            .collect();
        let said = self.said(exam, &changed, &marks).await?;
        let expect = indexed.expect();
        for page in &changed {
            let keys = waiting.get(&page.id).unwrap_or(&none);
            let read = known.get(&page.id);
            let mut facts = sheet(page, read, said.get(&page.id), keys);
            form_of_code(&expect, &mut facts);
            let made_of = Made {
                state: page.state,
                reason: page.reason.clone(),
                read: read.cloned(),
                mark: marks.get(&page.id).copied().unwrap_or_default(),
                waiting: keys.clone(),
                facts: Arc::new(facts),
            };
            made.sheets.insert(page.id, made_of);
        }
        let sheets = pages.iter().filter_map(|page| made.sheets.get(&page.id)).map(|m| m.facts.clone()).collect();
        tracing::debug!(%exam, sheets = pages.len(), changed = changed.len(), "facts");
        lock(&self.inner.made_sheets).insert(exam, made);
        Ok(ExamFacts { plan, pages, packets, sheets, settled, policy: self.policy_of(exam).await? })
    }

    /// What is kept of the readings of these pages.
    pub(crate) fn known(&self, pages: &[Page]) -> BTreeMap<PageId, Arc<ReadFacts>> {
        let known = lock(&self.inner.read_facts);
        pages.iter().filter_map(|page| Some((page.id, known.get(&page.id)?.clone()))).collect()
    }

    /// What people said about the pages.
    async fn said(&self, exam: ExamId, pages: &[&Page], marks: &BTreeMap<PageId, VerdictMark>) -> Result<BTreeMap<PageId, Said>> {
        let with_verdicts: Vec<PageId> = pages.iter().map(|p| p.id).filter(|id| marks.contains_key(id)).collect();
        if with_verdicts.len() > FEW {
            return Ok(Said::sort(self.inner.store.verdicts(exam).await?));
        }
        let mut rows = Vec::new();
        for page in with_verdicts {
            rows.extend(self.inner.store.verdicts_of_page(page).await?);
        }
        Ok(Said::sort(rows))
    }

    async fn load_readings(&self, exam: ExamId, pages: &[Page]) -> Result<()> {
        let missing: Vec<PageId> = {
            let known = lock(&self.inner.read_facts);
            pages.iter().filter(|p| p.state == PageState::Read && !known.contains_key(&p.id)).map(|p| p.id).collect()
        };
        // After a restart everything is missing: one stream is quicker than a query for each page.
        if missing.len() > FEW {
            let mut stream = self.inner.store.readings_stream(exam);
            while let Some((page, reading)) = stream.try_next().await? {
                self.remember(page, &reading);
            }
        } else {
            for page in missing {
                if let Some(reading) = self.inner.store.reading(page).await? {
                    self.remember(page, &reading);
                }
            }
        }
        Ok(())
    }

    /// Keeps what is needed of a reading.
    pub(crate) fn remember(&self, page: PageId, reading: &PageReading) {
        let form = reading.template.as_ref().and_then(|id| self.inner.templates.get(id)).map(|t| t.form.clone());
        let code_doubt = reading.fields.iter().filter(|f| f.class == "sheet-code").find_map(|f| {
            f.doubts.iter().find_map(|d| match d {
                Doubt::Disagrees { with } => Some(format!("код {} расходится со свидетелем: {with}", f.value)),
                _ => None,
            })
        });
        let fields = reading.fields.iter().map(|f| FieldReading { chars: vec![], marks: vec![], ..f.clone() }).collect();
        let facts = ReadFacts {
            engine: reading.engine.clone(),
            template: reading.template.clone(),
            form,
            code: reading.sheet_code.clone(),
            code_doubt,
            fields,
            findings: reading.findings.clone(),
        };
        lock(&self.inner.read_facts).insert(page, Arc::new(facts));
    }
}

/// What people said about one page, in the order of saying.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) fields: BTreeMap<String, Vec<(VerdictAct, UserId)>>,
    code: Option<String>,
    bound: Option<String>,
}

impl Said {
    pub(crate) fn sort(rows: Vec<VerdictRow>) -> BTreeMap<PageId, Self> {
        let mut out: BTreeMap<PageId, Self> = BTreeMap::new();
        for row in rows {
            let Some(page) = row.page else { continue };
            let said = out.entry(page).or_default();
            match (row.subject, row.verdict.act) {
                (TaskSubject::Field { field, .. }, act) => said.fields.entry(field).or_default().push((act, row.verdict.user)),
                (_, VerdictAct::SheetCode { code }) => said.code = Some(code),
                (_, VerdictAct::Bind { participant, .. }) => said.bound = Some(participant),
                _ => {}
            }
        }
        out
    }
}

/// The facts of one sheet. `open` = keys of its open tasks.
fn sheet(page: &Page, read: Option<&Arc<ReadFacts>>, said: Option<&Said>, open: &[String]) -> SheetFacts {
    let code = said.and_then(|s| s.code.clone());
    let waiting: BTreeSet<&str> = open.iter().filter_map(|key| field_of(key)).collect();
    let field = |reading: &FieldReading| -> (String, FieldValue) {
        let acts: Vec<&VerdictAct> = said.and_then(|s| s.fields.get(&reading.name)).into_iter().flatten().map(|(act, _)| act).collect();
        (reading.name.clone(), effective_field(reading, &acts, waiting.contains(reading.name.as_str())))
    };
    SheetFacts {
        page: page.id,
        packet: page.packet,
        source: page.source.clone(),
        state: page.state,
        reason: page.reason.clone(),
        form: read.and_then(|r| r.form.clone()),
        code_doubt: read.and_then(|r| r.code_doubt.clone()).filter(|_| code.is_none()),
        code: code.or_else(|| read.and_then(|r| r.code.clone())),
        bound: said.and_then(|s| s.bound.clone()),
        fields: read.map(|r| r.fields.iter().filter(|f| is_compared(f)).map(field).collect()).unwrap_or_default(),
        findings: read.map(|r| r.findings.clone()).unwrap_or_default(),
    }
}

/// A sheet code that disagrees with its witness but stands in a kit as this very form names the sheet beyond doubt:
/// thirteen digits do not fall into a kit by chance.
fn form_of_code(expect: &Expectations<'_>, sheet: &mut SheetFacts) {
    let owned = sheet.code.as_deref().and_then(|c| expect.owner(c)).map(|(_, kit)| kit.form.as_str());
    if owned.is_some() && owned == sheet.form.as_deref() {
        sheet.code_doubt = None;
    }
}
