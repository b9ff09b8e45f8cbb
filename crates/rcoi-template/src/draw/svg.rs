//! SVG text of a blank and of the values printed on it. Coordinates are form units.

use super::code;
use crate::bars;
use crate::{
    Align, Anchor, AnchorShape, CellsField, CodeField, Field, FieldSpec, Locate, MarksField, Outline, Print, Symbology, Template, Unit,
};
use base64::Engine;
use rcoi_model::{Point, Rect};
use std::fmt::Write;

/// Family name of the embedded faces.
pub(super) const FONT: &str = "DejaVu Sans";
/// Height of its digits as a share of the font size.
pub(super) const CAP: f32 = 0.73;
/// Frames are drawn lighter than ink, so that a reader tells them apart by darkness too.
const FRAME_COLOUR: &str = "#707070";

/// `view` = left, top, width, height in form units.
pub(super) fn document(width: &str, height: &str, view: [f32; 4], body: &str) -> String {
    let [x, y, w, h] = view;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"{x} {y} {w} {h}\" font-family=\"{FONT}\">\n\
         <rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" fill=\"#ffffff\"/>\n{body}</svg>\n"
    )
}

/// Everything that is the same on every sheet of the form.
pub(super) fn blank(template: &Template) -> String {
    let mut out = String::new();
    let fine = match template.unit {
        Unit::Millimetre => 1.0,
        // Line widths below are millimetres; imported layouts have about 100 units to the inch.
        Unit::Pixel => 4.0,
    };
    for field in &template.fields {
        match &field.spec {
            FieldSpec::Cells(cells) => cell_frames(&mut out, cells, fine),
            FieldSpec::Marks(marks) => mark_boxes(&mut out, marks, fine),
            FieldSpec::Code(_) | FieldSpec::Ink(_) | FieldSpec::Image(_) => {}
        }
    }
    for print in &template.prints {
        printed(&mut out, print);
    }
    if let Locate::Anchors(anchors) = &template.locate {
        anchors.iter().for_each(|a| anchor(&mut out, a));
    }
    out
}

/// What `value` looks like in `field`, or what was expected of it. Empty for kinds that print nothing.
pub(super) fn value(field: &Field, value: &str) -> Result<String, &'static str> {
    let mut out = String::new();
    match &field.spec {
        FieldSpec::Code(code) => coded(&mut out, code, value)?,
        FieldSpec::Cells(cells) => {
            for (cell, c) in cells.cells.iter().zip(value.chars()).filter(|(_, c)| !c.is_whitespace()) {
                // Cap height of the face is 0.73 of its size: the character fills about 0.62 of the cell.
                let size = cell.h * 0.85;
                let at = Point::new(cell.centre().x, cell.centre().y + size * 0.365);
                text(&mut out, at, size, &c.to_string(), false, Align::Middle, "#000000");
            }
        }
        FieldSpec::Marks(marks) => {
            for mark in marks.boxes.iter().filter(|b| b.value == value) {
                let a = mark.area;
                let w = a.w.min(a.h) * 0.12;
                for (x0, x1) in [(a.x, a.right()), (a.right(), a.x)] {
                    line(&mut out, Point::new(x0, a.y), Point::new(x1, a.bottom()), w);
                }
            }
        }
        FieldSpec::Ink(_) | FieldSpec::Image(_) => {}
    }
    Ok(out)
}

