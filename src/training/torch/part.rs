//! A part of the data on the device.

use tch::{Device, Kind, TchError, Tensor};

use super::TrainError;
use super::preprocess::Scaling;
use crate::data::{DataError, Dataset, Features, Shape, Targets};

/// Shuffled samples are gathered in pieces of at most so many numbers (64 MiB as floats), and smaller parts are made ready as a
/// whole.
const PIECE: usize = 1 << 24;

/// An evaluation takes so many numbers at a time, and no more samples than that. On the CPU more of them only wander out of its
/// caches: four times as many took 1.03 to 1.1 times the time, sixteen times 1.1 to 1.4. A GPU needs them to be busy: these are a
/// hundred images of 224 x 224, where those would be six.
const CPU_NUMBERS: usize = 1 << 20;
const GPU_NUMBERS: usize = 1 << 24;
const EVALUATION_BATCH: usize = 1024;

/// How many samples of so many numbers an evaluation takes at a time.
fn evaluation_batch(numbers: usize, device: Device) -> usize {
    let most = if device == Device::Cpu { CPU_NUMBERS } else { GPU_NUMBERS };
    (most / numbers.max(1)).clamp(1, EVALUATION_BATCH)
}

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
    /// A number, which the network predicts less `mean` and divided by `sd`, both of the training part.
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

    /// How many numbers the network predicts of a sample.
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
        let invalid = |reason: String| DataError::Invalid { name: dataset.name().to_owned(), reason, help: None };
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
        let batch = evaluation_batch(self.part.numbers, self.features.device()) as i64;
        let targets = self.part.targets.f_split(batch, 0)?;
        for (features, targets) in self.features.f_split(batch, 0)?.iter().zip(targets) {
            body(self.ready(features)?, targets)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_evaluation_is_bounded_by_samples_and_by_numbers() {
        let batch = |numbers| (evaluation_batch(numbers, Device::Cpu), evaluation_batch(numbers, Device::Cuda(0)));
        assert_eq!(batch(64), (1024, 1024));
        assert_eq!(batch(3 * 32 * 32), (341, 1024));
        assert_eq!(batch(3 * 224 * 224), (6, 111));
        assert_eq!(batch(3 * 4096 * 4096), (1, 1), "one sample is always taken");
    }

    #[test]
    fn an_evaluation_sees_every_sample_once_with_its_target() {
        let (samples, numbers) = (2500, 512);
        let features = (0..samples * numbers).map(|i| (i / numbers) as f32).collect();
        let labels = (0..samples as u32).map(|i| i % 7).collect();
        let dataset = Dataset::new("numbered", Shape::of_columns(numbers), features, labels, 7).unwrap();
        let all: Vec<usize> = (0..samples).rev().collect();
        let part = Part::new(&dataset, &all, "test", Goal::Classes(7), Device::Cpu).unwrap();
        let (mut seen, mut sizes) = (Vec::new(), Vec::new());
        let each = part.scaled(None).unwrap().each(|features, targets| {
            let first = features.f_select(3, 0)?.f_reshape([-1])?;
            let told = Vec::<f32>::try_from(first)?.into_iter().zip(Vec::<i64>::try_from(targets)?);
            seen.extend(told.inspect(|(index, label)| assert_eq!(*index as i64 % 7, *label)).map(|(i, _)| i as usize));
            sizes.push(features.size()[0]);
            Ok(())
        });
        each.unwrap();
        assert_eq!((seen, sizes), (all, vec![1024, 1024, 452]));
    }
}
