//! The JSON API under `/api/v1`, used by the page scripts, the robot and anyone else.
//!
//! Every call is described where it is handled; [`crate::openapi`] gathers that into `GET /api/v1/openapi.json`.
//!
//! Acts of a verdict (`rcoi_model::VerdictAct`): `value {value}`, `pass {reason}`, `rescan {reason}`; the senior also
//! `sheet-code {code}`, `bind {participant, reason}`, `exclude {reason}`, `explain {reason}`; at the persons station ([`crate::persons`])
//! `accept-form {ground}`, `keep-register {ground}`, `pass {reason}`. Every changing call but
//! `login` needs the header `x-csrf-token`. Refusals are `{error, message}`, the message in the language of the cookie `lang`.

use crate::AppState;
use crate::backend::{PackageFile, PictureKind, Progress, Row};
use crate::checks;
use crate::error::Problem;
use crate::login;
use crate::openapi::{ActDoc, Refusals};
use crate::request::{Body, Signed};
use crate::roles::{Action, Post, may};
use crate::said::Said;
use crate::text::Lang;
use crate::wire::{CardAnswer, Claimed, ExamAnswer, Exams, Health, Left, Me, Nothing, People, TaskAnswer, Undone};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rcoi_model::{ExamId, PackageId, Role, Task, TaskId, TaskSubject, VerdictAct, VerdictId};
use serde::Deserialize;
use std::str::FromStr;
use utoipa::ToSchema;

/// Most tasks one claim may take: a batch that a person answers well within a lease.
const LARGEST_CLAIM: u32 = 64;

pub(crate) fn id<T: FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginBody {
    login: String,
    password: String,
}

