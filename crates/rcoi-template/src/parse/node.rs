//! A view of TOML tables that remembers which keys were asked for and where everything stands.

use crate::TemplateError;
use rcoi_model::{Point, Rect};
use std::cell::RefCell;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One file being read: where its lines begin and the faults found so far.
pub(crate) struct Source<'a> {
    pub(crate) file: &'a str,
    /// Where the second line begins, the third, and so on: a picture in the file makes it long, and every entry asks.
    starts: Vec<usize>,
    pub(crate) errors: RefCell<Vec<TemplateError>>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(file: &'a str, text: &str) -> Self {
        let starts = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1).collect();
        Self { file, starts, errors: RefCell::default() }
    }

    /// The line, counted from 1, of a place in the text.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset) + 1
    }

    pub(crate) fn fault(&self, line: usize, field: &str, message: impl Into<String>) {
        self.errors.borrow_mut().push(TemplateError { file: self.file.to_owned(), line, field: field.to_owned(), message: message.into() });
    }
}

type Value<'a> = Spanned<DeValue<'a>>;

/// One table and the name it is reported under.
pub(crate) struct Node<'a> {
    pub(crate) source: &'a Source<'a>,
    table: &'a DeTable<'a>,
    pub(crate) span: Range<usize>,
    pub(crate) who: RefCell<String>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Node<'a> {
    pub(crate) fn new(source: &'a Source<'a>, table: &'a DeTable<'a>, span: Range<usize>, who: impl Into<String>) -> Self {
        Self { source, table, span, who: RefCell::new(who.into()), asked: RefCell::default() }
    }

    /// Line of the table's head.
    pub(crate) fn line(&self) -> usize {
        self.source.line(self.span.start)
    }

    /// Line of `key`, or of the table when the key is absent.
    pub(crate) fn line_of(&self, key: &str) -> usize {
        self.table.iter().find(|(k, _)| k.get_ref() == key).map_or_else(|| self.line(), |(k, _)| self.source.line(k.span().start))
    }

    pub(crate) fn fault_at(&self, key: &str, message: impl Into<String>) {
        self.source.fault(self.line_of(key), &self.who.borrow(), format!("`{key}`: {}", message.into()));
    }

    fn get(&self, key: &'static str) -> Option<&'a Value<'a>> {
        self.asked.borrow_mut().push(key);
        self.table.iter().find(|(k, _)| k.get_ref() == key).map(|(_, v)| v)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.iter().any(|(k, _)| k.get_ref() == key)
    }

    fn read<T>(&self, key: &'static str, expected: &str, take: impl Fn(&'a DeValue<'a>) -> Option<T>) -> Option<T> {
        let value = self.get(key)?;
        let got = take(value.get_ref());
        if got.is_none() {
            self.fault_at(key, format!("expected {expected}, found {}", describe(value.get_ref())));
        }
        got
    }

    fn required<T>(&self, key: &'static str, expected: &str, got: Option<T>) -> Option<T> {
        if got.is_none() && !self.has(key) {
            self.source.fault(self.line(), &self.who.borrow(), format!("`{key}` is missing: expected {expected}"));
        }
        got
    }

    pub(crate) fn text(&self, key: &'static str) -> Option<String> {
        self.read(key, "a text", |v| v.as_str().map(str::to_owned))
    }

    pub(crate) fn need_text(&self, key: &'static str, expected: &str) -> Option<String> {
        let got = self.read(key, expected, |v| v.as_str().map(str::to_owned));
        self.required(key, expected, got)
    }

    pub(crate) fn flag(&self, key: &'static str) -> bool {
        self.read(key, "true or false", DeValue::as_bool).unwrap_or(false)
    }

    pub(crate) fn count(&self, key: &'static str) -> Option<u32> {
        self.read(key, "a whole number from 0", whole)
    }

    pub(crate) fn number(&self, key: &'static str) -> Option<f32> {
        self.read(key, "a number", number)
    }

    pub(crate) fn need_number(&self, key: &'static str, expected: &str) -> Option<f32> {
        let got = self.read(key, expected, number);
        self.required(key, expected, got)
    }

    pub(crate) fn pair(&self, key: &'static str) -> Option<Point> {
        self.read(key, "two numbers [x, y]", pair)
    }

    pub(crate) fn need_pair(&self, key: &'static str, expected: &str) -> Option<Point> {
        let got = self.read(key, expected, pair);
        self.required(key, expected, got)
    }

    pub(crate) fn pairs(&self, key: &'static str) -> Option<Vec<Point>> {
        self.read(key, "a list of pairs [[x, y], …]", |v| v.as_array()?.iter().map(|p| pair(p.get_ref())).collect())
    }

    /// `at` and `size` together.
    pub(crate) fn need_rect(&self) -> Option<Rect> {
        let at = self.need_pair("at", "the left top corner [x, y]");
        let size = self.need_pair("size", "[width, height]");
        let (at, size) = (at?, size?);
        if size.x <= 0.0 || size.y <= 0.0 {
            self.fault_at("size", format!("expected positive width and height, found [{}, {}]", size.x, size.y));
            return None;
        }
        Some(Rect::new(at.x, at.y, size.x, size.y))
    }

    /// A text, or a list of texts.
    pub(crate) fn texts(&self, key: &'static str) -> Option<Vec<String>> {
        self.read(key, "a text or a list of texts", |v| match v {
            DeValue::String(s) => Some(vec![s.to_string()]),
            _ => v.as_array()?.iter().map(|t| t.get_ref().as_str().map(str::to_owned)).collect(),
        })
    }

    /// True when the value of `key` is a list.
    pub(crate) fn is_list(&self, key: &str) -> bool {
        self.table.iter().any(|(k, v)| k.get_ref() == key && v.get_ref().is_array())
    }

    pub(crate) fn node(&self, key: &'static str) -> Option<Node<'a>> {
        let value = self.get(key)?;
        match value.get_ref().as_table() {
            Some(table) => Some(Node::new(self.source, table, value.span(), self.path(key))),
            None => {
                self.fault_at(key, format!("expected a table, found {}", describe(value.get_ref())));
                None
            }
        }
    }

    pub(crate) fn nodes(&self, key: &'static str) -> Vec<Node<'a>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(items) = value.get_ref().as_array() else {
            self.fault_at(key, format!("expected a list of tables (`[[{key}]]`), found {}", describe(value.get_ref())));
            return Vec::new();
        };
        let mut nodes = Vec::new();
        for (i, item) in items.iter().enumerate() {
            match item.get_ref().as_table() {
                Some(table) => {
                    let who = if self.who.borrow().is_empty() {
                        format!("{key} {}", i + 1)
                    } else {
                        format!("{} {key} {}", self.who.borrow(), i + 1)
                    };
                    nodes.push(Node::new(self.source, table, item.span(), who));
                }
                None => self.fault_at(key, format!("item {}: expected a table, found {}", i + 1, describe(item.get_ref()))),
            }
        }
        nodes
    }

    /// All keys with lists of texts, for tables whose keys are names.
    pub(crate) fn named_lists(&self) -> Vec<(String, Vec<String>, usize)> {
        let mut all = Vec::new();
        for (key, value) in self.table {
            let line = self.source.line(key.span().start);
            let texts: Option<Vec<String>> = match value.get_ref() {
                DeValue::String(s) => Some(vec![s.to_string()]),
                other => other.as_array().and_then(|a| a.iter().map(|t| t.get_ref().as_str().map(str::to_owned)).collect()),
            };
            match texts {
                Some(texts) => all.push((key.get_ref().to_string(), texts, line)),
                None => self.source.fault(
                    line,
                    &self.who.borrow(),
                    format!("`{}`: expected a text or a list of texts, found {}", key.get_ref(), describe(value.get_ref())),
                ),
            }
        }
        all.sort_by_key(|(_, _, line)| *line);
        all
    }

    /// Reports the keys that nobody asked for.
    pub(crate) fn finish(&self) {
        let asked = self.asked.borrow();
        for (key, _) in self.table {
            if !asked.iter().any(|a| a == key.get_ref()) {
                let mut known: Vec<&str> = asked.to_vec();
                known.sort_unstable();
                known.dedup();
                self.source.fault(
                    self.source.line(key.span().start),
                    &self.who.borrow(),
                    format!("unknown key `{}`: expected one of {}", key.get_ref(), known.join(", ")),
                );
            }
        }
    }

    fn path(&self, key: &str) -> String {
        let who = self.who.borrow();
        if who.is_empty() { key.to_owned() } else { format!("{who}.{key}") }
    }
}

fn number(value: &DeValue<'_>) -> Option<f32> {
    let number = match value {
        DeValue::Integer(i) => i64::from_str_radix(i.as_str(), i.radix()).ok()? as f32,
        DeValue::Float(f) => f.as_str().parse::<f32>().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

fn whole(value: &DeValue<'_>) -> Option<u32> {
    match value {
        DeValue::Integer(i) => u32::from_str_radix(i.as_str(), i.radix()).ok(),
        _ => None,
    }
}

fn pair(value: &DeValue<'_>) -> Option<Point> {
    match value.as_array()?.iter().map(|v| number(v.get_ref())).collect::<Option<Vec<_>>>()?.as_slice() {
        &[x, y] => Some(Point::new(x, y)),
        _ => None,
    }
}

fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(s) => format!("the text \"{s}\""),
        DeValue::Integer(i) => format!("the number {i}"),
        DeValue::Float(f) => format!("the number {f}"),
        DeValue::Boolean(b) => format!("{b}"),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(a) => format!("a list of {}", a.len()),
        DeValue::Table(_) => "a table".to_owned(),
    }
}
