//! What is printed in and round each box: from the picture of the empty form, from our drawing, or from the page's own boxes.

use super::Sample;
use super::fresh::{Rimmed, lines, rimmed};
use super::lay::{self, Stencil};
use super::tones::{AREA, Frame, LEAST_SPAN, PAPER, SIDE, Tones, cut_box, darken, widened};
use crate::levels::Levels;
use crate::sample::{Patch, percentile};
use image::GrayImage;
use rcoi_model::Homography;
use rcoi_template::{FieldSpec, MarkBox, Outline, Preprint, Template, Unit, draw};
use std::collections::BTreeMap;

/// Resolution of the drawn blank: a box of 4.6 mm is as large as its sample.
const DRAWN_DPI: f32 = 150.0;
/// Share of a blank that is its darkest print.
const BLACK: f32 = 0.004;
/// Boxes that must look alike before their common print can be estimated from the page itself.
pub(super) const ALIKE: usize = 4;
/// Of boxes that look alike so many may be marked before the mark passes for print: three in five.
const SHARE: f32 = 0.35;
/// Share of boxes by whose darkness the spread of the unmarked is seen, and how many times that from [`SHARE`] the rest may
/// reach upwards: to the 95th of a hundred boxes whose ink is normally distributed.
const LOW: f32 = 0.1;
const VARIES: f32 = 2.2;
/// Boxes are laid on what they have in common to about a quarter of a sample.
const BESIDE: f32 = 0.25;
/// Rounds of laying the boxes of a page on what they have in common.
const ROUNDS: usize = 3;
/// Print inside a box is a letter, and other boxes have letters too: what is so many times darker than theirs and a little more
/// (share of the box), or darker than any letter, are marks.
const LETTERS: f32 = 2.5;
const LETTER: f32 = 0.04;
const NOTHING: f32 = 0.01;
const MOST: f32 = 0.2;

/// Darkness of clean print from which a scan may show black, and up to which it is no print.
const LINE: f32 = 0.3;
const FAINT: f32 = 0.06;
/// A print paler than this everywhere cannot be laid on anything.
const MARKED: u8 = 40;

/// Print of one box.
pub(crate) struct Print {
    /// Its darkness.
    pub(super) stencil: Stencil,
    /// Darkness that need not be new ink.
    pub(super) explained: Tones,
    /// The same with a rim, so that it can be laid on a scan.
    pub(super) rimmed: Rimmed,
    /// Darkness where its lines are, else 0.
    pub(super) lines: Tones,
    /// Samples on its lines.
    pub(super) lined: usize,
    /// From a clean picture of the form, not from scans.
    pub(super) sharp: bool,
    /// Whether there is anything that could be laid on a scan.
    pub(super) marked: bool,
}

impl Print {
    /// From a clean picture of the form: scanners and copiers blacken grey lines, and a sample beside a line may show it too.
    fn clean(tones: Tones) -> Self {
        let mut explained = widened(&tones);
        for dark in &mut explained {
            let share = (f32::from(*dark) / 255.0 - FAINT) / (LINE - FAINT);
            *dark = (share.clamp(0.0, 1.0) * 255.0) as u8;
        }
        Self::of(tones, explained, true)
    }

    /// From the boxes of a page, which have its tone already: what they differ by tells how much more is no new ink.
    fn seen(usual: &Usual) -> Self {
        let mut explained = widened(&usual.middle);
        for ((dark, own), low) in explained.iter_mut().zip(&usual.middle).zip(&usual.low) {
            let (wide, own, low) = (f32::from(*dark), f32::from(*own), f32::from(*low));
            let share = f32::max(own + BESIDE * (wide - own), own + VARIES * (own - low)) / 255.0 + 0.03;
            *dark = (share.min(1.0) * 255.0) as u8;
        }
        Self::of(usual.middle, explained, false)
    }

    fn of(tones: Tones, explained: Tones, sharp: bool) -> Self {
        let lines = lines(&tones);
        Self {
            stencil: Stencil::of(&tones),
            explained,
            rimmed: rimmed(&explained),
            lines,
            lined: lines.iter().filter(|t| **t > 0).count(),
            sharp,
            marked: tones.iter().any(|t| *t > MARKED),
        }
    }
}

