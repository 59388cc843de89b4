//! The steps of a training, epoch by epoch.

use tch::Tensor;

use super::augment::Augmenter;
use super::carrier::{Carrier, Pass};
use super::part::{Goal, Scaled};
use super::score::{Score, Tally};
use super::stepper::Stepper;
use super::{Recipe, StepSizes, TrainError};

/// The steps of one training.
pub(super) struct Steps {
    pub(super) stepper: Stepper,
    augmenter: Augmenter,
    sizes: StepSizes,
    done: usize,
    /// The loss of the first step of all, left on the device until it is asked for.
    untrained: Option<Tensor>,
}

impl Steps {
    pub(super) fn new(recipe: &Recipe, carrier: &Carrier, samples: usize, seed: u64) -> Result<Self, TrainError> {
        let all = recipe.epochs() * samples.div_ceil(recipe.batch_size());
        Ok(Self {
            stepper: Stepper::new(recipe, carrier)?,
            augmenter: Augmenter::new(recipe.augmentation(), seed),
            sizes: StepSizes::new(recipe, all),
            done: 0,
            untrained: None,
        })
    }

    /// One pass in a fresh random order. But for a scaled loss nothing is read from the device before its end.
    pub(super) fn epoch(
        &mut self,
        carrier: &Carrier,
        data: &Scaled<'_>,
        recipe: &Recipe,
        goal: Goal,
    ) -> Result<Score, TrainError> {
        let mut tally = Tally::new(goal);
        data.shuffled(recipe.batch_size(), |samples, targets| {
            if !self.sizes.is_constant() {
                self.stepper.set_size(self.sizes.at(self.done))?;
            }
            self.done += 1;
            let varied = self.augmenter.vary(samples, &targets)?;
            let predicted = carrier.forward(carrier.weights(), &varied.features, Pass::Train)?;
            let loss = varied.loss(&predicted, goal, recipe.label_smoothing())?;
            if self.done == 1 {
                self.untrained = Some(loss.f_detach()?);
            }
            self.stepper.step(&loss)?;
            Ok(tally.see(predicted.f_detach()?, varied.main_targets())?)
        })?;
        tally.score()
    }

    /// The loss of the untrained network; once, after the first epoch.
    pub(super) fn take_untrained(&mut self) -> Result<Option<f64>, TrainError> {
        Ok(self.untrained.take().map(|loss| loss.f_double_value(&[])).transpose()?)
    }
}
