//! `rcoi package …`: verify a package, make a key pair.

use super::Done;
use crate::args::PackageVerb;
use anyhow::{Context, Result, bail};
use rcoi_pipeline::package::{generate, load_public, private_pem, public_pem, verify};
use std::fs::{self, File};
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};

pub(crate) fn run(verb: PackageVerb) -> Result<Done> {
    match verb {
        PackageVerb::Verify { file, key } => check(&file, &key),
        PackageVerb::Keygen { file } => keygen(&file),
    }
}

/// Prints what holds, or every fault.
pub(crate) fn check(file: &Path, key: &Path) -> Result<Done> {
    let pem = fs::read_to_string(key).with_context(|| format!("cannot read the key {}", key.display()))?;
    let public = load_public(&pem).with_context(|| format!("{}", key.display()))?;
    let reader = BufReader::new(File::open(file).with_context(|| format!("cannot open {}", file.display()))?);
    match verify(reader, &public) {
        Ok(verified) => {
            println!("{}: signature and sums hold: {verified}", file.display());
            Ok(Done::Well)
        }
        Err(faults) => {
            for fault in &faults {
                eprintln!("{}: {fault}", file.display());
            }
            Ok(Done::WithFaults)
        }
    }
}

fn keygen(file: &Path) -> Result<Done> {
    let public = public_path(file);
    for path in [file, &public] {
        if path.exists() {
            bail!("{} exists; a key is never overwritten", path.display());
        }
    }
    make_pair(file)?;
    println!("private key {} (keep it secret), public key {}", file.display(), public.display());
    Ok(Done::Well)
}

/// Where the public half of a key file lies.
pub(crate) fn public_path(private: &Path) -> PathBuf {
    let mut name = private.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}

/// Writes a new pair beside each other; the private one is readable by its owner alone.
pub(crate) fn make_pair(file: &Path) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let key = generate()?;
    let mut out = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .with_context(|| format!("cannot write {}", file.display()))?;
    out.write_all(private_pem(&key)?.as_bytes())?;
    out.sync_all()?;
    fs::write(public_path(file), public_pem(&key.verifying_key())?)?;
    Ok(())
}
