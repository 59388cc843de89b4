//! `optimize init`: what it writes is a study, and nothing is lost by it.

use std::process::Command;

use wattfront::study_file::StudySpec;

use crate::bench::{Answer, Bench};

/// A folder with a program that trains at once.
fn bench() -> Bench {
    let bench = Bench::new();
    bench.write(
        "train.py",
        "import json, sys\nrate = float(sys.argv[2])\nprint(json.dumps({\"accuracy\": 1 - abs(rate - 0.01)}))\n",
    );
    bench
}

const COMMAND: &str = "python3 train.py --lr {learning_rate} --batch-size {batch_size}";

#[test]
fn what_is_written_for_a_program_passes_check_and_runs() {
    let bench = bench();
    let answer = bench.optimize(&["init", "mine.toml", "--command", COMMAND]).code(0);
    let answer = answer.says("wrote mine.toml: 40 trials over 2 parameters").says("let train.py print its result");
    answer.says("optimize check mine.toml --dry-run").says("results/mine/");
    let check = bench.optimize(&["check", "mine.toml"]).code(0);
    assert!(!(check.out() + &check.err()).contains("warning"), "{}", check.out());
    bench.optimize(&["check", "mine.toml", "--dry-run"]).code(0).says("accuracy");
    bench.optimize(&["mine.toml", "--trials", "2"]).code(0);
    assert!(bench.path().join("results/mine/report.html").exists());
    insta::assert_snapshot!(std::fs::read_to_string(bench.path().join("mine.toml")).unwrap());
}

/// What is commented out may be put in as it stands.
#[test]
fn all_that_is_commented_out_is_right() {
    let bench = bench();
    for how in [&["--command", COMMAND][..], &["--command", "python3 train.py {kind}"], &["--train", "digits"]] {
        let answer = bench.optimize(&[&["init", "-"], how].concat()).code(0);
        let text = answer.out();
        StudySpec::parse(&text, "mine.toml").unwrap();
        let bare = |line: &str| {
            let code = line.strip_prefix("# ")?;
            let is_code = code.starts_with('[') || code.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
            is_code.then(|| code.to_owned())
        };
        let whole: Vec<String> = text.lines().map(|line| bare(line).unwrap_or_else(|| line.to_owned())).collect();
        let count = text.lines().filter(|line| bare(line).is_some()).count();
        assert!(count > 25, "only {count} lines are commented out");
        StudySpec::parse(&whole.join("\n"), "mine.toml").unwrap_or_else(|errors| panic!("{errors}"));
        // Each by itself, too; headers with what is below them.
        for block in text.split("\n\n").filter(|block| block.starts_with("# [")) {
            let lines: Vec<String> = block.lines().filter_map(bare).collect();
            StudySpec::parse(&format!("{text}\n{}\n", lines.join("\n")), "mine.toml")
                .unwrap_or_else(|errors| panic!("{errors}"));
        }
    }
}

#[test]
fn a_file_that_is_there_stays() {
    let bench = bench();
    bench.write("mine.toml", "mine");
    bench.optimize(&["init", "mine.toml", "--command", COMMAND]).code(2).says("is there already").says("help: ");
    assert_eq!(std::fs::read_to_string(bench.path().join("mine.toml")).unwrap(), "mine");
    std::os::unix::fs::symlink("nowhere", bench.path().join("link.toml")).unwrap();
    bench.optimize(&["init", "link.toml", "--command", COMMAND]).code(2).says("is there already");
    bench.optimize(&["init", ".", "--command", COMMAND]).code(2).says("is a folder");
    bench.optimize(&["init", "a/b.toml", "--command", COMMAND]).code(2).says("mkdir -p a");
    assert!(!bench.path().join("nowhere").exists() && !bench.path().join("a").exists());
}

#[test]
fn what_cannot_be_a_study_is_refused_with_what_helps() {
    let bench = bench();
    for (arguments, said) in [
        (&[][..], "what is the study to run?"),
        (&["--command", COMMAND, "--train", "digits"], "exclude each other"),
        (&["--command", "python3 train.py --lr 0.1"], "nothing to search"),
        (&["--command", "no-such-program-here --lr {lr}"], "was not found"),
        (&["--command", "./train.py --lr {lr}"], "chmod +x"),
        (&["--command", "python3 train.py --lr '{lr}"], "without its partner"),
        (&["--command", "python3 train.py {learning-rate}"], "such as {learning_rate}"),
        (&["--train", "digit"], "did you mean `digits`?"),
        (&["--train", "cifr10"], "did you mean `cifar10`?"),
        (&["--train", "./nowhere"], "there is no ./nowhere"),
        (&["--train", "."], "CLASS/IMAGE"),
    ] {
        let answer = bench.optimize(&[&["init", "mine.toml"], arguments].concat()).code(2);
        let all = answer.out() + &answer.err();
        assert!(all.contains(said), "{arguments:?}: {said:?} is not in {all}");
        assert!(!bench.path().join("mine.toml").exists(), "{arguments:?}");
    }
    bench.optimize(&["init", "my study.toml", "--command", COMMAND]).code(2).says("name of a folder");
}

#[test]
fn data_of_ones_own_are_named_as_seen_from_the_study_file() {
    let bench = bench();
    let folder = |name: &str| std::fs::create_dir_all(bench.path().join(name)).unwrap();
    folder("studies");
    folder("data");
    let rows: String = (0..60).map(|i| format!("{i},{},{:.2}\n", i % 7, f64::from(i) * 0.37)).collect();
    bench.write("data/prices.csv", &format!("size,rooms,price\n{rows}"));
    bench
        .optimize(&["init", "studies/prices.toml", "--train", "data/prices.csv"])
        .code(0)
        .says("wrote studies/prices.toml");
    let text = std::fs::read_to_string(bench.path().join("studies/prices.toml")).unwrap();
    assert!(text.contains("dataset = \"../data/prices.csv\""), "{text}");
    // Numbers are predicted, which have no accuracy.
    assert!(text.contains("metric = \"rmse\"") && text.contains("goal = \"minimize\""), "{text}");
    assert!(text.contains("rows of 2 numbers; `price` is predicted"), "{text}");
}

#[test]
fn variables_secrets_flags_and_lists_of_a_command_are_kept() {
    let bench = bench();
    let command = "OMP_NUM_THREADS=2 python3 'train.py' --lr {lr} {amp:--amp} --layers {layers...} --token {API_TOKEN}";
    let mut run = bench.command(&["init", "-", "--command", command]);
    let text = Answer(run.env("API_TOKEN", "as secret as can be").output().unwrap()).code(0).out();
    for part in [
        "env = { OMP_NUM_THREADS = \"2\" }",
        "secrets = [\"API_TOKEN\"]",
        "{ choice = [true, false] }",
        "{ choice = [[64], [64, 64]] }",
        "    \"{layers...}\",",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(!text.contains("as secret as can be"));
    bench.write("piped.toml", &text);
    let mut check: Command = bench.command(&["check", "piped.toml"]);
    Answer(check.env("API_TOKEN", "as secret as can be").output().unwrap()).code(0);
}

/// The trainer is there where this is built with it.
#[cfg(feature = "torch")]
#[test]
fn what_is_written_for_the_digits_passes_check_and_runs() {
    let bench = bench();
    bench.optimize(&["init", "ten.toml", "--train", "digits"]).code(0).says("wrote ten.toml");
    bench.optimize(&["check", "ten.toml"]).code(0);
    bench.optimize(&["ten.toml", "--trials", "2"]).code(0).says("results/ten");
}
