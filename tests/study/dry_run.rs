//! `optimize check --dry-run`: one trial, and what it says of all.

use crate::bench::{Bench, PROGRAM};

const DRY: &[&str] = &["check", "study.toml", "--dry-run"];

#[test]
fn the_first_trial_is_run_and_nothing_is_stored() {
    let bench = Bench::with_program(&format!("open('ran', 'a').write('x')\n{PROGRAM}"));
    bench.edit("[sampler]", "[[start]]\nx = 0.25\nn = 7\nkind = \"a\"\n[sampler]");
    let answer = bench.optimize(DRY).code(0).says("x=0.25").says("accuracy 85.5 %").says("cost 8.75").says("ESTIMATED");
    let answer = answer.says("about 12 such trials, by its trials").says("output      what it printed is in");
    let output =
        answer.out().lines().find_map(|line| line.split_once("what it printed is in ")).map(|(_, at)| at.to_owned());
    let output = std::path::PathBuf::from(output.unwrap());
    assert!(std::fs::read_to_string(output.join("trial-0000.out")).unwrap().contains("accuracy"));
    std::fs::remove_dir_all(output.parent().unwrap()).unwrap();
    assert!(!bench.path().join("results").exists());
    assert_eq!(std::fs::read_to_string(bench.path().join("ran")).unwrap(), "x");
    bench.edit("trials = 12", "time = \"1h\"\nenergy = \"0.001 J\"");
    bench.edit("cwd = \".\"", "cwd = \".\"\nkeep_output = \"none\"");
    let answer = bench.optimize(DRY).code(0).says("its energy is less than one such trial takes");
    assert!(!answer.out().contains("what it printed"), "{}", answer.out());
}

#[test]
fn a_wrong_name_and_a_failure_are_told() {
    let bench = Bench::with_program("print('{\"acuracy\": 0.5, \"cost\": 1}')");
    bench.edit("cwd = \".\"", "cwd = \".\"\nkeep_output = \"none\"");
    bench.optimize(DRY).code(6).says("did you mean `acuracy`").says("would stop at once");
    bench.write("program.py", "raise ValueError('no data')");
    bench.optimize(DRY).code(5).says("exit: ended with exit code 1: ValueError: no data");
    assert!(!bench.path().join("results").exists());
    bench.edit("[command]\nargv = [\"python3\", \"program.py\", \"{x}\"]\ncwd = \".\"\nkeep_output = \"none\"\n", "");
    bench.optimize(DRY).code(2).says("nothing to run");
}

#[test]
fn the_share_of_the_start_up_is_told() {
    let starts = "import time\nend = time.process_time() + 0.8\nwhile time.process_time() < end: pass\n";
    let bench = Bench::with_program(&format!("{starts}{PROGRAM}"));
    bench.edit("cwd = \".\"", "cwd = \".\"\nkeep_output = \"none\"");
    bench.edit("metric = \"cost\"", "metric = \"energy\"");
    bench.optimize(DRY).code(0).says("passed before their first step").says("energy_from = \"first-step\"");
    bench.write(
        "program.py",
        "import json, time\nt = time.time()\nwhile time.time() < t + 0.3: pass\nprint(json.dumps({'accuracy': 0.5}))",
    );
    bench.optimize(DRY).code(0).says("not known: the program tells no two lines with a step");
}
