//! The store of a study: copied, moved, emptied, damaged and repaired by people, while a study runs and between.

use std::fs;
use std::path::Path;

use crate::bench::Bench;

/// Trial 2 does something to the results before it ends, and each trial is written down outside of them.
fn harmful(harm: &str) -> Bench {
    let program = format!(
        r#"
import json, os, shutil
trial = int(os.environ["WATTFRONT_TRIAL"])
open("ran", "a").write(f"{{trial}}\n")
if trial == 2 and not os.path.exists("harmed"):
    open("harmed", "w")
    {harm}
x, n = float(os.environ["WATTFRONT_X"]), int(os.environ["WATTFRONT_N"])
print(json.dumps({{"accuracy": 1 - (x - 0.3) ** 2 - 1 / n, "cost": n * (1 + x)}}))
"#
    );
    let bench = Bench::with_program(&program);
    bench.edit("trials = 12", "trials = 6");
    bench
}

fn ran(bench: &Bench) -> Vec<String> {
    fs::read_to_string(bench.path().join("ran")).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_folder_that_is_moved_in_mid_run_is_missed_before_the_next_trial_and_nothing_is_lost() {
    let bench = harmful("os.rename('results/bench', 'results/moved')");
    bench.optimize(&["study.toml"]).code(1).says("results/bench").says("moved");
    assert_eq!(ran(&bench), ["0", "1", "2"], "no trial began after it");
    assert!(!bench.path().join("results/bench").exists(), "nothing is made where it was");
    fs::rename(bench.path().join("results/moved"), bench.results()).unwrap();
    bench.optimize(&["study.toml"]).code(0);
    assert_eq!(ran(&bench), ["0", "1", "2", "3", "4", "5"], "the trial that had ended is there");
}

#[test]
fn another_folder_in_its_place_is_not_written_to() {
    let bench = harmful("os.rename('results/bench', 'results/moved'); os.mkdir('results/bench')");
    bench.optimize(&["study.toml"]).code(1).says("moved, or replaced");
    assert_eq!(fs::read_dir(bench.results()).unwrap().count(), 0);
}

#[test]
fn a_removed_store_is_missed_and_what_it_held_is_kept() {
    let bench = harmful("os.remove('results/bench/study.db')");
    let answer = bench.optimize(&["study.toml"]).code(1).says("was removed");
    assert_eq!(ran(&bench), ["0", "1", "2"]);
    let kept = bench.results().join("study.kept-1.db");
    assert!(answer.err().contains("study.kept-1.db"), "{}", answer.err());
    let left = fs::read_dir(bench.results()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().starts_with("study.db")).collect();
    left.iter().for_each(|name| fs::remove_file(bench.results().join(name)).unwrap());
    fs::rename(kept, bench.results().join("study.db")).unwrap();
    bench.optimize(&["study.toml"]).code(0);
    assert_eq!(bench.finished().len(), 6);
    assert_eq!(ran(&bench)[..3], ["0", "1", "2"]);
}

#[test]
fn an_emptied_or_replaced_store_is_missed() {
    let emptied = harmful("open('results/bench/study.db', 'w')");
    emptied.optimize(&["study.toml"]).code(1).says("was emptied");
    assert_eq!(ran(&emptied), ["0", "1", "2"]);
    let replaced = harmful("shutil.copy('results/bench/study.db', 'x'); os.replace('x', 'results/bench/study.db')");
    replaced.optimize(&["study.toml"]).code(1).says("replaced");
    assert_eq!(ran(&replaced), ["0", "1", "2"]);
}

#[test]
fn a_copy_of_the_file_alone_has_every_finished_trial_of_a_killed_study() {
    let bench = harmful("os.kill(os.getppid(), 9)");
    bench.optimize(&["study.toml"]);
    assert_eq!(bench.finished().len(), 2, "it was killed in its third trial");
    fs::create_dir_all(bench.path().join("copy")).unwrap();
    fs::copy(bench.results().join("study.db"), bench.path().join("copy/study.db")).unwrap();
    bench.optimize(&["study.toml", "--results", "copy"]).code(0).says("going on after 2 trials");
    assert_eq!(ran(&bench).iter().filter(|trial| *trial == "0").count(), 1);
}

#[test]
fn tables_beside_an_empty_store_are_not_written_over() {
    for content in ["", "keep"] {
        let bench = harmful("pass");
        bench.optimize(&["study.toml"]).code(0);
        let table = fs::read(bench.results().join("trials.csv")).unwrap();
        let store = bench.results().join("study.db");
        if content.is_empty() {
            fs::write(&store, "").unwrap();
            bench.optimize(&["study.toml"]).code(3).says("trials.csv").says("--fresh");
            bench.optimize(&["pick", "study.toml"]).code(5).says("is empty");
        } else {
            fs::remove_file(&store).unwrap();
            bench.optimize(&["study.toml"]).code(3).says("holds a file");
        }
        assert_eq!(fs::read(bench.results().join("trials.csv")).unwrap(), table);
    }
}

#[test]
fn an_empty_store_without_tables_begins_anew_and_says_so() {
    let bench = harmful("pass");
    fs::create_dir_all(bench.results()).unwrap();
    fs::write(bench.results().join("study.db"), "").unwrap();
    bench.optimize(&["study.toml"]).code(0).says("was there but empty");
    fs::remove_file(bench.results().join("study.db")).unwrap();
    fs::write(bench.results().join("study.db-wal"), "the trials of somebody").unwrap();
    bench.optimize(&["study.toml"]).code(3).says("study.db-wal").says("store repair");
    assert_eq!(fs::read(bench.results().join("study.db-wal")).unwrap(), b"the trials of somebody");
}

/// Flips a bit of the first digit after a text in a file, wherever the text is: pages keep copies of rows that were moved.
fn flip(path: &Path, after: &str) {
    let mut bytes = fs::read(path).unwrap();
    let found = bytes.windows(after.len()).enumerate().filter(|(_, window)| *window == after.as_bytes());
    let ends: Vec<_> = found.map(|(at, _)| at + after.len()).collect();
    assert!(!ends.is_empty(), "{after:?} is not in the file");
    for end in ends {
        let digit = bytes[end..].iter().position(u8::is_ascii_digit).unwrap() + end;
        bytes[digit] ^= 1;
    }
    fs::write(path, bytes).unwrap();
}

#[test]
fn one_flipped_bit_is_not_believed_and_the_rest_is_kept() {
    let bench = harmful("pass");
    bench.optimize(&["study.toml"]).code(0);
    let before = bench.finished();
    let store = bench.results().join("study.db");
    let whole = bench.optimize(&["store", "repair", "study.toml"]).code(0);
    assert!(whole.out().contains("there is nothing to repair"), "{}", whole.out());
    flip(&store, "\"trial\":3,\"metrics\":{\"accuracy\":");
    let damaged = fs::read(&store).unwrap();
    for command in [&["pick", "study.toml"][..], &["report", "study.toml"], &["export", "study.toml"], &["study.toml"]]
    {
        bench.optimize(command).code(1).says("is damaged at event").says("optimize store repair");
    }
    let repaired = bench.optimize(&["store", "repair", "study.toml", "--json"]).code(0);
    let told: serde_json::Value = serde_json::from_str(&repaired.out()).unwrap();
    assert_eq!((&told["finished_trials"], &told["lost_events"].as_array().unwrap().len()), (&5.into(), &1));
    assert_eq!(told["unfinished_trials"].as_array().unwrap().len(), 1);
    assert_eq!(fs::read(&store).unwrap(), damaged, "the old one is untouched");
    bench
        .optimize(&["store", "repair", "results/bench"])
        .code(0)
        .says("kept:")
        .says("bench.repaired-2")
        .says("to be run again");
    bench.optimize(&["study.toml", "--results", "results/bench.repaired"]).code(0);
    let again = bench.optimize(&["export", "results/bench.repaired", "--format", "json"]).code(0).out();
    let again: serde_json::Value = serde_json::from_str(&again).unwrap();
    let trials = again["trials"].as_array().unwrap();
    assert_eq!(trials.len(), before.len(), "what was lost was run again");
    bench.optimize(&["store", "repair", "study.toml", "--to", "results/bench"]).code(2).says("is not empty");
}

#[test]
fn a_study_without_its_begin_is_repaired_by_its_study_file() {
    let bench = harmful("pass");
    bench.optimize(&["study.toml"]).code(0);
    flip(&bench.results().join("study.db"), "\"study_created\"");
    bench.optimize(&["study.toml"]).code(1).says("damaged at event 1");
    bench
        .optimize(&["store", "repair", "study.toml"])
        .code(0)
        .says("6 of them finished")
        .says("that of its study.toml");
    bench.optimize(&["study.toml", "--results", "results/bench.repaired"]).code(0).says("the budget is spent");
    fs::remove_file(bench.results().join("study.toml")).unwrap();
    bench.optimize(&["store", "repair", "results/bench"]).code(5).says("there is no study.toml beside it");
    fs::write(bench.results().join("study.db"), "nothing of the kind ".repeat(999)).unwrap();
    bench.optimize(&["store", "repair", "results/bench"]).code(5).says("no event of a study is whole");
}

#[test]
fn a_study_that_runs_is_not_repaired() {
    let bench = harmful("os.system('\"$OPTIMIZE\" store repair study.toml > told 2>&1; echo $? >> told')");
    let mut command = bench.command(&["study.toml"]);
    command.env("OPTIMIZE", env!("CARGO_BIN_EXE_optimize"));
    assert!(command.output().unwrap().status.success());
    let told = fs::read_to_string(bench.path().join("told")).unwrap();
    assert!(told.contains("is being run by another process") && told.ends_with("3\n"), "{told}");
}

/// The copy in the results is called study.toml, and so would be a study that has its name from its file.
#[test]
fn a_study_named_by_its_file_goes_on_by_the_copy_and_is_repaired_by_it() {
    let bench = harmful("pass");
    bench.edit("name = \"bench\"\n", "");
    fs::rename(bench.path().join("study.toml"), bench.path().join("mine6.toml")).unwrap();
    bench.optimize(&["mine6.toml"]).code(0);
    let results = bench.path().join("results/mine6");
    let copy = fs::read_to_string(results.join("study.toml")).unwrap();
    assert!(copy.starts_with("name = \"mine6\" # "), "{copy}");
    bench.optimize(&["mine6.toml"]).code(0).says("the budget is spent");
    bench.optimize(&["results/mine6/study.toml"]).code(0).says("the budget is spent");
    assert_eq!(fs::read_to_string(results.join("study.toml")).unwrap(), copy);
    flip(&results.join("study.db"), "\"study_created\"");
    bench.optimize(&["store", "repair", "mine6.toml"]).code(0).says("that of its study.toml");
    bench.optimize(&["mine6.toml", "--results", "results/mine6.repaired"]).code(0).says("the budget is spent");
    bench.optimize(&["results/mine6.repaired/study.toml", "--results", "results/mine6.repaired"]).code(0);
}
