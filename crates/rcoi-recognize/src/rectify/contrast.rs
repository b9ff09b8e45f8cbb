//! How much darker print is than what surrounds it, for every place where a box may stand: of boxes whose print is not known by
//! rectangles, of others by the print itself.

use super::tiles::Look;
use crate::sample::{InkScale, Patch};

/// Darkness counts at most so much: print is compared, marks must not pull.
const CLIP: f32 = 0.5;
/// A window of the blank whose darkest and palest parts differ by less shows nothing that could be found again.
const PLAIN: f32 = 0.02;

/// Brightness to darkness, 255ths of full ink, on the paper of a patch. `black` = the darkest ink of the page.
pub(super) fn darkness(patch: &Patch, black: u8) -> [u8; 256] {
    let scale = InkScale::of(&patch.pixels, black);
    std::array::from_fn(|v| (scale.darkness(v as u8).min(CLIP) * 255.0 + 0.5) as u8)
}

/// Darkness of a patch sample by sample, 0..1, row-major.
pub(super) fn plane(patch: &Patch, dark: &[u8; 256]) -> Vec<f32> {
    patch.pixels.iter().map(|p| f32::from(dark[usize::from(*p)]) / 255.0).collect()
}

/// The print of a box and of what surrounds it, as a pattern that is laid on the page: the mean darkness where the blank is dark less
/// that where it is pale.
pub(super) struct Kernel {
    /// Where the window begins among the samples of its tile.
    x: i32,
    y: i32,
    width: usize,
    /// Row-major; the positive weights sum to 1, the negative ones to −1.
    weights: Vec<f32>,
}

impl Kernel {
    /// `window` = a patch of the blank that begins at (`x`, `y`) of the tile; `None` where the blank shows nothing there.
    pub(super) fn of(window: &Patch, (x, y): (i32, i32), dark: &[u8; 256]) -> Option<Self> {
        let mut weights = plane(window, dark);
        let middle = weights.iter().sum::<f32>() / weights.len().max(1) as f32;
        weights.iter_mut().for_each(|w| *w -= middle);
        let sum: f32 = weights.iter().filter(|w| **w > 0.0).sum();
        if sum < PLAIN * weights.len() as f32 {
            return None;
        }
        weights.iter_mut().for_each(|w| *w /= sum);
        Some(Self { x, y, width: window.width, weights })
    }

    /// Contrast for every shift within reach, row by row; `plane` of a patch `stride` samples wide holds all of them.
    pub(super) fn contrasts(&self, plane: &[f32], stride: usize, reach: (i32, i32), out: &mut [f32]) {
        let across = (2 * reach.0 + 1) as usize;
        out.fill(0.0);
        for (row, dy) in out.chunks_exact_mut(across).zip(-reach.1..) {
            for (ky, weights) in self.weights.chunks_exact(self.width).enumerate() {
                let from = (self.y + dy + ky as i32) as usize * stride + (self.x - reach.0) as usize;
                for (weight, dark) in weights.iter().zip(plane[from..].windows(across)) {
                    row.iter_mut().zip(dark).for_each(|(sum, dark)| *sum += weight * dark);
                }
            }
        }
    }
}

/// Sums of darkness (255ths) over upright rectangles in constant time: a summed-area table (Crow, "Summed-area tables for
/// texture mapping", 1984).
pub(super) struct Sums {
    stride: usize,
    sums: Vec<u32>,
}

impl Sums {
    pub(super) fn of(patch: &Patch, dark: &[u8; 256]) -> Self {
        let stride = patch.width + 1;
        let mut sums = vec![0; stride * (patch.height + 1)];
        for y in 0..patch.height {
            let (above, below) = sums.split_at_mut((y + 1) * stride);
            let mut line = 0;
            for ((sum, above), pixel) in below[1..stride].iter_mut().zip(&above[y * stride + 1..]).zip(patch.row(y)) {
                line += u32::from(dark[usize::from(*pixel)]);
                *sum = above + line;
            }
        }
        Self { stride, sums }
    }

    /// Sums over a rectangle `[x0, y0, x1, y1)` that is moved to the right by 0, 1, 2 …; all within the patch.
    fn moved(&self, [x0, y0, x1, y1]: [i32; 4], sums: &mut [f32]) {
        let n = sums.len();
        let from = |x: i32, y: i32| &self.sums[y as usize * self.stride + x as usize..][..n];
        let (a, b, c, d) = (from(x0, y0), from(x1, y0), from(x0, y1), from(x1, y1));
        for (k, sum) in sums.iter_mut().enumerate() {
            *sum = (d[k] + a[k] - b[k] - c[k]) as f32;
        }
    }
}

/// A rectangle of a box and one round it whose mean darkness is compared.
pub(super) struct Rings {
    inner: [i32; 4],
    whole: [i32; 4],
    /// What a 255th of darkness adds to the contrast, in the inner and in the whole rectangle.
    weights: (f32, f32),
}

impl Rings {
    /// Steps of the sampling; `margin` = how far the whole reaches beyond the box.
    pub(super) fn of([x0, y0, x1, y1]: [i32; 4], look: Look, (mx, my): (i32, i32)) -> Self {
        let (inner, whole) = match look {
            Look::Filled => ([x0, y0, x1, y1], [x0 - mx, y0 - my, x1 + mx, y1 + my]),
            Look::Framed => ([x0 + 1, y0 + 1, x1 - 1, y1 - 1], [x0 - 1, y0 - 1, x1 + 1, y1 + 1]),
        };
        let area = |[x0, y0, x1, y1]: [i32; 4]| ((x1 - x0) * (y1 - y0)).max(1) as f32;
        let (own, rest) = (area(inner), (area(whole) - area(inner)).max(1.0));
        // The mean of the inner less that of the rest; of frames the other way round.
        let sign = if look == Look::Filled { 1.0 / 255.0 } else { -1.0 / 255.0 };
        Self { inner, whole, weights: (sign * (1.0 / own + 1.0 / rest), -sign / rest) }
    }

    /// Contrast for every shift within reach, row by row.
    pub(super) fn contrasts(&self, sums: &Sums, reach: (i32, i32), out: &mut [f32], work: &mut [f32]) {
        let moved = |[x0, y0, x1, y1]: [i32; 4], dy: i32| [x0 - reach.0, y0 + dy, x1 - reach.0, y1 + dy];
        for (row, dy) in out.chunks_exact_mut(work.len()).zip(-reach.1..) {
            sums.moved(moved(self.inner, dy), row);
            sums.moved(moved(self.whole, dy), work);
            for (inner, whole) in row.iter_mut().zip(work.iter()) {
                *inner = *inner * self.weights.0 + whole * self.weights.1;
            }
        }
    }
}
