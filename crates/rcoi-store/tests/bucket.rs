//! Blobs in a bucket, against a server that speaks the real S3 protocol (signatures included) on a port of its own.

use hyper_util::rt::{TokioExecutor, TokioIo};
use rcoi_store::{Blobs, BucketSettings, StoreError};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use tokio::net::TcpListener;

const KEY: &str = "centre";
const SECRET: &str = "a secret of the test";

/// A server over `<root>/exams`, and how it is reached.
async fn server(root: &Path) -> BucketSettings {
    // What the binary does at its start.
    let _already = rustls::crypto::ring::default_provider().install_default();
    std::fs::create_dir_all(root.join("s3/exams")).unwrap();
    let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(root.join("s3")).unwrap());
    service.set_auth(SimpleAuth::from_single(KEY, SECRET));
    let service = service.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let service = service.clone();
            tokio::spawn(async move {
                let http = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                http.serve_connection(TokioIo::new(socket), service).await
            });
        }
    });
    BucketSettings {
        bucket: "exams".into(),
        prefix: "year/2026".into(),
        endpoint: format!("http://{address}"),
        region: "us-east-1".into(),
        key: KEY.into(),
        secret: SECRET.to_owned().into(),
        scratch: root.join("scratch"),
    }
}

/// The file that the server keeps an object in.
fn object(root: &Path, hash: &rcoi_model::BlobHash) -> PathBuf {
    let text = hash.as_str();
    root.join("s3/exams/year/2026").join(&text[..2]).join(&text[2..4]).join(text)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_are_stored_once_and_checked_when_read() {
    let folder = tempfile::tempdir().unwrap();
    let settings = server(folder.path()).await;
    let blobs = Blobs::open_bucket(&settings).await.unwrap();
    let hash = blobs.put("лист".as_bytes()).await.unwrap();
    let written = || std::fs::metadata(object(folder.path(), &hash)).unwrap().modified().unwrap();
    let first = written();
    let again = Blobs::open_bucket(&settings).await.unwrap();
    assert_eq!(again.put("лист".as_bytes()).await.unwrap(), hash);
    assert_eq!(written(), first, "not written again");
    assert_eq!(again.get(&hash).await.unwrap(), "лист".as_bytes());
    assert_eq!(blobs.size(&hash).await.unwrap(), Some(8));
    assert!(blobs.path(&hash).is_none());

    let nobody = Blobs::hash(b"nobody");
    assert_eq!(blobs.size(&nobody).await.unwrap(), None);
    assert!(matches!(blobs.get(&nobody).await, Err(StoreError::NotFound(_))));
    std::fs::write(object(folder.path(), &hash), "ЛИСТ").unwrap();
    assert!(matches!(blobs.get(&hash).await, Err(StoreError::DamagedBlob { .. })));
    let target = folder.path().join("out");
    assert!(matches!(blobs.copy_out(&hash, &target).await, Err(StoreError::DamagedBlob { .. })));
    assert!(!target.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_of_many_pieces_goes_up_and_comes_down_whole() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::open_bucket(&server(folder.path()).await).await.unwrap();
    let bytes: Vec<u8> = (0..40_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let (writing, whole) = (blobs.clone(), bytes.clone());
    let made = tokio::task::spawn_blocking(move || {
        let mut writer = writing.writer().unwrap();
        whole.chunks(100_000).for_each(|piece| writer.write_all(piece).unwrap());
        writer.finish().unwrap()
    });
    let (hash, size) = made.await.unwrap();
    assert_eq!((&hash, size), (&Blobs::hash(&bytes), bytes.len() as u64));
    let reading = (blobs.clone(), hash.clone());
    let read = tokio::task::spawn_blocking(move || {
        let mut all = Vec::new();
        reading.0.reader(&reading.1).unwrap().read_to_end(&mut all).unwrap();
        all
    });
    assert!(read.await.unwrap() == bytes);
    let target = folder.path().join("package.zip");
    assert_eq!(blobs.copy_out(&hash, &target).await.unwrap(), size);
    assert!(std::fs::read(&target).unwrap() == bytes);
    let left = std::fs::read_dir(folder.path().join("scratch/.parts")).unwrap().flatten().filter(|e| e.file_name() != "door");
    assert_eq!(left.count(), 0, "nothing half-made is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_is_told_at_the_start_and_is_in_no_message() {
    let folder = tempfile::tempdir().unwrap();
    let settings = server(folder.path()).await;
    let wrong = BucketSettings { secret: "a wrong one".to_owned().into(), ..settings };
    let told = Blobs::open_bucket(&wrong).await.unwrap_err();
    assert!(!format!("{told:?} {wrong:?}").contains("a wrong one"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_lost_everything_is_no_lost_picture() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::open_bucket(&server(folder.path()).await).await.unwrap();
    let hash = blobs.put(b"a sheet".to_vec()).await.unwrap();
    std::fs::remove_dir_all(folder.path().join("s3/exams/year")).unwrap();
    assert!(blobs.get(&hash).await.unwrap_err().is_transient());
}
