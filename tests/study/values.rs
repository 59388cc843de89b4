//! Values from the study file to the program, the store, the tables and back: steps, numbers without exponents, choices of every kind.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::bench::Bench;

/// Tells what it was given, and answers by it.
const PROGRAM: &str = r#"
import json, os, sys
env = {k: v for k, v in os.environ.items() if k.startswith("WATTFRONT_")}
env.pop("WATTFRONT_BENCH", None)
with open("told.jsonl", "a") as file:
    print(json.dumps({"argv": sys.argv[1:], "env": env}), file=file)
print(json.dumps({"accuracy": len(sys.argv)}))
"#;

fn study(sampler: &str, trials: u32, space: &str, rest: &str) -> Bench {
    let bench = Bench::with_program(PROGRAM);
    let head = format!("name = \"bench\"\nseed = 5\n[budget]\ntrials = {trials}\n[sampler]\nkind = \"{sampler}\"\n");
    let meters = if rest.contains("[command]") { "[energy]\nmeters = [\"estimate\"]\n" } else { "" };
    let tail = format!("{meters}[[objective]]\nmetric = \"accuracy\"\ngoal = \"maximize\"\n");
    bench.write("study.toml", &format!("{head}{tail}[space]\n{space}\n{rest}\n"));
    bench
}

/// The arguments and environments of all trials.
fn told(bench: &Bench) -> Vec<(Vec<String>, Value)> {
    let text = std::fs::read_to_string(bench.path().join("told.jsonl")).unwrap();
    let line = |line: &str| {
        let told: Value = serde_json::from_str(line).unwrap();
        (serde_json::from_value(told["argv"].clone()).unwrap(), told["env"].clone())
    };
    text.lines().map(line).collect()
}

fn exported(bench: &Bench) -> Value {
    serde_json::from_str(&bench.optimize(&["export", "study.toml", "--format", "json"]).code(0).out()).unwrap()
}

