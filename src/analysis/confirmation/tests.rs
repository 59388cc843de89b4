use super::super::fixture::{StudyFixture, counters, digits_point, digits_problem, estimate};
use super::super::statistics::Mean;
use super::*;
use crate::energy::units::WindowEnergy;
use crate::optimizer::Seed;
use crate::optimizer::history::FailureKind;
use crate::optimizer::problem::{Bound, Preference, at_most, maximize};
use crate::optimizer::space::Point;

fn points() -> [Point; 3] {
    [digits_point(1e-2, 64, 32, None), digits_point(3e-3, 32, 64, None), digits_point(1e-3, 8, 128, None)]
}

/// A study of three trials: the most accurate, one that saves, and one that saves more.
fn study(energy: fn(f64) -> WindowEnergy) -> StudyRecord {
    let [best, pick, cheap] = points();
    StudyFixture::new("digits", digits_problem())
        .finish(best, [("accuracy", 0.97), ("test_accuracy", 0.95)], Some(energy(10.0)))
        .finish(pick, [("accuracy", 0.965), ("test_accuracy", 0.955)], Some(energy(4.0)))
        .finish(cheap, [("accuracy", 0.7), ("test_accuracy", 0.7)], Some(energy(2.0)))
        .record()
}

/// Three seeds of each; the cheap one fails with the second.
fn again(energy: fn(f64) -> WindowEnergy) -> StudyRecord {
    let [best, pick, cheap] = points();
    let mut fixture = StudyFixture::new("digits", digits_problem());
    for (k, shift) in [0.0, 0.01, -0.01].into_iter().enumerate() {
        let watts = 1.0 + shift;
        let metrics = |accuracy: f64| [("accuracy", accuracy + shift), ("test_accuracy", accuracy + shift - 0.01)];
        fixture = fixture.finish(best.clone(), metrics(0.95), Some(energy(10.0 * watts)));
        fixture = fixture.finish(pick.clone(), metrics(0.94), Some(energy(5.0 * watts)));
        fixture = match k {
            1 => fixture.fail(cheap.clone(), FailureKind::Diverged, "loss is NaN in epoch 2", Some(energy(1.0))),
            _ => fixture.finish(cheap.clone(), metrics(0.6), Some(energy(6.0 * watts))),
        };
    }
    fixture.record()
}

pub(crate) fn confirmed(energy: fn(f64) -> WindowEnergy) -> Confirmation {
    Confirmation::of(&study(energy), &again(energy), &[0, 1, 2])
}

#[test]
fn means_are_over_the_seeds_that_finished_and_seeds_are_known() {
    let confirmation = confirmed(counters);
    let trials: Vec<u64> = confirmation.members.iter().map(|member| member.trial).collect();
    assert_eq!((trials, confirmation.seeds()), (vec![0, 1, 2], 3));
    let best = confirmation.member(0).unwrap();
    let accuracy = best.figure("accuracy").unwrap();
    assert_eq!(accuracy.searched, Some(0.97));
    let mean = accuracy.mean.unwrap();
    assert!((mean.mean - 0.95).abs() < 1e-12 && mean.count == 3);
    assert_eq!(best.runs.iter().map(|run| run.seed).collect::<Vec<_>>(), [0, 1, 2].map(|n| Seed(7).of_trial(n)));
    let cheap = confirmation.member(2).unwrap();
    assert_eq!((cheap.failures(), cheap.runs.len(), cheap.figure("energy").unwrap().mean.unwrap().count), (1, 3, 2));
    assert_eq!(best.runs[0].outcome.as_ref().unwrap().metrics["energy.train"], 9.0, "every energy is there");
    let told: Vec<&str> = confirmation.quantities.iter().map(|q| q.metric.as_str()).collect();
    assert_eq!(told, ["accuracy", "energy", "test_accuracy"]);
}

#[test]
fn the_front_is_that_of_means_and_what_failed_is_not_on_it() {
    let confirmation = confirmed(counters);
    let on_front: Vec<u64> = confirmation.members.iter().filter(|m| m.on_front).map(|m| m.trial).collect();
    assert_eq!((on_front, confirmation.base, confirmation.pick), (vec![0, 1], Some(0), Some(1)));
    assert!(confirmation.chosen.is_empty(), "both were settled by the search");
    // The best fails now and then, so another one takes its place.
    let [best, pick, _] = points();
    let again = StudyFixture::new("digits", digits_problem())
        .finish(best.clone(), [("accuracy", 0.99)], Some(counters(10.0)))
        .finish(pick.clone(), [("accuracy", 0.9)], Some(counters(4.0)))
        .fail(best, FailureKind::Diverged, "loss is NaN", None)
        .finish(pick, [("accuracy", 0.9)], Some(counters(4.0)))
        .record();
    let confirmation = Confirmation::of(&study(counters), &again, &[0, 1]);
    assert_eq!((confirmation.base, confirmation.pick, &confirmation.chosen[..]), (Some(1), None, &[1][..]));
    let alone = Confirmation::of(&study(counters), &again, &[1]);
    assert!(alone.chosen.is_empty(), "there was nothing to choose from");
}

