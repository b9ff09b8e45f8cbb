//! Is anything written in a window? For signatures and answer areas; nothing is read.

use crate::levels::Levels;
use crate::params::Params;
use crate::sample::{cut, darkness};
use rcoi_model::{Confidence, Homography, Rect};

/// Share of the window that is inked. Its rim is left out: frames and captions stand there.
pub(crate) fn ink_share(page: &Levels<'_>, map: &Homography, area: &Rect, black: u8, params: &Params) -> f32 {
    let inner = area.grown(-area.w.min(area.h) * 0.08);
    // 4 samples per millimetre see every stroke of a pen (0.5 mm) without looking at every pixel of a large area.
    let (w, h) = ((inner.w * 4.0) as usize, (inner.h * 4.0) as usize);
    let patch = cut(page, map, &inner, w.clamp(8, 800), h.clamp(8, 1200));
    let dark = darkness(&patch, black);
    dark.iter().filter(|d| **d >= params.stroke_from).count() as f32 / dark.len().max(1) as f32
}

/// `1` when something is there, with the chance that this is right.
pub(crate) fn judge(share: f32, params: &Params) -> (String, Confidence) {
    let ratio = share / params.ink_present;
    let value = if ratio >= 1.0 { "1" } else { "" };
    // Two-fold distance from the cut is clear, nearness to it is not.
    let distance = ratio.max(1e-3).ln().abs();
    (value.to_owned(), Confidence::new(1.0 - 0.5 * (-2.0 * distance).exp()))
}
