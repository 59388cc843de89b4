//! What the optimizer refuses.

use std::borrow::Cow;

use super::super::history::TrialId;
use super::super::problem::{ProblemError, ValueError};
use super::super::sampler::SamplerError;
use super::super::space::{ParseError, PointError};

/// Why the optimizer refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OptimizerError {
    /// A problem that cannot be searched, as only a stored one can be; or a question about what is no objective.
    #[error(transparent)]
    Problem(#[from] ProblemError),
    /// The sampler has nothing to propose.
    #[error(transparent)]
    Sampler(#[from] SamplerError),
    /// No trial has this id.
    #[error("there is no trial {id}")]
    UnknownTrial {
        /// The id.
        id: TrialId,
    },
    /// The trial has its outcome already.
    #[error("trial {id} was told already")]
    AlreadyTold {
        /// The id.
        id: TrialId,
    },
    /// The metrics are no outcome. The trial, if there is one, stays pending.
    #[error("these metrics cannot be taken: {cause}")]
    Metrics {
        /// What is wrong with them.
        cause: ValueError,
    },
    /// A standard deviation below zero, NaN or infinite.
    #[error("the standard deviation of `{metric}` is {sd}; it must be a finite number, zero or above")]
    StandardDeviation {
        /// The metric.
        metric: String,
        /// Its standard deviation.
        sd: f64,
    },
    /// A point that the space does not have.
    #[error("the point is not in the space: {0}")]
    Point(PointError),
    /// No trial has finished and kept every constraint.
    #[error("no trial has finished yet that keeps every constraint")]
    NothingFinished,
    /// The program read a trial as what it is not. The trial is given up.
    #[error("trial {id} cannot be read as the program reads it: {cause}")]
    Parse {
        /// The trial.
        id: TrialId,
        /// What is wrong with the name or the type.
        cause: ParseError,
    },
    /// A metric that was told twice for one trial. The trial, if there is one, stays pending.
    #[error("the metric `{metric}` was told twice for one trial")]
    RepeatedMetric {
        /// The metric.
        metric: String,
    },
    /// Trial after trial failed for reasons that no configuration is to blame for.
    #[error("{trials} trials in a row failed for no fault of their configurations, the last one ({id}) by: {message}")]
    Environment {
        /// How many.
        trials: usize,
        /// The last of them.
        id: TrialId,
        /// What its error said.
        message: String,
    },
    /// Every trial of a run failed, and none had finished before.
    #[error("all {trials} trials failed, the first one ({id}) by: {message}")]
    AllFailed {
        /// How many.
        trials: usize,
        /// The first of them.
        id: TrialId,
        /// What its error said.
        message: String,
    },
    /// A saved state of a later version, or of another sampler.
    #[error("the saved state cannot be taken up: {reason}")]
    State {
        /// Why not.
        reason: String,
    },
}

impl From<PointError> for OptimizerError {
    fn from(error: PointError) -> Self {
        Self::Point(error)
    }
}

impl OptimizerError {
    /// What helps, as a sentence; `None` where the message says it.
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Problem(error) => return error.help(),
            Self::Sampler(error) => return error.help(),
            Self::Metrics { cause } => return cause.help(),
            Self::Point(error) => return error.help(),
            Self::Parse { cause, .. } => return cause.help(),
            Self::RepeatedMetric { .. } => "tell each metric once".into(),
            Self::UnknownTrial { .. } => "tell only ids that `ask` gave".into(),
            Self::AlreadyTold { .. } => "each trial has one outcome: ask for another".into(),
            Self::NothingFinished => "tell a trial first, or loosen the constraints".into(),
            Self::Environment { .. } => "mend what they needed, and run on: their points may be proposed again".into(),
            Self::AllFailed { .. } => "evaluate one point by hand; what fails everywhere is no fault of a point".into(),
            Self::StandardDeviation { .. } | Self::State { .. } => return None,
        })
    }
}
