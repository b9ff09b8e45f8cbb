//! Ink of a cell normalised as the classifier was trained: its longer side 20 of 28 pixels, its mass in the middle.

use super::window::Window;
use crate::glyph::{Glyph, INK_SIDE, SIDE};
use crate::params::Params;

/// The ink normalised as the classifier was trained; `None` when there is too little of it.
pub(super) fn glyph(window: &Window, ink: &[f32], params: &Params) -> Option<Glyph> {
    let (w, h, cell) = (window.w, window.h, window.cell);
    let (mut x0, mut x1, mut y0, mut y1, mut count) = (w, 0, h, 0, 0);
    let dark = |v: &f32| *v >= params.stroke_from;
    for (y, row) in ink.chunks_exact(w).enumerate().take(h) {
        let here = row.iter().map(|v| u32::from(dark(v))).sum::<u32>();
        if here > 0 {
            let (first, last) = (row.iter().position(dark).unwrap_or(w), row.iter().rposition(dark).unwrap_or(0));
            (x0, x1, y0, y1) = (x0.min(first), x1.max(last + 1), y0.min(y), y + 1);
            count += here;
        }
    }
    if (count as f32) < cell * cell * params.dust_share {
        return None;
    }
    let (bw, bh) = ((x1 - x0) as f32, (y1 - y0) as f32);
    let cap = params.cap_share * cell;
    let longest = bw.max(bh);
    let scale = if longest < params.small_share * cap { INK_SIDE / cap } else { INK_SIDE / longest };
    // Centre of mass of the box.
    let (mut sum, mut mx, mut my) = (0.0, 0.0, 0.0);
    for y in y0..y1 {
        for x in x0..x1 {
            let v = ink[y * w + x];
            sum += v;
            mx += v * (x as f32 + 0.5);
            my += v * (y as f32 + 0.5);
        }
    }
    let (mx, my) = (mx / sum, my / sum);
    // Each pixel is the mean of the square of the window that it covers, along the rows first.
    let (columns, rows) = (spans(mx, scale, w), spans(my, scale, h));
    let mut across = vec![[0.0; SIDE]; h];
    for y in rows[0].first..rows[SIDE - 1].end().min(h) {
        let line = &ink[y * w..(y + 1) * w];
        across[y].iter_mut().zip(&columns).for_each(|(out, span)| *out = span.mean(line));
    }
    let mut pixels = [0.0; SIDE * SIDE];
    for (pixels, span) in pixels.as_chunks_mut::<SIDE>().0.iter_mut().zip(&rows) {
        for (weight, line) in span.weights[..span.count].iter().zip(&across[span.first..]) {
            pixels.iter_mut().zip(line).for_each(|(pixel, value)| *pixel += weight * value);
        }
    }
    Some(Glyph { pixels, rel_height: bh / cell, rel_width: bw / cell, centre_y: ((y0 + y1) as f32 / 2.0 - window.top) / cell })
}

/// Most places that a pixel of a glyph covers or touches: a window of 77 shrunk to 20 needs five.
const COVERED: usize = 8;

/// The places along a row or column of the window that a pixel of the glyph covers, and how much of it lies on each.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    first: usize,
    count: usize,
    weights: [f32; COVERED],
}

impl Span {
    fn end(&self) -> usize {
        self.first + self.count
    }

    /// Of the values along a line.
    fn mean(&self, line: &[f32]) -> f32 {
        self.weights[..self.count].iter().zip(&line[self.first..]).map(|(weight, value)| weight * value).sum()
    }
}

/// What each pixel of a glyph covers of `length` places; `middle` = where the middle of the glyph lies, `scale` = glyph pixels a place.
/// A place spreads over at least its own size, which keeps enlarged glyphs smooth.
fn spans(middle: f32, scale: f32, length: usize) -> [Span; SIDE] {
    let half = (0.5 / scale).clamp(0.5, (COVERED - 2) as f32 / 2.0);
    std::array::from_fn(|g| {
        let centre = middle + (g as f32 + 0.5 - SIDE as f32 / 2.0) / scale;
        let (from, to) = (centre - half, centre + half);
        let first = (from.max(0.0) as usize).min(length);
        let mut span = Span { first, ..Span::default() };
        for at in (first..length).take(COVERED) {
            let part = to.min(at as f32 + 1.0) - from.max(at as f32);
            if part <= 0.0 {
                break;
            }
            span.weights[span.count] = part / (2.0 * half);
            span.count += 1;
        }
        span
    })
}
