//! The quick way to cut a patch whose lines lie nearly level in the picture: many pixels of a line go at once.

use super::{Look, Patch};
use crate::wide;
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
        let fixed = |v: f32| (v * 65536.0) as i64;
        wide::run(
            #[inline(always)]
            || {
                for left in (0..self.size.0).step_by(columns) {
                    let width = columns.min(self.size.0 - left);
                    let mut strip = Strip::new(self.right, width, look);
                    let start = self.place(if self.right.x < 0.0 { left + width - 1 } else { left } as f32, 0.0);
                    let (mut x, mut y) = (fixed(start.x), fixed(start.y));
                    // Of a single strip a last register may reach into the next line, which is yet to come.
                    let room = if width == self.size.0 { width.next_multiple_of(LANES) } else { width };
                    for line in 0..self.size.1 {
                        let from = line * self.size.0 + left;
                        strip.line(gray, (x, y), &mut patch.pixels[from..from + room]);
                        (x, y) = (x + fixed(self.down.x), y + fixed(self.down.y));
                    }
                }
            },
        );
        patch.pixels.truncate(self.size.0 * self.size.1);
        true
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
    let mut all = 0;
    for row in gray.as_raw().chunks_exact(gray.width() as usize).take(bottom).skip(top) {
        for byte in row.iter().take(right + LINE).skip(left).step_by(LINE) {
            all ^= byte;
        }
    }
    std::hint::black_box(all);
}

/// Some columns of a lattice. Places in 128ths of a pixel.
struct Strip {
    /// How far the columns lie from the leftmost one.
    columns: [[u16; LANES]; COLUMNS / LANES],
    /// How much lower the line lies at each pixel of the picture than at the first.
    rise: [[i16; LANES]; SPAN / LANES + 1],
    /// The same for one pixel, 65536ths, and rows by which a line rises at most.
    slope: i64,
    up: i64,
    /// From the leftmost column to the rightmost.
    wide: usize,
    /// Bits of a weight that count, and those that are set: by nearness, or half and half.
    weight: (u16, u16),
    /// A line as it lies in the picture. Longer than any column may tell.
    between: [[u8; LANES]; 512 / LANES + 1],
}

impl Strip {
    #[inline(always)]
    fn new(right: Point, width: usize, look: Look) -> Self {
        let (step, slope) = ((right.x.abs() * 65536.0) as i64, (right.y / right.x * 65536.0) as i64);
        let mut columns = [[0; LANES]; COLUMNS / LANES];
        for (k, column) in columns.as_flattened_mut()[..width].iter_mut().enumerate() {
            let k = if right.x < 0.0 { width - 1 - k } else { k };
            *column = ((k as i64 * step) >> 9) as u16;
        }
        let reached = ((width as i64 * step) >> 16) as usize + 2;
        let mut rise = [[0; LANES]; SPAN / LANES + 1];
        for (j, rise) in rise.as_flattened_mut().iter_mut().take(reached + LANES).enumerate() {
            *rise = ((j as i32 * slope as i32) >> 9) as i16;
        }
        let weight = if look == Look::Near { (!0, 0) } else { (!127, 64) };
        let wide = (((width - 1) as i64 * step) >> 9) as usize;
        let up = 1 + ((-slope * SPAN as i64) >> 16).max(0);
        Self { columns, rise, slope, up, wide, weight, between: [[0; LANES]; 512 / LANES + 1] }
    }

    /// (`x`, `y`) = place of the leftmost column, 65536ths of a pixel.
    #[inline(always)]
    fn line(&mut self, gray: &GrayImage, (x, y): (i64, i64), out: &mut [u8]) {
        let (from, ahead) = ((x >> 16) as usize, ((x >> 9) & 127) as u16);
        let (keep, set) = self.weight;
        let stride = gray.width() as usize;
        // Height of the line over the first pixel, from a row that is not below any of it.
        let y = y - (((x & 65535) * self.slope) >> 16);
        let top = ((y >> 16) - self.up).max(0);
        let y = ((y - (top << 16)) >> 9) as i16;
        let start = top as usize * stride + from;
        // The right neighbour of the last column.
        let last = ((usize::from(ahead) + self.wide) >> 7) + 1;
        for index in 0..=last / LANES {
            let (between, rise) = (&mut self.between[index], &self.rise[index]);
            // The line crosses from one row to the next at most once within so few pixels.
            let first = (y + rise[0].min(rise[LANES - 1])) & !127;
            let at = start + (first >> 7) as usize * stride + index * LANES;
            let row = |row: usize| -> &[u8; LANES] { gray.as_raw()[at + row * stride..].first_chunk().unwrap_or(&[255; LANES]) };
            let (a, b, c) = (row(0), row(1), row(2));
            for k in 0..LANES {
                let w = ((y + rise[k] - first) as u16 & keep) | set;
                let (upper, lower) = (128_u16.saturating_sub(w), w.saturating_sub(128));
                let middle = 128 - upper - lower;
                between[k] = ((u16::from(a[k]) * upper + u16::from(b[k]) * middle + u16::from(c[k]) * lower + 64) >> 7) as u8;
            }
        }
        let between: &[u8; 512 + LANES] = self.between.as_flattened().first_chunk().unwrap_or(&[255; 512 + LANES]);
        for (out, columns) in out.chunks_mut(LANES).zip(&self.columns) {
            let mut at = [0_u16; LANES];
            for k in 0..LANES {
                at[k] = columns[k] + ahead;
            }
            let mut pairs = [0_u16; LANES];
            for k in 0..LANES {
                let column = usize::from(at[k] >> 7);
                pairs[k] = u16::from_le_bytes([between[column], between[column + 1]]);
            }
            let mut line = [0_u8; LANES];
            for k in 0..LANES {
                let right = (at[k] & 127 & keep) | set;
                line[k] = (((pairs[k] & 255) * (128 - right) + (pairs[k] >> 8) * right + 64) >> 7) as u8;
            }
            match out.first_chunk_mut() {
                Some(whole) => *whole = line,
                None => out.copy_from_slice(&line[..out.len()]),
            }
        }
    }
}
