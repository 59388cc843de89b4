//! A training, described completely but for its seed.

use std::collections::BTreeMap;

use super::settings::{Setting, meaningless, simulated};
use super::table::SETTINGS;
use super::{
    Augmentation, DefaultValue, Defaults, Initialization, InternalOptimization, Model, Precision, Preprocessing,
    RecipeError, Schedule,
};
use crate::data::{Dataset, Partition};
use crate::optimizer::space::Value;

/// How gradients change weights.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Update {
    /// Stochastic gradient descent, with momentum where it is above 0.
    Sgd {
        /// The share of the previous step that goes on.
        momentum: f64,
        /// Whether the gradient is that after the momentum's step (Nesterov, 1983; Sutskever et al., 2013).
        nesterov: bool,
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
    partition: Option<Partition>,
    preprocessing: Option<Preprocessing>,
    augmentation: Augmentation,
    precision: Precision,
    internal: InternalOptimization,
    schedule: Schedule,
}

impl Recipe {
    /// Makes a recipe of settings by name, with defaults for what is not given. To merge what a study fixes with a
    /// point: `fixed.iter().map(|(name, value)| (name.as_str(), value)).chain(point.iter())`.
    ///
    /// # Errors
    /// A [`RecipeError`] for a setting that is unknown, given twice, missing or out of range. Also for one without a
    /// meaning beside the others, such as a momentum for adam.
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
            let value = match (given.get(setting.name).cloned().or(setting.default.value()), setting.default) {
                (Some(value), _) => value,
                (None, DefaultValue::None) => {
                    let allowed = setting.range.to_string();
                    return Err(RecipeError::Missing { name: setting.name.to_owned(), allowed });
                }
                (None, _) => continue,
            };
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
        let recipe = Self::from_complete(complete);
        let simulates = recipe.internal == InternalOptimization::PostQuantization && recipe.model != Model::Mlp;
        if recipe.inference_seconds().is_some() && simulates {
            return Err(simulated(&recipe.settings["inference_seconds"]));
        }
        Ok(recipe)
    }

    fn from_complete(settings: BTreeMap<String, Value>) -> Self {
        let text = |name: &str| settings.get(name).and_then(Value::as_str).unwrap_or_default();
        let momentum = settings.get("momentum").and_then(Value::as_f64).unwrap_or_default();
        // Every name was checked against the table, which a test holds against the choices.
        Self {
            model: Model::of(text("model")).unwrap_or(Model::Mlp),
            update: match text("optimizer") {
                // Without momentum there is no step to look ahead of.
                "nesterov" => Update::Sgd { momentum, nesterov: momentum > 0.0 },
                "sgd" => Update::Sgd { momentum, nesterov: false },
                "rmsprop" => Update::RmsProp { momentum },
                "adamw" => Update::AdamW,
                _ => Update::Adam,
            },
            partition: text("partition").parse().ok(),
            preprocessing: Preprocessing::of(text("preprocessing")),
            augmentation: Augmentation::of(text("augmentation")).unwrap_or(Augmentation::None),
            precision: Precision::of(text("precision")).unwrap_or(Precision::Float32),
            internal: InternalOptimization::of(text("internal_optimization")).unwrap_or(InternalOptimization::None),
            schedule: Schedule::of(text("schedule")).unwrap_or(Schedule::Constant),
            settings,
        }
    }

    fn number(&self, name: &str) -> f64 {
        self.settings.get(name).and_then(Value::as_f64).unwrap_or_default()
    }

    /// Ranges are checked: whole numbers from 0, far below 2^53.
    fn count(&self, name: &str) -> usize {
        self.number(name) as usize
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

    /// The target column of a table, if it is named.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.settings.get("label").and_then(Value::as_str)
    }

    /// `classification` or `regression`, if it is said.
    #[must_use]
    pub fn task(&self) -> Option<&str> {
        self.settings.get("task").and_then(Value::as_str)
    }

    /// How many samples are used, if not all.
    #[must_use]
    pub fn samples(&self) -> Option<usize> {
        self.settings.contains_key("samples").then(|| self.count("samples"))
    }

    /// The side to which images are brought, in pixels, if they are.
    #[must_use]
    pub fn image_size(&self) -> Option<u32> {
        self.settings.contains_key("image_size").then(|| self.number("image_size") as u32)
    }

    /// How samples are divided, if it is said.
    #[must_use]
    pub fn partition(&self) -> Option<&Partition> {
        self.partition.as_ref()
    }

    /// What is done to the data first, if it is said; the data decide if not: see [`Defaults::for_data`].
    #[must_use]
    pub fn preprocessing(&self) -> Option<Preprocessing> {
        self.preprocessing
    }

    /// The same with what it leaves to the data.
    #[must_use]
    pub fn on(&self, dataset: &Dataset) -> Self {
        let preprocessing = self.preprocessing.unwrap_or(Defaults::for_data(dataset).preprocessing);
        let mut complete = self.clone();
        complete.settings.insert("preprocessing".to_owned(), preprocessing.name().into());
        Self { preprocessing: Some(preprocessing), ..complete }
    }

    /// How the weights of `mlp` and `cnn` begin.
    #[must_use]
    pub fn initialization(&self) -> Initialization {
        let said = self.settings.get("initialization").and_then(Value::as_str);
        said.and_then(Initialization::of).unwrap_or(Initialization::PyTorch)
    }

    /// How images are varied in training.
    #[must_use]
    pub fn augmentation(&self) -> Augmentation {
        self.augmentation
    }

    /// The network.
    #[must_use]
    pub fn model(&self) -> Model {
        self.model
    }

    /// Units of each hidden layer, or channels of each convolution; 0 where the network has its own sizes.
    #[must_use]
    pub fn width(&self) -> usize {
        self.count("width")
    }

    /// Hidden layers, or convolution blocks; 0 where the network has its own sizes.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.count("depth")
    }

    /// The share of activations dropped in training.
    #[must_use]
    pub fn dropout(&self) -> f64 {
        self.number("dropout")
    }

    /// The numbers that are computed with.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// How the network is carried out.
    #[must_use]
    pub fn internal_optimization(&self) -> InternalOptimization {
        self.internal
    }

    /// How gradients change weights; the setting `optimizer`.
    #[must_use]
    pub fn update(&self) -> Update {
        self.update
    }

    /// The size of a step, at its largest.
    #[must_use]
    pub fn learning_rate(&self) -> f64 {
        self.number("learning_rate")
    }

    /// The pull of weights towards zero.
    #[must_use]
    pub fn weight_decay(&self) -> f64 {
        self.number("weight_decay")
    }

    /// How the size of a step changes.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        self.schedule
    }

    /// The share of all steps in which the size of a step rises, on top of the schedule.
    #[must_use]
    pub fn warmup(&self) -> f64 {
        self.number("warmup")
    }

    /// Samples per step.
    #[must_use]
    pub fn batch_size(&self) -> usize {
        self.count("batch_size")
    }

    /// Passes over the training data.
    #[must_use]
    pub fn epochs(&self) -> usize {
        self.count("epochs")
    }

    /// How many epochs without a better validation loss end a training; `None` if nothing does.
    #[must_use]
    pub fn patience(&self) -> Option<usize> {
        Some(self.count("patience")).filter(|epochs| *epochs > 0)
    }

    /// The share of a label's weight that is spread over all classes.
    #[must_use]
    pub fn label_smoothing(&self) -> f64 {
        self.number("label_smoothing")
    }

    /// The largest norm of a gradient, if there is one.
    #[must_use]
    pub fn gradient_clip(&self) -> Option<f64> {
        Some(self.number("gradient_clip")).filter(|norm| *norm > 0.0)
    }

    /// The decay by step of the average of the weights, if there is one.
    #[must_use]
    pub fn ema(&self) -> Option<f64> {
        Some(self.number("ema")).filter(|decay| *decay > 0.0)
    }

    /// For how long the trained network predicts at least, in seconds; `None` if it does not.
    #[must_use]
    pub fn inference_seconds(&self) -> Option<f64> {
        Some(self.number("inference_seconds")).filter(|seconds| *seconds > 0.0)
    }

    /// How many samples it then predicts at a time, if the test part has so many.
    #[must_use]
    pub fn inference_batch(&self) -> usize {
        self.count("inference_batch")
    }

    /// How many threads work on one operation on the CPU.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.count("threads")
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::Range;
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
        assert_eq!((recipe.patience(), recipe.gradient_clip(), recipe.ema()), (None, None, None));
        assert_eq!((recipe.samples(), recipe.image_size(), recipe.partition()), (None, None, None));
    }

    #[test]
    fn every_name_of_the_table_is_a_choice_of_its_own() {
        for setting in SETTINGS {
            let Range::Names(names) = setting.range else { continue };
            for name in names {
                let known = match setting.name {
                    "model" => Model::of(name).map(Model::name),
                    "preprocessing" => Preprocessing::of(name).map(Preprocessing::name),
                    "initialization" => Initialization::of(name).map(Initialization::name),
                    "augmentation" => Augmentation::of(name).map(Augmentation::name),
                    "precision" => Precision::of(name).map(Precision::name),
                    "internal_optimization" => InternalOptimization::of(name).map(InternalOptimization::name),
                    "schedule" => Schedule::of(name).map(Schedule::name),
                    "optimizer" | "task" => Some(*name),
                    other => panic!("{other} has names that nobody reads"),
                };
                assert_eq!(known, Some(*name), "{}", setting.name);
            }
        }
    }

    #[test]
    fn nesterov_without_momentum_is_plain_descent() {
        let with = |momentum: f64| recipe([("optimizer", "nesterov".into()), ("momentum", momentum.into())]).unwrap();
        assert_eq!(with(0.0).update(), Update::Sgd { momentum: 0.0, nesterov: false });
        assert_eq!(with(0.9).update(), Update::Sgd { momentum: 0.9, nesterov: true });
    }

    #[test]
    fn fixed_settings_and_a_point_merge() {
        let fixed = BTreeMap::from([("dataset".to_owned(), Value::from("digits")), ("epochs".to_owned(), 3.into())]);
        let point: Point = [("optimizer", Value::from("sgd")), ("momentum", 0.5.into())].into_iter().collect();
        let merged =
            |point: &Point| Recipe::from_settings(fixed.iter().map(|(k, v)| (k.as_str(), v)).chain(point.iter()));
        let recipe = merged(&point).unwrap();
        assert_eq!((recipe.epochs(), recipe.update()), (3, Update::Sgd { momentum: 0.5, nesterov: false }));
        let twice: Point = [("epochs", 4)].into_iter().collect();
        assert_eq!(merged(&twice), Err(RecipeError::Twice { name: "epochs".to_owned() }));
    }

    #[test]
    fn a_recipe_survives_its_own_settings() {
        for optimizer in ["sgd", "nesterov", "adam", "adamw", "rmsprop"] {
            let recipe = recipe([("optimizer", optimizer.into()), ("learning_rate", 1.into())]).unwrap();
            assert_eq!(recipe.settings()["learning_rate"], Value::Float(1.0));
            let again = Recipe::from_settings(recipe.settings().iter().map(|(k, v)| (k.as_str(), v))).unwrap();
            assert_eq!(again, recipe);
        }
    }

    #[test]
    fn what_is_simulated_is_not_metered() {
        let with = |model: &'static str, internal: &'static str| {
            recipe([
                ("model", model.into()),
                ("internal_optimization", internal.into()),
                ("inference_seconds", 2.into()),
            ])
        };
        assert_eq!(with("mlp", "post-quantization").unwrap().inference_seconds(), Some(2.0));
        assert_eq!(with("cnn", "traced").unwrap().inference_batch(), 256);
        assert!(with("cnn", "post-quantization").unwrap_err().to_string().contains("simulates"));
        assert!(with("mlp", "pre-quantization").unwrap_err().to_string().contains("has no meaning"));
    }

    #[test]
    fn bad_settings_are_named() {
        let message = |result: Result<Recipe, RecipeError>| result.unwrap_err().to_string();
        let meaningless = recipe([("momentum", 0.9.into())]);
        assert_eq!(meaningless.as_ref().unwrap_err().help().as_deref(), Some("remove it"));
        assert_eq!(
            message(meaningless),
            "the training setting `momentum` has no meaning with `optimizer` = adam, only where it is sgd or nesterov or rmsprop"
        );
        assert!(message(recipe([("learning_rate", f64::NAN.into())])).contains("cannot be NaN"));
        assert!(message(recipe([("epochs", 0.into())])).contains("a whole number from 1"));
        assert!(message(recipe([("epochs", 1.5.into())])).contains("cannot be 1.5"));
        assert!(message(recipe([("dropout", "much".into())])).contains("cannot be much"));
        assert!(message(Recipe::from_settings([])).contains("`dataset` is missing"));
        assert_eq!(recipe([("speed", 1.into())]).unwrap_err().setting(), "speed");
    }
}
