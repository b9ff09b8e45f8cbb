//! The drawn exam: same seed same bytes, and the truth has exactly the people, sheets and troubles of the specification.

use jiff::civil::{Date, date};
use proptest::prelude::*;
use rayon::prelude::*;
use rcoi_model::{ActKind, CheckDigit, ExamTruth, Oddity, PageTruth};
use rcoi_synth::{DrawnExam, ExamSpec, Job, demo_exam, exam};
use std::collections::{BTreeMap, BTreeSet};

const DAY: Date = date(2027, 6, 3);

fn small(seed: u64) -> DrawnExam {
    exam(&ExamSpec { points: 1, rooms: 2, participants: 4, extras: 1, overruns: 1, corrected: 1, ..ExamSpec::demo(seed, DAY) })
}

fn is_stray(page: &PageTruth) -> bool {
    matches!(page.oddity, Some(Oddity::DuplicateScan | Oddity::ForeignSubject))
}

fn genuine<'t>(truth: &'t ExamTruth, template: &'t str) -> impl Iterator<Item = &'t PageTruth> {
    truth.pages.iter().filter(move |p| p.template == template && !is_stray(p))
}

fn with<'t>(truth: &'t ExamTruth, template: &'t str, field: &str) -> Vec<&'t PageTruth> {
    genuine(truth, template).filter(|p| p.fields.contains_key(field)).collect()
}

#[test]
fn the_demo_has_what_its_specification_names() {
    let exam = demo_exam(7, DAY);
    let (truth, plan) = (&exam.truth, &exam.plan);
    assert_eq!((plan.date, plan.rooms.len(), plan.participants.len()), (DAY, 8, 100));
    let acts = |kind| plan.acts.iter().filter(|a| a.kind == kind).count();
    assert_eq!((acts(ActKind::Removed), acts(ActKind::NotFinished)), (2, 1));
    // Three of a hundred are absent.
    let sheets = ["ege-r", "ege-ab", "ege-c1", "ege-c2", "ege-c-extra", "ppe-13-02"].map(|t| genuine(truth, t).count());
    assert_eq!((sheets, truth.pages.len()), ([97, 97, 97, 97, 10, 8], 408));
    assert_eq!((with(truth, "ege-r", "removed").len(), with(truth, "ege-r", "not-finished").len()), (2, 1));
    for oddity in [Oddity::DuplicateScan, Oddity::ForeignSubject, Oddity::UnreadableBarcode] {
        assert_eq!(truth.pages.iter().filter(|p| p.oddity == Some(oddity)).count(), 1, "{oddity:?}");
    }
}

#[test]
fn every_dishonest_writing_of_the_demo_is_told_as_one_that_a_person_must_settle() {
    let truth = demo_exam(7, DAY).truth;
    let pages: BTreeMap<(&str, u32), &PageTruth> = truth.pages.iter().map(|p| ((p.source.as_str(), p.index), p)).collect();
    let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
    for doubt in &truth.doubtful {
        let page = pages[&(doubt.source.as_str(), doubt.index)];
        let value = page.fields.get(&doubt.field).map_or("", String::as_str);
        let kind = match (doubt.field.as_str(), value.chars().count()) {
            ("code" | "code-vertical", _) => "bars",
            ("removed", 0) => "cancelled",
            (_, 0) => "struck out",
            (_, 18..) => "overflow",
            _ => "corrected",
        };
        *kinds.entry(kind).or_default() += 1;
        if kind == "struck out" {
            let number = doubt.field.trim_start_matches("answer-");
            assert_eq!(page.fields.get("replacement-1-number").map(String::as_str), Some(number), "{doubt:?} is replaced");
        }
    }
    assert_eq!(kinds, BTreeMap::from([("bars", 2), ("cancelled", 1), ("corrected", 4), ("overflow", 3), ("struck out", 4)]));
}

#[test]
fn empty_forms_are_signed_and_say_nothing() {
    let truth = demo_exam(2, DAY).truth;
    let empty: Vec<_> = genuine(&truth, "ege-ab").filter(|p| !p.fields.keys().any(|f| f.starts_with("answer-"))).collect();
    assert_eq!(empty.len(), 2);
    for page in empty {
        assert_eq!(page.fields.get("replacement-count").map(String::as_str), Some("Х"));
        assert!(page.fields.contains_key("signature"));
        let texts = truth.pages.iter().filter(|p| p.participant == page.participant && p.fields.contains_key("text"));
        assert_eq!(texts.count(), 0);
    }
}

#[test]
fn one_room_comes_as_one_file_and_some_sheets_as_one_bit_files() {
    let exam = demo_exam(9, DAY);
    let tiffs: Vec<&PageTruth> = exam.truth.pages.iter().filter(|p| p.source.ends_with(".tif")).collect();
    let (packet, single): (Vec<&PageTruth>, Vec<_>) = tiffs.iter().copied().partition(|p| p.source.ends_with("/packet.tif"));
    assert!(single.iter().all(|p| p.index == 0 && p.template == "ege-ab") && single.len() <= 3 && !single.is_empty());
    let folders: BTreeSet<_> = packet.iter().filter_map(|p| p.source.split('/').next()).collect();
    assert_eq!(folders.len(), 1);
    assert!(packet.iter().enumerate().all(|(i, p)| p.index as usize == i) && packet.len() > 40);
    assert_eq!(exam.jobs().len(), exam.truth.pages.len() - packet.len() + 1);
}

