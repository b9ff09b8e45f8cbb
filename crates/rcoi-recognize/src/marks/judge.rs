//! From ink to states, value and doubts of a field: all boxes together, because one mark makes another less likely.

use super::likely::{Usual, lower_kind};
use super::print::{ALIKE, Prints, text};
use super::{BoxInk, PageMarks, alike};
use crate::params::Params;
use rcoi_model::{Confidence, Doubt, MarkReading, MarkState, Point};
use rcoi_template::{FieldSpec, MarksField, Template};
use std::collections::BTreeMap;

/// Chance beforehand that a field for one mark has several.
const SEVERAL: f32 = 0.02;
/// Boxes of a field that may be marks at all; of more no one asks which set is likeliest.
const RIVALS: usize = 6;
/// From this cover on a mark shows the tone of its ink; thin strokes look paler than they are.
const FILLED: f32 = 0.7;
/// Odds from which a field is clearly not empty.
const CLEAR: f32 = 30.0;
/// What the letter of a box may show more than the letters of others, when print is known and when the page told it:
/// then a whole column may stand a little beside its places.
const LETTER: [f32; 2] = [0.08, 0.2];
/// A box whose print is missing by more than this stands elsewhere: found boxes miss below 0.2, others above 0.9.
const LOST: f32 = 0.5;
/// Boxes of a row or column that tell whether ink beside one of them is print, and how many are needed.
const LINE: usize = 8;
const LEAST_LINE: usize = 3;
/// A line that runs a little closer to one box than to the next shows a part of its ink there.
const LIKE: f32 = 0.25;
/// No reading is surer: a box may be covered by what nobody thought of.
const CERTAIN: f32 = 0.9995;

impl PageMarks {
    /// Learns from all boxes of one kind what is usual on this page.
    pub(super) fn learn(&mut self, template: &Template, prints: &Prints) {
        let marks = |i: usize| match &template.fields[i].spec {
            FieldSpec::Marks(spec) => Some(spec),
            _ => None,
        };
        let mut kinds: Vec<(&MarksField, Vec<usize>)> = Vec::new();
        for (i, spec) in (0..template.fields.len()).filter_map(|i| Some((i, marks(i)?))) {
            match kinds.iter_mut().find(|(kind, _)| alike(kind, spec)) {
                Some((_, fields)) => fields.push(i),
                None => kinds.push((spec, vec![i])),
            }
        }
        for (_, fields) in &kinds {
            self.by_look(template, fields, prints.known.is_some());
        }
        let page = (kinds.len() > 1).then(|| Usual::learn(self.inks.iter().flatten(), None));
        for (_, fields) in kinds {
            let usual = Usual::learn(fields.iter().flat_map(|i| &self.inks[*i]), page.as_ref());
            fields.iter().for_each(|i| self.usual[*i] = usual);
        }
        self.astray(template, &prints.near, prints.known.is_some());
        // How many fields are left empty differs from pile to pile; the page tells, by its clear cases.
        let single = (0..template.fields.len()).filter(|i| marks(*i).is_some_and(|m| !m.multiple));
        let best = single.map(|i| self.inks[i].iter().map(|ink| self.usual[i].odds(ink.cover)).fold(0.0, f32::max));
        let (all, empty) = best.fold((0.0_f32, 0.0_f32), |(all, empty), odds| (all + 1.0, if odds < CLEAR { empty + 1.0 } else { empty }));
        self.none = ((empty + 1.0) / (all + 4.0)).clamp(0.05, 0.8);
        let several = (0..template.fields.len()).filter(|i| marks(*i).is_some_and(|m| m.multiple));
        let odds = several.flat_map(|i| self.inks[i].iter().map(move |ink| (i, ink))).map(|(i, ink)| self.usual[i].odds(ink.cover));
        let (all, marked) =
            odds.fold((0.0_f32, 0.0_f32), |(all, marked), odds| (all + 1.0, if odds > CLEAR { marked + 1.0 } else { marked }));
        self.each = ((marked + 1.0) / (all + 5.0)).clamp(0.05, 0.5);
    }

