//! An in-memory centre: doubtful fields, strange sheets, one exam, a few people; also a book of sessions.

use crate::drawn;
use crate::fake_piles as piles;
use crate::fake_rows as rows;
use futures::FutureExt;
use rcoi_model::{
    BoardId, ExamId, FieldKind, PackageId, PacketId, PageId, PageState, Role, Task, TaskId, TaskState, TaskSubject, UserId, VerdictAct,
    VerdictId,
};
use rcoi_pipeline::{Load, Preview};
use rcoi_rules::{BlockKind, PolicyTable, Rate};
use rcoi_web::backend::{
    Actor, Answer, AsideRow, Backend, BackendError, Block, BoardAnswer, BoardItem, BoardUndone, ExamCard, ExamDetails, Note, OpenRow,
    PackageFile, PackageRow, PersonCode, PictureKind, PolicyView, Progress, QualityRows, RescanRow, Row, SourceRef, SymbolTask, TaskView,
    UserRecord,
};
use rcoi_web::piles::{IntakeView, OneFile, PacketView, Place, Thumbnail, WatchState};
use rcoi_web::roles::Post;
use rcoi_web::said::Said;
use rcoi_web::session::{Session, SessionBook};
use std::collections::BTreeMap;
use std::fs::File;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Default)]
pub(crate) struct State {
    pub(crate) tasks: Vec<(TaskView, Option<UserId>)>,
    pub(crate) verdicts: Vec<(VerdictId, TaskId, UserId, VerdictAct)>,
    pub(crate) users: BTreeMap<String, UserRecord>,
    pub(crate) sessions: BTreeMap<String, (UserId, String)>,
    pub(crate) raised: Option<PacketId>,
    pub(crate) closed: bool,
    pub(crate) packages: Vec<PackageRow>,
    /// Characters, who holds each, and what was said.
    pub(crate) symbols: Vec<FakeSymbol>,
    pub(crate) boards: Vec<(BoardId, UserId, Vec<BoardItem>)>,
    /// The exam's own policy.
    pub(crate) policy: Option<PolicyTable>,
    /// A newer program set the exam's policy.
    pub(crate) unknown_policy: bool,
    /// How often a request told that somebody is there.
    pub(crate) signs: u32,
    /// Files that were sent, with their bytes.
    pub(crate) taken: Vec<(Place, Vec<u8>)>,
    pub(crate) watch: Option<WatchState>,
}

pub(crate) struct FakeSymbol {
    pub(crate) symbol: SymbolTask,
    pub(crate) holder: Option<UserId>,
    pub(crate) said: Option<Option<char>>,
}

#[derive(Default)]
pub(crate) struct Fake(pub(crate) Mutex<State>);

/// The installation's policy.
pub(crate) fn policy() -> PolicyTable {
    PolicyTable::parse(rcoi_rules::policy::DEFAULT_POLICY).unwrap()
}

pub(crate) fn exam_id() -> ExamId {
    ExamId::derived(&["exam"])
}

impl Fake {
    /// Two fields and a sheet.
    pub(crate) fn new() -> Self {
        Self::with_tasks(rows::few())
    }

    /// Enough to look at.
    pub(crate) fn busy() -> Self {
        Self::with_tasks(rows::many())
    }

    /// So many fields and nothing else.
    pub(crate) fn of_fields(n: u32) -> Self {
        Self::with_tasks(rows::fields(n))
    }

    /// Characters for the symbols station: some sevens, some threes.
    pub(crate) fn of_symbols(sevens: u32, threes: u32) -> Self {
        let fake = Self::busy();
        fake.0.lock().unwrap().symbols = rows::symbols(sevens, threes);
        fake
    }

    /// Personal data for the persons station: three that differ, and one that the senior was asked about.
    pub(crate) fn of_persons() -> Self {
        let mut tasks = rows::few();
        tasks.extend(rows::persons());
        Self::with_tasks(tasks)
    }

