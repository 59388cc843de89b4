//! A training, described completely but for its seed.

use std::collections::BTreeMap;

use super::settings::{SETTINGS, Setting, meaningless};
use super::{DefaultValue, RecipeError};
use crate::optimizer::space::Value;

/// Which network is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// `depth` hidden layers of `width` units with ReLU and dropout, and a last layer.
    Mlp,
    /// `depth` blocks of a 3 x 3 convolution with `width` channels, ReLU and, while the image has four pixels a side,
    /// 2 x 2 maximum pooling; averages over at most 4 x 4 fields; dropout, and a last layer.
    Cnn,
}

/// How gradients change weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Update {
    /// Stochastic gradient descent, with momentum where it is above 0.
    Sgd {
        /// The share of the previous step that goes on.
        momentum: f64,
    },
    /// Adam (Kingma and Ba, 2015).
    Adam,
    /// Adam with decoupled weight decay (Loshchilov and Hutter, 2019).
    AdamW,
    /// RMSprop (Hinton, 2012), with momentum where it is above 0.
    RmsProp {
        /// The share of the previous step that goes on.
        momentum: f64,
    },
}

/// A validated training, complete but for its seed. See [`SETTINGS`] for ranges and defaults.
///
/// ```
/// use wattfront::optimizer::space::Value;
/// use wattfront::training::{Model, Recipe};
///
/// let recipe = Recipe::from_settings([("dataset", &Value::from("digits")), ("model", &Value::from("cnn"))])?;
/// assert_eq!((recipe.model(), recipe.batch_size()), (Model::Cnn, 64));
/// # Ok::<(), wattfront::training::RecipeError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    settings: BTreeMap<String, Value>,
    model: Model,
    update: Update,
    learning_rate: f64,
    batch_size: usize,
    epochs: usize,
    width: usize,
    depth: usize,
    dropout: f64,
    weight_decay: f64,
}

