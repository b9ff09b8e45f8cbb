//! `cargo xtask demo`: from a bare machine to the running demo exam.

use crate::machine::{self, Need};
use anyhow::Result;
use std::time::Instant;

pub(crate) fn run(args: &[String]) -> Result<()> {
    let started = Instant::now();
    machine::ensure(&Need::BUILD)?;
    println!("== building rcoi (the first time takes several minutes)");
    machine::cargo(&["build", "--package", "rcoi"], &[])?;
    println!("== ready to run after {:.0} s", started.elapsed().as_secs_f64());
    let mut command = vec!["run", "--quiet", "--package", "rcoi", "--", "demo"];
    command.extend(args.iter().map(String::as_str));
    machine::cargo(&command, &[])
}
