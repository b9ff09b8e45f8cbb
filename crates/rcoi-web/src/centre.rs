//! The backend over the real chain: pipeline and store behind the trait of [`crate::backend`].

use crate::backend::{
    Actor, Answer, AsideRow, Backend, BackendError, Block, ExamCard, ExamDetails, PackageRow, PacketRow, PersonCode, PictureKind, Progress,
    SourceRef, TaskView, UserRecord,
};
use crate::password;
use futures::FutureExt;
use futures::future::BoxFuture;
use rcoi_model::{
    ExamId, ExamState, PackageId, PacketId, PageId, PageState, Role, Task, TaskId, TaskState, TaskSubject, TemplateId, UserId, VerdictAct,
    VerdictId,
};
use rcoi_pipeline::{Pipeline, PipelineError};
use rcoi_store::{ExamRow, ExamStats, NewUser, Store, StoreError, User};
use rcoi_template::{FieldSpec, Template};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Builds the package of a closed exam and remembers it in the store. The binary gives it, with the signing key inside.
pub type Packager = Arc<dyn Fn(ExamId, UserId) -> BoxFuture<'static, Result<(), PipelineError>> + Send + Sync>;

/// Pages whose form is remembered between claims.
const REMEMBERED_FORMS: usize = 20_000;

/// How far a claim looks past tasks that this person may not take.
const LOOK_BEHIND: u32 = 256;

/// The centre.
pub struct Centre {
    pipeline: Pipeline,
    packager: Packager,
    time_zone: jiff::tz::TimeZone,
    forms: Mutex<BTreeMap<PageId, Option<TemplateId>>>,
}

impl From<StoreError> for BackendError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(what) => Self::NotFound(what),
            StoreError::NotYours(_) => Self::Conflict("Это задание не за вами: его взял или уже решил другой.".into()),
            StoreError::Closed(_) => Self::Conflict("Задание уже решено, или экзамен закрыт.".into()),
            StoreError::Conflict(why) => Self::Conflict(format!("Не получилось: {why}")),
            StoreError::StillOpen { tasks, pages } => {
                Self::Refused(format!("Экзамен закрыть нельзя: открытых заданий {tasks}, нечитанных листов {pages}."))
            }
            StoreError::WrongState { expected, actual } => {
                Self::Refused(format!("Состояние экзамена «{}», а нужно «{}».", actual.as_str(), expected.as_str()))
            }
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<PipelineError> for BackendError {
    fn from(error: PipelineError) -> Self {
        match error {
            PipelineError::Store(error) => error.into(),
            PipelineError::Refused(why) => Self::Refused(why),
            PipelineError::Blocked(_) => Self::Refused(error.to_string()),
            PipelineError::Picture(why) => Self::NotFound(format!("картинка: {why}")),
            other => Self::Internal(other.to_string()),
        }
    }
}

type Done<T> = Result<T, BackendError>;

impl Centre {
    #[must_use]
    pub fn new(pipeline: Pipeline, packager: Packager, time_zone: jiff::tz::TimeZone) -> Self {
        Self { pipeline, packager, time_zone, forms: Mutex::default() }
    }

    fn store(&self) -> &Store {
        self.pipeline.store()
    }

    fn now(&self) -> jiff::civil::DateTime {
        jiff::Timestamp::now().to_zoned(self.time_zone.clone()).datetime()
    }

    /// Template of a page; readings are large, so what was looked up once is remembered.
    async fn form(&self, page: PageId) -> Done<Option<TemplateId>> {
        let known = self.forms.lock().unwrap_or_else(PoisonError::into_inner).get(&page).cloned();
        if let Some(form) = known {
            return Ok(form);
        }
        let Some(reading) = self.store().reading(page).await? else { return Ok(None) };
        let mut forms = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
        if forms.len() >= REMEMBERED_FORMS {
            forms.clear();
        }
        forms.insert(page, reading.template.clone());
        Ok(reading.template)
    }

