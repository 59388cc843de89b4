//! Requirements between parameters, and spaces that change in mid-study.

use std::process::Stdio;

use wattfront::optimizer::space::Point;

use crate::bench::Bench;

/// Answers to any parameters: what it is not given counts nothing.
const PROGRAM: &str = r#"
import json, os
value = lambda name: float(os.environ.get("WATTFRONT_" + name, 0))
x, n, z = value("X"), value("N"), value("Z")
print(json.dumps({"accuracy": 1 - (x - 0.3) ** 2 - 1 / n - z / 10, "cost": n * (1 + x * x + z)}))
"#;

/// A study by `gp` that has run `trials` of its trials.
fn begun(trials: &str) -> Bench {
    let bench = Bench::with_program(PROGRAM);
    bench.edit("initial = 5", "initial = 4");
    bench.optimize(&["study.toml", "--quiet", "--trials", trials]).code(0);
    bench
}

const OWN: [&str; 3] = ["study.toml", "--warm-start", "results/bench"];

#[test]
fn every_trial_keeps_what_is_required() {
    for kind in ["gp\"\ninitial = 4", "random\"", "sobol\"", "tpe\"\ninitial = 4", "nsga2\"\ninitial = 4", "grid\""] {
        let bench = Bench::with_program(PROGRAM);
        bench.edit("gp\"\ninitial = 5", kind);
        bench.edit("[command]", "[[require]]\nthat = \"n * x <= 8\"\n[[require]]\nthat = \"y + x > 0.9\"\n[command]");
        bench.edit("trials = 12", "trials = 9");
        bench.optimize(&["check", "study.toml"]).code(0).says("required    n * x <= 8");
        bench.optimize(&["study.toml", "--quiet"]).code(0);
        for (id, point, _) in bench.finished() {
            let value = |name| point.number(name);
            let (x, n) = (value("x").unwrap(), value("n").unwrap());
            assert!(n * x <= 8.0, "{kind} {id}: {point}");
            assert!(value("y").is_none_or(|y| y + x > 0.9), "{kind} {id}: {point}");
        }
        assert!(bench.finished().len() >= 6, "{kind}");
    }
}

#[test]
fn a_requirement_makes_another_study_and_what_was_told_by_hand_may_break_it() {
    let bench = begun("4");
    bench.edit("[command]", "[[require]]\nthat = \"n*x <= 8\"\n[command]");
    bench.optimize(&["study.toml"]).code(3).says("`require` was not given there and is [\"n * x <= 8\"] here");

    let bench = Bench::new();
    let text = std::fs::read_to_string(bench.path().join("study.toml")).unwrap();
    let end = text.find("[command]").unwrap();
    bench.write("study.toml", &format!("{}[[require]]\nthat = \"n*x <= 8\"\n", &text[..end]));
    bench.edit("gp\"\ninitial = 5", "random\"");
    let mut child = bench.command(&["ask-tell", "study.toml"]);
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let told = r#"{"op": "tell", "params": {"x": 1.0, "n": 64, "kind": "a"}, "metrics": {"accuracy": 0.5, "cost": 3}}"#;
    std::io::Write::write_all(
        &mut child.stdin.take().unwrap(),
        format!("{told}\n{{\"op\": \"ask\", \"count\": 2}}\n").as_bytes(),
    )
    .unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(!text.contains("error"), "like what is forbidden, it is learned from: {text}");
    let record = bench.record();
    assert!(record.trials()[1..].iter().all(|t| t.point.number("n").unwrap() * t.point.number("x").unwrap() <= 8.0));
}

#[test]
fn requirements_that_leave_next_to_nothing_are_searched_and_those_that_leave_nothing_are_named() {
    let bench = Bench::with_program(PROGRAM);
    bench.edit("gp\"\ninitial = 5", "random\"");
    bench.edit(
        "[command]",
        "[[require]]\nthat = \"0.5 < x < 0.50000001\"\n[[require]]\nthat = \"n % 7 == 3\"\n[command]",
    );
    bench.optimize(&["study.toml", "--quiet", "--trials", "3"]).code(0);
    for (_, point, _) in bench.finished() {
        let x = point.number("x").unwrap();
        assert!(0.5 < x && x < 0.500_000_01 && point.number("n").unwrap() % 7.0 == 3.0, "{point}");
    }
    let bench = Bench::with_program(PROGRAM);
    let both = "[[require]]\nthat = \"x * n > 30\"\n[[require]]\nthat = \"x + n / 64 < 0.2\"\n[command]";
    bench.edit("[command]", both);
    bench.optimize(&["check", "study.toml"]).code(2).says("no point of the space keeps all requirements together");
    // What only a search can tell is a warning, and ends the study when it finds nothing.
    bench.edit("that = \"x + n / 64 < 0.2\"", "that = \"x + n / 64 < 2\"\n[[forbid]]\nx = { at_least = 0.45 }");
    bench.optimize(&["check", "study.toml"]).code(0).says("warning").says("is broken");
    bench.optimize(&["study.toml"]).code(2).says("no new point that is allowed").says("is broken");
}

