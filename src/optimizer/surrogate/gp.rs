//! The Gaussian process given its hyperparameters.

use nalgebra::DMatrix;

use super::columns::Columns;
use super::factor::{Factor, dot, lower_times};
use super::kernel::{Hyperparameters, Kernel};
use super::warp::Warp;

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

impl Noise {
    /// None at all.
    pub const EXACT: Self = Self { known: 0.0, inferred: false };

    /// Its variance, where the inferred part has this one.
    #[must_use]
    pub fn variance(self, inferred: f64) -> f64 {
        self.known + if self.inferred { inferred } else { 0.0 }
    }
}

/// What a Gaussian process is fitted to. This study's own come first.
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

    /// At most `most` of them: of the first `own`, which matter more, as many as fill two thirds of the places. Of the
    /// others it is as many as fill the rest; of both more where the other has too few. Spread evenly over their lists.
    #[must_use]
    pub fn part(&self, most: usize, own: usize) -> Self {
        let own = own.min(self.y.len());
        let others = self.y.len() - own;
        let first = own.min((2 * most / 3).max(most.saturating_sub(others)));
        let second = others.min(most - first);
        let mut part = Self::default();
        for i in evenly(own, first).chain(evenly(others, second).map(|i| own + i)) {
            part.push(self.x[i].clone(), self.y[i], self.noise[i]);
        }
        part
    }
}

/// `count` of the indices below `n`, spread evenly, the last one among them.
pub(crate) fn evenly(n: usize, count: usize) -> impl Iterator<Item = usize> {
    let count = count.min(n);
    (0..count).map(move |k| (k + 1) * n / count - 1)
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
    warp: Warp,
    /// The observations' points, warped.
    columns: Columns,
    observations: Observations,
    /// `W = L^-1`.
    whitener: DMatrix<f64>,
    /// `t = W y`.
    target: Vec<f64>,
    /// What was added to the diagonal, noise and all, `n`.
    added: Vec<f64>,
    log_likelihood: f64,
}

/// What is known at one point beside the prediction, for gradients.
#[derive(Debug, Clone)]
pub struct Whitened {
    /// `w = W k`, where `k` are the covariances with the observations; `n`.
    pub w: Vec<f64>,
    /// Minus twice the kernel's derivative by the squared scaled distance, `n`; empty if not asked for.
    slopes: Vec<f64>,
}

impl GaussianProcess {
    /// Conditions on observations. `None` if the covariance cannot be factorized even with the largest jitter, as when
    /// something is NaN.
    #[must_use]
    pub fn new(kernel: Kernel, hyperparameters: Hyperparameters, observations: Observations) -> Option<Self> {
        let precision = hyperparameters.precision();
        let warp = hyperparameters.warp();
        let columns = warp.columns(&observations.x, kernel.dimension());
        let (s2, n) = (hyperparameters.outputscale, observations.x.len());
        let mut matrix = DMatrix::zeros(n, n);
        for j in 0..n {
            let column = &mut matrix.as_mut_slice()[j * n + j..(j + 1) * n];
            kernel.distances(&columns.point(j), &columns, j, &precision, column);
            super::kernel::matern(column);
            column.iter_mut().for_each(|k| *k *= s2);
            column[0] = s2 + FLOOR + observations.noise[j].variance(hyperparameters.noise);
        }
        let (factor, jitter) = factorize(&matrix, s2)?;
        let added = (0..n).map(|j| matrix[(j, j)] - s2 + jitter).collect();
        let whitener = factor.lower_inverse();
        let target = lower_times(&whitener, &observations.y);
        let log_likelihood = log_likelihood(&factor, dot(&target, &target));
        let finite = target.iter().chain(whitener.iter()).all(|v| v.is_finite()) && log_likelihood.is_finite();
        finite.then_some(Self {
            kernel,
            hyperparameters,
            precision,
            warp,
            columns,
            observations,
            whitener,
            target,
            added,
            log_likelihood,
        })
    }

