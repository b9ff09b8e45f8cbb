//! How likely an amount of new ink is for an unmarked and for a marked box of this page.

use super::BoxInk;

/// Share of unmarked boxes that show dirt, a stray stroke, rubbed-out pencil or print that lies a little beside its place,
/// and how much of it is usual there: what is supposed before the page tells, and what that is worth in boxes.
/// Looked at box by box on photocopies and phone pictures: two in a hundred, a few hundredths of the box.
const DIRT: (f32, f32) = (0.02, 30.0);
const SMEAR: (f32, f32) = (0.04, 3.0);
/// Dirt is no page's usual look, never less than a speck and never as strong as marks.
const MOST_DIRT: f32 = 0.3;
const MOST_SMEAR: f32 = 0.08;
/// One diagonal of a fine pen covers an eighth of a box; marks of half as much occur, less is hardly one.
const LEAST: f32 = 0.06;
/// Marks that do not look like the other marks of their page: what is supposed before the page tells is worth so many.
const ODD: f32 = 2.0;
/// Spread of the logarithm of the ink of marks: of those that are alike before the page tells and what that is worth in marks, the
/// least that is believed, and of the others.
const VARIES: (f32, f32) = (0.35, 3.0);
const LEAST_VARIES: f32 = 0.2;
const ODD_VARIES: f32 = 0.9;
/// Most rounds of sharing the boxes of a page among the kinds, and the change of shares after which another changes nothing.
const ROUNDS: usize = 12;
const SETTLED: f32 = 1e-4;
/// Ink that unmarked boxes show before the page has told, its spread, and what that is worth in boxes.
const BEFORE: (f32, f32, f32) = (0.008, 0.008, 3.0);
/// What is left of a rubbed-out mark tones a tenth of its box and more, to a third of full ink or less; specks and strokes
/// that stray in from marks next door tone less of it, and darker.
const LEAST_PALE: f32 = 0.1;
const PALE: f32 = 0.5;
/// What the first look at the clean boxes is worth in boxes.
const CLEAN: f32 = 5.0;
/// No page is cleaner than this.
const LEAST_SPREAD: f32 = 0.01;
/// Print that is known leaves less than this in an unmarked box, whatever the scanner does.
const CEILING: f32 = 0.15;

/// What boxes of one kind show on this page.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Usual {
    /// Middle and spread of the new ink of clean unmarked boxes.
    centre: f32,
    spread: f32,
    /// Share of the unmarked that shows dirt, and how much of it is usual, beyond `centre`.
    dirt: f32,
    smear: f32,
    /// Middle of the new ink of marks, beyond `centre`; the share of marks that are not like the others.
    strength: f32,
    varies: f32,
    odd: f32,
    /// Middle and spread of the part of an unmarked box that shows any ink.
    extent: (f32, f32),
    /// Middle and spread of the ink in the margins.
    beside: (f32, f32),
}

