//! The operator's pages: packets as they come, one packet with its pages; the calls behind them; small pictures.
//!
//! | call | who | out |
//! |---|---|---|
//! | `GET intake?seen=…` | operator, senior, head, auditor | `{tag, exams: [{…, packets}], watch}`; `{same: true, watch}` when `seen` is its tag |
//! | `GET exams/{id}/packets/{packet}` | operator, senior, head, auditor | `{packet, rooms, summary, pages}` |
//! | `GET pages/{id}/thumbnail` | operator, senior, head | PNG, at most 56 × 79 |
//!
//! Moments are seconds since 1970. Nothing here holds a value that somebody wrote on a form.

use crate::AppState;
use crate::api::id;
use crate::backend::{RescanRow, SourceRef};
use crate::error::Problem;
use crate::exam_pages::shown;
use crate::findings::{self, Weight};
use crate::openapi::Refusals;
use crate::pages::{Frame, Page, render};
use crate::piles::{ExamHead, PacketProgress, PacketView, PageView, WatchState};
use crate::request::{Signed, Visitor, Watching};
use crate::roles::{Action, may};
use crate::text::{Lang, Text};
use crate::words;
use askama::Template;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rcoi_model::{ExamState, FindingKind, PageState};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

struct AsideLine {
    exam: String,
    source: String,
    state: &'static str,
    reason: String,
}

#[derive(Template)]
#[template(path = "operator.html")]
struct OperatorPage {
    t: &'static Text,
    frame: Frame,
    csrf: String,
    texts: String,
    /// Open ones: they take files.
    exams: Vec<ExamHead>,
    most_bytes: u64,
    may_ingest: bool,
    rescans: Vec<RescanRow>,
    aside: Vec<AsideLine>,
}

impl OperatorPage {
    fn file(row: &RescanRow) -> String {
        row.source.as_ref().map(shown).unwrap_or_default()
    }
}

#[derive(Template)]
#[template(path = "packet.html")]
struct PacketPage {
    t: &'static Text,
    frame: Frame,
    csrf: String,
    texts: String,
    exam: ExamHead,
    packet: PacketProgress,
    most_bytes: u64,
    may_ingest: bool,
    may_look: bool,
}

impl PacketPage {
    fn name(&self) -> String {
        format!("{}-{}", self.packet.ppe, self.packet.room)
    }
}

pub(crate) async fn page(State(state): State<AppState>, who: Visitor) -> Page {
    who.must(Action::SeePackets)?;
    let (t, lang) = (who.texts(), who.look.lang);
    let rescans = state.backend().rescans().await.map_err(|e| who.shown(e))?;
    let aside = state.backend().aside().await.map_err(|e| who.shown(e))?;
    let aside = aside
        .into_iter()
        .map(|a| AsideLine {
            exam: a.exam,
            source: shown(&a.source),
            state: words::page_state(a.state, t),
            reason: findings::reason(&a.reason).in_lang(lang).to_owned(),
        })
        .collect();
    let exams = state.backend().intake().await.map_err(|e| who.shown(e))?.exams;
    Ok(render(&OperatorPage {
        t,
        frame: Frame::of(&who, "/operator"),
        csrf: who.session.csrf.clone(),
        texts: t.for_scripts(),
        exams: exams.into_iter().map(|(exam, _)| exam).filter(|e| e.state == ExamState::Open).collect(),
        most_bytes: state.uploads().most_bytes,
        may_ingest: may(who.session.post, Action::Ingest),
        rescans,
        aside,
    }))
}

pub(crate) async fn packet_page(State(state): State<AppState>, who: Visitor, Path((exam, packet)): Path<(String, String)>) -> Page {
    who.must(Action::SeePackets)?;
    let (exam, packet) = (id(&exam).map_err(|e| who.shown(e))?, id(&packet).map_err(|e| who.shown(e))?);
    let view = state.backend().packet(exam, packet).await.map_err(|e| who.shown(e))?;
    let t = who.texts();
    Ok(render(&PacketPage {
        t,
        frame: Frame::of(&who, "/operator"),
        csrf: who.session.csrf.clone(),
        texts: t.for_scripts(),
        may_ingest: may(who.session.post, Action::Ingest) && view.exam.state == ExamState::Open,
        may_look: may(who.session.post, Action::SeeThumbnails),
        most_bytes: state.uploads().most_bytes,
        exam: view.exam,
        packet: view.packet,
    }))
}

