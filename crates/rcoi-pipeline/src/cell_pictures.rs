//! Pictures of single characters, cut while the page is decoded anyway: a board of sixty from sixty pages would decode them all.

use crate::cutout::kept_png;
use crate::gray;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::GrayImage;
use rcoi_model::{Doubt, FieldKind, FieldReading, PageReading};
use serde::{Deserialize, Serialize};

/// Surer characters are never asked about by themselves: a field of seventeen of them is surer than any threshold in use.
const SURE: f32 = 0.9985;
/// Pictures of one page, the least sure first: a page with more is a page of doubts, and is read field by field.
const MOST: usize = 64;
/// Margin around a cell, in parts of its height: the ends of strokes that leave it.
const MARGIN: f32 = 0.18;
/// Height of a picture, pixels: what a screen shows of it.
const HEIGHT: u32 = 72;

/// One cell of a field: PNG as base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellPicture {
    pub field: String,
    pub cell: u32,
    pub png: String,
}

/// Pictures of the doubtful characters of a page.
#[must_use]
pub(crate) fn cell_pictures(page: &GrayImage, reading: &PageReading) -> Vec<CellPicture> {
    let mut doubtful: Vec<(f32, &FieldReading, usize)> = Vec::new();
    for field in reading.fields.iter().filter(|f| may_be_asked(f)) {
        let named = |cell: usize| field.doubts.iter().any(|d| matches!(d, Doubt::Ambiguous { cells } if cells.contains(&(cell as u32))));
        for (i, cell) in field.chars.iter().enumerate() {
            if cell.ch.is_some() && !cell.empty && (cell.confidence.get() < SURE || named(i)) {
                doubtful.push((cell.confidence.get(), field, i));
            }
        }
    }
    doubtful.sort_by(|a, b| a.0.total_cmp(&b.0));
    doubtful.truncate(MOST);
    doubtful.into_iter().filter_map(|(_, field, i)| picture(page, field, i)).collect()
}

/// Surer fields are asked by no policy, and one with another doubt than about its characters is seen whole.
fn may_be_asked(field: &FieldReading) -> bool {
    let only_characters = field.doubts.iter().all(|d| matches!(d, Doubt::Ambiguous { .. }));
    field.kind == FieldKind::Cells && only_characters && (field.confidence.get() < SURE || !field.doubts.is_empty())
}

fn picture(page: &GrayImage, field: &FieldReading, i: usize) -> Option<CellPicture> {
    let mut cut = gray::cut(page, &field.chars.get(i)?.area, MARGIN);
    if cut.height() > HEIGHT {
        let width = (u64::from(cut.width()) * u64::from(HEIGHT) / u64::from(cut.height())).max(1) as u32;
        cut = image::imageops::resize(&cut, width, HEIGHT, image::imageops::FilterType::Triangle);
    }
    // Only a picture without an area cannot be written; such a field is then seen whole.
    let bytes = kept_png(cut).ok()?;
    Some(CellPicture { field: field.name.clone(), cell: i as u32, png: STANDARD.encode(bytes) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcoi_model::{CharReading, Confidence, Point, Quad};

    fn cell(ch: Option<char>, confidence: f32, left: f32) -> CharReading {
        let area = Quad([(left, 10.0), (left + 60.0, 10.0), (left + 60.0, 94.0), (left, 94.0)].map(|(x, y)| Point::new(x, y)));
        CharReading { ch, empty: ch.is_none(), confidence: Confidence::new(confidence), rivals: vec![], area }
    }

    #[test]
    fn only_characters_in_doubt_are_cut_and_they_are_small() {
        let chars = vec![cell(Some('1'), 0.9999, 10.0), cell(Some('7'), 0.8, 70.0), cell(None, 0.5, 130.0), cell(Some('4'), 0.9999, 190.0)];
        let field = FieldReading {
            name: "answer-1".into(),
            kind: FieldKind::Cells,
            class: "answer".into(),
            value: "17 4".into(),
            confidence: Confidence::new(0.8),
            doubts: vec![Doubt::Ambiguous { cells: vec![3] }],
            area: Quad::default(),
            chars,
            marks: vec![],
        };
        let reading = PageReading {
            engine: String::new(),
            template: None,
            placement: None,
            sheet_code: None,
            fields: vec![field],
            findings: vec![],
            width: 300,
            height: 120,
        };
        let page = GrayImage::from_fn(300, 120, |x, _| image::Luma([if (90..100).contains(&x) { 30 } else { 235 }]));
        let cut = cell_pictures(&page, &reading);
        assert_eq!(cut.iter().map(|c| (c.field.as_str(), c.cell)).collect::<Vec<_>>(), [("answer-1", 1), ("answer-1", 3)]);
        let bytes = STANDARD.decode(&cut[0].png).unwrap();
        let seen = image::load_from_memory(&bytes).unwrap().to_luma8();
        assert_eq!(seen.height(), HEIGHT);
        assert!(seen.pixels().any(|p| p.0[0] < 64) && bytes.len() < 4000, "{} bytes", bytes.len());
    }
}
