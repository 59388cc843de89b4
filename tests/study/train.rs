//! The built-in trainer in its child process, for real.

use rustix::process::{Pid, Signal, kill_process};
use wattfront::analysis::is_on_front;
use wattfront::record::TRIAL_PHASE;

use crate::bench::{Answer, Bench};

pub const DIGITS: &str = r#"
name = "bench"
seed = 3

[budget]
trials = 4

[[objective]]
metric = "accuracy"
goal = "maximize"

[[objective]]
metric = "energy"
goal = "minimize"
scale = "log"

[sampler]
kind = "gp"
initial = 3

[space]
learning_rate = { float = [1e-3, 1e-2], scale = "log" }
epochs        = { int = [2, 4] }
optimizer     = { choice = ["sgd", "adam"] }
momentum      = { float = [0.5, 0.95], when = { optimizer = "sgd" } }

[energy]
meters = ["estimate"]

[train]
dataset = "digits"
model = "mlp"
width = 64
"#;

fn digits() -> Bench {
    let bench = Bench::new();
    bench.write("study.toml", DIGITS);
    bench
}

#[test]
fn a_trainer_opens_its_device_before_it_is_asked_for_anything_else() {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let bench = digits();
    let mut trainer = Command::new(env!("CARGO_BIN_EXE_optimize-trainer"));
    let trainer = trainer.current_dir(bench.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut worker = trainer.spawn().unwrap();
    let request = r#"{"trial": 0, "seed": 1, "split_seed": 3, "settings": {"dataset": "digits", "epochs": 1}}"#;
    let lines = format!("{{\"prepare\": 3}}\n{request}\nnonsense\n");
    worker.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let said = Answer(worker.wait_with_output().unwrap()).code(0).out();
    let said: Vec<serde_json::Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(said[0], serde_json::json!({}), "ready, and nothing else");
    assert!(said.iter().any(|line| line.get("accuracy").is_some()), "{said:?}");
    assert!(said.last().unwrap()["message"].as_str().unwrap().contains("makes no sense"), "{said:?}");
}

#[test]
fn a_short_study_of_the_digits() {
    let bench = digits();
    bench.optimize(&["study.toml"]).code(0).says("in the optimizer");
    let record = bench.record();
    assert_eq!(bench.finished().len(), 4);
    for trial in record.trials() {
        let result = trial.result().unwrap();
        for metric in ["accuracy", "test_accuracy", "loss", "parameters", "epochs", "train_seconds", "energy"] {
            assert!(result.metrics.contains_key(metric), "{metric} in {:?}", result.metrics);
        }
        assert_eq!(trial.epochs.len() as f64, result.metrics["epochs"], "a row per epoch");
        for row in &trial.epochs {
            for metric in ["loss", "accuracy", "train_accuracy", "seconds"] {
                assert!(row.metrics.contains_key(metric), "{metric} in {:?}", row.metrics);
            }
            assert!(row.energy.as_ref().and_then(|e| e.total()).is_some(), "{row:?}");
        }
        for phase in [TRIAL_PHASE, "train", "evaluate", "test"] {
            assert!(result.energy.contains_key(phase), "{phase} in {:?}", result.energy.keys());
        }
        // The trial contains its parts and is contained in what the attempt spent.
        let seconds = |phase: &str| result.energy[phase].seconds;
        assert!(seconds("train") + seconds("evaluate") <= seconds(TRIAL_PHASE) + 1e-6);
        assert!(seconds(TRIAL_PHASE) + seconds("test") <= trial.spent[0].seconds + 1e-6);
    }
    let best = bench.finished().into_iter().map(|(_, _, m)| m["accuracy"]).fold(0.0, f64::max);
    assert!(best > 0.8, "the digits are learned: {best}");
}

#[test]
fn a_killed_trainer_costs_one_attempt() {
    let bench = digits();
    bench.edit("epochs        = { int = [2, 4] }", "epochs        = { int = [900, 1000] }");
    bench.edit("trials = 4", "trials = 1");
    let study = bench.start();
    bench.wait_for("an epoch", || bench.try_record().is_some_and(|r| r.trials().iter().any(|t| !t.epochs.is_empty())));
    kill_process(trainer_of(study.id()), Signal::KILL).unwrap();
    bench.wait_for("the second attempt", || bench.try_record().is_some_and(|r| r.trial(0).unwrap().attempts == 2));
    let message = bench.record();
    assert_eq!(message.trial(0).unwrap().lost_attempts, 1);
    kill_process(Pid::from_child(&study), Signal::INT).unwrap();
    Answer(study.wait_with_output().unwrap()).code(130).says("worker lost, will be tried again");
}

#[test]
fn a_trainer_that_hangs_is_replaced_and_the_study_goes_on() {
    let bench = digits();
    bench.edit("epochs        = { int = [2, 4] }", "epochs        = { choice = [1500, 1501] }");
    bench.edit("trials = 4", "trials = 2");
    bench.edit("[train]", "[trial]\ntimeout = \"40s\"\n[train]");
    let study = bench.start();
    bench.wait_for("an epoch", || bench.try_record().is_some_and(|r| r.trials().iter().any(|t| !t.epochs.is_empty())));
    kill_process(trainer_of(study.id()), Signal::STOP).unwrap();
    Answer(study.wait_with_output().unwrap()).code(0).says("FAILED timeout");
    let record = bench.record();
    assert!(record.trial(0).unwrap().failure().is_some());
    assert!(record.trial(1).unwrap().result().is_some(), "{:?}", record.trial(1).unwrap().failure());
}

#[test]
fn a_diverging_configuration_fails_and_the_study_goes_on() {
    let bench = digits();
    bench.edit(
        "learning_rate = { float = [1e-3, 1e-2], scale = \"log\" }",
        "learning_rate = { choice = [1e-2, 100.0] }",
    );
    bench.edit("optimizer     = { choice = [\"sgd\", \"adam\"] }", "optimizer     = { choice = [\"sgd\"] }");
    // One that cannot but diverge comes first, and one that cannot.
    let start = |rate: &str| format!("[[start]]\nlearning_rate = {rate}\nmomentum = 0.9\n\n");
    bench.edit("[energy]", &format!("{}{}[energy]", start("100.0"), start("0.01")));
    bench.optimize(&["study.toml"]).code(0).says("FAILED diverged");
    let record = bench.record();
    assert_eq!(record.trial(0).unwrap().failure().unwrap().kind.label(), "diverged");
    assert!(record.trial(1).unwrap().result().is_some(), "{:?}", record.trial(1).unwrap().failure());
    assert_eq!(record.trials().len(), 4);
    for trial in record.trials() {
        match trial.failure() {
            Some(failure) => {
                assert_eq!(failure.kind.label(), "diverged", "{failure:?}");
                assert_eq!(trial.point.number("learning_rate"), Some(100.0));
            }
            None => assert_eq!(trial.point.number("learning_rate"), Some(0.01)),
        }
    }
}

/// The process that trains: the one child of the study that runs the same program.
fn trainer_of(study: u32) -> Pid {
    let children = std::fs::read_to_string(format!("/proc/{study}/task/{study}/children")).unwrap();
    let child = children.split_whitespace().next().expect("a trainer");
    Pid::from_raw(child.parse().unwrap()).unwrap()
}

/// The numbers of the trials whose weights lie in the results, and whether each has its recipe beside it.
fn kept(bench: &Bench) -> Vec<u64> {
    let folder = bench.results().join("checkpoints");
    let names = std::fs::read_dir(&folder).into_iter().flatten().map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    let number = |name: &String| name.strip_prefix("trial-")?.strip_suffix(".safetensors")?.parse().ok();
    let mut numbers: Vec<u64> = names.iter().filter_map(number).collect();
    numbers.sort_unstable();
    assert_eq!(names.len(), 2 * numbers.len(), "{names:?}");
    for trial in &numbers {
        let text = std::fs::read_to_string(folder.join(format!("trial-{trial}.json"))).unwrap();
        let recipe: serde_json::Value = serde_json::from_str(&text).unwrap();
        let record = bench.record();
        let result = record.trial(*trial).unwrap().result().unwrap();
        assert_eq!(recipe["metrics"]["accuracy"].as_f64(), Some(result.metrics["accuracy"]), "trial {trial}");
        assert!(recipe["recipe"]["learning_rate"].is_number());
        assert!(recipe["data"].get("columns").is_none(), "images have none");
    }
    numbers
}

#[test]
fn the_weights_of_the_front_are_kept_with_their_recipes_or_all_or_none() {
    let bench = digits();
    bench.optimize(&["study.toml"]).code(0);
    let record = bench.record();
    let front: Vec<u64> = record.trials().iter().map(|t| t.id).filter(|t| is_on_front(&record, *t)).collect();
    assert_eq!(kept(&bench), front);
    for (keep, expected) in [("all", vec![0, 1, 2, 3]), ("none", vec![])] {
        let bench = digits();
        bench.edit("[train]", &format!("[train]\nkeep = \"{keep}\""));
        bench.optimize(&["study.toml"]).code(0);
        assert_eq!(kept(&bench), expected, "{keep}");
    }
}

#[test]
fn a_table_of_numbers_beside_the_study_file_is_learned() {
    let bench = digits();
    let shade = |n| if n % 2 == 0 { "light" } else { "dark" };
    let row = |n: u32| format!("{},{},{},{}\n", n % 7, shade(n), n % 11, 3 * (n % 7) + 2 * (n % 11) + 100);
    let rows: String = (0..150).map(row).collect();
    bench.write("sums.csv", &format!("a,shade,b,sum\n{rows}"));
    bench.edit(
        "dataset = \"digits\"",
        "dataset = \"./sums.csv\"\ntask = \"regression\"\npreprocessing = \"standardize\"",
    );
    bench.edit("epochs        = { int = [2, 4] }", "epochs        = { int = [100, 120] }");
    bench.edit("trials = 4", "trials = 2");
    bench.optimize(&["study.toml"]).code(2).says("`accuracy` is no metric").says("r2 or rmse");
    bench.edit("metric = \"accuracy\"", "metric = \"r2\"");
    bench.optimize(&["check", "study.toml"]).code(0);
    bench.optimize(&["study.toml"]).code(0);
    for trial in bench.record().trials() {
        let metrics = &trial.result().unwrap().metrics;
        assert!(metrics["rmse"] > 0.0 && metrics["test_r2"] <= 1.0 && !metrics.contains_key("accuracy"), "{metrics:?}");
    }
    // What the network is to be fed with lies beside its weights.
    let described = std::fs::read_dir(bench.results().join("checkpoints")).unwrap().map(|entry| entry.unwrap().path());
    let described: Vec<_> = described.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    assert!(!described.is_empty());
    for path in described {
        let recipe: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let columns =
            serde_json::json!([{"name": "a"}, {"name": "shade", "categories": ["dark", "light"]}, {"name": "b"}]);
        assert_eq!((&recipe["data"]["columns"], &recipe["data"]["shape"]), (&columns, &serde_json::json!([1, 1, 4])));
        assert_eq!(recipe["scaling"].as_array().map(Vec::len), Some(4));
    }
}

#[test]
fn what_telling_samples_takes_can_be_an_objective() {
    let bench = digits();
    bench.edit("\"energy\"", "\"energy.infer.per_1000\"");
    bench.edit("trials = 4", "trials = 2");
    bench.optimize(&["check", "study.toml"]).code(2).says("inference_seconds = 2");
    bench.edit("width = 64", "width = 64\ninference_seconds = 0.3");
    bench.optimize(&["study.toml"]).code(0).says("energy of infer per 1,000 samples");
    for trial in bench.record().trials() {
        let result = trial.result().unwrap();
        let (told, joules) = (result.metrics["infer_samples"], result.metrics["energy.infer.per_1000"]);
        let whole = result.energy["infer"].total().unwrap().0;
        assert!((joules - whole / told * 1000.0).abs() < 1e-9 * joules, "{joules} of {whole} for {told}");
        assert!(result.energy[TRIAL_PHASE].total().unwrap().0 > 0.0);
    }
    let table = std::fs::read_to_string(bench.results().join("trials.csv")).unwrap();
    assert!(table.lines().next().unwrap().contains("energy_infer_per_1000_j"), "{table}");
}

#[test]
fn samples_that_are_judged_by_and_trained_on_are_told_before_the_first_trial() {
    let bench = digits();
    bench.edit("dataset = \"digits\"", "dataset = \"./rows.csv\"\npreprocessing = \"standardize\"");
    bench.edit("trials = 4", "trials = 1");
    // So few rows take less processor time than the kernel counts, unless they are seen often.
    bench.edit("epochs        = { int = [2, 4] }", "epochs        = { int = [600, 700] }");
    let rows = |is_twin: fn(u32) -> bool| {
        let row = |n: u32| {
            format!("{},{}\n", if is_twin(n) { 500 } else { n }, if n.is_multiple_of(2) { "cat" } else { "dog" })
        };
        bench.write("rows.csv", &format!("size,kind\n{}", (0..40).map(row).collect::<String>()));
    };
    // All cats are alike: 4 of them are in each part of 8.
    rows(|n| n % 2 == 0);
    let note = "note: 4 of 8 validation samples and 4 of 8 test samples of `./rows.csv` are bit-identical to training samples;";
    bench.optimize(&["check", "study.toml"]).code(0).says(note);
    let answer = bench.optimize(&["study.toml", "--quiet"]).code(0);
    assert!(!(answer.out() + &answer.err()).contains("note:"), "{}", answer.out());
    bench.optimize(&["study.toml", "--fresh"]).code(0).says(note);
    rows(|_| false);
    let answer = bench.optimize(&["check", "study.toml"]).code(0);
    assert!(!answer.out().contains("bit-identical"), "{}", answer.out());
}

#[test]
fn a_check_tells_of_numbers_that_a_cpu_is_slow_at() {
    let bench = digits();
    let check = |hidden: bool| {
        let mut command = bench.command(&["check", "study.toml"]);
        if hidden {
            command.env("CUDA_VISIBLE_DEVICES", "");
        }
        Answer(command.output().unwrap()).code(0).out()
    };
    bench.edit("[train]", "[train]\nprecision = \"mixed-bfloat16\"");
    assert!(!check(true).contains("note:"));
    bench.edit("mixed-bfloat16", "mixed-float16");
    assert!(check(true).contains("CPUs are slow at `precision` = mixed-float16"));
    bench.edit("precision = \"mixed-float16\"\n", "");
    bench.edit("[space]", "[space]\nprecision = { choice = [\"float32\", \"mixed-float16\"] }");
    assert!(check(true).contains("CPUs are slow at"));
    assert_eq!(check(false).contains("CPUs are slow at"), !wattfront::training::finds_gpu());
}

#[test]
fn data_that_are_not_there_or_do_not_fit_are_told_before_the_first_trial() {
    let refused = |from: &str, to: &str| {
        let bench = digits();
        bench.edit(from, to);
        let answer = bench.optimize(&["study.toml"]).code(2);
        assert!(!bench.results().exists(), "nothing has begun");
        answer
    };
    let dataset = "dataset = \"digits\"";
    refused(dataset, "dataset = \"digitz\"")
        .says("there is no dataset `digitz`")
        .says("did you mean `digits`? a path has");
    refused(dataset, "dataset = \"./nowhere.csv\"").says("nowhere.csv");
    refused(dataset, "dataset = \"digits\"\nlabel = \"x\"").says("`label` is for tables alone");
    let given = "partition = { choice = [\"given\", \"60-20-20\"] }\nlearning_rate =";
    refused("learning_rate =", given).says("`partition` = given is not possible");
    refused(dataset, "dataset = \"digits\"\npartition = \"given\"").says("test part");
    refused(dataset, "dataset = \"digits\"\npartition = \"99.9998-0.0001-0.0001\"").says("validation part empty");
    refused("width = 64", "width = 65536\ndepth = 60").says("`model` = mlp is not possible");
}

#[test]
fn every_study_of_the_project_passes_its_check_without_data() {
    let bench = digits();
    let studies = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("studies");
    let mut checked = 0;
    for entry in std::fs::read_dir(studies).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "toml") {
            let nowhere = bench.path().join("nowhere");
            let output =
                bench.command(&["check", path.to_str().unwrap()]).env("WATTFRONT_DATA", nowhere).output().unwrap();
            let answer = Answer(output).code(0);
            if path.ends_with("resnet50-cifar100.toml") {
                answer.says("`optimize data fetch cifar100` brings it");
            }
            checked += 1;
        }
    }
    assert!(checked >= 5, "{checked}");
}

