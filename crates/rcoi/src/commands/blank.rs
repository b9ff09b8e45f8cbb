//! `rcoi template import … --blank`: pictures of the empty form, laid onto the page of the imported layout.

use anyhow::{Context, Result, bail};
use image::{GrayImage, Luma};
use rcoi_model::{Homography, Point};
use rcoi_pipeline::refusal;
use rcoi_recognize::source::{self, Limits};
use rcoi_recognize::{FormReader, Params, Picture};
use rcoi_template::{Locate, Template, TemplateSet};
use std::fs;
use std::path::PathBuf;

/// A picture whose page lies this near to its edges, in parts of its longer side, is the page as it is: a rendered blank.
const IS_THE_PAGE: f32 = 0.005;

/// The pages of all files, in their order.
pub(super) fn pages(files: &[PathBuf]) -> Result<Vec<Picture>> {
    let limits = Limits::default();
    let mut all = Vec::new();
    for file in files {
        let shown = file.display();
        let bytes = fs::read(file).with_context(|| format!("--blank {shown}: cannot be read"))?;
        let page = |index| source::decode(&bytes, index, &limits);
        let read = source::page_count(&bytes, &limits).and_then(|count| (0..count).map(page).collect::<Result<Vec<_>, _>>());
        match read {
            Ok(pages) => all.extend(pages),
            Err(error) => bail!("--blank {shown}: {}", refusal(&error)),
        }
    }
    Ok(all)
}

/// The part of a picture that is the page of a form, upright: found as the form is found on a scan.
pub(super) fn page_of(template: &Template, picture: &Picture) -> Result<GrayImage> {
    let reader = FormReader::new(TemplateSet { templates: vec![template.clone()] }, Params::default())?;
    let (width, height) = picture.gray.dimensions();
    let Some(placement) = reader.read_page(picture).placement else {
        let marks = match &template.locate {
            Locate::Anchors(anchors) => format!("its {} corner marks", anchors.len()),
            Locate::PageFrame => "its edges on a darker ground".to_owned(),
            Locate::Whole => "a page".to_owned(),
        };
        bail!("--blank: expected the empty form with {marks}, they are not found on the {width} × {height} pixels of the picture");
    };
    let map = placement.form_to_picture;
    let corner = |x, y| map.apply(Point::new(x, y));
    let (w, h) = (template.width, template.height);
    let corners = [corner(0.0, 0.0), corner(w, 0.0), corner(w, h), corner(0.0, h)];
    let (right, bottom) = (width as f32, height as f32);
    let edges = [Point::new(0.0, 0.0), Point::new(right, 0.0), Point::new(right, bottom), Point::new(0.0, bottom)];
    let near = IS_THE_PAGE * right.max(bottom);
    if corners.iter().zip(edges).all(|(corner, edge)| corner.distance(edge) <= near) {
        return Ok(picture.gray.clone());
    }
    let across = corners[0].distance(corners[1]).max(corners[3].distance(corners[2]));
    let down = corners[0].distance(corners[3]).max(corners[1].distance(corners[2]));
    // The scale of the picture is kept along both edges, in the shape of the page.
    let scale = (across / w).max(down / h);
    let (out_w, out_h) = ((w * scale).round(), (h * scale).round());
    let most = Limits::default().max_pixels as f32;
    if !(out_w >= 1.0 && out_h >= 1.0 && out_w * out_h <= most) {
        bail!("--blank: the form is found {out_w} × {out_h} pixels large: expected 1 to {most} pixels");
    }
    Ok(cut(&picture.gray, &map, scale, out_w as u32, out_h as u32))
}

