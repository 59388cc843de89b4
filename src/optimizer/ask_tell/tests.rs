use serde::Deserialize;

use super::super::problem::{Bound, Preference, ProblemError};
use super::super::problem::{at_most, maximize, minimize};
use super::super::sampler::{NAMES, RandomSampler, Settings, by_name};
use super::super::space::{ParseError, Space, choice, float, int};
use super::*;

fn optimizer() -> Optimizer {
    let space = Space::new([int("x", 0..=2)]).unwrap();
    Optimizer::new(Problem::new(space, [maximize("a"), minimize("e").log()]).unwrap(), RandomSampler, Seed(1))
}

#[test]
fn asks_until_the_space_is_used_up() {
    let mut optimizer = optimizer();
    let asked: Vec<_> = (0..3).map(|_| optimizer.ask().unwrap()).collect();
    assert_eq!(asked.iter().map(PendingTrial::id).collect::<Vec<_>>(), [0, 1, 2].map(TrialId));
    assert_eq!(optimizer.ask(), Err(OptimizerError::Sampler(SamplerError::Exhausted)));
    assert_eq!(optimizer.history().next_id(), TrialId(3));
}

#[test]
fn refuses_what_cannot_be_told_and_keeps_the_trial_pending() {
    let mut optimizer = optimizer();
    let id = optimizer.ask().unwrap().id();
    let error = |o: &mut Optimizer, m: &[(&str, f64)]| o.tell(id, m.iter().copied()).unwrap_err().to_string();
    let messages = [
        error(&mut optimizer, &[("a", 1.0)]),
        error(&mut optimizer, &[("a", f64::NAN), ("e", 1.0)]),
        error(&mut optimizer, &[("a", 1.0), ("e", 0.0)]),
    ];
    assert!(messages[0].contains("`e` was not reported"), "{}", messages[0]);
    assert!(messages[1].contains("NaN"), "{}", messages[1]);
    assert!(messages[2].contains("log scale"), "{}", messages[2]);
    let sd = optimizer.tell(id, [("a", 1.0.into()), ("e", Measured::new(1.0, -1.0))]);
    assert!(matches!(sd, Err(OptimizerError::StandardDeviation { .. })));
    let twice = optimizer.tell(id, [("a", 1.0), ("e", 1.0), ("a", 2.0)]).unwrap_err();
    assert_eq!(twice, OptimizerError::RepeatedMetric { metric: "a".to_owned() });
    assert_eq!(optimizer.history().get(id).unwrap().outcome, Outcome::Pending);
    optimizer.tell(id, [("a", 1.0), ("e", 1.0)]).unwrap();
    assert_eq!(optimizer.tell(id, [("a", 1.0), ("e", 1.0)]), Err(OptimizerError::AlreadyTold { id }));
    assert_eq!(optimizer.fail(TrialId(9), FailureKind::Diverged), Err(OptimizerError::UnknownTrial { id: TrialId(9) }));
}

#[test]
fn failures_of_the_configuration_stay_and_those_of_the_environment_go() {
    let mut optimizer = optimizer();
    let (a, b) = (optimizer.ask().unwrap(), optimizer.ask().unwrap());
    optimizer.fail(a.id(), FailureKind::OutOfMemory).unwrap();
    optimizer.fail(b.id(), FailureKind::WorkerLost).unwrap();
    assert_eq!(optimizer.history().trials().len(), 1);
    let rest = optimizer.ask_many(5).unwrap();
    assert_eq!(rest.iter().map(PendingTrial::id).collect::<Vec<_>>(), [2, 3].map(TrialId));
    assert!(rest.iter().any(|r| r.point() == b.point()));
    assert!(rest.iter().all(|r| r.point() != a.point()));
}

#[test]
fn what_is_no_number_and_no_objective_is_left_out() {
    let mut optimizer = optimizer();
    let id = optimizer.ask().unwrap().id();
    optimizer.tell(id, [("a", 0.5), ("e", 1.0), ("loss", f64::NAN), ("f1", f64::INFINITY), ("size", 3.0)]).unwrap();
    let Outcome::Finished { metrics, .. } = &optimizer.history().get(id).unwrap().outcome else { panic!("finished") };
    assert_eq!(metrics.keys().collect::<Vec<_>>(), ["a", "e", "size"]);
}

