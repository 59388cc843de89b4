//! What samplers that learn are for: better fronts than random search from the same number of trials.

use std::f64::consts::PI;

use wattfront::optimizer::history::FailureKind;
use wattfront::optimizer::pareto::hypervolume;
use wattfront::optimizer::problem::{Problem, at_most, maximize, minimize};
use wattfront::optimizer::sampler::{Settings, by_name};
use wattfront::optimizer::space::{Point, Space, choice, float, int};
use wattfront::optimizer::{Optimizer, Seed};

const SEEDS: [u64; 6] = [1, 2, 3, 4, 5, 6];

/// Branin and Currin, scaled to the unit square (Belakaria, Deshwal and Doppa, "Max-value entropy search for
/// multi-objective Bayesian optimization", NeurIPS 2019).
fn branin_currin(point: &Point) -> Option<[f64; 2]> {
    let (x, y) = (point.number("x")?, point.number("y")?);
    let (u, v) = (15.0 * x - 5.0, 15.0 * y);
    let branin = (v - 5.1 / (4.0 * PI * PI) * u * u + 5.0 / PI * u - 6.0).powi(2)
        + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * u.cos()
        + 10.0;
    let factor = if y > 0.0 { 1.0 - (-0.5 / y).exp() } else { 1.0 };
    let currin = (2300.0 * x.powi(3) + 1900.0 * x * x + 2092.0 * x + 60.0)
        / (100.0 * x.powi(3) + 500.0 * x * x + 4.0 * x + 20.0);
    Some([branin, factor * currin])
}

/// Something like training: momentum only for one optimizer, and rates that are too large crash. Losses: error rate and log
/// energy.
fn training(point: &Point) -> Option<[f64; 2]> {
    let momentum = point.number("momentum");
    let rate = momentum.map_or(point.number("rate")?, |m| 0.1 * point.number("rate").unwrap_or(1.0) / (1.0 - m));
    let (epochs, width) = (point.number("epochs")?, point.number("width")?);
    let distance = (rate / 2e-3).log10();
    if distance > 0.7 {
        return None;
    }
    let learned = 1.0 - (-0.5 * epochs * (-distance * distance).exp()).exp();
    let energy = 5.0 + epochs * (1.0 + 0.01 * width.powf(1.3));
    Some([1.0 - (1.0 - 0.5 / width.sqrt()) * learned, energy.ln()])
}

fn training_space() -> Space {
    Space::new([
        float("rate", 1e-5..=1.0).log(),
        int("width", 8..=256).log(),
        int("epochs", 1..=20),
        choice("optimizer", ["sgd", "adam"]),
        float("momentum", 0.0..=0.99).when("optimizer", ["sgd"]),
    ])
    .unwrap()
}

/// Hypervolume of the true losses after `n` trials, whose measurements scatter by `scatter`; and how many failed.
fn run(
    sampler: &str,
    problem: &Problem,
    f: fn(&Point) -> Option<[f64; 2]>,
    reference: [f64; 2],
    scatter: [f64; 2],
    n: usize,
    seed: u64,
) -> (f64, usize) {
    let sampler = by_name(sampler, &Settings::default()).unwrap();
    let mut optimizer = Optimizer::new(problem.clone(), sampler, Seed(seed));
    let (mut seen, mut failed) = (Vec::new(), 0);
    for _ in 0..n {
        let trial = optimizer.ask().unwrap();
        match f(trial.point()) {
            Some(losses) => {
                let turn = (1e4 * (trial.id().0 + seed) as f64).sin();
                let told = [("a", losses[0] + scatter[0] * turn), ("b", losses[1] + scatter[1] * turn)];
                optimizer.tell(trial.id(), told).unwrap();
                seen.push(losses);
            }
            None => {
                optimizer.fail(trial.id(), FailureKind::Diverged).unwrap();
                failed += 1;
            }
        }
    }
    (hypervolume(&seen, &reference), failed)
}

#[test]
fn gp_clearly_beats_random_on_a_smooth_problem() {
    let space = Space::new([float("x", 0.0..=1.0), float("y", 0.0..=1.0)]).unwrap();
    let problem = Problem::new(space, [minimize("a").reference(18.0), minimize("b").reference(6.0)]).unwrap();
    for seed in SEEDS {
        let volume = |sampler, n| run(sampler, &problem, branin_currin, [18.0, 6.0], [0.0; 2], n, seed).0;
        let (gp, random) = (volume("gp", 25), volume("random", 100));
        // The best known is 59.36. Random search gets four times the trials.
        assert!(gp > 50.0 && gp > 1.1 * random, "seed {seed}: {gp} against {random}");
    }
}

