use super::super::fixture::{StudyFixture, counters, digits_point, digits_problem, estimate};
use super::*;
use crate::energy::units::WindowEnergy;
use crate::optimizer::Seed;
use crate::optimizer::history::FailureKind;
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
    let told: Vec<&str> = confirmation.quantities.iter().map(|q| q.metric.as_str()).collect();
    assert_eq!(told, ["accuracy", "energy", "test_accuracy"]);
}

#[test]
fn the_front_is_that_of_means() {
    let confirmation = confirmed(counters);
    let on_front: Vec<u64> = confirmation.members.iter().filter(|m| m.on_front).map(|m| m.trial).collect();
    // The cheap one of the search is neither cheaper nor better.
    assert_eq!((on_front, confirmation.best, confirmation.pick), (vec![0, 1], Some(0), Some(1)));
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
    assert_eq!((confirmation.best, confirmation.recommended, confirmation.pick), (Some(0), Some(1), Some(2)));
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
fn sentences() {
    let all = confirmed(counters);
    let only_best = Confirmation::of(&study(counters), &again(counters), &[0]);
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
        Confirmation::of(&study(counters), &flat, &[0, 1, 2]).sentence(),
        Confirmation::of(&study(counters), &nothing, &[0, 1]).sentence(),
    ];
    insta::assert_snapshot!(sentences.join("\n"));
}

#[test]
fn other_methods_are_told() {
    let mixed = Confirmation::of(&study(counters), &again(estimate), &[0, 1]);
    assert!(mixed.is_metered_otherwise() && mixed.is_estimated());
    assert!(!confirmed(counters).is_metered_otherwise() && !confirmed(counters).is_estimated());
}
