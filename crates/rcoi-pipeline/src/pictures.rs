//! Pictures of what people will judge on a page, cut while it is decoded anyway: nobody waits for a decoder later, and a board of
//! sixty characters from sixty pages does not decode them all.

use crate::cutout::{MARGIN, kept_png};
use crate::gray;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::GrayImage;
use rcoi_model::Quad;
use serde::{Deserialize, Serialize};

/// Margin around a cell, in parts of its height: the ends of strokes that leave it.
const CELL_MARGIN: f32 = 0.18;
/// Height of the picture of a cell, pixels: what a screen shows of it.
const CELL_HEIGHT: u32 = 72;

/// What is to be cut out of a page, each with its corners in picture pixels.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Wanted {
    /// Fields by name.
    pub fields: Vec<(String, Quad)>,
    /// Cells by field and place, counted from 0.
    pub cells: Vec<(String, u32, Quad)>,
}

impl Wanted {
    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.cells.is_empty()
    }
}

/// A field with its surroundings: PNG as base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldPicture {
    pub field: String,
    pub png: String,
}

/// One cell of a field: PNG as base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellPicture {
    pub field: String,
    pub cell: u32,
    pub png: String,
}

/// What was cut. A picture without an area cannot be written and is not there: it is cut when somebody looks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pictures {
    pub fields: Vec<FieldPicture>,
    pub cells: Vec<CellPicture>,
}

/// Cuts out of a page what is wanted.
#[must_use]
pub fn cut(page: &GrayImage, wanted: &Wanted) -> Pictures {
    let field = |(field, area): &(String, Quad)| {
        let png = kept_png(gray::cut(page, area, MARGIN)).ok()?;
        Some(FieldPicture { field: field.clone(), png: STANDARD.encode(png) })
    };
    let cell = |(field, cell, area): &(String, u32, Quad)| {
        let png = kept_png(small(gray::cut(page, area, CELL_MARGIN))).ok()?;
        Some(CellPicture { field: field.clone(), cell: *cell, png: STANDARD.encode(png) })
    };
    Pictures { fields: wanted.fields.iter().filter_map(field).collect(), cells: wanted.cells.iter().filter_map(cell).collect() }
}

fn small(cut: GrayImage) -> GrayImage {
    if cut.height() <= CELL_HEIGHT {
        return cut;
    }
    let width = (u64::from(cut.width()) * u64::from(CELL_HEIGHT) / u64::from(cut.height())).max(1) as u32;
    image::imageops::resize(&cut, width, CELL_HEIGHT, image::imageops::FilterType::Triangle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcoi_model::Point;

    #[test]
    fn what_is_wanted_is_cut_and_characters_are_small() {
        let quad = |left: f32, right: f32| Quad([(left, 10.0), (right, 10.0), (right, 94.0), (left, 94.0)].map(|(x, y)| Point::new(x, y)));
        let page = GrayImage::from_fn(300, 120, |x, _| image::Luma([if (90..100).contains(&x) { 30 } else { 235 }]));
        let wanted = Wanted { fields: vec![("link".into(), quad(20.0, 220.0))], cells: vec![("answer-1".into(), 1, quad(70.0, 130.0))] };
        let cut = cut(&page, &wanted);
        let seen = |png: &str| image::load_from_memory(&STANDARD.decode(png).unwrap()).unwrap().to_luma8();
        assert_eq!((cut.fields[0].field.as_str(), seen(&cut.fields[0].png).height() > 150), ("link", true));
        assert_eq!((cut.cells[0].field.as_str(), cut.cells[0].cell), ("answer-1", 1));
        let cell = seen(&cut.cells[0].png);
        assert_eq!(cell.height(), CELL_HEIGHT);
        assert!(cell.pixels().any(|p| p.0[0] < 64) && cut.cells[0].png.len() < 5000, "{} bytes", cut.cells[0].png.len());
    }
}
