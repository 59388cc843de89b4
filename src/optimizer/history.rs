//! What is known so far: the trials of a study as a sampler sees them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::problem::Metrics;
use super::space::Point;

/// The number of a trial, counted from 0 in the order of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrialId(pub u64);

impl TrialId {
    /// The one after this.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl From<u64> for TrialId {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

/// The number alone.
impl fmt::Display for TrialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a trial gave no result. An error by itself, for closures that [evaluate](super::Optimizer::run) trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureKind {
    /// The loss became NaN, infinite, or absurdly large.
    Diverged,
    /// It needed more memory than there is.
    OutOfMemory,
    /// It ran longer than the study allows.
    Timeout,
    /// The program ended with a code other than zero, or by a signal of its own making.
    Exit,
    /// Its code panicked.
    Panic,
    /// It ended well, but a metric is missing, NaN or infinite.
    BadMetrics,
    /// The user wants it not to be tried again.
    Skipped,
    /// The user, or the end of the process that ran the study, stopped it.
    Interrupted,
    /// The process that trained it is gone, for no fault of the configuration.
    WorkerLost,
    /// The energy could not be read.
    Meter,
    /// The device is gone, does not answer, or does not keep the limits that it is given.
    Device,
}

impl FailureKind {
    /// Whether the configuration is to blame. Such failures teach the sampler to stay away; the others (of the
    /// environment) do not, and the same point is tried again.
    #[must_use]
    pub fn is_of_configuration(self) -> bool {
        match self {
            Self::Diverged
            | Self::OutOfMemory
            | Self::Timeout
            | Self::Exit
            | Self::Panic
            | Self::BadMetrics
            | Self::Skipped => true,
            Self::Interrupted | Self::WorkerLost | Self::Meter | Self::Device => false,
        }
    }

    /// The kind in words, such as `out of memory`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Diverged => "diverged",
            Self::OutOfMemory => "out of memory",
            Self::Timeout => "timeout",
            Self::Exit => "exit",
            Self::Panic => "panic",
            Self::BadMetrics => "bad metrics",
            Self::Skipped => "skipped",
            Self::Interrupted => "interrupted",
            Self::WorkerLost => "worker lost",
            Self::Meter => "meter",
            Self::Device => "device",
        }
    }
}

/// In words, as [`label`](FailureKind::label).
impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl std::error::Error for FailureKind {}

/// Where a trial stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// Proposed, without a result yet.
    Pending,
    /// Ended with metrics, at least those of the objectives, all finite.
    Finished {
        /// What was reported and measured.
        metrics: Metrics,
        /// Known standard deviations of some metrics, in the metrics' own units; 0 means exact.
        sd: Metrics,
    },
    /// Failed through its configuration.
    Failed(FailureKind),
}

/// The surrogate's hyperparameters for one objective, all for standardized losses and inputs in \[0,1\].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ObjectiveFit {
    /// One lengthscale per parameter, in units of the encoded input on its bent scale; after them, where there are earlier
    /// studies, the one
    /// of the study, which says how little they agree (the shorter, the less).
    pub lengthscales: Vec<f64>,
    /// Variance of the function.
    pub outputscale: f64,
    /// Variance of the observation noise.
    pub noise: f64,
    /// The bend of each scale, as many as there are lengthscales: by which factor, as a logarithm, it is steeper at its low
    /// end than at its high end. 0 is straight, as is all that has no order. Empty in records of earlier versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bends: Vec<f64>,
    /// Log marginal posterior density at these hyperparameters, up to a constant.
    pub log_posterior: f64,
}

/// How a proposal came about. Made [by](Self::by) the name of a rule.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Fit {
    /// Which rule proposed: `sobol`, `random`, `log-ehvi`, `log-ei`, ...
    pub rule: String,
    /// The surrogate's hyperparameters, one entry per objective; empty where no surrogate was fitted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<ObjectiveFit>,
    /// The acquisition function's value (a logarithm) at the proposed point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquisition: Option<f64>,
    /// What went wrong and what was done instead, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
}

impl Fit {
    /// By this rule, without a surrogate.
    #[must_use]
    pub fn by(rule: impl Into<String>) -> Self {
        Self { rule: rule.into(), ..Self::default() }
    }
}

