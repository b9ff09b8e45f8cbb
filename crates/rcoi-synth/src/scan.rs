//! What a scanner makes of a clean page: everything that a pass does to it is decided first, then done.

use crate::defects::{Corner, Torn, blur, speck, streak, tear};
use crate::draw::SCALE;
use crate::warp::{Map, Tone, warp};
use image::GrayImage;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rcoi_model::{Point, Rect};

/// How badly a scanner treats pages. Shares are 0..=1 of all pages.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanParams {
    /// Largest skew, degrees; small ones are likelier, as with a feeder that mostly pulls straight.
    pub skew: f32,
    /// Largest shift in each direction, millimetres.
    pub shift: f32,
    /// Largest stretch in each direction, a share: feeders pull a little too fast or too slow.
    pub stretch: f32,
    /// Pages put in upside down.
    pub turned: f64,
    /// Pages with a streak of dirt on the glass.
    pub streaked: f64,
    /// Pages out of focus.
    pub blurred: f64,
    /// Pages on grey paper, recycled or copied.
    pub grey: f64,
    /// Pages with a corner torn or folded (one of the lower two: never an anchor and a code together).
    pub torn: f64,
    /// Pages scanned over a dark lid.
    pub dark_lid: f64,
    /// Most grains of dust on a page.
    pub dust: u32,
    /// JPEG quality, from and to.
    pub quality: (u8, u8),
}

impl Default for ScanParams {
    fn default() -> Self {
        Self {
            skew: 3.0,
            shift: 2.0,
            stretch: 0.006,
            turned: 0.04,
            streaked: 0.05,
            blurred: 0.03,
            grey: 0.05,
            torn: 0.01,
            dark_lid: 0.15,
            dust: 40,
            quality: (70, 85),
        }
    }
}

/// One pass of one page through the scanner.
#[derive(Debug, Clone, PartialEq)]
pub struct Pass {
    /// Degrees.
    pub skew: f32,
    /// To the right and down, millimetres.
    pub shift: (f32, f32),
    /// Factors on width and height.
    pub stretch: (f32, f32),
    pub turned: bool,
    /// Grey levels of white paper and black print.
    pub paper: f32,
    pub black: f32,
    /// Grey level around the sheet.
    pub lid: u8,
    /// Spread of the noise, grey levels.
    pub noise: f32,
    /// Rounds of softening: 0 = sharp, 4 = out of focus.
    pub blur: u32,
    pub streaks: u32,
    /// Grains of dust.
    pub dust: u32,
    pub torn: Option<Torn>,
    pub quality: u8,
    /// Where noise, streaks and dust fall.
    pub seed: u64,
}

impl Pass {
    /// A perfect scanner: straight, white, silent.
    #[must_use]
    pub fn clean() -> Self {
        Self {
            skew: 0.0,
            shift: (0.0, 0.0),
            stretch: (1.0, 1.0),
            turned: false,
            paper: 255.0,
            black: 0.0,
            lid: 255,
            noise: 0.0,
            blur: 0,
            streaks: 0,
            dust: 0,
            torn: None,
            quality: 95,
            seed: 0,
        }
    }

    /// A pass as this scanner makes them; the same seed gives the same pass.
    #[must_use]
    pub fn choose(params: &ScanParams, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut within = |most: f32| if most > 0.0 { rng.random_range(-most..most) } else { 0.0 };
        let skew = within(params.skew / 2.0) + within(params.skew / 2.0);
        let shift = (within(params.shift), within(params.shift));
        let stretch = (1.0 + within(params.stretch), 1.0 + within(params.stretch));
        let paper = if rng.random_bool(params.grey) { rng.random_range(170.0..212.0f32) } else { rng.random_range(225.0..250.0f32) };
        let corner = if rng.random_bool(0.5) { Corner::RightBottom } else { Corner::LeftBottom };
        let torn = Torn { corner, width: rng.random_range(10.0..28.0), height: rng.random_range(10.0..28.0) };
        Self {
            skew,
            shift,
            stretch,
            turned: rng.random_bool(params.turned),
            paper,
            black: rng.random_range(8.0..55.0f32),
            lid: if rng.random_bool(params.dark_lid) { rng.random_range(30..70u8) } else { rng.random_range(244..=252u8) },
            noise: rng.random_range(0.4..2.0f32),
            blur: if rng.random_bool(params.blurred) { rng.random_range(1..=4) } else { 0 },
            streaks: u32::from(rng.random_bool(params.streaked)),
            dust: rng.random_range(0..=params.dust),
            torn: rng.random_bool(params.torn).then_some(torn),
            quality: rng.random_range(params.quality.0..=params.quality.1.max(params.quality.0)),
            seed: rng.random(),
        }
    }