impl Recipe {
    /// Makes a recipe of settings by name, with defaults for what is not given. To merge what a study fixes with a
    /// point: `fixed.iter().map(|(name, value)| (name.as_str(), value)).chain(point.iter())`.
    ///
    /// # Errors
    /// A [`RecipeError`] for a setting that is unknown, given twice, missing, out of range, or without a meaning beside
    /// the others, such as a momentum for adam.
    pub fn from_settings<'a>(settings: impl IntoIterator<Item = (&'a str, &'a Value)>) -> Result<Self, RecipeError> {
        let mut given = BTreeMap::new();
        for (name, value) in settings {
            Setting::find(name)?.check_value(value)?;
            if given.insert(name.to_owned(), value.clone()).is_some() {
                return Err(RecipeError::Twice { name: name.to_owned() });
            }
        }
        let mut complete = BTreeMap::new();
        for setting in SETTINGS {
            let value = given.get(setting.name).cloned().or(setting.default.value()).ok_or_else(|| {
                RecipeError::Missing { name: setting.name.to_owned(), allowed: setting.range.to_string() }
            })?;
            // A whole number where any number may be: one recipe, however it was written.
            let value = match (setting.default, value.as_f64()) {
                (DefaultValue::Float(_), Some(v)) => Value::Float(v),
                _ => value,
            };
            complete.insert(setting.name.to_owned(), value);
        }
        for setting in SETTINGS {
            let Some(condition) = setting.condition else { continue };
            let on = &complete[condition.on];
            if on.as_str().is_some_and(|v| condition.values.contains(&v)) {
                continue;
            }
            if given.contains_key(setting.name) {
                return Err(meaningless(setting, condition, on, "remove it".to_owned()));
            }
            complete.remove(setting.name);
        }
        Ok(Self::from_complete(complete))
    }

    fn from_complete(settings: BTreeMap<String, Value>) -> Self {
        let number = |name: &str| settings.get(name).and_then(Value::as_f64).unwrap_or_default();
        // Ranges are checked: whole numbers from 1, far below 2^53.
        let count = |name: &str| number(name) as usize;
        let name = |name: &str| settings.get(name).and_then(Value::as_str).unwrap_or_default();
        let momentum = number("momentum");
        Self {
            model: if name("model") == "cnn" { Model::Cnn } else { Model::Mlp },
            update: match name("optimizer") {
                "sgd" => Update::Sgd { momentum },
                "rmsprop" => Update::RmsProp { momentum },
                "adamw" => Update::AdamW,
                _ => Update::Adam,
            },
            learning_rate: number("learning_rate"),
            batch_size: count("batch_size"),
            epochs: count("epochs"),
            width: count("width"),
            depth: count("depth"),
            dropout: number("dropout"),
            weight_decay: number("weight_decay"),
            settings,
        }
    }

    /// All settings with their values, defaults included, but for those without a meaning here. Making a recipe of them
    /// again gives the same recipe.
    #[must_use]
    pub fn settings(&self) -> &BTreeMap<String, Value> {
        &self.settings
    }

    /// The name of the dataset.
    #[must_use]
    pub fn dataset(&self) -> &str {
        self.settings.get("dataset").and_then(Value::as_str).unwrap_or_default()
    }

    /// The network.
    #[must_use]
    pub fn model(&self) -> Model {
        self.model
    }

    /// How gradients change weights; the setting `optimizer`.
    #[must_use]
    pub fn update(&self) -> Update {
        self.update
    }

    /// The size of a step.
    #[must_use]
    pub fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    /// Samples per step.
    #[must_use]
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// Passes over the training data.
    #[must_use]
    pub fn epochs(&self) -> usize {
        self.epochs
    }

    /// Units of each hidden layer, or channels of each convolution.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Hidden layers, or convolution blocks.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The share of activations dropped in training.
    #[must_use]
    pub fn dropout(&self) -> f64 {
        self.dropout
    }

    /// The pull of weights towards zero.
    #[must_use]
    pub fn weight_decay(&self) -> f64 {
        self.weight_decay
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::space::Point;

    fn recipe<const N: usize>(settings: [(&str, Value); N]) -> Result<Recipe, RecipeError> {
        let dataset = Value::from("digits");
        Recipe::from_settings(settings.iter().map(|(k, v)| (*k, v)).chain([("dataset", &dataset)]))
    }

    #[test]
    fn defaults_are_the_documented_ones() {
        let recipe = recipe([]).unwrap();
        assert_eq!((recipe.model(), recipe.update(), recipe.dataset()), (Model::Mlp, Update::Adam, "digits"));
        assert_eq!((recipe.batch_size(), recipe.epochs(), recipe.width(), recipe.depth()), (64, 10, 64, 2));
        assert_eq!((recipe.learning_rate(), recipe.dropout(), recipe.weight_decay()), (1e-3, 0.0, 0.0));
        assert!(!recipe.settings().contains_key("momentum"), "adam has none");
    }

    #[test]
    fn fixed_settings_and_a_point_merge() {
        let fixed = BTreeMap::from([("dataset".to_owned(), Value::from("digits")), ("epochs".to_owned(), 3.into())]);
        let point: Point = [("optimizer", Value::from("sgd")), ("momentum", 0.5.into())].into_iter().collect();
        let merged =
            |point: &Point| Recipe::from_settings(fixed.iter().map(|(k, v)| (k.as_str(), v)).chain(point.iter()));
        let recipe = merged(&point).unwrap();
        assert_eq!((recipe.epochs(), recipe.update()), (3, Update::Sgd { momentum: 0.5 }));
        let twice: Point = [("epochs", 4)].into_iter().collect();
        assert_eq!(merged(&twice), Err(RecipeError::Twice { name: "epochs".to_owned() }));
    }

    #[test]
    fn a_recipe_survives_its_own_settings() {
        for optimizer in ["sgd", "adam", "adamw", "rmsprop"] {
            let recipe = recipe([("optimizer", optimizer.into()), ("learning_rate", 1.into())]).unwrap();
            assert_eq!(recipe.settings()["learning_rate"], Value::Float(1.0));
            let again = Recipe::from_settings(recipe.settings().iter().map(|(k, v)| (k.as_str(), v))).unwrap();
            assert_eq!(again, recipe);
        }
    }

    #[test]
    fn bad_settings_are_named() {
        let message = |result: Result<Recipe, RecipeError>| result.unwrap_err().to_string();
        assert_eq!(
            message(recipe([("momentum", 0.9.into())])),
            "the training setting `momentum` has no meaning with `optimizer` = adam, only where it is sgd or rmsprop; \
             remove it"
        );
        assert!(message(recipe([("learning_rate", f64::NAN.into())])).contains("cannot be NaN"));
        assert!(message(recipe([("epochs", 0.into())])).contains("a whole number from 1"));
        assert!(message(recipe([("epochs", 1.5.into())])).contains("cannot be 1.5"));
        assert!(message(recipe([("dropout", "much".into())])).contains("cannot be much"));
        assert!(message(Recipe::from_settings([])).contains("`dataset` is missing"));
        assert_eq!(recipe([("speed", 1.into())]).unwrap_err().setting(), "speed");
    }
}
