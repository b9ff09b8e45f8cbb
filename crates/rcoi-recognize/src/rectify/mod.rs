//! Local correction after the global map: where the printed boxes and cells really stand.
//!
//! Paper stretches, photocopies shrink, photographs bend. Fields are gathered into tiles of some dozen boxes; for each tile
//! the contrast between print and what surrounds it is measured for every shift up to most of a pitch. One affine
//! correction that suits all tiles best is sought first (so that a shift by a whole pitch cannot win by chance); round what
//! it foretells each tile then takes its own best place.

mod contrast;
mod peaks;
mod tiles;
mod trend;

use crate::levels::Levels;
use crate::params::Params;
use peaks::{Measure, Peaks};
use rcoi_model::{Homography, Point};
use rcoi_template::{AnchorShape, FieldSpec, Locate, Template};
use tiles::Tile;
use trend::Trend;

/// How far off the boxes may be, in pitches: printed anchors are exact, the edges of a sheet are cut anew by every copier. A blank
/// of another program need not be the very edition that was printed, and its print tells a box from the next.
fn reach(template: &Template) -> f32 {
    match &template.locate {
        Locate::Anchors(anchors) if anchors.iter().all(|a| !matches!(a.shape, AnchorShape::Picture { .. })) => {
            if template.blank.is_some() {
                0.5
            } else {
                0.2
            }
        }
        _ => 0.9,
    }
}

/// Share of the usual contrast below which a tile of known print counts as covered.
const COVERED: f32 = 0.4;

/// Tiles beside one that tell how the paper bends there, and how far off them a tile hardly ever is, in pitches.
const BESIDE: usize = 5;
const ALONE: f32 = 0.12;

/// How a form's boxes stand on the paper.
pub(crate) struct Standing {
    /// For every field of the template the map by which it is to be read.
    pub(crate) maps: Vec<Homography>,
    /// Share of the form's boxes that print confirms less the share it denies, −1..1; forms with few boxes stay near 0.
    pub(crate) print: f32,
    /// False when print does not stand where the boxes are expected: what is read there may be anything.
    pub(crate) sure: bool,
}

/// What is known of the boxes of a form before any page is read; kept for all its pages.
pub(crate) struct Grid {
    tiles: Vec<(Tile, Measure)>,
}

impl Grid {
    pub(crate) fn of(template: &Template) -> Self {
        let blank = template.blank.as_ref().and_then(|b| image::GrayImage::from_raw(b.width, b.height, b.pixels.clone()));
        let (levels, reach) = (blank.as_ref().map(Levels::of), reach(template));
        let mut tiles = tiles::tiles(template);
        let measured = tiles.drain(..).filter_map(|tile| Measure::of(&tile, reach, template, levels.as_ref()).map(|m| (tile, m)));
        Self { tiles: measured.collect() }
    }
}

