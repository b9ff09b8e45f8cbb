//! Every code of a page, wherever it stands: for people who set up a template or look into a pile of unknown forms.

use super::bars::{Kind, Place};
use super::matrix;
use super::runs::Runs;
use crate::levels::Levels;
use image::GrayImage;
use rcoi_model::{Homography, Point, Quad, Rect};
use rcoi_template::Symbology;

/// A code somewhere on a page.
#[derive(Debug, Clone, PartialEq)]
pub struct PageCode {
    pub symbology: Symbology,
    pub text: String,
    /// Its bars or modules in picture pixels; the corners begin at the left top one of the picture.
    pub area: Quad,
}

/// Lines over the width of a page: on A4 two thirds of a millimetre apart, so that ten cross a low code.
const LINES: f32 = 320.0;
/// The window of [`Runs::of`] in blocks over the width of a page: on A4 two millimetres, eight modules of a fine code.
const BLOCKS: usize = 500;
/// Lines between two that tell the same code of one print.
const GAP: usize = 6;
/// Codes that share this much of the smaller one's area are one; the one that more lines tell is kept.
const SHARED: f32 = 0.3;

/// Bars across and down the page that several lines tell alike, QR codes and Data Matrix. Sorted from top to bottom. Pure.
#[must_use]
pub fn find_codes(gray: &GrayImage) -> Vec<PageCode> {
    let (w, h) = (gray.width() as f32, gray.height() as f32);
    let mirror = Homography([0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    let page = Levels::of(gray);
    let across = Place { page: &page, map: Homography::IDENTITY, rect: Rect::new(0.0, 0.0, w, h) };
    // Down the page = across its mirror image: bars are read from either end.
    let down = Place { page: &page, map: mirror, rect: Rect::new(0.0, 0.0, h, w) };
    let mut prints: Vec<Print> = [across, down].iter().flat_map(|place| prints(place, w.min(h) / LINES)).collect();
    prints.sort_by_key(|p| std::cmp::Reverse(p.lines));
    let mut kept: Vec<PageCode> = Vec::new();
    for print in prints {
        let bounds = print.code.area.bounds();
        if kept.iter().all(|k| shared(&k.area.bounds(), &bounds) < SHARED) {
            kept.push(print.code);
        }
    }
    kept.extend(matrix::on_page(gray));
    kept.sort_by(|a, b| a.area.0[0].y.total_cmp(&b.area.0[0].y).then(a.area.0[0].x.total_cmp(&b.area.0[0].x)));
    kept
}

/// A code that several lines tell.
struct Print {
    code: PageCode,
    lines: u32,
}

/// A code growing from line to line.
struct Growing {
    kind: Kind,
    text: String,
    /// First and last line, and both ends of the bars on them, samples.
    first: (usize, f32, f32),
    last: (usize, f32, f32),
    lines: u32,
}

fn prints(place: &Place<'_>, step: f32) -> Vec<Print> {
    let (wide, high) = place.size();
    let count = (high / step.max(1.5)) as usize;
    let height = |i: usize| (i as f32 + 0.5) / count as f32;
    let mut all: Vec<Growing> = Vec::new();
    let mut samples = 1;
    for i in 0..count {
        let line = place.line(height(i), height(i));
        samples = line.len();
        let runs = Runs::of(&line, (line.len() / BLOCKS).max(5));
        for kind in [Kind::Ean13, Kind::Code128, Kind::Itf] {
            for hit in kind.find(&runs) {
                let middle = (hit.from + hit.to) / 2.0;
                let same = all
                    .iter_mut()
                    .find(|g| g.kind == kind && g.text == hit.text && g.last.0 + GAP >= i && (g.last.1..g.last.2).contains(&middle));
                let at = (i, hit.from, hit.to);
                match same {
                    Some(growing) => (growing.last, growing.lines) = (at, growing.lines + 1),
                    None => all.push(Growing { kind, text: hit.text, first: at, last: at, lines: 1 }),
                }
            }
        }
    }
    let point = |i: usize, at: f32| place.map.apply(Point::new(at / samples as f32 * wide, height(i) * high));
    let proven = |g: &Growing| match g.kind {
        Kind::Ean13 | Kind::Code128 => g.lines >= 2,
        // Without a check of its own a short code may come about by accident.
        Kind::Itf => g.lines >= if g.text.len() >= 6 { 4 } else { 8 },
    };
    all.iter()
        .filter(|g| proven(g))
        .map(|g| {
            let corners = [point(g.first.0, g.first.1), point(g.first.0, g.first.2), point(g.last.0, g.last.2), point(g.last.0, g.last.1)];
            let bounds = Quad(corners);
            // The mirror image runs the other way round.
            let area = if place.map == Homography::IDENTITY { bounds } else { Quad([corners[0], corners[3], corners[2], corners[1]]) };
            Print { code: PageCode { symbology: g.kind.symbology(), text: g.text.clone(), area }, lines: g.lines }
        })
        .collect()
}

/// Common area as a share of the smaller one.
fn shared(a: &Rect, b: &Rect) -> f32 {
    let w = (a.right().min(b.right()) - a.x.max(b.x)).max(0.0);
    let h = (a.bottom().min(b.bottom()) - a.y.max(b.y)).max(0.0);
    w * h / (a.w * a.h).min(b.w * b.h).max(1.0)
}
