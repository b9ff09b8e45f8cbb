//! PDF pages rendered at 300 dpi to grey, by the pure-Rust renderer `hayro`.

use super::{Limits, SourceError, gray};
use crate::picture::Picture;
use hayro::hayro_interpret::{InterpreterSettings, InterpreterWarning};
use hayro::hayro_syntax::object::{Dict, Name, Object, Stream};
use hayro::hayro_syntax::page::Page;
use hayro::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings, render};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const KIND: &str = "pdf";
/// The resolution exam forms are scanned at (domain notes, 3.2).
const DPI: f32 = 300.0;
/// A PDF measures in points, 72 an inch.
const POINTS: f32 = 72.0;
/// The end mark stands in the last kilobyte; some writers add padding.
const END_MARK_WITHIN: usize = 4096;
/// Pictures may be nested in forms; deeper than this nobody nests honestly.
const MAX_DEPTH: u32 = 8;
/// Pictures and forms of one page that are looked at before rendering.
const MAX_OBJECTS: u32 = 4096;

pub(super) fn page_count(bytes: &[u8]) -> Result<u32, SourceError> {
    let pdf = open(bytes)?;
    u32::try_from(pdf.pages().len()).map_err(|_| SourceError::damaged(KIND, "too many pages"))
}

pub(super) fn decode(bytes: &[u8], index: u32, limits: &Limits) -> Result<Picture, SourceError> {
    let pdf = open(bytes)?;
    let pages = pdf.pages();
    let page = pages.get(index as usize).ok_or(SourceError::NoSuchPage { index, pages: pages.len() as u32 })?;

    let scale = DPI / POINTS;
    let (width, height) = page.render_dimensions();
    let (w, h) = ((width * scale).round(), (height * scale).round());
    // The renderer counts pixels in 16 bits; a float beyond any integer saturates and is refused.
    let (whole_w, whole_h) = (w as u64, h as u64);
    limits.check_size(whole_w, whole_h)?;
    if whole_w > u64::from(u16::MAX) || whole_h > u64::from(u16::MAX) {
        return Err(SourceError::TooManyPixels { width: whole_w, height: whole_h, limit: limits.max_pixels });
    }
    check_pictures(page, limits)?;

    let lost = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&lost);
    let interpreter = InterpreterSettings {
        warning_sink: Arc::new(move |warning| {
            if matches!(warning, InterpreterWarning::ImageDecodeFailure) {
                seen.store(true, Ordering::Relaxed);
            }
        }),
        ..Default::default()
    };
    let pixmap = render(
        page,
        &RenderCache::new(),
        &interpreter,
        &RenderSettings::default(),
        // The renderer cuts the product to an integer; the small addition keeps 2479.99 from becoming 2479.
        &PixmapSettings { x_scale: (w + 0.25) / width, y_scale: (h + 0.25) / height, bg_color: WHITE },
    );
    // A page whose scan could not be decoded would be a white page that nobody filled in.
    if lost.load(Ordering::Relaxed) {
        return Err(SourceError::damaged(KIND, format!("a picture of page {} cannot be decoded", index + 1)));
    }
    let samples = pixmap.data().iter().map(|p| gray::luma(p.r, p.g, p.b)).collect();
    let gray = gray::image(KIND, u32::from(pixmap.width()), u32::from(pixmap.height()), samples)?;
    Ok(Picture { gray, dpi: Some(DPI) })
}

fn open(bytes: &[u8]) -> Result<Pdf, SourceError> {
    let tail = &bytes[bytes.len().saturating_sub(END_MARK_WITHIN)..];
    if !tail.windows(5).any(|w| w == b"%%EOF") {
        return Err(SourceError::cut_short(KIND, "no end mark"));
    }
    let pdf = Pdf::new(bytes.to_vec()).map_err(|error| match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => SourceError::Protected { kind: KIND },
        LoadPdfError::Decryption(_) => SourceError::unsupported(KIND, "its encryption"),
        LoadPdfError::Invalid => SourceError::damaged(KIND, "no page list"),
    })?;
    // The library searches for pages when the list is broken; then pages may be missing, which a count must not hide.
    let stated = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id()).and_then(|root| root.get::<Dict<'_>>("Pages")?.get::<i32>("Count"));
    let found = pdf.pages().len();
    match stated {
        Some(stated) if usize::try_from(stated) != Ok(found) => {
            Err(SourceError::damaged(KIND, format!("it states {stated} pages, {found} can be found")))
        }
        _ => Ok(pdf),
    }
}

/// Refuses pictures inside the page that would unpack beyond the limits.
fn check_pictures(page: &Page<'_>, limits: &Limits) -> Result<(), SourceError> {
    let mut left = MAX_OBJECTS;
    check_objects(&page.resources().x_objects, limits, MAX_DEPTH, &mut left)
}

fn check_objects(objects: &Dict<'_>, limits: &Limits, depth: u32, left: &mut u32) -> Result<(), SourceError> {
    for key in objects.keys() {
        let Some(stream) = objects.get::<Stream<'_>>(&key) else { continue };
        if *left == 0 || depth == 0 {
            return Err(SourceError::damaged(KIND, "its drawings are nested without end"));
        }
        *left -= 1;
        let dict = stream.dict();
        let subtype = dict.get::<Name<'_>>("Subtype");
        if subtype.as_ref().is_some_and(|n| n.as_ref() == b"Image") {
            let side = |key: &str| dict.get::<i64>(key).and_then(|v| u64::try_from(v).ok()).unwrap_or(0);
            let (width, height) = (side("Width"), side("Height"));
            if width.checked_mul(height).is_none_or(|pixels| pixels > limits.max_pixels) {
                return Err(SourceError::TooManyPixels { width, height, limit: limits.max_pixels });
            }
            if let Some(Object::Stream(mask)) = dict.get::<Object<'_>>("SMask") {
                let side = |key: &str| mask.dict().get::<i64>(key).and_then(|v| u64::try_from(v).ok()).unwrap_or(0);
                limits.check_size(side("Width").max(1), side("Height").max(1))?;
            }
        } else if let Some(inner) = dict.get::<Dict<'_>>("Resources").and_then(|r| r.get::<Dict<'_>>("XObject")) {
            check_objects(&inner, limits, depth - 1, left)?;
        }
    }
    Ok(())
}
