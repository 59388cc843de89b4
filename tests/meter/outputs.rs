//! Where the figures go, and what is there already.

use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, symlink};
use std::path::PathBuf;
use std::process::ChildStdout;

use super::*;

const OLD: &str = "{\"exit_code\": 42, \"what\": \"the figures of ten hours, and longer than those of a moment\"}\n";

/// Without root's right to write what is not to be written.
fn without_rights() -> Command {
    if !rustix::process::geteuid().is_root() {
        return optimize();
    }
    let mut command = Command::new("setpriv");
    command.args(["--inh-caps=-dac_override", "--bounding-set=-dac_override", "--", env!("CARGO_BIN_EXE_optimize")]);
    command.arg("meter");
    command
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Files of every kind that can be written over, with the file in which the text then is.
fn files_of_old(folder: &Path) -> Vec<(PathBuf, PathBuf)> {
    let old = |name: &str| {
        let path = folder.join(name);
        fs::write(&path, OLD).unwrap();
        path
    };
    let (plain, linked, target) = (old("plain"), old("linked"), old("target"));
    let hard = folder.join("hard");
    fs::hard_link(&linked, &hard).unwrap();
    let link = folder.join("link");
    symlink("target", &link).unwrap();
    // A name that leaves no room for another one beside it.
    let long = old(&"n".repeat(252));
    let shut = folder.join("shut");
    fs::create_dir(&shut).unwrap();
    let kept = old("shut/kept");
    mode(&shut, 0o555);
    vec![(plain.clone(), plain), (hard, linked), (link, target), (long.clone(), long), (kept.clone(), kept)]
}

#[test]
fn what_is_there_stays_until_there_is_something_new() {
    let folder = TempDir::new().unwrap();
    let unrunnable = folder.path().join("unrunnable");
    fs::write(&unrunnable, "text").unwrap();
    let unrunnable = unrunnable.to_str().unwrap();
    for (path, text) in files_of_old(folder.path()) {
        let new = path.with_file_name("new");
        for option in ["--json", "--csv"] {
            for (more, program, expected) in [
                (&[][..], "no-such-program", 127),
                (&[], unrunnable, 126),
                (&["--meters", "steam"], "true", 125),
                (&["--meters", "estimate", "--watts-per-core=-1"], "true", 125),
            ] {
                for place in [&path, &new] {
                    let (code, _, stderr) = run(without_rights().args(more).arg(option).arg(place).arg(program));
                    // Into a folder that takes nothing new there is no outcome to begin with.
                    assert!(code == expected || (place == &new && code == 125), "{place:?} {program}: {code} {stderr}");
                }
                assert_eq!(fs::read_to_string(&text).unwrap(), OLD, "{option} {path:?} {program}");
                assert!(!new.exists(), "{option} {program}: nothing is made of nothing");
            }
        }
        let (code, _, stderr) = run(without_rights().args(["-q", "--json"]).arg(&path).args(["sh", "-c", "exit 3"]));
        assert_eq!((code, stderr.as_str(), &read(&text)["exit_code"]), (3, "", &3.into()), "{path:?}");
        assert_eq!(read(&path)["exit_code"], 3);
        let (code, _, stderr) = run(without_rights().args(["-q", "--csv"]).arg(&path).arg("true"));
        assert_eq!((code, stderr.as_str()), (0, ""), "{path:?}");
        let table = fs::read_to_string(&text).unwrap();
        assert!(table.starts_with("seconds,interval_s,") && !table.contains("exit_code"), "{table}");
    }
    assert!(fs::symlink_metadata(folder.path().join("link")).unwrap().is_symlink());
    assert_eq!(fs::metadata(folder.path().join("linked")).unwrap().nlink(), 2);
    mode(&folder.path().join("shut"), 0o755);
    let rest = |name: &str| name.ends_with(".part");
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| rest(name)).count(), 0);
}

#[test]
fn a_meter_that_is_killed_leaves_the_old_outcome() {
    let folder = TempDir::new().unwrap();
    for (path, text) in files_of_old(folder.path()) {
        let mut command = without_rights();
        command.args(["-q", "--json"]).arg(&path).args(["sh", "-c", "echo $$; read line"]);
        let mut meter = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        assert!(!line(meter.stdout.as_mut().unwrap()).is_empty());
        meter.kill().unwrap();
        meter.wait().unwrap();
        assert_eq!(fs::read_to_string(&text).unwrap(), OLD, "{path:?}");
    }
    mode(&folder.path().join("shut"), 0o755);
}

