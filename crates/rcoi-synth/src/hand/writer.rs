//! A person who writes: constant habits (slant, size, pen) and the small differences from letter to letter.

use super::glyphs::glyph;
use super::pen::Pen;
use crate::rng::{Dice, bell, between, chance};
use image::GrayImage;
use rand::Rng as _;
use rcoi_model::{Point, Rect};

/// Habits of one person. Lengths are shares of the cell unless told otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Writer {
    /// Sideways shift per height, positive leans to the right.
    pub slant: f32,
    /// Factor on the width of letters.
    pub width: f32,
    /// Height of a capital as a share of the cell height.
    pub size: f32,
    /// Displacement of stroke points as a share of the letter height.
    pub jitter: f32,
    /// Up and down of letters as a share of the cell height.
    pub wander: f32,
    /// Pen thickness, millimetres.
    pub pen_mm: f32,
    /// Grey value of the ink, 0 = black.
    pub ink: u8,
    /// Which shape of each letter this person uses.
    pub habit: u64,
}

impl Writer {
    /// Draws a person from `seed` and a name; about one in eight is sloppy.
    #[must_use]
    pub fn of(seed: u64, name: &str) -> Self {
        let mut dice = crate::rng::dice(seed, &["writer", name]);
        let dice = &mut dice;
        let sloppy: f32 = if chance(dice, 0.12) { between(dice, 1.5, 2.1) } else { 1.0 };
        Self {
            slant: (0.06 + 0.07 * bell(dice) * sloppy).clamp(-0.2, 0.32),
            width: between(dice, 0.84, 1.14),
            size: between(dice, 0.6, 0.76),
            jitter: between(dice, 0.008, 0.02) * sloppy,
            wander: between(dice, 0.012, 0.035) * sloppy,
            pen_mm: between(dice, 0.38, 0.66),
            ink: between(dice, 8.0, 70.0) as u8,
            habit: dice.random(),
        }
    }

    /// The pen of this person on a page of `scale` pixels a millimetre.
    #[must_use]
    pub fn pen(&self, scale: f32) -> Pen {
        Pen { width: (self.pen_mm * scale).max(1.0), ink: self.ink }
    }

    /// Writes `ch` into `cell` (pixels). Characters without a stroke model leave the cell empty and return `false`.
    pub(crate) fn character(&self, page: &mut GrayImage, ch: char, cell: &Rect, scale: f32, dice: &mut Dice) -> bool {
        let habit = (self.habit >> (u32::from(ch) % 61)) as usize + usize::from(chance(dice, 0.04));
        let Some(shape) = glyph(ch, habit) else { return false };
        let height = cell.h * self.size * (1.0 + 0.035 * bell(dice));
        let width = (height * shape.aspect * self.width * (1.0 + 0.05 * bell(dice))).min(cell.w * 0.84);
        let middle =
            Point::new(cell.x + cell.w / 2.0 + cell.w * (0.035 * bell(dice)), cell.y + cell.h * 0.5 + cell.h * self.wander * bell(dice));
        let turn = 0.02 * bell(dice);
        let amount = self.jitter * height;
        for stroke in &shape.strokes {
            // A slow wave over the stroke bends it as a hand does; noise point by point would look like trembling.
            let (wave_x, wave_y) = ((bell(dice), bell(dice)), (bell(dice), bell(dice)));
            let (shift_x, shift_y) = (amount * bell(dice), amount * bell(dice));
            let count = stroke.len().max(2) as f32 - 1.0;
            let points: Vec<Point> = stroke
                .iter()
                .enumerate()
                .map(|(i, p)| {
                    let along = i as f32 / count * std::f32::consts::PI;
                    let x = (p.x - 0.5) * width + shift_x + amount * (wave_x.0 * along.sin() + wave_x.1 * along.cos());
                    let y = (p.y - 0.5) * height + shift_y + amount * (wave_y.0 * along.sin() + wave_y.1 * along.cos());
                    let x = x - y * self.slant;
                    Point::new(middle.x + x - y * turn, middle.y + y + x * turn)
                })
                .collect();
            let pen = Pen { width: (self.pen_mm * scale * (1.0 + 0.06 * bell(dice))).max(1.0), ink: self.ink };
            pen.line(page, &points);
        }
        true
    }

    /// A signature or a line of running script inside `area` (pixels): loops that mean nothing.
    pub(crate) fn scribble(&self, page: &mut GrayImage, area: &Rect, scale: f32, dice: &mut Dice) {
        let pitch = area.h * between(dice, 0.45, 0.8);
        let loops = ((area.w / pitch.max(1.0)) as usize).clamp(2, 80);
        let step = area.w / loops as f32;
        let (mid, mut points) = (area.y + area.h / 2.0, Vec::with_capacity(loops * 12));
        for nth in 0..loops {
            let (tall, wide) = (area.h * between(dice, 0.14, 0.42), step * between(dice, 0.3, 0.8));
            for k in 0..12 {
                let t = k as f32 / 12.0;
                let angle = t * std::f32::consts::TAU;
                let x = area.x + step * (nth as f32 + t) + wide * angle.sin() * 0.5;
                let y = mid - tall * angle.cos();
                points.push(Point::new((x - (y - mid) * self.slant).clamp(area.x, area.right()), y));
            }
        }
        self.pen(scale).line(page, &points);
    }
}
