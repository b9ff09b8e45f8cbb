//! ZIP archives of pictures: bounded unpacking, refused names, no nesting.

use super::{Kind, Limits, SourceError, guarded, kind};
use std::io::{Cursor, Read};
use zip::ZipArchive;
use zip::result::ZipError;

/// One file of an archive. A refused member does not stop the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its path inside the archive with `/`, safe to show and to use as a relative path.
    /// Of a refused name only harmless characters are kept.
    pub name: String,
    /// The unpacked bytes, or why there are none.
    pub bytes: Result<Vec<u8>, SourceError>,
}

const KIND: &str = "zip";

/// Unpacks a whole archive into memory; at most `limits.max_unpacked_bytes`.
pub fn unpack(bytes: &[u8], limits: &Limits) -> Result<Vec<Member>, SourceError> {
    let mut members = Vec::new();
    unpack_each(bytes, limits, |member| members.push(member))?;
    Ok(members)
}

/// Unpacks member by member in the order of the archive, so that only one is in memory.
/// Folders, and what the desktops add (`__MACOSX/`, `.DS_Store`, `Thumbs.db`), are passed over.
pub fn unpack_each(bytes: &[u8], limits: &Limits, mut take: impl FnMut(Member)) -> Result<(), SourceError> {
    if super::accept(bytes, limits)? != Kind::Zip {
        return Err(SourceError::NotArchive);
    }
    // Each member has an entry with this mark in the list at the end: counted before the list is read into memory.
    let entries = memchr::memmem::find_iter(bytes, b"PK\x01\x02").count() as u64;
    if entries > limits.max_archive_members {
        return Err(SourceError::TooManyMembers { members: entries, limit: limits.max_archive_members });
    }
    let mut archive = guarded(Kind::Zip, || ZipArchive::new(Cursor::new(bytes)).map_err(|e| archive_error(&e)))?;
    let count = archive.len() as u64;
    if count > limits.max_archive_members {
        return Err(SourceError::TooManyMembers { members: count, limit: limits.max_archive_members });
    }
    if archive.has_duplicate_names() {
        return Err(SourceError::damaged(KIND, "two members have the same name"));
    }
    let mut room = limits.max_unpacked_bytes;
    for index in 0..archive.len() {
        let one = guarded(Kind::Zip, || Ok(member(&mut archive, index, limits, &mut room)));
        match one {
            Ok(Some(found)) => {
                let full = matches!(found.bytes, Err(SourceError::UnpacksTooBig { .. }));
                take(found);
                if full {
                    return Err(SourceError::UnpacksTooBig { limit: limits.max_unpacked_bytes });
                }
            }
            Ok(None) => {}
            Err(error) => take(Member { name: format!("member {}", index + 1), bytes: Err(error) }),
        }
    }
    Ok(())
}

fn member(archive: &mut ZipArchive<Cursor<&[u8]>>, index: usize, limits: &Limits, room: &mut u64) -> Option<Member> {
    // `by_index` fails for encrypted members and unknown methods; the name is then read without the data.
    let (raw, folder, link, locked) = match archive.by_index_raw(index) {
        Ok(file) => (file.name_raw().to_vec(), file.is_dir(), file.is_symlink(), file.encrypted()),
        Err(error) => return Some(Member { name: format!("member {}", index + 1), bytes: Err(archive_error(&error)) }),
    };
    let shown = decode_name(&raw);
    let (name, refused) = check_name(&shown);
    if folder || is_desktop_litter(&name) {
        return None;
    }
    let bytes = match refused {
        Some(reason) => Err(SourceError::BadName { reason }),
        None if link => Err(SourceError::BadName { reason: "it is a link" }),
        None if locked => Err(SourceError::Protected { kind: KIND }),
        None => archive.by_index(index).map_err(|e| archive_error(&e)).and_then(|file| {
            let packed = file.compressed_size();
            unpack_one(file, packed, limits, room)
        }),
    };
    Some(Member { name, bytes })
}

/// Reads one member, never more than the limits allow whatever its header says.
fn unpack_one(file: impl Read, packed: u64, limits: &Limits, room: &mut u64) -> Result<Vec<u8>, SourceError> {
    const STEP: u64 = 1 << 20;
    let mut file = file;
    let mut bytes = Vec::new();
    loop {
        let before = bytes.len() as u64;
        file.by_ref().take(STEP).read_to_end(&mut bytes).map_err(|e| match e.kind() {
            std::io::ErrorKind::UnexpectedEof => SourceError::cut_short(KIND, "the member ends too early"),
            _ => SourceError::damaged(KIND, e),
        })?;
        let len = bytes.len() as u64;
        if len > *room {
            return Err(SourceError::UnpacksTooBig { limit: limits.max_unpacked_bytes });
        }
        let ratio = len / packed.max(1);
        if len >= limits.ratio_matters_from && ratio > limits.max_ratio {
            return Err(SourceError::RatioTooHigh { ratio, limit: limits.max_ratio });
        }
        if len > limits.max_file_bytes {
            return Err(SourceError::FileTooBig { bytes: len, limit: limits.max_file_bytes });
        }
        if len == before {
            *room -= len;
            break;
        }
    }
    if kind(&bytes) == Some(Kind::Zip) {
        return Err(SourceError::NestedArchive);
    }
    Ok(bytes)
}

/// The name to show, and why it is refused.
fn check_name(name: &str) -> (String, Option<&'static str>) {
    let slashed = name.replace('\\', "/");
    let drive = slashed.as_bytes().get(1) == Some(&b':') && slashed.as_bytes()[0].is_ascii_alphabetic();
    let reason = if slashed.is_empty() {
        Some("it is empty")
    } else if slashed.len() > 512 {
        Some("it is longer than 512 bytes")
    } else if slashed.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c)) {
        Some("it has control characters")
    } else if slashed.starts_with('/') || drive {
        Some("it is an absolute path")
    } else if slashed.split('/').any(|part| part == "..") {
        Some("it leads out of the archive")
    } else {
        None
    };
    if reason.is_none() {
        let parts: Vec<&str> = slashed.split('/').filter(|p| !p.is_empty() && *p != ".").collect();
        return match parts.is_empty() {
            true => (String::new(), Some("it is empty")),
            false => (parts.join("/"), None),
        };
    }
    let shown = slashed.chars().take(120).map(|c| if c.is_control() || !c.is_ascii() && !c.is_alphanumeric() { '?' } else { c }).collect();
    (shown, reason)
}

fn is_desktop_litter(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    name.starts_with("__MACOSX/") || matches!(last, ".DS_Store" | "Thumbs.db" | "desktop.ini")
}

/// Names without the UTF-8 flag come from Russian Windows in code page 866; valid UTF-8 is taken as it is.
fn decode_name(raw: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(raw) {
        return text.to_owned();
    }
    raw.iter()
        .map(|&b| match b {
            0..=0x7f => char::from(b),
            0x80..=0xaf => char::from_u32(0x410 + u32::from(b - 0x80)).unwrap_or('?'),
            0xe0..=0xef => char::from_u32(0x440 + u32::from(b - 0xe0)).unwrap_or('?'),
            0xf0 => 'Ё',
            0xf1 => 'ё',
            0xfc => '№',
            _ => '_',
        })
        .collect()
}

fn archive_error(error: &ZipError) -> SourceError {
    match error {
        ZipError::UnsupportedArchive(detail) => SourceError::unsupported(KIND, super::one_line(detail)),
        ZipError::Io(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => SourceError::cut_short(KIND, "no end of the list"),
        other => SourceError::damaged(KIND, other),
    }
}