    /// Where a scanner in its one-bit mode draws the line: it follows the paper.
    #[must_use]
    pub fn threshold(&self) -> u8 {
        (self.black + 0.6 * (self.paper - self.black)).clamp(1.0, 254.0) as u8
    }

    /// Is a part of `area` (millimetres of a sheet of `size`) lost: torn off, or beyond the edge of the picture?
    pub(crate) fn hides(&self, size: (f32, f32), area: &Rect) -> bool {
        let (width, height) = (size.0 * SCALE, size.1 * SCALE);
        let Map([a, b, c, d, e, f]) = self.map((width, height));
        let whole = a * e - b * d;
        let lost = |corner: &Point| {
            let (px, py) = (corner.x * SCALE - c, corner.y * SCALE - f);
            let (x, y) = ((e * px - b * py) / whole, (a * py - d * px) / whole);
            let off = self.torn.is_some_and(|torn| torn.covers((x, y), (width, height)));
            off || !(0.0..=width).contains(&x) || !(0.0..=height).contains(&y)
        };
        area.corners().iter().any(lost)
    }

    /// What is out of the ordinary about this pass.
    pub(crate) fn defects(&self) -> Vec<&'static str> {
        let all = [
            ("skew above 1.5°", self.skew.abs() > 1.5),
            ("stretch above 0.4 %", (self.stretch.0 - 1.0).abs().max((self.stretch.1 - 1.0).abs()) > 0.004),
            ("upside down", self.turned),
            ("grey paper", self.paper < 215.0),
            ("streak", self.streaks > 0),
            ("out of focus", self.blur > 1),
            ("much dust", self.dust > 30),
            ("torn corner", self.torn.is_some()),
            ("dark lid", self.lid < 200),
        ];
        all.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect()
    }

    /// From a pixel of the scan to a place on the page (width and height in pixels), about the middle of the page.
    fn map(&self, (width, height): (f32, f32)) -> Map {
        let (sin, cos) = self.skew.to_radians().sin_cos();
        let (sx, sy) = self.stretch;
        let (cx, cy) = (width / 2.0, height / 2.0);
        let (mx, my) = (cx + self.shift.0 * SCALE, cy + self.shift.1 * SCALE);
        let (a, b, d, e) = (cos / sx, sin / sx, -sin / sy, cos / sy);
        Map([a, b, cx - a * mx - b * my, d, e, cy - d * mx - e * my])
    }
}

/// Scans a clean page (255 = white, 300 dpi) into a grey picture of the same size.
#[must_use]
pub fn scan(page: &GrayImage, pass: &Pass) -> GrayImage {
    let mut rng = ChaCha8Rng::seed_from_u64(pass.seed);
    let size = (page.width() as f32, page.height() as f32);
    let tone = Tone { paper: pass.paper, black: pass.black, lid: pass.lid, noise: pass.noise };
    let mut out = if pass.blur > 0 {
        let mut soft = page.clone();
        blur(&mut soft, pass.blur);
        warp(&soft, pass.map(size), &tone, &mut rng)
    } else {
        warp(page, pass.map(size), &tone, &mut rng)
    };
    (0..pass.streaks).for_each(|_| streak(&mut out, &mut rng));
    (0..pass.dust).for_each(|_| speck(&mut out, &mut rng));
    if let Some(torn) = &pass.torn {
        tear(&mut out, torn, pass.lid);
    }
    if pass.turned {
        image::imageops::rotate180_in_place(&mut out);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Corner, Pass, Torn};
    use rcoi_model::Rect;

    #[test]
    fn what_a_torn_corner_or_the_edge_of_the_picture_takes_away_is_known() {
        let size = (210.0, 297.0);
        let corner = Rect::new(2.0, 290.0, 4.0, 5.0);
        assert!(!Pass::clean().hides(size, &corner));
        let torn = Pass { torn: Some(Torn { corner: Corner::LeftBottom, width: 15.0, height: 15.0 }), ..Pass::clean() };
        assert!(torn.hides(size, &corner));
        assert!(!torn.hides(size, &Rect::new(200.0, 290.0, 4.0, 5.0)) && !torn.hides(size, &Rect::new(20.0, 270.0, 4.0, 5.0)));
        let shifted = Pass { shift: (-3.0, 0.0), ..Pass::clean() };
        assert!(shifted.hides(size, &corner));
        let skewed = Pass { skew: 3.0, ..Pass::clean() };
        assert!(skewed.hides(size, &Rect::new(1.0, 20.0, 5.0, 5.0)) != skewed.hides(size, &Rect::new(1.0, 272.0, 5.0, 5.0)));
    }
}
