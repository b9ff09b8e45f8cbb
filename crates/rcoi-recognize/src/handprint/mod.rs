//! The embedded handprint net: names the character in a normalised glyph, with calibrated chances.
//!
//! A small convolutional net (LeNet family: LeCun et al., "Gradient-based learning applied to document recognition",
//! 1998) trained by `tools/handprint/train.py`; probabilities are calibrated by temperature scaling (Guo et al.,
//! "On calibration of modern neural networks", 2017), one temperature per alphabet. What it was trained on and how
//! well it does stands in `model/MODEL_CARD.md`.

mod file;
mod half;
mod net;
#[cfg(test)]
mod tests;

use sha2::{Digest, Sha256};

pub use file::ModelError;

use crate::glyph::{Glyph, GlyphClassifier};
use net::Net;

/// The weights, written by `tools/handprint/train.py`.
const WEIGHTS: &[u8] = include_bytes!("../../model/handprint-1.bin");

/// The handprint classifier whose weights are part of the program.
#[derive(Debug)]
pub struct Embedded {
    net: Net,
    classes: Vec<char>,
    temperatures: file::Temperatures,
    version: String,
}

impl Embedded {
    /// Unpacks the weights. Fails only when the program was built with a damaged model file.
    pub fn load() -> Result<Self, ModelError> {
        Self::from_bytes(WEIGHTS)
    }

    /// Reads a model file of the layout that `tools/handprint/train.py` writes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let (head, net) = file::parse(bytes)?;
        let digest = Sha256::digest(bytes);
        let short: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self {
            net,
            classes: head.classes.chars().collect(),
            temperatures: head.temperatures,
            version: format!("{}-{short}", head.name),
        })
    }

    /// The temperature of the narrowest measured alphabet that holds all of `alphabet`.
    fn temperature(&self, alphabet: &str) -> f32 {
        let only = |wanted: fn(char) -> bool| !alphabet.is_empty() && alphabet.chars().all(wanted);
        if only(|c| c.is_ascii_digit() || c == '-' || c == ',') {
            self.temperatures.digits
        } else if only(|c| ('А'..='Я').contains(&c) || c == 'Ё' || c == '-') {
            self.temperatures.cyrillic
        } else if only(|c| c.is_ascii_uppercase()) {
            self.temperatures.latin
        } else {
            self.temperatures.all
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

    /// Calibrated with the temperature measured for that kind of alphabet.
    fn classify_within(&self, glyphs: &[Glyph], alphabets: &[&str]) -> Vec<Vec<f32>> {
        let mut rows = self.net.logits(glyphs);
        for (index, row) in rows.iter_mut().enumerate() {
            let alphabet = alphabets.get(index).copied().unwrap_or("");
            let temperature = self.temperature(alphabet);
            if !alphabet.is_empty() {
                for (logit, class) in row.iter_mut().zip(&self.classes) {
                    if !alphabet.contains(*class) {
                        *logit = f32::NEG_INFINITY;
                    }
                }
            }
            softmax(row, temperature);
        }
        rows
    }

    fn version(&self) -> &str {
        &self.version
    }
}

/// Softmax of `row / temperature`, in place; `-inf` becomes 0.
fn softmax(row: &mut [f32], temperature: f32) {
    let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for value in row.iter_mut() {
        *value = ((*value - top) / temperature).exp();
        sum += *value;
    }
    for value in row.iter_mut() {
        *value /= sum;
    }
}
