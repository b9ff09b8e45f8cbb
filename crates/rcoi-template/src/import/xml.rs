//! XML as a small tree, for layouts that are kept in it.

use super::{ImportError, expected};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use std::collections::BTreeMap;

/// Deeper nesting is no layout but an attack on the stack.
const DEEPEST: usize = 64;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    /// Where it stands, for messages: `page[2]/boxgroup[3]`.
    pub(super) path: String,
    attributes: BTreeMap<String, String>,
    text: String,
    pub(super) children: Vec<Element>,
}

/// The root element of a document.
pub(super) fn parse(text: &str) -> Result<Element, ImportError> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = vec![Element::default()];
    loop {
        let at = reader.buffer_position() as usize;
        let fault = |what: String| ImportError::Xml { line: text.as_bytes().iter().take(at).filter(|b| **b == b'\n').count() + 1, what };
        let event = reader.read_event().map_err(|e| fault(e.to_string()))?;
        match event {
            Event::Start(start) => {
                let element = element(&start, open.last()).map_err(fault)?;
                if open.len() > DEEPEST {
                    return Err(fault(format!("elements lie more than {DEEPEST} deep")));
                }
                open.push(element);
            }
            Event::Empty(start) => {
                let element = element(&start, open.last()).map_err(fault)?;
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
    root.filter(|_| whole).ok_or_else(|| ImportError::Xml { line: text.lines().count(), what: "expected one whole element".to_owned() })
}

fn add(open: &mut [Element], words: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(words);
    }
}

fn element(start: &BytesStart<'_>, parent: Option<&Element>) -> Result<Element, String> {
    let name = start.local_name().into_inner().to_owned();
    let mut attributes = BTreeMap::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|e| e.to_string())?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|e| e.to_string())?;
        attributes.insert(attribute.key.local_name().into_inner().to_owned(), value.into_owned());
    }
    let path = parent.map_or_else(String::new, |p| {
        let number = p.children.iter().filter(|c| c.name == name).count() + 1;
        let above = if p.path.is_empty() { String::new() } else { format!("{}/", p.path) };
        format!("{above}{name}[{number}]")
    });
    Ok(Element { name, path, attributes, text: String::new(), children: Vec::new() })
}

impl Element {
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> + 'a {
        self.children.iter().filter(move |c| c.name == name)
    }

    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|c| c.name == name)
    }

    pub(super) fn need(&self, name: &str) -> Result<&Self, ImportError> {
        self.child(name).ok_or_else(|| expected(&self.path, &format!("an element `{name}` in it")))
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
        number(self.need(name)?.text(), &format!("{}/{name}", self.path))
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    pub(super) fn need_attribute(&self, name: &str) -> Result<&str, ImportError> {
        self.attribute(name).ok_or_else(|| expected(&self.path, &format!("an attribute `{name}`")))
    }

    pub(super) fn number_attribute(&self, name: &str) -> Result<f64, ImportError> {
        number(self.need_attribute(name)?, &format!("{}@{name}", self.path))
    }
}

fn number(text: &str, place: &str) -> Result<f64, ImportError> {
    let number: Option<f64> = text.trim().parse().ok();
    number.filter(|n| n.is_finite()).ok_or_else(|| expected(place, &format!("a number, found \"{text}\"")))
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
        let deep = "<a>".repeat(100_000);
        assert!(parse(&deep).is_err_and(|e| e.to_string().contains("deep")));
    }
}
