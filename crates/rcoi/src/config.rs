//! Configuration: built-in defaults < `rcoi.toml` < environment `RCOI_*` < flags. The default file is the manual.

use crate::args::Args;
use anyhow::{Context, Result, bail};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use tracing_subscriber::EnvFilter;

/// The manual: every setting with its default.
const DEFAULTS: &str = include_str!("../../../deploy/rcoi.toml");

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) data: PathBuf,
    pub(crate) database: String,
    pub(crate) listen: std::net::SocketAddr,
    pub(crate) secure_cookies: bool,
    pub(crate) templates: String,
    pub(crate) policy: String,
    pub(crate) signing_key: String,
    pub(crate) time_zone: String,
    pub(crate) page_seconds: u64,
    pub(crate) log: String,
    pub(crate) log_json: bool,
}

impl Config {
    pub(crate) fn load(args: &Args) -> Result<Self> {
        let mut figment = Figment::from(Toml::string(DEFAULTS));
        match &args.config {
            Some(file) if !file.exists() => bail!("configuration file {} does not exist", file.display()),
            Some(file) => figment = figment.merge(Toml::file(file)),
            None => figment = figment.merge(Toml::file("rcoi.toml")),
        }
        // The tests' own variables share the prefix and are not settings.
        figment = figment.merge(Env::prefixed("RCOI_").filter(|key| !key.starts_with("test")));
        if let Some(data) = &args.data {
            figment = figment.merge(Serialized::default("data", data));
        }
        match args.verbose {
            0 => {}
            1 => figment = figment.merge(Serialized::default("log", "rcoi=debug,info")),
            _ => figment = figment.merge(Serialized::default("log", "rcoi=trace,debug")),
        }
        figment.extract().context("the configuration is wrong (deploy/rcoi.toml explains every setting)")
    }

    /// `database`, or the SQLite file of the data folder when it is empty.
    pub(crate) fn database_url(&self) -> String {
        if self.database.is_empty() { format!("sqlite:{}", self.data.join("rcoi.db").display()) } else { self.database.clone() }
    }

    pub(crate) fn blobs(&self) -> PathBuf {
        self.data.join("blobs")
    }

    pub(crate) fn signing_key(&self) -> PathBuf {
        if self.signing_key.is_empty() { self.data.join("keys/signing.pem") } else { PathBuf::from(&self.signing_key) }
    }

    /// The same installation with another data folder (the demo keeps to its own).
    pub(crate) fn with_data(&self, data: &Path) -> Self {
        Self { data: data.to_owned(), database: String::new(), signing_key: String::new(), ..self.clone() }
    }

    pub(crate) fn start_logging(&self) {
        let filter = EnvFilter::try_new(&self.log).unwrap_or_else(|_| EnvFilter::new("info"));
        let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        if self.log_json { builder.json().init() } else { builder.compact().init() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[test]
    fn the_manual_file_is_complete_and_a_flag_wins_over_it() {
        let args = Args::parse_from(["rcoi", "--data", "elsewhere", "migrate"]);
        let config = Config::load(&args).expect("defaults load");
        assert_eq!(config.data, PathBuf::from("elsewhere"));
        assert_eq!(config.database_url(), "sqlite:elsewhere/rcoi.db");
    }
}
