//! JPEG, PNG, TIFF and WebP as they come from strangers: pages or one error, never more pixels than allowed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rcoi_fuzz::{foreign_panics_are_errors, limits};
use rcoi_recognize::source::{Kind, decode, kind, page_count};

fuzz_target!(|bytes: &[u8]| {
    if matches!(kind(bytes), None | Some(Kind::Pdf | Kind::Zip)) {
        return;
    }
    foreign_panics_are_errors();
    let limits = limits();
    let pages = page_count(bytes, &limits).unwrap_or(1);
    for index in 0..pages.min(2) {
        if let Ok(page) = decode(bytes, index, &limits) {
            let pixels = u64::from(page.gray.width()) * u64::from(page.gray.height());
            assert!(pixels > 0 && pixels <= limits.max_pixels, "{pixels} pixels");
        }
    }
});
