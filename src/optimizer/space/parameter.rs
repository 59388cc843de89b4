//! One parameter: its name, the values it can take, and when it is active.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::stepped::Stepped;
use super::{Prior, SpaceError, Value};

/// How the values of a numeric parameter or objective are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Equal differences count the same (the default).
    #[default]
    Linear,
    /// Equal ratios count the same; every value must be above zero.
    Log,
}

/// The values that a parameter can take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
#[non_exhaustive]
pub enum Domain {
    /// Floating-point numbers from `low` to `high`, both included.
    Float {
        /// Smallest value.
        low: f64,
        /// Largest value.
        high: f64,
        /// Spread of the values.
        scale: Scale,
        /// If given, only `low`, `low + step`, `low + 2 step`, ... up to `high`. Cannot be combined with [`Scale::Log`].
        step: Option<f64>,
    },
    /// Whole numbers `low`, `low + step`, ... up to `high`, from -2^53 to 2^53: those that a float tells apart.
    Int {
        /// Smallest value.
        low: i64,
        /// No value is larger than this.
        high: i64,
        /// Spread of the values.
        scale: Scale,
        /// Distance of neighbouring values, at least 1.
        step: i64,
    },
    /// One of the listed values, each as it was written. If all are numbers they are ordered by size, else they have no order.
    Choice {
        /// The values, at least one, no two equal or the same text.
        values: Vec<Value>,
    },
}

impl Domain {
    /// Whether the values have an order that the surrogate may use: everything but a choice among names.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        match self {
            Self::Choice { values } => values.iter().all(Value::is_number),
            Self::Float { .. } | Self::Int { .. } => true,
        }
    }

    /// How many values there are, or `None` if there is a continuum.
    #[must_use]
    pub fn cardinality(&self) -> Option<u64> {
        match self {
            Self::Float { low, high, .. } if low == high => Some(1),
            Self::Float { step: None, .. } => None,
            Self::Float { step: Some(_), .. } => Some(self.stepped()?.count()),
            Self::Int { low, high, step, .. } => Some((high.abs_diff(*low) / stride(*step)).saturating_add(1)),
            Self::Choice { values } => Some(values.len() as u64),
        }
    }

    /// The `k`-th value in ascending order (of listing, for a choice), or `None` if there is none or a continuum.
    #[must_use]
    pub fn nth(&self, k: u64) -> Option<Value> {
        if k >= self.cardinality()? {
            return None;
        }
        Some(match self {
            Self::Float { low, .. } => Value::Float(self.stepped().map_or(*low, |stepped| stepped.value(k))),
            Self::Int { low, step, .. } => Value::Int(low.checked_add_unsigned(k.checked_mul(stride(*step))?)?),
            Self::Choice { values } => values.get(usize::try_from(k).ok()?)?.clone(),
        })
    }

    /// The values of a range of floats with a step.
    pub(super) fn stepped(&self) -> Option<Stepped> {
        match self {
            Self::Float { low, high, step: Some(step), .. } => Some(Stepped { low: *low, high: *high, step: *step }),
            _ => None,
        }
    }

    /// The value in the middle: of a range, half way on its own scale (the lower of two); of a choice, the first that is
    /// listed.
    #[must_use]
    pub fn middle(&self) -> Option<Value> {
        match self {
            Self::Float { low, high, scale: Scale::Log, step: None } => {
                // Not `clamp`, which panics where nobody has checked the range.
                Some(Value::Float((low.sqrt() * high.sqrt()).max(*low).min(*high)))
            }
            Self::Float { low, high, step: None, .. } => Some(Value::Float(low + (high - low) / 2.0)),
            Self::Int { low, high, scale: Scale::Log, step } => {
                let centre = (*low as f64).sqrt() * (*high as f64).sqrt();
                let steps = ((centre - *low as f64) / stride(*step) as f64).round() as u64;
                self.nth(steps.min(self.cardinality()? - 1))
            }
            Self::Float { .. } | Self::Int { .. } => self.nth((self.cardinality()? - 1) / 2),
            Self::Choice { values } => values.first().cloned(),
        }
    }

    /// The same number in the type and spelling that this domain has, if only so it is one of its values: 1 for a range of floats
    /// becomes 1.0, 16.0 for a choice among whole numbers 16, and 0.30000000000000004 for steps of 0.1 becomes 0.3. Other values stay
    /// as they are.
    #[must_use]
    pub fn typed(&self, value: Value) -> Value {
        if let (Some(stepped), Some(v)) = (self.stepped(), value.as_f64()) {
            return stepped.level(v).map_or(value, |k| Value::Float(stepped.value(k)));
        }
        if self.contains(&value) {
            return value;
        }
        let twin = match (self, &value) {
            (Self::Choice { values }, _) => values.iter().find(|v| v.is_same(&value)).cloned(),
            (Self::Float { .. }, Value::Int(_)) => value.as_f64().map(Value::Float),
            (Self::Int { .. }, Value::Float(v)) if v.fract() == 0.0 && v.abs() < 9e15 => Some(Value::Int(*v as i64)),
            _ => None,
        };
        twin.unwrap_or(value)
    }

    /// The values next to a number that is between two of them, or beyond them all; none of a continuum, of a choice, or of what is a
    /// value itself.
    #[must_use]
    pub fn neighbours(&self, value: &Value) -> Vec<Value> {
        let (Some(v), Some(count)) = (value.as_f64(), self.cardinality()) else { return Vec::new() };
        if v.is_nan() || matches!(self, Self::Choice { .. }) || self.contains(&self.typed(value.clone())) {
            return Vec::new();
        }
        let is_above = |k: &u64| self.nth(*k).is_some_and(|other| value.number_order(&other) == Some(Ordering::Less));
        // The first that is above it, by halves.
        let (mut from, mut to) = (0, count);
        while from < to {
            let middle = from + (to - from) / 2;
            (from, to) = if is_above(&middle) { (from, middle) } else { (middle + 1, to) };
        }
        from.checked_sub(1).into_iter().chain([from]).filter_map(|k| self.nth(k)).collect()
    }

    /// Whether `value` is one of this domain's values, in type and in size; of steps, however it is rounded.
    #[must_use]
    pub fn contains(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Float { low, high, .. }, Value::Float(v)) => {
                self.stepped().map_or(low <= v && v <= high, |stepped| stepped.holds(*v))
            }
            (Self::Int { low, high, step, .. }, Value::Int(v)) => {
                low <= v && v <= high && v.abs_diff(*low).is_multiple_of(stride(*step))
            }
            (Self::Choice { values }, v) => values.contains(v),
            _ => false,
        }
    }
}

/// The distance of neighbouring whole numbers, also of a domain that nobody has checked.
fn stride(step: i64) -> u64 {
    step.unsigned_abs().max(1)
}

/// One part of a condition: the named parameter is active and has one of the listed values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Clause {
    /// The parameter that decides.
    pub parameter: String,
    /// The values of it under which the clause holds.
    pub values: Vec<Value>,
}

/// One dimension of the search space. Made by [`float`](super::float), [`int`](super::int) and [`choice`](super::choice).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Parameter {
    /// Its name, unique in the space.
    pub name: String,
    /// The values it can take.
    pub domain: Domain,
    /// The parameter is active where all of these hold; always, if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub condition: Vec<Clause>,
    /// Where the best values are expected. A problem takes it over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) prior: Option<Prior>,
    /// The first modifier that does not fit the domain.
    #[serde(skip)]
    pub(super) misuse: Option<Box<SpaceError>>,
}
