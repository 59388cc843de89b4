use proptest::prelude::*;

use super::*;
use crate::analysis::fixture::{StudyFixture, counters, digits_point, digits_problem, estimate};
use crate::energy::units::WindowEnergy;
use crate::optimizer::history::FailureKind;
use crate::optimizer::problem::{Problem, at_least, at_most, maximize, minimize};

/// Accuracy and joules of the trials of one run; a failure has no accuracy.
pub(crate) type Trials = Vec<(Option<f64>, f64)>;

fn problem() -> Problem {
    Problem::new(
        digits_problem().space().clone(),
        [maximize("accuracy").reference(0.0), minimize("energy").reference(100.0)],
    )
    .unwrap()
}

fn study(problem: Problem, trials: &Trials, energy: fn(f64) -> WindowEnergy) -> StudyRecord {
    let mut fixture = StudyFixture::new("comparison", problem);
    for (i, (accuracy, joules)) in trials.iter().enumerate() {
        let point = digits_point(1e-3, 8 + i as i64, 16, None);
        fixture = match accuracy {
            Some(accuracy) => fixture.finish(point, [("accuracy", *accuracy)], Some(energy(*joules))),
            None => fixture.fail(point, FailureKind::Diverged, "NaN", Some(energy(*joules))),
        };
    }
    fixture.record()
}

fn comparison_of(
    samplers: &[(&str, Vec<Trials>)],
    energy: fn(f64) -> WindowEnergy,
) -> Result<Comparison, AnalysisError> {
    let settings = ComparisonSettings { name: "comparison".to_owned(), ..ComparisonSettings::default() };
    comparison_with(samplers, |_| energy, &settings)
}

fn comparison_with(
    samplers: &[(&str, Vec<Trials>)],
    energy: impl Fn(u64) -> fn(f64) -> WindowEnergy,
    settings: &ComparisonSettings,
) -> Result<Comparison, AnalysisError> {
    let records: Vec<(&str, u64, StudyRecord)> = samplers
        .iter()
        .flat_map(|(name, runs)| runs.iter().enumerate().map(move |(i, trials)| (*name, i as u64, trials)))
        .map(|(name, seed, trials)| (name, seed, study(problem(), trials, energy(seed))))
        .collect();
    let run = |(sampler, seed, record)| ComparedRun { sampler, seed, record, complete: true };
    let runs: Vec<_> = records.iter().map(|(sampler, seed, record)| run((*sampler, *seed, record))).collect();
    Comparison::of(&runs, settings)
}

/// Three samplers on eight seeds: `gp` better than `random`, `sobol` far worse, with some failures.
pub(crate) fn sample(energy: fn(f64) -> WindowEnergy) -> Comparison {
    let run = |seed: u32, scale: f64, speed: f64| -> Trials {
        let trial = |i: u32| {
            let wave = f64::from((seed * 7 + i * 5) % 11) / 11.0;
            let reached = 1.0 - (-speed * f64::from(i + 1)).exp();
            let accuracy = scale * (0.4 + 0.6 * reached) * (0.85 + 0.15 * wave);
            let failed = (seed + i) % 9 == 5;
            ((!failed).then_some(accuracy), 4.0 + 30.0 * accuracy * (1.2 - wave))
        };
        (0..12).map(trial).collect()
    };
    let runs = |scale: f64, speed: f64| (0..8).map(|seed| run(seed, scale, speed)).collect::<Vec<_>>();
    let samplers = [("gp", runs(0.97, 0.6)), ("random", runs(0.9, 0.2)), ("sobol", runs(0.5, 0.2))];
    comparison_of(&samplers, energy).expect("a sound comparison")
}

/// Two samplers with one seed.
pub(crate) fn single_seed() -> Comparison {
    comparison_of(&[("gp", vec![climb(&[0.2, 0.5])]), ("sobol", vec![climb(&[0.3, 0.4])])], counters).expect("sound")
}

