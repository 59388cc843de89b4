//! The partition of what a two-objective front leaves free.

/// A vertical strip of losses that no point of the front dominates: `left <= y0 < right` and `y1 < top`, without bound
/// below.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Strip {
    /// Lower end in the first loss; negative infinity for the first strip.
    pub left: f64,
    /// Upper end in the first loss.
    pub right: f64,
    /// Upper end in the second loss.
    pub top: f64,
}

/// The non-dominated part of the region below `reference` as disjoint strips, from left to right: one more than there are
/// distinct front points inside the region (Yang et al., "Efficient computation of expected hypervolume improvement using
/// box decomposition algorithms", J. Glob. Optim. 75, 2019, section 3).
#[must_use]
pub fn strips<V: AsRef<[f64]>>(losses: &[V], reference: [f64; 2]) -> Vec<Strip> {
    let pair = |v: &V| [v.as_ref()[0], v.as_ref()[1]];
    let mut points: Vec<[f64; 2]> =
        losses.iter().map(pair).filter(|p| p[0] < reference[0] && p[1] < reference[1]).collect();
    points.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    let mut strips = Vec::with_capacity(points.len() + 1);
    let (mut left, mut top) = (f64::NEG_INFINITY, reference[1]);
    for [a, b] in points {
        if b >= top {
            continue;
        }
        if a > left {
            strips.push(Strip { left, right: a, top });
        }
        (left, top) = (a, b);
    }
    strips.push(Strip { left, right: reference[0], top });
    strips
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::optimizer::pareto::hypervolume;

    #[test]
    fn no_point_leaves_one_strip() {
        let none: [[f64; 2]; 0] = [];
        assert_eq!(strips(&none, [1.0, 2.0]), [Strip { left: f64::NEG_INFINITY, right: 1.0, top: 2.0 }]);
    }

    proptest! {
        /// Above any floor, the strips and the dominated region fill the box.
        #[test]
        fn strips_and_hypervolume_fill_the_box(points in proptest::collection::vec([0.0..1.3f64, 0.0..1.3f64], 0..12)) {
            let area: f64 =
                strips(&points, [1.0, 1.0]).iter().map(|s| (s.right - s.left.max(0.0)) * s.top).sum();
            prop_assert!((area + hypervolume(&points, &[1.0, 1.0]) - 1.0).abs() < 1e-12);
        }
    }
}
