//! `optimize meter`, as people run it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[cfg(feature = "nvml")]
#[path = "../fakes/nvml_library.rs"]
mod fake_nvml;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

#[cfg(feature = "nvml")]
mod doubt;
#[cfg(feature = "nvml")]
mod inventory;
mod outputs;
mod unwaited;

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
    let program = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let foreign = program("foreign", "#! /no/such/python3 -u\nprint()\n");
    let windows = program("windows", "#!/bin/sh\r\necho\r\n");
    let bare = program("bare", "\u{1}\u{2}no program\n");
    let both = folder.path().join("both").to_str().unwrap().to_owned();
    let same = folder.path().join("./both").to_str().unwrap().to_owned();
    for (arguments, expected, text) in [
        (vec!["no-such-program"], 127, "`no-such-program` was not found"),
        (vec![plain.to_str().unwrap()], 126, "may not be executed"),
        (vec![folder.path().to_str().unwrap()], 126, "is a folder"),
        (vec![&foreign], 126, "names the interpreter `/no/such/python3` in its first line, which is not there"),
        (vec![&windows], 126, "end as on Windows"),
        (vec![&bare], 126, "give its interpreter too"),
        (vec!["--csv", &both, "--json", &both, "true"], 2, "--json and --csv both go to"),
        (vec!["--csv", &both, "--json", &same, "true"], 2, "--json and --csv both go to"),
        (vec!["--csv", "-", "--json", "-", "true"], 2, "--json and --csv both go to -"),
        (vec!["--meters", "steam", "true"], 125, "steam"),
        (vec!["--json", "/no/such/folder/x.json", "true"], 125, "x.json could not be written"),
        (vec!["--csv", "/no/such/folder/x.csv", "true"], 125, "/no/such/folder/x.csv could not be written"),
        (vec!["--interval", "0.01", "true"], 2, "0.2 to 3600"),
        (vec!["--watts-per-core=-3", "--meters", "estimate", "true"], 125, "--watts-per-core -3 is out of range"),
        (vec![], 2, "COMMAND"),
    ] {
        let (code, _, stderr) = run(optimize().args(&arguments));
        assert!(code == expected && stderr.contains(text), "{arguments:?}: {code} {stderr}");
    }
    // Once the command has run, neither its code nor the figures are lost for a file.
    let (code, _, stderr) = run(optimize().args(["-q", "--json", "/dev/full", "sh", "-c", "exit 3"]));
    assert!(code == 3 && stderr.contains("/dev/full could not be written") && stderr.contains("energy of"), "{stderr}");
    // But a file that is missing is no success.
    for file in ["--json", "--csv"] {
        let (code, _, stderr) = run(optimize().args(["-q", file, "/dev/full", "true"]));
        assert!(code == 125 && stderr.contains("/dev/full"), "{code} {stderr}");
    }
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
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(9));
}

#[test]
fn every_signal_that_ends_a_program_reaches_the_command() {
    let numbers =
        [libc::SIGALRM, libc::SIGVTALRM, libc::SIGPROF, libc::SIGXCPU, libc::SIGPWR, libc::SIGIO, libc::SIGABRT];
    for signal in numbers.into_iter().chain([libc::SIGRTMIN() + 2]) {
        let script = "import signal, sys
signal.signal(int(sys.argv[1]), lambda number, _: sys.exit(9))
print('ready', flush=True)
while True: signal.pause()";
        let mut command = optimize();
        command.args(["-q", "python3", "-c", script, &signal.to_string()]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        // SAFETY: it sends a signal to a child that is not waited for yet.
        assert_eq!(unsafe { libc::kill(i32::try_from(child.id()).unwrap(), signal) }, 0);
        assert_eq!(child.wait().unwrap().code(), Some(9), "signal {signal}");
    }
}

/// What a process does, by the third field of its `/proc/PID/stat`: `S`leeps, is s`T`opped, is a `Z`ombie.
fn state(pid: &str) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(')').next()?.trim().chars().next()
}

