//! What works, but hardly as it was meant, and what cannot work at all.

use super::*;

fn doubts(text: &str) -> String {
    accepted(text).render_doubts("some.toml", false)
}

fn shown(cases: &[(&str, String)]) -> String {
    let mut shown = String::new();
    for (title, text) in cases {
        let doubts = doubts(text);
        assert!(!doubts.is_empty(), "{title}");
        let _ = writeln!(shown, "## {title}\n\n{doubts}\n");
    }
    shown
}

/// A study of a program with these lines, and these in [space].
fn program(lines: &str, space: &str) -> String {
    format!(
        "{BUDGET}{OBJECTIVE}{lines}\n[space]\nlr = {{ float = [0.1, 1.0] }}\noptimizer = {{ choice = [\"sgd\", \"adam\"] }}\n\
         m = {{ float = [0.0, 0.9], when = {{ optimizer = \"sgd\" }} }}\nn = {{ float = [0.0, 0.9], when = {{ optimizer = \"sgd\" }} }}\n{space}\n"
    )
}

fn argv(argv: &str) -> String {
    program(&format!("command.argv = [{argv}]"), "")
}

/// All parameters are in some argument, so that nothing is noted of them.
const USED: &str = "\"--lr={lr}\", \"--optimizer={optimizer}\", \"--m={m}\", \"--n={n}\"";

#[test]
fn what_is_right_is_not_doubted() {
    for text in [
        program("", ""),
        argv(&format!("\"train\", {USED}")),
        argv(&format!("\"train\", {USED}, \"data.csv\", \"--verbose\"")),
        argv("\"sh\", \"-c\", \"./run $WATTFRONT_LR $WATTFRONT_OPTIMIZER $WATTFRONT_M $WATTFRONT_N\""),
        program("[[constraint]]\nmetric = \"accuracy\"\nat_least = 0.5", ""),
        program("[[constraint]]\nmetric = \"memory\"\nat_least = 0.5\nat_most = 0.9", ""),
        program("preference = { accuracy = { at_least = 0.9 } }", ""),
        program("sampler.kind = \"grid\"\nforbid = [{ lr = 0.55 }]", ""),
        program("forbid = [{ lr = [0.1, 1] }]", "p = { int = [1, 9], when = { lr = 0.1 } }"),
        program(
            "forbid = [{ lr = { at_least = 0.9 }, optimizer = \"sgd\" }, { m = { at_most = 0.1 }, optimizer = \"sgd\" }]",
            "",
        ),
        program("", "w = { int = [1, 100_000], scale = \"log\" }\ny = { float = [0.0, 1e6] }"),
        program("start = [{ lr = 0.2 }, { lr = 0.3 }]", ""),
    ] {
        assert_eq!(doubts(&text), "", "{text}");
    }
    assert_eq!(doubts(DIGITS), "");
    assert!(accepted(COMMAND).doubts().iter().all(Issue::is_remark), "its program reads the solver in the environment");
}

