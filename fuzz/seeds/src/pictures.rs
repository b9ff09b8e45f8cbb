//! Pictures of every kind of pixel and packing that the decoders tell apart.

use crate::draw::{TiffPage, chessboard, group4, jpeg, jpeg_rgb, packed, png, png_of, tiff, webp, with_exif_orientation};
use crate::{Seed, seed};
use image::{DynamicImage, GrayImage, RgbImage};
use std::io::Cursor;
use tiff::encoder::{Compression, Predictor, TiffEncoder, colortype};

pub(crate) fn all() -> Vec<Seed> {
    let gray = chessboard(40, 24);
    let colour = RgbImage::from_fn(32, 24, |x, y| image::Rgb([(x * 7) as u8, (y * 9) as u8, 90]));
    let any = DynamicImage::from(colour.clone());
    let mut all = vec![
        seed("gray.jpg", jpeg(&gray)),
        seed("colour.jpg", jpeg_rgb(&colour)),
        seed("turned.jpg", with_exif_orientation(&jpeg(&gray), 6)),
        seed("progressive.jpg", progressive()),
        seed("gray.png", png(&gray)),
        seed("rgb.png", png_of(&any)),
        seed("rgba.png", png_of(&any.to_rgba8().into())),
        seed("gray16.png", png_of(&any.to_luma16().into())),
        seed("rgb16.png", png_of(&any.to_rgb16().into())),
        seed("gray-alpha.png", png_of(&any.to_luma_alpha8().into())),
        seed("lossless.webp", webp(&colour)),
    ];
    all.extend(tiffs(&gray, &colour));
    all
}

fn tiffs(gray: &GrayImage, colour: &RgbImage) -> Vec<Seed> {
    let (w, h) = gray.dimensions();
    let g4 = TiffPage::new(w, h, 1, 4, 0, vec![group4(gray)]);
    let raw = TiffPage::new(w, h, 8, 1, 1, gray.as_raw().chunks(w as usize * 8).map(<[u8]>::to_vec).collect());
    let mut fax = TiffPage::new(w, h, 1, 3, 0, vec![group4(gray)]).with(292, vec![1]);
    fax.dpi = Some((204, 98));
    // The first strip of the first page begins at byte 8, so a tile can point there.
    let tiles = raw.clone().with(322, vec![w]).with(323, vec![h]).with(324, vec![8]).with(325, vec![w * h]);
    let map: Vec<u32> = (0..3 * 256).map(|i| i * 85).collect();
    let palette = TiffPage::new(w, h, 8, 1, 3, vec![gray.as_raw().clone()]).with(320, map);
    let mut all = vec![
        seed("g4.tif", tiff(std::slice::from_ref(&g4), true)),
        seed("g4-big-end.tif", tiff(std::slice::from_ref(&g4), false)),
        seed("pages.tif", tiff(&[g4, raw.clone()], true)),
        seed("raw.tif", tiff(&[raw], false)),
        seed("fax3.tif", tiff(&[fax], true)),
        seed("bilevel.tif", tiff(&[TiffPage::new(w, h, 1, 1, 0, vec![packed(gray)])], true)),
        seed("tiles.tif", tiff(&[tiles], true)),
        seed("palette.tif", tiff(&[palette], true)),
    ];
    for (name, how, predictor) in [
        ("lzw.tif", Compression::Lzw, Predictor::None),
        ("lzw-predictor.tif", Compression::Lzw, Predictor::Horizontal),
        ("deflate.tif", Compression::Deflate(tiff::encoder::DeflateLevel::Fast), Predictor::Horizontal),
        ("packbits.tif", Compression::Packbits, Predictor::None),
    ] {
        let mut out = Cursor::new(Vec::new());
        let written = TiffEncoder::new(&mut out)
            .map(|e| e.with_compression(how).with_predictor(predictor))
            .and_then(|mut e| e.write_image::<colortype::RGB8>(colour.width(), colour.height(), colour.as_raw()));
        if written.is_ok() {
            all.push(seed(name, out.into_inner()));
        }
    }
    all
}

/// A grey progressive JPEG of 16 × 16 pixels: one scan of mean values and one of the rest, all zero.
fn progressive() -> Vec<u8> {
    let mut out = vec![0xff, 0xd8];
    let mut segment = |marker: u8, body: &[u8]| {
        out.extend([0xff, marker]);
        out.extend((body.len() as u16 + 2).to_be_bytes());
        out.extend(body);
    };
    segment(0xdb, &[&[0u8][..], &[1; 64]].concat());
    segment(0xc2, &[8, 0, 16, 0, 16, 1, 1, 0x11, 0]);
    // One code of one bit for the symbol 0, for mean values and for the rest.
    let one = |class: u8| [&[class, 1][..], &[0; 15], &[0]].concat();
    segment(0xc4, &one(0x00));
    segment(0xc4, &one(0x10));
    for (from, to) in [(0, 0), (1, 63)] {
        out.extend([0xff, 0xda, 0, 8, 1, 1, 0, from, to, 0, 0x0f]);
    }
    out.extend([0xff, 0xd9]);
    out
}