fn wait_for(what: &str, ready: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !ready() {
        assert!(begun.elapsed().as_secs() < 60, "no {what}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn a_stop_stops_the_command_too_and_is_told() {
    let folder = TempDir::new().unwrap();
    let json = folder.path().join("energy.json");
    let mut command = optimize();
    command.args(["--meters", "estimate", "--json"]).arg(&json).args(["--", "sh", "-c", "echo $$; read line; exit 4"]);
    // A group of its own, as a shell would make; from elsewhere the signal comes to one process alone.
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut meter = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(meter.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let (inner, outer) = (line.trim().to_owned(), meter.id().to_string());
    kill_process(Pid::from_child(&meter), Signal::TSTP).unwrap();
    wait_for("stop", || state(&inner) == Some('T') && state(&outer) == Some('T'));
    kill_process(Pid::from_child(&meter), Signal::CONT).unwrap();
    wait_for("going on", || state(&inner) == Some('S') && state(&outer) == Some('S'));
    drop(meter.stdin.take());
    let output = meter.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(4) && stderr.contains("the command was stopped for"), "{stderr}");
    let told = read(&json);
    assert!(told["stopped_s"].as_f64().unwrap() > 0.0, "{told}");
    assert!(told["stopped_s"].as_f64() < told["energy"]["seconds"].as_f64(), "{told}");
}

#[test]
fn orphans_that_end_are_not_left_as_zombies() {
    // The shell in the middle ends before its child, which then is nobody's but the meter's.
    let script = "(sh -c 'echo $$; exec >&-; read line' <&3 &) 3<&0; read line2 < \"$0\"";
    let folder = TempDir::new().unwrap();
    let gate = folder.path().join("gate");
    let made = Command::new("mkfifo").arg(&gate).status().unwrap();
    assert!(made.success());
    let mut command = optimize();
    command.args(["-q", "--", "sh", "-c", script]).arg(&gate).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut meter = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(meter.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let orphan = line.trim();
    assert!(state(orphan).is_some_and(|state| state != 'Z'));
    drop(meter.stdin.take());
    wait_for("end without a trace", || state(orphan).is_none());
    assert!(meter.try_wait().unwrap().is_none(), "the command still runs");
    fs::write(&gate, "\n").unwrap();
    assert_eq!(meter.wait().unwrap().code(), Some(0));
}

#[test]
fn the_code_is_known_even_if_ends_of_children_are_ignored() {
    let mut command = optimize();
    command.args(["-q", "--", "sh", "-c", "exit 7"]);
    // SAFETY: the call is one of those that are allowed between fork and exec.
    unsafe {
        command.pre_exec(|| {
            libc::signal(libc::SIGCHLD, libc::SIG_IGN);
            Ok(())
        });
    }
    assert_eq!(command.status().unwrap().code(), Some(7));
}

#[test]
fn a_signal_after_the_command_ends_the_meter_once_its_files_are_written() {
    let folder = TempDir::new().unwrap();
    let (json, csv) = (folder.path().join("energy.json"), folder.path().join("power.csv"));
    assert!(Command::new("mkfifo").arg(&csv).status().unwrap().success());
    // A pipe that is full holds up the writing.
    let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NONBLOCK;
    let mut pipe = fs::File::from(rustix::fs::open(&csv, flags, rustix::fs::Mode::empty()).unwrap());
    while std::io::Write::write(&mut pipe, &[b'#'; 4096]).is_ok() {}
    while std::io::Write::write(&mut pipe, b"#").is_ok() {}
    let mut command = optimize();
    command.args(["--meters", "estimate", "--json"]).arg(&json).arg("--csv").arg(&csv);
    command.args(["--", "sh", "-c", "echo $$"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut meter = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(meter.stdout.take().unwrap()).read_line(&mut line).unwrap();
    wait_for("end of the command", || state(line.trim()).is_none());
    let id = Pid::from_child(&meter);
    kill_process(id, Signal::TERM).unwrap();
    let caught = || {
        let status = fs::read_to_string(format!("/proc/{}/status", meter.id())).unwrap();
        let pending = status.lines().find_map(|l| l.strip_prefix("ShdPnd:")).unwrap().trim().to_owned();
        u64::from_str_radix(&pending, 16).unwrap() == 0
    };
    wait_for("taking of the signal", caught);
    assert!(meter.try_wait().unwrap().is_none(), "the files are not written yet");
    rustix::io::ioctl_fionbio(&pipe, false).unwrap();
    let mut text = String::new();
    let mut reader = BufReader::new(pipe);
    reader.read_line(&mut text).unwrap();
    text.clear();
    reader.read_line(&mut text).unwrap();
    assert!(text.contains(",cpu:processes,"), "{text}");
    let output = meter.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.status.signal()), (None, Some(15)));
    assert_eq!(read(&json)["exit_code"], 0);
    assert!(String::from_utf8(output.stderr).unwrap().contains("energy of `sh -c"), "the table too");
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
    let busy =
        "import time\nend = time.process_time() + 0.5\nwhile time.process_time() < end: pass\nopen(\"done\", \"w\")";
    let script = format!("(python3 -c '{busy}' &) ; until [ -e done ]; do sleep 0.1; done; sleep 0.5");
    let (code, _, stderr) = run(optimize()
        .current_dir(folder.path())
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
    fake_nvml::install(folder.path(), script);
    folder
}

#[cfg(feature = "nvml")]
#[test]
fn a_gpu_is_metered_by_its_counter_and_its_power_written_down() {
    let fake = fake_gpu("gpu GPU-1234 FAKE\npower 300\n");
    let (json, csv) = (fake.path().join("energy.json"), fake.path().join("power.csv"));
    let (code, _, stderr) = run(optimize()
        .env("LD_LIBRARY_PATH", fake.path())
        .env("WATTFRONT_HOST", fake.path())
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
    let of_the_gpu = rows.iter().filter(|row| &row[2] == "gpu:GPU-1234" && &row[5] == "counter").count();
    assert!(of_the_gpu >= 3, "{rows:?}");
    // Of the processor there is a counter, or an estimate that is not added.
    let cpus = rows.iter().filter(|row| row[2].starts_with("cpu:")).count();
    assert!(cpus == of_the_gpu || told["energy"]["domains"].as_array().unwrap().len() > 2, "{rows:?}");
    assert_eq!(told["energy"]["method"], "counter");
}

#[cfg(feature = "nvml")]
#[test]
fn an_estimate_stands_beside_a_gpu_and_is_not_added_to_it() {
    let fake = fake_gpu("gpu GPU-1234 FAKE\npower 300\n");
    let json = fake.path().join("energy.json");
    let (code, _, stderr) = run(optimize()
        .env("LD_LIBRARY_PATH", fake.path())
        .env("WATTFRONT_HOST", fake.path())
        .args(["--meters", "nvml,estimate", "--json"])
        .arg(&json)
        .args(["--", "sleep", "1.2"]));
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("total (gpu)") && stderr.contains("the total is gpu alone"), "{stderr}");
    let energy = &read(&json)["energy"];
    assert_eq!((&energy["method"], &energy["covers"][0]), (&"counter".into(), &"gpu".into()));
    assert_eq!(energy["joules"], energy["domains"][0]["joules"]);
    assert_eq!(energy["domains"][1]["method"], "estimate");
}

#[cfg(feature = "nvml")]
#[test]
fn a_gpu_that_is_cut_into_instances_is_metered_as_a_whole_if_asked_for() {
    let fake = fake_gpu("gpu GPU-1234 FAKE\nmig\ninstance MIG-1 3 0\npower 300\n");
    let meter = |options: &[&str]| {
        let command = ["--meters", "nvml", "--", "sleep", "0.5"];
        run(optimize()
            .env("LD_LIBRARY_PATH", fake.path())
            .env("WATTFRONT_HOST", fake.path())
            .args(options)
            .args(command))
    };
    let (code, _, stderr) = meter(&[]);
    assert!(code == 125 && stderr.contains("--mig-whole-board"), "{code} {stderr}");
    let (code, _, stderr) = meter(&["--mig-whole-board"]);
    assert!(code == 0 && stderr.contains("gpu:GPU-1234"), "{code} {stderr}");
}

/// `optimize devices --watch` on a fake GPU.
#[cfg(feature = "nvml")]
fn watch(fake: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_optimize"));
    command
        .args(["devices", "--watch", "--interval", "0.3"])
        .args(arguments)
        .env("LD_LIBRARY_PATH", fake.path())
        .env("WATTFRONT_HOST", fake.path());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[cfg(feature = "nvml")]
#[test]
fn a_watch_writes_a_line_per_look_until_it_is_told_to_end() {
    let fake = fake_gpu("gpu GPU-1234 FAKE\npower 300\n");
    for signal in [Signal::INT, Signal::TERM] {
        let mut child = watch(&fake, &["--json"]).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let looks: Vec<Value> = lines.by_ref().take(3).map(|l| serde_json::from_str(&l.unwrap()).unwrap()).collect();
        kill_process(Pid::from_child(&child), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
        let gpus: Vec<&Value> = looks.iter().map(|look| &look["domains"][0]).collect();
        assert!(gpus.iter().all(|gpu| gpu["domain"]["id"] == "GPU-1234" && gpu["method"] == "counter"), "{looks:?}");
        let joules: Vec<f64> = gpus.iter().filter_map(|gpu| gpu["joules"].as_f64()).collect();
        assert!(joules.len() >= 2 && joules.is_sorted(), "{looks:?}");
    }
}

#[cfg(feature = "nvml")]
#[test]
fn a_watch_ends_when_nobody_reads_any_more() {
    let fake = fake_gpu("gpu GPU-1234 FAKE\npower 300\n");
    let mut child = watch(&fake, &[]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains(" s  gpu:GPU-1234 ") && line.contains("(peak "), "{line}");
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn a_watch_refuses_what_makes_no_sense() {
    let devices = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_optimize"));
        run(command.arg("devices").args(arguments))
    };
    for (arguments, text) in [
        (&["--interval", "2"][..], "--watch"),
        (&["--watch", "--interval", "0.1"], "0.2 to 3600"),
        (&["--watch", "--interval", "soon"], "invalid"),
    ] {
        let (code, _, stderr) = devices(arguments);
        assert!(code == 2 && stderr.contains(text), "{arguments:?}: {code} {stderr}");
    }
}
