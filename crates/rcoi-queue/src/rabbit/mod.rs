//! RabbitMQ through lapin: a durable quorum queue and one for dead letters beside it; the only file that names lapin.
//!
//! Every flag and its reason. *Quorum* queue: survives the loss of a broker node and counts deliveries. *Durable*, messages
//! *persistent*: survive a restart of the broker. *Publisher confirms*: a publish returns when the broker has it on disk.
//! *Mandatory*: a message that fits no queue comes back instead of vanishing. *Manual acknowledgement* after the commit.
//! *Prefetch*: bounds what a worker that dies had in its hands. *Length limit* with `reject-publish`: a full queue refuses,
//! the publisher waits. *Delivery limit* and dead-letter queue with `at-least-once`: a task that kills its workers ends
//! where people look, and is not lost on its way there.

mod consume;
mod link;
mod wire;

pub(crate) use consume::{RabbitConsumer, RabbitDead, RabbitDelivery};

use crate::{DeadLetter, Depth, Params, QueueError, Task};
use lapin::options::{BasicAckOptions, BasicGetOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use link::{Inner, Sent, answered, declare};
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;
use wire::{DELIVERIES, Pauses, REASON, body, number, task, text};

/// Pause of a publisher in front of a full queue: some pages of work.
const FULL: Duration = Duration::from_millis(50);

/// A queue on a broker.
#[derive(Debug, Clone)]
pub struct RabbitQueue {
    inner: Arc<Inner>,
}

impl RabbitQueue {
    pub(crate) fn new(url: SecretString, name: &str, params: Params) -> Self {
        Self { inner: Arc::new(Inner::new(url, name, params)) }
    }

    pub(crate) async fn publish(&self, task: Task) -> Result<(), QueueError> {
        let body = body(task);
        let mut pauses = Pauses::default();
        loop {
            if self.inner.closed.is_cancelled() {
                return Err(QueueError::Closed);
            }
            match self.inner.send(&self.inner.name, &body, FieldTable::default()).await {
                Ok(Sent::Taken) => return Ok(()),
                Ok(Sent::Full) => self.inner.pause(FULL).await,
                // Somebody deleted the queue: connecting anew declares it.
                Ok(Sent::Nowhere) => {
                    tracing::warn!(queue = self.inner.name, "the broker has no such queue any more; it is made again");
                    self.inner.unlink().await;
                    self.inner.pause(pauses.next()).await;
                }
                Err(error @ QueueError::Unreachable(_)) => {
                    pauses.tell(&error);
                    self.inner.pause(pauses.next()).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn consumer(&self, prefetch: u16) -> RabbitConsumer {
        RabbitConsumer::start(self.inner.clone(), prefetch.max(1))
    }

    pub(crate) async fn depth(&self) -> Result<Depth, QueueError> {
        let channel = self.inner.channel().await?;
        let asked = answered(declare(&channel, &self.inner)).await;
        let (work, dead) = self.inner.or_unlink(asked).await?;
        Ok(Depth { ready: work.message_count() as usize, dead: dead.message_count() as usize, consumers: work.consumer_count() as usize })
    }

    pub(crate) async fn next_dead(&self) -> Result<Option<RabbitDead>, QueueError> {
        let channel = self.inner.channel().await?;
        let asked = answered(channel.basic_get(self.inner.dead.as_str().into(), BasicGetOptions { no_ack: false })).await;
        let Some(got) = self.inner.or_unlink(asked).await? else { return Ok(None) };
        let headers = got.delivery.properties.headers().clone().unwrap_or_default();
        let Some(task) = task(&got.delivery.data) else {
            tracing::error!(queue = self.inner.dead, bytes = got.delivery.data.len(), "a message that is none of ours is thrown away");
            let _gone = got.delivery.acker.ack(BasicAckOptions::default()).await;
            return Ok(None);
        };
        let reason = text(&headers, REASON).unwrap_or_else(|| "the worker stopped without an answer".to_owned());
        let deliveries = number(&headers, DELIVERIES).unwrap_or(self.inner.params.delivery_limit);
        Ok(Some(RabbitDead::new(DeadLetter { task, deliveries, reason }, got.delivery.acker.clone())))
    }

    pub(crate) async fn remove(&self) -> Result<(), QueueError> {
        let channel = self.inner.channel().await?;
        for name in [&self.inner.name, &self.inner.dead] {
            let options = QueueDeleteOptions { if_unused: false, if_empty: false, nowait: false };
            let asked = answered(channel.queue_delete(name.as_str().into(), options)).await;
            self.inner.or_unlink(asked).await?;
        }
        Ok(())
    }

    pub(crate) fn close(&self) {
        self.inner.closed.cancel();
    }
}
