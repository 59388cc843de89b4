//! `optimize confirm` and `optimize train`: trials again, with other seeds.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use wattfront::analysis::is_on_front;
use wattfront::optimizer::Seed;
use wattfront::record::StudyRecord;
use wattfront::study::store::{SqliteStore, Store};

use crate::bench::Bench;

/// A program whose accuracy depends on the seed, and which fails with some.
const PROGRAM: &str = r#"
import json, os
x, n, seed = float(os.environ["WATTFRONT_X"]), int(os.environ["WATTFRONT_N"]), int(os.environ["WATTFRONT_SEED"])
if os.path.exists("fails") and seed % 2:
    raise SystemExit("this seed is odd")
noise = (seed % 1000) / 1e5
print(json.dumps({"accuracy": 0.9 - (x - 0.3) ** 2 - 1 / n + noise, "cost": n * (1 + x), "told_seed": seed}))
"#;

fn searched() -> Bench {
    let bench = Bench::with_program(PROGRAM);
    bench.optimize(&["study.toml"]).code(0);
    bench
}

fn read(folder: &Path) -> StudyRecord {
    let store = SqliteStore::open_to_read(&folder.join("study.db")).unwrap();
    StudyRecord::from_entries(store.load().unwrap()).unwrap()
}

fn confirmed(bench: &Bench) -> PathBuf {
    bench.results().join("confirm")
}

fn front(bench: &Bench) -> Vec<u64> {
    let record = bench.record();
    record.trials().iter().map(|trial| trial.id).filter(|id| is_on_front(&record, *id)).collect()
}

#[test]
fn the_front_is_run_again_with_seeds_that_the_search_has_not_seen() {
    let bench = searched();
    let (before, front) = (bench.record(), front(&bench));
    let answer = bench.optimize(&["confirm", "study.toml", "--seeds", "3"]).code(0);
    answer.says("mean [95 %]").says("Over 3 seeds, trial").says("confirm/report.html");
    assert_eq!(bench.record(), before, "the study stays as it was");
    let again = read(&confirmed(&bench));
    assert_eq!(again.trials().len(), 3 * front.len());
    let known: Vec<u64> = (0..1000).map(|trial| Seed(5).of_trial(trial)).collect();
    for id in &front {
        let point = &before.trial(*id).unwrap().point;
        let seeds: Vec<u64> =
            again.trials_of(point).map(|run| run.result().unwrap().metrics["told_seed"] as u64).collect();
        assert_eq!(seeds, (0..3).map(|n| again.header().seed.of_trial(n)).collect::<Vec<_>>(), "trial {id}");
        assert!(seeds.iter().all(|seed| !known.contains(seed)));
    }
    for file in ["report.html", "confirmation.json", "figures.csv", "runs.csv"] {
        assert!(confirmed(&bench).join(file).exists(), "{file}");
    }
    let runs = std::fs::read_to_string(confirmed(&bench).join("runs.csv")).unwrap();
    assert_eq!(runs.lines().count(), 1 + 3 * front.len());
}

#[test]
fn means_are_of_what_was_reported_and_more_seeds_add_to_them() {
    let bench = searched();
    let id = front(&bench)[0];
    let json = |seeds: &str| {
        let answer = bench.optimize(&["confirm", "study.toml", "--trial", &id.to_string(), "--seeds", seeds, "--json"]);
        serde_json::from_str::<serde_json::Value>(&answer.code(0).out()).unwrap()
    };
    let two = json("2");
    assert_eq!((&two["seeds"], &two["trials"][0]["trial"]), (&2.into(), &id.into()));
    let four = json("4");
    let trial = &four["trials"][0];
    let values: Vec<f64> =
        trial["runs"].as_array().unwrap().iter().map(|run| run["metrics"]["accuracy"].as_f64().unwrap()).collect();
    assert_eq!(values.len(), 4);
    assert_eq!(
        trial["runs"].as_array().unwrap()[..2],
        two["trials"][0]["runs"].as_array().unwrap()[..],
        "the first two stay"
    );
    let mean = trial["metrics"]["accuracy"]["mean"].as_f64().unwrap();
    assert!((mean - values.iter().sum::<f64>() / 4.0).abs() < 1e-12);
    // Fewer than there are run nothing, and tell all.
    assert_eq!(json("1"), four);
    // So do the files, whatever was asked for last.
    bench.optimize(&["confirm", "study.toml", "--seeds", "1"]).code(0);
    bench.optimize(&["confirm", "study.toml", "--trial", &id.to_string(), "--seeds", "1"]).code(0);
    let text = std::fs::read_to_string(confirmed(&bench).join("confirmation.json")).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(kept["trials"].as_array().unwrap().len(), front(&bench).len());
}

