//! What the operator's pages are made of: packets on their way, pages with what is wrong with their pictures. No values.

use rcoi_model::{ExamId, ExamState, RoomTrouble, SheetTrouble};
pub use rcoi_pipeline::{FileOutcome, OneFile, Place, Thumbnail, WatchState, WatchTrouble, WatchWhy};
pub use rcoi_store::{Lies, PacketProgress, PageLook};

/// An exam, as much as a line about it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExamHead {
    pub id: ExamId,
    pub subject: String,
    pub subject_name: String,
    pub date: jiff::civil::Date,
    pub state: ExamState,
}

/// All packets on their way, and the watched folder when there is one.
#[derive(Debug, Clone, PartialEq)]
pub struct IntakeView {
    /// The latest exam first.
    pub exams: Vec<(ExamHead, Vec<PacketProgress>)>,
    pub watch: Option<WatchState>,
}

/// One packet with its pages.
#[derive(Debug, Clone, PartialEq)]
pub struct PacketView {
    pub exam: ExamHead,
    pub packet: PacketProgress,
    /// What does not agree in the room.
    pub rooms: Vec<RoomTrouble>,
    /// By file name and place in the file.
    pub pages: Vec<PageView>,
}

/// One page.
#[derive(Debug, Clone, PartialEq)]
pub struct PageView {
    pub look: PageLook,
    /// What the senior is asked about the sheet.
    pub troubles: Vec<SheetTrouble>,
}
