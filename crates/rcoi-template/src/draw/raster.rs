//! Grey pictures of blanks. The part that is the same on every sheet is drawn once and kept.

use super::{DrawError, SVG_DPI, printed, svg, tree};
use crate::{Align, Field, Preprint, Template, Unit};
use image::GrayImage;
use rcoi_model::Point;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::Tree;
use std::sync::{Arc, Mutex, PoisonError};

/// A blank drawn at one resolution, ready to have values printed on it.
#[derive(Debug, Clone)]
pub struct Blank {
    template: Template,
    /// Pixels in a form unit.
    scale: f32,
    empty: GrayImage,
}

impl Blank {
    /// Draws the blank. `dpi` counts for millimetre templates; pixel templates are drawn one to one.
    ///
    /// # Errors
    /// When the drawing cannot be read back; a template that `parse` accepted does not lead to this.
    pub fn new(template: &Template, dpi: f32) -> Result<Self, DrawError> {
        let scale = match template.unit {
            Unit::Millimetre => dpi / 25.4,
            Unit::Pixel => 1.0,
        };
        let size = |length: f32| (length * scale).round().clamp(1.0, 20_000.0) as u32;
        let empty = render(template, [0, 0, size(template.width), size(template.height)], scale, &svg::blank(template))?;
        Ok(Self { template: template.clone(), scale, empty })
    }

    /// The blank with the values of `preprint`.
    ///
    /// # Errors
    /// A value that its code cannot carry.
    pub fn with(&self, preprint: &Preprint) -> Result<GrayImage, DrawError> {
        let mut picture = self.empty.clone();
        for field in &self.template.fields {
            if let Some(value) = preprint.get(&field.name) {
                self.print(&mut picture, field, value)?;
            }
        }
        Ok(picture)
    }

    fn print(&self, picture: &mut GrayImage, field: &Field, value: &str) -> Result<(), DrawError> {
        let bounds = field.spec.bounds();
        let (width, height) = picture.dimensions();
        let low = |v: f32, most: u32| ((v * self.scale).floor().max(0.0) as u32).min(most);
        let high = |v: f32, most: u32| ((v * self.scale).ceil().max(0.0) as u32).min(most);
        let (x, y) = (low(bounds.x, width), low(bounds.y, height));
        let (w, h) = (high(bounds.right(), width).saturating_sub(x), high(bounds.bottom(), height).saturating_sub(y));
        let body = printed(&self.template, field, value)?;
        if w == 0 || h == 0 || body.is_empty() {
            return Ok(());
        }
        let tile = render(&self.template, [x, y, w, h], self.scale, &body)?;
        for (tx, ty, pixel) in tile.enumerate_pixels() {
            let under = picture.get_pixel_mut(x + tx, y + ty);
            under.0[0] = under.0[0].min(pixel.0[0]);
        }
        Ok(())
    }
}

/// Draws `body` on white; `view` = left, top, width, height in pixels at `scale`.
fn render(template: &Template, view: [u32; 4], scale: f32, body: &str) -> Result<GrayImage, DrawError> {
    let [x, y, w, h] = view;
    let area = [x as f32 / scale, y as f32 / scale, w as f32 / scale, h as f32 / scale];
    let tree = tree(&template.id.0, &svg::document(&w.to_string(), &h.to_string(), area, body))?;
    picture(&tree, w, h).map_err(|reason| failed(&template.id.0, reason))
}

fn picture(tree: &Tree, width: u32, height: u32) -> Result<GrayImage, &'static str> {
    let mut pixmap = Pixmap::new(width, height).ok_or("the page has no area")?;
    resvg::render(tree, Transform::identity(), &mut pixmap.as_mut());
    let luma =
        pixmap.pixels().iter().map(|p| ((u32::from(p.red()) * 77 + u32::from(p.green()) * 150 + u32::from(p.blue()) * 29) >> 8) as u8);
    GrayImage::from_raw(width, height, luma.collect()).ok_or("the picture has another size than asked for")
}

/// Width of a digit of the face that values are printed in, as a share of its height.
const DIGIT_WIDTH: f32 = 0.636 / svg::CAP;

/// The digits 0 to 9 as codes have them in their captions: each a grey picture (255 = white) `height` pixels high, as high as
/// the digit itself, and as wide as the room that it takes in a line.
///
/// # Errors
/// When the drawing cannot be read back; the embedded face does not lead to this.
pub fn digits(height: u32) -> Result<Vec<GrayImage>, DrawError> {
    let width = (height as f32 * DIGIT_WIDTH).round().max(1.0);
    let draw = |digit: u32| {
        let mut body = String::new();
        let base = Point::new(width / 2.0, height as f32);
        svg::text(&mut body, base, height as f32 / svg::CAP, &digit.to_string(), false, Align::Middle, "#000000");
        let document = svg::document(&width.to_string(), &height.to_string(), [0.0, 0.0, width, height as f32], &body);
        picture(&tree("digits", &document)?, width as u32, height).map_err(|reason| failed("digits", reason))
    };
    (0..10).map(draw).collect()
}

fn failed(name: &str, reason: &str) -> DrawError {
    DrawError::Svg { template: name.to_owned(), reason: reason.to_owned() }
}

/// Kept blanks: all forms of one exam at two resolutions.
const KEPT: usize = 16;
static BLANKS: Mutex<Vec<(u32, Arc<Blank>)>> = Mutex::new(Vec::new());

/// The blank with its printed values as a grey picture, 255 = white. The empty blank is kept between calls.
///
/// # Errors
/// A value that its code cannot carry.
pub fn gray(template: &Template, preprint: &Preprint, dpi: f32) -> Result<GrayImage, DrawError> {
    let key = dpi.to_bits();
    let kept = BLANKS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .iter()
        .find(|(k, b)| *k == key && b.template == *template)
        .map(|(_, b)| Arc::clone(b));
    let blank = match kept {
        Some(blank) => blank,
        None => {
            let blank = Arc::new(Blank::new(template, dpi)?);
            let mut blanks = BLANKS.lock().unwrap_or_else(PoisonError::into_inner);
            if blanks.len() >= KEPT {
                blanks.remove(0);
            }
            blanks.push((key, Arc::clone(&blank)));
            blank
        }
    };
    blank.with(preprint)
}

// The tree is made at 96 dots to the inch, so that a width without unit is a pixel.
const _: () = assert!(SVG_DPI == 96.0);
