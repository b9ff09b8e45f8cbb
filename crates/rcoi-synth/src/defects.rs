//! What goes wrong on the way through a scanner, each by itself: blur, streaks, dust, a lost corner.

use crate::draw::SCALE;
use image::GrayImage;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// A corner of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Corner {
    LeftTop,
    RightTop,
    LeftBottom,
    RightBottom,
}

/// A triangle that is torn off or folded over, legs in millimetres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Torn {
    pub corner: Corner,
    pub width: f32,
    pub height: f32,
}

impl Torn {
    /// Is a pixel of the picture of `size` (pixels) gone?
    pub(crate) fn covers(&self, (x, y): (f32, f32), (width, height): (f32, f32)) -> bool {
        let right = matches!(self.corner, Corner::RightTop | Corner::RightBottom);
        let bottom = matches!(self.corner, Corner::LeftBottom | Corner::RightBottom);
        let (from_side, from_end) = (if right { width - x } else { x }, if bottom { height - y } else { y });
        from_side / (self.width * SCALE) + from_end / (self.height * SCALE) < 1.0
    }
}

/// Softens the page: each round is a mean of three weighted 1 2 1, down and across. Four rounds are a lens out of focus.
pub(crate) fn blur(page: &mut GrayImage, rounds: u32) {
    let width = page.width() as usize;
    if width < 3 || page.height() < 3 {
        return;
    }
    let mix = |a: u8, b: u8, c: u8| ((u16::from(a) + 2 * u16::from(b) + u16::from(c) + 2) / 4) as u8;
    for _ in 0..rounds {
        let before: Vec<u8> = page.to_vec();
        let pixels: &mut [u8] = page;
        let rows = before.windows(3 * width).step_by(width);
        for (out, rows) in pixels[width..].chunks_exact_mut(width).zip(rows) {
            let ((above, here), below) = (rows[..2 * width].split_at(width), &rows[2 * width..]);
            for (((out, a), b), c) in out.iter_mut().zip(above).zip(here).zip(below) {
                *out = mix(*a, *b, *c);
            }
        }
        let before: Vec<u8> = page.to_vec();
        let pixels: &mut [u8] = page;
        for (out, row) in pixels.chunks_exact_mut(width).zip(before.chunks_exact(width)) {
            for (out, three) in out[1..].iter_mut().zip(row.windows(3)) {
                *out = mix(three[0], three[1], three[2]);
            }
        }
    }
}

/// Dirt on the glass of a feeder: a faint line down the whole page.
pub(crate) fn streak(page: &mut GrayImage, rng: &mut ChaCha8Rng) {
    let (left, width) = (rng.random_range(0..page.width().max(1)), rng.random_range(1..4u32));
    let dark = rng.random_range(18..60u8);
    let right = (left + width).min(page.width());
    for row in page.rows_mut() {
        for pixel in row.skip(left as usize).take((right - left) as usize) {
            pixel.0[0] = pixel.0[0].saturating_sub(dark);
        }
    }
}

/// A grain of dust: at most three pixels wide.
pub(crate) fn speck(page: &mut GrayImage, rng: &mut ChaCha8Rng) {
    let (cx, cy) = (rng.random_range(0..page.width().max(1)), rng.random_range(0..page.height().max(1)));
    let (size, grey) = (rng.random_range(1..4u32), rng.random_range(60..190u8));
    for y in cy..(cy + size).min(page.height()) {
        for x in cx..(cx + rng.random_range(1..=size)).min(page.width()) {
            let pixel = page.get_pixel_mut(x, y);
            pixel.0[0] = pixel.0[0].min(grey);
        }
    }
}

/// Shows the lid where the corner was.
pub(crate) fn tear(page: &mut GrayImage, torn: &Torn, lid: u8) {
    let (width, height) = page.dimensions();
    let (w, h) = (torn.width * SCALE, torn.height * SCALE);
    let right = matches!(torn.corner, Corner::RightTop | Corner::RightBottom);
    let bottom = matches!(torn.corner, Corner::LeftBottom | Corner::RightBottom);
    for from_end in 0..(h as u32).min(height) {
        for from_side in 0..((w * (1.0 - from_end as f32 / h)) as u32).min(width) {
            let x = if right { width - 1 - from_side } else { from_side };
            let y = if bottom { height - 1 - from_end } else { from_end };
            page.get_pixel_mut(x, y).0[0] = lid;
        }
    }
}
