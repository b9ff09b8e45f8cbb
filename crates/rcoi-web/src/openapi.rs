//! The description of the API: OpenAPI 3.1, gathered from the handlers and served as `GET /api/v1/openapi.json`.

use crate::request::CSRF_HEADER;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{OpenApi, SecurityRequirement};
use utoipa::{IntoResponses, Modify, OpenApi as _, ToSchema};

/// Why a call was refused.
#[derive(Serialize, ToSchema)]
pub(crate) struct Refusal {
    /// A word for programs.
    error: &'static str,
    /// A sentence for people, in the language of `?lang=` or the cookie `lang`.
    message: String,
}

/// What any call may answer instead.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only their description is used")]
pub(crate) enum Refusals {
    /// The call cannot be understood.
    #[response(status = 400)]
    Bad(Refusal),
    /// Nobody is signed in.
    #[response(status = 401)]
    NotSignedIn(Refusal),
    /// The role does not permit it, or the token of the session is not there.
    #[response(status = 403)]
    Forbidden(Refusal),
    /// There is no such thing, or it is not for this person.
    #[response(status = 404)]
    NotFound(Refusal),
    /// Somebody else was first, or the lease has lapsed.
    #[response(status = 409)]
    Conflict(Refusal),
    /// The rules say no.
    #[response(status = 422)]
    Refused(Refusal),
    /// Too many wrong passwords: `Retry-After` says how long to wait.
    #[response(status = 429)]
    Wait(Refusal),
    /// The centre is busy or its database is away.
    #[response(status = 503)]
    Busy(Refusal),
}

/// The act of a verdict and what it needs.
#[derive(Serialize, ToSchema)]
pub(crate) struct ActDoc {
    /// `value`, `pass`, `rescan`; the senior also `sheet-code`, `bind`, `exclude`, `explain`; for personal data `accept-form`, `keep-register`.
    act: String,
    /// Of `value`.
    value: Option<String>,
    /// Of `pass`, `rescan`, `bind`, `exclude`, `explain`.
    reason: Option<String>,
    /// Of `sheet-code`.
    code: Option<String>,
    /// Of `bind`.
    participant: Option<String>,
    /// Of `accept-form` and `keep-register`: `{kind: "correction-list"}`, `{kind: "writing-slip"}` or `{kind: "stated", reason}`.
    #[schema(value_type = Option<Object>)]
    ground: Option<()>,
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "rcoi",
        description = "Stations and figures of an exam centre. Sign in with `POST /api/v1/login`; the answer sets a cookie, and its `csrf` goes into the header `x-csrf-token` of every changing call."
    ),
    modifiers(&Keys)
)]
struct Head;

/// Cookie and token.
struct Keys;

impl Modify for Keys {
    fn modify(&self, openapi: &mut OpenApi) {
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("rcoi"))));
        components.add_security_scheme("token", SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(CSRF_HEADER))));
    }
}

/// The description without any call.
pub(crate) fn head() -> OpenApi {
    Head::openapi()
}

/// Calls that anyone may make.
const FOR_ALL: [&str; 2] = ["/api/v1/login", "/api/v1/health"];

/// Says of each call what it needs: a look the cookie, a change the token, too.
pub(crate) fn with_keys(mut openapi: OpenApi) -> OpenApi {
    let session = || SecurityRequirement::new("session", Vec::<String>::new());
    for (path, item) in &mut openapi.paths.paths {
        let open = FOR_ALL.contains(&path.as_str());
        if let Some(look) = &mut item.get {
            look.security = Some(if open { vec![] } else { vec![session()] });
        }
        for change in [&mut item.post, &mut item.put].into_iter().flatten() {
            change.security = Some(if open { vec![] } else { vec![session().add("token", Vec::<String>::new())] });
        }
    }
    openapi
}

/// The description as it is served: to anyone, it holds nothing of an exam.
pub(crate) async fn answer(State(description): State<std::sync::Arc<OpenApi>>) -> Json<OpenApi> {
    Json(OpenApi::clone(&description))
}
