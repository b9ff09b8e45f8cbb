//! What a check of a package finds, and how much it may cost.

use std::fmt;

/// What a package that is in order says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// SHA-256 of `SHA256SUMS`, as the builder told it.
    pub sha256: String,
    pub files: u64,
    pub sheets: u64,
    /// Federal names of the packets.
    pub packets: Vec<String>,
    /// Sending version.
    pub version: u32,
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let packets = self.packets.len();
        write!(f, "version {}, {packets} packets, {} sheets, {} files, sums {}", self.version, self.sheets, self.files, self.sha256)
    }
}

/// One thing that is wrong, with the file it is wrong in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageFault {
    /// Federal name of the packet; `None` = the exam package itself.
    pub packet: Option<String>,
    /// File inside; `None` = the archive as a whole.
    pub file: Option<String>,
    pub kind: FaultKind,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    #[error("its contents have changed")]
    Changed,
    #[error("it is listed but missing")]
    Missing,
    #[error("it is not listed in the sums")]
    Surplus,
    #[error("the signature does not fit the list of sums")]
    BadSignature,
    #[error("signed with key {found}, not with the given key {given}")]
    WrongKey { found: String, given: String },
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    #[error("not a package: {0}")]
    NotPackage(&'static str),
    #[error("it is larger than the limit of {limit} bytes")]
    TooLarge { limit: u64 },
    #[error("it holds {found} files, more than the limit of {limit}")]
    TooManyFiles { found: u64, limit: u64 },
    #[error("all files are whole, but the archive around them has changed")]
    Container,
    #[error("its manifest says otherwise: {0}")]
    Disagrees(String),
}

impl fmt::Display for PackageFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.packet, &self.file) {
            (Some(packet), Some(file)) => write!(f, "packet {packet}, {file}: {}", self.kind),
            (Some(packet), None) => write!(f, "packet {packet}: {}", self.kind),
            (None, Some(file)) => write!(f, "{file}: {}", self.kind),
            (None, None) => write!(f, "package: {}", self.kind),
        }
    }
}

/// How much a package may cost to check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyLimits {
    /// Entries of one archive. A region has some thousand rooms, a room some hundred sheets.
    pub max_files: u64,
    /// Bytes of a text file (manifest, sums, sheets) after unpacking: manifest and sums are held in memory.
    pub max_text: u64,
    /// Bytes of any other file after unpacking; they are only streamed.
    pub max_file: u64,
    /// Bytes that may be read to list the files of an archive: the list is held in memory.
    pub max_list: u64,
}

impl Default for VerifyLimits {
    fn default() -> Self {
        // A line of the sums takes some 140 bytes, an entry of the list as many.
        Self { max_files: 200_000, max_text: 64 << 20, max_file: 64 << 30, max_list: 48 << 20 }
    }
}
