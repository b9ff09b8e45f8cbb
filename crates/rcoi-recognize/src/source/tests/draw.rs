//! Draws small files of each format for the tests.

use image::codecs::jpeg::{JpegEncoder, PixelDensity};
use image::{DynamicImage, GrayImage, ImageFormat, Luma, RgbImage};
use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

pub(super) fn chessboard(width: u32, height: u32) -> GrayImage {
    GrayImage::from_fn(width, height, |x, y| Luma([if (x / 8 + y / 8) % 2 == 0 { 255 } else { 0 }]))
}

pub(super) fn png(gray: &GrayImage) -> Vec<u8> {
    png_of(&gray.clone().into())
}

pub(super) fn png_of(picture: &DynamicImage) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, ImageFormat::Png).unwrap();
    out.into_inner()
}

pub(super) fn jpeg(gray: &GrayImage) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut out, 90);
    encoder.set_pixel_density(PixelDensity::dpi(300));
    encoder.encode_image(gray).unwrap();
    out
}

pub(super) fn jpeg_rgb(picture: &RgbImage) -> Vec<u8> {
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, 90).encode_image(picture).unwrap();
    out
}

pub(super) fn webp(picture: &RgbImage) -> Vec<u8> {
    let mut out = Vec::new();
    let encoder = image_webp::WebPEncoder::new(&mut out);
    encoder.encode(picture.as_raw(), picture.width(), picture.height(), image_webp::ColorType::Rgb8).unwrap();
    out
}

/// Puts an EXIF block with tag 274 behind the start mark.
pub(super) fn with_exif_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut body = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    body.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    let mut out = vec![0xff, 0xd8, 0xff, 0xe1];
    out.extend((body.len() as u16 + 2).to_be_bytes());
    out.extend(body);
    out.extend(&jpeg[2..]);
    out
}

/// A PDF of equal pages, sides in points, each with one black square.
pub(super) fn pdf(pages: u32, width: u32, height: u32) -> Vec<u8> {
    let kids: String = (0..pages).map(|i| format!("{} 0 R ", i + 4)).collect();
    let page = format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Contents 3 0 R /Resources << >> >>");
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        format!("<< /Type /Pages /Count {pages} /Kids [{kids}] >>").into_bytes(),
        pdf_part("", b"0 g 20 20 40 40 re f"),
    ];
    objects.extend((0..pages).map(|_| page.clone().into_bytes()));
    pdf_of(&objects)
}

/// A PDF of one page of 90 × 90 points with these keys and resources; `parts` get the numbers from 5 on.
pub(super) fn pdf_page(keys: &str, resources: &str, parts: &[Vec<u8>]) -> Vec<u8> {
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>".to_vec(),
        format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 90 90] {keys} /Resources << {resources} >> >>").into_bytes(),
        b"null".to_vec(),
    ];
    objects.extend_from_slice(parts);
    pdf_of(&objects)
}

/// A part of a PDF that holds data.
pub(super) fn pdf_part(keys: &str, data: &[u8]) -> Vec<u8> {
    [format!("<< {keys} /Length {} >>\nstream\n", data.len()).as_bytes(), data, b"\nendstream"].concat()
}

fn pdf_of(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"%PDF-1.4\n".to_vec();
    let mut list = String::new();
    for (i, object) in objects.iter().enumerate() {
        let _ = writeln!(list, "{:010} 00000 n ", out.len());
        out.extend(format!("{} 0 obj\n", i + 1).into_bytes());
        out.extend(object);
        out.extend(b"\nendobj\n");
    }
    let (at, size) = (out.len(), objects.len() + 1);
    let trailer = format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{at}\n%%EOF\n");
    out.extend(format!("xref\n0 {size}\n0000000000 65535 f \n{list}{trailer}").into_bytes());
    out
}

/// A ZIP with deflated members.
pub(super) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// One page of a TIFF: tags besides the strip places, and the strips.
#[derive(Clone, Default)]
pub(super) struct TiffPage {
    pub(super) tags: Vec<(u16, Vec<u32>)>,
    /// Resolution along x and y, dots per inch.
    pub(super) dpi: Option<(u32, u32)>,
    pub(super) strips: Vec<Vec<u8>>,
}

