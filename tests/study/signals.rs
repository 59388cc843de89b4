//! Ctrl-C and the other signals, and what becomes of the programs that were running.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Child;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use wattfront::optimizer::history::FailureKind;
use wattfront::record::TrialState;

use crate::bench::{Answer, Bench, runs};

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
    interrupt(&child);
    std::thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none(), "the first gives the program time to end");
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    bench.wait_for("the program and its child to be gone", || pids.iter().all(|pid| !runs(*pid)));
    let record = bench.record();
    assert_eq!(record.counted_trials(), 2);
    assert_interrupted(&bench, 2);
}

/// The trial is stored as interrupted, the session as ended, and no attempt is lost.
fn assert_interrupted(bench: &Bench, trial: u64) {
    let record = bench.record();
    let waiting = record.trial(trial).unwrap();
    assert!(matches!(&waiting.state, TrialState::Waiting(f) if f.kind == FailureKind::Interrupted), "{waiting:?}");
    assert_eq!((waiting.lost_attempts, waiting.lost_sessions), (0, 0));
    assert_eq!(record.sessions().last().unwrap().end.as_deref(), Some("interrupted"));
}

/// Writes down who it is, and whom it has started: a child, one that left the group and has lost its parents, and one that hides
/// where it comes from. Deaf to the polite request.
const FAMILY: &str = r#"
trap '' TERM
sleep 1000 & child=$!
(setsid sh -c 'echo $$ > daemon.part; mv daemon.part daemon; exec sleep 1000' &)
env -i setsid sleep 1000 & hidden=$!
while [ ! -e daemon ]; do sleep 0.02; done
echo "$$ $child $(cat daemon) $hidden" > pids.part; mv pids.part pids
wait; sleep 1000
"#;

/// Of the family the first three are found by anybody.
const MARKED: usize = 3;

fn family() -> Bench {
    let bench = Bench::new();
    bench.write("program.sh", FAMILY);
    bench.edit("\"python3\", \"program.py\", \"{x}\"", "\"sh\", \"program.sh\"");
    bench
}

/// Whoever of these must not, or can, live on is ended with the test.
struct Ended(Vec<i32>);

impl Drop for Ended {
    fn drop(&mut self) {
        for pid in self.0.iter().filter(|pid| runs(**pid)) {
            let _ = kill_process(Pid::from_raw(*pid).unwrap(), Signal::KILL);
        }
    }
}

#[test]
fn every_signal_ends_the_whole_family_in_good_order_and_then_the_study() {
    use libc::{SIGABRT, SIGALRM, SIGHUP, SIGIO, SIGPROF, SIGPWR, SIGQUIT, SIGTERM, SIGTRAP, SIGUSR1, SIGUSR2};
    use libc::{SIGVTALRM, SIGXCPU, SIGXFSZ};
    let signals = [
        SIGHUP,
        SIGQUIT,
        SIGUSR1,
        SIGUSR2,
        SIGALRM,
        SIGVTALRM,
        SIGPROF,
        SIGXCPU,
        SIGXFSZ,
        SIGIO,
        SIGPWR,
        SIGABRT,
        SIGTRAP,
        SIGTERM,
        libc::SIGRTMIN() + 3,
        libc::SIGRTMAX(),
    ];
    // They wait for each other's grace, and not for each other.
    let end = |signal: i32| {
        let bench = family();
        let (child, pids) = start_stubborn(&bench);
        let _ended = Ended(pids.clone());
        // SAFETY: it sends a signal to a child that is not waited for yet.
        assert_eq!(unsafe { libc::kill(i32::try_from(child.id()).unwrap(), signal) }, 0);
        let answer = Answer(child.wait_with_output().unwrap());
        let status = answer.0.status;
        match signal {
            SIGTERM => assert_eq!(status.code(), Some(130), "{status}"),
            _ => assert_eq!(status.signal(), Some(signal), "{status}: {}", answer.err()),
        }
        assert!(!answer.err().contains("panicked"), "{}", answer.err());
        assert!(answer.err().contains("run the same command again to go on"), "{}", answer.err());
        // Nothing is waited for: all of it ended before the study.
        let alive: Vec<_> = pids.iter().map(|pid| runs(*pid)).collect();
        assert_eq!(alive, [false; 4], "after signal {signal}");
        assert_interrupted(&bench, 0);
        bench.wait_for("the guardian to be gone", || bench.processes("optimize-guard").is_empty());
    };
    for some in signals.chunks(4) {
        std::thread::scope(|scope| some.iter().for_each(|signal| drop(scope.spawn(move || end(*signal)))));
    }
}

#[test]
fn a_signal_that_comes_twice_at_once_is_one() {
    let bench = family();
    let (child, pids) = start_stubborn(&bench);
    let _ended = Ended(pids.clone());
    // As `timeout` does: once for the process, and once for its group.
    for _ in 0..2 {
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    }
    kill_process(Pid::from_child(&child), Signal::CONT).unwrap();
    Answer(child.wait_with_output().unwrap()).code(130);
    assert!(pids.iter().all(|pid| !runs(*pid)));
    assert_interrupted(&bench, 0);
}

