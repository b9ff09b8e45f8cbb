//! One layer of a net: many weighted sums over runs of memory, sixteen outputs and six places at a time.
//!
//! Convolutions and fully connected layers are the same thing here: an output place is a sum over a few rows of input,
//! each a run of memory (channels last; a border of zeros makes kernel rows whole). Six places share every loaded weight,
//! so that the sums stay in registers (the register block of Goto and van de Geijn, "Anatomy of high-performance matrix
//! multiplication", 2008) and nothing is copied together first. Each sum runs in the same order whatever stands beside
//! it: an answer does not depend on what else is in the batch.

use fearless_simd::prelude::*;
use fearless_simd::{Simd, f32x16};

/// Outputs computed at once; the number of outputs is filled up to a multiple.
pub(super) const LANES: usize = 16;
/// Places computed at once: six sums of sixteen, a weight and an input fit the sixteen registers of AVX2.
const BLOCK: usize = 6;

/// The weights of a layer and where its inputs and outputs lie.
#[derive(Debug)]
pub(super) struct Layer {
    /// Per sixteen outputs: `rows` x `run` weights of all sixteen.
    weights: Vec<[f32; LANES]>,
    /// Per sixteen outputs.
    bias: Vec<[f32; LANES]>,
    /// Runs of input that an output sums over, how long each is, and how far apart they begin.
    rows: usize,
    run: usize,
    stride: usize,
    /// Where the first run of each place begins in the input, and where its outputs go: for the glyphs of one part, in order.
    starts: Vec<usize>,
    targets: Vec<usize>,
    /// Places of one glyph.
    places: usize,
    /// Negative sums become 0.
    relu: bool,
}

/// Where a layer reads and writes.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) stride: usize,
    pub(super) starts: Vec<usize>,
    pub(super) targets: Vec<usize>,
    /// Of one glyph.
    pub(super) count: usize,
}

impl Layer {
    /// `weights` = [rows, run, outputs] row-major, `bias` = [outputs].
    pub(super) fn new(weights: &[f32], bias: &[f32], rows: usize, places: Places, relu: bool) -> Self {
        let outputs = bias.len();
        let run = weights.len() / (rows * outputs).max(1);
        let sixteen = |values: &[f32], first: usize| -> [f32; LANES] {
            std::array::from_fn(|lane| values.get(..outputs).and_then(|row| row.get(first + lane)).copied().unwrap_or(0.0))
        };
        let firsts = || (0..outputs).step_by(LANES);
        Self {
            weights: firsts().flat_map(|first| weights.chunks_exact(outputs).map(move |row| sixteen(row, first))).collect(),
            bias: firsts().map(|first| sixteen(bias, first)).collect(),
            rows,
            run,
            stride: places.stride,
            starts: places.starts,
            targets: places.targets,
            places: places.count,
            relu,
        }
    }

    /// The layer for the first `glyphs` glyphs of a part.
    #[inline(always)]
    pub(super) fn run<S: Simd>(&self, simd: S, glyphs: usize, from: &[f32], to: &mut [f32]) {
        let count = (glyphs * self.places).min(self.starts.len());
        let (starts, targets) = (&self.starts[..count], &self.targets[..count]);
        for (index, (weights, bias)) in self.weights.chunks_exact(self.rows * self.run).zip(&self.bias).enumerate() {
            for (starts, targets) in starts.chunks(BLOCK).zip(targets.chunks(BLOCK)) {
                // A last block that is not full computes its last place several times.
                let at: [usize; BLOCK] = std::array::from_fn(|k| starts[k.min(starts.len() - 1)]);
                let sums = self.block(simd, weights, bias, from, &at);
                for (sum, target) in sums.iter().zip(targets) {
                    let sum = if self.relu { sum.max(0.0) } else { *sum };
                    sum.store_slice(&mut to[target + index * LANES..][..LANES]);
                }
            }
        }
    }

    /// Sixteen outputs of six places.
    #[inline(always)]
    fn block<S: Simd>(
        &self,
        simd: S,
        weights: &[[f32; LANES]],
        bias: &[f32; LANES],
        from: &[f32],
        at: &[usize; BLOCK],
    ) -> [f32x16<S>; BLOCK] {
        let bias = f32x16::from_slice(simd, bias);
        // By name: as an array the sums leave the registers whenever the compiler thinks better of it, which takes twice as long.
        let [mut a, mut b, mut c, mut d, mut e, mut f] = [bias; BLOCK];
        for (row, weights) in weights.chunks_exact(self.run).enumerate() {
            let weights = &weights[..self.run];
            let input = |k: usize| &from[at[k] + row * self.stride..][..self.run];
            let (at_a, at_b, at_c, at_d, at_e, at_f) = (input(0), input(1), input(2), input(3), input(4), input(5));
            for i in 0..self.run {
                let weight = f32x16::from_slice(simd, &weights[i]);
                a = f32x16::splat(simd, at_a[i]).mul_add(weight, a);
                b = f32x16::splat(simd, at_b[i]).mul_add(weight, b);
                c = f32x16::splat(simd, at_c[i]).mul_add(weight, c);
                d = f32x16::splat(simd, at_d[i]).mul_add(weight, d);
                e = f32x16::splat(simd, at_e[i]).mul_add(weight, e);
                f = f32x16::splat(simd, at_f[i]).mul_add(weight, f);
            }
        }
        [a, b, c, d, e, f]
    }
}
