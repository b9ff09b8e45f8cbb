//! The JPEG writer, read back by another library.

use image::{GrayImage, Luma};
use rcoi_synth::jpeg;

#[test]
fn a_picture_of_any_size_comes_back_nearly_as_it_was() {
    for (width, height) in [(1, 1), (8, 8), (37, 61), (200, 120)] {
        let page =
            GrayImage::from_fn(width, height, |x, y| Luma([if (x / 9 + y / 7).is_multiple_of(2) { 235 } else { (40 + x % 50) as u8 }]));
        for quality in [50, 75, 95, 100] {
            let bytes = jpeg(&page, quality, 300).expect("a JPEG");
            let back = image::load_from_memory(&bytes).expect("a picture").to_luma8();
            assert_eq!(back.dimensions(), (width, height));
            let worst = page.pixels().zip(back.pixels()).map(|(a, b)| a.0[0].abs_diff(b.0[0])).max().unwrap_or(0);
            let most = [90, 60, 14, 3][[50, 75, 95, 100].iter().position(|q| *q == quality).unwrap_or(0)];
            assert!(worst <= most, "{width} × {height} at {quality}: {worst}");
        }
    }
}

#[test]
fn white_stays_white_and_black_stays_black() {
    for level in [0, 128, 255] {
        let bytes = jpeg(&GrayImage::from_pixel(64, 64, Luma([level])), 80, 300).expect("a JPEG");
        let back = image::load_from_memory(&bytes).expect("a picture").to_luma8();
        assert!(back.pixels().all(|p| p.0[0].abs_diff(level) <= 1), "{level}");
    }
}

#[test]
fn a_picture_that_the_format_cannot_hold_is_refused() {
    assert!(jpeg(&GrayImage::new(0, 4), 80, 300).is_err());
    assert!(jpeg(&GrayImage::new(70_000, 1), 80, 300).is_err());
}
