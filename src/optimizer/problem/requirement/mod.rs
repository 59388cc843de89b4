//! What parameters must keep together, such as `width * batch_size <= 200000`.

mod expression;
mod extent;
mod parse;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::super::space::{Point, Space};
use expression::{Computed, Expression};

/// How many bytes the text of a requirement may have.
const LONGEST: usize = 1000;

/// Sides that differ by no more than this share of the numbers that they were added up from are equal: decimals such as 0.1
/// and 0.2 are not exact, and their sum is meant to be 0.3.
const ROUNDING: f64 = 1e-12;

/// How far off what is no finite number is taken to be.
const FAR: f64 = 1e6;

/// How two sides compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    AtMost,
    Below,
    AtLeast,
    Above,
    Equal,
}

impl Relation {
    fn sign(self) -> &'static str {
        match self {
            Self::AtMost => "<=",
            Self::Below => "<",
            Self::AtLeast => ">=",
            Self::Above => ">",
            Self::Equal => "==",
        }
    }

    fn holds(self, left: f64, right: f64, rounding: f64) -> bool {
        let equal = (left - right).abs() <= rounding;
        match self {
            Self::AtMost => equal || left <= right,
            Self::Below => !equal && left < right,
            Self::AtLeast => equal || left >= right,
            Self::Above => !equal && left > right,
            Self::Equal => equal,
        }
    }
}

/// What every proposed point keeps: a relation of expressions in the parameters, such as `width * batch_size <= 200000`,
/// `momentum > 0.5` or `1 <= heads * depth <= 64`.
///
/// Names stand for parameters that are numbers; numbers are such as `200_000` or `1e-3`. There are `+ - * / %` (the
/// remainder, with the sign of the divisor), `^` or `**`, and parentheses. The functions are `abs`, `sqrt`, `exp`,
/// `log` (natural), `log2`, `log10`, and `min` and `max` of two numbers or more. The comparisons are `<=`, `<`, `>=`,
/// `>` and `==`, of which several may follow each other.
///
/// Numbers are floats; sides that differ by no more than rounding does (1e-12 of what they were added up from) are equal. Where
/// a side is no finite number, such as after a division by zero, the requirement does not hold. Where a parameter that it names
/// is inactive it holds, for then it says nothing.
///
/// ```
/// use wattfront::optimizer::problem::Requirement;
/// use wattfront::optimizer::space::Point;
///
/// let requirement: Requirement = "width*batch <= 200_000".parse()?;
/// assert!(requirement.holds(&Point::from_iter([("width", 2000), ("batch", 100)])));
/// assert!(!requirement.holds(&Point::from_iter([("width", 2001), ("batch", 100)])));
/// assert_eq!(requirement.to_string(), "width * batch <= 200000");
/// # Ok::<(), wattfront::optimizer::problem::RequirementError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Requirement {
    first: Expression,
    rest: Vec<(Relation, Expression)>,
}

/// Why a text is no requirement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RequirementError {
    at: Range<usize>,
    message: String,
    help: String,
}

impl RequirementError {
    /// Where, in bytes of the text.
    #[must_use]
    pub fn at(&self) -> Range<usize> {
        self.at.clone()
    }

    /// What is wrong.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        Some(self.help.clone().into())
    }

    pub(super) fn no_number(name: &str) -> Self {
        let message = format!("`{name}` is no parameter of the space that is a number");
        Self { at: 0..0, message, help: "name a range, or a choice among numbers".to_owned() }
    }
}

impl Requirement {
    /// Whether a point keeps it.
    #[must_use]
    pub fn holds(&self, point: &Point) -> bool {
        self.judge(point).is_none_or(|excess| excess == 0.0)
    }

    /// How far a point is from keeping it, as a share of the sides' own size: 0 where it keeps it, and above where not.
    #[must_use]
    pub fn excess(&self, point: &Point) -> f64 {
        self.judge(point).unwrap_or(0.0)
    }

    /// The names of the parameters that it is about, in the order of writing, each once.
    #[must_use]
    pub fn parameters(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for side in self.sides() {
            side.names(&mut |name| {
                if !names.contains(&name) {
                    names.push(name);
                }
            });
        }
        names
    }

    /// Whether it asks for two sides to be equal.
    #[must_use]
    pub fn is_equality(&self) -> bool {
        self.rest.iter().any(|(relation, _)| *relation == Relation::Equal)
    }

    /// Whether it holds at all points whose parameters have values within these extents, or at none; `None` where neither is
    /// certain.
    #[must_use]
    pub fn verdict(&self, extent: impl Fn(&str) -> Option<(f64, f64)>) -> Option<bool> {
        extent::verdict(self, &extent)
    }

    /// Whether no point whose parameters have values within these extents keeps all of these requirements; false also where that
    /// cannot be proven quickly.
    #[must_use]
    pub fn none_keeps_all(requirements: &[&Self], extents: &[(&str, (f64, f64))]) -> bool {
        extent::none_keeps_all(requirements, extents)
    }

    /// The first name that is no parameter of the space, or one whose values are no numbers.
    #[must_use]
    pub fn stranger(&self, space: &Space) -> Option<&str> {
        let is_number = |name: &str| space.get(name).is_some_and(|parameter| parameter.domain.is_ordered());
        self.parameters().into_iter().find(|name| !is_number(name))
    }

    fn sides(&self) -> impl Iterator<Item = &Expression> {
        std::iter::once(&self.first).chain(self.rest.iter().map(|(_, side)| side))
    }

    /// As [`excess`](Self::excess); `None` where a parameter is inactive.
    fn judge(&self, point: &Point) -> Option<f64> {
        let sides: Option<Vec<Computed>> = self.sides().map(|side| side.at(point)).collect();
        let sides = sides?;
        let pairs = sides.iter().zip(&sides[1..]).zip(&self.rest);
        let excess = pairs.map(|((left, right), (relation, _))| {
            if !(left.value.is_finite() && right.value.is_finite()) {
                return FAR;
            }
            let size = left.size.max(right.size);
            let rounding = if size.is_finite() { ROUNDING * size } else { 0.0 };
            if relation.holds(left.value, right.value, rounding) {
                return 0.0;
            }
            let gap = (left.value - right.value).abs() / left.value.abs().max(right.value.abs()).max(f64::MIN_POSITIVE);
            // Of a strict relation both sides may be equal.
            gap.clamp(f64::EPSILON, FAR)
        });
        Some(excess.fold(0.0, f64::max))
    }
}

impl FromStr for Requirement {
    type Err = RequirementError;

    fn from_str(text: &str) -> Result<Self, RequirementError> {
        if text.len() > LONGEST {
            let (message, help) = (format!("a requirement has at most {LONGEST} characters"), "write several of them");
            return Err(RequirementError { at: 0..text.len(), message, help: help.to_owned() });
        }
        parse::parse(text)
    }
}

/// What was stored was read once, and its own form may be longer than what was written.
impl TryFrom<&str> for Requirement {
    type Error = RequirementError;

    fn try_from(text: &str) -> Result<Self, RequirementError> {
        text.parse()
    }
}

impl TryFrom<String> for Requirement {
    type Error = RequirementError;

    fn try_from(text: String) -> Result<Self, RequirementError> {
        parse::parse(&text)
    }
}

impl From<Requirement> for String {
    fn from(requirement: Requirement) -> Self {
        requirement.to_string()
    }
}

/// In one form, however it was written: requirements that say the same in the same order are shown alike.
impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first)?;
        self.rest.iter().try_for_each(|(relation, side)| write!(f, " {} {side}", relation.sign()))
    }
}

#[cfg(test)]
mod tests;
