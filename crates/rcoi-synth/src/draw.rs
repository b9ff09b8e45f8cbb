//! Draws a filled sheet, still clean: the blank with its printed values, and the hand over it.

use crate::SynthError;
use crate::hand::Writer;
use crate::hand::cells as hand;
use crate::marks::MarkShape;
use crate::sheet::Sheet;
use image::{GrayImage, Luma};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rcoi_model::{Oddity, Point, Rect, TemplateId};
use rcoi_template::{FieldSpec, Template, TemplateSet};

/// Resolution of every picture; 300 is what the federal rules ask of scanners.
pub(crate) const DPI: f32 = 300.0;
/// Pixels in a millimetre.
pub(crate) const SCALE: f32 = DPI / 25.4;
/// One person in this many has a pen that is running dry.
const FAINT_ONE_IN: u32 = 14;
/// How much of its ink such a pen lacks.
const FAINT: f32 = 0.3;

/// The clean picture of a sheet.
pub(crate) fn page(templates: &TemplateSet, sheet: &Sheet) -> Result<GrayImage, SynthError> {
    let template =
        templates.get(&TemplateId(sheet.template.to_owned())).ok_or_else(|| SynthError::UnknownTemplate(sheet.template.to_owned()))?;
    let mut page = rcoi_template::draw::gray(template, &sheet.printed, DPI)?;
    let writer = writer(sheet.writer);
    let mut rng = ChaCha8Rng::seed_from_u64(sheet.ink);
    for (field, value) in &sheet.written {
        fill(&mut page, template, field, value, &writer, &mut rng)?;
    }
    if sheet.oddity == Some(Oddity::UnreadableBarcode) {
        for field in ["code", "code-vertical"] {
            if let Some(spec) = template.field(field).map(|f| &f.spec) {
                destroy(&mut page, spec.bounds(), &writer, &mut rng);
            }
        }
    }
    Ok(page)
}

fn writer(seed: u64) -> Writer {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut writer = Writer::of(seed, "hand");
    if rng.random_ratio(1, FAINT_ONE_IN) {
        writer.ink = (f32::from(writer.ink) + (255.0 - f32::from(writer.ink)) * FAINT) as u8;
    }
    writer
}

fn fill(
    page: &mut GrayImage,
    template: &Template,
    name: &str,
    value: &str,
    writer: &Writer,
    rng: &mut ChaCha8Rng,
) -> Result<(), SynthError> {
    let misfit = || SynthError::Field { template: template.id.0.clone(), field: name.to_owned(), value: value.to_owned() };
    let field = template.field(name).ok_or_else(misfit)?;
    match &field.spec {
        FieldSpec::Cells(cells) if value.chars().count() <= cells.cells.len() => {
            hand::write_cells(page, SCALE, &cells.cells, value, writer, rng);
        }
        FieldSpec::Marks(marks) => {
            let target = marks.boxes.iter().find(|b| b.value == value).ok_or_else(misfit)?;
            let kind = if rng.random_ratio(4, 5) { MarkShape::Cross } else { MarkShape::Tick };
            hand::mark(page, SCALE, target.area, kind, writer, rng);
        }
        FieldSpec::Ink(area) => hand::sign(page, SCALE, area.grown(-0.6), writer, rng),
        FieldSpec::Image(area) => hand::scribble(page, SCALE, area.grown(-3.0), rng.random_range(0.25..0.95), writer, rng),
        FieldSpec::Code(_) | FieldSpec::Cells(_) => return Err(misfit()),
    }
    Ok(())
}

/// White-out over most of the bars, from edge to edge across them, and a pen over the rest.
fn destroy(page: &mut GrayImage, area: Rect, writer: &Writer, rng: &mut ChaCha8Rng) {
    let along = if area.w > area.h { (0.55, 1.04) } else { (1.04, 0.55) };
    let patch = Rect::around(area.centre(), area.w * along.0, area.h * along.1);
    let pixel = |v: f32, most: u32| ((v * SCALE).round().max(0.0) as u32).min(most);
    let (width, height) = page.dimensions();
    for y in pixel(patch.y, height)..pixel(patch.bottom(), height) {
        for x in pixel(patch.x, width)..pixel(patch.right(), width) {
            page.put_pixel(x, y, Luma([255]));
        }
    }
    let points: Vec<Point> = (0..=24)
        .map(|i| {
            let (t, side) = (i as f32 / 24.0, if i % 2 == 0 { 0.05 } else { 0.95 });
            let wobble = rng.random_range(-0.04..0.04f32);
            let (u, v) = if area.w > area.h { (t, side + wobble) } else { (side + wobble, t) };
            Point::new(area.x + area.w * u, area.y + area.h * v)
        })
        .collect();
    hand::strike(page, SCALE, &points, writer);
}
