//! The covariance between points.

use super::super::history::ObjectiveFit;
use super::super::space::{CoordinateKind, Encoding};
use super::columns::Columns;
use super::factor::{dot, sum};
use super::warp::Warp;

const SQRT_5: f64 = 2.236_067_977_499_79;

/// Hyperparameters of one Gaussian process.
#[derive(Debug, Clone, PartialEq)]
pub struct Hyperparameters {
    /// One lengthscale per parameter, in units of the encoded input, warped.
    pub lengthscales: Vec<f64>,
    /// Variance of the function.
    pub outputscale: f64,
    /// Variance of the inferred observation noise.
    pub noise: f64,
    /// One bend of the scale per parameter, 0 for a straight one; empty for no warping.
    pub bends: Vec<f64>,
}

impl Hyperparameters {
    /// Inverse squared lengthscales.
    pub(super) fn precision(&self) -> Vec<f64> {
        self.lengthscales.iter().map(|l| 1.0 / (l * l)).collect()
    }

    /// The warp of the inputs.
    pub(super) fn warp(&self) -> Warp {
        Warp::new(&self.bends)
    }

    /// Those that a record keeps, if they are usable for `d` parameters.
    #[must_use]
    pub fn from_record(fit: &ObjectiveFit, d: usize) -> Option<Self> {
        let positive = |v: &f64| v.is_finite() && *v > 0.0;
        let usable =
            fit.lengthscales.len() == d && fit.lengthscales.iter().chain([&fit.outputscale, &fit.noise]).all(positive);
        let straight = fit.bends.len() != d || !fit.bends.iter().all(|b| b.is_finite());
        usable.then(|| Self {
            lengthscales: fit.lengthscales.clone(),
            outputscale: fit.outputscale,
            noise: fit.noise,
            bends: if straight { vec![0.0; d] } else { fit.bends.clone() },
        })
    }
}

/// The Matern-5/2 kernel with one lengthscale per parameter (Rasmussen and Williams, "Gaussian Processes for Machine
/// Learning", 2006, eq. 4.17): `s2 (1 + sqrt(5) r + 5/3 r^2) exp(-sqrt(5) r)`. Here `r^2` adds up
/// `(x_k - x'_k)^2 / l_k^2` over ordered coordinates and `[x_k != x'_k] / l_k^2` over unordered ones. Its inputs are
/// warped points.
#[derive(Debug, Clone, PartialEq)]
pub struct Kernel {
    unordered: Vec<bool>,
    bends: bool,
}

/// Replaces squared distances by the Matern-5/2 kernel of unit variance there.
pub(super) fn matern(r2: &mut [f64]) {
    for r2 in r2 {
        let r = SQRT_5 * r2.sqrt();
        *r2 = (1.0 + r + r * r / 3.0) * decay(r);
    }
}

/// As [`matern`], and writes minus twice its derivative by the squared distance, `5/3 (1 + sqrt(5) r) exp(-sqrt(5) r)`.
pub(in crate::optimizer) fn matern_with_slopes(r2: &mut [f64], slopes: &mut [f64]) {
    for (r2, slope) in r2.iter_mut().zip(slopes) {
        let r = SQRT_5 * r2.sqrt();
        let decay = decay(r);
        *r2 = (1.0 + r + r * r / 3.0) * decay;
        *slope = 5.0 / 3.0 * (1.0 + r) * decay;
    }
}

/// `exp(-r)` for `r >= 0`, to a few units in the last place; at most `exp(-700)` beyond 700. Without branches and calls, so
/// that loops over it run in vector registers: `exp(-r) = 2^k exp(f)` with a whole `k` and `|f| <= ln(2)/2`, where the Taylor
/// polynomial of degree 13 is exact to working precision.
fn decay(r: f64) -> f64 {
    /// Adding this leaves the nearest whole number in the last bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    /// `ln 2` in two parts, the first with zeros in its last bits.
    const LN_2: (f64, f64) = (6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10);
    const FACTORIALS: [f64; 12] = [
        1.0 / 6_227_020_800.0,
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
    ];
    // `min` would turn NaN into 700.
    let x = if r > 700.0 { -700.0 } else { -r };
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let f = (x - k * LN_2.0) - k * LN_2.1;
    let polynomial = FACTORIALS[1..].iter().fold(FACTORIALS[0], |sum, c| sum * f + c);
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1023 << 52));
    ((polynomial * f + 1.0) * f + 1.0) * power
}

