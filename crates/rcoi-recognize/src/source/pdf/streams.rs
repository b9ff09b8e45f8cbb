//! How large the packed parts of a PDF are when unpacked: looked at before anything unpacks them into memory.

use super::{KIND, SourceError};
use crate::source::Limits;
use flate2::read::{DeflateDecoder, ZlibDecoder};
use hayro::hayro_syntax::Filter;
use hayro::hayro_syntax::object::Stream;
use memchr::memmem;
use std::io::Read;
use weezl::BitOrder;
use weezl::decode::Decoder as Lzw;

/// Unpacked bytes of a part that is no picture: page descriptions, fonts, lists of objects. Born-digital forms have some
/// hundred kilobytes, scans a few hundred bytes.
const MOST_PLAIN: u64 = 64 << 20;
/// A picture's widest pixel, bytes: four channels.
const PER_PIXEL: u64 = 4;
/// The head of a part stands this near before its data.
const HEAD_WITHIN: usize = 4096;
/// Most bytes that one byte can become: deflate by its format; LZW and run lengths by their longest entries.
const MOST_RATIO: [(Packer, u64); 3] = [(Packer::Flate, 1032), (Packer::Lzw, 2600), (Packer::RunLength, 64)];

/// A packing that makes much of little.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packer {
    Flate,
    Lzw,
    RunLength,
}

/// Looks at every part by the bytes of the file alone: the lists of objects and pages, which are read first, may be
/// packed themselves. Parts of an encrypted file look like noise here; [`check`] sees them. Pictures are the bulk of a
/// file: they are looked at when its pages are counted, once, and then with the page that shows them.
pub(super) fn check_file(bytes: &[u8], pictures: bool, limits: &Limits) -> Result<(), SourceError> {
    let end = memmem::Finder::new(b"endstream");
    for at in memmem::find_iter(bytes, b"stream") {
        let before = &bytes[..at];
        if before.ends_with(b"end") {
            continue;
        }
        let after = &bytes[at + b"stream".len()..];
        let data = after.strip_prefix(b"\r\n").or_else(|| after.strip_prefix(b"\n")).or_else(|| after.strip_prefix(b"\r")).unwrap_or(after);
        let data = end.find(data).map_or(data, |len| &data[..len]);
        let near = &before[before.len().saturating_sub(HEAD_WITHIN)..];
        let head = memmem::rfind(near, b"obj").map_or(near, |start| &near[start..]);
        let packers = named(head);
        if packers.len() > 1 {
            return Err(packed_twice());
        }
        let picture = memmem::find(head, b"/Image").is_some();
        if picture && !pictures {
            continue;
        }
        let most = allowed(picture, limits);
        // A head with an unusual spelling names no packer; deflate is what enemies and friends use.
        let packer = packers.first().copied().unwrap_or(Packer::Flate);
        if unpacks_beyond(packer, data, most) {
            return Err(too_large(most));
        }
    }
    Ok(())
}

/// Looks at one part as the reader of the file sees it: filters resolved, decrypted.
pub(super) fn check(stream: &Stream<'_>, picture: bool, limits: &Limits) -> Result<(), SourceError> {
    let most = allowed(picture, limits);
    let filters = stream.filters();
    let packer = |filter: &Filter| match filter {
        Filter::FlateDecode => Some(Packer::Flate),
        Filter::LzwDecode => Some(Packer::Lzw),
        Filter::RunLengthDecode => Some(Packer::RunLength),
        _ => None,
    };
    let packers: Vec<Packer> = filters.iter().filter_map(packer).collect();
    let raw = stream.raw_data();
    let beyond = match packers.as_slice() {
        [] => false,
        // Behind another filter only the bound by the format is known.
        [one] if filters.first().is_some_and(|f| packer(f).is_some()) => unpacks_beyond(*one, &raw, most),
        [one] => bound(*one, &raw) > most,
        _ => return Err(packed_twice()),
    };
    if beyond { Err(too_large(most)) } else { Ok(()) }
}

fn allowed(picture: bool, limits: &Limits) -> u64 {
    if picture { limits.max_pixels.saturating_mul(PER_PIXEL) } else { MOST_PLAIN }
}

fn too_large(most: u64) -> SourceError {
    SourceError::unsupported(KIND, format!("a part that unpacks to more than {most} bytes"))
}

fn packed_twice() -> SourceError {
    SourceError::unsupported(KIND, "a part that is packed twice")
}

/// The packers that a head names, in its order.
fn named(head: &[u8]) -> Vec<Packer> {
    let names = head.split(|b| *b == b'/').skip(1).map(|rest| {
        let end = rest.iter().position(|b| !b.is_ascii_alphanumeric()).unwrap_or(rest.len());
        &rest[..end]
    });
    names
        .filter_map(|name| match name {
            b"FlateDecode" | b"Fl" => Some(Packer::Flate),
            b"LZWDecode" | b"LZW" => Some(Packer::Lzw),
            b"RunLengthDecode" | b"RL" => Some(Packer::RunLength),
            _ => None,
        })
        .collect()
}

fn bound(packer: Packer, data: &[u8]) -> u64 {
    let ratio = MOST_RATIO.iter().find(|(p, _)| *p == packer).map_or(1, |(_, ratio)| *ratio);
    (data.len() as u64).saturating_mul(ratio)
}

/// Unpacks without keeping anything, and only when the bound by the format does not tell already.
fn unpacks_beyond(packer: Packer, data: &[u8], most: u64) -> bool {
    if bound(packer, data) <= most {
        return false;
    }
    match packer {
        Packer::Flate => beyond(ZlibDecoder::new(data), most) || beyond(DeflateDecoder::new(data), most),
        // Which of two habits about the width of a code the writer had stands in the parameters.
        Packer::Lzw => {
            lzw_beyond(Lzw::with_tiff_size_switch(BitOrder::Msb, 8), data, most) || lzw_beyond(Lzw::new(BitOrder::Msb, 8), data, most)
        }
        Packer::RunLength => run_lengths(data) > most,
    }
}

fn beyond(mut unpacked: impl Read, most: u64) -> bool {
    let mut some = vec![0; 1 << 16];
    let mut sum = 0;
    loop {
        match unpacked.read(&mut some) {
            Ok(0) | Err(_) => return false,
            Ok(n) => sum += n as u64,
        }
        if sum > most {
            return true;
        }
    }
}

fn lzw_beyond(mut lzw: Lzw, mut data: &[u8], most: u64) -> bool {
    let mut some = vec![0; 1 << 16];
    let mut sum = 0;
    loop {
        let step = lzw.decode_bytes(data, &mut some);
        sum += step.consumed_out as u64;
        data = &data[step.consumed_in..];
        if sum > most {
            return true;
        }
        if !matches!(step.status, Ok(weezl::LzwStatus::Ok)) || (step.consumed_in == 0 && step.consumed_out == 0) {
            return false;
        }
    }
}

fn run_lengths(data: &[u8]) -> u64 {
    let (mut at, mut sum) = (0, 0);
    while let Some(&length) = data.get(at) {
        match length {
            128 => break,
            0..=127 => {
                sum += u64::from(length) + 1;
                at += usize::from(length) + 2;
            }
            129.. => {
                sum += 257 - u64::from(length);
                at += 2;
            }
        }
    }
    sum
}