#[test]
fn what_nohup_ignores_does_not_end_a_study() {
    let bench = Bench::with_program(STUBBORN);
    bench.edit("trials = 12", "trials = 4");
    let mut command = std::process::Command::new("sh");
    let script = "trap '' HUP USR1; exec \"$0\" study.toml";
    command.args(["-c", script, env!("CARGO_BIN_EXE_optimize")]).current_dir(bench.path());
    let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let pids = bench.path().join("pids");
    bench.wait_for("the third trial", || pids.exists());
    for signal in [Signal::HUP, Signal::USR1] {
        kill_process(Pid::from_child(&child), signal).unwrap();
    }
    bench.write("patience", "");
    let text = std::fs::read_to_string(pids).unwrap();
    let program = Pid::from_raw(text.split_whitespace().next().unwrap().parse().unwrap()).unwrap();
    kill_process(program, Signal::KILL).unwrap();
    Answer(child.wait_with_output().unwrap()).code(0);
    assert_eq!(bench.finished().len(), 4);
}

#[test]
fn a_terminal_that_is_gone_does_not_keep_a_study_from_its_good_order() {
    let bench = family();
    let mut command = bench.command(&["study.toml"]);
    let (ours, theirs) = (std::io::pipe().unwrap(), std::io::pipe().unwrap());
    let child = command.stdout(ours.1).stderr(theirs.1).process_group(0).spawn().unwrap();
    drop(command);
    let pids = bench.path().join("pids");
    bench.wait_for("the first trial", || pids.exists());
    let text = std::fs::read_to_string(&pids).unwrap();
    let _ended = Ended(text.split_whitespace().map(|pid| pid.parse().unwrap()).collect());
    // Nobody reads what it says any more.
    drop((ours.0, theirs.0));
    kill_process(Pid::from_child(&child), Signal::HUP).unwrap();
    let mut child = child;
    assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGHUP));
    assert_interrupted(&bench, 0);
}

#[test]
fn a_killed_study_takes_its_program_along_and_goes_on_later() {
    let bench = family();
    bench.edit("trials = 12", "trials = 2");
    let (mut child, pids) = start_stubborn(&bench);
    let _ended = Ended(pids.clone());
    assert_eq!(bench.processes("optimize-guard").len(), 1, "it has a guardian");
    child.kill().unwrap();
    child.wait().unwrap();
    // Before anybody runs the study again. Who left the group and has no mark gets away.
    bench.wait_for("the family to be gone", || pids[..MARKED].iter().all(|pid| !runs(*pid)));
    bench.wait_for("the guardian to be gone", || bench.processes("optimize-guard").is_empty());
    bench.write("program.sh", "echo '{\"accuracy\": 0.5, \"cost\": 1}'");
    let answer = bench.optimize(&["study.toml"]).code(0);
    assert!(!answer.err().contains("left running"), "{}", answer.err());
    assert_eq!(bench.record().trial(0).unwrap().attempts, 2);
}

#[test]
fn what_a_killed_study_left_is_ended_when_it_goes_on_and_only_that() {
    let bench = family();
    bench.edit("trials = 12", "trials = 2");
    let (mut child, pids) = start_stubborn(&bench);
    let _ended = Ended(pids.clone());
    // As if somebody had killed all that is called optimize.
    let [guardian] = bench.processes("optimize-guard")[..] else { panic!("one guardian") };
    kill_process(Pid::from_raw(guardian).unwrap(), Signal::KILL).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    bench.wait_for("the program to be gone", || !runs(pids[0]));
    assert!(runs(pids[1]) && runs(pids[2]), "its children live on");
    bench.write("program.sh", "echo '{\"accuracy\": 0.5, \"cost\": 1}'");
    // The same study in another folder, even a copy of this one, has nothing to do with them.
    let mut copy = std::process::Command::new("cp");
    let copied = copy.args(["-r", "results/bench", "results/copy"]).current_dir(bench.path());
    assert!(copied.status().unwrap().success());
    let answer = bench.optimize(&["study.toml", "--results", "results/copy"]).code(0);
    assert!(!answer.err().contains("left running"), "{}", answer.err());
    assert!(runs(pids[1]) && runs(pids[2]), "they are none of its business");
    // They know their folder by whatever name.
    std::fs::rename(bench.results(), bench.path().join("results/renamed")).unwrap();
    let answer = bench.optimize(&["study.toml", "--results", "results/renamed"]).code(0);
    let text = answer.err();
    assert!(text.contains("ended 2 processes that an earlier session of this study had left running"), "{text}");
    assert!(!runs(pids[1]) && !runs(pids[2]));
}

#[test]
fn a_comparison_and_a_confirmation_end_what_they_started_as_well() {
    let bench = Bench::new();
    bench.edit("trials = 12", "trials = 1");
    bench.optimize(&["study.toml"]).code(0);
    bench.write("program.py", "import os\nos.execvp('sh', ['sh', 'program.sh'])\n");
    bench.write("program.sh", FAMILY);
    let commands: [&[&str]; 2] =
        [&["compare", "study.toml", "--samplers", "gp,random", "--seeds", "1"], &["confirm", "study.toml"]];
    for arguments in commands {
        for signal in [Signal::USR1, Signal::KILL] {
            let mut command = bench.command(arguments);
            let mut child =
                command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
            let pids = bench.path().join("pids");
            bench.wait_for("the trial", || pids.exists());
            let text = std::fs::read_to_string(&pids).unwrap();
            let family: Vec<i32> = text.split_whitespace().map(|pid| pid.parse().unwrap()).collect();
            let _ended = Ended(family.clone());
            for name in ["pids", "daemon"] {
                std::fs::remove_file(bench.path().join(name)).unwrap();
            }
            kill_process(Pid::from_child(&child), signal).unwrap();
            assert_eq!(child.wait().unwrap().signal(), Some(signal.as_raw()), "{arguments:?}");
            bench.wait_for("the family to be gone", || family[..MARKED].iter().all(|pid| !runs(*pid)));
            if signal == Signal::USR1 {
                assert!(!runs(family[MARKED]), "{arguments:?}");
            }
        }
    }
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
