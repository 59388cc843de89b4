//! A part of the data on the device.

use tch::{Device, Kind, TchError, Tensor};

use super::TrainError;
use super::preprocess::Scaling;
use crate::data::{DataError, Dataset, Features, Shape, Targets};

/// Shuffled samples are gathered in pieces of at most so many numbers (64 MiB as floats), and smaller parts are made ready as a
/// whole.
const PIECE: usize = 1 << 24;

/// An evaluation takes so many numbers at a time, and no more samples than that.
const EVALUATION_NUMBERS: usize = 1 << 20;
const EVALUATION_BATCH: usize = 1024;

/// Samples `n x channels x height x width`, bytes or floats, and targets `n`: classes or standardized numbers.
#[derive(Debug)]
pub(super) struct Part {
    features: Tensor,
    targets: Tensor,
    pub(super) samples: usize,
    /// Numbers in one sample.
    numbers: usize,
    /// Whether they are images.
    images: bool,
}

/// What the targets of a training are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Goal {
    /// One of so many classes.
    Classes(usize),
    /// A number, which the network tells less `mean` and divided by `sd`, both of the training part.
    Number { mean: f64, sd: f64 },
}

impl Goal {
    /// By the targets of the training part.
    pub(super) fn of(dataset: &Dataset, train: &[usize]) -> Self {
        match dataset.targets() {
            Targets::Classes { classes, .. } => Self::Classes(*classes),
            Targets::Values(values) => {
                let picked = || train.iter().filter_map(|index| values.get(*index)).map(|value| f64::from(*value));
                let count = picked().count().max(1) as f64;
                let mean = picked().sum::<f64>() / count;
                let sd = (picked().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
                Self::Number { mean, sd: if sd > 0.0 { sd } else { 1.0 } }
            }
        }
    }

    /// How many numbers the network tells of a sample.
    pub(super) fn outputs(self) -> usize {
        match self {
            Self::Classes(classes) => classes,
            Self::Number { .. } => 1,
        }
    }
}

impl Part {
    pub(super) fn new(
        dataset: &Dataset,
        indices: &[usize],
        name: &str,
        goal: Goal,
        device: Device,
    ) -> Result<Self, TrainError> {
        let invalid = |reason: String| DataError::Invalid { name: dataset.name().to_owned(), reason };
        if indices.is_empty() {
            return Err(invalid(format!("the {name} part of the split is empty")).into());
        }
        if let Some(index) = indices.iter().find(|i| **i >= dataset.len()) {
            return Err(invalid(format!("the {name} part names sample {index} of {}", dataset.len())).into());
        }
        let Shape { channels, height, width } = dataset.shape();
        let dims = [indices.len(), channels, height, width].map(|d| d as i64);
        let features = match dataset.features() {
            Features::Bytes(bytes) => Tensor::f_from_slice(&gathered(bytes, indices, dataset.shape().len()))?,
            Features::Floats(floats) => Tensor::f_from_slice(&gathered(floats, indices, dataset.shape().len()))?,
        };
        let targets = match (dataset.targets(), goal) {
            (Targets::Values(values), Goal::Number { mean, sd }) => {
                let scaled = |index: &usize| ((f64::from(values[*index]) - mean) / sd) as f32;
                Tensor::f_from_slice(&indices.iter().map(scaled).collect::<Vec<f32>>())?
            }
            _ => {
                let labels = dataset.labels();
                Tensor::f_from_slice(&indices.iter().map(|i| i64::from(labels[*i])).collect::<Vec<i64>>())?
            }
        };
        Ok(Self {
            features: features.f_reshape(dims)?.f_to_device(device)?,
            targets: targets.f_to_device(device)?,
            samples: indices.len(),
            numbers: dataset.shape().len(),
            images: dataset.shape().is_image(),
        })
    }

