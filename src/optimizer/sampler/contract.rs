//! What every sampler promises, checked on all of them. A new sampler adds one line to [`all`].

use super::*;
use crate::optimizer::history::{Earlier, FailureKind, Outcome, Trial};
use crate::optimizer::problem::{
    Bound, Forbidden, Match, Metrics, Parts, Preference, Prior, at_most, maximize, minimize,
};
use crate::optimizer::space::{Space, choice, float, int};

fn all() -> Vec<Box<dyn Sampler>> {
    let settings = Settings { initial: Some(5), population: Some(6), ..Settings::default() };
    NAMES.iter().map(|name| by_name(name, &settings).unwrap()).collect()
}

fn mixed() -> Problem {
    let space = Space::new([
        float("learning_rate", 1e-5..=1e-1).log(),
        int("width", 8..=128).log(),
        choice("batch", [16, 32, 64]),
        choice("optimizer", ["sgd", "adam", "rmsprop"]),
        float("momentum", 0.0..=0.99).when("optimizer", ["sgd", "rmsprop"]),
        float("dropout", 0.0..=0.5).step(0.1),
    ])
    .unwrap();
    Problem::new(space, [maximize("accuracy"), minimize("energy").log()]).unwrap()
}

fn finite() -> Problem {
    let space = Space::new([
        choice("optimizer", ["sgd", "adam"]),
        choice("nesterov", [true, false]).when("optimizer", ["sgd"]),
        int("layers", 1..=4),
    ])
    .unwrap();
    Problem::new(space, [maximize("accuracy"), minimize("energy")]).unwrap()
}

fn single() -> Problem {
    let space = Space::new([float("learning_rate", 1e-5..=1e-1).log(), int("width", 8..=128)]).unwrap();
    Problem::new(space, [maximize("accuracy")]).unwrap()
}

/// Some smooth function of whatever the point holds; fails now and then.
fn evaluate(point: &Point) -> Outcome {
    let lr = point.number("learning_rate").unwrap_or(1e-2).log10();
    let width = point.number("width").or(point.number("layers")).unwrap_or(20.0);
    let text: usize = point.iter().filter_map(|(_, v)| v.as_str()).map(str::len).sum();
    if lr > -1.2 {
        return Outcome::Failed(FailureKind::Diverged);
    }
    #[expect(clippy::cast_precision_loss, reason = "a short text")]
    let accuracy = 1.0 - (lr + 2.5).powi(2) / 10.0 + width.ln() / 10.0 + text as f64 / 100.0;
    let metrics = Metrics::from([("accuracy".to_owned(), accuracy), ("energy".to_owned(), 10.0 + width)]);
    Outcome::Finished { metrics, sd: Metrics::new() }
}

fn record(history: &mut History, proposal: Proposal, outcome: Outcome) {
    let Proposal { point, fit } = proposal;
    history.record(Trial { id: history.next_id(), point, fit: Some(fit), outcome });
}

/// Runs `n` trials, of which every fifth stays pending.
fn run(sampler: &dyn Sampler, problem: &Problem, n: usize, seed: Seed) -> History {
    let mut history = History::new();
    for i in 0..n {
        let proposal = sampler.propose(problem, &history, 1, seed).unwrap().remove(0);
        let outcome = if i % 5 == 4 { Outcome::Pending } else { evaluate(&proposal.point) };
        record(&mut history, proposal, outcome);
    }
    history
}

fn duplicates(history: &History) -> usize {
    let trials = history.trials();
    (0..trials.len()).filter(|&i| trials[..i].iter().any(|t| t.point == trials[i].point)).count()
}

#[test]
fn points_belong_to_the_space_and_are_new() {
    for sampler in all() {
        for problem in [mixed(), single()] {
            let history = run(&*sampler, &problem, 14, Seed(3));
            for trial in history.trials() {
                assert_eq!(problem.space().check(&trial.point), Ok(()), "{}", sampler.name());
                assert!(!trial.fit.as_ref().unwrap().rule.is_empty());
            }
            assert_eq!(duplicates(&history), 0, "{}", sampler.name());
        }
    }
}

