//! The values of a study file: steps in decimals, choices as they are written, and what becomes of them in arguments.

use super::*;
use crate::optimizer::problem::Match;
use crate::optimizer::space::Point;

const STEPS: &str = "dropout = { float = [0.0, 0.5], step = 0.1 }\nwidth = { int = [8, 64], step = 8 }\n";

#[track_caller]
fn refused(text: &str, said: &[&str]) {
    let errors = parse(text).expect_err(text).to_string();
    for said in said {
        assert!(errors.contains(said), "{said:?} is not in {errors}");
    }
}

fn point<const N: usize>(pairs: [(&str, Value); N]) -> Point {
    pairs.into_iter().collect()
}

#[test]
fn steps_are_matched_by_level_wherever_the_file_names_them() {
    for spelt in ["0.3", "0.30000000000000004", "3e-1"] {
        let more = format!("more = {{ int = [1, 2], when = {{ dropout = {spelt}, width = [16.0, 64] }} }}\n");
        let parts = format!(
            "[[start]]\ndropout = {spelt}\nwidth = 16\n[[forbid]]\ndropout = [{spelt}, 0.1]\nwidth = 8\n\
             [[forbid]]\ndropout = {{ at_most = {spelt} }}\nwidth = {{ at_least = 60 }}\n"
        );
        let study = accepted(&space(&format!("{STEPS}{more}{parts}")));
        let problem = study.problem();
        let condition = &problem.space().get("more").unwrap().condition;
        assert_eq!(
            (&condition[0].values[..], &condition[1].values[..]),
            (&[0.3.into()][..], &[16.into(), 64.into()][..])
        );
        assert_eq!(problem.starts(), [point([("dropout", 0.3.into()), ("width", 16.into()), ("more", 1.into())])]);
        let first = &problem.forbidden()[0].clauses[0].1;
        assert_eq!(*first, Match::Values(vec![0.3.into(), 0.1.into()]));
        for (dropout, forbidden) in [(0.3, true), (0.1 + 0.2, true), (0.2, true), (0.4, false)] {
            let edge = point([("dropout", dropout.into()), ("width", 64.into()), ("more", 1.into())]);
            assert_eq!(problem.forbids(&edge), forbidden, "{dropout}");
        }
    }
}

#[test]
fn what_is_on_no_level_is_refused_with_the_nearest_two() {
    let with = |part: &str| space(&format!("{STEPS}{part}"));
    refused(&with("[[start]]\ndropout = 0.35\n"), &["cannot be 0.35; the nearest values are 0.3 and 0.4"]);
    refused(&with("[[start]]\ndropout = 0.7\n"), &["cannot be 0.7; the nearest value is 0.5"]);
    refused(&with("[[start]]\nwidth = 20\n"), &["cannot be 20; the nearest values are 16 and 24"]);
    refused(&with("[[start]]\nwidth = 16.5\n"), &["cannot be 16.5; the nearest values are 16 and 24"]);
    refused(&with("[[forbid]]\ndropout = [0.1, 0.35]\n"), &["the nearest values are 0.3 and 0.4"]);
    refused(&with("x = { int = [1, 2], when = { dropout = 0.35 } }\n"), &["its nearest values: 0.3, 0.4"]);
    for nothing in ["at_least = 0.31, at_most = 0.39", "at_least = 0.51", "at_most = -0.1"] {
        refused(&with(&format!("[[forbid]]\ndropout = {{ {nothing} }}\n")), &["one that holds none"]);
    }
    refused(&with("[[forbid]]\nwidth = { at_least = 9, at_most = 15 }\n"), &["one that holds none"]);
    refused(&with("[[forbid]]\ndropout = { at_least = 0.0, at_most = 0.50000000000000001 }\n"), &["every point"]);
}

