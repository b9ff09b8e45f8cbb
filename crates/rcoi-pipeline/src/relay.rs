//! The relay: pages in state `received` are the outbox; it publishes their ids, the most urgent first, until they leave that
//! state, and records what the queue has given up.
//!
//! It keeps the queue short: what becomes urgent overtakes everything but the few pages that are in the queue already, and
//! a broker that loses everything loses a second of work. The truth is in the store.

use crate::error::Result;
use crate::figures;
use crate::pipeline::Pipeline;
use futures::{StreamExt, TryStreamExt};
use rcoi_model::PageState;
use rcoi_queue::{Dead, Task};
use rcoi_store::StoreError;
use tokio_util::sync::CancellationToken;

/// Ids taken from the store at once.
const BATCH: usize = 256;
/// Pages that may wait in the queue: so many, and so many more for each consumer. A page takes some 30 ms and the relay looks
/// twice a second, so no consumer ever waits for it.
const AHEAD: usize = 32;
const AHEAD_EACH: usize = 24;
/// Messages on their way to the broker at the same time: their confirmations cost a disk write each.
const AT_ONCE: usize = 32;

/// Runs until cancelled. A failing store or broker is tried again: nothing is lost meanwhile.
pub(crate) async fn run(pipeline: Pipeline, cancel: CancellationToken) {
    let inner = &pipeline.inner;
    // What an earlier process had published died with its queue: no need to wait for the leases to lapse.
    if inner.queue.dies_with_process() {
        match inner.store.reset_outbox().await {
            Ok(0) => {}
            Ok(pages) => tracing::info!(pages, "pages of an earlier run wait again"),
            Err(error) => tracing::warn!(%error, "relay: the outbox was not reset; its leases will lapse"),
        }
    }
    let mut failures = 0_u32;
    loop {
        let outcome = tokio::select! {
            () = cancel.cancelled() => return,
            outcome = pipeline.publish_waiting() => outcome,
        };
        match outcome {
            Ok(more) => {
                failures = 0;
                if more {
                    continue;
                }
            }
            // The first failure, and then now and again.
            Err(error) => {
                if failures.is_multiple_of(20) {
                    tracing::warn!(%error, tries = failures + 1, "relay: waiting for the store or the broker");
                }
                failures += 1;
            }
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = inner.nudge_relay.notified() => {}
            () = tokio::time::sleep(inner.params.poll) => {}
        }
    }
}

impl Pipeline {
    /// Fills the queue up; true when there may be more room and more pages.
    async fn publish_waiting(&self) -> Result<bool> {
        let inner = &self.inner;
        while let Some(dead) = inner.queue.next_dead().await? {
            self.bury(dead).await?;
        }
        let depth = inner.queue.depth().await?;
        figures::queue(depth);
        let room = (AHEAD + AHEAD_EACH * depth.consumers).saturating_sub(depth.ready).min(BATCH);
        if room == 0 {
            return Ok(false);
        }
        let pages = inner.store.take_unpublished(inner.params.lease, u32::try_from(room).unwrap_or(u32::MAX)).await?;
        let taken = pages.len();
        let publish = |page| inner.queue.publish(Task::Read { page });
        futures::stream::iter(pages).map(publish).buffered(AT_ONCE).try_collect::<()>().await?;
        Ok(taken == BATCH)
    }

    /// A dead letter becomes a page that is set aside, where the operator sees it with the reason.
    async fn bury(&self, dead: Dead) -> Result<()> {
        let letter = dead.letter();
        let Task::Read { page } = letter.task;
        match self.inner.store.page(page).await {
            Ok(row) if row.state == PageState::Received => self.give_up(&row, letter.deliveries, &letter.reason).await?,
            // Somebody has read it after all, or it is of another installation.
            Ok(_) | Err(StoreError::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
        dead.settle().await;
        Ok(())
    }
}
