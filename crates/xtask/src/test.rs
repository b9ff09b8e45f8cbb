//! `cargo xtask test`: everything that must hold before a change lands.

use crate::machine::{self, Need};
use crate::{postgres, rabbit, tidy};
use anyhow::Result;
use std::time::Instant;

pub(crate) fn run() -> Result<()> {
    let started = Instant::now();
    let step = |name: &str| println!("== {name} [{:.0} s]", started.elapsed().as_secs_f64());

    step("formatting");
    machine::cargo(&["fmt", "--all", "--check"], &[])?;
    step("rules of the house");
    tidy::run()?;
    step("system packages");
    machine::ensure(&Need::BUILD)?;
    machine::ensure(&Need::BROWSER)?;
    let postgres = postgres::ensure()?;
    let rabbit = rabbit::ensure()?;
    step("clippy");
    machine::cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"], &[])?;
    step("documentation");
    machine::cargo(&["doc", "--workspace", "--no-deps", "--locked"], &[("RUSTDOCFLAGS", "-D warnings")])?;
    step("tests");
    machine::cargo(&["test", "--workspace", "--locked"], &[("RCOI_TEST_POSTGRES", postgres.url()), ("RCOI_TEST_RABBIT", rabbit.url())])?;
    step("all good");
    Ok(())
}
