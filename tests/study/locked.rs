//! Another program holds the study's store locked, such as a database shell or a backup: what ends meanwhile is waited with, or kept.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Stdio};

use rusqlite::Connection;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use wattfront::record::{Event, StoredEvent};
use wattfront::study::store::Salvage;

use crate::bench::{Answer, Bench};

/// The second trial waits for `go` before it ends; each run leaves a line in `ran`.
const PROGRAM: &str = r#"
import json, os, time
trial = int(os.environ["WATTFRONT_TRIAL"])
open("ran", "a").write(f"{trial}\n")
print(json.dumps({"step": 0, "loss": 1.5}), flush=True)
if trial == 1:
    open("reached", "w").close()
    while not os.path.exists("go"): time.sleep(0.01)
x, n = float(os.environ["WATTFRONT_X"]), int(os.environ["WATTFRONT_N"])
print(json.dumps({"accuracy": 1 - x, "cost": n}))
"#;

struct Scene {
    bench: Bench,
    lock: Option<Connection>,
}

impl Scene {
    fn new() -> Self {
        let bench = Bench::with_program(PROGRAM);
        bench.edit("trials = 12", "trials = 4");
        Self { bench, lock: None }
    }

    /// Starts a command whose standard error goes to `err.txt`.
    fn start(&self, arguments: &[&str]) -> Child {
        let err = File::create(self.bench.path().join("err.txt")).unwrap();
        self.bench.command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(err).spawn().unwrap()
    }

    fn err(&self) -> String {
        std::fs::read_to_string(self.bench.path().join("err.txt")).unwrap()
    }

    fn lock(&mut self) {
        let connection = Connection::open(self.bench.results().join("study.db")).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(60)).unwrap();
        connection.execute_batch("BEGIN EXCLUSIVE").unwrap();
        self.lock = Some(connection);
    }

    fn unlock(&mut self) {
        self.lock.take().unwrap().execute_batch("ROLLBACK").unwrap();
    }

    fn kept(&self) -> PathBuf {
        self.bench.results().join("undelivered.json")
    }

    /// A study whose second trial has ended, and cannot be stored.
    fn waiting(&mut self) -> Child {
        let child = self.start(&["study.toml"]);
        self.bench.wait_for("the second trial", || self.bench.path().join("reached").exists());
        self.lock();
        self.bench.write("go", "");
        self.bench.wait_for("the wait", || self.err().contains("is locked by another program"));
        self.bench.wait_for("what is kept", || self.kept().exists());
        child
    }

    /// All four trials have finished, in one attempt each, and each ran once.
    fn is_whole(&self) {
        let record = self.bench.record();
        let attempts: Vec<_> = record.trials().iter().map(|t| (t.id, t.attempts, t.result().is_some())).collect();
        assert_eq!(attempts, (0..4).map(|id| (id, 1, true)).collect::<Vec<_>>());
        assert!(record.trials().iter().all(|trial| trial.epochs.len() == 1), "steps are kept, too");
        let ran = std::fs::read_to_string(self.bench.path().join("ran")).unwrap();
        assert_eq!(ran, "0\n1\n2\n3\n");
        assert!(!self.kept().exists());
    }
}

#[test]
fn a_result_waits_for_as_long_as_the_store_is_locked() {
    let mut scene = Scene::new();
    let child = scene.waiting();
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert_eq!(scene.err().matches("is locked by another program").count(), 1, "{}", scene.err());
    scene.unlock();
    Answer(child.wait_with_output().unwrap()).code(0);
    assert!(scene.err().contains("is free again"), "{}", scene.err());
    scene.is_whole();
}

#[test]
fn ctrl_c_ends_the_wait_and_the_next_run_stores_what_was_kept() {
    let mut scene = Scene::new();
    let child = scene.waiting();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    Answer(child.wait_with_output().unwrap()).code(130);
    let said = scene.err();
    assert!(said.contains("the result of trial 1") && said.contains("undelivered.json"), "{said}");
    // Still locked, so nothing goes on, and nothing is lost by trying.
    let again = scene.start(&["study.toml"]);
    scene.bench.wait_for("the wait", || scene.err().contains("is locked by another program"));
    let mut again = again;
    again.kill().unwrap();
    again.wait().unwrap();
    scene.unlock();
    let report = scene.bench.optimize(&["report", "study.toml"]).code(0);
    assert!(report.err().contains("undelivered.json holds how a trial ended"), "{}", report.err());
    let answer = scene.bench.optimize(&["study.toml"]).code(0);
    assert!(answer.err().contains("the result of trial 1, kept while"), "{}", answer.err());
    scene.is_whole();
}

