//! Drawn files of every kind, read back and then damaged.

mod draw;
mod hostile;
mod tiff_pages;

use super::*;
use draw::{chessboard, jpeg, pdf, png};
use image::GrayImage;

#[test]
fn the_kind_is_told_by_the_first_bytes() {
    let gray = chessboard(32, 24);
    assert_eq!(kind(&png(&gray)), Some(Kind::Png));
    assert_eq!(kind(&jpeg(&gray)), Some(Kind::Jpeg));
    assert_eq!(kind(&pdf(1, 595, 842)), Some(Kind::Pdf));
    assert_eq!(kind(b"II*\0"), Some(Kind::Tiff));
    assert_eq!(kind(b"MM\0+"), Some(Kind::Tiff));
    assert_eq!(kind("Ответы: 1 2 3".as_bytes()), None);
}

#[test]
fn a_png_keeps_every_grey() {
    let gray = GrayImage::from_fn(64, 4, |x, y| image::Luma([(x * 4 + y) as u8]));
    let read = decode(&png(&gray), 0, &Limits::default()).unwrap();
    assert_eq!(read.gray, gray);
    assert_eq!(page_count(&png(&gray), &Limits::default()), Ok(1));
}

#[test]
fn a_webp_called_jpg_is_read_and_half_of_it_is_not() {
    let picture = image::RgbImage::from_fn(40, 30, |x, y| image::Rgb([(x * 6) as u8, (y * 8) as u8, 90]));
    let file = draw::webp(&picture);
    assert_eq!((kind(&file), page_count(&file, &Limits::default())), (Some(Kind::Webp), Ok(1)));
    let read = decode(&file, 0, &Limits::default()).unwrap();
    assert!(read.gray.enumerate_pixels().all(|(x, y, p)| p.0[0] == gray::luma((x * 6) as u8, (y * 8) as u8, 90)));
    assert!(decode(&file[..file.len() / 2], 0, &Limits::default()).is_err());
}

#[test]
fn transparent_parts_of_a_png_are_white_paper() {
    let clear = image::RgbaImage::from_pixel(8, 8, image::Rgba([0, 0, 0, 0]));
    let read = decode(&draw::png_of(&clear.into()), 0, &Limits::default()).unwrap();
    assert!(read.gray.pixels().all(|p| p.0 == [255]));
}

#[test]
fn a_jpeg_gives_its_luma_and_its_resolution() {
    let gray = chessboard(160, 96);
    let read = decode(&jpeg(&gray), 0, &Limits::default()).unwrap();
    assert_eq!(read.gray.dimensions(), (160, 96));
    let worst = read.gray.pixels().zip(gray.pixels()).map(|(a, b)| a.0[0].abs_diff(b.0[0])).max();
    assert!(worst < Some(40), "{worst:?}");
    // 160 pixels at 300 dpi would be a stamp: the statement is not believed.
    assert_eq!(read.dpi, None);
    let sheet = decode(&jpeg(&GrayImage::from_pixel(2480, 16, image::Luma([255]))), 0, &Limits::default()).unwrap();
    assert_eq!(sheet.dpi, Some(300.0));
}

#[test]
fn colours_of_a_jpeg_become_the_same_grey_as_elsewhere() {
    let red = image::RgbImage::from_pixel(64, 64, image::Rgb([200, 30, 30]));
    let read = decode(&draw::jpeg_rgb(&red), 0, &Limits::default()).unwrap();
    let expected = gray::luma(200, 30, 30);
    assert!(read.gray.get_pixel(32, 32).0[0].abs_diff(expected) <= 3);
}

#[test]
fn a_jpeg_turned_by_exif_stands_upright() {
    let mut stored = GrayImage::from_pixel(64, 32, image::Luma([255]));
    for y in 0..16 {
        for x in 0..16 {
            stored.put_pixel(x, y, image::Luma([0]));
        }
    }
    // Orientation 6: the picture must be turned a quarter clockwise.
    let read = decode(&draw::with_exif_orientation(&jpeg(&stored), 6), 0, &Limits::default()).unwrap();
    assert_eq!(read.gray.dimensions(), (32, 64));
    assert!(read.gray.get_pixel(28, 3).0[0] < 80);
    assert!(read.gray.get_pixel(3, 3).0[0] > 200);
}

#[test]
fn pdf_pages_are_counted_and_rendered_at_300_dpi() {
    let file = pdf(2, 210, 297);
    assert_eq!(page_count(&file, &Limits::default()), Ok(2));
    let page = decode(&file, 1, &Limits::default()).unwrap();
    assert_eq!(page.gray.dimensions(), (875, 1238));
    assert_eq!(page.dpi, Some(300.0));
    // The drawn black square lies 20 points from the left and 20 from the bottom, 40 points wide.
    assert!(page.gray.get_pixel(166, 1070).0[0] < 10);
    assert!(page.gray.get_pixel(600, 300).0[0] > 245);
    assert!(matches!(decode(&file, 2, &Limits::default()), Err(SourceError::NoSuchPage { index: 2, pages: 2 })));
}

#[test]
fn messages_are_one_lower_case_line() {
    let all = [
        page_count(b"", &Limits::default()).unwrap_err(),
        page_count(b"hello there", &Limits::default()).unwrap_err(),
        page_count(b"GIF89a....", &Limits::default()).unwrap_err(),
        page_count(b"PK\x05\x06", &Limits::default()).unwrap_err(),
        decode(b"II*\0\x08\0\0\0", 0, &Limits::default()).unwrap_err(),
    ];
    for error in all {
        let text = error.to_string();
        assert!(!text.contains('\n') && text.starts_with(char::is_lowercase), "{text}");
    }
}
