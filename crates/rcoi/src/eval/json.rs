//! The scores as one JSON document, for programs.

use super::Evaluation;
use super::compare::{Counts, FieldScore, Outcome, PageScore};
use serde_json::{Value, json};

/// Counts in all, by class and by page; fields, boxes and characters; and every field that did not come out right.
pub(crate) fn json(evaluation: &Evaluation) -> Value {
    let classes: serde_json::Map<String, Value> =
        evaluation.by_class().into_iter().map(|(class, c)| (class.to_owned(), counts(&c))).collect();
    json!({
        "pages": evaluation.pages.iter().map(page).collect::<Vec<_>>(),
        "classes": classes,
        "fields": counts(&evaluation.totals()),
        "boxes": counts(&evaluation.boxes()),
        "characters": counts(&evaluation.characters()),
        "unknown_columns": evaluation.unknown_columns(),
    })
}

fn counts(c: &Counts) -> Value {
    json!({
        "total": c.fields(),
        "right": c.right,
        "silently_wrong": c.wrong_sure,
        "doubtful_right": c.doubtful_right,
        "doubtful_wrong": c.doubtful_wrong,
        "not_read": c.not_read,
    })
}

fn page(page: &PageScore) -> Value {
    let fields = page.fields.iter().fold(Counts::default(), Counts::with);
    json!({
        "image": page.image,
        "page": page.index + 1,
        "template": page.template,
        "failure": page.failure,
        "fields": counts(&fields),
        "boxes": counts(&page.boxes),
        "characters": counts(&page.characters),
        "not_right": page.fields.iter().filter(|f| f.outcome != Outcome::Right).map(field).collect::<Vec<_>>(),
    })
}

fn field(field: &FieldScore) -> Value {
    let outcome = match field.outcome {
        Outcome::Right => "right",
        Outcome::WrongSure => "silently-wrong",
        Outcome::DoubtfulRight => "doubtful-right",
        Outcome::DoubtfulWrong => "doubtful-wrong",
        Outcome::NotRead => "not-read",
    };
    json!({
        "name": field.name,
        "class": field.class,
        "outcome": outcome,
        "truth": field.expected,
        "reading": field.value,
        "confidence": field.confidence,
        "doubts": field.doubts,
    })
}
