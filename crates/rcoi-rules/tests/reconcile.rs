//! Each trouble of an exam, drawn as facts: it must appear, and go away when it is settled.

use proptest::prelude::*;
use rcoi_model::*;
use rcoi_rules::reconcile::{KEY_PREFIX, LEDGER_FORM, Reconciled};
use rcoi_rules::*;
use std::collections::{BTreeMap, BTreeSet};

/// Two rooms, two participants each, all sheets there, everything agrees.
struct Drawn {
    plan: ExamPlan,
    packets: Vec<PacketFacts>,
    sheets: Vec<SheetFacts>,
    settled: BTreeSet<String>,
}

fn code(prefix: &str, n: u32) -> String {
    let body = format!("{prefix}{n:09}");
    let check = ean13_check_digit(&body);
    format!("{body}{check}")
}

fn page(n: u32) -> PageId {
    PageId::derived(&[&n.to_string()])
}

fn value(class: &str, text: &str) -> FieldValue {
    FieldValue { class: class.into(), value: text.into(), source: ValueSource::Machine, waiting: false }
}

fn sheet(n: u32, packet: &PacketFacts, form: &str, code: &str, fields: &[(&str, &str)]) -> SheetFacts {
    let class = |name: &str| if matches!(name, "removed" | "not-finished") && form == "R" { "event" } else { "" }.to_owned();
    SheetFacts {
        page: page(n),
        packet: packet.id,
        source: format!("{}-{}/s{n:03}.png", packet.ppe, packet.room),
        state: PageState::Read,
        reason: None,
        form: Some(form.into()),
        code: Some(code.into()),
        code_doubt: None,
        bound: None,
        fields: fields.iter().map(|(k, v)| ((*k).to_owned(), value(&class(k), v))).collect(),
        findings: vec![],
    }
}

fn drawn() -> Drawn {
    let forms = ["R", "AB", "C1", "C2"];
    let mut plan = ExamPlan {
        region: "90".into(),
        department: "00".into(),
        subject: "01".into(),
        subject_name: "Русский язык".into(),
        test_type: "4".into(),
        stage: "1".into(),
        period: "main".into(),
        date: jiff::civil::date(2026, 5, 28),
        limit_days: 6,
        forms: forms.map(String::from).to_vec(),
        answers: 26,
        symbols: vec![],
        rooms: vec![],
        participants: vec![],
        acts: vec![],
    };
    let exam = plan.id();
    let (mut packets, mut sheets, mut n) = (vec![], vec![], 0);
    for room in ["0101", "0102"] {
        plan.rooms.push(Room { ppe: "0001".into(), room: room.into(), declared_sheets: 9 });
        let packet = PacketFacts { id: Packet::id_for(exam, "0001", room), ppe: "0001".into(), room: room.into(), declared: 9 };
        n += 1;
        let counts = [
            ("ppe", "0001"),
            ("room", room),
            ("seated", "2"),
            ("came", "002"),
            ("absent", ""),
            ("removed", "0"),
            ("not-finished", "000"),
            ("count-r", "2"),
            ("count-ab", "02"),
            ("count-c1", "2"),
            ("count-c2", "2"),
            ("count-cx", "0"),
        ];
        sheets.push(sheet(n, &packet, LEDGER_FORM, &code("235", n), &counts));
        for _ in 0..2 {
            let person = format!("{:04}", plan.participants.len() + 1);
            let mut kit = vec![];
            for (i, form) in forms.iter().enumerate() {
                n += 1;
                let code = code(&format!("23{i}"), n);
                let common = [("region", "90"), ("subject", "01")];
                let own: &[(&str, &str)] = match *form {
                    "R" => &[("surname", "ОРЛОВ"), ("name", "ИВАН"), ("document-number", "123456"), ("removed", ""), ("date", "280526")],
                    "AB" => &[("answer-1", "12"), ("replacement-1-number", "1"), ("replacement-1-answer", "3"), ("replacement-count", "1")],
                    "C2" => &[("link", "")],
                    _ => &[],
                };
                sheets.push(sheet(n, &packet, form, &code, &[&common, own].concat()));
                kit.push(KitSheet { form: (*form).into(), code });
            }
            plan.participants.push(Participant {
                code: person,
                surname: "Орлов".into(),
                name: "Иван".into(),
                patronymic: String::new(),
                document_series: "4600".into(),
                document_number: "123456".into(),
                school: "000001".into(),
                class: "11А".into(),
                ppe: "0001".into(),
                room: room.into(),
                seat: "1А".into(),
                kit,
            });
        }
        packets.push(packet);
    }
    Drawn { plan, packets, sheets, settled: BTreeSet::new() }
}