    /// Letters that fit their print worse than others show more ink in each of their boxes: that is taken off.
    fn by_look(&mut self, template: &Template, fields: &[usize], known: bool) {
        let mut looks: BTreeMap<&str, Vec<(usize, usize)>> = BTreeMap::new();
        for i in fields {
            if let FieldSpec::Marks(spec) = &template.fields[*i].spec {
                spec.boxes.iter().enumerate().for_each(|(at, b)| looks.entry(text(b, spec.bare)).or_default().push((*i, at)));
            }
        }
        let centre = |page: &Self, boxes: &[(usize, usize)]| {
            let mut covers: Vec<f32> = boxes.iter().map(|(i, at)| page.inks[*i][*at].cover).collect();
            lower_kind(&mut covers).0
        };
        let all = centre(self, &looks.values().flatten().copied().collect::<Vec<_>>());
        for boxes in looks.values().filter(|b| b.len() >= ALIKE) {
            let more = (centre(self, boxes) - all).clamp(0.0, LETTER[usize::from(!known)]);
            boxes.iter().for_each(|(i, at)| self.inks[*i][*at].cover = (self.inks[*i][*at].cover - more).max(0.0));
        }
    }

    /// Finds fields whose print is not where it should be, and those with ink beside boxes that no mark next to them explains.
    fn astray(&mut self, template: &Template, near: &[Vec<usize>], known: bool) {
        let mut boxes: Vec<(usize, Point, &BoxInk)> = Vec::new();
        for (i, field) in template.fields.iter().enumerate() {
            if let FieldSpec::Marks(spec) = &field.spec {
                boxes.extend(spec.boxes.iter().zip(&self.inks[i]).map(|(b, ink)| (i, b.area.centre(), ink)));
            }
        }
        let lost = |inks: &mut dyn Iterator<Item = &BoxInk>| {
            let mut missing: Vec<f32> = inks.map(|i| i.missing).collect();
            let middle = missing.len() / 2;
            !missing.is_empty() && *missing.select_nth_unstable_by(middle, f32::total_cmp).1 > LOST
        };
        let page = lost(&mut boxes.iter().map(|(_, _, ink)| *ink));
        let mut astray: Vec<bool> = self.inks.iter().map(|inks| page || lost(&mut inks.iter())).collect();
        for ((i, at, ink), near) in boxes.iter().zip(near) {
            let marked = |side: usize| {
                near.iter().map(|n| &boxes[*n]).any(|(other, p, ink)| {
                    let (dx, dy) = (p.x - at.x, p.y - at.y);
                    let there = [-dx, dx, -dy, dy][side];
                    there > 0.0 && there >= dx.abs().max(dy.abs()) && self.usual[*other].odds(ink.cover) > CLEAR
                })
            };
            for side in (0..4).filter(|side| self.usual[*i].stray(ink.beside[*side]) && !marked(*side)) {
                astray[*i] |= known || !self.printed(&boxes, (*i, *at), side, ink.beside[side]);
            }
        }
        // Beside a mark of the same field ink is only a large mark.
        for (i, astray) in astray.iter_mut().enumerate() {
            let filled = self.inks[i].iter().any(|ink| self.usual[i].odds(ink.cover) > CLEAR);
            *astray &= page || !filled || lost(&mut self.inks[i].iter());
        }
        self.astray = astray;
    }

    /// Whether ink at this side of a box is print that the layout does not tell of: it stands at most of the nearest boxes in
    /// the same row (above, below) or column (left, right) too.
    fn printed(&self, boxes: &[(usize, Point, &BoxInk)], (field, at): (usize, Point), side: usize, much: f32) -> bool {
        let along = |p: &Point| if side < 2 { ((p.x - at.x).abs(), (p.y - at.y).abs()) } else { ((p.y - at.y).abs(), (p.x - at.x).abs()) };
        let size = boxes
            .iter()
            .filter(|(_, p, _)| *p != at)
            .map(|(_, p, _)| (p.x - at.x).abs().max((p.y - at.y).abs()))
            .fold(f32::INFINITY, f32::min);
        let mut line: Vec<(f32, bool)> = Vec::new();
        for (_, p, ink) in boxes.iter().filter(|(i, p, _)| self.usual[*i] == self.usual[field] && *p != at) {
            let (across, far) = along(p);
            if across < 0.3 * size {
                line.push((far, ink.beside[side] > LIKE * much));
            }
        }
        line.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        line.truncate(LINE);
        line.len() >= LEAST_LINE && 2 * line.iter().filter(|(_, too)| *too).count() >= line.len()
    }

