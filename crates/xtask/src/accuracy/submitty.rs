//! Numbers of nine digits in boxes beside a QR code; the truth tells where the code stands on each page.

use super::lab::{Lab, Unit};
use super::table::Row;
use super::truth::{self, Page, Truth};
use anyhow::{Context, Result};
use std::fs;

/// All scans are of this size, pixels.
const PAGE: (f64, f64) = (1704.0, 2200.0);

pub(crate) fn measure(lab: &Lab) -> Result<Vec<Row>> {
    count(lab, Unit::Fields)
}

pub(crate) fn count(lab: &Lab, unit: Unit) -> Result<Vec<Row>> {
    let folder = lab.data("submitty-handwritten-ids");
    let templates = lab.folder("submitty-handwritten-ids/templates")?;
    let mut told = Truth::default();
    for row in truth::rows(&folder.join("truth.csv"))? {
        let text = |key: &str| row.get(key).with_context(|| format!("truth.csv has no column {key}"));
        let number = |key: &str| Ok::<f64, anyhow::Error>(text(key)?.parse()?);
        let image = text("image")?.clone();
        let id = image.trim_end_matches(".tif").to_owned();
        let toml = template(&id, number("qr_x0")?, number("qr_y0")?, number("qr_x1")?, number("qr_y1")?);
        fs::write(templates.join(format!("{id}.toml")), toml).with_context(|| format!("cannot write the template of {image}"))?;
        let values = [("number".to_owned(), text("id")?.clone())].into();
        told.pages.push(Page { image, template: id, values });
    }
    let mut row = lab.measure("submitty-handwritten-ids/numbers", &told, &templates, &folder, unit)?;
    if unit == Unit::Fields {
        row.notes.push("9 digits a field".to_owned());
    }
    Ok(vec![row])
}

/// Side of the code in pixels where the strip is printed an inch and three quarters of an inch high.
const SIDES: [f64; 2] = [145.3, 109.0];
/// The strip is set level, turned clockwise by 2.5° or counter-clockwise by 5°: (upper bound of the ratio, degrees).
const TILTS: [(f64, f64); 3] = [(1.02, 0.0), (1.065, -2.5), (f64::INFINITY, 5.0)];

/// A form of nine cells at the places that the code gives away. In the strip's own pixels the code is 218 wide, its middle lies
/// 216.1 left of the first box's middle and 1 above it, and a box is 92.2 × 114.
fn template(id: &str, x0: f64, y0: f64, x1: f64, y1: f64) -> String {
    // The truth frames the code with a pixel and a half on each side. A tilted square fills a larger frame.
    let frame = (x1 - x0 + y1 - y0) / 2.0 - 3.0;
    let side = SIDES.into_iter().find(|s| frame >= s * 0.98).unwrap_or(SIDES[1]);
    let degrees = TILTS.into_iter().find(|(most, _)| frame / side < *most).map_or(0.0, |(_, degrees)| degrees);
    let (sin, cos) = degrees.to_radians().sin_cos();
    let scale = side / 218.0;
    let (width, height, inset) = (92.2 * scale, 114.0 * scale, 3.0 * scale);
    // y grows downwards.
    let (right, down) = (216.1 * scale, scale);
    let first = ((x0 + x1) / 2.0 + right * cos + down * sin, (y0 + y1) / 2.0 - right * sin + down * cos);
    format!(
        "title = \"{id}\"\nform = \"{id}\"\nunit = \"px\"\npage = [{}, {}]\n\n[locate]\nkind = \"whole\"\nupright = true\n\n\
         [[field]]\nname = \"number\"\nkind = \"cells\"\nclass = \"text\"\nalphabet = \"@digits\"\noutline = \"square\"\n\
         at = [{:.1}, {:.1}]\ncell = [{:.1}, {:.1}]\nstep = [{:.2}, {:.2}]\ncount = 9\n",
        PAGE.0,
        PAGE.1,
        first.0 - width / 2.0 + inset,
        first.1 - height / 2.0 + inset,
        width - 2.0 * inset,
        height - 2.0 * inset,
        width * cos,
        -width * sin,
    )
}