impl Drawn {
    fn run(&self) -> Reconciled {
        let policy = Policy::parse(policy::DEFAULT_POLICY).unwrap();
        reconcile(&self.plan, &self.packets, &self.sheets, &self.settled, policy.alike())
    }

    /// Keys without the common beginning, ids replaced by the number of the drawn sheet.
    fn keys(&self) -> Vec<String> {
        let short = |key: &str| {
            let mut key = key.strip_prefix(KEY_PREFIX).unwrap_or(key).to_owned();
            for n in 0..40 {
                key = key.replace(&page(n).to_string(), &format!("#{n}"));
            }
            key
        };
        self.run().troubles.iter().map(|t| short(&t.key)).collect()
    }

    fn of(&mut self, participant: usize, form: &str) -> &mut SheetFacts {
        let code = self.plan.participants[participant].kit.iter().find(|k| k.form == form).map(|k| k.code.clone());
        self.sheets.iter_mut().find(|s| s.code == code).unwrap()
    }

    fn set(&mut self, participant: usize, form: &str, field: &str, text: &str) {
        let sheet = self.of(participant, form);
        sheet.fields.entry(field.into()).or_insert_with(|| value("", "")).value = text.into();
    }

    fn ledger(&mut self, field: &str, text: &str) {
        self.sheets[0].fields.insert(field.into(), value("ledger", text));
    }

    /// Adds an extra sheet to the first room and keeps the counts in step.
    fn extra(&mut self, n: u32, link: &str) -> String {
        let code = code("234", n);
        let extra = sheet(n, &self.packets[0], "CX", &code, &[("link", link)]);
        self.sheets.push(extra);
        self.packets[0].declared += 1;
        let extras = self.sheets.iter().filter(|s| s.form.as_deref() == Some("CX")).count();
        self.ledger("count-cx", &extras.to_string());
        code
    }
}

#[test]
fn an_exam_in_which_everything_agrees_has_no_trouble() {
    let d = drawn();
    assert_eq!(d.keys(), Vec::<String>::new());
    assert_eq!(d.run().bindings.pages.len(), 16);
}

#[test]
fn an_unreadable_code_is_asked_for_and_its_room_waits() {
    let mut d = drawn();
    let old = d.of(0, "AB").code.take();
    d.packets[0].declared = 50;
    assert_eq!(d.keys(), ["code/#3"]);
    d.sheets[2].code = old;
    assert_eq!(d.keys(), ["count/0001-0101/50-9"]);
}

#[test]
fn two_codes_that_disagree_are_asked_for_until_a_person_gives_one() {
    let mut d = drawn();
    d.of(0, "AB").code_doubt = Some("вертикальный код другой".into());
    assert_eq!(d.keys(), ["code/#3"]);
}

#[test]
fn a_code_of_no_kit_is_unknown_and_binding_by_hand_settles_it() {
    let mut d = drawn();
    d.of(0, "AB").code = Some(code("231", 999));
    assert_eq!(d.keys(), [format!("unknown-code/#3/{}", code("231", 999))]);
    d.sheets[2].bound = Some("0001".into());
    assert_eq!(d.keys(), Vec::<String>::new());
}

#[test]
fn a_code_of_another_form_of_the_kit_is_unknown_too() {
    let mut d = drawn();
    let registration = d.of(0, "R").code.clone();
    d.of(0, "AB").code = registration;
    assert_eq!(d.keys().len(), 1);
    assert!(d.keys()[0].starts_with("unknown-code/#3"));
}

