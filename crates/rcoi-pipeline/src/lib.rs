//! The chain of an exam: intake, reading, verification, binding, reconciliation, closing, packaging.
//!
//! [`stages`] is the visible list; [`Pipeline`] is the handle that the web and the binary use. Everything restarts
//! from the store: a row in state `received` is the outbox, and every write is idempotent.

mod advice;
mod apart;
mod archive;
mod arrival;
mod boards;
mod check;
mod close;
mod controls;
mod cutout;
mod error;
mod estimate;
mod facts;
mod field_tasks;
mod figures;
mod gray;
mod intake;
mod known;
mod make_package;
pub mod package;
mod packet_name;
mod persons;
mod pictures;
mod pipeline;
mod policies;
mod quality;
mod reader;
mod relay;
pub mod stages;
mod thumbnail;
mod verdict;
mod wanted;
mod watch;
mod worker;

pub use advice::{EMPTY_ARCHIVE, refusal};
pub use apart::{Answer, Pixels, Question, Said, Servant, Servants, serve};
pub use arrival::{BadName, Place, place_of};
pub use boards::SymbolTask;
pub use close::ExamGate;
pub use error::{PipelineError, Result};
pub use estimate::{Estimate, Way};
pub use intake::{FileOutcome, IntakeProgress, IntakeReport, OneFile};
pub use known::ExamKnowledge;
pub use packet_name::PacketName;
pub use pictures::{CellPicture, FieldPicture, Pictures, Wanted, cut};
pub use pipeline::{Duty, Params, Parts, Pipeline, Running};
pub use policies::{Load, Preview};
pub use quality::Quality;
pub use reader::{PageReader, Reader, read_page};
pub use thumbnail::{THUMBNAIL, Thumbnail};
pub use watch::{WatchParams, WatchState, WatchTrouble, WatchWhy};
