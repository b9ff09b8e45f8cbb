//! Answers of the API as programs see them: types whose description is the OpenAPI file.

use crate::AppState;
use crate::backend::{Beside, Block, ExamCard, ExamDetails, Note, PackageRow, PacketRow, PersonCode, Progress, SourceRef, TaskView};
use crate::checks;
use crate::roles::home;
use crate::session::Session;
use crate::text::Lang;
use crate::words;
use rcoi_model::{Doubt, FieldKind, PersonLine, Role, RoomTrouble, SheetTrouble, Task, TaskSubject};
use rcoi_rules::BlockKind;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Who is signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    /// Goes into the header `x-csrf-token` of every changing call.
    pub(crate) csrf: String,
    pub(crate) login: String,
    /// `operator`, `verifier`, `senior`, `head`, `admin`, `auditor`.
    pub(crate) role: &'static str,
    /// The page this person starts on.
    pub(crate) home: &'static str,
}

impl Me {
    pub(crate) fn of(session: &Session) -> Self {
        Self { csrf: session.csrf.clone(), login: session.login.clone(), role: session.post.as_str(), home: home(session.post) }
    }
}

/// Nothing to say.
#[derive(Serialize, ToSchema)]
pub(crate) struct Nothing {}

/// Is the centre well?
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    pub(crate) ok: bool,
}

/// Work that is left.
#[derive(Serialize, ToSchema)]
pub(crate) struct Left {
    pub(crate) progress: Progress,
}

/// Tasks in this person's hands.
#[derive(Serialize, ToSchema)]
pub(crate) struct Claimed {
    pub(crate) tasks: Vec<TaskAnswer>,
    pub(crate) progress: Progress,
}

/// What was taken back.
#[derive(Serialize, ToSchema)]
pub(crate) struct Undone {
    /// `null`: there was nothing to take back.
    pub(crate) task: Option<TaskAnswer>,
    pub(crate) progress: Progress,
}

/// Something a person settles.
#[derive(Serialize, ToSchema)]
pub(crate) struct TaskAnswer {
    id: Uuid,
    exam: Uuid,
    #[schema(value_type = String)]
    station: Role,
    /// Template of the page; empty: unknown.
    form: String,
    form_name: String,
    source: Option<SourceRef>,
    /// What this person answered before an undo.
    earlier: Option<String>,
    notes: Vec<Note>,
    /// The field on the upright page in parts of the page: left, top, width, height.
    place: Option<[f32; 4]>,
    /// Address of the picture.
    picture: Option<String>,
    label: String,
    /// Acts that [`VerdictBody`](crate::api::VerdictBody) may carry.
    acts: Vec<&'static str>,
    #[serde(flatten)]
    about: About,
}

#[derive(Serialize, ToSchema)]
#[expect(clippy::large_enum_variant, reason = "nearly every task is a field")]
#[serde(tag = "about", rename_all = "kebab-case")]
enum About {
    Field {
        #[schema(value_type = String)]
        kind: FieldKind,
        field: String,
        class: String,
        /// As the machine read it.
        value: String,
        confidence: f32,
        #[schema(value_type = Vec<serde_json::Value>)]
        doubts: Vec<Doubt>,
        /// The doubts in words.
        why: Vec<String>,
        /// Doubtful cells, from 0.
        doubtful: Vec<u32>,
        /// Characters the field may hold; empty: any.
        permitted: String,
        /// A pattern the value must meet; empty: none.
        pattern: String,
        cells: u32,
        /// The cells in parts of the field's area: left, top, width, height.
        spots: Vec<[f32; 4]>,
        /// Width and height of the area in the cut-out, pixels.
        area: [f32; 2],
        longest: usize,
        options: Vec<String>,
        /// Rows of the sheet that belong to the field.
        beside: Vec<BesideAnswer>,
    },
    Sheet {
        #[schema(value_type = String)]
        trouble: SheetTrouble,
        detail: String,
    },
    Room {
        #[schema(value_type = String)]
        trouble: RoomTrouble,
        detail: String,
    },
    Person {
        participant: String,
        lines: Vec<LineAnswer>,
    },
}

/// A row that belongs to the field: a replacement of an answer, or the answer that is replaced.
#[derive(Serialize, ToSchema)]
pub(crate) struct BesideAnswer {
    /// `answer-7` or `replacement-2`.
    row: String,
    /// Task number and answer of the row as they count now.
    number: String,
    value: String,
    /// Both in a sentence.
    text: String,
    picture: String,
}

impl BesideAnswer {
    fn of(task: &Task, beside: &Beside, lang: Lang) -> Self {
        Self {
            row: beside.row.to_string(),
            number: beside.number.clone(),
            value: beside.value.clone(),
            text: beside.words(lang),
            picture: format!("/api/v1/tasks/{}/beside/{}", task.id, beside.row),
        }
    }
}

/// A field of a registration form beside the register.
#[derive(Serialize, ToSchema)]
pub(crate) struct LineAnswer {
    field: String,
    label: String,
    form: String,
    register: String,
    differs: bool,
    picture: String,
}

impl LineAnswer {
    fn of(task: &Task, line: &PersonLine, lang: Lang) -> Self {
        Self {
            field: line.field.clone(),
            label: words::field(&line.field, lang),
            form: line.form.clone(),
            register: line.register.clone(),
            differs: line.differs,
            picture: format!("/api/v1/persons/{}/picture/{}", task.id, line.field),
        }
    }
}

