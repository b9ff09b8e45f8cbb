//! What the web needs from the centre: one small trait, so that the router is tested with an in-memory twin.

use futures::future::BoxFuture;
use rcoi_model::{ExamId, ExamState, PackageId, Role, Task, TaskId, UserId, VerdictAct, VerdictId};
use serde::Serialize;

/// Answer of a backend call.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, BackendError>>;

/// Why the centre refused. The texts are shown to people, so they are Russian.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// There is no such thing, or it is not for this person (one answer for both, so ids cannot be probed).
    #[error("не найдено: {0}")]
    NotFound(String),
    /// The request is well formed, but the rules say no.
    #[error("{0}")]
    Refused(String),
    /// Somebody else was first, or the lease has lapsed.
    #[error("{0}")]
    Conflict(String),
    /// The database or the disk failed. Logged; people see a short text.
    #[error("внутренняя ошибка: {0}")]
    Internal(String),
}

/// A user as the login needs it.
#[derive(Debug, Clone)]
pub struct UserRecord {
    pub id: UserId,
    pub login: String,
    /// PHC string, argon2id.
    pub password: String,
    pub role: Role,
    pub disabled: bool,
}

/// Where a page came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
}

/// How much is left.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Progress {
    /// Open tasks at the fields station.
    pub verifier: u64,
    /// Open tasks at the senior's.
    pub senior: u64,
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
#[derive(Debug, Clone, Serialize)]
pub struct PacketRow {
    pub ppe: String,
    pub room: String,
    pub declared: u64,
    pub scanned: u64,
    pub read: u64,
    pub verified: u64,
    pub set_aside: u64,
    pub open_tasks: u64,
}

/// One line of the list that blocks closing.
#[derive(Debug, Clone, Serialize)]
pub struct Block {
    /// Plain words, Russian.
    pub text: String,
    pub count: u64,
    /// Who can settle it.
    pub station: Option<Role>,
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
#[derive(Debug, Clone, Serialize)]
pub struct AsideRow {
    pub exam: String,
    pub source: SourceRef,
    pub state: String,
    pub reason: String,
}

/// A participant without a name: enough to bind a sheet.
#[derive(Debug, Clone, Serialize)]
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

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct Actor {
    pub user: UserId,
    pub role: Role,
}

/// The centre behind the pages.
pub trait Backend: Send + Sync + 'static {
    /// Claims up to `n` open tasks of a station under a lease; the ones already held come first.
    fn claim(&self, who: Actor, station: Role, n: u32) -> Answer<'_, Vec<TaskView>>;
    /// One task, whoever holds it.
    fn task(&self, id: TaskId) -> Answer<'_, TaskView>;
    /// Does this person hold the task, or did he settle it?
    fn holds(&self, who: Actor, id: TaskId) -> Answer<'_, bool>;
    /// Stores a verdict. The same verdict id again is the same verdict.
    fn verdict(&self, who: Actor, id: VerdictId, task: TaskId, act: VerdictAct) -> Answer<'_, ()>;
    /// Takes back the last verdict of this person and gives the task again; `None`: nothing to take back.
    fn undo(&self, who: Actor) -> Answer<'_, Option<TaskView>>;
    fn progress(&self) -> Answer<'_, Progress>;
    /// Encoded picture and its media type.
    fn picture(&self, task: TaskId, kind: PictureKind) -> Answer<'_, (Vec<u8>, &'static str)>;
    /// Participants of the task's exam, codes only.
    fn people(&self, task: TaskId) -> Answer<'_, Vec<PersonCode>>;
    fn exams(&self) -> Answer<'_, Vec<ExamCard>>;
    fn exam(&self, id: ExamId) -> Answer<'_, ExamDetails>;
    fn reconcile(&self, who: Actor, id: ExamId) -> Answer<'_, ()>;
    fn close(&self, who: Actor, id: ExamId) -> Answer<'_, ()>;
    fn package(&self, who: Actor, id: ExamId) -> Answer<'_, Vec<PackageRow>>;
    /// File name and bytes.
    fn package_file(&self, id: PackageId) -> Answer<'_, (String, Vec<u8>)>;
    fn aside(&self) -> Answer<'_, Vec<AsideRow>>;
    fn user_by_login<'a>(&'a self, login: &'a str) -> Answer<'a, Option<UserRecord>>;
    fn users(&self) -> Answer<'_, Vec<UserRecord>>;
    /// `by` is `None` when the machine itself creates ready-made logins.
    fn create_user<'a>(&'a self, by: Option<UserId>, login: &'a str, hash: &'a str, role: Role) -> Answer<'a, UserId>;
    fn set_disabled<'a>(&'a self, by: UserId, login: &'a str, disabled: bool) -> Answer<'a, ()>;
    /// True when the store answers.
    fn ready(&self) -> Answer<'_, bool>;
}
