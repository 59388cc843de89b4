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
if trial == 10: print('{"accuracy": "0.9"}'); sys.exit()
if trial == 9: print('{"failed": "out of memory", "message": "9 GiB"}'); sys.exit(1)
"#;
    let (failed, answer) = failures(&program, 12, |_| {});
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
        (10, BadMetrics, r#"`{"accuracy": "0.9"}` is no JSON object with numbers"#),
    ];
    for (trial, kind, text) in expected {
        let found = failed.iter().find(|(id, ..)| *id == trial);
        assert!(found.is_some_and(|(_, k, m)| *k == kind && m.contains(text)), "trial {trial}, {text:?}: {found:?}");
    }
    assert_eq!(failed.len(), 11, "the twelfth is well: {failed:?}");
}

#[test]
fn failures_that_differ_or_follow_a_success_do_not_end_a_study() {
    for (program, code) in [
        ("if True: sys.exit(f'no {trial}')", 5),
        ("if trial > 0: sys.exit('no')", 0),
        ("if trial % 5 < 4: sys.exit('no')", 0),
    ] {
        let (failed, answer) = failures(&format!("{TRIAL}{program}\n"), 8, |_| {});
        answer.code(code);
        assert!(failed.len() >= 6, "{failed:?}");
    }
}

#[test]
fn a_program_that_always_ends_in_the_same_way_is_given_up_after_the_initial_design() {
    let program = TRIAL.to_owned() + "print(f'trial {trial} reads its data', file=sys.stderr)\nopen('no/such/file')\n";
    let (failed, answer) = failures(&program, 12, |_| {});
    answer.code(6).says("the last 5 trials failed alike").says("no/such/file");
    assert_eq!(failed.len(), 5);
}

