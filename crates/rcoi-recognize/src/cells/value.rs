//! Character cells: cut, cleared of their frame, judged empty or not, normalised for the classifier, joined to a value.

use crate::glyph::{Glyph, GlyphClassifier, INK_SIDE, SIDE};
use crate::levels::Levels;
use crate::params::Params;
use crate::sample::{Patch, cut, darkness, darkness_on, percentile};
use rcoi_model::{CharReading, Confidence, Doubt, Homography, Rect};
use rcoi_template::{CellsField, Outline};

/// Margin that is cut round a cell, share of its height: strokes that leave the cell a little are kept.
const MARGIN: f32 = 0.12;

/// What a cell holds before its character is named.
#[derive(Debug, Clone)]
pub(crate) enum CellInk {
    Empty,
    /// Outside the picture.
    Outside,
    Glyph(Box<Glyph>),
}

/// Cuts every cell of a field.
pub(crate) fn cut_cells(page: &Levels<'_>, map: &Homography, field: &CellsField, black: u8, params: &Params) -> Vec<CellInk> {
    field.cells.iter().map(|cell| cut_cell(page, map, cell, field, black, params)).collect()
}

fn cut_cell(page: &Levels<'_>, map: &Homography, cell: &Rect, field: &CellsField, black: u8, params: &Params) -> CellInk {
    let area = cell.grown(cell.h * MARGIN);
    let tall = params.cell_pixels as f32 * (1.0 + 2.0 * MARGIN);
    let unit = params.cell_pixels as f32 / cell.h;
    let patch = cut(page, map, &area, (area.w * unit).round() as usize, tall.round() as usize);
    if patch.outside > 0.3 {
        return CellInk::Outside;
    }
    let dark = if field.shade > 0.0 { darkness_on(&patch, shade_level(&patch, params), black) } else { darkness(&patch, black) };
    let kept = strokes(&patch, &dark, field.outline, params);
    match glyph(&patch, &kept, params) {
        Some(glyph) => CellInk::Glyph(Box::new(glyph)),
        None => CellInk::Empty,
    }
}

/// Brightness of the fill behind a shaded cell: the middle one of its inside, for print covers less than half of it.
fn shade_level(patch: &Patch, params: &Params) -> u8 {
    let margin = (params.cell_pixels as f32 * MARGIN * 1.5) as usize;
    let inside: Vec<u8> = (margin..patch.height.saturating_sub(margin))
        .flat_map(|y| patch.row(y).get(margin..patch.width.saturating_sub(margin)).unwrap_or_default())
        .copied()
        .collect();
    percentile(&inside, 0.6)
}

