//! Study files that are right, and what is said about those that are not.

use std::fmt::Write;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::energy::{MeterKind, Meters, MigPolicy};
use crate::evaluation::{Secrets, TrialTask};
use crate::optimizer::Seed;
use crate::optimizer::problem::{Bound, Goal, Preference, Prior};
use crate::optimizer::space::{Domain, Scale, Value};

mod carbon;
mod defaults;
mod doubts;
mod extremes;
mod limits;
mod requirements;
mod share;
mod values;
mod wishes;
mod without;

const DIGITS: &str = include_str!("../../studies/digits.toml");
const COMMAND: &str = include_str!("../../studies/command.toml");

/// The beginning of a study that is right as far as it goes.
const BUDGET: &str = "budget.trials = 40\n";
const OBJECTIVE: &str = "objective = [{ metric = \"accuracy\", goal = \"maximize\" }]\n";
const SPACE: &str = "[space]\nlr = { float = [0.1, 1.0] }\n";

fn parse(text: &str) -> Result<StudySpec, SpecErrors> {
    StudySpec::parse(text, "studies/some.toml")
}

fn accepted(text: &str) -> StudySpec {
    parse(text).unwrap_or_else(|errors| panic!("{errors}"))
}

/// What is said about each text, under its title. Texts must be refused, and every issue must have a place or none.
fn refusals(cases: &[(&str, String)]) -> String {
    let mut shown = String::new();
    for (title, text) in cases {
        let errors = parse(text).expect_err(title);
        let _ = writeln!(shown, "## {title}\n\n{errors}\n");
    }
    shown
}

/// A study without a source whose [space] has these lines.
fn space(lines: &str) -> String {
    format!("{BUDGET}{OBJECTIVE}[space]\n{lines}\n")
}

/// A study of the trainer with these lines in [train] and in [space].
fn train(train: &str, space: &str) -> String {
    format!("{BUDGET}{OBJECTIVE}[train]\n{train}\n[space]\n{space}\n")
}

/// A study with these lines in [command].
fn command(lines: &str) -> String {
    format!("{BUDGET}{OBJECTIVE}{SPACE}m = {{ float = [0.0, 0.9], when = {{ lr = 0.1 }} }}\n[command]\n{lines}\n")
}

/// A study with these objectives.
fn objectives(lines: &str) -> String {
    format!("{BUDGET}{lines}\n[space]\nlearning_rate = {{ float = [0.1, 1.0] }}\n[train]\ndataset = \"digits\"\n")
}

fn sampler(kind: &str, initial: Option<usize>, population: Option<usize>, levels: Option<usize>) -> SamplerSpec {
    SamplerSpec { kind: kind.to_owned(), initial, population, levels }
}

#[test]
fn every_sampler_takes_its_own_settings_and_they_make_the_study() {
    let parse = |lines: &str| {
        let text = format!("{BUDGET}sampler = {{ {lines} }}\n{OBJECTIVE}{SPACE}");
        StudySpec::parse(&text, "studies/a.toml").unwrap()
    };
    for (lines, expected, shown) in [
        (r#"kind = "tpe", initial = 8"#, sampler("tpe", Some(8), None, None), "tpe: 8 trials of an initial design"),
        (
            r#"kind = "nsga2", initial = 8, population = 12"#,
            sampler("nsga2", Some(8), Some(12), None),
            "nsga2: 8 trials of an initial design, then a population of 12 evolves",
        ),
        (
            r#"kind = "grid", levels = 3"#,
            sampler("grid", None, None, Some(3)),
            "every combination of 3 values per range",
        ),
    ] {
        let study = parse(lines);
        assert_eq!(*study.sampler(), expected);
        assert!(study.summary().contains(shown), "{}", study.summary());
        let bare = parse(&format!("kind = \"{}\"", expected.kind));
        assert!(differences(&study.identity(), &bare.identity()).iter().all(|d| d.path.starts_with("sampler.")));
        assert_ne!(study.identity(), bare.identity());
    }
}

#[test]
fn the_digits_study_is_read_as_written() {
    let study = StudySpec::parse(DIGITS, "studies/digits.toml").unwrap();
    assert_eq!((study.name(), study.seed(), study.text()), ("digits", Seed(7), DIGITS));
    assert_eq!(*study.budget(), Budget { trials: Some(40), seconds: None, joules: None, hard: false });
    assert_eq!(*study.sampler(), sampler("gp", Some(10), None, None));
    let [accuracy, energy] = study.problem().objectives() else { panic!("two objectives") };
    assert_eq!((accuracy.goal, accuracy.scale), (Goal::Maximize, Scale::Linear));
    assert_eq!((energy.goal, energy.scale), (Goal::Minimize, Scale::Log));
    let space = study.problem().space();
    let names: Vec<&str> = space.parameters().iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names[..3], ["model", "learning_rate", "batch_size"]);
    assert_eq!(space.get("momentum").unwrap().condition[0].values, ["sgd".into(), "rmsprop".into()]);
    let TrialSource::Train(train) = study.source() else { panic!("a training") };
    assert_eq!(train.settings.get("dataset"), Some(&Value::from("digits")));
    assert_eq!(study.trial().timeout, Some(Duration::from_secs(600)));
    assert_eq!(*study.energy(), EnergySpec::default());
    insta::assert_snapshot!("summary_of_digits", study.summary());
    insta::assert_snapshot!("identity_of_digits", serde_json::to_string_pretty(&study.identity()).unwrap());
}

