//! Which trials the surrogates learn from when there are very many.

use super::super::super::pareto::non_dominated;

/// Most trials that a surrogate is fitted to.
pub(super) const MOST: usize = 1000;
/// The share of them that is chosen for quality; the others are the newest.
const BEST_SHARE: f64 = 0.7;

/// Indices, ascending, of at most `most` of these losses, which are in the order of the trials: the best, front by front, and
/// the newest of the others, so that what the search has just learned is never forgotten.
pub(super) fn select(losses: &[&[f64]], most: usize) -> Vec<usize> {
    if losses.len() <= most {
        return (0..losses.len()).collect();
    }
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share")]
    let best = (BEST_SHARE * most as f64) as usize;
    let mut chosen = vec![false; losses.len()];
    let mut count = 0;
    let mut left: Vec<usize> = (0..losses.len()).collect();
    while count < best {
        let values: Vec<&[f64]> = left.iter().map(|&i| losses[i]).collect();
        // Newest first, where a front has more than there is room for.
        let front: Vec<usize> = non_dominated(&values).into_iter().rev().map(|k| left[k]).collect();
        if front.is_empty() {
            break;
        }
        for &i in front.iter().take(best - count) {
            chosen[i] = true;
        }
        count += front.len().min(best - count);
        left.retain(|i| !front.contains(i));
    }
    for i in (0..losses.len()).rev() {
        if count == most {
            break;
        }
        if !chosen[i] {
            chosen[i] = true;
            count += 1;
        }
    }
    (0..losses.len()).filter(|&i| chosen[i]).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keeps_the_front_and_the_newest(points in proptest::collection::vec([0.0..1.0f64, 0.0..1.0], 1..80), most in 1usize..60) {
            let losses: Vec<&[f64]> = points.iter().map(<[f64; 2]>::as_slice).collect();
            let chosen = select(&losses, most);
            prop_assert_eq!(chosen.len(), most.min(points.len()));
            prop_assert!(chosen.is_sorted());
            let front = non_dominated(&losses);
            if points.len() > most && front.len() <= most * 7 / 10 {
                prop_assert!(front.iter().all(|i| chosen.contains(i)));
                prop_assert!(chosen.contains(&(points.len() - 1)));
            }
        }
    }
}
