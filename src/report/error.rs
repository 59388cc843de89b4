//! What can be wrong with a request for an output.

use std::borrow::Cow;
use std::fmt;

/// Why a report or a pick cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// There is nothing to pick from.
    #[error("the study `{study}` has no finished trial to pick from ({failed} failed)")]
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
    #[error("the {kind} `{text}`: {fault}")]
    Preference {
        /// As what it was given.
        kind: PreferenceKind,
        /// What was given.
        text: String,
        /// What is wrong with it.
        fault: PreferenceFault,
    },
    /// A trial id that the study does not have.
    #[error("the study has no trial {trial}")]
    UnknownTrial {
        /// The id.
        trial: u64,
        /// The highest id of the study.
        last: u64,
    },
    /// A trial without a result.
    #[error("trial {trial} is {state}, so it has no result to compare")]
    NotFinished {
        /// The id.
        trial: u64,
        /// The state it is in, with the kind of failure.
        state: String,
        /// The trial at the knee.
        suggestion: u64,
    },
    /// A tolerance that is no number at or above zero.
    #[error("`{text}` is no tolerance")]
    Tolerance {
        /// What was given.
        text: String,
    },
    /// A plain number that would let nearly everything in.
    #[error(
        "a tolerance of {text} would be {points} points of {metric}, for a plain number is in the units of the metric"
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

impl ReportError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::NoFinishedTrial { .. } => "run it first".into(),
            Self::Preference { fault, .. } => return fault.help(),
            Self::NotFinished { suggestion, .. } => format!("pick a finished trial, such as {suggestion}").into(),
            Self::Tolerance { .. } => {
                "give a number at or above zero, such as `1%`, or `0.01` in the units of the metric".into()
            }
            Self::WideTolerance { text, points, .. } => {
                let plural = if text == "1" { "" } else { "s" };
                format!("write `{text}%` for {text} point{plural}, or `{points}%` if that is what you mean").into()
            }
            Self::UnknownTrial { last, .. } => format!("there are 0 to {last}").into(),
            Self::NothingFeasible { .. } | Self::NonePreferred { .. } => return None,
        })
    }
}

/// How a preference is given with a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreferenceKind {
    /// What a metric must reach.
    AtLeast,
    /// What a metric must not exceed.
    AtMost,
    /// How much a metric counts.
    Weight,
}

impl fmt::Display for PreferenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AtLeast => "lower bound",
            Self::AtMost => "upper bound",
            Self::Weight => "weight",
        })
    }
}

/// What is wrong with a text that is no preference.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PreferenceFault {
    /// There is no `=` in it.
    #[error("it has no `=`")]
    Form,
    /// The metric is no objective.
    #[error("`{metric}` is no objective of this study")]
    NoObjective {
        /// The metric.
        metric: String,
        /// The objectives.
        objectives: Vec<String>,
    },
    /// What stands behind `=` is no number.
    #[error("`{number}` is no number")]
    NoNumber {
        /// What stands there.
        number: String,
    },
    /// The metric has one of this kind already.
    #[error("`{metric}` has got one already")]
    Twice {
        /// The metric.
        metric: String,
    },
    /// A weight of zero or below.
    #[error("a weight is above zero")]
    NoWeight,
    /// A bound on the good side.
    #[error("`{metric}` is {}", if matches!(wanted, PreferenceKind::AtLeast) { "maximized" } else { "minimized" })]
    WrongSide {
        /// The metric.
        metric: String,
        /// The number.
        value: f64,
        /// The bound that it can have.
        wanted: PreferenceKind,
    },
}

impl PreferenceFault {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Form => "it is written METRIC=NUMBER, such as accuracy=0.93".into(),
            Self::NoObjective { objectives, .. } => format!("the objectives are: {}", objectives.join(", ")).into(),
            Self::Twice { .. } => "give it once for each metric".into(),
            Self::WrongSide { metric, value, wanted } => {
                format!("give it as the {wanted} {metric}={value} instead").into()
            }
            Self::NoNumber { .. } | Self::NoWeight => return None,
        })
    }
}
