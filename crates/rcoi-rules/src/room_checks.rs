//! Checks of a room and of its participants: counts, ledger, acts, persons, replacements, missing sheets.

use crate::answers::replacements;
use crate::bind::Bindings;
use crate::expect::{Expectations, same_value};
use crate::persons::{self, Alike};
use crate::reconcile::{EXTRA_FORM, LEDGER_FORM, PacketFacts, SheetFacts, Trouble};
use rcoi_model::{ActKind, PacketId, PageId, PageState, Participant, RoomTrouble};
use std::collections::{BTreeMap, BTreeSet};

/// What all checks of rooms need, gathered once.
pub(crate) struct Rooms<'a> {
    expect: &'a Expectations<'a>,
    bindings: &'a Bindings,
    alike: &'a Alike,
    packets: BTreeMap<(&'a str, &'a str), &'a PacketFacts>,
    roster: BTreeMap<(&'a str, &'a str), Vec<&'a Participant>>,
    /// Participants with at least one sheet, in whatever room.
    with_sheets: BTreeSet<&'a str>,
}

impl<'a> Rooms<'a> {
    pub(crate) fn new(expect: &'a Expectations<'a>, packets: &'a [PacketFacts], bindings: &'a Bindings, alike: &'a Alike) -> Self {
        let mut roster: BTreeMap<(&str, &str), Vec<&Participant>> = BTreeMap::new();
        for person in &expect.plan.participants {
            roster.entry((&person.ppe, &person.room)).or_default().push(person);
        }
        Self {
            expect,
            bindings,
            alike,
            packets: packets.iter().rev().map(|p| ((p.ppe.as_str(), p.room.as_str()), p)).collect(),
            roster,
            with_sheets: bindings.pages.values().map(|b| b.participant.as_str()).collect(),
        }
    }
}

/// Declared and scanned, the ledger, sheets in a wrong room. `sheets` = all pages of the packet.
pub(crate) fn packet(rooms: &Rooms<'_>, packet: &PacketFacts, sheets: &[&SheetFacts], out: &mut Vec<Trouble>) {
    let Rooms { expect, bindings, .. } = rooms;
    let place = format!("{}-{}", packet.ppe, packet.room);
    let scanned = sheets.iter().filter(|s| s.state != PageState::Excluded).count();
    if scanned != packet.declared as usize {
        let text = format!("заявлено листов {}, отсканировано {scanned}", packet.declared);
        let key = format!("count/{place}/{}-{scanned}", packet.declared);
        out.push(Trouble::room(key, packet.id, None, RoomTrouble::CountDiffers, text));
    }
    let live: Vec<&SheetFacts> = sheets.iter().copied().filter(|s| s.counts()).collect();
    let ledgers: Vec<&SheetFacts> = live.iter().copied().filter(|s| s.form.as_deref() == Some(LEDGER_FORM)).collect();
    if ledgers.is_empty() {
        let text = format!("нет ведомости 13-02-МАШ аудитории {} ППЭ {}", packet.room, packet.ppe);
        out.push(Trouble::room(format!("ledger-missing/{place}"), packet.id, None, RoomTrouble::LedgerMissing, text));
    }
    for sheet in &ledgers {
        ledger(rooms, packet, &place, sheet, &live, out);
    }
    for sheet in &live {
        wrong_room(expect, packet, sheet, bindings, out);
        replacement_count(expect, packet.id, sheet, out);
    }
}

