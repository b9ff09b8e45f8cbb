//! What the operator is told about a file that cannot be taken: what is wrong, and what to do about it.

use rcoi_recognize::source::SourceError;

/// One line: what is wrong with the file; what to do.
#[must_use]
pub fn refusal(error: &SourceError) -> String {
    format!("{error}; {}", advice(error))
}

/// What is said of an archive without any file.
pub const EMPTY_ARCHIVE: &str = "the archive holds no files; pack the scans again";

fn advice(error: &SourceError) -> &'static str {
    use SourceError as E;
    match error {
        E::FileTooBig { .. } | E::TooManyPages { .. } => "split it into smaller files",
        E::UnknownKind { .. } => "take it out of the folder, or save what it shows as a picture or PDF",
        E::TooManyPixels { .. } => "scan the sheet again at 300 dpi",
        E::CutShort { .. } | E::Damaged { .. } => "copy the file once more; if that does not help, scan the sheet again",
        E::Unsupported { .. } => "save it anew as JPEG, PNG, TIFF or PDF",
        E::Protected { .. } => "save it without the password",
        E::Panicked { .. } => "scan the sheet again, and keep this file for the developers",
        E::TooManyMembers { .. } | E::UnpacksTooBig { .. } => "pack fewer files into one archive, or give a folder",
        E::RatioTooHigh { .. } => "do not unpack it before you know who made it; give the scans as a folder",
        E::BadName { .. } => "rename the file and pack the archive again",
        E::NestedArchive => "unpack the inner archive first",
        _ => "scan the sheet again",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_one_line_that_says_what_is_wrong_and_what_to_do() {
        let told = refusal(&SourceError::Protected { kind: "pdf" });
        assert_eq!(told, "the pdf is protected by a password; save it without the password");
        assert_eq!(refusal(&SourceError::Empty), "the file is empty; scan the sheet again");
    }
}
