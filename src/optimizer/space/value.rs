//! One value of one parameter.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The value of one parameter in one point.
///
/// Numbers keep their type: `Int(1)` and `Float(1.0)` are different values, also through JSON.
#[derive(Debug, Clone, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A truth value, only in choices.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A finite floating-point number.
    Float(f64),
    /// A name, only in choices.
    Text(String),
}

impl Value {
    /// The number that this value is, or `None` for a truth value or a name.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "ranges end at 2^53; of a choice, only the order is asked")]
            Self::Int(v) => Some(*v as f64),
            Self::Float(v) => Some(*v),
            Self::Bool(_) | Self::Text(_) => None,
        }
    }

    /// The whole number that this value is, or `None`.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        if let Self::Int(v) = self { Some(*v) } else { None }
    }

    /// The name that this value is, or `None`.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(v) = self { Some(v) } else { None }
    }

    /// Whether both are numbers, and the same: 16 and 16.0 are, 2^53 and 2^53 + 1 are not.
    #[must_use]
    pub fn is_same_number(&self, other: &Self) -> bool {
        self.number_order(other) == Some(Ordering::Equal)
    }

    /// The order of two finite numbers, exact also where a float would round a whole number; `None` for anything else.
    #[must_use]
    pub fn number_order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            (Self::Int(a), Self::Float(b)) => order(*a, *b),
            (Self::Float(a), Self::Int(b)) => order(*b, *a).map(Ordering::reverse),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(b),
            _ => None,
        }
    }

    /// Whether this is `Int` or `Float`.
    #[must_use]
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Float(_))
    }
}

fn order(whole: i64, number: f64) -> Option<Ordering> {
    /// The first float that no `i64` reaches.
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if number.is_nan() {
        return None;
    }
    if number >= BEYOND {
        return Some(Ordering::Less);
    }
    if number < -BEYOND {
        return Some(Ordering::Greater);
    }
    #[expect(clippy::cast_possible_truncation, reason = "within the range, and cut at the point on purpose")]
    let cut = number.trunc() as i64;
    Some(whole.cmp(&cut).then_with(|| 0.0.partial_cmp(&number.fract()).unwrap_or(Ordering::Equal)))
}

/// The shortest form that reads back as the same value; names stand without quotation marks.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(v) => write!(f, "{v}"),
            Self::Int(v) => write!(f, "{v}"),
            // `{:?}` keeps the ".0" of whole floats and switches to exponents for very small and very large ones.
            Self::Float(v) => write!(f, "{v:?}"),
            Self::Text(v) => f.write_str(v),
        }
    }
}

impl From<bool> for Value {
    fn from(v: bool) -> Self {
        Self::Bool(v)
    }
}

impl From<i64> for Value {
    fn from(v: i64) -> Self {
        Self::Int(v)
    }
}

impl From<i32> for Value {
    fn from(v: i32) -> Self {
        Self::Int(v.into())
    }
}

impl From<f64> for Value {
    fn from(v: f64) -> Self {
        Self::Float(v)
    }
}

impl From<&str> for Value {
    fn from(v: &str) -> Self {
        Self::Text(v.to_owned())
    }
}

impl From<String> for Value {
    fn from(v: String) -> Self {
        Self::Text(v)
    }
}
