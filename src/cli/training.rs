//! What the built-in trainer needs beside settings: data that are there, and a place for what it keeps.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::failure::Failure;
use crate::analysis::is_on_front;
use crate::data::{self, DataError, DataFolder, FETCHABLE, NAMES, Split};
use crate::optimizer::space::Value;
use crate::record::{EpochRow, StudyRecord, TrialRecord, TrialState};
use crate::study::RunObserver;
use crate::study::spec::{Keep, Source, StudySpec, TrainSpec};
use crate::training::{Recipe, check_on, partitions};

/// The fixed settings, with a path of data as seen from here: in the file it is as seen from the file.
pub(super) fn settings_of(train: &TrainSpec, path: &Path) -> BTreeMap<String, Value> {
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

/// Data that can be had, and are not there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ToFetch(pub(super) String);

/// Whether the data are there, and all that is searched can be done with them. Images are decoded here for the first time.
pub(super) fn check_data(spec: &StudySpec, path: &Path) -> Result<(), Failure> {
    match look_at_data(spec, path)? {
        None => Ok(()),
        Some(ToFetch(name)) => Err(Failure::usage(format!(
            "the data set `{name}` is not here yet; `optimize data fetch {name}` brings it"
        ))),
    }
}

/// The same, but published data need not be there.
pub(super) fn look_at_data(spec: &StudySpec, path: &Path) -> Result<Option<ToFetch>, Failure> {
    let Source::Train(train) = spec.source() else { return Ok(None) };
    let (fixed, searched) = (settings_of(train, path), spec.problem().space().parameters());
    // Searched settings of the data have one value each in this recipe: the first that they can have.
    let first = |name: &str| Some((name.to_owned(), spec.problem().space().get(name)?.domain.nth(0)?));
    let of_data = ["image_size", "partition"].into_iter().filter_map(first);
    let settings: BTreeMap<String, Value> =
        fixed.clone().into_iter().filter(|(name, _)| is_of_data(name)).chain(of_data).collect();
    let recipe = Recipe::from_settings(settings.iter().map(|(name, value)| (name.as_str(), value)));
    let recipe = recipe.map_err(Failure::usage)?;
    let folder = data_folder();
    let dataset = match data::open(&recipe.source(spec.seed().0), folder.as_ref()) {
        Ok(dataset) => dataset,
        Err(DataError::Unknown { name, .. }) if FETCHABLE.contains(&name.as_str()) => return Ok(Some(ToFetch(name))),
        Err(error @ DataError::Unknown { .. }) => {
            let place = folder.as_ref().map_or_else(|| "WATTFRONT_DATA".to_owned(), |f| f.path().display().to_string());
            return Err(Failure::usage(format!(
                "{error}; a path has a `/` in it, and what lies in {place} is known by its name"
            )));
        }
        Err(error) => return Err(Failure::usage(error)),
    };
    check_on(&fixed, searched, &dataset).map_err(Failure::usage)?;
    #[cfg(feature = "torch")]
    crate::training::check_networks(&fixed, searched, &dataset).map_err(Failure::usage)?;
    for partition in partitions(&fixed, searched, &dataset) {
        Split::of(&dataset, &partition, spec.seed().0).map_err(Failure::usage)?;
    }
    let wanted = spec.problem().objectives().iter().map(|o| &o.metric);
    let wanted = wanted.chain(spec.problem().constraints().iter().map(|c| &c.metric));
    let (has, lacks) = match dataset.task() {
        data::Task::Classification => ("accuracy", ["r2", "rmse", "train_r2", "train_rmse"].as_slice()),
        data::Task::Regression => ("r2 or rmse", ["accuracy", "train_accuracy"].as_slice()),
    };
    match wanted.into_iter().find(|metric| lacks.contains(&metric.as_str())) {
        None => Ok(None),
        Some(metric) => Err(Failure::usage(format!(
            "`{metric}` is no metric of a training on `{}`, which has {has} instead",
            dataset.name()
        ))),
    }
}

fn data_folder() -> Option<DataFolder> {
    DataFolder::of(|name| std::env::var(name).ok())
}

fn is_of_data(name: &str) -> bool {
    ["dataset", "label", "task", "samples", "image_size", "partition"].contains(&name)
}

/// Where weights are kept, if they are; the folder is there.
pub(super) fn checkpoints_of(spec: &StudySpec, results: &Path) -> Result<Option<PathBuf>, Failure> {
    match spec.source() {
        Source::Train(train) if train.keep != Keep::None => {
            let folder = results.join("checkpoints");
            let failed = |error| Failure::other(format!("weights cannot be kept in {}: {error}", folder.display()));
            fs::create_dir_all(&folder).map_err(failed)?;
            Ok(Some(folder))
        }
        _ => Ok(None),
    }
}

/// Whether only the weights of the front are kept.
pub(super) fn prunes(spec: &StudySpec) -> bool {
    matches!(spec.source(), Source::Train(train) if train.keep == Keep::Front)
}

/// Watches a study, and removes the weights of trials that left the front.
pub(super) struct Pruning<'a> {
    pub(super) observer: &'a mut dyn RunObserver,
    pub(super) folder: PathBuf,
}

impl Pruning<'_> {
    fn prune(&self, record: &StudyRecord) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix("trial-")?.split('.').next()?.parse().ok());
            let trial = number.and_then(|number| record.trial(number));
            let is_over = |trial: &TrialRecord| !matches!(trial.state, TrialState::Running);
            if trial.is_some_and(|trial| is_over(trial) && !is_on_front(record, trial.id)) {
                // What cannot be removed is left, and costs no more than its room.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

impl RunObserver for Pruning<'_> {
    fn began(&mut self, record: &StudyRecord) {
        self.observer.began(record);
    }

    fn resting(&mut self, time: Duration) {
        self.observer.resting(time);
    }

    fn cooling(&mut self, now: f64, to: f64) {
        self.observer.cooling(now, to);
    }

    fn trial_started(&mut self, record: &StudyRecord, trial: u64) {
        self.observer.trial_started(record, trial);
    }

    fn step(&mut self, trial: u64, row: &EpochRow) {
        self.observer.step(trial, row);
    }

    fn stopping(&mut self) {
        self.observer.stopping();
    }

    fn trial_ended(&mut self, record: &StudyRecord, trial: u64) {
        self.prune(record);
        self.observer.trial_ended(record, trial);
    }
}
