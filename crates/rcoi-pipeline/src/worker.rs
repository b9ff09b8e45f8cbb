//! A worker: takes a page from the queue, makes it its own, reads it, saves reading and tasks in one transaction, acknowledges.
//! One bad page never stops the pile: it is set aside with its reason. A store that is away is waited for, so that no page
//! is decoded twice for it.

use crate::error::{PipelineError, Result};
use crate::field_tasks::{cuts, field_tasks};
use crate::figures;
use crate::known::{ExamKnowledge, IndexedPlan};
use crate::pipeline::{Inner, Pipeline};
use crate::policies::Holds;
use crate::wanted::wanted;
use rcoi_model::{Page, PageId, PageReading};
use rcoi_queue::{Delivery, Task};
use rcoi_rules::reconcile::undecodable;
use rcoi_rules::{PacketFacts, Policy};
use rcoi_store::{Begun, Cuts, StoreError};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Pause before the first further try of a store that is away, and the longest one.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// One worker of a process.
pub(crate) struct Worker {
    pub(crate) pipeline: Pipeline,
    /// Unlike that of any other worker anywhere.
    pub(crate) name: String,
    /// This process reconciles too, so what is read is kept for that.
    pub(crate) remembers: bool,
    pub(crate) cancel: CancellationToken,
}

impl Worker {
    /// Runs until cancelled or until the queue is closed. A page in work is finished first.
    pub(crate) async fn run(self) {
        let consumer = self.pipeline.inner.queue.consumer(1);
        loop {
            let delivery = tokio::select! {
                () = self.cancel.cancelled() => return,
                next = consumer.next() => match next {
                    Some(delivery) => delivery,
                    None => return,
                },
            };
            self.handle(delivery).await;
        }
    }

    async fn handle(&self, delivery: Delivery) {
        let Task::Read { page } = delivery.task();
        let inner = &self.pipeline.inner;
        let outcome = match self.patiently(|| inner.store.begin_reading(page, &self.name, inner.params.hold)).await {
            // It is read, or another worker reads it. Should that one die the relay brings it again.
            Ok(Begun::NotNow) => Ok(()),
            Ok(Begun::Yours { page, attempt, fault }) if attempt > inner.params.attempts => {
                self.patiently(|| self.pipeline.give_up(&page, attempt - 1, fault.as_deref().unwrap_or("чтение оборвалось"))).await
            }
            Ok(Begun::Yours { page, .. }) => self.keeping(page.id, self.read_page(&page)).await,
            Err(error) => Err(error.into()),
        };
        match outcome {
            Ok(()) => delivery.ack().await,
            Err(error) => {
                tracing::warn!(%page, attempt = delivery.attempt(), %error, "page not saved");
                metrics::counter!("rcoi_page_retries_total").increment(1);
                // Should that fail too, the lease lapses.
                if let Err(error) = inner.store.stop_reading(page, &self.name, &error.to_string()).await {
                    tracing::debug!(%page, %error, "the page's lease was not ended");
                }
                delivery.nack(&error.to_string()).await;
            }
        }
    }

