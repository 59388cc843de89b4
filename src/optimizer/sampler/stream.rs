//! Streams of random numbers that depend on the study's seed and a trial's id alone.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sobol_burley::NUM_DIMENSIONS;

use super::super::Seed;

/// What a stream is for, so that no two uses share numbers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    /// Uniform draws of points.
    Points,
    /// The scrambling of the study's Sobol sequence.
    Scramble,
    /// The search for the best acquisition.
    Acquisition,
    /// Joint draws of noisy and pending trials.
    Draws,
    /// Parents, crossover and mutation.
    Variation,
    /// Draws from density estimates.
    Density,
}

/// The stream of one trial (or of the whole study, with id 0) for one purpose.
pub(super) fn stream(seed: Seed, id: u64, purpose: Purpose) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.0.to_le_bytes());
    key[8..16].copy_from_slice(&id.to_le_bytes());
    key[16] = purpose as u8;
    ChaCha8Rng::from_seed(key)
}

/// A uniform point of the cube.
pub(super) fn uniform(rng: &mut ChaCha8Rng, d: usize) -> Vec<f64> {
    (0..d).map(|_| rng.random::<f64>()).collect()
}

/// Longest sequence that `sobol_burley` has.
pub(super) const SOBOL_LENGTH: u64 = 1 << 16;

/// A scrambled Sobol sequence in any number of dimensions and of any length.
#[derive(Debug)]
pub(super) struct SobolSequence {
    scramble: u32,
}

impl SobolSequence {
    /// The sequence scrambled by this stream's next number.
    pub(super) fn new(rng: &mut ChaCha8Rng) -> Self {
        Self { scramble: rng.random() }
    }

    /// The point at `index`. Dimensions beyond 256 and indices beyond 65,535 are padded with independent sequences.
    pub(super) fn point(&self, index: u64, d: usize) -> Vec<f64> {
        let coordinate = |i: usize| {
            let (block, dimension) = (i as u32 / NUM_DIMENSIONS, i as u32 % NUM_DIMENSIONS);
            let turn = (index / SOBOL_LENGTH) as u32;
            let scramble = self
                .scramble
                .wrapping_add(block.wrapping_mul(0x9E37_79B9))
                .wrapping_add(turn.wrapping_mul(0x85EB_CA6B));
            f64::from(sobol_burley::sample((index % SOBOL_LENGTH) as u32, dimension, scramble))
        };
        (0..d).map(coordinate).collect()
    }
}
