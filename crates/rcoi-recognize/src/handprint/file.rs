//! The model file: magic, length of the header (u32, little endian), header (JSON), weights (half precision).

use serde::Deserialize;

use super::half;
use super::net::{Kind, Net, Plan};

const MAGIC: &[u8; 8] = b"HANDPRT2";

/// Why a model file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The first bytes are not those of a model file.
    #[error("handprint model: the file does not begin with HANDPRT2")]
    Magic,
    /// The header is not readable.
    #[error("handprint model: unreadable header: {0}")]
    Header(#[from] serde_json::Error),
    /// The weights do not fit the header.
    #[error("handprint model: {found} bytes of weights, expected {expected}")]
    Length {
        /// Bytes after the header.
        found: usize,
        /// Bytes that the layers need.
        expected: usize,
    },
    /// The layers of a net do not fit one another or the classes.
    #[error("handprint model: layer {layer} takes {found} inputs, expected {expected}")]
    Shape {
        /// Index of the layer in the header; one past the last stands for the classes.
        layer: usize,
        /// Inputs of the layer.
        found: usize,
        /// Outputs of the one before.
        expected: usize,
    },
    /// No class, or no output for what is none of them.
    #[error("handprint model: no classes or no reject")]
    Classes,
    /// A layer of a kind or a size that this program does not know.
    #[error("handprint model: layer {layer} is not one of conv [ky, kx, in, out] and dense [in, out]")]
    Layer {
        /// Index of the layer in the header.
        layer: usize,
    },
}

/// How logits become chances within one kind of alphabet.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Calibration {
    /// The logits are divided by it.
    pub(super) temperature: f32,
    /// Then added to those of the rejects, which were commoner in training than they are in cells.
    pub(super) reject: f32,
}

/// One calibration per kind of alphabet.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Calibrations {
    pub(super) digits: Calibration,
    pub(super) numbers: Calibration,
    pub(super) cyrillic: Calibration,
    pub(super) latin: Calibration,
    pub(super) latin_digits: Calibration,
    pub(super) cyrillic_digits: Calibration,
    pub(super) all: Calibration,
}

#[derive(Debug, Deserialize)]
pub(super) struct Header {
    pub(super) name: String,
    pub(super) classes: String,
    /// Outputs after the classes: kinds of what is no single character.
    pub(super) rejects: usize,
    /// From this chance on the small net's answer stands.
    pub(super) sure: f32,
    side_mean: [f32; 3],
    side_scale: f32,
    pub(super) small: Part,
    pub(super) large: Part,
}

/// One of the two nets.
#[derive(Debug, Deserialize)]
pub(super) struct Part {
    layers: Vec<Layer>,
    pub(super) calibration: Calibrations,
}

#[derive(Debug, Deserialize)]
struct Layer {
    kind: String,
    shape: Vec<usize>,
    #[serde(default)]
    stride: usize,
    #[serde(default)]
    pad: usize,
}

/// Splits the file into header, small net and large net, and checks that every layer fits the next.
pub(super) fn parse(bytes: &[u8]) -> Result<(Header, Net, Net), ModelError> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(ModelError::Magic)?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(ModelError::Magic)?;
    let length = u32::from_le_bytes(*length) as usize;
    let (head, weights) = rest.split_at_checked(length).ok_or(ModelError::Magic)?;
    let header: Header = serde_json::from_slice(head)?;
    if header.classes.is_empty() || header.rejects == 0 {
        return Err(ModelError::Classes);
    }

    // Each layer: its weights, then one bias per output.
    let count = |shape: &[usize]| shape.iter().product::<usize>() + shape.last().copied().unwrap_or(0);
    let layers = || header.small.layers.iter().chain(&header.large.layers);
    let expected = 2 * layers().map(|layer| count(&layer.shape)).sum::<usize>();
    if weights.len() != expected {
        return Err(ModelError::Length { found: weights.len(), expected });
    }
    let mut values = weights.as_chunks::<2>().0.iter().map(|pair| half::to_f32(u16::from_le_bytes(*pair)));
    let outputs = header.classes.chars().count() + header.rejects;
    let small = plans(&header.small.layers, outputs, &mut values)?;
    let large = plans(&header.large.layers, outputs, &mut values)?;
    let net = |plans: Vec<Plan>| Net::new(&plans, header.side_mean, header.side_scale);
    let (small, large) = (net(small), net(large));
    Ok((header, small, large))
}

/// The layers of one net with their weights: one convolution or more, then one dense layer or more.
fn plans(layers: &[Layer], outputs: usize, values: &mut impl Iterator<Item = f32>) -> Result<Vec<Plan>, ModelError> {
    let mut plans = Vec::new();
    let (mut side, mut channels) = (crate::glyph::SIDE, 1);
    let mut flat = None;
    for (index, layer) in layers.iter().enumerate() {
        let fits = |found: usize, expected: usize| {
            if found == expected { Ok(()) } else { Err(ModelError::Shape { layer: index, found, expected }) }
        };
        let (kind, output) = match (layer.kind.as_str(), layer.shape.as_slice()) {
            ("conv", &[ky, kx, input, output]) if ky == kx && layer.stride > 0 && flat.is_none() && side + 2 * layer.pad >= ky => {
                fits(input, channels)?;
                (side, channels) = ((side + 2 * layer.pad - ky) / layer.stride + 1, output);
                (Kind::Conv { kernel: ky, input, stride: layer.stride, pad: layer.pad }, output)
            }
            ("dense", &[input, output]) if index > 0 => {
                fits(input, flat.unwrap_or(side * side * channels + 3))?;
                flat = Some(output);
                (Kind::Dense, output)
            }
            _ => return Err(ModelError::Layer { layer: index }),
        };
        let weights = values.by_ref().take(layer.shape.iter().product()).collect();
        plans.push(Plan { kind, weights, bias: values.by_ref().take(output).collect() });
    }
    match flat {
        Some(found) if found == outputs => Ok(plans),
        found => Err(ModelError::Shape { layer: layers.len(), found: found.unwrap_or(0), expected: outputs }),
    }
}
