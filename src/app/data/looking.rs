//! Whether the data of a study are there, and all that is searched can be done with them.

use std::collections::BTreeMap;
use std::path::Path;

use super::look::Look;
use super::seen::data_seen;
use crate::app::{AppError, trainer};
use crate::data::{self, DataError, DataFolder, Dataset, Duplicates, FETCHABLE, NAMES, Partition, Split};
use crate::optimizer::space::{Domain, Parameter, Value};
use crate::study_file::{StudySpec, TrainSpec, TrialSource, nearest};
use crate::training::{Defaults, Recipe, check_on, partitions};

/// The fixed settings, with a path of data as seen from here: in the file it is as seen from the file.
pub(crate) fn settings_of(train: &TrainSpec, path: &Path) -> BTreeMap<String, Value> {
    let mut settings = train.settings.clone();
    let base = path.parent().unwrap_or(Path::new(""));
    let is_path = |name: &str| {
        let known = || NAMES.contains(&name) || data_folder().and_then(|folder| folder.find(name).ok()?).is_some();
        name.contains('/') || name.starts_with('.') || (!known() && base.join(name).exists())
    };
    if let Some(name) = settings.get("dataset").and_then(Value::as_str).filter(|name| is_path(name)) {
        settings.insert("dataset".to_owned(), base.join(name).to_string_lossy().into_owned().into());
    }
    settings
}

/// Whether the data are there, and all that is searched can be done with them; says what should be known of them. Images are
/// decoded here for the first time.
pub(crate) fn check_data(spec: &StudySpec, path: &Path) -> Result<Look, AppError> {
    demand(look_at_data(spec, path)?)
}

fn demand(look: Look) -> Result<Look, AppError> {
    match &look.to_fetch {
        None => Ok(look),
        Some(name) => Err(AppError::wrong(format!("the data set `{name}` is not here yet"))
            .advised(format!("`optimize data fetch {name}` brings it"))),
    }
}

/// The same, but published data need not be there.
pub(crate) fn look_at_data(spec: &StudySpec, path: &Path) -> Result<Look, AppError> {
    let TrialSource::Train(train) = spec.source() else { return Ok(Look::default()) };
    look_at(settings_of(train, path), spec.problem().space().parameters(), spec)
}

/// The same for one training with these settings, which are all that there are.
pub(crate) fn check_settings(settings: &BTreeMap<String, Value>, spec: &StudySpec) -> Result<Look, AppError> {
    demand(look_at(settings.clone(), &[], spec)?)
}

fn look_at(fixed: BTreeMap<String, Value>, searched: &[Parameter], spec: &StudySpec) -> Result<Look, AppError> {
    // Searched settings of the data have one value each in this recipe: the first that they can have.
    let first = |name: &str| {
        let parameter = searched.iter().find(|parameter| parameter.name == name)?;
        Some((name.to_owned(), parameter.domain.nth(0)?))
    };
    let of_data = ["image_size", "partition"].into_iter().filter_map(first);
    let settings: BTreeMap<String, Value> =
        fixed.clone().into_iter().filter(|(name, _)| is_of_data(name)).chain(of_data).collect();
    let recipe = Recipe::from_settings(settings.iter().map(|(name, value)| (name.as_str(), value)));
    let recipe = recipe.map_err(AppError::wrong)?;
    let folder = data_folder();
    let dataset = match data::open(&recipe.source(spec.seed().0), folder.as_ref()) {
        Ok(dataset) => dataset,
        Err(DataError::Unknown { name, .. }) if FETCHABLE.contains(&name.as_str()) => {
            return Ok(Look { to_fetch: Some(name), ..Look::default() });
        }
        Err(error @ DataError::Unknown { .. }) => {
            let place = folder.as_ref().map_or_else(|| "WATTFRONT_DATA".to_owned(), |f| f.path().display().to_string());
            let hint = perhaps_meant(&error);
            let besides = Some(format!("{hint}a path has a `/` in it, and what lies in {place} is known by its name"));
            return Err(AppError::Data { cause: Box::new(error), besides });
        }
        Err(error) => return Err(AppError::Data { cause: Box::new(error), besides: None }),
    };
    check_on(&fixed, searched, &dataset).map_err(AppError::wrong)?;
    #[cfg(feature = "torch")]
    crate::training::check_networks(&fixed, searched, &dataset).map_err(AppError::wrong)?;
    let partitions = partitions(&fixed, searched, &dataset).into_iter();
    let splits = partitions.map(|partition| Ok((partition, Split::of(&dataset, &partition, spec.seed().0)?)));
    let splits: Vec<(Partition, Split)> = splits.collect::<Result<_, DataError>>().map_err(AppError::wrong)?;
    let wanted = spec.problem().objectives().iter().map(|o| &o.metric);
    let wanted = wanted.chain(spec.problem().constraints().iter().map(|c| &c.metric));
    let (has, lacks) = match dataset.task() {
        data::Task::Classification => ("accuracy", ["r2", "rmse", "train_r2", "train_rmse"].as_slice()),
        data::Task::Regression => ("r2 or rmse", ["accuracy", "train_accuracy"].as_slice()),
    };
    match wanted.into_iter().find(|metric| lacks.contains(&metric.as_str())) {
        None => Ok(Look {
            to_fetch: None,
            defaults: Some(Defaults::for_data(&dataset)),
            data: Some(data_seen(&dataset, &splits)),
            otherwise: dataset.otherwise_before().to_vec(),
            notes: duplicates(&dataset, &splits).into_iter().collect(),
        }),
        Some(metric) => Err(AppError::wrong(format!(
            "`{metric}` is no metric of a training on `{}`, which has {has} instead",
            dataset.name()
        ))),
    }
}

