//! Bars in a known place: a few lines first; more, and tilted ones, only when those do not agree; then the joint reading.

use super::runs::{Hit, Runs};
use super::{CodeRead, code128, ean13, itf, obeys};
use crate::levels::Levels;
use crate::params::Params;
use crate::sample::bilinear;
use rcoi_model::{Homography, Point, Rect};
use rcoi_template::{CodeField, Symbology};

/// Kinds of bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ean13,
    Code128,
    Itf,
}

impl Kind {
    pub(super) fn of(symbology: Symbology) -> Option<Self> {
        match symbology {
            Symbology::Ean13 => Some(Self::Ean13),
            Symbology::Code128 => Some(Self::Code128),
            Symbology::Itf => Some(Self::Itf),
            Symbology::Qr | Symbology::DataMatrix => None,
        }
    }

    pub(super) fn symbology(self) -> Symbology {
        match self {
            Self::Ean13 => Symbology::Ean13,
            Self::Code128 => Symbology::Code128,
            Self::Itf => Symbology::Itf,
        }
    }

    /// Codes that a line tells, in either direction.
    pub(super) fn find(self, runs: &Runs) -> Vec<Hit> {
        let one_way = |runs: &Runs| match self {
            Self::Ean13 => ean13::find(runs),
            Self::Code128 => code128::find(runs),
            Self::Itf => itf::find(runs),
        };
        let mut hits = one_way(runs);
        let turned = runs.turned();
        hits.extend(one_way(&turned).into_iter().map(|h| runs.mirrored(h)));
        hits
    }
}

/// Where bars stand upright: lines run from the left edge of `rect` to the right one.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    pub(super) page: &'p Levels<'p>,
    pub(super) map: Homography,
    pub(super) rect: Rect,
}

/// A line is mapped exactly at so many places; between them it is straight also through a projective map.
const EXACT: usize = 8;
/// Longest line, samples: 600 dpi over the width of a page.
const LONGEST: usize = 5000;
/// The window of [`Runs::of`] in blocks over the width of a field: a sixty-fourth of an EAN-13 is two modules.
const BLOCKS: usize = 64;

impl<'p> Place<'p> {
    /// A field's area, grown by a share of its height.
    pub(super) fn of(page: &'p Levels<'p>, map: &Homography, field: &CodeField, grown: f32) -> Self {
        let (area, turn) = field.upright();
        let rect = Rect::new(area.x, area.y, area.w, field.bars_bottom() - area.y);
        Self { page, map: turn.then(map), rect: rect.grown(rect.h * grown) }
    }

    /// Width and height in the picture, pixels.
    pub(super) fn size(&self) -> (f32, f32) {
        let quad = self.map.apply_rect(&self.rect);
        (quad.0[0].distance(quad.0[1]), quad.0[0].distance(quad.0[3]))
    }

    /// Brightness along the line that begins at height `left` and ends at height `right` (0 = top .. 1 = bottom), a mean over
    /// three pixels across it, one sample a pixel. Outside the picture is white.
    pub(super) fn line(&self, left: f32, right: f32) -> Vec<f32> {
        let r = &self.rect;
        let at = |t: f32| self.map.apply(Point::new(r.x + t * r.w, r.y + (left + (right - left) * t) * r.h));
        let (a, b) = (at(0.0), at(1.0));
        let length = a.distance(b);
        let count = (length.ceil() as usize).clamp(16, LONGEST);
        // Across the line.
        let (nx, ny) = (-(b.y - a.y) / length.max(1.0), (b.x - a.x) / length.max(1.0));
        let mut line = Vec::with_capacity(count);
        let (gray, _) = self.page.reduced(0);
        for part in 0..EXACT {
            let (first, last) = (count * part / EXACT, count * (part + 1) / EXACT);
            let share = |k: usize| (k as f32 + 0.5) / count as f32;
            let (p, q) = (at(share(first)), at(share(last)));
            let n = (last - first).max(1) as f32;
            for k in 0..last - first {
                let t = k as f32 / n;
                let (x, y) = (p.x + t * (q.x - p.x), p.y + t * (q.y - p.y));
                let value = |d: f32| bilinear(gray, x + d * nx, y + d * ny).unwrap_or(255.0);
                line.push((value(-1.0) + value(0.0) + value(1.0)) / 3.0);
            }
        }
        line
    }

