//! What the web needs from the centre: one small trait, so that the router is tested with an in-memory twin.

pub use crate::beside::{Beside, Row, Tie};
use crate::piles::{IntakeView, OneFile, PacketView, Place, Thumbnail};
use crate::roles::Post;
use crate::said::Said;
use axum::body::Body;
use futures::future::BoxFuture;
use rcoi_model::{BoardId, ExamId, ExamState, PackageId, PacketId, PageId, PageState, Role, Task, TaskId, UserId, VerdictAct, VerdictId};
pub use rcoi_pipeline::{Preview, SymbolTask};
use rcoi_rules::{BlockKind, PolicyTable, Rate};
pub use rcoi_store::BoardItem;
use serde::Serialize;
use std::fs::File;
use utoipa::ToSchema;

/// Answer of a backend call.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, BackendError>>;

/// Why the centre refused.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// There is no such thing, or it is not for this person (one answer for both, so ids cannot be probed).
    #[error("not found")]
    NotFound,
    /// The request is well formed, but the rules say no.
    #[error("{0}")]
    Refused(Said),
    /// Somebody else was first, or the lease has lapsed.
    #[error("{0}")]
    Conflict(Said),
    /// A newer program set the exam's policy, and this one does not understand it.
    #[error("the exam's policy is not understood")]
    UnknownPolicy,
    /// The database or the disk failed. Logged; people see a short text.
    #[error("internal: {0}")]
    Internal(String),
}

/// A user as the login needs it.
#[derive(Debug, Clone)]
pub struct UserRecord {
    pub id: UserId,
    pub login: String,
    /// PHC string, argon2id.
    pub password: String,
    pub post: Post,
    pub disabled: bool,
}

/// Where a page came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SourceRef {
    /// Path as it came, `0001-0101/sheet-003.jpg`.
    pub file: String,
    /// Zero-based page inside the file.
    pub index: u32,
}

/// A task with what a person must see around it.
#[derive(Debug, Clone)]
pub struct TaskView {
    pub task: Task,
    /// Label of the field, empty when the template does not say.
    pub label: String,
    /// Template id of the page, empty when unknown.
    pub form: String,
    /// A pattern the value must meet, for people; empty = none.
    pub pattern: String,
    pub source: Option<SourceRef>,
    /// What this person answered before (after an undo).
    pub earlier: Option<String>,
    /// Width and height of the field's area in the cut-out, pixels; the rest of the cut-out is an even margin, and more to the right
    /// where writing runs beyond the last cell.
    pub area: [f32; 2],
    /// The cells in parts of that area: left, top, width, height. Empty: unknown.
    pub cells: Vec<[f32; 4]>,
    /// The field on the upright page in parts of the page: left, top, width, height.
    pub place: Option<[f32; 4]>,
    /// What people said about the field before; for the senior only, so that second readings stay independent.
    pub notes: Vec<Note>,
    /// Rows of the same sheet that belong to the field: replacements of an answer, the answer that is replaced.
    pub beside: Vec<Beside>,
}

impl TaskView {
    /// A view that knows nothing but the task.
    #[must_use]
    pub fn bare(task: Task) -> Self {
        Self {
            task,
            label: String::new(),
            form: String::new(),
            pattern: String::new(),
            source: None,
            earlier: None,
            area: [0.0; 2],
            cells: Vec::new(),
            place: None,
            notes: Vec::new(),
            beside: Vec::new(),
        }
    }
}

/// What somebody said about a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Note {
    /// Login of a colleague.
    pub by: String,
    /// `value`, `pass` or `rescan`.
    pub act: &'static str,
    /// The value or the reason.
    pub text: String,
}

/// A request to scan a sheet again that nobody has settled.
#[derive(Debug, Clone, Serialize)]
pub struct RescanRow {
    pub exam: String,
    pub ppe: String,
    pub room: String,
    pub source: Option<SourceRef>,
    pub reason: String,
    /// Login of who asked.
    pub by: String,
    pub at: String,
}

/// An open task as the head sees it: where and what, no picture, no value.
#[derive(Debug, Clone)]
pub struct OpenRow {
    pub task: Task,
    pub ppe: String,
    pub room: String,
    pub source: Option<SourceRef>,
    /// Login of who has it in hand.
    pub holder: Option<String>,
}

/// How much is left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Progress {
    /// Open tasks at the fields station; personal data are counted apart.
    pub verifier: u64,
    /// Open characters at the symbols station; their fields are among `verifier`.
    pub symbols: u64,
    /// Open tasks at the senior's.
    pub senior: u64,
    /// Personal data that wait for a verifier.
    pub persons: u64,
    /// Personal data that a verifier asked the senior about.
    pub persons_asked: u64,
}

