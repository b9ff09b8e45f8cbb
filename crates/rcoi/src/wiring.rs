//! Puts the parts together: store, pictures, queue, engine, pipeline.

use crate::commands::{self, files};
use crate::config::{BlobPlace, Config};
use anyhow::{Context, Result, bail};
use ed25519_dalek::SigningKey;
use rcoi_model::{ExamId, PageReading};
use rcoi_pipeline::package::load_private;
use rcoi_pipeline::{PageReader, Params, Parts, Pipeline, Reader};
use rcoi_queue::Queue;
use rcoi_recognize::{FormReader, Known, Picture};
use rcoi_rules::Policy;
use rcoi_store::{Blobs, Store};
use rcoi_web::{AppState, Packager, WebConfig};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// Runs asynchronous work of a verb to its end.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")?.block_on(work)
}

pub(crate) async fn open_store(config: &Config) -> Result<Store> {
    std::fs::create_dir_all(&config.data).with_context(|| format!("cannot make the data folder {}", config.data.display()))?;
    Ok(Store::open_with(&config.database_url(), config.connections, Arc::new(jiff::Timestamp::now)).await?)
}

pub(crate) async fn open_blobs(config: &Config) -> Result<Blobs> {
    Ok(match config.blobs()? {
        BlobPlace::Folder(folder) => Blobs::open(folder).await?,
        BlobPlace::Bucket(settings) => Blobs::open_bucket(&settings).await?,
    })
}

pub(crate) fn open_queue(config: &Config) -> Queue {
    let params = rcoi_queue::Params::default();
    if config.has_broker() { Queue::rabbit(config.queue.clone(), &config.queue_name, params) } else { Queue::memory(params) }
}

/// The engine as the pipeline wants to see it.
pub(crate) struct Engine(pub(crate) FormReader);

impl PageReader for Engine {
    fn engine_version(&self) -> &str {
        self.0.engine_version()
    }

    fn read_page(&self, picture: &Picture, known: &dyn Known) -> PageReading {
        self.0.read_page_with(picture, known)
    }
}

pub(crate) async fn open_pipeline(config: &Config) -> Result<Pipeline> {
    let store = open_store(config).await?;
    let blobs = open_blobs(config).await?;
    let templates = files::templates(None, config)?;
    let reader = Reader::Apart(commands::servant::of(config, None)?);
    let policy = if config.policy.is_empty() {
        Pipeline::default_policy()?
    } else {
        let text = std::fs::read_to_string(&config.policy).with_context(|| format!("cannot read the policy {}", config.policy))?;
        Policy::parse(&text).with_context(|| config.policy.clone())?
    };
    let read_limit = Duration::from_secs(config.page_seconds.max(1));
    let params = Params { read_limit, workers: config.threads(), ..Params::default() };
    let queue = open_queue(config);
    Ok(Pipeline::new(Parts { store, blobs, queue, reader, templates, policy, params }))
}

/// The exam a person means: an id, a unique beginning of one, or the only one there is.
pub(crate) async fn find_exam(pipeline: &Pipeline, wanted: Option<&str>) -> Result<ExamId> {
    let exams = pipeline.store().exams().await?;
    let listed = || exams.iter().map(|e| format!("  {}  {} {}", e.id, e.plan.subject_name, e.plan.date)).collect::<Vec<_>>().join("\n");
    let fitting: Vec<ExamId> = exams.iter().map(|e| e.id).filter(|id| wanted.is_none_or(|w| id.to_string().starts_with(w))).collect();
    match (fitting.as_slice(), wanted) {
        ([one], _) => Ok(*one),
        ([], None) => bail!("there is no exam yet; import one with `rcoi exam import exam.json`"),
        ([], Some(wanted)) => bail!("no exam begins with '{wanted}'; there are:\n{}", listed()),
        (_, None) => bail!("say which exam is meant (--exam ID); there are:\n{}", listed()),
        (_, Some(wanted)) => bail!("more than one exam begins with '{wanted}':\n{}", listed()),
    }
}

/// The key that signs packages; made at the first need.
pub(crate) fn signing_key(config: &Config) -> Result<SigningKey> {
    let path = config.signing_key();
    if !path.exists() {
        commands::package::make_pair(&path)?;
        tracing::info!(path = %path.display(), "made a new signing key");
    }
    let pem = std::fs::read_to_string(&path).with_context(|| format!("cannot read the signing key {}", path.display()))?;
    load_private(&pem).with_context(|| path.display().to_string())
}

/// The stations over a pipeline.
pub(crate) fn stations(pipeline: &Pipeline, config: &Config) -> Result<AppState> {
    let key = Arc::new(signing_key(config)?);
    let packager: Packager = {
        let pipeline = pipeline.clone();
        Arc::new(move |exam, user| {
            let (pipeline, key) = (pipeline.clone(), Arc::clone(&key));
            Box::pin(async move { pipeline.package(exam, &key, Some(user)).await.map(|_| ()) })
        })
    };
    let time_zone = jiff::tz::TimeZone::get(&config.time_zone)
        .with_context(|| format!("time_zone = \"{}\": expected a name such as Europe/Moscow", config.time_zone))?;
    let web = WebConfig { https: config.secure_cookies, time_zone, uploads: config.uploads(), ..WebConfig::default() };
    Ok(AppState::new(pipeline.clone(), packager, web))
}
