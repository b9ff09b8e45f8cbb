//! The reconciliation of an exam: facts out of the store, the pure rules, and the tasks that follow.

use crate::error::Result;
use crate::pipeline::{Pipeline, lock};
use futures::TryStreamExt;
use rcoi_model::{
    Doubt, ExamId, ExamState, FieldReading, Finding, Page, PageId, PageReading, PageState, TaskState, TaskSubject, TemplateId, UserId,
    VerdictAct,
};
use rcoi_rules::reconcile::{KEY_PREFIX, Reconciled};
use rcoi_rules::{Expectations, FieldValue, PacketFacts, SheetFacts, effective_field, reconcile};
use rcoi_store::{Synced, TaskFilter, VerdictRow};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What the reconciliation needs of one reading: small enough to keep for every page of an exam.
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
    pub(crate) pages: Vec<Page>,
    pub(crate) packets: Vec<PacketFacts>,
    pub(crate) sheets: Vec<SheetFacts>,
    /// Keys of reconciliation tasks that are done.
    pub(crate) settled: BTreeSet<String>,
}

/// Reconciles exams by themselves: after the last change, when no page of the exam waits to be read.
pub(crate) async fn run(pipeline: Pipeline, cancel: CancellationToken) {
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            () = pipeline.inner.nudge_check.notified() => {}
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(pipeline.inner.params.settle) => {}
        }
        for exam in pipeline.take_changed() {
            match pipeline.reconcile_when_quiet(exam).await {
                Ok(()) => {}
                Err(error) => tracing::warn!(%exam, %error, "reconciliation failed"),
            }
        }
    }
}

impl Pipeline {
    async fn reconcile_when_quiet(&self, exam: ExamId) -> Result<()> {
        let busy = self.inner.store.exam_stats().await?.iter().any(|s| s.exam == exam && s.received > 0);
        // The last page read brings the exam here again.
        if !busy {
            self.reconcile(exam).await?;
        }
        Ok(())
    }

    /// Compares everything known about the exam and makes the senior's tasks equal to what does not agree.
    /// Idempotent. Does nothing for an exam that is closed.
    pub async fn reconcile(&self, exam: ExamId) -> Result<Synced> {
        let _one = self.inner.checking.lock().await;
        if self.inner.store.exam(exam).await?.state != ExamState::Open {
            return Ok(Synced::default());
        }
        let facts = self.facts(exam).await?;
        let found = self.compare(exam, &facts).await?;
        let tasks: Vec<_> = found.troubles.into_iter().map(|t| t.into_task(exam)).collect();
        let synced = self.inner.store.sync_tasks(exam, KEY_PREFIX, &tasks).await?;
        tracing::info!(
            %exam,
            troubles = tasks.len(),
            unplaced = found.unplaced.len(),
            new = synced.inserted + synced.reopened,
            obsolete = synced.obsolete,
            "reconciled"
        );
        Ok(synced)
    }

    /// The pure comparison, without writing anything.
    pub(crate) async fn compare(&self, exam: ExamId, facts: &ExamFacts) -> Result<Reconciled> {
        let plan = self.plan(exam).await?;
        Ok(reconcile(&plan, &facts.packets, &facts.sheets, &facts.settled))
    }

    /// Loads the facts of an exam. Readings that were looked at before are not loaded again.
    pub(crate) async fn facts(&self, exam: ExamId) -> Result<ExamFacts> {
        let store = &self.inner.store;
        let pages = store.pages_of_exam(exam).await?;
        self.load_readings(exam, &pages).await?;
        let packets = store.packets(exam).await?;
        let packets = packets.into_iter().map(|p| PacketFacts { id: p.id, ppe: p.ppe, room: p.room, declared: p.declared }).collect();
        let verdicts = Said::sort(store.verdicts(exam).await?);
        let mut waiting: BTreeSet<(PageId, String)> = BTreeSet::new();
        for task in store.open_tasks(exam).await? {
            if let (Some(page), TaskSubject::Field { field, .. }) = (task.page, task.subject) {
                waiting.insert((page, field));
            }
        }
        let done =
            TaskFilter { exam: Some(exam), state: Some(TaskState::Done), key_prefix: Some(KEY_PREFIX.to_owned()), ..TaskFilter::default() };
        let settled = store.tasks(&done).await?.into_iter().map(|row| row.task.key).collect();
        let plan = self.plan(exam).await?;
        let expect = Expectations::new(&plan);
        let known = lock(&self.inner.read_facts);
        let mut sheets: Vec<SheetFacts> =
            pages.iter().map(|page| sheet(page, known.get(&page.id), verdicts.get(&page.id), &waiting)).collect();
        drop(known);
        forms_of_codes(&expect, &mut sheets);
        Ok(ExamFacts { pages, packets, sheets, settled })
    }

    async fn load_readings(&self, exam: ExamId, pages: &[Page]) -> Result<()> {
        let missing: Vec<PageId> = {
            let known = lock(&self.inner.read_facts);
            pages.iter().filter(|p| p.state == PageState::Read && !known.contains_key(&p.id)).map(|p| p.id).collect()
        };
        // After a restart everything is missing: one stream is quicker than a query for each page.
        if missing.len() > 16 {
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

    /// Keeps what the reconciliation needs of a reading.
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

fn sheet(page: &Page, read: Option<&Arc<ReadFacts>>, said: Option<&Said>, waiting: &BTreeSet<(PageId, String)>) -> SheetFacts {
    let code = said.and_then(|s| s.code.clone());
    let field = |reading: &FieldReading| -> (String, FieldValue) {
        let acts: Vec<&VerdictAct> = said.and_then(|s| s.fields.get(&reading.name)).into_iter().flatten().map(|(act, _)| act).collect();
        let waits = waiting.contains(&(page.id, reading.name.clone()));
        (reading.name.clone(), effective_field(reading, &acts, waits))
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
        fields: read.map(|r| r.fields.iter().map(field).collect()).unwrap_or_default(),
        findings: read.map(|r| r.findings.clone()).unwrap_or_default(),
    }
}

/// A sheet code that disagrees with its witness but stands in a kit as this very form names the sheet beyond doubt:
/// thirteen digits do not fall into a kit by chance.
fn forms_of_codes(expect: &Expectations<'_>, sheets: &mut [SheetFacts]) {
    for sheet in sheets {
        let owned = sheet.code.as_deref().and_then(|c| expect.owner(c)).map(|(_, kit)| kit.form.as_str());
        if owned.is_some() && owned == sheet.form.as_deref() {
            sheet.code_doubt = None;
        }
    }
}
