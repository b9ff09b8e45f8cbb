//! Files as the centre's own decoder sees them: JPEG, one-bit TIFF, a packet of many pages; and the bubble test.

use image::{GrayImage, Luma};
use rcoi_model::DoubtfulField;
use rcoi_recognize::source::{Limits, decode, page_count};
use rcoi_synth::{ExamSpec, FaxPage, Job, bubble_test, exam, fax_tiff, jpeg};
use std::collections::BTreeSet;

fn pattern(width: u32, height: u32, step: u32) -> GrayImage {
    GrayImage::from_fn(width, height, |x, y| Luma([if (x / step + y / (step + 2)).is_multiple_of(3) { 20 } else { 235 }]))
}

#[test]
fn fax_pages_come_back_pixel_by_pixel_in_their_order() {
    let pages =
        [pattern(200, 90, 7), GrayImage::from_pixel(33, 5, Luma([255])), pattern(2480, 61, 13), GrayImage::from_pixel(9, 9, Luma([0]))];
    let faxes: Vec<FaxPage> = pages.iter().map(|p| FaxPage::new(p, 128).expect("a page")).collect();
    let file = fax_tiff(&faxes, 300);
    assert_eq!(page_count(&file, &Limits::default()).expect("a TIFF"), 4);
    for (index, page) in (0..).zip(&pages) {
        let back = decode(&file, index, &Limits::default()).expect("a page");
        assert_eq!(back.gray.dimensions(), page.dimensions());
        assert!(page.pixels().zip(back.gray.pixels()).all(|(a, b)| (a.0[0] < 128) == (b.0[0] == 0)), "page {index}");
    }
}

#[test]
fn a_jpeg_states_its_resolution() {
    let back = decode(&jpeg(&pattern(1240, 1754, 9), 85, 300).expect("a JPEG"), 0, &Limits::default()).expect("a page");
    assert_eq!((back.gray.dimensions(), back.dpi.map(f32::round)), ((1240, 1754), Some(300.0)));
}

#[test]
fn a_room_in_one_file_has_as_many_pages_as_the_truth_says() {
    let spec = ExamSpec { points: 1, rooms: 2, participants: 2, fax_rooms: 1, ..ExamSpec::demo(4, jiff::civil::date(2027, 6, 3)) };
    let exam = exam(&spec);
    let packet = exam.jobs().into_iter().find(|j| j.source.ends_with("/packet.tif")).expect("a packet");
    let told: Vec<_> = exam.truth.pages.iter().filter(|p| p.source == packet.source).collect();
    let file = exam.draw(&packet).expect("a file");
    assert_eq!(page_count(&file, &Limits::default()).expect("a TIFF") as usize, told.len());
    let page = decode(&file, 0, &Limits::default()).expect("a page");
    assert_eq!(page.gray.dimensions(), (2480, 3508));
    let black = page.gray.pixels().filter(|p| p.0[0] == 0).count() as f64 / page.gray.len() as f64;
    assert!((0.005..0.3).contains(&black), "{black}");
}

#[test]
fn a_class_test_tells_every_answer_and_every_mark_that_a_person_must_settle() {
    let test = bubble_test(8, 30);
    assert_eq!((test.jobs().len(), test.truth.pages.len()), (30, 30));
    let doubtful: BTreeSet<&DoubtfulField> = test.truth.doubtful.iter().collect();
    let (mut single, mut blank, mut double) = (0, 0, 0);
    for page in &test.truth.pages {
        let student: String = (1..=8).map(|n| page.fields[&format!("student-{n}")].as_str()).collect();
        assert_eq!(page.participant.as_deref(), Some(student.as_str()));
        assert!(page.template == "bubble-100" && page.sheet_code.starts_with("236") && page.fields.contains_key("variant"));
        for question in 1..=100 {
            let field = format!("q-{question}");
            let value = page.fields.get(&field).map_or("", String::as_str);
            let doubt = doubtful.contains(&DoubtfulField { source: page.source.clone(), index: 0, field });
            match value.len() {
                0 => blank += 1,
                1 => single += 1,
                _ => double += 1,
            }
            assert!(value.len() <= 1 || doubt, "two marks are for people: {value}");
            assert!(value.len() != 1 || !doubt, "one mark is clear: {value}");
        }
    }
    // Of 3,000 questions: 4 % blank and a little more, 1.5 % double and a little more.
    assert!((80..260).contains(&blank) && (25..110).contains(&double) && single > 2600, "{blank} {double} {single}");
    assert!(!test.truth.doubtful.is_empty());
}

#[test]
fn a_class_test_is_drawn_the_same_again() {
    let (one, two) = (bubble_test(8, 2), bubble_test(8, 2));
    let job: Job = one.jobs().remove(1);
    let bytes = one.draw(&job).expect("a sheet");
    assert!(bytes == two.draw(&job).expect("a sheet"));
    assert!(bytes != bubble_test(9, 2).draw(&job).expect("a sheet"));
    assert_eq!(decode(&bytes, 0, &Limits::default()).expect("a picture").gray.dimensions(), (2480, 3508));
}
