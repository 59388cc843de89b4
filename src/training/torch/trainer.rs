//! The training loop.

use std::path::Path;
use std::time::Instant;

use super::best::Best;
use super::carrier::{Carrier, kind_of};
use super::check::architecture_of;
use super::checkpoint::Checkpoint;
use super::descent::Descent;
use super::device::{DeviceChoice, select, synchronize, warm_up};
use super::failure::guard;
use super::inference::infer;
use super::loaded::Loaded;
use super::network::Network;
use super::preprocess::Scaling;
use super::steps::Steps;
use super::trained::{Trained, judge};
use super::{
    Control, Device, DivergenceCause, InternalOptimization, Phase, Recipe, TrainError, TrainingObserver, TrainingResult,
};
use crate::data::{self, DataFolder, DataSource, Dataset, Partition, Split};
use crate::optimizer::problem::Metrics;

/// What a trainer works with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainerOptions {
    /// The device; default: a GPU if there is one.
    pub device: DeviceChoice,
    /// The seed of the split into training, validation and test, and of a subset; default 0. It does not depend on the
    /// trial, so that all trials are compared on the same samples.
    pub split_seed: u64,
    /// Where data sets lie that are known by name; default: what [`DataFolder::of`] finds in the environment.
    pub data: Option<DataFolder>,
}

impl Default for TrainerOptions {
    fn default() -> Self {
        Self { device: DeviceChoice::Auto, split_seed: 0, data: DataFolder::of(|name| std::env::var(name).ok()) }
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
    data: Option<DataFolder>,
    opened: Option<Opened>,
}

/// A data set on the device as a recipe has it divided.
#[derive(Debug)]
struct Opened {
    source: DataSource,
    partition: Option<Partition>,
    dataset: Dataset,
    loaded: Loaded,
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
        let kind = if device.is_cuda() { "cuda" } else { "cpu" };
        guard(|| {
            tch::set_num_threads(1);
            warm_up(device)
        })?;
        let description = Device { kind: kind.to_owned(), uuid, threads: 1 };
        Ok(Self { device, description, split_seed: options.split_seed, data: options.data.clone(), opened: None })
    }

