//! `optimize ask-tell`: what was answered with `{"ok":true}` is stored, and what was answered with an error is not.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use serde_json::{Value, json};
use wattfront::record::{StudyRecord, TrialState};
use wattfront::study::store::{SqliteStore, Store};

use super::OUTPUTS;
use super::findings::Wrong;
use super::library::Fault;
use super::positions::{Done, Flow};
use super::scene::{End, PATIENCE, outputs_of};
use crate::bench::Bench;

const STUDY: &str = r#"
name = "bench"
seed = 3
[budget]
trials = 8
[[objective]]
metric = "accuracy"
goal = "maximize"
[[objective]]
metric = "energy"
goal = "minimize"
[sampler]
initial = 4
[space]
x = { float = [0.0, 1.0] }
n = { int = [1, 9] }
"#;

const SESSION: &[&str] = &["ask-tell", "study.toml"];

/// A program that asks and tells.
pub struct Asks;

/// Sends a request and gives its answer; `None` if there is none any more.
type Exchange<'a> = dyn FnMut(Value) -> Option<Value> + 'a;

fn metrics_of(params: &Value) -> Value {
    let (x, n) = (params["x"].as_f64().unwrap(), params["n"].as_f64().unwrap());
    json!({"accuracy": 1.0 - (x - 0.4).powi(2) - 1.0 / (1.0 + n), "energy": n * (1.0 + x)})
}

/// Tells, and tells once more if that was refused.
fn tell(exchange: &mut Exchange<'_>, request: &Value) -> Option<()> {
    let answer = exchange(request.clone())?;
    if answer["error"].is_string() {
        exchange(request.clone())?;
    }
    Some(())
}

/// Trials of all kinds, and questions between them.
fn converse(exchange: &mut Exchange<'_>) -> Option<()> {
    for round in 0..3 {
        let answer = exchange(json!({"op": "ask", "count": 2}))?;
        for trial in answer["trials"].as_array().into_iter().flatten() {
            let outcome = json!({"op": "tell", "id": trial["id"], "metrics": metrics_of(&trial["params"])});
            tell(exchange, &outcome)?;
        }
        if round == 1 {
            exchange(json!({"op": "ask"}))?;
            exchange(json!({"op": "pending"}))?;
            let params = json!({"x": 0.25, "n": 3});
            tell(exchange, &json!({"op": "tell", "params": params, "metrics": metrics_of(&params)}))?;
        }
    }
    exchange(json!({"op": "pending"}))?;
    exchange(json!({"op": "front"}))?;
    exchange(json!({"op": "quit"})).map(drop)
}

/// Ends what is pending, and asks until there is nothing more.
fn finish(exchange: &mut Exchange<'_>) -> Option<()> {
    let mut answer = exchange(json!({"op": "pending"}))?;
    loop {
        for trial in answer["trials"].as_array().into_iter().flatten() {
            exchange(json!({"op": "tell", "id": trial["id"], "metrics": metrics_of(&trial["params"])}))?;
        }
        answer = exchange(json!({"op": "ask", "count": 3}))?;
        if !answer["done"].is_null() || answer["error"].is_string() {
            break;
        }
    }
    exchange(json!({"op": "quit"})).map(drop)
}

/// Runs a session, and gives what was said in it.
fn session(mut command: Command, talk: fn(&mut Exchange<'_>) -> Option<()>) -> Done {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (mut input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (answered, answers) = mpsc::channel();
    let reader = thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = answered.send(line);
        }
    });
    let mut said = Vec::new();
    let mut hangs = false;
    talk(&mut |request| {
        // Whoever has ended reads nothing.
        let sent = writeln!(input, "{request}");
        let line = sent.ok().and_then(|()| match answers.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(error) => {
                hangs = error == mpsc::RecvTimeoutError::Timeout;
                None
            }
        });
        let answer = line.map(|line| serde_json::from_str::<Value>(&line).unwrap_or(Value::String(line)));
        said.push((request, answer.clone()));
        answer
    });
    drop(input);
    if hangs {
        child.kill().unwrap();
    }
    let ended = child.wait_with_output().unwrap();
    reader.join().unwrap();
    let err = String::from_utf8_lossy(&ended.stderr).into_owned();
    Done { end: End { status: (!hangs).then_some(ended.status), out: String::new(), err }, talk: said, runs_before: 0 }
}

/// What whoever has heard these answers takes for true.
#[derive(Default)]
struct Belief {
    asked: BTreeMap<u64, Value>,
    told: BTreeMap<u64, Value>,
    /// Told, and refused, and nothing since.
    refused: BTreeSet<u64>,
    /// Whether points may be pending that were never heard of.
    has_strays: bool,
    /// What contradicts itself.
    wrongs: Vec<(Wrong, String)>,
}

impl Belief {
    fn of(talk: &[(Value, Option<Value>)]) -> Self {
        let mut belief = Self::default();
        for (request, answer) in talk {
            let Some(answer) = answer else {
                belief.has_strays = true;
                // Whether it was done before the end is not known.
                if let Some(id) = request["id"].as_u64() {
                    belief.refused.remove(&id);
                }
                continue;
            };
            if !answer.is_object() {
                belief.wrongs.push((Wrong::Untrue, format!("{request} was answered with {answer}")));
            }
            belief.hear(request, answer);
        }
        belief
    }

