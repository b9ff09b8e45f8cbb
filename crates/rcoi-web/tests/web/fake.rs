//! An in-memory centre: two doubtful fields, one strange sheet, one exam, five people.

use futures::FutureExt;
use rcoi_model::{
    Confidence, Doubt, ExamId, ExamState, FieldKind, PackageId, PageId, Quad, Role, SheetTrouble, Task, TaskId, TaskState, TaskSubject,
    UserId, VerdictAct, VerdictId,
};
use rcoi_web::backend::{
    Actor, Answer, AsideRow, Backend, BackendError, Block, ExamCard, ExamDetails, PackageRow, PersonCode, PictureKind, Progress, SourceRef,
    TaskView, UserRecord,
};
use std::collections::BTreeMap;
use std::sync::Mutex;

const PICTURE: &str =
    r#"<svg xmlns="http://www.w3.org/2000/svg" width="400" height="60"><text x="9" y="50" font-size="48">135</text></svg>"#;

#[derive(Default)]
pub(crate) struct State {
    pub(crate) tasks: Vec<(TaskView, Option<UserId>)>,
    pub(crate) verdicts: Vec<(VerdictId, TaskId, UserId, VerdictAct)>,
    pub(crate) users: BTreeMap<String, UserRecord>,
    pub(crate) closed: bool,
}

#[derive(Default)]
pub(crate) struct Fake(pub(crate) Mutex<State>);

pub(crate) fn exam_id() -> ExamId {
    ExamId::derived(&["exam"])
}

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
    let source = Some(SourceRef { file: format!("0001-0101/{key}.png"), index: 0 });
    TaskView { task, label: String::new(), form: "ege-ab".into(), pattern: String::new(), source, earlier: None }
}

fn field(key: &str) -> TaskView {
    let subject = TaskSubject::Field {
        field: key.into(),
        kind: FieldKind::Cells,
        class: "answer".into(),
        value: "1З5".into(),
        confidence: Confidence::new(0.6).get(),
        doubts: vec![Doubt::Ambiguous { cells: vec![1] }],
        area: Quad::default(),
        permitted: "0123456789,-АБВЗ".into(),
        cells: 17,
        options: vec![],
    };
    task(key, Role::Verifier, subject)
}

impl Fake {
    pub(crate) fn new() -> Self {
        let trouble = TaskSubject::Sheet { trouble: SheetTrouble::CodeUnreadable, detail: "штрихкод смазан".into() };
        let tasks = vec![field("answer-1"), field("answer-2"), task("sheet", Role::Senior, trouble)];
        Self(Mutex::new(State { tasks: tasks.into_iter().map(|t| (t, None)).collect(), ..State::default() }))
    }

    fn with<T: Send>(&self, work: impl FnOnce(&mut State) -> Result<T, BackendError>) -> Result<T, BackendError> {
        work(&mut self.0.lock().unwrap())
    }
}

fn ready<'a, T: Send + 'a>(value: Result<T, BackendError>) -> Answer<'a, T> {
    async move { value }.boxed()
}

fn missing() -> BackendError {
    BackendError::NotFound("нет".into())
}

