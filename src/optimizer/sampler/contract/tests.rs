//! The promises, checked on all samplers of [`NAMES`], and more that hold of these.

use super::super::*;
use super::check;
use super::problems::{evaluate, mixed};
use crate::optimizer::history::{Earlier, Outcome, Trial};
use crate::optimizer::problem::{Forbidden, Match, Metrics, Prior, ProblemParts, maximize, minimize};
use crate::optimizer::space::{Space, choice, float, int};

fn all() -> Vec<Box<dyn Sampler>> {
    let settings = Settings { initial: Some(5), population: Some(6), ..Settings::default() };
    NAMES.iter().map(|name| by_name(name, &settings).unwrap()).collect()
}

#[test]
fn every_sampler_keeps_its_promises() {
    for sampler in all() {
        check(&*sampler).unwrap();
    }
}

/// Whoever breaks a promise is told which.
#[test]
fn broken_promises_are_told_apart() {
    type Spoil = fn(Vec<Proposal>, &History) -> Vec<Proposal>;
    struct Broken(Spoil);
    impl Sampler for Broken {
        fn name(&self) -> &'static str {
            "broken"
        }

        fn propose(&self, request: &ProposalRequest<'_>) -> Result<Vec<Proposal>, SamplerError> {
            let &ProposalRequest { problem, history, count, seed } = request;
            Ok(self.0(RandomSampler.propose(&ProposalRequest::new(problem, history, count, seed))?, history))
        }
    }
    let strange = |mut all: Vec<Proposal>, _: &History| {
        all[0].point.insert("strange", 1);
        all
    };
    let again = |mut all: Vec<Proposal>, history: &History| {
        if let Some(trial) = history.trials().first() {
            all[0].point = trial.point.clone();
        }
        all
    };
    let few = |mut all: Vec<Proposal>, _: &History| {
        all.truncate(1);
        all
    };
    let nameless = |mut all: Vec<Proposal>, _: &History| {
        all[0].fit.rule.clear();
        all
    };
    let cases: [(Spoil, &str); 4] =
        [(strange, "no parameter `strange`"), (again, "proposed again"), (few, "1 of 4"), (nameless, "no rule")];
    for (broken, found) in cases {
        let error = check(&Broken(broken)).unwrap_err().to_string();
        assert!(error.contains("`broken`") && error.contains(found), "{error}");
    }
}

#[test]
fn seeds_differ() {
    for sampler in all() {
        let problem = mixed();
        let (one, other) = (run(&*sampler, &problem, 2, Seed(3)), run(&*sampler, &problem, 2, Seed(4)));
        assert_ne!(one, other, "{}", sampler.name());
    }
}

fn record(history: &mut History, proposal: Proposal, outcome: Outcome) {
    let Proposal { point, fit } = proposal;
    history.record(Trial { id: history.next_id(), point, fit: Some(fit), outcome });
}

/// Runs `n` trials, of which every fifth stays pending.
fn run(sampler: &dyn Sampler, problem: &Problem, n: usize, seed: Seed) -> History {
    let mut history = History::new();
    for i in 0..n {
        let proposal = sampler.propose(&ProposalRequest::new(problem, &history, 1, seed)).unwrap().remove(0);
        let outcome = if i % 5 == 4 { Outcome::Pending } else { evaluate(&proposal.point) };
        record(&mut history, proposal, outcome);
    }
    history
}

fn duplicates(history: &History) -> usize {
    let trials = history.trials();
    (0..trials.len()).filter(|&i| trials[..i].iter().any(|t| t.point == trials[i].point)).count()
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
            let starting =
                problem.add_unchecked(ProblemParts { starts: vec![start.clone()], ..ProblemParts::default() });
            let proposed = propose(&RandomSampler, &starting, &History::new(), 1, Seed(1)).unwrap();
            assert_eq!(proposed[0].point == start, allowed, "{start}");
        }
    }
}

/// What the table says of a sampler is what it does.
#[test]
fn what_a_sampler_passes_over_changes_nothing_and_what_it_uses_does() {
    let problem = mixed();
    let points = |problem: &Problem, history: &History, sampler: &dyn Sampler| -> Vec<Point> {
        sampler
            .propose(&ProposalRequest::new(problem, history, 3, Seed(4)))
            .unwrap()
            .into_iter()
            .map(|p| p.point)
            .collect()
    };
    let earlier = run(&RandomSampler, &problem, 12, Seed(9));
    let trials = earlier.trials().iter().filter_map(|t| match &t.outcome {
        Outcome::Finished { metrics, .. } => Some((t.point.clone(), metrics.clone())),
        _ => None,
    });
    let mut warm = History::new();
    warm.learn_from(Earlier { name: "earlier".into(), trials: trials.collect() });
    let priors = [("width".to_owned(), Prior::Around { value: 12.0, spread: 1.2 })].into();
    let expecting = problem.clone().add_unchecked(ProblemParts { priors, ..ProblemParts::default() });
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
    assert_eq!(error.help().as_deref(), Some("did you mean `gp`?"), "{error}");
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
    let believing = plain.clone().add_unchecked(ProblemParts { priors, ..ProblemParts::default() });
    for (sampler, problem) in all().iter().flat_map(|sampler| [(sampler, &plain), (sampler, &believing)]) {
        let mut history = History::new();
        for i in 0..9 {
            let proposal = sampler.propose(&ProposalRequest::new(problem, &history, 1, Seed(3))).unwrap().remove(0);
            assert_eq!(problem.space().check(&proposal.point), Ok(()), "{}", sampler.name());
            assert!(!problem.forbids(&proposal.point));
            let length = proposal.point.to_string().len() as f64;
            let metrics = Metrics::from([("length".to_owned(), length), ("first".to_owned(), f64::from(i % 3))]);
            record(&mut history, proposal, Outcome::Finished { metrics, sd: Metrics::new() });
        }
        assert_eq!(duplicates(&history), 0, "{}", sampler.name());
    }
}
