//! Marks in boxes, honest and not: cross, one diagonal, tick, fill, blackened cancel, stray ink, erased.

use crate::hand::Pen;
use crate::rng::{Dice, between};
use image::GrayImage;
use rcoi_model::{Point, Rect};

/// How a box is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MarkShape {
    Cross,
    Diagonal,
    Tick,
    /// Filled as bubbles are.
    Fill,
    /// Blackened over the edges: a mark taken back where the form says so.
    Blackened,
    /// A short slip of the pen: not a mark.
    Stray,
    /// A mark rubbed out, its ghost left.
    Erased,
}

/// Draws a mark into `area` (pixels).
pub(crate) fn draw(page: &mut GrayImage, shape: MarkShape, area: &Rect, pen: Pen, dice: &mut Dice) {
    let mut at =
        |x: f32, y: f32| Point::new(area.x + area.w * (x + between(dice, -0.05, 0.05)), area.y + area.h * (y + between(dice, -0.05, 0.05)));
    match shape {
        MarkShape::Cross => {
            pen.line(page, &[at(0.1, 0.1), at(0.9, 0.9)]);
            pen.line(page, &[at(0.9, 0.1), at(0.1, 0.9)]);
        }
        MarkShape::Diagonal => pen.line(page, &[at(0.08, 0.92), at(0.92, 0.08)]),
        MarkShape::Tick => pen.line(page, &[at(0.1, 0.5), at(0.4, 0.88), at(0.95, 0.05)]),
        MarkShape::Fill | MarkShape::Blackened => {
            let (low, high) = if shape == MarkShape::Fill { (0.2, 0.8) } else { (0.06, 0.94) };
            let thick = Pen { width: pen.width.max(area.h * 0.12), ink: pen.ink };
            let zigzag: Vec<Point> =
                (0..=14).map(|i| at(if i % 2 == 0 { low } else { high }, low + (high - low) * i as f32 / 14.0)).collect();
            thick.line(page, &zigzag);
        }
        MarkShape::Stray => pen.line(page, &[at(0.7, 0.75), at(0.85, 0.85)]),
        MarkShape::Erased => {
            let ghost = Pen { width: pen.width, ink: 205 };
            ghost.line(page, &[at(0.1, 0.1), at(0.9, 0.9)]);
            ghost.line(page, &[at(0.9, 0.1), at(0.1, 0.9)]);
        }
    }
}
