//! What can be wrong with a request for an output.

/// Why a report or a pick cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// There is nothing to pick from.
    #[error("the study `{study}` has no finished trial to pick from ({failed} failed); run it first")]
    NoFinishedTrial {
        /// The study.
        study: String,
        /// How many trials failed for good.
        failed: usize,
    },
    /// No trial keeps the constraints.
    #[error("no trial of the study `{study}` keeps all its constraints; nearest is trial {nearest}: {broken}")]
    NothingFeasible {
        /// The study.
        study: String,
        /// The trial that comes nearest.
        nearest: u64,
        /// Which constraints it breaks, in words.
        broken: String,
    },
    /// No trial of the front is where it was asked for.
    #[error("no trial of the front has {wanted}; nearest is trial {nearest}: {values}")]
    NonePreferred {
        /// What was asked for, in words.
        wanted: String,
        /// The trial that comes nearest.
        nearest: u64,
        /// Its objectives, in words.
        values: String,
    },
    /// A text that is no preference.
    #[error("`{text}`: {reason}")]
    Preference {
        /// What was given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A trial id that the study does not have.
    #[error("the study has no trial {trial}; its ids go from 0 to {last}")]
    UnknownTrial {
        /// The id.
        trial: u64,
        /// The highest id of the study.
        last: u64,
    },
    /// A trial without a result.
    #[error("trial {trial} is {state}, so it has no result to compare; pick a finished trial, such as {suggestion}")]
    NotFinished {
        /// The id.
        trial: u64,
        /// The state it is in, with the kind of failure.
        state: String,
        /// The trial at the knee.
        suggestion: u64,
    },
    /// A tolerance that is no number at or above zero.
    #[error(
        "`{text}` is no tolerance: give a number at or above zero, such as `1%`, or `0.01` in the units of the metric"
    )]
    Tolerance {
        /// What was given.
        text: String,
    },
    /// A plain number that would let nearly everything in.
    #[error(
        "a tolerance of {text} would be {points} points of {metric}, for a plain number is in the units of the metric; write `{text}%` for \
         {text} point{}, or `{points}%` if that is what you mean",
        if text == "1" { "" } else { "s" }
    )]
    WideTolerance {
        /// What was given.
        text: String,
        /// The same in points.
        points: String,
        /// The metric.
        metric: String,
    },
}
