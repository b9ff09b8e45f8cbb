//! What handlers take in: the signed-in person (CSRF checked), JSON and form bodies with readable refusals.

use crate::AppState;
use crate::backend::Actor;
use crate::error::Problem;
use crate::pages::PageProblem;
use crate::roles::{Action, may};
use crate::said::Said;
use crate::session::{Session, same_text, token_hash};
use crate::text::{Lang, Text};
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Form, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri, header};
use serde::de::DeserializeOwned;
use std::net::SocketAddr;

/// Header of the CSRF token in API requests.
pub const CSRF_HEADER: &str = "x-csrf-token";

/// Header of looks that an open page takes by itself: nobody need be there.
const WATCHING: &str = "x-watching";

/// Value of a cookie of the request.
pub(crate) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// `?name=` of the address, else the cookie of that name.
fn chosen<'r>(uri: &'r Uri, headers: &'r HeaderMap, name: &str) -> Option<&'r str> {
    let asked = uri.query().into_iter().flat_map(|q| q.split('&')).filter_map(|pair| pair.split_once('='));
    asked.filter(|(key, _)| *key == name).map(|(_, value)| value).next().or_else(|| cookie(headers, name))
}

/// Language: `?lang=` first, then the cookie, then Russian.
pub(crate) fn lang_of(uri: &Uri, headers: &HeaderMap) -> Lang {
    chosen(uri, headers, "lang").and_then(Lang::parse).unwrap_or_default()
}

/// How a page is drawn for this browser.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) lang: Lang,
    /// `dark`, `light`, or empty: as the system says.
    pub(crate) theme: &'static str,
}

pub(crate) fn theme_of(text: &str) -> Option<&'static str> {
    ["dark", "light", "auto"].into_iter().find(|theme| *theme == text)
}

pub(crate) fn look(parts: &Parts) -> Look {
    let theme = chosen(&parts.uri, &parts.headers, "theme").and_then(theme_of).filter(|theme| *theme != "auto");
    Look { lang: lang_of(&parts.uri, &parts.headers), theme: theme.unwrap_or_default() }
}

/// Address of the other side, for the back-off only.
pub(crate) fn address(parts: &Parts) -> String {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map_or_else(|| "-".to_owned(), |info| info.0.ip().to_string())
}

/// Does a request tell that somebody is there?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// As it says itself.
    OfLife,
    /// Never: pages send it by themselves.
    OfNothing,
}

/// The session of the request's cookie; it lives on, unless the request says that a page looks by itself.
pub(crate) async fn session(parts: &Parts, state: &AppState) -> Result<Option<Session>, Problem> {
    find(parts, state, Sign::OfLife).await
}

async fn find(parts: &Parts, state: &AppState, sign: Sign) -> Result<Option<Session>, Problem> {
    let Some(token) = cookie(&parts.headers, state.cookie_name()) else { return Ok(None) };
    let noted = sign == Sign::OfLife && !parts.headers.contains_key(WATCHING);
    Ok(state.sessions().find(token_hash(token), state.session_params().idle, noted).await?)
}

/// A signed-in person of the JSON API. Changing requests without the CSRF header are refused here, for every handler.
pub(crate) struct Signed {
    pub(crate) session: Session,
    pub(crate) lang: Lang,
}

impl Signed {
    /// Refuses when the role may not do `action`.
    pub(crate) fn must(&self, action: Action) -> Result<Actor, Problem> {
        if may(self.session.post, action) { Ok(self.actor()) } else { Err(Problem::forbidden()) }
    }

    pub(crate) fn actor(&self) -> Actor {
        Actor { user: self.session.user, post: self.session.post }
    }
}

impl FromRequestParts<AppState> for Signed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        Self::of(parts, state, Sign::OfLife).await
    }
}

impl Signed {
    async fn of(parts: &Parts, state: &AppState, sign: Sign) -> Result<Self, Problem> {
        let session = find(parts, state, sign).await?.ok_or_else(Problem::not_signed_in)?;
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            let sent = parts.headers.get(CSRF_HEADER).and_then(|v| v.to_str().ok()).unwrap_or_default();
            if !same_text(sent, &session.csrf) {
                return Err(Problem::no_csrf());
            }
        }
        Ok(Self { session, lang: lang_of(&parts.uri, &parts.headers) })
    }
}

