//! How much ink of a box its print does not explain: whole numbers in whole registers, a row of samples at a time.

use super::BoxInk;
use super::print::Print;
use super::tones::{AREA, Frame, SIDE, Tones, widened};
use crate::wide;

/// Darkness below which a pixel is paper grain, and from which it is ink in full: pale pencil reaches a third of print.
const GRAIN: f32 = 0.08;
const FULL: f32 = 0.36;

/// What print leaves of a pixel must be more than this to show new ink, and of a box so much must be free to show marks.
const HIDDEN: f32 = 0.1;
const LEAST_FREE: f32 = 0.2;
/// Picture pixels per sample below which the picture is coarser than the samples.
const COARSE: f32 = 0.5;

/// Darkness from which a sample of a print is a line.
const CLEAR: u8 = 80;

/// A print may lie so many samples off, and what is read of it or of its lines is as far from its rim.
pub(super) const RIM: i32 = 3;
const NEAR_RIM: usize = RIM as usize + 1;
/// A row of samples and what follows it, as whole registers hold it.
const LANES: usize = 32;
type Lanes = [u16; LANES];
/// A print with a rim of its outermost samples: rows of so many, and what is read beyond the last.
const ACROSS: usize = SIDE + 2 * RIM as usize;
const RIMMED: usize = ACROSS * ACROSS + LANES;
pub(super) type Rimmed = [u8; RIMMED];

/// `tones` with a rim.
pub(super) fn rimmed(tones: &Tones) -> Rimmed {
    let inner = |at: usize| at.saturating_sub(RIM as usize).min(SIDE - 1);
    std::array::from_fn(|at| tones[inner(at / ACROSS) * SIDE + inner(at % ACROSS)])
}

/// Ink that print does not explain, as a share of what print leaves free. `shift` = where the print lies, samples.
pub(super) fn measure(frame: &Frame, tones: &Tones, print: Option<&Print>, shift: (i32, i32), step: f32, ink: &mut BoxInk) {
    // Where the picture has fewer pixels than samples, a line is spread over its neighbours.
    let spread;
    let explained = match print {
        None => &[0; RIMMED],
        Some(print) if print.sharp && step < COARSE => {
            spread = rimmed(&widened(&print.explained));
            &spread
        }
        Some(print) => &print.rimmed,
    };
    let shift = (shift.0.clamp(-RIM, RIM), shift.1.clamp(-RIM, RIM));
    let [x0, x1, y0, y1] = frame.inside;
    let [wx0, wx1, wy0, wy1] = frame.whole;
    // Column by column: inside the box, and above, beside and below it.
    let mut inside = Columns::default();
    let mut around = [Margin::default(); 3];
    wide::run(
        #[inline(always)]
        || {
            // At the rim begins what is printed further off.
            for y in 1..SIDE - 1 {
                let print = (y as i32 - shift.1 + RIM) as usize * ACROSS + (RIM - shift.0) as usize;
                let (Some(tones), Some(print)) = (tones[y * SIDE..].first_chunk(), explained[print..].first_chunk()) else { continue };
                let row = Row::of(tones, print);
                if (y0..y1).contains(&y) {
                    inside.add(&row);
                }
                around[usize::from(y >= wy0) + usize::from(y >= wy1)].add(&row);
            }
        },
    );
    let sum = |columns: &Lanes| columns[x0..x1].iter().map(|v| f32::from(*v)).sum::<f32>();
    let (new, free) = (sum(&inside.all.new), sum(&inside.all.left));
    let free = f32::max(free, 255.0 * LEAST_FREE * ((x1 - x0) * (y1 - y0)) as f32);
    ink.cover = new / free;
    ink.extent = sum(&inside.extent) / free;
    ink.tone = if new > 0.0 { sum(&inside.dark) / new * (256.0 / 255.0) } else { 0.0 };
    ink.missing = print.filter(|p| p.sharp).map_or(0.0, |print| missing(tones, print, shift));
    ink.black = frame.darkness(tones);
    // Corners belong to no side: there ink of diagonal neighbours ends.
    let across = wx0.max(1)..wx1.min(SIDE - 1);
    let [above, level, below] = &around;
    let sides = [(level, 1..wx0), (level, wx1..SIDE - 1), (above, across.clone()), (below, across)];
    ink.beside = sides.map(|(margin, columns)| {
        let sum = |all: &Lanes| all.get(columns.clone()).map_or(0.0, |part| part.iter().map(|v| f32::from(*v)).sum::<f32>());
        sum(&margin.new) / sum(&margin.left).max(255.0)
    });
}