/// Requests to `optimize ask-tell`, and the answers.
fn talk(bench: &Bench, requests: &[Value]) -> Vec<Value> {
    let mut child =
        bench.command(&["ask-tell", "study.toml"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    let mut answer = |request: &Value| {
        writeln!(input, "{request}").unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    };
    let answers = requests.iter().map(&mut answer).collect();
    answer(&json!({"op": "quit"}));
    assert!(child.wait().unwrap().success());
    answers
}

const STEPS: &str = "dropout = { float = [0.0, 0.5], step = 0.1 }\nfine = { float = [-2e-5, 2e-5], step = 1e-5 }\n\
                     more = { int = [1, 2], when = { dropout = [0.3, 0.1] } }";
const STEPS_ARGV: &str = "[command]\nargv = [\"python3\", \"program.py\", \"{dropout}\", \"--fine={fine}\", \"--more={more}\"]\ncwd = \".\"\n";

#[test]
fn steps_are_decimals_everywhere() {
    let bench = study("random", 40, STEPS, STEPS_ARGV);
    bench.optimize(&["study.toml"]).code(0);
    let (mut dropouts, mut fines) = (BTreeSet::new(), BTreeSet::new());
    for (argv, env) in told(&bench) {
        assert_eq!(env["WATTFRONT_DROPOUT"], argv[0].as_str());
        assert_eq!(argv.len() == 3, ["0.1", "0.3"].contains(&argv[0].as_str()), "{argv:?}");
        dropouts.insert(argv[0].clone());
        fines.insert(argv[1].clone());
    }
    assert_eq!(dropouts.into_iter().collect::<Vec<_>>(), ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5"]);
    let expected = ["--fine=-0.00001", "--fine=-0.00002", "--fine=0.0", "--fine=0.00001", "--fine=0.00002"];
    assert_eq!(fines.into_iter().collect::<Vec<_>>(), expected);
    for trial in exported(&bench)["trials"].as_array().unwrap() {
        assert!(trial["params"]["dropout"].to_string().len() == 3, "{trial}");
    }
    let table = std::fs::read_to_string(bench.results().join("trials.csv")).unwrap();
    assert!(!table.contains("0000000"), "{table}");
}

#[test]
fn what_was_asked_can_be_told_back_in_any_spelling() {
    let bench = study("sobol", 60, STEPS, "[[forbid]]\ndropout = { at_least = 0.4 }\n");
    let asked = talk(&bench, &[json!({"op": "ask", "count": 30})]);
    let trials = asked[0]["trials"].as_array().unwrap();
    assert_eq!(trials.len(), 4 * 5 + 2 * 5, "all that is allowed");
    let mut requests: Vec<Value> = Vec::new();
    for trial in trials {
        let dropout = trial["params"]["dropout"].as_f64().unwrap();
        assert!(dropout <= 0.3);
        let metrics = json!({"accuracy": dropout});
        // As the program would compute it, and as it was asked.
        let mut params = trial["params"].clone();
        requests.push(json!({"op": "tell", "params": params, "metrics": metrics}));
        params["dropout"] = json!((dropout * 10.0).round() * 0.1);
        requests.push(json!({"op": "tell", "params": params, "metrics": metrics}));
    }
    requests.push(json!({"op": "tell", "params": {"dropout": 0.35, "fine": 0}, "metrics": {"accuracy": 1}}));
    requests.push(json!({"op": "front"}));
    let answers = talk(&bench, &requests);
    let (refused, ok): (Vec<&Value>, Vec<&Value>) = answers.iter().partition(|answer| answer.get("error").is_some());
    assert_eq!((refused.len(), ok.len()), (1, 61), "{refused:?}");
    assert!(refused[0]["error"].as_str().unwrap().contains("the nearest values are 0.3 and 0.4"), "{refused:?}");
    assert!(answers.last().unwrap()["front"].as_array().unwrap().iter().all(|t| t["params"]["dropout"] == json!(0.3)));
}

/// A store in which 0.3 is spelt as versions before this one spelt it.
#[test]
fn a_study_that_was_begun_with_other_spellings_goes_on_as_if_it_had_not_been() {
    let start = "[[start]]\nfine = 1e-5\n[[forbid]]\ndropout = 0.5\n";
    for sampler in ["random", "gp"] {
        let run = |old: bool| {
            let space = STEPS.replace(
                "fine = { float = [-2e-5, 2e-5], step = 1e-5 }",
                "fine = { float = [0.0, 2e-5], step = 1e-5 }",
            );
            let bench = study(sampler, 21, &space, &format!("{start}{STEPS_ARGV}"));
            bench.optimize(&["study.toml", "--trials", "12"]).code(0);
            if old {
                let spelt = |text: String| {
                    Some(
                        text.replace("\"dropout\":0.3", "\"dropout\":0.30000000000000004")
                            .replace("2e-5", "0.000020000000000000002"),
                    )
                };
                let fine = |text: String| if text.contains("study_created") { Some(text) } else { spelt(text) };
                bench.rewrite(fine);
            }
            bench.optimize(&["study.toml"]).code(0);
            bench.finished()
        };
        let (plain, old) = (run(false), run(true));
        assert_eq!(plain, old, "{sampler}");
        let points: BTreeSet<String> = plain.iter().map(|(_, point, _)| point.to_string()).collect();
        assert_eq!((plain.len(), points.len()), (21, 21), "{sampler}: all that is allowed, each once");
    }
}

#[test]
fn earlier_studies_are_matched_by_level_and_a_store_of_before_is_the_same_study() {
    let bench = study("gp", 12, STEPS, STEPS_ARGV);
    bench.optimize(&["study.toml"]).code(0);
    bench.rewrite(|text| Some(text.replace("\"dropout\":0.3", "\"dropout\":0.30000000000000004")));
    std::fs::rename(bench.results(), bench.path().join("results/other")).unwrap();
    bench.edit("float = [0.0, 0.5], step = 0.1 }", "float = [0.1, 0.6], step = 0.1 }");
    bench.edit("trials = 12", "trials = 2");
    let arguments = ["study.toml", "--warm-start", "results/other"];
    bench.optimize(&arguments).code(0);
    let learned = bench.record().earlier()[0].study.trials.clone();
    assert!(learned.iter().all(|(point, _)| point.get("dropout").unwrap().to_string().len() == 3), "{learned:?}");
    // As a version before this one took it over.
    bench.rewrite(|text| Some(text.replace("\"dropout\":0.3", "\"dropout\":0.30000000000000004")));
    bench.optimize(&["study.toml", "--warm-start", "results/other", "--trials", "3"]).code(0);
    assert_eq!(bench.record().earlier()[0].study.trials, learned);
}

const CHOICES: &str = r#"batch = { choice = [16, 1e2, 0.5] }
schedule = { choice = ["cosine", { none = true }] }
amp = { choice = [true, false] }
layers = { choice = [[64, 32], [128]] }
more = { int = [1, 1], when = { schedule = { none = true }, layers = [[128]] } }
"#;
const CHOICES_ARGV: &str = r#"[[start]]
batch = 100
schedule = { none = true }
amp = false
layers = [64.0, 32]
[[forbid]]
batch = 0.5
layers = [[64, 32]]
[[forbid]]
schedule = { none = true }
batch = 16
[command]
argv = ["python3", "program.py", "--batch={batch}", "--schedule={schedule}", "{amp:--amp:--no-amp}", "{amp:--fast}", "--layers", "{layers...}", "--l={layers}", "--more={more}"]
cwd = "."
"#;

#[test]
fn choices_of_every_kind_go_to_the_program_and_come_back() {
    // 3 x 2 x 2 x 2 points, without 4 that have half a batch and two layers, and 4 of 16 without a schedule.
    let bench = study("random", 16, CHOICES, CHOICES_ARGV);
    bench
        .optimize(&["check", "study.toml"])
        .code(0)
        .says("16, 100.0, 0.5")
        .says("[64, 32], [128]")
        .says("cosine, none");
    bench.optimize(&["study.toml"]).code(0);
    let all = told(&bench);
    let first: Vec<&str> = all[0].0.iter().map(String::as_str).collect();
    assert_eq!(first, ["--batch=100.0", "--no-amp", "--layers", "64", "32", "--l=64,32"]);
    assert_eq!(all[0].1.get("WATTFRONT_SCHEDULE"), None, "no value, no variable");
    assert_eq!((&all[0].1["WATTFRONT_LAYERS"], &all[0].1["WATTFRONT_AMP"]), (&json!("64,32"), &json!("false")));
    let lines: BTreeSet<&Vec<String>> = all.iter().map(|(argv, _)| argv).collect();
    assert_eq!((lines.len(), all.len()), (16, 16), "each choice is told from the others");
    for (argv, env) in &all {
        let has = |word: &str| argv.iter().any(|argument| argument == word);
        assert_eq!(has("--fast"), has("--amp"));
        assert_eq!(
            argv.iter().any(|argument| argument.starts_with("--schedule=")),
            env.get("WATTFRONT_SCHEDULE").is_some()
        );
        assert_eq!(has("--more=1"), has("--l=128") && env.get("WATTFRONT_SCHEDULE").is_none());
        assert!(!(has("--batch=0.5") && has("--l=64,32")));
    }
    let json = exported(&bench);
    let params = &json["trials"][0]["params"];
    assert_eq!(*params, json!({"batch": 100.0, "schedule": null, "amp": false, "layers": [64, 32]}));
    let table = std::fs::read_to_string(bench.results().join("trials.csv")).unwrap();
    assert!(table.lines().nth(1).unwrap().contains("100.0,none,false,\"[64,32]\","), "{table}");
    let page = std::fs::read_to_string(bench.results().join("report.html")).unwrap();
    assert!(page.contains("[64, 32]") && page.contains("none"));

    // What is picked can be pasted, and stands for the same point.
    let picked = bench.optimize(&["pick", "study.toml", "--trial", "0"]).code(0).out();
    assert!(picked.contains("schedule = { none = true }\n") && picked.contains("layers = [64, 32]\n"), "{picked}");
    let again =
        study("random", 1, CHOICES, CHOICES_ARGV.split_once("[[forbid]]").unwrap().0.split_once("batch").unwrap().0);
    let text = std::fs::read_to_string(again.path().join("study.toml")).unwrap();
    again.write("study.toml", &(text + &picked));
    let asked = talk(&again, &[json!({"op": "ask"})]);
    assert_eq!(asked[0]["trials"][0]["params"], *params);
    let json: Value =
        serde_json::from_str(&bench.optimize(&["pick", "study.toml", "--trial", "0", "--json"]).code(0).out()).unwrap();
    assert_eq!(json["params"], *params);
    // The study goes on, and finds nothing new.
    bench.optimize(&["study.toml", "--trials", "20"]).code(0);
    assert_eq!(told(&bench).len(), 16);
    bench.optimize(&["confirm", "study.toml", "--trial", "0", "--seeds", "2"]).code(0);
    assert_eq!(told(&bench).last().unwrap().0.len(), 6, "the same arguments");
}

#[test]
fn choices_of_every_kind_are_asked_and_told() {
    let bench = study("grid", 40, CHOICES, "");
    let asked = talk(&bench, &[json!({"op": "ask", "count": 40})]);
    let trials = asked[0]["trials"].as_array().unwrap();
    assert_eq!(trials.len(), 24);
    let told = |trial: &Value| json!({"op": "tell", "params": trial["params"], "metrics": {"accuracy": 0.5}});
    let mut requests: Vec<Value> = trials.iter().map(told).collect();
    let point = |layers: Value, schedule: Value| json!({"op": "tell", "params": {"batch": 16.0, "schedule": schedule, "amp": true, "layers": layers}, "metrics": {"accuracy": 1}});
    requests.push(point(json!([64, 32]), Value::Null));
    requests.push(json!({"op": "front"}));
    for refused in
        [point(json!([64]), Value::Null), point(Value::Null, Value::Null), point(json!([64, [32]]), json!("cosine"))]
    {
        requests.push(refused);
    }
    let answers = talk(&bench, &requests);
    assert!(answers[..25].iter().all(|answer| answer["ok"] == true), "{answers:?}");
    let front = &answers[25]["front"][0]["params"];
    assert_eq!(*front, json!({"batch": 16, "schedule": null, "amp": true, "layers": [64, 32]}));
    assert!(front["batch"].is_i64());
    let errors: Vec<&str> = answers[26..].iter().map(|answer| answer["error"].as_str().unwrap()).collect();
    assert!(
        errors[0].contains("`layers` cannot be [64]") && errors[1].contains("`layers` cannot be none"),
        "{errors:?}"
    );
    assert!(errors[2].contains("`layers` cannot be [64, [32]]"), "{errors:?}");
}

#[test]
fn numbers_for_programs_have_no_exponents() {
    let space = "lr = { float = [1e-9, 1e-6], scale = \"log\" }\nshift = { float = [-1e-6, 1e-6] }\nhuge = { choice = [1e300, 1e22, 5e-324] }";
    let bench = study(
        "random",
        12,
        space,
        "[command]\nargv = [\"python3\", \"program.py\", \"--shift={shift}\", \"{lr}\", \"{huge}\"]\ncwd = \".\"\n",
    );
    bench.optimize(&["study.toml"]).code(0);
    let record = exported(&bench);
    for ((argv, env), trial) in told(&bench).iter().zip(record["trials"].as_array().unwrap()) {
        let words = [argv[0].trim_start_matches("--shift="), &argv[1], &argv[2]];
        for (word, name) in words.into_iter().zip(["shift", "lr", "huge"]) {
            assert!(word.contains('.') && !word.contains(['e', 'E']), "{word}");
            assert_eq!(word.parse::<f64>().unwrap(), trial["params"][name].as_f64().unwrap());
            assert_eq!(env[format!("WATTFRONT_{}", name.to_uppercase())], word);
        }
    }
    let single = study(
        "random",
        1,
        space,
        "[command]\nargv = [\"python3\", \"program.py\", \"--shift\", \"{shift}\"]\ncwd = \".\"\n",
    );
    single
        .optimize(&["check", "study.toml"])
        .code(0)
        .says("many programs take it for an option")
        .says("--shift={shift}");
}

/// A store of an earlier version, which made floats of all numbers of such a choice.
#[test]
fn a_choice_of_mixed_numbers_that_was_begun_as_floats_goes_on_with_them() {
    let space = "batch = { choice = [16, 32, 1e2] }\nx = { int = [1, 3], when = { batch = [16, 100] } }";
    let command = "[[start]]\nbatch = 32\n[command]\nargv = [\"python3\", \"program.py\", \"{batch}\"]\ncwd = \".\"\n";
    let bench = study("random", 7, space, command);
    bench.optimize(&["study.toml", "--trials", "1"]).code(0);
    let floats = |text: String| {
        let text = text.replace("[16,32,100.0]", "[16.0,32.0,100.0]").replace("[16,100.0]", "[16.0,100.0]");
        Some(text.replace("\"batch\":32", "\"batch\":32.0"))
    };
    bench.rewrite(floats);
    bench.optimize(&["study.toml"]).code(0);
    let words: BTreeSet<String> = told(&bench)[1..].iter().map(|(argv, _)| argv[0].clone()).collect();
    assert_eq!(words.into_iter().collect::<Vec<_>>(), ["100.0", "16.0"], "32 was tried");
    assert_eq!(bench.finished().len(), 7);
    bench.edit("[16, 32, 1e2]", "[16, 33, 1e2]");
    bench.optimize(&["study.toml"]).code(2);
}

#[test]
fn choices_that_nobody_could_tell_apart_are_refused_where_they_stand() {
    for (values, said) in [
        ("[\"1\", 1]", "both are `1`"),
        ("[true, \"true\"]", "both are `true`"),
        ("[1, 1.0]", "listed twice, first as 1"),
        ("[\"a\\u0000\", \"b\"]", "holds a NUL character"),
        ("[[1, 2], \"1,2\"]", "both are `1,2`"),
        ("[nan, 1.0]", "NaN or infinite"),
    ] {
        let bench = study("random", 3, &format!("x = {{ choice = {values} }}"), "");
        bench.optimize(&["check", "study.toml"]).code(2).says(said).says("study.toml:").says("x = {");
    }
    let fine = "x = { choice = [\"\", \" \", \"a\", \"A\", \"a \", 1, \"1.0\", \"None\", { none = true }, [], 1e-6] }";
    study("random", 3, &fine.replace(", []", ""), "").optimize(&["check", "study.toml"]).code(0);
    study("random", 3, fine, "").optimize(&["check", "study.toml"]).code(2).says("cannot be told from \"\"");
}
