//! The backend over the real chain: pipeline and store behind the trait of [`crate::backend`].

use crate::around::PageFacts;
use crate::backend::{
    Actor, Answer, AsideRow, Backend, BackendError, BoardAnswer, BoardItem, BoardUndone, ExamCard, ExamDetails, OpenRow, PackageFile,
    PackageRow, PersonCode, PictureKind, PolicyView, Progress, QualityRows, RescanRow, Row, SourceRef, SymbolTask, TaskView, UserRecord,
};
use crate::mapping::user_record;
use crate::password;
use crate::piles::{IntakeView, OneFile, PacketView, Place, Thumbnail};
use crate::piles_centre::Counted;
use crate::roles::Post;
use crate::said::Said;
use axum::body::Body;
use futures::FutureExt;
use futures::future::BoxFuture;
use rcoi_model::{
    BoardId, ExamId, ExamState, PackageId, PacketId, Page, PageId, Role, Task, TaskId, TaskState, TaskSubject, UserId, Verdict, VerdictAct,
    VerdictId,
};
use rcoi_pipeline::{Pipeline, PipelineError, Preview};
use rcoi_rules::{PolicyTable, Rate};
use rcoi_store::{AfterVerdict, Board, NewUser, Pieces, RecordOptions, Store, StoreError, TaskFilter};
use rcoi_template::TemplateSet;
use std::collections::BTreeMap;
use std::fs::File;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Builds the package of a closed exam and remembers it in the store. The binary gives it, with the signing key inside.
pub type Packager = Arc<dyn Fn(ExamId, UserId) -> BoxFuture<'static, Result<(), PipelineError>> + Send + Sync>;

/// Open work is counted this often at most: the counts grow with the backlog, and every act asks for them.
const COUNTED_EVERY: Duration = Duration::from_secs(1);

/// Pages set aside or excluded that are listed: more is nothing to read.
const ASIDE: u32 = 200;

/// How far a claim looks past tasks that this person may not take.
const LOOK_BEHIND: u32 = 256;

/// The centre.
pub struct Centre {
    pub(crate) pipeline: Pipeline,
    packager: Packager,
    time_zone: jiff::tz::TimeZone,
    pub(crate) pages: Mutex<BTreeMap<PageId, PageFacts>>,
    counted: tokio::sync::Mutex<Option<(Instant, Progress)>>,
    pub(crate) piles: tokio::sync::Mutex<Counted>,
}

pub(crate) type Done<T> = Result<T, BackendError>;

impl Centre {
    #[must_use]
    pub fn new(pipeline: Pipeline, packager: Packager, time_zone: jiff::tz::TimeZone) -> Self {
        Self {
            pipeline,
            packager,
            time_zone,
            pages: Mutex::default(),
            counted: tokio::sync::Mutex::default(),
            piles: tokio::sync::Mutex::default(),
        }
    }

    pub(crate) fn store(&self) -> &Store {
        self.pipeline.store()
    }

    pub(crate) fn now(&self) -> jiff::civil::DateTime {
        jiff::Timestamp::now().to_zoned(self.time_zone.clone()).datetime()
    }

    pub(crate) fn templates(&self) -> &TemplateSet {
        self.pipeline.templates()
    }

    pub(crate) async fn login_of(&self, user: UserId) -> Done<String> {
        Ok(self.store().user(user).await?.login)
    }

    async fn views(&self, tasks: Vec<Task>) -> Done<Vec<TaskView>> {
        let mut views = Vec::with_capacity(tasks.len());
        for task in tasks {
            views.push(self.view(task).await?);
        }
        Ok(views)
    }

