//! A closed exam becomes one signed package file. The same state gives the same bytes.

use crate::check::compare;
use crate::error::{PipelineError, Result};
use crate::facts::{ReadFacts, Said};
use crate::package::{self, ExamFacts, ExamPackage, PackagedField, PackagedPacket, PackagedSheet, SettledBy};
use crate::persons::{corrections, ground_text};
use crate::pipeline::Pipeline;
use ed25519_dalek::SigningKey;
use rcoi_model::{BlobHash, ExamId, ExamPlan, ExamState, PacketId, Page, PageId, PageState, Role, UserId, VerdictAct};
use rcoi_rules::reconcile::{KEY_PREFIX, Reconciled};
use rcoi_rules::{SheetFacts, effective_field};
use rcoi_store::{Blobs, NewPackage, PackageRow, VerdictRow};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Pipeline {
    /// Builds the package of a closed exam, stores it, and moves the exam to `packaged`. Called again it gives the same file.
    pub async fn package(&self, exam: ExamId, key: &SigningKey, by: Option<UserId>) -> Result<PackageRow> {
        let row = self.inner.store.exam(exam).await?;
        if row.state == ExamState::Open {
            return Err(PipelineError::Refused("сначала нужно закрыть экзамен".to_owned()));
        }
        let made = self.inner.store.packages(exam).await?;
        // Nothing of a packaged exam can change: its package is made again only when the file has gone.
        if let (ExamState::Packaged, Some(last)) = (row.state, made.last())
            && self.is_there(last).await
        {
            return Ok(last.clone());
        }
        let version = made.iter().map(|p| p.package.version).max().unwrap_or(1);
        let facts = self.package_facts(exam, version).await?;
        let (blobs, key) = (self.inner.blobs.clone(), key.clone());
        let (blob, size) = tokio::task::spawn_blocking(move || write(&facts, &key, &blobs)).await??;
        let new = NewPackage { exam, packet: None, version, name: file_name(&row.plan, version), blob, size };
        let stored = self.inner.store.insert_package(&new).await?;
        if row.state == ExamState::Closed {
            self.inner.store.advance_exam(exam, ExamState::Closed, ExamState::Packaged, by).await?;
        }
        tracing::info!(%exam, name = new.name, size, sha256 = %new.blob, "package made");
        Ok(stored)
    }

    async fn is_there(&self, made: &PackageRow) -> bool {
        // When that cannot be told the package is made again, to the same bytes.
        self.inner.blobs.size(&made.package.blob).await.is_ok_and(|found| found == Some(made.package.size))
    }

    /// Everything that the package of the exam holds, as it stands now.
    pub async fn package_facts(&self, exam: ExamId, version: u32) -> Result<ExamPackage> {
        let facts = self.facts(exam).await?;
        let found = compare(&facts);
        let rows = self.inner.store.verdicts(exam).await?;
        let explained = explained(&rows, &found);
        let roles: BTreeMap<UserId, Role> = self.inner.store.users().await?.into_iter().map(|u| (u.id, u.role)).collect();
        let mut corrected = corrections(&rows, &found, |user| roles.get(&user).copied().unwrap_or(Role::Verifier));
        let said = Said::sort(rows);
        let known = self.known(&facts.pages);
        let pages: BTreeMap<PageId, &Page> = facts.pages.iter().map(|p| (p.id, p)).collect();
        let mut packets = Vec::new();
        for packet in &facts.packets {
            let mut sheets = Vec::new();
            for sheet in facts.sheets.iter().filter(|s| s.packet == packet.id && s.state == PageState::Read) {
                let missing = || PipelineError::Package(format!("page {} has no reading", sheet.page));
                let (page, read) = pages.get(&sheet.page).zip(known.get(&sheet.page)).ok_or_else(missing)?;
                let made = packaged_sheet(page, read, sheet, &found, said.get(&sheet.page), &roles);
                sheets.push(PackagedSheet { correction: corrected.remove(&sheet.page), ..made });
            }
            packets.push(PackagedPacket {
                ppe: packet.ppe.clone(),
                room: packet.room.clone(),
                declared: packet.declared,
                explained: explained.get(&packet.id).cloned().unwrap_or_default(),
                sheets,
            });
        }
        Ok(ExamPackage { exam: exam_facts(&facts.plan, self.form_kind(&facts.plan)?), version, packets })
    }
}

/// Writes the package straight into the blob folder: the memory it takes does not grow with the exam's pictures.
fn write(facts: &ExamPackage, key: &SigningKey, blobs: &Blobs) -> Result<(BlobHash, u64)> {
    let mut out = blobs.writer()?;
    let mut open = |hash: &BlobHash| blobs.reader(hash).map_err(std::io::Error::other);
    match package::build(facts, key, &mut open, &mut out) {
        Ok(_) => Ok(out.finish()?),
        Err(error) if error.is_disk_full() => Err(PipelineError::PackageDiskFull { written: out.bytes() }),
        Err(error) => Err(PipelineError::Package(error.to_string())),
    }
}

fn exam_facts(plan: &ExamPlan, form_kind: String) -> ExamFacts {
    ExamFacts {
        region: plan.region.clone(),
        department: plan.department.clone(),
        subject: plan.subject.clone(),
        subject_name: plan.subject_name.clone(),
        test_type: plan.test_type.clone(),
        stage: plan.stage.clone(),
        period: plan.period.clone(),
        date: plan.date,
        form_kind,
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
        let value = effective_field(field, &acts.iter().map(|(act, _)| act).collect::<Vec<_>>(), false).value;
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
        correction: None,
    }
}

