//! One pass over a page: a slightly wrong affine map, the tone of paper and ink, noise. Sixteen pixels at a time.

use image::GrayImage;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// From a pixel of the scan to a place on the page: (a x + b y + c, d x + e y + f).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Map(pub(crate) [f32; 6]);

/// Grey levels that a clean page gets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tone {
    /// What white and black become.
    pub(crate) paper: f32,
    pub(crate) black: f32,
    /// What lies around the sheet.
    pub(crate) lid: u8,
    /// Spread of the noise, grey levels.
    pub(crate) noise: f32,
}

/// Pixels that are worked on at once.
const LANES: usize = 16;
/// Length of the table of noise; every row begins at a random place of it.
const NOISE: usize = 1 << 13;

/// Grey levels of the scan; integers small enough that products fit 16 bits.
struct Levels {
    black: i16,
    /// (paper − black) in 1/256 of the page's levels.
    gain: u16,
    noise: Vec<i16>,
}

impl Levels {
    fn new(tone: &Tone, rng: &mut ChaCha8Rng) -> Self {
        let spread = tone.noise.max(0.0);
        let mut noise: Vec<i16> =
            (0..NOISE).map(|_| ((rng.random_range(-1.0..1.0f32) + rng.random_range(-1.0..1.0f32)) * spread).round() as i16).collect();
        noise.extend_from_within(..LANES);
        let black = tone.black.clamp(0.0, 255.0);
        Self { black: black as i16, gain: ((tone.paper.clamp(black, 255.0) - black) / 255.0 * 256.0).round() as u16, noise }
    }
}

/// The page as the scanner sees it, of the same size.
pub(crate) fn warp(page: &GrayImage, map: Map, tone: &Tone, rng: &mut ChaCha8Rng) -> GrayImage {
    let (width, height) = (page.width() as usize, page.height() as usize);
    let levels = Levels::new(tone, rng);
    let source: &[u8] = page;
    let [a, b, c, d, e, f] = map.0;
    let mut out = vec![tone.lid; source.len()];
    for (y, row) in out.chunks_exact_mut(width.max(1)).enumerate() {
        let from = rng.random_range(0..NOISE);
        let (bx, by) = (b * y as f32 + c, e * y as f32 + f);
        for (nth, part) in row.chunks_mut(LANES).enumerate() {
            let x = nth * LANES;
            // The table goes round: rows longer than it see the same noise again.
            let noise = &levels.noise[(from + x) % NOISE..];
            let at = (a * x as f32 + bx, d * x as f32 + by);
            match (part.first_chunk_mut(), noise.first_chunk(), block(source, (width, height), at, d)) {
                (Some(part), Some(noise), Some(block)) => block.blend(part, noise, (at, d), &levels),
                _ => slowly(part, page, noise, (at, (a, d)), &levels),
            }
        }
    }
    GrayImage::from_raw(page.width(), page.height(), out).unwrap_or_else(|| page.clone())
}

/// Three rows of the page that sixteen pixels of the scan lie between.
struct Block<'p> {
    rows: [&'p [u8; LANES + 1]; 3],
    /// First row and column.
    left: f32,
    top: f32,
}

/// The rows for a run that begins at `at` and falls by `slope` a pixel; none near the rim or when it is too steep.
fn block<'p>(source: &'p [u8], (width, height): (usize, usize), (px, py): (f32, f32), slope: f32) -> Option<Block<'p>> {
    let fall = slope * (LANES - 1) as f32;
    let highest = py.min(py + fall);
    if px < 0.0 || highest < 0.0 || fall.abs() > 1.0 {
        return None;
    }
    // A map with little stretch moves less than a pixel too far in a run.
    let (left, top) = (px as usize, highest as usize);
    if left + LANES + 3 > width || top + 3 > height {
        return None;
    }
    let (_, rest) = source.split_at_checked(top * width + left)?;
    let row = |n: usize| rest.get(n * width..)?.first_chunk();
    Some(Block { rows: [row(0)?, row(1)?, row(2)?], left: left as f32, top: top as f32 })
}

impl Block<'_> {
    /// Bilinear: across with one share for the run (the drift in a run is below a tenth of a pixel), down with one a pixel.
    fn blend(&self, out: &mut [u8; LANES], noise: &[i16; LANES], (at, slope): ((f32, f32), f32), levels: &Levels) {
        let across = ((at.0 - self.left) * 8.0).clamp(0.0, 8.0) as u16;
        let [above, here, below] = [mixed(self.rows[0], across), mixed(self.rows[1], across), mixed(self.rows[2], across)];
        // Place between the rows in 1/32 of a row, 0..=64; the steps are kept 32 times finer.
        let (start, step) = (((at.1 - self.top) * 1024.0) as i16, (slope * 1024.0) as i16);
        let (gain, black) = (levels.gain, levels.black);
        for k in 0..LANES {
            let down = (start.wrapping_add(step.wrapping_mul(k as i16)) >> 5).clamp(0, 64);
            let (first, last) = (32i16.wrapping_sub(down).max(0) as u16, down.wrapping_sub(32).max(0) as u16);
            let middle = 32u16.wrapping_sub(first).wrapping_sub(last);
            let sum = above[k].wrapping_mul(first).wrapping_add(here[k].wrapping_mul(middle)).wrapping_add(below[k].wrapping_mul(last));
            out[k] = toned(sum >> 8, gain, black, noise[k]);
        }
    }
}

