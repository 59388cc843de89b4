//! What programs print, kept beside the results; the last words of those that fail; and how a trial may end before its time.

use std::fs;
use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};
use wattfront::optimizer::history::FailureKind;
use wattfront::record::TrialState;

use crate::bench::{Answer, Bench, PROGRAM};

fn file(bench: &Bench, name: &str) -> Option<String> {
    fs::read(bench.results().join("output").join(name)).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn failing(how: &str) -> Bench {
    let bench = Bench::with_program(&format!("import sys\nprint('hello')\n{how}\n{PROGRAM}"));
    bench.edit("trials = 12", "trials = 2");
    bench
}

const RAISES: &str = r#"
import os
def deep(n):
    if n == 0: raise ValueError("the learning rate is odd")
    deep(n - 1)
if os.environ["WATTFRONT_TRIAL"] == "1":
    print("a warning", file=sys.stderr)
    try: deep(3)
    except ValueError as error: raise RuntimeError("no training") from error
"#;

#[test]
fn both_streams_are_kept_and_a_failure_names_them_and_says_its_last_words() {
    let bench = failing(RAISES);
    let answer =
        bench.optimize(&["study.toml"]).code(0).says("FAILED exit: ended with exit code 1: RuntimeError: no training");
    assert!(answer.out().contains("output/trial-0001.err and output/trial-0001.out"), "{}", answer.out());
    let out = file(&bench, "trial-0000.out").unwrap();
    assert!(out.starts_with("hello\n{\"step\": 0,") && out.contains("accuracy"), "{out}");
    assert_eq!(file(&bench, "trial-0000.err"), None, "what says nothing has no file");
    let err = file(&bench, "trial-0001.err").unwrap();
    assert!(err.starts_with("a warning\n") && err.contains("ValueError: the learning rate is odd"), "{err}");
    let record = bench.record();
    let message = &record.trial(1).unwrap().failure().unwrap().message;
    assert!(
        message.contains("Traceback") && message.ends_with("output/trial-0001.err and output/trial-0001.out"),
        "{message}"
    );
    // They go where the results go.
    bench.optimize(&["study.toml", "--fresh"]).code(0);
    assert!(bench.path().join("results/bench.1/output/trial-0001.err").exists());
}

#[test]
fn a_study_may_keep_the_output_of_failures_or_none_and_change_its_mind() {
    let bench = failing(RAISES);
    bench.edit("cwd = \".\"", "cwd = \".\"\nkeep_output = \"failed\"");
    bench.optimize(&["study.toml"]).code(0);
    assert!(file(&bench, "trial-0000.out").is_none() && file(&bench, "trial-0001.err").is_some());
    bench.edit("keep_output = \"failed\"", "keep_output = \"none\"");
    bench.optimize(&["study.toml", "--trials", "3"]).code(0);
    assert!(file(&bench, "trial-0002.out").is_none(), "and it is the same study");
    bench.edit("keep_output = \"none\"", "keep_output = \"some\"");
    bench.optimize(&["check", "study.toml"]).code(2).says("\"all\", \"failed\" or \"none\"");
}

#[test]
fn each_attempt_has_its_own_and_much_output_is_cut() {
    let how = "import os\nif os.environ['WATTFRONT_ATTEMPT'] == '1':\n    for i in range(60000): print('line', i, file=sys.stderr)\n    \
               sys.stderr.flush()\n    os.kill(os.getpid(), 9)";
    let bench = failing(how);
    bench.edit("trials = 2", "trials = 1");
    bench.optimize(&["study.toml"]).code(0);
    let err = file(&bench, "trial-0000.err").unwrap();
    assert!(err.starts_with("line 0\nline 1\n") && err.ends_with("line 59999\n"), "{}", &err[err.len() - 100..]);
    assert!(err.contains("bytes are left out here ...]") && err.len() < 140_000, "{}", err.len());
    assert!(file(&bench, "trial-0000.2.out").unwrap().contains("accuracy"));
}

#[test]
fn secrets_are_not_in_what_is_kept() {
    let how = "import os\nprint('token', os.environ['MY_TOKEN'])\nsys.stdout.flush()\nsys.stderr.write(os.environ['MY_TOKEN'][:5]); sys.stderr.flush()\n\
               sys.stderr.write(os.environ['MY_TOKEN'][5:] + ' end')";
    let bench = failing(how);
    bench.edit("cwd = \".\"", "cwd = \".\"\nsecrets = [\"MY_TOKEN\"]");
    let answer = bench.command(&["study.toml"]).env("MY_TOKEN", "abcdefghij").output().unwrap();
    Answer(answer).code(0);
    assert_eq!(file(&bench, "trial-0000.err").unwrap(), "(not shown) end");
    assert!(file(&bench, "trial-0000.out").unwrap().starts_with("hello\ntoken (not shown)\n"));
}

#[test]
fn no_part_of_a_secret_is_kept_or_told_where_secrets_overlap_and_lines_are_cut() {
    let how = r#"
import os, sys
long = os.environ["SB"]
sys.stdout.write("key " + long[:10]); sys.stdout.flush()
sys.stdout.write(long[10:] + "\n"); sys.stdout.flush()
print("x" * 390 + long, file=sys.stderr)
raise SystemExit("{'" + "y" * 60 + long)
"#;
    let bench = failing(how);
    bench.edit("trials = 2", "trials = 1");
    bench.edit("cwd = \".\"", "cwd = \".\"\nsecrets = [\"SA\", \"SB\"]");
    let secrets = [("SA", "hunter22"), ("SB", "hunter22SECRETTAIL99")];
    let answer = Answer(bench.command(&["study.toml"]).envs(secrets).output().unwrap());
    let message = bench.record().trial(0).unwrap().failure().unwrap().message.clone();
    let (out, err) = (file(&bench, "trial-0000.out").unwrap(), file(&bench, "trial-0000.err").unwrap());
    assert!(out.contains("key (not shown)\n"), "{out}");
    for text in [&out, &err, &message, &answer.out(), &answer.err()] {
        assert!(!text.contains("hunt") && !text.contains("TAIL9"), "{text}");
    }
}

#[test]
fn a_disk_that_cannot_keep_the_output_fails_no_trial() {
    let bench = failing("");
    fs::create_dir_all(bench.results()).unwrap();
    fs::write(bench.results().join("output"), "somebody's file").unwrap();
    bench.optimize(&["study.toml"]).code(0).says("trial 0: note: its output could not be kept: ");
    assert_eq!(bench.finished().len(), 2);
    assert_eq!(fs::read_to_string(bench.results().join("output")).unwrap(), "somebody's file");
}

/// The second trial waits for `go`.
const WAITS: &str = "import os, time\nif os.environ['WATTFRONT_TRIAL'] == '1':\n    open('reached', 'w').close()\n    \
                     while not os.path.exists('go'): time.sleep(0.01)";

fn interrupt(child: &Child) {
    kill_process(Pid::from_child(child), Signal::INT).unwrap();
}

fn finishing() -> (Bench, Child) {
    let bench = failing(WAITS);
    bench.edit("trials = 2", "trials = 4");
    bench.edit("[energy]", "[trial]\non_interrupt = \"finish\"\n[energy]");
    bench.optimize(&["check", "study.toml"]).code(0).says("the first Ctrl-C lets it finish");
    let child = bench.start();
    bench.wait_for("the second trial", || bench.path().join("reached").exists());
    interrupt(&child);
    std::thread::sleep(std::time::Duration::from_millis(600));
    (bench, child)
}

#[test]
fn the_first_ctrl_c_may_let_the_trial_finish() {
    let (bench, child) = finishing();
    bench.write("go", "");
    Answer(child.wait_with_output().unwrap())
        .code(130)
        .says("finishing: the running trial goes on")
        .says("run the same command again");
    assert_eq!(bench.finished().len(), 2, "the running one too, and none after it");
    bench.optimize(&["study.toml"]).code(0);
    assert!(bench.record().trials().iter().all(|trial| trial.attempts == 1));
}

#[test]
fn the_second_ctrl_c_then_abandons_it() {
    let (bench, child) = finishing();
    interrupt(&child);
    Answer(child.wait_with_output().unwrap()).code(130).says("stopping: the running trial is being ended");
    let record = bench.record();
    assert!(matches!(&record.trial(1).unwrap().state, TrialState::Waiting(f) if f.kind == FailureKind::Interrupted));
}

#[test]
fn sigterm_ends_the_trial_whatever_ctrl_c_does() {
    let bench = failing(WAITS);
    bench.edit("[energy]", "[trial]\non_interrupt = \"finish\"\n[energy]");
    let child = bench.start();
    bench.wait_for("the second trial", || bench.path().join("reached").exists());
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    Answer(child.wait_with_output().unwrap()).code(130);
    assert_eq!(bench.finished().len(), 1);
}

#[test]
fn a_hard_budget_ends_the_running_trial_which_goes_on_with_a_larger_one() {
    let bench = failing(
        "import os, time\nif os.environ['WATTFRONT_TRIAL'] == '1' and not os.path.exists('go'): time.sleep(1000)",
    );
    bench.edit("trials = 2", "time = \"3s\"\nhard = true\ntrials = 2");
    bench.edit("[energy]", "[trial]\nattempts = 1\n[energy]");
    bench.optimize(&["check", "study.toml"]).code(0).says("the trial that runs when time or energy are over is ended");
    bench.optimize(&["study.toml"]).code(0).says("the time of the budget is over").says("a larger `time` in [budget]");
    let record = bench.record();
    let cut = record.trial(1).unwrap();
    assert!(matches!(&cut.state, TrialState::Waiting(f) if f.kind == FailureKind::Interrupted), "{cut:?}");
    assert_eq!(cut.lost_attempts, 0);
    bench.optimize(&["study.toml"]).code(0);
    assert_eq!(bench.record().trial(1).unwrap().attempts, 1, "the budget is still spent");
    bench.write("go", "");
    bench.edit("time = \"3s\"", "time = \"1h\"");
    bench.optimize(&["study.toml"]).code(0);
    assert_eq!(bench.finished().len(), 2);
    bench.edit("time = \"1h\"\n", "");
    bench.optimize(&["check", "study.toml"]).code(2).says("hard");
}

#[test]
fn a_hard_budget_of_energy_ends_the_running_trial_as_well() {
    let bench = failing("while True: pass");
    bench.edit("trials = 2", "energy = \"20 J\"\nhard = true");
    bench.optimize(&["study.toml"]).code(5).says("the energy of the budget is over");
    assert!(matches!(&bench.record().trial(0).unwrap().state, TrialState::Waiting(_)));
}

/// Two seconds of start-up, then steps of a tenth of a second.
const STARTS: &str = r#"
import json, os, time
def work(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass
work(1.0)
for step in range(4):
    print(json.dumps({"step": step, "loss": 1.0}), flush=True)
    work(0.2)
print(json.dumps({"accuracy": 0.5}))
"#;

fn starting(program: &str) -> Bench {
    let bench = Bench::with_program(program);
    bench.edit("trials = 12", "trials = 1");
    bench.edit("metric = \"cost\"", "metric = \"energy\"");
    bench
}

#[test]
fn energy_may_count_from_the_first_step_on() {
    let joules = |bench: &Bench| bench.record().trials()[0].energy().unwrap().total().unwrap().0;
    let whole = starting(STARTS);
    whole.optimize(&["study.toml"]).code(0).says("start-up");
    let bench = starting(STARTS);
    bench.edit("cwd = \".\"", "cwd = \".\"\nenergy_from = \"first-step\"");
    bench.optimize(&["check", "study.toml"]).code(0).says("counts from its first line with a step on");
    let answer = bench.optimize(&["study.toml"]).code(0);
    assert!(!answer.out().contains("start-up"), "{}", answer.out());
    assert!(joules(&bench) < 0.7 * joules(&whole), "{} J of {} J", joules(&bench), joules(&whole));
    let record = bench.record();
    let trial = &record.trials()[0];
    assert!(trial.spent[0].total().unwrap().0 > joules(&bench), "what was spent is all of it");
    let note = trial.energy().unwrap().domains[0].note.clone().unwrap();
    assert!(note.contains("from the first step on"), "{note}");
    // It is another study than one that counts all.
    bench.edit("energy_from = \"first-step\"", "energy_from = \"start\"");
    bench.optimize(&["study.toml"]).code(3).says("energy_from");
}

#[test]
fn energy_from_a_first_step_that_never_comes_is_told() {
    let bench = starting("print('{\"accuracy\": 0.5}')");
    bench.edit("cwd = \".\"", "cwd = \".\"\nenergy_from = \"first-step\"");
    bench.optimize(&["study.toml"]).code(6).says("printed no line with a step").says("or remove energy_from");
    let dry = bench.optimize(&["check", "--dry-run", "study.toml"]).code(6);
    assert!(!dry.out().contains("such trials"), "{}", dry.out());
    let marks = format!("print('{{\"begin\": \"trial\"}}')\n{STARTS}");
    let bench = starting(&marks);
    bench.edit("cwd = \".\"", "cwd = \".\"\nenergy_from = \"first-step\"");
    bench.optimize(&["study.toml"]).code(0).says("it marks the phase `trial` itself");
}
