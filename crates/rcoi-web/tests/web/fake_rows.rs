//! What the fake centre holds: tasks, packets, the card of its exam.

use crate::drawn;
use crate::fake::{FakeSymbol, State, exam_id};
use rcoi_model::{
    Doubt, ExamState, FieldKind, PackageId, PacketId, PageId, PersonLine, Quad, Role, RoomTrouble, SheetTrouble, Task, TaskState,
    TaskSubject,
};
use rcoi_web::backend::{Beside, ExamCard, Note, PackageRow, PacketRow, Row, SourceRef, SymbolTask, TaskView, Tie};

const DIGITS: &str = "0123456789,-";
const LETTERS: &str = "0123456789,-АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ";

fn task(key: &str, station: Role, subject: TaskSubject) -> TaskView {
    let exam = exam_id();
    let task = Task {
        id: Task::id_for(exam, key),
        exam,
        key: key.into(),
        station,
        state: TaskState::Open,
        page: Some(PageId::derived(&[key])),
        packet: None,
        subject,
    };
    let mut view = TaskView::bare(task);
    view.form = "ege-ab".into();
    view.source = Some(SourceRef { file: format!("0001-0101/{key}.png"), index: 0 });
    view
}

fn field(key: &str, value: &str, permitted: &str, row: u32, doubts: Vec<Doubt>) -> TaskView {
    let cells = 17;
    let subject = TaskSubject::Field {
        field: key.into(),
        kind: FieldKind::Cells,
        class: "answer".into(),
        value: value.into(),
        confidence: 0.6,
        doubts,
        area: Quad::default(),
        permitted: permitted.into(),
        cells,
        options: vec![],
    };
    let mut view = task(key, Role::Verifier, subject);
    view.area = drawn::area(cells);
    view.cells = drawn::spots(cells);
    view.place = Some(drawn::place(row));
    view
}

fn marks(key: &str) -> TaskView {
    let subject = TaskSubject::Field {
        field: key.into(),
        kind: FieldKind::Marks,
        class: "event".into(),
        value: "1|3".into(),
        confidence: 0.6,
        doubts: vec![Doubt::MultipleMarks],
        area: Quad::default(),
        permitted: String::new(),
        cells: 0,
        options: ["1", "2", "3", "4"].map(str::to_owned).to_vec(),
    };
    task(key, Role::Verifier, subject)
}

/// A replacement at the foot of the sheet.
fn foot(place: u32, tie: Tie, number: &str, value: &str) -> Beside {
    Beside { row: Row::Replacement(place), tie, number: number.into(), value: value.into() }
}

/// A replacement in doubt, with its number and the answer that it replaces.
pub(crate) fn replacement() -> TaskView {
    let mut view = field("replacement-2-answer", "134", DIGITS, 18, vec![Doubt::Ambiguous { cells: vec![1] }]);
    let above = Beside { row: Row::Answer(7), tie: Tie::Replaced, number: "7".into(), value: "135".into() };
    view.beside = vec![foot(2, Tie::OwnNumber, "7", "134"), above];
    view
}

fn sheet(key: &str, trouble: SheetTrouble, detail: &str) -> TaskView {
    task(key, Role::Senior, TaskSubject::Sheet { trouble, detail: detail.into() })
}

pub(crate) fn few() -> Vec<TaskView> {
    let one = |key| field(key, "1З5", "0123456789,-АБВЗ", 1, vec![Doubt::Ambiguous { cells: vec![1] }]);
    let mut replaced = one("answer-1");
    replaced.beside = vec![foot(2, Tie::Counts, "1", "14")];
    vec![replaced, one("answer-2"), sheet("sheet", SheetTrouble::CodeUnreadable, "штрихкод смазан")]
}

/// Fields alone, for people who work side by side.
pub(crate) fn fields(n: u32) -> Vec<TaskView> {
    (1..=n).map(|i| field(&format!("answer-{i}"), "1З5", "0123456789,-АБВЗ", 1, vec![Doubt::Ambiguous { cells: vec![1] }])).collect()
}

pub(crate) fn many() -> Vec<TaskView> {
    let ambiguous = |cells: &[u32]| vec![Doubt::Ambiguous { cells: cells.to_vec() }];
    let mut passed = field("answer-9", "27В1", LETTERS, 8, ambiguous(&[2]));
    passed.task.station = Role::Senior;
    passed.notes = vec![
        Note { by: "ivanova".into(), act: "value", text: "2781".into() },
        Note { by: "petrov".into(), act: "pass", text: "Не разобрать: 8 или В".into() },
    ];
    let mut room = task(
        "room",
        Role::Senior,
        TaskSubject::Room {
            trouble: RoomTrouble::CountDiffers, detail: "Заявлено листов 45, отсканировано 44".into()
        },
    );
    room.task.page = None;
    room.source = None;
    let mut replaced = field("answer-3", "1З5", DIGITS, 2, ambiguous(&[1]));
    replaced.beside = vec![foot(1, Tie::Outdone, "3", "145"), foot(3, Tie::Counts, "3", "1245"), foot(4, Tie::MayReplace, "8", "27")];
    vec![
        replaced,
        field("answer-7", "ПАРАД0КСЫ", LETTERS, 6, vec![Doubt::Ambiguous { cells: vec![5, 8] }, Doubt::CrossedOut { cells: vec![8] }]),
        field("answer-11", "-12,5", DIGITS, 10, vec![Doubt::OffsetInk]),
        marks("removed"),
        field("answer-12", "СЕРЕБРЯНОВОДНАЯРЕ", LETTERS, 11, vec![Doubt::Overflow]),
        passed,
        sheet("sheet-017", SheetTrouble::CodeUnreadable, "Штрихкод смазан, цифры под ним видны"),
        sheet("sheet-031", SheetTrouble::UnknownForm, "Ни один бланк экзамена не подходит"),
        room,
    ]
}

