//! Round numbers along an axis.

/// Multiples of 1, 2 or 5 times a power of ten inside `[low, high]`: at most `most` (at least 2) of them, as many as that
/// allows. Empty if the range is empty or not finite.
pub(super) fn linear_ticks(low: f64, high: f64, most: usize) -> Vec<f64> {
    let Some(step) = linear_step(low, high, most) else { return Vec::new() };
    // Indices and not sums, so that ticks do not drift; the slack keeps ticks that sit on the ends.
    let (first, last) = ((low / step - 1e-6).ceil(), (high / step + 1e-6).floor());
    let count = last - first;
    if !(0.0..=1e4).contains(&count) {
        return Vec::new();
    }
    let count = count as u32;
    (0..=count).map(|i| (first + f64::from(i)) * step + 0.0).collect()
}

fn linear_step(low: f64, high: f64, most: usize) -> Option<f64> {
    let range = high - low;
    // Below this ratio neighbouring ticks are no longer different numbers.
    if !(range.is_finite() && range > low.abs().max(high.abs()) * 1e-12 && range > f64::MIN_POSITIVE) {
        return None;
    }
    let least = range / most.max(2) as f64;
    let power = 10f64.powf(least.log10().floor());
    let holds = |step: f64| (high / step + 1e-6).floor() - (low / step - 1e-6).ceil() + 1.0;
    let fits = |step: &f64| holds(*step) <= most.max(2) as f64;
    [1.0, 2.0, 5.0, 10.0, 20.0].map(|m| m * power).into_iter().filter(|s| s.is_normal()).find(fits)
}

/// Ticks for a log axis over `[low, high]`, both above zero: powers of ten, with their 2- and 5-fold (or 3-fold) where there
/// is room for them; linear ticks where the range is too short for that. At most `most` (at least 2).
pub(super) fn log_ticks(low: f64, high: f64, most: usize) -> Vec<f64> {
    if !(low > 0.0 && high > low && high.is_finite()) {
        return Vec::new();
    }
    let most = most.max(2);
    if decades(low, high, &[1.0, 2.0, 5.0], 1).len() < 3 {
        return linear_ticks(low, high, most);
    }
    for factors in [&[1.0, 2.0, 5.0][..], &[1.0, 3.0], &[1.0]] {
        let ticks = decades(low, high, factors, 1);
        // Over so long a range evenly spaced numbers would crowd at its end.
        if (2..=most).contains(&ticks.len()) {
            return ticks;
        }
    }
    let spread = (2..).map(|every| decades(low, high, &[1.0], every));
    spread.take(700).find(|ticks| ticks.len() <= most).unwrap_or_default()
}

fn decades(low: f64, high: f64, factors: &[f64], every: i32) -> Vec<f64> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let inside = |v: &f64| *v >= low * (1.0 - 1e-9) && *v <= high * (1.0 + 1e-9) && v.is_normal();
    (first..=last)
        .filter(|k| k.rem_euclid(every) == 0)
        .flat_map(|k| factors.iter().map(move |f| f * 10f64.powi(k)))
        .filter(inside)
        .collect()
}

/// Labels for ticks, all in as many decimals as the closest pair needs, so that no two are the same.
pub(super) fn tick_labels(ticks: &[f64], log: bool) -> Vec<String> {
    let gap = ticks.windows(2).map(|w| w[1] - w[0]).fold(f64::INFINITY, f64::min);
    let largest = ticks.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    let exponent = |v: f64| v.log10().floor();
    if !gap.is_finite() || largest >= 1e6 || gap < 1e-4 {
        // Enough digits to tell neighbours apart.
        let digits = if gap.is_finite() && gap > 0.0 { exponent(largest) - exponent(gap) + 1.0 } else { 3.0 };
        return distinct(ticks, if log { 3 } else { digits.clamp(1.0, 15.0) as usize });
    }
    if log {
        return distinct(ticks, 4);
    }
    let decimals = (-(gap * 1.000_001).log10().floor()).clamp(0.0, 5.0) as usize;
    ticks.iter().map(|v| format!("{v:.decimals$}")).collect()
}