/// Darkness with everything removed that is not a stroke of this cell: the frame, dust, scraps of the neighbours.
fn strokes(patch: &Patch, dark: &[f32], outline: Outline, params: &Params) -> Vec<f32> {
    let (w, h) = (patch.width, patch.height);
    let cell = params.cell_pixels as f32;
    let margin = cell * MARGIN;
    let (left, top, right, bottom) = (margin, margin, w as f32 - margin, h as f32 - margin);
    // Distance of a pixel from the nearest frame line, negative outside the cell.
    let inside = |x: usize, y: usize| {
        let (fx, fy) = (x as f32 + 0.5, y as f32 + 0.5);
        (fx - left).min(right - fx).min(fy - top).min(bottom - fy)
    };
    let mut work = dark.to_vec();
    if matches!(outline, Outline::Square) {
        // A solid frame is wiped where no stroke crosses it; its width is about a 40th of the cell.
        let band = cell * 0.045;
        for y in 0..h {
            for x in 0..w {
                if inside(x, y).abs() < band {
                    work[y * w + x] = 0.0;
                }
            }
        }
    }
    let mut label = vec![0_u32; w * h];
    let mut kept = vec![0.0; w * h];
    let mut stack = Vec::new();
    let mut pixels = Vec::new();
    let mut next = 0;
    for seed in 0..w * h {
        if work[seed] < params.stroke_from || label[seed] != 0 {
            continue;
        }
        next += 1;
        pixels.clear();
        stack.push(seed);
        label[seed] = next;
        let (mut deepest, mut deep, mut x0, mut x1, mut y0, mut y1) = (f32::MIN, 0_usize, w, 0, h, 0);
        while let Some(at) = stack.pop() {
            pixels.push(at);
            let (x, y) = (at % w, at / w);
            let depth = inside(x, y);
            deepest = deepest.max(depth);
            deep += usize::from(depth > cell * 0.06);
            (x0, x1, y0, y1) = (x0.min(x), x1.max(x), y0.min(y), y1.max(y));
            for (nx, ny) in neighbours(x, y, w, h) {
                let n = ny * w + nx;
                if label[n] == 0 && work[n] >= params.stroke_from {
                    label[n] = next;
                    stack.push(n);
                }
            }
        }
        let area = pixels.len() as f32;
        // Dots of the frame: small and near the frame line. Scraps of neighbours: their middle lies outside, or they hardly come in.
        let (mx, my) = pixels.iter().fold((0.0, 0.0), |(sx, sy), at| (sx + (at % w) as f32, sy + (at / w) as f32));
        let middle = ((mx / area + 0.5) - left).min(right - (mx / area + 0.5)).min((my / area + 0.5) - top).min(bottom - (my / area + 0.5));
        let small = area < cell * cell * 0.006;
        let near_frame = deepest < cell * 0.10;
        let (wide, high) = ((x1 - x0 + 1) as f32, (y1 - y0 + 1) as f32);
        let straight = wide.min(high) < 0.14 * cell && wide.max(high) > 0.5 * cell;
        // A remainder of the frame itself is a straight line on it; a stroke written beside the frame stays.
        let along_frame = straight && middle < cell * if outline == Outline::Square { 0.08 } else { 0.04 };
        let outside = middle < 0.0 && (deep as f32) < area * 0.4;
        if (small && near_frame) || along_frame || outside || area < cell * cell * params.dust_share * 0.5 {
            continue;
        }
        for at in &pixels {
            kept[*at] = dark[*at];
            // The soft rim belongs to the stroke.
            for (nx, ny) in neighbours(at % w, at / w, w, h) {
                let n = ny * w + nx;
                if dark[n] < params.stroke_from {
                    kept[n] = dark[n];
                }
            }
        }
    }
    kept
}

fn neighbours(x: usize, y: usize, w: usize, h: usize) -> impl Iterator<Item = (usize, usize)> {
    let (x0, x1, y0, y1) = (x.saturating_sub(1), (x + 1).min(w - 1), y.saturating_sub(1), (y + 1).min(h - 1));
    (y0..=y1).flat_map(move |ny| (x0..=x1).map(move |nx| (nx, ny))).filter(move |n| *n != (x, y))
}

/// The ink normalised as the classifier was trained; `None` when there is too little of it.
fn glyph(patch: &Patch, ink: &[f32], params: &Params) -> Option<Glyph> {
    let (w, h) = (patch.width, patch.height);
    let cell = params.cell_pixels as f32;
    let (mut x0, mut x1, mut y0, mut y1, mut count) = (w, 0, h, 0, 0);
    for y in 0..h {
        for x in 0..w {
            if ink[y * w + x] >= params.stroke_from {
                (x0, x1, y0, y1) = (x0.min(x), x1.max(x + 1), y0.min(y), y1.max(y + 1));
                count += 1;
            }
        }
    }
    if (count as f32) < cell * cell * params.dust_share {
        return None;
    }
    let (bw, bh) = ((x1 - x0) as f32, (y1 - y0) as f32);
    let cap = params.cap_share * cell;
    let longest = bw.max(bh);
    let scale = if longest < params.small_share * cap { INK_SIDE / cap } else { INK_SIDE / longest };
    // Centre of mass of the box.
    let (mut sum, mut mx, mut my) = (0.0, 0.0, 0.0);
    for y in y0..y1 {
        for x in x0..x1 {
            let v = ink[y * w + x];
            sum += v;
            mx += v * (x as f32 + 0.5);
            my += v * (y as f32 + 0.5);
        }
    }
    let (mx, my) = (mx / sum, my / sum);
    let mut pixels = [0.0; SIDE * SIDE];
    let half = 0.5 / scale;
    for gy in 0..SIDE {
        for gx in 0..SIDE {
            // The square of the patch that this pixel covers, area-averaged.
            let cx = mx + (gx as f32 + 0.5 - SIDE as f32 / 2.0) / scale;
            let cy = my + (gy as f32 + 0.5 - SIDE as f32 / 2.0) / scale;
            pixels[gy * SIDE + gx] = average(ink, (w, h), (cx - half, cx + half, cy - half, cy + half));
        }
    }
    Some(Glyph { pixels, rel_height: bh / cell, rel_width: bw / cell, centre_y: ((y0 + y1) as f32 / 2.0 - cell * MARGIN) / cell })
}

