//! Checks a package with nothing but the file and the public key; names what changed.

use super::canonical::is_canonical;
use super::fault::{FaultKind, PackageFault, Verified, VerifyLimits};
use super::manifest::{ExamManifest, PacketManifest};
use super::shared::{STEP, Shared};
use super::sums::{self, Summing, Sums};
use super::{IMAGES, MANIFEST, PACKETS, SHEETS, SIGNATURE, SUMS, keys, name};
use ed25519_dalek::{Signature, VerifyingKey};
use std::io::{BufReader, Read, Seek};
use zip::{CompressionMethod, ZipArchive};

/// Checks an exam package, or one packet taken out of it.
pub fn verify(reader: impl Read + Seek, key: &VerifyingKey) -> Result<Verified, Vec<PackageFault>> {
    verify_with(reader, key, &VerifyLimits::default())
}

/// [`verify`] with limits of one's own.
pub fn verify_with(reader: impl Read + Seek, key: &VerifyingKey, limits: &VerifyLimits) -> Result<Verified, Vec<PackageFault>> {
    let mut check = Check { key, limits, faults: Vec::new(), files: 0, sheets: 0, packets: Vec::new() };
    let found = check.exam(reader);
    match found {
        Some((sha256, version)) if check.faults.is_empty() => {
            Ok(Verified { sha256, files: check.files, sheets: check.sheets, packets: check.packets, version })
        }
        _ => Err(check.faults),
    }
}

struct Check<'a> {
    key: &'a VerifyingKey,
    limits: &'a VerifyLimits,
    faults: Vec<PackageFault>,
    files: u64,
    sheets: u64,
    packets: Vec<String>,
}

/// An archive whose list of sums has been read and whose files have been summed.
struct Opened<R> {
    zip: ZipArchive<R>,
    manifest: Option<Vec<u8>>,
    sums_sha256: String,
    /// Files whose bytes differ from the list, with the fault still to be told.
    changed: Vec<(String, FaultKind)>,
}

