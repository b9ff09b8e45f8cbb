//! `[[field]]`: one entry becomes one or many fields.

use super::node::Node;
use super::repeat;
use crate::pattern::Pattern;
use crate::{CellsField, CodeField, Field, FieldSpec, MarkBox, MarksField, Outline, Symbology};
use rcoi_model::{CheckDigit, Point, Rect};
use std::collections::BTreeMap;

/// Named alphabets that every template knows.
pub(crate) const ALPHABETS: [(&str, &str); 4] = [
    ("digits", "0123456789"),
    ("cyrillic", "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ"),
    ("latin", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("latin-marked", "ÀÂÄÇÈÉÊËÎÏÔÖÙÛÜßÑ"),
];

const CLASSES: [&str; 16] = [
    "sheet-code",
    "form-code",
    "answer",
    "replacement-number",
    "replacement-answer",
    "replacement-count",
    "person",
    "document",
    "place",
    "subject",
    "event",
    "signature",
    "text",
    "link",
    "ledger",
    "reserve",
];

pub(crate) type Alphabets = BTreeMap<String, String>;

/// A field and the line its entry starts at.
pub(crate) struct Placed {
    pub(crate) field: Field,
    pub(crate) line: usize,
}

pub(crate) fn read(node: &Node<'_>, alphabets: &Alphabets, out: &mut Vec<Placed>) {
    let name = node.need_text("name", "the field's name");
    if let Some(name) = &name {
        *node.who.borrow_mut() = format!("field `{name}`");
        if name.trim() != name || name.is_empty() || name.chars().any(char::is_control) {
            node.fault_at("name", format!("expected a name without blanks around it, found \"{name}\""));
        }
    }
    let label = node.text("label");
    let required = node.flag("required");
    let same_as = node.text("same_as");
    let class = node.need_text("class", &format!("one of {}", CLASSES.join(", ")));
    if let Some(class) = class.as_deref().filter(|c| !CLASSES.contains(c)) {
        node.fault_at("class", format!("expected one of {}, found \"{class}\"", CLASSES.join(", ")));
    }
    const KINDS: &str = "one of code, marks, cells, ink, image";
    let spec = match node.need_text("kind", KINDS).as_deref() {
        Some("code") => code(node),
        Some("marks") => marks(node),
        Some("cells") => cells(node, alphabets),
        Some("ink") => node.need_rect().map(FieldSpec::Ink),
        Some("image") => node.need_rect().map(FieldSpec::Image),
        Some(other) => {
            node.fault_at("kind", format!("expected {KINDS}, found \"{other}\""));
            return;
        }
        None => return,
    };
    let copies = repeat::read(node);
    node.finish();
    let (Some(name), Some(class), Some(spec)) = (name, class, spec) else { return };
    if copies.len() > 1 && !name.contains("{n}") {
        node.fault_at("name", format!("expected `{{n}}` in the name of a repeated field, found \"{name}\""));
        return;
    }
    let label = label.unwrap_or_else(|| name.clone());
    for copy in copies {
        let place = |r: Rect| copy.rect(r);
        let mut spec = spec.clone();
        match &mut spec {
            FieldSpec::Code(code) => {
                code.area = place(code.area);
                code.caption = code.caption.map(place);
            }
            FieldSpec::Marks(marks) => marks.boxes.iter_mut().for_each(|b| b.area = place(b.area)),
            FieldSpec::Cells(cells) => {
                cells.cells.iter_mut().for_each(|c| *c = place(*c));
                cells.overflow = cells.overflow.map(place);
            }
            FieldSpec::Ink(area) | FieldSpec::Image(area) => *area = place(*area),
        }
        out.push(Placed {
            field: Field {
                name: copy.text(&name),
                label: copy.text(&label),
                class: class.clone(),
                required,
                same_as: same_as.as_ref().map(|s| copy.text(s)),
                spec,
            },
            line: node.line(),
        });
    }
}

fn code(node: &Node<'_>) -> Option<FieldSpec> {
    let area = node.need_rect();
    const SYMBOLOGIES: &str = "one of ean13, code128, qr, datamatrix, itf";
    let symbology = match node.need_text("symbology", SYMBOLOGIES).as_deref() {
        Some("ean13") => Some(Symbology::Ean13),
        Some("code128") => Some(Symbology::Code128),
        Some("qr") => Some(Symbology::Qr),
        Some("datamatrix") => Some(Symbology::DataMatrix),
        Some("itf") => Some(Symbology::Itf),
        Some(other) => {
            node.fault_at("symbology", format!("expected {SYMBOLOGIES}, found \"{other}\""));
            None
        }
        None => None,
    };
    let check = match node.text("check").as_deref() {
        None | Some("none") => CheckDigit::None,
        Some("gs1") => CheckDigit::Gs1,
        Some("swapped") => CheckDigit::Swapped,
        Some(other) => {
            node.fault_at("check", format!("expected none, gs1 or swapped, found \"{other}\""));
            CheckDigit::None
        }
    };
    let digits = node.count("digits").unwrap_or(0);
    let vertical = node.flag("vertical");
    if symbology == Some(Symbology::Ean13) && digits != 0 && digits != 13 {
        node.fault_at("digits", format!("expected 13 for ean13, found {digits}"));
    }
    if symbology == Some(Symbology::Itf) && digits % 2 == 1 {
        node.fault_at("digits", format!("expected an even number for itf, found {digits}"));
    }
    let caption = caption(node, symbology, digits);
    Some(FieldSpec::Code(CodeField { area: area?, symbology: symbology?, vertical, check, digits, caption }))
}

/// `caption_at` and `caption_size`: both or none, and of a code whose digits are numbered.
fn caption(node: &Node<'_>, symbology: Option<Symbology>, digits: u32) -> Option<Rect> {
    let (at, size) = (node.pair("caption_at"), node.has("caption_size").then(|| extent(node, "caption_size")).flatten());
    for (key, other) in [("caption_at", "caption_size"), ("caption_size", "caption_at")] {
        if node.has(key) && !node.has(other) {
            node.fault_at(key, format!("expected `{other}` beside it"));
        }
    }
    let (at, size) = (at?, size?);
    if digits == 0 && symbology != Some(Symbology::Ean13) {
        node.fault_at("caption_at", "expected `digits` beside it: the caption is divided evenly among them");
    }
    Some(Rect::new(at.x, at.y, size.x, size.y))
}

/// Positive [width, height].
fn extent(node: &Node<'_>, key: &'static str) -> Option<Point> {
    let size = node.need_pair(key, "[width, height]")?;
    if size.x <= 0.0 || size.y <= 0.0 {
        node.fault_at(key, format!("expected positive width and height, found [{}, {}]", size.x, size.y));
        return None;
    }
    Some(size)
}

/// Where equal boxes or cells stand: at even steps, or each at a place of its own.
enum Row {
    Steps { at: Point, step: Point },
    Places(Vec<Point>),
}

/// `at` and `step`, or `places`.
fn row(node: &Node<'_>, several: bool, what: &str) -> Option<Row> {
    if node.has("places") {
        // Asked for, so that they are reported once, with the reason.
        let _ = (node.pair("at"), node.pair("step"));
        for key in ["at", "step", "gaps"].into_iter().filter(|k| node.has(k)) {
            node.fault_at(key, "expected no such key beside `places`");
        }
        return node.pairs("places").map(Row::Places);
    }
    let at = node.need_pair("at", &format!("the left top corner [x, y] of the first {what}"));
    let step = if several || node.has("step") {
        node.need_pair("step", &format!("[dx, dy] from one {what} to the next"))
    } else {
        Some(Point::new(0.0, 0.0))
    };
    Some(Row::Steps { at: at?, step: step? })
}

impl Row {
    fn areas(self, node: &Node<'_>, size: Point, count: usize, what: &str) -> Option<Vec<Rect>> {
        match self {
            Self::Steps { at, step } => {
                apart(node, size, step, count, what);
                Some((0..count).map(|i| Rect::new(at.x + step.x * i as f32, at.y + step.y * i as f32, size.x, size.y)).collect())
            }
            Self::Places(places) if places.len() != count => {
                node.fault_at("places", format!("expected one place for each of {count} {what}, found {}", places.len()));
                None
            }
            Self::Places(places) => {
                let over = |a: &Point, b: &Point| (a.x - b.x).abs() < size.x - 1e-3 && (a.y - b.y).abs() < size.y - 1e-3;
                let pair = (0..count).find_map(|i| (0..i).find(|j| over(&places[*j], &places[i])).map(|j| (j, i)));
                if let Some((j, i)) = pair {
                    node.fault_at("places", format!("{what} {} and {} lie over one another", j + 1, i + 1));
                }
                Some(places.iter().map(|p| Rect::new(p.x, p.y, size.x, size.y)).collect())
            }
        }
    }
}

/// Neighbours at `step` must not lie over one another.
fn apart(node: &Node<'_>, size: Point, step: Point, count: usize, what: &str) {
    if count > 1 && step.x.abs() < size.x - 1e-3 && step.y.abs() < size.y - 1e-3 {
        node.fault_at(
            "step",
            format!("{what} lie over one another: expected at least {} across or {} down, found [{}, {}]", size.x, size.y, step.x, step.y),
        );
    }
}

fn outline(node: &Node<'_>, default: Outline) -> Outline {
    match node.text("outline").as_deref() {
        None => default,
        Some("square") => Outline::Square,
        Some("circle") => Outline::Circle,
        Some("dotted") => Outline::Dotted,
        Some("none") => Outline::None,
        Some("unknown") => Outline::Unknown,
        Some(other) => {
            node.fault_at("outline", format!("expected square, circle, dotted, none or unknown, found \"{other}\""));
            default
        }
    }
}

/// How many boxes or cells a field has; others count as one.
pub(crate) fn parts(spec: &FieldSpec) -> usize {
    match spec {
        FieldSpec::Marks(marks) => marks.boxes.len(),
        FieldSpec::Cells(cells) => cells.cells.len(),
        FieldSpec::Code(_) | FieldSpec::Ink(_) | FieldSpec::Image(_) => 1,
    }
}

/// No field has more boxes; each is compared with every other.
const MOST_BOXES: usize = 1000;

fn marks(node: &Node<'_>) -> Option<FieldSpec> {
    let size = extent(node, "box");
    let values = if node.is_list("values") {
        node.texts("values")
    } else {
        node.need_text("values", "a list of values, or a text of one character each").map(|t| t.chars().map(String::from).collect())
    };
    let row = row(node, values.as_ref().is_some_and(|v| v.len() > 1), "box");
    let printed = node.flag("printed");
    let multiple = node.flag("multiple");
    let black_cancels = node.flag("black_cancels");
    let bare = node.flag("bare");
    if bare && printed {
        node.fault_at("bare", "expected no `bare` beside `printed`: nothing is printed in bare boxes");
    }
    let outline = outline(node, Outline::Square);
    let values = values?;
    if values.is_empty() || values.iter().any(String::is_empty) {
        node.fault_at("values", "expected at least one value and no empty one");
        return None;
    }
    if values.len() > MOST_BOXES {
        node.fault_at("values", format!("expected at most {MOST_BOXES} values, found {}", values.len()));
        return None;
    }
    if let Some(twice) = values.iter().enumerate().find_map(|(i, v)| values[..i].contains(v).then_some(v)) {
        node.fault_at("values", format!("expected each value once, found \"{twice}\" twice"));
    }
    let areas = row?.areas(node, size?, values.len(), "boxes")?;
    let boxes = values
        .into_iter()
        .zip(areas)
        .map(|(value, area)| MarkBox { area, printed: if printed { value.clone() } else { String::new() }, value })
        .collect();
    Some(FieldSpec::Marks(MarksField { boxes, multiple, black_cancels, bare, outline }))
}

fn cells(node: &Node<'_>, alphabets: &Alphabets) -> Option<FieldSpec> {
    let size = extent(node, "cell");
    let given = node.count("count");
    let counted = given.is_some() || !node.has("count");
    let count = given.unwrap_or(1) as usize;
    let row = row(node, count > 1, "cell");
    let gaps = node.pairs("gaps").unwrap_or_default();
    let alphabet = alphabet(node, alphabets);
    let pattern = node.text("pattern").unwrap_or_default();
    if let Err(error) = Pattern::parse(&pattern) {
        node.fault_at("pattern", format!("\"{pattern}\": {error}"));
    }
    let overflow = node.pair("overflow");
    let outline = outline(node, Outline::Dotted);
    let shade = node.number("shade").unwrap_or(0.0);
    let printed = node.flag("printed");
    if !(0.0..=1.0).contains(&shade) {
        node.fault_at("shade", format!("expected 0 (white) to 1 (black), found {shade}"));
    }
    if !counted {
        return None;
    }
    if count == 0 || count > 200 {
        node.fault_at("count", format!("expected 1 to 200 cells, found {count}"));
        return None;
    }
    if let Some(gap) = gaps.iter().find(|g| g.x < 1.0 || g.x.fract() != 0.0 || g.x as usize >= count) {
        node.fault_at("gaps", format!("expected pairs [after which cell (1 to {}), extra width], found [{}, {}]", count - 1, gap.x, gap.y));
    }
    let shift = |i: usize| gaps.iter().filter(|g| g.x as usize <= i).map(|g| g.y).sum::<f32>();
    let (row, size) = (row?, size?);
    let along = match &row {
        Row::Steps { step, .. } => Point::new(step.x / step.x.hypot(step.y).max(1e-6), step.y / step.x.hypot(step.y).max(1e-6)),
        Row::Places(_) => Point::new(0.0, 0.0),
    };
    let mut cells = row.areas(node, size, count, "cells")?;
    for (i, cell) in cells.iter_mut().enumerate() {
        (cell.x, cell.y) = (cell.x + along.x * shift(i), cell.y + along.y * shift(i));
    }
    let overflow = overflow.and_then(|o| cells.last().map(|last| Rect::new(last.right() + o.x, last.y, o.y, last.h)));
    Some(FieldSpec::Cells(CellsField { cells, alphabet: alphabet?, pattern, overflow, outline, shade, printed }))
}

fn alphabet(node: &Node<'_>, alphabets: &Alphabets) -> Option<String> {
    let parts = node.texts("alphabet");
    if parts.is_none() && !node.has("alphabet") {
        node.source.fault(node.line(), &node.who.borrow(), "`alphabet` is missing: expected the permitted characters, such as \"@digits\"");
    }
    match resolve(&parts?, alphabets) {
        Ok(text) => Some(text),
        Err(message) => {
            node.fault_at("alphabet", message);
            None
        }
    }
}

/// Joins the parts: `@name` = a named alphabet, anything else = the characters themselves.
pub(crate) fn resolve(parts: &[String], alphabets: &Alphabets) -> Result<String, String> {
    let mut all = String::new();
    for part in parts {
        match part.strip_prefix('@').filter(|name| !name.is_empty()) {
            Some(name) => match alphabets.get(name) {
                Some(text) => all.push_str(text),
                None => {
                    let known: Vec<String> = alphabets.keys().map(|k| format!("@{k}")).collect();
                    return Err(format!("expected a known alphabet ({}), found \"@{name}\"", known.join(", ")));
                }
            },
            None => all.push_str(part),
        }
    }
    if all.is_empty() {
        return Err("expected at least one permitted character, found none".to_owned());
    }
    let mut seen: Vec<char> = Vec::new();
    for c in all.chars() {
        if seen.contains(&c) {
            return Err(format!("expected every character once, found `{c}` twice"));
        }
        seen.push(c);
    }
    Ok(all)
}
