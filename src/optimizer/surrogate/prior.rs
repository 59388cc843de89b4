//! What is believed of hyperparameters before any trial.
//!
//! All for encoded inputs in \[0,1\] and standardized losses, as BoTorch has them (Hvarfner, Hellsten and Nardi,
//! "Vanilla Bayesian optimization performs great in high dimensions", ICML 2024). The lengthscales' prior grows with
//! the square root of the dimension, so that distances stay comparable.

/// A log-normal prior of one hyperparameter, or a normal one of what is a logarithm already, with the box to which it is
/// confined.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct HyperparameterPrior {
    /// Mean of the logarithm.
    mu: f64,
    /// Standard deviation of the logarithm.
    sigma: f64,
    /// 1 for the density of the value itself, 0 for that of its logarithm.
    jacobian: f64,
    /// Bounds of the logarithm.
    pub bounds: (f64, f64),
}

impl HyperparameterPrior {
    /// Lengthscale: LogNormal(sqrt 2 + ln(d)/2, sqrt 3), at least 0.025.
    pub(super) fn lengthscale(d: usize) -> Self {
        let half_log_d = 0.5 * (d.max(1) as f64).ln();
        let mu = std::f64::consts::SQRT_2 + half_log_d;
        Self { mu, sigma: 3f64.sqrt(), jacobian: 1.0, bounds: (0.025f64.ln(), 100f64.ln() + half_log_d) }
    }

    /// Variance of the function: its logarithm is standard normal.
    pub(super) fn outputscale() -> Self {
        Self { mu: 0.0, sigma: 1.0, jacobian: 0.0, bounds: (1e-3f64.ln(), 1e3f64.ln()) }
    }

    /// Variance of the noise: LogNormal(-4, 1), at least 1e-4.
    pub(super) fn noise() -> Self {
        Self { mu: -4.0, sigma: 1.0, jacobian: 1.0, bounds: (1e-4f64.ln(), 10f64.ln()) }
    }

    /// Bend of a scale, which is a logarithm itself: normal around 0 with standard deviation 1.5.
    ///
    /// Chosen among 0.8, 1.5 and 2.5 on the problems of `benches/peers`: a made-up training needs bends of 3 and more, and
    /// where none is needed, as in DTLZ2, freedom costs.
    pub(super) fn bend() -> Self {
        Self { mu: 0.0, sigma: 1.5, jacobian: 0.0, bounds: (-6.0, 6.0) }
    }

    /// Logarithm of the most probable value.
    pub(super) fn mode(&self) -> f64 {
        self.mu - self.jacobian * self.sigma * self.sigma
    }

    /// Log density at a logarithm, up to a constant, and its derivative by that logarithm.
    pub(super) fn log_density(&self, log_value: f64) -> (f64, f64) {
        let z = (log_value - self.mu) / self.sigma;
        (-0.5 * z * z - self.jacobian * log_value, -z / self.sigma - self.jacobian)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slope_is_zero_at_the_mode_and_modes_are_inside_the_bounds() {
        for prior in
            [HyperparameterPrior::lengthscale(7), HyperparameterPrior::outputscale(), HyperparameterPrior::noise()]
        {
            assert!(prior.log_density(prior.mode()).1.abs() < 1e-12);
            assert!(prior.bounds.0 < prior.mode() && prior.mode() < prior.bounds.1);
        }
        assert!((HyperparameterPrior::lengthscale(4).mode().exp() - 2.0 * (2f64.sqrt() - 3.0).exp()).abs() < 1e-12);
    }
}