/// One exam at a glance.
#[derive(Debug, Clone)]
pub struct ExamCard {
    pub id: ExamId,
    pub subject: String,
    pub subject_name: String,
    /// `main`, `early`, `additional`.
    pub period: String,
    pub date: jiff::civil::Date,
    pub limit_days: u32,
    pub state: ExamState,
    pub declared: u64,
    pub scanned: u64,
    pub read: u64,
    pub verified: u64,
    pub set_aside: u64,
    pub open_tasks: u64,
}

/// One packet at a glance.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PacketRow {
    #[schema(value_type = uuid::Uuid)]
    pub id: PacketId,
    pub ppe: String,
    pub room: String,
    pub declared: u64,
    pub scanned: u64,
    /// Of the scanned ones, not read yet.
    pub waiting: u64,
    /// The head wants it read before all others.
    pub raised: bool,
    pub read: u64,
    pub verified: u64,
    pub set_aside: u64,
    pub open_tasks: u64,
}

/// One line of the list that blocks closing.
#[derive(Debug, Clone)]
pub struct Block {
    pub kind: BlockKind,
    pub count: u64,
    /// Who can settle it.
    pub station: Option<Role>,
}

/// A package on its way to the head.
pub struct PackageFile {
    pub name: String,
    pub bytes: u64,
    /// Ends with an error when the file is damaged.
    pub content: Body,
}

/// A package file that was built.
#[derive(Debug, Clone, Serialize)]
pub struct PackageRow {
    pub id: PackageId,
    pub file: String,
    pub sha256: String,
    pub bytes: u64,
    pub version: u32,
}

/// Everything on the page of one exam.
#[derive(Debug, Clone)]
pub struct ExamDetails {
    pub card: ExamCard,
    pub packets: Vec<PacketRow>,
    pub blocks: Vec<Block>,
    pub packages: Vec<PackageRow>,
}

/// A page that was put aside or excluded.
#[derive(Debug, Clone)]
pub struct AsideRow {
    pub exam: String,
    pub source: SourceRef,
    pub state: PageState,
    pub reason: String,
}

/// A participant without a name: enough to bind a sheet.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PersonCode {
    pub code: String,
    pub ppe: String,
    pub room: String,
    pub seat: String,
}

/// Which picture of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureKind {
    /// The field with its surroundings.
    Cutout,
    /// The whole page.
    Page,
}

/// What became of a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BoardAnswer {
    /// Fields that are settled now.
    pub settled: u64,
    /// Characters that somebody else had settled or taken meanwhile.
    pub gone: u64,
}

/// How good an exam is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct QualityRows {
    /// Confident fields that people saw blindly: with something in them, and empty ones.
    #[schema(value_type = Object)]
    pub filled: Rate,
    #[schema(value_type = Object)]
    pub empty: Rate,
    /// Fields of the sample without an answer yet.
    pub waiting: u64,
    /// Login and rate of slips of each verifier.
    #[schema(value_type = Vec<Vec<serde_json::Value>>)]
    pub people: Vec<(String, Rate)>,
}

/// What was taken back of a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BoardUndone {
    /// Characters that wait again.
    pub back: u64,
    /// Characters on which others have built.
    pub kept: u64,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct Actor {
    pub user: UserId,
    pub post: Post,
}

/// The verification policy of an exam.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PolicyView {
    /// `null`: a newer program set it, and this one does not understand it.
    #[schema(value_type = Option<Object>)]
    pub table: Option<PolicyTable>,
    /// The exam has its own; else it is the installation's.
    pub own: bool,
    /// It has not reached every page yet.
    pub pending: bool,
    /// The exam is open: its policy may be changed.
    pub open: bool,
    /// Who changed it last, and when (RFC 3339).
    #[schema(value_type = Option<Vec<String>>)]
    pub changed: Option<(String, String)>,
}

