//! Makes a whole exam from a few numbers: its plan, its sheets in packets, its truth; draws single files on demand.

use crate::kit::{Codes, prefix};
use crate::people::participant;
use crate::scan::{ScanParams, scan};
use crate::sheet::{self, Counts, Sheet};
use crate::{SynthError, draw};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rcoi_model::{Act, ActKind, ExamPlan, ExamTruth, Oddity, Room};
use rcoi_template::TemplateSet;
use std::collections::{BTreeMap, BTreeSet};

/// How large and how odd an exam is. Oddities fall on different people as long as there are enough of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExamSpec {
    pub seed: u64,
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
    /// Rooms that declare one sheet more than they hand over.
    pub miscounted: u32,
}

impl ExamSpec {
    /// The demo's exam.
    #[must_use]
    pub fn demo(seed: u64) -> Self {
        Self {
            seed,
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
            miscounted: 1,
        }
    }
}

/// One file to draw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Path below the packets folder, such as `0001-0101/sheet-003.jpg`.
    pub source: String,
}

/// An exam whose pictures are drawn when asked for; the same seed gives the same bytes.
#[derive(Debug, Clone)]
pub struct DrawnExam {
    pub plan: ExamPlan,
    pub truth: ExamTruth,
    sheets: BTreeMap<String, Sheet>,
    templates: TemplateSet,
    scan: ScanParams,
}

impl DrawnExam {
    /// All files in the order of the truth.
    #[must_use]
    pub fn jobs(&self) -> Vec<Job> {
        self.truth.pages.iter().map(|page| Job { source: page.source.clone() }).collect()
    }

    /// The bytes of one file (JPEG, grey, 300 dpi). Needs no order; several threads may draw at once.
    ///
    /// # Errors
    /// A job of another exam; a shipped template that lacks a field this exam fills.
    pub fn draw(&self, job: &Job) -> Result<Vec<u8>, SynthError> {
        let sheet = self.sheets.get(&job.source).ok_or_else(|| SynthError::UnknownFile(job.source.clone()))?;
        let page = draw::page(&self.templates, sheet)?;
        scan(&page, &self.scan, &mut ChaCha8Rng::seed_from_u64(sheet.scan))
    }
}

/// The exam of the demo: Russian, three points, eight rooms, a hundred people, and one of every trouble.
#[must_use]
pub fn demo_exam(seed: u64) -> DrawnExam {
    exam(&ExamSpec::demo(seed))
}

/// Makes the exam of a specification.
#[must_use]
pub fn exam(spec: &ExamSpec) -> DrawnExam {
    let mut rng = ChaCha8Rng::seed_from_u64(spec.seed);
    let mut plan = plan(spec, &mut rng);
    let roles = Roles::choose(spec, &plan, &mut rng);
    roles.act(&mut plan);
    let (mut extras, mut foreign) = (Codes::new(&mut rng), Codes::foreign(&mut rng));
    let mut drawn = DrawnExam {
        plan: plan.clone(),
        truth: ExamTruth { seed: spec.seed, pages: Vec::new() },
        sheets: BTreeMap::new(),
        templates: rcoi_template::builtin(),
        scan: ScanParams::default(),
    };
    for (place, room) in plan.rooms.iter().enumerate() {
        let (mut genuine, mut counts, mut strays) = (Vec::new(), Counts::default(), Vec::new());
        for (number, person) in plan.participants.iter().enumerate().filter(|(_, p)| (&p.ppe, &p.room) == (&room.ppe, &room.room)) {
            counts.seated += 1;
            if roles.absent.contains(&number) {
                counts.absent += 1;
                continue;
            }
            let writer = rng.random();
            let mut registration = sheet::registration(&plan, person, writer, &mut rng);
            if roles.removed.contains(&number) {
                counts.removed += 1;
                registration.write("removed", "1");
            }
            if roles.not_finished.contains(&number) {
                counts.not_finished += 1;
                registration.write("not-finished", "1");
            }
            let mut answers = sheet::answers(&plan, person, writer, &mut rng);
            if roles.unreadable.contains(&number) {
                answers.oddity = Some(Oddity::UnreadableBarcode);
            }
            let first = sheet::long_first(&plan, person, writer, &mut rng);
            if roles.duplicates.contains(&number) {
                strays.push(Sheet { oddity: Some(Oddity::DuplicateScan), scan: rng.random(), ..first.clone() });
            }
            let has_extra = roles.extras.contains(&number);
            let extra = if has_extra { extras.take(prefix("CX"), &mut rng) } else { String::new() };
            let second = sheet::long_second(&plan, person, &extra, writer, &mut rng);
            genuine.extend([registration, answers, first, second]);
            if has_extra {
                counts.extras += 1;
                genuine.push(sheet::extra(&plan, person, &extra, writer, &mut rng));
            }
        }
        let code = extras.take(prefix("PPE-13-02"), &mut rng);
        genuine.insert(0, sheet::ledger(&plan, room, &counts, &code, &mut rng));
        for _ in 0..spread(spec.foreign, place, plan.rooms.len()) {
            let code = foreign.take(prefix("AB"), &mut rng);
            strays.push(sheet::foreign(&plan, &code, &mut rng));
        }
        // The last rooms miscount, so that the first are seen in good order.
        let miscounted = plan.rooms.len() - place <= spec.miscounted as usize;
        drawn.plan.rooms[place].declared_sheets = genuine.len() as u32 + u32::from(miscounted);
        drawn.put(room, genuine, strays);
    }
    drawn
}