#[test]
fn points_brought_by_the_user_count_and_the_front_is_sorted() {
    let mut optimizer = optimizer();
    for (x, a, e) in [(0, 0.5, 1.0), (1, 0.9, 10.0), (2, 0.4, 2.0)] {
        optimizer.tell_point(Point::from_iter([("x", x)]), [("a", a), ("e", e)]).unwrap();
    }
    assert_eq!(optimizer.front().iter().map(|t| t.id).collect::<Vec<_>>(), [1, 0].map(TrialId));
    assert!(optimizer.hypervolume() > 0.0);
    let wrong = optimizer.tell_point(Point::from_iter([("x", 7)]), [("a", 1.0), ("e", 1.0)]);
    assert!(matches!(wrong, Err(OptimizerError::Point(_))));
    optimizer.freeze_reference();
    let frozen = optimizer.history().reference().unwrap().to_vec();
    assert_eq!(Some(frozen), reference_point(optimizer.problem(), optimizer.history()));
}

#[test]
fn a_stored_problem_without_sense_is_named() {
    let json = r#"{"space":[{"name":"x","domain":{"type":"int","low":0,"high":2,"scale":"linear","step":1}}],"objectives":[]}"#;
    let mut none = Optimizer::new(serde_json::from_str(json).unwrap(), RandomSampler, Seed(1));
    assert_eq!(none.ask(), Err(OptimizerError::Problem(ProblemError::NoObjective)));
}

#[test]
fn uncertainty_comes_with_the_value() {
    let mut optimizer = optimizer();
    let told = [("a", Measured::from(0.5)), ("e", Measured::new(3.0, 0.25)), ("size", Measured::exact(7.0))];
    let id = optimizer.ask().unwrap().id();
    optimizer.tell(id, told).unwrap();
    let Outcome::Finished { metrics, sd } = &optimizer.history().get(id).unwrap().outcome else { panic!("finished") };
    assert_eq!(metrics.len(), 3);
    assert_eq!(sd.iter().map(|(k, v)| (k.as_str(), *v)).collect::<Vec<_>>(), [("e", 0.25), ("size", 0.0)]);
}

#[test]
fn trials_become_the_users_own_types() {
    #[derive(Deserialize)]
    struct Config {
        x: u8,
        m: Option<f64>,
    }
    let space = Space::new([int("x", 3..=3), choice("k", ["a"]), float("m", 0.0..=1.0).when("x", [3])]).unwrap();
    let mut optimizer = Optimizer::new(Problem::new(space, [maximize("a")]).unwrap(), RandomSampler, Seed(1));
    let trial = optimizer.ask().unwrap();
    let config: Config = trial.parse().unwrap();
    assert_eq!((config.x, trial.get::<usize>("x").unwrap()), (3, 3));
    assert_eq!(config.m, trial.get::<Option<f64>>("m").unwrap());
    assert_eq!(trial.get::<f64>("xx").unwrap_err().help().as_deref(), Some("did you mean `x`?"));
    assert_eq!(trial.seed(), Seed(1).of_trial(0));
}

#[test]
fn the_best_and_the_knee_keep_constraints_and_preferences() {
    let space = Space::new([int("x", 0..=9)]).unwrap();
    let problem = Problem::new(space, [maximize("a"), minimize("e")]).unwrap();
    let problem = problem.subject_to([at_most("ram", 8.0)]).unwrap();
    let tell = |problem: Problem, values: &[(i64, f64, f64, f64)]| {
        let mut optimizer = Optimizer::new(problem, RandomSampler, Seed(1));
        for &(x, a, e, ram) in values {
            optimizer.tell_point(Point::from_iter([("x", x)]), [("a", a), ("e", e), ("ram", ram)]).unwrap();
        }
        optimizer
    };
    let values = [(0, 0.1, 1.0, 1.0), (1, 0.8, 2.0, 1.0), (2, 0.9, 9.0, 1.0), (3, 0.95, 0.5, 9.0), (4, 0.85, 3.5, 1.0)];
    let plain = tell(problem.clone(), &values);
    assert_eq!((plain.best("a").unwrap().id, plain.best("e").unwrap().id), (TrialId(2), TrialId(0)));
    assert_eq!(plain.knee().map(|trial| trial.id), Some(TrialId(1)));
    let within = problem.clone().prefer([Preference::within("a", Bound::AtLeast(0.82))]).unwrap();
    let weighted = within.prefer([Preference::weight("e", 3.0)]).unwrap();
    assert_eq!(tell(weighted, &values).knee().map(|trial| trial.id), Some(TrialId(4)));
    let nothing = tell(problem, &values[3..4]);
    assert_eq!((nothing.best("a"), nothing.knee()), (Err(OptimizerError::NothingFinished), None));
    let unknown = nothing.best("ee").unwrap_err();
    assert_eq!(unknown.help().as_deref(), Some("did you mean `e`?"), "{unknown}");
}

