//! The picture of the empty form: it goes into an imported template, and must show that form, whole and upright.

use super::{ImportError, Imported, expected, png};
use crate::{Blank, FieldSpec, Template};
use base64::Engine;
use image::GrayImage;
use rcoi_model::Rect;
use std::fmt::Write;

/// Fewer boxes with print than this share: a picture of another form. On the real blanks at hand all boxes have print; of
/// the 75-question sheet of open-mcr 81 % do on the blank of its sister with 150 questions.
const LEAST_PRINTED: f32 = 0.9;
/// Boxes with print gained by turning the picture upside down; this much is no accident.
const TURNED_GAIN: f32 = 0.25;
/// Print is at least so much darker than the paper, grey levels: a printer's finest grey frames have 80 and more.
const PRINT_DARKNESS: u8 = 40;
/// Share of its size by which a box is looked around: a frame may lie just outside of what a layout calls the box.
const AROUND: f32 = 0.1;
/// Width to height may differ by so much, as in a template file.
const SAME_SHAPE: f32 = 0.02;

impl Imported {
    /// The same with a picture of the empty page, which covers the page of the layout and nothing else.
    ///
    /// # Errors
    /// The picture has another shape, lies on its side or upside down, or shows no print where the boxes are.
    pub fn with_blank(self, blank: &GrayImage) -> Result<Self, ImportError> {
        let file = format!("{}.toml", self.id);
        let without = crate::parse(&file, &self.toml).map_err(ImportError::Faults)?;
        shape(&without, blank)?;
        let text = text(blank)?;
        // Before all tables.
        let tables = self.toml.find("\n[").map_or(self.toml.len(), |at| at + 1);
        let toml = format!("{}{text}\n{}", &self.toml[..tables], &self.toml[tables..]);
        let template = crate::parse(&file, &toml).map_err(ImportError::Faults)?;
        check(&template)?;
        Ok(Self { toml, ..self })
    }
}

/// The key `blank` with the picture.
pub(super) fn text(blank: &GrayImage) -> Result<String, ImportError> {
    let bytes = png(blank).ok_or_else(|| expected("blank", "a picture that is not empty"))?;
    let mut text = "blank = \"\"\"\n".to_owned();
    for line in base64::engine::general_purpose::STANDARD.encode(bytes).as_bytes().chunks(120) {
        let _ = writeln!(text, "{}", String::from_utf8_lossy(line));
    }
    text.push_str("\"\"\"\n");
    Ok(text)
}

fn shape(template: &Template, blank: &GrayImage) -> Result<(), ImportError> {
    let (of_page, of_blank) = (template.width / template.height, blank.width() as f32 / blank.height().max(1) as f32);
    let alike = |a: f32, b: f32| (a / b - 1.0).abs() <= SAME_SHAPE;
    if alike(of_page, of_blank) {
        return Ok(());
    }
    let (width, height) = (template.width, template.height);
    let found = format!("{} × {} pixels", blank.width(), blank.height());
    Err(ImportError::Blank(if alike(of_page, 1.0 / of_blank) {
        format!("expected an upright page of {width} × {height}, found {found}: turn the picture by a quarter")
    } else {
        format!(
            "expected the whole page and nothing else ({width} × {height}, width to height {of_page:.3}), found {found} ({of_blank:.3})"
        )
    }))
}

/// Tells whether the blank of a template shows the template's own form upright: print stands where its boxes are.
pub(super) fn check(template: &Template) -> Result<(), ImportError> {
    let Some(blank) = &template.blank else { return Ok(()) };
    let areas: Vec<Rect> = template.fields.iter().flat_map(|field| boxes(&field.spec)).collect();
    if areas.is_empty() {
        return Ok(());
    }
    let limit = paper(blank).saturating_sub(PRINT_DARKNESS);
    let turned = |r: &Rect| Rect::new(template.width - r.right(), template.height - r.bottom(), r.w, r.h);
    let upright = areas.iter().filter(|r| has_print(template, blank, r, limit)).count();
    let upside_down = areas.iter().filter(|r| has_print(template, blank, &turned(r), limit)).count();
    let (all, share) = (areas.len(), |n: usize| n as f32 / areas.len() as f32);
    if share(upside_down) >= share(upright) + TURNED_GAIN {
        return Err(ImportError::Blank(format!(
            "it stands upside down: print is found at {upright} of {all} boxes, and at {upside_down} when it is turned"
        )));
    }
    if share(upright) < LEAST_PRINTED {
        return Err(ImportError::Blank(format!("expected print at the boxes, found it at {upright} of {all}: it shows another form")));
    }
    Ok(())
}

fn boxes(spec: &FieldSpec) -> Vec<Rect> {
    match spec {
        FieldSpec::Marks(marks) => marks.boxes.iter().map(|b| b.area).collect(),
        FieldSpec::Cells(cells) => cells.cells.clone(),
        FieldSpec::Code(_) | FieldSpec::Ink(_) | FieldSpec::Image(_) => Vec::new(),
    }
}

/// The grey that most of the lighter half of the picture has.
fn paper(blank: &Blank) -> u8 {
    let mut counts = [0_u32; 256];
    for pixel in &blank.pixels {
        counts[usize::from(*pixel)] += 1;
    }
    (128..=255_u8).max_by_key(|v| counts[usize::from(*v)]).unwrap_or(255)
}

fn has_print(template: &Template, blank: &Blank, area: &Rect, limit: u8) -> bool {
    let (sx, sy) = (blank.width as f32 / template.width, blank.height as f32 / template.height);
    let grown = area.grown(AROUND * area.w.min(area.h));
    let range = |from: f32, to: f32, scale: f32, size: u32| {
        let pixel = |v: f32| (v * scale).clamp(0.0, size as f32) as usize;
        pixel(from)..pixel(to).max(pixel(from) + 1).min(size as usize)
    };
    let columns = range(grown.x, grown.right(), sx, blank.width);
    let rows = range(grown.y, grown.bottom(), sy, blank.height);
    rows.into_iter().any(|y| {
        let row = y * blank.width as usize;
        blank.pixels.get(row + columns.start..row + columns.end).is_some_and(|pixels| pixels.iter().any(|p| *p < limit))
    })
}
