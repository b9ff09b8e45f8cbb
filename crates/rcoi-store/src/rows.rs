//! Row types that the store hands out and takes in.

use jiff::Timestamp;
use rcoi_model::{
    BlobHash, BoardId, ExamId, ExamPlan, ExamState, Finding, PackageId, PacketId, Page, PageId, Role, Task, TaskId, TaskState, TaskSubject,
    TemplateId, UserId, Verdict, VerdictAct,
};
use serde::{Deserialize, Serialize};

/// Whether a write did something or had been done before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// The rows are new.
    New,
    /// The same write was done earlier (or its page has left the work); nothing changed.
    Already,
}

/// What [`crate::Store::begin_reading`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// The page is the caller's until its lease ends; this is the `attempt`th time that somebody begins, from 1.
    Yours { page: Page, attempt: u32, fault: Option<String> },
    /// Somebody else reads it, or it does not wait to be read (any more).
    NotNow,
}

/// Pages that wait to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct OutboxStats {
    pub waiting: u64,
    /// Of them, in the queue under a lease.
    pub published: u64,
    /// Of them, in a worker's hands.
    pub in_work: u64,
    /// Of them, tried before without a result.
    pub failed: u64,
    /// When the oldest one came.
    pub oldest: Option<Timestamp>,
}

/// What [`crate::Store::import_exam`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    New,
    /// The very same plan is stored already.
    Same,
    /// The exam was open and had another plan; this one replaces it.
    Replaced,
}

/// An exam with its plan and state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExamRow {
    pub id: ExamId,
    pub plan: ExamPlan,
    pub state: ExamState,
    pub imported_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    pub packaged_at: Option<Timestamp>,
}

/// What [`crate::Store::sync_tasks`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Synced {
    pub inserted: u64,
    pub reopened: u64,
    /// Open tasks that were not in the list any more.
    pub obsolete: u64,
}

/// Which tasks to list. Every `None` means "any".
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaskFilter {
    pub exam: Option<ExamId>,
    pub station: Option<Role>,
    pub state: Option<TaskState>,
    pub page: Option<PageId>,
    pub packet: Option<PacketId>,
    /// Start of the task's key.
    pub key_prefix: Option<String>,
    /// At most this many; `None` = all.
    pub limit: Option<u32>,
}

/// A task with what the store knows beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskRow {
    pub task: Task,
    pub claimed_by: Option<UserId>,
    pub lease_until: Option<Timestamp>,
}

/// How many tasks of one exam stand at one station in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TaskCount {
    pub station: Role,
    pub state: TaskState,
    pub count: u64,
    /// Of them, under a lease now.
    pub claimed: u64,
}

/// Open tasks at one station.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct OpenCount {
    pub station: Role,
    /// About personal data.
    pub persons: u64,
    /// About fields, sheets and rooms.
    pub others: u64,
}

/// What happens to the task of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AfterVerdict {
    /// It is done.
    #[default]
    Done,
    /// It stays open at this station, free for anybody there (a rescan was asked for).
    StaysOpen(Role),
}

/// What else is written together with a verdict.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecordOptions {
    /// Tasks that follow from the verdict (a passed field becomes a task of the senior).
    pub new_tasks: Vec<Task>,
    /// Take this page out of the work, with the reason; its open tasks become obsolete.
    pub exclude: Option<(PageId, String)>,
    pub after: AfterVerdict,
}

/// A verdict that counts (not undone), with the task it settles.
#[derive(Debug, Clone, PartialEq)]
pub struct VerdictRow {
    /// Order in which verdicts were stored; the greatest of a task counts.
    pub seq: i64,
    pub verdict: Verdict,
    pub task_key: String,
    pub station: Role,
    pub task_state: TaskState,
    pub page: Option<PageId>,
    pub packet: Option<PacketId>,
    pub subject: TaskSubject,
}

/// A person who may log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub login: String,
    /// Shown to colleagues; may be empty.
    pub title: String,
    pub role: Role,
    /// PHC string; the store never looks inside.
    pub password_hash: String,
    pub disabled: bool,
    /// Sees figures and changes nothing, whatever the role.
    pub auditor: bool,
    pub created_at: Timestamp,
}

