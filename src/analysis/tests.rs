//! Sentences, totals and provenance of made-up studies.

use super::fixture::{StudyFixture, counters, digits, digits_point, digits_problem, estimate, window};
use super::{EnergyBasis, PickReason, Provenance, Summary, Totals, is_on_front};
use crate::energy::units::{DomainKind, Doubt, Joules, Method, Uncertainty, WindowEnergy};
use crate::optimizer::history::{FailureKind, Fit};
use crate::optimizer::problem::{Bound, Preference, Problem, at_least, at_most, maximize, minimize};
use crate::optimizer::sampler::START;
use crate::optimizer::space::Point;
use crate::record::{Event, StudyRecord};

fn point(width: i64) -> Point {
    digits_point(1e-3, width, 32, None)
}

/// A study of accuracies and energies.
fn study(rows: &[(f64, f64)], energy: fn(f64) -> WindowEnergy) -> StudyRecord {
    let mut fixture = StudyFixture::new("rows", digits_problem());
    for (i, (accuracy, joules)) in rows.iter().enumerate() {
        fixture = fixture.finish(point(8 + i as i64), [("accuracy", *accuracy)], Some(energy(*joules)));
    }
    fixture.record()
}

fn sentence(record: &StudyRecord) -> String {
    Summary::of(record).sentence(record)
}

#[test]
fn the_sentence_that_the_user_came_for() {
    let rows = [(0.964, 100.0), (0.96, 29.0), (0.5, 20.0)];
    assert_eq!(
        sentence(&study(&rows, counters)),
        "trial 1 uses 71 % less energy than the most accurate trial (0) for 0.4 points of accuracy"
    );
    assert_eq!(
        sentence(&study(&rows, estimate)),
        "trial 1 uses 71 % less estimated energy than the most accurate trial (0) for 0.4 points of accuracy"
    );
}

#[test]
fn without_a_bend_no_trial_is_called_the_best_trade() {
    let said = |rows: &[(f64, f64)]| sentence(&study(rows, counters));
    let end = "; the front has no bend, so no trial on it is the best trade";
    assert_eq!(
        said(&[(0.964, 100.0), (0.963, 10.0)]),
        format!("trial 1 uses 90 % less energy than the most accurate trial (0) for 0.1 points of accuracy{end}")
    );
    assert_eq!(
        said(&[(0.96, 100.0), (0.80, 99.0), (0.5, 10.0)]),
        format!("trial 2 uses 90 % less energy than the most accurate trial (0) for 46.0 points of accuracy{end}")
    );
    assert_eq!(
        said(&[(0.92, 10.0), (0.5, 9.0)]),
        format!("trial 0 is the most accurate trial; trial 1 uses 10 % less energy for 42.0 points of accuracy{end}"),
        "a tenth of the energy is not worth half the accuracy"
    );
}

#[test]
fn the_only_useful_trial_of_a_front_is_said_to_be() {
    let rows = [(0.96, 100.0), (0.10, 1.0), (0.05, 0.5)];
    let mut entries = StudyFixture::new("useful", digits_problem());
    for (i, (accuracy, joules)) in rows.into_iter().enumerate() {
        entries = entries.finish(point(8 + i as i64), [("accuracy", accuracy)], Some(counters(joules)));
    }
    let record = entries.freeze(vec![-0.5, 9.0]).record();
    let summary = Summary::of(&record);
    assert_eq!((summary.knee, summary.pick, &summary.useful[..]), (None, Some(0), &[0][..]));
    assert_eq!(
        summary.sentence(&record),
        "trial 0 is the most accurate trial: accuracy 96.0 %, energy 100 J (gpu+cpu, counter); the rest of the front lies \
         beyond the reference point"
    );
}

#[test]
fn one_trial_best_in_everything() {
    assert_eq!(
        sentence(&study(&[(0.9, 1.0), (0.8, 2.0)], counters)),
        "trial 0 is both the most accurate trial and the one with the least energy: accuracy 90.0 %, energy 1.00 J \
         (gpu+cpu, counter)"
    );
}