#[derive(Deserialize)]
pub(crate) struct IntakeQuery {
    #[serde(default)]
    seen: String,
}

/// Packets as they come, and the watched folder.
#[utoipa::path(get, path = "/intake", params(("seen" = Option<String>, Query, description = "the `tag` of the last answer")), responses((status = 200, body = Object), Refusals))]
pub(crate) async fn intake_answer(
    State(state): State<AppState>,
    who: Signed,
    Query(query): Query<IntakeQuery>,
) -> Result<Json<Value>, Problem> {
    who.must(Action::SeePackets)?;
    let view = state.backend().intake().await?;
    let watch = view.watch.as_ref().map(|w| watch_value(w, who.lang));
    let exams: Vec<Value> = view.exams.iter().map(|(head, packets)| exam_value(head, packets, who.lang)).collect();
    let exams = json!(exams);
    let tag = tag_of(&exams);
    if query.seen == tag {
        return Ok(Json(json!({ "same": true, "watch": watch })));
    }
    Ok(Json(json!({ "tag": tag, "exams": exams, "watch": watch })))
}

/// The same figures have the same tag: a large exam is not sent every two seconds.
fn tag_of(value: &Value) -> String {
    let hash: [u8; 32] = Sha256::digest(value.to_string().as_bytes()).into();
    rcoi_model::BlobHash::from_bytes(&hash).as_str()[..16].to_owned()
}

fn exam_value(head: &ExamHead, packets: &[PacketProgress], lang: Lang) -> Value {
    json!({
        "id": head.id,
        "subject": head.subject,
        "subject_name": head.subject_name,
        "date": head.date.strftime("%d.%m.%Y").to_string(),
        "state": head.state,
        "state_name": words::exam_state(head.state, lang.texts()),
        "packets": packets.iter().map(progress_value).collect::<Vec<_>>(),
    })
}

fn progress_value(p: &PacketProgress) -> Value {
    let seconds = |at: Option<jiff::Timestamp>| at.map(jiff::Timestamp::as_second);
    json!({
        "id": p.packet,
        "name": format!("{}-{}", p.ppe, p.room),
        "ppe": p.ppe,
        "room": p.room,
        "declared": p.declared,
        "scanned": p.scanned,
        "waiting": p.received,
        "read": p.read,
        "set_aside": p.set_aside,
        "excluded": p.excluded,
        "doubtful": p.doubtful,
        "found": p.found,
        "raised": p.raised,
        "last": seconds(p.last),
        "oldest": seconds(p.oldest),
    })
}

fn watch_value(watch: &WatchState, lang: Lang) -> Value {
    let trouble = |t: &crate::piles::WatchTrouble| json!({ "file": t.file, "why": findings::watch_why(&t.why).in_lang(lang) });
    json!({
        "folder": watch.folder,
        "looked": watch.looked.map(jiff::Timestamp::as_second),
        "waiting": watch.waiting,
        "taken": watch.taken,
        "fault": watch.fault,
        "troubles": watch.troubles.iter().map(trouble).collect::<Vec<_>>(),
    })
}

