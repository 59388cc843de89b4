//! A driver whose calls do not return: nothing that waits for it waits for ever, and what it does not tell is missing with that
//! reason. Programs have the fake driver hang in the midst of a trial, by a line in its script.

use std::path::Path;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use wattfront::optimizer::history::FailureKind;
use wattfront::record::{TrialRecord, TrialState};

use crate::bench::{Answer, Bench};
use crate::gpu;

const GPU: &str = "gpu GPU-1234 FAKE\npower 100\nsamples 0.02 120\nlimit 100 700 650\n";

/// So long, in seconds, drivers may take here: much longer than one that is sound takes on a busy machine.
const LIMIT: &str = "2";

/// Figures may be off by so much of themselves: a busy machine reads late, and without what these tests are about they are off
/// by more.
const NEAR: f64 = 0.2;

/// A program that has the driver's function `f` hang by calling `hang(f)`, and is itself once more `rest`.
fn program(rest: &str) -> String {
    format!(
        "import os, time\ndef hang(f):\n    open('libnvidia-ml.so.1.script', 'a').write(f'hang {{f}}\\n')\n\
         def done(): print('{{\"accuracy\": 0.5}}')\n{rest}\n"
    )
}

fn bench(energy: &str, rest: &str) -> Bench {
    let bench = gpu::bench(GPU, &format!("idle = false\n{energy}"));
    bench.write("program.py", &program(rest));
    bench
}

fn command(bench: &Bench, arguments: &[&str]) -> std::process::Command {
    let mut command = gpu::command(bench, arguments);
    command.env("WATTFRONT_DRIVER_LIMIT", LIMIT);
    command
}

fn optimize(bench: &Bench, arguments: &[&str]) -> Answer {
    Answer(command(bench, arguments).output().unwrap())
}

