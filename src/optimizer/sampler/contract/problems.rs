//! The problems on which samplers are checked.

use super::super::super::history::{FailureKind, Outcome};
use super::super::super::problem::{
    Bound, Forbidden, Match, Metrics, Objective, Preference, Problem, at_most, maximize, minimize,
};
use super::super::super::space::{Parameter, Point, Space, choice, float, int};

#[expect(clippy::expect_used, reason = "these problems are written here, and each is made in a test")]
fn problem<const N: usize>(space: impl IntoIterator<Item = Parameter>, objectives: [Objective; N]) -> Problem {
    Problem::new(Space::new(space).expect("a space"), objectives).expect("a problem")
}

/// Numbers of all kinds, choices, and a condition.
pub(super) fn mixed() -> Problem {
    let space = [
        float("learning_rate", 1e-5..=1e-1).log(),
        int("width", 8..=128).log(),
        choice("batch", [16, 32, 64]),
        choice("optimizer", ["sgd", "adam", "rmsprop"]),
        float("momentum", 0.0..=0.99).when("optimizer", ["sgd", "rmsprop"]),
        float("dropout", 0.0..=0.5).step(0.1),
    ];
    problem(space, [maximize("accuracy"), minimize("energy").log()])
}

/// Twelve points.
pub(super) fn finite() -> Problem {
    let nesterov = choice("nesterov", [true, false]).when("optimizer", ["sgd"]);
    let space = [choice("optimizer", ["sgd", "adam"]), nesterov, int("layers", 1..=4)];
    problem(space, [maximize("accuracy"), minimize("energy")])
}

/// One objective.
pub(super) fn single() -> Problem {
    let space = [float("learning_rate", 1e-5..=1e-1).log(), int("width", 8..=128)];
    problem(space, [maximize("accuracy")])
}

/// With constraints and a preference, also one that nothing keeps, and one whose metric nobody reports.
#[expect(clippy::expect_used, reason = "these problems are written here, and each is made in a test")]
pub(super) fn bounded() -> impl Iterator<Item = Problem> {
    let preference = Preference::within("accuracy", Bound::AtLeast(1.2));
    [("energy", 40.0), ("energy", -1.0), ("memory", 1.0)].into_iter().map(move |(metric, bound)| {
        let preferring = mixed().prefer([preference.clone()]).expect("an objective");
        preferring.subject_to([at_most(metric, bound)]).expect("a number")
    })
}

/// Requirements among what is allowed and what is not, at the edge between the two, and where parameters are inactive.
pub(super) fn requirements() -> [&'static [&'static str]; 4] {
    [
        &["width * batch <= 1000"],
        &["log10(learning_rate) + log2(width) >= 3", "width % 2 == 1"],
        &["momentum + dropout < 0.5", "16 < batch <= width"],
        &["dropout == 0.3", "learning_rate^2 * width < 1e-4"],
    ]
}

/// A problem with these requirements.
#[expect(clippy::expect_used, reason = "these problems are written here, and each is made in a test")]
pub(super) fn kept(problem: Problem, requirements: &[&str]) -> Problem {
    problem.require(requirements.iter().copied()).expect("requirements of numbers")
}

/// The finite problem without four of its points.
#[expect(clippy::expect_used, reason = "these problems are written here, and each is made in a test")]
pub(super) fn forbidding() -> Problem {
    let ends = [("optimizer", Match::one_of(["sgd"])), ("layers", Match::one_of([1, 4]))];
    finite().forbid([Forbidden::new(ends)]).expect("parts of the space")
}

/// Some smooth function of whatever the point holds; fails now and then.
pub(super) fn evaluate(point: &Point) -> Outcome {
    let lr = point.number("learning_rate").unwrap_or(1e-2).log10();
    let width = point.number("width").or(point.number("layers")).unwrap_or(20.0);
    let text: usize = point.iter().filter_map(|(_, v)| v.as_str()).map(str::len).sum();
    if lr > -1.2 {
        return Outcome::Failed(FailureKind::Diverged);
    }
    let accuracy = 1.0 - (lr + 2.5).powi(2) / 10.0 + width.ln() / 10.0 + text as f64 / 100.0;
    let metrics = Metrics::from([("accuracy".to_owned(), accuracy), ("energy".to_owned(), 10.0 + width)]);
    Outcome::Finished { metrics, sd: Metrics::new() }
}
