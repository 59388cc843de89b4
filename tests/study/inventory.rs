//! What draws power and has no figure: studies that do not start for it, and what is said of what they leave out.

use serde_json::Value;

use crate::bench::{Answer, Bench};
use crate::gpu::{bench, command, optimize};

const TWO: &str = "gpu GPU-aaaa FAKE\npower 300\ngpu GPU-bbbb FAKE\npower 200\n";
const LOST: &str = "gpu GPU-aaaa FAKE\npower 300\ngpu GPU-bbbb FAKE\npower 200\nfault handle 15\n";

/// A study whose metrics are accuracy and this one, of two short trials on what this script shows.
fn study(script: &str, metric: &str, energy: &str) -> Bench {
    let bench = bench(script, &format!("idle = false\n{energy}"));
    bench.edit("energy.gpu", metric);
    bench.write("program.py", "import time\ntime.sleep(0.5)\nprint('{\"accuracy\": 0.5, \"cost\": 1.5}')");
    bench
}

/// Refused before anything has run, for want of a figure of this, and `check` says the same.
#[track_caller]
fn refuses(bench: &Bench, name: &str, reason: &str) -> Answer {
    let answer = optimize(bench, &["study.toml"]).code(4).says(name).says(reason).says("so the study does not start");
    assert!(!bench.path().join("results").exists(), "nothing has run, and nothing is left behind");
    let check = optimize(bench, &["check", "study.toml"]).code(0).says(name).says(reason).says("does not start");
    assert!(check.out().contains("hardware"), "{}", check.out());
    optimize(bench, &["check", "study.toml", "--dry-run"]).code(4).says(name);
    answer
}

#[test]
fn a_gpu_that_is_lost_keeps_the_study_from_starting_until_it_is_left_out_or_hidden() {
    let bench = study(LOST, "energy", "");
    let answer = refuses(&bench, "gpu:1 (NVIDIA GPU 1", "fell off the bus");
    answer.says("without = [\"gpu:1\"] in [energy]").says("CUDA_VISIBLE_DEVICES in `env` of [command]");

    bench.edit("idle = false", "idle = false\nwithout = [\"gpu:1\"]");
    let answer = optimize(&bench, &["study.toml"]).code(0).says("gpu, counter, without gpu:1");
    let answer = answer.says("energy: metered gpu:0 (counter)").says("left out gpu:1 (without gpu:1)");
    assert!(!answer.err().contains("warning"), "{}", answer.err());
    let record = bench.record();
    let window = &record.trials()[0].result().unwrap().energy["trial"];
    let watts = window.total().unwrap().0 / window.seconds;
    assert!((watts - 300.0).abs() < 30.0, "{watts}: the other one alone");
    assert_eq!(window.left_out, ["gpu:1".parse().unwrap()]);
    assert_eq!(record.header().identity["energy"]["without"], serde_json::json!(["gpu:1"]));
    told_everywhere(&bench);
}

/// Wherever the total stands, what is left out is said with it.
fn told_everywhere(bench: &Bench) {
    const SAID: &str = "without gpu:1";
    for arguments in [&["pick", "study.toml"][..], &["report", "study.toml"], &["check", "study.toml"]] {
        optimize(bench, arguments).code(0).says(SAID);
    }
    for file in ["report.html", "trials.csv", "front.csv"] {
        let text = std::fs::read_to_string(bench.results().join(file)).unwrap();
        assert!(text.contains(SAID), "{file}:\n{text}");
    }
    let json =
        |arguments: &[&str]| -> Value { serde_json::from_str(&optimize(bench, arguments).code(0).out()).unwrap() };
    let told = json(&["export", "study.toml", "--format", "json"]);
    assert_eq!(told["trials"][0]["energy"]["trial"]["left_out"], serde_json::json!(["gpu:1"]));
    assert_eq!(told["energy"]["without"], serde_json::json!(["gpu:1"]));
    assert_eq!(told["energy"]["consumers"][1]["standing"], "left_out");
    let picked = json(&["pick", "study.toml", "--json"]);
    assert_eq!(picked["energy"]["energy"]["left_out"], serde_json::json!(["gpu:1"]), "{picked}");
    let environment = std::fs::read_to_string(bench.results().join("environment.json")).unwrap();
    let environment: Value = serde_json::from_str(&environment).unwrap();
    assert_eq!(environment[0]["consumers"][1]["name"], "gpu:1");
    let confirmed = optimize(bench, &["confirm", "study.toml", "--seeds", "1"]).code(0).says(SAID);
    assert!(confirmed.out().contains("energy: metered gpu:0"), "{}", confirmed.out());
    let page = std::fs::read_to_string(bench.results().join("report.html")).unwrap();
    let section = page.split_once("<h3>What the energy covers</h3>").unwrap().1.split_once("<ul>").unwrap().0;
    // What else draws power is that of the machine that runs the tests.
    let of_gpus: Vec<&str> = section.lines().filter(|line| line.contains("gpu:") && !line.contains("0000:")).collect();
    insta::assert_snapshot!("the_section_of_the_report", of_gpus.join("\n"));
}

