//! The JSON lines of `optimize ask-tell`: a request a line, an answer a line.
//!
//! | request | answer |
//! |---|---|
//! | `{"op": "ask", "count": 2}` | `{"trials": [{"id": 0, "params": {...}}, ...], "done": null}` |
//! | `{"op": "tell", "id": 0, "metrics": {...}, "sd": {...}}` | `{"ok": true}`, with `dropped` and `failed` where they say something |
//! | `{"op": "tell", "id": 1, "failed": "out of memory"}` | `{"ok": true}` |
//! | `{"op": "tell", "params": {...}, "metrics": {...}}` | `{"ok": true, "id": 2}` |
//! | `{"op": "pending"}` | `{"trials": [...]}` |
//! | `{"op": "front"}` | `{"front": [{"id": 0, "params": {...}, "metrics": {...}}, ...]}` |
//! | `{"op": "quit"}` | `{"ok": true}` |
//! | anything else | `{"error": "..."}` |
//!
//! `count` is 1 if it is absent. `done` says why `trials` is empty: `"budget"` or `"space"`. `NaN` and `Infinity` are read
//! as what they mean, and `null` as NaN, which some languages write so. A metric or a standard deviation that is no finite number is left
//! out, and `dropped` says so, by name; where an objective or a constraint needs it, the trial is stored as failed (bad metrics), and
//! `failed` says so. A needed metric that this study was never told is an error: its name is likely misspelt.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{HelpWords, StudyError};
use crate::evaluation::quote_non_finite;
use crate::optimizer::OptimizerError;
use crate::optimizer::history::FailureKind;
use crate::optimizer::problem::{Metrics, ValueError};
use crate::optimizer::sampler::SamplerError;
use crate::optimizer::space::{Point, Value};
use crate::study_file::nearest;

/// The most trials that one request may ask for.
pub(super) const MAX_COUNT: u64 = 1000;

/// A request, understood.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Request {
    /// For points to evaluate.
    Ask {
        /// How many, from 1 to 1000.
        count: usize,
    },
    /// What came of a trial.
    Tell {
        /// Which trial.
        trial: ToldTrial,
        /// What came of it.
        told: ToldOutcome,
    },
    /// For the trials that were asked for and not told.
    Pending,
    /// For the trials that no other one dominates.
    Front,
    /// To end.
    Quit,
}

/// The trial that is told about.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ToldTrial {
    /// One that was asked for.
    Asked(u64),
    /// A new one at a point that was not asked for.
    New(Point),
}

/// What came of a trial.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ToldOutcome {
    /// Metrics, in their own units; they may be NaN or infinite.
    Finished {
        /// By name.
        metrics: Metrics,
        /// Known standard deviations of some of them; 0 is exact.
        sd: Metrics,
        /// Metrics that are no numbers, as JSON, by name.
        unread: BTreeMap<String, String>,
    },
    /// No result.
    Failed {
        /// Why.
        kind: FailureKind,
        /// The words that were told.
        message: String,
    },
}

/// The answer to a request. Serializes as the object of the protocol.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Answer {
    /// To [`Request::Ask`].
    Asked {
        /// The points, distinct.
        trials: Vec<AskedTrial>,
        /// Why there are none: `budget` or `space`; `None` if there are some.
        done: Option<&'static str>,
    },
    /// To [`Request::Pending`], in ascending order of ids.
    Pending {
        /// The points.
        trials: Vec<AskedTrial>,
    },
    /// To [`Request::Front`], from the best first objective to the worst.
    Front {
        /// The trials.
        front: Vec<FrontTrial>,
    },
    /// The request was done.
    Done {
        /// Always true.
        ok: bool,
        /// The id of the new trial, if the request made one.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<u64>,
        /// Why the trial is stored as failed, although it was told with metrics.
        #[serde(skip_serializing_if = "Option::is_none")]
        failed: Option<String>,
        /// What was told and could not be kept, by metric (`sd.METRIC` for its standard deviation), and why.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        dropped: BTreeMap<String, String>,
    },
    /// The request was refused, and nothing was changed by it.
    Refused {
        /// Why.
        error: String,
    },
}

