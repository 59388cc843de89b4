//! Losses of which only the good end matters: an output transform (output warping) of outliers.

/// Where compression begins beyond a given bound, in units of its scale.
const MARGIN: f64 = 4.0;
/// The least scale, as a share of the way from the best loss to the median.
const LEAST_SHARE: f64 = 0.1;
/// How many interquartile ranges beyond the upper quartile a loss is an outlier (Tukey, "Exploratory Data Analysis",
/// 1977).
const FENCE: f64 = 1.5;

/// A smooth increasing map: the identity up to `from`, `from + scale ln(1 + (y - from) / scale)` beyond.
///
/// Expected improvement needs to know how good the losses within the reference point are, and of all others only which way
/// to them is. Uncompressed, a handful of trials that learned nothing would take most of the variance to which the
/// losses are scaled. The differences that matter would be lost in what is left. The slope is continuous.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compression {
    from: f64,
    scale: f64,
}

impl Compression {
    /// No compression.
    pub const NONE: Self = Self { from: f64::INFINITY, scale: 1.0 };

    /// For finite losses of which only those up to `bound` matter. The scale is the way from the best loss to the
    /// bound, on whichever side of it the best one lies. It is at least a tenth of the way from the best to the median.
    /// Compression begins four scales beyond the bound.
    #[must_use]
    pub fn beyond(bound: f64, losses: &[f64]) -> Self {
        let sorted = sorted(losses);
        let (Some(best), Some(median)) = (sorted.first(), quantile(&sorted, 0.5)) else { return Self::NONE };
        let scale = (bound - best).abs().max(LEAST_SHARE * (median - best));
        Self::new(bound + MARGIN * scale, scale)
    }

    /// For finite losses without a bound, of which those up to `needed` matter: only outliers are compressed, beyond the
    /// upper quartile by more than one and a half interquartile ranges, which are the scale.
    #[must_use]
    pub fn of_outliers(needed: f64, losses: &[f64]) -> Self {
        let sorted = sorted(losses);
        let (Some(low), Some(high)) = (quantile(&sorted, 0.25), quantile(&sorted, 0.75)) else { return Self::NONE };
        Self::new((high + FENCE * (high - low)).max(needed), high - low)
    }

    fn new(from: f64, scale: f64) -> Self {
        if from.is_finite() && scale > 0.0 && scale.is_finite() { Self { from, scale } } else { Self::NONE }
    }

    /// The compressed loss.
    #[must_use]
    pub fn forward(&self, loss: f64) -> f64 {
        if loss <= self.from {
            return loss;
        }
        // Halved, so that the difference of two huge numbers does not overflow.
        let (half, ratio) = (loss / 2.0 - self.from / 2.0, loss / self.scale - self.from / self.scale);
        let log = if ratio.is_finite() { ratio.ln_1p() } else { half.ln() + std::f64::consts::LN_2 - self.scale.ln() };
        self.from + self.scale * log
    }

    /// The slope at a loss, in (0, 1\]: what a small standard deviation is multiplied by.
    #[must_use]
    pub fn slope(&self, loss: f64) -> f64 {
        if loss <= self.from { 1.0 } else { 1.0 / (1.0 + (loss / self.scale - self.from / self.scale)) }
    }
}

fn sorted(losses: &[f64]) -> Vec<f64> {
    let mut sorted = losses.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// Of sorted values: the one at this share of the way, rounded down.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let index = (share * sorted.len().saturating_sub(1) as f64) as usize;
    sorted.get(index).copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn increases_and_has_the_slope_that_finite_differences_show(
            losses in proptest::collection::vec(-5.0..50.0f64, 1..20),
            bound in proptest::option::of(-5.0..10.0f64),
            y in -10.0..100.0f64,
        ) {
            let compression = bound.map_or_else(
                || Compression::of_outliers(0.0, &losses),
                |bound| Compression::beyond(bound, &losses),
            );
            let (step, slope) = (1e-5, compression.slope(y));
            prop_assert!(slope > 0.0 && slope <= 1.0);
            let difference = (compression.forward(y + step) - compression.forward(y - step)) / (2.0 * step);
            // Where compression begins, the slope is continuous, but not its derivative.
            prop_assert!((difference - slope).abs() < 1e-3, "{difference} {slope}");
            let kept = bound.unwrap_or(0.0).min(y);
            prop_assert_eq!(compression.forward(kept), kept);
        }
    }

    #[test]
    fn what_failed_to_learn_no_longer_dwarfs_what_matters() {
        let losses = [-0.98, -0.97, -0.96, -0.9, -0.5, -0.1, -0.05];
        let compression = Compression::beyond(-0.95, &losses);
        let y = losses.map(|l| compression.forward(l));
        let (matters, all) = (y[2] - y[0], y[6] - y[0]);
        assert!(y[..3] == losses[..3] && matters > 0.05 * all, "{y:?}");
        assert!(y.is_sorted());
    }

    #[test]
    fn outliers_are_drawn_in_and_nothing_else() {
        let mut losses: Vec<f64> = (0..9).map(f64::from).collect();
        losses.push(1e300);
        let compression = Compression::of_outliers(5.0, &losses);
        assert!(losses[..9].iter().all(|l| compression.forward(*l) == *l));
        assert!(compression.forward(1e300) < 4000.0);
        assert_eq!(Compression::of_outliers(0.0, &[]), Compression::NONE);
        assert_eq!(Compression::of_outliers(0.0, &[1.0, 1.0, 1.0, 9.0]), Compression::NONE);
        let huge = Compression::beyond(-1e308, &[-1.7e308, 1.7e308]);
        assert!(huge.forward(1.7e308).is_finite());
    }
}
