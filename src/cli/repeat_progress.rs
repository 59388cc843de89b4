//! What people see while trials are run again.

use std::time::{Duration, Instant};

use super::bar::Bar;
use super::print::say;
use super::terminal::Terminal;
use crate::analysis::Spent;
use crate::app::repeat::RepeatObserver;
use crate::app::words::{duration, step_in_words};
use crate::app::{Notice, Observer, opening_lines};
use crate::energy::units::Joules;
use crate::record::{EpochRow, StudyRecord};
use crate::report::counted;
use crate::report::study::progress::again_line;
use crate::study::{EndReason, Repeats, RunObserver, Stop};

/// A line per trial that ended, and below them a bar; only the lines where standard output is no terminal.
pub(super) struct RepeatProgress {
    bar: Bar,
    trials: Vec<u64>,
    repeats: Repeats,
    began: Instant,
    left_before: u64,
}

impl Default for RepeatProgress {
    fn default() -> Self {
        let repeats = Repeats { points: Vec::new(), times: 0 };
        Self { bar: Bar::default(), trials: Vec::new(), repeats, began: Instant::now(), left_before: 0 }
    }
}

impl RepeatProgress {
    fn all(&self) -> u64 {
        self.repeats.times * self.repeats.points.len() as u64
    }

    /// What the rest will take, by what the study's trials took.
    fn expected(&self, study: &StudyRecord, left: u64, all: u64) -> String {
        let own = || self.trials.iter().filter_map(|id| study.trial(*id));
        let share = self.repeats.times as f64 * left as f64 / all.max(1) as f64;
        let seconds: f64 = own().filter_map(|trial| trial.spent.last()).map(|window| window.seconds).sum();
        let spent = Spent::of_trials(own()).map_or_else(String::new, |spent| {
            let joules = Joules(spent.joules.0 * share);
            format!(" and {joules} ({})", spent.provenance)
        });
        format!("by the study about {}{spent}", duration(seconds * share))
    }

    /// Such as `trial 38, seed 2 of 5`.
    fn label(&self, record: &StudyRecord, trial: u64) -> String {
        let Some(own) = record.trial(trial) else { return format!("run {trial}") };
        let place = self.repeats.points.iter().position(|point| *point == own.point);
        let name = place
            .and_then(|i| self.trials.get(i))
            .map_or_else(|| "another trial".to_owned(), |id| format!("trial {id}"));
        let number = record.trials_of(&own.point).take_while(|other| other.id != trial).count() + 1;
        format!("{name}, seed {number} of {}", self.repeats.times)
    }
}

impl RepeatObserver for RepeatProgress {
    fn repeating(
        &mut self,
        study: &StudyRecord,
        trials: &[u64],
        repeats: &Repeats,
        record: &StudyRecord,
        unchanged: bool,
    ) {
        (self.trials, self.repeats) = (trials.to_vec(), repeats.clone());
        let (all, left) = (self.all(), repeats.left(record));
        self.left_before = left;
        let count = |n: u64, what: &str| counted(usize::try_from(n).unwrap_or(usize::MAX), what);
        let done = if left < all { format!(", {} are done already", all - left) } else { String::new() };
        let [trials, seeds] = [count(trials.len() as u64, "trial"), count(repeats.times, "new seed")];
        say(&format!("{trials} with {seeds}: {}{done}", count(all, "run")));
        if unchanged {
            say(&self.expected(study, left, all));
        }
        self.bar = Bar::over(Some(all), "runs");
        self.bar.set(all - left, None);
    }
}

impl Observer for RepeatProgress {
    fn notice(&mut self, notice: &Notice) {
        Terminal::Talkative.notice(notice);
    }

    fn closed(&mut self, _: &StudyRecord, _: Option<EndReason>) {
        self.bar.finish();
    }
}

impl RunObserver for RepeatProgress {
    fn began(&mut self, record: &StudyRecord) {
        self.began = Instant::now();
        opening_lines(record).iter().for_each(|line| self.bar.say(line));
    }

    fn trial_lost(&mut self, record: &StudyRecord, trial: u64) {
        if let Some(line) = again_line(record, trial, &self.label(record, trial), self.bar.width()) {
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
        self.bar.message(self.label(record, trial));
    }

    fn step(&mut self, _: u64, row: &EpochRow) {
        self.bar.message(step_in_words(row));
    }

    fn stood_still(&mut self, stop: &Stop) {
        self.bar.stood_still(stop);
    }

    fn doubted(&mut self, trial: u64, doubt: &str) {
        self.bar.say(&format!("run {trial}: note: {doubt}"));
    }

    fn stopping(&mut self) {
        self.bar.stopping();
    }

    fn finishing(&mut self) {
        self.bar.finishing();
    }

    fn trial_ended(&mut self, record: &StudyRecord, trial: u64) {
        if let Some(line) = again_line(record, trial, &self.label(record, trial), self.bar.width()) {
            self.bar.say(&line);
        }
        let left = self.repeats.left(record);
        let new = self.left_before.saturating_sub(left);
        let rest = || self.began.elapsed().as_secs_f64() / new as f64 * left as f64;
        let behind = (left > 0 && new > 0).then(|| format!(" · {} left", duration(rest())));
        self.bar.set(self.all() - left, behind);
    }
}