#[test]
fn the_command_study_is_read_as_written() {
    let study = StudySpec::parse(COMMAND, "studies/other.toml").unwrap();
    assert_eq!(study.name(), "command");
    let TrialSource::Command(command) = study.source() else { panic!("a command") };
    assert_eq!(command.cwd.as_deref(), Some(std::path::Path::new(".")));
    let point = [("learning_rate", Value::Float(0.1)), ("epochs", 3.into()), ("batch_size", 8.into())];
    let point = point.into_iter().chain([("solver", "plain".into())]).collect();
    let arguments =
        command.arguments(TrialTask { trial: 0, attempt: 1, point: &point, seed: 5 }, &Secrets::default()).join(" ");
    assert_eq!(arguments, "python3 command_train.py --learning-rate 0.1 --epochs 3 --batch-size 8 --seed 5");
    insta::assert_snapshot!("summary_of_command", study.summary());
}

#[test]
fn everything_at_once() {
    let study = accepted(
        r#"
        name = "every.thing-1"
        seed = 0xff
        budget = { trials = 3, time = "1h30m", energy = "1.2 kWh" }
        [[objective]]
        metric = "loss"
        goal = "minimize"
        reference = 2
        [[objective]]
        metric = "energy.train.gpu"
        goal = "minimize"
        scale = "log"
        reference = 1e5
        [sampler]
        kind = "gp"
        initial = 5
        [space.learning_rate]
        float = [1, 2]
        step = 0.25
        [space.epochs]
        int = [1, 9]
        step = 2
        when.learning_rate = [1, 1.25]
        [space.batch_size]
        choice = [8, 16]
        [train]
        dataset = "digits"
        dropout = 0
        [energy]
        meters = ["nvml", "estimate"]
        watts_per_core = 6
        idle = false
        cool_down = { to = 45, limit = "90s" }
        mig = "whole-board"
        "#,
    );
    assert_eq!(study.budget().seconds, Some(5400.0));
    assert_eq!(study.budget().joules, Some(4.32e6));
    assert_eq!(study.seed(), Seed(255));
    assert_eq!(study.energy().meters, Meters::List(vec![MeterKind::Nvml, MeterKind::Estimate]));
    assert_eq!(study.energy().idle, None);
    let cool_down = CoolDown { celsius: 45.0, limit: Duration::from_secs(90) };
    assert_eq!(study.energy().cool_down, Some(cool_down));
    let parameters = study.problem().space().parameters();
    assert_eq!(parameters[0].domain, Domain::Float { low: 1.0, high: 2.0, scale: Scale::Linear, step: Some(0.25) });
    assert_eq!(parameters[1].condition[0].values, [Value::Float(1.0), Value::Float(1.25)]);
    insta::assert_snapshot!("summary_of_everything", study.summary());
}

#[test]
fn without_a_source_any_metric_will_do() {
    let study = accepted(&format!("{BUDGET}{}{SPACE}", OBJECTIVE.replace("accuracy", "f1 of my own")));
    assert_eq!(*study.source(), TrialSource::None);
    assert_eq!(study.name(), "some");
    assert_eq!(study.with_trials(7).budget().trials, Some(7));
}

