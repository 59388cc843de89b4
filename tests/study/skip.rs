//! Trials that take their session along, and those that the user wants no more of.

use std::process::Child;

use serde_json::json;
use wattfront::optimizer::history::FailureKind;
use wattfront::record::TrialState;

use crate::bench::{Answer, Bench, PROGRAM};

/// Trial 1 waits until somebody kills the study, as long as there is a file `deadly`.
const DEADLY: &str = r#"
import json, os, time
if os.environ["WATTFRONT_TRIAL"] == "1" and os.path.exists("deadly"):
    open("there.part", "w").close(); os.rename("there.part", "there")
    time.sleep(1000)
"#;

fn deadly(trials: u64) -> Bench {
    let bench = Bench::with_program(&format!("{DEADLY}\n{PROGRAM}"));
    bench.edit("trials = 12", &format!("trials = {trials}"));
    bench.write("deadly", "");
    bench
}

/// Runs the study up to the trial that does not end.
fn start(bench: &Bench) -> Child {
    let child = bench.start();
    let there = bench.path().join("there");
    bench.wait_for("the deadly trial", || there.exists());
    std::fs::remove_file(there).unwrap();
    child
}

fn kill(mut child: Child) -> Answer {
    child.kill().unwrap();
    Answer(child.wait_with_output().unwrap())
}

#[test]
fn a_trial_that_takes_the_machine_down_is_given_up_after_its_attempts() {
    let bench = deadly(4);
    kill(start(&bench));
    assert_eq!(bench.record().trial(1).unwrap().state, TrialState::Running);
    let second = kill(start(&bench));
    assert!(second.out().contains("worker lost, will be tried again: the study was killed"), "{}", second.out());
    assert!(second.out().contains("1 of 2 attempts are lost"), "{}", second.out());
    // The third session finds that it is enough, and goes on although the trial would still not end.
    let third = bench.optimize(&["study.toml"]).code(0).says("FAILED worker lost: the study was killed");
    assert!(third.out().contains("2 of 2 attempts are lost (`attempts` in [trial]), so it is given up"));
    let record = bench.record();
    let trial = record.trial(1).unwrap();
    assert_eq!((trial.attempts, trial.lost_attempts, trial.lost_sessions), (2, 2, 2));
    assert!(matches!(&trial.state, TrialState::Failed(f) if f.kind == FailureKind::WorkerLost), "{trial:?}");
    // It is not held against the point: neither counted, nor told to the sampler, which only does not propose it again.
    assert_eq!((record.counted_trials(), bench.finished().len()), (4, 4));
    let history = record.history();
    assert!(history.get(1.into()).is_none());
    assert_eq!(history.avoided(), std::slice::from_ref(&trial.point));
    assert_eq!(record.trials_of(&trial.point).count(), 1);
    // What is in the record stays so.
    bench.optimize(&["study.toml", "--trials", "5"]).code(0);
    assert_eq!(bench.record().trial(1).unwrap(), trial);
}

#[test]
fn a_grid_does_not_begin_a_deadly_point_anew() {
    let bench = deadly(100);
    bench.edit("x = { float = [0.0, 1.0] }", "x = { choice = [0.1, 0.2] }");
    bench.edit("n = { int = [2, 64], scale = \"log\" }", "n = { int = [2, 3] }");
    bench.edit("kind = { choice = [\"a\", \"b\"] }\ny = { float = [0.0, 1.0], when = { kind = \"b\" } }", "");
    bench.edit("kind = \"gp\"\ninitial = 5", "kind = \"grid\"");
    bench.edit("[command]", "[trial]\nattempts = 1\n[command]");
    kill(start(&bench));
    bench.optimize(&["study.toml"]).code(0).says("1 of 1 attempts are lost");
    let record = bench.record();
    assert_eq!((record.trials().len(), bench.finished().len()), (4, 3), "{record:?}");
}

#[test]
fn a_trial_is_tried_as_often_as_the_study_file_says_and_a_stop_costs_no_attempt() {
    let bench = deadly(3);
    bench.edit("[command]", "[trial]\nattempts = 1\n[command]");
    for _ in 0..2 {
        let child = start(&bench);
        rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT).unwrap();
        Answer(child.wait_with_output().unwrap()).code(130);
    }
    assert_eq!(bench.record().trial(1).unwrap().lost_attempts, 0);
    kill(start(&bench));
    bench.optimize(&["study.toml"]).code(0).says("1 of 1 attempts are lost");
    assert_eq!(bench.finished().len(), 3);
}

