//! A drawn exam is packed, checked, damaged and checked again.

use super::*;
use ed25519_dalek::SigningKey;
use quick_xml::Reader;
use quick_xml::events::Event;
use rcoi_model::{BlobHash, FieldKind, Ground, Role};
use std::collections::HashMap;
use std::io::{self, Cursor, Read, Write};
use zip::ZipArchive;

struct Images(HashMap<String, Vec<u8>>);

impl ImageSource for Images {
    fn open(&mut self, image: &BlobHash) -> io::Result<Box<dyn Read>> {
        let bytes = self.0.get(image.as_str()).cloned();
        bytes.map(|b| Box::new(Cursor::new(b)) as Box<dyn Read>).ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such image"))
    }
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn field(name: &str, class: &str, value: &str, settled: SettledBy) -> PackagedField {
    PackagedField {
        name: name.to_owned(),
        class: class.to_owned(),
        kind: FieldKind::Cells,
        machine: value.to_owned(),
        confidence: 0.98765,
        value: value.to_owned(),
        settled,
    }
}

fn sheet(form: &str, code: &str, image: &BlobHash, page: u32) -> PackagedSheet {
    PackagedSheet {
        code: code.to_owned(),
        form: form.to_owned(),
        template: format!("ege-{}", form.to_lowercase()),
        participant: Some("01-0001".to_owned()),
        image: image.clone(),
        image_ending: "jpg".to_owned(),
        page,
        engine: "engine 1".to_owned(),
        fields: vec![
            field("surname", "person", "ИВАНОВ <&> \u{1}", SettledBy::Person(Role::Verifier)),
            field("answer-1", "answer", "42", SettledBy::Machine),
        ],
        correction: None,
    }
}

fn exam() -> (ExamPackage, Images) {
    let mut store = HashMap::new();
    let mut image = |text: &str| {
        let bytes = text.repeat(200).into_bytes();
        let hash = BlobHash::parse(&sums::sha256(&bytes)).unwrap();
        store.insert(hash.as_str().to_owned(), bytes);
        hash
    };
    let (a, b, c) = (image("first"), image("second"), image("third"));
    let packet = |room: &str, sheets| PackagedPacket {
        ppe: "0001".to_owned(),
        room: room.to_owned(),
        declared: 3,
        explained: vec!["лист испорчен".to_owned()],
        sheets,
    };
    let package = ExamPackage {
        exam: ExamFacts {
            region: "38".to_owned(),
            department: "00".to_owned(),
            subject: "01".to_owned(),
            subject_name: "Русский язык".to_owned(),
            test_type: "4".to_owned(),
            stage: "1".to_owned(),
            period: "main".to_owned(),
            date: jiff::civil::date(2026, 6, 4),
            form_kind: "01".to_owned(),
        },
        version: 1,
        packets: vec![
            packet("0102", vec![sheet("AB", "2310000000018", &c, 0)]),
            packet(
                "0101",
                vec![sheet("AB", "2310000000025", &b, 0), sheet("R", "2300000000017", &a, 0), sheet("C1", "2320000000019", &b, 1)],
            ),
        ],
    };
    (package, Images(store))
}

fn built(package: &ExamPackage, images: &mut Images) -> (Vec<u8>, Built) {
    let mut out = Cursor::new(Vec::new());
    let built = build(package, &key(7), images, &mut out).unwrap();
    (out.into_inner(), built)
}

fn faults(bytes: &[u8], seed: u8) -> Vec<String> {
    verify(Cursor::new(bytes), &key(seed).verifying_key()).unwrap_err().iter().map(ToString::to_string).collect()
}

const ROOM_101: &str = "38000141-01-000001-0101-20260604";

#[test]
fn a_package_is_named_signed_and_accepted() {
    let (package, mut images) = exam();
    let (bytes, built) = built(&package, &mut images);
    let verified = verify(Cursor::new(&bytes), &key(7).verifying_key()).unwrap();
    assert_eq!(verified.packets, [ROOM_101, "38000141-01-000001-0102-20260604"]);
    assert_eq!((verified.sheets, verified.version), (4, 1));
    assert_eq!((verified.sha256, verified.files), (built.sha256.clone(), built.files));
    assert_eq!(built.packets[0].images, 2, "two pages of one file are one image");
}

#[test]
fn the_same_state_gives_the_same_bytes_in_any_order() {
    let (mut package, mut images) = exam();
    let (first, _) = built(&package, &mut images);
    package.packets.reverse();
    package.packets.iter_mut().for_each(|p| p.sheets.reverse());
    let (second, _) = built(&package, &mut images);
    assert_eq!(first, second);
    package.packets[0].sheets[0].fields[1].value = "43".to_owned();
    assert_ne!(built(&package, &mut images).0, first);
}

#[test]
fn a_packet_taken_out_is_checked_alone() {
    let (package, mut images) = exam();
    let (bytes, _) = built(&package, &mut images);
    let inner = member(&bytes, &format!("packets/{ROOM_101}.zip"));
    assert_eq!(verify(Cursor::new(&inner), &key(7).verifying_key()).unwrap().packets, [ROOM_101]);
}

#[test]
fn a_changed_byte_of_an_image_names_the_image_and_its_packet() {
    let (package, mut images) = exam();
    let (mut bytes, _) = built(&package, &mut images);
    let at = bytes.windows(10).position(|w| w == b"firstfirst").unwrap();
    bytes[at + 3] ^= 1;
    let image = package.packets[1].sheets[1].image_name();
    assert_eq!(faults(&bytes, 7), [format!("packet {ROOM_101}, {image}: its contents have changed")]);
}

/// Every single byte of a package is covered: whichever is changed, the check fails.
#[test]
fn no_byte_can_be_changed_unseen() {
    let (mut package, mut images) = exam();
    package.packets.truncate(1);
    let (bytes, _) = built(&package, &mut images);
    for at in (0..bytes.len()).step_by(3) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        assert!(verify(Cursor::new(&changed), &key(7).verifying_key()).is_err(), "byte {at} of {}", bytes.len());
    }
}

