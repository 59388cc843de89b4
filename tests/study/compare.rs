//! Samplers compared by the real binary: run in turn, killed, resumed, extended, and given what is wrong.

use std::path::PathBuf;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use wattfront::optimizer::problem::Metrics;
use wattfront::optimizer::space::Point;
use wattfront::record::StudyRecord;
use wattfront::study::store::{SqliteStore, Store};

use crate::bench::{Answer, Bench};

fn bench(trials: u32) -> Bench {
    let bench = Bench::new();
    bench.edit("trials = 12", &format!("trials = {trials}"));
    bench
}

fn compare(bench: &Bench, samplers: &str, seeds: &str, more: &[&str]) -> Answer {
    let arguments = ["compare", "study.toml", "--samplers", samplers, "--seeds", seeds];
    bench.optimize(&[&arguments, more].concat())
}

fn folder(bench: &Bench) -> PathBuf {
    bench.path().join("results/bench-compare")
}

fn try_record(bench: &Bench, run: &str) -> Option<StudyRecord> {
    let store = SqliteStore::open_to_read(&folder(bench).join(run).join("study.db")).ok()?;
    StudyRecord::from_entries(store.load().ok()?).ok()
}

/// Points and outcomes of the finished trials of a run.
fn finished(bench: &Bench, run: &str) -> Vec<(Point, Metrics)> {
    let record = try_record(bench, run).unwrap_or_else(|| panic!("no run {run}"));
    record.trials().iter().filter_map(|t| Some((t.point.clone(), t.result()?.metrics.clone()))).collect()
}

fn last_events(bench: &Bench, runs: &[&str]) -> Vec<u64> {
    runs.iter().map(|run| try_record(bench, run).unwrap().last_seq()).collect()
}

fn json_of(answer: &Answer) -> serde_json::Value {
    serde_json::from_str(&answer.out()).unwrap()
}

#[test]
fn a_comparison_leaves_ordinary_studies_and_says_what_they_show() {
    let bench = bench(6);
    let answer = compare(&bench, "sobol,random", "2", &[]).code(0);
    let out = answer.out();
    let runs: Vec<&str> = out.lines().filter(|l| l.starts_with("run ")).collect();
    let order: Vec<_> = runs.iter().map(|l| l.split("  ").nth(1).unwrap().trim()).collect();
    assert_eq!(order, ["sobol, seed 5", "random, seed 5", "random, seed 6", "sobol, seed 6"], "{out}");
    assert!(runs.iter().all(|l| l.contains("6 trials: 6 finished") && l.contains("ESTIMATED")), "{out}");
    let (_, closing) = out.split_once("bench: ").unwrap();
    assert!(closing.lines().all(|line| line.chars().count() <= 80), "{closing}");
    // What does not depend on energy and time is the same everywhere.
    let (_, tests) = closing.split_once("\n\nagainst").unwrap();
    let (tests, _) = tests.split_once("\nEnergy is").unwrap();
    insta::assert_snapshot!(tests);
    let reference = closing.lines().find(|l| l.starts_with("reference")).unwrap();
    assert!(reference.contains("accuracy") && reference.ends_with("(inferred from all runs)"), "{reference}");

    for file in
        ["study.toml", "comparison.html", "comparison.json", "samplers.csv", "runs.csv", "curves.csv", "attainment.csv"]
    {
        assert!(folder(&bench).join(file).metadata().unwrap().len() > 0, "{file}");
    }
    let read = |name: &str| std::fs::read_to_string(folder(&bench).join(name)).unwrap();
    assert_eq!(read("runs.csv").lines().count(), 1 + 4 * 6);
    assert!(read("runs.csv").contains(",estimate,total,"));
    assert!(read("comparison.html").contains("(ESTIMATED energy)"), "an estimate must be impossible to miss");
    for (run, sampler, seed) in [("sobol-5", "sobol", 5), ("sobol-6", "sobol", 6), ("random-5", "random", 5)] {
        let record = try_record(&bench, run).unwrap();
        let header = record.header();
        assert_eq!(
            (header.sampler.as_str(), header.seed.0, header.name.as_str()),
            (sampler, seed, &*format!("bench-{run}"))
        );
        assert!(folder(&bench).join(run).join("report.html").exists());
    }
    bench.optimize(&["pick", "results/bench-compare/sobol-5"]).code(0).says("x = ");
    let own = "results/bench-compare/random-6";
    bench.optimize(&[&format!("{own}/study.toml"), "--results", own]).code(0).says("the budget is spent: 6 trials");
}

#[test]
fn the_answer_of_json_is_that_of_the_file() {
    let bench = bench(3);
    let answer = compare(&bench, "random,sobol", "1", &["--json"]).code(0);
    let value = json_of(&answer);
    let keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    insta::assert_snapshot!(keys.join(" "));
    assert_eq!(answer.out(), std::fs::read_to_string(folder(&bench).join("comparison.json")).unwrap());
    assert_eq!((&value["format"], &value["seeds"]), (&"wattfront-comparison".into(), &serde_json::json!([5])));
    assert_eq!(value["samplers"][1]["versus"]["verdict"], "too few seeds");
    assert!(value["sentence"].as_str().unwrap().starts_with("with 1 seed no difference from random can be shown"));
    let quiet = compare(&bench, "random,sobol", "1", &["--quiet"]).code(0);
    assert!(quiet.out().starts_with("bench: random, sobol on 1 seed, against random"), "{}", quiet.out());
}

