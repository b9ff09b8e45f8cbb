//! A pile as an enemy or a bad day would make it: each bad file gets one clear line, the good sheets go through.

mod common;

use common::{Ran, run};
use rcoi_model::PageState;
use rcoi_store::Store;
use rcoi_synth::{ExamSpec, exam};
use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Megabytes that no verb may exceed over this pile.
const MOST_MEMORY: u64 = 600;

/// File of the pile (or member of an archive), what its line says is wrong, what it says to do.
const BAD: [(&str, &str, &str); 13] = [
    ("a-empty.png", "the file is empty", "scan the sheet again"),
    ("b-half.png", "the png is cut short", "copy the file once more"),
    ("c-letter.tif", "the file looks like text", "take it out of the folder"),
    ("d-huge.png", "the page is 20000 x 20000 pixels, more than the limit", "scan the sheet again at 300 dpi"),
    ("e-bomb.zip/zeros.png", "more than the limit of 268435456", "split it into smaller files"),
    ("f-many.zip", "the archive unpacks to more than the limit", "pack fewer files into one archive"),
    ("g-names.zip/../../evil.png", "it leads out of the archive", "rename the file"),
    ("g-names.zip//etc/evil.png", "it is an absolute path", "rename the file"),
    ("h-claims.jpg", "the page is 65500 x 65500 pixels, more than the limit", "scan the sheet again at 300 dpi"),
    ("i-locked.pdf", "the pdf is protected by a password", "save it without the password"),
    ("j-garbage.pdf", "the pdf is damaged", "copy the file once more"),
    ("k-nested.zip/inner.zip", "an archive inside an archive", "unpack the inner archive first"),
    ("l-nothing.zip", "the archive holds no files", "pack the scans again"),
];

fn stored(method: CompressionMethod) -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(method)
}

fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(*name, stored(CompressionMethod::Deflated)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Two gigabytes of zeros in some megabytes.
fn bomb() -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("zeros.png", stored(CompressionMethod::Deflated).large_file(true)).unwrap();
    let step = vec![0; 1 << 20];
    (0..2048).for_each(|_| zip.write_all(&step).unwrap());
    zip.finish().unwrap().into_inner()
}

/// Fifty members of sixty megabytes each: every one harmless by itself.
fn many() -> Vec<u8> {
    let one = archive(&[("0.png", &vec![0; 60 << 20])]);
    let mut one = ZipArchive::new(Cursor::new(one)).unwrap();
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for n in 0..50 {
        zip.raw_copy_file_rename(one.by_index_raw(0).unwrap(), format!("{n}.png")).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A whole and valid picture of 20,000 × 20,000 black and white pixels.
fn huge_png() -> Vec<u8> {
    let line = [0_u8; 1 + 20_000 / 8];
    let raw = line.repeat(20_000);
    let packed = archive(&[("pixels", &raw)]);
    let mut packed = ZipArchive::new(Cursor::new(packed)).unwrap();
    let mut deflated = Vec::new();
    packed.by_index_raw(0).unwrap().read_to_end(&mut deflated).unwrap();
    // All bytes are zero: the first sum of Adler-32 stays 1, the second counts the bytes.
    let adler = ((raw.len() as u32 % 65_521) << 16) | 1;
    let pixels = [&[0x78, 0x01], deflated.as_slice(), &adler.to_be_bytes()].concat();
    let head = [&20_000_u32.to_be_bytes()[..], &20_000_u32.to_be_bytes(), &[1, 0, 0, 0, 0]].concat();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", &head), (b"IDAT", &pixels), (b"IEND", &Vec::new())] {
        png.extend((data.len() as u32).to_be_bytes());
        let body = [kind.as_slice(), data].concat();
        png.extend(&body);
        png.extend(crc32(&body).to_be_bytes());
    }
    png
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(!0_u32, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { (c >> 1) ^ 0xedb8_8320 } else { c >> 1 }))
}

/// A JPEG that says it has 65,500 × 65,500 pixels.
fn claims(jpeg: &[u8]) -> Vec<u8> {
    let mut out = jpeg.to_vec();
    let frame = out.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    for side in [frame + 5, frame + 7] {
        out[side..side + 2].copy_from_slice(&65_500_u16.to_be_bytes());
    }
    out
}

fn locked_pdf() -> Vec<u8> {
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>".to_owned(),
        format!("<< /Filter /Standard /V 2 /R 3 /Length 128 /P -44 /O <{}> /U <{}> >>", "5a".repeat(32), "a5".repeat(32)),
    ];
    let id = "00".repeat(16);
    pdf_of(&objects, &format!("/Encrypt 4 0 R /ID [<{id}> <{id}>]"))
}

