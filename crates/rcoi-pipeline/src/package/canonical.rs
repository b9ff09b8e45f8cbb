//! The bytes an archive must have, given its files: what no sum covers (headers, order, gaps) is compared through them.

use super::build::{options, packet_options};
use super::sums::Summing;
use super::{MANIFEST, PACKETS, SHEETS, SIGNATURE, SUMS};
use std::io::{self, Read, Seek, SeekFrom};
use zip::result::ZipResult;
use zip::{ZipArchive, ZipWriter};

/// True when the archive is byte for byte what the builder writes for these files.
pub(super) fn is_canonical<R: Read + Seek>(mut zip: ZipArchive<R>) -> ZipResult<bool> {
    let expected = rewritten_sum(&mut zip)?;
    let mut reader = zip.into_inner();
    reader.seek(SeekFrom::Start(0))?;
    let mut found = Summing::new(io::sink());
    io::copy(&mut reader, &mut found)?;
    Ok(found.sum() == expected)
}

fn rewritten_sum<R: Read + Seek>(zip: &mut ZipArchive<R>) -> ZipResult<String> {
    let mut names: Vec<String> = zip.file_names().filter_map(|n| n.ok().map(|n| n.into_owned())).collect();
    names.sort_by(|a, b| (place(a), a).cmp(&(place(b), b)));
    let mut summing = Summing::new(io::sink());
    let mut writer = ZipWriter::new_stream(&mut summing);
    for name in &names {
        writer.start_file(name.as_str(), if name.starts_with(PACKETS) { packet_options() } else { options() })?;
        io::copy(&mut zip.by_name(name)?, &mut writer)?;
    }
    writer.finish()?;
    Ok(summing.sum())
}

/// The builder's order: an exam ends with its manifest, which needs the sums of the packets; a packet begins with it.
fn place(name: &str) -> u8 {
    match name {
        n if n.starts_with(PACKETS) => 0,
        MANIFEST => 1,
        SHEETS => 2,
        SUMS => 4,
        SIGNATURE => 5,
        _ => 3,
    }
}
