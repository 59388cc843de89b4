//! Studies on a GPU that a fake library shows: the power at rest, the state of the device, and the lock on it.

#[path = "../fakes/nvml_library.rs"]
mod fake_nvml;

use std::process::Command;

use serde_json::Value;

use crate::bench::{Answer, Bench};

/// A study whose trials take a second, metered on the GPU of this script.
pub fn bench(script: &str, energy: &str) -> Bench {
    let bench = Bench::with_program("import time\ntime.sleep(1)\nprint('{\"accuracy\": 0.5}')");
    bench.edit("trials = 12", "trials = 2");
    bench.edit(
        "metric = \"cost\"\ngoal = \"minimize\"\nscale = \"log\"",
        "metric = \"energy.gpu\"\ngoal = \"minimize\"",
    );
    bench.edit("meters = [\"estimate\"]", &format!("meters = [\"nvml\"]\n{energy}"));
    install(&bench, script);
    bench
}

/// Lays the fake library beside a study.
pub fn install(bench: &Bench, script: &str) {
    fake_nvml::install(bench.path(), script);
}

pub fn command(bench: &Bench, arguments: &[&str]) -> Command {
    let mut command = bench.command(arguments);
    command
        .env("LD_LIBRARY_PATH", bench.path())
        .env("WATTFRONT_HOST", bench.path())
        .env("WATTFRONT_LOCKS", bench.path());
    command
}

pub fn optimize(bench: &Bench, arguments: &[&str]) -> Answer {
    Answer(command(bench, arguments).output().unwrap())
}

const GPU: &str = "gpu GPU-1234 FAKE\npower 100\ntemperature 41\nthrottle 0x4\n";

#[test]
fn a_trial_has_gross_and_net_energy_and_says_how_well_they_are_known() {
    let bench = bench(GPU, "idle = \"2s\"\ncool_down = { to = 30, limit = \"1s\" }");
    let answer = optimize(&bench, &["study.toml"]).code(0);
    answer.says("measuring the power at rest for 2 s").says("waiting for a device to cool down from 41 to 30");
    let record = bench.record();
    let baseline = record.sessions()[0].baseline.as_ref().unwrap();
    let watts = baseline.domains[0].watts.unwrap().0;
    assert!((watts - 100.0).abs() < 3.0, "{baseline:?}");
    for trial in record.trials() {
        let result = trial.result().unwrap();
        let energy = &result.energy["trial"];
        let (gross, net) = (energy.total().unwrap().0, energy.net(None).unwrap().0);
        assert!((gross - 100.0 * energy.seconds).abs() < 0.05 * gross, "{energy:?}");
        assert!(net.abs() < 0.06 * gross, "all of it is rest: {energy:?}");
        let uncertainty = energy.uncertainty(None).unwrap();
        assert!(uncertainty.edge.0 > 0.0 && uncertainty.gain.0 > uncertainty.edge.0, "{uncertainty:?}");
        assert_eq!(result.sd["energy.gpu"], uncertainty.relative().0, "what the surrogate is told");
        assert!(!result.sd.contains_key("accuracy"));
        let seen = &trial.devices_before[0];
        assert_eq!((seen.domain.id.as_str(), seen.state.temperature_c), ("GPU-1234", Some(41.0)));
        assert!(seen.state.throttled.as_ref().is_some_and(|reasons| !reasons.is_empty()), "{seen:?}");
        assert_eq!(trial.devices_after.len(), 1);
    }
    let export = optimize(&bench, &["export", "study.toml", "--format", "json"]).code(0).out();
    let json: Value = serde_json::from_str(&export).unwrap();
    let told = &json["trials"][0]["energy"]["trial"];
    assert!(
        told["net_j"].is_number() && told["sd_j"]["absolute"].as_f64() > told["sd_j"]["relative"].as_f64(),
        "{told}"
    );
    let csv = std::fs::read_to_string(bench.results().join("trials.csv")).unwrap();
    assert!(csv.lines().next().unwrap().contains("energy_gpu_net_j"), "{csv}");
}

#[test]
fn a_gpu_that_a_study_meters_is_not_metered_by_another_until_that_ends() {
    let bench = bench(GPU, "idle = false");
    let mut first = command(&bench, &["study.toml"]).stdout(std::process::Stdio::null()).spawn().unwrap();
    bench.wait_for("the first trial", || bench.try_record().is_some_and(|record| !record.trials().is_empty()));
    std::fs::write(bench.path().join("other.toml"), other(&bench)).unwrap();
    let refused = optimize(&bench, &["other.toml"]).code(1);
    refused.says("gpu:GPU-1234 is metered by the study bench").says("wait for it to end");
    first.kill().unwrap();
    first.wait().unwrap();
    optimize(&bench, &["other.toml"]).code(0);
}

fn other(bench: &Bench) -> String {
    std::fs::read_to_string(bench.path().join("study.toml")).unwrap().replace("name = \"bench\"", "name = \"other\"")
}

#[test]
fn net_energy_needs_a_device_of_ones_own_and_says_so_before_anything_is_trained() {
    // Process 1 is always there, and never ours.
    let bench = bench(&format!("{GPU}process 1 512 40\n"), "idle = \"2s\"");
    bench.edit("energy.gpu", "energy.gpu.net");
    let answer = optimize(&bench, &["study.toml"]).code(4);
    answer.says("`energy.gpu.net` needs the power at rest").says("1 other processes compute on it");
    assert!(bench.record().trials().is_empty(), "nothing was trained in vain");
    let baseline = bench.record().sessions()[0].baseline.clone().unwrap();
    assert_eq!(baseline.domains[0].watts, None, "{baseline:?}");
}

