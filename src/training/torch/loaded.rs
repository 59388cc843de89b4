//! Data on the device, divided.

use super::TrainError;
use super::part::{Goal, Part};
use crate::data::{Dataset, Split};

/// The three parts of a data set on the device.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) split: Split,
    pub(super) goal: Goal,
    pub(super) train: Part,
    pub(super) validation: Part,
    pub(super) test: Part,
}

impl Loaded {
    pub(super) fn new(dataset: &Dataset, split: Split, device: tch::Device) -> Result<Self, TrainError> {
        let goal = Goal::of(dataset, &split.train);
        let part = |indices: &[usize], name| Part::new(dataset, indices, name, goal, device);
        let train = part(&split.train, "train")?;
        let validation = part(&split.validation, "validation")?;
        let test = part(&split.test, "test")?;
        Ok(Self { split, goal, train, validation, test })
    }
}
