//! Reads a template file: TOML text in, resolved template or all faults out.

pub(crate) mod fields;
mod locate;
pub(crate) mod node;
mod picture;
mod prints;
pub(crate) mod repeat;
#[cfg(test)]
mod tests;

use crate::check::{self, Lines};
use crate::{Blank, Identity, Join, Template, TemplateError, Unit};
use fields::{ALPHABETS, Alphabets};
use node::{Node, Source};
pub use picture::Pictures;
use rcoi_model::{Point, TemplateId};
use toml::de::DeTable;

/// Larger pictures of a page are mistakes: A3 at 600 dots to the inch has 70 million pixels.
const MOST_BLANK_PIXELS: u32 = 80_000_000;

/// No form has more boxes and cells, or lines and texts; repeats of repeats fill the memory otherwise.
const MOST_PARTS: usize = 100_000;

/// Reads one template whose pictures, if any, stand in the file itself.
///
/// `file_name` is used in messages, and its stem is the template's id.
///
/// # Errors
/// All faults of the file, in the order of their lines.
pub fn parse(file_name: &str, text: &str) -> Result<Template, Vec<TemplateError>> {
    parse_with(file_name, text, &|_| None)
}

/// Reads one template; `pictures` opens the picture files that it names.
///
/// # Errors
/// As [`parse`].
pub fn parse_with(file_name: &str, text: &str, pictures: Pictures<'_>) -> Result<Template, Vec<TemplateError>> {
    let source = Source::new(file_name, text);
    let (document, broken) = DeTable::parse_recoverable(text);
    for error in &broken {
        let line = error.span().map_or(0, |span| source.line(span.start));
        source.fault(line, "", format!("not valid TOML: {}", error.message().replace('\n', "; ")));
    }
    let template = if broken.is_empty() { build(&source, &document, pictures) } else { None };
    let mut errors = source.errors.into_inner();
    errors.sort_by_key(|e| e.line);
    match template {
        Some(template) if errors.is_empty() => Ok(template),
        _ => {
            if errors.is_empty() {
                errors.push(TemplateError {
                    file: file_name.to_owned(),
                    line: 0,
                    field: String::new(),
                    message: "expected a template".to_owned(),
                });
            }
            Err(errors)
        }
    }
}

fn stem(file_name: &str) -> &str {
    let base = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name);
    base.strip_suffix(".toml").unwrap_or(base)
}