    /// The device that was chosen.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.description
    }

    /// Brings the recipe's data to the device, unless they are there already. [`train`](Self::train) does it by itself,
    /// before the trial begins.
    ///
    /// # Errors
    /// [`TrainError::Data`] for data that are not there or make no sense, [`TrainError::Recipe`] for settings that do not go
    /// with them, [`TrainError::OutOfMemory`].
    pub fn prepare(&mut self, recipe: &Recipe) -> Result<(), TrainError> {
        let (source, partition) = (recipe.source(self.split_seed), recipe.partition().copied());
        if self.opened.as_ref().is_some_and(|opened| opened.source == source && opened.partition == partition) {
            return Ok(());
        }
        // What is on the device makes room first.
        let dataset = match self.opened.take() {
            Some(opened) if opened.source == source => opened.dataset,
            _ => data::open(&source, self.data.as_ref())?,
        };
        let chosen = partition.unwrap_or_else(|| Partition::default_for(&dataset));
        let split = Split::of(&dataset, &chosen, self.split_seed)?;
        let loaded = guard(|| Loaded::new(&dataset, split, self.device))?;
        self.opened = Some(Opened { source, partition, dataset, loaded });
        Ok(())
    }

    /// Trains as the recipe says, on its dataset. The same recipe, seed, thread count, device and build of libtorch give
    /// the same result on the CPU; on a GPU some sums are added in varying order.
    ///
    /// # Errors
    /// A [`TrainError`]; every phase that has begun is ended before.
    pub fn train(
        &mut self,
        recipe: &Recipe,
        seed: u64,
        observer: &mut dyn TrainingObserver,
    ) -> Result<TrainingResult, TrainError> {
        self.train_and_keep(recipe, seed, None, observer)
    }

    /// The same, and writes the weights to `keep`: as safetensors, by their names in PyTorch, with the recipe beside them as
    /// JSON. That is after the test, and in no phase.
    ///
    /// # Errors
    /// A [`TrainError`]. That the weights cannot be written is none: see [`TrainingResult::not_kept`].
    pub fn train_and_keep(
        &mut self,
        recipe: &Recipe,
        seed: u64,
        keep: Option<&Path>,
        observer: &mut dyn TrainingObserver,
    ) -> Result<TrainingResult, TrainError> {
        self.prepare(recipe)?;
        match &self.opened {
            Some(opened) => self.run(&opened.dataset, &opened.loaded, recipe, seed, keep, observer),
            None => Err(TrainError::Torch { detail: "the data are not on the device".to_owned() }),
        }
    }

    /// Trains as the recipe says, but on data of your own; what the recipe says of data is ignored.
    ///
    /// # Errors
    /// A [`TrainError`]; every phase that has begun is ended before. [`TrainError::Data`] if the split names a sample
    /// that the dataset does not have, has an empty part, or has a sample in two parts.
    pub fn train_on(
        &self,
        dataset: &Dataset,
        split: &Split,
        recipe: &Recipe,
        seed: u64,
        observer: &mut dyn TrainingObserver,
    ) -> Result<TrainingResult, TrainError> {
        split.check_apart(dataset)?;
        let loaded = guard(|| Loaded::new(dataset, split.clone(), self.device))?;
        self.run(dataset, &loaded, recipe, seed, None, observer)
    }

    fn run(
        &self,
        dataset: &Dataset,
        data: &Loaded,
        recipe: &Recipe,
        seed: u64,
        keep: Option<&Path>,
        observer: &mut dyn TrainingObserver,
    ) -> Result<TrainingResult, TrainError> {
        let recipe = &recipe.on(dataset);
        recipe.check_on(dataset)?;
        architecture_of(recipe).check(dataset.shape()).map_err(|reason| recipe.no_network(reason))?;
        observer.device(&Device { threads: recipe.threads(), ..self.description.clone() });
        guard(|| {
            tch::set_num_threads(recipe.threads() as i32);
            Ok(())
        })?;
        let (trained, mut outcome) =
            self.phase(Phase::Trial, observer, |observer| self.trial(dataset, data, recipe, seed, observer))?;
        let test = self.phase(Phase::Test, observer, |_| {
            guard(|| trained.score(&data.test.scaled(trained.scaling.as_deref())?, data.goal))
        })?;
        outcome.metrics.extend(test.metrics("test_"));
        if let Some(seconds) = recipe.inference_seconds() {
            outcome.metrics.extend(self.infer(&trained, data, recipe, seconds, observer)?);
        }
        let mut not_kept = None;
        if let Some(path) = keep {
            let Trained { carrier, weights, scaling, .. } = &trained;
            let (scaling, split_seed, outcome) = (scaling.as_deref(), self.split_seed, &outcome);
            let goal = data.goal;
            let left = Checkpoint { recipe, seed, split_seed, dataset, goal, carrier, weights, scaling, outcome };
            // The training is done, and paid for, whether or not there was room for its weights.
            let written = guard(|| left.write(path));
            not_kept = written.err().map(|error| error.to_string());
        }
        outcome.not_kept = not_kept;
        Ok(outcome)
    }

    fn trial(
        &self,
        dataset: &Dataset,
        data: &Loaded,
        recipe: &Recipe,
        seed: u64,
        observer: &mut dyn TrainingObserver,
    ) -> Result<(Trained, TrainingResult), TrainError> {
        let mut outcome = TrainingResult { metrics: Metrics::new(), stopped: false, not_kept: None };
        let (carrier, mut steps, scaling) = guard(|| {
            tch::manual_seed(seed.cast_signed());
            let shape = dataset.shape();
            let network =
                Network::new(&architecture_of(recipe), shape, data.goal.outputs(), kind_of(recipe), self.device)?;
            outcome.metrics.insert("parameters".to_owned(), network.parameter_count() as f64);
            outcome.metrics.insert("multiply_adds".to_owned(), network.multiply_adds() as f64);
            let carrier = Carrier::new(network, recipe)?;
            let steps = Steps::new(recipe, &carrier, data.train.samples, seed)?;
            Ok((carrier, steps, recipe.preprocessing().and_then(|how| Scaling::fit(how, dataset, &data.split.train))))
        })?;
        let (train, validation) =
            guard(|| Ok((data.train.scaled(scaling.as_deref())?, data.validation.scaled(scaling.as_deref())?)))?;
        let diverged = |epoch, loss, part: (&'static str, &[usize])| {
            let cause = DivergenceCause::of(recipe, dataset, part, scaling.as_deref());
            TrainError::Diverged { epoch, loss, cause }
        };
        let of_training = ("training", data.split.train.as_slice());
        let of_validation = ("validation", data.split.validation.as_slice());
        let mut descent = Descent::new(data.goal);
        let mut best = Best::new(recipe);
        let mut train_seconds = 0.0;
        for epoch in 1..=recipe.epochs() {
            let start = Instant::now();
            let trained =
                self.phase(Phase::Train, observer, |_| guard(|| steps.epoch(&carrier, &train, recipe, data.goal)))?;
            train_seconds += start.elapsed().as_secs_f64();
            if let Some(untrained) = guard(|| steps.take_untrained())? {
                descent.begins_at(untrained);
            }
            if descent.is_lost(trained.loss) {
                return Err(diverged(epoch, trained.loss, of_training));
            }
            let judged = self.phase(Phase::Evaluate, observer, |_| {
                guard(|| judge(&carrier, &steps.stepper.judged()?, None, &validation, data.goal))
            })?;
            if !judged.loss.is_finite() {
                return Err(diverged(epoch, judged.loss, of_validation));
            }
            let mut metrics = judged.metrics("");
            metrics.extend(trained.metrics("train_"));
            metrics.insert("loss".to_owned(), trained.loss);
            metrics.insert("validation_loss".to_owned(), judged.loss);
            let is_best = guard(|| best.see(judged.loss, &steps.stepper.judged()?, &carrier))?;
            if is_best {
                outcome.metrics.extend(metrics.clone());
            }
            outcome.metrics.insert("epochs".to_owned(), epoch as f64);
            outcome.metrics.insert("train_seconds".to_owned(), train_seconds);
            metrics.insert("seconds".to_owned(), start.elapsed().as_secs_f64());
            if observer.epoch(epoch as u64, &metrics) == Control::Stop {
                outcome.stopped = epoch < recipe.epochs();
                break;
            }
            if best.is_over() {
                break;
            }
        }
        let weights = guard(|| best.into_weights(&steps.stepper.judged()?, &carrier))?;
        let mut trained = Trained { carrier, weights, scaling: scaling.clone(), integers: None };
        if recipe.internal_optimization() == InternalOptimization::PostQuantization {
            let judged = self.phase(Phase::Evaluate, observer, |_| {
                guard(|| {
                    trained.quantize()?;
                    trained.score(&validation, data.goal)
                })
            })?;
            if !judged.loss.is_finite() {
                let epoch = outcome.metrics.get("epochs").copied().unwrap_or_default() as usize;
                return Err(diverged(epoch, judged.loss, of_validation));
            }
            outcome.metrics.extend(judged.metrics(""));
            outcome.metrics.insert("validation_loss".to_owned(), judged.loss);
        }
        Ok((trained, outcome))
    }

    /// What it takes to predict the samples of the test part. Nobody looks at the predictions.
    fn infer(
        &self,
        trained: &Trained,
        data: &Loaded,
        recipe: &Recipe,
        seconds: f64,
        observer: &mut dyn TrainingObserver,
    ) -> Result<Metrics, TrainError> {
        let samples = guard(|| Ok(data.test.scaled(trained.scaling.as_deref())?))?;
        let Trained { carrier, weights, integers, .. } = trained;
        let predict =
            |seconds| guard(|| infer(carrier, weights, integers.as_ref(), &samples, recipe.inference_batch(), seconds));
        // What is set up for this size of batch is no part of predicting.
        predict(0.0)?;
        let begin = Instant::now();
        let samples = self.phase(Phase::Infer, observer, |_| predict(seconds))?;
        let lasted = begin.elapsed().as_secs_f64();
        Ok([("infer_samples", samples as f64), ("infer_per_second", samples as f64 / lasted)]
            .map(|(k, v)| (k.to_owned(), v))
            .into())
    }

    /// Runs a part of a training between its two edges, each after the device has done its work.
    fn phase<T>(
        &self,
        phase: Phase,
        observer: &mut dyn TrainingObserver,
        body: impl FnOnce(&mut dyn TrainingObserver) -> Result<T, TrainError>,
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