#[test]
fn a_flag_goes_with_the_value_that_is_inactive() {
    let bench = Bench::with_program(
        "import json, sys\nassert (\"--y\" in sys.argv) == (\"b\" in sys.argv), sys.argv\nprint(json.dumps({\"accuracy\": 0.5, \"cost\": \
         float(sys.argv[1])}))\n",
    );
    bench.edit("gp\"\ninitial = 5", "random\"");
    bench.edit("\"{x}\"]", "\"{n}\", \"--y\", \"{y}\", \"--kind\", \"{kind}\"]");
    bench
        .optimize(&["check", "study.toml"])
        .code(0)
        .says("`--y` is left out along with `{y}`")
        .says("no argument uses `x`");
    bench.optimize(&["study.toml", "--quiet", "--trials", "8"]).code(0);
    assert_eq!(bench.finished().len(), 8);
}

#[test]
fn what_is_doubtful_is_told_when_a_study_runs_and_what_is_only_noted_by_check() {
    let bench = Bench::with_program(PROGRAM);
    bench.edit("gp\"\ninitial = 5", "random\"");
    bench.edit("[command]", "[[forbid]]\nx = 0.5\n[command]");
    let text = std::fs::read_to_string(bench.path().join("study.toml")).unwrap();
    let line = text.lines().position(|line| line == "x = 0.5").unwrap() + 1;
    let told = "continuum of numbers: a single one of it is next to never tried";
    let check = bench.optimize(&["check", "study.toml"]).code(0).says(told).says(&format!("study.toml:{line}:5"));
    check.says("x = { at_least = 0.48, at_most = 0.52 }").says("no argument uses `kind`, `n`, `y`");
    let run = bench
        .optimize(&["study.toml", "--trials", "1"])
        .code(0)
        .says(&format!("warning: study.toml:{line}: "))
        .says(told);
    assert!(!run.err().contains("no argument uses"), "{}", run.err());
    let quiet = bench.optimize(&["study.toml", "--trials", "1", "--quiet"]).code(0);
    assert!(!quiet.err().contains(told));
}

#[test]
fn a_space_that_widens_begins_anew_and_learns_from_all_that_was() {
    let bench = begun("6");
    let before = bench.finished();
    bench.edit("x = { float = [0.0, 1.0] }", "x = { float = [-1.0, 2.0] }");
    bench.edit("choice = [\"a\", \"b\"]", "choice = [\"a\", \"b\", \"c\"]");
    let refused = bench.optimize(&["study.toml"]).code(3);
    let refused = refused.says("`space.x.float[0]` was 0.0 there and is -1.0 here").says("`space.kind.choice` was");
    refused.says("with --warm-start results/bench it begins anew, learns from 6 of 6 finished trials of `bench` and keeps the old results");
    assert_eq!(bench.finished(), before, "a refusal changes nothing");

    let answer = bench.optimize(&[&OWN[..], &["--trials", "3"]].concat()).code(0);
    let answer = answer.says("the study file has changed").says("`space.x.float[1]` was 1.0 there and is 2.0 here");
    answer.says("the old results are now in results/bench.1").says("learns from 6 of 6 finished trials of `bench`");
    let record = bench.record();
    assert_eq!((record.earlier().len(), record.earlier()[0].folder.as_str()), (1, "results/bench.1"));
    assert_eq!(bench.finished().len(), 3);

    // The same command again goes on, and so does one without.
    let again = bench.optimize(&[&OWN[..], &["--trials", "5"]].concat()).code(0).says("learns from 6 of 6");
    assert!(!again.out().contains("has changed"), "{}", again.out());
    bench.optimize(&["study.toml", "--trials", "6"]).code(0);
    assert_eq!(bench.finished().len(), 6);
    assert!(!bench.path().join("results/bench.2").exists());
}

