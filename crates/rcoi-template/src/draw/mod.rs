//! Draws a blank from its template: SVG, and from the SVG a print-ready PDF and a grey picture.

mod code;
mod raster;
mod svg;

pub use raster::{Blank, digits, gray};

use crate::{Field, Preprint, Template, Unit};
use resvg::usvg;
use std::sync::{Arc, OnceLock};
use svg2pdf::{ConversionOptions, PageOptions};

/// Why a drawing could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    /// A value that its code cannot carry, or a code that we cannot print.
    #[error("template `{template}`, field `{field}`: value `{value}` cannot be printed: expected {expected}")]
    Value { template: String, field: String, value: String, expected: &'static str },
    #[error("the drawing of template `{template}` is not readable: {reason}")]
    Svg { template: String, reason: String },
    #[error("the PDF of template `{template}` could not be written: {reason}")]
    Pdf { template: String, reason: String },
}

/// The blank as one SVG document of the page's own size, with the values of `preprint` in their fields.
///
/// Names in `preprint` that the template does not have are ignored.
///
/// # Errors
/// A value that its code cannot carry. All kinds of codes but Data Matrix can be printed.
pub fn svg(template: &Template, preprint: &Preprint) -> Result<String, DrawError> {
    let mut body = svg::blank(template);
    for field in &template.fields {
        if let Some(value) = preprint.get(&field.name) {
            body.push_str(&printed(template, field, value)?);
        }
    }
    let unit = match template.unit {
        Unit::Millimetre => "mm",
        Unit::Pixel => "px",
    };
    let view = [0.0, 0.0, template.width, template.height];
    Ok(svg::document(&format!("{}{unit}", template.width), &format!("{}{unit}", template.height), view, &body))
}

fn printed(template: &Template, field: &Field, value: &str) -> Result<String, DrawError> {
    svg::value(field, value).map_err(|expected| DrawError::Value {
        template: template.id.0.clone(),
        field: field.name.clone(),
        value: value.to_owned(),
        expected,
    })
}

/// The blank as a one-page PDF of the page's own size, text embedded as text.
///
/// # Errors
/// As `svg`; a template that `parse` accepted and values that `svg` accepted do not lead to others.
pub fn pdf(template: &Template, preprint: &Preprint) -> Result<Vec<u8>, DrawError> {
    let tree = tree(&template.id.0, &svg(template, preprint)?)?;
    svg2pdf::to_pdf(&tree, ConversionOptions::default(), PageOptions { dpi: SVG_DPI })
        .map_err(|error| DrawError::Pdf { template: template.id.0.clone(), reason: format!("{error:?}") })
}

/// Pixels an inch of SVG user units, as CSS defines them.
const SVG_DPI: f32 = 96.0;

fn tree(name: &str, text: &str) -> Result<usvg::Tree, DrawError> {
    let options = usvg::Options { fontdb: fonts(), dpi: SVG_DPI, font_family: svg::FONT.to_owned(), ..usvg::Options::default() };
    usvg::Tree::from_str(text, &options).map_err(|error| DrawError::Svg { template: name.to_owned(), reason: error.to_string() })
}

/// Only the two embedded faces: what is drawn never depends on the machine.
fn fonts() -> Arc<usvg::fontdb::Database> {
    static FONTS: OnceLock<Arc<usvg::fontdb::Database>> = OnceLock::new();
    let load = || {
        let mut fonts = usvg::fontdb::Database::new();
        fonts.load_font_data(include_bytes!("../../fonts/DejaVuSans.ttf").to_vec());
        fonts.load_font_data(include_bytes!("../../fonts/DejaVuSans-Bold.ttf").to_vec());
        Arc::new(fonts)
    };
    Arc::clone(FONTS.get_or_init(load))
}

#[cfg(test)]
mod tests {
    use super::{gray, pdf, svg};
    use crate::{AnchorShape, FieldSpec, Locate, Preprint, Template, builtin};
    use image::GrayImage;
    use rcoi_model::{Rect, TemplateId};

    fn form(id: &str) -> Template {
        builtin().get(&TemplateId(id.to_owned())).cloned().expect("a shipped form")
    }

