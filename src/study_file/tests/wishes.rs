//! What users wish for: constraints, preferences, starts, forbidden combinations, priors.

use super::*;

/// A study of the trainer with two objectives and these lines before its [space].
fn wishes(lines: &str) -> String {
    format!(
        "{BUDGET}objective = [{{ metric = \"accuracy\", goal = \"maximize\" }}, {{ metric = \"energy.train\", goal = \"minimize\", \
         scale = \"log\" }}]\n{lines}\n[space]\nlearning_rate = {{ float = [1e-4, 1e-1], scale = \"log\" }}\n\
         batch_size = {{ choice = [16, 32, 64] }}\noptimizer = {{ choice = [\"sgd\", \"adam\"] }}\n\
         momentum = {{ float = [0.0, 0.9], when = {{ optimizer = \"sgd\" }} }}\nwidth = {{ int = [8, 128], step = 8 }}\n\
         [train]\ndataset = \"digits\"\nepochs = 5\n"
    )
}

const WISHES: &str = r#"
[[constraint]]
metric = "accuracy"
at_least = 0.5
[[constraint]]
metric = "train_seconds"
at_least = 1
at_most = 60
[[constraint]]
metric = "energy.gpu"
at_most = 2000
[preference]
accuracy = { at_least = 0.93 }
"energy.train" = { at_most = 500, weight = 2 }
[[start]]
learning_rate = 1e-3
optimizer = "adam"
[[start]]
width = 64.0
batch_size = 32
[[forbid]]
optimizer = "sgd"
batch_size = [16, 32.0]
width = { at_least = 72 }
[[forbid]]
learning_rate = { at_least = 1e-2, at_most = 1e-1 }
"#;

