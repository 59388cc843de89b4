//! The signed-rank test for pairs.

use std::cmp::Ordering;

use libm::erfc;

/// Up to so many differences other than zero the p-value is exact.
pub const EXACT_PAIRS: usize = 50;

/// What the signed-rank test says about differences of pairs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignedRank {
    /// Sum of the ranks of differences above zero.
    pub positive: f64,
    /// Sum of the ranks of differences below zero.
    pub negative: f64,
    /// Number of differences other than zero.
    pub pairs: usize,
    /// Number of differences that are zero.
    pub zeros: usize,
    /// The two-sided p-value.
    pub p_value: f64,
    /// Whether the p-value is exact and not from the normal approximation.
    pub exact: bool,
}

/// The two-sided test of Wilcoxon, "Individual comparisons by ranking methods", Biometrics Bull. 1(6), 1945: whether
/// differences of pairs lie about zero. `None` without differences or with one that is not finite.
///
/// *Ties* in size get the mean of their ranks. *Zeros* are ranked with the others and then left out (Pratt, "Remarks on zeros
/// and ties in the Wilcoxon signed rank procedures", J. Am. Stat. Assoc. 54, 1959), which makes many zeros speak for no
/// difference, where leaving them out first would ignore them. Without any other difference p is 1.
///
/// Up to [`EXACT_PAIRS`] differences the p-value is the exact one given these very ranks: the share of all ways to give them
/// signs that are at least as far from the middle, ties and zeros included. Beyond, it is that of a normal distribution with
/// the same mean and variance (which is what corrections for ties and, by Cureton, J. Am. Stat. Assoc. 62, 1967, for zeros
/// come to), without a correction for continuity.
///
/// ```
/// use wattfront::analysis::statistics::wilcoxon_signed_rank;
///
/// let test = wilcoxon_signed_rank(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
/// assert_eq!(test.p_value, 0.0625);
/// ```
#[must_use]
pub fn wilcoxon_signed_rank(differences: &[f64]) -> Option<SignedRank> {
    if differences.is_empty() || differences.iter().any(|d| !d.is_finite()) {
        return None;
    }
    let ranks = doubled_ranks(differences);
    let sum = |wanted: Ordering| -> u64 {
        let kept = differences.iter().zip(&ranks).filter(|(d, _)| d.partial_cmp(&&0.0) == Some(wanted));
        kept.map(|(_, rank)| rank).sum()
    };
    let (positive, negative) = (sum(Ordering::Greater), sum(Ordering::Less));
    let signed: Vec<u64> = differences.iter().zip(&ranks).filter(|(d, _)| **d != 0.0).map(|(_, r)| *r).collect();
    let exact = signed.len() <= EXACT_PAIRS;
    let p_value = if exact { exact_p(&signed, positive.min(negative)) } else { normal_p(&signed, positive) };
    Some(SignedRank {
        positive: half(positive),
        negative: half(negative),
        pairs: signed.len(),
        zeros: differences.len() - signed.len(),
        p_value,
        exact,
    })
}

/// The smallest p-value that [`wilcoxon_signed_rank`] can give for so many pairs, `2 / 2^n`: if it is above the level of the
/// test, there are too few pairs to show anything.
///
/// ```
/// use wattfront::analysis::statistics::smallest_p_value;
///
/// assert_eq!(smallest_p_value(5), 0.0625);
/// assert_eq!(smallest_p_value(0), 1.0);
/// ```
#[must_use]
pub fn smallest_p_value(pairs: usize) -> f64 {
    let pairs = i32::try_from(pairs).unwrap_or(i32::MAX);
    2f64.powi(1 - pairs).min(1.0)
}

/// Twice the ranks of the sizes, so that means of tied ranks are whole; in the order of the differences.
fn doubled_ranks(differences: &[f64]) -> Vec<u64> {
    let mut order: Vec<usize> = (0..differences.len()).collect();
    let size = |i: usize| differences[i].abs();
    order.sort_by(|&a, &b| size(a).total_cmp(&size(b)));
    let mut ranks = vec![0; differences.len()];
    let mut begin = 0;
    for tied in order.chunk_by(|&a, &b| size(a) == size(b)) {
        // The mean of begin + 1 ..= begin + length, doubled.
        tied.iter().for_each(|&i| ranks[i] = (2 * begin + tied.len() + 1) as u64);
        begin += tied.len();
    }
    ranks
}

/// The share of all ways to give the ranks signs whose smaller sum is at most `least`.
fn exact_p(ranks: &[u64], least: u64) -> f64 {
    let total: u64 = ranks.iter().sum();
    let length = usize::try_from(total).unwrap_or(0) + 1;
    // The chance of every sum of positive ranks, a rank at a time.
    let mut chance = vec![0.0; length];
    chance[0] = 1.0;
    let mut reached = 0;
    for rank in ranks.iter().filter_map(|r| usize::try_from(*r).ok()) {
        for sum in (0..=reached).rev() {
            let halved = chance[sum] / 2.0;
            chance[sum] = halved;
            chance[sum + rank] += halved;
        }
        reached += rank;
    }
    let tail: f64 = chance.iter().take(usize::try_from(least).unwrap_or(length) + 1).sum();
    (2.0 * tail).min(1.0)
}

/// Of a normal distribution with the mean and the variance of the sum of positive ranks.
fn normal_p(ranks: &[u64], positive: u64) -> f64 {
    let mean: f64 = ranks.iter().map(|r| half(*r)).sum::<f64>() / 2.0;
    let variance: f64 = ranks.iter().map(|r| half(*r).powi(2)).sum::<f64>() / 4.0;
    let z = (half(positive) - mean).abs() / variance.sqrt();
    erfc(z / std::f64::consts::SQRT_2).min(1.0)
}

