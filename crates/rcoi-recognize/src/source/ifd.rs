//! Reads TIFF directories (classic and BigTIFF, both byte orders): page list, sizes, tags. EXIF uses the same layout.

use super::SourceError;

/// Values of one tag beyond this count are refused: strips of the largest page are fewer.
const MAX_VALUES: u64 = 1 << 20;
/// Directories in one chain beyond this are a loop or an attack.
const MAX_DIRECTORIES: usize = 100_000;

pub(super) mod tag {
    pub(in super::super) const NEW_SUBFILE_TYPE: u16 = 254;
    pub(in super::super) const WIDTH: u16 = 256;
    pub(in super::super) const LENGTH: u16 = 257;
    pub(in super::super) const BITS_PER_SAMPLE: u16 = 258;
    pub(in super::super) const COMPRESSION: u16 = 259;
    pub(in super::super) const PHOTOMETRIC: u16 = 262;
    pub(in super::super) const FILL_ORDER: u16 = 266;
    pub(in super::super) const STRIP_OFFSETS: u16 = 273;
    pub(in super::super) const ORIENTATION: u16 = 274;
    pub(in super::super) const SAMPLES_PER_PIXEL: u16 = 277;
    pub(in super::super) const ROWS_PER_STRIP: u16 = 278;
    pub(in super::super) const STRIP_BYTE_COUNTS: u16 = 279;
    pub(in super::super) const X_RESOLUTION: u16 = 282;
    pub(in super::super) const Y_RESOLUTION: u16 = 283;
    pub(in super::super) const T4_OPTIONS: u16 = 292;
    pub(in super::super) const RESOLUTION_UNIT: u16 = 296;
    pub(in super::super) const COLOR_MAP: u16 = 320;
}

/// The bytes of a TIFF with what its header says.
#[derive(Clone, Copy)]
pub(super) struct Tiff<'a> {
    bytes: &'a [u8],
    little: bool,
    big: bool,
}

/// One entry of a directory.
#[derive(Debug, Clone, Copy)]
struct Entry {
    tag: u16,
    kind: u16,
    count: u64,
    /// Where the values lie, absolute.
    at: u64,
    /// Where the entry itself lies, absolute.
    entry_at: u64,
}

/// One directory: a page, a thumbnail or a mask.
#[derive(Debug, Clone)]
pub(super) struct Directory {
    entries: Vec<Entry>,
    /// Place in the chain, counted from 0, thumbnails included.
    pub(super) raw_index: usize,
}

