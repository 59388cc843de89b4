//! The table of training settings: names, ranges, defaults, and when a setting has a meaning.

use std::collections::BTreeMap;

use super::RecipeError;
use crate::data;
use crate::optimizer::space::{Domain, Parameter, Value};

/// The values that a setting can take.
#[derive(Debug, Clone, Copy, PartialEq)]
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
}

impl Range {
    fn contains(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Float { low, high }, Value::Float(_) | Value::Int(_)) => {
                value.as_f64().is_some_and(|v| low <= v && v <= high)
            }
            (Self::Int { low, high }, Value::Int(v)) => low <= *v && *v <= high,
            (Self::Names(names), Value::Text(v)) => names.contains(&v.as_str()),
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
        }
    }
}

/// The default of a setting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DefaultValue {
    /// There is none: the setting must be given.
    None,
    /// A number.
    Float(f64),
    /// A whole number.
    Int(i64),
    /// A name.
    Name(&'static str),
}

impl DefaultValue {
    /// The default as a value, or `None` if the setting must be given.
    #[must_use]
    pub fn value(self) -> Option<Value> {
        match self {
            Self::None => None,
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

const fn setting(name: &'static str, range: Range, default: DefaultValue, description: &'static str) -> Setting {
    Setting { name, range, default, condition: None, searchable: true, description }
}

/// Every setting of a recipe.
///
/// | name | range | default |
/// |---|---|---|
/// | `dataset` | `digits` | must be given, and fixed |
/// | `model` | `mlp`, `cnn` | `mlp` |
/// | `optimizer` | `sgd`, `adam`, `adamw`, `rmsprop` | `adam` |
/// | `learning_rate` | 1e-8 to 100 | 1e-3 |
/// | `batch_size` | 1 to 65536 | 64 |
/// | `epochs` | 1 to 100000 | 10 |
/// | `width` | 1 to 65536 | 64 |
/// | `depth` | 1 to 64 | 2 |
/// | `dropout` | 0 to 0.95 | 0 |
/// | `weight_decay` | 0 to 10 | 0 |
/// | `momentum` | 0 to 0.999, only with `sgd` and `rmsprop` | 0 |
pub const SETTINGS: &[Setting] = &[
    Setting {
        searchable: false,
        ..setting("dataset", Range::Names(data::NAMES), DefaultValue::None, "the data to train on")
    },
    setting(
        "model",
        Range::Names(&["mlp", "cnn"]),
        DefaultValue::Name("mlp"),
        "the network: fully connected layers, or convolutions",
    ),
    setting(
        "optimizer",
        Range::Names(&["sgd", "adam", "adamw", "rmsprop"]),
        DefaultValue::Name("adam"),
        "the rule by which gradients change weights",
    ),
    setting("learning_rate", Range::Float { low: 1e-8, high: 100.0 }, DefaultValue::Float(1e-3), "the size of a step"),
    setting("batch_size", Range::Int { low: 1, high: 65_536 }, DefaultValue::Int(64), "samples per step"),
    setting("epochs", Range::Int { low: 1, high: 100_000 }, DefaultValue::Int(10), "passes over the training data"),
    setting(
        "width",
        Range::Int { low: 1, high: 65_536 },
        DefaultValue::Int(64),
        "units of each hidden layer of an mlp, channels of each convolution of a cnn",
    ),
    setting(
        "depth",
        Range::Int { low: 1, high: 64 },
        DefaultValue::Int(2),
        "hidden layers of an mlp, convolution blocks of a cnn",
    ),
    setting(
        "dropout",
        Range::Float { low: 0.0, high: 0.95 },
        DefaultValue::Float(0.0),
        "the share of activations dropped in training: after each hidden layer of an mlp, before the last layer of a cnn",
    ),
    setting(
        "weight_decay",
        Range::Float { low: 0.0, high: 10.0 },
        DefaultValue::Float(0.0),
        "the pull of weights towards zero: decoupled from the gradient in adamw, a part of it elsewhere",
    ),
    Setting {
        condition: Some(Condition { on: "optimizer", values: &["sgd", "rmsprop"] }),
        ..setting(
            "momentum",
            Range::Float { low: 0.0, high: 0.999 },
            DefaultValue::Float(0.0),
            "the share of the previous step that goes on",
        )
    },
];

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
/// meaning, unless the other setting never takes a value that takes the meaning away.
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
    Ok(())
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
            let remedy = match (parameter(setting.name), decider) {
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
            Err(meaningless(setting, condition, value, remedy))
        }
    }
}

pub(super) fn meaningless(setting: &Setting, condition: Condition, value: &Value, remedy: String) -> RecipeError {
    RecipeError::Meaningless {
        name: setting.name.to_owned(),
        on: condition.on.to_owned(),
        value: value.clone(),
        allowed: condition.values.iter().map(|v| (*v).to_owned()).collect(),
        remedy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::space::Space;

    fn fixed<const N: usize>(settings: [(&str, Value); N]) -> BTreeMap<String, Value> {
        settings.into_iter().map(|(k, v)| (k.to_owned(), v)).chain([("dataset".to_owned(), "digits".into())]).collect()
    }

    fn message(settings: &BTreeMap<String, Value>, space: &Space) -> String {
        check_settings(settings, space.parameters()).unwrap_err().to_string()
    }

    #[test]
    fn every_default_is_in_its_range_and_every_condition_names_a_setting() {
        for setting in SETTINGS {
            if let Some(value) = setting.default.value() {
                setting.check_value(&value).unwrap();
            }
            if let Some(condition) = setting.condition {
                let on = Setting::find(condition.on).unwrap();
                condition.values.iter().for_each(|v| on.check_value(&Value::from(*v)).unwrap());
            }
        }
    }

    #[test]
    fn the_documented_study_is_accepted() {
        let space = Space::builder()
            .float("learning_rate", 1e-5..=1e-1)
            .log()
            .int("width", 8..=128)
            .log()
            .choice("batch_size", [16, 32, 64, 128, 256])
            .choice("optimizer", ["sgd", "adam", "adamw", "rmsprop"])
            .float("momentum", 0.0..=0.99)
            .when("optimizer", ["sgd", "rmsprop"])
            .build()
            .unwrap();
        check_settings(&fixed([("model", "cnn".into()), ("epochs", 10.into())]), space.parameters()).unwrap();
    }

    #[test]
    fn a_domain_beyond_the_range_is_refused_with_the_value_that_goes_too_far() {
        let space = |low: f64| Space::builder().float("dropout", low..=0.99).build().unwrap();
        assert_eq!(
            message(&fixed([]), &space(0.0)),
            "the training setting `dropout` cannot be 0.99: it must be a number from 0.0 to 0.95"
        );
        assert!(message(&fixed([]), &space(-0.5)).contains("cannot be -0.5"));
        let floats = Space::builder().float("width", 8.0..=64.0).build().unwrap();
        assert!(message(&fixed([]), &floats).contains("cannot be 8.0: it must be a whole number"));
        let names = Space::builder().choice("model", ["mlp", "rnn"]).build().unwrap();
        assert!(message(&fixed([]), &names).contains("cannot be rnn: it must be mlp or cnn"));
        let whole = Space::builder().int("dropout", 0..=0).build().unwrap();
        check_settings(&fixed([]), whole.parameters()).unwrap();
    }

    #[test]
    fn settings_fixed_and_searched_missing_or_unknown_are_refused() {
        let space = Space::builder().int("width", 8..=64).build().unwrap();
        assert!(message(&fixed([("width", 8.into())]), &space).contains("given twice"));
        assert!(message(&BTreeMap::new(), &space).contains("`dataset` is missing: it must be digits"));
        assert!(message(&fixed([("widht", 8.into())]), &space).contains("there is no training setting `widht`"));
        let data = Space::builder().choice("dataset", ["digits"]).build().unwrap();
        assert!(message(&BTreeMap::new(), &data).contains("must be fixed"));
    }

    #[test]
    fn a_momentum_without_meaning_is_refused_with_its_remedy() {
        let momentum = || Space::builder().float("momentum", 0.0..=0.9);
        let all = momentum().choice("optimizer", ["sgd", "adam"]).build().unwrap();
        assert!(
            message(&fixed([]), &all).ends_with("add `when = { optimizer = [\"sgd\", \"rmsprop\"] }` to the parameter")
        );
        let some = momentum().choice("optimizer", ["sgd", "rmsprop"]).build().unwrap();
        check_settings(&fixed([]), some.parameters()).unwrap();
        let loose = momentum().when("optimizer", ["adam"]).choice("optimizer", ["sgd", "adam"]).build().unwrap();
        assert!(
            message(&fixed([]), &loose)
                .contains("has no meaning with `optimizer` = adam, only where it is sgd or rmsprop")
        );
        // Neither fixed nor searched: the default, adam, has no momentum.
        let alone = momentum().build().unwrap();
        assert!(message(&fixed([]), &alone).ends_with("remove it"));
        check_settings(&fixed([("optimizer", "sgd".into())]), alone.parameters()).unwrap();
        let searched = Space::builder().choice("optimizer", ["sgd", "adam"]).build().unwrap();
        assert!(message(&fixed([("momentum", 0.9.into())]), &searched).contains("move it to the space"));
    }

    #[test]
    fn a_conditional_optimizer_counts_with_its_default() {
        let space = Space::builder()
            .choice("model", ["mlp", "cnn"])
            .choice("optimizer", ["sgd", "rmsprop"])
            .when("model", ["cnn"])
            .float("momentum", 0.0..=0.9)
            .build()
            .unwrap();
        assert!(message(&fixed([]), &space).contains("`optimizer` = adam"));
    }
}