    async fn view(&self, task: Task) -> Done<TaskView> {
        let mut view = TaskView { task, label: String::new(), form: String::new(), pattern: String::new(), source: None, earlier: None };
        let Some(page) = view.task.page else { return Ok(view) };
        let stored = self.store().page(page).await?;
        view.source = Some(SourceRef { file: stored.source, index: stored.index });
        let Some(id) = self.form(page).await? else { return Ok(view) };
        if let TaskSubject::Field { field, .. } = &view.task.subject
            && let Some(field) = self.pipeline.templates().get(&id).and_then(|t: &Template| t.fields.iter().find(|f| &f.name == field))
        {
            view.label = field.label.clone();
            if let FieldSpec::Cells(cells) = &field.spec {
                view.pattern = cells.pattern.clone();
            }
        }
        view.form = id.0;
        Ok(view)
    }

    async fn views(&self, tasks: Vec<Task>) -> Done<Vec<TaskView>> {
        let mut views = Vec::with_capacity(tasks.len());
        for task in tasks {
            views.push(self.view(task).await?);
        }
        Ok(views)
    }

    /// Pages with an open task, by packet.
    async fn waiting(&self, exam: ExamId) -> Done<BTreeMap<PacketId, BTreeSet<PageId>>> {
        let mut waiting: BTreeMap<PacketId, BTreeSet<PageId>> = BTreeMap::new();
        for task in self.store().open_tasks(exam).await? {
            if let (Some(packet), Some(page)) = (task.packet, task.page) {
                waiting.entry(packet).or_default().insert(page);
            }
        }
        Ok(waiting)
    }

    async fn card(&self, row: ExamRow, stats: Option<&ExamStats>) -> Done<ExamCard> {
        let waiting: usize = self.waiting(row.id).await?.values().map(BTreeSet::len).sum();
        let count = |get: fn(&ExamStats) -> u64| stats.map_or(0, get);
        let read = count(|s| s.read);
        Ok(ExamCard {
            id: row.id,
            subject: row.plan.subject,
            subject_name: row.plan.subject_name,
            period: row.plan.period,
            date: row.plan.date,
            limit_days: row.plan.limit_days,
            state: row.state,
            declared: count(|s| s.declared),
            scanned: count(|s| s.scanned),
            read,
            verified: read.saturating_sub(waiting as u64),
            set_aside: count(|s| s.set_aside),
            open_tasks: count(|s| s.open_tasks),
        })
    }

    async fn packets(&self, exam: ExamId) -> Done<Vec<PacketRow>> {
        let waiting = self.waiting(exam).await?;
        let row = |s: rcoi_store::PacketStats| PacketRow {
            verified: s.read.saturating_sub(waiting.get(&s.packet).map_or(0, |pages| pages.len() as u64)),
            ppe: s.ppe,
            room: s.room,
            declared: s.declared,
            // What a person took out of the work is not missing and not surplus.
            scanned: s.scanned.saturating_sub(s.excluded),
            read: s.read,
            set_aside: s.set_aside,
            open_tasks: s.open_tasks,
        };
        Ok(self.store().packet_stats(exam).await?.into_iter().map(row).collect())
    }

    async fn blocks(&self, exam: ExamId, state: ExamState) -> Done<Vec<Block>> {
        if state != ExamState::Open {
            return Ok(Vec::new());
        }
        let gate = self.pipeline.gate(exam, self.now()).await?;
        let block = |b: rcoi_rules::Block| Block {
            station: match b.station.as_str() {
                "verify" => Some(Role::Verifier),
                "senior" => Some(Role::Senior),
                "packets" => Some(Role::Operator),
                _ => None,
            },
            // The text says the figure already.
            count: 0,
            text: b.text,
        };
        Ok(gate.blocks.into_iter().map(block).collect())
    }

    async fn package_rows(&self, exam: ExamId) -> Done<Vec<PackageRow>> {
        let row = |r: rcoi_store::PackageRow| PackageRow {
            id: r.id,
            file: r.package.name,
            sha256: r.package.blob.as_str().to_owned(),
            bytes: r.package.size,
            version: r.package.version,
        };
        Ok(self.store().packages(exam).await?.into_iter().map(row).collect())
    }
}

fn user_record(user: User) -> UserRecord {
    UserRecord { id: user.id, login: user.login, password: user.password_hash, role: user.role, disabled: user.disabled }
}

/// A verifier's wish for a rescan goes to the senior, who decides about paper.
fn for_pipeline(who: Actor, act: VerdictAct) -> VerdictAct {
    match act {
        VerdictAct::Rescan { reason } if who.role == Role::Verifier => {
            VerdictAct::Pass { reason: format!("Нужен повторный скан: {reason}") }
        }
        other => other,
    }
}

