//! What can be wrong with a space or a point.

use std::borrow::Cow;

use super::{Domain, Value};

/// Why a space cannot be built. Every variant names the parameter at fault.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SpaceError {
    /// No parameter at all.
    #[error("the space has no parameters")]
    Empty,
    /// Two parameters of one name.
    #[error("parameter `{name}` is declared twice")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A name without a character, or with one that controls a terminal.
    #[error("a parameter has the name {name:?}, which {}", if name.is_empty() { "is empty" } else { "has a control character" })]
    Name {
        /// The name.
        name: String,
    },
    /// `low` is above `high`, or a bound is NaN or infinite.
    #[error("parameter `{name}`: the range from {low} to {high} is empty or not finite")]
    Range {
        /// The parameter.
        name: String,
        /// Its lower bound.
        low: f64,
        /// Its upper bound.
        high: f64,
    },
    /// A range of floats whose width is larger than any float.
    #[error("parameter `{name}`: the range from {low:e} to {high:e} is wider than a number can be")]
    TooWide {
        /// The parameter.
        name: String,
        /// Its lower bound.
        low: f64,
        /// Its upper bound.
        high: f64,
    },
    /// A range of floats that holds next to none.
    #[error("parameter `{name}`: there are next to no numbers from {low:?} to {high:?}, as computers count them")]
    TooNarrow {
        /// The parameter.
        name: String,
        /// Its lower bound.
        low: f64,
        /// Its upper bound.
        high: f64,
    },
    /// A bound of a range of whole numbers beyond 2^53, where floats no longer tell whole numbers apart.
    #[error(
        "parameter `{name}`: {value} is beyond 9007199254740992 (2^53), and larger whole numbers are not told apart"
    )]
    LargeInteger {
        /// The parameter.
        name: String,
        /// The bound.
        value: i64,
    },
    /// A log scale whose range touches or crosses zero.
    #[error("parameter `{name}`: a log scale needs a lower bound above zero, not {low}")]
    LogThroughZero {
        /// The parameter.
        name: String,
        /// Its lower bound.
        low: f64,
    },
    /// A step that is not above zero, is wider than the range, or stands beside a float's log scale. Or one that makes
    /// more values than can be told apart ([`MOST_LEVELS`](super::MOST_LEVELS)).
    #[error("parameter `{name}`: {reason}")]
    Step {
        /// The parameter.
        name: String,
        /// What is wrong with the step.
        reason: String,
        /// Which step would do, in words.
        advice: Option<String>,
    },
    /// A modifier that makes no sense for the parameter's kind.
    #[error("parameter `{name}`: {reason}")]
    Modifier {
        /// The parameter.
        name: String,
        /// Why it makes none.
        reason: String,
    },
    /// A [prior](super::Prior) that does not fit the parameter.
    #[error("parameter `{name}`: its prior cannot be taken: {reason}")]
    Prior {
        /// The parameter.
        name: String,
        /// What is wrong with the prior.
        reason: String,
    },
    /// A choice of nothing.
    #[error("parameter `{name}`: a choice needs at least one value")]
    EmptyChoice {
        /// The parameter.
        name: String,
    },
    /// A value listed twice, one that programs and people could not tell from another, or one that no program can be given.
    #[error("parameter `{name}`: the value {} {reason}", .value.to_toml())]
    ChoiceValue {
        /// The parameter.
        name: String,
        /// The value.
        value: Value,
        /// What is wrong with it.
        reason: String,
    },
    /// A condition on a parameter that does not exist.
    #[error("parameter `{name}`: its condition names the unknown parameter `{on}`")]
    UnknownCondition {
        /// The parameter with the condition.
        name: String,
        /// The name in the condition.
        on: String,
        /// The parameter that was likely meant.
        nearest: Option<String>,
    },
    /// A condition that can never hold, because the other parameter never has that value.
    #[error("parameter `{name}`: its condition wants `{on}` = {value}, a value that `{on}` never has")]
    ConditionValue {
        /// The parameter with the condition.
        name: String,
        /// The parameter that decides.
        on: String,
        /// The impossible value.
        value: Value,
    },
    /// Conditions that go round in a circle.
    #[error("the conditions of {} depend on each other in a circle", .names.join(", "))]
    ConditionCycle {
        /// The parameters in the circle.
        names: Vec<String>,
    },
}