/// A space with a condition, three kinds of outcomes, pending trials, and a failure that was given up.
#[test]
fn a_restored_optimizer_proposes_what_the_uninterrupted_one_would_have_proposed() {
    let space = Space::new([
        float("rate", 1e-5..=0.1).log(),
        choice("kind", ["sgd", "adam"]),
        float("m", 0.0..=0.9).when("kind", ["sgd"]),
    ]);
    let problem = Problem::new(space.unwrap(), [maximize("a"), minimize("e").log()]).unwrap();
    let problem = problem.subject_to([at_most("e", 40.0)]).unwrap();
    let sampler =
        |name: &str| by_name(name, &Settings { initial: Some(4), population: Some(4), ..Settings::default() }).unwrap();
    let step = |optimizer: &mut Optimizer| {
        let asked = optimizer.ask_many(2).unwrap();
        let trial = &asked[0];
        match trial.id().0 % 7 {
            5 => optimizer.fail(trial.id(), FailureKind::OutOfMemory).unwrap(),
            6 => optimizer.fail(trial.id(), FailureKind::WorkerLost).unwrap(),
            _ => {
                let rate = trial.get::<f64>("rate").unwrap();
                let m = trial.get::<Option<f64>>("m").unwrap().unwrap_or(0.3);
                let told = [
                    ("a", Measured::from(m - (rate.log10() + 3.0).powi(2) / 3.0)),
                    ("e", Measured::new(9.0 + 1.0 / (m + 0.1), 0.1)),
                ];
                optimizer.tell(trial.id(), told).unwrap();
            }
        }
        asked
    };
    for name in NAMES {
        let mut whole = Optimizer::new(problem.clone(), sampler(name), Seed(5));
        for _ in 0..5 {
            step(&mut whole);
        }
        whole.freeze_reference();
        let saved = serde_json::to_string(&whole.save()).unwrap();
        let state: OptimizerState = serde_json::from_str(&saved).unwrap();
        assert_eq!((&state, state.sampler()), (&whole.save(), name));
        let mut restored = Optimizer::restore(state, sampler(name)).unwrap();
        for _ in 0..2 {
            assert_eq!(step(&mut restored), step(&mut whole), "{name}");
        }
        assert_eq!(restored.history(), whole.history(), "{name}");
    }
}

#[test]
fn a_state_of_another_sampler_or_a_later_version_is_refused() {
    let saved = serde_json::to_value(optimizer().save()).unwrap();
    let restore = |key: &str, value: serde_json::Value| {
        let mut saved = saved.clone();
        saved[key] = value;
        Optimizer::restore(serde_json::from_value(saved).unwrap(), RandomSampler).unwrap_err().to_string()
    };
    assert!(restore("sampler", "gp".into()).contains("its sampler is `gp`, and not `random`"));
    assert!(restore("version", 2.into()).contains("format 2"));
}

