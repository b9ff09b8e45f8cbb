//! The JSON API under `/api/v1`, used by the page scripts, the robot and anyone else.
//!
//! | call | who | in | out |
//! |---|---|---|---|
//! | `POST login` | anyone | `{login, password}` | `{csrf, login, role, home}` and the session cookie |
//! | `POST logout` | signed in | | `{}` |
//! | `GET me` | signed in | | `{csrf, login, role, home}` |
//! | `GET progress` | verifier, senior, head, auditor | | `{verifier, symbols, senior, persons, persons_asked}` open tasks |
//! | `POST tasks/claim` | verifier, senior | `{n, station?}` | `{tasks: […], progress}` |
//! | `POST tasks/{id}/verdict` | who holds the task | `{verdict_id, act, …}` | `{progress}` |
//! | `POST undo` | verifier, senior | | `{task}` or `{task: null}` |
//! | `GET tasks/{id}/picture?kind=cutout\|page` | who holds the task; senior, head | | a picture |
//! | `GET tasks/{id}/people` | senior | | `{people: [{code, ppe, room, seat}]}` |
//! | `GET exams` | senior, head, auditor | | `{exams: […]}` |
//! | `GET exams/{id}` | senior, head, auditor | | counts, packets, `blocks`, `packages` |
//! | `POST exams/{id}/reconcile` | senior, head | | the exam |
//! | `POST exams/{id}/packets/{packet}/raised` | head | `{raised}` | the exam |
//! | `POST exams/{id}/close`, `…/package` | head | | the exam |
//! | `GET packages/{id}/file` | head | | the ZIP |
//! | `GET health`, `/health`, `/ready` | anyone | | `{ok}` |
//!
//! Acts of a verdict (`rcoi_model::VerdictAct`): `value {value}`, `pass {reason}`, `rescan {reason}`; the senior also
//! `sheet-code {code}`, `bind {participant, reason}`, `exclude {reason}`, `explain {reason}`; at the persons station ([`crate::persons`])
//! `accept-form {ground}`, `keep-register {ground}`, `pass {reason}`. Every changing call but
//! `login` needs the header `x-csrf-token`. Refusals are `{error, message}`, the message in the language of the cookie `lang`.

use crate::AppState;
use crate::backend::{Block, ExamCard, ExamDetails, PackageRow, PictureKind, TaskView};
use crate::checks;
use crate::error::Problem;
use crate::login;
use crate::request::{Body, Signed};
use crate::roles::{Action, Post, home, may};
use crate::said::Said;
use crate::session::Session;
use crate::text::Lang;
use crate::words;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rcoi_model::{ExamId, PackageId, PersonLine, Role, Task, TaskId, TaskSubject, VerdictAct, VerdictId};
use serde::Deserialize;
use serde_json::{Value, json};
use std::str::FromStr;

/// Most tasks one claim may take: a batch that a person answers well within a lease.
const LARGEST_CLAIM: u32 = 64;

pub(crate) fn id<T: FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

