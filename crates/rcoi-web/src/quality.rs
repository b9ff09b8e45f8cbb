//! How good an exam is: the remaining error rate out of the blind sample, and each verifier's rate. No picture, no value.

use crate::AppState;
use crate::api::id;
use crate::backend::QualityRows;
use crate::error::Problem;
use crate::openapi::Refusals;
use crate::pages::{Frame, Page, render};
use crate::request::{Signed, Visitor};
use crate::roles::Action;
use crate::text::{Lang, Text};
use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use rcoi_model::ExamId;
use rcoi_rules::Rate;

/// The remaining error rate of an exam, and the rate of each verifier.
#[utoipa::path(get, path = "/exams/{id}/quality", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = QualityRows), Refusals))]
pub(crate) async fn answer(State(state): State<AppState>, who: Signed, Path(exam): Path<String>) -> Result<Json<QualityRows>, Problem> {
    who.must(Action::SeeExams)?;
    Ok(Json(state.backend().quality(id(&exam)?).await?))
}

#[derive(Template)]
#[template(path = "quality.html")]
struct QualityPage {
    t: &'static Text,
    frame: Frame,
    exam: ExamId,
    name: String,
    quality: QualityRows,
    lang: Lang,
}

impl QualityPage {
    fn share(&self, share: f64) -> String {
        percent(share, self.lang)
    }

    /// `0.08 % (0.002–0.47 %)`.
    fn rate(&self, rate: &Rate) -> String {
        with_interval(rate, self.lang)
    }
}

/// A share in percent with two significant digits, as the language writes it.
pub(crate) fn percent(share: f64, lang: Lang) -> String {
    let percent = share * 100.0;
    let digits = match percent {
        p if p == 0.0 || p >= 10.0 => 0,
        p if p >= 1.0 => 1,
        p if p >= 0.1 => 2,
        _ => 3,
    };
    let text = format!("{percent:.digits$} %");
    if lang == Lang::Ru { text.replace('.', ",") } else { text }
}

pub(crate) fn with_interval(rate: &Rate, lang: Lang) -> String {
    if rate.shown == 0 {
        return "—".to_owned();
    }
    format!("{} ({} – {})", percent(rate.rate, lang), percent(rate.low, lang), percent(rate.high, lang))
}

pub(crate) async fn page(State(state): State<AppState>, who: Visitor, Path(exam): Path<String>) -> Page {
    who.must(Action::SeeExams)?;
    let exam = id(&exam).map_err(|e| who.shown(e))?;
    let quality = state.backend().quality(exam).await.map_err(|e| who.shown(e))?;
    let cards = state.backend().exams().await.map_err(|e| who.shown(e))?;
    let name = cards.into_iter().find(|c| c.id == exam).map(|c| c.subject_name).ok_or_else(|| who.shown(Problem::not_found()))?;
    Ok(render(&QualityPage { t: who.texts(), frame: Frame::of(&who, "/exams"), exam, name, quality, lang: who.look.lang }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_written_as_its_size_asks_for() {
        let ru = |share| percent(share, Lang::Ru);
        assert_eq!([ru(0.0), ru(0.25), ru(0.034), ru(0.0021), ru(0.000_47)], ["0 %", "25 %", "3,4 %", "0,21 %", "0,047 %"]);
        assert_eq!(with_interval(&Rate::of(0, 0), Lang::En), "—");
        assert_eq!(with_interval(&Rate::of(100, 5), Lang::En), "5.0 % (1.6 % – 11 %)");
    }
}
