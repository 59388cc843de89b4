//! The course of one run: what it had found, and what it had spent, after each of its trials.

use super::super::Spent;
use super::super::growth::{GrowingFront, counted};
use super::ComparedRun;
use crate::optimizer::pareto::complete_reference;
use crate::record::{StudyRecord, TrialRecord};

/// Hypervolumes are computed from fronts in different orders, so equal ones may differ in their last digits.
const ROUNDING: f64 = 1e-9;

/// A run after one more trial that counts towards the budget.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CourseStep {
    /// The trial's id.
    pub trial: u64,
    /// The hypervolume of all trials up to this one.
    pub hypervolume: f64,
    /// Joules of all attempts up to this trial's last one, as far as known; `None` if none of the run is known. A lower bound
    /// where [`Course::spent`] is one.
    pub spent_j: Option<f64>,
    /// Whether the trial failed, and so adds nothing but its joules. A trial that breaks a constraint adds nothing
    /// either, but has not failed.
    pub failed: bool,
    /// Whether the trial finished and breaks a constraint, and so adds nothing to the front.
    pub infeasible: bool,
}

/// One run, against the reference point of the comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// The sampler.
    pub sampler: String,
    /// The seed.
    pub seed: u64,
    /// A step per trial that counts, by id.
    pub steps: Vec<CourseStep>,
    /// The losses that no other of the run dominates, in the order of their trials.
    pub front: Vec<Vec<f64>>,
    /// Energy of all attempts; `None` if nothing is known.
    pub spent: Option<Spent>,
    /// Seconds that the sampler took for its proposals.
    pub propose_seconds: f64,
}

impl Course {
    pub(super) fn of(run: &ComparedRun<'_>, reference: &[f64], limit: usize) -> Self {
        let record = run.record;
        let kept = kept(record, limit);
        let counting: Vec<u64> = counted(record).into_iter().take(limit).map(|t| t.id).collect();
        let known = kept.iter().any(|t| t.spent_joules().is_some());
        let mut front = GrowingFront { exact: true, ..GrowingFront::default() };
        let mut steps: Vec<CourseStep> = Vec::new();
        let mut joules = 0.0;
        for trial in &kept {
            joules += trial.spent_joules().map_or(0.0, |j| j.0);
            if counting.binary_search(&trial.id).is_err() {
                continue;
            }
            let failed = record.losses(trial).is_none();
            let keeps = feasible(record, trial);
            let infeasible = !failed && keeps.is_none();
            if let Some(losses) = keeps {
                front.add(losses, reference);
            }
            let spent_j = known.then_some(joules);
            steps.push(CourseStep { trial: trial.id, hypervolume: front.volume, spent_j, failed, infeasible });
        }
        Self {
            sampler: run.sampler.to_owned(),
            seed: run.seed,
            steps,
            front: front.losses,
            spent: Spent::of_trials(kept.iter().copied()),
            propose_seconds: kept.iter().map(|t| t.propose_seconds).sum::<f64>() + 0.0,
        }
    }

    /// The hypervolume at the end.
    #[must_use]
    pub fn hypervolume(&self) -> f64 {
        self.steps.last().map_or(0.0, |s| s.hypervolume)
    }

    /// Joules at the end; `None` if those of any attempt are not known, for what is missing is not zero.
    #[must_use]
    pub fn joules(&self) -> Option<f64> {
        self.spent.as_ref().filter(|s| !s.is_lower_bound())?;
        self.steps.last().and_then(|s| s.spent_j)
    }

    /// How many trials failed.
    #[must_use]
    pub fn failures(&self) -> usize {
        self.steps.iter().filter(|s| s.failed).count()
    }

    /// How many trials finished and break a constraint.
    #[must_use]
    pub fn infeasible(&self) -> usize {
        self.steps.iter().filter(|s| s.infeasible).count()
    }

