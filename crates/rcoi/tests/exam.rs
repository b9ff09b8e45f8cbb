//! A small drawn exam from files to a package with the real engine; what the package says is held against the truth.

mod common;

use common::drawn::{PEOPLE, SEED, drawn, write_input};
use common::{Ran, Seeded, demo_package, run, start_command, verify};
use quick_xml::Reader;
use quick_xml::events::Event;
use rcoi_model::{ExamTruth, Oddity, PageTruth};
use rcoi_synth::DrawnExam;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};
use std::path::Path;
use std::process::Command;

#[test]
fn a_drawn_exam_becomes_a_package_that_holds_what_was_written_and_shows_every_change() {
    let folder = tempfile::tempdir().unwrap();
    let (data, demo) = (folder.path(), folder.path().join("demo"));
    let input = demo.join("input");
    let exam = drawn();
    let sums = write_input(&exam, &input);

    run(&demo, &["exam", "import", &input.join("exam.json").to_string_lossy()]).ended(0);
    run(&demo, &["exam", "close"]).ended(3);
    run(&demo, &["ingest", &input.join("packets").to_string_lossy()]).ended(0);
    closing_names_every_oddity(&run(&demo, &["exam", "close"]).ended(3), &exam.truth);
    let early = run(&demo, &["exam", "package", "-o", &demo.join("early.zip").to_string_lossy()]).ended(1);
    assert!(early.err.contains("закрыть"), "{}", early.err);
    assert!(!demo.join("early.zip").exists());

    run(data, &["demo", "--robot", "--seed", &SEED.to_string(), "--participants", &PEOPLE.to_string()]).ended(0);
    let package = demo_package(&demo);
    verify(&demo, &package).ended(0);
    let bytes = std::fs::read(&package).unwrap();
    the_package_holds_the_truth(&bytes, &sums, &exam);

    a_full_disk_leaves_no_package(&demo, &bytes);
    let again = demo.join("again.zip");
    run(&demo, &["exam", "package", "-o", &again.to_string_lossy()]).ended(0);
    assert!(std::fs::read(&again).unwrap() == bytes, "made twice, the package has the same bytes");
    every_change_is_named(&demo, &bytes);
}

fn closing_names_every_oddity(refusal: &Ran, truth: &ExamTruth) {
    for block in ["полей ждут верификации", "нештатных листов ждут"] {
        assert_eq!(refusal.lines_with(block).len(), 1, "{}", refusal.err);
    }
    for (oddity, trouble) in
        [(Oddity::DuplicateScan, "DuplicateCode"), (Oddity::ForeignSubject, "ForeignSheet"), (Oddity::UnreadableBarcode, "CodeUnreadable")]
    {
        let page = truth.pages.iter().find(|p| p.oddity == Some(oddity)).unwrap();
        let named = refusal.lines_with(&page.source);
        assert!(named.iter().any(|line| line.contains(trouble)), "{oddity:?} of {} is not named:\n{}", page.source, refusal.err);
    }
}

/// One field of the package.
#[derive(Debug, Default)]
struct Sent {
    image: String,
    name: String,
    settled: String,
    value: String,
}