#[test]
fn a_hung_program_is_ended_with_all_it_started() {
    let program = TRIAL.to_owned()
        + r#"
if trial == 0:
    if os.fork() == 0:
        time.sleep(8); open("survivor", "w"); sys.exit()
    time.sleep(1000)
"#;
    let bench = Bench::with_program(&format!("{program}\n{}", crate::bench::PROGRAM));
    bench.edit("trials = 12", "trials = 2");
    bench.edit("[command]", "[trial]\ntimeout = \"6s\"\n[command]");
    bench.optimize(&["study.toml"]).code(0).says("FAILED timeout");
    let record = bench.record();
    assert!(matches!(&record.trial(0).unwrap().state, TrialState::Failed(f) if f.kind == FailureKind::Timeout));
    assert!(record.trial(1).unwrap().result().is_some());
    std::thread::sleep(std::time::Duration::from_millis(3500));
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
fn a_program_that_is_not_there_is_found_out_before_any_trial() {
    let bench = Bench::new();
    bench.edit("\"python3\"", "\"no-such-program\"");
    bench.optimize(&["study.toml"]).code(2).says("the program `no-such-program` of [command] was not found");
    bench.edit("\"no-such-program\"", "\"./program.py\"");
    bench.optimize(&["check", "study.toml"]).code(2).says("is not executable");
    bench.edit("cwd = \".\"", "cwd = \"nowhere\"");
    bench.optimize(&["study.toml"]).code(2).says("nowhere does not exist");
    assert!(!bench.path().join("results").exists());
}

#[test]
fn a_program_that_can_no_longer_be_started_stops_the_study_with_the_reason() {
    let bench = Bench::with_program("#!/bin/sh\nrm -- \"$0\"\necho '{\"accuracy\": 1, \"cost\": 1}'\n");
    bench.edit("\"python3\", \"program.py\"", "\"./program.py\"");
    let program = bench.path().join("program.py");
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    bench.optimize(&["study.toml"]).code(4).says("cannot start `./program.py`").says("5 failures in a row");
    let record = bench.record();
    assert_eq!(record.counted_trials(), 1);
    assert!(record.trials()[1..].iter().all(|t| t.failure().unwrap().kind == FailureKind::WorkerLost));
}

#[test]
fn a_program_that_calls_itself_interrupted_is_not_tried_for_ever() {
    let program = TRIAL.to_owned() + "\nif trial == 0: print('{\"failed\": \"interrupted\"}'); sys.exit()\n";
    let (failed, answer) = failures(&program, 2, |_| {});
    answer.code(0);
    assert_eq!(failed.len(), 1, "{failed:?}");
}

#[test]
fn phases_nest_and_may_be_left_open() {
    let program = TRIAL.to_owned()
        + r#"
print('{"begin": "train"}'); print('{"begin": "train"}'); time.sleep(0.1)
print('{"end": "train"}'); time.sleep(0.1); print('{"end": "train"}')
print('{"begin": "open"}'); time.sleep(0.1)
if trial == 1: print('{"begin": "gpu"}')
"#;
    let bench = Bench::with_program(&format!("{program}\n{}", crate::bench::PROGRAM));
    bench.edit("trials = 12", "trials = 2");
    bench.optimize(&["study.toml"]).code(0).says("a phase cannot be named `gpu`");
    let record = bench.record();
    let phases = &record.trial(0).unwrap().result().unwrap().energy;
    let seconds = |name: &str| phases[name].seconds;
    assert!(seconds("train") >= 0.19, "the outer one counts: {}", seconds("train"));
    assert!(seconds("train") + seconds("open") <= seconds("trial"), "and counts once: {phases:?}");
}

#[test]
fn a_study_without_any_result_says_so_in_its_exit_code() {
    let (failed, answer) = failures("import sys; sys.exit(1)", 2, |_| {});
    answer.code(5).says("no trial has finished");
    assert_eq!(failed.len(), 2);
}

#[test]
fn what_the_study_itself_does_is_not_held_against_a_trial() {
    let energy = |steps: u32| {
        let program = format!(
            "import json\nprint('{{\"begin\": \"trial\"}}', flush=True)\nfor s in range({steps}):\n    print(json.dumps({{'step': s}}))\n"
        );
        let bench = Bench::with_program(&format!("{program}{}", crate::bench::PROGRAM));
        bench.edit("trials = 12", "trials = 1");
        bench.optimize(&["study.toml"]).code(0);
        bench.record().trials()[0].energy().and_then(|e| e.total()).unwrap().0
    };
    // Some microseconds a line in Python; the study stores each in a transaction, which takes many times as long.
    let (few, many) = (energy(10), energy(2000));
    assert!(many - few < 2000.0 * 4.0 * 60e-6, "{few} J and {many} J");
}

#[test]
fn a_flood_of_output_is_survived() {
    let program = TRIAL.to_owned() + "\nsys.stdout.write('x' * 3_000_000 + '\\n'); sys.stderr.write('y' * 3_000_000)\n";
    let (failed, answer) = failures(&program, 1, |_| {});
    answer.code(0);
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn lines_that_are_too_long_or_in_another_encoding_are_told_in_the_failure() {
    let program = TRIAL.to_owned()
        + r#"
out = sys.stdout.buffer
long = b'{"accuracy": 0.5, "cost": 1, "curve": "' + b'x' * (1 << 20) + b'"}\n'
if trial == 0: out.write(long); sys.exit()
if trial == 1: out.write(b'{"accuracy": NaN, "cost": 1}\n'); sys.exit()
if trial == 9: out.write(b'{"accuracy": 0.5}\n' + long); sys.exit()
if trial == 2: out.write('{"accuracy": 0.5, "cost": 1}\n'.encode('utf-16-le')); sys.exit()
if trial == 3: out.write('{"accuracy": 0.5, "cost": 1}\r\n'.encode('utf-16')); sys.exit()
if trial == 4: out.write(b'{"accuracy": 0.5, "cost\xe9": 1}\n'); sys.exit()
if trial == 5: out.write(long); sys.exit(3)
if trial == 6: out.write(b'\xef\xbb\xbf{"accuracy": 0.5, "cost": 1, "note": "caf\xe9"}\n'); sys.exit()
if trial == 7: out.write(long + b'{"accuracy": 0.25, "cost": 1}\n'); sys.exit()
if trial == 8: out.write(b'x' * (2 << 20) + b'\n\0\0\xff\n{"accuracy": 0.5, "cost": 1}\n'); sys.exit()
"#;
    let (failed, answer) = failures(&program, 10, |_| {});
    let long = "a line of its output was longer than 1 MiB and was dropped; it begins `{\"accuracy\": 0.5, \"cost\": 1, \"curve";
    let answer = answer.code(0).says(&format!("trial 7: note: {long}"));
    use FailureKind::{BadMetrics, Exit};
    let expected = [
        (0, BadMetrics, long),
        (9, BadMetrics, "`cost` was not reported (reported: accuracy); a line of its output was longer than 1 MiB"),
        (
            2,
            BadMetrics,
            "NUL bytes, as text in UTF-16 does, and lines are read as UTF-8: `{\"accuracy\": 0.5, \"cost\": 1}",
        ),
        (3, BadMetrics, "NUL bytes, as text in UTF-16 does"),
        (4, BadMetrics, "bytes that are not UTF-8, and lines are read as UTF-8"),
        (5, Exit, long),
    ];
    for (trial, kind, text) in expected {
        let found = failed.iter().find(|(id, ..)| *id == trial);
        assert!(found.is_some_and(|(_, k, m)| *k == kind && m.contains(text)), "trial {trial}, {text:?}: {found:?}");
    }
    assert_eq!(failed.len(), 7, "{failed:?}");
    assert_eq!(answer.out().matches("note: a line").count(), 1, "what is the program's own is left alone");
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

#[test]
fn a_quiet_run_without_a_front_tells_its_last_failure() {
    let bench = Bench::with_program("raise ValueError('line one\\nline two')");
    bench.edit("trials = 12", "trials = 1");
    bench.optimize(&["-q", "study.toml"]).code(5).says("the last failure is exit").says("ValueError: line one");
}

#[test]
fn an_object_that_tells_nothing_is_told_once() {
    for (line, says) in [
        ("{\"accuracy\": 0.5, \"cost\": 1, \"step\": null}", "its `step` is null"),
        ("{\"val\": {\"accuracy\": 0.5, \"cost\": 1}}", "`val` is an object"),
    ] {
        let bench = Bench::with_program(&format!("print('{line}')"));
        let answer = bench.optimize(&["study.toml"]).code(6).says(says);
        let told = format!("{}{}", answer.out(), answer.err());
        assert!(!told.contains("quotation marks"), "{told}");
        let record = bench.record();
        let message = &record.trials()[0].failure().unwrap().message;
        assert_eq!(message.matches("is no JSON object").count(), 1, "{message}");
    }
}
