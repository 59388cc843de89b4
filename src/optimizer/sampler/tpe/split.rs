//! Which trials are good.

use super::super::super::history::History;
use super::super::super::pareto::{contributions, infer_reference, reference_point, select_by_hypervolume};
use super::super::super::problem::Problem;
use super::super::standing::Standing;

/// Share of the finished trials that is good.
const SHARE: f64 = 0.1;
/// Most trials that are good.
const MOST: usize = 25;
/// Weight of a good trial that contributes no hypervolume, where the largest contribution weighs 1.
const LEAST: f64 = 1e-3;

/// The finished trials in two groups.
#[derive(Debug, Default)]
pub(super) struct Split {
    /// Canonical vectors and weights.
    good: Vec<(Vec<f64>, f64)>,
    bad: Vec<Vec<f64>>,
}

impl Split {
    pub(super) fn new(problem: &Problem, history: &History, mut standings: Vec<Standing>) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a count of trials")]
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a count")]
        let count = ((SHARE * standings.len() as f64).ceil() as usize).min(MOST);
        let reference = reference_point(problem, history).unwrap_or_default();
        standings.sort_by_key(|s| s.rank);
        let mut good: Vec<Standing> = Vec::new();
        let mut bad = Vec::new();
        for front in standings.chunk_by(|a, b| a.rank == b.rank) {
            let room = count - good.len();
            if front.len() <= room {
                good.extend(front.iter().cloned());
                continue;
            }
            let losses: Vec<&[f64]> = front.iter().map(|s| s.losses.as_slice()).collect();
            let chosen = if room == 0 {
                Vec::new()
            } else {
                select_by_hypervolume(&losses, &covering(&reference, &losses), room)
            };
            good.extend(chosen.iter().map(|&i| front[i].clone()));
            bad.extend((0..front.len()).filter(|i| !chosen.contains(i)).map(|i| front[i].x.clone()));
        }
        let weights = weights(&good, &reference);
        Self { good: good.into_iter().map(|s| s.x).zip(weights).collect(), bad }
    }

    /// Whether nothing is good, as nothing has finished.
    pub(super) fn is_empty(&self) -> bool {
        self.good.is_empty()
    }

    pub(super) fn good(&self) -> Vec<(&[f64], f64)> {
        self.good.iter().map(|(x, weight)| (x.as_slice(), *weight)).collect()
    }

    pub(super) fn bad(&self) -> Vec<Vec<f64>> {
        self.bad.clone()
    }
}

/// The reference point, or one that fits these losses if none of them beats it.
fn covering(reference: &[f64], losses: &[&[f64]]) -> Vec<f64> {
    let beats = |l: &&[f64]| l.iter().zip(reference).all(|(a, r)| a < r);
    let inferred = || infer_reference(losses).unwrap_or_else(|| reference.to_vec());
    if losses.iter().any(beats) { reference.to_vec() } else { inferred() }
}

/// The contribution of each to the hypervolume of all, as a share of the largest. Equal weights for a single objective, where
/// only the best would contribute, and while none of the trials is wanted.
fn weights(good: &[Standing], reference: &[f64]) -> Vec<f64> {
    let wanted: Vec<&[f64]> = good.iter().filter(|s| s.wanted).map(|s| s.losses.as_slice()).collect();
    let contributions =
        if reference.len() > 1 { contributions(&wanted, &covering(reference, &wanted)) } else { Vec::new() };
    let largest = contributions.iter().copied().fold(0.0, f64::max);
    if largest > 0.0 && largest.is_finite() {
        let mut contributions = contributions.into_iter();
        let mut weight = |s: &Standing| if s.wanted { contributions.next().unwrap_or(0.0) / largest } else { 0.0 };
        good.iter().map(|s| weight(s).max(LEAST)).collect()
    } else {
        vec![1.0; good.len()]
    }
}
