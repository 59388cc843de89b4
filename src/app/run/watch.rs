//! What happens beside a study as its trials end: its page is written anew, and weights that are not needed any more go.

use std::path::Path;
use std::time::Duration;

use super::live::Live;
use super::weights::prune;
use crate::app::Observer;
use crate::record::{EpochRow, StudyRecord};
use crate::study::{RunObserver, Stop};

/// Hands everything on to an observer.
pub(super) struct Watch<'a> {
    pub(super) observer: &'a mut dyn Observer,
    /// The page and the tables, as trials end.
    pub(super) live: Option<Live<'a>>,
    /// The folder of weights of which only those of the front are kept.
    pub(super) weights: Option<&'a Path>,
}

impl RunObserver for Watch<'_> {
    fn began(&mut self, record: &StudyRecord) {
        self.observer.began(record);
    }

    fn trial_lost(&mut self, record: &StudyRecord, trial: u64) {
        self.observer.trial_lost(record, trial);
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

    fn stood_still(&mut self, stop: &Stop) {
        self.observer.stood_still(stop);
    }

    fn doubted(&mut self, trial: u64, doubt: &str) {
        self.observer.doubted(trial, doubt);
    }

    fn stopping(&mut self) {
        self.observer.stopping();
    }

    fn finishing(&mut self) {
        self.observer.finishing();
    }

    fn trial_ended(&mut self, record: &StudyRecord, trial: u64) {
        if let Some(folder) = self.weights {
            prune(folder, record);
        }
        self.observer.trial_ended(record, trial);
        if let Some(live) = &mut self.live {
            live.write(record, self.observer);
        }
    }
}
