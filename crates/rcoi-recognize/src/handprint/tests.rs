//! The embedded model on drawn glyphs: it reads plain ones, refuses noise and does not depend on the batch.

use super::{Embedded, ModelError, half};
use crate::glyph::{Glyph, GlyphClassifier, INK_SIDE, SIDE};

/// Draws polylines given in letter heights (x right, y down, the letter is 1 high) as a pen of `width` pixels does,
/// centred by mass. `scale` = pixels per letter height; `middle` = height of its middle in the cell.
fn drawn(lines: &[&[(f32, f32)]], width: f32, middle: f32) -> Glyph {
    let points = || lines.iter().flat_map(|line| line.iter());
    let (left, right) = points().fold((f32::MAX, f32::MIN), |(a, b), p| (a.min(p.0), b.max(p.0)));
    let (top, bottom) = points().fold((f32::MAX, f32::MIN), |(a, b), p| (a.min(p.1), b.max(p.1)));
    let ink = |x: f32, y: f32| -> f32 {
        let distance = lines
            .iter()
            .flat_map(|line| line.windows(2))
            .map(|ends| {
                let (dx, dy) = (ends[1].0 - ends[0].0, ends[1].1 - ends[0].1);
                let along = ((x - ends[0].0) * dx + (y - ends[0].1) * dy) / (dx * dx + dy * dy).max(1e-6);
                let t = along.clamp(0.0, 1.0);
                (x - ends[0].0 - t * dx).hypot(y - ends[0].1 - t * dy)
            })
            .fold(f32::MAX, f32::min);
        (width / 2.0 + 0.5 - distance * (INK_SIDE - width)).clamp(0.0, 1.0)
    };
    let scale = INK_SIDE - width;
    let paint = |cx: f32, cy: f32| -> [f32; SIDE * SIDE] {
        std::array::from_fn(|index| {
            let (x, y) = ((index % SIDE) as f32 + 0.5, (index / SIDE) as f32 + 0.5);
            ink((x - 14.0) / scale + cx, (y - 14.0) / scale + cy)
        })
    };
    let (mut cx, mut cy) = ((left + right) / 2.0, (top + bottom) / 2.0);
    for _ in 0..3 {
        let pixels = paint(cx, cy);
        let (mut mass, mut mx, mut my) = (0.0, 0.0, 0.0);
        for (index, value) in pixels.iter().enumerate() {
            mass += value;
            mx += value * ((index % SIDE) as f32 + 0.5 - 14.0);
            my += value * ((index / SIDE) as f32 + 0.5 - 14.0);
        }
        cx += mx / mass / scale;
        cy += my / mass / scale;
    }
    // A letter fills 0.7 of its cell.
    let pen = width / scale;
    Glyph { pixels: paint(cx, cy), rel_height: (bottom - top + pen) * 0.7, rel_width: (right - left + pen) * 0.7, centre_y: middle }
}

fn one() -> Glyph {
    drawn(&[&[(0.0, 0.35), (0.3, 0.0), (0.3, 1.0)]], 2.4, 0.5)
}

fn seven() -> Glyph {
    drawn(&[&[(0.0, 0.0), (0.6, 0.0), (0.2, 1.0)]], 2.4, 0.5)
}

fn dash() -> Glyph {
    drawn(&[&[(0.0, 0.0), (0.55, 0.0)]], 2.4, 0.52)
}

fn comma() -> Glyph {
    drawn(&[&[(0.14, 0.0), (0.12, 0.15), (0.0, 0.32)]], 2.8, 0.88)
}

fn letter_sha() -> Glyph {
    drawn(&[&[(0.0, 0.0), (0.0, 1.0), (0.9, 1.0), (0.9, 0.0)], &[(0.45, 0.0), (0.45, 1.0)]], 2.4, 0.5)
}

fn zigzag() -> Glyph {
    let line: Vec<(f32, f32)> = (0..15).map(|k| (k as f32 / 17.0, if k % 2 == 0 { 0.0 } else { 1.0 })).collect();
    drawn(&[&line, &[(0.0, 0.3), (0.85, 0.4)], &[(0.0, 0.7), (0.85, 0.6)]], 2.4, 0.5)
}

/// Grain with the same state in, the same grain out (xorshift).
fn grain(mut state: u32) -> Glyph {
    let pixels = std::array::from_fn(|_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        if state.is_multiple_of(3) { ((state >> 8) & 0xff) as f32 / 255.0 } else { 0.0 }
    });
    Glyph { pixels, rel_height: 0.95, rel_width: 0.7, centre_y: 0.5 }
}

fn best(model: &Embedded, glyph: Glyph, alphabet: &str) -> (Option<char>, f32) {
    let row = model.classify_within(&[glyph], &[alphabet]).remove(0);
    let (index, chance) = row.iter().enumerate().fold((0, 0.0), |top, (k, p)| if *p > top.1 { (k, *p) } else { top });
    (model.classes().get(index).copied(), chance)
}

const ANSWER: &str = "0123456789-,";

#[test]
fn the_embedded_model_loads_and_names_71_characters() {
    let model = Embedded::load().unwrap();
    assert_eq!(model.classes().len(), 71);
    assert!(model.version().starts_with("handprint-"));
    let rows = model.classify(&[one()]);
    assert_eq!(rows[0].len(), 72);
    assert!((rows[0].iter().sum::<f32>() - 1.0).abs() < 1e-5);
}

#[test]
fn plain_marks_read_as_themselves() {
    let model = Embedded::load().unwrap();
    for (glyph, wanted) in [(one(), '1'), (seven(), '7'), (dash(), '-'), (comma(), ',')] {
        let (read, chance) = best(&model, glyph, ANSWER);
        assert_eq!(read, Some(wanted), "chance {chance}");
        assert!(chance > 0.8, "{wanted} got {chance}");
    }
}

