//! `rcoi serve`: stations and intake, and recognition unless `rcoi work` does that.

use super::Done;
use crate::config::Config;
use crate::{operations, wiring};
use anyhow::{Context, Result};
use rcoi_pipeline::{Duty, Pipeline};
use tokio_util::sync::CancellationToken;

pub(crate) fn run(config: &Config) -> Result<Done> {
    wiring::block_on(async {
        let pipeline = wiring::open_pipeline(config).await?;
        if pipeline.store().users().await?.is_empty() {
            eprintln!("nobody may log in yet; add a person with `rcoi user add LOGIN --role admin`");
        }
        let centre = Centre::start(pipeline, config).await?;
        println!("the stations are at http://{}/ (Ctrl-C stops)", centre.address);
        wait_for_stop().await?;
        centre.stop().await?;
        Ok(Done::Well)
    })
}

/// A running centre: web, relay, workers, the watched folder.
pub(crate) struct Centre {
    pub(crate) pipeline: Pipeline,
    pub(crate) address: std::net::SocketAddr,
    cancel: CancellationToken,
    workers: rcoi_pipeline::Running,
    web: tokio::task::JoinHandle<std::io::Result<()>>,
    watch: Option<tokio::task::JoinHandle<()>>,
}

impl Centre {
    pub(crate) async fn start(pipeline: Pipeline, config: &Config) -> Result<Self> {
        let listener = tokio::net::TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("cannot listen on {} (is another rcoi running? set RCOI_LISTEN)", config.listen))?;
        let address = listener.local_addr()?;
        let stations = wiring::stations(&pipeline, config)?;
        let cancel = CancellationToken::new();
        operations::start(config, &pipeline, &cancel).await?;
        let duty = if config.has_broker() && !config.serve_reads { Duty::Centre } else { Duty::Everything };
        let workers = pipeline.start(duty, &cancel);
        let web = tokio::spawn(rcoi_web::serve(listener, stations, cancel.clone().cancelled_owned()));
        let watch = config.watch().map(|params| {
            let (pipeline, cancel) = (pipeline.clone(), cancel.clone());
            tokio::spawn(async move { pipeline.watch(params, cancel).await })
        });
        Ok(Self { pipeline, address, cancel, workers, web, watch })
    }

    /// Lets running pages and requests finish, then leaves.
    pub(crate) async fn stop(self) -> Result<()> {
        self.cancel.cancel();
        if let Some(watch) = self.watch {
            watch.await.context("the watch of the folder broke")?;
        }
        self.workers.stopped().await?;
        self.web.await.context("the web task broke")??;
        self.pipeline.store().close().await;
        Ok(())
    }
}

/// Returns at Ctrl-C or SIGTERM.
pub(crate) async fn wait_for_stop() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        outcome = tokio::signal::ctrl_c() => outcome?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
