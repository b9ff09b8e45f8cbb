//! `[locate]`: how the form is found in a picture.

use super::node::Node;
use super::picture::{self, Pictures};
use crate::{Anchor, AnchorShape, Locate, PageCorner};
use image::GrayImage;

/// Larger marker pictures are mistakes, and slow to search for.
const MOST_MARKER_PIXELS: u32 = 1000 * 1000;

/// The way to locate, and whether pictures are promised to be upright (`upright = true`).
pub(crate) fn read(root: &Node<'_>, pictures: Pictures<'_>) -> (Option<Locate>, bool) {
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
            let marker = picture::read(&node, "marker", MOST_MARKER_PIXELS, pictures);
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

fn anchor(node: &Node<'_>, marker: Option<&GrayImage>) -> Option<Anchor> {
    const SHAPES: &str = "one of square, disc, ring, picture, corner, cross, bar";
    let at = node.need_pair("at", "the anchor's centre [x, y]; of a corner, where the outer edges of its lines meet");
    let size = node.need_number("size", "the anchor's width; of a corner, cross or bar, the length of its lines");
    let shape = node.need_text("shape", SHAPES);
    let lines = matches!(shape.as_deref(), Some("ring" | "corner" | "cross" | "bar"));
    let width = if lines { node.need_number("width", "the thickness of the line") } else { None };
    let down = shape.as_deref() == Some("bar") && node.flag("down");
    let corner = if shape.as_deref() == Some("corner") { Some(page_corner(node)) } else { None };
    node.finish();
    let (at, size) = (at?, size?);
    if size <= 0.0 {
        node.fault_at("size", format!("expected a positive width, found {size}"));
        return None;
    }
    if let Some(width) = width.filter(|w| *w <= 0.0 || *w > size / 2.0) {
        node.fault_at("width", format!("expected a thickness above 0 and at most half of `size` ({}), found {width}", size / 2.0));
        return None;
    }
    let shape = match shape?.as_str() {
        "square" => AnchorShape::Square { side: size },
        "disc" => AnchorShape::Disc { diameter: size },
        "ring" => AnchorShape::Ring { diameter: size, width: width? },
        "corner" => AnchorShape::Corner { arm: size, width: width?, corner: corner?? },
        "cross" => AnchorShape::Cross { arm: size, width: width? },
        "bar" if down => AnchorShape::Bar { width: width?, height: size },
        "bar" => AnchorShape::Bar { width: size, height: width? },
        "picture" => {
            let Some(m) = marker else {
                node.fault_at("shape", "expected `marker` (a PNG as base64, or a file's name) in `[locate]` for anchors that are pictures");
                return None;
            };
            AnchorShape::Picture { width: m.width(), height: m.height(), pixels: m.as_raw().clone(), side: size }
        }
        other => {
            node.fault_at("shape", format!("expected {SHAPES}, found \"{other}\""));
            return None;
        }
    };
    Some(Anchor { centre: at, shape })
}

/// The corner of the page that the mark hugs.
fn page_corner(node: &Node<'_>) -> Option<PageCorner> {
    const CORNERS: &str = "one of top-left, top-right, bottom-right, bottom-left";
    match node.need_text("corner", CORNERS)?.as_str() {
        "top-left" => Some(PageCorner::TopLeft),
        "top-right" => Some(PageCorner::TopRight),
        "bottom-right" => Some(PageCorner::BottomRight),
        "bottom-left" => Some(PageCorner::BottomLeft),
        other => {
            node.fault_at("corner", format!("expected {CORNERS}, found \"{other}\""));
            None
        }
    }
}