    /// The marks of a field (its place in the template), its value, confidence and doubts.
    pub(crate) fn judge(&self, index: usize, field: &MarksField, params: &Params) -> (Vec<MarkReading>, String, Confidence, Vec<Doubt>) {
        let (inks, usual) = (&self.inks[index], &self.usual[index]);
        // Beside a plain mark one that is scribbled full was taken back.
        let over = |ink: &BoxInk| {
            let less = |other: &BoxInk| usual.odds(other.cover) > CLEAR && other.black < params.mark_over * ink.black;
            ink.black >= params.mark_scribbled && !field.multiple && inks.iter().any(less)
        };
        let cancelled = |ink: &BoxInk| field.black_cancels && (ink.black >= params.mark_black || over(ink));
        // A cancelled mark is none: another is to be expected.
        let odds = inks.iter().map(|i| if cancelled(i) { 0.0 } else { usual.odds(i.cover) }).collect();
        let chances = chances(field, odds, self.none, self.each);
        let darkest = inks.iter().zip(&chances).filter(|(_, p)| **p >= 0.5).map(|(i, _)| i.tone).fold(0.0, f32::max);
        // Where another box is marked, a rubbed-out mark is what a person who changed their mind leaves.
        let chosen = !field.multiple && chances.iter().any(|p| *p >= 0.5);
        let mut marks = Vec::with_capacity(inks.len());
        let mut certain = 1.0;
        for ((b, ink), chance) in field.boxes.iter().zip(inks).zip(&chances) {
            let pale = ink.cover >= FILLED && ink.tone < params.mark_pale * darkest;
            let mut confidence = chance.max(1.0 - chance);
            let state = if cancelled(ink) {
                MarkState::Cancelled
            } else if confidence < params.sure_mark || (*chance >= 0.5 && pale) || (*chance < 0.5 && !chosen && usual.pale(ink)) {
                // Beside dark marks of the same field a pale one may be rubbed out, or another person's.
                confidence = confidence.min(params.sure_mark);
                MarkState::Doubtful
            } else if *chance >= 0.5 {
                MarkState::Marked
            } else {
                MarkState::Empty
            };
            certain *= confidence;
            let confidence = Confidence::new(confidence.min(CERTAIN));
            marks.push(MarkReading { value: b.value.clone(), state, ink: ink.cover.min(1.0), confidence, area: ink.area });
        }
        let mut doubts = Vec::new();
        if inks.iter().any(|i| i.outside) {
            doubts.push(Doubt::Damaged);
        }
        let count = |state: MarkState| marks.iter().filter(|m| m.state == state).count();
        if count(MarkState::Marked) > 1 && !field.multiple {
            doubts.push(Doubt::MultipleMarks);
        }
        if count(MarkState::Doubtful) > 0 {
            doubts.push(Doubt::Faint);
        }
        if count(MarkState::Cancelled) > 0 {
            doubts.push(Doubt::Cancelled);
        }
        if self.astray[index] {
            doubts.push(Doubt::OffsetInk);
        }
        let chosen: Vec<&str> = marks.iter().filter(|m| m.state == MarkState::Marked).map(|m| m.value.as_str()).collect();
        let value = chosen.join("|");
        (marks, value, Confidence::new(f32::min(certain, CERTAIN)), doubts)
    }
}

/// Chance of each box to be marked. `none` and `each` = chances beforehand, as in [`PageMarks`].
fn chances(field: &MarksField, odds: Vec<f32>, none: f32, each: f32) -> Vec<f32> {
    let alone = |odds: f32| each * odds / (each * odds + 1.0 - each);
    let mut rivals: Vec<usize> = (0..odds.len()).filter(|i| odds[*i] > 1e-4).collect();
    if field.multiple || rivals.len() > RIVALS || odds.len() < 2 {
        return odds.into_iter().map(alone).collect();
    }
    rivals.sort_unstable_by(|a, b| odds[*b].total_cmp(&odds[*a]));
    // Bayes over all sets of the boxes that may be marks at all.
    let boxes = odds.len() as f32;
    let before = |marks: u32| match marks {
        0 => none,
        1 => (1.0 - SEVERAL - none) / boxes,
        // One pair of all; each further mark is as rare again.
        _ => SEVERAL / (boxes * (boxes - 1.0) / 2.0) * SEVERAL.powi(marks as i32 - 2),
    };
    let mut out = vec![0.0; odds.len()];
    let mut sum = 0.0_f64;
    let mut of_each = vec![0.0_f64; rivals.len()];
    for set in 0..1_u32 << rivals.len() {
        let ratio: f64 = rivals.iter().enumerate().filter(|(k, _)| (set >> k) & 1 == 1).map(|(_, i)| f64::from(odds[*i])).product();
        let weight = f64::from(before(set.count_ones())) * ratio;
        sum += weight;
        of_each.iter_mut().enumerate().filter(|(k, _)| (set >> k) & 1 == 1).for_each(|(_, e)| *e += weight);
    }
    for (i, weight) in rivals.iter().zip(of_each) {
        out[*i] = (weight / sum) as f32;
    }
    out
}
