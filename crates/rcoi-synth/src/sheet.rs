//! What one sheet says: printed values, what the hand writes, and its truth.

use crate::answers::{self, Style};
use crate::entry::Entry;
use crate::marks::MarkShape;
use crate::people::code_of;
use crate::scan::Pass;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rcoi_model::{ExamPlan, Oddity, PageTruth, Participant, Room};
use rcoi_template::{FieldSpec, Preprint, Template};
use std::collections::BTreeMap;

/// Fields that carry the code of a sheet as bars.
pub(crate) const CODES: [&str; 2] = ["code", "code-vertical"];

/// One sheet, ready to be drawn.
#[derive(Debug, Clone)]
pub(crate) struct Sheet {
    pub(crate) template: &'static str,
    pub(crate) code: String,
    pub(crate) participant: Option<String>,
    pub(crate) printed: Preprint,
    pub(crate) written: BTreeMap<String, Entry>,
    pub(crate) oddity: Option<Oddity>,
    /// Seed of the hand: the same for all sheets of one person.
    pub(crate) writer: u64,
    /// Seed of what is written here; a second scan of the sheet has the same.
    pub(crate) ink: u64,
    /// Seed of the scanner's pass.
    pub(crate) scan: u64,
}

impl Sheet {
    pub(crate) fn new(template: &'static str, code: &str, writer: u64, rng: &mut ChaCha8Rng) -> Self {
        let mut printed = Preprint::new();
        for field in CODES {
            printed.insert(field.to_owned(), code.to_owned());
        }
        let (ink, scan) = (rng.random(), rng.random());
        Self { template, code: code.to_owned(), participant: None, printed, written: BTreeMap::new(), oddity: None, writer, ink, scan }
    }

    fn print(&mut self, field: &str, value: &str) {
        self.printed.insert(field.to_owned(), value.to_owned());
    }

    pub(crate) fn write(&mut self, field: &str, value: &str) {
        if !value.is_empty() {
            self.put(field, Entry::Plain(value.to_owned()));
        }
    }

    pub(crate) fn put(&mut self, field: &str, entry: Entry) {
        self.written.insert(field.to_owned(), entry);
    }

    /// A mark that was taken back: the box is blackened.
    pub(crate) fn cancel(&mut self, field: &str) {
        self.put(field, Entry::Marked(vec![("1".to_owned(), MarkShape::Blackened)]));
    }

    /// The truth about this sheet, page `index` of the file `source`; and the fields that only a person can settle, among them
    /// those of which this pass of the scanner lost a part.
    pub(crate) fn truth(&self, source: &str, index: u32, template: Option<&Template>, pass: &Pass) -> (PageTruth, Vec<String>) {
        let mut fields: BTreeMap<String, String> = self.printed.clone();
        let mut doubtful = Vec::new();
        for (name, entry) in &self.written {
            let (value, doubt) = entry.meaning(template.and_then(|t| t.field(name)).map(|f| &f.spec));
            if !value.is_empty() {
                fields.insert(name.clone(), value);
            }
            if doubt {
                doubtful.push(name.clone());
            }
        }
        if self.oddity == Some(Oddity::UnreadableBarcode) {
            doubtful.extend(CODES.map(str::to_owned));
        }
        if let Some(template) = template {
            let lost = |name: &&String| {
                template.field(name).is_some_and(|f| lost(&f.spec, &fields[*name], (template.width, template.height), pass))
            };
            doubtful.extend(fields.keys().filter(lost).filter(|name| !doubtful.contains(name)).cloned().collect::<Vec<_>>());
        }
        let page = PageTruth {
            source: source.to_owned(),
            index,
            template: self.template.to_owned(),
            sheet_code: self.code.clone(),
            participant: self.participant.clone(),
            fields,
            oddity: self.oddity,
        };
        (page, doubtful)
    }
}

/// Did the pass lose a part of what is written in a field? Of an area for long texts and of a window for a signature enough
/// is always left to see that something is there, and a code vouches for itself: with half of its bars it is read or not.
fn lost(spec: &FieldSpec, value: &str, size: (f32, f32), pass: &Pass) -> bool {
    match spec {
        FieldSpec::Cells(cells) => {
            let written = cells.cells.iter().zip(value.chars()).filter(|(_, c)| *c != ' ');
            written.into_iter().any(|(cell, _)| pass.hides(size, cell))
        }
        FieldSpec::Marks(field) => field.boxes.iter().any(|b| value.split('|').any(|v| v == b.value) && pass.hides(size, &b.area)),
        FieldSpec::Code(_) | FieldSpec::Ink(_) | FieldSpec::Image(_) => false,
    }
}

/// A sheet with the head that all forms of a kit share.
fn of_kit(template: &'static str, code: &str, plan: &ExamPlan, person: &Participant, writer: u64, rng: &mut ChaCha8Rng) -> Sheet {
    let mut sheet = Sheet::new(template, code, writer, rng);
    sheet.participant = Some(person.code.clone());
    subject(&mut sheet, plan, &plan.subject, &plan.subject_name);
    sheet
}

