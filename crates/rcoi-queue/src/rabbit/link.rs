//! The connection to the broker: made at the first need, anew after every break; both queues declared as they are to be.

use super::wire::told;
use crate::{Params, QueueError};
use lapin::options::{BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, LongString};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// A broker that does not answer for so long is away.
const ANSWER: Duration = Duration::from_secs(10);
/// `delivery_mode` of a message that survives a restart of the broker.
const PERSISTENT: u8 = 2;

/// What all handles on one queue share.
pub(super) struct Inner {
    url: SecretString,
    pub(super) name: String,
    pub(super) dead: String,
    pub(super) params: Params,
    link: Mutex<Option<Link>>,
    pub(super) closed: CancellationToken,
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

/// How a message fared.
pub(super) enum Sent {
    Taken,
    Full,
    /// It came back: there is no such queue.
    Nowhere,
}

impl Inner {
    pub(super) fn new(url: SecretString, name: &str, params: Params) -> Self {
        let (name, dead) = (name.to_owned(), format!("{name}.dead"));
        Self { url, name, dead, params, link: Mutex::default(), closed: CancellationToken::new() }
    }

    /// A channel of the living connection; connects when there is none.
    pub(super) async fn channel(self: &Arc<Self>) -> Result<Channel, QueueError> {
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

    pub(super) async fn unlink(&self) {
        *self.link.lock().await = None;
    }

    /// After an error nothing is known of the channel: the next one who needs it connects anew.
    pub(super) async fn or_unlink<T>(&self, outcome: lapin::Result<T>) -> Result<T, QueueError> {
        match outcome {
            Ok(value) => Ok(value),
            Err(error) => {
                self.unlink().await;
                Err(told(error))
            }
        }
    }

    /// Waits, but not beyond the closing of the queue.
    pub(super) async fn pause(&self, how_long: Duration) {
        tokio::select! {
            () = self.closed.cancelled() => {}
            () = tokio::time::sleep(how_long) => {}
        }
    }

    pub(super) async fn send(self: &Arc<Self>, queue: &str, body: &[u8], headers: FieldTable) -> Result<Sent, QueueError> {
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
    pub(super) async fn consume(self: &Arc<Self>, prefetch: u16) -> Result<(Channel, lapin::Consumer), QueueError> {
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
pub(super) async fn declare(channel: &Channel, inner: &Inner) -> lapin::Result<(lapin::Queue, lapin::Queue)> {
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

/// A broker that hangs is as good as one that is away.
pub(super) async fn answered<T>(asking: impl Future<Output = lapin::Result<T>>) -> lapin::Result<T> {
    match tokio::time::timeout(ANSWER, asking).await {
        Ok(outcome) => outcome,
        Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
    }
}
