//! Why a file or an archive member cannot be taken. One line each, for the operator.

/// A file that cannot become pages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    #[error("the file is empty")]
    Empty,
    #[error("the file has {bytes} bytes, more than the limit of {limit}")]
    FileTooBig { bytes: u64, limit: u64 },
    #[error("not a jpeg, png, tiff, webp, pdf or zip: the file looks like {looks}")]
    UnknownKind { looks: &'static str },
    #[error("the page is {width} x {height} pixels, more than the limit of {limit} in all")]
    TooManyPixels { width: u64, height: u64, limit: u64 },
    #[error("the page is {width} x {height} pixels: nothing to read")]
    NoPixels { width: u64, height: u64 },
    #[error("the file has {pages} pages, more than the limit of {limit}")]
    TooManyPages { pages: u32, limit: u32 },
    #[error("the {kind} has no pages")]
    NoPages { kind: &'static str },
    #[error("page {index} was asked for, counted from 0, but the file has {pages}")]
    NoSuchPage { index: u32, pages: u32 },
    #[error("the {kind} is cut short: {detail}")]
    CutShort { kind: &'static str, detail: String },
    #[error("the {kind} is damaged: {detail}")]
    Damaged { kind: &'static str, detail: String },
    #[error("the {kind} uses what is not supported: {detail}")]
    Unsupported { kind: &'static str, detail: String },
    #[error("the {kind} is protected by a password")]
    Protected { kind: &'static str },
    #[error("the {kind} decoder gave up: {detail}")]
    Panicked { kind: &'static str, detail: String },
    #[error("a zip holds files, not pages: it must be unpacked first")]
    IsArchive,
    #[error("not a zip archive")]
    NotArchive,
    #[error("the archive has {members} members, more than the limit of {limit}")]
    TooManyMembers { members: u64, limit: u64 },
    #[error("the archive unpacks to more than the limit of {limit} bytes")]
    UnpacksTooBig { limit: u64 },
    #[error("the member unpacks {ratio} : 1, more than the limit of {limit} : 1")]
    RatioTooHigh { ratio: u64, limit: u64 },
    #[error("the member's name is refused: {reason}")]
    BadName { reason: &'static str },
    #[error("an archive inside an archive is refused")]
    NestedArchive,
}

impl SourceError {
    pub(super) fn damaged(kind: &'static str, why: impl ToString) -> Self {
        Self::Damaged { kind, detail: super::one_line(&why.to_string()) }
    }

    pub(super) fn cut_short(kind: &'static str, detail: impl Into<String>) -> Self {
        Self::CutShort { kind, detail: detail.into() }
    }

    pub(super) fn unsupported(kind: &'static str, detail: impl Into<String>) -> Self {
        Self::Unsupported { kind, detail: detail.into() }
    }
}
