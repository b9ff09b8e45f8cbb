//! Writes the package in one pass; of the images, some kilobytes are in memory at a time.

use super::manifest::{self, ExamManifest, PacketLine, PacketManifest};
use super::model::{ExamPackage, PackagedPacket, PackagedSheet};
use super::shared::{Latch, STEP};
use super::sums::{self, Summing, Sums};
use super::{MANIFEST, NameError, PACKETS, SHEETS, SIGNATURE, SUMS, keys, name, xml};
use ed25519_dalek::{Signer, SigningKey};
use rcoi_model::BlobHash;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use zip::write::SimpleFileOptions;
use zip::write::StreamWriter;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// Opens the stored bytes of an image.
pub trait ImageSource {
    fn open(&mut self, image: &BlobHash) -> io::Result<Box<dyn Read>>;
}

impl<R: Read + 'static, F: FnMut(&BlobHash) -> io::Result<R>> ImageSource for F {
    fn open(&mut self, image: &BlobHash) -> io::Result<Box<dyn Read>> {
        Ok(Box::new(self(image)?))
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// SHA-256 of `SHA256SUMS`, which names every file: the identity of the contents.
    pub sha256: String,
    /// Files inside, packets' files included.
    pub files: u64,
    pub sheets: u64,
    pub packets: Vec<BuiltPacket>,
}

/// One packet as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltPacket {
    /// Federal name without ending.
    pub name: String,
    pub sheets: u32,
    pub images: u32,
    pub bytes: u64,
    pub sha256: String,
}

#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("packet {ppe}/{room} cannot be named: {source}")]
    Name { ppe: String, room: String, source: NameError },
    #[error("two packets would be named {0}")]
    SameName(String),
    #[error("image {image} of packet {packet} cannot be loaded: {source}")]
    Image { packet: String, image: String, source: io::Error },
    #[error("image {image} of packet {packet} has changed in the store: its bytes have the hash {found}")]
    ImageChanged { packet: String, image: String, found: String },
    #[error("image ending '{0}': expected up to five lower-case letters or digits")]
    BadEnding(String),
    #[error("the package cannot be written: {0}")]
    Write(#[from] io::Error),
    #[error("the package cannot be written: {0}")]
    Zip(#[from] zip::result::ZipError),
    #[error("the manifest cannot be written: {0}")]
    Json(#[from] serde_json::Error),
}

impl BuildError {
    /// True when the disk that the package is written to (or the share of it that one may use) is full.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        let inner = match self {
            Self::Write(error) => Some(error),
            Self::Zip(zip::result::ZipError::Io(error)) => Some(error),
            _ => None,
        };
        inner.is_some_and(|e| matches!(e.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge))
    }
}

/// Writes the whole exam package. The same package and key give the same bytes.
pub fn build(package: &ExamPackage, key: &SigningKey, images: &mut dyn ImageSource, out: impl Write) -> Result<Built, BuildError> {
    let mut named: BTreeMap<String, &PackagedPacket> = BTreeMap::new();
    for packet in &package.packets {
        let name = name::packet_name(&package.exam, packet).map_err(|source| BuildError::Name {
            ppe: packet.ppe.clone(),
            room: packet.room.clone(),
            source,
        })?;
        if named.insert(name.clone(), packet).is_some() {
            return Err(BuildError::SameName(name));
        }
    }

    let fingerprint = keys::fingerprint(&key.verifying_key());
    let mut zip = ZipWriter::new_stream(Latch::new(out));
    let mut built = Vec::new();
    let mut outer_sums = Sums::new();
    let mut files = 0;
    for (name, packet) in named {
        let file = format!("{PACKETS}{name}.zip");
        zip.start_file(file.as_str(), packet_options())?;
        let mut latch = Latch::new(Summing::new(&mut zip));
        let (sheets, images_written, inner_files) = write_packet(package, packet, &name, &fingerprint, key, images, &mut latch)?;
        let summing = latch.into_inner();
        let bytes = summing.bytes;
        let sha256 = summing.sum();
        outer_sums.insert(file, sha256.clone());
        files += inner_files + 1;
        built.push(BuiltPacket { name, sheets, images: images_written, bytes, sha256 });
    }

    let manifest = manifest::json(&ExamManifest {
        format: manifest::FORMAT,
        version: package.version,
        key: fingerprint,
        exam: (&package.exam).into(),
        sheets: built.iter().map(|p| p.sheets).sum(),
        packets: built
            .iter()
            .map(|p| PacketLine { name: p.name.clone(), sheets: p.sheets, bytes: p.bytes, sha256: p.sha256.clone() })
            .collect(),
    })?;
    put(&mut zip, MANIFEST, &manifest, &mut outer_sums)?;
    let sha256 = seal(&mut zip, key, &outer_sums)?;
    zip.finish()?.flush()?;
    Ok(Built { sha256, files: files + 3, sheets: built.iter().map(|p| u64::from(p.sheets)).sum(), packets: built })
}

