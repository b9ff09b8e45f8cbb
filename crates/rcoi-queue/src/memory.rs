//! The in-process queue: the promises of the broker without a broker.

use crate::{DeadLetter, Depth, Params, QueueError, Task};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// A bounded queue inside this process.
#[derive(Debug, Clone)]
pub struct MemoryQueue {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    params: Params,
    state: Mutex<State>,
    /// Room for tasks; a task holds its permit until it is acknowledged or dead.
    room: Arc<Semaphore>,
    /// Something became ready, or the queue was closed.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    ready: VecDeque<Item>,
    unacked: usize,
    dead: VecDeque<DeadLetter>,
    consumers: usize,
    closed: bool,
}

#[derive(Debug)]
struct Item {
    task: Task,
    deliveries: u32,
    _room: OwnedSemaphorePermit,
}

impl MemoryQueue {
    pub(crate) fn new(params: Params) -> Self {
        let room = Arc::new(Semaphore::new(params.capacity.clamp(1, Semaphore::MAX_PERMITS)));
        let inner = Inner { params, state: Mutex::default(), room, changed: Notify::new() };
        Self { inner: Arc::new(inner) }
    }

    pub(crate) async fn publish(&self, task: Task) -> Result<(), QueueError> {
        let room = self.inner.room.clone().acquire_owned().await.map_err(|_| QueueError::Closed)?;
        let mut state = self.inner.lock();
        if state.closed {
            return Err(QueueError::Closed);
        }
        state.ready.push_back(Item { task, deliveries: 0, _room: room });
        drop(state);
        self.inner.changed.notify_waiters();
        Ok(())
    }

    pub(crate) fn consumer(&self, prefetch: usize) -> MemoryConsumer {
        let hands = Arc::new(Semaphore::new(prefetch.clamp(1, Semaphore::MAX_PERMITS)));
        self.inner.lock().consumers += 1;
        MemoryConsumer { queue: self.inner.clone(), hands }
    }

    pub(crate) fn depth(&self) -> Depth {
        let state = self.inner.lock();
        Depth { ready: state.ready.len(), dead: state.dead.len(), consumers: state.consumers }
    }

    pub(crate) fn next_dead(&self) -> Option<MemoryDead> {
        let letter = self.inner.lock().dead.pop_front()?;
        Some(MemoryDead { queue: self.inner.clone(), letter, settled: false })
    }

    pub(crate) fn close(&self) {
        self.inner.lock().closed = true;
        self.inner.room.close();
        self.inner.changed.notify_waiters();
    }
}

impl Inner {
    /// A panic while the lock is held leaves whole data: every change below is a single step.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_back(&self, item: Item, reason: &str) {
        let mut state = self.lock();
        state.unacked -= 1;
        if item.deliveries >= self.params.delivery_limit {
            tracing::warn!(task = ?item.task, deliveries = item.deliveries, reason, "task given up");
            let letter = DeadLetter { task: item.task, deliveries: item.deliveries, reason: reason.to_owned() };
            state.dead.push_back(letter);
        } else {
            state.ready.push_back(item);
        }
        drop(state);
        self.changed.notify_waiters();
    }
}

/// A consumer of a [`MemoryQueue`].
#[derive(Debug)]
pub struct MemoryConsumer {
    queue: Arc<Inner>,
    hands: Arc<Semaphore>,
}

impl MemoryConsumer {
    pub(crate) async fn next(&self) -> Option<MemoryDelivery> {
        let hand = self.hands.clone().acquire_owned().await.ok()?;
        loop {
            // Listening begins before looking, so nothing that comes in between is missed.
            let mut changed = std::pin::pin!(self.queue.changed.notified());
            changed.as_mut().enable();
            {
                let mut state = self.queue.lock();
                if let Some(mut item) = state.ready.pop_front() {
                    item.deliveries += 1;
                    state.unacked += 1;
                    let (queue, task) = (self.queue.clone(), item.task);
                    return Some(MemoryDelivery { queue, task, item: Some(item), _hand: hand });
                }
                // What others still hold may come back.
                if state.closed && state.unacked == 0 {
                    return None;
                }
            }
            changed.await;
        }
    }
}

impl Drop for MemoryConsumer {
    fn drop(&mut self) {
        self.queue.lock().consumers -= 1;
    }
}

/// A delivery of a `MemoryQueue`.
#[derive(Debug)]
pub struct MemoryDelivery {
    queue: Arc<Inner>,
    task: Task,
    /// `None` once acknowledged or refused.
    item: Option<Item>,
    _hand: OwnedSemaphorePermit,
}

impl MemoryDelivery {
    pub(crate) fn task(&self) -> Task {
        self.task
    }

    pub(crate) fn attempt(&self) -> u32 {
        self.item.as_ref().map_or(0, |item| item.deliveries)
    }

    pub(crate) fn ack(mut self) {
        if self.item.take().is_some() {
            self.queue.lock().unacked -= 1;
            self.queue.changed.notify_waiters();
        }
    }

    pub(crate) fn nack(mut self, reason: &str) {
        if let Some(item) = self.item.take() {
            self.queue.give_back(item, reason);
        }
    }
}

impl Drop for MemoryDelivery {
    fn drop(&mut self) {
        if let Some(item) = self.item.take() {
            self.queue.give_back(item, "the worker stopped without an answer");
        }
    }
}

/// A dead letter of a `MemoryQueue`.
#[derive(Debug)]
pub struct MemoryDead {
    queue: Arc<Inner>,
    letter: DeadLetter,
    settled: bool,
}

impl MemoryDead {
    pub(crate) fn letter(&self) -> &DeadLetter {
        &self.letter
    }

    pub(crate) fn settle(mut self) {
        self.settled = true;
    }
}

impl Drop for MemoryDead {
    fn drop(&mut self) {
        if !self.settled {
            self.queue.lock().dead.push_front(self.letter.clone());
        }
    }
}