/// The centre behind the pages.
pub trait Backend: Send + Sync + 'static {
    /// Claims up to `n` open tasks of a station under a lease; the ones already held come first.
    fn claim(&self, who: Actor, station: Role, n: u32) -> Answer<'_, Vec<TaskView>>;
    /// One task, whoever holds it.
    fn task(&self, id: TaskId) -> Answer<'_, Task>;
    /// Does this person hold the task, or did he settle it?
    fn holds(&self, who: Actor, id: TaskId) -> Answer<'_, bool>;
    /// Stores a verdict. The same verdict id again is the same verdict.
    fn verdict(&self, who: Actor, id: VerdictId, task: TaskId, act: VerdictAct) -> Answer<'_, ()>;
    /// Has this person stored this very verdict already?
    fn stored(&self, who: Actor, id: VerdictId, task: TaskId) -> Answer<'_, bool>;
    /// Takes back the last verdict of this person and gives the task again; `None`: nothing to take back.
    fn undo(&self, who: Actor) -> Answer<'_, Option<TaskView>>;
    /// How much is left: as it was a second ago, or a few when counting takes long.
    fn progress(&self) -> Answer<'_, Progress>;
    /// Encoded picture and its media type.
    fn picture(&self, task: TaskId, kind: PictureKind) -> Answer<'_, (Vec<u8>, &'static str)>;
    /// The picture of a row that stands beside the task, and its media type; no other row is given out.
    fn row_picture(&self, task: TaskId, row: Row) -> Answer<'_, (Vec<u8>, &'static str)>;
    /// Participants of the task's exam, codes only.
    fn people(&self, task: TaskId) -> Answer<'_, Vec<PersonCode>>;
    fn exams(&self) -> Answer<'_, Vec<ExamCard>>;
    fn exam(&self, id: ExamId) -> Answer<'_, ExamDetails>;
    fn reconcile(&self, who: Actor, id: ExamId) -> Answer<'_, ()>;
    /// Has a packet of the exam read before all others, or in its turn again.
    fn raise(&self, who: Actor, id: ExamId, packet: PacketId, raised: bool) -> Answer<'_, ()>;
    fn close(&self, who: Actor, id: ExamId) -> Answer<'_, ()>;
    fn package(&self, who: Actor, id: ExamId) -> Answer<'_, Vec<PackageRow>>;
    /// File name and bytes.
    fn package_file(&self, id: PackageId) -> Answer<'_, PackageFile>;
    fn aside(&self) -> Answer<'_, Vec<AsideRow>>;
    fn rescans(&self) -> Answer<'_, Vec<RescanRow>>;
    /// The first `most` open tasks of an exam at a station.
    fn open(&self, id: ExamId, station: Role, most: u32) -> Answer<'_, Vec<OpenRow>>;
    fn user_by_login<'a>(&'a self, login: &'a str) -> Answer<'a, Option<UserRecord>>;
    fn users(&self) -> Answer<'_, Vec<UserRecord>>;
    /// `by` is `None` when the machine itself creates ready-made logins.
    fn create_user<'a>(&'a self, by: Option<UserId>, login: &'a str, hash: &'a str, post: Post) -> Answer<'a, UserId>;
    /// Replaces a person's own password hash; all sessions of that person end.
    fn set_password<'a>(&'a self, who: Actor, hash: &'a str) -> Answer<'a, ()>;
    fn set_disabled<'a>(&'a self, by: UserId, login: &'a str, disabled: bool) -> Answer<'a, ()>;
    /// Up to `n` characters in doubt, those of one kind together, first those read as `like`.
    fn claim_symbols(&self, who: Actor, like: Option<char>, n: u32) -> Answer<'_, Vec<SymbolTask>>;
    /// Stores what was said about the characters of a board. The same board again is the same board.
    fn board(&self, who: Actor, id: BoardId, items: Vec<BoardItem>) -> Answer<'_, BoardAnswer>;
    /// Takes back the last board of this person; `None`: nothing to take back.
    fn undo_board(&self, who: Actor) -> Answer<'_, Option<BoardUndone>>;
    /// Up to `n` tasks about personal data; a senior gets first what he was asked.
    fn claim_persons(&self, who: Actor, n: u32) -> Answer<'_, Vec<TaskView>>;
    /// Takes back the last decision of this person about personal data and gives the task again.
    fn undo_person(&self, who: Actor) -> Answer<'_, Option<TaskView>>;
    /// The cut-out of one compared field of a registration form, and its media type.
    fn person_picture<'a>(&'a self, task: TaskId, field: &'a str) -> Answer<'a, (Vec<u8>, &'static str)>;
    /// The remaining error rate of an exam and each verifier's own, as far as they are known.
    fn quality(&self, id: ExamId) -> Answer<'_, QualityRows>;
    /// The verification policy of an exam.
    fn policy(&self, id: ExamId) -> Answer<'_, PolicyView>;
    /// What another policy would ask of people.
    fn preview(&self, id: ExamId, table: PolicyTable) -> Answer<'_, Preview>;
    /// Sets the policy of an open exam; `None` = the installation's.
    fn set_policy(&self, who: Actor, id: ExamId, table: Option<PolicyTable>) -> Answer<'_, ()>;
    /// This person's own slips among known answers, in all exams.
    fn own_rate(&self, who: Actor) -> Answer<'_, Rate>;
    /// All packets on their way.
    fn intake(&self) -> Answer<'_, IntakeView>;
    /// One packet with its pages.
    fn packet(&self, exam: ExamId, packet: PacketId) -> Answer<'_, PacketView>;
    /// Takes a file in. The same bytes in the same packet again are the same pages.
    fn take_file(&self, who: Actor, exam: ExamId, place: Place, file: File) -> Answer<'_, Vec<OneFile>>;
    /// The small picture of a page, without its bytes when the one who asks knows its tag.
    fn thumbnail<'a>(&'a self, page: PageId, known: Option<&'a str>) -> Answer<'a, Thumbnail>;
    /// True when the store answers.
    fn ready(&self) -> Answer<'_, bool>;
}
