//! The model file: magic, length of the header (u32, little endian), header (JSON), weights (half precision).

use serde::Deserialize;

use super::half;
use super::net::{Conv, Dense, Net};

const MAGIC: &[u8; 8] = b"HANDPRT1";

/// Why a model file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The first bytes are not those of a model file.
    #[error("handprint model: the file does not begin with HANDPRT1")]
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
    /// The layers do not fit one another or the classes.
    #[error("handprint model: layer {layer} takes {found} inputs, expected {expected}")]
    Shape {
        /// Index of the layer in the header; one past the last stands for the classes.
        layer: usize,
        /// Inputs of the layer.
        found: usize,
        /// Outputs of the one before.
        expected: usize,
    },
    /// A layer of a kind or a size that this program does not know.
    #[error("handprint model: layer {layer} is not one of conv [ky, kx, in, out] and dense [in, out]")]
    Layer {
        /// Index of the layer in the header.
        layer: usize,
    },
}

/// One calibration temperature per kind of alphabet.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Temperatures {
    pub(super) all: f32,
    pub(super) digits: f32,
    pub(super) cyrillic: f32,
    pub(super) latin: f32,
}

#[derive(Debug, Deserialize)]
pub(super) struct Header {
    pub(super) name: String,
    pub(super) classes: String,
    pub(super) temperatures: Temperatures,
    side_mean: [f32; 3],
    side_scale: f32,
    layers: Vec<Layer>,
}

#[derive(Debug, Deserialize)]
struct Layer {
    kind: String,
    shape: Vec<usize>,
    #[serde(default)]
    stride: usize,
    #[serde(default)]
    pad: usize,
    #[serde(default)]
    pool: bool,
}

/// Splits the file into header and net, and checks that every layer fits the next.
pub(super) fn parse(bytes: &[u8]) -> Result<(Header, Net), ModelError> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(ModelError::Magic)?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(ModelError::Magic)?;
    let length = u32::from_le_bytes(*length) as usize;
    let (head, weights) = rest.split_at_checked(length).ok_or(ModelError::Magic)?;
    let header: Header = serde_json::from_slice(head)?;

    // Each layer: its weights, then one bias per output.
    let count = |shape: &[usize]| shape.iter().product::<usize>() + shape.last().copied().unwrap_or(0);
    let expected = 2 * header.layers.iter().map(|layer| count(&layer.shape)).sum::<usize>();
    if weights.len() != expected {
        return Err(ModelError::Length { found: weights.len(), expected });
    }
    let mut values = weights.as_chunks::<2>().0.iter().map(|pair| half::to_f32(u16::from_le_bytes(*pair)));

    let (mut convs, mut dense) = (Vec::new(), Vec::new());
    let (mut side, mut channels) = (crate::glyph::SIDE, 1);
    let mut flat = None;
    for (index, layer) in header.layers.iter().enumerate() {
        let fits = |found: usize, expected: usize| {
            if found == expected { Ok(()) } else { Err(ModelError::Shape { layer: index, found, expected }) }
        };
        match (layer.kind.as_str(), layer.shape.as_slice()) {
            ("conv", &[ky, kx, input, output]) if ky == kx && layer.stride > 0 && flat.is_none() && side + 2 * layer.pad >= ky => {
                fits(input, channels)?;
                let weights = values.by_ref().take(ky * kx * input * output).collect();
                let bias = values.by_ref().take(output).collect();
                let conv = Conv::new(weights, bias, [ky, input, output], layer.stride, layer.pad, layer.pool, side);
                (side, channels) = (conv.side_out(), output);
                convs.push(conv);
            }
            ("dense", &[input, output]) => {
                fits(input, flat.unwrap_or(side * side * channels + 3))?;
                let weights = values.by_ref().take(input * output).collect();
                dense.push(Dense::new(weights, values.by_ref().take(output).collect(), input));
                flat = Some(output);
            }
            _ => return Err(ModelError::Layer { layer: index }),
        }
    }
    let (found, expected) = (flat.unwrap_or(0), header.classes.chars().count() + 1);
    if found != expected {
        return Err(ModelError::Shape { layer: header.layers.len(), found, expected });
    }
    let net = Net { convs, dense, side_mean: header.side_mean, side_scale: header.side_scale };
    Ok((header, net))
}
