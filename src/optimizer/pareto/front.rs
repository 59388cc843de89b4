//! The front of a history.

use super::super::history::{History, Outcome, Trial};
use super::super::problem::Problem;
use super::non_dominated;

/// The finished trials with their losses, in ascending order of their ids. Trials whose metrics do not give a finite
/// loss for every objective are left out.
#[must_use]
pub fn losses_of<'h>(problem: &Problem, history: &'h History) -> Vec<(&'h Trial, Vec<f64>)> {
    let losses = |trial: &'h Trial| match &trial.outcome {
        Outcome::Finished { metrics, .. } => Some((trial, problem.losses(metrics).ok()?)),
        Outcome::Pending | Outcome::Failed(_) => None,
    };
    history.trials().iter().filter_map(losses).collect()
}

/// As [`losses_of`], without the trials that break a constraint: what fronts and hypervolumes are made of.
#[must_use]
pub fn feasible_losses_of<'h>(problem: &Problem, history: &'h History) -> Vec<(&'h Trial, Vec<f64>)> {
    let keeps = |trial: &Trial| match &trial.outcome {
        Outcome::Finished { metrics, .. } => problem.is_feasible(metrics),
        Outcome::Pending | Outcome::Failed(_) => false,
    };
    losses_of(problem, history).into_iter().filter(|(trial, _)| keeps(trial)).collect()
}

/// The finished trials that keep all constraints and that no other such one dominates, from the best first objective to the worst; ties in ascending order of
/// their ids. Of trials with equal losses all are there.
#[must_use]
pub fn front<'h>(problem: &Problem, history: &'h History) -> Vec<&'h Trial> {
    let finished = feasible_losses_of(problem, history);
    let losses: Vec<&[f64]> = finished.iter().map(|(_, l)| l.as_slice()).collect();
    let mut members = non_dominated(&losses);
    members.sort_by(|&a, &b| losses[a].partial_cmp(losses[b]).unwrap_or(std::cmp::Ordering::Equal));
    members.into_iter().map(|i| finished[i].0).collect()
}
