//! What the engine says about one page: values, confidences, doubts. Doubt is data, never an error.

use crate::geometry::{Homography, Quad};
use crate::ids::TemplateId;
use serde::{Deserialize, Serialize};

/// Calibrated probability that a value is right, 0..=1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Confidence(f32);

impl Confidence {
    pub const NONE: Self = Self(0.0);
    pub const SURE: Self = Self(1.0);

    /// Clamps into 0..=1; NaN becomes 0.
    #[must_use]
    pub fn new(p: f32) -> Self {
        Self(if p.is_nan() { 0.0 } else { p.clamp(0.0, 1.0) })
    }

    #[must_use]
    pub fn get(self) -> f32 {
        self.0
    }
}

/// Everything read from one page. Idempotent per (page, engine).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PageReading {
    /// Engine version, such as `rcoi-recognize 0.1.0+model-1a2b3c4d`.
    pub engine: String,
    /// `None`: no template of the set fits (unknown form, blank page).
    pub template: Option<TemplateId>,
    /// Where the form lies in the picture; `None` when it was not found.
    pub placement: Option<Placement>,
    /// The code that names this sheet, if it was read and obeys the template's rule.
    pub sheet_code: Option<String>,
    pub fields: Vec<FieldReading>,
    /// Page-level findings with advice for the operator.
    pub findings: Vec<Finding>,
    /// Picture size in pixels.
    pub width: u32,
    pub height: u32,
}

impl PageReading {
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&FieldReading> {
        self.fields.iter().find(|f| f.name == name)
    }
}

/// How the upright form maps into the picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Placement {
    /// Form units (millimetres, or the template's own unit) to picture pixels.
    pub form_to_picture: Homography,
    /// Clockwise quarter turns 0..=3 by which the picture must be turned to stand upright.
    pub quarter_turns: u8,
    /// Anchors found / anchors the template has.
    pub anchors_found: u32,
    pub anchors_total: u32,
    /// Root mean square distance of found anchors from the fitted map, form units.
    pub residual: f32,
}

/// What one field of the template says on this page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldReading {
    pub name: String,
    /// `code`, `marks`, `cells`, `ink`, `image`.
    pub kind: FieldKind,
    /// Policy class of the field, from the template (`answer`, `name`, `sheet-code`, …).
    pub class: String,
    /// The joined value. Cells: characters in order, trailing empty cells dropped, inner empty cells as a space.
    /// Marks: values joined by `|`. Ink and image: `1` when something is there, empty when not.
    pub value: String,
    pub confidence: Confidence,
    pub doubts: Vec<Doubt>,
    /// Area in picture pixels.
    pub area: Quad,
    /// Per cell, in order (kind `cells` only).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chars: Vec<CharReading>,
    /// Per box, in order (kind `marks` only).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<MarkReading>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldKind {
    Code,
    Marks,
    Cells,
    Ink,
    Image,
}

/// One cell of a `cells` field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CharReading {
    /// `None` when the cell is empty or unreadable (then `confidence` tells which doubt applies).
    pub ch: Option<char>,
    pub empty: bool,
    pub confidence: Confidence,
    /// Best rivals, most likely first, at most three.
    pub rivals: Vec<(char, f32)>,
    /// Cell area in picture pixels.
    pub area: Quad,
}

/// One box of a `marks` field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MarkReading {
    pub value: String,
    pub state: MarkState,
    /// New ink as a share of the box, 0..=1.
    pub ink: f32,
    pub confidence: Confidence,
    pub area: Quad,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarkState {
    Empty,
    Marked,
    /// Blackened on purpose, where the template gives that meaning.
    Cancelled,
    Doubtful,
}

/// Why a field needs a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum Doubt {
    /// Best and second-best reading are too near. `cells` = zero-based places in doubt.
    Ambiguous {
        cells: Vec<u32>,
    },
    /// More marks than the field allows.
    MultipleMarks,
    /// A cancelled mark stands where a person should confirm it.
    Cancelled,
    /// Ink goes on beyond the last cell.
    Overflow,
    /// A character outside the permitted symbols.
    NotPermitted {
        cells: Vec<u32>,
    },
    /// The pattern of the field is not met.
    PatternFailed {
        expected: String,
    },
    ChecksumFailed,
    /// No code could be read where one must be.
    CodeUnreadable,
    /// Ink lies outside the box but near it.
    OffsetInk,
    /// Crossed-out or written over.
    CrossedOut {
        cells: Vec<u32>,
    },
    /// An empty cell inside the text.
    Gap {
        cells: Vec<u32>,
    },
    /// A faint or partial mark.
    Faint,
    /// A required field is empty.
    Missing,
    /// The field lies outside the picture or under damage.
    Damaged,
    /// Two witnesses of one fact disagree.
    Disagrees {
        with: String,
    },
}

/// A page-level remark with advice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    pub kind: FindingKind,
    /// Figures or names that make the remark concrete.
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    UnknownForm,
    BlankPage,
    LostAnchors,
    UpsideDown,
    LowResolution,
    Blurred,
    LowContrast,
    Streak,
    CutEdge,
    FoldedCorner,
    StrongSkew,
}

impl FindingKind {
    /// True when the page must be looked at by a person before its values count.
    #[must_use]
    pub fn blocks(self) -> bool {
        matches!(self, Self::UnknownForm | Self::BlankPage)
    }
}
