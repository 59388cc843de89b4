//! Numbers at the ends of what there is: right, or refused with the place and what to do.

use super::*;
use crate::optimizer::history::History;
use crate::optimizer::sampler;

/// What is said of a text that is refused: everything has a place within the file, and advice.
fn refused(text: &str) -> String {
    let errors = parse(text).expect_err(text);
    for issue in errors.issues() {
        assert!(issue.place().is_some_and(|place| place.line > 0), "{text}: {errors}");
    }
    errors.to_string()
}

#[test]
fn spaces_that_cannot_be_told_apart_are_refused_where_they_stand() {
    for (line, said) in [
        ("x = { float = [0.0, 1.0], step = 1e-20 }", "more values than can be told apart"),
        ("x = { float = [0.0, 1e15], step = 1e-3 }", "more values than can be told apart"),
        ("x = { float = [1e15, 1.0001e15], step = 0.3 }", "lost in the rounding"),
        ("x = { float = [0.0, 1.0], step = 5e-324 }", "more values than can be told apart"),
        ("x = { float = [0.0, 1.0], step = 2.0 }", "no wider than the range"),
        ("x = { float = [0.0, 1.0], step = -0.1 }", "above zero"),
        ("x = { float = [0.0, 1.0], step = inf }", "finite"),
        ("x = { float = [-1.7e308, 1.7e308] }", "wider than a number can be"),
        ("x = { float = [1.0, 1.0000000000000002] }", "next to no numbers"),
        ("x = { float = [0.0, 1e-320] }", "next to no numbers"),
        ("x = { float = [0.0, inf] }", "not finite"),
        ("x = { float = [nan, 1.0] }", "not finite"),
        ("x = { int = [-9223372036854775808, 9223372036854775807] }", "beyond 9007199254740992"),
        ("x = { int = [0, 9007199254740993] }", "9007199254740993 is beyond"),
        ("x = { int = [0, 9007199254740992] }", "a step of 8193 or more"),
        ("x = { int = [1, 9007199254740992], scale = \"log\" }", "more values than can be told apart"),
        ("x = { int = [1, 10], step = 20 }", "at most 9"),
        ("x = { int = [1, 10], step = 9223372036854775807 }", "at most 9"),
        ("x = { int = [1, 10], step = 0 }", "at least 1"),
        ("x = { int = [1, 10], step = -9223372036854775808 }", "at least 1"),
        ("x = { choice = [1, 1.0] }", "the value 1.0 is listed twice, first as 1"),
        ("x = { choice = [0.1, 2.0, 0.10000000000000001] }", "the value 0.1 is listed twice"),
        ("x = { choice = [0, -0.0] }", "the value -0.0 is listed twice, first as 0"),
        ("x = { choice = [\"1\", 1] }", "the value 1 cannot be told from \"1\": in arguments or tables, both are `1`"),
        ("x = { choice = [true, \"true\"] }", "the value \"true\" cannot be told from true"),
        ("x = { choice = [1e-6, \"0.000001\"] }", "cannot be told from 1e-6"),
        ("x = { choice = [1e-6, \"1e-6\"] }", "cannot be told from 1e-6"),
        ("x = { choice = [\"none\", { none = true }] }", "cannot be told from \"none\""),
        ("x = { choice = [{ none = true }, { none = true }] }", "the value { none = true } is listed twice"),
        ("x = { choice = [[64, 64], \"64,64\"] }", "cannot be told from [64, 64]"),
        ("x = { choice = [[64], 64] }", "both are `64`"),
        ("x = { choice = [[1, 2], [1.0, 2]] }", "the value [1.0, 2] is listed twice, first as [1, 2]"),
        ("x = { choice = [[\"a,b\"], [\"a\", \"b\"]] }", "both are `a,b`"),
        ("x = { choice = [[], \"\"] }", "cannot be told from []"),
        ("x = { choice = [[[1]], 2] }", "lists of strings, finite numbers or truth values, not an array"),
        ("x = { choice = [[{ none = true }], 2] }", "not a table"),
        ("x = { choice = [{ none = false }, 2] }", "no value at all is written { none = true }"),
        ("x = { choice = [\"a\\u0000b\", \"a\"] }", "holds a NUL character"),
        ("x = { choice = [[\"\\u0000\"], [\"a\"]] }", "holds a NUL character"),
        ("x = { choice = [nan, 1] }", "not NaN or infinite"),
        ("x = { choice = [1, -inf] }", "not NaN or infinite"),
        ("x = { choice = [1979-05-27, 1] }", "not a date or time"),
    ] {
        let errors = refused(&space(line));
        assert!(errors.contains(said), "{line}: {errors}");
        assert!(errors.contains(":4:") || errors.contains("4 |"), "{errors}");
    }
}

