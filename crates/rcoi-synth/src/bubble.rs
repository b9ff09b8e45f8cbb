//! A class that sits a test on bubble sheets: every sheet with its truth, honest marks and dishonest ones.

use crate::entry::Entry;
use crate::files::Files;
use crate::kit::{Codes, prefix};
use crate::marks::MarkShape;
use crate::scan::ScanParams;
use crate::sheet::Sheet;
use crate::{Job, SynthError};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rcoi_model::ExamTruth;
use rcoi_template::Outline;

/// Questions on the sheet and what may be marked.
const QUESTIONS: u32 = 100;
const CHOICES: [&str; 5] = ["A", "B", "C", "D", "E"];
const VARIANTS: [&str; 4] = ["A", "B", "C", "D"];
/// Digits of a student's number.
const DIGITS: u32 = 8;

/// How large a test is and how people fill it. Shares are 0..=1 of all questions.
#[derive(Debug, Clone, PartialEq)]
pub struct TestSpec {
    pub seed: u64,
    pub students: u32,
    /// Questions left blank.
    pub blank: f64,
    /// Questions with two marks.
    pub double: f64,
    /// Questions with stray ink, erased marks or a bubble blackened over its edge.
    pub dishonest: f64,
    pub scan: ScanParams,
}

impl TestSpec {
    #[must_use]
    pub fn new(seed: u64, students: u32) -> Self {
        Self { seed, students, blank: 0.04, double: 0.015, dishonest: 0.02, scan: ScanParams::default() }
    }
}

/// A test whose pictures are drawn when asked for; the same specification gives the same bytes.
#[derive(Debug, Clone)]
pub struct DrawnTest {
    /// One file a student; the participant is the student's number.
    pub truth: ExamTruth,
    files: Files,
}

impl DrawnTest {
    /// All files in the order of the truth.
    #[must_use]
    pub fn jobs(&self) -> Vec<Job> {
        Files::jobs(&self.truth)
    }

    /// The bytes of one file: a grey JPEG, 300 dpi.
    ///
    /// # Errors
    /// A job of another test.
    pub fn draw(&self, job: &Job) -> Result<Vec<u8>, SynthError> {
        self.files.draw(job)
    }

    /// What is out of the ordinary about page `index` of the file `source`, in words, for counting by cause.
    #[must_use]
    pub fn defects(&self, source: &str, index: u32) -> Vec<&'static str> {
        self.files.defects(source, index)
    }
}

/// A class of `students` with the usual faults.
#[must_use]
pub fn bubble_test(seed: u64, students: u32) -> DrawnTest {
    test(&TestSpec::new(seed, students))
}

/// Makes the test of a specification.
#[must_use]
pub fn test(spec: &TestSpec) -> DrawnTest {
    let mut rng = ChaCha8Rng::seed_from_u64(spec.seed);
    let mut codes = Codes::new(&mut rng);
    let mut files = Files::new(spec.scan.clone());
    let mut truth = ExamTruth { seed: spec.seed, ..ExamTruth::default() };
    for number in 1..=spec.students {
        let code = codes.take(prefix("TEST"), &mut rng);
        let sheet = sheet(spec, &code, &mut rng);
        files.put(&mut truth, &format!("test/sheet-{number:03}.jpg"), vec![sheet]);
    }
    DrawnTest { truth, files }
}

fn sheet(spec: &TestSpec, code: &str, rng: &mut ChaCha8Rng) -> Sheet {
    let mut sheet = Sheet::new("bubble-100", code, rng.random(), rng);
    let student: String = (0..DIGITS).map(|_| char::from(b'0' + rng.random_range(0..=9u8))).collect();
    // One person marks in one way.
    let usual = MarkShape::honest(Outline::Circle, rng.random());
    for (place, digit) in (1..).zip(student.chars()) {
        sheet.put(&format!("student-{place}"), marked(&[(&digit.to_string(), usual)]));
    }
    sheet.put("variant", marked(&[(VARIANTS[rng.random_range(0..VARIANTS.len())], usual)]));
    for question in 1..=QUESTIONS {
        let right = rng.random_range(0..CHOICES.len());
        let other = (right + rng.random_range(1..CHOICES.len())) % CHOICES.len();
        let (right, other) = (CHOICES[right], CHOICES[other]);
        let kind: f64 = rng.random();
        let marks = if kind < spec.blank {
            continue;
        } else if kind < spec.blank + spec.double {
            marked(&[(right, usual), (other, usual)])
        } else if kind < spec.blank + spec.double + spec.dishonest {
            dishonest(right, other, usual, rng)
        } else {
            marked(&[(right, usual)])
        };
        sheet.put(&format!("q-{question}"), marks);
    }
    sheet.participant = Some(student);
    sheet
}

fn marked(marks: &[(&str, MarkShape)]) -> Entry {
    Entry::Marked(marks.iter().map(|(value, shape)| ((*value).to_owned(), *shape)).collect())
}

fn dishonest(right: &str, other: &str, usual: MarkShape, rng: &mut ChaCha8Rng) -> Entry {
    match rng.random_range(0..5) {
        0 => marked(&[(right, usual), (other, MarkShape::Stray)]),
        1 => marked(&[(right, MarkShape::Stray)]),
        2 => marked(&[(right, usual), (other, MarkShape::Erased)]),
        3 => marked(&[(right, MarkShape::Erased)]),
        // This form knows no cancelling: two marks.
        _ => marked(&[(right, usual), (other, MarkShape::Blackened)]),
    }
}
