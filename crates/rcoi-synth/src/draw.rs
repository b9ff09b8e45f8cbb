//! Draws a filled sheet, still clean: the blank with its printed values, and the hand over it.

use crate::SynthError;
use crate::entry::Entry;
use crate::hand::Writer;
use crate::hand::cells as hand;
use crate::marks::MarkShape;
use crate::sheet::{CODES, Sheet};
use crate::stamps::Stamps;
use image::{GrayImage, Luma};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rcoi_model::{Oddity, Point, Rect, TemplateId};
use rcoi_template::{CellsField, CodeField, FieldSpec, MarksField, Template, TemplateSet};

/// Resolution of every picture; 300 is what the federal rules ask of scanners.
pub(crate) const DPI: f32 = 300.0;
/// Pixels in a millimetre.
pub(crate) const SCALE: f32 = DPI / 25.4;
/// One person in this many has a pen that is running dry.
const FAINT_ONE_IN: u32 = 14;
/// How much of its ink such a pen lacks.
const FAINT: f32 = 0.3;
/// Share of a printed code's height that its bars take, from the top; its digits stand below.
const BARS: f32 = 0.825;

/// The clean picture of a sheet.
pub(crate) fn page(templates: &TemplateSet, stamps: &Stamps, sheet: &Sheet) -> Result<GrayImage, SynthError> {
    let template =
        templates.get(&TemplateId(sheet.template.to_owned())).ok_or_else(|| SynthError::UnknownTemplate(sheet.template.to_owned()))?;
    let mut page = stamps.blank(template, &sheet.printed)?;
    let writer = writer(sheet.writer);
    let mut rng = ChaCha8Rng::seed_from_u64(sheet.ink);
    for (field, entry) in &sheet.written {
        fill(&mut page, template, field, entry, &writer, &mut rng)?;
    }
    if sheet.oddity == Some(Oddity::UnreadableBarcode) {
        for field in CODES {
            if let Some(FieldSpec::Code(code)) = template.field(field).map(|f| &f.spec) {
                destroy(&mut page, code, &writer, &mut rng);
            }
        }
    }
    Ok(page)
}

/// Is this person's pen running dry?
pub(crate) fn is_faint(writer: u64) -> bool {
    ChaCha8Rng::seed_from_u64(writer).random_ratio(1, FAINT_ONE_IN)
}

fn writer(seed: u64) -> Writer {
    let mut writer = Writer::of(seed, "hand");
    if is_faint(seed) {
        writer.ink = (f32::from(writer.ink) + (255.0 - f32::from(writer.ink)) * FAINT) as u8;
    }
    writer
}

fn fill(
    page: &mut GrayImage,
    template: &Template,
    name: &str,
    entry: &Entry,
    writer: &Writer,
    rng: &mut ChaCha8Rng,
) -> Result<(), SynthError> {
    let misfit = || SynthError::Field { template: template.id.0.clone(), field: name.to_owned(), value: format!("{entry:?}") };
    let field = template.field(name).ok_or_else(misfit)?;
    match (&field.spec, entry) {
        (FieldSpec::Cells(cells), _) => write(page, cells, entry, writer, rng).ok_or_else(misfit),
        (FieldSpec::Marks(field), Entry::Plain(value)) => {
            let shape = MarkShape::honest(field.outline, writer.habit);
            mark(page, field, &[(value.clone(), shape)], writer, rng).ok_or_else(misfit)
        }
        (FieldSpec::Marks(field), Entry::Marked(marks)) => mark(page, field, marks, writer, rng).ok_or_else(misfit),
        (FieldSpec::Ink(area), Entry::Plain(_)) => {
            hand::sign(page, SCALE, area.grown(-0.6), writer, rng);
            Ok(())
        }
        (FieldSpec::Image(area), Entry::Plain(_)) => {
            hand::scribble(page, SCALE, area.grown(-3.0), rng.random_range(0.25..0.95), writer, rng);
            Ok(())
        }
        _ => Err(misfit()),
    }
}