/// What a new user is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    pub login: String,
    pub title: String,
    pub role: Role,
    pub password_hash: String,
}

/// A login session. Only the hash of the token is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of the cookie value, as hexadecimal text; made by the caller.
    pub token_hash: String,
    pub user: UserId,
    pub csrf: String,
    /// The end, however busy the person is.
    pub expires_at: Timestamp,
}

/// Something that happened, for the audit chain. No names of participants, no answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditEntry {
    /// `None`: the program itself.
    pub user: Option<UserId>,
    /// What was done, such as `exam.close`.
    pub act: String,
    /// Id of what it was done to.
    pub target: String,
    /// JSON or plain text.
    pub detail: String,
}

/// One link of the audit chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// 1, 2, 3 … without gaps.
    pub seq: i64,
    pub at: Timestamp,
    pub entry: AuditEntry,
    /// Hash of the row before, 64 zeros for the first.
    pub prev: String,
    /// SHA-256 over this row's content and `prev`.
    pub hash: String,
}

/// What walking the audit chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditReport {
    /// Every link holds; `head` is the hash of the last row.
    Whole { rows: u64, head: String },
    /// The first link that does not hold, and why.
    Broken { seq: i64, reason: String },
}

/// A package file to remember.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPackage {
    pub exam: ExamId,
    /// `None`: the manifest of the whole exam.
    pub packet: Option<PacketId>,
    /// 1 for the first sending, 2 after a rejection, …
    pub version: u32,
    pub name: String,
    pub blob: BlobHash,
    /// Bytes.
    pub size: u64,
}

/// A stored package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageRow {
    pub id: PackageId,
    pub package: NewPackage,
    pub made_at: Timestamp,
}

/// Counts of one packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PacketStats {
    pub packet: PacketId,
    pub ppe: String,
    pub room: String,
    /// Sheets the point declared.
    pub declared: u64,
    /// The head wants it read before all others.
    pub raised: bool,
    /// Pages that came, in whatever state.
    pub scanned: u64,
    /// Of them, waiting to be read.
    pub received: u64,
    pub read: u64,
    pub set_aside: u64,
    pub excluded: u64,
    pub open_tasks: u64,
    pub done_tasks: u64,
}

/// Counts of one exam.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExamStats {
    pub exam: ExamId,
    pub packets: u64,
    /// Packets with at least one page.
    pub packets_started: u64,
    pub declared: u64,
    pub scanned: u64,
    pub received: u64,
    pub read: u64,
    pub set_aside: u64,
    pub excluded: u64,
    pub open_tasks: u64,
    pub claimed_tasks: u64,
    pub done_tasks: u64,
}

/// Who undid what: the task is open again and claimed by the same person.
#[derive(Debug, Clone, PartialEq)]
pub struct Undone {
    pub verdict: Verdict,
    pub task: Task,
}

/// A character in doubt that a person may judge apart from its field.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSymbol {
    /// The open task about its field, at the verifiers' station.
    pub task: TaskId,
    /// Place in the field, from 0.
    pub cell: u32,
    /// As the machine read it.
    pub symbol: char,
    /// The machine's second choice.
    pub rival: Option<char>,
    /// Chance that the machine is wrong, 0..=1.
    pub doubt: f32,
    /// The cell with a little around it: PNG as base64.
    pub picture: String,
}

/// What the head said about an exam's verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRow {
    pub seq: i64,
    /// The table as a document; `None` = as the installation has it.
    pub document: Option<String>,
    pub user: UserId,
    pub at: Timestamp,
    /// Every page that was read before has been looked at again.
    pub applied: bool,
}

/// What looking again at pages did to their tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Revised {
    pub added: u64,
    pub withdrawn: u64,
}

/// A field that people are asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cutout {
    /// Its name in the form.
    pub field: String,
    /// It with its surroundings: PNG as base64.
    pub picture: String,
}

/// Pictures that are saved with a reading.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cuts {
    /// The policy that the tasks follow from (0 = none was ever set); `None` = whichever.
    pub policy: Option<i64>,
    /// Characters that can be judged apart from their field.
    pub symbols: Vec<NewSymbol>,
    pub fields: Vec<Cutout>,
}

