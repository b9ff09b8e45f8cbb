//! Everything that does not agree in an exam, as troubles with stable keys. Pure: the same facts give the same list.
//!
//! A key holds the facts of the trouble (`check/count/0001-0101/51-50`), so that an explained difference stays explained,
//! and another difference in the same place is a new task.

use crate::bind::{Bindings, bind};
use crate::effective::{FieldValue, ValueSource};
use crate::expect::{Expectations, same_value};
use crate::persons::Alike;
use crate::room_checks::{self, Rooms};
use rcoi_model::{
    ExamId, ExamPlan, FieldReading, Finding, FindingKind, PacketId, PageId, PageState, Role, RoomTrouble, SheetTrouble, Task, TaskState,
    TaskSubject,
};
use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

/// Every key of a trouble begins so; field tasks have another beginning.
pub const KEY_PREFIX: &str = "check/";
/// Form letter of the room ledger.
pub const LEDGER_FORM: &str = "PPE-13-02";
/// Form letter of extra sheets.
pub const EXTRA_FORM: &str = "CX";

/// A packet as the exam plans and declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PacketFacts {
    pub id: PacketId,
    pub ppe: String,
    pub room: String,
    pub declared: u32,
}

/// One page with everything people have said about it already applied.
#[derive(Debug, Clone, PartialEq)]
pub struct SheetFacts {
    pub page: PageId,
    pub packet: PacketId,
    /// File name, for people and for a stable order.
    pub source: String,
    pub state: PageState,
    /// Why it was set aside or excluded.
    pub reason: Option<String>,
    /// Form letter of the template it was read with.
    pub form: Option<String>,
    /// Sheet code, a person's word before the machine's.
    pub code: Option<String>,
    /// The machine's code cannot be trusted, with the reason; `None` also when a person gave the code.
    pub code_doubt: Option<String>,
    /// Participant a person tied the sheet to.
    pub bound: Option<String>,
    pub fields: BTreeMap<String, FieldValue>,
    pub findings: Vec<Finding>,
}

impl SheetFacts {
    /// True when the sheet's values take part in the work.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.state == PageState::Read
    }

    /// The settled value of a field: `None` while a person is still to look at it or the form has no such field.
    #[must_use]
    pub fn settled(&self, field: &str) -> Option<&FieldValue> {
        self.fields.get(field).filter(|f| !f.waiting)
    }
}

/// One thing that does not agree.
#[derive(Debug, Clone, PartialEq)]
pub struct Trouble {
    pub key: String,
    pub page: Option<PageId>,
    pub packet: Option<PacketId>,
    pub subject: TaskSubject,
}

impl Trouble {
    pub(crate) fn sheet(key: String, sheet: &SheetFacts, trouble: SheetTrouble, detail: String) -> Self {
        let key = format!("{KEY_PREFIX}{key}");
        Self { key, page: Some(sheet.page), packet: Some(sheet.packet), subject: TaskSubject::Sheet { trouble, detail } }
    }

    pub(crate) fn room(key: String, packet: PacketId, page: Option<PageId>, trouble: RoomTrouble, detail: String) -> Self {
        let key = format!("{KEY_PREFIX}{key}");
        Self { key, page, packet: Some(packet), subject: TaskSubject::Room { trouble, detail } }
    }

    /// The task that people get: personal data are compared by verifiers, everything else is the senior's.
    #[must_use]
    pub fn into_task(self, exam: ExamId) -> Task {
        let station = match self.subject {
            TaskSubject::Person { .. } => Role::Verifier,
            _ => Role::Senior,
        };
        Task {
            id: Task::id_for(exam, &self.key),
            exam,
            key: self.key,
            station,
            state: TaskState::Open,
            page: self.page,
            packet: self.packet,
            subject: self.subject,
        }
    }
}

/// The trouble of a page that could not be read; intake and worker raise the same one.
#[must_use]
pub fn undecodable(page: PageId, packet: PacketId, reason: &str) -> Trouble {
    Trouble {
        key: format!("{KEY_PREFIX}undecodable/{page}"),
        page: Some(page),
        packet: Some(packet),
        subject: TaskSubject::Sheet { trouble: SheetTrouble::Undecodable, detail: reason.to_owned() },
    }
}