#[test]
fn same_arguments_give_the_same_proposals_and_seeds_differ() {
    for sampler in all() {
        let problem = mixed();
        let history = run(&*sampler, &problem, 9, Seed(3));
        assert_eq!(history, run(&*sampler, &problem, 9, Seed(3)), "{}", sampler.name());
        let propose = |seed| sampler.propose(&problem, &history, 2, seed).unwrap();
        assert_eq!(propose(Seed(3)), propose(Seed(3)));
        assert_ne!(run(&*sampler, &problem, 2, Seed(4)).trials(), &history.trials()[..2], "{}", sampler.name());
    }
}

/// A history that went through its record (every field written and read) gives the same next proposal.
#[test]
fn a_replayed_history_goes_on_the_same_way() {
    for sampler in all() {
        let problem = mixed();
        let history = run(&*sampler, &problem, 11, Seed(5));
        let mut replayed = History::new();
        replayed.reserve(history.next_id());
        for trial in history.trials().iter().rev() {
            let fit = serde_json::to_string(&trial.fit).unwrap();
            let point = serde_json::to_string(&trial.point).unwrap();
            let (fit, point) = (serde_json::from_str(&fit).unwrap(), serde_json::from_str(&point).unwrap());
            replayed.record(Trial { id: trial.id, point, fit, outcome: trial.outcome.clone() });
        }
        let next = |h: &History| sampler.propose(&problem, h, 1, Seed(5)).unwrap();
        assert_eq!(next(&history), next(&replayed), "{}", sampler.name());
    }
}

#[test]
fn batches_hold_distinct_new_points() {
    for sampler in all() {
        let problem = mixed();
        let mut history = run(&*sampler, &problem, 8, Seed(1));
        let batch = sampler.propose(&problem, &history, 4, Seed(1)).unwrap();
        assert_eq!(batch.len(), 4, "{}", sampler.name());
        for proposal in batch {
            record(&mut history, proposal, Outcome::Pending);
        }
        assert_eq!(duplicates(&history), 0, "{}", sampler.name());
    }
}

#[test]
fn a_finite_space_is_used_up_point_by_point_and_then_ends() {
    for sampler in all() {
        let problem = finite();
        let total = problem.space().cardinality(100).unwrap();
        assert_eq!(total, 12);
        let mut history = run(&*sampler, &problem, 10, Seed(2));
        let rest = sampler.propose(&problem, &history, 5, Seed(2)).unwrap();
        assert_eq!(rest.len(), 2, "{}", sampler.name());
        for proposal in rest {
            record(&mut history, proposal, Outcome::Pending);
        }
        assert_eq!(duplicates(&history), 0, "{}", sampler.name());
        assert_eq!(sampler.propose(&problem, &history, 1, Seed(2)), Err(SamplerError::Exhausted));
    }
}

#[test]
fn forbidden_points_are_never_proposed_and_the_others_are_used_up() {
    for sampler in all() {
        let sgd = ("optimizer".to_owned(), Match::Values(vec!["sgd".into()]));
        let ends = ("layers".to_owned(), Match::Values(vec![1.into(), 4.into()]));
        let problem = finite().forbid([Forbidden::new([sgd, ends])]).unwrap();
        let mut history = run(&*sampler, &problem, 7, Seed(2));
        for proposal in sampler.propose(&problem, &history, 9, Seed(2)).unwrap() {
            record(&mut history, proposal, Outcome::Pending);
        }
        assert_eq!(history.trials().len(), 8, "{}", sampler.name());
        assert!(history.trials().iter().all(|t| !problem.forbids(&t.point)), "{}", sampler.name());
        assert_eq!(duplicates(&history), 0, "{}", sampler.name());
    }
}

