//! What version 0.1.0 stored is read, exported and gone on with. The store was written before rooms and words of the crate changed.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::bench::Bench;

fn recorded(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/study/recorded").join(name)
}

/// A bench with the study file and the store of then.
fn bench() -> Bench {
    let bench = Bench::new();
    let results = bench.path().join("results/recorded");
    fs::create_dir_all(&results).unwrap();
    fs::copy(recorded("study.db"), results.join("study.db")).unwrap();
    fs::copy(recorded("recorded.toml"), bench.path().join("recorded.toml")).unwrap();
    bench
}

/// Where an answer lacks what the recorded one has, or has it otherwise; what is new is no difference. Sentences may be reworded.
fn lost(old: &Value, new: &Value, place: &str, found: &mut Vec<String>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (name, value) in old.iter().filter(|(name, _)| *name != "sentence") {
                let place = format!("{place}.{name}");
                match new.get(name) {
                    Some(now) => lost(value, now, &place, found),
                    None => found.push(format!("{place} is gone")),
                }
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            old.iter().zip(new).enumerate().for_each(|(i, (old, new))| lost(old, new, &format!("{place}[{i}]"), found));
        }
        _ if old == new => {}
        _ => found.push(format!("{place} was {old} and is {new}")),
    }
}

#[test]
fn a_store_of_0_1_is_exported_as_it_was() {
    let bench = bench();
    let answer = bench.optimize(&["export", "recorded.toml", "--format", "json"]).code(0).out();
    let old = serde_json::from_str(&fs::read_to_string(recorded("answer.json")).unwrap()).unwrap();
    let mut found = Vec::new();
    lost(&old, &serde_json::from_str(&answer).unwrap(), "", &mut found);
    assert!(found.is_empty(), "{}", found.join("\n"));
    let rows = bench.optimize(&["export", "recorded.toml", "--format", "csv"]).code(0).out();
    assert_eq!(rows, fs::read_to_string(recorded("trials.csv")).unwrap());
}

#[test]
fn a_study_of_0_1_goes_on() {
    let bench = bench();
    bench.optimize(&["recorded.toml", "--trials", "10"]).code(0);
    let rows = bench.optimize(&["export", "recorded.toml", "--format", "csv"]).code(0).out();
    let (old, new) = (fs::read_to_string(recorded("trials.csv")).unwrap(), rows.lines().collect::<Vec<_>>());
    assert_eq!(new.len(), 1 + 10);
    // All that came of a trial; whether it is on the front may have changed.
    let results = |line: &str| line.split(",true,").next().unwrap().split(",false,").next().unwrap().to_owned();
    for (old, new) in old.lines().zip(new) {
        assert_eq!(results(old), results(new));
    }
}

#[test]
fn what_is_gone_is_found() {
    let (old, new) = (serde_json::json!({"a": [1, {"b": 2}], "c": null}), serde_json::json!({"a": [1, {"d": 2}]}));
    let mut found = Vec::new();
    lost(&old, &new, "", &mut found);
    assert_eq!(found, [".a[1].b is gone", ".c is gone"]);
}
