//! Blobs in a bucket of an S3-compatible object store, under `<prefix>/ab/cd/abcd…`.

use super::folder::sum;
use super::stream::Part;
use crate::error::{Result, StoreError};
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as Key;
use object_store::{BackoffConfig, ClientOptions, ObjectStoreExt, PutPayload, RetryConfig, WriteMultipart};
use rcoi_model::BlobHash;
use secrecy::{ExposeSecret, SecretString};
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// Stands in every place of blobs. Where it is missing the bucket is not the right one, and no blob is missed in it.
const MARK: &str = ".rcoi-blobs";
/// Bytes of one part of a large upload: S3 takes none below 5 MiB, and at most 10,000.
const PIECE: usize = 16 << 20;
/// Parts on their way at the same time.
const AT_ONCE: usize = 4;
/// Further tries of one request, and how long all of them may take.
const RETRIES: (usize, Duration) = (4, Duration::from_secs(20));
/// The longest that one request may take.
const REQUEST: Duration = Duration::from_secs(60);

/// Where a bucket is and who may use it.
#[derive(Debug, Clone)]
pub struct BucketSettings {
    pub bucket: String,
    /// Beginning of all keys; may be empty.
    pub prefix: String,
    /// `https://host:port`; `http://` only within a closed network.
    pub endpoint: String,
    pub region: String,
    pub key: String,
    pub secret: SecretString,
    /// Local folder for packages in the making.
    pub scratch: PathBuf,
}

/// A bucket.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    store: Arc<AmazonS3>,
    prefix: Key,
    pub(super) scratch: PathBuf,
}

impl Bucket {
    /// Reaches for the bucket, so that a wrong key is told at the start and not by the first page.
    pub(super) async fn open(settings: &BucketSettings) -> Result<Self> {
        let retry = RetryConfig { backoff: BackoffConfig::default(), max_retries: RETRIES.0, retry_timeout: RETRIES.1 };
        let store = AmazonS3Builder::new()
            .with_bucket_name(&settings.bucket)
            .with_endpoint(&settings.endpoint)
            .with_allow_http(settings.endpoint.starts_with("http://"))
            .with_region(&settings.region)
            .with_access_key_id(&settings.key)
            .with_secret_access_key(settings.secret.expose_secret())
            .with_client_options(ClientOptions::new().with_timeout(REQUEST).with_allow_http(settings.endpoint.starts_with("http://")))
            .with_retry(retry)
            .build()
            .map_err(|e| failed("use the bucket", &settings.bucket, e))?;
        let bucket = Self { store: Arc::new(store), prefix: Key::from(settings.prefix.as_str()), scratch: settings.scratch.clone() };
        let mark = bucket.mark();
        if !bucket.is_there(&mark).await? {
            bucket.store.put(&mark, PutPayload::from_static(b"blobs of rcoi\n")).await.map_err(|e| failed("write", &mark, e))?;
        }
        Ok(bucket)
    }

    pub(super) async fn put(&self, bytes: Vec<u8>) -> Result<BlobHash> {
        let hash = sum(&bytes);
        let key = self.place(&hash);
        if self.size(&key).await? != Some(bytes.len() as u64) {
            self.store.put(&key, bytes.into()).await.map_err(|e| failed("write", &key, e))?;
        }
        Ok(hash)
    }

    pub(super) async fn get(&self, hash: &BlobHash) -> Result<Vec<u8>> {
        let key = self.place(hash);
        match self.store.get(&key).await {
            Ok(found) => Ok(found.bytes().await.map_err(|e| failed("read", &key, e))?.into()),
            Err(error) => Err(self.missing(hash, &key, error).await),
        }
    }

    pub(super) async fn size_of(&self, hash: &BlobHash) -> Result<Option<u64>> {
        self.size(&self.place(hash)).await
    }