#[test]
fn another_key_is_told_from_a_forged_list() {
    let (package, mut images) = exam();
    let (bytes, _) = built(&package, &mut images);
    let wrong = faults(&bytes, 8);
    assert!(wrong.iter().all(|f| f.contains("signed with key")), "{wrong:?}");
    assert_eq!(wrong.len(), 3, "the exam and both packets");
}

#[test]
fn missing_and_surplus_files_are_named() {
    let (package, mut images) = exam();
    let (bytes, _) = built(&package, &mut images);
    let names = |z: &[u8]| ZipArchive::new(Cursor::new(z)).unwrap().file_names().map(|n| n.unwrap().into_owned()).collect::<Vec<_>>();
    let lost = names(&bytes).into_iter().find(|n| n.contains("-0102-")).unwrap();
    let without = rewritten(&bytes, Some(&lost), None);
    assert!(faults(&without, 7).contains(&format!("{lost}: it is listed but missing")));
    let with = rewritten(&bytes, None, Some("extra.txt"));
    assert_eq!(faults(&with, 7), ["extra.txt: it is not listed in the sums"]);
}

#[test]
fn what_is_no_package_is_said_so() {
    assert!(faults(b"not a zip", 7)[0].starts_with("package: it cannot be read"));
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("a.txt", zip::write::SimpleFileOptions::default()).unwrap();
    let other = writer.finish().unwrap().into_inner();
    assert_eq!(faults(&other, 7), ["SHA256SUMS: not a package: it has no SHA256SUMS"]);
    let (package, mut images) = exam();
    let (bytes, _) = built(&package, &mut images);
    assert!(!faults(&bytes[..bytes.len() / 2], 7).is_empty());
}

#[test]
fn a_package_that_unpacks_without_end_is_refused() {
    let (package, mut images) = exam();
    let (bytes, _) = built(&package, &mut images);
    let tight = VerifyLimits { max_text: 100, ..VerifyLimits::default() };
    let found = verify_with(Cursor::new(&bytes), &key(7).verifying_key(), &tight).unwrap_err();
    assert!(found.iter().any(|f| f.kind == FaultKind::TooLarge { limit: 100 }), "{found:?}");
    let mut bomb = zip::ZipWriter::new(Cursor::new(Vec::new()));
    bomb.start_file("SHA256SUMS", zip::write::SimpleFileOptions::default()).unwrap();
    bomb.write_all(&vec![b'0'; 1 << 20]).unwrap();
    assert!(!faults(&bomb.finish().unwrap().into_inner(), 7).is_empty());
    let few = VerifyLimits { max_files: 2, ..VerifyLimits::default() };
    let found = verify_with(Cursor::new(&bytes), &key(7).verifying_key(), &few).unwrap_err();
    assert_eq!(found[0].kind, FaultKind::TooManyFiles { found: 5, limit: 2 });
}