#[test]
fn gp_clearly_beats_random_on_a_mixed_conditional_scattered_problem_that_crashes() {
    let problem = Problem::new(training_space(), [minimize("a").reference(1.0), minimize("b").reference(7.0)]).unwrap();
    let run = |sampler, seed| run(sampler, &problem, training, [1.0, 7.0], [0.005, 0.03], 36, seed);
    let (mut wins, mut volumes, mut failures) = (0, [0.0; 2], [0; 2]);
    for seed in SEEDS {
        let results = [run("gp", seed), run("random", seed)];
        wins += usize::from(results[0].0 > results[1].0);
        for (i, (volume, failed)) in results.into_iter().enumerate() {
            volumes[i] += volume;
            failures[i] += failed;
        }
    }
    assert!(wins + 1 >= SEEDS.len(), "{wins} wins of {}", SEEDS.len());
    assert!(volumes[0] > 1.05 * volumes[1], "{volumes:?}");
    assert!(4 * failures[0] < 3 * failures[1], "{failures:?}");
}

/// Something like training a classifier: most settings learn little, and accuracy saturates above what is asked for. Losses:
/// minus accuracy, and log energy.
fn classifier(point: &Point) -> Option<[f64; 2]> {
    let rate = point.number("rate")?;
    let (batch, epochs, width) = (point.number("batch")?, point.number("epochs")?, point.number("width")?);
    let (momentum, dropout) = (point.number("momentum"), point.number("dropout")?);
    let (rate, best) = momentum.map_or((rate, 6e-3), |m| (rate / (1.0 - m), 0.15));
    let distance = (rate / (best * (batch / 64.0).powf(0.4) * (32.0 / width).powf(0.4))).log10();
    let stable = 1.0 / (1.0 + (9.0 * (distance - 0.8)).exp());
    let speed = 10f64.powf(distance.min(0.3)) * width.powf(0.35) * (1.0 - 0.6 * dropout);
    let learned = 1.0 - (-(epochs / batch * speed * 4.0).powf(0.8)).exp();
    let plateau = 0.987 - 0.05 * (8.0 / width).powf(0.8) * (1.0 + 1.5 * dropout) - 0.004 * distance.max(0.0);
    let energy = 4.0 + epochs * (0.12 + 20.0 / batch + 0.2 * (width / 32.0).powf(1.3));
    Some([-(0.1 + (plateau - 0.1) * learned * stable), energy.ln()])
}

fn classifier_space() -> Space {
    Space::new([
        float("rate", 1e-4..=1e-1).log(),
        choice("batch", [16, 32, 64, 128, 256]),
        int("epochs", 5..=80).log(),
        int("width", 8..=128).log(),
        float("dropout", 0.0..=0.5),
        choice("optimizer", ["sgd", "adam"]),
        float("momentum", 0.0..=0.99).when("optimizer", ["sgd"]),
    ])
    .unwrap()
}

#[test]
fn gp_clearly_beats_random_where_most_settings_learn_too_little() {
    let problem = Problem::new(classifier_space(), [minimize("a").reference(-0.95), minimize("b")]).unwrap();
    let mut wins = 0;
    let mut volumes = [0.0; 2];
    for seed in SEEDS {
        let volume = |sampler| run(sampler, &problem, classifier, [-0.95, 6.0], [0.006, 0.03], 40, seed).0;
        let (gp, random) = (volume("gp"), volume("random"));
        wins += usize::from(gp > random);
        volumes[0] += gp;
        volumes[1] += random;
    }
    assert!(wins + 1 >= SEEDS.len(), "{wins} wins of {}: {volumes:?}", SEEDS.len());
    assert!(volumes[0] > 1.5 * volumes[1], "{volumes:?}");
}

/// A sampler's volumes, summed over twenty seeds, as a multiple of random search's; and how often it was larger.
fn against_random(volume: impl Fn(&str, u64) -> f64, sampler: &str) -> (f64, usize) {
    let pairs: Vec<(f64, f64)> = (1..=20).map(|seed| (volume(sampler, seed), volume("random", seed))).collect();
    let wins = pairs.iter().filter(|(learning, random)| learning > random).count();
    let total = |side: fn(&(f64, f64)) -> f64| pairs.iter().map(side).sum::<f64>();
    (total(|p| p.0) / total(|p| p.1), wins)
}

#[test]
fn tpe_and_nsga2_beat_random_search() {
    let space = Space::new([float("x", 0.0..=1.0), float("y", 0.0..=1.0)]).unwrap();
    let smooth = Problem::new(space, [minimize("a").reference(18.0), minimize("b").reference(6.0)]).unwrap();
    let mixed = Problem::new(classifier_space(), [minimize("a").reference(-0.95), minimize("b")]).unwrap();
    let on_smooth = |sampler: &str, seed| run(sampler, &smooth, branin_currin, [18.0, 6.0], [0.0; 2], 60, seed).0;
    let on_mixed = |sampler: &str, seed| run(sampler, &mixed, classifier, [-0.95, 6.0], [0.006, 0.03], 60, seed).0;
    for (sampler, needed) in [("tpe", [(2.0, 18), (1.3, 16)]), ("nsga2", [(1.3, 15), (1.1, 12)])] {
        let found = [against_random(on_smooth, sampler), against_random(on_mixed, sampler)];
        for ((ratio, wins), (least_ratio, least_wins)) in found.into_iter().zip(needed) {
            assert!(ratio > least_ratio && wins >= least_wins, "{sampler}: {found:?}, needed {needed:?}");
        }
    }
}

