//! What people see while trials are run again.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::super::outputs::terminal_width;
use super::super::print::say;
use super::super::progress::duration;
use crate::analysis::Spent;
use crate::record::{EpochRow, StudyRecord};
use crate::report::confirmation::text::counted;
use crate::report::progress::again_line;
use crate::study::{Repeats, RunObserver};

/// A line per trial that ended, and below them a bar; only the lines where standard output is no terminal.
pub(super) struct AgainProgress<'a> {
    bar: Option<ProgressBar>,
    study: &'a StudyRecord,
    trials: &'a [u64],
    repeats: &'a Repeats,
    began: Instant,
    left_before: u64,
    /// Whether the runs are as they were in the study, which tells what they will take.
    unchanged: bool,
}

impl<'a> AgainProgress<'a> {
    pub(super) fn new(study: &'a StudyRecord, trials: &'a [u64], repeats: &'a Repeats, unchanged: bool) -> Self {
        Self { bar: None, study, trials, repeats, began: Instant::now(), left_before: 0, unchanged }
    }

    fn all(&self) -> u64 {
        self.repeats.times * self.repeats.points.len() as u64
    }

    /// Says what is to come, and shows itself from here on.
    pub(super) fn begin(&mut self, record: &StudyRecord) {
        let (all, left) = (self.all(), self.repeats.left(record));
        self.left_before = left;
        let count = |n: u64, what: &str| counted(usize::try_from(n).unwrap_or(usize::MAX), what);
        let done = if left < all { format!(", {} are done already", all - left) } else { String::new() };
        let [trials, seeds] = [count(self.trials.len() as u64, "trial"), count(self.repeats.times, "new seed")];
        say(&format!("{trials} with {seeds}: {}{done}", count(all, "run")));
        if self.unchanged {
            say(&self.expected(left, all));
        }
        if !std::io::stdout().is_terminal() {
            return;
        }
        let bar = ProgressBar::with_draw_target(Some(all), ProgressDrawTarget::stdout_with_hz(5));
        let style = ProgressStyle::with_template("{wide_bar:.green} {pos}/{len} runs{prefix}\n{spinner} {wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(250));
        bar.set_position(all - left);
        self.bar = Some(bar);
    }

    /// What the rest will take, by what the study's trials took.
    fn expected(&self, left: u64, all: u64) -> String {
        let own = || self.trials.iter().filter_map(|id| self.study.trial(*id));
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        let share = self.repeats.times as f64 * left as f64 / all.max(1) as f64;
        let seconds: f64 = own().filter_map(|trial| trial.spent.last()).map(|window| window.seconds).sum();
        let spent = Spent::of_trials(own()).map_or_else(String::new, |spent| {
            let joules = crate::energy::units::Joules(spent.joules.0 * share);
            format!(" and {joules} ({})", spent.provenance)
        });
        format!("by the study about {}{spent}", duration(seconds * share))
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            None => say(line),
        }
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

    fn message(&self, text: String) {
        if let Some(bar) = &self.bar {
            bar.set_message(text);
        }
    }
}

impl RunObserver for AgainProgress<'_> {
    fn began(&mut self, _: &StudyRecord) {
        self.began = Instant::now();
    }

    fn resting(&mut self, time: Duration) {
        let text = format!("measuring the power at rest for {} s", time.as_secs());
        if self.bar.is_some() { self.message(text) } else { self.say(&text) }
    }

    fn cooling(&mut self, now: f64, to: f64) {
        let text = format!("waiting for a device to cool down from {now:.0} to {to:.0} °C");
        if self.bar.is_some() { self.message(text) } else { self.say(&text) }
    }

    fn trial_started(&mut self, record: &StudyRecord, trial: u64) {
        self.message(self.label(record, trial));
    }

    fn step(&mut self, _: u64, row: &EpochRow) {
        let metrics = row.metrics.iter().filter(|(name, _)| name.as_str() != "seconds").take(4);
        let metrics: Vec<_> = metrics.map(|(name, value)| format!("{name} {value:.4}")).collect();
        self.message(format!("step {}: {}", row.step, metrics.join(" ")));
    }

    fn stopping(&mut self) {
        self.say("stopping: the running trial is being ended; Ctrl-C again stops at once");
    }

    fn trial_ended(&mut self, record: &StudyRecord, trial: u64) {
        let width = if self.bar.is_some() { terminal_width() } else { usize::MAX };
        if let Some(line) = again_line(record, trial, &self.label(record, trial), width) {
            self.say(&line);
        }
        let Some(bar) = &self.bar else { return };
        let left = self.repeats.left(record);
        bar.set_position(self.all() - left);
        let new = self.left_before.saturating_sub(left);
        if left > 0 && new > 0 {
            #[expect(clippy::cast_precision_loss, reason = "for people")]
            let seconds = self.began.elapsed().as_secs_f64() / new as f64 * left as f64;
            bar.set_prefix(format!(" · {} left", duration(seconds)));
        }
    }
}
