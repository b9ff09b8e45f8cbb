//! Printed values on a blank: each character of a form's cells is drawn once and stamped on every sheet after that.

use crate::draw::{DPI, SCALE};
use image::GrayImage;
use rcoi_model::Rect;
use rcoi_template::draw::{DrawError, gray};
use rcoi_template::{FieldSpec, Preprint, Template};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A character in the cells of a field of a form.
type Key = (String, String, char);

/// Drawn characters, kept between the sheets of a pile.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stamps {
    kept: Arc<Mutex<HashMap<Key, Arc<Vec<Stamp>>>>>,
}

/// The picture of a cell.
#[derive(Debug)]
struct Stamp {
    left: u32,
    top: u32,
    ink: GrayImage,
}

impl Stamps {
    /// The blank with its printed values, as `gray` draws it.
    pub(crate) fn blank(&self, template: &Template, printed: &Preprint) -> Result<GrayImage, DrawError> {
        let cells = |name: &str| match template.field(name).map(|f| &f.spec) {
            Some(FieldSpec::Cells(cells)) => Some(cells),
            _ => None,
        };
        // Codes differ from sheet to sheet: there is nothing to keep.
        let (text, codes): (Preprint, Preprint) = printed.clone().into_iter().partition(|(field, _)| cells(field).is_some());
        let mut page = gray(template, &codes, DPI)?;
        for (field, value) in &text {
            let cells = cells(field).map_or(&[][..], |cells| &cells.cells);
            for (place, ch) in value.chars().enumerate().filter(|(_, ch)| !ch.is_whitespace()) {
                if let Some(stamp) = self.stamps(template, (template.id.0.clone(), field.clone(), ch), cells)?.get(place) {
                    stamp.put(&mut page);
                }
            }
        }
        Ok(page)
    }

    /// The character in every cell of the field.
    fn stamps(&self, template: &Template, key: Key, cells: &[Rect]) -> Result<Arc<Vec<Stamp>>, DrawError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(stamps) = kept {
            return Ok(stamps);
        }
        let (_, field, ch) = &key;
        let page = gray(template, &[(field.clone(), ch.to_string().repeat(cells.len()))].into(), DPI)?;
        let stamps = Arc::new(cells.iter().map(|cell| Stamp::cut(&page, cell)).collect());
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&stamps));
        Ok(stamps)
    }
}

impl Stamp {
    fn cut(page: &GrayImage, cell: &Rect) -> Self {
        let low = |v: f32, most: u32| ((v * SCALE).floor().max(0.0) as u32).min(most);
        let high = |v: f32, most: u32| ((v * SCALE).ceil().max(0.0) as u32).min(most);
        let (width, height) = page.dimensions();
        let (left, top) = (low(cell.x, width), low(cell.y, height));
        let (w, h) = (high(cell.right(), width).saturating_sub(left), high(cell.bottom(), height).saturating_sub(top));
        Self { left, top, ink: image::imageops::crop_imm(page, left, top, w, h).to_image() }
    }

    /// Ink never makes paper lighter.
    fn put(&self, page: &mut GrayImage) {
        for (x, y, ink) in self.ink.enumerate_pixels() {
            let under = page.get_pixel_mut(self.left + x, self.top + y);
            under.0[0] = under.0[0].min(ink.0[0]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Stamps;
    use crate::draw::DPI;

    #[test]
    fn a_stamped_blank_is_the_drawn_blank() {
        let templates = rcoi_template::builtin();
        let template = templates.by_form("AB").expect("a form");
        let pairs = [("code", "2310000000014"), ("region", "02"), ("subject-name", "РУС"), ("unknown", "1")];
        let printed = pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let drawn = rcoi_template::draw::gray(template, &printed, DPI).expect("a blank");
        let stamps = Stamps::default();
        // The second one is made of what the first one kept.
        for _ in 0..2 {
            assert!(stamps.blank(template, &printed).expect("a blank") == drawn);
        }
    }
}