    fn values(pairs: &[(&str, &str)]) -> Preprint {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    /// Mean darkness of a rectangle in millimetres, 0 = white .. 1 = black.
    fn ink(picture: &GrayImage, r: &Rect, scale: f32) -> f32 {
        let (x0, y0, x1, y1) = (r.x * scale, r.y * scale, r.right() * scale, r.bottom() * scale);
        let mut sum = (0.0, 0.0f32);
        for y in y0.ceil() as u32..y1.floor() as u32 {
            for x in x0.ceil() as u32..x1.floor() as u32 {
                sum = (sum.0 + 1.0 - f32::from(picture.get_pixel(x, y).0[0]) / 255.0, sum.1 + 1.0);
            }
        }
        sum.0 / sum.1.max(1.0)
    }

    #[test]
    fn every_form_has_its_anchors_where_the_template_says_and_white_around_them() {
        let (dpi, none) = (200.0, Preprint::new());
        for template in builtin().templates {
            let picture = gray(&template, &none, dpi).expect("a picture");
            let Locate::Anchors(anchors) = &template.locate else { panic!("{}: anchors", template.id) };
            for anchor in anchors {
                let AnchorShape::Square { side } = anchor.shape else { panic!("{}: squares", template.id) };
                let inside = ink(&picture, &Rect::around(anchor.centre, side - 0.4, side - 0.4), dpi / 25.4);
                let around = ink(&picture, &Rect::around(anchor.centre, side + 2.0, side + 2.0), dpi / 25.4);
                let share = side * side / (side + 2.0) / (side + 2.0);
                assert!(inside > 0.97, "{} at {:?}: {inside}", template.id, anchor.centre);
                assert!((around - share).abs() < 0.05, "{} at {:?}: {around} is not {share}", template.id, anchor.centre);
            }
        }
    }

    #[test]
    fn fields_for_the_hand_are_empty_inside() {
        let (dpi, none) = (150.0, Preprint::new());
        for template in builtin().templates {
            let picture = gray(&template, &none, dpi).expect("a picture");
            for field in &template.fields {
                let areas = match &field.spec {
                    FieldSpec::Cells(cells) if !cells.printed => cells.cells.iter().copied().chain(cells.overflow).collect(),
                    FieldSpec::Ink(area) | FieldSpec::Image(area) => vec![*area],
                    FieldSpec::Code(code) => vec![code.area],
                    _ => Vec::new(),
                };
                for a in areas {
                    let inside = Rect::new(a.x + 0.3, a.y + 0.3, a.w - 0.6, a.h - 0.6);
                    let ink = ink(&picture, &inside, dpi / 25.4);
                    assert!(ink < 0.005, "{} {}: {ink} in {inside:?}", template.id, field.name);
                }
            }
        }
    }

    #[test]
    fn printed_values_appear_in_their_fields_only() {
        let template = form("ege-ab");
        let scale = 150.0 / 25.4;
        let empty = gray(&template, &Preprint::new(), 150.0).expect("a picture");
        let full = gray(&template, &values(&[("code", "2310000000014"), ("qr", "RCOI 1"), ("subject", "01")]), 150.0).expect("a picture");
        for field in &template.fields {
            let changed = ink(&full, &field.spec.bounds(), scale) - ink(&empty, &field.spec.bounds(), scale);
            let expected = ["code", "qr", "subject"].contains(&field.name.as_str());
            assert_eq!(changed > 0.05, expected, "{}: {changed}", field.name);
            assert!(expected || changed == 0.0, "{}: {changed}", field.name);
        }
    }

    #[test]
    fn a_vertical_code_is_the_horizontal_one_turned() {
        let template = form("ege-ab");
        let picture = gray(&template, &values(&[("code-vertical", "2310000000014")]), 300.0).expect("a picture");
        let scale = 300.0 / 25.4;
        let Some(FieldSpec::Code(code)) = template.field("code-vertical").map(|f| &f.spec) else { panic!("a code") };
        // Down the middle of the bars there are thirty of them.
        let x = ((code.area.x + code.area.w * 0.6) * scale) as u32;
        let column: Vec<bool> =
            ((code.area.y * scale) as u32..(code.area.bottom() * scale) as u32).map(|y| picture.get_pixel(x, y).0[0] < 128).collect();
        let bars = column.windows(2).filter(|w| !w[0] && w[1]).count();
        assert_eq!(bars, 30);
    }

    #[test]
    fn corner_cross_and_ring_are_drawn_where_the_reader_looks_for_them() {
        let text = "title = \"x\"\nform = \"x\"\nunit = \"px\"\npage = [200, 300]\n[locate]\nkind = \"anchors\"\nanchors = [\n\
            { shape = \"corner\", corner = \"top-right\", at = [190, 10], size = 30, width = 6 },\n\
            { shape = \"cross\", at = [30, 30], size = 30, width = 6 },\n\
            { shape = \"ring\", at = [30, 270], size = 30, width = 6 },\n]\n\
            [[field]]\nname = \"a\"\nkind = \"ink\"\nclass = \"text\"\nat = [80, 80]\nsize = [20, 20]\n";
        let picture = gray(&crate::parse("x.toml", text).expect("a template"), &Preprint::new(), 72.0).expect("a picture");
        let dark = |x: u32, y: u32| picture.get_pixel(x, y).0[0] < 60;
        for (x, y) in [(187, 13), (163, 13), (187, 37), (30, 30), (17, 30), (30, 43), (17, 270), (30, 282)] {
            assert!(dark(x, y), "{x}, {y}");
        }
        for (x, y) in [(192, 12), (187, 8), (180, 20), (157, 13), (20, 20), (30, 48), (30, 270), (13, 270)] {
            assert!(!dark(x, y), "{x}, {y}");
        }
    }

    #[test]
    fn a_value_that_its_code_cannot_carry_is_named() {
        let error = svg(&form("ege-ab"), &values(&[("code", "12")])).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains("`code`") && error.contains("`12`") && error.contains("13 digits"), "{error}");
    }

    #[test]
    fn the_pdf_is_one_page_of_a4() {
        let bytes = pdf(&form("ege-r"), &values(&[("code", "2300000000017")])).expect("a PDF");
        assert!(bytes.starts_with(b"%PDF-"));
        let text = String::from_utf8_lossy(&bytes);
        let media = text.split("/MediaBox").nth(1).and_then(|t| t.split(['[', ']']).nth(1)).unwrap_or_default();
        let numbers: Vec<f32> = media.split_whitespace().filter_map(|n| n.parse().ok()).collect();
        assert!(numbers.len() == 4 && (numbers[2] - 595.28).abs() < 0.1 && (numbers[3] - 841.89).abs() < 0.1, "{numbers:?}");
    }

    #[test]
    fn signs_of_xml_in_a_value_do_not_break_the_drawing() {
        let mut template = form("ege-c1");
        template.title.push('&');
        assert!(svg(&template, &values(&[("region", "<\u{1}")])).is_ok_and(|s| s.contains("&lt;") && !s.contains('\u{1}')));
        assert!(gray(&template, &values(&[("region", "<&")]), 72.0).is_ok());
    }
}
