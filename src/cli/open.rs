//! From the arguments to a study: reading its file, finding its results.

use std::path::{Path, PathBuf};

use super::args::StudyArg;
use super::colour::on_stderr;
use super::compare::holds_runs;
use super::failure::Failure;
use super::print::warn;
use crate::guard::file;
use crate::record::StudyRecord;
use crate::study::store::{SqliteStore, Store, StoreError, UNDELIVERED};
use crate::study::{Interrupt, ResultsFolder, StudyError, store_path};
use crate::study_file::{StudySpec, differences};

/// A study file may have so many bytes: 1 MiB. One that a person has written has a hundredth of it.
pub(super) const MOST: u64 = 1 << 20;

/// Reads and checks a study file.
pub(super) fn read_spec(path: &Path) -> Result<StudySpec, Failure> {
    let text = file::read_text(path, MOST).map_err(|error| {
        let hint = if path.is_dir() { "; a study file ends in .toml" } else { "" };
        Failure::usage(format!("cannot read the study file {}: {error}{hint}", path.display()))
    })?;
    StudySpec::parse(&text, &path.display().to_string())
        .map_err(|errors| Failure::study_file(errors.render(on_stderr())))
}

/// Where the results of a study go unless the user says otherwise.
pub(super) fn results_of(spec: &StudySpec) -> PathBuf {
    Path::new("results").join(spec.name())
}

/// A study that is asked about.
pub(super) struct Found {
    /// Its results.
    pub(super) folder: PathBuf,
    /// Its record; it may be running at the same time.
    pub(super) record: StudyRecord,
    /// The study file that was named; `None` if a folder was, or a file that has become another study since and so does not
    /// speak of these trials.
    pub(super) file: Option<StudySpec>,
}

impl Found {
    /// A folder stands for itself, a study file for the folder of its study.
    pub(super) fn of(arg: &StudyArg) -> Result<Self, Failure> {
        // What is neither a file nor a folder is complained about where nothing else says where the results are.
        let needed = arg.results.is_none() && !arg.study.is_dir();
        let file = (needed || arg.study.is_file()).then(|| read_spec(&arg.study)).transpose()?;
        let folder = match (&arg.results, &file) {
            (Some(folder), _) => folder.clone(),
            (None, Some(file)) => results_of(file),
            (None, None) => arg.study.clone(),
        };
        // Confirmations and trainings lie in folders of a study, too, but beside its store.
        if holds_runs(&folder) {
            let place = folder.display();
            return Err(Failure::nothing(format!(
                "{place} is a comparison of samplers, and no study: {place}/comparison.html shows it, `optimize export {place}` prints it, and each \
                 of its runs is a study in a folder of its own"
            )));
        }
        if let (None, Some(file)) = (&arg.results, &file) {
            let compared = folder.with_file_name(format!("{}-compare", file.name()));
            if !store_path(&folder).exists() && holds_runs(&compared) {
                let place = compared.display();
                return Err(Failure::nothing(format!(
                    "the study itself has not been run; its comparison of samplers is in {place}: `optimize export {place}` prints it"
                )));
            }
        }
        let record = read_record(&folder)?;
        let same = |file: &StudySpec| {
            differences(&record.header().identity, &file.identity_beside(&record.header().identity)).is_empty()
        };
        Ok(Self { file: file.filter(same), folder, record })
    }
}

/// Refuses what would be waited for, such as a pipe in the place of a store.
fn is_file(path: &Path) -> Result<(), StudyError> {
    let checked = std::fs::metadata(path).and_then(|meta| file::regular(&meta));
    checked.map_err(|source| StudyError::Folder { path: path.to_owned(), source })
}

/// Opens the store of a folder, or begins one. `interrupt` ends the waiting for another program's lock; without it a signal does.
pub(super) fn open_store(folder: &ResultsFolder, interrupt: Option<&Interrupt>) -> Result<SqliteStore, StudyError> {
    let path = folder.store_path();
    if path.exists() {
        is_file(&path)?;
    }
    SqliteStore::open_until(&path, interrupt).map_err(StudyError::Store)
}

/// Reads the record in a results folder; it may be running at the same time.
pub(super) fn read_record(folder: &Path) -> Result<StudyRecord, StudyError> {
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
        warn(&format!("note: {} holds how a trial ended while the store was locked; {so}", file.display()));
    }
    if entries.is_empty() {
        return Err(StoreError::Empty { path }.into());
    }
    Ok(StudyRecord::from_entries(entries)?)
}
