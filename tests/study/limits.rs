//! Power limits and clocks of a GPU that a fake library shows: set for each trial, and put back however it ends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use wattfront::energy::{Meters, Session};
use wattfront::evaluation::{EvaluationFailure, Scope, TrialTask};
use wattfront::optimizer::history::FailureKind;
use wattfront::optimizer::problem::Metrics;
use wattfront::optimizer::sampler;
use wattfront::record::{Environment, Event, StoredEvent, StudyRecord, TrialState};
use wattfront::study::store::{MemoryStore, Store, StoreError};
use wattfront::study::{EndReason, GpuLimits, Interrupt, Plan, RunLimits, Runner, Stops, StudyError};
use wattfront::study_file::StudySpec;

use crate::bench::{Answer, Bench};
use crate::gpu::{bench, command, optimize};

const GPU: &str = "gpu GPU-1234 FAKE\npower 600\nlimit 200 700 650\n";

/// Writes down what it was given and what then was in force, and takes long enough to be metered.
const WITNESS: &str = r#"
import os, time
changes = [line.split()[2:] for line in open("libnvidia-ml.so.1.state")]
last = lambda what: ([c[1:] for c in changes if c[0] == what] or [["none"]])[-1]
print("seen", os.environ.get("WATTFRONT_WATTS"), *last("limit"), *last("clocks"), file=open("seen", "a"), flush=True)
time.sleep(1)
print('{"accuracy": 0.5}')
"#;

/// A study whose parameter `watts` is the power limit.
fn limited(script: &str, energy: &str, program: &str) -> Bench {
    let bench = bench(script, &format!("idle = false\npower_limit = \"watts\"\n{energy}"));
    bench.edit("kind = {", "watts = { choice = [250, 300] }\nkind = {");
    bench.write("program.py", program);
    bench
}

/// What was set, a line each without its time.
fn changes(bench: &Bench) -> Vec<String> {
    let text = std::fs::read_to_string(bench.path().join("libnvidia-ml.so.1.state")).unwrap_or_default();
    text.lines().map(|line| line.split_once(' ').unwrap().1.to_owned()).collect()
}

/// RunLimits of the GPU that are not the one it began with.
fn limits_set(bench: &Bench) -> Vec<String> {
    changes(bench).into_iter().filter(|change| !change.ends_with("limit 650000")).collect()
}

#[track_caller]
fn assert_restored(bench: &Bench) {
    let changes = changes(bench);
    assert!(!limits_set(bench).is_empty(), "nothing was set");
    assert_eq!(changes.iter().rfind(|change| change.contains("limit")).unwrap(), "GPU-1234 limit 650000");
}

#[test]
fn a_trial_runs_under_its_limit_and_leaves_none_behind() {
    let bench = limited(GPU, "sm_clock = 1200", WITNESS);
    let check = optimize(&bench, &["check", "study.toml"]).code(0);
    check.says("power limit of the GPUs: by the parameter watts, in W").says("SM clock of the GPUs: 1200 MHz");
    optimize(&bench, &["study.toml"]).code(0);
    let record = bench.record();
    let mut expected = String::new();
    for trial in record.trials() {
        let watts = trial.point.number("watts").unwrap();
        expected += &format!("seen {watts} {} 1200 1200\n", watts * 1e3);
        for seen in [&trial.devices_before[0], &trial.devices_after[0]] {
            assert_eq!(seen.state.power_limit_watts, Some(watts), "what was in force is on record");
        }
        let energy = &trial.result().unwrap().energy["trial"];
        let joules = energy.total().unwrap().0;
        assert!((joules - watts * energy.seconds).abs() < 0.05 * joules, "all of the trial is under it: {energy:?}");
    }
    assert_eq!(record.trials().len(), 2);
    assert_eq!(std::fs::read_to_string(bench.path().join("seen")).unwrap(), expected);
    assert_restored(&bench);
    assert_eq!(changes(&bench).iter().rfind(|change| change.contains("clocks")).unwrap(), "GPU-1234 clocks");
    // The next session asks for the same, and another limit is another study.
    bench.edit("power_limit = \"watts\"", "power_limit = 250");
    optimize(&bench, &["study.toml"]).code(3).says("`energy.power_limit` was \"watts\" there and is 250.0 here");
}

