//! What of a cell's ink is its character's: connected strokes, without remainders of the frame, dust and scraps of the neighbours.

use super::window::Window;
use crate::params::Params;
use rcoi_template::Outline;
use std::ops::Range;

/// A stroke beside the cell that is at least so high (shares of the cell) may be a part of its character: `Ы` in a narrow cell.
const TALL: f32 = 0.3;
/// One that is so high is a line of a frame.
const FRAME: f32 = 0.9;
/// A character that comes so near to the upper side of its cell, or beyond it, may have its accent (`Й`) above the cell, and so near
/// above the character itself (shares of the cell); the first where the accent's own end is not seen.
const ACCENT: [f32; 2] = [0.12, 0.28];

/// Room to work in, kept from cell to cell.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// Ink that no stroke was found to hold yet.
    left: Vec<u8>,
    stack: Vec<usize>,
    pixels: Vec<usize>,
    /// Strokes that are none of the cell's own, with their pixels.
    foreign: Vec<(Stroke, Vec<usize>)>,
}

/// The ink in the window of a cell; none by default.
#[derive(Debug, Default)]
pub(super) struct Strokes {
    /// What is surely its character's; `None` without such.
    pub(super) kept: Option<Vec<f32>>,
    /// What may be a part of it.
    pub(super) maybe: Vec<usize>,
    /// What stands beside the cell, left and right.
    pub(super) beside: [Beside; 2],
    /// A stroke runs through the cell from side to side.
    pub(super) through: bool,
}

/// Strokes at one side of a cell.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// The cell's own character goes beyond its side.
    pub(super) own: bool,
    /// Pixels of tall strokes that are none of its own.
    pub(super) other: Vec<usize>,
    /// They may be what is left of the frame.
    pub(super) line: bool,
}

/// A connected stroke.
#[derive(Debug)]
struct Stroke {
    area: f32,
    x: (usize, usize),
    y: (usize, usize),
    /// Its centre of mass.
    middle: (f32, f32),
    /// How far it comes into the cell at most, and how many of its pixels lie well inside.
    deepest: f32,
    deep: f32,
}

/// Sorts the strokes of a window.
pub(super) fn strokes(window: &Window, outline: Outline, params: &Params, room: &mut Room) -> Strokes {
    let mut found = Strokes::default();
    // Columns and the upper end of the character.
    let (mut x, mut top) = ((window.w, 0), window.h);
    room.left.clone_from(&window.ink);
    room.foreign.clear();
    let mut from = 0;
    while let Some(seed) = memchr::memchr(1, &room.left[from..]).map(|at| from + at) {
        from = seed + 1;
        let stroke = follow(window, seed, room);
        if stroke.is_small(window, params) {
            continue;
        }
        if stroke.is_outside(window) || stroke.is_line(window, outline) {
            room.foreign.push((stroke, room.pixels.clone()));
            continue;
        }
        found.through |= stroke.x.0 == 0 && stroke.x.1 + 1 == window.w && stroke.high() < TALL * window.cell;
        found.beside[0].own |= (stroke.x.0 as f32) < window.left;
        found.beside[1].own |= stroke.x.1 as f32 + 1.0 > window.right;
        (x, top) = ((x.0.min(stroke.x.0), x.1.max(stroke.x.1)), top.min(stroke.y.0));
        keep(&room.pixels, window, params, found.kept.get_or_insert_with(|| vec![0.0; window.dark.len()]));
    }
    for (stroke, pixels) in room.foreign.drain(..) {
        let (middle, level) = (stroke.middle.0, (window.top..window.bottom).contains(&stroke.middle.1));
        let line = stroke.is_line(window, outline);
        let near = |from: f32, to: f32| from - to < ACCENT[usize::from(stroke.y.0 > 0)] * window.cell;
        let side = usize::from(middle - window.left > window.right - middle);
        let high = stroke.high() / window.cell;
        if level && (TALL..FRAME).contains(&high) {
            let beside = &mut found.beside[side];
            beside.line |= line;
            beside.other.extend(pixels);
        } else if stroke.middle.1 < window.top && stroke.x.0 > 0 && stroke.x.1 + 1 < window.w {
            let over = stroke.x.0 <= x.1 && x.0 <= stroke.x.1;
            if over && near(top as f32, window.top) && near(top as f32, stroke.y.1 as f32) {
                found.maybe.extend(pixels);
            }
        }
    }
    found
}

