//! The net itself: convolutions as one matrix product per layer and part of the batch (im2col), channels last.
//!
//! Im2col after Chellapilla et al., "High performance convolutional neural networks for document processing", 2006.
//! Every part has the same number of glyphs (the last one is filled up with blanks), so that an answer does not
//! depend on what else is in the batch. One thread; pages run in parallel instead.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2};

use crate::glyph::{Glyph, SIDE};

/// Glyphs worked on at once: their im2col rows stay in the second-level cache.
const PART: usize = 4;

/// A convolution with its bias and ReLU, then perhaps a 2x2 maximum.
#[derive(Debug)]
pub(super) struct Conv {
    /// [kernel * kernel * input, output], row-major.
    weights: Vec<f32>,
    bias: Vec<f32>,
    kernel: usize,
    input: usize,
    output: usize,
    stride: usize,
    pad: usize,
    pool: bool,
    side: usize,
}

impl Conv {
    /// `shape` = kernel side, input and output channels; `side` = side of the input picture, pixels.
    pub(super) fn new(weights: Vec<f32>, bias: Vec<f32>, shape: [usize; 3], stride: usize, pad: usize, pool: bool, side: usize) -> Self {
        let [kernel, input, output] = shape;
        Self { weights, bias, kernel, input, output, stride, pad, pool, side }
    }

    /// Side after the convolution and before the pooling.
    fn side_conv(&self) -> usize {
        (self.side + 2 * self.pad - self.kernel) / self.stride + 1
    }

    /// Side of the output picture, pixels.
    pub(super) fn side_out(&self) -> usize {
        if self.pool { self.side_conv() / 2 } else { self.side_conv() }
    }

    /// `from` = [PART, side, side, input] -> [PART, side_out, side_out, output] in `to`.
    fn run(&self, from: &[f32], to: &mut Vec<f32>, work: &mut Work) {
        let (padded, side) = (self.side + 2 * self.pad, self.side_conv());
        let row = self.kernel * self.input;
        let depth = self.kernel * row;
        let rows = PART * side * side;

        work.columns.resize(rows * depth, 0.0);
        for part in 0..PART {
            // A copy with a border of zeros makes each kernel row one run of memory.
            work.padded.clear();
            work.padded.resize(padded * padded * self.input, 0.0);
            let width = self.side * self.input;
            for y in 0..self.side {
                let source = &from[(part * self.side + y) * width..][..width];
                let start = ((y + self.pad) * padded + self.pad) * self.input;
                work.padded[start..start + width].copy_from_slice(source);
            }
            for y in 0..side {
                for x in 0..side {
                    let column = &mut work.columns[((part * side + y) * side + x) * depth..][..depth];
                    for (ky, target) in column.chunks_exact_mut(row).enumerate() {
                        let start = ((y * self.stride + ky) * padded + x * self.stride) * self.input;
                        target.copy_from_slice(&work.padded[start..start + row]);
                    }
                }
            }
        }
        let out = if self.pool { &mut work.wide } else { &mut *to };
        product(&work.columns, &self.weights, &self.bias, out, [rows, depth, self.output]);
        relu(out);
        if self.pool {
            self.pool(&work.wide, to);
        }
    }

    /// The maximum of each 2x2 block, channel by channel.
    fn pool(&self, from: &[f32], to: &mut Vec<f32>) {
        let (side, half, n) = (self.side_conv(), self.side_out(), self.output);
        to.clear();
        to.resize(PART * half * half * n, 0.0);
        for (index, cell) in to.chunks_exact_mut(n).enumerate() {
            let (part, y, x) = (index / (half * half), index / half % half, index % half);
            let at = |dy: usize, dx: usize| &from[((part * side + 2 * y + dy) * side + 2 * x + dx) * n..][..n];
            let (a, b, c, d) = (at(0, 0), at(0, 1), at(1, 0), at(1, 1));
            for (k, value) in cell.iter_mut().enumerate() {
                *value = a[k].max(b[k]).max(c[k].max(d[k]));
            }
        }
    }
}

/// A fully connected layer.
#[derive(Debug)]
pub(super) struct Dense {
    /// [input, output], row-major.
    weights: Vec<f32>,
    bias: Vec<f32>,
    input: usize,
}

impl Dense {
    pub(super) fn new(weights: Vec<f32>, bias: Vec<f32>, input: usize) -> Self {
        Self { weights, bias, input }
    }
}

/// Buffers shared by the layers, so that a batch allocates once.
#[derive(Debug, Default)]
struct Work {
    padded: Vec<f32>,
    columns: Vec<f32>,
    wide: Vec<f32>,
}

/// All layers in order.
#[derive(Debug)]
pub(super) struct Net {
    pub(super) convs: Vec<Conv>,
    pub(super) dense: Vec<Dense>,
    pub(super) side_mean: [f32; 3],
    pub(super) side_scale: f32,
}

impl Net {
    /// One row of logits per glyph: the classes, then reject.
    pub(super) fn logits(&self, glyphs: &[Glyph]) -> Vec<Vec<f32>> {
        let mut work = Work::default();
        let (mut from, mut to) = (Vec::new(), Vec::new());
        let mut rows = Vec::with_capacity(glyphs.len());
        for part in glyphs.chunks(PART) {
            from.clear();
            from.resize(PART * SIDE * SIDE, 0.0);
            for (target, glyph) in from.chunks_exact_mut(SIDE * SIDE).zip(part) {
                target.copy_from_slice(&glyph.pixels);
            }
            for conv in &self.convs {
                conv.run(&from, &mut to, &mut work);
                std::mem::swap(&mut from, &mut to);
            }
            let flat = from.len() / PART;
            to.clear();
            for (index, picture) in from.chunks_exact(flat).enumerate() {
                to.extend_from_slice(picture);
                to.extend_from_slice(&part.get(index).map_or([0.0; 3], |glyph| self.side(glyph)));
            }
            std::mem::swap(&mut from, &mut to);
            for (index, dense) in self.dense.iter().enumerate() {
                product(&from, &dense.weights, &dense.bias, &mut to, [PART, dense.input, dense.bias.len()]);
                if index + 1 < self.dense.len() {
                    relu(&mut to);
                }
                std::mem::swap(&mut from, &mut to);
            }
            let width = from.len() / PART;
            rows.extend(from.chunks_exact(width).take(part.len()).map(<[f32]>::to_vec));
        }
        rows
    }

    /// The three side numbers, scaled as in training.
    fn side(&self, glyph: &Glyph) -> [f32; 3] {
        let raw = [glyph.rel_height, glyph.rel_width, glyph.centre_y];
        std::array::from_fn(|k| ((raw[k] - self.side_mean[k]) * self.side_scale).clamp(-3.0, 3.0))
    }
}

/// `out = a x b + bias`; `size` = rows of a, columns of a, columns of b.
fn product(a: &[f32], b: &[f32], bias: &[f32], out: &mut Vec<f32>, size: [usize; 3]) {
    let [rows, depth, columns] = size;
    out.clear();
    for _ in 0..rows {
        out.extend_from_slice(bias);
    }
    let views = (
        ArrayView2::from_shape((rows, depth), &a[..rows * depth]),
        ArrayView2::from_shape((depth, columns), b),
        ArrayViewMut2::from_shape((rows, columns), out.as_mut_slice()),
    );
    // The shapes were checked when the model was read, so the views always fit.
    if let (Ok(a), Ok(b), Ok(mut out)) = views {
        general_mat_mul(1.0, &a, &b, 1.0, &mut out);
    }
}

fn relu(values: &mut [f32]) {
    for value in values {
        *value = value.max(0.0);
    }
}
