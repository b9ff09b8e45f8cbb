//! How likely an amount of new ink is for an unmarked and for a marked box of this page.

use super::BoxInk;

/// Share of unmarked boxes that show dirt, a stray stroke or rubbed-out pencil, and how much of it is usual there.
/// Looked at box by box on photocopies and phone pictures: two in a hundred, a few hundredths of the box.
const DIRT: f32 = 0.02;
const SMEAR: f32 = 0.04;
/// One diagonal of a fine pen covers an eighth of a box; marks of half as much occur, less is hardly one.
const LEAST: f32 = 0.06;
/// Share of marks that do not look like the other marks of their page.
const ODD: f32 = 0.05;
/// Ink that unmarked boxes show before the page has told, its spread, and what that is worth in boxes.
const BEFORE: (f32, f32, f32) = (0.008, 0.008, 3.0);
/// No page is cleaner than this.
const LEAST_SPREAD: f32 = 0.01;
/// Print that is known leaves less than this in an unmarked box, whatever the scanner does.
const CEILING: f32 = 0.15;

/// What boxes of one kind show on this page.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Usual {
    /// Middle and spread of the new ink of unmarked boxes.
    centre: f32,
    spread: f32,
    /// Middle of the new ink of marks, beyond `centre`, and how many there are.
    strength: f32,
    marks: f32,
    /// Middle and spread of the ink in the margins.
    beside: (f32, f32),
}

impl Usual {
    /// From all boxes of one kind.
    pub(super) fn learn<'i>(inks: impl Iterator<Item = &'i BoxInk>) -> Self {
        let (mut covers, besides): (Vec<f32>, Vec<[f32; 4]>) = inks.filter(|i| !i.outside).map(|i| (i.cover, i.beside)).unzip();
        let mut besides = besides.concat();
        let (centre, spread) = lower_kind(&mut covers);
        let centre = centre.min(CEILING);
        let mut marks: Vec<f32> = covers.iter().map(|c| c - centre).filter(|e| *e > (8.0 * spread).max(2.0 * LEAST)).collect();
        let middle = marks.len() / 2;
        let strength = if marks.is_empty() { 0.0 } else { *marks.select_nth_unstable_by(middle, f32::total_cmp).1 };
        Self { centre, spread: spread.max(LEAST_SPREAD), strength, marks: marks.len() as f32, beside: lower_kind(&mut besides) }
    }

    /// How many times likelier the ink is in a marked box than in an unmarked one.
    pub(super) fn odds(&self, cover: f32) -> f32 {
        let over = cover - self.centre;
        let empty = (1.0 - DIRT) * bell(over, self.spread) + DIRT / SMEAR * (-over.max(0.0) / SMEAR).exp();
        let any = if over <= 0.0 { 0.0 } else { (over / LEAST).min(1.0).powi(6) / over.max(LEAST) / (1.0 / LEAST).ln() };
        let like_others = (1.0 - ODD) * self.marks / (self.marks + 2.0);
        let like = if self.marks > 0.0 { bell(over - self.strength, 0.25 * self.strength + 0.03) } else { 0.0 };
        (like_others * like + (1.0 - like_others) * any) / empty.max(1e-9)
    }

    /// Whether a side of a margin shows ink that margins here do not show.
    pub(super) fn stray(&self, beside: f32) -> bool {
        beside > self.beside.0 + (8.0 * self.beside.1).max(LEAST)
    }
}

/// Density of the normal distribution round 0.
fn bell(x: f32, spread: f32) -> f32 {
    (-0.5 * (x / spread).powi(2)).exp() / (spread * std::f32::consts::TAU.sqrt())
}

/// Middle and spread of the lower of two kinds of values: from the lowest quarter upwards for as long as no gap comes.
pub(super) fn lower_kind(values: &mut [f32]) -> (f32, f32) {
    values.sort_unstable_by(f32::total_cmp);
    let (before, wide, weight) = BEFORE;
    let mut count = values.len().div_ceil(4);
    loop {
        let low = &values[..count];
        let n = count as f32 + weight;
        let centre = (low.iter().sum::<f32>() + before * weight) / n;
        let squares = low.iter().map(|v| (v - centre).powi(2)).sum::<f32>() + wide * wide * weight;
        let spread = (squares / n).sqrt();
        let more = values.iter().take_while(|v| **v <= centre + 4.0 * spread).count();
        if more <= count {
            return (centre, spread);
        }
        count = more;
    }
}

#[cfg(test)]
mod tests {
    use super::{BoxInk, Usual};

    fn page(empty: &[f32], marks: &[f32]) -> Usual {
        let inks: Vec<BoxInk> = empty.iter().chain(marks).map(|c| BoxInk { cover: *c, ..BoxInk::default() }).collect();
        Usual::learn(inks.iter())
    }

    #[test]
    fn what_lies_among_the_unmarked_is_empty_and_what_lies_among_the_marks_is_one() {
        let clean = page(&[0.0; 40], &[0.5, 0.6, 0.55]);
        assert!(clean.odds(0.01) < 1e-3 && clean.odds(0.5) > 1e4, "{clean:?}");
        // Where print is not known well, the same ink says less.
        let rough: Vec<f32> = (0..40).map(|i| 0.02 + 0.004 * i as f32).collect();
        let rough = page(&rough, &[0.7, 0.75, 0.8]);
        assert!(rough.odds(0.15) < 1.0 && clean.odds(0.15) > 5.0, "{} {}", rough.odds(0.15), clean.odds(0.15));
    }

    #[test]
    fn a_thin_stroke_is_surer_where_all_marks_are_thin() {
        let thin = page(&[0.004; 40], &[0.09, 0.1, 0.12, 0.1, 0.11]);
        let full = page(&[0.004; 40], &[0.8, 0.9, 0.85, 0.8, 0.9]);
        assert!(thin.odds(0.09) > 2.0 * full.odds(0.09), "{} {}", thin.odds(0.09), full.odds(0.09));
        assert!(full.odds(0.09) > 0.3, "it is nothing on neither: {}", full.odds(0.09));
    }
}
