//! Cutting a field out of a page and turning a page: plain sampling of grey pixels.

use image::GrayImage;
use rcoi_model::{Point, Quad};

/// Longest side of a picture handed out, pixels.
const LONGEST: f32 = 2400.0;

/// The upright picture of an area with a margin around it, `margin` in parts of the area's height.
/// Outside the page it is white.
#[must_use]
pub(crate) fn cut(page: &GrayImage, area: &Quad, margin: f32) -> GrayImage {
    let [lt, rt, rb, lb] = area.0;
    let across = lt.distance(rt).max(lb.distance(rb)).clamp(1.0, LONGEST);
    let down = lt.distance(lb).max(rt.distance(rb)).clamp(1.0, LONGEST);
    let border = (margin * down).clamp(4.0, 80.0);
    let (width, height) = ((across + 2.0 * border).min(LONGEST), (down + 2.0 * border).min(LONGEST));
    let mut picture = GrayImage::new(width.ceil() as u32, height.ceil() as u32);
    let between = |a: Point, b: Point, part: f32| Point::new(a.x + (b.x - a.x) * part, a.y + (b.y - a.y) * part);
    for (y, row) in picture.rows_mut().enumerate() {
        let v = (y as f32 + 0.5 - border) / down;
        let (left, right) = (between(lt, lb, v), between(rt, rb, v));
        for (x, pixel) in row.enumerate() {
            pixel.0[0] = sample(page, between(left, right, (x as f32 + 0.5 - border) / across));
        }
    }
    picture
}

/// The same picture in sixteen greys: half the bytes of its PNG, and no eye sees the difference.
#[must_use]
pub(crate) fn sixteen_greys(mut picture: GrayImage) -> GrayImage {
    for pixel in picture.pixels_mut() {
        pixel.0[0] = (pixel.0[0] & 0xf0) | (pixel.0[0] >> 4);
    }
    picture
}

/// Bilinear sample; pixel centres lie at half integers; white outside.
fn sample(page: &GrayImage, at: Point) -> u8 {
    let (x, y) = (at.x - 0.5, at.y - 0.5);
    let (left, top) = (floor(x), floor(y));
    let (fx, fy) = (x - left as f32, y - top as f32);
    let pixel = |x: i32, y: i32| -> f32 {
        let inside = x >= 0 && y >= 0 && (x as u32) < page.width() && (y as u32) < page.height();
        if inside { f32::from(page.get_pixel(x as u32, y as u32).0[0]) } else { 255.0 }
    };
    let (right, below) = (left.saturating_add(1), top.saturating_add(1));
    let upper = pixel(left, top) * (1.0 - fx) + pixel(right, top) * fx;
    let lower = pixel(left, below) * (1.0 - fx) + pixel(right, below) * fx;
    (upper * (1.0 - fy) + lower * fy + 0.5) as u8
}

/// `f32::floor` calls a function for every pixel on processors that are taken for old ones.
fn floor(value: f32) -> i32 {
    let whole = value as i32;
    whole.saturating_sub(i32::from(value < whole as f32))
}

/// Turns clockwise by quarter turns and shrinks to at most `longest` pixels on the longer side.
#[must_use]
pub(crate) fn turned(page: &GrayImage, quarter_turns: u8, longest: u32) -> GrayImage {
    use image::imageops;
    let side = page.width().max(page.height()).max(1);
    let small = if side > longest {
        let shrink = |n: u32| ((u64::from(n) * u64::from(longest)) / u64::from(side)).max(1) as u32;
        imageops::resize(page, shrink(page.width()), shrink(page.height()), imageops::FilterType::Triangle)
    } else {
        page.clone()
    };
    upright(small, quarter_turns)
}

