//! `manifest.json` of a packet and of an exam: what is inside, for programs that do not read the XML.

use super::model::{ExamFacts, ExamPackage, PackagedPacket, PackagedSheet};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the layout of both archives.
pub(super) const FORMAT: u32 = 1;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ExamHead {
    region: String,
    department: String,
    subject: String,
    subject_name: String,
    test_type: String,
    stage: String,
    period: String,
    date: String,
    form_kind: String,
}

impl From<&ExamFacts> for ExamHead {
    fn from(exam: &ExamFacts) -> Self {
        Self {
            region: exam.region.clone(),
            department: exam.department.clone(),
            subject: exam.subject.clone(),
            subject_name: exam.subject_name.clone(),
            test_type: exam.test_type.clone(),
            stage: exam.stage.clone(),
            period: exam.period.clone(),
            date: exam.date.to_string(),
            form_kind: exam.form_kind.clone(),
        }
    }
}

/// Of one packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PacketManifest {
    pub(super) format: u32,
    pub(super) name: String,
    pub(super) version: u32,
    /// Fingerprint of the public key.
    pub(super) key: String,
    pub(super) exam: ExamHead,
    pub(super) ppe: String,
    pub(super) room: String,
    pub(super) declared: u32,
    pub(super) sheets: u32,
    /// Form letter → sheets.
    pub(super) forms: BTreeMap<String, u32>,
    /// Fields a person confirmed or changed, of all fields sent.
    pub(super) fields: u32,
    pub(super) settled_by_people: u32,
    /// Sheets with a correction of the register.
    #[serde(default)]
    pub(super) corrections: u32,
    pub(super) explained: Vec<String>,
}

impl PacketManifest {
    pub(super) fn new(package: &ExamPackage, packet: &PackagedPacket, sheets: &[&PackagedSheet], name: &str, key: &str) -> Self {
        let mut forms = BTreeMap::new();
        for sheet in sheets {
            *forms.entry(sheet.form.clone()).or_insert(0) += 1;
        }
        let fields = || sheets.iter().flat_map(|s| s.sent_fields());
        Self {
            format: FORMAT,
            name: name.to_owned(),
            version: package.version,
            key: key.to_owned(),
            exam: (&package.exam).into(),
            ppe: packet.ppe.clone(),
            room: packet.room.clone(),
            declared: packet.declared,
            sheets: sheets.len() as u32,
            forms,
            fields: fields().count() as u32,
            settled_by_people: fields().filter(|f| f.settled != super::SettledBy::Machine).count() as u32,
            corrections: sheets.iter().filter(|s| s.sent_correction().is_some()).count() as u32,
            explained: packet.explained.clone(),
        }
    }
}

/// Of the exam.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ExamManifest {
    pub(super) format: u32,
    pub(super) version: u32,
    pub(super) key: String,
    pub(super) exam: ExamHead,
    pub(super) sheets: u32,
    pub(super) packets: Vec<PacketLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PacketLine {
    pub(super) name: String,
    pub(super) sheets: u32,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// Pretty JSON with a final newline; keys keep the order of the fields.
pub(super) fn json(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}
