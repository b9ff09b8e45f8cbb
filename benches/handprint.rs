//! Naming the 200 handprinted characters of a full page: the classifier alone, one thread.

use criterion::{Criterion, criterion_group, criterion_main};
use rcoi_recognize::GlyphClassifier as _;
use rcoi_recognize::glyph::{Glyph, INK_SIDE, SIDE};
use rcoi_recognize::handprint::Embedded;
use std::hint::black_box;

/// Strokes of a few characters in letter heights: plain ones that the small net settles.
const PLAIN: [&[&[(f32, f32)]]; 5] = [
    &[&[(0.0, 0.35), (0.3, 0.0), (0.3, 1.0)]],
    &[&[(0.0, 0.0), (0.6, 0.0), (0.2, 1.0)]],
    &[&[(0.0, 0.0), (0.0, 1.0)], &[(0.6, 0.0), (0.6, 1.0)], &[(0.0, 0.5), (0.6, 0.5)]],
    &[&[(0.0, 0.0), (0.0, 1.0), (0.9, 1.0), (0.9, 0.0)], &[(0.45, 0.0), (0.45, 1.0)]],
    &[&[(0.0, 1.0), (0.35, 0.0), (0.7, 1.0)], &[(0.15, 0.6), (0.55, 0.6)]],
];

fn drawn(lines: &[&[(f32, f32)]]) -> Glyph {
    let width = lines.iter().flat_map(|line| line.iter()).fold(0.0_f32, |most, point| most.max(point.0));
    let pen = 2.4;
    let scale = INK_SIDE - pen;
    let pixels = std::array::from_fn(|index| {
        let (x, y) = (((index % SIDE) as f32 - 13.5) / scale + width / 2.0, ((index / SIDE) as f32 - 13.5) / scale + 0.5);
        let far = lines.iter().flat_map(|line| line.windows(2)).fold(f32::MAX, |least, ends| {
            let (dx, dy) = (ends[1].0 - ends[0].0, ends[1].1 - ends[0].1);
            let t = (((x - ends[0].0) * dx + (y - ends[0].1) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
            least.min((x - ends[0].0 - t * dx).hypot(y - ends[0].1 - t * dy))
        });
        (pen / 2.0 + 0.5 - far * scale).clamp(0.0, 1.0)
    });
    Glyph { pixels, rel_height: 0.75, rel_width: (width + pen / scale) * 0.7, centre_y: 0.5 }
}

/// A glyph that no net is sure of: the same with half of another over it.
fn doubtful(a: &Glyph, b: &Glyph) -> Glyph {
    let mut mixed = a.clone();
    mixed.pixels.iter_mut().zip(&b.pixels).for_each(|(to, from)| *to = to.max(from * 0.55));
    mixed
}

fn handprint(criterion: &mut Criterion) {
    let model = Embedded::load().expect("the embedded model");
    let plain: Vec<Glyph> = PLAIN.iter().map(|lines| drawn(lines)).collect();
    let alphabet = "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ0123456789-,";
    let alphabets = vec![alphabet; 200];
    for (name, doubts) in [("plain", 0), ("one in five doubtful", 40), ("all doubtful", 200)] {
        let page: Vec<Glyph> = (0..200)
            .map(|k| {
                let glyph = &plain[k % plain.len()];
                if k * doubts / 200 != (k + 1) * doubts / 200 { doubtful(glyph, &plain[(k + 2) % plain.len()]) } else { glyph.clone() }
            })
            .collect();
        criterion.bench_function(&format!("200 characters, {name}"), |bencher| {
            bencher.iter(|| black_box(model.classify_within(black_box(&page), &alphabets)));
        });
    }
}

criterion_group! { name = benches; config = Criterion::default().sample_size(20); targets = handprint }
criterion_main!(benches);
