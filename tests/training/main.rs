//! Trainings of real networks on the digits, with libtorch.
#![cfg(feature = "torch")]
#![expect(clippy::unwrap_used, reason = "clippy knows test functions, but not their helpers")]

mod cells;
mod recipes;
mod tables;

use std::sync::{Mutex, MutexGuard, PoisonError};

use wattfront::data::{self, Dataset, Shape, Shares, Split};
use wattfront::optimizer::problem::Metrics;
use wattfront::optimizer::space::Value;
use wattfront::training::{
    Control, Device, DeviceChoice, METRICS, Phase, Recipe, TrainError, Trainer, TrainerOptions, TrainingObserver,
    TrainingResult,
};

/// libtorch's generator belongs to the process, so trainings take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn recipe<const N: usize>(settings: [(&str, Value); N]) -> Recipe {
    let dataset = Value::from("digits");
    Recipe::from_settings(settings.iter().map(|(k, v)| (*k, v)).chain([("dataset", &dataset)])).unwrap()
}

fn trainer() -> Trainer {
    Trainer::new(&TrainerOptions { device: DeviceChoice::Cpu, ..TrainerOptions::default() }).unwrap()
}

fn train(recipe: &Recipe, seed: u64, observer: &mut dyn TrainingObserver) -> Result<TrainingResult, TrainError> {
    let _turn = turn();
    trainer().train(recipe, seed, observer)
}

/// Writes down all that it is told.
#[derive(Default)]
struct Journal {
    lines: Vec<String>,
    epochs: Vec<Metrics>,
    stop_after: Option<u64>,
}

impl TrainingObserver for Journal {
    fn device(&mut self, device: &Device) {
        self.lines.push(format!("device {} {:?} {}", device.kind, device.uuid, device.threads));
    }

    fn begin(&mut self, phase: Phase) {
        self.lines.push(format!("begin {}", phase.as_str()));
    }

    fn end(&mut self, phase: Phase) {
        self.lines.push(format!("end {}", phase.as_str()));
    }

    fn epoch(&mut self, step: u64, metrics: &Metrics) -> Control {
        self.lines.push(format!("epoch {step}"));
        self.epochs.push(metrics.clone());
        if self.stop_after == Some(step) { Control::Stop } else { Control::Continue }
    }
}

#[test]
fn an_mlp_learns_the_digits() {
    let outcome = train(&recipe([("epochs", 15.into())]), 1, &mut ()).unwrap();
    assert!(outcome.metrics["accuracy"] > 0.9 && outcome.metrics["test_accuracy"] > 0.9, "{outcome:?}");
}

#[test]
fn a_cnn_learns_the_digits() {
    let settings =
        [("model", "cnn".into()), ("width", 16.into()), ("epochs", 8.into()), ("learning_rate", 3e-3.into())];
    let outcome = train(&recipe(settings), 1, &mut ()).unwrap();
    assert!(outcome.metrics["accuracy"] > 0.9 && outcome.metrics["test_accuracy"] > 0.9, "{outcome:?}");
}

#[test]
fn every_optimizer_learns() {
    let sgd = recipe([("optimizer", "sgd".into()), ("learning_rate", 0.1.into()), ("epochs", 16.into())]);
    let heavy = recipe([
        ("optimizer", "sgd".into()),
        ("momentum", 0.9.into()),
        ("learning_rate", 0.05.into()),
        ("epochs", 10.into()),
    ]);
    let rmsprop = recipe([("optimizer", "rmsprop".into()), ("momentum", 0.5.into()), ("epochs", 10.into())]);
    let adamw = recipe([("optimizer", "adamw".into()), ("weight_decay", 0.01.into()), ("epochs", 12.into())]);
    let dropout = recipe([("dropout", 0.2.into()), ("width", 128.into()), ("epochs", 12.into())]);
    for recipe in [sgd, heavy, rmsprop, adamw, dropout] {
        let outcome = train(&recipe, 3, &mut ()).unwrap();
        assert!(outcome.metrics["accuracy"] > 0.85, "{recipe:?}: {outcome:?}");
    }
}

#[test]
fn weight_decay_shrinks_what_is_learned() {
    let loss = |decay: f64| {
        let recipe =
            recipe([("optimizer", "adamw".into()), ("weight_decay", decay.into()), ("learning_rate", 0.01.into())]);
        train(&recipe, 3, &mut ()).unwrap().metrics["loss"]
    };
    assert!(loss(0.0) < 0.2 && loss(10.0) > 1.0, "{} {}", loss(0.0), loss(10.0));
}