/// A PDF of these objects, numbered from 1; `more` stands in its trailer.
fn pdf_of(objects: &[String], more: &str) -> Vec<u8> {
    let mut pdf = "%PDF-1.4\n".to_owned();
    let mut places = String::new();
    for (n, object) in objects.iter().enumerate() {
        places += &format!("{:010} 00000 n \n", pdf.len());
        pdf += &format!("{} 0 obj\n{object}\nendobj\n", n + 1);
    }
    let (list, size) = (pdf.len(), objects.len() + 1);
    pdf += &format!("xref\n0 {size}\n0000000000 65535 f \n{places}");
    pdf += &format!("trailer\n<< /Size {size} /Root 1 0 R {more} >>\nstartxref\n{list}\n%%EOF\n");
    pdf.into_bytes()
}

/// An exam of one person in one room, without any trouble.
fn small() -> ExamSpec {
    ExamSpec {
        points: 1,
        rooms: 1,
        participants: 1,
        extras: 0,
        removed: 0,
        not_finished: 0,
        absent: 0,
        duplicates: 0,
        foreign: 0,
        unreadable: 0,
        overruns: 0,
        corrected: 0,
        astray: 0,
        empty: 0,
        cancelled: 0,
        renamed: 0,
        slips: 0,
        faxed: 0,
        fax_rooms: 0,
        miscounted: 0,
        ..ExamSpec::demo(9, jiff::civil::date(2027, 6, 3))
    }
}

/// Draws the pile into a packet folder; gives the names of the two good sheets.
fn draw(folder: &Path) -> [&'static str; 2] {
    let exam = exam(&small());
    std::fs::write(folder.join("exam.json"), serde_json::to_vec(&exam.plan).unwrap()).unwrap();
    let packet = folder.join("pile/0001-0101");
    std::fs::create_dir_all(&packet).unwrap();
    let sheets: Vec<Vec<u8>> = exam.jobs().iter().take(3).map(|job| exam.draw(job).unwrap()).collect();
    let mut half = Vec::new();
    image::load_from_memory(&sheets[0]).unwrap().write_to(&mut Cursor::new(&mut half), image::ImageFormat::Png).unwrap();
    half.truncate(half.len() / 2);
    let letter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/hostile/letter.tif");
    let put = |name: &str, bytes: &[u8]| std::fs::write(packet.join(name), bytes).unwrap();
    put("a-empty.png", b"");
    put("b-half.png", &half);
    put("c-letter.tif", &std::fs::read(letter).unwrap());
    put("d-huge.png", &huge_png());
    put("e-bomb.zip", &bomb());
    put("f-many.zip", &many());
    put("g-names.zip", &archive(&[("../../evil.png", &half), ("/etc/evil.png", &half)]));
    put("h-claims.jpg", &claims(&sheets[0]));
    put("i-locked.pdf", &locked_pdf());
    put("j-garbage.pdf", b"%PDF-1.7\n\x01\x02 nothing of a page in here \xff\xfe\n%%EOF\n");
    put("k-nested.zip", &archive(&[("inner.zip", &archive(&[("a.png", b"x")]))]));
    put("l-nothing.zip", &archive(&[]));
    put("m-good.jpg", &sheets[1]);
    put("n-good.jpg", &sheets[2]);
    ["m-good.jpg", "n-good.jpg"]
}

/// Every bad file has one line that says what is wrong and what to do, and no other line is there.
fn each_has_its_line(ran: &Ran) {
    for (name, wrong, remedy) in BAD {
        let named = ran.lines_with(name);
        assert_eq!(named.len(), 1, "{name}:\n{}", ran.err);
        assert!(named[0].contains(wrong) && named[0].contains(remedy), "{name}: {}", named[0]);
    }
    assert!(ran.peak > 0 && ran.peak < MOST_MEMORY, "{} MB of memory", ran.peak);
}

