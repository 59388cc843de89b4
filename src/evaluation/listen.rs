//! Listening to a program: from its lines to the scope of its trial.

use std::time::Duration;

use super::plain::{behind_a_prefix, quoted_names, without_escapes};
use super::process::{Process, ProcessEvent};
use super::protocol::{Message, looks_meant, no_numbers, parse_line, what_is_wrong};
use super::{Control, EvaluationFailure, Scope, Secrets, Stamp};
use crate::optimizer::history::FailureKind;
use crate::optimizer::problem::Metrics;

/// How often a waiting evaluation asks whether it must end.
const PATIENCE: Duration = Duration::from_millis(50);
/// How often an ended program's output may be found silent before it is given up, if something else holds it open. Counted, for
/// while this process is stopped time passes, and nobody looks.
const DRAIN: u32 = 40;
/// How long it is heard at most, in seconds, though something else goes on writing into its output.
const LONGEST_DRAIN: f64 = 5.0;
/// So long after its deadline a line may arrive that was written before it, in seconds: whoever reads it must first have his turn.
const ON_THE_WAY: f64 = 0.1;
/// So many doubts are kept; more say no more.
const MOST_DOUBTS: usize = 3;
/// Characters of a line that are shown.
const SHOWN: usize = 80;

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
    pub(super) failure: Option<EvaluationFailure>,
    /// Whether the trial was stopped at a step, because nothing more is wanted of it.
    pub(super) stopped: bool,
    /// What is wrong with the last line that looks as if it was meant for us, but tells nothing.
    pub(super) misspoken: Option<String>,
    /// How the last line told metrics that had other text before them.
    pub(super) prefixed: Option<String>,
    /// What else was not understood, for [`Scope::doubt`].
    pub(super) doubts: Vec<String>,
}

impl Heard {
    fn doubt(&mut self, what: String) {
        if self.doubts.len() < MOST_DOUBTS && !self.doubts.contains(&what) {
            self.doubts.push(what);
        }
    }
}

/// Passes what `process` says on to `scope` until it has said all, has failed, or must end. What is repeated of its lines in messages is
/// without the secrets; they are taken out before a line is shortened, for nobody would know a part of one again.
pub(super) fn listen(process: &mut Process, scope: &mut dyn Scope, until: Until, secrets: &Secrets) -> Heard {
    let shown = |text: &str| shown(text, secrets);
    let mut heard = Heard::default();
    // How often an ended program was found silent.
    let mut silent: Option<u32> = None;
    let mut closed = false;
    // After this an ended program has said all, whatever else goes on writing into its output.
    let mut last_word: Option<Stamp> = None;
    loop {
        let ending = scope.must_end();
        let event = match &ending {
            // What waits is looked at before a deadline is judged, and what is on its way.
            Some(failure) if failure.kind == FailureKind::Timeout => {
                let event = process.next_event(PATIENCE);
                let deadline = scope.deadline();
                let in_time = |at: Stamp| deadline.is_none_or(|deadline| at.0 <= deadline.0 + ON_THE_WAY);
                let goes_on = silent.is_some()
                    // The end may be noticed just after the output was closed.
                    || event.as_ref().is_some_and(|event| event.at().is_none_or(in_time));
                if !goes_on {
                    heard.failure = Some(with_state(failure.clone(), process));
                    return heard;
                }
                event
            }
            Some(failure) => {
                heard.failure = Some(failure.clone());
                return heard;
            }
            None => process.next_event(PATIENCE),
        };
        silent = match (silent, &event) {
            (Some(count), None) => Some(count + 1),
            (Some(_), Some(_)) => Some(0),
            (None, _) => None,
        };
        let told_at = event.as_ref().and_then(ProcessEvent::at);
        let is_overdue = last_word.zip(told_at).is_some_and(|(last, at)| at > last);
        match event {
            None => {}
            Some(ProcessEvent::Closed) => closed = true,
            Some(ProcessEvent::Exited { at }) => {
                silent = Some(0);
                last_word = Some(Stamp(at.0 + LONGEST_DRAIN));
                // What it left running must not hold the trial open, nor compute into the next one.
                process.kill();
            }
            Some(ProcessEvent::Overlong { begin, .. }) if looks_meant(&begin) => {
                let begin = shown(&secrets.redact_begin(&begin));
                heard.doubt(format!("a line of its output was longer than 1 MiB and was dropped; it begins `{begin}`"));
            }
            Some(ProcessEvent::Overlong { .. }) => {}
            Some(ProcessEvent::Line { text, at }) => {
                if let Some(doubt) = oddity(&text, secrets) {
                    heard.doubt(doubt);
                }
                match parse_line(&text) {
                    None if looks_meant(&text) => {
                        let how = match what_is_wrong(&text) {
                            Some(why) => format!(
                                "`{}` is no JSON object with numbers: {why}",
                                shown(&text),
                                why = secrets.redact(&why)
                            ),
                            None => format!(
                                "`{}` is no JSON object with numbers on one line, which has double quotation marks and no others \
                                 (`json.dumps` in Python)",
                                shown(&text)
                            ),
                        };
                        for name in quoted_names(&without_escapes(&text)) {
                            scope.unheard(name, how.clone());
                        }
                        heard.misspoken = Some(how);
                    }
                    None => {
                        let plain = without_escapes(&text);
                        // A part of an object that is printed over several lines.
                        if plain.trim_start().starts_with('"') {
                            for name in quoted_names(&plain) {
                                let how = format!(
                                    "`{}` stands on a line of its own, and an object is read on one line only",
                                    shown(&plain)
                                );
                                scope.unheard(name, how);
                            }
                        }
                        let names = behind_a_prefix(&plain);
                        if !names.is_empty() {
                            let how = format!(
                                "a line of its output tells it behind other text, and only a line that begins with the object is read: `{}`",
                                shown(&plain)
                            );
                            names.iter().for_each(|name| scope.unheard(name, how.clone()));
                            heard.prefixed = Some(how);
                        }
                    }
                    Some(Message::Begin { phase, at: told }) => scope.begin(&phase, told.unwrap_or(at)),
                    Some(Message::End { phase, at: told }) => scope.end(&phase, told.unwrap_or(at)),
                    Some(Message::Device(devices)) => scope.uses(devices),
                    Some(Message::Metrics(metrics)) => {
                        for (name, value) in no_numbers(&text) {
                            scope.unheard(&name, format!("it is told as {}, which is no number", shown(&value)));
                        }
                        let before = heard.metrics.take().unwrap_or_default();
                        for name in before.keys().filter(|name| !metrics.contains_key(*name)) {
                            let how = "an earlier line tells it, and of several lines of metrics the last counts: print one with all of them";
                            scope.unheard(name, how.to_owned());
                        }
                        heard.metrics = Some(metrics);
                        if until == Until::Metrics {
                            return heard;
                        }
                    }
                    Some(Message::Failed { kind, message }) => {
                        heard.failure = Some(EvaluationFailure { kind, message });
                        return heard;
                    }
                    Some(Message::Step { step, metrics, at: told }) => {
                        let control = scope.report(step, metrics.clone(), told.unwrap_or(at));
                        if control == Control::Stop {
                            return Heard { metrics: Some(metrics), stopped: true, ..heard };
                        }
                    }
                }
            }
        }
        if silent.is_some_and(|count| closed || count > DRAIN || is_overdue) {
            if until == Until::Metrics {
                let message = "the program ended before it had told its metrics";
                let failure = process.verdict().err();
                heard.failure = Some(failure.unwrap_or_else(|| EvaluationFailure::new(FailureKind::Exit, message)));
            }
            return heard;
        }
    }
}

