//! A net: its layers in order, and the buffers between them. One thread; pages run in parallel instead.

use fearless_simd::{Level, Simd, dispatch};

use super::layer::{LANES, Layer, Places};
use crate::glyph::{Glyph, SIDE};

/// Glyphs worked on at once: their buffers stay in the second-level cache, and every layer has a whole number of blocks.
const PART: usize = 12;

/// What the model file says of a layer, with its weights.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) kind: Kind,
    /// Row-major [ky, kx, in, out] or [in, out].
    pub(super) weights: Vec<f32>,
    pub(super) bias: Vec<f32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A square convolution: side of the kernel, input channels, step, border.
    Conv {
        kernel: usize,
        input: usize,
        stride: usize,
        pad: usize,
    },
    Dense,
}

/// All layers in order.
#[derive(Debug)]
pub(super) struct Net {
    layers: Vec<Layer>,
    /// Length of the buffer before each layer and after the last one, per glyph.
    lengths: Vec<usize>,
    /// Border of the input picture, pixels.
    border: usize,
    /// Where the side numbers stand: buffer, and offset in a glyph's share of it.
    side_at: (usize, usize),
    outputs: usize,
    side_mean: [f32; 3],
    side_scale: f32,
}

impl Net {
    /// `plans` fit one another (the file reader checks that): convolutions, then dense layers, the first of which also takes
    /// the three side numbers. All layers but the last end with ReLU.
    pub(super) fn new(plans: &[Plan], side_mean: [f32; 3], side_scale: f32) -> Self {
        let border_of = |index: usize| match plans.get(index).map(|plan| plan.kind) {
            Some(Kind::Conv { pad, .. }) => pad,
            _ => 0,
        };
        let room = |outputs: usize| outputs.next_multiple_of(LANES);
        let (mut side, mut border) = (SIDE, border_of(0));
        let mut lengths = vec![(SIDE + 2 * border).pow(2)];
        let mut layers = Vec::new();
        let (mut side_at, mut picture) = ((0, 0), None);
        for (index, plan) in plans.iter().enumerate() {
            let (outputs, last) = (plan.bias.len(), index + 1 == plans.len());
            let before = lengths[index];
            let layer = match plan.kind {
                Kind::Conv { kernel, input, stride, pad } => {
                    // What a pixel before this layer takes: the channels there are filled up, with weights of 0.
                    let channels = if index == 0 { 1 } else { room(input) };
                    let wide = (side + 2 * border) * channels;
                    let after = (side + 2 * pad - kernel) / stride + 1;
                    let next = border_of(index + 1);
                    let (wide_after, out) = (after + 2 * next, room(outputs));
                    let dense_next = matches!(plans.get(index + 1).map(|plan| plan.kind), Some(Kind::Dense));
                    // The side numbers follow the last picture.
                    let length = wide_after * wide_after * out + if dense_next { LANES } else { 0 };
                    if dense_next {
                        side_at = (index + 1, length - LANES);
                        picture = Some((after * after * outputs, outputs));
                    }
                    let each = |place: &dyn Fn(usize, usize, usize) -> usize| -> Vec<usize> {
                        (0..PART * after * after).map(|k| place(k / (after * after), k / after % after, k % after)).collect()
                    };
                    let places = Places {
                        stride: wide,
                        starts: each(&|glyph, y, x| glyph * before + y * stride * wide + x * stride * channels),
                        targets: each(&|glyph, y, x| glyph * length + ((y + next) * wide_after + x + next) * out),
                        count: after * after,
                    };
                    (side, border) = (after, next);
                    lengths.push(length);
                    Layer::new(&spread(&plan.weights, outputs, input, channels), &plan.bias, kernel, places, !last)
                }
                Kind::Dense => {
                    let length = room(outputs);
                    let offsets = |step: usize| (0..PART).map(|glyph| glyph * step).collect();
                    let places = Places { stride: 0, starts: offsets(before), targets: offsets(length), count: 1 };
                    lengths.push(length);
                    let weights = match picture.take() {
                        Some((values, channels)) => {
                            let (of_picture, of_sides) = plan.weights.split_at(values * outputs);
                            [spread(of_picture, outputs, channels, room(channels)), of_sides.to_vec()].concat()
                        }
                        None => plan.weights.clone(),
                    };
                    Layer::new(&weights, &plan.bias, 1, places, !last)
                }
            };
            layers.push(layer);
        }
        let outputs = plans.last().map_or(0, |plan| plan.bias.len());
        Self { layers, lengths, border: border_of(0), side_at, outputs, side_mean, side_scale }
    }

    /// One row of logits per glyph, in order: hands each to `take`.
    pub(super) fn logits<'a>(&self, level: Level, glyphs: impl ExactSizeIterator<Item = &'a Glyph>, mut take: impl FnMut(usize, &[f32])) {
        let count = glyphs.len();
        let mut buffers: Vec<Vec<f32>> = self.lengths.iter().map(|length| vec![0.0; PART.min(count) * length]).collect();
        let mut glyphs = glyphs.enumerate().peekable();
        while let Some((first, _)) = glyphs.peek().copied() {
            let mut here = 0;
            while here < PART
                && let Some((_, glyph)) = glyphs.next()
            {
                self.enter(&mut buffers, here, glyph);
                here += 1;
            }
            dispatch!(level, simd => self.run(simd, here, &mut buffers));
            if let (Some(last), Some(length)) = (buffers.last(), self.lengths.last()) {
                for (index, row) in last.chunks_exact(*length).take(here).enumerate() {
                    take(first + index, &row[..self.outputs]);
                }
            }
        }
    }

    /// Puts a glyph into the first buffer, within its border, and its side numbers where they are needed.
    fn enter(&self, buffers: &mut [Vec<f32>], here: usize, glyph: &Glyph) {
        let wide = SIDE + 2 * self.border;
        let start = here * self.lengths[0] + self.border * wide + self.border;
        for (y, row) in glyph.pixels.chunks_exact(SIDE).enumerate() {
            buffers[0][start + y * wide..][..SIDE].copy_from_slice(row);
        }
        let raw = [glyph.rel_height, glyph.rel_width, glyph.centre_y];
        let (buffer, offset) = self.side_at;
        let at = here * self.lengths[buffer] + offset;
        for (k, value) in buffers[buffer][at..at + 3].iter_mut().enumerate() {
            *value = ((raw[k] - self.side_mean[k]) * self.side_scale).clamp(-3.0, 3.0);
        }
    }

    #[inline(always)]
    fn run<S: Simd>(&self, simd: S, glyphs: usize, buffers: &mut [Vec<f32>]) {
        for (index, layer) in self.layers.iter().enumerate() {
            let (before, after) = buffers.split_at_mut(index + 1);
            layer.run(simd, glyphs, &before[index], &mut after[0]);
        }
    }
}

/// Kernel weights [.., input, outputs] for a picture whose pixels take `channels` values: zeros for what was filled up.
fn spread(weights: &[f32], outputs: usize, input: usize, channels: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(weights.len() / input.max(1) * channels);
    for tap in weights.chunks_exact(input * outputs) {
        out.extend_from_slice(tap);
        out.resize(out.len() + (channels - input) * outputs, 0.0);
    }
    out
}