#[test]
fn seeds_samplers_and_trials_can_be_added_and_nothing_is_run_again() {
    let bench = bench(3);
    compare(&bench, "random,sobol", "1", &[]).code(0);
    let runs = ["random-5", "sobol-5"];
    let before = last_events(&bench, &runs);
    // Somebody was stopped before this was written.
    let report = folder(&bench).join("sobol-5/report.html");
    let whole = std::fs::read(&report).unwrap();
    std::fs::write(&report, &whole[..whole.len() / 2]).unwrap();
    compare(&bench, "random,sobol", "1", &[]).code(0).says("2 of 2 runs are done already");
    assert_eq!(last_events(&bench, &runs), before);
    assert_eq!(std::fs::read(&report).unwrap(), whole);
    let answer = compare(&bench, "gp,random,sobol", "2", &[]).code(0).says("2 of 6 runs are done already");
    assert_eq!(answer.out().lines().filter(|l| l.starts_with("run ")).count(), 4);
    assert_eq!(last_events(&bench, &runs), before);
    // What is there and not named is not compared, but not forgotten either.
    compare(&bench, "gp,random", "2", &[]).code(0).says("there are runs of sobol too");
    compare(&bench, "random,sobol", "1", &["--trials", "5"]).code(0).says("run 2 of 2");
    assert_eq!((finished(&bench, "sobol-5").len(), finished(&bench, "sobol-6").len()), (5, 3));
    // Looking at fewer trials does not need others.
    let value = json_of(&compare(&bench, "random,sobol", "2", &["--json"]).code(0));
    assert!(value["runs"].as_array().unwrap().iter().all(|run| run["steps"].as_array().unwrap().len() == 3));
    compare(&bench, "random,sobol", "1", &["--fresh"]).code(0).says("bench-compare.1");
    assert!(bench.path().join("results/bench-compare.1/gp-5/study.db").exists());
    assert_eq!(finished(&bench, "sobol-5").len(), 3);
}