/// Surname, name, patronymic, series and number, on the form and in the register.
fn person(code: &str, form: [&str; 5], register: [&str; 5]) -> TaskView {
    let fields = ["surname", "name", "patronymic", "document-series", "document-number"];
    let line = |((field, form), register): ((&str, &str), &str)| PersonLine {
        field: field.into(),
        form: form.into(),
        register: register.into(),
        differs: form.to_lowercase() != register.to_lowercase(),
    };
    let lines = fields.into_iter().zip(form).zip(register).map(line).collect();
    let subject = TaskSubject::Person { participant: code.into(), lines };
    let mut view = task(&format!("check/person/{code}"), Role::Verifier, subject);
    view.form = "ege-r".into();
    view
}

pub(crate) fn persons() -> Vec<TaskView> {
    let married = ["ТИХОМИРОВА-ГУСЕВА", "НАТАЛЬЯ", "АЛЕКСАНДРОВНА", "8021", "413250"];
    let mut asked =
        person("02001070", ["ОРЛОВА", "АННА", "ИЛЬДАРОВНА", "8019", "774012"], ["Орлова", "Алла", "Ильдусовна", "8019", "774021"]);
    asked.task.station = Role::Senior;
    asked.notes =
        vec![Note { by: "petrov".into(), act: "pass", text: "Похоже на бланк другого участника".into() }];
    vec![
        person("02001007", married, ["Соколова", "Наталья", "Александровна", "8020", "104733"]),
        person("02001021", ["ФЕДОРОВ", "АРТЕМ", "", "8022", "561907"], ["Федоров", "Артем", "Русланович", "8022", "561907"]),
        person("02001042", ["ЩЕРБАКОВ", "ЕВГЕНИЙ", "МАРАТОВИЧ", "8020", "301198"], ["Щербаков", "Евгений", "Маратович", "8020", "301189"]),
        asked,
    ]
}

pub(crate) fn packets(raised: Option<PacketId>) -> Vec<PacketRow> {
    let packet = |ppe: &str, room: &str, declared, scanned, read, verified, open_tasks| PacketRow {
        id: PacketId::derived(&[ppe, room]),
        ppe: ppe.into(),
        room: room.into(),
        declared,
        scanned,
        waiting: scanned - read,
        raised: raised == Some(PacketId::derived(&[ppe, room])),
        read,
        verified,
        set_aside: 0,
        open_tasks,
    };
    vec![
        packet("0001", "0101", 45, 45, 45, 41, 5),
        packet("0001", "0102", 45, 44, 44, 44, 1),
        packet("0001", "0103", 42, 42, 42, 42, 0),
        packet("0014", "0201", 45, 45, 30, 12, 18),
        packet("0014", "0202", 39, 0, 0, 0, 0),
    ]
}

pub(crate) fn package() -> PackageRow {
    PackageRow {
        id: PackageId::derived(&["package"]),
        file: "770001103-01-000001-001-20260528.zip".into(),
        sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
        bytes: 48_312_907,
        version: 1,
    }
}

pub(crate) fn card(state: &State) -> ExamCard {
    let sum = |get: fn(&PacketRow) -> u64| packets(None).iter().map(get).sum();
    ExamCard {
        id: exam_id(),
        subject: "01".into(),
        subject_name: "Русский язык".into(),
        period: "main".into(),
        date: jiff::Zoned::now().date().yesterday().unwrap(),
        limit_days: 6,
        state: match (state.closed, state.packages.is_empty()) {
            (false, _) => ExamState::Open,
            (true, true) => ExamState::Closed,
            (true, false) => ExamState::Packaged,
        },
        declared: sum(|p| p.declared),
        scanned: sum(|p| p.scanned),
        read: sum(|p| p.read),
        verified: sum(|p| p.verified),
        set_aside: 0,
        open_tasks: state.tasks.iter().filter(|t| t.0.task.state == TaskState::Open).count() as u64,
    }
}

/// Characters in doubt: sevens that look like ones or have no rival, threes that look like eights.
pub(crate) fn symbols(sevens: u32, threes: u32) -> Vec<FakeSymbol> {
    let one = |n: u32, symbol: char, rival: Option<char>, written: char| FakeSymbol {
        symbol: SymbolTask {
            task: Task::id_for(exam_id(), &format!("symbol/{symbol}/{n}")),
            cell: 0,
            symbol,
            rival,
            picture: drawn::cell(written, n),
            permitted: LETTERS.into(),
        },
        holder: None,
        said: None,
    };
    let seven = |n| one(n, '7', (n % 3 > 0).then_some('1'), if n % 9 == 4 { '1' } else { '7' });
    let three = |n| one(n, '3', Some('8'), '3');
    (0..sevens).map(seven).chain((0..threes).map(three)).collect()
}