/// A character in a person's hands.
#[derive(Debug, Clone, PartialEq)]
pub struct SymbolRow {
    pub exam: ExamId,
    pub symbol: NewSymbol,
    /// What it stands in.
    pub subject: TaskSubject,
}

/// What a person said about one character.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardItem {
    pub task: TaskId,
    pub cell: u32,
    /// What is written there; `None`: the whole field must be seen.
    pub said: Option<char>,
}

/// Characters judged together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    pub id: BoardId,
    pub user: UserId,
    pub items: Vec<BoardItem>,
}

/// What became of a board.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BoardDone {
    /// It was stored before; nothing changed and nothing below is counted.
    pub already: bool,
    /// Fields of which now every character is judged: their verdicts are stored.
    pub settled: u64,
    /// Characters that are not this person's any more: somebody else has the field, or it is settled.
    pub gone: u64,
    /// Exams of the fields that were settled.
    pub exams: Vec<ExamId>,
    /// A character that may not stand in its field: nothing was stored.
    pub refused: Option<BoardItem>,
}

/// What [`crate::Store::undo_board`] took back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoneBoard {
    pub id: BoardId,
    /// Characters that wait to be judged again, in this person's hands.
    pub back: u64,
    /// Characters on which others have built: they stay as they were said.
    pub kept: u64,
    pub exams: Vec<ExamId>,
}

/// A settled field whose value has two witnesses.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownField {
    /// The senior's task, or the second of two independent ones.
    pub task: Task,
    pub said: VerdictAct,
    /// What the first of two independent readers said; `None` for the senior.
    pub other: Option<VerdictAct>,
}

/// What a person made of a known field.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlAnswer {
    pub user: UserId,
    pub truth: String,
    pub act: VerdictAct,
}

/// Known answers that a person saw again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Controls {
    pub user: UserId,
    pub shown: u64,
    /// Confirmed as something else than they are.
    pub wrong: u64,
}

/// A confident field that was shown blindly.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleRow {
    /// The field as the machine read it.
    pub subject: TaskSubject,
    /// What the person said who saw it; `None` while nobody did.
    pub said: Option<(UserId, VerdictAct)>,
    /// What the senior said when that differed; `None` while it is open, or when there was nothing to say.
    pub settled: Option<VerdictAct>,
}

/// A packet on its way, as the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PacketProgress {
    pub packet: PacketId,
    pub ppe: String,
    pub room: String,
    pub declared: u64,
    /// The head wants it read before all others.
    pub raised: bool,
    /// Pages that came and were not excluded.
    pub scanned: u64,
    /// Of them, waiting to be read.
    pub received: u64,
    pub read: u64,
    pub set_aside: u64,
    pub excluded: u64,
    /// Read pages about which somebody is still asked.
    pub doubtful: u64,
    /// Read pages with findings about the picture.
    pub found: u64,
    /// When the last page came.
    pub last: Option<Timestamp>,
    /// When the oldest page came that still waits to be read.
    pub oldest: Option<Timestamp>,
}

/// A page as the operator sees it: no values.
#[derive(Debug, Clone, PartialEq)]
pub struct PageLook {
    pub page: Page,
    pub received_at: Timestamp,
    pub lies: Option<Lies>,
    pub findings: Vec<Finding>,
    pub open_tasks: u64,
}

/// How a page that was read lies in its picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lies {
    /// `None`: no form was recognised.
    pub form: Option<TemplateId>,
    /// Clockwise quarter turns that bring it upright.
    pub quarter_turns: u8,
}

/// A file of the watched folder that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchedFile {
    pub path: String,
    pub size: u64,
    /// When it was changed last, microseconds since 1970.
    pub modified: i64,
    pub outcome: WatchedOutcome,
    pub reason: Option<String>,
    pub pages: u64,
}

/// What became of a file of the watched folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchedOutcome {
    Taken,
    /// Stored, but a person must look at it.
    SetAside,
    /// Not stored.
    Refused,
}