#[test]
fn what_check_accepts_every_sampler_can_propose() {
    for line in [
        "x = { float = [0.0, 1.0], step = 2.5e-11 }",
        "x = { float = [0.0, 1.0], step = 1e-12 }",
        "x = { float = [1e10, 1.0000001e10], step = 1e-4 }",
        "x = { float = [-0.3, 0.7], step = 0.3 }",
        "x = { float = [0.2, 0.3], step = 0.1 }",
        "x = { float = [-0.8, -0.7], step = 0.1 }",
        "x = { float = [5e-324, 1.7e308], scale = \"log\" }",
        "x = { float = [-8e307, 8e307] }",
        "x = { float = [1.0, 1.000000001], scale = \"log\" }",
        "x = { float = [-0.0, 0.0] }",
        "x = { int = [-9007199254740992, 9007199254740992], step = 16385 }",
        "x = { int = [9007199254740000, 9007199254740992], scale = \"log\", step = 7 }",
        "x = { int = [1, 1000000000000], scale = \"log\" }",
        "x = { int = [1, 10], step = 4 }",
        "x = { choice = [9223372036854775807, 9223372036854775806] }",
        "x = { choice = [9007199254740993, 0.5, 1e300, 16, 1e2] }",
        "x = { int = [0, 1099511627775], prior = { around = 1099511627775, spread = 1e-300 } }",
    ] {
        for kind in sampler::NAMES {
            let spec = accepted(&format!("sampler.kind = \"{kind}\"\n{}", space(line)));
            let sampler = sampler::by_name(kind, &sampler::Settings::default()).unwrap();
            let history = History::new();
            let one = spec.problem().space().cardinality(1).is_some();
            for proposal in sampler
                .propose(&sampler::ProposalRequest::new(spec.problem(), &history, if one { 1 } else { 2 }, Seed(1)))
                .unwrap()
            {
                assert_eq!(spec.problem().space().check(&proposal.point), Ok(()), "{line} by {kind}");
                // As a study file would bring it back.
                let value = proposal.point.get("x").unwrap();
                let start = format!("[[start]]\nx = {value}\n");
                let start = accepted(&format!("sampler.kind = \"{kind}\"\n{}{start}", space(line)));
                assert_eq!(start.problem().starts()[0].get("x"), Some(value), "{line} by {kind}");
            }
        }
    }
}

#[test]
fn amounts_that_no_clock_or_counter_holds_are_refused() {
    for (text, said) in [
        ("budget.trials = 9223372036854775808\n", "TOML"),
        ("budget.trials = -1\n", "at least 1"),
        ("budget.time = \"99999999999d\"\n", "too long"),
        ("budget.time = \"1e3s\"\n", "such as"),
        ("budget.time = \"0.0001ms\"\n", "too short"),
        ("budget.energy = \"1e400 J\"\n", "such as"),
        ("budget.trials = 4\ntrial.timeout = \"584942417356d\"\n", "too long"),
        ("budget.trials = 4\ntrial.attempts = 4294967296\n", "a smaller number"),
        ("budget.trials = 4\nseed = -9223372036854775808\n", "from 0 on"),
        ("budget.trials = 4\nsampler = { kind = \"grid\", levels = 9223372036854775807 }\n", "from 2 to 1000"),
        ("budget.trials = 4\nsampler = { kind = \"nsga2\", population = -9223372036854775808 }\n", "from 2 to 10000"),
        ("budget.trials = 4\npreference.accuracy = { weight = 1e308 }\n", "from 1e-9 to 1e9"),
    ] {
        let errors = refused(&format!("{text}{OBJECTIVE}{SPACE}"));
        assert!(errors.contains(said), "{text}: {errors}");
    }
    let digits = "9".repeat(400);
    assert!(refused(&format!("budget.energy = \"{digits} kWh\"\n{OBJECTIVE}{SPACE}")).contains("too large"));
    let most = format!("budget.trials = {}\nseed = {0}\nsampler.initial = {0}\n", i64::MAX);
    let spec = accepted(&format!("{most}budget.time = \"36525d\"\n{OBJECTIVE}{SPACE}"));
    assert_eq!(spec.seed(), Seed(i64::MAX as u64));
    assert!(spec.summary().contains("36525d"), "{}", spec.summary());
}

#[test]
fn a_file_of_which_very_much_is_wrong_is_answered_at_once() {
    let lines: String = (0..60_000).map(|i| format!("k{i} = 1\n")).collect();
    let errors = parse(&lines).unwrap_err();
    assert_eq!(errors.issues().len(), 100);
    let shown = errors.to_string();
    assert!(
        shown.contains("more, which are not shown") && shown.contains("has 60003 errors"),
        "{}",
        &shown[shown.len() - 200..]
    );
    let lines: String = (0..20_000).map(|i| format!("p{i} = {{ float = [0.0, 1.0] }}\n")).collect();
    assert!(refused(&space(&lines)).contains("at most 1000 parameters, not 20000 of them"));
}

#[test]
fn names_are_no_longer_than_a_line_can_take() {
    let long = "n".repeat(70_000);
    let errors = refused(&space(&format!("{long} = {{ float = [0.0, 1.0] }}")));
    assert!(errors.contains("at most 200 characters"));
    let errors = refused(&format!("{BUDGET}objective = [{{ metric = \"{long}\", goal = \"maximize\" }}]\n{SPACE}"));
    assert!(errors.contains("at most 200 characters"));
}