/// The written number against what was found, item by item.
fn ledger(rooms: &Rooms<'_>, packet: &PacketFacts, place: &str, sheet: &SheetFacts, live: &[&SheetFacts], out: &mut Vec<Trouble>) {
    let bindings = rooms.bindings;
    let roster = rooms.roster.get(&(packet.ppe.as_str(), packet.room.as_str())).map_or(&[][..], Vec::as_slice);
    let came = roster.iter().filter(|p| rooms.with_sheets.contains(p.code.as_str())).count();
    let of_form =
        |form: &str| live.iter().filter(|s| bindings.pages.get(&s.page).map_or(s.form.as_deref(), |b| Some(&b.form)) == Some(form)).count();
    // `None` while a mark on some registration form of the room still waits for a person.
    let marked = |field: &str| {
        let marks: Vec<_> = live.iter().filter_map(|s| s.fields.get(field).filter(|f| f.class == "event")).collect();
        (!marks.iter().any(|f| f.waiting)).then(|| marks.iter().filter(|f| !f.value.is_empty()).count())
    };
    let items: [(&str, &str, RoomTrouble, Option<usize>); 10] = [
        ("seated", "распределено", RoomTrouble::AttendanceDiffers, Some(roster.len())),
        ("came", "явилось", RoomTrouble::AttendanceDiffers, Some(came)),
        ("absent", "не явилось", RoomTrouble::AttendanceDiffers, Some(roster.len() - came)),
        ("removed", "удалено", RoomTrouble::LedgerDiffers, marked("removed")),
        ("not-finished", "не закончило", RoomTrouble::LedgerDiffers, marked("not-finished")),
        ("count-r", "бланков регистрации", RoomTrouble::LedgerDiffers, Some(of_form("R"))),
        ("count-ab", "бланков ответов № 1", RoomTrouble::LedgerDiffers, Some(of_form("AB"))),
        ("count-c1", "бланков № 2 лист 1", RoomTrouble::LedgerDiffers, Some(of_form("C1"))),
        ("count-c2", "бланков № 2 лист 2", RoomTrouble::LedgerDiffers, Some(of_form("C2"))),
        ("count-cx", "дополнительных листов", RoomTrouble::LedgerDiffers, Some(of_form(EXTRA_FORM))),
    ];
    for (field, title, trouble, found) in items {
        let (Some(written), Some(found)) = (sheet.settled(field), found) else { continue };
        let written = written.value.trim();
        // An empty count and a count of zero are the same statement.
        let same = same_value(written, &found.to_string()) || (written.is_empty() && found == 0);
        if !same {
            let shown = if written.is_empty() { "пусто" } else { written };
            let text = format!("13-02-МАШ, {title}: в ведомости {shown}, по листам {found}");
            let key = format!("ledger/{place}/{}/{field}/{written}-{found}", sheet.page);
            out.push(Trouble::room(key, packet.id, Some(sheet.page), trouble, text));
        }
    }
}

fn wrong_room(expect: &Expectations<'_>, packet: &PacketFacts, sheet: &SheetFacts, bindings: &Bindings, out: &mut Vec<Trouble>) {
    let owner = bindings.pages.get(&sheet.page).and_then(|b| expect.participant(&b.participant));
    let (ppe, room) = owner.map_or((&packet.ppe, &packet.room), |p| (&p.ppe, &p.room));
    if (ppe, room) != (&packet.ppe, &packet.room) {
        let text = format!("лист участника из ППЭ {ppe}, аудитории {room} отсканирован в пакете {}-{}", packet.ppe, packet.room);
        let key = format!("wrong-room/{}/{}-{}", sheet.page, packet.ppe, packet.room);
        out.push(Trouble::room(key, packet.id, Some(sheet.page), RoomTrouble::WrongRoom, text));
    }
    for (field, title, expected) in [("ppe", "ППЭ", ppe), ("room", "аудитория", room)] {
        let Some(value) = sheet.settled(field) else { continue };
        if !value.value.trim().is_empty() && !same_value(&value.value, expected) {
            let text = format!("на бланке {title} {}, по рассадке {expected}", value.value);
            let key = format!("written-{field}/{}/{}", sheet.page, value.value);
            out.push(Trouble::room(key, packet.id, Some(sheet.page), RoomTrouble::WrongRoom, text));
        }
    }
}

fn replacement_count(expect: &Expectations<'_>, packet: PacketId, sheet: &SheetFacts, out: &mut Vec<Trouble>) {
    let waiting = sheet.fields.iter().any(|(name, f)| name.starts_with("replacement-") && f.waiting);
    let Some(written) = sheet.fields.get("replacement-count").filter(|_| !waiting) else { return };
    let rows = replacements(&sheet.fields);
    let written = written.value.trim();
    let said = if matches!(written, "" | "Х" | "X" | "х" | "x") { Some(0) } else { written.parse::<usize>().ok() };
    let lone = rows.iter().find(|(_, number, _)| number.is_empty());
    let far = rows
        .iter()
        .find(|(_, number, _)| !number.is_empty() && !number.parse::<u32>().is_ok_and(|n| (1..=expect.plan.answers).contains(&n)));
    let mut push = |key: String, text: String| {
        out.push(Trouble::room(key, packet, Some(sheet.page), RoomTrouble::ReplacementsDiffer, text));
    };
    if said != Some(rows.len()) {
        let shown = if written.is_empty() { "пусто" } else { written };
        let text = format!("число замен: записано {shown}, найдено {}", rows.len());
        push(format!("replacements/{}/{written}-{}", sheet.page, rows.len()), text);
    }
    if let Some((row, _, _)) = lone {
        push(format!("replacement-lone/{}/{row}", sheet.page), format!("замена {row}: нет номера задания"));
    }
    if let Some((row, number, _)) = far {
        let text = format!("замена {row}: задания {number} нет, ожидалось от 1 до {}", expect.plan.answers);
        push(format!("replacement-far/{}/{row}-{number}", sheet.page), text);
    }
}

