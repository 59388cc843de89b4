//! Objectives: metrics to be made as good as possible.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::super::nearest::nearest;
use super::super::space::Scale;
use super::Bound;

/// Which direction of a metric is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// Larger is better.
    Maximize,
    /// Smaller is better.
    Minimize,
}

/// A metric to maximize, on a linear scale.
///
/// ```
/// use wattfront::optimizer::problem::{maximize, minimize};
///
/// let objectives = [maximize("accuracy"), minimize("energy").log().reference(1e5)];
/// ```
#[must_use]
pub fn maximize(metric: impl Into<String>) -> Objective {
    Objective { metric: metric.into(), goal: Goal::Maximize, scale: Scale::Linear, reference: None }
}

/// A metric to minimize, on a linear scale.
#[must_use]
pub fn minimize(metric: impl Into<String>) -> Objective {
    Objective { metric: metric.into(), goal: Goal::Minimize, scale: Scale::Linear, reference: None }
}

/// One metric to be made as good as possible. Made by [`maximize`] and [`minimize`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Objective {
    /// The metric's name.
    pub metric: String,
    /// Which direction is better.
    pub goal: Goal,
    /// With [`Scale::Log`] the objective *is* the natural logarithm of the metric, for the search and for every
    /// hypervolume.
    pub scale: Scale,
    /// This coordinate of the reference point, in the metric's own units; inferred if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<f64>,
}

impl Objective {
    /// On a log scale: the objective *is* the logarithm of the metric, whose values must be above zero.
    #[must_use]
    pub fn log(mut self) -> Self {
        self.scale = Scale::Log;
        self
    }

    /// With its coordinate of the reference point, in the metric's own units. It is inferred where none is given.
    #[must_use]
    pub fn reference(mut self, value: f64) -> Self {
        self.reference = Some(value);
        self
    }

    /// The loss of a metric's value: its scaled value, negated for [`Goal::Maximize`].
    ///
    /// # Errors
    /// [`ValueError::NotFinite`] for NaN and infinities, [`ValueError::LogOfNonPositive`] for a value that a log scale
    /// cannot take.
    pub fn loss(&self, value: f64) -> Result<f64, ValueError> {
        if !value.is_finite() {
            return Err(ValueError::NotFinite { metric: self.metric.clone(), value });
        }
        let scaled = match self.scale {
            Scale::Linear => value,
            Scale::Log if value > 0.0 => value.ln(),
            Scale::Log => return Err(ValueError::LogOfNonPositive { metric: self.metric.clone(), value }),
        };
        Ok(match self.goal {
            Goal::Minimize => scaled,
            Goal::Maximize => -scaled,
        })
    }

    /// The standard deviation of the loss of a metric that is `value` with the standard deviation `sd`: `sd` itself, or
    /// `sd / value` on a log scale (the delta method, to first order).
    #[must_use]
    pub fn loss_sd(&self, value: f64, sd: f64) -> f64 {
        match self.scale {
            Scale::Linear => sd,
            Scale::Log => sd / value.abs(),
        }
    }

    /// The largest loss that keeps a bound on the metric; `None` for a bound on the good side, and for one that the scale
    /// cannot take.
    #[must_use]
    pub fn limit(&self, bound: Bound) -> Option<f64> {
        match (self.goal, bound) {
            (Goal::Maximize, Bound::AtLeast(v)) | (Goal::Minimize, Bound::AtMost(v)) => self.loss(v).ok(),
            _ => None,
        }
    }

    /// The metric's value that has this loss: the inverse of [`loss`](Self::loss).
    #[must_use]
    pub fn value(&self, loss: f64) -> f64 {
        let scaled = match self.goal {
            Goal::Minimize => loss,
            Goal::Maximize => -loss,
        };
        match self.scale {
            Scale::Linear => scaled,
            Scale::Log => scaled.exp(),
        }
    }
}

/// Why metrics cannot be taken as the outcome of a trial.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// The trial did not report an objective's metric.
    #[error("the metric `{metric}` was not reported (reported: {})", list(.reported))]
    Missing {
        /// The metric that an objective needs.
        metric: String,
        /// The metrics that are there.
        reported: Vec<String>,
    },
    /// NaN or an infinity.
    #[error("the metric `{metric}` is {}", in_words(*.value))]
    NotFinite {
        /// The metric.
        metric: String,
        /// Its value.
        value: f64,
    },
    /// Zero or less under a log scale.
    #[error("the metric `{metric}` is {value}, but its objective has a log scale, which needs values above zero")]
    LogOfNonPositive {
        /// The metric.
        metric: String,
        /// Its value.
        value: f64,
    },
}

impl ValueError {
    /// What helps, as a sentence.
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Missing { metric, reported } => {
                // What there is stands in the error itself.
                let near = nearest(metric, reported.iter().map(String::as_str));
                near.map(|near| format!("did you mean `{near}`?").into())
            }
            Self::NotFinite { .. } => Some("tell the trial as failed, so that the sampler stays away".into()),
            Self::LogOfNonPositive { .. } => Some("use a linear scale where zero can be".into()),
        }
    }
}

fn in_words(value: f64) -> &'static str {
    match value {
        v if v.is_nan() => "NaN, which is not a finite number",
        v if v > 0.0 => "infinite or too large, so not a finite number",
        _ => "minus infinity or too far below zero, so not a finite number",
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}
