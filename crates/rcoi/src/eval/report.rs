//! The report for people: a few lines for the terminal and one HTML file that needs nothing else.

use super::Evaluation;
use super::compare::{Counts, FieldScore, Outcome, PageScore};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write;

/// Mismatches with pictures beyond this are only counted: a browser must open the file.
const MAX_ROWS: usize = 2_000;

const STYLE: &str = "body{font:15px/1.4 system-ui,sans-serif;margin:2rem;max-width:76rem;color:#1b1f24}\
h1{font-size:1.5rem}table{border-collapse:collapse;margin:1rem 0}td,th{border:1px solid #ccd3da;padding:.3rem .6rem;text-align:left;vertical-align:top}\
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.sure{background:#fdecea}.doubt{background:#fff7e0}\
code{font:14px ui-monospace,monospace;white-space:pre-wrap}img{max-width:44rem;border:1px solid #ccd3da}.warn{color:#a3261d}";

/// A few lines for the terminal.
pub(crate) fn summary(evaluation: &Evaluation) -> String {
    let t = evaluation.totals();
    let unread = evaluation.pages.iter().filter(|p| p.template.is_none()).count();
    let mut out = format!(
        "страниц {}, не прочитано {unread}; полей {}\nверно {} ({}), неверно без сомнения {} ({}), под сомнением {} ({}): из них верно {}, неверно {}; не прочитано {}\n",
        evaluation.pages.len(),
        t.fields(),
        t.right,
        share(t.right, t),
        t.wrong_sure,
        share(t.wrong_sure, t),
        t.doubtful(),
        share(t.doubtful(), t),
        t.doubtful_right,
        t.doubtful_wrong,
        t.not_read,
    );
    let b = evaluation.boxes();
    if b.fields() > 0 {
        let _ = writeln!(
            out,
            "клеток для отметок {}: верно {} ({}), неверно без сомнения {} ({}), под сомнением {} ({}); не прочитано {}",
            b.fields(),
            b.right,
            share(b.right, b),
            b.wrong_sure,
            share(b.wrong_sure, b),
            b.doubtful(),
            share(b.doubtful(), b),
            b.not_read,
        );
    }
    let unknown = evaluation.unknown_columns();
    if !unknown.is_empty() {
        let _ = writeln!(out, "нет таких полей ни в одном шаблоне: {}", unknown.into_iter().collect::<Vec<_>>().join(", "));
    }
    out
}

fn share(part: u64, all: Counts) -> String {
    match all.fields() {
        0 => "—".to_owned(),
        fields => format!("{:.2} %", part as f64 * 100.0 / fields as f64),
    }
}

/// The whole page. Pictures are inside as base64 PNG.
pub(crate) fn html(evaluation: &Evaluation, title: &str) -> String {
    let mut out = format!(
        "<!doctype html><html lang=\"ru\"><head><meta charset=\"utf-8\"><title>{0}</title><style>{STYLE}</style></head><body><h1>{0}</h1>",
        escape(title)
    );
    let unknown = evaluation.unknown_columns();
    if !unknown.is_empty() {
        let names: Vec<String> = unknown.into_iter().map(|n| format!("<code>{}</code>", escape(n))).collect();
        let _ = write!(out, "<p class=\"warn\">Столбцы, которых нет ни в одном шаблоне (не сравнивались): {}</p>", names.join(", "));
    }
    counts_table(&mut out, evaluation);
    pages_table(&mut out, evaluation);

    let all = || evaluation.pages.iter().flat_map(|p| p.fields.iter().map(move |f| (p, f)));
    for (outcome, heading, class) in
        [(Outcome::WrongSure, "Неверно без сомнения", "sure"), (Outcome::DoubtfulWrong, "Под сомнением, прочитано неверно", "doubt")]
    {
        let rows: Vec<_> = all().filter(|(_, f)| f.outcome == outcome).collect();
        let _ = write!(out, "<h2>{heading}: {}</h2>", rows.len());
        if rows.is_empty() {
            continue;
        }
        out.push_str(
            "<table><tr><th>Страница</th><th>Поле</th><th>На самом деле</th><th>Прочитано</th><th>Уверенность</th><th>Снимок</th></tr>",
        );
        for (page, field) in rows.iter().take(MAX_ROWS) {
            mismatch(&mut out, page, field, class);
        }
        out.push_str("</table>");
        if rows.len() > MAX_ROWS {
            let _ = write!(out, "<p>Показаны первые {MAX_ROWS}.</p>");
        }
    }
    out.push_str("</body></html>\n");
    out
}

fn counts_table(out: &mut String, evaluation: &Evaluation) {
    out.push_str("<table><tr><th>Класс полей</th><th class=\"n\">Полей</th><th class=\"n\">Верно</th><th class=\"n\">Неверно без сомнения</th><th class=\"n\">Под сомнением</th><th class=\"n\">из них верно</th><th class=\"n\">из них неверно</th><th class=\"n\">Не прочитано</th></tr>");
    let mut row = |name: &str, c: Counts| {
        let _ = write!(
            out,
            "<tr><th>{}</th><td class=\"n\">{}</td><td class=\"n\">{} ({})</td><td class=\"n\">{} ({})</td><td class=\"n\">{} ({})</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            escape(name),
            c.fields(),
            c.right,
            share(c.right, c),
            c.wrong_sure,
            share(c.wrong_sure, c),
            c.doubtful(),
            share(c.doubtful(), c),
            c.doubtful_right,
            c.doubtful_wrong,
            c.not_read
        );
    };
    row("все", evaluation.totals());
    for (class, counts) in evaluation.by_class() {
        row(if class.is_empty() { "(страница не прочитана)" } else { class }, counts);
    }
    out.push_str("</table>");
}

fn pages_table(out: &mut String, evaluation: &Evaluation) {
    out.push_str("<table><tr><th>Страница</th><th>Форма</th><th class=\"n\">Верно</th><th class=\"n\">Неверно без сомнения</th><th class=\"n\">Под сомнением</th><th class=\"n\">Не прочитано</th></tr>");
    for page in &evaluation.pages {
        let c = page.fields.iter().fold(Counts::default(), Counts::with);
        let form = match (&page.template, &page.failure) {
            (Some(template), _) => escape(template),
            (None, Some(why)) => format!("<span class=\"warn\">{}</span>", escape(why)),
            (None, None) => "—".to_owned(),
        };
        let _ = write!(
            out,
            "<tr><td>{}</td><td>{form}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            label(page),
            c.right,
            c.wrong_sure,
            c.doubtful(),
            c.not_read
        );
    }
    out.push_str("</table>");
}

fn mismatch(out: &mut String, page: &PageScore, field: &FieldScore, class: &str) {
    let picture = field.picture.as_ref().map_or_else(String::new, |png| {
        format!("<img alt=\"{}\" src=\"data:image/png;base64,{}\">", escape(&field.name), STANDARD.encode(png))
    });
    let _ = write!(
        out,
        "<tr class=\"{class}\"><td>{}</td><td>{}</td><td><code>{}</code></td><td><code>{}</code></td><td class=\"n\">{:.3}<br>{}</td><td>{picture}</td></tr>",
        label(page),
        escape(&field.name),
        shown(&field.expected),
        shown(&field.value),
        field.confidence,
        escape(&field.doubts.join(", ")),
    );
}

fn label(page: &PageScore) -> String {
    match page.index {
        0 => escape(&page.image),
        index => format!("{}, стр. {}", escape(&page.image), index + 1),
    }
}

fn shown(value: &str) -> String {
    if value.is_empty() { "∅".to_owned() } else { escape(value) }
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
