//! Numbers of nine digits in boxes beside a QR code; the truth tells where the code stands on each page.

use super::lab::{Lab, Unit};
use super::table::Row;
use super::truth::{self, Page, Truth};
use anyhow::{Context, Result};
use std::fs;

/// All scans are of this size, pixels.
const PAGE: (f64, f64) = (1704.0, 2200.0);

pub(crate) fn measure(lab: &Lab) -> Result<Vec<Row>> {
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
    let mut row = lab.measure("submitty-handwritten-ids/numbers", &told, &templates, &folder, Unit::Fields)?;
    row.notes.push("9 digits a field; some rows are tilted, which the truth does not tell".to_owned());
    Ok(vec![row])
}

/// On the printed strip the code is 218 wide; the first box begins 279 beside the code's left edge and 53 below its
/// upper edge; a box is 92.2 × 113.
fn template(id: &str, x0: f64, y0: f64, x1: f64, y1: f64) -> String {
    let scale = (x1 - x0 + y1 - y0) / 2.0 / 218.0;
    let middle = (y0 + y1) / 2.0;
    let (step, height) = (92.2 * scale, 113.0 * scale);
    let inset = 3.0 * scale;
    format!(
        "title = \"{id}\"\nform = \"{id}\"\nunit = \"px\"\npage = [{}, {}]\n\n[locate]\nkind = \"whole\"\nupright = true\n\n\
         [[field]]\nname = \"number\"\nkind = \"cells\"\nclass = \"text\"\nalphabet = \"@digits\"\noutline = \"square\"\n\
         at = [{:.1}, {:.1}]\ncell = [{:.1}, {:.1}]\nstep = [{step:.2}, 0]\ncount = 9\n",
        PAGE.0,
        PAGE.1,
        x0 + 279.0 * scale + inset,
        middle - height / 2.0 + inset,
        step - 2.0 * inset,
        height - 2.0 * inset,
    )
}
