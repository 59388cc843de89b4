//! The training loop.

use std::time::Instant;

use tch::{Kind, Tensor};

use super::device::{DeviceChoice, select, synchronize};
use super::failure::guard;
use super::network::Network;
use super::stepper::Stepper;
use super::{Control, Device, Metrics, Observer, Outcome, Phase, Recipe, TrainError};
use crate::data::{self, Dataset, Shape, Shares, Split};

/// A mean loss above so many times that of guessing, `ln(classes)`, counts as diverged.
const DIVERGED: f64 = 1e3;

/// Shuffled samples are gathered in pieces of at most so many numbers (64 MiB), and evaluated likewise.
const PIECE: usize = 1 << 24;

/// Samples per step of an evaluation: large enough to be fast, small enough for any memory.
const EVALUATION_BATCH: usize = 1024;

/// What a trainer works with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainerOptions {
    /// The device; default: a GPU if there is one.
    pub device: DeviceChoice,
    /// Threads for one operation on the CPU, at least 1 (default): networks as small as those for the digits get slower
    /// with more.
    pub threads: usize,
    /// The seed of the split into training, validation and test; default 0. It does not depend on the trial, so that all
    /// trials are compared on the same samples.
    pub split_seed: u64,
}

impl Default for TrainerOptions {
    fn default() -> Self {
        Self { device: DeviceChoice::Auto, threads: 1, split_seed: 0 }
    }
}

/// Carries recipes out, one after the other, and keeps the data on the device between them.
///
/// libtorch's generator, thread count and device belong to the process: two trainers that work at the same time in one
/// process disturb each other's determinism.
///
/// ```no_run
/// use wattfront::optimizer::space::Value;
/// use wattfront::training::{Recipe, Trainer, TrainerOptions};
///
/// let recipe = Recipe::from_settings([("dataset", &Value::from("digits"))])?;
/// let mut trainer = Trainer::new(&TrainerOptions::default())?;
/// let outcome = trainer.train(&recipe, 7, &mut ())?;
/// println!("{:.1} %", 100.0 * outcome.metrics["accuracy"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Trainer {
    device: tch::Device,
    description: Device,
    split_seed: u64,
    loaded: Option<Loaded>,
}

/// A dataset on the device, in its three parts.
#[derive(Debug)]
struct Loaded {
    name: String,
    shape: Shape,
    classes: usize,
    train: Part,
    validation: Part,
    test: Part,
}

/// Images `n x channels x height x width` and labels `n`.
#[derive(Debug)]
struct Part {
    images: Tensor,
    labels: Tensor,
    samples: usize,
}

/// Means over samples.
#[derive(Debug, Clone, Copy)]
struct Score {
    /// Cross-entropy in nats.
    loss: f64,
    /// Share classified correctly.
    accuracy: f64,
}

impl Trainer {
    /// Chooses and starts the device. Whatever libtorch sets up on first use happens here, so that it is not charged to
    /// the first trial.
    ///
    /// # Errors
    /// [`TrainError::Device`] if there is no such device or it does not start.
    pub fn new(options: &TrainerOptions) -> Result<Self, TrainError> {
        // First of all: libtorch must know of CUDA before it is asked for anything.
        let (device, uuid) = select(options.device)?;
        let threads = options.threads.clamp(1, 1024);
        let kind = if device.is_cuda() { "cuda" } else { "cpu" };
        guard(|| {
            tch::set_num_threads(threads as i32);
            warm_up(device)
        })?;
        let description = Device { kind: kind.to_owned(), uuid, threads };
        Ok(Self { device, description, split_seed: options.split_seed, loaded: None })
    }

