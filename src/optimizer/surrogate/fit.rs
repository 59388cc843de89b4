//! Hyperparameters at the maximum of their posterior.

use nalgebra::DMatrix;

use super::factor::dot;
use super::gp::{FLOOR, GaussianProcess, Observations, factorize, log_likelihood};
use super::kernel::{Hyperparameters, Kernel, matern_with_slopes};
use super::prior::HyperparameterPrior;
use crate::optimizer::descent::{DescentEffort, minimize};

/// Most observations that hyperparameters are fitted to.
const MOST: usize = 300;
/// Effort from the priors' mode.
const COLD: DescentEffort = DescentEffort { evaluations: 80, tolerance: 1e-5 };
/// Effort from an earlier fit: one trial more seldom moves the optimum far.
const WARM: DescentEffort = DescentEffort { evaluations: 25, tolerance: 1e-3 };

/// Why no Gaussian process could be fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// Nothing to learn from.
    #[error("there is no observation to fit a surrogate to")]
    NoObservation,
    /// The covariance could not be factorized anywhere.
    #[error("the surrogate's covariance could not be factorized, with no jitter")]
    Singular,
}

/// The log posterior density of log hyperparameters as a function with a gradient.
pub(super) struct LogPosterior<'o> {
    kernel: &'o Kernel,
    observations: &'o Observations,
    /// The coordinates whose scale may bend.
    bendable: Vec<usize>,
    priors: Vec<HyperparameterPrior>,
    infers_noise: bool,
}

impl<'o> LogPosterior<'o> {
    pub(super) fn new(kernel: &'o Kernel, observations: &'o Observations) -> Self {
        let d = kernel.dimension();
        let mut priors = vec![HyperparameterPrior::lengthscale(d); d];
        let bendable: Vec<usize> = (0..d).filter(|&k| kernel.may_bend(k)).collect();
        priors.push(HyperparameterPrior::outputscale());
        priors.extend(bendable.iter().map(|_| HyperparameterPrior::bend()));
        priors.push(HyperparameterPrior::noise());
        let infers_noise = observations.noise.iter().any(|n| n.inferred);
        Self { kernel, observations, bendable, priors, infers_noise }
    }

    /// Lengthscales, outputscale, bends and, if there is any to infer, noise; all but the bends in logarithms.
    fn free(&self) -> usize {
        self.kernel.dimension() + 1 + self.bendable.len() + usize::from(self.infers_noise)
    }

    pub(super) fn logs_of(&self, h: &Hyperparameters) -> Vec<f64> {
        let mut logs: Vec<f64> = h.lengthscales.iter().chain([&h.outputscale]).map(|v| v.ln()).collect();
        logs.extend(self.bendable.iter().map(|&k| h.bends.get(k).copied().unwrap_or(0.0)));
        logs.extend(self.infers_noise.then(|| h.noise.ln()));
        logs
    }

    pub(super) fn hyperparameters_at(&self, logs: &[f64]) -> Hyperparameters {
        let d = self.kernel.dimension();
        let mut bends = vec![0.0; d];
        for (&k, bend) in self.bendable.iter().zip(&logs[d + 1..]) {
            bends[k] = *bend;
        }
        let noise = d + 1 + self.bendable.len();
        Hyperparameters {
            lengthscales: logs[..d].iter().map(|v| v.exp()).collect(),
            outputscale: logs[d].exp(),
            noise: logs.get(noise).copied().unwrap_or(self.priors[noise].bounds.0).exp(),
            bends,
        }
    }

    pub(super) fn mode(&self) -> Vec<f64> {
        self.priors[..self.free()].iter().map(HyperparameterPrior::mode).collect()
    }

    fn bounds(&self) -> Vec<(f64, f64)> {
        self.priors[..self.free()].iter().map(|p| p.bounds).collect()
    }

