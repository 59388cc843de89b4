//! Why a training has diverged, as far as its data tell.

use std::borrow::Cow;
use std::fmt;

use super::{Precision, Preprocessing, Recipe, Scaling};
use crate::data::{Dataset, Features};

/// Inputs are about 1 where they are scaled; from here on a column outweighs all others.
const LARGE: f64 = 100.0;
/// The largest number of 16 bits.
const LARGEST_HALF: f64 = 65_504.0;

/// What has most likely made a training diverge.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum DivergenceCause {
    /// What the network sees is in order, so its steps were too large.
    LearningRate(f64),
    /// A column of numbers, or a channel, is far from the size of 1 that networks expect.
    Unscaled {
        /// What it is called.
        column: String,
        /// Its smallest value in a part of the data, as the network sees it.
        low: f64,
        /// Its largest.
        high: f64,
        /// What was done to it before.
        preprocessing: Preprocessing,
        /// Of which part: `training` or `validation`.
        part: &'static str,
    },
    /// A column that 16 bits cannot hold.
    TooLargeForHalf {
        /// What it is called.
        column: String,
        /// Its value furthest from 0, as the network sees it.
        value: f64,
    },
    /// A column that is no number any more after preprocessing.
    NoNumber {
        /// What it is called.
        column: String,
    },
    /// Some values to be predicted are so far from all others that their squares outweigh everything.
    Targets {
        /// How many standard deviations from the mean the furthest of them is.
        deviations: f64,
    },
}

