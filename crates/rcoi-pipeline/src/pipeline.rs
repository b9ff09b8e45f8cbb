//! The handle on the whole chain: cheap to clone, shared by the web and the binary.

use crate::cutout::DecodedPages;
use crate::error::{PipelineError, Result};
use crate::facts::{MadeSheets, ReadFacts};
use crate::intake::IN_MEMORY;
use crate::known::IndexedPlan;
use crate::policies::Holds;
use crate::reader::{Reader, Readers};
use crate::thumbnail::Thumbnails;
use crate::watch::WatchState;
use crate::worker::Worker;
use crate::{check, policies, relay};
use rcoi_model::{BlobHash, ExamId, ExamPlan, PacketId, PageId, Role, Task, UserId};
use rcoi_queue::Queue;
use rcoi_recognize::source::Limits;
use rcoi_rules::{Limits as DayLimits, Policy, Profile, limits::DEFAULT_LIMITS, policy::DEFAULT_POLICY, profile::DEFAULT_PROFILE};
use rcoi_store::{Blobs, Imported, Store, Undone};
use rcoi_template::TemplateSet;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

/// Sizes and times of a running chain.
#[derive(Debug, Clone)]
pub struct Params {
    /// Pages read at the same time. Default: the processors of this machine.
    pub workers: usize,
    /// Longest reading of one page; then it is set aside. A page takes well under a second: 60 s is a broken file.
    pub read_limit: Duration,
    /// After this time a page that was published and not read is published again.
    pub lease: Duration,
    /// After this time a page whose reader gives no sign of life is read by another one.
    pub hold: Duration,
    /// Readings of one page that end without a result through no fault of the page; then it is set aside.
    pub attempts: u32,
    /// How often the relay looks for pages of other processes when nobody nudges it.
    pub poll: Duration,
    /// Quiet time after the last change before the reconciliation runs by itself.
    pub settle: Duration,
    /// Lease of a task in a person's hands.
    pub claim_lease: Duration,
    /// A worker learns after so long at the latest that an exam's policy has changed.
    pub policy_kept: Duration,
    /// Limits for files that arrive.
    pub limits: Limits,
    /// How packages are named; `None` = the profile that is shipped.
    pub profile: Option<Profile>,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            workers: std::thread::available_parallelism().map_or(2, usize::from),
            read_limit: Duration::from_secs(60),
            lease: Duration::from_secs(15),
            hold: Duration::from_secs(6),
            attempts: 5,
            poll: Duration::from_millis(500),
            settle: Duration::from_millis(300),
            claim_lease: Duration::from_secs(300),
            policy_kept: Duration::from_secs(2),
            limits: Limits::default(),
            profile: None,
        }
    }
}

/// What a chain is made of.
pub struct Parts {
    pub store: Store,
    pub blobs: Blobs,
    pub queue: Queue,
    pub reader: Reader,
    pub templates: TemplateSet,
    pub policy: Policy,
    pub params: Params,
}

/// The chain.
#[derive(Clone)]
pub struct Pipeline {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) blobs: Blobs,
    pub(crate) queue: Queue,
    pub(crate) readers: Readers,
    pub(crate) templates: TemplateSet,
    /// The installation's; exams may have their own.
    pub(crate) policy: Arc<Policy>,
    pub(crate) policies: Mutex<BTreeMap<ExamId, (Instant, Holds)>>,
    pub(crate) params: Params,
    pub(crate) decoded: DecodedPages,
    pub(crate) thumbnails: Thumbnails,
    /// Megabytes of files that may be in memory.
    pub(crate) memory: Semaphore,
    /// Files that are being taken in.
    pub(crate) arriving: Mutex<BTreeSet<BlobHash>>,
    /// How the watched folder stands; `None`: none is watched.
    pub(crate) watched: Mutex<Option<WatchState>>,
    /// What the reconciliation needs of readings, which do not change once stored.
    pub(crate) read_facts: Mutex<BTreeMap<PageId, Arc<ReadFacts>>>,
    /// What the last reconciliation of each exam made of its sheets.
    pub(crate) made_sheets: Mutex<BTreeMap<ExamId, MadeSheets>>,
    pub(crate) plans: Mutex<BTreeMap<ExamId, Arc<IndexedPlan>>>,
    /// Exams in which something changed since their last reconciliation.
    pub(crate) changed: Mutex<BTreeSet<ExamId>>,
    /// One reconciliation at a time: two with different snapshots would undo each other's tasks.
    pub(crate) checking: tokio::sync::Mutex<()>,
    pub(crate) nudge_relay: Notify,
    pub(crate) nudge_check: Notify,
    pub(crate) nudge_policy: Notify,
}

/// Workers for each page that is read at a time: while one reads, the others fetch, save and acknowledge. With PostgreSQL and a broker
/// two of them left a fifth of two cores idle, four a twenty-fifth.
const HANDS: usize = 4;

