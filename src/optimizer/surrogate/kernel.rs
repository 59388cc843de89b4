//! The covariance between points.

use super::super::history::ObjectiveFit;
use super::super::space::{CoordinateKind, Encoding};

const SQRT_5: f64 = 2.236_067_977_499_79;

/// Hyperparameters of one Gaussian process.
#[derive(Debug, Clone, PartialEq)]
pub struct Hyperparameters {
    /// One lengthscale per parameter, in units of the encoded input.
    pub lengthscales: Vec<f64>,
    /// Variance of the function.
    pub outputscale: f64,
    /// Variance of the inferred observation noise.
    pub noise: f64,
}

impl Hyperparameters {
    /// Those that a record keeps, if they are usable for `d` parameters.
    #[must_use]
    pub fn from_record(fit: &ObjectiveFit, d: usize) -> Option<Self> {
        let positive = |v: &f64| v.is_finite() && *v > 0.0;
        let usable =
            fit.lengthscales.len() == d && fit.lengthscales.iter().chain([&fit.outputscale, &fit.noise]).all(positive);
        usable.then(|| Self { lengthscales: fit.lengthscales.clone(), outputscale: fit.outputscale, noise: fit.noise })
    }
}

/// The Matern-5/2 kernel with one lengthscale per parameter (Rasmussen and Williams, "Gaussian Processes for Machine
/// Learning", 2006, eq. 4.17): `s2 (1 + sqrt(5) r + 5/3 r^2) exp(-sqrt(5) r)`, where `r^2` adds up `(x_k - x'_k)^2 / l_k^2` over
/// ordered coordinates and `[x_k != x'_k] / l_k^2` over unordered ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Kernel {
    unordered: Vec<bool>,
}

/// Matern-5/2 of unit variance at `r2`, and minus twice its derivative by `r2`: `(k, 5/3 (1 + sqrt(5) r) exp(-sqrt(5) r))`.
pub(super) fn matern(r2: f64) -> (f64, f64) {
    let r = SQRT_5 * r2.sqrt();
    let decay = (-r).exp();
    let linear = (1.0 + r) * decay;
    (linear + r * r / 3.0 * decay, 5.0 / 3.0 * linear)
}

impl Kernel {
    /// For the coordinates of a space.
    #[must_use]
    pub fn new(encoding: &Encoding<'_>) -> Self {
        let unordered = |i| matches!(encoding.kind(i), CoordinateKind::Unordered(_));
        Self { unordered: (0..encoding.len()).map(unordered).collect() }
    }

    /// For `d` ordered coordinates.
    #[must_use]
    pub fn ordered(d: usize) -> Self {
        Self { unordered: vec![false; d] }
    }

    /// Dimension `d`.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.unordered.len()
    }

    /// Squared distance of two points along coordinate `k`.
    #[must_use]
    pub fn squared_difference(&self, k: usize, a: f64, b: f64) -> f64 {
        if self.unordered[k] { if a == b { 0.0 } else { 1.0 } } else { (a - b) * (a - b) }
    }

    /// Half the derivative of [`squared_difference`](Self::squared_difference) by `a`; zero along unordered coordinates.
    pub(super) fn half_slope(&self, k: usize, a: f64, b: f64) -> f64 {
        if self.unordered[k] { 0.0 } else { a - b }
    }

    /// Squared scaled distance of two points, given the inverse squared lengthscales.
    pub(super) fn distance(&self, a: &[f64], b: &[f64], precision: &[f64]) -> f64 {
        (0..a.len()).map(|k| self.squared_difference(k, a[k], b[k]) * precision[k]).sum()
    }
}
