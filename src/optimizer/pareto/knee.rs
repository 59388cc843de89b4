//! The point of a front where giving up a little of one objective stops buying much of another.

use super::non_dominated;

/// How far below the chord a knee lies at least, in scaled losses: less is rounding.
const LEAST_BEND: f64 = 1e-9;

/// The index of the knee, or `None` if there is none: without points, and where the front has no bend.
///
/// The rule: scale the front so that every loss runs from 0 (best on the front) to 1 (worst on the front); the knee is
/// the point with the smallest sum of scaled losses, the first of several. With two objectives that is the point which
/// lies farthest below the chord between the front's two extremes (Das, "On characterizing the 'knee' of the Pareto
/// curve based on normal-boundary intersection", Struct. Optim. 18, 1999). The chord is where the sum is 1. With more
/// objectives that is the plane through the points that are worst in one objective and best in all others. If no sum is
/// below 1, the front is straight, bends the other way or has two points only. Then no trade on it is better than
/// another by its shape. A single point is its own knee. Objectives that are constant on the front do not count.
#[must_use]
pub fn knee<V: AsRef<[f64]>>(losses: &[V]) -> Option<usize> {
    let scaled = Scaled::of(losses)?;
    let sum = |i: usize| scaled.losses(losses[i].as_ref()).sum::<f64>();
    let bent = |i: &usize| sum(*i) < 1.0 - LEAST_BEND;
    scaled.front.iter().copied().filter(bent).min_by(|&a, &b| sum(a).total_cmp(&sum(b)))
}

/// As [`knee`], with a weight for each objective, all above zero: the point of the front with the smallest weighted sum of
/// scaled losses, the first of several.
///
/// Unequal weights say what a trade is worth, so there is an answer on any front, bent or not: on a straight one the end
/// that is best in what counts most. Equal weights say nothing, and the rule is that
/// of [`knee`].
#[must_use]
pub fn weighted_knee<V: AsRef<[f64]>>(losses: &[V], weights: &[f64]) -> Option<usize> {
    if weights.windows(2).all(|pair| pair[0] == pair[1]) {
        return knee(losses);
    }
    let scaled = Scaled::of(losses)?;
    let sum = |i: usize| scaled.losses(losses[i].as_ref()).zip(weights).map(|(l, w)| l * w).sum::<f64>();
    scaled.front.iter().copied().min_by(|&a, &b| sum(a).total_cmp(&sum(b)))
}

/// A front and the ranges of its losses.
struct Scaled {
    front: Vec<usize>,
    ranges: Vec<(f64, f64)>,
}

impl Scaled {
    /// Of the front of these losses; `None` if it is empty.
    fn of<V: AsRef<[f64]>>(losses: &[V]) -> Option<Self> {
        let front = non_dominated(losses);
        let m = losses.get(*front.first()?)?.as_ref().len();
        let column = |j: usize| front.iter().map(move |&i| losses[i].as_ref()[j]);
        let range = |j| (column(j).fold(f64::INFINITY, f64::min), column(j).fold(f64::NEG_INFINITY, f64::max));
        let ranges = (0..m).map(range).collect();
        Some(Self { front, ranges })
    }

    /// Losses from 0 (best on the front) to 1 (worst on the front); 0 in an objective that is constant there.
    fn losses(&self, losses: &[f64]) -> impl Iterator<Item = f64> {
        let scaled = |(x, (low, high)): (&f64, &(f64, f64))| if high > low { (x - low) / (high - low) } else { 0.0 };
        losses.iter().zip(&self.ranges).map(scaled)
    }
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
    fn weights_move_it_and_leave_no_front_without_an_answer() {
        let front = [[0.0, 100.0], [0.1, 20.0], [0.5, 10.0], [1.0, 0.0], [2.0, 200.0]];
        assert_eq!(weighted_knee(&front, &[1.0, 1.0]), knee(&front));
        assert_eq!(weighted_knee(&front, &[20.0, 1.0]), Some(0));
        assert_eq!(weighted_knee(&front, &[1.0, 20.0]), Some(3));
        let straight = [[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]];
        assert_eq!(weighted_knee(&straight, &[3.0, 3.0]), None);
        assert_eq!(weighted_knee(&straight, &[2.0, 1.0]), Some(0));
        assert_eq!(weighted_knee::<[f64; 2]>(&[], &[2.0, 1.0]), None);
    }

    #[test]
    fn scale_does_not_matter() {
        let front = [[0.0, 1e9], [1e-9, 2e8], [1e-8, 0.0]];
        assert_eq!(knee(&front), Some(1));
    }
}