/// What a process does for the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// Relay, reading and reconciliation.
    Everything,
    /// Relay and reconciliation; other processes read.
    Centre,
    /// Reading only.
    Read,
}

/// What [`Pipeline::start`] started. Dropping it does not stop anything; the cancellation token does.
#[derive(Debug)]
pub struct Running(Vec<tokio::task::JoinHandle<()>>);

impl Running {
    /// Waits until all parts have stopped after a cancellation; pages in work are finished first.
    pub async fn stopped(self) -> Result<()> {
        for task in self.0 {
            task.await?;
        }
        Ok(())
    }
}

/// Data behind these locks are whole at every moment, so a panic elsewhere does not spoil them.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pipeline {
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { store, blobs, queue, reader, templates, policy, params } = parts;
        Self {
            inner: Arc::new(Inner {
                store,
                blobs,
                queue,
                readers: Readers::new(reader, &params),
                templates,
                policy: Arc::new(policy),
                policies: Mutex::default(),
                params,
                decoded: DecodedPages::default(),
                thumbnails: Thumbnails::default(),
                memory: Semaphore::new(IN_MEMORY as usize),
                arriving: Mutex::default(),
                watched: Mutex::default(),
                read_facts: Mutex::default(),
                made_sheets: Mutex::default(),
                plans: Mutex::default(),
                changed: Mutex::default(),
                checking: tokio::sync::Mutex::default(),
                nudge_relay: Notify::new(),
                nudge_check: Notify::new(),
                nudge_policy: Notify::new(),
            }),
        }
    }

    /// The policy that is shipped.
    pub fn default_policy() -> Result<Policy> {
        Policy::parse(DEFAULT_POLICY).map_err(|e| PipelineError::Internal(e.to_string()))
    }

    /// Code of the form kind in the federal names of the exam's packets. Asked at the import: closing day is too late.
    pub(crate) fn form_kind(&self, plan: &ExamPlan) -> Result<String> {
        let shipped;
        let profile = match &self.inner.params.profile {
            Some(profile) => profile,
            None => {
                shipped = Profile::parse(DEFAULT_PROFILE).map_err(|e| PipelineError::Internal(e.to_string()))?;
                &shipped
            }
        };
        let ExamPlan { test_type, subject, .. } = plan;
        let code = profile.form_kind(test_type, subject).map(str::to_owned);
        code.ok_or_else(|| {
            PipelineError::Refused(format!("в профиле нет кода вида бланков для вида испытания {test_type}, предмета {subject}"))
        })
    }

    #[must_use]
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    #[must_use]
    pub fn blobs(&self) -> &Blobs {
        &self.inner.blobs
    }

    #[must_use]
    pub fn templates(&self) -> &TemplateSet {
        &self.inner.templates
    }

    #[must_use]
    pub fn queue(&self) -> &Queue {
        &self.inner.queue
    }

    /// Stores a plan and the packets of its rooms. Refuses a plan that contradicts itself or allows more days than the rules.
    pub async fn import_exam(&self, plan: &ExamPlan) -> Result<Imported> {
        check_plan(plan)?;
        self.form_kind(plan)?;
        let done = self.inner.store.import_exam(plan).await?;
        lock(&self.inner.plans).remove(&plan.id());
        self.touched(plan.id());
        Ok(done)
    }

    /// Has a packet's pages read before all others, or in their turn again: by the day on which the exam's limit ends.
    pub async fn raise(&self, exam: ExamId, packet: PacketId, raised: bool, by: Option<UserId>) -> Result<()> {
        let plan = self.plan(exam).await?;
        if self.inner.store.packet(packet).await?.exam != exam {
            return Err(PipelineError::Refused("пакет другого экзамена".to_owned()));
        }
        self.inner.store.set_urgency(packet, if raised { 0 } else { plan.limit_day() }, by).await?;
        self.inner.nudge_relay.notify_one();
        Ok(())
    }

    /// Starts what `duty` names; it stops when `cancel` is cancelled.
    pub fn start(&self, duty: Duty, cancel: &CancellationToken) -> Running {
        let mut tasks = Vec::new();
        if duty != Duty::Read {
            tasks.push(tokio::spawn(relay::run(self.clone(), cancel.clone())));
            tasks.push(tokio::spawn(check::run(self.clone(), cancel.clone())));
            tasks.push(tokio::spawn(policies::run(self.clone(), cancel.clone())));
            if !self.inner.queue.dies_with_process() {
                tasks.push(tokio::spawn(check::watch(self.clone(), cancel.clone())));
            }
        }
        if duty != Duty::Centre {
            let process = uuid::Uuid::new_v4();
            for n in 0..self.inner.params.workers.max(1) * HANDS {
                let (pipeline, cancel) = (self.clone(), cancel.clone());
                let worker = Worker { pipeline, name: format!("{process}/{n}"), remembers: duty == Duty::Everything, cancel };
                tasks.push(tokio::spawn(worker.run()));
            }
        }
        Running(tasks)
    }

    /// Reads everything that waits, in every exam, reconciles, and returns. Uses its own relay and workers.
    pub async fn run_until_quiet(&self) -> Result<()> {
        let cancel = CancellationToken::new();
        let running = self.start(Duty::Everything, &cancel);
        let outcome = self.wait_until_quiet().await;
        cancel.cancel();
        running.stopped().await?;
        outcome
    }

    /// Waits until no page waits to be read, then reconciles every open exam.
    pub async fn wait_until_quiet(&self) -> Result<()> {
        let exams = loop {
            let stats = self.inner.store.exam_stats().await?;
            if stats.iter().all(|s| s.received == 0) {
                break stats;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        for exam in exams {
            self.reconcile(exam.exam).await?;
        }
        Ok(())
    }

    /// Up to `n` tasks of a station for a user, with the ones already held first; for a verifier known fields among them.
    pub async fn claim(&self, user: UserId, station: Role, exam: Option<ExamId>, n: u32) -> Result<Vec<Task>> {
        let lease = self.inner.params.claim_lease;
        let claimed = self.inner.store.claim(user, station, exam, n, lease).await?;
        let mut tasks = Vec::with_capacity(claimed.len());
        for task in claimed {
            // Of two independent tasks about one field a person gets one.
            if self.read_the_twin(user, &task).await? {
                self.inner.store.release(user, task.id).await?;
            } else {
                tasks.push(task);
            }
        }
        if station == Role::Verifier {
            self.mix_in(user, &mut tasks).await?;
        }
        Ok(tasks)
    }

    /// Takes back the user's last verdict, personal data apart: those have a station of their own.
    pub async fn undo(&self, user: UserId) -> Result<Option<Undone>> {
        Ok(self.seen(self.inner.store.undo(user).await?))
    }

    /// An undone verdict changes what the reconciliation finds.
    pub(crate) fn seen(&self, undone: Option<Undone>) -> Option<Undone> {
        if let Some(undone) = &undone {
            self.touched(undone.task.exam);
        }
        undone
    }

    pub(crate) async fn plan(&self, exam: ExamId) -> Result<Arc<ExamPlan>> {
        Ok(Arc::clone(&self.indexed(exam).await?.plan))
    }

    /// The plan with its index.
    pub(crate) async fn indexed(&self, exam: ExamId) -> Result<Arc<IndexedPlan>> {
        if let Some(plan) = lock(&self.inner.plans).get(&exam) {
            return Ok(plan.clone());
        }
        let plan = Arc::new(IndexedPlan::of(self.inner.store.exam(exam).await?.plan));
        lock(&self.inner.plans).insert(exam, plan.clone());
        Ok(plan)
    }

    /// Something changed in the exam: its reconciliation is due.
    pub(crate) fn touched(&self, exam: ExamId) {
        lock(&self.inner.changed).insert(exam);
        self.inner.nudge_check.notify_one();
    }

    pub(crate) fn take_changed(&self) -> BTreeSet<ExamId> {
        std::mem::take(&mut *lock(&self.inner.changed))
    }
}

fn check_plan(plan: &ExamPlan) -> Result<()> {
    let refuse = |text: String| Err(PipelineError::Refused(text));
    let limits = DayLimits::parse(DEFAULT_LIMITS).map_err(|e| PipelineError::Internal(e.to_string()))?;
    match limits.days(&plan.period, &plan.subject) {
        None => return refuse(format!("период «{}»: ожидалось main, early или additional", plan.period)),
        Some(days) if plan.limit_days > days => {
            return refuse(format!("срок обработки {} дней: по правилам не больше {days}", plan.limit_days));
        }
        Some(_) => {}
    }
    let rooms: BTreeSet<_> = plan.rooms.iter().map(|r| (&r.ppe, &r.room)).collect();
    let mut codes = BTreeSet::new();
    let mut people = BTreeSet::new();
    for person in &plan.participants {
        if !people.insert(&person.code) {
            return refuse(format!("участник {} встречается дважды", person.code));
        }
        if !rooms.contains(&(&person.ppe, &person.room)) {
            return refuse(format!("участник {}: аудитории {}-{} нет в плане", person.code, person.ppe, person.room));
        }
        if let Some(kit) = person.kit.iter().find(|k| !codes.insert(&k.code)) {
            return refuse(format!("участник {}: код {} уже есть в другом комплекте", person.code, kit.code));
        }
    }
    match plan.acts.iter().find(|a| !people.contains(&a.participant)) {
        Some(act) => refuse(format!("акт на участника {}: такого участника нет в плане", act.participant)),
        None => Ok(()),
    }
}
