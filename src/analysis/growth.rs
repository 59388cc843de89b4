//! The hypervolume of a study, now and over its trials.

use crate::optimizer::pareto::{hypervolume, non_dominated, reference_point};
use crate::record::{StudyRecord, TrialRecord, TrialState};

/// A hypervolume and what it was measured against.
#[derive(Debug, Clone, PartialEq)]
pub struct Hypervolume {
    /// The volume that the front dominates below the reference, in the units of the losses: on a log scale the unit is
    /// a factor of e.
    pub value: f64,
    /// The reference point, in losses: one per objective, smaller is better.
    pub reference: Vec<f64>,
    /// Whether the reference is fixed, by the user or by the study; else it was inferred from the trials at hand, and will change.
    pub frozen: bool,
}

/// The hypervolume after one more trial that counts towards the budget.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HypervolumeStep {
    /// The trial.
    pub trial: u64,
    /// The hypervolume of all trials up to this one.
    pub value: f64,
    /// Whether the trial failed, and so adds nothing.
    pub failed: bool,
}

impl Hypervolume {
    /// Of all finished trials that keep the constraints; `None` if there is none. Far cheaper than a [`Summary`](super::Summary), which also has the
    /// growth over the trials.
    #[must_use]
    pub fn of(record: &StudyRecord) -> Option<Self> {
        let reference = reference_point(record.problem(), &record.history())?;
        let losses: Vec<_> = record.trials().iter().filter_map(|t| record.feasible_losses(t)).collect();
        if losses.is_empty() {
            return None;
        }
        let given = record.problem().objectives().iter().all(|o| o.reference.is_some());
        let frozen = given || record.reference().is_some_and(|r| r.len() == reference.len());
        Some(Self { value: hypervolume(&front_of(&losses), &reference), reference, frozen })
    }
}

/// The growth of the hypervolume against the reference of `now`, a step per trial that counts, by id.
pub(super) fn hypervolume_steps(record: &StudyRecord, now: &Hypervolume) -> Vec<HypervolumeStep> {
    let mut front: Vec<Vec<f64>> = Vec::new();
    let mut value = 0.0;
    let step = |trial: &TrialRecord| {
        let loss = record.feasible_losses(trial);
        let failed = record.losses(trial).is_none();
        if let Some(loss) = loss {
            front.push(loss);
            front = front_of(&front);
            value = hypervolume(&front, &now.reference);
        }
        HypervolumeStep { trial: trial.id, value, failed }
    };
    counted(record).into_iter().map(step).collect()
}

fn front_of(losses: &[Vec<f64>]) -> Vec<Vec<f64>> {
    non_dominated(losses).into_iter().map(|i| losses[i].clone()).collect()
}

/// Trials that count towards the budget, by id.
pub(super) fn counted(record: &StudyRecord) -> Vec<&TrialRecord> {
    let counts = |t: &&TrialRecord| match &t.state {
        TrialState::Finished(_) => true,
        TrialState::Failed(failure) => failure.kind.is_of_configuration(),
        TrialState::Running | TrialState::Waiting(_) => false,
    };
    let mut trials: Vec<_> = record.trials().iter().filter(counts).collect();
    trials.sort_by_key(|t| t.id);
    trials
}