    /// A verifier asks for a rescan: the field goes on to the senior as it is, open, with the request beside it.
    /// (The chain takes that act from a senior only, who decides about paper; a verifier may ask.)
    async fn ask_rescan(&self, user: UserId, id: VerdictId, task: TaskId, act: VerdictAct) -> Done<()> {
        let verdict = Verdict { id, task, user, act, at: self.store().now().to_string() };
        let options = RecordOptions { after: AfterVerdict::StaysOpen(Role::Senior), ..RecordOptions::default() };
        self.store().record(&verdict, &options).await?;
        Ok(())
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

    fn task(&self, id: TaskId) -> Answer<'_, Task> {
        async move { Ok(self.store().task(id).await?.task) }.boxed()
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
            let role = who.post.role().ok_or_else(|| BackendError::Refused(Said::text(|t| t.no_role)))?;
            if role == Role::Verifier && matches!(act, VerdictAct::Rescan { .. }) {
                return self.ask_rescan(who.user, id, task, act).await;
            }
            self.pipeline.verdict(who.user, role, id, task, act).await?;
            Ok(())
        }
        .boxed()
    }

    fn stored(&self, who: Actor, id: VerdictId, task: TaskId) -> Answer<'_, bool> {
        async move {
            let said = self.store().verdicts_of_task(task).await?;
            Ok(said.iter().any(|row| row.verdict.id == id && row.verdict.user == who.user))
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
            // Held while counting, so that a hundred people who ask at once cost one count.
            let mut counted = self.counted.lock().await;
            if let Some((until, progress)) = *counted
                && Instant::now() < until
            {
                return Ok(progress);
            }
            let begun = Instant::now();
            let mut progress = Progress { symbols: self.store().open_symbols().await?, ..Progress::default() };
            for count in self.store().open_counts().await? {
                match count.station {
                    Role::Verifier => (progress.verifier, progress.persons) = (count.others, count.persons),
                    Role::Senior => (progress.senior, progress.persons_asked) = (count.others, count.persons),
                    Role::Operator | Role::Head | Role::Admin => {}
                }
            }
            // A backlog of millions is counted rarely: counting takes a fifth of one core at most.
            *counted = Some((Instant::now() + COUNTED_EVERY.max(begun.elapsed() * 4), progress));
            Ok(progress)
        }
        .boxed()
    }

    fn picture(&self, task: TaskId, kind: PictureKind) -> Answer<'_, (Vec<u8>, &'static str)> {
        async move {
            let bytes = match kind {
                PictureKind::Cutout => self.pipeline.task_picture(task).await?,
                PictureKind::Page => {
                    let task = self.store().task(task).await?.task;
                    // Names and answers never share a screen: of personal data only the compared fields are shown.
                    let page = task.page.filter(|_| !matches!(task.subject, TaskSubject::Person { .. })).ok_or(BackendError::NotFound)?;
                    self.pipeline.page_picture(page, 0).await?
                }
            };
            Ok((bytes, "image/png"))
        }
        .boxed()
    }

    fn row_picture(&self, task: TaskId, row: Row) -> Answer<'_, (Vec<u8>, &'static str)> {
        async move { Ok((self.row_png(task, row).await?, "image/png")) }.boxed()
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

    fn raise(&self, who: Actor, id: ExamId, packet: PacketId, raised: bool) -> Answer<'_, ()> {
        async move { Ok(self.pipeline.raise(id, packet, raised, Some(who.user)).await?) }.boxed()
    }

    fn close(&self, who: Actor, id: ExamId) -> Answer<'_, ()> {
        async move { Ok(self.pipeline.close(id, Some(who.user), self.now()).await?) }.boxed()
    }

    fn package(&self, who: Actor, id: ExamId) -> Answer<'_, Vec<PackageRow>> {
        async move {
            if self.store().exam(id).await?.state == ExamState::Open {
                return Err(BackendError::Refused(Said::text(|t| t.no_closed_yet)));
            }
            (self.packager)(id, who.user).await?;
            self.package_rows(id).await
        }
        .boxed()
    }

    fn package_file(&self, id: PackageId) -> Answer<'_, PackageFile> {
        async move {
            for exam in self.store().exams().await? {
                if let Some(row) = self.store().packages(exam.id).await?.into_iter().find(|r| r.id == id) {
                    let pieces = self.pipeline.blobs().pieces(&row.package.blob).await?;
                    let bytes = pieces.size;
                    let next = |mut pieces: Pieces| async move { Some((pieces.next().await?, pieces)) };
                    let content = Body::from_stream(futures::stream::unfold(pieces, next));
                    return Ok(PackageFile { name: row.package.name, bytes, content });
                }
            }
            Err(BackendError::NotFound)
        }
        .boxed()
    }

    fn aside(&self) -> Answer<'_, Vec<AsideRow>> {
        async move {
            let exams = self.store().exams().await?;
            let name = |id| exams.iter().find(|e| e.id == id).map(|e| e.plan.subject_name.clone()).unwrap_or_default();
            let row = |page: Page| AsideRow {
                exam: name(page.exam),
                source: SourceRef { file: page.source, index: page.index },
                state: page.state,
                reason: page.reason.unwrap_or_default(),
            };
            Ok(self.store().pages_out(ASIDE).await?.into_iter().map(row).collect())
        }
        .boxed()
    }

    fn rescans(&self) -> Answer<'_, Vec<RescanRow>> {
        async move {
            let mut rows = Vec::new();
            for exam in self.store().exams().await?.into_iter().filter(|e| e.state == ExamState::Open) {
                let open =
                    TaskFilter { exam: Some(exam.id), station: Some(Role::Senior), state: Some(TaskState::Open), ..TaskFilter::default() };
                let rooms = self.rooms(exam.id).await?;
                for row in self.store().tasks(&open).await? {
                    let Some(last) = self.store().verdicts_of_task(row.task.id).await?.pop() else { continue };
                    let VerdictAct::Rescan { reason } = last.verdict.act else { continue };
                    let (ppe, room) = row.task.packet.and_then(|p| rooms.get(&p).cloned()).unwrap_or_default();
                    rows.push(RescanRow {
                        exam: exam.plan.subject_name.clone(),
                        ppe,
                        room,
                        source: self.source_of(&row.task).await?,
                        reason,
                        by: self.login_of(last.verdict.user).await?,
                        at: last.verdict.at,
                    });
                }
            }
            Ok(rows)
        }
        .boxed()
    }

    fn open(&self, id: ExamId, station: Role, most: u32) -> Answer<'_, Vec<OpenRow>> {
        async move {
            let filter = TaskFilter {
                exam: Some(id),
                station: Some(station),
                state: Some(TaskState::Open),
                limit: Some(most),
                ..TaskFilter::default()
            };
            let (rooms, now) = (self.rooms(id).await?, self.store().now());
            let mut rows = Vec::new();
            for row in self.store().tasks(&filter).await? {
                let (ppe, room) = row.task.packet.and_then(|p| rooms.get(&p).cloned()).unwrap_or_default();
                let holder = match row.claimed_by.filter(|_| row.lease_until.is_some_and(|until| until > now)) {
                    Some(user) => Some(self.login_of(user).await?),
                    None => None,
                };
                rows.push(OpenRow { source: self.source_of(&row.task).await?, task: row.task, ppe, room, holder });
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

    fn create_user<'a>(&'a self, by: Option<UserId>, login: &'a str, hash: &'a str, post: Post) -> Answer<'a, UserId> {
        async move {
            let Some(role) = post.role() else { return Ok(self.store().create_auditor(login, hash, by).await?.id) };
            let user = NewUser { login: login.to_owned(), title: String::new(), role, password_hash: hash.to_owned() };
            Ok(self.store().create_user(&user, by).await?.id)
        }
        .boxed()
    }

    fn set_password<'a>(&'a self, who: Actor, hash: &'a str) -> Answer<'a, ()> {
        async move { Ok(self.store().set_password_hash(who.user, hash, Some(who.user)).await?) }.boxed()
    }

    fn set_disabled<'a>(&'a self, by: UserId, login: &'a str, disabled: bool) -> Answer<'a, ()> {
        async move {
            let user = self.store().user_by_login(login).await?.ok_or(BackendError::NotFound)?;
            self.store().set_user_disabled(user.id, disabled, Some(by)).await?;
            Ok(())
        }
        .boxed()
    }

    fn claim_symbols(&self, who: Actor, like: Option<char>, n: u32) -> Answer<'_, Vec<SymbolTask>> {
        async move { Ok(self.pipeline.claim_symbols(who.user, like, n).await?) }.boxed()
    }

    fn board(&self, who: Actor, id: BoardId, items: Vec<BoardItem>) -> Answer<'_, BoardAnswer> {
        async move {
            let done = self.pipeline.record_board(&Board { id, user: who.user, items }).await?;
            Ok(BoardAnswer { settled: done.settled, gone: done.gone })
        }
        .boxed()
    }

    fn undo_board(&self, who: Actor) -> Answer<'_, Option<BoardUndone>> {
        async move {
            let undone = self.pipeline.undo_board(who.user).await?;
            Ok(undone.map(|u| BoardUndone { back: u.back, kept: u.kept }))
        }
        .boxed()
    }

    fn claim_persons(&self, who: Actor, n: u32) -> Answer<'_, Vec<TaskView>> {
        async move {
            let role = who.post.role().ok_or_else(|| BackendError::Refused(Said::text(|t| t.no_role)))?;
            let tasks = self.pipeline.claim_persons(who.user, role, n).await?;
            self.views(tasks).await
        }
        .boxed()
    }

    fn undo_person(&self, who: Actor) -> Answer<'_, Option<TaskView>> {
        async move {
            match self.pipeline.undo_person(who.user).await? {
                Some(undone) => Ok(Some(self.view(undone.task).await?)),
                None => Ok(None),
            }
        }
        .boxed()
    }

    fn person_picture<'a>(&'a self, task: TaskId, field: &'a str) -> Answer<'a, (Vec<u8>, &'static str)> {
        async move { Ok((self.pipeline.person_picture(task, field).await?, "image/png")) }.boxed()
    }

    fn quality(&self, id: ExamId) -> Answer<'_, QualityRows> {
        async move {
            let known = self.pipeline.quality(id).await?;
            let mut people = Vec::with_capacity(known.people.len());
            for (who, rate) in known.people {
                people.push((self.login_of(who).await?, rate));
            }
            people.sort_by(|a, b| b.1.rate.total_cmp(&a.1.rate).then_with(|| a.0.cmp(&b.0)));
            Ok(QualityRows { filled: known.filled, empty: known.empty, waiting: known.waiting, people })
        }
        .boxed()
    }

    fn policy(&self, id: ExamId) -> Answer<'_, PolicyView> {
        async move {
            let open = self.store().exam(id).await?.state == ExamState::Open;
            let row = self.store().policy(id).await?;
            let changed = match &row {
                Some(row) => Some((self.login_of(row.user).await?, row.at.to_string())),
                None => None,
            };
            let table = match self.pipeline.policy_of(id).await {
                Ok(policy) => Some(policy.table().clone()),
                Err(PipelineError::UnknownPolicy(_)) => None,
                Err(error) => return Err(error.into()),
            };
            let own = row.as_ref().is_some_and(|r| r.document.is_some());
            Ok(PolicyView { table, own, pending: open && row.is_some_and(|r| !r.applied), open, changed })
        }
        .boxed()
    }

    fn preview(&self, id: ExamId, table: PolicyTable) -> Answer<'_, Preview> {
        async move { Ok(self.pipeline.preview(id, &table).await?) }.boxed()
    }

    fn set_policy(&self, who: Actor, id: ExamId, table: Option<PolicyTable>) -> Answer<'_, ()> {
        async move { Ok(self.pipeline.set_policy(id, table.as_ref(), who.user).await?) }.boxed()
    }

    fn own_rate(&self, who: Actor) -> Answer<'_, Rate> {
        async move { Ok(self.pipeline.own_rate(who.user).await?) }.boxed()
    }

    fn intake(&self) -> Answer<'_, IntakeView> {
        self.intake_view().boxed()
    }

    fn packet(&self, exam: ExamId, packet: PacketId) -> Answer<'_, PacketView> {
        self.packet_view(exam, packet).boxed()
    }

    fn take_file(&self, who: Actor, exam: ExamId, place: Place, file: File) -> Answer<'_, Vec<OneFile>> {
        self.take(who, exam, place, file).boxed()
    }

    fn thumbnail<'a>(&'a self, page: PageId, known: Option<&'a str>) -> Answer<'a, Thumbnail> {
        self.small_picture(page, known).boxed()
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
