//! What people see while a study runs.

use std::time::{Duration, Instant};

use super::bar::Bar;
use super::print::terminal_width;
use super::terminal::Terminal;
use crate::analysis::{Hypervolume, Totals, significant};
use crate::app::words::{duration, step_in_words};
use crate::app::{Notice, Observer, opening_lines};
use crate::record::{EpochRow, StudyRecord};
use crate::report::study::progress::trial_line;
use crate::study::{EndReason, RunObserver, Stop};

/// From so many characters on the bar's line has room for the hypervolume.
const WIDE: usize = 100;

/// A line per finished trial, and below them a bar; only the lines where standard output is no terminal.
#[derive(Default)]
pub(super) struct Progress {
    bar: Bar,
    planned: Option<u64>,
    began: Option<Instant>,
    counted_before: u64,
}

impl Progress {
    fn update(&self, record: &StudyRecord) {
        if !self.bar.is_shown() {
            return;
        }
        let done = record.counted_trials();
        let mut parts = Vec::new();
        if let Some(spent) = Totals::of(record).spent {
            parts.push(format!("{spent} spent"));
        }
        let new = done.saturating_sub(self.counted_before);
        if let Some(left) = self.planned.map(|n| n.saturating_sub(done)).filter(|left| *left > 0 && new > 0) {
            let seconds = self.began.map_or(0.0, |began| began.elapsed().as_secs_f64()) / new as f64 * left as f64;
            parts.push(format!("{} left", duration(seconds)));
        }
        if let Some(hypervolume) = Hypervolume::of(record).filter(|_| terminal_width() >= WIDE) {
            parts.push(format!("hypervolume {}", significant(hypervolume.value, 4)));
        }
        self.bar.set(done, Some(parts.iter().map(|part| format!(" · {part}")).collect()));
    }
}

impl Observer for Progress {
    fn notice(&mut self, notice: &Notice) {
        Terminal::Talkative.notice(notice);
    }

    fn opening(&mut self, record: &StudyRecord, trials: Option<u64>) {
        self.bar = Bar::over(trials, "trials");
        (self.planned, self.counted_before) = (trials, record.counted_trials());
    }

    fn closed(&mut self, record: &StudyRecord, end: Option<EndReason>) {
        self.bar.finish();
        let Some(end) = end else { return };
        if record.counted_trials() == self.counted_before || end != EndReason::Trials {
            self.bar.say(&why_it_ended(end, record));
        }
    }
}

impl RunObserver for Progress {
    fn began(&mut self, record: &StudyRecord) {
        self.began = Some(Instant::now());
        self.counted_before = record.counted_trials();
        if !record.trials().is_empty() {
            let (done, time) = (record.counted_trials(), duration(record.trial_seconds()));
            let spent = Totals::of(record).spent.map_or_else(String::new, |spent| format!(" and {spent}"));
            let trials = if done == 1 { "trial" } else { "trials" };
            self.bar.say(&format!("going on after {done} {trials}, {time}{spent}"));
        }
        opening_lines(record).iter().for_each(|line| self.bar.say(line));
        self.update(record);
    }

    fn trial_lost(&mut self, record: &StudyRecord, trial: u64) {
        if let Some(line) = trial_line(record, trial, self.bar.width()) {
            self.bar.say(&line);
        }
    }

    fn resting(&mut self, time: Duration) {
        self.bar.rest(time);
    }

    fn cooling(&mut self, now: f64, to: f64) {
        self.bar.cool_down(now, to);
    }

    fn trial_started(&mut self, record: &StudyRecord, trial: u64) {
        if let Some(trial) = record.trial(trial) {
            self.bar.message(format!("trial {} {}", trial.id, record.problem().space().describe(&trial.point)));
        }
    }

    fn step(&mut self, trial: u64, row: &EpochRow) {
        self.bar.message(format!("trial {trial} {}", step_in_words(row)));
    }

    fn stood_still(&mut self, stop: &Stop) {
        self.bar.stood_still(stop);
    }

    fn doubted(&mut self, trial: u64, doubt: &str) {
        self.bar.say(&format!("trial {trial}: note: {doubt}"));
    }

    fn stopping(&mut self) {
        self.bar.stopping();
    }

    fn finishing(&mut self) {
        self.bar.finishing();
    }

    fn trial_ended(&mut self, record: &StudyRecord, trial: u64) {
        if let Some(line) = trial_line(record, trial, self.bar.width()) {
            self.bar.say(&line);
        }
        self.update(record);
    }
}

fn why_it_ended(end: EndReason, record: &StudyRecord) -> String {
    let done = record.counted_trials();
    match end {
        EndReason::Trials => format!(
            "the budget is spent: {done} trials are done; `--trials {}` extends the study",
            done + done.div_ceil(2).max(1)
        ),
        EndReason::Time => "the budget is spent: a larger `time` in [budget] extends the study".to_owned(),
        EndReason::Energy => "the budget is spent: a larger `energy` in [budget] extends the study".to_owned(),
        EndReason::Space if record.header().sampler == "grid" => "every point of the grid has been tried".to_owned(),
        EndReason::Space => "every point of the space has been tried".to_owned(),
        EndReason::Interrupted => "stopped by the user".to_owned(),
    }
}
