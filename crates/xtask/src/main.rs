//! Chores of the project: `cargo xtask demo | test | tidy | accuracy | api | fuzz | faults`. Needs nothing but cargo to build.

mod accuracy;
mod api;
mod demo;
mod faults;
mod fuzz;
mod machine;
mod postgres;
mod rabbit;
mod test;
mod tidy;

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask demo [ARGS]   install what is missing, build, run the main job (ARGS go to `rcoi demo`; --robot needs no person)
cargo xtask test          formatting, clippy, tidy, documentation, every test (SQLite, PostgreSQL, RabbitMQ, Chromium)
cargo xtask tidy          the rules of the house alone: sizes, headers, who may name what
cargo xtask accuracy      read scans whose truth is known, real or drawn (--synthetic), and print tables (--help tells more)
cargo xtask api           a demo held against its own OpenAPI file by schemathesis, as every role ([--seconds N] for each)
cargo xtask fuzz          hostile bytes against every decoder and parser, ten minutes each (--help tells more)
cargo xtask faults        everything breaks again and again while pages flow through two workers; nothing may be lost (--help tells more)";

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    match args.next().as_deref() {
        Some("demo") => demo::run(&args.collect::<Vec<_>>()),
        Some("test") => test::run(),
        Some("tidy") => tidy::run(),
        Some("accuracy") => accuracy::run(args),
        Some("api") => api::run(args),
        Some("fuzz") => fuzz::run(args),
        Some("faults") => faults::run(args),
        Some("help" | "--help" | "-h") | None => {
            println!("{HELP}");
            Ok(())
        }
        Some(other) => bail!("unknown chore '{other}'\n\n{HELP}"),
    }
}