#[test]
fn a_new_parameter_has_the_value_that_it_was_and_without_one_nothing_is_learned() {
    let bench = begun("5");
    bench.edit("kind = {", "z = { float = [0.0, 1.0] }\nkind = {");
    let refused = bench.optimize(&["study.toml"]).code(3).says("`space.z` was not given there");
    refused.says("0 of 5 finished trials").says("5 without a value of `z`").says("was = 0.0");
    let useless = bench.optimize(&OWN).code(2).says("nothing can be learned from results/bench");
    useless.says("say in [space] what `z` was in them");
    assert!(!bench.path().join("results/bench.1").exists(), "nothing is moved for nothing");

    bench.edit("z = { float = [0.0, 1.0] }", "z = { float = [0.0, 1.0], was = 0 }");
    let answer = bench.optimize(&[&OWN[..], &["--trials", "3"]].concat()).code(0);
    answer.says("learns from 5 of 5 finished trials of `bench` (`z` is taken to have been 0.0)");
    let record = bench.record();
    let earlier = &record.earlier()[0];
    assert!(earlier.study.trials.iter().all(|(point, _)| point.number("z") == Some(0.0)));

    // What it was is no part of the study, and what was learned is remembered.
    bench.edit(", was = 0", "");
    bench.optimize(&["study.toml", "--trials", "4"]).code(0).says("`z` is taken to have been 0.0");
    assert_eq!(bench.finished().len(), 4);
}

#[test]
fn a_space_that_narrows_leaves_out_what_is_outside_and_counts_it() {
    let bench = begun("8");
    // Two beyond the new end of x, and of the others one that is ruled out.
    let middle = |mut values: Vec<f64>, at: usize| {
        values.sort_by(f64::total_cmp);
        f64::midpoint(values[at - 1], values[at])
    };
    let number = |point: &Point, name| point.number(name).unwrap();
    let points: Vec<Point> = bench.finished().into_iter().map(|(_, point, _)| point).collect();
    let end = middle(points.iter().map(|p| number(p, "x")).collect(), 6);
    let inside = points.iter().filter(|p| number(p, "x") <= end);
    let limit = middle(inside.map(|p| number(p, "n") * number(p, "x")).collect(), 5);
    let (outside, ruled_out) = (2, 1);
    bench.edit("x = { float = [0.0, 1.0] }", &format!("x = {{ float = [0.0, {end:?}] }}"));
    bench.edit("[command]", &format!("[[require]]\nthat = \"n * x <= {limit:?}\"\n[command]"));
    let answer = bench.optimize(&[&OWN[..], &["--trials", "2"]].concat()).code(0);
    let answer = answer.says(&format!("learns from {} of 8 finished trials", 8 - outside - ruled_out));
    answer
        .says(&format!("{outside} whose `x` is outside this space"))
        .says(&format!("{ruled_out} that are ruled out here"));
    let record = bench.record();
    assert!(record.earlier()[0].study.trials.iter().all(|(point, _)| !record.problem().forbids(point)));
}

#[test]
fn a_second_change_remembers_what_the_first_had_learned() {
    let bench = begun("5");
    bench.edit("x = { float = [0.0, 1.0] }", "x = { float = [-1.0, 1.0] }");
    bench.optimize(&[&OWN[..], &["--trials", "3"]].concat()).code(0);
    bench.edit("x = { float = [-1.0, 1.0] }", "x = { float = [-1.0, 3.0] }");
    let answer = bench.optimize(&[&OWN[..], &["--trials", "2"]].concat()).code(0);
    answer.says("learns from 3 of 3 finished trials").says("learns from 5 of 5 finished trials");
    let folders: Vec<String> = bench.record().earlier().iter().map(|e| e.folder.clone()).collect();
    assert_eq!(folders, ["results/bench.2", "results/bench.1"]);
    bench.optimize(&[&OWN[..], &["--trials", "3"]].concat()).code(0);
    assert_eq!(bench.finished().len(), 3);
    assert!(!bench.path().join("results/bench.3").exists());
}

#[test]
fn a_parameter_that_is_gone_is_passed_over_and_said() {
    let bench = begun("4");
    bench.edit("kind = { choice = [\"a\", \"b\"] }\ny = { float = [0.0, 1.0], when = { kind = \"b\" } }\n", "");
    let answer = bench.optimize(&[&OWN[..], &["--trials", "2"]].concat()).code(0);
    answer.says("learns from 4 of 4").says("`kind` is not searched here, so what it was is passed over");
}

#[test]
fn other_changes_and_other_samplers_are_told_as_they_are() {
    let bench = begun("4");
    bench.edit("metric = \"cost\"", "metric = \"price\"");
    bench.optimize(&["study.toml"]).code(3).says("can use 0 of 4").says("without a usable `price`");
    bench.optimize(&OWN).code(2).says("nothing can be learned from results/bench");
    assert!(!bench.path().join("results/bench.1").exists());
    bench.edit("metric = \"price\"", "metric = \"cost\"");
    bench.edit("gp\"\ninitial = 4", "random\"");
    let refused = bench.optimize(&["study.toml"]).code(3).says("--fresh");
    assert!(!refused.err().contains("--warm-start"), "random learns from nothing: {}", refused.err());
    assert_eq!(bench.finished().len(), 4);
}
