use super::*;
use crate::optimizer::Seed;
use crate::optimizer::history::{FailureKind, Outcome, Trial, TrialId};
use crate::optimizer::problem::{Metrics, at_least, at_most, minimize};
use crate::optimizer::space::{Space, float};

fn problem(objectives: usize) -> Problem {
    let space = Space::new([float("a", 0.0..=1.0), float("b", 0.0..=1.0)]).unwrap();
    Problem::unchecked(space, (0..objectives).map(|j| minimize(format!("y{j}"))).collect())
}

fn finished(values: [f64; 2], sd: Option<f64>) -> Outcome {
    let named = |v: [f64; 2]| {
        let all = [v[0], v[1], v[0].min(1.0) * 0.3 - v[1].min(1.0)];
        Metrics::from_iter(all.iter().enumerate().map(|(j, v)| (format!("y{j}"), *v)))
    };
    Outcome::Finished {
        metrics: named(values),
        sd: sd.map_or_else(Metrics::new, |sd| (0..3).map(|j| (format!("y{j}"), sd)).collect()),
    }
}

/// `n` trials of the first `n` Sobol points.
fn history(n: usize, outcome: impl Fn(usize, f64, f64) -> Outcome) -> History {
    let mut history = History::new();
    let points = super::super::SobolSampler.propose(&ProposalRequest::new(&problem(2), &history, n, Seed(1))).unwrap();
    for (i, Proposal { point, fit }) in points.into_iter().enumerate() {
        let outcome = outcome(i, point.number("a").unwrap(), point.number("b").unwrap());
        history.record(Trial { id: TrialId(i as u64), point, fit: Some(fit), outcome });
    }
    history
}

fn propose(problem: &Problem, history: &History, count: usize) -> Vec<Proposal> {
    GpSampler::default().propose(&ProposalRequest::new(problem, history, count, Seed(1))).unwrap()
}

#[test]
fn starts_with_sobol_and_goes_on_with_the_surrogate() {
    let smooth = |_, a: f64, b: f64| finished([a + b, 1.0 - a], None);
    for (objectives, rule) in [(1, "log-nei"), (2, "log-nehvi"), (3, "log-nehvi")] {
        let problem = problem(objectives);
        let batch = propose(&problem, &history(4, smooth), 4);
        let rules: Vec<_> = batch.iter().map(|p| p.fit.rule.as_str()).collect();
        assert_eq!(rules, ["sobol", "sobol", rule, rule]);
        assert_eq!(batch[3].fit.objectives.len(), objectives);
        assert!(batch[3].fit.acquisition.is_some() && batch[3].fit.fallback.is_none());
    }
}

#[test]
fn more_objectives_than_it_handles_are_named() {
    let error =
        GpSampler::default().propose(&ProposalRequest::new(&problem(5), &History::new(), 1, Seed(1))).unwrap_err();
    assert!(error.to_string().contains("one to four objectives, not 5"), "{error}");
}

#[test]
fn without_a_result_it_falls_back_and_says_so() {
    let proposals = propose(&problem(2), &history(8, |_, _, _| Outcome::Failed(FailureKind::Diverged)), 1);
    assert_eq!(proposals[0].fit.rule, "sobol");
    assert!(proposals[0].fit.fallback.as_ref().unwrap().contains("no observation"));
}

#[test]
fn constant_huge_and_scattered_results_do_no_harm() {
    type Values = fn(usize, f64, f64) -> [f64; 2];
    let cases: [Values; 4] = [
        |_, _, _| [1.0, 1.0],
        |i, a, _| [if i == 3 { 1e300 } else { a }, -1e300 * a],
        |_, a, b| [1e-300 * a, 1e12 + b],
        |i, _, _| [f64::from(u8::from(i % 2 == 0)), f64::from(u8::from(i % 3 == 0))],
    ];
    for values in cases {
        for sd in [None, Some(0.0), Some(1.0), Some(1e200)] {
            let history = history(9, |i, a, b| finished(values(i, a, b), sd));
            for objectives in [1, 2] {
                let problem = problem(objectives);
                let proposals = propose(&problem, &history, 2);
                assert!(proposals.iter().all(|p| problem.space().check(&p.point).is_ok()));
            }
        }
    }
}

#[test]
fn pending_points_are_kept_away_from() {
    let problem = problem(2);
    let mut history = history(9, |_, a, b| finished([a * a + b, (1.0 - a).powi(2) + b], Some(0.0)));
    let batch = propose(&problem, &history, 3);
    for Proposal { point, fit } in batch.clone() {
        history.record(Trial { id: history.next_id(), point, fit: Some(fit), outcome: Outcome::Pending });
    }
    let next = propose(&problem, &history, 1).remove(0).point;
    let distance = |p: &Proposal| {
        let gap = |name| p.point.number(name).unwrap() - next.number(name).unwrap();
        gap("a").hypot(gap("b"))
    };
    assert!(batch.iter().all(|p| distance(p) > 1e-2));
}

#[test]
fn what_is_best_at_a_bound_is_proposed_on_it() {
    let history = history(9, |_, a, b| finished([a + b, 1.0 - a + b], Some(0.0)));
    for Proposal { point, .. } in propose(&problem(2), &history, 3) {
        assert_eq!(point.number("b"), Some(0.0), "{point:?}");
    }
}

