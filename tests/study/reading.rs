//! What people read: numbers of every size, what a tolerance is understood as, reports of a study that runs.

use crate::bench::Bench;

/// Objectives of about a thousandth, which the seed moves a little.
const SMALL: &str = r#"
import json, os
x, n = float(os.environ["WATTFRONT_X"]), int(os.environ["WATTFRONT_N"])
seed = int(os.environ["WATTFRONT_SEED"]) if os.environ.get("USES_SEED") else 500
noise = (seed % 1000 - 500) * 1e-9
print(json.dumps({"accuracy": -0.0012 - 0.001 * (x - 0.3) ** 2 - 0.001 / n + noise, "cost": 1e-6 * n * (1 + x)}))
"#;

fn small(uses_seed: bool) -> Bench {
    let bench = Bench::with_program(SMALL);
    bench.edit("metric = \"accuracy\"", "metric = \"elbo\"");
    bench.edit("kind = \"gp\"\ninitial = 5", "kind = \"random\"");
    let program = SMALL.replace("\"accuracy\"", "\"elbo\"");
    bench.write(
        "program.py",
        &if uses_seed { program.replace("os.environ.get(\"USES_SEED\")", "True") } else { program },
    );
    bench
}

/// The numbers in a text that are zero and not whole.
fn zeros(text: &str) -> Vec<&str> {
    let words = text.split(|c: char| !(c.is_ascii_digit() || "+-.e".contains(c)));
    words.filter(|w| w.contains('.') && w.parse::<f64>().is_ok_and(|v| v == 0.0)).collect()
}

#[test]
fn small_numbers_are_not_nothing() {
    let bench = small(true);
    let said = bench.optimize(&["study.toml"]).code(0).out();
    assert!(said.contains("elbo -0.0012") && said.contains("hypervolume"), "{said}");
    assert_eq!(zeros(&said), Vec::<&str>::new(), "{said}");
    let confirmed = bench.optimize(&["confirm", "study.toml", "--seeds", "3"]).code(0).says("mean [95 %]").out();
    assert!(confirmed.contains("-0.0012") && !confirmed.contains("0.00 [0.00, 0.00]"), "{confirmed}");
    // The cost does not depend on the seed, but the other objective does.
    assert!(
        confirmed.contains("[all the same]") && !confirmed.contains("does the program use its seed"),
        "{confirmed}"
    );
    let page = std::fs::read_to_string(bench.results().join("report.html")).unwrap();
    assert!(!page.contains("<b>0.0000</b>") && page.contains("-0.0012"), "in the page too");
}

#[test]
fn one_seed_has_no_interval_and_seeds_that_agree_are_told() {
    let bench = small(false);
    bench.optimize(&["study.toml"]).code(0);
    let one = bench.optimize(&["confirm", "study.toml", "--seeds", "1"]).code(0);
    let said = one.says("with one new seed").says("One value has no interval").out();
    assert!(!said.contains("95 %"), "{said}");
    let page = std::fs::read_to_string(bench.results().join("confirm/report.html")).unwrap();
    assert!(!page.contains("95 %"), "nor has the page");
    let five = bench.optimize(&["confirm", "study.toml", "--seeds", "5"]).code(0);
    five.says("All 5 seeds gave exactly the same elbo, cost")
        .says("does the program use its seed")
        .says("[all the same]");
}

#[test]
fn a_tolerance_says_what_it_was_understood_as() {
    let bench = Bench::new();
    bench.edit("kind = \"gp\"\ninitial = 5", "kind = \"random\"");
    bench.optimize(&["study.toml"]).code(0).says("optimize pick study.toml").says("optimize confirm study.toml");
    bench.optimize(&["pick", "study.toml", "--within", "1%"]).code(0).says("# within 1 point of the best accuracy");
    bench.optimize(&["pick", "study.toml", "--within", "0.02"]).code(0).says("# within 2 points of the best accuracy");
    let refused = bench.optimize(&["pick", "study.toml", "--within", "1"]).code(2);
    assert!(refused.err().contains("would be 100 points of accuracy"), "{}", refused.err());
    let json = |arguments: &[&str]| {
        let out = bench.optimize(&[&["pick", "study.toml"], arguments].concat()).code(0).out();
        serde_json::from_str::<serde_json::Value>(&out).unwrap()
    };
    assert_eq!(json(&["--json"]), json(&["--format", "json"]));
    assert!(json(&["--within", "1%", "--json"])["within"].as_str().unwrap().contains("1 point"));
    let exported = bench.optimize(&["export", "study.toml", "--json"]).code(0).out();
    assert_eq!(exported, bench.optimize(&["export", "study.toml", "--format", "json"]).code(0).out());
}

