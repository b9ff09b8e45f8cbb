//! Stations in a browser and the JSON API behind them: sessions, roles, pages, pictures of tasks.

mod api;
mod assets;
pub mod backend;
mod centre;
pub mod checks;
mod error;
mod headers;
mod login;
mod pages;
pub mod password;
mod request;
pub mod roles;
pub mod session;
pub mod text;
pub mod words;

pub use centre::{Centre, Packager, ensure_user};
pub use error::Problem;
pub use request::CSRF_HEADER;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use backend::Backend;
use session::{BackOff, SessionParams, Sessions};
use std::net::SocketAddr;
use std::sync::Arc;

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
}

impl Default for WebConfig {
    fn default() -> Self {
        Self { https: false, time_zone: jiff::tz::TimeZone::UTC, sessions: SessionParams::default() }
    }
}

/// What every handler shares.
#[derive(Clone)]
pub struct AppState(Arc<Inner>);

struct Inner {
    backend: Arc<dyn Backend>,
    config: WebConfig,
    sessions: Sessions,
    back_off: BackOff,
}

impl AppState {
    /// A state over the real chain.
    #[must_use]
    pub fn new(pipeline: rcoi_pipeline::Pipeline, packager: Packager, config: WebConfig) -> Self {
        let centre = Centre::new(pipeline, packager, config.time_zone.clone());
        Self::with_backend(Arc::new(centre), config)
    }

    /// A state over any backend.
    #[must_use]
    pub fn with_backend(backend: Arc<dyn Backend>, config: WebConfig) -> Self {
        let sessions = Sessions::new(config.sessions);
        Self(Arc::new(Inner { backend, config, sessions, back_off: BackOff::default() }))
    }

    /// The centre behind the pages.
    #[must_use]
    pub fn backend(&self) -> &dyn Backend {
        self.0.backend.as_ref()
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    pub(crate) fn back_off(&self) -> &BackOff {
        &self.0.back_off
    }

    pub(crate) fn https(&self) -> bool {
        self.0.config.https
    }

    /// `__Host-` pins the cookie to this host and to https; browsers refuse that name over http.
    pub(crate) fn cookie_name(&self) -> &'static str {
        if self.https() { "__Host-rcoi" } else { "rcoi" }
    }

    /// Whole hours until the limit ends: the last moment of day `date + limit_days`. Negative when it has passed.
    pub(crate) fn hours_left(&self, date: jiff::civil::Date, limit_days: u32) -> i64 {
        let now = jiff::Timestamp::now().to_zoned(self.0.config.time_zone.clone()).datetime();
        rcoi_rules::clock(date, limit_days, now).hours_left
    }
}

/// All pages and the API.
pub fn router(state: AppState) -> Router {
    let api = Router::new()
        .route("/login", post(api::login))
        .route("/logout", post(api::logout))
        .route("/me", get(api::who_am_i))
        .route("/progress", get(api::progress))
        .route("/tasks/claim", post(api::claim))
        .route("/tasks/{id}/verdict", post(api::verdict))
        .route("/tasks/{id}/picture", get(api::picture))
        .route("/tasks/{id}/people", get(api::people))
        .route("/undo", post(api::undo))
        .route("/exams", get(api::exams))
        .route("/exams/{id}", get(api::exam))
        .route("/exams/{id}/reconcile", post(api::reconcile))
        .route("/exams/{id}/close", post(api::close))
        .route("/exams/{id}/package", post(api::package))
        .route("/packages/{id}/file", get(api::package_file))
        .route("/health", get(api::health));
    Router::new()
        .nest("/api/v1", api)
        .route("/", get(pages::start))
        .route("/login", get(pages::login_page).post(pages::login))
        .route("/logout", post(pages::logout))
        .route("/verify", get(pages::verify))
        .route("/senior", get(pages::senior))
        .route("/exams", get(pages::exams))
        .route("/exams/{id}", get(pages::exam).post(pages::exam_act))
        .route("/operator", get(pages::operator))
        .route("/admin", get(pages::admin))
        .route("/admin/users", post(pages::create_user))
        .route("/admin/users/disabled", post(pages::set_disabled))
        .route("/assets/{name}", get(assets::serve))
        .route("/health", get(api::health))
        .route("/ready", get(api::ready))
        .fallback(pages::nothing_here)
        .method_not_allowed_fallback(api::wrong_method)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn(headers::same_site))
        .layer(middleware::from_fn(pages::keep_lang))
        .layer(middleware::from_fn(headers::secure))
        .with_state(state)
}

/// Serves until `stop` is ready, then lets open requests finish.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: tokio::net::TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop).await
}
