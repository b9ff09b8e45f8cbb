//! Content-addressed blobs: every picture and package is stored once under its SHA-256, in a folder or in a bucket.

use crate::error::{Result, StoreError};
use bucket::{Bucket, ObjectReader};
use folder::Folder;
use rcoi_model::BlobHash;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use stream::Part;

mod bucket;
mod folder;
mod pieces;
mod stream;

pub use bucket::BucketSettings;
pub use pieces::Pieces;

/// Where blobs are. They are written once and never changed. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Blobs(Place);

#[derive(Debug, Clone)]
enum Place {
    Folder(Folder),
    Bucket(Bucket),
}

impl Blobs {
    /// Opens a folder, making it when it is not there.
    pub async fn open(root: impl Into<PathBuf>) -> Result<Self> {
        let root = root.into();
        Ok(Self(Place::Folder(blocking(move || Folder::open(root)).await?)))
    }

    /// Opens a bucket of an S3-compatible store.
    ///
    /// # Errors
    /// It cannot be reached, or not with these rights.
    pub async fn open_bucket(settings: &BucketSettings) -> Result<Self> {
        Ok(Self(Place::Bucket(Bucket::open(settings).await?)))
    }

    /// Hash under which these bytes are stored.
    #[must_use]
    pub fn hash(bytes: &[u8]) -> BlobHash {
        folder::sum(bytes)
    }

    /// Stores the bytes and returns their hash. When they are there already nothing is written.
    /// After `Ok` the bytes survive a power cut; after `Err` nothing half-written is left.
    pub async fn put(&self, bytes: impl Into<Vec<u8>>) -> Result<BlobHash> {
        let bytes = bytes.into();
        match &self.0 {
            Place::Folder(folder) => {
                let folder = folder.clone();
                blocking(move || folder.put(&bytes)).await
            }
            Place::Bucket(bucket) => bucket.put(bytes).await,
        }
    }

    /// The bytes of a blob, checked against the hash.
    pub async fn get(&self, hash: &BlobHash) -> Result<Vec<u8>> {
        let wanted = hash.clone();
        let (bytes, actual) = match &self.0 {
            Place::Folder(folder) => {
                let folder = folder.clone();
                blocking(move || folder.get(&wanted).map(|bytes| (Self::hash(&bytes), bytes))).await.map(|(sum, bytes)| (bytes, sum))?
            }
            Place::Bucket(bucket) => {
                let bytes = bucket.get(&wanted).await?;
                blocking(move || Ok((Self::hash(&bytes), bytes))).await.map(|(sum, bytes)| (bytes, sum))?
            }
        };
        if actual == *hash { Ok(bytes) } else { Err(StoreError::DamagedBlob { hash: hash.clone(), actual }) }
    }

    /// How many bytes the blob of that name has; `None` when there is none (its content is checked by [`Blobs::get`]).
    pub async fn size(&self, hash: &BlobHash) -> Result<Option<u64>> {
        match &self.0 {
            Place::Folder(folder) => {
                let (folder, hash) = (folder.clone(), hash.clone());
                blocking(move || folder.size(&hash)).await
            }
            Place::Bucket(bucket) => bucket.size_of(hash).await,
        }
    }

    /// The file of a blob, when blobs are files.
    #[must_use]
    pub fn path(&self, hash: &BlobHash) -> Option<PathBuf> {
        match &self.0 {
            Place::Folder(folder) => Some(folder::place(&folder.root, hash)),
            Place::Bucket(_) => None,
        }
    }

    /// The bytes of a blob piece by piece, **not** checked. Waits: call it, and read, outside the async threads.
    pub fn reader(&self, hash: &BlobHash) -> Result<BlobReader> {
        let (bytes, size) = match &self.0 {
            Place::Folder(folder) => folder.reader(hash).map(|(file, size)| (Bytes::File(file), size))?,
            Place::Bucket(bucket) => bucket.reader(hash).map(|(object, size)| (Bytes::Object(object), size))?,
        };
        Ok(BlobReader { bytes, size })
    }

    /// Begins a blob whose bytes come piece by piece. Waits: call it outside the async threads.
    pub fn writer(&self) -> Result<BlobWriter> {
        let root = match &self.0 {
            Place::Folder(folder) => &folder.root,
            Place::Bucket(bucket) => &bucket.scratch,
        };
        Ok(BlobWriter { place: self.0.clone(), part: Part::begin(root)?, hash: Sha256::new(), bytes: 0 })
    }

    /// Copies a blob to a file of its own, checked on the way; how many bytes that were. The file is there whole or not
    /// at all, and what stood under its name before stays until then.
    pub async fn copy_out(&self, hash: &BlobHash, target: &Path) -> Result<u64> {
        let (blobs, hash, target) = (self.clone(), hash.clone(), target.to_owned());
        blocking(move || {
            let source = blobs.reader(&hash)?;
            let size = source.size;
            stream::copy_out(source, size, &hash, &target)
        })
        .await
    }
}

/// The bytes of a blob.
pub struct BlobReader {
    bytes: Bytes,
    size: u64,
}

enum Bytes {
    File(File),
    Object(ObjectReader),
}

impl Read for BlobReader {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        match &mut self.bytes {
            Bytes::File(file) => file.read(to),
            Bytes::Object(object) => object.read(to),
        }
    }
}

/// A blob whose bytes come piece by piece.
#[derive(Debug)]
pub struct BlobWriter {
    place: Place,
    part: Part,
    hash: Sha256,
    bytes: u64,
}

impl BlobWriter {
    /// Bytes taken so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Puts the blob in its place; its hash and size. After `Ok` it survives a power cut. Waits, as writing does.
    pub fn finish(self) -> Result<(BlobHash, u64)> {
        let hash = BlobHash::from_bytes(&self.hash.finalize().into());
        match &self.place {
            Place::Folder(folder) => folder.settle(self.part, &hash, self.bytes)?,
            Place::Bucket(bucket) => bucket.settle(self.part, &hash, self.bytes)?,
        }
        Ok((hash, self.bytes))
    }
}

impl Write for BlobWriter {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let done = self.part.write(data)?;
        self.hash.update(&data[..done]);
        self.bytes += done as u64;
        Ok(done)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.part.flush()
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(e) => Err(StoreError::Blob { what: "the disk task stopped".to_owned(), source: io::Error::other(e) }),
    }
}
