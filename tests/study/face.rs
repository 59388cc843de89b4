//! What the command line says of itself: help, the reference of the study file, completions, the manual, colours.

use crate::bench::{Answer, Bench};

const BOLD: &str = "\u{1b}[1m";

#[test]
fn help_is_there_for_commands_and_for_the_study_file() {
    let bench = Bench::new();
    let help = bench.optimize(&["--help"]).code(0).says("optimize init mine.toml --command");
    assert_eq!(help.out(), bench.optimize(&["help"]).code(0).out());
    let of_check = bench.optimize(&["check", "--help"]).code(0).out();
    assert_eq!(of_check, bench.optimize(&["help", "check"]).code(0).out());
    bench.optimize(&["help", "store", "repair"]).code(0).says("Usage: optimize store repair");
    bench.optimize(&["data", "help"]).code(0).says("Usage: optimize data");
    bench.optimize(&["help", "chek"]).code(2).says("did you mean `check`?");
    bench.optimize(&["help", "idle"]).code(2).says("optimize help study-file idle");

    let all = bench.optimize(&["help", "study-file"]).code(0).out();
    for title in
        ["[budget]", "[[objective]]", "[space]", "[train]", "[command]", "[energy]", "[carbon]", "learning_rate"]
    {
        assert!(all.contains(title), "{title} is not in\n{all}");
    }
    let budget = bench.optimize(&["help", "study-file", "budget"]).code(0).out();
    assert!(budget.contains("trials = 40") && !budget.contains("[[objective]]"), "{budget}");
    let key = bench.optimize(&["help", "study-file", "energy", "idle"]).code(0).out();
    assert!(key.contains("power at rest") && !key.contains("watts_per_core"), "{key}");
    bench.optimize(&["help", "study-file", "bugdet"]).code(2).says("did you mean `budget`?");
}

#[test]
fn every_shell_gets_a_script_that_knows_the_commands() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        bench.optimize(&["completions", shell]).code(0).says("warm-start").says("init").says("completions");
    }
    bench.optimize(&["completions", "tcsh"]).code(2).says("possible values: bash");
}

#[test]
fn the_manual_has_a_page_for_each_command_and_one_for_the_study_file() {
    let bench = Bench::new();
    bench.optimize(&["man", "pages/man1"]).code(0).says("man pages/man1/optimize.1");
    let page = |name: &str| std::fs::read_to_string(bench.path().join("pages/man1").join(name)).unwrap();
    for (name, said) in [
        ("optimize.1", "optimize\\-check(1)"),
        ("optimize-check.1", "dry\\-run"),
        ("optimize-store-repair.1", "study.db"),
        ("optimize-study.5", "watts_per_core"),
    ] {
        assert!(page(name).contains(said), "{said} is not in {name}:\n{}", page(name));
    }
    assert!(!bench.path().join("pages/man1/optimize-guard.1").exists(), "what is hidden has no page");
    bench.optimize(&["man", "study.toml"]).code(1).says("cannot be written to study.toml");
}

#[test]
fn colours_are_as_the_command_line_or_else_the_environment_says() {
    let bench = Bench::new();
    let of = |words: &[&str], variables: &[(&str, &str)]| {
        let mut command = bench.command(words);
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        let answer = Answer(command.envs(variables.iter().copied()).output().unwrap());
        (answer.out() + &answer.err()).contains("\u{1b}[")
    };
    // Help, errors of the command line, of a file, of a study file, and the reference.
    bench.write("wrong.toml", "nmae = 1\n");
    for words in [
        &["check", "--help"][..],
        &["--trails"],
        &["nowhere.toml"],
        &["check", "wrong.toml"],
        &["help", "pick"],
        &["help", "study-file", "budget"],
    ] {
        let with = |colour: &'static str| [words, &["--color", colour]].concat();
        let before = |colour: &'static str| [&["--color", colour], words].concat();
        assert!(!of(words, &[]), "{words:?}: nobody asked for colours in a pipe");
        assert!(of(words, &[("CLICOLOR_FORCE", "1")]), "{words:?}");
        assert!(!of(words, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]), "{words:?}");
        assert!(of(&with("always"), &[("NO_COLOR", "1")]), "{words:?}");
        assert!(of(&before("always"), &[]), "{words:?}");
        assert!(!of(&with("never"), &[("CLICOLOR_FORCE", "1")]), "{words:?}");
    }
    bench.optimize(&["--color", "pink", "check", "study.toml"]).code(2).says("auto, always, never");
    // What programs read has none.
    let json = bench.optimize(&["devices", "--json", "--color", "always"]).code(0).out();
    assert!(!json.contains(BOLD) && json.starts_with('{'), "{json}");
    // Behind the command that is metered, the words are its own.
    bench.optimize(&["meter", "--quiet", "--", "echo", "--color", "pink"]).code(0).says("--color pink");
}
