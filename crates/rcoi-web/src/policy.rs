//! Which readings of an exam people must see: the head changes the table and sees at once what it would cost.
//!
//! | call | who | in | out |
//! |---|---|---|---|
//! | `GET exams/{id}/policy` | senior, head, auditor | | `{table, own, pending, open, changed}` |
//! | `POST exams/{id}/policy/preview` | head | `{table}` | `{looked_at, pages, now, then, hours: {now, then}}` |
//! | `PUT exams/{id}/policy` | head | `{table}`; `{table: null}` = the installation's | as `GET` |
//!
//! A table that a newer program wrote is `null` in `GET`, and the page offers the way back to the installation's.

use crate::AppState;
use crate::api::id;
use crate::backend::PolicyView;
use crate::error::Problem;
use crate::openapi::Refusals;
use crate::pages::{Frame, Page, render};
use crate::request::{Body, Signed, SignedForm, Visitor};
use crate::roles::{Action, may};
use crate::text::{Lang, Text};
use crate::words;
use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use rcoi_model::{ExamId, Role};
use rcoi_pipeline::Preview;
use rcoi_rules::{PolicyTable, See};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// The verification policy of an exam.
#[utoipa::path(get, path = "/exams/{id}/policy", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = PolicyView), Refusals))]
pub(crate) async fn answer(State(state): State<AppState>, who: Signed, Path(exam): Path<String>) -> Result<Json<PolicyView>, Problem> {
    who.must(Action::SeeExams)?;
    Ok(Json(state.backend().policy(id(&exam)?).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewBody {
    #[schema(value_type = Object)]
    table: PolicyTable,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct PreviewAnswer {
    #[serde(flatten)]
    #[schema(value_type = Object)]
    preview: Preview,
    hours: Hours,
}

/// Person-hours for the whole exam.
#[derive(Serialize, ToSchema)]
pub(crate) struct Hours {
    now: f64,
    then: f64,
}

/// What another policy would ask of people.
#[utoipa::path(post, path = "/exams/{id}/policy/preview", request_body = PreviewBody, params(("id" = uuid::Uuid, Path)), responses((status = 200, body = PreviewAnswer), Refusals))]
pub(crate) async fn preview(
    State(state): State<AppState>,
    who: Signed,
    Path(exam): Path<String>,
    Body(body): Body<PreviewBody>,
) -> Result<Json<PreviewAnswer>, Problem> {
    who.must(Action::SetPolicy)?;
    let preview = state.backend().preview(id(&exam)?, body.table).await?;
    let hours = Hours { now: preview.hours(&preview.now), then: preview.hours(&preview.then) };
    Ok(Json(PreviewAnswer { preview, hours }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyBody {
    #[schema(value_type = Option<Object>)]
    #[serde(deserialize_with = "given")]
    table: Option<PolicyTable>,
}

/// A body that forgets the table is no wish to reset it.
fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PolicyTable>, D::Error> {
    Option::deserialize(from)
}

/// Sets the policy of an open exam; `table: null` = the installation's.
#[utoipa::path(put, path = "/exams/{id}/policy", request_body = PolicyBody, params(("id" = uuid::Uuid, Path)), responses((status = 200, body = PolicyView), Refusals))]
pub(crate) async fn store(
    State(state): State<AppState>,
    who: Signed,
    Path(exam): Path<String>,
    Body(body): Body<PolicyBody>,
) -> Result<Json<PolicyView>, Problem> {
    let (actor, exam) = (who.must(Action::SetPolicy)?, id(&exam)?);
    state.backend().set_policy(actor, exam, body.table).await?;
    Ok(Json(state.backend().policy(exam).await?))
}

/// One row of the page's table.
struct Line {
    /// `default`, `class` or `field`, and its place among them.
    kind: &'static str,
    at: usize,
    name: String,
    see: See,
    /// As a number input takes it.
    threshold: String,
    senior: bool,
    double: bool,
    symbols: bool,
    /// Only what cells hold can be judged character by character, and only named rows.
    named: bool,
}

#[derive(Template)]
#[template(path = "policy.html")]
struct PolicyPage {
    t: &'static Text,
    frame: Frame,
    csrf: String,
    texts: String,
    exam: ExamId,
    name: String,
    view: PolicyView,
    rules: PolicyTable,
    /// The table as JSON that is safe inside HTML.
    table: String,
    lines: Vec<Line>,
    /// May this person change it now?
    editable: bool,
}

impl PolicyPage {
    fn sees(&self) -> [See; 6] {
        See::ALL
    }

    fn word(&self, see: &See) -> &'static str {
        words::see(*see, self.t)
    }

    /// A share as percent, for an input.
    fn percent(&self, share: &f64) -> String {
        number(share * 100.0)
    }

    fn number(&self, number_: &f64) -> String {
        number(*number_)
    }

    fn moment(&self, at: &str) -> String {
        moment(at)
    }
}

/// A policy that a newer program set: what that means, and the way back.
#[derive(Template)]
#[template(path = "policy_unknown.html")]
struct UnknownPage {
    t: &'static Text,
    frame: Frame,
    csrf: String,
    exam: ExamId,
    name: String,
    view: PolicyView,
    editable: bool,
}

impl UnknownPage {
    fn moment(&self, at: &str) -> String {
        moment(at)
    }
}

/// The day and minute of the last change.
fn moment(at: &str) -> String {
    at.get(..16).unwrap_or(at).replace('T', " ")
}

/// At most six digits behind the point, none that say nothing.
fn number(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn lines(table: &PolicyTable, lang: Lang, t: &'static Text) -> Vec<Line> {
    let head = table.default;
    let mut lines = Vec::new();
    for (kind, rows) in [("class", &table.class), ("field", &table.field)] {
        lines.extend(rows.iter().enumerate().map(|(at, row)| Line {
            kind,
            at,
            name: words::class(&row.name, lang),
            see: row.see,
            threshold: number(f64::from(row.threshold.unwrap_or(head.threshold))),
            senior: row.station.unwrap_or(head.station) == Role::Senior,
            double: row.double,
            symbols: row.symbols,
            named: true,
        }));
    }
    lines.push(Line {
        kind: "default",
        at: 0,
        name: t.policy_default.to_owned(),
        see: head.see,
        threshold: number(f64::from(head.threshold)),
        senior: head.station == Role::Senior,
        double: false,
        symbols: false,
        named: false,
    });
    lines
}

pub(crate) async fn page(State(state): State<AppState>, who: Visitor, Path(exam): Path<String>) -> Page {
    who.must(Action::SeeExams)?;
    let exam = id(&exam).map_err(|e| who.shown(e))?;
    let view = state.backend().policy(exam).await.map_err(|e| who.shown(e))?;
    let cards = state.backend().exams().await.map_err(|e| who.shown(e))?;
    let name = cards.into_iter().find(|c| c.id == exam).map(|c| c.subject_name).ok_or_else(|| who.shown(Problem::not_found()))?;
    let (t, frame, csrf) = (who.texts(), Frame::of(&who, "/exams"), who.session.csrf.clone());
    let editable = view.open && may(who.session.post, Action::SetPolicy);
    let Some(rules) = view.table.clone() else {
        return Ok(render(&UnknownPage { t, frame, csrf, exam, name, view, editable }));
    };
    let table = serde_json::to_string(&rules).map_err(|_| who.shown(Problem::internal()))?.replace('<', "\\u003c");
    Ok(render(&PolicyPage {
        t,
        frame,
        csrf,
        texts: t.for_scripts(),
        exam,
        name,
        lines: lines(&rules, who.look.lang, t),
        editable,
        table,
        rules,
        view,
    }))
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

/// The button of the page of a policy that is not understood: the installation's policy holds again.
pub(crate) async fn back(State(state): State<AppState>, Path(exam): Path<String>, sent: SignedForm<Nothing>) -> Page {
    let who = sent.who;
    let (actor, exam) = (who.must(Action::SetPolicy)?, id(&exam).map_err(|e| who.shown(e))?);
    state.backend().set_policy(actor, exam, None).await.map_err(|e| who.shown(e))?;
    Ok(Redirect::to(&format!("/exams/{exam}/policy")).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcoi_rules::policy::DEFAULT_POLICY;

    #[test]
    fn a_number_is_written_as_people_write_it() {
        assert_eq!([number(0.98), number(f64::from(0.97_f32)), number(2.0), number(0.02)], ["0.98", "0.97", "2", "0.02"]);
    }

    #[test]
    fn every_class_of_the_shipped_policy_has_a_name() {
        let table = PolicyTable::parse(DEFAULT_POLICY).unwrap();
        for row in table.class.iter().chain(&table.field) {
            assert!(words::class(&row.name, Lang::Ru).chars().any(|c| matches!(c, 'а'..='я')), "{}", row.name);
        }
        assert_eq!(lines(&table, Lang::Ru, Lang::Ru.texts()).len(), table.class.len() + table.field.len() + 1);
    }
}