/// Result of a reconciliation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reconciled {
    pub bindings: Bindings,
    pub troubles: Vec<Trouble>,
    /// Pages nobody has placed yet; while a packet has one, its room checks wait.
    pub unplaced: BTreeSet<PageId>,
}

/// Does the reconciliation look at this field? What is not compared need not be gathered: most fields are answers.
#[must_use]
pub fn is_compared(field: &FieldReading) -> bool {
    !matches!(field.class.as_str(), "answer" | "text")
}

/// Compares plan, packets and sheets. `settled` = keys of tasks already done: a sheet that is still not placed after
/// its task was done gets a fresh key, so it can never slip through. `alike` = what is no difference in personal data.
/// Idempotent; the order of `sheets` does not matter.
#[must_use]
pub fn reconcile<S: Borrow<SheetFacts>>(
    plan: &ExamPlan,
    packets: &[PacketFacts],
    sheets: &[S],
    settled: &BTreeSet<String>,
    alike: &Alike,
) -> Reconciled {
    let mut sheets: Vec<&SheetFacts> = sheets.iter().map(Borrow::borrow).collect();
    sheets.sort_by(|a, b| (&a.source, a.page).cmp(&(&b.source, b.page)));
    let expect = Expectations::new(plan);
    let bindings = bind(&expect, &sheets);
    let mut out = Reconciled { bindings, ..Reconciled::default() };
    let links_wait: BTreeSet<PacketId> =
        sheets.iter().filter(|s| s.counts() && s.fields.get("link").is_some_and(|f| f.waiting)).map(|s| s.packet).collect();
    let mut taken: BTreeMap<String, &SheetFacts> = BTreeMap::new();
    for &sheet in &sheets {
        if let Some(mut trouble) = page_trouble(&expect, sheet, &links_wait, &out.bindings, &mut taken) {
            // A foreign sheet may be explained; every other trouble of a sheet must really go away.
            if !matches!(trouble.subject, TaskSubject::Sheet { trouble: SheetTrouble::ForeignSheet, .. }) {
                out.unplaced.insert(sheet.page);
                trouble.key = fresh_key(trouble.key, settled);
            }
            out.troubles.push(trouble);
        }
    }
    let mut inside: BTreeMap<PacketId, Vec<&SheetFacts>> = BTreeMap::new();
    for &sheet in &sheets {
        inside.entry(sheet.packet).or_default().push(sheet);
    }
    let rooms = Rooms::new(&expect, packets, &out.bindings, alike);
    for packet in packets {
        let inside = inside.get(&packet.id).map_or(&[][..], Vec::as_slice);
        let waiting = inside.iter().any(|s| s.state == PageState::Received || out.unplaced.contains(&s.page));
        if !waiting {
            room_checks::packet(&rooms, packet, inside, &mut out.troubles);
        }
    }
    room_checks::participants(&rooms, &sheets, &out.unplaced, &mut out.troubles);
    out
}

fn fresh_key(key: String, settled: &BTreeSet<String>) -> String {
    if !settled.contains(&key) {
        return key;
    }
    let mut again = 2;
    loop {
        let next = format!("{key}/{again}");
        if !settled.contains(&next) {
            return next;
        }
        again += 1;
    }
}

