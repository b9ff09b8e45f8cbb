//! What those who run the machines ask: is the process alive, can it work, what are its figures.

use crate::config::Config;
use anyhow::{Context, Result};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use rcoi_pipeline::Pipeline;
use std::net::SocketAddr;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Bounds of the classes in which durations are counted, seconds: a page takes 20 ms to some seconds.
const SECONDS: [f64; 11] = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 60.0];
/// A part that does not answer for so long cannot work.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often what was counted is tidied up, as the recorder wants it.
const UPKEEP: Duration = Duration::from_secs(5);

#[derive(Clone)]
struct Asked {
    pipeline: Pipeline,
    figures: PrometheusHandle,
}

/// Starts telling, where the configuration wants it; stops with `cancel`.
pub(crate) async fn start(config: &Config, pipeline: &Pipeline, cancel: &CancellationToken) -> Result<()> {
    if config.operations.is_empty() {
        return Ok(());
    }
    let address: SocketAddr = config
        .operations
        .parse()
        .with_context(|| format!("operations = \"{}\": expected an address such as 127.0.0.1:9464", config.operations))?;
    let figures = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full("rcoi_page_seconds".to_owned()), &SECONDS)?
        .install_recorder()
        .context("cannot collect figures")?;
    let listener = tokio::net::TcpListener::bind(address).await.with_context(|| format!("operations: cannot listen on {address}"))?;
    tracing::info!(address = %listener.local_addr()?, "health, readiness and figures");
    let asked = Asked { pipeline: pipeline.clone(), figures: figures.clone() };
    let router = Router::new()
        .route("/health", get(|| async { "alive\n" }))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(asked);
    let ended = cancel.clone();
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(ended.cancelled_owned()).await {
            tracing::error!(%error, "operations: nobody is told any more");
        }
    });
    let ended = cancel.clone();
    tokio::spawn(async move {
        while tokio::time::timeout(UPKEEP, ended.cancelled()).await.is_err() {
            figures.run_upkeep();
        }
    });
    Ok(())
}

/// 200 when store and queue answer, else 503 with what does not.
async fn ready(State(asked): State<Asked>) -> impl IntoResponse {
    let store = tokio::time::timeout(PATIENCE, asked.pipeline.store().ping());
    let queue = tokio::time::timeout(PATIENCE, asked.pipeline.queue().depth());
    let (store, queue) = tokio::join!(store, queue);
    let store = said("store", store.map(|answer| answer.map_err(|e| e.to_string())));
    let queue = said("queue", queue.map(|answer| answer.map_err(|e| e.to_string())));
    let status = if store.is_ok() && queue.is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let lines = [store, queue].map(|line| line.unwrap_or_else(|fault| fault));
    (status, format!("{}\n", lines.join("\n")))
}

fn said<T, E>(part: &str, answer: Result<Result<T, String>, E>) -> Result<String, String> {
    match answer {
        Ok(Ok(_)) => Ok(format!("{part}: ready")),
        Ok(Err(fault)) => Err(format!("{part}: {fault}")),
        Err(_) => Err(format!("{part}: no answer within {} s", PATIENCE.as_secs())),
    }
}

/// Figures of this process; those of the exams are counted when asked for.
async fn metrics(State(asked): State<Asked>) -> impl IntoResponse {
    if let Ok(Ok(exams)) = tokio::time::timeout(PATIENCE, asked.pipeline.store().exam_stats()).await {
        for exam in exams {
            let pages = [("received", exam.received), ("read", exam.read), ("set-aside", exam.set_aside), ("excluded", exam.excluded)];
            for (state, count) in pages {
                metrics::gauge!("rcoi_pages", "exam" => exam.exam.to_string(), "state" => state).set(count as f64);
            }
            for (state, count) in [("open", exam.open_tasks), ("claimed", exam.claimed_tasks), ("done", exam.done_tasks)] {
                metrics::gauge!("rcoi_tasks", "exam" => exam.exam.to_string(), "state" => state).set(count as f64);
            }
        }
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], asked.figures.render())
}
