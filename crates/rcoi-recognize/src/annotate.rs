//! Paints what was seen: green = sure, orange = doubtful, blue = empty.

use image::{GrayImage, Rgb, RgbImage};
use rcoi_model::{FieldReading, PageReading, Point, Quad};

const SURE: Rgb<u8> = Rgb([0, 140, 60]);
const DOUBT: Rgb<u8> = Rgb([230, 110, 0]);
const EMPTY: Rgb<u8> = Rgb([90, 140, 230]);

/// The picture with the outlines of fields, cells and boxes.
#[must_use]
pub fn annotate(gray: &GrayImage, reading: &PageReading) -> RgbImage {
    let mut out = RgbImage::from_fn(gray.width(), gray.height(), |x, y| {
        let v = gray.get_pixel(x, y).0[0];
        Rgb([v, v, v])
    });
    for field in &reading.fields {
        quad(&mut out, &field.area, colour(field));
        for c in field.chars.iter().filter(|c| !c.empty) {
            quad(&mut out, &c.area, if c.confidence.get() < 0.93 { DOUBT } else { SURE });
        }
        for m in &field.marks {
            let colour = match m.state {
                rcoi_model::MarkState::Marked => SURE,
                rcoi_model::MarkState::Empty => EMPTY,
                _ => DOUBT,
            };
            quad(&mut out, &m.area, colour);
        }
    }
    out
}

fn colour(field: &FieldReading) -> Rgb<u8> {
    if !field.doubts.is_empty() {
        DOUBT
    } else if field.value.is_empty() {
        EMPTY
    } else {
        SURE
    }
}

fn quad(out: &mut RgbImage, quad: &Quad, colour: Rgb<u8>) {
    for i in 0..4 {
        line(out, quad.0[i], quad.0[(i + 1) % 4], colour);
    }
}

fn line(out: &mut RgbImage, a: Point, b: Point, colour: Rgb<u8>) {
    let steps = a.distance(b).ceil().clamp(1.0, 20_000.0);
    for i in 0..=steps as u32 {
        let t = i as f32 / steps;
        let (x, y) = (a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t);
        for (dx, dy) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)] {
            let (px, py) = (x + dx, y + dy);
            if px >= 0.0 && py >= 0.0 && (px as u32) < out.width() && (py as u32) < out.height() {
                out.put_pixel(px as u32, py as u32, colour);
            }
        }
    }
}
