//! The greys of a patch: how often each occurs, and how they are read as ink.

use super::Patch;

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
    quantile(&tally(pixels), share)
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
        let counts = tally(pixels);
        Self::between(quantile(&counts, 0.85), quantile(&counts, 0.01), black)
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
}
