//! Who watches a study.

use crate::record::{EpochRow, StudyRecord};

/// Is told what happens in a study while it runs. Every method may be left out.
pub trait RunObserver {
    /// The study begins, or goes on after an earlier session.
    fn began(&mut self, record: &StudyRecord) {
        let _ = record;
    }

    /// An earlier session died in a trial, which therefore waits or has failed: see its state.
    fn trial_lost(&mut self, record: &StudyRecord, trial: u64) {
        let _ = (record, trial);
    }

    /// The power of the hardware at rest is measured for so long, before the first trial of a session.
    fn resting(&mut self, time: std::time::Duration) {
        let _ = time;
    }

    /// The next trial waits for a device to cool down, in degrees Celsius.
    fn cooling(&mut self, now: f64, to: f64) {
        let _ = (now, to);
    }

    /// An attempt at a trial begins.
    fn trial_started(&mut self, record: &StudyRecord, trial: u64) {
        let _ = (record, trial);
    }

    /// The trial under way reported a step.
    fn step(&mut self, trial: u64, row: &EpochRow) {
        let _ = (trial, row);
    }

    /// The study stood still for a while, as it finds in the trial under way.
    fn stood_still(&mut self, stop: &super::Stop) {
        let _ = stop;
    }

    /// Something in what the trial under way told was not understood, although it has a result.
    fn doubted(&mut self, trial: u64, doubt: &str) {
        let _ = (trial, doubt);
    }

    /// The user asked to stop; the trial under way is being ended.
    fn stopping(&mut self) {}

    /// The user asked to stop once the trial under way has ended.
    fn finishing(&mut self) {}

    /// An attempt at a trial ended, with or without a result; it is in the store already.
    fn trial_ended(&mut self, record: &StudyRecord, trial: u64) {
        let _ = (record, trial);
    }
}

/// Watches nothing.
impl RunObserver for () {}