/// Text in cells; `None` when cells cannot hold such an entry.
fn write(page: &mut GrayImage, field: &CellsField, entry: &Entry, writer: &Writer, rng: &mut ChaCha8Rng) -> Option<()> {
    let cells = &field.cells;
    let strike = |page: &mut GrayImage, from: usize, to: usize, rng: &mut ChaCha8Rng| {
        let struck = cells.get(from..to.min(cells.len()))?.iter().copied().reduce(|sum, cell| sum.union(&cell))?;
        hand::cross_out(page, SCALE, struck, writer, rng);
        Some(())
    };
    match entry {
        Entry::Plain(text) => hand::write_cells(page, SCALE, cells, text, writer, rng),
        Entry::Corrected { text, at, wrong } => {
            let (before, after): (Vec<_>, Vec<_>) = text.chars().enumerate().partition(|(i, _)| i < at);
            let written: String = before.iter().map(|(_, c)| *c).chain([*wrong]).chain(after.iter().map(|(_, c)| *c)).collect();
            hand::write_cells(page, SCALE, cells, &written, writer, rng);
            strike(page, *at, at + 1, rng)?;
        }
        Entry::CrossedOut(text) => {
            hand::write_cells(page, SCALE, cells, text, writer, rng);
            strike(page, 0, text.chars().count(), rng)?;
        }
        Entry::Marked(_) => return None,
    }
    Some(())
}

/// Marks in boxes; `None` when there is no such box.
fn mark(page: &mut GrayImage, field: &MarksField, marks: &[(String, MarkShape)], writer: &Writer, rng: &mut ChaCha8Rng) -> Option<()> {
    for (value, shape) in marks {
        let target = field.boxes.iter().find(|b| b.value == *value)?;
        hand::mark(page, SCALE, target.area, *shape, writer, rng);
    }
    Some(())
}

/// Where the bars of a printed code lie, without the digits below them.
fn bars(code: &CodeField) -> Rect {
    let a = code.area;
    if code.vertical {
        // Turned clockwise: the top of the bars is on the right.
        Rect::new(a.right() - a.w * BARS, a.y, a.w * BARS, a.h)
    } else {
        Rect::new(a.x, a.y, a.w, a.h * BARS)
    }
}

/// Where the digits of a printed code lie, beside its bars.
fn digits(code: &CodeField) -> Rect {
    let (a, b) = (code.area, bars(code));
    if code.vertical { Rect::new(a.x, a.y, a.w - b.w, a.h) } else { Rect::new(a.x, b.bottom(), a.w, a.h - b.h) }
}

/// White-out over most of the bars, from edge to edge across them, and a pen over the rest and over the digits: what
/// remains is enough for a person with the sheet before him, not for a machine that must be sure.
fn destroy(page: &mut GrayImage, code: &CodeField, writer: &Writer, rng: &mut ChaCha8Rng) {
    let area = bars(code);
    let along = if code.vertical { (1.0, 0.55) } else { (0.55, 1.0) };
    let patch = Rect::around(area.centre(), area.w * along.0, area.h * along.1);
    let pixel = |v: f32, most: u32| ((v * SCALE).round().max(0.0) as u32).min(most);
    let (width, height) = page.dimensions();
    for y in pixel(patch.y, height)..pixel(patch.bottom(), height) {
        for x in pixel(patch.x, width)..pixel(patch.right(), width) {
            page.put_pixel(x, y, Luma([255]));
        }
    }
    zigzag(page, &area, code.vertical, 24, writer, rng);
    zigzag(page, &digits(code), code.vertical, 60, writer, rng);
}

