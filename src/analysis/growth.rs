//! The hypervolume of a study, now and over its trials.

use crate::optimizer::pareto::{dominates, hypervolume, non_dominated, reference_point};
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
    let mut front = GrowingFront::default();
    let step = |trial: &TrialRecord| {
        let loss = record.feasible_losses(trial);
        let failed = record.losses(trial).is_none();
        if let Some(loss) = loss {
            front.add(loss, &now.reference);
        }
        HypervolumeStep { trial: trial.id, value: front.volume, failed }
    };
    counted(record).into_iter().map(step).collect()
}

/// A front that grows by one trial after another. What is dominated changes nothing, so of thousands of trials only few cost more than
/// a look.
#[derive(Debug, Default)]
pub(super) struct GrowingFront {
    /// Its losses, in the order of their trials.
    pub(super) losses: Vec<Vec<f64>>,
    /// Its hypervolume.
    pub(super) volume: f64,
}

impl GrowingFront {
    pub(super) fn add(&mut self, loss: Vec<f64>, reference: &[f64]) {
        if loss.iter().any(|x| x.is_nan()) || self.losses.iter().any(|other| dominates(other, &loss)) {
            return;
        }
        self.losses.retain(|other| !dominates(&loss, other));
        self.losses.push(loss);
        self.volume = hypervolume(&self.losses, reference);
    }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_front_that_grows_is_that_of_all(
            points in proptest::collection::vec([0..8i32, 0..8, 0..8], 1..40),
            missing in 0usize..80,
        ) {
            let reference = [7.0; 3];
            let mut losses: Vec<Vec<f64>> = points.iter().map(|p| p.map(f64::from).to_vec()).collect();
            if let Some(loss) = losses.get_mut(missing) {
                loss[0] = f64::NAN;
            }
            let mut front = GrowingFront::default();
            for (i, loss) in losses.iter().enumerate() {
                front.add(loss.clone(), &reference);
                let whole = front_of(&losses[..=i]);
                prop_assert_eq!(&front.losses, &whole);
                prop_assert!((front.volume - hypervolume(&whole, &reference)).abs() < 1e-9);
            }
        }
    }
}
