//! Content-addressed folder of files: every picture and package is stored once under its SHA-256.

use crate::error::{Result, StoreError};
use rcoi_model::BlobHash;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

mod stream;

pub use stream::BlobWriter;
use stream::Part;

/// A folder of blobs, `<root>/ab/cd/abcd…`. Files are written once and never changed.
#[derive(Debug, Clone)]
pub struct Blobs {
    root: PathBuf,
}

impl Blobs {
    /// Opens the folder, making it when it is not there.
    pub async fn open(root: impl Into<PathBuf>) -> Result<Self> {
        let root = root.into();
        tokio::fs::create_dir_all(&root).await.map_err(|e| failed("make the folder", &root, e))?;
        Ok(Self { root })
    }

    /// Hash under which these bytes are stored.
    #[must_use]
    pub fn hash(bytes: &[u8]) -> BlobHash {
        BlobHash::from_bytes(&Sha256::digest(bytes).into())
    }

    /// Stores the bytes and returns their hash. When they are there already nothing is written.
    /// After `Ok` the bytes survive a power cut; after `Err` nothing half-written is left.
    pub async fn put(&self, bytes: impl Into<Vec<u8>>) -> Result<BlobHash> {
        let (root, bytes) = (self.root.clone(), bytes.into());
        blocking(move || put(&root, &bytes)).await
    }

    /// The bytes of a blob, checked against the hash.
    pub async fn get(&self, hash: &BlobHash) -> Result<Vec<u8>> {
        let (path, hash) = (self.path(hash), hash.clone());
        blocking(move || {
            let bytes = match std::fs::read(&path) {
                Ok(bytes) => bytes,
                Err(e) if e.kind() == ErrorKind::NotFound => return Err(StoreError::NotFound(format!("blob {hash}"))),
                Err(e) => return Err(failed("read", &path, e)),
            };
            let actual = Self::hash(&bytes);
            if actual == hash { Ok(bytes) } else { Err(StoreError::DamagedBlob { hash, actual }) }
        })
        .await
    }

    /// True when a file of that name is there (its content is checked by [`Blobs::get`]).
    pub async fn exists(&self, hash: &BlobHash) -> Result<bool> {
        let path = self.path(hash);
        tokio::fs::try_exists(&path).await.map_err(|e| failed("look at", &path, e))
    }

    /// Where the blob lies.
    #[must_use]
    pub fn path(&self, hash: &BlobHash) -> PathBuf {
        place(&self.root, hash)
    }
}

fn place(root: &Path, hash: &BlobHash) -> PathBuf {
    let text = hash.as_str();
    root.join(&text[..2]).join(&text[2..4]).join(text)
}

fn put(root: &Path, bytes: &[u8]) -> Result<BlobHash> {
    let hash = Blobs::hash(bytes);
    let path = place(root, &hash);
    // A file of another length is the trace of a damaged disk: the good bytes replace it.
    match std::fs::metadata(&path) {
        Ok(found) if found.len() == bytes.len() as u64 => return Ok(hash),
        Ok(_) => {}
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        Err(e) => return Err(failed("look at", &path, e)),
    }
    let size = bytes.len() as u64;
    let mut part = Part::begin(root)?;
    part.write_all(bytes).map_err(|e| write_failed("write into", root, size, e))?;
    part.settle(&hash, size)?;
    Ok(hash)
}

/// A full disk is told apart: the operator can do something about it.
fn write_failed(what: &str, folder: &Path, size: u64, e: std::io::Error) -> StoreError {
    match e.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::DiskFull { folder: folder.display().to_string(), size },
        _ => failed(what, folder, e),
    }
}

fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|f| f.sync_all()).map_err(|e| failed("sync", folder, e))
}

fn failed(what: &str, path: &Path, source: std::io::Error) -> StoreError {
    StoreError::Blob { what: format!("cannot {what} {}", path.display()), source }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(e) => Err(StoreError::Blob { what: "the disk task stopped".to_owned(), source: std::io::Error::other(e) }),
    }
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
