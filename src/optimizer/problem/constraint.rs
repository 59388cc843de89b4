//! Bounds that metrics must keep.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::super::space::Value;

/// One side on which a number is bounded; the bound itself is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

impl Bound {
    /// The number itself.
    #[must_use]
    pub fn value(self) -> f64 {
        match self {
            Self::AtLeast(value) | Self::AtMost(value) => value,
        }
    }

    /// How far a value is beyond the bound, in its own units: zero or less where it keeps it.
    #[must_use]
    pub fn violation(self, value: f64) -> f64 {
        match self {
            Self::AtLeast(bound) => bound - value,
            Self::AtMost(bound) => value - bound,
        }
    }
}

/// Such as `at least 0.93`.
impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(value) => write!(f, "at least {}", short(*value)),
            Self::AtMost(value) => write!(f, "at most {}", short(*value)),
        }
    }
}

fn short(value: f64) -> String {
    let text = Value::Float(value).to_string();
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// The constraint that a metric is this or more, in its own units.
#[must_use]
pub fn at_least(metric: impl Into<String>, value: f64) -> Constraint {
    Constraint { metric: metric.into(), bound: Bound::AtLeast(value) }
}

/// The constraint that a metric is this or less, in its own units.
#[must_use]
pub fn at_most(metric: impl Into<String>, value: f64) -> Constraint {
    Constraint { metric: metric.into(), bound: Bound::AtMost(value) }
}

/// A bound that a metric must keep. A trial that breaks one is finished, teaches the surrogate, and is on no front.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Constraint {
    /// The metric's name: an objective's or any other that trials report.
    pub metric: String,
    /// Its bound, in the metric's own units.
    pub bound: Bound,
}

/// Such as `accuracy at least 0.93`.
impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.metric, self.bound)
    }
}
