//! The folder of blobs: written once, checked on reading, nothing half-written.

use rcoi_model::BlobHash;
use rcoi_store::{Blobs, StoreError};
use std::path::Path;

fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // The door is the lock of those who write, the mark says that this is a folder of blobs; both stay and are empty.
        if path.is_dir() {
            found.extend(files_below(&path));
        } else if !path.ends_with(".parts/door") && !path.ends_with(".rcoi-blobs") {
            found.push(path);
        }
    }
    found
}

#[tokio::test]
async fn the_same_bytes_are_stored_once() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(folder.path().join("blobs")).await.unwrap();
    let hash = blobs.put("лист".as_bytes()).await.unwrap();
    let first = std::fs::metadata(blobs.path(&hash).unwrap()).unwrap().modified().unwrap();
    assert_eq!(blobs.put("лист".as_bytes()).await.unwrap(), hash);
    assert_eq!(std::fs::metadata(blobs.path(&hash).unwrap()).unwrap().modified().unwrap(), first, "not written again");
    assert_eq!(blobs.get(&hash).await.unwrap(), "лист".as_bytes());
    assert_eq!(blobs.size(&hash).await.unwrap(), Some(8));
    assert_eq!(files_below(folder.path()).len(), 1);
    let nobody = BlobHash::from_bytes(&[9; 32]);
    assert_eq!(blobs.size(&nobody).await.unwrap(), None);
    assert!(matches!(blobs.get(&nobody).await, Err(StoreError::NotFound(_))));
}

#[tokio::test]
async fn a_damaged_blob_is_an_error_and_not_a_picture() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(folder.path()).await.unwrap();
    let hash = blobs.put(vec![1, 2, 3]).await.unwrap();
    std::fs::write(blobs.path(&hash).unwrap(), [1, 2, 4]).unwrap();
    assert!(matches!(blobs.get(&hash).await, Err(StoreError::DamagedBlob { .. })));
    std::fs::write(blobs.path(&hash).unwrap(), [1]).unwrap();
    assert!(matches!(blobs.get(&hash).await, Err(StoreError::DamagedBlob { .. })));
    assert_eq!(blobs.put(vec![1, 2, 3]).await.unwrap(), hash);
    assert_eq!(blobs.get(&hash).await.unwrap(), [1, 2, 3], "the good bytes replace a cut-off file");
}

#[tokio::test]
async fn a_failed_write_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(folder.path()).await.unwrap();
    let hash = Blobs::hash(b"sheet");
    // Something unmovable stands where the blob belongs: the last step, the rename, fails.
    std::fs::create_dir_all(blobs.path(&hash).unwrap().join("in-the-way")).unwrap();
    assert!(matches!(blobs.put(&b"sheet"[..]).await, Err(StoreError::Blob { .. })));
    assert_eq!(files_below(folder.path()), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn many_writers_of_one_file_agree() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(folder.path()).await.unwrap();
    let puts = (0..16).map(|_| blobs.put(vec![5; 100_000]));
    for hash in futures::future::join_all(puts).await {
        assert_eq!(hash.unwrap(), Blobs::hash(&vec![5; 100_000]));
    }
    assert_eq!(files_below(folder.path()).len(), 1);
}

#[tokio::test]
async fn a_folder_that_is_not_mounted_is_no_lost_picture() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(folder.path().join("share")).await.unwrap();
    let hash = blobs.put("лист".as_bytes()).await.unwrap();
    std::fs::rename(folder.path().join("share"), folder.path().join("elsewhere")).unwrap();
    std::fs::create_dir(folder.path().join("share")).unwrap();
    let told = blobs.get(&hash).await.unwrap_err();
    assert!(told.is_transient(), "{told}");
    std::fs::remove_dir(folder.path().join("share")).unwrap();
    std::fs::rename(folder.path().join("elsewhere"), folder.path().join("share")).unwrap();
    assert_eq!(blobs.get(&hash).await.unwrap(), "лист".as_bytes());
}
