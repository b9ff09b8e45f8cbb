//! The engine against its floor: decoding a drawn sheet alone, and decoding and reading it, one thread, A4 at 300 dpi.

use criterion::{Criterion, criterion_group};
use image::{DynamicImage, ImageFormat};
use rcoi_recognize::source::{self, Limits};
use rcoi_recognize::{FormReader, Params};
use rcoi_synth::{FaxPage, bubble_test, demo_exam, fax_tiff};
use rcoi_template::builtin;
use std::hint::black_box;
use std::io::Cursor;
use std::time::{Duration, Instant};

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

fn reader() -> FormReader {
    FormReader::new(builtin(), Params::default()).expect("the embedded model")
}

/// The two things that are measured.
fn decode(bytes: &[u8]) {
    black_box(source::decode(black_box(bytes), 0, &Limits::default()).expect("a picture"));
}

fn decode_and_read(reader: &FormReader, bytes: &[u8]) {
    let picture = source::decode(black_box(bytes), 0, &Limits::default()).expect("a picture");
    black_box(reader.read_page(&picture));
}

fn reading(criterion: &mut Criterion) {
    let reader = reader();
    let mut group = criterion.benchmark_group("reading");
    group.sample_size(20);
    for input in inputs() {
        group.bench_function(format!("{}: decode", input.name), |b| b.iter(|| decode(&input.bytes)));
        group.bench_function(format!("{}: decode and read", input.name), |b| b.iter(|| decode_and_read(&reader, &input.bytes)));
    }
    group.finish();
}

/// Pairs of measurements for one ratio.
const ROUNDS: usize = 60;

fn time(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

/// Floor and engine in turns, so that what else the machine does falls on both; the quickest of each counts.
fn ratios() {
    let reader = reader();
    println!("\n{:<16} {:>9} {:>9} {:>9} {:>7}   quickest of {ROUNDS}", "", "decode", "with read", "read", "ratio");
    for input in inputs() {
        let (mut floor, mut both) = (Duration::MAX, Duration::MAX);
        for _ in 0..ROUNDS {
            floor = floor.min(time(|| decode(&input.bytes)));
            both = both.min(time(|| decode_and_read(&reader, &input.bytes)));
        }
        let ms = |d: Duration| d.as_secs_f64() * 1e3;
        let (floor, both) = (ms(floor), ms(both));
        println!("{:<16} {floor:>6.2} ms {both:>6.2} ms {:>6.2} ms {:>7.3}", input.name, both - floor, both / floor);
    }
}

/// Pages of a pile that one and two threads work off.
const PILE: usize = 40;

/// How much more two threads do than one.
fn threads() {
    let reader = reader();
    let inputs = inputs();
    let pile = |pages: usize| (0..pages).for_each(|i| decode_and_read(&reader, &inputs[i % inputs.len()].bytes));
    let (mut one, mut two) = (Duration::MAX, Duration::MAX);
    for _ in 0..5 {
        one = one.min(time(|| pile(PILE)));
        let both = || {
            std::thread::scope(|scope| {
                scope.spawn(|| pile(PILE));
                pile(PILE);
            });
        };
        two = two.min(time(both));
    }
    let rate = |pages: usize, d: Duration| pages as f64 / d.as_secs_f64();
    let (one, two) = (rate(PILE, one), rate(2 * PILE, two));
    println!("one thread {one:.1} pages/s, two {two:.1}: {:.2} times", two / one);
}

criterion_group!(benches, reading);

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    // A filter, a test run or a profile asks for single benches only.
    if std::env::args().skip(1).all(|a| a == "--bench") {
        ratios();
        threads();
    }
}
