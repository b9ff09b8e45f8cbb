//! `[locate]`: how the form is found in a picture.

use super::node::Node;
use crate::{Anchor, AnchorShape, Locate};
use base64::Engine;

/// Larger marker pictures are mistakes, and slow to search for.
const MOST_MARKER_PIXELS: u32 = 1000 * 1000;

/// The way to locate, and whether pictures are promised to be upright (`upright = true`).
pub(crate) fn read(root: &Node<'_>) -> (Option<Locate>, bool) {
    const KINDS: &str = "one of anchors, page-frame, whole";
    let Some(node) = root.node("locate") else {
        if !root.has("locate") {
            root.source.fault(0, "locate", format!("the table `[locate]` is missing: expected `kind` = {KINDS}"));
        }
        return (None, false);
    };
    let upright = node.flag("upright");
    let locate = match node.need_text("kind", KINDS).as_deref() {
        Some("page-frame") => Some(Locate::PageFrame),
        Some("whole") => Some(Locate::Whole),
        Some("anchors") => {
            let marker = marker(&node);
            let anchors: Vec<Anchor> = node.nodes("anchors").iter().filter_map(|n| anchor(n, marker.as_ref())).collect();
            Some(Locate::Anchors(anchors))
        }
        Some(other) => {
            node.fault_at("kind", format!("expected {KINDS}, found \"{other}\""));
            return (None, upright);
        }
        None => return (None, upright),
    };
    node.finish();
    (locate, upright)
}

struct Marker {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

fn marker(node: &Node<'_>) -> Option<Marker> {
    let text = node.text("marker")?;
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let Ok(bytes) = base64::engine::general_purpose::STANDARD.decode(compact) else {
        node.fault_at("marker", "expected a PNG picture as base64");
        return None;
    };
    let size = image::ImageReader::with_format(std::io::Cursor::new(&bytes), image::ImageFormat::Png).into_dimensions();
    // The size is looked at before any pixel is unpacked.
    let fits = size.is_ok_and(|(w, h)| w.saturating_mul(h) <= MOST_MARKER_PIXELS);
    let picture = if fits { image::load_from_memory_with_format(&bytes, image::ImageFormat::Png).ok() } else { None };
    let Some(picture) = picture else {
        node.fault_at("marker", format!("expected a PNG picture of at most {MOST_MARKER_PIXELS} pixels"));
        return None;
    };
    let gray = picture.to_luma8();
    Some(Marker { width: gray.width(), height: gray.height(), pixels: gray.into_raw() })
}

fn anchor(node: &Node<'_>, marker: Option<&Marker>) -> Option<Anchor> {
    const SHAPES: &str = "one of square, disc, picture";
    let at = node.need_pair("at", "the anchor's centre [x, y]");
    let size = node.need_number("size", "the anchor's width");
    let shape = node.need_text("shape", SHAPES);
    node.finish();
    let (at, size) = (at?, size?);
    if size <= 0.0 {
        node.fault_at("size", format!("expected a positive width, found {size}"));
        return None;
    }
    let shape = match shape?.as_str() {
        "square" => AnchorShape::Square { side: size },
        "disc" => AnchorShape::Disc { diameter: size },
        "picture" => {
            let Some(m) = marker else {
                node.fault_at("shape", "expected `marker` (a PNG as base64) in `[locate]` for anchors that are pictures");
                return None;
            };
            AnchorShape::Picture { width: m.width, height: m.height, pixels: m.pixels.clone(), side: size }
        }
        other => {
            node.fault_at("shape", format!("expected {SHAPES}, found \"{other}\""));
            return None;
        }
    };
    Some(Anchor { centre: at, shape })
}
