//! The window of one cell: its darkness upright, a little of its neighbourhood, and where the frame should run.

use crate::levels::Levels;
use crate::params::Params;
use crate::sample::{Patch, darkness, darkness_on, percentile};
use rcoi_model::{Homography, Rect};
use rcoi_template::{CellsField, Outline};

/// Margins left and right of a cell, and above and below it, shares of its height: strokes that leave the cell are kept; to the
/// sides the neighbours begin.
const MARGIN: f32 = 0.12;
const REACH: f32 = 0.3;
/// Share of the window outside the picture from which the cell is.
const OUTSIDE: f32 = 0.3;
/// Share of a cell below whose brightness everything but paper lies, and grey levels from paper to ink at least.
const PAPER: f32 = 0.85;
const LEAST_INK: f32 = 20.0;

/// A cell is first looked at so many pixels high.
const COARSE: f32 = 16.0;
/// Part of the cell's height at each side of its frame where dots may stand, and what they show at most of the page's ink, seen so.
const DOTS: (f32, f32) = (0.11, 0.4);
/// Less of it is grain: a stroke of a fine pale pen shows 0.12.
const GRAIN: f32 = 0.07;

/// Whether a cell without a solid frame holds nothing at all, by a look from afar; most cells of a form do.
pub(super) fn is_blank(page: &Levels<'_>, map: &Homography, (cell, field): (&Rect, &CellsField), black: u8, patch: &mut Patch) -> bool {
    if field.shade > 0.0 || matches!(field.outline, Outline::Square | Outline::Unknown) {
        return false;
    }
    // Above and below only as far as the frame's own dots reach: beyond stand those of other rows.
    let (side, above) = (cell.h * MARGIN, cell.h * DOTS.0);
    let area = Rect::new(cell.x - side, cell.y - above, cell.w + 2.0 * side, cell.h + 2.0 * above);
    let (wide, tall) = (area.w * COARSE / cell.h, COARSE * (1.0 + 2.0 * DOTS.0));
    patch.cut(page, map, &area, wide.round() as usize, tall.round() as usize);
    if patch.outside > 0.0 {
        return false;
    }
    let paper = percentile(&patch.pixels, PAPER);
    let full = f32::from(paper.saturating_sub(black)).max(LEAST_INK);
    let darkest = |part: f32| (f32::from(paper) - part * full).max(0.0) as u8;
    let (grain, dots) = (darkest(GRAIN), darkest(DOTS.1));
    // The frame runs so many pixels from the edges of the patch; inside of its dots the cell begins.
    let inset = |margin: f32| ((margin + DOTS.0) * COARSE).ceil() as usize;
    let (left, top) = (inset(MARGIN), inset(DOTS.0));
    // Without a way out in the middle whole registers go at once.
    let least = |row: &[u8]| row.iter().copied().fold(255, u8::min);
    (0..patch.height).all(|y| {
        let row = patch.row(y);
        let within = (top..patch.height - top).contains(&y) && 2 * left < patch.width;
        least(row) >= dots && (!within || least(&row[left..patch.width - left]) >= grain)
    })
}

/// Darkness of a cell and round it, row-major, 0 = paper .. 1 = ink; lengths in its pixels.
#[derive(Debug, Clone)]
pub(super) struct Window {
    pub(super) w: usize,
    pub(super) h: usize,
    pub(super) dark: Vec<f32>,
    /// 1 where that makes a stroke, else 0.
    pub(super) ink: Vec<u8>,
    /// Height of the cell.
    pub(super) cell: f32,
    /// Where its frame runs by the template.
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) right: f32,
    pub(super) bottom: f32,
}

impl Window {
    /// `None` when the cell lies outside the picture. `patch` is only room to work in.
    pub(super) fn cut(
        page: &Levels<'_>,
        map: &Homography,
        (cell, field): (&Rect, &CellsField),
        black: u8,
        params: &Params,
        patch: &mut Patch,
    ) -> Option<Self> {
        let (side, above) = (cell.h * MARGIN, cell.h * REACH);
        let area = Rect::new(cell.x - side, cell.y - above, cell.w + 2.0 * side, cell.h + 2.0 * above);
        let pixels = params.cell_pixels as f32;
        let (wide, tall) = (area.w * pixels / cell.h, pixels * (1.0 + 2.0 * REACH));
        patch.cut(page, map, &area, wide.round() as usize, tall.round() as usize);
        if patch.outside > OUTSIDE {
            return None;
        }
        let dark = if field.shade > 0.0 { darkness_on(patch, shade_level(patch, params), black) } else { darkness(patch, black) };
        let ink = dark.iter().map(|dark| u8::from(*dark >= params.stroke_from)).collect();
        let (w, h) = (patch.width, patch.height);
        let (left, top) = (pixels * MARGIN, pixels * REACH);
        Some(Self { w, h, dark, ink, cell: pixels, left, top, right: w as f32 - left, bottom: h as f32 - top })
    }

    /// Distance of the middle of a pixel from the nearest side of the cell, negative outside.
    pub(super) fn inside(&self, x: usize, y: usize) -> f32 {
        self.within(x as f32 + 0.5, y as f32 + 0.5)
    }

    /// The same of any place.
    pub(super) fn within(&self, x: f32, y: f32) -> f32 {
        (x - self.left).min(self.right - x).min(y - self.top).min(self.bottom - y)
    }
}

/// Brightness of the fill behind a shaded cell: the middle one of its inside, for print covers less than half of it.
fn shade_level(patch: &Patch, params: &Params) -> u8 {
    let margin = (params.cell_pixels as f32 * MARGIN * 1.5) as usize;
    let above = margin + (params.cell_pixels as f32 * (REACH - MARGIN)) as usize;
    let inside: Vec<u8> = (above..patch.height.saturating_sub(above))
        .flat_map(|y| patch.row(y).get(margin..patch.width.saturating_sub(margin)).unwrap_or_default())
        .copied()
        .collect();
    percentile(&inside, 0.6)
}
