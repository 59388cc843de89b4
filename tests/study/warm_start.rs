//! A study that learns from earlier ones: what it takes over, and that it needs nobody afterwards.

use std::path::Path;
use std::process::Stdio;

use wattfront::study::store::SqliteStore;

use crate::bench::Bench;

/// A bench whose first study, `earlier`, is done, and whose second is to come.
fn bench(trials: u32) -> Bench {
    let bench = Bench::new();
    bench.edit("name = \"bench\"", "name = \"earlier\"");
    bench.edit("trials = 12", &format!("trials = {trials}"));
    bench.optimize(&["study.toml", "--quiet"]).code(0);
    bench.edit("name = \"earlier\"", "name = \"bench\"");
    bench.edit("n = { int = [2, 64], scale = \"log\" }", "n = { int = [2, 40], scale = \"log\" }");
    bench.edit(&format!("trials = {trials}"), "trials = 8");
    bench
}

const WARM: [&str; 3] = ["study.toml", "--warm-start", "results/earlier"];

#[test]
fn trials_are_copied_and_the_other_folder_may_vanish() {
    let bench = bench(10);
    let answer = bench.optimize(&[&WARM[..], &["--trials", "4"]].concat()).code(0);
    let record = bench.record();
    let earlier = &record.earlier()[0];
    assert_eq!((earlier.study.name.as_str(), earlier.finished()), ("earlier", 10));
    let outside = earlier.left_out.values().sum::<usize>();
    assert_eq!(earlier.study.trials.len() + outside, 10);
    let answer = answer.says(&format!("learns from {} of 10 finished trials of `earlier`", 10 - outside));
    if outside > 0 {
        answer.says("whose `n` is outside this space");
    }
    assert_eq!(bench.finished().len(), 4, "they are no trials of this study");
    std::fs::remove_dir_all(bench.path().join("results/earlier")).unwrap();
    bench.optimize(&["study.toml", "--trials", "6"]).code(0).says("learns from");
    bench.optimize(&WARM).code(0).says("learns from");
    assert_eq!(bench.finished().len(), 8);
    let html = std::fs::read_to_string(bench.results().join("report.html")).unwrap();
    assert!(html.contains("began warm") && html.contains("of `earlier`"));

    // One run through gives the same trials as three.
    let whole = self::bench(10);
    whole.optimize(&WARM).code(0);
    assert_eq!(whole.finished(), bench.finished());
}

#[test]
fn a_kill_changes_nothing() {
    let bench = bench(6);
    bench.optimize(&WARM).code(0);
    let uninterrupted = bench.finished();
    std::fs::rename(bench.results(), bench.path().join("results/whole")).unwrap();
    let mut child = bench.command(&WARM).stdout(Stdio::null()).spawn().unwrap();
    bench.wait_for("the first trials", || bench.try_record().is_some_and(|r| r.counted_trials() >= 2));
    child.kill().unwrap();
    child.wait().unwrap();
    std::fs::remove_dir_all(bench.path().join("results/earlier")).unwrap();
    bench.optimize(&["study.toml"]).code(0);
    assert_eq!(bench.finished(), uninterrupted);
}