fn failure(trial: &TrialRecord) -> (FailureKind, String) {
    match &trial.state {
        TrialState::Failed(failure) | TrialState::Waiting(failure) => (failure.kind, failure.message.clone()),
        state => panic!("{state:?}"),
    }
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn a_trial_without_a_figure_is_no_fault_of_its_point_and_the_study_goes_on_once_the_driver_does() {
    for function in ["energy", "handle"] {
        let bench = bench("", &format!("time.sleep(0.5)\nhang({function:?})\ntime.sleep(0.5)\ndone()"));
        if function == "energy" {
            optimize(&bench, &["study.toml"]).code(4).says("the meter `nvml` has not answered for").says("it hangs");
            let (kind, message) = failure(&bench.record().trials()[0]);
            assert_eq!(kind, FailureKind::Meter, "{message}");
            assert_eq!(bench.record().counted_trials(), 0);
        } else {
            // Its figure does not need that.
            optimize(&bench, &["study.toml"]).code(0);
        }
        // Who comes while it hangs learns what does.
        if function == "energy" {
            optimize(&bench, &["study.toml"]).code(1).says("NVIDIA's driver hangs");
        }
        bench.write("libnvidia-ml.so.1.script", GPU);
        bench.write("program.py", &program("time.sleep(1)\ndone()"));
        optimize(&bench, &["study.toml"]).code(0);
        assert_eq!(bench.finished().len(), 2);
    }
}

#[test]
fn a_second_figure_or_a_state_that_hangs_costs_no_trial() {
    for function in ["samples", "temperature", "processes", "fields", "power", "shutdown", "limit"] {
        let bench = bench(
            "cool_down = { to = 90, limit = \"1s\" }",
            &format!("time.sleep(0.5)\nhang({function:?})\ntime.sleep(1)\ndone()"),
        );
        bench.edit("trials = 2", "trials = 1");
        optimize(&bench, &["study.toml"]).code(0);
        for trial in bench.record().trials() {
            let energy = &trial.result().unwrap().energy["trial"];
            let joules = energy.total().unwrap().0;
            assert!((joules - 100.0 * energy.seconds).abs() < NEAR * joules, "{function}: {energy:?}");
        }
    }
}

#[test]
fn a_timeout_and_a_hard_budget_hold_whatever_the_driver_does() {
    let endless = "hang('energy')\nopen('ready', 'w').close()\ntime.sleep(1000)";
    let bench_of = |edit: &str| {
        let bench = bench("", endless);
        bench.edit("[command]", edit);
        bench
    };
    let bench = bench_of("[trial]\ntimeout = \"2s\"\n[command]");
    optimize(&bench, &["study.toml"]).says("not done after 2 s, the time limit of a trial");
    assert_eq!(failure(&bench.record().trials()[0]).0, FailureKind::Timeout);
    let bench = bench_of("[command]");
    bench.edit("trials = 2", "trials = 2\nenergy = \"1000 J\"\ntime = \"2s\"\nhard = true");
    // Without a result, as always.
    optimize(&bench, &["study.toml"]).code(5).says("of the budget is over");
}

fn start(bench: &Bench) -> Child {
    let child = command(bench, &["study.toml"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    bench.wait_for("the trial", || bench.path().join("ready").exists());
    child
}

#[test]
fn a_study_over_a_driver_that_hangs_ends_when_it_is_told_to() {
    for (signals, code) in [(&[Signal::INT][..], 130), (&[Signal::TERM], 130)] {
        let bench = bench("", "hang('energy')\nopen('ready', 'w').close()\ntime.sleep(1000)");
        let child = start(&bench);
        for signal in signals {
            kill_process(Pid::from_child(&child), *signal).unwrap();
        }
        Answer(child.wait_with_output().unwrap()).code(code).says("run the same command again to go on");
        assert_eq!(failure(&bench.record().trials()[0]).0, FailureKind::Interrupted);
    }
}

#[test]
fn a_limit_that_cannot_be_put_back_is_told_and_keeps_nobody() {
    for signal in [None, Some(Signal::INT), Some(Signal::HUP)] {
        let bench = bench(
            "power_limit = 250",
            "hang('set-limit')\nopen('ready', 'w').close()\ntime.sleep(1 if os.path.exists('short') else 1000)\ndone()",
        );
        if signal.is_none() {
            bench.write("short", "");
        }
        let child = start(&bench);
        if let Some(signal) = signal {
            kill_process(Pid::from_child(&child), signal).unwrap();
        }
        let answer = Answer(child.wait_with_output().unwrap());
        let told = answer.out() + &answer.err();
        assert!(!told.contains("panicked"), "{told}");
        if signal.is_none() {
            assert!(told.contains("the limits of gpu:GPU-1234: NVIDIA's driver hangs"), "{told}");
            assert!(told.contains("the power limit was 650 W"), "{told}");
            let (kind, message) = failure(&bench.record().trials()[0]);
            assert_eq!(kind, FailureKind::Device, "{message}");
        }
    }
}

#[test]
fn a_driver_that_does_not_start_is_told_by_whoever_needs_it() {
    for function in ["init", "count", "handle", "uuid", "energy"] {
        let bench = bench("", "done()");
        bench.write("libnvidia-ml.so.1.script", &format!("hang {function}\n{GPU}"));
        // Whatever is too slow here hangs as well.
        let optimize = |arguments: &[&str]| {
            Answer(command(&bench, arguments).env("WATTFRONT_DRIVER_LIMIT", "1").output().unwrap())
        };
        optimize(&["study.toml"]).code(1).says("NVIDIA's driver hangs");
        optimize(&["devices"]).code(0).says("NVIDIA's driver hangs").says("WATTFRONT_DRIVER_LIMIT");
        optimize(&["check", "study.toml"]);
        let metered = optimize(&["meter", "--meters", "nvml", "--", "true"]).code(125);
        metered.says("NVIDIA's driver hangs");
    }
    let bench = bench("", "done()");
    for limit in ["soon", "0", "-1", "NaN", "1e9"] {
        let mut command = gpu::command(&bench, &["meter", "--meters", "nvml", "--", "true"]);
        let answer = Answer(command.env("WATTFRONT_DRIVER_LIMIT", limit).output().unwrap());
        answer.code(125).says("WATTFRONT_DRIVER_LIMIT").says("0.05 to 3600");
    }
}

#[test]
fn a_driver_that_cannot_be_left_keeps_nobody() {
    for (limits, arguments) in [
        ("power_limit = 250\nsm_clock = 1500", &["study.toml"][..]),
        ("", &["meter", "--meters", "nvml", "--", "sleep", "0.5"]),
        ("power_limit = 250", &["check", "study.toml"]),
        ("", &["devices"]),
    ] {
        let bench = bench(limits, "time.sleep(0.5)\ndone()");
        bench.edit("trials = 2", "trials = 1");
        bench.write("libnvidia-ml.so.1.script", &format!("hang shutdown\n{GPU}"));
        optimize(&bench, arguments).code(0);
        if arguments == ["study.toml"] {
            assert_eq!(bench.finished().len(), 1);
        }
        if limits.contains("sm_clock") {
            let set = std::fs::read_to_string(bench.path().join("libnvidia-ml.so.1.state")).unwrap();
            assert!(set.contains("limit 250000") && set.trim_end().ends_with("limit 650000"), "put back: {set}");
        }
    }
}

/// Two GPUs, of which the second hangs in this function once the file `hang` is there.
const TWO: &str = "gpu GPU-1 A\npower 300\nsamples 0.02 120\ngpu GPU-2 B\npower 200\nsamples 0.02 120\n";

#[test]
fn a_command_keeps_its_code_and_its_signals_and_the_other_gpu_its_figure() {
    let bench = Bench::new();
    gpu::install(&bench, TWO);
    let meter = |shell: &str| {
        let mut command =
            command(&bench, &["meter", "--json", "out.json", "--interval", "0.5", "--", "sh", "-c", shell]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let hang = "sleep 0.5; echo hang energy >> libnvidia-ml.so.1.script;";
    let answer = Answer(meter(&format!("{hang} sleep 1.5; exit 7")).output().unwrap()).code(7);
    answer.says("gpu:GPU-2: reading gpu:GPU-2 failed: the meter `nvml` has not answered for");
    let json = read(&bench.path().join("out.json"));
    let told = |id: &str| {
        let domains = json["energy"]["domains"].as_array().unwrap();
        domains.iter().find(|domain| domain["domain"]["id"] == id).unwrap().clone()
    };
    assert_eq!((&json["exit_code"], &json["energy"]["joules"]), (&7.into(), &Value::Null), "{json}");
    assert!(
        told("GPU-2")["joules"].is_null() && told("GPU-2")["note"].as_str().unwrap().contains("it hangs"),
        "{json}"
    );
    let joules = told("GPU-1")["joules"].as_f64().unwrap();
    let seconds = json["energy"]["seconds"].as_f64().unwrap();
    assert!((joules - 300.0 * seconds).abs() < NEAR * joules, "{json}");
    // For a while only: the counter covers it.
    bench.write("libnvidia-ml.so.1.script", TWO);
    let script =
        format!("cp libnvidia-ml.so.1.script sound; {hang} sleep 5; cp sound libnvidia-ml.so.1.script; sleep 2");
    Answer(meter(&script).output().unwrap())
        .code(0)
        .says("readings in between failed; the cumulative figure covers them");
    let json = read(&bench.path().join("out.json"));
    let (joules, seconds) = (json["energy"]["joules"].as_f64().unwrap(), json["energy"]["seconds"].as_f64().unwrap());
    assert!((joules - 500.0 * seconds).abs() < NEAR * joules, "{json}");
    // All of them from the middle on, and a signal.
    let all = "trap 'exit 9' TERM; echo 'hang energy' | cat - libnvidia-ml.so.1.script > new; \
               mv new libnvidia-ml.so.1.script; touch ready; while :; do sleep 0.05; done";
    let child = meter(all).spawn().unwrap();
    bench.wait_for("the command", || bench.path().join("ready").exists());
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    Answer(child.wait_with_output().unwrap()).code(9).says("gpu:GPU-1: reading gpu:GPU-1 failed: the meter `nvml`");
}

#[test]
fn whoever_watches_sees_which_gpu_hangs_and_what_the_other_draws() {
    use std::io::{BufRead, BufReader};
    let bench = Bench::new();
    gpu::install(&bench, TWO);
    let mut command = command(&bench, &["devices", "--watch", "--json", "--interval", "0.3"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut look = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    look();
    bench.write("libnvidia-ml.so.1.script", &format!("{TWO}hang energy\n"));
    let is_hanging = |look: &Value| look["domains"][1]["note"].as_str().is_some_and(|note| note.contains("it hangs"));
    let mut seen = look();
    while !is_hanging(&seen) {
        seen = look();
    }
    while seen["domains"][0]["watts"].is_null() {
        seen = look();
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_shared_gpu_whose_driver_hangs_is_missing_too() {
    for function in ["energy", "process-utilization"] {
        let rest = format!("time.sleep(2)\nhang({function:?})\ntime.sleep(1.5)\ndone()");
        let bench = bench("share = true", &rest);
        bench.edit("trials = 2", "trials = 1");
        optimize(&bench, &["study.toml"]).code(4).says("the meter `nvml` has not answered for");
        assert_eq!(failure(&bench.record().trials()[0]).0, FailureKind::Meter);
    }
}
