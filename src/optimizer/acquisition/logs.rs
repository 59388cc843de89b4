//! Logarithms of normal integrals that hold their precision far into the tails.
//!
//! | symbol | meaning |
//! |---|---|
//! | `phi`, `Phi` | density and distribution function of the standard normal |
//! | `h(z)` | `phi(z) + z Phi(z)`, the integral of `Phi` up to `z` |
//! | `A(a, b)` | `h(b) - h(a)`, the integral of `Phi` from `a` to `b` |

use std::f64::consts::{FRAC_1_SQRT_2, LN_2};

/// `ln(2 pi) / 2`.
const HALF_LN_2PI: f64 = 0.918_938_533_204_672_8;
/// Below this, continued fractions take over from differences.
const TAIL: f64 = -3.0;
/// Tails are cut here, so that nothing overflows when squared.
const FARTHEST: f64 = 1e7;

/// Nodes and weights of the eight-point Gauss-Legendre rule on \[0,1\].
const GAUSS_LEGENDRE: [(f64, f64); 8] = [
    (0.019_855_071_751_231_856, 0.050_614_268_145_188_13),
    (0.101_666_761_293_186_64, 0.111_190_517_226_687_23),
    (0.237_233_795_041_835_5, 0.156_853_322_938_943_63),
    (0.408_282_678_752_175, 0.181_341_891_689_181),
    (0.591_717_321_247_825, 0.181_341_891_689_181),
    (0.762_766_204_958_164_5, 0.156_853_322_938_943_63),
    (0.898_333_238_706_813_4, 0.111_190_517_226_687_23),
    (0.980_144_928_248_768_1, 0.050_614_268_145_188_13),
];

/// A logarithm of an integral over a normal variable, and its derivatives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LogIntegral {
    /// The logarithm, for a standard deviation of one.
    pub log: f64,
    /// Derivative of the full logarithm by the mean, times the standard deviation.
    pub by_mean: f64,
    /// Derivative of the full logarithm by the logarithm of the standard deviation.
    pub by_log_sd: f64,
}

/// `1 / (t + 2 / (t + 3 / (t + ...)))`, the tail of Laplace's continued fraction of Mills' ratio `R = 1 / (t + K)`
/// (Abramowitz and Stegun, eq. 26.2.14), for `t >= 3`.
fn fraction(t: f64) -> f64 {
    let mut tail = t;
    for k in (2..=60).rev() {
        tail = t + f64::from(k) / tail;
    }
    1.0 / tail
}

pub(super) fn log_density(z: f64) -> f64 {
    -0.5 * z * z - HALF_LN_2PI
}

/// `Phi(z)`.
fn distribution(z: f64) -> f64 {
    0.5 * libm::erfc(-z * FRAC_1_SQRT_2)
}

/// `ln Phi(z)` and its derivative `phi / Phi`.
pub(super) fn log_distribution(z: f64) -> (f64, f64) {
    let z = z.max(-FARTHEST);
    if z < TAIL {
        let slope = -z + fraction(-z);
        return (log_density(z) - slope.ln(), slope);
    }
    let log = if z > 1.0 { (-distribution(-z)).ln_1p() } else { distribution(z).ln() };
    (log, (log_density(z) - log).exp())
}

/// `ln h(z)` for `z = (bound - mean) / sd`: the expected shortfall of a normal variable below a bound, per standard
/// deviation, is `h(z)`. In the tail `h = phi K / (t + K)`, which has no difference in it.
pub(super) fn log_h(z: f64) -> LogIntegral {
    let z = z.max(-FARTHEST);
    if z < TAIL {
        let k = fraction(-z);
        let log = log_density(z) + k.ln() - (k - z).ln();
        return LogIntegral { log, by_mean: -1.0 / k, by_log_sd: (k - z) / k };
    }
    let (density, below) = (log_density(z).exp(), distribution(z));
    let h = density + z * below;
    LogIntegral { log: h.ln(), by_mean: -below / h, by_log_sd: density / h }
}

/// `ln A(a, b)` for `a < b`, both `(bound - mean) / sd`; `a` may be negative infinity.
pub(super) fn log_segment(a: f64, b: f64) -> LogIntegral {
    if a == f64::NEG_INFINITY {
        return log_h(b);
    }
    let (a, b) = (a.max(-FARTHEST), b.max(-FARTHEST));
    let width = b - a;
    if width <= 0.0 {
        return LogIntegral { log: f64::NEG_INFINITY, by_mean: 0.0, by_log_sd: 0.0 };
    }
    if width * (1.0 + a.abs().max(b.abs())) < 1.0 {
        return narrow_segment(a, width);
    }
    let (at_a, at_b) = (log_h(a), log_h(b));
    let log = if a > 0.0 {
        // h(z) = z + h(-z).
        (width - (log_h(-a).log.exp() - log_h(-b).log.exp())).ln()
    } else {
        at_b.log + log_one_minus_exp(at_a.log - at_b.log)
    };
    // Phi and phi over A, at both ends.
    let share = |at: LogIntegral| (at.log - log).exp();
    let (share_a, share_b) = (share(at_a), share(at_b));
    let by_mean = if a > 0.0 {
        -(distribution(-a) - distribution(-b)) / log.exp()
    } else {
        at_b.by_mean * share_b - at_a.by_mean * share_a
    };
    LogIntegral { log, by_mean, by_log_sd: at_b.by_log_sd * share_b - at_a.by_log_sd * share_a }
}

/// By quadrature, where `h(b) - h(a)` would cancel.
fn narrow_segment(a: f64, width: f64) -> LogIntegral {
    let nodes = GAUSS_LEGENDRE.map(|(node, weight)| {
        let z = a + width * node;
        let (log, slope) = log_distribution(z);
        (z, weight.ln() + log, slope)
    });
    let sum = log_sum_exp(nodes.iter().map(|n| n.1));
    let (mut by_mean, mut by_log_sd) = (0.0, 0.0);
    for (z, log, slope) in nodes {
        let share = (log - sum).exp();
        by_mean -= share * slope;
        by_log_sd -= share * slope * z;
    }
    LogIntegral { log: width.ln() + sum, by_mean, by_log_sd }
}

/// `ln(1 - exp(x))` for `x <= 0` (Maechler, "Accurately computing log(1 - exp(-|a|))", 2012).
pub(super) fn log_one_minus_exp(x: f64) -> f64 {
    if x > -LN_2 { (-x.exp_m1()).ln() } else { (-x.exp()).ln_1p() }
}

/// `ln` of the sum of exponentials; negative infinity for none.
pub(super) fn log_sum_exp(logs: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = logs.clone().fold(f64::NEG_INFINITY, f64::max);
    if largest.is_infinite() { largest } else { largest + logs.map(|v| (v - largest).exp()).sum::<f64>().ln() }
}
