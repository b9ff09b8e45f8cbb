//! The persons station: its page, and the calls that give out personal data to be held against the register.
//!
//! | call | who | in | out |
//! |---|---|---|---|
//! | `POST persons/claim` | verifier, senior | `{n}` | `{tasks: [{id, participant, lines, notes, …}], progress}` |
//! | `POST tasks/{id}/verdict` | who holds the task | `accept-form {ground}`, `keep-register {ground}`, `pass {reason}` | `{progress}` |
//! | `POST persons/undo` | verifier, senior | | `{task}` or `{task: null}` |
//! | `GET persons/{id}/picture/{field}` | who holds the task; senior, head | | the cut-out of a compared field |
//!
//! A line is `{field, label, form, register, differs, picture}`. A ground is `{kind: "correction-list"}` (of an accepted form),
//! `{kind: "writing-slip"}` (of a kept register) or `{kind: "stated", reason}`. Only compared fields have pictures, and neither
//! the sheet as a whole nor any answer is ever shown here.

use crate::AppState;
use crate::api::id;
use crate::error::Problem;
use crate::openapi::Refusals;
use crate::pages::{Frame, Page, render};
use crate::request::{Body, Signed, Visitor};
use crate::roles::{Action, may};
use crate::said::Said;
use crate::text::Text;
use crate::wire::{Claimed, TaskAnswer, Undone};
use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use rcoi_model::TaskId;
use serde::Deserialize;
use utoipa::ToSchema;

/// Most tasks of one claim: each has five pictures.
const LARGEST_CLAIM: u32 = 32;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonsClaim {
    n: u32,
}

/// Takes personal data that differ from the register under a lease.
#[utoipa::path(post, path = "/persons/claim", request_body = PersonsClaim, responses((status = 200, body = Claimed), Refusals))]
pub(crate) async fn claim(State(state): State<AppState>, who: Signed, Body(body): Body<PersonsClaim>) -> Result<Json<Claimed>, Problem> {
    let actor = who.must(Action::SettlePersons)?;
    if body.n == 0 || body.n > LARGEST_CLAIM {
        return Err(Problem::bad(Said::text(|t| t.no_claim).with("most", LARGEST_CLAIM).with("n", body.n)));
    }
    let tasks = state.backend().claim_persons(actor, body.n).await?;
    let tasks = tasks.iter().map(|t| TaskAnswer::of(t, who.lang)).collect();
    Ok(Json(Claimed { tasks, progress: state.backend().progress().await? }))
}

/// Takes the last decision of this person back.
#[utoipa::path(post, path = "/persons/undo", responses((status = 200, body = Undone), Refusals))]
pub(crate) async fn undo(State(state): State<AppState>, who: Signed) -> Result<Json<Undone>, Problem> {
    let actor = who.must(Action::SettlePersons)?;
    let task = state.backend().undo_person(actor).await?;
    let task = task.map(|t| TaskAnswer::of(&t, who.lang));
    Ok(Json(Undone { task, progress: state.backend().progress().await? }))
}

/// PNG of a compared field.
#[utoipa::path(get, path = "/persons/{id}/picture/{field}", params(("id" = uuid::Uuid, Path), ("field" = String, Path)), responses((status = 200, content_type = "image/png", body = Vec<u8>), Refusals))]
pub(crate) async fn picture(
    State(state): State<AppState>,
    who: Signed,
    Path((task, field)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let task: TaskId = id(&task)?;
    if !may(who.session.post, Action::SeeAnyPicture) {
        let actor = who.must(Action::SettlePersons)?;
        if !state.backend().holds(actor, task).await? {
            return Err(Problem::not_found());
        }
    }
    let (bytes, media) = state.backend().person_picture(task, &field).await?;
    Ok(([(header::CONTENT_TYPE, media)], bytes).into_response())
}

#[derive(Template)]
#[template(path = "persons.html")]
struct PersonsPage {
    t: &'static Text,
    frame: Frame,
    csrf: String,
    texts: String,
    /// The senior also answers what verifiers asked.
    is_senior: bool,
}

pub(crate) async fn page(who: Visitor) -> Page {
    who.must(Action::SettlePersons)?;
    let t = who.texts();
    let (csrf, is_senior) = (who.session.csrf.clone(), may(who.session.post, Action::SettleTroubles));
    Ok(render(&PersonsPage { t, frame: Frame::of(&who, "/persons"), csrf, texts: t.for_scripts(), is_senior }))
}