#[test]
fn doubted_arguments() {
    let told = shown(&[
        ("a flag that goes", argv(&format!("\"train\", \"--momentum\", \"{{m}}\", {USED}"))),
        ("an assignment behind a flag", argv(&format!("\"train\", \"--set\", \"m={{m}}\", {USED}"))),
        ("parameters that no argument uses", argv("\"train\", \"--lr={lr}\"")),
        ("no argument at all", argv("\"train\"")),
        ("a shell's words", argv(&format!("\"train\", {USED}, \">\", \"log.txt\", \"$LR\", \"~/data\""))),
        (
            "placeholders in variables",
            program(&format!("command = {{ argv = [\"train\", {USED}], env = {{ RATE = \"{{lr}}\" }} }}"), ""),
        ),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn arguments_that_vanish_are_refused_only_where_others_take_their_place() {
    for argv in [
        "\"train\", \"{lr}\", \"{m}\"",
        "\"train\", \"{lr}\", \"{m}\", \"--verbose\"",
        "\"train\", \"{m}\", \"{n}\"",
        "\"train\", \"--m\", \"{m}\", \"data.csv\"",
        "\"train\", \"--betas\", \"{m}\", \"{n}\", \"--lr\", \"{lr}\"",
        "\"train\", \"--betas\", \"{lr}\", \"{m}\", \"--verbose\"",
    ] {
        accepted(&self::argv(argv));
    }
    for argv in [
        "\"train\", \"{m}\", \"{lr}\"",
        "\"train\", \"{m}\", \"data.csv\"",
        "\"train\", \"--x=1\", \"{m}\", \"{n}\", \"data.csv\"",
    ] {
        let errors = parse(&self::argv(argv)).expect_err(argv);
        assert!(errors.to_string().contains("would take its place"), "{errors}");
    }
}

#[test]
fn doubted_wishes() {
    let two = |lines: &str| {
        program(lines, "").replace(
            "goal = \"maximize\" }]",
            "goal = \"maximize\", reference = 0.9 }, { metric = \"energy\", goal = \"minimize\" }]",
        )
    };
    let told = shown(&[
        (
            "an exact metric",
            program("constraint = [{ metric = \"f1\", at_least = 0.5 }, { metric = \"f1\", at_most = 0.5 }]", ""),
        ),
        ("the best ruled out", program("constraint = [{ metric = \"accuracy\", at_most = 0.9 }]", "")),
        ("the reference out of reach", two("constraint = [{ metric = \"accuracy\", at_most = 0.8 }]")),
        (
            "a preference that breaks a constraint",
            two("constraint = [{ metric = \"energy\", at_least = 90 }]\npreference = { energy = { at_most = 50 } }"),
        ),
        ("a bound that everything keeps", two("constraint = [{ metric = \"energy\", at_least = 0 }]")),
        ("a weight of one", program("preference = { accuracy = { weight = 2 } }", "")),
        ("goals", program("", "").replace("metric = \"accuracy\"", "metric = \"loss\"")),
        (
            "words of the protocol",
            argv(&format!("\"train\", {USED}")).replace("metric = \"accuracy\"", "metric = \"device\""),
        ),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn refused_wishes() {
    let trained = |lines: &str| {
        train("dataset = \"digits\"", "learning_rate = { float = [0.1, 1.0] }")
            .replace("[train]", &format!("{lines}\n[train]"))
    };
    let told = refusals(&[
        (
            "constraints against each other",
            program("constraint = [{ metric = \"f1\", at_least = 0.9 }, { metric = \"f1\", at_most = 0.5 }]", ""),
        ),
        ("percent", trained("[[constraint]]\nmetric = \"accuracy\"\nat_least = 93")),
        ("a preference in percent", trained("[preference]\naccuracy = { at_least = 93 }")),
        (
            "a reference in percent",
            trained("").replace("goal = \"maximize\" }", "goal = \"maximize\", reference = 93 }"),
        ),
        (
            "energy below nothing",
            program("preference = { energy = { at_most = -5 } }", "")
                .replace("accuracy\", goal = \"maximize\"", "energy\", goal = \"minimize\""),
        ),
        ("steps", argv(&format!("\"train\", {USED}")).replace("metric = \"accuracy\"", "metric = \"step\"")),
    ]);
    insta::assert_snapshot!(told);
    accepted(&program("", "").replace("metric = \"accuracy\"", "metric = \"step\""));
}

#[test]
fn doubted_spaces() {
    let told = shown(&[
        ("one number of a continuum", program("forbid = [{ lr = 0.5 }, { lr = [0.2, 0.3], optimizer = \"sgd\" }]", "")),
        ("a condition on one number", program("", "p = { int = [1, 9], when = { lr = 0.5 } }")),
        ("what is never at once", program("forbid = [{ m = { at_most = 0.1 }, optimizer = \"adam\" }]", "")),
        ("one value", program("", "p = { choice = [1] }\nq = { float = [0.5, 0.5] }")),
        (
            "conditions against each other",
            program(
                "",
                "p = { int = [1, 9], when = { optimizer = \"sgd\" } }\nq = { int = [1, 9], when = { p = 3, optimizer = \"adam\" } }",
            ),
        ),
        ("orders of magnitude", program("", "p = { float = [1e-5, 1e-1] }\nq = { int = [1, 100_000] }")),
        ("a start twice", program("start = [{ lr = 0.55 }, {}]", "")),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn forbidden_boxes_that_leave_nothing_are_refused() {
    for forbid in [
        "{ lr = { at_most = 0.5 } }, { lr = { at_least = 0.5 } }",
        "{ optimizer = \"sgd\" }, { optimizer = \"adam\", lr = { at_most = 2.0 } }",
        "{ m = { at_most = 0.9 } }, { optimizer = \"adam\" }",
        "{ lr = { at_most = 0.4 } }, { lr = { at_least = 0.4, at_most = 0.7 } }, { lr = { at_least = 0.6 } }",
    ] {
        let errors = parse(&program(&format!("forbid = [{forbid}]"), "")).expect_err(forbid);
        assert!(errors.to_string().contains("every point of the space is forbidden"), "{errors}");
    }
    accepted(&program("forbid = [{ lr = { at_most = 0.5 } }, { lr = { at_least = 0.51 } }]", ""));
}

#[test]
fn what_a_parameter_was_is_one_of_its_values_and_makes_no_other_study() {
    let study = |was: &str| program("", &format!("p = {{ float = [0.0, 1.0]{was} }}"));
    let spec = accepted(&study(", was = 0"));
    assert_eq!(spec.was()["p"], Value::Float(0.0));
    assert_eq!(spec.identity(), accepted(&study("")).identity());
    let told = refusals(&[
        ("outside", study(", was = 2")),
        ("a name", study(", was = \"none\"")),
        ("of a choice", program("", "p = { choice = [\"none\", \"cosine\"], was = \"nine\" }")),
    ]);
    insta::assert_snapshot!(told);
}