#[test]
fn killed_it_goes_on_and_anew_it_keeps_the_old() {
    let bench = searched();
    let runs = 4 * front(&bench).len();
    let mut child = bench
        .command(&["confirm", "study.toml", "--seeds", "4"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    bench.wait_for("some runs", || {
        let done = || Some(read_if_there(&confirmed(&bench))?.counted_trials());
        done().is_some_and(|done| done >= 2)
    });
    child.kill().unwrap();
    child.wait().unwrap();
    bench.optimize(&["confirm", "study.toml", "--seeds", "4"]).code(0);
    let again = read(&confirmed(&bench));
    assert_eq!(again.counted_trials(), runs as u64);
    bench.optimize(&["confirm", "study.toml", "--seeds", "1", "--fresh"]).code(0).says("confirm.1");
    assert_eq!(read(&confirmed(&bench).with_file_name("confirm.1")), again);
}

fn read_if_there(folder: &Path) -> Option<StudyRecord> {
    let store = SqliteStore::open_to_read(&folder.join("study.db")).ok()?;
    StudyRecord::from_entries(store.load().ok()?).ok()
}

#[test]
fn seeds_that_fail_are_told_and_no_result_at_all_is_a_failure() {
    let bench = searched();
    bench.write("fails", "");
    let front = front(&bench);
    bench.optimize(&["confirm", "study.toml", "--seeds", "6"]).code(0).says(" of 6").says("this seed is odd");
    let again = read(&confirmed(&bench));
    assert_eq!(again.counted_trials(), 6 * front.len() as u64, "failures count");
    bench.write("program.py", "raise SystemExit('never')");
    let id = front[0].to_string();
    bench
        .optimize(&["confirm", "study.toml", "--fresh", "--seeds", "2", "--trial", &id])
        .code(5)
        .says("no trial has finished with any new seed");
    let again = ["confirm", "study.toml", "--seeds", "2", "--trial", &id];
    bench.optimize(&again).code(5).says("nothing was left to run").says("--fresh");
}

#[test]
fn what_cannot_be_run_again_is_said() {
    let bench = Bench::with_program(PROGRAM);
    bench.optimize(&["confirm", "study.toml"]).code(5).says("no study");
    bench.edit("trials = 12", "trials = 3");
    bench.optimize(&["study.toml"]).code(0);
    let refused = |arguments: &[&str], code, text: &str| {
        bench.optimize(&[&["confirm", "study.toml"], arguments].concat()).code(code).says(text);
    };
    refused(&["--trial", "9"], 2, "there are 0 to 2");
    refused(&["--seeds", "0"], 2, "from 1 to");
    refused(&["--seeds", "100000"], 2, "from 1 to");
    bench.optimize(&["train", "study.toml", "--trial", "0"]).code(2).says("optimize confirm study.toml --trial N");
    bench.edit("{ int = [2, 64]", "{ int = [2, 32]");
    refused(&[], 3, "space.n.int");
    assert!(!confirmed(&bench).exists(), "nothing was begun");
    bench.edit("{ int = [2, 32]", "{ int = [2, 64]");
    std::fs::create_dir(confirmed(&bench)).unwrap();
    std::fs::write(confirmed(&bench).join("report.html"), "mine").unwrap();
    refused(&["--seeds", "1"], 3, "report.html");
    assert_eq!(std::fs::read_to_string(confirmed(&bench).join("report.html")).unwrap(), "mine");
}

#[cfg(feature = "torch")]
mod torch {
    use super::*;

    fn digits() -> Bench {
        let bench = Bench::new();
        bench.write("study.toml", crate::train::DIGITS);
        bench.edit("trials = 4", "trials = 3");
        bench.optimize(&["study.toml"]).code(0);
        bench
    }

    #[test]
    fn one_configuration_is_trained_for_longer_with_other_settings_and_its_weights_are_kept() {
        let bench = digits();
        let trial = |id: u64| bench.record().trial(id).unwrap().clone();
        let with_sgd = (0..3).find(|id| trial(*id).point.get("momentum").is_some());
        let id = with_sgd.unwrap_or(0).to_string();
        let longer =
            ["train", "study.toml", "--trial", &id, "--epochs", "6", "--set", "optimizer=adamw", "--seeds", "2"];
        bench.optimize(&longer).code(0).says("weights").says("2 new seeds");
        let folder = bench.results().join(format!("train/trial-{id}-epochs-6-optimizer-adamw"));
        let again = read(&folder);
        assert_eq!(again.trials().len(), 2);
        for run in again.trials() {
            assert_eq!(run.result().unwrap().metrics["epochs"], 6.0);
            let text = std::fs::read_to_string(folder.join(format!("trial-{}.json", run.id))).unwrap();
            let beside: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!((&beside["recipe"]["optimizer"], &beside["recipe"]["epochs"]), (&"adamw".into(), &6.into()));
            assert!(beside["recipe"]["momentum"].is_null(), "adamw has none");
            assert_eq!(beside["split_seed"], 3, "the samples of the study");
            assert!(folder.join(format!("trial-{}.safetensors", run.id)).exists());
        }
        let text = std::fs::read_to_string(folder.join("confirmation.json")).unwrap();
        let told: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(told["changes"], serde_json::json!(["epochs = 6", "optimizer = adamw"]));
        let page = std::fs::read_to_string(folder.join("report.html")).unwrap();
        assert!(page.contains("with epochs = 6, optimizer = adamw"), "{page}");
        // As it was, it is another folder.
        bench.optimize(&["train", "study.toml", "--trial", &id]).code(0).says("One value has no interval");
        assert!(bench.results().join(format!("train/trial-{id}/trial-0.safetensors")).exists());
        bench.optimize(&["train", "study.toml", "--set", "momentum"]).code(2).says("NAME=VALUE");
        bench.optimize(&["train", "study.toml", "--set", "speed=3"]).code(2).says("no training setting `speed`");
        bench.optimize(&["train", "study.toml", "--epochs", "0"]).code(2).says("epochs");
        bench.optimize(&["train", "study.toml", "--set", "dataset=digit"]).code(2).says("did you mean `digits`?");
        assert!(!bench.results().join(format!("train/trial-{id}-dataset-digit")).exists(), "nothing was begun");
    }

    #[test]
    fn what_telling_samples_takes_is_told_of_a_training_that_is_asked_for_it() {
        let bench = digits();
        let infers = ["train", "study.toml", "--set", "inference_seconds=0.2", "--seeds", "2"];
        bench.optimize(&infers).code(0).says("energy of infer per 1,000 samples, mean [95 %]");
    }

    #[test]
    fn a_preference_that_changed_decides_what_is_trained() {
        let bench = digits();
        let picked = |text: &str| -> u64 { text.split_whitespace().nth(2).unwrap().parse().unwrap() };
        bench.edit("[energy]", "[preference]\naccuracy = { weight = 50 }\n\n[energy]");
        let wanted = picked(&bench.optimize(&["pick", "study.toml"]).code(0).out());
        bench.optimize(&["train", "study.toml"]).code(0);
        assert!(bench.results().join(format!("train/trial-{wanted}")).exists());
    }

    #[test]
    fn the_same_seed_trains_the_same_network_again() {
        let bench = digits();
        bench.optimize(&["confirm", "study.toml", "--seeds", "1"]).code(0);
        let first = read(&confirmed(&bench));
        bench.optimize(&["confirm", "study.toml", "--seeds", "1", "--fresh"]).code(0);
        let second = read(&confirmed(&bench));
        let losses = |record: &StudyRecord| -> Vec<f64> {
            record.trials().iter().map(|trial| trial.result().unwrap().metrics["loss"]).collect()
        };
        assert_eq!(losses(&first), losses(&second));
    }
}
