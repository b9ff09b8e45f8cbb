//! Reads one picture with the built-in forms and prints what it says: the whole API in one screen.

use rcoi_recognize::source::{self, Limits};
use rcoi_recognize::{FormReader, Params, annotate};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let file = args.next().ok_or("usage: read_form FILE [PAINTED.png]")?;
    let reader = FormReader::new(rcoi_template::builtin(), Params::default())?;
    let bytes = std::fs::read(&file)?;
    let picture = source::decode(&bytes, 0, &Limits::default())?;
    let reading = reader.read_page(&picture);
    println!("{:?} {:?} {:?}", reading.template, reading.sheet_code, reading.placement);
    for finding in &reading.findings {
        println!("! {:?} {}", finding.kind, finding.detail);
    }
    for field in reading.fields.iter().filter(|f| !f.value.is_empty() || !f.doubts.is_empty()) {
        println!("{:<24} {:<20} {:.3} {:?}", field.name, field.value, field.confidence.get(), field.doubts);
    }
    if let Some(out) = args.next() {
        annotate(&picture.gray, &reading).save(out)?;
    }
    Ok(())
}