impl SpaceError {
    /// The parameter at fault, where there is one.
    #[must_use]
    pub fn parameter(&self) -> Option<&str> {
        match self {
            Self::Empty => None,
            Self::DuplicateName { name }
            | Self::Name { name }
            | Self::Range { name, .. }
            | Self::TooWide { name, .. }
            | Self::TooNarrow { name, .. }
            | Self::LargeInteger { name, .. }
            | Self::LogThroughZero { name, .. }
            | Self::Step { name, .. }
            | Self::Modifier { name, .. }
            | Self::Prior { name, .. }
            | Self::EmptyChoice { name }
            | Self::ChoiceValue { name, .. }
            | Self::UnknownCondition { name, .. }
            | Self::ConditionValue { name, .. } => Some(name),
            Self::ConditionCycle { names } => names.first().map(String::as_str),
        }
    }
}

/// What to do about it.
impl SpaceError {
    /// What helps, as a sentence; `None` where the message says it.
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Empty => "give it at least one parameter: a `float`, an `int` or a `choice`".into(),
            Self::Name { .. } => "give it a name of printable characters".into(),
            Self::DuplicateName { .. } => "rename one of the two".into(),
            Self::Range { low, high, .. } if low > high => "swap the bounds".into(),
            Self::Range { .. } => "both bounds must be finite numbers".into(),
            Self::TooWide { .. } => "narrow it, or use a log scale".into(),
            Self::TooNarrow { .. } => "widen it, or list the values as a choice".into(),
            Self::LargeInteger { .. } => {
                "search an exponent or a factor instead, or list the values as a choice".into()
            }
            Self::LogThroughZero { .. } => "begin above zero, or use a linear scale".into(),
            Self::UnknownCondition { nearest: Some(near), .. } => format!("did you mean `{near}`?").into(),
            Self::UnknownCondition { .. } => "a condition names another parameter of the space".into(),
            Self::ConditionCycle { .. } => "remove the condition of one of them".into(),
            Self::Step { advice, .. } => return advice.clone().map(Cow::from),
            Self::Modifier { .. }
            | Self::Prior { .. }
            | Self::EmptyChoice { .. }
            | Self::ChoiceValue { .. }
            | Self::ConditionValue { .. } => return None,
        })
    }
}

/// Why a point does not belong to a space.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PointError {
    /// A name that the space does not have.
    #[error("the space has no parameter `{name}`")]
    Unknown {
        /// The name.
        name: String,
        /// The parameter that was likely meant.
        nearest: Option<String>,
    },
    /// An active parameter without a value.
    #[error("parameter `{name}` has no value")]
    Missing {
        /// The parameter.
        name: String,
    },
    /// A value for a parameter whose condition does not hold.
    #[error("parameter `{name}` has a value, but its condition does not hold at this point")]
    Inactive {
        /// The parameter.
        name: String,
    },
    /// A value outside the parameter's domain, or of another type.
    #[error("parameter `{name}` cannot be {}{}", in_words(.value), nearest_in_words(.nearest))]
    Value {
        /// The parameter.
        name: String,
        /// The value.
        value: Value,
        /// The values of the parameter next to it, where it is a number among others: one or two.
        nearest: Vec<Value>,
    },
}

impl PointError {
    /// What helps, as a sentence; `None` where the message says it.
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Unknown { nearest, .. } => nearest.as_ref().map(|near| format!("did you mean `{near}`?").into()),
            Self::Missing { .. } => Some("give it one; it is active at this point".into()),
            Self::Inactive { .. } => Some("leave it out, or change the parameter that its condition names".into()),
            Self::Value { .. } => None,
        }
    }

    /// A value that the parameter of this domain does not have.
    pub(crate) fn value(name: String, value: Value, domain: &Domain) -> Self {
        let nearest = domain.neighbours(&value);
        Self::Value { name, value, nearest }
    }
}

/// A value, in quotation marks where it is a text that looks like something else.
fn in_words(value: &Value) -> String {
    let looks_otherwise = |text: &str| text.parse::<f64>().is_ok() || ["true", "false", "none", ""].contains(&text);
    match value {
        Value::Text(text) if looks_otherwise(text) => value.to_toml(),
        value => value.to_string(),
    }
}

/// Such as `; the nearest values are 0.3 and 0.4`.
fn nearest_in_words(nearest: &[Value]) -> String {
    match nearest {
        [] => String::new(),
        [one] => format!("; the nearest value is {one}"),
        several => {
            let words: Vec<String> = several.iter().map(ToString::to_string).collect();
            format!("; the nearest values are {}", words.join(" and "))
        }
    }
}
