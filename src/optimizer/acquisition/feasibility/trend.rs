//! The covariance of a classifier's latent function.

use super::super::super::surrogate::{Kernel, matern_with_slopes};

/// A trend along every ordered coordinate, with a stationary rest:
/// `1 + (a^2/4 + sum_k a_k^2 (x_k - 1/2) (x'_k - 1/2)) m_u(r_u) + s^2 m(r)`, where `a` is the largest of the `a_k` (so
/// that the edge may lie anywhere). `m` is Matern-5/2 over all coordinates, and `m_u` over those without order.
///
/// Causes of failures are mostly thresholds: a learning rate that is too large, too much memory. A stationary process forgets,
/// within a lengthscale of its last failure, that what is larger still fails as well; a trend does not, and may be as steep as a
/// threshold. Trends share their direction among the values of an unordered coordinate as far as these are alike.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Trend {
    unordered: Vec<bool>,
    /// Inverse squared lengthscales.
    precision: Vec<f64>,
    /// Variances of the slopes, `a^2`; 0 for unordered coordinates.
    slopes: Vec<f64>,
    /// Variance of the trend in the middle of the space, `a^2/4`.
    middle: f64,
    /// Variance of the rest, `s^2`.
    rest: f64,
}

/// Variance of the constant.
const CONSTANT: f64 = 1.0;

impl Trend {
    /// Along the coordinate with the shortest lengthscale the slopes have the standard deviation `steepness` (latent
    /// units over the width of the space). Along the others it is in proportion to the inverse lengthscales. The rest
    /// has the standard deviation `rest`.
    pub fn new(kernel: &Kernel, lengthscales: &[f64], steepness: f64, rest: f64) -> Self {
        let unordered: Vec<bool> = (0..lengthscales.len()).map(|k| kernel.is_unordered(k)).collect();
        let precision: Vec<f64> = lengthscales.iter().map(|l| 1.0 / (l * l)).collect();
        let ordered = |k: usize| if unordered[k] { 0.0 } else { precision[k] };
        let largest = (0..precision.len()).map(ordered).fold(f64::MIN_POSITIVE, f64::max);
        let slopes = (0..precision.len()).map(|k| steepness * steepness * ordered(k) / largest).collect();
        Self { unordered, precision, slopes, middle: 0.25 * steepness * steepness, rest: rest * rest }
    }

    /// The variance at `x`.
    pub fn variance(&self, x: &[f64]) -> f64 {
        let trend: f64 = self.slopes.iter().zip(x).map(|(a, x)| a * (x - 0.5) * (x - 0.5)).sum();
        CONSTANT + self.middle + trend + self.rest
    }

    /// The covariances of `x` with `points`.
    pub fn covariances(&self, x: &[f64], points: &[Vec<f64>]) -> Vec<f64> {
        points.iter().map(|z| self.parts(x, z).total()).collect()
    }

    /// Adds to `gradient` the gradient by `x` of the sum of `weights` times the covariances with `points`; nothing along
    /// unordered coordinates.
    pub fn pull_back(&self, x: &[f64], points: &[Vec<f64>], weights: &[f64], gradient: &mut [f64]) {
        for (z, weight) in points.iter().zip(weights) {
            let parts = self.parts(x, z);
            for k in (0..x.len()).filter(|&k| !self.unordered[k]) {
                let trend = self.slopes[k] * (z[k] - 0.5) * parts.alike;
                gradient[k] += weight * (trend - parts.slope * self.precision[k] * (x[k] - z[k]));
            }
        }
    }

    /// Adds `weight` times the gradient of the variance at `x`.
    pub fn pull_back_variance(&self, x: &[f64], weight: f64, gradient: &mut [f64]) {
        for (k, a) in self.slopes.iter().enumerate() {
            gradient[k] += weight * 2.0 * a * (x[k] - 0.5);
        }
    }

    fn parts(&self, x: &[f64], z: &[f64]) -> TrendParts {
        let (mut trend, mut among, mut between) = (self.middle, 0.0, 0.0);
        for k in 0..x.len() {
            if self.unordered[k] {
                between += if x[k] == z[k] { 0.0 } else { self.precision[k] };
            } else {
                trend += self.slopes[k] * (x[k] - 0.5) * (z[k] - 0.5);
                among += self.precision[k] * (x[k] - z[k]) * (x[k] - z[k]);
            }
        }
        let (alike, _) = matern_at(between);
        let (rest, slope) = matern_at(among + between);
        TrendParts { trend, alike, rest: self.rest * rest, slope: self.rest * slope }
    }
}

/// The terms of one covariance.
struct TrendParts {
    trend: f64,
    alike: f64,
    rest: f64,
    /// Minus twice the derivative of the rest by the squared distance.
    slope: f64,
}

impl TrendParts {
    fn total(&self) -> f64 {
        CONSTANT + self.trend * self.alike + self.rest
    }
}

/// The Matern-5/2 kernel of unit variance at a squared distance, and minus twice its derivative by that.
fn matern_at(r2: f64) -> (f64, f64) {
    let (mut at, mut slope) = ([r2], [0.0]);
    matern_with_slopes(&mut at, &mut slope);
    (at[0], slope[0])
}