    /// Lengthens the page's lease again and again while `work` goes on.
    async fn keeping<T>(&self, page: PageId, work: impl Future<Output = T>) -> T {
        let hold = self.pipeline.inner.params.hold;
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(hold / 3) => {
                    // Lost, the page may be read twice, to the same end.
                    if let Err(error) = self.pipeline.inner.store.keep_reading(page, &self.name, hold).await {
                        tracing::debug!(%page, %error, "the page's lease was not lengthened");
                    }
                }
            }
        }
    }

    /// Tries again, with growing pauses, while the store or the pictures are out of reach; not beyond the end of this worker.
    async fn patiently<T, E: Passing, F: Future<Output = Result<T, E>>>(&self, work: impl Fn() -> F) -> Result<T, E> {
        let mut pause = PAUSES.0;
        loop {
            let error = match work().await {
                Err(error) if error.may_pass() && !self.cancel.is_cancelled() => error,
                outcome => return outcome,
            };
            tracing::warn!(%error, worker = self.name, "waiting for the store");
            tokio::select! {
                () = self.cancel.cancelled() => return Err(error),
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Reads one page and saves the result. `Err` only for faults of our own side, which are worth another try.
    async fn read_page(&self, page: &Page) -> Result<()> {
        let begun = Instant::now();
        let inner = &self.pipeline.inner;
        let bytes = match self.patiently(|| inner.blobs.get(&page.blob)).await {
            Ok(bytes) => bytes,
            Err(error @ (StoreError::NotFound(_) | StoreError::DamagedBlob { .. })) => {
                let reason = format!("файл в хранилище повреждён: {error}");
                return self.patiently(|| self.pipeline.set_aside(page, &reason)).await;
            }
            Err(error) => return Err(error.into()),
        };
        figures::stage("fetch", begun);
        let plan = self.patiently(|| self.pipeline.indexed(page.exam)).await?;
        let packet = self.patiently(|| inner.store.packet(page.packet)).await?;
        let packet = PacketFacts { id: packet.id, ppe: packet.ppe, room: packet.room, declared: packet.declared };
        let known = ExamKnowledge::of(&plan.plan, &packet.ppe, &packet.room);
        let Holds { policy, .. } = self.patiently(|| self.pipeline.holding(page.exam)).await?;
        let asks = Arc::new(Asks { inner: Arc::clone(inner), plan, packet, page: page.clone() });
        let wants = {
            let asks = Arc::clone(&asks);
            Box::new(move |reading: &PageReading| wanted(&policy, &asks.tasks(&policy, reading), reading))
        };
        let reading_begun = Instant::now();
        let (reading, pictures) = match inner.readers.read(bytes, page.index, known, wants, &inner.params).await? {
            Ok(read) => read,
            Err(reason) => return self.patiently(|| self.pipeline.set_aside(page, &reason)).await,
        };
        figures::stage("read", reading_begun);
        let saving_begun = Instant::now();
        let tasks = loop {
            let Holds { seq, policy } = self.patiently(|| self.pipeline.holding(page.exam)).await?;
            let tasks = asks.tasks(&policy, &reading);
            let cuts = Cuts { policy: Some(seq), ..cuts(&policy, &tasks, &reading, &pictures) };
            match self.patiently(|| inner.store.save_reading_with(page.id, &reading, &tasks, &cuts)).await {
                // The head changed it while the page was read.
                Err(StoreError::OtherPolicy) => self.pipeline.forget_policy(page.exam),
                saved => break saved.map(|_| tasks)?,
            }
        };
        figures::stage("save", saving_begun);
        figures::read(reading.template.as_ref().map_or("none", |t| t.0.as_str()), tasks.len());
        figures::stage("whole", begun);
        if self.remembers {
            self.pipeline.remember(page.id, &reading);
        }
        self.pipeline.touched(page.exam);
        tracing::info!(
            page = %page.id,
            source = %page.source,
            form = reading.template.as_ref().map_or("-", |t| t.0.as_str()),
            fields = reading.fields.len(),
            tasks = tasks.len(),
            ms = begun.elapsed().as_millis() as u64,
            "page read"
        );
        Ok(())
    }
}

/// What a page is asked for, whatever the policy.
struct Asks {
    inner: Arc<Inner>,
    plan: Arc<IndexedPlan>,
    packet: PacketFacts,
    page: Page,
}

impl Asks {
    /// The tasks that follow from a reading of the page.
    fn tasks(&self, policy: &Policy, reading: &PageReading) -> Vec<rcoi_model::Task> {
        let template = reading.template.as_ref().and_then(|id| self.inner.templates.get(id));
        let of = |template| field_tasks(policy, &self.plan.expect(), &self.packet, &self.page, template, reading);
        template.map(of).unwrap_or_default()
    }
}

/// Errors that may be gone in a moment.
trait Passing: std::fmt::Display {
    fn may_pass(&self) -> bool;
}

impl Passing for StoreError {
    fn may_pass(&self) -> bool {
        self.is_transient()
    }
}

impl Passing for PipelineError {
    fn may_pass(&self) -> bool {
        // A policy that a newer program wrote waits for a newer worker: no page is set aside for it.
        matches!(self, Self::UnknownPolicy(_)) || matches!(self, Self::Store(error) if error.is_transient())
    }
}

impl Pipeline {
    /// Takes a page out of the reading with its reason and a task for a person.
    pub(crate) async fn set_aside(&self, page: &Page, reason: &str) -> Result<()> {
        let task = undecodable(page.id, page.packet, reason).into_task(page.exam);
        self.inner.store.set_aside(page.id, reason, &task).await?;
        metrics::counter!("rcoi_pages_set_aside_total").increment(1);
        self.touched(page.exam);
        // No fault of ours: the row and its task tell people; the verbs that take files in print it.
        tracing::info!(page = %page.id, source = %page.source, reason, "page set aside");
        Ok(())
    }

    /// Sets a page aside that nobody could finish.
    pub(crate) async fn give_up(&self, page: &Page, attempts: u32, reason: &str) -> Result<()> {
        self.set_aside(page, &format!("не обработан, попыток: {attempts}; последняя: {reason}")).await
    }
}