/// Sums over rows, column by column: of new ink, and of what print leaves free.
#[derive(Debug, Default, Clone, Copy)]
struct Margin {
    new: Lanes,
    left: Lanes,
}

impl Margin {
    #[inline(always)]
    fn add(&mut self, row: &Row) {
        for x in 0..LANES {
            self.new[x] += row.new[x];
            self.left[x] += row.left[x];
        }
    }
}

/// The same inside the box, and there too of what is free where there is any ink, and of new ink by its tone (256ths).
#[derive(Debug, Default)]
struct Columns {
    all: Margin,
    extent: Lanes,
    dark: Lanes,
}

impl Columns {
    #[inline(always)]
    fn add(&mut self, row: &Row) {
        self.all.add(row);
        for x in 0..LANES {
            self.extent[x] += row.extent[x];
            self.dark[x] += (row.new[x] * row.tone[x] + 128) >> 8;
        }
    }
}

/// A row of samples beside the print that explains it; 255ths, in whole numbers: as many go at once as a register holds.
struct Row {
    tone: Lanes,
    /// What the print has left bright.
    left: Lanes,
    /// New ink as a part of that: grain does not count, pale ink in full.
    new: Lanes,
    /// What the print has left bright where ink is more than grain.
    extent: Lanes,
}

/// [`HIDDEN`], [`GRAIN`] in 1024ths, and in 128ths what ink beyond grain counts.
const HIDES: u16 = (HIDDEN * 255.0) as u16;
const GRAINS: u16 = (GRAIN * 1024.0 + 0.5) as u16;
const COUNTS: u16 = (128.0 / (FULL - GRAIN) + 0.5) as u16;
/// So much beyond grain is ink in full; a 16-bit product holds it.
const ENOUGH: u16 = 256 * 128 / COUNTS + 1;

impl Row {
    #[inline(always)]
    fn of(tones: &[u8; LANES], explained: &[u8; LANES]) -> Self {
        let mut row = Self { tone: [0; LANES], left: [0; LANES], new: [0; LANES], extent: [0; LANES] };
        for x in 0..LANES {
            let (tone, known) = (u16::from(tones[x]), u16::from(explained[x]));
            let left = 255 - known;
            // Ink on print darkens what the print has left bright: by how much more than its grain.
            let grain = (left * GRAINS + 512) >> 10;
            let over = if left > HIDES { tone.saturating_sub(known + grain) } else { 0 };
            (row.tone[x], row.left[x]) = (tone, left);
            row.new[x] = ((over.min(ENOUGH) * COUNTS + 64) >> 7).min(left);
            row.extent[x] = if over > 0 { left } else { 0 };
        }
        row
    }
}

/// The lines of a print, without what is printed near its rim.
pub(super) fn lines(print: &Tones) -> Tones {
    let within = NEAR_RIM..SIDE - NEAR_RIM;
    std::array::from_fn(|at| {
        let line = print[at] >= CLEAR && within.contains(&(at % SIDE)) && within.contains(&(at / SIDE));
        if line { print[at] } else { 0 }
    })
}

/// Share of the lines of a print that a scan does not show at all, not even beside them. Ink on a line hides nothing.
fn missing(tones: &Tones, print: &Print, shift: (i32, i32)) -> f32 {
    if print.lined == 0 {
        return 0.0;
    }
    // The darkest of a sample and its four neighbours, and the lines moved to where they lie on the scan.
    let (first, last) = (SIDE + 1, AREA - SIDE - 1);
    let mut darkest = [0; AREA];
    let by = shift.1.clamp(-RIM, RIM) * SIDE as i32 + shift.0.clamp(-RIM, RIM);
    let reach = NEAR_RIM * SIDE..(SIDE - NEAR_RIM) * SIDE;
    let mut lost = 0;
    wide::run(
        #[inline(always)]
        || {
            let from = |at: usize| &tones[at..at + last - first];
            let [here, left, right, above, below] = [first, first - 1, first + 1, first - SIDE, first + SIDE].map(from);
            for (k, darkest) in darkest[first..last].iter_mut().enumerate() {
                *darkest = here[k].max(left[k]).max(right[k]).max(above[k]).max(below[k]);
            }
            let seen = &darkest[(reach.start as i32 + by) as usize..][..reach.len()];
            // Row by row, whose counts a byte holds.
            for (lines, seen) in print.lines[reach.clone()].chunks(SIDE).zip(seen.chunks(SIDE)) {
                lost += u32::from(lines.iter().zip(seen).map(|(line, seen)| u8::from(*seen < line / 4)).sum::<u8>());
            }
        },
    );
    lost as f32 / print.lined as f32
}