    /// What was said on boards, in order: character and what it was said to be.
    pub(crate) fn said(&self) -> Vec<(char, Option<char>)> {
        let state = self.0.lock().unwrap();
        let of = |item: &BoardItem| state.symbols.iter().find(|s| s.symbol.task == item.task).map_or('?', |s| s.symbol.symbol);
        state.boards.iter().flat_map(|b| &b.2).map(|item| (of(item), item.said)).collect()
    }

    fn with_tasks(tasks: Vec<TaskView>) -> Self {
        Self(Mutex::new(State { tasks: tasks.into_iter().map(|t| (t, None)).collect(), ..State::default() }))
    }

    fn with<T: Send>(&self, work: impl FnOnce(&mut State) -> Result<T, BackendError>) -> Result<T, BackendError> {
        work(&mut self.0.lock().unwrap())
    }

    /// What was decided, in order.
    pub(crate) fn acts(&self) -> Vec<VerdictAct> {
        self.0.lock().unwrap().verdicts.iter().map(|v| v.3.clone()).collect()
    }
}

fn ready<'a, T: Send + 'a>(value: Result<T, BackendError>) -> Answer<'a, T> {
    async move { value }.boxed()
}

fn is_person(view: &TaskView) -> bool {
    matches!(view.task.subject, TaskSubject::Person { .. })
}

fn waits_at(view: &TaskView, station: Role) -> bool {
    view.task.state == TaskState::Open && view.task.station == station
}

/// Personal data have a station of their own.
fn open_at(view: &TaskView, station: Role) -> bool {
    waits_at(view, station) && !is_person(view)
}

fn person_at(view: &TaskView, station: Role) -> bool {
    waits_at(view, station) && is_person(view)
}

/// Up to `n` tasks of a kind that nobody else holds, now this person's.
fn take(s: &mut State, who: Actor, n: u32, fits: impl Fn(&TaskView) -> bool) -> Vec<TaskView> {
    let free = s.tasks.iter_mut().filter(|(t, holder)| fits(t) && holder.is_none_or(|h| h == who.user));
    free.take(n as usize)
        .map(|(t, holder)| {
            *holder = Some(who.user);
            t.clone()
        })
        .collect()
}

impl State {
    fn row(&mut self, id: TaskId) -> Result<&mut (TaskView, Option<UserId>), BackendError> {
        self.tasks.iter_mut().find(|t| t.0.task.id == id).ok_or(BackendError::NotFound)
    }

    fn login(&self, user: UserId) -> String {
        self.users.values().find(|u| u.id == user).map(|u| u.login.clone()).unwrap_or_default()
    }

    fn open(&self, station: Role) -> u64 {
        self.tasks.iter().filter(|t| open_at(&t.0, station)).count() as u64
    }

    fn persons(&self, station: Role) -> u64 {
        self.tasks.iter().filter(|t| person_at(&t.0, station)).count() as u64
    }

    /// Takes back the last verdict of a person on tasks of a kind.
    fn take_back(&mut self, who: Actor, fits: impl Fn(&TaskView) -> bool) -> Result<Option<TaskView>, BackendError> {
        let of_kind = |id: TaskId| self.tasks.iter().any(|t| t.0.task.id == id && fits(&t.0));
        let Some(at) = self.verdicts.iter().rposition(|v| v.2 == who.user && of_kind(v.1)) else { return Ok(None) };
        let (_, task, _, act) = self.verdicts.remove(at);
        let key = format!("senior/{}", self.row(task)?.0.task.key);
        self.tasks.retain(|t| t.0.task.key != key);
        let row = self.row(task)?;
        row.0.task.state = TaskState::Open;
        row.1 = Some(who.user);
        match act {
            VerdictAct::Value { value } => row.0.earlier = Some(value),
            VerdictAct::Rescan { .. } | VerdictAct::Pass { .. } => row.0.task.station = Role::Verifier,
            _ => {}
        }
        Ok(Some(row.0.clone()))
    }
}