    fn runs(&self, left: f32, right: f32) -> Runs {
        let line = self.line(left, right);
        Runs::of(&line, line.len() / BLOCKS)
    }

    fn texts(&self, kind: Kind, left: f32, right: f32) -> Vec<String> {
        kind.find(&self.runs(left, right)).into_iter().map(|h| h.text).collect()
    }

    /// False when no line crosses so many edges as the shortest code has half of: whatever stands there, it is no code.
    pub(super) fn striped(&self) -> bool {
        (1..10).any(|i| self.runs(i as f32 / 10.0, i as f32 / 10.0).widths.len() >= LEAST_EDGES)
    }
}

/// Half of the edges of a Code 128 of one character.
const LEAST_EDGES: usize = 13;

/// Lines that are looked at first, as heights. Three of the four must tell the same.
const FIRST: [f32; 4] = [0.25, 0.7, 0.45, 0.85];

/// A clean code, from four lines.
pub(super) fn glance(place: &Place<'_>, kind: Kind, field: &CodeField) -> Option<CodeRead> {
    let mut votes = Votes::default();
    for (i, height) in FIRST.into_iter().enumerate() {
        votes.add(&place.texts(kind, height, height), |t| obeys(field, t));
        // What a second line does not confirm, four will not.
        if i == 1 && votes.0.is_empty() {
            return None;
        }
        if let [(text, 3)] = votes.0.as_slice() {
            return Some(CodeRead { text: text.clone(), confidence: CLEAN });
        }
    }
    None
}

/// Chance that three equal lines without a contradiction, each with a fitting check, are right.
const CLEAN: f32 = 0.9999;

/// Codes, and how many lines tell each.
#[derive(Debug, Default)]
struct Votes(Vec<(String, u32)>);

impl Votes {
    fn add(&mut self, texts: &[String], wanted: impl Fn(&str) -> bool) {
        for (i, text) in texts.iter().enumerate() {
            // Seen twice by one line counts once.
            if texts[..i].contains(text) || !wanted(text) {
                continue;
            }
            match self.0.iter_mut().find(|(known, _)| known == text) {
                Some((_, count)) => *count += 1,
                None => self.0.push((text.clone(), 1)),
            }
        }
    }

    /// The code that most lines tell, how many do, and their share of all that tell one.
    fn best(&self) -> Option<(&str, u32, f32)> {
        let all: u32 = self.0.iter().map(|(_, n)| n).sum();
        self.0.iter().max_by_key(|(_, n)| *n).map(|(text, n)| (text.as_str(), *n, *n as f32 / all as f32))
    }
}

/// Slopes of the lines that are tried, as a share of the width: level, then up to 5° either way.
const SLOPES: [f32; 5] = [0.0, 0.04, -0.04, 0.085, -0.085];
/// At most so many lines of one slope, at least two pixels apart.
const LINES: f32 = 60.0;

/// A code from every line of its area, level and tilted. The confidence says how far the lines agree.
pub(super) fn vote(place: &Place<'_>, kind: Kind, field: &CodeField, params: &Params) -> Option<CodeRead> {
    let (wide, high) = place.size();
    let lines = (high / 2.0).clamp(4.0, LINES) as usize;
    let (mut votes, mut others) = (Votes::default(), Votes::default());
    for slope in SLOPES {
        let rise = slope * wide / high.max(1.0);
        for i in 0..lines {
            let middle = (i as f32 + 0.5) / lines as f32;
            let texts = place.texts(kind, middle - rise / 2.0, middle + rise / 2.0);
            votes.add(&texts, |t| obeys(field, t));
            others.add(&texts, |t| !obeys(field, t));
        }
        if votes.best().is_some_and(|(_, n, share)| n >= params.code_lines && share >= params.code_agreement) {
            break;
        }
    }
    // A code against the field's rules is told too, for people: nothing else will be read there.
    let (text, count, share) = votes.best().or_else(|| others.best())?;
    // One accidental line in ten fits a check digit; several equal ones do not come about by accident.
    let confidence = match count {
        0 | 1 => 0.0,
        n if n >= params.code_lines && share >= params.code_agreement => 0.98 + 0.0199 * share,
        _ => 0.8 * share,
    };
    Some(CodeRead { text: text.to_owned(), confidence })
}
