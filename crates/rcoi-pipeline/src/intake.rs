//! Intake: files, folders and archives become blobs and page rows. Taking the same in again adds nothing.
//! A file that cannot be understood is kept and set aside with its reason; a member of an archive that is refused
//! is reported; neither stops the pile.

use crate::error::{PipelineError, Result};
use crate::packet_name::PacketName;
use crate::pipeline::Pipeline;
use futures::StreamExt;
use rcoi_model::{ExamId, Packet, PacketId, Page, PageState};
use rcoi_recognize::source::{self, Kind, Member};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Files taken in at the same time: the disk syncs of one overlap with the hashing of another.
const AT_ONCE: usize = 4;

/// Source, packet if one is named, and what became of it.
pub type OneFile = (String, Option<PacketId>, FileOutcome);

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileOutcome {
    /// Pages in the file, and how many of them are new.
    Taken { pages: u32, new: u64 },
    /// Stored, but nobody can read it: a task waits for the senior.
    SetAside { reason: String },
    /// Not stored; the reason says why.
    Refused { reason: String },
}

/// One step of an intake.
#[derive(Debug, Clone)]
pub struct IntakeProgress<'a> {
    /// Files looked at / files found (members of archives count as part of their archive).
    pub done: usize,
    pub total: usize,
    pub source: &'a str,
    pub outcome: &'a FileOutcome,
}

/// Sum of an intake.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IntakeReport {
    /// Files and members looked at.
    pub files: u64,
    pub pages: u64,
    /// Of them, not known before.
    pub new_pages: u64,
    /// Source and reason of what was set aside.
    pub set_aside: Vec<(String, String)>,
    /// Source and reason of what was refused.
    pub refused: Vec<(String, String)>,
    /// Packets that received something.
    pub packets: BTreeSet<PacketId>,
}

impl IntakeReport {
    fn add(&mut self, source: &str, packet: Option<PacketId>, outcome: &FileOutcome) {
        self.files += 1;
        match outcome {
            FileOutcome::Taken { pages, new } => {
                self.pages += u64::from(*pages);
                self.new_pages += new;
                self.packets.extend(packet);
            }
            FileOutcome::SetAside { reason } => {
                self.pages += 1;
                self.set_aside.push((source.to_owned(), reason.clone()));
                self.packets.extend(packet);
            }
            FileOutcome::Refused { reason } => self.refused.push((source.to_owned(), reason.clone())),
        }
    }
}

