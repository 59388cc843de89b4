//! The weights of trials: where they are kept, and which of them stay.

use std::fs;
use std::path::{Path, PathBuf};

use crate::analysis::is_on_front;
use crate::app::AppError;
use crate::disk::create_folders;
use crate::record::{StudyRecord, TrialRecord, TrialState};
use crate::study_file::{Keep, StudySpec, TrialSource};

/// Where weights are kept, if they are; the folder is there.
pub(crate) fn checkpoints_of(spec: &StudySpec, results: &Path) -> Result<Option<PathBuf>, AppError> {
    match spec.source() {
        TrialSource::Train(train) if train.keep != Keep::None => {
            let folder = results.join("checkpoints");
            let failed = |error| AppError::failed(format!("weights cannot be kept in {}: {error}", folder.display()));
            create_folders(&folder).map_err(failed)?;
            Ok(Some(folder))
        }
        _ => Ok(None),
    }
}

/// Whether only the weights of the front are kept.
pub(crate) fn prunes(spec: &StudySpec) -> bool {
    matches!(spec.source(), TrialSource::Train(train) if train.keep == Keep::Front)
}

/// Removes the weights of trials that left the front.
pub(crate) fn prune(folder: &Path, record: &StudyRecord) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
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
