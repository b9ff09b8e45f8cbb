//! HTML pages: the frame around every page, the login, the two stations of verifiers.

use crate::AppState;
use crate::api;
use crate::error::Problem;
use crate::login;
use crate::request::{self, Look, SignedForm, Visitor};
use crate::roles::{Action, home, may};
use crate::said::Said;
use crate::text::{Lang, Text};
use crate::words;
use askama::Template;
use axum::extract::{Form, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

/// Why a page was not shown.
pub(crate) enum PageProblem {
    /// No session: sign in first.
    ToLogin,
    /// A refusal, shown as a page.
    Shown(Problem, Look),
}

impl IntoResponse for PageProblem {
    fn into_response(self) -> Response {
        match self {
            Self::ToLogin => Redirect::to("/login").into_response(),
            Self::Shown(problem, look) => {
                let message = problem.said.in_lang(look.lang).to_owned();
                (problem.status, render(&ErrorPage { t: look.lang.texts(), frame: Frame::bare(look), message })).into_response()
            }
        }
    }
}

pub(crate) fn render(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be drawn");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", Said::text(|t| t.no_page)).into_response()
        }
    }
}

pub(crate) type Page = Result<Response, PageProblem>;

/// What stands around every page.
pub(crate) struct Frame {
    pub(crate) lang: &'static str,
    /// `dark`, `light` or empty.
    pub(crate) theme: &'static str,
    pub(crate) nav: Option<Nav>,
}

impl Frame {
    pub(crate) fn bare(look: Look) -> Self {
        Self { lang: look.lang.code(), theme: look.theme, nav: None }
    }

    pub(crate) fn of(who: &Visitor, here: &str) -> Self {
        Self { nav: Some(Nav::of(who, here)), ..Self::bare(who.look) }
    }

    /// What the switch of the theme offers: `auto` → `dark` → `light` → `auto`.
    pub(crate) fn next_theme(&self) -> &'static str {
        match self.theme {
            "dark" => "light",
            "light" => "auto",
            _ => "dark",
        }
    }

    pub(crate) fn theme_name(&self, t: &Text) -> &'static str {
        match self.theme {
            "dark" => t.theme_dark,
            "light" => t.theme_light,
            _ => t.theme_auto,
        }
    }
}

/// Who is signed in and where he may go.
pub(crate) struct Nav {
    pub(crate) login: String,
    pub(crate) post: &'static str,
    pub(crate) csrf: String,
    pub(crate) links: Vec<(&'static str, &'static str, bool)>,
}

impl Nav {
    fn of(who: &Visitor, here: &str) -> Self {
        let t = who.texts();
        let all = [
            ("/symbols", t.nav_symbols, Action::VerifyFields),
            ("/verify", t.nav_verify, Action::VerifyFields),
            ("/persons", t.nav_persons, Action::SettlePersons),
            ("/senior", t.nav_senior, Action::SettleTroubles),
            ("/exams", t.nav_exams, Action::SeeExams),
            ("/operator", t.nav_operator, Action::SeePackets),
            ("/admin", t.nav_admin, Action::ManageUsers),
        ];
        let post = who.session.post;
        let links = all.into_iter().filter(|l| may(post, l.2)).map(|l| (l.0, l.1, l.0 == here)).collect();
        Self { login: who.session.login.clone(), post: words::post(post, t), csrf: who.session.csrf.clone(), links }
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    t: &'static Text,
    frame: Frame,
    message: String,
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    t: &'static Text,
    frame: Frame,
    login: String,
    problem: String,
}

#[derive(Template)]
#[template(path = "verify.html")]
struct VerifyPage {
    t: &'static Text,
    frame: Frame,
    csrf: String,
    texts: String,
}

#[derive(Template)]
#[template(path = "senior.html")]
struct SeniorPage {
    t: &'static Text,
    frame: Frame,
    csrf: String,
    texts: String,
}

pub(crate) async fn start(who: Visitor) -> Redirect {
    Redirect::to(home(who.session.post))
}

/// The login; somebody who is signed in (came here by the back button) goes to work instead.
pub(crate) async fn login_page(State(state): State<AppState>, parts: Parts) -> Response {
    match request::session(&parts, &state).await {
        Ok(Some(session)) => Redirect::to(home(session.post)).into_response(),
        _ => show_login(request::look(&parts), String::new(), String::new()),
    }
}

fn show_login(look: Look, login: String, problem: String) -> Response {
    render(&LoginPage { t: look.lang.texts(), frame: Frame::bare(look), login, problem })
}

#[derive(Deserialize)]
pub(crate) struct LoginForm {
    #[serde(default)]
    login: String,
    #[serde(default)]
    password: String,
}

pub(crate) async fn login(State(state): State<AppState>, parts: Parts, Form(form): Form<LoginForm>) -> Response {
    match login::sign_in(&state, &parts, &form.login, &form.password).await {
        Ok((cookie, session)) => {
            let mut response = Redirect::to(home(session.post)).into_response();
            response.headers_mut().append(header::SET_COOKIE, cookie);
            response
        }
        Err(problem) => {
            let look = request::look(&parts);
            let shown = problem.said.in_lang(look.lang).to_owned();
            (problem.status, show_login(look, form.login, shown)).into_response()
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

pub(crate) async fn logout(State(state): State<AppState>, parts: Parts, form: SignedForm<Nothing>) -> Page {
    let mut response = Redirect::to("/login").into_response();
    let cookie = login::sign_out(&state, &parts).await.map_err(|e| form.who.shown(e))?;
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

pub(crate) async fn verify(who: Visitor) -> Page {
    who.must(Action::VerifyFields)?;
    let t = who.texts();
    Ok(render(&VerifyPage { t, frame: Frame::of(&who, "/verify"), csrf: who.session.csrf.clone(), texts: t.for_scripts() }))
}

pub(crate) async fn senior(who: Visitor) -> Page {
    who.must(Action::SettleTroubles)?;
    let t = who.texts();
    Ok(render(&SeniorPage { t, frame: Frame::of(&who, "/senior"), csrf: who.session.csrf.clone(), texts: t.for_scripts() }))
}

/// Remembers `?lang=` and `?theme=` in cookies.
pub(crate) async fn keep_look(request: axum::extract::Request, next: axum::middleware::Next) -> Response {
    let asked = request.uri().query().into_iter().flat_map(|q| q.split('&')).filter_map(|pair| pair.split_once('='));
    let kept: Vec<String> = asked
        .filter_map(|(name, value)| match name {
            "lang" => Lang::parse(value).map(|lang| format!("lang={}", lang.code())),
            "theme" => request::theme_of(value).map(|theme| format!("theme={theme}")),
            _ => None,
        })
        .take(2)
        .collect();
    let mut response = next.run(request).await;
    for pair in kept {
        if let Ok(cookie) = HeaderValue::from_str(&format!("{pair}; Path=/; Max-Age=31536000; SameSite=Strict")) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// The refusal of an unknown address: JSON below `/api`, a page elsewhere.
pub(crate) async fn nothing_here(parts: Parts) -> Response {
    if parts.uri.path().starts_with("/api/") {
        api::nothing_here().await.into_response()
    } else {
        PageProblem::Shown(Problem::not_found(), request::look(&parts)).into_response()
    }
}
