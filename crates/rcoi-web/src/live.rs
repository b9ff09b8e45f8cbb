//! Server-sent events: what is left, second by second, and the end of the session. An open page is no sign of life.

use crate::AppState;
use crate::backend::Progress;
use crate::error::Problem;
use crate::openapi::Refusals;
use crate::request::{Watching, cookie};
use crate::roles::{Action, may};
use crate::said::Said;
use crate::session::token_hash;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How often counters are looked at.
const EVERY: Duration = Duration::from_secs(1);
/// How often the session is looked at.
const STILL_IN: Duration = Duration::from_secs(5);
/// Streams at a time: each page of each person has one.
pub(crate) const MOST: usize = 2000;

/// One open page.
struct Watch {
    state: AppState,
    hash: String,
    told: Option<Progress>,
    looked: Instant,
    ended: bool,
    _place: OwnedSemaphorePermit,
}

impl Watch {
    /// Waits for the next thing worth telling; `None` when the server stops, whatever it waits for.
    async fn next(self) -> Option<(Result<Event, Infallible>, Self)> {
        let state = self.state.clone();
        tokio::select! {
            () = state.closing() => None,
            told = self.news() => told,
        }
    }

    async fn news(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        if self.ended {
            return None;
        }
        loop {
            if self.told.is_some() {
                tokio::time::sleep(EVERY).await;
            }
            if self.looked.elapsed() >= STILL_IN {
                self.looked = Instant::now();
                let lives = self.state.sessions().lives(self.hash.clone(), self.state.session_params().idle).await;
                if matches!(lives, Ok(false)) {
                    self.ended = true;
                    return Some((Ok(Event::default().event("ended").data("{}")), self));
                }
            }
            // A store that is away is asked again; the page shows the last counts meanwhile.
            let Ok(progress) = self.state.backend().progress().await else {
                tokio::time::sleep(EVERY).await;
                continue;
            };
            if self.told != Some(progress) {
                self.told = Some(progress);
                let text = serde_json::to_string(&progress).unwrap_or_default();
                return Some((Ok(Event::default().event("progress").data(text)), self));
            }
        }
    }
}

/// Server-sent events: `progress` when open work changes, `ended` when the session is over.
#[utoipa::path(get, path = "/events", responses((status = 200, content_type = "text/event-stream", body = String), Refusals))]
pub(crate) async fn events(
    State(state): State<AppState>,
    Watching(who): Watching,
    parts: Parts,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>> + use<>>, Problem> {
    if !may(who.session.post, Action::VerifyFields) {
        who.must(Action::SeeExams)?;
    }
    let full = |_| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", Said::text(|t| t.no_more_streams));
    let place = Arc::clone(state.streams()).try_acquire_owned().map_err(full)?;
    let hash = cookie(&parts.headers, state.cookie_name()).map(token_hash).ok_or_else(Problem::not_signed_in)?;
    let watch = Watch { state, hash, told: None, looked: Instant::now(), ended: false, _place: place };
    Ok(Sse::new(futures::stream::unfold(watch, Watch::next)).keep_alive(KeepAlive::default()))
}

/// Places for open pages.
pub(crate) fn places() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(MOST))
}