/// Two samplers with two seeds on three objectives, of which nothing is given.
pub(crate) fn three_objectives() -> Comparison {
    let problem = || {
        Problem::new(
            digits_problem().space().clone(),
            [maximize("accuracy"), minimize("energy"), minimize("parameters")],
        )
        .unwrap()
    };
    let record = |best: f64| {
        let mut fixture = StudyFixture::new("three", problem());
        for i in 1..5 {
            let point = digits_point(1e-3, 8 + i64::from(i), 16, None);
            let metrics = [("accuracy", best - 0.1 / f64::from(i)), ("parameters", 100.0 * f64::from(i))];
            fixture = fixture.finish(point, metrics, Some(counters(f64::from(i))));
        }
        fixture.record()
    };
    let records =
        [("gp", 1, record(0.9)), ("gp", 2, record(0.8)), ("random", 1, record(0.7)), ("random", 2, record(0.8))];
    let runs: Vec<_> = records
        .iter()
        .map(|(sampler, seed, record)| ComparedRun { sampler, seed: *seed, record, complete: true })
        .collect();
    let settings = ComparisonSettings { name: "three".to_owned(), ..ComparisonSettings::default() };
    Comparison::of(&runs, &settings).expect("a sound comparison")
}

/// Accuracies at a tenth of the reference's joules each, so that the best accuracy is nine tenths of the hypervolume.
fn climb(accuracies: &[f64]) -> Trials {
    accuracies.iter().map(|a| (Some(*a), 10.0)).collect()
}

#[test]
fn the_speed_up_is_where_the_baseline_ends_over_where_the_sampler_gets_there() {
    let random = vec![climb(&[0.1, 0.2, 0.3, 0.4]), climb(&[0.1, 0.4, 0.2, 0.2]), climb(&[0.1, 0.1, 0.4, 0.1])];
    let gp = vec![climb(&[0.5, 0.6, 0.6, 0.6]), climb(&[0.1, 0.6, 0.6, 0.6]), climb(&[0.1, 0.2, 0.3, 0.3])];
    let comparison = comparison_of(&[("gp", gp), ("random", random)], counters).unwrap();
    assert_eq!((comparison.baseline.as_str(), comparison.seeds.len()), ("random", 3));
    assert!((comparison.target.unwrap() - 0.4 * 90.0).abs() < 1e-9);
    let gp = &comparison.samplers[0];
    assert_eq!(gp.reached, 2);
    let trials = gp.trials_to_target.unwrap();
    assert_eq!((trials.lower, trials.median, trials.upper), (1.0, 2.0, f64::INFINITY));
    // The fixture spends a quarter more than the trial itself: start-up.
    assert_eq!(gp.joules_to_target.unwrap().median, 25.0);
    let versus = gp.versus.as_ref().unwrap();
    // Four trials against one, two against two, three against never.
    let speedup = versus.trials_speedup.unwrap();
    assert_eq!((speedup.lower, speedup.median, versus.reached), (0.0, 1.0, 2));
    assert_eq!(versus.joules_speedup.unwrap().median, 1.0);
    assert_eq!((versus.wins, versus.ties, versus.losses), (2, 0, 1));
    assert_eq!(comparison.baseline().unwrap().versus, None);
    assert_eq!(comparison.baseline().unwrap().reached, 3);
}

#[test]
fn failed_trials_spend_joules_and_add_nothing() {
    let random = vec![vec![(None, 40.0), (Some(0.5), 10.0)]];
    let gp = vec![vec![(Some(0.5), 10.0), (None, 40.0)]];
    let comparison = comparison_of(&[("random", random), ("gp", gp)], counters).unwrap();
    let [random, gp] = [&comparison.courses[0], &comparison.courses[1]];
    assert_eq!(random.hypervolume(), gp.hypervolume());
    // The fixture adds start-up to finished trials alone.
    assert_eq!(random.joules_to(random.hypervolume()), Some(52.5));
    assert_eq!(gp.joules_to(random.hypervolume()), Some(12.5));
    assert_eq!((random.after_joules(52.4), random.failures()), (0.0, 1));
    assert_eq!(comparison.samplers[1].versus.as_ref().unwrap().trials_speedup.unwrap().median, 2.0);
}

