//! Files that are none, words that would command a terminal, and secrets.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::bench::{Answer, Bench};

/// Runs the binary and gives up on one that waits for ever.
fn within_a_minute(bench: &Bench, arguments: &[&str]) -> Answer {
    let mut child = bench.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begin = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begin.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("{arguments:?} waits for ever");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Answer(child.wait_with_output().unwrap())
}

fn status(answer: &Answer) -> i32 {
    answer.0.status.code().unwrap_or(-1)
}

fn pipe(path: &Path) {
    use rustix::fs::{CWD, Mode, mkfifoat};
    mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR).unwrap();
}

fn harmless(text: &str) -> bool {
    !text.chars().any(|c| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}'))
}

#[test]
fn what_is_no_study_file_is_told_with_its_place_and_never_waited_for() {
    let bench = Bench::new();
    pipe(&bench.path().join("pipe.toml"));
    std::fs::write(bench.path().join("binary.toml"), b"name = \"x\"\n\x7fELF\0\0\xff\xfe").unwrap();
    std::fs::write(bench.path().join("latin.toml"), b"name = \"caf\xe9\"\n").unwrap();
    let wide: Vec<u8> = "name = \"x\"\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(bench.path().join("wide.toml"), [&[0xff, 0xfe][..], &wide].concat()).unwrap();
    std::fs::write(bench.path().join("large.toml"), vec![b'#'; (1 << 20) + 1]).unwrap();
    for (file, said) in [
        ("pipe.toml", "it is a named pipe"),
        ("binary.toml", "line 2, column 5"),
        ("latin.toml", "line 1, column 12 (byte 11): this byte is no UTF-8"),
        ("wide.toml", "UTF-16"),
        ("large.toml", "more than 1024 KiB"),
        ("results", "No such file"),
        (".", "it is a folder"),
        ("/dev/zero", "it is a device"),
    ] {
        for command in ["check", "compare"] {
            let arguments: &[&str] = if command == "check" {
                &["check", file]
            } else {
                &["compare", file, "--samplers", "gp,random", "--seeds", "1"]
            };
            let answer = within_a_minute(&bench, arguments);
            assert_eq!(status(&answer), 2, "{file}: {}", answer.err());
            assert!(answer.err().contains(said) && answer.err().contains(file), "{file}: {}", answer.err());
        }
    }
    let text = std::fs::read_to_string(bench.path().join("study.toml")).unwrap();
    bench.write("marked.toml", &format!("\u{feff}{}", text.replace('\n', "\r\n")));
    let answer = within_a_minute(&bench, &["check", "marked.toml"]);
    assert_eq!(status(&answer), 0, "{}", answer.err());
}

#[test]
fn pipes_in_the_place_of_other_files_are_not_waited_for() {
    let bench = Bench::new();
    std::fs::create_dir_all(bench.results()).unwrap();
    pipe(&bench.results().join("study.lock"));
    let answer = within_a_minute(&bench, &["study.toml"]);
    assert!(status(&answer) == 1 && answer.err().contains("it is a named pipe"), "{}", answer.err());
    std::fs::remove_file(bench.results().join("study.lock")).unwrap();
    pipe(&bench.results().join("study.toml"));
    let answer = within_a_minute(&bench, &["study.toml"]);
    assert_eq!(status(&answer), 3, "{}", answer.err());
    std::fs::remove_file(bench.results().join("study.toml")).unwrap();
    pipe(&bench.results().join("study.db"));
    for arguments in [
        &["report", "study.toml"][..],
        &["study.toml", "--results", "other", "--warm-start", "results/bench"],
        &["pick", "results/bench"],
        &["study.toml"],
    ] {
        let answer = within_a_minute(&bench, arguments);
        assert!(status(&answer) == 1 && answer.err().contains("it is a named pipe"), "{arguments:?}: {}", answer.err());
    }
    let answer = within_a_minute(&bench, &["study.toml", "--results", "study.toml/x"]);
    assert_eq!(status(&answer), 1, "{}", answer.err());
}

