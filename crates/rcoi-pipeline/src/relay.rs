//! The relay: pages in state `received` are the outbox; it publishes their ids until they leave that state.

use crate::pipeline::{Pipeline, lock};
use rcoi_queue::Task;
use tokio_util::sync::CancellationToken;

/// Ids taken from the store at once. More than any number of workers reads within one lease.
const BATCH: u32 = 256;

/// Runs until cancelled. A failing store is tried again: nothing is lost meanwhile.
pub(crate) async fn run(pipeline: Pipeline, cancel: CancellationToken) {
    let inner = &pipeline.inner;
    let producer = inner.queue.producer();
    // What an earlier process had published died with its queue: no need to wait for the leases to lapse.
    if inner.queue.dies_with_process() {
        match inner.store.reset_outbox().await {
            Ok(0) => {}
            Ok(pages) => tracing::info!(pages, "pages of an earlier run wait again"),
            Err(error) => tracing::warn!(%error, "relay: the outbox was not reset; its leases will lapse"),
        }
    }
    loop {
        match inner.store.take_unpublished(inner.params.lease, BATCH).await {
            Ok(pages) => {
                let full = pages.len() == BATCH as usize;
                for page in pages {
                    // It is in our own queue or hands already; the lease merely ran out.
                    if !lock(&inner.in_flight).insert(page) {
                        continue;
                    }
                    let sent = tokio::select! {
                        () = cancel.cancelled() => {
                            lock(&inner.in_flight).remove(&page);
                            return;
                        }
                        sent = producer.publish(Task::Read { page }, 0) => sent,
                    };
                    if sent.is_err() {
                        return;
                    }
                }
                if full {
                    continue;
                }
            }
            Err(error) => tracing::warn!(%error, "relay: the store does not answer"),
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = inner.nudge_relay.notified() => {}
            () = tokio::time::sleep(inner.params.poll) => {}
        }
    }
}