#[test]
fn a_driver_that_fails_is_no_absence_of_gpus() {
    for (fault, reason) in [
        ("fault init 18", "version"),
        ("fault init 4", "permission"),
        ("fault init 999", "internal driver error"),
        ("fault count 999", "internal driver error"),
    ] {
        let bench = study(&format!("{fault}\n{TWO}"), "energy", "");
        bench.edit("meters = [\"nvml\"]", "meters = \"auto\"");
        let text = refuses(&bench, "gpu:", "NVIDIA GPUs").err();
        assert!(text.to_lowercase().contains(reason), "{fault}\n{text}");
    }
}

#[test]
fn a_gpu_without_a_figure_is_not_left_out_of_the_sum() {
    let tells_nothing = format!("{TWO}fault energy 3\nfault power 3\nfault samples 3\nfault fields 3\n");
    refuses(&study(&tells_nothing, "energy", ""), "gpu:1", "");
    let whole = "gpu GPU-aaaa FAKE\npower 300\nmig\ninstance MIG-5678 1 0\n";
    let bench = study(whole, "energy", "");
    bench.edit("meters = [\"nvml\"]", "meters = \"auto\"");
    refuses(&bench, "gpu:0", "MIG");
    bench.edit("idle = false", "idle = false\nmig = \"whole-board\"");
    optimize(&bench, &["study.toml"]).code(0).says("gpu, counter");
}

#[test]
fn what_the_program_is_not_shown_does_not_matter() {
    let shown = |devices: &str, code: i32| {
        let bench = study(LOST, "energy", "");
        bench.edit("meters = [\"nvml\"]", "meters = \"auto\"");
        bench.edit("cwd = \".\"", &format!("cwd = \".\"\nenv = {{ CUDA_VISIBLE_DEVICES = \"{devices}\" }}"));
        let answer = optimize(&bench, &["check", "study.toml"]).code(0);
        assert_eq!(answer.out().contains("does not start"), code != 0, "{devices}:\n{}", answer.out());
        (optimize(&bench, &["study.toml"]).code(code), bench)
    };
    for none in ["", "-1"] {
        let (answer, bench) = shown(none, 0);
        answer.says("out of use gpu:0, gpu:1");
        let record = bench.record();
        let consumers = &record.sessions()[0].environment.consumers;
        let gpus: Vec<_> = consumers.iter().filter(|consumer| consumer.name.starts_with("gpu:")).collect();
        assert!(gpus.len() >= 2 && gpus.iter().all(|gpu| gpu.standing.name() == "out of use"), "{gpus:?}");
    }
    let (answer, bench) = shown("0", 0);
    answer.says("metered gpu:0 (counter)");
    assert!(bench.record().trials()[0].result().unwrap().energy["trial"].left_out.is_empty());
    shown("1", 4).0.says("gpu:1");
    shown("0,1", 4).0.says("gpu:1");

    // Of the process, which the program inherits; what the study file sets is stronger.
    let bench = study(LOST, "energy", "");
    let run =
        |devices: &str| Answer(command(&bench, &["study.toml"]).env("CUDA_VISIBLE_DEVICES", devices).output().unwrap());
    run("1").code(4);
    run("0").code(0);
}