fn page_trouble<'s>(
    expect: &Expectations<'_>,
    sheet: &'s SheetFacts,
    links_wait: &BTreeSet<PacketId>,
    bindings: &Bindings,
    taken: &mut BTreeMap<String, &'s SheetFacts>,
) -> Option<Trouble> {
    match sheet.state {
        PageState::SetAside => {
            let reason = sheet.reason.as_deref().unwrap_or("лист отложен");
            return Some(undecodable(sheet.page, sheet.packet, reason));
        }
        PageState::Received | PageState::Excluded => return None,
        PageState::Read => {}
    }
    let page = sheet.page;
    let Some(form) = sheet.form.as_deref() else {
        let blank = sheet.findings.iter().find(|f| f.kind == FindingKind::BlankPage);
        let (kind, text) = match blank {
            Some(finding) => (SheetTrouble::BlankPage, format!("пустая страница: {}", finding.detail)),
            None => (SheetTrouble::UnknownForm, "форма не опознана".to_owned()),
        };
        return Some(Trouble::sheet(format!("form/{page}"), sheet, kind, text));
    };
    let binding = bindings.pages.get(&page);
    let by_person = sheet.bound.is_some();
    if form != LEDGER_FORM && !by_person {
        if let Some(why) = &sheet.code_doubt {
            return Some(Trouble::sheet(format!("code/{page}"), sheet, SheetTrouble::CodeUnreadable, why.clone()));
        }
        if sheet.code.is_none() {
            let text = format!("штрихкод бланка {form} не читается");
            return Some(Trouble::sheet(format!("code/{page}"), sheet, SheetTrouble::CodeUnreadable, text));
        }
    }
    if let Some(trouble) = foreign(expect, sheet, binding.is_some()) {
        return Some(trouble);
    }
    let code = sheet.code.as_deref().unwrap_or("");
    if binding.is_none() && form != LEDGER_FORM && form != EXTRA_FORM {
        let text = match expect.owner(code) {
            Some((_, kit)) => format!("код {code} принадлежит бланку {}, а лист прочитан как {form}", kit.form),
            None => format!("кода {code} нет ни в одном комплекте экзамена"),
        };
        return Some(Trouble::sheet(format!("unknown-code/{page}/{code}"), sheet, SheetTrouble::UnknownCode, text));
    }
    if let Some(trouble) = duplicate(sheet, form, bindings, taken) {
        return Some(trouble);
    }
    if form == EXTRA_FORM && binding.is_none() {
        if bindings.contested.contains(&page) {
            let text = format!("на лист {code} указывают два бланка");
            return Some(Trouble::sheet(format!("contested/{page}"), sheet, SheetTrouble::Unlinked, text));
        }
        if !links_wait.contains(&sheet.packet) {
            let text = format!("ни один бланк не указывает на дополнительный лист {code}");
            return Some(Trouble::sheet(format!("unlinked/{page}"), sheet, SheetTrouble::Unlinked, text));
        }
    }
    None
}

fn foreign(expect: &Expectations<'_>, sheet: &SheetFacts, bound: bool) -> Option<Trouble> {
    let plan = expect.plan;
    let date = plan.date.strftime("%d%m%y").to_string();
    let known = [("region", "регион", &plan.region), ("subject", "предмет", &plan.subject), ("date", "дата", &date)];
    let mut seen = Vec::new();
    let mut texts = Vec::new();
    for (field, title, expected) in known {
        let Some(value) = sheet.settled(field) else { continue };
        // On a sheet of our own kits a machine's misreading goes to a verifier first (the field waits);
        // what is left here was confirmed by a person or stands on a sheet that is not ours.
        let trusted = !bound || value.source == ValueSource::Person;
        if trusted && !value.value.trim().is_empty() && !same_value(&value.value, expected) {
            seen.push(format!("{field}={}", value.value));
            texts.push(format!("{title} {} вместо {expected}", value.value));
        }
    }
    if seen.is_empty() {
        return None;
    }
    let key = format!("foreign/{}/{}", sheet.page, seen.join(","));
    Some(Trouble::sheet(key, sheet, SheetTrouble::ForeignSheet, texts.join("; ")))
}

fn duplicate<'s>(sheet: &'s SheetFacts, form: &str, bindings: &Bindings, taken: &mut BTreeMap<String, &'s SheetFacts>) -> Option<Trouble> {
    let slot = match (bindings.pages.get(&sheet.page), sheet.code.as_deref()) {
        (Some(b), _) if b.form != EXTRA_FORM => format!("{}-{}", b.participant, b.form),
        (Some(_), None) => return None,
        (_, Some(code)) => code.to_owned(),
        (None, None) if form == LEDGER_FORM => format!("{}-{form}", sheet.packet),
        (None, None) => return None,
    };
    if let Some(first) = taken.get(&slot) {
        let what = sheet.code.as_deref().unwrap_or("без кода");
        let text = format!("бланк {form} {what} уже есть: {}", first.source);
        let key = format!("duplicate/{}/{slot}", sheet.page);
        return Some(Trouble::sheet(key, sheet, SheetTrouble::DuplicateCode, text));
    }
    taken.insert(slot, sheet);
    None
}
