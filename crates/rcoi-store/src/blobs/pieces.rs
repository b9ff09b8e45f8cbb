//! A blob on its way to somebody, piece by piece: memory does not grow with it, and damage never arrives as a whole file.

use super::Blobs;
use crate::error::{Result, StoreError};
use rcoi_model::BlobHash;
use sha2::{Digest, Sha256};
use std::io::{self, Read};
use tokio::sync::mpsc;

/// Bytes of a piece.
const PIECE: usize = 1 << 18;
/// Pieces that wait for a slow receiver; then the disk waits, too.
const AHEAD: usize = 4;

/// The pieces of a blob in their order.
#[derive(Debug)]
pub struct Pieces {
    /// Bytes of the whole.
    pub size: u64,
    pieces: mpsc::Receiver<io::Result<Vec<u8>>>,
}

impl Pieces {
    /// The next piece; `None` when the blob was whole and its sum was right. After an error nothing comes.
    pub async fn next(&mut self) -> Option<io::Result<Vec<u8>>> {
        self.pieces.recv().await
    }
}

impl Blobs {
    /// The bytes of a blob piece by piece, checked on the way. The last piece comes only when the sum is right, so a damaged
    /// blob ends early, with an error.
    ///
    /// # Errors
    /// There is no such blob, or its place cannot be read.
    pub async fn pieces(&self, hash: &BlobHash) -> Result<Pieces> {
        let (blobs, wanted) = (self.clone(), hash.clone());
        let reader = super::blocking(move || blobs.reader(&wanted)).await?;
        let (size, hash) = (reader.size, hash.clone());
        let (to, pieces) = mpsc::channel(AHEAD);
        tokio::task::spawn_blocking(move || {
            if let Err(error) = send(reader, &hash, &to) {
                // The receiver may have gone away: a cancelled download is nobody's fault.
                let _ = to.blocking_send(Err(error));
            }
        });
        Ok(Pieces { size, pieces })
    }
}

fn send(mut source: impl Read, hash: &BlobHash, to: &mpsc::Sender<io::Result<Vec<u8>>>) -> io::Result<()> {
    let (mut sum, mut held) = (Sha256::new(), Vec::new());
    loop {
        let mut piece = vec![0; PIECE];
        let got = source.read(&mut piece)?;
        if got == 0 {
            break;
        }
        piece.truncate(got);
        sum.update(&piece);
        let ready = std::mem::replace(&mut held, piece);
        if !ready.is_empty() && to.blocking_send(Ok(ready)).is_err() {
            return Ok(());
        }
    }
    let actual = BlobHash::from_bytes(&sum.finalize().into());
    if actual != *hash {
        return Err(io::Error::other(StoreError::DamagedBlob { hash: hash.clone(), actual }));
    }
    if !held.is_empty() {
        // As above.
        let _ = to.blocking_send(Ok(held));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(mut pieces: Pieces) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while let Some(piece) = pieces.next().await {
            bytes.extend(piece?);
        }
        Ok(bytes)
    }

    #[tokio::test]
    async fn the_pieces_make_the_blob() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).await.unwrap();
        for size in [0, 1, PIECE, 3 * PIECE + 7] {
            let bytes: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
            let hash = blobs.put(bytes.clone()).await.unwrap();
            let pieces = blobs.pieces(&hash).await.unwrap();
            assert_eq!(pieces.size, size as u64);
            assert_eq!(all(pieces).await.unwrap(), bytes);
        }
    }

    #[tokio::test]
    async fn a_damaged_blob_never_arrives_whole() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).await.unwrap();
        let bytes = vec![7; 2 * PIECE];
        let hash = blobs.put(bytes.clone()).await.unwrap();
        let mut damaged = bytes;
        damaged[5] = 8;
        std::fs::write(blobs.path(&hash).unwrap(), damaged).unwrap();
        let mut pieces = blobs.pieces(&hash).await.unwrap();
        let (mut came, mut failed) = (0, false);
        while let Some(piece) = pieces.next().await {
            match piece {
                Ok(piece) => came += piece.len(),
                Err(_) => failed = true,
            }
        }
        assert!(failed && came < 2 * PIECE, "{came} bytes came");
    }

    #[tokio::test]
    async fn a_receiver_that_goes_away_stops_the_reading() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).await.unwrap();
        let hash = blobs.put(vec![7; 40 * PIECE]).await.unwrap();
        let mut pieces = blobs.pieces(&hash).await.unwrap();
        assert_eq!(pieces.next().await.unwrap().unwrap().len(), PIECE);
        drop(pieces);
        // The runtime would wait for a blocking task that hangs.
    }
}