#[test]
fn a_trial_that_is_skipped_has_failed_and_the_study_goes_on() {
    let bench = deadly(4);
    let child = start(&bench);
    let running = bench.optimize(&["skip", "study.toml", "--trial", "1"]).code(3);
    running.says("is being run by another process");
    kill(child);
    for (trial, reason) in [
        ("0", "trial 0 cannot be skipped: it has finished"),
        ("7", "trial 7 cannot be skipped: the study has no such trial; there are 0 to 1, of which 1 can be skipped"),
        ("1,0", "trial 0 cannot be skipped"),
    ] {
        bench.optimize(&["skip", "study.toml", "--trial", trial]).code(2).says(reason);
    }
    assert_eq!(bench.record().trial(1).unwrap().state, TrialState::Running, "a refusal changes nothing");
    bench.optimize(&["skip", "study.toml", "--trial", "1", "--trial", "1"]).code(0).says("trial 1 is skipped");
    bench.optimize(&["skip", "study.toml", "--trial", "1"]).code(2).says("it has failed already (skipped)");
    let report = std::fs::read_to_string(bench.results().join("report.html")).unwrap();
    assert!(report.contains("skipped by the user"));
    bench.optimize(&["export", "study.toml"]).code(0).says("skipped by the user");
    bench.optimize(&["study.toml"]).code(0);
    let record = bench.record();
    let failure = record.trial(1).unwrap().failure().unwrap();
    assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Skipped, "skipped by the user"));
    assert_eq!((record.counted_trials(), bench.finished().len()), (4, 3), "it counts");
    assert_eq!(record.trial(1).unwrap().lost_sessions, 0);
}

#[test]
fn a_trial_that_waits_is_skipped_with_what_was_known_of_it() {
    let bench = deadly(3);
    let child = start(&bench);
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::TERM).unwrap();
    Answer(child.wait_with_output().unwrap()).code(130);
    // By its results as well as by its file.
    bench.optimize(&["skip", "results/bench", "--trial", "1"]).code(0);
    let failure = bench.record().trial(1).unwrap().failure().unwrap().clone();
    assert_eq!(failure.message, "skipped by the user, before that interrupted: the user stopped the study");
    bench.optimize(&["study.toml"]).code(0);
    assert_eq!(bench.finished().len(), 2);
}

#[test]
fn where_there_is_no_study_nothing_is_skipped_or_made() {
    let bench = Bench::new();
    bench.optimize(&["skip", "study.toml", "--trial", "0"]).code(5).says("there is no study in");
    bench.optimize(&["skip", "study.toml"]).code(2).says("--trial");
    bench.optimize(&["skip", "study.toml", "--trial", "x"]).code(2);
    assert!(!bench.results().exists());
}

#[test]
fn what_was_asked_for_and_never_told_can_be_skipped() {
    let bench = Bench::new();
    let text = std::fs::read_to_string(bench.path().join("study.toml")).unwrap();
    bench.write("study.toml", text.split("[command]").next().unwrap());
    let talk = |lines: &[serde_json::Value]| {
        use std::io::Write;
        let mut command = bench.command(&["ask-tell", "study.toml"]);
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    };
    talk(&[json!({"op": "ask", "count": 3})]);
    bench.optimize(&["skip", "study.toml", "--trial", "0,2"]).code(0);
    let answers = talk(&[
        json!({"op": "pending"}),
        json!({"op": "tell", "id": 0, "metrics": {"accuracy": 0.5, "cost": 1}}),
        json!({"op": "tell", "id": 1, "metrics": {"accuracy": 0.5, "cost": 1}}),
    ]);
    let answers: Vec<serde_json::Value> = answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers[0]["trials"].as_array().unwrap().len(), 1);
    assert!(answers[1]["error"].as_str().unwrap().contains("skipped"), "{}", answers[1]);
    assert_eq!(answers[2], json!({"ok": true}));
}
