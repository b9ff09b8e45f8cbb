//! Layouts of other programs: the first byte chooses the importer, the rest is the layout.
#![no_main]

use image::{GrayImage, Luma};
use libfuzzer_sys::fuzz_target;
use rcoi_template::import::{Blanks, boxes, formscanner, omrchecker, open_mcr, quexf};

fuzz_target!(|input: &str| {
    let (Some(kind), Some(text)) = (input.as_bytes().first(), input.get(1..)) else { return };
    let picture = |_: &str| Some(GrayImage::from_pixel(30, 40, Luma([255])));
    let imported = match kind {
        b'o' => omrchecker("form", text, &picture).map(|one| vec![one]),
        b'b' => boxes(text, Blanks::Named(&picture)),
        b'f' => formscanner("form", text, None, None).map(|one| vec![one]),
        b'm' => open_mcr(text),
        b'q' => quexf(text),
        _ => return,
    };
    match imported {
        // What an importer gives out our own reader takes.
        Ok(all) => {
            for one in all {
                let read = rcoi_template::parse(&format!("{}.toml", one.id), &one.toml);
                assert!(read.is_ok(), "{:?}", read.err());
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
