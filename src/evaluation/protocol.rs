//! The JSON lines by which a program tells about its trial. The built-in trainer speaks them too.
//!
//! | line | meaning |
//! |---|---|
//! | `{"step": 3, "loss": 0.2}` | a report: step 3 is done |
//! | `{"accuracy": 0.93}` | metrics of the trial; of several such lines the last counts |
//! | `{"begin": "train"}`, `{"end": "train"}` | a phase begins or ends, to be metered on its own |
//! | `{"device": "cpu"}`, `{"device": ["GPU-..."]}` | the hardware in use |
//! | `{"failed": "diverged", "message": "..."}` | the trial has failed |
//!
//! Of the kinds of failures, `interrupted`, `worker_lost`, `meter` and `skipped` are the study's to tell; from a program they,
//! and unknown ones, count as `exit`.
//!
//! Reports and phases may carry `"at"`, a moment of the monotonic clock in seconds; without it, the moment of reading
//! counts. A carriage return ends a line, too, and colours are passed over. Any other line is the program's own and is left alone, also one
//! with an object behind other text: it is only told of where the trial fails for want of what it says. Lines are UTF-8, with or without a byte-order mark before
//! the first, and of 1 MiB at most.

use serde_json::{Map, Value};

use super::plain::without_escapes;
use super::{DeviceUse, Stamp};
use crate::optimizer::history::FailureKind;
use crate::optimizer::problem::Metrics;

/// One understood line.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// A step is done.
    Step {
        /// Its number.
        step: u64,
        /// What was reported.
        metrics: Metrics,
        /// When.
        at: Option<Stamp>,
    },
    /// Metrics of the whole trial.
    Metrics(Metrics),
    /// A phase begins.
    Begin {
        /// Its name.
        phase: String,
        /// When.
        at: Option<Stamp>,
    },
    /// A phase ends.
    End {
        /// Its name.
        phase: String,
        /// When.
        at: Option<Stamp>,
    },
    /// The hardware in use.
    Device(DeviceUse),
    /// The trial has failed.
    Failed {
        /// Why.
        kind: FailureKind,
        /// What exactly happened.
        message: String,
    },
}

/// Understands one line of output, or returns `None` for a line that is not part of the protocol.
///
/// `NaN` and `Infinity`, which Python's `json` writes although JSON has no such numbers, are read as what they mean.
#[must_use]
pub fn parse_line(line: &str) -> Option<Message> {
    let line = without_escapes(line);
    let line = line.trim_matches(is_blank);
    if !(line.starts_with('{') && line.ends_with('}')) {
        return None;
    }
    let value = serde_json::from_str(line).or_else(|_| serde_json::from_str(&quote_non_finite(line))).ok()?;
    let Value::Object(mut object) = value else { return None };
    if let Some(step) = object.get("step") {
        let step =
            step.as_u64().or_else(|| step.as_f64().filter(|s| *s >= 0.0 && s.fract() == 0.0).map(|s| s as u64))?;
        object.remove("step");
        let at = take_stamp(&mut object);
        return Some(Message::Step { step, metrics: numbers(&object), at });
    }
    let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
    if let Some(phase) = text("begin") {
        return Some(Message::Begin { phase, at: take_stamp(&mut object) });
    }
    if let Some(phase) = text("end") {
        return Some(Message::End { phase, at: take_stamp(&mut object) });
    }
    if let Some(failed) = text("failed") {
        return Some(Message::Failed { kind: told_kind(&failed), message: text("message").unwrap_or(failed) });
    }
    match object.get("device") {
        Some(Value::String(device)) if device == "cpu" => return Some(Message::Device(DeviceUse::CpuOnly)),
        Some(Value::String(device)) => return Some(Message::Device(DeviceUse::Gpus(vec![device.clone()]))),
        Some(Value::Array(list)) => {
            let uuids = list.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            return Some(Message::Device(DeviceUse::Gpus(uuids)));
        }
        _ => {}
    }
    let metrics = numbers(&object);
    (!metrics.is_empty()).then_some(Message::Metrics(metrics))
}

/// White space, and the byte-order mark that some programs begin their output with.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

/// Whether a line looks as if it was meant for us, in whatever encoding it is.
pub(super) fn looks_meant(line: &str) -> bool {
    let is_odd = |c: char| is_blank(c) || matches!(c, '\0' | char::REPLACEMENT_CHARACTER);
    without_escapes(line).trim_start_matches(is_odd).starts_with('{')
}

