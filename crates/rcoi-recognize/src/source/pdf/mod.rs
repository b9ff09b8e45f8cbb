//! PDF pages rendered at 300 dpi to grey, by the pure-Rust renderer `hayro`.

mod streams;

use super::{Limits, SourceError, gray};
use crate::picture::Picture;
use hayro::hayro_interpret::{InterpreterSettings, InterpreterWarning};
use hayro::hayro_syntax::object::{Array, Dict, Name, Object, Stream};
use hayro::hayro_syntax::page::Page;
use hayro::hayro_syntax::{DecryptionError, Filter, LoadPdfError, Pdf};
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
/// Pictures and forms that one page may draw, the ones inside forms each time they are drawn: maps have some thousand.
const MAX_DRAWN: u64 = 200_000;
/// Tiles that one JPEG 2000 picture may have by its format.
const MAX_TILES: u64 = 65_535;
/// Columns of a fax picture whose parameters do not tell.
const FAX_COLUMNS: u64 = 1728;

pub(super) fn page_count(bytes: &[u8], limits: &Limits) -> Result<u32, SourceError> {
    let pdf = open(bytes, true, limits)?;
    u32::try_from(pdf.pages().len()).map_err(|_| SourceError::damaged(KIND, "too many pages"))
}

pub(super) fn decode(bytes: &[u8], index: u32, limits: &Limits) -> Result<Picture, SourceError> {
    let pdf = open(bytes, false, limits)?;
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

fn open(bytes: &[u8], pictures: bool, limits: &Limits) -> Result<Pdf, SourceError> {
    let tail = &bytes[bytes.len().saturating_sub(END_MARK_WITHIN)..];
    if !tail.windows(5).any(|w| w == b"%%EOF") {
        return Err(SourceError::cut_short(KIND, "no end mark"));
    }
    streams::check_file(bytes, pictures, limits)?;
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

/// Refuses pages whose parts would unpack beyond the limits, or which draw without end.
fn check_pictures(page: &Page<'_>, limits: &Limits) -> Result<(), SourceError> {
    let contents = match page.raw().get::<Object<'_>>("Contents") {
        Some(Object::Stream(one)) => vec![one],
        Some(Object::Array(many)) => many.iter::<Stream<'_>>().collect(),
        _ => Vec::new(),
    };
    let mut drawn = 0;
    for content in &contents {
        drawn += draws(content, limits)?;
    }
    let mut left = MAX_OBJECTS;
    check_objects(&page.resources().x_objects, drawn, limits, MAX_DEPTH, &mut left)
}

/// `drawn` = how often the description that names these objects draws one of them, in all.
fn check_objects(objects: &Dict<'_>, drawn: u64, limits: &Limits, depth: u32, left: &mut u32) -> Result<(), SourceError> {
    let endless = || SourceError::damaged(KIND, "its drawings are nested without end");
    if drawn > MAX_DRAWN {
        return Err(endless());
    }
    for key in objects.keys() {
        let Some(stream) = objects.get::<Stream<'_>>(&key) else { continue };
        if *left == 0 || depth == 0 {
            return Err(endless());
        }
        *left -= 1;
        let dict = stream.dict();
        if dict.get::<Name<'_>>("Subtype").is_some_and(|n| n.as_ref() == b"Image") {
            check_picture(&stream, limits)?;
            if let Some(Object::Stream(mask)) = dict.get::<Object<'_>>("SMask") {
                check_picture(&mask, limits)?;
            }
        } else {
            let inside = draws(&stream, limits)?;
            let own = dict.get::<Dict<'_>>("Resources");
            // A form without resources of its own draws from those where it stands, itself among them.
            let inner = own.as_ref().map_or_else(|| Some(objects.clone()), |own| own.get::<Dict<'_>>("XObject"));
            if let Some(inner) = inner.filter(|_| inside > 0) {
                check_objects(&inner, drawn.saturating_mul(inside), limits, depth - 1, left)?;
            }
        }
    }
    Ok(())
}

/// How often a description draws a picture or form, at most.
fn draws(description: &Stream<'_>, limits: &Limits) -> Result<u64, SourceError> {
    streams::check(description, false, limits)?;
    let text = description.decoded_data().unwrap_or_default();
    Ok(memchr::memmem::find_iter(&text, b"Do").count() as u64)
}