#[test]
fn names_of_people_leave_only_with_the_registration_form() {
    let (package, mut images) = exam();
    let (bytes, _) = built(&package, &mut images);
    let xml = String::from_utf8(member(&member(&bytes, &format!("packets/{ROOM_101}.zip")), "sheets.xml")).unwrap();
    assert_eq!(xml.matches("ИВАНОВ &lt;&amp;&gt; \u{fffd}").count(), 2, "value and machine value of the form R alone");
    assert_eq!(xml.matches("name=\"answer-1\"").count(), 3);
}

/// Every sheet with a correction of the surname.
fn corrected(ground: Ground) -> (ExamPackage, Images) {
    let (mut package, images) = exam();
    let change = PackagedChange { field: "surname".to_owned(), old: "Петрова".to_owned(), new: "ЗУЕВА & СЫН".to_owned() };
    for sheet in package.packets.iter_mut().flat_map(|p| &mut p.sheets) {
        sheet.correction = Some(PackagedCorrection { ground: ground.clone(), settled: Role::Senior, changes: vec![change.clone()] });
    }
    (package, images)
}

#[test]
fn a_correction_of_the_register_says_old_new_and_ground_on_the_registration_form_alone() {
    let packet = |ground| {
        let (package, mut images) = corrected(ground);
        let (bytes, _) = built(&package, &mut images);
        member(&bytes, &format!("packets/{ROOM_101}.zip"))
    };
    let listed = packet(Ground::CorrectionList);
    let xml = String::from_utf8(member(&listed, "sheets.xml")).unwrap();
    let sheet = xml.split("<sheet ").find(|part| part.contains("<correction")).unwrap();
    assert!(sheet.starts_with("form=\"R\"") && xml.matches("<correction").count() == 1, "{xml}");
    let said = sheet.split("<correction ").nth(1).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    let expected = "ground=\"correction-list\" settled=\"senior\"> <change field=\"surname\"> <old>Петрова</old> \
                    <new>ЗУЕВА &amp; СЫН</new> </change> </correction>";
    assert!(said.starts_with(expected), "{said}");
    let manifest: serde_json::Value = serde_json::from_slice(&member(&listed, "manifest.json")).unwrap();
    assert_eq!(manifest["corrections"], 1);
    assert!(!manifest.to_string().contains("Петрова"), "names stay in the XML");
    let stated = packet(Ground::Stated { reason: "приказ <№ 7>".to_owned() });
    let xml = String::from_utf8(member(&stated, "sheets.xml")).unwrap();
    assert!(xml.contains("<reason>приказ &lt;№ 7&gt;</reason>"), "{xml}");
}

#[test]
fn the_xml_has_the_shape_of_its_schema() {
    let (package, mut images) = corrected(Ground::Stated { reason: "приказ".to_owned() });
    let (bytes, _) = built(&package, &mut images);
    let xml = member(&member(&bytes, &format!("packets/{ROOM_101}.zip")), "sheets.xml");
    let schema = include_str!("../../xsd/sheets-1.xsd");
    assert!(schema.contains(&format!("targetNamespace=\"{}\"", xml::NAMESPACE)));
    let mut reader = Reader::from_reader(xml.as_slice());
    let (mut path, mut buffer) = (Vec::<String>::new(), Vec::new());
    loop {
        match reader.read_event_into(&mut buffer).unwrap() {
            Event::Start(start) => {
                let name = start.name().as_ref().to_owned();
                let parent = path.last().map_or("", String::as_str);
                let fits = matches!(
                    (parent, name.as_str()),
                    ("", "packet")
                        | ("packet", "explained" | "sheet")
                        | ("sheet", "field" | "correction")
                        | ("field", "value" | "machine")
                        | ("correction", "reason" | "change")
                        | ("change", "old" | "new")
                );
                assert!(fits, "{name} inside {parent}");
                for attribute in start.attributes() {
                    let key = attribute.unwrap().key.as_ref().to_owned();
                    assert!(key == "xmlns" || schema.contains(&format!("<xs:attribute name=\"{key}\"")), "attribute {key} of {name}");
                }
                path.push(name);
            }
            Event::End(_) => assert!(path.pop().is_some()),
            Event::Eof => break,
            _ => {}
        }
        buffer.clear();
    }
    assert!(path.is_empty());
}