impl Backend for Fake {
    fn claim(&self, who: Actor, station: Role, n: u32) -> Answer<'_, Vec<TaskView>> {
        ready(self.with(|s| Ok(take(s, who, n, |t| open_at(t, station)))))
    }

    fn task(&self, id: TaskId) -> Answer<'_, Task> {
        ready(self.with(|s| s.row(id).map(|row| row.0.task.clone())))
    }

    fn holds(&self, who: Actor, id: TaskId) -> Answer<'_, bool> {
        ready(self.with(|s| {
            let Ok(row) = s.row(id) else { return Ok(false) };
            if let Some(holder) = row.1 {
                return Ok(holder == who.user);
            }
            Ok(s.verdicts.iter().rfind(|v| v.1 == id).is_some_and(|v| v.2 == who.user))
        }))
    }

    fn verdict(&self, who: Actor, id: VerdictId, task: TaskId, act: VerdictAct) -> Answer<'_, ()> {
        ready(self.with(|s| {
            if s.verdicts.iter().any(|v| v.0 == id) {
                return Ok(());
            }
            let by = s.login(who.user);
            let row = s.row(task)?;
            if row.0.task.state != TaskState::Open {
                return Err(BackendError::Conflict(Said::new("задание уже решено", "the task is settled")));
            }
            let note = |act, text: &str| Note { by: by.clone(), act, text: text.to_owned() };
            match &act {
                VerdictAct::Rescan { reason } => {
                    row.0.task.station = Role::Senior;
                    row.0.notes.push(note("rescan", reason));
                    row.1 = None;
                }
                VerdictAct::Pass { reason } if is_person(&row.0) => {
                    row.0.task.station = Role::Senior;
                    row.0.notes.push(note("pass", reason));
                    row.1 = None;
                }
                VerdictAct::Pass { reason } => {
                    row.0.task.state = TaskState::Done;
                    let mut passed = row.0.clone();
                    passed.task.key = format!("senior/{}", passed.task.key);
                    passed.task.id = Task::id_for(passed.task.exam, &passed.task.key);
                    passed.task.station = Role::Senior;
                    passed.task.state = TaskState::Open;
                    passed.notes.push(note("pass", reason));
                    s.tasks.push((passed, None));
                }
                _ => row.0.task.state = TaskState::Done,
            }
            s.verdicts.push((id, task, who.user, act));
            Ok(())
        }))
    }

    fn stored(&self, who: Actor, id: VerdictId, task: TaskId) -> Answer<'_, bool> {
        ready(self.with(|s| Ok(s.verdicts.iter().any(|v| (v.0, v.1, v.2) == (id, task, who.user)))))
    }

    fn undo(&self, who: Actor) -> Answer<'_, Option<TaskView>> {
        ready(self.with(|s| s.take_back(who, |t| !is_person(t))))
    }

    fn progress(&self) -> Answer<'_, Progress> {
        ready(self.with(|s| {
            let symbols = s.symbols.iter().filter(|x| x.said.is_none()).count() as u64;
            let (persons, persons_asked) = (s.persons(Role::Verifier), s.persons(Role::Senior));
            Ok(Progress { verifier: s.open(Role::Verifier), symbols, senior: s.open(Role::Senior), persons, persons_asked })
        }))
    }

    fn picture(&self, task: TaskId, kind: PictureKind) -> Answer<'_, (Vec<u8>, &'static str)> {
        ready(self.with(|s| {
            let view = &s.row(task)?.0;
            if is_person(view) {
                return Err(BackendError::NotFound);
            }
            let svg = match (&view.task.subject, kind) {
                (TaskSubject::Field { value, cells, kind: FieldKind::Cells, .. }, PictureKind::Cutout) => drawn::field(value, *cells),
                (TaskSubject::Field { .. }, PictureKind::Cutout) => drawn::field("X X", 5),
                _ => drawn::page(),
            };
            Ok((svg.into_bytes(), "image/svg+xml"))
        }))
    }

    fn row_picture(&self, task: TaskId, row: Row) -> Answer<'_, (Vec<u8>, &'static str)> {
        ready(self.with(|s| {
            let beside = s.row(task)?.0.beside.iter().find(|b| b.row == row).ok_or(BackendError::NotFound)?;
            let svg = match row {
                Row::Answer(_) => drawn::field(&beside.value, 17),
                Row::Replacement(_) => drawn::field(&format!("{:<2} {}", beside.number, beside.value), 20),
            };
            Ok((svg.into_bytes(), "image/svg+xml"))
        }))
    }

    fn people(&self, _task: TaskId) -> Answer<'_, Vec<PersonCode>> {
        ready(Ok(vec![PersonCode { code: "0001".into(), ppe: "0001".into(), room: "0101".into(), seat: "1А".into() }]))
    }

    fn exams(&self) -> Answer<'_, Vec<ExamCard>> {
        ready(self.with(|s| Ok(vec![rows::card(s)])))
    }

    fn exam(&self, id: ExamId) -> Answer<'_, ExamDetails> {
        ready(self.with(|s| {
            if id != exam_id() {
                return Err(BackendError::NotFound);
            }
            if s.unknown_policy {
                return Err(BackendError::UnknownPolicy);
            }
            let line = |kind, count, station| Block { kind, count, station: Some(station) };
            let mut blocks = vec![
                line(BlockKind::Fields, s.open(Role::Verifier), Role::Verifier),
                line(BlockKind::Sheets, s.open(Role::Senior), Role::Senior),
                line(BlockKind::Persons, s.persons(Role::Verifier), Role::Verifier),
                line(BlockKind::Persons, s.persons(Role::Senior), Role::Senior),
            ];
            blocks.retain(|b| b.count > 0 && !s.closed);
            Ok(ExamDetails { card: rows::card(s), packets: rows::packets(s.raised), blocks, packages: s.packages.clone() })
        }))
    }

    fn reconcile(&self, _who: Actor, _id: ExamId) -> Answer<'_, ()> {
        ready(Ok(()))
    }

    fn raise(&self, _who: Actor, _id: ExamId, packet: PacketId, raised: bool) -> Answer<'_, ()> {
        ready(self.with(|s| {
            s.raised = raised.then_some(packet);
            Ok(())
        }))
    }

    fn close(&self, _who: Actor, _id: ExamId) -> Answer<'_, ()> {
        ready(self.with(|s| {
            if s.tasks.iter().any(|t| t.0.task.state == TaskState::Open) {
                return Err(BackendError::Refused(Said::new("Закрыть нельзя: есть открытые задания.", "Open tasks forbid closing.")));
            }
            s.closed = true;
            Ok(())
        }))
    }

    fn package(&self, _who: Actor, _id: ExamId) -> Answer<'_, Vec<PackageRow>> {
        ready(self.with(|s| {
            if !s.closed {
                return Err(BackendError::Refused(Said::new("Сначала закройте экзамен.", "Close the exam first.")));
            }
            s.packages = vec![rows::package()];
            Ok(s.packages.clone())
        }))
    }

    fn package_file(&self, _id: PackageId) -> Answer<'_, PackageFile> {
        ready(Ok(PackageFile { name: "a\"b../z\r\nX-y.zip".into(), bytes: 2, content: "PK".into() }))
    }

    fn aside(&self) -> Answer<'_, Vec<AsideRow>> {
        let source = SourceRef { file: "0001-0101/<b>.png".into(), index: 0 };
        ready(Ok(vec![AsideRow {
            exam: "Русский язык".into(), source, state: PageState::SetAside, reason: "не открывается".into()
        }]))
    }

    fn rescans(&self) -> Answer<'_, Vec<RescanRow>> {
        ready(self.with(|s| {
            let asked = |v: &(VerdictId, TaskId, UserId, VerdictAct)| match &v.3 {
                VerdictAct::Rescan { reason } => Some(RescanRow {
                    exam: "Русский язык".into(),
                    ppe: "0001".into(),
                    room: "0101".into(),
                    source: s.tasks.iter().find(|t| t.0.task.id == v.1).and_then(|t| t.0.source.clone()),
                    reason: reason.clone(),
                    by: s.login(v.2),
                    at: "2026-05-29T01:02:03Z".into(),
                }),
                _ => None,
            };
            Ok(s.verdicts.iter().filter_map(asked).collect())
        }))
    }

    fn open(&self, _id: ExamId, station: Role, most: u32) -> Answer<'_, Vec<OpenRow>> {
        ready(self.with(|s| {
            let open = s.tasks.iter().filter(|t| waits_at(&t.0, station)).take(most as usize);
            Ok(open
                .map(|(view, holder)| OpenRow {
                    task: view.task.clone(),
                    ppe: "0001".into(),
                    room: "0101".into(),
                    source: view.source.clone(),
                    holder: holder.map(|user| s.login(user)),
                })
                .collect())
        }))
    }

    fn user_by_login<'a>(&'a self, login: &'a str) -> Answer<'a, Option<UserRecord>> {
        ready(self.with(|s| Ok(s.users.get(login).cloned())))
    }

    fn users(&self) -> Answer<'_, Vec<UserRecord>> {
        ready(self.with(|s| Ok(s.users.values().cloned().collect())))
    }

    fn create_user<'a>(&'a self, _by: Option<UserId>, login: &'a str, hash: &'a str, post: Post) -> Answer<'a, UserId> {
        ready(self.with(|s| {
            let id = UserId::derived(&[login]);
            s.users.insert(login.into(), UserRecord { id, login: login.into(), password: hash.into(), post, disabled: false });
            Ok(id)
        }))
    }

    fn set_password<'a>(&'a self, who: Actor, hash: &'a str) -> Answer<'a, ()> {
        ready(self.with(|s| {
            let user = s.users.values_mut().find(|u| u.id == who.user).ok_or(BackendError::NotFound)?;
            user.password = hash.to_owned();
            Ok(())
        }))
    }

    fn set_disabled<'a>(&'a self, _by: UserId, login: &'a str, disabled: bool) -> Answer<'a, ()> {
        ready(self.with(|s| {
            s.users.get_mut(login).ok_or(BackendError::NotFound)?.disabled = disabled;
            Ok(())
        }))
    }

    fn claim_symbols(&self, who: Actor, like: Option<char>, n: u32) -> Answer<'_, Vec<SymbolTask>> {
        ready(self.with(|s| {
            let mut free: Vec<&mut FakeSymbol> =
                s.symbols.iter_mut().filter(|x| x.said.is_none() && x.holder.is_none_or(|h| h == who.user)).collect();
            free.sort_by_key(|x| (Some(x.symbol.symbol) != like, x.symbol.symbol, x.symbol.rival));
            Ok(free
                .into_iter()
                .take(n as usize)
                .map(|x| {
                    x.holder = Some(who.user);
                    x.symbol.clone()
                })
                .collect())
        }))
    }

    fn board(&self, who: Actor, id: BoardId, items: Vec<BoardItem>) -> Answer<'_, BoardAnswer> {
        ready(self.with(|s| {
            let mut answer = BoardAnswer::default();
            if s.boards.iter().any(|b| b.0 == id) {
                return Ok(answer);
            }
            for item in &items {
                let open = s
                    .symbols
                    .iter_mut()
                    .find(|x| x.symbol.task == item.task && x.symbol.cell == item.cell && x.holder == Some(who.user) && x.said.is_none());
                match open {
                    Some(symbol) => {
                        symbol.said = Some(item.said);
                        answer.settled += 1;
                    }
                    None => answer.gone += 1,
                }
            }
            s.boards.push((id, who.user, items));
            Ok(answer)
        }))
    }

    fn undo_board(&self, who: Actor) -> Answer<'_, Option<BoardUndone>> {
        ready(self.with(|s| {
            let Some(last) = s.boards.iter().rposition(|b| b.1 == who.user) else { return Ok(None) };
            let (_, _, items) = s.boards.remove(last);
            for symbol in &mut s.symbols {
                if items.iter().any(|i| i.task == symbol.symbol.task && i.cell == symbol.symbol.cell) {
                    symbol.said = None;
                }
            }
            Ok(Some(BoardUndone { back: items.len() as u64, kept: 0 }))
        }))
    }

    fn claim_persons(&self, who: Actor, n: u32) -> Answer<'_, Vec<TaskView>> {
        ready(self.with(|s| {
            let mut tasks = match who.post {
                Post::Works(Role::Senior) => take(s, who, n, |t| person_at(t, Role::Senior)),
                _ => Vec::new(),
            };
            tasks.extend(take(s, who, n - tasks.len() as u32, |t| person_at(t, Role::Verifier)));
            Ok(tasks)
        }))
    }

    fn undo_person(&self, who: Actor) -> Answer<'_, Option<TaskView>> {
        ready(self.with(|s| s.take_back(who, is_person)))
    }

    fn person_picture<'a>(&'a self, task: TaskId, field: &'a str) -> Answer<'a, (Vec<u8>, &'static str)> {
        ready(self.with(|s| match &s.row(task)?.0.task.subject {
            TaskSubject::Person { lines, .. } => {
                let line = lines.iter().find(|l| l.field == field).ok_or(BackendError::NotFound)?;
                let cells = if field.starts_with("document") { 10 } else { 20 };
                Ok((drawn::field(&line.form, cells).into_bytes(), "image/svg+xml"))
            }
            _ => Err(BackendError::NotFound),
        }))
    }

    fn quality(&self, _id: ExamId) -> Answer<'_, QualityRows> {
        let people = vec![("petrov".to_owned(), Rate::of(210, 3)), ("verifier".to_owned(), Rate::of(412, 1))];
        ready(Ok(QualityRows { filled: Rate::of(1184, 1), empty: Rate::of(312, 0), waiting: 6, people }))
    }

    fn policy(&self, _id: ExamId) -> Answer<'_, PolicyView> {
        ready(self.with(|s| {
            let own = s.policy.is_some() || s.unknown_policy;
            let table = (!s.unknown_policy).then(|| s.policy.clone().unwrap_or_else(policy));
            let changed = own.then(|| ("head".to_owned(), "2026-05-29T21:40:07Z".to_owned()));
            Ok(PolicyView { table, own, pending: false, open: !s.closed, changed })
        }))
    }

    /// The lower the threshold of answers, the fewer of them are shown.
    fn preview(&self, _id: ExamId, table: PolicyTable) -> Answer<'_, Preview> {
        ready(self.with(|s| {
            let load = |table: &PolicyTable| {
                let threshold = table.class.iter().find(|r| r.name == "answer").and_then(|r| r.threshold).unwrap_or_default();
                let shown = (f64::from(threshold) * 500.0).round() as u64;
                Load {
                    filled: 15_000,
                    shown,
                    shown_filled: shown,
                    on_boards: shown / 2,
                    symbols: shown,
                    second: 0,
                    senior: 3,
                    seconds: 6.0 * shown as f64,
                }
            };
            let now = load(&s.policy.clone().unwrap_or_else(policy));
            Ok(Preview { looked_at: 600, pages: 8160, now, then: load(&table) })
        }))
    }

    fn set_policy(&self, _who: Actor, _id: ExamId, table: Option<PolicyTable>) -> Answer<'_, ()> {
        ready(self.with(|s| {
            (s.policy, s.unknown_policy) = (table, false);
            Ok(())
        }))
    }

    fn own_rate(&self, _who: Actor) -> Answer<'_, Rate> {
        ready(Ok(Rate::of(96, 1)))
    }

    fn intake(&self) -> Answer<'_, IntakeView> {
        ready(self.with(|s| Ok(IntakeView { exams: vec![(piles::head(s.closed), piles::progress(s))], watch: s.watch.clone() })))
    }

    fn packet(&self, exam: ExamId, packet: PacketId) -> Answer<'_, PacketView> {
        ready(self.with(|s| {
            let progress =
                piles::progress(s).into_iter().find(|p| p.packet == packet && exam == exam_id()).ok_or(BackendError::NotFound)?;
            let pages = piles::pages(s, &progress);
            let rooms = if progress.room == "0102" { vec![rcoi_model::RoomTrouble::CountDiffers] } else { vec![] };
            Ok(PacketView { exam: piles::head(s.closed), packet: progress, rooms, pages })
        }))
    }

    fn take_file(&self, _who: Actor, _exam: ExamId, place: Place, file: File) -> Answer<'_, Vec<OneFile>> {
        ready(self.with(|s| Ok(vec![piles::take(s, place, file)])))
    }

    fn thumbnail<'a>(&'a self, page: PageId, known: Option<&'a str>) -> Answer<'a, Thumbnail> {
        let tag = page.to_string();
        let png = (known != Some(tag.as_str())).then(|| Arc::new(drawn::thumbnail(page, piles::has_streak(page))));
        ready(Ok(Thumbnail { tag, png }))
    }

    fn ready(&self) -> Answer<'_, bool> {
        ready(Ok(true))
    }
}