/// Prints, and which of them each box of each field has.
pub(crate) struct Known {
    prints: Vec<Print>,
    of: Vec<Vec<usize>>,
}

impl Known {
    pub(super) fn get(&self, field: usize, at: usize) -> Option<&Print> {
        self.prints.get(*self.of.get(field)?.get(at)?)
    }
}

/// What is known of the boxes of a form before any page is read; kept for all its pages.
pub(crate) struct Prints {
    /// `None`: each page must tell.
    pub(super) known: Option<Known>,
    /// Of all boxes in the template's order those that lie nearest.
    pub(super) near: Vec<Vec<usize>>,
}

impl Prints {
    pub(crate) fn of(template: &Template) -> Self {
        let blank = match &template.blank {
            Some(blank) => GrayImage::from_raw(blank.width, blank.height, blank.pixels.clone()),
            None => drawn(template),
        };
        let mut places = Vec::new();
        for field in &template.fields {
            if let FieldSpec::Marks(marks) = &field.spec {
                places.extend(marks.boxes.iter().map(|b| b.area.centre()));
            }
        }
        // A blank that cannot be had tells nothing; the page itself still does.
        Self { known: blank.map(|blank| in_picture(template, &blank)), near: lay::nearest(&places) }
    }
}

/// Our own forms are drawn as they are printed; of others the lines and letters are not known so well.
fn drawn(template: &Template) -> Option<GrayImage> {
    let known = |f: &FieldSpec| !matches!(f, FieldSpec::Marks(m) if m.outline == Outline::Unknown);
    let has_marks = template.fields.iter().any(|f| matches!(f.spec, FieldSpec::Marks(_)));
    let ours = template.unit == Unit::Millimetre && has_marks && template.fields.iter().all(|f| known(&f.spec));
    if ours { draw::gray(template, &Preprint::new(), DRAWN_DPI).ok() } else { None }
}

fn in_picture(template: &Template, blank: &GrayImage) -> Known {
    let (sx, sy) = (f64::from(blank.width()) / f64::from(template.width), f64::from(blank.height()) / f64::from(template.height));
    let map = Homography([sx, 0.0, 0.0, 0.0, sy, 0.0, 0.0, 0.0, 1.0]);
    let black = percentile(blank.as_raw(), BLACK).min(255 - LEAST_SPAN);
    let (page, mut patch) = (Levels::of(blank), Patch::default());
    let mut known = Known { prints: Vec::new(), of: Vec::new() };
    for field in &template.fields {
        let mut of = Vec::new();
        if let FieldSpec::Marks(spec) = &field.spec {
            for b in &spec.boxes {
                let mut tones = [0; AREA];
                cut_box(&page, &map, &b.area, &mut tones, &mut patch);
                let paper = percentile(&tones, PAPER);
                darken(&mut tones, paper, black);
                of.push(known.prints.len());
                known.prints.push(Print::clean(tones));
            }
        }
        known.of.push(of);
    }
    known
}

/// Boxes that should look alike: of one size, with the same text in them.
fn look(b: &MarkBox, bare: bool) -> String {
    format!("{}/{}", size(b), text(b, bare))
}

/// What is printed in a box. A layout that does not know its print has most likely printed the value.
pub(super) fn text(b: &MarkBox, bare: bool) -> &str {
    if b.printed.is_empty() && !bare { &b.value } else { &b.printed }
}

fn size(b: &MarkBox) -> String {
    format!("{:.0}x{:.0}", b.area.w * 2.0, b.area.h * 2.0)
}

