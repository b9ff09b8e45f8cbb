//! An exam as the region plans it: points, rooms, participants with their kits, acts; and its live states.

use crate::ids::{BlobHash, ExamId, PacketId, PageId};
use serde::{Deserialize, Serialize};

/// The exam file (`exam.json`) that planning hands to the centre.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExamPlan {
    /// Region code, two digits.
    pub region: String,
    /// Processing department, two digits; `00` is the main one.
    pub department: String,
    /// Subject code, two digits.
    pub subject: String,
    pub subject_name: String,
    /// Test type and stage digits of the federal file name.
    pub test_type: String,
    pub stage: String,
    /// `main`, `early`, `additional`.
    pub period: String,
    /// Exam day, `YYYY-MM-DD`. Day 0 of the limit.
    pub date: jiff::civil::Date,
    /// Processing limit in calendar days.
    pub limit_days: u32,
    /// Forms every present participant must have, by form letter (`R`, `AB`, `C1`, `C2`).
    pub forms: Vec<String>,
    /// How many short-answer rows the exam uses.
    pub answers: u32,
    /// The specification's list of permitted symbols; tasks that no line names take every symbol of the form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub symbols: Vec<TaskSymbols>,
    pub rooms: Vec<Room>,
    pub participants: Vec<Participant>,
    /// Papers of the points: removal (ППЭ-21), early finish (ППЭ-22).
    pub acts: Vec<Act>,
}

impl ExamPlan {
    #[must_use]
    pub fn id(&self) -> ExamId {
        ExamId::derived(&[&self.region, &self.department, &self.subject, &self.test_type, &self.stage, &self.date.to_string()])
    }

    /// The day on which the limit ends, as days since 1970: the order in which exams are urgent. At least 1.
    #[must_use]
    pub fn limit_day(&self) -> u32 {
        let epoch = jiff::civil::date(1970, 1, 1);
        let days = (self.date - epoch).get_days().saturating_add(i32::try_from(self.limit_days).unwrap_or(i32::MAX));
        u32::try_from(days).unwrap_or(0).max(1)
    }

    /// What may stand in the answer to a task; `None` where the specification does not narrow the form's alphabet.
    #[must_use]
    pub fn symbols_of(&self, task: u32) -> Option<&str> {
        self.symbols.iter().find(|line| line.tasks.contains(&task)).map(|line| line.symbols.as_str())
    }
}

/// One line of an exam's list of permitted symbols: these tasks are answered with these characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskSymbols {
    pub tasks: Vec<u32>,
    pub symbols: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// ППЭ code, four digits.
    pub ppe: String,
    /// Room number, up to four characters, leading zeros significant.
    pub room: String,
    /// Sheets the point declares for the packet of this room.
    pub declared_sheets: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// Regional id of the participant, not a name.
    pub code: String,
    pub surname: String,
    pub name: String,
    pub patronymic: String,
    pub document_series: String,
    pub document_number: String,
    pub school: String,
    pub class: String,
    pub ppe: String,
    pub room: String,
    pub seat: String,
    /// Sheet codes of the kit by form letter.
    pub kit: Vec<KitSheet>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KitSheet {
    /// `R`, `AB`, `C1`, `C2`.
    pub form: String,
    pub code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    pub participant: String,
    pub kind: ActKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActKind {
    Removed,
    NotFinished,
}

/// State of an exam; moves only forwards, except that a rejected package re-opens sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExamState {
    Open,
    Closed,
    Packaged,
}

/// State of a page. `Received` is the outbox: the relay publishes such pages until they leave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PageState {
    Received,
    /// Read; its doubts, if any, are tasks.
    Read,
    /// Could not be decoded or read in time; the reason is stored and a task waits for the operator or senior.
    SetAside,
    /// Taken out of the work by a person, with a reason. Never deleted.
    Excluded,
}

macro_rules! kebab_text {
    ($name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        impl $name {
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}
pub(crate) use kebab_text;

kebab_text!(ExamState { Open = "open", Closed = "closed", Packaged = "packaged" });
kebab_text!(PageState { Received = "received", Read = "read", SetAside = "set-aside", Excluded = "excluded" });

/// A pile that is accounted for as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packet {
    pub id: PacketId,
    pub exam: ExamId,
    pub ppe: String,
    pub room: String,
    /// Sheets the point declared.
    pub declared: u32,
}

impl Packet {
    #[must_use]
    pub fn id_for(exam: ExamId, ppe: &str, room: &str) -> PacketId {
        PacketId::derived(&[&exam.to_string(), ppe, room])
    }
}

/// One stored picture inside a packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    pub id: PageId,
    pub exam: ExamId,
    pub packet: PacketId,
    /// Hash of the *source file* (may hold several pages).
    pub blob: BlobHash,
    /// Zero-based page inside the source file.
    pub index: u32,
    /// File name as it came, for people; `a.zip/b.tif` for members of archives.
    pub source: String,
    pub state: PageState,
    /// Why it was set aside or excluded.
    pub reason: Option<String>,
}

impl Page {
    /// The same file name in the same packet with the same bytes is the same page: taking it in twice adds nothing.
    #[must_use]
    pub fn id_for(packet: PacketId, source: &str, blob: &BlobHash, index: u32) -> PageId {
        PageId::derived(&[&packet.to_string(), source, blob.as_str(), &index.to_string()])
    }
}
