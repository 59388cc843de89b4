//! `optimize meter`, as people run it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

fn optimize() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_optimize"));
    command.arg("meter");
    command
}

fn run(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn output_input_and_code_are_the_commands_own() {
    let (code, stdout, stderr) =
        run(optimize().args(["--meters", "estimate", "--", "sh", "-c", "echo out; echo err >&2; exit 7"]));
    assert_eq!((code, stdout.as_str()), (7, "out\n"));
    assert!(
        stderr.starts_with("err\n") && stderr.contains("cpu:processes") && stderr.contains("ESTIMATED"),
        "{stderr}"
    );
    let (code, stdout, stderr) = run(optimize().args(["--quiet", "--", "sh", "-c", "kill -KILL $$"]));
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (137, "", ""));
    let mut child = optimize().args(["-q", "cat"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"through").unwrap();
    assert_eq!(child.wait_with_output().unwrap().stdout, b"through");
}

#[test]
fn what_cannot_be_run_is_told_with_the_codes_of_the_shell() {
    let folder = TempDir::new().unwrap();
    let plain = folder.path().join("plain");
    fs::write(&plain, "text").unwrap();
    for (arguments, expected, text) in [
        (vec!["no-such-program"], 127, "`no-such-program` was not found"),
        (vec![plain.to_str().unwrap()], 126, "may not be executed"),
        (vec!["--meters", "steam", "true"], 125, "steam"),
        (vec!["--json", "/no/such/folder/x.json", "true"], 125, "x.json could not be written"),
        (vec!["--csv", "/no/such/folder/x.csv", "true"], 125, "/no/such/folder/x.csv could not be written"),
        (vec!["--interval", "0.01", "true"], 2, "0.2 to 3600"),
        (vec!["--watts-per-core=-3", "--meters", "estimate", "true"], 125, "watts_per_core = -3 is out of range"),
        (vec![], 2, "COMMAND"),
    ] {
        let (code, _, stderr) = run(optimize().args(&arguments));
        assert!(code == expected && stderr.contains(text), "{arguments:?}: {code} {stderr}");
    }
    // Once the command has run, neither its code nor the figures are lost for a file.
    let (code, _, stderr) = run(optimize().args(["-q", "--json", "/dev/full", "sh", "-c", "exit 3"]));
    assert!(code == 3 && stderr.contains("/dev/full could not be written") && stderr.contains("energy of"), "{stderr}");
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    assert_eq!(optimize().args(["sh", "-c", "exit 3"]).stderr(full).status().unwrap().code(), Some(3));
}

#[test]
fn signals_reach_the_command() {
    let script = "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done";
    let mut child = optimize().args(["-q", "sh", "-c", script]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(9));
}

#[test]
fn what_nohup_ignores_the_command_ignores_too() {
    let script = "trap '' HUP; exec \"$0\" meter -q -- grep SigIgn /proc/self/status";
    let output = Command::new("sh").args(["-c", script, env!("CARGO_BIN_EXE_optimize")]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mask = u64::from_str_radix(text.trim().rsplit('\t').next().unwrap(), 16).unwrap();
    assert!(mask & 1 == 1, "{text}");
}

#[test]
fn the_processor_time_of_all_descendants_counts() {
    let folder = TempDir::new().unwrap();
    let json = folder.path().join("energy.json");
    // A grandchild whose parent is gone does the work.
    let busy = "import time\nend = time.process_time() + 0.5\nwhile time.process_time() < end: pass";
    let script = format!("(python3 -c '{busy}' &) ; sleep 2.5");
    let (code, _, stderr) = run(optimize()
        .args(["--meters", "estimate", "--watts-per-core", "10", "--json"])
        .arg(&json)
        .args(["--", "sh", "-c", &script]));
    assert_eq!(code, 0, "{stderr}");
    let told = read(&json);
    let joules = told["energy"]["joules"].as_f64().unwrap();
    // Half a second at 10 W, and the start of Python.
    assert!((5.0..9.0).contains(&joules), "{told}");
    assert_eq!(
        (&told["exit_code"], &told["signal"], &told["energy"]["method"]),
        (&0.into(), &Value::Null, &"estimate".into())
    );
    assert_eq!(told["command"][0], "sh");
}

/// The fake library of NVIDIA, to be found by the dynamic linker in this folder.
#[cfg(feature = "nvml")]
fn fake_gpu(script: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let library = folder.path().join("libnvidia-ml.so.1");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/fake_nvml.rs");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let status = Command::new(rustc)
        .args(["--edition", "2024", "--crate-type", "cdylib", "-C", "opt-level=1", "-o"])
        .args([&library, &source])
        .status()
        .unwrap();
    assert!(status.success());
    fs::write(folder.path().join("libnvidia-ml.so.1.script"), script).unwrap();
    folder
}

#[cfg(feature = "nvml")]
#[test]
fn a_gpu_is_metered_by_its_counter_and_its_power_written_down() {
    let fake = fake_gpu("gpu GPU-1234 FAKE\npower 300\n");
    let (json, csv) = (fake.path().join("energy.json"), fake.path().join("power.csv"));
    let (code, _, stderr) = run(optimize()
        .env("LD_LIBRARY_PATH", fake.path())
        .args(["--interval", "0.5", "--json"])
        .arg(&json)
        .arg("--csv")
        .arg(&csv)
        .args(["--", "sleep", "2.2"]));
    assert!(code == 0 && stderr.contains("gpu:GPU-1234") && stderr.contains("counter"), "{code} {stderr}");
    let told = read(&json);
    let gpu = &told["energy"]["domains"][0];
    for (what, figure) in [("average", &gpu["average_watts"]), ("peak", &gpu["peak_watts"])] {
        let watts = figure.as_f64().unwrap();
        assert!((290.0..310.0).contains(&watts), "{what} {told}");
    }
    let rows: Vec<csv::StringRecord> =
        csv::Reader::from_path(&csv).unwrap().into_records().collect::<Result<_, _>>().unwrap();
    assert!(rows.len() >= 3 && rows.iter().all(|row| &row[2] == "gpu:GPU-1234" && &row[5] == "counter"), "{rows:?}");
}