fn the_package_holds_the_truth(package: &[u8], truths: &BTreeMap<String, PageTruth>, exam: &DrawnExam) {
    let packet = member(package, |name| name.starts_with("packets/"));
    let manifest: serde_json::Value = serde_json::from_slice(&member(&packet, |name| name == "manifest.json")).unwrap();
    let explained = manifest["explained"].as_array().unwrap();
    assert!(explained.iter().any(|e| e.as_str().unwrap().starts_with("count/")), "the miscounted room was explained: {explained:?}");
    let odd = exam.truth.pages.iter().filter(|p| matches!(p.oddity, Some(Oddity::DuplicateScan | Oddity::ForeignSubject))).count();
    assert_eq!(manifest["sheets"].as_u64(), Some((exam.truth.pages.len() - odd) as u64), "all but the second scan and the foreign sheet");

    let xml = member(&packet, |name| name == "sheets.xml");
    the_register_is_corrected_as_the_points_listed(&xml, &manifest, exam);
    let fields = fields(&xml);
    let (mut by_people, mut wrong_by_machine, mut filled) = (0, 0, 0);
    for field in &fields {
        let sum = field.image.trim_start_matches("images/").split('.').next().unwrap_or_default();
        let truth = &truths[sum];
        let expected = truth.fields.get(&field.name).map_or("", String::as_str);
        filled += u32::from(!expected.is_empty());
        if field.settled == "machine" {
            wrong_by_machine += u32::from(field.value != expected);
        } else {
            by_people += 1;
            assert_eq!(field.value, expected, "{} of {}, settled by a {}", field.name, truth.source, field.settled);
        }
    }
    assert!(by_people > 10 && filled > 200, "{by_people} fields of people, {filled} filled: too few to prove anything");
    assert!(wrong_by_machine * 50 <= filled, "{wrong_by_machine} of {filled} filled fields are wrong and nobody was asked");
}

/// What the points listed goes to the federal level field by field; a slip of the pen is explained and corrects nothing.
fn the_register_is_corrected_as_the_points_listed(xml: &[u8], manifest: &serde_json::Value, exam: &DrawnExam) {
    let (listed, slips): (Vec<_>, Vec<_>) = exam.truth.persons.iter().partition(|p| p.listed);
    assert!(!listed.is_empty() && !slips.is_empty());
    assert_eq!(manifest["corrections"].as_u64(), Some(listed.len() as u64));
    let sent = corrections(xml);
    assert_eq!(sent.iter().map(|c| &c.participant).collect::<BTreeSet<_>>(), listed.iter().map(|p| &p.participant).collect());
    for person in listed {
        let registered = exam.plan.participants.iter().find(|p| p.code == person.participant).unwrap();
        let expected: BTreeMap<String, (String, String)> = person
            .fields
            .iter()
            .map(|(field, new)| {
                let old = match field.as_str() {
                    "surname" => &registered.surname,
                    "document-number" => &registered.document_number,
                    other => panic!("{other} is drawn and not told here"),
                };
                (field.clone(), (old.clone(), new.clone()))
            })
            .collect();
        let own: Vec<_> = sent.iter().filter(|c| c.participant == person.participant).collect();
        assert_eq!((own.len(), own[0].form.as_str(), own[0].ground.as_str()), (1, "R", "correction-list"));
        assert_eq!(own[0].changes, expected);
    }
    let explained = manifest["explained"].to_string();
    for person in &exam.truth.persons {
        let kept = explained.contains(&format!("person/{}/", person.participant));
        assert_eq!(kept, !person.listed, "{explained}");
        assert!(person.fields.values().all(|name| !manifest.to_string().contains(name.as_str())), "names stay in the XML");
    }
}

/// One correction of the package: field → old and new.
#[derive(Debug, Default)]
struct Corrected {
    form: String,
    participant: String,
    ground: String,
    changes: BTreeMap<String, (String, String)>,
}

fn corrections(xml: &[u8]) -> Vec<Corrected> {
    let text = std::str::from_utf8(xml).unwrap();
    let attribute = |part: &str, key: &str| {
        let from = part.split_once(&format!(" {key}=\"")).map(|(_, rest)| rest);
        from.and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned()
    };
    let inside = |part: &str, tag: &str| {
        let from = part.split_once(&format!("<{tag}>")).map(|(_, rest)| rest);
        from.and_then(|rest| rest.split('<').next()).unwrap_or_default().to_owned()
    };
    let sheets = text.split("<sheet ").skip(1).filter_map(|sheet| {
        let (_, said) = sheet.split_once("<correction")?;
        let head = format!(" {sheet}");
        let changes = said.split("<change").skip(1).map(|c| (attribute(c, "field"), (inside(c, "old"), inside(c, "new")))).collect();
        Some(Corrected {
            form: attribute(&head, "form"),
            participant: attribute(&head, "participant"),
            ground: attribute(said, "ground"),
            changes,
        })
    });
    sheets.collect()
}