fn half(doubled: u64) -> f64 {
    let whole = doubled as f64;
    whole / 2.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn p(differences: &[f64]) -> f64 {
        wilcoxon_signed_rank(differences).unwrap().p_value
    }

    #[test]
    fn agrees_with_published_and_computed_values() {
        // Darwin's maize (Fisher, "The Design of Experiments", 1935); wilcoxon(d, method="exact") of scipy 1.17.1.
        let maize = [6.0, 8.0, 14.0, 16.0, 23.0, 24.0, 28.0, 29.0, 41.0, -48.0, 49.0, 56.0, 60.0, -67.0, 75.0];
        let test = wilcoxon_signed_rank(&maize).unwrap();
        assert_eq!((test.positive, test.negative, test.p_value, test.exact), (96.0, 24.0, 0.041_259_765_625, true));
        // wilcoxon(d, zero_method="pratt", method=PermutationMethod(n_resamples=inf)) of scipy 1.17.1: all signs.
        assert_eq!(p(&[1.1, -0.4, 2.5, 3.7, -1.9, 0.8, 4.2, 5.5]), 0.078_125);
        assert_eq!(p(&[1.0, -1.0, 2.0, 2.0, -3.0, 3.0, 3.0, 4.0, 5.0]), 0.085_937_5);
        assert_eq!(p(&[0.0, 0.0, 1.0, -2.0, 3.0, 4.0, 5.0, 6.0, -1.0]), 0.156_25);
        assert_eq!(p(&[0.0, 1.0, 1.0, -1.0, 2.0, 2.0, 0.0, -3.0, 3.0, 4.0, 4.0, 0.0]), 0.097_656_25);
    }

    #[test]
    fn many_pairs_are_approximated() {
        // wilcoxon(d, zero_method="pratt", correction=False, method="approx") of scipy 1.17.1.
        let distinct: Vec<f64> = (0..60).map(|i| f64::from((i * 37) % 101 - 40)).collect();
        let test = wilcoxon_signed_rank(&distinct).unwrap();
        assert!(!test.exact && (test.p_value - 0.023_587_345_465_133_247).abs() < 1e-12, "{test:?}");
        let tied: Vec<f64> = (0..70).map(|i| f64::from((i * 17) % 23 - 9)).collect();
        let test = wilcoxon_signed_rank(&tied).unwrap();
        assert_eq!((test.pairs, test.zeros, test.positive.min(test.negative)), (67, 3, 880.0));
        assert!((test.p_value - 0.035_241_459_713_871_89).abs() < 1e-12, "{test:?}");
    }

    #[test]
    fn few_pairs_cannot_show_anything() {
        for n in 1..12 {
            let ascending: Vec<f64> = (1..=n).map(f64::from).collect();
            assert_eq!(p(&ascending), smallest_p_value(ascending.len()));
        }
        assert_eq!(p(&[0.0, 0.0]), 1.0);
        assert_eq!(wilcoxon_signed_rank(&[]), None);
        assert_eq!(wilcoxon_signed_rank(&[1.0, f64::NAN]), None);
        assert_eq!(wilcoxon_signed_rank(&[f64::INFINITY]), None);
    }

    fn by_enumeration(differences: &[f64]) -> f64 {
        let ranks = doubled_ranks(differences);
        let ranked: Vec<(bool, u64)> =
            differences.iter().zip(ranks).filter(|(d, _)| **d != 0.0).map(|(d, r)| (*d > 0.0, r)).collect();
        let total: u64 = ranked.iter().map(|(_, r)| r).sum();
        let distance = |positive: u64| (2 * positive).abs_diff(total);
        let found = distance(ranked.iter().filter(|(up, _)| *up).map(|(_, r)| r).sum());
        let sum = |signs: u32| ranked.iter().enumerate().filter(|(i, _)| signs >> i & 1 == 1).map(|(_, r)| r.1).sum();
        let as_far = (0..1u32 << ranked.len()).filter(|signs| distance(sum(*signs)) >= found).count();
        as_far as f64 / f64::from(1u32 << ranked.len())
    }

    proptest! {
        #[test]
        fn counts_all_signs(differences in proptest::collection::vec((-4..5i32).prop_map(f64::from), 1..11)) {
            prop_assert!((p(&differences) - by_enumeration(&differences)).abs() < 1e-12);
        }

        #[test]
        fn sides_sizes_and_order_do_not_matter(
            differences in proptest::collection::vec((-40..41i32).prop_map(f64::from), 1..70),
            turn in 0usize..70,
            scale in 1e-3..1e3f64,
        ) {
            let test = wilcoxon_signed_rank(&differences).unwrap();
            let mut other: Vec<f64> = differences.iter().map(|d| -d * scale).collect();
            let turn = turn % other.len();
            other.rotate_left(turn);
            let again = wilcoxon_signed_rank(&other).unwrap();
            prop_assert_eq!((test.positive, test.negative), (again.negative, again.positive));
            prop_assert!((test.p_value - again.p_value).abs() < 1e-12);
            prop_assert!((0.0..=1.0).contains(&test.p_value));
            prop_assert!(test.p_value >= smallest_p_value(test.pairs) * (1.0 - 1e-9) || !test.exact);
        }

        #[test]
        fn the_approximation_takes_over_without_a_jump(differences in proptest::collection::vec(-1.0..1.2f64, EXACT_PAIRS)) {
            let differences: Vec<f64> = differences.into_iter().filter(|d| *d != 0.0).collect();
            let ranks = doubled_ranks(&differences);
            let positive = differences.iter().zip(&ranks).filter(|(d, _)| **d > 0.0).map(|(_, r)| r).sum();
            prop_assert!((normal_p(&ranks, positive) - p(&differences)).abs() < 0.02);
        }
    }
}