#[test]
fn the_lead_is_not_energy_even_if_energy_comes_first() {
    let problem =
        Problem::new(digits_problem().space().clone(), [minimize("energy").log(), maximize("accuracy")]).unwrap();
    let record = StudyFixture::new("turned", problem)
        .finish(point(8), [("accuracy", 0.964)], Some(counters(100.0)))
        .finish(point(9), [("accuracy", 0.96)], Some(counters(29.0)))
        .finish(point(10), [("accuracy", 0.5)], Some(counters(20.0)))
        .record();
    let summary = Summary::of(&record);
    assert_eq!((summary.lead, summary.cost), (1, Some(0)));
    assert_eq!(summary.front, [2, 1, 0], "sorted by the first objective");
    assert!(summary.sentence(&record).starts_with("trial 1 uses 71 % less energy than the most accurate trial (0)"));
}

#[test]
fn the_users_own_setting_is_compared() {
    let mut fixture = StudyFixture::new("start", digits_problem().start([point(8)]).unwrap());
    let start = Event::TrialStarted { trial: 9, attempt: 1, point: point(8), fit: None, propose_seconds: 0.0 };
    fixture.push(start);
    let metrics = [("accuracy", 0.9), ("energy", 40.0)].map(|(k, v)| (k.to_owned(), v)).into();
    fixture.push(Event::TrialFinished {
        trial: 9,
        metrics,
        sd: Default::default(),
        energy: Default::default(),
        spent: counters(40.0),
    });
    let record = fixture
        .finish(point(9), [("accuracy", 0.92)], Some(counters(10.0)))
        .finish(point(10), [("accuracy", 0.5)], Some(counters(9.0)))
        .record();
    let summary = Summary::of(&record);
    assert_eq!(summary.start, Some(9));
    assert_eq!(
        summary.start_sentence(&record).unwrap(),
        "trial 0 uses 75 % less energy than your own setting (trial 9) with 2.0 points more accuracy"
    );
}

#[test]
fn a_told_point_is_nobodys_setting_where_the_study_has_no_start() {
    let mut fixture = StudyFixture::new("told", digits_problem());
    fixture.push(Event::TrialStarted { trial: 9, attempt: 1, point: point(8), fit: None, propose_seconds: 0.0 });
    let metrics = [("accuracy", 0.9), ("energy", 40.0)].map(|(k, v)| (k.to_owned(), v)).into();
    let (sd, energy) = (Default::default(), Default::default());
    fixture.push(Event::TrialFinished { trial: 9, metrics, sd, energy, spent: counters(40.0) });
    let record = fixture.finish(point(9), [("accuracy", 0.92)], Some(counters(10.0))).record();
    let summary = Summary::of(&record);
    assert_eq!((summary.start, summary.start_sentence(&record)), (None, None));
}

#[test]
fn totals_of_a_study() {
    let totals = Totals::of(&digits(counters));
    assert_eq!(totals.counts(), "30 trials: 27 finished, 3 failed (1 diverged, 1 out of memory, 1 timeout)");
    let spent = totals.spent.clone().unwrap();
    assert_eq!(spent.unknown, 1, "the out-of-memory failure has no energy");
    assert!(spent.to_string().starts_with("at least "));
    let share = totals.optimizer_share().unwrap();
    assert!((share - 0.6 / (0.6 + totals.trial_seconds)).abs() < 1e-12, "{share}");
    assert_eq!(Totals::of(&StudyFixture::new("empty", digits_problem()).record()).optimizer_share(), None);
}

#[test]
fn measured_and_estimated_figures_are_seen_to_be_mixed() {
    let record = StudyFixture::new("mixed", digits_problem())
        .finish(point(8), [("accuracy", 0.9)], Some(counters(10.0)))
        .finish(point(9), [("accuracy", 0.8)], Some(estimate(5.0)))
        .record();
    let basis = EnergyBasis::of(&record);
    assert!(basis.is_estimated() && basis.is_mixed());
    assert_eq!(
        basis.provenances.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["gpu+cpu, counter", "cpu, ESTIMATED"]
    );
    let notes: Vec<_> = basis.notes.iter().map(ToString::to_string).collect();
    assert_eq!(notes, ["cpu:processes: CPU time times 10 W per core"]);
    assert!(!EnergyBasis::of(&digits(counters)).is_estimated());
}

