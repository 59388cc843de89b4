//! How far a surrogate can be trusted.

use super::gp::GaussianProcess;

/// Leave-one-out cross-validation: how well a process predicts each observation from all others (leave-one-out; the hyperparameters stay as they were
/// fitted to all).
#[derive(Debug, Clone, PartialEq)]
pub struct SurrogateDiagnosis {
    /// Per observation, the prediction error in predicted standard deviations: standard normal, if all is well.
    pub standardized_errors: Vec<f64>,
    /// Share of the observations within the central 50 % interval of their prediction.
    pub coverage_50: f64,
    /// Share within the central 95 % interval.
    pub coverage_95: f64,
    /// Share of the observations' variance that the predictions explain: 1 at best, 0 or less if they are of no use.
    pub explained: f64,
}

impl SurrogateDiagnosis {
    /// Of a process; `None` for fewer than three observations.
    #[must_use]
    pub fn of(process: &GaussianProcess) -> Option<Self> {
        let y = &process.observations().y;
        if y.len() < 3 {
            return None;
        }
        let predictions = process.leave_one_out();
        let errors: Vec<f64> = predictions.iter().zip(y).map(|(p, y)| y - p.mean).collect();
        let standardized_errors: Vec<f64> =
            errors.iter().zip(&predictions).map(|(e, p)| e / p.variance.sqrt()).collect();
        let n = y.len() as f64;
        let share = |z: f64| standardized_errors.iter().filter(|e| e.abs() <= z).count() as f64 / n;
        let mean = y.iter().sum::<f64>() / n;
        let variance: f64 = y.iter().map(|y| (y - mean) * (y - mean)).sum();
        let left: f64 = errors.iter().map(|e| e * e).sum();
        Some(Self {
            coverage_50: share(0.674_489_750_196_081_7),
            coverage_95: share(1.959_963_984_540_054),
            explained: if variance > 0.0 { 1.0 - left / variance } else { 0.0 },
            standardized_errors,
        })
    }
}