/// Missing sheets, acts and persons of every participant.
pub(crate) fn participants(rooms: &Rooms<'_>, sheets: &[&SheetFacts], unplaced: &BTreeSet<PageId>, out: &mut Vec<Trouble>) {
    let Rooms { expect, bindings, .. } = rooms;
    let by_page: BTreeMap<PageId, &SheetFacts> = sheets.iter().map(|s| (s.page, *s)).collect();
    let mut works: BTreeMap<&str, Vec<(&str, &SheetFacts)>> = BTreeMap::new();
    for (page, binding) in &bindings.pages {
        if let (Some(sheet), false) = (by_page.get(page), unplaced.contains(page)) {
            works.entry(&binding.participant).or_default().push((&binding.form, sheet));
        }
    }
    let busy: BTreeSet<PacketId> =
        sheets.iter().filter(|s| s.state == PageState::Received || unplaced.contains(&s.page)).map(|s| s.packet).collect();
    let scanned: BTreeSet<PacketId> = sheets.iter().filter(|s| s.counts()).map(|s| s.packet).collect();
    for person in &expect.plan.participants {
        let Some(home) = rooms.packets.get(&(person.ppe.as_str(), person.room.as_str())) else { continue };
        // Nothing is missing before the packet of the room is there and read.
        if busy.contains(&home.id) || !scanned.contains(&home.id) {
            continue;
        }
        let work = works.get(person.code.as_str()).map_or(&[][..], Vec::as_slice);
        if !work.is_empty() {
            for form in expect.plan.forms.iter().filter(|f| !work.iter().any(|(have, _)| have == f)) {
                let code = person.kit.iter().find(|k| &k.form == form).map_or("", |k| k.code.as_str());
                let text = format!("участник {}: нет бланка {form} {code}", person.code);
                let key = format!("missing/{}/{form}", person.code);
                out.push(Trouble::room(key, home.id, None, RoomTrouble::SheetMissing, text));
            }
        }
        let registration = work.iter().find(|(form, _)| *form == "R").map(|(_, sheet)| *sheet);
        acts(expect, person, home.id, registration, work.is_empty(), out);
        if let Some(sheet) = registration {
            out.extend(persons::compare(rooms.alike, person, home.id, sheet));
        }
    }
    for (page, participant, code) in &bindings.dangling {
        if let Some(sheet) = by_page.get(page).filter(|s| !busy.contains(&s.packet)) {
            let text = format!("участник {participant}: записан дополнительный лист {code}, но он не отсканирован");
            let key = format!("missing/{participant}/{EXTRA_FORM}/{code}");
            out.push(Trouble::room(key, sheet.packet, Some(*page), RoomTrouble::SheetMissing, text));
        }
    }
}

fn acts(
    expect: &Expectations<'_>,
    person: &Participant,
    home: PacketId,
    registration: Option<&SheetFacts>,
    absent: bool,
    out: &mut Vec<Trouble>,
) {
    for (kind, field, title) in
        [(ActKind::Removed, "removed", "удалён с экзамена"), (ActKind::NotFinished, "not-finished", "не закончил экзамен")]
    {
        let act = expect.plan.acts.iter().any(|a| a.participant == person.code && a.kind == kind);
        let mark = match registration {
            Some(sheet) => match sheet.fields.get(field) {
                Some(value) if value.waiting => continue,
                value => value.is_some_and(|v| !v.value.is_empty()),
            },
            None if absent => false,
            None => continue,
        };
        if act != mark {
            let say = |there| if there { "есть" } else { "нет" };
            let text = format!("участник {}, «{title}»: отметка на бланке {}, акт ППЭ {}", person.code, say(mark), say(act));
            let key = format!("act/{}/{field}/{mark}-{act}", person.code);
            let page = registration.map(|s| s.page);
            out.push(Trouble::room(key, home, page, RoomTrouble::ActDiffers, text));
        }
    }
}
