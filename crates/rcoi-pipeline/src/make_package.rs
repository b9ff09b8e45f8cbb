//! A closed exam becomes one signed package file. The same state gives the same bytes.

use crate::check::{ReadFacts, Said};
use crate::error::{PipelineError, Result};
use crate::package::{self, ExamFacts, ExamPackage, PackagedField, PackagedPacket, PackagedSheet, SettledBy};
use crate::pipeline::{Pipeline, lock};
use ed25519_dalek::SigningKey;
use rcoi_model::{BlobHash, ExamId, ExamPlan, ExamState, PacketId, Page, PageId, PageState, Role, UserId, VerdictAct};
use rcoi_rules::SheetFacts;
use rcoi_rules::reconcile::{KEY_PREFIX, Reconciled};
use rcoi_store::{NewPackage, PackageRow, VerdictRow};
use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

/// Code of the form kind in federal packet names. The list of codes is not public; `06` is the only one seen.
const FORM_KIND: &str = "06";

impl Pipeline {
    /// Builds the package of a closed exam, stores it, and moves the exam to `packaged`. Called again it gives the same file.
    pub async fn package(&self, exam: ExamId, key: &SigningKey, by: Option<UserId>) -> Result<PackageRow> {
        let row = self.inner.store.exam(exam).await?;
        if row.state == ExamState::Open {
            return Err(PipelineError::Refused("сначала нужно закрыть экзамен".to_owned()));
        }
        let version = self.inner.store.packages(exam).await?.iter().map(|p| p.package.version).max().unwrap_or(1);
        let facts = self.package_facts(exam, version).await?;
        let (blobs, key) = (self.inner.blobs.clone(), key.clone());
        let bytes = tokio::task::spawn_blocking(move || {
            let fail = |e: String| PipelineError::Package(e);
            let mut load = |hash: &BlobHash| std::fs::read(blobs.path(hash));
            let mut file = tempfile::tempfile().map_err(|e| fail(e.to_string()))?;
            package::build(&facts, &key, &mut load, &mut file).map_err(|e| fail(e.to_string()))?;
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_end(&mut bytes)).map_err(|e| fail(e.to_string()))?;
            Ok::<_, PipelineError>(bytes)
        })
        .await??;
        let size = bytes.len() as u64;
        let blob = self.inner.blobs.put(bytes).await?;
        let new = NewPackage { exam, packet: None, version, name: file_name(&row.plan, version), blob, size };
        let stored = self.inner.store.insert_package(&new).await?;
        if row.state == ExamState::Closed {
            self.inner.store.advance_exam(exam, ExamState::Closed, ExamState::Packaged, by).await?;
        }
        tracing::info!(%exam, name = new.name, size, sha256 = %new.blob, "package made");
        Ok(stored)
    }

    /// Everything that the package of the exam holds, as it stands now.
    pub async fn package_facts(&self, exam: ExamId, version: u32) -> Result<ExamPackage> {
        let plan = self.plan(exam).await?;
        let facts = self.facts(exam).await?;
        let bindings = self.compare(exam, &facts).await?;
        let rows = self.inner.store.verdicts(exam).await?;
        let explained = explained(&rows);
        let roles: BTreeMap<UserId, Role> = self.inner.store.users().await?.into_iter().map(|u| (u.id, u.role)).collect();
        let said = Said::sort(rows);
        let known = lock(&self.inner.read_facts).clone();
        let pages: BTreeMap<PageId, &Page> = facts.pages.iter().map(|p| (p.id, p)).collect();
        let mut packets = Vec::new();
        for packet in &facts.packets {
            let mut sheets = Vec::new();
            for sheet in facts.sheets.iter().filter(|s| s.packet == packet.id && s.state == PageState::Read) {
                let missing = || PipelineError::Package(format!("page {} has no reading", sheet.page));
                let (page, read) = pages.get(&sheet.page).zip(known.get(&sheet.page)).ok_or_else(missing)?;
                sheets.push(packaged_sheet(page, read, sheet, &bindings, said.get(&sheet.page), &roles));
            }
            packets.push(PackagedPacket {
                ppe: packet.ppe.clone(),
                room: packet.room.clone(),
                declared: packet.declared,
                explained: explained.get(&packet.id).cloned().unwrap_or_default(),
                sheets,
            });
        }
        Ok(ExamPackage { exam: exam_facts(&plan), version, packets })
    }
}

