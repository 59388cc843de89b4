//! From a path to a study: reading its file, finding its results.

use std::path::{Path, PathBuf};

use super::begin::otherwise;
use super::compare::holds_runs;
use super::{AppError, Notice, Observer};
use crate::carbon::Carbon;
use crate::guard::file;
use crate::record::StudyRecord;
use crate::study::store::{SqliteStore, Store, StoreError, UNDELIVERED};
use crate::study::{Interrupt, ResultsFolder, StudyError, store_path};
use crate::study_file::StudySpec;

/// A study file may have so many bytes: 1 MiB. One that a person has written has a hundredth of it.
pub(crate) const MOST: u64 = 1 << 20;

/// Reads and checks a study file.
///
/// # Errors
/// [`AppError::NoFile`] and [`AppError::File`].
pub(crate) fn read_spec(path: &Path) -> Result<StudySpec, AppError> {
    let text = file::read_text(path, MOST)
        .map_err(|error| AppError::NoFile { path: path.to_owned(), reason: error.to_string() })?;
    Ok(StudySpec::parse(&text, &path.display().to_string())?)
}

/// Where the results of a study go unless the user says otherwise.
pub(crate) fn results_of(spec: &StudySpec) -> PathBuf {
    Path::new("results").join(spec.name())
}

/// A study that is asked about.
pub(crate) struct Found {
    /// Its results.
    pub(crate) folder: PathBuf,
    /// Its record; it may be running at the same time.
    pub(crate) record: StudyRecord,
    /// The study file that was named; `None` if a folder was, or a file that has become another study since and so does not
    /// speak of these trials.
    pub(crate) file: Option<StudySpec>,
}

impl Found {
    /// A folder stands for itself, a study file for the folder of its study, unless `results` says where that is.
    pub(crate) fn of(study: &Path, results: Option<&Path>, observer: &mut dyn Observer) -> Result<Self, AppError> {
        // What is neither a file nor a folder is complained about where nothing else says where the results are.
        let needed = results.is_none() && !study.is_dir();
        let file = (needed || study.is_file()).then(|| read_spec(study)).transpose()?;
        let folder = match (results, &file) {
            (Some(folder), _) => folder.to_owned(),
            (None, Some(file)) => results_of(file),
            (None, None) => study.to_owned(),
        };
        // Confirmations and trainings lie in folders of a study, too, but beside its store.
        if holds_runs(&folder) {
            return Err(AppError::IsComparison { folder });
        }
        if let (None, Some(file)) = (results, &file) {
            let compared = folder.with_file_name(format!("{}-compare", file.name()));
            if !store_path(&folder).exists() && holds_runs(&compared) {
                return Err(AppError::OnlyCompared { folder: compared });
            }
        }
        let record = read_record(&folder, observer)?;
        let same = |file: &StudySpec| otherwise(file, &record).is_empty();
        Ok(Self { file: file.filter(same), folder, record })
    }

    /// What its joules stand for: by the study file that was named, or else by that of the results folder, which is as last run.
    pub(crate) fn carbon(&self, observer: &mut dyn Observer) -> Carbon {
        if let Some(file) = &self.file {
            return file.carbon().clone();
        }
        let path = self.folder.join("study.toml");
        match path.is_file().then(|| read_spec(&path)) {
            Some(Ok(spec)) => spec.carbon().clone(),
            // Grams are no reason to withhold the figures that are right.
            Some(Err(_)) => {
                let path = path.display();
                observer.notice(&Notice::Warning(format!(
                    "warning: {path} cannot be read, so its [carbon] is not known (`optimize check {path}` says why)"
                )));
                Carbon::default()
            }
            None => Carbon::default(),
        }
    }
}

/// Refuses what would be waited for, such as a pipe in the place of a store.
fn is_file(path: &Path) -> Result<(), StudyError> {
    let checked = std::fs::metadata(path).and_then(|meta| file::regular(&meta));
    checked.map_err(|source| StudyError::Folder { path: path.to_owned(), source })
}

/// Opens the store of a folder, or begins one. `interrupt` ends the waiting for another program's lock; without it a signal does.
pub(crate) fn open_store(folder: &ResultsFolder, interrupt: Option<&Interrupt>) -> Result<SqliteStore, StudyError> {
    let path = folder.store_path();
    if path.exists() {
        is_file(&path)?;
    }
    SqliteStore::open_until(&path, interrupt).map_err(StudyError::Store)
}

/// Reads the record in a results folder; it may be running at the same time.
pub(crate) fn read_record(folder: &Path, observer: &mut dyn Observer) -> Result<StudyRecord, StudyError> {
    let path = store_path(folder);
    if path.exists() {
        is_file(&path)?;
    }
    let store = SqliteStore::open_to_read(&path).map_err(|error| match error {
        StoreError::Database { .. } if !path.exists() => StudyError::NoStudy { path: folder.to_owned() },
        error => error.into(),
    })?;
    let entries = store.load()?;
    if folder.join(UNDELIVERED).exists() {
        let file = folder.join(UNDELIVERED);
        let so = match store.kept_beside() {
            Ok(true) => "it is taken into account here, and running the study stores it".to_owned(),
            Ok(false) => "the store has it by now".to_owned(),
            Err(reason) => format!("it is not taken into account: {reason}"),
        };
        let file = file.display();
        observer
            .notice(&Notice::Warning(format!("note: {file} holds how a trial ended while the store was locked; {so}")));
    }
    if entries.is_empty() {
        return Err(StoreError::Empty { path }.into());
    }
    Ok(StudyRecord::from_entries(entries)?)
}
