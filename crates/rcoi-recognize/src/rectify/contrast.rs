//! How much darker print is than what surrounds it, for every place where a box may stand: of boxes whose print is not known by
//! rectangles, of others by the print itself.

use super::tiles::Look;
use crate::sample::{InkScale, Patch};

/// Darkness counts at most so much: print is compared, marks must not pull.
const CLIP: f32 = 0.5;
/// A window of the blank whose darkest and palest parts differ by less shows nothing that could be found again.
const PLAIN: f32 = 0.02;
/// What is compared with a frame reaches so many samples into its box.
const BESIDE: i32 = 3;

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

/// The rectangles whose sums of darkness tell the contrast of a box, each with what a 255th of darkness adds to it.
pub(super) struct Rings {
    terms: Vec<([i32; 4], f32)>,
}

impl Rings {
    /// Steps of the sampling; `(mx, my)` = how far what is compared reaches beyond the box.
    pub(super) fn of(edges: [i32; 4], look: Look, (mx, my): (i32, i32)) -> Self {
        let grown = |x: i32, y: i32| [edges[0] - x, edges[1] - y, edges[2] + x, edges[3] + y];
        let area = |[x0, y0, x1, y1]: [i32; 4]| (x1 - x0).max(0) as f32 * (y1 - y0).max(0) as f32;
        let share = |area: f32| 1.0 / 255.0 / area.max(1.0);
        let terms = match look {
            // The mean within less the mean round it.
            Look::Filled => {
                let (own, whole) = (edges, grown(mx, my));
                let rest = share(area(whole) - area(own));
                vec![(own, share(area(own)) + rest), (whole, -rest)]
            }
            // The mean on the frame less the mean close to it: what is written in the middle says nothing.
            Look::Framed | Look::Row => {
                let by = |x: i32, y: i32| grown(if look == Look::Row { 0 } else { x }, y);
                let (beyond, outer, inner, within) = (by(mx.max(1), my.max(1)), by(1, 1), by(-1, -1), by(-BESIDE, -BESIDE));
                let ring = share(area(outer) - area(inner));
                let beside = share(area(beyond) - area(outer) + area(inner) - area(within));
                vec![(outer, ring + beside), (inner, -ring - beside), (within, beside), (beyond, -beside)]
            }
        };
        Self { terms: terms.into_iter().filter(|(r, _)| area(*r) > 0.0).collect() }
    }

    /// Contrast for every shift within reach, row by row.
    pub(super) fn contrasts(&self, sums: &Sums, reach: (i32, i32), out: &mut [f32], work: &mut [f32]) {
        out.fill(0.0);
        for (row, dy) in out.chunks_exact_mut(work.len()).zip(-reach.1..) {
            for ([x0, y0, x1, y1], weight) in &self.terms {
                sums.moved([x0 - reach.0, y0 + dy, x1 - reach.0, y1 + dy], work);
                row.iter_mut().zip(work.iter()).for_each(|(sum, part)| *sum += weight * part);
            }
        }
    }
}