/// Mean over a rectangle of pixel coordinates with partial pixels at its rim; narrower than a pixel: interpolated.
fn average(ink: &[f32], (w, h): (usize, usize), (x0, x1, y0, y1): (f32, f32, f32, f32)) -> f32 {
    // A pixel of the patch spreads over at least its own size: keeps enlarged glyphs smooth.
    let widen = |a: f32, b: f32| if b - a < 1.0 { ((a + b) / 2.0 - 0.5, (a + b) / 2.0 + 0.5) } else { (a, b) };
    let ((x0, x1), (y0, y1)) = (widen(x0, x1), widen(y0, y1));
    let (mut sum, mut area) = (0.0, 0.0);
    for y in y0.floor() as i32..y1.ceil() as i32 {
        let high = (y1.min(y as f32 + 1.0) - y0.max(y as f32)).max(0.0);
        for x in x0.floor() as i32..x1.ceil() as i32 {
            let wide = (x1.min(x as f32 + 1.0) - x0.max(x as f32)).max(0.0);
            area += wide * high;
            if x >= 0 && y >= 0 && (x as usize) < w && (y as usize) < h {
                sum += wide * high * ink[y as usize * w + x as usize];
            }
        }
    }
    if area > 0.0 { sum / area } else { 0.0 }
}

/// Chance beforehand that a value mixes digits and letters: answers are numbers or words.
const MIXED: f32 = 0.01;

/// A value is a number or a word: the characters of a field that can only be one kind decide about the others
/// (`О` beside `8` is a zero). Bayes over the two kinds and the rare mixture, every row re-weighted; rows keep their sum.
pub(crate) fn one_kind(rows: &mut [Vec<f32>], classes: &[char]) {
    let kind = |c: char| if c.is_ascii_digit() || c == ',' { 1 } else { 2 * u8::from(c != '-') };
    let mass = |row: &[f32], wanted: u8| -> f32 {
        classes.iter().zip(row).filter(|(c, _)| kind(**c) == wanted || kind(**c) == 0).map(|(_, p)| p).sum()
    };
    let (mut number, mut word) = (1.0_f64, 1.0_f64);
    for row in rows.iter() {
        // A crossed-out cell says nothing about the kind.
        let total = f64::from(mass(row, 1)) + f64::from(mass(row, 2));
        if total > 0.1 {
            number *= f64::from(mass(row, 1)) / total;
            word *= f64::from(mass(row, 2)) / total;
        }
    }
    let mixed = f64::from(MIXED);
    let sum = (1.0 - mixed) / 2.0 * (number + word) + mixed * 0.5_f64.powi(rows.len() as i32);
    let (number, word) = ((1.0 - mixed) / 2.0 * number / sum, (1.0 - mixed) / 2.0 * word / sum);
    let rest = (1.0 - number - word).max(0.0);
    for row in rows.iter_mut() {
        let (numbers, words) = (mass(row, 1), mass(row, 2));
        let all: f32 = row[..classes.len()].iter().sum();
        if all <= 0.0 {
            continue;
        }
        let of_kind = |share: f64, part: f32| if part > 0.0 { share as f32 * all / part } else { 0.0 };
        let (n, w) = (of_kind(number, numbers), of_kind(word, words));
        for (chance, class) in row.iter_mut().zip(classes) {
            *chance *= match kind(*class) {
                0 => n + w + rest as f32,
                1 => n + rest as f32,
                _ => w + rest as f32,
            };
        }
        let now: f32 = row[..classes.len()].iter().sum();
        if now > 0.0 {
            row.iter_mut().take(classes.len()).for_each(|chance| *chance *= all / now);
        }
    }
}

