//! Quantiles, also of times of which some never came.

/// The quantile at `q` in \[0, 1\]: linear between the ordered values, the definition 7 of Hyndman and Fan, "Sample
/// quantiles in statistical packages", The American Statistician 50(4), 1996. `None` without values, with NaN among
/// them, or for a `q` outside.
///
/// Infinity stands for what never happened. A quantile between a finite value and infinity is infinite: it is not known,
/// and nothing smaller can be claimed.
///
/// ```
/// use wattfront::analysis::statistics::quantile;
///
/// assert_eq!(quantile(&[4.0, 1.0, 2.0], 0.5), Some(2.0));
/// assert_eq!(quantile(&[4.0, 1.0, 2.0, f64::INFINITY], 0.5), Some(3.0));
/// assert_eq!(quantile(&[4.0, f64::INFINITY], 0.5), Some(f64::INFINITY));
/// ```
#[must_use]
pub fn quantile(values: &[f64], q: f64) -> Option<f64> {
    if values.iter().any(|v| v.is_nan()) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    of_sorted(&sorted, q)
}

fn of_sorted(sorted: &[f64], q: f64) -> Option<f64> {
    if sorted.is_empty() || !(0.0..=1.0).contains(&q) {
        return None;
    }
    let place = q * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let (share, low) = (place - place.floor(), sorted[below]);
    match sorted.get(below + 1) {
        // The difference of two infinities, or an infinity times nothing, would be NaN.
        Some(high) if share > 0.0 && *high > low => Some(if high.is_infinite() || low.is_infinite() {
            if low == f64::NEG_INFINITY { low } else { *high }
        } else {
            low + share * (high - low)
        }),
        _ => Some(low),
    }
}

/// The median and the quartiles of some values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// A quarter of the values lies below.
    pub lower: f64,
    /// Half of them.
    pub median: f64,
    /// Three quarters.
    pub upper: f64,
}

impl Spread {
    /// Of some values, infinity standing for what never happened; `None` without values or with NaN among them. See
    /// [`quantile`].
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        if values.iter().any(|v| v.is_nan()) {
            return None;
        }
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |q| of_sorted(&sorted, q);
        Some(Self { lower: at(0.25)?, median: at(0.5)?, upper: at(0.75)? })
    }

    /// When a quarter, half and three quarters of some events have happened, infinity standing for those that never
    /// did. These are the quantiles of the stepwise distribution (definition 1 of Hyndman and Fan). For times that are
    /// cut off all at the end, the middle one is the median of Kaplan and Meier, "Nonparametric estimation from
    /// incomplete observations", J. Am. Stat. Assoc. 53, 1958. `None` without values or with NaN among them.
    #[must_use]
    pub fn of_events(times: &[f64]) -> Option<Self> {
        if times.is_empty() || times.iter().any(|v| v.is_nan()) {
            return None;
        }
        let mut sorted = times.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |quarters: usize| sorted.get((quarters * sorted.len()).div_ceil(4) - 1).copied();
        Some(Self { lower: at(1)?, median: at(2)?, upper: at(3)? })
    }

    /// The spread of the reciprocals: quartiles change places, and what never happened becomes zero.
    #[must_use]
    pub fn reciprocal(self) -> Self {
        Self { lower: self.upper.recip(), median: self.median.recip(), upper: self.lower.recip() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn agrees_with_numpy() {
        // numpy.quantile([0.3, 1.7, 2.2, 9.1, 4.4, 3.0], [0.1, 0.25, 0.5, 0.75, 0.9]), numpy 2.4.6.
        let values = [0.3, 1.7, 2.2, 9.1, 4.4, 3.0];
        for (q, expected) in [(0.1, 1.0), (0.25, 1.825), (0.5, 2.6), (0.75, 4.05), (0.9, 6.75)] {
            assert!((quantile(&values, q).unwrap() - expected).abs() < 1e-12, "{q}");
        }
    }

    #[test]
    fn what_never_happened_is_not_shortened() {
        let never = f64::INFINITY;
        assert_eq!(quantile(&[1.0, never, never], 0.5), Some(never));
        assert_eq!(quantile(&[1.0, 2.0, never], 0.5), Some(2.0));
        assert_eq!(quantile(&[never, never], 0.25), Some(never));
        let spread = Spread::of(&[2.0, 4.0, never, never]).unwrap();
        assert_eq!(spread, Spread { lower: 3.5, median: never, upper: never });
        assert_eq!(spread.reciprocal(), Spread { lower: 0.0, median: 0.0, upper: 1.0 / 3.5 });
    }

    #[test]
    fn events_have_happened_when_half_of_them_have() {
        let never = f64::INFINITY;
        let events = |times: &[f64]| Spread::of_events(times).map(|s| (s.lower, s.median, s.upper));
        assert_eq!(events(&[9.0, 2.0, never, never]), Some((2.0, 9.0, never)));
        assert_eq!(events(&[9.0, never, never, never]), Some((9.0, never, never)));
        assert_eq!(events(&[5.0, 1.0, 3.0]), Some((1.0, 3.0, 5.0)));
        assert_eq!(events(&[7.0]), Some((7.0, 7.0, 7.0)));
        assert_eq!(events(&[never, 4.0]), Some((4.0, 4.0, never)));
        assert_eq!((events(&[]), events(&[f64::NAN])), (None, None));
    }

    #[test]
    fn nothing_has_no_quantile() {
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[f64::NAN], 0.5), None);
        assert_eq!(quantile(&[1.0], 1.1), None);
        assert_eq!(Spread::of(&[1.0, f64::NAN]), None);
    }

    proptest! {
        #[test]
        fn quantiles_are_ordered_and_inside(
            mut values in proptest::collection::vec(prop_oneof![4 => -1e9..1e9f64, 1 => Just(f64::INFINITY)], 1..30),
            p in 0.0..=1.0f64,
            q in 0.0..=1.0f64,
        ) {
            let (low, high) = (quantile(&values, p.min(q)).unwrap(), quantile(&values, p.max(q)).unwrap());
            prop_assert!(low <= high);
            values.sort_by(f64::total_cmp);
            prop_assert!(values[0] <= low && high <= values[values.len() - 1]);
        }
    }
}
