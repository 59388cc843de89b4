//! No sampler ever proposes what is forbidden, and all propose the starts first.

use proptest::prelude::*;
use wattfront::optimizer::problem::{Forbidden, Match, Problem, maximize, minimize};
use wattfront::optimizer::sampler::{self, NAMES, SamplerError, Settings};
use wattfront::optimizer::space::{Point, Space, Value, choice, float, int};
use wattfront::optimizer::{Optimizer, OptimizerError, Seed};

fn space() -> Space {
    let (rate, width) = (float("rate", 1e-4..=1e-1).log(), int("width", 4..=64).log());
    let (batch, kind) = (choice("batch", [16, 32, 64]), choice("kind", ["a", "b", "c"]));
    let momentum = float("momentum", 0.0..=0.9).when("kind", ["a"]);
    Space::new([rate, width, batch, kind, momentum]).expect("a sound space")
}

fn finite() -> Space {
    let kind = choice("kind", ["a", "b", "c"]);
    Space::new([int("width", 1..=4), choice("batch", [16, 32, 64]), kind]).expect("a sound space")
}

/// A combination of one to three parts, in bounds that both spaces have something of.
fn forbidden() -> impl Strategy<Value = Forbidden> {
    let batch = proptest::sample::subsequence(vec![16i64, 32, 64], 1..=2);
    let kind = proptest::sample::subsequence(vec!["a", "b", "c"], 1..=2);
    let width = (1.0..40.0f64, any::<bool>())
        .prop_map(|(bound, above)| if above { Match::above(bound) } else { Match::below(bound) });
    let batch = batch.prop_map(|v| Match::Values(v.into_iter().map(Value::from).collect()));
    let kind = kind.prop_map(|v| Match::Values(v.into_iter().map(Value::from).collect()));
    let parts = (proptest::option::of(width), proptest::option::of(batch), kind);
    parts.prop_map(|(width, batch, kind)| {
        let width = width.map(|w| ("width".to_owned(), w));
        let batch = batch.map(|b| ("batch".to_owned(), b));
        let clauses = width.into_iter().chain(batch).chain([("kind".to_owned(), kind)]);
        Forbidden::new(clauses)
    })
}

fn evaluate(point: &Point) -> [(&'static str, f64); 2] {
    let (width, rate) = (point.number("width").unwrap_or(1.0), point.number("rate").unwrap_or(0.01));
    let batch = point.number("batch").unwrap_or(1.0);
    [("accuracy", -(rate.log10() + 2.0).powi(2) - 1.0 / width), ("energy", width * (1.0 + 1.0 / batch))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn what_is_forbidden_is_never_proposed(
        combinations in proptest::collection::vec(forbidden(), 1..3),
        continuous in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let space = if continuous { space() } else { finite() };
        let problem = Problem::new(space, [maximize("accuracy"), minimize("energy")]).expect("a sound problem");
        let problem = problem.forbid(combinations).expect("parts of the space");
        let left = problem.space().points(1000).map(|all| all.iter().filter(|p| !problem.forbids(p)).count());
        let start = problem.space().complete(&Point::new()).expect("a middle");
        let problem = problem.start([start.clone()]).expect("a point of the space");
        for name in NAMES {
            let sampler = sampler::by_name(name, &Settings { initial: Some(6), ..Settings::default() });
            let mut optimizer = Optimizer::new(problem.clone(), sampler.expect("a known name"), Seed(seed));
            let mut proposed = Vec::new();
            for round in 0..40 {
                let asked = match optimizer.ask_many(1 + round % 2) {
                    Ok(asked) => asked,
                    Err(OptimizerError::Sampler(SamplerError::Exhausted | SamplerError::NothingAllowed { .. })) => break,
                    Err(error) => return Err(TestCaseError::fail(format!("{name}: {error}"))),
                };
                for trial in asked {
                    prop_assert!(!problem.forbids(trial.point()), "{} proposed {}", name, trial.point());
                    optimizer.tell(trial.id(), evaluate(trial.point())).expect("sound metrics");
                    proposed.push(trial.point().clone());
                }
                if proposed.len() >= 16 && continuous {
                    break;
                }
            }
            if !problem.forbids(&start) {
                prop_assert_eq!(proposed.first(), Some(&start), "{} begins elsewhere", name);
            }
            if let Some(left) = left {
                prop_assert_eq!(proposed.len(), left, "{} leaves out what is allowed", name);
            }
        }
    }
}