#[test]
fn one_reference_point_for_all_runs_is_the_worst_of_their_own() {
    let free = Problem::new(digits_problem().space().clone(), [maximize("accuracy"), minimize("energy")]).unwrap();
    let records = [vec![(Some(0.2), 1.0)], vec![(Some(0.9), 50.0)]].map(|t| study(free.clone(), &t, counters));
    let runs: Vec<_> = ["a", "b"]
        .iter()
        .zip(&records)
        .map(|(sampler, record)| ComparedRun { sampler, seed: 1, record, complete: true })
        .collect();
    let comparison = Comparison::of(&runs, &ComparisonSettings::default()).unwrap();
    let own = |loss: [f64; 2]| crate::optimizer::pareto::infer_reference(&[loss]).unwrap();
    // The worst of both in each objective.
    assert_eq!(comparison.reference, [own([-0.2, 1.0])[0], own([-0.9, 50.0])[1]]);
    assert!(!comparison.reference_is_given && comparison.courses.iter().all(|c| c.hypervolume() > 0.0));
    assert_eq!(comparison.baseline, "a", "without random the first named is the baseline");
}

#[test]
fn what_breaks_a_constraint_adds_nothing_and_has_not_failed() {
    let bounded = problem().subject_to([at_most("accuracy", 0.5)]).unwrap();
    let record = study(bounded, &climb(&[0.4, 0.9]), counters);
    let run = |sampler| ComparedRun { sampler, seed: 1, record: &record, complete: true };
    let comparison = Comparison::of(&[run("gp"), run("random")], &ComparisonSettings::default()).unwrap();
    let course = &comparison.courses[0];
    assert_eq!((course.steps.len(), course.failures(), &course.front), (2, 0, &vec![vec![-0.4, 10.0]]));
    assert!((course.hypervolume() - 36.0).abs() < 1e-9);
}