impl Pipeline {
    /// Takes in a file, or a folder with everything below it. The packet is the first part of the path that is called
    /// `PPPP-RRRR`; `packet` says it for files whose path does not. `progress` is called after each file or member.
    pub async fn ingest(
        &self,
        exam: ExamId,
        path: &Path,
        packet: Option<&PacketName>,
        progress: &(dyn Fn(&IntakeProgress<'_>) + Sync),
    ) -> Result<IntakeReport> {
        // The exam must be there before anything is stored under it.
        self.inner.store.exam(exam).await?;
        let root = path.to_owned();
        let files = tokio::task::spawn_blocking(move || list(&root)).await??;
        let total = files.len();
        let mut report = IntakeReport::default();
        let steps = futures::stream::iter(files).map(|(file, source)| self.ingest_path(exam, packet, file, source));
        let mut steps = std::pin::pin!(steps.buffered(AT_ONCE).enumerate());
        while let Some((done, outcomes)) = steps.next().await {
            for (source, packet, outcome) in outcomes? {
                report.add(&source, packet, &outcome);
                progress(&IntakeProgress { done: done + 1, total, source: &source, outcome: &outcome });
            }
        }
        Ok(report)
    }

    async fn ingest_path(&self, exam: ExamId, packet: Option<&PacketName>, file: PathBuf, source: String) -> Result<Vec<OneFile>> {
        match tokio::fs::read(&file).await {
            Ok(bytes) => self.ingest_bytes(exam, packet, &source, bytes).await,
            Err(error) => Ok(vec![(source, None, FileOutcome::Refused { reason: format!("не читается с диска: {error}") })]),
        }
    }

    /// Takes in the bytes of one file, archives with all their members. `source` is its path with `/`.
    pub async fn ingest_bytes(&self, exam: ExamId, packet: Option<&PacketName>, source: &str, bytes: Vec<u8>) -> Result<Vec<OneFile>> {
        if source::kind(&bytes) != Some(Kind::Zip) {
            let (id, outcome) = self.ingest_one(exam, packet, source, bytes).await?;
            return Ok(vec![(source.to_owned(), id, outcome)]);
        }
        let limits = self.inner.params.limits.clone();
        let unpack = move || {
            let members = source::unpack(&bytes, &limits);
            (members, bytes)
        };
        let (members, bytes) = tokio::task::spawn_blocking(unpack).await?;
        match members {
            Ok(members) => {
                let mut out = Vec::with_capacity(members.len());
                for Member { name, bytes } in members {
                    let inside = format!("{source}/{name}");
                    let (id, outcome) = match bytes {
                        Ok(bytes) => self.ingest_one(exam, packet, &inside, bytes).await?,
                        Err(error) => (None, FileOutcome::Refused { reason: error.to_string() }),
                    };
                    out.push((inside, id, outcome));
                }
                Ok(out)
            }
            Err(error) => {
                let (id, outcome) = self.keep_aside(exam, packet, source, bytes, &error.to_string()).await?;
                Ok(vec![(source.to_owned(), id, outcome)])
            }
        }
    }

    async fn ingest_one(
        &self,
        exam: ExamId,
        packet: Option<&PacketName>,
        source: &str,
        bytes: Vec<u8>,
    ) -> Result<(Option<PacketId>, FileOutcome)> {
        let limits = self.inner.params.limits.clone();
        let count = move || {
            let pages = source::page_count(&bytes, &limits);
            (pages, bytes)
        };
        let (pages, bytes) = tokio::task::spawn_blocking(count).await?;
        let pages = match pages {
            Ok(pages) => pages,
            Err(error) => return self.keep_aside(exam, packet, source, bytes, &error.to_string()).await,
        };
        let Some((id, rows)) = self.store_file(exam, packet, source, bytes, pages).await? else {
            return Ok((None, no_packet()));
        };
        let new = self.inner.store.insert_pages(&rows).await?;
        if new > 0 {
            self.inner.nudge_relay.notify_one();
            self.touched(exam);
        }
        Ok((Some(id), FileOutcome::Taken { pages, new }))
    }

    /// Keeps a file that cannot be understood: its bytes, one page row, one task.
    async fn keep_aside(
        &self,
        exam: ExamId,
        packet: Option<&PacketName>,
        source: &str,
        bytes: Vec<u8>,
        reason: &str,
    ) -> Result<(Option<PacketId>, FileOutcome)> {
        let Some((id, rows)) = self.store_file(exam, packet, source, bytes, 1).await? else {
            return Ok((None, FileOutcome::Refused { reason: format!("{reason}; и пакет не назван") }));
        };
        self.inner.store.insert_pages(&rows).await?;
        for page in &rows {
            self.set_aside(page, reason).await?;
        }
        Ok((Some(id), FileOutcome::SetAside { reason: reason.to_owned() }))
    }

    /// Stores the bytes and names the page rows; `None` when no packet is named.
    async fn store_file(
        &self,
        exam: ExamId,
        packet: Option<&PacketName>,
        source: &str,
        bytes: Vec<u8>,
        pages: u32,
    ) -> Result<Option<(PacketId, Vec<Page>)>> {
        let Some(name) = packet.cloned().or_else(|| PacketName::of_path(source)) else { return Ok(None) };
        let id = self.packet_for(exam, &name).await?;
        let blob = self.inner.blobs.put(bytes).await?;
        let row = |index| Page {
            id: Page::id_for(id, source, &blob, index),
            exam,
            packet: id,
            blob: blob.clone(),
            index,
            source: source.to_owned(),
            state: PageState::Received,
            reason: None,
        };
        Ok(Some((id, (0..pages).map(row).collect())))
    }

    /// The packet row; a packet that nobody planned declares nothing, and the reconciliation will say so.
    async fn packet_for(&self, exam: ExamId, name: &PacketName) -> Result<PacketId> {
        let id = Packet::id_for(exam, &name.ppe, &name.room);
        match self.inner.store.packet(id).await {
            Ok(_) => {}
            Err(rcoi_store::StoreError::NotFound(_)) => {
                let packet = Packet { id, exam, ppe: name.ppe.clone(), room: name.room.clone(), declared: 0 };
                self.inner.store.upsert_packet(&packet).await?;
            }
            Err(error) => return Err(error.into()),
        }
        Ok(id)
    }
}

fn no_packet() -> FileOutcome {
    FileOutcome::Refused {
        reason: "в пути нет папки пакета: ожидалось имя PPPP-RRRR, например 0001-0101".to_owned()
    }
}

/// Files below `root` in a stable order, each with its path from `root` with `/`. A root that is itself a packet
/// folder stays part of the path. Symbolic links and dot files are passed over.
fn list(root: &Path) -> Result<Vec<(PathBuf, String)>> {
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |source| PipelineError::Io { path, source }
    };
    let own = root.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
    let kind = std::fs::metadata(root).map_err(failed(root))?;
    if kind.is_file() {
        // A single file keeps the packet folder it lies in.
        let folder = root.parent().and_then(Path::file_name).and_then(|n| n.to_str()).filter(|n| PacketName::parse(n).is_some());
        let source = folder.map_or(own.clone(), |f| format!("{f}/{own}"));
        return Ok(vec![(root.to_owned(), source)]);
    }
    let prefix = if PacketName::parse(&own).is_some() { format!("{own}/") } else { String::new() };
    let mut out = Vec::new();
    let mut folders = vec![(root.to_owned(), prefix)];
    while let Some((folder, prefix)) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(failed(&folder))? {
            let entry = entry.map_err(failed(&folder))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type().map_err(failed(&folder))?;
            if name.starts_with('.') {
                continue;
            }
            if kind.is_dir() {
                folders.push((entry.path(), format!("{prefix}{name}/")));
            } else if kind.is_file() {
                out.push((entry.path(), format!("{prefix}{name}")));
            }
        }
    }
    out.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(out)
}
