//! What a setting can be, and whether the settings of a study go together.

use std::collections::BTreeMap;

use super::table::SETTINGS;
use super::{RecipeError, possible};
use crate::data::Partition;
use crate::optimizer::space::{Domain, Parameter, Value};

/// The values that a setting can take.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Range {
    /// Numbers from `low` to `high`, both included. Whole numbers may be written without a point.
    Float {
        /// Smallest value.
        low: f64,
        /// Largest value.
        high: f64,
    },
    /// Whole numbers from `low` to `high`, both included.
    Int {
        /// Smallest value.
        low: i64,
        /// Largest value.
        high: i64,
    },
    /// One of these names.
    Names(&'static [&'static str]),
    /// Any text but an empty one: what it stands for.
    Text(&'static str),
    /// How samples are divided, as [`Partition`] reads it.
    Partition,
}

impl Range {
    fn contains(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Float { low, high }, Value::Float(_) | Value::Int(_)) => {
                value.as_f64().is_some_and(|v| low <= v && v <= high)
            }
            (Self::Int { low, high }, Value::Int(v)) => low <= *v && *v <= high,
            (Self::Names(names), Value::Text(v)) => names.contains(&v.as_str()),
            (Self::Text(_), Value::Text(v)) => !v.is_empty(),
            (Self::Partition, Value::Text(v)) => v.parse::<Partition>().is_ok(),
            _ => false,
        }
    }
}

/// In words: `a number from 0.0 to 1.0`, `a whole number from 1 to 16`, `mlp or cnn`.
impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Float { low, high } => write!(f, "a number from {low:?} to {high:?}"),
            Self::Int { low, high } => write!(f, "a whole number from {low} to {high}"),
            Self::Names(names) => f.write_str(&names.join(" or ")),
            Self::Text(what) => f.write_str(what),
            Self::Partition => f.write_str("`given` or percentages for training, validation and test such as 80-10-10"),
        }
    }
}

/// The default of a setting.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum DefaultValue {
    /// There is none: the setting must be given.
    None,
    /// There is none, and the setting need not be given.
    Absent,
    /// A number.
    Float(f64),
    /// A whole number.
    Int(i64),
    /// A name.
    Name(&'static str),
}

impl DefaultValue {
    /// The default as a value, if there is one.
    #[must_use]
    pub fn value(self) -> Option<Value> {
        match self {
            Self::None | Self::Absent => None,
            Self::Float(v) => Some(Value::Float(v)),
            Self::Int(v) => Some(Value::Int(v)),
            Self::Name(v) => Some(Value::from(v)),
        }
    }
}

/// A setting has a meaning only beside certain values of another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    /// The setting that decides.
    pub on: &'static str,
    /// The values of it that give the other one a meaning.
    pub values: &'static [&'static str],
}

/// One setting of a recipe.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Setting {
    /// Its name in study files.
    pub name: &'static str,
    /// What it can be.
    pub range: Range,
    /// What it is where it is not given.
    pub default: DefaultValue,
    /// Where it has a meaning; everywhere, if `None`.
    pub condition: Option<Condition>,
    /// Whether it may differ between the trials of one study.
    pub searchable: bool,
    /// What it does, in one sentence.
    pub description: &'static str,
}

impl Setting {
    /// The setting of this name.
    ///
    /// # Errors
    /// [`RecipeError::Unknown`], which lists the names that there are.
    pub fn find(name: &str) -> Result<&'static Self, RecipeError> {
        SETTINGS.iter().find(|s| s.name == name).ok_or_else(|| RecipeError::Unknown {
            name: name.to_owned(),
            known: SETTINGS.iter().map(|s| s.name.to_owned()).collect(),
        })
    }

    /// Checks a fixed value.
    ///
    /// # Errors
    /// [`RecipeError::Value`] for a value of another type or out of range.
    pub fn check_value(&self, value: &Value) -> Result<(), RecipeError> {
        if self.range.contains(value) {
            return Ok(());
        }
        let allowed = self.range.to_string();
        Err(RecipeError::Value { name: self.name.to_owned(), value: value.clone(), allowed })
    }

    /// Checks that every value of a parameter's domain can be this setting's.
    ///
    /// # Errors
    /// [`RecipeError::Value`] with the first value that cannot, [`RecipeError::NotSearchable`].
    pub fn check_domain(&self, domain: &Domain) -> Result<(), RecipeError> {
        if !self.searchable {
            return Err(RecipeError::NotSearchable { name: self.name.to_owned() });
        }
        match domain {
            // A range lies inside another one if its ends do.
            Domain::Float { low, high, .. } => {
                [*low, *high].iter().try_for_each(|v| self.check_value(&Value::Float(*v)))
            }
            Domain::Int { low, high, .. } => [*low, *high].iter().try_for_each(|v| self.check_value(&Value::Int(*v))),
            Domain::Choice { values } => values.iter().try_for_each(|v| self.check_value(v)),
        }
    }
}