#[test]
fn killed_at_any_moment_it_goes_on_to_the_same_end() {
    let whole = bench(8);
    compare(&whole, "gp,random", "2", &[]).code(0);
    let killed = bench(8);
    for run in ["gp-5", "random-5", "random-6"] {
        let arguments = ["compare", "study.toml", "--samplers", "gp,random", "--seeds", "2"];
        let mut child = killed.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let some = || try_record(&killed, run).is_some_and(|record| record.counted_trials() >= 2);
        killed.wait_for("some trials", some);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    compare(&killed, "gp,random", "2", &[]).code(0).says("runs are done already");
    for run in ["gp-5", "random-5", "gp-6", "random-6"] {
        assert_eq!(finished(&killed, run), finished(&whole, run), "{run}");
    }
}

#[test]
fn ctrl_c_ends_it_in_good_order_and_it_goes_on_later() {
    let bench = bench(200);
    let arguments = ["compare", "study.toml", "--samplers", "random,sobol", "--seeds", "2"];
    let child = bench.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    bench.wait_for("some trials", || try_record(&bench, "random-5").is_some_and(|r| r.counted_trials() >= 2));
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let answer = Answer(child.wait_with_output().unwrap()).code(130).says("run the same command again to go on");
    assert!(answer.out().contains("stopping: the running trial is being ended"), "{}", answer.out());
    let record = try_record(&bench, "random-5").unwrap();
    assert_eq!(record.sessions().last().unwrap().end.as_deref(), Some("interrupted"));
    assert!(try_record(&bench, "sobol-5").is_none(), "the next run is not begun");
    bench.edit("trials = 200", "trials = 4");
    compare(&bench, "random,sobol", "1", &[]).code(0);
}

#[test]
fn a_run_that_goes_wrong_is_named() {
    let bench = bench(2);
    compare(&bench, "random,sobol", "1", &[]).code(0);
    bench.edit("x = { float = [0.0, 1.0] }", "x = { float = [0.0, 0.5] }");
    let refused = compare(&bench, "random,sobol", "1", &[]).code(3).says("error: random, seed 5: ").says("space.x");
    assert!(refused.err().contains("--fresh"), "{}", refused.err());
    bench.edit("x = { float = [0.0, 0.5] }", "x = { float = [0.0, 1.0] }");
    std::fs::create_dir_all(folder(&bench).join("sobol-6")).unwrap();
    std::fs::write(folder(&bench).join("sobol-6/report.html"), "mine").unwrap();
    compare(&bench, "random,sobol", "2", &[]).code(3).says("error: sobol, seed 6: ").says("holds a file report.html");
    assert_eq!(finished(&bench, "random-5").len(), 2);
}

#[test]
fn other_preferences_are_refused_before_anything_runs() {
    let bench = bench(2);
    compare(&bench, "random,sobol", "1", &[]).code(0);
    let before = last_events(&bench, &["random-5", "sobol-5"]);
    let study = std::fs::read_to_string(bench.path().join("study.toml")).unwrap();
    let prefers = format!("{study}\n[preference.accuracy]\nat_least = 0.5\n");
    bench.write("study.toml", &prefers);
    compare(&bench, "random,sobol", "2", &[])
        .code(3)
        .says("error: random, seed 5: ")
        .says("restore them")
        .says("--fresh");
    assert_eq!(last_events(&bench, &["random-5", "sobol-5"]), before);
    assert!(try_record(&bench, "random-6").is_none());
    assert_eq!(std::fs::read_to_string(folder(&bench).join("study.toml")).unwrap().matches("preference").count(), 0);
    compare(&bench, "random,sobol", "1", &["--fresh"]).code(0).says("bench-compare.1");
    bench.write("study.toml", &study);
    // What was never run is put aside, too.
    compare(&bench, "gp,random", "1", &["--fresh"]).code(0).says("bench-compare.2");
}

#[test]
fn failures_of_trials_are_told_and_their_joules_count() {
    let bench = Bench::with_program(&format!(
        "import os, sys\nif float(os.environ['WATTFRONT_X']) > 0.6: sys.exit(3)\n{}",
        crate::bench::PROGRAM
    ));
    bench.edit("trials = 12", "trials = 8");
    let value = json_of(&compare(&bench, "random,sobol", "2", &["--json"]).code(0));
    let runs = value["runs"].as_array().unwrap();
    let steps: Vec<_> = runs.iter().flat_map(|run| run["steps"].as_array().unwrap()).collect();
    let failed = steps.iter().filter(|step| step["failed"] == true).count();
    assert!((1..32).contains(&failed) && steps.len() == 32, "{failed} of {}", steps.len());
    for run in runs {
        let steps = run["steps"].as_array().unwrap();
        let spent: Vec<f64> = steps.iter().map(|s| s["spent_j"].as_f64().unwrap()).collect();
        assert!(spent.is_sorted() && (run["spent_j"].as_f64().unwrap() - spent[7]).abs() < 1e-9);
    }
}

#[test]
fn what_makes_no_comparison_is_refused_before_anything_is_made() {
    let bench = bench(2);
    compare(&bench, "gp,rnadom", "2", &[]).code(2).says("no sampler `rnadom`").says("did you mean `random`?");
    compare(&bench, "gp,quantum", "2", &[]).code(2).says("the samplers are: gp");
    compare(&bench, "gp", "2", &[]).code(2).says("at least two samplers");
    compare(&bench, "gp,gp", "2", &[]).code(2).says("named twice");
    compare(&bench, "gp,random", "0", &[]).code(2).says("--seeds must be from 1 to");
    compare(&bench, "gp,random", "many", &[]).code(2).says("invalid value");
    compare(&bench, "gp,random", "2", &["--trials", "0"]).code(2).says("--trials must be at least 1");
    bench.optimize(&["compare", "study.toml", "--seeds", "2"]).code(2).says("--samplers");
    bench
        .optimize(&["compare", "nowhere.toml", "--samplers", "gp,random", "--seeds", "2"])
        .code(2)
        .says("nowhere.toml");
    bench.edit("[command]\nargv = [\"python3\", \"program.py\", \"{x}\"]\ncwd = \".\"\n", "");
    compare(&bench, "gp,random", "2", &[]).code(2).says("[train]").says("[command]");
    assert!(!bench.path().join("results").exists());
}

#[test]
fn a_folder_of_something_else_is_left_alone() {
    let bench = bench(1);
    bench.optimize(&["study.toml"]).code(0);
    compare(&bench, "random,sobol", "1", &["--results", "results/bench"])
        .code(3)
        .says("holds study.db but no comparison");
    bench.write("comparison.html", "mine");
    compare(&bench, "random,sobol", "1", &["--results", "."]).code(3).says("holds ");
    assert_eq!(std::fs::read_to_string(bench.path().join("comparison.html")).unwrap(), "mine");
}

#[test]
fn where_nothing_finishes_there_is_nothing_to_compare() {
    let bench = Bench::with_program("raise SystemExit(1)\n");
    bench.edit("trials = 12", "trials = 2");
    compare(&bench, "random,sobol", "1", &[]).code(5).says("no trial of any run has finished");
}

#[test]
fn a_study_does_not_hide_a_comparison() {
    let bench = bench(3);
    compare(&bench, "random,sobol", "1", &[]).code(0);
    for more in [&[][..], &["--fresh"]] {
        let arguments = [&["study.toml", "--results", "results/bench-compare"], more].concat();
        bench.optimize(&arguments).code(3).says("holds a comparison of samplers").says("--results");
    }
    assert!(!folder(&bench).join("study.db").exists());
    compare(&bench, "random,sobol", "1", &[]).code(0);
    // A folder of studies is none, whatever they are called.
    bench.optimize(&["study.toml", "--results", "results"]).code(0);
}