impl<'a> Tiff<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, SourceError> {
        let little = bytes.starts_with(b"II");
        let header = Self { bytes, little, big: false };
        let big = header.u16(2).ok_or_else(|| short("no header"))? == 43;
        Ok(Self { big, ..header })
    }

    fn get<const N: usize>(&self, at: u64) -> Option<[u8; N]> {
        let at = usize::try_from(at).ok()?;
        self.bytes.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    fn u16(&self, at: u64) -> Option<u16> {
        let b = self.get::<2>(at)?;
        Some(if self.little { u16::from_le_bytes(b) } else { u16::from_be_bytes(b) })
    }

    fn u32(&self, at: u64) -> Option<u32> {
        let b = self.get::<4>(at)?;
        Some(if self.little { u32::from_le_bytes(b) } else { u32::from_be_bytes(b) })
    }

    fn u64(&self, at: u64) -> Option<u64> {
        let b = self.get::<8>(at)?;
        Some(if self.little { u64::from_le_bytes(b) } else { u64::from_be_bytes(b) })
    }

    fn pointer(&self, at: u64) -> Option<u64> {
        if self.big { self.u64(at) } else { self.u32(at).map(u64::from) }
    }

    /// All directories of the main chain, in order.
    pub(super) fn directories(&self) -> Result<Vec<Directory>, SourceError> {
        let mut next = self.pointer(if self.big { 8 } else { 4 }).ok_or_else(|| short("no header"))?;
        let mut found = Vec::new();
        let mut seen = std::collections::HashSet::new();
        let mut entries = 0;
        while next != 0 {
            if !seen.insert(next) || found.len() >= MAX_DIRECTORIES {
                return Err(SourceError::damaged("tiff", "its pages point at each other in a circle"));
            }
            let (directory, after) = self
                .directory(next, found.len())
                .ok_or_else(|| short(&format!("page {} lies beyond the end of the file", found.len() + 1)))?;
            // Entries have 12 bytes at least: more of them than the file has room for are the same ones again and again.
            entries += directory.entries.len();
            if entries > self.bytes.len() / 12 {
                return Err(SourceError::damaged("tiff", "its pages lie over each other"));
            }
            found.push(directory);
            next = after;
        }
        Ok(found)
    }

    /// The first directory alone, whatever the chain after it says (EXIF thumbnails are often broken).
    pub(super) fn first_directory(&self) -> Option<Directory> {
        let at = self.pointer(if self.big { 8 } else { 4 })?;
        self.directory(at, 0).map(|(directory, _)| directory)
    }

    fn directory(&self, at: u64, raw_index: usize) -> Option<(Directory, u64)> {
        let (count, head, size) = if self.big { (self.u64(at)?, 8, 20) } else { (u64::from(self.u16(at)?), 2, 12) };
        // A directory has a few dozen tags; its entries must lie inside the file, which `pointer` below proves.
        if count > 4096 {
            return None;
        }
        let first = at.checked_add(head)?;
        let mut entries = Vec::with_capacity(count as usize);
        for i in 0..count {
            let e = first.checked_add(i * size)?;
            let (tag, kind) = (self.u16(e)?, self.u16(e + 2)?);
            let values = if self.big { self.u64(e + 4)? } else { u64::from(self.u32(e + 4)?) };
            let (slot, room) = if self.big { (e + 12, 8) } else { (e + 8, 4) };
            let inline = values.checked_mul(width_of(kind)).is_some_and(|bytes| bytes <= room);
            let place = if inline { slot } else { self.pointer(slot)? };
            entries.push(Entry { tag, kind, count: values, at: place, entry_at: e });
        }
        let after = self.pointer(first.checked_add(count * size)?)?;
        Some((Directory { entries, raw_index }, after))
    }

    /// Unsigned values of a tag; `None` when the tag is absent or lies outside the file.
    pub(super) fn uints(&self, directory: &Directory, tag: u16) -> Option<Vec<u64>> {
        let entry = directory.entry(tag)?;
        if entry.count > MAX_VALUES {
            return None;
        }
        (0..entry.count)
            .map(|i| {
                let at = entry.at.checked_add(i * width_of(entry.kind))?;
                match entry.kind {
                    1 | 2 | 6 | 7 => self.get::<1>(at).map(|b| u64::from(b[0])),
                    3 | 8 => self.u16(at).map(u64::from),
                    4 | 9 | 13 => self.u32(at).map(u64::from),
                    16..=18 => self.u64(at),
                    _ => None,
                }
            })
            .collect()
    }

    /// First unsigned value of a tag.
    pub(super) fn uint(&self, directory: &Directory, tag: u16) -> Option<u64> {
        self.uints(directory, tag)?.first().copied()
    }

    /// Dots per inch along x and y.
    pub(super) fn dpi(&self, directory: &Directory) -> Option<(f32, f32)> {
        let unit = match self.uint(directory, tag::RESOLUTION_UNIT).unwrap_or(2) {
            2 => 1.0,
            3 => 2.54,
            _ => return None,
        };
        let x = self.rational(directory, tag::X_RESOLUTION)?;
        let y = self.rational(directory, tag::Y_RESOLUTION).unwrap_or(x);
        Some((x * unit, y * unit))
    }

    fn rational(&self, directory: &Directory, tag: u16) -> Option<f32> {
        let entry = directory.entry(tag).filter(|e| e.kind == 5 && e.count > 0)?;
        let (n, d) = (self.u32(entry.at)?, self.u32(entry.at.checked_add(4)?)?);
        (d != 0).then(|| n as f32 / d as f32)
    }

    /// A slice of the file, if it lies inside.
    pub(super) fn slice(&self, at: u64, len: u64) -> Option<&'a [u8]> {
        let (at, len) = (usize::try_from(at).ok()?, usize::try_from(len).ok()?);
        self.bytes.get(at..at.checked_add(len)?)
    }

    /// A copy of the file in which a 16-bit tag of one directory holds another value.
    pub(super) fn with_short(&self, directory: &Directory, tag: u16, value: u16) -> Option<Vec<u8>> {
        let entry = directory.entry(tag).filter(|e| e.kind == 3 && e.count == 1)?;
        let at = usize::try_from(entry.entry_at + if self.big { 12 } else { 8 }).ok()?;
        let mut copy = self.bytes.to_vec();
        let raw = if self.little { value.to_le_bytes() } else { value.to_be_bytes() };
        copy.get_mut(at..at + 2)?.copy_from_slice(&raw);
        Some(copy)
    }

    /// Bytes of the whole file.
    pub(super) fn len(&self) -> u64 {
        self.bytes.len() as u64
    }
}

impl Directory {
    fn entry(&self, tag: u16) -> Option<&Entry> {
        self.entries.iter().find(|e| e.tag == tag)
    }
}

fn width_of(kind: u16) -> u64 {
    match kind {
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16..=18 => 8,
        _ => 1,
    }
}

fn short(detail: &str) -> SourceError {
    SourceError::cut_short("tiff", detail)
}
