//! `optimize ask-tell` as another program sees it: lines in, lines out, and nothing lost in between.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use crate::bench::Bench;

const STUDY: &str = r#"
name = "bench"
seed = 3
[budget]
trials = 30
[[objective]]
metric = "accuracy"
goal = "maximize"
[[objective]]
metric = "energy"
goal = "minimize"
[sampler]
initial = 4
[space]
x = { float = [0.0, 1.0] }
n = { int = [1, 9] }
kind = { choice = ["a", "b"] }
y = { float = [0.0, 1.0], when = { kind = "b" } }
"#;

struct Talk {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Talk {
    fn new(bench: &Bench) -> Self {
        let mut command = bench.command(&["ask-tell", "study.toml"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output }
    }

    /// Sends a line as it is; its answer must be one line with one JSON object.
    fn line(&mut self, line: &[u8]) -> Value {
        self.input.write_all(line).unwrap();
        self.input.write_all(b"\n").unwrap();
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap_or_else(|e| panic!("{answer:?}: {e}"));
        assert!(answer.is_object(), "{answer}");
        answer
    }

    fn call(&mut self, request: Value) -> Value {
        self.line(request.to_string().as_bytes())
    }

    fn ask(&mut self, count: u64) -> Vec<Value> {
        let answer = self.call(json!({"op": "ask", "count": count}));
        let trials = answer["trials"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
        assert_eq!(answer["done"].is_null(), !trials.is_empty(), "{answer}");
        trials
    }

    /// Tells what must be taken.
    fn tell(&mut self, id: &Value, accuracy: f64, energy: f64) {
        let metrics = json!({"accuracy": accuracy, "energy": energy});
        assert_eq!(self.call(json!({"op": "tell", "id": id, "metrics": metrics})), json!({"ok": true}));
    }

    #[track_caller]
    fn refuses(&mut self, request: Value, reason: &str) {
        self.refuses_line(request.to_string().as_bytes(), reason);
    }

    #[track_caller]
    fn refuses_line(&mut self, line: &[u8], reason: &str) {
        let answer = self.line(line);
        let error = answer["error"].as_str().unwrap_or_else(|| panic!("not refused: {answer}"));
        assert!(error.contains(reason), "{reason:?} is not in {error:?}");
    }

    fn pending(&mut self) -> Vec<Value> {
        self.call(json!({"op": "pending"}))["trials"].as_array().unwrap().clone()
    }

    fn quit(mut self) {
        assert_eq!(self.call(json!({"op": "quit"})), json!({"ok": true}));
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

fn study(text: &str) -> Bench {
    let bench = Bench::new();
    bench.write("study.toml", text);
    bench
}

fn outcome(params: &Value) -> (f64, f64) {
    let (x, n) = (params["x"].as_f64().unwrap(), params["n"].as_f64().unwrap());
    (1.0 - (x - 0.4).powi(2) - 1.0 / n, n * (1.0 + x))
}

#[test]
fn a_whole_session_ends_in_a_study_like_any_other() {
    let bench = study(STUDY);
    let mut talk = Talk::new(&bench);
    let mut told = Vec::new();
    for round in 0..6 {
        let trials = talk.ask(1 + round % 2);
        for trial in &trials {
            let params = &trial["params"];
            assert!(params["x"].is_f64() && params["n"].is_i64(), "numbers keep their type: {params}");
            assert_eq!(params.get("y").is_some(), params["kind"] == "b", "inactive ones are absent: {params}");
        }
        // The last that was asked for is told first.
        for trial in trials.iter().rev() {
            let (accuracy, energy) = outcome(&trial["params"]);
            talk.tell(&trial["id"], accuracy, energy);
            told.push((accuracy, energy, trial.clone()));
        }
    }
    assert_eq!(told.len(), 9);
    let sd = json!({"op": "tell", "id": talk.ask(1)[0]["id"], "metrics": {"accuracy": 0.1, "energy": 900.0, "loss": 2},
                    "sd": {"accuracy": 0.02, "energy": 0}});
    assert_eq!(talk.call(sd), json!({"ok": true}));
    let failed = talk.ask(2);
    let failures = [("CUDA out of memory", "out of memory"), ("worker lost", "worker lost")];
    for (trial, (words, _)) in failed.iter().zip(failures) {
        assert_eq!(talk.call(json!({"op": "tell", "id": trial["id"], "failed": words})), json!({"ok": true}));
    }

    let dominated = |a: f64, e: f64| told.iter().any(|(b, f, _)| *b >= a && *f <= e && (*b, *f) != (a, e));
    let mut expected: Vec<_> = told.iter().filter(|(a, e, _)| !dominated(*a, *e)).collect();
    expected.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.2["id"].as_u64().cmp(&b.2["id"].as_u64())));
    let expected: Vec<Value> = expected
        .into_iter()
        .map(|(a, e, t)| json!({"id": t["id"], "params": t["params"], "metrics": {"accuracy": a, "energy": e}}))
        .collect();
    assert_eq!(talk.call(json!({"op": "front"})), json!({"front": expected}));
    talk.quit();

    let record = bench.record();
    let trial = record.trial(9).unwrap();
    assert_eq!(trial.result().unwrap().sd.get("accuracy"), Some(&0.02));
    assert_eq!(trial.result().unwrap().metrics.get("loss"), Some(&2.0));
    for (trial, (words, kind)) in failed.iter().zip(failures) {
        let failure = record.trial(trial["id"].as_u64().unwrap()).unwrap().failure().unwrap();
        assert_eq!((failure.kind.label(), failure.message.as_str()), (kind, words));
    }
    assert!(record.reference().is_some(), "frozen after the initial design");
    assert_eq!(record.sessions().last().unwrap().end.as_deref(), Some("quit"));
    let csv = std::fs::read_to_string(bench.results().join("trials.csv")).unwrap();
    assert!(csv.contains("reported"), "told energies are called what they are:\n{csv}");
    let report = std::fs::read_to_string(bench.results().join("report.html")).unwrap();
    assert!(report.contains("Energies were reported by the program under study"));
    bench.optimize(&["pick", "study.toml"]).code(0).says("energy");
}

#[test]
fn killed_between_ask_and_tell_it_goes_on_as_if_nothing_had_been() {
    let whole = study(STUDY);
    let mut talk = Talk::new(&whole);
    let mut expected = Vec::new();
    for _ in 0..8 {
        let trial = talk.ask(1).remove(0);
        let (accuracy, energy) = outcome(&trial["params"]);
        talk.tell(&trial["id"], accuracy, energy);
        expected.push(trial);
    }
    talk.quit();

    let killed = study(STUDY);
    for (i, expected) in expected.iter().enumerate() {
        let mut talk = Talk::new(&killed);
        let asked = talk.ask(1);
        assert_eq!(&asked[0], expected, "trial {i}");
        talk.child.kill().unwrap();
        talk.child.wait().unwrap();

        let mut talk = Talk::new(&killed);
        assert_eq!(talk.pending(), asked);
        let (accuracy, energy) = outcome(&expected["params"]);
        talk.tell(&expected["id"], accuracy, energy);
        talk.child.kill().unwrap();
        talk.child.wait().unwrap();
    }
    assert_eq!(killed.finished(), whole.finished());
    assert_eq!(killed.record().reference(), whole.record().reference());
    assert!(killed.record().trials().iter().all(|t| t.attempts == 1 && t.lost_attempts == 0));
    let mut talk = Talk::new(&killed);
    assert_eq!(talk.pending(), Vec::<Value>::new());
    talk.refuses(json!({"op": "tell", "id": 0, "metrics": {"accuracy": 1, "energy": 1}}), "told already");
    talk.quit();
}

#[test]
fn asking_while_trials_are_outstanding_gives_others_also_after_a_restart() {
    let bench = study(STUDY);
    let mut talk = Talk::new(&bench);
    let mut asked = talk.ask(6);
    asked.extend(talk.ask(2));
    drop(talk.input);
    assert_eq!(talk.child.wait().unwrap().code(), Some(0), "the end of input is like quit");
    let mut talk = Talk::new(&bench);
    asked.extend(talk.ask(3));
    let distinct: BTreeSet<String> = asked.iter().map(|t| t["params"].to_string()).collect();
    assert_eq!(distinct.len(), 11);
    let ids: Vec<u64> = asked.iter().map(|t| t["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, (0..11).collect::<Vec<_>>());
    assert_eq!(talk.pending(), asked);
    let others = bench.command(&["ask-tell", "study.toml"]).output().unwrap();
    assert_eq!(others.status.code(), Some(3), "one process at a time");
    talk.quit();
}

#[test]
fn whatever_is_wrong_is_answered_and_changes_nothing() {
    let bench = study(STUDY);
    let mut talk = Talk::new(&bench);
    let id = &talk.ask(1)[0]["id"].clone();
    let before = bench.record().last_seq();
    talk.refuses_line(b"", "not a request");
    talk.refuses_line(b"hello", "not a request");
    talk.refuses_line(b"\xff\xfe{}", "UTF-8");
    talk.refuses_line(b"{\"op\":\"ask\"", "EOF");
    talk.refuses_line(&vec![b'['; 3 << 20], "longer than");
    talk.refuses_line("[".repeat(100_000).as_bytes(), "not a request");
    talk.refuses_line(
        format!("{{\"op\":\"tell\",\"id\":0,\"metrics\":{{\"a\":{}", "[".repeat(100_000)).as_bytes(),
        "recursion",
    );
    talk.refuses(json!({"op": "ask", "count": 0}), "from 1 to 1000");
    talk.refuses(json!({"op": "tell", "id": 77, "metrics": {"accuracy": 1, "energy": 1}}), "no trial 77");
    let tell = |metrics: &str| format!("{{\"op\":\"tell\",\"id\":{id},\"metrics\":{metrics}}}").into_bytes();
    talk.refuses_line(&tell("{\"energy\":1}"), "`accuracy` was not reported");
    talk.refuses_line(&tell("{\"acuracy\":1,\"energy\":1}"), "did you mean `acuracy`");
    talk.refuses_line(&tell("{\"accuracy\":\"1\",\"energy\":1}"), "not a number");
    for (params, reason) in [
        (json!({"x": 0.5, "n": 3, "kind": "a", "z": 1}), "no parameter `z`"),
        (json!({"x": 0.5, "n": 3}), "`kind` has no value"),
        (json!({"x": 0.5, "n": 3, "kind": "a", "y": 0.1}), "`y` has a value, but"),
        (json!({"x": 1.5, "n": 3, "kind": "a"}), "`x` cannot be 1.5"),
        (json!({"x": 0.5, "n": 3.5, "kind": "a"}), "`n` cannot be 3.5"),
        (json!({"x": 0.5, "n": 3, "kind": ["a"]}), "`kind` cannot be"),
    ] {
        talk.refuses(json!({"op": "tell", "params": params, "metrics": {"accuracy": 1, "energy": 1}}), reason);
    }
    assert_eq!(bench.record().last_seq(), before, "nothing was stored");
    talk.tell(id, 0.5, 1.0);
    talk.refuses(json!({"op": "tell", "id": id, "metrics": {"accuracy": 1, "energy": 1}}), "told already");
    talk.refuses(json!({"op": "tell", "id": id, "failed": "diverged"}), "told already");
    talk.quit();
}

/// What cannot be kept and nobody needs is left out, and said; what an objective or constraint needs fails the trial, which is stored.
#[test]
fn metrics_that_are_no_numbers_are_dropped_or_fail_the_trial_as_those_of_a_program_do() {
    let bench = study(&STUDY.replace("[sampler]", "[[constraint]]\nmetric = \"ram\"\nat_most = 8\n[sampler]"));
    let mut talk = Talk::new(&bench);
    let good = r#""accuracy":0.5,"energy":2,"ram":1"#;
    for (more, sd, dropped) in [
        (r#""loss":NaN"#, "{}", &["loss"][..]),
        (r#""loss":-Infinity,"f1":1e999"#, "{}", &["loss", "f1"]),
        (r#""loss":null"#, r#"{"loss":0.1}"#, &["loss"]),
        (r#""note":"fine","ok":true,"val":{"f1":0.5},"curve":[1,2]"#, "{}", &["note", "ok", "val", "curve"]),
        (r#""energy.a.b":1,"energy.gpu":-1"#, "{}", &["energy.a.b", "energy.gpu"]),
        (
            r#""f1":1"#,
            r#"{"accuracy":NaN,"energy":-0.1,"f1":null,"no":0.1}"#,
            &["sd.accuracy", "sd.energy", "sd.f1", "sd.no"],
        ),
        (r#""f1":1"#, r#"{"accuracy":Infinity,"energy":"0.1"}"#, &["sd.accuracy", "sd.energy"]),
    ] {
        let id = talk.ask(1)[0]["id"].clone();
        let line = format!(r#"{{"op":"tell","id":{id},"metrics":{{{good},{more}}},"sd":{sd}}}"#);
        let answer = talk.line(line.as_bytes());
        let said: BTreeSet<&str> = answer["dropped"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!((&answer["ok"], said), (&json!(true), dropped.iter().copied().collect()), "{more} {sd}: {answer}");
        assert!(answer.get("failed").is_none(), "{answer}");
    }
    for (metrics, reason) in [
        (r#"{"accuracy":NaN,"energy":1,"ram":1}"#, "`accuracy` is NaN"),
        (r#"{"accuracy":null,"energy":1,"ram":1}"#, "`accuracy` is NaN"),
        (r#"{"accuracy":1,"energy":-Infinity,"ram":1}"#, "`energy` is minus infinity"),
        (r#"{"accuracy":1,"energy":-1,"ram":1}"#, "zero or above"),
        (r#"{"accuracy":1,"energy":1,"ram":1e999}"#, "`ram` is infinite"),
        (r#"{"accuracy":"0.9","energy":1,"ram":1}"#, "`accuracy` is \"0.9\", which is not a number"),
        (r#"{"accuracy":1,"energy":1}"#, "`ram` was not reported (reported: accuracy, energy)"),
    ] {
        let id = talk.ask(1)[0]["id"].clone();
        let answer = talk.line(format!(r#"{{"op":"tell","id":{id},"metrics":{metrics}}}"#).as_bytes());
        let failed = answer["failed"].as_str().unwrap_or_else(|| panic!("{metrics}: {answer}"));
        assert!(answer["ok"] == true && failed.starts_with("bad metrics: ") && failed.contains(reason), "{answer}");
        talk.refuses(
            json!({"op": "tell", "id": id, "metrics": {"accuracy": 1, "energy": 1, "ram": 1}}),
            "told already",
        );
    }
    let point = json!({"x": 0.125, "n": 3, "kind": "a"});
    let told = format!(r#"{{"op":"tell","params":{point},"metrics":{{"accuracy":NaN,"energy":1,"ram":1}}}}"#);
    assert_eq!(talk.line(told.as_bytes())["id"], json!(14));
    assert_eq!(talk.pending(), Vec::<Value>::new(), "nothing is left running");
    talk.quit();
    let record = bench.record();
    let bad = record.trials().iter().filter(|t| t.failure().is_some_and(|f| f.kind.label() == "bad metrics")).count();
    assert_eq!((bad, bench.finished().len()), (8, 7));
    assert!(record.trials().iter().filter_map(|t| t.result()).flat_map(|r| r.metrics.values()).all(|v| v.is_finite()));
    assert!(record.trials().iter().filter_map(|t| t.result()).all(|r| r.sd.is_empty()));
}

#[test]
fn what_was_asked_for_and_not_told_is_said_at_the_end() {
    let bench = study(STUDY);
    let mut talk = Talk::new(&bench);
    talk.ask(2);
    assert_eq!(talk.call(json!({"op": "quit"})), json!({"ok": true}));
    let ended = talk.child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(said.contains("2 trials were asked for and not told (0, 1)"), "{said}");
}

#[test]
fn points_that_were_not_asked_for_get_an_id_and_are_not_proposed() {
    let bench = study(
        "[budget]\ntrials = 9\n[[objective]]\nmetric = \"a\"\ngoal = \"minimize\"\n[space]\nn = { int = [1, 3] }\n",
    );
    bench.edit("[budget]", "name = \"bench\"\n[budget]");
    let mut talk = Talk::new(&bench);
    let asked = talk.ask(1);
    // Some languages write whole numbers as 2.0.
    let free = (1..=3).find(|n| asked[0]["params"]["n"] != *n).unwrap();
    let told = talk.call(json!({"op": "tell", "params": {"n": f64::from(free)}, "metrics": {"a": 1.0}}));
    assert_eq!(told, json!({"ok": true, "id": 1}));
    assert_eq!(talk.call(json!({"op": "front"}))["front"][0]["params"], json!({"n": free}));
    let last = talk.ask(5);
    assert_eq!(last.len(), 1, "the space has three points");
    assert_ne!(last[0]["params"]["n"], free);
    assert_eq!(talk.call(json!({"op": "ask"})), json!({"trials": [], "done": "space"}));
    // What failed for no fault of its configuration may be asked for again.
    assert_eq!(talk.call(json!({"op": "tell", "id": last[0]["id"], "failed": "device"})), json!({"ok": true}));
    let again = talk.ask(1);
    assert_eq!((&again[0]["params"], &again[0]["id"]), (&last[0]["params"], &json!(3)));
    talk.quit();
}

#[test]
fn a_point_whose_outcome_was_cut_off_is_not_pending() {
    let bench = study(STUDY);
    let mut talk = Talk::new(&bench);
    let told =
        json!({"op": "tell", "params": {"x": 0.5, "n": 3, "kind": "a"}, "metrics": {"accuracy": 1, "energy": 1}});
    assert_eq!(talk.call(told.clone()), json!({"ok": true, "id": 0}));
    talk.child.kill().unwrap();
    talk.child.wait().unwrap();
    // As if it had been killed between both events.
    let mut ended = 0;
    bench.rewrite(|body| {
        let ends = body.contains("trial_finished");
        ended += u32::from(ends);
        (!ends).then_some(body)
    });
    assert_eq!(ended, 1);
    let mut talk = Talk::new(&bench);
    assert_eq!(talk.pending(), Vec::<Value>::new());
    assert_eq!(talk.call(told), json!({"ok": true, "id": 1}));
    talk.quit();
}

#[test]
fn the_budget_counts_what_is_pending_too() {
    let bench = study(STUDY);
    bench.edit("trials = 30", "trials = 5");
    let mut talk = Talk::new(&bench);
    let asked = talk.ask(9);
    assert_eq!(asked.len(), 5);
    assert_eq!(talk.call(json!({"op": "ask"})), json!({"trials": [], "done": "budget"}));
    for trial in &asked {
        talk.tell(&trial["id"], 0.5, 10.0);
    }
    assert_eq!(talk.call(json!({"op": "ask"})), json!({"trials": [], "done": "budget"}));
    talk.quit();
    bench.edit("trials = 5", "trials = 6");
    let mut talk = Talk::new(&bench);
    assert_eq!(talk.ask(9).len(), 1, "a larger budget extends the study");
    talk.quit();
    // One of energy counts what is told, 50 J so far.
    bench.edit("trials = 6", "energy = \"60 J\"");
    let mut talk = Talk::new(&bench);
    let id = talk.pending()[0]["id"].clone();
    assert_eq!(talk.ask(1).len(), 1);
    talk.tell(&id, 0.5, 10.0);
    assert_eq!(talk.call(json!({"op": "ask"})), json!({"trials": [], "done": "budget"}));
    talk.quit();
}

#[test]
fn a_study_file_that_says_how_to_run_trials_is_refused() {
    let bench = Bench::new();
    bench.optimize(&["ask-tell", "study.toml"]).code(2).says("[command]").says("remove the section");
    bench.write("study.toml", &format!("{STUDY}[trial]\ntimeout = \"1h\"\n"));
    bench.optimize(&["ask-tell", "study.toml"]).code(2).says("[trial]");
    assert!(!bench.results().exists(), "nothing is made");
    bench.write("study.toml", STUDY);
    bench.optimize(&["check", "study.toml"]).code(0).says("somebody asks for points");
}

#[test]
fn the_example_in_python_searches_and_goes_on() {
    let bench = Bench::new();
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/ask_tell.py");
    let run = || {
        let mut python = std::process::Command::new("python3");
        python.args([example, env!("CARGO_BIN_EXE_optimize")]).current_dir(bench.path()).output().unwrap()
    };
    let first = run();
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    assert!(String::from_utf8_lossy(&first.stdout).contains("'width': 4}"), "the cheapest is on the front");
    assert_eq!(run().stdout, first.stdout, "the budget is spent, and the front is what it was");
    bench.optimize(&["export", "results/ask_tell", "--format", "json"]).code(0).says("\"finished\": 30");
}

/// Trainings that crash, diverge or are told under another name leave nothing running, and the example says so.
#[test]
fn the_example_in_python_heeds_every_answer() {
    let example = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/ask_tell.py")).unwrap();
    let returned = r#"return {"error": (learning_rate - 0.03) ** 2 + 1 / width, "energy": 0.5 * width}"#;
    let states = |instead: &str, code: i32, says: &str| {
        let bench = Bench::new();
        assert!(example.contains(returned));
        bench.write("search.py", &example.replace(returned, instead).replace("trials = 30", "trials = 6"));
        let mut python = std::process::Command::new("python3");
        python.args(["search.py", env!("CARGO_BIN_EXE_optimize")]).current_dir(bench.path());
        let answer = crate::bench::Answer(python.output().unwrap()).code(code).says(says);
        let json = bench.optimize(&["export", "results/ask_tell", "--format", "json"]).code(0).out();
        assert!(!json.contains("\"running\""), "{}", answer.err());
    };
    let raises = "if width > 60: raise MemoryError('too wide')\n    return {'error': 1 / width, 'energy': width}";
    states(raises, 0, "failed: MemoryError: too wide");
    states(r#"return {"error": float("nan") if width > 60 else 1 / width, "energy": width}"#, 0, "`error` is NaN");
    states(r#"return {"error": 1 / width, "energy": width, "loss": float("inf")}"#, 0, "dropped");
    states(r#"return {"eror": 1 / width, "energy": width}"#, 1, "did you mean `eror`");
}

#[test]
fn constraints_starts_and_forbidden_points_hold_here_too() {
    let text = STUDY.replace(
        "[sampler]",
        "[[constraint]]\nmetric = \"ram\"\nat_most = 8\n[[start]]\nx = 0.25\n[[forbid]]\nn = { at_least = 6 }\n[sampler]",
    );
    let bench = study(&text);
    let mut talk = Talk::new(&bench);
    let first = talk.ask(3);
    assert_eq!(first[0]["params"], json!({"x": 0.25, "n": 5, "kind": "a"}));
    assert!(first.iter().all(|trial| trial["params"]["n"].as_i64().unwrap() < 6), "{first:?}");
    let metrics = |accuracy: f64, ram: f64| json!({"accuracy": accuracy, "energy": 1.0, "ram": ram});
    talk.refuses(json!({"op": "tell", "id": 0, "metrics": {"accuracy": 0.5, "energy": 1}}), "`ram` was not reported");
    assert_eq!(talk.pending().len(), 3);
    for (id, accuracy, ram) in [(0, 0.9, 9.0), (1, 0.5, 8.0), (2, 0.4, 1.0)] {
        assert_eq!(talk.call(json!({"op": "tell", "id": id, "metrics": metrics(accuracy, ram)})), json!({"ok": true}));
    }
    let front = talk.call(json!({"op": "front"}))["front"].clone();
    assert_eq!(front.as_array().unwrap().iter().map(|t| t["id"].clone()).collect::<Vec<_>>(), [json!(1)]);
    talk.quit();
}

#[test]
fn it_begins_anew_and_learns_from_what_was_before() {
    let bench = study(STUDY);
    let mut talk = Talk::new(&bench);
    for trial in talk.ask(6) {
        let (accuracy, energy) = outcome(&trial["params"]);
        talk.tell(&trial["id"], accuracy, energy);
    }
    talk.quit();
    std::fs::rename(bench.results(), bench.path().join("results/before")).unwrap();
    bench.optimize(&["ask-tell", "study.toml"]).code(0);
    let answer = bench.optimize(&["ask-tell", "study.toml", "--fresh", "--warm-start", "results/before"]).code(0);
    assert_eq!(answer.out(), "", "standard output has answers only");
    answer.says("the old results are now in").says("learns from 6 of 6 finished trials of `bench`");
    assert!(bench.path().join("results/bench.1/study.db").exists());
    assert_eq!(bench.record().history().earlier()[0].trials.len(), 6);
    assert!(bench.record().trials().is_empty());
}
