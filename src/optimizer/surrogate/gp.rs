//! The Gaussian process given its hyperparameters.

use nalgebra::DMatrix;

use super::factor::{Factor, dot};
use super::kernel::{Hyperparameters, Kernel, matern};

/// Added to every diagonal: variance of "exact" observations, in standardized units.
pub(super) const FLOOR: f64 = 1e-6;
/// More for the diagonal, relative to the function's variance, where the covariance is not positive definite.
pub(super) const JITTERS: [f64; 5] = [0.0, 1e-8, 1e-6, 1e-4, 1e-2];

/// The noise of one observation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// Known variance, in standardized units.
    pub known: f64,
    /// Whether noise that is inferred from all trials comes on top.
    pub inferred: bool,
}

/// What a Gaussian process is fitted to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Observations {
    /// Canonical encoded points, `n` of length `d`.
    pub x: Vec<Vec<f64>>,
    /// Standardized losses, `n`.
    pub y: Vec<f64>,
    /// Their noise, `n`.
    pub noise: Vec<Noise>,
}

impl Observations {
    /// Adds one.
    pub fn push(&mut self, x: Vec<f64>, y: f64, noise: Noise) {
        self.x.push(x);
        self.y.push(y);
        self.noise.push(noise);
    }
}

/// Posterior of the function at one point (the noise of a new observation not included), in standardized units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// Mean.
    pub mean: f64,
    /// Variance, above zero.
    pub variance: f64,
}

/// A Gaussian process conditioned on observations.
#[derive(Debug, Clone)]
pub struct GaussianProcess {
    kernel: Kernel,
    hyperparameters: Hyperparameters,
    precision: Vec<f64>,
    observations: Observations,
    /// `W = L^-1`.
    whitener: DMatrix<f64>,
    alpha: Vec<f64>,
    log_likelihood: f64,
}

/// Covariance of the observations, lower triangle.
fn covariance(kernel: &Kernel, h: &Hyperparameters, precision: &[f64], observations: &Observations) -> DMatrix<f64> {
    let Observations { x, noise, .. } = observations;
    let mut matrix = DMatrix::zeros(x.len(), x.len());
    for j in 0..x.len() {
        matrix[(j, j)] = h.outputscale + FLOOR + noise[j].known + if noise[j].inferred { h.noise } else { 0.0 };
        for i in j + 1..x.len() {
            matrix[(i, j)] = h.outputscale * matern(kernel.distance(&x[i], &x[j], precision)).0;
        }
    }
    matrix
}

impl GaussianProcess {
    /// Conditions on observations. `None` if the covariance cannot be factorized even with the largest jitter, as when
    /// something is NaN.
    #[must_use]
    pub fn new(kernel: Kernel, hyperparameters: Hyperparameters, observations: Observations) -> Option<Self> {
        let precision: Vec<f64> = hyperparameters.lengthscales.iter().map(|l| 1.0 / (l * l)).collect();
        let matrix = covariance(&kernel, &hyperparameters, &precision, &observations);
        let factor = JITTERS.iter().find_map(|jitter| {
            let mut lifted = matrix.clone();
            for i in 0..lifted.nrows() {
                lifted[(i, i)] += jitter * hyperparameters.outputscale;
            }
            Factor::new(lifted)
        })?;
        let alpha = factor.solve(&observations.y);
        let log_likelihood = log_likelihood(&factor, &observations.y, &alpha);
        let whitener = factor.lower_inverse();
        let finite = alpha.iter().chain(whitener.iter()).all(|v| v.is_finite()) && log_likelihood.is_finite();
        finite.then_some(Self { kernel, hyperparameters, precision, observations, whitener, alpha, log_likelihood })
    }

    /// The same process with more observations and the same hyperparameters.
    #[must_use]
    pub fn condition(&self, x: Vec<f64>, y: f64, noise: Noise) -> Option<Self> {
        let mut observations = self.observations.clone();
        observations.push(x, y, noise);
        Self::new(self.kernel.clone(), self.hyperparameters.clone(), observations)
    }

    /// The hyperparameters.
    #[must_use]
    pub fn hyperparameters(&self) -> &Hyperparameters {
        &self.hyperparameters
    }

    /// What it is conditioned on.
    #[must_use]
    pub fn observations(&self) -> &Observations {
        &self.observations
    }

    /// Log marginal likelihood of the observations (Rasmussen and Williams, 2006, eq. 2.30).
    #[must_use]
    pub fn log_likelihood(&self) -> f64 {
        self.log_likelihood
    }

    /// Posterior at `x` (Rasmussen and Williams, 2006, eq. 2.25 and 2.26). `O(n d + n^2 / 2)`.
    #[must_use]
    pub fn predict(&self, x: &[f64]) -> Prediction {
        let s2 = self.hyperparameters.outputscale;
        let covariances: Vec<f64> =
            self.observations.x.iter().map(|xi| s2 * matern(self.kernel.distance(x, xi, &self.precision)).0).collect();
        let whitened = self.whiten(&covariances);
        self.prediction(&covariances, &whitened)
    }

    /// Posterior at `x` with the gradients of mean and variance by `x`, each of length `d`; zero along unordered
    /// coordinates.
    #[must_use]
    pub fn predict_with_gradient(&self, x: &[f64]) -> (Prediction, Vec<f64>, Vec<f64>) {
        let (n, d, s2) = (self.alpha.len(), x.len(), self.hyperparameters.outputscale);
        let kernels: Vec<(f64, f64)> =
            self.observations.x.iter().map(|xi| matern(self.kernel.distance(x, xi, &self.precision))).collect();
        let covariances: Vec<f64> = kernels.iter().map(|(k, _)| s2 * k).collect();
        let whitened = self.whiten(&covariances);
        let prediction = self.prediction(&covariances, &whitened);
        let (mut mean, mut variance) = (vec![0.0; d], vec![0.0; d]);
        for (j, (xj, (_, slope))) in self.observations.x.iter().zip(&kernels).enumerate() {
            // K^-1 k = W^T (W k), one entry per observation.
            let solved = dot(&self.whitener.as_slice()[j * n + j..(j + 1) * n], &whitened[j..]);
            let (by_mean, by_variance) = (-s2 * slope * self.alpha[j], 2.0 * s2 * slope * solved);
            for k in 0..d {
                let step = self.kernel.half_slope(k, x[k], xj[k]) * self.precision[k];
                mean[k] += by_mean * step;
                variance[k] += by_variance * step;
            }
        }
        (prediction, mean, variance)
    }

    /// `W k`.
    fn whiten(&self, covariances: &[f64]) -> Vec<f64> {
        let n = covariances.len();
        let mut out = vec![0.0; n];
        for (j, c) in covariances.iter().enumerate() {
            for (o, w) in out[j..].iter_mut().zip(&self.whitener.as_slice()[j * n + j..(j + 1) * n]) {
                *o += c * w;
            }
        }
        out
    }

    fn prediction(&self, covariances: &[f64], whitened: &[f64]) -> Prediction {
        let s2 = self.hyperparameters.outputscale;
        let variance = s2 - dot(whitened, whitened);
        // Rounding must not make a variance vanish.
        Prediction { mean: dot(covariances, &self.alpha), variance: variance.max(1e-10 * s2) }
    }
}

pub(super) fn log_likelihood(factor: &Factor, y: &[f64], alpha: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a count of trials")]
    let n = y.len() as f64;
    -0.5 * (dot(y, alpha) + factor.log_determinant() + n * (2.0 * std::f64::consts::PI).ln())
}