/// One trial as a sampler sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Unique in the study, counted from 0.
    pub id: TrialId,
    /// Its configuration.
    pub point: Point,
    /// How it was proposed; `None` for a point that the user brought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fit: Option<Fit>,
    /// Where it stands.
    pub outcome: Outcome,
}

impl Trial {
    /// Whether it finished with metrics.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        matches!(self.outcome, Outcome::Finished { .. })
    }

    /// The value of a metric that the trial finished with, in its own unit.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<f64> {
        match &self.outcome {
            Outcome::Finished { metrics, .. } => metrics.get(name).copied(),
            Outcome::Pending | Outcome::Failed(_) => None,
        }
    }
}

/// Finished trials of an earlier study, from which this one may learn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Earlier {
    /// The study's name.
    pub name: String,
    /// Its trials: points of this study's space, and their metrics in their own units, at least those of the objectives.
    pub trials: Vec<(Point, Metrics)>,
}

/// All trials that a sampler may learn from, in ascending order of their ids.
///
/// Failures of the environment are not in here: a trial that is to be tried again is pending, one that was given up is
/// absent. Nothing is learned of its point then, which may at most be one [to avoid](Self::avoid).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct History {
    trials: Vec<Trial>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    avoided: Vec<Point>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<Earlier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<Vec<f64>>,
    next_id: TrialId,
}

/// A history as it was stored, whose order and next id are not taken on trust.
#[derive(Deserialize)]
struct Stored {
    trials: Vec<Trial>,
    #[serde(default)]
    avoided: Vec<Point>,
    #[serde(default)]
    earlier: Vec<Earlier>,
    #[serde(default)]
    reference: Option<Vec<f64>>,
    #[serde(default)]
    next_id: TrialId,
}

impl From<Stored> for History {
    fn from(stored: Stored) -> Self {
        let Stored { trials, avoided, earlier, reference, next_id } = stored;
        let mut history = Self { trials: Vec::new(), avoided, earlier, reference, next_id };
        trials.into_iter().for_each(|trial| history.record(trial));
        history
    }
}

impl History {
    /// No trials.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a trial, or replaces the one with the same id.
    pub fn record(&mut self, trial: Trial) {
        self.next_id = self.next_id.max(trial.id.next());
        match self.trials.binary_search_by_key(&trial.id, |t| t.id) {
            Ok(i) => self.trials[i] = trial,
            Err(i) => self.trials.insert(i, trial),
        }
    }

    /// Takes a trial out, for one that was given up; its id stays taken.
    pub fn remove(&mut self, id: TrialId) -> Option<Trial> {
        let i = self.trials.binary_search_by_key(&id, |t| t.id).ok()?;
        Some(self.trials.remove(i))
    }

    /// Says that ids below `next_id` are taken, also where their trials are absent.
    pub fn reserve(&mut self, next_id: TrialId) {
        self.next_id = self.next_id.max(next_id);
    }

    /// Says that exactly this point is not to be proposed again, though nothing is known of it: whoever tried it did not live to
    /// tell.
    pub fn avoid(&mut self, point: Point) {
        self.avoided.push(point);
    }

    /// The points that are not to be proposed again, beside those of the trials.
    #[must_use]
    pub fn avoided(&self) -> &[Point] {
        &self.avoided
    }

    /// Sets the frozen reference point, in losses.
    pub fn freeze_reference(&mut self, reference: Vec<f64>) {
        self.reference = Some(reference);
    }

    /// Adds an earlier study to learn from. Its trials are no trials of this one: they are on no front and in no count.
    pub fn learn_from(&mut self, earlier: Earlier) {
        self.earlier.push(earlier);
    }

    /// The earlier studies, in the order in which they were added.
    #[must_use]
    pub fn earlier(&self) -> &[Earlier] {
        &self.earlier
    }

    /// The trials, in ascending order of their ids.
    #[must_use]
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// The trial with this id.
    #[must_use]
    pub fn get(&self, id: TrialId) -> Option<&Trial> {
        self.trials.binary_search_by_key(&id, |t| t.id).ok().map(|i| &self.trials[i])
    }

    /// The frozen reference point, in losses, once there is one.
    #[must_use]
    pub fn reference(&self) -> Option<&[f64]> {
        self.reference.as_deref()
    }

    /// The id that the next trial will get: one above the highest so far.
    #[must_use]
    pub fn next_id(&self) -> TrialId {
        self.next_id
    }
}