#[test]
fn a_seed_decides_everything() {
    for model in ["mlp", "cnn"] {
        let recipe = recipe([
            ("model", model.into()),
            ("epochs", 3.into()),
            ("width", 16.into()),
            ("dropout", 0.1.into()),
            ("batch_size", 50.into()),
        ]);
        let run = |seed| {
            let mut metrics = train(&recipe, seed, &mut ()).unwrap().metrics;
            metrics.remove("train_seconds");
            metrics
        };
        assert_eq!(run(5), run(5), "{model}");
        assert_ne!(run(5)["loss"], run(6)["loss"], "{model}");
    }
}

#[test]
fn a_trainer_is_the_same_in_every_trial() {
    let _turn = turn();
    let recipe = recipe([("epochs", 2.into())]);
    let mut trainer = trainer();
    let first = trainer.train(&recipe, 5, &mut ()).unwrap().metrics;
    trainer.train(&recipe, 9, &mut ()).unwrap();
    assert_eq!(trainer.train(&recipe, 5, &mut ()).unwrap().metrics["loss"], first["loss"]);
}

#[test]
fn a_trained_network_tells_samples_in_a_phase_of_its_own() {
    for (model, internal) in [("mlp", "none"), ("mlp", "post-quantization"), ("cnn", "traced")] {
        let settings = [
            ("model", model.into()),
            ("internal_optimization", internal.into()),
            ("epochs", 1.into()),
            ("inference_seconds", 0.05.into()),
            ("inference_batch", 100.into()),
        ];
        let mut journal = Journal::default();
        let outcome = train(&recipe(settings), 1, &mut journal).unwrap();
        assert_eq!(journal.lines[journal.lines.len() - 4..], ["begin test", "end test", "begin infer", "end infer"]);
        let (told, speed) = (outcome.metrics["infer_samples"], outcome.metrics["infer_per_second"]);
        assert!(told >= 100.0 && told % 100.0 == 0.0, "whole batches of 100: {told}");
        assert!(told / speed >= 0.05, "as long as was asked for: {told} samples, {speed} a second");
    }
    let many = recipe([("epochs", 1.into()), ("inference_seconds", 0.01.into()), ("inference_batch", 9999.into())]);
    let told = train(&many, 1, &mut ()).unwrap().metrics["infer_samples"];
    assert_eq!(told % 359.0, 0.0, "all of the test part at a time: {told}");
    assert!(!train(&recipe([("epochs", 1.into())]), 1, &mut ()).unwrap().metrics.contains_key("infer_samples"));
}

#[test]
fn phases_nest_and_every_epoch_is_told() {
    let mut journal = Journal::default();
    let outcome = train(&recipe([("epochs", 2.into())]), 1, &mut journal).unwrap();
    let epoch = |step| {
        ["begin train", "end train", "begin evaluate", "end evaluate"].map(str::to_owned).into_iter().chain([step])
    };
    let mut expected = vec!["device cpu None 1".to_owned(), "begin trial".to_owned()];
    expected.extend(epoch("epoch 1".to_owned()).chain(epoch("epoch 2".to_owned())));
    expected.extend(["end trial", "begin test", "end test"].map(str::to_owned));
    assert_eq!(journal.lines, expected);
    for metrics in &journal.epochs {
        let names: Vec<&str> = metrics.keys().map(String::as_str).collect();
        assert_eq!(names, ["accuracy", "loss", "seconds", "train_accuracy", "validation_loss"]);
    }
    assert!(journal.epochs[1]["loss"] < journal.epochs[0]["loss"]);
    assert_eq!(journal.epochs[1]["accuracy"], outcome.metrics["accuracy"]);
}

#[test]
fn the_listed_metrics_are_the_reported_ones() {
    let outcome = train(&recipe([("epochs", 1.into()), ("inference_seconds", 0.01.into())]), 1, &mut ()).unwrap();
    // What is told of numbers is not told of classes.
    let of_numbers = |name: &&str| name.ends_with("r2") || name.ends_with("rmse");
    let mut listed: Vec<&str> = METRICS.iter().map(|m| m.name).filter(|name| !of_numbers(name)).collect();
    listed.sort_unstable();
    assert_eq!(outcome.metrics.keys().map(String::as_str).collect::<Vec<_>>(), listed);
    assert_eq!(outcome.metrics["parameters"], f64::from(65 * 64 + 65 * 64 + 65 * 10));
}

#[test]
fn a_stop_is_honoured() {
    let mut journal = Journal { stop_after: Some(3), ..Journal::default() };
    let outcome = train(&recipe([("epochs", 50.into())]), 1, &mut journal).unwrap();
    assert!(outcome.stopped);
    assert_eq!((journal.epochs.len(), outcome.metrics["epochs"]), (3, 3.0));
    assert!(outcome.metrics.contains_key("test_accuracy"));
}

