//! Studies whose trials take a hundredth of a second, and how a command on them ends.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use std::os::unix::process::ExitStatusExt;

use super::findings::Wrong;
use crate::bench::Bench;

/// Answers at once, always the same to the same point, but for `run`: the place of this run among all in `ran.log`.
const PROGRAM: &str = r#"BEGIN {
    while ((getline line < "ran.log") > 0) run++
    close("ran.log")
    x = ENVIRON["WATTFRONT_X"]; n = ENVIRON["WATTFRONT_N"]
    print ENVIRON["WATTFRONT_TRIAL"], x, n >> "ran.log"
    close("ran.log")
    for (step = 0; step < 2; step++) printf "{\"step\": %d, \"loss\": %.9f}\n", step, x / (step + 1)
    printf "{\"accuracy\": %.9f, \"cost\": %.9f, \"run\": %d}\n", 1 - (x - 0.3) ^ 2 - 1 / n, n * (1 + x), run + 1
}
"#;

/// Longer than anything takes; some locks are waited for ten seconds.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A study of six trials in an empty folder.
pub fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("program.awk", PROGRAM);
    bench.edit("trials = 12", "trials = 6");
    bench.edit("initial = 5", "initial = 4");
    bench.edit(r#"argv = ["python3", "program.py", "{x}"]"#, r#"argv = ["awk", "-f", "program.awk"]"#);
    // It is written as it comes, which is no fixed place among the calls.
    bench.edit("cwd = \".\"", "cwd = \".\"\nkeep_output = \"none\"");
    bench
}

/// A copy of it with all that was done in it.
pub fn copy_of(template: &Bench) -> Bench {
    let bench = Bench::new();
    copy(template.path(), bench.path());
    bench
}

pub fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// How many times the program was started.
pub fn runs(bench: &Bench) -> u64 {
    fs::read_to_string(bench.path().join("ran.log")).unwrap_or_default().lines().count() as u64
}

/// All files below the results whose names satisfy, by their paths within, in order.
pub fn files(bench: &Bench, wanted: fn(&str) -> bool) -> Vec<PathBuf> {
    let results = bench.path().join("results");
    let mut found = Vec::new();
    let mut folders = vec![results.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| wanted(&name.to_string_lossy())) {
                found.push(path.strip_prefix(&results).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// How a command ended.
pub struct End {
    /// `None` if it had to be stopped because it did not end.
    pub status: Option<ExitStatus>,
    pub out: String,
    pub err: String,
}

impl End {
    /// Waits for a command whose outputs go to files beside the results.
    pub fn of(bench: &Bench, mut command: Command) -> Self {
        let file = |name: &str| bench.path().join(name);
        command.stdout(File::create(file("out.txt")).unwrap()).stderr(File::create(file("err.txt")).unwrap());
        let mut child = command.spawn().unwrap();
        let begin = Instant::now();
        let status = loop {
            match child.try_wait().unwrap() {
                Some(status) => break Some(status),
                None if begin.elapsed() > PATIENCE => {
                    child.kill().unwrap();
                    child.wait().unwrap();
                    break None;
                }
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        };
        let text = |name: &str| String::from_utf8_lossy(&fs::read(file(name)).unwrap()).into_owned();
        Self { status, out: text("out.txt"), err: text("err.txt") }
    }

    pub fn code(&self) -> Option<i32> {
        self.status?.code()
    }

    pub fn is_killed(&self) -> bool {
        self.status.is_some_and(|status| status.signal() == Some(9))
    }
}

/// Whether the outputs are what the stores would have them be, and nothing else lies about. `remake` writes them again.
pub fn outputs_of(bench: &Bench, outputs: &[&str], remake: &[&str]) -> Vec<(Wrong, String)> {
    let mut wrongs = Vec::new();
    let read = || -> Vec<Option<Vec<u8>>> {
        outputs.iter().map(|name| fs::read(bench.path().join("results").join(name)).ok()).collect()
    };
    let parts = files(bench, |name| name.ends_with(".part") || name.ends_with(".tmp"));
    if !parts.is_empty() {
        wrongs.push((Wrong::Torn, format!("{parts:?} are left behind")));
    }
    let before = read();
    let remade = End::of(bench, bench.command(remake));
    if remade.code() != Some(0) {
        wrongs.push((Wrong::Unreadable, format!("{remake:?}: {:?} {}", remade.status, remade.err)));
        return wrongs;
    }
    for ((name, before), after) in outputs.iter().zip(before).zip(read()) {
        match before {
            None => wrongs.push((Wrong::Torn, format!("{name} is not there"))),
            Some(before) if after.as_ref() != Some(&before) => {
                let lengths = (before.len(), after.map_or(0, |after| after.len()));
                wrongs.push((Wrong::Torn, format!("{name} has not what it should: {lengths:?} bytes")));
            }
            Some(_) => {}
        }
    }
    wrongs
}
