//! `cargo xtask fuzz`: draws the first inputs and lets the fuzzer loose on every door that strangers' bytes come through.

use crate::machine::{self, Need};
use anyhow::{Context, Result, bail};
use std::process::{Command, Stdio};

const HELP: &str = "\
cargo xtask fuzz [--seconds N] [--target NAME]...

  --seconds N    how long each target runs (default 600)
  --target NAME  only this target (may be repeated): image, pdf, zip, template, layout

Installs cargo-fuzz when it is missing. An input that ends a target stays in fuzz/artifacts/NAME.";

/// Each has a file in `fuzz/fuzz_targets`, its words in `fuzz/dict`, and drawn first inputs (`fuzz/seeds`).
/// The number is the longest input that is tried, bytes: what is longer only slows the search.
const TARGETS: [(&str, u32); 5] = [("image", 16_384), ("pdf", 16_384), ("zip", 16_384), ("template", 32_768), ("layout", 8_192)];

/// An input that takes longer (seconds) or more memory (megabytes) is a fault. Honest inputs of these sizes take milliseconds;
/// the sanitizer slows everything down some times over.
const TIMEOUT: &str = "-timeout=20";
const MEMORY: &str = "-rss_limit_mb=1536";

pub(crate) fn run(args: impl Iterator<Item = String>) -> Result<()> {
    let Some((seconds, targets)) = parse(args)? else {
        println!("{HELP}");
        return Ok(());
    };
    machine::ensure(&Need::BUILD)?;
    if !Command::new("cargo-fuzz").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success()) {
        println!("== installing cargo-fuzz");
        machine::cargo(&["install", "cargo-fuzz", "--locked"], &[])?;
    }
    // The sanitizer's flags are unstable ones; the fuzzer needs nothing else of a nightly compiler.
    let env = [("RUSTC_BOOTSTRAP", "1")];
    machine::cargo(&["run", "--quiet", "--manifest-path", "fuzz/Cargo.toml", "-p", "rcoi-fuzz-seeds", "--", "fuzz/corpus"], &[])?;
    machine::cargo(&["fuzz", "build"], &env)?;
    let time = format!("-max_total_time={seconds}");
    let mut ended = Vec::new();
    for (name, longest) in TARGETS.iter().filter(|(name, _)| targets.is_empty() || targets.iter().any(|t| t == name)) {
        println!("== {name}: {seconds} s");
        let words = format!("-dict=fuzz/dict/{name}.dict");
        let longest = format!("-max_len={longest}");
        let options = ["fuzz", "run", name, "--", &time, TIMEOUT, MEMORY, "-detect_leaks=0", "-print_final_stats=1", &words, &longest];
        if machine::cargo(&options, &env).is_err() {
            ended.push(*name);
        }
    }
    if ended.is_empty() {
        return Ok(());
    }
    bail!("ended before their time: {} (the inputs are in fuzz/artifacts)", ended.join(", "))
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Option<(u64, Vec<String>)>> {
    let (mut seconds, mut targets) = (600, Vec::new());
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg} needs a value\n\n{HELP}"));
        match arg.as_str() {
            "--seconds" => seconds = value()?.parse().context("--seconds: expected a whole number")?,
            "--target" => {
                let name = value()?;
                if TARGETS.iter().all(|(known, _)| *known != name) {
                    bail!("--target {name}: unknown\n\n{HELP}");
                }
                targets.push(name);
            }
            "--help" | "-h" => return Ok(None),
            other => bail!("unknown option {other}\n\n{HELP}"),
        }
    }
    Ok(Some((seconds, targets)))
}

#[cfg(test)]
mod tests {
    use super::{TARGETS, parse};
    use crate::machine;

    #[test]
    fn every_target_has_its_file_and_its_words() {
        let fuzz = machine::root().join("fuzz");
        for (name, _) in TARGETS {
            assert!(fuzz.join(format!("fuzz_targets/{name}.rs")).is_file(), "{name}");
            assert!(fuzz.join(format!("dict/{name}.dict")).is_file(), "{name}");
        }
        assert_eq!(std::fs::read_dir(fuzz.join("fuzz_targets")).expect("a folder").count(), TARGETS.len());
    }

    #[test]
    fn time_and_targets_may_be_chosen() {
        let parse = |line: &str| parse(line.split_whitespace().map(str::to_owned));
        assert_eq!(parse("").expect("defaults"), Some((600, vec![])));
        assert_eq!(parse("--target zip --seconds 5").expect("fine"), Some((5, vec!["zip".to_owned()])));
        assert!(parse("--target nothing").is_err() && parse("--seconds soon").is_err());
    }
}
