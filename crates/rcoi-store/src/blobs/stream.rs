//! Files that are there whole or not at all: blobs in the making, and copies for people.

use super::folder::{failed, place, sync_folder, write_failed};
use crate::error::{Result, StoreError};
use rcoi_model::BlobHash;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Folder below the blobs for what is being written. Same disk, so that the rename at the end is atomic.
const PARTS: &str = ".parts";
/// How the names of its files begin.
const PREFIX: &str = "part-";
/// Bytes that go to the disk, or come from it, at a time.
const STEP: usize = 1 << 18;

/// A file in the making below `root`. Dropped it leaves nothing behind; after `kill -9` the next one removes what it left.
#[derive(Debug)]
pub(super) struct Part {
    root: PathBuf,
    file: BufWriter<NamedTempFile>,
}

impl Part {
    pub(super) fn begin(root: &Path) -> Result<Self> {
        let parts = root.join(PARTS);
        std::fs::create_dir_all(&parts).map_err(|e| failed("make the folder", &parts, e))?;
        let making = |e| write_failed("make a file in", &parts, 0, e);
        // Held while looking around, so that a part is never seen between its making and its locking.
        let door = File::options().create(true).truncate(false).write(true).open(parts.join("door")).map_err(making)?;
        door.lock().map_err(making)?;
        sweep(&parts, PREFIX);
        let file = tempfile::Builder::new().prefix(PREFIX).tempfile_in(&parts).map_err(making)?;
        file.as_file().lock().map_err(making)?;
        Ok(Self { root: root.to_owned(), file: BufWriter::with_capacity(STEP, file) })
    }

    /// The bytes so far, in a file that is gone with this value.
    pub(super) fn into_file(mut self) -> Result<NamedTempFile> {
        let root = self.root.clone();
        self.file.flush().map_err(|e| write_failed("write for", &root, 0, e))?;
        self.file.into_inner().map_err(|e| write_failed("write for", &root, 0, e.into_error()))
    }

    /// Moves the file to the place of the blob. After `Ok` it survives a power cut.
    pub(super) fn settle(mut self, hash: &BlobHash, size: u64) -> Result<()> {
        let path = place(&self.root, hash);
        let folder = path.parent().unwrap_or(&self.root);
        let wrap = |what: &'static str| move |e: io::Error| write_failed(what, folder, size, e);
        let fresh = !folder.exists();
        std::fs::create_dir_all(folder).map_err(wrap("make the folder"))?;
        self.file.flush().map_err(wrap("write for"))?;
        let file = self.file.into_inner().map_err(|e| wrap("write for")(e.into_error()))?;
        file.as_file().sync_all().map_err(wrap("sync a file for"))?;
        file.persist(&path).map_err(|e| wrap("rename a file into")(e.error))?;
        // New shard folders must survive too: their names live in the folders above.
        let above = if fresh { usize::MAX } else { 1 };
        folder.ancestors().take_while(|f| f.starts_with(&self.root)).take(above).try_for_each(sync_folder)
    }
}

impl Write for Part {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.file.write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Removes parts (files with this beginning) whose writers are dead: a living one holds the lock of its part.
fn sweep(folder: &Path, prefix: &str) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let is_part = path.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with(prefix));
        if is_part && File::open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
            // A part that cannot be removed costs space and nothing else; the next writer tries again.
            let _ = std::fs::remove_file(&path);
        }
    }
}

