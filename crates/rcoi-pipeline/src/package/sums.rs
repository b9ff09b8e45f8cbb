//! SHA-256 sums of the files of an archive, in the format of `sha256sum`.

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

/// File name → 64 lower-case hexadecimal digits, in the order of names.
pub(super) type Sums = BTreeMap<String, String>;

pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lines `hash  name`.
pub(super) fn write(sums: &Sums) -> String {
    sums.iter().fold(String::new(), |mut text, (name, hash)| {
        let _ = writeln!(text, "{hash}  {name}");
        text
    })
}

/// Reads what [`write`] wrote; `None` when a line has another shape or a name comes twice.
pub(super) fn parse(text: &str) -> Option<Sums> {
    let mut sums = Sums::new();
    for line in text.lines() {
        let (hash, name) = line.split_once("  ")?;
        let fine = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if !fine || name.is_empty() || sums.insert(name.to_owned(), hash.to_owned()).is_some() {
            return None;
        }
    }
    Some(sums)
}

/// Passes bytes on and sums them.
pub(super) struct Summing<W> {
    inner: W,
    hash: Sha256,
    pub(super) bytes: u64,
}

impl<W> Summing<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner, hash: Sha256::new(), bytes: 0 }
    }

    pub(super) fn sum(self) -> String {
        hex(&self.hash.finalize())
    }
}

impl<W: Write> Write for Summing<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let done = self.inner.write(data)?;
        self.hash.update(&data[..done]);
        self.bytes += done as u64;
        Ok(done)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
