//! A study begins in its results folder, or goes on there if it is the same study.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::compare::is_comparison;
use super::leftovers::end_what_was_left;
use super::open::open_store;
use super::warm_start::{Lessons, offer_lesson, read_lessons};
use super::{AppError, Notice, Observer, Study};
use crate::energy;
use crate::record::{Event, StudyRecord};
use crate::study::store::{SqliteStore, Store};
use crate::study::{OUTPUTS, ResultsFolder, StudyError};
use crate::study_file::{StudySpec, differences};

/// What a study file says otherwise than the study that was begun, a line each; nothing if that is the same study.
pub(super) fn otherwise(spec: &StudySpec, begun: &StudyRecord) -> Vec<String> {
    let stored = &begun.header().identity;
    otherwise_than(stored, &spec.identity_beside(stored))
}

/// What is otherwise in one identity than in another, a line each.
fn otherwise_than(stored: &Json, now: &Json) -> Vec<String> {
    differences(stored, now).iter().map(ToString::to_string).collect()
}

/// A study in its folder, new or as it was left.
pub(super) struct Opening {
    pub(super) folder: ResultsFolder,
    pub(super) store: SqliteStore,
    pub(super) record: StudyRecord,
    /// What it is to learn from, which is not taught yet.
    pub(super) lessons: Lessons,
    /// Where the old results are, if it begins anew.
    pub(super) aside: Option<PathBuf>,
}

impl Opening {
    /// Locks the folder, moves old results aside where they are not wanted, and begins the study or finds it there.
    pub(super) fn of(study: &Study, spec: &StudySpec, observer: &mut dyn Observer) -> Result<Self, AppError> {
        let results = study.results_folder();
        let lessons = read_lessons(&study.warm_start, spec, &results, study.fresh, observer)?;
        let (folder, aside) = open_folder(spec, &results, study.fresh || lessons.begin_anew(), observer)?;
        lessons.told_changes().iter().for_each(|changes| observer.notice(changes));
        if let Some(to) = aside.clone() {
            observer.notice(&Notice::MovedAside { to });
        }
        let mut store = open_store(&folder, None)?;
        let begun = begin_or_resume(spec, &mut store, &folder);
        let record = begun.map_err(|error| offer_lesson(error, spec, &store))?;
        Ok(Self { folder, store, record, lessons, aside })
    }
}

/// The results folder of a study, locked, and where the old results are if `fresh` moved them aside.
pub(super) fn open_folder(
    spec: &StudySpec,
    results: &Path,
    fresh: bool,
    observer: &mut dyn Observer,
) -> Result<(ResultsFolder, Option<PathBuf>), StudyError> {
    if is_comparison(results) {
        return Err(StudyError::OfComparison { path: results.to_owned() });
    }
    let folder = ResultsFolder::open(results)?;
    end_what_was_left(&folder, observer);
    let (folder, aside) = if fresh { folder.set_aside()? } else { (folder, None) };
    if !folder.has_study() {
        folder.refuse_foreign_files(&[spec.text(), &spec.text_as_study_toml()])?;
    } else if folder.has_empty_store() {
        // Before it is made a store of.
        folder.refuse_lost_trials(&OUTPUTS)?;
    }
    Ok((folder, aside))
}

/// What is to be known of the place where the study is kept, a line each.
pub(super) fn caveats(folder: &ResultsFolder, store: &SqliteStore) -> Vec<String> {
    let hollow = store.was_hollow().then(|| {
        format!(
            "{} was there but empty; the study begins anew (if it had trials, stop this and bring back the file with its study.db-wal)",
            folder.store_path().display()
        )
    });
    folder.caveat().into_iter().chain(hollow).collect()
}

/// Creates the study, or loads it if it is the same.
pub(super) fn begin_or_resume(
    spec: &StudySpec,
    store: &mut dyn Store,
    folder: &ResultsFolder,
) -> Result<StudyRecord, AppError> {
    let write_file = || folder.write("study.toml", spec.text_as_study_toml().as_bytes());
    let (begun, record) = begin_or_load(store, || {
        folder.refuse_lost_trials(&OUTPUTS)?;
        write_file()?;
        Ok(created(spec))
    })?;
    refuse_another(otherwise(spec, &record), folder.path())?;
    if !begun {
        write_file()?;
    }
    Ok(prefer_anew(spec, store, record)?)
}

/// The same of what is no search: a study with this first event.
pub(super) fn begin_or_resume_as(
    first: Event,
    store: &mut dyn Store,
    folder: &ResultsFolder,
) -> Result<StudyRecord, AppError> {
    let identity = match &first {
        Event::StudyCreated { identity, .. } => identity.clone(),
        _ => Json::Null,
    };
    let (_, record) = begin_or_load(store, || Ok(first))?;
    refuse_another(otherwise_than(&record.header().identity, &identity), folder.path())?;
    Ok(record)
}

/// The record of a store, and whether it was begun just now.
fn begin_or_load(
    store: &mut dyn Store,
    first: impl FnOnce() -> Result<Event, StudyError>,
) -> Result<(bool, StudyRecord), StudyError> {
    let mut entries = store.load()?;
    let begun = entries.is_empty();
    if begun {
        entries.push(store.append(first()?)?);
    }
    Ok((begun, StudyRecord::from_entries(entries)?))
}

/// Refuses to go on with another study.
pub(super) fn refuse_another(differences: Vec<String>, folder: &Path) -> Result<(), AppError> {
    if differences.is_empty() {
        return Ok(());
    }
    Err(AppError::OtherSettings { results: folder.to_owned(), differences, lesson: None })
}

/// The first event of a study.
pub(super) fn created(spec: &StudySpec) -> Event {
    Event::StudyCreated {
        name: spec.name().to_owned(),
        seed: spec.seed(),
        problem: spec.problem().clone(),
        sampler: spec.sampler().kind.clone(),
        identity: spec.identity_with(energy::watts_per_core()),
    }
}

/// Notes in the record that the study file prefers something else than before; what is preferred may change.
fn prefer_anew(spec: &StudySpec, store: &mut dyn Store, mut record: StudyRecord) -> Result<StudyRecord, StudyError> {
    let preferences = spec.problem().preferences().to_vec();
    if record.problem().preferences() != preferences {
        record.apply(store.append(Event::PreferencesChanged { preferences })?)?;
    }
    Ok(record)
}
