//! The symbols station: its page, and the calls that give out characters and take boards.
//!
//! | call | who | in | out |
//! |---|---|---|---|
//! | `POST symbols/claim` | verifier, senior | `{n, like?}` | `{symbols: [{task, cell, symbol, rival, picture, permitted}], progress}` |
//! | `POST boards` | verifier, senior | `{board_id, items: [{task, cell, said}]}` | `{settled, gone, progress}` |
//! | `POST boards/undo` | verifier, senior | | `{back, kept, progress}`, both 0 when nothing can be taken back |
//!
//! `picture` is a PNG as base64: it comes with the claim, so nobody sees a character that he does not hold. `said` is the
//! character that stands there, or `null`: the whole field must be seen.

use crate::AppState;
use crate::backend::{BoardItem, Progress, SymbolTask};
use crate::error::Problem;
use crate::openapi::Refusals;
use crate::pages::{Frame, Page, render};
use crate::request::{Body, Signed, Visitor};
use crate::roles::Action;
use crate::said::Said;
use crate::text::Text;
use askama::Template;
use axum::Json;
use axum::extract::State;
use rcoi_model::BoardId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most characters of one claim: two boards and what is on its way.
const LARGEST_CLAIM: u32 = 240;
/// Most characters of one board.
const LARGEST_BOARD: usize = 120;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SymbolsClaim {
    n: u32,
    #[schema(value_type = Option<String>)]
    like: Option<char>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SymbolsClaimed {
    /// Each `{task, cell, symbol, rival, picture, permitted}`; the picture is a PNG as base64.
    #[schema(value_type = Vec<Object>)]
    symbols: Vec<SymbolTask>,
    progress: Progress,
}

/// Takes characters in doubt, those of one kind together, under a lease.
#[utoipa::path(post, path = "/symbols/claim", request_body = SymbolsClaim, responses((status = 200, body = SymbolsClaimed), Refusals))]
pub(crate) async fn claim(
    State(state): State<AppState>,
    who: Signed,
    Body(body): Body<SymbolsClaim>,
) -> Result<Json<SymbolsClaimed>, Problem> {
    let actor = who.must(Action::VerifyFields)?;
    if body.n == 0 || body.n > LARGEST_CLAIM {
        return Err(Problem::bad(Said::text(|t| t.no_claim).with("most", LARGEST_CLAIM).with("n", body.n)));
    }
    let symbols = state.backend().claim_symbols(actor, body.like, body.n).await?;
    let progress = state.backend().progress().await?;
    Ok(Json(SymbolsClaimed { symbols, progress }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BoardBody {
    #[schema(value_type = uuid::Uuid)]
    board_id: BoardId,
    /// Each `{task, cell, said}`; `said` is a character, or null: the whole field must be seen.
    #[schema(value_type = Vec<Object>)]
    items: Vec<BoardItem>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct BoardStored {
    /// Fields that are settled now.
    settled: u64,
    /// Characters that somebody else had settled or taken meanwhile.
    gone: u64,
    progress: Progress,
}

/// Stores what was said about the characters of a board. The same `board_id` again is the same board.
#[utoipa::path(post, path = "/boards", request_body = BoardBody, responses((status = 200, body = BoardStored), Refusals))]
pub(crate) async fn store(State(state): State<AppState>, who: Signed, Body(body): Body<BoardBody>) -> Result<Json<BoardStored>, Problem> {
    let actor = who.must(Action::VerifyFields)?;
    if body.items.is_empty() || body.items.len() > LARGEST_BOARD {
        return Err(Problem::bad(Said::text(|t| t.no_board).with("most", LARGEST_BOARD).with("n", body.items.len())));
    }
    let done = state.backend().board(actor, body.board_id, body.items).await?;
    Ok(Json(BoardStored { settled: done.settled, gone: done.gone, progress: state.backend().progress().await? }))
}

#[derive(Serialize, ToSchema)]
pub(crate) struct BoardBack {
    /// Characters that wait again.
    back: u64,
    /// Characters on which others have built: they stay.
    kept: u64,
    progress: Progress,
}

/// Takes the last board of this person back; both counts are 0 when there is none.
#[utoipa::path(post, path = "/boards/undo", responses((status = 200, body = BoardBack), Refusals))]
pub(crate) async fn undo(State(state): State<AppState>, who: Signed) -> Result<Json<BoardBack>, Problem> {
    let actor = who.must(Action::VerifyFields)?;
    let undone = state.backend().undo_board(actor).await?.unwrap_or_default();
    Ok(Json(BoardBack { back: undone.back, kept: undone.kept, progress: state.backend().progress().await? }))
}

#[derive(Template)]
#[template(path = "symbols.html")]
struct SymbolsPage {
    t: &'static Text,
    frame: Frame,
    csrf: String,
    texts: String,
    /// Known answers this person saw, and slips among them.
    own: String,
}

pub(crate) async fn page(State(state): State<AppState>, who: Visitor) -> Page {
    let actor = who.must(Action::VerifyFields)?;
    let t = who.texts();
    let own = state.backend().own_rate(actor).await.map_err(|e| who.shown(e))?;
    let own = if own.shown == 0 { String::new() } else { format!("{} {}, {} {}", t.symbols_own, own.shown, t.symbols_slips, own.wrong) };
    let csrf = who.session.csrf.clone();
    Ok(render(&SymbolsPage { t, frame: Frame::of(&who, "/symbols"), csrf, texts: t.for_scripts(), own }))
}
