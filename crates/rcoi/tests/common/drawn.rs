//! A small drawn exam that has one of every trouble, as input of the demo.

use rcoi_model::PageTruth;
use rcoi_synth::{DrawnExam, ExamSpec, exam};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

pub(crate) const PEOPLE: u32 = 6;
pub(crate) const SEED: u64 = 3;

/// One room, six people, one of every trouble.
pub(crate) fn drawn() -> DrawnExam {
    exam(&ExamSpec {
        seed: SEED,
        date: jiff::civil::date(2027, 6, 3),
        points: 1,
        rooms: 1,
        participants: PEOPLE,
        extras: 1,
        removed: 1,
        not_finished: 1,
        absent: 1,
        duplicates: 1,
        foreign: 1,
        unreadable: 1,
        overruns: 1,
        corrected: 1,
        astray: 0,
        empty: 0,
        cancelled: 0,
        renamed: 1,
        slips: 1,
        faxed: 1,
        fax_rooms: 0,
        miscounted: 1,
    })
}

/// Writes the input of the demo as the demo would; gives the bytes' sums with the truth of the sheet.
pub(crate) fn write_input(exam: &DrawnExam, input: &Path) -> BTreeMap<String, PageTruth> {
    let mut sums = BTreeMap::new();
    for (job, truth) in exam.jobs().iter().zip(&exam.truth.pages) {
        let bytes = exam.draw(job).unwrap();
        let file = input.join("packets").join(&job.source);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, &bytes).unwrap();
        let sum: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        sums.insert(sum, truth.clone());
    }
    std::fs::write(input.join("exam.json"), serde_json::to_vec(&exam.plan).unwrap()).unwrap();
    std::fs::write(input.join("truth.json"), serde_json::to_vec(&exam.truth).unwrap()).unwrap();
    sums
}