impl Backend for Centre {
    fn claim(&self, who: Actor, station: Role, n: u32) -> Answer<'_, Vec<TaskView>> {
        async move {
            let mut tasks = self.pipeline.claim(who.user, station, None, n).await?;
            if tasks.is_empty() {
                // The front of the queue may hold only second readings of fields this person has read: look behind them.
                tasks = self.pipeline.claim(who.user, station, None, n + LOOK_BEHIND).await?;
                for surplus in tasks.split_off(tasks.len().min(n as usize)) {
                    self.store().release(who.user, surplus.id).await?;
                }
            }
            self.views(tasks).await
        }
        .boxed()
    }

    fn task(&self, id: TaskId) -> Answer<'_, TaskView> {
        async move { self.view(self.store().task(id).await?.task).await }.boxed()
    }

    fn holds(&self, who: Actor, id: TaskId) -> Answer<'_, bool> {
        async move {
            let row = match self.store().task(id).await {
                Ok(row) => row,
                Err(StoreError::NotFound(_)) => return Ok(false),
                Err(error) => return Err(error.into()),
            };
            if row.claimed_by.is_some() {
                return Ok(row.claimed_by == Some(who.user));
            }
            Ok(self.store().verdicts_of_task(id).await?.last().is_some_and(|v| v.verdict.user == who.user))
        }
        .boxed()
    }

    fn verdict(&self, who: Actor, id: VerdictId, task: TaskId, act: VerdictAct) -> Answer<'_, ()> {
        async move {
            self.pipeline.verdict(who.user, who.role, id, task, for_pipeline(who, act)).await?;
            Ok(())
        }
        .boxed()
    }

    fn undo(&self, who: Actor) -> Answer<'_, Option<TaskView>> {
        async move {
            let Some(undone) = self.pipeline.undo(who.user).await? else { return Ok(None) };
            let mut view = self.view(undone.task).await?;
            if let VerdictAct::Value { value } = undone.verdict.act {
                view.earlier = Some(value);
            }
            Ok(Some(view))
        }
        .boxed()
    }

    fn progress(&self) -> Answer<'_, Progress> {
        async move {
            let mut progress = Progress::default();
            for row in self.store().task_counts(None).await?.into_iter().filter(|c| c.state == TaskState::Open) {
                match row.station {
                    Role::Verifier => progress.verifier += row.count,
                    Role::Senior => progress.senior += row.count,
                    Role::Operator | Role::Head | Role::Admin => {}
                }
            }
            Ok(progress)
        }
        .boxed()
    }

    fn picture(&self, task: TaskId, kind: PictureKind) -> Answer<'_, (Vec<u8>, &'static str)> {
        async move {
            let bytes = match kind {
                PictureKind::Cutout => self.pipeline.task_picture(task).await?,
                PictureKind::Page => {
                    let page = self.store().task(task).await?.task.page.ok_or_else(|| BackendError::NotFound("картинка".into()))?;
                    self.pipeline.page_picture(page, 0).await?
                }
            };
            Ok((bytes, "image/png"))
        }
        .boxed()
    }

    fn people(&self, task: TaskId) -> Answer<'_, Vec<PersonCode>> {
        async move {
            let exam = self.store().task(task).await?.task.exam;
            let people = self.store().exam(exam).await?.plan.participants;
            let mut people: Vec<PersonCode> =
                people.into_iter().map(|p| PersonCode { code: p.code, ppe: p.ppe, room: p.room, seat: p.seat }).collect();
            people.sort_by(|a, b| (&a.ppe, &a.room, &a.seat).cmp(&(&b.ppe, &b.room, &b.seat)));
            Ok(people)
        }
        .boxed()
    }

    fn exams(&self) -> Answer<'_, Vec<ExamCard>> {
        async move {
            let stats = self.store().exam_stats().await?;
            let mut cards = Vec::new();
            for row in self.store().exams().await? {
                let own = stats.iter().find(|s| s.exam == row.id);
                cards.push(self.card(row, own).await?);
            }
            Ok(cards)
        }
        .boxed()
    }

    fn exam(&self, id: ExamId) -> Answer<'_, ExamDetails> {
        async move {
            let row = self.store().exam(id).await?;
            // First: it reconciles, and the figures below should be of after that.
            let blocks = self.blocks(id, row.state).await?;
            let stats = self.store().exam_stats().await?;
            let card = self.card(row, stats.iter().find(|s| s.exam == id)).await?;
            Ok(ExamDetails { card, blocks, packets: self.packets(id).await?, packages: self.package_rows(id).await? })
        }
        .boxed()
    }

    fn reconcile(&self, _who: Actor, id: ExamId) -> Answer<'_, ()> {
        async move {
            self.pipeline.reconcile(id).await?;
            Ok(())
        }
        .boxed()
    }

    fn close(&self, who: Actor, id: ExamId) -> Answer<'_, ()> {
        async move { Ok(self.pipeline.close(id, Some(who.user), self.now()).await?) }.boxed()
    }

    fn package(&self, who: Actor, id: ExamId) -> Answer<'_, Vec<PackageRow>> {
        async move {
            if self.store().exam(id).await?.state == ExamState::Open {
                return Err(BackendError::Refused("Сначала закройте экзамен.".into()));
            }
            (self.packager)(id, who.user).await?;
            self.package_rows(id).await
        }
        .boxed()
    }

    fn package_file(&self, id: PackageId) -> Answer<'_, (String, Vec<u8>)> {
        async move {
            for exam in self.store().exams().await? {
                if let Some(row) = self.store().packages(exam.id).await?.into_iter().find(|r| r.id == id) {
                    return Ok((row.package.name, self.pipeline.blobs().get(&row.package.blob).await?));
                }
            }
            Err(BackendError::NotFound("пакет".into()))
        }
        .boxed()
    }

    fn aside(&self) -> Answer<'_, Vec<AsideRow>> {
        async move {
            let mut rows = Vec::new();
            for exam in self.store().exams().await? {
                for page in self.store().pages_of_exam(exam.id).await? {
                    if matches!(page.state, PageState::SetAside | PageState::Excluded) {
                        rows.push(AsideRow {
                            exam: exam.plan.subject_name.clone(),
                            source: SourceRef { file: page.source, index: page.index },
                            state: if page.state == PageState::SetAside { "отложен" } else { "исключён" }.to_owned(),
                            reason: page.reason.unwrap_or_default(),
                        });
                    }
                }
            }
            Ok(rows)
        }
        .boxed()
    }

    fn user_by_login<'a>(&'a self, login: &'a str) -> Answer<'a, Option<UserRecord>> {
        async move { Ok(self.store().user_by_login(login).await?.map(user_record)) }.boxed()
    }

    fn users(&self) -> Answer<'_, Vec<UserRecord>> {
        async move { Ok(self.store().users().await?.into_iter().map(user_record).collect()) }.boxed()
    }

    fn create_user<'a>(&'a self, by: Option<UserId>, login: &'a str, hash: &'a str, role: Role) -> Answer<'a, UserId> {
        async move {
            let user = NewUser { login: login.to_owned(), title: String::new(), role, password_hash: hash.to_owned() };
            Ok(self.store().create_user(&user, by).await?.id)
        }
        .boxed()
    }

    fn set_disabled<'a>(&'a self, by: UserId, login: &'a str, disabled: bool) -> Answer<'a, ()> {
        async move {
            let user = self.store().user_by_login(login).await?.ok_or_else(|| BackendError::NotFound("пользователь".into()))?;
            self.store().set_user_disabled(user.id, disabled, Some(by)).await?;
            Ok(())
        }
        .boxed()
    }

    fn ready(&self) -> Answer<'_, bool> {
        async move { Ok(self.store().ping().await.is_ok()) }.boxed()
    }
}

/// Makes sure that a login exists with this password and role, for ready-made logins. An existing login is left as it is.
///
/// # Errors
/// When the store or the password hasher fails.
pub async fn ensure_user(store: &Store, login: &str, password: &str, role: Role) -> Result<UserId, BackendError> {
    if let Some(user) = store.user_by_login(login).await? {
        return Ok(user.id);
    }
    let hash = password::hash_in_background(password).await.map_err(|e| BackendError::Internal(e.to_string()))?;
    let user = NewUser { login: login.to_owned(), title: String::new(), role, password_hash: hash };
    Ok(store.create_user(&user, None).await?.id)
}
