//! The engine against its floor: decoding a drawn sheet alone, and decoding and reading it, one thread, A4 at 300 dpi.

use criterion::{Criterion, criterion_group, criterion_main};
use image::{DynamicImage, ImageFormat};
use rcoi_recognize::source::{self, Limits};
use rcoi_recognize::{FormReader, Params};
use rcoi_synth::{FaxPage, bubble_test, demo_exam, fax_tiff};
use rcoi_template::builtin;
use std::hint::black_box;
use std::io::Cursor;

/// A filled form as files of the kinds that scanners make.
struct Input {
    name: &'static str,
    bytes: Vec<u8>,
}

fn inputs() -> Vec<Input> {
    let test = bubble_test(1, 1);
    let bubbles = test.jobs().first().map(|job| test.draw(job)).expect("one sheet").expect("a drawn sheet");
    let exam = demo_exam(1, jiff::civil::date(2027, 6, 3));
    let answers = exam.truth.pages.iter().find(|p| p.template == "ege-ab" && p.source.ends_with(".jpg") && p.fields.len() > 20);
    let source = &answers.expect("a form of short answers").source;
    let job = exam.jobs().into_iter().find(|job| &job.source == source).expect("its file");
    let answers = exam.draw(&job).expect("a drawn sheet");
    let gray = source::decode(&bubbles, 0, &Limits::default()).expect("a picture").gray;
    let fax = fax_tiff(&[FaxPage::new(&gray, 128).expect("a page")], 300);
    let mut png = Cursor::new(Vec::new());
    DynamicImage::ImageLuma8(gray).write_to(&mut png, ImageFormat::Png).expect("a png");
    vec![
        Input { name: "bubble-100 jpeg", bytes: bubbles },
        Input { name: "bubble-100 g4", bytes: fax },
        Input { name: "bubble-100 png", bytes: png.into_inner() },
        Input { name: "ege-ab jpeg", bytes: answers },
    ]
}

fn reading(criterion: &mut Criterion) {
    let reader = FormReader::new(builtin(), Params::default()).expect("the embedded model");
    let limits = Limits::default();
    let mut group = criterion.benchmark_group("reading");
    group.sample_size(20);
    for input in inputs() {
        group.bench_function(format!("{}: decode", input.name), |b| {
            b.iter(|| source::decode(black_box(&input.bytes), 0, &limits).expect("a picture"));
        });
        group.bench_function(format!("{}: decode and read", input.name), |b| {
            b.iter(|| reader.read_page(&source::decode(black_box(&input.bytes), 0, &limits).expect("a picture")));
        });
    }
    group.finish();
}

criterion_group!(benches, reading);
criterion_main!(benches);
