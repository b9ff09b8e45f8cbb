//! One file from a person's browser or from the watched folder: its name made harmless, its packet known before its bytes are
//! looked at, the same bytes twice in a packet the same pages.

use crate::error::{PipelineError, Result};
use crate::intake::{FileOutcome, OneFile, read_whole};
use crate::packet_name::PacketName;
use crate::pipeline::{Pipeline, lock};
use rcoi_model::{BlobHash, ExamId, Packet, UserId};
use rcoi_recognize::source::{self, Kind};
use rcoi_store::{AuditEntry, Blobs};
use std::fs::File;
use std::time::Duration;

/// Longest path of a file and longest part of it, bytes: what file systems allow.
const LONGEST: usize = 1024;
const LONGEST_PART: usize = 255;

/// How often it is looked whether the same bytes are still being taken in.
const WAIT: Duration = Duration::from_millis(20);

/// Why a file's name is not taken. Names are labels here, never paths on this machine; one that tries to be more is a sign of
/// something that should not be let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    #[error("the file has no name")]
    Empty,
    #[error("the name is longer than {LONGEST} bytes, or a part of it than {LONGEST_PART}")]
    TooLong,
    #[error("the name leads out of its folder")]
    Leaves,
    #[error("the name holds invisible characters")]
    Invisible,
    /// Chosen and named packet.
    #[error("the file lies in the folder of packet {named}, but packet {chosen} was chosen")]
    OtherPacket { chosen: String, named: String },
}

/// Where a file belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// `None`: its name does not tell. (The members of an archive may.)
    pub packet: Option<PacketName>,
    /// Name under which it is kept. It begins with the packet's name, so that one file has one name by whatever door it comes.
    pub source: String,
}

/// Where a file of this path belongs; `chosen` is the packet that a person named.
///
/// # Errors
/// The name is none.
pub fn place_of(path: &str, chosen: Option<&PacketName>) -> Result<Place, BadName> {
    if path.starts_with(['/', '\\']) || path.as_bytes().get(1) == Some(&b':') {
        return Err(BadName::Leaves);
    }
    let parts: Vec<&str> = path.split(['/', '\\']).filter(|part| !matches!(*part, "" | ".")).collect();
    if parts.contains(&"..") {
        return Err(BadName::Leaves);
    }
    if parts.iter().any(|part| part.chars().any(is_invisible)) {
        return Err(BadName::Invisible);
    }
    if path.len() > LONGEST || parts.iter().any(|part| part.len() > LONGEST_PART) {
        return Err(BadName::TooLong);
    }
    let Some((file, folders)) = parts.split_last() else { return Err(BadName::Empty) };
    let at = parts.iter().position(|part| PacketName::of_path(part).is_some());
    // A scanner may call its files 0001-0002.jpg: beside a chosen packet only folders and archives tell theirs.
    let archive = file.to_ascii_lowercase().ends_with(".zip");
    let telling = at.filter(|at| *at < folders.len() || archive);
    if let Some(chosen) = chosen {
        return match telling.and_then(|at| Some((at, PacketName::of_path(parts[at])?))) {
            Some((at, named)) if named == *chosen => Ok(Place { packet: Some(named), source: parts[at..].join("/") }),
            Some((_, named)) => Err(BadName::OtherPacket { chosen: chosen.to_string(), named: named.to_string() }),
            None => Ok(Place { packet: Some(chosen.clone()), source: format!("{chosen}/{}", parts.join("/")) }),
        };
    }
    let from = at.unwrap_or_default();
    Ok(Place { packet: at.and_then(|at| PacketName::of_path(parts[at])), source: parts[from..].join("/") })
}

/// Controls, and what turns the direction of a line round.
fn is_invisible(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Bytes that are being taken in.
struct Arriving<'p> {
    pipeline: &'p Pipeline,
    blob: BlobHash,
}

impl Drop for Arriving<'_> {
    fn drop(&mut self) {
        lock(&self.pipeline.inner.arriving).remove(&self.blob);
    }
}

impl Pipeline {
    /// Takes in one file that somebody sent or put down. A file whose bytes are in its packet already, under whatever name, is
    /// the same file. An empty file is refused: there is nothing to keep.
    pub async fn take_file(&self, exam: ExamId, place: &Place, file: File, by: Option<UserId>) -> Result<Vec<OneFile>> {
        let size = match file.metadata() {
            Ok(found) => found.len(),
            Err(source) => return Err(PipelineError::Io { path: place.source.clone(), source }),
        };
        if size == 0 {
            let reason = rcoi_recognize::source::SourceError::Empty;
            let refused = FileOutcome::Refused { reason: crate::refusal(&reason) };
            return Ok(vec![(place.source.clone(), None, refused)]);
        }
        let taken = if size > self.inner.params.limits.max_file_bytes {
            self.ingest_open(exam, place.packet.as_ref(), &place.source, file).await?
        } else {
            let _held = self.memory_for(size).await?;
            let bytes = match read_whole(file, size).await? {
                Ok(bytes) => bytes,
                Err(source) => return Err(PipelineError::Io { path: place.source.clone(), source }),
            };
            let _alone = self.alone(Blobs::hash(&bytes)).await;
            match self.known_file(exam, place, &bytes).await? {
                Some(known) => return Ok(vec![known]),
                None => self.ingest_bytes(exam, place.packet.as_ref(), &place.source, bytes).await?,
            }
        };
        self.remember_arrival(exam, &taken, by).await?;
        Ok(taken)
    }