#[test]
fn choices_stay_as_they_are_written() {
    let study = accepted(&space(
        "batch = { choice = [16, 32, 1e2] }\n\
         schedule = { choice = [\"cosine\", { none = true }] }\n\
         layers = { choice = [[64, 64], [128], [], [\"a b\", 0.5, true]] }\n\
         more = { int = [1, 4], when = { schedule = { none = true }, layers = [[64, 64], []], batch = [100, 16.0] } }\n\
         [[start]]\nbatch = 100\nschedule = { none = true }\nlayers = [64.0, 64]\n\
         [[forbid]]\nschedule = { none = true }\nlayers = [[128]]\n\
         [[forbid]]\nschedule = [\"cosine\", { none = true }]\nlayers = [[]]\n",
    ));
    let space = study.problem().space();
    let domain = |name: &str| space.get(name).unwrap().domain.clone();
    assert_eq!(domain("batch"), Domain::Choice { values: vec![16.into(), 32.into(), 100.0.into()] });
    assert_eq!(domain("schedule"), Domain::Choice { values: vec!["cosine".into(), Value::None] });
    let mixed = Value::List(["a b".into(), 0.5.into(), true.into()].into());
    let lists = vec![vec![64, 64].into(), vec![128].into(), Value::List(Box::default()), mixed];
    assert_eq!(domain("layers"), Domain::Choice { values: lists.clone() });
    let condition = &space.get("more").unwrap().condition;
    let wanted = |on: &str| condition.iter().find(|c| c.parameter == on).unwrap().values.clone();
    assert_eq!(wanted("batch"), [100.0.into(), 16.into()]);
    assert_eq!((wanted("schedule"), wanted("layers")), (vec![Value::None], vec![lists[0].clone(), lists[2].clone()]));
    let start = &study.problem().starts()[0];
    assert_eq!(space.describe(start), "batch=100.0 schedule=none layers=[64, 64] more=2");
    assert_eq!(start.get("layers"), Some(&lists[0]));
    let forbidden = |schedule: Value, layers: &Value| {
        study.problem().forbids(&point([("batch", 32.into()), ("schedule", schedule), ("layers", layers.clone())]))
    };
    assert!(forbidden(Value::None, &lists[1]) && forbidden("cosine".into(), &lists[2]));
    assert!(!forbidden("cosine".into(), &lists[1]) && !forbidden(Value::None, &lists[0]));
    // The text that the identity is made of is JSON, and comes back as it was.
    let identity = study.identity();
    assert_eq!(identity["space"]["schedule"]["choice"], serde_json::json!(["cosine", null]));
    assert_eq!(identity["space"]["batch"]["choice"].to_string(), "[16,32,100.0]");
    let problem = serde_json::to_string(study.problem()).unwrap();
    assert_eq!(&serde_json::from_str::<crate::optimizer::problem::Problem>(&problem).unwrap(), study.problem());
}

#[test]
fn lists_that_lack_their_brackets_are_told_so() {
    let with = |part: &str| space(&format!("layers = {{ choice = [[64, 64], [128]] }}\n{part}"));
    refused(
        &with("x = { int = [1, 2], when = { layers = [64, 64] } }\n"),
        &["a list has brackets of its own, as [[64, 64]]"],
    );
    refused(&with("[[forbid]]\nlayers = [128]\n"), &["brackets of its own"]);
    refused(
        &with("[[start]]\nlayers = [64]\n"),
        &["parameter `layers` cannot be [64]", "its values are: [64, 64], [128]"],
    );
    refused(&with("[[start]]\nlayers = { none = true }\n"), &["parameter `layers` cannot be none"]);
}

fn command(argv: &str) -> String {
    let values = "lr = { float = [1e-6, 1e-1], scale = \"log\" }\nshift = { float = [-1.0, 1.0] }\namp = { choice = [true, false] }\n\
                  maybe = { choice = [true, false, { none = true }] }\nlayers = { choice = [[64, 64], [128]] }\n\
                  depths = { choice = [[1], []] }\nschedule = { choice = [\"a\", { none = true }] }\n";
    format!("{}[command]\nargv = [\"./train\", {argv}]\n", space(values))
}