fn fields(xml: &[u8]) -> Vec<Sent> {
    let mut reader = Reader::from_reader(xml);
    let (mut out, mut now, mut image, mut buffer) = (Vec::new(), None::<Sent>, String::new(), Vec::new());
    let mut in_value = false;
    loop {
        match reader.read_event_into(&mut buffer).unwrap() {
            Event::Start(start) => {
                let attribute = |key: &str| {
                    let found = start.attributes().flatten().find(|a| a.key.as_ref() == key);
                    found.map(|a| a.value.to_string()).unwrap_or_default()
                };
                match start.name().as_ref() {
                    "sheet" => image = attribute("image"),
                    "field" => {
                        now = Some(Sent {
                            image: image.clone(),
                            name: attribute("name"),
                            settled: attribute("settled"),
                            value: String::new(),
                        });
                    }
                    "value" => in_value = true,
                    _ => {}
                }
            }
            Event::Text(text) if in_value => now.as_mut().unwrap().value.push_str(&text),
            Event::End(end) => match end.name().as_ref() {
                "value" => in_value = false,
                "field" => out.extend(now.take()),
                _ => {}
            },
            Event::Eof => return out,
            _ => {}
        }
        buffer.clear();
    }
}

/// The disk takes a part of the package and no more: a clear error, and no half of it anywhere.
fn a_full_disk_leaves_no_package(demo: &Path, whole: &[u8]) {
    let blobs = || walkdir::WalkDir::new(demo.join("blobs")).into_iter().flatten().filter(|e| e.file_type().is_file());
    let made = blobs().find(|e| e.metadata().unwrap().len() == whole.len() as u64).unwrap();
    std::fs::remove_file(made.path()).unwrap();
    let before: Vec<_> = blobs().map(|e| e.path().to_owned()).filter(|p| !p.ends_with("door") && !p.ends_with(".rcoi-blobs")).collect();
    let mut shell = Command::new("bash");
    // Blocks of 1024 bytes; the signal is ignored, so that writing fails as on a full disk.
    let limit = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", whole.len() / 1024 / 2);
    shell.args(["-c", &limit, "limited", env!("CARGO_BIN_EXE_rcoi")]);
    let target = demo.join("full.zip");
    let full = start_command(shell, demo, &["exam", "package", "-o", &target.to_string_lossy()]).wait().ended(1);
    assert!(full.err.contains("the disk is full") && full.err.contains("free some space"), "{}", full.err);
    assert!(!target.exists());
    let after: Vec<_> = blobs().map(|e| e.path().to_owned()).filter(|p| !p.ends_with("door") && !p.ends_with(".rcoi-blobs")).collect();
    assert_eq!(after, before, "nothing half-made stays");
}

fn every_change_is_named(demo: &Path, bytes: &[u8]) {
    let (mut seeded, changed) = (Seeded(7), demo.join("changed.zip"));
    let at_image = bytes.windows(3).position(|w| w == [0xff, 0xd8, 0xff]).unwrap() + 5000;
    let places = std::iter::once(at_image as u64).chain((0..5).map(|_| seeded.below(bytes.len() as u64)));
    for (turn, at) in places.enumerate() {
        let mut other = bytes.to_vec();
        other[at as usize] ^= 1;
        std::fs::write(&changed, &other).unwrap();
        let told = verify(demo, &changed).ended(3);
        assert!(!told.err.trim().is_empty(), "byte {at} was changed and nothing is named");
        if turn == 0 {
            let named = told.err.lines().next().unwrap_or_default();
            assert!(named.contains("packet 02000111-06-000001-0101-") && named.contains("images/") && named.contains("changed"), "{named}");
        }
    }
}

fn member(zip: &[u8], fits: impl Fn(&str) -> bool) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    let at = (0..archive.len()).find(|i| fits(&archive.name_for_index(*i).unwrap().unwrap())).unwrap();
    let mut bytes = Vec::new();
    archive.by_index(at).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}
