//! Normalised correlation of a small pattern with every place of a small window, summed directly: OpenCV goes by way of the
//! frequencies, which takes ten times as long for patterns of some hundred pixels.

use crate::cv::{self, Scores};
use image::GrayImage;

/// Larger windows are left to OpenCV, pixels: the sums of squares stay below 2³².
const MOST_AREA: usize = 60_000;
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

/// Normalised correlation of `pattern` with every place of `window`; `None` when it does not fit in. Places that are not worth it have 0.
pub(super) fn scores(window: &GrayImage, pattern: &GrayImage, worth: &Worth) -> Option<Scores> {
    let (wide, high) = (window.width() as usize, window.height() as usize);
    let (w, h) = (pattern.width() as usize, pattern.height() as usize);
    if w > wide || h > high || w == 0 || h == 0 {
        return None;
    }
    let (width, height) = (wide - w + 1, high - h + 1);
    if wide * high > MOST_AREA || width * height * w * h > MOST_PRODUCTS {
        return cv::scores(window, pattern);
    }
    let n = (w * h) as f32;
    let mean = pattern.as_raw().iter().map(|p| u32::from(*p)).sum::<u32>() as f32 / n;
    let wanted: Vec<f32> = pattern.as_raw().iter().map(|p| f32::from(*p) - mean).collect();
    let own = wanted.iter().map(|v| v * v).sum::<f32>();
    let pixels: Vec<f32> = window.as_raw().iter().map(|p| f32::from(*p)).collect();
    let sums = Sums::of(window);
    let mut values = vec![0.0_f32; width * height];
    let mut spreads = vec![0.0_f32; width];
    let enough = (worth.deviation * worth.deviation).max(1.0) * n;
    let core = worth.core.map(|[x0, y0, x1, y1]| {
        let inner = ((x1 - x0) * (y1 - y0)) as f32;
        ([x0, y0, x1 - x0, y1 - y0], inner, (ROUGH * worth.score).powi(2) * n / (inner * (n - inner)))
    });
    for (y, line) in values.chunks_exact_mut(width).enumerate() {
        for (x, spread) in spreads.iter_mut().enumerate() {
            let (sum, squares) = sums.over(x, y, w, h);
            *spread = squares as f32 - sum as f32 * (sum as f32 / n);
            if let Some(([left, top, w, h], inner, least)) = core
                && *spread >= enough
            {
                // Correlation with a pattern of two greys: from the means of its two parts.
                let dark = sums.over(x + left, y + top, w, h).0 as f32;
                let apart = (sum as f32 - dark) / (n - inner) - dark / inner;
                if apart <= 0.0 || apart * apart < least * *spread {
                    *spread = 0.0;
                }
            }
        }
        let mut from = 0;
        while let Some(start) = spreads[from..].iter().position(|s| *s >= enough).map(|k| from + k) {
            let end = run(&spreads, start, enough);
            let line = &mut line[start..end];
            for (j, row) in wanted.chunks_exact(w).enumerate() {
                for (i, wanted) in row.iter().enumerate() {
                    let under = &pixels[(y + j) * wide + start + i..][..line.len()];
                    line.iter_mut().zip(under).for_each(|(sum, pixel)| *sum += pixel * wanted);
                }
            }
            for (value, spread) in line.iter_mut().zip(&spreads[start..end]) {
                *value = if *spread >= enough { (*value / (spread * own).sqrt()).clamp(-1.0, 1.0) } else { 0.0 };
            }
            from = end;
        }
    }
    Some(Scores { width, height, values })
}

/// Flat places that do not end a run: it is as quick to pass over them.
const GAP: usize = 8;

/// The end of a run of places that deviate enough.
fn run(spreads: &[f32], start: usize, enough: f32) -> usize {
    let mut end = start + 1;
    for (x, spread) in spreads.iter().enumerate().skip(end) {
        if *spread >= enough {
            end = x + 1;
        } else if x >= end + GAP {
            break;
        }
    }
    end
}

/// Sums of greys and of their squares over upright rectangles.
struct Sums {
    stride: usize,
    sums: Vec<(u32, u32)>,
}

impl Sums {
    fn of(picture: &GrayImage) -> Self {
        let stride = picture.width() as usize + 1;
        let mut sums = vec![(0_u32, 0_u32); stride * (picture.height() as usize + 1)];
        for (y, row) in picture.as_raw().chunks_exact(stride - 1).enumerate() {
            let (above, below) = sums.split_at_mut((y + 1) * stride);
            let (mut sum, mut squares) = (0, 0);
            for ((below, above), pixel) in below[1..stride].iter_mut().zip(&above[y * stride + 1..]).zip(row) {
                sum += u32::from(*pixel);
                squares += u32::from(*pixel) * u32::from(*pixel);
                *below = (above.0 + sum, above.1 + squares);
            }
        }
        Self { stride, sums }
    }

    fn over(&self, x: usize, y: usize, w: usize, h: usize) -> (u32, u32) {
        let at = |x: usize, y: usize| self.sums[y * self.stride + x];
        let (a, b, c, d) = (at(x, y), at(x + w, y), at(x, y + h), at(x + w, y + h));
        (d.0 + a.0 - b.0 - c.0, d.1 + a.1 - b.1 - c.1)
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