#[test]
fn notes_that_differ_in_their_figures_are_one() {
    let mut fixture = StudyFixture::new("notes", digits_problem());
    for i in 0..20u32 {
        let mut energy = window(DomainKind::Gpu, "GPU-1", Method::Counter, Some(5.0 + f64::from(i)));
        energy.domains[0].note = Some(match i {
            7 => "the counter started anew".to_owned(),
            _ => format!("at least {}.5 J of 1,{i:03} readings.", i * 9),
        });
        fixture = fixture.finish(point(8 + i64::from(i)), [("accuracy", 0.9)], Some(energy));
    }
    let notes: Vec<_> = EnergyBasis::of(&fixture.record()).notes.iter().map(ToString::to_string).collect();
    // Phases `train` and `trial` and the whole attempt: three windows a trial.
    assert_eq!(
        notes,
        [
            "gpu:GPU-1: at least 0.5 J of 1,000 readings. (the like in 57 windows)",
            "gpu:GPU-1: the counter started anew"
        ]
    );
}

#[test]
fn what_is_left_out_is_said_with_the_figures_that_lack_it() {
    let mut energy = counters(10.0);
    energy.left_out = vec!["gpu:1".parse().unwrap(), "dram".parse().unwrap()];
    let study = StudyFixture::new("part", digits_problem()).finish(point(8), [("accuracy", 0.9)], Some(energy));
    let record = study.finish(point(9), [("accuracy", 0.8)], Some(counters(5.0))).record();
    let shown: Vec<String> = EnergyBasis::of(&record).provenances.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        ["gpu+cpu, counter, without gpu:1 and dram", "gpu+cpu, counter"],
        "a whole and a part are not alike"
    );
    let result = record.trials()[0].result().unwrap();
    let of = |metric: &str| Provenance::of_metric(result, metric).unwrap().to_string();
    assert_eq!(of("energy.gpu"), "gpu, counter, without gpu:1");
    assert_eq!(of("energy.cpu"), "cpu, counter");
    assert_eq!(Totals::of(&record).spent.unwrap().provenance.to_string(), "gpu+cpu, counter, without gpu:1 and dram");
}

#[test]
fn only_the_domain_of_the_objective_counts_for_its_method() {
    let mut both = window(DomainKind::Gpu, "GPU-1", Method::Counter, Some(8.0));
    both.domains.extend(estimate(2.0).domains);
    let problem =
        Problem::new(digits_problem().space().clone(), [maximize("accuracy"), minimize("energy.gpu")]).unwrap();
    let record = StudyFixture::new("gpu", problem)
        .finish(point(8), [("accuracy", 0.9), ("energy.gpu", 8.0)], Some(both))
        .record();
    let summary = Summary::of(&record);
    assert!(!summary.front_is_estimated() && summary.basis.is_estimated());
    assert_eq!(
        summary.sentence(&record),
        "trial 0 is the only one that finished: accuracy 90.0 %, GPU energy 8.00 J (gpu, counter)"
    );
}

#[test]
fn the_hypervolume_grows_against_one_reference() {
    let record = digits(counters);
    let summary = Summary::of(&record);
    let hypervolume = summary.hypervolume.unwrap();
    assert!(hypervolume.frozen);
    assert_eq!(Some(&hypervolume.reference[..]), record.reference());
    assert_eq!(summary.steps.len() as u64, record.counted_trials());
    assert!(summary.steps.is_sorted_by(|a, b| a.value <= b.value && a.trial < b.trial));
    assert!((summary.steps.last().unwrap().value - hypervolume.value).abs() < 1e-12);
    assert_eq!(summary.initial, Some(8));
}

#[test]
fn the_quick_test_agrees_with_the_front() {
    let record = digits(counters);
    let summary = Summary::of(&record);
    for trial in record.trials() {
        assert_eq!(is_on_front(&record, trial.id), summary.on_front(trial.id), "{}", trial.id);
    }
    assert!(!is_on_front(&record, 5) && !is_on_front(&record, 999));
    assert_eq!(record.trial(5).unwrap().failure().unwrap().kind, FailureKind::Diverged);
}

/// A study of accuracies and energies with wishes.
fn wishing(problem: Problem, rows: &[(f64, f64)]) -> StudyRecord {
    let mut fixture = StudyFixture::new("wishes", problem);
    for (i, (accuracy, joules)) in rows.iter().enumerate() {
        let metrics = [("accuracy", *accuracy), ("ram", *joules / 10.0)];
        fixture = fixture.finish(point(8 + i as i64), metrics, Some(counters(*joules)));
    }
    fixture.record()
}

const BENT: [(f64, f64); 5] = [(0.964, 100.0), (0.96, 29.0), (0.94, 20.0), (0.5, 9.0), (0.3, 8.0)];

