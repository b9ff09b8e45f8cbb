//! Layouts of other programs, turned into our template language.

mod blank;
mod boxes;
mod draft;
mod formscanner;
mod omrchecker;
mod open_mcr;
mod place;
mod quexf;
mod xml;

pub use boxes::{Blanks, boxes};
pub use formscanner::{CornerMarks, formscanner};
pub use omrchecker::omrchecker;
pub use open_mcr::open_mcr;
pub use quexf::quexf;

use crate::TemplateError;
use image::{GrayImage, ImageEncoder};
use serde_json::{Map, Value};

/// A layout in our language, and what of it has no counterpart here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The template's id: the name of its file without `.toml`.
    pub id: String,
    /// Text of a template file.
    pub toml: String,
    /// One line for each setting that was left out, with the reason.
    pub not_mapped: Vec<String>,
}

/// Why a layout could not be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("{}not valid JSON: {what}", at(.line))]
    Json { line: usize, what: String },
    #[error("{}not valid XML: {what}", at(.line))]
    Xml { line: usize, what: String },
    /// `line` = 0 when the place is not one of the text.
    #[error("{}`{place}`: expected {expected}", at(.line))]
    Expected { line: usize, place: String, expected: String },
    #[error("picture `{0}` cannot be read")]
    Picture(String),
    #[error("the picture of the blank: {0}")]
    Blank(String),
    #[error("the imported template has faults: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Faults(Vec<TemplateError>),
}

fn expected(place: &str, what: &str) -> ImportError {
    ImportError::Expected { line: 0, place: place.to_owned(), expected: what.to_owned() }
}

fn at(line: &usize) -> String {
    if *line == 0 { String::new() } else { format!("line {line}: ") }
}

impl ImportError {
    /// The same with the line of its place in the JSON text that was read.
    fn in_json(self, text: &str) -> Self {
        match self {
            Self::Expected { line: 0, place, expected } => Self::Expected { line: place::line(text, &place).unwrap_or(0), place, expected },
            other => other,
        }
    }
}

type Object = Map<String, Value>;

/// The JSON document, which must be an object.
fn json_object(text: &str) -> Result<Object, ImportError> {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(expected("the document", "an object")),
        Err(error) => {
            // The parser's message ends in its place, which we say first.
            let said = error.to_string();
            let what = said.split(" at line ").next().unwrap_or(&said);
            Err(ImportError::Json { line: error.line(), what: format!("{what} (column {})", error.column()) })
        }
    }
}

/// A list under `key`; `place` = where the object stands, with a full stop at its end.
fn list<'a>(object: &'a Object, key: &str, place: &str) -> Result<&'a [Value], ImportError> {
    object.get(key).and_then(Value::as_array).map(Vec::as_slice).ok_or_else(|| expected(&format!("{place}{key}"), "a list"))
}

fn object<'a>(value: &'a Value, place: &str) -> Result<&'a Object, ImportError> {
    value.as_object().ok_or_else(|| expected(place, "an object"))
}

fn text<'a>(object: &'a Object, key: &str, place: &str) -> Result<&'a str, ImportError> {
    object.get(key).and_then(Value::as_str).ok_or_else(|| expected(&format!("{place}{key}"), "a text"))
}

fn number(object: &Object, key: &str, place: &str) -> Result<f64, ImportError> {
    object.get(key).and_then(Value::as_f64).ok_or_else(|| expected(&format!("{place}{key}"), "a number"))
}

/// Exactly `N` numbers in a list.
fn numbers<const N: usize>(value: Option<&Value>, place: &str) -> Result<[f64; N], ImportError> {
    let all: Option<Vec<f64>> = value.and_then(Value::as_array).and_then(|a| a.iter().map(Value::as_f64).collect());
    all.and_then(|a| <[f64; N]>::try_from(a).ok()).ok_or_else(|| expected(place, &format!("{N} numbers")))
}

/// A text as TOML writes it: a JSON text is one, once control characters are out.
fn quote(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).collect();
    Value::String(clean).to_string()
}

/// A grey picture as PNG; `None` when it has no area.
pub(crate) fn png(picture: &GrayImage) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    encoder.write_image(picture.as_raw(), picture.width(), picture.height(), image::ExtendedColorType::L8).ok()?;
    Some(bytes)
}
