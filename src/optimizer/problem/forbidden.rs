//! Combinations that are never proposed.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::super::space::{Domain, Point, Space, Value};

/// What a forbidden combination says of one parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Match {
    /// It has one of these values.
    Values(Vec<Value>),
    /// It is a number within these bounds, both included; no bound on a side that is absent.
    Range {
        /// Lower bound.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_least: Option<f64>,
        /// Upper bound.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_most: Option<f64>,
    },
}

impl Match {
    /// One of these values.
    #[must_use]
    pub fn one_of<V: Into<Value>>(values: impl IntoIterator<Item = V>) -> Self {
        Self::Values(values.into_iter().map(Into::into).collect())
    }

    /// A number from here to there, both included.
    #[must_use]
    pub fn between(low: f64, high: f64) -> Self {
        Self::Range { at_least: Some(low), at_most: Some(high) }
    }

    /// Whether a value of this domain can be that.
    pub(super) fn is_possible(&self, domain: &Domain) -> bool {
        match self {
            Self::Values(values) => values.iter().any(|v| domain.contains(&domain.typed(v.clone()))),
            Self::Range { .. } => match domain {
                Domain::Choice { values } => values.iter().any(Value::is_number),
                Domain::Float { .. } | Domain::Int { .. } => true,
            },
        }
    }

    /// This and more.
    #[must_use]
    pub fn above(bound: f64) -> Self {
        Self::Range { at_least: Some(bound), at_most: None }
    }

    /// This and less.
    #[must_use]
    pub fn below(bound: f64) -> Self {
        Self::Range { at_least: None, at_most: Some(bound) }
    }

    /// Whether a value of this domain is what this says. Values of steps, and bounds that are such values, are what they are
    /// however they are rounded.
    #[must_use]
    pub fn holds(&self, domain: &Domain, value: &Value) -> bool {
        let value = &domain.typed(value.clone());
        match self {
            Self::Values(values) => values.iter().any(|v| v.is_same(value) || domain.typed(v.clone()) == *value),
            Self::Range { at_least, at_most } => {
                let order = |bound: f64| value.number_order(&domain.typed(Value::Float(bound)));
                value.is_number()
                    && at_least.is_none_or(|low| order(low).is_some_and(Ordering::is_ge))
                    && at_most.is_none_or(|high| order(high).is_some_and(Ordering::is_le))
            }
        }
    }
}

/// Points that match every clause are never proposed. A parameter that is inactive matches nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Forbidden {
    /// Names of parameters and what they must be, at least one.
    pub clauses: Vec<(String, Match)>,
}

impl Forbidden {
    /// The combination of these: names of parameters and what they must be.
    #[must_use]
    pub fn new<K: Into<String>>(clauses: impl IntoIterator<Item = (K, Match)>) -> Self {
        Self { clauses: clauses.into_iter().map(|(name, what)| (name.into(), what)).collect() }
    }

    /// Whether a point of this space is such a combination.
    #[must_use]
    pub fn matches(&self, space: &Space, point: &Point) -> bool {
        let holds = |(name, what): &(String, Match)| Some(what.holds(&space.get(name)?.domain, point.get(name)?));
        self.clauses.iter().all(|clause| holds(clause) == Some(true))
    }
}

/// Such as `sgd or adam`, `at least 64` or `from 64 to 128`.
impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Values(values) => {
                let values: Vec<String> = values.iter().map(ToString::to_string).collect();
                f.write_str(&values.join(" or "))
            }
            Self::Range { at_least: Some(low), at_most: Some(high) } => write!(f, "from {low} to {high}"),
            Self::Range { at_least: Some(low), at_most: None } => write!(f, "at least {low}"),
            Self::Range { at_least: None, at_most: Some(high) } => write!(f, "at most {high}"),
            Self::Range { at_least: None, at_most: None } => f.write_str("any number"),
        }
    }
}

/// Such as `optimizer is sgd and batch_size is at least 64`.
impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, what)) in self.clauses.iter().enumerate() {
            let and = if i == 0 { "" } else { " and " };
            write!(f, "{and}{name} is {what}")?;
        }
        Ok(())
    }
}
