//! The work queue: messages that hold ids only, delivered at least once, acknowledged after the commit.
//!
//! Promises of every implementation, each with a test in `tests/promises.rs`:
//! a bounded queue makes publishers wait; a delivery that is not acknowledged comes back (the consumer died, or refused it);
//! after `delivery_limit` deliveries it becomes a dead letter with the last reason; a consumer holds at most `prefetch`
//! unacknowledged deliveries; tasks come in order of arrival.
//!
//! Two implementations: the in-process one (`memory.rs`) and RabbitMQ (`rabbit/`). What is urgent is decided before it is
//! published: the relay keeps the queue short and takes what is most urgent from the store.

mod memory;
mod rabbit;

use rcoi_model::PageId;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// What is to be done. Ids only: the data lie in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Task {
    /// Read a page.
    Read { page: PageId },
}

/// Sizes of a queue. A broker keeps those with which its queue was first declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    /// Tasks that wait or are being worked on; a publisher beyond that waits.
    pub capacity: usize,
    /// Deliveries of one task before it is given up. Many: a worker that leaves gives back what the broker had sent it ahead,
    /// and that counts too. What is wrong with a page is counted in the store.
    pub delivery_limit: u32,
}

impl Default for Params {
    fn default() -> Self {
        // 4096 ids are nothing to memory and a second of work for twenty machines.
        Self { capacity: 4096, delivery_limit: 20 }
    }
}

/// A task nobody could finish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    pub task: Task,
    pub deliveries: u32,
    /// Reason of the last refusal.
    pub reason: String,
}

/// How a queue stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    pub ready: usize,
    pub dead: usize,
    /// Consumers that are connected.
    pub consumers: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    #[error("the queue is closed")]
    Closed,
    /// It may be there again in a moment.
    #[error("the broker does not answer: {0}")]
    Unreachable(String),
    /// Trying again does not help.
    #[error("the broker refuses: {0}")]
    Refused(String),
}

/// A queue; cheap to clone.
#[derive(Debug, Clone)]
pub enum Queue {
    /// Inside this process: empty after a restart, which the relay of the pipeline makes good from the store.
    Memory(memory::MemoryQueue),
    /// On a RabbitMQ server.
    Rabbit(rabbit::RabbitQueue),
}

impl Queue {
    #[must_use]
    pub fn memory(params: Params) -> Self {
        Self::Memory(memory::MemoryQueue::new(params))
    }

    /// The queue `name` (and `name.dead` beside it) of the broker at `url` (`amqp://user:password@host:5672/vhost`, `amqps://…`).
    /// Connects at the first need and again whenever the connection breaks, waiting longer from try to try.
    #[must_use]
    pub fn rabbit(url: SecretString, name: &str, params: Params) -> Self {
        Self::Rabbit(rabbit::RabbitQueue::new(url, name, params))
    }

    /// True when waiting tasks die with this process: whoever publishes must publish again after a restart.
    #[must_use]
    pub fn dies_with_process(&self) -> bool {
        matches!(self, Self::Memory(_))
    }

    /// Returns when the queue has taken the task for good; waits while it is full or the broker is away.
    ///
    /// # Errors
    /// [`QueueError::Closed`] after [`Queue::close`], [`QueueError::Refused`] when the broker will never take it.
    pub async fn publish(&self, task: Task) -> Result<(), QueueError> {
        match self {
            Self::Memory(queue) => queue.publish(task).await,
            Self::Rabbit(queue) => queue.publish(task).await,
        }
    }

    /// A consumer that holds at most `prefetch` unacknowledged deliveries (at least one).
    #[must_use]
    pub fn consumer(&self, prefetch: u16) -> Consumer {
        match self {
            Self::Memory(queue) => Consumer::Memory(queue.consumer(usize::from(prefetch))),
            Self::Rabbit(queue) => Consumer::Rabbit(queue.consumer(prefetch)),
        }
    }

