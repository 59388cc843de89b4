//! Trials that are not to be tried again.

use std::path::Path;

use super::open::{Found, open_store};
use super::outputs::write_outputs;
use super::{AppError, Observer};
use crate::record::StudyRecord;
use crate::study::store::Store;
use crate::study::{ResultsFolder, StudyError, skip as skip_trials};

/// Skips them in a study that nobody runs, and says which they are with their configurations, a line each.
pub(crate) fn skip(
    study: &Path,
    results: Option<&Path>,
    trials: &[u64],
    observer: &mut dyn Observer,
) -> Result<Vec<String>, AppError> {
    // Nothing is made or written where there is no study.
    let found = Found::of(study, results, observer)?;
    let folder = ResultsFolder::open(&found.folder)?;
    let mut store = open_store(&folder, None)?;
    // It may have grown until it was locked.
    let mut record = StudyRecord::from_entries(store.load()?).map_err(StudyError::Record)?;
    skip_trials(&mut store, &mut record, trials)?;
    // What is run again has a page of another kind, which the next run writes.
    if record.header().identity.get("again").is_none() {
        write_outputs(&folder, &record, &found.carbon(observer))?;
    }
    let mut trials = trials.to_vec();
    trials.sort_unstable();
    trials.dedup();
    let told = trials.into_iter().map(|id| {
        let point = record.trial(id).map(|trial| record.problem().space().describe(&trial.point)).unwrap_or_default();
        format!("trial {id} is skipped and will not be tried again: {point}")
    });
    Ok(told.collect())
}
