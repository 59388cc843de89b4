//! Ctrl-C, and what becomes of the programs that were running.

use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use wattfront::optimizer::history::FailureKind;
use wattfront::record::TrialState;

use crate::bench::{Answer, Bench};

/// Two quick trials, then one that takes forever and writes down who it is.
const STUBBORN: &str = r#"
import json, os, signal, time
if int(os.environ["WATTFRONT_TRIAL"]) == 2 and not os.path.exists("patience"):
    if os.path.exists("deaf"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = os.fork()
    if child == 0:
        time.sleep(1000)
    open("pids.part", "w").write(f"{os.getpid()} {child}")
    os.rename("pids.part", "pids")
    time.sleep(1000)
x, n = float(os.environ["WATTFRONT_X"]), int(os.environ["WATTFRONT_N"])
print(json.dumps({"accuracy": 1 - x, "cost": n}))
"#;

fn interrupt(child: &Child) {
    kill_process(Pid::from_child(child), Signal::INT).unwrap();
}

/// Whether a process runs; one that is dead but not yet waited for does not.
fn runs(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().next());
    test_kill_process(Pid::from_raw(pid).unwrap()).is_ok() && !matches!(state, None | Some("Z" | "X"))
}

fn start_stubborn(bench: &Bench) -> (Child, Vec<i32>) {
    let child = bench.start();
    let pids = bench.path().join("pids");
    bench.wait_for("the third trial", || pids.exists());
    let text = std::fs::read_to_string(&pids).unwrap();
    std::fs::remove_file(&pids).unwrap();
    (child, text.split_whitespace().map(|pid| pid.parse().unwrap()).collect())
}

#[test]
fn ctrl_c_records_the_running_trial_as_interrupted_and_ends_its_processes() {
    let bench = Bench::with_program(STUBBORN);
    bench.edit("trials = 12", "trials = 4");
    let (child, pids) = start_stubborn(&bench);
    interrupt(&child);
    let answer = Answer(child.wait_with_output().unwrap()).code(130);
    assert!(answer.err().contains("run the same command again to go on"), "{}", answer.err());
    let record = bench.record();
    assert_eq!(record.counted_trials(), 2, "what was finished is there");
    let waiting = record.trial(2).unwrap();
    assert!(matches!(&waiting.state, TrialState::Waiting(f) if f.kind == FailureKind::Interrupted), "{waiting:?}");
    bench.wait_for("the program and its child to be gone", || pids.iter().all(|pid| !runs(*pid)));

    bench.write("patience", "");
    bench.optimize(&["study.toml"]).code(0);
    let again = bench.record();
    let again = again.trial(2).unwrap();
    assert_eq!((again.attempts, &again.point), (2, &waiting.point), "the same point is tried again");
    assert_eq!(bench.finished().len(), 4);
}

#[test]
fn the_second_ctrl_c_stops_at_once() {
    let bench = Bench::with_program(STUBBORN);
    bench.write("deaf", "");
    let (mut child, pids) = start_stubborn(&bench);
    let begin = Instant::now();
    interrupt(&child);
    std::thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none(), "the first gives the program time to end");
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    // The grace of the first is five seconds; a crowded machine may still be slow.
    eprintln!("stopped after {:?}", begin.elapsed());
    bench.wait_for("the program to be gone", || !runs(pids[0]));
    assert_eq!(bench.record().counted_trials(), 2);
    // Not a child of ours any more, and deaf to nothing: end it.
    let _ = kill_process(Pid::from_raw(pids[1]).unwrap(), Signal::KILL);
}

#[test]
fn a_killed_study_takes_its_program_along_and_goes_on_later() {
    let bench = Bench::with_program(STUBBORN);
    bench.edit("trials = 12", "trials = 3");
    let (mut child, pids) = start_stubborn(&bench);
    child.kill().unwrap();
    child.wait().unwrap();
    bench.wait_for("the program to be gone", || !runs(pids[0]));
    let _ = kill_process(Pid::from_raw(pids[1]).unwrap(), Signal::KILL);
    bench.write("patience", "");
    bench.optimize(&["study.toml"]).code(0);
    assert_eq!(bench.record().trial(2).unwrap().attempts, 2);
}

#[test]
fn two_processes_do_not_share_a_study() {
    let bench = Bench::with_program(STUBBORN);
    let (child, _) = start_stubborn(&bench);
    let pid = child.id().to_string();
    bench.optimize(&["study.toml"]).code(3).says("is being run by another process").says(&pid);
    // Reading goes on.
    bench.optimize(&["export", "study.toml"]).code(0).says("2,running");
    interrupt(&child);
    Answer(child.wait_with_output().unwrap()).code(130);
}