impl TiffPage {
    /// A page of one-bit or eight-bit single samples.
    pub(super) fn new(width: u32, height: u32, bits: u32, compression: u32, photometric: u32, strips: Vec<Vec<u8>>) -> Self {
        let rows = height.div_ceil(strips.len().max(1) as u32);
        let tags = [(256, width), (257, height), (258, bits), (259, compression), (262, photometric), (277, 1), (278, rows)];
        Self { tags: tags.into_iter().map(|(t, v)| (t, vec![v])).collect(), dpi: None, strips }
    }

    pub(super) fn with(mut self, tag: u16, values: Vec<u32>) -> Self {
        self.tags.push((tag, values));
        self
    }
}

/// Writes a classic TIFF; every value is a LONG but the photometric and colour map tags, which must be SHORT.
pub(super) fn tiff(pages: &[TiffPage], little: bool) -> Vec<u8> {
    let b16 = |v: u16| if little { v.to_le_bytes() } else { v.to_be_bytes() };
    let b32 = |v: u32| if little { v.to_le_bytes() } else { v.to_be_bytes() };
    let mut out: Vec<u8> = if little { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
    let mut link = out.len();
    out.extend(b32(0));
    for page in pages {
        let places: Vec<u32> = page
            .strips
            .iter()
            .map(|strip| {
                let at = out.len() as u32;
                out.extend(strip);
                at
            })
            .collect();
        let mut tags = page.tags.clone();
        tags.push((273, places));
        tags.push((279, page.strips.iter().map(|s| s.len() as u32).collect()));
        let resolution = page.dpi.map(|(x, y)| {
            let at = out.len() as u32;
            out.extend([x, 1, y, 1].into_iter().flat_map(b32));
            at
        });
        tags.sort_by_key(|(tag, _)| *tag);
        let mut entries: Vec<(u16, u16, u32, [u8; 4])> = Vec::new();
        for (tag, values) in &tags {
            let short = matches!(tag, 258 | 259 | 262 | 277 | 320);
            let raw: Vec<u8> = values.iter().flat_map(|v| if short { b16(*v as u16).to_vec() } else { b32(*v).to_vec() }).collect();
            let slot = if raw.len() <= 4 {
                let mut slot = [0; 4];
                slot[..raw.len()].copy_from_slice(&raw);
                slot
            } else {
                let at = b32(out.len() as u32);
                out.extend(&raw);
                at
            };
            entries.push((*tag, if short { 3 } else { 4 }, values.len() as u32, slot));
        }
        if let Some(at) = resolution {
            entries.push((282, 5, 1, b32(at)));
            entries.push((283, 5, 1, b32(at + 8)));
            entries.sort_by_key(|e| e.0);
        }
        let here = b32(out.len() as u32);
        out[link..link + 4].copy_from_slice(&here);
        out.extend(b16(entries.len() as u16));
        for (tag, kind, count, slot) in entries {
            out.extend(b16(tag));
            out.extend(b16(kind));
            out.extend(b32(count));
            out.extend(slot);
        }
        link = out.len();
        out.extend(b32(0));
    }
    out
}

/// CCITT Group 4 data of a picture (below 128 = black).
pub(super) fn group4(gray: &GrayImage) -> Vec<u8> {
    let mut encoder = fax::encoder::Encoder::new(fax::VecWriter::new());
    for row in gray.rows() {
        let pels = row.map(|p| if p.0[0] < 128 { fax::Color::Black } else { fax::Color::White });
        encoder.encode_line(pels, gray.width() as u16).unwrap();
    }
    encoder.finish().unwrap().finish()
}

/// One-bit rows padded to bytes, 1 = black.
pub(super) fn packed(gray: &GrayImage) -> Vec<u8> {
    gray.rows()
        .flat_map(|row| {
            let bits: Vec<u8> = row.map(|p| u8::from(p.0[0] < 128)).collect();
            bits.chunks(8).map(|c| c.iter().enumerate().fold(0, |sum, (i, b)| sum | b << (7 - i))).collect::<Vec<u8>>()
        })
        .collect()
}
