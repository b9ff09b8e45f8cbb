//! The operator's part of the centre: packets on their way, files that come, small pictures.

use crate::backend::{Actor, BackendError};
use crate::centre::{Centre, Done};
use crate::piles::{ExamHead, IntakeView, OneFile, PacketProgress, PacketView, PageView, Place, Thumbnail};
use crate::said::Said;
use rcoi_model::{ExamId, ExamState, PacketId, PageId, TaskSubject};
use rcoi_store::ExamRow;
use std::collections::BTreeMap;
use std::fs::File;
use std::time::{Duration, Instant};

fn head(row: ExamRow) -> ExamHead {
    ExamHead { id: row.id, subject: row.plan.subject, subject_name: row.plan.subject_name, date: row.plan.date, state: row.state }
}

/// The list is counted anew after this time, and after so many times as long as the counting took: fifty thousand sheets take a
/// third of a second, and everybody's page asks every two seconds.
const FRESH: Duration = Duration::from_millis(500);
const REST: u32 = 5;

/// The list as it was counted last.
#[derive(Default)]
pub(crate) struct Counted {
    exams: Vec<(ExamHead, Vec<PacketProgress>)>,
    /// When, and how long it took.
    at: Option<(Instant, Duration)>,
}

impl Centre {
    pub(crate) async fn intake_view(&self) -> Done<IntakeView> {
        // Whoever comes while somebody counts waits for that.
        let mut counted = self.piles.lock().await;
        let fresh = counted.at.is_some_and(|(at, took)| at.elapsed() < FRESH.max(took * REST));
        if !fresh {
            let begun = Instant::now();
            let mut exams = Vec::new();
            for row in self.store().exams().await? {
                let head = head(row);
                // What is closed does not change any more.
                let old = counted.exams.iter().find(|(known, _)| *known == head && head.state != ExamState::Open);
                let packets = match old {
                    Some((_, packets)) => packets.clone(),
                    None => self.store().packet_progress(head.id).await?,
                };
                exams.push((head, packets));
            }
            *counted = Counted { exams, at: Some((Instant::now(), begun.elapsed())) };
        }
        Ok(IntakeView { exams: counted.exams.clone(), watch: self.pipeline.watch_state() })
    }

    pub(crate) async fn packet_view(&self, exam: ExamId, packet: PacketId) -> Done<PacketView> {
        let exam = head(self.store().exam(exam).await?);
        if self.store().packet(packet).await?.exam != exam.id {
            return Err(BackendError::NotFound);
        }
        let (progress, looks) = self.store().packet_looks(packet).await?;
        let (mut rooms, mut sheets) = (Vec::new(), BTreeMap::<PageId, Vec<_>>::new());
        for (page, subject) in self.store().packet_troubles(exam.id, packet).await? {
            match (page, subject) {
                (Some(page), TaskSubject::Sheet { trouble, .. }) => sheets.entry(page).or_default().push(trouble),
                (_, TaskSubject::Room { trouble, .. }) => rooms.push(trouble),
                _ => {}
            }
        }
        rooms.sort_unstable();
        rooms.dedup();
        let pages = looks.into_iter().map(|look| PageView { troubles: sheets.remove(&look.page.id).unwrap_or_default(), look }).collect();
        Ok(PacketView { exam, packet: progress, rooms, pages })
    }

    pub(crate) async fn take(&self, who: Actor, exam: ExamId, place: Place, file: File) -> Done<Vec<OneFile>> {
        if self.store().exam(exam).await?.state != ExamState::Open {
            return Err(BackendError::Conflict(Said::text(|t| t.no_open_exam)));
        }
        Ok(self.pipeline.take_file(exam, &place, file, Some(who.user)).await?)
    }

    pub(crate) async fn small_picture(&self, page: PageId, known: Option<&str>) -> Done<Thumbnail> {
        Ok(self.pipeline.thumbnail(page, known).await?)
    }
}
