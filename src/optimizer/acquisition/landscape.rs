//! The acquisition landscape: the acquisition function over encoded points.

use nalgebra::DMatrix;

use super::super::parallel;
use super::super::surrogate::{Draws, GaussianProcess, Whitened};
use super::belief::Belief;
use super::criterion::{Criterion, Posterior};
use super::feasibility::Feasibility;
use super::logs::{log_student, log_sum_exp};
use super::stake::Stake;

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
pub struct ModelledBound {
    /// What is bounded.
    pub of: Bounded,
    /// The bound, in the surrogate's units.
    pub bound: f64,
    /// Whether it bounds from below.
    pub above: bool,
}

impl ModelledBound {
    /// `ln` of the probability that the bound is kept, with its derivatives by mean and standard deviation.
    ///
    /// Student's t distribution with two degrees of freedom around the prediction, not the normal one: with its
    /// hyperparameters at their most probable values a process is surer than it should be. What it once took for
    /// infeasible would never be looked at.
    pub fn log_probability(&self, p: Posterior) -> (f64, f64, f64) {
        let sign = if self.above { -1.0 } else { 1.0 };
        let z = sign * (self.bound - p.mean) / p.sd;
        let (log, slope) = log_student(z);
        (log, -sign * slope / p.sd, -slope * z / p.sd)
    }
}

/// The acquisition function that is maximized. It is the logarithm of the expected improvement, averaged over joint
/// draws of what is uncertain about the front (Daulton, Balandat and Bakshy, "Parallel Bayesian optimization of
/// multiple noisy objectives with expected hypervolume improvement", NeurIPS 2021, eq. 3, with the inner expectation
/// exact instead of sampled). It is multiplied by the probabilities that constraints are kept and that the trial does
/// not fail, and by what the user believes.
#[derive(Debug, Clone)]
pub struct Landscape<'a> {
    /// One surrogate per objective, all with equally many draws.
    pub objectives: Vec<Draws>,
    /// What is to be improved, one per draw, in the surrogates' units. Without any, only feasibility counts.
    pub criteria: Vec<Criterion>,
    /// The constraints.
    pub limits: Vec<ModelledBound>,
    /// The model of failures, if any trial failed.
    pub feasibility: Option<Feasibility>,
    /// What a failure costs, where trials can fail.
    pub stake: Option<Stake>,
    /// The user's priors on parameters, if there are any.
    pub belief: Option<Belief<'a>>,
    /// Coordinates that follow a point's own in the surrogates' inputs: which study it belongs to, if there are several.
    pub suffix: Vec<f64>,
}

