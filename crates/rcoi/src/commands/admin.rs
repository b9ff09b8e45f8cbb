//! `rcoi admin` and `rcoi audit`: the work queue and the chain of acts.

use super::Done;
use crate::args::{AdminVerb, AuditVerb};
use crate::config::Config;
use crate::wiring;
use anyhow::{Context, Result, bail};
use rcoi_model::Page;
use rcoi_queue::{Depth, QueueError};
use rcoi_store::{AuditReport, OutboxStats, Store};

/// Pages named one by one; more are counted.
const NAMED: usize = 50;

pub(crate) fn run(verb: AdminVerb, config: &Config) -> Result<Done> {
    let AdminVerb::Queue { json, requeue } = verb;
    wiring::block_on(async {
        let store = wiring::open_store(config).await?;
        if let Some(wanted) = requeue {
            requeue_pages(&store, &wanted).await?;
        }
        let outbox = store.outbox_stats().await?;
        let aside = store.pages_set_aside().await?;
        // The queue of another process is not to be seen; that of a broker is.
        let depth = if config.has_broker() { Some(wiring::open_queue(config).depth().await) } else { None };
        store.close().await;
        let away = matches!(depth, Some(Err(_)));
        if json {
            let queue = depth.as_ref().map(|depth| match depth {
                Ok(d) => serde_json::json!({ "name": config.queue_name, "ready": d.ready, "dead": d.dead, "consumers": d.consumers }),
                Err(error) => serde_json::json!({ "name": config.queue_name, "error": error.to_string() }),
            });
            let pages: Vec<_> =
                aside.iter().map(|p| serde_json::json!({ "id": p.id, "file": p.source, "index": p.index, "reason": p.reason })).collect();
            println!("{}", serde_json::json!({ "queue": queue, "pages": outbox, "set_aside": pages }));
        } else {
            tell(config, depth, &outbox, &aside);
        }
        Ok(Done::unless(away))
    })
}

fn tell(config: &Config, depth: Option<Result<Depth, QueueError>>, outbox: &OutboxStats, aside: &[Page]) {
    match depth {
        None => println!("queue: in the process that reads (no broker is configured)"),
        Some(Ok(d)) => println!("queue {}: {} ready, {} dead letters, {} consumers", config.queue_name, d.ready, d.dead, d.consumers),
        Some(Err(error)) => eprintln!("queue {}: {error}", config.queue_name),
    }
    println!(
        "pages that wait to be read: {} ({} in the queue, {} in work, {} tried before without a result)",
        outbox.waiting, outbox.published, outbox.in_work, outbox.failed
    );
    if let Some(oldest) = outbox.oldest {
        println!("the oldest came at {oldest:.0}");
    }
    println!("pages set aside: {}", aside.len());
    for page in aside.iter().take(NAMED) {
        println!("  {}  {}#{}: {}", page.id, page.source, page.index + 1, page.reason.as_deref().unwrap_or("-"));
    }
    if aside.len() > NAMED {
        println!("  and {} more (--json lists all)", aside.len() - NAMED);
    }
}

async fn requeue_pages(store: &Store, wanted: &str) -> Result<()> {
    let chosen = |page: &Page| wanted == "all" || page.id.to_string() == wanted || page.source.contains(wanted);
    let pages: Vec<Page> = store.pages_set_aside().await?.into_iter().filter(chosen).collect();
    if pages.is_empty() {
        bail!("no page that was set aside fits '{wanted}'");
    }
    for page in &pages {
        store.requeue_page(page.id, None).await.with_context(|| format!("{}#{}", page.source, page.index + 1))?;
    }
    println!("{} pages will be read again", pages.len());
    Ok(())
}

pub(crate) fn audit(verb: AuditVerb, config: &Config) -> Result<Done> {
    let AuditVerb::Verify = verb;
    wiring::block_on(async {
        let store = wiring::open_store(config).await?;
        let report = store.verify_audit().await?;
        store.close().await;
        Ok(match report {
            AuditReport::Whole { rows, head } => {
                println!("{rows} acts, the chain is whole; its head is {head}");
                Done::Well
            }
            AuditReport::Broken { seq, reason } => {
                eprintln!("the chain of acts is broken at row {seq}: {reason}");
                Done::WithFaults
            }
        })
    })
}
