//! Losses with mean 0 and variance 1.

/// An affine map `(y - shift) / scale`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standardization {
    /// Mean of the losses.
    pub shift: f64,
    /// Standard deviation of the losses; 1 where they are all equal.
    pub scale: f64,
}

impl Standardization {
    /// From finite losses. Sums are taken of scaled values, so huge ones do not overflow.
    #[must_use]
    pub fn new(losses: &[f64]) -> Self {
        let largest = losses.iter().fold(0.0f64, |a, b| a.max(b.abs()));
        if losses.is_empty() || largest == 0.0 || !largest.is_finite() {
            return Self { shift: 0.0, scale: 1.0 };
        }
        let n = losses.len() as f64;
        let mean = losses.iter().map(|y| y / largest).sum::<f64>() / n;
        let variance = losses.iter().map(|y| (y / largest - mean).powi(2)).sum::<f64>() / n;
        let scale = variance.sqrt() * largest;
        // Differences at the level of rounding are none.
        let constant = variance.sqrt() < 1e-14 || scale == 0.0;
        Self { shift: mean * largest, scale: if constant { 1.0 } else { scale } }
    }

    /// The standardized loss.
    #[must_use]
    pub fn forward(&self, loss: f64) -> f64 {
        // Divided first: the difference of two huge numbers may overflow.
        loss / self.scale - self.shift / self.scale
    }

    /// The loss that has this standardized value.
    #[must_use]
    pub fn backward(&self, y: f64) -> f64 {
        y * self.scale + self.shift
    }

    /// The variance in standardized units of a loss with standard deviation `sd`.
    #[must_use]
    pub fn variance(&self, sd: f64) -> f64 {
        (sd / self.scale).powi(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_mean_zero_and_variance_one_also_to_huge_values() {
        for factor in [1.0, 1e-300, 1e300] {
            let losses: Vec<f64> = [1.0, 2.0, 4.0].iter().map(|v| v * factor).collect();
            let s = Standardization::new(&losses);
            let y: Vec<f64> = losses.iter().map(|l| s.forward(*l)).collect();
            assert!(y.iter().sum::<f64>().abs() < 1e-12 && (y.iter().map(|v| v * v).sum::<f64>() - 3.0).abs() < 1e-12);
            assert!((s.backward(y[2]) - losses[2]).abs() <= 1e-12 * losses[2]);
        }
        let constant = Standardization::new(&[5.0, 5.0]);
        assert_eq!((constant.forward(5.0), constant.scale), (0.0, 1.0));
        assert_eq!(Standardization::new(&[]), Standardization { shift: 0.0, scale: 1.0 });
    }
}
