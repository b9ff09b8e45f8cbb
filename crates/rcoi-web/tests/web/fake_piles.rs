//! What the operator sees of the fake centre: packets on their way, pages with every kind of finding, files that come.

use crate::fake::{State, exam_id};
use crate::fake_rows as rows;
use jiff::{SignedDuration, Timestamp};
use rcoi_model::{BlobHash, ExamState, Finding, FindingKind, PacketId, Page, PageId, PageState, SheetTrouble, TemplateId};
use rcoi_web::piles::{ExamHead, FileOutcome, Lies, OneFile, PacketProgress, PageLook, PageView, Place};
use std::fs::File;
use std::io::{Read, Seek};

pub(crate) fn head(closed: bool) -> ExamHead {
    ExamHead {
        id: exam_id(),
        subject: "01".into(),
        subject_name: "Русский язык".into(),
        date: jiff::civil::date(2026, 5, 28),
        state: if closed { ExamState::Closed } else { ExamState::Open },
    }
}

fn minutes_ago(n: i64) -> Timestamp {
    Timestamp::now().checked_sub(SignedDuration::from_mins(n)).unwrap()
}

/// Files that were sent into a packet.
fn sent<'s>(state: &'s State, ppe: &'s str, room: &'s str) -> impl Iterator<Item = &'s (Place, Vec<u8>)> {
    state.taken.iter().filter(move |(place, _)| place.packet.as_ref().is_some_and(|p| p.ppe == ppe && p.room == room))
}

pub(crate) fn progress(state: &State) -> Vec<PacketProgress> {
    let row = |(n, p): (usize, rcoi_web::backend::PacketRow)| {
        let new = sent(state, &p.ppe, &p.room).count() as u64;
        PacketProgress {
            packet: p.id,
            declared: p.declared,
            raised: p.raised,
            scanned: p.scanned + new,
            received: p.waiting + new,
            read: p.read - u64::from(n == 1),
            set_aside: u64::from(n == 1),
            excluded: u64::from(n == 1),
            doubtful: p.open_tasks,
            found: [2, 9, 0, 1, 0].get(n).copied().unwrap_or_default(),
            last: (p.scanned + new > 0).then(|| minutes_ago([95, 41, 38, 2, 0].get(n).copied().unwrap_or_default())),
            oldest: (p.waiting + new > 0).then(|| minutes_ago(2)),
            ppe: p.ppe,
            room: p.room,
        }
    };
    let mut all: Vec<PacketProgress> = rows::packets(state.raised).into_iter().enumerate().map(row).collect();
    for (place, _) in &state.taken {
        let Some(name) = &place.packet else { continue };
        if all.iter().all(|p| (&p.ppe, &p.room) != (&name.ppe, &name.room)) {
            let new = sent(state, &name.ppe, &name.room).count() as u64;
            all.push(PacketProgress {
                packet: PacketId::derived(&[&name.ppe, &name.room]),
                ppe: name.ppe.clone(),
                room: name.room.clone(),
                declared: 0,
                raised: false,
                scanned: new,
                received: new,
                read: 0,
                set_aside: 0,
                excluded: 0,
                doubtful: 0,
                found: 0,
                last: Some(Timestamp::now()),
                oldest: Some(Timestamp::now()),
            });
        }
    }
    all
}

/// Number of the sheet, what was found, as the engine says it.
const FOUND: [(u64, FindingKind, &str); 10] = [
    (4, FindingKind::Streak, "тёмная полоса в 12 % ширины слева, задевает полей: 7; протрите стекло"),
    (5, FindingKind::Streak, "тёмная полоса в 12 % ширины слева, задевает полей: 6; протрите стекло"),
    (6, FindingKind::Streak, "тёмная полоса в 12 % ширины слева, задевает полей: 9; протрите стекло"),
    (6, FindingKind::Blurred, "края знаков размыты на 0.4 мм; протрите стекло"),
    (9, FindingKind::UpsideDown, "лист повёрнут на 180°, прочитан"),
    (17, FindingKind::UpsideDown, "лист повёрнут на 180°, прочитан"),
    (12, FindingKind::UnknownForm, "ни один бланк не подходит"),
    (14, FindingKind::FoldedCorner, "угол листа загнут или оторван: сверху справа, под ним тёмного 61 %; расправьте и пересканируйте"),
    (21, FindingKind::CutEdge, "за краем картинки полей: 2, первое — «Ответ на задание 20»; пересканируйте лист"),
    (26, FindingKind::StrongSkew, "перекос 4.2°; поправьте направляющие сканера"),
];

