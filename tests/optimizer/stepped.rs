//! Values of steps are the decimals that the user wrote, and are known by their level, in every sampler.

use proptest::prelude::*;
use wattfront::optimizer::history::{History, Outcome, Trial};
use wattfront::optimizer::problem::{Forbidden, Match, Metrics, Problem, maximize};
use wattfront::optimizer::sampler::{self, NAMES, SamplerError, Settings};
use wattfront::optimizer::space::{Point, Space, Value, choice, float, int};
use wattfront::optimizer::{Optimizer, OptimizerError, Seed};

const COMPUTED: f64 = 0.1 + 0.2;

fn space() -> Space {
    let dropout = float("dropout", 0.0..=0.5).step(0.1);
    let more = int("more", 1..=2).when("dropout", [COMPUTED]);
    Space::new([dropout, choice("kind", ["a", "b"]), more]).expect("a sound space")
}

fn problem() -> Problem {
    Problem::new(space(), [maximize("accuracy")]).expect("a sound problem")
}

fn optimizer(name: &str, problem: &Problem, history: History) -> Optimizer {
    let sampler = sampler::by_name(name, &Settings { initial: Some(3), ..Settings::default() }).expect("a known name");
    Optimizer::resume(problem.clone(), sampler, Seed(4), history)
}

/// Asks until nothing is left; all points.
fn all(optimizer: &mut Optimizer) -> Vec<Point> {
    let mut points = Vec::new();
    loop {
        match optimizer.ask() {
            Ok(trial) => {
                let accuracy = trial.point().number("dropout").expect("always active");
                optimizer.tell(trial.id(), [("accuracy", accuracy)]).expect("sound metrics");
                points.push(trial.point().clone());
            }
            Err(OptimizerError::Sampler(SamplerError::Exhausted)) => return points,
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn every_sampler_proposes_decimals() {
    for name in NAMES.iter().filter(|name| **name != "grid") {
        let points = all(&mut optimizer(name, &problem(), History::new()));
        assert_eq!(points.len(), 14, "{name}");
        for point in points {
            let dropout = point.get("dropout").expect("always active").to_string();
            assert!(["0.0", "0.1", "0.2", "0.3", "0.4", "0.5"].contains(&dropout.as_str()), "{name}: {dropout}");
            assert_eq!(point.get("more").is_some(), dropout == "0.3");
        }
    }
}

#[test]
fn points_that_an_earlier_version_spelt_otherwise_are_not_proposed_again() {
    for name in NAMES.iter().filter(|name| **name != "grid") {
        let mut history = History::new();
        for (id, more) in (0..).zip([1, 2]) {
            let point = [("dropout", Value::from(COMPUTED)), ("kind", "a".into()), ("more", more.into())];
            let metrics = Metrics::from([("accuracy".to_owned(), 0.5)]);
            let outcome = Outcome::Finished { metrics, sd: Metrics::new() };
            history.record(Trial { id: id.into(), point: point.into_iter().collect(), fit: None, outcome });
        }
        let mut optimizer = optimizer(name, &problem(), history);
        assert_eq!(optimizer.history().trials()[1].point.number("dropout"), Some(0.3));
        let points = all(&mut optimizer);
        assert_eq!(points.len(), 12, "{name}");
        let again = |p: &Point| p.number("dropout") == Some(0.3) && p.get("kind") == Some(&"a".into());
        assert!(!points.iter().any(again), "{name}");
    }
}

#[test]
fn what_is_forbidden_is_forbidden_however_it_is_spelt() {
    let below = |bound| Match::below(bound);
    let above = |bound| Match::above(bound);
    for (what, left) in [
        (Match::Values(vec![0.3.into()]), 10),
        (Match::Values(vec![COMPUTED.into()]), 10),
        (below(0.3), 4),
        (below(COMPUTED), 4),
        (below(0.3f64.next_down()), 4),
        (above(0.3), 6),
        (above(COMPUTED), 6),
        (Match::Range { at_least: Some(COMPUTED), at_most: Some(0.3) }, 10),
        (above(0.35), 10),
    ] {
        let problem = problem().forbid([Forbidden::new([("dropout", what.clone())])]).expect("a sound problem");
        for name in NAMES.iter().filter(|name| **name != "grid") {
            assert_eq!(all(&mut optimizer(name, &problem, History::new())).len(), left, "{name}: {what}");
        }
        let point = |v: f64| Point::from_iter([("dropout", v)]);
        assert_eq!(problem.forbids(&point(COMPUTED)), problem.forbids(&point(0.3)), "{what}");
    }
}

#[test]
fn starts_and_told_points_are_matched_by_level() {
    let start = |v: f64| [("dropout", Value::from(v)), ("kind", "b".into()), ("more", 1.into())].into_iter().collect();
    for name in NAMES {
        let problem = problem().start([start(COMPUTED), start(0.3)]).expect("a sound problem");
        let mut optimizer = optimizer(name, &problem, History::new());
        let first = optimizer.ask().expect("a start");
        assert_eq!(first.point(), &start(0.3), "{name}");
        assert_ne!(optimizer.ask().expect("another").point(), &start(0.3), "{name}: one start, twice spelt");
        let told = optimizer.tell_point(start(0.1 * 3.0), [("accuracy", 0.5)]).expect("a value of the space");
        assert_eq!(optimizer.history().get(told).map(|t| &t.point), Some(&start(0.3)));
        let between = optimizer.tell_point(start(0.35), [("accuracy", 0.5)]).expect_err("no value").to_string();
        assert!(between.contains("the nearest values are 0.3 and 0.4"), "{between}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_grid_of_steps_is_of_decimals(low in -40i32..40, step in 1i32..30, n in 2u32..12, places in 1i32..6) {
        let number = |digits: i32| -> f64 { format!("{digits}e-{places}").parse().expect("a decimal") };
        let high = number(low + step * i32::try_from(n).expect("small"));
        let space = Space::new([float("x", number(low)..=high).step(number(step))]).expect("a sound space");
        let problem = Problem::new(space, [maximize("accuracy")]).expect("a sound problem");
        let grid = sampler::by_name("grid", &Settings { levels: Some(100), ..Settings::default() }).expect("known");
        let mut optimizer = Optimizer::new(problem, grid, Seed(1));
        let mut values: Vec<f64> =
            optimizer.ask_many(50).expect("points").iter().filter_map(|t| t.point().number("x")).collect();
        values.sort_by(f64::total_cmp);
        let expected: Vec<f64> = (0..=n).map(|k| number(low + step * i32::try_from(k).expect("small"))).collect();
        prop_assert_eq!(values, expected);
    }
}