#[derive(Debug, thiserror::Error)]
#[error("the child is gone")]
struct Gone(#[source] FailureKind);

#[test]
fn a_run_tells_what_finishes_and_what_fails_by_its_kind() {
    let space = || Space::new([int("x", 0..=9)]).unwrap();
    let problem = || Problem::new(space(), [maximize("a").log()]).unwrap();
    let mut optimizer = Optimizer::new(problem(), RandomSampler, Seed(1));
    let mut lost = None;
    let summary = optimizer.run(40, |trial| -> Result<_, Box<dyn std::error::Error>> {
        match trial.get::<usize>("x")? {
            0 => Err("no such file".into()),
            1 => Err(FailureKind::OutOfMemory.into()),
            2 if lost.is_none() => {
                lost = Some(trial.id());
                Err(Gone(FailureKind::WorkerLost).into())
            }
            3 => Ok([("a", f64::NAN)]),
            4 => Ok([("a", 0.0)]),
            x => Ok([("a", x as f64)]),
        }
    });
    let summary = summary.unwrap();
    assert_eq!((summary.finished, summary.exhausted, optimizer.history().trials().len()), (6, true, 10));
    let mut kinds: Vec<_> =
        summary.failed.iter().map(|failed| (failed.kind.label(), failed.message.as_str())).collect();
    kinds.sort_unstable();
    assert_eq!(
        kinds.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(),
        ["bad metrics", "bad metrics", "exit", "out of memory", "worker lost"]
    );
    assert!(
        kinds.contains(&("exit", "no such file")) && kinds.contains(&("worker lost", "the child is gone")),
        "{kinds:?}"
    );
    assert_eq!(optimizer.history().get(lost.unwrap()), None, "its point was free to be tried again");

    let mut optimizer = Optimizer::new(problem(), RandomSampler, Seed(1));
    let all = optimizer.run(3, |_| Err::<[(&str, f64); 1], _>("no such file")).unwrap_err();
    assert_eq!(all.to_string(), "all 3 trials failed, the first one (0) by: no such file");
    let lost = optimizer.run(30, |_| Err::<[(&str, f64); 1], _>(FailureKind::Device)).unwrap_err();
    assert!(matches!(&lost, OptimizerError::Environment { trials: 5, id: TrialId(7), .. }), "{lost}");
    let missing = optimizer.run(1, |_| Ok::<_, FailureKind>([("b", 1.0)])).unwrap_err();
    assert!(missing.to_string().contains("`a` was not reported"), "{missing}");
    assert_eq!(optimizer.history().get(TrialId(8)).unwrap().outcome, Outcome::Pending);
}

#[derive(Debug, thiserror::Error)]
#[error("the configuration cannot be made")]
struct Unmade(#[source] ParseError);

#[test]
fn a_mistake_of_the_program_ends_a_run_and_costs_no_trial() {
    let mut optimizer = optimizer();
    let mut calls = 0;
    let typo = optimizer.run(3, |trial| {
        calls += 1;
        let x: f64 = trial.get("xx")?;
        Ok::<_, ParseError>([("a", x), ("e", 1.0)])
    });
    let typo = typo.unwrap_err();
    assert!(matches!(&typo, OptimizerError::Parse { id: TrialId(0), cause: ParseError::Unknown { .. } }), "{typo}");
    assert_eq!(typo.help().as_deref(), Some("did you mean `x`?"));
    assert!(typo.to_string().contains("`xx`"), "{typo}");
    let wrong_type = optimizer.run(3, |trial| -> Result<[(&str, f64); 2], Unmade> {
        calls += 1;
        trial.get::<bool>("x").map_err(Unmade)?;
        Ok([("a", 1.0), ("e", 1.0)])
    });
    let wrong_type = wrong_type.unwrap_err();
    assert!(matches!(&wrong_type, OptimizerError::Parse { cause: ParseError::Type { .. }, .. }), "{wrong_type}");
    assert_eq!((calls, optimizer.history().trials().len()), (2, 0), "no point is lost");
    let finished = optimizer.run(9, |_| Ok::<_, ParseError>([("a", 1.0), ("e", 1.0)])).unwrap();
    assert_eq!((finished.finished, finished.exhausted), (3, true));
}

#[test]
fn the_advice_of_our_own_errors_is_part_of_what_failed() {
    let mut outer = optimizer();
    let failed = outer.run(1, |_| -> Result<[(&str, f64); 2], _> {
        let inner = optimizer();
        Err(inner.best("aa").map(drop).unwrap_err())
    });
    let failed = failed.unwrap_err().to_string();
    assert!(failed.ends_with("; did you mean `a`?"), "{failed}");
}

#[test]
fn a_panic_passes_through_a_run_and_leaves_no_trial_pending() {
    let mut optimizer = optimizer();
    let run = std::panic::AssertUnwindSafe(|| {
        optimizer.run(3, |_| -> Result<[(&str, f64); 2], FailureKind> { panic!("index") })
    });
    assert!(std::panic::catch_unwind(run).is_err());
    assert_eq!(optimizer.history().get(TrialId(0)).unwrap().outcome, Outcome::Failed(FailureKind::Panic));
}

#[test]
fn names_that_nobody_can_read_are_refused() {
    for name in ["", "rate\n", "\u{1b}[31mrate"] {
        let error = Space::new([float(name, 0.0..=1.0)]).unwrap_err();
        assert_eq!(error.parameter(), Some(name));
        assert!(!error.to_string().contains(char::is_control) && error.help().is_some(), "{error}");
        let space = || Space::new([float("my rate", 0.0..=1.0)]).unwrap();
        let error = Problem::new(space(), [maximize(name)]).unwrap_err();
        assert_eq!(error, ProblemError::MetricName { metric: name.to_owned() });
        assert!(!error.to_string().contains(char::is_control) && error.help().is_some(), "{error}");
        let bounded = Problem::new(space(), [maximize("my metric")]).unwrap().subject_to([at_most(name, 1.0)]);
        assert!(bounded.is_err());
    }
}