#[test]
fn only_seeds_that_all_have_completed_count() {
    let record = study(problem(), &climb(&[0.5]), counters);
    let run = |sampler, seed, complete| ComparedRun { sampler, seed, record: &record, complete };
    let runs = [run("gp", 1, true), run("random", 1, true), run("random", 2, true), run("gp", 2, false)];
    let comparison = Comparison::of(&runs, &ComparisonSettings::default()).unwrap();
    assert_eq!(comparison.seeds, [1]);
    assert_eq!(comparison.left_out, [("random".to_owned(), 2), ("gp".to_owned(), 2)]);
    assert_eq!(comparison.courses.len(), 2);
    assert_eq!(Comparison::of(&runs[2..], &ComparisonSettings::default()), Err(AnalysisError::NoCommonSeed));
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let record = study(problem(), &climb(&[0.5]), counters);
    let failed = study(problem(), &vec![(None, 1.0)], counters);
    let base = problem();
    let more = base.objectives().iter().cloned().chain([minimize("parameters")]);
    let more = Problem::new(base.space().clone(), more).unwrap();
    let other = study(more, &climb(&[0.5]), counters);
    let run = |sampler, record| ComparedRun { sampler, seed: 1, record, complete: true };
    let of = |runs: &[ComparedRun<'_>]| Comparison::of(runs, &ComparisonSettings::default()).unwrap_err().to_string();
    assert!(of(&[]).contains("there is none"));
    assert!(of(&[run("gp", &record)]).contains("only `gp`"));
    assert!(of(&[run("gp", &record), run("gp", &record)]).contains("there twice"));
    assert!(of(&[run("gp", &record), run("random", &other)]).contains("other objectives"));
    assert!(of(&[run("gp", &failed), run("random", &failed)]).contains("no trial of any run has finished"));
    let settings = ComparisonSettings { baseline: Some("tpe".to_owned()), ..ComparisonSettings::default() };
    let unknown = Comparison::of(&[run("gp", &record), run("random", &record)], &settings).unwrap_err();
    assert!(unknown.to_string().contains("`tpe` is none of the samplers that are compared"));
}

#[test]
fn joules_of_different_origin_are_not_compared() {
    let runs = || vec![climb(&[0.5]), climb(&[0.6])];
    let mixed = |seed: u64| if seed == 0 { counters as fn(f64) -> WindowEnergy } else { estimate };
    let comparison =
        comparison_with(&[("gp", runs()), ("random", runs())], mixed, &ComparisonSettings::default()).unwrap();
    assert!(matches!(&comparison.energy, ComparedEnergy::Mixed { provenances } if provenances.len() == 2));
    let gp = &comparison.samplers[0];
    assert!(gp.joules_to_target.is_none() && gp.over_joules.is_none() && gp.joules.is_none());
    assert!(comparison.fronts_are_mixed() && comparison.is_estimated());
    assert_eq!((gp.versus.is_none(), comparison.verdict_of(gp)), (true, Some(Verdict::NotComparable)));
    assert_eq!((comparison.target, gp.trials_to_target), (None, None));
    assert!(comparison.sentence().contains("neither the hypervolumes nor the joules of the runs can be compared"));
}

/// Two runs with one seed.
fn duel(gp: &StudyRecord, random: &StudyRecord) -> Comparison {
    let run = |sampler, record| ComparedRun { sampler, seed: 1, record, complete: true };
    Comparison::of(&[run("gp", gp), run("random", random)], &ComparisonSettings::default()).unwrap()
}

#[test]
fn fronts_are_mixed_by_what_decides_over_them_and_not_by_what_was_spent() {
    let (ours, theirs) = (climb(&[0.5]), climb(&[0.6]));
    let without =
        || Problem::new(digits_problem().space().clone(), [maximize("accuracy"), minimize("parameters")]).unwrap();
    let run = |problem: Problem, energy: fn(f64) -> WindowEnergy| {
        let metrics = [("accuracy", 0.5), ("parameters", 9.0)];
        let point = digits_point(1e-3, 8, 16, None);
        StudyFixture::new("comparison", problem).finish(point, metrics, Some(energy(10.0))).record()
    };
    let plain = duel(&run(without(), counters), &run(without(), estimate));
    assert!(!plain.fronts_are_mixed() && !plain.energy.is_comparable());
    assert!(plain.samplers[0].versus.is_some());
    let bounded = || without().subject_to([at_most("energy", 100.0)]).unwrap();
    assert!(duel(&run(bounded(), counters), &run(bounded(), estimate)).fronts_are_mixed());
    let alike = duel(&study(problem(), &ours, counters), &study(problem(), &theirs, counters));
    assert!(!alike.fronts_are_mixed());
}

#[test]
fn missing_joules_are_not_zero() {
    let lost = |n: usize| {
        let mut fixture = StudyFixture::new("comparison", problem());
        for _ in 0..n {
            fixture = fixture.fail(digits_point(1e-3, 8, 16, None), FailureKind::Diverged, "NaN", None);
        }
        fixture.finish(digits_point(1e-3, 9, 16, None), [("accuracy", 0.6)], Some(counters(10.0))).record()
    };
    let comparison = duel(&lost(2), &lost(0));
    assert!(matches!(comparison.energy, ComparedEnergy::Incomplete { unknown: 2, .. }), "{:?}", comparison.energy);
    assert_eq!(comparison.energy.to_string(), "2 attempts unknown (gpu+cpu, counter)");
    assert_eq!((comparison.courses[0].joules(), comparison.courses[1].joules()), (None, Some(12.5)));
    for compared in &comparison.samplers {
        assert!(compared.joules_to_target.is_none() && compared.over_joules.is_none() && compared.joules.is_none());
    }
    let versus = comparison.samplers[0].versus.as_ref().unwrap();
    assert!(versus.joules_speedup.is_none() && versus.trials_speedup.is_some());
}

#[test]
fn where_nothing_counts_it_is_said_why() {
    let out_of_reach = || problem().subject_to([at_least("accuracy", 0.9)]).unwrap();
    let record = study(out_of_reach(), &climb(&[0.5, 0.6]), counters);
    let comparison = duel(&record, &record);
    assert_eq!((comparison.courses[0].infeasible(), comparison.courses[0].failures()), (2, 0));
    assert!(comparison.sentence().contains("no trial of any run keeps all constraints"), "{}", comparison.sentence());
    let dear = study(problem(), &vec![(Some(0.5), 500.0)], counters);
    let comparison = duel(&dear, &dear);
    assert!(comparison.sentence().contains("no run has found anything within the reference point"));
    assert!(comparison.why_no_target().unwrap().contains("random"));
}

#[test]
fn other_machines_are_told() {
    let one = study(problem(), &climb(&[0.5]), counters);
    let mut other = StudyFixture::new("comparison", problem());
    let mut environment = one.sessions()[0].environment.clone();
    environment.cpu = "another".to_owned();
    other.push(crate::record::Event::SessionStarted { environment });
    let other = other.finish(digits_point(1e-3, 8, 16, None), [("accuracy", 0.5)], Some(counters(10.0))).record();
    assert_eq!(duel(&one, &one).environments.len(), 1);
    let comparison = duel(&one, &other);
    assert_eq!(comparison.environments.len(), 2);
    assert!(comparison.sentence().ends_with("; the runs come from 2 different machines, GPUs or versions"));
}

#[test]
fn p_values_show_on_which_side_of_the_level_they_are() {
    let shown: Vec<_> = [0.0004, 0.0312, 0.0499, 0.04999, 0.05, 0.0502, 0.3].map(p_value).into();
    assert_eq!(shown, ["< 0.001", "0.031", "0.0499", "0.04999", "0.05", "0.0502", "0.3"]);
}

#[test]
fn fewer_trials_can_be_looked_at_than_there_are() {
    let runs = || vec![climb(&[0.1, 0.2, 0.9])];
    let settings = ComparisonSettings { trials: Some(2), ..ComparisonSettings::default() };
    let comparison = comparison_with(&[("gp", runs()), ("random", runs())], |_| counters, &settings).unwrap();
    let course = &comparison.courses[0];
    assert_eq!((course.steps.len(), course.joules()), (2, Some(25.0)));
    assert!((course.hypervolume() - 18.0).abs() < 1e-9);
    assert_eq!(course.spent.as_ref().unwrap().joules.0, 25.0);
}

#[test]
fn curves_and_surfaces_are_those_of_the_runs() {
    let random = vec![climb(&[0.1, 0.2]), climb(&[0.3, 0.4]), climb(&[0.5, 0.6])];
    let gp = vec![climb(&[0.7]), climb(&[0.7]), climb(&[0.7])];
    let comparison = comparison_of(&[("random", random), ("gp", gp)], counters).unwrap();
    let random = &comparison.samplers[0];
    let medians: Vec<f64> = random.over_trials.iter().map(|p| (p.hypervolume.median / 9.0).round() / 10.0).collect();
    assert_eq!(medians, [0.0, 0.3, 0.4]);
    let joules = random.over_joules.as_ref().unwrap();
    assert_eq!((joules[0].at, joules.last().unwrap().at), (0.0, 25.0));
    assert_eq!(joules.last().unwrap().hypervolume, random.over_trials.last().unwrap().hypervolume);
    // The curve of the other ends where its runs end.
    assert_eq!(comparison.samplers[1].over_joules.as_ref().unwrap().last().unwrap().at, 12.5);
    assert_eq!(random.surfaces.as_ref().unwrap().median, [[-0.4, 10.0]]);
    assert_eq!(random.surfaces.as_ref().unwrap().best, [[-0.6, 10.0]]);
    assert_eq!(random.surfaces.as_ref().unwrap().worst, [[-0.2, 10.0]]);
}

#[test]
fn sentences() {
    let base = |n: usize| (0..n).map(|i| climb(&[0.1, 0.3 + 0.01 * i as f64])).collect::<Vec<_>>();
    let shifted = |n: usize, by: f64| (0..n).map(|i| climb(&[0.3 + 0.01 * i as f64 + by, 0.2])).collect::<Vec<_>>();
    let mixed = |n: usize| {
        (0..n).map(|i| climb(&[0.3 + 0.01 * i as f64 + if i % 2 == 0 { 0.021 } else { -0.02 }])).collect::<Vec<_>>()
    };
    let sentence = |samplers: &[(&str, Vec<Trials>)], energy| comparison_of(samplers, energy).unwrap().sentence();
    let all = [
        sentence(&[("gp", shifted(10, 0.1)), ("random", base(10))], counters),
        sentence(
            &[("gp", shifted(10, 0.1)), ("random", base(10)), ("tpe", mixed(10)), ("grid", shifted(10, -0.05))],
            estimate,
        ),
        sentence(&[("gp", mixed(8)), ("random", base(8))], counters),
        sentence(&[("gp", base(8)), ("random", base(8))], counters),
        sentence(&[("gp", shifted(5, 0.1)), ("random", base(5))], counters),
        sentence(&[("gp", shifted(6, 0.1)), ("random", base(6)), ("tpe", base(6))], counters),
        sentence(&[("gp", shifted(1, 0.1)), ("random", base(1))], estimate),
        sentence(&[("gp", shifted(7, 0.1)), ("sobol", base(7))], counters),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

proptest! {
    #[test]
    fn every_run_has_a_volume_before_an_inferred_reference(
        runs in proptest::collection::vec(proptest::collection::vec((0.01..1.0f64, 0.1..99.0f64), 1..5), 2..6),
    ) {
        let free = || Problem::new(digits_problem().space().clone(), [maximize("accuracy"), minimize("energy")]).unwrap();
        let records: Vec<_> = runs.iter().map(|trials| {
            let trials = trials.iter().map(|(accuracy, joules)| (Some(*accuracy), *joules)).collect();
            study(free(), &trials, counters)
        }).collect();
        let names = ["a", "b", "c", "d", "e"];
        let entered: Vec<_> = names.iter().zip(&records)
            .map(|(sampler, record)| ComparedRun { sampler, seed: 1, record, complete: true }).collect();
        let comparison = Comparison::of(&entered, &ComparisonSettings::default()).unwrap();
        prop_assert!(comparison.courses.iter().all(|course| course.hypervolume() > 0.0));
        prop_assert!(comparison.target.is_some());
    }

    #[test]
    fn what_holds_of_every_comparison(
        runs in proptest::collection::vec(
            proptest::collection::vec((proptest::option::weighted(0.8, 0.01..1.0f64), 0.1..99.0f64), 1..6), 4..9
        ),
    ) {
        let half = runs.len() / 2;
        let samplers = [("random", runs[..half].to_vec()), ("gp", runs[half..2 * half].to_vec())];
        let Ok(comparison) = comparison_of(&samplers, counters) else {
            prop_assert!(runs.iter().flatten().all(|(accuracy, _)| accuracy.is_none()), "only failures");
            return Ok(());
        };
        for course in &comparison.courses {
            let growing = course.steps.windows(2).all(|w| {
                w[0].hypervolume <= w[1].hypervolume + 1e-9 && w[0].spent_j <= w[1].spent_j
            });
            prop_assert!(growing);
            if course.hypervolume() > 0.0 {
                prop_assert!(course.trials_to(course.hypervolume()) <= course.steps.len() as f64);
                prop_assert!(course.trials_to(course.hypervolume() * 1.01).is_infinite());
            }
        }
        let versus = comparison.samplers[1].versus.as_ref().unwrap();
        prop_assert_eq!(versus.wins + versus.ties + versus.losses, half);
        prop_assert!(versus.test.p_value <= versus.p_holm && versus.p_holm >= comparison.smallest_p * (1.0 - 1e-9));
        let interval = versus.cliffs_delta_interval.unwrap();
        prop_assert!(-1.0 <= interval.low && interval.low <= interval.high && interval.high <= 1.0);
        prop_assert!((versus.cliffs_delta - (2.0 * versus.vargha_delaney - 1.0)).abs() < 1e-12);
        for compared in &comparison.samplers {
            let spreads = [Some(compared.hypervolume), compared.trials_to_target, compared.joules_to_target, compared.joules];
            prop_assert!(spreads.iter().flatten().all(|s| s.lower <= s.median && s.median <= s.upper));
        }
        // Either order of the samplers tells the same story.
        let [random, gp] = samplers;
        let turned = comparison_of(&[gp, random], counters).unwrap();
        prop_assert_eq!(turned.sentence(), comparison.sentence());
    }
}
