//! A temporary folder with a study in it, and the binary to run it.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wattfront::optimizer::problem::Metrics;
use wattfront::optimizer::space::Point;
use wattfront::record::{StoredEvent, StudyRecord};
use wattfront::study::store::{Repair, Salvage, SqliteStore, Store};

/// A program that answers at once, always the same to the same point.
pub const PROGRAM: &str = r#"
import json, os
x, n = float(os.environ["WATTFRONT_X"]), int(os.environ["WATTFRONT_N"])
for step in range(3):
    print(json.dumps({"step": step, "loss": x / (step + 1)}), flush=True)
print(json.dumps({"accuracy": 1 - (x - 0.3) ** 2 - 1 / n, "cost": n * (1 + x)}))
"#;

const STUDY: &str = r#"
name = "bench"
seed = 5

[budget]
trials = 12

[[objective]]
metric = "accuracy"
goal = "maximize"

[[objective]]
metric = "cost"
goal = "minimize"
scale = "log"

[sampler]
kind = "gp"
initial = 5

[space]
x = { float = [0.0, 1.0] }
n = { int = [2, 64], scale = "log" }
kind = { choice = ["a", "b"] }
y = { float = [0.0, 1.0], when = { kind = "b" } }

[command]
argv = ["python3", "program.py", "{x}"]
cwd = "."

[energy]
meters = ["estimate"]
"#;

/// By this variable the processes of a bench are found, but for the programs of its trials.
const BENCH: &str = "WATTFRONT_BENCH";

/// State, parent and name of a process.
pub fn state(pid: i32) -> Option<(char, i32, String)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (begin, end) = stat.rsplit_once(')')?;
    let mut fields = end.split_whitespace();
    let name = begin.split_once('(')?.1.to_owned();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?, name))
}

/// Whether a process runs; one that is dead but not yet waited for does not.
pub fn runs(pid: i32) -> bool {
    state(pid).is_some_and(|(state, ..)| !matches!(state, 'Z' | 'X'))
}

pub struct Bench {
    folder: TempDir,
}

impl Bench {
    /// A study of twelve trials by `gp` with a deterministic program.
    pub fn new() -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap() };
        bench.write("study.toml", STUDY);
        bench.write("program.py", PROGRAM);
        bench
    }

    /// The same with another program.
    pub fn with_program(program: &str) -> Self {
        let bench = Self::new();
        bench.write("program.py", program);
        bench
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn results(&self) -> PathBuf {
        self.path().join("results/bench")
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    /// Replaces a part of the study file that must be there.
    pub fn edit(&self, from: &str, to: &str) {
        let path = self.path().join("study.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from:?} is not in the study file");
        std::fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_optimize"));
        command.args(arguments).current_dir(self.path()).env_remove("NO_COLOR").stdin(Stdio::null());
        command.env(BENCH, self.path());
        command
    }

    pub fn optimize(&self, arguments: &[&str]) -> Answer {
        Answer(self.command(arguments).output().unwrap())
    }

    /// Starts the study and leaves it running.
    pub fn start(&self) -> Child {
        let mut command = self.command(&["study.toml"]);
        // As a shell starts it; whether Ctrl-Z stops it must not depend on who runs the tests.
        command.process_group(0);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// The processes of this name that were started for this bench, but for the programs of its trials.
    pub fn processes(&self, name: &str) -> Vec<i32> {
        let own = format!("{BENCH}={}", self.path().display()).into_bytes();
        let entries = std::fs::read_dir("/proc").unwrap();
        let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
        let is_own = |pid: &i32| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == own)
        };
        pids.filter(|pid| state(*pid).is_some_and(|(_, _, found)| found == name)).filter(is_own).collect()
    }

    pub fn record(&self) -> StudyRecord {
        self.try_record().expect("a study in the results folder")
    }

    pub fn try_record(&self) -> Option<StudyRecord> {
        let store = SqliteStore::open_to_read(&self.results().join("study.db")).ok()?;
        StudyRecord::from_entries(store.load().ok()?).ok()
    }

    /// Writes the store anew with each event as JSON changed, or left out.
    pub fn rewrite(&self, mut change: impl FnMut(String) -> Option<String>) {
        let path = self.results().join("study.db");
        let store = SqliteStore::open(&path).unwrap();
        let entries = store.load().unwrap().into_iter().filter_map(|entry| {
            let body = change(serde_json::to_string(&entry.event).unwrap())?;
            Some(StoredEvent { event: serde_json::from_str(&body).unwrap(), ..entry })
        });
        let changed = Repair::of(Salvage { entries: entries.collect(), ..Salvage::default() }, None).unwrap();
        drop(store);
        std::fs::remove_file(&path).unwrap();
        changed.write(&path).unwrap();
    }

    /// Number, point and outcome of every finished trial.
    pub fn finished(&self) -> Vec<(u64, Point, Metrics)> {
        let record = self.record();
        let finished =
            record.trials().iter().filter_map(|t| Some((t.id, t.point.clone(), t.result()?.metrics.clone())));
        finished.collect()
    }

    /// Waits until `condition` holds; fails the test if it never does.
    pub fn wait_for(&self, what: &str, condition: impl Fn() -> bool) {
        let begin = Instant::now();
        while !condition() {
            assert!(begin.elapsed() < Duration::from_secs(120), "waited in vain for {what}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// What a run of the binary left.
pub struct Answer(pub Output);

impl Answer {
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    /// Checks the exit code, and that nothing panicked.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(self.0.status.code(), Some(code), "out:\n{}\nerr:\n{}", self.out(), self.err());
        assert!(!self.err().contains("panicked"), "{}", self.err());
        self
    }

    /// Checks that both outputs together contain a text.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        let all = self.out() + &self.err();
        assert!(all.contains(text), "{text:?} is not in:\n{all}");
        self
    }
}
