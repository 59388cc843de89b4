//! The study of which trials are run again.

use std::path::{Path, PathBuf};

use crate::app::begin::otherwise;
use crate::app::data::check_data;
use crate::app::open::{read_record, read_spec, results_of};
use crate::app::run::check::{check_program, check_source};
use crate::app::{AppError, MOST_SEEDS, Observer};
use crate::record::{StudyRecord, TrialRecord};
use crate::study_file::StudySpec;

/// A study of which trials are run again.
pub(crate) struct Origin {
    pub(super) spec: StudySpec,
    pub(super) file: PathBuf,
    pub(super) results: PathBuf,
    pub(super) record: StudyRecord,
}

impl Origin {
    /// The study of this file, as it stands in its results.
    pub(crate) fn of(
        file: &Path,
        results: Option<&Path>,
        seeds: u64,
        observer: &mut dyn Observer,
    ) -> Result<Self, AppError> {
        let spec = read_spec(file)?;
        if !(1..=MOST_SEEDS).contains(&seeds) {
            return Err(AppError::Seeds { most: MOST_SEEDS });
        }
        let results = results.map_or_else(|| results_of(&spec), Path::to_owned);
        let record = read_record(&results, observer)?;
        let differences = otherwise(&spec, &record);
        if !differences.is_empty() {
            return Err(AppError::AnotherStudy { results, file: file.to_owned(), differences });
        }
        check_source(&spec)?;
        let spec = spec.begun_with(&record.header().identity);
        // They may have changed since the study was last run.
        let record = record.preferring(spec.problem().preferences().to_vec());
        Ok(Self { spec, file: file.to_owned(), results, record })
    }

    /// Whether its trials can be run here.
    pub(super) fn check(&self) -> Result<(), AppError> {
        check_program(&self.spec, &self.file)?;
        let look = check_data(&self.spec, &self.file)?;
        look.refuse_if_read_otherwise(&self.record, &self.results)
    }

    /// A finished trial.
    pub(super) fn trial(&self, id: u64) -> Result<&TrialRecord, AppError> {
        let trial = self.record.trial(id).ok_or_else(|| {
            let last = self.record.trials().iter().map(|trial| trial.id).max();
            let range = last.map_or_else(|| "it has none yet".to_owned(), |last| format!("there are 0 to {last}"));
            AppError::wrong(format!("the study has no trial {id}")).advised(range)
        })?;
        if trial.result().is_none() {
            return Err(AppError::wrong(format!("trial {id} has no result: it is {}", trial.state.label())));
        }
        Ok(trial)
    }
}
