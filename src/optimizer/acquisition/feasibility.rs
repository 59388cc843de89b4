//! How likely a point is to give a result at all.

use super::super::surrogate::{GaussianProcess, Kernel, Noise, Observations, Prediction, Standardization, Starts, fit};
use super::logs::log_distribution;

/// Labels jump where a crashing region begins. A stationary process takes a jump for a short lengthscale, and then knows
/// nothing of the region a step further in. So labels are noisy, scales do not bend, and no lengthscale is shorter than this.
const SHORTEST: f64 = 0.5;
/// Noise of the labels, in standardized units.
const LABEL_NOISE: Noise = Noise { known: 0.1, inferred: true };

/// The probability that a trial does not fail through its configuration: a Gaussian process over the labels +1 (finished) and
/// -1 (failed), read as `Phi(mean / sqrt(variance + noise))` (least-squares classification, Rasmussen and Williams,
/// "Gaussian Processes for Machine Learning", 2006, section 6.5). It learns with the same kernel, so a crash that depends on
/// one parameter is recognized along that parameter.
#[derive(Debug, Clone)]
pub struct Feasibility {
    process: GaussianProcess,
    labels: Standardization,
}

impl Feasibility {
    /// Learns from canonical encoded points that finished and that failed. `None` if none failed, or if the process
    /// cannot be fitted.
    #[must_use]
    pub fn new(kernel: &Kernel, finished: &[Vec<f64>], failed: &[Vec<f64>]) -> Option<Self> {
        if failed.is_empty() {
            return None;
        }
        let raw: Vec<f64> = finished.iter().map(|_| 1.0).chain(failed.iter().map(|_| -1.0)).collect();
        let labels = Standardization::new(&raw);
        let mut observations = Observations::default();
        for (x, label) in finished.iter().chain(failed).zip(&raw) {
            observations.push(x.clone(), labels.forward(*label), LABEL_NOISE);
        }
        let kernel = kernel.clone().straight();
        let (fitted, _) = fit(&kernel, observations.clone(), &Starts::COLD).ok()?;
        let mut hyperparameters = fitted.hyperparameters().clone();
        hyperparameters.lengthscales.iter_mut().for_each(|l| *l = l.max(SHORTEST));
        let process = GaussianProcess::new(kernel, hyperparameters, observations)?;
        Some(Self { process, labels })
    }

    /// The process over the labels.
    #[must_use]
    pub fn process(&self) -> &GaussianProcess {
        &self.process
    }

    /// `ln` of the probability of success where the process over the labels predicts this.
    #[must_use]
    pub fn log_probability_at(&self, p: Prediction) -> f64 {
        let noise = self.process.hyperparameters().noise + LABEL_NOISE.known;
        log_distribution((p.mean - self.labels.forward(0.0)) / (p.variance + noise).sqrt()).0
    }

    /// `ln` of the probability of success at `x`, and its gradient by `x` if `gradient` is there, to which it is added.
    #[must_use]
    pub fn log_probability(&self, x: &[f64], gradient: Option<&mut [f64]>) -> f64 {
        let noise = self.process.hyperparameters().noise + LABEL_NOISE.known;
        // The label 0 divides success from failure.
        let middle = self.labels.forward(0.0);
        let Some(gradient) = gradient else {
            return self.log_probability_at(self.process.predict(x));
        };
        let (p, mean, variance) = self.process.predict_with_gradient(x);
        let sd = (p.variance + noise).sqrt();
        let z = (p.mean - middle) / sd;
        let (log, slope) = log_distribution(z);
        for (g, (m, v)) in gradient.iter_mut().zip(mean.iter().zip(&variance)) {
            *g += slope * (m / sd - 0.5 * z * v / (sd * sd));
        }
        log
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crashing_region_repels_along_the_parameter_that_causes_it() {
        let kernel = Kernel::ordered(2);
        let point = |i: u32| vec![(f64::from(i) * 0.618).fract(), (f64::from(i) * 0.414).fract()];
        let (failed, finished): (Vec<_>, Vec<_>) = (0..30).map(point).partition(|x| x[0] > 0.7);
        let model = Feasibility::new(&kernel, &finished, &failed).unwrap();
        for y in [0.1, 0.5, 0.9] {
            let (bad, good) = (model.log_probability(&[0.9, y], None), model.log_probability(&[0.3, y], None));
            assert!(bad < 0.1f64.ln() && good > 0.9f64.ln(), "{bad} {good}");
        }
        let mut gradient = vec![0.0; 2];
        let x = [0.65, 0.5];
        let value = model.log_probability(&x, Some(&mut gradient));
        let difference = (model.log_probability(&[x[0] + 1e-6, x[1]], None) - value) / 1e-6;
        assert!((difference - gradient[0]).abs() < 1e-3 * gradient[0].abs());
        assert!(Feasibility::new(&kernel, &finished, &[]).is_none());
    }

    #[test]
    fn failures_alone_still_repel() {
        let model = Feasibility::new(&Kernel::ordered(1), &[], &[vec![0.2], vec![0.3]]).unwrap();
        assert!(model.log_probability(&[0.25], None).is_finite());
    }
}