impl Usual {
    /// From all boxes of one kind. `page` = the same of all kinds together: how clean the sheet is and how evenly it is marked is
    /// supposed of each kind too, before its own boxes tell.
    pub(super) fn learn<'i>(inks: impl Iterator<Item = &'i BoxInk>, page: Option<&Self>) -> Self {
        let (mut covers, mut extents, mut besides) = (Vec::new(), Vec::new(), Vec::new());
        for ink in inks.filter(|i| !i.outside) {
            covers.push(ink.cover);
            extents.push(ink.extent);
            besides.extend(ink.beside);
        }
        let (centre, spread) = lower_kind(&mut covers);
        let centre = centre.min(CEILING);
        let mut marks: Vec<f32> = covers.iter().map(|c| c - centre).filter(|e| *e > (8.0 * spread).max(2.0 * LEAST)).collect();
        let middle = marks.len() / 2;
        let strength = if marks.is_empty() { 0.0 } else { *marks.select_nth_unstable_by(middle, f32::total_cmp).1 };
        let (spread, extent, beside) = (spread.max(LEAST_SPREAD), lower_kind(&mut extents), lower_kind(&mut besides));
        let (dirt, odd) = page.map_or((DIRT.0, 1.0), |page| (page.dirt, page.odd));
        let mut usual = Self { centre, spread, dirt, smear: SMEAR.0, strength, varies: VARIES.0, odd: 1.0, extent, beside };
        if !marks.is_empty() {
            usual.odd = ODD * odd / (marks.len() as f32 + ODD);
        }
        usual.share(&covers, marks.len() as f32 / covers.len().max(1) as f32, (dirt, odd));
        usual
    }

    /// Shares the boxes among clean, dirty, marked like the others and marked otherwise, and learns how many are of each kind
    /// and how much ink dirt leaves: expectation-maximisation (Dempster, Laird, Rubin 1977). `marked` = share of marks, first guess;
    /// `before` = shares of dirty and of odd boxes before the boxes tell.
    fn share(&mut self, covers: &[f32], mut marked: f32, before: (f32, f32)) {
        let count = covers.len() as f32;
        let first = (self.centre, self.spread);
        for _ in 0..ROUNDS {
            let was = (self.dirt, self.centre);
            let mut clean = [0.0; 3];
            let (mut dirty, mut ink, mut alike, mut odd, mut off) = (0.0, 0.0, 0.0, 0.0, 0.0);
            for cover in covers {
                let [pure, dirt, like, any] = self.densities(*cover);
                let all = ((1.0 - marked) * (pure + dirt) + marked * (like + any)).max(1e-9);
                let (pure, dirt) = ((1.0 - marked) * pure / all, (1.0 - marked) * dirt / all);
                let (like, any) = (marked * like / all, marked * any / all);
                clean[0] += pure;
                clean[1] += pure * cover;
                clean[2] += pure * (cover - self.centre).powi(2);
                dirty += dirt;
                ink += dirt * (cover - self.centre).max(0.0);
                alike += like;
                odd += any;
                off += like * self.ratio(*cover).powi(2);
            }
            self.centre = ((clean[1] + first.0 * CLEAN) / (clean[0] + CLEAN)).min(CEILING);
            self.spread = ((clean[2] + first.1.powi(2) * CLEAN) / (clean[0] + CLEAN)).sqrt().max(LEAST_SPREAD);
            self.dirt = ((dirty + before.0 * DIRT.1) / (clean[0] + dirty + DIRT.1)).min(MOST_DIRT);
            self.smear = ((ink + SMEAR.0 * SMEAR.1) / (dirty + SMEAR.1)).clamp(SMEAR.0, MOST_SMEAR);
            if self.strength > 0.0 {
                self.odd = (odd + ODD * before.1) / (alike + odd + ODD);
                self.varies = ((off + VARIES.0.powi(2) * VARIES.1) / (alike + VARIES.1)).sqrt().max(LEAST_VARIES);
            }
            let before = std::mem::replace(&mut marked, (alike + odd + 1.0) / (count + 5.0));
            if (marked - before).abs() < SETTLED && (self.dirt - was.0).abs() < SETTLED && (self.centre - was.1).abs() < SETTLED {
                return;
            }
        }
    }

    /// Logarithm of this much ink, as a share of that of marks.
    fn ratio(&self, cover: f32) -> f32 {
        ((cover - self.centre).max(1e-4) / self.strength).ln()
    }

    /// Densities of this much ink: clean and dirty unmarked boxes, marks like the others and other marks; each pair together is the
    /// density of its kind of box.
    fn densities(&self, cover: f32) -> [f32; 4] {
        let over = cover - self.centre;
        let clean = (1.0 - self.dirt) * bell(over, self.spread);
        let dirt = self.dirt / self.smear * (-over.max(0.0) / self.smear).exp();
        let (mut like, mut any) = (0.0, 0.0);
        if over > 0.0 {
            let least = (over / LEAST).min(1.0).powi(6);
            // Of any strength alike: of all marks nothing more is known.
            any = least / over.max(LEAST) / (1.0 / LEAST).ln();
            if self.strength > 0.0 {
                like = least * bell(self.ratio(cover), self.varies) / over;
                any = 0.5 * (any + least * bell(self.ratio(cover), ODD_VARIES) / over);
            }
        }
        [clean, dirt, (1.0 - self.odd) * like, self.odd * any]
    }

    /// How many times likelier the ink is in a marked box than in an unmarked one.
    pub(super) fn odds(&self, cover: f32) -> f32 {
        let [clean, dirt, like, any] = self.densities(cover);
        (like + any) / (clean + dirt).max(1e-9)
    }

    /// Whether much of a box is toned, but only a little: a mark rubbed out, or made with a very hard pencil.
    pub(super) fn pale(&self, ink: &BoxInk) -> bool {
        let over = ink.cover - self.centre;
        ink.extent > self.extent.0 + (8.0 * self.extent.1).max(LEAST_PALE) && over < PALE * ink.extent && over > LEAST / 3.0
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
        Usual::learn(inks.iter(), None)
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