    /// The device that was chosen.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.description
    }

    /// Brings a built-in dataset to the device, unless it is there already. [`train`](Self::train) does it by itself,
    /// before the trial begins.
    ///
    /// # Errors
    /// [`TrainError::Data`] for an unknown name, [`TrainError::OutOfMemory`].
    pub fn prepare(&mut self, dataset: &str) -> Result<(), TrainError> {
        if self.loaded.as_ref().is_none_or(|l| l.name != dataset) {
            let data = data::load(dataset)?;
            let split = Split::stratified(data.labels(), Shares::default(), self.split_seed)?;
            self.loaded = None;
            self.loaded = Some(guard(|| Loaded::new(&data, &split, self.device))?);
        }
        Ok(())
    }

    /// Trains as the recipe says, on its dataset. The same recipe, seed, thread count, device and build of libtorch give
    /// the same result on the CPU; on a GPU some sums are added in varying order.
    ///
    /// # Errors
    /// A [`TrainError`]; every phase that has begun is ended before.
    pub fn train(&mut self, recipe: &Recipe, seed: u64, observer: &mut dyn Observer) -> Result<Outcome, TrainError> {
        self.prepare(recipe.dataset())?;
        match &self.loaded {
            Some(loaded) => self.run(loaded, recipe, seed, observer),
            None => Err(TrainError::Torch { detail: "the data are not on the device".to_owned() }),
        }
    }

    /// Trains as the recipe says, but on data of your own; the recipe's dataset is ignored.
    ///
    /// # Errors
    /// A [`TrainError`]; every phase that has begun is ended before. [`TrainError::Data`] if the split names a sample
    /// that the dataset does not have, or has an empty part.
    pub fn train_on(
        &self,
        dataset: &Dataset,
        split: &Split,
        recipe: &Recipe,
        seed: u64,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, TrainError> {
        let loaded = guard(|| Loaded::new(dataset, split, self.device))?;
        self.run(&loaded, recipe, seed, observer)
    }

    fn run(
        &self,
        data: &Loaded,
        recipe: &Recipe,
        seed: u64,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, TrainError> {
        observer.device(&self.description);
        let (network, mut outcome) =
            self.phase(Phase::Trial, observer, |observer| self.trial(data, recipe, seed, observer))?;
        let test = self.phase(Phase::Test, observer, |_| guard(|| data.test.evaluate(&network)))?;
        outcome.metrics.insert("test_accuracy".to_owned(), test.accuracy);
        Ok(outcome)
    }

    fn trial(
        &self,
        data: &Loaded,
        recipe: &Recipe,
        seed: u64,
        observer: &mut dyn Observer,
    ) -> Result<(Network, Outcome), TrainError> {
        let (network, mut stepper) = guard(|| {
            tch::manual_seed(seed.cast_signed());
            let network = Network::new(recipe, data.shape, data.classes, self.device)?;
            let stepper = Stepper::new(recipe, network.parameters())?;
            Ok((network, stepper))
        })?;
        let mut outcome = Outcome { metrics: Metrics::new(), stopped: false };
        let mut train_seconds = 0.0;
        for epoch in 1..=recipe.epochs() {
            let start = Instant::now();
            let train = self.phase(Phase::Train, observer, |_| {
                guard(|| data.train.epoch(&network, &mut stepper, recipe.batch_size()))
            })?;
            train_seconds += start.elapsed().as_secs_f64();
            let limit = DIVERGED * (data.classes as f64).ln();
            if !train.loss.is_finite() || train.loss > limit {
                return Err(TrainError::Diverged { epoch, loss: train.loss });
            }
            let validation = self.phase(Phase::Evaluate, observer, |_| guard(|| data.validation.evaluate(&network)))?;
            if !validation.loss.is_finite() {
                return Err(TrainError::Diverged { epoch, loss: validation.loss });
            }
            let mut metrics: Metrics = [
                ("loss", train.loss),
                ("train_accuracy", train.accuracy),
                ("accuracy", validation.accuracy),
                ("validation_loss", validation.loss),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .into();
            outcome.metrics = metrics.clone();
            outcome.metrics.insert("epochs".to_owned(), epoch as f64);
            outcome.metrics.insert("train_seconds".to_owned(), train_seconds);
            metrics.insert("seconds".to_owned(), start.elapsed().as_secs_f64());
            if observer.epoch(epoch as u64, &metrics) == Control::Stop {
                outcome.stopped = epoch < recipe.epochs();
                break;
            }
        }
        outcome.metrics.insert("parameters".to_owned(), network.parameter_count() as f64);
        Ok((network, outcome))
    }

    /// Runs a part of a training between its two edges, each after the device has done its work.
    fn phase<T>(
        &self,
        phase: Phase,
        observer: &mut dyn Observer,
        body: impl FnOnce(&mut dyn Observer) -> Result<T, TrainError>,
    ) -> Result<T, TrainError> {
        synchronize(self.device)?;
        observer.begin(phase);
        let result = body(observer);
        let done = synchronize(self.device);
        observer.end(phase);
        let value = result?;
        done.map(|()| value)
    }
}

/// One step of a tiny network with a convolution and a linear layer.
fn warm_up(device: tch::Device) -> Result<(), TrainError> {
    let options = (Kind::Float, device);
    let images = Tensor::f_ones([2, 1, 8, 8], options)?;
    let kernel = Tensor::f_ones([2, 1, 3, 3], options)?.f_set_requires_grad(true)?;
    let weight = Tensor::f_ones([2, 128], options)?.f_set_requires_grad(true)?;
    let hidden = images.f_conv2d(&kernel, None::<Tensor>, 1, 1, 1, 1)?.f_relu_()?.f_flatten(1, -1)?;
    hidden.f_linear(&weight, None::<Tensor>)?.f_mean(Kind::Float)?.f_backward()?;
    synchronize(device)
}

impl Loaded {
    fn new(dataset: &Dataset, split: &Split, device: tch::Device) -> Result<Self, TrainError> {
        let part = |indices: &[usize], name| Part::new(dataset, indices, name, device);
        Ok(Self {
            name: dataset.name().to_owned(),
            shape: dataset.shape(),
            classes: dataset.classes(),
            train: part(&split.train, "train")?,
            validation: part(&split.validation, "validation")?,
            test: part(&split.test, "test")?,
        })
    }
}

impl Part {
    fn new(dataset: &Dataset, indices: &[usize], name: &str, device: tch::Device) -> Result<Self, TrainError> {
        let invalid = |reason: String| data::DataError::Invalid { name: dataset.name().to_owned(), reason };
        if indices.is_empty() {
            return Err(invalid(format!("the {name} part of the split is empty")).into());
        }
        if let Some(index) = indices.iter().find(|i| **i >= dataset.len()) {
            return Err(invalid(format!("the {name} part names sample {index} of {}", dataset.len())).into());
        }
        if dataset.classes() == 0 {
            return Err(invalid("there are no classes to learn".to_owned()).into());
        }
        let shape = dataset.shape();
        let features = dataset.gather(indices)?;
        let labels: Vec<i64> = indices.iter().map(|i| i64::from(dataset.labels()[*i])).collect();
        let dims = [indices.len(), shape.channels, shape.height, shape.width].map(|d| d as i64);
        Ok(Self {
            images: Tensor::f_from_slice(&features)?.f_reshape(dims)?.f_to_device(device)?,
            labels: Tensor::f_from_slice(&labels)?.f_to_device(device)?,
            samples: indices.len(),
        })
    }

    /// One pass in a fresh random order. Nothing is read from the device before its end: logits are kept, and scored
    /// together.
    fn epoch(&self, network: &Network, stepper: &mut Stepper, batch: usize) -> Result<Score, TrainError> {
        let order = Tensor::f_randperm(self.samples as i64, (Kind::Int64, self.images.device()))?;
        let numbers = self.images.numel() / self.samples;
        let piece = (PIECE / (batch * numbers)).max(1) * batch;
        let labels = self.labels.f_index_select(0, &order)?;
        let mut outputs = Vec::with_capacity(self.samples.div_ceil(batch));
        let mut targets = labels.f_split(batch as i64, 0)?.into_iter();
        for indices in order.f_split(piece as i64, 0)? {
            let images = self.images.f_index_select(0, &indices)?.f_split(batch as i64, 0)?;
            for (images, labels) in images.iter().zip(&mut targets) {
                let logits = network.forward(images, true)?;
                let loss = cross_entropy(&logits, &labels)?;
                stepper.step(&loss)?;
                outputs.push(logits.f_detach()?);
            }
        }
        score(&Tensor::f_cat(&outputs, 0)?, &labels)
    }

    /// Loss and accuracy, without gradients and dropout.
    fn evaluate(&self, network: &Network) -> Result<Score, TrainError> {
        let _guard = tch::no_grad_guard();
        let outputs: Result<Vec<Tensor>, _> = self
            .images
            .f_split(EVALUATION_BATCH as i64, 0)?
            .iter()
            .map(|images| network.forward(images, false))
            .collect();
        score(&Tensor::f_cat(&outputs?, 0)?, &self.labels)
    }
}

/// The mean cross-entropy of logits `n x classes` and labels `n`, in nats.
fn cross_entropy(logits: &Tensor, labels: &Tensor) -> Result<Tensor, tch::TchError> {
    logits.f_cross_entropy_loss(labels, None::<Tensor>, tch::Reduction::Mean, -100, 0.0)
}

/// Reads loss and accuracy from the device, in one transfer.
fn score(logits: &Tensor, labels: &Tensor) -> Result<Score, TrainError> {
    let loss = cross_entropy(logits, labels)?.f_to_kind(Kind::Double)?;
    let accuracy = logits.f_argmax(1, false)?.f_eq_tensor(labels)?.f_mean(Kind::Double)?;
    let both = Vec::<f64>::try_from(Tensor::f_stack(&[loss, accuracy], 0)?)?;
    match both[..] {
        [loss, accuracy] => Ok(Score { loss, accuracy }),
        _ => Err(TrainError::Torch { detail: format!("a score has {} numbers", both.len()) }),
    }
}
