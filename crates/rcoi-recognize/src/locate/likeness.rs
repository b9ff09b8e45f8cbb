//! How a form looks: its print, and how much of it a page shows. Tells turned sheets and forms with equal marks apart.

use super::Scene;
use crate::cv;
use image::GrayImage;
use rcoi_model::{Homography, Point};
use rcoi_template::{Preprint, Template, Unit, draw};

/// Cells along the longer side of the sheet: 2.5 mm of A4, so half a millimetre beside does not matter.
const CELLS: f32 = 120.0;
/// A form without a picture is drawn at so many dots per inch.
const DRAWN_DPI: f32 = 75.0;
/// Darkness counts at most so much of the darkest: filled boxes and codes must not outweigh all other print.
const CLIP: f32 = 0.5;
/// A page of which less lies in the picture tells nothing.
const LEAST_SEEN: f32 = 0.6;

/// The longer side of the finer picture of the print, pixels: 3 in a millimetre of A4.
const FINE: f32 = 900.0;

/// A form's print.
pub(crate) struct Look {
    /// Darkness by cells of the sheet, row by row.
    width: usize,
    height: usize,
    dark: Vec<f32>,
    /// The sheet from edge to edge.
    pub(super) fine: GrayImage,
    /// Is it what was printed, or only what the template knows of it?
    pub(super) whole: bool,
}

impl Look {
    /// The print of the empty form: its picture, or what its template draws. `None` when that cannot be drawn.
    pub(crate) fn of(template: &Template) -> Option<Self> {
        let blank = template.blank.as_ref().and_then(|b| GrayImage::from_raw(b.width, b.height, b.pixels.clone()));
        // Our own forms are printed from their templates; of others those know but the boxes.
        let whole = blank.is_some() || template.unit == Unit::Millimetre;
        let picture = blank.or_else(|| draw::gray(template, &Preprint::new(), DRAWN_DPI).ok())?;
        let share = FINE / picture.width().max(picture.height()).max(1) as f32;
        let size = |side: u32| ((side as f32 * share).round() as u32).max(1);
        let fine = if share < 1.0 { cv::shrink(&picture, size(picture.width()), size(picture.height()))? } else { picture.clone() };
        let cell = template.width.max(template.height) / CELLS;
        let (width, height) = ((template.width / cell).round().max(1.0), (template.height / cell).round().max(1.0));
        let coarse = cv::shrink(&picture, width as u32, height as u32)?;
        let dark = coarse.as_raw().iter().map(|p| f32::from(255 - p)).collect();
        Some(Self { width: width as usize, height: height as usize, dark: clipped(dark), fine, whole })
    }

    /// Correlation of the form's print with what stands in the picture where `map` puts it, −1..1.
    pub(crate) fn agreement(&self, scene: &Scene<'_>, template: &Template, map: &Homography) -> f32 {
        let cell = template.width / self.width as f32;
        let origin = map.apply(Point::new(0.0, 0.0));
        let pixels = origin.distance(map.apply(Point::new(cell, 0.0)));
        let level = (pixels.max(1.0).log2().floor() as usize).min(scene.most_level());
        let (copy, shrink) = (scene.level(level), (1_u32 << level) as f32);
        let (w, h) = (copy.width() as f32, copy.height() as f32);
        let (mut here, mut there) = (Vec::with_capacity(self.dark.len()), Vec::with_capacity(self.dark.len()));
        for (index, dark) in self.dark.iter().enumerate() {
            let place = Point::new(
                ((index % self.width) as f32 + 0.5) * cell,
                ((index / self.width) as f32 + 0.5) * template.height / self.height as f32,
            );
            let p = map.apply(place);
            let (x, y) = (p.x / shrink, p.y / shrink);
            if x >= 0.0 && y >= 0.0 && x < w && y < h {
                here.push(f32::from(scene.paper.saturating_sub(copy.get_pixel(x as u32, y as u32).0[0])));
                there.push(*dark);
            }
        }
        if (here.len() as f32) < LEAST_SEEN * self.dark.len() as f32 {
            return -1.0;
        }
        correlation(&clipped(here), &there)
    }
}

fn clipped(mut dark: Vec<f32>) -> Vec<f32> {
    let most = dark.iter().copied().fold(0.0, f32::max) * CLIP;
    for value in &mut dark {
        *value = value.min(most);
    }
    dark
}

fn correlation(a: &[f32], b: &[f32]) -> f32 {
    let n = a.len().max(1) as f32;
    let (ma, mb) = (a.iter().sum::<f32>() / n, b.iter().sum::<f32>() / n);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        ab += (x - ma) * (y - mb);
        aa += (x - ma) * (x - ma);
        bb += (y - mb) * (y - mb);
    }
    ab / (aa * bb).sqrt().max(1e-6)
}