#[test]
fn trials_that_break_a_constraint_are_on_no_front_and_in_no_hypervolume() {
    let free = wishing(digits_problem(), &BENT);
    let problem =
        digits_problem().subject_to([at_least("accuracy", 0.6)]).unwrap().subject_to([at_most("ram", 5.0)]).unwrap();
    let record = wishing(problem, &BENT);
    let summary = Summary::of(&record);
    assert_eq!(Summary::of(&free).front, [0, 1, 2, 3, 4]);
    assert_eq!(summary.front, [1, 2]);
    assert_eq!((summary.best, summary.cheapest, summary.totals.infeasible), (Some(1), Some(2), 3));
    assert!(is_on_front(&record, 1) && !is_on_front(&record, 0) && !is_on_front(&record, 4));
    let kept = summary.hypervolume.as_ref().unwrap().reference.clone();
    assert_eq!(kept, Summary::of(&wishing(digits_problem(), &BENT[1..3])).hypervolume.unwrap().reference);
    assert_eq!(summary.steps.iter().filter(|s| s.value > 0.0).map(|s| s.trial).min(), Some(1));
    assert!(summary.steps.iter().all(|s| !s.failed));
    assert_eq!(summary.bounded.iter().map(|q| q.metric.as_str()).collect::<Vec<_>>(), ["ram"]);
    assert_eq!(summary.totals.counts(), "5 trials: 5 finished (3 break a constraint)");
}

#[test]
fn where_nothing_is_feasible_the_nearest_is_named() {
    let problem = || {
        digits_problem().subject_to([at_least("accuracy", 0.97)]).unwrap().subject_to([at_most("ram", 5.0)]).unwrap()
    };
    let record = wishing(problem(), &BENT);
    let summary = Summary::of(&record);
    assert_eq!((summary.front.len(), summary.pick, summary.hypervolume.is_none()), (0, None, true));
    assert_eq!(
        summary.sentence(&record),
        "none of the 5 finished trials keeps all constraints, so there is no front; nearest is trial 1: accuracy 96.0 %, not \
         at least 97.0 %"
    );
    let one = wishing(problem(), &[(0.969_999, 1.0)]);
    assert_eq!(
        sentence(&one),
        "the only finished trial breaks a constraint, so there is no front; nearest is trial 0: accuracy 0.969999, not at \
         least 0.97"
    );
    let single = wishing(problem(), &[(0.9, 1.0), (0.98, 2.0)]);
    assert!(sentence(&single).starts_with("trial 1 is the only one that keeps the constraints: accuracy 98.0 %"));
}

#[test]
fn the_pick_is_where_the_user_prefers() {
    let with = |preferences: &[Preference]| {
        let problem = digits_problem().preferring(preferences.to_vec());
        let record = wishing(problem, &BENT);
        let summary = Summary::of(&record);
        assert_eq!(summary.front.len(), 5, "nothing is hidden");
        (summary.pick, summary.standing, summary.knee.is_some(), summary.sentence(&record))
    };
    let accurate = |bound| Preference::within("accuracy", Bound::AtLeast(bound));
    assert_eq!(with(&[]).0, Some(2));
    let (pick, standing, knee, said) = with(&[accurate(0.93)]);
    assert_eq!((pick, standing, knee), (Some(1), PickReason::Knee, true));
    assert!(said.ends_with("for 0.4 points of accuracy; the best trade with accuracy at least 93.0 %"), "{said}");
    let (pick, standing, _, said) = with(&[accurate(0.963)]);
    assert_eq!((pick, standing), (Some(0), PickReason::OnlyPreferred));
    assert!(said.ends_with("; no other trial of the front has accuracy at least 96.3 %"), "{said}");
    let (pick, standing, knee, said) = with(&[accurate(0.97), Preference::within("energy", Bound::AtMost(50.0))]);
    assert_eq!((pick, standing, knee), (Some(1), PickReason::Nearest, false));
    assert!(
        said.starts_with(
            "no trial of the front has accuracy at least 97.0 %, energy at most 50.0 J; nearest is trial 1: accuracy 96.0 %"
        ),
        "{said}"
    );
    let (pick, standing, knee, said) = with(&[Preference::weight("energy", 9.0)]);
    assert_eq!((pick, standing, knee), (Some(4), PickReason::Weighted, false));
    assert!(said.ends_with("; the best trade by your weights"), "{said}");
    let (pick, _, _, said) = with(&[Preference::weight("accuracy", 500.0)]);
    assert_eq!(pick, Some(0));
    assert!(
        said.starts_with("trial 0, the most accurate trial, is also the best trade by your weights; trial 4"),
        "{said}"
    );
}

