//! The work queue: messages that hold ids only, delivered at least once, acknowledged after the commit.
//!
//! Promises of every implementation, each with a test in `tests/promises.rs`:
//! a bounded queue makes publishers wait; a delivery that is not acknowledged comes back (the consumer died, or refused it);
//! after `delivery_limit` deliveries it becomes a dead letter with the last reason; a consumer holds at most `prefetch`
//! unacknowledged deliveries; a higher priority is delivered first, equal ones in order of arrival.
//!
//! Today there is the in-process twin only; the broker comes as a second variant of [`Queue`], and callers do not change.

mod memory;

pub use memory::MemoryDelivery;

use rcoi_model::PageId;
use serde::{Deserialize, Serialize};

/// What is to be done. Ids only: the data lie in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Task {
    /// Read a page.
    Read { page: PageId },
}

/// Sizes of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    /// Tasks that wait or are being worked on; a publisher beyond that waits.
    pub capacity: usize,
    /// Deliveries of one task before it is given up. Three: one crash and one more may be bad luck, the third is the task.
    pub delivery_limit: u32,
}

impl Default for Params {
    fn default() -> Self {
        // 1024 ids are nothing to memory and several seconds of work for any number of workers.
        Self { capacity: 1024, delivery_limit: 3 }
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
    pub unacked: usize,
    pub dead: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    #[error("the queue is closed")]
    Closed,
}

/// A queue; cheap to clone.
#[derive(Debug, Clone)]
pub enum Queue {
    /// Inside this process: empty after a restart, which the relay of the pipeline makes good from the store.
    Memory(memory::MemoryQueue),
}

impl Queue {
    #[must_use]
    pub fn memory(params: Params) -> Self {
        Self::Memory(memory::MemoryQueue::new(params))
    }

    /// True when waiting tasks die with this process: whoever publishes must publish again after a restart.
    #[must_use]
    pub fn dies_with_process(&self) -> bool {
        match self {
            Self::Memory(_) => true,
        }
    }

    #[must_use]
    pub fn producer(&self) -> Producer {
        Producer(self.clone())
    }

    /// A consumer that holds at most `prefetch` unacknowledged deliveries (at least one).
    #[must_use]
    pub fn consumer(&self, prefetch: usize) -> Consumer {
        match self {
            Self::Memory(queue) => Consumer::Memory(queue.consumer(prefetch)),
        }
    }

    #[must_use]
    pub fn depth(&self) -> Depth {
        match self {
            Self::Memory(queue) => queue.depth(),
        }
    }

    /// Takes the dead letters out; the caller has recorded them somewhere people look.
    #[must_use]
    pub fn take_dead(&self) -> Vec<DeadLetter> {
        match self {
            Self::Memory(queue) => queue.take_dead(),
        }
    }

    /// No more publishing; consumers get what is ready, then `None`.
    pub fn close(&self) {
        match self {
            Self::Memory(queue) => queue.close(),
        }
    }
}

/// The publishing end.
#[derive(Debug, Clone)]
pub struct Producer(Queue);

impl Producer {
    /// Returns when the queue has taken the task; waits while it is full. A higher `priority` is delivered first.
    pub async fn publish(&self, task: Task, priority: u8) -> Result<(), QueueError> {
        match &self.0 {
            Queue::Memory(queue) => queue.publish(task, priority).await,
        }
    }
}

/// The consuming end.
#[derive(Debug)]
pub enum Consumer {
    Memory(memory::MemoryConsumer),
}

impl Consumer {
    /// The next delivery; `None` when the queue is closed and empty. Cancel-safe.
    pub async fn next(&self) -> Option<Delivery> {
        match self {
            Self::Memory(consumer) => consumer.next().await.map(Delivery::Memory),
        }
    }
}

/// One delivery. Dropping it without a word is what a dying consumer does: the task goes back.
#[derive(Debug)]
pub enum Delivery {
    Memory(MemoryDelivery),
}

impl Delivery {
    #[must_use]
    pub fn task(&self) -> Task {
        match self {
            Self::Memory(delivery) => delivery.task(),
        }
    }

    /// 1 for the first delivery of this task.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        match self {
            Self::Memory(delivery) => delivery.attempt(),
        }
    }

    /// The work is committed; the task is gone.
    pub fn ack(self) {
        match self {
            Self::Memory(delivery) => delivery.ack(),
        }
    }

    /// The work failed; deliver again, or give up at the limit.
    pub fn nack(self, reason: &str) {
        match self {
            Self::Memory(delivery) => delivery.nack(reason),
        }
    }
}
