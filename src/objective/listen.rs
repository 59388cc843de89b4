//! Listening to a program: from its lines to the scope of its trial.

use std::time::{Duration, Instant};

use super::process::{Process, ProcessEvent};
use super::protocol::{Message, parse_line};
use super::{Control, Failure, Scope};
use crate::optimizer::history::FailureKind;
use crate::optimizer::problem::Metrics;

/// How often a waiting evaluation asks whether it must end.
const PATIENCE: Duration = Duration::from_millis(50);
/// How long an ended program's output may be silent before it is given up, if something else holds it open.
const DRAIN: Duration = Duration::from_secs(2);

/// When a program has said all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// When it has ended and its output is closed.
    Exit,
    /// With the first line of metrics; an end before that is a failure.
    Metrics,
}

/// What was heard.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// The last metrics of the trial; steps' metrics if the trial was stopped at a step.
    pub(super) metrics: Option<Metrics>,
    /// Why the trial has failed.
    pub(super) failure: Option<Failure>,
    /// Whether the trial was stopped at a step, because nothing more is wanted of it.
    pub(super) stopped: bool,
    /// The last line that looks as if it was meant for us, but tells nothing.
    pub(super) misspoken: Option<String>,
}

/// Passes what `process` says on to `scope` until it has said all, has failed, or must end.
pub(super) fn listen(process: &mut Process, scope: &mut dyn Scope, until: Until) -> Heard {
    let mut heard = Heard::default();
    // Since when an ended program is silent.
    let mut silent: Option<Instant> = None;
    let mut closed = false;
    loop {
        if let Some(failure) = scope.must_end() {
            heard.failure = Some(failure);
            return heard;
        }
        let event = process.next_event(PATIENCE);
        if event.is_some() && silent.is_some() {
            silent = Some(Instant::now());
        }
        match event {
            None => {}
            Some(ProcessEvent::Closed) => closed = true,
            Some(ProcessEvent::Exited { .. }) => {
                silent = Some(Instant::now());
                // What it left running must not hold the trial open, nor compute into the next one.
                process.kill();
            }
            Some(ProcessEvent::Line { text, at }) => match parse_line(&text) {
                None if text.trim_start().starts_with('{') => heard.misspoken = Some(text.chars().take(200).collect()),
                None => {}
                Some(Message::Begin { phase, at: told }) => scope.begin(&phase, told.unwrap_or(at)),
                Some(Message::End { phase, at: told }) => scope.end(&phase, told.unwrap_or(at)),
                Some(Message::Device(devices)) => scope.uses(devices),
                Some(Message::Metrics(metrics)) => {
                    heard.metrics = Some(metrics);
                    if until == Until::Metrics {
                        return heard;
                    }
                }
                Some(Message::Failed { kind, message }) => {
                    heard.failure = Some(Failure { kind, message });
                    return heard;
                }
                Some(Message::Step { step, metrics, at: told }) => {
                    let control = scope.report(step, metrics.clone(), told.unwrap_or(at));
                    if control == Control::Stop {
                        return Heard { metrics: Some(metrics), stopped: true, ..heard };
                    }
                }
            },
        }
        if silent.is_some_and(|since| closed || since.elapsed() > DRAIN) {
            if until == Until::Metrics {
                let message = "the program ended before it had told its metrics";
                let failure = process.verdict().err();
                heard.failure = Some(failure.unwrap_or_else(|| Failure::new(FailureKind::Exit, message)));
            }
            return heard;
        }
    }
}
