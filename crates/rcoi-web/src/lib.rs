//! Stations in a browser and the JSON API behind them: sessions, roles, pages, pictures of tasks.

mod admin_pages;
mod api;
mod around;
mod assets;
mod back_off;
pub mod backend;
mod beside;
mod boards;
mod centre;
pub mod checks;
mod error;
mod exam_pages;
mod figures;
mod findings;
mod headers;
mod live;
mod login;
mod mapping;
mod me;
mod openapi;
mod operator;
mod pages;
pub mod password;
mod persons;
pub mod piles;
mod piles_centre;
mod policy;
mod quality;
mod request;
pub mod roles;
pub mod said;
pub mod session;
pub mod text;
mod upload;
mod wire;
pub mod words;

pub use centre::{Centre, Packager, ensure_user};
pub use error::Problem;
pub use request::CSRF_HEADER;
pub use upload::Uploads;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use back_off::BackOff;
use backend::{Actor, Backend, BackendError};
use rcoi_model::ExamId;
use session::{SessionBook, SessionParams};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Largest request body, bytes: verdicts and forms are small.
const LARGEST_BODY: usize = 64 * 1024;

/// How the web is set up.
#[derive(Debug, Clone)]
pub struct WebConfig {
    /// Served over https (by a proxy in front): cookies become `Secure`.
    pub https: bool,
    /// Time zone of the region, in which the limit ends.
    pub time_zone: jiff::tz::TimeZone,
    pub sessions: SessionParams,
    pub uploads: Uploads,
}

impl Default for WebConfig {
    fn default() -> Self {
        Self { https: false, time_zone: jiff::tz::TimeZone::UTC, sessions: SessionParams::default(), uploads: Uploads::default() }
    }
}

/// What every handler shares.
#[derive(Clone)]
pub struct AppState(Arc<Inner>);

struct Inner {
    backend: Arc<dyn Backend>,
    config: WebConfig,
    sessions: Arc<dyn SessionBook>,
    back_off: BackOff,
    /// Places for pages that are told what is new.
    streams: Arc<Semaphore>,
    /// The server stops: streams end.
    closing: CancellationToken,
    /// Packages being built, and since when.
    building: Mutex<BTreeMap<ExamId, Instant>>,
    /// Files that may be on their way here at the same time.
    upload_turns: Semaphore,
}

impl AppState {
    /// A state over the real chain; sessions are kept in its store.
    #[must_use]
    pub fn new(pipeline: rcoi_pipeline::Pipeline, packager: Packager, config: WebConfig) -> Self {
        let sessions = Arc::new(pipeline.store().clone());
        let centre = Centre::new(pipeline, packager, config.time_zone.clone());
        Self::with_backend(Arc::new(centre), sessions, config)
    }

    /// A state over any backend and any book of sessions.
    #[must_use]
    pub fn with_backend(backend: Arc<dyn Backend>, sessions: Arc<dyn SessionBook>, config: WebConfig) -> Self {
        Self(Arc::new(Inner {
            backend,
            config,
            sessions,
            back_off: BackOff::default(),
            streams: live::places(),
            closing: CancellationToken::new(),
            building: Mutex::default(),
            upload_turns: Semaphore::new(upload::AT_ONCE),
        }))
    }

    /// The centre behind the pages.
    #[must_use]
    pub fn backend(&self) -> &dyn Backend {
        self.0.backend.as_ref()
    }

    pub(crate) fn sessions(&self) -> &dyn SessionBook {
        self.0.sessions.as_ref()
    }

    pub(crate) fn session_params(&self) -> SessionParams {
        self.0.config.sessions
    }

    pub(crate) fn back_off(&self) -> &BackOff {
        &self.0.back_off
    }

    pub(crate) fn streams(&self) -> &Arc<Semaphore> {
        &self.0.streams
    }

    /// Waits until the server stops.
    pub(crate) async fn closing(&self) {
        self.0.closing.cancelled().await;
    }

    pub(crate) fn uploads(&self) -> &Uploads {
        &self.0.config.uploads
    }

    pub(crate) fn upload_turns(&self) -> &Semaphore {
        &self.0.upload_turns
    }

    pub(crate) fn https(&self) -> bool {
        self.0.config.https
    }

