//! What can be carried out on which data.

use std::collections::BTreeMap;

use super::{Augmentation, Recipe, RecipeError};
use crate::data::{DataSource, Dataset, Partition, Targets, Task};
use crate::optimizer::space::{Domain, Parameter, Value};

impl Recipe {
    /// Where its data come from; `seed` is that of the split, and decides on a subset too.
    #[must_use]
    pub fn source(&self, seed: u64) -> DataSource {
        DataSource {
            dataset: self.dataset().to_owned(),
            label: self.label().map(str::to_owned),
            task: self.task().map(|task| match task {
                "regression" => Task::Regression,
                _ => Task::Classification,
            }),
            image_size: self.image_size(),
            samples: self.samples(),
            seed,
        }
    }

    /// Whether this can be trained on these data.
    ///
    /// # Errors
    /// [`RecipeError::Impossible`] with the setting that stands in the way.
    pub fn check_on(&self, dataset: &Dataset) -> Result<(), RecipeError> {
        let cuts =
            matches!(self.augmentation(), Augmentation::FlipAndCrop | Augmentation::Random | Augmentation::CutMix);
        if cuts && !dataset.shape().is_image() {
            let reason = format!("the samples of `{}` are no images", dataset.name());
            return Err(self.impossible("augmentation", reason, "take none or mixup"));
        }
        if matches!(dataset.targets(), Targets::Values(_)) && self.label_smoothing() > 0.0 {
            let reason = format!("`{}` has a number as its target, and no classes", dataset.name());
            return Err(self.impossible("label_smoothing", reason, "leave it out"));
        }
        Ok(())
    }

    /// The network cannot be made for the data.
    #[cfg(feature = "torch")]
    pub(super) fn no_network(&self, reason: String) -> RecipeError {
        self.impossible("model", reason, "take another model")
    }

    fn impossible(&self, name: &str, reason: String, help: &str) -> RecipeError {
        let value = self.settings().get(name).cloned().unwrap_or_else(|| "".into());
        RecipeError::Impossible { name: name.to_owned(), value, reason, help: help.to_owned() }
    }
}

/// Whether all that is searched can be done with these data: each value of a setting that depends on them, beside the fixed
/// ones.
///
/// # Errors
/// [`RecipeError::Impossible`] with the first value that cannot be.
pub fn check_on(fixed: &BTreeMap<String, Value>, searched: &[Parameter], dataset: &Dataset) -> Result<(), RecipeError> {
    let partitions = partitions(fixed, searched, dataset);
    Partition::together(&partitions).map_err(|error| RecipeError::Impossible {
        name: "partition".to_owned(),
        value: partitions.first().map(ToString::to_string).unwrap_or_default().into(),
        reason: error.to_string(),
        help: "search others, or fix one".to_owned(),
    })?;
    let name = Value::from(dataset.name());
    for setting in ["augmentation", "label_smoothing"] {
        for value in values(setting, fixed, searched) {
            Recipe::from_settings([("dataset", &name), (setting, &value)])?.check_on(dataset)?;
        }
    }
    Ok(())
}

/// Every way in which the trials may divide the data.
#[must_use]
pub fn partitions(fixed: &BTreeMap<String, Value>, searched: &[Parameter], dataset: &Dataset) -> Vec<Partition> {
    let said = values("partition", fixed, searched);
    let mut partitions: Vec<Partition> = said.iter().filter_map(|v| v.as_str()?.parse().ok()).collect();
    // Where a condition fails the parameter is absent, and the default rules.
    let always = searched.iter().find(|p| p.name == "partition").is_none_or(|p| p.condition.is_empty());
    if partitions.is_empty() || !always {
        partitions.push(Partition::default_for(dataset));
    }
    partitions
}

/// Every value that a choice may have, or the ends of a range.
pub(super) fn values(name: &str, fixed: &BTreeMap<String, Value>, searched: &[Parameter]) -> Vec<Value> {
    let domain = searched.iter().find(|parameter| parameter.name == name).map(|parameter| &parameter.domain);
    match (fixed.get(name), domain) {
        (Some(value), _) => vec![value.clone()],
        (None, Some(Domain::Choice { values })) => values.clone(),
        (None, Some(Domain::Float { low, high, .. })) => vec![(*low).into(), (*high).into()],
        (None, Some(Domain::Int { low, high, .. })) => vec![(*low).into(), (*high).into()],
        (None, None) => Vec::new(),
    }
}
