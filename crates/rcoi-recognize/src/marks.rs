//! Mark boxes: new ink against what equal boxes of the same page show, so that printed letters never count as marks.

use crate::levels::Levels;
use crate::params::Params;
use crate::sample::{cut, darkness};
use rcoi_model::{Confidence, Doubt, Homography, MarkReading, MarkState, Quad};
use rcoi_template::{FieldSpec, MarkBox, MarksField, Outline, Preprint, Template, Unit, draw};
use std::collections::BTreeMap;

/// Side of a sampled box, pixels.
const SIDE: usize = 28;
/// Resolution of the drawn blank: a box of 4.6 mm is as large as its sample.
const DRAWN_DPI: f32 = 150.0;
/// Boxes that must look alike before their common print can be estimated from the page itself.
const ALIKE: usize = 4;

/// Ink of one box before anything is known of its print.
#[derive(Debug, Clone)]
pub(crate) struct BoxInk {
    /// Mean darkness of the inside, 0..1.
    pub(crate) ink: f32,
    /// What the same measure shows on the drawn blank of the form; 0 when its print is not known.
    pub(crate) print: f32,
    pub(crate) outside: bool,
    pub(crate) area: Quad,
}

/// Measures the insides of all boxes of a field.
pub(crate) fn measure(page: &Levels<'_>, map: &Homography, field: &MarksField, black: u8) -> Vec<BoxInk> {
    field
        .boxes
        .iter()
        .map(|b| {
            let area = map.apply_rect(&b.area);
            // A margin shows the paper beside the box, so that a filled box is not taken for grey paper.
            let margin = 0.25;
            let patch = cut(page, map, &b.area.grown(b.area.w.min(b.area.h) * margin), SIDE, SIDE);
            let dark = darkness(&patch, black);
            let rim = SIDE as f32 * margin / (1.0 + 2.0 * margin);
            let keep = rim + (SIDE as f32 - 2.0 * rim) * if field.outline == Outline::Unknown { 0.1 } else { 0.14 };
            let (mut sum, mut n) = (0.0, 0.0);
            for y in 0..SIDE {
                for x in 0..SIDE {
                    let (fx, fy) = (x as f32 + 0.5, y as f32 + 0.5);
                    let depth = fx.min(fy).min(SIDE as f32 - fx).min(SIDE as f32 - fy);
                    if depth >= keep {
                        sum += dark[y * SIDE + x];
                        n += 1.0;
                    }
                }
            }
            BoxInk { ink: sum / f32::max(n, 1.0), print: 0.0, outside: patch.outside > 0.3, area }
        })
        .collect()
}

/// The same measure on the drawn blank: per field the print of each of its boxes. Imported forms have print that is not known.
pub(crate) fn drawn_print(template: &Template) -> Vec<Vec<f32>> {
    let has_marks = template.fields.iter().any(|f| matches!(&f.spec, FieldSpec::Marks(m) if m.outline != Outline::Unknown));
    if template.unit != Unit::Millimetre || !has_marks {
        return Vec::new();
    }
    // A blank that cannot be drawn tells nothing; the page itself still does.
    let Ok(blank) = draw::gray(template, &Preprint::new(), DRAWN_DPI) else { return Vec::new() };
    let scale = f64::from(blank.width()) / f64::from(template.width);
    let blank = Levels::of(&blank);
    let map = Homography([scale, 0.0, 0.0, 0.0, scale, 0.0, 0.0, 0.0, 1.0]);
    let fields = template.fields.iter().map(|field| match &field.spec {
        FieldSpec::Marks(spec) if spec.outline != Outline::Unknown => measure(&blank, &map, spec, 0).iter().map(|b| b.ink).collect(),
        _ => Vec::new(),
    });
    fields.collect()
}

/// What every box of the page would show without a mark, and how strong marks are here.
#[derive(Debug, Clone, Default)]
pub(crate) struct PageInk {
    by_look: BTreeMap<String, Look>,
    /// New ink of a typical mark of this page; 0 when there is none.
    strength: f32,
    /// The outline's look was unknown: only relative measures can be trusted.
    unknown: bool,
}

