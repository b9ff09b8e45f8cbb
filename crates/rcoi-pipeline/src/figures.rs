//! Figures of a running chain, for whoever collects them (`rcoi` hands them to Prometheus). Names are the interface.

use rcoi_queue::Depth;
use std::time::Instant;

/// Seconds that a part of a page's way took: `fetch` (the picture), `read` (decoding and recognition), `save`, `whole`.
pub(crate) fn stage(stage: &'static str, begun: Instant) {
    metrics::histogram!("rcoi_page_seconds", "stage" => stage).record(begun.elapsed().as_secs_f64());
}

/// A page that was read, and how many tasks for people it brought.
pub(crate) fn read(template: &str, tasks: usize) {
    metrics::counter!("rcoi_pages_read_total", "template" => template.to_owned()).increment(1);
    metrics::counter!("rcoi_page_tasks_total", "template" => template.to_owned()).increment(tasks as u64);
}

/// How the queue stands.
pub(crate) fn queue(depth: Depth) {
    metrics::gauge!("rcoi_queue_ready").set(depth.ready as f64);
    metrics::gauge!("rcoi_queue_dead").set(depth.dead as f64);
    metrics::gauge!("rcoi_queue_consumers").set(depth.consumers as f64);
}
