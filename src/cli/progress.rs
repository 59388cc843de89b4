//! What people see while a study runs.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::outputs::terminal_width;
use super::print::say;
use crate::analysis::{Hypervolume, Totals};
use crate::record::{EpochRow, StudyRecord};
use crate::report::progress::trial_line;
use crate::study::RunObserver;

/// From so many characters on the bar's line has room for the hypervolume.
const WIDE: usize = 100;

/// A line per finished trial, and below them a bar; only the lines where standard output is no terminal.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    planned: Option<u64>,
    began: Instant,
    counted_before: u64,
}

impl Progress {
    /// `planned` is the number of trials in the budget.
    pub(super) fn new(planned: Option<u64>) -> Self {
        let bar = std::io::stdout().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(planned, ProgressDrawTarget::stdout_with_hz(5));
            bar.set_style(style(planned.is_some()));
            bar.enable_steady_tick(Duration::from_millis(250));
            bar
        });
        Self { bar, planned, began: Instant::now(), counted_before: 0 }
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

    /// What is waited for.
    fn wait(&self, what: String) {
        match &self.bar {
            Some(bar) => bar.set_message(what),
            None => say(&what),
        }
    }

    fn update(&self, record: &StudyRecord) {
        let Some(bar) = &self.bar else { return };
        let done = record.counted_trials();
        bar.set_position(done);
        let mut parts = Vec::new();
        if let Some(spent) = Totals::of(record).spent {
            parts.push(format!("{spent} spent"));
        }
        let new = done.saturating_sub(self.counted_before);
        if let Some(left) = self.planned.map(|n| n.saturating_sub(done)).filter(|left| *left > 0 && new > 0) {
            let seconds = self.began.elapsed().as_secs_f64() / new as f64 * left as f64;
            parts.push(format!("{} left", duration(seconds)));
        }
        if let Some(hypervolume) = Hypervolume::of(record).filter(|_| terminal_width() >= WIDE) {
            parts.push(format!("hypervolume {:.4}", hypervolume.value));
        }
        bar.set_prefix(parts.iter().map(|part| format!(" · {part}")).collect::<String>());
    }
}

impl RunObserver for Progress {
    fn began(&mut self, record: &StudyRecord) {
        self.began = Instant::now();
        self.counted_before = record.counted_trials();
        if !record.trials().is_empty() {
            let (done, time) = (record.counted_trials(), duration(record.trial_seconds()));
            let spent = Totals::of(record).spent.map_or_else(String::new, |spent| format!(" and {spent}"));
            let trials = if done == 1 { "trial" } else { "trials" };
            self.say(&format!("going on after {done} {trials}, {time}{spent}"));
        }
        self.update(record);
    }

    fn resting(&mut self, time: Duration) {
        self.wait(format!("measuring the power at rest for {} s", time.as_secs()));
    }

    fn cooling(&mut self, now: f64, to: f64) {
        self.wait(format!("waiting for a device to cool down from {now:.0} to {to:.0} °C"));
    }

    fn trial_started(&mut self, record: &StudyRecord, trial: u64) {
        if let (Some(bar), Some(trial)) = (&self.bar, record.trial(trial)) {
            bar.set_message(format!("trial {} {}", trial.id, record.problem().space().describe(&trial.point)));
        }
    }

    fn step(&mut self, trial: u64, row: &EpochRow) {
        if let Some(bar) = &self.bar {
            let metrics = row.metrics.iter().filter(|(name, _)| name.as_str() != "seconds").take(4);
            let metrics: Vec<_> = metrics.map(|(name, value)| format!("{name} {value:.4}")).collect();
            bar.set_message(format!("trial {trial} step {}: {}", row.step, metrics.join(" ")));
        }
    }

    fn stopping(&mut self) {
        self.say("stopping: the running trial is being ended; Ctrl-C again stops at once");
    }

    fn trial_ended(&mut self, record: &StudyRecord, trial: u64) {
        // A log may be as wide as it needs to be; on a screen a line that wraps is hard to read.
        let width = if self.bar.is_some() { terminal_width() } else { usize::MAX };
        if let Some(line) = trial_line(record, trial, width) {
            self.say(&line);
        }
        self.update(record);
    }
}

fn style(counted: bool) -> ProgressStyle {
    let template = if counted {
        "{wide_bar:.green} {pos}/{len} trials{prefix}\n{spinner} {wide_msg}"
    } else {
        "{pos} trials{prefix}\n{spinner} {wide_msg}"
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Seconds for people: `48 s`, `3 min 05 s`, `2 h 10 min`.
pub(super) fn duration(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "for people, and never negative")]
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}
