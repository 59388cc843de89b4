//! `optimize skip`: trials that are not to be tried again.

use super::args::{CarbonArgs, SkipArgs};
use super::carbon::carbon_of;
use super::failure::Failure;
use super::open::{Found, open_store};
use super::outputs::write_outputs;
use super::print::print;
use crate::record::StudyRecord;
use crate::study::store::Store;
use crate::study::{ResultsFolder, StudyError, skip as skip_trials};

pub(super) fn skip(args: &SkipArgs) -> Result<(), Failure> {
    // Nothing is made or written where there is no study.
    let found = Found::of(&args.study)?;
    let folder = ResultsFolder::open(&found.folder)?;
    let mut store = open_store(&folder, None)?;
    // It may have grown until it was locked.
    let entries = store.load().map_err(StudyError::Store)?;
    let mut record = StudyRecord::from_entries(entries).map_err(StudyError::Record)?;
    skip_trials(&mut store, &mut record, &args.trial)?;
    // What is run again has a page of another kind, which the next run writes.
    if record.header().identity.get("again").is_none() {
        let carbon = carbon_of(&found, &CarbonArgs { carbon_intensity: None, pue: None })?;
        write_outputs(&folder, &record, &carbon)?;
    }
    let mut trials = args.trial.clone();
    trials.sort_unstable();
    trials.dedup();
    for id in trials {
        let point = record.trial(id).map(|trial| record.problem().space().describe(&trial.point)).unwrap_or_default();
        print(format!("trial {id} is skipped and will not be tried again: {point}"))?;
    }
    Ok(())
}
