//! Runs a piece of work with the widest registers that the processor has.
//!
//! The binary is built for the oldest processor of its kind, whose registers hold sixteen bytes; nearly all in use have twice as wide
//! ones. What is inlined into the closure is compiled for each kind and chosen when it runs; sums of whole numbers are the same in all.

use fearless_simd::{Level, Simd, dispatch};

/// `work` must be marked `#[inline(always)]`, and so must what it calls: a function that is only called stays as it is.
#[inline(always)]
pub(crate) fn run<R>(work: impl FnOnce() -> R) -> R {
    let level = Level::new();
    dispatch!(level, simd => simd.vectorize(work))
}