    /// The log posterior density (up to a constant) at `logs`, whose gradient goes to `gradient`; NaN where the covariance
    /// cannot be factorized. Rasmussen and Williams, 2006, eq. 5.9, plus the priors.
    pub(super) fn evaluate(&self, logs: &[f64], gradient: &mut [f64]) -> f64 {
        let (n, d) = (self.observations.y.len(), self.kernel.dimension());
        let h = self.hyperparameters_at(logs);
        let (s2, precision, warp) = (h.outputscale, h.precision(), h.warp());
        let columns = warp.columns(&self.observations.x, d);
        let by_bend = warp.by_bend(&self.observations.x, d);
        let mut matrix = DMatrix::zeros(n, n);
        let mut slopes = vec![0.0; n * n.saturating_sub(1) / 2];
        let mut rest = slopes.as_mut_slice();
        for j in 0..n {
            let (slopes, later) = rest.split_at_mut(n - j - 1);
            let column = &mut matrix.as_mut_slice()[j * n + j..(j + 1) * n];
            let (diagonal, below) = column.split_at_mut(1);
            self.kernel.distances(&columns.point(j), &columns, j + 1, &precision, below);
            matern_with_slopes(below, slopes);
            below.iter_mut().for_each(|k| *k *= s2);
            diagonal[0] = s2 + FLOOR + self.observations.noise[j].variance(h.noise);
            rest = later;
        }
        let Some((factor, _)) = factorize(&matrix, s2) else {
            gradient.fill(f64::NAN);
            return f64::NAN;
        };
        let alpha = factor.solve(&self.observations.y);
        let inverse = factor.inverse();

        // Half the trace of (alpha alpha^T - K^-1) dK, over pairs i > j twice and over the diagonal once.
        gradient.fill(0.0);
        let noise = d + 1 + self.bendable.len();
        let mut by_scale = 0.0;
        let mut rest = slopes.as_mut_slice();
        for j in 0..n {
            let (weights, later) = rest.split_at_mut(n - j - 1);
            let inverse = &inverse.as_slice()[j * n..(j + 1) * n];
            for ((weight, other), inverse) in weights.iter_mut().zip(&alpha[j + 1..]).zip(&inverse[j + 1..]) {
                // Until here the slope of the kernel.
                let pair = other * alpha[j] - inverse;
                *weight *= s2 * pair;
            }
            let kernels = &matrix.as_slice()[j * n + j + 1..(j + 1) * n];
            let pairs = &alpha[j + 1..];
            by_scale += alpha[j] * dot(pairs, kernels) - dot(&inverse[j + 1..], kernels);
            for (k, g) in gradient[..d].iter_mut().enumerate() {
                *g += self.kernel.weighted_difference(k, j, &columns, weights);
            }
            for (&k, g) in self.bendable.iter().zip(&mut gradient[d + 1..]) {
                *g -= weighted_product(columns.from(k, j), by_bend.from(k, j), weights);
            }
            let diagonal = alpha[j] * alpha[j] - inverse[j];
            by_scale += 0.5 * diagonal * s2;
            if self.infers_noise && self.observations.noise[j].inferred {
                gradient[noise] += 0.5 * diagonal * h.noise;
            }
            rest = later;
        }
        for (g, p) in gradient.iter_mut().zip(&precision) {
            *g *= p;
        }
        for (&k, g) in self.bendable.iter().zip(&mut gradient[d + 1..]) {
            *g *= precision[k];
        }
        gradient[d] = by_scale;
        let mut value = log_likelihood(&factor, dot(&self.observations.y, &alpha));
        for ((g, prior), log_value) in gradient.iter_mut().zip(&self.priors).zip(logs) {
            let (density, slope) = prior.log_density(*log_value);
            value += density;
            *g += slope;
        }
        value
    }
}

