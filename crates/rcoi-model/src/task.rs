//! Tasks for people, their verdicts, and who may do what.

use crate::exam::kebab_text;
use crate::geometry::Quad;
use crate::ids::{ExamId, PacketId, PageId, TaskId, UserId, VerdictId};
use crate::reading::{Doubt, FieldKind};
use serde::{Deserialize, Serialize};

/// Something a person must settle. `key` is unique in the exam and says what it is about:
/// writing the same task twice adds nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    pub id: TaskId,
    pub exam: ExamId,
    pub key: String,
    /// Which role settles it: verifier or senior.
    pub station: Role,
    pub state: TaskState,
    pub page: Option<PageId>,
    pub packet: Option<PacketId>,
    pub subject: TaskSubject,
}

impl Task {
    #[must_use]
    pub fn id_for(exam: ExamId, key: &str) -> TaskId {
        TaskId::derived(&[&exam.to_string(), key])
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskState {
    /// Waiting, or claimed under a lease.
    Open,
    Done,
    /// The reason for it has gone (the page was excluded, the count agrees now).
    Obsolete,
}

kebab_text!(TaskState { Open = "open", Done = "done", Obsolete = "obsolete" });

/// What a task is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "kebab-case")]
pub enum TaskSubject {
    /// One doubtful field of a page.
    Field {
        field: String,
        kind: FieldKind,
        class: String,
        value: String,
        confidence: f32,
        doubts: Vec<Doubt>,
        /// Field area in picture pixels.
        area: Quad,
        /// Characters the field may hold; empty = any.
        permitted: String,
        /// Cells in the field, 0 when it has none.
        cells: u32,
        /// Values of the boxes (kind `marks`).
        options: Vec<String>,
    },
    /// A whole sheet that nobody could place: see [`SheetTrouble`].
    Sheet { trouble: SheetTrouble, detail: String },
    /// A room or a participant whose records do not agree: see [`RoomTrouble`].
    Room { trouble: RoomTrouble, detail: String },
    /// Personal data on a registration form that differ from the register.
    Person {
        /// Code of the participant, not a name.
        participant: String,
        /// Every compared field in the order of the form; at least one differs.
        lines: Vec<PersonLine>,
    },
}

/// One field of the registration form beside the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonLine {
    pub field: String,
    /// As it is written on the form, after verification.
    pub form: String,
    pub register: String,
    pub differs: bool,
}

/// What a decision about personal data rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Ground {
    /// The point's list of corrections of personal data (ППЭ-12-02) names the change.
    CorrectionList,
    /// That list has no line on it: a slip of the participant's pen.
    WritingSlip,
    /// Something else, in words.
    Stated { reason: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SheetTrouble {
    /// The file cannot be decoded, or took too long.
    Undecodable,
    UnknownForm,
    BlankPage,
    CodeUnreadable,
    /// The code is well formed but not in any kit of the exam.
    UnknownCode,
    /// The same code on two pages.
    DuplicateCode,
    /// Region, subject or date printed on the sheet differ from the exam.
    ForeignSheet,
    /// An extra sheet no other sheet points at.
    Unlinked,
    /// A verifier passed a field to the senior, or asked for a rescan.
    Passed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoomTrouble {
    /// Declared and scanned sheets differ.
    CountDiffers,
    /// 13-02-МАШ says otherwise than the sheets or the roster.
    LedgerDiffers,
    /// No 13-02-МАШ for the room.
    LedgerMissing,
    /// A present participant lacks a sheet of the kit.
    SheetMissing,
    /// Absent in the record but sheets are there, or the other way round.
    AttendanceDiffers,
    /// The removed / not finished mark and the acts of the point differ.
    ActDiffers,
    /// Names or document on the registration form differ from the roster. Stored by versions that had no station for
    /// personal data; now it is [`TaskSubject::Person`].
    PersonDiffers,
    /// The count of replacements written by the organiser differs from the replacements read.
    ReplacementsDiffer,
    /// A sheet was scanned in the packet of another room.
    WrongRoom,
}

/// What a person decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub enum VerdictAct {
    /// The field says exactly this.
    Value { value: String },
    /// Cannot be settled here: to the senior, with a reason.
    Pass { reason: String },
    /// The sheet's code, typed by hand.
    SheetCode { code: String },
    /// Tie the sheet to a participant of the exam (as the form it is read as).
    Bind { participant: String, reason: String },
    /// Take the page out of the work.
    Exclude { reason: String },
    /// The difference is explained and accepted.
    Explain { reason: String },
    /// The registration form is right: the register is to be corrected.
    AcceptForm { ground: Ground },
    /// The register is right: the form has a slip.
    KeepRegister { ground: Ground },
    /// Ask the operator to scan the sheet again; the task stays open for the senior until a page replaces it.
    Rescan { reason: String },
}

/// A verdict as it is stored: append-only, the latest of a task counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    pub id: VerdictId,
    pub task: TaskId,
    pub user: UserId,
    pub act: VerdictAct,
    /// When, as RFC 3339 in UTC.
    pub at: String,
}

/// What a user may do. A user has one role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    Operator,
    Verifier,
    Senior,
    Head,
    Admin,
}

kebab_text!(Role { Operator = "operator", Verifier = "verifier", Senior = "senior", Head = "head", Admin = "admin" });
