//! Ground truth of a drawn exam (`truth.json`): what every drawn sheet really says.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct ExamTruth {
    pub seed: u64,
    /// One entry per page picture, in the order of the files.
    pub pages: Vec<PageTruth>,
    /// Fields that only a person can settle (struck out, beyond the cells, marked twice, taken back): there a doubt is right,
    /// and a reader that is sure is wrong even when its value is the one that stands in `fields`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubtful: Vec<DoubtfulField>,
    /// Registration forms that say otherwise than the register.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub persons: Vec<PersonTruth>,
}

/// One participant whose registration form says otherwise than the register.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PersonTruth {
    pub participant: String,
    /// Fields that differ, with what stands on the form.
    pub fields: BTreeMap<String, String>,
    /// The point's list of corrections (ППЭ-12-02) names the change: the form is right. Else it is a slip of the pen.
    pub listed: bool,
}

/// One field of one page picture.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DoubtfulField {
    /// As in the page's truth.
    pub source: String,
    pub index: u32,
    pub field: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageTruth {
    /// Path below the packets folder with `/`, such as `0001-0101/sheet-003.jpg`; its first part is the packet.
    pub source: String,
    /// Zero-based page inside the file.
    pub index: u32,
    /// Template id.
    pub template: String,
    pub sheet_code: String,
    /// Participant the sheet belongs to; `None` for forms of the point.
    pub participant: Option<String>,
    /// Field name → value exactly as written (see `FieldReading::value`). Fields not named are empty.
    pub fields: BTreeMap<String, String>,
    /// What is odd about it, empty when nothing is.
    #[serde(default)]
    pub oddity: Option<Oddity>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Oddity {
    /// A second scan of a sheet that is also there.
    DuplicateScan,
    ForeignSubject,
    UnreadableBarcode,
    /// Cannot be decoded at all.
    Undecodable,
}