#[test]
fn a_told_exact_zero_is_taken_for_exact_and_anything_else_is_not() {
    let wave = |a: f64, i: usize| (3.0 * a).sin() + 0.5 * (1e4 * (i * i + 1) as f64).sin();
    let noise = |sd| {
        let history = history(60, |i, a, _| finished([wave(a, i), a], sd));
        propose(&problem(1), &history, 1)[0].fit.objectives[0].noise
    };
    // With fewer trials nothing tells noise from a short lengthscale.
    let (untold, known, exact) = (noise(None), noise(Some(0.3)), noise(Some(0.0)));
    assert!(untold > 10.0 * exact, "{untold} is inferred, {exact} is the floor");
    assert!(known < untold, "what is known need not be inferred: {known} {untold}");
}

/// Other units are other numbers for the same thing. Powers of two change no digit, so not even rounding differs.
#[test]
fn units_of_the_objectives_make_no_difference() {
    let smooth = |_: usize, a: f64, b: f64| [a * a + b, (1.0 - a).powi(2) + b * b];
    let plain = history(9, |i, a, b| finished(smooth(i, a, b), None));
    let scaled = history(9, |i, a, b| {
        let [y, z] = smooth(i, a, b);
        finished([1024.0 * y, z / 64.0], None)
    });
    assert_eq!(propose(&problem(2), &plain, 2), propose(&problem(2), &scaled, 2));
}

#[test]
fn the_order_of_the_objectives_makes_no_difference() {
    let history = history(9, |_, a, b| finished([a * a + b, (1.0 - a).powi(2) + b * b], Some(0.0)));
    let space = problem(0).space().clone();
    let point = |first: &str, second: &str| {
        let problem = Problem::new(space.clone(), [minimize(first), minimize(second)]).unwrap();
        propose(&problem, &history, 1).remove(0).point
    };
    let (one, other) = (point("y0", "y1"), point("y1", "y0"));
    for name in ["a", "b"] {
        let difference = one.number(name).unwrap() - other.number(name).unwrap();
        assert!(difference.abs() < 1e-3, "{one:?} {other:?}");
    }
}

#[test]
fn very_many_trials_are_learned_from_in_part() {
    let history = history(1500, |_, a, b| finished([a * a + b, (1.0 - a).powi(2) + b * b], Some(0.0)));
    let proposals = propose(&problem(2), &history, 1);
    assert_eq!(proposals[0].fit.rule, "log-ehvi");
}

#[test]
fn until_a_trial_keeps_the_constraints_only_they_count() {
    let history = history(9, |_, a, b| finished([a + b, 1.0 - a], Some(0.0)));
    // On an objective, and on a metric that is none; the second is kept where b is far below a.
    let on_objective = problem(2).subject_to([at_most("y0", -1.0)]).unwrap();
    let on_other = problem(2).subject_to([at_least("y2", 10.0)]).unwrap();
    for problem in [on_objective, on_other] {
        assert_eq!(propose(&problem, &history, 1)[0].fit.rule, "feasibility");
    }
    let kept = problem(2).subject_to([at_most("y2", 10.0)]).unwrap();
    assert_eq!(propose(&kept, &history, 1)[0].fit.rule, "log-ehvi");
}

#[test]
fn a_preference_draws_the_search_to_its_part_of_the_front() {
    use crate::optimizer::problem::{Bound, Preference};
    let history = history(12, |_, a, b| finished([a + b, (1.0 - a) + b], Some(0.0)));
    let wish = problem(2).prefer([Preference::within("y0", Bound::AtMost(0.3))]).unwrap();
    for Proposal { point, .. } in propose(&wish, &history, 3) {
        assert!(point.number("a").unwrap() < 0.35, "{point:?}");
    }
}

#[test]
fn earlier_studies_are_learned_from_whatever_their_units() {
    use crate::optimizer::history::Earlier;
    let space = problem(2).space().clone();
    // The optimum of y0 is at a = 0.2, that of y1 at a = 0.3, both at b = 0.7.
    let losses = |p: &Point| {
        let (a, b) = (p.number("a").unwrap(), p.number("b").unwrap());
        [(a - 0.2).powi(2) + (b - 0.7).powi(2), (a - 0.3).powi(2) + (b - 0.7).powi(2)]
    };
    let mut points: Vec<Point> = Vec::new();
    for proposal in
        super::super::SobolSampler.propose(&ProposalRequest::new(&problem(2), &History::new(), 25, Seed(9))).unwrap()
    {
        points.push(proposal.point);
    }
    let trials = points.into_iter().map(|p| {
        let [y, z] = losses(&p);
        (p, Metrics::from([("y0".to_owned(), 5.0 + 100.0 * y), ("y1".to_owned(), 3.0 * z)]))
    });
    let mut history = History::new();
    history.learn_from(Earlier { name: "before".to_owned(), trials: trials.collect() });
    let mut best = f64::INFINITY;
    for id in 0..8 {
        let Proposal { point, fit } =
            propose(&Problem::new(space.clone(), [minimize("y0"), minimize("y1")]).unwrap(), &history, 1).remove(0);
        assert_eq!(fit.rule == "earlier", id == 0 || fit.rule == "earlier", "{fit:?}");
        let [y, z] = losses(&point);
        best = best.min(y + z);
        let outcome = finished([y, z], Some(0.0));
        history.record(Trial { id: TrialId(id), point, fit: Some(fit), outcome });
    }
    assert!(best < 0.01, "{best}");
}