/// Signs in: the answer sets the session cookie. Needs neither cookie nor token.
#[utoipa::path(post, path = "/login", request_body = LoginBody, responses((status = 200, body = Me), Refusals))]
pub(crate) async fn login(State(state): State<AppState>, parts: Parts, Body(body): Body<LoginBody>) -> Result<Response, Problem> {
    let (cookie, session) = login::sign_in(&state, &parts, &body.login, &body.password).await?;
    let mut response = Json(Me::of(&session)).into_response();
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Signs out.
#[utoipa::path(post, path = "/logout", responses((status = 200, body = Nothing), Refusals))]
pub(crate) async fn logout(State(state): State<AppState>, _who: Signed, parts: Parts) -> Result<Response, Problem> {
    let mut response = Json(Nothing {}).into_response();
    response.headers_mut().append(header::SET_COOKIE, login::sign_out(&state, &parts).await?);
    Ok(response)
}

/// Who is signed in.
#[utoipa::path(get, path = "/me", responses((status = 200, body = Me), Refusals))]
pub(crate) async fn who_am_i(who: Signed) -> Json<Me> {
    Json(Me::of(&who.session))
}

/// Open work of all exams.
#[utoipa::path(get, path = "/progress", responses((status = 200, body = Progress), Refusals))]
pub(crate) async fn progress(State(state): State<AppState>, who: Signed) -> Result<Json<Progress>, Problem> {
    if !may(who.session.post, Action::VerifyFields) {
        who.must(Action::SeeExams)?;
    }
    Ok(Json(state.backend().progress().await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TasksClaim {
    /// How many at most; left out: one.
    n: Option<u32>,
    /// `verifier` or `senior`; left out: the own one.
    #[schema(value_type = Option<String>)]
    station: Option<Role>,
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

/// Takes open tasks of a station under a lease; those in hand come first, their lease begins anew.
#[utoipa::path(post, path = "/tasks/claim", request_body = TasksClaim, responses((status = 200, body = Claimed), Refusals))]
pub(crate) async fn claim(State(state): State<AppState>, who: Signed, Body(body): Body<TasksClaim>) -> Result<Json<Claimed>, Problem> {
    let station = body.station.unwrap_or(if who.session.post == Post::Works(Role::Senior) { Role::Senior } else { Role::Verifier });
    let actor = who.must(station_action(station)?)?;
    let n = body.n.unwrap_or(1);
    if n == 0 || n > LARGEST_CLAIM {
        return Err(Problem::bad(Said::text(|t| t.no_claim).with("most", LARGEST_CLAIM).with("n", n)));
    }
    let tasks = state.backend().claim(actor, station, n).await?;
    let tasks = tasks.iter().map(|t| TaskAnswer::of(t, who.lang)).collect();
    Ok(Json(Claimed { tasks, progress: state.backend().progress().await? }))
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct VerdictBody {
    #[schema(value_type = uuid::Uuid)]
    verdict_id: VerdictId,
    #[serde(flatten)]
    #[schema(value_type = ActDoc)]
    act: VerdictAct,
}

/// Settles a task in hand. The same `verdict_id` again is the same verdict.
#[utoipa::path(post, path = "/tasks/{id}/verdict", request_body = VerdictBody, params(("id" = uuid::Uuid, Path)), responses((status = 200, body = Left), Refusals))]
pub(crate) async fn verdict(
    State(state): State<AppState>,
    who: Signed,
    Path(task): Path<String>,
    Body(body): Body<VerdictBody>,
) -> Result<Json<Left>, Problem> {
    let task: TaskId = id(&task)?;
    let held = held_task(&state, &who, task).await?;
    if state.backend().stored(who.actor(), body.verdict_id, task).await? {
        // Sent again after a lost answer: by now the task may stand at another station.
        return Ok(Json(Left { progress: state.backend().progress().await? }));
    }
    let actor = who.must(settling(&held)?)?;
    let role = actor.post.role().ok_or_else(Problem::forbidden)?;
    let act = checks::act(&held, role, body.act).map_err(Problem::unprocessable)?;
    state.backend().verdict(actor, body.verdict_id, task, act).await?;
    Ok(Json(Left { progress: state.backend().progress().await? }))
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

/// Takes the last verdict of this person back.
#[utoipa::path(post, path = "/undo", responses((status = 200, body = Undone), Refusals))]
pub(crate) async fn undo(State(state): State<AppState>, who: Signed) -> Result<Json<Undone>, Problem> {
    let actor = who.must(Action::VerifyFields)?;
    let task = state.backend().undo(actor).await?;
    let task = task.map(|t| TaskAnswer::of(&t, who.lang));
    Ok(Json(Undone { task, progress: state.backend().progress().await? }))
}

#[derive(Deserialize)]
pub(crate) struct PictureQuery {
    kind: Option<String>,
}

/// PNG of a task: the field, or the whole page.
#[utoipa::path(get, path = "/tasks/{id}/picture", params(("id" = uuid::Uuid, Path), ("kind" = Option<String>, Query, description = "`cutout` or `page`")), responses((status = 200, content_type = "image/png", body = Vec<u8>), Refusals))]
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
    may_see(&state, &who, task, kind).await?;
    let (bytes, media) = state.backend().picture(task, kind).await?;
    Ok(([(header::CONTENT_TYPE, media)], bytes).into_response())
}

/// A verifier sees the field he holds, what belongs to it, and never the whole sheet.
async fn may_see(state: &AppState, who: &Signed, task: TaskId, kind: PictureKind) -> Result<(), Problem> {
    if may(who.session.post, Action::SeeAnyPicture) {
        return Ok(());
    }
    let actor = who.must(Action::VerifyFields)?;
    if kind == PictureKind::Page || !state.backend().holds(actor, task).await? {
        return Err(Problem::not_found());
    }
    Ok(())
}

/// PNG of a row that stands beside a task: a replacement of its answer, or the answer that is replaced.
#[utoipa::path(get, path = "/tasks/{id}/beside/{row}", params(("id" = uuid::Uuid, Path), ("row" = String, Path, description = "`answer-7`, `replacement-2`")), responses((status = 200, content_type = "image/png", body = Vec<u8>), Refusals))]
pub(crate) async fn row_picture(
    State(state): State<AppState>,
    who: Signed,
    Path((task, row)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let task: TaskId = id(&task)?;
    may_see(&state, &who, task, PictureKind::Cutout).await?;
    let row = row.parse::<Row>().map_err(|()| Problem::not_found())?;
    let (bytes, media) = state.backend().row_picture(task, row).await?;
    Ok(([(header::CONTENT_TYPE, media)], bytes).into_response())
}

/// Participants of the task's exam, codes only.
#[utoipa::path(get, path = "/tasks/{id}/people", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = People), Refusals))]
pub(crate) async fn people(State(state): State<AppState>, who: Signed, Path(task): Path<String>) -> Result<Json<People>, Problem> {
    who.must(Action::SettleTroubles)?;
    let people = state.backend().people(id(&task)?).await?;
    Ok(Json(People { people }))
}

/// All exams.
#[utoipa::path(get, path = "/exams", responses((status = 200, body = Exams), Refusals))]
pub(crate) async fn exams(State(state): State<AppState>, who: Signed) -> Result<Json<Exams>, Problem> {
    who.must(Action::SeeExams)?;
    let exams = state.backend().exams().await?;
    Ok(Json(Exams { exams: exams.iter().map(|e| CardAnswer::of(e, &state)).collect() }))
}

/// One exam with its packets and what blocks its closing.
#[utoipa::path(get, path = "/exams/{id}", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = ExamAnswer), Refusals))]
pub(crate) async fn exam(State(state): State<AppState>, who: Signed, Path(exam): Path<String>) -> Result<Json<ExamAnswer>, Problem> {
    who.must(Action::SeeExams)?;
    exam_answer(&state, id(&exam)?, who.lang).await
}

async fn exam_answer(state: &AppState, exam: ExamId, lang: Lang) -> Result<Json<ExamAnswer>, Problem> {
    let details = state.backend().exam(exam).await?;
    Ok(Json(ExamAnswer::of(&details, state, lang)))
}

/// Compares sheets, register and room records again.
#[utoipa::path(post, path = "/exams/{id}/reconcile", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = ExamAnswer), Refusals))]
pub(crate) async fn reconcile(State(state): State<AppState>, who: Signed, Path(exam): Path<String>) -> Result<Json<ExamAnswer>, Problem> {
    let (actor, exam) = (who.must(Action::Reconcile)?, id(&exam)?);
    state.backend().reconcile(actor, exam).await?;
    exam_answer(&state, exam, who.lang).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RaisedBody {
    raised: bool,
}

/// Has a packet read before all others, or in its turn again.
#[utoipa::path(post, path = "/exams/{id}/packets/{packet}/raised", request_body = RaisedBody, params(("id" = uuid::Uuid, Path), ("packet" = uuid::Uuid, Path)), responses((status = 200, body = ExamAnswer), Refusals))]
pub(crate) async fn raise(
    State(state): State<AppState>,
    who: Signed,
    Path((exam, packet)): Path<(String, String)>,
    Body(body): Body<RaisedBody>,
) -> Result<Json<ExamAnswer>, Problem> {
    let (actor, exam) = (who.must(Action::RaisePacket)?, id(&exam)?);
    state.backend().raise(actor, exam, id(&packet)?, body.raised).await?;
    exam_answer(&state, exam, who.lang).await
}

/// Closes an exam that nothing blocks.
#[utoipa::path(post, path = "/exams/{id}/close", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = ExamAnswer), Refusals))]
pub(crate) async fn close(State(state): State<AppState>, who: Signed, Path(exam): Path<String>) -> Result<Json<ExamAnswer>, Problem> {
    let (actor, exam) = (who.must(Action::CloseExam)?, id(&exam)?);
    state.backend().close(actor, exam).await?;
    exam_answer(&state, exam, who.lang).await
}

/// Builds the package of a closed exam.
#[utoipa::path(post, path = "/exams/{id}/package", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = ExamAnswer), Refusals))]
pub(crate) async fn package(State(state): State<AppState>, who: Signed, Path(exam): Path<String>) -> Result<Json<ExamAnswer>, Problem> {
    let (actor, exam) = (who.must(Action::BuildPackage)?, id(&exam)?);
    state.package(actor, exam).await?;
    exam_answer(&state, exam, who.lang).await
}

/// The package file.
#[utoipa::path(get, path = "/packages/{id}/file", params(("id" = uuid::Uuid, Path)), responses((status = 200, content_type = "application/zip", body = Vec<u8>), Refusals))]
pub(crate) async fn package_file(State(state): State<AppState>, who: Signed, Path(package): Path<String>) -> Result<Response, Problem> {
    who.must(Action::DownloadPackage)?;
    let PackageFile { name, bytes, content } = state.backend().package_file(id::<PackageId>(&package)?).await?;
    let safe: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')).collect();
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    // With its length told, a file that ends early is seen to be cut off.
    let mut response = ([kind, (header::CONTENT_LENGTH, HeaderValue::from(bytes))], content).into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{safe}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// The process is there.
#[utoipa::path(get, path = "/health", responses((status = 200, body = Health), Refusals))]
pub(crate) async fn health() -> Json<Health> {
    Json(Health { ok: true })
}

pub(crate) async fn ready(State(state): State<AppState>) -> Response {
    let fine = state.backend().ready().await.unwrap_or(false);
    let status = if fine { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Health { ok: fine })).into_response()
}

pub(crate) async fn nothing_here() -> Problem {
    Problem::not_found()
}

pub(crate) async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", Said::text(|t| t.no_method))
}