    /// How it stands. Does not wait for a broker that is away.
    ///
    /// # Errors
    /// The broker cannot be asked.
    pub async fn depth(&self) -> Result<Depth, QueueError> {
        match self {
            Self::Memory(queue) => Ok(queue.depth()),
            Self::Rabbit(queue) => queue.depth().await,
        }
    }

    /// The oldest dead letter, if there is one. It is gone when [`Dead::settle`] is called and comes back when dropped.
    ///
    /// # Errors
    /// The broker cannot be asked.
    pub async fn next_dead(&self) -> Result<Option<Dead>, QueueError> {
        Ok(match self {
            Self::Memory(queue) => queue.next_dead().map(Dead::Memory),
            Self::Rabbit(queue) => queue.next_dead().await?.map(Dead::Rabbit),
        })
    }

    /// Removes the queue and its dead letters from the broker; the pages that wait in it are published again by the relay.
    ///
    /// # Errors
    /// The broker cannot be asked.
    pub async fn remove(&self) -> Result<(), QueueError> {
        match self {
            Self::Memory(queue) => queue.close(),
            Self::Rabbit(queue) => queue.remove().await?,
        }
        Ok(())
    }

    /// No more publishing. Consumers of the in-process queue get what is ready, then `None`; those of a broker get `None`
    /// at once, for others go on with what is there.
    pub fn close(&self) {
        match self {
            Self::Memory(queue) => queue.close(),
            Self::Rabbit(queue) => queue.close(),
        }
    }
}

/// The consuming end.
#[derive(Debug)]
pub enum Consumer {
    Memory(memory::MemoryConsumer),
    Rabbit(rabbit::RabbitConsumer),
}

impl Consumer {
    /// The next delivery; `None` when the queue is closed. Waits while the broker is away. Cancel-safe.
    pub async fn next(&self) -> Option<Delivery> {
        match self {
            Self::Memory(consumer) => consumer.next().await.map(Delivery::Memory),
            Self::Rabbit(consumer) => consumer.next().await.map(Delivery::Rabbit),
        }
    }
}

/// One delivery. Dropping it without a word is what a dying consumer does: the task goes back.
#[derive(Debug)]
pub enum Delivery {
    Memory(memory::MemoryDelivery),
    Rabbit(rabbit::RabbitDelivery),
}

impl Delivery {
    #[must_use]
    pub fn task(&self) -> Task {
        match self {
            Self::Memory(delivery) => delivery.task(),
            Self::Rabbit(delivery) => delivery.task(),
        }
    }

    /// 1 for the first delivery of this task.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        match self {
            Self::Memory(delivery) => delivery.attempt(),
            Self::Rabbit(delivery) => delivery.attempt(),
        }
    }

    /// The work is committed; the task is gone. When the broker does not hear it any more the task comes again.
    pub async fn ack(self) {
        match self {
            Self::Memory(delivery) => delivery.ack(),
            Self::Rabbit(delivery) => delivery.ack().await,
        }
    }

    /// The work failed; deliver again, or give up at the limit.
    pub async fn nack(self, reason: &str) {
        match self {
            Self::Memory(delivery) => delivery.nack(reason),
            Self::Rabbit(delivery) => delivery.nack(reason).await,
        }
    }
}

/// A dead letter in somebody's hands.
#[derive(Debug)]
pub enum Dead {
    Memory(memory::MemoryDead),
    Rabbit(rabbit::RabbitDead),
}

impl Dead {
    #[must_use]
    pub fn letter(&self) -> &DeadLetter {
        match self {
            Self::Memory(dead) => dead.letter(),
            Self::Rabbit(dead) => dead.letter(),
        }
    }

    /// It is recorded where people look.
    pub async fn settle(self) {
        match self {
            Self::Memory(dead) => dead.settle(),
            Self::Rabbit(dead) => dead.settle().await,
        }
    }
}
