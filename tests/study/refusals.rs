//! What is refused before anything runs: with a clear word, a stable exit code, and nothing lost.

use crate::bench::Bench;

#[test]
fn without_arguments_it_helps() {
    let bench = Bench::new();
    bench.optimize(&[]).code(2).says("Usage: optimize");
    bench.optimize(&["--help"]).code(0).says("Exit codes:");
    bench.optimize(&["--version"]).code(0).says(env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_wrong_study_file_is_shown_with_line_and_advice() {
    let bench = Bench::new();
    bench.optimize(&["nowhere.toml"]).code(2).says("cannot read the study file nowhere.toml");
    bench.optimize(&["."]).code(2).says("it is a folder");
    bench.edit("goal = \"maximize\"", "gaol = \"maximize\"");
    for command in [&["study.toml"][..], &["check", "study.toml"]] {
        bench.optimize(command).code(2).says("study.toml:10:1").says("did you mean `goal`?");
    }
    assert!(!bench.path().join("results").exists(), "nothing is made for a study that is wrong");
}

#[test]
fn a_word_that_is_no_command_and_no_file_is_answered_with_what_was_meant() {
    let bench = Bench::new();
    bench
        .optimize(&["ckeck", "study.toml"])
        .code(2)
        .says("there is no command `ckeck`")
        .says("help: did you mean `check`?");
    bench.optimize(&["run", "study.toml"]).code(2).says("help: `optimize study.toml` runs that study");
    bench.optimize(&["study"]).code(2).says("help: did you mean study.toml?");
    bench.optimize(&["stduy.toml"]).code(2).says("help: did you mean study.toml?");
    bench.optimize(&["help", "init", "foo"]).code(2).says("`init` has no commands of its own");
    let taken = bench.optimize(&["init", "study.toml", "--command", "true {x}"]);
    taken.code(2).says("help: choose another name, such as study-2.toml");
}

#[test]
fn help_names_the_study_of_the_command_line() {
    let bench = Bench::new();
    bench.optimize(&["pick", "study.toml"]).code(5).says("help: run `optimize study.toml` first");
    bench.optimize(&["ask-tell", "study.toml"]).code(2).says("help: remove the section").says("`optimize study.toml`");
    bench.edit("\"python3\"", "\".\"");
    bench.optimize(&["check", "study.toml"]).code(2).says("is a folder, and no program");
}

#[test]
fn an_unusable_results_folder_is_named() {
    let bench = Bench::new();
    bench.write("results", "a file where the folder should be");
    bench.optimize(&["study.toml"]).code(1).says("results/bench").says("--results");
}

#[test]
fn a_store_that_is_newer_or_none_is_left_alone() {
    let bench = Bench::new();
    bench.edit("trials = 12", "trials = 1");
    bench.optimize(&["study.toml"]).code(0);
    let store = bench.results().join("study.db");
    rusqlite::Connection::open(&store).unwrap().pragma_update(None, "user_version", 7).unwrap();
    bench.optimize(&["study.toml"]).code(1).says("format 7").says("newer");
    std::fs::write(&store, "this is no database, however long it may be ".repeat(50)).unwrap();
    bench.optimize(&["study.toml"]).code(3).says("is not a store of a Wattfront study");
    assert!(std::fs::read_to_string(&store).unwrap().starts_with("this is no database"));
}

#[test]
fn questions_about_no_study_are_answered_so() {
    let bench = Bench::new();
    for command in ["pick", "report", "export"] {
        bench.optimize(&[command, "study.toml"]).code(5).says("there is no study in results/bench");
    }
    assert!(!bench.path().join("results").exists(), "asking makes nothing");
}

#[test]
fn wrong_numbers_on_the_command_line_are_refused() {
    let bench = Bench::new();
    bench.optimize(&["study.toml", "--trials", "0"]).code(2).says("at least 1");
    bench.optimize(&["study.toml", "--trials", "many"]).code(2).says("invalid value");
    bench.optimize(&["pick", "study.toml", "--within", "much"]).code(2).says("much");
}

#[test]
fn a_study_without_anything_to_run_is_refused() {
    let bench = Bench::new();
    bench.edit("[command]\nargv = [\"python3\", \"program.py\", \"{x}\"]\ncwd = \".\"\n", "");
    bench.optimize(&["study.toml"]).code(2).says("[train]").says("[command]");
}

#[cfg(not(feature = "torch"))]
#[test]
fn training_in_a_build_without_libtorch_says_what_to_do() {
    let bench = Bench::new();
    bench.write(
        "train.toml",
        "[budget]\ntrials = 1\n[[objective]]\nmetric = \"accuracy\"\ngoal = \"maximize\"\n[space]\n\
         learning_rate = { float = [1e-4, 1e-1], scale = \"log\" }\n[train]\ndataset = \"digits\"\nmodel = \"mlp\"\n",
    );
    bench.optimize(&["train.toml"]).code(2).says("make build").says("--features torch");
}
