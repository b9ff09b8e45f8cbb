//! Machine codes: the straightened area of a `code` field is read; what cannot be read is a doubt.

use crate::ean13;
use crate::levels::Levels;
use crate::sample::{Patch, cut};
use rcoi_model::{CheckDigit, Homography, Rect};
use rcoi_template::{CodeField, Symbology};
use rxing::{BarcodeFormat, DecodeHints};

/// A code that was read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CodeRead {
    pub(crate) text: String,
    /// 0..1.
    pub(crate) confidence: f32,
}

/// Reads the field; `None` when nothing readable is there. Codes may stand a little beside their place and be a
/// little larger: the area is searched with growing margins.
pub(crate) fn read(page: &Levels<'_>, map: &Homography, field: &CodeField) -> Option<CodeRead> {
    let turned = if field.vertical { Some(down_the_page(&field.area)) } else { None };
    let (area, map) = match turned {
        Some((area, turn)) => (area, turn.then(map)),
        None => (field.area, *map),
    };
    [0.03, 0.12].into_iter().find_map(|margin| {
        let grown = area.grown(area.w.min(area.h) * margin * 2.0);
        match field.symbology {
            Symbology::Ean13 => bars(page, &map, &grown),
            _ => other(page, &map, &grown, field.symbology),
        }
    })
}

/// True when the text obeys the field's rules.
pub(crate) fn obeys(field: &CodeField, text: &str) -> bool {
    (field.digits == 0 || text.len() as u32 == field.digits) && (field.check == CheckDigit::None || field.check.accepts(text))
}

/// A lying twin of an upright area and the map from it: bars that run across the page's height come to run down.
fn down_the_page(area: &Rect) -> (Rect, Homography) {
    // (x, y) of the twin -> (right − y, y0 + x): a quarter turn, so bars stand upright in the patch.
    let twin = Rect::new(0.0, 0.0, area.h, area.w);
    let (right, top) = (f64::from(area.right()), f64::from(area.y));
    (twin, Homography([0.0, -1.0, right, 1.0, 0.0, top, 0.0, 0.0, 1.0]))
}

fn bars(page: &Levels<'_>, map: &Homography, area: &Rect) -> Option<CodeRead> {
    let quad = map.apply_rect(area);
    let wide = quad.0[0].distance(quad.0[1]);
    let high = quad.0[0].distance(quad.0[3]);
    // At least three pixels per module also for small pictures: edges are found between pixels.
    let width = (wide.ceil() as usize).clamp(420, 1400);
    let height = (high.ceil() as usize).clamp(24, 160);
    let patch = cut(page, map, area, width, height);
    ean13::read(&patch).map(|v| CodeRead { confidence: 0.9 + 0.0999 * v.agreement, text: v.code })
}

fn other(page: &Levels<'_>, map: &Homography, area: &Rect, symbology: Symbology) -> Option<CodeRead> {
    let format = match symbology {
        Symbology::Ean13 => BarcodeFormat::EAN_13,
        Symbology::Code128 => BarcodeFormat::CODE_128,
        Symbology::Qr => BarcodeFormat::QR_CODE,
        Symbology::DataMatrix => BarcodeFormat::DATA_MATRIX,
        Symbology::Itf => BarcodeFormat::ITF,
    };
    let quad = map.apply_rect(area);
    let wide = quad.0[0].distance(quad.0[1]).max(1.0);
    let high = quad.0[0].distance(quad.0[3]).max(1.0);
    let zoom = (300.0 / wide.min(high)).max(1.0).min(900.0 / wide.max(high)).max(0.5);
    let patch: Patch = cut(page, map, area, (wide * zoom) as usize, (high * zoom) as usize);
    let mut hints = DecodeHints { TryHarder: Some(true), ..DecodeHints::default() };
    let (w, h) = (patch.width as u32, patch.height as u32);
    let found = rxing::helpers::detect_in_luma_with_hints(patch.pixels, w, h, Some(format), &mut hints).ok()?;
    Some(CodeRead { text: found.getText().to_owned(), confidence: 0.999 })
}