#[test]
fn what_cannot_be_learned_from_is_refused() {
    let bench = bench(4);
    bench
        .optimize(&["study.toml", "--warm-start", "results/nowhere"])
        .code(5)
        .says("there is no study in results/nowhere");
    bench.optimize(&["study.toml", "--warm-start", "results/bench"]).code(2).says("cannot learn from itself");
    assert!(!bench.results().exists(), "a refusal leaves no empty study behind");
    bench.optimize(&["study.toml", "--trials", "2"]).code(0);
    let before = bench.finished();
    bench.optimize(&WARM).code(3).says("learns from no earlier study").says("--fresh");
    bench.edit("metric = \"cost\"", "metric = \"price\"");
    bench.optimize(&WARM).code(3).says("objective[1].metric");
    let answer = bench.optimize(&[&WARM[..], &["--fresh"]].concat()).code(2);
    answer.says("nothing can be learned from results/earlier: 0 of 4 finished trials").says("without a usable `price`");
    bench.optimize(&["study.toml", "--fresh", "--warm-start", "results/nowhere"]).code(5).says("there is no study");
    assert!(!bench.path().join("results/bench.1").exists(), "a refusal moves nothing");
    assert_eq!(bench.finished(), before);
    bench.edit("metric = \"price\"", "metric = \"cost\"");
    bench.optimize(&[&WARM[..], &["--fresh", "--trials", "2"]].concat()).code(0);
    let twice = [&WARM[..], &["--warm-start", "results/bench.1"]].concat();
    bench.optimize(&twice).code(3).says("leave --warm-start out");
    assert!(Path::new(&bench.results()).join("study.db").exists());
}

#[test]
fn a_sampler_that_does_not_learn_says_so() {
    let bench = bench(4);
    bench.edit("kind = \"gp\"\ninitial = 5", "kind = \"random\"");
    bench
        .optimize(&[&WARM[..], &["--trials", "2"]].concat())
        .code(0)
        .says("random does not learn from earlier studies");
}

#[test]
fn an_earlier_study_may_grow_and_another_one_is_refused() {
    let bench = bench(6);
    bench.edit("n = { int = [2, 40], scale = \"log\" }", "n = { int = [2, 64], scale = \"log\" }");
    bench.optimize(&[&WARM[..], &["--trials", "2"]].concat()).code(0).says("learns from 6 of 6");
    let text = std::fs::read_to_string(bench.path().join("study.toml")).unwrap();
    bench.write("earlier.toml", &text.replace("name = \"bench\"", "name = \"earlier\""));
    bench.optimize(&["earlier.toml", "--trials", "8", "--quiet"]).code(0);
    let grown = bench.optimize(&[&WARM[..], &["--trials", "3"]].concat()).code(0).says("learns from 6 of 6");
    grown.says("learned from 6 trials of `earlier` when it began; the folder results/earlier now has 8");
    assert_eq!((bench.record().earlier()[0].study.trials.len(), bench.finished().len()), (6, 3));
    bench
        .write("earlier.toml", &text.replace("name = \"bench\"", "name = \"earlier\"").replace("seed = 5", "seed = 6"));
    bench.optimize(&["earlier.toml", "--fresh", "--quiet"]).code(0);
    bench.optimize(&WARM).code(3).says("leave --warm-start out");
}

#[test]
fn who_was_stopped_after_the_old_results_were_moved_is_told_where_they_are() {
    let bench = bench(4);
    bench.optimize(&["study.toml", "--trials", "4"]).code(0);
    std::fs::rename(bench.results(), bench.path().join("results/bench.1")).unwrap();
    std::fs::create_dir(bench.results()).unwrap();
    drop(SqliteStore::open(&bench.results().join("study.db")).unwrap());
    let own = ["study.toml", "--warm-start", "results/bench", "--trials", "2"];
    bench.optimize(&own).code(2).says("results/bench.1 has what was moved aside last");
    let old = ["study.toml", "--warm-start", "results/bench.1", "--trials", "2"];
    bench.optimize(&old).code(0).says("learns from 4 of 4");
}

#[test]
fn a_study_that_begins_anew_learns_from_its_own_old_results() {
    let bench = bench(4);
    bench.optimize(&["study.toml", "--trials", "4"]).code(0);
    let own = ["study.toml", "--warm-start", "results/bench", "--trials", "3"];
    bench.optimize(&own).code(2).says("a study cannot learn from itself\nhelp: with --fresh");
    let answer = bench.optimize(&[&own[..], &["--fresh"]].concat()).code(0);
    answer.says("the old results are now in results/bench.1").says("learns from 4 of 4 finished trials of `bench`");
    assert_eq!(bench.record().earlier()[0].folder, "results/bench.1");
    assert_eq!(bench.finished().len(), 3);
}
