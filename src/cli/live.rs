//! The page and the tables of a study while it runs.

use std::time::{Duration, Instant};

use super::outputs::write_live;
use super::print::warn;
use crate::carbon::Carbon;
use crate::record::StudyRecord;
use crate::study::{ResultsFolder, RunObserver};

/// Before the first writing, and between two, there are at least so many seconds.
const LEAST: Duration = Duration::from_secs(10);

/// And so many times what a writing takes, so that it never becomes what the machine does.
const SHARE: u32 = 50;

/// Writes them anew as trials end: between trials, so outside of all that is metered.
pub(super) struct Live<'a> {
    folder: &'a ResultsFolder,
    carbon: &'a Carbon,
    next: Instant,
    failed: bool,
}

impl<'a> Live<'a> {
    /// Of the study in this folder, which begins now. One that is over sooner writes its page but once, at its end.
    pub(super) fn new(folder: &'a ResultsFolder, carbon: &'a Carbon) -> Self {
        Self { folder, carbon, next: Instant::now() + LEAST, failed: false }
    }

    pub(super) fn write(&mut self, record: &StudyRecord) {
        let began = Instant::now();
        if began < self.next || self.failed {
            return;
        }
        if let Err(error) = write_live(self.folder, record, self.carbon) {
            // The trials are what matters; at the end it is tried again, and then it counts.
            self.failed = true;
            warn(&format!("warning: the report is not written while the study runs: {error}"));
        }
        let took = began.elapsed();
        self.next = Instant::now() + LEAST.max(took * SHARE);
    }
}

impl RunObserver for Live<'_> {
    fn trial_ended(&mut self, record: &StudyRecord, _: u64) {
        self.write(record);
    }
}