/// Refuses a picture by the size that its entry states and by the size that its data state.
fn check_picture(picture: &Stream<'_>, limits: &Limits) -> Result<(), SourceError> {
    let dict = picture.dict();
    let side = |key: &str| dict.get::<i64>(key).and_then(|v| u64::try_from(v).ok()).unwrap_or(0);
    let (width, height) = (side("Width"), side("Height"));
    let fits = |width: u64, height: u64| limits.check_size(width.max(1), height.max(1));
    fits(width, height)?;
    streams::check(picture, true, limits)?;
    match picture.filters().last() {
        Some(Filter::JpxDecode) => {
            if let Some(size) = jpeg2000_size(&picture.raw_data()) {
                fits(size.width, size.height.saturating_mul(size.channels.div_ceil(4)))?;
                if size.tiles > MAX_TILES {
                    return Err(SourceError::damaged(KIND, format!("a picture of {} tiles", size.tiles)));
                }
            }
        }
        Some(Filter::CcittFaxDecode) => {
            let columns = |d: &Dict<'_>| d.get::<i64>("Columns").and_then(|v| u64::try_from(v).ok()).unwrap_or(FAX_COLUMNS);
            let parameters = dict.get::<Dict<'_>>("DecodeParms");
            let listed = dict.get::<Array<'_>>("DecodeParms").and_then(|a| a.iter::<Dict<'_>>().last());
            fits(parameters.or(listed).as_ref().map_or(FAX_COLUMNS, columns), height)?;
        }
        Some(Filter::Jbig2Decode) => {
            for (width, height) in jbig2_sizes(&picture.raw_data()) {
                // A page that grows while it is read states no height.
                fits(width, if height == u64::from(u32::MAX) { 1 } else { height })?;
            }
        }
        // The renderer itself does not let JPEG data be larger than their entry states.
        _ => {}
    }
    Ok(())
}

struct Jpeg2000 {
    width: u64,
    height: u64,
    channels: u64,
    tiles: u64,
}

/// What the size segment of a JPEG 2000 codestream states (ITU-T T.800, A.5.1).
fn jpeg2000_size(data: &[u8]) -> Option<Jpeg2000> {
    let at = memchr::memmem::find(data, &[0xff, 0x4f, 0xff, 0x51])? + 8;
    let long = |i: usize| Some(u64::from(u32::from_be_bytes(data.get(at + 4 * i..at + 4 * i + 4)?.try_into().ok()?)));
    let (width, height) = (long(0)?.saturating_sub(long(2)?), long(1)?.saturating_sub(long(3)?));
    let tiles = width.div_ceil(long(4)?.max(1)).saturating_mul(height.div_ceil(long(5)?.max(1)));
    let channels = u64::from(u16::from_be_bytes(data.get(at + 32..at + 34)?.try_into().ok()?));
    Some(Jpeg2000 { width, height, channels, tiles })
}

/// Sizes of the page and the regions that JBIG2 segments state (ITU-T T.88, 7.2 and 7.4). Ends at what is no segment.
fn jbig2_sizes(data: &[u8]) -> Vec<(u64, u64)> {
    let mut sizes = Vec::new();
    let mut at = 0;
    while let Some((kind, begin, len)) = jbig2_segment(data, at) {
        // Regions of text, pattern and generic kind, and the page itself.
        if matches!(kind, 4 | 6 | 7 | 20 | 22 | 23 | 36 | 38 | 39 | 40 | 42 | 43 | 48)
            && let Some(&[w3, w2, w1, w0, h3, h2, h1, h0]) = data.get(begin..begin + 8)
        {
            sizes.push((u64::from(u32::from_be_bytes([w3, w2, w1, w0])), u64::from(u32::from_be_bytes([h3, h2, h1, h0]))));
        }
        let Some(next) = begin.checked_add(len) else { break };
        at = next;
    }
    sizes
}

/// The segment at `at`: its type, where its data begin, how long they are.
fn jbig2_segment(data: &[u8], at: usize) -> Option<(u8, usize, usize)> {
    let long = |at: usize| Some(u32::from_be_bytes(data.get(at..at.checked_add(4)?)?.try_into().ok()?));
    let number = long(at)?;
    let flags = *data.get(at + 4)?;
    let short_count = data.get(at + 5)? >> 5;
    let (count, mut here) = match short_count {
        7 => {
            let count = (long(at + 5)? & 0x1fff_ffff) as usize;
            (count, at + 9 + (count + 1).div_ceil(8))
        }
        count => (usize::from(count), at + 6),
    };
    let width = if number <= 256 {
        1
    } else if number <= 65_536 {
        2
    } else {
        4
    };
    here = here.checked_add(count.checked_mul(width)?)?.checked_add(if flags & 0x40 == 0 { 1 } else { 4 })?;
    Some((flags & 0x3f, here.checked_add(4)?, long(here)? as usize))
}