impl TaskAnswer {
    pub(crate) fn of(view: &TaskView, lang: Lang) -> Self {
        let task = &view.task;
        let (label, about) = match &task.subject {
            TaskSubject::Field { field, kind, class, value, confidence, doubts, permitted, cells, options, .. } => (
                if view.label.is_empty() { words::field(field, lang) } else { view.label.clone() },
                About::Field {
                    kind: *kind,
                    field: field.clone(),
                    class: class.clone(),
                    value: value.clone(),
                    confidence: *confidence,
                    why: doubts.iter().map(|d| words::doubt(d, lang)).collect(),
                    doubtful: words::doubtful_cells(doubts),
                    longest: checks::longest(*cells, doubts) as usize,
                    doubts: doubts.clone(),
                    permitted: permitted.clone(),
                    pattern: view.pattern.clone(),
                    cells: *cells,
                    spots: view.cells.clone(),
                    area: view.area,
                    options: options.clone(),
                    beside: view.beside.iter().map(|b| BesideAnswer::of(task, b, lang)).collect(),
                },
            ),
            TaskSubject::Sheet { trouble, detail } => {
                (words::sheet_trouble(*trouble, lang), About::Sheet { trouble: *trouble, detail: detail.clone() })
            }
            TaskSubject::Room { trouble, detail } => {
                (words::room_trouble(*trouble, lang), About::Room { trouble: *trouble, detail: detail.clone() })
            }
            TaskSubject::Person { participant, lines } => {
                let lines = lines.iter().map(|line| LineAnswer::of(task, line, lang)).collect();
                (words::subject(&task.subject, lang), About::Person { participant: participant.clone(), lines })
            }
        };
        Self {
            id: task.id.0,
            exam: task.exam.0,
            station: task.station,
            form: view.form.clone(),
            form_name: words::form(&view.form, lang),
            source: view.source.clone(),
            earlier: view.earlier.clone(),
            notes: view.notes.clone(),
            place: view.place,
            picture: picture_of(task),
            label,
            acts: checks::acts(task).to_vec(),
            about,
        }
    }
}

/// Where the picture of a task is. Of personal data each compared field has its own.
fn picture_of(task: &Task) -> Option<String> {
    let whole = task.page.is_some() && !matches!(task.subject, TaskSubject::Person { .. });
    whole.then(|| format!("/api/v1/tasks/{}/picture", task.id))
}

/// Participants of an exam, codes only.
#[derive(Serialize, ToSchema)]
pub(crate) struct People {
    pub(crate) people: Vec<PersonCode>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Exams {
    pub(crate) exams: Vec<CardAnswer>,
}

/// One exam at a glance.
#[derive(Serialize, ToSchema)]
pub(crate) struct CardAnswer {
    id: Uuid,
    subject: String,
    subject_name: String,
    /// `main`, `early`, `additional`.
    period: String,
    date: String,
    limit_days: u32,
    /// Until the limit ends; negative when it has passed.
    hours_left: i64,
    /// When the limit ends, seconds since 1970.
    ends: i64,
    /// `open`, `closed`, `packaged`.
    state: &'static str,
    declared: u64,
    scanned: u64,
    read: u64,
    verified: u64,
    set_aside: u64,
    open_tasks: u64,
}

impl CardAnswer {
    pub(crate) fn of(card: &ExamCard, state: &AppState) -> Self {
        Self {
            id: card.id.0,
            subject: card.subject.clone(),
            subject_name: card.subject_name.clone(),
            period: card.period.clone(),
            date: card.date.to_string(),
            limit_days: card.limit_days,
            hours_left: state.hours_left(card.date, card.limit_days),
            ends: state.ends(card.date, card.limit_days),
            state: card.state.as_str(),
            declared: card.declared,
            scanned: card.scanned,
            read: card.read,
            verified: card.verified,
            set_aside: card.set_aside,
            open_tasks: card.open_tasks,
        }
    }
}

/// One exam with its packets and what blocks its closing.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExamAnswer {
    #[serde(flatten)]
    card: CardAnswer,
    packets: Vec<PacketRow>,
    /// Empty: the exam may be closed.
    blocks: Vec<BlockAnswer>,
    /// Since the building of a package began; `null`: none is being built.
    building_seconds: Option<u64>,
    packages: Vec<PackageAnswer>,
}

impl ExamAnswer {
    pub(crate) fn of(details: &ExamDetails, state: &AppState, lang: Lang) -> Self {
        Self {
            card: CardAnswer::of(&details.card, state),
            packets: details.packets.clone(),
            blocks: details.blocks.iter().map(|b| BlockAnswer::of(b, lang)).collect(),
            building_seconds: state.building(details.card.id),
            packages: details.packages.iter().map(PackageAnswer::of).collect(),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct BlockAnswer {
    #[schema(value_type = String)]
    kind: BlockKind,
    count: u64,
    text: String,
    #[schema(value_type = Option<String>)]
    station: Option<Role>,
}

impl BlockAnswer {
    fn of(block: &Block, lang: Lang) -> Self {
        let text = words::block(block.kind, block.count, block.station).in_lang(lang).to_owned();
        Self { kind: block.kind, count: block.count, text, station: block.station }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct PackageAnswer {
    id: Uuid,
    file: String,
    sha256: String,
    bytes: u64,
    version: u32,
    /// Address of the file.
    download: String,
}

impl PackageAnswer {
    fn of(row: &PackageRow) -> Self {
        Self {
            id: row.id.0,
            file: row.file.clone(),
            sha256: row.sha256.clone(),
            bytes: row.bytes,
            version: row.version,
            download: format!("/api/v1/packages/{}/file", row.id),
        }
    }
}