/// Copies what `source` gives to a file of its own, checked on the way. The file is there whole or not at all.
pub(super) fn copy_out(mut source: impl Read, size: u64, hash: &BlobHash, target: &Path) -> Result<u64> {
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let wrap = |what: &'static str| move |e: io::Error| write_failed(what, folder, size, e);
    std::fs::create_dir_all(folder).map_err(wrap("make the folder"))?;
    // What a killed copy to the same name left goes first.
    let prefix = format!(".part-{}-", target.file_name().and_then(|n| n.to_str()).unwrap_or_default());
    sweep(folder, &prefix);
    let mut part = tempfile::Builder::new().prefix(&prefix).permissions(plain()).tempfile_in(folder).map_err(wrap("make a file in"))?;
    part.as_file().lock().map_err(wrap("lock a file in"))?;
    let (mut sum, mut step, mut size) = (Sha256::new(), vec![0; STEP], 0);
    loop {
        let got = source.read(&mut step).map_err(|e| StoreError::Blob { what: format!("cannot read {hash}"), source: e })?;
        if got == 0 {
            break;
        }
        sum.update(&step[..got]);
        part.write_all(&step[..got]).map_err(wrap("write into"))?;
        size += got as u64;
    }
    let actual = BlobHash::from_bytes(&sum.finalize().into());
    if actual != *hash {
        return Err(StoreError::DamagedBlob { hash: hash.clone(), actual });
    }
    part.as_file().sync_all().map_err(wrap("sync a file in"))?;
    part.persist(target).map_err(|e| wrap("rename a file in")(e.error))?;
    sync_folder(folder)?;
    Ok(size)
}

/// A file for people, not a secret: the rights that the umask leaves.
fn plain() -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    std::fs::Permissions::from_mode(0o666)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Blobs;

    fn parts(root: &Path) -> usize {
        std::fs::read_dir(root.join(PARTS))
            .map_or(0, |all| all.flatten().filter(|e| e.file_name().to_string_lossy().starts_with("part-")).count())
    }

    #[tokio::test]
    async fn a_streamed_blob_is_the_same_blob_and_leaves_no_part() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).await.unwrap();
        let bytes: Vec<u8> = (0..700_000_u32).map(|n| (n % 251) as u8).collect();
        let mut writer = blobs.writer().unwrap();
        bytes.chunks(1000).for_each(|piece| writer.write_all(piece).unwrap());
        let (hash, size) = writer.finish().unwrap();
        assert_eq!((hash.clone(), size), (Blobs::hash(&bytes), 700_000));
        assert_eq!(blobs.get(&hash).await.unwrap(), bytes);
        assert_eq!(parts(folder.path()), 0);
        let target = folder.path().join("out/package.zip");
        assert_eq!(blobs.copy_out(&hash, &target).await.unwrap(), 700_000);
        assert_eq!(std::fs::read(&target).unwrap(), bytes);
    }

    #[tokio::test]
    async fn a_part_of_a_dead_writer_is_swept_and_that_of_a_living_one_stays() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).await.unwrap();
        let mut living = blobs.writer().unwrap();
        living.write_all(b"half").unwrap();
        std::fs::write(folder.path().join(PARTS).join("part-of-the-dead"), "x").unwrap();
        let second = blobs.writer().unwrap();
        assert_eq!(parts(folder.path()), 2, "the two living ones");
        drop(second);
        living.write_all(b" and half").unwrap();
        let (hash, _) = living.finish().unwrap();
        assert_eq!(blobs.get(&hash).await.unwrap(), b"half and half");
        assert_eq!(parts(folder.path()), 0);
    }

    #[tokio::test]
    async fn a_damaged_blob_is_never_copied_out_and_the_old_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).await.unwrap();
        let hash = blobs.put(b"a package".to_vec()).await.unwrap();
        std::fs::write(blobs.path(&hash).unwrap(), b"A package").unwrap();
        let target = folder.path().join("package.zip");
        std::fs::write(&target, "yesterday").unwrap();
        std::fs::write(folder.path().join(".part-package.zip-of-the-dead"), "x").unwrap();
        assert!(matches!(blobs.copy_out(&hash, &target).await, Err(StoreError::DamagedBlob { .. })));
        assert_eq!(std::fs::read(&target).unwrap(), b"yesterday");
        let halves = std::fs::read_dir(folder.path()).unwrap().flatten().filter(|e| e.file_name().to_string_lossy().starts_with(".part-"));
        assert_eq!(halves.count(), 0);
    }
}
