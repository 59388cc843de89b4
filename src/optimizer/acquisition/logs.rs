//! Logarithms of normal probabilities that hold their precision far into the tails.

use super::normal::remainder;

/// `ln(2 pi) / 2`.
const HALF_LN_2PI: f64 = 0.918_938_533_204_672_8;
/// Tails are cut here, so that nothing overflows when squared.
const FARTHEST: f64 = 1e50;

fn log_density(z: f64) -> f64 {
    -0.5 * z * z - HALF_LN_2PI
}

/// `ln Phi(z)` and its derivative `phi / Phi`.
pub(super) fn log_distribution(z: f64) -> (f64, f64) {
    let z = z.clamp(-FARTHEST, FARTHEST);
    let t = z.abs();
    // The inverse of Mills' ratio.
    let hazard = t + remainder(t);
    if z < 0.0 {
        return (log_density(z) - hazard.ln(), hazard);
    }
    let density = log_density(z).exp();
    let above = density / hazard;
    ((-above).ln_1p(), density / (1.0 - above))
}

/// `ln` of the sum of exponentials; negative infinity for none.
pub(super) fn log_sum_exp(logs: &[f64]) -> f64 {
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest.is_infinite() || logs.iter().any(|l| l.is_nan()) {
        return if logs.iter().any(|l| l.is_nan()) { f64::NAN } else { largest };
    }
    largest + logs.iter().map(|l| (l - largest).exp()).sum::<f64>().ln()
}
