//! Machine codes: the place of a `code` field is read; what cannot be read is a doubt.

mod bars;
mod caption;
mod code128;
mod ean13;
mod itf;
mod joint;
mod layout;
mod matrix;
mod one_print;
mod page;
mod runs;
mod solve;
#[cfg(test)]
mod tests;

pub use page::{PageCode, find_codes};

use crate::levels::Levels;
use crate::params::Params;
use bars::{Kind, Place};
use rcoi_model::{CheckDigit, Homography};
use rcoi_template::CodeField;

/// A code that was read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CodeRead {
    pub(crate) text: String,
    /// 0..1.
    pub(crate) confidence: f32,
}

/// A clean code from a few lines, in a small part of a millisecond; `None` says nothing but that it is not clean.
pub(crate) fn glance(page: &Levels<'_>, map: &Homography, field: &CodeField) -> Option<CodeRead> {
    let kind = Kind::of(field.symbology)?;
    bars::glance(&Place::of(page, map, field, 0.0), kind, field)
}

/// Reads the field; `None` when nothing readable is there. Codes may stand a little beside their place and be a
/// little larger: the area is searched with growing margins.
pub(crate) fn read(page: &Levels<'_>, map: &Homography, field: &CodeField, params: &Params) -> Option<CodeRead> {
    let Some(kind) = Kind::of(field.symbology) else { return matrix::read(page, map, field) };
    if let Some(clean) = glance(page, map, field) {
        return Some(clean);
    }
    let mut best: Option<CodeRead> = None;
    let mut keep = |read: CodeRead| {
        if best.as_ref().is_none_or(|b| b.confidence < read.confidence) {
            best = Some(read);
        }
    };
    let places = [0.06, 0.25].map(|grown| Place::of(page, map, field, grown));
    for place in places.iter().filter(|p| p.striped()) {
        match bars::vote(place, kind, field, params) {
            Some(read) if read.confidence >= params.sure_code => return Some(read),
            Some(read) => keep(read),
            None => {}
        }
    }
    if let Some(read) = joint::read(&Place::of(page, map, field, 0.1), kind, field) {
        keep(read);
    }
    best
}

/// True when the text obeys the field's rules.
pub(crate) fn obeys(field: &CodeField, text: &str) -> bool {
    (field.digits == 0 || text.len() as u32 == field.digits) && (field.check == CheckDigit::None || field.check.accepts(text))
}
