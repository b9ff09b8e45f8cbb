//! Pages of the head: exams with their clock, what blocks closing, packages, packets.

use crate::AppState;
use crate::backend::{BackendError, Block, ExamCard, ExamDetails, OpenRow, PackageRow, PacketRow, SourceRef};
use crate::error::Problem;
use crate::pages::{Frame, Page, PageProblem, render};
use crate::request::{SignedForm, Visitor};
use crate::roles::{Action, Post, may};
use crate::said::Said;
use crate::text::{Lang, Text};
use crate::words;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use rcoi_model::{ExamId, ExamState, Role, TaskSubject};
use rcoi_rules::BlockKind;
use serde::Deserialize;

/// Open tasks listed on one page: more than a screen is nothing to read.
const LISTED: u32 = 200;

struct ExamLine {
    card: ExamCard,
    state: &'static str,
    hours_left: i64,
    ends: i64,
    clock: String,
}

impl ExamLine {
    fn of(card: ExamCard, state: &AppState, t: &'static Text) -> Self {
        let hours_left = state.hours_left(card.date, card.limit_days);
        let ends = state.ends(card.date, card.limit_days);
        Self { state: words::exam_state(card.state, t), hours_left, ends, clock: clock(hours_left, t), card }
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

    fn is_open(&self) -> bool {
        self.card.state == ExamState::Open
    }

    /// Verified sheets in percent of those that were declared or came, whichever is more.
    fn percent(&self) -> u64 {
        percent(self.card.verified, self.card.declared.max(self.card.scanned))
    }
}

fn percent(done: u64, of: u64) -> u64 {
    (done * 100).checked_div(of).unwrap_or(0).min(100)
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

/// A size for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..=1023 => format!("{bytes} B"),
        1024..=1_048_575 => format!("{} KiB", bytes / 1024),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

#[derive(Template)]
#[template(path = "exams.html")]
struct ExamsPage {
    t: &'static Text,
    frame: Frame,
    exams: Vec<ExamLine>,
}

/// A line of the list that blocks closing, with where to go.
struct BlockLine {
    text: String,
    who: &'static str,
    /// Where this person can settle it, or at least see it.
    links: Vec<(String, &'static str)>,
}

impl BlockLine {
    fn of(block: &Block, exam: ExamId, post: Post, lang: Lang) -> Self {
        let t = lang.texts();
        let mut links = Vec::new();
        let mut link = |allowed: bool, href: String, label| {
            if allowed {
                links.push((href, label));
            }
        };
        let persons = block.kind == BlockKind::Persons;
        match block.station {
            Some(Role::Verifier | Role::Senior) if persons => {
                let station = if block.station == Some(Role::Senior) { "senior" } else { "verifier" };
                link(may(post, Action::SettlePersons), "/persons".into(), t.go_settle);
                link(true, format!("/exams/{exam}/open/{station}"), t.go_list);
            }
            Some(Role::Verifier) => {
                link(may(post, Action::VerifyFields), "/verify".into(), t.go_settle);
                link(true, format!("/exams/{exam}/open/verifier"), t.go_list);
            }
            Some(Role::Senior) => {
                link(may(post, Action::SettleTroubles), "/senior".into(), t.go_settle);
                link(true, format!("/exams/{exam}/open/senior"), t.go_list);
            }
            Some(Role::Operator) => link(may(post, Action::SeePackets), "/operator".into(), t.go_packets),
            Some(Role::Head | Role::Admin) | None => {}
        }
        let text = words::block(block.kind, block.count, block.station).in_lang(lang).to_owned();
        Self { text, who: block.station.map_or("", |role| words::role(role, t)), links }
    }
}

#[derive(Template)]
#[template(path = "exam.html")]
struct ExamPage {
    t: &'static Text,
    frame: Frame,
    csrf: String,
    texts: String,
    line: ExamLine,
    packets: Vec<PacketRow>,
    blocks: Vec<BlockLine>,
    packages: Vec<PackageRow>,
    building: Option<u64>,
    is_head: bool,
    may_raise: bool,
    may_reconcile: bool,
    may_download: bool,
}

impl ExamPage {
    fn size_of(&self, package: &PackageRow) -> String {
        size(package.bytes)
    }

    fn may_close(&self) -> bool {
        self.line.is_open() && self.blocks.is_empty()
    }
}

#[derive(Template)]
#[template(path = "open.html")]
struct OpenPage {
    t: &'static Text,
    frame: Frame,
    line: ExamLine,
    station: &'static str,
    rows: Vec<OpenLine>,
    most: u32,
    may_settle: bool,
}

impl OpenPage {
    fn is_full(&self) -> bool {
        self.rows.len() >= self.most as usize
    }
}

struct OpenLine {
    row: OpenRow,
    about: String,
}

impl OpenLine {
    fn file(&self) -> String {
        self.row.source.as_ref().map(shown).unwrap_or_default()
    }

    /// Where the senior settles it.
    fn href(&self) -> String {
        match self.row.task.subject {
            TaskSubject::Person { .. } => "/persons".to_owned(),
            _ => format!("/senior#{}", self.row.task.id),
        }
    }
}

pub(crate) fn shown(source: &SourceRef) -> String {
    format!("{} · {}", source.file, source.index + 1)
}

pub(crate) async fn exams(State(state): State<AppState>, who: Visitor) -> Page {
    who.must(Action::SeeExams)?;
    let t = who.texts();
    let exams = state.backend().exams().await.map_err(|e| who.shown(e))?;
    let exams = exams.into_iter().map(|card| ExamLine::of(card, &state, t)).collect();
    Ok(render(&ExamsPage { t, frame: Frame::of(&who, "/exams"), exams }))
}

fn exam_id(text: &str, who: &Visitor) -> Result<ExamId, PageProblem> {
    text.parse().map_err(|_| who.shown(Problem::not_found()))
}

pub(crate) async fn exam(State(state): State<AppState>, who: Visitor, Path(id): Path<String>) -> Page {
    who.must(Action::SeeExams)?;
    let (t, post) = (who.texts(), who.session.post);
    let exam = exam_id(&id, &who)?;
    let ExamDetails { card, packets, blocks, packages } = match state.backend().exam(exam).await {
        // Nothing can be told of the exam, but its policy's page says why and leads back.
        Err(BackendError::UnknownPolicy) => return Ok(Redirect::to(&format!("/exams/{exam}/policy")).into_response()),
        details => details.map_err(|e| who.shown(e))?,
    };
    Ok(render(&ExamPage {
        t,
        frame: Frame::of(&who, "/exams"),
        csrf: who.session.csrf.clone(),
        texts: t.for_scripts(),
        is_head: may(post, Action::CloseExam),
        may_raise: may(post, Action::RaisePacket) && card.state == ExamState::Open,
        may_reconcile: may(post, Action::Reconcile),
        may_download: may(post, Action::DownloadPackage),
        building: state.building(card.id),
        blocks: blocks.iter().map(|block| BlockLine::of(block, card.id, post, who.look.lang)).collect(),
        line: ExamLine::of(card, &state, t),
        packets,
        packages,
    }))
}

/// The open tasks of a station: what and where, and who has it in hand.
pub(crate) async fn open(State(state): State<AppState>, who: Visitor, Path((id, station)): Path<(String, String)>) -> Page {
    who.must(Action::SeeExams)?;
    let station = Role::parse(&station).filter(|role| matches!(role, Role::Verifier | Role::Senior));
    let station = station.ok_or_else(|| who.shown(Problem::not_found()))?;
    let (t, lang) = (who.texts(), who.look.lang);
    let exam = exam_id(&id, &who)?;
    let card = state.backend().exam(exam).await.map_err(|e| who.shown(e))?.card;
    let rows = state.backend().open(exam, station, LISTED).await.map_err(|e| who.shown(e))?;
    Ok(render(&OpenPage {
        t,
        frame: Frame::of(&who, "/exams"),
        line: ExamLine::of(card, &state, t),
        station: words::role(station, t),
        rows: rows.into_iter().map(|row| OpenLine { about: words::subject(&row.task.subject, lang), row }).collect(),
        most: LISTED,
        may_settle: station == Role::Senior && may(who.session.post, Action::SettleTroubles),
    }))
}

#[derive(Deserialize)]
pub(crate) struct ExamAct {
    act: String,
    /// Of the acts about a packet.
    packet: Option<String>,
}

pub(crate) async fn exam_act(State(state): State<AppState>, Path(id): Path<String>, sent: SignedForm<ExamAct>) -> Page {
    let SignedForm { who, form } = sent;
    let exam = exam_id(&id, &who)?;
    let done = match form.act.as_str() {
        "reconcile" => state.backend().reconcile(who.must(Action::Reconcile)?, exam).await,
        "raise" | "lower" => {
            let actor = who.must(Action::RaisePacket)?;
            let packet = form.packet.as_deref().and_then(|id| id.parse().ok()).ok_or_else(|| who.shown(Problem::not_found()))?;
            state.backend().raise(actor, exam, packet, form.act == "raise").await
        }
        "close" => state.backend().close(who.must(Action::CloseExam)?, exam).await,
        "package" => state.package(who.must(Action::BuildPackage)?, exam).await,
        other => return Err(who.shown(Problem::bad(Said::text(|t| t.no_act).with("name", other)))),
    };
    done.map_err(|e| who.shown(e))?;
    Ok(Redirect::to(&format!("/exams/{exam}")).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_never_more_than_the_whole_and_nothing_of_nothing_is_nothing() {
        assert_eq!((percent(1, 3), percent(5, 3), percent(0, 0)), (33, 100, 0));
    }

    #[test]
    fn the_clock_counts_days_hours_and_says_when_it_is_over() {
        let t = Lang::En.texts();
        assert_eq!([clock(50, t), clock(5, t), clock(0, t)], ["2 d 2 h".to_owned(), "5 h".to_owned(), t.overdue.to_owned()]);
    }
}
