//! Synthetic exams: a plan, filled sheets with their truth, and pictures as a scanner would give them. Seeded, no I/O.

mod draw;
mod exam;
pub mod hand;
mod kit;
mod marks;
mod people;
mod rng;
mod scan;
mod sheet;
mod words;

pub use exam::{DrawnExam, ExamSpec, Job, demo_exam, exam};
pub use marks::MarkShape;
pub use scan::{ScanParams, scan};

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
    #[error("the picture cannot be written as JPEG: {0}")]
    Picture(#[from] image::ImageError),
}