/// Turns clockwise by quarter turns and shrinks to at most `wide` by `high` pixels, each the mean of what it covers.
#[must_use]
pub(crate) fn small(page: &GrayImage, quarter_turns: u8, wide: u32, high: u32) -> GrayImage {
    let (wide, high) = if quarter_turns % 2 == 1 { (high, wide) } else { (wide, high) };
    let (w, h) = (u64::from(page.width().max(1)), u64::from(page.height().max(1)));
    let (wide, high) = (u64::from(wide), u64::from(high));
    // The side that is the longer one in its part of the box fills it.
    let (width, height) = if w * high > h * wide { (wide, h * wide / w) } else { (w * high / h, high) };
    let (width, height) = (width.clamp(1, w) as u32, height.clamp(1, h) as u32);
    upright(image::imageops::thumbnail(page, width, height), quarter_turns)
}

fn upright(picture: GrayImage, quarter_turns: u8) -> GrayImage {
    use image::imageops;
    match quarter_turns % 4 {
        1 => imageops::rotate90(&picture),
        2 => imageops::rotate180(&picture),
        3 => imageops::rotate270(&picture),
        _ => picture,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page whose left half is black.
    fn half() -> GrayImage {
        GrayImage::from_fn(100, 60, |x, _| image::Luma([if x < 50 { 0 } else { 255 }]))
    }

    fn quad(points: [(f32, f32); 4]) -> Quad {
        Quad(points.map(|(x, y)| Point::new(x, y)))
    }

    #[test]
    fn a_cutout_shows_its_area_upright() {
        let upright = cut(&half(), &quad([(30.0, 20.0), (70.0, 20.0), (70.0, 40.0), (30.0, 40.0)]), 0.0);
        assert_eq!(upright.dimensions(), (48, 28), "forty by twenty with the smallest border of four");
        assert!(upright.get_pixel(5, 14).0[0] < 10 && upright.get_pixel(42, 14).0[0] > 245);
        let upside_down = cut(&half(), &quad([(70.0, 40.0), (30.0, 40.0), (30.0, 20.0), (70.0, 20.0)]), 0.0);
        assert!(upside_down.get_pixel(5, 14).0[0] > 245 && upside_down.get_pixel(42, 14).0[0] < 10);
    }

    #[test]
    fn beyond_the_page_is_white_paper() {
        let edge = cut(&half(), &quad([(-20.0, 20.0), (20.0, 20.0), (20.0, 40.0), (-20.0, 40.0)]), 0.0);
        assert!(edge.get_pixel(5, 14).0[0] > 245 && edge.get_pixel(40, 14).0[0] < 10);
    }

    #[test]
    fn a_page_is_turned_clockwise_and_shrunk() {
        let up = turned(&half(), 1, 50);
        assert_eq!(up.dimensions(), (30, 50));
        assert!(up.get_pixel(15, 5).0[0] < 10, "what was left is now on top");
    }
    #[test]
    fn a_small_picture_fits_its_box_whichever_way_the_sheet_lies() {
        let page = GrayImage::from_fn(2480, 3508, |x, y| image::Luma([if x < 1240 && y < 1754 { 0 } else { 255 }]));
        for (turns, corner) in [(0, (2, 2)), (1, (150, 2)), (2, (150, 220)), (3, (2, 150))] {
            let shown = small(&page, turns, 160, 226);
            assert!(shown.width() <= 160 && shown.height() <= 226, "{:?}", shown.dimensions());
            let (x, y) = (corner.0.min(shown.width() - 3), corner.1.min(shown.height() - 3));
            assert!(shown.get_pixel(x, y).0[0] < 10, "turned {turns}");
        }
        assert_eq!(small(&page, 0, 160, 226).dimensions(), (159, 226));
        let strip = GrayImage::from_pixel(900, 60, image::Luma([9]));
        assert_eq!(small(&strip, 0, 80, 113).dimensions(), (80, 5));
        let tiny = GrayImage::from_pixel(4, 4, image::Luma([9]));
        assert_eq!(small(&tiny, 1, 80, 113).dimensions(), (4, 4));
    }
}
