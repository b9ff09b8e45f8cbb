//! The printed digits of a code as its second witness: each is compared with the digits of the face that we print with.

use super::bars::Place;
use super::joint::mixed;
use super::solve::Digits;
use crate::sample::{cut, percentile};
use rcoi_model::Rect;
use rcoi_template::{CodeField, draw};
use std::sync::OnceLock;

/// Height of a digit that is compared, pixels.
const HEIGHT: usize = 20;
/// The line of digits is searched so far to every side, as a share of their height: it is printed with the bars, but paper and
/// template differ a little.
const REACH: f32 = 0.4;
/// Mean square error of a fitting digit, in units of the ink, that is due to print and scan alone.
const GRAIN: f32 = 0.02;
/// Above this median error it is another face, or none: digits of our face show 0.008, noise 0.032 and more.
const WORST_FIT: f32 = 0.025;
/// Independent looks in a digit, for the weight of its fit.
const LOOKS: f32 = 12.0;

/// A digit of the face, darkness about its mean.
struct Glyph {
    width: usize,
    dark: Vec<f32>,
    square: f32,
}

fn glyphs() -> &'static [Glyph] {
    static GLYPHS: OnceLock<Vec<Glyph>> = OnceLock::new();
    GLYPHS.get_or_init(|| {
        let pictures = draw::digits(HEIGHT as u32).unwrap_or_default();
        pictures
            .iter()
            .map(|p| {
                let width = p.width() as usize;
                let dark: Vec<f32> = p.as_raw().iter().map(|v| 1.0 - f32::from(*v) / 255.0).collect();
                let mut dark = smooth(&dark, width);
                let mean = dark.iter().sum::<f32>() / dark.len().max(1) as f32;
                dark.iter_mut().for_each(|d| *d -= mean);
                Glyph { width, square: dark.iter().map(|d| d * d).sum(), dark }
            })
            .collect()
    })
}

/// A mean over three by three pixels: scans are never as sharp as the drawing.
fn smooth(dark: &[f32], width: usize) -> Vec<f32> {
    let height = dark.len() / width.max(1);
    let get = |x: usize, y: usize| dark[y.min(height - 1) * width + x.min(width - 1)];
    let near = |i: usize| [i.saturating_sub(1), i, i + 1];
    (0..dark.len()).map(|i| near(i / width).iter().flat_map(|y| near(i % width).map(|x| get(x, *y))).sum::<f32>() / 9.0).collect()
}

/// Log chances of each printed digit; `None` when the field has no caption or nothing there looks like digits.
pub(super) fn read(place: &Place<'_>, field: &CodeField, count: usize) -> Option<Vec<Digits>> {
    let cells = field.caption_cells(count);
    let (first, last) = (cells.first()?, cells.last()?);
    let glyphs = glyphs();
    let wide = glyphs.first()?.width;
    let reach = first.h * REACH;
    let strip = Rect::new(first.x, first.y, last.right() - first.x, first.h).grown(reach);
    let scale = HEIGHT as f32 / first.h;
    let patch = cut(place.page, &place.map, &strip, (strip.w * scale).round() as usize, (strip.h * scale).round() as usize);
    if patch.outside > 0.2 {
        return None;
    }
    let (paper, ink) = (f32::from(percentile(&patch.pixels, 0.7)), f32::from(percentile(&patch.pixels, 0.02)));
    if paper - ink < 20.0 {
        return None;
    }
    let dark: Vec<f32> = patch.pixels.iter().map(|p| ((paper - f32::from(*p)) / (paper - ink)).clamp(0.0, 1.0)).collect();
    let dark = smooth(&dark, patch.width);
    let errors = |dx: i32, dy: i32, cell: &Rect| -> [f32; 10] {
        let left = ((cell.centre().x - strip.x) * scale - wide as f32 / 2.0).round() as i32 + dx;
        let top = ((cell.y - strip.y) * scale).round() as i32 + dy;
        let mut seen = Vec::with_capacity(wide * HEIGHT);
        for y in 0..HEIGHT as i32 {
            for x in 0..wide as i32 {
                let (x, y) = ((left + x).clamp(0, patch.width as i32 - 1), (top + y).clamp(0, patch.height as i32 - 1));
                seen.push(dark[y as usize * patch.width + x as usize]);
            }
        }
        let mean = seen.iter().sum::<f32>() / seen.len() as f32;
        let square: f32 = seen.iter().map(|v| (v - mean) * (v - mean)).sum();
        std::array::from_fn(|d| {
            let along: f32 = seen.iter().zip(&glyphs[d].dark).map(|(v, g)| (v - mean) * g).sum();
            let gain = (along / glyphs[d].square.max(1e-6)).clamp(0.5, 1.2);
            ((square - 2.0 * gain * along + gain * gain * glyphs[d].square) / seen.len() as f32).max(0.0)
        })
    };
    let least = |e: &[f32; 10]| e.iter().copied().fold(f32::INFINITY, f32::min);
    let sum = |dx: i32, dy: i32| cells.iter().map(|c| least(&errors(dx, dy, c))).sum::<f32>();
    // The whole line moves as one; then each digit by a pixel.
    let far = (REACH * HEIGHT as f32) as i32;
    let mut at = (0, 0, sum(0, 0));
    for step in [4, 2, 1] {
        let (x, y) = (at.0, at.1);
        let moves = if step == 4 { far / 4 } else { 1 };
        for (dx, dy) in (-moves..=moves).flat_map(|i| (-moves..=moves).map(move |j| (i * step, j * step))) {
            let other = sum(x + dx, y + dy);
            if other < at.2 {
                at = (x + dx, y + dy, other);
            }
        }
    }
    let near: [(i32, i32); 5] = [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)];
    let all: Vec<[f32; 10]> = cells
        .iter()
        .map(|cell| {
            let looks = near.map(|(dx, dy)| errors(at.0 + dx, at.1 + dy, cell));
            std::array::from_fn(|d| looks.iter().map(|e| e[d]).fold(f32::INFINITY, f32::min))
        })
        .collect();
    let mut sorted: Vec<f32> = all.iter().map(least).collect();
    sorted.sort_by(f32::total_cmp);
    let middle = sorted.get(sorted.len() / 2).copied()?;
    if middle > WORST_FIT {
        return None;
    }
    let grain = middle.max(GRAIN);
    Some(all.iter().map(|errors| errors.map(|e| mixed(LOOKS / 2.0 * e / grain))).collect())
}