impl SessionBook for Fake {
    fn open(&self, hash: String, user: UserId, csrf: String, _whole: Duration) -> Answer<'_, ()> {
        ready(self.with(|s| {
            s.sessions.insert(hash, (user, csrf));
            Ok(())
        }))
    }

    fn find(&self, hash: String, _idle: Duration, noted: bool) -> Answer<'_, Option<Session>> {
        ready(self.with(|s| {
            s.signs += u32::from(noted);
            let Some((user, csrf)) = s.sessions.get(&hash).cloned() else { return Ok(None) };
            let known = s.users.values().find(|u| u.id == user && !u.disabled);
            Ok(known.map(|u| Session { user, login: u.login.clone(), post: u.post, csrf }))
        }))
    }

    fn lives(&self, hash: String, _idle: Duration) -> Answer<'_, bool> {
        ready(self.with(|s| Ok(s.sessions.contains_key(&hash))))
    }

    fn list(&self, user: UserId) -> Answer<'_, Vec<(String, jiff::Timestamp)>> {
        let seen: jiff::Timestamp = "2026-05-29T20:14:00Z".parse().unwrap();
        ready(self.with(|s| Ok(s.sessions.iter().filter(|(_, v)| v.0 == user).map(|(k, _)| (k.clone(), seen)).collect())))
    }

    fn end_others(&self, user: UserId, but: String) -> Answer<'_, ()> {
        ready(self.with(|s| {
            s.sessions.retain(|hash, session| session.0 != user || *hash == but);
            Ok(())
        }))
    }

    fn end(&self, hash: String) -> Answer<'_, ()> {
        ready(self.with(|s| {
            s.sessions.remove(&hash);
            Ok(())
        }))
    }

    fn end_all(&self, user: UserId) -> Answer<'_, ()> {
        ready(self.with(|s| {
            s.sessions.retain(|_, session| session.0 != user);
            Ok(())
        }))
    }

    fn sweep(&self, _idle: Duration) -> Answer<'_, ()> {
        ready(Ok(()))
    }
}