fn subject(sheet: &mut Sheet, plan: &ExamPlan, code: &str, name: &str) {
    sheet.print("region", &plan.region);
    sheet.print("subject", code);
    // The name has three cells on the form.
    sheet.print("subject-name", &name.chars().take(3).collect::<String>());
}

/// Day as `ddmmyy`.
fn date(plan: &ExamPlan) -> String {
    plan.date.strftime("%d%m%y").to_string()
}

/// Registration form.
pub(crate) fn registration(plan: &ExamPlan, person: &Participant, writer: u64, rng: &mut ChaCha8Rng) -> Sheet {
    let mut sheet = of_kit("ege-r", code_of(person, "R"), plan, person, writer, rng);
    sheet.print("date", &date(plan));
    sheet.print("ppe", &person.ppe);
    let (number, letter): (String, String) = person.class.chars().partition(char::is_ascii_digit);
    for (field, value) in [
        ("school", &person.school),
        ("class-number", &number),
        ("class-letter", &letter),
        ("room", &person.room),
        ("surname", &person.surname),
        ("name", &person.name),
        ("patronymic", &person.patronymic),
        ("document-series", &person.document_series),
        ("document-number", &person.document_number),
    ] {
        sheet.write(field, value);
    }
    sheet.write("signature", "1");
    sheet.write("organiser-signature", "1");
    sheet
}

/// Form of short answers.
pub(crate) fn answers(plan: &ExamPlan, person: &Participant, style: Style, writer: u64, rng: &mut ChaCha8Rng) -> Sheet {
    let mut sheet = of_kit("ege-ab", code_of(person, "AB"), plan, person, writer, rng);
    sheet.print("qr", code_of(person, "AB"));
    answers::fill(&mut sheet, plan.answers, style, rng);
    sheet
}

/// First sheet of long answers.
pub(crate) fn long_first(plan: &ExamPlan, person: &Participant, style: Style, writer: u64, rng: &mut ChaCha8Rng) -> Sheet {
    let mut sheet = of_kit("ege-c1", code_of(person, "C1"), plan, person, writer, rng);
    sheet.print("sheet-number", "1");
    sheet.print("link", code_of(person, "C2"));
    if style != Style::Empty {
        sheet.write("text", "1");
    }
    sheet
}

/// Second sheet of long answers; `extra` = code of the extra sheet that was handed out, empty when none.
pub(crate) fn long_second(plan: &ExamPlan, person: &Participant, extra: &str, style: Style, writer: u64, rng: &mut ChaCha8Rng) -> Sheet {
    let mut sheet = of_kit("ege-c2", code_of(person, "C2"), plan, person, writer, rng);
    sheet.print("sheet-number", "2");
    sheet.write("link", extra);
    let writes = rng.random_bool(0.8);
    if style != Style::Empty && (writes || !extra.is_empty()) {
        sheet.write("text", "1");
    }
    sheet
}

/// Extra sheet, number 3.
pub(crate) fn extra(plan: &ExamPlan, person: &Participant, code: &str, writer: u64, rng: &mut ChaCha8Rng) -> Sheet {
    let mut sheet = of_kit("ege-c-extra", code, plan, person, writer, rng);
    sheet.write("sheet-number", "3");
    sheet.write("text", "1");
    sheet
}

/// A form of short answers of another subject, strayed into the pile.
pub(crate) fn foreign(plan: &ExamPlan, code: &str, rng: &mut ChaCha8Rng) -> Sheet {
    let writer = rng.random();
    let mut sheet = Sheet::new("ege-ab", code, writer, rng);
    subject(&mut sheet, plan, "03", "ФИЗИКА");
    sheet.print("qr", code);
    answers::fill(&mut sheet, plan.answers, Style::Plain, rng);
    sheet.oddity = Some(Oddity::ForeignSubject);
    sheet
}

/// What a room's ledger counts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) seated: usize,
    pub(crate) absent: usize,
    pub(crate) removed: usize,
    pub(crate) not_finished: usize,
    pub(crate) extras: usize,
}

/// Ledger of a room.
pub(crate) fn ledger(plan: &ExamPlan, room: &Room, counts: &Counts, code: &str, rng: &mut ChaCha8Rng) -> Sheet {
    let writer = rng.random();
    let mut sheet = Sheet::new("ppe-13-02", code, writer, rng);
    for (field, value) in [("ppe", room.ppe.as_str()), ("room", &room.room), ("date", &date(plan)), ("page", "1"), ("pages", "1")] {
        sheet.print(field, value);
    }
    let came = counts.seated - counts.absent;
    for (field, value) in [
        ("seated", counts.seated),
        ("came", came),
        ("absent", counts.absent),
        ("removed", counts.removed),
        ("not-finished", counts.not_finished),
        ("count-r", came),
        ("count-ab", came),
        ("count-c1", came),
        ("count-c2", came),
        ("count-cx", counts.extras),
    ] {
        sheet.write(field, &format!("{value:03}"));
    }
    sheet.write("signature", "1");
    sheet
}
