//! Logarithms of probabilities that hold their precision far into the tails.

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

/// `ln F(z)` and its derivative for Student's t distribution with two degrees of freedom, `F(z) = (1 + z / sqrt(2 + z^2)) / 2`.
pub(super) fn log_student(z: f64) -> (f64, f64) {
    let z = z.clamp(-FARTHEST, FARTHEST);
    let square = 2.0 + z * z;
    let tail = 1.0 / (square + z.abs() * square.sqrt());
    let density = 1.0 / (square * square.sqrt());
    if z < 0.0 { (tail.ln(), density / tail) } else { ((-tail).ln_1p(), density / (1.0 - tail)) }
}

/// `ln` of the sum of exponentials; negative infinity for none.
pub(super) fn log_sum_exp(logs: &[f64]) -> f64 {
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest.is_infinite() || logs.iter().any(|l| l.is_nan()) {
        return if logs.iter().any(|l| l.is_nan()) { f64::NAN } else { largest };
    }
    largest + logs.iter().map(|l| (l - largest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_agree_with_50_digit_arithmetic() {
        let known = [
            (-40.0, -804.608_442_013_753_8, 40.024_968_847_207_26),
            (-3.0, -6.607_726_221_510_349, 3.283_098_654_930_436_5),
            (0.0, -std::f64::consts::LN_2, 0.797_884_560_802_865_4),
            (2.0, -0.023_012_909_328_963_488, 0.055_247_862_678_989_96),
            (9.0, -1.128_588_405_953_840_6e-19, 1.027_977_357_166_891_5e-18),
        ];
        for (z, log, slope) in known {
            let (value, derivative) = log_distribution(z);
            assert!(
                (value / log - 1.0).abs() < 1e-14 && (derivative / slope - 1.0).abs() < 1e-14,
                "{z} {value} {derivative}"
            );
        }
        let (value, slope) = log_distribution(f64::NEG_INFINITY);
        assert!(value.is_finite() && slope.is_finite());
    }

    #[test]
    fn log_student_is_students() {
        // From tables of the t distribution with two degrees of freedom.
        for (z, p) in [(-9.925, 0.005), (-2.920, 0.05), (-0.816_5, 0.25), (0.0, 0.5), (1.886, 0.9), (4.303, 0.975)] {
            assert!((log_student(z).0.exp() - p).abs() < 1e-4, "{z}");
        }
        for z in [-50.0, -3.0, -0.1, 0.4, 7.0] {
            let difference = (log_student(z + 1e-5).0 - log_student(z - 1e-5).0) / 2e-5;
            assert!((difference - log_student(z).1).abs() < 1e-6, "{z}");
        }
        let (value, slope) = log_student(f64::NEG_INFINITY);
        assert!(value.is_finite() && slope.is_finite());
    }
}
