//! The loop of asking, evaluating and telling.

use std::error::Error;

use super::super::history::{FailureKind, TrialId};
use super::super::problem::{ProblemError, ValueError};
use super::super::sampler::SamplerError;
use super::super::space::{ParseError, PointError, SpaceError};
use super::{Measured, Optimizer, OptimizerError, PendingTrial};

/// So many failures of the environment in a row end a run.
const MOST_ENVIRONMENT_FAILURES: usize = 5;

/// What a run of trials came to.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct RunSummary {
    /// Trials that finished.
    pub finished: usize,
    /// Trials that failed, in order.
    pub failed: Vec<FailedTrial>,
    /// Whether the run ended early because every point of a finite space was tried.
    pub exhausted: bool,
}

/// A trial that failed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedTrial {
    /// Its id.
    pub id: TrialId,
    /// What kind of failure it was.
    pub kind: FailureKind,
    /// What its error said, and what it advises if it is an error of this crate's optimizer.
    pub message: String,
}

impl Optimizer {
    /// Asks for a point, evaluates it and tells what came of it, for up to `trials` trials.
    ///
    /// The closure returns the metrics of a trial, at least those of the objectives: numbers, or [`Measured`] with their
    /// standard deviations.
    ///
    /// - **An `Err`** is a failed trial, and the run goes on. Without more it is a failure of the configuration, of the kind
    ///   [`FailureKind::Exit`], which teaches the sampler to stay away. An error that is a [`FailureKind`], or has one among
    ///   its sources, is of that kind: `Err(FailureKind::OutOfMemory.into())`. One of the environment teaches nothing: the
    ///   trial is given up, and its point may be proposed again.
    /// - **A [`ParseError`]**, or an error with one among its sources, is a mistake of the program: a parameter that is not in the
    ///   space, or a type that does not take its values. It ends the run at once, and its trial is given up.
    /// - **A metric that is NaN or infinite**, or that a log scale cannot take, is a failure of the kind
    ///   [`FailureKind::BadMetrics`].
    /// - **A panic** passes through, after its trial has failed as [`FailureKind::Panic`].
    ///
    /// ```
    /// use wattfront::optimizer::problem::{Problem, maximize, minimize};
    /// use wattfront::optimizer::sampler::GpSampler;
    /// use wattfront::optimizer::space::{ParseError, Space, float};
    /// use wattfront::optimizer::{Optimizer, Seed};
    ///
    /// let space = Space::new([float("x", 0.0..=1.0)])?;
    /// let problem = Problem::new(space, [maximize("gain"), minimize("cost")])?;
    /// let mut optimizer = Optimizer::new(problem, GpSampler::default(), Seed(7));
    /// let summary = optimizer.run(8, |trial| {
    ///     let x: f64 = trial.get("x")?;
    ///     Ok::<_, ParseError>([("gain", x.sqrt()), ("cost", x)])
    /// })?;
    /// assert_eq!((summary.finished, summary.failed.len()), (8, 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`OptimizerError::AllFailed`] where every trial of the run failed and none had finished before;
    /// [`OptimizerError::Environment`] after five failures of the environment in a row. [`OptimizerError::Parse`] where a trial
    /// was read as what it is not. [`OptimizerError::Metrics`] where an objective's metric is missing, and [`OptimizerError::StandardDeviation`]; then the trial stays pending. Those of
    /// [`ask`](Self::ask), but for a space that is used up.
    pub fn run<K, M, Metrics, E>(
        &mut self,
        trials: usize,
        mut evaluate: impl FnMut(&PendingTrial) -> Result<Metrics, E>,
    ) -> Result<RunSummary, OptimizerError>
    where
        K: Into<String>,
        M: Into<Measured>,
        Metrics: IntoIterator<Item = (K, M)>,
        E: Into<Box<dyn Error>>,
    {
        let mut summary = RunSummary::default();
        let mut in_a_row = 0;
        for _ in 0..trials {
            let trial = match self.ask() {
                Ok(trial) => trial,
                Err(OptimizerError::Sampler(SamplerError::Exhausted)) => {
                    summary.exhausted = true;
                    break;
                }
                Err(error) => return Err(error),
            };
            let failure = match self.evaluate(&trial, &mut evaluate) {
                Ok(metrics) => match self.tell(trial.id(), metrics) {
                    Ok(()) => None,
                    Err(OptimizerError::Metrics { cause }) if !matches!(cause, ValueError::Missing { .. }) => {
                        Some((FailureKind::BadMetrics, message_of(&cause)))
                    }
                    Err(error) => return Err(error),
                },
                Err(error) => {
                    if let Some(cause) = found::<ParseError>(&*error) {
                        self.history.remove(trial.id());
                        return Err(OptimizerError::Parse { id: trial.id(), cause: cause.clone() });
                    }
                    let kind = found(&*error).copied().unwrap_or(FailureKind::Exit);
                    Some((kind, message_of(&*error)))
                }
            };
            let Some((kind, message)) = failure else {
                summary.finished += 1;
                in_a_row = 0;
                continue;
            };
            self.fail(trial.id(), kind)?;
            in_a_row = if kind.is_of_configuration() { 0 } else { in_a_row + 1 };
            if in_a_row == MOST_ENVIRONMENT_FAILURES {
                return Err(OptimizerError::Environment { trials: in_a_row, id: trial.id(), message });
            }
            summary.failed.push(FailedTrial { id: trial.id(), kind, message });
        }
        match summary.failed.first() {
            Some(first) if !self.history.trials().iter().any(|trial| trial.is_finished()) => {
                let (id, message) = (first.id, first.message.clone());
                Err(OptimizerError::AllFailed { trials: summary.failed.len(), id, message })
            }
            _ => Ok(summary),
        }
    }
}

