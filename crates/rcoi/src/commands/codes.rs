//! `rcoi recognize --codes`: every code of the pictures, wherever it stands. Helps to set up a template and to sort unknown forms.

use super::{Done, files, files::pages_of};
use crate::args::RecognizeArgs;
use anyhow::{Result, bail};
use rayon::prelude::*;
use rcoi_model::Quad;
use rcoi_pipeline::refusal;
use rcoi_recognize::source::{self, Limits};
use rcoi_recognize::{PageCode, find_codes};
use rcoi_template::Symbology;
use serde_json::json;
use std::io::Write;

/// Pages that are decoded before the next ones begin: bounds memory whatever the pile.
const PAGES_AT_ONCE: usize = 16;

pub(crate) fn run(args: &RecognizeArgs) -> Result<Done> {
    let paths = files::walk(&args.files)?;
    if paths.is_empty() {
        bail!("no files found");
    }
    let mut table = args.csv.then(|| csv::Writer::from_writer(std::io::stdout()));
    if let Some(table) = &mut table {
        table.write_record(["page", "kind", "text", "x", "y", "width", "height"])?;
    }
    let mut faults = 0_usize;
    for path in paths {
        let (pages, bad) = pages_of(&path, &Limits::default());
        bad.iter().for_each(|line| eprintln!("{line}"));
        faults += bad.len();
        for some in pages.chunks(PAGES_AT_ONCE) {
            let found: Vec<_> = some
                .par_iter()
                .map(|page| source::decode(&page.bytes, page.index, &Limits::default()).map(|p| find_codes(&p.gray)))
                .collect();
            for (page, codes) in some.iter().zip(found) {
                match codes {
                    Ok(codes) => print(&page.label(), &codes, args.json, table.as_mut())?,
                    Err(error) => {
                        faults += 1;
                        eprintln!("{}: {}", page.label(), refusal(&error));
                    }
                }
            }
        }
    }
    Ok(Done::unless(faults > 0))
}

/// The name of the template language.
fn kind(symbology: Symbology) -> &'static str {
    match symbology {
        Symbology::Ean13 => "ean13",
        Symbology::Code128 => "code128",
        Symbology::Qr => "qr",
        Symbology::DataMatrix => "datamatrix",
        Symbology::Itf => "itf",
    }
}

fn print(page: &str, codes: &[PageCode], as_json: bool, table: Option<&mut csv::Writer<std::io::Stdout>>) -> Result<()> {
    let place = |area: &Quad| {
        let r = area.bounds();
        [r.x, r.y, r.w, r.h].map(|v| v.round() as i64)
    };
    if let Some(table) = table {
        for code in codes {
            let [x, y, w, h] = place(&code.area).map(|v| v.to_string());
            table.write_record([page, kind(code.symbology), &code.text, &x, &y, &w, &h])?;
        }
        table.flush()?;
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    if as_json {
        let codes: Vec<_> =
            codes.iter().map(|c| json!({ "kind": kind(c.symbology), "text": c.text, "corners": c.area.0.map(|p| [p.x, p.y]) })).collect();
        writeln!(out, "{}", json!({ "page": page, "codes": codes }))?;
        return Ok(());
    }
    writeln!(out, "{page}: {}", if codes.is_empty() { "no code" } else { "" })?;
    for code in codes {
        let [x, y, w, h] = place(&code.area);
        writeln!(out, "  {:<10} {:<40} at {x}, {y}, size {w} × {h}", kind(code.symbology), code.text)?;
    }
    Ok(())
}