/// A signed-in person whose open page calls this by itself: a stream that the browser opens anew, small pictures that it
/// fetches. Such a call is no sign of life and never keeps a session alive.
pub(crate) struct Watching(pub(crate) Signed);

impl FromRequestParts<AppState> for Watching {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        Signed::of(parts, state, Sign::OfNothing).await.map(Self)
    }
}

/// A signed-in person of an HTML page that only shows something. Without a session: to the login.
pub(crate) struct Visitor {
    pub(crate) session: Session,
    pub(crate) look: Look,
}

impl Visitor {
    pub(crate) fn actor(&self) -> Actor {
        Actor { user: self.session.user, post: self.session.post }
    }

    pub(crate) fn must(&self, action: Action) -> Result<Actor, PageProblem> {
        let actor = self.actor();
        if may(actor.post, action) { Ok(actor) } else { Err(self.shown(Problem::forbidden())) }
    }

    pub(crate) fn texts(&self) -> &'static Text {
        self.look.lang.texts()
    }

    pub(crate) fn shown(&self, problem: impl Into<Problem>) -> PageProblem {
        PageProblem::Shown(problem.into(), self.look)
    }
}

impl FromRequestParts<AppState> for Visitor {
    type Rejection = PageProblem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, PageProblem> {
        let look = look(parts);
        let session = session(parts, state).await.map_err(|problem| PageProblem::Shown(problem, look))?;
        Ok(Self { session: session.ok_or(PageProblem::ToLogin)?, look })
    }
}

/// A form sent by a signed-in person; its hidden field `csrf` is checked before the handler sees anything.
pub(crate) struct SignedForm<T> {
    pub(crate) who: Visitor,
    pub(crate) form: T,
}

#[derive(serde::Deserialize)]
struct WithCsrf {
    #[serde(default)]
    csrf: String,
}

impl<T: DeserializeOwned> FromRequest<AppState> for SignedForm<T> {
    type Rejection = PageProblem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, PageProblem> {
        let (mut parts, body) = request.into_parts();
        let who = Visitor::from_request_parts(&mut parts, state).await?;
        let refuse = |said: Said, why: String| who.shown(Problem::bad(said.with("why", why)));
        let unread = || Said::text(|t| t.no_form);
        let again = |parts: &Parts, bytes: Bytes| {
            let mut request = Request::new(axum::body::Body::from(bytes));
            *request.method_mut() = parts.method.clone();
            *request.headers_mut() = parts.headers.clone();
            request
        };
        let bytes = Bytes::from_request(Request::from_parts(parts.clone(), body), state)
            .await
            .map_err(|e| refuse(Said::text(|t| t.no_body), e.to_string()))?;
        let token =
            Form::<WithCsrf>::from_request(again(&parts, bytes.clone()), state).await.map_err(|e| refuse(unread(), e.to_string()))?;
        if !same_text(&token.0.csrf, &who.session.csrf) {
            return Err(who.shown(Problem::no_csrf()));
        }
        let form = Form::<T>::from_request(again(&parts, bytes), state).await.map_err(|e| refuse(unread(), e.to_string()))?;
        Ok(Self { who, form: form.0 })
    }
}

/// A JSON body; refusals are JSON too and say what was wrong.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = Bytes::from_request(request, state).await.map_err(|e| Problem::bad(Said::text(|t| t.no_body).with("why", e)))?;
        // The parser would take a list for a type whose fields may all be left out.
        if bytes.iter().find(|b| !b.is_ascii_whitespace()) != Some(&b'{') {
            return Err(Problem::bad(Said::text(|t| t.no_json).with("why", "expected an object")));
        }
        serde_json::from_slice(&bytes).map(Self).map_err(|e| Problem::bad(Said::text(|t| t.no_json).with("why", e)))
    }
}