    fn hear(&mut self, request: &Value, answer: &Value) {
        let failed = answer["error"].is_string();
        let ids = |trials: &Value| -> BTreeSet<u64> {
            trials.as_array().into_iter().flatten().filter_map(|trial| trial["id"].as_u64()).collect()
        };
        match request["op"].as_str().unwrap() {
            "ask" => {
                self.has_strays |= failed;
                for trial in answer["trials"].as_array().into_iter().flatten() {
                    self.asked.insert(trial["id"].as_u64().unwrap(), trial["params"].clone());
                }
            }
            "tell" => {
                let id = request["id"].as_u64().or_else(|| answer["id"].as_u64());
                self.has_strays |= failed && id.is_none();
                let Some(id) = id else { return };
                if failed {
                    self.refused.insert(id);
                } else {
                    self.refused.remove(&id);
                    self.told.insert(id, request["metrics"].clone());
                    self.asked.entry(id).or_insert_with(|| request["params"].clone());
                }
            }
            "pending" if !failed => {
                let expected: BTreeSet<u64> =
                    self.asked.keys().filter(|id| !self.told.contains_key(id)).copied().collect();
                let said = ids(&answer["trials"]);
                let more = said.difference(&expected).any(|id| !self.has_strays || self.told.contains_key(id));
                if more || !expected.is_subset(&said) {
                    let text = format!("{said:?} are said to be pending, and by earlier answers {expected:?} are");
                    self.wrongs.push((Wrong::Untrue, text));
                }
            }
            "front" if !failed => {
                let strangers: Vec<u64> =
                    ids(&answer["front"]).into_iter().filter(|id| !self.told.contains_key(id)).collect();
                if !strangers.is_empty() && !self.has_strays {
                    self.wrongs.push((Wrong::Untrue, format!("{strangers:?} are on the front and were refused")));
                }
            }
            _ => {}
        }
    }
}

fn record(bench: &Bench) -> Result<StudyRecord, String> {
    let store = SqliteStore::open_to_read(&bench.results().join("study.db")).map_err(|error| error.to_string())?;
    let entries = store.load().map_err(|error| error.to_string())?;
    StudyRecord::from_entries(entries).map_err(|error| error.to_string())
}

/// Whether what is believed is stored. Of a trial that was refused nothing may be there if the process has answered since.
fn compare(belief: &Belief, record: &StudyRecord, has_gone_on: bool) -> Vec<(Wrong, String)> {
    let mut wrongs = Vec::new();
    for (id, params) in &belief.asked {
        let stored = record.trial(*id).map(|trial| serde_json::to_value(&trial.point).unwrap());
        if stored.as_ref() != Some(params) {
            wrongs.push((Wrong::Lost, format!("trial {id} was given out at {params}, and stored is {stored:?}")));
        }
    }
    for (id, metrics) in &belief.told {
        let stored = record.trial(*id).and_then(|trial| trial.result());
        let stored = stored.map(|result| serde_json::to_value(&result.metrics).unwrap());
        if stored.as_ref() != Some(metrics) {
            wrongs.push((Wrong::Lost, format!("trial {id} was told {metrics} and taken, and stored is {stored:?}")));
        }
    }
    for id in belief.refused.iter().filter(|_| has_gone_on) {
        if record.trial(*id).is_some_and(|trial| matches!(trial.state, TrialState::Finished(_))) {
            wrongs.push((Wrong::Untrue, format!("what was told of trial {id} was refused and is stored")));
        }
    }
    wrongs
}

impl Flow for Asks {
    fn name(&self) -> &'static str {
        "asking and telling"
    }

    fn prepared(&self) -> Bench {
        let bench = Bench::new();
        bench.write("study.toml", STUDY);
        bench
    }

    fn act(&self, bench: &Bench, arm: &dyn Fn(&mut Command)) -> Done {
        let mut command = bench.command(SESSION);
        arm(&mut command);
        session(command, converse)
    }

    fn judge(&self, bench: &Bench, _: &Bench, done: &Done, _: Option<&Fault>) -> Vec<(Wrong, String)> {
        let mut belief = Belief::of(&done.talk);
        let mut wrongs = std::mem::take(&mut belief.wrongs);
        let went_well = done.end.code() == Some(0);
        if went_well && done.talk.last().is_none_or(|(_, answer)| answer.is_none()) {
            wrongs.push((Wrong::Untrue, "it ended in good order before it was asked to".to_owned()));
        }
        let is_begun = !belief.asked.is_empty();
        match record(bench) {
            Ok(record) => wrongs.extend(compare(&belief, &record, went_well)),
            Err(reason) if is_begun => {
                wrongs.push((Wrong::Unreadable, reason));
                return wrongs;
            }
            Err(_) => {}
        }
        if went_well {
            wrongs.extend(outputs_of(bench, OUTPUTS, &["report", "study.toml"]));
        }
        let again = session(bench.command(SESSION), finish);
        if again.end.code() != Some(0) {
            wrongs.push((Wrong::Unreadable, format!("another session: {:?} {}", again.end.status, again.end.err)));
            return wrongs;
        }
        match record(bench) {
            Ok(record) => {
                wrongs.extend(compare(&belief, &record, false));
                let ended = record.trials().iter().filter(|trial| trial.result().is_some()).count();
                if ended != 8 {
                    wrongs.push((Wrong::Different, format!("{ended} trials are finished instead of 8")));
                }
                wrongs.extend(outputs_of(bench, OUTPUTS, &["report", "study.toml"]));
            }
            Err(reason) => wrongs.push((Wrong::Unreadable, format!("after another session: {reason}"))),
        }
        wrongs
    }
}
