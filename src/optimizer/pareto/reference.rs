//! The reference point: the corner up to which hypervolume is counted.

use super::super::history::History;
use super::super::problem::Problem;
use super::{feasible_losses_of, losses_of, non_dominated};

/// How far beyond the worst loss on the front, as a share of the front's range.
const MARGIN: f64 = 0.1;

/// A reference point for these losses, or `None` without any.
///
/// Nadir of the front plus a tenth of the front's range in each objective. BoTorch's `infer_reference_point` does the
/// same (Ishibuchi et al., "How to specify a reference point in hypervolume calculation for fair performance
/// comparison", Evol. Comput. 26(3), 2018). Where the front has no range, the range of all losses stands in; where that
/// is zero too, the size of the loss or, at last, one.
#[must_use]
pub fn infer_reference<V: AsRef<[f64]>>(losses: &[V]) -> Option<Vec<f64>> {
    let front = non_dominated(losses);
    let m = losses.get(*front.first()?)?.as_ref().len();
    let bounds = |values: &mut dyn Iterator<Item = f64>| {
        values.filter(|v| v.is_finite()).fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)))
    };
    let coordinate = |j: usize| {
        let (low, nadir) = bounds(&mut front.iter().map(|&i| losses[i].as_ref()[j]));
        let (all_low, all_high) = bounds(&mut losses.iter().map(|v| v.as_ref()[j]));
        let positive = |range: &f64| *range > 0.0 && range.is_finite();
        let range = [nadir - low, all_high - all_low, nadir.abs()].into_iter().find(positive).unwrap_or(1.0);
        let corner = nadir + MARGIN * range;
        if corner > nadir { corner } else { nadir.next_up() }
    };
    Some((0..m).map(coordinate).collect())
}

/// The given coordinates of a reference point, and the others [inferred](infer_reference) from those losses that lie within
/// the given ones; from all, if none does. `None` without losses, unless every coordinate is given.
///
/// What lies beyond a given coordinate adds nothing to the hypervolume, so it has no say in how far the others reach: a
/// front's useless end may well be its cheapest.
pub(crate) fn complete_reference<V: AsRef<[f64]>>(given: &[Option<f64>], losses: &[V]) -> Option<Vec<f64>> {
    if let Some(all) = given.iter().copied().collect() {
        return Some(all);
    }
    let lies_within = |v: &&[f64]| given.iter().zip(*v).all(|(bound, loss)| bound.is_none_or(|bound| *loss < bound));
    let within: Vec<&[f64]> = losses.iter().map(AsRef::as_ref).filter(lies_within).collect();
    let inferred = if within.is_empty() { infer_reference(losses) } else { infer_reference(&within) }?;
    Some(given.iter().zip(inferred).map(|(user, other)| user.unwrap_or(other)).collect())
}

/// The reference point for reports, in losses: the user's coordinates first, then those that the history has frozen,
/// then inferred ones. These are from the finished, feasible trials that lie within the user's coordinates (from all,
/// if none does; see [`infer_reference`]). `None` before the first finished trial, unless the user gave every
/// coordinate or one is frozen.
///
/// A user's coordinate that its objective's scale cannot take (zero under a logarithm) counts as not given.
#[must_use]
pub fn reference_point(problem: &Problem, history: &History) -> Option<Vec<f64>> {
    let given = given_reference(problem);
    match history.reference() {
        Some(frozen) if frozen.len() == given.len() => {
            Some(given.into_iter().zip(frozen).map(|(user, other)| user.unwrap_or(*other)).collect())
        }
        _ => {
            // Before anything keeps the constraints, what does not is all there is to go by.
            let feasible = feasible_losses_of(problem, history);
            let trials = if feasible.is_empty() { losses_of(problem, history) } else { feasible };
            complete_reference(&given, &trials.into_iter().map(|(_, l)| l).collect::<Vec<_>>())
        }
    }
}

/// The user's coordinates of the reference point, in losses.
pub(crate) fn given_reference(problem: &Problem) -> Vec<Option<f64>> {
    problem.objectives().iter().map(|o| o.reference.and_then(|r| o.loss(r).ok())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::problem::{maximize, minimize};
    use crate::optimizer::space::{Space, float};

    #[test]
    fn lies_a_tenth_of_the_range_beyond_the_nadir() {
        let losses = [[0.0, 10.0], [1.0, 0.0], [5.0, 50.0]];
        assert_eq!(infer_reference(&losses), Some(vec![1.1, 11.0]));
    }

    #[test]
    fn degenerate_fronts_still_have_one_beyond_every_front_point() {
        assert_eq!(infer_reference::<[f64; 2]>(&[]), None);
        assert_eq!(infer_reference(&[[2.0, -3.0]]), Some(vec![2.2, -2.7]));
        assert_eq!(infer_reference(&[[0.0, 0.0]]), Some(vec![0.1, 0.1]));
        assert_eq!(infer_reference(&[[0.0, 1.0], [0.0, 3.0]]), Some(vec![0.1, 1.2]));
        let huge = infer_reference(&[[1e300, -1e300]]).unwrap();
        assert!(huge[0] > 1e300 && huge[1] > -1e300);
    }

    #[test]
    fn the_users_coordinates_win_and_are_losses() {
        let space = Space::new([float("x", 0.0..=1.0)]).unwrap();
        let problem =
            Problem::new(space, [maximize("a").reference(0.5), minimize("e").log().reference(100.0)]).unwrap();
        assert_eq!(reference_point(&problem, &History::new()), Some(vec![-0.5, 100f64.ln()]));
        let space = problem.space().clone();
        let partly = Problem::new(space, [maximize("a").reference(0.5), minimize("e")]).unwrap();
        assert_eq!(reference_point(&partly, &History::new()), None);
        let mut history = History::new();
        history.freeze_reference(vec![0.0, 7.0]);
        assert_eq!(reference_point(&partly, &history), Some(vec![-0.5, 7.0]));
    }

    #[test]
    fn what_lies_beyond_the_given_coordinates_has_no_say_in_the_others() {
        let losses = [[-0.96, 10.0], [-0.97, 30.0], [-0.95, 1.0], [-0.1, 0.5]];
        let reference = complete_reference(&[Some(-0.95), None], &losses).unwrap();
        assert_eq!(reference, [-0.95, 32.0]);
        let none_within = complete_reference(&[Some(-0.99), None], &losses).unwrap();
        assert_eq!(none_within[1], infer_reference(&losses).unwrap()[1]);
        assert_eq!(complete_reference(&[None, None], &losses), infer_reference(&losses));
        assert_eq!(complete_reference::<[f64; 2]>(&[Some(1.0), None], &[]), None);
    }
}