#[test]
fn trials_without_a_seed_in_common_are_not_compared() {
    let [best, pick, _] = points();
    let fail = |fixture: StudyFixture, point: &Point| fixture.fail(point.clone(), FailureKind::Exit, "no", None);
    let mut again = StudyFixture::new("digits", digits_problem());
    again = fail(again, &best).finish(best.clone(), [("accuracy", 0.9)], Some(counters(9.0)));
    again = again.finish(pick.clone(), [("accuracy", 0.8)], Some(counters(3.0)));
    again = fail(again, &pick);
    let confirmation = Confirmation::of(&study(counters), &again.record(), &[0, 1]);
    assert!(confirmation.members.iter().all(|member| member.differences.is_empty()));
    assert!(confirmation.sentence().contains("no seed has finished with both"), "{}", confirmation.sentence());
}

#[test]
fn means_of_energies_are_geometric_and_never_reach_below_zero() {
    let [best, ..] = points();
    let mut again = StudyFixture::new("digits", digits_problem());
    for joules in [1.0, 100.0] {
        again = again.finish(best.clone(), [("accuracy", 0.9)], Some(counters(joules)));
    }
    let confirmation = Confirmation::of(&study(counters), &again.record(), &[0]);
    let figure = confirmation.member(0).unwrap().figure("energy").unwrap();
    let mean = figure.mean.unwrap();
    assert!(figure.geometric && (mean.mean - 10.0).abs() < 1e-9 && mean.interval.unwrap().low > 0.0, "{mean:?}");
    assert!((mean.sd.unwrap() - 99.0 / 2f64.sqrt()).abs() < 1e-9, "{mean:?}");
    assert!(!confirmation.member(0).unwrap().figure("accuracy").unwrap().geometric);
}

#[test]
fn an_energy_that_only_a_constraint_is_about_carries_its_method_and_its_doubt() {
    let problem = || {
        let space = digits_problem().space().clone();
        crate::optimizer::problem::Problem::new(space, [maximize("accuracy")])
            .unwrap()
            .subject_to([at_most("energy", 11.0)])
            .unwrap()
    };
    let [best, ..] = points();
    let finish =
        |fixture: StudyFixture, joules| fixture.finish(best.clone(), [("accuracy", 0.9)], Some(estimate(joules)));
    let study = finish(StudyFixture::new("digits", problem()), 10.0).record();
    let again = finish(finish(StudyFixture::new("digits", problem()), 9.0), 12.0).record();
    let confirmation = Confirmation::of(&study, &again, &[0]);
    assert!(confirmation.is_estimated());
    assert_eq!(confirmation.constraints, [(0, ConstraintStanding::Doubtful("energy at most 11".to_owned()))]);
    let dear = finish(StudyFixture::new("digits", problem()), 12.0).record();
    let broken = Confirmation::of(&study, &dear, &[0]);
    assert_eq!(broken.constraints, [(0, ConstraintStanding::Broken("energy at most 11".to_owned()))]);
    assert_eq!(broken.sentence(), "no trial keeps the constraints by its means");
    let figure = confirmation.member(0).unwrap().figure("energy").unwrap();
    assert_eq!(figure.by.as_ref().unwrap().to_string(), "cpu, ESTIMATED");
}

#[test]
fn another_card_is_another_meter() {
    let other = |joules: f64| {
        let mut window = counters(joules);
        window.domains[0].domain.id = "GPU-other".to_owned();
        window
    };
    let confirmation = Confirmation::of(&study(counters), &again(other), &[0, 1]);
    let (then, now) = confirmation.metered_otherwise.clone().unwrap();
    assert!(then.contains("GPU-5d2c1a") && now.contains("GPU-other"), "{then} {now}");
    let figure = confirmation.member(0).unwrap().figure("energy").unwrap();
    assert!(figure.searched.is_none() && figure.mean.is_some());
    assert!(confirmed(counters).metered_otherwise.is_none());
    let mixed = Confirmation::of(&study(counters), &again(estimate), &[0, 1]);
    assert!(mixed.metered_otherwise.is_some() && mixed.is_estimated());
}