    /// The bytes piece by piece, for a thread that may wait, and how many they are.
    pub(super) fn reader(&self, hash: &BlobHash) -> Result<(ObjectReader, u64)> {
        let runtime = runtime()?;
        let key = self.place(hash);
        let found = runtime.block_on(async {
            match self.store.get(&key).await {
                Ok(found) => Ok(found),
                Err(error) => Err(self.missing(hash, &key, error).await),
            }
        })?;
        let size = found.meta.size;
        Ok((ObjectReader { runtime, pieces: found.into_stream(), rest: Vec::new(), at: 0 }, size))
    }

    /// Uploads a part, unless the blob is there already; for a thread that may wait. The object appears whole or not at all.
    pub(super) fn settle(&self, part: Part, hash: &BlobHash, size: u64) -> Result<()> {
        runtime()?.block_on(async {
            let key = self.place(hash);
            if self.size(&key).await? == Some(size) {
                return Ok(());
            }
            let mut file = part.into_file()?;
            let upload = self.store.put_multipart(&key).await.map_err(|e| failed("write", &key, e))?;
            let mut upload = WriteMultipart::new_with_chunk_size(upload, PIECE);
            io::Seek::rewind(&mut file).map_err(|e| local("rewind", e))?;
            let mut piece = vec![0; PIECE];
            loop {
                let got = file.read(&mut piece).map_err(|e| local("read", e))?;
                if got == 0 {
                    break;
                }
                upload.wait_for_capacity(AT_ONCE).await.map_err(|e| failed("write", &key, e))?;
                upload.write(&piece[..got]);
            }
            // When it fails the parts are given up with it.
            upload.finish().await.map_err(|e| failed("write", &key, e))?;
            Ok(())
        })
    }

    async fn size(&self, key: &Key) -> Result<Option<u64>> {
        match self.store.head(key).await {
            Ok(found) => Ok(Some(found.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed("look at", key, error)),
        }
    }

    async fn is_there(&self, key: &Key) -> Result<bool> {
        Ok(self.size(key).await?.is_some())
    }

    async fn missing(&self, hash: &BlobHash, key: &Key, error: object_store::Error) -> StoreError {
        match error {
            object_store::Error::NotFound { .. } => match self.is_there(&self.mark()).await {
                Ok(true) => StoreError::NotFound(format!("blob {hash}")),
                Ok(false) => failed("find the blobs beside", &self.mark(), error),
                Err(away) => away,
            },
            error => failed("read", key, error),
        }
    }

    fn place(&self, hash: &BlobHash) -> Key {
        let text = hash.as_str();
        self.prefix.clone().join(&text[..2]).join(&text[2..4]).join(text)
    }

    fn mark(&self) -> Key {
        self.prefix.clone().join(MARK)
    }
}

/// The bytes of an object, for a thread that may wait.
pub(super) struct ObjectReader {
    runtime: Handle,
    pieces: BoxStream<'static, object_store::Result<bytes::Bytes>>,
    rest: Vec<u8>,
    at: usize,
}

impl Read for ObjectReader {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.at == self.rest.len() {
            match self.runtime.block_on(self.pieces.next()) {
                Some(piece) => (self.rest, self.at) = (piece.map_err(io::Error::other)?.into(), 0),
                None => return Ok(0),
            }
        }
        let n = to.len().min(self.rest.len() - self.at);
        to[..n].copy_from_slice(&self.rest[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

/// The runtime of a thread that may wait. There is one wherever a store is.
fn runtime() -> Result<Handle> {
    Handle::try_current().map_err(|e| local("find the runtime", io::Error::other(e)))
}

fn failed(what: &str, key: &(impl std::fmt::Display + ?Sized), error: object_store::Error) -> StoreError {
    StoreError::Blob { what: format!("cannot {what} {key}"), source: io::Error::other(error) }
}

fn local(what: &str, source: io::Error) -> StoreError {
    StoreError::Blob { what: format!("cannot {what} a part"), source }
}
