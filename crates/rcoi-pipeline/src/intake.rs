//! Intake: files, folders and archives become blobs and page rows. Taking the same in again adds nothing.
//! What cannot be understood is kept and set aside with its reason, members of archives too; it never stops the pile.

use crate::advice::refusal;
use crate::error::{PipelineError, Result};
use crate::packet_name::PacketName;
use crate::pipeline::Pipeline;
use futures::StreamExt;
use rcoi_model::{BlobHash, ExamId, Packet, PacketId, Page, PageState};
use rcoi_recognize::source::{self, Kind, SourceError};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use tokio::sync::SemaphorePermit;

/// Files taken in at the same time: the disk syncs of one overlap with the hashing of another.
pub(crate) const AT_ONCE: usize = 4;
/// Megabytes of files that are in memory at the same time, however many are taken in.
pub(crate) const IN_MEMORY: u32 = 256;

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
        match tokio::fs::File::open(&file).await {
            Ok(file) => self.ingest_open(exam, packet, &source, file.into_std().await).await,
            Err(error) => Ok(unreadable(&source, &error)),
        }
    }

    /// Takes in an open file from its beginning. What does not fit into the memory is kept and set aside.
    pub(crate) async fn ingest_open(&self, exam: ExamId, packet: Option<&PacketName>, source: &str, file: File) -> Result<Vec<OneFile>> {
        let size = match file.metadata() {
            Ok(found) => found.len(),
            Err(error) => return Ok(unreadable(source, &error)),
        };
        if size > self.inner.params.limits.max_file_bytes {
            let (id, outcome) = self.keep_large(exam, packet, source, file, size).await?;
            return Ok(vec![(source.to_owned(), id, outcome)]);
        }
        let _held = self.memory_for(size).await?;
        match read_whole(file, size).await? {
            Ok(bytes) => self.ingest_bytes(exam, packet, source, bytes).await,
            Err(error) => Ok(unreadable(source, &error)),
        }
    }

    /// Waits until there is room for a file of this size.
    pub(crate) async fn memory_for(&self, size: u64) -> Result<SemaphorePermit<'_>> {
        let megabytes = u32::try_from(size >> 20).unwrap_or(IN_MEMORY).clamp(1, IN_MEMORY);
        // The semaphore is never closed.
        self.inner.memory.acquire_many(megabytes).await.map_err(|e| PipelineError::Internal(e.to_string()))
    }

    /// Takes in the bytes of one file, archives with all their members. `source` is its path with `/`.
    pub async fn ingest_bytes(&self, exam: ExamId, packet: Option<&PacketName>, source: &str, bytes: Vec<u8>) -> Result<Vec<OneFile>> {
        if source::kind(&bytes) == Some(Kind::Zip) {
            return self.ingest_archive(exam, packet, source, bytes).await;
        }
        let (pages, bytes) = self.inner.readers.count(bytes, &self.inner.params).await?;
        let (id, outcome) = match pages {
            Ok(pages) => match self.packet_of(exam, packet, source).await? {
                Some(id) => {
                    let blob = self.inner.blobs.put(bytes).await?;
                    (Some(id), self.take(exam, &self.rows(exam, id, source, &blob, pages)).await?)
                }
                None => (None, no_packet()),
            },
            Err(why) => self.keep_aside(exam, packet, source, bytes, &why).await?,
        };
        Ok(vec![(source.to_owned(), id, outcome)])
    }

    /// Stores the rows of a file whose bytes are in the store.
    pub(crate) async fn take(&self, exam: ExamId, rows: &[Page]) -> Result<FileOutcome> {
        let new = self.inner.store.insert_pages(rows).await?;
        if new > 0 {
            self.inner.nudge_relay.notify_one();
            self.touched(exam);
        }
        Ok(FileOutcome::Taken { pages: rows.len() as u32, new })
    }

    /// Stores rows and sets them aside at once, each with a task for a person.
    pub(crate) async fn put_aside(&self, rows: &[Page], reason: &str) -> Result<FileOutcome> {
        self.inner.store.insert_pages(rows).await?;
        for page in rows {
            self.set_aside(page, reason).await?;
        }
        Ok(FileOutcome::SetAside { reason: reason.to_owned() })
    }

    /// Keeps a file that cannot be understood: its bytes, one page row, one task.
    pub(crate) async fn keep_aside(
        &self,
        exam: ExamId,
        packet: Option<&PacketName>,
        source: &str,
        bytes: Vec<u8>,
        reason: &str,
    ) -> Result<(Option<PacketId>, FileOutcome)> {
        let Some(id) = self.packet_of(exam, packet, source).await? else { return Ok((None, homeless(reason))) };
        let blob = self.inner.blobs.put(bytes).await?;
        Ok((Some(id), self.put_aside(&self.rows(exam, id, source, &blob, 1), reason).await?))
    }

    /// Keeps a file that is too large for the memory.
    async fn keep_large(
        &self,
        exam: ExamId,
        packet: Option<&PacketName>,
        source: &str,
        mut file: File,
        bytes: u64,
    ) -> Result<(Option<PacketId>, FileOutcome)> {
        let reason = refusal(&SourceError::FileTooBig { bytes, limit: self.inner.params.limits.max_file_bytes });
        let Some(id) = self.packet_of(exam, packet, source).await? else { return Ok((None, homeless(&reason))) };
        let (blobs, name) = (self.inner.blobs.clone(), source.to_owned());
        let copy = move || {
            let mut out = blobs.writer()?;
            let failed = |source| PipelineError::Io { path: name.clone(), source };
            file.rewind().map_err(failed)?;
            std::io::copy(&mut file, &mut out).map_err(failed)?;
            Ok::<_, PipelineError>(out.finish()?)
        };
        let (blob, _) = tokio::task::spawn_blocking(copy).await??;
        Ok((Some(id), self.put_aside(&self.rows(exam, id, source, &blob, 1), &reason).await?))
    }

    /// The packet that is named, else the one that the path names; `None` when neither does.
    pub(crate) async fn packet_of(&self, exam: ExamId, packet: Option<&PacketName>, source: &str) -> Result<Option<PacketId>> {
        match packet.cloned().or_else(|| PacketName::of_path(source)) {
            Some(name) => Ok(Some(self.packet_for(exam, &name).await?)),
            None => Ok(None),
        }
    }

    /// The rows of a file with so many pages.
    pub(crate) fn rows(&self, exam: ExamId, packet: PacketId, source: &str, blob: &BlobHash, pages: u32) -> Vec<Page> {
        let row = |index| Page {
            id: Page::id_for(packet, source, blob, index),
            exam,
            packet,
            blob: blob.clone(),
            index,
            source: source.to_owned(),
            state: PageState::Received,
            reason: None,
        };
        (0..pages).map(row).collect()
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

/// The bytes of a file that is in work elsewhere too: from its beginning.
pub(crate) async fn read_whole(mut file: File, size: u64) -> Result<std::io::Result<Vec<u8>>> {
    let read = move || {
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        file.rewind()?;
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    Ok(tokio::task::spawn_blocking(read).await?)
}

pub(crate) fn unreadable(source: &str, error: &std::io::Error) -> Vec<OneFile> {
    let reason = format!("it cannot be read from the disk: {error}; look at the rights and at the disk");
    vec![(source.to_owned(), None, FileOutcome::Refused { reason })]
}

pub(crate) fn no_packet() -> FileOutcome {
    FileOutcome::Refused {
        reason: "в пути нет папки пакета: ожидалось имя PPPP-RRRR, например 0001-0101".to_owned()
    }
}

pub(crate) fn homeless(reason: &str) -> FileOutcome {
    FileOutcome::Refused {
        reason: format!("{reason}; и пакет не назван: ожидалась папка PPPP-RRRR, например 0001-0101")
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
