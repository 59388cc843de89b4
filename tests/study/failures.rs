//! Trials that fail, each for a reason of its own, and studies that go on.

use wattfront::optimizer::history::FailureKind;
use wattfront::record::TrialState;

use crate::bench::{Answer, Bench};

/// Runs a study of `trials` whose program begins with `program`, and gives the kinds and messages of the failures.
fn failures(program: &str, trials: u64, more: impl Fn(&Bench)) -> (Vec<(u64, FailureKind, String)>, Answer) {
    let bench = Bench::with_program(&format!("{program}\n{}", crate::bench::PROGRAM));
    bench.edit("trials = 12", &format!("trials = {trials}"));
    more(&bench);
    let answer = bench.optimize(&["study.toml"]);
    let record = bench.record();
    let failed = record.trials().iter().filter_map(|t| Some((t.id, t.failure()?.kind, t.failure()?.message.clone())));
    (failed.collect(), answer)
}

const TRIAL: &str = "import os, sys, json, time, signal\ntrial = int(os.environ['WATTFRONT_TRIAL'])\n";

#[test]
fn every_kind_of_failure_is_told_apart_and_the_study_goes_on() {
    let program = TRIAL.to_owned()
        + r#"
if trial == 0: print("a reason", file=sys.stderr); sys.exit(3)
if trial == 1: print('{"accuracy": NaN, "cost": 1}'); sys.exit()
if trial == 2: print('{"accuracy": 0.5}'); sys.exit()
if trial == 3: print("no metrics at all"); sys.exit()
if trial == 4: print('{"accuracy": Infinity, "cost": 1}'); sys.exit()
if trial == 5: print('{"accuracy": 0.5, "cost": -1}'); sys.exit()
if trial == 6: print('{"failed": "diverged", "message": "loss is nan"}'); time.sleep(100)
if trial == 7: print('{"accuracy": 0.5, "cost": 1, "energy": 3}'); sys.exit()
if trial == 8: os.abort()
if trial == 9: print('{"failed": "out of memory", "message": "9 GiB"}'); sys.exit(1)
"#;
    let (failed, answer) = failures(&program, 11, |_| {});
    answer.code(0).says("FAILED exit").says("FAILED diverged");
    use FailureKind::{BadMetrics, Diverged, Exit, OutOfMemory};
    let expected = [
        (0, Exit, "exit code 3"),
        (0, Exit, "a reason"),
        (1, BadMetrics, "`accuracy` is NaN"),
        (2, BadMetrics, "`cost` was not reported (reported: accuracy)"),
        (3, BadMetrics, "printed no line of metrics"),
        (4, BadMetrics, "`accuracy` is inf"),
        (5, BadMetrics, "log scale"),
        (6, Diverged, "loss is nan"),
        (7, BadMetrics, "`energy`"),
        (8, Exit, "signal 6"),
        (9, OutOfMemory, "9 GiB"),
    ];
    for (trial, kind, text) in expected {
        let found = failed.iter().find(|(id, ..)| *id == trial);
        assert!(found.is_some_and(|(_, k, m)| *k == kind && m.contains(text)), "trial {trial}, {text:?}: {found:?}");
    }
    assert_eq!(failed.len(), 10, "the eleventh is well: {failed:?}");
}

#[test]
fn a_hung_program_is_ended_with_all_it_started() {
    let program = TRIAL.to_owned()
        + r#"
if trial == 0:
    if os.fork() == 0:
        time.sleep(2); open("survivor", "w"); sys.exit()
    time.sleep(1000)
"#;
    let bench = Bench::with_program(&format!("{program}\n{}", crate::bench::PROGRAM));
    bench.edit("trials = 12", "trials = 2");
    bench.edit("[command]", "[trial]\ntimeout = \"1s\"\n[command]");
    bench.optimize(&["study.toml"]).code(0).says("FAILED timeout");
    let record = bench.record();
    assert!(matches!(&record.trial(0).unwrap().state, TrialState::Failed(f) if f.kind == FailureKind::Timeout));
    assert!(record.trial(1).unwrap().result().is_some());
    std::thread::sleep(std::time::Duration::from_millis(2500));
    assert!(!bench.path().join("survivor").exists(), "a process of the hung trial lives on");
}

#[test]
fn a_program_that_leaves_something_running_does_not_hold_up_the_study() {
    let program = TRIAL.to_owned() + "\nif trial == 0 and os.fork() == 0:\n    time.sleep(1000)\n";
    let (failed, answer) = failures(&program, 2, |_| {});
    answer.code(0);
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn a_program_that_somebody_kills_is_tried_again() {
    let program = TRIAL.to_owned()
        + "\nif trial == 1 and os.environ['WATTFRONT_ATTEMPT'] == '1':\n    os.kill(os.getpid(), signal.SIGKILL)\n";
    let bench = Bench::with_program(&format!("{program}\n{}", crate::bench::PROGRAM));
    bench.edit("trials = 12", "trials = 3");
    bench.optimize(&["study.toml"]).code(0).says("worker lost, will be tried again");
    let record = bench.record();
    assert_eq!(record.trial(1).unwrap().attempts, 2);
    assert!(record.trial(1).unwrap().result().is_some());
}

#[test]
fn a_program_that_cannot_be_started_stops_the_study_with_the_reason() {
    let (failed, answer) = failures("", 12, |bench| bench.edit("\"python3\"", "\"no-such-program\""));
    answer.code(4).says("cannot start `no-such-program`").says("5 failures in a row");
    assert!(failed.iter().all(|(_, kind, _)| *kind == FailureKind::WorkerLost), "{failed:?}");
}

#[test]
fn a_flood_of_output_is_survived() {
    let program = TRIAL.to_owned() + "\nsys.stdout.write('x' * 3_000_000 + '\\n'); sys.stderr.write('y' * 3_000_000)\n";
    let (failed, answer) = failures(&program, 1, |_| {});
    answer.code(0);
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn an_exhausted_space_ends_the_study() {
    let bench = Bench::new();
    bench.edit("x = { float = [0.0, 1.0] }", "x = { choice = [0.1, 0.2] }");
    bench.edit("n = { int = [2, 64], scale = \"log\" }", "n = { int = [2, 3] }");
    bench.edit("kind = { choice = [\"a\", \"b\"] }\ny = { float = [0.0, 1.0], when = { kind = \"b\" } }", "");
    bench.optimize(&["study.toml"]).code(0);
    assert_eq!(bench.finished().len(), 4);
    bench.optimize(&["study.toml"]).code(0).says("every point of the space has been tried");
}
