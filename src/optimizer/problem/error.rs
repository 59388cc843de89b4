//! What can be wrong with a problem.

use std::borrow::Cow;
use std::convert::Infallible;

use super::{RequirementError, ValueError};
use crate::optimizer::space::PointError;

/// Why a problem cannot be taken. Every variant names the part at fault.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemError {
    /// No objective at all.
    #[error("the problem has no objective")]
    NoObjective,
    /// Two objectives of one metric.
    #[error("the metric `{metric}` is an objective twice")]
    DuplicateObjective {
        /// The metric.
        metric: String,
    },
    /// A metric without a character in its name, or with one that controls a terminal.
    #[error("a metric has the name {metric:?}, which {}", if metric.is_empty() { "is empty" } else { "has a control character" })]
    MetricName {
        /// The name.
        metric: String,
    },
    /// An objective's coordinate of the reference point is no number that it can have.
    #[error("the reference of `{metric}` is unusable")]
    Reference {
        /// The metric.
        metric: String,
        /// What is wrong with it.
        source: ValueError,
    },
    /// A preference, or a question, about a metric that is no objective.
    #[error("`{metric}` is no objective of this problem")]
    UnknownObjective {
        /// The metric.
        metric: String,
        /// The objective that was likely meant.
        nearest: Option<String>,
    },
    /// A forbidden combination of a parameter that the space does not have.
    #[error("the space has no parameter `{name}`, which a forbidden combination names")]
    UnknownParameter {
        /// The name.
        name: String,
        /// The parameter that was likely meant.
        nearest: Option<String>,
    },
    /// A forbidden combination that no point can match.
    #[error("`{name}` is never {what}, so this combination forbids nothing")]
    NeverThat {
        /// The parameter.
        name: String,
        /// What it never is.
        what: String,
    },
    /// A forbidden combination of nothing, which every point would match.
    #[error("a forbidden combination without any part would forbid every point")]
    EmptyForbidden,
    /// A bound that is NaN or infinite.
    #[error("{what} is {value}, which is no finite number")]
    NotFinite {
        /// What it should bound.
        what: String,
        /// What it is.
        value: f64,
    },
    /// A preference's weight that is not above zero, or not finite.
    #[error("the weight of `{metric}` is {weight}; it must be a finite number above zero")]
    Weight {
        /// The metric.
        metric: String,
        /// Its weight.
        weight: f64,
    },
    /// A requirement that is none, or of what is no number of the space.
    #[error(transparent)]
    Requirement(#[from] RequirementError),
    /// A start that the space does not have.
    #[error("a start is no point of the space")]
    Start {
        /// What is wrong with it.
        source: PointError,
    },
}

impl ProblemError {
    /// What helps, as a sentence; `None` where the message says it.
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::NoObjective => {
                Some("give it at least one: `maximize(\"accuracy\")` or `minimize(\"energy\")`".into())
            }
            Self::MetricName { .. } => Some("give it a name of printable characters".into()),
            Self::DuplicateObjective { .. } => Some("keep one of the two".into()),
            Self::Reference { .. } => Some("give another, or none: then it is inferred".into()),
            Self::UnknownObjective { nearest, .. } | Self::UnknownParameter { nearest, .. } => {
                nearest.as_ref().map(|near| format!("did you mean `{near}`?").into())
            }
            Self::NeverThat { .. } => {
                Some("name a value that the parameter can have, or leave the combination out".into())
            }
            Self::EmptyForbidden => Some("leave it out".into()),
            Self::Requirement(error) => error.help(),
            Self::Start { source } => source.help(),
            Self::NotFinite { .. } | Self::Weight { .. } => None,
        }
    }
}

/// For requirements that are parsed already.
impl From<Infallible> for ProblemError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