/// The members of a line's object that are no numbers, as JSON.
pub(super) fn no_numbers(line: &str) -> Vec<(String, String)> {
    let line = without_escapes(line);
    let line = line.trim_matches(is_blank);
    let value = serde_json::from_str(line).or_else(|_| serde_json::from_str(&quote_non_finite(line)));
    let Ok(Value::Object(object)) = value else { return Vec::new() };
    let numbers = numbers(&object);
    object
        .into_iter()
        .filter(|(name, _)| !numbers.contains_key(name))
        .map(|(name, value)| (name, value.to_string()))
        .collect()
}

/// Why a line tells nothing that is an object of JSON all the same; `None` if it is none.
pub(super) fn what_is_wrong(line: &str) -> Option<String> {
    let line = without_escapes(line);
    let line = line.trim_matches(is_blank);
    let value = serde_json::from_str(line).or_else(|_| serde_json::from_str(&quote_non_finite(line))).ok()?;
    let Value::Object(object) = value else { return None };
    if let Some(step) = object.get("step") {
        let step = brief(step);
        return Some(format!(
            "its `step` is {step}, and a step is a whole number from 0 on; a line without one tells what counts"
        ));
    }
    let told = object.iter().take(MOST_TOLD).map(|(name, value)| format!("`{name}` is {}", brief(value)));
    let told: Vec<String> = told.collect();
    let nested = object.values().any(Value::is_object).then_some("; what is inside of another object is not read");
    match told.is_empty() {
        true => Some("it is empty".to_owned()),
        false => Some(told.join(", ") + nested.unwrap_or_default()),
    }
}

/// So many members of an object are named.
const MOST_TOLD: usize = 4;

