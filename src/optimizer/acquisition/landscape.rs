//! The acquisition function over encoded points.

use super::super::surrogate::GaussianProcess;
use super::criterion::{Criterion, Posterior};
use super::feasibility::Feasibility;

/// What is maximized: the criterion under the surrogates, plus the log probability of success.
#[derive(Debug, Clone)]
pub struct Landscape {
    /// One surrogate per objective.
    pub surrogates: Vec<GaussianProcess>,
    /// What is to be improved, in the surrogates' units.
    pub criterion: Criterion,
    /// The model of failures, if any trial failed.
    pub feasibility: Option<Feasibility>,
}

impl Landscape {
    /// The acquisition at a canonical vector.
    #[must_use]
    pub fn value(&self, x: &[f64]) -> f64 {
        let predictions = self.surrogates.iter().map(|gp| gp.predict(x));
        let losses: Vec<Posterior> = predictions.map(|p| Posterior { mean: p.mean, sd: p.variance.sqrt() }).collect();
        let feasible = self.feasibility.as_ref().map_or(0.0, |f| f.log_probability(x, None));
        self.criterion.evaluate(&losses).log + feasible
    }

    /// The acquisition at a canonical vector, with its gradient along ordered coordinates.
    #[must_use]
    pub fn value_with_gradient(&self, x: &[f64]) -> (f64, Vec<f64>) {
        let predictions: Vec<_> = self.surrogates.iter().map(|gp| gp.predict_with_gradient(x)).collect();
        let losses: Vec<Posterior> =
            predictions.iter().map(|(p, _, _)| Posterior { mean: p.mean, sd: p.variance.sqrt() }).collect();
        let value = self.criterion.evaluate(&losses);
        let mut gradient = vec![0.0; x.len()];
        for (m, (_, mean, variance)) in predictions.iter().enumerate() {
            let (by_mean, by_variance) = (value.by_mean[m], value.by_sd[m] / (2.0 * losses[m].sd));
            for (g, (dm, dv)) in gradient.iter_mut().zip(mean.iter().zip(variance)) {
                *g += by_mean * dm + by_variance * dv;
            }
        }
        let feasible = self.feasibility.as_ref().map_or(0.0, |f| f.log_probability(x, Some(&mut gradient)));
        (value.log + feasible, gradient)
    }
}
