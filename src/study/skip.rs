//! Trials that the user wants not to be tried again.

use super::StudyError;
use super::store::Store;
use crate::record::{Event, StudyRecord, TrialRecord, TrialState};

/// Marks trials as not to be tried again. They may wait for another attempt, have been running when their session died,
/// or have been asked for and not told. Each has failed from then on, as `skipped`: the user's word that its
/// configuration is none. So samplers stay away from it, and it counts towards a budget of trials as any other failure
/// of the configuration. All of them are marked, or none. Nobody else may be running the study.
///
/// # Errors
/// [`StudyError::Unskippable`] for a trial that is unknown, has finished or has failed already; what the store says.
pub fn skip(store: &mut dyn Store, record: &mut StudyRecord, trials: &[u64]) -> Result<(), StudyError> {
    for &trial in trials {
        if let Err(reason) = may_skip(record, trial) {
            return Err(StudyError::Unskippable { trial, reason });
        }
    }
    for (i, &trial) in trials.iter().enumerate() {
        if !trials[..i].contains(&trial) {
            record.apply(store.append(Event::TrialSkipped { trial })?)?;
        }
    }
    Ok(())
}

fn may_skip(record: &StudyRecord, trial: u64) -> Result<(), String> {
    let state = record.trial(trial).map(|trial| &trial.state);
    match state {
        Some(TrialState::Running | TrialState::Waiting(_)) => Ok(()),
        Some(TrialState::Finished(_)) => Err("it has finished, and what it found stays".to_owned()),
        Some(TrialState::Failed(failure)) => {
            Err(format!("it has failed already ({}) and is not tried again", failure.kind.label()))
        }
        None => Err(match record.trials().iter().map(|trial| trial.id).max() {
            Some(last) => format!("the study has no such trial; there are 0 to {last}{}", open_ones(record)),
            None => "the study has no trials yet".to_owned(),
        }),
    }
}

/// Those that could be skipped, if they are few enough for a sentence.
fn open_ones(record: &StudyRecord) -> String {
    let is_open = |trial: &&TrialRecord| matches!(trial.state, TrialState::Running | TrialState::Waiting(_));
    let open: Vec<String> = record.trials().iter().filter(is_open).map(|trial| trial.id.to_string()).collect();
    match open.len() {
        0 => ", none of which waits to be tried again".to_owned(),
        1..=10 => format!(", of which {} can be skipped", open.join(", ")),
        _ => String::new(),
    }
}