/// A trial to be evaluated.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AskedTrial {
    /// Under which its outcome is told.
    pub id: u64,
    /// Its active parameters.
    pub params: Point,
}

/// A trial of the front.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FrontTrial {
    /// Its id.
    pub id: u64,
    /// Its active parameters.
    pub params: Point,
    /// All that was told.
    pub metrics: Metrics,
}

/// Why a request is refused. The study is as it was before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The line is no request.
    #[error("not a request: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// Too few or too many trials are asked for.
    #[error("`count` is {count}")]
    Count {
        /// How many.
        count: String,
    },
    /// Both or neither of two members that exclude each other.
    #[error("a tell has one of `{one}` and `{other}`, and not both")]
    OneOf {
        /// The first.
        one: &'static str,
        /// The second.
        other: &'static str,
    },
    /// A metric that an objective or a constraint needs, and that is no number, nor ever was in this study.
    #[error("`{metric}` in `metrics` is {value}, which is not a number")]
    NotANumber {
        /// The metric.
        metric: String,
        /// What it is, as JSON.
        value: String,
    },
    /// A metric that an objective or a constraint needs is missing, and was never told in this study.
    #[error("these metrics cannot be taken: {missing}, nor was it in any trial before")]
    NeverTold {
        /// Which one, and what was told.
        missing: ValueError,
        /// Which of those is likely meant by it.
        meant: Option<String>,
    },
    /// A parameter that is neither a number, a text nor a truth value.
    #[error("parameter `{name}` cannot be {value}")]
    Parameter {
        /// The parameter.
        name: String,
        /// What it is, as JSON.
        value: String,
    },
    /// The budget is one of energy, and the trial has none.
    #[error("the study's budget is one of energy, and the trial tells none")]
    EnergyNotTold,
    /// The trial is not wanted any more.
    #[error("trial {id} was skipped by the user, and what came of it is not taken any more")]
    Skipped {
        /// The trial.
        id: u64,
    },
    /// The optimizer refuses it.
    #[error("{0}")]
    Optimizer(OptimizerError),
    /// The study cannot keep it.
    #[error(transparent)]
    Study(#[from] StudyError),
}

/// Not a source: what it says is said already.
impl From<OptimizerError> for RequestError {
    fn from(error: OptimizerError) -> Self {
        Self::Optimizer(error)
    }
}

impl RequestError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        self.help_in(&HelpWords::default())
    }

    /// The same in the words of whoever runs the study.
    #[must_use]
    pub fn help_in(&self, words: &HelpWords) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Malformed { .. } => {
                "a request is a JSON object in one line, such as {\"op\":\"ask\",\"count\":1}".into()
            }
            Self::Count { .. } => format!("it must be a whole number from 1 to {MAX_COUNT}").into(),
            Self::NeverTold { meant, .. } => {
                let meant = meant.as_ref().map_or_else(String::new, |near| format!("did you mean `{near}` by it? "));
                format!("{meant}the trial stays as it was: tell it by that name").into()
            }
            Self::EnergyNotTold => "tell `energy`, in joules, among the metrics".into(),
            Self::Skipped { .. } => "ask for another".into(),
            Self::Optimizer(error) => return error.help(),
            Self::Study(error) => return error.help_in(words),
            Self::OneOf { .. } | Self::NotANumber { .. } | Self::Parameter { .. } => return None,
        })
    }
}

impl From<SamplerError> for RequestError {
    fn from(error: SamplerError) -> Self {
        Self::Optimizer(error.into())
    }
}

/// What is wrong with a request, without a place in a line that everybody sees whole.
fn in_own_words(error: &serde_json::Error) -> String {
    let said = error.to_string();
    if !error.is_data() {
        return said;
    }
    let said = said.split(" at line ").next().unwrap_or_default();
    let Some((what, known)) = said.strip_prefix("unknown ").and_then(|said| said.split_once(", expected ")) else {
        return said.to_owned();
    };
    let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    let (kind, word) = what.split_once(' ').unwrap_or_default();
    let kind = if kind == "variant" { "op" } else { "member" };
    let word = word.trim_matches('`');
    let one_of = match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", known.join(", ")),
    };
    format!("there is no {kind} `{word}`: {one_of}")
}

