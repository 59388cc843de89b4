//! What parameters must keep together.

use super::*;

fn study(lines: &str) -> String {
    format!(
        "{BUDGET}{OBJECTIVE}[space]\nwidth = {{ int = [8, 4096], scale = \"log\" }}\nbatch = {{ choice = [16, 32, 64] }}\n\
         lr = {{ float = [1e-5, 1e-1], scale = \"log\" }}\noptimizer = {{ choice = [\"sgd\", \"adam\"] }}\n\
         momentum = {{ float = [0.0, 0.9], when = {{ optimizer = \"sgd\" }} }}\nnesterov = {{ choice = [true, false] }}\n{lines}\n"
    )
}

fn requires(that: &str) -> String {
    study(&format!("[[require]]\nthat = \"{that}\""))
}

#[test]
fn they_are_read_shown_and_part_of_the_study() {
    let text = study("[[require]]\nthat = \"width*batch <= 200_000\"\n[[require]]\nthat = 'lr ** 2 * width < 1'");
    let spec = accepted(&text);
    let shown: Vec<String> = spec.problem().requirements().iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["width * batch <= 200000", "lr^2 * width < 1"]);
    assert!(
        spec.summary().contains("required    width * batch <= 200000\n            lr^2 * width < 1"),
        "{}",
        spec.summary()
    );
    let other = accepted(&format!("require = [\"width * batch <= 2e5\", \"(lr^2)*width<1\"]\n{}", study("")));
    assert_eq!(spec.identity(), other.identity());
    let told: Vec<String> =
        differences(&accepted(&study("")).identity(), &spec.identity()).iter().map(|d| d.path.clone()).collect();
    assert_eq!(told, ["require"]);
    let json = serde_json::to_string(spec.problem()).unwrap();
    let back: crate::optimizer::problem::Problem = serde_json::from_str(&json).unwrap();
    assert_eq!(&back, spec.problem());
    assert_eq!(accepted(&format!("require = \"width >= 16\"\n{}", study(""))).problem().requirements().len(), 1);
}

#[test]
fn refused_requirements() {
    let told = refusals(&[
        ("a misspelt name", requires("widht * batch <= 200000")),
        ("a strange name", requires("colour * batch <= 200000")),
        ("a choice among names", requires("optimizer * batch <= 200000")),
        ("truth values", requires("nesterov + batch <= 20")),
        ("no comparison", requires("width * batch")),
        ("single equals sign", requires("width = batch")),
        ("two at once", requires("width <= 128 and batch <= 32")),
        ("no operator", requires("width batch <= 32")),
        ("escapes", study("[[require]]\nthat = \"widht\\u0020<= 32\"")),
        ("what nothing keeps", requires("width * batch <= 100")),
        (
            "each other",
            study(
                "[[require]]\nthat = \"width * batch >= 64000\"\n[[require]]\nthat = \"momentum > 0.3\"\n[[require]]\nthat = \"width <= 900\"",
            ),
        ),
        ("equality on a continuum", requires("lr * width == 1")),
        ("behind the brackets", study("[[require]] \"width * batch <= 200000\"")),
        ("single brackets", study("[require]\nthat = \"width <= 100\"")),
        ("another key", study("[[require]]\nif = \"width <= 100\"\n[[require]]\nthta = \"width <= 9\"")),
        (
            "numbers",
            format!(
                "require = [1, 2]
{}",
                study("")
            ),
        ),
        (
            "a start that breaks it",
            format!("{}\n[[start]]\nwidth = 4096\nbatch = 64\n", requires("width * batch <= 200000")),
        ),
        (
            "all of a finite space",
            format!(
                "{BUDGET}{OBJECTIVE}require = \"a % 2 + b % 2 > 1\"\n[space]\na = {{ choice = [2, 4] }}\nb = {{ int = [1, 9] }}\n"
            ),
        ),
    ]);
    insta::assert_snapshot!(told);
}

#[test]
fn what_rules_nothing_out_or_switches_off_is_doubted() {
    let spec = accepted(&requires("width * batch <= 1e9"));
    assert!(
        spec.render_doubts("a.toml", false).contains("rules nothing out"),
        "{}",
        spec.render_doubts("a.toml", false)
    );
    let spec = accepted(&requires("momentum + width < 7.5"));
    assert!(spec.render_doubts("a.toml", false).contains("where `momentum` is active"));
    assert!(accepted(&requires("width <= 4096")).render_doubts("a.toml", false).contains("rules nothing out"));
    assert_eq!(accepted(&requires("momentum + width < 80")).doubts(), []);
}

#[test]
fn a_start_may_lie_right_at_the_edge() {
    for value in ["0.001", "1e-3", "0.0001"] {
        let spec = accepted(&format!("{}\n[[start]]\nlr = {value}\n", requires(&format!("lr <= {value}"))));
        assert_eq!(spec.problem().starts().len(), 1);
    }
}

#[test]
fn a_grid_of_which_nothing_is_allowed_is_told() {
    let told = |levels: &str| {
        let text = format!("sampler = {{ kind = \"grid\"{levels} }}\n{}", requires("200 < width < 220"));
        accepted(&text).summary().contains("no point of the grid is allowed")
    };
    assert!(told("") && !told(", levels = 50"));
}

#[test]
fn a_setting_that_is_fixed_is_said_to_be() {
    let text = format!(
        "require = \"epochs * batch_size <= 100\"\n{}",
        train("dataset = \"digits\"\nbatch_size = 64", "epochs = { int = [1, 9] }")
    );
    let told = parse(&text).unwrap_err().to_string();
    assert!(told.contains("`batch_size` is fixed in [train] and the same in all trials: write its value"), "{told}");
}