#[test]
fn refused_text() {
    let told = refusals(&[
        ("not TOML", "name = digits\n".to_owned()),
        ("an unfinished string", "[budget]\ntime = \"30m\n".to_owned()),
        ("a key twice", "seed = 1\nseed = 2\n".to_owned()),
        ("nothing", String::new()),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn refused_keys() {
    let rest = format!("{OBJECTIVE}{SPACE}");
    let told = refusals(&[
        ("a misspelt section", format!("[bugdet]\ntrials = 4\n[[objectives]]\nmetric = \"a\"\n{SPACE}")),
        ("a misspelt key", format!("budget.trails = 40\n{rest}")),
        ("a key of another section", format!("budget = {{ trials = 3, timeout = \"1h\" }}\n{rest}")),
        ("a strange key", format!("budget = {{ trials = 3, color = 1 }}\n{rest}")),
        ("a misspelt sampler", format!("{BUDGET}sampler.kind = \"sobel\"\n{rest}")),
        ("a strange sampler", format!("{BUDGET}sampler.kind = \"hyperband\"\n{rest}")),
        (
            "an initial design that nobody uses",
            format!("{BUDGET}sampler = {{ kind = \"random\", initial = 3 }}\n{rest}"),
        ),
        (
            "settings of other samplers",
            format!("{BUDGET}sampler = {{ kind = \"tpe\", population = 20, levels = 3 }}\n{rest}"),
        ),
        ("a misspelt setting", format!("{BUDGET}sampler = {{ kind = \"nsga2\", popluation = 20 }}\n{rest}")),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn refused_types_and_values() {
    let with = |lines: &str| format!("{lines}\n{OBJECTIVE}{SPACE}");
    let told = refusals(&[
        ("types", with("name = 3\nseed = \"seven\"\nbudget = { trials = 4.5, time = 90, energy = 50 }")),
        ("a section that is none", with("budget = 40\ntrial = \"1h\"")),
        ("negative and zero", with("seed = -1\nbudget = { trials = 0, time = \"0s\", energy = \"0 J\" }")),
        ("units", with("budget = { time = \"30\", energy = \"50 wh\" }")),
        ("no budget", with("")),
        ("an empty budget", with("[budget]").replace("[budget]\nobjective", "budget = {}\nobjective")),
        ("attempts and timeout", with("budget.trials = 3\ntrial = { attempts = 0, timeout = \"soon\" }")),
        ("a number that is too large", with("budget.trials = 3\ntrial = { attempts = 9999999999 }")),
        ("initial", with("budget.trials = 3\nsampler = { initial = 0 }")),
        ("a population of one", with("budget.trials = 3\nsampler = { kind = \"nsga2\", population = 1 }")),
        ("too many levels", with("budget.trials = 3\nsampler = { kind = \"grid\", levels = 1001 }")),
        ("a name that is no folder's", with("budget.trials = 3\nname = \"../my study\"")),
        ("a name that is taken", with("budget.trials = 3\nname = \"published\"")),
        ("meters", with("budget.trials = 3\nenergy.meters = [\"nvlm\", \"rapl\", \"rapl\", \"estimate\"]")),
        ("the platform and others", with("budget.trials = 3\nenergy.meters = [\"psys\", \"nvml\"]")),
        ("others and the platform", with("budget.trials = 3\nenergy.meters = [\"rapl\", \"psys\"]")),
        ("the platform shared", with("budget.trials = 3\nenergy = { meters = [\"psys\"], share = true }")),
        ("one meter as text", with("budget.trials = 3\nenergy.meters = \"rapl\"")),
        ("no meters", with("budget.trials = 3\nenergy.meters = []")),
        (
            "watts of a meter that is not used",
            with("budget.trials = 3\nenergy = { meters = [\"rapl\"], watts_per_core = 0 }"),
        ),
        ("infinity", with("budget.trials = 3\nenergy.watts_per_core = inf")),
        ("instances", with("budget.trials = 3\nenergy = { meters = [\"rapl\"], mig = \"whole\" }")),
        ("instances as a number", with("budget.trials = 3\nenergy.mig = 1")),
        (
            "rest",
            with(
                "budget.trials = 3\nenergy = { idle = \"20m\", cool_down = { to = 400, limt = \"1m\" }, coldown = 3 }",
            ),
        ),
        ("rest of other types", with("budget.trials = 3\nenergy = { idle = true, cool_down = { limit = \"1m\" } }")),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn refused_file_name() {
    let errors = StudySpec::parse(&format!("{BUDGET}{OBJECTIVE}{SPACE}"), "studies/my study.toml").unwrap_err();
    insta::assert_snapshot!(errors);
}

#[test]
fn refused_objectives() {
    let one = |metric: &str, more: &str| {
        objectives(&format!("[[objective]]\nmetric = \"{metric}\"\ngoal = \"minimize\"\n{more}"))
    };
    let told = refusals(&[
        ("none", objectives("")),
        ("an empty list", objectives("objective = []")),
        ("single brackets", objectives("[objective]\nmetric = \"accuracy\"\ngoal = \"maximize\"")),
        ("no tables", objectives("objective = [\"accuracy\"]")),
        ("without metric and goal", objectives("[[objective]]\nscale = \"log\"")),
        ("misspelt words", one("accuracy", "scale = \"logarithmic\"").replace("minimize", "max")),
        ("the same twice", objectives(&"[[objective]]\nmetric = \"loss\"\ngoal = \"minimize\"\n".repeat(2))),
        ("the test set", one("test_accuracy", "")),
        ("a metric that nobody reports", one("f1", "")),
        ("a misspelt metric", one("acuracy", "")),
        ("net energy without a baseline", one("energy.gpu.net", "[energy]\nidle = false")),
        ("no energy metric", one("energy.train.gpu.0", "")),
        ("energy of a phase that there is not", one("energy.trian", "")),
        ("inference that no trial does", one("energy.infer.gpu", "")),
        (
            "inference that some trials do",
            one("infer_per_second", "").replace("[space]", "[space]\ninference_seconds = { choice = [0.1, 0] }"),
        ),
        ("a thousand samples of a phase that tells none", one("energy.train.per_1000", "")),
        ("a thousand samples of no phase", one("energy.per_1000", "")),
        ("a reference that has no logarithm", one("energy", "scale = \"log\"\nreference = 0")),
        (
            "too many for gp",
            objectives(
                "objective = [\n{ metric = \"accuracy\", goal = \"maximize\" },\n{ metric = \"energy\", goal = \"minimize\" },\n\
                 { metric = \"loss\", goal = \"minimize\" },\n{ metric = \"parameters\", goal = \"minimize\" },\n\
                 { metric = \"train_seconds\", goal = \"minimize\" },\n]",
            ),
        ),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn refused_domains() {
    let told = refusals(&[
        ("no space", format!("{BUDGET}{OBJECTIVE}")),
        ("an empty space", space("")),
        ("plain values", space("lr = [0.1, 0.2]\nepochs = 10")),
        ("no domain", space("lr = { scale = \"log\" }")),
        ("two domains", space("lr = { float = [0.1, 1.0], choice = [0.1, 1.0] }")),
        ("an empty range", space("lr = { float = [1e-1, 1e-5] }\nwidth = { int = [128, 8] }")),
        ("an infinite range", space("lr = { float = [0.0, inf] }")),
        ("three ends", space("lr = { float = [0.1, 0.2, 0.3] }")),
        ("ends of another type", space("width = { int = [8, 12.5] }\nlr = { float = [\"a\", 1] }")),
        (
            "log through zero",
            space("lr = { float = [0.0, 0.1], scale = \"log\" }\nw = { int = [-1, 4], scale = \"log\" }"),
        ),
        ("a step beside log", space("lr = { float = [0.1, 1.0], scale = \"log\", step = 0.1 }")),
        ("steps that do not fit", space("a = { float = [0.0, 1.0], step = 2.0 }\nb = { int = [1, 9], step = 0 }")),
        ("a broken step", space("a = { int = [1, 9], step = 0.5 }\nb = { float = [0.0, 1.0], step = nan }")),
        ("an empty choice", space("a = { choice = [] }")),
        ("a value twice", space("a = { choice = [16, 32, 16.0] }")),
        ("values that are none", space("a = { choice = [nan, 1979-05-27, [1]] }")),
        ("scale and step of a choice", space("a = { choice = [1, 2], scale = \"log\", step = 1 }")),
        ("misspelt keys", space("a = { flaot = [0.0, 1.0] }\nb = { int = [1, 2], scael = \"log\" }")),
        (
            "names",
            space(
                "learning-rate = { int = [1, 2] }\nlr = { int = [1, 2] }\nLR = { int = [1, 2] }\nseed = { int = [1, 2] }",
            ),
        ),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn refused_conditions() {
    let on = |when: &str| {
        space(&format!("optimizer = {{ choice = [\"sgd\", \"adam\"] }}\nm = {{ float = [0.0, 0.9], when = {when} }}"))
    };
    let told = refusals(&[
        ("on a misspelt parameter", on("{ optimiser = [\"sgd\"] }")),
        ("on an unknown parameter", on("{ colour = [\"red\"] }")),
        ("on a value that it never has", on("{ optimizer = [\"sdg\"] }")),
        ("on a value of another type", on("{ optimizer = 3 }")),
        ("on no value", on("{ optimizer = [] }")),
        ("on nothing", on("{}")),
        ("as text", on("\"optimizer\"")),
        (
            "in a circle",
            space(
                "a = { choice = [1, 2], when = { b = 1 } }\nb = { choice = [1, 2], when = { a = 1 } }\nc = { int = [1, 2] }",
            ),
        ),
        ("on itself", space("a = { choice = [1, 2], when = { a = 1 } }")),
        (
            "on a fixed setting",
            train(
                "dataset = \"digits\"\noptimizer = \"sgd\"",
                "momentum = { float = [0.0, 0.9], when = { optimizer = \"sgd\" } }",
            ),
        ),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn refused_trainings() {
    let lr = "learning_rate = { float = [1e-4, 1e-1] }";
    let told = refusals(&[
        ("no data set", train("", lr)),
        ("an unknown data set and model", train("dataset = \"mnist\"\nmodel = \"cmn\"", lr)),
        ("an unknown setting", train("dataset = \"digits\"\nlerning_rate = 0.1", "epochs = { int = [1, 2] }")),
        ("a setting out of range", train("dataset = \"digits\"\nepochs = 0\ndropout = \"much\"", lr)),
        ("fixed and searched", train("dataset = \"digits\"\nlearning_rate = 0.1", lr)),
        (
            "a parameter that is no setting",
            train("dataset = \"digits\"", "lr = { float = [0.1, 1.0] }\ncolour = { int = [1, 2] }"),
        ),
        ("a range beyond the setting's", train("dataset = \"digits\"", "dropout = { float = [0.0, 1.0] }")),
        (
            "another type than the setting's",
            train("dataset = \"digits\"", "epochs = { float = [2.0, 30.0] }\nmodel = { int = [1, 2] }"),
        ),
        (
            "a choice with a value too many",
            train("dataset = \"digits\"", "optimizer = { choice = [\"sgd\", \"adamx\"] }"),
        ),
        ("a searched data set", train("", &format!("dataset = {{ choice = [\"digits\"] }}\n{lr}"))),
        ("momentum of adam", train("dataset = \"digits\"", "momentum = { float = [0.0, 0.9] }")),
        (
            "momentum of a searched optimizer",
            train(
                "dataset = \"digits\"",
                "optimizer = { choice = [\"sgd\", \"adam\"] }\nmomentum = { float = [0.0, 0.9] }",
            ),
        ),
        ("fixed momentum of adam", train("dataset = \"digits\"\nmomentum = 0.9", lr)),
        ("train and command", format!("{}[command]\nargv = [\"a\"]\n", train("dataset = \"digits\"", lr))),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn refused_commands() {
    let told = refusals(&[
        ("no arguments", command("")),
        ("an empty list", command("argv = []")),
        ("a shell's line", command("argv = \"python3 train.py --lr {lr}\"")),
        ("a number as an argument", command("argv = [\"train\", 3]")),
        ("a misspelt placeholder", command("argv = [\"train\", \"{rl}\", \"{trail}\", \"{colour}\"]")),
        ("braces", command("argv = [\"train\", \"{lr\", \"{}\", \"lr}\"]")),
        ("a program that varies", command("argv = [\"{lr}\"]")),
        ("an argument that would vanish", command("argv = [\"train\", \"{m}\", \"{lr}\"]")),
        (
            "environment",
            command("argv = [\"train\"]\nenv = { \"A=B\" = \"1\", WATTFRONT_LR = \"2\", N = 3 }\ncwd = \"\""),
        ),
        ("unknown keys", command("argv = [\"train\"]\ntimeout = \"1h\"\nargs = []")),
        ("NUL", command("argv = [\"train\", \"\\u0000\"]")),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn many_errors_are_told_at_once_in_the_order_of_the_file() {
    let text = "seed = -1\n[budget]\ntrails = 40\n[[objective]]\nmetric = \"test_accuracy\"\ngoal = \"maximize\"\n[space]\n\
                lr = { float = [1.0, 0.1] }\n[train]\ndataset = \"digits\"\nmodel = \"mnist\"\n";
    let errors = parse(text).unwrap_err();
    let lines: Vec<_> = errors.issues().iter().filter_map(|i| Some(i.place()?.line)).collect();
    assert_eq!(lines, [1, 3, 5, 8, 8, 11]);
    assert!(errors.issues().iter().all(|i| !i.help().is_empty() || matches!(i.kind(), IssueKind::BadValue { .. })));
    assert!(errors.render(true).contains("\u{1b}["), "colours where they are wanted");
    assert!(!errors.render(false).contains('\u{1b}'), "and only there");
}

#[test]
fn columns_count_characters() {
    let place = FilePosition::of("ä = 1\nnämé = x", 14..15);
    assert_eq!((place.line, place.column), (2, 6));
    assert_eq!(FilePosition::of("a", 5..9).span, 1..1);
    assert_eq!(FilePosition::of("aé", 2..2).span, 1..3);
}

#[test]
fn what_becomes_of_instances_makes_a_study_only_where_it_is_not_the_default() {
    let read = |energy: &str| parse(&format!("{energy}\n{BUDGET}{OBJECTIVE}{SPACE}")).unwrap();
    let (bare, refused) = (read(""), read("energy.mig = \"refuse\""));
    let whole = read("energy.mig = \"whole-board\"");
    assert_eq!((bare.energy().mig, whole.energy().mig), (MigPolicy::Refuse, MigPolicy::WholeBoard));
    assert_eq!(bare.identity(), refused.identity());
    let told: Vec<String> = differences(&bare.identity(), &whole.identity()).iter().map(|d| d.path.clone()).collect();
    assert_eq!(told, ["energy.mig"]);
}

#[test]
fn a_study_goes_on_that_began_before_a_setting_was_there() {
    let study = |train: &str| {
        let text = "seed = 1\nbudget.trials = 3\n[[objective]]\nmetric = \"accuracy\"\ngoal = \"maximize\"\n[space]\n\
                    learning_rate = { float = [0.1, 1.0] }\n[train]\ndataset = \"digits\"\n";
        parse(&format!("{text}{train}")).unwrap()
    };
    let mut begun = study("").identity();
    begun["train"].as_object_mut().unwrap().remove("ema").unwrap();
    assert_eq!(differences(&begun, &study("").identity_beside(&begun)), []);
    let other = study("ema = 0.9").identity_beside(&begun);
    assert_eq!(differences(&begun, &other).len(), 1, "but it does not begin to average");
}

#[test]
fn an_identity_does_not_depend_on_layout_order_or_spelling() {
    let one = accepted(
        "seed = 10\nbudget.trials = 4\nobjective = [{ metric = \"loss\", goal = \"minimize\", scale = \"linear\" }]\n[space]\n\
         learning_rate = { float = [1e-1, 1.0], scale = \"log\" }\nepochs = { int = [1, 1_000] }\n[train]\ndataset = \"digits\"\n\
         dropout = 0\n[trial]\ntimeout = \"90m\"\n",
    );
    let other = accepted(
        "[train]\ndropout = 0.0\nmodel = \"mlp\"\ndataset = \"digits\"\n[space.epochs]\nint = [1, 0x3e8]\nscale = \"linear\"\n\
         [space.learning_rate]\nscale = \"log\"\nfloat = [0.1, 1]\n[[objective]]\ngoal = \"minimize\"\nmetric = \"loss\"\n\
         [budget]\ntime = \"9h\"\n[trial]\nattempts = 2\ntimeout = \"1h30m\"\n",
    );
    let seeded = accepted(&format!("seed = +1_0\n{}", other.text()));
    assert_eq!(one.identity(), seeded.identity());
    assert_eq!(one.identity().to_string(), seeded.identity().to_string());
    assert_eq!(differences(&one.identity(), &seeded.identity()), []);
    let told: Vec<String> = differences(&one.identity(), &other.identity()).iter().map(ToString::to_string).collect();
    assert_eq!(told, ["`seed` was 10 there and is 0 here"]);
}

#[test]
fn what_a_file_leaves_to_the_machine_is_what_the_study_began_with() {
    let open = StudySpec::parse(DIGITS, "digits.toml").unwrap();
    let set = |watts: f64| {
        StudySpec::parse(&DIGITS.replace("[energy]", &format!("[energy]\nwatts_per_core = {watts}")), "digits.toml")
            .unwrap()
    };
    let begun = open.identity_with(2.5);
    assert_eq!(stored_watts(&begun), Some(2.5));
    assert_eq!(begun, set(2.5).identity());
    // A study of before, when every processor was taken for one of 4 W, goes on so.
    for stored in [&begun, &open.identity(), &set(6.0).identity()] {
        assert_eq!(differences(stored, &open.identity_beside(stored)), []);
    }
    let told = differences(&begun, &set(6.0).identity_beside(&begun));
    assert_eq!(told[0].to_string(), "`energy.watts_per_core` was 2.5 there and is 6.0 here");
    assert_eq!(open.clone().with_watts_left_open(2.5).identity(), begun);
    assert_eq!(set(6.0).with_watts_left_open(2.5).identity(), set(6.0).identity());
}

#[test]
fn differences_are_named_by_their_path() {
    let old = StudySpec::parse(DIGITS, "digits.toml").unwrap();
    let new = DIGITS
        .replace("[1e-4, 1e-1]", "[1e-4, 1e-2]")
        .replace("scale = \"log\"                   #", "#")
        .replace("dropout       = { float = [0.0, 0.5] }", "")
        .replace("128, 256]", "128]")
        .replace("timeout = \"10m\"", "")
        .replace("dataset = \"digits\"", "dataset = \"digits\"\ndropout = 0.1")
        .replace("trials = 40", "trials = 50");
    let new = StudySpec::parse(&new, "digits.toml").unwrap();
    let told: Vec<String> = differences(&old.identity(), &new.identity()).iter().map(|d| format!("{d}\n")).collect();
    insta::assert_snapshot!(told.concat());
}

proptest! {
    #[test]
    fn an_identity_survives_the_store(low in 1e-12_f64..1.0, width in 1e-12_f64..1e6, watts in 1e-9_f64..1e3) {
        let high = low + width;
        let study = accepted(&format!(
            "energy.watts_per_core = {watts:?}\n{BUDGET}{OBJECTIVE}[space]\na = {{ float = [{low:?}, {high:?}] }}\n"
        ));
        let stored: serde_json::Value = serde_json::from_str(&study.identity().to_string()).unwrap();
        prop_assert_eq!(differences(&stored, &study.identity()), []);
    }

    #[test]
    fn a_damaged_study_file_is_read_or_refused_but_nothing_worse(
        which in any::<bool>(),
        damages in prop::collection::vec((any::<prop::sample::Index>(), 0..12_usize, ".{0,3}"), 1..4),
    ) {
        let mut text = if which { DIGITS } else { COMMAND }.to_owned();
        for (at, length, insert) in damages {
            let start = at.index(text.len());
            text.replace_range(FilePosition::of(&text, start..start + length).span, &insert);
        }
        if let Err(errors) = StudySpec::parse(&text, "a.toml") {
            prop_assert!(!errors.issues().is_empty());
            for issue in errors.issues() {
                if let Some(place) = issue.place() {
                    prop_assert!(text.get(place.span.clone()).is_some());
                }
            }
            prop_assert!(errors.to_string().contains("a.toml"));
            prop_assert!(errors.render(true).contains("a.toml"));
        }
    }

    #[test]
    fn values_of_any_type_anywhere_are_read_or_refused(
        line in 0..200_usize,
        value in prop::sample::select(vec!["1", "-1", "0.5", "nan", "\"x\"", "[]", "{}", "[[]]", "[{}]", "true", "1979-05-27", "{ a = 1 }"]),
    ) {
        for file in [DIGITS, COMMAND] {
            let lines: Vec<&str> = file.lines().collect();
            let replaced = lines.iter().enumerate().map(|(i, l)| match l.split_once('=') {
                Some((key, _)) if i == line % lines.len() => format!("{key}= {value}\n"),
                _ => format!("{l}\n"),
            });
            let text: String = replaced.collect();
            if let Err(errors) = StudySpec::parse(&text, "a.toml") {
                prop_assert!(!errors.to_string().is_empty());
            }
        }
    }
}
