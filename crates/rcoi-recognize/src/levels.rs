//! A page with its copies of half, quarter, eighth … size: whoever looks coarsely reads few bytes.
//!
//! Image pyramid after Williams, "Pyramidal parametrics", 1983, each pixel the mean of the four below it.

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch, u8x32};
use image::GrayImage;

/// A picture is halved while its longer side keeps at least so many pixels.
const LEAST_SIDE: u32 = 96;

/// A picture and its copies, each half as wide and high as the one before; an odd last row or column is left out.
pub(crate) struct Levels<'a> {
    full: &'a GrayImage,
    copies: Vec<GrayImage>,
}

impl<'a> Levels<'a> {
    pub(crate) fn of(full: &'a GrayImage) -> Self {
        let mut sizes = Vec::new();
        let (mut width, mut height) = full.dimensions();
        while width.max(height) >= 2 * LEAST_SIDE && width.min(height) >= 4 {
            (width, height) = (width / 2, height / 2);
            sizes.push((width, height));
        }
        if sizes.is_empty() {
            return Self { full, copies: Vec::new() };
        }
        let mut copies: Vec<Vec<u8>> = sizes.iter().map(|(w, h)| Vec::with_capacity((w * h) as usize)).collect();
        let level = Level::new();
        dispatch!(level, simd => halve(simd, full, &sizes, &mut copies));
        let copies = copies.into_iter().zip(sizes).map(|(pixels, (w, h))| GrayImage::from_raw(w, h, pixels).unwrap_or_default());
        Self { full, copies: copies.collect() }
    }

    /// Width and height of the page, pixels.
    pub(crate) fn size(&self) -> (u32, u32) {
        self.full.dimensions()
    }

    /// How often the smallest copy is halved.
    pub(crate) fn deepest(&self) -> usize {
        self.copies.len()
    }

    /// The smallest copy that is halved at most `halvings` times, and how often it is.
    pub(crate) fn reduced(&self, halvings: usize) -> (&GrayImage, usize) {
        let level = halvings.min(self.copies.len());
        (if level == 0 { self.full } else { &self.copies[level - 1] }, level)
    }
}

/// Fills all copies at once: as soon as two rows of one are there, they make a row of the next, while they are still near at hand.
#[inline(always)]
fn halve<S: Simd>(simd: S, full: &GrayImage, sizes: &[(u32, u32)], copies: &mut [Vec<u8>]) {
    for two in full.as_raw().chunks_exact(2 * full.width() as usize) {
        if let Some(first) = copies.first_mut() {
            below(simd, two, first);
        }
        for level in 1..copies.len() {
            let (done, next) = copies.split_at_mut(level);
            let (rows, two) = (done[level - 1].len() / sizes[level - 1].0 as usize, 2 * sizes[level - 1].0 as usize);
            if rows % 2 == 1 {
                break;
            }
            below(simd, &done[level - 1][done[level - 1].len() - two..], &mut next[0]);
        }
    }
}

/// Pixels of a row that are summed at once.
const LANES: usize = 32;

/// The row below two rows.
#[inline(always)]
fn below<S: Simd>(simd: S, two: &[u8], out: &mut Vec<u8>) {
    let (upper, lower) = two.split_at(two.len() / 2);
    let from = out.len();
    out.resize(from + upper.len() / 2, 0);
    let (whole, rest) = out[from..].as_chunks_mut::<LANES>();
    let (halves, last) = ((upper.as_chunks::<LANES>().0, lower.as_chunks::<LANES>().0), whole.len() * LANES * 2);
    for (out, (a, b)) in whole.iter_mut().zip(halves.0.as_chunks::<2>().0.iter().zip(halves.1.as_chunks::<2>().0)) {
        let sums = |k: usize| {
            let pairs = |row: &[u8; LANES]| u8x32::from_slice(simd, row).pairwise_widening_add();
            (pairs(&a[k]) + pairs(&b[k]) + 2) >> 2
        };
        out.copy_from_slice(sums(0).relaxed_narrow(sums(1)).as_slice());
    }
    for (out, ([a, b], [c, d])) in rest.iter_mut().zip(upper[last..].as_chunks().0.iter().zip(lower[last..].as_chunks().0)) {
        *out = ((u16::from(*a) + u16::from(*b) + u16::from(*c) + u16::from(*d) + 2) >> 2) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_of_a_copy_is_the_mean_of_the_four_below_it() {
        let gray = GrayImage::from_fn(131 * 4 + 1, 229 * 4 + 3, |x, y| image::Luma([(7 * x + 13 * y) as u8 ^ (x * y) as u8]));
        let levels = Levels::of(&gray);
        assert_eq!(levels.deepest(), 3);
        for level in 1..=3 {
            let (above, own) = (levels.reduced(level - 1).0, levels.reduced(level).0);
            assert_eq!(own.dimensions(), (above.width() / 2, above.height() / 2));
            let at = |x, y| u32::from(above.get_pixel(x, y).0[0]);
            for (x, y, pixel) in own.enumerate_pixels() {
                let mean = (at(2 * x, 2 * y) + at(2 * x + 1, 2 * y) + at(2 * x, 2 * y + 1) + at(2 * x + 1, 2 * y + 1) + 2) / 4;
                assert_eq!(u32::from(pixel.0[0]), mean, "copy {level} at {x}, {y}");
            }
        }
    }

    #[test]
    fn a_small_picture_has_no_copies() {
        let gray = GrayImage::new(63, 190);
        assert_eq!(Levels::of(&gray).reduced(9).1, 0);
    }
}
