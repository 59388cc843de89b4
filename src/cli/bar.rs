//! Lines about what runs, and below them a bar, where standard output is a terminal.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::print::{say, terminal_width};
use crate::guard::text::{self, lines};
use crate::study::{Standstill, Stop};

/// Where lines go: above a bar, or just out.
#[derive(Default)]
pub(super) struct Bar {
    bar: Option<ProgressBar>,
}

impl Bar {
    /// A bar over so many of these, such as `trials`; none where standard output is no terminal.
    pub(super) fn over(length: Option<u64>, what: &str) -> Self {
        let bar = std::io::stdout().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stdout_with_hz(5));
            let count = match length {
                Some(_) => format!("{{wide_bar:.green}} {{pos}}/{{len}} {what}"),
                None => format!("{{pos}} {what}"),
            };
            let style = ProgressStyle::with_template(&format!("{count}{{prefix}}\n{{spinner}} {{wide_msg}}"));
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.enable_steady_tick(Duration::from_millis(250));
            bar
        });
        Self { bar }
    }

    pub(super) fn is_shown(&self) -> bool {
        self.bar.is_some()
    }

    /// How many are to come in all, where that is known.
    pub(super) fn length(&self) -> Option<u64> {
        self.bar.as_ref()?.length()
    }

    /// A line that stays.
    pub(super) fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(lines(line)),
            None => say(line),
        }
    }

    /// What happens now; nothing without a bar.
    pub(super) fn message(&self, words: impl Into<String>) {
        if let Some(bar) = &self.bar {
            bar.set_message(text::line(&words.into()).into_owned());
        }
    }

    /// What is waited for, which is worth a line where there is no bar.
    pub(super) fn wait(&self, what: String) {
        if self.is_shown() { self.message(what) } else { say(&what) }
    }

    pub(super) fn rest(&self, time: Duration) {
        self.wait(format!("measuring the power at rest for {} s", time.as_secs()));
    }

    pub(super) fn cool_down(&self, now: f64, to: f64) {
        self.wait(format!("waiting for a device to cool down from {now:.0} to {to:.0} °C"));
    }

    pub(super) fn stood_still(&self, stop: &Stop) {
        let seconds = stop.length().as_secs_f64();
        self.say(&match stop.who {
            Standstill::Whole => format!("stopped for {seconds:.1} s, which are no trial's time or energy"),
            Standstill::Study => {
                format!("stopped for {seconds:.1} s; the trial's program was not, as far as is known, so they are its time, but no timeout counts them")
            }
            Standstill::Unknown => {
                format!("not run for {seconds:.1} s (frozen, or the machine was too busy); no timeout counts them")
            }
        });
    }

    pub(super) fn stopping(&self) {
        self.say("stopping: the running trial is being ended; Ctrl-C again stops at once");
    }

    pub(super) fn finishing(&self) {
        self.say("finishing: the running trial goes on to its end, and nothing follows it; Ctrl-C again abandons it");
    }

    /// So many are done; what is said behind that.
    pub(super) fn set(&self, done: u64, behind: Option<String>) {
        let Some(bar) = &self.bar else { return };
        bar.set_position(done);
        if let Some(behind) = behind {
            bar.set_prefix(behind);
        }
    }

    /// Characters in a line: a log may be as wide as it needs to be; on a screen a line that wraps is hard to read.
    pub(super) fn width(&self) -> usize {
        if self.is_shown() { terminal_width() } else { usize::MAX }
    }

    /// Takes the bar away.
    pub(super) fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
