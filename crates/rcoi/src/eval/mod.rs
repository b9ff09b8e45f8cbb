//! Compares readings with known truth: what is right, wrong without doubt, doubtful. Pure: files are the caller's business.

mod boxes;
mod characters;
mod compare;
mod json;
mod pictures;
mod reliability;
mod reliability_files;
mod report;
mod tally;
mod tally_text;
mod truth;

pub(crate) use compare::{Counts, PageScore, compare_page, unread_page};
pub(crate) use json::json;
pub(crate) use pictures::attach;
pub(crate) use reliability::Reliability;
pub(crate) use reliability_files::{contents, names, summary as reliability_summary};
pub(crate) use report::{html, summary};
pub(crate) use tally::{PageFacts, Tally};
pub(crate) use tally_text::{json as tally_json, text as tally_text};
pub(crate) use truth::{Truth, TruthPage};

use rcoi_template::{Template, TemplateSet};
use std::collections::{BTreeMap, BTreeSet};

/// The scores of all pages of a truth.
#[derive(Debug, Clone, Default)]
pub(crate) struct Evaluation {
    pub(crate) pages: Vec<PageScore>,
}

impl Evaluation {
    /// Counts over all fields.
    pub(crate) fn totals(&self) -> Counts {
        self.pages.iter().flat_map(|p| &p.fields).fold(Counts::default(), Counts::with)
    }

    /// Counts over all boxes of marks fields.
    pub(crate) fn boxes(&self) -> Counts {
        self.pages.iter().fold(Counts::default(), |sum, p| sum.and(&p.boxes))
    }

    /// Counts over all characters of rows of cells.
    pub(crate) fn characters(&self) -> Counts {
        self.pages.iter().fold(Counts::default(), |sum, p| sum.and(&p.characters))
    }

    /// Counts by policy class of the field.
    pub(crate) fn by_class(&self) -> BTreeMap<&str, Counts> {
        let mut classes: BTreeMap<&str, Counts> = BTreeMap::new();
        for field in self.pages.iter().flat_map(|p| &p.fields) {
            let counts = classes.entry(field.class.as_str()).or_default();
            *counts = counts.with(field);
        }
        classes
    }

    /// Columns of the truth that no template of the set has: a wrong name there must not look like success.
    pub(crate) fn unknown_columns(&self) -> BTreeSet<&str> {
        self.pages.iter().flat_map(|p| &p.unknown).map(String::as_str).collect()
    }
}

/// True when some template has a field or a join of this name.
fn is_known(templates: &TemplateSet, name: &str) -> bool {
    templates.templates.iter().any(|t| has(t, name))
}

/// True when the template has a field or a join of this name.
fn has(template: &Template, name: &str) -> bool {
    template.field(name).is_some() || template.joins.iter().any(|j| j.name == name)
}

#[cfg(test)]
mod tests;
