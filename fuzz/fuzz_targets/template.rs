//! Template files as people write them: a template or faults with their lines, and what was read can be drawn.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rcoi_template::{draw, parse_with};

fuzz_target!(|text: &str| {
    let pictures = |_: &str| Some(image::GrayImage::from_pixel(8, 8, image::Luma([255])));
    match parse_with("form.toml", text, &pictures) {
        Ok(template) => {
            let _ = draw::svg(&template, &Default::default());
        }
        Err(faults) => assert!(!faults.is_empty() && faults.iter().all(|f| f.line <= text.len() + 1 && !f.message.is_empty())),
    }
});
