//! `rcoi template …`: check, list, draw and import form templates.

use super::{Done, blank, files};
use crate::args::{ImportVerb, TemplateVerb};
use crate::config::Config;
use anyhow::{Context, Result, anyhow, bail};
use image::GrayImage;
use rcoi_recognize::Picture;
use rcoi_template::import::{self as layouts, Blanks, Imported};
use rcoi_template::{FieldSpec, Preprint, Template, TemplateError, builtin, draw, parse};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

pub(crate) fn run(verb: TemplateVerb, config: &Config) -> Result<Done> {
    match verb {
        TemplateVerb::Check { folder } => check(&folder),
        TemplateVerb::List => {
            for template in files::templates(None, config)?.templates {
                println!("{:<14} {:<10} {:>4} fields  {}", template.id.to_string(), template.form, template.fields.len(), template.title);
            }
            Ok(Done::Well)
        }
        TemplateVerb::Render { template, pdf, png, svg, values, dpi } => {
            let template = find(&template)?;
            let preprint = preprint(&template, &values)?;
            if !(36.0..=1200.0).contains(&dpi) {
                bail!("--dpi {dpi}: expected 36 to 1200");
            }
            if let Some(path) = pdf {
                write(&path, &draw::pdf(&template, &preprint)?)?;
            }
            if let Some(path) = svg {
                write(&path, draw::svg(&template, &preprint)?.as_bytes())?;
            }
            if let Some(path) = png {
                let picture = draw::gray(&template, &preprint, dpi)?;
                picture.save(&path).with_context(|| format!("cannot write {}", path.display()))?;
            }
            Ok(Done::Well)
        }
        TemplateVerb::Import(verb) => import(&verb),
    }
}

fn check(path: &Path) -> Result<Done> {
    let (set, faults) = files::read_templates(path)?;
    for template in &set.templates {
        let boxes: usize = template.fields.iter().map(|f| if let FieldSpec::Marks(m) = &f.spec { m.boxes.len() } else { 0 }).sum();
        let cells: usize = template.fields.iter().map(|f| if let FieldSpec::Cells(c) = &f.spec { c.cells.len() } else { 0 }).sum();
        println!("{}: fine ({} fields, {boxes} boxes, {cells} cells)", template.id, template.fields.len());
    }
    for fault in &faults {
        eprintln!("{fault}");
    }
    Ok(Done::unless(!faults.is_empty()))
}

fn find(name: &str) -> Result<Template> {
    let path = Path::new(name);
    if path.is_file() {
        return files::one_template(path);
    }
    let set = builtin();
    let known: Vec<String> = set.templates.iter().map(|t| t.id.to_string()).collect();
    set.templates
        .into_iter()
        .find(|t| t.id.0 == name)
        .with_context(|| format!("'{name}' is neither a template file nor a built-in form (there are: {})", known.join(", ")))
}

fn preprint(template: &Template, values: &[String]) -> Result<Preprint> {
    values
        .iter()
        .map(|pair| {
            let (field, value) = pair.split_once('=').with_context(|| format!("--set {pair}: expected FIELD=VALUE"))?;
            if template.field(field).is_none() {
                bail!("--set {pair}: template {} has no field '{field}'", template.id);
            }
            Ok((field.to_owned(), value.to_owned()))
        })
        .collect()
}

/// Reads a layout and writes its templates.
fn import(verb: &ImportVerb) -> Result<Done> {
    let args = verb.args();
    let file = args.file.display();
    let text = fs::read_to_string(&args.file).with_context(|| format!("cannot read {file}"))?;
    if args.anchor.is_some() && !matches!(verb, ImportVerb::Formscanner(_)) {
        bail!("--anchor: expected with formscanner only; the other layouts tell what their marks look like");
    }
    let blanks = blank::pages(&args.blank)?;
    let beside = files::pictures_beside(&args.file);
    let id = args.output.file_stem().and_then(|s| s.to_str()).unwrap_or("imported");
    let mut imported = match verb {
        ImportVerb::Omrchecker(_) => layouts::omrchecker(id, &text, &beside).map(|one| vec![one]),
        ImportVerb::Boxes(_) if blanks.is_empty() => layouts::boxes(&text, Blanks::Named(&beside)),
        ImportVerb::Boxes(_) => layouts::boxes(&text, Blanks::Given(&[])),
        ImportVerb::Formscanner(_) => {
            let marks = args.anchor.clone().zip(args.anchor_size).map(|(shape, size)| layouts::CornerMarks { shape, size });
            // The layout's pixels are those of the scan it was made on: the picture of the blank tells the page's size.
            layouts::formscanner(id, &text, marks.as_ref(), blanks.first().map(|p| &p.gray)).map(|one| vec![one])
        }
        ImportVerb::OpenMcr(_) => layouts::open_mcr(&text),
        ImportVerb::Quexf(_) => layouts::quexf(&text),
    }
    .with_context(|| format!("{file}"))?;
    if !blanks.is_empty() && blanks.len() != imported.len() {
        let ids: Vec<&str> = imported.iter().map(|i| i.id.as_str()).collect();
        bail!(
            "--blank: expected a picture for each page of {file} in this order: {}; found {} (repeat --blank, or give one PDF or TIFF)",
            ids.join(", "),
            blanks.len()
        );
    }
    if !blanks.is_empty() && !matches!(verb, ImportVerb::Formscanner(_)) {
        let pages: Vec<GrayImage> = imported.iter().zip(&blanks).map(|(one, picture)| page_of(one, picture)).collect::<Result<_>>()?;
        imported = match verb {
            // With the picture its pages may be turned: it tells which way is up.
            ImportVerb::Boxes(_) => layouts::boxes(&text, Blanks::Given(&pages)).with_context(|| format!("{file}"))?,
            _ => imported.into_iter().zip(&pages).map(with_blank).collect::<Result<_>>()?,
        };
    }
    let folder = args.output.extension().is_none_or(|e| e != "toml");
    if folder {
        fs::create_dir_all(&args.output).with_context(|| format!("cannot make the folder {}", args.output.display()))?;
    } else if imported.len() > 1 {
        let ids: Vec<&str> = imported.iter().map(|i| i.id.as_str()).collect();
        bail!("{file} has {} pages ({}): expected -o FOLDER, found -o {}", imported.len(), ids.join(", "), args.output.display());
    }
    for one in &imported {
        // The id comes from the layout: it must not lead out of the folder.
        if folder && (one.id.starts_with('.') || one.id.contains(['/', '\\', ':'])) {
            bail!("{file}: the page id '{}' cannot be the name of a file", one.id);
        }
        let path = if folder { args.output.join(format!("{}.toml", one.id)) } else { args.output.clone() };
        write(&path, one.toml.as_bytes())?;
        let template = files::one_template(&path)?;
        println!("{file}: {} fields -> {}", template.fields.len(), path.display());
    }
    let notes: BTreeSet<&String> = imported.iter().flat_map(|i| &i.not_mapped).collect();
    for note in notes {
        println!("  not mapped: {note}");
    }
    Ok(Done::Well)
}

/// The page of an imported layout on the picture of its empty form.
fn page_of(one: &Imported, picture: &Picture) -> Result<GrayImage> {
    let shown = |faults: Vec<TemplateError>| anyhow!("{}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    let template = parse(&format!("{}.toml", one.id), &one.toml).map_err(shown)?;
    blank::page_of(&template, picture).with_context(|| format!("page {}", one.id))
}

fn with_blank((one, page): (Imported, &GrayImage)) -> Result<Imported> {
    let id = one.id.clone();
    one.with_blank(page).with_context(|| format!("page {id}: --blank"))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
