//! `rcoi template …`: check, list, draw and import form templates.

use super::{Done, files};
use crate::args::{ImportVerb, TemplateVerb};
use crate::config::Config;
use anyhow::{Context, Result, bail};
use rcoi_template::{FieldSpec, Preprint, Template, builtin, draw, import};
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
        TemplateVerb::Import(ImportVerb::Omrchecker { file, output }) => import_omrchecker(&file, &output),
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

fn import_omrchecker(file: &Path, output: &Path) -> Result<Done> {
    let json = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let beside = file.parent().unwrap_or_else(|| Path::new("."));
    let pictures = |name: &str| {
        // A layout may only point at pictures in its own folder or below it.
        let inside = Path::new(name).components().all(|c| matches!(c, std::path::Component::Normal(_) | std::path::Component::CurDir));
        if inside { image::open(beside.join(name)).ok().map(|p| p.to_luma8()) } else { None }
    };
    let id = output.file_stem().and_then(|s| s.to_str()).unwrap_or("imported");
    let imported = import::omrchecker(id, &json, &pictures).with_context(|| format!("{}", file.display()))?;
    write(output, imported.toml.as_bytes())?;
    let template = files::one_template(output)?;
    println!("{}: {} fields -> {}", file.display(), template.fields.len(), output.display());
    for note in &imported.not_mapped {
        println!("  not mapped: {note}");
    }
    Ok(Done::Well)
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