/// Among what is allowed and what is not, at the edge between the two, and where parameters are inactive.
#[test]
fn requirements_are_kept_by_every_proposal() {
    let cases: [&[&str]; 4] = [
        &["width * batch <= 1000"],
        &["log10(learning_rate) + log2(width) >= 3", "width % 2 == 1"],
        &["momentum + dropout < 0.5", "16 < batch <= width"],
        &["dropout == 0.3", "learning_rate^2 * width < 1e-4"],
    ];
    for sampler in all() {
        for requirements in cases {
            let require = |p: Problem, text: &&str| p.require([*text]).unwrap();
            let problem = requirements.iter().fold(mixed(), require);
            let mut history = run(&*sampler, &problem, 14, Seed(7));
            for proposal in sampler.propose(&problem, &history, 3, Seed(7)).unwrap() {
                record(&mut history, proposal, Outcome::Pending);
            }
            for trial in history.trials() {
                let broken = problem.requirements().iter().find(|r| !r.holds(&trial.point));
                assert_eq!(broken, None, "{} proposes {}", sampler.name(), trial.point);
                assert_eq!(problem.space().check(&trial.point), Ok(()), "{}", sampler.name());
            }
            assert_eq!(duplicates(&history), 0, "{}", sampler.name());
        }
        let problem = finite().require(["layers % 3 == 1"]).unwrap();
        let mut history = run(&*sampler, &problem, 5, Seed(2));
        for proposal in sampler.propose(&problem, &history, 9, Seed(2)).unwrap() {
            record(&mut history, proposal, Outcome::Pending);
        }
        assert_eq!(history.trials().len(), 6, "{} leaves out what is allowed", sampler.name());
        assert_eq!(sampler.propose(&problem, &history, 1, Seed(2)), Err(SamplerError::Exhausted));
    }
}

/// A start is proposed as it is written, also right at the edge, where coding it takes it a digit beyond.
#[test]
fn a_start_at_the_edge_of_a_requirement_is_proposed() {
    for (name, text) in [("learning_rate", "learning_rate <= 0.001"), ("momentum", "momentum >= 0.7")] {
        for value in [0.001, 0.7] {
            let problem = mixed().require([text]).unwrap();
            let start = problem.space().complete(&Point::from_iter([("optimizer", "sgd")])).unwrap();
            let mut start: Point = start.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
            start.insert(name, value);
            let allowed = problem.space().check(&start).is_ok() && !problem.forbids(&start);
            let starting = problem.add_unchecked(Parts { starts: vec![start.clone()], ..Parts::default() });
            let proposed = propose(&RandomSampler, &starting, &History::new(), 1, Seed(1)).unwrap();
            assert_eq!(proposed[0].point == start, allowed, "{start}");
        }
    }
}

/// Also one that nothing keeps, and whose metric nobody reports.
#[test]
fn constraints_and_preferences_do_no_harm() {
    let preference = Preference::within("accuracy", Bound::AtLeast(1.2));
    for constraint in [("energy", 40.0), ("energy", -1.0), ("memory", 1.0)] {
        for sampler in all() {
            let problem = mixed()
                .prefer([preference.clone()])
                .unwrap()
                .subject_to([at_most(constraint.0, constraint.1)])
                .unwrap();
            let history = run(&*sampler, &problem, 14, Seed(6));
            assert!(history.trials().iter().all(|t| problem.space().check(&t.point).is_ok()), "{}", sampler.name());
            assert_eq!(duplicates(&history), 0, "{}", sampler.name());
        }
    }
}

/// Trials that were given up leave gaps in the ids; the sampler goes on with the next free id.
#[test]
fn gaps_in_the_history_do_no_harm() {
    for sampler in all() {
        let problem = mixed();
        let mut history = run(&*sampler, &problem, 9, Seed(8));
        history.remove(3);
        history.reserve(20);
        let proposals = sampler.propose(&problem, &history, 1, Seed(8)).unwrap();
        assert_eq!(problem.space().check(&proposals[0].point), Ok(()), "{}", sampler.name());
    }
}

#[test]
fn a_history_of_failures_alone_does_no_harm() {
    for sampler in all() {
        let problem = mixed();
        let mut history = History::new();
        for _ in 0..9 {
            let proposal = sampler.propose(&problem, &history, 1, Seed(8)).unwrap().remove(0);
            record(&mut history, proposal, Outcome::Failed(FailureKind::OutOfMemory));
        }
        assert_eq!(duplicates(&history), 0, "{}", sampler.name());
    }
}