#[test]
fn a_second_scan_is_a_duplicate_until_it_is_excluded() {
    let mut d = drawn();
    let mut twin = d.of(0, "AB").clone();
    twin.page = page(30);
    twin.source = "0001-0101/z.png".into();
    d.sheets.push(twin);
    let slot = "0001-AB";
    assert_eq!(d.keys(), [format!("duplicate/#30/{slot}")]);
    d.sheets.last_mut().unwrap().state = PageState::Excluded;
    assert_eq!(d.keys(), Vec::<String>::new());
}

#[test]
fn a_sheet_that_is_still_not_placed_after_its_task_gets_a_fresh_one() {
    let mut d = drawn();
    d.of(0, "AB").code = None;
    d.settled.insert(format!("{KEY_PREFIX}code/{}", page(3)));
    assert_eq!(d.keys(), ["code/#3/2"]);
}

#[test]
fn a_sheet_of_another_subject_is_foreign() {
    let mut d = drawn();
    let foreign = sheet(31, &d.packets[0], "AB", &code("231", 777), &[("subject", "22"), ("region", "90")]);
    d.sheets.push(foreign);
    assert_eq!(d.keys()[0], "foreign/#31/subject=22");
}

#[test]
fn a_misread_subject_on_a_sheet_of_the_kit_is_no_foreign_sheet_but_a_confirmed_one_is() {
    let mut d = drawn();
    d.set(0, "AB", "subject", "07");
    assert_eq!(d.keys(), Vec::<String>::new());
    d.of(0, "AB").fields.get_mut("subject").unwrap().source = ValueSource::Person;
    assert_eq!(d.keys(), ["foreign/#3/subject=07"]);
}

#[test]
fn pages_without_a_form_and_pages_set_aside_wait_for_the_senior() {
    let mut d = drawn();
    d.of(0, "C1").form = None;
    d.of(1, "C1").state = PageState::SetAside;
    assert_eq!(d.keys(), ["form/#4", "undecodable/#8"]);
}

#[test]
fn a_declared_count_that_differs_is_told_with_both_numbers() {
    let mut d = drawn();
    d.packets[1].declared = 10;
    assert_eq!(d.keys(), ["count/0001-0102/10-9"]);
}

#[test]
fn nothing_is_compared_while_a_page_of_the_room_is_not_read() {
    let mut d = drawn();
    d.packets[0].declared = 50;
    d.sheets[3].state = PageState::Received;
    assert_eq!(d.keys(), Vec::<String>::new());
}

#[test]
fn a_present_participant_without_a_sheet_is_told_and_an_absent_one_is_not() {
    let mut d = drawn();
    d.of(0, "C1").state = PageState::Excluded;
    d.packets[0].declared = 8;
    d.ledger("count-c1", "1");
    assert_eq!(d.keys(), ["missing/0001/C1"]);
    for form in ["R", "AB", "C2"] {
        d.of(0, form).state = PageState::Excluded;
    }
    d.packets[0].declared = 5;
    for (field, text) in [("came", "1"), ("absent", "1"), ("count-r", "1"), ("count-ab", "1"), ("count-c2", "1")] {
        d.ledger(field, text);
    }
    assert_eq!(d.keys(), Vec::<String>::new());
}

#[test]
fn a_room_without_its_ledger_is_told() {
    let mut d = drawn();
    d.sheets[0].state = PageState::Excluded;
    d.packets[0].declared = 8;
    assert_eq!(d.keys(), ["ledger-missing/0001-0101"]);
}

#[test]
fn ledger_counts_are_compared_as_numbers_item_by_item() {
    let mut d = drawn();
    d.ledger("came", "01");
    d.ledger("count-ab", "3");
    assert_eq!(d.keys(), ["ledger/0001-0101/#1/came/01-2", "ledger/0001-0101/#1/count-ab/3-2"]);
    let troubles = d.run().troubles;
    let kinds = troubles.iter().map(|t| match &t.subject {
        TaskSubject::Room { trouble, .. } => *trouble,
        other => panic!("{other:?}"),
    });
    assert_eq!(kinds.collect::<Vec<_>>(), [RoomTrouble::AttendanceDiffers, RoomTrouble::LedgerDiffers]);
    d.sheets[0].fields.get_mut("came").unwrap().waiting = true;
    assert_eq!(d.keys(), ["ledger/0001-0101/#1/count-ab/3-2"]);
}

