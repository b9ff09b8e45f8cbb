//! Makes a whole exam from a few numbers: its plan, its sheets in packets, its truth; draws single files on demand.

use crate::SynthError;
use crate::files::Files;
use crate::kit::{Codes, prefix};
use crate::persons;
use crate::plan::{self, ExamSpec, Roles};
use crate::scan::ScanParams;
use crate::sheet::{self, Counts, Sheet};
use jiff::civil::Date;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rcoi_model::{ExamPlan, ExamTruth, Oddity, Participant, Room};

/// One file to draw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Path below the packets folder, such as `0001-0101/sheet-003.jpg`.
    pub source: String,
}

/// An exam whose pictures are drawn when asked for; the same specification gives the same bytes.
#[derive(Debug, Clone)]
pub struct DrawnExam {
    pub plan: ExamPlan,
    pub truth: ExamTruth,
    files: Files,
}

impl DrawnExam {
    /// All files in the order of the truth.
    #[must_use]
    pub fn jobs(&self) -> Vec<Job> {
        Files::jobs(&self.truth)
    }

    /// The bytes of one file, 300 dpi: a grey JPEG, or a one-bit TIFF of one or many pages. Needs no order; several
    /// threads may draw at once.
    ///
    /// # Errors
    /// A job of another exam; a shipped template that lacks a field this exam fills.
    pub fn draw(&self, job: &Job) -> Result<Vec<u8>, SynthError> {
        self.files.draw(job)
    }

    /// What is out of the ordinary about page `index` of the file `source`, in words, for counting by cause.
    #[must_use]
    pub fn defects(&self, source: &str, index: u32) -> Vec<&'static str> {
        self.files.defects(source, index)
    }
}

/// The exam of the demo: Russian, three points, eight rooms, a hundred people, and some of every trouble.
#[must_use]
pub fn demo_exam(seed: u64, date: Date) -> DrawnExam {
    exam(&ExamSpec::demo(seed, date))
}

/// Makes the exam of a specification.
#[must_use]
pub fn exam(spec: &ExamSpec) -> DrawnExam {
    let mut rng = ChaCha8Rng::seed_from_u64(spec.seed);
    let mut plan = plan::plan(spec, &mut rng);
    let roles = Roles::choose(spec, &plan, &mut rng);
    roles.act(&mut plan);
    let (mut extras, mut foreign) = (Codes::new(&mut rng), Codes::foreign(&mut rng));
    let mut files = Files::new(ScanParams::default());
    let mut truth = ExamTruth { seed: spec.seed, ..ExamTruth::default() };
    let mut declared = Vec::with_capacity(plan.rooms.len());
    for (place, room) in plan.rooms.iter().enumerate() {
        let (mut pile, mut counts) = (Pile::default(), Counts::default());
        for (number, person) in plan.participants.iter().enumerate().filter(|(_, p)| (&p.ppe, &p.room) == (&room.ppe, &room.room)) {
            counts.seated += 1;
            if roles.absent.contains(&number) {
                counts.absent += 1;
            } else {
                pile.take(&plan, &roles, (number, person), &mut counts, &mut extras, &mut rng);
            }
        }
        let code = extras.take(prefix("PPE-13-02"), &mut rng);
        pile.genuine.insert(0, (sheet::ledger(&plan, room, &counts, &code, &mut rng), false));
        for _ in 0..spread(spec.foreign, place, plan.rooms.len()) {
            let code = foreign.take(prefix("AB"), &mut rng);
            pile.strays.push(sheet::foreign(&plan, &code, &mut rng));
        }
        // The last rooms miscount, so that the first are seen in good order.
        let from_end = plan.rooms.len() - place;
        let miscounted = spec.miscounted as usize;
        declared.push(pile.genuine.len() as u32 + u32::from(from_end <= miscounted));
        let as_one = from_end > miscounted && from_end - miscounted <= spec.fax_rooms as usize;
        pile.lay(room, as_one, &mut files, &mut truth);
    }
    for (room, declared) in plan.rooms.iter_mut().zip(declared) {
        room.declared_sheets = declared;
    }
    truth.persons = roles.unlike.into_values().collect();
    DrawnExam { plan, truth, files }
}

/// The sheets of a room.
#[derive(Default)]
struct Pile {
    /// Sheets that the room declares; `true` = comes as a one-bit file.
    genuine: Vec<(Sheet, bool)>,
    /// What lies at the end of the pile and should not.
    strays: Vec<Sheet>,
}

impl Pile {
    /// Takes the sheets of one person.
    fn take(
        &mut self,
        plan: &ExamPlan,
        roles: &Roles,
        (number, person): (usize, &Participant),
        counts: &mut Counts,
        extras: &mut Codes,
        rng: &mut ChaCha8Rng,
    ) {
        let (writer, style) = (rng.random(), roles.style(number));
        let mut registration = sheet::registration(plan, person, writer, rng);
        if let Some(truth) = roles.unlike.get(&number) {
            persons::write(&mut registration, truth);
        }
        if roles.removed.contains(&number) {
            counts.removed += 1;
            registration.write("removed", "1");
        }
        if roles.not_finished.contains(&number) {
            counts.not_finished += 1;
            registration.write("not-finished", "1");
        }
        if roles.cancelled.contains(&number) {
            registration.cancel("removed");
        }
        let mut answers = sheet::answers(plan, person, style, writer, rng);
        if roles.unreadable.contains(&number) {
            answers.oddity = Some(Oddity::UnreadableBarcode);
        }
        let first = sheet::long_first(plan, person, style, writer, rng);
        if roles.duplicates.contains(&number) {
            self.strays.push(Sheet { oddity: Some(Oddity::DuplicateScan), scan: rng.random(), ..first.clone() });
        }
        let has_extra = roles.extras.contains(&number);
        let extra = if has_extra { extras.take(prefix("CX"), rng) } else { String::new() };
        let second = sheet::long_second(plan, person, &extra, style, writer, rng);
        self.genuine.extend([(registration, false), (answers, roles.faxed.contains(&number)), (first, false), (second, false)]);
        if has_extra {
            counts.extras += 1;
            self.genuine.push((sheet::extra(plan, person, &extra, writer, rng), false));
        }
    }

    /// Lays the pile into the packet of its room, `as_one` file or one file a sheet; strays lie at its end.
    fn lay(self, room: &Room, as_one: bool, files: &mut Files, truth: &mut ExamTruth) {
        let folder = format!("{}-{}", room.ppe, room.room);
        let sheets = self.genuine.into_iter().chain(self.strays.into_iter().map(|stray| (stray, false)));
        if as_one {
            files.put(truth, &format!("{folder}/packet.tif"), sheets.map(|(sheet, _)| sheet).collect());
            return;
        }
        for (number, (sheet, faxed)) in sheets.enumerate() {
            let ending = if faxed { "tif" } else { "jpg" };
            files.put(truth, &format!("{folder}/sheet-{:03}.{ending}", number + 1), vec![sheet]);
        }
    }
}

/// How many of `total` things fall to `place` of `places` (the middle place first).
fn spread(total: u32, place: usize, places: usize) -> usize {
    let total = total as usize;
    let turn = (place + places - places / 2) % places.max(1);
    total / places.max(1) + usize::from(turn < total % places.max(1))
}