/// A program that somebody has stopped does not come to its end, for no fault of its own.
fn with_state(mut failure: EvaluationFailure, process: &Process) -> EvaluationFailure {
    if process.is_stopped() {
        failure.message += "; its program is stopped (by SIGSTOP, SIGTSTP or a debugger), and that time counts";
    }
    failure
}

/// What is wrong with the encoding of a line that is meant for us. `None` unless that keeps it, or a name in it, from
/// being understood.
fn oddity(text: &str, secrets: &Secrets) -> Option<String> {
    let is_odd = |c: char| matches!(c, '\0' | char::REPLACEMENT_CHARACTER);
    if !text.contains(is_odd) || !looks_meant(text) {
        return None;
    }
    let names = match parse_line(text) {
        Some(Message::Metrics(metrics) | Message::Step { metrics, .. }) => {
            metrics.keys().any(|name| name.contains(is_odd))
        }
        Some(_) => false,
        None => true,
    };
    let what = match text.contains('\0') {
        true => "NUL bytes, as text in UTF-16 does",
        false => "bytes that are not UTF-8",
    };
    names.then(|| format!("a line of its output holds {what}, and lines are read as UTF-8: `{}`", shown(text, secrets)))
}

/// The begin of a line for a message, without what has no place in one.
fn shown(text: &str, secrets: &Secrets) -> String {
    let hidden = secrets.redact(text);
    let plain = hidden.chars().filter(|c| *c != '\0').map(|c| if c.is_control() { ' ' } else { c });
    let plain: String = plain.collect();
    // In UTF-16 each of their letters has a NUL beside it.
    let plain = secrets.redact(&plain);
    let mut plain = plain.chars();
    let begin: String = plain.by_ref().take(SHOWN).collect();
    if plain.next().is_some() { begin + "…" } else { begin }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_in_another_encoding_is_told_where_it_matters() {
        let none = Secrets::default();
        let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let utf16: Vec<u8> = "\u{feff}{\"accuracy\": 1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let told = oddity(&lossy(&utf16), &none).unwrap();
        assert!(told.contains("UTF-16") && told.contains("{\"accuracy\": 1}"), "{told}");
        assert!(oddity(&lossy(b"{\"accurac\xe9\": 1}"), &none).unwrap().contains("not UTF-8"), "a name");
        assert!(oddity(&lossy(b"{\"accuracy\": 1\xff}"), &none).unwrap().contains("not UTF-8"), "no JSON");
        assert_eq!(oddity(&lossy(b"{\"accuracy\": 1, \"note\": \"caf\xe9\"}"), &none), None, "what is not looked at");
        assert_eq!(oddity(&lossy(b"caf\xe9 {\"accuracy\": 1}\0"), &none), None, "the program's own");
        assert_eq!(oddity("{\"accuracy\": 1}", &none), None);
    }

    #[test]
    fn a_secret_is_taken_out_before_a_line_is_shortened() {
        let secrets = Secrets::of_values(["hunter22-and-more"]);
        for before in 55..85 {
            let line = format!("{}hunter22-and-more", "x".repeat(before));
            let said = shown(&line, &secrets);
            assert!(!said.contains("hunt"), "{said}");
            let utf16: String = line.chars().flat_map(|c| [c, '\0']).collect();
            assert_eq!(shown(&utf16, &secrets), said);
        }
    }
}
