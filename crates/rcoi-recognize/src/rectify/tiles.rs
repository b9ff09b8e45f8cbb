//! Neighbouring fields with equal boxes are gathered into tiles that are corrected together.

use rcoi_model::Rect;
use rcoi_template::{Field, FieldSpec, Outline, Template};

/// Boxes of a tile, at most: enough for one clear peak, few enough to follow a bent sheet.
const BOXES: usize = 40;

/// Boxes that lie together and are corrected together. Lengths in form units.
pub(super) struct Tile {
    pub(super) fields: Vec<usize>,
    pub(super) boxes: Vec<Rect>,
    pub(super) bounds: Rect,
    /// Middle distance between neighbours: the correction is known but for whole multiples of it.
    pub(super) pitch: (f32, f32),
    pub(super) look: Look,
}

/// What print looks like round a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// A frame on the edge of the box.
    Framed,
    /// Something within the box, paper round it.
    Filled,
    /// A row of cells whose frame is not known: lines above and below them, perhaps none between. Tells only how high the row stands.
    Row,
}

/// Boxes of a field and how they look; `None` for fields without boxes.
fn boxes_of(field: &Field) -> Option<(Vec<Rect>, Look)> {
    let look = |outline: Outline| match outline {
        Outline::Square | Outline::Dotted => Look::Framed,
        Outline::Circle | Outline::None | Outline::Unknown => Look::Filled,
    };
    match &field.spec {
        FieldSpec::Marks(marks) => Some((marks.boxes.iter().map(|b| b.area).collect(), look(marks.outline))),
        FieldSpec::Cells(cells) if cells.shade > 0.0 => Some((cells.cells.clone(), Look::Filled)),
        FieldSpec::Cells(cells) if cells.outline == Outline::Unknown => Some((cells.cells.clone(), Look::Row)),
        FieldSpec::Cells(cells) if cells.outline != Outline::None => Some((cells.cells.clone(), look(cells.outline))),
        _ => None,
    }
}

/// Neighbouring fields with equal boxes, gathered.
pub(super) fn tiles(template: &Template) -> Vec<Tile> {
    let mut tiles: Vec<Tile> = Vec::new();
    for (index, field) in template.fields.iter().enumerate() {
        let Some((boxes, look)) = boxes_of(field) else { continue };
        let bounds = field.spec.bounds();
        let Some(first) = boxes.first().copied() else { continue };
        let near = |tile: &Tile| {
            let gap = (tile.bounds.x - bounds.right()).max(bounds.x - tile.bounds.right()).max(0.0)
                + (tile.bounds.y - bounds.bottom()).max(bounds.y - tile.bounds.bottom()).max(0.0);
            let alike = tile.boxes.first().is_some_and(|b| (b.w - first.w).abs() < 0.1 * b.w && (b.h - first.h).abs() < 0.1 * b.h);
            tile.look == look && alike && gap < 1.5 * first.w.max(first.h) && tile.boxes.len() + boxes.len() <= BOXES
        };
        match tiles.iter_mut().rev().take(12).find(|t| near(t)) {
            Some(tile) => {
                tile.fields.push(index);
                tile.bounds = tile.bounds.union(&bounds);
                tile.boxes.extend(boxes);
            }
            None => tiles.push(Tile { fields: vec![index], boxes, bounds, pitch: (0.0, 0.0), look }),
        }
    }
    for tile in &mut tiles {
        tile.pitch = pitch(&tile.boxes);
    }
    tiles
}

/// Smallest distance between neighbours in x and in y; one and a half sizes where there is none.
fn pitch(boxes: &[Rect]) -> (f32, f32) {
    let Some(first) = boxes.first() else { return (1.0, 1.0) };
    let (mut px, mut py) = (1.5 * first.w, 1.5 * first.h);
    for (i, a) in boxes.iter().enumerate() {
        for b in &boxes[i + 1..] {
            let (dx, dy) = ((a.x - b.x).abs(), (a.y - b.y).abs());
            if dy < 0.3 * a.h && dx > 0.5 * a.w {
                px = px.min(dx);
            }
            if dx < 0.3 * a.w && dy > 0.5 * a.h {
                py = py.min(dy);
            }
        }
    }
    (px, py)
}
