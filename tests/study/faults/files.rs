//! Commands that write files and run no trial of a study: each file is the old one or the new one, and never half of it.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::OUTPUTS;
use super::findings::Wrong;
use super::library::Fault;
use super::positions::{Done, Flow};
use super::scene::{End, bench, copy, files, outputs_of};
use crate::bench::Bench;

/// `optimize report`, after what it shows has changed.
pub struct Reports;

const REPORT: &[&str] = &["report", "study.toml"];

impl Flow for Reports {
    fn name(&self) -> &'static str {
        "a report"
    }

    fn prepared(&self) -> Bench {
        let bench = bench();
        bench.optimize(&["study.toml", "--trials", "4"]).code(0);
        fs::create_dir(bench.path().join("before")).unwrap();
        copy(&bench.results(), &bench.path().join("before"));
        // Now the report says other grams, and the tables other names than those that lie there.
        bench.edit("[energy]", "[carbon]\nintensity = 100\nsource = \"a label\"\n\n[energy]");
        for table in ["trials.csv", "front.csv"] {
            fs::write(bench.path().join("before").join(table), "old\n").unwrap();
            fs::write(bench.results().join(table), "old\n").unwrap();
        }
        bench
    }

    fn act(&self, bench: &Bench, arm: &dyn Fn(&mut Command)) -> Done {
        let mut command = bench.command(REPORT);
        arm(&mut command);
        Done { end: End::of(bench, command), talk: Vec::new(), runs_before: 0 }
    }

    fn judge(&self, bench: &Bench, whole: &Bench, done: &Done, _: Option<&Fault>) -> Vec<(Wrong, String)> {
        let mut wrongs = Vec::new();
        for name in OUTPUTS.iter().map(|path| path.trim_start_matches("bench/")) {
            let read = |folder: &Path| fs::read(folder.join(name)).ok();
            let (now, old, new) = (read(&bench.results()), read(&bench.path().join("before")), read(&whole.results()));
            if now != new && (done.end.code() == Some(0) || now != old) {
                let lengths = now.map(|bytes| bytes.len());
                wrongs.push((Wrong::Torn, format!("{name} is not whole: {lengths:?} bytes")));
            }
        }
        let again = End::of(bench, bench.command(REPORT));
        if again.code() != Some(0) {
            wrongs.push((Wrong::Unreadable, format!("another report: {:?} {}", again.status, again.err)));
        }
        let before = |path: &Path| fs::read(path.join("study.toml")).ok();
        if before(&bench.results()) != before(&bench.path().join("before")) {
            wrongs.push((Wrong::Different, "study.toml has changed".to_owned()));
        }
        wrongs.extend(outputs_of(bench, OUTPUTS, REPORT));
        wrongs
    }
}

/// `optimize meter` with both of its files.
pub struct Meters;

/// What is wrong with the sums, if they are there; and whether they are.
fn sums(bench: &Bench) -> (bool, Option<String>) {
    match fs::read(bench.path().join("results/energy.json")) {
        Err(_) => (false, None),
        Ok(bytes) => match serde_json::from_slice::<Value>(&bytes) {
            Ok(value) if value["energy"].is_object() => (true, None),
            _ => (true, Some(format!("energy.json is not whole: {} bytes", bytes.len()))),
        },
    }
}

/// How many whole lines the course of the power has, and what is wrong with it. The last line may be half where the process
/// was killed.
fn course(bench: &Bench, is_killed: bool) -> (usize, Option<String>) {
    let text = fs::read_to_string(bench.path().join("results/power.csv")).unwrap_or_default();
    let (lines, rest) = text.rsplit_once('\n').unwrap_or(("", &text));
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(lines.as_bytes());
    let rows: Vec<_> = reader.records().collect();
    let whole = rows.iter().all(|row| row.as_ref().is_ok_and(|row| row.len() == 12)) && (rest.is_empty() || is_killed);
    (rows.len(), (!whole).then(|| format!("power.csv has lines that are not whole:\n{text}")))
}

impl Flow for Meters {
    fn name(&self) -> &'static str {
        "metering alone"
    }

    fn prepared(&self) -> Bench {
        let bench = bench();
        fs::create_dir(bench.path().join("results")).unwrap();
        bench
    }

    fn act(&self, bench: &Bench, arm: &dyn Fn(&mut Command)) -> Done {
        let files = ["--json", "results/energy.json", "--csv", "results/power.csv"];
        let rest = ["--quiet", "--meters", "estimate", "--interval", "0.2", "--", "sh", "-c", "echo done; sleep 0.3"];
        let mut command = bench.command(&[&["meter"], &files[..], &rest[..]].concat());
        arm(&mut command);
        Done { end: End::of(bench, command), talk: Vec::new(), runs_before: 0 }
    }

    fn judge(&self, bench: &Bench, _: &Bench, done: &Done, fault: Option<&Fault>) -> Vec<(Wrong, String)> {
        let mut wrongs = Vec::new();
        let is_killed = done.end.is_killed();
        let (has_sums, broken) = sums(bench);
        let (rows, half) = course(bench, is_killed);
        wrongs.extend(broken.into_iter().chain(half).map(|text| (Wrong::Torn, text)));
        // The code is the command's, if that was run: then words alone say that a file is missing.
        let says_so = done.end.err.contains("error: results/");
        if done.end.code() == Some(0) && !says_so && (!has_sums || rows < 3) {
            wrongs.push((Wrong::Untrue, format!("nothing is said, and there are {rows} rows; sums: {has_sums}")));
        }
        if done.end.code() == Some(0) && says_so && !done.end.err.contains("cpu:processes") {
            wrongs.push((Wrong::Lost, format!("the figures are neither in files nor shown: {}", done.end.err)));
        }
        let parts = files(bench, |name| name.ends_with(".part") || name.ends_with(".tmp"));
        if !is_killed && fault.is_none_or(|fault| !fault.stays) && !parts.is_empty() {
            wrongs.push((Wrong::Torn, format!("{parts:?} are left behind")));
        }
        wrongs
    }
}
