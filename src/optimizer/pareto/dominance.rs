//! Which points are better than which.

/// Whether `a` dominates `b`: no loss is larger and at least one is smaller.
#[must_use]
pub fn dominates(a: &[f64], b: &[f64]) -> bool {
    let mut smaller = false;
    for (x, y) in a.iter().zip(b) {
        match x.partial_cmp(y) {
            Some(std::cmp::Ordering::Less) => smaller = true,
            Some(std::cmp::Ordering::Equal) => {}
            _ => return false,
        }
    }
    smaller
}

/// Indices, ascending, of the vectors that no other one dominates. Of equal vectors all stay.
///
/// In lexicographic order nothing is dominated by what comes later, so each vector is compared with the front found so far:
/// `O(n log n + n f)` for a front of `f`.
#[must_use]
pub fn non_dominated<V: AsRef<[f64]>>(losses: &[V]) -> Vec<usize> {
    let at = |i: usize| losses[i].as_ref();
    let mut order: Vec<usize> = (0..losses.len()).filter(|&i| at(i).iter().all(|x| !x.is_nan())).collect();
    order.sort_by(|&a, &b| at(a).partial_cmp(at(b)).unwrap_or(std::cmp::Ordering::Equal));
    let mut front: Vec<usize> = Vec::new();
    for i in order {
        if !front.iter().any(|&j| dominates(at(j), at(i))) {
            front.push(i);
        }
    }
    front.sort_unstable();
    front
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_point_does_not_dominate_itself() {
        assert!(!dominates(&[1.0, 2.0], &[1.0, 2.0]));
        assert!(dominates(&[1.0, 1.0], &[1.0, 2.0]));
        assert!(!dominates(&[0.0, 3.0], &[1.0, 2.0]));
        assert_eq!(non_dominated(&[[1.0, 2.0], [1.0, 2.0], [2.0, 2.0], [f64::NAN, 0.0]]), [0, 1]);
    }

    proptest! {
        #[test]
        fn dominated_points_have_a_dominator_on_the_front(points in proptest::collection::vec([0..6i32, 0..6, 0..6], 1..20)) {
            let points: Vec<_> = points.iter().map(|p| p.map(f64::from)).collect();
            let front = non_dominated(&points);
            prop_assert!(!front.is_empty());
            for i in 0..points.len() {
                let beaten = front.iter().any(|&j| dominates(&points[j], &points[i]));
                prop_assert_eq!(beaten, !front.contains(&i));
            }
        }
    }
}
