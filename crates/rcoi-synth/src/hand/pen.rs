//! A round pen on grey paper: anti-aliased strokes of changing width.

use image::GrayImage;
use rcoi_model::Point;

/// A pen; lengths in pixels of the page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pen {
    pub width: f32,
    /// Grey value of full ink, 0 = black.
    pub ink: u8,
}

impl Pen {
    /// Draws a poly-line given in pixels. Ink never makes paper lighter.
    pub fn line(&self, page: &mut GrayImage, points: &[Point]) {
        if let [only] = points {
            self.segment(page, *only, *only);
        }
        for pair in points.windows(2) {
            self.segment(page, pair[0], pair[1]);
        }
    }

    fn segment(&self, page: &mut GrayImage, a: Point, b: Point) {
        let radius = self.width / 2.0;
        let reach = radius + 1.0;
        let (width, height) = page.dimensions();
        let low = |v: f32, most: u32| (v - reach).floor().clamp(0.0, most as f32) as u32;
        let high = |v: f32, most: u32| (v + reach).ceil().clamp(0.0, most as f32) as u32;
        let (x0, x1) = (low(a.x.min(b.x), width), high(a.x.max(b.x), width));
        let (y0, y1) = (low(a.y.min(b.y), height), high(a.y.max(b.y), height));
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        let length = (dx * dx + dy * dy).max(1e-6);
        let full = f32::from(255 - self.ink);
        let stride = width as usize;
        let pixels: &mut [u8] = page;
        let outer = (radius + 0.5) * (radius + 0.5);
        for y in y0..y1 {
            let py = y as f32 + 0.5 - a.y;
            // Where the row can meet the stroke: beyond that only distances would be computed.
            let (from, to) = if dy.abs() > 0.5 {
                let (middle, half) = (a.x + py * dx / dy, reach * length.sqrt() / dy.abs());
                (x0.max((middle - half).max(0.0) as u32), x1.min((middle + half).max(0.0) as u32 + 1))
            } else {
                (x0, x1)
            };
            for x in from..to {
                let px = x as f32 + 0.5 - a.x;
                let t = ((px * dx + py * dy) / length).clamp(0.0, 1.0);
                let (ox, oy) = (px - t * dx, py - t * dy);
                let away = ox * ox + oy * oy;
                if away < outer {
                    let value = (255.0 - full * (radius + 0.5 - away.sqrt()).min(1.0)) as u8;
                    let pixel = &mut pixels[y as usize * stride + x as usize];
                    *pixel = (*pixel).min(value);
                }
            }
        }
    }
}
