//! What samplers make of regions that fail: how many trials they spend there, and what they find all the same.
//!
//! ```sh
//! cargo bench --bench failing --no-default-features                          # all problems, samplers and seeds
//! cargo bench --bench failing --no-default-features -- gp cliff --seeds 10   # those whose names hold one of these words
//! ```
//!
//! One JSON line a run on standard output, and a table of medians on standard error. `lost` counts trials that failed or broke
//! a constraint; `score` is the best value of one objective, or the hypervolume of several, larger is better.

mod problems;

use std::collections::BTreeMap;

use problems::{Case, Told};
use wattfront::optimizer::pareto::hypervolume;
use wattfront::optimizer::sampler::{Settings, by_name};
use wattfront::optimizer::{Optimizer, Seed};

const SAMPLERS: [&str; 4] = ["gp", "tpe", "nsga2", "random"];

fn main() {
    let mut seeds = 10;
    let mut words: Vec<String> = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seeds" => seeds = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(seeds),
            "--bench" => {}
            _ => words.push(argument),
        }
    }
    let cases = problems::all();
    let asked = |all: Vec<&'static str>| -> Vec<&'static str> {
        let some: Vec<_> = all.iter().copied().filter(|name| words.iter().any(|w| w == name)).collect();
        if some.is_empty() { all } else { some }
    };
    let samplers = asked(SAMPLERS.to_vec());
    let names = asked(cases.iter().map(|c| c.name).collect());
    let mut table: BTreeMap<(&str, &str), Vec<(f64, f64)>> = BTreeMap::new();
    for case in cases.iter().filter(|c| names.contains(&c.name)) {
        for sampler in &samplers {
            for seed in 1..=seeds {
                let (lost, score, last) = run(case, sampler, seed);
                println!(
                    r#"{{"problem":"{}","sampler":"{sampler}","seed":{seed},"trials":{},"lost":{lost},"lost_of_last_half":{last},"score":{score}}}"#,
                    case.name, case.trials
                );
                table.entry((case.name, sampler)).or_default().push((lost as f64, score));
            }
        }
    }
    eprintln!("{:<22} {:<8} {:>8} {:>16} {:>24}", "problem", "sampler", "trials", "lost (most)", "score (quartiles)");
    for case in &cases {
        for sampler in &samplers {
            let Some(runs) = table.get(&(case.name, *sampler)) else { continue };
            let lost = sorted(runs.iter().map(|r| r.0));
            let score = sorted(runs.iter().map(|r| r.1));
            let (low, middle, high) = (at(&score, 0.25), at(&score, 0.5), at(&score, 0.75));
            eprintln!(
                "{:<22} {sampler:<8} {:>8} {:>9.1} ({:>3}) {middle:>10.5} [{low:.5}, {high:.5}]",
                case.name,
                case.trials,
                at(&lost, 0.5),
                lost.last().copied().unwrap_or_default()
            );
        }
    }
}

/// How many trials of one run were lost, its score, and how many were lost in the second half.
fn run(case: &Case, sampler: &str, seed: u64) -> (usize, f64, usize) {
    let sampler = by_name(sampler, &Settings::default()).expect("a sampler");
    let mut optimizer = Optimizer::new(case.problem.clone(), sampler, Seed(seed));
    let (mut lost, mut last) = (0, 0);
    let mut found: Vec<Vec<f64>> = Vec::new();
    for turn in 0..case.trials {
        let trial = optimizer.ask().expect("a point");
        let told = (case.evaluate)(trial.point(), trial.id().0 + 1000 * seed);
        if std::env::var_os("WATTFRONT_TRACE").is_some() {
            eprintln!("{turn} {:?} {told:?}", trial.point());
        }
        let kept = match told {
            Told::Metrics { told, score } => {
                let metrics = told.iter().map(|(name, v)| ((*name).to_owned(), *v)).collect();
                let kept = case.problem.is_feasible(&metrics);
                optimizer.tell(trial.id(), told).expect("an outcome");
                if kept {
                    found.push(score);
                }
                kept
            }
            Told::Failed(kind) => {
                optimizer.fail(trial.id(), kind).expect("an outcome");
                false
            }
        };
        lost += usize::from(!kept);
        last += usize::from(!kept && turn >= case.trials / 2);
    }
    let score = match case.reference {
        [_] => found.iter().map(|losses| -losses[0]).fold(f64::NEG_INFINITY, f64::max),
        reference => hypervolume(&found, reference),
    };
    (lost, score, last)
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut all: Vec<f64> = values.collect();
    all.sort_by(f64::total_cmp);
    all
}

/// A quantile of sorted values, by linear interpolation.
fn at(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    sorted[below] + (sorted[above] - sorted[below]) * place.fract()
}
