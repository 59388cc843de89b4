//! What becomes of the processes of a trial: those that flee, flood, die while they wait, and leave children behind.

use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use wattfront::evaluation::{
    CommandEvaluator, CommandLine, Control, DeviceUse, EvaluationFailure, Evaluator, Process, Scope, Stamp, Template,
    TrainerEvaluator, TrialTask,
};
use wattfront::optimizer::history::FailureKind;
use wattfront::optimizer::problem::Metrics;
use wattfront::optimizer::space::Point;

use crate::bench::{Answer, Bench, PROGRAM, runs, state};

const TRIAL: &str = "import os, sys, json, time, signal\ntrial = int(os.environ['WATTFRONT_TRIAL'])\n";

fn bench(program: &str, trials: u64) -> Bench {
    let bench = Bench::with_program(&format!("{TRIAL}{program}\n{PROGRAM}"));
    bench.edit("trials = 12", &format!("trials = {trials}"));
    bench
}

fn pid_in(path: &Path) -> Option<i32> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[test]
fn a_program_that_claims_to_be_interrupted_has_failed() {
    let program = "if trial == 0 and os.environ['WATTFRONT_ATTEMPT'] == '1':
    print('{\"failed\": \"interrupted\"}'); sys.exit()";
    let bench = bench(program, 2);
    bench.optimize(&["study.toml"]).code(0).says("FAILED exit");
    let record = bench.record();
    assert_eq!(record.trial(0).unwrap().failure().unwrap().kind, FailureKind::Exit);
    assert!(record.trial(1).unwrap().result().is_some());
}

#[test]
fn a_flood_of_steps_is_heard_to_its_end() {
    let program = "print('\\n'.join(json.dumps({'step': i, 'loss': i}) for i in range(3000))); time.sleep(0.1)
print(json.dumps({'accuracy': 0.5, 'cost': 1})); sys.exit()";
    let bench = bench(program, 1);
    bench.optimize(&["study.toml"]).code(0);
    let record = bench.record();
    let trial = record.trial(0).unwrap();
    assert_eq!(trial.epochs.len(), 3000);
    assert_eq!(trial.result().expect("metrics after the steps").metrics["cost"], 1.0);
}

#[test]
fn who_leaves_the_group_is_gone_after_the_trial() {
    // 0: a daemon, orphaned before its program ends. 1: one that hides its origin while its program still lives.
    let program = r#"
def flee(name, environment):
    if os.fork() == 0:
        os.setsid()
        open(f"{name}.part", "w").write(str(os.getpid())); os.rename(f"{name}.part", name)
        os.execve("/bin/sleep", ["sleep", "1000"], environment)
def arrived(name):
    while not os.path.exists(name) or open(f"/proc/{open(name).read()}/comm").read().strip() != "sleep":
        time.sleep(0.01)
if trial == 0:
    if os.fork() == 0:
        flee("daemon", os.environ); os._exit(0)
    os.wait(); arrived("daemon")
if trial == 1:
    flee("hidden", {}); arrived("hidden")
    print('{"failed": "diverged"}', flush=True); time.sleep(1000)
if trial == 2:
    alive = [name for name in ["daemon", "hidden"] if os.path.exists("/proc/" + open(name).read())]
    if alive: sys.exit(f"still there: {alive}")
"#;
    let bench = bench(program, 3);
    let answer = bench.optimize(&["study.toml"]);
    for name in ["daemon", "hidden"] {
        let pid = pid_in(&bench.path().join(name)).expect("it was there");
        let alive = runs(pid);
        if alive {
            let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
        }
        assert!(!alive, "{name} lives on");
    }
    answer.code(0);
    let record = bench.record();
    assert!(record.trial(2).unwrap().result().is_some(), "{:?}", record.trial(2).unwrap().failure());
}

#[test]
fn no_zombies_are_left_of_trials_that_forked() {
    let program = r#"
if trial < 3:
    for _ in range(4):
        if os.fork() == 0:
            os.fork(); time.sleep(1000)
    sys.exit(1)
open("last", "w")
while not os.path.exists("go"): time.sleep(0.01)
"#;
    let bench = bench(program, 4);
    let study = bench.start();
    bench.wait_for("the last trial", || bench.path().join("last").exists());
    let all = std::fs::read_dir("/proc").unwrap().filter_map(|e| e.unwrap().file_name().to_str()?.parse().ok());
    let children: Vec<_> =
        all.filter_map(state).filter(|(_, parent, _)| *parent == i32::try_from(study.id()).unwrap()).collect();
    bench.write("go", "");
    Answer(study.wait_with_output().unwrap()).code(0);
    assert_eq!(children.len(), 1, "only the last program: {children:?}");
    assert_eq!(bench.finished().len(), 1);
}