#[test]
fn where_its_parameter_is_inactive_a_limit_is_left_alone() {
    let bench = limited(GPU, "", WITNESS);
    bench.edit("choice = [250, 300] }", "choice = [250, 300], when = { kind = \"b\" } }");
    bench.edit("[command]", "[[start]]\nkind = \"a\"\n\n[[start]]\nkind = \"b\"\nwatts = 300\n\n[command]");
    optimize(&bench, &["study.toml"]).code(0);
    let seen = std::fs::read_to_string(bench.path().join("seen")).unwrap();
    assert_eq!(seen, "seen None 650000 none\nseen 300 300000 none\n");
    assert_restored(&bench);
}

#[test]
fn a_program_that_fails_leaves_no_limit() {
    let bench = limited(GPU, "", "raise SystemExit(3)");
    optimize(&bench, &["study.toml"]).code(5);
    assert!(matches!(&bench.record().trials()[0].state, TrialState::Failed(f) if f.kind == FailureKind::Exit));
    assert_restored(&bench);
}

/// Takes forever, and only takes note of being asked to end.
const DEAF: &str = r#"
import os, signal, time
signal.signal(signal.SIGTERM, lambda *_: open("asked", "w").close())
open("ready", "w").close()
while True:
    time.sleep(1000)
"#;