#[test]
fn a_block_letter_reads_within_its_alphabet() {
    let model = Embedded::load().unwrap();
    let (read, chance) = best(&model, letter_sha(), "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ");
    assert_eq!(read, Some('Ш'), "chance {chance}");
}

#[test]
fn characters_outside_the_alphabet_get_nothing() {
    let model = Embedded::load().unwrap();
    let row = model.classify_within(&[one()], &[ANSWER]).remove(0);
    for (class, chance) in model.classes().iter().zip(&row) {
        assert!(ANSWER.contains(*class) || *chance == 0.0, "{class} got {chance}");
    }
    assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
}

/// Answers over all classes only, as a classifier without calibration per alphabet does.
struct Plain(Embedded);

impl GlyphClassifier for Plain {
    fn classes(&self) -> &[char] {
        self.0.classes()
    }

    fn classify(&self, glyphs: &[Glyph]) -> Vec<Vec<f32>> {
        self.0.classify(glyphs)
    }

    fn version(&self) -> &str {
        "plain"
    }
}

#[test]
fn a_classifier_without_own_calibration_stays_within_the_alphabet_too() {
    let plain = Plain(Embedded::load().unwrap());
    let rows = plain.classify_within(&[one(), seven()], &["17", ""]);
    for (class, chance) in plain.classes().iter().zip(&rows[0]) {
        assert!("17".contains(*class) || *chance == 0.0, "{class} got {chance}");
    }
    assert!((rows[0].iter().sum::<f32>() - 1.0).abs() < 1e-5);
    assert_eq!(rows[1], plain.classify(&[seven()])[0]);
}

#[test]
fn noise_and_scribble_go_to_reject() {
    let model = Embedded::load().unwrap();
    for glyph in [grain(1), grain(77), zigzag()] {
        let (read, chance) = best(&model, glyph, ANSWER);
        assert_eq!(read, None, "chance {chance}");
    }
}

#[test]
fn the_same_batch_gives_the_same_bits_twice() {
    let model = Embedded::load().unwrap();
    let batch: Vec<Glyph> = (0..19).map(|k| if k % 3 == 0 { seven() } else { grain(k + 1) }).collect();
    assert_eq!(model.classify(&batch), model.classify(&batch));
}

#[test]
fn a_glyph_reads_the_same_alone_and_in_a_batch() {
    let model = Embedded::load().unwrap();
    let batch: Vec<Glyph> = [one(), seven(), grain(5), dash(), comma(), zigzag(), letter_sha()].to_vec();
    let together = model.classify(&batch);
    for (glyph, row) in batch.into_iter().zip(together) {
        assert_eq!(model.classify(&[glyph]).remove(0), row);
    }
}

#[test]
fn an_empty_batch_gives_no_rows() {
    assert!(Embedded::load().unwrap().classify(&[]).is_empty());
}

#[test]
fn a_damaged_model_is_refused_with_a_reason() {
    assert!(matches!(Embedded::from_bytes(b"something else"), Err(ModelError::Magic)));
    let mut bytes = super::WEIGHTS.to_vec();
    bytes.pop();
    assert!(matches!(Embedded::from_bytes(&bytes), Err(ModelError::Length { .. })));
}

#[derive(serde::Deserialize)]
struct Proofs {
    small: Proof,
    large: Proof,
}

#[derive(serde::Deserialize)]
struct Proof {
    proof: Vec<f32>,
}

#[test]
fn both_nets_come_to_the_logits_that_the_training_wrote_down() {
    let model = Embedded::load().unwrap();
    let length = u32::from_le_bytes(*super::WEIGHTS[8..].first_chunk::<4>().unwrap()) as usize;
    let proofs: Proofs = serde_json::from_slice(&super::WEIGHTS[12..12 + length]).unwrap();
    let pixels = std::array::from_fn(|i| if i % 3 == 0 { ((i * i * 31 + i * 17) % 256) as f32 / 255.0 } else { 0.0 });
    let glyph = Glyph { pixels, rel_height: 0.7, rel_width: 0.45, centre_y: 0.5 };
    for (net, proof) in [(&model.small, proofs.small), (&model.large, proofs.large)] {
        let mut seen = 0;
        // Filling the part up must not matter, nor the place in it.
        net.logits(
            model.level,
            [&one(), &glyph].into_iter().chain(std::iter::repeat_n(&glyph, 14)).collect::<Vec<_>>().into_iter(),
            |index, row| {
                seen += 1;
                let most = row.iter().zip(&proof.proof).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(index == 0 || (most < 0.05 && row.len() == proof.proof.len()), "glyph {index}: off by {most}");
            },
        );
        assert_eq!(seen, 16);
    }
}

#[test]
fn every_instruction_set_reads_the_same_characters() {
    let mut model = Embedded::load().unwrap();
    let batch = [one(), seven(), dash(), comma(), letter_sha(), zigzag()];
    let wide = model.classify(&batch);
    model.level = fearless_simd::Level::baseline();
    for (a, b) in wide.iter().flatten().zip(model.classify(&batch).iter().flatten()) {
        assert!((a - b).abs() < 1e-3, "{a} {b}");
    }
}

#[test]
fn half_precision_values_are_exact() {
    for (bits, value) in [(0x0000, 0.0), (0x3c00, 1.0), (0xc000, -2.0), (0x7bff, 65504.0), (0x0001, 5.960_464_5e-8), (0x3555, 0.333_251_95)]
    {
        assert_eq!(half::to_f32(bits), value);
    }
}
