//! Files that verbs take: templates from a folder, pages from pictures, archives and folders.

use crate::config::Config;
use anyhow::{Context, Result, bail};
use rcoi_pipeline::{EMPTY_ARCHIVE, refusal};
use rcoi_recognize::source::{self, Kind, Limits, SourceError};
use rcoi_template::{Template, TemplateError, TemplateSet, builtin, parse_with};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use walkdir::WalkDir;

/// The templates of `--templates`, else of the configuration, else the built-in ones. A faulty file stops the verb.
pub(crate) fn templates(given: Option<&Path>, config: &Config) -> Result<TemplateSet> {
    match given {
        Some(path) => templates_at(path),
        None if config.templates.is_empty() => Ok(builtin()),
        None => templates_at(Path::new(&config.templates)),
    }
}

/// The templates of a folder, or of one file. A faulty file stops the verb.
pub(crate) fn templates_at(path: &Path) -> Result<TemplateSet> {
    let (set, faults) = read_templates(path)?;
    if !faults.is_empty() {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        bail!("the templates have faults:\n{}", lines.join("\n"));
    }
    Ok(set)
}

/// Every template of a folder (or one file), and every fault.
pub(crate) fn read_templates(path: &Path) -> Result<(TemplateSet, Vec<TemplateError>)> {
    let files: Vec<PathBuf> = if path.is_dir() {
        let mut files: Vec<PathBuf> = fs::read_dir(path)
            .with_context(|| format!("cannot list {}", path.display()))?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .filter(|p| p.extension().is_some_and(|e| e == "toml"))
            .collect();
        files.sort();
        files
    } else {
        vec![path.to_owned()]
    };
    if files.is_empty() {
        bail!("{} holds no template (*.toml)", path.display());
    }
    let (mut set, mut faults) = (TemplateSet::default(), Vec::new());
    for file in files {
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        match parse_with(&file.to_string_lossy(), &text, &pictures_beside(&file)) {
            Ok(template) => set.templates.push(template),
            Err(found) => faults.extend(found),
        }
    }
    Ok((set, faults))
}

/// Opens pictures by the names that a template or layout mentions: only such as lie in its own folder or below it.
pub(crate) fn pictures_beside(file: &Path) -> impl Fn(&str) -> Option<image::GrayImage> {
    let folder = file.parent().unwrap_or_else(|| Path::new("")).to_owned();
    move |name| {
        let inside = Path::new(name).components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
        if inside { image::open(folder.join(name)).ok().map(|p| p.to_luma8()) } else { None }
    }
}

pub(crate) fn one_template(path: &Path) -> Result<Template> {
    let (mut set, faults) = read_templates(path)?;
    match set.templates.pop() {
        Some(template) if faults.is_empty() => Ok(template),
        _ => bail!("{}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    }
}

/// Plain files in the order given; folders give everything below them in name order.
pub(crate) fn walk(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for path in paths {
        if path.is_dir() {
            for entry in WalkDir::new(path).sort_by_file_name() {
                let entry = entry.with_context(|| format!("cannot list {}", path.display()))?;
                if entry.file_type().is_file() {
                    all.push(entry.into_path());
                }
            }
        } else {
            all.push(path.clone());
        }
    }
    Ok(all)
}

/// One page of one file, not yet decoded.
#[derive(Debug, Clone)]
pub(crate) struct PageSource {
    /// Name for people: `pile.zip/a.tif`.
    pub(crate) name: String,
    pub(crate) bytes: Arc<Vec<u8>>,
    pub(crate) index: u32,
    /// Pages in the file.
    pub(crate) of: u32,
}

impl PageSource {
    /// `name`, with `#page` when the file holds several.
    pub(crate) fn label(&self) -> String {
        if self.of > 1 { format!("{}#{}", self.name, self.index + 1) } else { self.name.clone() }
    }
}

/// The pages of one file; every fault is one line and never hides the other pages.
pub(crate) fn pages_of(path: &Path, limits: &Limits) -> (Vec<PageSource>, Vec<String>) {
    let name = path.display().to_string();
    // Looked at first: a file beyond the limit must not fill the memory only to be refused.
    let bytes = match fs::metadata(path) {
        Ok(found) if found.len() > limits.max_file_bytes => {
            let error = SourceError::FileTooBig { bytes: found.len(), limit: limits.max_file_bytes };
            return (Vec::new(), vec![format!("{name}: {}", refusal(&error))]);
        }
        _ => fs::read(path),
    };
    match bytes {
        Err(error) => (Vec::new(), vec![format!("{name}: cannot be read: {error}; look at the path and the rights")]),
        Ok(bytes) if source::kind(&bytes) == Some(Kind::Zip) => {
            let (mut pages, mut faults) = (Vec::new(), Vec::new());
            // Member by member: what is no page is named and dropped at once.
            let outcome = source::unpack_each(&bytes, limits, |member| {
                let label = format!("{name}/{}", member.name);
                match member.bytes {
                    Ok(bytes) => collect(label, bytes, limits, &mut pages, &mut faults),
                    Err(error) => faults.push(format!("{label}: {}", refusal(&error))),
                }
            });
            match outcome {
                Ok(()) if pages.is_empty() && faults.is_empty() => (pages, vec![format!("{name}: {EMPTY_ARCHIVE}")]),
                Ok(()) => (pages, faults),
                // One line for the archive; its pages count for nothing when the rest of it is not known.
                Err(error) => (Vec::new(), vec![format!("{name}: {}", refusal(&error))]),
            }
        }
        Ok(bytes) => {
            let (mut pages, mut faults) = (Vec::new(), Vec::new());
            collect(name, bytes, limits, &mut pages, &mut faults);
            (pages, faults)
        }
    }
}

fn collect(name: String, bytes: Vec<u8>, limits: &Limits, pages: &mut Vec<PageSource>, faults: &mut Vec<String>) {
    match source::page_count(&bytes, limits) {
        Err(error) => faults.push(format!("{name}: {}", refusal(&error))),
        Ok(count) => {
            let bytes = Arc::new(bytes);
            pages.extend((0..count).map(|index| PageSource { name: name.clone(), bytes: Arc::clone(&bytes), index, of: count }));
        }
    }
}
