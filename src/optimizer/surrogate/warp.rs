//! Input warping: inputs on the scale on which the function is smoothest.

use super::columns::Columns;

/// Below, the formulas lose digits and their series is exact enough.
const STRAIGHT: f64 = 1e-3;

/// One warp of \[0,1\] per coordinate: `w(x) = ln(1 + (e^s - 1) x) / s` with the bend `s`.
///
/// It is what a logarithmic scale whose ends have the ratio `e^s` makes of a linear one: `s = 0` changes nothing, `s > 0`
/// spreads the low end, `s < 0` as much the high end, for `w(x; -s) = 1 - w(1 - x; s)`. People choose scales by habit, and
/// a stationary process that must follow a steep end takes the whole range for steep. Inferring a warp of the inputs from the
/// trials is from Snoek, Swersky, Zemel and Adams, "Input warping for Bayesian optimization of non-stationary functions", ICML
/// 2014; theirs, by the Beta distribution, has two parameters per coordinate, and an infinite slope at an end that it spreads.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Warp {
    /// One bend per coordinate; those beyond the end are 0.
    bends: Vec<f64>,
}

impl Warp {
    pub fn new(bends: &[f64]) -> Self {
        Self { bends: bends.to_vec() }
    }

    fn bend(&self, k: usize) -> f64 {
        self.bends.get(k).copied().unwrap_or(0.0)
    }

    /// A warped point.
    pub fn point(&self, x: &[f64]) -> Vec<f64> {
        x.iter().enumerate().map(|(k, x)| warped(*x, self.bend(k))).collect()
    }

    /// Multiplies a gradient by the warped point into one by `x`.
    pub fn pull_back(&self, x: &[f64], gradient: &mut [f64]) {
        for (k, (g, x)) in gradient.iter_mut().zip(x).enumerate() {
            *g *= slope(*x, self.bend(k));
        }
    }

    /// Warped points of dimension `d`.
    pub fn columns(&self, points: &[Vec<f64>], d: usize) -> Columns {
        Columns::of(points, d, |k, x| warped(x, self.bend(k)))
    }

    /// The derivatives of the warped points by the bends.
    pub fn by_bend(&self, points: &[Vec<f64>], d: usize) -> Columns {
        Columns::of(points, d, |k, x| by_bend(x, self.bend(k)))
    }
}

fn warped(x: f64, s: f64) -> f64 {
    if s == 0.0 {
        x
    } else if s.abs() < STRAIGHT {
        x + 0.5 * s * x * (1.0 - x) * (1.0 + s * (1.0 - 2.0 * x) / 3.0)
    } else {
        (s.exp_m1() * x).ln_1p() / s
    }
}

fn slope(x: f64, s: f64) -> f64 {
    if s == 0.0 {
        1.0
    } else if s.abs() < STRAIGHT {
        1.0 + 0.5 * s * (1.0 - 2.0 * x) + s * s * (1.0 - 6.0 * x + 6.0 * x * x) / 6.0
    } else {
        let ratio = s.exp_m1();
        ratio / (s * (1.0 + ratio * x))
    }
}

fn by_bend(x: f64, s: f64) -> f64 {
    if s.abs() < STRAIGHT {
        x * (1.0 - x) * (0.5 + s * (1.0 - 2.0 * x) / 3.0)
    } else {
        let ratio = s.exp_m1();
        ((ratio + 1.0) * x / (1.0 + ratio * x) - warped(x, s)) / s
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bend() -> impl Strategy<Value = f64> {
        prop_oneof![-6.0..6.0f64, -2e-3..2e-3f64]
    }

    proptest! {
        #[test]
        fn keeps_the_ends_and_the_order_and_mirrors(x in 0.0..1.0f64, y in 0.0..1.0f64, s in bend()) {
            prop_assert!((warped(0.0, s)).abs() < 1e-12 && (warped(1.0, s) - 1.0).abs() < 1e-9);
            prop_assert_eq!(warped(x, s) < warped(y, s), x < y);
            prop_assert!((warped(x, -s) - (1.0 - warped(1.0 - x, s))).abs() < 1e-9);
        }

        #[test]
        fn derivatives_are_those_that_finite_differences_show(x in 0.01..0.99f64, s in bend()) {
            let h = 1e-5;
            let by_x = (warped(x + h, s) - warped(x - h, s)) / (2.0 * h);
            prop_assert!((by_x - slope(x, s)).abs() < 1e-5 * by_x.max(1.0), "{by_x} {}", slope(x, s));
            let by_s = (warped(x, s + h) - warped(x, s - h)) / (2.0 * h);
            prop_assert!((by_s - by_bend(x, s)).abs() < 1e-6, "{by_s} {}", by_bend(x, s));
        }
    }

    #[test]
    fn is_a_logarithmic_scale() {
        let (low, high) = (3.0f64, 120.0f64);
        for value in [3.0, 4.0, 20.0, 119.0] {
            let logarithmic = (value / low).ln() / (high / low).ln();
            let linear = (value - low) / (high - low);
            assert!((warped(linear, (high / low).ln()) - logarithmic).abs() < 1e-12);
        }
    }
}
