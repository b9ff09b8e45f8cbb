//! Ink of a cell normalised as the classifier was trained: its longer side 20 of 28 pixels, its mass in the middle.

use super::window::Window;
use crate::glyph::{Glyph, INK_SIDE, SIDE};
use crate::params::Params;

/// The ink normalised as the classifier was trained; `None` when there is too little of it.
pub(super) fn glyph(window: &Window, ink: &[f32], params: &Params) -> Option<Glyph> {
    let (w, h, cell) = (window.w, window.h, window.cell);
    let (mut x0, mut x1, mut y0, mut y1, mut count) = (w, 0, h, 0, 0);
    for y in 0..h {
        for x in 0..w {
            if ink[y * w + x] >= params.stroke_from {
                (x0, x1, y0, y1) = (x0.min(x), x1.max(x + 1), y0.min(y), y1.max(y + 1));
                count += 1;
            }
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
    let mut pixels = [0.0; SIDE * SIDE];
    let half = 0.5 / scale;
    for gy in 0..SIDE {
        for gx in 0..SIDE {
            // The square of the patch that this pixel covers, area-averaged.
            let cx = mx + (gx as f32 + 0.5 - SIDE as f32 / 2.0) / scale;
            let cy = my + (gy as f32 + 0.5 - SIDE as f32 / 2.0) / scale;
            pixels[gy * SIDE + gx] = average(ink, (w, h), (cx - half, cx + half, cy - half, cy + half));
        }
    }
    Some(Glyph { pixels, rel_height: bh / cell, rel_width: bw / cell, centre_y: ((y0 + y1) as f32 / 2.0 - window.top) / cell })
}

/// Mean over a rectangle of pixel coordinates with partial pixels at its rim; narrower than a pixel: interpolated.
fn average(ink: &[f32], (w, h): (usize, usize), (x0, x1, y0, y1): (f32, f32, f32, f32)) -> f32 {
    // A pixel of the patch spreads over at least its own size: keeps enlarged glyphs smooth.
    let widen = |a: f32, b: f32| if b - a < 1.0 { ((a + b) / 2.0 - 0.5, (a + b) / 2.0 + 0.5) } else { (a, b) };
    let ((x0, x1), (y0, y1)) = (widen(x0, x1), widen(y0, y1));
    let (mut sum, mut area) = (0.0, 0.0);
    for y in y0.floor() as i32..y1.ceil() as i32 {
        let high = (y1.min(y as f32 + 1.0) - y0.max(y as f32)).max(0.0);
        for x in x0.floor() as i32..x1.ceil() as i32 {
            let wide = (x1.min(x as f32 + 1.0) - x0.max(x as f32)).max(0.0);
            area += wide * high;
            if x >= 0 && y >= 0 && (x as usize) < w && (y as usize) < h {
                sum += wide * high * ink[y as usize * w + x as usize];
            }
        }
    }
    if area > 0.0 { sum / area } else { 0.0 }
}