fn build<'a>(source: &'a Source<'a>, document: &'a toml::Spanned<DeTable<'a>>, pictures: Pictures<'_>) -> Option<Template> {
    let root = Node::new(source, document.get_ref(), 0..0, "");
    let id = root.text("id").unwrap_or_else(|| stem(source.file).to_owned());
    if id != stem(source.file) {
        root.fault_at("id", format!("expected the file's own name \"{}\", found \"{id}\"", stem(source.file)));
    }
    let title = root.need_text("title", "what people call this form").unwrap_or_default();
    let form = root.need_text("form", "the form letter, such as \"AB\"").unwrap_or_default();
    let unit = match root.text("unit").as_deref() {
        None | Some("mm") => Unit::Millimetre,
        Some("px") => Unit::Pixel,
        Some(other) => {
            root.fault_at("unit", format!("expected mm or px, found \"{other}\""));
            Unit::Millimetre
        }
    };
    let page = root.need_pair("page", "[width, height] of the page");
    // Larger pages are slips of the hand, and their pictures would fill the memory.
    let most = if unit == Unit::Millimetre { 1500.0 } else { 20_000.0 };
    if let Some(page) = page.filter(|p| !(p.x > 0.0 && p.y > 0.0 && p.x <= most && p.y <= most)) {
        root.fault_at("page", format!("expected width and height above 0 and at most {most}, found [{}, {}]", page.x, page.y));
    }
    let alphabets = alphabets(&root);
    let found = || source.errors.borrow().len();
    let before = found();
    let (locate, upright) = locate::read(&root, pictures);
    let all_anchors = found() == before;
    let blank = picture::read(&root, "blank", MOST_BLANK_PIXELS, pictures);
    if let (Some(page), Some(blank)) = (page, &blank) {
        covers(&root, page, blank);
    }
    let identity = identity(&root);
    let mut placed = Vec::new();
    let before = found();
    let mut parts = 0;
    for node in root.nodes("field") {
        let first = placed.len();
        fields::read(&node, &alphabets, &mut placed);
        parts += placed[first..].iter().map(|p| fields::parts(&p.field.spec)).sum::<usize>();
        if parts > MOST_PARTS {
            node.fault_at("repeat", format!("expected at most {MOST_PARTS} boxes and cells in all fields, found {parts} up to here"));
            break;
        }
    }
    let all_fields = found() == before;
    let mut prints = Vec::new();
    let mut print_lines = Vec::new();
    type Reader = fn(&Node<'_>, &mut Vec<crate::Print>);
    let readers: [(&'static str, Reader); 3] = [("box", prints::frame), ("line", prints::line), ("text", prints::text)];
    for (key, read) in readers {
        for node in root.nodes(key) {
            read(&node, &mut prints);
            print_lines.resize(prints.len(), (node.line(), node.who.borrow().clone()));
            if prints.len() > MOST_PARTS {
                node.fault_at("repeat", format!("expected at most {MOST_PARTS} printed things in all, found {} up to here", prints.len()));
                break;
            }
        }
    }
    let joins = joins(&root);
    root.finish();
    let lines = Lines {
        fields: placed.iter().map(|p| p.line).collect(),
        prints: print_lines,
        joins: joins.iter().map(|(_, line)| *line).collect(),
        locate: root.line_of("locate"),
        identity: root.line_of("identity"),
        all_fields,
        all_anchors,
    };
    let size = page.unwrap_or(Point::new(0.0, 0.0));
    let template = Template {
        id: TemplateId(id),
        title,
        form,
        width: size.x,
        height: size.y,
        unit,
        locate: locate?,
        identity,
        fields: placed.into_iter().map(|p| p.field).collect(),
        prints,
        joins: joins.into_iter().map(|(join, _)| join).collect(),
        upright,
        blank: blank.map(|b| Blank { width: b.width(), height: b.height(), pixels: b.into_raw() }),
    };
    if page.is_some() {
        check::check(source, &template, &lines);
    }
    Some(template)
}

/// The picture of the empty form shows the whole page and nothing else, so both have one shape.
fn covers(root: &Node<'_>, page: Point, blank: &image::GrayImage) {
    let (of_page, of_blank) = (page.x / page.y, blank.width() as f32 / blank.height() as f32);
    if (of_blank / of_page - 1.0).abs() > 0.02 {
        root.fault_at(
            "blank",
            format!(
                "expected a picture of the whole page ({} × {}, width to height {of_page:.3}), found {} × {} pixels ({of_blank:.3})",
                page.x,
                page.y,
                blank.width(),
                blank.height()
            ),
        );
    }
}

fn alphabets(root: &Node<'_>) -> Alphabets {
    let mut all: Alphabets = ALPHABETS.iter().map(|(n, t)| ((*n).to_owned(), (*t).to_owned())).collect();
    let Some(node) = root.node("alphabets") else { return all };
    for (name, parts, line) in node.named_lists() {
        match fields::resolve(&parts, &all) {
            Ok(text) => {
                all.insert(name, text);
            }
            Err(message) => {
                root.source.fault(line, "alphabets", format!("`{name}`: {message}"));
                // Known by name all the same, with any content: the fields that use it are not at fault.
                all.insert(name, "0".to_owned());
            }
        }
    }
    all
}

fn identity(root: &Node<'_>) -> Identity {
    let Some(node) = root.node("identity") else { return Identity::default() };
    let identity = Identity { sheet_code: node.text("sheet_code"), prefix: node.text("prefix").unwrap_or_default() };
    node.finish();
    identity
}

fn joins(root: &Node<'_>) -> Vec<(Join, usize)> {
    let Some(node) = root.node("join") else { return Vec::new() };
    node.named_lists().into_iter().map(|(name, fields, line)| (Join { name, fields }, line)).collect()
}
