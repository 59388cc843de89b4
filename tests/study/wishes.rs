//! Constraints, preferences, starts and forbidden combinations, from the study file to every output.

use crate::bench::Bench;

#[test]
fn what_breaks_a_constraint_is_marked_and_on_no_front() {
    let bench = Bench::new();
    bench.edit("[sampler]", "[[constraint]]\nmetric = \"cost\"\nat_most = 20\n\n[sampler]");
    bench.optimize(&["check", "study.toml"]).code(0).says("constraints cost at most 20");
    let answer = bench.optimize(&["study.toml"]).code(0);
    let record = bench.record();
    let finished = bench.finished();
    assert_eq!(finished.len(), 12, "all of them are finished");
    let broken: Vec<u64> = finished.iter().filter(|(.., m)| m["cost"] > 20.0).map(|(id, ..)| *id).collect();
    assert!(!broken.is_empty() && broken.len() < 12, "{broken:?}");
    let answer = answer.says("infeasible: cost ").says("break a constraint").says("constraints cost at most 20");
    assert_eq!(answer.out().matches("infeasible: cost ").count(), broken.len());
    let json: serde_json::Value =
        serde_json::from_str(&bench.optimize(&["export", "study.toml", "--format", "json"]).code(0).out()).unwrap();
    let front: Vec<u64> = json["front"].as_array().unwrap().iter().map(|id| id.as_u64().unwrap()).collect();
    assert!(!front.is_empty() && front.iter().all(|id| !broken.contains(id)), "{front:?}");
    for trial in json["trials"].as_array().unwrap() {
        assert_eq!(trial["feasible"].as_bool().unwrap(), !broken.contains(&trial["id"].as_u64().unwrap()));
    }
    let first = broken[0].to_string();
    bench.optimize(&["pick", "study.toml", "--trial", &first]).code(0).says("it breaks a constraint: cost ");
    assert!(std::fs::read_to_string(bench.results().join("report.html")).unwrap().contains(">infeasible</b>"));
    assert!(record.reference().is_some());
}

#[test]
fn a_study_without_a_feasible_trial_names_the_nearest() {
    let bench = Bench::new();
    bench.edit("trials = 12", "trials = 7");
    bench.edit("[sampler]", "[[constraint]]\nmetric = \"cost\"\nat_most = 0.5\n\n[sampler]");
    bench
        .optimize(&["study.toml"])
        .code(5)
        .says("none of the 7 finished trials keeps all constraints")
        .says("nearest is");
    bench.optimize(&["pick", "study.toml"]).code(5).says("not at most 0.5");
    assert_eq!(bench.record().reference(), None, "nothing that counts to make it of");
    assert!(bench.results().join("report.html").exists());
}

#[test]
fn a_metric_of_a_constraint_must_be_there_and_energies_are_metered_for_it() {
    let bench = Bench::new();
    bench.edit("trials = 12", "trials = 2");
    bench.edit("[sampler]", "[[constraint]]\nmetric = \"energy\"\nat_most = 1e6\n\n[sampler]");
    bench.optimize(&["study.toml"]).code(0);
    assert!(bench.finished().iter().all(|(.., metrics)| metrics["energy"] >= 0.0));
    bench.edit("metric = \"energy\"", "metric = \"latency\"");
    bench.optimize(&["study.toml"]).code(3).says("`constraint[0].metric` was \"energy\" there and is \"latency\" here");
    bench.optimize(&["study.toml", "--fresh"]).code(6).says("the metric `latency` was not reported");
}