/// A row between its pixels, `across` eighths to the right; eight times the level.
fn mixed(row: &[u8; LANES + 1], across: u16) -> [u16; LANES] {
    let mut out = [0; LANES];
    for k in 0..LANES {
        let (left, right) = (u16::from(row[k]), u16::from(row[k + 1]));
        out[k] = left.wrapping_mul(8 - across).wrapping_add(right.wrapping_mul(across));
    }
    out
}

/// Nothing here leaves its type; `wrapping` spares the checks of the development profile, which cost half the time.
fn toned(level: u16, gain: u16, black: i16, noise: i16) -> u8 {
    ((level.wrapping_mul(gain) >> 8) as i16).wrapping_add(black).wrapping_add(noise).clamp(0, 255) as u8
}

/// The same for a run at the rim, pixel by pixel; beyond the page lies the lid.
fn slowly(out: &mut [u8], page: &GrayImage, noise: &[i16], ((px, py), (dx, dy)): ((f32, f32), (f32, f32)), levels: &Levels) {
    let (width, height) = page.dimensions();
    for (k, (pixel, noise)) in out.iter_mut().zip(noise).enumerate() {
        let (x, y) = (px + dx * k as f32, py + dy * k as f32);
        if x < 0.0 || y < 0.0 || x >= width as f32 || y >= height as f32 {
            continue;
        }
        let level = |x: u32, y: u32| u16::from(page.get_pixel(x.min(width - 1), y.min(height - 1)).0[0]);
        let (ix, iy) = (x as u32, y as u32);
        let (u, v) = ((x.fract() * 8.0) as u16, (y.fract() * 32.0) as u16);
        let mixed = |y: u32| level(ix, y) * (8 - u) + level(ix + 1, y) * u;
        *pixel = toned((mixed(iy) * (32 - v) + mixed(iy + 1) * v) >> 8, levels.gain, levels.black, *noise);
    }
}

#[cfg(test)]
mod tests {
    use super::{Map, Tone, warp};
    use image::{GrayImage, Luma};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    const PLAIN: Tone = Tone { paper: 255.0, black: 0.0, lid: 7, noise: 0.0 };

    /// A soft pattern: what a map does to it can be told exactly.
    fn page() -> GrayImage {
        GrayImage::from_fn(320, 240, |x, y| Luma([(128.0 + 60.0 * (x as f32 / 23.0).sin() + 60.0 * (y as f32 / 31.0).cos()) as u8]))
    }

    #[test]
    fn a_map_that_changes_nothing_gives_the_page_back() {
        let out = warp(&page(), Map([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]), &PLAIN, &mut ChaCha8Rng::seed_from_u64(1));
        assert!(page().pixels().zip(out.pixels()).all(|(a, b)| a.0[0].abs_diff(b.0[0]) <= 1));
    }

    #[test]
    fn every_pixel_comes_from_where_the_map_says() {
        let (sin, cos) = 3.0f32.to_radians().sin_cos();
        for map in [[cos * 1.006, sin, -11.3, -sin, cos * 0.994, 14.8], [cos, -sin, 6.2, sin, cos, -5.1]] {
            let [a, b, c, d, e, f] = map;
            let out = warp(&page(), Map(map), &PLAIN, &mut ChaCha8Rng::seed_from_u64(1));
            for (x, y, pixel) in out.enumerate_pixels() {
                let (px, py) = (a * x as f32 + b * y as f32 + c, d * x as f32 + e * y as f32 + f);
                if px >= 0.0 && py >= 0.0 && px < 319.0 && py < 239.0 {
                    let told = 128.0 + 60.0 * (px / 23.0).sin() + 60.0 * (py / 31.0).cos();
                    assert!((f32::from(pixel.0[0]) - told).abs() < 4.0, "{x} {y}: {} is not {told}", pixel.0[0]);
                } else if px < 0.0 || py < 0.0 || px >= 320.0 || py >= 240.0 {
                    assert_eq!(pixel.0[0], 7);
                }
            }
        }
    }

    #[test]
    fn noise_is_bounded_and_has_no_bias() {
        let white = GrayImage::from_pixel(300, 200, Luma([255]));
        let tone = Tone { paper: 230.0, black: 20.0, lid: 0, noise: 3.0 };
        let out = warp(&white, Map([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]), &tone, &mut ChaCha8Rng::seed_from_u64(5));
        let mean = out.pixels().map(|p| f64::from(p.0[0])).sum::<f64>() / out.len() as f64;
        assert!((228.0..=231.0).contains(&mean), "{mean}");
        assert!(out.pixels().all(|p| (222..=237).contains(&p.0[0])));
    }
}
