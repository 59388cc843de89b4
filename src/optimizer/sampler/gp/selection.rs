//! Which trials the surrogates learn from when there are very many.

use super::super::super::pareto::ranks;

/// Most trials that a surrogate is fitted to.
pub(super) const MOST: usize = 1000;
/// The share of them that is chosen for quality; the others are the newest.
const BEST_SHARE: f64 = 0.7;

/// Indices, ascending, of at most `most` of these losses, which are in the order of the trials: the best, front by
/// front, those that keep the constraints before all others, and the newest of the rest. So what the search has just
/// learned is never forgotten.
pub(super) fn select(losses: &[&[f64]], feasible: &[bool], most: usize) -> Vec<usize> {
    if losses.len() <= most {
        return (0..losses.len()).collect();
    }
    let best = (BEST_SHARE * most as f64) as usize;
    let mut order: Vec<(bool, usize, usize)> = Vec::with_capacity(losses.len());
    for class in [true, false] {
        let members: Vec<usize> = (0..losses.len()).filter(|&i| feasible[i] == class).collect();
        let values: Vec<&[f64]> = members.iter().map(|&i| losses[i]).collect();
        order.extend(ranks(&values).into_iter().zip(members).map(|(rank, i)| (!class, rank, i)));
    }
    // The newest first, where a front has more than there is room for.
    order.sort_by_key(|&(broken, rank, i)| (broken, rank, std::cmp::Reverse(i)));
    let mut chosen = vec![false; losses.len()];
    order.iter().take(best).for_each(|&(_, _, i)| chosen[i] = true);
    let rest: Vec<usize> = (0..losses.len()).rev().filter(|&i| !chosen[i]).take(most - best).collect();
    rest.into_iter().for_each(|i| chosen[i] = true);
    (0..losses.len()).filter(|&i| chosen[i]).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::super::pareto::non_dominated;
    use super::*;

    proptest! {
        #[test]
        fn keeps_the_front_and_the_newest(points in proptest::collection::vec([0.0..1.0f64, 0.0..1.0], 1..80), most in 1usize..60) {
            let losses: Vec<&[f64]> = points.iter().map(<[f64; 2]>::as_slice).collect();
            let chosen = select(&losses, &vec![true; losses.len()], most);
            prop_assert_eq!(chosen.len(), most.min(points.len()));
            prop_assert!(chosen.is_sorted());
            let front = non_dominated(&losses);
            if points.len() > most && front.len() <= most * 7 / 10 {
                prop_assert!(front.iter().all(|i| chosen.contains(i)));
                prop_assert!(chosen.contains(&(points.len() - 1)));
            }
        }
    }

    #[test]
    fn what_keeps_the_constraints_is_never_crowded_out() {
        // The ten feasible ones are old, and worse than all others.
        let points: Vec<[f64; 1]> = (0..100).map(|i| [if i < 10 { 5.0 } else { f64::from(i) / 100.0 }]).collect();
        let losses: Vec<&[f64]> = points.iter().map(<[f64; 1]>::as_slice).collect();
        let feasible: Vec<bool> = (0..100).map(|i| i < 10).collect();
        let chosen = select(&losses, &feasible, 40);
        assert!((0..10).all(|i| chosen.contains(&i)));
    }
}
