//! A person's own page: where he is signed in, his password, his rate on known answers.

use crate::AppState;
use crate::backend::BackendError;
use crate::error::Problem;
use crate::pages::{Frame, Page, render};
use crate::password;
use crate::quality::with_interval;
use crate::request::{SignedForm, Visitor, cookie};
use crate::roles::{Action, may};
use crate::said::Said;
use crate::session::token_hash;
use crate::text::Text;
use crate::words;
use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use std::time::Instant;

/// A place where the person is signed in.
struct Place {
    seen: String,
    here: bool,
}

#[derive(Template)]
#[template(path = "me.html")]
struct MePage {
    t: &'static Text,
    frame: Frame,
    csrf: String,
    login: String,
    post: &'static str,
    places: Vec<Place>,
    /// Known answers seen, and the share of slips; empty for who does not verify.
    own: Option<(u64, String)>,
}

fn hash_of(headers: &HeaderMap, state: &AppState) -> String {
    cookie(headers, state.cookie_name()).map(token_hash).unwrap_or_default()
}

pub(crate) async fn page(State(state): State<AppState>, who: Visitor, parts: Parts) -> Page {
    let t = who.texts();
    let here = hash_of(&parts.headers, &state);
    let sessions = state.sessions().list(who.session.user).await.map_err(|e| who.shown(e))?;
    let places = sessions
        .into_iter()
        .map(|(hash, seen)| Place { seen: state.civil(seen).strftime("%d.%m.%Y %H:%M").to_string(), here: hash == here })
        .collect();
    let own = if may(who.session.post, Action::VerifyFields) {
        let actor = who.must(Action::VerifyFields)?;
        let rate = state.backend().own_rate(actor).await.map_err(|e| who.shown(e))?;
        Some((rate.shown, with_interval(&rate, who.look.lang)))
    } else {
        None
    };
    Ok(render(&MePage {
        t,
        frame: Frame::of(&who, "/me"),
        csrf: who.session.csrf.clone(),
        login: who.session.login.clone(),
        post: words::post(who.session.post, t),
        places,
        own,
    }))
}

#[derive(Deserialize)]
pub(crate) struct NewPassword {
    old: String,
    new: String,
    again: String,
}

pub(crate) async fn set_password(State(state): State<AppState>, sent: SignedForm<NewPassword>) -> Page {
    let SignedForm { who, form } = sent;
    let login = who.session.login.clone();
    // A stolen session must not become a stolen login by guessing here.
    let own = format!("me:{login}");
    let wait = state.back_off().wait(&own, &own, Instant::now());
    if wait > 0 {
        return Err(who.shown(Problem::wait(wait)));
    }
    state.back_off().failed(&own, &own, Instant::now());
    let user = state.backend().user_by_login(&login).await.map_err(|e| who.shown(e))?;
    if !password::fits(&form.old, user.as_ref().map(|u| u.password.as_str())).await {
        return Err(who.shown(Problem::bad(Said::text(|t| t.no_old_password))));
    }
    state.back_off().passed(&own, &own);
    if form.new != form.again {
        return Err(who.shown(Problem::bad(Said::text(|t| t.no_same_password))));
    }
    if let Some(why) = password::refused(&form.new, &login) {
        return Err(who.shown(Problem::bad(why)));
    }
    let hash = password::hash_in_background(&form.new).await.map_err(|e| who.shown(BackendError::Internal(e.to_string())))?;
    state.backend().set_password(who.actor(), &hash).await.map_err(|e| who.shown(e))?;
    state.sessions().end_all(who.session.user).await.map_err(|e| who.shown(e))?;
    // Every session has ended, this one too: the new password opens the next.
    Ok(Redirect::to("/login").into_response())
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

pub(crate) async fn end_others(State(state): State<AppState>, headers: HeaderMap, sent: SignedForm<Nothing>) -> Page {
    let who = sent.who;
    state.sessions().end_others(who.session.user, hash_of(&headers, &state)).await.map_err(|e| who.shown(e))?;
    Ok(Redirect::to("/me").into_response())
}
