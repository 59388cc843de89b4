//! Intervals by drawing the sample again and again.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::quantile;

/// An interval with its confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// How often such intervals hold the true value, about, in (0, 1).
    pub confidence: f64,
}

/// How a bootstrap draws.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bootstrap {
    /// How many samples are drawn, at least 1; default 10,000.
    pub resamples: usize,
    /// Wanted confidence, in (0, 1); default 0.95.
    pub confidence: f64,
    /// Seed of the draws; default 0.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self { resamples: 10_000, confidence: 0.95, seed: 0 }
    }
}

/// The percentile interval of a statistic of `count` observations: it is computed on samples of as many observations, drawn
/// with replacement, and the interval holds the middle of what comes out (Efron, "Bootstrap methods: another look at the
/// jackknife", Ann. Stat. 7(1), 1979). `statistic` gets the indices of the drawn observations; draw pairs by taking both
/// sides at the same index. `None` of fewer than two observations, of which all draws are the same, and where the statistic cannot be
/// computed or is NaN.
///
/// The percentile and not the bias-corrected interval, for that has no value just where it would matter: where the
/// statistic stands at the end of its range. The interval is as coarse as the sample: with fewer than ten observations
/// it tends to be too narrow. Where no two samples overlap it has no width at all and says nothing of chance.
///
/// ```
/// use wattfront::analysis::statistics::{Bootstrap, bootstrap_interval};
///
/// let values = [1.0, 2.0, 4.0, 3.0];
/// let mean = |drawn: &[usize]| Some(drawn.iter().map(|i| values[*i]).sum::<f64>() / drawn.len() as f64);
/// let interval = bootstrap_interval(values.len(), mean, &Bootstrap::default()).unwrap();
/// assert!(1.0 <= interval.low && interval.low < 2.5 && 2.5 < interval.high && interval.high <= 4.0);
/// ```
#[must_use]
pub fn bootstrap_interval(
    count: usize,
    statistic: impl Fn(&[usize]) -> Option<f64>,
    how: &Bootstrap,
) -> Option<Interval> {
    if count < 2 || !(how.confidence > 0.0 && how.confidence < 1.0) {
        return None;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(how.seed);
    let mut drawn = vec![0; count];
    let mut values = Vec::with_capacity(how.resamples.max(1));
    for _ in 0..how.resamples.max(1) {
        drawn.iter_mut().for_each(|i| *i = rng.random_range(0..count));
        values.push(statistic(&drawn)?);
    }
    let tail = (1.0 - how.confidence) / 2.0;
    let (low, high) = (quantile(&values, tail)?, quantile(&values, 1.0 - tail)?);
    Some(Interval { low, high, confidence: how.confidence })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mean_of(values: &[f64]) -> impl Fn(&[usize]) -> Option<f64> {
        |drawn| Some(drawn.iter().map(|i| values[*i]).sum::<f64>() / drawn.len() as f64)
    }

    #[test]
    fn the_interval_of_a_mean_is_that_of_the_theory() {
        // The standard error of the mean of 1..=100 under resampling is sqrt((100^2 - 1) / 12 / 100) = 2.886607.
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        let how = Bootstrap { resamples: 20_000, ..Bootstrap::default() };
        let interval = bootstrap_interval(100, mean_of(&values), &how).unwrap();
        let half = 1.959_964 * 2.886_607;
        assert!((interval.low - (50.5 - half)).abs() < 0.2, "{interval:?}");
        assert!((interval.high - (50.5 + half)).abs() < 0.2, "{interval:?}");
    }

    #[test]
    fn the_same_seed_gives_the_same_interval() {
        let values: Vec<f64> = (1..30).map(|i| f64::from(i).sqrt()).collect();
        let how = |seed| Bootstrap { seed, resamples: 50, ..Bootstrap::default() };
        let with = |seed| bootstrap_interval(values.len(), mean_of(&values), &how(seed));
        assert_eq!(with(1), with(1));
        assert_ne!(with(1), with(2));
    }

    #[test]
    fn without_observations_there_is_none() {
        assert_eq!(bootstrap_interval(0, |_| Some(1.0), &Bootstrap::default()), None);
        assert_eq!(bootstrap_interval(1, |_| Some(1.0), &Bootstrap::default()), None, "all draws are the same");
        assert_eq!(bootstrap_interval(3, |_| None, &Bootstrap::default()), None);
        let wrong = Bootstrap { confidence: 1.0, ..Bootstrap::default() };
        assert_eq!(bootstrap_interval(3, |_| Some(1.0), &wrong), None);
    }

    proptest! {
        #[test]
        fn wider_confidence_holds_the_narrower(values in proptest::collection::vec(-9.0..9.0f64, 2..9), seed in any::<u64>()) {
            let with = |confidence| {
                let how = Bootstrap { resamples: 200, confidence, seed };
                bootstrap_interval(values.len(), mean_of(&values), &how).unwrap()
            };
            let (narrow, wide) = (with(0.5), with(0.9));
            prop_assert!(wide.low <= narrow.low && narrow.low <= narrow.high && narrow.high <= wide.high);
        }
    }
}
