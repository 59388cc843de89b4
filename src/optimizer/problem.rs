//! What is searched for: a space and the objectives over it.
//!
//! The only place where signs are flipped and scales applied. Everything behind it (fronts, hypervolumes, surrogates)
//! works on *losses*: one number per objective, smaller is better, on the scale that the user asked for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::space::{Scale, Space};

/// Named numbers of one trial, in the units in which they were reported.
pub type Metrics = BTreeMap<String, f64>;

/// Which direction of a metric is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// Larger is better.
    Maximize,
    /// Smaller is better.
    Minimize,
}

/// One metric to be made as good as possible.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    #[error("the metric `{metric}` is {value}, which is not a finite number")]
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

fn list(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// A space and at least one objective.
///
/// ```
/// use wattfront::optimizer::{problem::Problem, space::Space};
///
/// let space = Space::builder().float("learning_rate", 1e-5..=1e-1).log().build()?;
/// let problem = Problem::new(space).maximize("accuracy").minimize("energy").log();
/// assert_eq!(problem.objectives().len(), 2);
/// # Ok::<(), wattfront::optimizer::space::SpaceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    space: Space,
    objectives: Vec<Objective>,
}

impl Problem {
    /// A problem without objectives; add some with [`maximize`](Self::maximize) and [`minimize`](Self::minimize).
    #[must_use]
    pub fn new(space: Space) -> Self {
        Self { space, objectives: Vec::new() }
    }

    /// Adds a metric to maximize, on a linear scale.
    #[must_use]
    pub fn maximize(self, metric: impl Into<String>) -> Self {
        self.objective(Objective { metric: metric.into(), goal: Goal::Maximize, scale: Scale::Linear, reference: None })
    }

    /// Adds a metric to minimize, on a linear scale.
    #[must_use]
    pub fn minimize(self, metric: impl Into<String>) -> Self {
        self.objective(Objective { metric: metric.into(), goal: Goal::Minimize, scale: Scale::Linear, reference: None })
    }

    /// Adds an objective.
    #[must_use]
    pub fn objective(mut self, objective: Objective) -> Self {
        self.objectives.push(objective);
        self
    }

    /// Puts the last objective on a log scale.
    #[must_use]
    pub fn log(mut self) -> Self {
        if let Some(last) = self.objectives.last_mut() {
            last.scale = Scale::Log;
        }
        self
    }

    /// Gives the last objective its coordinate of the reference point, in the metric's own units.
    #[must_use]
    pub fn reference(mut self, value: f64) -> Self {
        if let Some(last) = self.objectives.last_mut() {
            last.reference = Some(value);
        }
        self
    }

    /// The space.
    #[must_use]
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// The objectives, in the order in which they were added.
    #[must_use]
    pub fn objectives(&self) -> &[Objective] {
        &self.objectives
    }

    /// The losses of a trial's metrics: one per objective, smaller is better.
    ///
    /// # Errors
    /// A [`ValueError`] if a metric is missing, not finite, or not above zero where the scale is logarithmic.
    pub fn losses(&self, metrics: &Metrics) -> Result<Vec<f64>, ValueError> {
        let loss = |objective: &Objective| {
            let value = metrics.get(&objective.metric).ok_or_else(|| ValueError::Missing {
                metric: objective.metric.clone(),
                reported: metrics.keys().cloned().collect(),
            })?;
            objective.loss(*value)
        };
        self.objectives.iter().map(loss).collect()
    }

    /// The metrics' values that have these losses, in the order of the objectives.
    #[must_use]
    pub fn values(&self, losses: &[f64]) -> Vec<f64> {
        self.objectives.iter().zip(losses).map(|(o, l)| o.value(*l)).collect()
    }
}
