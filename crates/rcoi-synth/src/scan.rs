//! What a scanner makes of a clean page: a slightly wrong affine map, paper, noise, streaks, dust, a lost corner, JPEG.

use crate::SynthError;
use crate::draw::{DPI, SCALE};
use image::codecs::jpeg::{JpegEncoder, PixelDensity};
use image::{ExtendedColorType, GrayImage};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

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
    /// Pages with a corner torn or folded (one of the lower two: never an anchor and a code together).
    pub torn: f64,
    /// Pages scanned over a dark lid.
    pub dark_lid: f64,
    /// JPEG quality, from and to.
    pub quality: (u8, u8),
}

impl Default for ScanParams {
    fn default() -> Self {
        Self { skew: 2.5, shift: 2.0, stretch: 0.006, turned: 0.04, streaked: 0.05, torn: 0.01, dark_lid: 0.15, quality: (75, 90) }
    }
}

/// Scans a clean page (255 = white, 300 dpi) into the bytes of a grey JPEG of the same size.
///
/// # Errors
/// When the JPEG cannot be written; pages of any form here can.
pub fn scan(page: &GrayImage, params: &ScanParams, rng: &mut ChaCha8Rng) -> Result<Vec<u8>, SynthError> {
    let map = Map::choose(page, params, rng);
    let paper = rng.random_range(225.0..250.0f32);
    let black = rng.random_range(8.0..55.0f32);
    let lid = if rng.random_bool(params.dark_lid) { rng.random_range(30..70u8) } else { rng.random_range(244..=252u8) };
    let mut out = warp(page, &map, paper, black, lid, rng);
    if rng.random_bool(params.streaked) {
        streak(&mut out, rng);
    }
    dust(&mut out, rng);
    if rng.random_bool(params.torn) {
        tear(&mut out, lid, rng);
    }
    if rng.random_bool(params.turned) {
        image::imageops::rotate180_in_place(&mut out);
    }
    let quality = rng.random_range(params.quality.0..=params.quality.1.max(params.quality.0));
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
    encoder.set_pixel_density(PixelDensity::dpi(DPI as u16));
    encoder.encode(out.as_raw(), out.width(), out.height(), ExtendedColorType::L8)?;
    Ok(bytes)
}

/// From a pixel of the scan to a place on the page: (a x + b y + c, d x + e y + f).
struct Map {
    row: [f32; 6],
}

impl Map {
    fn choose(page: &GrayImage, params: &ScanParams, rng: &mut ChaCha8Rng) -> Self {
        let mut within = |most: f32| if most > 0.0 { rng.random_range(-most..most) } else { 0.0 };
        let angle = (within(params.skew / 2.0) + within(params.skew / 2.0)).to_radians();
        let (sx, sy) = (1.0 + within(params.stretch), 1.0 + within(params.stretch));
        let (dx, dy) = (within(params.shift) * SCALE, within(params.shift) * SCALE);
        let (sin, cos) = angle.sin_cos();
        let (cx, cy) = (page.width() as f32 / 2.0, page.height() as f32 / 2.0);
        let (a, b, d, e) = (cos / sx, sin / sx, -sin / sy, cos / sy);
        Self { row: [a, b, cx - a * (cx + dx) - b * (cy + dy), d, e, cy - d * (cx + dx) - e * (cy + dy)] }
    }
}

/// Grey levels of noise that pixels get, in a table that is walked from a random place in every row.
const NOISE: usize = 1 << 13;