/// One packet with its pages and what is wrong with their pictures.
#[utoipa::path(get, path = "/exams/{id}/packets/{packet}", params(("id" = uuid::Uuid, Path), ("packet" = uuid::Uuid, Path)), responses((status = 200, body = Object), Refusals))]
pub(crate) async fn packet_answer(
    State(state): State<AppState>,
    who: Signed,
    Path((exam, packet)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    who.must(Action::SeePackets)?;
    let view = state.backend().packet(id(&exam)?, id(&packet)?).await?;
    let looks = may(who.session.post, Action::SeeThumbnails);
    Ok(Json(packet_value(&view, looks, who.lang)))
}

fn packet_value(view: &PacketView, looks: bool, lang: Lang) -> Value {
    // Numbers of the pages that a finding is about.
    let mut about: BTreeMap<FindingKind, Vec<usize>> = BTreeMap::new();
    for (n, page) in view.pages.iter().enumerate().filter(|(_, page)| page.look.page.state == PageState::Read) {
        for finding in &page.look.findings {
            let pages = about.entry(finding.kind).or_default();
            if pages.last() != Some(&(n + 1)) {
                pages.push(n + 1);
            }
        }
    }
    let mut summary: Vec<(FindingKind, Vec<usize>)> = about.into_iter().collect();
    summary.sort_by_key(|(kind, pages)| (std::cmp::Reverse(findings::weight(*kind)), std::cmp::Reverse(pages.len())));
    let line = |(kind, pages): (FindingKind, Vec<usize>)| {
        json!({
            "kind": kind,
            "weight": findings::weight(kind).as_str(),
            "title": findings::title(kind).in_lang(lang),
            "advice": findings::advice(kind).in_lang(lang),
            "pages": pages,
        })
    };
    json!({
        "packet": progress_value(&view.packet),
        "state": view.exam.state,
        "rooms": view.rooms.iter().map(|r| words::room_trouble(*r, lang)).collect::<Vec<_>>(),
        "summary": summary.into_iter().map(line).collect::<Vec<_>>(),
        "pages": view.pages.iter().enumerate().map(|(n, page)| page_value(n + 1, page, looks, lang)).collect::<Vec<_>>(),
    })
}

fn page_value(number: usize, page: &PageView, looks: bool, lang: Lang) -> Value {
    let PageView { look, troubles } = page;
    let found = |f: &rcoi_model::Finding| {
        json!({
            "kind": f.kind,
            "weight": findings::weight(f.kind).as_str(),
            "title": findings::title(f.kind).in_lang(lang),
            "advice": findings::advice(f.kind).in_lang(lang),
            "figures": findings::figures(f),
        })
    };
    let heaviest = look.findings.iter().map(|f| findings::weight(f.kind)).max();
    let stops = look.page.state == PageState::SetAside || !troubles.is_empty();
    let weight = if stops { Some(Weight::Stops) } else { heaviest };
    let form = look.lies.as_ref().and_then(|lies| lies.form.as_ref());
    // Another address when the picture is another one, so that no browser shows the old one.
    let picture = look.lies.as_ref().filter(|_| looks).map(|lies| {
        let known = if lies.form.is_some() { "" } else { "u" };
        format!("/api/v1/pages/{}/thumbnail?v={}{known}", look.page.id, lies.quarter_turns)
    });
    json!({
        "id": look.page.id,
        "number": number,
        "source": shown(&SourceRef { file: look.page.source.clone(), index: look.page.index }),
        "state": look.page.state,
        "state_name": words::page_state(look.page.state, lang.texts()),
        "reason": look.page.reason.as_deref().map(|r| findings::reason(r).in_lang(lang).to_owned()),
        "form": form.map(|id| words::form(&id.0, lang)),
        "came": look.received_at.as_second(),
        "findings": look.findings.iter().map(found).collect::<Vec<_>>(),
        "troubles": troubles.iter().map(|t| words::sheet_trouble(*t, lang)).collect::<Vec<_>>(),
        "open_tasks": look.open_tasks,
        "weight": weight.map(Weight::as_str),
        "picture": picture,
    })
}

/// A picture of a page that is too small to read.
#[utoipa::path(get, path = "/pages/{id}/thumbnail", params(("id" = uuid::Uuid, Path)), responses((status = 200, content_type = "image/png", body = Vec<u8>), (status = 304), Refusals))]
pub(crate) async fn thumbnail(
    State(state): State<AppState>,
    Watching(who): Watching,
    Path(page): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    who.must(Action::SeeThumbnails)?;
    let known = headers.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok()).map(|tag| tag.trim_matches('"'));
    let shown = state.backend().thumbnail(id(&page)?, known).await?;
    let mut response = match shown.png {
        None => StatusCode::NOT_MODIFIED.into_response(),
        Some(png) => ([(header::CONTENT_TYPE, "image/png")], png.as_ref().clone()).into_response(),
    };
    // A browser may keep it, but asks each time whether this person still may see it.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", shown.tag)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}
