//! The point of a front where giving up a little of one objective stops buying much of another.

use super::non_dominated;

/// How far below the chord a knee lies at least, in scaled losses: less is rounding.
const LEAST_BEND: f64 = 1e-9;

/// The index of the knee, or `None` if there is none: without points, and where the front has no bend.
///
/// The rule: scale the front so that every loss runs from 0 (best on the front) to 1 (worst on the front); the knee is the
/// point with the smallest sum of scaled losses, the first of several. With two objectives that is the point which lies
/// farthest below the chord between the front's two extremes (Das, "On characterizing the 'knee' of the Pareto curve based
/// on normal-boundary intersection", Struct. Optim. 18, 1999). The chord, and with more objectives the plane through
/// the points that are worst in one objective and best in all others, is where the sum is 1. If no sum is below 1, the front is
/// straight, bends the other way or has two points only, and no trade on it is better than another by its shape. A single
/// point is its own knee. Objectives that are constant on the front do not count.
#[must_use]
pub fn knee<V: AsRef<[f64]>>(losses: &[V]) -> Option<usize> {
    let front = non_dominated(losses);
    let m = losses.get(*front.first()?)?.as_ref().len();
    let column = |j: usize| front.iter().map(move |&i| losses[i].as_ref()[j]);
    let ranges: Vec<(f64, f64)> = (0..m)
        .map(|j| (column(j).fold(f64::INFINITY, f64::min), column(j).fold(f64::NEG_INFINITY, f64::max)))
        .collect();
    let scaled = |x: f64, (low, high): (f64, f64)| if high > low { (x - low) / (high - low) } else { 0.0 };
    let sum = |i: usize| losses[i].as_ref().iter().zip(&ranges).map(|(x, r)| scaled(*x, *r)).sum::<f64>();
    let bent = |i: &usize| sum(*i) < 1.0 - LEAST_BEND;
    front.into_iter().filter(bent).min_by(|&a, &b| sum(a).total_cmp(&sum(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_where_the_front_bends() {
        let front = [[0.0, 100.0], [0.1, 20.0], [0.5, 10.0], [1.0, 0.0], [2.0, 200.0]];
        assert_eq!(knee(&front), Some(1));
    }

    #[test]
    fn one_point_and_none() {
        assert_eq!(knee(&[[3.0, 4.0]]), Some(0));
        assert_eq!(knee::<[f64; 2]>(&[]), None);
        assert_eq!(knee(&[[3.0, 4.0], [3.0, 4.0]]), Some(0));
    }

    #[test]
    fn a_front_without_a_bend_has_none() {
        assert_eq!(knee(&[[0.0, 100.0], [1.0, 10.0]]), None, "two points");
        let straight: Vec<[f64; 2]> = (0..=10).map(|i| [f64::from(i) * 0.1, 7.0 - f64::from(i) * 0.7]).collect();
        assert_eq!(knee(&straight), None);
        assert_eq!(knee(&[[0.0, 1.0], [0.8, 0.8], [1.0, 0.0]]), None, "concave");
        assert_eq!(knee(&[[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]), None);
        assert_eq!(knee(&[[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.3, 0.3, 0.3]]), Some(3));
    }

    #[test]
    fn scale_does_not_matter() {
        let front = [[0.0, 1e9], [1e-9, 2e8], [1e-8, 0.0]];
        assert_eq!(knee(&front), Some(1));
    }
}
