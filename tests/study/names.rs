//! What a program tells in a way that is not read, or under another name: found at its first trial, and told with what to do.

use wattfront::record::TrialState;

use crate::bench::{Answer, Bench, PROGRAM};

/// A study whose program prints `last` in the place of its metrics.
fn printing(last: &str) -> Bench {
    Bench::with_program(
        &PROGRAM
            .replace("print(json.dumps({\"accuracy\"", &format!("{last}\n(lambda *_: 0)(json.dumps({{\"accuracy\"")),
    )
}

#[track_caller]
fn stops_at_once(bench: &Bench, says: &[&str]) -> Answer {
    let answer = says.iter().fold(bench.optimize(&["study.toml"]).code(6), |answer, text| answer.says(text));
    for text in says.iter().filter(|text| text.starts_with("it is ") || text.starts_with("behind")) {
        assert_eq!(answer.out().matches(text).count(), 1, "said once: {}", answer.out());
    }
    let record = bench.record();
    assert_eq!(record.trials().len(), 1, "one training");
    assert!(matches!(record.trials()[0].state, TrialState::Waiting(_)), "it is not held against its point");
    answer
}

#[test]
fn a_wrong_name_stops_at_the_first_trial_and_whoever_mends_it_goes_on() {
    let bench = printing("print('{\"acuracy\": 0.5, \"cost\": 1, \"note\": \"x\"}')");
    stops_at_once(
        &bench,
        &["`accuracy` is missing", "(reported: acuracy, cost)", "did you mean `acuracy`", "run the study again"],
    );
    bench.write("program.py", PROGRAM);
    bench.edit("trials = 12", "trials = 3");
    bench.optimize(&["study.toml"]).code(0);
    let record = bench.record();
    assert_eq!(record.trials().iter().map(|t| (t.id, t.attempts)).collect::<Vec<_>>(), [(0, 2), (1, 1), (2, 1)]);
    assert!(record.trials().iter().all(|trial| trial.result().is_some()));
}

#[test]
fn whoever_mends_nothing_loses_a_trial_at_a_time() {
    let bench = printing("print('{\"acuracy\": 0.5, \"cost\": 1}')");
    stops_at_once(&bench, &[]);
    bench.optimize(&["study.toml"]).code(6).says("did you mean");
    assert!(matches!(bench.record().trials()[0].state, TrialState::Failed(_)), "its attempts are used up");
    bench.optimize(&["study.toml"]).code(6);
    assert_eq!(bench.record().trials().len(), 2);
}

#[test]
fn a_constraints_metric_a_phase_and_a_comparison_are_found_too() {
    let bench = Bench::new();
    bench.edit("[sampler]", "[[constraint]]\nmetric = \"ram\"\nat_most = 8\n[sampler]");
    stops_at_once(&bench, &["`ram` is missing", "(reported: accuracy, cost)"]);
    let bench = Bench::with_program(&format!(
        "import time\nprint('{{\"begin\": \"trian\"}}')\nt = time.time()\nwhile time.time() < t + 0.2: pass\n{PROGRAM}"
    ));
    bench.edit("metric = \"cost\"", "metric = \"energy.train\"");
    stops_at_once(&bench, &["`train` is missing", "(there are: trial, trian)", "did you mean `trian`"]);
    let bench = printing("print('{\"acuracy\": 0.5, \"cost\": 1}')");
    let compare = ["compare", "study.toml", "--samplers", "random,sobol", "--seeds", "2"];
    bench.optimize(&compare).code(6).says("did you mean `acuracy`");
    assert_eq!(
        std::fs::read_dir(bench.path().join("results/bench-compare"))
            .unwrap()
            .filter(|e| e.as_ref().unwrap().path().is_dir())
            .count(),
        1
    );
}

#[test]
fn a_metric_that_some_trials_tell_is_no_wrong_name() {
    let bench = printing(
        "if int(os.environ['WATTFRONT_TRIAL']) % 2: print('{\"cost\": 1}'); exit()\nprint('{\"accuracy\": 0.5, \"cost\": 1}')",
    );
    bench.edit("trials = 12", "trials = 6");
    bench.optimize(&["study.toml"]).code(0).says("`accuracy` was not reported");
    assert_eq!(bench.finished().len(), 3);
    // A later session knows it of the trials that finished.
    bench.optimize(&["study.toml", "--trials", "8"]).code(0);
    assert_eq!(bench.record().counted_trials(), 8);
}

#[test]
fn carriage_returns_and_colours_are_read() {
    for last in [
        r#"print("\r  0%|    |\r100%|####|\r" + json.dumps({"accuracy": 0.9, "cost": 2}))"#,
        r#"print("\r 99%|###|" * 60000 + "\r\x1b[K" + json.dumps({"accuracy": 0.9, "cost": 2}), end="\r")"#,
        r#"print("\x1b[32;1m" + json.dumps({"accuracy": 0.9, "cost": 2}) + "\x1b[0m")"#,
        r#"print('{"accuracy": \x1b[36m0.9\x1b[0m, "cost": 2}\r\n\r 1%|#')"#,
        r#"print("\x1b[?25l" + '{"accuracy": 0.9, "cost": 2}' + "\x1b[?25h\r")"#,
    ] {
        let bench = printing(last);
        bench.edit("trials = 12", "trials = 1");
        bench.optimize(&["study.toml"]).code(0);
        assert_eq!(bench.finished()[0].2, [("accuracy".to_owned(), 0.9), ("cost".to_owned(), 2.0)].into(), "{last}");
    }
}

#[test]
fn what_stands_behind_a_prefix_is_not_read_and_told() {
    for (last, says) in [
        (r#"print('2026-01-01 10:00 INFO {"accuracy": 0.9, "cost": 2}')"#, "behind other text"),
        (r#"print('[rank0] {"accuracy": 0.9, "cost": 2}')"#, "`[rank0] {\"accuracy\": 0.9, \"cost\": 2}`"),
        (r#"print('\rEpoch 3: 100%|###| {"accuracy": 0.9}'); print('{"cost": 2}')"#, "`accuracy` was not reported"),
        (r#"print('\x1b[32mINFO\x1b[0m {"accuracy": 0.9, "cost": 2}')"#, "`INFO {\"accuracy\": 0.9, \"cost\": 2}`"),
        (r#"print('{"accuracy": "0.9", "cost": 2}')"#, "it is told as \"0.9\", which is no number"),
        (r#"print('{"step": 9, "accuracy": 0.9, "cost": 2}')"#, "it is told with steps only"),
        (r#"print({"accuracy": 0.9, "cost": 2})"#, "(`json.dumps` in Python)"),
        (
            r#"print(json.dumps({"accuracy": 0.9, "cost": 2}, indent=1)); print({"accuracy": 0.9})"#,
            "is no JSON object with numbers on one line",
        ),
    ] {
        stops_at_once(&printing(last), &[says]);
    }
    // What a program logs is its own business where nothing is missing.
    let bench = printing(
        r#"print('INFO {"accuracy": 0.1, "lr": 3}'); print('{"accuracy": 0.9, "cost": 2}'); print('done {"accuracy": 0.2}')"#,
    );
    bench.edit("trials = 12", "trials = 1");
    let answer = bench.optimize(&["study.toml"]).code(0);
    assert!(!answer.out().contains("behind"), "{}", answer.out());
    assert_eq!(bench.finished()[0].2["accuracy"], 0.9);
}