#[test]
fn every_code_obeys_gs1_and_belongs_to_one_sheet() {
    let truth = demo_exam(3, DAY).truth;
    let mut codes = BTreeSet::new();
    for page in truth.pages.iter().filter(|p| p.oddity != Some(Oddity::DuplicateScan)) {
        assert!(CheckDigit::Gs1.accepts(&page.sheet_code) && page.sheet_code.len() == 13, "{}", page.sheet_code);
        assert!(codes.insert(page.sheet_code.clone()), "{} twice", page.sheet_code);
    }
}

#[test]
fn every_extra_sheet_is_announced_by_one_second_sheet() {
    let truth = demo_exam(5, DAY).truth;
    for extra in genuine(&truth, "ege-c-extra") {
        let announcing: Vec<_> = genuine(&truth, "ege-c2").filter(|p| p.fields.get("link") == Some(&extra.sheet_code)).collect();
        assert_eq!(announcing.len(), 1);
        assert_eq!(announcing[0].participant, extra.participant);
    }
}

#[test]
fn the_same_seed_and_day_give_the_same_bytes_whatever_the_order_and_the_threads() {
    let (one, two) = (small(11), small(11));
    assert_eq!((&one.truth, &one.plan), (&two.truth, &two.plan));
    let jobs = one.jobs();
    let draw = |exam: &DrawnExam, job: &Job| exam.draw(job).expect("a file");
    let alone: Vec<Vec<u8>> = jobs.iter().map(|job| draw(&one, job)).collect();
    let threads = rayon::ThreadPoolBuilder::new().num_threads(4).build().expect("threads");
    let together: Vec<Vec<u8>> = threads.install(|| jobs.par_iter().rev().map(|job| draw(&two, job)).collect());
    for ((job, a), b) in jobs.iter().zip(&alone).zip(together.iter().rev()) {
        assert!(a == b, "{} differs", job.source);
    }
}

#[test]
fn another_seed_or_another_day_gives_other_bytes() {
    let (one, other) = (small(11), small(12));
    assert_ne!(one.truth.pages, other.truth.pages);
    let later = exam(&ExamSpec { date: date(2027, 6, 4), ..ExamSpec::demo(11, DAY) });
    let same_day = exam(&ExamSpec::demo(11, DAY));
    assert_eq!(later.jobs(), same_day.jobs());
    // The day is printed on ledgers and registration forms, not on the forms of answers.
    let [ledger, _, answers, ..] = &same_day.jobs()[..] else { panic!("a room") };
    assert_ne!(later.draw(ledger).ok(), same_day.draw(ledger).ok());
    assert_eq!(later.draw(answers).ok(), same_day.draw(answers).ok());
}

#[test]
fn a_file_of_another_exam_is_refused_by_name() {
    let error = small(1).draw(&Job { source: "9999-0101/x.jpg".to_owned() }).err().map(|e| e.to_string());
    assert!(error.is_some_and(|e| e.contains("9999-0101/x.jpg")));
}

