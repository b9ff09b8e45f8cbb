//! The reliability of confidences as files: CSV, JSON, a plot (SVG) and one HTML page with both.

use super::reliability::{Bin, Curve, EDGES, Reliability};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};

const STYLE: &str = "body{font:15px/1.4 system-ui,sans-serif;margin:2rem;max-width:70rem;color:#1b1f24}\
table{border-collapse:collapse;margin:1rem 0}td,th{border:1px solid #ccd3da;padding:.25rem .6rem;text-align:right;\
font-variant-numeric:tabular-nums}th:first-child,td:first-child{text-align:left}";
/// Colours of the groups in the plot.
const COLOURS: [&str; 6] = ["#1b1f24", "#0b6bcb", "#c2410c", "#15803d", "#7e22ce", "#a16207"];

/// Where the four files go: a folder, or a name whose ending is replaced.
pub(crate) fn names(out: &Path) -> [PathBuf; 4] {
    let endings = ["csv", "json", "svg", "html"];
    let as_name = out.extension().and_then(|e| e.to_str()).is_some_and(|e| endings.contains(&e));
    endings.map(|ending| if as_name { out.with_extension(ending) } else { out.join("reliability").with_extension(ending) })
}

/// The contents, in the order of [`names`].
pub(crate) fn contents(all: &Reliability, title: &str) -> [String; 4] {
    [csv(all), json(all).to_string(), svg(all), html(all, title)]
}

/// Range of a bin.
fn range(place: usize) -> (f32, f32) {
    (EDGES[place], EDGES.get(place + 1).copied().unwrap_or(1.0))
}

fn filled_bins(curve: &Curve) -> impl Iterator<Item = (usize, &Bin)> {
    curve.bins.iter().enumerate().filter(|(_, bin)| bin.fields > 0)
}

fn csv(all: &Reliability) -> String {
    let mut out = String::from("group,from,to,fields,confidence,right\n");
    for (name, curve) in &all.curves {
        for (place, bin) in filled_bins(curve) {
            let (from, to) = range(place);
            let _ = writeln!(out, "\"{name}\",{from},{to},{},{:.6},{:.6}", bin.fields, bin.confidence(), bin.accuracy());
        }
    }
    out
}

/// Every group with its expected calibration error.
pub(crate) fn json(all: &Reliability) -> Value {
    let groups = all.curves.iter().map(|(name, curve)| {
        let bins: Vec<Value> = filled_bins(curve)
            .map(|(place, bin)| {
                let (from, to) = range(place);
                json!({"from": from, "to": to, "fields": bin.fields, "confidence": bin.confidence(), "right": bin.accuracy()})
            })
            .collect();
        let whole = curve.all();
        (name.clone(), json!({"fields": whole.fields, "right": whole.accuracy(), "confidence": whole.confidence(), "ece": curve.error(), "bins": bins}))
    });
    Value::Object(groups.collect())
}

/// Groups that have a line in the plot: those with something written. Where nothing was written at all, every one.
fn plotted(all: &Reliability) -> Vec<(&str, &Curve)> {
    let wanted = |name: &str| name.ends_with("filled");
    let any = all.curves.keys().any(|name| wanted(name));
    all.curves.iter().filter(|(name, _)| !any || wanted(name)).map(|(name, curve)| (name.as_str(), curve)).collect()
}

/// Chances near 1 are what counts: both axes are stretched there (logit, cut at 0.02 and 0.9998).
fn stretched(p: f64) -> f64 {
    let logit = |p: f64| (p / (1.0 - p)).ln();
    let (low, high) = (logit(0.02), logit(0.9998));
    (logit(p.clamp(0.02, 0.9998)) - low) / (high - low)
}

