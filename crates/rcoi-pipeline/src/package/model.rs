//! What goes into a package: plain facts, gathered by the caller from the store.

use rcoi_model::{BlobHash, FieldKind, Ground, Role};

/// A whole exam, ready to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct ExamPackage {
    pub exam: ExamFacts,
    /// 1 for the first sending, one more after each rejection or roll-back.
    pub version: u32,
    /// Any order: the package sorts packets by their federal name.
    pub packets: Vec<PackagedPacket>,
}

/// The exam as the federal level names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExamFacts {
    /// Two digits.
    pub region: String,
    /// Processing department, two digits; `00` is the main one.
    pub department: String,
    /// Two digits.
    pub subject: String,
    pub subject_name: String,
    /// One digit each.
    pub test_type: String,
    pub stage: String,
    pub period: String,
    pub date: jiff::civil::Date,
    /// Code of the form kind in the packet name, two digits. Federal configuration, not derivable.
    pub form_kind: String,
}

/// The pile of one room.
#[derive(Debug, Clone, PartialEq)]
pub struct PackagedPacket {
    pub ppe: String,
    pub room: String,
    /// Sheets the point declared.
    pub declared: u32,
    /// Differences that people explained instead of settling, one line each.
    pub explained: Vec<String>,
    /// Any order: the package sorts by form, code and page.
    pub sheets: Vec<PackagedSheet>,
}

/// One page that counts.
#[derive(Debug, Clone, PartialEq)]
pub struct PackagedSheet {
    /// The sheet code; empty for forms without one.
    pub code: String,
    /// Form letter: `R`, `AB`, `C1`, …
    pub form: String,
    /// Template id.
    pub template: String,
    /// Code of the participant the sheet belongs to (not a name).
    pub participant: Option<String>,
    /// Hash of the file as it came from the scanner.
    pub image: BlobHash,
    /// Ending for people, such as `jpg`; empty = none. Letters and digits only.
    pub image_ending: String,
    /// Zero-based page inside that file.
    pub page: u32,
    /// Engine that read it.
    pub engine: String,
    pub fields: Vec<PackagedField>,
    /// What the register is to take over from this registration form. Sent for form `R` only.
    pub correction: Option<PackagedCorrection>,
}

/// A correction of personal data that a person accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct PackagedCorrection {
    pub ground: Ground,
    /// Role of who accepted it.
    pub settled: Role,
    /// In the order of the form.
    pub changes: Vec<PackagedChange>,
}

/// One field of the register.
#[derive(Debug, Clone, PartialEq)]
pub struct PackagedChange {
    pub field: String,
    /// As the register has it.
    pub old: String,
    /// As the form has it.
    pub new: String,
}

/// One field with both what the machine read and what is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct PackagedField {
    pub name: String,
    /// Policy class of the template. `person` and `document` are sent for form `R` only.
    pub class: String,
    pub kind: FieldKind,
    /// What the machine read.
    pub machine: String,
    /// Its calibrated confidence, 0..=1.
    pub confidence: f32,
    /// What counts.
    pub value: String,
    pub settled: SettledBy,
}

/// Who stands behind a value. A role, never a person's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettledBy {
    Machine,
    Person(Role),
}

impl SettledBy {
    /// The word in the XML.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Person(role) => role.as_str(),
        }
    }
}

impl PackagedSheet {
    /// Name of its image inside the packet.
    pub(super) fn image_name(&self) -> String {
        match self.image_ending.as_str() {
            "" => format!("{}{}", super::IMAGES, self.image),
            ending => format!("{}{}.{ending}", super::IMAGES, self.image),
        }
    }

    /// The correction that may be sent with it.
    pub(super) fn sent_correction(&self) -> Option<&PackagedCorrection> {
        self.correction.as_ref().filter(|_| self.is_personal())
    }

    fn is_personal(&self) -> bool {
        self.form == "R"
    }

    /// Fields that may be sent: personal data only where the form is the registration form.
    pub(super) fn sent_fields(&self) -> impl Iterator<Item = &PackagedField> {
        let personal = self.is_personal();
        self.fields.iter().filter(move |f| personal || !matches!(f.class.as_str(), "person" | "document"))
    }
}
