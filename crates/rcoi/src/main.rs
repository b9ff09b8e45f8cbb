//! The binary `rcoi`: reads arguments and configuration, starts logging, hands over to one verb.

mod args;
mod commands;
mod config;
mod demo_input;
mod eval;
mod operations;
mod robot;
mod score;
mod wiring;

use args::{Args, Verb};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = Args::parse();
    // One provider of TLS for all libraries; `Err` would only mean that there is one already.
    let _already = rustls::crypto::ring::default_provider().install_default();
    let result = match &args.verb {
        // Its parent has read the configuration and tells what is needed.
        Verb::Servant(servant) => commands::servant::run(servant),
        _ => config::Config::load(&args).and_then(|config| {
            config.start_logging();
            run(args.verb, &config)
        }),
    };
    match result {
        Ok(done) => done.exit_code(),
        Err(error) => {
            eprintln!("rcoi: {error:#}");
            ExitCode::from(1)
        }
    }
}

fn run(verb: Verb, config: &config::Config) -> anyhow::Result<commands::Done> {
    match verb {
        Verb::Demo(args) => commands::demo::run(&args, config),
        Verb::Serve => commands::serve::run(config),
        Verb::Work(args) => commands::work::run(&args, config),
        Verb::Ingest(args) => commands::ingest::run(&args, config),
        Verb::Recognize(args) => commands::recognize::run(&args, config),
        Verb::Eval(args) => commands::eval::run(&args, config),
        Verb::Template(verb) => commands::template::run(verb, config),
        Verb::Exam(verb) => commands::exam::run(verb, config),
        Verb::Package(verb) => commands::package::run(verb),
        Verb::User(verb) => commands::user::run(verb, config),
        Verb::Migrate(args) => commands::migrate::run(&args, config),
        Verb::Admin(verb) => commands::admin::run(verb, config),
        Verb::Audit(verb) => commands::admin::audit(verb, config),
        Verb::Servant(args) => commands::servant::run(&args),
    }
}
