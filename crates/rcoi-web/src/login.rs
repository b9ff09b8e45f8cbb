//! Signing in and out: back-off, constant effort for unknown logins, a fresh session each time.

use crate::AppState;
use crate::backend::BackendError;
use crate::error::Problem;
use crate::password;
use crate::request::{address, cookie};
use crate::said::Said;
use crate::session::{Session, random_token, token_hash};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use std::time::Instant;

/// Longest login and password that are looked at, bytes.
const LONGEST: usize = 256;

/// Checks a login and opens a session; the session the browser had before ends.
pub(crate) async fn sign_in(state: &AppState, parts: &Parts, login: &str, password: &str) -> Result<(HeaderValue, Session), Problem> {
    let wrong = || Problem::new(StatusCode::UNAUTHORIZED, "wrong-password", Said::text(|t| t.no_password));
    let login = login.trim();
    if login.len() > LONGEST || password.len() > LONGEST || login.is_empty() {
        return Err(wrong());
    }
    let address = address(parts);
    let wait = state.back_off().wait(login, &address, Instant::now());
    if wait > 0 {
        return Err(Problem::wait(wait));
    }
    // Counted before the slow check, so that many tries at once do not slip through; a good login clears it.
    state.back_off().failed(login, &address, Instant::now());
    let user = state.backend().user_by_login(login).await?.filter(|u| !u.disabled);
    if !password::fits(password, user.as_ref().map(|u| u.password.as_str())).await {
        return Err(wrong());
    }
    let Some(user) = user else { return Err(wrong()) };
    state.back_off().passed(login, &address);
    let book = state.sessions();
    if let Some(old) = cookie(&parts.headers, state.cookie_name()) {
        book.end(token_hash(old)).await?;
    }
    let params = state.session_params();
    book.sweep(params.idle).await?;
    // A login always gets a fresh token.
    let token = random_token();
    let session = Session { user: user.id, login: user.login, post: user.post, csrf: random_token() };
    book.open(token_hash(&token), session.user, session.csrf.clone(), params.whole).await?;
    tracing::info!(login = %session.login, role = session.post.as_str(), "signed in");
    Ok((set_cookie(state, &token, None)?, session))
}

/// Ends the session and returns the cookie that clears it.
pub(crate) async fn sign_out(state: &AppState, parts: &Parts) -> Result<HeaderValue, Problem> {
    if let Some(token) = cookie(&parts.headers, state.cookie_name()) {
        state.sessions().end(token_hash(token)).await?;
    }
    set_cookie(state, "", Some(0))
}

fn set_cookie(state: &AppState, token: &str, age: Option<u32>) -> Result<HeaderValue, Problem> {
    let secure = if state.https() { "; Secure" } else { "" };
    let age = age.map(|s| format!("; Max-Age={s}")).unwrap_or_default();
    HeaderValue::from_str(&format!("{}={token}; Path=/; HttpOnly; SameSite=Strict{secure}{age}", state.cookie_name()))
        .map_err(|e| BackendError::Internal(e.to_string()).into())
}
