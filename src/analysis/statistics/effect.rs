//! How large a difference is, whatever its unit.

/// The probability that a value of `a` is larger than one of `b`, ties counting half: 1 if all of `a` lies above all of
/// `b`, 0.5 without a difference, 0 the other way round. `None` if one of them is empty or has a NaN.
///
/// Vargha and Delaney, "A critique and improvement of the CL common language effect size statistics of McGraw and Wong",
/// J. Educ. Behav. Stat. 25(2), 2000. They call 0.56, 0.64 and 0.71 small, medium and large.
///
/// ```
/// use wattfront::analysis::statistics::vargha_delaney;
///
/// assert_eq!(vargha_delaney(&[3.0, 4.0], &[1.0, 3.0]), Some(0.875));
/// ```
#[must_use]
pub fn vargha_delaney(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.is_empty() || b.is_empty() || a.iter().chain(b).any(|v| v.is_nan()) {
        return None;
    }
    let mut sorted = b.to_vec();
    sorted.sort_by(f64::total_cmp);
    // Twice the count, so that halves are whole.
    let wins = |v: &f64| sorted.partition_point(|w| w < v) + sorted.partition_point(|w| w <= v);
    let twice: usize = a.iter().map(wins).sum();
    let share = twice as f64 / (2 * a.len() * b.len()) as f64;
    Some(share)
}

/// How much more often a value of `a` is larger than one of `b` than smaller: `2 A - 1` with the
/// [`vargha_delaney`] measure `A`, so from -1 to 1. `None` as there.
///
/// Cliff, "Dominance statistics: ordinal analyses to answer ordinal questions", Psychol. Bull. 114(3), 1993.
#[must_use]
pub fn cliffs_delta(a: &[f64], b: &[f64]) -> Option<f64> {
    vargha_delaney(a, b).map(|share| 2.0 * share - 1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn by_definition(a: &[f64], b: &[f64]) -> f64 {
        let pairs = a.iter().flat_map(|x| b.iter().map(move |y| (x, y)));
        let score = |(x, y): (&f64, &f64)| {
            if x > y {
                1.0
            } else if x == y {
                0.5
            } else {
                0.0
            }
        };
        pairs.map(score).sum::<f64>() / (a.len() * b.len()) as f64
    }

    #[test]
    fn known_values() {
        // mannwhitneyu(a, b).statistic / (len(a) * len(b)) of scipy 1.17.1.
        let (a, b) = ([4.1, 3.3, 5.0, 3.3, 6.2], [3.3, 2.0, 4.9, 1.1]);
        assert_eq!(vargha_delaney(&a, &b), Some(0.8));
        assert!((cliffs_delta(&a, &b).unwrap() - 0.6).abs() < 1e-15);
        assert_eq!(vargha_delaney(&[], &b), None);
        assert_eq!(vargha_delaney(&[f64::NAN], &b), None);
    }

    proptest! {
        #[test]
        fn counts_what_its_definition_says(
            a in proptest::collection::vec((0..9i32).prop_map(f64::from), 1..12),
            b in proptest::collection::vec((0..9i32).prop_map(f64::from), 1..12),
        ) {
            let share = vargha_delaney(&a, &b).unwrap();
            prop_assert!((share - by_definition(&a, &b)).abs() < 1e-12);
            prop_assert!((share + vargha_delaney(&b, &a).unwrap() - 1.0).abs() < 1e-12);
            let mapped = |v: &[f64]| v.iter().map(|x| (x / 3.0).exp()).collect::<Vec<_>>();
            prop_assert_eq!(vargha_delaney(&mapped(&a), &mapped(&b)), Some(share), "only the order counts");
        }
    }
}
