//! What hands put on paper, in millimetres of the form: characters in cells, signatures, lines of writing, marks.

use super::{Pen, Writer};
use crate::marks::{self, MarkShape};
use crate::rng::{Dice, bell, between};
use image::GrayImage;
use rcoi_model::{Point, Rect};

fn pixels(r: &Rect, scale: f32) -> Rect {
    Rect::new(r.x * scale, r.y * scale, r.w * scale, r.h * scale)
}

/// Writes one character a cell; a space skips its cell. `scale` = pixels a millimetre.
pub(crate) fn write_cells(page: &mut GrayImage, scale: f32, cells: &[Rect], text: &str, writer: &Writer, dice: &mut Dice) {
    for (cell, ch) in cells.iter().zip(text.chars()) {
        writer.character(page, ch, &pixels(cell, scale), scale, dice);
    }
}

/// A signature somewhere in the window.
pub(crate) fn sign(page: &mut GrayImage, scale: f32, area: Rect, writer: &Writer, dice: &mut Dice) {
    let room = pixels(&area, scale);
    let w = room.w * between(dice, 0.3, 0.6);
    let x = room.x + (room.w - w) * between(dice, 0.2, 0.8);
    writer.scribble(page, &Rect::new(x, room.y + room.h * 0.15, w, room.h * 0.7), scale, dice);
}

/// Lines that look like writing, over `share` of the area.
pub(crate) fn scribble(page: &mut GrayImage, scale: f32, area: Rect, share: f32, writer: &Writer, dice: &mut Dice) {
    let area = pixels(&area, scale);
    let pitch = 8.2 * scale;
    let lines = ((area.h * share / pitch) as u32).max(1);
    for line in 0..lines {
        let y = area.y + pitch * (line as f32 + 0.3);
        let mut x = area.x + between(dice, 2.0, 4.0) * scale;
        let end = area.right() - between(dice, 2.0, if line + 1 == lines { 90.0 } else { 14.0 }) * scale;
        while x < end {
            let w = (between(dice, 7.0, 22.0) * scale).min(end - x).max(3.0 * scale);
            writer.scribble(page, &Rect::new(x, y + 0.3 * scale * bell(dice), w, pitch * 0.62), scale, dice);
            x += w + 2.6 * scale;
        }
    }
}

/// A mark in a box.
pub(crate) fn mark(page: &mut GrayImage, scale: f32, area: Rect, shape: MarkShape, writer: &Writer, dice: &mut Dice) {
    marks::draw(page, shape, &pixels(&area, scale), writer.pen(scale), dice);
}

/// A thick line through points given in millimetres.
pub(crate) fn strike(page: &mut GrayImage, scale: f32, points: &[Point], writer: &Writer) {
    let pen = Pen { width: writer.pen(scale).width * 3.0, ink: writer.pen(scale).ink };
    let points: Vec<Point> = points.iter().map(|p| Point::new(p.x * scale, p.y * scale)).collect();
    pen.line(page, &points);
}
