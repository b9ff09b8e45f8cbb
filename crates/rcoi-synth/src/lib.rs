//! Synthetic exams: a plan, filled sheets with their truth, and pictures as a scanner would give them. Seeded, no I/O.

mod answers;
mod bubble;
mod defects;
mod draw;
mod entry;
mod exam;
mod fax;
mod files;
pub mod hand;
mod jpeg;
mod kit;
mod marks;
mod people;
mod persons;
mod plan;
mod rng;
mod scan;
mod sheet;
mod stamps;
mod warp;
mod words;

pub use bubble::{DrawnTest, TestSpec, bubble_test, test};
pub use defects::{Corner, Torn};
pub use exam::{DrawnExam, Job, demo_exam, exam};
pub use fax::{FaxPage, fax_tiff};
pub use jpeg::jpeg;
pub use marks::MarkShape;
pub use plan::ExamSpec;
pub use scan::{Pass, ScanParams, scan};

/// Why a file of a drawn exam could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SynthError {
    #[error("`{0}` is no file of this exam: expected a job made by its `jobs`")]
    UnknownFile(String),
    #[error("there is no template `{0}`: expected one of the shipped forms")]
    UnknownTemplate(String),
    #[error("template `{template}` has no field `{field}` that can hold `{value}`")]
    Field { template: String, field: String, value: String },
    #[error("the blank cannot be drawn: {0}")]
    Blank(#[from] rcoi_template::draw::DrawError),
    #[error("a picture of {width} × {height} pixels cannot be written: expected 1 to 65535 on each side")]
    PictureSize { width: u32, height: u32 },
}