fn filled(argv: &str) -> Vec<String> {
    let study = accepted(&command(argv));
    let TrialSource::Command(line) = study.source() else { panic!("a command") };
    let pairs: [(&str, Value); 7] = [
        ("lr", 2.31e-5.into()),
        ("shift", (-2.31e-5).into()),
        ("amp", false.into()),
        ("maybe", Value::None),
        ("layers", vec![64, 64].into()),
        ("depths", Value::List(Box::default())),
        ("schedule", Value::None),
    ];
    let point = point(pairs);
    line.arguments(TrialTask { trial: 0, attempt: 1, point: &point, seed: 1 }, &Secrets::default())
}

#[test]
fn forms_of_placeholders_are_accepted_where_they_have_a_meaning() {
    assert_eq!(
        filled("\"--lr\", \"{lr}\", \"--shift={shift}\""),
        ["./train", "--lr", "0.0000231", "--shift=-0.0000231"]
    );
    assert_eq!(filled("\"{amp:--amp:--no-amp}\", \"{maybe:--maybe}\", \"{amp:--x}\""), ["./train", "--no-amp"]);
    assert_eq!(
        filled("\"--layers\", \"{layers...}\", \"--l={layers}\""),
        ["./train", "--layers", "64", "64", "--l=64,64"]
    );
    assert_eq!(filled("\"--d={depths...}\", \"--s={schedule}\""), ["./train"]);
    // A flag that stands alone goes with its value.
    assert_eq!(filled("\"--d\", \"{depths...}\", \"--s\", \"{schedule}\", \"-v\""), ["./train", "-v"]);
}

#[test]
fn forms_without_a_meaning_are_refused_where_they_stand() {
    for (argv, said) in [
        ("\"{lr:--lr}\"", "flags of parameters that are true or false"),
        ("\"{schedule:--s}\"", "flags of parameters that are true or false"),
        ("\"{lr...}\"", "`lr` has no lists among its values: write {lr}"),
        ("\"{layers...}{depths...}\"", "one `...` each"),
        ("\"{amp:}\"", "write {amp:--amp}: no argument is left where it is false"),
        ("\"{amp:--amp:}\"", "write {amp:--amp}"),
        (
            "\"{schedule}\", \"data.csv\"",
            "would vanish where `schedule` has no value, and `data.csv` would take its place",
        ),
        ("\"{depths...}\", \"data.csv\"", "such as \"--depths={depths}\""),
        ("\"{m:--m}\"", "`{m:...}` stands for no parameter"),
        ("\"{seed:--m}\"", "`{seed:...}` stands for no parameter"),
        ("\"{trial...}\"", "`{trial...}` stands for no parameter"),
        ("\"{:--m}\"", "`{:...}` stands for no parameter"),
    ] {
        refused(&command(argv), &[said]);
    }
}

#[test]
fn an_argument_may_vanish_where_no_option_waits_for_it() {
    for argv in ["\"{schedule}\"", "\"{depths...}\"", "\"--verbose=1\", \"{schedule}\"", "\"-v\", \"--s={schedule}\""] {
        accepted(&command(argv));
    }
    let flag = "extra = { choice = [\"--amp\", \"--tf32\", { none = true }] }\n[command]\nargv = [\"./train\", \"-v\", \"{extra}\"]\n";
    accepted(&space(flag));
}

#[test]
fn negative_numbers_as_arguments_of_their_own_are_a_warning() {
    let warned = |argv: &str| accepted(&command(argv)).summary().contains("many programs take it for an option");
    assert!(warned("\"--shift\", \"{shift}\""));
    assert!(warned("\"--shift\", \"{shift}/{lr}\""));
    for fine in ["\"--shift={shift}\"", "\"--lr\", \"{lr}\"", "\"--layers\", \"{layers...}\"", "\"{amp:--amp}\""] {
        assert!(!warned(fine), "{fine}");
    }
    let summary = accepted(&command("\"{shift}\", \"{shift}\"")).summary();
    assert!(summary.contains("`{shift}` and `{shift}` in argv begin with a minus"), "{summary}");
}
