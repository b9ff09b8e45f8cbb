//! PDF as it comes from strangers: pages or one error, never more pixels than allowed, never without end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rcoi_fuzz::{foreign_panics_are_errors, limits};
use rcoi_recognize::source::{Kind, decode, kind, page_count};

fuzz_target!(|bytes: &[u8]| {
    if kind(bytes) != Some(Kind::Pdf) {
        return;
    }
    foreign_panics_are_errors();
    let limits = limits();
    if page_count(bytes, &limits).is_ok()
        && let Ok(page) = decode(bytes, 0, &limits)
    {
        let pixels = u64::from(page.gray.width()) * u64::from(page.gray.height());
        assert!(pixels > 0 && pixels <= limits.max_pixels, "{pixels} pixels");
    }
});