#[test]
fn a_removal_mark_must_have_its_act_and_an_act_its_mark() {
    let mut d = drawn();
    d.set(0, "R", "removed", "1");
    d.ledger("removed", "1");
    assert_eq!(d.keys(), ["act/0001/removed/true-false"]);
    d.plan.acts.push(Act { participant: "0001".into(), kind: ActKind::Removed });
    assert_eq!(d.keys(), Vec::<String>::new());
    d.plan.acts.push(Act { participant: "0002".into(), kind: ActKind::NotFinished });
    assert_eq!(d.keys(), ["act/0002/not-finished/false-true"]);
}

#[test]
fn a_removal_mark_that_waits_for_a_person_makes_no_trouble_yet() {
    let mut d = drawn();
    d.set(0, "R", "removed", "1");
    d.of(0, "R").fields.get_mut("removed").unwrap().waiting = true;
    assert_eq!(d.keys(), Vec::<String>::new());
}

#[test]
fn a_person_who_differs_from_the_register_is_told_field_by_field_without_the_name_in_the_key() {
    let mut d = drawn();
    d.set(0, "R", "surname", "ОРЛОВА");
    let keys = d.keys();
    assert_eq!(keys.len(), 1);
    assert!(keys[0].starts_with("person/0001/") && !keys[0].contains("ОРЛОВА"));
    let task = d.run().troubles.remove(0).into_task(d.plan.id());
    assert_eq!(task.station, Role::Verifier);
    let TaskSubject::Person { participant, lines } = task.subject else { panic!("{:?}", task.subject) };
    assert_eq!(participant, "0001");
    let seen: Vec<_> = lines.iter().map(|l| (l.field.as_str(), l.form.as_str(), l.register.as_str(), l.differs)).collect();
    let same = ("document-number", "123456", "123456", false);
    assert_eq!(seen, [("surname", "ОРЛОВА", "Орлов", true), ("name", "ИВАН", "Иван", false), same]);
}

#[test]
fn a_difference_keeps_its_key_and_another_one_or_another_register_has_another_key() {
    let mut d = drawn();
    d.set(0, "R", "surname", "ОРЛОВА");
    let first = d.keys();
    d.set(0, "R", "name", "иван");
    assert_eq!(d.keys(), first, "what agrees is no part of the key");
    d.set(0, "R", "document-number", "654321");
    let second = d.keys();
    d.plan.participants[0].surname = "Орлова-Зуева".into();
    let third = d.keys();
    assert!(second != first && third != second && second.len() == 1 && third.len() == 1);
    d.set(0, "R", "document-number", "123456");
    d.plan.participants[0].surname = "Орлова".into();
    assert_eq!(d.keys(), Vec::<String>::new(), "the register was corrected: they agree");
}

#[test]
fn a_form_with_a_field_that_waits_for_a_person_is_not_compared_yet() {
    let mut d = drawn();
    d.set(0, "R", "surname", "ОРЛОВА");
    d.of(0, "R").fields.get_mut("name").unwrap().waiting = true;
    assert_eq!(d.keys(), Vec::<String>::new());
}

#[test]
fn a_sheet_in_the_packet_of_another_room_is_told() {
    let mut d = drawn();
    let other = d.packets[1].id;
    d.of(0, "AB").packet = other;
    d.packets[0].declared = 8;
    d.packets[1].declared = 10;
    d.ledger("count-ab", "1");
    let second = d.sheets.iter_mut().filter(|s| s.form.as_deref() == Some(LEDGER_FORM)).nth(1).unwrap();
    second.fields.insert("count-ab".into(), value("ledger", "3"));
    assert_eq!(d.keys(), ["wrong-room/#3/0001-0102"]);
}

#[test]
fn a_room_written_differently_on_the_form_is_told() {
    let mut d = drawn();
    d.set(0, "R", "room", "101");
    assert_eq!(d.keys(), Vec::<String>::new());
    d.set(0, "R", "room", "0102");
    assert_eq!(d.keys(), ["written-room/#2/0102"]);
}

