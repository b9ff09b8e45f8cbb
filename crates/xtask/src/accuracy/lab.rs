//! The place of a measurement: where the scans are, a folder for what is made of them, the binary that is measured.

use super::table::{Mismatch, Row};
use super::truth::Truth;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a row counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Fields,
    /// Marked or not, box by box.
    Boxes,
    /// Cell by cell.
    Characters,
}

pub(crate) struct Lab {
    data: PathBuf,
    work: PathBuf,
    keep: bool,
    rcoi: PathBuf,
}

impl Lab {
    pub(crate) fn new(data: PathBuf, rcoi: &Path, keep: Option<PathBuf>) -> Result<Self> {
        let kept = keep.is_some();
        let work = keep.unwrap_or_else(|| std::env::temp_dir().join(format!("rcoi-accuracy-{}", std::process::id())));
        fs::create_dir_all(&work).with_context(|| format!("cannot make the folder {}", work.display()))?;
        let work = work.canonicalize().with_context(|| format!("{}", work.display()))?;
        // A link of its own: a build that goes on meanwhile must not change what is measured.
        let own = work.join(format!("rcoi-{}", std::process::id()));
        if fs::hard_link(rcoi, &own).is_err() {
            fs::copy(rcoi, &own).with_context(|| format!("cannot take the binary {}", rcoi.display()))?;
        }
        Ok(Self { data, work, keep: kept, rcoi: own })
    }

    /// A file or folder of the scans.
    pub(crate) fn data(&self, path: &str) -> PathBuf {
        self.data.join(path)
    }

    /// The folders of a set that hold such a file, by name.
    pub(crate) fn subfolders(&self, set: &str, file: &str) -> Result<Vec<PathBuf>> {
        let folder = self.data(set);
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
        let mut all: Vec<PathBuf> = entries.map(|e| Ok(e?.path())).collect::<Result<_>>()?;
        all.retain(|f| f.join(file).is_file());
        all.sort();
        Ok(all)
    }

    /// A folder for what is made, empty but for earlier files of the same names.
    pub(crate) fn folder(&self, path: &str) -> Result<PathBuf> {
        let folder = self.work.join(path);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        Ok(folder)
    }

    pub(crate) fn kept(&self) -> Option<&Path> {
        self.keep.then_some(self.work.as_path())
    }

    /// Runs the binary; 3 = ran to its end, but some input was bad. Gives back what it printed.
    pub(crate) fn rcoi(&self, args: &[&OsStr]) -> Result<String> {
        let mut command = Command::new(&self.rcoi);
        // The binary takes every RCOI_* for a setting of its own.
        command.args(args).current_dir(&self.work).env_remove("RCOI_REAL");
        let out = command.output().context("cannot start rcoi")?;
        if !matches!(out.status.code(), Some(0 | 3)) {
            let shown: Vec<_> = args.iter().map(|a| a.to_string_lossy()).collect();
            bail!("rcoi {} ended with {}\n{}", shown.join(" "), out.status, String::from_utf8_lossy(&out.stderr));
        }
        String::from_utf8(out.stdout).context("rcoi printed what is not UTF-8")
    }

    /// Imports a layout; gives back the lines about what could not be mapped.
    pub(crate) fn import(&self, kind: &str, layout: &Path, more: &[&OsStr], output: &Path) -> Result<()> {
        let mut args: Vec<&OsStr> =
            vec!["template".as_ref(), "import".as_ref(), kind.as_ref(), layout.as_ref(), "-o".as_ref(), output.as_ref()];
        args.extend(more);
        self.rcoi(&args).map(|_| ())
    }

    /// Reads the pages of `truth` (pictures lie in `images`) and counts.
    pub(crate) fn measure(&self, part: &str, truth: &Truth, templates: &Path, images: &Path, unit: Unit) -> Result<Row> {
        let folder = self.folder(part)?;
        let file = folder.join("truth.csv");
        truth.write(&file)?;
        let mut args: Vec<&OsStr> = vec!["eval".as_ref(), "--json".as_ref(), "--truth".as_ref(), file.as_ref()];
        args.extend(["--templates".as_ref(), templates.as_os_str(), "--images".as_ref(), images.as_os_str()]);
        let report = folder.join("report.html");
        if self.keep {
            args.extend(["--report".as_ref(), report.as_os_str()]);
        }
        let printed = self.rcoi(&args)?;
        let scores: Value = serde_json::from_str(&printed).with_context(|| format!("{part}: rcoi eval printed no JSON"))?;
        let mut row = row(part, &scores, unit);
        let unknown: Vec<&str> = scores["unknown_columns"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if !unknown.is_empty() {
            bail!("{part}: no template has the columns {}", unknown.join(", "));
        }
        let unread = scores["pages"].as_array().into_iter().flatten().filter(|p| !p["failure"].is_null()).count();
        if unread > 0 {
            row.notes.push(format!("{unread} pages not read"));
        }
        Ok(row)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // What cannot be removed lies in the temporary folder and harms nobody.
        let _ = if self.keep { fs::remove_file(&self.rcoi) } else { fs::remove_dir_all(&self.work) };
    }
}

fn row(part: &str, scores: &Value, unit: Unit) -> Row {
    let name = match unit {
        Unit::Fields => "fields",
        Unit::Boxes => "boxes",
        Unit::Characters => "characters",
    };
    let counts = &scores[name];
    let number = |key: &str| counts[key].as_u64().unwrap_or(0);
    let pages = scores["pages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let mismatches = pages.iter().flat_map(|page| {
        let wrong = page["not_right"].as_array().into_iter().flatten().filter(|f| f["outcome"] == "silently-wrong");
        wrong.map(|f| Mismatch {
            file: match page["page"].as_u64() {
                Some(n) if n > 1 => format!("{}#{n}", text(&page["image"])),
                _ => text(&page["image"]),
            },
            field: text(&f["name"]),
            truth: text(&f["truth"]),
            reading: text(&f["reading"]),
        })
    });
    Row {
        set: part.to_owned(),
        pages: pages.len() as u64,
        total: number("total"),
        right: number("right"),
        silent: number("silently_wrong"),
        doubts: number("doubtful_right") + number("doubtful_wrong") + number("not_read"),
        in_vain: number("doubtful_right"),
        notes: if unit == Unit::Fields { Vec::new() } else { vec![name.to_owned()] },
        mismatches: if unit == Unit::Characters { Vec::new() } else { mismatches.collect() },
    }
}
