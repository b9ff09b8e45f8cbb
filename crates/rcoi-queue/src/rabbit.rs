//! RabbitMQ through lapin: a durable quorum queue and one for dead letters beside it; the only file that names lapin.
//!
//! Every flag and its reason. *Quorum* queue: survives the loss of a broker node and counts deliveries. *Durable*, messages
//! *persistent*: survive a restart of the broker. *Publisher confirms*: a publish returns when the broker has it on disk.
//! *Mandatory*: a message that fits no queue comes back instead of vanishing. *Manual acknowledgement* after the commit.
//! *Prefetch*: bounds what a worker that dies had in its hands. *Length limit* with `reject-publish`: a full queue refuses,
//! the publisher waits. *Delivery limit* and dead-letter queue with `at-least-once`: a task that kills its workers ends
//! where people look, and is not lost on its way there.

use crate::{DeadLetter, Depth, Params, QueueError, Task};
use futures::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicGetOptions, BasicNackOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
    QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable, LongString};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

/// A broker that does not answer for so long is away.
const ANSWER: Duration = Duration::from_secs(10);
/// Pause before the first further try, and the longest one; each is twice the one before.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));
/// Pause of a publisher in front of a full queue: some pages of work.
const FULL: Duration = Duration::from_millis(50);
/// Header with the reason, on dead letters that a worker wrote itself.
const REASON: &str = "x-rcoi-reason";
/// Header with the number of deliveries on them.
const DELIVERIES: &str = "x-rcoi-deliveries";
/// Header of a quorum queue: unsuccessful deliveries before this one.
const DELIVERY_COUNT: &str = "x-delivery-count";
/// `delivery_mode` of a message that survives a restart of the broker.
const PERSISTENT: u8 = 2;
/// AMQP's code of a channel that is closed because it is not needed any more.
const REPLY_SUCCESS: u16 = 200;
/// AMQP's code of "this queue exists and is another one".
const PRECONDITION_FAILED: u16 = 406;

/// A queue on a broker.
#[derive(Debug, Clone)]
pub struct RabbitQueue {
    inner: Arc<Inner>,
}

struct Inner {
    url: SecretString,
    name: String,
    dead: String,
    params: Params,
    link: Mutex<Option<Link>>,
    closed: CancellationToken,
}

/// What a living connection gives.
struct Link {
    connection: Arc<Connection>,
    /// For publishing (with confirms), asking and dead letters.
    channel: Channel,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RabbitQueue").field("name", &self.name).field("params", &self.params).finish_non_exhaustive()
    }
}

impl RabbitQueue {
    pub(crate) fn new(url: SecretString, name: &str, params: Params) -> Self {
        let (name, dead) = (name.to_owned(), format!("{name}.dead"));
        let inner = Inner { url, name, dead, params, link: Mutex::default(), closed: CancellationToken::new() };
        Self { inner: Arc::new(inner) }
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
        let (send, deliveries) = mpsc::channel(1);
        tokio::spawn(pump(self.inner.clone(), prefetch.max(1), send));
        RabbitConsumer { deliveries: Mutex::new(deliveries) }
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
        Ok(Some(RabbitDead { letter: DeadLetter { task, deliveries, reason }, acker: Some(got.delivery.acker.clone()) }))
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

/// How a message fared.
enum Sent {
    Taken,
    Full,
    /// It came back: there is no such queue.
    Nowhere,
}

impl Inner {
    /// A channel of the living connection; connects when there is none.
    async fn channel(self: &Arc<Self>) -> Result<Channel, QueueError> {
        if let Some(channel) = living(self.link.lock().await.as_ref()) {
            return Ok(channel);
        }
        // In a task of its own: it holds the lock, and one whose caller is not polled any more would hold it for ever.
        let inner = self.clone();
        let connecting = tokio::spawn(async move {
            let mut link = inner.link.lock().await;
            if let Some(channel) = living(link.as_ref()) {
                return Ok(channel);
            }
            let made = answered(inner.connect()).await.map_err(told)?;
            Ok(link.insert(made).channel.clone())
        });
        connecting.await.map_err(|error| QueueError::Unreachable(error.to_string()))?
    }

    async fn connect(&self) -> lapin::Result<Link> {
        let properties = ConnectionProperties::default().with_connection_name("rcoi".into());
        let connection = Connection::connect(self.url.expose_secret(), properties).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions { nowait: false }).await?;
        declare(&channel, self).await?;
        tracing::info!(queue = self.name, "connected to the broker");
        Ok(Link { connection: Arc::new(connection), channel })
    }

    async fn unlink(&self) {
        *self.link.lock().await = None;
    }

    /// After an error nothing is known of the channel: the next one who needs it connects anew.
    async fn or_unlink<T>(&self, outcome: lapin::Result<T>) -> Result<T, QueueError> {
        match outcome {
            Ok(value) => Ok(value),
            Err(error) => {
                self.unlink().await;
                Err(told(error))
            }
        }
    }

    /// Waits, but not beyond the closing of the queue.
    async fn pause(&self, how_long: Duration) {
        tokio::select! {
            () = self.closed.cancelled() => {}
            () = tokio::time::sleep(how_long) => {}
        }
    }

    async fn send(self: &Arc<Self>, queue: &str, body: &[u8], headers: FieldTable) -> Result<Sent, QueueError> {
        let channel = self.channel().await?;
        let options = BasicPublishOptions { mandatory: true, immediate: false };
        let properties =
            BasicProperties::default().with_delivery_mode(PERSISTENT).with_content_type("application/json".into()).with_headers(headers);
        let sending = async { channel.basic_publish("".into(), queue.into(), options, body, properties).await?.await };
        Ok(match self.or_unlink(answered(sending).await).await? {
            Confirmation::Ack(None) => Sent::Taken,
            Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) => Sent::Nowhere,
            Confirmation::Nack(None) => Sent::Full,
            // Only a channel without confirms says so; ours has them.
            Confirmation::NotRequested => return Err(QueueError::Unreachable("no confirmation".to_owned())),
        })
    }

