//! Ties sheets to participants: by kit code, by the chain of links for extra sheets, by a person's word.

use crate::expect::Expectations;
use crate::reconcile::SheetFacts;
use rcoi_model::PageId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How a sheet came to its participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BoundBy {
    Kit,
    Link,
    Person,
}

/// A sheet's place in a work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    pub participant: String,
    /// Form letter as which it counts.
    pub form: String,
    /// Place in the chain of extra sheets, from 1; 0 for sheets of the kit.
    pub extra: u32,
    pub by: BoundBy,
}

/// All bindings of an exam, by page; and links that lead nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bindings {
    pub pages: BTreeMap<PageId, Binding>,
    /// Written links to extra sheets that were not scanned: page of the link, participant, code.
    pub dangling: Vec<(PageId, String, String)>,
    /// Extra sheets at which two sheets point.
    pub contested: BTreeSet<PageId>,
}

/// Binds what can be bound. Excluded sheets and sheets without a read form take no part.
#[must_use]
pub fn bind(expect: &Expectations<'_>, sheets: &[&SheetFacts]) -> Bindings {
    let mut out = Bindings::default();
    let live: Vec<&SheetFacts> = sheets.iter().copied().filter(|s| s.counts()).collect();
    let mut extras: BTreeMap<&str, &SheetFacts> = BTreeMap::new();
    let mut pointed: BTreeMap<&str, u32> = BTreeMap::new();
    for sheet in &live {
        let Some(form) = sheet.form.as_deref() else { continue };
        if let Some(participant) = &sheet.bound {
            let extra = u32::from(form == "CX");
            let binding = Binding { participant: participant.clone(), form: form.to_owned(), extra, by: BoundBy::Person };
            out.pages.insert(sheet.page, binding);
        } else if let Some((owner, kit)) = sheet.code.as_deref().and_then(|c| expect.owner(c))
            && kit.form == form
        {
            let binding = Binding { participant: owner.code.clone(), form: form.to_owned(), extra: 0, by: BoundBy::Kit };
            out.pages.insert(sheet.page, binding);
        }
        if let (Some(code), "CX") = (sheet.code.as_deref(), form) {
            extras.entry(code).or_insert(sheet);
        }
        if let Some(link) = extra_link(sheet) {
            *pointed.entry(link).or_default() += 1;
        }
    }
    for sheet in &live {
        if let Some(binding) = out.pages.get(&sheet.page).cloned()
            && (binding.form == "C2" || (binding.form == "CX" && binding.by == BoundBy::Person))
        {
            follow(sheet, &binding, &extras, &pointed, &mut out);
        }
    }
    out
}

/// The code an extra sheet is announced with on this sheet; printed links of C1 lead to C2 and are no announcement.
fn extra_link(sheet: &SheetFacts) -> Option<&str> {
    let form = sheet.form.as_deref()?;
    let link = sheet.fields.get("link").map(|f| f.value.trim())?;
    (matches!(form, "C2" | "CX") && !link.is_empty()).then_some(link)
}

fn follow(from: &SheetFacts, start: &Binding, extras: &BTreeMap<&str, &SheetFacts>, pointed: &BTreeMap<&str, u32>, out: &mut Bindings) {
    let mut at = from;
    let mut seen = BTreeSet::from([from.page]);
    let mut place = start.extra;
    while let Some(link) = extra_link(at) {
        let Some(next) = extras.get(link) else {
            if !at.fields.get("link").is_some_and(|f| f.waiting) {
                out.dangling.push((at.page, start.participant.clone(), link.to_owned()));
            }
            return;
        };
        if pointed.get(link).is_some_and(|n| *n > 1) {
            out.contested.insert(next.page);
            return;
        }
        // A ring of links, or a sheet a person has already tied elsewhere, ends the chain.
        if !seen.insert(next.page) || out.pages.contains_key(&next.page) {
            return;
        }
        place += 1;
        let binding = Binding { participant: start.participant.clone(), form: "CX".to_owned(), extra: place, by: BoundBy::Link };
        out.pages.insert(next.page, binding);
        at = next;
    }
}
