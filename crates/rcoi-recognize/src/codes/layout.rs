//! What each place of a bar code may look like, for the joint reading: guards with one shape, signs with one for each value.

use rcoi_template::bars::{CODE128, CODE128_STOP, EAN_ODD, ITF_WIDE, START_A};

/// Samples to a module.
pub(super) const FINE: usize = 3;

/// The look of the bars: how far ink has spread on each side of a bar and how far edges are blurred, modules.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    pub(super) spread: f32,
    pub(super) blur: f32,
}

/// One shape: darkness (0 paper .. 1 ink) of `FINE` samples to a module, and the sum of their squares about their mean.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub(super) dark: Vec<f32>,
    pub(super) mean: f32,
    pub(super) square: f32,
}

/// A place: where it begins, modules from the first edge, and which set of shapes may stand there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Slot {
    pub(super) at: f32,
    pub(super) set: usize,
}

/// Places of a whole code.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) slots: Vec<Slot>,
    /// So many of the first slots are guards.
    pub(super) guards: usize,
    /// Widths of bars and spaces of every shape of every set, modules; `true`: the shape begins with a bar.
    sets: Vec<Vec<(bool, Vec<f32>)>>,
    /// Width of the whole, modules.
    pub(super) modules: f32,
}

fn widths(pattern: &[u8]) -> Vec<f32> {
    pattern.iter().map(|b| f32::from(b & 0x0F)).collect()
}

impl Layout {
    /// Guard, six left digits (values 0..9 odd, 10..19 even), guard, six right ones, guard.
    pub(super) fn ean13() -> Self {
        let odd = |mirrored: bool, bar: bool| {
            EAN_ODD.iter().map(move |p| {
                let mut four = widths(p);
                if mirrored {
                    four.reverse();
                }
                (bar, four)
            })
        };
        let sets = vec![
            vec![(true, vec![1.0; 3])],
            odd(false, false).chain(odd(true, false)).collect(),
            vec![(false, vec![1.0; 5])],
            odd(false, true).collect(),
        ];
        let mut slots = vec![Slot { at: 0.0, set: 0 }, Slot { at: 45.0, set: 2 }, Slot { at: 92.0, set: 0 }];
        slots.extend((0..6).map(|i| Slot { at: 3.0 + 7.0 * i as f32, set: 1 }));
        slots.extend((0..6).map(|i| Slot { at: 50.0 + 7.0 * i as f32, set: 3 }));
        Self { slots, guards: 3, sets, modules: 95.0 }
    }

    /// Start (three shapes: A, B, C), so many values with the check value as the last, stop.
    pub(super) fn code128(values: usize) -> Self {
        let sets = vec![
            CODE128[usize::from(START_A)..].iter().map(|p| (true, widths(*p))).collect(),
            vec![(true, widths(CODE128_STOP))],
            CODE128[..103].iter().map(|p| (true, widths(*p))).collect(),
        ];
        let mut slots = vec![Slot { at: 0.0, set: 0 }, Slot { at: 11.0 * (values + 1) as f32, set: 1 }];
        slots.extend((0..values).map(|i| Slot { at: 11.0 * (i + 1) as f32, set: 2 }));
        Self { slots, guards: 2, sets, modules: 11.0 * (values + 1) as f32 + 13.0 }
    }

    /// Start, so many pairs of digits (100 shapes), stop; `wide` = width of a wide bar.
    pub(super) fn itf(pairs: usize, wide: f32) -> Self {
        let width = |digit: usize, i: usize| if ITF_WIDE[digit] >> (4 - i) & 1 == 1 { wide } else { 1.0 };
        let pair = |n: usize| (true, (0..10).map(|i| width(if i % 2 == 0 { n / 10 } else { n % 10 }, i / 2)).collect());
        let sets = vec![vec![(true, vec![1.0; 4])], vec![(true, vec![wide, 1.0, 1.0])], (0..100).map(pair).collect()];
        let step = 6.0 + 4.0 * wide;
        let mut slots = vec![Slot { at: 0.0, set: 0 }, Slot { at: 4.0 + step * pairs as f32, set: 1 }];
        slots.extend((0..pairs).map(|i| Slot { at: 4.0 + step * i as f32, set: 2 }));
        Self { slots, guards: 2, sets, modules: 6.0 + step * pairs as f32 + wide }
    }

    /// The shapes of all sets as they look.
    pub(super) fn draw(&self, look: Look) -> Vec<Vec<Shape>> {
        self.sets.iter().map(|set| set.iter().map(|(bar, widths)| shape(*bar, widths, look)).collect()).collect()
    }
}

/// Beyond the shape stands the opposite of its first and of its last element, as between any two signs.
fn shape(bar: bool, widths: &[f32], look: Look) -> Shape {
    let total: f32 = widths.iter().sum();
    let mut bars = Vec::new();
    let (mut at, mut dark) = (0.0, bar);
    if !bar {
        bars.push((-4.0, look.spread));
    }
    for width in widths {
        if dark {
            bars.push((at - look.spread, at + width + look.spread));
        }
        at += width;
        dark = !dark;
    }
    if dark {
        bars.push((at - look.spread, at + 4.0));
    }
    // The logistic curve stands for the blurred edge.
    let edge = |x: f32| 1.0 / (1.0 + (-x * 1.7 / look.blur).exp());
    let count = (total * FINE as f32).round() as usize;
    let dark: Vec<f32> = (0..count)
        .map(|i| {
            let x = (i as f32 + 0.5) / FINE as f32;
            bars.iter().map(|(a, b)| edge(x - a) - edge(x - b)).sum::<f32>().clamp(0.0, 1.0)
        })
        .collect();
    let mean = dark.iter().sum::<f32>() / count as f32;
    let square = dark.iter().map(|d| (d - mean) * (d - mean)).sum();
    Shape { dark, mean, square }
}