#[test]
fn what_ends_after_ctrl_c_is_waited_with_for_some_seconds() {
    let mut scene = Scene::new();
    scene.bench.edit("[energy]", "[trial]\non_interrupt = \"finish\"\n[energy]");
    let child = scene.start(&["study.toml"]);
    scene.bench.wait_for("the second trial", || scene.bench.path().join("reached").exists());
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(600));
    scene.lock();
    scene.bench.write("go", "");
    scene.bench.wait_for("the wait", || scene.err().contains("is locked by another program"));
    assert!(scene.err().contains("waiting for it, for 10 s"), "{}", scene.err());
    scene.unlock();
    Answer(child.wait_with_output().unwrap()).code(130);
    assert!(scene.err().contains("run the same command again") && !scene.kept().exists(), "{}", scene.err());
    assert_eq!(scene.bench.finished().len(), 2, "{}", scene.err());
    scene.bench.optimize(&["study.toml"]).code(0);
    scene.is_whole();
}

#[test]
fn a_process_that_is_killed_while_it_waits_loses_nothing() {
    let mut scene = Scene::new();
    let mut child = scene.waiting();
    child.kill().unwrap();
    child.wait().unwrap();
    scene.unlock();
    let kept = std::fs::read(scene.kept()).unwrap();
    scene.bench.optimize(&["study.toml"]).code(0);
    scene.is_whole();
    // As if it had been killed after it was stored, and before the file was removed.
    std::fs::write(scene.kept(), &kept).unwrap();
    let before = scene.bench.record().last_seq();
    scene.bench.optimize(&["skip", "study.toml", "--trial", "3"]).code(2);
    scene.is_whole();
    assert_eq!(scene.bench.record().last_seq(), before, "once is enough");
}

#[test]
fn what_is_kept_and_does_not_fit_is_not_stored_and_told() {
    let mut scene = Scene::new();
    let mut child = scene.waiting();
    child.kill().unwrap();
    child.wait().unwrap();
    scene.unlock();
    let kept = std::fs::read_to_string(scene.kept()).unwrap();
    // Whoever looks for what is whole finds it.
    let found = Salvage::of(&scene.bench.results().join("study.db")).unwrap().entries;
    let ended = |entry: &&StoredEvent| matches!(entry.event, Event::TrialFinished { trial: 1, .. });
    assert_eq!(found.iter().filter(ended).count(), 1);
    for wrong in [kept.replace("accuracy", "acuracy"), kept[..kept.len() / 2].to_owned(), "{}".to_owned()] {
        std::fs::write(scene.kept(), &wrong).unwrap();
        scene.bench.optimize(&["study.toml"]).code(1).says("undelivered.json holds how a trial ended");
        assert_eq!(std::fs::read_to_string(scene.kept()).unwrap(), wrong, "it is left as it is");
    }
    // Moved away, the study goes on without it.
    std::fs::rename(scene.kept(), scene.bench.path().join("away.json")).unwrap();
    scene.bench.optimize(&["study.toml"]).code(0);
    assert_eq!(scene.bench.record().trial(1).unwrap().attempts, 2);
    // And what comes back belongs elsewhere.
    std::fs::write(scene.kept(), &kept).unwrap();
    scene.bench.optimize(&["study.toml", "--trials", "5"]).code(1).says("another event in its place");
}

#[test]
fn skipping_and_telling_wait_as_well() {
    let mut scene = Scene::new();
    scene.bench.write(
        "study.toml",
        "name = \"bench\"\n[budget]\ntrials = 9\n[sampler]\nkind = \"random\"\n[[objective]]\nmetric = \"a\"\n\
         goal = \"minimize\"\n[space]\nx = { float = [0.0, 1.0] }\n",
    );
    let mut child = scene.start(&["ask-tell", "study.toml"]);
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut answer = || {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        serde_json::from_str::<Value>(&line).unwrap()
    };
    let mut input = child.stdin.take().unwrap();
    let mut send = |request: Value| writeln!(input, "{request}").unwrap();
    send(json!({"op": "ask", "count": 3}));
    assert_eq!(answer()["trials"].as_array().unwrap().len(), 3);
    scene.lock();
    send(json!({"op": "tell", "id": 0, "metrics": {"a": 1}}));
    scene.bench.wait_for("the wait", || scene.err().contains("is locked by another program"));
    scene.unlock();
    assert_eq!(answer(), json!({"ok": true}));
    scene.lock();
    send(json!({"op": "tell", "id": 1, "metrics": {"a": 2}}));
    scene.bench.wait_for("what is kept", || scene.kept().exists());
    child.kill().unwrap();
    child.wait().unwrap();
    let skipping = scene.start(&["skip", "study.toml", "--trial", "2"]);
    scene.bench.wait_for("the wait", || scene.err().contains("is locked by another program"));
    scene.unlock();
    Answer(skipping.wait_with_output().unwrap()).code(0);
    let record = scene.bench.record();
    let states: Vec<&str> = record.trials().iter().map(|trial| trial.state.label()).collect();
    assert_eq!(states, ["finished", "finished", "failed"]);
    assert!(!scene.kept().exists());
}