impl Check<'_> {
    fn fault(&mut self, packet: Option<&str>, file: Option<&str>, kind: FaultKind) {
        self.faults.push(PackageFault { packet: packet.map(str::to_owned), file: file.map(str::to_owned), kind });
    }

    /// The whole file. Gives the sum of sums and the version when they could be read.
    fn exam(&mut self, reader: impl Read + Seek) -> Option<(String, u32)> {
        let file = match Shared::new(reader) {
            Ok(file) => file,
            Err(e) => {
                self.fault(None, None, FaultKind::Unreadable(e.to_string()));
                return None;
            }
        };
        let zip = self.list(None, BufReader::with_capacity(STEP, file.again()), &file)?;
        if zip.index_for_name(SHEETS).is_some() {
            return self.single_packet(zip, &file);
        }
        let fits = |name: &str| name.strip_prefix(PACKETS).and_then(|n| n.strip_suffix(".zip")).is_some_and(name::is_packet_name);
        let mut opened = self.archive(None, zip, &fits)?;
        let manifest: Option<ExamManifest> = self.manifest(None, opened.manifest.as_deref());

        let names: Vec<String> = opened.zip.file_names().filter_map(|n| n.ok().map(|n| n.into_owned())).filter(|n| fits(n)).collect();
        for name in &names {
            let packet = name[PACKETS.len()..name.len() - ".zip".len()].to_owned();
            let before = self.faults.len();
            match opened.zip.by_name_seek(name) {
                Ok(inner) => {
                    if let Some(zip) = self.list(Some(&packet), BufReader::with_capacity(STEP, inner), &file) {
                        self.packet(&packet, zip);
                    }
                }
                Err(e) => self.fault(Some(&packet), None, FaultKind::Unreadable(e.to_string())),
            }
            // Something inside was named already: the outer sum adds nothing.
            if self.faults.len() > before {
                opened.changed.retain(|(changed, _)| changed != name);
            }
            self.packets.push(packet);
        }
        for (file, kind) in std::mem::take(&mut opened.changed) {
            self.fault(None, Some(&file), kind);
        }
        let manifest = manifest?;
        let told: Vec<&str> = manifest.packets.iter().map(|p| p.name.as_str()).collect();
        let mut here = self.packets.clone();
        here.sort();
        if told != here.iter().map(String::as_str).collect::<Vec<_>>() || u64::from(manifest.sheets) != self.sheets {
            let said = format!("{} packets and {} sheets, found {} and {}", told.len(), manifest.sheets, here.len(), self.sheets);
            self.fault(None, Some(MANIFEST), FaultKind::Disagrees(said));
        }
        self.container(opened.zip, &file);
        Some((opened.sums_sha256, manifest.version))
    }

    /// The list of an archive's files. Files that lie over one another would be read many times: they are refused here.
    fn list<R: Read + Seek, F: Read + Seek>(&mut self, packet: Option<&str>, reader: R, file: &Shared<F>) -> Option<ZipArchive<R>> {
        file.allow(self.limits.max_list);
        let opened = ZipArchive::new(reader);
        file.allow(u64::MAX);
        let outcome = opened.and_then(|mut zip| match zip.has_overlapping_entries()? {
            false => Ok(zip),
            true => Err(zip::result::ZipError::InvalidArchive("its files lie over one another".into())),
        });
        outcome.map_err(|e| self.fault(packet, None, FaultKind::Unreadable(e.to_string()))).ok()
    }

    /// Whatever no sum covers. Asked last: a changed file would change the archive too.
    fn container<R: Read + Seek, F: Read + Seek>(&mut self, mut zip: ZipArchive<R>, file: &Shared<F>) {
        let again = BufReader::with_capacity(STEP, file.again());
        if self.faults.is_empty() && !is_canonical(&mut zip, again).unwrap_or(false) {
            self.fault(None, None, FaultKind::Container);
        }
    }

    fn single_packet<R: Read + Seek, F: Read + Seek>(&mut self, zip: ZipArchive<R>, file: &Shared<F>) -> Option<(String, u32)> {
        let (sha256, manifest, zip) = self.packet("", zip)?;
        self.container(zip, file);
        // Taken alone, the packet has no outer name: faults speak of its files only.
        for fault in &mut self.faults {
            fault.packet = fault.packet.take().filter(|p| !p.is_empty());
        }
        self.packets.push(manifest.name);
        Some((sha256, manifest.version))
    }

    fn packet<R: Read + Seek>(&mut self, packet: &str, zip: ZipArchive<R>) -> Option<(String, PacketManifest, ZipArchive<R>)> {
        let fits = |name: &str| name == SHEETS || name.strip_prefix(IMAGES).is_some_and(is_image_name);
        let opened = self.archive(Some(packet), zip, &fits)?;
        for (file, kind) in opened.changed {
            self.fault(Some(packet), Some(&file), kind);
        }
        let manifest: PacketManifest = self.manifest(Some(packet), opened.manifest.as_deref())?;
        self.sheets += u64::from(manifest.sheets);
        if !packet.is_empty() && manifest.name != packet {
            self.fault(Some(packet), Some(MANIFEST), FaultKind::Disagrees(format!("it names packet {}", manifest.name)));
        }
        Some((opened.sums_sha256, manifest, opened.zip))
    }

    fn manifest<T: serde::de::DeserializeOwned>(&mut self, packet: Option<&str>, bytes: Option<&[u8]>) -> Option<T> {
        match serde_json::from_slice(bytes?) {
            Ok(manifest) => Some(manifest),
            Err(e) => {
                // A manifest that was changed has been named already.
                if self.faults.is_empty() {
                    self.fault(packet, Some(MANIFEST), FaultKind::Unreadable(e.to_string()));
                }
                None
            }
        }
    }

    /// Signature, then every file against the list. `fits` = names allowed besides the three every archive has.
    fn archive<R: Read + Seek>(&mut self, packet: Option<&str>, mut zip: ZipArchive<R>, fits: &dyn Fn(&str) -> bool) -> Option<Opened<R>> {
        let count = zip.len() as u64;
        if count > self.limits.max_files {
            self.fault(packet, None, FaultKind::TooManyFiles { found: count, limit: self.limits.max_files });
            return None;
        }
        if zip.has_duplicate_names() {
            self.fault(packet, None, FaultKind::Unreadable("two files have the same name".to_owned()));
            return None;
        }
        let text = self.read(packet, &mut zip, SUMS)?;
        let signature = self.read(packet, &mut zip, SIGNATURE)?;
        let Some(listed) = std::str::from_utf8(&text).ok().and_then(sums::parse) else {
            self.fault(packet, Some(SUMS), FaultKind::Changed);
            return None;
        };
        let signed = Signature::from_slice(&signature).is_ok_and(|s| self.key.verify_strict(&text, &s).is_ok());
        let manifest = listed.contains_key(MANIFEST).then(|| self.read(packet, &mut zip, MANIFEST)).flatten();
        if !signed {
            let found = manifest.as_deref().and_then(key_of);
            let given = keys::fingerprint(self.key);
            match found {
                Some(found) if found != given => self.fault(packet, Some(SIGNATURE), FaultKind::WrongKey { found, given }),
                _ => self.fault(packet, Some(SIGNATURE), FaultKind::BadSignature),
            }
        }

        let mut changed = Vec::new();
        let mut seen = Sums::new();
        for index in 0..zip.len() {
            let (name, kind) = self.sum_of(&mut zip, index, fits);
            self.files += 1;
            if name == SUMS || name == SIGNATURE {
                continue;
            }
            match (kind, listed.get(&name)) {
                (Ok(_), None) => self.fault(packet, Some(&name), FaultKind::Surplus),
                (Ok(sum), Some(expected)) if sum != *expected => changed.push((name.clone(), FaultKind::Changed)),
                (Err(kind), _) => changed.push((name.clone(), kind)),
                (Ok(_), Some(_)) => {}
            }
            seen.insert(name, String::new());
        }
        for name in listed.keys().filter(|n| !seen.contains_key(*n)) {
            self.fault(packet, Some(name), FaultKind::Missing);
        }
        Some(Opened { zip, manifest, sums_sha256: sums::sha256(&text), changed })
    }

    /// Name of an entry and the sum of its bytes. Entries another program wrote are not ours.
    fn sum_of<R: Read + Seek>(
        &self,
        zip: &mut ZipArchive<R>,
        index: usize,
        fits: &dyn Fn(&str) -> bool,
    ) -> (String, Result<String, FaultKind>) {
        let name = match zip.name_for_index(index) {
            Some(Ok(name)) => name.into_owned(),
            _ => return (format!("file {}", index + 1), Err(FaultKind::Unreadable("its name is not text".to_owned()))),
        };
        let file = match zip.by_index(index) {
            Ok(file) => file,
            Err(e) => return (printable(&name), Err(FaultKind::Unreadable(e.to_string()))),
        };
        if !matches!(name.as_str(), MANIFEST | SUMS | SIGNATURE) && !fits(&name) {
            return (printable(&name), Err(FaultKind::Surplus));
        }
        // Ours are stored: no file can unpack to more than it is.
        if file.compression() != CompressionMethod::Stored {
            return (name, Err(FaultKind::Unreadable(format!("it is compressed ({})", file.compression()))));
        }
        let limit = if name.ends_with(".zip") || name.starts_with(IMAGES) { self.limits.max_file } else { self.limits.max_text };
        let mut summing = Summing::new(std::io::sink());
        let mut file = BufReader::with_capacity(STEP, file.take(limit.saturating_add(1)));
        match std::io::copy(&mut file, &mut summing) {
            Ok(bytes) if bytes > limit => (name, Err(FaultKind::TooLarge { limit })),
            Ok(_) => (name, Ok(summing.sum())),
            // The check sum of the archive itself fails, or its compressed data are damaged.
            Err(_) => (name, Err(FaultKind::Changed)),
        }
    }

    /// A small file, whole.
    fn read<R: Read + Seek>(&mut self, packet: Option<&str>, zip: &mut ZipArchive<R>, name: &str) -> Option<Vec<u8>> {
        let limit = self.limits.max_text;
        let mut bytes = Vec::new();
        let outcome = match zip.by_name(name) {
            Ok(file) => file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|_| FaultKind::Changed),
            Err(zip::result::ZipError::FileNotFound) if name == SUMS => Err(FaultKind::NotPackage("it has no SHA256SUMS")),
            Err(zip::result::ZipError::FileNotFound) => Err(FaultKind::Missing),
            Err(e) => Err(FaultKind::Unreadable(e.to_string())),
        };
        match outcome {
            Ok(_) if bytes.len() as u64 <= limit => Some(bytes),
            Ok(_) => {
                self.fault(packet, Some(name), FaultKind::TooLarge { limit });
                None
            }
            // A manifest that cannot be read is told once, by the pass over all files.
            Err(_) if name == MANIFEST => None,
            Err(kind) => {
                self.fault(packet, Some(name), kind);
                None
            }
        }
    }
}

/// Fingerprint of the key a manifest names.
fn key_of(manifest: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(manifest).ok()?;
    value.get("key")?.as_str().filter(|k| k.len() == 16 && k.bytes().all(|b| b.is_ascii_hexdigit())).map(str::to_owned)
}

/// 64 hexadecimal digits and perhaps an ending.
fn is_image_name(name: &str) -> bool {
    let (hash, ending) = name.split_once('.').unwrap_or((name, "jpg"));
    hash.len() == 64
        && hash.bytes().all(|b| b.is_ascii_hexdigit())
        && (1..=5).contains(&ending.len())
        && ending.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// A foreign name made harmless for a terminal.
fn printable(name: &str) -> String {
    name.chars().take(120).map(|c| if c.is_control() { '?' } else { c }).collect()
}