#[test]
fn starts_are_tried_first_and_compared_against() {
    let bench = Bench::new();
    bench.edit("trials = 12", "trials = 8");
    bench.edit(
        "[command]",
        "[[start]]\nx = 0.9\nkind = \"b\"\n\n[[start]]\nn = 64\n\n[[forbid]]\nn = { at_most = 20 }\nkind = \"a\"\n\n[command]",
    );
    bench.optimize(&["check", "study.toml"]).code(0).says("x=0.9 n=11 kind=b y=0.5").says("kind is a");
    bench.optimize(&["study.toml"]).code(0).says("than your own setting");
    let trials = bench.finished();
    assert_eq!(trials[0].1, serde_json::from_str(r#"{"x": 0.9, "n": 11, "kind": "b", "y": 0.5}"#).unwrap());
    assert_eq!(trials[1].1, serde_json::from_str(r#"{"x": 0.5, "n": 64, "kind": "a"}"#).unwrap());
    let forbidden = |n: f64, kind: Option<&str>| n <= 20.0 && kind == Some("a");
    assert!(trials.iter().all(|(_, p, _)| !forbidden(p.number("n").unwrap(), p.get("kind").and_then(|k| k.as_str()))));
    let picked = bench.optimize(&["pick", "study.toml"]).code(0);
    assert!(picked.out().contains("against your own setting, trial 0") || picked.out().contains("trial 0 of"));
}

#[test]
fn preferences_may_change_and_the_pick_follows() {
    let bench = Bench::new();
    bench.edit("trials = 12", "trials = 6");
    bench.optimize(&["study.toml"]).code(0);
    bench.edit("[sampler]", "[preference]\ncost = { at_most = 12 }\n\n[sampler]");
    bench.optimize(&["study.toml", "--trials", "9"]).code(0).says("preference  cost at most 12");
    let picked = |arguments: &[&str]| -> serde_json::Value {
        let arguments = [&["pick", "study.toml", "--json"], arguments].concat();
        serde_json::from_str(&bench.optimize(&arguments).code(0).out()).unwrap()
    };
    // The program's answers are the same everywhere, so that some trial is that cheap.
    assert!(bench.finished().iter().any(|(.., m)| m["cost"] <= 12.0));
    assert!(picked(&[])["metrics"]["cost"].as_f64().unwrap() <= 12.0);
    assert!(picked(&["--within", "0.1%"])["metrics"]["cost"].as_f64().unwrap() <= 12.0);
    let all = picked(&["--at-most", "cost=1000"]);
    assert!(all["metrics"]["cost"].as_f64().is_some(), "the flag stands in place of the file");
    let accurate = picked(&["--at-most", "cost=1000", "--weights", "accuracy=1000,cost=1"]);
    let best = bench.finished().iter().map(|(.., m)| m["accuracy"]).fold(f64::NEG_INFINITY, f64::max);
    assert_eq!(accurate["metrics"]["accuracy"].as_f64().unwrap(), best);
    bench.optimize(&["pick", "study.toml", "--at-least", "accuracy=2"]).code(5).says("nearest is trial");
    bench
        .optimize(&["pick", "study.toml", "--at-most", "cost=9", "--at-most", "cost=8"])
        .code(2)
        .says("got one already");
    bench.optimize(&["pick", "study.toml", "--at-least", "cost=2"]).code(2).says("write --at-most cost=2");
    bench.optimize(&["pick", "study.toml", "--at-least", "speed=2"]).code(2).says("the objectives are: accuracy, cost");
    bench.optimize(&["pick", "study.toml", "--trial", "0", "--at-most", "cost=2"]).code(2).says("cannot be used with");
    // A resume with the same preferences adds no event.
    let before = bench.record().last_seq();
    bench.optimize(&["study.toml", "--trials", "9"]).code(0);
    assert_eq!(bench.record().last_seq(), before);
    // A file that was edited since the last run speaks for itself; a folder has what was said then.
    bench.edit("cost = { at_most = 12 }", "cost = { at_most = 0.001 }");
    bench.optimize(&["pick", "study.toml"]).code(5).says("nearest is trial");
    bench.optimize(&["pick", "results/bench"]).code(0);
}

#[test]
fn a_kill_after_preferences_changed_changes_nothing() {
    let run = |kill: bool| {
        let bench = Bench::new();
        bench.optimize(&["study.toml", "--trials", "6"]).code(0);
        bench.edit("[sampler]", "[preference]\ncost = { at_most = 12 }\n\n[sampler]");
        if kill {
            let mut child = bench.start();
            bench.wait_for("a trial", || bench.try_record().is_some_and(|r| r.counted_trials() >= 7));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        bench.optimize(&["study.toml", "--trials", "10"]).code(0);
        (bench.finished()[..10].to_vec(), bench.record().problem().preferences().to_vec())
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn a_number_that_is_too_large_is_called_that() {
    let bench = Bench::with_program("print('{\"accuracy\": 1e999, \"cost\": 1}')");
    bench.edit("trials = 12", "trials = 1");
    bench.optimize(&["study.toml"]).code(5).says("`accuracy` is infinite or too large");
}
