//! `[[text]]`, `[[line]]` and `[[box]]`: what is printed on the blank besides the fields.

use super::node::Node;
use super::repeat;
use crate::{Align, Print};
use rcoi_model::Point;

pub(crate) fn text(node: &Node<'_>, out: &mut Vec<Print>) {
    let at = node.need_pair("at", "[x, y] on the base line");
    let size = node.need_number("size", "the font size");
    let text = node.need_text("text", "the words to print");
    let bold = node.flag("bold");
    let step = node.pair("step");
    let align = match node.text("align").as_deref() {
        None | Some("left") => Align::Left,
        Some("middle") => Align::Middle,
        Some("right") => Align::Right,
        Some(other) => {
            node.fault_at("align", format!("expected left, middle or right, found \"{other}\""));
            Align::Left
        }
    };
    let copies = repeat::read(node);
    node.finish();
    let (Some(at), Some(size), Some(text)) = (at, size, text) else { return };
    if size <= 0.0 {
        node.fault_at("size", format!("expected a positive font size, found {size}"));
        return;
    }
    for copy in copies {
        let (at, text) = (copy.point(at), copy.text(&text));
        match step {
            None => out.push(Print::Text { at, size, text, bold, align }),
            Some(step) => out.extend(text.chars().enumerate().filter(|(_, c)| !c.is_whitespace()).map(|(i, c)| Print::Text {
                at: Point::new(at.x + step.x * i as f32, at.y + step.y * i as f32),
                size,
                text: c.to_string(),
                bold,
                align,
            })),
        }
    }
}

pub(crate) fn line(node: &Node<'_>, out: &mut Vec<Print>) {
    let from = node.need_pair("from", "[x, y]");
    let to = node.need_pair("to", "[x, y]");
    let width = node.need_number("width", "the thickness of the line");
    let copies = repeat::read(node);
    node.finish();
    if let (Some(from), Some(to), Some(width)) = (from, to, width) {
        out.extend(copies.iter().map(|c| Print::Line { from: c.point(from), to: c.point(to), width }));
    }
}

pub(crate) fn frame(node: &Node<'_>, out: &mut Vec<Print>) {
    let area = node.need_rect();
    let width = node.number("width").unwrap_or(0.0);
    let fill = node.number("fill").unwrap_or(0.0);
    let copies = repeat::read(node);
    node.finish();
    if !(0.0..=1.0).contains(&fill) {
        node.fault_at("fill", format!("expected 0 (white) to 1 (black), found {fill}"));
    }
    if let Some(area) = area {
        out.extend(copies.iter().map(|c| Print::Box { area: c.rect(area), width, fill }));
    }
}