impl Optimizer {
    /// What the closure makes of a trial; should it panic, the trial has failed.
    fn evaluate<K, M, Metrics, E>(
        &mut self,
        trial: &PendingTrial,
        evaluate: &mut impl FnMut(&PendingTrial) -> Result<Metrics, E>,
    ) -> Result<Vec<(String, Measured)>, Box<dyn Error>>
    where
        K: Into<String>,
        M: Into<Measured>,
        Metrics: IntoIterator<Item = (K, M)>,
        E: Into<Box<dyn Error>>,
    {
        let mut open = OpenTrial { optimizer: self, id: Some(trial.id()) };
        let metrics = evaluate(trial).map_err(Into::into);
        // An iterator may compute only now.
        let metrics = metrics.map(|told| told.into_iter().map(|(name, value)| (name.into(), value.into())).collect());
        open.id = None;
        metrics
    }
}

/// The error itself, or the first of its sources, that is of this type.
fn found<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// What an error says, and what helps where it is one of ours.
fn message_of(error: &(dyn Error + 'static)) -> String {
    let help = if let Some(error) = found::<OptimizerError>(error) {
        error.help()
    } else if let Some(error) = found::<ProblemError>(error) {
        error.help()
    } else if let Some(error) = found::<SamplerError>(error) {
        error.help()
    } else if let Some(error) = found::<SpaceError>(error) {
        error.help()
    } else if let Some(error) = found::<PointError>(error) {
        error.help()
    } else {
        found::<ValueError>(error).and_then(ValueError::help)
    };
    help.map_or_else(|| error.to_string(), |help| format!("{error}; {help}"))
}

/// A trial that is being evaluated: should that panic, it has failed.
struct OpenTrial<'a> {
    optimizer: &'a mut Optimizer,
    id: Option<TrialId>,
}

impl Drop for OpenTrial<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            // It is pending, so this cannot fail.
            let _ = self.optimizer.fail(id, FailureKind::Panic);
        }
    }
}
