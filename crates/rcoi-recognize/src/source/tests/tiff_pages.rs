//! TIFF of every compression scanners write, pixel for pixel.

use super::draw::{TiffPage, chessboard, group4, packed, tiff};
use crate::source::{Limits, SourceError, decode, page_count};
use ::tiff::encoder::{Compression, DeflateLevel, TiffEncoder, colortype};
use image::{GrayImage, Luma};
use proptest::prelude::*;
use std::io::Cursor;

fn read(file: &[u8], index: u32) -> GrayImage {
    decode(file, index, &Limits::default()).unwrap().gray
}

fn ring(width: u32, height: u32) -> GrayImage {
    let (cx, cy) = (width as f32 / 2.0, height as f32 / 2.0);
    GrayImage::from_fn(width, height, |x, y| {
        let r = (x as f32 - cx).hypot(y as f32 - cy);
        Luma([if (10.0..14.0).contains(&r) { 0 } else { 255 }])
    })
}

#[test]
fn group_4_pages_of_one_file_are_counted_and_read_in_order() {
    let pictures = [ring(61, 40), chessboard(100, 33), GrayImage::from_pixel(17, 5, Luma([255]))];
    let pages: Vec<TiffPage> = pictures.iter().map(|p| TiffPage::new(p.width(), p.height(), 1, 4, 0, vec![group4(p)])).collect();
    for little in [true, false] {
        let file = tiff(&pages, little);
        assert_eq!(page_count(&file, &Limits::default()), Ok(3));
        for (i, picture) in pictures.iter().enumerate() {
            assert_eq!(&read(&file, i as u32), picture);
        }
        assert_eq!(decode(&file, 3, &Limits::default()).unwrap_err(), SourceError::NoSuchPage { index: 3, pages: 3 });
    }
}

#[test]
fn strips_and_both_meanings_of_black_are_understood() {
    let picture = ring(64, 48);
    let halves: Vec<Vec<u8>> = [0, 24].map(|y| group4(&image::imageops::crop_imm(&picture, 0, y, 64, 24).to_image())).into();
    assert_eq!(read(&tiff(&[TiffPage::new(64, 48, 1, 4, 0, halves.clone())], true), 0), picture);
    let negative = read(&tiff(&[TiffPage::new(64, 48, 1, 4, 1, halves)], true), 0);
    assert!(negative.pixels().zip(picture.pixels()).all(|(a, b)| a.0[0] == 255 - b.0[0]));
}

#[test]
fn bits_in_reverse_order_are_understood() {
    let picture = chessboard(77, 21);
    let turned: Vec<u8> = group4(&picture).iter().map(|b| b.reverse_bits()).collect();
    let page = TiffPage::new(77, 21, 1, 4, 0, vec![turned]).with(266, vec![2]);
    assert_eq!(read(&tiff(&[page], false), 0), picture);
}

#[test]
fn one_bit_rows_without_compression_are_read() {
    let picture = ring(45, 31);
    for (photometric, same) in [(0, true), (1, false)] {
        let got = read(&tiff(&[TiffPage::new(45, 31, 1, 1, photometric, vec![packed(&picture)])], true), 0);
        assert_eq!(got == picture, same);
        let negative = GrayImage::from_fn(45, 31, |x, y| Luma([255 - picture.get_pixel(x, y).0[0]]));
        assert_eq!(got == negative, !same);
    }
}

#[test]
fn group_3_lines_are_read() {
    // One line of 16 pixels, modified Huffman: white 4 = 1011, black 3 = 10, white 9 = 10100.
    let line = [0b1011_1010, 0b1000_0000];
    let page = TiffPage::new(16, 2, 1, 2, 0, vec![[line, line].concat()]);
    let got = read(&tiff(&[page], true), 0);
    for y in 0..2 {
        for x in 0..16 {
            assert_eq!(got.get_pixel(x, y).0[0], if (4..7).contains(&x) { 0 } else { 255 }, "{x} {y}");
        }
    }
    // The same two lines in Group 3 with end-of-line codes (000000000001).
    let bits = "000000000001".to_owned() + "10111010100" + "000000000001" + "10111010100";
    let bytes: Vec<u8> =
        bits.as_bytes().chunks(8).map(|c| c.iter().enumerate().fold(0, |sum, (i, b)| sum | (b - b'0') << (7 - i))).collect();
    let again = read(&tiff(&[TiffPage::new(16, 2, 1, 3, 0, vec![bytes])], true), 0);
    assert_eq!(again, got);
}

