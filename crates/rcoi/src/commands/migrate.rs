//! `rcoi migrate`: the database's schema, and moving a whole installation to a server.

use super::Done;
use crate::args::MigrateArgs;
use crate::config::Config;
use crate::wiring;
use anyhow::{Context, Result, bail};
use futures::{StreamExt, TryStreamExt};
use indicatif::{ProgressBar, ProgressStyle};
use rcoi_store::{Blobs, Moved, Store};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// Pictures on their way at the same time.
const AT_ONCE: usize = 8;

pub(crate) fn run(args: &MigrateArgs, config: &Config) -> Result<Done> {
    wiring::block_on(async {
        if let (Some(from), Some(to)) = (&args.from, &args.to) {
            return move_over(from, to, args.blobs_from.as_deref(), config).await;
        }
        if Store::create(&config.database_url()).await? {
            println!("made the database");
        }
        wiring::open_store(config).await?.close().await;
        println!("the database has this version's schema");
        Ok(Done::Well)
    })
}

/// Pictures first: a picture without a row harms nothing, a row without its picture does. Cut off anywhere, the same command
/// goes on where it was.
async fn move_over(from: &str, to: &str, blobs_from: Option<&Path>, config: &Config) -> Result<Done> {
    let Some(file) = from.strip_prefix("sqlite:").map(Path::new) else {
        bail!("--from {from}: expected sqlite:FILE");
    };
    if !file.exists() {
        bail!("--from: there is no file {}", file.display());
    }
    let source = Store::open(from).await?;
    if Store::create(to).await? {
        println!("made the database");
    }
    let target = Store::open(to).await?;
    let beside = || file.parent().map_or_else(|| PathBuf::from("blobs"), |folder| folder.join("blobs"));
    let old = Blobs::open(blobs_from.map_or_else(beside, Path::to_owned)).await?;
    let new = wiring::open_blobs(config).await?;
    // Twice: what came while the first many were under way is few, and nobody writes during the rows.
    for _ in 0..2 {
        bring_blobs(&source, &old, &new).await?;
    }
    let label = to.rsplit_once('@').map_or(to, |(_, place)| place);
    match source.move_to(&target, label, &|table, rows| println!("{table}: {rows} rows")).await? {
        Moved::Rows(rows) => println!("{rows} rows are at {label}; {} does not open any more", file.display()),
        Moved::Already => println!("all rows were at {label} already; {} does not open any more", file.display()),
    }
    // What came between the last look and the rows.
    bring_blobs(&target, &old, &new).await?;
    source.close().await;
    target.close().await;
    println!("next: database = the address of --to in the configuration of every process, the signing key beside it, `rcoi audit verify`");
    Ok(Done::Well)
}

async fn bring_blobs(rows: &Store, old: &Blobs, new: &Blobs) -> Result<()> {
    let named = rows.blobs_named().await?;
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new(named.len() as u64) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("pictures {bar:30} {pos}/{len}, {eta} left") {
        bar.set_style(style);
    }
    let count = named.len();
    let brought: Vec<bool> = futures::stream::iter(named)
        .map(async |hash| {
            let there = new.size(&hash).await?.is_some();
            if !there {
                let bytes = old.get(&hash).await.with_context(|| format!("the picture {hash} cannot be brought over"))?;
                new.put(bytes).await?;
            }
            bar.inc(1);
            anyhow::Ok(!there)
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    bar.finish_and_clear();
    println!("pictures and packages: {count}, of them brought over now: {}", brought.into_iter().filter(|new| *new).count());
    Ok(())
}