/// Takes anything, every report so slowly, for so long; keeps what is doubted.
#[derive(Default)]
struct Anything {
    slowness: Duration,
    deadline: Option<Stamp>,
    doubts: Vec<String>,
}

impl Scope for Anything {
    fn begin(&mut self, _: &str, _: Stamp) {}
    fn end(&mut self, _: &str, _: Stamp) {}
    fn report(&mut self, _: u64, _: Metrics, _: Stamp) -> Control {
        std::thread::sleep(self.slowness);
        Control::Continue
    }
    fn uses(&mut self, _: DeviceUse) {}
    fn must_end(&mut self) -> Option<EvaluationFailure> {
        let over = self.deadline.is_some_and(|deadline| Stamp::now() >= deadline);
        over.then(|| EvaluationFailure::new(FailureKind::Timeout, "over"))
    }
    fn deadline(&self) -> Option<Stamp> {
        self.deadline
    }
    fn doubt(&mut self, what: String) {
        self.doubts.push(what);
    }
}

fn trainer(program: &str) -> TrainerEvaluator {
    let command = ["python3", "-c", program].map(str::to_owned);
    TrainerEvaluator::new(command.to_vec(), [].into(), 0)
}

fn evaluate(evaluator: &mut dyn Evaluator, trial: u64, slowness: u64) -> Result<Metrics, EvaluationFailure> {
    let mut scope = Anything { slowness: Duration::from_millis(slowness), ..Anything::default() };
    evaluate_in(evaluator, trial, &mut scope)
}

fn evaluate_in(evaluator: &mut dyn Evaluator, trial: u64, scope: &mut Anything) -> Result<Metrics, EvaluationFailure> {
    let point = Point::default();
    evaluator.evaluate(TrialTask { trial, attempt: 1, point: &point, seed: 0 }, scope)
}

fn command(program: &str) -> CommandEvaluator {
    let argv = ["python3", "-c", program].map(|text| Template::parse(text).unwrap()).to_vec();
    CommandEvaluator::new(CommandLine { argv, cwd: None, env: [].into(), secrets: Vec::new() }, Path::new("."))
}

#[test]
fn what_was_said_before_the_end_is_heard_however_long_that_takes() {
    let program = "for i in range(120): print('{{\"step\": %d}}' % i)
print('{{\"accuracy\": 0.5}}')";
    assert_eq!(evaluate(&mut command(program), 0, 25).unwrap()["accuracy"], 0.5);
}

#[test]
fn what_was_said_before_the_deadline_was_said_in_time_whenever_it_is_heard() {
    let slow = |seconds: f64| Anything {
        slowness: Duration::from_millis(25),
        deadline: Some(Stamp(Stamp::now().0 + seconds)),
        ..Anything::default()
    };
    // The reports of 10 s, said at once.
    let program = "for i in range(400): print('{{\"step\": %d}}' % i)
print('{{\"accuracy\": 0.5}}')";
    assert_eq!(evaluate_in(&mut command(program), 0, &mut slow(6.0)).unwrap()["accuracy"], 0.5);
    // Who goes on talking beyond the deadline is not heard to the end, for there is none.
    let program = "import time
while True: print('{{\"step\": 1}}', flush=True); time.sleep(0.01)";
    let failure = evaluate_in(&mut command(program), 0, &mut slow(1.0)).unwrap_err();
    assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Timeout, "over"));
    // Nor is one who only closed its output.
    let program = "import os, time
os.close(1); time.sleep(1000)";
    assert_eq!(evaluate_in(&mut command(program), 0, &mut slow(1.0)).unwrap_err().kind, FailureKind::Timeout);
}

#[test]
fn a_program_that_is_found_stopped_at_its_deadline_is_told() {
    let program = "import os, signal
print('{{\"step\": 1}}', flush=True)
os.kill(os.getpid(), signal.SIGSTOP)";
    let mut scope = Anything { deadline: Some(Stamp(Stamp::now().0 + 3.0)), ..Anything::default() };
    let failure = evaluate_in(&mut command(program), 0, &mut scope).unwrap_err();
    assert!(failure.message.starts_with("over; its program is stopped"), "{failure}");
}