#[test]
fn lzw_deflate_packbits_and_plain_grey_are_read() {
    let picture = GrayImage::from_fn(90, 40, |x, y| Luma([(x * 2 + y) as u8]));
    for compression in [Compression::Uncompressed, Compression::Lzw, Compression::Deflate(DeflateLevel::Fast), Compression::Packbits] {
        let mut out = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut out).unwrap().with_compression(compression);
        encoder.write_image::<colortype::Gray8>(90, 40, picture.as_raw()).unwrap();
        encoder.write_image::<colortype::RGB8>(2, 1, &[0, 0, 0, 255, 255, 255]).unwrap();
        encoder.write_image::<colortype::Gray16>(2, 1, &[0, 0x80ff]).unwrap();
        let file = out.into_inner();
        assert_eq!(page_count(&file, &Limits::default()), Ok(3));
        assert_eq!(read(&file, 0), picture);
        assert_eq!(read(&file, 1).into_raw(), [0, 255]);
        assert_eq!(read(&file, 2).into_raw(), [0, 0x80]);
    }
}

#[test]
fn a_palette_page_is_read_through_its_colours() {
    let map = vec![0, 0xffff, 0, 0xffff, 0, 0xffff];
    let page = TiffPage::new(8, 1, 1, 1, 3, vec![vec![0b1010_0000]]).with(320, map);
    assert_eq!(read(&tiff(&[page], true), 0).into_raw(), [255, 0, 255, 0, 0, 0, 0, 0]);
}

#[test]
fn thumbnails_are_not_pages() {
    let picture = chessboard(40, 40);
    let page = TiffPage::new(40, 40, 1, 4, 0, vec![group4(&picture)]);
    let small = TiffPage::new(8, 8, 1, 4, 0, vec![group4(&chessboard(8, 8))]).with(254, vec![1]);
    let file = tiff(&[small, page], true);
    assert_eq!(page_count(&file, &Limits::default()), Ok(1));
    assert_eq!(read(&file, 0), picture);
}

#[test]
fn fax_pages_are_made_square() {
    let mut page = TiffPage::new(1728, 300, 1, 4, 0, vec![group4(&GrayImage::from_pixel(1728, 300, Luma([255])))]);
    page.dpi = Some((204, 102));
    let picture = decode(&tiff(&[page], true), 0, &Limits::default()).unwrap();
    assert_eq!(picture.gray.dimensions(), (1728, 600));
    assert_eq!(picture.dpi, Some(204.0));
}

#[test]
fn a_page_turned_by_its_tag_stands_upright() {
    let mut picture = GrayImage::from_pixel(30, 20, Luma([255]));
    picture.put_pixel(0, 0, Luma([0]));
    let page = TiffPage::new(30, 20, 1, 4, 0, vec![group4(&picture)]).with(274, vec![3]);
    let got = read(&tiff(&[page], true), 0);
    assert_eq!(got.get_pixel(29, 19).0[0], 0);
}

#[test]
fn a_cut_or_circular_tiff_is_an_error() {
    let picture = chessboard(200, 100);
    let file = tiff(&[TiffPage::new(200, 100, 1, 4, 0, vec![group4(&picture)])], true);
    let cut = page_count(&file[..file.len() / 2], &Limits::default()).unwrap_err();
    assert!(matches!(cut, SourceError::CutShort { .. }), "{cut}");
    // The strip alone is cut: the directory is whole.
    let data = group4(&picture);
    let half = TiffPage::new(200, 100, 1, 4, 0, vec![data[..data.len() / 2].to_vec()]);
    let short = decode(&tiff(&[half], true), 0, &Limits::default()).unwrap_err();
    assert!(matches!(short, SourceError::CutShort { .. }), "{short}");
    // The last link leads back to the first directory.
    let mut circle = file.clone();
    let (end, first) = (file.len() - 4, file[4..8].to_vec());
    circle[end..].copy_from_slice(&first);
    assert!(page_count(&circle, &Limits::default()).unwrap_err().to_string().contains("circle"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_bilevel_picture_survives_group_4(width in 1u32..90, rows in 1u32..12, seed in proptest::collection::vec(any::<bool>(), 90 * 12)) {
        let picture = GrayImage::from_fn(width, rows, |x, y| Luma([if seed[(y * 90 + x) as usize] { 0 } else { 255 }]));
        let file = tiff(&[TiffPage::new(width, rows, 1, 4, 0, vec![group4(&picture)])], true);
        prop_assert_eq!(read(&file, 0), picture);
    }
}
