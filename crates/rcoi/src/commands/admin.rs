//! `rcoi migrate` and `rcoi audit`: the database's schema and the chain of acts.

use super::Done;
use crate::args::AuditVerb;
use crate::config::Config;
use crate::wiring;
use anyhow::Result;
use rcoi_store::{AuditReport, Store};

pub(crate) fn migrate(config: &Config) -> Result<Done> {
    wiring::block_on(async {
        if Store::create(&config.database_url()).await? {
            println!("made the database");
        }
        let store = wiring::open_store(config).await?;
        store.close().await;
        println!("the database has this version's schema");
        Ok(Done::Well)
    })
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
