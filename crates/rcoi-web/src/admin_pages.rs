//! The administrator's page: users, their posts, letting in and out.

use crate::AppState;
use crate::backend::BackendError;
use crate::error::Problem;
use crate::pages::{Frame, Page, render};
use crate::password;
use crate::request::{SignedForm, Visitor};
use crate::roles::{Action, POSTS, Post};
use crate::said::Said;
use crate::text::Text;
use crate::words;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

struct UserLine {
    login: String,
    post: &'static str,
    disabled: bool,
    own: bool,
}

#[derive(Template)]
#[template(path = "admin.html")]
struct AdminPage {
    t: &'static Text,
    frame: Frame,
    csrf: String,
    users: Vec<UserLine>,
    posts: Vec<(&'static str, &'static str)>,
}

pub(crate) async fn admin(State(state): State<AppState>, who: Visitor) -> Page {
    who.must(Action::ManageUsers)?;
    let t = who.texts();
    let users = state.backend().users().await.map_err(|e| who.shown(e))?;
    let line = |u: crate::backend::UserRecord| UserLine {
        own: u.login == who.session.login,
        post: words::post(u.post, t),
        disabled: u.disabled,
        login: u.login,
    };
    Ok(render(&AdminPage {
        t,
        frame: Frame::of(&who, "/admin"),
        csrf: who.session.csrf.clone(),
        users: users.into_iter().map(line).collect(),
        posts: POSTS.into_iter().map(|p| (p.as_str(), words::post(p, t))).collect(),
    }))
}

#[derive(Deserialize)]
pub(crate) struct NewUser {
    login: String,
    password: String,
    role: String,
}

pub(crate) async fn create_user(State(state): State<AppState>, sent: SignedForm<NewUser>) -> Page {
    let SignedForm { who, form } = sent;
    let actor = who.must(Action::ManageUsers)?;
    let login = form.login.trim();
    let fine = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    if !(2..=64).contains(&login.chars().count()) || !login.chars().all(fine) {
        return Err(who.shown(Problem::bad(Said::text(|t| t.no_login_name))));
    }
    if let Some(why) = password::refused(&form.password, login) {
        return Err(who.shown(Problem::bad(why)));
    }
    let post = Post::parse(&form.role).ok_or_else(|| who.shown(Problem::bad(Said::text(|t| t.no_such_role))))?;
    let backend = state.backend();
    if backend.user_by_login(login).await.map_err(|e| who.shown(e))?.is_some() {
        return Err(who.shown(Problem::unprocessable(Said::text(|t| t.no_free_login).with("name", login))));
    }
    let hash = password::hash_in_background(&form.password).await.map_err(|e| who.shown(BackendError::Internal(e.to_string())))?;
    backend.create_user(Some(actor.user), login, &hash, post).await.map_err(|e| who.shown(e))?;
    Ok(Redirect::to("/admin").into_response())
}

#[derive(Deserialize)]
pub(crate) struct SetDisabled {
    login: String,
    disabled: bool,
}

pub(crate) async fn set_disabled(State(state): State<AppState>, sent: SignedForm<SetDisabled>) -> Page {
    let SignedForm { who, form } = sent;
    let actor = who.must(Action::ManageUsers)?;
    if form.login == who.session.login {
        return Err(who.shown(Problem::unprocessable(Said::text(|t| t.no_self_disable))));
    }
    let user = state.backend().user_by_login(&form.login).await.map_err(|e| who.shown(e))?;
    let user = user.ok_or_else(|| who.shown(Problem::not_found()))?;
    state.backend().set_disabled(actor.user, &form.login, form.disabled).await.map_err(|e| who.shown(e))?;
    if form.disabled {
        state.sessions().end_all(user.id).await.map_err(|e| who.shown(e))?;
    }
    Ok(Redirect::to("/admin").into_response())
}