#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    Ask {
        #[serde(default)]
        count: Option<Json>,
    },
    Tell {
        id: Option<u64>,
        params: Option<BTreeMap<String, Json>>,
        metrics: Option<BTreeMap<String, Json>>,
        sd: Option<BTreeMap<String, Json>>,
        failed: Option<String>,
    },
    Pending {},
    Front {},
    Quit {},
}

impl Request {
    /// Understands one line.
    ///
    /// # Errors
    /// A [`RequestError`] that says what is wrong with it.
    pub fn parse(line: &str) -> Result<Self, RequestError> {
        // Some programs begin their output with a byte-order mark.
        let line = line.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        if line.contains('\0') {
            let reason = "it holds NUL bytes, as text in UTF-16 does, and requests are read as UTF-8";
            return Err(RequestError::Malformed { reason: reason.to_owned() });
        }
        if !line.starts_with('{') {
            return Err(RequestError::Malformed { reason: "it does not begin with `{`".to_owned() });
        }
        let read = serde_json::from_str(line).or_else(|error| {
            // The first error is about what was written, the second about what was made of it.
            serde_json::from_str(&quote_non_finite(line)).map_err(|_| error)
        });
        match read.map_err(|error| RequestError::Malformed { reason: in_own_words(&error) })? {
            Line::Ask { count } => Ok(Self::Ask { count: read_count(count)? }),
            Line::Pending {} => Ok(Self::Pending),
            Line::Front {} => Ok(Self::Front),
            Line::Quit {} => Ok(Self::Quit),
            Line::Tell { id, params, metrics, sd, failed } => {
                let trial = match (id, params) {
                    (Some(id), None) => ToldTrial::Asked(id),
                    (None, Some(params)) => ToldTrial::New(read_point(params)?),
                    _ => return Err(RequestError::OneOf { one: "id", other: "params" }),
                };
                let told = match (metrics, failed) {
                    (Some(metrics), None) => {
                        let (metrics, unread) = read_numbers(metrics);
                        let (mut sd, odd) = read_numbers(sd.unwrap_or_default());
                        sd.extend(odd.into_keys().map(|name| (name, f64::NAN)));
                        ToldOutcome::Finished { metrics, sd, unread }
                    }
                    (None, Some(_)) if sd.is_some() => {
                        return Err(RequestError::OneOf { one: "sd", other: "failed" });
                    }
                    (None, Some(message)) => ToldOutcome::Failed { kind: failure_kind(&message), message },
                    _ => return Err(RequestError::OneOf { one: "metrics", other: "failed" }),
                };
                Ok(Self::Tell { trial, told })
            }
        }
    }
}

fn read_count(count: Option<Json>) -> Result<usize, RequestError> {
    let Some(count) = count else { return Ok(1) };
    let whole = count.as_u64().filter(|n| (1..=MAX_COUNT).contains(n)).and_then(|n| usize::try_from(n).ok());
    whole.ok_or_else(|| RequestError::Count { count: count.to_string() })
}

/// The numbers, and what is none, as JSON.
fn read_numbers(values: BTreeMap<String, Json>) -> (Metrics, BTreeMap<String, String>) {
    let (mut numbers, mut others) = (Metrics::new(), BTreeMap::new());
    for (metric, value) in values {
        let number = match &value {
            Json::Number(n) => n.as_f64(),
            // JavaScript and others write so what is no number.
            Json::Null => Some(f64::NAN),
            // What `quote_non_finite` made of the bare words.
            Json::String(s) if matches!(s.as_str(), "NaN" | "Infinity" | "-Infinity") => s.parse().ok(),
            _ => None,
        };
        match number {
            Some(number) => drop(numbers.insert(metric, number)),
            None => drop(others.insert(metric, shortened(&value))),
        }
    }
    (numbers, others)
}

