//! Grams and money: from the study file or the command line to every output, and into no result.

use serde_json::Value;

use crate::bench::Bench;

const GERMANY: &str = "[carbon]\nintensity = 350\nsource = \"ENTSO-E, Germany\"\ndate = \"2026-10\"\npue = 1.2\nprice = 0.32\n\
                       currency = \"EUR\"\n\n[energy]";

fn bench() -> Bench {
    let bench = Bench::new();
    bench.edit("trials = 12", "trials = 4");
    bench
}

fn export(bench: &Bench, arguments: &[&str]) -> Value {
    let arguments = [&["export", "--format", "json"], arguments].concat();
    serde_json::from_str(&bench.optimize(&arguments).code(0).out()).unwrap()
}

/// Checks that the grams of the whole search are those of its joules.
#[track_caller]
fn check_grams(json: &Value, intensity: f64, pue: f64) {
    let joules = json["totals"]["spent_j"].as_f64().unwrap();
    let grams = json["carbon"]["spent"]["co2e_g"].as_f64().unwrap();
    assert!((grams - joules / 3.6e6 * intensity * pue).abs() <= 1e-12 * grams, "{grams} g of {joules} J");
    assert_eq!(json["carbon"]["at"]["intensity_g_per_kwh"], intensity);
    assert_eq!(json["carbon"]["at"]["pue"], pue);
    assert_eq!(json["carbon"]["spent"]["estimated"], true);
}

#[test]
fn a_study_that_says_nothing_of_its_electricity_is_shown_at_the_world_average() {
    let bench = bench();
    let basis = "at 475 g/kWh (world average, IEA, 2018), PUE 1";
    bench.optimize(&["study.toml"]).code(0).says("CO2e (ESTIMATED) for the whole search, ").says(basis);
    bench.optimize(&["pick", "study.toml"]).code(0).says("# each run: ").says(basis);
    assert!(std::fs::read_to_string(bench.results().join("report.html")).unwrap().contains(basis));
    let json = export(&bench, &["study.toml"]);
    check_grams(&json, 475.0, 1.0);
    assert_eq!(json["carbon"]["at"]["world_average"], true);
    assert_eq!(json["carbon"]["spent"]["cost"], Value::Null);
    for table in ["trials.csv", "front.csv"] {
        assert!(
            !std::fs::read_to_string(bench.results().join(table)).unwrap().contains("co2"),
            "tables have joules alone"
        );
    }
}

#[test]
fn another_carbon_is_the_same_study_and_changes_only_what_is_shown() {
    let bench = bench();
    bench.optimize(&["study.toml"]).code(0);
    let (before, finished) = (bench.record(), bench.finished());
    bench.edit("[energy]", GERMANY);
    bench
        .optimize(&["check", "study.toml"])
        .code(0)
        .says("350 g/kWh (ENTSO-E, Germany, 2026-10), PUE 1.2, 0.32 EUR/kWh");

    // A folder speaks by the file as last run, a file for itself.
    bench.optimize(&["report", "results/bench"]).code(0).says("at 475 g/kWh");
    bench.optimize(&["report", "study.toml"]).code(0).says("at 350 g/kWh (ENTSO-E, Germany, 2026-10), PUE 1.2");
    check_grams(&export(&bench, &["results/bench"]), 475.0, 1.0);
    check_grams(&export(&bench, &["study.toml"]), 350.0, 1.2);
    assert_eq!(bench.record(), before);

    bench.optimize(&["study.toml"]).code(0).says("at 350 g/kWh").says("EUR (ESTIMATED)");
    assert_eq!(bench.record(), before, "a resume for the sake of [carbon] adds no event");
    let json = export(&bench, &["results/bench"]);
    check_grams(&json, 350.0, 1.2);
    let cost = json["carbon"]["spent"]["cost"].as_f64().unwrap();
    let joules = json["totals"]["spent_j"].as_f64().unwrap();
    assert!((cost - joules / 3.6e6 * 1.2 * 0.32).abs() <= 1e-12 * cost, "{cost}");
    assert_eq!(json["carbon"]["at"]["currency"], "EUR");

    // Trials that are run by another [carbon] are those that would have been run.
    bench.optimize(&["study.toml", "--trials", "8"]).code(0);
    let other = Bench::new();
    other.edit("trials = 12", "trials = 8");
    other.optimize(&["study.toml"]).code(0);
    assert_eq!(bench.finished(), other.finished());
    assert_eq!(bench.finished()[..4], finished);
}

#[test]
fn arguments_come_before_the_study_file() {
    let bench = bench();
    bench.edit("[energy]", GERMANY);
    bench.optimize(&["study.toml"]).code(0);
    let arguments = ["study.toml", "--carbon-intensity", "56", "--pue", "1.5"];
    check_grams(&export(&bench, &arguments), 56.0, 1.5);
    check_grams(&export(&bench, &["results/bench", "--pue", "1.58"]), 350.0, 1.58);
    let basis = "at 56 g/kWh (by --carbon-intensity), PUE 1.5";
    bench.optimize(&[&["pick"], &arguments[..]].concat()).code(0).says(basis);
    bench.optimize(&[&["report"], &arguments[..]].concat()).code(0).says(basis);
    let picked = bench.optimize(&["pick", "results/bench", "--json", "--carbon-intensity", "0"]).code(0).out();
    let picked: Value = serde_json::from_str(&picked).unwrap();
    assert_eq!(picked["carbon"]["run"]["co2e_g"], 0.0);
    for (argument, value, reason) in [
        ("--carbon-intensity", "0.35", "0.35 kg/kWh are 350 g/kWh"),
        ("--carbon-intensity", "much", "`much` is no number"),
        ("--pue", "0.58", "an overhead of 0.58 is 1.58"),
        ("--pue", "nan", "from 1 to 10"),
    ] {
        bench.optimize(&["report", "study.toml", argument, value]).code(2).says(reason);
    }
    bench.optimize(&["export", "study.toml", "--pue", "1.2"]).code(2).says("go with --format json");
}

#[test]
fn what_the_results_folder_cannot_say_is_no_reason_to_say_nothing() {
    let bench = bench();
    bench.edit("[energy]", GERMANY);
    bench.optimize(&["study.toml"]).code(0);
    let file = bench.results().join("study.toml");
    std::fs::write(&file, "[carbon]\nintensity = 350\n").unwrap();
    let answer = bench.optimize(&["report", "results/bench"]).code(0);
    answer.says("warning: results/bench/study.toml cannot be read").says("at 475 g/kWh (world average, IEA, 2018)");
    std::fs::remove_file(&file).unwrap();
    let answer = bench.optimize(&["report", "results/bench"]).code(0).says("at 475 g/kWh (world average, IEA, 2018)");
    assert_eq!(answer.err(), "");
    // A file that has become another study says nothing of these trials.
    bench.edit("seed = 5", "seed = 6");
    bench.optimize(&["report", "study.toml"]).code(0).says("at 475 g/kWh");
    bench.edit("intensity = 350", "intensity = 0.35");
    bench.optimize(&["report", "study.toml"]).code(2).says("study.toml:").says("0.35 kg/kWh are 350 g/kWh");
}