/// Trials that were lost of `n`, and the best value of `a`, which is to be maximized; `None` is a failure.
fn on_the_edge(problem: &Problem, n: usize, seed: u64, a: impl Fn(&Point) -> Option<f64>) -> (usize, f64) {
    let mut optimizer = Optimizer::new(problem.clone(), by_name("gp", &Settings::default()).unwrap(), Seed(seed));
    let (mut lost, mut best) = (0, f64::NEG_INFINITY);
    for _ in 0..n {
        let trial = optimizer.ask().unwrap();
        match a(trial.point()) {
            Some(value) => {
                best = best.max(value);
                optimizer.tell(trial.id(), [("a", value)]).unwrap();
            }
            None => {
                lost += 1;
                optimizer.fail(trial.id(), FailureKind::OutOfMemory).unwrap();
            }
        }
    }
    (lost, best)
}

/// The best rates touch those that fail. Most trials went there once, creeping back to the edge.
#[test]
fn gp_stays_clear_of_a_failing_region_that_the_best_touches() {
    let space = || Space::new([float("lr", 1e-5..=1e-1).log()]).unwrap();
    let rising = |lr: f64| 0.5 + 0.1 * (lr / 1e-5).log10();
    let rate = |point: &Point| point.number("lr").unwrap();
    for seed in SEEDS {
        let above = |point: &Point| (rate(point) <= 3e-3).then(|| rising(rate(point)));
        let (lost, best) = on_the_edge(&Problem::new(space(), [maximize("a")]).unwrap(), 40, seed, above);
        assert!(lost <= 10 && best > rising(3e-3) - 1e-3, "seed {seed}: {lost} of 40 failed, best {best}");
        let below = |point: &Point| (rate(point) >= 2e-4).then(|| 1.0 - rising(rate(point)));
        let (lost, best) = on_the_edge(&Problem::new(space(), [maximize("a")]).unwrap(), 40, seed, below);
        assert!(lost <= 10 && best > 1.0 - rising(2e-4) - 1e-3, "seed {seed}: {lost} of 40 failed, best {best}");
    }
}

#[test]
fn gp_stays_clear_of_what_needs_more_memory_than_there_is() {
    let space = Space::new([int("w", 8..=4096).log(), int("b", 8..=1024).log()]).unwrap();
    let problem = Problem::new(space, [maximize("a")]).unwrap();
    for seed in SEEDS {
        let fits = |point: &Point| {
            let (w, b) = (point.number("w").unwrap(), point.number("b").unwrap());
            (w * b <= 200_000.0).then(|| 1.0 - 1.0 / w - 1.0 / b)
        };
        let (lost, best) = on_the_edge(&problem, 60, seed, fits);
        assert!(lost <= 15 && best > 0.9954, "seed {seed}: {lost} of 60 failed, best {best}");
    }
}

/// Trials that finish, and break a constraint: told by a number, or by a flag.
#[test]
fn gp_stays_clear_of_what_breaks_a_constraint() {
    let space = || Space::new([float("lr", 1e-5..=1e-1).log()]).unwrap();
    for flag in [false, true] {
        let mut all = 0;
        for seed in SEEDS {
            let bound = at_most("memory", if flag { 0.5 } else { 300.0 });
            let problem = Problem::new(space(), [maximize("a")]).unwrap().subject_to([bound]).unwrap();
            let mut optimizer = Optimizer::new(problem, by_name("gp", &Settings::default()).unwrap(), Seed(seed));
            let (mut lost, mut best) = (0, f64::NEG_INFINITY);
            for _ in 0..40 {
                let trial = optimizer.ask().unwrap();
                let lr = trial.point().number("lr").unwrap();
                let a = 0.5 + 0.1 * (lr / 1e-5).log10();
                let memory = if flag { f64::from(u8::from(lr > 3e-3)) } else { 1e5 * lr };
                optimizer.tell(trial.id(), [("a", a), ("memory", memory)]).unwrap();
                if lr > 3e-3 { lost += 1 } else { best = best.max(a) }
            }
            assert!(lost <= 13 && best > 0.7465, "flag {flag}, seed {seed}: {lost} of 40, best {best}");
            all += lost;
        }
        assert!(4 * all <= 40 * SEEDS.len(), "flag {flag}: {all} of {}", 40 * SEEDS.len());
    }
}