/// A value as JSON; of a long one the begin.
fn shortened(value: &Json) -> String {
    const LONGEST: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

fn read_point(params: BTreeMap<String, Json>) -> Result<Point, RequestError> {
    let value = |(name, value): (String, Json)| match serde_json::from_value::<Value>(value.clone()) {
        Ok(value) => Ok((name, value)),
        Err(_) => Err(RequestError::Parameter { name, value: value.to_string() }),
    };
    params.into_iter().map(value).collect::<Result<Vec<_>, _>>().map(|pairs| pairs.into_iter().collect())
}

/// The kind of failure that a text means: the names of [`FailureKind`], and what frameworks say of memory and time.
/// Anything else is the configuration's fault, like a program that ends with an error.
fn failure_kind(text: &str) -> FailureKind {
    let text = text.trim().to_lowercase();
    match serde_json::from_value(Json::String(text.replace([' ', '-'], "_"))) {
        Ok(kind) => kind,
        Err(_) if text == "oom" || text.contains("out of memory") => FailureKind::OutOfMemory,
        Err(_) if text.contains("timed out") || text == "time out" => FailureKind::Timeout,
        Err(_) if text == "nan" => FailureKind::Diverged,
        Err(_) => FailureKind::Exit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::told::with_help;

    #[test]
    fn failures_are_known_by_their_words() {
        for (text, kind) in [
            ("out of memory", FailureKind::OutOfMemory),
            ("CUDA out of memory. Tried to allocate 2 GiB", FailureKind::OutOfMemory),
            ("out_of_memory", FailureKind::OutOfMemory),
            ("Diverged", FailureKind::Diverged),
            ("timeout", FailureKind::Timeout),
            ("worker lost", FailureKind::WorkerLost),
            ("segmentation fault", FailureKind::Exit),
            ("", FailureKind::Exit),
        ] {
            assert_eq!(failure_kind(text), kind, "{text}");
        }
    }

    #[test]
    fn what_is_no_request_says_why() {
        for (line, reason) in [
            ("", "does not begin with `{`"),
            ("[1]", "does not begin"),
            ("{", "EOF"),
            ("{}", "op"),
            (r#"{"op":"sing"}"#, "sing"),
            (r#"{"op":"ask","cuont":2}"#, "cuont"),
            (r#"{"op":"ask","count":0}"#, "from 1 to"),
            (r#"{"op":"ask","count":-1}"#, "`count` is -1"),
            (r#"{"op":"ask","count":1.5}"#, "`count` is 1.5"),
            (r#"{"op":"ask","count":1e9}"#, "from 1 to"),
            (r#"{"op":"front","x":1}"#, "x"),
            (r#"{"op":"tell","metrics":{}}"#, "`id` and `params`"),
            (r#"{"op":"tell","id":0,"params":{},"metrics":{}}"#, "`id` and `params`"),
            (r#"{"op":"tell","id":0}"#, "`metrics` and `failed`"),
            (r#"{"op":"tell","id":0,"metrics":{},"failed":"x"}"#, "`metrics` and `failed`"),
            (r#"{"op":"tell","id":-1,"metrics":{}}"#, "-1"),
            (r#"{"op":"tell","params":{"x":{}},"metrics":{}}"#, "`x` cannot be {}"),
        ] {
            let error = Request::parse(line).expect_err(line);
            let error = with_help(&error, error.help());
            assert!(error.contains(reason), "{line}: {error}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_request_and_utf_16_is_told() {
        assert_eq!(Request::parse("\u{feff}{\"op\":\"quit\"}").ok(), Some(Request::Quit));
        let error = Request::parse("{\0\"\0o\0p\0").unwrap_err().to_string();
        assert!(error.contains("UTF-16"), "{error}");
    }

    #[test]
    fn numbers_that_json_has_not_are_read() {
        let line = r#"{"op":"tell","id":3,"metrics":{"a":NaN,"b":-1e999,"NaN":1}}"#;
        let Ok(Request::Tell { trial: ToldTrial::Asked(3), told: ToldOutcome::Finished { metrics, .. } }) =
            Request::parse(line)
        else {
            panic!("a tell");
        };
        assert!(metrics["a"].is_nan());
        assert_eq!((metrics["b"], metrics["NaN"]), (f64::NEG_INFINITY, 1.0));
    }
}