impl Backend for Fake {
    fn claim(&self, who: Actor, station: Role, n: u32) -> Answer<'_, Vec<TaskView>> {
        ready(self.with(|s| {
            let free = s
                .tasks
                .iter_mut()
                .filter(|(t, holder)| t.task.state == TaskState::Open && t.task.station == station && holder.is_none_or(|h| h == who.user));
            Ok(free
                .take(n as usize)
                .map(|(t, holder)| {
                    *holder = Some(who.user);
                    t.clone()
                })
                .collect())
        }))
    }

    fn task(&self, id: TaskId) -> Answer<'_, TaskView> {
        ready(self.with(|s| s.tasks.iter().find(|t| t.0.task.id == id).map(|t| t.0.clone()).ok_or_else(missing)))
    }

    fn holds(&self, who: Actor, id: TaskId) -> Answer<'_, bool> {
        ready(self.with(|s| Ok(s.tasks.iter().any(|(t, holder)| t.task.id == id && *holder == Some(who.user)))))
    }

    fn verdict(&self, who: Actor, id: VerdictId, task: TaskId, act: VerdictAct) -> Answer<'_, ()> {
        ready(self.with(|s| {
            if s.verdicts.iter().any(|v| v.0 == id) {
                return Ok(());
            }
            let row = s.tasks.iter_mut().find(|t| t.0.task.id == task).ok_or_else(missing)?;
            if row.0.task.state != TaskState::Open {
                return Err(BackendError::Conflict("задание уже решено".into()));
            }
            row.0.task.state = TaskState::Done;
            s.verdicts.push((id, task, who.user, act));
            Ok(())
        }))
    }

    fn undo(&self, who: Actor) -> Answer<'_, Option<TaskView>> {
        ready(self.with(|s| {
            let Some(at) = s.verdicts.iter().rposition(|v| v.2 == who.user) else { return Ok(None) };
            let (_, task, _, act) = s.verdicts.remove(at);
            let row = s.tasks.iter_mut().find(|t| t.0.task.id == task).ok_or_else(missing)?;
            row.0.task.state = TaskState::Open;
            if let VerdictAct::Value { value } = act {
                row.0.earlier = Some(value);
            }
            Ok(Some(row.0.clone()))
        }))
    }

    fn progress(&self) -> Answer<'_, Progress> {
        ready(self.with(|s| {
            let open = |role| s.tasks.iter().filter(|t| t.0.task.state == TaskState::Open && t.0.task.station == role).count() as u64;
            Ok(Progress { verifier: open(Role::Verifier), senior: open(Role::Senior) })
        }))
    }

    fn picture(&self, _task: TaskId, _kind: PictureKind) -> Answer<'_, (Vec<u8>, &'static str)> {
        ready(Ok((PICTURE.as_bytes().to_vec(), "image/svg+xml")))
    }

    fn people(&self, _task: TaskId) -> Answer<'_, Vec<PersonCode>> {
        ready(Ok(vec![PersonCode { code: "0001".into(), ppe: "0001".into(), room: "0101".into(), seat: "1А".into() }]))
    }

    fn exams(&self) -> Answer<'_, Vec<ExamCard>> {
        ready(self.with(|s| Ok(vec![card(s)])))
    }

    fn exam(&self, id: ExamId) -> Answer<'_, ExamDetails> {
        ready(self.with(|s| {
            if id != exam_id() {
                return Err(missing());
            }
            let card = card(s);
            let blocks = match card.open_tasks {
                0 => vec![],
                count => vec![Block { text: "Открытые задания".into(), count, station: Some(Role::Verifier) }],
            };
            Ok(ExamDetails { card, packets: vec![], blocks, packages: vec![] })
        }))
    }

    fn reconcile(&self, _who: Actor, _id: ExamId) -> Answer<'_, ()> {
        ready(Ok(()))
    }

    fn close(&self, _who: Actor, _id: ExamId) -> Answer<'_, ()> {
        ready(self.with(|s| {
            if card(s).open_tasks > 0 {
                return Err(BackendError::Refused("Закрыть нельзя: есть открытые задания.".into()));
            }
            s.closed = true;
            Ok(())
        }))
    }

    fn package(&self, _who: Actor, _id: ExamId) -> Answer<'_, Vec<PackageRow>> {
        ready(
            self.with(|s| {
                if s.closed { Ok(vec![]) } else { Err(BackendError::Refused("Сначала закройте экзамен.".into())) }
            }),
        )
    }

    fn package_file(&self, _id: PackageId) -> Answer<'_, (String, Vec<u8>)> {
        ready(Ok(("a\"b.zip".into(), b"PK".to_vec())))
    }

    fn aside(&self) -> Answer<'_, Vec<AsideRow>> {
        let source = SourceRef { file: "0001-0101/<b>.png".into(), index: 0 };
        ready(Ok(vec![AsideRow { exam: "01".into(), source, state: "set-aside".into(), reason: "не открывается".into() }]))
    }

    fn user_by_login<'a>(&'a self, login: &'a str) -> Answer<'a, Option<UserRecord>> {
        ready(self.with(|s| Ok(s.users.get(login).cloned())))
    }

    fn users(&self) -> Answer<'_, Vec<UserRecord>> {
        ready(self.with(|s| Ok(s.users.values().cloned().collect())))
    }

    fn create_user<'a>(&'a self, _by: Option<UserId>, login: &'a str, hash: &'a str, role: Role) -> Answer<'a, UserId> {
        ready(self.with(|s| {
            let id = UserId::derived(&[login]);
            let user = UserRecord { id, login: login.into(), password: hash.into(), role, disabled: false };
            s.users.insert(login.into(), user);
            Ok(id)
        }))
    }

    fn set_disabled<'a>(&'a self, _by: UserId, login: &'a str, disabled: bool) -> Answer<'a, ()> {
        ready(self.with(|s| {
            s.users.get_mut(login).ok_or_else(missing)?.disabled = disabled;
            Ok(())
        }))
    }

    fn ready(&self) -> Answer<'_, bool> {
        ready(Ok(true))
    }
}

fn card(state: &State) -> ExamCard {
    ExamCard {
        id: exam_id(),
        subject: "01".into(),
        subject_name: "Русский язык".into(),
        period: "main".into(),
        date: jiff::civil::date(2026, 5, 28),
        limit_days: 6,
        state: if state.closed { ExamState::Closed } else { ExamState::Open },
        declared: 3,
        scanned: 3,
        read: 3,
        verified: 0,
        set_aside: 0,
        open_tasks: state.tasks.iter().filter(|t| t.0.task.state == TaskState::Open).count() as u64,
    }
}