/// A value for a message.
fn brief(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => format!("{value}, a truth value"),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("{:?}, a text", text.chars().take(40).collect::<String>()),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// The kind of failure that a program tells. Those that only the study can know are no more than the program's opinion:
/// taken at its word, `interrupted` would be tried again for ever.
fn told_kind(name: &str) -> FailureKind {
    match serde_json::from_value(Value::String(name.replace(' ', "_"))) {
        Ok(FailureKind::Interrupted | FailureKind::WorkerLost | FailureKind::Meter | FailureKind::Skipped) | Err(_) => {
            FailureKind::Exit
        }
        Ok(kind) => kind,
    }
}

fn take_stamp(object: &mut Map<String, Value>) -> Option<Stamp> {
    object.remove("at").as_ref().and_then(Value::as_f64).map(Stamp)
}

fn numbers(object: &Map<String, Value>) -> Metrics {
    let number = |value: &Value| match value {
        Value::Number(n) => n.as_f64(),
        Value::String(s) if s == "NaN" => Some(f64::NAN),
        Value::String(s) if s == "Infinity" => Some(f64::INFINITY),
        Value::String(s) if s == "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    };
    object.iter().filter_map(|(name, value)| Some((name.clone(), number(value)?))).collect()
}

/// Puts quotation marks around the bare words `NaN`, `Infinity` and `-Infinity` outside of strings. A number that is
/// too large for a float, such as `1e999`, becomes one of the latter.
pub(crate) fn quote_non_finite(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 8);
    let mut rest = line;
    let mut in_string = false;
    while let Some(c) = rest.chars().next() {
        let word = ["-Infinity", "Infinity", "NaN"].into_iter().find(|w| !in_string && rest.starts_with(w));
        if let Some(word) = word {
            out.push('"');
            out.push_str(word);
            out.push('"');
            rest = &rest[word.len()..];
            continue;
        }
        let digits = !in_string && (c == '-' || c.is_ascii_digit());
        let end = rest.find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')).unwrap_or(rest.len());
        if digits {
            match rest[..end].parse::<f64>() {
                Ok(number) if number.is_infinite() => {
                    out.push_str(if number > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" });
                }
                _ => out.push_str(&rest[..end]),
            }
            rest = &rest[end..];
            continue;
        }
        let escaped = in_string && c == '\\';
        in_string ^= c == '"';
        let take = if escaped { 1 + rest[1..].chars().next().map_or(0, char::len_utf8) } else { c.len_utf8() };
        out.push_str(&rest[..take]);
        rest = &rest[take..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(line: &str) -> Metrics {
        match parse_line(line) {
            Some(Message::Metrics(metrics) | Message::Step { metrics, .. }) => metrics,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn what_is_wrong_with_an_object_that_tells_nothing_is_said() {
        for (line, why) in [
            ("{\"accuracy\": 0.5, \"step\": null}", Some("its `step` is null, and a step is a whole number")),
            ("{\"step\": -1}", Some("its `step` is -1")),
            (
                "{\"val\": {\"accuracy\": 0.5}}",
                Some("`val` is an object; what is inside of another object is not read"),
            ),
            ("{\"accuracy\": \"0.9\"}", Some("`accuracy` is \"0.9\", a text")),
            ("{}", Some("it is empty")),
            ("{'accuracy': 0.9}", None),
        ] {
            let told = what_is_wrong(line);
            assert_eq!(parse_line(line), None, "{line}");
            assert!(
                told.is_some() == why.is_some() && told.unwrap_or_default().starts_with(why.unwrap_or_default()),
                "{line}"
            );
        }
    }

    #[test]
    fn a_step_is_a_report_and_the_rest_are_metrics() {
        let step = parse_line(r#"{"step": 2, "loss": 0.5, "note": "x", "at": 12.5}"#);
        let expected = Message::Step { step: 2, metrics: [("loss".to_owned(), 0.5)].into(), at: Some(Stamp(12.5)) };
        assert_eq!(step, Some(expected));
        assert_eq!(metrics(r#"  {"accuracy": 1} "#)["accuracy"], 1.0);
        assert!(matches!(parse_line(r#"{"step": 2.0}"#), Some(Message::Step { step: 2, .. })));
        assert_eq!(metrics("\u{feff}{\"accuracy\": 1}\u{feff} ")["accuracy"], 1.0, "a byte-order mark is no text");
    }

    #[test]
    fn pythons_numbers_that_json_lacks_are_understood() {
        let read = metrics(r#"{"a": NaN, "b": -Infinity, "say \"NaN\"": 1, "c": Infinity}"#);
        assert!(read["a"].is_nan());
        assert_eq!(read["b"], f64::NEG_INFINITY);
        assert_eq!(read["c"], f64::INFINITY);
        assert_eq!(read["say \"NaN\""], 1.0);
        let read = metrics(r#"{"a": 1e999, "1e999": -2.5E+3, "b": -12e+400, "c": 1e-999, "d": NaN}"#);
        assert_eq!((read["a"], read["b"], read["c"]), (f64::INFINITY, f64::NEG_INFINITY, 0.0));
        assert_eq!(read["1e999"], -2500.0);
    }

    #[test]
    fn phases_devices_and_failures() {
        assert_eq!(parse_line(r#"{"begin":"train"}"#), Some(Message::Begin { phase: "train".into(), at: None }));
        assert_eq!(parse_line(r#"{"device":"cpu"}"#), Some(Message::Device(DeviceUse::CpuOnly)));
        let gpus = Message::Device(DeviceUse::Gpus(vec!["GPU-1".into()]));
        assert_eq!(parse_line(r#"{"device":["GPU-1"]}"#), Some(gpus));
        let failed = Message::Failed { kind: FailureKind::OutOfMemory, message: "9 GB".into() };
        assert_eq!(parse_line(r#"{"failed":"out of memory","message":"9 GB"}"#), Some(failed));
    }

    #[test]
    fn what_only_the_study_can_know_is_not_believed() {
        for (told, kind) in [
            ("interrupted", FailureKind::Exit),
            ("worker lost", FailureKind::Exit),
            ("worker_lost", FailureKind::Exit),
            ("meter", FailureKind::Exit),
            ("skipped", FailureKind::Exit),
            ("no such kind", FailureKind::Exit),
            ("device", FailureKind::Device),
            ("diverged", FailureKind::Diverged),
        ] {
            let expected = Message::Failed { kind, message: told.to_owned() };
            assert_eq!(parse_line(&format!(r#"{{"failed":"{told}"}}"#)), Some(expected));
        }
    }

    proptest::proptest! {
        #[test]
        fn other_output_is_left_alone(line in "\\PC*") {
            if !line.trim().starts_with('{') {
                proptest::prop_assert_eq!(parse_line(&line), None);
            } else {
                let _ = parse_line(&line);
            }
        }
    }

    #[test]
    fn what_only_looks_like_json_is_left_alone() {
        for line in
            ["", "{", "{}", "{broken}", "[1]", "epoch 3", r#"{"step":"x"}"#, r#"{"step":-1}"#, r#"{"a":"b"}"#, "{\"\\"]
        {
            assert_eq!(parse_line(line), None, "{line}");
        }
    }
}