/// The sum over all points but the first of `weights` times the difference to the first in `a` times that in `b`.
fn weighted_product(a: &[f64], b: &[f64], weights: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let term = |w: f64, x: f64, y: f64| w * (a[0] - x) * (b[0] - y);
    let (w4, a4, b4) = (weights.chunks_exact(4), a[1..].chunks_exact(4), b[1..].chunks_exact(4));
    let rest = w4.remainder().iter().zip(a4.remainder()).zip(b4.remainder());
    let rest: f64 = rest.map(|((w, x), y)| term(*w, *x, *y)).sum();
    for ((w, x), y) in w4.zip(a4).zip(b4) {
        for i in 0..4 {
            sums[i] += term(w[i], x[i], y[i]);
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

/// Where a fit begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Starts {
    /// The hyperparameters of an earlier fit, if there was one.
    pub previous: Option<Hyperparameters>,
    /// Whether to begin at the priors' mode too; done anyway where there is no earlier fit.
    pub mode: bool,
    /// How many of the observations, the first, are of the study itself; all, if `None`.
    pub own: Option<usize>,
}

impl Starts {
    /// From the priors' mode alone.
    pub const COLD: Self = Self { previous: None, mode: true, own: None };
}

/// Fits a Gaussian process: L-BFGS on the log posterior in logarithms of the hyperparameters, bends as they are. Returns the best process with
/// its log posterior density (up to a constant).
///
/// Of more than 300 observations, hyperparameters are fitted to 300, most of them the study's own. The cost of a fit
/// grows with the cube of their number, and what more could tell of them is little. The process is conditioned on all.
///
/// # Errors
/// [`FitError::NoObservation`] without observations; [`FitError::Singular`] where the covariance cannot be factorized
/// with any jitter, as for values that are not finite.
pub fn fit(kernel: &Kernel, observations: Observations, starts: &Starts) -> Result<(GaussianProcess, f64), FitError> {
    if observations.y.is_empty() {
        return Err(FitError::NoObservation);
    }
    let few = (observations.y.len() > MOST).then(|| observations.part(MOST, starts.own.unwrap_or(usize::MAX)));
    let posterior = LogPosterior::new(kernel, few.as_ref().unwrap_or(&observations));
    let bounds = posterior.bounds();
    let loss = |logs: &[f64], gradient: &mut [f64]| {
        let value = posterior.evaluate(logs, gradient);
        gradient.iter_mut().for_each(|g| *g = -*g);
        -value
    };
    let mode = starts.mode || starts.previous.is_none();
    let mode = mode.then(|| (posterior.mode(), COLD));
    let previous = starts.previous.as_ref().map(|h| (posterior.logs_of(h), WARM));
    let best = mode
        .into_iter()
        .chain(previous)
        .filter_map(|(start, effort)| minimize(loss, &start, &bounds, effort))
        .min_by(|(_, a), (_, b)| a.total_cmp(b))
        .ok_or(FitError::Singular)?;
    let hyperparameters = posterior.hyperparameters_at(&best.0);
    let gp = GaussianProcess::new(kernel.clone(), hyperparameters, observations).ok_or(FitError::Singular)?;
    Ok((gp, -best.1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::gp::Noise;
    use super::*;
    use crate::optimizer::space::{Encoding, Space, choice, float};

    fn observations() -> impl Strategy<Value = Observations> {
        let row = (proptest::collection::vec(0.0..1.0f64, 2), 0u8..3, -2.0..2.0f64, 0.0..0.1f64, any::<bool>());
        proptest::collection::vec(row, 1..12).prop_map(|rows| {
            let mut observations = Observations::default();
            for (mut x, category, y, known, inferred) in rows {
                x.push((f64::from(category) + 0.5) / 3.0);
                observations.push(x, y, Noise { known, inferred });
            }
            observations
        })
    }

    fn kernel() -> Kernel {
        let space = Space::new([float("a", 0.0..=1.0), float("b", 0.0..=1.0), choice("c", ["x", "y", "z"])]).unwrap();
        Kernel::new(&Encoding::new(&space))
    }

    proptest! {
        #[test]
        fn gradient_agrees_with_finite_differences(observations in observations(), logs in proptest::collection::vec(-1.0..1.0f64, 7)) {
            let kernel = kernel();
            let posterior = LogPosterior::new(&kernel, &observations);
            let mut logs: Vec<f64> = logs[..posterior.free()].to_vec();
            if let Some(noise) = logs.get_mut(6) {
                *noise -= 3.0;
            }
            let mut gradient = vec![0.0; logs.len()];
            posterior.evaluate(&logs, &mut gradient);
            let mut ignored = gradient.clone();
            for k in 0..logs.len() {
                let step = 1e-5;
                let mut at = |shift: f64| {
                    let mut moved = logs.clone();
                    moved[k] += shift;
                    posterior.evaluate(&moved, &mut ignored)
                };
                let difference = (at(step) - at(-step)) / (2.0 * step);
                prop_assert!((difference - gradient[k]).abs() < 1e-4 * gradient[k].abs().max(1.0), "{k}: {difference} {}", gradient[k]);
            }
        }

        #[test]
        fn predictions_have_the_slopes_that_finite_differences_show(observations in observations(), x in proptest::collection::vec(0.1..0.9f64, 2)) {
            let h = Hyperparameters { lengthscales: vec![0.5, 0.9, 1.4], outputscale: 1.3, noise: 1e-2, bends: vec![1.5, -0.7, 0.0] };
            let gp = GaussianProcess::new(kernel(), h, observations).unwrap();
            let x = vec![x[0], x[1], 0.5];
            let (prediction, mean, variance) = gp.predict_with_gradient(&x);
            prop_assert_eq!(prediction, gp.predict(&x));
            prop_assert_eq!((mean[2], variance[2]), (0.0, 0.0));
            for k in 0..2 {
                let at = |shift: f64| {
                    let mut moved = x.clone();
                    moved[k] += shift;
                    gp.predict(&moved)
                };
                let (up, down) = (at(1e-6), at(-1e-6));
                let tolerance = |v: f64| 1e-4 * v.abs().max(1.0);
                prop_assert!(((up.mean - down.mean) / 2e-6 - mean[k]).abs() < tolerance(mean[k]));
                prop_assert!(((up.variance - down.variance) / 2e-6 - variance[k]).abs() < tolerance(variance[k]));
            }
        }

        #[test]
        fn fits_anything_finite(observations in observations()) {
            let (gp, log_posterior) = fit(&kernel(), observations, &Starts::COLD).unwrap();
            prop_assert!(log_posterior.is_finite());
            let p = gp.predict(&[0.3, 0.3, 0.5]);
            prop_assert!(p.mean.is_finite() && p.variance > 0.0);
        }
    }

    fn sines(n: u32, noise: Noise) -> Observations {
        let mut observations = Observations::default();
        for i in 0..n {
            let x = f64::from(i) / f64::from(n - 1);
            let y = (6.0 * x).sin() * std::f64::consts::SQRT_2;
            observations.push(vec![x, (f64::from(i) * 0.618).fract(), 0.5], y, noise);
        }
        observations
    }

    #[test]
    fn learns_which_parameter_matters() {
        let (gp, _) = fit(&kernel(), sines(15, Noise { known: 0.0, inferred: false }), &Starts::COLD).unwrap();
        let l = &gp.hyperparameters().lengthscales;
        assert!(l[0] < 0.5 * l[1], "{l:?}");
        let p = gp.predict(&[0.5, 0.1, 0.5]);
        assert!((p.mean - 3f64.sin() * std::f64::consts::SQRT_2).abs() < 0.05, "{p:?}");
    }

    #[test]
    fn learns_on_which_scale_a_parameter_is_smooth() {
        let mut observations = Observations::default();
        for i in 0..20 {
            let x = f64::from(i) / 19.0;
            let y = 4.0 * (2.0 * (1.0 + 40.0 * x).ln()).sin();
            observations.push(vec![x, (f64::from(i) * 0.618).fract(), 0.5], y / 2.8, Noise::EXACT);
        }
        let (gp, _) = fit(&kernel(), observations, &Starts::COLD).unwrap();
        let bends = &gp.hyperparameters().bends;
        assert!(bends[0] > 1.5 && bends[1].abs() < 0.5 && bends[2] == 0.0, "{bends:?}");
    }

    #[test]
    fn a_warm_start_is_never_worse() {
        let observations = sines(15, Noise { known: 0.0, inferred: true });
        let (cold, value) = fit(&kernel(), observations.clone(), &Starts::COLD).unwrap();
        let (_, again) = fit(
            &kernel(),
            observations,
            &Starts { previous: Some(cold.hyperparameters().clone()), mode: false, own: None },
        )
        .unwrap();
        assert!(again >= value - 1e-9);
    }

    #[test]
    fn survives_duplicates_constants_single_trials_and_refuses_the_rest() {
        let exact = Noise { known: 0.0, inferred: false };
        let same = |n: usize, y: f64| Observations { x: vec![vec![0.5; 3]; n], y: vec![y; n], noise: vec![exact; n] };
        for observations in [same(1, 0.0), same(30, 0.0), same(30, 1.0)] {
            assert!(fit(&kernel(), observations, &Starts::COLD).is_ok());
        }
        let mut contradicting = same(10, 1.0);
        contradicting.y[3] = -1.0;
        assert!(fit(&kernel(), contradicting, &Starts::COLD).is_ok());
        assert_eq!(fit(&kernel(), Observations::default(), &Starts::COLD).unwrap_err(), FitError::NoObservation);
        assert_eq!(fit(&kernel(), same(3, f64::NAN), &Starts::COLD).unwrap_err(), FitError::Singular);
    }
}