/// What people explained and what still is so, by packet: the key of the task (it holds the figures) and the reason. A
/// difference that has gone since, because a second scan was taken out, is none of the package.
fn explained(rows: &[VerdictRow], found: &Reconciled) -> BTreeMap<PacketId, Vec<String>> {
    let holds: BTreeSet<&str> = found.troubles.iter().map(|trouble| trouble.key.as_str()).collect();
    let mut out: BTreeMap<PacketId, Vec<String>> = BTreeMap::new();
    for row in rows.iter().filter(|row| holds.contains(row.task_key.as_str())) {
        let reason = match &row.verdict.act {
            VerdictAct::Explain { reason } => reason,
            VerdictAct::KeepRegister { ground } => ground_text(ground),
            _ => continue,
        };
        if let Some(packet) = row.packet {
            let key = row.task_key.strip_prefix(KEY_PREFIX).unwrap_or(&row.task_key);
            out.entry(packet).or_default().push(format!("{key}: {reason}"));
        }
    }
    // Which difference somebody came to first says nothing.
    out.values_mut().for_each(|reasons| reasons.sort());
    out
}

/// `RRDDSSTE-YYYYMMDD-v1.zip`, after the federal names of the packets inside.
fn file_name(plan: &ExamPlan, version: u32) -> String {
    let ExamPlan { region, department, subject, test_type, stage, date, .. } = plan;
    format!("{region}{department}{subject}{test_type}{stage}-{}-v{version}.zip", date.strftime("%Y%m%d"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcoi_model::{Ground, PersonLine, RoomTrouble, TaskId, TaskState, TaskSubject, Verdict, VerdictId};
    use rcoi_rules::reconcile::Trouble;

    #[test]
    fn only_differences_that_still_are_go_with_the_package() {
        let (packet, user) = (PacketId::derived(&["room"]), UserId::derived(&["senior"]));
        let subject = || TaskSubject::Room { trouble: RoomTrouble::CountDiffers, detail: String::new() };
        let row = |key: &str| VerdictRow {
            seq: 1,
            verdict: Verdict {
                id: VerdictId::derived(&[key]),
                task: TaskId::derived(&[key]),
                user,
                act: VerdictAct::Explain { reason: "сверено".to_owned() },
                at: String::new(),
            },
            task_key: format!("{KEY_PREFIX}{key}"),
            station: Role::Senior,
            task_state: TaskState::Done,
            page: None,
            packet: Some(packet),
            subject: subject(),
        };
        let holds = |key: &str| Trouble { key: format!("{KEY_PREFIX}{key}"), page: None, packet: Some(packet), subject: subject() };
        let found = Reconciled { troubles: ["count/0001-0101/5-4", "absent/0001-0101/7"].map(holds).into(), ..Reconciled::default() };
        let told = explained(&[row("count/0001-0101/5-6"), row("count/0001-0101/5-4"), row("absent/0001-0101/7")], &found);
        let lines = ["absent/0001-0101/7: сверено", "count/0001-0101/5-4: сверено"].map(str::to_owned);
        assert_eq!(told, [(packet, lines.into())].into(), "in one order, whatever was explained first");
    }

    #[test]
    fn a_kept_register_is_explained_without_a_name_and_an_accepted_form_corrects_it_while_they_differ() {
        let (packet, page, user) = (PacketId::derived(&["room"]), PageId::derived(&["form"]), UserId::derived(&["verifier"]));
        let line = |field: &str, form: &str, differs| PersonLine {
            field: field.to_owned(),
            form: form.to_owned(),
            register: "Орлова".to_owned(),
            differs,
        };
        let subject = || TaskSubject::Person {
            participant: "0001".to_owned(),
            lines: vec![line("surname", "ЗУЕВА", true), line("name", "ОРЛОВА", false)],
        };
        let key = format!("{KEY_PREFIX}person/0001/x");
        let row = |act| VerdictRow {
            seq: 1,
            verdict: Verdict { id: VerdictId::derived(&["v"]), task: TaskId::derived(&["t"]), user, act, at: String::new() },
            task_key: key.clone(),
            station: Role::Verifier,
            task_state: TaskState::Done,
            page: Some(page),
            packet: Some(packet),
            subject: subject(),
        };
        let trouble = Trouble { key: key.clone(), page: Some(page), packet: Some(packet), subject: subject() };
        let found = Reconciled { troubles: vec![trouble], ..Reconciled::default() };
        let kept = [row(VerdictAct::KeepRegister { ground: Ground::WritingSlip })];
        let told = explained(&kept, &found);
        assert_eq!(told, [(packet, vec!["person/0001/x: описка участника, в ППЭ-12-02 записи нет".to_owned()])].into());
        assert!(corrections(&kept, &found, |_| Role::Verifier).is_empty());

        let accepted = [row(VerdictAct::AcceptForm { ground: Ground::CorrectionList })];
        assert!(explained(&accepted, &found).is_empty());
        let sent = corrections(&accepted, &found, |_| Role::Verifier).remove(&page).unwrap();
        assert_eq!((sent.ground, sent.settled, sent.changes.len()), (Ground::CorrectionList, Role::Verifier, 1));
        assert_eq!((sent.changes[0].old.as_str(), sent.changes[0].new.as_str()), ("Орлова", "ЗУЕВА"));
        assert!(corrections(&accepted, &Reconciled::default(), |_| Role::Verifier).is_empty(), "they agree again");
    }
}
