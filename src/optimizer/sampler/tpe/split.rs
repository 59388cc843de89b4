//! Which trials are good.

use super::super::super::history::History;
use super::super::super::pareto::{contributions, infer_reference, reference_point, select_by_hypervolume};
use super::super::super::problem::Problem;
use super::super::ranked_trials::RankedTrial;

/// Share of the finished trials that is good.
const SHARE: f64 = 0.2;
/// Most trials that are good.
const MOST: usize = 25;
/// Weight of a good trial that contributes no hypervolume, where the largest contribution weighs 1.
const LEAST: f64 = 1e-3;

/// The finished trials in two groups.
#[derive(Debug, Default)]
pub(super) struct Split {
    /// Canonical vectors and weights; empty if nothing has finished.
    pub good: Vec<(Vec<f64>, f64)>,
    /// Canonical vectors.
    pub bad: Vec<Vec<f64>>,
}

impl Split {
    pub(super) fn new(problem: &Problem, history: &History, mut ranked_trials: Vec<RankedTrial>) -> Self {
        let count = ((SHARE * ranked_trials.len() as f64).ceil() as usize).min(MOST);
        let reference = reference_point(problem, history).unwrap_or_default();
        ranked_trials.sort_by_key(|s| s.rank);
        let mut good: Vec<RankedTrial> = Vec::new();
        let mut bad = Vec::new();
        for front in ranked_trials.chunk_by(|a, b| a.rank == b.rank) {
            let room = count - good.len();
            if front.len() <= room {
                good.extend(front.iter().cloned());
            } else if room == 0 {
                bad.extend(front.iter().map(|s| s.x.clone()));
            } else {
                let losses: Vec<&[f64]> = front.iter().map(|s| s.losses.as_slice()).collect();
                let chosen = select_by_hypervolume(&losses, &covering(&reference, &losses), room);
                good.extend(chosen.iter().map(|&i| front[i].clone()));
                bad.extend((0..front.len()).filter(|i| !chosen.contains(i)).map(|i| front[i].x.clone()));
            }
        }
        let weights = weights(&good, &reference);
        Self { good: good.into_iter().map(|s| s.x).zip(weights).collect(), bad }
    }
}

/// The reference point, or one that fits these losses if none of them beats it.
fn covering(reference: &[f64], losses: &[&[f64]]) -> Vec<f64> {
    let beats = |l: &&[f64]| l.iter().zip(reference).all(|(a, r)| a < r);
    let inferred = || infer_reference(losses).unwrap_or_else(|| reference.to_vec());
    if losses.iter().any(beats) { reference.to_vec() } else { inferred() }
}

/// The contribution of each to the hypervolume of all, as a share of the largest. Equal weights for a single objective,
/// where only the best would contribute, and while none of the trials is wanted.
fn weights(good: &[RankedTrial], reference: &[f64]) -> Vec<f64> {
    let wanted: Vec<&[f64]> = good.iter().filter(|s| s.wanted).map(|s| s.losses.as_slice()).collect();
    let contributions =
        if reference.len() > 1 { contributions(&wanted, &covering(reference, &wanted)) } else { Vec::new() };
    let largest = contributions.iter().copied().fold(0.0, f64::max);
    if largest > 0.0 && largest.is_finite() {
        let mut contributions = contributions.into_iter();
        let mut weight = |s: &RankedTrial| if s.wanted { contributions.next().unwrap_or(0.0) / largest } else { 0.0 };
        good.iter().map(|s| weight(s).max(LEAST)).collect()
    } else {
        vec![1.0; good.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::super::history::{Outcome, Trial};
    use super::super::super::super::problem::{Metrics, at_most, minimize};
    use super::super::super::super::space::{Encoding, Point, Space, float};
    use super::super::super::ranked_trials::ranked_trials;
    use super::*;
    use crate::optimizer::TrialId;

    fn problem() -> Problem {
        let space = Space::new([float("x", 0.0..=1.0)]).unwrap();
        Problem::new(space, [minimize("a").reference(1.0), minimize("b").reference(1.0)]).unwrap()
    }

    /// Trial `i` of `n` has `x = i / n`.
    fn split(problem: &Problem, losses: &[[f64; 2]]) -> (Vec<(usize, f64)>, usize) {
        let n = losses.len() as f64;
        let mut history = History::new();
        for (i, [a, b]) in losses.iter().enumerate() {
            let point = Point::from_iter([("x", i as f64 / n)]);
            let metrics = Metrics::from([("a".to_owned(), *a), ("b".to_owned(), *b)]);
            let outcome = Outcome::Finished { metrics, sd: Metrics::new() };
            history.record(Trial { id: TrialId(i as u64), point, fit: None, outcome });
        }
        let encoding = Encoding::new(problem.space());
        let split = Split::new(problem, &history, ranked_trials(problem, &history, &encoding));
        let index = |x: &[f64]| (x[0] * n).round() as usize;
        (split.good.iter().map(|(x, weight)| (index(x), *weight)).collect(), split.bad.len())
    }

    #[test]
    fn the_best_fifth_is_good_and_weighs_what_it_contributes() {
        let mut losses = [[0.95, 0.95]; 10];
        (losses[3], losses[4], losses[7], losses[8]) = ([0.1, 0.5], [0.15, 0.45], [0.9, 0.1], [2.0, 0.0]);
        // One front of three within the reference, of which 4 has the largest box; to that, 7 adds 0.1 x 0.35 and 3
        // less. Without 7, 4 makes up 0.85 x 0.55; with it, 0.1 x 0.55 less.
        let (good, bad) = split(&problem(), &losses);
        assert_eq!((good.len(), bad), (2, 8));
        assert!(good[0] == (4, 1.0) && good[1].0 == 7);
        assert!((good[1].1 - 0.035 / 0.4125).abs() < 1e-9, "{good:?}");
    }

    #[test]
    fn without_a_trial_that_is_wanted_those_nearest_to_it_are_good_and_weigh_the_same() {
        let losses = [[2.0, 2.0], [1.5, 0.5], [1.2, 0.5], [3.0, 0.1], [1.1, 5.0], [1.3, 0.5]];
        let (good, _) = split(&problem(), &losses);
        assert_eq!(good, [(2, 1.0), (5, 1.0)]);
        let bounded = problem().subject_to([at_most("a", 0.0)]).unwrap();
        assert_eq!(split(&bounded, &losses).0, [(4, 1.0), (2, 1.0)]);
    }
}
