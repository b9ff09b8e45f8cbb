//! The plan of a drawn exam: its size, its rooms and people, and whom something odd befalls.

use crate::answers::Style;
use crate::kit::Codes;
use crate::people::participant;
use crate::persons;
use jiff::civil::Date;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rcoi_model::{Act, ActKind, ExamPlan, PersonTruth, Room};
use std::collections::{BTreeMap, BTreeSet};

/// How large and how odd an exam is. Oddities fall on different people as long as there are enough of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExamSpec {
    pub seed: u64,
    /// Exam day.
    pub date: Date,
    /// ППЭ, 1 to 9999.
    pub points: u32,
    /// Rooms over all points; at least one a point.
    pub rooms: u32,
    pub participants: u32,
    /// People with one extra sheet.
    pub extras: u32,
    pub removed: u32,
    pub not_finished: u32,
    pub absent: u32,
    /// Second scans of a first sheet of long answers.
    pub duplicates: u32,
    /// Sheets of another subject.
    pub foreign: u32,
    /// Sheets whose bars are destroyed.
    pub unreadable: u32,
    /// People who write beyond the last cell of an answer.
    pub overruns: u32,
    /// People who strike out a character and a whole answer.
    pub corrected: u32,
    /// People who answer one task with symbols that it does not permit.
    pub astray: u32,
    /// People who hand in all their answer forms empty.
    pub empty: u32,
    /// People for whom a mark about the exam was set by mistake and blackened.
    pub cancelled: u32,
    /// People whose papers have changed since they were registered: the point's list of corrections names it.
    pub renamed: u32,
    /// People who write their own data with a slip of the pen.
    pub slips: u32,
    /// People whose form of short answers comes as a one-bit file (TIFF, CCITT Group 4).
    pub faxed: u32,
    /// Rooms that come as one multi-page file of that kind; the last ones that do not miscount.
    pub fax_rooms: u32,
    /// Rooms that declare one sheet more than they hand over.
    pub miscounted: u32,
}

impl ExamSpec {
    /// The demo's exam.
    #[must_use]
    pub fn demo(seed: u64, date: Date) -> Self {
        Self {
            seed,
            date,
            points: 3,
            rooms: 8,
            participants: 100,
            extras: 10,
            removed: 2,
            not_finished: 1,
            absent: 3,
            duplicates: 1,
            foreign: 1,
            unreadable: 1,
            overruns: 3,
            corrected: 4,
            astray: 0,
            empty: 2,
            cancelled: 1,
            renamed: 2,
            slips: 2,
            faxed: 3,
            fax_rooms: 1,
            miscounted: 1,
        }
    }
}

/// Tasks with a short answer.
const ROWS: u32 = 27;

/// The plan without acts and counts.
pub(crate) fn plan(spec: &ExamSpec, rng: &mut ChaCha8Rng) -> ExamPlan {
    let points = spec.points.clamp(1, 9999);
    let rooms = spec.rooms.max(points);
    let mut list = Vec::new();
    for point in 0..points {
        let inside = rooms / points + u32::from(point < rooms % points);
        for room in 1..=inside {
            list.push(Room { ppe: format!("{:04}", point + 1), room: format!("01{room:02}"), declared_sheets: 0 });
        }
    }
    let region = "02";
    let mut codes = Codes::new(rng);
    let mut participants = Vec::new();
    for (place, room) in list.iter().enumerate() {
        let inside = spec.participants as usize / list.len() + usize::from(place < spec.participants as usize % list.len());
        for seat in 0..inside {
            participants.push(participant(participants.len(), seat, room, region, &mut codes, rng));
        }
    }
    ExamPlan {
        region: region.to_owned(),
        department: "00".to_owned(),
        subject: "01".to_owned(),
        subject_name: "РУССКИЙ ЯЗЫК".to_owned(),
        test_type: "1".to_owned(),
        stage: "1".to_owned(),
        period: "main".to_owned(),
        date: spec.date,
        limit_days: 6,
        forms: crate::people::KIT.map(str::to_owned).to_vec(),
        answers: ROWS,
        symbols: crate::answers::symbols(ROWS),
        rooms: list,
        participants,
        acts: Vec::new(),
    }
}

/// Whom something odd befalls, by number in the plan.
#[derive(Debug, Default)]
pub(crate) struct Roles {
    pub(crate) absent: BTreeSet<usize>,
    pub(crate) removed: BTreeSet<usize>,
    pub(crate) not_finished: BTreeSet<usize>,
    pub(crate) extras: BTreeSet<usize>,
    pub(crate) duplicates: BTreeSet<usize>,
    pub(crate) unreadable: BTreeSet<usize>,
    pub(crate) overruns: BTreeSet<usize>,
    pub(crate) corrected: BTreeSet<usize>,
    pub(crate) empty: BTreeSet<usize>,
    pub(crate) astray: BTreeSet<usize>,
    pub(crate) cancelled: BTreeSet<usize>,
    pub(crate) faxed: BTreeSet<usize>,
    /// Whose registration form says otherwise than the register; drawn apart from all others.
    pub(crate) unlike: BTreeMap<usize, PersonTruth>,
}

impl Roles {
    pub(crate) fn choose(spec: &ExamSpec, plan: &ExamPlan, rng: &mut ChaCha8Rng) -> Self {
        let mut order: Vec<usize> = (0..plan.participants.len()).collect();
        order.shuffle(rng);
        let mut left = order.into_iter();
        let mut take = |count: u32| left.by_ref().take(count as usize).collect::<BTreeSet<usize>>();
        let absent = take(spec.absent);
        Self {
            unlike: persons::choose(spec, plan, &absent),
            absent,
            removed: take(spec.removed),
            not_finished: take(spec.not_finished),
            extras: take(spec.extras),
            duplicates: take(spec.duplicates),
            unreadable: take(spec.unreadable),
            overruns: take(spec.overruns),
            corrected: take(spec.corrected),
            empty: take(spec.empty),
            cancelled: take(spec.cancelled),
            faxed: take(spec.faxed),
            astray: take(spec.astray),
        }
    }

    /// How this person fills the forms.
    pub(crate) fn style(&self, number: usize) -> Style {
        let is = |people: &BTreeSet<usize>| people.contains(&number);
        if is(&self.overruns) {
            Style::Overrun
        } else if is(&self.corrected) {
            Style::Corrected
        } else if is(&self.astray) {
            Style::Astray
        } else if is(&self.empty) {
            Style::Empty
        } else {
            Style::Plain
        }
    }

    /// The papers of the points.
    pub(crate) fn act(&self, plan: &mut ExamPlan) {
        for (people, kind) in [(&self.removed, ActKind::Removed), (&self.not_finished, ActKind::NotFinished)] {
            for number in people {
                plan.acts.push(Act { participant: plan.participants[*number].code.clone(), kind });
            }
        }
    }
}