#[test]
fn whose_trials_they_are_is_said() {
    let bench = Bench::new();
    bench.edit("trials = 12", "trials = 5");
    bench.optimize(&["check", "study.toml"]).code(0).says("5 trials of an initial design").says("gp proposes none");
    let said = bench.optimize(&["study.toml"]).code(0);
    said.says("all 5 trials are of the initial design").says("5 by the initial design, none by the Gaussian process");
}

#[test]
fn a_report_is_made_beside_a_run() {
    let bench = Bench::with_program(
        r#"
import json, os, time
if os.environ["WATTFRONT_TRIAL"] == "2":
    while not os.path.exists("go-on"):
        time.sleep(0.02)
print(json.dumps({"accuracy": float(os.environ["WATTFRONT_X"]), "cost": int(os.environ["WATTFRONT_N"])}))
"#,
    );
    bench.edit("kind = \"gp\"\ninitial = 5", "kind = \"random\"");
    let mut run = bench.start();
    let done = || bench.try_record().is_some_and(|record| record.trials().len() == 3);
    bench.wait_for("the third trial", done);
    bench.optimize(&["report", "study.toml"]).code(0).says("the study is running").says("after 2 trials");
    let page = || std::fs::read_to_string(bench.results().join("report.html")).unwrap();
    assert!(page().contains("http-equiv=\"refresh\"") && page().contains("The study is running"));
    bench.write("go-on", "");
    assert!(run.wait().unwrap().success());
    assert!(!page().contains("http-equiv=\"refresh\"") && !page().contains("The study is running"));
}

#[test]
fn many_reports_and_exports_beside_a_run_harm_neither_it_nor_each_other() {
    let program = "import json\nprint(json.dumps({\"accuracy\": 1, \"cost\": 2}))\n";
    let bench = Bench::with_program(program);
    bench.edit("kind = \"gp\"\ninitial = 5", "kind = \"random\"");
    bench.edit("trials = 12", "trials = 30");
    let run = bench.start();
    bench.wait_for("a trial", || bench.try_record().is_some_and(|record| record.counted_trials() > 0));
    let ended = std::sync::atomic::AtomicBool::new(false);
    let order = std::sync::atomic::Ordering::SeqCst;
    std::thread::scope(|scope| {
        for command in [&["report", "study.toml"][..], &["report", "study.toml"], &["export", "study.toml"]] {
            let (bench, ended) = (&bench, &ended);
            scope.spawn(move || {
                while !ended.load(order) {
                    bench.optimize(command).code(0);
                }
            });
        }
        let done = run.wait_with_output();
        ended.store(true, order);
        crate::bench::Answer(done.unwrap()).code(0);
    });
    let names = std::fs::read_dir(bench.results()).unwrap().map(|entry| entry.unwrap().file_name());
    let parts: Vec<_> = names.filter(|name| name.to_string_lossy().ends_with(".part")).collect();
    assert!(parts.is_empty(), "{parts:?}");
    assert_eq!(bench.record().counted_trials(), 30);
}

#[test]
fn a_comparison_is_exported_or_said_to_be_one() {
    let bench = Bench::new();
    let compare = ["compare", "study.toml", "--samplers", "sobol,random", "--seeds", "2", "--trials", "4", "--json"];
    let told: serde_json::Value = serde_json::from_str(&bench.optimize(&compare).code(0).out()).unwrap();
    let export =
        |arguments: &[&str]| bench.optimize(&[&["export", "results/bench-compare"], arguments].concat()).code(0).out();
    let exported: serde_json::Value = serde_json::from_str(&export(&["--format", "json"])).unwrap();
    assert_eq!(exported["samplers"].as_array().unwrap().len(), 2);
    let volume = |of: &serde_json::Value, name: &str| {
        let samplers = of["samplers"].as_array().unwrap().clone();
        samplers.into_iter().find(|s| s["sampler"] == name).unwrap()["hypervolume"].clone()
    };
    for name in ["sobol", "random"] {
        assert_eq!(volume(&told, name), volume(&exported, name), "{name}");
    }
    assert!(export(&[]).starts_with("sampler,baseline,seeds,"));
    let pictures = [&["--format", "svg"][..], &["--format", "svg", "--figure", "front"]].map(export);
    assert!(pictures.iter().all(|svg| svg.starts_with("<svg") && svg.contains("sobol")) && pictures[0] != pictures[1]);
    bench.optimize(&["pick", "results/bench-compare"]).code(5).says("is a comparison of samplers");
    bench.optimize(&["export", "study.toml"]).code(5).says("`optimize export results/bench-compare` prints it");
}
