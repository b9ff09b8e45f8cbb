//! The embedded handprint nets: name the character in a normalised glyph, with calibrated chances.
//!
//! Two small convolutional nets (LeNet family: LeCun et al., "Gradient-based learning applied to document recognition",
//! 1998) trained together by `tools/handprint/train.py`: a small one sees every glyph, a large one those that the small one
//! is not sure of (a cascade after Viola and Jones, "Rapid object detection using a boosted cascade of simple features",
//! 2001); the small one learned from the large one (Hinton et al., "Distilling the knowledge in a neural network", 2015).
//! Probabilities are calibrated by temperature scaling (Guo et al., "On calibration of modern neural networks", 2017) and by
//! how rare rejects are (Saerens et al., "Adjusting the outputs of a classifier to new a priori probabilities", 2002), one fit
//! per net and kind of alphabet. What they were trained on and how well they do stands in `model/MODEL_CARD.md`.

mod file;
mod half;
mod layer;
mod net;
#[cfg(test)]
mod tests;

use fearless_simd::Level;
use sha2::{Digest, Sha256};

pub use file::ModelError;

use crate::glyph::{Glyph, GlyphClassifier};
use file::{Calibration, Calibrations};
use net::Net;

/// The weights, written by `tools/handprint/measure.py`.
const WEIGHTS: &[u8] = include_bytes!("../../model/handprint-3.bin");

/// The handprint classifier whose weights are part of the program.
#[derive(Debug)]
pub struct Embedded {
    small: Net,
    large: Net,
    classes: Vec<char>,
    /// Of the small and of the large net.
    calibrations: [Calibrations; 2],
    /// From this chance on the small net's answer stands.
    sure: f32,
    version: String,
    level: Level,
}

/// An alphabet as the nets see it.
#[derive(Debug)]
struct Field {
    alphabet: String,
    allowed: Vec<bool>,
    /// Of the small and of the large net.
    calibrations: [Calibration; 2],
}

impl Embedded {
    /// Unpacks the weights. Fails only when the program was built with a damaged model file.
    pub fn load() -> Result<Self, ModelError> {
        Self::from_bytes(WEIGHTS)
    }

    /// Reads a model file of the layout that `tools/handprint/measure.py` writes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let (head, small, large) = file::parse(bytes)?;
        let digest = Sha256::digest(bytes);
        let short: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self {
            small,
            large,
            classes: head.classes.chars().collect(),
            calibrations: [head.small.calibration, head.large.calibration],
            sure: head.sure,
            version: format!("{}-{short}", head.name),
            level: Level::new(),
        })
    }

    /// What `alphabet` permits (everything if it is empty), and the calibrations of the narrowest measured kind that holds all of it.
    fn field(&self, alphabet: &str) -> Field {
        let digit = |c: char| c.is_ascii_digit();
        let mark = |c: char| c == '-' || c == ',';
        let russian = |c: char| ('А'..='Я').contains(&c) || c == 'Ё';
        let only = |wanted: &dyn Fn(char) -> bool| !alphabet.is_empty() && alphabet.chars().all(wanted);
        let fit = |t: &Calibrations| {
            if only(&digit) {
                t.digits
            } else if only(&|c| digit(c) || mark(c)) {
                t.numbers
            } else if only(&|c| russian(c) || c == '-') {
                t.cyrillic
            } else if only(&|c| c.is_ascii_uppercase()) {
                t.latin
            } else if only(&|c| c.is_ascii_uppercase() || digit(c)) {
                t.latin_digits
            } else if only(&|c| russian(c) || digit(c) || mark(c)) {
                t.cyrillic_digits
            } else {
                t.all
            }
        };
        let [small, large] = &self.calibrations;
        Field {
            alphabet: alphabet.to_owned(),
            allowed: self.classes.iter().map(|class| alphabet.is_empty() || alphabet.contains(*class)).collect(),
            calibrations: [fit(small), fit(large)],
        }
    }
}

impl GlyphClassifier for Embedded {
    fn classes(&self) -> &[char] {
        &self.classes
    }

    fn classify(&self, glyphs: &[Glyph]) -> Vec<Vec<f32>> {
        self.classify_within(glyphs, &[])
    }

    /// Calibrated for that kind of alphabet.
    fn classify_within(&self, glyphs: &[Glyph], alphabets: &[&str]) -> Vec<Vec<f32>> {
        // A page has few alphabets: each is looked at once.
        let mut fields: Vec<Field> = Vec::new();
        let of_glyph: Vec<usize> = (0..glyphs.len())
            .map(|index| {
                let alphabet = alphabets.get(index).copied().unwrap_or("");
                fields.iter().position(|field| field.alphabet == alphabet).unwrap_or_else(|| {
                    fields.push(self.field(alphabet));
                    fields.len() - 1
                })
            })
            .collect();
        let mut rows = Vec::with_capacity(glyphs.len());
        let mut unsure = Vec::new();
        self.small.logits(self.level, glyphs.iter(), |index, logits| {
            let field = &fields[of_glyph[index]];
            let row = chances(logits, &field.allowed, field.calibrations[0]);
            if row.iter().all(|chance| *chance < self.sure) {
                unsure.push(index);
            }
            rows.push(row);
        });
        self.large.logits(self.level, unsure.iter().map(|index| &glyphs[*index]), |place, logits| {
            let index = unsure[place];
            let field = &fields[of_glyph[index]];
            rows[index] = chances(logits, &field.allowed, field.calibrations[1]);
        });
        rows
    }

    fn version(&self) -> &str {
        &self.version
    }
}

/// Chances of the allowed classes and, as the last one, of all the rejects after them together.
fn chances(logits: &[f32], allowed: &[bool], fit: Calibration) -> Vec<f32> {
    let scaled = |(index, logit): (usize, &f32)| match allowed.get(index) {
        Some(true) => logit / fit.temperature,
        Some(false) => f32::NEG_INFINITY,
        None => logit / fit.temperature + fit.reject,
    };
    let top = logits.iter().enumerate().map(scaled).fold(f32::NEG_INFINITY, f32::max);
    let mut row = Vec::with_capacity(logits.len());
    row.extend(logits.iter().enumerate().map(|place| (scaled(place) - top).exp()));
    let reject: f32 = row[allowed.len()..].iter().sum();
    row.truncate(allowed.len());
    row.push(reject);
    let sum: f32 = row.iter().sum();
    row.iter_mut().for_each(|chance| *chance /= sum);
    row
}