#[test]
fn a_link_to_what_is_not_there_yet_stays_a_link() {
    let folder = TempDir::new().unwrap();
    for option in ["--json", "--csv"] {
        let (link, target) = (folder.path().join(format!("link{option}")), folder.path().join(format!("new{option}")));
        symlink(&target, &link).unwrap();
        assert_eq!(run(optimize().args(["-q", option]).arg(&link).arg("no-such-program")).0, 127);
        assert!(!target.exists());
        assert_eq!(run(optimize().args(["-q", option]).arg(&link).arg("true")).0, 0);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink() && target.is_file());
    }
}

#[test]
fn devices_and_what_this_process_was_started_with_are_written_to_as_they_are() {
    for place in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        let command = ["--", "sh", "-c", "echo of the command; exit 5"];
        let (code, stdout, stderr) = run(optimize().args(["-q", "--json", place]).args(command));
        let told = stdout.strip_prefix("of the command\n").unwrap_or_else(|| panic!("{place}: {stdout}"));
        let told: Value = serde_json::from_str(told).unwrap();
        assert_eq!((code, stderr.as_str(), &told["exit_code"]), (5, "", &5.into()), "{place}");
        // Into a file what is added stands behind what the command wrote.
        let folder = TempDir::new().unwrap();
        for (option, expected) in [("--json", "{\n"), ("--csv", "seconds,")] {
            let path = folder.path().join("out");
            let out = fs::File::create(&path).unwrap();
            optimize().args(["-q", option, place]).args(command).stdout(out).status().unwrap();
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.contains("of the command\n") && text.contains(expected), "{place}: {text}");
        }
    }
    // The same file, by its own name.
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("out");
    let out = fs::File::create(&path).unwrap();
    optimize().args(["-q", "--json"]).arg(&path).args(["echo", "of the command"]).stdout(out).status().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("of the command\n{") && text.contains("\"exit_code\": 0"), "{text}");

    let before = fs::symlink_metadata("/dev/null").unwrap().ino();
    for option in ["--json", "--csv"] {
        let (code, stdout, stderr) = run(optimize().args(["-q", option, "/dev/null", "sh", "-c", "exit 4"]));
        assert_eq!((code, stdout.as_str(), stderr.as_str()), (4, "", ""));
    }
    assert_eq!(fs::symlink_metadata("/dev/null").unwrap().ino(), before);
    for (json, csv) in [("-", "/dev/stdout"), ("/dev/fd/1", "-")] {
        let (code, _, stderr) = run(optimize().args(["--json", json, "--csv", csv, "true"]));
        assert!(code == 2 && stderr.contains("give each a file of its own"), "{stderr}");
    }
}

fn line(from: &mut ChildStdout) -> String {
    let mut line = String::new();
    BufReader::new(from).read_line(&mut line).unwrap();
    line
}