#[test]
fn a_hostile_pile_gets_one_line_for_each_bad_file_and_the_good_sheets_go_through() {
    let folder = tempfile::tempdir().unwrap();
    let (data, pile) = (folder.path().join("data"), folder.path().join("pile"));
    let good = draw(folder.path());

    let read = run(&data, &["recognize", "--csv", &pile.to_string_lossy()]).ended(3);
    each_has_its_line(&read);
    assert_eq!(read.err.lines().count(), BAD.len() + 1, "one line each and the sum:\n{}", read.err);
    for name in good {
        assert!(read.out.lines().any(|line| line.contains(name) && line.contains("ege-")), "{name} is not read");
    }

    run(&data, &["exam", "import", &folder.path().join("exam.json").to_string_lossy()]).ended(0);
    for turn in 1..=2 {
        let taken = run(&data, &["ingest", &pile.to_string_lossy()]).ended(3);
        each_has_its_line(&taken);
        assert_eq!(taken.err.lines().count(), BAD.len(), "one line each in turn {turn}:\n{}", taken.err);
    }
    let pages = tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = Store::open(&format!("sqlite:{}", data.join("rcoi.db").display())).await.unwrap();
        let exam = store.exams().await.unwrap().remove(0).id;
        store.pages_of_exam(exam).await.unwrap()
    });
    let rows: BTreeMap<&str, _> = pages.iter().map(|p| (p.source.strip_prefix("0001-0101/").unwrap(), p)).collect();
    assert_eq!((pages.len(), rows.len()), (BAD.len() + good.len(), BAD.len() + good.len()), "{rows:?}");
    for (name, wrong, _) in BAD {
        let page = rows[name];
        assert_eq!(page.state, PageState::SetAside, "{name}");
        assert!(page.reason.as_deref().is_some_and(|r| r.contains(wrong)), "{name}: {:?}", page.reason);
    }
    assert!(good.iter().all(|name| rows[name].state == PageState::Read));
    let closing = run(&data, &["exam", "close"]).ended(3);
    assert_eq!(closing.lines_with("Undecodable").len(), BAD.len(), "the senior sees each:\n{}", closing.err);
}

/// A page that is painted by a program of fifteen hundred steps for each of its eight million pixels.
fn endless_pdf() -> Vec<u8> {
    let program = format!("{{ add {} 2000 div }}", "1 add 1 sub ".repeat(750));
    let shading = "<< /ShadingType 1 /ColorSpace /DeviceGray /Domain [0 595 0 842] /Function 5 0 R >>";
    let function = "/FunctionType 4 /Domain [0 595 0 842] /Range [0 1]";
    pdf_of(
        &[
            "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
            format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Shading << /S {shading} >> >> >>"),
            "<< /Length 5 >>\nstream\n/S sh\nendstream".to_owned(),
            format!("<< {function} /Length {} >>\nstream\n{program}\nendstream", program.len()),
        ],
        "",
    )
}

#[test]
fn a_page_that_takes_too_long_is_ended_and_named_and_the_other_sheets_go_through() {
    let folder = tempfile::tempdir().unwrap();
    let exam = exam(&small());
    let pile = folder.path().join("pile/0001-0101");
    std::fs::create_dir_all(&pile).unwrap();
    std::fs::write(pile.join("a-endless.pdf"), endless_pdf()).unwrap();
    std::fs::write(pile.join("b-good.jpg"), exam.draw(&exam.jobs()[1]).unwrap()).unwrap();
    std::fs::write(folder.path().join("exam.json"), serde_json::to_vec(&exam.plan).unwrap()).unwrap();
    let config = folder.path().join("rcoi.toml");
    std::fs::write(&config, "page_seconds = 4\n").unwrap();
    let (config, pile) = (config.to_string_lossy(), folder.path().join("pile").to_string_lossy().into_owned());
    let data = folder.path().join("data");

    let read = run(&data, &["--config", &config, "recognize", "--csv", &pile]).ended(3);
    assert!(read.out.lines().any(|line| line.contains("b-good.jpg") && line.contains("ege-")), "{}", read.out);
    run(&data, &["exam", "import", &folder.path().join("exam.json").to_string_lossy()]).ended(0);
    let taken = run(&data, &["--config", &config, "ingest", &pile]).ended(3);
    for ran in [&read, &taken] {
        let named = ran.lines_with("a-endless.pdf");
        assert!(named.len() == 1 && named[0].contains("чтение дольше 4 с прервано"), "{}", ran.err);
        assert!(ran.lines_with("b-good.jpg").is_empty(), "{}", ran.err);
    }
}

#[test]
fn a_template_with_a_wrong_kind_is_refused_with_file_line_field_and_what_was_expected() {
    let folder = tempfile::tempdir().unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/hostile/wrong-kind.toml");
    let told = run(folder.path(), &["template", "check", &file.to_string_lossy()]).ended(3);
    assert_eq!(told.err.lines().count(), 1, "only the kind is wrong:\n{}", told.err);
    for part in ["wrong-kind.toml:11", "answer", "`kind`", "expected", "code", "marks", "cells", "ink", "image", "bubbles"] {
        assert!(told.err.contains(part), "'{part}' is missing: {}", told.err);
    }
}
