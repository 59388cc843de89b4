//! The fronts behind the front, and how lonely a vector is on its own.

use std::cmp::Ordering;

use super::dominates;

/// The rank of each vector: 0 on the front, 1 on the front of what remains without it, and so on (non-dominated
/// sorting; Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE Trans. Evol. Comput. 6(2),
/// 2002, section III-A). Vectors with NaN rank behind all others.
///
/// Vectors are placed in lexicographic order into the first front that holds no dominator of theirs. A binary search
/// finds it (Zhang et al., "An efficient approach to nondominated sorting", IEEE Trans. Evol. Comput. 19(2), 2015).
///
/// ```
/// use wattfront::optimizer::pareto::ranks;
///
/// assert_eq!(ranks(&[[1.0, 3.0], [2.0, 2.0], [3.0, 3.0], [2.0, 3.0]]), [0, 0, 2, 1]);
/// ```
#[must_use]
pub fn ranks<V: AsRef<[f64]>>(losses: &[V]) -> Vec<usize> {
    let at = |i: usize| losses[i].as_ref();
    let (mut order, lost): (Vec<usize>, Vec<usize>) =
        (0..losses.len()).partition(|&i| !at(i).iter().any(|x| x.is_nan()));
    order.sort_by(|&a, &b| at(a).partial_cmp(at(b)).unwrap_or(Ordering::Equal));
    let mut fronts: Vec<Vec<usize>> = Vec::new();
    let mut ranks = vec![0; losses.len()];
    for i in order {
        // The latest members are the likeliest dominators.
        let rank = fronts.partition_point(|front| front.iter().rev().any(|&j| dominates(at(j), at(i))));
        if rank == fronts.len() {
            fronts.push(Vec::new());
        }
        fronts[rank].push(i);
        ranks[i] = rank;
    }
    for i in lost {
        ranks[i] = fronts.len();
    }
    ranks
}

/// The crowding distance of each vector of one front: the sum over the objectives of the gap between its neighbours on
/// both sides, as a share of the front's range; infinite at the ends (Deb et al. 2002, section III-B). Larger is
/// lonelier.
///
/// Of equal vectors only one can be lonely: the others get 0, so that copies do not crowd out what is different.
#[must_use]
pub fn crowding_distances<V: AsRef<[f64]>>(front: &[V]) -> Vec<f64> {
    let at = |i: usize| front[i].as_ref();
    let mut order: Vec<usize> = (0..front.len()).collect();
    order.sort_by(|&a, &b| at(a).partial_cmp(at(b)).unwrap_or(Ordering::Equal));
    order.dedup_by(|b, a| at(*a) == at(*b));
    let mut distances = vec![0.0; front.len()];
    let objectives = front.first().map_or(0, |v| v.as_ref().len());
    for j in 0..objectives {
        order.sort_by(|&a, &b| at(a)[j].total_cmp(&at(b)[j]));
        let (Some(&first), Some(&last)) = (order.first(), order.last()) else { break };
        let range = at(last)[j] - at(first)[j];
        distances[first] = f64::INFINITY;
        distances[last] = f64::INFINITY;
        if range > 0.0 {
            for three in order.windows(3) {
                distances[three[1]] += (at(three[2])[j] - at(three[0])[j]) / range;
            }
        }
    }
    distances
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::non_dominated;
    use super::*;

    #[test]
    fn ends_are_lonely_and_copies_are_not() {
        let front = [[0.0, 4.0], [1.0, 3.0], [1.0, 3.0], [3.0, 1.0], [4.0, 0.0]];
        assert_eq!(crowding_distances(&front), [f64::INFINITY, 1.5, 0.0, 1.5, f64::INFINITY]);
        assert_eq!(crowding_distances::<[f64; 2]>(&[]), [0.0; 0]);
        assert_eq!(crowding_distances(&[[1.0, 1.0], [1.0, 1.0]]), [f64::INFINITY, 0.0]);
    }

    #[test]
    fn what_is_no_number_ranks_last() {
        assert_eq!(ranks(&[[f64::NAN, 0.0], [1.0, 1.0], [2.0, 2.0]]), [2, 0, 1]);
    }

    proptest! {
        /// Against the definition: peeling one front after another.
        #[test]
        fn ranks_are_what_is_left_by_peeling_fronts(
            points in (1usize..4).prop_flat_map(|m| vec(vec(0..5i32, m), 0..25))
        ) {
            let points: Vec<Vec<f64>> = points.into_iter().map(|p| p.into_iter().map(f64::from).collect()).collect();
            let ranks = ranks(&points);
            let mut left: Vec<usize> = (0..points.len()).collect();
            for rank in 0.. {
                if left.is_empty() {
                    break;
                }
                let losses: Vec<&Vec<f64>> = left.iter().map(|&i| &points[i]).collect();
                let front: Vec<usize> = non_dominated(&losses).into_iter().map(|k| left[k]).collect();
                prop_assert!(front.iter().all(|&i| ranks[i] == rank));
                left.retain(|i| !front.contains(i));
            }
        }
    }
}
