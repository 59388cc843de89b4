//! What a study leaves and what the binary prints.

use crate::bench::Bench;

#[test]
fn a_study_leaves_its_files_and_answers_questions() {
    let bench = Bench::new();
    bench.edit("metric = \"cost\"", "metric = \"energy\"");
    // Long enough for a clock of hundredths of a second.
    bench.write("program.py", &format!("sum(range(3_000_000))\n{}", crate::bench::PROGRAM));
    bench.edit("trials = 12", "trials = 6");
    let answer = bench.optimize(&["study.toml"]).code(0).says("ESTIMATED").says("in the optimizer");
    assert_eq!(answer.out().lines().filter(|l| l.starts_with("trial ")).count(), 7, "{}", answer.out());
    for file in ["study.toml", "study.db", "trials.csv", "front.csv", "report.html", "environment.json"] {
        assert!(bench.results().join(file).metadata().unwrap().len() > 0, "{file}");
    }
    let read = |name: &str| std::fs::read_to_string(bench.results().join(name)).unwrap();
    assert_eq!(read("study.toml"), std::fs::read_to_string(bench.path().join("study.toml")).unwrap());
    assert_eq!(read("trials.csv").lines().count(), 7);
    assert!(read("trials.csv").contains(",estimate,"));
    assert!(read("report.html").to_lowercase().contains("estimated"), "an estimate must be impossible to miss");

    assert_eq!(bench.optimize(&["export", "study.toml"]).code(0).out(), read("trials.csv"));
    assert_eq!(bench.optimize(&["export", "results/bench", "--front"]).code(0).out(), read("front.csv"));
    let json = bench.optimize(&["export", "study.toml", "--format", "json"]).code(0).out();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["trials"].as_array().unwrap().len(), 6);
    bench.optimize(&["pick", "study.toml"]).code(0).says("x = ").says("ESTIMATED");
    let picked = bench.optimize(&["pick", "study.toml", "--trial", "0", "--json"]).code(0).out();
    let picked: serde_json::Value = serde_json::from_str(&picked).unwrap();
    assert_eq!(picked["trial"], 0);
    bench
        .optimize(&["pick", "study.toml", "--trial", "77"])
        .code(2)
        .says("the study has no trial 77")
        .says("help: there are 0 to ");
    std::fs::remove_file(bench.results().join("report.html")).unwrap();
    bench.optimize(&["report", "study.toml"]).code(0);
    assert!(bench.results().join("report.html").exists());
}

#[test]
fn a_reader_that_goes_away_does_not_end_the_study() {
    let bench = Bench::new();
    bench.edit("trials = 12", "trials = 4");
    let mut study = bench.start();
    drop(study.stdout.take());
    let status = study.wait().unwrap();
    assert_eq!(status.code(), Some(0));
    assert_eq!(bench.finished().len(), 4);
    assert!(bench.results().join("report.html").exists());
}

#[test]
fn files_that_are_no_results_are_not_written_over() {
    let bench = Bench::new();
    bench.write("report.html", "mine");
    bench.optimize(&["study.toml", "--results", "."]).code(3).says("holds a file");
    bench.optimize(&["study.toml", "--results", ".", "--fresh"]).code(3).says("holds a file");
    assert_eq!(std::fs::read_to_string(bench.path().join("report.html")).unwrap(), "mine");
    assert!(!bench.path().join("study.db").exists());
}

#[test]
fn quiet_prints_only_the_result() {
    let bench = Bench::new();
    bench.edit("trials = 12", "trials = 2");
    let answer = bench.optimize(&["study.toml", "--quiet"]).code(0);
    assert!(answer.out().starts_with("front ("), "{}", answer.out());
}

#[test]
fn results_go_where_they_are_told() {
    let bench = Bench::new();
    bench.edit("trials = 12", "trials = 1");
    bench.optimize(&["study.toml", "--results", "elsewhere/deep"]).code(0);
    assert!(bench.path().join("elsewhere/deep/study.db").exists());
    assert!(!bench.path().join("results").exists());
    bench.optimize(&["pick", "study.toml", "--results", "elsewhere/deep"]).code(0);
}

#[test]
fn devices_says_what_can_be_metered() {
    let bench = Bench::new();
    bench.optimize(&["devices"]).code(0).says("ESTIMATED");
    let json = bench.optimize(&["devices", "--json"]).code(0).out();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(json["entries"].as_array().is_some_and(|entries| !entries.is_empty()));
}

#[test]
fn check_says_what_would_run() {
    let bench = Bench::new();
    bench.optimize(&["check", "study.toml"]).code(0).says("12 trials").says("kind");
    assert!(!bench.path().join("results").exists());
}