fn svg(all: &Reliability) -> String {
    const SIDE: f64 = 520.0;
    const LEFT: f64 = 60.0;
    const TOP: f64 = 20.0;
    let place = |p: f64, q: f64| (LEFT + SIDE * stretched(p), TOP + SIDE * (1.0 - stretched(q)));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 840 {}\" font-family=\"system-ui,sans-serif\" font-size=\"13\">\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>",
        TOP + SIDE + 60.0
    );
    for tick in [0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 0.995, 0.999, 0.9998] {
        let (x, y) = place(tick, tick);
        let _ = write!(
            out,
            "<path d=\"M{LEFT} {y:.1}H{0}M{x:.1} {TOP}V{1}\" stroke=\"#e3e7eb\"/>\
             <text x=\"{2}\" y=\"{3:.1}\" text-anchor=\"end\">{tick}</text><text x=\"{x:.1}\" y=\"{4}\" text-anchor=\"middle\">{tick}</text>",
            LEFT + SIDE,
            TOP + SIDE,
            LEFT - 6.0,
            y + 4.0,
            TOP + SIDE + 18.0
        );
    }
    let ((x0, y0), (x1, y1)) = (place(0.0, 0.0), place(1.0, 1.0));
    let _ = write!(out, "<path d=\"M{x0:.1} {y0:.1}L{x1:.1} {y1:.1}\" stroke=\"#8b949e\" stroke-dasharray=\"5 4\"/>");
    for ((name, curve), (row, colour)) in plotted(all).into_iter().zip(COLOURS.iter().cycle().enumerate().map(|(n, c)| (n as f64, c))) {
        let points: Vec<(f64, f64, u64)> = filled_bins(curve)
            .map(|(_, bin)| {
                let (x, y) = place(bin.confidence(), bin.accuracy());
                (x, y, bin.fields)
            })
            .collect();
        let line: Vec<String> = points.iter().map(|(x, y, _)| format!("{x:.1} {y:.1}")).collect();
        let _ = write!(out, "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>", line.join("L"));
        for (x, y, fields) in points {
            let radius = 2.0 + (fields as f64).log10();
            let _ = write!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"{colour}\"/>");
        }
        let y = TOP + 16.0 + row * 20.0;
        let _ = write!(
            out,
            "<circle cx=\"{0}\" cy=\"{1}\" r=\"5\" fill=\"{colour}\"/><text x=\"{2}\" y=\"{y}\">{name}: ECE {3:.4}, {4}</text>",
            LEFT + SIDE + 18.0,
            y - 4.0,
            LEFT + SIDE + 30.0,
            curve.error(),
            curve.all().fields
        );
    }
    let _ = writeln!(
        out,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">confidence</text>\
         <text transform=\"translate(14 {}) rotate(-90)\" text-anchor=\"middle\">share that is right</text></svg>",
        LEFT + SIDE / 2.0,
        TOP + SIDE + 42.0,
        TOP + SIDE / 2.0
    );
    out
}

fn html(all: &Reliability, title: &str) -> String {
    let title = super::report::escape(title);
    let mut out = format!(
        "<!doctype html><html lang=\"ru\"><head><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>"
    );
    out.push_str("<table><tr><th>Группа</th><th>Полей</th><th>Верно</th><th>Средняя уверенность</th><th>ECE</th></tr>");
    for (name, curve) in &all.curves {
        let whole = curve.all();
        let _ = write!(
            out,
            "<tr><td>{name}</td><td>{}</td><td>{:.5}</td><td>{:.5}</td><td>{:.5}</td></tr>",
            whole.fields,
            whole.accuracy(),
            whole.confidence(),
            curve.error()
        );
    }
    out.push_str("</table>");
    out.push_str(svg(all).trim_end());
    out.push_str("<table><tr><th>Группа</th><th>Уверенность от</th><th>до</th><th>Полей</th><th>Средняя уверенность</th><th>Верно</th><th>Неверных</th></tr>");
    for (name, curve) in &all.curves {
        for (place, bin) in filled_bins(curve) {
            let (from, to) = range(place);
            let _ = write!(
                out,
                "<tr><td>{name}</td><td>{from}</td><td>{to}</td><td>{}</td><td>{:.5}</td><td>{:.5}</td><td>{}</td></tr>",
                bin.fields,
                bin.confidence(),
                bin.accuracy(),
                bin.fields - bin.right
            );
        }
    }
    out.push_str("</table></body></html>\n");
    out
}

/// A few lines for the terminal.
pub(crate) fn summary(all: &Reliability) -> String {
    let mut out = String::new();
    for (name, curve) in &all.curves {
        let whole = curve.all();
        let _ = writeln!(
            out,
            "уверенность, {name}: полей {}, верно {:.5}, средняя {:.5}, ECE {:.5}",
            whole.fields,
            whole.accuracy(),
            whole.confidence(),
            curve.error()
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{contents, names};
    use crate::eval::reliability::Reliability;
    use std::path::Path;

    #[test]
    fn the_four_files_agree_and_are_whole() {
        let mut all = Reliability::default();
        for n in 0..50 {
            all.add("cells", true, 0.97, n > 0);
            all.add("marks", n % 2 == 0, 1.0, true);
        }
        let [csv, json, svg, html] = contents(&all, "a < b");
        assert!(csv.contains("\"cells, filled\",0.95,0.98,50,0.970000,0.980000"), "{csv}");
        let json: serde_json::Value = serde_json::from_str(&json).expect("json");
        assert!((json["cells"]["ece"].as_f64().expect("a number") - 0.01).abs() < 1e-6, "{json}");
        let mut reader = quick_xml::Reader::from_str(&svg);
        while reader.read_event().expect("whole xml") != quick_xml::events::Event::Eof {}
        assert!(html.contains("<svg") && html.contains("a &lt; b") && html.contains("0.01000"));
    }

    #[test]
    fn a_name_with_an_ending_names_the_files_and_a_folder_holds_them() {
        assert_eq!(names(Path::new("out/x.html"))[2], Path::new("out/x.svg"));
        assert_eq!(names(Path::new("out/2026.11"))[0], Path::new("out/2026.11/reliability.csv"));
    }
}
