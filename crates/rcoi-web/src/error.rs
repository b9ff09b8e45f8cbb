//! Refusals: one type for the JSON API and the pages, in both languages; bad input is never a 5xx.

use crate::backend::BackendError;
use crate::said::Said;
use crate::text::{Lang, Text};
use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// A refusal with a status, a stable code for programs and a sentence for people.
#[derive(Debug, Clone)]
pub struct Problem {
    pub status: StatusCode,
    pub code: &'static str,
    pub said: Said,
    /// Seconds for `Retry-After`.
    pub retry_after: Option<u64>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, said: Said) -> Self {
        Self { status, code, said, retry_after: None }
    }

    fn text(status: StatusCode, code: &'static str, pick: fn(&Text) -> &'static str) -> Self {
        Self::new(status, code, Said::text(pick))
    }

    pub(crate) fn bad(said: Said) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", said)
    }

    pub(crate) fn unprocessable(said: Said) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "refused", said)
    }

    pub(crate) fn not_signed_in() -> Self {
        Self::text(StatusCode::UNAUTHORIZED, "not-signed-in", |t| t.no_session)
    }

    pub(crate) fn no_csrf() -> Self {
        Self::text(StatusCode::FORBIDDEN, "csrf", |t| t.no_csrf)
    }

    pub(crate) fn forbidden() -> Self {
        Self::text(StatusCode::FORBIDDEN, "forbidden", |t| t.no_role)
    }

    pub(crate) fn not_found() -> Self {
        Self::text(StatusCode::NOT_FOUND, "not-found", |t| t.no_such)
    }

    pub(crate) fn internal() -> Self {
        Self::text(StatusCode::INTERNAL_SERVER_ERROR, "internal", |t| t.no_internal)
    }

    pub(crate) fn other_site() -> Self {
        Self::text(StatusCode::FORBIDDEN, "other-site", |t| t.no_other_site)
    }

    pub(crate) fn wait(seconds: u64) -> Self {
        let said = Said::text(|t| t.no_wait).with("n", seconds);
        Self { retry_after: Some(seconds), ..Self::new(StatusCode::TOO_MANY_REQUESTS, "wait", said) }
    }

    /// The refusal as JSON in one language.
    fn answer(&self, lang: Lang) -> Response {
        let body = serde_json::json!({ "error": self.code, "message": self.said.in_lang(lang) });
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<BackendError> for Problem {
    fn from(error: BackendError) -> Self {
        match error {
            BackendError::NotFound => Self::not_found(),
            BackendError::Refused(why) => Self::unprocessable(why),
            BackendError::Conflict(why) => Self::new(StatusCode::CONFLICT, "conflict", why),
            BackendError::UnknownPolicy => Self::text(StatusCode::CONFLICT, "unknown-policy", |t| t.no_known_policy),
            BackendError::Internal(why) => {
                tracing::error!(error = %why, "the backend failed");
                Self::internal()
            }
        }
    }
}

/// Travels beside a refusal until [`in_language`] knows who reads it.
#[derive(Clone)]
struct Unsaid(Problem);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.answer(Lang::Ru);
        response.extensions_mut().insert(Unsaid(self));
        response
    }
}

/// Says refusals of the API in the language of the request.
pub(crate) async fn in_language(request: Request, next: Next) -> Response {
    let lang = crate::request::lang_of(request.uri(), request.headers());
    let mut response = next.run(request).await;
    let Some(Unsaid(problem)) = response.extensions_mut().remove::<Unsaid>() else { return response };
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    axum::response::Response::from_parts(parts, problem.answer(lang).into_body())
}
