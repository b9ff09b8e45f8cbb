//! The consuming end: deliveries, their answers, and dead letters.

use super::link::{Inner, Sent, answered};
use super::wire::{DELIVERIES, DELIVERY_COUNT, Pauses, REASON, number, task};
use crate::{DeadLetter, Task};
use futures::StreamExt;
use lapin::options::{BasicAckOptions, BasicNackOptions};
use lapin::types::{AMQPValue, FieldTable, LongString};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc};

/// AMQP's code of a channel that is closed because it is not needed any more.
const REPLY_SUCCESS: u16 = 200;

/// The consuming end. It must outlive its deliveries: with it their channel closes, and what is not acknowledged goes back.
#[derive(Debug)]
pub struct RabbitConsumer {
    deliveries: Mutex<mpsc::Receiver<RabbitDelivery>>,
}

impl RabbitConsumer {
    pub(super) fn start(inner: Arc<Inner>, prefetch: u16) -> Self {
        let (send, deliveries) = mpsc::channel(1);
        tokio::spawn(pump(inner, prefetch, send));
        Self { deliveries: Mutex::new(deliveries) }
    }

    pub(crate) async fn next(&self) -> Option<RabbitDelivery> {
        self.deliveries.lock().await.recv().await
    }
}

/// Hands deliveries over until the queue is closed or the consumer dropped; consumes anew when the connection breaks.
/// In a task of its own: a consumer whose `next` is not polled for a while must not hold anything up.
async fn pump(inner: Arc<Inner>, prefetch: u16, to: mpsc::Sender<RabbitDelivery>) {
    let mut pauses = Pauses::default();
    while !inner.closed.is_cancelled() && !to.is_closed() {
        let (channel, deliveries) = match inner.consume(prefetch).await {
            Ok(begun) => begun,
            Err(error) => {
                pauses.tell(&error);
                inner.pause(pauses.next()).await;
                continue;
            }
        };
        pauses = Pauses::default();
        match hand_over(&inner, deliveries, &to).await {
            // What the broker had sent ahead goes back at once.
            Ok(()) => unheard(answered(channel.close(REPLY_SUCCESS, "no more".into())).await),
            Err(error) => tracing::warn!(error, "deliveries stopped; connecting again"),
        }
    }
}

/// Ends well when nobody wants more, else with what the stream said last.
async fn hand_over(inner: &Arc<Inner>, mut deliveries: lapin::Consumer, to: &mpsc::Sender<RabbitDelivery>) -> Result<(), String> {
    loop {
        let next = tokio::select! {
            () = inner.closed.cancelled() => return Ok(()),
            () = to.closed() => return Ok(()),
            next = deliveries.next() => next,
        };
        let delivery = match next {
            Some(Ok(delivery)) => delivery,
            Some(Err(error)) => return Err(error.to_string()),
            None => return Err("the stream ended".to_owned()),
        };
        let Some(task) = task(&delivery.data) else {
            // It must not come again and again. Should the broker not hear it, it does, and is refused again.
            tracing::error!(queue = inner.name, bytes = delivery.data.len(), "a message that is none of ours goes to the dead letters");
            unheard(delivery.acker.nack(BasicNackOptions { multiple: false, requeue: false }).await);
            continue;
        };
        if to.send(RabbitDelivery { inner: inner.clone(), task, delivery: Some(Box::new(delivery)) }).await.is_err() {
            return Ok(());
        }
    }
}

/// A delivery of the broker.
pub struct RabbitDelivery {
    inner: Arc<Inner>,
    task: Task,
    /// `None` once answered.
    delivery: Option<Box<lapin::message::Delivery>>,
}

impl std::fmt::Debug for RabbitDelivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RabbitDelivery").field("task", &self.task).finish_non_exhaustive()
    }
}

impl RabbitDelivery {
    pub(crate) fn task(&self) -> Task {
        self.task
    }

    pub(crate) fn attempt(&self) -> u32 {
        let headers = self.delivery.as_ref().and_then(|d| d.properties.headers().as_ref());
        headers.and_then(|headers| number(headers, DELIVERY_COUNT)).unwrap_or(0).saturating_add(1)
    }

    pub(crate) async fn ack(mut self) {
        if let Some(delivery) = self.delivery.take() {
            unheard(delivery.acker.ack(BasicAckOptions { multiple: false }).await);
        }
    }

    pub(crate) async fn nack(mut self, reason: &str) {
        let (attempt, inner) = (self.attempt(), self.inner.clone());
        let Some(delivery) = self.delivery.take() else { return };
        if attempt >= inner.params.delivery_limit {
            // The broker would bury it too, but without the reason.
            let headers = FieldTable::from(BTreeMap::from([
                (REASON.into(), AMQPValue::LongString(LongString::from(reason))),
                (DELIVERIES.into(), AMQPValue::LongLongInt(i64::from(attempt))),
            ]));
            if let Ok(Sent::Taken) = inner.send(&inner.dead, &delivery.data, headers).await {
                tracing::warn!(task = ?self.task, deliveries = attempt, reason, "task given up");
                unheard(delivery.acker.ack(BasicAckOptions { multiple: false }).await);
                return;
            }
        }
        unheard(delivery.acker.nack(BasicNackOptions { multiple: false, requeue: true }).await);
    }
}

impl Drop for RabbitDelivery {
    fn drop(&mut self) {
        if let Some(delivery) = self.delivery.take() {
            give_back(delivery.acker.clone());
        }
    }
}

/// A dead letter of the broker.
#[derive(Debug)]
pub struct RabbitDead {
    letter: DeadLetter,
    acker: Option<lapin::Acker>,
}

impl RabbitDead {
    pub(super) fn new(letter: DeadLetter, acker: lapin::Acker) -> Self {
        Self { letter, acker: Some(acker) }
    }

    pub(crate) fn letter(&self) -> &DeadLetter {
        &self.letter
    }

    pub(crate) async fn settle(mut self) {
        if let Some(acker) = self.acker.take() {
            unheard(acker.ack(BasicAckOptions { multiple: false }).await);
        }
    }
}

impl Drop for RabbitDead {
    fn drop(&mut self) {
        if let Some(acker) = self.acker.take() {
            give_back(acker);
        }
    }
}

/// Tells the broker, from a place that cannot wait, that a message was not handled. Without a runtime the process is
/// ending, and the broken connection tells it.
fn give_back(acker: lapin::Acker) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(async move { unheard(acker.nack(BasicNackOptions { multiple: false, requeue: true }).await) });
    }
}

/// An answer that the broker does not hear any more is no loss: the message comes again, and doing it again changes nothing.
fn unheard<T>(answer: lapin::Result<T>) {
    if let Err(error) = answer {
        tracing::debug!(%error, "the broker did not hear an answer; the task comes again");
    }
}