/// Checks that every point of a space makes a recipe together with the fixed settings, before any trial runs.
///
/// A conditional setting (`momentum`) that is searched needs a condition in the space that holds only where it has a
/// meaning. It needs none if the other setting never takes a value that takes the meaning away.
///
/// # Errors
/// The first [`RecipeError`]: fixed settings in the order of their names, then searched ones in the order of the space,
/// then settings that are missing.
pub fn check_settings(fixed: &BTreeMap<String, Value>, searched: &[Parameter]) -> Result<(), RecipeError> {
    let is_searched = |name: &str| searched.iter().any(|p| p.name == name);
    for (name, value) in fixed {
        let setting = Setting::find(name)?;
        setting.check_value(value)?;
        if is_searched(name) {
            return Err(RecipeError::Twice { name: name.clone() });
        }
    }
    for parameter in searched {
        Setting::find(&parameter.name)?.check_domain(&parameter.domain)?;
    }
    for setting in SETTINGS {
        let given = fixed.contains_key(setting.name) || is_searched(setting.name);
        if !given && setting.default == DefaultValue::None {
            let allowed = setting.range.to_string();
            return Err(RecipeError::Missing { name: setting.name.to_owned(), allowed });
        }
        if let (true, Some(condition)) = (given, setting.condition) {
            check_condition(setting, condition, fixed, searched)?;
        }
    }
    check_inference(fixed, searched)
}

/// Checks that no point of a space meters what is only simulated.
fn check_inference(fixed: &BTreeMap<String, Value>, searched: &[Parameter]) -> Result<(), RecipeError> {
    let may_be = |name: &str| {
        let found = possible::values(name, fixed, searched);
        let default = Setting::find(name).ok().and_then(|s| s.default.value());
        if found.is_empty() { default.into_iter().collect() } else { found }
    };
    let Some(longest) = may_be("inference_seconds").into_iter().rfind(|v| v.as_f64().is_some_and(|v| v > 0.0)) else {
        return Ok(());
    };
    let own = searched.iter().find(|p| p.name == "inference_seconds");
    let clause = |name: &str| own.and_then(|p| p.condition.iter().find(|c| c.parameter == name));
    let beside = |name: &str| clause(name).map_or_else(|| may_be(name), |c| c.values.clone());
    let quantized = beside("internal_optimization").contains(&Value::from("post-quantization"));
    if quantized && beside("model").iter().any(|model| *model != Value::from("mlp")) {
        return Err(simulated(&longest));
    }
    Ok(())
}

/// Inference that would be metered, and is simulated.
pub(super) fn simulated(seconds: &Value) -> RecipeError {
    RecipeError::Impossible {
        name: "inference_seconds".to_owned(),
        value: seconds.clone(),
        reason: "`internal_optimization` = post-quantization simulates convolutions with weights of 8 bits, so their joules would \
                 say nothing of hardware that computes with 8"
            .to_owned(),
        help: "take another `internal_optimization`, or leave `inference_seconds` out".to_owned(),
    }
}

fn check_condition(
    setting: &Setting,
    condition: Condition,
    fixed: &BTreeMap<String, Value>,
    searched: &[Parameter],
) -> Result<(), RecipeError> {
    let allows = |value: &Value| value.as_str().is_some_and(|v| condition.values.contains(&v));
    let parameter = |name: &str| searched.iter().find(|p| p.name == name);
    let clause = parameter(setting.name).and_then(|p| p.condition.iter().find(|c| c.parameter == condition.on));
    let decider = parameter(condition.on);
    // A conditional decider is absent where its own condition fails, and its default rules there.
    let default = decider.is_none_or(|p| !p.condition.is_empty()).then(|| Setting::find(condition.on).ok());
    let default = default.flatten().and_then(|s| s.default.value());
    let possible: Vec<&Value> = match (clause, fixed.get(condition.on), decider.map(|p| &p.domain)) {
        (Some(clause), ..) => clause.values.iter().collect(),
        (None, Some(value), _) => vec![value],
        (None, None, Some(Domain::Choice { values })) => values.iter().chain(&default).collect(),
        (None, None, _) => default.iter().collect(),
    };
    match possible.into_iter().find(|v| !allows(v)) {
        None => Ok(()),
        Some(value) => {
            let list: Vec<String> = condition.values.iter().map(|v| format!("{v:?}")).collect();
            let help = match (parameter(setting.name), decider) {
                (Some(_), Some(_)) => {
                    format!("add `when = {{ {} = [{}] }}` to the parameter", condition.on, list.join(", "))
                }
                (None, Some(_)) => format!(
                    "move it to the space as a choice of one value with `when = {{ {} = [{}] }}`",
                    condition.on,
                    list.join(", ")
                ),
                _ => "remove it".to_owned(),
            };
            Err(meaningless(setting, condition, value, help))
        }
    }
}

pub(super) fn meaningless(setting: &Setting, condition: Condition, value: &Value, help: String) -> RecipeError {
    RecipeError::Meaningless {
        name: setting.name.to_owned(),
        on: condition.on.to_owned(),
        value: value.clone(),
        allowed: condition.values.iter().map(|v| (*v).to_owned()).collect(),
        help,
    }
}

#[cfg(test)]
mod tests;