/// One cell's answer: the classifier's row cut down to what the field permits.
pub(crate) fn name(row: &[f32], classes: &[char], params: &Params) -> (Option<char>, Confidence, Vec<(char, f32)>, bool) {
    let mut ranked: Vec<(char, f32)> = classes.iter().copied().zip(row.iter().copied()).filter(|(_, p)| *p > 0.0).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    let reject = row.get(classes.len()).copied().unwrap_or(0.0);
    let Some((best, chance)) = ranked.first().copied() else { return (None, Confidence::NONE, Vec::new(), true) };
    let rivals = ranked.into_iter().skip(1).take(3).filter(|(_, p)| *p > 0.001).collect();
    let crossed = reject > chance && reject > 1.0 - params.sure_char;
    (Some(best), Confidence::new(chance), rivals, crossed)
}

/// Joins the characters of a field and collects the doubts that follow from them.
pub(crate) fn join(chars: &[CharReading], crossed: &[bool], params: &Params) -> (String, Confidence, Vec<Doubt>) {
    let last = chars.iter().rposition(|c| !c.empty);
    let used = last.map_or(0, |l| l + 1);
    let value: String = chars[..used].iter().map(|c| if c.empty { ' ' } else { c.ch.unwrap_or('?') }).collect();
    let mut doubts = Vec::new();
    let places = |want: &dyn Fn(usize, &CharReading) -> bool| -> Vec<u32> {
        chars[..used].iter().enumerate().filter(|(i, c)| want(*i, c)).map(|(i, _)| i as u32).collect()
    };
    let crossed_cells = places(&|i, _| crossed.get(i).copied().unwrap_or(false));
    let unsure = places(&|i, c| !c.empty && c.confidence.get() < params.sure_char && !crossed.get(i).copied().unwrap_or(false));
    let gaps = places(&|_, c| c.empty);
    if !crossed_cells.is_empty() {
        doubts.push(Doubt::CrossedOut { cells: crossed_cells });
    }
    if !unsure.is_empty() {
        doubts.push(Doubt::Ambiguous { cells: unsure });
    }
    if !gaps.is_empty() {
        doubts.push(Doubt::Gap { cells: gaps });
    }
    // The field is right when all its characters are: independent chances multiply.
    let chance = chars[..used].iter().map(|c| c.confidence.get()).product();
    (value, Confidence::new(chance), doubts)
}

/// Names the glyphs of all fields of a page in one batch. `alphabets` pairs with `glyphs`.
pub(crate) fn classify(classifier: &dyn GlyphClassifier, glyphs: &[Glyph], alphabets: &[&str]) -> Vec<Vec<f32>> {
    if glyphs.is_empty() { Vec::new() } else { classifier.classify_within(glyphs, alphabets) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASSES: [char; 4] = ['0', 'О', '8', '-'];

    #[test]
    fn a_round_character_beside_a_digit_is_a_zero() {
        let mut rows = vec![vec![0.45, 0.54, 0.0, 0.0, 0.01], vec![0.0, 0.0, 0.99, 0.0, 0.01]];
        one_kind(&mut rows, &CLASSES);
        assert!(rows[0][0] > 0.95, "{rows:?}");
        assert!((rows[0].iter().sum::<f32>() - 1.0).abs() < 1e-4);
    }

    #[test]
    fn a_round_character_alone_stays_doubtful() {
        let mut rows = vec![vec![0.5, 0.49, 0.0, 0.0, 0.01]];
        one_kind(&mut rows, &CLASSES);
        assert!(rows[0][0] < 0.6 && rows[0][1] < 0.6, "{rows:?}");
    }
}
