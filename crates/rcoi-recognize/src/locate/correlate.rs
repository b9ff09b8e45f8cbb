//! Normalised correlation of a small pattern with every place of a small window, summed directly: OpenCV goes by way of the
//! frequencies, which takes ten times as long for patterns of some hundred pixels.

use crate::cv::{self, Scores};
use crate::wide;
use image::GrayImage;

/// Larger windows are left to OpenCV, pixels, and larger patterns: their sums of squares and of products stay below 2³¹.
const MOST_AREA: usize = 60_000;
const MOST_PATTERN: usize = 33_000;
/// So are longer sums, products.
const MOST_PRODUCTS: usize = 4_000_000;

/// Which places are worth a comparison pixel by pixel: most of a sheet is paper or text.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Worth {
    /// Least standard deviation of the grey.
    pub(super) deviation: f32,
    /// The dark part of the pattern when that is a rectangle or nearly: left, top, right, bottom.
    pub(super) core: Option<[usize; 4]>,
    /// Correlation that is wanted. With the core alone at least [`ROUGH`] of it is to be seen: a disc and its square have 0.86.
    pub(super) score: f32,
}

const ROUGH: f32 = 0.55;
/// Products that go at once.
const LANES: usize = 16;

/// Normalised correlation of `pattern` with every place of `window`; `None` when it does not fit in. Places that are not worth it have 0.
pub(super) fn scores(window: &GrayImage, pattern: &GrayImage, worth: &Worth) -> Option<Scores> {
    let (wide, high) = (window.width() as usize, window.height() as usize);
    let (w, h) = (pattern.width() as usize, pattern.height() as usize);
    if w > wide || h > high || w == 0 || h == 0 {
        return None;
    }
    let (width, height) = (wide - w + 1, high - h + 1);
    if wide * high > MOST_AREA || w * h > MOST_PATTERN || width * height * w * h > MOST_PRODUCTS {
        return cv::scores(window, pattern);
    }
    let n = (w * h) as f32;
    let (sum, squares) = pattern.as_raw().iter().fold((0_u32, 0_u64), |(s, q), p| (s + u32::from(*p), q + u64::from(*p).pow(2)));
    let mean = sum as f32 / n;
    let own = (squares as f64 - f64::from(sum) * f64::from(sum) / f64::from(n)) as f32;
    // Rows of the pattern are filled up with zeros to whole registers, so what lies under them may run on beyond the window.
    let padded = w.next_multiple_of(LANES);
    let mut wanted = vec![0_i16; padded * h];
    for (to, from) in wanted.chunks_exact_mut(padded).zip(pattern.as_raw().chunks_exact(w)) {
        to.iter_mut().zip(from).for_each(|(to, from)| *to = i16::from(*from));
    }
    let mut pixels: Vec<i16> = Vec::with_capacity(wide * high + LANES);
    pixels.extend(window.as_raw().iter().map(|p| i16::from(*p)));
    pixels.resize(wide * high + LANES, 0);
    let row = |y: usize| &window.as_raw()[y * wide..(y + 1) * wide];
    let (mut all, mut dark) = (Columns::new(wide), Columns::new(wide));
    let mut values = vec![0.0_f32; width * height];
    let (mut spreads, mut under) = (vec![0.0_f32; width], vec![0.0_f32; width]);
    let (mut of_squares, mut of_core) = (vec![0.0_f32; width], vec![0.0_f32; width]);
    let enough = (worth.deviation * worth.deviation).max(1.0) * n;
    (0..h - 1).for_each(|y| all.add(row(y)));
    if let Some([_, y0, _, y1]) = worth.core {
        (y0..y1 - 1).for_each(|y| dark.add(row(y)));
    }
    for (y, line) in values.chunks_exact_mut(width).enumerate() {
        wide::run(
            #[inline(always)]
            || {
                all.add(row(y + h - 1));
                along(&all.greys, [0, w], &mut under);
                along(&all.squares, [0, w], &mut of_squares);
                all.drop(row(y));
                for (spread, (squares, sum)) in spreads.iter_mut().zip(of_squares.iter().zip(&under)) {
                    *spread = squares - sum * (sum / n);
                }
                let Some([x0, y0, x1, y1]) = worth.core else { return };
                dark.add(row(y + y1 - 1));
                if spreads.iter().copied().fold(0.0, f32::max) >= enough {
                    // Correlation with a pattern of two greys: from the means of its two parts.
                    let inner = ((x1 - x0) * (y1 - y0)) as f32;
                    let least = (ROUGH * worth.score).powi(2) * n / (inner * (n - inner));
                    along(&dark.greys, [x0, x1], &mut of_core);
                    for (spread, (dark, sum)) in spreads.iter_mut().zip(of_core.iter().zip(&under)) {
                        let apart = (sum - dark) / (n - inner) - dark / inner;
                        let alike = apart > 0.0 && apart * apart >= least * *spread;
                        *spread = if alike { *spread } else { 0.0 };
                    }
                }
                dark.drop(row(y + y0));
            },
        );
        for (x, (value, spread)) in line.iter_mut().zip(&spreads).enumerate().filter(|(_, (_, s))| **s >= enough) {
            let products = wide::run(
                #[inline(always)]
                || products(&pixels[y * wide + x..], wide, &wanted, padded),
            );
            *value = ((products as f32 - mean * under[x]) / (spread * own).sqrt()).clamp(-1.0, 1.0);
        }
    }
    Some(Scores { width, height, values })
}

