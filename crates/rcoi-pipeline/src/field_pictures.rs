//! Pictures of whole fields that people will look at, cut while the page is decoded anyway: nobody waits for a decoder later.

use crate::cutout::{MARGIN, kept_png, seen};
use crate::gray;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::GrayImage;
use rcoi_model::{FieldKind, FieldReading, PageReading};
use serde::{Deserialize, Serialize};

/// Surer fields without a doubt are asked about by the blind sample alone, whose pictures are cut when somebody looks.
const SURE: f32 = 0.9985;
/// Pictures of one page, the least sure first: the others are cut when somebody looks.
const MOST: usize = 24;

/// A field with its surroundings: PNG as base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldPicture {
    pub field: String,
    pub png: String,
}

/// Pictures of the doubtful fields of a page.
#[must_use]
pub(crate) fn field_pictures(page: &GrayImage, reading: &PageReading) -> Vec<FieldPicture> {
    let mut doubtful: Vec<&FieldReading> = reading.fields.iter().filter(|f| may_be_asked(f)).collect();
    doubtful.sort_by(|a, b| a.confidence.get().total_cmp(&b.confidence.get()));
    doubtful.truncate(MOST);
    let picture = |field: &FieldReading| {
        let cut = gray::cut(page, &seen(&field.area, &field.doubts), MARGIN);
        Some(FieldPicture { field: field.name.clone(), png: STANDARD.encode(kept_png(cut).ok()?) })
    };
    doubtful.into_iter().filter_map(picture).collect()
}

fn may_be_asked(field: &FieldReading) -> bool {
    field.kind != FieldKind::Image && (field.confidence.get() < SURE || !field.doubts.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcoi_model::{Confidence, Doubt, Point, Quad};

    fn field(name: &str, confidence: f32, doubts: Vec<Doubt>) -> FieldReading {
        FieldReading {
            name: name.into(),
            kind: FieldKind::Cells,
            class: "answer".into(),
            value: "17".into(),
            confidence: Confidence::new(confidence),
            doubts,
            area: Quad([(20.0, 20.0), (220.0, 20.0), (220.0, 60.0), (20.0, 60.0)].map(|(x, y)| Point::new(x, y))),
            chars: vec![],
            marks: vec![],
        }
    }

    #[test]
    fn fields_in_doubt_are_cut_and_sure_ones_are_not() {
        let fields = vec![field("a", 0.9999, vec![]), field("b", 0.7, vec![]), field("c", 0.9999, vec![Doubt::Overflow])];
        let reading = PageReading {
            engine: String::new(),
            template: None,
            placement: None,
            sheet_code: None,
            fields,
            findings: vec![],
            width: 400,
            height: 120,
        };
        let page = GrayImage::from_fn(400, 120, |x, _| image::Luma([if (90..100).contains(&x) { 30 } else { 235 }]));
        let cut = field_pictures(&page, &reading);
        assert_eq!(cut.iter().map(|c| c.field.as_str()).collect::<Vec<_>>(), ["b", "c"]);
        let width = |c: &FieldPicture| image::load_from_memory(&STANDARD.decode(&c.png).unwrap()).unwrap().width();
        // What overflows is shown with what is written behind its end.
        assert!(width(&cut[1]) > width(&cut[0]) + 50);
    }
}