    /// A stream of deliveries on a channel of its own, so that prefetch counts for it alone.
    async fn consume(self: &Arc<Self>, prefetch: u16) -> Result<(Channel, lapin::Consumer), QueueError> {
        self.channel().await?;
        let connection = self.link.lock().await.as_ref().map(|link| link.connection.clone());
        let Some(connection) = connection else { return Err(QueueError::Unreachable("the connection broke".to_owned())) };
        let begin = async {
            let channel = connection.create_channel().await?;
            channel.basic_qos(prefetch, BasicQosOptions { global: false }).await?;
            let options = BasicConsumeOptions { no_local: false, no_ack: false, exclusive: false, nowait: false };
            let consumer = channel.basic_consume(self.name.as_str().into(), "".into(), options, FieldTable::default()).await?;
            Ok((channel, consumer))
        };
        answered(begin).await.map_err(told)
    }
}

/// The channel of a connection that still lives.
fn living(link: Option<&Link>) -> Option<Channel> {
    link.map(|link| link.channel.clone()).filter(|channel| channel.status().connected())
}

/// Makes both queues, or finds them as they are to be; how they stand.
async fn declare(channel: &Channel, inner: &Inner) -> lapin::Result<(lapin::Queue, lapin::Queue)> {
    let Params { capacity, delivery_limit } = inner.params;
    let text = |text: &str| AMQPValue::LongString(LongString::from(text));
    let number = |n: u64| AMQPValue::LongLongInt(i64::try_from(n).unwrap_or(i64::MAX));
    let arguments = |more: Vec<(&str, AMQPValue)>| {
        let all = [("x-queue-type", text("quorum"))].into_iter().chain(more);
        FieldTable::from(all.map(|(key, value)| (key.into(), value)).collect::<BTreeMap<_, _>>())
    };
    let dead = channel.queue_declare(inner.dead.as_str().into(), QueueDeclareOptions::durable(), arguments(vec![])).await?;
    let limits = arguments(vec![
        ("x-max-length", number(capacity.max(1) as u64)),
        ("x-overflow", text("reject-publish")),
        // The broker counts further deliveries, we count all.
        ("x-delivery-limit", number(u64::from(delivery_limit.max(1)) - 1)),
        ("x-dead-letter-exchange", text("")),
        ("x-dead-letter-routing-key", text(&inner.dead)),
        ("x-dead-letter-strategy", text("at-least-once")),
    ]);
    let work = channel.queue_declare(inner.name.as_str().into(), QueueDeclareOptions::durable(), limits).await?;
    Ok((work, dead))
}

/// The consuming end. It must outlive its deliveries: with it their channel closes, and what is not acknowledged goes back.
#[derive(Debug)]
pub struct RabbitConsumer {
    deliveries: Mutex<mpsc::Receiver<RabbitDelivery>>,
}

impl RabbitConsumer {
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

/// A broker that hangs is as good as one that is away.
async fn answered<T>(asking: impl Future<Output = lapin::Result<T>>) -> lapin::Result<T> {
    match tokio::time::timeout(ANSWER, asking).await {
        Ok(outcome) => outcome,
        Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
    }
}

fn told(error: lapin::Error) -> QueueError {
    match error.kind() {
        lapin::ErrorKind::ProtocolError(said) if said.get_id() == PRECONDITION_FAILED => QueueError::Refused(format!(
            "{} (its queue was made by a version with other limits: let it run empty, delete it, and start again)",
            said.get_message()
        )),
        _ => QueueError::Unreachable(error.to_string()),
    }
}

/// Pauses between tries, and a word to people at the first and at some later ones.
#[derive(Default)]
struct Pauses(u32);

impl Pauses {
    fn next(&mut self) -> Duration {
        let pause = PAUSES.0.saturating_mul(1 << self.0.min(16));
        self.0 += 1;
        pause.min(PAUSES.1)
    }

    fn tell(&self, error: &QueueError) {
        if self.0.is_multiple_of(10) {
            tracing::warn!(%error, tries = self.0 + 1, "waiting for the broker");
        }
    }
}

fn body(task: Task) -> Vec<u8> {
    serde_json::to_vec(&task).unwrap_or_default()
}

fn task(body: &[u8]) -> Option<Task> {
    serde_json::from_slice(body).ok()
}

fn text(headers: &FieldTable, key: &str) -> Option<String> {
    match headers.inner().get(key)? {
        AMQPValue::LongString(text) => Some(text.to_string()),
        _ => None,
    }
}

fn number(headers: &FieldTable, key: &str) -> Option<u32> {
    let value = match headers.inner().get(key)? {
        AMQPValue::LongLongInt(n) => *n,
        AMQPValue::LongInt(n) => i64::from(*n),
        AMQPValue::LongUInt(n) => i64::from(*n),
        _ => return None,
    };
    u32::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcoi_model::PageId;

    #[test]
    fn a_task_goes_through_a_message_and_anything_else_is_none() {
        let read = Task::Read { page: PageId::derived(&["1"]) };
        assert_eq!(task(&body(read)), Some(read));
        assert_eq!(task(b"{\"do\":\"eat\"}"), None);
        assert_eq!(task(b""), None);
    }

    #[test]
    fn pauses_grow_to_a_limit() {
        let mut pauses = Pauses::default();
        let first: Vec<u64> = (0..7).map(|_| u64::try_from(pauses.next().as_millis()).unwrap()).collect();
        assert_eq!(first, [200, 400, 800, 1600, 3200, 5000, 5000]);
    }
}
