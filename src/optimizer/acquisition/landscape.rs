//! The acquisition function over encoded points.

use nalgebra::DMatrix;

use super::super::parallel;
use super::super::surrogate::{Draws, GaussianProcess, Whitened};
use super::belief::Belief;
use super::criterion::{Criterion, Posterior};
use super::feasibility::Feasibility;
use super::logs::{log_distribution, log_sum_exp};

/// Points that are evaluated together.
const CHUNK: usize = 64;

/// What a constraint bounds.
#[derive(Debug, Clone)]
pub enum Bounded {
    /// The objective of this index.
    Objective(usize),
    /// Another metric, with a surrogate of its own.
    Other(Box<GaussianProcess>),
}

/// A constraint: what it bounds stays at `bound` or below, or above if `above`.
#[derive(Debug, Clone)]
pub struct Limit {
    /// What is bounded.
    pub of: Bounded,
    /// The bound, in the surrogate's units.
    pub bound: f64,
    /// Whether it bounds from below.
    pub above: bool,
}

impl Limit {
    /// `ln` of the probability that the bound is kept, with its derivatives by mean and standard deviation.
    fn log_probability(&self, p: Posterior) -> (f64, f64, f64) {
        let sign = if self.above { -1.0 } else { 1.0 };
        let z = sign * (self.bound - p.mean) / p.sd;
        let (log, slope) = log_distribution(z);
        (log, -sign * slope / p.sd, -slope * z / p.sd)
    }
}

/// What is maximized: the logarithm of the expected improvement, averaged over joint draws of what is uncertain about the
/// front (Daulton, Balandat and Bakshy, "Parallel Bayesian optimization of multiple noisy objectives with expected
/// hypervolume improvement", NeurIPS 2021, eq. 3, with the inner expectation exact instead of sampled), times the
/// probabilities that constraints are kept and that the trial does not fail, and what the user believes.
#[derive(Debug, Clone)]
pub struct Landscape {
    /// One surrogate per objective, all with equally many draws.
    pub objectives: Vec<Draws>,
    /// What is to be improved, one per draw, in the surrogates' units. Without any, only feasibility counts.
    pub criteria: Vec<Criterion>,
    /// The constraints.
    pub limits: Vec<Limit>,
    /// The model of failures, if any trial failed.
    pub feasibility: Option<Feasibility>,
    /// The user's priors on parameters, if there are any.
    pub belief: Option<Belief>,
    /// Coordinates that follow a point's own in the surrogates' inputs: which study it belongs to, if there are several.
    pub suffix: Vec<f64>,
}

impl Landscape {
    /// The acquisition at a canonical vector.
    #[must_use]
    pub fn value(&self, x: &[f64]) -> f64 {
        let full = self.extended(x);
        let objectives: Vec<Vec<f64>> = self.objectives.iter().map(|o| o.process().whiten(&full).w).collect();
        let others: Vec<Vec<f64>> = self.others().map(|gp| gp.whiten(&full).w).collect();
        let objectives: Vec<&[f64]> = objectives.iter().map(Vec::as_slice).collect();
        let others: Vec<&[f64]> = others.iter().map(Vec::as_slice).collect();
        self.combine(x, &full, &objectives, &others, usize::MAX)
    }

    /// How many draws it is averaged over.
    #[must_use]
    pub fn draws(&self) -> usize {
        self.objectives.first().map_or(0, Draws::count)
    }

    /// The acquisition at many canonical vectors, averaged over the first `draws` draws only.
    #[must_use]
    pub fn values(&self, points: &[Vec<f64>], draws: usize) -> Vec<f64> {
        let chunks: Vec<&[Vec<f64>]> = points.chunks(CHUNK).collect();
        let evaluated = parallel::map(&chunks, |chunk| {
            let full: Vec<Vec<f64>> = chunk.iter().map(|x| self.extended(x)).collect();
            let objectives: Vec<_> = self.objectives.iter().map(|o| o.process().whiten_many(&full)).collect();
            let others: Vec<_> = self.others().map(|gp| gp.whiten_many(&full)).collect();
            let value =
                |i: usize| self.combine(&chunk[i], &full[i], &columns(&objectives, i), &columns(&others, i), draws);
            (0..chunk.len()).map(value).collect::<Vec<_>>()
        });
        evaluated.concat()
    }

