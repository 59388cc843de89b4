//! Several tests at once.

/// Holm's step-down adjustment of p-values in \[0, 1\] (Holm, "A simple sequentially rejective multiple test procedure",
/// Scand. J. Statist. 6(2), 1979), in the order in which they were given: an adjusted value of at most 0.05 keeps the
/// chance of any false alarm among all of them at 5 %.
///
/// ```
/// use wattfront::analysis::statistics::holm;
///
/// assert_eq!(holm(&[0.01, 0.04, 0.03]), [0.03, 0.06, 0.06]);
/// ```
#[must_use]
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest = 0.0f64;
    for (rank, &i) in order.iter().enumerate() {
        let left = (p_values.len() - rank) as f64;
        largest = largest.max((left * p_values[i]).min(1.0));
        adjusted[i] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn agrees_with_r() {
        // p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm") in R.
        let expected = [0.05, 0.08, 0.09, 0.09, 0.09];
        for (found, expected) in holm(&[0.01, 0.02, 0.03, 0.04, 0.05]).into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-15);
        }
        assert_eq!(holm(&[0.7]), [0.7]);
        assert!(holm(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn lies_between_the_value_and_bonferroni(p in proptest::collection::vec(0.0..=1.0f64, 1..8)) {
            let adjusted = holm(&p);
            for (i, (raw, holm)) in p.iter().zip(&adjusted).enumerate() {
                prop_assert!(raw <= holm && *holm <= (raw * p.len() as f64).min(1.0) + 1e-12);
                prop_assert!(p.iter().zip(&adjusted).all(|(r, h)| r < raw || h >= holm), "order is kept at {i}");
            }
            let smallest = p.iter().copied().fold(1.0, f64::min);
            let first = adjusted.iter().copied().fold(1.0, f64::min);
            prop_assert!((first - (smallest * p.len() as f64).min(1.0)).abs() < 1e-12);
        }
    }
}
