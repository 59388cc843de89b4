//! What a training tells while it runs, and what it reports.

use crate::optimizer::problem::Metrics;

/// One metric of a finished training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it is, in one sentence, with its unit.
    pub description: &'static str,
    /// Whether a study may use it as an objective or a constraint.
    pub objective: bool,
}

const fn metric(name: &'static str, description: &'static str) -> Metric {
    Metric { name, description, objective: true }
}

const fn test(name: &'static str, description: &'static str) -> Metric {
    Metric { objective: false, ..metric(name, description) }
}

/// The metrics of a finished training: `accuracy` and its kin where classes are predicted, `r2` and `rmse` where numbers are. With
/// `patience` they are those of the best epoch. The scores of training samples are those of the samples as they were varied, and of blends
/// by the label that counts most. Nothing is ever decided by `test_accuracy`, or it would not be a test.
pub const METRICS: &[Metric] = &[
    metric("accuracy", "the share of validation samples classified correctly, 0 to 1"),
    test("test_accuracy", "the share of test samples classified correctly, 0 to 1, looked at once at the end"),
    metric("r2", "of numbers, the share of the variance of validation samples that is predicted, up to 1"),
    metric("rmse", "of numbers, the root mean square error over the validation samples, in their unit"),
    test("test_r2", "the same as r2 over the test samples, looked at once at the end"),
    test("test_rmse", "the same as rmse over the test samples, looked at once at the end"),
    metric(
        "loss",
        "the mean cross-entropy of the last epoch over the training samples, in nats; of numbers, the mean square error in units of their variance",
    ),
    metric("validation_loss", "the same over the validation samples"),
    metric("train_accuracy", "the share of training samples classified correctly during the last epoch, 0 to 1"),
    metric("train_r2", "the same as r2 over the training samples during the last epoch"),
    metric("train_rmse", "the same as rmse over the training samples during the last epoch"),
    metric("parameters", "how many weights the network has"),
    metric("multiply_adds", "how many multiplications, each with its addition, one sample takes through the network"),
    metric("epochs", "how many epochs were trained"),
    metric("train_seconds", "seconds spent in training steps, evaluations excluded"),
    metric("infer_samples", "how many samples were predicted in phase `infer`, with `inference_seconds`"),
    metric("infer_per_second", "samples predicted per second then"),
];

/// A part of a training whose edges are told to the observer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Everything that a study compares: set-up of the network, training and validation.
    Trial,
    /// The steps of one epoch, inside [`Phase::Trial`].
    Train,
    /// The validation after one epoch, inside [`Phase::Trial`].
    Evaluate,
    /// The test at the end, after [`Phase::Trial`].
    Test,
    /// Predicting samples again and again with the trained network, after [`Phase::Test`]; only with `inference_seconds`.
    Infer,
}

impl Phase {
    /// The name in lowercase: `trial`, `train`, `evaluate`, `test` or `infer`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trial => "trial",
            Self::Train => "train",
            Self::Evaluate => "evaluate",
            Self::Test => "test",
            Self::Infer => "infer",
        }
    }
}

/// Whether a training goes on after an epoch, and any trial after a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Control {
    /// Go on (the default).
    #[default]
    Continue,
    /// Stop with what is reached so far.
    Stop,
}

/// The device that a training uses.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Device {
    /// `cpu` or `cuda`.
    pub kind: String,
    /// The UUID of the GPU as its driver's tools show it, `GPU-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`; `None` for the CPU
    /// and where the driver does not tell.
    pub uuid: Option<String>,
    /// How many threads one operation on the CPU uses.
    pub threads: usize,
}

/// Listens to a training. Every method does nothing unless it is written.
pub trait TrainingObserver {
    /// The device, once before everything else.
    fn device(&mut self, device: &Device) {
        let _ = device;
    }

    /// A phase begins. Work given to the device before is done.
    fn begin(&mut self, phase: Phase) {
        let _ = phase;
    }

    /// A phase ends, also when the training fails in it. Work given to the device in it is done.
    fn end(&mut self, phase: Phase) {
        let _ = phase;
    }

    /// An epoch is over, inside [`Phase::Trial`]: `step` counts from 1. `metrics` are `loss`, `validation_loss`,
    /// `accuracy` and `train_accuracy` or their kin for numbers (see [`METRICS`]). One more is `seconds`: those of the
    /// epoch with its validation.
    fn epoch(&mut self, step: u64, metrics: &Metrics) -> Control {
        let _ = (step, metrics);
        Control::Continue
    }
}

/// Listens to nothing.
impl TrainingObserver for () {}

/// The result of a training that came to its end, or was stopped by its observer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TrainingResult {
    /// The numbers listed in [`METRICS`].
    pub metrics: Metrics,
    /// Whether the observer stopped it before the last epoch.
    pub stopped: bool,
    /// Why its weights could not be kept, if they were to be.
    pub not_kept: Option<String>,
}
