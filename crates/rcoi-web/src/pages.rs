//! HTML pages of the stations, the head, the operator and the administrator.

use crate::AppState;
use crate::api;
use crate::backend::{AsideRow, Block, ExamCard, ExamDetails, PackageRow, PacketRow};
use crate::error::Problem;
use crate::login;
use crate::password;
use crate::request::{self, SignedForm, Visitor};
use crate::roles::{Action, ROLES, home, may};
use crate::text::{Lang, Text};
use crate::words;
use askama::Template;
use axum::extract::{Form, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use rcoi_model::{ExamId, ExamState, Role};
use serde::Deserialize;

/// Why a page was not shown.
pub(crate) enum PageProblem {
    /// No session: sign in first.
    ToLogin,
    /// A refusal, shown as a page.
    Shown(Problem, Lang),
}

impl IntoResponse for PageProblem {
    fn into_response(self) -> Response {
        match self {
            Self::ToLogin => Redirect::to("/login").into_response(),
            Self::Shown(problem, lang) => {
                let page = ErrorPage { t: lang.texts(), lang: lang.code(), nav: None, message: problem.message.clone() };
                (problem.status, render(&page)).into_response()
            }
        }
    }
}

fn render(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be drawn");
            Problem::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR, "internal", "Страница не построилась.").into_response()
        }
    }
}

type Page = Result<Response, PageProblem>;

/// The head of a page: who is signed in and where he may go.
struct Nav {
    login: String,
    role: &'static str,
    csrf: String,
    links: Vec<(&'static str, &'static str, bool)>,
}

impl Nav {
    fn of(who: &Visitor, here: &str) -> Option<Self> {
        let t = who.lang.texts();
        let all = [
            ("/verify", t.nav_verify, Action::VerifyFields),
            ("/senior", t.nav_senior, Action::SettleTroubles),
            ("/exams", t.nav_exams, Action::SeeExams),
            ("/operator", t.nav_operator, Action::SeePackets),
            ("/admin", t.nav_admin, Action::ManageUsers),
        ];
        let role = who.session.role;
        let links = all.into_iter().filter(|l| may(role, l.2)).map(|l| (l.0, l.1, l.0 == here)).collect();
        Some(Self { login: who.session.login.clone(), role: words::role(role, t), csrf: who.session.csrf.clone(), links })
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    t: &'static Text,
    lang: &'static str,
    nav: Option<Nav>,
    message: String,
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    t: &'static Text,
    lang: &'static str,
    nav: Option<Nav>,
    login: String,
    problem: String,
}

#[derive(Template)]
#[template(path = "verify.html")]
struct VerifyPage {
    t: &'static Text,
    lang: &'static str,
    nav: Option<Nav>,
    csrf: String,
    texts: String,
}

#[derive(Template)]
#[template(path = "senior.html")]
struct SeniorPage {
    t: &'static Text,
    lang: &'static str,
    nav: Option<Nav>,
    csrf: String,
    texts: String,
}

struct ExamLine {
    card: ExamCard,
    state: &'static str,
    hours_left: i64,
    clock: String,
}

impl ExamLine {
    fn of(card: ExamCard, state: &AppState, t: &'static Text) -> Self {
        let hours_left = state.hours_left(card.date, card.limit_days);
        Self { state: words::exam_state(card.state, t), hours_left, clock: clock(hours_left, t), card }
    }

    /// Style of the clock: `late`, `soon` (under a day) or `calm`.
    fn tone(&self) -> &'static str {
        match self.hours_left {
            _ if self.card.state == ExamState::Packaged => "calm",
            i64::MIN..=0 => "late",
            1..=24 => "soon",
            _ => "calm",
        }
    }
}

/// `3 дн 7 ч`, or that the limit has passed.
fn clock(hours_left: i64, t: &Text) -> String {
    if hours_left <= 0 {
        t.overdue.to_owned()
    } else if hours_left < 24 {
        format!("{hours_left} {}", t.hours_short)
    } else {
        format!("{} {} {} {}", hours_left / 24, t.days_short, hours_left % 24, t.hours_short)
    }
}

#[derive(Template)]
#[template(path = "exams.html")]
struct ExamsPage {
    t: &'static Text,
    lang: &'static str,
    nav: Option<Nav>,
    exams: Vec<ExamLine>,
}

struct BlockLine {
    block: Block,
    who: &'static str,
}