fn pipe(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

/// A command that runs until its input ends, and then ends with 3.
fn held(option: &str, pipe: &Path) -> (std::process::Child, String) {
    let mut command = optimize();
    command.args(["--meters", "estimate", "--interval", "0.2", option]).arg(pipe);
    command.args(["--", "sh", "-c", "echo $$; read line; exit 3"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut meter = command.spawn().unwrap();
    let number = line(meter.stdout.as_mut().unwrap());
    (meter, number.trim().to_owned())
}

fn reader(pipe: &Path) -> std::process::Child {
    Command::new("cat").arg(pipe).stdout(Stdio::piped()).spawn().unwrap()
}

fn is_whole(option: &str, text: &str) -> bool {
    match option {
        "--json" => serde_json::from_str::<Value>(text).is_ok_and(|told| told["exit_code"] == 3),
        _ => text.starts_with("seconds,") && text.ends_with('\n') && text.lines().count() > 1,
    }
}

#[test]
fn a_pipe_that_nobody_reads_holds_up_neither_the_command_nor_its_end() {
    let folders = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    let [json, csv] = [0, 1].map(|k| pipe(&folders[k]));
    // Each waits for a while.
    std::thread::scope(|scope| {
        for (script, expected) in [("exit 3", 3), ("exit 0", 0), ("kill -TERM $$", 143)] {
            let mut command = optimize();
            command.args(["-q", "--json"]).arg(&json).arg("--csv").arg(&csv).args(["sh", "-c", script]);
            scope.spawn(move || {
                let (code, _, stderr) = run(&mut command);
                assert_eq!(code, expected, "{stderr}");
                let said = stderr.matches("nobody has opened this pipe").count();
                assert!(stderr.contains("energy of") && said == 2, "{stderr}");
            });
        }
        // Signals go to the command all the while.
        scope.spawn(|| {
            let script = "trap 'exit 9' TERM; echo; while :; do sleep 0.05; done";
            let mut meter = optimize();
            meter.args(["-q", "--json"]).arg(&json).args(["sh", "-c", script]);
            let mut meter = meter.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
            line(meter.stdout.as_mut().unwrap());
            kill_process(Pid::from_child(&meter), Signal::TERM).unwrap();
            assert_eq!(meter.wait().unwrap().code(), Some(9));
        });
    });
    // Nor is a reader held up by what never came to be, once it has opened the pipe.
    let mut waiting = reader(&json);
    while waiting.try_wait().unwrap().is_none() {
        assert_eq!(run(optimize().arg("--json").arg(&json).arg("no-such-program")).0, 127);
    }
    assert_eq!(waiting.wait_with_output().unwrap().stdout, b"");
}

#[test]
fn a_reader_gets_all_whether_it_comes_before_while_or_after_the_command_runs() {
    for option in ["--json", "--csv"] {
        for when in ["before", "while", "after"] {
            let folder = TempDir::new().unwrap();
            let pipe = pipe(&folder);
            let early = (when == "before").then(|| reader(&pipe));
            let (mut meter, command) = held(option, &pipe);
            let early = early.or_else(|| (when == "while").then(|| reader(&pipe)));
            drop(meter.stdin.take());
            let reader = early.unwrap_or_else(|| {
                wait_for("end of the command", || state(&command).is_none());
                reader(&pipe)
            });
            let text = String::from_utf8(reader.wait_with_output().unwrap().stdout).unwrap();
            assert!(is_whole(option, &text), "{option} {when}: {text}");
            let output = meter.wait_with_output().unwrap();
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.code() == Some(3) && !stderr.contains("warning"), "{stderr}");
        }
    }
}

#[test]
fn a_reader_that_stalls_or_goes_away_takes_neither_the_code_nor_the_figures_along() {
    std::thread::scope(|scope| {
        for option in ["--json", "--csv"] {
            scope.spawn(move || reader_goes(option));
            scope.spawn(move || reader_stalls(option));
            scope.spawn(move || output_has_no_reader(option));
        }
    });
}

/// A pipe with no room, and both of its ends.
fn full_pipe(folder: &TempDir) -> (PathBuf, [fs::File; 2]) {
    let path = pipe(folder);
    let reader = fs::File::options().read(true).custom_flags(libc::O_NONBLOCK).open(&path).unwrap();
    let mut writer = fs::File::options().write(true).custom_flags(libc::O_NONBLOCK).open(&path).unwrap();
    while writer.write(&[b'#'; 4096]).is_ok() {}
    while writer.write(b"#").is_ok() {}
    (path, [reader, writer])
}

fn ends_with_figures(mut meter: std::process::Child, said: &str) {
    drop(meter.stdin.take());
    let output = meter.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(3) && stderr.contains(said) && stderr.contains("energy of"),
        "{said}: {stderr}"
    );
}

fn reader_stalls(option: &str) {
    let folder = TempDir::new().unwrap();
    let (path, _ends) = full_pipe(&folder);
    ends_with_figures(held(option, &path).0, "has taken nothing for");
}

fn reader_goes(option: &str) {
    let folder = TempDir::new().unwrap();
    let (path, [mut reader, writer]) = full_pipe(&folder);
    let (meter, _) = held(option, &path);
    reader.read_exact(&mut [0; 4096]).unwrap();
    drop((reader, writer));
    ends_with_figures(meter, if option == "--json" { "nobody has opened this pipe" } else { "pipe is not complete" });
}

fn output_has_no_reader(option: &str) {
    let mut meter = optimize();
    meter.args(["-q", option, "-", "--", "sh", "-c", "exec >&-; read line; exit 3"]);
    meter.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut meter = meter.spawn().unwrap();
    drop(meter.stdout.take());
    ends_with_figures(meter, "gone away");
}
