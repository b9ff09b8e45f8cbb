//! `rcoi work`: a process that reads pages for a centre that runs elsewhere.

use super::{Done, serve};
use crate::args::WorkArgs;
use crate::config::Config;
use crate::{operations, wiring};
use anyhow::{Result, bail};
use rcoi_pipeline::Duty;
use tokio_util::sync::CancellationToken;

pub(crate) fn run(args: &WorkArgs, config: &Config) -> Result<Done> {
    if !config.has_broker() {
        bail!("`rcoi work` takes pages from a broker: set queue = \"amqp://…\" (deploy/rcoi.toml explains it)");
    }
    let config = Config { threads: args.threads.unwrap_or(config.threads), ..config.clone() };
    wiring::block_on(async {
        let pipeline = wiring::open_pipeline(&config).await?;
        let cancel = CancellationToken::new();
        operations::start(&config, &pipeline, &cancel).await?;
        let workers = pipeline.start(Duty::Read, &cancel);
        println!("reading pages, {} at a time (Ctrl-C or SIGTERM: finish those in work and leave)", config.threads());
        serve::wait_for_stop().await?;
        cancel.cancel();
        workers.stopped().await?;
        pipeline.queue().close();
        pipeline.store().close().await;
        println!("all pages in work are finished");
        Ok(Done::Well)
    })
}