pub(crate) fn pages(state: &State, packet: &PacketProgress) -> Vec<PageView> {
    let marked = packet.room == "0102";
    let new: Vec<&Place> = sent(state, &packet.ppe, &packet.room).map(|(place, _)| place).collect();
    let old = packet.scanned - new.len() as u64 + packet.excluded;
    let page = |n: u64, source: String, at: PageState, reason: Option<&str>| Page {
        id: Page::id_for(packet.packet, &source, &BlobHash::from_bytes(&[n as u8; 32]), 0),
        exam: exam_id(),
        packet: packet.packet,
        blob: BlobHash::from_bytes(&[n as u8; 32]),
        index: 0,
        source,
        state: at,
        reason: reason.map(str::to_owned),
    };
    let mut all = Vec::new();
    for n in 1..=old {
        let found: Vec<Finding> = FOUND
            .iter()
            .filter(|(at, _, _)| *at == n && marked)
            .map(|(_, kind, detail)| Finding { kind: *kind, detail: (*detail).into() })
            .collect();
        let (at, reason) = match n {
            30 if marked => {
                let cut = "the png is cut short: 812 of 3508 rows; copy the file once more; if that does not help, scan the sheet again";
                (PageState::SetAside, Some(cut))
            }
            45 if marked => (PageState::Excluded, Some("Второй скан того же листа")),
            _ if n > packet.read + packet.set_aside + packet.excluded => (PageState::Received, None),
            _ => (PageState::Read, None),
        };
        let unknown = found.iter().any(|f| f.kind == FindingKind::UnknownForm);
        let form = if n == 1 { "ppe-13-02" } else { ["ege-r", "ege-ab", "ege-c1"][(n % 3) as usize] };
        let lies = Lies { form: (!unknown).then(|| TemplateId(form.into())), quarter_turns: 0 };
        all.push(PageView {
            look: PageLook {
                page: page(n, format!("{}-{}/sheet-{n:03}.png", packet.ppe, packet.room), at, reason),
                received_at: minutes_ago(41),
                lies: matches!(at, PageState::Read | PageState::Excluded).then_some(lies),
                findings: found,
                open_tasks: u64::from(n == 6),
            },
            troubles: match n {
                12 if marked => vec![SheetTrouble::UnknownForm],
                30 if marked => vec![SheetTrouble::Undecodable],
                _ => vec![],
            },
        });
    }
    for (n, place) in new.into_iter().enumerate() {
        let look = PageLook {
            page: page(200 + n as u64, place.source.clone(), PageState::Received, None),
            received_at: Timestamp::now(),
            lies: None,
            findings: vec![],
            open_tasks: 0,
        };
        all.push(PageView { look, troubles: vec![] });
    }
    all
}

/// Is it one of the sheets with a streak?
pub(crate) fn has_streak(page: PageId) -> bool {
    let packet = PacketId::derived(&["0001", "0102"]);
    (4..=6).any(|n: u8| Page::id_for(packet, &format!("0001-0102/sheet-{n:03}.png"), &BlobHash::from_bytes(&[n; 32]), 0) == page)
}

/// Takes a file in as the real centre would, as far as the page can tell.
pub(crate) fn take(state: &mut State, place: Place, mut file: File) -> OneFile {
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    let source = place.source.clone();
    let Some(name) = place.packet.clone() else {
        let reason = "в пути нет папки пакета: ожидалось имя PPPP-RRRR, например 0001-0101".to_owned();
        return (source, None, FileOutcome::Refused { reason });
    };
    let packet = Some(PacketId::derived(&[&name.ppe, &name.room]));
    let outcome = if state.taken.iter().any(|(p, known)| p.packet == place.packet && *known == bytes) {
        FileOutcome::Taken { pages: 1, new: 0 }
    } else if bytes.starts_with(b"dear sirs") {
        FileOutcome::SetAside { reason: "not a jpeg, png, tiff, webp, pdf or zip: the file looks like text; take it out of the folder, or save what it shows as a picture or PDF".into() }
    } else {
        state.taken.push((place, bytes));
        FileOutcome::Taken { pages: 1, new: 1 }
    };
    (source, packet, outcome)
}