#[test]
fn a_huge_learning_rate_diverges_early_and_closes_its_phases() {
    let settings =
        [("optimizer", "sgd".into()), ("learning_rate", 100.into()), ("momentum", 0.9.into()), ("epochs", 30.into())];
    let mut journal = Journal::default();
    let error = train(&recipe(settings), 1, &mut journal).unwrap_err();
    assert!(matches!(error, TrainError::Diverged { epoch: 1, .. }), "{error}");
    assert_eq!(journal.lines[1..], ["begin trial", "begin train", "end train", "end trial"]);
}

#[test]
fn an_impossible_size_is_out_of_memory_and_the_trainer_lives_on() {
    let _turn = turn();
    let mut trainer = trainer();
    let huge = recipe([("width", 65_536.into()), ("depth", 2.into()), ("epochs", 1.into())]);
    // A layer of 17 GB does not fit under this limit, whatever the machine has.
    let limit = AddressLimit::set(12 << 30);
    let mut journal = Journal::default();
    let result = trainer.train(&huge, 1, &mut journal);
    drop(limit);
    assert!(matches!(result, Err(TrainError::OutOfMemory { .. })), "{result:?}");
    assert_eq!(journal.lines.last().map(String::as_str), Some("end trial"));
    trainer.train(&recipe([("epochs", 1.into())]), 1, &mut ()).unwrap();
}

#[test]
fn own_data_of_other_sizes_can_be_trained_on() {
    // Bright upper or lower halves of 3 x 32 x 32 images.
    let shape = Shape { channels: 3, height: 32, width: 32 };
    let labels: Vec<u32> = (0..120).map(|i| i % 2).collect();
    let pixel = |label: u32, at: usize| {
        let upper = at % (32 * 32) < 16 * 32;
        if upper == (label == 0) { 1.0 } else { 0.0 }
    };
    let features = labels.iter().flat_map(|l| (0..shape.len()).map(move |at| pixel(*l, at))).collect();
    let halves = Dataset::new("halves", shape, features, labels, 2).unwrap();
    let split = Split::stratified(halves.labels(), Shares::default(), 0).unwrap();
    let settings = [
        ("model", "cnn".into()),
        ("width", 4.into()),
        ("depth", 3.into()),
        ("epochs", 10.into()),
        ("batch_size", 8.into()),
        ("learning_rate", 0.01.into()),
    ];
    let _turn = turn();
    let outcome = trainer().train_on(&halves, &split, &recipe(settings), 1, &mut ()).unwrap();
    assert_eq!(outcome.metrics["test_accuracy"], 1.0, "{outcome:?}");
    let outside = Split { train: vec![0], validation: vec![1], test: vec![120] };
    let error = trainer().train_on(&halves, &outside, &recipe([]), 1, &mut ()).unwrap_err();
    assert!(matches!(error, TrainError::Data(_)), "{error}");
    let mut shared = split.clone();
    shared.test.push(shared.train[4]);
    let mut journal = Journal::default();
    let error = trainer().train_on(&halves, &shared, &recipe([]), 1, &mut journal).unwrap_err();
    assert!(matches!(error, TrainError::Data(_)) && error.to_string().contains("in the train part"), "{error}");
    assert!(journal.lines.is_empty(), "nothing has begun");
}

#[test]
fn test_samples_are_never_trained_on() {
    let digits = data::load("digits").unwrap();
    let split = Split::stratified(digits.labels(), Shares::default(), 0).unwrap();
    // With the images and labels of the test part spoiled, training and validation stay as they were to the last bit.
    let mut labels = digits.labels().to_vec();
    for i in &split.test {
        labels[*i] = (labels[*i] + 1) % 10;
    }
    let mut features = digits.features().to_vec();
    for i in &split.test {
        features[i * 64..(i + 1) * 64].iter_mut().for_each(|pixel| *pixel = 1.0 - *pixel);
    }
    let spoiled = Dataset::new("spoiled", digits.shape(), features, labels, 10).unwrap();
    let recipe = recipe([("epochs", 3.into()), ("preprocessing", "standardize".into())]);
    let _turn = turn();
    let run = |dataset| trainer().train_on(dataset, &split, &recipe, 1, &mut ()).unwrap().metrics;
    let (clean, spoiled) = (run(&digits), run(&spoiled));
    assert_eq!((clean["loss"], clean["accuracy"]), (spoiled["loss"], spoiled["accuracy"]));
    assert!(clean["test_accuracy"] > 0.5 && spoiled["test_accuracy"] < 0.2);
}

/// A limit on the address space of this process, while it lives.
struct AddressLimit(rustix::process::Rlimit);

impl AddressLimit {
    fn set(bytes: u64) -> Self {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let before = getrlimit(Resource::As);
        setrlimit(Resource::As, Rlimit { current: Some(bytes), maximum: before.maximum }).unwrap();
        Self(before)
    }
}

impl Drop for AddressLimit {
    fn drop(&mut self) {
        rustix::process::setrlimit(rustix::process::Resource::As, self.0).unwrap();
    }
}