fn escape(text: &str) -> String {
    // XML has no place for control characters.
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

pub(super) fn text(out: &mut String, at: Point, size: f32, words: &str, bold: bool, align: Align, colour: &str) {
    let anchor = match align {
        Align::Left => "start",
        Align::Middle => "middle",
        Align::Right => "end",
    };
    let weight = if bold { "bold" } else { "normal" };
    let _ = writeln!(
        out,
        "<text x=\"{}\" y=\"{}\" font-size=\"{size}\" font-weight=\"{weight}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{}</text>",
        at.x,
        at.y,
        escape(words)
    );
}

fn line(out: &mut String, from: Point, to: Point, width: f32) {
    let _ = writeln!(
        out,
        "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"#000000\" stroke-width=\"{width}\"/>",
        from.x, from.y, to.x, to.y
    );
}

fn filled(out: &mut String, r: &Rect, colour: &str) {
    let _ = writeln!(out, "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{colour}\"/>", r.x, r.y, r.w, r.h);
}

/// 0 = white, 1 = black.
fn grey(darkness: f32) -> String {
    let level = ((1.0 - darkness.clamp(0.0, 1.0)) * 255.0).round() as u8;
    format!("#{level:02x}{level:02x}{level:02x}")
}

fn printed(out: &mut String, print: &Print) {
    match print {
        Print::Text { at, size, text: words, bold, align } => text(out, *at, *size, words, *bold, *align, "#000000"),
        Print::Line { from, to, width } => line(out, *from, *to, *width),
        Print::Box { area, width, fill } => {
            let inside = if *fill > 0.0 { grey(*fill) } else { "none".to_owned() };
            let _ = writeln!(
                out,
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{inside}\" stroke=\"#000000\" stroke-width=\"{width}\"/>",
                area.x, area.y, area.w, area.h
            );
        }
    }
}

fn outline(out: &mut String, r: &Rect, shape: Outline, fill: &str, fine: f32) {
    let (colour, rect) = (FRAME_COLOUR, format!("x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"", r.x, r.y, r.w, r.h));
    let _ = match shape {
        // Dots of 0.17 mm every 0.8 mm and round corners, as measured on the federal form.
        Outline::Dotted => writeln!(
            out,
            "<rect {rect} rx=\"{}\" fill=\"{fill}\" stroke=\"{colour}\" stroke-width=\"{}\" stroke-dasharray=\"{} {}\"/>",
            0.8 * fine,
            0.17 * fine,
            0.17 * fine,
            0.63 * fine
        ),
        Outline::Square => writeln!(out, "<rect {rect} fill=\"{fill}\" stroke=\"{colour}\" stroke-width=\"{}\"/>", 0.2 * fine),
        Outline::Circle => writeln!(
            out,
            "<ellipse cx=\"{}\" cy=\"{}\" rx=\"{}\" ry=\"{}\" fill=\"{fill}\" stroke=\"{colour}\" stroke-width=\"{}\"/>",
            r.centre().x,
            r.centre().y,
            r.w / 2.0,
            r.h / 2.0,
            0.2 * fine
        ),
        Outline::None | Outline::Unknown if fill == "none" => Ok(()),
        Outline::None | Outline::Unknown => writeln!(out, "<rect {rect} fill=\"{fill}\"/>"),
    };
}

fn cell_frames(out: &mut String, cells: &CellsField, fine: f32) {
    let fill = if cells.shade > 0.0 { grey(cells.shade) } else { "none".to_owned() };
    for cell in &cells.cells {
        outline(out, cell, cells.outline, &fill, fine);
    }
}

fn mark_boxes(out: &mut String, marks: &MarksField, fine: f32) {
    for mark in &marks.boxes {
        let shape = if marks.outline == Outline::Unknown { Outline::Circle } else { marks.outline };
        outline(out, &mark.area, shape, "none", fine);
        if !mark.printed.is_empty() {
            let size = mark.area.h * 0.62;
            let at = Point::new(mark.area.centre().x, mark.area.centre().y + size * 0.365);
            text(out, at, size, &mark.printed, false, Align::Middle, FRAME_COLOUR);
        }
    }
}

fn anchor(out: &mut String, anchor: &Anchor) {
    let c = anchor.centre;
    match &anchor.shape {
        AnchorShape::Square { side } => filled(out, &Rect::around(c, *side, *side), "#000000"),
        AnchorShape::Bar { width, height } => filled(out, &Rect::around(c, *width, *height), "#000000"),
        AnchorShape::Disc { diameter } => {
            let _ = writeln!(out, "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"#000000\"/>", c.x, c.y, diameter / 2.0);
        }
        AnchorShape::Ring { diameter, width } => {
            let _ = writeln!(
                out,
                "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"none\" stroke=\"#000000\" stroke-width=\"{width}\"/>",
                c.x,
                c.y,
                (diameter - width) / 2.0
            );
        }
        AnchorShape::Corner { arm, width, corner } => {
            // The lines lie inside the outer edges, from the point along both arms.
            let (dx, dy) = corner.arms();
            let (mx, my) = (c.x + dx * width / 2.0, c.y + dy * width / 2.0);
            line(out, Point::new(c.x, my), Point::new(c.x + dx * arm, my), *width);
            line(out, Point::new(mx, c.y), Point::new(mx, c.y + dy * arm), *width);
        }
        AnchorShape::Cross { arm, width } => {
            let half = arm / 2.0;
            line(out, Point::new(c.x - half, c.y), Point::new(c.x + half, c.y), *width);
            line(out, Point::new(c.x, c.y - half), Point::new(c.x, c.y + half), *width);
        }
        AnchorShape::Picture { width, height, pixels, side } => {
            let Some(picture) = image::GrayImage::from_raw(*width, *height, pixels.clone()) else { return };
            let r = Rect::around(c, *side, *side * *height as f32 / (*width).max(1) as f32);
            if let Some(png) = crate::import::png(&picture) {
                let _ = writeln!(
                    out,
                    "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" href=\"data:image/png;base64,{}\"/>",
                    r.x,
                    r.y,
                    r.w,
                    r.h,
                    base64::engine::general_purpose::STANDARD.encode(png)
                );
            }
        }
    }
}

fn coded(out: &mut String, field: &CodeField, value: &str) -> Result<(), &'static str> {
    let quiet = (bars::QUIET, bars::QUIET);
    match field.symbology {
        Symbology::Ean13 => upright(out, field, value, &bars::ean13(value).ok_or("13 digits")?, bars::EAN_QUIET),
        Symbology::Code128 => upright(out, field, value, &bars::code128(value).ok_or("1 to 80 signs of ASCII")?, quiet),
        Symbology::Itf => upright(out, field, value, &bars::itf(value).ok_or("an even number of digits")?, quiet),
        Symbology::Qr => qr(out, field, value).ok_or("a text that fits a QR code")?,
        Symbology::DataMatrix => return Err("a code of another kind; a Data Matrix is read, not printed"),
    }
    Ok(())
}

/// Bars that fill the area from quiet zone to quiet zone, and the value below them where the field has a caption.
fn upright(out: &mut String, field: &CodeField, value: &str, modules: &[bool], quiet: (usize, usize)) {
    let (area, _) = field.upright();
    let a = field.area;
    let turn = if field.vertical { format!("translate({} {}) rotate(90)", a.right(), a.y) } else { "translate(0 0)".to_owned() };
    let module = area.w / (quiet.0 + modules.len() + quiet.1) as f32;
    let left = area.x + quiet.0 as f32 * module;
    let bottom = field.bars_bottom();
    let cells = field.caption_cells(value.chars().count());
    // The guards of an EAN-13 reach down between its digits.
    let ean = field.symbology == Symbology::Ean13 && field.caption.is_none();
    let top = area.y + if ean { area.h * 0.04 } else { 0.0 };
    let _ = writeln!(out, "<g transform=\"{turn}\">");
    for (start, length) in code::runs(modules) {
        let long = !ean || !(3..92).contains(&start) || (45..50).contains(&start);
        let tall = bottom - top - if long { 0.0 } else { area.h * 0.07 };
        filled(out, &Rect::new(left + start as f32 * module, top, length as f32 * module, tall), "#000000");
    }
    for (cell, c) in cells.iter().zip(value.chars()) {
        text(out, Point::new(cell.centre().x, cell.bottom()), cell.h / CAP, &c.to_string(), false, Align::Middle, "#000000");
    }
    out.push_str("</g>\n");
}

fn qr(out: &mut String, field: &CodeField, value: &str) -> Option<()> {
    let (side, modules) = code::qr(value)?;
    let a = field.area;
    let module = a.w.min(a.h) / (side + 2 * code::QR_QUIET) as f32;
    let (x0, y0) = (a.centre().x - module * side as f32 / 2.0, a.centre().y - module * side as f32 / 2.0);
    out.push_str("<path fill=\"#000000\" shape-rendering=\"crispEdges\" d=\"");
    for (row, line) in modules.chunks(side).enumerate() {
        for (start, length) in code::runs(line) {
            let (x, y, w) = (x0 + start as f32 * module, y0 + row as f32 * module, length as f32 * module);
            let _ = write!(out, "M{x} {y}h{w}v{module}h-{w}z");
        }
    }
    out.push_str("\"/>\n");
    Some(())
}