#[test]
fn what_a_trainer_says_too_long_or_in_another_encoding_is_doubted() {
    let mut scope = Anything::default();
    let program = "import sys
sys.stdin.readline()
sys.stdout.buffer.write(b'{\"accuracy\": 0.1, \"why\": \"' + b'x' * 2000000 + b'\"}\\n')
sys.stdout.buffer.write('{\"accuracy\": 0.2}'.encode('utf-16') + b'\\n')
sys.stdout.buffer.write(b'\\xef\\xbb\\xbf{\"accuracy\": 0.3}\\n')
sys.stdout.flush()";
    assert_eq!(evaluate_in(&mut trainer(program), 0, &mut scope).unwrap()["accuracy"], 0.3);
    let [long, wide] = &scope.doubts[..] else { panic!("{:?}", scope.doubts) };
    assert!(long.contains("longer than 1 MiB") && long.contains("{\"accuracy\": 0.1"), "{long}");
    assert!(wide.contains("UTF-16") && wide.contains("{\"accuracy\": 0.2}"), "{wide}");
}

#[test]
fn a_trainer_that_died_while_it_waited_is_replaced() {
    let mut trainer = trainer(
        "import os, sys
for line in sys.stdin: print('{\"pid\": %d}' % os.getpid(), flush=True)",
    );
    let pid = |metrics: Metrics| metrics["pid"] as i32;
    let first = pid(evaluate(&mut trainer, 0, 0).unwrap());
    assert_eq!(pid(evaluate(&mut trainer, 1, 0).unwrap()), first, "one that lives is kept");
    kill_process(Pid::from_raw(first).unwrap(), Signal::KILL).unwrap();
    while runs(first) {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_ne!(pid(evaluate(&mut trainer, 2, 0).unwrap()), first);
}

#[test]
fn a_killed_trainer_is_told_from_a_silent_one_even_if_its_output_stays_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("holder");
    // Whoever leaves the group, its parents and its environment behind gets away, and holds the output open.
    let program = format!(
        "import os, signal, sys, time
sys.stdin.readline()
if os.fork() == 0:
    if os.fork(): os._exit(0)
    os.setsid()
    open({path:?}, 'w').write(str(os.getpid()))
    os.execve('/bin/sleep', ['sleep', '1000'], {{}})
os.wait()
while True:
    try:
        if open('/proc/' + open({path:?}).read() + '/comm').read().strip() == 'sleep': break
    except OSError: pass
    time.sleep(0.01)
os.kill(os.getpid(), signal.SIGKILL)"
    );
    let failure = evaluate(&mut trainer(&program), 0, 0).unwrap_err();
    let _ = kill_process(Pid::from_raw(pid_in(&path).expect("a holder")).unwrap(), Signal::KILL);
    assert_eq!(failure.kind, FailureKind::WorkerLost);
    assert!(failure.message.contains("signal 9"), "{failure}");
}

#[test]
fn a_process_that_cannot_be_reaped_is_given_up() {
    // Of a process that somebody traces, even the end is told to the tracer first.
    let mut command = std::process::Command::new("python3");
    command.args([
        "-c",
        "import ctypes, time
ctypes.CDLL(None).prctl(0x59616d61, ctypes.c_ulong(-1), 0, 0, 0)
print('{\"ready\": 1}', flush=True); time.sleep(1000)",
    ]);
    let mut process = Process::spawn(&mut command).unwrap();
    while process.next_event(Duration::from_secs(1)).is_none() {}
    let mut tracer = std::process::Command::new("python3");
    let script = format!(
        "import ctypes, sys, time
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
print(libc.ptrace(0x4206, {}, 0, 0), flush=True); time.sleep(1000)",
        process.id()
    );
    let mut tracer = tracer.args(["-c", &script]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut answer = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(tracer.stdout.take().unwrap()), &mut answer).unwrap();
    let traced = answer.trim() == "0";
    let verdict = traced.then(|| process.verdict());
    tracer.kill().unwrap();
    tracer.wait().unwrap();
    let Some(verdict) = verdict else { return eprintln!("skipped: one process may not trace another here") };
    let failure = verdict.unwrap_err();
    assert_eq!(failure.kind, FailureKind::WorkerLost);
    assert!(failure.message.contains("does not end"), "{failure}");
}

#[test]
fn how_a_program_ended_is_known_even_if_ends_of_children_are_ignored() {
    use std::os::unix::process::CommandExt;
    let bench = bench("if trial == 0: sys.exit(7)", 2);
    let mut command = bench.command(&["study.toml"]);
    // SAFETY: the call is one of those that are allowed between fork and exec.
    unsafe {
        command.pre_exec(|| {
            libc::signal(libc::SIGCHLD, libc::SIG_IGN);
            Ok(())
        });
    }
    Answer(command.output().unwrap()).code(0).says("ended with exit code 7");
    assert_eq!(bench.finished().len(), 1);
}
