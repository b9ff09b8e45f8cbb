//! What hands put on paper, in millimetres of the form: characters in cells, signatures, lines of writing, marks.

use super::{Pen, Writer};
use crate::marks::{self, MarkShape};
use crate::rng::{Dice, bell, between, chance};
use image::GrayImage;
use rcoi_model::{Point, Rect};

fn pixels(r: &Rect, scale: f32) -> Rect {
    Rect::new(r.x * scale, r.y * scale, r.w * scale, r.h * scale)
}

/// How far a hand goes on beyond the last cell, millimetres: beyond that stands the next column of the forms.
const BEYOND: f32 = 12.0;

/// Writes one character a cell; a space skips its cell. Too long a text goes on beyond the last cell in smaller writing, or
/// is written closer from its beginning as if there were no cells. `scale` = pixels a millimetre.
pub(crate) fn write_cells(page: &mut GrayImage, scale: f32, cells: &[Rect], text: &str, writer: &Writer, dice: &mut Dice) {
    for (place, ch) in places(cells, text.chars().count(), dice).iter().zip(text.chars()) {
        writer.character(page, ch, &pixels(place, scale), scale, dice);
    }
}

/// Where the characters of a text of `length` go.
fn places(cells: &[Rect], length: usize, dice: &mut Dice) -> Vec<Rect> {
    let mut places = cells.to_vec();
    let (Some(first), Some(last)) = (cells.first(), cells.last()) else { return places };
    let rest = length.saturating_sub(cells.len());
    if rest == 0 {
        return places;
    }
    if chance(dice, 0.35) {
        let pitch = (last.right() + between(dice, 2.5, 4.0) - first.x) / length as f32;
        return (0..length).map(|i| Rect::new(first.x + pitch * i as f32, first.y, pitch, first.h)).collect();
    }
    let pitch = (BEYOND / rest as f32).clamp(1.2, last.w * 0.55);
    let (left, top, height) = (last.right() + 0.4, last.y + last.h * 0.2, last.h * 0.62);
    places.extend((0..rest).map(|i| Rect::new(left + pitch * i as f32, top, pitch, height)));
    places
}

/// Strikes out what stands in `area`: one character crossed through several times, more of them with two long lines.
pub(crate) fn cross_out(page: &mut GrayImage, scale: f32, area: Rect, writer: &Writer, dice: &mut Dice) {
    let area = pixels(&area, scale);
    let pen = writer.pen(scale);
    let mut at = |x: f32, y: f32| Point::new(area.x + area.w * x, area.y + area.h * (y + between(dice, -0.05, 0.05)));
    if area.w < area.h * 1.5 {
        for line in [[(0.05, 0.15), (0.95, 0.85)], [(0.95, 0.15), (0.05, 0.85)], [(0.0, 0.5), (1.0, 0.5)]] {
            pen.line(page, &line.map(|(x, y)| at(x, y)));
        }
        return;
    }
    let steps = (area.w / area.h * 1.5) as usize + 1;
    for y in [0.38, 0.62] {
        let points: Vec<Point> = (0..=steps).map(|i| at(i as f32 / steps as f32 * 1.02 - 0.01, y)).collect();
        pen.line(page, &points);
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
    let pen = writer.pen(scale);
    let pen = Pen { width: pen.width * 2.0, ink: pen.ink };
    let points: Vec<Point> = points.iter().map(|p| Point::new(p.x * scale, p.y * scale)).collect();
    pen.line(page, &points);
}