impl Kernel {
    /// For the coordinates of a space.
    #[must_use]
    pub fn new(encoding: &Encoding<'_>) -> Self {
        let unordered = |i| matches!(encoding.kind(i), CoordinateKind::Unordered(_));
        Self { unordered: (0..encoding.len()).map(unordered).collect(), bends: true }
    }

    /// For `d` ordered coordinates.
    #[must_use]
    pub fn ordered(d: usize) -> Self {
        Self { unordered: vec![false; d], bends: true }
    }

    /// With one more coordinate, whose values have no order.
    #[must_use]
    pub fn with_unordered(mut self) -> Self {
        self.unordered.push(true);
        self
    }

    /// With scales that do not bend.
    #[must_use]
    pub fn straight(mut self) -> Self {
        self.bends = false;
        self
    }

    /// Dimension `d`.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.unordered.len()
    }

    /// Writes the squared scaled distances of `x` and the points from `first` on, given the inverse squared lengthscales.
    pub(super) fn distances(&self, x: &[f64], points: &Columns, first: usize, precision: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        for k in 0..x.len() {
            let (a, p) = (x[k], precision[k]);
            let column = points.from(k, first);
            if self.unordered[k] {
                for (r, b) in out.iter_mut().zip(column) {
                    *r += if a == *b { 0.0 } else { p };
                }
            } else {
                for (r, b) in out.iter_mut().zip(column) {
                    *r += p * (a - b) * (a - b);
                }
            }
        }
    }

    /// Whether the values of coordinate `k` have no order.
    #[must_use]
    pub fn is_unordered(&self, k: usize) -> bool {
        self.unordered[k]
    }

    /// Whether the scale of coordinate `k` may bend.
    #[must_use]
    pub(super) fn may_bend(&self, k: usize) -> bool {
        self.bends && !self.unordered[k]
    }

    /// The sum over the points after the `j`-th of `weights` times the squared difference to it along coordinate `k`.
    pub(super) fn weighted_difference(&self, k: usize, j: usize, points: &Columns, weights: &[f64]) -> f64 {
        let (a, column) = (points.from(k, j)[0], points.from(k, j + 1));
        let unordered = self.unordered[k];
        let mut sums = [0.0; 4];
        let (w4, b4) = (weights.chunks_exact(4), column.chunks_exact(4));
        let term = |w: f64, b: f64| {
            if unordered { if a == b { 0.0 } else { w } } else { w * (a - b) * (a - b) }
        };
        let rest: f64 = w4.remainder().iter().zip(b4.remainder()).map(|(w, b)| term(*w, *b)).sum();
        for (w, b) in w4.zip(b4) {
            for i in 0..4 {
                sums[i] += term(w[i], b[i]);
            }
        }
        (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
    }

    /// For every ordered coordinate, adds the sum over the points of `weights` times half a derivative. It is that of
    /// the squared scaled distance by that coordinate of `x`.
    pub(super) fn weighted_half_slopes(
        &self,
        x: &[f64],
        points: &Columns,
        precision: &[f64],
        weights: &[f64],
        out: &mut [f64],
    ) {
        let total = sum(weights);
        for k in (0..x.len()).filter(|&k| !self.unordered[k]) {
            out[k] += precision[k] * (x[k] * total - dot(points.from(k, 0), weights));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn decay_is_the_exponential(r in 0.0..690.0f64) {
            prop_assert!((decay(r) / (-r).exp() - 1.0).abs() < 1e-14);
        }

        #[test]
        fn slopes_are_the_derivative(r2 in 1e-3..50.0f64) {
            let (mut at, mut slope) = ([r2], [0.0]);
            matern_with_slopes(&mut at, &mut slope);
            let (mut more, mut less) = ([r2 + 1e-6], [r2 - 1e-6]);
            matern(&mut more);
            matern(&mut less);
            let difference = -(more[0] - less[0]) / 1e-6;
            prop_assert!((difference - slope[0]).abs() < 1e-6, "{difference} {}", slope[0]);
        }
    }

    #[test]
    fn the_ends_are_right() {
        assert_eq!(decay(0.0), 1.0);
        assert!(decay(1e300) < 1e-300 && decay(f64::INFINITY) < 1e-300 && decay(f64::NAN).is_nan());
    }
}
