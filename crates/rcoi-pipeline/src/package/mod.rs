//! The federal package: one ZIP per packet inside one exam ZIP, summed and signed; built and verified without a database.
//!
//! ```text
//! exam package                             packet (nothing is compressed in either)
//! ├── packets/RRDDSSTE-FF-PPPPPP-AAA-YYYYMMDD.zip ──┬── manifest.json
//! ├── …                                             ├── sheets.xml        (xsd/sheets-1.xsd)
//! ├── manifest.json                                 ├── images/<sha-256>.<kind>
//! ├── SHA256SUMS                                    ├── SHA256SUMS
//! └── SHA256SUMS.sig                                └── SHA256SUMS.sig
//! ```
//! `SHA256SUMS` has the format of `sha256sum`; the signature is 64 raw bytes of Ed25519 over that file, so both can be
//! checked with common tools: `openssl pkeyutl -verify -pubin -inkey PUB -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig`.
//! The same state gives the same bytes: fixed order, fixed times, no clock.

mod build;
mod canonical;
mod fault;
mod keys;
mod manifest;
mod model;
mod name;
mod shared;
mod sums;
mod verify;
mod xml;

pub use build::{BuildError, Built, BuiltPacket, ImageSource, build};
pub use fault::{FaultKind, PackageFault, Verified, VerifyLimits};
pub use keys::{KeyError, fingerprint, generate, load_private, load_public, private_pem, public_pem};
pub use model::{ExamFacts, ExamPackage, PackagedChange, PackagedCorrection, PackagedField, PackagedPacket, PackagedSheet, SettledBy};
pub use name::{NameError, packet_name};
pub use verify::{verify, verify_with};

/// File names inside both kinds of archive.
const MANIFEST: &str = "manifest.json";
const SHEETS: &str = "sheets.xml";
const SUMS: &str = "SHA256SUMS";
const SIGNATURE: &str = "SHA256SUMS.sig";
const IMAGES: &str = "images/";
const PACKETS: &str = "packets/";

#[cfg(test)]
mod tests;