/// What the table says of a sampler is what it does.
#[test]
fn what_a_sampler_passes_over_changes_nothing_and_what_it_uses_does() {
    let problem = mixed();
    let points = |problem: &Problem, history: &History, sampler: &dyn Sampler| -> Vec<Point> {
        sampler.propose(problem, history, 3, Seed(4)).unwrap().into_iter().map(|p| p.point).collect()
    };
    let earlier = run(&RandomSampler, &problem, 12, Seed(9));
    let trials = earlier.trials().iter().filter_map(|t| match &t.outcome {
        Outcome::Finished { metrics, .. } => Some((t.point.clone(), metrics.clone())),
        _ => None,
    });
    let mut warm = History::new();
    warm.learn_from(Earlier { name: "earlier".into(), trials: trials.collect() });
    let priors = [("width".to_owned(), Prior::Around { value: 12.0, spread: 1.2 })].into();
    let expecting = problem.clone().add_unchecked(Parts { priors, ..Parts::default() });
    for (sampler, kind) in all().iter().zip(KINDS) {
        assert_eq!(sampler.name(), kind.name);
        let plain = points(&problem, &History::new(), sampler);
        assert_eq!(points(&problem, &warm, sampler) != plain, kind.learns_from_earlier, "{}", kind.name);
        assert_eq!(points(&expecting, &History::new(), sampler) != plain, kind.uses_priors, "{}", kind.name);
    }
}

#[test]
fn unknown_names_are_answered_with_the_known_ones() {
    let Err(error) = by_name("gpp", &Settings::default()) else { panic!("there is no sampler gpp") };
    assert!(error.to_string().contains("random"), "{error}");
    for name in NAMES {
        assert_eq!(by_name(name, &Settings::default()).unwrap().name(), name);
    }
}

/// Ranges at the ends of what numbers can be, with beliefs that are as extreme.
#[test]
fn every_space_that_is_accepted_can_be_searched() {
    const EDGE: i64 = 1 << 53;
    let space = Space::new([
        float("all", 5e-324..=f64::MAX).log(),
        float("wide", -8e307..=8e307),
        float("narrow", 1.0..=1.000_000_001).log(),
        float("fine", 0.0..=1.0).step(2.5e-11),
        int("long", 1..=1 << 40).log(),
        int("far", EDGE - 1000..=EDGE).log(),
        int("whole", -EDGE..=EDGE).step(1 << 20),
        choice("seed", [i64::MAX, i64::MAX - 1, 0]),
        float("on", 0.0..=1.0).when("far", [EDGE]),
    ])
    .unwrap();
    let around = |value: f64, spread: f64| Prior::Around { value, spread };
    let plain = Problem::new(space, [minimize("length"), maximize("first")])
        .unwrap()
        .forbid([Forbidden::new([("whole", Match::Range { at_least: Some(0.0), at_most: None })])])
        .unwrap();
    let priors = [
        ("all", around(5e-324, 1.0 + f64::EPSILON)),
        ("wide", around(0.0, f64::MAX)),
        ("narrow", around(1.0, 1e300)),
        ("far", around(9_007_199_254_740_992.0, 2.0)),
        ("seed", Prior::Weights(vec![f64::MAX, f64::MAX, 5e-324])),
    ];
    let priors = priors.into_iter().map(|(name, prior)| (name.to_owned(), prior)).collect();
    let believing = plain.clone().add_unchecked(Parts { priors, ..Parts::default() });
    for (sampler, problem) in all().iter().flat_map(|sampler| [(sampler, &plain), (sampler, &believing)]) {
        let mut history = History::new();
        for i in 0..9 {
            let proposal = sampler.propose(problem, &history, 1, Seed(3)).unwrap().remove(0);
            assert_eq!(problem.space().check(&proposal.point), Ok(()), "{}", sampler.name());
            assert!(!problem.forbids(&proposal.point));
            #[expect(clippy::cast_precision_loss, reason = "a short text")]
            let length = proposal.point.to_string().len() as f64;
            let metrics = Metrics::from([("length".to_owned(), length), ("first".to_owned(), f64::from(i % 3))]);
            record(&mut history, proposal, Outcome::Finished { metrics, sd: Metrics::new() });
        }
        assert_eq!(duplicates(&history), 0, "{}", sampler.name());
    }
}