/// Samples that are judged by and bit-identical to some that are trained on; of several ways to divide the data, by the one with
/// the most of them.
fn duplicates(dataset: &Dataset, splits: &[(Partition, Split)]) -> Option<String> {
    let counted = splits.iter().map(|(partition, split)| (partition, split, Duplicates::count(dataset, split)));
    let (partition, split, found) = counted.max_by_key(|(_, _, found)| found.validation + found.test)?;
    let part =
        |count: usize, of: &[usize], name: &str| (count > 0).then(|| format!("{count} of {} {name} samples", of.len()));
    let parts = [part(found.validation, &split.validation, "validation"), part(found.test, &split.test, "test")];
    let parts = parts.into_iter().flatten().collect::<Vec<_>>().join(" and ");
    let is = if found.validation + found.test == 1 { "is" } else { "are" };
    let by = if splits.len() > 1 { format!(" with the partition {partition}") } else { String::new() };
    (!parts.is_empty()).then(|| {
        let name = dataset.name();
        format!(
            "note: {parts} of `{name}` {is} bit-identical to training samples{by}; a network may know them by heart"
        )
    })
}

/// What is computed far more slowly here than people expect: figures of one core of a Xeon with AVX-512, on images of 8 and of 32
/// pixels a side.
pub(crate) fn slow_here(spec: &StudySpec) -> Option<String> {
    const SLOW: &str = "mixed-float16";
    let TrialSource::Train(train) = spec.source() else { return None };
    let fixed = train.settings.get("precision");
    let searched = match spec.problem().space().get("precision").map(|parameter| &parameter.domain) {
        Some(Domain::Choice { values }) => values.as_slice(),
        _ => &[],
    };
    let is_slow = fixed.into_iter().chain(searched).any(|value| value.as_str() == Some(SLOW));
    (is_slow && trainer::finds_gpu() == Some(false)).then(|| {
        format!(
            "note: no GPU can be used here, and CPUs are slow at `precision` = {SLOW}: epochs of a cnn took 40 to 50 times as long \
             as with float32, and with mixed-bfloat16 1.2 times"
        )
    })
}

/// What somebody may have meant by the name of data that there are none of, with a blank after it.
fn perhaps_meant(error: &DataError) -> String {
    let DataError::Unknown { name, known, fetchable } = error else { return String::new() };
    match nearest(name, known.iter().chain(fetchable).map(String::as_str)) {
        Some(meant) if fetchable.iter().any(|name| name == meant) => {
            format!("did you mean `{meant}`, which `optimize data fetch {meant}` brings? ")
        }
        Some(meant) => format!("did you mean `{meant}`? "),
        None => String::new(),
    }
}

fn data_folder() -> Option<DataFolder> {
    DataFolder::of(|name| std::env::var(name).ok())
}

fn is_of_data(name: &str) -> bool {
    ["dataset", "label", "task", "samples", "image_size", "partition"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Shape, Shares};

    #[test]
    fn names_that_are_nearly_right_are_answered_with_the_right_ones() {
        let hint = |name: &str| {
            let (known, fetchable) = (vec!["digits".to_owned(), "pets".to_owned()], vec!["cifar10".to_owned()]);
            perhaps_meant(&DataError::Unknown { name: name.to_owned(), known, fetchable })
        };
        assert_eq!(hint("digit"), "did you mean `digits`? ");
        assert_eq!(hint("Pets"), "did you mean `pets`? ");
        assert_eq!(hint("cifr10"), "did you mean `cifar10`, which `optimize data fetch cifar10` brings? ");
        assert_eq!(hint("imagenet"), "");
    }

    #[test]
    fn duplicates_are_told_by_the_partition_that_has_the_most() {
        let told = |values: Vec<f32>, partitions: &[&str]| {
            let labels = (0..values.len() as u32).map(|i| i % 2).collect();
            let dataset = Dataset::new("rows", Shape::of_columns(1), values, labels, 2).unwrap();
            let shares = partitions.iter().map(|text| Partition::Shares(text.parse::<Shares>().unwrap()));
            let splits: Vec<_> = shares.map(|p| (p, Split::of(&dataset, &p, 1).unwrap())).collect();
            duplicates(&dataset, &splits)
        };
        assert_eq!(told((0..40_u8).map(f32::from).collect(), &["60-20-20"]), None);
        assert_eq!(
            told(vec![0.5; 40], &["80-10-10", "50-30-20"]).unwrap(),
            "note: 12 of 12 validation samples and 8 of 8 test samples of `rows` are bit-identical to training samples with the \
             partition 50-30-20; a network may know them by heart"
        );
        // One pair of equal rows, whose two are in two parts.
        let one = (0..39_usize).find_map(|twin| {
            let values = (0..40).map(|i| if i == 39 { twin as f32 } else { i as f32 }).collect();
            told(values, &["60-20-20"])
        });
        let one = one.unwrap();
        assert!(
            one.starts_with("note: 1 of 8 ") && one.contains(" samples of `rows` is bit-identical to training"),
            "{one}"
        );
    }
}