    /// Waits until nobody else takes in these bytes: sent twice at once under two names, they are still one file.
    async fn alone(&self, blob: BlobHash) -> Arriving<'_> {
        while !lock(&self.inner.arriving).insert(blob.clone()) {
            tokio::time::sleep(WAIT).await;
        }
        Arriving { pipeline: self, blob }
    }

    /// The file of the packet that has these very bytes. Archives are looked at member by member anyway.
    async fn known_file(&self, exam: ExamId, place: &Place, bytes: &[u8]) -> Result<Option<OneFile>> {
        let Some(name) = &place.packet else { return Ok(None) };
        if source::kind(bytes) == Some(Kind::Zip) {
            return Ok(None);
        }
        let packet = Packet::id_for(exam, &name.ppe, &name.room);
        let pages = self.inner.store.pages_of_blob(packet, &Blobs::hash(bytes)).await?;
        let Some(first) = pages.first().filter(|first| first.source != place.source) else { return Ok(None) };
        let count = pages.iter().filter(|page| page.source == first.source).count();
        Ok(Some((first.source.clone(), Some(packet), FileOutcome::Taken { pages: count as u32, new: 0 })))
    }

    /// What a person brought in is an act of his. File names are not in it: they may hold anything.
    async fn remember_arrival(&self, exam: ExamId, taken: &[OneFile], by: Option<UserId>) -> Result<()> {
        let Some(user) = by else { return Ok(()) };
        let of = |outcome: &FileOutcome| match outcome {
            FileOutcome::Taken { new, .. } => (*new, 0),
            FileOutcome::SetAside { .. } => (0, 1),
            FileOutcome::Refused { .. } => (0, 0),
        };
        let (new, aside) = taken.iter().map(|(_, _, outcome)| of(outcome)).fold((0, 0), |a: (u64, u64), b| (a.0 + b.0, a.1 + b.1));
        if new + aside > 0 {
            let packet = taken.iter().find_map(|(_, packet, _)| *packet);
            let target = packet.map_or_else(|| exam.to_string(), |p| p.to_string());
            let detail = format!(r#"{{"new":{new},"set_aside":{aside}}}"#);
            self.inner.store.append_audit(&AuditEntry { user: Some(user), act: "packet.file".to_owned(), target, detail }).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, chosen: Option<&str>) -> Result<String, BadName> {
        let chosen = chosen.and_then(PacketName::parse);
        place_of(path, chosen.as_ref()).map(|place| place.source)
    }

    #[test]
    fn a_file_has_one_name_by_whatever_door_it_comes() {
        for (path, chosen) in [
            ("0001-0101/a.png", None),
            ("scans/0001-0101/a.png", None),
            ("scans\\0001-0101\\a.png", None),
            ("./0001-0101//a.png", None),
            ("0001-0101/a.png", Some("0001-0101")),
            ("a.png", Some("0001-0101")),
        ] {
            assert_eq!(source(path, chosen).as_deref(), Ok("0001-0101/a.png"), "{path}");
        }
        assert_eq!(source("all/0001-0101.zip", None).as_deref(), Ok("0001-0101.zip"));
        assert_eq!(source("rescan/a.png", Some("0001-0101")).as_deref(), Ok("0001-0101/rescan/a.png"));
        assert_eq!(place_of("misc/a.png", None), Ok(Place { packet: None, source: "misc/a.png".into() }));
    }

    #[test]
    fn a_name_that_leads_elsewhere_or_hides_something_is_refused() {
        for path in ["../a.png", "0001-0101/../../a.png", "/etc/passwd", "C:\\a.png", "\\\\server\\a.png", "0001-0101/..\\a.png"] {
            assert_eq!(source(path, None), Err(BadName::Leaves), "{path}");
        }
        for path in ["0001-0101/a\n.png", "0001-0101/a\0.png", "0001-0101/gnp.\u{202e}a"] {
            assert_eq!(source(path, None), Err(BadName::Invisible), "{path:?}");
        }
        assert_eq!(source("", None), Err(BadName::Empty));
        assert_eq!(source(&format!("0001-0101/{}", "я".repeat(128)), None), Err(BadName::TooLong));
        assert_eq!(source(&"a/".repeat(600), None), Err(BadName::TooLong));
    }

    #[test]
    fn a_folder_of_another_packet_than_the_chosen_one_is_no_slip_to_pass_over() {
        let other = BadName::OtherPacket { chosen: "0001-0101".into(), named: "0001-0102".into() };
        assert_eq!(source("0001-0102/a.png", Some("0001-0101")), Err(other.clone()));
        assert_eq!(source("0001-0102.zip", Some("0001-0101")), Err(other));
        assert_eq!(source("0001-0102.jpg", Some("0001-0101")).as_deref(), Ok("0001-0101/0001-0102.jpg"), "a counter of the scanner");
    }
}