/// Measures where the boxes stand.
pub(crate) fn stand(page: &Levels<'_>, map: &Homography, template: &Template, grid: &Grid, black: u8, params: &Params) -> Standing {
    let tiles = &grid.tiles;
    let peaks: Vec<Option<Peaks>> = tiles.iter().map(|(tile, measure)| measure.peaks(tile, page, map, black)).collect();
    // Print that is known shows alike everywhere; a tile that shows much less is covered by marks and follows the others.
    let mut best: Vec<f32> = peaks.iter().flatten().filter(|_| template.blank.is_some()).map(|p| p.best).collect();
    let middle = best.len() / 2;
    let least = if best.is_empty() { f32::NEG_INFINITY } else { *best.select_nth_unstable_by(middle, f32::total_cmp).1 * COVERED };
    let clear = |p: &&Peaks| p.weight >= params.tile_contrast && p.best >= least;
    let known: Vec<&Peaks> = peaks.iter().flatten().filter(clear).collect();
    let mut maps = vec![*map; template.fields.len()];
    let boxes: f32 = tiles.iter().map(|(t, _)| t.boxes.len() as f32).sum();
    // Three anchors that agree prove the place; the edges of a sheet or a picture do not.
    let proved = matches!(template.locate, Locate::Anchors(_));
    let (trend, score) = if known.is_empty() { (Trend::NONE, 0.0) } else { Trend::seek(&known, reach(template)) };
    let evidence = score * known.len() as f32 / tiles.len().max(1) as f32;
    let mut confirmed = 0.0;
    let pull = if proved { 0.3 } else { 0.1 };
    let mut found: Vec<(Point, Point)> = Vec::with_capacity(tiles.len());
    for ((tile, _), own) in tiles.iter().zip(&peaks) {
        let expected = trend.at(tile.bounds.centre());
        confirmed += tile.boxes.len() as f32 * own.as_ref().map_or(-1.0, |own| own.confirms(expected, params.box_contrast));
        let shift = own.as_ref().filter(clear).map_or(expected, |own| own.near(expected, pull));
        found.push((expected, Point::new(shift.x - expected.x, shift.y - expected.y)));
    }
    let true_to_print = proved && template.blank.is_none();
    for (at, ((tile, _), own)) in tiles.iter().zip(&peaks).enumerate() {
        let (expected, mut off) = found[at];
        // Paper bends, but its neighbours bend with it: a tile that alone stands elsewhere has met a printed line. Layouts that
        // others drew are less true to their print.
        if true_to_print
            && let Some(own) = own.as_ref().filter(clear)
            && let Some(others) = beside(tiles, &found, at)
        {
            let away = ((off.x - others.x) / own.pitch.0).abs().max(((off.y - others.y) / own.pitch.1).abs());
            if away > ALONE {
                let with_others = Point::new(expected.x + others.x, expected.y + others.y);
                let shift = own.near(with_others, 10.0 * pull);
                off = Point::new(shift.x - expected.x, shift.y - expected.y);
            }
        }
        let shift = Point::new(expected.x + off.x, expected.y + off.y);
        for field in &tile.fields {
            maps[*field] = shifted(map, shift);
        }
    }
    // Fields without boxes follow the trend where they stand.
    let tiled: Vec<usize> = tiles.iter().flat_map(|(t, _)| t.fields.iter().copied()).collect();
    for (index, field) in template.fields.iter().enumerate().filter(|(i, _)| !tiled.contains(i)) {
        if !matches!(field.spec, FieldSpec::Code(_)) {
            maps[index] = shifted(map, trend.at(field.spec.bounds().centre()));
        }
    }
    // Few boxes may meet print by chance; without anchors a layout that needs much correction is the worse witness.
    let print = confirmed / (boxes + 40.0) * if proved { 1.0 } else { evidence };
    Standing { maps, print, sure: proved || tiles.is_empty() || evidence >= params.standing }
}

/// How far the nearest other tiles stand off the trend, the middle of them; `None` where there are too few.
fn beside(tiles: &[(Tile, Measure)], found: &[(Point, Point)], at: usize) -> Option<Point> {
    let from = tiles[at].0.bounds.centre();
    let mut others: Vec<(f32, Point)> =
        (0..tiles.len()).filter(|i| *i != at).map(|i| (tiles[i].0.bounds.centre().distance(from), found[i].1)).collect();
    if others.len() < BESIDE {
        return None;
    }
    others.select_nth_unstable_by(BESIDE - 1, |a, b| a.0.total_cmp(&b.0));
    let middle = |get: fn(&Point) -> f32| {
        let mut all: Vec<f32> = others[..BESIDE].iter().map(|(_, p)| get(p)).collect();
        *all.select_nth_unstable_by(BESIDE / 2, f32::total_cmp).1
    };
    Some(Point::new(middle(|p| p.x), middle(|p| p.y)))
}

/// The map that first moves the form by `by`.
fn shifted(map: &Homography, by: Point) -> Homography {
    Homography([1.0, 0.0, f64::from(by.x), 0.0, 1.0, f64::from(by.y), 0.0, 0.0, 1.0]).then(map)
}