#[test]
fn a_start_of_the_study_file_is_the_users_own_setting() {
    let fit = Some(Fit { rule: START.to_owned(), ..Fit::default() });
    let mut fixture = StudyFixture::new("start", digits_problem().subject_to([at_least("accuracy", 0.91)]).unwrap());
    fixture.push(Event::TrialStarted { trial: 0, attempt: 1, point: point(8), fit, propose_seconds: 0.0 });
    let metrics = [("accuracy", 0.9), ("energy", 40.0)].map(|(k, v)| (k.to_owned(), v)).into();
    fixture.push(Event::TrialFinished {
        trial: 0,
        metrics,
        sd: Default::default(),
        energy: Default::default(),
        spent: counters(40.0),
    });
    fixture.push(Event::TrialStarted { trial: 1, attempt: 1, point: point(9), fit: None, propose_seconds: 0.0 });
    let metrics = [("accuracy", 0.92), ("energy", 10.0)].map(|(k, v)| (k.to_owned(), v)).into();
    let (sd, energy) = (Default::default(), Default::default());
    fixture.push(Event::TrialFinished { trial: 1, metrics, sd, energy, spent: counters(10.0) });
    let record = fixture.record();
    let summary = Summary::of(&record);
    assert_eq!(summary.start, Some(0));
    assert_eq!(
        summary.start_sentence(&record).unwrap(),
        "trial 1 uses 75 % less energy than your own setting (trial 0, which breaks a constraint) with 2.0 points more \
         accuracy"
    );
}

#[test]
fn a_doubt_holds_for_all_figures_of_its_device_and_for_no_others() {
    let doubt = Doubt { counter: Joules(171.0), integrated: Joules(300.0), seconds: 1.5, stood_still: false };
    let gpu = |id: &str, joules: f64, doubt: Option<Doubt>| {
        let mut window = window(DomainKind::Gpu, id, Method::Counter, Some(joules));
        let known = Uncertainty { gain: Joules(0.04 * joules), ..Uncertainty::default() };
        window.domains[0].uncertainty =
            Some(doubt.map_or(known, |doubt| doubt.widened(Joules(joules), window.seconds, known)));
        window.domains[0].doubt = doubt;
        window
    };
    let finished = |fixture: StudyFixture, width: i64, energy: WindowEnergy| {
        fixture.finish(point(width), [("accuracy", 0.1 + 0.001 * width as f64)], Some(energy))
    };
    let fixture = StudyFixture::new("gpus", digits_problem());
    let fixture = finished(fixture, 8, gpu("GPU-1", 8.0, None));
    let fixture = finished(fixture, 16, gpu("GPU-2", 16.0, None));
    let fixture = finished(fixture, 32, gpu("GPU-1", 32.0, Some(doubt)));
    let fixture = finished(fixture, 64, gpu("GPU-1", 64.0, None));
    let record = fixture.record();
    let told: Vec<bool> = record.trials().iter().map(|t| t.energy().unwrap().doubt().is_some()).collect();
    assert_eq!(told, [true, false, true, true]);
    let spent: Vec<bool> = record.trials().iter().map(|t| t.spent[0].doubt().is_some()).collect();
    assert_eq!(spent, told);
    for trial in record.trials().iter().filter(|t| t.energy().unwrap().doubt().is_some()) {
        let energy = trial.energy().unwrap();
        let reach = energy.total().unwrap().0 + 1.96 * energy.uncertainty(None).unwrap().absolute().0;
        assert!(reach >= energy.total().unwrap().0 * 300.0 / 171.0 - 1e-9, "both figures are within it");
    }
    let summary = Summary::of(&record);
    assert!(summary.front_is_doubtful() && summary.values_in_words(&record, 3).contains("(gpu, counter, DOUBTFUL)"));
    assert_eq!(summary.basis.provenances.len(), 1, "they came about alike");
    let words = summary.basis.doubts_in_words();
    assert_eq!(words.len(), 1);
    assert!(words[0].starts_with("The energy of gpu:GPU-1 is DOUBTFUL: the counter tells 171 J"), "{words:?}");
    // What is kept of the record is what it was.
    let again: StudyRecord = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
    assert_eq!(again, record);
}
