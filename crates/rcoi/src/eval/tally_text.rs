//! The tally of drawn exams as text for the terminal and as JSON.

use super::reliability_files;
use super::tally::{Group, Tally};
use serde_json::{Value, json};
use std::fmt::Write;

fn per_cent(part: u64, all: u64) -> String {
    if all == 0 { "—".to_owned() } else { format!("{:.2} %", part as f64 * 100.0 / all as f64) }
}

fn row(out: &mut String, name: &str, pages: Option<u64>, g: &Group) {
    let pages = pages.map_or_else(String::new, |n| n.to_string());
    let _ = writeln!(
        out,
        "{name:<24} | {pages:>5} | {:>7} | {:>7} | {:>6} | {:>6} {:>8} | {:>8}",
        g.fields,
        g.filled,
        g.silent,
        g.shown_filled,
        per_cent(g.shown_filled, g.filled),
        per_cent(g.shown_right, g.shown)
    );
}

/// Tables by class, by defect and by cause; then how far confidences can be trusted.
pub(crate) fn text(tally: &Tally) -> String {
    let mut out = format!(
        "{:<24} | {:>5} | {:>7} | {:>7} | {:>6} | {:>15} | {:>8}\n{}\n",
        "class",
        "pages",
        "fields",
        "filled",
        "silent",
        "shown of filled",
        "in vain",
        "-".repeat(92)
    );
    row(&mut out, "all", Some(tally.pages), &tally.all);
    for (class, group) in &tally.classes {
        row(&mut out, if class.is_empty() { "(page not read)" } else { class }, None, group);
    }
    let _ = writeln!(out, "\nby defect");
    for (defect, (pages, group)) in &tally.defects {
        row(&mut out, defect, Some(*pages), group);
    }
    let _ = writeln!(out, "\nshown, by class and cause (right among them)");
    let mut causes: Vec<_> = tally.causes.iter().collect();
    causes.sort_by_key(|(name, (count, _))| (std::cmp::Reverse(*count), name.to_owned()));
    for ((class, cause), (count, right)) in causes {
        let _ = writeln!(out, "{count:>6} ({right:>6})  {class}: {cause}");
    }
    let _ = writeln!(out, "\npages not read: {}", tally.unread);
    out.push_str(&reliability_files::summary(&tally.reliability));
    for named in &tally.named {
        let field = &named.field;
        let _ = writeln!(
            out,
            "{} {} {} truth \"{}\" read \"{}\" {:.4} [{}] {}",
            named.cause.as_deref().unwrap_or("SILENT"),
            named.page,
            field.name,
            field.expected,
            field.value,
            field.confidence,
            field.doubts.join(", "),
            named.defects.join(", ")
        );
    }
    out
}

fn group(g: &Group) -> Value {
    json!({
        "fields": g.fields, "filled": g.filled, "right": g.right, "silently_wrong": g.silent,
        "shown": g.shown, "shown_filled": g.shown_filled, "shown_right": g.shown_right,
    })
}

pub(crate) fn json(tally: &Tally) -> Value {
    let classes: serde_json::Map<String, Value> = tally.classes.iter().map(|(name, g)| (name.clone(), group(g))).collect();
    let defects: serde_json::Map<String, Value> =
        tally.defects.iter().map(|(name, (pages, g))| ((*name).to_owned(), json!({"pages": pages, "counts": group(g)}))).collect();
    let causes: Vec<Value> = tally
        .causes
        .iter()
        .map(|((class, cause), (count, right))| json!({"class": class, "cause": cause, "shown": count, "right": right}))
        .collect();
    json!({
        "pages": tally.pages, "not_read": tally.unread, "all": group(&tally.all), "classes": classes, "defects": defects,
        "causes": causes, "calibration": reliability_files::json(&tally.reliability),
    })
}
