//! Means and how far they may be off.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::Interval;

/// How often intervals of means hold the true mean.
const CONFIDENCE: f64 = 0.95;

/// The mean of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// How many values there are.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation, with `count - 1` in the denominator; `None` of one value.
    pub sd: Option<f64>,
    /// The interval that holds the mean of all that might have been drawn with a confidence of 95 %. It is by Student's
    /// t ("Student", "The probable error of a mean", Biometrika 6(1), 1908): `mean +- t sd / sqrt(count)`. Exact for
    /// normal values; `None` of one value, and of two that are equal: what is rounded often is by chance.
    pub interval: Option<Interval>,
}

impl Mean {
    /// Of some values; `None` without any, or where one is not finite.
    ///
    /// ```
    /// use wattfront::analysis::statistics::Mean;
    ///
    /// let mean = Mean::of(&[1.0, 2.0, 3.0]).unwrap();
    /// assert_eq!((mean.mean, mean.sd), (2.0, Some(1.0)));
    /// assert!((mean.interval.unwrap().high - 4.484).abs() < 1e-3);
    /// ```
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        if values.is_empty() || values.iter().any(|v| !v.is_finite()) {
            return None;
        }
        let count = values.len();
        // Of equal values exactly that value, so that their deviation is zero and no rounding.
        let alike = values.iter().all(|v| *v == values[0]);
        let mean = if alike { values[0] } else { values.iter().sum::<f64>() / count as f64 };
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let freedom = (count - 1) as f64;
        let sd = (count > 1).then(|| (squares / freedom).sqrt());
        let known = sd.filter(|sd| *sd > 0.0 || count > 2);
        let interval = known.and_then(|sd| {
            let t = StudentsT::new(0.0, 1.0, freedom).ok()?.inverse_cdf(f64::midpoint(1.0, CONFIDENCE));
            let reach = t * sd / (count as f64).sqrt();
            Some(Interval { low: mean - reach, high: mean + reach, confidence: CONFIDENCE })
        });
        Some(Self { count, mean, sd, interval })
    }

    /// The same on another scale, whose numbers grow with these: the ends of the interval are carried over. The deviation is not, for
    /// it has no meaning there.
    #[must_use]
    pub fn mapped(self, scale: impl Fn(f64) -> f64) -> Self {
        let interval = self.interval.map(|i| Interval { low: scale(i.low), high: scale(i.high), ..i });
        Self { mean: scale(self.mean), sd: None, interval, ..self }
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn intervals_are_those_of_the_tables_of_students_t() {
        // t(0.975) for 1, 2, 4, 9 and 29 degrees of freedom, from published tables.
        for (n, t) in [(2, 12.706), (3, 4.303), (5, 2.776), (10, 2.262), (30, 2.045)] {
            let values: Vec<f64> = (0..n).map(f64::from).collect();
            let found = Mean::of(&values).unwrap();
            let reach = found.interval.unwrap().high - found.mean;
            let expected = t * found.sd.unwrap() / f64::from(n).sqrt();
            assert!((reach / expected - 1.0).abs() < 3e-4, "{n}: {reach} {expected}");
        }
    }

    #[test]
    fn they_hold_the_truth_as_often_as_they_say() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut normal = || (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
        let runs = 4000;
        let holds = (0..runs).filter(|_| {
            let sample: Vec<f64> = (0..5).map(|_| 3.0 + normal()).collect();
            Mean::of(&sample).unwrap().interval.is_some_and(|i| i.low <= 3.0 && 3.0 <= i.high)
        });
        let share = holds.count() as f64 / f64::from(runs);
        assert!((share - 0.95).abs() < 0.015, "{share}");
    }

    #[test]
    fn little_is_known_of_one_value_and_nothing_of_none() {
        let one = Mean::of(&[2.0]).unwrap();
        assert_eq!((one.mean, one.sd, one.interval), (2.0, None, None));
        assert_eq!(Mean::of(&[]), None);
        assert_eq!(Mean::of(&[1.0, f64::NAN]), None);
        assert_eq!(Mean::of(&[2.0, 2.0]).unwrap().interval, None);
        let tenths = Mean::of(&[0.1; 5]).unwrap();
        assert_eq!((tenths.mean, tenths.sd, tenths.interval.map(|i| i.high - i.low)), (0.1, Some(0.0), Some(0.0)));
        let same = Mean::of(&[2.0, 2.0, 2.0]).unwrap().interval.unwrap();
        assert_eq!((same.low, same.high), (2.0, 2.0));
    }
}