impl Landscape<'_> {
    /// The acquisition at a canonical vector, averaged over the first `draws` draws only.
    #[must_use]
    pub fn value(&self, x: &[f64], draws: usize) -> f64 {
        let full = self.extended(x);
        let objectives: Vec<Vec<f64>> = self.objectives.iter().map(|o| o.process().whiten(&full).w).collect();
        let others: Vec<Vec<f64>> = self.others().map(|gp| gp.whiten(&full).w).collect();
        let objectives: Vec<&[f64]> = objectives.iter().map(Vec::as_slice).collect();
        let others: Vec<&[f64]> = others.iter().map(Vec::as_slice).collect();
        self.combine(x, &objectives, &others, self.failures(&full), draws)
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
            let value = |i: usize| {
                let (objectives, others) = (columns(&objectives, i), columns(&others, i));
                self.combine(&chunk[i], &objectives, &others, self.failures(&full[i]), draws)
            };
            (0..chunk.len()).map(value).collect::<Vec<_>>()
        });
        evaluated.concat()
    }

    fn combine(&self, x: &[f64], whitened: &[&[f64]], others: &[&[f64]], succeeds: f64, draws: usize) -> f64 {
        let separate = self.limits.iter().filter(|l| matches!(l.of, Bounded::Other(_)));
        let kept = separate.zip(self.others()).zip(others).map(|((limit, gp), w)| {
            let p = gp.prediction(w);
            limit.log_probability(Posterior { mean: p.mean, sd: p.variance.sqrt() }).0
        });
        let succeeds = succeeds + kept.sum::<f64>();
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
                let improvement = self.criteria.get(s).map_or(0.0, |c| self.worth(c.log_value(&losses)).0);
                let kept = self.limits.iter().filter_map(|l| match l.of {
                    Bounded::Objective(j) => Some(l.log_probability(losses[j]).0),
                    Bounded::Other(_) => None,
                });
                improvement + self.chance(succeeds + kept.sum::<f64>()).0
            })
            .collect();
        let total = log_sum_exp(&logs) - (draws.max(1) as f64).ln();
        total + self.belief.as_ref().map_or(0.0, |b| b.log_density(x, None))
    }

    /// `ln` of the probability that a trial does not fail at the surrogates' input.
    fn failures(&self, full: &[f64]) -> f64 {
        self.feasibility.as_ref().map_or(0.0, |f| f.log_probability(full, None))
    }

    /// The acquisition at a canonical vector, averaged over the first `draws` draws only, with its gradient along ordered
    /// coordinates.
    #[must_use]
    pub fn value_with_gradient(&self, x: &[f64], draws: usize) -> (f64, Vec<f64>) {
        let full = self.extended(x);
        let mut gradient = vec![0.0; full.len()];
        // What success depends on beside the objectives, and its gradient.
        let mut by_success = vec![0.0; full.len()];
        let mut succeeds = self.feasibility.as_ref().map_or(0.0, |f| f.log_probability(&full, Some(&mut by_success)));
        for limit in &self.limits {
            if let Bounded::Other(gp) = &limit.of {
                let at = gp.whiten(&full);
                let p = gp.prediction(&at.w);
                let sd = p.variance.sqrt();
                let (value, by_mean, by_sd) = limit.log_probability(Posterior { mean: p.mean, sd });
                succeeds += value;
                let by_w: Vec<f64> = gp.target().iter().zip(&at.w).map(|(t, w)| by_mean * t - by_sd / sd * w).collect();
                gp.pull_back(&full, &at, &by_w, &mut by_success);
            }
        }
        let at: Vec<Whitened> = self.objectives.iter().map(|o| o.process().whiten(&full)).collect();
        let sds: Vec<f64> =
            self.objectives.iter().zip(&at).map(|(o, at)| o.process().prediction(&at.w).variance.sqrt()).collect();
        let means: Vec<Vec<f64>> =
            self.objectives.iter().zip(&at).map(|(o, at)| o.means(&at.w).take(draws).collect()).collect();
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
                    let (log, slope) = self.worth(value.log);
                    let scaled = |by: Vec<f64>| by.into_iter().map(|v| slope * v).collect();
                    (log, scaled(value.by_mean), scaled(value.by_sd))
                }
                None => (0.0, vec![0.0; m], vec![0.0; m]),
            };
            let mut kept = succeeds;
            let mut by_limits = Vec::new();
            for limit in &self.limits {
                if let Bounded::Objective(j) = limit.of {
                    let (value, mean, sd) = limit.log_probability(losses[j]);
                    kept += value;
                    by_limits.push((j, mean, sd));
                }
            }
            let (chance, slope) = self.chance(kept);
            log += chance;
            for (j, mean, sd) in by_limits {
                by_mean[j] += slope * mean;
                by_sd[j] += slope * sd;
            }
            logs.push(log);
            slopes.push((by_mean, by_sd, slope));
        }
        let sum = log_sum_exp(&logs);
        let shares: Vec<f64> = logs.iter().map(|log| (log - sum).exp()).collect();
        let mut total = sum - (draws.max(1) as f64).ln();
        for (j, (objective, at)) in self.objectives.iter().zip(&at).enumerate() {
            let by_means: Vec<f64> = shares.iter().zip(&slopes).map(|(share, (mean, ..))| share * mean[j]).collect();
            let by_sd: f64 = shares.iter().zip(&slopes).map(|(share, (_, sd, _))| share * sd[j]).sum();
            let by_w = objective.by_whitened(&at.w, &by_means, by_sd / (2.0 * sds[j]));
            objective.process().pull_back(&full, at, &by_w, &mut gradient);
        }
        let slope: f64 = shares.iter().zip(&slopes).map(|(share, (.., slope))| share * slope).sum();
        gradient.iter_mut().zip(&by_success).for_each(|(g, by)| *g += slope * by);
        gradient.truncate(x.len());
        total += self.belief.as_ref().map_or(0.0, |b| b.log_density(x, Some(&mut gradient)));
        (total, gradient)
    }

    /// `ln` of what an expected improvement of this logarithm is worth, and its derivative.
    fn worth(&self, log: f64) -> (f64, f64) {
        self.stake.map_or((log, 1.0), |stake| stake.worth(log))
    }

    /// What a chance of success of this logarithm counts, and its derivative.
    fn chance(&self, log: f64) -> (f64, f64) {
        self.stake.map_or((log, 1.0), |stake| stake.chance(log))
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
    all.iter().map(|m| column(m, i)).collect()
}