    /// The same process, with the same hyperparameters, that also knows the function at `points`, exactly. Its mean stays
    /// the same, for the values are taken to be the posterior means; see [`Draws`](super::Draws) for others. `None` if the
    /// covariance cannot be factorized even with the largest jitter.
    ///
    /// The factor is extended, not made anew: `O(n^2 q)` for `q` points.
    #[must_use]
    pub(super) fn knowing(&self, points: &[Vec<f64>]) -> Option<Self> {
        let (n, q) = (self.target.len(), points.len());
        let (means, covariance, cross) = self.joint_with_cross(points);
        let (factor, jitter) = factorize(&covariance, self.hyperparameters.outputscale)?;
        let inverse = factor.lower_inverse();
        // W' = [W 0; -C^-1 B W, C^-1], where B = cross^T = K_qn L^-T.
        let mixed = -(&inverse * cross.transpose() * &self.whitener);
        let mut whitener = DMatrix::zeros(n + q, n + q);
        whitener.view_mut((0, 0), (n, n)).copy_from(&self.whitener);
        whitener.view_mut((n, 0), (q, n)).copy_from(&mixed);
        whitener.view_mut((n, n), (q, q)).copy_from(&inverse);
        let mut more = self.clone();
        for (x, mean) in points.iter().zip(means) {
            more.observations.push(x.clone(), mean, Noise::EXACT);
        }
        more.columns = self.warp.columns(&more.observations.x, self.kernel.dimension());
        more.whitener = whitener;
        more.target.resize(n + q, 0.0);
        more.added.resize(n + q, FLOOR + jitter);
        more.whitener.iter().all(|v| v.is_finite()).then_some(more)
    }

    /// Joint posterior at `points`: means, and the lower triangle of the covariance with the variance of "exact"
    /// observations on its diagonal, `q x q`.
    #[must_use]
    pub(in crate::optimizer) fn joint(&self, points: &[Vec<f64>]) -> (Vec<f64>, DMatrix<f64>) {
        let (means, covariance, _) = self.joint_with_cross(points);
        (means, covariance)
    }

    fn joint_with_cross(&self, points: &[Vec<f64>]) -> (Vec<f64>, DMatrix<f64>, DMatrix<f64>) {
        let (s2, q) = (self.hyperparameters.outputscale, points.len());
        let cross = self.whiten_many(points);
        let means = (0..q).map(|i| dot(cross.column(i).as_slice(), &self.target)).collect();
        let columns = self.warp.columns(points, self.kernel.dimension());
        let mut covariance = DMatrix::zeros(q, q);
        for j in 0..q {
            let column = &mut covariance.as_mut_slice()[j * q + j..(j + 1) * q];
            self.kernel.distances(&columns.point(j), &columns, j, &self.precision, column);
            super::kernel::matern(column);
            for (i, k) in column.iter_mut().enumerate() {
                *k = s2 * *k - dot(cross.column(j + i).as_slice(), cross.column(j).as_slice());
            }
            // Rounding must not make a variance vanish.
            column[0] = column[0].max(1e-10 * s2) + FLOOR;
        }
        (means, covariance, cross)
    }

    /// `W k` for many points, `n x q`.
    #[must_use]
    pub(in crate::optimizer) fn whiten_many(&self, points: &[Vec<f64>]) -> DMatrix<f64> {
        let n = self.target.len();
        let mut covariances = DMatrix::zeros(n, points.len());
        for (x, column) in points.iter().zip(covariances.as_mut_slice().chunks_exact_mut(n.max(1))) {
            self.covariances(x, column);
        }
        super::factor::lower_product(&self.whitener, &covariances)
    }

    fn covariances(&self, x: &[f64], out: &mut [f64]) {
        self.kernel.distances(&self.warp.point(x), &self.columns, 0, &self.precision, out);
        super::kernel::matern(out);
        out.iter_mut().for_each(|k| *k *= self.hyperparameters.outputscale);
    }

    /// The hyperparameters.
    #[must_use]
    pub fn hyperparameters(&self) -> &Hyperparameters {
        &self.hyperparameters
    }

    /// The kernel.
    #[must_use]
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// What it is conditioned on.
    #[must_use]
    pub fn observations(&self) -> &Observations {
        &self.observations
    }

    /// `t = W y`, `n`.
    pub(crate) fn target(&self) -> &[f64] {
        &self.target
    }

    /// The part of `W` that belongs to the observations from the `first` on.
    pub(super) fn corner(&self, first: usize) -> DMatrix<f64> {
        let q = self.target.len() - first;
        self.whitener.view((first, first), (q, q)).into_owned()
    }

    /// Log marginal likelihood of the observations (Rasmussen and Williams, 2006, eq. 2.30).
    #[must_use]
    pub fn log_likelihood(&self) -> f64 {
        self.log_likelihood
    }

    /// Posterior at `x` (Rasmussen and Williams, 2006, eq. 2.25 and 2.26). `O(n d + n^2 / 2)`.
    #[must_use]
    pub fn predict(&self, x: &[f64]) -> Prediction {
        let mut covariances = vec![0.0; self.target.len()];
        self.covariances(x, &mut covariances);
        self.prediction(&lower_times(&self.whitener, &covariances))
    }

