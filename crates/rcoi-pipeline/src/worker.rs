//! A worker: takes a page from the queue, reads it, saves reading and tasks in one transaction, acknowledges.
//! One bad page never stops the pile: it is set aside with its reason.

use crate::error::Result;
use crate::field_tasks::field_tasks;
use crate::known::ExamKnowledge;
use crate::pipeline::{Pipeline, lock};
use rcoi_model::{Page, PageId, PageState};
use rcoi_queue::{Delivery, Task};
use rcoi_rules::reconcile::undecodable;
use rcoi_rules::{Expectations, PacketFacts};
use rcoi_store::StoreError;
use std::time::Instant;
use tokio_util::sync::CancellationToken;

/// Runs until cancelled or until the queue is closed. A page in work is finished first.
pub(crate) async fn run(pipeline: Pipeline, cancel: CancellationToken) {
    let consumer = pipeline.inner.queue.consumer(1);
    loop {
        let delivery = tokio::select! {
            () = cancel.cancelled() => return,
            next = consumer.next() => match next {
                Some(delivery) => delivery,
                None => return,
            },
        };
        pipeline.handle(delivery).await;
    }
}

impl Pipeline {
    async fn handle(&self, delivery: Delivery) {
        let Task::Read { page } = delivery.task();
        match self.read_page(page).await {
            Ok(()) => {
                lock(&self.inner.in_flight).remove(&page);
                delivery.ack();
            }
            Err(error) => {
                tracing::warn!(%page, attempt = delivery.attempt(), %error, "page not saved");
                delivery.nack(&error.to_string());
                self.bury().await;
            }
        }
    }

    /// Dead letters become pages that are set aside, where the operator sees them with the reason.
    async fn bury(&self) {
        for letter in self.inner.queue.take_dead() {
            let Task::Read { page } = letter.task;
            let outcome = match self.inner.store.page(page).await {
                Ok(row) => self.set_aside(&row, &format!("не обработан за {} попытки: {}", letter.deliveries, letter.reason)).await,
                Err(error) => Err(error.into()),
            };
            // When even that fails the page is still `received`: the relay brings it again after its lease.
            if let Err(error) = outcome {
                tracing::error!(%page, %error, "dead letter not recorded");
            }
            lock(&self.inner.in_flight).remove(&page);
        }
    }

    /// Reads one page and saves the result. `Err` only for faults of our own side, which are worth another try.
    async fn read_page(&self, id: PageId) -> Result<()> {
        let begun = Instant::now();
        let page = self.inner.store.page(id).await?;
        if page.state != PageState::Received {
            return Ok(());
        }
        let bytes = match self.inner.blobs.get(&page.blob).await {
            Ok(bytes) => bytes,
            Err(error @ (StoreError::NotFound(_) | StoreError::DamagedBlob { .. })) => {
                return self.set_aside(&page, &format!("файл в хранилище повреждён: {error}")).await;
            }
            Err(error) => return Err(error.into()),
        };
        let plan = self.plan(page.exam).await?;
        let packet = self.inner.store.packet(page.packet).await?;
        let packet = PacketFacts { id: packet.id, ppe: packet.ppe, room: packet.room, declared: packet.declared };
        let known = ExamKnowledge::of(&plan, &packet.ppe, &packet.room);
        let reading = match self.inner.readers.read(bytes, page.index, known, &self.inner.params).await? {
            Ok(reading) => reading,
            Err(reason) => return self.set_aside(&page, &reason).await,
        };
        let template = reading.template.as_ref().and_then(|id| self.inner.templates.get(id));
        let expect = Expectations::new(&plan);
        let tasks =
            template.map(|template| field_tasks(&self.inner.policy, &expect, &packet, &page, template, &reading)).unwrap_or_default();
        self.inner.store.save_reading(page.id, &reading, &tasks).await?;
        self.remember(page.id, &reading);
        self.touched(page.exam);
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

    /// Takes a page out of the reading with its reason and a task for a person.
    pub(crate) async fn set_aside(&self, page: &Page, reason: &str) -> Result<()> {
        let task = undecodable(page.id, page.packet, reason).into_task(page.exam);
        self.inner.store.set_aside(page.id, reason, &task).await?;
        self.touched(page.exam);
        // No fault of ours: the row and its task tell people; the verbs that take files in print it.
        tracing::info!(page = %page.id, source = %page.source, reason, "page set aside");
        Ok(())
    }
}
