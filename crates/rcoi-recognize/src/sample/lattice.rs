//! The quick way to cut a patch whose lines lie nearly level in the picture: many pixels of a line go at once.

use super::{Look, Patch};
use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch, i16x16, u8x16, u8x32, u16x16};
use image::GrayImage;
use rcoi_model::Point;

/// The places of a patch's pixels in the picture (pixel centres at whole numbers) as a lattice of two directions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lattice {
    /// Place of the left upper pixel.
    first: Point,
    /// From a pixel to its right and to its lower neighbour.
    right: Point,
    down: Point,
    size: (usize, usize),
}

/// Four corners make a parallelogram when the fourth is no further off, pixels of the picture.
const BENT: f32 = 0.3;
/// A line of a lattice may rise by so much per pixel: 3.4 degrees.
const STEEP: f32 = 0.06;
/// A strip has at most so many columns, which lie on at most so many pixels of the picture.
const COLUMNS: usize = 128;
const SPAN: usize = 256;
/// Pixels that go at once.
const LANES: usize = 16;

impl Lattice {
    /// From the corners of the patch; `None` when they do not make a parallelogram.
    pub(super) fn of([a, b, c, d]: &[Point; 4], size: (usize, usize)) -> Option<Self> {
        if (a.x + c.x - b.x - d.x).abs() + (a.y + c.y - b.y - d.y).abs() > BENT {
            return None;
        }
        let part = |from: &Point, to: &Point, n: usize| Point::new((to.x - from.x) / n as f32, (to.y - from.y) / n as f32);
        let (right, down) = (part(a, b, size.0), part(a, d, size.1));
        let first = Point::new(a.x + 0.5 * (right.x + down.x), a.y + 0.5 * (right.y + down.y));
        Some(Self { first, right, down, size })
    }

    /// Fills a patch whose lines lie nearly level: what lies along a line is first blended from the rows that it crosses, as many
    /// pixels as a register holds at a time, then its columns are picked. `false` when it is too steep or leaves the picture.
    pub(super) fn level(&self, gray: &GrayImage, look: Look, patch: &mut Patch) -> bool {
        let step = self.right.x.abs();
        let columns = (((SPAN - 2) as f32 / step.max(1e-3)) as usize).min(COLUMNS);
        let ends = [0.0, (self.size.0 - 1) as f32].map(|u| [0.0, (self.size.1 - 1) as f32].map(|v| self.place(u, v)));
        // Two pixels more than are weighed, and what is read to fill the last register.
        let (right, bottom) = (gray.width() as f32 - 2.0, gray.height() as f32 - 5.0);
        let inside = ends.iter().flatten().all(|p| p.x >= 1.0 && p.y >= 2.0 && p.x <= right && p.y <= bottom);
        if !inside || columns == 0 || self.right.y.abs() > STEEP * step || gray.width() < LANES as u32 {
            return false;
        }
        fetch(gray, &ends);
        patch.pixels.resize(self.size.0 * self.size.1 + LANES, 255);
        let level = Level::new();
        dispatch!(level, simd => self.fill(simd, gray, look, columns, &mut patch.pixels));
        patch.pixels.truncate(self.size.0 * self.size.1);
        true
    }

    /// Strip by strip of at most `columns`.
    #[inline(always)]
    fn fill<S: Simd>(&self, simd: S, gray: &GrayImage, look: Look, columns: usize, pixels: &mut [u8]) {
        let fixed = |p: Point| ((p.x * 65536.0) as i64, (p.y * 65536.0) as i64);
        let ((width, height), down) = (self.size, fixed(self.down));
        let mut between = [[[0; LANES]; SPAN / LANES + 2]; LINES];
        for left in (0..width).step_by(columns) {
            let here = columns.min(width - left);
            let strip = Strip::new(self.right, here, look);
            let (mut x, mut y) = fixed(self.place(if self.right.x < 0.0 { left + here - 1 } else { left } as f32, 0.0));
            for top in (0..height).step_by(LINES) {
                let mut lines = [Line::default(); LINES];
                let lines = &mut lines[..LINES.min(height - top)];
                for line in lines.iter_mut() {
                    *line = strip.line(gray.width() as usize, (x, y));
                    (x, y) = (x + down.0, y + down.1);
                }
                strip.blend(gray, lines, &mut between);
                // Of a single strip a last register may reach into the next line, which is yet to come.
                strip.pick(
                    simd,
                    lines,
                    &between,
                    &mut pixels[top * width + left..],
                    (width, if here == width { usize::MAX } else { here }),
                );
            }
        }
    }

    fn place(&self, u: f32, v: f32) -> Point {
        Point::new(self.first.x + u * self.right.x + v * self.down.x, self.first.y + u * self.right.y + v * self.down.y)
    }
}