    /// `__Host-` pins the cookie to this host and to https; browsers refuse that name over http.
    pub(crate) fn cookie_name(&self) -> &'static str {
        if self.https() { "__Host-rcoi" } else { "rcoi" }
    }

    /// A moment in the region's time.
    pub(crate) fn civil(&self, at: jiff::Timestamp) -> jiff::civil::DateTime {
        at.to_zoned(self.0.config.time_zone.clone()).datetime()
    }

    /// Whole hours until the limit ends: the last moment of day `date + limit_days`. Negative when it has passed.
    pub(crate) fn hours_left(&self, date: jiff::civil::Date, limit_days: u32) -> i64 {
        let now = jiff::Timestamp::now().to_zoned(self.0.config.time_zone.clone()).datetime();
        rcoi_rules::clock(date, limit_days, now).hours_left
    }

    /// The moment when the limit ends, seconds since 1970, for the running clock.
    pub(crate) fn ends(&self, date: jiff::civil::Date, limit_days: u32) -> i64 {
        use jiff::ToSpan;
        let after = date.checked_add((i64::from(limit_days) + 1).days()).unwrap_or(jiff::civil::Date::MAX);
        after.to_zoned(self.0.config.time_zone.clone()).map_or(i64::MAX, |end| end.timestamp().as_second())
    }

    /// Builds a package. It goes on when the browser that asked has gone away; a second wish meanwhile is refused.
    pub(crate) async fn package(&self, who: Actor, exam: ExamId) -> Result<(), BackendError> {
        if self.lock().contains_key(&exam) {
            return Err(BackendError::Conflict(said::Said::text(|t| t.no_second_package)));
        }
        self.lock().insert(exam, Instant::now());
        let state = self.clone();
        let work = tokio::spawn(async move {
            let built = state.backend().package(who, exam).await.map(|_| ());
            state.lock().remove(&exam);
            built
        });
        work.await.unwrap_or_else(|e| {
            self.lock().remove(&exam);
            Err(BackendError::Internal(e.to_string()))
        })
    }

    /// Seconds since the building of a package began, when one is being built.
    pub(crate) fn building(&self, exam: ExamId) -> Option<u64> {
        self.lock().get(&exam).map(|since| since.elapsed().as_secs())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<ExamId, Instant>> {
        self.0.building.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The calls of the API, each with its description.
fn api() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(api::login))
        .routes(routes!(api::logout))
        .routes(routes!(api::who_am_i))
        .routes(routes!(api::progress))
        .routes(routes!(live::events))
        .routes(routes!(api::claim))
        .routes(routes!(api::verdict))
        .routes(routes!(api::picture))
        .routes(routes!(api::row_picture))
        .routes(routes!(api::people))
        .routes(routes!(api::undo))
        .routes(routes!(boards::claim))
        .routes(routes!(boards::store))
        .routes(routes!(boards::undo))
        .routes(routes!(persons::claim))
        .routes(routes!(persons::undo))
        .routes(routes!(persons::picture))
        .routes(routes!(api::exams))
        .routes(routes!(api::exam))
        .routes(routes!(quality::answer))
        .routes(routes!(policy::answer, policy::store))
        .routes(routes!(policy::preview))
        .routes(routes!(operator::intake_answer))
        .routes(routes!(operator::packet_answer))
        .routes(routes!(operator::thumbnail))
        .routes(routes!(upload::take))
        .routes(routes!(api::reconcile))
        .routes(routes!(api::raise))
        .routes(routes!(api::close))
        .routes(routes!(api::package))
        .routes(routes!(api::package_file))
        .routes(routes!(api::health))
}

/// All pages and the API.
pub fn router(state: AppState) -> Router {
    let (api, description) = OpenApiRouter::with_openapi(openapi::head()).nest("/api/v1", api()).split_for_parts();
    let description =
        Router::new().route("/api/v1/openapi.json", get(openapi::answer)).with_state(Arc::new(openapi::with_keys(description)));
    api.merge(description)
        .route("/", get(pages::start))
        .route("/login", get(pages::login_page).post(pages::login))
        .route("/logout", post(pages::logout))
        .route("/symbols", get(boards::page))
        .route("/verify", get(pages::verify))
        .route("/persons", get(persons::page))
        .route("/senior", get(pages::senior))
        .route("/exams", get(exam_pages::exams))
        .route("/exams/{id}", get(exam_pages::exam).post(exam_pages::exam_act))
        .route("/exams/{id}/quality", get(quality::page))
        .route("/exams/{id}/policy", get(policy::page).post(policy::back))
        .route("/exams/{id}/open/{station}", get(exam_pages::open))
        .route("/me", get(me::page))
        .route("/me/password", post(me::set_password))
        .route("/me/sessions", post(me::end_others))
        .route("/operator", get(operator::page))
        .route("/operator/{exam}/{packet}", get(operator::packet_page))
        .route("/admin", get(admin_pages::admin))
        .route("/admin/users", post(admin_pages::create_user))
        .route("/admin/users/disabled", post(admin_pages::set_disabled))
        .route("/assets/{name}", get(assets::serve))
        .route("/health", get(api::health))
        .route("/ready", get(api::ready))
        .fallback(pages::nothing_here)
        .method_not_allowed_fallback(api::wrong_method)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn(headers::same_site))
        .layer(middleware::from_fn(pages::keep_look))
        .layer(middleware::from_fn(error::in_language))
        .layer(middleware::from_fn(headers::secure))
        .with_state(state)
}

/// Serves all pages and the API until `stop` is ready, then lets open requests finish.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: tokio::net::TcpListener,
    state: AppState,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let closing = state.0.closing.clone();
    let stopped = async move {
        stop.await;
        closing.cancel();
    };
    let service = router(state).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stopped).await
}