fn warp(page: &GrayImage, map: &Map, paper: f32, black: f32, lid: u8, rng: &mut ChaCha8Rng) -> GrayImage {
    let strength = rng.random_range(1.0..4.0f32);
    let noise: Vec<f32> = (0..NOISE).map(|_| (rng.random_range(-1.0..1.0f32) + rng.random_range(-1.0..1.0f32)) * strength).collect();
    let (width, height) = page.dimensions();
    let (w, source) = (width as usize, page.as_raw());
    let levels: Vec<f32> = (0..=255).map(|v| black + (paper - black) * v as f32 / 255.0).collect();
    let [a, b, c, d, e, f] = map.row;
    let mut out = vec![lid; source.len()];
    for (y, row) in out.chunks_exact_mut(w).enumerate() {
        let from = rng.random_range(0..NOISE);
        let (bx, by) = (b * y as f32 + c, e * y as f32 + f);
        for (x, pixel) in row.iter_mut().enumerate() {
            let (px, py) = (a * x as f32 + bx, d * x as f32 + by);
            if px < 0.0 || py < 0.0 || px >= (width - 1) as f32 || py >= (height - 1) as f32 {
                continue;
            }
            let (ix, iy) = (px as usize, py as usize);
            let (fx, fy) = (px - ix as f32, py - iy as f32);
            let at = iy * w + ix;
            let level = |i: usize| levels[usize::from(source[i])];
            let top = level(at) + (level(at + 1) - level(at)) * fx;
            let low = level(at + w) + (level(at + w + 1) - level(at + w)) * fx;
            *pixel = (top + (low - top) * fy + noise[(from + x) % NOISE]) as u8;
        }
    }
    GrayImage::from_raw(width, height, out).unwrap_or_else(|| page.clone())
}

/// Dirt on the glass of a feeder: a faint line down the whole page.
fn streak(page: &mut GrayImage, rng: &mut ChaCha8Rng) {
    let (left, width) = (rng.random_range(0..page.width()), rng.random_range(1..4u32));
    let dark = rng.random_range(18..60u8);
    for y in 0..page.height() {
        for x in left..(left + width).min(page.width()) {
            let pixel = page.get_pixel_mut(x, y);
            pixel.0[0] = pixel.0[0].saturating_sub(dark);
        }
    }
}

fn dust(page: &mut GrayImage, rng: &mut ChaCha8Rng) {
    for _ in 0..rng.random_range(0..40) {
        let (cx, cy) = (rng.random_range(0..page.width()), rng.random_range(0..page.height()));
        let (size, grey) = (rng.random_range(1..4u32), rng.random_range(60..190u8));
        for y in cy..(cy + size).min(page.height()) {
            for x in cx..(cx + rng.random_range(1..=size)).min(page.width()) {
                let pixel = page.get_pixel_mut(x, y);
                pixel.0[0] = pixel.0[0].min(grey);
            }
        }
    }
}

fn tear(page: &mut GrayImage, lid: u8, rng: &mut ChaCha8Rng) {
    let (w, h) = (rng.random_range(10.0..28.0f32) * SCALE, rng.random_range(10.0..28.0f32) * SCALE);
    let right = rng.random_bool(0.5);
    let (width, height) = page.dimensions();
    for up in 0..(h as u32).min(height) {
        for from_side in 0..((w * (1.0 - up as f32 / h)) as u32).min(width) {
            let x = if right { width - 1 - from_side } else { from_side };
            page.get_pixel_mut(x, height - 1 - up).0[0] = lid;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;
    use rand::SeedableRng;

    #[test]
    fn a_page_keeps_its_size_and_its_ink_and_gets_grey() {
        let mut page = GrayImage::from_pixel(400, 600, Luma([255]));
        for y in 250..350 {
            for x in 150..250 {
                page.put_pixel(x, y, Luma([0]));
            }
        }
        let bytes = scan(&page, &ScanParams { shift: 0.0, ..ScanParams::default() }, &mut ChaCha8Rng::seed_from_u64(4)).expect("a JPEG");
        let got = image::load_from_memory(&bytes).expect("a picture").to_luma8();
        assert_eq!(got.dimensions(), (400, 600));
        assert!(got.get_pixel(200, 300).0[0] < 80);
        assert!((200..=254).contains(&got.get_pixel(60, 100).0[0]));
    }
}
