//! Figures of exams and packets, what blocks closing, packages: what the head and the operator look at.

use crate::backend::{Block, ExamCard, PackageRow, PacketRow, SourceRef};
use crate::centre::{Centre, Done};
use rcoi_model::{ExamId, ExamState, PacketId, PageId, Role, Task, TaskState, TaskSubject};
use rcoi_rules::BlockKind;
use rcoi_store::{ExamRow, ExamStats, TaskFilter};
use std::collections::{BTreeMap, BTreeSet};

impl Centre {
    /// Pages with an open task, by packet.
    pub(crate) async fn waiting(&self, exam: ExamId) -> Done<BTreeMap<PacketId, BTreeSet<PageId>>> {
        let mut waiting: BTreeMap<PacketId, BTreeSet<PageId>> = BTreeMap::new();
        for task in self.store().open_tasks(exam).await? {
            if let (Some(packet), Some(page)) = (task.packet, task.page) {
                waiting.entry(packet).or_default().insert(page);
            }
        }
        Ok(waiting)
    }

    pub(crate) async fn card(&self, row: ExamRow, stats: Option<&ExamStats>) -> Done<ExamCard> {
        let waiting: usize = self.waiting(row.id).await?.values().map(BTreeSet::len).sum();
        let count = |get: fn(&ExamStats) -> u64| stats.map_or(0, get);
        let read = count(|s| s.read);
        Ok(ExamCard {
            id: row.id,
            subject: row.plan.subject,
            subject_name: row.plan.subject_name,
            period: row.plan.period,
            date: row.plan.date,
            limit_days: row.plan.limit_days,
            state: row.state,
            declared: count(|s| s.declared),
            scanned: count(|s| s.scanned),
            read,
            verified: read.saturating_sub(waiting as u64),
            set_aside: count(|s| s.set_aside),
            open_tasks: count(|s| s.open_tasks),
        })
    }

    pub(crate) async fn packets(&self, exam: ExamId) -> Done<Vec<PacketRow>> {
        let waiting = self.waiting(exam).await?;
        let row = |s: rcoi_store::PacketStats| PacketRow {
            verified: s.read.saturating_sub(waiting.get(&s.packet).map_or(0, |pages| pages.len() as u64)),
            id: s.packet,
            ppe: s.ppe,
            room: s.room,
            waiting: s.received,
            raised: s.raised,
            declared: s.declared,
            // What a person took out of the work is not missing and not surplus.
            scanned: s.scanned.saturating_sub(s.excluded),
            read: s.read,
            set_aside: s.set_aside,
            open_tasks: s.open_tasks,
        };
        Ok(self.store().packet_stats(exam).await?.into_iter().map(row).collect())
    }

    pub(crate) async fn blocks(&self, exam: ExamId, state: ExamState) -> Done<Vec<Block>> {
        if state != ExamState::Open {
            return Ok(Vec::new());
        }
        let gate = self.pipeline.gate(exam, self.now()).await?;
        let mut blocks: Vec<Block> = gate
            .blocks
            .into_iter()
            .map(|b| Block {
                station: match b.station.as_str() {
                    "verify" | "persons" => Some(Role::Verifier),
                    "senior" => Some(Role::Senior),
                    "packets" => Some(Role::Operator),
                    _ => None,
                },
                kind: b.kind,
                count: b.count,
            })
            .collect();
        // What was passed on waits elsewhere than what nobody has looked at.
        for kind in [BlockKind::Fields, BlockKind::Persons] {
            let Some(at) = blocks.iter().position(|b| b.kind == kind) else { continue };
            let open = TaskFilter { exam: Some(exam), state: Some(TaskState::Open), ..TaskFilter::default() };
            let of_senior = TaskFilter { station: Some(Role::Senior), ..open };
            let tasks = self.store().tasks(&of_senior).await?;
            let of_kind = |subject: &TaskSubject| match subject {
                TaskSubject::Field { .. } => kind == BlockKind::Fields,
                TaskSubject::Person { .. } => kind == BlockKind::Persons,
                TaskSubject::Sheet { .. } | TaskSubject::Room { .. } => false,
            };
            let passed = tasks.iter().filter(|row| of_kind(&row.task.subject)).count() as u64;
            blocks[at].count = blocks[at].count.saturating_sub(passed);
            if passed > 0 {
                blocks.insert(at + 1, Block { kind, count: passed, station: Some(Role::Senior) });
            }
            blocks.retain(|b| b.kind != kind || b.count > 0);
        }
        Ok(blocks)
    }

    /// Point and room of every packet of an exam.
    pub(crate) async fn rooms(&self, exam: ExamId) -> Done<BTreeMap<PacketId, (String, String)>> {
        Ok(self.store().packet_stats(exam).await?.into_iter().map(|s| (s.packet, (s.ppe, s.room))).collect())
    }

    pub(crate) async fn source_of(&self, task: &Task) -> Done<Option<SourceRef>> {
        let Some(page) = task.page else { return Ok(None) };
        let page = self.store().page(page).await?;
        Ok(Some(SourceRef { file: page.source, index: page.index }))
    }

    pub(crate) async fn package_rows(&self, exam: ExamId) -> Done<Vec<PackageRow>> {
        let row = |r: rcoi_store::PackageRow| PackageRow {
            id: r.id,
            file: r.package.name,
            sha256: r.package.blob.as_str().to_owned(),
            bytes: r.package.size,
            version: r.package.version,
        };
        Ok(self.store().packages(exam).await?.into_iter().map(row).collect())
    }
}