#[test]
fn bad_facts_are_named_before_anything_is_written() {
    let (mut package, mut images) = exam();
    package.packets[0].room = "A1".to_owned();
    assert_eq!(
        packet_name(&package.exam, &PackagedPacket { room: "12А".to_owned(), ..package.packets[0].clone() }).as_deref(),
        Ok("38000141-01-000001-012А-20260604")
    );
    let error = build(&package, &key(7), &mut images, Cursor::new(Vec::new())).unwrap_err().to_string();
    assert!(error.starts_with("packet 0001/A1 cannot be named"), "{error}");

    let (package, mut images) = exam();
    images.0.values_mut().for_each(|bytes| bytes[0] ^= 1);
    let error = build(&package, &key(7), &mut images, Cursor::new(Vec::new())).unwrap_err();
    assert!(matches!(error, BuildError::ImageChanged { .. }), "{error}");
}

/// Takes so many bytes, then the disk is full.
struct Small(usize);

impl Write for Small {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        match self.0.checked_sub(data.len()) {
            Some(left) => {
                self.0 = left;
                Ok(data.len())
            }
            None => Err(io::ErrorKind::StorageFull.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_told_from_every_other_fault_wherever_it_comes() {
    let (package, mut images) = exam();
    let whole = built(&package, &mut images).0.len();
    for room in (0..whole).step_by(211) {
        let error = build(&package, &key(7), &mut images, Small(room)).unwrap_err();
        assert!(error.is_disk_full(), "{room} of {whole} bytes: {error}");
    }
    assert!(build(&package, &key(7), &mut images, Small(whole)).is_ok());
    images.0.clear();
    assert!(!build(&package, &key(7), &mut images, io::sink()).unwrap_err().is_disk_full());
}

#[test]
fn entries_that_lie_over_one_another_are_refused() {
    let (package, mut images) = exam();
    let (bytes, _) = built(&package, &mut images);
    // Every entry of the directory is sent to the first packet: the archive would be read many times over.
    let mut greedy = bytes.clone();
    let heads: Vec<usize> = bytes.windows(4).enumerate().filter(|(_, w)| *w == b"PK\x01\x02").map(|(at, _)| at).collect();
    let outer = heads[heads.len() - 5..].to_vec();
    assert_eq!(outer.len(), 5, "two packets and three files");
    let first: Vec<u8> = bytes[outer[0] + 16..outer[0] + 28].to_vec();
    let extra = |at: usize| u16::from_le_bytes([bytes[at + 30], bytes[at + 31]]) as usize;
    for at in &outer[1..2] {
        assert_eq!(extra(*at), extra(outer[0]));
        greedy[at + 16..at + 28].copy_from_slice(&first);
        greedy[at + 42..at + 46].copy_from_slice(&bytes[outer[0] + 42..outer[0] + 46]);
    }
    assert!(faults(&greedy, 7)[0].contains("lie over one another"), "{:?}", faults(&greedy, 7));
}

#[test]
fn keys_go_to_pem_and_back() {
    let made = generate().unwrap();
    assert_ne!(made.to_bytes(), generate().unwrap().to_bytes());
    let (private, public) = (private_pem(&made).unwrap(), public_pem(&made.verifying_key()).unwrap());
    assert!(private.starts_with("-----BEGIN PRIVATE KEY-----") && public.starts_with("-----BEGIN PUBLIC KEY-----"));
    assert_eq!(load_private(&private).unwrap().to_bytes(), made.to_bytes());
    assert_eq!(load_public(&public).unwrap(), made.verifying_key());
    assert_eq!(load_public(&private), Err(KeyError::PrivateGiven));
    assert!(load_public("nonsense").is_err() && load_private(&public).is_err());
}

fn member(bytes: &[u8], name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    ZipArchive::new(Cursor::new(bytes)).unwrap().by_name(name).unwrap().read_to_end(&mut out).unwrap();
    out
}

/// The same archive without one member, or with one more.
fn rewritten(bytes: &[u8], without: Option<&str>, with: Option<&str>) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let file = archive.by_index_raw(index).unwrap();
        if without != Some(&*file.name().unwrap()) {
            writer.raw_copy_file(file).unwrap();
        }
    }
    if let Some(name) = with {
        writer.start_file(name, zip::write::SimpleFileOptions::default().last_modified_time(zip::DateTime::DEFAULT)).unwrap();
        writer.write_all(b"more").unwrap();
    }
    writer.finish().unwrap().into_inner()
}