/// A pen from side to side of an area, along the way a code is read.
fn zigzag(page: &mut GrayImage, area: &Rect, vertical: bool, turns: usize, writer: &Writer, rng: &mut ChaCha8Rng) {
    let points: Vec<Point> = (0..=turns)
        .map(|i| {
            let (t, side) = (i as f32 / turns as f32, if i % 2 == 0 { 0.14 } else { 0.86 });
            let wobble = rng.random_range(-0.04..0.04f32);
            let (u, v) = if vertical { (side + wobble, t) } else { (t, side + wobble) };
            Point::new(area.x + area.w * u, area.y + area.h * v)
        })
        .collect();
    hand::strike(page, SCALE, &points, writer);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(id: &str) -> Template {
        rcoi_template::builtin().get(&TemplateId(id.to_owned())).cloned().expect("a shipped form")
    }

    /// Ink that an entry adds to a white page inside `area` (millimetres), as a share of it.
    fn ink(page: &GrayImage, area: &Rect) -> f32 {
        let inside = |v: u32, from: f32, to: f32| (from..to).contains(&((v as f32 + 0.5) / SCALE));
        let near = page.enumerate_pixels().filter(|(x, y, _)| inside(*x, area.x, area.right()) && inside(*y, area.y, area.bottom()));
        let (sum, count) = near.fold((0.0, 0.0f32), |(sum, n), (_, _, p)| (sum + 1.0 - f32::from(p.0[0]) / 255.0, n + 1.0));
        sum / count.max(1.0)
    }

    fn drawn(template: &Template, field: &str, entry: &Entry, seed: u64) -> GrayImage {
        let mut page = GrayImage::from_pixel((template.width * SCALE) as u32, (template.height * SCALE) as u32, Luma([255]));
        fill(&mut page, template, field, entry, &writer(seed), &mut ChaCha8Rng::seed_from_u64(seed)).expect("a filled field");
        page
    }

    #[test]
    fn a_text_longer_than_its_cells_goes_on_where_the_form_looks_for_it() {
        let form = form("ege-ab");
        let Some(FieldSpec::Cells(cells)) = form.field("answer-3").map(|f| &f.spec) else { panic!("cells") };
        let beyond = cells.overflow.expect("a strip for overflow");
        for seed in 0..12 {
            let long = drawn(&form, "answer-3", &Entry::Plain("ПРОТИВОПОСТАВЛЕНИЕ".to_owned()), seed);
            assert!(ink(&long, &beyond) > 0.04, "seed {seed}: {}", ink(&long, &beyond));
            assert!(ink(&long, &cells.cells[16]) > 0.02, "seed {seed}");
            let whole = drawn(&form, "answer-3", &Entry::Plain("ПРОТИВОПОСТАВЛЕНИ".to_owned()), seed);
            assert!(ink(&whole, &beyond) < 0.005, "seed {seed}: {}", ink(&whole, &beyond));
        }
    }

    #[test]
    fn a_struck_out_character_has_more_ink_than_the_character_alone_and_the_text_goes_on_in_the_next_cell() {
        let form = form("ege-ab");
        let Some(FieldSpec::Cells(cells)) = form.field("answer-1").map(|f| &f.spec) else { panic!("cells") };
        for seed in 0..6 {
            let plain = drawn(&form, "answer-1", &Entry::Plain("ОКНО".to_owned()), seed);
            let corrected = drawn(&form, "answer-1", &Entry::Corrected { text: "ОКНО".to_owned(), at: 1, wrong: 'Г' }, seed);
            let crossed = drawn(&form, "answer-1", &Entry::CrossedOut("ОКНО".to_owned()), seed);
            assert!(ink(&corrected, &cells.cells[1]) > 1.2 * ink(&plain, &cells.cells[1]), "seed {seed}");
            assert!(ink(&plain, &cells.cells[4]) < 0.01 && ink(&corrected, &cells.cells[4]) > 0.02, "seed {seed}");
            let gap = Rect::new(cells.cells[0].right(), cells.cells[0].y, cells.cells[1].x - cells.cells[0].right(), cells.cells[0].h);
            assert!(ink(&crossed, &gap) > ink(&plain, &gap) + 0.05, "seed {seed}");
        }
    }

    #[test]
    fn destroyed_bars_leave_struck_digits() {
        let form = form("ege-ab");
        let printed = CODES.map(|f| (f.to_owned(), "2310000000014".to_owned())).into();
        let before = rcoi_template::draw::gray(&form, &printed, DPI).expect("a blank");
        for field in CODES {
            let Some(FieldSpec::Code(code)) = form.field(field).map(|f| &f.spec) else { panic!("a code") };
            let mut after = before.clone();
            destroy(&mut after, code, &writer(1), &mut ChaCha8Rng::seed_from_u64(1));
            let digits = digits(code);
            assert!(ink(&before, &digits) > 0.05, "{field}: digits are there");
            let difference = GrayImage::from_fn(before.width(), before.height(), |x, y| {
                Luma([255 - before.get_pixel(x, y).0[0].abs_diff(after.get_pixel(x, y).0[0])])
            });
            assert!(ink(&difference, &digits) > 0.02, "{field}: a pen runs over the digits");
            let lost = GrayImage::from_fn(before.width(), before.height(), |x, y| {
                Luma([255 - after.get_pixel(x, y).0[0].saturating_sub(before.get_pixel(x, y).0[0])])
            });
            assert!(ink(&lost, &digits) < 0.01, "{field}: none is wiped out, {}", ink(&lost, &digits));
            assert!(ink(&difference, &bars(code)) > 0.2, "{field}: bars go, {}", ink(&difference, &bars(code)));
        }
    }

    #[test]
    fn an_entry_that_a_field_cannot_hold_is_named() {
        let form = form("ege-ab");
        let mut page = GrayImage::new(10, 10);
        for (field, entry) in [("code", Entry::Plain("1".to_owned())), ("nothing", Entry::Plain("1".to_owned()))] {
            let error = fill(&mut page, &form, field, &entry, &writer(1), &mut ChaCha8Rng::seed_from_u64(1)).err();
            assert!(error.is_some_and(|e| e.to_string().contains(field)), "{field}");
        }
    }
}
