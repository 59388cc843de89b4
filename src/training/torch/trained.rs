//! A network that is trained, or on its way, and how well it does.

use tch::Tensor;

use super::TrainError;
use super::carrier::{Carrier, Pass};
use super::integers::Integers;
use super::part::{Goal, Scaled};
use super::preprocess::Scaling;
use super::score::{Score, Tally};

/// A network that is trained, and what it takes to judge it.
pub(super) struct Trained {
    pub(super) carrier: Carrier,
    pub(super) weights: Vec<Tensor>,
    pub(super) scaling: Option<Vec<Scaling>>,
    /// Linear layers with weights of 8 bits, if that is wanted.
    pub(super) integers: Option<Integers>,
}

impl Trained {
    pub(super) fn score(&self, data: &Scaled<'_>, goal: Goal) -> Result<Score, TrainError> {
        judge(&self.carrier, &self.weights, self.integers.as_ref(), data, goal)
    }

    /// From now on weights have 8 bits.
    pub(super) fn quantize(&mut self) -> Result<(), TrainError> {
        let _guard = tch::no_grad_guard();
        let (weights, integers) = Integers::of(self.carrier.network(), &self.weights)?;
        (self.weights, self.integers) = (weights, Some(integers));
        Ok(())
    }
}

/// Loss and fit by these weights, without gradients and dropout.
pub(super) fn judge(
    carrier: &Carrier,
    weights: &[Tensor],
    integers: Option<&Integers>,
    data: &Scaled<'_>,
    goal: Goal,
) -> Result<Score, TrainError> {
    let _guard = tch::no_grad_guard();
    let mut tally = Tally::new(goal);
    data.each(|samples, targets| Ok(tally.see(carrier.forward(weights, &samples, Pass::Judge(integers))?, targets)?))?;
    tally.score()
}