/// Collects the stroke that `seed` belongs to.
fn follow(window: &Window, seed: usize, room: &mut Room) -> Stroke {
    let (w, h) = (window.w, window.h);
    room.pixels.clear();
    room.stack.push(seed);
    room.left[seed] = 0;
    let mut stroke = Stroke { area: 0.0, x: (w, 0), y: (h, 0), middle: (0.0, 0.0), deepest: f32::MIN, deep: 0.0 };
    while let Some(at) = room.stack.pop() {
        room.pixels.push(at);
        let (x, y) = (at % w, at / w);
        let depth = window.inside(x, y);
        stroke.deepest = stroke.deepest.max(depth);
        stroke.deep += f32::from(u8::from(depth > window.cell * 0.06));
        stroke.x = (stroke.x.0.min(x), stroke.x.1.max(x));
        stroke.y = (stroke.y.0.min(y), stroke.y.1.max(y));
        stroke.middle = (stroke.middle.0 + x as f32 + 0.5, stroke.middle.1 + y as f32 + 0.5);
        let (columns, rows) = around(x, y, w, h);
        for ny in rows {
            for n in ny * w + columns.start..ny * w + columns.end {
                if room.left[n] == 1 {
                    room.left[n] = 0;
                    room.stack.push(n);
                }
            }
        }
    }
    stroke.area = room.pixels.len() as f32;
    stroke.middle = (stroke.middle.0 / stroke.area, stroke.middle.1 / stroke.area);
    stroke
}

impl Stroke {
    fn high(&self) -> f32 {
        (self.y.1 - self.y.0 + 1) as f32
    }

    /// Dust, or a dot of the frame: small and near its line.
    fn is_small(&self, window: &Window, params: &Params) -> bool {
        let cell = window.cell * window.cell;
        self.area < cell * params.dust_share * 0.5 || (self.area < cell * 0.006 && self.deepest < window.cell * 0.10)
    }

    /// A straight line on the frame; a stroke written close to the frame is none.
    fn is_line(&self, window: &Window, outline: Outline) -> bool {
        let cell = window.cell;
        let (wide, high) = ((self.x.1 - self.x.0 + 1) as f32, self.high());
        let straight = wide.min(high) < 0.14 * cell && wide.max(high) > 0.5 * cell;
        let within = window.within(self.middle.0, self.middle.1) / cell;
        straight && (-0.05..if outline == Outline::Square { 0.08 } else { 0.04 }).contains(&within)
    }

    /// A scrap of a neighbour's character: its middle lies outside, and it hardly comes in.
    fn is_outside(&self, window: &Window) -> bool {
        window.within(self.middle.0, self.middle.1) < 0.0 && self.deep < self.area * 0.4
    }
}

/// Keeps the pixels of a stroke with its soft rim: of the pixels beside it those that are no strokes themselves.
pub(super) fn keep(pixels: &[usize], window: &Window, params: &Params, kept: &mut [f32]) {
    let (w, h) = (window.w, window.h);
    let (Some(first), Some(last)) = (pixels.iter().min(), pixels.iter().max()) else { return };
    let (top, bottom) = ((first / w).saturating_sub(1), (last / w + 2).min(h));
    // The rows from `top` on, with one more above and below and a pixel more at both ends.
    let wide = w + 2;
    let mut own = vec![0_u8; (bottom - top + 2) * wide];
    for at in pixels {
        own[(at / w - top + 1) * wide + at % w + 1] = 1;
        kept[*at] = window.dark[*at];
    }
    let mut near = vec![0_u8; wide];
    for y in top..bottom {
        let (above, rest) = own[(y - top) * wide..].split_at(wide);
        for (near, ((a, b), c)) in near.iter_mut().zip(above.iter().zip(rest).zip(&rest[wide..])) {
            *near = a | b | c;
        }
        let line = y * w..(y + 1) * w;
        for ((kept, dark), near) in kept[line.clone()].iter_mut().zip(&window.dark[line]).zip(near.windows(3)) {
            let rim = (near[0] | near[1] | near[2] == 1) & (*dark < params.stroke_from);
            *kept = if rim { *dark } else { *kept };
        }
    }
}

/// The columns and rows of a pixel and its neighbours.
fn around(x: usize, y: usize, w: usize, h: usize) -> (Range<usize>, Range<usize>) {
    (x.saturating_sub(1)..(x + 2).min(w), y.saturating_sub(1)..(y + 2).min(h))
}