#[derive(Template)]
#[template(path = "exam.html")]
struct ExamPage {
    t: &'static Text,
    lang: &'static str,
    nav: Option<Nav>,
    csrf: String,
    line: ExamLine,
    packets: Vec<PacketRow>,
    blocks: Vec<BlockLine>,
    packages: Vec<PackageRow>,
    may_close: bool,
    may_package: bool,
    is_head: bool,
}

impl ExamPage {
    fn is_open(&self) -> bool {
        self.line.card.state == ExamState::Open
    }
}

#[derive(Template)]
#[template(path = "operator.html")]
struct OperatorPage {
    t: &'static Text,
    lang: &'static str,
    nav: Option<Nav>,
    exams: Vec<(ExamLine, Vec<PacketRow>)>,
    aside: Vec<AsideRow>,
}

struct UserLine {
    login: String,
    role: &'static str,
    disabled: bool,
    own: bool,
}

#[derive(Template)]
#[template(path = "admin.html")]
struct AdminPage {
    t: &'static Text,
    lang: &'static str,
    nav: Option<Nav>,
    csrf: String,
    users: Vec<UserLine>,
    roles: Vec<(&'static str, &'static str)>,
}

pub(crate) async fn start(who: Visitor) -> Redirect {
    Redirect::to(home(who.session.role))
}

pub(crate) async fn login_page(parts: Parts) -> Response {
    show_login(request::lang(&parts), String::new(), String::new())
}