fn me(session: &Session) -> Value {
    json!({ "csrf": session.csrf, "login": session.login, "role": session.post.as_str(), "home": home(session.post) })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginBody {
    login: String,
    password: String,
}

pub(crate) async fn login(State(state): State<AppState>, parts: Parts, Body(body): Body<LoginBody>) -> Result<Response, Problem> {
    let (cookie, session) = login::sign_in(&state, &parts, &body.login, &body.password).await?;
    let mut response = Json(me(&session)).into_response();
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

pub(crate) async fn logout(State(state): State<AppState>, _who: Signed, parts: Parts) -> Result<Response, Problem> {
    let mut response = Json(json!({})).into_response();
    response.headers_mut().append(header::SET_COOKIE, login::sign_out(&state, &parts).await?);
    Ok(response)
}

pub(crate) async fn who_am_i(who: Signed) -> Json<Value> {
    Json(me(&who.session))
}

pub(crate) async fn progress_value(state: &AppState) -> Result<Value, Problem> {
    Ok(json!(state.backend().progress().await?))
}

pub(crate) async fn progress(State(state): State<AppState>, who: Signed) -> Result<Json<Value>, Problem> {
    if !may(who.session.post, Action::VerifyFields) {
        who.must(Action::SeeExams)?;
    }
    Ok(Json(progress_value(&state).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClaimBody {
    #[serde(default = "one")]
    n: u32,
    station: Option<Role>,
}

fn one() -> u32 {
    1
}

/// The action that working at a station needs.
fn station_action(station: Role) -> Result<Action, Problem> {
    match station {
        Role::Verifier => Ok(Action::VerifyFields),
        Role::Senior => Ok(Action::SettleTroubles),
        other => Err(Problem::bad(Said::text(|t| t.no_station).with("name", other.as_str()))),
    }
}

/// The action that settling a task needs: a verifier compares personal data, what he asked about is the senior's.
fn settling(task: &Task) -> Result<Action, Problem> {
    match task.subject {
        TaskSubject::Person { .. } if task.station == Role::Verifier => Ok(Action::SettlePersons),
        _ => station_action(task.station),
    }
}

pub(crate) async fn claim(State(state): State<AppState>, who: Signed, Body(body): Body<ClaimBody>) -> Result<Json<Value>, Problem> {
    let station = body.station.unwrap_or(if who.session.post == Post::Works(Role::Senior) { Role::Senior } else { Role::Verifier });
    let actor = who.must(station_action(station)?)?;
    if body.n == 0 || body.n > LARGEST_CLAIM {
        return Err(Problem::bad(Said::text(|t| t.no_claim).with("most", LARGEST_CLAIM).with("n", body.n)));
    }
    let tasks = state.backend().claim(actor, station, body.n).await?;
    let tasks: Vec<Value> = tasks.iter().map(|t| task_value(t, who.lang)).collect();
    Ok(Json(json!({ "tasks": tasks, "progress": progress_value(&state).await? })))
}

#[derive(Deserialize)]
pub(crate) struct VerdictBody {
    verdict_id: VerdictId,
    #[serde(flatten)]
    act: VerdictAct,
}

pub(crate) async fn verdict(
    State(state): State<AppState>,
    who: Signed,
    Path(task): Path<String>,
    Body(body): Body<VerdictBody>,
) -> Result<Json<Value>, Problem> {
    let task: TaskId = id(&task)?;
    let held = held_task(&state, &who, task).await?;
    if state.backend().stored(who.actor(), body.verdict_id, task).await? {
        // Sent again after a lost answer: by now the task may stand at another station.
        return Ok(Json(json!({ "progress": progress_value(&state).await? })));
    }
    let actor = who.must(settling(&held)?)?;
    let role = actor.post.role().ok_or_else(Problem::forbidden)?;
    let act = checks::act(&held, role, body.act).map_err(Problem::unprocessable)?;
    state.backend().verdict(actor, body.verdict_id, task, act).await?;
    Ok(Json(json!({ "progress": progress_value(&state).await? })))
}

/// The task, if this person holds it; the same refusal whether it is another's or does not exist.
async fn held_task(state: &AppState, who: &Signed, task: TaskId) -> Result<Task, Problem> {
    if !may(who.session.post, Action::VerifyFields) && !may(who.session.post, Action::SettleTroubles) {
        return Err(Problem::forbidden());
    }
    if !state.backend().holds(who.actor(), task).await? {
        return Err(Problem::new(StatusCode::CONFLICT, "not-held", Said::text(|t| t.no_hold)));
    }
    Ok(state.backend().task(task).await?)
}

pub(crate) async fn undo(State(state): State<AppState>, who: Signed) -> Result<Json<Value>, Problem> {
    let actor = who.must(Action::VerifyFields)?;
    let task = state.backend().undo(actor).await?;
    let task = task.map(|t| task_value(&t, who.lang));
    Ok(Json(json!({ "task": task, "progress": progress_value(&state).await? })))
}

#[derive(Deserialize)]
pub(crate) struct PictureQuery {
    kind: Option<String>,
}

pub(crate) async fn picture(
    State(state): State<AppState>,
    who: Signed,
    Path(task): Path<String>,
    Query(query): Query<PictureQuery>,
) -> Result<Response, Problem> {
    let task: TaskId = id(&task)?;
    let kind = match query.kind.as_deref() {
        None | Some("cutout") => PictureKind::Cutout,
        Some("page") => PictureKind::Page,
        Some(other) => return Err(Problem::bad(Said::text(|t| t.no_picture_kind).with("name", other))),
    };
    if !may(who.session.post, Action::SeeAnyPicture) {
        // A verifier sees the field he holds and never the whole sheet.
        let actor = who.must(Action::VerifyFields)?;
        if kind == PictureKind::Page || !state.backend().holds(actor, task).await? {
            return Err(Problem::not_found());
        }
    }
    let (bytes, media) = state.backend().picture(task, kind).await?;
    Ok(([(header::CONTENT_TYPE, media)], bytes).into_response())
}

pub(crate) async fn people(State(state): State<AppState>, who: Signed, Path(task): Path<String>) -> Result<Json<Value>, Problem> {
    who.must(Action::SettleTroubles)?;
    let people = state.backend().people(id(&task)?).await?;
    Ok(Json(json!({ "people": people })))
}

pub(crate) async fn exams(State(state): State<AppState>, who: Signed) -> Result<Json<Value>, Problem> {
    who.must(Action::SeeExams)?;
    let exams = state.backend().exams().await?;
    let exams: Vec<Value> = exams.iter().map(|e| card_value(e, &state)).collect();
    Ok(Json(json!({ "exams": exams })))
}

pub(crate) async fn exam(State(state): State<AppState>, who: Signed, Path(exam): Path<String>) -> Result<Json<Value>, Problem> {
    who.must(Action::SeeExams)?;
    exam_answer(&state, id(&exam)?, who.lang).await
}

async fn exam_answer(state: &AppState, exam: ExamId, lang: Lang) -> Result<Json<Value>, Problem> {
    let details = state.backend().exam(exam).await?;
    Ok(Json(details_value(&details, state, lang)))
}

pub(crate) async fn reconcile(State(state): State<AppState>, who: Signed, Path(exam): Path<String>) -> Result<Json<Value>, Problem> {
    let (actor, exam) = (who.must(Action::Reconcile)?, id(&exam)?);
    state.backend().reconcile(actor, exam).await?;
    exam_answer(&state, exam, who.lang).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RaisedBody {
    raised: bool,
}

pub(crate) async fn raise(
    State(state): State<AppState>,
    who: Signed,
    Path((exam, packet)): Path<(String, String)>,
    Body(body): Body<RaisedBody>,
) -> Result<Json<Value>, Problem> {
    let (actor, exam) = (who.must(Action::RaisePacket)?, id(&exam)?);
    state.backend().raise(actor, exam, id(&packet)?, body.raised).await?;
    exam_answer(&state, exam, who.lang).await
}

pub(crate) async fn close(State(state): State<AppState>, who: Signed, Path(exam): Path<String>) -> Result<Json<Value>, Problem> {
    let (actor, exam) = (who.must(Action::CloseExam)?, id(&exam)?);
    state.backend().close(actor, exam).await?;
    exam_answer(&state, exam, who.lang).await
}

pub(crate) async fn package(State(state): State<AppState>, who: Signed, Path(exam): Path<String>) -> Result<Json<Value>, Problem> {
    let (actor, exam) = (who.must(Action::BuildPackage)?, id(&exam)?);
    state.package(actor, exam).await?;
    exam_answer(&state, exam, who.lang).await
}

pub(crate) async fn package_file(State(state): State<AppState>, who: Signed, Path(package): Path<String>) -> Result<Response, Problem> {
    who.must(Action::DownloadPackage)?;
    let (name, bytes) = state.backend().package_file(id::<PackageId>(&package)?).await?;
    let safe: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')).collect();
    let mut response = ([(header::CONTENT_TYPE, "application/zip")], bytes).into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{safe}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

pub(crate) async fn health() -> Json<Value> {
    Json(json!({ "ok": true }))
}

pub(crate) async fn ready(State(state): State<AppState>) -> Response {
    let fine = state.backend().ready().await.unwrap_or(false);
    let status = if fine { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ok": fine }))).into_response()
}

pub(crate) async fn nothing_here() -> Problem {
    Problem::not_found()
}

pub(crate) async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", Said::text(|t| t.no_method))
}

/// A task as the scripts and the robot see it.
pub(crate) fn task_value(view: &TaskView, lang: Lang) -> Value {
    let task = &view.task;
    let mut value = json!({
        "id": task.id,
        "exam": task.exam,
        "station": task.station,
        "form": view.form,
        "form_name": words::form(&view.form, lang),
        "source": view.source,
        "earlier": view.earlier,
        "notes": view.notes,
        "place": view.place,
        "picture": picture_of(task),
    });
    let more = match &task.subject {
        TaskSubject::Field { field, kind, class, value, confidence, doubts, permitted, cells, options, .. } => json!({
            "about": "field",
            "kind": kind,
            "field": field,
            "label": if view.label.is_empty() { words::field(field, lang) } else { view.label.clone() },
            "class": class,
            "value": value,
            "confidence": confidence,
            "doubts": doubts,
            "why": doubts.iter().map(|d| words::doubt(d, lang)).collect::<Vec<_>>(),
            "doubtful": words::doubtful_cells(doubts),
            "permitted": permitted,
            "pattern": view.pattern,
            "cells": cells,
            "spots": view.cells,
            "area": view.area,
            "longest": checks::longest(*cells, doubts),
            "options": options,
            "acts": checks::acts(task),
        }),
        TaskSubject::Sheet { trouble, detail } => json!({
            "about": "sheet",
            "trouble": trouble,
            "label": words::sheet_trouble(*trouble, lang),
            "detail": detail,
            "acts": checks::acts(task),
        }),
        TaskSubject::Room { trouble, detail } => json!({
            "about": "room",
            "trouble": trouble,
            "label": words::room_trouble(*trouble, lang),
            "detail": detail,
            "acts": checks::acts(task),
        }),
        TaskSubject::Person { participant, lines } => json!({
            "about": "person",
            "participant": participant,
            "label": words::subject(&task.subject, lang),
            "lines": lines.iter().map(|line| line_value(task, line, lang)).collect::<Vec<_>>(),
            "acts": checks::acts(task),
        }),
    };
    if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
        value.extend(more);
    }
    value
}

/// Where the picture of a task is. Of personal data each compared field has its own.
fn picture_of(task: &Task) -> Option<String> {
    let whole = task.page.is_some() && !matches!(task.subject, TaskSubject::Person { .. });
    whole.then(|| format!("/api/v1/tasks/{}/picture", task.id))
}

fn line_value(task: &Task, line: &PersonLine, lang: Lang) -> Value {
    json!({
        "field": line.field,
        "label": words::field(&line.field, lang),
        "form": line.form,
        "register": line.register,
        "differs": line.differs,
        "picture": format!("/api/v1/persons/{}/picture/{}", task.id, line.field),
    })
}

fn card_value(card: &ExamCard, state: &AppState) -> Value {
    json!({
        "id": card.id,
        "subject": card.subject,
        "subject_name": card.subject_name,
        "period": card.period,
        "date": card.date.to_string(),
        "limit_days": card.limit_days,
        "hours_left": state.hours_left(card.date, card.limit_days),
        "ends": state.ends(card.date, card.limit_days),
        "state": card.state,
        "declared": card.declared,
        "scanned": card.scanned,
        "read": card.read,
        "verified": card.verified,
        "set_aside": card.set_aside,
        "open_tasks": card.open_tasks,
    })
}

fn details_value(details: &ExamDetails, state: &AppState, lang: Lang) -> Value {
    let mut value = card_value(&details.card, state);
    let packages: Vec<Value> = details.packages.iter().map(package_value).collect();
    if let Value::Object(map) = &mut value {
        map.insert("packets".into(), json!(details.packets));
        map.insert("blocks".into(), details.blocks.iter().map(|b| block_value(b, lang)).collect());
        map.insert("building_seconds".into(), json!(state.building(details.card.id)));
        map.insert("packages".into(), Value::Array(packages));
    }
    value
}

fn block_value(block: &Block, lang: Lang) -> Value {
    let said = words::block(block.kind, block.count, block.station);
    json!({ "kind": block.kind, "count": block.count, "text": said.in_lang(lang), "station": block.station })
}

fn package_value(row: &PackageRow) -> Value {
    json!({
        "id": row.id,
        "file": row.file,
        "sha256": row.sha256,
        "bytes": row.bytes,
        "version": row.version,
        "download": format!("/api/v1/packages/{}/file", row.id),
    })
}