/// The page, `scale` pixels for a form unit; what lies beyond the picture is white.
fn cut(gray: &GrayImage, map: &Homography, scale: f32, width: u32, height: u32) -> GrayImage {
    let at = |x: i64, y: i64| {
        let inside = x >= 0 && y >= 0 && x < i64::from(gray.width()) && y < i64::from(gray.height());
        if inside { f32::from(gray.get_pixel(x as u32, y as u32).0[0]) } else { 255.0 }
    };
    GrayImage::from_fn(width, height, |x, y| {
        let p = map.apply(Point::new((x as f32 + 0.5) / scale, (y as f32 + 0.5) / scale));
        let (px, py) = (p.x - 0.5, p.y - 0.5);
        let (x0, y0) = (px.floor(), py.floor());
        let (fx, fy) = (px - x0, py - y0);
        let (x0, y0) = (x0 as i64, y0 as i64);
        let upper = at(x0, y0) * (1.0 - fx) + at(x0 + 1, y0) * fx;
        let lower = at(x0, y0 + 1) * (1.0 - fx) + at(x0 + 1, y0 + 1) * fx;
        Luma([(upper * (1.0 - fy) + lower * fy).round() as u8])
    })
}

#[cfg(test)]
mod tests {
    use super::page_of;
    use image::imageops::{self, FilterType};
    use image::{GrayImage, Luma};
    use rcoi_recognize::Picture;
    use rcoi_template::import::{Imported, open_mcr};
    use rcoi_template::{Preprint, Template, draw, parse};

    /// Twenty questions of five bubbles between the corner marks of open-mcr.
    fn imported() -> (Imported, Template) {
        let bubble = |row: u32, column: u32| {
            let (u, v) = (0.2 + 0.1 * f64::from(column), 0.12 + 0.04 * f64::from(row));
            format!(r#"{{"value": "{column}", "u": {u}, "v": {v}}}"#)
        };
        let field = |row: u32| {
            let bubbles: Vec<String> = (0..5).map(|column| bubble(row, column)).collect();
            format!(r#"{{"field": "Q{row}", "bubbles": [{}]}}"#, bubbles.join(", "))
        };
        let fields: Vec<String> = (0..20).map(field).collect();
        let json = format!(r#"{{"sheet": {{"fields": [{}]}}}}"#, fields.join(", "));
        let one = open_mcr(&json).expect("a layout").remove(0);
        let template = parse("sheet.toml", &one.toml).expect("what we write we read");
        (one, template)
    }

    /// The drawn form on a larger sheet of paper, as a scanner shows it.
    fn scan(template: &Template) -> GrayImage {
        let form = draw::gray(template, &Preprint::new(), 100.0).expect("a drawing");
        let form = imageops::resize(&form, form.width() * 2, form.height() * 2, FilterType::Triangle);
        let mut sheet = GrayImage::from_pixel(form.width() + 200, form.height() + 260, Luma([255]));
        imageops::replace(&mut sheet, &form, 90, 120);
        sheet
    }

    #[test]
    fn the_page_of_a_scanned_blank_is_cut_out_by_its_corner_marks_and_goes_into_the_template() {
        let (one, template) = imported();
        let picture = Picture { gray: scan(&template), dpi: None };
        let page = page_of(&template, &picture).expect("the marks are there");
        assert!(page.width().abs_diff(1440) <= 4 && page.height().abs_diff(1920) <= 4, "{:?}", page.dimensions());
        // The L fills its corner, the other corners have squares.
        for (x, y) in [(8, 8), (1430, 8), (1430, 1910), (8, 1910)] {
            assert!(page.get_pixel(x, y).0[0] < 100, "{x}, {y}");
        }
        let with = one.with_blank(&page).expect("it shows the form");
        let template = parse("sheet.toml", &with.toml).expect("what we write we read");
        assert_eq!(template.blank.map(|b| (b.width, b.height)), Some(page.dimensions()));
    }

    #[test]
    fn a_blank_that_lies_turned_is_laid_upright() {
        let (_, template) = imported();
        let turned = Picture { gray: imageops::rotate90(&scan(&template)), dpi: None };
        let page = page_of(&template, &turned).expect("the marks are there");
        assert!(page.get_pixel(20, 70).0[0] > 200 && page.get_pixel(8, 50).0[0] < 100, "the L stands upper left");
    }

    #[test]
    fn a_picture_without_the_form_is_refused_with_what_was_expected() {
        let (_, template) = imported();
        let empty = Picture { gray: GrayImage::from_pixel(900, 1200, Luma([255])), dpi: None };
        let said = page_of(&template, &empty).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(said.contains("4 corner marks") && said.contains("900 × 1200"), "{said}");
    }
}