#[test]
fn what_the_study_recommends_is_passed_over_where_it_does_not_hold() {
    let [best, pick, cheap] = points();
    let mut again = StudyFixture::new("digits", digits_problem());
    for _ in 0..2 {
        again = again.finish(best.clone(), [("accuracy", 0.97)], Some(counters(10.0)));
        // Worse and dearer than the cheap one.
        again = again.finish(pick.clone(), [("accuracy", 0.6)], Some(counters(4.0)));
        again = again.finish(cheap.clone(), [("accuracy", 0.7)], Some(counters(2.0)));
    }
    let confirmation = Confirmation::of(&study(counters), &again.record(), &[0, 1, 2]);
    assert_eq!((confirmation.base, confirmation.recommended, confirmation.pick), (Some(0), Some(1), Some(2)));
    assert_eq!(confirmation.chosen, [2]);
}

#[test]
fn what_the_user_prefers_decides_over_what_takes_its_place() {
    let [best, pick, cheap] = points();
    let preferring = |preference: Option<Preference>| {
        let problem = digits_problem().prefer(preference).unwrap();
        let study = |fixture: StudyFixture, point: &Point, accuracy, joules| {
            fixture.finish(point.clone(), [("accuracy", accuracy)], Some(counters(joules)))
        };
        let fourth = digits_point(5e-3, 16, 64, None);
        let mut searched = StudyFixture::new("digits", problem.clone());
        let mut again = StudyFixture::new("digits", problem);
        for (point, then, now) in [
            (&best, (0.97, 100.0), (0.97, 100.0)),
            // Recommended, and then it does not hold.
            (&pick, (0.965, 10.0), (0.5, 40.0)),
            (&fourth, (0.94, 20.0), (0.95, 30.0)),
            (&cheap, (0.80, 9.0), (0.82, 9.0)),
        ] {
            searched = study(searched, point, then.0, then.1);
            again = study(again, point, now.0, now.1);
        }
        Confirmation::of(&searched.record(), &again.record(), &[0, 1, 2, 3]).pick
    };
    let above = |bound| Some(Preference::within("accuracy", Bound::AtLeast(bound)));
    assert_eq!((preferring(above(0.9)), preferring(above(0.8))), (Some(2), preferring(None)));
}

#[test]
fn differences_are_seed_by_seed() {
    let confirmation = confirmed(counters);
    let pick = confirmation.member(1).unwrap();
    // Both move with the seed, and their difference does not.
    let Difference::Difference(accuracy) = &pick.differences[0] else { panic!("{:?}", pick.differences) };
    assert!((accuracy.mean + 0.01).abs() < 1e-12 && accuracy.sd.unwrap() < 1e-12);
    let Difference::Ratio(energy) = &pick.differences[1] else { panic!("{:?}", pick.differences) };
    assert!((energy.mean - 0.5f64.ln()).abs() < 1e-9 && energy.sd.unwrap() < 1e-9);
    let Difference::Ratio(cheap) = &confirmation.member(2).unwrap().differences[1] else { panic!() };
    assert_eq!(cheap.count, 2, "the seed with which it failed has no difference");
    assert!(confirmation.member(0).unwrap().differences.is_empty());
}

#[test]
fn two_seeds_that_agree_show_nothing() {
    let mean = |values: &[f64]| Difference::Difference(Mean::of(values).unwrap());
    assert!(!mean(&[0.25, 0.25]).is_shown() && mean(&[0.25, 0.25, 0.25]).is_shown());
    assert!(mean(&[0.250, 0.251]).is_shown() && !mean(&[0.25]).is_shown() && !mean(&[0.5, -0.25, 0.1]).is_shown());
}

#[test]
fn sentences() {
    let all = confirmed(counters);
    let only_best = Confirmation::of(&study(counters), &again(counters), &[0]);
    let changed = only_best.clone().with_changes(vec!["epochs = 20".to_owned(), "width = 64".to_owned()]);
    let nothing = StudyFixture::new("digits", digits_problem()).record();
    let mut flat = StudyFixture::new("digits", digits_problem());
    for (own, other) in [(0.95, 0.94), (0.93, 0.96)] {
        flat = flat.finish(points()[0].clone(), [("accuracy", own)], Some(counters(10.0)));
        flat = flat.finish(points()[1].clone(), [("accuracy", other)], Some(counters(own * 4.0)));
    }
    let flat = flat.record();
    let sentences = [
        all.sentence(),
        confirmed(estimate).sentence(),
        only_best.sentence(),
        changed.sentence(),
        Confirmation::of(&study(counters), &flat, &[0, 1]).sentence(),
        Confirmation::of(&study(counters), &nothing, &[0, 1]).sentence(),
    ];
    insta::assert_snapshot!(sentences.join("\n"));
}