    fn combine(&self, x: &[f64], full: &[f64], whitened: &[&[f64]], others: &[&[f64]], draws: usize) -> f64 {
        let sds: Vec<f64> =
            self.objectives.iter().zip(whitened).map(|(o, w)| o.process().prediction(w).variance.sqrt()).collect();
        let means: Vec<Vec<f64>> =
            self.objectives.iter().zip(whitened).map(|(o, w)| o.means(w).take(draws).collect()).collect();
        let mut losses: Vec<Posterior> = sds.iter().map(|sd| Posterior { mean: 0.0, sd: *sd }).collect();
        let draws = means.first().map_or(0, Vec::len);
        let logs: Vec<f64> = (0..draws)
            .map(|s| {
                for (loss, means) in losses.iter_mut().zip(&means) {
                    loss.mean = means[s];
                }
                let improvement = self.criteria.get(s).map_or(0.0, |c| c.log_value(&losses));
                let kept = self.limits.iter().filter_map(|l| match l.of {
                    Bounded::Objective(j) => Some(l.log_probability(losses[j]).0),
                    Bounded::Other(_) => None,
                });
                improvement + kept.sum::<f64>()
            })
            .collect();
        #[expect(clippy::cast_precision_loss, reason = "a count of draws")]
        let mut total = log_sum_exp(&logs) - (draws.max(1) as f64).ln();
        let separate = self.limits.iter().filter(|l| matches!(l.of, Bounded::Other(_)));
        for ((limit, gp), w) in separate.zip(self.others()).zip(others) {
            let p = gp.prediction(w);
            total += limit.log_probability(Posterior { mean: p.mean, sd: p.variance.sqrt() }).0;
        }
        total += self.belief.as_ref().map_or(0.0, |b| b.log_density(x, None));
        total + self.feasibility.as_ref().map_or(0.0, |f| f.log_probability(full, None))
    }

    /// The acquisition at a canonical vector, with its gradient along ordered coordinates.
    #[must_use]
    pub fn value_with_gradient(&self, x: &[f64]) -> (f64, Vec<f64>) {
        let full = self.extended(x);
        let mut gradient = vec![0.0; full.len()];
        let at: Vec<Whitened> = self.objectives.iter().map(|o| o.process().whiten(&full)).collect();
        let sds: Vec<f64> =
            self.objectives.iter().zip(&at).map(|(o, at)| o.process().prediction(&at.w).variance.sqrt()).collect();
        let means: Vec<Vec<f64>> = self.objectives.iter().zip(&at).map(|(o, at)| o.means(&at.w).collect()).collect();
        let draws = means.first().map_or(0, Vec::len);
        let m = self.objectives.len();
        let mut logs = Vec::with_capacity(draws);
        let mut slopes = Vec::with_capacity(draws);
        for s in 0..draws {
            let losses: Vec<Posterior> =
                means.iter().zip(&sds).map(|(means, sd)| Posterior { mean: means[s], sd: *sd }).collect();
            let (mut log, mut by_mean, mut by_sd) = match self.criteria.get(s) {
                Some(criterion) => {
                    let value = criterion.evaluate(&losses);
                    (value.log, value.by_mean, value.by_sd)
                }
                None => (0.0, vec![0.0; m], vec![0.0; m]),
            };
            for limit in &self.limits {
                if let Bounded::Objective(j) = limit.of {
                    let (value, mean, sd) = limit.log_probability(losses[j]);
                    log += value;
                    by_mean[j] += mean;
                    by_sd[j] += sd;
                }
            }
            logs.push(log);
            slopes.push((by_mean, by_sd));
        }
        let sum = log_sum_exp(&logs);
        let shares: Vec<f64> = logs.iter().map(|log| (log - sum).exp()).collect();
        #[expect(clippy::cast_precision_loss, reason = "a count of draws")]
        let mut total = sum - (draws.max(1) as f64).ln();
        for (j, (objective, at)) in self.objectives.iter().zip(&at).enumerate() {
            let by_means: Vec<f64> = shares.iter().zip(&slopes).map(|(share, (mean, _))| share * mean[j]).collect();
            let by_sd: f64 = shares.iter().zip(&slopes).map(|(share, (_, sd))| share * sd[j]).sum();
            let by_w = objective.by_whitened(&at.w, &by_means, by_sd / (2.0 * sds[j]));
            objective.process().pull_back(&full, at, &by_w, &mut gradient);
        }
        for limit in &self.limits {
            if let Bounded::Other(gp) = &limit.of {
                let at = gp.whiten(&full);
                let p = gp.prediction(&at.w);
                let sd = p.variance.sqrt();
                let (value, by_mean, by_sd) = limit.log_probability(Posterior { mean: p.mean, sd });
                total += value;
                let by_w: Vec<f64> = gp.target().iter().zip(&at.w).map(|(t, w)| by_mean * t - by_sd / sd * w).collect();
                gp.pull_back(&full, &at, &by_w, &mut gradient);
            }
        }
        total += self.feasibility.as_ref().map_or(0.0, |f| f.log_probability(&full, Some(&mut gradient)));
        gradient.truncate(x.len());
        total += self.belief.as_ref().map_or(0.0, |b| b.log_density(x, Some(&mut gradient)));
        (total, gradient)
    }

    fn extended(&self, x: &[f64]) -> Vec<f64> {
        x.iter().chain(&self.suffix).copied().collect()
    }

    fn others(&self) -> impl Iterator<Item = &GaussianProcess> {
        self.limits.iter().filter_map(|l| match &l.of {
            Bounded::Objective(_) => None,
            Bounded::Other(gp) => Some(&**gp),
        })
    }
}

/// The `i`-th columns.
fn columns(all: &[DMatrix<f64>], i: usize) -> Vec<&[f64]> {
    all.iter().map(|m| &m.as_slice()[i * m.nrows()..(i + 1) * m.nrows()]).collect()
}
