//! What a study evaluates: the user's own program, the built-in trainer, or a function.
//!
//! An [`Evaluator`] turns a point into metrics. It reports phases and steps to its [`Scope`] and never sees a meter:
//! whoever runs the trial meters it.

mod command;
mod family;
mod guardian;
mod leftovers;
mod lines;
mod listen;
mod mailbox;
mod output;
mod plain;
mod process;
mod procfs;
mod protocol;
mod running;
mod train;
#[cfg(feature = "torch")]
mod worker;

pub(crate) use command::is_flag;
pub use command::{CommandEvaluator, CommandLine, Form, Placeholder, SecretError, Secrets, Template};
pub use guardian::{become_guardian, guard, start_guardian};
pub use leftovers::{Leftovers, end_leftovers};
pub use output::KeepOutput;
pub use process::{Process, ProcessEvent};
#[cfg(feature = "study")]
pub(crate) use protocol::quote_non_finite;
pub use protocol::{Message, parse_line};
#[cfg(test)]
pub(crate) use running::turn;
pub use running::{continue_programs, end_programs, programs_were_stopped, stop_programs};
pub use train::{TrainRequest, TrainerEvaluator};
#[cfg(feature = "torch")]
pub use worker::serve;

pub use crate::training::Control;

use crate::optimizer::history::FailureKind;
use crate::optimizer::problem::Metrics;
use crate::optimizer::space::Point;

/// A moment: seconds of the operating system's monotonic clock (`CLOCK_MONOTONIC`; in Python, `time.monotonic()`).
/// The same clock serves all processes of a machine.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Stamp(pub f64);

impl Stamp {
    /// This moment.
    #[must_use]
    pub fn now() -> Self {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        Self(now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9)
    }
}

/// The hardware that a trial computes on, beside the processor that every trial uses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum DeviceUse {
    /// Not told: every metered GPU counts.
    #[default]
    Unknown,
    /// No GPU.
    CpuOnly,
    /// These GPUs, by UUID.
    Gpus(Vec<String>),
}

/// Why an evaluation gave no metrics.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}: {message}", .kind.label())]
pub struct EvaluationFailure {
    /// The kind, which decides whether the point is tried again.
    pub kind: FailureKind,
    /// What exactly happened, for people.
    pub message: String,
}

impl EvaluationFailure {
    /// A failure of this kind.
    #[must_use]
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

/// What an evaluator tells about the trial under way, and asks of it.
pub trait Scope {
    /// A phase begins. Phases nest; the name `trial` narrows what a plain `energy` metric covers. The device must be
    /// idle at `at`.
    fn begin(&mut self, phase: &str, at: Stamp);

    /// The innermost phase of this name ends. The device must be idle at `at`.
    fn end(&mut self, phase: &str, at: Stamp);

    /// A step, usually an epoch, is done.
    fn report(&mut self, step: u64, metrics: Metrics, at: Stamp) -> Control;

    /// Which hardware the trial computes on. Counts from the trial's begin.
    fn uses(&mut self, devices: DeviceUse);

    /// The devices rest for [`REST`](crate::energy::REST) before and after the phase `trial`, so that it can be told from what
    /// surrounds it.
    fn rests(&mut self) {}

    /// Why the evaluation must end now: [`FailureKind::Interrupted`], [`FailureKind::Timeout`] or a lost device. An
    /// evaluator that waits asks at least ten times a second, ends what it started and returns a failure of this kind.
    fn must_end(&mut self) -> Option<EvaluationFailure>;

    /// The moment from which on [`must_end`](Self::must_end) tells of a timeout; what was done before it was done in time,
    /// whenever it is looked at. It moves on while the study is stopped. Default: there is none.
    fn deadline(&self) -> Option<Stamp> {
        None
    }

    /// Something is wrong with what the evaluation tells, though it may do: what was not understood of it, in a sentence without a
    /// full stop. Said with a failure, and else beside the result. Default: nobody cares.
    fn doubt(&mut self, what: String) {
        let _ = what;
    }

    /// A metric of this name was told in a way that is not read: how, in a sentence without a full stop. Said with a failure for want of
    /// that metric. Default: nobody cares.
    fn unheard(&mut self, metric: &str, how: String) {
        let _ = (metric, how);
    }
}

/// Runs `work` as a phase of the trial.
pub fn phase<T>(scope: &mut dyn Scope, name: &str, work: impl FnOnce(&mut dyn Scope) -> T) -> T {
    scope.begin(name, Stamp::now());
    let result = work(scope);
    scope.end(name, Stamp::now());
    result
}

/// A trial as its evaluator sees it.
#[derive(Debug, Clone, Copy)]
pub struct TrialTask<'a> {
    /// Number of the trial.
    pub trial: u64,
    /// Which attempt at it this is, counted from 1.
    pub attempt: u32,
    /// The configuration.
    pub point: &'a Point,
    /// Seed of the trial, derived from the study's seed and the trial's number: the same in every attempt.
    pub seed: u64,
}

/// What is known of a trial once all is over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Afterwards {
    /// Where what it printed is kept, by the names within the results.
    pub printed: Option<String>,
    /// What went wrong beside it, each a sentence without a full stop, as for [`Scope::doubt`].
    pub doubts: Vec<String>,
}

/// Something that can be evaluated at a point.
pub trait Evaluator {
    /// Opens what the trials share and keep open, such as a device, so that its power at rest can be measured. Nothing
    /// computes when it returns. Called at most once in a session, before its first trial. Default: there is nothing to open.
    ///
    /// # Errors
    /// A [`EvaluationFailure`]; the first trial will meet it again.
    fn prepare(&mut self, scope: &mut dyn Scope) -> Result<(), EvaluationFailure> {
        let _ = scope;
        Ok(())
    }

    /// The devices of its trials, as far as that is settled before the first of them. Default: not told.
    fn may_use(&self) -> DeviceUse {
        DeviceUse::Unknown
    }

    /// Evaluates one point.
    ///
    /// # Errors
    /// A [`EvaluationFailure`] that says whether the configuration or the environment is to blame. Must not panic; a panic is
    /// recorded as a failure of the configuration.
    fn evaluate(&mut self, task: TrialTask<'_>, scope: &mut dyn Scope) -> Result<Metrics, EvaluationFailure>;

    /// What became of the trial that was evaluated last, its metrics held against what is wanted. Its metering is over, so what takes
    /// time and need not be metered is done here. Default: there is nothing to do.
    fn ended(&mut self, failed: bool) -> Afterwards {
        let _ = failed;
        Afterwards::default()
    }
}

impl<F> Evaluator for F
where
    F: FnMut(TrialTask<'_>, &mut dyn Scope) -> Result<Metrics, EvaluationFailure>,
{
    fn evaluate(&mut self, task: TrialTask<'_>, scope: &mut dyn Scope) -> Result<Metrics, EvaluationFailure> {
        self(task, scope)
    }
}