/// The print of each box of the page by what most of its like show.
/// `again` cuts boxes anew where they lie after they were moved.
pub(super) fn learn(template: &Template, samples: &mut [Sample], near: &[Vec<usize>], again: &mut dyn FnMut(&mut [Sample])) -> Known {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut join = |name: String, sample: usize| {
        let group = *names.entry(name).or_insert(groups.len());
        if group == groups.len() {
            groups.push(Vec::new());
        }
        groups[group].push(sample);
        group
    };
    let bare: Vec<bool> = samples.iter().map(|s| matches!(&template.fields[s.field].spec, FieldSpec::Marks(m) if m.bare)).collect();
    // Every box belongs to its size and to its look.
    let (mut sizes, mut looks) = (vec![Vec::new(); template.fields.len()], vec![Vec::new(); template.fields.len()]);
    let mut size_of = BTreeMap::new();
    for (i, sample) in samples.iter().enumerate() {
        let FieldSpec::Marks(spec) = &template.fields[sample.field].spec else { continue };
        let b = &spec.boxes[sample.at];
        let (size, look) = (join(size(b), i), join(look(b, spec.bare), i));
        size_of.insert(look, size);
        sizes[sample.field].push(size);
        looks[sample.field].push(look);
    }
    // Frames are common to all boxes of a size: laid on each other they become sharp, then the letters are taken.
    let mut common = Known { prints: prints(&groups, &BTreeMap::new(), samples, &bare), of: sizes };
    for _ in 0..ROUNDS {
        lay::lay(samples, near, true, |s| common.get(s.field, s.at));
        again(samples);
        common.prints = prints(&groups, &BTreeMap::new(), samples, &bare);
    }
    Known { prints: prints(&groups, &size_of, samples, &bare), of: looks }
}

/// One print for each group of samples; one that is small or mostly marked takes the print of the group that holds it. `bare` = the
/// boxes that have nothing inside.
fn prints(groups: &[Vec<usize>], within: &BTreeMap<usize, usize>, samples: &[Sample], bare: &[bool]) -> Vec<Print> {
    let usual = |group: &Vec<usize>| {
        let usual = (group.len() >= ALIKE).then(|| Usual::of(group, samples))?;
        Some(if group.iter().all(|s| bare[*s]) { usual.bare(&samples[group[0]].frame) } else { usual })
    };
    let all: Vec<Option<Usual>> = groups.iter().map(usual).collect();
    let none = Usual { middle: [0; AREA], low: [0; AREA] };
    let darkness = |usual: &Usual, group: &[usize]| group.first().map_or(0.0, |s| samples[*s].frame.darkness(&usual.middle));
    let common = |i: usize| within.get(&i).and_then(|size| all[*size].as_ref());
    let more = |i: usize| Some(darkness(all[i].as_ref()?, &groups[i]) - darkness(common(i)?, &groups[i]));
    let usual = |i: usize| {
        let alike = |other: &usize| within.get(other) == within.get(&i);
        let mut more: Vec<f32> = (0..groups.len()).filter(alike).filter_map(more).collect();
        let middle = more.len() / 2;
        if more.is_empty() { 0.0 } else { *more.select_nth_unstable_by(middle, f32::total_cmp).1 }
    };
    let one = |(i, own): (usize, &Option<Usual>)| {
        // Where boxes have no letters, all of them together tell their print best.
        let fair = more(i).is_none_or(|more| usual(i) > NOTHING && more <= (LETTERS * usual(i) + LETTER).min(MOST));
        Print::seen(own.as_ref().filter(|_| fair).or(common(i)).unwrap_or(&none))
    };
    all.iter().enumerate().map(one).collect()
}

/// What boxes that look alike show, all moved to where their print lies, sample by sample.
struct Usual {
    /// The darkness that [`SHARE`] of the boxes do not reach.
    middle: Tones,
    /// The darkness that [`LOW`] of them do not reach.
    low: Tones,
}

impl Usual {
    fn of(group: &[usize], samples: &[Sample]) -> Self {
        let mut out = Self { middle: [0; AREA], low: [0; AREA] };
        let mut column = Vec::with_capacity(group.len());
        let place = |v: usize, by: i32| (v as i32 + by).clamp(0, SIDE as i32 - 1) as usize;
        let rank = |share: f32| ((group.len() - 1) as f32 * share) as usize;
        for at in 0..AREA {
            let (x, y) = (at % SIDE, at / SIDE);
            column.clear();
            column.extend(group.iter().map(|s| &samples[*s]).map(|s| s.tones[place(y, s.shift.1) * SIDE + place(x, s.shift.0)]));
            let (below, middle, _) = column.select_nth_unstable(rank(SHARE));
            out.middle[at] = *middle;
            out.low[at] = if below.is_empty() { *middle } else { *below.select_nth_unstable(rank(LOW).min(below.len() - 1)).1 };
        }
        out
    }

    /// The same with nothing inside.
    fn bare(mut self, frame: &Frame) -> Self {
        for at in frame.core() {
            (self.middle[at], self.low[at]) = (0, 0);
        }
        self
    }
}
