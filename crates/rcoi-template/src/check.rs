//! What must hold between the parts of a template once each part is readable.

use crate::parse::node::Source;
use crate::{Anchor, AnchorShape, FieldSpec, Locate, Print, Template};
use rcoi_model::{Point, Rect};

/// Where the parts stand in the file.
pub(crate) struct Lines {
    pub(crate) fields: Vec<usize>,
    pub(crate) prints: Vec<(usize, String)>,
    pub(crate) joins: Vec<usize>,
    pub(crate) locate: usize,
    pub(crate) identity: usize,
    /// Every entry was readable; else what depends on the missing ones is not reported on top.
    pub(crate) all_fields: bool,
    pub(crate) all_anchors: bool,
}

pub(crate) fn check(source: &Source<'_>, template: &Template, lines: &Lines) {
    fields(source, template, lines);
    prints(source, template, lines);
    if lines.all_anchors {
        locate(source, template, lines);
    }
    if lines.all_fields {
        identity(source, template, lines);
        same_fact(source, template, lines);
        joins(source, template, lines);
    }
}

fn on_page(template: &Template, r: &Rect) -> bool {
    // A hundredth of a unit forgives the rounding of repeated steps.
    const SLACK: f32 = 0.01;
    r.x >= -SLACK && r.y >= -SLACK && r.right() <= template.width + SLACK && r.bottom() <= template.height + SLACK
}

fn outside(template: &Template, r: &Rect) -> String {
    format!(
        "lies outside the page: expected within 0..{} × 0..{}, found x {:.2}..{:.2}, y {:.2}..{:.2}",
        template.width,
        template.height,
        r.x,
        r.right(),
        r.y,
        r.bottom()
    )
}

fn fields(source: &Source<'_>, template: &Template, lines: &Lines) {
    if template.fields.is_empty() && lines.all_fields {
        source.fault(0, "field", "expected at least one `[[field]]`, found none");
    }
    let mut seen: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    let mut said = None;
    for (field, &line) in template.fields.iter().zip(&lines.fields) {
        let who = format!("field `{}`", field.name);
        if let Some(first) = seen.get(field.name.as_str()) {
            source.fault(line, &who, format!("expected a name used once, found it already at line {first}"));
        } else {
            seen.insert(&field.name, line);
        }
        let mut bounds = field.spec.bounds();
        if let FieldSpec::Cells(cells) = &field.spec
            && let Some(overflow) = cells.overflow
        {
            bounds = bounds.union(&overflow);
        }
        // One report an entry: copies of a repeated field share its line.
        if !on_page(template, &bounds) && said != Some(line) {
            source.fault(line, &who, outside(template, &bounds));
            said = Some(line);
        }
    }
}

fn prints(source: &Source<'_>, template: &Template, lines: &Lines) {
    let mut said = None;
    for (print, (line, who)) in template.prints.iter().zip(&lines.prints) {
        let bounds = match print {
            Print::Text { at, .. } => Rect::new(at.x, at.y, 0.0, 0.0),
            Print::Line { from, to, .. } => Rect::new(from.x.min(to.x), from.y.min(to.y), (from.x - to.x).abs(), (from.y - to.y).abs()),
            Print::Box { area, .. } => *area,
        };
        if !on_page(template, &bounds) && said != Some(line) {
            source.fault(*line, who, outside(template, &bounds));
            said = Some(line);
        }
    }
}

/// Timing marks along four edges are fewer; all are compared with one another in threes.
const MOST_ANCHORS: usize = 400;

fn locate(source: &Source<'_>, template: &Template, lines: &Lines) {
    let Locate::Anchors(anchors) = &template.locate else { return };
    let fault = |message: String| source.fault(lines.locate, "locate", message);
    if !(3..=MOST_ANCHORS).contains(&anchors.len()) {
        fault(format!("expected 3 to {MOST_ANCHORS} anchors, found {}", anchors.len()));
        return;
    }
    for (i, anchor) in anchors.iter().enumerate() {
        let c = anchor.centre;
        if !on_page(template, &Rect::new(c.x, c.y, 0.0, 0.0)) {
            fault(format!("anchor {}: expected its centre on the page, found [{}, {}]", i + 1, c.x, c.y));
        }
    }
    if in_line(anchors) {
        fault("expected anchors that span an area, found all of them on one line".to_owned());
        return;
    }
    // A promise of upright pictures, or a picture of the blank to compare with, settles what the anchors leave open.
    if !template.upright
        && template.blank.is_none()
        && let Some(turn) = alike_turned(anchors)
    {
        fault(format!(
            "expected anchors that tell which way is up, found an arrangement that looks the same turned by {turn}°; \
             move one anchor, add a fifth, give a `blank`, or write `upright = true` when pictures are never turned"
        ));
    }
}

fn span(points: &[Point]) -> Rect {
    let fold = |f: fn(f32, f32) -> f32, get: fn(&Point) -> f32, start| points.iter().map(get).fold(start, f);
    let (x0, x1) = (fold(f32::min, |p| p.x, f32::INFINITY), fold(f32::max, |p| p.x, f32::NEG_INFINITY));
    let (y0, y1) = (fold(f32::min, |p| p.y, f32::INFINITY), fold(f32::max, |p| p.y, f32::NEG_INFINITY));
    Rect::new(x0, y0, x1 - x0, y1 - y0)
}

fn in_line(anchors: &[Anchor]) -> bool {
    let points: Vec<Point> = anchors.iter().map(|a| a.centre).collect();
    let reach = span(&points).w.hypot(span(&points).h).max(1e-6);
    let area = |a: Point, b: Point, c: Point| ((b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)).abs();
    let widest = points
        .iter()
        .enumerate()
        .flat_map(|(i, &a)| points[i + 1..].iter().map(move |&b| (a, b)))
        .flat_map(|(a, b)| points.iter().map(move |&c| area(a, b, c)))
        .fold(0.0f32, f32::max);
    // Thinner than a fiftieth of its length cannot hold a sheet straight.
    widest < reach * reach / 50.0
}