fn column(matrix: &DMatrix<f64>, i: usize) -> &[f64] {
    &matrix.as_slice()[i * matrix.nrows()..(i + 1) * matrix.nrows()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::problem::Problem;
    use super::super::super::space::{Encoding, Prior, Space, float};
    use super::super::super::surrogate::{Hyperparameters, Kernel, Noise, Observations};
    use super::super::feasibility::{FailureCause, Labelled};
    use super::*;

    fn process(seed: f64) -> GaussianProcess {
        let mut observations = Observations::default();
        for i in 0..8 {
            let t = f64::from(i) + seed;
            let x = vec![(t * 0.618).fract(), (t * 0.414).fract(), 0.0];
            observations.push(x, (3.0 * t).sin(), Noise { known: 0.01, inferred: false });
        }
        let hyperparameters = Hyperparameters {
            lengthscales: vec![0.5, 0.8, 1.0],
            outputscale: 1.1,
            noise: 0.01,
            bends: vec![0.8, -1.2, 0.0],
        };
        GaussianProcess::new(Kernel::ordered(2).with_unordered(), hyperparameters, observations).unwrap()
    }

    fn problem() -> Problem {
        let space = [float("a", 0.0..=1.0).prior(Prior::Around { value: 0.3, spread: 0.2 }), float("b", 0.0..=1.0)];
        Problem::unchecked(Space::new(space).unwrap(), Vec::new())
    }

    /// Everything at once: draws, constraints on an objective and on another metric, failures, priors, several studies.
    fn landscape(problem: &Problem, draws: bool, criteria: bool) -> Landscape<'_> {
        let places = [vec![0.2, 0.9, 0.0], vec![0.7, 0.1, 0.0]];
        let values = [vec![0.3, -0.4], vec![-0.5, 0.1], vec![0.0, 0.9]];
        let objective = |seed: f64| {
            let gp = process(seed);
            if draws { Draws::at(&gp, &places, &values).unwrap() } else { Draws::none(gp) }
        };
        let objectives = vec![objective(0.0), objective(0.3)];
        let front = |s: usize| {
            let shift = 0.1 * s as f64;
            Criterion::new(&[vec![-0.5 + shift, 0.4], vec![0.3, -0.6 - shift]], &[1.0, 1.2]).unwrap()
        };
        let count = objectives[0].count();
        Landscape {
            criteria: if criteria { (0..count).map(front).collect() } else { Vec::new() },
            objectives,
            limits: vec![
                ModelledBound { of: Bounded::Objective(1), bound: 0.4, above: false },
                ModelledBound { of: Bounded::Other(Box::new(process(0.7))), bound: -0.2, above: true },
            ],
            feasibility: Feasibility::new(
                &Kernel::ordered(2).with_unordered(),
                &[Labelled {
                    cause: FailureCause::Failure,
                    kept: vec![vec![0.1, 0.1, 0.0], vec![0.6, 0.4, 0.0]],
                    lost: vec![vec![0.9, 0.9, 0.0]],
                }],
            ),
            stake: Some(Stake::new(0.3, 2.0)),
            belief: Belief::new(problem, &Encoding::new(problem.space()), 0.5),
            suffix: vec![0.0],
        }
    }

    proptest! {
        #[test]
        fn gradient_agrees_with_finite_differences(
            x in [0.02..0.98f64, 0.02..0.98], draws in any::<bool>(), criteria in any::<bool>(), few in any::<bool>(),
        ) {
            let problem = problem();
            let landscape = landscape(&problem, draws, criteria);
            let most = if few { 2 } else { usize::MAX };
            let (value, gradient) = landscape.value_with_gradient(&x, most);
            prop_assert!((landscape.value(&x, most) - value).abs() < 1e-9 * value.abs().max(1.0));
            prop_assert!((landscape.values(&[x.to_vec()], most)[0] - value).abs() < 1e-9 * value.abs().max(1.0));
            for k in 0..2 {
                let at = |step: f64| {
                    let mut moved = x;
                    moved[k] += step;
                    landscape.value(&moved, most)
                };
                let difference = (at(1e-6) - at(-1e-6)) / 2e-6;
                prop_assert!((difference - gradient[k]).abs() < 1e-4 * difference.abs().max(10.0), "{difference} {gradient:?}");
            }
        }
    }

    #[test]
    fn many_points_at_once_have_the_values_of_each_alone() {
        let problem = problem();
        let landscape = landscape(&problem, true, true);
        let points: Vec<Vec<f64>> =
            (0..150).map(|i| vec![f64::from(i) / 150.0, (f64::from(i) * 0.37).fract()]).collect();
        for (x, value) in points.iter().zip(landscape.values(&points, usize::MAX)) {
            assert!((landscape.value(x, usize::MAX) - value).abs() < 1e-9 * value.abs().max(1.0));
        }
    }
}