/// What the dynamic loader would load for a program, one by one.
fn libraries(program: &str) -> String {
    let output = std::process::Command::new(program).env("LD_TRACE_LOADED_OBJECTS", "1").output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn only_the_trainer_loads_libtorch() {
    let (own, trainer) = (env!("CARGO_BIN_EXE_optimize"), env!("CARGO_BIN_EXE_optimize-trainer"));
    let of_torch = |libraries: &str| libraries.lines().any(|line| line.contains("libtorch") || line.contains("libc10"));
    assert!(libraries(own).contains("libc.so"), "{}", libraries(own));
    assert!(!of_torch(&libraries(own)), "{}", libraries(own));
    assert!(of_torch(&libraries(trainer)), "{}", libraries(trainer));
}

#[test]
fn a_trainer_that_is_missing_or_another_one_is_told_before_anything_begins() {
    let bench = digits();
    let moved = bench.path().join("bin/optimize");
    std::fs::create_dir(bench.path().join("bin")).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_optimize"), &moved).unwrap();
    let run = |arguments: &[&str]| {
        Answer(std::process::Command::new(&moved).args(arguments).current_dir(bench.path()).output().unwrap())
    };
    for arguments in [&["check", "study.toml"][..], &["study.toml"]] {
        run(arguments).code(2).says("there is no").says("bin/optimize-trainer").says("make build");
    }
    assert!(!bench.results().exists(), "nothing has begun");
    std::fs::copy("/bin/echo", bench.path().join("bin/optimize-trainer")).unwrap();
    run(&["study.toml"]).code(2).says("does not answer as a trainer");
    // One that says who it is, but is of other sources.
    let program = r##"fn main() { print!("{}", r#"{"trainer":"0.0.9","sources":"other","libtorch":null}"#) }"##;
    bench.write("other.rs", program);
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let made = std::process::Command::new(rustc)
        .args(["-o", "bin/optimize-trainer", "other.rs"])
        .current_dir(bench.path())
        .status();
    assert!(made.unwrap().success());
    run(&["study.toml"]).code(2).says("not of the same build").says("version 0.0.9").says("make build");
    assert!(!bench.results().exists(), "nothing has begun");
}

#[test]
fn a_trainer_whose_file_is_replaced_meanwhile_stays_the_one_that_it_was() {
    let bench = digits();
    bench.edit("epochs        = { int = [2, 4] }", "epochs        = { int = [900, 1000] }");
    bench.edit("trials = 4", "trials = 1");
    std::fs::create_dir(bench.path().join("bin")).unwrap();
    let (own, trainer) = (bench.path().join("bin/optimize"), bench.path().join("bin/optimize-trainer"));
    std::fs::copy(env!("CARGO_BIN_EXE_optimize"), &own).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_optimize-trainer"), &trainer).unwrap();
    let mut study = std::process::Command::new(&own);
    let study = study.arg("study.toml").current_dir(bench.path()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let epochs = |trial: &wattfront::record::TrialRecord| trial.epochs.len();
    bench.wait_for("an epoch", || bench.try_record().is_some_and(|r| r.trial(0).is_some_and(|t| epochs(t) > 0)));
    for path in [&own, &trainer] {
        std::fs::remove_file(path).unwrap();
        std::fs::write(path, "another").unwrap();
    }
    kill_process(trainer_of(study.id()), Signal::KILL).unwrap();
    let again = || bench.try_record().is_some_and(|r| r.trial(0).is_some_and(|t| t.attempts == 2 && epochs(t) > 0));
    bench.wait_for("an epoch of the second attempt", again);
    kill_process(Pid::from_child(&study), Signal::INT).unwrap();
    Answer(study.wait_with_output().unwrap()).code(130);
}

#[test]
fn a_study_trains_in_a_folder_that_has_been_removed() {
    let bench = digits();
    bench.edit("trials = 4", "trials = 1");
    let script = "mkdir gone && cd gone && rmdir ../gone && exec \"$0\" \"$1\" --results \"$2\"";
    let file = bench.path().join("study.toml");
    let arguments =
        [env!("CARGO_BIN_EXE_optimize"), file.to_str().unwrap(), bench.results().to_str().unwrap()].map(str::to_owned);
    let mut shell = std::process::Command::new("sh");
    let output = shell.args(["-c", script]).args(arguments).current_dir(bench.path()).output().unwrap();
    Answer(output).code(0);
    assert_eq!(bench.finished().len(), 1);
}
