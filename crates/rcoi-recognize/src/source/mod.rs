//! Bytes of a file that arrived → pages of grey pixels. All input is hostile: sizes are checked before memory is taken.

mod archive;
mod error;
mod fax;
mod gray;
mod ifd;
mod jpeg;
mod limits;
mod pdf;
mod png;
mod tiff;
mod webp;

pub use archive::{Member, unpack, unpack_each};
pub use error::SourceError;
pub use limits::Limits;

use crate::picture::Picture;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a file is, judged by its first bytes and never by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Jpeg,
    Png,
    Tiff,
    Webp,
    Pdf,
    Zip,
}

impl Kind {
    /// The name used in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Tiff => "tiff",
            Self::Webp => "webp",
            Self::Pdf => "pdf",
            Self::Zip => "zip",
        }
    }
}

/// A PDF may begin with some other bytes; readers look for its mark in the first kilobyte.
const PDF_MARK_WITHIN: usize = 1024;

/// Tells the kind by magic bytes.
#[must_use]
pub fn kind(bytes: &[u8]) -> Option<Kind> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some(Kind::Jpeg),
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(Kind::Png),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(Kind::Tiff),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Kind::Webp),
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Kind::Zip),
        _ => {
            let head = &bytes[..bytes.len().min(PDF_MARK_WITHIN)];
            head.windows(5).any(|w| w == b"%PDF-").then_some(Kind::Pdf)
        }
    }
}

/// How many pages the file holds; pixels are not decoded, but their declared size is checked for single-page kinds.
pub fn page_count(bytes: &[u8], limits: &Limits) -> Result<u32, SourceError> {
    let kind = accept(bytes, limits)?;
    let pages = guarded(kind, || match kind {
        Kind::Jpeg => jpeg::size(bytes, limits).map(|_| 1),
        Kind::Png => png::size(bytes, limits).map(|_| 1),
        Kind::Webp => webp::size(bytes, limits).map(|_| 1),
        Kind::Tiff => tiff::page_count(bytes, limits),
        Kind::Pdf => pdf::page_count(bytes, limits),
        Kind::Zip => Err(SourceError::IsArchive),
    })?;
    match pages {
        0 => Err(SourceError::NoPages { kind: kind.name() }),
        n if n > limits.max_pages => Err(SourceError::TooManyPages { pages: n, limit: limits.max_pages }),
        n => Ok(n),
    }
}

/// Decodes page `index` (zero-based) to upright grey pixels.
pub fn decode(bytes: &[u8], index: u32, limits: &Limits) -> Result<Picture, SourceError> {
    let kind = accept(bytes, limits)?;
    guarded(kind, || {
        if index > 0 && matches!(kind, Kind::Jpeg | Kind::Png | Kind::Webp) {
            return Err(SourceError::NoSuchPage { index, pages: 1 });
        }
        let picture = match kind {
            Kind::Jpeg => jpeg::decode(bytes, limits),
            Kind::Png => png::decode(bytes, limits),
            Kind::Webp => webp::decode(bytes, limits),
            Kind::Tiff => tiff::decode(bytes, index, limits),
            Kind::Pdf => pdf::decode(bytes, index, limits),
            Kind::Zip => Err(SourceError::IsArchive),
        }?;
        let (width, height) = picture.gray.dimensions();
        Ok(Picture { dpi: picture.dpi.filter(|dpi| plausible_dpi(*dpi, width, height)), gray: picture.gray })
    })
}

/// Size and kind checks that come before any decoder sees the bytes.
fn accept(bytes: &[u8], limits: &Limits) -> Result<Kind, SourceError> {
    if bytes.is_empty() {
        return Err(SourceError::Empty);
    }
    let len = bytes.len() as u64;
    if len > limits.max_file_bytes {
        return Err(SourceError::FileTooBig { bytes: len, limit: limits.max_file_bytes });
    }
    kind(bytes).ok_or_else(|| SourceError::UnknownKind { looks: looks_like(bytes) })
}

/// Words for a file of no accepted kind, so that its owner knows what was sent.
fn looks_like(bytes: &[u8]) -> &'static str {
    match bytes {
        [b'G', b'I', b'F', b'8', ..] => "a gif",
        [b'B', b'M', ..] => "a bmp",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "a heic, avif or video",
        [b'R', b'a', b'r', b'!', ..] => "a rar archive",
        [b'7', b'z', 0xbc, 0xaf, ..] => "a 7z archive",
        [0x1f, 0x8b, ..] => "a gzip archive",
        [0xd0, 0xcf, 0x11, 0xe0, ..] => "an old office document",
        _ => {
            let head = &bytes[..bytes.len().min(512)];
            let zeros = head.iter().all(|b| *b == 0);
            let control = head.iter().any(|b| *b < 9 || (14..32).contains(b));
            match (zeros, control) {
                (true, _) => "zeros only",
                (false, false) => "text",
                (false, true) => "unknown bytes",
            }
        }
    }
}

/// Runs a third-party decoder; its panic becomes an error of this one file.
fn guarded<T>(kind: Kind, work: impl FnOnce() -> Result<T, SourceError>) -> Result<T, SourceError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let said =
            panic.downcast_ref::<&str>().map(|s| (*s).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        Err(SourceError::Panicked { kind: kind.name(), detail: one_line(&said) })
    })
}

/// Messages of other libraries become one short line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(160).collect()
}

/// A stated resolution is believed when it makes a sheet between a postcard and A2.
/// Cameras and editors write 72 or 96 into everything.
fn plausible_dpi(dpi: f32, width: u32, height: u32) -> bool {
    let long_mm = width.max(height) as f32 / dpi * 25.4;
    (30.0..=2400.0).contains(&dpi) && (100.0..=650.0).contains(&long_mm)
}

#[cfg(test)]
mod tests;
