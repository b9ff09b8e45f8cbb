//! Seeded streams of random numbers: one per thing that is drawn, so that order and threads do not matter.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// The generator used everywhere in this crate.
pub(crate) type Dice = ChaCha8Rng;

/// The stream of `seed` named by `parts`: the same parts give the same numbers (FNV-1a of the parts picks the stream).
pub(crate) fn dice(seed: u64, parts: &[&str]) -> Dice {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part.bytes().chain([0x1f]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    let mut dice = Dice::seed_from_u64(seed);
    dice.set_stream(hash);
    dice
}

/// A number in `low..high`.
pub(crate) fn between(dice: &mut Dice, low: f32, high: f32) -> f32 {
    low + (high - low) * dice.random::<f32>()
}

/// Bell-shaped around 0 with deviation about 1, never beyond ±3.5 (sum of uniform numbers).
pub(crate) fn bell(dice: &mut Dice) -> f32 {
    (0..4).map(|_| dice.random::<f32>() - 0.5).sum::<f32>() * 1.732
}

/// True with chance `p`.
pub(crate) fn chance(dice: &mut Dice, p: f32) -> bool {
    dice.random::<f32>() < p
}