fn show_login(lang: Lang, login: String, problem: String) -> Response {
    render(&LoginPage { t: lang.texts(), lang: lang.code(), nav: None, login, problem })
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
            let mut response = Redirect::to(home(session.role)).into_response();
            response.headers_mut().append(header::SET_COOKIE, cookie);
            response
        }
        Err(problem) => {
            let lang = request::lang(&parts);
            let t = lang.texts();
            let shown = match problem.retry_after {
                Some(seconds) => format!("{} {seconds}", t.wait_before),
                None if problem.status.is_server_error() => problem.message.clone(),
                None => t.wrong_password.to_owned(),
            };
            (problem.status, show_login(lang, form.login, shown)).into_response()
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

pub(crate) async fn logout(State(state): State<AppState>, parts: Parts, _form: SignedForm<Nothing>) -> Response {
    let mut response = Redirect::to("/login").into_response();
    response.headers_mut().append(header::SET_COOKIE, login::sign_out(&state, &parts));
    response
}

pub(crate) async fn verify(who: Visitor) -> Page {
    who.must(Action::VerifyFields)?;
    let t = who.lang.texts();
    Ok(render(&VerifyPage {
        t,
        lang: who.lang.code(),
        nav: Nav::of(&who, "/verify"),
        csrf: who.session.csrf.clone(),
        texts: t.for_scripts(),
    }))
}

pub(crate) async fn senior(who: Visitor) -> Page {
    who.must(Action::SettleTroubles)?;
    let t = who.lang.texts();
    Ok(render(&SeniorPage {
        t,
        lang: who.lang.code(),
        nav: Nav::of(&who, "/senior"),
        csrf: who.session.csrf.clone(),
        texts: t.for_scripts(),
    }))
}

pub(crate) async fn exams(State(state): State<AppState>, who: Visitor) -> Page {
    who.must(Action::SeeExams)?;
    let t = who.lang.texts();
    let exams = state.backend().exams().await.map_err(|e| who.shown(e))?;
    let exams = exams.into_iter().map(|card| ExamLine::of(card, &state, t)).collect();
    Ok(render(&ExamsPage { t, lang: who.lang.code(), nav: Nav::of(&who, "/exams"), exams }))
}

fn exam_id(text: &str, who: &Visitor) -> Result<ExamId, PageProblem> {
    text.parse().map_err(|_| who.shown(Problem::not_found()))
}

pub(crate) async fn exam(State(state): State<AppState>, who: Visitor, Path(id): Path<String>) -> Page {
    who.must(Action::SeeExams)?;
    let t = who.lang.texts();
    let ExamDetails { card, packets, blocks, packages } = state.backend().exam(exam_id(&id, &who)?).await.map_err(|e| who.shown(e))?;
    let role = who.session.role;
    let page = ExamPage {
        t,
        lang: who.lang.code(),
        nav: Nav::of(&who, "/exams"),
        csrf: who.session.csrf.clone(),
        may_close: card.state == ExamState::Open && blocks.is_empty(),
        may_package: card.state != ExamState::Open,
        is_head: may(role, Action::CloseExam),
        line: ExamLine::of(card, &state, t),
        packets,
        blocks: blocks.into_iter().map(|block| BlockLine { who: block.station.map_or("", |role| words::role(role, t)), block }).collect(),
        packages,
    };
    Ok(render(&page))
}

#[derive(Deserialize)]
pub(crate) struct ExamAct {
    act: String,
}

pub(crate) async fn exam_act(State(state): State<AppState>, Path(id): Path<String>, sent: SignedForm<ExamAct>) -> Page {
    let SignedForm { who, form } = sent;
    let exam = exam_id(&id, &who)?;
    let done = match form.act.as_str() {
        "reconcile" => state.backend().reconcile(who.must(Action::Reconcile)?, exam).await,
        "close" => state.backend().close(who.must(Action::CloseExam)?, exam).await,
        "package" => state.backend().package(who.must(Action::BuildPackage)?, exam).await.map(|_| ()),
        other => return Err(who.shown(Problem::bad(format!("Нет такого действия: «{other}».")))),
    };
    done.map_err(|e| who.shown(e))?;
    Ok(Redirect::to(&format!("/exams/{exam}")).into_response())
}

pub(crate) async fn operator(State(state): State<AppState>, who: Visitor) -> Page {
    who.must(Action::SeePackets)?;
    let t = who.lang.texts();
    let mut exams = Vec::new();
    for card in state.backend().exams().await.map_err(|e| who.shown(e))? {
        let packets = state.backend().exam(card.id).await.map_err(|e| who.shown(e))?.packets;
        exams.push((ExamLine::of(card, &state, t), packets));
    }
    let aside = state.backend().aside().await.map_err(|e| who.shown(e))?;
    Ok(render(&OperatorPage { t, lang: who.lang.code(), nav: Nav::of(&who, "/operator"), exams, aside }))
}

pub(crate) async fn admin(State(state): State<AppState>, who: Visitor) -> Page {
    who.must(Action::ManageUsers)?;
    let t = who.lang.texts();
    let users = state.backend().users().await.map_err(|e| who.shown(e))?;
    let users = users
        .into_iter()
        .map(|u| UserLine { own: u.login == who.session.login, role: words::role(u.role, t), disabled: u.disabled, login: u.login })
        .collect();
    Ok(render(&AdminPage {
        t,
        lang: who.lang.code(),
        nav: Nav::of(&who, "/admin"),
        csrf: who.session.csrf.clone(),
        users,
        roles: ROLES.into_iter().map(|r| (r.as_str(), words::role(r, t))).collect(),
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
        return Err(who.shown(Problem::bad("Логин: от 2 до 64 букв, цифр, точек, дефисов.")));
    }
    if form.password.chars().count() < password::SHORTEST || form.password.len() > 256 {
        return Err(who.shown(Problem::bad("Пароль не короче 8 знаков.")));
    }
    let role = Role::parse(&form.role).ok_or_else(|| who.shown(Problem::bad("Нет такой роли.")))?;
    let backend = state.backend();
    if backend.user_by_login(login).await.map_err(|e| who.shown(e))?.is_some() {
        return Err(who.shown(Problem::unprocessable(format!("Логин «{login}» уже занят."))));
    }
    let hash =
        password::hash_in_background(&form.password).await.map_err(|e| who.shown(crate::backend::BackendError::Internal(e.to_string())))?;
    backend.create_user(Some(actor.user), login, &hash, role).await.map_err(|e| who.shown(e))?;
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
        return Err(who.shown(Problem::unprocessable("Самого себя отключить нельзя.")));
    }
    state.backend().set_disabled(actor.user, &form.login, form.disabled).await.map_err(|e| who.shown(e))?;
    if form.disabled {
        state.sessions().end_all(&form.login);
    }
    Ok(Redirect::to("/admin").into_response())
}

/// Remembers `?lang=` in a cookie.
pub(crate) async fn keep_lang(request: axum::extract::Request, next: axum::middleware::Next) -> Response {
    let asked = request.uri().query().into_iter().flat_map(|q| q.split('&')).find_map(|p| p.strip_prefix("lang="));
    let asked = asked.and_then(Lang::parse);
    let mut response = next.run(request).await;
    if let Some(lang) = asked
        && let Ok(cookie) = HeaderValue::from_str(&format!("lang={}; Path=/; Max-Age=31536000; SameSite=Strict", lang.code()))
    {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The refusal of an unknown address: JSON below `/api`, a page elsewhere.
pub(crate) async fn nothing_here(parts: Parts) -> Response {
    if parts.uri.path().starts_with("/api/") {
        api::nothing_here().await.into_response()
    } else {
        PageProblem::Shown(Problem::not_found(), request::lang(&parts)).into_response()
    }
}
