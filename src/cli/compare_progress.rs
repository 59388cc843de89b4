//! What people see while the studies of a comparison run.

use std::time::Instant;

use super::bar::Bar;
use super::print::say;
use super::terminal::Terminal;
use crate::analysis::Totals;
use crate::app::compare::CompareObserver;
use crate::app::words::duration;
use crate::app::{Notice, Observer, opening_lines};
use crate::record::{EpochRow, StudyRecord};
use crate::report::study::progress::trial_line;
use crate::study::{EndReason, RunObserver, Stop};

/// A line per finished study, and below them a bar over all trials; only the lines where standard output is no terminal.
pub(super) struct ComparisonProgress {
    bar: Bar,
    runs: usize,
    /// Trials of the studies before this one.
    before: u64,
    /// Trials of this one.
    counted: u64,
    /// Trials that were there when this process began.
    earlier: u64,
    began: Instant,
    number: usize,
    label: String,
    /// Whether it was said what draws power here.
    told_hardware: bool,
}

impl Default for ComparisonProgress {
    fn default() -> Self {
        Self {
            bar: Bar::default(),
            runs: 0,
            before: 0,
            counted: 0,
            earlier: 0,
            began: Instant::now(),
            number: 0,
            label: String::new(),
            told_hardware: false,
        }
    }
}

impl CompareObserver for ComparisonProgress {
    fn comparing(&mut self, runs: usize, trials: Option<u64>, done: &[u64]) {
        self.runs = runs;
        self.before = done.iter().sum();
        self.earlier = self.before;
        self.began = Instant::now();
        if !done.is_empty() {
            say(&format!("{} of {runs} runs are done already", done.len()));
        }
        if done.len() < runs {
            self.bar = Bar::over(trials.map(|n| n * runs as u64), "trials");
        }
    }

    fn run_begins(&mut self, number: usize, label: &str) {
        (self.number, self.label) = (number, label.to_owned());
    }

    fn run_ended(&mut self, record: &StudyRecord) {
        self.before += record.counted_trials();
        self.counted = 0;
        let totals = Totals::of(record);
        let spent = totals.spent.as_ref().map_or_else(String::new, |spent| format!("  {spent}"));
        let width = self.runs.to_string().len();
        let (number, runs, label) = (self.number, self.runs, &self.label);
        let line = format!("run {number:>width$} of {runs}  {label:<16}  {}{spent}", totals.counts());
        self.bar.say(line.trim_end());
    }
}

impl Observer for ComparisonProgress {
    fn notice(&mut self, notice: &Notice) {
        Terminal::Talkative.notice(notice);
    }

    fn closed(&mut self, _: &StudyRecord, _: Option<EndReason>) {
        self.bar.finish();
    }
}

impl ComparisonProgress {
    fn update(&mut self, record: &StudyRecord) {
        self.counted = record.counted_trials();
        let done = self.before + self.counted;
        let new = done.saturating_sub(self.earlier);
        let left = self.bar.length().map(|all| all.saturating_sub(done)).filter(|left| *left > 0 && new > 0);
        let behind = left.map(|left| {
            let seconds = self.began.elapsed().as_secs_f64() / new as f64 * left as f64;
            format!(" · {} left", duration(seconds))
        });
        self.bar.set(done, behind);
    }

    /// Of hundreds of trials only those that went wrong are worth a line.
    fn tell_misfortune(&self, record: &StudyRecord, trial: u64) {
        if record.trial(trial).is_some_and(|t| t.failure().is_some()) {
            let room = self.bar.width().saturating_sub(self.label.len() + 2);
            if let Some(line) = trial_line(record, trial, room) {
                self.bar.say(&format!("{}: {line}", self.label));
            }
        }
    }

    fn message(&self, text: &str) {
        self.bar.message(format!("run {} of {}, {}: {text}", self.number, self.runs, self.label));
    }
}

impl RunObserver for ComparisonProgress {
    fn began(&mut self, record: &StudyRecord) {
        // All runs of a comparison are on one machine.
        if !std::mem::replace(&mut self.told_hardware, true) {
            opening_lines(record).iter().for_each(|line| self.bar.say(line));
        }
        // Trials of a study that goes on took their time in an earlier process.
        self.earlier += record.counted_trials();
        self.update(record);
    }

    fn trial_started(&mut self, record: &StudyRecord, trial: u64) {
        if let Some(trial) = record.trial(trial) {
            self.message(&format!("trial {} {}", trial.id, record.problem().space().describe(&trial.point)));
        }
    }

    fn step(&mut self, trial: u64, row: &EpochRow) {
        self.message(&format!("trial {trial} step {}", row.step));
    }

    fn stood_still(&mut self, stop: &Stop) {
        self.bar.stood_still(stop);
    }

    fn doubted(&mut self, trial: u64, doubt: &str) {
        self.bar.say(&format!("{}: trial {trial}: note: {doubt}", self.label));
    }

    fn stopping(&mut self) {
        self.bar.stopping();
    }

    fn finishing(&mut self) {
        self.bar.finishing();
    }

    fn trial_lost(&mut self, record: &StudyRecord, trial: u64) {
        self.tell_misfortune(record, trial);
    }

    fn trial_ended(&mut self, record: &StudyRecord, trial: u64) {
        self.tell_misfortune(record, trial);
        self.update(record);
    }
}
