//! Configuration: built-in defaults < `rcoi.toml` < environment `RCOI_*` < flags. The default file is the manual.

use crate::args::Args;
use anyhow::{Context, Result, bail};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use rcoi_pipeline::WatchParams;
use rcoi_store::BucketSettings;
use rcoi_web::Uploads;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// How often the watched folder is looked through.
const WATCH_POLL: Duration = Duration::from_secs(2);

/// Where blobs are.
#[derive(Debug)]
pub(crate) enum BlobPlace {
    Folder(PathBuf),
    Bucket(BucketSettings),
}

/// The manual: every setting with its default.
const DEFAULTS: &str = include_str!("../../../deploy/rcoi.toml");

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) data: PathBuf,
    pub(crate) database: SecretString,
    pub(crate) connections: u32,
    pub(crate) blobs: String,
    pub(crate) s3_endpoint: String,
    pub(crate) s3_region: String,
    pub(crate) s3_key: String,
    pub(crate) s3_secret: SecretString,
    pub(crate) queue: SecretString,
    pub(crate) queue_name: String,
    pub(crate) threads: usize,
    pub(crate) serve_reads: bool,
    pub(crate) listen: std::net::SocketAddr,
    pub(crate) operations: String,
    pub(crate) secure_cookies: bool,
    pub(crate) templates: String,
    pub(crate) policy: String,
    pub(crate) signing_key: String,
    pub(crate) time_zone: String,
    pub(crate) page_seconds: u64,
    pub(crate) watch: String,
    pub(crate) watch_seconds: u64,
    pub(crate) upload_megabytes: u64,
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
        let set = self.database.expose_secret();
        if set.is_empty() { format!("sqlite:{}", self.data.join("rcoi.db").display()) } else { set.to_owned() }
    }

    /// Whether a broker hands out the work.
    pub(crate) fn has_broker(&self) -> bool {
        !self.queue.expose_secret().is_empty()
    }

    /// Pages read at the same time by this process.
    pub(crate) fn threads(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(2, usize::from),
            set => set,
        }
    }

    /// Where blobs are.
    pub(crate) fn blobs(&self) -> Result<BlobPlace> {
        let Some(bucket) = self.blobs.strip_prefix("s3://") else {
            let set = PathBuf::from(&self.blobs);
            return Ok(BlobPlace::Folder(if self.blobs.is_empty() { self.data.join("blobs") } else { set }));
        };
        let (bucket, prefix) = bucket.split_once('/').unwrap_or((bucket, ""));
        if bucket.is_empty() || self.s3_endpoint.is_empty() {
            bail!("blobs = \"{}\": expected s3://bucket/prefix, and s3_endpoint = \"https://host:port\" beside it", self.blobs);
        }
        Ok(BlobPlace::Bucket(BucketSettings {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            endpoint: self.s3_endpoint.clone(),
            region: self.s3_region.clone(),
            key: self.s3_key.clone(),
            secret: self.s3_secret.clone(),
            scratch: self.data.join("scratch"),
        }))
    }

    /// The folder whose files are taken in by themselves.
    pub(crate) fn watch(&self) -> Option<WatchParams> {
        let settle = Duration::from_secs(self.watch_seconds.max(1));
        (!self.watch.is_empty()).then(|| WatchParams { folder: PathBuf::from(&self.watch), settle, poll: WATCH_POLL })
    }

    /// How files come from browsers.
    pub(crate) fn uploads(&self) -> Uploads {
        Uploads { folder: self.data.join("uploads"), most_bytes: self.upload_megabytes.max(1) << 20 }
    }

    pub(crate) fn signing_key(&self) -> PathBuf {
        if self.signing_key.is_empty() { self.data.join("keys/signing.pem") } else { PathBuf::from(&self.signing_key) }
    }

    /// The same installation with another data folder (the demo keeps to its own).
    pub(crate) fn with_data(&self, data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            database: String::new().into(),
            blobs: String::new(),
            queue: String::new().into(),
            signing_key: String::new(),
            watch: String::new(),
            ..self.clone()
        }
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
        assert!(matches!(config.blobs(), Ok(BlobPlace::Folder(folder)) if folder == Path::new("elsewhere/blobs")));
        assert!(!config.has_broker());
        assert!(config.watch().is_none() && config.uploads().most_bytes == 256 << 20);
        let watching = Config { watch: "/srv/scans".into(), ..config };
        assert_eq!(watching.watch().map(|w| w.folder), Some(PathBuf::from("/srv/scans")));
        assert!(watching.with_data(Path::new("demo")).watch().is_none(), "the demo keeps to its own");
    }

    #[test]
    fn the_examples_are_what_the_program_understands() {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/examples");
        let mut seen = 0;
        for file in std::fs::read_dir(examples).expect("examples").flatten() {
            let file = file.path().to_string_lossy().into_owned();
            let config = Config::load(&Args::parse_from(["rcoi", "--config", &file, "migrate"])).expect(&file);
            config.blobs().expect(&file);
            assert!(config.operations.parse::<std::net::SocketAddr>().is_ok(), "{file}");
            seen += 1;
        }
        assert_eq!(seen, 3);
    }

    #[test]
    fn a_bucket_is_told_by_its_address_and_needs_an_endpoint() {
        let args = Args::parse_from(["rcoi", "migrate"]);
        let config = Config { blobs: "s3://exams/year/2026".into(), ..Config::load(&args).expect("defaults load") };
        assert!(config.blobs().is_err_and(|told| told.to_string().contains("s3_endpoint")));
        let config = Config { s3_endpoint: "https://store:9000".into(), s3_secret: "hush".to_owned().into(), ..config };
        assert!(!format!("{config:?}").contains("hush"));
        let Ok(BlobPlace::Bucket(settings)) = config.blobs() else { panic!("a bucket was named") };
        assert_eq!((settings.bucket.as_str(), settings.prefix.as_str()), ("exams", "year/2026"));
    }
}