#[test]
fn a_gpu_has_many_names_by_which_it_is_left_out() {
    let total = |without: &str| {
        let bench = study(TWO, "energy", &format!("without = {without}"));
        bench.edit("meters = [\"nvml\"]", "meters = \"auto\"");
        bench.edit("trials = 2", "trials = 1");
        optimize(&bench, &["study.toml"]).code(0);
        let record = bench.record();
        let window = record.trials()[0].result().unwrap().energy["trial"].clone();
        let watts: f64 =
            window.domains.iter().filter(|d| d.domain.kind.name() == "gpu").map(|d| d.joules.unwrap().0).sum();
        (watts / window.seconds, window.left_out.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let near = |(watts, names): (f64, Vec<String>), expected: f64, name: &str| {
        assert!((watts - expected).abs() <= 0.1 * expected, "{name}: {watts} W");
        assert_eq!(names, [name]);
    };
    near(total("[\"gpu:1\"]"), 300.0, "gpu:1");
    near(total("[\"gpu:GPU-aaaa\"]"), 200.0, "gpu:GPU-aaaa");
    near(total("[\"gpu\"]"), 0.0, "gpu");
}

#[test]
fn what_is_not_asked_for_may_be_unreadable_and_is_said() {
    let bench = study(LOST, "cost", "");
    let answer = optimize(&bench, &["study.toml"]).code(0).says("gpu:1 (NVIDIA GPU 1").says("so it starts");
    assert!(answer.out().contains("unreadable gpu:1"), "{}", answer.out());
    let record = bench.record();
    assert!(
        record.trials().iter().all(|trial| trial.result().unwrap().energy["trial"].total().is_none()),
        "never a part of it"
    );
    optimize(&bench, &["check", "study.toml"]).code(0).says("so it starts");

    // Under a budget of energy it is asked for.
    let bench = study(LOST, "cost", "");
    bench.edit("trials = 2", "trials = 2\nenergy = \"10 kJ\"");
    optimize(&bench, &["study.toml"]).code(4).says("gpu:1");
}

#[test]
fn what_the_meters_leave_out_is_said() {
    let bench = study(TWO, "energy", "");
    bench.edit("meters = [\"nvml\"]", "meters = [\"estimate\"]");
    let answer = optimize(&bench, &["study.toml"]).code(0);
    assert!(answer.out().contains("energy: estimated cpu:"), "{}", answer.out());
    assert!(bench.record().trials()[0].result().unwrap().energy["trial"].left_out.is_empty());
}

#[test]
fn a_gpu_that_is_lost_between_sessions_is_named() {
    let bench = study(TWO, "energy", "");
    optimize(&bench, &["study.toml", "--trials", "1"]).code(0);
    bench.write("libnvidia-ml.so.1.script", LOST);
    let answer = optimize(&bench, &["study.toml"]).code(4).says("gpu:1").says("fell off the bus").says("--fresh");
    assert_eq!(bench.record().trials().len(), 1, "{}", answer.err());
    // Nor does it go on without it where it is hidden.
    let hidden = || Answer(command(&bench, &["study.toml"]).env("CUDA_VISIBLE_DEVICES", "0").output().unwrap());
    hidden().code(3).says("gpu:GPU-bbbb (counter)").says("CUDA_VISIBLE_DEVICES = `0` does not show it");
    bench.write("libnvidia-ml.so.1.script", TWO);
    optimize(&bench, &["study.toml"]).code(0);
}

#[test]
fn a_session_on_other_hardware_says_in_what_it_differs() {
    let bench = study(TWO, "energy", "without = [\"gpu:1\"]");
    optimize(&bench, &["study.toml", "--trials", "1"]).code(0);
    bench.write("libnvidia-ml.so.1.script", "gpu GPU-aaaa FAKE\npower 300\n");
    let gone = "gpu:1 (NVIDIA GPU 1: FAKE) was left out, and is not there any more";
    optimize(&bench, &["study.toml"]).code(0).says("other hardware than before").says(gone);
    let page = std::fs::read_to_string(bench.results().join("report.html")).unwrap();
    assert!(page.contains(&format!("<li>session 2: {gone}</li>")), "{page}");
    let told: Value =
        serde_json::from_str(&optimize(&bench, &["export", "study.toml", "--format", "json"]).code(0).out()).unwrap();
    assert_eq!(told["energy"]["consumers_changed"], serde_json::json!([format!("session 2: {gone}")]));
}

#[test]
fn a_study_without_anything_to_meter_does_not_start() {
    let bench = study("fault init 9\n", "energy", "without = [\"cpu\", \"dram\"]");
    bench.edit("meters = [\"nvml\"]", "meters = \"auto\"");
    optimize(&bench, &["study.toml"]).code(4).says("nothing is metered here").says("`without`");
    optimize(&bench, &["check", "study.toml"]).code(0).says("nothing is metered here").says("left out");
    assert!(!bench.path().join("results").exists());
}

#[test]
fn names_of_what_is_not_here_are_a_note() {
    let bench = study(TWO, "energy", "without = [\"gpu:7\"]");
    bench.edit("trials = 2", "trials = 1");
    let answer = optimize(&bench, &["study.toml"]).code(0).says("gpu:7, which [energy] has in `without`, is not here");
    assert!(!answer.out().contains("counter, without"), "{}", answer.out());
    optimize(&bench, &["check", "study.toml"]).code(0).says("gpu:7, which [energy] has in `without`, is not here");
}

#[test]
fn trials_that_use_what_nobody_knows_stop_the_study_with_that_reason() {
    let bench = study(TWO, "energy", "");
    bench.edit("trials = 2", "trials = 9");
    bench.write("program.py", "print('{\"device\": [\"GPU-cccc\"]}')\nprint('{\"accuracy\": 0.5}')");
    optimize(&bench, &["study.toml"])
        .code(4)
        .says("5 failures in a row")
        .says("gpu:GPU-cccc")
        .says("no meter reads this GPU");
}

#[test]
fn comparisons_and_runs_with_new_seeds_do_not_start_either() {
    let bench = study(TWO, "energy", "");
    optimize(&bench, &["study.toml"]).code(0);
    bench.write("libnvidia-ml.so.1.script", LOST);
    optimize(&bench, &["confirm", "study.toml", "--seeds", "1"]).code(4).says("gpu:1").says("fell off the bus");
    let compare = ["compare", "study.toml", "--samplers", "random,sobol", "--seeds", "1", "--results", "compared"];
    optimize(&bench, &compare).code(4).says("gpu:1").says("fell off the bus");
    // A study that is done needs no hardware.
    optimize(&bench, &["study.toml"]).code(0);
}

#[test]
fn power_that_is_watched_says_whose_is_not_shown() {
    let bench = study(LOST, "energy", "");
    let mut watch = command(&bench, &["devices", "--watch", "--interval", "0.2"]);
    let mut watch = watch.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    // It ends when nobody reads any more.
    drop(watch.stdout.take());
    Answer(watch.wait_with_output().unwrap())
        .code(0)
        .says("not shown, for it cannot be read: gpu:1")
        .says("fell off the bus");
}