    /// Posterior at every observation, `n`, from what is at hand. `K` is the covariance, and `D` what was added to its
    /// diagonal. The means are `y - D K^-1 y`, and the variances the diagonal of `D - D K^-1 D`.
    #[must_use]
    pub fn at_observations(&self) -> Vec<Prediction> {
        let alpha = super::factor::transposed_times(&self.whitener, &self.target);
        let (n, s2) = (alpha.len(), self.hyperparameters.outputscale);
        let one = |i: usize| {
            let column = &self.whitener.as_slice()[i * n + i..(i + 1) * n];
            let (y, added) = (self.observations.y[i], self.added[i]);
            let variance = added - added * added * dot(column, column);
            Prediction { mean: y - added * alpha[i], variance: variance.max(1e-10 * s2) }
        };
        (0..n).map(one).collect()
    }

    /// Posterior at the point whose covariances were whitened to `w`.
    #[must_use]
    pub fn prediction(&self, w: &[f64]) -> Prediction {
        let s2 = self.hyperparameters.outputscale;
        // Rounding must not make a variance vanish.
        Prediction { mean: dot(w, &self.target), variance: (s2 - dot(w, w)).max(1e-10 * s2) }
    }

    /// The covariances at `x`, whitened, and what [`pull_back`](Self::pull_back) needs.
    #[must_use]
    pub fn whiten(&self, x: &[f64]) -> Whitened {
        let s2 = self.hyperparameters.outputscale;
        let mut covariances = vec![0.0; self.target.len()];
        self.kernel.distances(&self.warp.point(x), &self.columns, 0, &self.precision, &mut covariances);
        let mut slopes = vec![0.0; covariances.len()];
        super::kernel::matern_with_slopes(&mut covariances, &mut slopes);
        covariances.iter_mut().for_each(|k| *k *= s2);
        Whitened { w: lower_times(&self.whitener, &covariances), slopes }
    }

    /// Adds to `gradient` (length `d`) the gradient by `x` of a function whose derivative by `w` is `by_w`; nothing along
    /// unordered coordinates.
    pub fn pull_back(&self, x: &[f64], at: &Whitened, by_w: &[f64], gradient: &mut [f64]) {
        let s2 = self.hyperparameters.outputscale;
        let mut weights = super::factor::transposed_times(&self.whitener, by_w);
        for (weight, slope) in weights.iter_mut().zip(&at.slopes) {
            *weight *= -s2 * slope;
        }
        let mut by_warped = vec![0.0; x.len()];
        let warped = self.warp.point(x);
        self.kernel.weighted_half_slopes(&warped, &self.columns, &self.precision, &weights, &mut by_warped);
        self.warp.pull_back(x, &mut by_warped);
        gradient.iter_mut().zip(&by_warped).for_each(|(g, b)| *g += b);
    }

    /// Posterior at `x` with the gradients of mean and variance by `x`, each of length `d`; zero along unordered
    /// coordinates.
    #[must_use]
    pub fn predict_with_gradient(&self, x: &[f64]) -> (Prediction, Vec<f64>, Vec<f64>) {
        let at = self.whiten(x);
        let (mut mean, mut variance) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        self.pull_back(x, &at, &self.target, &mut mean);
        self.pull_back(x, &at, &at.w.iter().map(|w| -2.0 * w).collect::<Vec<_>>(), &mut variance);
        (self.prediction(&at.w), mean, variance)
    }

    /// What the process would predict of each observation from all others, noise included: mean and variance, `n`
    /// (Rasmussen and Williams, 2006, eq. 5.12).
    #[must_use]
    pub fn leave_one_out(&self) -> Vec<Prediction> {
        let alpha = super::factor::transposed_times(&self.whitener, &self.target);
        let n = alpha.len();
        let one = |i: usize| {
            let column = &self.whitener.as_slice()[i * n + i..(i + 1) * n];
            let variance = 1.0 / dot(column, column);
            Prediction { mean: self.observations.y[i] - alpha[i] * variance, variance }
        };
        (0..n).map(one).collect()
    }
}

/// The factor of a covariance, with as little jitter as will do, and that jitter (a nugget: a small number added to the diagonal).
pub(super) fn factorize(matrix: &DMatrix<f64>, s2: f64) -> Option<(Factor, f64)> {
    JITTERS.iter().find_map(|share| {
        let jitter = share * s2;
        let mut lifted = matrix.clone();
        for i in 0..lifted.nrows() {
            lifted[(i, i)] += jitter;
        }
        Some((Factor::new(lifted)?, jitter))
    })
}

/// From the factor of the covariance and `y^T K^-1 y`.
pub(super) fn log_likelihood(factor: &Factor, fit: f64) -> f64 {
    let n = factor.len() as f64;
    -0.5 * (fit + factor.log_determinant() + n * (2.0 * std::f64::consts::PI).ln())
}