/// Bytes that memory hands over at a time.
const LINE: usize = 64;

/// Reads a byte of everything that a patch will look at. Its rows lie far apart, so nothing foresees them: waiting for one after
/// the other took more than half of the time of a cut, asked for together they arrive together.
fn fetch(gray: &GrayImage, ends: &[[Point; 2]; 2]) {
    let all = || ends.iter().flatten();
    let bound = |get: fn(&Point) -> f32, pick: fn(f32, f32) -> f32, from| all().map(get).fold(from, pick) as usize;
    let (left, right) = (bound(|p| p.x, f32::min, f32::INFINITY), bound(|p| p.x, f32::max, 0.0));
    let (top, bottom) = (bound(|p| p.y, f32::min, f32::INFINITY), bound(|p| p.y, f32::max, 0.0) + 2);
    let (raw, stride, wide) = (gray.as_raw().as_slice(), gray.width() as usize, right - left + LINE);
    let mut all = 0;
    for from in (top..bottom).map(|y| y * stride + left) {
        let row = raw.get(from..from + wide).unwrap_or_default();
        for byte in row.iter().step_by(LINE) {
            all ^= byte;
        }
    }
    std::hint::black_box(all);
}

/// Lines of a strip that go together, so that what is the same of all of them stays in registers.
const LINES: usize = 7;

/// A line of a strip. Places in 128ths of a pixel.
#[derive(Debug, Clone, Copy, Default)]
struct Line {
    /// The pixel where it begins, in a row that is not below any of it.
    start: usize,
    /// How far below that row it begins, and how far the leftmost column lies beyond that pixel.
    below: i16,
    ahead: u16,
}

/// Lines as they lie in the picture; more than any column may tell.
type Between = [[[u8; LANES]; SPAN / LANES + 2]; LINES];

/// Some columns of a lattice. Places in 128ths of a pixel.
struct Strip {
    /// How far the columns lie from the leftmost one.
    columns: [[u16; LANES]; COLUMNS / LANES],
    /// How much lower a line lies at each pixel of the picture than at the first.
    rise: [[i16; LANES]; SPAN / LANES + 1],
    /// The same for one pixel, 65536ths, and rows by which a line rises at most.
    slope: i64,
    up: i64,
    /// Registers full of columns, and of pixels of the picture that they lie on, their right neighbours included.
    groups: usize,
    spanned: usize,
    /// Bits of a weight that count, and those that are set: by nearness, or half and half.
    weight: (i16, i16),
    /// Of each half of a register of columns the byte pair of the leftmost one, when the others lie so near that a half of a register
    /// holds them and their neighbours.
    leftmost: Option<[u8; 2 * LANES]>,
}

/// Columns of half a register lie on at most fifteen pixels when they are no farther apart, 65536ths.
const NARROW: i64 = 2 << 16;

impl Strip {
    #[inline(always)]
    fn new(right: Point, width: usize, look: Look) -> Self {
        let (step, slope) = ((right.x.abs() * 65536.0) as i64, (right.y / right.x * 65536.0) as i64);
        let groups = width.div_ceil(LANES);
        let mut columns = [[0; LANES]; COLUMNS / LANES];
        for (k, column) in columns[..groups].as_flattened_mut().iter_mut().enumerate() {
            // What fills the last register lies where its last column does.
            let k = k.min(width - 1);
            let k = if right.x < 0.0 { width - 1 - k } else { k };
            *column = ((k as i64 * step) >> 9) as u16;
        }
        let spanned = (((127 + ((width - 1) as i64 * step) / 512) >> 7) + 1) as usize / LANES + 1;
        let mut rise = [[0; LANES]; SPAN / LANES + 1];
        for (j, rise) in rise[..spanned].as_flattened_mut().iter_mut().enumerate() {
            *rise = ((j as i32 * slope as i32) >> 9) as i16;
        }
        let weight = if look == Look::Near { (!0, 0) } else { (!127, 64) };
        let first = if right.x < 0.0 { LANES as u8 - 2 } else { 0 };
        let leftmost = (step <= NARROW).then(|| std::array::from_fn(|k| first + (k as u8 & 1)));
        let up = 1 + ((-slope * SPAN as i64) >> 16).max(0);
        Self { columns, rise, slope, up, groups, spanned, weight, leftmost }
    }

    /// (`x`, `y`) = place of the leftmost column, 65536ths of a pixel.
    #[inline(always)]
    fn line(&self, stride: usize, (x, y): (i64, i64)) -> Line {
        let (from, ahead) = ((x >> 16) as usize, ((x >> 9) & 127) as u16);
        // Height of the line over the first pixel, from a row that is not below any of it.
        let y = y - (((x & 65535) * self.slope) >> 16);
        let top = ((y >> 16) - self.up).max(0);
        Line { start: top as usize * stride + from, below: ((y - (top << 16)) >> 9) as i16, ahead }
    }