fn specs() -> impl Strategy<Value = ExamSpec> {
    let sizes = (any::<u64>(), 1..4u32, 1..7u32, 0..60u32);
    let odd = (0..6u32, 0..4u32, 0..3u32, 0..4u32, 0..3u32, 0..3u32, 0..3u32);
    let more = (0..3u32, 0..4u32, 0..4u32, 0..3u32, 0..3u32, 0..4u32, 0..3u32);
    let persons = (0..4u32, 0..4u32);
    (sizes, odd, more, persons).prop_map(|((seed, points, rooms, participants), odd, more, persons)| ExamSpec {
        seed,
        date: DAY,
        points,
        rooms,
        participants,
        extras: odd.0,
        removed: odd.1,
        not_finished: odd.2,
        absent: odd.3,
        duplicates: odd.4,
        foreign: odd.5,
        unreadable: odd.6,
        miscounted: more.0,
        overruns: more.1,
        corrected: more.2,
        astray: more.2,
        empty: more.3,
        cancelled: more.4,
        faxed: more.5,
        fax_rooms: more.6,
        renamed: persons.0,
        slips: persons.1,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn counts_agree_for_every_exam(spec in specs()) {
        let DrawnExam { plan, truth, .. } = exam(&spec);
        // Oddities are given out in this order as long as there are people.
        let mut left = spec.participants;
        let mut share = |wanted: u32| { let got = wanted.min(left); left -= got; got as usize };
        let [absent, removed, not_finished, extras, duplicates] =
            [spec.absent, spec.removed, spec.not_finished, spec.extras, spec.duplicates].map(&mut share);
        let came = spec.participants as usize - absent;
        prop_assert_eq!(plan.participants.len(), spec.participants as usize);
        prop_assert_eq!(plan.rooms.len(), spec.rooms.max(spec.points) as usize);
        for template in ["ege-r", "ege-ab", "ege-c1", "ege-c2"] {
            prop_assert_eq!(genuine(&truth, template).count(), came, "{}", template);
        }
        prop_assert_eq!(genuine(&truth, "ege-c-extra").count(), extras);
        prop_assert_eq!(genuine(&truth, "ppe-13-02").count(), plan.rooms.len());
        let strays = |oddity| truth.pages.iter().filter(|p| p.oddity == Some(oddity)).count();
        prop_assert_eq!(strays(Oddity::DuplicateScan), duplicates);
        prop_assert_eq!(strays(Oddity::ForeignSubject), spec.foreign as usize);
        prop_assert_eq!(with(&truth, "ege-r", "removed").len(), removed);
        prop_assert_eq!(with(&truth, "ege-r", "not-finished").len(), not_finished);
        prop_assert_eq!(plan.acts.len(), removed + not_finished);
    }

    #[test]
    fn rooms_declare_what_their_ledgers_count_but_for_the_miscounted_ones(spec in specs()) {
        let DrawnExam { plan, truth, .. } = exam(&spec);
        let (mut wrong, mut seated) = (0, 0);
        for room in &plan.rooms {
            let folder = format!("{}-{}/", room.ppe, room.room);
            let pages: Vec<&PageTruth> = truth.pages.iter().filter(|p| p.source.starts_with(&folder) && !is_stray(p)).collect();
            let ledger = pages.iter().find(|p| p.template == "ppe-13-02").expect("a ledger");
            let told = |field: &str| ledger.fields.get(field).and_then(|v| v.parse::<usize>().ok()).unwrap_or(usize::MAX);
            let of = |template: &str| pages.iter().filter(|p| p.template == template).count();
            prop_assert_eq!(told("came") + told("absent"), told("seated"));
            prop_assert_eq!((told("count-r"), told("count-ab"), told("count-cx")), (of("ege-r"), of("ege-ab"), of("ege-c-extra")));
            seated += told("seated");
            wrong += usize::from(room.declared_sheets as usize != pages.len());
        }
        prop_assert_eq!(seated, spec.participants as usize);
        prop_assert_eq!(wrong, (spec.miscounted as usize).min(plan.rooms.len()));
    }

    #[test]
    fn a_form_differs_from_the_register_where_the_truth_says_so_and_nowhere_else(spec in specs()) {
        let DrawnExam { plan, truth, .. } = exam(&spec);
        let came = (spec.participants - spec.absent.min(spec.participants)) as usize;
        prop_assert_eq!(truth.persons.len(), ((spec.renamed + spec.slips) as usize).min(came));
        prop_assert_eq!(truth.persons.iter().filter(|p| p.listed).count(), (spec.renamed as usize).min(came));
        for page in genuine(&truth, "ege-r") {
            let person = plan.participants.iter().find(|p| Some(&p.code) == page.participant.as_ref()).expect("a participant");
            let register = [
                ("surname", &person.surname),
                ("name", &person.name),
                ("patronymic", &person.patronymic),
                ("document-series", &person.document_series),
                ("document-number", &person.document_number),
            ];
            let differs: BTreeMap<String, String> = register
                .into_iter()
                .filter(|(field, known)| page.fields.get(*field) != Some(known))
                .map(|(field, _)| (field.to_owned(), page.fields.get(field).cloned().unwrap_or_default()))
                .collect();
            let told = truth.persons.iter().find(|p| p.participant == person.code).map(|p| p.fields.clone()).unwrap_or_default();
            prop_assert_eq!(differs, told);
        }
    }

    #[test]
    fn people_unlike_the_register_change_nobody_else_s_sheet(spec in specs()) {
        let (with, without) = (exam(&spec), exam(&ExamSpec { renamed: 0, slips: 0, ..spec }));
        let odd: BTreeSet<&str> = with.truth.persons.iter().map(|p| p.participant.as_str()).collect();
        for (a, b) in with.truth.pages.iter().zip(&without.truth.pages) {
            let own = a.template == "ege-r" && a.participant.as_deref().is_some_and(|p| odd.contains(p));
            prop_assert!(own || a == b, "{}", a.source);
        }
    }

    #[test]
    fn every_page_of_every_file_is_told_once_and_doubts_point_at_pages(spec in specs()) {
        let exam = exam(&spec);
        let pages: BTreeSet<_> = exam.truth.pages.iter().map(|p| (p.source.as_str(), p.index)).collect();
        prop_assert_eq!(pages.len(), exam.truth.pages.len());
        prop_assert_eq!(exam.jobs().iter().map(|j| &j.source).collect::<BTreeSet<_>>().len(), exam.jobs().len());
        prop_assert!(exam.truth.doubtful.iter().all(|d| pages.contains(&(d.source.as_str(), d.index))));
        let packets = exam.jobs().iter().filter(|j| j.source.ends_with("/packet.tif")).count();
        let rooms = exam.plan.rooms.len();
        prop_assert_eq!(packets, (spec.fax_rooms as usize).min(rooms - rooms.min(spec.miscounted as usize)));
    }
}