fn start(bench: &Bench) -> Child {
    let child = command(bench, &["study.toml"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    bench.wait_for("the first trial", || bench.path().join("ready").exists());
    assert_eq!(limits_set(bench).len(), 1);
    child
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[test]
fn a_study_that_is_stopped_leaves_no_limit() {
    for signal in [Signal::TERM, Signal::INT] {
        let bench = limited(GPU, "", "import time\nopen(\"ready\", \"w\").close()\ntime.sleep(1000)");
        let child = start(&bench);
        send(&child, signal);
        Answer(child.wait_with_output().unwrap()).code(130).says("run the same command again to go on");
        assert_restored(&bench);
    }
}

#[test]
fn a_study_that_ends_at_once_puts_its_limit_back_first() {
    let bench = limited(GPU, "", DEAF);
    let mut child = start(&bench);
    send(&child, Signal::TERM);
    bench.wait_for("the program to be asked to end", || bench.path().join("asked").exists());
    assert!(child.try_wait().unwrap().is_none(), "the first gives the program time to end");
    assert_eq!(limits_set(&bench).len(), 1, "which it has under its limit");
    send(&child, Signal::TERM);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let state = bench.record().trials()[0].state.clone();
    assert!(matches!(&state, TrialState::Waiting(f) if f.kind == FailureKind::Interrupted), "{state:?}");
    assert_restored(&bench);
}

#[test]
fn a_terminal_that_goes_away_leaves_no_limit() {
    use std::os::unix::process::ExitStatusExt;
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap().trim();
    let ignored = u64::from_str_radix(ignored, 16).unwrap();
    for signal in [Signal::HUP, Signal::QUIT] {
        // Under `nohup`, or in the background of a script, our programs ignore it too, and rightly.
        if ignored & (1 << (signal.as_raw() - 1)) != 0 {
            println!("skipped: {signal:?} is ignored here");
            continue;
        }
        let bench = limited(GPU, "", DEAF);
        let mut child = start(&bench);
        send(&child, signal);
        assert_eq!(child.wait().unwrap().signal(), Some(signal.as_raw()));
        assert_restored(&bench);
    }
}

#[test]
fn without_the_permission_nothing_runs() {
    for (fault, energy) in [("set-limit", ""), ("set-clocks", "sm_clock = 600")] {
        let bench = limited(&format!("{GPU}fault {fault} 4\n"), energy, WITNESS);
        let answer = optimize(&bench, &["study.toml"]).code(1);
        answer.says("gpu:GPU-1234").says("sudo -E optimize").says("CAP_SYS_ADMIN").says("nothing has run");
        let record = bench.record();
        assert_eq!((record.trials().len(), record.sessions().len()), (0, 0));
        assert_eq!(limits_set(&bench), [""; 0]);
        // Once it is there the study begins.
        bench.write("libnvidia-ml.so.1.script", GPU);
        optimize(&bench, &["study.toml"]).code(0);
    }
}

#[test]
fn limits_that_the_gpu_does_not_have_are_told_before_anything_runs() {
    let bench = limited(GPU, "", WITNESS);
    bench.edit("choice = [250, 300]", "float = [150.5, 800]");
    let answer = optimize(&bench, &["study.toml"]).code(2);
    answer.says("`power_limit` of [energy] asks for 150.5 W to 800 W, but gpu:GPU-1234 takes 200 W to 700 W");
    bench.edit("float = [150.5, 800]", "choice = [250, 300]");
    bench.edit("power_limit = \"watts\"", "power_limit = 710\nsm_clock = 5000");
    optimize(&bench, &["study.toml", "--fresh"]).code(2).says("asks for 710 W, but gpu:GPU-1234 takes 200 W to 700 W");
    bench.edit("power_limit = 710\n", "");
    optimize(&bench, &["study.toml", "--fresh"])
        .code(2)
        .says("`sm_clock` of [energy] asks for 5000 MHz")
        .says("1980 MHz");
    assert_eq!(limits_set(&bench), [""; 0]);
    assert!(!bench.path().join("seen").exists());
}

#[test]
fn a_driver_that_forgets_its_limit_fails_the_trial_and_not_its_configuration() {
    let bench = limited(&format!("{GPU}deaf\n"), "", WITNESS);
    bench.edit("choice = [250, 300]", "choice = [250]");
    optimize(&bench, &["study.toml"]).code(4).says("the driver has made it 650 W instead of 250 W");
    let record = bench.record();
    let TrialState::Failed(failure) = &record.trials()[0].state else { panic!("{:?}", record.trials()[0]) };
    assert_eq!((failure.kind, record.counted_trials()), (FailureKind::Device, 0));
    assert!(!bench.path().join("seen").exists(), "no program has run");
}

#[test]
fn a_trial_whose_limit_somebody_else_has_changed_did_not_run_under_it() {
    let meddle = WITNESS.replace(
        "time.sleep(1)",
        "time.sleep(1)\nnow = time.clock_gettime(time.CLOCK_MONOTONIC)\n\
         print(f'{now:.9f} GPU-1234 limit 400000', file=open('libnvidia-ml.so.1.state', 'a'))",
    );
    let bench = limited(GPU, "", &meddle);
    optimize(&bench, &["study.toml"]).code(4).says("somebody else has set it to 400 W, and that stays");
    let record = bench.record();
    assert!(matches!(&record.trials()[0].state, TrialState::Failed(f) if f.kind == FailureKind::Device));
    assert_eq!(changes(&bench).last().unwrap(), "GPU-1234 limit 400000", "it is not ours to put back");
}

#[test]
fn only_gpus_that_the_program_sees_are_limited() {
    let two = format!("{GPU}gpu GPU-5678 FAKE\npower 600\nlimit 200 700 650\n");
    let bench = limited(&two, "", WITNESS);
    let run = |value: &str| {
        let mut command = command(&bench, &["study.toml", "--fresh"]);
        Answer(command.env("CUDA_VISIBLE_DEVICES", value).output().unwrap())
    };
    run("").code(1).says("CUDA_VISIBLE_DEVICES = `` shows no GPU");
    bench.edit("[\"nvml\"]", "\"auto\"");
    run("").code(1).says("[energy] has `power_limit`, and no GPU is metered here that the trials see");
    assert_eq!(changes(&bench), [""; 0]);
    bench.edit("\"auto\"", "[\"nvml\"]");
    run("1").code(0);
    assert!(!changes(&bench).is_empty());
    assert!(changes(&bench).iter().all(|change| change.starts_with("GPU-5678 ")), "{:?}", changes(&bench));
    // What the study file sets for its program counts, whatever this process has.
    bench.edit("cwd = \".\"", "cwd = \".\"\nenv = { CUDA_VISIBLE_DEVICES = \"0\" }");
    let before = changes(&bench).len();
    run("1").code(0);
    assert!(changes(&bench)[before..].iter().all(|change| change.starts_with("GPU-1234 ")), "{:?}", changes(&bench));
}

#[test]
fn a_limit_without_a_gpu_stops_the_study() {
    let bench = limited("fault init 9\n", "", WITNESS);
    bench.edit("[\"nvml\"]", "\"auto\"");
    optimize(&bench, &["study.toml"]).code(1).says("[energy] has `power_limit`, and no GPU is metered here");
    assert_eq!(bench.record().sessions().len(), 0);
}

/// Panics when the devices have been seen for the second time: after the trial, and before its limits are put back.
struct Clumsy(MemoryStore);

impl Store for Clumsy {
    fn append(&mut self, event: Event) -> Result<StoredEvent, StoreError> {
        assert!(!matches!(event, Event::DevicesSeen { after: true, .. }), "as told");
        self.0.append(event)
    }

    fn load(&self) -> Result<Vec<StoredEvent>, StoreError> {
        self.0.load()
    }
}

type Evaluate<'a> = dyn FnMut(TrialTask<'_>, &mut dyn Scope) -> Result<Metrics, EvaluationFailure> + 'a;

/// Runs one trial in this process.
fn run_here(bench: &Bench, store: &mut dyn Store, evaluate: &mut Evaluate<'_>) -> Result<EndReason, StudyError> {
    let library = bench.path().join("libnvidia-ml.so.1");
    let text = std::fs::read_to_string(bench.path().join("study.toml")).unwrap();
    let spec = StudySpec::parse(&text, "study.toml").unwrap();
    let created = Event::StudyCreated {
        name: spec.name().to_owned(),
        seed: spec.seed(),
        problem: spec.problem().clone(),
        sampler: spec.sampler().kind.clone(),
        identity: spec.identity(),
    };
    let created = store.append(created).unwrap();
    let mut record = StudyRecord::from_entries(vec![created]).unwrap();
    let nvml = Meters::List(vec![wattfront::energy::MeterKind::Nvml]);
    let session = Session::builder().meters(nvml).nvml_library(&library).open().unwrap();
    let limits = RunLimits {
        trials: Some(1),
        seconds: None,
        joules: None,
        timeout: None,
        attempts: 1,
        initial: 1,
        cool_down: None,
        idle: None,
        hard: false,
        from_first_step: false,
        gives_up: false,
    };
    let runner = Runner {
        store,
        record: &mut record,
        plan: Plan::Search(&*sampler::by_name("random", &sampler::Settings::default()).unwrap()),
        evaluator: &mut |task: TrialTask<'_>, scope: &mut dyn Scope| evaluate(task, scope),
        session: &session,
        observer: &mut (),
        interrupt: &Interrupt::default(),
        stops: &Stops::default(),
        limits,
        gpu_limits: GpuLimits::of(&spec, Session::builder().nvml_library(&library)),
        environment: Environment::default(),
    };
    runner.run()
}

#[test]
fn a_panic_leaves_no_limit() {
    let bench = limited(GPU, "", "");
    let mut seen = Vec::new();
    let ended = run_here(&bench, &mut MemoryStore::default(), &mut |_, _| {
        seen = limits_set(&bench);
        panic!("as told");
    });
    assert_eq!((ended.unwrap(), seen.len()), (EndReason::Trials, 1));
    assert_restored(&bench);
    let before = limits_set(&bench).len();
    let mut store = Clumsy(MemoryStore::default());
    let trial = || run_here(&bench, &mut store, &mut |_, _| Ok(Metrics::new()));
    assert!(catch_unwind(AssertUnwindSafe(trial)).is_err());
    assert_eq!(limits_set(&bench).len(), before + 1);
    assert_restored(&bench);
}
