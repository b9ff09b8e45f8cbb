//! Blobs in a folder, `<root>/ab/cd/abcd…`: on this machine's disk, or one that all machines share.

use super::stream::Part;
use crate::error::{Result, StoreError};
use rcoi_model::BlobHash;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Stands in every folder of blobs. Where it is missing a shared folder is not there, and no blob is missed in it.
const MARK: &str = ".rcoi-blobs";

/// A folder of blobs. All methods touch the disk.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    pub(super) root: PathBuf,
}

impl Folder {
    pub(super) fn open(root: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&root).map_err(|e| failed("make the folder", &root, e))?;
        let mark = root.join(MARK);
        File::options().create(true).truncate(false).write(true).open(&mark).map_err(|e| failed("write", &mark, e))?;
        Ok(Self { root })
    }

    pub(super) fn put(&self, bytes: &[u8]) -> Result<BlobHash> {
        let hash = sum(bytes);
        // A file of another length is the trace of a damaged disk: the good bytes replace it.
        if self.size(&hash)? == Some(bytes.len() as u64) {
            return Ok(hash);
        }
        let size = bytes.len() as u64;
        let mut part = Part::begin(&self.root)?;
        part.write_all(bytes).map_err(|e| write_failed("write into", &self.root, size, e))?;
        part.settle(&hash, size)?;
        Ok(hash)
    }

    /// The bytes as they lie there.
    pub(super) fn get(&self, hash: &BlobHash) -> Result<Vec<u8>> {
        let path = place(&self.root, hash);
        std::fs::read(&path).map_err(|e| self.missing(hash, "read", &path, e))
    }

    /// The file and its size.
    pub(super) fn reader(&self, hash: &BlobHash) -> Result<(File, u64)> {
        let path = place(&self.root, hash);
        let file = File::open(&path).map_err(|e| self.missing(hash, "read", &path, e))?;
        let size = file.metadata().map_err(|e| failed("look at", &path, e))?.len();
        Ok((file, size))
    }

    pub(super) fn size(&self, hash: &BlobHash) -> Result<Option<u64>> {
        let path = place(&self.root, hash);
        match std::fs::metadata(&path) {
            Ok(found) => Ok(Some(found.len())),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(failed("look at", &path, e)),
        }
    }

    /// Puts a part in its place, unless the blob is there already.
    pub(super) fn settle(&self, part: Part, hash: &BlobHash, size: u64) -> Result<()> {
        if self.size(hash)? == Some(size) { Ok(()) } else { part.settle(hash, size) }
    }

    fn missing(&self, hash: &BlobHash, what: &str, path: &Path, error: std::io::Error) -> StoreError {
        match error.kind() {
            ErrorKind::NotFound if self.root.join(MARK).exists() => StoreError::NotFound(format!("blob {hash}")),
            ErrorKind::NotFound => failed("find the blobs in", &self.root, error),
            _ => failed(what, path, error),
        }
    }
}

pub(super) fn place(root: &Path, hash: &BlobHash) -> PathBuf {
    let text = hash.as_str();
    root.join(&text[..2]).join(&text[2..4]).join(text)
}

/// SHA-256 of the bytes.
pub(super) fn sum(bytes: &[u8]) -> BlobHash {
    BlobHash::from_bytes(&Sha256::digest(bytes).into())
}

/// A full disk is told apart: the operator can do something about it.
pub(super) fn write_failed(what: &str, folder: &Path, size: u64, e: std::io::Error) -> StoreError {
    match e.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::DiskFull { folder: folder.display().to_string(), size },
        _ => failed(what, folder, e),
    }
}

pub(super) fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|f| f.sync_all()).map_err(|e| failed("sync", folder, e))
}

pub(super) fn failed(what: &str, path: &Path, source: std::io::Error) -> StoreError {
    StoreError::Blob { what: format!("cannot {what} {}", path.display()), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named_as_such() {
        let told = write_failed("write into", Path::new("blobs"), 7, ErrorKind::StorageFull.into());
        assert_eq!(told.to_string(), "no space left for a blob of 7 bytes in blobs");
        assert!(matches!(write_failed("write into", Path::new("b"), 7, ErrorKind::PermissionDenied.into()), StoreError::Blob { .. }));
    }
}