fn exam_facts(plan: &ExamPlan) -> ExamFacts {
    ExamFacts {
        region: plan.region.clone(),
        department: plan.department.clone(),
        subject: plan.subject.clone(),
        subject_name: plan.subject_name.clone(),
        test_type: plan.test_type.clone(),
        stage: plan.stage.clone(),
        period: plan.period.clone(),
        date: plan.date,
        form_kind: FORM_KIND.to_owned(),
    }
}

fn packaged_sheet(
    page: &Page,
    read: &Arc<ReadFacts>,
    sheet: &SheetFacts,
    found: &Reconciled,
    said: Option<&Said>,
    roles: &BTreeMap<UserId, Role>,
) -> PackagedSheet {
    let binding = found.bindings.pages.get(&sheet.page);
    let fields = read.fields.iter().map(|field| {
        let acts = said.and_then(|s| s.fields.get(&field.name)).map_or(&[][..], Vec::as_slice);
        let person = acts.iter().rev().find_map(|(act, user)| matches!(act, VerdictAct::Value { .. }).then_some(*user));
        let value = sheet.fields.get(&field.name).map_or_else(|| field.value.clone(), |f| f.value.clone());
        // A code that a person typed stands for every bar code of the sheet that the machine could not read.
        let typed = field.class == "sheet-code" && value.is_empty() && read.code.is_none();
        PackagedField {
            name: field.name.clone(),
            class: field.class.clone(),
            kind: field.kind,
            machine: field.value.clone(),
            confidence: field.confidence.get(),
            settled: match person {
                Some(user) => SettledBy::Person(roles.get(&user).copied().unwrap_or(Role::Verifier)),
                None if typed => SettledBy::Person(Role::Senior),
                None => SettledBy::Machine,
            },
            value: if typed { sheet.code.clone().unwrap_or_default() } else { value },
        }
    });
    let ending = page.source.rsplit_once('.').map(|(_, e)| e.to_lowercase()).unwrap_or_default();
    let plain = ending.len() <= 5 && ending.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    PackagedSheet {
        code: sheet.code.clone().unwrap_or_default(),
        form: binding.map(|b| b.form.clone()).or_else(|| sheet.form.clone()).unwrap_or_default(),
        template: read.template.as_ref().map(|t| t.0.clone()).unwrap_or_default(),
        participant: binding.map(|b| b.participant.clone()),
        image: page.blob.clone(),
        image_ending: if plain { ending } else { String::new() },
        page: page.index,
        engine: read.engine.clone(),
        fields: fields.collect(),
    }
}

/// What people explained, by packet: the key of the task (it holds the figures) and the reason.
fn explained(rows: &[VerdictRow]) -> BTreeMap<PacketId, Vec<String>> {
    let mut out: BTreeMap<PacketId, Vec<String>> = BTreeMap::new();
    for row in rows {
        if let (Some(packet), VerdictAct::Explain { reason }) = (row.packet, &row.verdict.act) {
            let key = row.task_key.strip_prefix(KEY_PREFIX).unwrap_or(&row.task_key);
            out.entry(packet).or_default().push(format!("{key}: {reason}"));
        }
    }
    out
}

/// `RRDDSSTE-YYYYMMDD-v1.zip`, after the federal names of the packets inside.
fn file_name(plan: &ExamPlan, version: u32) -> String {
    let ExamPlan { region, department, subject, test_type, stage, date, .. } = plan;
    format!("{region}{department}{subject}{test_type}{stage}-{}-v{version}.zip", date.strftime("%Y%m%d"))
}
