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
    /// Whether the hypervolume is that of the whole front to its last digit, whatever the order of its trials. So equal
    /// ones of several studies are equal. Else it may be off by rounding, and takes far less of thousands of trials.
    pub(super) exact: bool,
    /// Of two objectives, what lies within the reference point, by the first.
    pub(super) stairs: Vec<[f64; 2]>,
}

impl GrowingFront {
    pub(super) fn add(&mut self, loss: Vec<f64>, reference: &[f64]) {
        if loss.iter().any(|x| x.is_nan()) || self.losses.iter().any(|other| dominates(other, &loss)) {
            return;
        }
        self.losses.retain(|other| !dominates(&loss, other));
        self.volume = match (loss[..].try_into(), reference.try_into()) {
            (Ok(point), Ok(corner)) if !self.exact => self.volume + self.step(point, corner),
            _ => {
                let all: Vec<&[f64]> = self.losses.iter().map(Vec::as_slice).chain([&loss[..]]).collect();
                hypervolume(&all, reference)
            }
        };
        self.losses.push(loss);
    }

    /// What a point that nobody dominates adds to the area, which is what lies between it and its neighbours.
    fn step(&mut self, [x, y]: [f64; 2], [right, top]: [f64; 2]) -> f64 {
        if x >= right || y >= top {
            return 0.0;
        }
        let first = self.stairs.partition_point(|corner| corner[0] < x);
        let mut height = first.checked_sub(1).map_or(top, |before| self.stairs[before][1]);
        let (mut at, mut gain, mut last) = (x, 0.0, first);
        while let Some([beside, above]) = self.stairs.get(last).copied().filter(|corner| corner[1] > y) {
            gain += (beside - at) * (height - y);
            (at, height) = (beside, above);
            last += 1;
        }
        let end = self.stairs.get(last).map_or(right, |corner| corner[0]);
        gain += (end - at) * (height - y);
        self.stairs.splice(first..last, [[x, y]]);
        gain
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

    fn check(losses: &[Vec<f64>], reference: &[f64]) -> Result<(), TestCaseError> {
        let mut front = GrowingFront::default();
        for (i, loss) in losses.iter().enumerate() {
            front.add(loss.clone(), reference);
            let whole = front_of(&losses[..=i]);
            prop_assert_eq!(&front.losses, &whole);
            let volume = hypervolume(&whole, reference);
            prop_assert!((front.volume - volume).abs() < 1e-9, "{} {volume}", front.volume);
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn a_front_that_grows_is_that_of_all(
            points in proptest::collection::vec([0..8i32, 0..8, 0..8], 1..40),
            missing in 0usize..80,
        ) {
            let mut losses: Vec<Vec<f64>> = points.iter().map(|p| p.map(f64::from).to_vec()).collect();
            if let Some(loss) = losses.get_mut(missing) {
                loss[0] = f64::NAN;
            }
            check(&losses, &[7.0; 3])?;
            let two: Vec<Vec<f64>> = losses.iter().map(|loss| loss[..2].to_vec()).collect();
            check(&two, &[7.0, 6.0])?;
            let one: Vec<Vec<f64>> = losses.iter().map(|loss| loss[..1].to_vec()).collect();
            check(&one, &[7.0])?;
        }

        #[test]
        fn of_two_objectives_too(points in proptest::collection::vec([-3.0..9.0f64, -3.0..9.0], 1..60)) {
            let losses: Vec<Vec<f64>> = points.iter().map(|p| p.to_vec()).collect();
            check(&losses, &[7.0, 6.0])?;
        }
    }
}
