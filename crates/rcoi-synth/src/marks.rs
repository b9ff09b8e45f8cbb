//! Marks in boxes, honest and not: cross, one diagonal, tick, fill, blackened cancel, stray ink, erased.

use crate::hand::Pen;
use crate::rng::{Dice, between};
use image::GrayImage;
use rcoi_model::{Point, Rect};
use rcoi_template::{MarksField, Outline};

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

impl MarkShape {
    /// All shapes, the honest ones first.
    pub const ALL: [Self; 7] = [Self::Cross, Self::Diagonal, Self::Tick, Self::Fill, Self::Blackened, Self::Stray, Self::Erased];

    /// The shape in which the person of this habit marks boxes of a form: bubbles are mostly filled, boxes mostly crossed.
    pub(crate) fn honest(outline: Outline, habit: u64) -> Self {
        let ways = match outline {
            Outline::Circle => [Self::Fill, Self::Fill, Self::Fill, Self::Fill, Self::Fill, Self::Cross, Self::Tick, Self::Diagonal],
            _ => [Self::Cross, Self::Cross, Self::Cross, Self::Cross, Self::Cross, Self::Tick, Self::Diagonal, Self::Diagonal],
        };
        ways[(habit % 8) as usize]
    }
}

/// What marks in a field mean: the value as a person reads it, and whether only a person can settle it.
pub(crate) fn meaning(field: &MarksField, marks: &[(String, MarkShape)]) -> (String, bool) {
    let shape = |value: &str| marks.iter().find(|(v, _)| v == value).map(|(_, shape)| *shape);
    let (mut chosen, mut cancelled, mut rubbed) = (Vec::new(), false, false);
    for mark in &field.boxes {
        match shape(&mark.value) {
            None | Some(MarkShape::Stray) => {}
            Some(MarkShape::Erased) => rubbed = true,
            Some(MarkShape::Blackened) if field.black_cancels => cancelled = true,
            Some(_) => chosen.push(mark.value.as_str()),
        }
    }
    let twice = chosen.len() > 1 && !field.multiple;
    // Alone, a ghost may as well be a mark of a pen that ran dry.
    (chosen.join("|"), twice || cancelled || rubbed && chosen.is_empty())
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
            let (low, high) = if shape == MarkShape::Fill { (0.2, 0.8) } else { (0.03, 0.97) };
            let thick = Pen { width: pen.width.max(area.h * 0.14), ink: pen.ink };
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

#[cfg(test)]
mod tests {
    use super::{MarkShape, draw, meaning};
    use crate::hand::Pen;
    use image::{GrayImage, Luma};
    use rand::SeedableRng;
    use rcoi_model::Rect;
    use rcoi_template::{MarkBox, MarksField, Outline};

    fn field(black_cancels: bool) -> MarksField {
        let boxes = ["A", "B", "C"].map(|v| MarkBox { value: v.to_owned(), area: Rect::default(), printed: String::new() });
        MarksField { boxes: boxes.to_vec(), multiple: false, black_cancels, bare: false, outline: Outline::Square }
    }

    fn says(black_cancels: bool, marks: &[(&str, MarkShape)]) -> (String, bool) {
        meaning(&field(black_cancels), &marks.iter().map(|(v, s)| ((*v).to_owned(), *s)).collect::<Vec<_>>())
    }

    #[test]
    fn the_meaning_of_marks_is_what_the_form_says() {
        use MarkShape::{Blackened, Cross, Erased, Fill, Stray};
        let told = |value: &str, doubtful| (value.to_owned(), doubtful);
        assert_eq!(says(false, &[("B", Cross)]), told("B", false));
        assert_eq!(says(false, &[("C", Fill), ("A", Cross)]), told("A|C", true));
        assert_eq!(says(false, &[("B", Cross), ("A", Stray)]), told("B", false));
        assert_eq!(says(false, &[("B", Cross), ("A", Erased)]), told("B", false));
        assert_eq!(says(false, &[("A", Erased)]), told("", true));
        assert_eq!(says(true, &[("A", Blackened), ("B", Cross)]), told("B", true));
        assert_eq!(says(false, &[("A", Blackened), ("B", Cross)]), told("A|B", true));
    }

    /// Mean darkness of the inside of a box that is marked so.
    fn ink(shape: MarkShape, seed: u64) -> f32 {
        let mut page = GrayImage::from_pixel(100, 100, Luma([255]));
        let area = Rect::new(20.0, 20.0, 60.0, 60.0);
        draw(&mut page, shape, &area, Pen { width: 6.0, ink: 20 }, &mut crate::rng::Dice::seed_from_u64(seed));
        let near = |v: u32| (20..80).contains(&v);
        let inside = page.enumerate_pixels().filter(|(x, y, _)| near(*x) && near(*y));
        inside.map(|(_, _, p)| 1.0 - f32::from(p.0[0]) / 255.0).sum::<f32>() / 3600.0
    }

    #[test]
    fn each_shape_leaves_as_much_ink_as_its_name_says() {
        for seed in 0..20 {
            let [cross, diagonal, tick, fill, blackened, stray, erased] = MarkShape::ALL.map(|shape| ink(shape, seed));
            assert!(diagonal > 0.06 && tick > 0.06 && cross > diagonal, "{cross} {diagonal} {tick}");
            assert!(fill > 0.3 && fill < 0.7, "{fill}");
            assert!(blackened > 0.85, "{blackened}");
            assert!(stray < 0.05 && stray > 0.0, "{stray}");
            assert!(erased < 0.3 * cross && erased > 0.0, "{erased} beside {cross}");
        }
    }
}