type Turn = fn(&Point) -> Point;

/// The first of 90, 180, 270 degrees whose turn, refitted to the same bounds, lays every anchor on one that looks like it.
/// Bounds are refitted because a scanner may stretch the sheet; the tolerance is a fortieth of the span.
///
/// `None` when the anchors tell which way is up.
#[must_use]
pub fn alike_turned(anchors: &[Anchor]) -> Option<u32> {
    let normal = |points: &[Point]| -> Vec<Point> {
        let b = span(points);
        points.iter().map(|p| Point::new((p.x - b.x) / b.w.max(1e-6), (p.y - b.y) / b.h.max(1e-6))).collect()
    };
    let points: Vec<Point> = anchors.iter().map(|a| a.centre).collect();
    let upright = normal(&points);
    let bounds = span(&points);
    let squarish = (bounds.w / bounds.h.max(1e-6) - 1.0).abs() < 0.05;
    // y grows downwards, so (x, y) → (−y, x) is a clockwise turn.
    let turns: [(u32, Turn); 3] = [(90, |p| Point::new(-p.y, p.x)), (180, |p| Point::new(-p.x, -p.y)), (270, |p| Point::new(p.y, -p.x))];
    turns
        .iter()
        .filter(|(turn, _)| *turn == 180 || squarish)
        .find(|(turn, turned)| {
            let other = normal(&points.iter().map(turned).collect::<Vec<_>>());
            let fits = |i: usize, j: usize| upright[i].distance(other[j]) < 0.025 && alike(&anchors[i].shape, &anchors[j].shape, turn / 90);
            (0..anchors.len()).all(|i| (0..anchors.len()).any(|j| fits(i, j)))
        })
        .map(|(turn, _)| *turn)
}

/// True when `turned` looks like `shape` after so many clockwise quarter turns. On a poor scan a square, a disc and a
/// picture are one dark region, and sizes are told apart only when one is half as large again.
fn alike(shape: &AnchorShape, turned: &AnchorShape, quarters: u32) -> bool {
    let (a, b) = (shape.extent(), turned.extent());
    let same = match (shape, turned) {
        (AnchorShape::Corner { corner: a, .. }, AnchorShape::Corner { corner: b, .. }) => *a == b.turned(quarters),
        (AnchorShape::Corner { .. }, _) | (_, AnchorShape::Corner { .. }) => false,
        (AnchorShape::Bar { width: w, height: h }, AnchorShape::Bar { width: v, height: g }) => {
            let (v, g) = if quarters % 2 == 1 { (g, v) } else { (v, g) };
            w.max(*v) < 1.5 * w.min(*v) && h.max(*g) < 1.5 * h.min(*g)
        }
        (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b) || !(lines(a) || lines(b)),
    };
    same && a.max(b) < 1.5 * a.min(b)
}

/// True for marks that no poor scan takes for a square.
fn lines(shape: &AnchorShape) -> bool {
    matches!(shape, AnchorShape::Cross { .. } | AnchorShape::Bar { .. })
}

fn identity(source: &Source<'_>, template: &Template, lines: &Lines) {
    let fault = |message: String| source.fault(lines.identity, "identity", message);
    if let Some(name) = &template.identity.sheet_code
        && !matches!(template.field(name).map(|f| &f.spec), Some(FieldSpec::Code(_)))
    {
        fault(format!("`sheet_code`: expected the name of a field of kind code, found \"{name}\""));
    }
    let prefix = &template.identity.prefix;
    if !prefix.is_empty() && template.identity.sheet_code.is_none() {
        fault("`prefix`: expected `sheet_code` beside it".to_owned());
    }
}

fn same_fact(source: &Source<'_>, template: &Template, lines: &Lines) {
    let mut said = None;
    for (field, &line) in template.fields.iter().zip(&lines.fields) {
        let Some(other) = &field.same_as else { continue };
        let fault = |message: String| source.fault(line, &format!("field `{}`", field.name), format!("`same_as`: {message}"));
        let speaks = |spec: &FieldSpec| matches!(spec, FieldSpec::Code(_) | FieldSpec::Marks(_) | FieldSpec::Cells(_));
        let join = template.joins.iter().find(|j| j.name == *other);
        let message = if !speaks(&field.spec) {
            "expected a field of kind code, marks or cells: ink and images say nothing that could be compared".to_owned()
        } else if field.name == *other || join.is_some_and(|j| j.fields.contains(&field.name)) {
            format!("expected another field, found \"{other}\", which is or holds this one")
        } else if join.is_none() && !template.field(other).is_some_and(|f| speaks(&f.spec)) {
            format!("expected the name of a join or of a field of kind code, marks or cells, found \"{other}\"")
        } else {
            continue;
        };
        // Copies of a repeated field share their line and their fault.
        if said != Some(line) {
            fault(message);
            said = Some(line);
        }
    }
}

fn joins(source: &Source<'_>, template: &Template, lines: &Lines) {
    for (join, &line) in template.joins.iter().zip(&lines.joins) {
        let who = format!("join `{}`", join.name);
        if template.field(&join.name).is_some() && join.fields.as_slice() != std::slice::from_ref(&join.name) {
            source.fault(line, &who, "expected a name that no field has");
        }
        if join.fields.is_empty() {
            source.fault(line, &who, "expected at least one field, found none");
        }
        for name in &join.fields {
            if template.field(name).is_none() {
                source.fault(line, &who, format!("expected names of fields, found \"{name}\", which is none"));
            }
        }
    }
}