impl PageInk {
    pub(crate) fn learn(fields: &[(&MarksField, &[BoxInk])]) -> Self {
        let mut looks: BTreeMap<String, (Vec<f32>, Vec<f32>)> = BTreeMap::new();
        for (field, inks) in fields {
            for (b, ink) in field.boxes.iter().zip(*inks) {
                let seen = looks.entry(look(field, b)).or_default();
                seen.0.push(ink.ink);
                seen.1.push(ink.print);
            }
        }
        // Most boxes of a look are unmarked: a low quantile is their print. Of few boxes only the drawn blank can tell.
        let by_look = looks
            .into_iter()
            .map(|(name, (inks, prints))| {
                let seen = (inks.len() >= ALIKE).then(|| lower_quartile(inks));
                (name, Look { seen, drawn: lower_quartile(prints) })
            })
            .collect();
        let mut page = Self { by_look, strength: 0.0, unknown: fields.iter().any(|(f, _)| f.outline == Outline::Unknown) };
        let mut tops: Vec<f32> = fields
            .iter()
            .filter_map(|(field, inks)| field.boxes.iter().zip(*inks).map(|(b, i)| page.new_ink(field, b, i)).max_by(f32::total_cmp))
            .collect();
        tops.sort_by(f32::total_cmp);
        page.strength = tops.get(tops.len() * 3 / 4).copied().unwrap_or(0.0);
        page
    }

    fn new_ink(&self, field: &MarksField, b: &MarkBox, ink: &BoxInk) -> f32 {
        let print = match self.by_look.get(&look(field, b)) {
            // What this box has more than its like on the drawing, it has more on the paper.
            Some(Look { seen: Some(seen), drawn }) => seen + (ink.print - drawn).max(0.0),
            _ => ink.print,
        };
        (ink.ink - print).max(0.0)
    }

    /// Below the first nothing, from the second a mark.
    fn cuts(&self, params: &Params) -> (f32, f32) {
        if self.unknown {
            // Print varies from box to box: a mark is what stands out like the other marks of the page.
            let strong = self.strength.max(0.25);
            (0.3 * strong, 0.5 * strong)
        } else {
            (params.mark_empty, params.mark_sure)
        }
    }
}

/// The print of boxes with one look.
#[derive(Debug, Clone, Default)]
struct Look {
    /// As this page shows it; `None` when it has too few of them.
    seen: Option<f32>,
    /// As the drawn blank shows it.
    drawn: f32,
}

fn lower_quartile(mut values: Vec<f32>) -> f32 {
    values.sort_by(f32::total_cmp);
    values.get(values.len().saturating_sub(1) / 4).copied().unwrap_or(0.0)
}

/// Boxes with the same look share their print.
fn look(field: &MarksField, b: &MarkBox) -> String {
    let text = if b.printed.is_empty() && field.outline == Outline::Unknown { &b.value } else { &b.printed };
    format!("{:?}/{text}/{:.0}x{:.0}", field.outline, b.area.w * 2.0, b.area.h * 2.0)
}

/// The marks of a field, its value, confidence and doubts.
pub(crate) fn judge(
    field: &MarksField,
    inks: &[BoxInk],
    page: &PageInk,
    params: &Params,
) -> (Vec<MarkReading>, String, Confidence, Vec<Doubt>) {
    let (empty, sure) = page.cuts(params);
    let best = field.boxes.iter().zip(inks).map(|(b, i)| page.new_ink(field, b, i)).fold(0.0, f32::max);
    let mut marks = Vec::with_capacity(inks.len());
    let mut doubts = Vec::new();
    for (b, ink) in field.boxes.iter().zip(inks) {
        let new = page.new_ink(field, b, ink);
        let state = if field.black_cancels && new >= params.mark_black {
            MarkState::Cancelled
        } else if new >= sure {
            MarkState::Marked
        } else if new > empty && !(best >= 2.0 * sure && new < 0.4 * best && new < 0.7 * sure) {
            // Beside a strong mark of the same field a trace this weak is the neighbour's ink or dirt.
            MarkState::Doubtful
        } else {
            MarkState::Empty
        };
        marks.push(MarkReading { value: b.value.clone(), state, ink: new.min(1.0), confidence: chance(new, empty, sure), area: ink.area });
    }
    let chosen: Vec<&str> = marks.iter().filter(|m| m.state == MarkState::Marked).map(|m| m.value.as_str()).collect();
    if inks.iter().any(|i| i.outside) {
        doubts.push(Doubt::Damaged);
    }
    if chosen.len() > 1 && !field.multiple {
        doubts.push(Doubt::MultipleMarks);
    }
    if marks.iter().any(|m| m.state == MarkState::Doubtful) {
        doubts.push(Doubt::Faint);
    }
    if marks.iter().any(|m| m.state == MarkState::Cancelled) {
        doubts.push(Doubt::Cancelled);
    }
    let confidence = marks.iter().map(|m| m.confidence.get()).fold(1.0, f32::min);
    (marks.clone(), chosen.join("|"), Confidence::new(confidence), doubts)
}

/// Chance that the state of a box is right: a half in the middle of the doubtful band, near one well outside it.
fn chance(new: f32, empty: f32, sure: f32) -> Confidence {
    let middle = (empty + sure) / 2.0;
    let distance = (new - middle).abs() / ((sure - empty) / 2.0).max(1e-3);
    Confidence::new(1.0 - 0.5 / (1.0 + (2.2 * distance).exp() / 2.0))
}