    /// Trials until the hypervolume is reached, from 1 on; infinity if it never is.
    #[must_use]
    pub fn trials_to(&self, hypervolume: f64) -> f64 {
        self.first(hypervolume).map_or(f64::INFINITY, |i| (i + 1) as f64)
    }

    /// Joules until the hypervolume is reached; infinity if it never is, `None` if the run's joules are not all known.
    #[must_use]
    pub fn joules_to(&self, hypervolume: f64) -> Option<f64> {
        self.joules()?;
        match self.first(hypervolume) {
            Some(i) => self.steps[i].spent_j,
            None => Some(f64::INFINITY),
        }
    }

    /// The hypervolume after so many trials; a run that has ended stays where it is.
    #[must_use]
    pub fn after_trials(&self, trials: usize) -> f64 {
        trials.min(self.steps.len()).checked_sub(1).map_or(0.0, |i| self.steps[i].hypervolume)
    }

    /// The hypervolume of the trials that ended within so many joules; a run that has ended stays where it is.
    #[must_use]
    pub fn after_joules(&self, joules: f64) -> f64 {
        let within = self.steps.partition_point(|s| s.spent_j.is_some_and(|spent| spent <= joules));
        self.after_trials(within)
    }

    fn first(&self, hypervolume: f64) -> Option<usize> {
        let enough = hypervolume - ROUNDING * hypervolume.abs();
        self.steps.iter().position(|s| s.hypervolume >= enough)
    }
}

/// The losses of the trials that count, at most of the first `limit`: of those that keep all constraints, and of all.
pub(super) fn losses(record: &StudyRecord, limit: usize) -> [Vec<Vec<f64>>; 2] {
    let trials: Vec<_> = counted(record).into_iter().take(limit).collect();
    let kept = trials.iter().filter_map(|t| feasible(record, t)).collect();
    [kept, trials.iter().filter_map(|t| record.losses(t)).collect()]
}

/// The losses of a trial that finished and keeps all constraints: what fronts and hypervolumes are made of.
fn feasible(record: &StudyRecord, trial: &TrialRecord) -> Option<Vec<f64>> {
    record.losses(trial).filter(|_| trial.result().is_some_and(|r| record.problem().is_feasible(&r.metrics)))
}

/// The reference point of all runs, from the [`losses`] of each. Coordinates that are not given are the worst of those
/// that each run's own trials would give. So every run with a front within the given ones has a volume. Runs without
/// such a front have no say, unless no run has one. `None` without any losses.
pub(super) fn reference_of<'a>(given: &[Option<f64>], runs: &'a [[Vec<Vec<f64>>; 2]]) -> Option<Vec<f64>> {
    let lies_within = |l: &[f64]| given.iter().zip(l).all(|(bound, loss)| bound.is_none_or(|bound| *loss < bound));
    let candidates = |which: usize, within: bool| -> Vec<Vec<&'a [f64]>> {
        let of = |run: &'a [Vec<Vec<f64>>; 2]| -> Vec<&'a [f64]> {
            run[which].iter().map(Vec::as_slice).filter(|l| !within || lies_within(l)).collect()
        };
        runs.iter().map(of).filter(|losses| !losses.is_empty()).collect()
    };
    let stages = [(0, true), (0, false), (1, true), (1, false)];
    let chosen = stages.into_iter().map(|(which, within)| candidates(which, within)).find(|c| !c.is_empty())?;
    let own = chosen.iter().filter_map(|losses| complete_reference(given, losses));
    own.reduce(|a, b| a.iter().zip(&b).map(|(a, b)| a.max(*b)).collect())
}

/// All trials by id, up to the last of the first `limit` that count.
pub(super) fn kept(record: &StudyRecord, limit: usize) -> Vec<&TrialRecord> {
    let counting = counted(record);
    let last = if counting.len() > limit { counting[..limit].last().map_or(0, |t| t.id) } else { u64::MAX };
    let mut kept: Vec<&TrialRecord> = record.trials().iter().filter(|t| limit > 0 && t.id <= last).collect();
    kept.sort_by_key(|t| t.id);
    kept
}
