//! What the fuzz targets share: small limits, so that each input is quick, and what counts as a crash.

use rcoi_recognize::source::Limits;
use std::panic;
use std::sync::Once;

/// The limits of the house, made small: every check is still there, and no honest input takes long.
#[must_use]
pub fn limits() -> Limits {
    Limits {
        max_pixels: 4_000_000,
        max_file_bytes: 1 << 20,
        max_pages: 64,
        max_archive_members: 64,
        max_unpacked_bytes: 8 << 20,
        ratio_matters_from: 1 << 20,
        ..Limits::default()
    }
}

/// A panic inside a foreign decoder is an error of its file by design (`source::guarded`); the fuzzer would stop at it.
/// From now on only panics in our own code end the run. To be called at the start of each input.
pub fn foreign_panics_are_errors() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let abort = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let foreign = info.location().is_some_and(|at| at.file().contains("/registry/"));
            if !foreign {
                abort(info);
            }
        }));
    });
}