#[test]
fn nothing_that_comes_from_a_file_or_a_program_commands_the_terminal() {
    let hostile = "\u{1b}[31mred\u{9b}2J\u{202e}";
    let bench = Bench::with_program(&format!(
        "import os, sys\nsys.stderr.write('{hostile}\\nerror: forged\\n'.replace('\\\\n', chr(10)))\nsys.exit(3)\n"
    ));
    bench.edit("[\"a\", \"b\"]", "[\"a\\u001b[2J\\nerror: forged\", \"b\\u202e\"]");
    bench.edit("kind = \"b\"", "kind = \"b\\u202e\"");
    bench.edit("metric = \"cost\"", "metric = \"cost\\u001b[31m\\u009b\"");
    bench.edit("trials = 12", "trials = 2");
    for arguments in [&["check", "study.toml"][..], &["study.toml"], &["report", "study.toml"]] {
        let answer = within_a_minute(&bench, arguments);
        assert!(harmless(&answer.out()), "{arguments:?}: {:?}", answer.out());
        assert!(harmless(&answer.err()), "{arguments:?}: {:?}", answer.err());
        let forged = |text: &str| text.lines().any(|line| line.starts_with("error: forged"));
        assert!(!forged(&answer.out()) && !forged(&answer.err()), "{}{}", answer.out(), answer.err());
    }
    let svg = bench.optimize(&["export", "study.toml", "--format", "svg"]).out();
    assert!(harmless(&svg), "{svg:?}");
    bench.write("broken.toml", &format!("name = \"x{hostile}\"\n\"k{}\" = 1\n", "\\u001b[31m"));
    let answer = within_a_minute(&bench, &["check", "broken.toml"]);
    assert!(status(&answer) == 2 && harmless(&answer.err()), "{:?}", answer.err());
    let answer = within_a_minute(&bench, &["check", "gone\u{1b}[2J.toml"]);
    assert!(status(&answer) == 2 && harmless(&answer.err()), "{:?}", answer.err());
    let answer = within_a_minute(&bench, &["--\u{1b}[31m"]);
    assert!(status(&answer) == 2 && harmless(&answer.err()), "{:?}", answer.err());
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn secrets_reach_the_program_and_nothing_else() {
    const PROGRAM: &str = r#"
import json, os, sys
token = next(a for a in sys.argv if a.startswith("--token="))
assert token == "--token=" + os.environ["API_TOKEN"] and len(token) > 12
n = int(os.environ["WATTFRONT_N"])
if int(os.environ["WATTFRONT_TRIAL"]) == 1:
    print("{" + token)
    sys.exit("usage: " + " ".join(sys.argv))
if int(os.environ["WATTFRONT_TRIAL"]) == 2:
    print(json.dumps({"failed": "exit", "message": "bad " + token}))
print(json.dumps({"accuracy": 1 - 1 / n, "cost": n}))
"#;
    const SECRET: &str = "s3cr3t-Value=42;x";
    let bench = Bench::with_program(PROGRAM);
    bench.edit(
        "\"program.py\", \"{x}\"]",
        "\"program.py\", \"{x}\", \"--token={API_TOKEN}\"]\nsecrets = [\"API_TOKEN\"]",
    );
    bench.edit("trials = 12", "trials = 4");
    let answer = bench.optimize(&["check", "study.toml"]);
    assert_eq!(status(&answer), 2);
    assert!(
        answer.err().contains("`API_TOKEN` of `secrets` in [command] is not in the environment"),
        "{}",
        answer.err()
    );
    let run =
        |arguments: &[&str], value: &str| Answer(bench.command(arguments).env("API_TOKEN", value).output().unwrap());
    let mut said = String::new();
    for arguments in [
        &["check", "study.toml"][..],
        &["study.toml"],
        &["report", "study.toml"],
        &["export", "study.toml", "--format", "json"],
        &["export", "study.toml"],
        &["confirm", "study.toml", "--seeds", "1"],
    ] {
        let answer = run(arguments, SECRET);
        assert_eq!(status(&answer), 0, "{arguments:?}: {}", answer.err());
        said += &(answer.out() + &answer.err());
    }
    assert!(said.contains("with the secret API_TOKEN of your environment"), "{said}");
    assert!(said.contains("--token={API_TOKEN}") && said.contains("bad --token=(not shown)"), "{said}");
    assert!(!said.contains(SECRET) && !said.contains("s3cr3t"), "{said}");
    for file in files(bench.path()) {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes.windows(6).any(|window| window == b"s3cr3t");
        assert!(!found, "{}", file.display());
    }
    // Another value is the same study.
    let answer = run(&["study.toml", "--trials", "5"], "another-value");
    assert_eq!(status(&answer), 0, "{}", answer.err());
    assert!(
        !files(bench.path())
            .iter()
            .any(|file| { std::fs::read(file).unwrap().windows(13).any(|window| window == b"another-value") })
    );
}

#[test]
fn what_only_looks_like_a_secret_is_masked_where_it_is_shown_around_and_warned_of() {
    let bench = Bench::new();
    bench.edit("\"program.py\", \"{x}\"]", "\"program.py\", \"{x}\", \"--api-key\", \"hunter22\"]");
    bench.edit("trials = 12", "trials = 2");
    let check = bench.optimize(&["check", "study.toml"]).out();
    assert!(check.contains("looks like a secret") && check.contains("secrets = ["), "{check}");
    let run = bench.optimize(&["study.toml"]);
    assert!(!run.err().contains("hunter22"), "{}", run.err());
    // The line that is wrong is shown, but not what it should not tell.
    bench.edit("\"{x}\"", "\"{xx}\"");
    let refused = bench.optimize(&["check", "study.toml"]).code(2).err();
    assert!(refused.contains("\"--api-key\", \"********\"") && !refused.contains("hunter22"), "{refused}");
    bench.edit("\"{xx}\"", "\"{x}\"");
    let json = bench.optimize(&["export", "study.toml", "--format", "json"]).out();
    let html = std::fs::read_to_string(bench.results().join("report.html")).unwrap();
    for text in [check, json, html] {
        assert!(text.contains("--api-key") && !text.contains("hunter22"), "{text}");
    }
}

#[test]
fn names_of_secrets_that_cannot_be_are_refused() {
    let bench = Bench::new();
    let file = std::fs::read_to_string(bench.path().join("study.toml")).unwrap();
    for (lines, said) in [
        ("secrets = [\"x\"]", "stands for something else already"),
        ("secrets = [\"WATTFRONT_X\"]", "cannot be the name of a secret"),
        ("secrets = [\"A B\"]", "cannot be the name of a secret"),
        ("secrets = [\"\"]", "cannot be the name of a secret"),
        ("secrets = [\"TOKEN\", \"TOKEN\"]", "listed twice"),
        ("secrets = [\"TOKEN\"]\nenv = { TOKEN = \"x\" }", "remove it there"),
        ("secrets = \"TOKEN\"", "must be an array"),
        ("secrets = [\"TOKEN\"]\nenv = { OTHER = \"x\" }\n\"secret\" = 1", "did you mean `secrets`"),
    ] {
        bench.write("other.toml", &file.replace("cwd = \".\"", &format!("cwd = \".\"\n{lines}")));
        let answer = bench.optimize(&["check", "other.toml"]);
        assert!(status(&answer) == 2 && answer.err().contains(said), "{lines}: {}", answer.err());
    }
}

#[test]
fn commands_work_in_a_folder_that_has_been_removed_or_say_so() {
    let bench = Bench::new();
    bench.edit("trials = 12", "trials = 2");
    let file = bench.path().join("study.toml");
    let (file, results) = (file.to_str().unwrap(), bench.results().to_str().unwrap().to_owned());
    let gone = |arguments: &[&str]| {
        let script = "mkdir gone && cd gone && rmdir ../gone && exec \"$0\" \"$@\"";
        let mut shell = std::process::Command::new("sh");
        let shell = shell.args(["-c", script, env!("CARGO_BIN_EXE_optimize")]).args(arguments);
        Answer(shell.current_dir(bench.path()).output().unwrap())
    };
    gone(&["check", file]).code(0);
    gone(&[file, "--results", &results]).code(0);
    for arguments in [
        &["pick", &results][..],
        &["report", &results],
        &["export", &results],
        &["confirm", file, "--results", &results, "--seeds", "1"],
        &["devices"],
        &["data", "list"],
    ] {
        gone(arguments).code(0);
    }
    gone(&["check", "study.toml"]).code(2).says("has been removed");
    gone(&[file]).code(1).says("has been removed");
}
