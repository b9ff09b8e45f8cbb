//! XML as a small tree, for layouts that are kept in it.

use super::ImportError;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use std::collections::BTreeMap;

/// Deeper nesting is no layout but an attack on the stack.
const DEEPEST: usize = 64;
/// Every element below carries the names above it.
const LONGEST_NAME: usize = 64;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    /// Where it stands, for messages: `page[2]/boxgroup[3]`.
    pub(super) path: String,
    /// The line of its head, counted from 1.
    line: usize,
    attributes: BTreeMap<String, String>,
    text: String,
    pub(super) children: Vec<Element>,
    /// How many children of each name there are so far.
    counted: BTreeMap<String, usize>,
}

/// The root element of a document.
pub(super) fn parse(text: &str) -> Result<Element, ImportError> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = vec![Element::default()];
    let (mut line, mut counted) = (1, 0);
    loop {
        let at = reader.buffer_position() as usize;
        line += text.as_bytes().get(counted..at).unwrap_or_default().iter().filter(|b| **b == b'\n').count();
        counted = at;
        let fault = |what: String| ImportError::Xml { line, what };
        let event = reader.read_event().map_err(|e| fault(e.to_string()))?;
        match event {
            Event::Start(start) => {
                let element = element(&start, open.last_mut(), line).map_err(fault)?;
                if open.len() > DEEPEST {
                    return Err(fault(format!("elements lie more than {DEEPEST} deep")));
                }
                open.push(element);
            }
            Event::Empty(start) => {
                let element = element(&start, open.last_mut(), line).map_err(fault)?;
                if let Some(parent) = open.last_mut() {
                    parent.children.push(element);
                }
            }
            Event::End(_) => {
                if let (Some(done), Some(parent)) = (open.pop(), open.last_mut()) {
                    parent.children.push(done);
                }
            }
            Event::Text(words) => add(&mut open, &words.xml10_content()),
            Event::CData(words) => add(&mut open, &words.xml10_content()),
            Event::GeneralRef(name) => {
                let character = name.resolve_char_ref().map_err(|e| fault(e.to_string()))?;
                match character {
                    Some(c) => add(&mut open, c.encode_utf8(&mut [0; 4])),
                    None => add(&mut open, quick_xml::escape::resolve_predefined_entity(&name).unwrap_or_default()),
                }
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    let whole = open.len() == 1;
    let root = open.into_iter().next().and_then(|d| d.children.into_iter().next());
    root.filter(|_| whole)
        .ok_or_else(|| ImportError::Xml { line: text.lines().count().max(1), what: "expected one whole element".to_owned() })
}

fn add(open: &mut [Element], words: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(words);
    }
}

fn element(start: &BytesStart<'_>, parent: Option<&mut Element>, line: usize) -> Result<Element, String> {
    let name = start.local_name().into_inner().to_owned();
    if name.len() > LONGEST_NAME {
        return Err(format!("an element's name has {} bytes, at most {LONGEST_NAME} are expected", name.len()));
    }
    let mut attributes = BTreeMap::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|e| e.to_string())?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|e| e.to_string())?;
        attributes.insert(attribute.key.local_name().into_inner().to_owned(), value.into_owned());
    }
    let path = parent.map_or_else(String::new, |p| {
        let number = p.counted.entry(name.clone()).or_default();
        *number += 1;
        let above = if p.path.is_empty() { String::new() } else { format!("{}/", p.path) };
        format!("{above}{name}[{number}]")
    });
    Ok(Element { name, path, line, attributes, ..Element::default() })
}

impl Element {
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> + 'a {
        self.children.iter().filter(move |c| c.name == name)
    }

    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|c| c.name == name)
    }

    /// The error that something else was expected here.
    pub(super) fn expected(&self, what: &str) -> ImportError {
        self.expected_at("", what)
    }

    fn expected_at(&self, inside: &str, what: &str) -> ImportError {
        ImportError::Expected { line: self.line, place: format!("{}{inside}", self.path), expected: what.to_owned() }
    }

    pub(super) fn need(&self, name: &str) -> Result<&Self, ImportError> {
        self.child(name).ok_or_else(|| self.expected(&format!("an element `{name}` in it")))
    }

    /// The text inside, without blanks around it.
    pub(super) fn text(&self) -> &str {
        self.text.trim()
    }

    /// Text of a child; empty when there is none.
    pub(super) fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", Self::text)
    }

    pub(super) fn number_of(&self, name: &str) -> Result<f64, ImportError> {
        let child = self.need(name)?;
        number(child.text()).ok_or_else(|| self.expected_at(&format!("/{name}"), &format!("a number, found \"{}\"", child.text())))
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    pub(super) fn need_attribute(&self, name: &str) -> Result<&str, ImportError> {
        self.attribute(name).ok_or_else(|| self.expected(&format!("an attribute `{name}`")))
    }

    pub(super) fn number_attribute(&self, name: &str) -> Result<f64, ImportError> {
        let value = self.need_attribute(name)?;
        number(value).ok_or_else(|| self.expected_at(&format!("@{name}"), &format!("a number, found \"{value}\"")))
    }
}

fn number(text: &str) -> Option<f64> {
    let number: Option<f64> = text.trim().parse().ok();
    number.filter(|n| n.is_finite())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_document_becomes_a_tree() {
        let root = parse("<?xml version=\"1.0\"?>\n<a k=\"1&amp;2\"><b> x &lt;&#33; </b><b/><c n='4.5'>7</c></a>").expect("a document");
        assert_eq!((root.name.as_str(), root.attribute("k")), ("a", Some("1&2")));
        assert_eq!(root.all("b").map(|b| b.text()).collect::<Vec<_>>(), ["x <!", ""]);
        assert_eq!(root.number_of("c").ok(), Some(7.0));
        assert_eq!(root.need("c").and_then(|c| c.number_attribute("n")).ok(), Some(4.5));
        assert!(root.number_of("b").is_err_and(|e| e.to_string().contains("a[1]/b")));
    }

    #[test]
    fn what_is_not_xml_names_its_line() {
        for text in ["<a>\n<b></a>", "<a>\n", "", "plain", "<a><b></b>"] {
            let said = parse(text).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(said.contains("line"), "{text}: {said}");
        }
        let named = format!("<{}/>", "a".repeat(1000));
        assert!(parse(&named).is_err_and(|e| e.to_string().contains("name")));
        let deep = "<a>".repeat(100_000);
        assert!(parse(&deep).is_err_and(|e| e.to_string().contains("deep")));
    }
}
