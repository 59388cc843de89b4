//! What settings are that nobody names, where that depends on the data or on when the study began.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::table::SETTINGS;
use super::{Initialization, Preprocessing};
use crate::data::Dataset;
use crate::optimizer::space::Value;

/// The values of settings that a study leaves open. They are settled when it begins and kept in its record, so that it goes on
/// with them whatever the defaults are by then.
///
/// ```
/// use wattfront::data;
/// use wattfront::training::{Defaults, Preprocessing};
///
/// let digits = data::load("digits")?;
/// assert_eq!(Defaults::for_data(&digits).preprocessing, Preprocessing::None);
/// # Ok::<(), wattfront::data::DataError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Defaults {
    /// What is done to the data first.
    pub preprocessing: Preprocessing,
    /// How the weights of `mlp` and `cnn` begin.
    pub initialization: Initialization,
}

impl Defaults {
    /// Those of studies that began before any were kept.
    pub const BEFORE: Self = Self { preprocessing: Preprocessing::None, initialization: Initialization::Kaiming };

    /// Those of a study that begins on these data: columns of tables are of any unit, and are standardized; pixels are 0 to 1, and
    /// stay so.
    #[must_use]
    pub fn for_data(dataset: &Dataset) -> Self {
        Self::for_samples(dataset.shape().is_image())
    }

    /// The same for samples that are images, or rows of a table.
    #[must_use]
    pub fn for_samples(are_images: bool) -> Self {
        let preprocessing = if are_images { Preprocessing::None } else { Preprocessing::Standardize };
        Self { preprocessing, initialization: Initialization::PyTorch }
    }

    /// The value of a setting that nobody names; `None` where one default holds for all studies.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<Value> {
        match name {
            "preprocessing" => Some(self.preprocessing.name().into()),
            "initialization" => Some(self.initialization.name().into()),
            _ => None,
        }
    }

    /// Adds what is not among the settings of one training and has a meaning beside them.
    pub fn fill(&self, settings: &mut BTreeMap<String, Value>) {
        for setting in SETTINGS {
            let Some(value) = self.value(setting.name) else { continue };
            let has_meaning = setting.condition.is_none_or(|condition| {
                let default = || SETTINGS.iter().find(|s| s.name == condition.on).and_then(|s| s.default.value());
                let decider = settings.get(condition.on).cloned().or_else(default);
                decider.is_some_and(|v| v.as_str().is_some_and(|v| condition.values.contains(&v)))
            });
            if has_meaning {
                settings.entry(setting.name.to_owned()).or_insert(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Shape, load};

    #[test]
    fn tables_are_standardized_and_images_are_not() {
        let table = Dataset::new("rows", Shape::of_columns(2), vec![1.0, 4000.0, 2.0, 3000.0], vec![0, 1], 2).unwrap();
        assert_eq!(Defaults::for_data(&table).preprocessing, Preprocessing::Standardize);
        assert_eq!(Defaults::for_data(&load("digits").unwrap()).preprocessing, Preprocessing::None);
    }

    #[test]
    fn only_what_is_open_and_has_a_meaning_is_filled_in() {
        let filled = |settings: &[(&str, &str)]| {
            let mut settings: BTreeMap<String, Value> =
                settings.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
            Defaults::BEFORE.fill(&mut settings);
            settings.into_iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>()
        };
        assert_eq!(filled(&[]), ["initialization kaiming", "preprocessing none"], "the model is an mlp");
        assert_eq!(filled(&[("model", "resnet18")]), ["model resnet18", "preprocessing none"]);
        assert_eq!(
            filled(&[("model", "cnn"), ("preprocessing", "robust"), ("initialization", "xavier")]),
            ["initialization xavier", "model cnn", "preprocessing robust"]
        );
    }

    #[test]
    fn what_is_kept_is_read_back() {
        for kept in [Defaults::BEFORE, Defaults::for_samples(false), Defaults::for_samples(true)] {
            let json = serde_json::to_value(kept).unwrap();
            assert_eq!(serde_json::from_value::<Defaults>(json).unwrap(), kept);
        }
    }
}