#[test]
fn steps_too_short_for_the_counter_are_told_together() {
    let bench = bench(GPU, "idle = false");
    let program = "import json, time\nfor step in range(20):\n    time.sleep(0.07)\n    print(json.dumps({'step': step, 'loss': 1.0}), flush=True)\nprint('{\"accuracy\": 0.5}')";
    bench.write("program.py", program);
    optimize(&bench, &["study.toml"]).code(0);
    let record = bench.record();
    let trial = &record.trials()[0];
    let (told, silent): (Vec<_>, Vec<_>) = trial.epochs.iter().partition(|row| row.energy.is_some());
    assert!(told.len() >= 3 && silent.len() >= 8, "{} and {}", told.len(), silent.len());
    let note = told[1].energy.as_ref().unwrap().domains[0].note.clone();
    assert!(note.as_ref().is_some_and(|note| note.contains("steps before it")), "{note:?}");
    let sum: f64 = told.iter().map(|row| row.energy.as_ref().unwrap().total().unwrap().0).sum();
    let seconds: f64 = told.iter().map(|row| row.energy.as_ref().unwrap().seconds).sum();
    assert!((sum - 100.0 * seconds).abs() < 15.0, "{sum} J in {seconds} s");
}

#[test]
fn a_counter_that_power_contradicts_makes_every_figure_of_the_study_doubtful() {
    let bench = bench("gpu GPU-1234 FAKE\npower 300\ncounter-gain 0.57\n", "idle = false");
    bench.write("program.py", "import time\ntime.sleep(0.6)\nprint('{\"accuracy\": 0.5}')");
    bench.edit("trials = 2", "trials = 4");
    let ran = optimize(&bench, &["study.toml"]).code(0);
    ran.says("(gpu, counter, DOUBTFUL)")
        .says("DOUBTFUL energy")
        .says("The energy of gpu:GPU-1234 is DOUBTFUL: the counter tells")
        .says("a meter at the wall");
    let record = bench.record();
    assert_eq!(record.doubts().len(), 1);
    for trial in record.trials() {
        let energy = &trial.result().unwrap().energy["trial"];
        let (joules, sd) = (energy.total().unwrap().0, energy.uncertainty(None).unwrap().absolute().0);
        assert!(energy.doubt().is_some(), "the first too: {energy:?}");
        // The doubt is the session's, and a trial of 0.6 s on a busy machine has edges of its own.
        assert!(joules + 1.96 * sd > 255.0 * energy.seconds, "{joules} ± {sd} in {} s", energy.seconds);
    }
    // One more session says so from its first trial on, whatever it knows itself.
    bench.edit("trials = 4", "trials = 5");
    let again = optimize(&bench, &["study.toml"]).code(0);
    assert!(
        again.out().lines().filter(|line| line.contains("trial 4")).any(|line| line.contains("DOUBTFUL")),
        "{}",
        again.out()
    );
    optimize(&bench, &["report", "study.toml"]).code(0).says("is DOUBTFUL: the counter tells");
    let export = optimize(&bench, &["export", "study.toml", "--format", "json"]).code(0).out();
    let json: Value = serde_json::from_str(&export).unwrap();
    assert!(json.to_string().contains("\"doubtful\":true"), "{json}");
    let pick: Value =
        serde_json::from_str(&optimize(&bench, &["pick", "study.toml", "--format", "json"]).code(0).out()).unwrap();
    assert_eq!(pick["energy"]["energy.gpu"]["doubtful"], true, "{pick}");
    assert!(pick["doubts"][0].as_str().unwrap().contains("DOUBTFUL"), "{pick}");
    let page = std::fs::read_to_string(bench.results().join("report.html")).unwrap();
    assert!(page.contains("The energy of gpu:GPU-1234 is DOUBTFUL"));
}

#[test]
fn a_counter_that_stood_still_at_first_spoils_no_later_trial_and_no_store() {
    let bench = bench("gpu GPU-1234 FAKE\npower 300\n", "idle = false");
    let now = wattfront::energy::Moment::now().monotonic_seconds();
    bench.write("libnvidia-ml.so.1.script", &format!("gpu GPU-1234 FAKE\npower 300\nstall {now} {}\n", now + 3.0));
    bench.write("program.py", "import time\ntime.sleep(1.3)\nprint('{\"accuracy\": 0.5}')");
    bench.edit("trials = 2", "trials = 5");
    let ran = optimize(&bench, &["study.toml"]).code(0).out();
    assert!(!ran.contains("inf %") && !ran.contains("DOUBTFUL"), "{ran}");
    // It is read again, and gone on with.
    let record = bench.record();
    assert!(record.doubts().is_empty(), "{:?}", record.doubts());
    let last = record.trials().last().unwrap().result().unwrap().energy["trial"].clone();
    let watts = last.total().unwrap().0 / last.seconds;
    assert!((watts - 300.0).abs() < 15.0 && last.doubt().is_none(), "{last:?}");
    // The first may have failed, as there is no figure while the counter stands still.
    for result in record.trials().iter().filter_map(|trial| trial.result()) {
        let energy = &result.energy["trial"];
        assert!(energy.uncertainty(None).is_none_or(|known| known.is_finite()), "{energy:?}");
    }
}