impl DivergenceCause {
    /// Looks at what a network sees of these samples, which are those of a part with this name.
    #[must_use]
    pub fn of(
        recipe: &Recipe,
        dataset: &Dataset,
        (part, samples): (&'static str, &[usize]),
        scaling: Option<&[Scaling]>,
    ) -> Self {
        let half = matches!(recipe.precision(), Precision::Float16Input | Precision::MixedFloat16);
        let seen = furthest(dataset, samples, scaling);
        match seen {
            Some((column, low, high)) if !(low.is_finite() && high.is_finite()) => {
                Self::NoNumber { column: name(dataset, column) }
            }
            Some((column, low, high)) if half && low.abs().max(high) > LARGEST_HALF => {
                Self::TooLargeForHalf { column: name(dataset, column), value: if -low > high { low } else { high } }
            }
            Some((column, low, high)) if low.abs().max(high) > LARGE => {
                let preprocessing = recipe.on(dataset).preprocessing().unwrap_or(Preprocessing::None);
                Self::Unscaled { column: name(dataset, column), low, high, preprocessing, part }
            }
            _ => match deviations(dataset.values(), samples) {
                Some(deviations) if deviations > LARGE => Self::Targets { deviations },
                _ => Self::LearningRate(recipe.learning_rate()),
            },
        }
    }
}

/// The column with the number furthest from 0, and its range; `None` for bytes, which are small however they are scaled.
fn furthest(dataset: &Dataset, samples: &[usize], scaling: Option<&[Scaling]>) -> Option<(usize, f64, f64)> {
    let Features::Floats(floats) = dataset.features() else { return None };
    let shape = dataset.shape();
    let pixels = if shape.is_image() { shape.height * shape.width } else { 1 };
    let mut ranges = vec![(f64::INFINITY, f64::NEG_INFINITY); shape.len() / pixels];
    for sample in samples {
        let Some(row) = floats.get(sample * shape.len()..(sample + 1) * shape.len()) else { continue };
        for (values, (column, range)) in row.chunks(pixels).zip(ranges.iter_mut().enumerate()) {
            for value in values {
                let value = f64::from(*value);
                let value = match scaling.and_then(|all| all.get(column)) {
                    Some(Scaling { center, spread }) => (value - center) / spread,
                    None => value,
                };
                *range = widened(*range, value);
            }
        }
    }
    let size = |range: &(f64, f64)| if range.0.is_nan() { f64::INFINITY } else { (-range.0).max(range.1) };
    let found = ranges.iter().enumerate().max_by(|a, b| size(a.1).total_cmp(&size(b.1)))?;
    Some((found.0, found.1.0, found.1.1))
}

/// A range with one more value in it; with one that is no number it is none for good, where `min` and `max` would go on with the next.
fn widened((low, high): (f64, f64), value: f64) -> (f64, f64) {
    match value.is_nan() || low.is_nan() {
        true => (f64::NAN, f64::NAN),
        false => (low.min(value), high.max(value)),
    }
}

fn deviations(values: &[f32], samples: &[usize]) -> Option<f64> {
    let picked = || samples.iter().filter_map(|index| values.get(*index)).map(|value| f64::from(*value));
    let count = picked().count();
    if count == 0 {
        return None;
    }
    let mean = picked().sum::<f64>() / count as f64;
    let sd = (picked().map(|value| (value - mean).powi(2)).sum::<f64>() / count as f64).sqrt();
    (sd > 0.0).then(|| picked().map(|value| (value - mean).abs() / sd).fold(0.0, f64::max))
}

/// What this number of a sample, or this channel, is called.
fn name(dataset: &Dataset, number: usize) -> String {
    let mut from = 0;
    for column in dataset.columns() {
        if number < from + column.width() {
            return format!("column `{}`", column.name);
        }
        from += column.width();
    }
    let kind = if dataset.shape().is_image() { "channel" } else { "feature" };
    format!("{kind} {number}")
}

/// A number in as many digits as tell it.
fn short(value: f64) -> String {
    if value != 0.0 && !(1e-3..1e7).contains(&value.abs()) {
        format!("{value:.3e}")
    } else {
        let decimals = (3 - value.abs().max(1e-3).log10().floor() as i32).clamp(0, 6) as usize;
        let text = format!("{value:.decimals$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    }
}

impl DivergenceCause {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Cow<'static, str> {
        match self {
            Self::LearningRate(rate) => format!("a smaller learning rate than {} may help", short(*rate)).into(),
            Self::Unscaled { preprocessing: Preprocessing::None, .. } => {
                "`preprocessing` = standardize brings it to the size that networks expect".into()
            }
            Self::Unscaled { .. } => "mend or remove them, or take a smaller learning rate".into(),
            Self::TooLargeForHalf { .. } => {
                "scale it (`preprocessing` = standardize), or take another `precision`".into()
            }
            Self::NoNumber { .. } => "mend the data, or remove it".into(),
            Self::Targets { .. } => "mend or remove it, or predict its logarithm".into(),
        }
    }
}

impl fmt::Display for DivergenceCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LearningRate(_) => f.write_str("what the network sees is in order"),
            Self::Unscaled { column, low, high, preprocessing, part } => {
                let (low, high) = (short(*low), short(*high));
                match preprocessing {
                    Preprocessing::None => write!(
                        f,
                        "{column} goes from {low} to {high} in the {part} part and is not scaled, so it outweighs all else"
                    ),
                    how => write!(
                        f,
                        "{column} still goes from {low} to {high} in the {part} part after `preprocessing` = {}: some of its values are far from all \
                         others",
                        how.name()
                    ),
                }
            }
            Self::TooLargeForHalf { column, value } => {
                write!(f, "{column} has {} for the network, and numbers of 16 bits end at 65504", short(*value))
            }
            Self::NoNumber { column } => write!(f, "{column} is no number any more after preprocessing"),
            Self::Targets { deviations } => {
                write!(f, "a value to be predicted is {} standard deviations from the mean", short(*deviations))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{FeatureColumn, Shape};
    use crate::optimizer::space::Value;

    fn recipe(settings: &[(&str, Value)]) -> Recipe {
        let dataset = Value::from("rows");
        Recipe::from_settings(settings.iter().map(|(k, v)| (*k, v)).chain([("dataset", &dataset)])).unwrap()
    }

    /// Two columns, the second one in thousands.
    fn rows() -> Dataset {
        let features = vec![1.0, 2700.0, 2.0, 6300.0, 3.0, 4000.0, 1.5, 3000.0];
        let column = |name: &str| FeatureColumn { name: name.to_owned(), categories: Vec::new() };
        let dataset = Dataset::new("rows", Shape::of_columns(2), features, vec![0, 1, 0, 1], 2).unwrap();
        dataset.with_columns(vec![column("bill"), column("mass")]).unwrap()
    }

    fn told(recipe: &Recipe, dataset: &Dataset) -> String {
        let all: Vec<usize> = (0..dataset.len()).collect();
        let how = recipe.on(dataset).preprocessing().unwrap();
        let scaling = Scaling::fit(how, dataset, &all);
        let cause = DivergenceCause::of(recipe, dataset, ("training", &all), scaling.as_deref());
        format!("{cause}; {}", cause.help())
    }

    #[test]
    fn columns_that_nobody_scaled_are_named_with_their_range() {
        let none = [("preprocessing", Value::from("none"))];
        let cause = told(&recipe(&none), &rows());
        assert!(cause.starts_with("column `mass` goes from 2700 to 6300 in the training part"), "{cause}");
        assert!(cause.contains("`preprocessing` = standardize") && !cause.contains("learning rate"), "{cause}");
        // Of one that is scaled the learning rate is left.
        assert_eq!(
            told(&recipe(&[("learning_rate", 0.5.into())]), &rows()),
            "what the network sees is in order; a smaller learning rate than 0.5 may help"
        );
    }

    #[test]
    fn numbers_that_16_bits_cannot_hold_and_outliers_are_named() {
        let mut values: Vec<f32> = (0..40_000_u16).map(|i| f32::from(i % 7)).collect();
        values[7] = -3e6;
        let labels = (0..40_000).map(|i| i % 2).collect();
        let wild = Dataset::new("wild", Shape::of_columns(1), values, labels, 2).unwrap();
        let cause = told(&recipe(&[("preprocessing", "none".into()), ("precision", "mixed-float16".into())]), &wild);
        assert!(cause.starts_with("feature 0 has -3000000 for the network"), "{cause}");
        let cause = told(&recipe(&[]), &wild);
        assert!(cause.starts_with("feature 0 still goes from -200 to") && cause.contains("standardize"), "{cause}");
    }

    #[test]
    fn a_column_that_is_no_number_is_named_whatever_follows() {
        let range = |values: &[f64]| values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |r, v| widened(r, *v));
        assert_eq!(range(&[2.0, -1.0, 3.0]), (-1.0, 3.0));
        for at in 0..3 {
            let mut values = [2.0, -1.0, 3.0];
            values[at] = f64::NAN;
            assert!(range(&values).0.is_nan() && range(&values).1.is_nan(), "{at}");
        }
        let none = recipe(&[("preprocessing", "none".into())]);
        let scaling = [Scaling { center: f64::NAN, spread: 1.0 }, Scaling { center: 0.0, spread: 1.0 }];
        let cause = DivergenceCause::of(&none, &rows(), ("training", &[0, 1, 2, 3]), Some(&scaling));
        assert_eq!(cause, DivergenceCause::NoNumber { column: "column `bill`".to_owned() });
    }

    #[test]
    fn targets_far_from_all_others_are_named() {
        let mut values: Vec<f32> = (0..40_000_u16).map(|i| f32::from(i % 7)).collect();
        values[9] = 1e9;
        let features = (0..40_000_u16).map(|i| f32::from(i % 5)).collect();
        let wild = Dataset::regression("wild", Shape::of_columns(1), features, values).unwrap();
        assert!(told(&recipe(&[]), &wild).starts_with("a value to be predicted is 200 standard deviations"));
    }
}
