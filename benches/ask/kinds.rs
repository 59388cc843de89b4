//! Studies other than two exact objectives over numbers: what their asks cost, at the same number of trials and dimensions.

use wattfront::optimizer::history::{FailureKind, History, Outcome, Trial, TrialId};
use wattfront::optimizer::problem::{Metrics, Problem, at_most, minimize};
use wattfront::optimizer::sampler::{ProposalRequest, Sampler, SobolSampler};
use wattfront::optimizer::space::{Point, Space, choice, float, int};
use wattfront::optimizer::{Seed, sampler};

use super::propose;

const LENGTHS: [usize; 2] = [100, 300];

/// Four numbers, three whole ones, an ordered and two unordered choices.
fn mixed_space() -> Space {
    let floats = (0..4).map(|i| float(format!("x{i}"), 0.0..=1.0));
    let ints = (4..7).map(|i| int(format!("n{i}"), 1..=40));
    let choices = [
        choice("batch", [16, 32, 64, 128]),
        choice("optimizer", ["sgd", "adam", "adamw"]),
        choice("schedule", ["constant", "cosine"]),
    ];
    Space::new(floats.chain(ints).chain(choices)).expect("a space")
}

fn numeric_space() -> Space {
    Space::new((0..10).map(|i| float(format!("x{i}"), 0.0..=1.0))).expect("a space")
}

/// Smooth functions of all numbers, each nearest to zero elsewhere.
fn losses(point: &Point, count: u32) -> Metrics {
    let number = |i: u32| point.number(&format!("x{i}")).or_else(|| Some(point.number(&format!("n{i}"))? / 40.0));
    let numbers: Vec<f64> = (0..10).filter_map(number).collect();
    let loss = |j: u32| {
        let centre = f64::from(j + 1) / 6.0;
        numbers.iter().map(|x| (x - centre).powi(2)).sum::<f64>()
    };
    (0..count).map(|j| (format!("y{j}"), loss(j))).collect()
}

/// A study of `n` ended trials, the last of them proposed by the surrogate.
fn history(problem: &Problem, n: usize, outcome: impl Fn(Metrics) -> Outcome) -> History {
    let mut history = History::new();
    let told = |point: &Point| outcome(losses(point, 4));
    let points = SobolSampler.propose(&ProposalRequest::new(problem, &history, n - 1, Seed(1))).expect("points");
    for (id, sampler::Proposal { point, fit, .. }) in (0..).zip(points) {
        let outcome = told(&point);
        history.record(Trial { id: TrialId(id), point, fit: Some(fit), outcome });
    }
    let sampler::Proposal { point, fit, .. } = propose(problem, &history);
    let outcome = told(&point);
    history.record(Trial { id: history.next_id(), point, fit: Some(fit), outcome });
    history
}

fn finished(metrics: Metrics) -> Outcome {
    let sd = metrics.keys().map(|k| (k.clone(), 0.0)).collect();
    Outcome::Finished { metrics, sd }
}

fn two(space: Space) -> Problem {
    Problem::new(space, [minimize("y0"), minimize("y1")]).expect("a problem")
}

fn run(bencher: divan::Bencher<'_, '_>, problem: &Problem, n: usize, outcome: impl Fn(Metrics) -> Outcome) {
    let history = history(problem, n, outcome);
    bencher.bench(|| propose(problem, &history));
}

#[divan::bench(args = LENGTHS, sample_size = 1)]
fn mixed(bencher: divan::Bencher<'_, '_>, n: usize) {
    run(bencher, &two(mixed_space()), n, finished);
}

#[divan::bench(args = LENGTHS, sample_size = 1)]
fn constrained(bencher: divan::Bencher<'_, '_>, n: usize) {
    let problem = two(numeric_space()).subject_to([at_most("y2", 0.8)]).expect("a problem");
    run(bencher, &problem, n, finished);
}

/// Two trials in five crash.
#[divan::bench(args = LENGTHS, sample_size = 1)]
fn failing(bencher: divan::Bencher<'_, '_>, n: usize) {
    run(bencher, &two(numeric_space()), n, |metrics| {
        if metrics["y3"] > 1.2 { Outcome::Failed(FailureKind::Diverged) } else { finished(metrics) }
    });
}

#[divan::bench(args = LENGTHS, sample_size = 1)]
fn four_objectives(bencher: divan::Bencher<'_, '_>, n: usize) {
    let objectives = ["y0", "y1", "y2", "y3"].map(minimize);
    let problem = Problem::new(numeric_space(), objectives).expect("a problem");
    run(bencher, &problem, n, finished);
}