    /// The same with each channel scaled: at once where that is little, else batch by batch.
    pub(super) fn scaled(&self, scaling: Option<&[Scaling]>) -> Result<Scaled<'_>, TchError> {
        let is_bytes = self.features.kind() == Kind::Uint8;
        let unit = if is_bytes { 1.0 / 255.0 } else { 1.0 };
        let device = self.features.device();
        let along = |figures: Vec<f32>| -> Result<Tensor, TchError> {
            let mut dims = self.features.size();
            dims[0] = 1;
            if self.images {
                (dims[2], dims[3]) = (1, 1);
            }
            if figures.len() == 1 {
                dims.fill(1);
            }
            Tensor::f_from_slice(&figures)?.f_view(dims.as_slice())?.f_to_device(device)
        };
        let change = match scaling {
            Some(scaling) => {
                let factor = along(scaling.iter().map(|s| (unit / s.spread) as f32).collect())?;
                let shift = along(scaling.iter().map(|s| (-s.center / s.spread) as f32).collect())?;
                Some((factor, shift))
            }
            None if is_bytes => Some((along(vec![unit as f32])?, along(vec![0.0])?)),
            None => None,
        };
        let all = Scaled { part: self, features: self.features.shallow_clone(), change };
        if self.features.numel() > PIECE {
            return Ok(all);
        }
        let features = all.ready(&self.features)?;
        Ok(Scaled { part: self, features, change: None })
    }
}

fn gathered<T: Copy>(all: &[T], indices: &[usize], size: usize) -> Vec<T> {
    indices.iter().flat_map(|i| &all[i * size..(i + 1) * size]).copied().collect()
}

/// A part as the network gets to see it.
pub(super) struct Scaled<'a> {
    pub(super) part: &'a Part,
    features: Tensor,
    /// What is left to be done to a batch: a factor and a shift.
    change: Option<(Tensor, Tensor)>,
}

impl Scaled<'_> {
    fn ready(&self, features: &Tensor) -> Result<Tensor, TchError> {
        match &self.change {
            Some((factor, shift)) => shift.f_addcmul(&features.f_to_kind(Kind::Float)?, factor),
            None => Ok(features.shallow_clone()),
        }
    }

    /// Hands `body` batch after batch of a fresh random order, by libtorch's generator: samples, and their targets.
    pub(super) fn shuffled(
        &self,
        batch: usize,
        mut body: impl FnMut(Tensor, Tensor) -> Result<(), TrainError>,
    ) -> Result<(), TrainError> {
        let order = Tensor::f_randperm(self.part.samples as i64, (Kind::Int64, self.features.device()))?;
        let piece = (PIECE / (batch * self.part.numbers)).max(1) * batch;
        for indices in order.f_split(piece as i64, 0)? {
            let features = self.features.f_index_select(0, &indices)?.f_split(batch as i64, 0)?;
            let targets = self.part.targets.f_index_select(0, &indices)?.f_split(batch as i64, 0)?;
            for (features, targets) in features.iter().zip(targets) {
                body(self.ready(features)?, targets)?;
            }
        }
        Ok(())
    }

    /// So many samples from the one of this number on.
    pub(super) fn batch(&self, first: usize, samples: usize) -> Result<Tensor, TchError> {
        self.ready(&self.features.f_narrow(0, first as i64, samples as i64)?)
    }

    /// Where they are.
    pub(super) fn device(&self) -> Device {
        self.features.device()
    }

    /// Hands `body` batch after batch of all samples in their order, with their targets.
    pub(super) fn each(
        &self,
        mut body: impl FnMut(Tensor, Tensor) -> Result<(), TrainError>,
    ) -> Result<(), TrainError> {
        let batch = (EVALUATION_NUMBERS / self.part.numbers).clamp(1, EVALUATION_BATCH) as i64;
        let targets = self.part.targets.f_split(batch, 0)?;
        for (features, targets) in self.features.f_split(batch, 0)?.iter().zip(targets) {
            body(self.ready(features)?, targets)?;
        }
        Ok(())
    }
}