#[test]
fn replacements_are_counted_and_must_name_a_task() {
    let mut d = drawn();
    d.set(0, "AB", "replacement-count", "2");
    assert_eq!(d.keys(), ["replacements/#3/2-1"]);
    d.set(0, "AB", "replacement-count", "01");
    assert_eq!(d.keys(), Vec::<String>::new());
    d.set(0, "AB", "replacement-1-number", "27");
    assert_eq!(d.keys(), ["replacement-far/#3/1-27"]);
    d.set(0, "AB", "replacement-1-number", "");
    assert_eq!(d.keys(), ["replacement-lone/#3/1"]);
    d.set(0, "AB", "replacement-1-answer", "");
    d.set(0, "AB", "replacement-count", "Х");
    assert_eq!(d.keys(), Vec::<String>::new());
}

#[test]
fn extra_sheets_are_bound_along_the_chain_of_links() {
    let mut d = drawn();
    let second = d.extra(21, "");
    let first = d.extra(20, &second);
    assert_eq!(d.keys(), ["unlinked/#20", "unlinked/#21"]);
    d.set(0, "C2", "link", &first);
    assert_eq!(d.keys(), Vec::<String>::new());
    let bound = d.run().bindings.pages;
    assert_eq!((bound[&page(20)].participant.as_str(), bound[&page(20)].extra), ("0001", 1));
    assert_eq!((bound[&page(21)].participant.as_str(), bound[&page(21)].extra), ("0001", 2));
}

#[test]
fn an_extra_sheet_claimed_twice_is_contested_and_a_link_to_nothing_is_missing() {
    let mut d = drawn();
    let extra = d.extra(20, "");
    d.set(0, "C2", "link", &extra);
    d.set(1, "C2", "link", &extra);
    assert_eq!(d.keys(), ["contested/#20"]);
    d.set(1, "C2", "link", &code("234", 555));
    assert_eq!(d.keys(), [format!("missing/0002/CX/{}", code("234", 555))]);
}

#[test]
fn a_loose_extra_sheet_waits_until_the_links_of_the_room_are_verified() {
    let mut d = drawn();
    d.extra(20, "");
    d.of(0, "C2").fields.get_mut("link").unwrap().waiting = true;
    assert!(!d.keys().iter().any(|k| k.starts_with("unlinked")));
}

/// What may be done to one sheet in the property below.
fn spoil(d: &mut Drawn, at: usize, how: u8) {
    let count = d.sheets.len();
    let sheet = &mut d.sheets[at % count];
    match how % 7 {
        0 => sheet.code = None,
        1 => sheet.state = PageState::Excluded,
        2 => sheet.state = PageState::SetAside,
        3 => sheet.form = None,
        4 => sheet.packet = d.packets[1].id,
        5 => sheet.bound = Some("0003".into()),
        _ => {
            let mut twin = sheet.clone();
            twin.page = PageId::derived(&["twin", &at.to_string(), &count.to_string()]);
            d.sheets.push(twin);
        }
    }
}

proptest! {
    #[test]
    fn reconciling_again_or_in_another_order_says_the_same(spoils in proptest::collection::vec((0usize..40, any::<u8>()), 0..8), turn in 0usize..18) {
        let mut d = drawn();
        for (at, how) in spoils {
            spoil(&mut d, at, how);
        }
        let first = d.run();
        let keys: BTreeSet<_> = first.troubles.iter().map(|t| t.key.clone()).collect();
        prop_assert_eq!(keys.len(), first.troubles.len(), "keys are unique");
        let turn = turn % d.sheets.len();
        d.sheets.rotate_left(turn);
        prop_assert_eq!(&d.run(), &first);
        // Every live page is bound, unplaced, foreign or a ledger: none is forgotten.
        let troubled: BTreeMap<_, _> = first.troubles.iter().filter_map(|t| t.page.map(|p| (p, ()))).collect();
        for sheet in d.sheets.iter().filter(|s| s.counts()) {
            let ledger = sheet.form.as_deref() == Some(LEDGER_FORM);
            prop_assert!(ledger || first.bindings.pages.contains_key(&sheet.page) || troubled.contains_key(&sheet.page));
        }
    }
}