/// Sum of the products of what is wanted, rows of `padded` values, and the rows of a picture from its first pixel on.
#[inline(always)]
fn products(pixels: &[i16], stride: usize, wanted: &[i16], padded: usize) -> i32 {
    let mut sum = 0;
    for (row, wanted) in wanted.chunks_exact(padded).enumerate() {
        let under = &pixels[row * stride..][..padded];
        for (a, b) in under.as_chunks::<LANES>().0.iter().zip(wanted.as_chunks::<LANES>().0) {
            for k in 0..LANES {
                sum += i32::from(a[k]) * i32::from(b[k]);
            }
        }
    }
    sum
}

/// Sums of greys and of their squares over some rows, column by column. Those of a pattern's rows fit.
struct Columns {
    greys: Vec<u32>,
    squares: Vec<u32>,
}

impl Columns {
    fn new(width: usize) -> Self {
        Self { greys: vec![0; width], squares: vec![0; width] }
    }

    #[inline(always)]
    fn add(&mut self, row: &[u8]) {
        for (sum, grey) in self.greys.iter_mut().zip(row) {
            *sum += u32::from(*grey);
        }
        for (sum, grey) in self.squares.iter_mut().zip(row) {
            *sum += square(*grey);
        }
    }

    #[inline(always)]
    fn drop(&mut self, row: &[u8]) {
        for (sum, grey) in self.greys.iter_mut().zip(row) {
            *sum -= u32::from(*grey);
        }
        for (sum, grey) in self.squares.iter_mut().zip(row) {
            *sum -= square(*grey);
        }
    }
}

/// In sixteen bits, which are multiplied quickest.
#[inline(always)]
fn square(grey: u8) -> u32 {
    u32::from(u16::from(grey) * u16::from(grey))
}

/// Sums over the columns from `from` up to `to`, which are moved to the right by 0, 1, 2 …
#[inline(always)]
fn along(columns: &[u32], [from, to]: [usize; 2], out: &mut [f32]) {
    let mut sum: u32 = columns[from..to - 1].iter().sum();
    for (out, (first, last)) in out.iter_mut().zip(columns[from..].iter().zip(&columns[to - 1..])) {
        sum += last;
        *out = sum as i32 as f32;
        sum -= first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn direct_sums_give_what_the_way_through_the_frequencies_gives() {
        let noise = |x: u32, y: u32| ((x * x * 7 + y * 31 + x * y) % 251) as u8;
        let window = GrayImage::from_fn(60, 47, |x, y| image::Luma([noise(x, y)]));
        let pattern = GrayImage::from_fn(13, 11, |x, y| image::Luma([noise(x + 20, y + 9)]));
        let (own, other) =
            (scores(&window, &pattern, &Worth::default()).expect("it fits"), cv::scores(&window, &pattern).expect("it fits"));
        assert_eq!((own.width, own.height), (other.width, other.height));
        assert!(own.values.iter().zip(&other.values).all(|(a, b)| (a - b).abs() < 1e-3));
        assert!(own.values[9 * own.width + 20] > 0.999);
    }
}
