//! Identifiers: small newtypes so that a page can never be passed where a packet is meant.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A name-based id: the same parts give the same id, which makes writes idempotent.
            #[must_use]
            pub fn derived(parts: &[&str]) -> Self {
                // The unit separator cannot occur in file names or codes, so parts never run together.
                let joined = format!("{}\u{1f}{}", stringify!($name), parts.join("\u{1f}"));
                Self(Uuid::new_v5(&Uuid::NAMESPACE_OID, joined.as_bytes()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(s).map(Self)
            }
        }
    };
}

uuid_id!(/** One picture of one side of a sheet, as it arrived. */ PageId);
uuid_id!(/** A pile that is counted together: an exam, a ППЭ, a room. */ PacketId);
uuid_id!(/** One subject on one date in one region. */ ExamId);
uuid_id!(/** Something a person must look at. */ TaskId);
uuid_id!(/** A person's answer to a task. */ VerdictId);
uuid_id!(/** Characters that a person judged together, cut out of their fields. */ BoardId);
uuid_id!(/** A person who logs in. */ UserId);
uuid_id!(/** A package made for the federal level. */ PackageId);

/// SHA-256 of a stored file, as 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BlobHash(String);

impl BlobHash {
    /// Takes 32 hash bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        use std::fmt::Write;
        let mut text = String::with_capacity(64);
        for byte in bytes {
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    /// Accepts exactly 64 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, BadBlobHash> {
        let fine = text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if fine { Ok(Self(text.to_owned())) } else { Err(BadBlobHash(text.to_owned())) }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("'{0}' is not a SHA-256 hash: expected 64 lower-case hexadecimal digits")]
pub struct BadBlobHash(String);

/// Name of a template file without its ending, such as `ege-ab`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TemplateId(pub String);

impl fmt::Display for TemplateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
