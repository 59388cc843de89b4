//! Studies that stand still for a while: that is nobody's time.

use std::process::Child;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use wattfront::record::TrialRecord;

use crate::bench::{Answer, Bench, state};

/// Says who it is and that it has begun, waits for the word, and tells its metrics. It starts nothing meanwhile: a shell that is
/// stopped in the midst of that waits for its child in the kernel, and is not told to be stopped.
const WAITING: &str = r#"
mkfifo go
sleep 1000 & child=$!
(setsid sh -c 'echo $$ > daemon.part; mv daemon.part daemon; exec sleep 1000' &)
while [ ! -e daemon ]; do sleep 0.02; done
echo '{"step": 1}'
echo "$$ $child $(cat daemon)" > pids.part; mv pids.part pids
read word < go
echo '{"step": 2}'
echo '{"accuracy": 0.5, "cost": 1}'
"#;

/// In seconds; and a stop of more than that.
const TIMEOUT: &str = "8s";
const STOP: Duration = Duration::from_secs(10);

struct Study {
    bench: Bench,
    child: Child,
    /// The program, its child, and one that has left the group.
    pids: Vec<i32>,
}

impl Study {
    fn start(timeout: &str) -> Self {
        let bench = Bench::new();
        bench.edit("trials = 12", "trials = 1");
        bench.write("program.sh", WAITING);
        bench.edit("\"python3\", \"program.py\", \"{x}\"", "\"sh\", \"program.sh\"");
        bench.edit("[command]", &format!("[trial]\ntimeout = \"{timeout}\"\n[command]"));
        let child = bench.start();
        let pids = bench.path().join("pids");
        bench.wait_for("the trial", || pids.exists());
        let text = std::fs::read_to_string(pids).unwrap();
        let pids = text.split_whitespace().map(|pid| pid.parse().unwrap()).collect();
        Self { bench, child, pids }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn own(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    fn wait_until_stopped(&self, pids: &[i32]) {
        let stopped = |pid: &i32| state(*pid).is_some_and(|(state, ..)| state == 'T');
        self.bench.wait_for("the stop", || pids.iter().all(stopped));
    }

    /// Gives the word some time after a stop: of a program that has ended by then, nobody tells whether it was stopped.
    fn end(self) -> (TrialRecord, String) {
        std::thread::sleep(Duration::from_secs(1));
        self.give_the_word();
        self.ended()
    }

    fn give_the_word(&self) {
        self.bench.write("go", "");
    }

    fn ended(self) -> (TrialRecord, String) {
        let answer = Answer(self.child.wait_with_output().unwrap()).code(0);
        (self.bench.record().trials()[0].clone(), answer.out())
    }
}

fn seconds(trial: &TrialRecord) -> f64 {
    trial.spent[0].seconds
}

fn note(trial: &TrialRecord) -> String {
    trial.energy().expect("a result").domains[0].note.clone().unwrap_or_default()
}

#[test]
fn ctrl_z_stops_the_whole_family_and_its_time_is_no_trials() {
    let study = Study::start(TIMEOUT);
    study.signal(Signal::TSTP);
    study.wait_until_stopped(&[&study.pids[..], &[study.own()]].concat());
    std::thread::sleep(STOP);
    study.signal(Signal::CONT);
    let goes_on = |pid: &i32| state(*pid).is_some_and(|(state, ..)| state != 'T');
    study.bench.wait_for("all of them to go on", || study.pids.iter().all(goes_on));
    let (trial, out) = study.end();
    assert!(seconds(&trial) < STOP.as_secs_f64(), "{trial:?}");
    let steps: f64 = trial.epochs.iter().map(|row| row.seconds).sum();
    assert!(trial.epochs.len() == 2 && steps < STOP.as_secs_f64(), "{trial:?}");
    assert!(note(&trial).contains("in which the study and its program were stopped"), "{trial:?}");
    assert!(out.contains("which are no trial's time or energy"), "{out}");
}

#[test]
fn a_scheduler_that_suspends_all_of_it_is_noticed_afterwards() {
    let study = Study::start(TIMEOUT);
    let group = Pid::from_raw(study.pids[0]).unwrap();
    // As `scontrol suspend`: to each process, in no order, and nobody is asked.
    study.signal(Signal::STOP);
    kill_process_group(group, Signal::STOP).unwrap();
    study.wait_until_stopped(&[study.pids[0], study.own()]);
    std::thread::sleep(STOP);
    study.signal(Signal::CONT);
    kill_process_group(group, Signal::CONT).unwrap();
    let (trial, out) = study.end();
    assert!(seconds(&trial) < STOP.as_secs_f64(), "{trial:?}");
    assert!(note(&trial).contains("in which the study and its program were stopped"), "{trial:?}");
    assert!(out.contains("which are no trial's time or energy"), "{out}");
}

#[test]
fn a_program_that_went_on_while_its_study_was_stopped_is_heard_and_has_its_time() {
    let study = Study::start(TIMEOUT);
    study.signal(Signal::STOP);
    study.wait_until_stopped(&[study.own()]);
    std::thread::sleep(STOP / 2);
    study.give_the_word();
    std::thread::sleep(STOP / 2);
    study.signal(Signal::CONT);
    let (trial, out) = study.ended();
    assert!(seconds(&trial) >= STOP.as_secs_f64() / 2.0, "{trial:?}");
    assert!(note(&trial).contains("and its program was not"), "{trial:?}");
    assert!(out.contains("the trial's program was not"), "{out}");
}

#[test]
fn a_stop_moves_a_timeout_and_does_not_lift_it() {
    let study = Study::start("3s");
    study.signal(Signal::TSTP);
    study.wait_until_stopped(&[study.own()]);
    std::thread::sleep(Duration::from_secs(5));
    study.signal(Signal::CONT);
    let Study { bench, child, .. } = study;
    let answer = Answer(child.wait_with_output().unwrap()).code(5);
    answer.says("not done after 3 s, the time limit of a trial (not counted: ").says("FAILED timeout");
    assert!(bench.record().trial_seconds() >= 3.0);
}

#[test]
fn a_program_that_somebody_else_stopped_has_its_time_and_is_told_to_be_stopped() {
    let study = Study::start("4s");
    kill_process(Pid::from_raw(study.pids[0]).unwrap(), Signal::STOP).unwrap();
    let Study { child, pids, .. } = study;
    let answer = Answer(child.wait_with_output().unwrap()).code(5);
    answer.says("its program is stopped (by SIGSTOP, SIGTSTP or a debugger), and that time counts");
    assert!(pids.iter().all(|pid| !crate::bench::runs(*pid)), "stopped or not, all of it is ended");
}

#[test]
fn a_study_that_was_stopped_can_still_be_ended_with_all_of_it() {
    let study = Study::start("1h");
    study.signal(Signal::TSTP);
    study.wait_until_stopped(&[&study.pids[..], &[study.own()]].concat());
    // As `kill %1` of a shell.
    study.signal(Signal::TERM);
    study.signal(Signal::CONT);
    let Study { child, pids, .. } = study;
    Answer(child.wait_with_output().unwrap()).code(130);
    assert!(pids.iter().all(|pid| !crate::bench::runs(*pid)));
    let mut study = Study::start("1h");
    study.signal(Signal::TSTP);
    study.wait_until_stopped(&[&study.pids[..], &[study.own()]].concat());
    study.child.kill().unwrap();
    study.child.wait().unwrap();
    study.bench.wait_for("the family to be gone", || study.pids.iter().all(|pid| !crate::bench::runs(*pid)));
}