/// Writes one packet; gives its sheets, its images and all its files.
fn write_packet(
    package: &ExamPackage,
    packet: &PackagedPacket,
    name: &str,
    fingerprint: &str,
    key: &SigningKey,
    images: &mut dyn ImageSource,
    out: impl Write,
) -> Result<(u32, u32, u64), BuildError> {
    let mut sheets: Vec<&PackagedSheet> = packet.sheets.iter().collect();
    sheets.sort_by(|a, b| {
        (form_order(&a.form), &a.form, &a.code, &a.image, a.page).cmp(&(form_order(&b.form), &b.form, &b.code, &b.image, b.page))
    });
    let mut zip = ZipWriter::new_stream(out);
    let mut sums = Sums::new();
    let manifest = manifest::json(&PacketManifest::new(package, packet, &sheets, name, fingerprint))?;
    put(&mut zip, MANIFEST, &manifest, &mut sums)?;
    put(&mut zip, SHEETS, &xml::sheets(&package.exam, name, packet, &sheets)?, &mut sums)?;

    // A multi-page file holds several sheets and goes in once.
    let mut once: BTreeMap<String, &BlobHash> = BTreeMap::new();
    for sheet in &sheets {
        let ending = &sheet.image_ending;
        if ending.len() > 5 || !ending.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
            return Err(BuildError::BadEnding(ending.clone()));
        }
        once.insert(sheet.image_name(), &sheet.image);
    }
    for (file, image) in &once {
        let found = put_image(&mut zip, file, image, images, name, &mut sums)?;
        if found != image.as_str() {
            return Err(BuildError::ImageChanged { packet: name.to_owned(), image: image.to_string(), found });
        }
    }
    seal(&mut zip, key, &sums)?;
    zip.finish()?;
    Ok((sheets.len() as u32, once.len() as u32, sums.len() as u64 + 2))
}

/// Registration first, then answers, then the forms of the point.
fn form_order(form: &str) -> usize {
    ["R", "AB", "C1", "C2", "CX"].iter().position(|f| *f == form).unwrap_or(usize::MAX)
}

/// Adds a file; gives its sum.
fn put<W: Write>(zip: &mut ZipWriter<StreamWriter<W>>, name: &str, bytes: &[u8], sums: &mut Sums) -> Result<String, BuildError> {
    zip.start_file(name, options())?;
    zip.write_all(bytes)?;
    let sum = sums::sha256(bytes);
    sums.insert(name.to_owned(), sum.clone());
    Ok(sum)
}

/// Adds an image piece by piece; gives its sum. A failing disk below the images is told from one below the package.
fn put_image<W: Write>(
    zip: &mut ZipWriter<StreamWriter<W>>,
    file: &str,
    image: &BlobHash,
    images: &mut dyn ImageSource,
    packet: &str,
    sums: &mut Sums,
) -> Result<String, BuildError> {
    let failed = |source| BuildError::Image { packet: packet.to_owned(), image: image.to_string(), source };
    let mut bytes = images.open(image).map_err(failed)?;
    zip.start_file(file, options())?;
    let (mut summing, mut step) = (Summing::new(zip), vec![0; STEP]);
    loop {
        match bytes.read(&mut step) {
            Ok(0) => break,
            Ok(got) => summing.write_all(&step[..got])?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(failed(e)),
        }
    }
    let sum = summing.sum();
    sums.insert(file.to_owned(), sum.clone());
    Ok(sum)
}

/// Adds the sums and their signature; gives the sum of the sums.
fn seal<W: Write>(zip: &mut ZipWriter<StreamWriter<W>>, key: &SigningKey, sums: &Sums) -> Result<String, BuildError> {
    let text = sums::write(sums);
    zip.start_file(SUMS, options())?;
    zip.write_all(text.as_bytes())?;
    zip.start_file(SIGNATURE, options())?;
    zip.write_all(&key.sign(text.as_bytes()).to_bytes())?;
    Ok(sums::sha256(text.as_bytes()))
}

/// The same for every entry: no clock, no umask. Nothing is compressed: scans are compressed already, and the bytes
/// must not depend on the version of a compressor.
pub(super) fn options() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Stored).last_modified_time(DateTime::DEFAULT).unix_permissions(0o644)
}

/// Packets of the largest rooms stay far below 4 GiB, but nothing breaks when one does not.
pub(super) fn packet_options() -> SimpleFileOptions {
    options().large_file(true)
}