    /// What lies along lines.
    #[inline(always)]
    fn blend(&self, gray: &GrayImage, lines: &[Line], between: &mut Between) {
        let (raw, stride, (keep, set)) = (gray.as_raw().as_slice(), gray.width() as usize, self.weight);
        for (index, rise) in self.rise[..self.spanned].iter().enumerate() {
            let least = rise[0].min(rise[LANES - 1]);
            for (line, between) in lines.iter().zip(&mut *between) {
                // A line crosses from one row to the next at most once within so few pixels.
                let row = (line.below + least) >> 7;
                let Some([a, b, c]) = rows(raw, line.start + row as usize * stride + index * LANES, stride) else { continue };
                let below = line.below - (row << 7);
                let mut out = [0; LANES];
                for k in 0..LANES {
                    let w = ((below + rise[k]) & keep) | set;
                    let (above, here, below) = (i16::from(a[k]), i16::from(b[k]), i16::from(c[k]));
                    let upper = (w - 128) >> 15;
                    let other = (above & upper) | (below & !upper);
                    out[k] = (here + (((other - here) * (128 - w).abs() + 64) >> 7)) as u8;
                }
                between[index] = out;
            }
        }
    }

    /// Picks the columns out of what lies along lines. `size` = width of the patch, and how many columns of it may be written.
    #[inline(always)]
    fn pick<S: Simd>(&self, simd: S, lines: &[Line], between: &Between, out: &mut [u8], (width, room): (usize, usize)) {
        // From the last to the first: what reaches into the next line is written over.
        for (index, columns) in self.columns[..self.groups].iter().enumerate().rev() {
            let count = LANES.min(room - index * LANES);
            let columns = u16x16::from_slice(simd, columns);
            for (k, (line, between)) in lines.iter().zip(between).enumerate() {
                let picked = self.register(simd, columns + line.ahead, between);
                let out = &mut out[k * width + index * LANES..];
                match out.first_chunk_mut() {
                    Some(whole) if count == LANES => *whole = picked,
                    _ => out.iter_mut().zip(picked).take(count).for_each(|(out, value)| *out = value),
                }
            }
        }
    }

    /// The pixels at some columns of a line.
    #[inline(always)]
    fn register<S: Simd>(&self, simd: S, at: u16x16<S>, between: &[[u8; LANES]; SPAN / LANES + 2]) -> [u8; LANES] {
        let between: &[u8; SPAN + LANES] = between.as_flattened().first_chunk().unwrap_or(&[255; SPAN + LANES]);
        let (keep, set) = self.weight;
        let column = at >> 7;
        let pairs: i16x16<S> = match &self.leftmost {
            Some(leftmost) => {
                let leftmost = column.bitcast::<u8x32<S>>().swizzle_dyn_within_blocks(u8x32::from_slice(simd, leftmost));
                let leftmost: u16x16<S> = leftmost.bitcast();
                let half = |at: usize| -> u8x16<S> { u8x16::from_slice(simd, &between[usize::from(leftmost[at] & 255)..][..LANES]) };
                let beyond = column - leftmost;
                let places = (beyond | (beyond << 8)) + 0x100;
                half(0).combine(half(LANES / 2)).swizzle_dyn_within_blocks(places.bitcast::<u8x32<S>>()).bitcast()
            }
            None => {
                let mut pairs = [0; LANES];
                for (k, pair) in pairs.iter_mut().enumerate() {
                    let column = usize::from(column[k] & 255);
                    *pair = i16::from_le_bytes([between[column], between[column + 1]]);
                }
                i16x16::from_slice(simd, &pairs)
            }
        };
        let weight: i16x16<S> = ((at & 127 & keep as u16) | set as u16).bitcast();
        let (left, right): (_, i16x16<S>) = (pairs & 255, (pairs.bitcast::<u16x16<S>>() >> 8).bitcast());
        let mixed = left + (((right - left) * weight + 64) >> 7);
        std::array::from_fn(|k| mixed[k] as u8)
    }
}

/// The pixels from `at` on, and those below them in the next two rows.
#[inline(always)]
fn rows(raw: &[u8], at: usize, stride: usize) -> Option<[&[u8; LANES]; 3]> {
    let (a, rest) = raw.get(at..at + 2 * stride + LANES)?.split_at_checked(stride)?;
    let (b, c) = rest.split_at_checked(stride)?;
    Some([a.first_chunk()?, b.first_chunk()?, c.first_chunk()?])
}