/// Ticks in `least` significant digits, or as many more as make them all different.
fn distinct(ticks: &[f64], least: usize) -> Vec<String> {
    let labels = |digits| ticks.iter().map(|v| crate::analysis::significant(*v, digits)).collect::<Vec<_>>();
    let differ = |labels: &Vec<String>| labels.windows(2).all(|pair| pair[0] != pair[1]);
    (least..16).map(labels).find(differ).unwrap_or_else(|| labels(17))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn round_numbers() {
        assert_eq!(linear_ticks(0.0, 1.0, 6), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(linear_ticks(93.0, 98.5, 6), [93.0, 94.0, 95.0, 96.0, 97.0, 98.0]);
        assert_eq!(linear_ticks(-3.0, 3.0, 4), [-2.0, 0.0, 2.0]);
        assert_eq!(log_ticks(1.5, 80.0, 8), [2.0, 5.0, 10.0, 20.0, 50.0]);
        assert_eq!(log_ticks(1.0, 1e4, 6), [1.0, 10.0, 100.0, 1e3, 1e4]);
        assert_eq!(log_ticks(250.0, 3e4, 4), [1e3, 1e4]);
        assert_eq!(log_ticks(20.0, 30.0, 6), [20.0, 22.0, 24.0, 26.0, 28.0, 30.0]);
        assert_eq!(tick_labels(&[0.0, 0.2, 0.4, 0.600_000_000_000_000_1], false), ["0.0", "0.2", "0.4", "0.6"]);
        assert_eq!(tick_labels(&[2e6, 4e6], false), ["2e6", "4e6"]);
        assert!(linear_ticks(1.0, 1.0, 5).is_empty() && linear_ticks(f64::NAN, 1.0, 5).is_empty());
        assert!(log_ticks(0.0, 1.0, 5).is_empty());
    }

    fn check(ticks: &[f64], low: f64, high: f64, most: usize, log: bool) -> Result<(), TestCaseError> {
        let slack = 1e-5 * (high - low);
        prop_assert!(ticks.len() <= most, "{ticks:?}");
        prop_assert!(ticks.is_sorted_by(|a, b| a < b), "{ticks:?}");
        prop_assert!(ticks.iter().all(|t| *t >= low - slack && *t <= high + slack), "{ticks:?} in {low}..{high}");
        let labels = tick_labels(ticks, log);
        let distinct: std::collections::BTreeSet<_> = labels.iter().collect();
        prop_assert_eq!(distinct.len(), ticks.len(), "{:?} {:?}", labels, ticks);
        for (label, tick) in labels.iter().zip(ticks) {
            let read: f64 = label.parse().unwrap();
            prop_assert!((read - tick).abs() <= 0.02 * (high - low) + 1e-3 * tick.abs(), "{label} for {tick}");
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn linear_ticks_are_few_round_and_inside(low in -1e6..1e6f64, exponent in -6..9i32, part in 1.0..10f64, most in 2usize..12) {
            let high = low + part * 10f64.powi(exponent);
            let ticks = linear_ticks(low, high, most);
            prop_assert!(!ticks.is_empty());
            prop_assert!(most < 5 || ticks.len() >= 2, "{ticks:?}");
            check(&ticks, low, high, most, false)?;
        }

        #[test]
        fn log_ticks_are_few_round_and_inside(exponent in -9.0..9.0f64, decades in 0.01..12.0f64, most in 3usize..12) {
            let (low, high) = (10f64.powf(exponent), 10f64.powf(exponent + decades));
            let ticks = log_ticks(low, high, most);
            prop_assert!(!ticks.is_empty(), "{low}..{high}");
            check(&ticks, low, high, most, true)?;
        }
    }
}