#[test]
fn wishes_are_read_as_written() {
    let text = wishes(WISHES)
        .replace("scale = \"log\" }\nbatch", "scale = \"log\", prior = { around = 1e-3, spread = 3 } }\nbatch")
        .replace("[\"sgd\", \"adam\"] }\nmomentum", "[\"sgd\", \"adam\"], prior = [1, 3] }\nmomentum");
    let study = accepted(&text);
    let problem = study.problem();
    let constraints: Vec<String> = problem.constraints().iter().map(ToString::to_string).collect();
    assert_eq!(
        constraints,
        ["accuracy at least 0.5", "train_seconds at least 1", "train_seconds at most 60", "energy.gpu at most 2000"]
    );
    assert_eq!(problem.preferences()[0], Preference::within("accuracy", Bound::AtLeast(0.93)));
    assert_eq!(problem.weights(), [1.0, 2.0]);
    assert_eq!(problem.priors()["learning_rate"], Prior::Around { value: 1e-3, spread: 3.0 });
    assert_eq!(problem.priors()["optimizer"], Prior::Weights(vec![1.0, 3.0]));
    let described: Vec<String> = problem.starts().iter().map(|p| problem.space().describe(p)).collect();
    insta::assert_snapshot!(described.join("\n"), @r"
    learning_rate=0.001 batch_size=16 optimizer=adam width=64
    learning_rate=0.0031622776601683794 batch_size=32 optimizer=sgd momentum=0.45 width=64
    ");
    insta::assert_snapshot!("summary_of_wishes", study.summary());
    insta::assert_snapshot!("identity_of_wishes", serde_json::to_string_pretty(&study.identity()).unwrap());
    let other = accepted(&text.replace("at_least = 0.93", "at_least = 0.95"));
    assert_eq!(study.identity(), other.identity(), "what is preferred may change");
    for (from, to) in [
        ("at_least = 0.5", "at_least = 0.6"),
        ("spread = 3", "spread = 4"),
        ("learning_rate = 1e-3", "learning_rate = 2e-3"),
        ("at_least = 72", "at_least = 80"),
        ("[1, 3]", "[1, 4]"),
    ] {
        let other = accepted(&text.replacen(from, to, 1));
        assert_eq!(differences(&study.identity(), &other.identity()).len(), 1, "{from}");
    }
}

#[test]
fn refused_constraints_and_preferences() {
    let told = refusals(&[
        ("single brackets", wishes("[constraint]\nmetric = \"accuracy\"\nat_least = 0.5")),
        ("without a bound", wishes("[[constraint]]\nmetric = \"accuracy\"")),
        ("a misspelt bound", wishes("[[constraint]]\nmetric = \"accuracy\"\natleast = 0.5")),
        ("without a metric", wishes("[[constraint]]\nat_least = 0.5")),
        ("bounds that nothing keeps", wishes("[[constraint]]\nmetric = \"loss\"\nat_least = 2\nat_most = 1")),
        ("text and NaN", wishes("[[constraint]]\nmetric = \"loss\"\nat_least = \"1\"\nat_most = nan")),
        ("the same side twice", wishes(&"[[constraint]]\nmetric = \"loss\"\nat_most = 1\n".repeat(2))),
        ("the test set", wishes("[[constraint]]\nmetric = \"test_accuracy\"\nat_least = 0.5")),
        ("a misspelt metric", wishes("[[constraint]]\nmetric = \"acuracy\"\nat_least = 0.5")),
        (
            "net energy without a baseline",
            wishes("[energy]\nidle = false\n[[constraint]]\nmetric = \"energy.net\"\nat_most = 5"),
        ),
        ("no energy at all", wishes("[[constraint]]\nmetric = \"energy\"\nat_most = 0")),
        ("an empty preference", wishes("[preference]")),
        ("a number as preference", wishes("[preference]\naccuracy = 0.93")),
        ("a preference without content", wishes("[preference]\naccuracy = {}")),
        ("a misspelt objective", wishes("[preference]\nacuracy = { at_least = 0.93 }")),
        ("another metric", wishes("[preference]\nloss = { at_most = 0.1 }")),
        ("a dot without quotation marks", wishes("[preference]\nenergy.train = { at_most = 5 }")),
        ("the good side", wishes("[preference]\naccuracy = { at_most = 0.93 }\n\"energy.train\" = { at_least = 5 }")),
        ("no logarithm", wishes("[preference]\n\"energy.train\" = { at_most = 0 }")),
        ("weights", wishes("[preference]\naccuracy = { weight = 0 }\n\"energy.train\" = { weight = \"much\" }")),
        ("misspelt keys", wishes("[preference]\naccuracy = { wieght = 2 }")),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn refused_starts_and_forbidden_combinations() {
    let told = refusals(&[
        ("a misspelt parameter", wishes("[[start]]\nlerning_rate = 0.1")),
        ("a fixed setting", wishes("[[start]]\nepochs = 5")),
        ("an unknown parameter", wishes("[[start]]\ncolour = \"red\"")),
        ("values outside", wishes("[[start]]\nlearning_rate = 1\nwidth = 12\nbatch_size = 48\noptimizer = \"adm\"")),
        ("no value", wishes("[[start]]\nlearning_rate = [0.1]")),
        ("an inactive parameter", wishes("[[start]]\noptimizer = \"adam\"\nmomentum = 0.5")),
        ("a forbidden start", wishes("[[start]]\nwidth = 16\n[[forbid]]\nwidth = { at_most = 16 }")),
        ("a misspelt parameter to forbid", wishes("[[forbid]]\noptimiser = \"sgd\"")),
        ("a value that it never has", wishes("[[forbid]]\noptimizer = [\"sgd\", \"rmsprop\"]\nbatch_size = 65")),
        ("a range of names", wishes("[[forbid]]\noptimizer = { at_least = 1 }")),
        ("a range without ends", wishes("[[forbid]]\nwidth = {}")),
        ("misspelt ends", wishes("[[forbid]]\nwidth = { at_leats = 5 }")),
        (
            "a range beyond",
            wishes("[[forbid]]\nwidth = { at_least = 129 }\nbatch_size = { at_least = 17, at_most = 31 }"),
        ),
        ("an empty combination", wishes("[[forbid]]")),
        ("an empty list", wishes("[[forbid]]\nbatch_size = []")),
        ("everything", wishes("[[forbid]]\nbatch_size = { at_most = 64 }\noptimizer = [\"adam\", \"sgd\"]")),
        ("everything of a finite space", space("a = { choice = [1, 2] }\n[[forbid]]\na = 1\n[[forbid]]\na = 2")),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn refused_priors() {
    let told = refusals(&[
        ("a table for a choice", space("o = { choice = [1, 2], prior = { around = 1, spread = 1 } }")),
        ("a list for a range", space("x = { float = [0.0, 1.0], prior = [1, 2] }")),
        ("text", space("x = { float = [0.0, 1.0], prior = \"high\" }\no = { choice = [1, 2], prior = \"2\" }")),
        ("half of it", space("x = { float = [0.0, 1.0], prior = { around = 0.5 } }")),
        ("misspelt keys", space("x = { float = [0.0, 1.0], prior = { around = 0.5, spraed = 0.5, spread = 1 } }")),
        ("outside of the range", space("n = { int = [1, 9], prior = { around = 10, spread = 1 } }")),
        ("no spread", space("x = { float = [0.0, 1.0], prior = { around = 0.5, spread = 0 } }")),
        ("no factor", space("x = { float = [0.1, 1.0], scale = \"log\", prior = { around = 0.5, spread = 1 } }")),
        ("a weight too few", space("o = { choice = [1, 2, 3], prior = [1, 2] }")),
        ("weights below zero", space("o = { choice = [1, 2], prior = [-1, nan] }")),
        ("weights of zero", space("o = { choice = [1, 2], prior = [0, 0.0] }")),
        ("words as weights", space("o = { choice = [1, 2], prior = [\"a\", 1] }")),
    ]);
    insta::assert_snapshot!(told);
}
