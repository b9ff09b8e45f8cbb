//! `cargo xtask faults`: an exam flows through two workers while everything breaks, again and again; then it is compared with
//! an undisturbed one: every page accounted for, one current reading each, the package the same byte for byte.

mod account;
mod centre;
mod event;
mod wire;

use crate::machine::{self, Need};
use crate::{postgres, rabbit};
use anyhow::{Context, Result, bail, ensure};
use centre::{Centre, Rcoi};
use event::Seeded;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const HELP: &str = "\
cargo xtask faults [--participants N] [--events N] [--seconds S] [--seed N] [--keep DIR]

  --participants N   people of the drawn exam, four sheets each (default 1250: 5,000 pages)
  --events N         what breaks, one after the other (default 100)
  --seconds S        mean time from one event to the next (default 5)
  --seed N           the same seed breaks the same things in the same order (default 1)
  --keep DIR         work there and leave everything; the drawn exam and its undisturbed package are used again

Starts a PostgreSQL and a RabbitMQ of its own. Filling the disk of the pictures needs root (a small tmpfs).";

/// A page that paints for minutes is ended after so many seconds, in both runs.
const PAGE_SECONDS: &str = "5";

struct Options {
    participants: u32,
    events: u32,
    gap: Duration,
    seed: u64,
    keep: Option<PathBuf>,
}

pub(crate) fn run(args: impl Iterator<Item = String>) -> Result<()> {
    let Some(options) = parse(args)? else {
        println!("{HELP}");
        return Ok(());
    };
    machine::ensure(&Need::BUILD)?;
    machine::cargo(&["build", "--package", "rcoi", "--locked"], &[])?;
    let temporary = std::env::temp_dir().join(format!("rcoi-faults-{}", std::process::id()));
    let folder = options.keep.clone().unwrap_or_else(|| temporary.clone());
    std::fs::create_dir_all(&folder)?;
    let outcome = campaign(&options, &folder);
    if options.keep.is_none() {
        std::fs::remove_dir_all(&temporary)?;
    }
    outcome
}

fn campaign(options: &Options, folder: &Path) -> Result<()> {
    let people = options.participants.to_string();
    let demo = ["demo", "--participants", &people, "--seed", "11"];
    let calm = Rcoi::new(&folder.join("calm"));
    println!("== drawing");
    calm.must(&demo, &["--draw"])?;
    let input = calm.data.join("demo/input");
    let packets = input.join("packets");
    let first = std::fs::read_dir(&packets)?.flatten().map(|e| e.path()).min().context("no packet was drawn")?;
    std::fs::write(first.join("zz-endless.pdf"), event::endless_pdf())?;
    println!("== undisturbed");
    let begun = Instant::now();
    calm.must(&demo, &["--robot"])?;
    println!("   {:.0} s", begun.elapsed().as_secs_f64());
    let expected = package_of(&calm.data.join("demo"))?;

    println!("== servers");
    let postgres = postgres::start_private()?;
    let rabbit = rabbit::Private::start()?;
    let mut centre = Centre::new(&folder.join("stormy"), &input, &calm.data.join("demo/keys"), postgres, rabbit)?;
    println!("== {} events, seed {}", options.events, options.seed);
    let begun = Instant::now();
    let happened = storm(&mut centre, options)?;
    let seconds = begun.elapsed().as_secs_f64();
    println!("== calm again; waiting for the last page");
    centre.wait_until_read()?;
    let flowed = begun.elapsed().as_secs_f64();
    let books = account::of(&centre)?;
    centre.stop();
    println!("== people (the robot), closing, package");
    centre.rcoi.must(&demo, &["--robot", "--configured"])?;
    let made = package_of(&centre.rcoi.data)?;
    let audit = centre.rcoi.must(&["audit", "verify"], &[])?;

    println!("\nevent                     | times");
    println!("--------------------------------");
    for (name, times) in &happened {
        println!("{name:<25} | {times:>5}");
    }
    println!("\n{} events in {seconds:.0} s; all pages were read {flowed:.0} s after the first one", happened.values().sum::<u32>());
    println!("{books}");
    println!("acts: {}", audit.trim());
    let same = std::fs::read(&made)? == std::fs::read(&expected)?;
    println!("package: {} bytes, {}", std::fs::metadata(&made)?.len(), if same { "the same as undisturbed" } else { "NOT the same" });
    books.check()?;
    ensure!(same, "the packages differ: {} and {}", made.display(), expected.display());
    Ok(())
}

/// Lets things break while the pages flow; how often each did.
fn storm(centre: &mut Centre, options: &Options) -> Result<BTreeMap<&'static str, u32>> {
    let mut seeded = Seeded::new(options.seed);
    let mut happened = BTreeMap::new();
    centre.start()?;
    for n in 1..=options.events {
        let until = Instant::now() + seeded.around(options.gap);
        while Instant::now() < until {
            centre.tend()?;
            std::thread::sleep(Duration::from_millis(50));
        }
        let event = seeded.event(centre.can_fill());
        println!("{n:>4}  {event}; {}", centre.standing());
        event.happen(centre, &mut seeded)?;
        *happened.entry(event.name()).or_default() += 1;
    }
    Ok(happened)
}

fn package_of(data: &Path) -> Result<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(data.join("packages"))?.flatten().map(|e| e.path()).collect();
    match (found.pop(), found.pop()) {
        (Some(one), None) => Ok(one),
        _ => bail!("expected one package in {}", data.join("packages").display()),
    }
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Option<Options>> {
    let mut options = Options { participants: 1250, events: 100, gap: Duration::from_secs(5), seed: 1, keep: None };
    while let Some(arg) = args.next() {
        if matches!(arg.as_str(), "--help" | "-h") {
            return Ok(None);
        }
        let value = args.next().with_context(|| format!("{arg} needs a value\n\n{HELP}"))?;
        let number = || value.parse::<u64>().with_context(|| format!("{arg} {value}: expected a whole number"));
        match arg.as_str() {
            "--participants" => options.participants = u32::try_from(number()?)?,
            "--events" => options.events = u32::try_from(number()?)?,
            "--seconds" => {
                let seconds = value.parse().with_context(|| format!("{arg} {value}: expected seconds"))?;
                options.gap = Duration::from_secs_f64(seconds);
            }
            "--seed" => options.seed = number()?,
            "--keep" => options.keep = Some(std::path::absolute(&value)?),
            _ => bail!("unknown option {arg}\n\n{HELP}"),
        }
    }
    Ok(Some(options))
}
