//! The bytes an archive must have, given its files: what no sum covers (headers, order, gaps) is compared through them.

use super::build::{options, packet_options};
use super::shared::{Comparing, STEP};
use super::{MANIFEST, PACKETS, SHEETS, SIGNATURE, SUMS};
use std::io::{Read, Seek, Write};
use zip::result::ZipResult;
use zip::{ZipArchive, ZipWriter};

/// True when `file` is byte for byte what the builder writes for the files of `zip`. Holds one step of it in memory.
pub(super) fn is_canonical<R: Read + Seek>(zip: &mut ZipArchive<R>, file: impl Read) -> ZipResult<bool> {
    let mut names: Vec<String> = zip.file_names().filter_map(|n| n.ok().map(|n| n.into_owned())).collect();
    names.sort_by(|a, b| (place(a), a).cmp(&(place(b), b)));
    let mut comparing = Comparing::new(file);
    let mut writer = ZipWriter::new_stream(&mut comparing);
    let mut step = vec![0; STEP];
    for name in &names {
        writer.start_file(name.as_str(), if name.starts_with(PACKETS) { packet_options() } else { options() })?;
        let mut inside = zip.by_name(name)?;
        loop {
            let got = inside.read(&mut step)?;
            if got == 0 {
                break;
            }
            writer.write_all(&step[..got])?;
        }
    }
    writer.finish()?;
    Ok(comparing.same_to_the_end())
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
