//! Pictures inside a template file: a PNG as base64, or the name of a file beside it that the caller opens.

use super::node::Node;
use base64::Engine;
use image::GrayImage;

/// Opens a picture by the name that a template file mentions, relative to the file's own folder.
pub type Pictures<'a> = &'a dyn Fn(&str) -> Option<GrayImage>;

/// The picture under `key`; at most `most` pixels.
pub(super) fn read(node: &Node<'_>, key: &'static str, most: u32, pictures: Pictures<'_>) -> Option<GrayImage> {
    let text = node.text(key)?;
    let picture = match named(&text) {
        Some(name) => {
            let picture = pictures(name);
            if picture.is_none() {
                node.fault_at(key, format!("expected a picture file beside the template, \"{name}\" cannot be read"));
            }
            picture?
        }
        None => embedded(node, key, &text, most)?,
    };
    let pixels = picture.width().saturating_mul(picture.height());
    if pixels == 0 || pixels > most {
        node.fault_at(key, format!("expected a picture of 1 to {most} pixels, found {} × {}", picture.width(), picture.height()));
        return None;
    }
    Some(picture)
}

/// A text with a full stop is a file name: base64 has none.
fn named(text: &str) -> Option<&str> {
    let name = text.trim();
    (name.contains('.') && !name.contains('\n')).then_some(name)
}

fn embedded(node: &Node<'_>, key: &'static str, text: &str, most: u32) -> Option<GrayImage> {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let Ok(bytes) = base64::engine::general_purpose::STANDARD.decode(compact) else {
        node.fault_at(key, "expected a PNG picture as base64, or the name of a picture file beside the template");
        return None;
    };
    let size = image::ImageReader::with_format(std::io::Cursor::new(&bytes), image::ImageFormat::Png).into_dimensions();
    // The size is looked at before any pixel is unpacked.
    let fits = size.is_ok_and(|(w, h)| w.saturating_mul(h) <= most);
    let picture = if fits { image::load_from_memory_with_format(&bytes, image::ImageFormat::Png).ok() } else { None };
    if picture.is_none() {
        node.fault_at(key, format!("expected a PNG picture of at most {most} pixels"));
    }
    picture.map(|p| p.to_luma8())
}
