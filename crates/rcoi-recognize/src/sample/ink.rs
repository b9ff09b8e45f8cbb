//! The greys of a patch: how often each occurs, and how they are read as ink.

use super::Patch;
use crate::wide;

/// How often each grey occurs. Four tallies side by side: equal neighbours would wait for one another.
fn tally(pixels: &[u8]) -> [u32; 256] {
    let mut four = [[0_u32; 256]; 4];
    let (fours, rest) = pixels.as_chunks::<4>();
    for values in fours {
        for (counts, value) in four.iter_mut().zip(values) {
            counts[usize::from(*value)] += 1;
        }
    }
    for value in rest {
        four[0][usize::from(*value)] += 1;
    }
    let [mut all, a, b, c] = four;
    for (sum, value) in all.iter_mut().zip(a.iter().zip(&b).zip(&c)) {
        *sum += value.0.0 + value.0.1 + value.1;
    }
    all
}

/// The value below which `share` (0..1) of all counts lie.
fn quantile(counts: &[u32; 256], share: f32) -> u8 {
    let wanted = (share.clamp(0.0, 1.0) * counts.iter().sum::<u32>() as f32) as u32;
    let mut sum = 0;
    for (value, count) in counts.iter().enumerate() {
        sum += count;
        if sum > wanted {
            return value as u8;
        }
    }
    255
}

/// The value below which `share` (0..1) of the pixels lie.
pub(crate) fn percentile(pixels: &[u8], share: f32) -> u8 {
    if pixels.len() <= FEW {
        wide::run(
            #[inline(always)]
            || halving(pixels, share),
        )
    } else {
        quantile(&tally(pixels), share)
    }
}

/// Of so few pixels counting those below a value is quicker than telling all values apart.
const FEW: usize = 4096;

/// The same bit by bit, from the highest: each asks how many pixels lie below.
#[inline(always)]
fn halving(pixels: &[u8], share: f32) -> u8 {
    let wanted = (share.clamp(0.0, 1.0) * pixels.len() as f32) as usize;
    let mut value = 0;
    for bit in (0..8).rev() {
        let middle = value | 1 << bit;
        let (parts, rest) = pixels.as_chunks::<128>();
        let mut below = rest.iter().filter(|p| **p < middle).count();
        for part in parts {
            below += usize::from(part.iter().map(|p| u8::from(*p < middle)).sum::<u8>());
        }
        if below <= wanted {
            value = middle;
        }
    }
    value
}

/// How the greys of a patch are read as ink: darkness 0 = paper .. 1 = ink.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct InkScale {
    /// Grey of the paper.
    pub(crate) paper: f32,
    /// Grey levels from paper to full ink.
    pub(crate) span: f32,
}

impl InkScale {
    /// Against the paper of this patch. `black` = the darkest ink of the page. Pale ink is stretched to at most twice its
    /// contrast, so that faint pens count and paper grain does not.
    pub(crate) fn of(pixels: &[u8], black: u8) -> Self {
        let (ground, darkest) = if pixels.len() <= FEW {
            (percentile(pixels, 0.85), percentile(pixels, 0.01))
        } else {
            let counts = tally(pixels);
            (quantile(&counts, 0.85), quantile(&counts, 0.01))
        };
        Self::between(ground, darkest, black)
    }

    /// Against a ground of known brightness.
    pub(crate) fn on(pixels: &[u8], ground: u8, black: u8) -> Self {
        Self::between(ground, percentile(pixels, 0.01), black)
    }

    fn between(ground: u8, darkest: u8, black: u8) -> Self {
        let paper = f32::from(ground);
        let full = (paper - f32::from(black)).max(20.0);
        Self { paper, span: (paper - f32::from(darkest)).clamp(full * 0.45, full) }
    }

    pub(crate) fn darkness(&self, pixel: u8) -> f32 {
        ((self.paper - f32::from(pixel)) / self.span).clamp(0.0, 1.0)
    }
}

/// Darkness of each pixel against the paper of this patch; see [`InkScale::of`].
pub(crate) fn darkness(patch: &Patch, black: u8) -> Vec<f32> {
    let scale = InkScale::of(&patch.pixels, black);
    patch.pixels.iter().map(|p| scale.darkness(*p)).collect()
}

/// The same against a ground of known brightness.
pub(crate) fn darkness_on(patch: &Patch, ground: u8, black: u8) -> Vec<f32> {
    let scale = InkScale::on(&patch.pixels, ground, black);
    patch.pixels.iter().map(|p| scale.darkness(*p)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_counts_every_pixel_once() {
        let pixels: Vec<u8> = (0..=100).collect();
        assert_eq!((percentile(&pixels, 0.0), percentile(&pixels, 0.5), percentile(&pixels, 1.0)), (0, 50, 255));
    }

    #[test]
    fn both_ways_to_a_percentile_lead_to_the_same_value() {
        for (n, spread) in [(1, 9), (127, 200), (128, 256), (784, 31), (1000, 256)] {
            let pixels: Vec<u8> = (0..n).map(|i: u32| (i.wrapping_mul(2_654_435_761) >> 11).rem_euclid(spread) as u8).collect();
            for share in [0.0, 0.01, 0.5, 0.85, 0.999, 1.0] {
                assert_eq!(halving(&pixels, share), quantile(&tally(&pixels), share), "{n} pixels, {share}");
            }
        }
    }
}