impl DrawnExam {
    /// Lays the sheets of a room into its packet; strays lie at its end.
    fn put(&mut self, room: &Room, genuine: Vec<Sheet>, strays: Vec<Sheet>) {
        for (number, sheet) in genuine.into_iter().chain(strays).enumerate() {
            let source = format!("{}-{}/sheet-{:03}.jpg", room.ppe, room.room, number + 1);
            self.truth.pages.push(sheet.truth(&source));
            self.sheets.insert(source, sheet);
        }
    }
}

/// How many of `total` things fall to `place` of `places` (the middle place first).
fn spread(total: u32, place: usize, places: usize) -> usize {
    let total = total as usize;
    let turn = (place + places - places / 2) % places.max(1);
    total / places.max(1) + usize::from(turn < total % places.max(1))
}

fn plan(spec: &ExamSpec, rng: &mut ChaCha8Rng) -> ExamPlan {
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
        date: jiff::civil::date(2026, 6, 4),
        limit_days: 6,
        forms: crate::people::KIT.map(str::to_owned).to_vec(),
        answers: 27,
        rooms: list,
        participants,
        acts: Vec::new(),
    }
}

/// Whom something odd befalls, by number in the plan.
#[derive(Debug, Default)]
struct Roles {
    absent: BTreeSet<usize>,
    removed: BTreeSet<usize>,
    not_finished: BTreeSet<usize>,
    extras: BTreeSet<usize>,
    duplicates: BTreeSet<usize>,
    unreadable: BTreeSet<usize>,
}

impl Roles {
    fn choose(spec: &ExamSpec, plan: &ExamPlan, rng: &mut ChaCha8Rng) -> Self {
        let mut order: Vec<usize> = (0..plan.participants.len()).collect();
        order.shuffle(rng);
        let mut left = order.into_iter();
        let mut take = |count: u32| left.by_ref().take(count as usize).collect::<BTreeSet<usize>>();
        Self {
            absent: take(spec.absent),
            removed: take(spec.removed),
            not_finished: take(spec.not_finished),
            extras: take(spec.extras),
            duplicates: take(spec.duplicates),
            unreadable: take(spec.unreadable),
        }
    }

    /// The papers of the points.
    fn act(&self, plan: &mut ExamPlan) {
        for (people, kind) in [(&self.removed, ActKind::Removed), (&self.not_finished, ActKind::NotFinished)] {
            for number in people {
                plan.acts.push(Act { participant: plan.participants[*number].code.clone(), kind });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcoi_model::CheckDigit;

    #[test]
    fn the_demo_has_what_its_specification_names() {
        let exam = demo_exam(7);
        let pages = &exam.truth.pages;
        let of = |template: &str| pages.iter().filter(|p| p.template == template && p.oddity != Some(Oddity::DuplicateScan)).count();
        assert_eq!((exam.plan.rooms.len(), exam.plan.participants.len(), exam.plan.acts.len()), (8, 100, 3));
        assert_eq!((of("ege-r"), of("ege-ab"), of("ege-c1"), of("ege-c2")), (97, 98, 97, 97));
        assert_eq!((of("ege-c-extra"), of("ppe-13-02"), pages.len()), (10, 8, 408));
        for oddity in [Oddity::DuplicateScan, Oddity::ForeignSubject, Oddity::UnreadableBarcode] {
            assert_eq!(pages.iter().filter(|p| p.oddity == Some(oddity)).count(), 1, "{oddity:?}");
        }
        let wrong = exam.plan.rooms.iter().filter(|room| {
            let folder = format!("{}-{}/", room.ppe, room.room);
            let strays = [Some(Oddity::DuplicateScan), Some(Oddity::ForeignSubject)];
            let genuine = pages.iter().filter(|p| p.source.starts_with(&folder) && !strays.contains(&p.oddity)).count();
            genuine != room.declared_sheets as usize
        });
        assert_eq!(wrong.count(), 1);
    }

    #[test]
    fn every_code_obeys_gs1_and_belongs_to_one_sheet() {
        let exam = demo_exam(3);
        let mut codes = BTreeSet::new();
        for page in exam.truth.pages.iter().filter(|p| p.oddity != Some(Oddity::DuplicateScan)) {
            assert!(CheckDigit::Gs1.accepts(&page.sheet_code) && page.sheet_code.len() == 13, "{}", page.sheet_code);
            assert!(codes.insert(page.sheet_code.clone()), "{} twice", page.sheet_code);
        }
    }

    #[test]
    fn every_extra_sheet_is_announced_by_one_second_sheet() {
        let exam = demo_exam(5);
        let pages = &exam.truth.pages;
        for extra in pages.iter().filter(|p| p.template == "ege-c-extra") {
            let announcing: Vec<_> =
                pages.iter().filter(|p| p.template == "ege-c2" && p.fields.get("link") == Some(&extra.sheet_code)).collect();
            assert_eq!(announcing.len(), 1);
            assert_eq!(announcing[0].participant, extra.participant);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
        let (one, two, other) = (demo_exam(11), demo_exam(11), demo_exam(12));
        assert_eq!(one.truth, two.truth);
        assert_ne!(one.truth.pages, other.truth.pages);
        for job in [&one.jobs()[0], &one.jobs()[2]] {
            let bytes = one.draw(job).expect("a picture");
            assert_eq!(bytes, two.draw(job).expect("a picture"), "{}", job.source);
            assert_ne!(bytes, other.draw(job).expect("a picture"), "{}", job.source);
        }
    }

    #[test]
    fn a_file_of_another_exam_is_refused_by_name() {
        let error = demo_exam(1).draw(&Job { source: "9999-0101/x.jpg".to_owned() }).err().map(|e| e.to_string());
        assert!(error.is_some_and(|e| e.contains("9999-0101/x.jpg")));
    }
}
