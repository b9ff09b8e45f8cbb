//! Character cells: cut, cleared of their frame, judged empty or not, normalised for the classifier, joined to a value.

mod frame;
mod normal;
mod share;
mod strokes;
mod value;
mod window;

pub(crate) use value::{join, name, one_kind};

use crate::glyph::{Glyph, GlyphClassifier};
use crate::levels::Levels;
use crate::params::Params;
use crate::sample::Patch;
use rcoi_model::{Homography, Rect};
use rcoi_template::CellsField;
use strokes::{Room, Strokes};
use window::Window;

/// How likely a stroke beside a cell is a part of its character: half of those that were looked at.
const OURS: f32 = 0.5;
/// How likely a stroke between two empty cells is a character of one of them at all.
const BETWEEN: f32 = 0.5;
/// Neighbouring cells that one stroke runs through from side to side: so many are no dashes, but struck out.
const STRUCK: usize = 3;

/// What a cell holds before its character is named.
#[derive(Debug, Clone)]
pub(crate) enum CellInk {
    Empty,
    /// Outside the picture.
    Outside,
    Glyph(Box<Inked>),
}

/// The character of a cell.
#[derive(Debug, Clone)]
pub(crate) struct Inked {
    glyph: Glyph,
    /// The same with strokes beside the cell that may be a part of it.
    wider: Option<Glyph>,
    /// It stands between cells.
    between: bool,
    /// A stroke runs through the cell from side to side and beyond.
    through: bool,
}

/// Cuts every cell of a field.
pub(crate) fn cut_cells(page: &Levels<'_>, map: &Homography, field: &CellsField, black: u8, params: &Params) -> Vec<CellInk> {
    let (mut patch, mut room) = (Patch::default(), Room::default());
    let blank: Vec<bool> = field.cells.iter().map(|cell| window::is_blank(page, map, (cell, field), black, &mut patch)).collect();
    let cut = |(cell, blank): (&Rect, &bool)| if *blank { None } else { Window::cut(page, map, (cell, field), black, params, &mut patch) };
    let mut windows: Vec<Option<Window>> = field.cells.iter().zip(&blank).map(cut).collect();
    frame::wipe(&mut windows, field.outline);
    let strokes = |(window, blank): (&Option<Window>, &bool)| match window {
        Some(window) => Some(strokes::strokes(window, field.outline, params, &mut room)),
        None => blank.then(Strokes::default),
    };
    let mut inks: Vec<Option<Strokes>> = windows.iter().zip(&blank).map(strokes).collect();
    let between = share::share(&mut inks, &field.cells);
    let ink = |((found, window), between): ((Option<Strokes>, &Option<Window>), bool)| match (found, window) {
        (Some(strokes), Some(window)) => ink(window, strokes, between, params),
        (Some(_), None) => CellInk::Empty,
        (None, _) => CellInk::Outside,
    };
    inks.into_iter().zip(&windows).zip(between).map(ink).collect()
}

fn ink(window: &Window, strokes: Strokes, between: bool, params: &Params) -> CellInk {
    let with = |ink: Option<&Vec<f32>>| {
        let mut ink = ink.cloned().unwrap_or_else(|| vec![0.0; window.dark.len()]);
        strokes::keep(&strokes.maybe, window, params, &mut ink);
        normal::glyph(window, &ink, params)
    };
    let wider = if strokes.maybe.is_empty() { None } else { with(strokes.kept.as_ref()) };
    let own = strokes.kept.as_ref().and_then(|kept| normal::glyph(window, kept, params));
    let (glyph, wider) = match (own, wider) {
        (Some(own), wider) => (own, wider),
        (None, Some(wider)) if between => (wider, None),
        (None, _) => return CellInk::Empty,
    };
    CellInk::Glyph(Box::new(Inked { glyph, wider, between, through: strokes.through }))
}

/// Names the characters of all fields of a page in one batch: for every field one row for each of its glyphs. `fields` = the cells
/// of a field and its alphabet.
pub(crate) fn classify(classifier: &dyn GlyphClassifier, fields: &[(Vec<CellInk>, &str)]) -> Vec<Vec<Vec<f32>>> {
    fn inked(inks: &[CellInk]) -> impl Iterator<Item = &Inked> {
        inks.iter().filter_map(|ink| if let CellInk::Glyph(inked) = ink { Some(inked.as_ref()) } else { None })
    }
    let (mut glyphs, mut alphabets) = (Vec::new(), Vec::new());
    for (inked, alphabet) in fields.iter().flat_map(|(inks, alphabet)| inked(inks).map(move |i| (i, *alphabet))) {
        for glyph in std::iter::once(&inked.glyph).chain(&inked.wider) {
            glyphs.push(glyph.clone());
            alphabets.push(alphabet);
        }
    }
    let rows = if glyphs.is_empty() { Vec::new() } else { classifier.classify_within(&glyphs, &alphabets) };
    let mut rows = rows.into_iter();
    let mut row = |inked: &Inked| {
        let mut row = rows.next().unwrap_or_default();
        if inked.wider.is_some() {
            let wider = rows.next().unwrap_or_default();
            row.iter_mut().zip(wider).for_each(|(own, wider)| *own += OURS * (wider - *own));
        }
        if let (true, Some((reject, named))) = (inked.between, row.split_last_mut()) {
            named.iter_mut().for_each(|chance| *chance *= BETWEEN);
            *reject = 1.0 - (1.0 - *reject) * BETWEEN;
        }
        row
    };
    fields.iter().map(|(inks, _)| inked(inks).map(&mut row).collect()).collect()
}

/// Cells that one stroke runs through together with their neighbours.
pub(crate) fn struck(inks: &[CellInk]) -> Vec<bool> {
    let through: Vec<bool> = inks.iter().map(|ink| matches!(ink, CellInk::Glyph(inked) if inked.through)).collect();
    let mut out = vec![false; inks.len()];
    let mut from = 0;
    for run in through.chunk_by(|a, b| a == b) {
        if run[0] && run.len() >= STRUCK {
            out[from..from + run.len()].fill(true);
        }
        from += run.len();
    }
    out
}
