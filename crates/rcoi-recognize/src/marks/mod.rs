//! Mark boxes: each is compared with its own print, only new ink is measured, and the unmarked boxes of the page set the scale.
//!
//! The print of a box comes from the picture of the empty form, from the drawing of our own forms, or - where neither is
//! known - from the boxes of the same page that should look alike. It is laid on the scan together with the prints beside it,
//! widened by the error that remains and taken off. How much ink unmarked boxes still show on this page is learned from
//! them, and from both kinds of boxes follows the chance that a box is marked.

mod fresh;
mod judge;
mod lay;
mod likely;
mod print;
mod tones;

use crate::levels::Levels;
use crate::sample::Patch;
use likely::Usual;
pub(crate) use print::Prints;
use rcoi_model::{Homography, Quad, Rect};
use rcoi_template::{FieldSpec, MarkBox, MarksField, Template};
use tones::{AREA, Frame, Tones};

/// Ink of one box beyond its print. Shares of the box, 0..1.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BoxInk {
    /// New ink within; pale ink counts nearly as dark ink does.
    cover: f32,
    /// Part of the inside that shows any new ink, however pale.
    extent: f32,
    /// How dark the new ink is where there is any.
    tone: f32,
    /// Darkness of the inside as it is, print included.
    black: f32,
    /// New ink in the margin left of, right of, above and below the box, as a share of that part of the margin.
    beside: [f32; 4],
    /// Share of the box's known print that the picture does not show.
    missing: f32,
    /// The box lies outside the picture.
    outside: bool,
    area: Quad,
}

/// All boxes of a page, and what the unmarked ones look like here.
#[derive(Debug, Default)]
pub(crate) struct PageMarks {
    /// By field of the template; empty for fields of other kinds.
    inks: Vec<Vec<BoxInk>>,
    /// By field of the template.
    usual: Vec<Usual>,
    /// By field of the template: its print is not where it should be, or ink stands beside its boxes.
    astray: Vec<bool>,
    /// Chance beforehand that a field for one mark is empty, and that a box of another field is marked.
    none: f32,
    each: f32,
}

/// One box of the page while it is measured.
struct Sample {
    field: usize,
    at: usize,
    /// Where the box is looked for, form units.
    area: Rect,
    frame: Frame,
    tones: Tones,
    /// Picture pixels per sample.
    step: f32,
    /// Where the print lies, samples.
    shift: (i32, i32),
    /// What the print lies beyond `shift`; −0.5..0.5 samples.
    part: (f32, f32),
}

/// Measures the boxes of all fields. `maps` has one map for each field of the template, `black` is the darkest ink of the page.
pub(crate) fn measure(picture: &Levels<'_>, maps: &[Homography], template: &Template, prints: &Prints, black: u8) -> PageMarks {
    let mut page = PageMarks { usual: vec![Usual::default(); template.fields.len()], ..PageMarks::default() };
    let mut samples: Vec<Sample> = Vec::new();
    for (field, spec) in template.fields.iter().enumerate() {
        let mut inks = Vec::new();
        if let FieldSpec::Marks(spec) = &spec.spec {
            let sample = |(at, b): (usize, &MarkBox)| Sample {
                field,
                at,
                area: b.area,
                frame: Frame::of(&b.area),
                tones: [0; AREA],
                step: 1.0,
                shift: (0, 0),
                part: (0.0, 0.0),
            };
            samples.extend(spec.boxes.iter().enumerate().map(sample));
            inks = vec![BoxInk::default(); spec.boxes.len()];
        }
        page.inks.push(inks);
    }
    for boxes in samples.chunk_by_mut(|a, b| a.field == b.field) {
        look(picture, maps, boxes, black, &mut page);
    }
    let learned;
    let known = match &prints.known {
        Some(known) => known,
        None => {
            learned = print::learn(template, &mut samples, &prints.near, &mut |samples| follow(picture, maps, samples, black, &mut page));
            &learned
        }
    };
    let loose = prints.known.is_none();
    lay::lay(&mut samples, &prints.near, loose, |s| known.get(s.field, s.at));
    if template.blank.is_some() {
        // A blank of another program is known to a part of a sample.
        follow(picture, maps, &mut samples, black, &mut page);
        lay::lay(&mut samples, &prints.near, loose, |s| known.get(s.field, s.at));
    }
    for sample in &samples {
        let ink = &mut page.inks[sample.field][sample.at];
        fresh::measure(&sample.frame, &sample.tones, known.get(sample.field, sample.at), sample.shift, sample.step, ink);
    }
    page.learn(template, prints);
    page
}

/// Moves boxes to where their print was found and cuts them there.
fn follow(picture: &Levels<'_>, maps: &[Homography], samples: &mut [Sample], black: u8, page: &mut PageMarks) {
    for boxes in samples.chunk_by_mut(|a, b| a.field == b.field) {
        for sample in boxes.iter_mut() {
            let ((x, y), (px, py)) = (std::mem::take(&mut sample.shift), std::mem::take(&mut sample.part));
            sample.area = Frame::moved(&sample.area, (x as f32 + px, y as f32 + py));
        }
        look(picture, maps, boxes, black, page);
    }
}

/// Cuts the boxes of a field.
fn look(picture: &Levels<'_>, maps: &[Homography], boxes: &mut [Sample], black: u8, page: &mut PageMarks) {
    let mut patch = Patch::default();
    for sample in boxes.iter_mut() {
        let (ink, map) = (&mut page.inks[sample.field][sample.at], &maps[sample.field]);
        let cut = tones::cut_box(picture, map, &sample.area, &mut sample.tones, &mut patch);
        sample.step = cut.step;
        (ink.outside, ink.area) = (cut.outside, map.apply_rect(&sample.area));
    }
    tones::against_paper(boxes, black);
}

/// Fields whose boxes are of one size share what is usual.
fn alike(a: &MarksField, b: &MarksField) -> bool {
    let size = |f: &MarksField| f.boxes.first().map_or((0.0, 0.0), |b| (b.area.w, b.area.h));
    let ((aw, ah), (bw, bh)) = (size(a), size(b));
    a.outline == b.outline && (aw - bw).abs() < 0.05 * aw && (ah - bh).abs() < 0.05 * ah
}
